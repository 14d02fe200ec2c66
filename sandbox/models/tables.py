"""The tables in `data/`: per resource type, which models hold it and what the naming rules cannot know."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import yaml

from sandbox.models.correspondence import Exceptions
from sandbox.models.schema import as_list, as_object


@dataclass(frozen=True)
class Entry:
    """One resource type's row of a table."""

    models: tuple[str, ...] = ()
    exceptions: Mapping[str, Exceptions] = field(default_factory=dict[str, Exceptions])
    """By model: names differ between two models of one type."""
    ignore: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    extensions: Mapping[str, str] = field(default_factory=dict[str, str])
    in_place: frozenset[str] = frozenset()
    """Inputs that the provider changes in place although the vendor's model calls them fixed."""
    reason: str = ""
    """Why the coverage of this type is under 90%, where it is."""


def load_yaml(name: str) -> Mapping[str, Any]:
    """A table's text, read."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(resources.files("sandbox.models.data").joinpath(name).read_text(), Loader=loader)


def _exceptions(default: Mapping[str, Any], row: Mapping[str, Any], model: Mapping[str, Any]) -> Exceptions:
    def merged(key: str) -> dict[str, Any]:
        return {**default.get(key, {}), **row.get(key, {}), **model.get(key, {})}

    return Exceptions(
        names=merged("names"),
        own=merged("own"),
        optional=frozenset([*default.get("optional", ()), *row.get("optional", ()), *model.get("optional", ())]),
        forms=merged("forms"),
    )


@functools.cache
def table(name: str) -> Mapping[str, Entry]:
    """A table by its file's name, without the ending."""
    data = load_yaml(f"{name}.yaml")
    default: Mapping[str, Any] = data.get("defaults", {})
    made: dict[str, Entry] = {}
    for token, raw in data["types"].items():
        row: Mapping[str, Any] = raw or {}
        models: Any = row.get("models", ())
        by_model = as_object(models) or dict[str, Any].fromkeys(as_list(models) or ())
        made[token] = Entry(
            models=tuple(by_model),
            exceptions={model: _exceptions(default, row, own or {}) for model, own in by_model.items()},
            ignore={**default.get("ignore", {}), **row.get("ignore", {})},
            extensions=row.get("extensions", {}),
            in_place=frozenset((*default.get("in_place", ()), *row.get("in_place", ()))),
            reason=row.get("reason", ""),
        )
    return made


@functools.cache
def defaults(name: str) -> Exceptions:
    """What holds for every type of a table."""
    return _exceptions(load_yaml(f"{name}.yaml").get("defaults", {}), {}, {})
