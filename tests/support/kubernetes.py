"""A Kubernetes control plane for tests: one for each worker of a run, built when it is missing."""

from collections.abc import Iterator

import pytest

from sandbox.kubernetes.control_plane import ControlPlane, running_control_plane


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """A real API server with its controllers, on the loopback interface. It takes minutes the first time on a machine."""
    with running_control_plane() as plane:
        yield plane
