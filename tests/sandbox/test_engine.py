import pytest

from sandbox.testing import Sandbox
from tests.sandbox import programs
from tests.support.engine import ProjectFactory

pytestmark = pytest.mark.engine

CONFIG = {"aws:region": "us-east-1", "gcp:project": "sandbox-project", "gcp:region": "us-central1", "azure-native:location": "westeurope"}


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (programs.AWS, "arn:aws:sagemaker:us-east-1:000000000000:endpoint/endpoint-"),
        (programs.AZURE, "https://price-endpoint.westeurope.inference.ml.azure.com/score"),
        (programs.GCP, "projects/sandbox-project/locations/us-central1/endpoints/1234567890"),
        (programs.KUBERNETES, "price-"),
    ],
    ids=["aws", "azure", "gcp", "kubernetes"],
)
def test_a_program_goes_up_stays_put_and_leaves_nothing(sandbox: Sandbox, project: ProjectFactory, program: str, expected: str) -> None:
    made = project({"__main__.py": program}, debug_providers=sandbox.debug_providers).configure(CONFIG)
    made.preview()
    assert sandbox.resources() == []
    made.up()
    assert any(str(value).startswith(expected) for value in made.outputs().values())
    made.preview("--expect-no-changes")
    made.refresh("--expect-no-changes")
    made.destroy()
    assert sandbox.resources() == []
