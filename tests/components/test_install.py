"""The library in another repository: installed by pip into an empty environment, used by README's program from another folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.testing import running_sandbox
from tests.docs.test_readme import blocks
from tests.support.engine import ROOT, ProjectFactory, project_file

pytestmark = pytest.mark.engine


def test_readmes_program_deploys_an_endpoint_from_an_empty_environment(project: ProjectFactory, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    install = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-compile", str(ROOT / "components")]
    subprocess.run(install, check=True, cwd=tmp_path)
    (program,) = blocks("python")
    with running_sandbox(tmp_path) as sandbox:
        made = project(
            {"Pulumi.yaml": project_file(virtualenv=str(environment)), "__main__.py": program, "model/model.pkl": "weights"},
            environment=sandbox.environment,
        )
        made.configure({"aws:region": "eu-west-1"}).up(timeout=600)
        (endpoint,) = sandbox.resources("aws:sagemaker/endpoint:Endpoint")
        assert endpoint.outputs["endpointConfigName"]
        assert [each for each in made.resources() if each["type"] == "modeldeploy:index:SageMakerEndpoint"]
        made.preview("--expect-no-changes")
