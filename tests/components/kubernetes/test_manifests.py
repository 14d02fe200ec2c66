"""The same components as YAML files for GitOps: valid for a real API server, and what independent tools say about them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.kubernetes.control_plane import ControlPlane
from sandbox.testing import running_sandbox
from tests.components.kubernetes.cluster import PROGRAM, manifests, write
from tests.components.kubernetes.test_lifecycle import VARIANTS
from tests.support.engine import ProjectFactory
from tests.support.tools import checkov, kube_score

pytestmark = pytest.mark.engine

KUBE_SCORE_ANSWERED = {
    (
        "pod-probes-identical",
        "Deployment",
    ): "a model's container has one health path (SageMaker's, Vertex AI's and Azure ML's contract); liveness waits four times as long as readiness",
    (
        "networkpolicy-targets-pod",
        "NetworkPolicy",
    ): "the pods of an InferenceService are made by KServe, which copies the labels the policy selects",
    ("deployment-has-host-podantiaffinity", "Deployment"): "topology spread over machines and zones does the same, and is what Kubernetes recommends",
    ("deployment-replicas", "Deployment"): "KEDA owns the number, which may be zero",
}
"""Findings that stay, by check and kind, each with the reason."""

CHECKOV_ANSWERED: dict[str, str] = {}
"""Findings that stay, by check."""


def rendered(name: str) -> tuple[str, dict[str, Any]]:
    """A variant's component and arguments, for files that somebody else applies."""
    variant = VARIANTS[name]
    serves = variant.component == "KubernetesWorkload"
    extra: dict[str, Any] = {"gitops": True, "scaling": {**variant.arguments["scaling"], "minimum": 2, "maximum": 4}} if serves else {}
    return variant.component, {**variant.arguments, **extra}


def test_the_files_are_valid_and_go_away_and_the_checkers_find_nothing(project: ProjectFactory, tmp_path: Path, control_plane: ControlPlane) -> None:
    names = {f"files-{index}": name for index, name in enumerate(VARIANTS)}
    with running_sandbox(tmp_path, control_plane.client) as sandbox:
        made = project({"__main__.py": PROGRAM}, debug_providers=sandbox.debug_providers)
        folder = made.directory / "files"
        write(made, {given: rendered(name) for given, name in names.items()}, render=folder)
        made.up()
        files = manifests(folder)
        for given, name in names.items():
            assert any(f"namespace: {given}-dev" in each.read_text() for each in files), name
        made.preview("--expect-no-changes")
        there = {each["metadata"]["name"] for each in control_plane.client.list("v1", "Namespace")}
        assert not there & {f"{given}-dev" for given in names}, "no cluster was asked"

        assert refusals(files, control_plane) == []
        assert scored(files) <= KUBE_SCORE_ANSWERED.keys()
        assert checked(folder) <= CHECKOV_ANSWERED.keys()

        made.destroy()
        assert manifests(folder) == []
        namespaces = control_plane.client.kind("v1", "Namespace")
        assert namespaces is not None
        for given in names:
            control_plane.client.delete(namespaces, None, f"{given}-dev")


def refusals(files: list[Path], plane: ControlPlane) -> list[str]:
    """What the API server says of the files, in the order `kubectl apply` takes them. Only the namespace is really made."""
    found: list[str] = []
    objects = [yaml.safe_load(file.read_text()) for file in files]
    objects.sort(key=lambda each: each["kind"] != "Namespace")
    for each in objects:
        kind = plane.client.kind(each["apiVersion"], each["kind"])
        assert kind is not None, each["kind"]
        try:
            plane.client.apply(kind, each, "gitops", force=True, dry_run=each["kind"] != "Namespace")
        except Exception as error:
            found.append(f"{each['kind']}: {error}")
    return found


def scored(files: list[Path]) -> set[tuple[str, str]]:
    """kube-score's findings: check and kind."""
    command = [*kube_score(), "score", "--kubernetes-version", "v1.37", "--output-format", "json", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found: set[tuple[str, str]] = set()
    for scored_object in json.loads(done.stdout):
        for check in scored_object["checks"] or []:
            if not check["skipped"] and check["grade"] < 10:
                found.add((check["check"]["id"], scored_object["type_meta"]["kind"]))
    return found


def checked(folder: Path) -> set[str]:
    """Checkov's findings."""
    command = [*checkov(), "--directory", str(folder), "--framework", "kubernetes", "--skip-download", "--compact", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert report["summary"]["passed"] > 0
    return {each["check_id"] for each in report["results"]["failed_checks"]}


def test_the_checkers_do_find_what_is_wrong(tmp_path: Path) -> None:
    bad = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "bad"},
        "spec": {"containers": [{"name": "x", "image": "x:latest", "securityContext": {"privileged": True}}]},
    }
    (tmp_path / "bad.yaml").write_text(yaml.safe_dump(bad))
    assert "CKV_K8S_16" in checked(tmp_path)
    assert ("container-security-context-privileged", "Pod") in scored([tmp_path / "bad.yaml"])
