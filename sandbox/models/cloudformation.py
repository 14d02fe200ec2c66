"""CloudFormation's resource schemas, as cfn-lint carries them, and cfn-lint's own rules over pairs of properties."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from sandbox.models.bound import Source
from sandbox.models.names import plain
from sandbox.models.schema import Schema, as_object

REGION = "us-east-1"
"""The region whose schemas are used: it has every service. What a region lacks is not checked; instance types of all regions are accepted."""


@dataclass(frozen=True)
class Resource:
    """One resource type's schema."""

    type_name: str
    schema: Mapping[str, Any]

    def resolve(self, reference: str) -> Schema:
        """The schema at a pointer of this document (`#/definitions/VpcConfig`)."""
        found: Any = self.schema
        for step in reference.removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        return found

    @property
    def create_only(self) -> tuple[tuple[str, ...], ...]:
        """The property paths that cannot be changed in place."""
        return tuple(tuple(p.removeprefix("/properties/").split("/")) for p in self.schema.get("createOnlyProperties", ()))

    @property
    def read_only(self) -> frozenset[str]:
        """The top-level properties that CloudFormation only returns."""
        return frozenset(p.removeprefix("/properties/") for p in self.schema.get("readOnlyProperties", ()) if p.count("/") == 2)


@functools.cache
def _index() -> Mapping[str, str]:
    text = resources.files("cfnlint.data.schemas.providers").joinpath(f"{REGION}.json").read_text()
    return json.loads(text)


@functools.cache
def _by_plain_name() -> Mapping[str, str]:
    return {plain(name): name for name in _index()}


def types() -> Mapping[str, str]:
    """The types that there are, each with the digest of its schema."""
    return _index()


def type_name(service: str, resource: str) -> str | None:
    """The CloudFormation type of that service and resource, in any spelling (`sagemaker`, `EndpointConfig`)."""
    return _by_plain_name().get(plain(f"AWS{service}{resource}"))


@functools.cache
def load(name: str) -> Resource:
    """The schema of a CloudFormation type."""
    digest = _index()[name]
    return Resource(name, json.loads(resources.files("cfnlint.data.schemas.resources").joinpath(f"{digest}.json").read_text()))


@functools.cache
def extension(name: str) -> Schema:
    """One of cfn-lint's own rules (`aws_ecs_taskdefinition/fargate_cpu_memory`).

    Lists that differ by region come out as one schema that accepts what any region has: the region is the provider's configuration.
    """
    folder, _, file = name.partition("/")
    rule = json.loads(resources.files(f"cfnlint.data.schemas.extensions.{folder}").joinpath(f"{file}.json").read_text())
    if REGION in rule:
        allowed: set[str] = set()
        for region in rule.values():
            allowed.update((as_object(region) or {}).get("enum", ()))
        return {"enum": sorted(allowed)}
    return rule


def source(reference: str, extensions: Mapping[str, str]) -> Source:
    """The model that a reference names: a CloudFormation type, or a part of one (`AWS::S3::Bucket/VersioningConfiguration`).

    `extensions` maps a rule to the property path it is about; an empty path is the whole resource.
    """
    name, *steps = reference.split("/")
    resource = load(name)
    schema: Schema = {k: v for k, v in resource.schema.items() if k not in ("createOnlyProperties", "readOnlyProperties", "handlers", "tagging")}
    for step in steps:
        while "$ref" in schema:
            schema = resource.resolve(schema["$ref"])
        schema = schema["items"] if step == "*" else schema["properties"][step]
    return Source(f"CloudFormation {reference}", schema, resource, tuple(_at(path, extension(rule)) for rule, path in extensions.items()))


def _at(path: str, rule: Schema) -> Schema:
    for step in reversed([step for step in path.split("/") if step]):
        rule = {"items": rule} if step == "*" else {"properties": {step: rule}}
    return rule
