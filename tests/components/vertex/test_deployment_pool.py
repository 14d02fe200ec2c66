"""Pools: machines that deployments share, changed in place where Google's own tools do."""

import pytest

from sandbox.vertex import VertexServer
from sandbox.vertex.api import Fault

from .inputs import ENDPOINT, KEY, PREBUILT, deployed_inputs, model_inputs, pool_inputs, pooled_model_inputs, split_inputs
from .plugin import CheckFailed, Failed, Plugin, Resource, urn
from .test_model import bodies, call

POOL = "projects/shop/locations/europe-west4/deploymentResourcePools/shared"
CPU = "aiplatform.googleapis.com/prediction/online/cpu/utilization"


@pytest.fixture
def model(plugin: Plugin, api: VertexServer) -> str:
    """A model version that can share machines."""
    api.api.operation_seconds = 0
    return plugin.create(urn("VertexModel"), pooled_model_inputs()).outputs["resourceName"]


def pooled(model: str, **changes: object) -> dict[str, object]:
    """Inputs of a deployment in the pool."""
    return {"endpoint": ENDPOINT, "model": model, "pool": POOL, **changes}


def test_a_pool_carries_everything_given(plugin: Plugin, api: VertexServer) -> None:
    inputs = pool_inputs(
        machineType="g2-standard-8",
        acceleratorType="NVIDIA_L4",
        acceleratorCount=1,
        minReplicas=2,
        maxReplicas=5,
        autoscaling=[{"metric": CPU, "target": 70}],
        serviceAccount="serve@shop.iam.gserviceaccount.com",
        encryptionKey=KEY,
        spot=True,
        containerLogging=False,
    )
    made = plugin.create(urn("VertexDeploymentPool"), inputs)
    assert (made.id, made.outputs["name"], made.outputs["poolId"]) == (POOL, POOL, "shared")
    assert bodies(api, "deploymentResourcePools.create") == [
        {
            "deploymentResourcePoolId": "shared",
            "deploymentResourcePool": {
                "dedicatedResources": {
                    "machineSpec": {"machineType": "g2-standard-8", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 1},
                    "minReplicaCount": 2,
                    "maxReplicaCount": 5,
                    "autoscalingMetricSpecs": [{"metricName": CPU, "target": 70}],
                    "spot": True,
                },
                "disableContainerLogging": True,
                "serviceAccount": "serve@shop.iam.gserviceaccount.com",
                "encryptionSpec": {"kmsKeyName": KEY},
            },
        }
    ]
    read = plugin.read(made)
    assert read is not None
    assert read.inputs == made.inputs, "a refresh right after it was made must see no drift"


def test_replicas_autoscaling_and_logging_change_in_place(plugin: Plugin, api: VertexServer) -> None:
    made = plugin.create(urn("VertexDeploymentPool"), pool_inputs())
    wanted = pool_inputs(minReplicas=2, maxReplicas=9, autoscaling=[{"metric": CPU, "target": 80}], containerLogging=False)
    assert not plugin.diff(made, wanted).replaces
    changed = plugin.update(made, wanted)
    read = plugin.read(changed)
    assert read is not None
    assert read.inputs == changed.inputs
    assert changed.outputs == {**changed.inputs, "name": POOL, "poolId": "shared"}
    plugin.update(changed, wanted)
    assert len(bodies(api, "deploymentResourcePools.patch")) == 1, "what is as it should be is left alone"


@pytest.mark.parametrize(
    "change",
    [
        {"location": "us-central1"},
        {"poolId": "other"},
        {"machineType": "n1-standard-8"},
        {"acceleratorType": "NVIDIA_TESLA_T4", "acceleratorCount": 1},
        {"serviceAccount": "other@shop.iam.gserviceaccount.com"},
        {"encryptionKey": KEY},
        {"spot": True},
    ],
)
def test_anything_else_makes_another_pool_beside_this_one(plugin: Plugin, change: dict[str, object]) -> None:
    made = plugin.create(urn("VertexDeploymentPool"), pool_inputs())
    diff = plugin.diff(made, pool_inputs(**change))
    assert set(diff.replaces) == set(change)
    assert not diff.deleteBeforeReplace


