"""The real engine with Kubernetes objects on a real API server."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.kubernetes.control_plane import ControlPlane
from sandbox.testing import Sandbox, running_sandbox
from tests.support.engine import ProjectFactory

pytestmark = pytest.mark.engine

PROGRAM = """
import pulumi
import pulumi_kubernetes as k8s

config = pulumi.Config()
name = config.require("space")
space = k8s.core.v1.Namespace("space", metadata={"name": name})
labels = {"app": "web"}
pod = {"containers": [{"name": "web", "image": config.get("image") or "example.com/web:1"}], "termination_grace_period_seconds": 1}
web = k8s.apps.v1.Deployment(
    "web",
    metadata={"namespace": space.metadata.name},
    spec={
        "selector": {"match_labels": labels},
        "min_ready_seconds": config.get_int("settle") or 0,
        "progress_deadline_seconds": 3,
        "template": {"metadata": {"labels": labels}, "spec": pod},
    },
)
secret = k8s.core.v1.Secret("token", metadata={"namespace": space.metadata.name}, string_data={"token": config.require_secret("token")})
pulumi.export("name", web.metadata.name)
"""


@pytest.fixture
def sandbox(tmp_path: Path, control_plane: ControlPlane) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path, control_plane.client) as running:
        yield running


def test_what_admission_refuses_is_seen_in_the_preview_and_nothing_is_changed(
    project: ProjectFactory, sandbox: Sandbox, control_plane: ControlPlane
) -> None:
    space = f"e-{uuid.uuid4().hex[:8]}"
    made = project({"__main__.py": PROGRAM}, debug_providers=sandbox.debug_providers)
    made.configure({"space": space}).configure({"token": "very-secret-token"}, secret=True)
    made.up()
    made.configure({"settle": "5"})
    refused = made.preview(check=False).failed().output
    assert "must be greater than minReadySeconds" in refused
    live = control_plane.client.list("apps/v1", "Deployment", space)[0]
    assert "minReadySeconds" not in live["spec"]
    made.configure({"settle": "0"})
    made.destroy()
    assert not [each for each in control_plane.client.list("v1", "Namespace") if each["metadata"]["name"] == space]


def test_a_secret_reaches_the_cluster_and_not_the_state_in_plain_text(project: ProjectFactory, sandbox: Sandbox, control_plane: ControlPlane) -> None:
    space = f"e-{uuid.uuid4().hex[:8]}"
    made = project({"__main__.py": PROGRAM}, debug_providers=sandbox.debug_providers)
    made.configure({"space": space}).configure({"token": "very-secret-token"}, secret=True)
    made.up()
    encoded = "dmVyeS1zZWNyZXQtdG9rZW4="
    assert control_plane.client.list("v1", "Secret", space)[0]["data"] == {"token": encoded}
    state = str(made.stack_export())
    assert "very-secret-token" not in state
    assert encoded not in state
    made.refresh()
    assert encoded not in str(made.stack_export())
    made.destroy()


def test_an_object_that_did_not_get_ready_is_kept_and_finished_by_the_next_run(
    project: ProjectFactory, sandbox: Sandbox, control_plane: ControlPlane
) -> None:
    image = "example.com/never:1"
    control_plane.nodes.broken.add(image)
    made = project({"__main__.py": PROGRAM}, debug_providers=sandbox.debug_providers)
    made.configure({"space": f"e-{uuid.uuid4().hex[:8]}", "image": image}).configure({"token": "x"}, secret=True)
    assert "did not become ready in time" in made.up(check=False).failed().output
    kinds = [each["type"].rpartition(":")[2] for each in made.resources()]
    assert "Deployment" in kinds, "the engine knows what it has made"
    made.configure({"image": "example.com/web:1"})
    made.up()
    made.destroy()
