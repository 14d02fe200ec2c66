"""Fixtures that the tests of all parts share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.testing import Sandbox, running_sandbox
from tests.support.engine import ProjectFactory, locate_engine


@pytest.fixture(scope="session")
def engine_bin() -> Path | None:
    """The folder of the built CLI; None where an installed one is on PATH. Fails when there is neither."""
    try:
        return locate_engine()
    except RuntimeError as error:
        pytest.fail(str(error))


@pytest.fixture
def own_language_host(engine_bin: Path | None) -> None:
    """For what the official language host does otherwise; skipped where that one is used."""
    if engine_bin is None:
        pytest.skip("an installed Pulumi CLI is used, with the official language host")


@pytest.fixture
def project(tmp_path: Path, engine_bin: Path | None) -> Iterator[ProjectFactory]:
    """Makes temporary projects: `project({"__main__.py": ...}).up()`."""
    factory = ProjectFactory(tmp_path, engine_bin)
    yield factory
    factory.close()


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox on a free port with a database of its own."""
    with running_sandbox(tmp_path) as running:
        yield running
