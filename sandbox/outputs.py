"""Ids and computed outputs of a resource, from its row's templates and from what every service of a cloud does alike.

Everything made up depends on the record's nonce alone, so an update computes the same ids and hostnames again.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from sandbox import cloud_control
from sandbox.clouds import Row
from sandbox.clouds import row as row_of
from sandbox.config import ProviderConfig
from sandbox.identity import id_template
from sandbox.metadata import Kind, Property, ResourceType
from sandbox.naming import DEFAULTS
from sandbox.templates import Facts, fill
from sandbox.values import UNKNOWN, Inputs

_WORDS: Mapping[str, Any] = {"root": "/", "empty": "", "one": 1, "default": "default", "app": "app"}


def new_nonce() -> str:
    """What a record's made-up values grow from, and when it was made."""
    return f"{secrets.token_hex(16)}@{datetime.now(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')}"


def with_defaults(resource: ResourceType, inputs: Inputs, config: ProviderConfig, nonce: str) -> Inputs:
    """The inputs as the cloud completes them: region, project, namespace, and names made from a prefix."""
    completed = dict(inputs)
    declared = resource.inputs

    def default(name: str, value: Any) -> None:
        if name in declared and completed.get(name) is None and value is not None:
            completed[name] = value

    match resource.package:
        case "aws":
            default("region", config.region)
        case "gcp":
            default("project", config.project)
            if not any(completed.get(name) for name in ("region", "location", "zone")):
                for name, value in (("region", config.region), ("location", config.region), ("zone", config.facts()["zone"])):
                    default(name, value)
        case "kubernetes":
            return _complete_object(resource, completed, config, nonce)
        case _:
            pass
    for name in list(declared):
        prefix = completed.get(f"{name}Prefix")
        if isinstance(prefix, str) and completed.get(name) is None:
            completed[name] = f"{prefix}{Facts(nonce).value('digits20')}000001"
    return completed


def _complete_object(resource: ResourceType, inputs: Inputs, config: ProviderConfig, nonce: str) -> Inputs:
    from sandbox.identity import is_namespaced

    _, api_version, kind = resource.token.split(":")
    metadata = dict(cast("Inputs", inputs.get("metadata") or {}))
    if metadata.get("name") is None and isinstance(metadata.get("generateName"), str):
        metadata["name"] = f"{metadata['generateName']}{Facts(nonce).value('letters5')}"
    if is_namespaced(resource.token) and metadata.get("namespace") is None:
        metadata["namespace"] = config.namespace
    return {**inputs, "apiVersion": api_version.removeprefix("core/"), "kind": kind, "metadata": metadata}


def make_id(resource: ResourceType, row: Row, completed: Inputs, config: ProviderConfig, nonce: str) -> str:
    """The id of a resource that is about to exist."""
    facts = _facts(resource, completed, {}, config, nonce)
    if resource.token == cloud_control.TOKEN:
        told = [str(facts.value(each)) for each in ("partition", "region", "account")]
        identified = cloud_control.identifier(completed, *told)
        if identified is not None:
            return identified
    made = fill(id_template(resource, row), facts)
    return made if isinstance(made, str) and made else str(Facts(nonce).value("hex17"))


def make_outputs(resource: ResourceType, row: Row, completed: Inputs, resource_id: str, config: ProviderConfig, nonce: str) -> Inputs:
    """Everything the state of an existing resource says. Given inputs win over what the cloud would fill in."""
    outputs = {name: value for name, value in completed.items() if name != DEFAULTS and value is not None}
    extra: Inputs = {"id": resource_id}
    facts = _facts(resource, outputs, extra, config, nonce)
    for path, template in row.outputs.items():
        name, _, inner = path.partition(".")
        value = fill(template, facts)
        if value is None:
            continue
        if inner:
            holder = outputs.get(name)
            if (holder is None or isinstance(holder, dict)) and cast("Inputs", holder or {}).get(inner) is None:
                outputs[name] = {**cast("Inputs", holder or {}), inner: value}
        elif outputs.get(name) is None or name not in resource.inputs:
            outputs[name] = _typed(resource.state.get(name), value)
    for name, declared in resource.state.items():
        if outputs.get(name) is None:
            value = _usual(resource, declared, outputs, resource_id, config, facts)
            if value is not None:
                outputs[name] = value
    if resource.package == "kubernetes":
        outputs["metadata"] = _object_metadata(outputs, facts)
    if resource.package == "azure-native" and isinstance(outputs.get("identity"), dict):
        outputs["identity"] = _arm_identity(cast("Inputs", outputs["identity"]), facts)
    return outputs


