"""The Google Cloud components through the real engine, against the sandbox: releases step by step, and destruction from each of them."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import Sandbox
from tests.components.gcp.program import DEPLOYED, ENDPOINT, IMAGE, INSTANCE, MODEL, SPLIT
from tests.support.engine import Project, ProjectFactory

pytestmark = pytest.mark.engine

PROGRAM = """
import json
from pathlib import Path

import pulumi

from modeldeploy.gcp.database import CloudSqlDatabase, CloudSqlDatabaseArgs
from modeldeploy.gcp.managed_endpoint import VertexEndpoint, VertexEndpointArgs
from modeldeploy.gcp.network import GoogleNetwork
from modeldeploy.spec import NetworkArgs
from modeldeploy.spec.arguments import parse

given = json.loads(Path("arguments.json").read_text())
args = parse(VertexEndpointArgs, given["endpoint"], "arguments.json")
placed = {}
if given["database"]:
    network = GoogleNetwork("pricing", NetworkArgs(environment=args.environment))
    database = CloudSqlDatabase(
        "pricing-data", CloudSqlDatabaseArgs(database="pricing", network=network.reference(), environment=args.environment)
    )
    placed = {"network": network.reference(), "database": database.connection()}
endpoint = VertexEndpoint("pricing-api", VertexEndpointArgs(**{**args.__dict__, **placed}))
for name in VertexEndpoint.__annotations__:
    pulumi.export(name, getattr(endpoint, name))
