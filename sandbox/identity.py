"""Ids: the template of each type's id, the property that names it, and where it is unique."""

import re
from dataclasses import dataclass

from sandbox.clouds import Row
from sandbox.clouds.kubernetes import CLUSTER_SCOPED
from sandbox.config import ProviderConfig
from sandbox.metadata import Kind, ResourceType
from sandbox.metadata.documented import aws_id_property, gcp_id_template
from sandbox.templates import placeholders
from sandbox.values import Inputs

_GLOBAL_AWS = frozenset({"iam", "route53", "cloudfront", "budgets", "organizations", "globalaccelerator", "account"})
_ARM_SCOPES = frozenset({"subscription", "resourceGroupName", "scope", "resourceUri"})


@dataclass(frozen=True)
class NameRule:
    """Which property the provider auto-names, and how: `dashed` (name-1234567), `joined` (name12345678), `copy` or `uuid`."""

    property: str
    style: str


def id_template(resource: ResourceType, row: Row) -> str:
    """The template of a type's id: from its row, else from its documentation, else by the habits of its cloud."""
    return row.id or _documented(resource) or _habitual(resource)


def name_property(resource: ResourceType, row: Row) -> NameRule | None:
    """What the provider auto-names, if anything."""
    if not row.autoname:
        return None
    if row.name is not None:
        name, _, style = row.name.partition("#")
        return NameRule(name, style or "dashed")
    if resource.package == "azure-native":
        return _arm_name(resource, row)
    declared = resource.inputs.get("name")
    if declared is None or declared.required or declared.type.kind is not Kind.STRING:
        return None
    return NameRule("name", "dashed")


def _arm_name(resource: ResourceType, row: Row) -> NameRule | None:
    names = placeholders(id_template(resource, row))
    last = names[-1] if names else ""
    declared = resource.inputs.get(last)
    if declared is None or declared.required or declared.type.kind is not Kind.STRING:
        return None
    parents = [name for name in names[:-1] if name not in _ARM_SCOPES]
    return NameRule(last, "copy" if parents else "joined")


def realm(resource_token: str, row: Row, inputs: Inputs, config: ProviderConfig) -> str:
    """The space in which a type's ids are unique. ARM ids and Google Cloud ids carry their own."""
    package = resource_token.split(":", 1)[0]
    if package == "aws":
        service = resource_token.split(":")[1].split("/")[0]
        if row.worldwide or service in _GLOBAL_AWS:
            return "aws"
        region = inputs.get("region")
        return f"aws/{region if isinstance(region, str) and region else config.region}"
    if package == "kubernetes":
        return f"cluster/{config.cluster}"
    return package


def is_namespaced(token: str) -> bool:
    """Whether a Kubernetes kind lives in a namespace."""
    return token.rsplit(":", 1)[-1].removesuffix("Patch") not in CLUSTER_SCOPED


def _documented(resource: ResourceType) -> str | None:
    if resource.package == "gcp":
        template = gcp_id_template(resource.doc)
        known = {*resource.state, "project", "projectId", "region", "zone", "location"}
        return template if template and all(name in known for name in placeholders(template)) else None
    if resource.package == "aws":
        name = aws_id_property(resource.doc)
        if name is None or name == "id" or name not in resource.inputs:
            return None
        return f"{{{name}}}"
    return None


def _habitual(resource: ResourceType) -> str:
    if resource.package == "azure-native":
        return _guess_arm_path(resource)
    if resource.package == "gcp":
        scope = next((f"/{kind}s/{{{kind}}}" for kind in ("location", "region", "zone") if kind in resource.state), "/global")
        collection = _plural(_type_name(resource))
        return f"projects/{{project}}{scope}/{collection}/{{name?hex12}}"
    if resource.package == "kubernetes":
        return "{metadata.namespace}/{metadata.name}" if is_namespaced(resource.token) else "{metadata.name}"
    return "{name}" if "name" in resource.inputs else "{hex17}"


def _guess_arm_path(resource: ResourceType) -> str:
    """An ARM path by the habit that `fooName` is the name of a `foos` resource. Good enough to be unique; the tables hold the true ones."""
    module, cls = resource.token.split(":")[1:]
    scope = "{scope|path}" if "scope" in resource.inputs else "/subscriptions/{subscription}"
    if "resourceGroupName" in resource.inputs:
        scope = "/subscriptions/{subscription}/resourceGroups/{resourceGroupName}"
    names = [
        name
        for name, declared in resource.inputs.items()
        if declared.type.kind is Kind.STRING and name != "resourceGroupName" and (name.endswith("Name") or name == "name")
    ]
    parents = [name for name in names if resource.inputs[name].required]
    own = next((name for name in names if not resource.inputs[name].required and _related(name, cls)), None)
    own = own or next((name for name in names if name not in parents), parents[-1] if parents else "hex12")
    above = "".join(f"/{_plural(name.removesuffix('Name'))}/{{{name}}}" for name in parents if name != own)
    return f"{scope}/providers/Microsoft.{module[0].upper()}{module[1:]}{above}/{_plural(cls[0].lower() + cls[1:])}/{{{own}}}"


def _related(name: str, cls: str) -> bool:
    return name in ("name", "resourceName") or name.removesuffix("Name").lower() in cls.lower()


def _type_name(resource: ResourceType) -> str:
    cls = resource.token.rsplit(":", 1)[-1]
    return cls[0].lower() + cls[1:]


def _plural(word: str) -> str:
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return word if word.endswith("s") and re.search(r"[^s]s$", word) and len(word) > 12 else f"{word}s"
