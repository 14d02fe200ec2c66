"""The Container Apps environment that apps and jobs run in: given, or made, private, in a subnet of its own.

https://learn.microsoft.com/azure/container-apps/environment
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.compute import ContainerCompute

from . import ids
from .group import Group
from .keys import CustomerKey
from .logs import diagnostics
from .private_link import Attachment
from .subnets import Subnet

MEMORY_PER_CPU = 2048
"""MiB of memory that comes with a CPU in the Consumption profile, in steps of a quarter of a CPU and 512 MiB."""


@dataclass(frozen=True)
class Profile:
    """A kind of machine that an environment may have: https://learn.microsoft.com/azure/container-apps/workload-profiles-overview"""

    name: str
    """The type, under which an environment has it at most once here."""
    cpu_millis: int
    """CPU of one replica at most, in thousandths."""
    memory_mib: int
    gpus: int = 0
    dedicated: bool = False
    """Whether whole machines are rented, however many replicas run on them."""


CONSUMPTION = Profile("Consumption", 4000, 8192)
PROFILES = (
    CONSUMPTION,
    *(Profile(f"{family}{cpus}", cpus * 1000, cpus * gib * 1024, dedicated=True) for cpus in (4, 8, 16, 32) for family, gib in (("D", 4), ("E", 8))),
    Profile("Consumption-GPU-NC8as-T4", 8000, 56 * 1024, gpus=1),
    Profile("Consumption-GPU-NC24-A100", 24000, 220 * 1024, gpus=1),
)
"""In the order of preference: the first that fits is taken."""


@dataclass(frozen=True)
class Size:
    """What one replica gets, and on which kind of machine."""

    profile: Profile
    cpu_millis: int
    memory_mib: int


