"""Monitoring: one for each endpoint, changed in place, paused before it goes."""

from typing import Any

import pytest

from sandbox.vertex import VertexServer
from sandbox.vertex.api import Fault

from .inputs import ENDPOINT, KEY, deployed_inputs, model_inputs, monitoring_inputs
from .plugin import Failed, Plugin, Resource, urn
from .test_model import bodies, call

KIND = urn("VertexMonitoring", "pricing-drift")


@pytest.fixture
def numbers(plugin: Plugin, api: VertexServer) -> tuple[str, str]:
    """Two deployments."""
    api.api.operation_seconds = 0
    model = plugin.create(urn("VertexModel"), model_inputs()).outputs["resourceName"]
    one, two = (plugin.create(urn("VertexDeployedModel", name), deployed_inputs(model)) for name in ("one", "two"))
    return one.outputs["deployedModelId"], two.outputs["deployedModelId"]


def state(api: VertexServer, made: Resource) -> str:
    return call(api, "GET", made.id)["state"]


def test_a_job_carries_everything_given(plugin: Plugin, api: VertexServer, numbers: tuple[str, str]) -> None:
    inputs = monitoring_inputs(
        *numbers,
        displayName="Pricing",
        samplePercent=10,
        intervalHours=6,
        emails=["team@example.com"],
        statisticsUri="gs://drift/statistics",
        encryptionKey=KEY,
        labels={"team": "shop"},
    )
    made = plugin.create(KIND, inputs)
    (sent,) = bodies(api, "modelDeploymentMonitoringJobs.create")
    objective = {"predictionDriftDetectionConfig": {"driftThresholds": {"age": {"value": 0.3}, "BMI": {"value": 0.5}}}}
    assert sent == {
        "displayName": "Pricing",
        "endpoint": ENDPOINT,
        "modelDeploymentMonitoringObjectiveConfigs": [{"deployedModelId": each, "objectiveConfig": objective} for each in numbers],
        "modelDeploymentMonitoringScheduleConfig": {"monitorInterval": "21600s"},
        "loggingSamplingStrategy": {"randomSampleConfig": {"sampleRate": 0.1}},
        "modelMonitoringAlertConfig": {"enableLogging": True, "emailAlertConfig": {"userEmails": ["team@example.com"]}},
        "enableMonitoringPipelineLogs": True,
        "analysisInstanceSchemaUri": "gs://models/schema.yaml",
        "statsAnomaliesBaseDirectory": {"outputUriPrefix": "gs://drift/statistics"},
        "encryptionSpec": {"kmsKeyName": KEY},
        "labels": {"team": "shop"},
    }
    assert made.outputs["name"] == made.id
    assert made.outputs["jobId"] == made.id.rpartition("/")[2]
    assert made.outputs["tables"][0].endswith(".model_deployment_monitoring_e1.serving_predict")
    read = plugin.read(made)
    assert read is not None
    assert read.inputs == made.inputs, "a refresh right after it was made must see no drift"


def test_the_name_shown_is_the_resources_where_none_is_given(plugin: Plugin, numbers: tuple[str, str]) -> None:
    assert plugin.check(KIND, monitoring_inputs(*numbers))["displayName"] == "pricing-drift"


def test_a_release_changes_what_is_watched_in_place(plugin: Plugin, api: VertexServer, numbers: tuple[str, str]) -> None:
    one, two = numbers
    made = plugin.create(KIND, monitoring_inputs(one))
    for watched in ([one, two], [two], [two, one]):
        wanted = monitoring_inputs(*watched)
        assert not plugin.diff(made, wanted).replaces
        made = plugin.update(made, wanted)
        live = call(api, "GET", made.id)
        assert [each["deployedModelId"] for each in live["modelDeploymentMonitoringObjectiveConfigs"]] == watched
        read = plugin.read(made)
        assert read is not None
        assert read.inputs == made.inputs


