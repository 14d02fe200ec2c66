"""A version of an `AzureMLEndpoint` that is tried with copies of the requests, through the real engine, against the sandbox."""

import pytest

from tests.support.lifecycle import Deploy

pytestmark = pytest.mark.engine

ENDPOINT = "azure-native:machinelearningservices:OnlineEndpoint"
DEPLOYMENT = "azure-native:machinelearningservices:OnlineDeployment"


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

    made.up(models=both[1:], busy_times=busy)
    (endpoint,) = made.sandbox.resources(ENDPOINT)
    assert len(made.sandbox.resources(DEPLOYMENT)) == 1
    assert not endpoint.outputs["properties"].get("mirrorTraffic")
    assert made.project.outputs()["model_version"] == "2"
    made.destroy()
