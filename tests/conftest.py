"""Fixtures that the tests of all parts share."""

import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import modeldeploy.aws
import modeldeploy.azure
import modeldeploy.gcp
import modeldeploy.kubernetes
from sandbox.testing import Sandbox, running_sandbox
from tests.support.engine import ProjectFactory, locate_engine
from tests.support.warm_python import warm_python


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


@pytest.fixture(scope="session")
def virtualenv(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The virtual environment of the programs that tests run: one that has the clouds' SDKs loaded."""
    modules = [
        f"{package.__name__}.{module.name}"
        for package in (modeldeploy.aws, modeldeploy.azure, modeldeploy.gcp, modeldeploy.kubernetes)
        for module in pkgutil.iter_modules(package.__path__)
    ]
    with warm_python(tmp_path_factory.mktemp("warm"), modules) as folder:
        yield folder


@pytest.fixture
def project(tmp_path: Path, engine_bin: Path | None, virtualenv: Path) -> Iterator[ProjectFactory]:
    """Makes temporary projects: `project({"__main__.py": ...}).up()`."""
    factory = ProjectFactory(tmp_path, engine_bin, str(virtualenv))
    yield factory
    factory.close()


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox on a free port with a database of its own."""
    with running_sandbox(tmp_path) as running:
        yield running