def preview_outputs(resource: ResourceType, row: Row, inputs: Inputs) -> Inputs:
    """The state as far as a preview can know it: the inputs, and everything the cloud fills in as unknown."""
    outputs = {name: value for name, value in inputs.items() if name != DEFAULTS and value is not None}
    for name in [*resource.computed, *(path.split(".")[0] for path in row.outputs)]:
        if outputs.get(name) is None:
            outputs[name] = UNKNOWN
    identity = outputs.get("identity")
    if resource.package == "azure-native" and isinstance(identity, dict):
        outputs["identity"] = {**cast("Inputs", identity), "principalId": UNKNOWN, "tenantId": UNKNOWN, "userAssignedIdentities": UNKNOWN}
    for path in row.outputs:
        name, _, inner = path.partition(".")
        holder = outputs.get(name)
        if inner and isinstance(holder, dict) and cast("Inputs", holder).get(inner) is None:
            outputs[name] = {**cast("Inputs", holder), inner: UNKNOWN}
    return outputs


def _facts(resource: ResourceType, layer: Inputs, extra: Inputs, config: ProviderConfig, nonce: str) -> Facts:
    now = nonce.partition("@")[2]
    facts = config.facts()
    project = layer.get("project")
    alias = {"now": now, "project_id": project, "projectId": project or facts["project"]}
    return Facts(nonce, extra, layer, facts, alias, _WORDS)


def _typed(declared: Property | None, value: Any) -> Any:
    if declared is None or not isinstance(value, str):
        return value
    if declared.type.kind is Kind.INTEGER and value.isdigit():
        return int(value)
    if declared.type.kind is Kind.STRING:
        return value
    return value


_Usual = Callable[[ResourceType, Property, Inputs, str, ProviderConfig, Facts], Any]


def _usual(resource: ResourceType, declared: Property, outputs: Inputs, resource_id: str, config: ProviderConfig, facts: Facts) -> Any:
    """What services of a cloud answer alike for a computed property that no row speaks about."""
    if declared.name in resource.inputs:
        return None
    value = _USUAL[resource.package](resource, declared, outputs, resource_id, config, facts)
    if value is not None:
        return value
    match declared.type.kind:
        case Kind.BOOLEAN:
            return False
        case Kind.INTEGER | Kind.NUMBER:
            return 0
        case Kind.LIST:
            return []
        case Kind.MAP:
            return {}
        case _:
            return None


def _merged(base: Inputs, given: Any) -> Any:
    return UNKNOWN if given is UNKNOWN else {**base, **(cast("Inputs", given) if isinstance(given, dict) else {})}


_TIMES = ("createTime", "updateTime", "creationTime", "creationTimestamp", "createdDate", "createDate", "creationDate", "lastModified", "createdAt")


def _usual_aws(resource: ResourceType, declared: Property, outputs: Inputs, resource_id: str, config: ProviderConfig, facts: Facts) -> Any:
    name = declared.name
    if name == "arn":
        if resource_id.startswith("arn:"):
            return resource_id
        service, kind = resource.token.split(":")[1].split("/")
        return fill(f"arn:{{partition}}:{service.rstrip('_')}:{{region}}:{{account}}:{kind.lower()}/{{id}}", facts)
    if name == "tagsAll":
        return _merged(config.default_tags, outputs.get("tags"))
    if name in ("ownerId", "accountId", "registryId", "owner"):
        return facts.value("account")
    if name in _TIMES:
        return facts.value("now")
    if name in ("status", "state"):
        return "ACTIVE"
    if name in ("uniqueId", "etag", "revisionId"):
        return facts.value("hex32")
    return None


