"""A function app that runs Python source, on the Flex Consumption plan, and what it has in common with one on a Premium plan.

https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan and docs/adr/0014-azure-functions-releases.md.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec import artifact
from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.names import fit
from modeldeploy.spec.serverless import Code, FunctionModel

from . import ids
from .entra import SignIn, site_sign_in
from .group import Group
from .hosting import model_uri
from .identity import Role, grant
from .keys import CustomerKey
from .logs import Logs, diagnostics
from .model_store import ModelStore, upload
from .private_link import Attachment, Service, private_endpoint
from .storage import account
from .subnets import Subnet

MEMORY = (512, 2048, 4096)
"""MiB that an instance may have."""
PYTHON = ("3.10", "3.11", "3.12", "3.13")
PACKAGE = "released-package.zip"
"""The name under which the platform looks for the code in its container."""
LONGEST_SITE = 60


def memory(asked: int) -> int | None:
    """The smallest size with as much memory; None where there is none."""
    return next((each for each in MEMORY if each >= asked), None)


def code_problems(code: Code) -> Iterator[Problem]:
    """Problems of source that the Functions host could not start."""
    if code.python not in PYTHON:
        yield Problem("python", f"'{code.python}' is not allowed; Flex Consumption has {', '.join(PYTHON)}")
    folder = Path(code.source)
    if not folder.is_dir():
        return
    if not (folder / "host.json").is_file():
        yield Problem("source", f"'{code.source}' has no host.json, which the Functions host starts with")
    module, _, name = code.handler.rpartition(".")
    script = folder / f"{module}.py"
    if "." in module or not script.is_file():
        yield Problem("handler", f"'{code.handler}' names no file in '{code.source}'; write <file>.<its FunctionApp>, such as function_app.app")
    elif name not in _assigned(script.read_text()):
        yield Problem("handler", f"'{code.handler}': {module}.py assigns no '{name}', where the Functions host looks for the FunctionApp")


def _assigned(source: str) -> set[str]:
    """Names that a module assigns at its top level; a module that is no Python assigns none."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return set()
    targets = [target for statement in body if isinstance(statement, ast.Assign) for target in statement.targets]
    targets += [statement.target for statement in body if isinstance(statement, ast.AnnAssign)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


@dataclass(frozen=True)
class Hosting:
    """How the function app runs, whatever version it is."""

    identity: native.managedidentity.UserAssignedIdentity
    minimum: int
    maximum: int
    concurrent_requests: int
    request_seconds: int
    variables: Mapping[str, pulumi.Input[str]]
    secrets: Mapping[str, pulumi.Input[str]]
    """Addresses in a vault, by the variable that gets the value."""
    ready: list[pulumi.Resource]


@dataclass(frozen=True)
class FunctionApp:
    """The app, its host name, and what must be there before somebody calls it."""

    site: native.web.WebApp
    host: pulumi.Output[str]
    ready: list[pulumi.Resource]


def function_app(
    name: str,
    models: Sequence[FunctionModel],
    served: FunctionModel,
    memory_mib: int,
    hosting: Hosting,
    tokens: SignIn | None,
    store: ModelStore,
    key: CustomerKey,
    watched: Logs,
    attachment: Attachment,
    group: Group,
    parent: pulumi.Resource,
) -> FunctionApp:
    """The app that runs the version `served`. The code of every version is in the store, so that it changes to another in one update.

    Instances are replaced batch by batch when the version changes: https://learn.microsoft.com/azure/azure-functions/flex-consumption-site-updates
    """
    packages = {model.version: package(name, model, model.code, hosting.identity, store, group, parent) for model in models if model.code is not None}
    released = packages[served.version]
    host = host_store(name, hosting, key, watched, attachment, group, parent)
    plan = native.web.AppServicePlan(
        name,
        resource_group_name=group.name,
        kind="functionapp",
        reserved=True,
        sku=native.web.SkuDescriptionArgs(name="FC1", tier="FlexConsumption"),
        zone_redundant=group.is_production,
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    settings = app_settings(served, hosting, host, watched, store) | {"PYTHON_SCRIPT_FILE_NAME": script_name(released.code)}
    site = native.web.WebApp(
        name,
        resource_group_name=group.name,
        name=ids.unique(name, group.id, LONGEST_SITE),
        kind="functionapp,linux",
        reserved=True,
        server_farm_id=plan.id,
        identity=native.web.ManagedServiceIdentityArgs(
            type=native.web.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[hosting.identity.id]
        ),
        key_vault_reference_identity=hosting.identity.id,
        https_only=True,
        public_network_access="Disabled",
        virtual_network_subnet_id=attachment.subnet(Subnet.FUNCTIONS),
        client_affinity_enabled=False,
        function_app_config=native.web.FunctionAppConfigArgs(
            runtime=native.web.FunctionsRuntimeArgs(name="python", version=released.code.python),
            deployment=native.web.FunctionsDeploymentArgs(
                storage=native.web.FunctionsDeploymentStorageArgs(
                    type="blobContainer",
                    value=pulumi.Output.concat("https://", store.account.name, ".blob.core.windows.net/", released.container.name),
                    authentication=native.web.FunctionsDeploymentStorageAuthenticationArgs(
                        type="UserAssignedIdentity", user_assigned_identity_resource_id=hosting.identity.id
                    ),
                )
            ),
            scale_and_concurrency=native.web.FunctionsScaleAndConcurrencyArgs(
                instance_memory_mb=memory_mib,
                maximum_instance_count=hosting.maximum,
                always_ready=[native.web.FunctionsAlwaysReadyConfigArgs(name="http", instance_count=hosting.minimum)] if hosting.minimum else [],
                triggers=native.web.FunctionsScaleAndConcurrencyTriggersArgs(
                    http=native.web.FunctionsScaleAndConcurrencyTriggersHttpArgs(per_instance_concurrency=hosting.concurrent_requests)
                ),
            ),
            site_update_strategy=native.web.FunctionsSiteUpdateStrategyArgs(type="RollingUpdate"),
        ),
        site_config=native.web.SiteConfigArgs(
            min_tls_version="1.2",
            scm_min_tls_version="1.2",
            ftps_state="Disabled",
            http20_enabled=True,
            remote_debugging_enabled=False,
            app_settings=pairs(settings),
        ),
        tags=group.tags,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[
                *host.ready,
                *hosting.ready,
                *artifacts(name, models, store, group, parent),
                *(each for found in packages.values() for each in found.ready),
            ],
        ),
    )
    return entered(name, site, tokens, watched, attachment, group, parent)


@dataclass(frozen=True)
class HostStore:
    """Where the Functions host keeps what it needs."""

    account: native.storage.StorageAccount
    ready: list[pulumi.Resource]


def host_store(
    name: str, hosting: Hosting, key: CustomerKey, watched: Logs, attachment: Attachment, group: Group, parent: pulumi.Resource
) -> HostStore:
    """An account for the host alone, and what else its identity may do: tell Application Insights what happens."""
    work = account(f"{name}-host", key, group, parent)
    way = private_endpoint(f"{name}-host", Service.BLOB, work.id, attachment, group, parent)
    rights = [
        grant(f"{name}-host", Role.BLOB_OWNER, work.id, hosting.identity, parent),
        grant(f"{name}-telemetry", Role.METRICS_PUBLISHER, watched.insights.id, hosting.identity, parent),
    ]
    return HostStore(work, [*rights, way])


def app_settings(served: FunctionModel, hosting: Hosting, host: HostStore, watched: Logs, store: ModelStore) -> dict[str, pulumi.Input[str]]:
    """What an app finds in its environment on any plan; secrets are references that Azure looks up."""
    return {
        **served.variables,
        **hosting.variables,
        "MODEL_URI": model_uri(served, store),
        "MODEL_VERSION": served.version,
        "AzureWebJobsStorage__accountName": host.account.name,
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureWebJobsStorage__clientId": hosting.identity.client_id,
        "APPLICATIONINSIGHTS_CONNECTION_STRING": watched.insights.connection_string,
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": pulumi.Output.concat("ClientId=", hosting.identity.client_id, ";Authorization=AAD"),
        "AzureFunctionsJobHost__functionTimeout": _clock(hosting.request_seconds),
        **{variable: pulumi.Output.concat("@Microsoft.KeyVault(SecretUri=", address, ")") for variable, address in hosting.secrets.items()},
    }


def pairs(settings: Mapping[str, pulumi.Input[str]]) -> list[native.web.NameValuePairArgs]:
    """Settings as an app takes them."""
    return [native.web.NameValuePairArgs(name=setting, value=value) for setting, value in settings.items()]


def script_name(code: Code) -> str:
    """The file with the `FunctionApp`."""
    return f"{code.handler.rpartition('.')[0]}.py"


def artifacts(name: str, models: Sequence[FunctionModel], store: ModelStore, group: Group, parent: pulumi.Resource) -> list[pulumi.Resource]:
    """Uploads the artifacts of all versions that are local."""
    return [each for model in models if not model.is_remote for each in upload(name, model, store, group, parent)]


def entered(
    name: str, site: native.web.WebApp, tokens: SignIn | None, watched: Logs, attachment: Attachment, group: Group, parent: pulumi.Resource
) -> FunctionApp:
    """The app with its way in, and nothing else: by a private endpoint, with a token, and not with a user's name and password."""
    entrance = private_endpoint(name, Service.SITE, site.id, attachment, group, parent)
    for label, kind in (("ftp", native.web.WebAppFtpAllowed), ("scm", native.web.WebAppScmAllowed)):
        closed = pulumi.ResourceOptions(parent=parent, deleted_with=site)
        kind(f"{name}-{label}", resource_group_name=group.name, name=site.name, allow=False, opts=closed)
    signed_in = [site_sign_in(name, tokens, site, group.name, parent)] if tokens is not None else []
    diagnostics(f"{name}-site", site.id, watched.workspace, parent, groups=("allLogs",))
    return FunctionApp(site, site.default_host_name, [entrance, *signed_in])


@dataclass(frozen=True)
class Package:
    """The code of a version, and who may take it."""

    code: Code

    container: native.storage.BlobContainer
    ready: list[pulumi.Resource]


def package(
    name: str,
    model: FunctionModel,
    code: Code,
    reader: native.managedidentity.UserAssignedIdentity,
    store: ModelStore,
    group: Group,
    parent: pulumi.Resource,
) -> Package:
    """The code of a version, in a container of its own whose name depends on it: other code is another container, and the app takes it from there."""
    child = f"{name}-{model.version}-code"
    container = native.storage.BlobContainer(
        child,
        resource_group_name=group.name,
        account_name=store.account.name,
        container_name=fit(f"code-{model.version}-{artifact.content_hash(code.source)}", 60),
        public_access=native.storage.PublicAccess.NONE,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    blob = native.storage.Blob(
        child,
        resource_group_name=group.name,
        account_name=store.account.name,
        container_name=container.name,
        blob_name=PACKAGE,
        source=pulumi.FileArchive(code.source),
        content_type="application/zip",
        opts=pulumi.ResourceOptions(parent=parent, deleted_with=store.account, depends_on=[store.entrance]),
    )
    # The platform's own deployment writes there too.
    access = grant(child, Role.BLOB_CONTRIBUTOR, container.id, reader, parent)
    return Package(code, container, [blob, access])


def _clock(seconds: int) -> str:
    """A time as host.json has it."""
    return f"00:{seconds // 60:02d}:{seconds % 60:02d}"
