"""When the provider calls an object ready: Deployments and Jobs by what the controllers write into their status; and when it is gone.

https://www.pulumi.com/registry/packages/kubernetes/#await-logic-for-kubernetes-resources
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from . import objects
from .client import Client, Kind, Object

READY_SECONDS = 600.0
"""The provider's own default."""
GONE_SECONDS = 90.0
_PAUSE = 0.15


class NotReadyError(Exception):
    """It took too long, or the controllers gave up."""


def until_ready(client: Client, it: Object, cancelled: threading.Event | None, seconds: float = READY_SECONDS) -> Object:
    """The object once it is ready; at once where nothing has to be waited for, or `pulumi.com/skipAwait` says so."""
    ready = _READY.get((it["apiVersion"], it["kind"]))
    if ready is None or objects.annotation(it, objects.SKIP_AWAIT) == "true":
        return it
    kind = client.kind(it["apiVersion"], it["kind"])
    assert kind is not None
    metadata = it["metadata"]
    deadline = time.monotonic() + seconds
    while True:
        live = client.get(kind, metadata.get("namespace"), metadata["name"])
        if live is None:
            raise NotReadyError(f"{it['kind']} '{metadata['name']}' was deleted while it was waited for")
        if ready(live):
            return live
        _pause(deadline, cancelled, f"{it['kind']} '{metadata['name']}' did not become ready in {seconds:.0f} s")


def until_gone(client: Client, kind: Kind, namespace: str | None, name: str, cancelled: threading.Event | None) -> None:
    """Return when the object is gone."""
    deadline = time.monotonic() + GONE_SECONDS
    while (live := client.get(kind, namespace, name)) is not None:
        held = ", ".join([*live["metadata"].get("finalizers", []), *objects.part(live, "spec").get("finalizers", [])])
        _pause(deadline, cancelled, f"{kind.plural} '{name}' is still there after {GONE_SECONDS:.0f} s (finalizers: {held or 'none'})")


def _pause(deadline: float, cancelled: threading.Event | None, problem: str) -> None:
    if time.monotonic() > deadline or (cancelled is not None and cancelled.is_set()):
        raise NotReadyError(problem)
    time.sleep(_PAUSE)


def _deployment(live: Object) -> bool:
    status = objects.part(live, "status")
    if status.get("observedGeneration") != live["metadata"]["generation"]:
        return False  # the status, a failure too, is about what was there before
    for condition in objects.parts(status, "conditions"):
        if condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            raise NotReadyError(f"Deployment '{live['metadata']['name']}' did not become ready in time: {condition.get('message')}")
    wanted: Any = live["spec"].get("replicas", 1)
    return all(int(status.get(name) or 0) == wanted for name in ("updatedReplicas", "availableReplicas", "replicas"))


def _job(live: Object) -> bool:
    for condition in objects.parts(live, "status", "conditions"):
        if condition.get("type") == "Failed" and condition.get("status") == "True":
            raise NotReadyError(f"Job '{live['metadata']['name']}' failed: {condition.get('message')}")
        if condition.get("type") == "Complete" and condition.get("status") == "True":
            return True
    return False


_READY: dict[tuple[str, str], Callable[[Object], bool]] = {("apps/v1", "Deployment"): _deployment, ("batch/v1", "Job"): _job}
