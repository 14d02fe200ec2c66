"""The Azure components through the real engine, against the sandbox: releases step by step, and destruction from each of them."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.support.engine import Project, ProjectFactory

from .world import CALLER, IMAGE

pytestmark = pytest.mark.engine

PROGRAM = """
import json
from pathlib import Path

import pulumi

from modeldeploy.azure.database import AzureSqlDatabase, AzureSqlDatabaseArgs
from modeldeploy.azure.managed_endpoint import AzureMLEndpoint, AzureMLEndpointArgs
from modeldeploy.azure.network import AzureNetwork, AzureNetworkArgs
from modeldeploy.spec.arguments import parse

given = json.loads(Path("arguments.json").read_text())
args = parse(AzureMLEndpointArgs, given["endpoint"], "arguments.json")
placed = {}
if given["database"]:
    network = AzureNetwork("pricing", AzureNetworkArgs(environment=args.environment))
    database = AzureSqlDatabase("pricing-data", AzureSqlDatabaseArgs(database="pricing", network=network.reference(), environment=args.environment))
    placed = {"network": network.reference(), "database": database.connection()}
endpoint = AzureMLEndpoint("pricing-api", AzureMLEndpointArgs(**{**args.__dict__, **placed}))
for name in AzureMLEndpoint.__annotations__:
    pulumi.export(name, getattr(endpoint, name))
