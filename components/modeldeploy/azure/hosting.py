"""What functions and containers on Azure have in common: where they are put, what they may read, and what stands in front of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.access import Authentication, Exposure, WebAccess
from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.database import DatabaseConnection
from modeldeploy.spec.model import Model, ModelVersion, remote_problems
from modeldeploy.spec.network import Network
from modeldeploy.spec.operations import Operations

from . import ids
from .addresses import caller_problems
from .group import Group
from .identity import Role, grant
from .keys import CustomerKey
from .logs import diagnostics
from .model_store import ModelStore, path
from .private_link import Attachment, Service, private_endpoint
from .registry import ImageRegistry, registry_problems
from .subnets import Subnet, subnet_problems

BLOB = re.compile(r"https://([a-z0-9]{3,24})\.blob\.core\.windows\.net/([a-z0-9-]{3,63})/.+")
SECRET = re.compile(r"https://([a-zA-Z0-9-]{3,24})\.vault\.azure\.net/secrets/([a-zA-Z0-9-]{1,127})(/[0-9a-f]{32})?/?")


def access_problems(
    access: WebAccess, network: Network, application_id: str | None, api_management_id: pulumi.Input[str] | None
) -> Iterator[Problem]:
    """Problems of who may call, where Azure cannot check it that way, or needs something to do so."""
    yield from caller_problems(access.callers)
    by = access.authentication
    if application_id is None and by is not Authentication.NONE:
        yield Problem(
            "application_id",
            f"is required with access.authentication {by}: client id of the Entra application that tokens are for; or use {Authentication.NONE}",
        )
    if application_id is not None and by is Authentication.NONE:
        yield Problem("application_id", f"has no effect with access.authentication {by}; leave it out")
    if application_id is not None and not ids.GUID.fullmatch(application_id):
        yield Problem("application_id", f"'{application_id}' is no client id of an Entra application (a GUID)")
    through_api = by in (Authentication.JWT, Authentication.API_KEY)
    if api_management_id is None and through_api:
        yield Problem(
            "api_management_id", f"is required with access.authentication {by}, which API Management checks; or use {Authentication.IDENTITY}"
        )
    if api_management_id is not None and not through_api:
        yield Problem("api_management_id", f"has no effect with access.authentication {by}; leave it out, or use jwt or api-key")
    yield from arm_id_problems("api_management_id", api_management_id, "Microsoft.ApiManagement/service")
    if access.requests_per_minute is not None and access.exposure is Exposure.PRIVATE and not through_api:
        yield Problem(
            "access.requests_per_minute",
            "is counted by the firewall of a public deployment, or by API Management (authentication jwt or api-key); leave it out",
        )
    if network.id is not None and network.callers:
        yield Problem("network.callers", "excludes network.id: the network given has its own security group; let the callers in there")


def domain_problems(access: WebAccess, environment_id: pulumi.Input[str] | None) -> Iterator[Problem]:
    """Problems of a host name, and of a public deployment without one."""
    domain = access.domain
    if domain is None:
        if access.exposure is Exposure.PUBLIC:
            yield Problem(
                "access.domain",
                "is required with access.exposure public: the application gateway in front has no host name and no certificate of its own",
            )
        return
    if domain.certificate is None:
        yield Problem(
            "access.domain.certificate", "is required on Azure, which makes none here: address of the Key Vault secret with the certificate"
        )
    if access.exposure is Exposure.PUBLIC:
        return
    if access.authentication in (Authentication.JWT, Authentication.API_KEY):
        yield Problem("access.domain", "belongs to the API Management given while access is private; set it there")
    elif environment_id is not None:
        yield Problem("access.domain", "excludes container_environment_id while access is private: the environment given has its own certificates")
    elif domain.zone is None:
        yield Problem("access.domain.zone", "is required while access is private: Azure looks for a TXT record before it takes the host name")


def vault_problems(secrets: Mapping[str, pulumi.Input[str]], access: WebAccess, vault_id: pulumi.Input[str] | None) -> Iterator[Problem]:
    """Problems of secrets and certificates: their addresses, and the one vault they are in."""
    addresses = {f"secrets.{name}": address for name, address in secrets.items()}
    if access.domain is not None and access.domain.certificate is not None:
        addresses["access.domain.certificate"] = access.domain.certificate
    yield from secret_address_problems(addresses, vault_id)


def secret_address_problems(addresses: Mapping[str, pulumi.Input[str]], vault_id: pulumi.Input[str] | None) -> Iterator[Problem]:
    """Problems of addresses in a vault, by the argument that has them."""
    if addresses and vault_id is None:
        yield Problem(
            "secrets_vault_id", "is required with secrets or a certificate: the ARM id of the vault they are in, by which Azure grants access"
        )
    if vault_id is not None and not addresses:
        yield Problem("secrets_vault_id", "has no effect without secrets or a certificate; leave it out")
    yield from arm_id_problems("secrets_vault_id", vault_id, "Microsoft.KeyVault/vaults")
    for where, address in addresses.items():
        if not isinstance(address, str):
            continue
        found = SECRET.fullmatch(address)
        if found is None:
            yield Problem(where, f"'{address}' is no address of a Key Vault secret; write https://<vault>.vault.azure.net/secrets/<name>")
        elif isinstance(vault_id, str) and ids.RESOURCE_ID.fullmatch(vault_id) and found[1].lower() != ids.last(vault_id).lower():
            yield Problem(where, f"'{address}' is not in the vault '{ids.last(vault_id)}' that secrets_vault_id names")


def artifact_problems(models: Sequence[ModelVersion], account_id: pulumi.Input[str] | None, service: str) -> Iterator[Problem]:
    """Problems of artifacts that are in an object store already."""
    yield from remote_problems(models, ("https",), service)
    remote = {index: model.source for index, model in enumerate(models) if model.source.startswith("https://")}
    if remote and account_id is None:
        yield Problem("artifact_account_id", "is required with an artifact at https://: ARM id of the storage account, by which Azure grants access")
    if account_id is not None and not remote:
        yield Problem("artifact_account_id", "has no effect: no artifact is in a store already; leave it out")
    yield from arm_id_problems("artifact_account_id", account_id, "Microsoft.Storage/storageAccounts")
    for index, source in remote.items():
        found = BLOB.fullmatch(source)
        if found is None:
            yield Problem(f"models[{index}].source", f"'{source}' is no blob; write https://<account>.blob.core.windows.net/<container>/<path>")
        elif isinstance(account_id, str) and found[1] != ids.last(account_id):
            yield Problem(f"models[{index}].source", f"'{source}' is not in the account '{ids.last(account_id)}' that artifact_account_id names")


def network_problems(network: Network, needed: Sequence[Subnet], environment_id: pulumi.Input[str] | None) -> Iterator[Problem]:
    """Problems of a network without what is needed, and of an environment without the network that it is in."""
    yield from subnet_problems(network, needed)
    if environment_id is not None and network.id is None:
        yield Problem("network.id", "is required with container_environment_id: name the network that the environment is in")
    yield from arm_id_problems("container_environment_id", environment_id, "Microsoft.App/managedEnvironments")


def capture_problems(operations: Operations, service: str) -> Iterator[Problem]:
    """Problems of requests that nobody keeps."""
    if operations.capture_percent:
        yield Problem("operations.capture_percent", f"is not offered by {service}; leave it out, and let the container log what may be kept")


def database_problems(database: DatabaseConnection | None, network: Network) -> Iterator[Problem]:
    """Problems of a database that could not be reached."""
    if database is not None and network.id is None:
        yield Problem("network.id", "is required with a database: name the network that its private endpoint is in")


def arm_id_problems(argument: str, value: pulumi.Input[str] | None, kind: str) -> Iterator[Problem]:
    """Problems of an argument that is an ARM id."""
    if isinstance(value, str) and not (ids.RESOURCE_ID.fullmatch(value) and f"/providers/{kind}/".lower() in value.lower()):
        yield Problem(argument, f"'{value}' is no ARM id; write /subscriptions/.../providers/{kind}/<name>")


def model_problems(model: Model, account_id: pulumi.Input[str] | None, registry_id: pulumi.Input[str] | None) -> Iterator[Problem]:
    """Problems of the one model of a component: where its artifact and its image are."""
    for problem in (*artifact_problems([model], account_id, "Azure"), *registry_problems([model], registry_id)):
        yield Problem(problem.path.replace("models[0]", "model"), problem.reason)


def model_uri(model: ModelVersion, store: ModelStore) -> pulumi.Input[str]:
    """What `$MODEL_URI` is: the address of the artifact. A local one's is a folder with the uploaded files."""
    if model.is_remote:
        return model.source
    return pulumi.Output.concat("https://", store.account.name, ".blob.core.windows.net/", store.container.name, "/", path(model))


