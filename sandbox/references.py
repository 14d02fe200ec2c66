"""What a resource refers to, and whether it exists.

Two ways to find references: the row says which property names what (`modelName` names a SageMaker model), and some values say it themselves: an ARN
of the sandbox's account, an ARM id of its subscription, a Google Cloud name of its project. A value that claims to live in the sandbox and names
nothing there is refused, provided the tables know the type it claims to be; everything else (AWS-managed policies, public images, service
principals, resources of other accounts) is left alone.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, cast

from sandbox import cloud_control
from sandbox.check import show
from sandbox.clouds import Row, aws
from sandbox.config import AWS_ACCOUNT, GCP_PROJECT_NUMBER, ProviderConfig
from sandbox.identity import id_template, is_namespaced
from sandbox.metadata import ResourceType, catalog
from sandbox.store import Record, Store
from sandbox.templates import placeholders
from sandbox.urns import package_of
from sandbox.values import Inputs, Refusal
from sandbox.wire import PropertyPath, text_of

Found = list[tuple[Record, str]]

_ARN = re.compile(r"^arn:aws[\w-]*:(?P<service>[\w-]+):(?P<region>[\w-]*):(?P<account>\d{12}):(?P<resource>.+)$")
_NETWORK_ID = re.compile(r"^(vpc|subnet|sg|rtb|igw|nat|eipalloc|vpce|lt)-[0-9a-f]{8,17}$")
_ECR = re.compile(r"^(?P<account>\d{12})\.dkr\.ecr\.[\w-]+\.amazonaws\.com/(?P<repository>[^:@]+)")
_GCP_NAME = re.compile(r"^(?:https://(?:www|compute|[\w-]+)\.googleapis\.com/(?:[\w]+/)?(?:v1|v2|beta)/|//[\w.]+/)?(?P<name>projects/[^/]+/.+)$")
_METHOD = re.compile(r":[a-z][A-Za-z]*$")
"""What is done with a resource, after its name in the address of a request: `.../jobs/nightly:run`."""
_PARENT = "parent"
_NAMESPACE = "metadata.namespace"
_UNREAD = ("tags", "labels", "annotations", "environment", "description", "policy", "policies")
"""Properties (by the end of their names) whose texts the clouds do not look into for references: notes, environments, policy documents."""
_INSIDE = (_PARENT, _NAMESPACE)
_SERVICE_LINKED = ":role/aws-service-role/"
_WHO_ASKS = ":user/sandbox"
"""Whom `getCallerIdentity` names."""
_BUILT_IN_ARM = ("roledefinitions", "policydefinitions", "policysetdefinitions", "locations")
_GROUPS_OF_AZURE = frozenset({"networkwatcherrg"})
"""Groups that Azure makes in every subscription, with what is in them."""
_DEFAULT_CHILDREN = frozenset({"default", "current", "$default", "policies", "master"})

_NETWORK_TYPES = {
    "vpc": ("aws:ec2/vpc:Vpc",),
    "subnet": ("aws:ec2/subnet:Subnet",),
    "sg": ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"),
    "rtb": ("aws:ec2/routeTable:RouteTable",),
    "igw": ("aws:ec2/internetGateway:InternetGateway",),
    "nat": ("aws:ec2/natGateway:NatGateway",),
    "eipalloc": ("aws:ec2/eip:Eip",),
    "vpce": ("aws:ec2/vpcEndpoint:VpcEndpoint",),
    "lt": ("aws:ec2/launchTemplate:LaunchTemplate",),
}


def resolve(store: Store, resource: ResourceType, row: Row, inputs: Inputs, resource_id: str, config: ProviderConfig) -> tuple[Found, list[Refusal]]:
    """The records the inputs refer to, and a refusal for each reference that names nothing."""
    found: Found = []
    problems: list[Refusal] = []
    spoken_for: set[PropertyPath] = set()
    for pattern, targets in row.references.items():
        for path, value in _at(inputs, pattern.split("."), ()):
            if isinstance(value, str) and value:
                spoken_for.add(path)
                _by_row(store, targets, path, value, config, found, problems)
    if resource.token == cloud_control.TOKEN:
        wanted = cloud_control.state(inputs)
        for pattern, targets in cloud_control.references(inputs).items():
            for path, value in _at(wanted, pattern.split("."), ("desiredState",)):
                if isinstance(value, str) and value:
                    _by_row(store, targets, path, value, config, found, problems)
    for path, value in _strings(inputs, ()):
        if path not in spoken_for and not any(isinstance(part, str) and part.lower().endswith(_UNREAD) for part in path):
            _by_value(store, resource, path, value, config, found, problems)
    problems.extend(_parents(store, resource, inputs, resource_id, config, found))
    return found, problems


def _by_row(store: Store, targets: str, path: PropertyPath, value: str, config: ProviderConfig, found: Found, problems: list[Refusal]) -> None:
    tokens: list[str] = []
    for target in targets.split():
        token, _, attribute = target.partition("#")
        tokens.append(token)
        if token == cloud_control.TOKEN:
            matches = cloud_control.named(store, attribute, value)
        else:
            matches = store.by_handle(_without_prefix(token, value), token, attribute or "id")
        if matches:
            found.append((matches[0], text_of(path)))
            return
    if not _is_elsewhere(value, config):
        names = " or ".join(dict.fromkeys(token.rsplit(":", 1)[-1] for token in tokens))
        problems.append(Refusal(text_of(path), f"{show(value)} names nothing: there is no such {names} ({tokens[0]}) in this sandbox"))


def _without_prefix(token: str, value: str) -> str:
    """Google Cloud takes a resource's name with or without the host in front."""
    if token.startswith("gcp:"):
        match = _GCP_NAME.match(value)
        return value if match is None or "/compute/" in value else match["name"]
    return value


