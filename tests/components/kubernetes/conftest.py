from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.kubernetes.control_plane import ControlPlane
from sandbox.testing import running_sandbox
from tests.components.kubernetes.cluster import PROGRAM, Stack
from tests.support.engine import ProjectFactory
from tests.support.kubernetes import control_plane

__all__ = ["control_plane"]

MakeStack = Callable[..., Stack]


@pytest.fixture
def stack(tmp_path: Path, project: ProjectFactory, control_plane: ControlPlane) -> Iterator[MakeStack]:
    """Makes a stack whose Kubernetes objects go to the real API server; gone with the test."""
    with running_sandbox(tmp_path, control_plane.client) as sandbox:
        made: list[Stack] = []

        def make(name: str, component: str = "KubernetesWorkload") -> Stack:
            program = project({"__main__.py": PROGRAM}, debug_providers=sandbox.debug_providers)
            made.append(Stack(program, control_plane, name, component))
            return made[-1]

        yield make
        for each in made:
            for left in each.left():
                namespaces = control_plane.client.kind("v1", "Namespace")
                assert namespaces is not None
                control_plane.client.delete(namespaces, None, left)
