"""The root project against a sandbox: what `pulumi up` of a stack meets."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.testing import Sandbox
from tests.support.engine import ROOT, Project, ProjectFactory

IMAGES = {
    "aws": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/dynamic-pricing@sha256:" + "a" * 64,
    "azure": "examplemodels.azurecr.io/dynamic-pricing@sha256:" + "b" * 64,
    "gcp": "europe-west1-docker.pkg.dev/example-models/serving/dynamic-pricing@sha256:" + "c" * 64,
}


class StackUnderTest:
    """A stack of the root project, in a copy of its configuration, so that tests change nothing in the checkout."""

    def __init__(self, project: Project, sandbox: Sandbox, cloud: str, folder: Path) -> None:
        self.project = project
        self.sandbox = sandbox
        self.cloud = cloud
        self.folder = folder

    def configure(self, *versions: str, traffic: dict[str, int] | None = None, **changes: Any) -> None:
        """Write the configuration: these versions deployed, this traffic, and whatever else changes in the workload."""
        workload = {
            "environment": "dev",
            "models": [{"version": version, "source": self._artifact(version), "images": IMAGES} for version in versions],
            **({"rollout": {"traffic": traffic}} if traffic else {}),
            **changes,
        }
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

    def _artifact(self, version: str) -> str:
        directory = self.folder / "models" / version
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "model.pkl").write_text(f"weights of version {version}")
        return str(directory)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The root project with a stacks folder of its own."""
    directory = tmp_path / "checkout"
    directory.mkdir()
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / name, directory)
    shutil.copytree(ROOT / "stacks", directory / "stacks", ignore=shutil.ignore_patterns("Pulumi.*", "__pycache__"))
    for name in (".venv", "components", "policies"):
        (directory / name).symlink_to(ROOT / name)
    return directory


@pytest.fixture
def stack(request: pytest.FixtureRequest, project: ProjectFactory, sandbox: Sandbox, checkout: Path, tmp_path: Path) -> StackUnderTest:
    """Stack `dynamic-pricing.test` on the cloud that the test is parametrized with."""
    made = project(directory=checkout, stack="dynamic-pricing.test", environment=sandbox.environment, policy_pack=ROOT / "policies")
    return StackUnderTest(made, sandbox, request.param, tmp_path)
