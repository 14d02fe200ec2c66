"""One container app for each version of the model, and the route that shares requests between them.

A container app holds one template: two versions cannot be declared in it, nor an old revision be stopped. So a version is an app of its own, and an
HTTP route of the environment has the weights (docs/adr/0015-container-app-releases.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.access import Domain, Exposure, WebAccess
from modeldeploy.spec.model import Container, ModelVersion
from modeldeploy.spec.names import fit

from . import ids
from .container_environment import ContainerEnvironment, Size
from .domain import address_record, record_name
from .entra import SignIn, app_sign_in
from .group import Group
from .hosting import model_uri, secret_grant
from .identity import identity
from .model_store import ModelStore, upload
from .registry import host

LONGEST_NAME = 32
"""Characters of a container app's name: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftapp"""
STARTS = 10
"""How often Azure asks a replica that starts whether it is there, at most."""


@dataclass(frozen=True)
class Running:
    """What all apps of a component share."""

    environment: ContainerEnvironment
    identity: native.managedidentity.UserAssignedIdentity
    size: Size
    minimum: int
    maximum: int
    rules: Sequence[native.app.ScaleRuleArgs]
    variables: Mapping[str, pulumi.Input[str]]
    secrets: Mapping[str, pulumi.Input[str]]
    """Addresses in a vault, by the variable that gets the value."""
    request_seconds: int
    start_seconds: int
    ready: list[pulumi.Resource]
    """What must be there before a replica starts."""


@dataclass(frozen=True)
class Image:
    """A version of the model, and the container that runs it."""

    model: ModelVersion
    container: Container


@dataclass(frozen=True)
class Release:
    """The apps of all versions, and the one address in front of them."""

    apps: dict[str, native.app.ContainerApp]
    route: native.app.HttpRouteConfig
    host: pulumi.Output[str]


@dataclass(frozen=True)
class OwnDomain:
    """A host name of the user's own for the route, and who reads its certificate."""

    domain: Domain
    vault_id: pulumi.Input[str]
    reader: native.managedidentity.UserAssignedIdentity


def own_name(name: str, access: WebAccess, vault_id: pulumi.Input[str] | None, group: Group, parent: pulumi.Resource) -> OwnDomain | None:
    """The host name that the route gets; none without a domain, and none where a gateway has it."""
    if access.domain is None or access.exposure is Exposure.PUBLIC:
        return None
    return OwnDomain(access.domain, vault_id or "", identity(f"{name}-domain", group, parent))


def release(
    name: str,
    images: Sequence[Image],
    shares: Mapping[str, int],
    running: Running,
    tokens: SignIn | None,
    store: ModelStore,
    group: Group,
    parent: pulumi.Resource,
    named: OwnDomain | None = None,
) -> Release:
    """An app for each version, signed in to where `tokens` say who may call, and the route in front."""
    apps: dict[str, native.app.ContainerApp] = {}
    ready: list[pulumi.Resource] = []
    for image in images:
        model = image.model
        uploaded = [] if model.is_remote else upload(name, model, store, group, parent)
        variables = {"MODEL_URI": model_uri(model, store), "MODEL_VERSION": model.version}
        apps[model.version] = app(f"{name}-{model.version}", image.container, variables, running, group, parent, uploaded)
        if tokens is not None:
            ready.append(app_sign_in(f"{name}-{model.version}", tokens, apps[model.version], group.name, parent))
    domains: list[native.app.CustomDomainArgs] = []
    if named is not None:
        bound, records = own_domain(f"{name}-domain", named, running.environment, group, parent, running.ready)
        domains, ready = [bound], [*ready, *records]
    made = route(name, shares, apps, running.environment, parent, ready, domains)
    return Release(apps, made, route_host(made, running.environment))


def app(
    name: str,
    container: Container,
    variables: Mapping[str, pulumi.Input[str]],
    running: Running,
    group: Group,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource] = (),
    is_called: bool = True,
) -> native.app.ContainerApp:
    """An app, once all of `after` are there. A change of it is a new revision, which takes over when its replicas are ready.

    Its name depends on the environment, so that another environment is another app, which is there before the old one goes. Nobody reaches one that
    is not called.
    """
    secrets = {variable: secret(variable) for variable in running.secrets}
    return native.app.ContainerApp(
        name,
        resource_group_name=group.name,
        container_app_name=ids.unique(fit(name, LONGEST_NAME - 9), running.environment.id, LONGEST_NAME),
        environment_id=running.environment.id,
        workload_profile_name=running.size.profile.name,
        identity=native.app.ManagedServiceIdentityArgs(type="UserAssigned", user_assigned_identities=[running.identity.id]),
        configuration=native.app.ConfigurationArgs(
            active_revisions_mode=native.app.ActiveRevisionsMode.SINGLE,
            max_inactive_revisions=5,
            # Entered by the environment's route only.
            ingress=native.app.IngressArgs(external=False, target_port=container.port, transport="auto", allow_insecure=False) if is_called else None,
            registries=[native.app.RegistryCredentialsArgs(server=host(container.image), identity=running.identity.id)],
            secrets=[
                native.app.SecretArgs(name=secrets[variable], key_vault_url=address, identity=running.identity.id)
                for variable, address in running.secrets.items()
            ],
        ),
        template=native.app.TemplateArgs(
            containers=[
                native.app.ContainerArgs(
                    name="model",
                    image=container.image,
                    # A GPU comes with the kind of machine.
                    resources=native.app.ContainerResourcesArgs(cpu=running.size.cpu_millis / 1000, memory=f"{running.size.memory_mib / 1024:g}Gi"),
                    env=[
                        *(
                            native.app.EnvironmentVarArgs(name=variable, value=value)
                            for variable, value in {**container.environment, **running.variables, **variables}.items()
                        ),
                        *(native.app.EnvironmentVarArgs(name=variable, secret_ref=secret) for variable, secret in secrets.items()),
                    ],
                    probes=_probes(container, running.start_seconds),
                )
            ],
            # Requests that run when a replica goes are answered.
            termination_grace_period_seconds=running.request_seconds,
            scale=native.app.ScaleArgs(min_replicas=running.minimum, max_replicas=running.maximum, rules=list(running.rules)),
        ),
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*running.ready, *running.environment.ready, *after]),
    )