def _is_elsewhere(value: str, config: ProviderConfig) -> bool:
    """Whether the value says itself that it belongs to another account or project, or to the provider."""
    google = _GCP_NAME.match(value)
    if google is not None and google["name"].split("/")[1] not in (config.project, GCP_PROJECT_NUMBER):
        return True
    if value.startswith("arn:"):
        match = _ARN.match(value)
        return match is None or match["account"] != AWS_ACCOUNT or _SERVICE_LINKED in value
    return value.startswith("alias/aws/") or value.rsplit("/", 1)[-1] == "default"  # a project's default network, a VPC's default group


def _by_value(
    store: Store, resource: ResourceType, path: PropertyPath, value: str, config: ProviderConfig, found: Found, problems: list[Refusal]
) -> None:
    if value.startswith("arn:aws"):
        known, claim = _arn_claim(store, value)
    elif value.startswith("/subscriptions/"):
        known, claim = _arm_claim(store, value, config)
    elif resource.package == "aws" and _NETWORK_ID.match(value):
        known, claim = _network_claim(store, value)
    elif resource.package == "aws" and ".dkr.ecr." in value:
        known, claim = _image_claim(store, value)
    elif resource.package == "gcp" and "projects/" in value:
        known, claim = _google_claim(store, value, config)
    else:
        return
    if known is not None:
        found.append((known, text_of(path)))
    elif claim is not None:
        problems.append(Refusal(text_of(path), f"{show(value)} names nothing: there is no such {claim} in this sandbox"))


def _arn_claim(store: Store, value: str) -> tuple[Record | None, str | None]:
    """The record of an ARN, or what it claims to be. Wildcards and qualifiers (`:*`, `/*`, a version) are not part of the name."""
    match = _ARN.match(value)
    if match is None or match["account"] != AWS_ACCOUNT or _SERVICE_LINKED in value or value.endswith(_WHO_ASKS):
        return None, None
    bare = re.sub(r"[:/]\*.*$", "", value)
    candidates = [bare, *(bare.rsplit(separator, 1)[0] for separator in (":", "/") if bare.count(":") > 5 or separator == "/")]
    for candidate in candidates:
        matches = [record for record in store.by_handle(candidate) if record.token.startswith("aws:")]
        if matches:
            return matches[0], None
    if "*" in bare or "${" in value:
        return None, None
    token = next((token for pattern, token in _arn_patterns() if pattern.match(bare)), None)
    return None, token


