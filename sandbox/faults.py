"""Faults and latencies that a test switches on per resource type and operation.

They live in the database, so a test can set them with the command line while the sandbox runs. A fault lets `skip` matching operations pass, then
acts on `times` of them (-1: on all): it waits `delay` seconds, and fails if it has a message. With `after` it fails after the operation has taken
effect, as when a cloud's answer is lost on the way.
"""

import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sandbox.store import Store

OPERATIONS = ("create", "read", "update", "delete", "invoke")


class FaultError(Exception):
    """A fault that a test asked for."""


class CancelledError(Exception):
    """The engine gave up while a latency was running."""


@dataclass(frozen=True)
class Trigger:
    """What to do in one operation."""

    delay: float
    before: str | None
    after: str | None


def due(store: Store, token: str, operation: str) -> Trigger:
    """The faults that act on this operation, counted down."""
    delay, before, after = 0.0, None, None
    with store.transaction():
        for fault in store.faults():
            if not (fnmatchcase(token, fault["token"]) and fault["operation"] in ("*", operation)):
                continue
            if fault["skip"] > 0:
                store.set_fault_counts(fault["number"], fault["skip"] - 1, fault["times"])
                continue
            if fault["times"] > 0:
                store.set_fault_counts(fault["number"], 0, fault["times"] - 1)
            delay += fault["delay"]
            if fault["message"] is not None and fault["after"]:
                after = after or fault["message"]
            elif fault["message"] is not None:
                before = before or fault["message"]
    return Trigger(delay, before, after)


def start(trigger: Trigger, cancelled: threading.Event) -> None:
    """Wait, and fail if the fault comes before the operation."""
    if trigger.delay > 0 and cancelled.wait(trigger.delay):
        raise CancelledError("the operation was cancelled")
    if trigger.before is not None:
        raise FaultError(trigger.before)


def finish(trigger: Trigger) -> None:
    """Fail if the fault comes after the operation."""
    if trigger.after is not None:
        raise FaultError(trigger.after)
