"""Stands in for the machines of a cluster and their scheduler: one machine that takes every pod and says that it runs and is ready, that a job's pod
has ended, and that a deleted one has stopped.

Nothing runs. Without it a Deployment would never become available, and neither rollouts nor deletion could be watched.
"""

import contextlib
import threading
from datetime import UTC, datetime
from typing import Any

import requests

from . import objects
from .client import ApiError, Client, Object

_PAUSE = 0.2
_MACHINE = "sandbox"


class Nodes:
    """A thread that writes the status of pods."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._stopped = threading.Event()
        self._count = 0
        self.broken: set[str] = set()
        """Images whose pods never become ready."""
        self._thread = threading.Thread(target=self._run, name="nodes", daemon=True)

    def start(self) -> None:
        """Begin."""
        nodes = self._client.kind("v1", "Node")
        assert nodes is not None
        labels = {"kubernetes.io/hostname": _MACHINE, "topology.kubernetes.io/zone": "sandbox-a"}
        self._client.apply(nodes, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": _MACHINE, "labels": labels}}, "nodes")
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopped.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._stopped.wait(_PAUSE):
            # The server is being stopped, or a pod went away in between.
            with contextlib.suppress(ApiError, requests.RequestException):
                for pod in self._client.list("v1", "Pod"):
                    self._advance(pod)

    def _advance(self, pod: Object) -> None:
        metadata, phase = pod["metadata"], objects.part(pod, "status").get("phase")
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        if metadata.get("deletionTimestamp"):
            self._stop(path, pod)
            return
        if phase in ("Succeeded", "Failed"):
            return
        if not objects.part(pod, "spec").get("nodeName"):
            target = {"apiVersion": "v1", "kind": "Node", "name": _MACHINE}
            binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": metadata["name"]}, "target": target}
            self._send("POST", f"{path}/binding", binding)
        of_job = any(owner["kind"] == "Job" for owner in objects.parts(pod, "metadata", "ownerReferences"))
        images = {str(container["image"]) for container in objects.parts(pod, "spec", "containers")}
        if images & self.broken or (phase == "Running" and not of_job):
            return
        status = _finished(pod) if phase == "Running" else self._running(pod)
        with contextlib.suppress(ApiError):
            self._client.merge(f"{path}/status", {"status": status}, "nodes")

    def _stop(self, path: str, pod: Object) -> None:
        if objects.part(pod, "status").get("phase") == "Running":
            with contextlib.suppress(ApiError):
                self._client.merge(f"{path}/status", {"status": _finished(pod)}, "nodes")
        self._send("DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0})

    def _send(self, method: str, path: str, body: Object) -> None:
        with contextlib.suppress(ApiError):
            self._client.request(method, path, body)

    def _running(self, pod: Object) -> Object:
        self._count += 1
        address = f"10.244.{self._count // 250 % 250}.{self._count % 250 + 1}"
        now = _now()
        conditions = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in ("Initialized", "ContainersReady", "Ready")]
        return {
            "phase": "Running",
            "startTime": now,
            "podIP": address,
            "podIPs": [{"ip": address}],
            "conditions": conditions,
            "containerStatuses": [_container(container, {"running": {"startedAt": now}}) for container in objects.parts(pod, "spec", "containers")],
        }


def _finished(pod: Object) -> Object:
    ended = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": _now(), "finishedAt": _now()}}
    return {"phase": "Succeeded", "containerStatuses": [_container(container, ended) for container in objects.parts(pod, "spec", "containers")]}


def _container(container: Object, state: dict[str, Any]) -> Object:
    running = "running" in state
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": container["image"],
        "ready": running,
        "started": running,
        "restartCount": 0,
        "state": state,
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
