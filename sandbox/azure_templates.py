"""ARM deployments (`azure-native:resources:Deployment`): a template that writes resources which exist already.

A deployment puts every resource of its template: the body it gives is the resource's from then on. The sandbox evaluates what such a template needs,
`[parameters('name')]` as a whole value, and says so when it meets more. Deleting a deployment deletes nothing but the record of it.
https://learn.microsoft.com/azure/azure-resource-manager/templates/deployment-modes
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from sandbox.check import check_resource, show
from sandbox.metadata import catalog
from sandbox.store import Record, Store
from sandbox.values import Inputs, Refusal

TOKEN = "azure-native:resources:Deployment"
_TEMPLATE = "properties.template"
_PARAMETER = re.compile(r"\[parameters\('([^']+)'\)\]")
_BODY = ("location", "kind", "sku", "identity", "tags", "properties", "zones")
"""What ARM calls the same as the provider, at the top of a resource."""
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "securestring": (str,),
    "int": (int, float),
    "bool": (bool,),
    "object": (dict,),
    "secureobject": (dict,),
    "array": (list,),
}

Write = Callable[[Record, Inputs], object]
"""Puts new inputs on a record, with every check of an update."""


class _ProblemError(Exception):
    """What is wrong with a template."""

    def __init__(self, path: str, reason: str) -> None:
        self.refusal = Refusal(path, reason)
        super().__init__(reason)


@dataclass(frozen=True)
class _Put:
    """One resource of a template, evaluated."""

    path: str
    record: Record
    inputs: Inputs


def deploy(store: Store, deployment_id: str, inputs: Inputs, write: Write) -> list[Refusal]:
    """Puts the resources of a deployment's template; the refusals when it cannot."""
    properties = cast("Inputs", inputs.get("properties") or {})
    template = properties.get("template")
    if template is None and properties.get("templateLink") is None:
        return [Refusal(_TEMPLATE, "is required, unless properties.templateLink is given")]
    if not isinstance(template, dict):
        return [Refusal(_TEMPLATE, "the sandbox deploys templates that are given as objects")]
    template = cast("Inputs", template)
    if properties.get("mode") == "Complete":
        return [Refusal("properties.mode", "Complete deletes everything else in the resource group; the sandbox deploys Incremental")]
    try:
        parameters = _parameters(template, cast("Inputs", properties.get("parameters") or {}))
        puts = [_put(store, deployment_id, index, each, parameters) for index, each in enumerate(cast("list[Any]", template.get("resources") or []))]
    except _ProblemError as problem:
        return [problem.refusal]
    refusals = [refusal for put in puts for refusal in _shape(put)]
    if not refusals:
        for put in puts:
            write(put.record, put.inputs)
    return refusals


def _parameters(template: Inputs, given: Inputs) -> Inputs:
    declared = cast("dict[str, Inputs]", template.get("parameters") or {})
    for name in given:
        if name not in declared:
            raise _ProblemError(f"properties.parameters.{name}", f"the template has no such parameter; it declares {', '.join(declared) or 'none'}")
    values: Inputs = {}
    for name, declaration in declared.items():
        value = cast("Inputs", given.get(name) or {}).get("value", declaration.get("defaultValue"))
        kind = str(declaration.get("type", "")).lower()
        if value is None:
            raise _ProblemError(f"properties.parameters.{name}", "is required: the template declares it without a default value")
        if kind in _TYPES and (not isinstance(value, _TYPES[kind]) or (kind == "int" and isinstance(value, bool))):
            raise _ProblemError(f"properties.parameters.{name}", f"{show(value)} is not of the type the template declares, {kind}")
        values[name] = value
    return values


def _put(store: Store, deployment_id: str, index: int, resource: Any, parameters: Inputs) -> _Put:
    path = f"{_TEMPLATE}.resources[{index}]"
    body = cast("Inputs", _evaluate(resource, parameters, path))
    for required in ("type", "apiVersion", "name"):
        if not isinstance(body.get(required), str):
            raise _ProblemError(f"{path}.{required}", "is required")
    resource_id = _resource_id(deployment_id, str(body["type"]), str(body["name"]), path)
    found = [each for each in store.by_handle(resource_id, attribute="id") if each.token.startswith("azure-native:")]
    if not found:
        raise _ProblemError(path, f"{show(resource_id)} does not exist: the sandbox deploys templates that write existing resources")
    record = found[0]
    place = {name: value for name, value in record.inputs.items() if name not in _BODY}
    given = {name: value for name, value in body.items() if name in _BODY}
    if isinstance(given.get("identity"), dict):
        given["identity"] = _identity(cast("Inputs", given["identity"]))
    return _Put(path, record, {**place, **given})


def _evaluate(value: Any, parameters: Inputs, path: str) -> Any:
    if isinstance(value, dict):
        return {name: _evaluate(each, parameters, f"{path}.{name}") for name, each in cast("Inputs", value).items()}
    if isinstance(value, list):
        return [_evaluate(each, parameters, f"{path}[{index}]") for index, each in enumerate(cast("list[Any]", value))]
    if not isinstance(value, str) or not (value.startswith("[") and value.endswith("]")):
        return value
    if value.startswith("[["):
        return value[1:]
    match = _PARAMETER.fullmatch(value)
    if match is None:
        raise _ProblemError(path, f"the sandbox does not evaluate {show(value)}; it knows [parameters('name')] as a whole value")
    if match[1] not in parameters:
        raise _ProblemError(path, f"the template declares no parameter '{match[1]}'")
    return parameters[match[1]]


def _resource_id(deployment_id: str, kind: str, name: str, path: str) -> str:
    """`Microsoft.X/as/bs` and `one/two` below the deployment's group: `.../providers/Microsoft.X/as/one/bs/two`."""
    namespace, *kinds = kind.split("/")
    names = name.split("/")
    if len(kinds) != len(names):
        raise _ProblemError(f"{path}.name", f"{show(name)} has {len(names)} segments, the type {show(kind)} needs {len(kinds)}")
    group = "/".join(deployment_id.split("/")[:5])
    pairs = "/".join(f"{each}/{named}" for each, named in zip(kinds, names, strict=True))
    return f"{group}/providers/{namespace}/{pairs}"


def _identity(identity: Inputs) -> Inputs:
    """ARM names user-assigned identities as keys, the provider in a list."""
    assigned = identity.get("userAssignedIdentities")
    return {**identity, "userAssignedIdentities": list(cast("Inputs", assigned))} if isinstance(assigned, dict) else identity


def _shape(put: _Put) -> Iterator[Refusal]:
    """What the provider's own types refuse about the body."""
    package = catalog("azure-native")
    given = {name: value for name, value in put.inputs.items() if not name.startswith("__")}
    for refusal in check_resource(package, package.resource(put.record.token), given):
        yield Refusal(f"{put.path}.{refusal.property}", refusal.reason)
