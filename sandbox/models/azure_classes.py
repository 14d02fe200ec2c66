"""The classes of the azure-mgmt packages as JSON Schema.

The packages are pinned to the last version of each that still carries `_validation` maps (patterns, lengths, ranges, required): newer generations of
the same packages check nothing. Their classes are read, never used: `_attribute_map` has the names on the wire and the types, `_subtype_map` the
alternatives that a discriminator chooses between.
"""

import functools
import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from sandbox.models.bound import Source
from sandbox.models.schema import Schema

_SCALARS: Final[Mapping[str, Schema]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "long": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
}

_CONSTRAINTS: Final[Mapping[str, str]] = {
    "max_length": "maxLength",
    "min_length": "minLength",
    "max_items": "maxItems",
    "min_items": "minItems",
    "maximum": "maximum",
    "minimum": "minimum",
    "multiple": "multipleOf",
    "unique": "uniqueItems",
}


@dataclass(frozen=True)
class Package:
    """The classes of one package."""

    module: Any
    _made: dict[str, Schema] = field(default_factory=dict[str, Schema])

    def resolve(self, reference: str) -> Schema:
        """The class with this name, as JSON Schema."""
        made = self._made.get(reference)
        if made is None:
            made = self._made[reference] = self._object(getattr(self.module, reference))
        return made

    def _object(self, cls: Any) -> Schema:
        if not hasattr(cls, "_attribute_map"):
            return {"type": "string"}  # an enum: its values are in Pulumi's SDK
        validation: Mapping[str, Mapping[str, Any]] = getattr(cls, "_validation", {})
        properties: dict[str, Schema] = {}
        required: list[str] = []
        wire: dict[str, str] = {}
        for attribute, told in cls._attribute_map.items():
            limits = validation.get(attribute, {})
            if limits.get("readonly"):
                continue
            name = str(told["key"]).replace("\\.", "%").split(".")[-1].replace("%", ".")
            wire[attribute] = name
            # The provider takes the identities as a list and gives them to ARM as keys.
            properties[name] = {} if name == "userAssignedIdentities" else {**self._type(str(told["type"])), **_limits(limits)}
            if limits.get("required"):
                required.append(name)
        made: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
        subtypes = cast("Mapping[str, Mapping[str, str]]", cast("dict[str, Any]", vars(cls)).get("_subtype_map") or {})
        alternatives = [
            {"if": {"properties": {wire[attribute]: {"const": value}}, "required": [wire[attribute]]}, "then": {"$ref": name}}
            for attribute, values in subtypes.items()
            for value, name in values.items()
        ]
        if alternatives:
            made["allOf"] = alternatives
        return made

    def _type(self, told: str) -> Schema:
        if told in _SCALARS:
            return _SCALARS[told]
        if told.startswith("["):
            return {"type": "array", "items": self._type(told[1:-1])}
        if told.startswith("{"):
            return {"type": "object", "additionalProperties": self._type(told[1:-1])}
        return {"$ref": told} if re.fullmatch(r"[A-Z]\w+", told) and hasattr(self.module, told) else {}


def _limits(limits: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {_CONSTRAINTS[key]: value for key, value in limits.items() if key in _CONSTRAINTS}
    if "pattern" in limits:
        made["pattern"] = limits["pattern"]
    return made


@functools.cache
def load(module: str) -> Package:
    """The classes of a package (`network`), or of one version of its interface (`eventhub.v2024_01_01`)."""
    return Package(importlib.import_module(f"azure.mgmt.{module}.models"))


def source(reference: str) -> Source:
    """The class that a reference names (`appcontainers:ContainerApp`)."""
    module, _, name = reference.partition(":")
    package = load(module)
    return Source(f"azure-mgmt-{module.partition('.')[0]} {name}", package.resolve(name), package)
