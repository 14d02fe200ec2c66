"""Deployments: made without traffic, changed in place where the API allows it, never removed under traffic."""

from typing import Any

import pytest

from sandbox.vertex import VertexServer
from sandbox.vertex.api import Fault

from .inputs import ENDPOINT, deployed_inputs, model_inputs, split_inputs
from .plugin import Failed, Plugin, Resource, urn
from .test_model import bodies, call


@pytest.fixture
def model(plugin: Plugin) -> str:
    """A model version to deploy."""
    return plugin.create(urn("VertexModel"), model_inputs()).outputs["resourceName"]


def test_a_deployment_carries_everything_given_and_gets_no_traffic(plugin: Plugin, api: VertexServer, model: str) -> None:
    inputs = deployed_inputs(
        model,
        displayName="pricing one",
        machineType="g2-standard-8",
        acceleratorType="NVIDIA_L4",
        acceleratorCount=1,
        minReplicas=2,
        maxReplicas=5,
        requiredReplicas=1,
        autoscaling=[
            {"metric": "aiplatform.googleapis.com/prediction/online/request_count", "target": 900},
            {"metric": "aiplatform.googleapis.com/prediction/online/cpu/utilization", "target": 70},
        ],
        serviceAccount="serve@shop.iam.gserviceaccount.com",
        spot=True,
        containerLogging=False,
        accessLogging=True,
    )
    made = plugin.create(urn("VertexDeployedModel"), inputs)
    number = made.outputs["deployedModelId"]
    assert number.isdigit()
    assert len(number) == 10
    assert made.id == f"{ENDPOINT}/deployedModels/{number}"
    assert made.outputs["modelVersionId"] == "1"
    read = plugin.read(made)
    assert read is not None
    assert read.inputs == made.inputs, "a refresh right after the deployment must see no drift"
    live = call(api, "GET", ENDPOINT)
    assert live["deployedModels"][0]["dedicatedResources"] == {
        "machineSpec": {"machineType": "g2-standard-8", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 1},
        "minReplicaCount": 2,
        "maxReplicaCount": 5,
        "requiredReplicaCount": 1,
        "autoscalingMetricSpecs": [
            {"metricName": "aiplatform.googleapis.com/prediction/online/request_count", "target": 900},
            {"metricName": "aiplatform.googleapis.com/prediction/online/cpu/utilization", "target": 70},
        ],
        "spot": True,
    }
    assert live["deployedModels"][0]["disableContainerLogging"] is True
    assert live["deployedModels"][0]["enableAccessLogging"] is True
    assert "trafficSplit" not in live


def test_replicas_autoscaling_and_container_logging_change_without_a_new_deployment(plugin: Plugin, api: VertexServer, model: str) -> None:
    made = plugin.create(urn("VertexDeployedModel"), deployed_inputs(model))
    cpu = {"metric": "aiplatform.googleapis.com/prediction/online/cpu/utilization", "target": 80}
    wanted = deployed_inputs(model, minReplicas=2, maxReplicas=9, requiredReplicas=1, autoscaling=[cpu], containerLogging=False)
    diff = plugin.diff(made, wanted)
    assert not diff.replaces
    assert set(diff.diffs) == {"minReplicas", "maxReplicas", "requiredReplicas", "autoscaling", "containerLogging"}
    changed = plugin.update(made, wanted)
    assert len(bodies(api, "endpoints.deployModel")) == 1
    (mutation,) = bodies(api, "endpoints.mutateDeployedModel")
    assert set(mutation["updateMask"].split(",")) == {
        "dedicatedResources.minReplicaCount",
        "dedicatedResources.maxReplicaCount",
        "dedicatedResources.requiredReplicaCount",
        "dedicatedResources.autoscalingMetricSpecs",
        "disableContainerLogging",
    }
    read = plugin.read(changed)
    assert read is not None
    assert read.inputs == changed.inputs
    assert changed.outputs["deployedModelId"] == made.outputs["deployedModelId"]


def test_only_what_changed_is_sent(plugin: Plugin, api: VertexServer, model: str) -> None:
    made = plugin.create(urn("VertexDeployedModel"), deployed_inputs(model))
    made = plugin.update(made, deployed_inputs(model, maxReplicas=9))
    assert [each["updateMask"] for each in bodies(api, "endpoints.mutateDeployedModel")] == ["dedicatedResources.maxReplicaCount"]
    plugin.update(made, deployed_inputs(model, maxReplicas=9))
    assert len(bodies(api, "endpoints.mutateDeployedModel")) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"machineType": "n1-standard-8"},
        {"model": "projects/shop/locations/europe-west4/models/pricing@2"},
        {"spot": True},
        {"accessLogging": True},
        {"serviceAccount": "other@shop.iam.gserviceaccount.com"},
        {"displayName": "other"},
        {"acceleratorType": "NVIDIA_L4", "acceleratorCount": 1},
        {"endpoint": "projects/shop/locations/europe-west4/endpoints/e2"},
    ],
)
def test_the_rest_needs_a_new_deployment_made_before_the_old_one_goes(plugin: Plugin, model: str, change: dict[str, Any]) -> None:
    made = plugin.create(urn("VertexDeployedModel"), deployed_inputs(model))
    diff = plugin.diff(made, deployed_inputs(**{"model": model, **change}))
    assert set(diff.replaces) == set(change)
    assert not diff.deleteBeforeReplace


def test_a_replacement_gets_a_number_of_its_own(plugin: Plugin, model: str) -> None:
    old = plugin.create(urn("VertexDeployedModel"), deployed_inputs(model))
    new = plugin.create(urn("VertexDeployedModel"), deployed_inputs(model, machineType="n1-standard-8"))
    assert old.id != new.id
    plugin.delete(old)
    assert plugin.read(new) is not None


