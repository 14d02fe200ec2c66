"""One container app for each version of the model, and the route that shares requests between them.

A container app holds one template: two versions cannot be declared in it, nor an old revision be stopped. So a version is an app of its own, and an
HTTP route of the environment has the weights (docs/adr/0015-container-app-releases.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.access import Domain
from modeldeploy.spec.model import Container
from modeldeploy.spec.names import fit

from . import ids
from .container_environment import ContainerEnvironment, Size
from .group import Group
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


def app(
    name: str,
    version: str,
    container: Container,
    variables: Mapping[str, pulumi.Input[str]],
    running: Running,
    group: Group,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource] = (),
) -> native.app.ContainerApp:
    """The app of one version, once all of `after` are there. A change of it is a new revision, which takes over when its replicas are ready.

    Its name depends on the environment, so that another environment is another app, which is there before the old one goes.
    """
    child = f"{name}-{version}"
    secrets = {variable: fit(variable.replace("_", "-"), 60) for variable in running.secrets}
    return native.app.ContainerApp(
        child,
        resource_group_name=group.name,
        container_app_name=ids.unique(fit(child, LONGEST_NAME - 9), running.environment.id, LONGEST_NAME),
        environment_id=running.environment.id,
        workload_profile_name=running.size.profile.name,
        identity=native.app.ManagedServiceIdentityArgs(type="UserAssigned", user_assigned_identities=[running.identity.id]),
        configuration=native.app.ConfigurationArgs(
            active_revisions_mode=native.app.ActiveRevisionsMode.SINGLE,
            max_inactive_revisions=5,
            # Entered by the environment's route only.
            ingress=native.app.IngressArgs(external=False, target_port=container.port, transport="auto", allow_insecure=False),
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
    name: str,
    domain: Domain,
    reader: native.managedidentity.UserAssignedIdentity,
    environment: ContainerEnvironment,
    group: Group,
    parent: pulumi.Resource,
    after: list[pulumi.Resource],
) -> tuple[native.app.CustomDomainArgs, list[pulumi.Resource]]:
    """A host name of the user's own for a route, and the records that must be there before Azure takes it."""
    certificate = native.app.Certificate(
        name,
        resource_group_name=environment.resource_group,
        environment_name=environment.name,
        properties=native.app.CertificatePropertiesArgs(
            certificate_key_vault_properties=native.app.CertificateKeyVaultPropertiesArgs(
                identity=reader.id, key_vault_url=pulumi.Output.from_input(domain.certificate or "")
            )
        ),
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=after),
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


def address_record(name: str, domain: Domain, address: pulumi.Input[str], parent: pulumi.Resource) -> native.dns.RecordSet:
    """The record that leads from the host name to `address`, in the zone given."""
    zone = pulumi.Output.from_input(domain.zone or "")
    return native.dns.RecordSet(
        name,
        resource_group_name=zone.apply(lambda found: ids.segment(found, "resourceGroups")),
        zone_name=zone.apply(ids.last),
        record_type="A",
        relative_record_set_name=zone.apply(lambda found: record_name(domain.hostname, ids.last(found))),
        ttl=300,
        a_records=[native.dns.ARecordArgs(ipv4_address=address)],
        opts=pulumi.ResourceOptions(parent=parent),
    )


def record_name(hostname: str, zone: str) -> str:
    """A host name as a zone knows it: `pricing` for `pricing.example.com` in `example.com`, `@` for the zone itself."""
    return hostname.removesuffix(zone).rstrip(".") or "@"


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
