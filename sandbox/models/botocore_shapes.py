"""botocore's shapes as JSON Schema.

botocore itself checks only what is required, unknown or too small; the enums, patterns and upper bounds are in its shapes all the same.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.loaders import Loader  # pyright: ignore[reportMissingTypeStubs]

from sandbox.models.bound import Source
from sandbox.models.schema import Schema

_NUMBERS = {"integer": "integer", "long": "integer", "float": "number", "double": "number"}


@dataclass(frozen=True)
class Service:
    """One service's shapes."""

    shapes: Mapping[str, Any]
    _made: dict[str, Schema] = field(default_factory=dict[str, Schema])

    def resolve(self, reference: str) -> Schema:
        """The shape with this name (`#/shapes/VpcConfig`), as JSON Schema."""
        made = self._made.get(reference)
        if made is None:
            made = self._made[reference] = self._schema(self.shapes[reference.removeprefix("#/shapes/")])
        return made

    def _schema(self, shape: Mapping[str, Any]) -> Schema:
        kind = shape["type"]
        if kind == "structure":
            made: dict[str, Any] = {
                "type": "object",
                "properties": {
                    name: _reference(member) for name, member in shape.get("members", {}).items() if member.get("location") != "statusCode"
                },
                "required": list(shape.get("required", ())),
                "additionalProperties": False,
            }
            if shape.get("union"):
                made["maxProperties"] = 1
            return made
        if kind == "list":
            return {"type": "array", "items": _reference(shape["member"]), **_bounds(shape, "minItems", "maxItems")}
        if kind == "map":
            return {"type": "object", "additionalProperties": _reference(shape["value"]), **_bounds(shape, "minProperties", "maxProperties")}
        if kind == "string":
            text: dict[str, Any] = {"type": "string", **_bounds(shape, "minLength", "maxLength")}
            if "enum" in shape:
                text["enum"] = shape["enum"]
            if "pattern" in shape:
                text["pattern"] = f"^(?:{shape['pattern']})$"
            return text
        if kind in _NUMBERS:
            return {"type": _NUMBERS[kind], **_bounds(shape, "minimum", "maximum")}
        if kind == "boolean":
            return {"type": "boolean"}
        return {}  # timestamps, blobs, documents: any form


def _reference(member: Mapping[str, Any]) -> Schema:
    return {"$ref": f"#/shapes/{member['shape']}"}


def _bounds(shape: Mapping[str, Any], low: str, high: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if "min" in shape:
        made[low] = shape["min"]
    if "max" in shape:
        made[high] = shape["max"]
    return made


@functools.cache
def load(service: str) -> Service:
    """The shapes of a service (`batch`)."""
    loader: Any = Loader()
    return Service(loader.load_service_model(service, "service-2")["shapes"])


def source(reference: str) -> Source:
    """The shape that a reference names (`batch:CreateJobQueueRequest`, or a part of one: `ecs:Service/deploymentController`)."""
    service_name, _, rest = reference.partition(":")
    name, *steps = rest.split("/")
    service = load(service_name)
    schema: Schema = service.resolve(f"#/shapes/{name}")
    for step in steps:
        inner = schema["items"] if step == "*" else schema["properties"][step]
        schema = service.resolve(inner["$ref"])
    return Source(f"botocore {service_name} {'/'.join([name, *steps])}", schema, service)
