"""The AWS components through the real engine, against the sandbox: releases step by step, and destruction from each of them."""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.drift import edit
from sandbox.testing import Sandbox
from tests.support.engine import Completed, Project, ProjectFactory

pytestmark = pytest.mark.engine

PROGRAM = """
import json
from pathlib import Path

import pulumi

from modeldeploy.aws.database import RdsDatabase, RdsDatabaseArgs
from modeldeploy.aws.managed_endpoint import SageMakerEndpoint, SageMakerEndpointArgs
from modeldeploy.aws.network import AwsNetwork, AwsNetworkArgs
from modeldeploy.spec.arguments import parse

given = json.loads(Path("arguments.json").read_text())
args = parse(SageMakerEndpointArgs, given["endpoint"], "arguments.json")
placed = {}
if given["database"]:
    network = AwsNetwork("pricing", AwsNetworkArgs(environment=args.environment))
    database = RdsDatabase("pricing-data", RdsDatabaseArgs(database="pricing", network=network.reference(), environment=args.environment))
    placed = {"network": network.reference(), "database": database.connection()}
endpoint = SageMakerEndpoint("pricing-api", SageMakerEndpointArgs(**{**args.__dict__, **placed}))
for name in SageMakerEndpoint.__annotations__:
    pulumi.export(name, getattr(endpoint, name))
"""

IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/pricing@sha256:" + "a" * 64
CALLER = "arn:aws:iam::111122223333:role/shop"
CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
MODEL = "aws:sagemaker/model:Model"
TARGET = "aws:appautoscaling/target:Target"
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"

STEPS: dict[str, tuple[list[str], dict[str, int]]] = {
    "first": (["1"], {}),
    "canary": (["1", "2"], {"1": 90, "2": 10}),
    "promote": (["1", "2"], {"1": 0, "2": 100}),
    "rollback": (["1", "2"], {"1": 100, "2": 0}),
    "finish": (["2"], {}),
}
EXPECTED = {
    "first": {"production": 100.0},
    "canary": {"production": 90.0, "challenger": 10.0},
    "promote": {"production": 100.0, "challenger": 0.0},
    "rollback": {"production": 100.0, "challenger": 0.0},
    "finish": {"production": 100.0},
}


@dataclass
class Deployment:
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

    def served(self) -> dict[str, float]:
        """Weight by variant of the configuration that the endpoint serves."""
        (endpoint,) = self.sandbox.resources(ENDPOINT)
        (configuration,) = [each for each in self.sandbox.resources(CONFIG) if each.id == endpoint.inputs["endpointConfigName"]]
        return {each["variantName"]: each["initialVariantWeight"] for each in configuration.inputs["productionVariants"]}

    def scaled(self) -> list[str]:
        """The variants that are registered for scaling."""
        return sorted(each.inputs["resourceId"].rpartition("/")[2] for each in self.sandbox.resources(TARGET))

    def _artifact(self, version: str) -> str:
        folder = self.project.directory / f"model-{version}"
        folder.mkdir(exist_ok=True)
        (folder / "model.pkl").write_text(f"model {version}")
        return folder.name


@pytest.fixture
def deployment(project: ProjectFactory, sandbox: Sandbox) -> Deployment:
    made = project({"__main__.py": PROGRAM}, debug_providers=sandbox.debug_providers, name="pricing", stack="test")
    return Deployment(made.configure({"aws:region": "eu-west-1"}), sandbox)


def test_a_release_goes_through_its_steps_and_changes_nothing_twice(deployment: Deployment) -> None:
    for step in ("first", "canary", "promote", "rollback", "promote", "finish"):
        deployment.up(step)
        assert deployment.served() == EXPECTED[step], step
        assert deployment.scaled() == sorted(name for name, weight in EXPECTED[step].items() if weight), step
        assert len(deployment.sandbox.resources(CONFIG)) == 1, step
        deployment.project.preview("--expect-no-changes")
    deployment.project.refresh("--expect-no-changes")
    deployment.project.destroy()
    assert deployment.sandbox.resources() == []


@pytest.mark.parametrize("step", ["canary", "promote", "rollback"])
def test_destruction_from_each_step_leaves_nothing(deployment: Deployment, step: str) -> None:
    deployment.up("canary")
    if step != "canary":
        deployment.up(step)
    deployment.project.destroy()
    assert deployment.sandbox.resources() == []


def test_one_version_replaces_another_in_one_step(deployment: Deployment) -> None:
    deployment.up("first")
    (before,) = deployment.sandbox.resources(TARGET)
    deployment.up("finish")
    (after,) = deployment.sandbox.resources(TARGET)
    assert deployment.served() == {"production": 100.0}
    assert deployment.project.outputs()["model_version"] == "2"
    # The registration was left alone: the variant stays.
    assert after.id == before.id


