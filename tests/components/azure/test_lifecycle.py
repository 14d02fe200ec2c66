"""The Azure components through the real engine, against the sandbox: releases step by step, and destruction from each of them."""

import pytest

from tests.support.lifecycle import Deploy, Deployment

from .world import CALLER

pytestmark = pytest.mark.engine

ML = "azure-native:machinelearningservices"
ENDPOINT = f"{ML}:OnlineEndpoint"
DEPLOYMENT = f"{ML}:OnlineDeployment"
TRAFFIC = "azure-native:resources:Deployment"

EXPECTED = {
    "first": {"version-1-d2as-v4": 100},
    "canary": {"version-1-d2as-v4": 90, "version-2-d2as-v4": 10},
    "promote": {"version-1-d2as-v4": 0, "version-2-d2as-v4": 100},
    "rollback": {"version-1-d2as-v4": 100, "version-2-d2as-v4": 0},
    "finish": {"version-2-d2as-v4": 100},
}


def traffic(made: Deployment) -> dict[str, int]:
    """What each deployment gets."""
    (endpoint,) = made.sandbox.resources(ENDPOINT)
    return endpoint.outputs["properties"].get("traffic", {})


def deployments(made: Deployment) -> list[str]:
    """The deployments that exist."""
    return sorted(each.inputs["deploymentName"] for each in made.sandbox.resources(DEPLOYMENT))


@pytest.fixture
def deployed(deploy: Deploy) -> Deployment:
    return deploy(
        "modeldeploy.azure.managed_endpoint:AzureMLEndpoint", "pricing-api", access={"callers": [CALLER]}, operations={"emails": ["team@example.com"]}
    )


def test_a_release_goes_through_its_steps_and_changes_nothing_twice(deployed: Deployment) -> None:
    for step in ("first", "canary", "promote", "rollback", "finish"):
        deployed.up(**deployed.release(step))
        assert traffic(deployed) == EXPECTED[step], step
        assert deployments(deployed) == sorted(EXPECTED[step]), step
        deployed.expect_no_changes()
    deployed.project.refresh()
    assert traffic(deployed) == EXPECTED["finish"]
    deployed.expect_no_changes()
    deployed.destroy()


@pytest.mark.parametrize("step", ["canary", "promote"])
def test_destruction_from_each_step_leaves_nothing(deployed: Deployment, step: str) -> None:
    deployed.up(**deployed.release(step))
    assert traffic(deployed) == EXPECTED[step]
    deployed.destroy()


def test_a_version_takes_over_in_one_run_and_one_that_does_not_start_takes_no_traffic(deployed: Deployment) -> None:
    deployed.up(**deployed.release("first"))
    deployed.sandbox.fault(DEPLOYMENT, "create", message="the container did not start", times=1)
    failed = deployed.refused(**deployed.release("finish"))
    assert "the container did not start" in failed.output
    assert traffic(deployed) == {"version-1-d2as-v4": 100}
    output = deployed.project.up().output
    done = [f"{DEPLOYMENT} pricing-api-2 created", f"{TRAFFIC} pricing-api-traffic updated", f"{DEPLOYMENT} pricing-api-1 deleted"]
    places = [output.index(each) for each in done]
    assert places == sorted(places)
    assert traffic(deployed) == {"version-2-d2as-v4": 100}
    assert deployments(deployed) == ["version-2-d2as-v4"]


def test_another_machine_takes_the_traffic_over_before_the_old_one_goes(deployed: Deployment) -> None:
    deployed.up(**deployed.release("first"))
    deployed.write(**deployed.release("first"), compute={"instance_type": "Standard_DS3_v2"})
    output = deployed.project.up().output
    done = [f"{DEPLOYMENT} pricing-api-1 created", f"{TRAFFIC} pricing-api-traffic updated", f"{DEPLOYMENT} pricing-api-1 deleted"]
    places = [output.index(each) for each in done]
    assert places == sorted(places)
    assert traffic(deployed) == {"version-1-ds3-v2": 100}
    assert deployments(deployed) == ["version-1-ds3-v2"]


def test_tags_and_exposure_change_without_taking_traffic_away(deployed: Deployment) -> None:
    deployed.up(**deployed.release("first"))
    deployed.up(**deployed.release("first"), tags={"owner": "finance"})
    (endpoint,) = deployed.sandbox.resources(ENDPOINT)
    assert endpoint.outputs["tags"]["owner"] == "finance"
    assert traffic(deployed) == {"version-1-d2as-v4": 100}
    deployed.up(**deployed.release("first"), tags={"owner": "finance"}, access={"exposure": "public"})
    (endpoint,) = deployed.sandbox.resources(ENDPOINT)
    assert endpoint.outputs["properties"]["publicNetworkAccess"] == "Enabled"
    assert traffic(deployed) == {"version-1-d2as-v4": 100}


def test_replicas_that_the_autoscaler_added_stay_when_the_state_is_fresh(deployed: Deployment) -> None:
    deployed.up(**deployed.release("first"))
    (running,) = deployed.sandbox.resources(DEPLOYMENT)
    deployed.sandbox.edit(running.id, "sku.capacity", 7)
    deployed.expect_no_changes()
    deployed.write(**deployed.release("first"), concurrent_requests=4)
    deployed.project.up("--refresh")
    (running,) = deployed.sandbox.resources(DEPLOYMENT)
    assert running.outputs["properties"]["requestSettings"]["maxConcurrentRequestsPerInstance"] == 4
    assert running.outputs["sku"]["capacity"] == 7


def test_beside_a_database_in_a_network_of_their_own(deployed: Deployment) -> None:
    deployed.up(**deployed.release("first"), database=True)
    outputs = deployed.project.outputs()
    assert outputs["database_grant"].startswith("CREATE USER [pricing-api")
    (running,) = deployed.sandbox.resources(DEPLOYMENT)
    assert running.inputs["properties"]["environmentVariables"]["DATABASE_HOST"].endswith(".database.windows.net")
    assert len(deployed.sandbox.resources("azure-native:network:VirtualNetwork")) == 1
    deployed.expect_no_changes()
    deployed.destroy()


def test_production_refuses_to_be_destroyed(deployed: Deployment) -> None:
    deployed.up(**deployed.release("first"), environment="prod")
    refused = deployed.project.destroy(check=False).failed()
    assert "protect" in refused.output
    assert deployed.sandbox.resources("azure-native:storage:StorageAccount")