@cache
def _arn_patterns() -> list[tuple[re.Pattern[str], str]]:
    """The shapes of ARNs that our rows give, and the types they belong to."""
    patterns: list[tuple[re.Pattern[str], str]] = []
    for token, row in aws.ROWS.items():
        template = row.outputs.get("arn")
        template = row.id if template == "{id}" else template
        if isinstance(template, str) and template.startswith("arn:"):
            pattern = re.sub(r"\\\{[^{}]*\\\}", "[^:]+", re.escape(template))
            patterns.append((re.compile(f"^{pattern}$"), token))
    return patterns


def _network_claim(store: Store, value: str) -> tuple[Record | None, str | None]:
    tokens = _NETWORK_TYPES[value.split("-", 1)[0]]
    matches = [record for record in store.by_handle(value) if record.token in tokens and record.id == value]
    if matches:
        return matches[0], None
    owners = [record for record in store.by_handle(value) if record.token == "aws:ec2/vpc:Vpc"]  # a VPC's own route table or security group
    return (owners[0], None) if owners else (None, tokens[0])


def _image_claim(store: Store, value: str) -> tuple[Record | None, str | None]:
    match = _ECR.match(value)
    if match is None or match["account"] != AWS_ACCOUNT:
        return None, None
    matches = store.by_handle(match["repository"], "aws:ecr/repository:Repository", "name")
    return (matches[0], None) if matches else (None, "aws:ecr/repository:Repository")


def _arm_claim(store: Store, value: str, config: ProviderConfig) -> tuple[Record | None, str | None]:
    """The record of an ARM id, or of what holds it: parts of a resource (its subnets, its `default` child) need no record of their own."""
    low = value.lower().rstrip("/")
    if not low.startswith(f"/subscriptions/{config.subscription.lower()}/") or any(f"/{kind}/" in low for kind in _BUILT_IN_ARM):
        return None, None
    matches = [record for record in store.by_handle(low, attribute="id") if record.token.startswith("azure-native:")]
    if matches:
        return matches[0], None
    parts = low.split("/")
    for count in range(len(parts) - 2, 4, -2):
        owners = [record for record in store.by_handle("/".join(parts[:count]), attribute="id") if record.token.startswith("azure-native:")]
        if owners and count > 5 and "providers" not in parts[count:]:
            inner = parts[count + 1 :: 2]
            if all(name in _DEFAULT_CHILDREN or _holds_name(owners[0].outputs, name) for name in inner):
                return owners[0], None
            break
    below = low.rpartition("/providers/")[2] if "/providers/" in low else "resourceGroups"
    return None, "/".join(below.split("/")[0:1] + below.split("/")[1::2])


def _holds_name(value: Any, name: str) -> bool:
    if isinstance(value, dict):
        items = cast("Inputs", value)
        own = items.get("name")
        return (isinstance(own, str) and own.lower() == name) or any(_holds_name(item, name) for item in items.values())
    return isinstance(value, list) and any(_holds_name(item, name) for item in cast("list[Any]", value))


def _google_claim(store: Store, value: str, config: ProviderConfig) -> tuple[Record | None, str | None]:
    match = _GCP_NAME.match(value)
    if match is None or match["name"].split("/")[1] != config.project or "*" in value:
        return None, None
    name = _METHOD.sub("", match["name"])
    matches = [record for text in (value, name) for record in store.by_handle(text) if record.token.startswith("gcp:")]
    if matches:
        return matches[0], None
    token = next((token for pattern, token in _google_patterns() if pattern.match(name)), None)
    return None, token


@cache
def _google_patterns() -> list[tuple[re.Pattern[str], str]]:
    from sandbox.clouds import gcp

    patterns: list[tuple[re.Pattern[str], str]] = []
    for token, row in gcp.ROWS.items():
        template = id_template(catalog("gcp").resource(token), row)
        if template.startswith("projects/{project}/") and not template.endswith("{member}"):
            pattern = re.sub(r"\\\{[^{}]*\\\}", "[^/]+", re.escape(template))
            patterns.append((re.compile(f"^{pattern}$"), token))
    return patterns


