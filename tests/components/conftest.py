"""What tests of components share."""

import pytest

from sandbox.testing import Sandbox
from tests.support.engine import ProjectFactory
from tests.support.lifecycle import Deploy


@pytest.fixture
def deploy(project: ProjectFactory, sandbox: Sandbox) -> Deploy:
    """Makes a stack with one component in it."""
    return Deploy(project, sandbox)