def secret(variable: str) -> str:
    """The name of the app's secret that a variable gets."""
    return fit(variable.replace("_", "-"), 60)


def route(
    name: str,
    shares: Mapping[str, int],
    apps: Mapping[str, native.app.ContainerApp],
    environment: ContainerEnvironment,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource],
    domains: Sequence[native.app.CustomDomainArgs] = (),
) -> native.app.HttpRouteConfig:
    """The one address of all versions, and the percent of requests that each gets, once all of `after` are there.

    https://learn.microsoft.com/azure/container-apps/rule-based-routing
    """
    return native.app.HttpRouteConfig(
        name,
        resource_group_name=environment.resource_group,
        environment_name=environment.name,
        http_route_name=ids.unique(name, environment.id, 50),
        properties=native.app.HttpRouteConfigPropertiesArgs(
            rules=[
                native.app.HttpRouteRuleArgs(
                    description="Versions of the model",
                    routes=[native.app.HttpRouteArgs(match=native.app.HttpRouteMatchArgs(prefix="/"))],
                    targets=[
                        native.app.HttpRouteTargetArgs(container_app=apps[version].name, weight=percent)
                        for version, percent in shares.items()
                        if percent
                    ],
                )
            ],
            custom_domains=list(domains) or None,
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*apps.values(), *after]),
    )


def route_host(made: native.app.HttpRouteConfig, environment: ContainerEnvironment) -> pulumi.Output[str]:
    """The host name of a route: its own name in the environment's domain."""
    return pulumi.Output.concat(made.name, ".", environment.domain)


def own_domain(
    name: str, named: OwnDomain, environment: ContainerEnvironment, group: Group, parent: pulumi.Resource, after: Sequence[pulumi.Resource]
) -> tuple[native.app.CustomDomainArgs, list[pulumi.Resource]]:
    """A host name of the user's own for a route, and what must be there before Azure takes it."""
    domain = named.domain
    access = secret_grant(name, domain.certificate or "", named.vault_id, named.reader, parent)
    certificate = native.app.Certificate(
        name,
        resource_group_name=environment.resource_group,
        environment_name=environment.name,
        properties=native.app.CertificatePropertiesArgs(
            certificate_key_vault_properties=native.app.CertificateKeyVaultPropertiesArgs(
                identity=named.reader.id, key_vault_url=pulumi.Output.from_input(domain.certificate or "")
            )
        ),
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[access, *after]),
    )
    zone = pulumi.Output.from_input(domain.zone or "")
    records = [
        address_record(name, domain, environment.static_ip, parent),
        native.dns.RecordSet(
            f"{name}-owner",
            resource_group_name=ids.lift(lambda found: ids.segment(found, "resourceGroups"), zone),
            zone_name=zone.apply(ids.last),
            record_type="TXT",
            relative_record_set_name=zone.apply(lambda found: record_name(f"asuid.{domain.hostname}", ids.last(found))),
            ttl=3600,
            txt_records=[native.dns.TxtRecordArgs(value=[environment.verification])],
            opts=pulumi.ResourceOptions(parent=parent),
        ),
    ]
    bound = native.app.CustomDomainArgs(name=domain.hostname, binding_type=native.app.BindingType.SNI_ENABLED, certificate_id=certificate.id)
    return bound, [certificate, *records]


def http_rule(concurrent_requests: int) -> native.app.ScaleRuleArgs:
    """Replicas by the requests that run at the same time in each."""
    return native.app.ScaleRuleArgs(name="requests", http=native.app.HttpScaleRuleArgs(metadata={"concurrentRequests": str(concurrent_requests)}))


def _probes(container: Container, start_seconds: int) -> list[native.app.ContainerAppProbeArgs]:
    """A replica has `start_seconds` to load the model, and is then asked every ten seconds."""

    def probe(kind: native.app.Type, period: int, failures: int) -> native.app.ContainerAppProbeArgs:
        return native.app.ContainerAppProbeArgs(
            type=kind,
            http_get=native.app.ContainerAppProbeHttpGetArgs(path=container.health_path, port=container.port, scheme=native.app.Scheme.HTTP),
            period_seconds=period,
            timeout_seconds=5,
            failure_threshold=failures,
        )

    return [
        probe(native.app.Type.STARTUP, -(-start_seconds // STARTS), STARTS),
        probe(native.app.Type.READINESS, 10, 3),
        probe(native.app.Type.LIVENESS, 10, 3),
    ]