def _parents(store: Store, resource: ResourceType, inputs: Inputs, resource_id: str, config: ProviderConfig, found: Found) -> Iterator[Refusal]:
    """What must be there before a resource can be: the ARM path above it, the namespace of a Kubernetes object."""
    if resource.package == "kubernetes":
        yield from _namespace(store, resource, inputs, config, found)
    if resource.package != "azure-native" or not resource_id.startswith("/"):
        return
    names = placeholders(_arm_template(resource))
    if "resourceGroupName" in names:
        group = "/".join(resource_id.split("/")[:5])
        if group.rsplit("/", 1)[-1].lower() in _GROUPS_OF_AZURE:
            return
        if not store.by_handle(group, attribute="id") and resource_id.lower() != group.lower():
            yield Refusal("resourceGroupName", f"there is no resource group {show(group.rsplit('/', 1)[-1])} in this sandbox")
            return
    yield from _arm_owner(store, resource, resource_id, found)


def _arm_owner(store: Store, resource: ResourceType, resource_id: str, found: Found) -> Iterator[Refusal]:
    head, found_provider, below = resource_id.rpartition("/providers/")
    if not found_provider:
        return
    parts = below.split("/")
    if "blobs" in parts:  # a blob's name has slashes of its own
        parts = [*parts[: parts.index("blobs") + 1], "/".join(parts[parts.index("blobs") + 1 :])]
    for count in range(len(parts) - 2, 2, -2):
        if parts[count - 1].lower() in _DEFAULT_CHILDREN:
            continue
        owner = f"{head}/providers/{'/'.join(parts[:count])}"
        matches = [record for record in store.by_handle(owner, attribute="id") if record.token.startswith("azure-native:")]
        if matches:
            found.append((matches[0], _PARENT))
            return
        if _needs_owner(parts, count):
            kind = "/".join([parts[0], *parts[1:count:2]])
            yield Refusal("", f"there is no {kind} {show(parts[count - 1])} in this sandbox to hold it")
            return


def _needs_owner(parts: list[str], count: int) -> bool:
    """Machine learning containers (models, environments, codes, data) come into being with their first version."""
    return not (parts[0].lower() == "microsoft.machinelearningservices" and parts[count - 2].lower() in ("models", "environments", "codes", "data"))


def _arm_template(resource: ResourceType) -> str:
    from sandbox.clouds import row

    return id_template(resource, row(resource.token))


def _namespace(store: Store, resource: ResourceType, inputs: Inputs, config: ProviderConfig, found: Found) -> Iterator[Refusal]:
    name = cast("Inputs", inputs.get("metadata") or {}).get("namespace")
    if not is_namespaced(resource.token) or not isinstance(name, str) or name in ("default", "kube-system", "kube-public", "kube-node-lease"):
        return
    matches = [record for record in store.by_handle(name, "kubernetes:core/v1:Namespace", "id") if record.realm == f"cluster/{config.cluster}"]
    if matches:
        found.append((matches[0], _NAMESPACE))
    else:
        yield Refusal("metadata.namespace", f"there is no namespace {show(name)} in this cluster")


def _at(value: Any, pattern: list[str], path: PropertyPath) -> Iterator[tuple[PropertyPath, Any]]:
    """The values at a pattern of property names and `*`."""
    if not pattern:
        yield path, value
        return
    head, rest = pattern[0], pattern[1:]
    if isinstance(value, list):
        for index, item in enumerate(cast("list[Any]", value)):
            yield from _at(item, rest if head == "*" else pattern, (*path, index))
    elif isinstance(value, dict):
        for key, item in cast("Inputs", value).items():
            if head in ("*", key):
                yield from _at(item, rest, (*path, key))


def _strings(value: Any, path: PropertyPath) -> Iterator[tuple[PropertyPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[Any]", value)):
            yield from _strings(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in cast("Inputs", value).items():
            yield from _strings(item, (*path, key))


def blockers(store: Store, record: Record, row: Row) -> Found:
    """What keeps a record from being deleted: other resources that refer to it. What lies inside it goes with it."""
    package = package_of(record.token)
    inside = f"{record.id.lower()}/" if package == "azure-native" else None
    return [
        (source, path)
        for source, path in store.referrers(record)
        if path not in _INSIDE and source.token not in row.owns and not (inside and source.id.lower().startswith(inside))
    ]


def contents(store: Store, record: Record, row: Row) -> list[Record]:
    """What the cloud deletes along with a record: what lies inside an ARM resource or a namespace, and what the row says it owns."""
    found = [source for source, path in store.referrers(record) if path == _NAMESPACE or source.token in row.owns]
    if record.token.startswith("azure-native:"):
        found += store.by_id_prefix(f"{record.id}/")
    return found
