"""The stand-in of the API: it refuses what the discovery document and its descriptions forbid, and keeps its state."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.vertex import Refused, VertexApi, serve

PARENT = "v1/projects/shop/locations/europe-west4"
ENDPOINT = f"{PARENT}/endpoints/e1"
MODEL = {"displayName": "pricing", "containerSpec": {"imageUri": "i"}}
MACHINE = {"machineSpec": {"machineType": "n1-standard-2"}, "minReplicaCount": 1}


@pytest.fixture
def api() -> Iterator[VertexApi]:
    made = VertexApi(endpoint_exists=lambda name: name == "projects/shop/locations/europe-west4/endpoints/e1", operation_seconds=0)
    yield made
    made.close()


def call(api: VertexApi, verb: str, path: str, body: dict[str, Any] | None = None, **query: str) -> dict[str, Any]:
    return api.handle(verb, f"/{path}", query, body)


def upload(api: VertexApi, **changes: Any) -> dict[str, Any]:
    return call(api, "POST", f"{PARENT}/models:upload", {"modelId": "pricing", "model": MODEL, **changes})


def deploy(api: VertexApi, number: str, **changes: Any) -> dict[str, Any]:
    model = {"id": number, "model": f"{PARENT[3:]}/models/pricing@1", "dedicatedResources": MACHINE, **changes}
    return call(api, "POST", f"{ENDPOINT}:deployModel", {"deployedModel": model})


@pytest.mark.parametrize(
    ("verb", "path", "body", "query", "status", "message"),
    [
        ("POST", f"{PARENT}/models:uplod", {}, {}, 404, "Method not found"),
        ("POST", f"{PARENT}/models:upload", {"modle": {}}, {}, 400, 'Unknown name "modle": Cannot find field.'),
        ("POST", f"{PARENT}/models:upload", {"model": {**MODEL, "lables": {}}}, {}, 400, "Unknown name \"lables\" at 'model'"),
        ("POST", f"{PARENT}/models:upload", {"model": {"containerSpec": {"imageUri": "i"}}}, {}, 400, "'model.displayName' is required"),
        ("POST", f"{PARENT}/models:upload", {"model": {**MODEL, "versionId": "7"}}, {}, 400, "'model.versionId' is set by the service only"),
        ("POST", f"{PARENT}/models:upload", {"model": {**MODEL, "displayName": 7}}, {}, 400, "Invalid value at 'model.displayName' (string), 7"),
        (
            "POST",
            f"{PARENT}/models:upload",
            {"model": {**MODEL, "containerSpec": {"imageUri": "i", "deploymentTimeout": "soon"}}},
            {},
            400,
            "Invalid value at 'model.containerSpec.deploymentTimeout' (google-duration), \"soon\"",
        ),
        ("POST", f"{PARENT}/models:upload", {"model": MODEL, "modelId": "9"}, {"dryRun": "true"}, 400, 'Unknown name "dryRun"'),
        ("POST", f"{PARENT}/models:upload", {"model": MODEL, "modelId": "A"}, {}, 400, "model_id 'A' must match"),
        ("POST", f"{PARENT}/models:upload", {"model": {**MODEL, "versionAliases": ["A"]}}, {}, 400, "version alias 'A' must match"),
        ("GET", f"{PARENT}/models/nothing", None, {}, 404, "Model is not found"),
        ("GET", f"{PARENT}/endpoints/e2", None, {}, 404, "endpoints/e2` is not found"),
        ("POST", f"{ENDPOINT}:predict", {"instances": [1]}, {}, 501, "the stand-in does not carry out endpoints.predict"),
        (
            "PATCH",
            ENDPOINT,
            {"trafficSplit": {"1": 100}},
            {"updateMask": "trafficSplit"},
            400,
            "names DeployedModel 1, which is not in",
        ),
        ("PATCH", ENDPOINT, {"trafficSplit": {}}, {}, 400, "update_mask is required"),
        ("PATCH", ENDPOINT, {"network": "n"}, {"updateMask": "network"}, 400, "update_mask names network; allowed: trafficSplit"),
    ],
)
def test_requests_that_the_document_forbids(
    api: VertexApi, verb: str, path: str, body: dict[str, Any] | None, query: dict[str, str], status: int, message: str
) -> None:
    with pytest.raises(Refused) as refused:
        call(api, verb, path, body, **query)
    assert refused.value.status == status
    assert message in str(refused.value)


def refusal(api: VertexApi, *request: Any, **query: str) -> str:
    with pytest.raises(Refused) as refused:
        call(api, *request, **query)
    return str(refused.value)


def test_deployments_keep_the_rules_of_traffic(api: VertexApi) -> None:
    upload(api)
    deploy(api, "11")
    deploy(api, "12")
    for split in ({"11": 90}, {"11": 90, "12": 20}):
        assert "must add up to 100" in refusal(api, "PATCH", ENDPOINT, {"trafficSplit": split}, updateMask="trafficSplit")
    call(api, "PATCH", ENDPOINT, {"trafficSplit": {"11": 90, "12": 10}}, updateMask="trafficSplit")
    assert "still has 10% of the traffic" in refusal(api, "POST", f"{ENDPOINT}:undeployModel", {"deployedModelId": "12"})
    call(api, "POST", f"{ENDPOINT}:undeployModel", {"deployedModelId": "12", "trafficSplit": {"11": 100}})
    call(api, "POST", f"{ENDPOINT}:undeployModel", {"deployedModelId": "11"})
    assert api.deployed_models(ENDPOINT[3:]) == []
    assert "trafficSplit" not in call(api, "GET", ENDPOINT)


def test_deployments_that_are_wrong(api: VertexApi) -> None:
    upload(api)
    deploy(api, "11")
    for changes, message in (
        ({"id": "11"}, "A DeployedModel with ID 11 already exists"),
        ({"id": "12345678901"}, "must be 1 to 10 digits"),
        ({"model": f"{PARENT[3:]}/models/pricing@2"}, "deployed_model.model is not found"),
        ({"dedicatedResources": {**MACHINE, "minReplicaCount": 3, "maxReplicaCount": 2}}, "max_replica_count not below it"),
        ({"dedicatedResources": {**MACHINE, "machineSpec": {"acceleratorType": "NVIDIA_L4"}}}, "go together"),
        ({"dedicatedResources": {**MACHINE, "machineSpec": {"acceleratorType": "L4"}}}, "allowed: ACCELERATOR_TYPE_UNSPECIFIED, NVIDIA"),
        ({"automaticResources": {}}, "exactly one of dedicated_resources"),
    ):
        with pytest.raises(Refused, match=message):
            deploy(api, **{"number": "12", **changes} if "id" not in changes else {"number": changes["id"]})
    mutation = {"deployedModel": {"id": "11", "dedicatedResources": {"machineSpec": {"machineType": "n2-standard-2"}}}}
    assert "update_mask names dedicatedResources.machineSpec" in refusal(
        api, "POST", f"{ENDPOINT}:mutateDeployedModel", {**mutation, "updateMask": "dedicatedResources.machineSpec"}
    )


def test_versions_keep_the_rules_of_aliases(api: VertexApi) -> None:
    upload(api, model={**MODEL, "versionAliases": ["blue"]})
    assert "already exists" in refusal(api, "POST", f"{PARENT}/models:upload", {"modelId": "pricing", "model": MODEL})
    call(api, "POST", f"{PARENT}/models:upload", {"parentModel": f"{PARENT[3:]}/models/pricing", "model": {**MODEL, "versionAliases": ["blue"]}})
    assert call(api, "GET", f"{PARENT}/models/pricing@blue")["versionId"] == "2", "an alias leaves the version that had it"
    assert call(api, "GET", f"{PARENT}/models/pricing")["versionId"] == "1"
    assert "default version cannot be deleted" in refusal(api, "DELETE", f"{PARENT}/models/pricing@1:deleteVersion")
    assert "can only be moved" in refusal(api, "POST", f"{PARENT}/models/pricing@1:mergeVersionAliases", {"versionAliases": ["-default"]})
    call(api, "POST", f"{PARENT}/models/pricing@2:mergeVersionAliases", {"versionAliases": ["default"]})
    call(api, "DELETE", f"{PARENT}/models/pricing@1:deleteVersion")
    assert "only version" in refusal(api, "DELETE", f"{PARENT}/models/pricing@2:deleteVersion")
    assert "cannot be updated on a version" in refusal(api, "PATCH", f"{PARENT}/models/pricing@2", {"displayName": "x"}, updateMask="displayName")
    assert "cannot be updated on a model" in refusal(
        api, "PATCH", f"{PARENT}/models/pricing", {"versionDescription": "x"}, updateMask="versionDescription"
    )
    versions = call(api, "GET", f"{PARENT}/models/pricing:listVersions")
    assert [each["versionId"] for each in versions["models"]] == ["2"]


def test_what_is_deployed_is_not_deleted(api: VertexApi) -> None:
    upload(api)
    deploy(api, "11")
    assert "undeploy it first" in refusal(api, "DELETE", f"{PARENT}/models/pricing")


def test_it_answers_with_the_projects_number(api: VertexApi) -> None:
    upload(api)
    name = call(api, "GET", f"{PARENT}/models/pricing")["name"]
    assert name.split("/")[1].isdigit()
    assert call(api, "GET", f"v1/{name}@1")["versionId"] == "1", "and takes it"


def test_an_operation_takes_its_time_and_can_be_cancelled(api: VertexApi) -> None:
    upload(api)
    assert len(api.models()) == 1
    api.hold = True
    operation = deploy(api, "11")
    assert "done" not in operation
    name = operation["name"]
    assert call(api, "GET", f"v1/{name}")["metadata"]["deploymentStage"]
    assert api.deployed_models(ENDPOINT[3:]) == ["11"], "an endpoint with a model on its way must not be deleted"
    call(api, "POST", f"v1/{name}:cancel", {})
    assert call(api, "GET", f"v1/{name}")["error"] == {"code": 1, "message": "the operation was cancelled"}
    assert api.deployed_models(ENDPOINT[3:]) == []


def test_state_outlives_the_process(tmp_path: Path) -> None:
    first = serve(tmp_path / "kept.sqlite", operation_seconds=0)
    upload(first.api)
    first.close()
    second = serve(tmp_path / "kept.sqlite", operation_seconds=0)
    assert len(second.api.models()) == 1
    second.close()


POOLS = f"{PARENT}/deploymentResourcePools"
JOBS = f"{PARENT}/modelDeploymentMonitoringJobs"
SHARED = {"dedicatedResources": MACHINE}
JOB: dict[str, Any] = {
    "displayName": "drift",
    "endpoint": ENDPOINT[3:],
    "modelDeploymentMonitoringObjectiveConfigs": [{"deployedModelId": "11"}],
    "modelDeploymentMonitoringScheduleConfig": {"monitorInterval": "3600s"},
    "loggingSamplingStrategy": {"randomSampleConfig": {"sampleRate": 0.5}},
    "analysisInstanceSchemaUri": "gs://models/schema.yaml",
}


def test_pools_that_are_wrong(api: VertexApi) -> None:
    assert "is required" in refusal(api, "POST", POOLS, {"deploymentResourcePoolId": "shared", "deploymentResourcePool": {}})
    assert "must match" in refusal(api, "POST", POOLS, {"deploymentResourcePoolId": "Shared", "deploymentResourcePool": SHARED})
    call(api, "POST", POOLS, {"deploymentResourcePoolId": "shared", "deploymentResourcePool": SHARED})
    assert "already exists" in refusal(api, "POST", POOLS, {"deploymentResourcePoolId": "shared", "deploymentResourcePool": SHARED})
    assert "is not found" in refusal(api, "GET", f"{POOLS}/other")
    assert "update_mask names dedicatedResources.machineSpec" in refusal(
        api, "PATCH", f"{POOLS}/shared", SHARED, updateMask="dedicatedResources.machineSpec"
    )
    assert "max_replica_count not below it" in refusal(
        api, "PATCH", f"{POOLS}/shared", {"dedicatedResources": {"minReplicaCount": 0}}, updateMask="dedicatedResources.minReplicaCount"
    )


def test_only_googles_own_images_share_machines(api: VertexApi) -> None:
    upload(api)
    call(api, "POST", POOLS, {"deploymentResourcePoolId": "shared", "deploymentResourcePool": SHARED})
    model = {"id": "11", "model": f"{PARENT[3:]}/models/pricing@1", "sharedResources": f"{POOLS[3:]}/shared"}
    assert "does not support shared resources" in refusal(api, "POST", f"{ENDPOINT}:deployModel", {"deployedModel": model})
    missing = {**model, "sharedResources": f"{POOLS[3:]}/other"}
    assert "is not found" in refusal(api, "POST", f"{ENDPOINT}:deployModel", {"deployedModel": missing})


def test_jobs_that_are_wrong(api: VertexApi) -> None:
    upload(api)
    deploy(api, "11")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"endpoint": f"{PARENT[3:]}/endpoints/e2"}, "is not found"),
        ({"displayName": "n" * 129}, "must be 1 to 128 characters"),
        ({"labels": {"Team": "x"}}, "must be lower-case"),
        ({"modelDeploymentMonitoringObjectiveConfigs": [{"deployedModelId": "12"}]}, "DeployedModel 12 is not in Endpoint"),
        ({"loggingSamplingStrategy": {"randomSampleConfig": {"sampleRate": 0}}}, "sample_rate must be in"),
        ({"loggingSamplingStrategy": {}}, "'loggingSamplingStrategy' is required"),
        ({"modelDeploymentMonitoringScheduleConfig": {"monitorInterval": "daily"}}, "google-duration"),
        ({"state": "JOB_STATE_RUNNING"}, "is set by the service only"),
    ]
    for changes, message in wrong:
        assert message in refusal(api, "POST", JOBS, {**JOB, **changes})
    zero = {"predictionDriftDetectionConfig": {"driftThresholds": {"age": {"value": 0}}}}
    configs = [{"deployedModelId": "11", "objectiveConfig": zero}]
    assert "must not be zero" in refusal(api, "POST", JOBS, {**JOB, "modelDeploymentMonitoringObjectiveConfigs": configs})


def test_a_job_runs_is_paused_and_goes(api: VertexApi) -> None:
    upload(api)
    deploy(api, "11")
    name = f"v1/{call(api, 'POST', JOBS, JOB)['name']}"
    assert "already has" in refusal(api, "POST", JOBS, JOB)
    assert call(api, "GET", ENDPOINT)["modelDeploymentMonitoringJob"] == name[3:]
    assert "update_mask names analysisInstanceSchemaUri" in refusal(api, "PATCH", name, {}, updateMask="analysisInstanceSchemaUri")
    assert "must be paused before it is deleted" in refusal(api, "DELETE", name)
    call(api, "POST", f"{name}:pause", {})
    assert "only jobs in the RUNNING state" in refusal(api, "PATCH", name, {"displayName": "other"}, updateMask="displayName")
    assert "cannot be paused: it is JOB_STATE_PAUSED" in refusal(api, "POST", f"{name}:pause", {})
    call(api, "DELETE", name)
    assert api.monitoring_jobs() == []


def test_a_job_without_a_schema_waits_for_requests(api: VertexApi) -> None:
    upload(api)
    deploy(api, "11")
    job = {key: value for key, value in JOB.items() if key != "analysisInstanceSchemaUri"}
    assert call(api, "POST", JOBS, job)["state"] == "JOB_STATE_PENDING"
