"""Properties that hold a JSON document as text: policies, container definitions, redrive policies.

The text must be JSON, and what it says must follow the grammar of its kind: IAM policies by cfn-lint's schemas (`cfnlint/data/schemas/other/iam`),
container definitions by botocore's ECS shapes, what Cloud Control makes by CloudFormation's schema of the type that another property names, the
rest by short schemas of ours in `data/documents.yaml`, each with the page it comes from.
"""

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, cast

from sandbox.models import botocore_shapes, cloudformation
from sandbox.models.schema import Check, Compiler, Findings, Path, Problem, Schema
from sandbox.models.tables import load_yaml
from sandbox.values import Inputs, Refusal

_IAM = {"policy": "policy", "identity": "policy_identity", "resource": "policy_resource", "ecr": "policy_resource_ecr", "trust": "policy_trust"}


@dataclass(frozen=True)
class Place:
    """A property that holds a document: its path (`containers.*.environment`) and the kind of document."""

    path: tuple[str, ...]
    kind: str


@functools.cache
def _tables() -> tuple[Mapping[str, tuple[Place, ...]], Mapping[str, Mapping[str, Any]]]:
    data = load_yaml("documents.yaml")
    places = {token: tuple(Place(tuple(path.split(".")), kind) for path, kind in row.items()) for token, row in data["types"].items()}
    return places, data["kinds"]


@functools.cache
def _iam(name: str) -> Mapping[str, Any]:
    return json.loads(resources.files("cfnlint.data.schemas.other.iam").joinpath(f"{_IAM[name]}.json").read_text())


class _Policies:
    """The policy schemas, which refer to one another by `$id`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def resolve(self, reference: str) -> Schema:
        document, _, pointer = reference.partition("#/")
        owner = document or self._name
        found: Any = _iam(owner)
        for step in pointer.split("/"):
            found = found[step]
        return found if document in ("", self._name) else _qualified(found, owner)


def _qualified(schema: Any, owner: str) -> Any:
    """A schema taken out of its file: its local references name the file."""
    if isinstance(schema, dict):
        held = cast("dict[str, Any]", schema)
        return {key: f"{owner}{value}" if key == "$ref" and str(value).startswith("#") else _qualified(value, owner) for key, value in held.items()}
    if isinstance(schema, list):
        return [_qualified(item, owner) for item in cast("list[Any]", schema)]
    return schema


@functools.cache
def _check(kind: str) -> Check:
    told = _tables()[1][kind]
    if "iam" in told:
        name = str(told["iam"])
        return Compiler(_Policies(name).resolve).compile(_iam(name))
    if "botocore" in told:
        source = botocore_shapes.source(str(told["botocore"]))
        schema: Schema = {"type": "array", "items": source.schema, "minItems": 1} if told.get("list") else source.schema
        return Compiler(source.document.resolve).compile(schema)
    return Compiler(_nothing).compile(told["schema"])


@functools.cache
def _cloudformation(type_name: str) -> Check | None:
    if type_name not in cloudformation.types():
        return None
    resource = cloudformation.load(type_name)
    schema = {key: value for key, value in resource.schema.items() if key in ("type", "properties", "required", "additionalProperties", "oneOf")}
    return Compiler(resource.resolve).compile(schema)


def _nothing(reference: str) -> Schema:
    raise LookupError(reference)


def check(token: str, inputs: Inputs) -> Iterator[Refusal]:
    """What is wrong with the documents of a resource."""
    for place in _tables()[0].get(token, ()):
        for path, value in _values(inputs, place.path, ()):
            if isinstance(value, str):
                told = _tables()[1][place.kind]
                typed = inputs.get(str(told["cloudformation"])) if "cloudformation" in told else None
                yield from _problems(place.kind, path, value, typed if isinstance(typed, str) else None)


def _problems(kind: str, path: str, text: str, type_name: str | None) -> Iterator[Refusal]:
    told = _tables()[1][kind]
    what = str(told["what"])
    run = _check(kind)
    if type_name is not None:
        run, what = _cloudformation(type_name) or run, f"{what} of {type_name}"
    try:
        document = json.loads(text)
    except ValueError as wrong:
        yield Refusal(path, f"is not JSON ({wrong}), but must be {what}")
        return
    limit = told.get("characters")
    if limit is not None and len(text) > int(limit):
        yield Refusal(path, f"has {len(text)} characters; {what} may have {limit}")
    found = Findings()
    run(document, (), found)
    seen: set[Path] = set()
    for problem in found.problems:
        if problem.path not in seen:
            seen.add(problem.path)
            yield Refusal(path, f"{_inside(problem)} (in {what})")


def _inside(problem: Problem) -> str:
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in problem.path).lstrip(".")
    return f"{place} {problem.reason.format(*problem.names)}".strip() if problem.names else f"{place} {problem.reason}".strip()


def _values(value: Any, path: tuple[str, ...], said: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for index, item in enumerate(cast("list[Any]", value)):
            yield from _values(item, path, (*said[:-1], f"{said[-1]}[{index}]") if said else said)
    elif not path:
        yield ".".join(said), value
    elif isinstance(value, dict):
        held = cast("dict[str, Any]", value)
        if path[0] in held and held[path[0]] is not None:
            yield from _values(held[path[0]], path[1:], (*said, path[0]))
