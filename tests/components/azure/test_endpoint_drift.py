"""`AzureMLEndpoint`: a monitor that compares what the model is asked, and answers, with what it was."""

from pathlib import Path
from typing import Any

import pytest

from modeldeploy.azure.drift import DriftMonitor, Task
from modeldeploy.spec import ArgumentError, Schedule
from tests.support.mocks import Graph

from . import world

ML = "azure-native:machinelearningservices"
SCHEDULE = f"{ML}:Schedule"
DEPLOYMENT = f"{ML}:OnlineDeployment"
DATA = f"{ML}:DataVersion"
RULE = f"{ML}:ManagedNetworkSettingsRule"
WORKSPACE = f"{ML}:Workspace"
MODELS = [world.model("1"), world.model("2")]
KEPT = {"capture_percent": 20, "emails": ["team@example.com"]}


def monitored(changes: dict[str, Any] | None = None, **arguments: Any) -> Graph:
    return world.endpoint(**{"drift": {"task": "regression", **(changes or {})}, "operations": KEPT, **arguments})


def definition(graph: Graph) -> dict[str, Any]:
    return graph.one(SCHEDULE).inputs["properties"]["action"]["monitorDefinition"]


@pytest.fixture
def trained(tmp_path: Path) -> str:
    (tmp_path / "MLTable").write_text("paths: [{file: rows.parquet}]")
    (tmp_path / "rows.parquet").write_bytes(b"rows")
    return str(tmp_path)


def test_nothing_is_compared_by_default() -> None:
    graph = world.endpoint(operations=KEPT)
    assert not graph.all(SCHEDULE)
    assert graph.names(DATA) == ["api-1-request", "api-1-response"]
    workspace = graph.one(WORKSPACE).inputs
    assert "status" not in workspace["managedNetwork"]
    assert "COLLECT_MODEL_DATA" not in graph.one(DEPLOYMENT).inputs["properties"]["environmentVariables"]
    assert {each.name: each.inputs["properties"]["destination"]["sparkEnabled"] for each in graph.all(RULE)} == {"api-models": False}


def test_a_monitor_looks_at_what_the_collector_keeps_in_columns() -> None:
    graph = monitored()
    deployment = graph.one(DEPLOYMENT)
    collector = deployment.inputs["properties"]["dataCollector"]
    assert sorted(collector["collections"]) == ["model_inputs", "model_outputs"]
    assert {each["samplingRate"] for each in collector["collections"].values()} == {0.2}
    assert deployment.inputs["properties"]["environmentVariables"]["COLLECT_MODEL_DATA"] == "1"
    assert graph.names(DATA) == ["api-1-model_inputs", "api-1-model_outputs"]
    found = definition(graph)
    assert found["monitoringTarget"]["taskType"] == "Regression"
    assert found["monitoringTarget"]["deploymentId"].endswith("/deployments/version-1-d2as-v4")
    signals = found["signals"]
    assert {name: each["signalType"] for name, each in signals.items()} == {
        "data-drift": "DataDrift",
        "prediction-drift": "PredictionDrift",
        "data-quality": "DataQuality",
    }
    asked = {"inputDataType": "Rolling", "jobInputType": "uri_folder", "dataContext": "model_inputs"}
    for name in ("data-drift", "data-quality"):
        lately, before = signals[name]["productionData"], signals[name]["referenceData"]
        assert lately["uri"] == before["uri"] == collector["collections"]["model_inputs"]["dataId"]
        assert lately == {**asked, "uri": lately["uri"], "windowSize": "P7D", "windowOffset": "P0D"}
        assert before == {**asked, "uri": lately["uri"], "windowSize": "P14D", "windowOffset": "P7D"}
        assert signals[name]["features"] == {"filterType": "AllFeatures"}
    answered = signals["prediction-drift"]
    assert answered["productionData"]["uri"] == answered["referenceData"]["uri"] == collector["collections"]["model_outputs"]["dataId"]
    assert answered["productionData"]["dataContext"] == "model_outputs"
    assert (answered["referenceData"]["windowSize"], answered["referenceData"]["windowOffset"]) == ("P14D", "P7D")


