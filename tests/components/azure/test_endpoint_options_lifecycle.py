"""A version of an `AzureMLEndpoint` that is tried with copies, and watched for drift in an environment that Azure ML builds, through the real engine,
against the sandbox."""

from typing import Any

import pytest

from tests.support.lifecycle import Deploy

pytestmark = pytest.mark.engine

ENDPOINT = "azure-native:machinelearningservices:OnlineEndpoint"
DEPLOYMENT = "azure-native:machinelearningservices:OnlineDeployment"
SCHEDULE = "azure-native:machinelearningservices:Schedule"
PACKAGES = "dependencies: [python=3.12.4, {pip: [azureml-inference-server-http==1.4.0, azureml-ai-monitoring==1.0.0]}]"


def test_a_shadow_comes_answers_and_goes(deploy: Deploy) -> None:
    made = deploy("modeldeploy.azure.managed_endpoint:AzureMLEndpoint", "credit")
    both = [made.model("1"), made.model("2")]
    busy = [{"minimum": 4, "time_zone": "Europe/Berlin"}]
    made.up(models=both[:1])
    made.up(models=both, shadow={"version": "2", "percent": 30}, busy_times=busy)
    (endpoint,) = made.sandbox.resources(ENDPOINT)
    assert sorted(endpoint.outputs["properties"]["traffic"].values()) == [100]
    assert list(endpoint.outputs["properties"]["mirrorTraffic"].values()) == [30]
    made.expect_no_changes()

    (made.project.directory / "conda.yaml").write_text(PACKAGES)
    (made.project.directory / "model-2" / "MLmodel").write_text("flavors: {}")
    watched: dict[str, Any] = {
        "models": both[1:],
        "busy_times": busy,
        "operations": {"capture_percent": 10, "emails": ["team@example.com"]},
        "conda": {"2": {"file": "conda.yaml"}},
    }
    made.up(**watched, drift={"task": "regression"})
    (endpoint,) = made.sandbox.resources(ENDPOINT)
    assert len(made.sandbox.resources(DEPLOYMENT)) == 1
    assert not endpoint.outputs["properties"].get("mirrorTraffic")
    assert made.project.outputs()["model_version"] == "2"
    (monitor,) = made.sandbox.resources(SCHEDULE)
    (deployment,) = made.sandbox.resources(DEPLOYMENT)
    target = monitor.outputs["properties"]["action"]["monitorDefinition"]["monitoringTarget"]
    assert target["deploymentId"] == deployment.id
    assert deployment.outputs["properties"]["codeConfiguration"]["scoringScript"] == "score_mlflow.py"
    made.expect_no_changes()

    made.up(**watched, drift={"task": "regression", "enabled": False})
    made.up(**watched)
    assert not made.sandbox.resources(SCHEDULE)
    made.destroy()
