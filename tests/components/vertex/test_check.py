"""What the provider refuses before anything happens, and how it says it."""

import pytest

from .inputs import ENDPOINT, deployed_inputs, model_inputs, monitoring_inputs, pool_inputs, split_inputs
from .plugin import UNKNOWN, CheckFailed, Failed, Plugin, urn

MODEL = "projects/shop/locations/europe-west4/models/pricing@1"


@pytest.mark.parametrize(
    ("kind", "inputs", "property", "reason"),
    [
        ("VertexModel", model_inputs(artifactUri="/models/1"), "artifactUri", "'/models/1' is not a folder in Cloud Storage; use gs://bucket/folder"),
        ("VertexModel", model_inputs(modelId="9lives"), "modelId", "'9lives' is not a model id; use 1 to 63 of a-z"),
        ("VertexModel", model_inputs(versionAliases=["Prod"]), "versionAliases[0]", "'Prod' is not an alias"),
        ("VertexModel", model_inputs(labels={"Team": "x"}), "labels.Team", "'Team' is not a label key"),
        ("VertexModel", model_inputs(container={"image": "i", "port": 0}), "container.port", "0 is not a port; use 1 to 65535"),
        ("VertexModel", model_inputs(container={"image": "i", "healthRoute": "up"}), "container.healthRoute", "'up' is not a path; start it with /"),
        ("VertexModel", model_inputs(container={"image": "i", "startupProbe": {}}), "container.startupProbe.path", "give either path or command"),
        ("VertexModel", model_inputs(container={"image": "i", "imaeg": "i"}), "container.imaeg", "did you mean 'image'?"),
        ("VertexModel", model_inputs(encryptionKey="key"), "encryptionKey", "is not of the form projects/P/locations/L/keyRings/R/cryptoKeys/K"),
        ("VertexModel", {"project": "shop", "location": "europe-west4"}, "container", "is required"),
        ("VertexDeployedModel", deployed_inputs(MODEL, endpoint="e1"), "endpoint", "'e1' is not of the form projects/P/locations/L/endpoints/E"),
        ("VertexDeployedModel", deployed_inputs(MODEL, minReplicas=0), "minReplicas", "0 is not allowed; use 1 or more"),
        ("VertexDeployedModel", deployed_inputs(MODEL, minReplicas=4), "maxReplicas", "3 is below min_replicas, 4"),
        ("VertexDeployedModel", deployed_inputs(MODEL, acceleratorType="NVIDIA_L5"), "acceleratorType", "'NVIDIA_L5' is not allowed; use one of"),
        (
            "VertexDeployedModel",
            deployed_inputs(MODEL, acceleratorType="NVIDIA_L4"),
            "acceleratorCount",
            "0 does not go with accelerator_type",
        ),
        ("VertexDeployedModel", deployed_inputs(MODEL, autoscaling=[{"metric": "cpu"}]), "autoscaling[0].metric", "'cpu' is not allowed; use one of"),
        ("VertexDeployedModel", deployed_inputs(MODEL, minReplicas=1.5), "minReplicas", "1.5 is not a whole number"),
        ("VertexTrafficSplit", split_inputs(d1=90, d2=20), "traffic", "90 + 20 is 110; the percentages must sum to 100"),
        ("VertexTrafficSplit", split_inputs(d1=120, d2=-20), "traffic[0].percent", "120 is not a percentage; use 0 to 100"),
        ("VertexTrafficSplit", {"endpoint": ENDPOINT, "traffic": []}, "traffic", "is empty; list at least one deployed model"),
        (
            "VertexModel",
            model_inputs(container={"image": "i", "prebuilt": True, "predictRoute": "/p"}),
            "container.predictRoute",
            "is the image's own, which is prebuilt; leave it out",
        ),
        ("VertexDeployedModel", {"endpoint": ENDPOINT, "model": MODEL, "pool": "shared"}, "pool", "is not of the form projects/P/locations/L/deploy"),
        ("VertexDeploymentPool", pool_inputs(location=""), "location", "is empty"),
        ("VertexDeploymentPool", pool_inputs(poolId="Shared"), "poolId", "'Shared' is not of the form 1 to 63 of a-z"),
        ("VertexDeploymentPool", pool_inputs(poolId="shared-"), "poolId", "'shared-' is not of the form 1 to 63 of a-z"),
        ("VertexDeploymentPool", pool_inputs(machineType=""), "machineType", "is empty"),
        ("VertexDeploymentPool", pool_inputs(minReplicas=4), "maxReplicas", "3 is below min_replicas, 4"),
        ("VertexDeploymentPool", pool_inputs(acceleratorCount=1), "acceleratorCount", "1 does not go with accelerator_type None; give both or none"),
        ("VertexDeploymentPool", pool_inputs(encryptionKey="key"), "encryptionKey", "is not of the form projects/P/locations/L/keyRings/R"),
        ("VertexMonitoring", monitoring_inputs("1", endpoint="e1"), "endpoint", "'e1' is not of the form projects/P/locations/L/endpoints/E"),
        ("VertexMonitoring", monitoring_inputs(), "deployedModelIds", "is empty; list at least one deployed model"),
        ("VertexMonitoring", monitoring_inputs("one"), "deployedModelIds[0]", "'one' is not of the form the number of a deployed model"),
        ("VertexMonitoring", monitoring_inputs("1", "1"), "deployedModelIds[1]", "'1' is there twice"),
        ("VertexMonitoring", monitoring_inputs("1", driftThresholds={}), "driftThresholds", "is empty; name at least one feature"),
        ("VertexMonitoring", monitoring_inputs("1", driftThresholds={"my_Age": 0}), "driftThresholds.my_Age", "0.0 is no threshold; use more than 0"),
        ("VertexMonitoring", monitoring_inputs("1", driftThresholds={"a": 1.5}), "driftThresholds.a", "1.5 is no threshold"),
        ("VertexMonitoring", monitoring_inputs("1", samplePercent=0), "samplePercent", "0 is not a percentage; use 1 to 100"),
        ("VertexMonitoring", monitoring_inputs("1", samplePercent=101), "samplePercent", "101 is not a percentage; use 1 to 100"),
        ("VertexMonitoring", monitoring_inputs("1", intervalHours=0), "intervalHours", "0 is not allowed; use 1 or more"),
        ("VertexMonitoring", monitoring_inputs("1", schemaUri="schema.yaml"), "schemaUri", "'schema.yaml' is not in Cloud Storage; use gs://bucket"),
        ("VertexMonitoring", monitoring_inputs("1", statisticsUri="s3://a"), "statisticsUri", "'s3://a' is not in Cloud Storage"),
        ("VertexMonitoring", monitoring_inputs("1", displayName="n" * 129), "displayName", "129 characters are not allowed; use 1 to 128"),
        ("VertexMonitoring", monitoring_inputs("1", encryptionKey="key"), "encryptionKey", "is not of the form projects/P/locations/L/keyRings/R"),
        ("VertexMonitoring", monitoring_inputs("1", labels={"Team": "x"}), "labels.Team", "'Team' is not a label key"),
    ],
)
def test_wrong_inputs_are_refused_by_name(plugin: Plugin, kind: str, inputs: dict[str, object], property: str, reason: str) -> None:
    with pytest.raises(CheckFailed) as refused:
        plugin.check(urn(kind), inputs)
    assert reason in refused.value.failures[property]