def test_a_pool_without_an_id_gets_its_name_and_a_suffix_and_keeps_it(plugin: Plugin) -> None:
    inputs = pool_inputs()
    del inputs["poolId"]
    first = plugin.check(urn("VertexDeploymentPool", "Shared.Models"), inputs)
    assert first["poolId"].startswith("shared-models-")
    assert plugin.check(urn("VertexDeploymentPool"), inputs, olds={**first, "poolId": "kept-1234567"})["poolId"] == "kept-1234567"


def test_models_of_one_image_share_the_machines_and_a_release_moves_their_traffic(plugin: Plugin, api: VertexServer, model: str) -> None:
    pool = plugin.create(urn("VertexDeploymentPool"), pool_inputs())
    one, two = (plugin.create(urn("VertexDeployedModel", name), pooled(model)) for name in ("one", "two"))
    for each in bodies(api, "endpoints.deployModel"):
        assert each["deployedModel"]["sharedResources"] == POOL
        assert not {"dedicatedResources", "disableContainerLogging", "serviceAccount"} & each["deployedModel"].keys()
    read = plugin.read(one)
    assert read is not None
    assert plugin.diff(read, one.inputs).changes == plugin.diff(read, one.inputs).DIFF_NONE, "Google answers with the project's number"
    first, second = (each.outputs["deployedModelId"] for each in (one, two))
    plugin.create(urn("VertexTrafficSplit"), split_inputs(**{f"d{first}": 90, f"d{second}": 10}))
    with pytest.raises(Failed, match="still has 2 DeployedModels"):
        plugin.delete(pool)
    call(api, "PATCH", ENDPOINT, {"updateMask": "trafficSplit"}, {"trafficSplit": {}})
    for each in (one, two):
        plugin.delete(each)
    plugin.delete(pool)
    plugin.delete(pool)
    assert api.api.pools() == []


def test_a_container_of_googles_own_is_sent_without_port_and_paths(plugin: Plugin, api: VertexServer, model: str) -> None:
    (upload,) = bodies(api, "models.upload")
    assert upload["model"]["containerSpec"] == {"imageUri": PREBUILT}
    read = plugin.read(Resource(urn("VertexModel"), model, plugin.check(urn("VertexModel"), pooled_model_inputs()), {"resourceName": model}))
    assert read is not None
    assert read.inputs["container"] == {"image": PREBUILT, "prebuilt": True, "port": 8080, "predictRoute": "/predict", "healthRoute": "/health"}


def test_other_images_do_not_share(plugin: Plugin, api: VertexServer, model: str) -> None:
    plugin.create(urn("VertexDeploymentPool"), pool_inputs())
    plugin.create(urn("VertexDeployedModel"), pooled(model))
    newer = plugin.create(
        urn("VertexModel", "newer"), pooled_model_inputs(modelId="newer") | {"container": {"image": f"{PREBUILT}1", "prebuilt": True}}
    )
    own = plugin.create(urn("VertexModel", "own"), model_inputs(modelId="own"))
    for other, message in ((newer, "cannot be deployed to it"), (own, "does not support shared resources")):
        with pytest.raises(Failed, match=message):
            plugin.create(urn("VertexDeployedModel", "other"), pooled(other.outputs["resourceName"]))


def test_moving_into_a_pool_deploys_beside_the_old_machines(plugin: Plugin, model: str) -> None:
    made = plugin.create(urn("VertexDeployedModel"), {"endpoint": ENDPOINT, "model": model})
    assert plugin.diff(made, pooled(model)).replaces == ["pool"]


@pytest.mark.parametrize(
    "change",
    [
        {"machineType": "n1-standard-8"},
        {"acceleratorType": "NVIDIA_L4", "acceleratorCount": 1},
        {"minReplicas": 2},
        {"maxReplicas": 2},
        {"requiredReplicas": 1},
        {"autoscaling": [{"metric": CPU}]},
        {"serviceAccount": "other@shop.iam.gserviceaccount.com"},
        {"spot": True},
        {"containerLogging": False},
    ],
)
def test_what_is_the_pools_is_refused_on_a_deployment(plugin: Plugin, model: str, change: dict[str, object]) -> None:
    with pytest.raises(CheckFailed) as refused:
        plugin.check(urn("VertexDeployedModel"), pooled(model, **change))
    assert set(change) <= set(refused.value.failures)
    for name in change:
        assert refused.value.failures[name] == "is its pool's, which excludes it here; leave it out"


