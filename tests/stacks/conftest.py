"""The root project against a sandbox: what `pulumi up` of a stack meets."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.matrix import copy_project
from sandbox.testing import Sandbox
from tests.support.engine import Project, ProjectFactory
from tests.support.lifecycle import IMAGES

STAYS = ("gcp:projects/iAMAuditConfig:IAMAuditConfig",)
"""Belongs to the project, whose other records it is the audit log of as well (docstring of `GoogleFhirStore`)."""
LOADERS = {cloud: image.replace("/pricing@", "/loader@") for cloud, image in IMAGES.items()}

CLOUD_ARGUMENTS: dict[tuple[str, str], dict[str, Any]] = {
    ("drug-recommendation", "azure"): {"application_id": "11111111-2222-3333-4444-555555555555"},
    ("demand-forecasting", "azure"): {"scoring_folder": "stacks/shared/scoring_script"},
}
"""What the component of a cloud asks for besides."""


@dataclass
class StackUnderTest:
    """A stack of the root project, in a copy of its configuration, so that tests change nothing in the checkout."""

    project: Project
    sandbox: Sandbox
    name: str
    cloud: str
    folder: Path
    before: list[str] = field(default_factory=list[str])
    """Ids of what was there before the stack."""

    def configure(self, **changes: Any) -> None:
        """Write the configuration of a development environment, with changes to the workload."""
        workload = {"environment": "dev", "cloud_arguments": {self.cloud: CLOUD_ARGUMENTS.get((self.name, self.cloud), {})}, **changes}
        config = {
            "modeldeploy:cloud": self.cloud,
            "modeldeploy:workload": workload,
            "aws:region": "eu-west-1",
            "azure-native:location": "westeurope",
            "gcp:project": "sandbox-project",
            "gcp:region": "europe-west1",
        }
        path = self.project.directory / "stacks" / f"Pulumi.{self.project.stack}.yaml"
        path.write_text(json.dumps({**yaml.safe_load(path.read_text()), "config": config}))

    def release(self, version: str) -> dict[str, Any]:
        """A version of the model, as the configuration names it, whose artifact is on this machine."""
        directory = self.folder / "models" / version
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "model.pkl").write_text(f"weights of version {version}")
        return {"version": version, "source": str(directory), "images": IMAGES}

    def destroy(self) -> None:
        """Destroys the stack; fails unless nothing is left."""
        self.project.destroy()
        self.nothing_is_left()

    def nothing_is_left(self) -> None:
        """Fails unless the sandbox is empty, but for what is documented to stay."""
        left = [record for record in self.sandbox.resources() if record.id not in self.before and record.token not in STAYS]
        assert [f"{record.token} {record.id}" for record in left] == []
        assert self.sandbox.vertex_models() == []


MakeStack = Callable[[str, str], StackUnderTest]


@pytest.fixture
def make_stack(project: ProjectFactory, sandbox: Sandbox, virtualenv: Path, tmp_path: Path) -> MakeStack:
    """Makes a stack of a project on a cloud."""

    def make(name: str, cloud: str) -> StackUnderTest:
        directory = tmp_path / "checkout"
        directory.mkdir()
        copy_project(directory, virtualenv)
        made = project(directory=directory, stack=f"{name}.test", environment={**sandbox.environment, "MODELDEPLOY_VERTEX_POLL_SECONDS": "0.05"})
        return StackUnderTest(made, sandbox, name, cloud, tmp_path)

    return make
