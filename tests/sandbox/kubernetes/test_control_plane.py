"""Starting and stopping a control plane."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from sandbox.kubernetes.client import ApiError, Client
from sandbox.kubernetes.control_plane import CONTROLLERS, ControlPlane, StartError
from tests.support.engine import ROOT

pytestmark = pytest.mark.engine


def test_it_is_the_version_that_was_built_and_knows_the_custom_resources(control_plane: ControlPlane) -> None:
    assert control_plane.client.request("GET", "/version")["gitVersion"] == "v1.37.2"
    for api_version, kind in (
        ("gateway.networking.k8s.io/v1", "HTTPRoute"),
        ("keda.sh/v1alpha1", "ScaledObject"),
        ("monitoring.coreos.com/v1", "ServiceMonitor"),
        ("monitoring.coreos.com/v1", "PrometheusRule"),
        ("serving.kserve.io/v1beta1", "InferenceService"),
    ):
        assert control_plane.client.kind(api_version, kind) is not None, kind
    assert control_plane.client.kind("example.com/v1", "Widget") is None


def test_the_definition_that_is_ours_says_so(control_plane: ControlPlane) -> None:
    definitions = control_plane.client.list("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    ours = [each["metadata"]["name"] for each in definitions if "modeldeploy/source" in each["metadata"].get("annotations", {})]
    assert ours == ["inferenceservices.serving.kserve.io"]


def test_nobody_gets_in_without_a_token(control_plane: ControlPlane) -> None:
    stranger = Client(control_plane.client.server, "wrong", control_plane.client.authority)
    with pytest.raises(ApiError) as refused:
        stranger.request("GET", "/api/v1/namespaces")
    assert refused.value.code == 401
    assert control_plane.kubeconfig.stat().st_mode & 0o077 == 0


def test_rights_are_checked(control_plane: ControlPlane) -> None:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": "system:serviceaccount:default:default", "resourceAttributes": {"verb": "list", "resource": "secrets"}},
    }
    answer = control_plane.client.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    assert answer["status"]["allowed"] is False


def test_the_kubeconfig_names_it(control_plane: ControlPlane) -> None:
    config = yaml.safe_load(control_plane.kubeconfig.read_text())
    assert config["clusters"][0]["cluster"]["server"] == control_plane.client.server


def test_the_controllers_are_known_to_this_kubernetes(control_plane: ControlPlane) -> None:
    assert "is not a valid" not in control_plane.log("kube-controller-manager", 1000)
    assert len(CONTROLLERS) == 12


def test_a_command_that_ends_at_once_is_reported_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plane = ControlPlane(tmp_path / "plane")
    (tmp_path / "bin").mkdir()
    for command in ("etcd", "kube-apiserver"):
        (tmp_path / "bin" / command).write_text("#!/bin/sh\necho no room left >&2\nexit 1\n")
        (tmp_path / "bin" / command).chmod(0o755)
    monkeypatch.setattr(plane, "_bin", tmp_path / "bin")
    with pytest.raises(StartError, match=r"(?s)etcd ended\. .*no room left"):
        plane.start()


def test_it_ends_with_the_process_that_started_it(control_plane: ControlPlane, tmp_path: Path) -> None:
    program = (
        "import time\nfrom sandbox.kubernetes.control_plane import running_control_plane\n"
        "with running_control_plane() as plane:\n    print(plane.client.server, flush=True)\n    time.sleep(60)\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        server = process.stdout.readline().strip()
        assert server.startswith("https://127.0.0.1:")
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(str(tmp_path) in command for command in commands()):
        assert time.monotonic() < deadline, "something was left running"
        time.sleep(0.1)


def commands() -> list[str]:
    """The command lines of what runs on this machine."""
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return [each for each in found if each.split(" ")[0].endswith(("etcd", "kube-apiserver", "kube-controller-manager"))]