def test_it_runs_on_machines_that_come_and_go_with_the_workspaces_identity() -> None:
    graph = monitored()
    compute = definition(graph)["computeConfiguration"]
    workspace = graph.one(WORKSPACE).inputs
    assert {name: compute[name] for name in ("computeType", "instanceType", "runtimeVersion")} == {
        "computeType": "ServerlessSpark",
        "instanceType": "standard_e4s_v3",
        "runtimeVersion": "3.5",
    }
    assert compute["computeIdentity"] == {
        "computeIdentityType": "ManagedIdentity",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": [workspace["primaryUserAssignedIdentity"]]},
    }
    assert workspace["managedNetwork"]["status"] == {"sparkReady": True, "status": "Active"}
    rules = {each.name: each.inputs["properties"]["destination"] for each in graph.all(RULE)}
    assert {name: each["sparkEnabled"] for name, each in rules.items()} == {"api-models": True, "api-work-blob": True}
    assert rules["api-work-blob"]["serviceResourceId"] == workspace["storageAccount"]
    assert rules["api-work-blob"]["subresourceTarget"] == "blob"


def test_thresholds_and_who_hears_of_them() -> None:
    graph = monitored({"threshold": 0.2, "bad_percent": 5, "features": ["income"]})
    found = definition(graph)
    assert found["alertNotificationSettings"] == {"emailNotificationSettings": {"emails": ["team@example.com"]}}
    for name in ("data-drift", "prediction-drift"):
        assert [(each["dataType"], each["metric"], each["threshold"]) for each in found["signals"][name]["metricThresholds"]] == [
            ("Numerical", "NormalizedWassersteinDistance", {"value": 0.2}),
            ("Categorical", "JensenShannonDistance", {"value": 0.2}),
        ]
    quality = found["signals"]["data-quality"]["metricThresholds"]
    assert {(each["dataType"], each["metric"]) for each in quality} == {
        (kind, metric) for kind in ("Numerical", "Categorical") for metric in ("NullValueRate", "DataTypeErrorRate", "OutOfBoundsRate")
    }
    assert {each["threshold"]["value"] for each in quality} == {0.05}
    assert {str(each["notificationTypes"]) for each in found["signals"].values()} == {"['AmlNotification']"}
    for name in ("data-drift", "data-quality"):
        assert found["signals"][name]["features"] == {"filterType": "FeatureSubset", "features": ["income"]}


def test_without_addresses_nobody_is_written_to() -> None:
    found = definition(monitored(operations={"capture_percent": 5}))
    assert "alertNotificationSettings" not in found
    assert all("notificationTypes" not in each for each in found["signals"].values())


@pytest.mark.parametrize(
    ("cron", "frequency", "size", "schedule"),
    [
        ("30 6 * * *", "Day", "P1D", {"hours": [6], "minutes": [30]}),
        ("0 6 * * 1,4", "Week", "P7D", {"hours": [6], "minutes": [0], "weekDays": ["Monday", "Thursday"]}),
        ("0 6 1 * *", "Month", "P30D", {"hours": [6], "minutes": [0], "monthDays": [1]}),
    ],
)
def test_a_run_looks_at_the_time_since_the_one_before(cron: str, frequency: str, size: str, schedule: dict[str, Any]) -> None:
    graph = monitored({"schedule": Schedule(cron=cron, time_zone="Europe/Berlin"), "machine": "standard_e8s_v3"})
    trigger = graph.one(SCHEDULE).inputs["properties"]["trigger"]
    assert trigger == {
        "triggerType": "Recurrence",
        "frequency": frequency,
        "interval": 1,
        "schedule": schedule,
        "timeZone": "W. Europe Standard Time",
    }
    assert definition(graph)["signals"]["data-drift"]["productionData"]["windowSize"] == size
    assert definition(graph)["computeConfiguration"]["instanceType"] == "standard_e8s_v3"