@pytest.mark.parametrize(
    ("change", "mask"),
    [
        ({"displayName": "Other"}, "displayName"),
        ({"samplePercent": 50}, "loggingSamplingStrategy"),
        ({"intervalHours": 1}, "modelDeploymentMonitoringScheduleConfig"),
        ({"emails": ["a@example.com", "b@example.com"]}, "modelMonitoringAlertConfig"),
        ({"emails": [], "logAnomalies": False}, "modelMonitoringAlertConfig"),
        ({"logRuns": False}, "enableMonitoringPipelineLogs"),
        ({"labels": {}}, "labels"),
        ({"driftThresholds": {"age": 0.1, "weight": 1}}, "modelDeploymentMonitoringObjectiveConfigs"),
    ],
)
def test_only_what_changed_is_sent(plugin: Plugin, api: VertexServer, numbers: tuple[str, str], change: dict[str, Any], mask: str) -> None:
    first = monitoring_inputs(*numbers, emails=["team@example.com"], labels={"team": "shop"})
    made = plugin.create(KIND, first)
    wanted = {name: value for name, value in {**first, **change}.items() if value not in ([], {})}
    assert not plugin.diff(made, wanted).replaces
    changed = plugin.update(made, wanted)
    (patch,) = bodies(api, "modelDeploymentMonitoringJobs.patch")
    assert set(patch) <= {"endpoint", mask}
    read = plugin.read(changed)
    assert read is not None
    assert read.inputs == changed.inputs
    plugin.update(changed, wanted)
    assert len(bodies(api, "modelDeploymentMonitoringJobs.patch")) == 1, "what is as it should be is left alone"


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "projects/shop/locations/europe-west4/endpoints/e2"},
        {"schemaUri": "gs://models/other.yaml"},
        {"statisticsUri": "gs://other"},
        {"encryptionKey": KEY},
    ],
)
def test_anything_else_deletes_it_before_it_is_made_again(plugin: Plugin, numbers: tuple[str, str], change: dict[str, Any]) -> None:
    made = plugin.create(KIND, monitoring_inputs(*numbers))
    diff = plugin.diff(made, {**monitoring_inputs(*numbers), **change})
    assert diff.replaces == [*change]
    assert diff.deleteBeforeReplace, "an endpoint has one job"
    assert not plugin.diff(made, monitoring_inputs(*numbers, intervalHours=2)).deleteBeforeReplace


def test_a_second_one_of_the_endpoint_is_refused(plugin: Plugin, numbers: tuple[str, str]) -> None:
    plugin.create(KIND, monitoring_inputs(*numbers))
    with pytest.raises(Failed, match="already has the ModelDeploymentMonitoringJob"):
        plugin.create(urn("VertexMonitoring", "other"), monitoring_inputs(*numbers))


def test_it_is_paused_and_deleted_and_a_second_time_nothing_happens(plugin: Plugin, api: VertexServer, numbers: tuple[str, str]) -> None:
    made = plugin.create(KIND, monitoring_inputs(*numbers))
    plugin.delete(made)
    assert [name for name, _ in api.api.requests if name.startswith("modelDeployment") and not name.endswith("get")][-2:] == [
        "modelDeploymentMonitoringJobs.pause",
        "modelDeploymentMonitoringJobs.delete",
    ]
    assert api.api.monitoring_jobs() == []
    assert plugin.read(made) is None
    plugin.delete(made)


def test_one_that_somebody_paused_is_deleted(plugin: Plugin, api: VertexServer, numbers: tuple[str, str]) -> None:
    made = plugin.create(KIND, monitoring_inputs(*numbers))
    call(api, "POST", f"{made.id}:pause", body={})
    plugin.delete(made)
    assert api.api.monitoring_jobs() == []


def test_changes_and_deletion_wait_until_a_new_one_runs(plugin: Plugin, api: VertexServer, numbers: tuple[str, str]) -> None:
    api.api.operation_seconds = 0.3
    made = plugin.create(KIND, monitoring_inputs(*numbers))
    assert state(api, made) == "JOB_STATE_PENDING"
    changed = plugin.update(made, monitoring_inputs(*numbers, intervalHours=2))
    assert any("waiting for JOB_STATE_PENDING" in each for each in plugin.log.messages)
    plugin.delete(changed)
    made = plugin.create(KIND, monitoring_inputs(*numbers))
    plugin.delete(made)
    assert api.api.monitoring_jobs() == []


