from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.testing import Sandbox, running_sandbox
from tests.sandbox.cloud import Cloud


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox on a free port with a database of its own."""
    with running_sandbox(tmp_path) as running:
        yield running


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """The service alone, in memory."""
    made = Cloud(":memory:")
    yield made
    made.store.close()
