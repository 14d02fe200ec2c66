"""Argument classes as maps of property names (camel case), which is how every language but Python sees them, and back."""

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pulumi.provider.experimental.util import camel_case

_MAPS = ("env", "environment", "labels", "tags", "traffic", "drift_thresholds", "numbers", "categories")
"""Arguments whose keys are the user's own words."""


def to_wire(value: object) -> Any:
    """Arguments as the engine takes them: field names in camel case, keys of maps as they are, nothing for what is unset."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {camel_case(name): to_wire(each) for name, each in fields.items() if not _unset(each)}
    if isinstance(value, list | tuple):
        return [to_wire(each) for each in cast(Sequence[object], value)]
    if isinstance(value, dict):
        return {key: to_wire(each) for key, each in cast(dict[str, object], value).items()}
    return value


def from_wire(kind: Any, value: object) -> object:
    """`value` with the field names of the argument class `kind`; names it does not know are left for `parse` to refuse."""
    members = [member for member in typing.get_args(kind) if member is not type(None)]
    if isinstance(value, Mapping):
        given = cast(Mapping[str, object], value)
        if dataclasses.is_dataclass(kind):
            fields = {camel_case(field.name): field for field in dataclasses.fields(kind)}
            return {fields[key].name if key in fields else key: from_wire(fields[key].type if key in fields else None, given[key]) for key in given}
        if len(members) == 1:
            return from_wire(members[0], given)
        return {key: from_wire(members[1] if len(members) == 2 else None, each) for key, each in given.items()}
    if isinstance(value, list):
        return [from_wire(members[0] if members else None, each) for each in cast(list[object], value)]
    return value


def wire_path(path: str) -> str:
    """A path of argument names as one of property names."""
    parts = path.split(".")
    kept = next((index + 1 for index, part in enumerate(parts) if part in _MAPS), len(parts))
    return ".".join([*(camel_case(part) for part in parts[:kept]), *parts[kept:]])


def value_at(value: object, path: str) -> object:
    """The value at `path` (`traffic[0].percent`), or None where there is none."""
    found = value
    for part in path.replace("[", ".[").split("."):
        if isinstance(found, dict):
            found = cast(dict[str, object], found).get(part)
        elif isinstance(found, list) and part.startswith("["):
            items, index = cast(list[object], found), int(part[1:-1])
            found = items[index] if index < len(items) else None
        else:
            return None
    return cast(object, found)


def _unset(value: object) -> bool:
    return value is None or (isinstance(value, list | dict) and not value)