def size(compute: ContainerCompute) -> Size | None:
    """The smallest size that has what `compute` asks for; None where Container Apps has none."""
    for profile in PROFILES:
        if profile.gpus != compute.gpus:
            continue
        if profile.gpus:
            if compute.cpu_millis <= profile.cpu_millis and compute.memory_mib <= profile.memory_mib:
                # The GPU is not shared, so that neither is the machine.
                return Size(profile, profile.cpu_millis, profile.memory_mib)
        elif profile.dedicated:
            # A machine keeps something for itself.
            if compute.cpu_millis < profile.cpu_millis and compute.memory_mib < profile.memory_mib:
                return Size(profile, -(-compute.cpu_millis // 250) * 250, -(-compute.memory_mib // 512) * 512)
        else:
            quarters = max(-(-compute.cpu_millis // 250), -(-compute.memory_mib // (MEMORY_PER_CPU // 4)))
            if quarters * 250 <= profile.cpu_millis:
                return Size(profile, quarters * 250, quarters * MEMORY_PER_CPU // 4)
    return None


def size_problems(compute: ContainerCompute) -> Iterator[Problem]:
    """Problems of a size that Container Apps has on no machine."""
    if size(compute) is None:
        yield Problem(
            "compute",
            f"Container Apps has no machine for {compute.cpu_millis} thousandths of a CPU, {compute.memory_mib} MiB and {compute.gpus} GPUs; "
            "it has up to 32 CPUs and 256 GiB without a GPU, 24 CPUs and 220 GiB with one, and none with more GPUs (use AKS)",
        )


def environment_problems(environment_id: pulumi.Input[str] | None) -> Iterator[Problem]:
    """Problems of an environment that is given."""
    if isinstance(environment_id, str) and not ids.RESOURCE_ID.fullmatch(environment_id):
        yield Problem("environment_id", f"'{environment_id}' is no ARM id; write /subscriptions/.../Microsoft.App/managedEnvironments/<name>")


@dataclass(frozen=True)
class ContainerEnvironment:
    """An environment, and what the apps in it need to know."""

    id: pulumi.Output[str]
    name: pulumi.Output[str]
    resource_group: pulumi.Output[str]
    domain: pulumi.Output[str]
    """Domain that the host names of its apps end in."""
    static_ip: pulumi.Output[str]
    """Private address of all its apps."""
    verification: pulumi.Output[str]
    """What a TXT record must say before the environment takes a host name of the user's own."""
    ready: list[pulumi.Resource]
    """What must be there before somebody calls an app."""


def container_environment(
    name: str,
    given: pulumi.Input[str] | None,
    profiles: Sequence[Profile],
    workspace: native.operationalinsights.Workspace,
    key: CustomerKey,
    attachment: Attachment,
    group: Group,
    parent: pulumi.Resource,
    most_machines: int = 10,
    encrypt_disks: bool = False,
    reads_certificates: native.managedidentity.UserAssignedIdentity | None = None,
) -> ContainerEnvironment:
    """The environment with the id `given`, or one of its own: without a public address, its logs in `workspace`, traffic inside it encrypted, over
    several zones in production, and its names resolved in the network.

    `profiles` are the kinds of machines it has besides Consumption; an environment that is given must have them under the same names.
    `most_machines` limits each dedicated one. `encrypt_disks` puts the customer's key on its scratch disks; Azure has that in preview interfaces, and
    not in its list of services that take one (https://learn.microsoft.com/azure/security/fundamentals/encryption-customer-managed-keys-support).
    `reads_certificates` fetches the certificates of host names from a vault.
    """
    if given is not None:
        found = _given(given, parent)
        diagnostics(f"{name}-apps", found.id, workspace, parent, groups=("allLogs",))
        return found
    wanted = dict.fromkeys([CONSUMPTION, *profiles])
    holders = [each.id for each in (key.reader if encrypt_disks else None, reads_certificates) if each is not None]
    made = native.app.ManagedEnvironment(
        f"{name}-apps",
        resource_group_name=group.name,
        vnet_configuration=native.app.VnetConfigurationArgs(infrastructure_subnet_id=attachment.subnet(Subnet.APPS), internal=True),
        public_network_access="Disabled",
        workload_profiles=[
            native.app.WorkloadProfileArgs(
                name=profile.name,
                workload_profile_type=profile.name,
                # Rented by the machine; Consumption has no such numbers.
                minimum_count=_least_machines(group) if profile.dedicated else None,
                maximum_count=max(most_machines, _least_machines(group)) if profile.dedicated else None,
            )
            for profile in wanted
        ],
        zone_redundant=group.is_production,
        # To a workspace without keys, by a diagnostic setting.
        app_logs_configuration=native.app.AppLogsConfigurationArgs(destination="azure-monitor"),
        peer_traffic_configuration=native.app.ManagedEnvironmentPeerTrafficConfigurationArgs(
            encryption=native.app.ManagedEnvironmentEncryptionArgs(enabled=True)
        ),
        identity=native.app.ManagedServiceIdentityArgs(type="UserAssigned", user_assigned_identities=holders) if holders else None,
        disk_encryption_configuration=native.app.DiskEncryptionConfigurationArgs(
            key_vault_configuration=native.app.DiskEncryptionConfigurationKeyVaultConfigurationArgs(
                key_url=key.uri, auth=native.app.DiskEncryptionConfigurationAuthArgs(identity=key.reader.id)
            )
        )
        if encrypt_disks
        else None,
        tags=group.tags,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[key.access] if encrypt_disks else None,
            # Azure refuses to change them.
            replace_on_changes=["vnetConfiguration", "zoneRedundant"],
        ),
    )
    diagnostics(f"{name}-apps", made.id, workspace, parent, groups=("allLogs",))
    zone = native.privatedns.PrivateZone(
        f"{name}-apps",
        resource_group_name=group.name,
        private_zone_name=made.default_domain,
        location="global",
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    every = native.privatedns.PrivateRecordSet(
        f"{name}-apps",
        resource_group_name=group.name,
        private_zone_name=zone.name,
        record_type="A",
        relative_record_set_name="*",
        ttl=3600,
        a_records=[native.privatedns.ARecordArgs(ipv4_address=made.static_ip)],
        opts=pulumi.ResourceOptions(parent=parent),
    )
    link = native.privatedns.VirtualNetworkLink(
        f"{name}-apps",
        resource_group_name=group.name,
        private_zone_name=zone.name,
        virtual_network=native.privatedns.SubResourceArgs(id=attachment.network_id),
        registration_enabled=False,
        location="global",
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    verification = made.custom_domain_configuration.apply(lambda found: found.custom_domain_verification_id if found else "")
    return ContainerEnvironment(made.id, made.name, group.name, made.default_domain, made.static_ip, verification, [every, link])


def _least_machines(group: Group) -> int:
    """One for each zone that an environment over several zones spreads over: https://learn.microsoft.com/azure/reliability/reliability-container-apps"""
    return 3 if group.is_production else 1


def _given(environment_id: pulumi.Input[str], parent: pulumi.Resource) -> ContainerEnvironment:
    known = pulumi.Output.from_input(environment_id)
    resource_group = known.apply(lambda found: ids.segment(found, "resourceGroups"))
    environment = native.app.get_managed_environment_output(
        environment_name=known.apply(ids.last), resource_group_name=resource_group, opts=pulumi.InvokeOutputOptions(parent=parent)
    )
    verification = environment.custom_domain_configuration.apply(lambda found: found.custom_domain_verification_id if found else "")
    return ContainerEnvironment(known, environment.name, resource_group, environment.default_domain, environment.static_ip, verification, [])