def test_beside_a_database_in_a_network_of_their_own(deployment: Deployment) -> None:
    deployment.up("first", database=True)
    outputs = deployment.project.outputs()
    assert outputs["database_grant"].startswith("DO $$ BEGIN CREATE USER pricing_api")
    (model,) = deployment.sandbox.resources(MODEL)
    assert model.inputs["primaryContainer"]["environment"]["DATABASE_HOST"].endswith(".eu-west-1.rds.amazonaws.com")
    assert len(deployment.sandbox.resources("aws:ec2/vpc:Vpc")) == 1
    deployment.project.preview("--expect-no-changes")
    deployment.project.destroy()
    assert deployment.sandbox.resources() == []


def test_another_machine_takes_the_registrations_away_before_the_endpoint_changes(deployment: Deployment) -> None:
    deployment.up("first")
    deployment.write("first", compute={"instance_type": "ml.m5.xlarge"})
    done = steps(deployment.project.up())
    deregistered = done.index(("aws:appautoscaling:Target", "deleted"))
    updated = done.index(("aws:sagemaker:Endpoint", "updated"))
    registered = done.index(("aws:appautoscaling:Target", "created"))
    assert deregistered < updated < registered
    assert deployment.scaled() == ["production"]
    deployment.project.preview("--expect-no-changes")


def test_a_version_that_still_serves_can_be_dropped(deployment: Deployment) -> None:
    deployment.up("canary")
    deployment.write("first")
    done = steps(deployment.project.up())
    # SageMaker refuses to remove a variant that is registered for scaling: both registrations go first, one comes back.
    assert done[: done.index(("aws:sagemaker:Endpoint", "updated"))].count(("aws:appautoscaling:Target", "deleted")) == 2
    assert deployment.served() == {"production": 100.0}
    assert deployment.scaled() == ["production"]


def test_an_update_that_sagemaker_rolled_back_deletes_nothing(deployment: Deployment) -> None:
    deployment.up("first")
    (endpoint,) = deployment.sandbox.resources(ENDPOINT)
    old = endpoint.inputs["endpointConfigName"]
    # While the run asks which configuration is served, the endpoint goes back to what it was.
    deployment.sandbox.fault("aws:cloudcontrol/getResource:getResource", "invoke", delay=5)
    deployment.write("finish")
    running = deployment.project.start("up", "--stack", deployment.project.stack, "--yes", "--skip-preview")
    running.wait_for(lambda: deployment.sandbox.resources(ENDPOINT)[0].inputs["endpointConfigName"] != old)
    edit(deployment.sandbox.store, deployment.sandbox.resources(ENDPOINT)[0], ["endpointConfigName"], old)
    failed = running.finish().failed()
    assert f"it serves configuration '{old}', not '" in failed.output
    assert old in [each.id for each in deployment.sandbox.resources(CONFIG)]
    assert len(deployment.sandbox.resources(MODEL)) == 2
    # After a refresh the next run ends the work.
    deployment.sandbox.clear_faults()
    deployment.project.refresh()
    deployment.project.up()
    assert deployment.served() == {"production": 100.0}
    assert old not in [each.id for each in deployment.sandbox.resources(CONFIG)]
    assert len(deployment.sandbox.resources(MODEL)) == 1


def test_guardrails_keep_the_variant_and_switching_them_off_makes_another_endpoint(deployment: Deployment) -> None:
    guarded: dict[str, Any] = {"guardrails": {"canary_percent": 25, "bake_minutes": 10}}
    deployment.up("first", **guarded)
    deployment.up("finish", **guarded)
    (endpoint,) = deployment.sandbox.resources(ENDPOINT)
    assert endpoint.inputs["deploymentConfig"]["blueGreenUpdatePolicy"]["trafficRoutingConfiguration"]["type"] == "CANARY"
    deployment.project.preview("--expect-no-changes")
    deployment.write("finish")
    done = steps(deployment.project.up())
    assert done.index(("aws:sagemaker:Endpoint", "created")) < done.index(("aws:sagemaker:Endpoint", "deleted"))
    (other,) = deployment.sandbox.resources(ENDPOINT)
    assert (endpoint.id, other.id) == ("pricing-api-guarded-pricing-test", "pricing-api-pricing-test")
    deployment.project.destroy()
    assert deployment.sandbox.resources() == []


def test_production_refuses_to_be_destroyed(deployment: Deployment) -> None:
    deployment.up("first", environment="prod")
    refused = deployment.project.destroy(check=False).failed()
    assert "protect" in refused.output
    assert deployment.sandbox.resources("aws:s3/bucket:Bucket")


def steps(done: Completed) -> list[tuple[str, str]]:
    """Type and what became of it ("created", "deleted", "updated"), in the order the run told."""
    return re.findall(r"^ *[-+~]+ +(\S+) \S+ (created|updated|deleted)\b", done.stdout, re.MULTILINE)