def test_one_that_never_runs_is_told_after_the_time_there_is(plugin: Plugin, api: VertexServer, numbers: tuple[str, str]) -> None:
    waiting = monitoring_inputs(*numbers)
    del waiting["schemaUri"]
    made = plugin.create(KIND, waiting)
    with pytest.raises(Failed, match="is still JOB_STATE_PENDING after 0s; the next run looks again"):
        plugin.update(made, {**waiting, "intervalHours": 2}, timeout=0.1)
    with pytest.raises(Failed, match="is still JOB_STATE_PENDING"):
        plugin.delete(made, timeout=0.1)


def test_no_answer_and_a_job_all_the_same(plugin: Plugin, api: VertexServer, numbers: tuple[str, str]) -> None:
    api.api.faults = [Fault("modelDeploymentMonitoringJobs.create", silent="after")]
    made = plugin.create(KIND, monitoring_inputs(*numbers))
    assert made.id == call(api, "GET", ENDPOINT)["modelDeploymentMonitoringJob"]


def test_no_answer_and_no_job(plugin: Plugin, api: VertexServer, numbers: tuple[str, str]) -> None:
    api.api.faults = [Fault("modelDeploymentMonitoringJobs.create", silent="before")]
    with pytest.raises(Failed, match="the endpoint has none, so the next run makes it") as failed:
        plugin.create(KIND, monitoring_inputs(*numbers))
    assert failed.value.partial is None


def test_a_change_that_was_not_waited_for_is_taken_up(plugin: Plugin, api: VertexServer, numbers: tuple[str, str]) -> None:
    made = plugin.create(KIND, monitoring_inputs(*numbers))
    api.api.hold = True
    with pytest.raises(Failed) as failed:
        plugin.update(made, monitoring_inputs(*numbers, intervalHours=2), timeout=0.1)
    assert failed.value.partial is not None
    left = Resource(KIND, failed.value.partial.id, made.inputs, failed.value.properties)
    api.api.hold = False
    done = plugin.update(left, monitoring_inputs(*numbers, intervalHours=2))
    assert "operation" not in done.outputs
    assert len(bodies(api, "modelDeploymentMonitoringJobs.patch")) == 1, "nothing is changed twice"


def test_drift_of_the_monitoring_itself_is_seen_and_corrected(plugin: Plugin, api: VertexServer, numbers: tuple[str, str]) -> None:
    made = plugin.create(KIND, monitoring_inputs(*numbers))
    objective = {"predictionDriftDetectionConfig": {"driftThresholds": {"age": {"value": 0.9}}}}
    configs = [{"deployedModelId": numbers[1], "objectiveConfig": objective}]
    mask = "modelDeploymentMonitoringObjectiveConfigs"
    call(api, "PATCH", made.id, {"updateMask": mask}, {mask: configs})
    drifted = plugin.read(made)
    assert drifted is not None
    assert drifted.inputs == {**made.inputs, "deployedModelIds": [numbers[1]], "driftThresholds": {"age": 0.9}}
    corrected = plugin.update(drifted, monitoring_inputs(*numbers))
    read = plugin.read(corrected)
    assert read is not None
    assert read.inputs == made.inputs


def test_import_by_name(plugin: Plugin, api: VertexServer, numbers: tuple[str, str]) -> None:
    made = plugin.create(KIND, monitoring_inputs(*sorted(numbers)))
    imported = plugin.read(Resource(KIND, made.id, {}, {}))
    assert imported is not None
    # Google answers with the project's number.
    assert imported.inputs == {**made.inputs, "endpoint": call(api, "GET", ENDPOINT)["name"]}
    assert plugin.diff(imported, made.inputs).changes == plugin.diff(imported, made.inputs).DIFF_NONE


def test_a_change_of_one_that_is_gone_says_so(plugin: Plugin, numbers: tuple[str, str]) -> None:
    made = plugin.create(KIND, monitoring_inputs(*numbers))
    plugin.delete(made)
    with pytest.raises(Failed, match="is gone; `pulumi refresh` takes that in"):
        plugin.update(made, monitoring_inputs(*numbers, intervalHours=2))


def test_a_deployment_that_is_not_on_the_endpoint_is_named(plugin: Plugin, numbers: tuple[str, str]) -> None:
    with pytest.raises(Failed, match="DeployedModel 77 is not in Endpoint"):
        plugin.create(KIND, monitoring_inputs("77"))
