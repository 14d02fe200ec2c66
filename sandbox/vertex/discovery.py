"""The discovery document of `aiplatform` v1, as google-api-python-client carries it: which methods there are, and what they take."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, cast

Json = dict[str, Any]

COLLECTIONS = (
    "models",
    "endpoints",
    "deploymentResourcePools",
    "modelDeploymentMonitoringJobs",
    "models.operations",
    "endpoints.operations",
    "deploymentResourcePools.operations",
    "modelDeploymentMonitoringJobs.operations",
    "operations",
)
"""The parts of `projects.locations` that are served."""


@dataclass(frozen=True)
class Method:
    """A method of the API."""

    name: str
    """Its name under `projects.locations` (`endpoints.deployModel`)."""
    verb: str
    path: re.Pattern[str]
    query: Mapping[str, Json]
    request: str | None
    """Schema of its body."""


@cache
def document() -> Json:
    """The document."""
    text = files("googleapiclient.discovery_cache").joinpath("documents", "aiplatform.v1.json").read_text()
    return cast(Json, json.loads(text))


@cache
def methods() -> list[Method]:
    """The methods of the collections that are served."""
    found: list[Method] = []
    for collection in COLLECTIONS:
        resource = document()["resources"]["projects"]["resources"]["locations"]
        for part in collection.split("."):
            resource = resource["resources"][part]
        for name, spec in resource["methods"].items():
            parameters: dict[str, Json] = spec.get("parameters", {})
            found.append(
                Method(
                    f"{collection}.{name}",
                    spec["httpMethod"],
                    _path(spec["path"], parameters),
                    {key: each for key, each in parameters.items() if each["location"] == "query"},
                    spec.get("request", {}).get("$ref"),
                )
            )
    return found


def find(verb: str, path: str) -> tuple[Method, dict[str, str]] | None:
    """The method for a request, and the parameters in its path."""
    for method in methods():
        match = method.path.fullmatch(path)
        if match and method.verb == verb:
            return method, match.groupdict()
    return None


def query_problems(method: Method, query: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the parameters after the question mark."""
    known = {**document()["parameters"], **method.query}
    for name, value in query.items():
        if name not in known:
            yield f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter.'
        else:
            yield from _scalar_problems(known[name], value if known[name].get("type") == "string" else _number(value), name)


def body_problems(schema: str, value: object, path: str = "", *, complete: bool = True) -> Iterator[str]:
    """What is wrong with a body: unknown fields, types, enumerated values, fields only the service sets and, if `complete`, required ones."""
    if not isinstance(value, dict):
        yield f"Invalid value at '{path or 'body'}' ({schema}), {value!r}"
        return
    fields: dict[str, Json] = document()["schemas"][schema].get("properties", {})
    body = cast(Json, value)
    for name, each in body.items():
        inner = f"{path}.{name}" if path else name
        if name not in fields:
            where = f" at '{path}'" if path else ""
            yield f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.'
        elif fields[name].get("readOnly"):
            yield f"'{inner}' is set by the service only"
        else:
            yield from _problems(fields[name], each, inner, complete=complete)
    for name, field in fields.items():
        if complete and str(field.get("description", "")).startswith("Required.") and body.get(name) in (None, "", [], {}):
            yield f"'{f'{path}.{name}' if path else name}' is required"


def _problems(field: Json, value: object, path: str, *, complete: bool) -> Iterator[str]:
    if "$ref" in field:
        yield from body_problems(field["$ref"], value, path, complete=complete)
    elif field["type"] == "array":
        if not isinstance(value, list):
            yield f"Invalid value at '{path}' (array), {value!r}"
            return
        for index, each in enumerate(cast(list[object], value)):
            yield from _problems(field["items"], each, f"{path}[{index}]", complete=complete)
    elif field["type"] == "object":
        if not isinstance(value, dict):
            yield f"Invalid value at '{path}' (object), {value!r}"
            return
        for key, each in cast(Json, value).items():
            yield from _problems(field["additionalProperties"], each, f"{path}.{key}", complete=complete)
    else:
        yield from _scalar_problems(field, value, path)


_FORMATS = {
    "int64": r"-?\d+",
    "uint64": r"\d+",
    "google-duration": r"\d+(\.\d{1,9})?s",
    "google-datetime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
    "google-fieldmask": r"[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*)*(,[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*)*)*",
}


def _scalar_problems(field: Json, value: object, path: str) -> Iterator[str]:
    wanted: dict[str, type | tuple[type, ...]] = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "any": object}
    kind = wanted[field["type"]]
    if not isinstance(value, kind) or (isinstance(value, bool) and field["type"] in ("integer", "number")):
        yield f"Invalid value at '{path}' ({field.get('format') or field['type']}), {json.dumps(value, default=repr)}"
    elif "enum" in field and value not in field["enum"]:
        yield f"Invalid value at '{path}', \"{value}\"; allowed: {', '.join(field['enum'])}"
    elif isinstance(value, str) and field.get("format") in _FORMATS and not re.fullmatch(_FORMATS[field["format"]], value):
        yield f"Invalid value at '{path}' ({field['format']}), \"{value}\""


def _path(template: str, parameters: Mapping[str, Json]) -> re.Pattern[str]:
    """The path of a method as a pattern: `v1/{+name}:deployVersion` with the pattern the document gives for `name`."""
    parts = re.split(r"\{\+(\w+)\}", template)
    pattern = "/" + re.escape(parts[0])
    for name, rest in zip(parts[1::2], parts[2::2], strict=True):
        # A resource's last part holds no colon: that begins the method's own name.
        inner = parameters[name]["pattern"].removeprefix("^").removesuffix("$").replace("[^/]+", "[^/:]+")
        pattern += f"(?P<{name}>{inner}){re.escape(rest)}"
    return re.compile(pattern)


def _number(value: str) -> object:
    try:
        return json.loads(value)
    except ValueError:
        return value
