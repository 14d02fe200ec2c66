"""Releases on a real API server with its controllers: canary, blue and green, rollback, a version that never starts, pods coming and going."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sandbox.kubernetes.client import Object
from tests.components.kubernetes.cluster import Stack
from tests.components.kubernetes.conftest import MakeStack
from tests.components.kubernetes.test_lifecycle import FEW, GATEWAY, IMAGE, NEWER, WORKLOAD, ZERO, model

pytestmark = pytest.mark.engine

BROKEN = "registry.example.com/team/pricing@sha256:" + "d" * 64


def release(*versions: str, **arguments: Any) -> dict[str, Any]:
    return {"models": [model(version) for version in versions], "scaling": FEW, **arguments}


def weights(made: Stack) -> dict[str, int]:
    route = made.live("gateway.networking.k8s.io/v1", "HTTPRoute")
    return {each["name"]: each["weight"] for each in route["spec"]["rules"][0]["backendRefs"]}


def served(made: Stack) -> str:
    """The version that callers inside the cluster get."""
    return str(made.live("v1", "Service")["spec"]["selector"]["app.kubernetes.io/version"])


def addresses(made: Stack, service: str) -> list[str]:
    """The ready pods behind a Service, as the cluster's own controller finds them."""
    slices = made.client.list("discovery.k8s.io/v1", "EndpointSlice", made.namespace, f"kubernetes.io/service-name={service}")
    found = [endpoint for each in slices for endpoint in each.get("endpoints") or [] if endpoint["conditions"].get("ready")]
    return [endpoint["addresses"][0] for endpoint in found]


def pods(made: Stack, **labels: str) -> list[Object]:
    selector = ",".join(f"app.kubernetes.io/{key}={value}" for key, value in labels.items())
    return made.client.list("v1", "Pod", made.namespace, selector)


def test_a_canary_gets_its_share_and_goes_on_back_and_on_again(stack: MakeStack) -> None:
    made = stack("canary")
    made.up(**release("1", route=GATEWAY))
    assert weights(made) == {"canary-v1": 100}

    made.up(**release("1", "2", route=GATEWAY, rollout={"traffic": {"1": 90, "2": 10}}))
    assert weights(made) == {"canary-v1": 90, "canary-v2": 10}
    assert served(made) == made.outputs()["model_version"] == "1"
    assert addresses(made, "canary-v2"), "the canary has pods before it has requests"

    rollback = release("1", "2", route=GATEWAY, rollout={"traffic": {"1": 100, "2": 0}})
    made.up(**rollback)
    assert weights(made) == {"canary-v1": 100, "canary-v2": 0}
    made.up(**release("1", "2", route=GATEWAY, rollout={"traffic": {"1": 0, "2": 100}}))
    assert weights(made) == {"canary-v1": 0, "canary-v2": 100}
    assert served(made) == "2"

    made.up(**release("2", route=GATEWAY))
    assert weights(made) == {"canary-v2": 100}
    assert not pods(made, instance="canary", version="1")
    made.project.destroy()
    assert made.left() == []


def test_green_takes_over_from_blue_in_one_step_and_gives_back_in_one(stack: MakeStack) -> None:
    made = stack("bluegreen")
    made.up(**release("1"))
    made.up(**release("1", "2", rollout={"traffic": {"1": 100, "2": 0}}))
    wait(lambda: addresses(made, "bluegreen-v1") and addresses(made, "bluegreen-v2"))
    blue, green = addresses(made, "bluegreen-v1"), addresses(made, "bluegreen-v2")
    assert sorted(addresses(made, "bluegreen")) == sorted(blue)

    made.up(**release("1", "2", rollout={"traffic": {"1": 0, "2": 100}}))
    wait(lambda: sorted(addresses(made, "bluegreen")) == sorted(green))
    assert addresses(made, "bluegreen-v1") == blue, "blue is still there"
    made.up(**release("1", "2", rollout={"traffic": {"1": 100, "2": 0}}))
    wait(lambda: sorted(addresses(made, "bluegreen")) == sorted(blue))
    made.project.destroy()


