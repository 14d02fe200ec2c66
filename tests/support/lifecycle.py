"""One component in a stack of its own, which a test takes through its life: deployed, released, changed, destroyed.

    def test_it(deploy: Deploy) -> None:
        made = deploy("modeldeploy.aws.batch:AwsBatchJob", "credit")
        made.up(model=made.model("1"), environment="dev")
        made.expect_no_changes()
        made.destroy()

The component gets its arguments as a mapping from a file of the project, so that the next `up` is the same program with other arguments.
"""

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sandbox.testing import Sandbox
from tests.support.engine import Completed, Project, ProjectFactory

PROGRAM = """
import importlib
import json
from pathlib import Path

import pulumi

from modeldeploy import grid
from modeldeploy.grid import Cloud
from modeldeploy.spec import DatabaseArgs, Environment, NetworkArgs

given = json.loads(Path("arguments.json").read_text())
arguments = given["arguments"]
if given["database"]:
    cloud, environment = Cloud(given["cloud"]), Environment(arguments["environment"])
    network = grid.network(cloud)("beside", NetworkArgs(environment=environment))
    database = grid.database(cloud)("beside-data", DatabaseArgs(database="pricing", network=network.reference(), environment=environment))
    arguments |= {"network": network.reference(), "database": database.connection()}
module, _, name = given["component"].partition(":")
component = getattr(importlib.import_module(module), name)
made = component(given["name"], arguments)
for output in component.__annotations__:
    pulumi.export(output, getattr(made, output))
"""

CONFIG = {
    "aws": {"aws:region": "eu-west-1"},
    "azure": {"azure-native:location": "westeurope"},
    "gcp": {"gcp:project": "sandbox-project", "gcp:region": "europe-west1"},
}
IMAGES = {
    "aws": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/pricing@sha256:" + "a" * 64,
    "azure": "examplemodels.azurecr.io/pricing@sha256:" + "a" * 64,
    "gcp": "europe-west1-docker.pkg.dev/example-models/serving/pricing@sha256:" + "a" * 64,
}
"""An image by digest from the registry of each cloud."""

STEPS: dict[str, tuple[tuple[str, ...], dict[str, int]]] = {
    "first": (("1",), {}),
    "canary": (("1", "2"), {"1": 90, "2": 10}),
    "promote": (("1", "2"), {"1": 0, "2": 100}),
    "rollback": (("1", "2"), {"1": 100, "2": 0}),
    "finish": (("2",), {}),
}
"""Versions and traffic at each step of a release."""


@dataclass
class Deployment:
    """A stack with one component in it."""

    project: Project
    sandbox: Sandbox
    component: str
    name: str
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    """What every `up` passes, besides its own."""
    trained: int = 1
    """How often the model was trained: its files change with it."""

    @property
    def cloud(self) -> str:
        """The cloud of the component."""
        return self.component.split(".")[1]

    def model(self, version: str, **changes: Any) -> dict[str, Any]:
        """A version of the model `pricing`, from a folder of the project, in a container."""
        folder = self.project.directory / f"model-{version}"
        folder.mkdir(exist_ok=True)
        (folder / "model.pkl").write_text(f"model {version}, trained {self.trained}")
        return {"name": "pricing", "version": version, "source": folder.name, "container": {"image": IMAGES[self.cloud]}, **changes}

    def release(self, step: str, **changes: Any) -> dict[str, Any]:
        """The arguments `models` and `rollout` at a step of `STEPS`; `changes` are each model's."""
        versions, traffic = STEPS[step]
        return {"models": [self.model(version, **changes) for version in versions], "rollout": {"traffic": traffic}}

    def write(self, *, database: bool = False, **arguments: Any) -> None:
        """The arguments from now on, and whether there is a database beside the component."""
        given = {
            "component": self.component,
            "cloud": self.cloud,
            "name": self.name,
            "database": database,
            "arguments": {"environment": "dev", **self.arguments, **arguments},
        }
        (self.project.directory / "arguments.json").write_text(json.dumps(given))

    def up(self, *, database: bool = False, **arguments: Any) -> list[tuple[str, str]]:
        """Deploys with these arguments; operation and type of each step that changed something, in the order they ended."""
        self.write(database=database, **arguments)
        return self.again()

    def again(self, *options: str) -> list[tuple[str, str]]:
        """Deploys once more with the arguments there are."""
        events = self.project.directory / "events.json"
        events.unlink(missing_ok=True)
        self.project.run(
            *("up", "--stack", self.project.stack, "--yes", "--skip-preview", "--event-log", str(events), *options),
            environment={"PULUMI_DEBUG_COMMANDS": "true"},
        ).ok()
        told = [json.loads(line) for line in events.read_text().splitlines()]
        done = [each["resOutputsEvent"]["metadata"] for each in told if "resOutputsEvent" in each]
        # A component and the stack count as changed when their arguments do: only what a provider did counts.
        return [(each["op"], each["type"]) for each in done if each["op"] != "same" and (each["new"] or each["old"]).get("custom")]

    def expect_no_changes(self) -> None:
        """Fails unless a second run would change nothing."""
        self.project.preview("--expect-no-changes")

    def refused(self, **arguments: Any) -> Completed:
        """A deployment with these arguments that must fail."""
        self.write(**arguments)
        return self.project.up(check=False).failed()

    def destroy(self) -> None:
        """Destroys the stack; fails unless nothing is left."""
        self.project.destroy()
        assert [(each.token, each.id) for each in self.sandbox.resources()] == []
        assert self.sandbox.vertex_models() == []
        assert self.sandbox.vertex_pools_and_monitoring() == []


@dataclass
class Deploy:
    """Makes deployments; the fixture `deploy`."""

    project: ProjectFactory
    sandbox: Sandbox

    def __call__(self, component: str, name: str, **arguments: Any) -> Deployment:
        """A stack for `component` (`module:Class`), whose every `up` passes `arguments`."""
        made = self.project({"__main__.py": PROGRAM}, debug_providers=self.sandbox.debug_providers, name="pricing", stack="test")
        # The plugin with our own resources is beside the Python that runs the tests.
        path = os.pathsep.join([made.environment["PATH"], str(Path(sys.executable).parent)])
        made.environment.update({**self.sandbox.environment, "PATH": path, "MODELDEPLOY_VERTEX_POLL_SECONDS": "0.05"})
        stack_file = made.directory / f"Pulumi.{made.stack}.yaml"
        stack_file.write_text(stack_file.read_text() + yaml.safe_dump({"config": CONFIG[component.split(".")[1]]}))
        return Deployment(made, self.sandbox, component, name, dict(arguments))
