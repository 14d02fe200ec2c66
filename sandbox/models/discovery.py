"""Google's discovery documents as JSON Schema.

They say what is required only in prose (a description that begins "Required."), write 64-bit integers as text, and carry few patterns; unknown
properties are refused because the documents list all there are.
"""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Final

from sandbox.models.bound import Source
from sandbox.models.schema import Schema

_KEEP: Final = ("type", "enum", "minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength")


@dataclass(frozen=True)
class Document:
    """One API's schemas."""

    schemas: Mapping[str, Any]
    _made: dict[str, Schema] = field(default_factory=dict[str, Schema])

    def resolve(self, reference: str) -> Schema:
        """The schema with this name, as JSON Schema."""
        made = self._made.get(reference)
        if made is None:
            made = self._made[reference] = _schema(self.schemas[reference])
        return made


def _schema(raw: Mapping[str, Any]) -> Schema:
    if "$ref" in raw:
        return {"$ref": raw["$ref"]}
    made: dict[str, Any] = {key: raw[key] for key in _KEEP if key in raw}
    if made.get("type") == "any":
        return {}
    if "format" in raw:
        made["format"] = raw["format"]
    if raw.get("format") in ("int64", "uint64"):
        made["type"] = ["string", "integer"]
    for bound in ("minimum", "maximum"):
        if bound in made:
            made[bound] = float(made[bound])
    if "pattern" in raw:
        made["pattern"] = f"^(?:{raw['pattern']})$"
    if "enum" in made:
        made["enum"] = [value for value in made["enum"] if not re.search(r"_UNSPECIFIED$", value)] or made["enum"]
    if "items" in raw:
        made["items"] = _schema(raw["items"])
    if "properties" in raw:
        writable = {name: inner for name, inner in raw["properties"].items() if not _is_output(inner)}
        made["properties"] = {name: _schema(inner) for name, inner in writable.items()}
        made["required"] = [name for name, inner in writable.items() if _is_required(inner)]
        made["additionalProperties"] = False
    if "additionalProperties" in raw:
        made["additionalProperties"] = _schema(raw["additionalProperties"])
    return made


def _is_output(raw: Mapping[str, Any]) -> bool:
    return bool(raw.get("readOnly")) or str(raw.get("description", "")).startswith(("Output only.", "[Output Only]", "[Output only]"))


def _is_required(raw: Mapping[str, Any]) -> bool:
    return str(raw.get("description", "")).startswith(("Required.", "[Required]"))


@functools.cache
def load(api: str) -> Document:
    """The schemas of an API (`run.v2`)."""
    text = resources.files("googleapiclient.discovery_cache.documents").joinpath(f"{api}.json").read_text()
    return Document(json.loads(text)["schemas"])


def source(reference: str) -> Source:
    """The schema that a reference names (`run.v2:GoogleCloudRunV2Service`, or a part: `container.v1:Cluster/nodeConfig`)."""
    api, _, rest = reference.partition(":")
    name, *steps = rest.split("/")
    document = load(api)
    schema = document.resolve(name)
    for step in steps:
        schema = schema["items"] if step == "*" else schema["properties"][step]
        while "$ref" in schema:
            schema = document.resolve(schema["$ref"])
    return Source(f"Google {api} {'/'.join([name, *steps])}", schema, document)