def test_drift_is_seen_and_corrected(plugin: Plugin, api: VertexServer, model: str) -> None:
    api.api.operation_seconds = 0
    made = plugin.create(urn("VertexDeployedModel"), deployed_inputs(model))
    body = {
        "deployedModel": {"id": made.outputs["deployedModelId"], "dedicatedResources": {"minReplicaCount": 3, "maxReplicaCount": 3}},
        "updateMask": "dedicatedResources.minReplicaCount",
    }
    call(api, "POST", f"{ENDPOINT}:mutateDeployedModel", None, body)
    drifted = plugin.read(made)
    assert drifted is not None
    assert drifted.inputs["minReplicas"] == 3
    assert set(plugin.diff(drifted, made.inputs).detailedDiff) == {"minReplicas"}
    plugin.update(drifted, made.inputs)
    repaired = plugin.read(made)
    assert repaired is not None
    assert repaired.inputs == made.inputs


def test_what_someone_else_undeployed_is_gone(plugin: Plugin, api: VertexServer, model: str) -> None:
    api.api.operation_seconds = 0
    made = plugin.create(urn("VertexDeployedModel"), deployed_inputs(model))
    call(api, "POST", f"{ENDPOINT}:undeployModel", None, {"deployedModelId": made.outputs["deployedModelId"]})
    assert plugin.read(made) is None
    plugin.delete(made)


def test_what_is_on_an_endpoint_that_is_gone_is_gone(plugin: Plugin, model: str) -> None:
    lost = Resource(urn("VertexDeployedModel"), "projects/shop/locations/europe-west4/endpoints/e9/deployedModels/1", {}, {})
    assert plugin.read(lost) is None
    plugin.delete(lost)


def test_import_finds_all_inputs_and_the_models_own_name(plugin: Plugin, api: VertexServer, model: str) -> None:
    made = plugin.create(urn("VertexDeployedModel"), deployed_inputs(model, displayName="one"))
    imported = plugin.read(Resource(made.urn, made.id, {}, {}))
    assert imported is not None
    number = call(api, "GET", model)["name"].split("/")[1]
    assert imported.inputs == {**made.inputs, "model": model.replace("projects/shop", f"projects/{number}")}


def test_an_imported_deployment_is_not_made_again_for_the_projects_name(plugin: Plugin, model: str) -> None:
    made = plugin.create(urn("VertexDeployedModel"), deployed_inputs(model))
    imported = plugin.read(Resource(made.urn, made.id, {}, {}))
    assert imported is not None
    assert imported.inputs["displayName"] == "pricing", "the service's own choice"
    diff = plugin.diff(imported, deployed_inputs(model))
    assert diff.changes == diff.DIFF_NONE
    other = plugin.diff(imported, deployed_inputs(model.replace("@1", "@2")))
    assert list(other.replaces) == ["model"]
    assert list(plugin.diff(made, deployed_inputs(model.replace("shop", "warehouse"))).replaces) == ["model"], "two ids are two projects"


def test_import_by_something_that_is_no_name_says_what_is_one(plugin: Plugin) -> None:
    with pytest.raises(Failed, match="'12345' is not of the form projects/P/locations/L/endpoints/E/deployedModels/ID"):
        plugin.read(Resource(urn("VertexDeployedModel"), "12345", {}, {}))


def test_a_deployment_that_has_traffic_is_not_removed_under_it(plugin: Plugin, model: str) -> None:
    one = plugin.create(urn("VertexDeployedModel", "one"), deployed_inputs(model))
    two = plugin.create(urn("VertexDeployedModel", "two"), deployed_inputs(model))
    numbers = {f"d{each.outputs['deployedModelId']}": share for each, share in ((one, 90), (two, 10))}
    split = plugin.create(urn("VertexTrafficSplit"), split_inputs(**numbers))
    with pytest.raises(Failed, match="still gets 10 percent of the requests; move its share with a VertexTrafficSplit first"):
        plugin.delete(two)
    split = plugin.update(split, split_inputs(**{f"d{one.outputs['deployedModelId']}": 100}))
    plugin.delete(two)
    plugin.delete(one)


def test_an_endpoint_that_does_not_exist_is_named(plugin: Plugin, model: str) -> None:
    with pytest.raises(Failed, match="endpoints/e2` is not found") as refused:
        plugin.create(urn("VertexDeployedModel"), deployed_inputs(model, endpoint="projects/shop/locations/europe-west4/endpoints/e2"))
    assert refused.value.partial is None


def test_a_deployment_that_fails_leaves_nothing_and_says_why(plugin: Plugin, api: VertexServer, model: str) -> None:
    api.api.faults = [Fault("endpoints.deployModel", fails="Model server exited unexpectedly; see the container's logs")]
    with pytest.raises(Failed, match="deploying failed: Model server exited unexpectedly") as refused:
        plugin.create(urn("VertexDeployedModel"), deployed_inputs(model))
    assert refused.value.partial is None
    assert api.deployed_models(ENDPOINT) == []


def test_a_change_that_fails_leaves_the_deployment_as_it_was(plugin: Plugin, api: VertexServer, model: str) -> None:
    made = plugin.create(urn("VertexDeployedModel"), deployed_inputs(model))
    api.api.faults = [Fault("endpoints.mutateDeployedModel", fails="quota exceeded")]
    with pytest.raises(Failed, match="changing failed: quota exceeded"):
        plugin.update(made, deployed_inputs(model, maxReplicas=50))
    read = plugin.read(made)
    assert read is not None
    assert read.inputs == made.inputs