def read_grants(
    name: str,
    models: Sequence[ModelVersion],
    store: ModelStore,
    account_id: pulumi.Input[str] | None,
    secrets: Mapping[str, pulumi.Input[str]],
    vault_id: pulumi.Input[str] | None,
    runs_as: native.managedidentity.UserAssignedIdentity,
    parent: pulumi.Resource,
) -> list[pulumi.Resource]:
    """What a deployment may read: its model store, the containers that remote artifacts are in, and the secrets it names."""
    grants: list[pulumi.Resource] = [grant(f"{name}-read", Role.BLOB_READER, store.container.id, runs_as, parent)]
    containers = {found[2] for model in models if (found := BLOB.fullmatch(model.source))}
    for container in sorted(containers):
        scope = pulumi.Output.concat(account_id or "", "/blobServices/default/containers/", container)
        grants.append(grant(f"{name}-read-{container}", Role.BLOB_READER, scope, runs_as, parent))
    for variable, address in secrets.items():
        grants.append(secret_grant(f"{name}-secret-{variable}", address, vault_id, runs_as, parent))
    return grants


def secret_grant(
    name: str,
    address: pulumi.Input[str],
    vault_id: pulumi.Input[str] | None,
    holder: native.managedidentity.UserAssignedIdentity,
    parent: pulumi.Resource,
) -> native.authorization.RoleAssignment:
    """Lets `holder` read one secret of a vault."""
    secret = ids.lift(secret_name, address)
    return grant(name, Role.SECRETS_USER, pulumi.Output.concat(vault_id or "", "/secrets/", secret), holder, parent)