"""

STEPS: dict[str, tuple[list[str], dict[str, int]]] = {
    "first": (["1"], {}),
    "canary": (["1", "2"], {"1": 90, "2": 10}),
    "promote": (["1", "2"], {"1": 0, "2": 100}),
    "rollback": (["1", "2"], {"1": 100, "2": 0}),
    "finish": (["2"], {}),
}
EXPECTED = {
    "first": {"1": 100},
    "canary": {"1": 90, "2": 10},
    "promote": {"2": 100},
    "rollback": {"1": 100},
    "finish": {"2": 100},
}


@dataclass
class Deployment:
    """One stack with the endpoint in it."""

    project: Project
    sandbox: Sandbox
    trained: int = 1
    """How often the model was trained: its files change with it."""

    def write(self, step: str, *, database: bool = False, **changes: Any) -> None:
        """Change the configuration to a step of the release."""
        versions, traffic = STEPS[step]
        models = [{"name": "pricing", "version": version, "source": self._artifact(version), "container": {"image": IMAGE}} for version in versions]
        endpoint = {
            "models": models,
            "rollout": {"traffic": traffic},
            "environment": "dev",
            "access": {"callers": ["serviceAccount:shop@sandbox-project.iam.gserviceaccount.com"]},
            "operations": {"emails": ["team@example.com"]},
            **changes,
        }
        (self.project.directory / "arguments.json").write_text(json.dumps({"endpoint": endpoint, "database": database}))

    def up(self, step: str, **changes: Any) -> None:
        """Go to a step."""
        self.write(step, **changes)
        self.project.up()

    def served(self) -> dict[str, int]:
        """Percent of requests by version, as Vertex AI has it."""
        state = self.project.resources()
        versions = {each["outputs"]["deployedModelId"]: each["inputs"]["displayName"].split("-")[1] for each in state if each["type"] == DEPLOYED}
        (split,) = [each for each in state if each["type"] == SPLIT]
        return {versions[number]: int(percent) for number, percent in split["outputs"]["trafficSplit"].items()}

    def running(self) -> int:
        """How many models run on the endpoint, as Vertex AI has it."""
        (endpoint,) = self.sandbox.resources(ENDPOINT)
        return len(self.sandbox.deployed_models(endpoint.id))

    def nothing_is_left(self) -> None:
        """Fail unless everything is gone but what Google never deletes."""
        assert [(each.token, each.id) for each in self.sandbox.resources()] == []
        assert self.sandbox.vertex_models() == []

    def operations(self) -> list[tuple[str, str]]:
        """Operation and type of each step of an update, in the order they ended."""
        events = self.project.directory / "events.json"
        events.unlink(missing_ok=True)
        arguments = ["up", "--stack", "test", "--yes", "--skip-preview", "--event-log", str(events)]
        self.project.run(*arguments, environment={"PULUMI_DEBUG_COMMANDS": "true"}).ok()
        steps = [json.loads(line) for line in events.read_text().splitlines()]
        done = [each["resOutputsEvent"]["metadata"] for each in steps if "resOutputsEvent" in each]
        return [(each["op"], each["type"]) for each in done]

    def _artifact(self, version: str) -> str:
        folder = self.project.directory / f"model-{version}"
        (folder / "encoders").mkdir(parents=True, exist_ok=True)
        (folder / "model.pkl").write_text(f"model {version}, trained {self.trained}")
        (folder / "encoders" / "region.pkl").write_text("encoder")
        return folder.name


@pytest.fixture
def deployment(project: ProjectFactory, sandbox: Sandbox) -> Deployment:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    made = project({"__main__.py": PROGRAM}, debug_providers=sandbox.debug_providers, name="pricing", stack="test")
    made.environment.update({**sandbox.environment, "PATH": f"{made.environment['PATH']}{os.pathsep}{path}"})
    made.environment["MODELDEPLOY_VERTEX_POLL_SECONDS"] = "0.05"
    return Deployment(made.configure({"gcp:project": "sandbox-project", "gcp:region": "europe-west1"}), sandbox)


def test_a_release_goes_through_its_steps_and_changes_nothing_twice(deployment: Deployment) -> None:
    for step in ("first", "canary", "promote", "rollback", "promote", "finish"):
        deployment.up(step)
        assert deployment.served() == EXPECTED[step], step
        assert deployment.running() == len(STEPS[step][0]), step
        deployment.project.preview("--expect-no-changes")
    deployment.project.refresh("--expect-no-changes")
    deployment.project.destroy()
    deployment.nothing_is_left()


@pytest.mark.parametrize("step", ["first", "canary", "promote", "rollback"])
def test_destruction_from_each_step_leaves_nothing(deployment: Deployment, step: str) -> None:
    for each in dict.fromkeys(("first", step)):
        deployment.up(each)
    deployment.project.destroy()
    deployment.nothing_is_left()


def test_one_version_replaces_another_in_one_step_without_a_gap(deployment: Deployment) -> None:
    deployment.up("first")
    deployment.write("finish")
    order = deployment.operations()
    assert order.index(("create", DEPLOYED)) < order.index(("update", SPLIT)) < order.index(("delete", DEPLOYED)) < order.index(("delete", MODEL))
    assert deployment.served() == {"2": 100}
    assert deployment.running() == 1
    # The way in stayed, and so did the address.
    assert not [each for each in order if "forwardingRule" in each[1] and each[0] != "same"]


@pytest.mark.parametrize("change", ["machine", "training"])
def test_what_cannot_change_in_place_is_deployed_beside_the_old_one(deployment: Deployment, change: str) -> None:
    deployment.up("first")
    if change == "training":
        deployment.trained = 2
    deployment.write("first", **({"compute": {"instance_type": "n1-standard-4"}} if change == "machine" else {}))
    order = deployment.operations()
    assert order.index(("create-replacement", DEPLOYED)) < order.index(("update", SPLIT)) < order.index(("delete-replaced", DEPLOYED))
    assert deployment.served() == {"1": 100}
    assert deployment.running() == 1
    deployment.project.preview("--expect-no-changes")


def test_replicas_change_in_place(deployment: Deployment) -> None:
    deployment.up("first")
    deployment.write("first", scaling={"minimum": 1, "maximum": 4})
    changed = {type for operation, type in deployment.operations() if operation != "same"}
    # A component counts as changed when its arguments do.
    assert changed - {"pulumi:pulumi:Stack", "modeldeploy:index:VertexEndpoint"} == {DEPLOYED}


def test_beside_a_database_in_a_network_of_their_own(deployment: Deployment) -> None:
    deployment.up("first", database=True)
    outputs = deployment.project.outputs()
    assert outputs["database_grant"].startswith('GRANT SELECT ON ALL TABLES IN SCHEMA public TO "pricing-api-test@sandbox-project.iam"')
    assert len(deployment.sandbox.resources("gcp:compute/network:Network")) == 1
    deployment.project.preview("--expect-no-changes")
    deployment.project.destroy()
    deployment.nothing_is_left()


def test_a_public_endpoint_becomes_a_private_one_without_a_gap(deployment: Deployment) -> None:
    deployment.up("first", access={"exposure": "public"}, operations={"capture_percent": 10, "emails": []})
    assert ".prediction.vertexai.goog/v1/projects/" in deployment.project.outputs()["url"]
    assert not deployment.sandbox.resources("gcp:compute/network:Network")
    deployment.write("first")
    order = deployment.operations()
    assert order.index(("create-replacement", ENDPOINT)) < order.index(("delete-replaced", ENDPOINT))
    assert ".prediction.p.vertexai.goog/v1/projects/" in deployment.project.outputs()["url"]
    deployment.project.destroy()
    deployment.nothing_is_left()


def test_an_update_that_broke_off_is_ended_by_the_next_one(deployment: Deployment) -> None:
    deployment.write("first")
    deployment.sandbox.fault("gcp:compute/forwardingRule:ForwardingRule", "create", message="quota exceeded", times=1)
    failed = deployment.project.up(check=False).failed()
    assert "quota exceeded" in failed.output
    deployment.project.up()
    assert deployment.served() == {"1": 100}
    deployment.project.preview("--expect-no-changes")


def test_production_refuses_to_be_destroyed(deployment: Deployment) -> None:
    deployment.up("first", environment="prod", database=True)
    refused = deployment.project.destroy(check=False).failed()
    assert "protect" in refused.output
    for store in ("gcp:storage/bucket:Bucket", "gcp:storage/bucketObject:BucketObject", INSTANCE, "gcp:kms/cryptoKey:CryptoKey"):
        assert deployment.sandbox.resources(store), store
    # What was in front of them comes back.
    deployment.project.up()
    assert deployment.served() == {"1": 100}
    deployment.project.preview("--expect-no-changes")
