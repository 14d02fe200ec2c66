"""A sandbox for the tests that run the engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.testing import Sandbox, running_sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox on a free port with a database of its own."""
    with running_sandbox(tmp_path) as running:
        yield running
