"""Which properties cannot be changed in place, from four sources: rows, documentation, the habits of each cloud, and CloudFormation's schemas."""

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import cast

from sandbox.clouds import Row
from sandbox.clouds.kubernetes import ALWAYS_REPLACES
from sandbox.identity import id_template, name_property
from sandbox.metadata import Catalog, Kind, Property, ResourceType, Type
from sandbox.metadata.documented import immutable
from sandbox.templates import placeholders
from sandbox.wire import PropertyPath

_PLACES = {
    "aws": frozenset({"region"}),
    "gcp": frozenset({"project", "region", "zone", "location"}),
    "azure-native": frozenset({"location"}),
    "kubernetes": frozenset[str](),
}


def generic(path: PropertyPath) -> str:
    """A path without list positions: `containers.image` for `containers[0].image`."""
    return ".".join(part for part in path if isinstance(part, str))


def replaces(catalog: Catalog, resource: ResourceType, row: Row, path: PropertyPath) -> bool:
    """Whether a change at this path means a new resource."""
    ours = _always(resource, row) | row.replaces
    full = generic(path)
    parts = full.split(".")
    prefixes = [".".join(parts[: count + 1]) for count in range(len(parts))]
    if any(prefix in row.updates for prefix in prefixes):
        return False
    if any(prefix in ours for prefix in prefixes):
        return True
    if resource.package == "kubernetes":  # its documentation says "cannot be updated" of parts of pods, which their owners may well change
        return False
    return _create_only(resource.token, prefixes) or _documented(catalog, resource, path)


def _always(resource: ResourceType, row: Row) -> frozenset[str]:
    """What a cloud never changes in place: where the resource is, and what its id is made of."""
    if resource.package == "kubernetes":
        return ALWAYS_REPLACES
    fixed = _PLACES[resource.package] & resource.inputs.keys()
    in_id = frozenset(re.split(r"[.]", name)[0] for name in placeholders(id_template(resource, row))) & resource.inputs.keys()
    rule = name_property(resource, row)
    named = frozenset({rule.property, f"{rule.property}Prefix"}) if rule is not None and resource.package in ("aws", "gcp") else frozenset[str]()
    return fixed | in_id | (named & resource.inputs.keys())


def _create_only(token: str, prefixes: list[str]) -> bool:
    found = _create_only_hook()(token)
    return any(prefix in found for prefix in prefixes)


@cache
def _create_only_hook() -> Callable[[str], frozenset[str]]:
    """`sandbox.models.create_only(token)`, where the CloudFormation schemas are installed."""
    try:
        hook = getattr(import_module("sandbox.models"), "create_only", None)
    except ImportError:
        hook = None
    return cast("Callable[[str], frozenset[str]]", hook) if callable(hook) else _nothing


def _nothing(token: str) -> frozenset[str]:
    return frozenset()


def _documented(catalog: Catalog, resource: ResourceType, path: PropertyPath) -> bool:
    """Whether the property at the path, or one around it, is documented as immutable."""
    properties = resource.inputs
    kind: Type | None = None
    for part in path:
        if isinstance(part, int):
            kind = kind.item if kind is not None else None
        else:
            if kind is not None:
                if kind.kind is not Kind.OBJECT:
                    return False
                properties = _nested(catalog, kind)
            declared = properties.get(part)
            if declared is None:
                return False
            if immutable(declared.doc):
                return True
            kind = declared.type
        if kind is not None and kind.kind is Kind.UNION:
            kind = next((option for option in kind.options if option.kind in (Kind.OBJECT, Kind.LIST)), None)
        if kind is None:
            return False
    return False


def _nested(catalog: Catalog, kind: Type) -> dict[str, Property]:
    return catalog.object(kind.ref).properties if kind.ref is not None else {}