def test_a_new_version_replaces_the_old_one_without_a_moment_with_nobody(stack: MakeStack) -> None:
    made = stack("replaced")
    made.up(**release("1"))
    with least_addresses(made, "replaced") as seen:
        made.up(**release("2"))
    assert min(seen) >= 1, "the Service moved before the old version went"
    assert served(made) == "2"

    with least_addresses(made, "replaced") as seen:
        made.up(**{**release("2"), "models": [model("2", image=NEWER)]})
    assert min(seen) >= 1, "a rolling update starts a pod before it ends one"
    assert {pod["spec"]["containers"][0]["image"] for pod in pods(made, instance="replaced")} == {NEWER}
    made.project.destroy()


@contextmanager
def least_addresses(made: Stack, service: str) -> Iterator[list[int]]:
    """Counts the ready pods behind a Service all the time."""
    seen: list[int] = []
    stopped = threading.Event()

    def watch() -> None:
        while not stopped.wait(0.05):
            seen.append(len(addresses(made, service)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield seen
    stopped.set()
    watcher.join()


def test_a_version_that_never_starts_gets_no_requests_and_the_next_run_puts_it_right(stack: MakeStack) -> None:
    made = stack("broken")
    made.up(**release("1", start_seconds=10))
    made.plane.nodes.broken.add(BROKEN)
    bad = {**release("1", "2", start_seconds=10), "models": [model(), model("2", image=BROKEN)], "rollout": {"traffic": {"1": 0, "2": 100}}}

    failed = made.project
    made.write(**bad)
    output = failed.up(check=False).failed().output
    assert "did not become ready in time" in output
    assert served(made) == "1"
    assert addresses(made, "broken")

    made.up(**release("1", start_seconds=10))
    assert not pods(made, instance="broken", version="2")
    assert made.up() == {}
    made.project.destroy()
    assert made.left() == []


def test_the_pods_are_admitted_by_their_own_namespace_s_rules_and_quota(stack: MakeStack) -> None:
    made = stack("admitted")
    made.up(**release("1", "2", rollout={"traffic": {"1": 100, "2": 0}}))
    assert len(pods(made, instance="admitted")) == 2
    used = made.live("v1", "ResourceQuota")["status"]["used"]
    assert (used["pods"], used["requests.cpu"], used["limits.memory"]) == ("2", "1", "4Gi")
    made.project.destroy()


def test_an_idle_workload_is_scaled_to_zero_and_stays_there(stack: MakeStack) -> None:
    made = stack("idle")
    made.up(**{**WORKLOAD, "scaling": {**FEW, "to_zero": ZERO}})
    # What KEDA's operator does when nothing is to be done.
    path = f"/apis/apps/v1/namespaces/{made.namespace}/deployments/idle-v1/scale"
    made.client.merge(path, {"spec": {"replicas": 0}}, "keda")
    wait(lambda: not pods(made, instance="idle"))

    assert made.up("--refresh") == {}
    made.up(**{**WORKLOAD, "models": [model(image=NEWER)], "scaling": {**FEW, "to_zero": ZERO}})
    assert made.live("apps/v1", "Deployment", "idle-v1")["spec"]["replicas"] == 0, "a release wakes nobody"
    made.project.destroy()


def test_every_task_of_a_batch_runs_with_a_number_of_its_own(stack: MakeStack) -> None:
    made = stack("tasks", "KubernetesBatch")
    made.up(model=model(), tasks=5, parallelism=2)
    name = made.outputs()["job"]
    wait(lambda: made.live("batch/v1", "Job", name)["status"].get("succeeded") == 5)
    assert made.live("batch/v1", "Job", name)["status"]["completedIndexes"] == "0-4"
    assert made.up("--refresh") == {}, "a finished run is not started again"
    made.project.destroy()
    assert made.left() == []


def test_an_existing_namespace_keeps_what_is_its_owner_s(stack: MakeStack) -> None:
    made = stack("guest")
    namespaces = made.client.kind("v1", "Namespace")
    assert namespaces is not None
    owner = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "guest-dev", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    }
    made.client.apply(namespaces, owner, "owner")
    made.up(**WORKLOAD, namespace="guest-dev")
    assert len(pods(made, instance="guest")) == 1
    made.project.destroy()
    assert made.left() == ["guest-dev"]


def test_the_image_s_digest_is_what_runs(stack: MakeStack) -> None:
    made = stack("digest")
    made.up(**WORKLOAD)
    assert {pod["spec"]["containers"][0]["image"] for pod in pods(made, instance="digest")} == {IMAGE}
    made.project.destroy()


def wait(condition: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.2)
