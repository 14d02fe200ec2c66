"""What the provider SDKs say about the inputs of a resource type, by wire name."""

import dataclasses
import re
import typing
from typing import Any

from pulumi.provider.experimental.util import camel_case

from modeldeploy.gcp.vertex.arguments import VertexDeployedModelArgs, VertexModelArgs
from modeldeploy.plugin.wire import from_wire
from modeldeploy.spec.arguments import ArgumentError, parse
from sandbox.check import check_resource
from sandbox.metadata import Catalog, Property, Type, UnknownTypeError, catalog

OURS: dict[str, Any] = {
    "modeldeploy:index:VertexModel": VertexModelArgs,
    "modeldeploy:index:VertexDeployedModel": VertexDeployedModelArgs,
}
"""The resources of our own plugin, by their arguments."""


def exists(token: str) -> bool:
    """Whether an SDK has the type."""
    if token in OURS:
        return True
    try:
        catalog(token.split(":", 1)[0]).resource(token)
    except UnknownTypeError:
        return False
    return True


def problem(token: str, path: str) -> str | None:
    """What is wrong with the path of an input (`a.b[0].c`), or None where the SDK has it."""
    if token in OURS:
        return _problem_of_ours(OURS[token], path)
    package = catalog(token.split(":", 1)[0])
    levels: list[dict[str, Property]] = [package.resource(token).inputs]
    for key in re.sub(r"\[\d+\]", "", path).split("."):
        if not levels:
            return None  # the keys below are the user's own
        found = [level[key] for level in levels if key in level]
        if not found:
            return f"{token} has no input {path}: '{key}' is not one of {', '.join(sorted(levels[0]))}"
        levels = [level for each in found for level in _inside(package, each.type)]
    return None


def _problem_of_ours(kind: Any, path: str) -> str | None:
    for key in path.split("."):
        if not dataclasses.is_dataclass(kind):
            return None
        fields = {camel_case(each.name): each.type for each in dataclasses.fields(kind)}
        if key not in fields:
            return f"{path}: '{key}' is not one of {', '.join(sorted(fields))}"
        kind = next((each for each in (fields[key], *typing.get_args(fields[key])) if dataclasses.is_dataclass(each)), None)
    return None


def refusals(token: str, props: dict[str, Any]) -> list[str]:
    """Names, types and values that the provider would refuse. Missing ones are left out, as the cases have only what rules look at."""
    if token in OURS:
        try:
            parse(OURS[token], from_wire(OURS[token], props), token)
        except ArgumentError as error:
            return [str(error)]
        return []
    package = catalog(token.split(":", 1)[0])
    found = [refusal for refusal in check_resource(package, package.resource(token), props) if "required" not in refusal.reason]
    return [f"{refusal.property}: {refusal.reason}" for refusal in found if (token, refusal.property) not in MISREAD]


MISREAD = {("aws:sagemaker/notebookInstance:NotebookInstance", "directInternetAccess")}
"""Inputs whose documented values (`Enabled` (Default) or `Disabled`) the metadata reads as one."""


def _inside(package: Catalog, kind: Type) -> list[dict[str, Property]]:
    if kind.ref is not None:
        return [package.object(kind.ref).properties]
    return [level for part in (*kind.options, *([kind.item] if kind.item else [])) for level in _inside(package, part)]