def test_all_problems_are_reported_at_once(plugin: Plugin) -> None:
    with pytest.raises(CheckFailed) as refused:
        plugin.check(urn("VertexDeployedModel"), deployed_inputs("pricing", endpoint="e1", minReplicas=0))
    assert set(refused.value.failures) == {"model", "endpoint", "minReplicas"}


def test_a_value_that_is_not_known_yet_is_taken_as_right(plugin: Plugin) -> None:
    checked = plugin.check(urn("VertexDeployedModel"), deployed_inputs(UNKNOWN))
    assert checked["model"] == UNKNOWN
    assert checked["machineType"] == "n1-standard-2"
    checked = plugin.check(urn("VertexTrafficSplit"), split_inputs(**{UNKNOWN: 100}))
    assert checked["traffic"] == [{"deployedModelId": UNKNOWN, "percent": 100}]


def test_what_is_known_is_checked_beside_what_is_not(plugin: Plugin) -> None:
    with pytest.raises(CheckFailed) as refused:
        plugin.check(urn("VertexTrafficSplit"), {"endpoint": ENDPOINT, "traffic": [{"deployedModelId": UNKNOWN, "percent": 90}]})
    assert "must sum to 100" in refused.value.failures["traffic"]


def test_a_model_without_an_id_gets_its_name_and_a_suffix_and_keeps_it(plugin: Plugin) -> None:
    inputs = model_inputs()
    del inputs["modelId"]
    first = plugin.check(urn("VertexModel", "Dynamic.Pricing"), inputs)
    assert first["modelId"].startswith("dynamic-pricing-")
    assert plugin.check(urn("VertexModel", "Dynamic.Pricing"), inputs, olds={**first, "modelId": "dynamic-pricing-1234567"})["modelId"] == (
        "dynamic-pricing-1234567"
    )


def test_googles_client_is_an_extra_and_a_preview_says_what_to_install(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modeldeploy.gcp.vertex.provider.find_spec", lambda _: None)
    with pytest.raises(Failed) as failed:
        plugin.check(urn("VertexModel"), model_inputs())
    assert "install modeldeploy[vertex]" in str(failed.value)
    assert "Traceback" not in str(failed.value)
