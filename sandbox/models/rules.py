"""Rules of our own, where no vendor's model says what its documentation does: JSON Schema over Pulumi's names, with source and date.

They carry what the models leave out: exclusive pairs, limits in prose, attributes that the model keeps as a list of keys and values.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.models.schema import Check, Compiler, Findings, Path, Schema
from sandbox.models.tables import load_yaml
from sandbox.values import Inputs, Refusal


@dataclass(frozen=True)
class Rule:
    """What our table says of one resource type."""

    schema: Schema
    source: str
    date: str


@functools.cache
def _file(package: str) -> Mapping[str, Rule]:
    name = {"aws": "rules_aws", "azure-native": "rules_azure", "gcp": "rules_google"}.get(package)
    if name is None:
        return {}
    data = load_yaml(f"{name}.yaml")
    date = str(data["date"])
    return {token: Rule({k: v for k, v in row.items() if k != "source"}, str(row["source"]), date) for token, row in data["types"].items()}


def rule(token: str) -> Rule | None:
    """The rule for a resource type, if there is one."""
    return _file(token.partition(":")[0]).get(token)


@functools.cache
def _check(token: str) -> Check | None:
    known = rule(token)
    return None if known is None else Compiler(_no_reference).compile(known.schema)


def _no_reference(reference: str) -> Schema:
    raise LookupError(reference)


def check(token: str, inputs: Inputs) -> Iterator[Refusal]:
    """What our rules refuse."""
    run = _check(token)
    known = rule(token)
    if run is None or known is None:
        return
    found = Findings()
    run(inputs, (), found)
    for problem in found.problems:
        reason = problem.reason.format(*problem.names) if problem.names else problem.reason
        yield Refusal(_spell(problem.path), f"{reason} ({known.source})")


def _spell(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def names(token: str) -> frozenset[str]:
    """The top-level and nested input paths that a rule speaks of."""
    known = rule(token)
    return frozenset(_paths(known.schema, "")) if known is not None else frozenset()


def _paths(schema: Any, path: str) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        yield here
        yield from _paths(inner.get("items", inner), here)