def secret_name(address: str) -> str:
    """The name in a secret's address."""
    return address.split("/secrets/")[1].split("/")[0]


def reach_given(
    name: str,
    registry_id: pulumi.Input[str] | None,
    vault_id: pulumi.Input[str] | None,
    account_id: pulumi.Input[str] | None,
    network: Network,
    attachment: Attachment,
    group: Group,
    parent: pulumi.Resource,
) -> list[pulumi.Resource]:
    """Ways to a registry, a vault and a storage account that are given, from a network that was made here. One that is given has them already."""
    if network.id is not None:
        return []
    given = {
        "registry": (Service.REGISTRY, registry_id),
        "vault": (Service.VAULT, vault_id),
        "artifacts": (Service.BLOB, account_id),
    }
    return [
        private_endpoint(f"{name}-{label}", service, resource_id, attachment, group, parent)
        for label, (service, resource_id) in given.items()
        if resource_id is not None
    ]


def store_diagnostics(
    name: str,
    models: ModelStore,
    key: CustomerKey,
    images: ImageRegistry | None,
    workspace: native.operationalinsights.Workspace,
    parent: pulumi.Resource,
) -> None:
    """Who reads and writes the stores that were made."""
    stored = pulumi.Output.concat(models.account.id, "/blobServices/default")
    diagnostics(f"{name}-models", stored, workspace, parent, categories=("StorageRead", "StorageWrite", "StorageDelete"))
    if key.vault is not None:
        diagnostics(f"{name}-keys", key.vault.id, workspace, parent, categories=("AuditEvent",))
    if images is not None and images.made is not None:
        diagnostics(f"{name}-registry", images.made.id, workspace, parent, groups=("allLogs",))