def _usual_gcp(resource: ResourceType, declared: Property, outputs: Inputs, resource_id: str, config: ProviderConfig, facts: Facts) -> Any:
    name = declared.name
    if name == "selfLink":
        service = resource.token.split(":")[1].split("/")[0]
        return f"https://www.googleapis.com/{service}/v1/{resource_id}"
    if name in ("pulumiLabels", "effectiveLabels"):
        return _merged({**config.default_tags, "goog-pulumi-provisioned": "true"}, outputs.get("labels"))
    if name in _TIMES:
        return facts.value("now")
    if name in ("uid", "uniqueId"):
        return facts.value("uuid")
    if name in ("etag", "fingerprint"):
        return facts.value("hex12")
    if name == "name":
        return resource_id
    if name in ("state", "status"):
        return "ACTIVE"
    return None


def _usual_azure(resource: ResourceType, declared: Property, outputs: Inputs, resource_id: str, config: ProviderConfig, facts: Facts) -> Any:
    match declared.name:
        case "name":
            return resource_id[len(fill(_above(resource), facts) or "") :].lstrip("/") or resource_id.rsplit("/", 1)[-1]
        case "type":
            return _arm_type(resource)
        case "provisioningState":
            return "Succeeded"
        case "etag":
            return f'W/"{facts.value("uuid_etag")}"'
        case "azureApiVersion":
            return _api_version(resource.doc)
        case "systemData":
            now = facts.value("now")
            return {"createdAt": now, "createdBy": "sandbox", "createdByType": "Application", "lastModifiedAt": now}
        case _:
            return None


def _usual_kubernetes(resource: ResourceType, declared: Property, outputs: Inputs, resource_id: str, config: ProviderConfig, facts: Facts) -> Any:
    return None


_USUAL: dict[str, _Usual] = {"aws": _usual_aws, "gcp": _usual_gcp, "azure-native": _usual_azure, "kubernetes": _usual_kubernetes}


def _arm_identity(given: Inputs, facts: Facts) -> Inputs:
    """What ARM adds to an identity: the principal it made for the resource, and the ids of those it was given."""
    identity = dict(given)
    if "SystemAssigned" in str(given.get("type")).replace(" ", ""):
        identity |= {"principalId": facts.value("uuid_identity"), "tenantId": facts.value("tenant")}
    users = given.get("userAssignedIdentities")
    if isinstance(users, list):
        ids = [name for name in cast("list[Any]", users) if isinstance(name, str)]
        identity["userAssignedIdentities"] = {
            name: {"clientId": _stable_uuid(name, "client"), "principalId": _stable_uuid(name, "principal")} for name in ids
        }
    return identity


def _stable_uuid(name: str, kind: str) -> str:
    return str(Facts(name.lower()).value(f"uuid_{kind}"))


def _above(resource: ResourceType) -> str:
    """The template of an ARM id without the resource's own name, which may have slashes of its own."""
    return id_template(resource, row_of(resource.token)).rpartition("/")[0]


def _arm_type(resource: ResourceType) -> str:
    _, found, below = id_template(resource, row_of(resource.token)).rpartition("/providers/")
    if not found:
        return "Microsoft.Resources/resourceGroups"
    namespace, *rest = below.split("/")
    return "/".join([namespace, *rest[0::2]])


def _api_version(doc: str) -> str | None:
    _, found, rest = doc.partition("Uses Azure REST API version ")
    return rest.split(". ", 1)[0].split()[0].rstrip(".") if found else None


def _object_metadata(outputs: Inputs, facts: Facts) -> Any:
    given = outputs.get("metadata")
    if given is UNKNOWN:
        return UNKNOWN
    return {
        "uid": facts.value("uuid"),
        "resourceVersion": facts.value("digits6"),
        "creationTimestamp": facts.value("now"),
        "generation": 1,
        **cast("Inputs", given or {}),
    }