def test_drift_is_seen_and_corrected(plugin: Plugin, api: VertexServer) -> None:
    api.api.operation_seconds = 0
    made = plugin.create(urn("VertexDeploymentPool"), pool_inputs())
    call(api, "PATCH", POOL, {"updateMask": "dedicatedResources.maxReplicaCount"}, {"dedicatedResources": {"maxReplicaCount": 7}})
    drifted = plugin.read(made)
    assert drifted is not None
    assert drifted.inputs["maxReplicas"] == 7
    plugin.update(drifted, made.inputs)
    assert call(api, "GET", POOL)["dedicatedResources"]["maxReplicaCount"] == 3


def test_import_by_name_and_what_is_gone(plugin: Plugin) -> None:
    made = plugin.create(urn("VertexDeploymentPool"), pool_inputs())
    imported = plugin.read(Resource(urn("VertexDeploymentPool"), POOL, {}, {}))
    assert imported is not None
    assert imported.inputs == made.inputs
    assert plugin.read(Resource(urn("VertexDeploymentPool"), f"{POOL}-2", {}, {})) is None


@pytest.mark.parametrize("fault", [Fault("deploymentResourcePools.create", silent="after"), Fault("deploymentResourcePools.create", silent="before")])
def test_a_pool_whose_making_got_no_answer_is_found_or_made_by_the_next_run(plugin: Plugin, api: VertexServer, fault: Fault) -> None:
    api.api.operation_seconds = 0
    api.api.faults = [fault]
    with pytest.raises(Failed) as failed:
        plugin.create(urn("VertexDeploymentPool"), pool_inputs())
    assert failed.value.partial is not None
    left = Resource(
        urn("VertexDeploymentPool"), failed.value.partial.id, plugin.check(urn("VertexDeploymentPool"), pool_inputs()), failed.value.properties
    )
    done = plugin.update(left, pool_inputs())
    assert done.outputs["name"] == POOL
    assert len(api.api.pools()) == 1


def test_a_pool_whose_making_was_not_waited_for_is_taken_up(plugin: Plugin, api: VertexServer) -> None:
    api.api.hold = True
    with pytest.raises(Failed) as failed:
        plugin.create(urn("VertexDeploymentPool"), pool_inputs(), timeout=0.1)
    assert failed.value.partial is not None
    left = Resource(
        urn("VertexDeploymentPool"), failed.value.partial.id, plugin.check(urn("VertexDeploymentPool"), pool_inputs()), failed.value.properties
    )
    with pytest.raises(Failed, match="still makes it"):
        plugin.read(left)
    api.api.hold = False
    done = plugin.update(left, pool_inputs())
    assert "operation" not in done.outputs
    assert len(bodies(api, "deploymentResourcePools.create")) == 1
    plugin.delete(Resource(left.urn, left.id, left.inputs, left.outputs))
    assert api.api.pools() == []


def test_an_operation_that_failed_leaves_nothing(plugin: Plugin, api: VertexServer) -> None:
    api.api.faults = [Fault("deploymentResourcePools.create", fails="no quota")]
    with pytest.raises(Failed, match="making the pool failed: no quota") as failed:
        plugin.create(urn("VertexDeploymentPool"), pool_inputs())
    assert failed.value.partial is None


def test_a_deployment_of_its_own_is_sent_as_before(plugin: Plugin, api: VertexServer, model: str) -> None:
    plugin.create(urn("VertexDeployedModel"), deployed_inputs(model))
    (sent,) = bodies(api, "endpoints.deployModel")
    assert "sharedResources" not in sent["deployedModel"]
    assert sent["deployedModel"]["dedicatedResources"]["machineSpec"] == {"machineType": "n1-standard-2"}