def test_inputs_are_compared_with_the_training_data_where_it_is_given(trained: str) -> None:
    graph = monitored({"reference": trained})
    asset = graph.one(DATA, "api-reference")
    assert asset.inputs["properties"]["dataType"] == "mltable"
    assert asset.inputs["properties"]["dataUri"].endswith(f"/datastores/models/paths/reference/{asset.inputs['version']}/")
    blobs = {each.name: each for each in graph.all("azure-native:storage:Blob")}
    assert set(blobs) == {"api-reference-MLTable", "api-reference-rows.parquet"}
    assert blobs["api-reference-MLTable"].inputs["blobName"] == f"reference/{asset.inputs['version']}/MLTable"
    assert {each.urn for each in blobs.values()} <= asset.depends_on
    signals = definition(graph)["signals"]
    for name in ("data-drift", "data-quality"):
        found = signals[name]["referenceData"]
        assert found["uri"].endswith(f"/data/api-reference/versions/{asset.inputs['version']}")
        assert {**found, "uri": ""} == {"inputDataType": "Fixed", "jobInputType": "mltable", "uri": "", "dataContext": "training"}
    assert signals["prediction-drift"]["referenceData"]["inputDataType"] == "Rolling"


def test_it_follows_the_version_that_answers_and_goes_with_the_workspace() -> None:
    for traffic, deployed in (({"1": 100}, "version-1-d2as-v4"), ({"2": 100}, "version-2-d2as-v4")):
        graph = monitored(models=MODELS, rollout={"traffic": traffic})
        assert definition(graph)["monitoringTarget"]["deploymentId"].endswith(f"/deployments/{deployed}")
        schedule = graph.one(SCHEDULE, "api-drift")
        assert schedule.options.deletedWith == graph.one(WORKSPACE).urn
        assert schedule.inputs["properties"]["isEnabled"] is True
        assert {each.urn for each in graph.all(RULE)} <= schedule.depends_on
    assert monitored({"enabled": False}).one(SCHEDULE).inputs["properties"]["isEnabled"] is False


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"drift": {"task": "ranking"}}, "drift.task: 'ranking' is not allowed; use one of classification, regression"),
        ({"operations": {}}, "operations.capture_percent: is required with drift"),
        (
            {"operations": {"capture_percent": 5, "emails": [f"{'x' * 240}{n}@example.com" for n in range(2)]}},
            "operations.emails: has 506 characters",
        ),
        ({"drift": {"task": "regression", "reference": "tests"}}, "drift.reference: 'tests' is no local folder with a file MLTable"),
        ({"drift": {"task": "regression", "threshold": 0.0}}, "drift.threshold: 0.0 is not allowed"),
        ({"drift": {"task": "regression", "threshold": 1.1}}, "drift.threshold: 1.1 is not allowed"),
        ({"drift": {"task": "regression", "bad_percent": 101}}, "drift.bad_percent: 101 is not allowed; use 0 to 100"),
        ({"drift": {"task": "regression", "bad_percent": -1}}, "drift.bad_percent: -1 is not allowed"),
        (
            {"drift": {"task": "regression", "machine": "Standard_D2as_v4"}},
            "drift.machine: 'Standard_D2as_v4' is not allowed; use one of standard_e4s",
        ),
        ({"drift": {"task": "regression", "schedule": {"cron": "0 6 1 1 *"}}}, "drift.schedule.cron: '0 6 1 1 \\*' names months"),
    ],
)
def test_what_azure_refuses_is_refused_first(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"(?s)AzureMLEndpoint 'api'.*{message}"):
        world.endpoint(**{"drift": {"task": "regression"}, "operations": KEPT, **changes})


def test_ends_of_what_is_allowed() -> None:
    DriftMonitor(task=Task.CLASSIFICATION, threshold=1.0, bad_percent=0)
    assert not list(DriftMonitor(task=Task.CLASSIFICATION, threshold=1.0, bad_percent=100).problems())