"""

ML = "azure-native:machinelearningservices"
ENDPOINT = f"{ML}:OnlineEndpoint"
DEPLOYMENT = f"{ML}:OnlineDeployment"
TRAFFIC = "azure-native:resources:Deployment"

STEPS: dict[str, tuple[list[str], dict[str, int]]] = {
    "first": (["1"], {}),
    "canary": (["1", "2"], {"1": 90, "2": 10}),
    "promote": (["1", "2"], {"1": 0, "2": 100}),
    "rollback": (["1", "2"], {"1": 100, "2": 0}),
    "finish": (["2"], {}),
}
EXPECTED = {
    "first": {"version-1-d2as-v4": 100},
    "canary": {"version-1-d2as-v4": 90, "version-2-d2as-v4": 10},
    "promote": {"version-1-d2as-v4": 0, "version-2-d2as-v4": 100},
    "rollback": {"version-1-d2as-v4": 100, "version-2-d2as-v4": 0},
    "finish": {"version-2-d2as-v4": 100},
}


@dataclass
class Deployed:
    """One stack with the endpoint in it."""

    project: Project
    sandbox: Sandbox

    def write(self, step: str, *, database: bool = False, **changes: Any) -> None:
        """Change the configuration to a step of the release."""
        versions, traffic = STEPS[step]
        models = [{"name": "pricing", "version": version, "source": self._artifact(version), "container": {"image": IMAGE}} for version in versions]
        endpoint = {
            "models": models,
            "rollout": {"traffic": traffic},
            "environment": "dev",
            "access": {"callers": [CALLER]},
            "operations": {"emails": ["team@example.com"]},
            **changes,
        }
        (self.project.directory / "arguments.json").write_text(json.dumps({"endpoint": endpoint, "database": database}))

    def up(self, step: str, **changes: Any) -> None:
        """Go to a step."""
        self.write(step, **changes)
        self.project.up()

    def traffic(self) -> dict[str, int]:
        """What each deployment gets."""
        (endpoint,) = self.sandbox.resources(ENDPOINT)
        return endpoint.outputs["properties"].get("traffic", {})

    def deployments(self) -> list[str]:
        """The deployments that exist."""
        return sorted(each.inputs["deploymentName"] for each in self.sandbox.resources(DEPLOYMENT))

    def _artifact(self, version: str) -> str:
        folder = self.project.directory / f"model-{version}"
        folder.mkdir(exist_ok=True)
        (folder / "model.pkl").write_text(f"model {version}")
        return folder.name


@pytest.fixture
def deployed(project: ProjectFactory, sandbox: Sandbox) -> Deployed:
    made = project({"__main__.py": PROGRAM}, debug_providers=sandbox.debug_providers, name="pricing", stack="test")
    return Deployed(made.configure({"azure-native:location": "westeurope"}), sandbox)


def test_a_release_goes_through_its_steps_and_changes_nothing_twice(deployed: Deployed) -> None:
    for step in ("first", "canary", "promote", "rollback", "finish"):
        deployed.up(step)
        assert deployed.traffic() == EXPECTED[step], step
        assert deployed.deployments() == sorted(EXPECTED[step]), step
        deployed.project.preview("--expect-no-changes")
    deployed.project.refresh()
    assert deployed.traffic() == EXPECTED["finish"]
    deployed.project.preview("--expect-no-changes")
    deployed.project.destroy()
    assert deployed.sandbox.resources() == []


@pytest.mark.parametrize("step", ["first", "canary", "promote", "rollback"])
def test_destruction_from_each_step_leaves_nothing(deployed: Deployed, step: str) -> None:
    deployed.up(step)
    assert deployed.traffic() == EXPECTED[step]
    deployed.project.destroy()
    assert deployed.sandbox.resources() == []


def test_a_version_takes_over_in_one_run_and_one_that_does_not_start_takes_no_traffic(deployed: Deployed) -> None:
    deployed.up("first")
    deployed.sandbox.fault(DEPLOYMENT, "create", message="the container did not start", times=1)
    deployed.write("finish")
    failed = deployed.project.up(check=False).failed()
    assert "the container did not start" in failed.output
    assert deployed.traffic() == {"version-1-d2as-v4": 100}
    output = deployed.project.up().output
    done = [f"{DEPLOYMENT} pricing-api-2 created", f"{TRAFFIC} pricing-api-traffic updated", f"{DEPLOYMENT} pricing-api-1 deleted"]
    places = [output.index(each) for each in done]
    assert places == sorted(places)
    assert deployed.traffic() == {"version-2-d2as-v4": 100}
    assert deployed.deployments() == ["version-2-d2as-v4"]


def test_another_machine_takes_the_traffic_over_before_the_old_one_goes(deployed: Deployed) -> None:
    deployed.up("first")
    deployed.write("first", compute={"instance_type": "Standard_DS3_v2"})
    output = deployed.project.up().output
    done = [f"{DEPLOYMENT} pricing-api-1 created", f"{TRAFFIC} pricing-api-traffic updated", f"{DEPLOYMENT} pricing-api-1 deleted"]
    places = [output.index(each) for each in done]
    assert places == sorted(places)
    assert deployed.traffic() == {"version-1-ds3-v2": 100}
    assert deployed.deployments() == ["version-1-ds3-v2"]


def test_tags_and_exposure_change_without_taking_traffic_away(deployed: Deployed) -> None:
    deployed.up("first")
    deployed.up("first", tags={"owner": "finance"})
    (endpoint,) = deployed.sandbox.resources(ENDPOINT)
    assert endpoint.outputs["tags"]["owner"] == "finance"
    assert deployed.traffic() == {"version-1-d2as-v4": 100}
    deployed.up("first", tags={"owner": "finance"}, access={"exposure": "public"})
    (endpoint,) = deployed.sandbox.resources(ENDPOINT)
    assert endpoint.outputs["properties"]["publicNetworkAccess"] == "Enabled"
    assert deployed.traffic() == {"version-1-d2as-v4": 100}


def test_replicas_that_the_autoscaler_added_stay_when_the_state_is_fresh(deployed: Deployed) -> None:
    deployed.up("first")
    (running,) = deployed.sandbox.resources(DEPLOYMENT)
    deployed.sandbox.edit(running.id, "sku.capacity", 7)
    deployed.project.preview("--expect-no-changes")
    deployed.write("first", concurrent_requests=4)
    deployed.project.up("--refresh")
    (running,) = deployed.sandbox.resources(DEPLOYMENT)
    assert running.outputs["properties"]["requestSettings"]["maxConcurrentRequestsPerInstance"] == 4
    assert running.outputs["sku"]["capacity"] == 7


def test_beside_a_database_in_a_network_of_their_own(deployed: Deployed) -> None:
    deployed.up("first", database=True)
    outputs = deployed.project.outputs()
    assert outputs["database_grant"].startswith("CREATE USER [pricing-api")
    (running,) = deployed.sandbox.resources(DEPLOYMENT)
    assert running.inputs["properties"]["environmentVariables"]["DATABASE_HOST"].endswith(".database.windows.net")
    assert len(deployed.sandbox.resources("azure-native:network:VirtualNetwork")) == 1
    deployed.project.preview("--expect-no-changes")
    deployed.project.destroy()
    assert deployed.sandbox.resources() == []


def test_production_refuses_to_be_destroyed(deployed: Deployed) -> None:
    deployed.up("first", environment="prod")
    refused = deployed.project.destroy(check=False).failed()
    assert "protect" in refused.output
    assert deployed.sandbox.resources("azure-native:storage:StorageAccount")
