"""What a preview would do to a stack: changes, refusals of the policy pack, and cost, from the engine's events."""

import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from .graph import PROVIDER, STACK, Resource

SHOWN = ("delete", "replace", "update", "create")
"""Kinds of changes, the ones to look at first in front."""
LOGICAL = {"create": "create", "update": "update", "replace": "replace", "delete": "delete", "import": "create", "same": "same"}
"""Steps that count, by what they are told as. A replacement consists of three steps, of which one is counted."""
COST = "monthly_cost_usd"
"""The output in which a stack tells what it costs."""
ANSI = re.compile(r"\x1b\[[0-9;]*m|<\{%[a-z0-9 _-]+%\}>")


@dataclass(frozen=True)
class Change:
    """One resource that changes."""

    operation: str
    """One of `SHOWN`."""
    kind: str
    name: str
    properties: tuple[str, ...] = ()
    """Properties that differ; no values, they may be secret."""
    forcing: tuple[str, ...] = ()
    """Those among them that make it a replacement."""


@dataclass(frozen=True)
class Violation:
    """A policy that is violated."""

    policy: str
    resource: str
    message: str
    is_mandatory: bool


@dataclass(frozen=True)
class StackPlan:
    """What would happen to one stack."""

    stack: str
    changes: tuple[Change, ...] = ()
    unchanged: int = 0
    violations: tuple[Violation, ...] = ()
    cost: float | None = None
    """US dollars a month after it; none where the stack tells none, or cannot in a preview."""
    cost_before: float | None = None
    failure: str = ""
    """What was said when the preview broke off for another reason than a policy."""

    @property
    def refused(self) -> tuple[Violation, ...]:
        """The violations that stop a deployment."""
        return tuple(each for each in self.violations if each.is_mandatory)

    @property
    def passed(self) -> bool:
        """Whether it could be deployed."""
        return not self.failure and not self.refused

    def count(self, operation: str) -> int:
        """How many resources change in this way."""
        return sum(1 for change in self.changes if change.operation == operation)


def preview(stack: str, folder: Path, policy_packs: Sequence[str] = ()) -> StackPlan:
    """Runs `pulumi preview` of `stack` in `folder` with the packs, and tells what came of it, whatever that is."""
    packs = [part for pack in policy_packs for part in ("--policy-pack", pack)]
    command = ["pulumi", "--non-interactive", "--color", "never", "preview", "--json", "--stack", stack, *packs]
    environment = {**os.environ, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return read(stack, done.stdout.splitlines(), done.returncode, done.stderr)


def read(stack: str, lines: Iterable[str], exit_code: int, said: str = "") -> StackPlan:
    """The plan told by the lines of a preview that streams JSON, with its exit code and what it said besides."""
    events = list(_events(lines))
    steps = [cast(dict[str, Any], event["resourcePreEvent"]["metadata"]) for event in events if "resourcePreEvent" in event]
    real = [step for step in steps if _is_resource(step)]
    violations = tuple(_violation(event["policyEvent"]) for event in events if "policyEvent" in event)
    told = _stack_states(events)
    errors = _errors(events)
    broken = bool(errors) or (exit_code != 0 and not any(each.is_mandatory for each in violations))
    return StackPlan(
        stack,
        changes=tuple(sorted((_change(step) for step in real if LOGICAL.get(step["op"]) in SHOWN), key=_order)),
        unchanged=sum(1 for step in real if step["op"] == "same"),
        violations=violations,
        cost=_cost(told.get("new")),
        cost_before=_cost(told.get("old")),
        failure=_failure(errors, said, exit_code) if broken else "",
    )


def _events(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.startswith("{"):
            yield json.loads(line)


def _is_resource(step: dict[str, Any]) -> bool:
    state: dict[str, Any] = step.get("new") or step.get("old") or {}
    return bool(state.get("custom")) and not str(step["type"]).startswith(PROVIDER)


def _change(step: dict[str, Any]) -> Change:
    differences: dict[str, dict[str, Any]] = step.get("detailedDiff") or {}
    forcing = tuple(sorted(path for path, each in differences.items() if str(each.get("diffKind", each.get("kind", ""))).endswith("-replace")))
    also = cast(list[str], step.get("diffs") or [])
    properties = tuple(sorted({*differences, *(also if not differences else [])} - set(forcing)))
    urn = str(step["urn"])
    kind = Resource(urn, step["type"], "", "", False, frozenset()).kind
    return Change(LOGICAL[step["op"]], kind, urn.split("::", 3)[3], properties, forcing)


def _order(change: Change) -> tuple[int, str, str]:
    return SHOWN.index(change.operation), change.kind, change.name


def _violation(event: dict[str, Any]) -> Violation:
    urn = str(event.get("resourceUrn", ""))
    name = urn.split("::", 3)[3] if urn.count("::") >= 3 else ""
    resource = "" if f"::{STACK}::" in urn else name
    return Violation(event["policyName"], resource, _plain(event["message"]), event["enforcementLevel"] == "mandatory")


def _stack_states(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The stack before and after; told when it is registered and again with its outputs."""
    nothing: dict[str, Any] = {}
    metadata = [event["resOutputsEvent"]["metadata"] for event in events if "resOutputsEvent" in event]
    return next((each for each in reversed(metadata) if each["type"] == STACK), nothing)


def _cost(state: Any) -> float | None:
    outputs: Any = cast(dict[str, Any], state or {}).get("outputs") or {}
    cost = outputs.get(COST)
    return float(cost) if isinstance(cost, int | float) and not isinstance(cost, bool) else None


def _errors(events: list[dict[str, Any]]) -> list[str]:
    """What went wrong; that a preview failed is said after every refusal too."""
    told = [event["diagnosticEvent"] for event in events if "diagnosticEvent" in event]
    return [text for each in told if each["severity"] == "error" and (text := _plain(each["message"])) != "preview failed"]


def _failure(errors: list[str], said: str, exit_code: int) -> str:
    told = "\n".join(dict.fromkeys([*errors, _plain(said)])).strip()
    return told or f"pulumi ended with code {exit_code} and said nothing"


def _plain(text: str) -> str:
    return ANSI.sub("", text).strip()
