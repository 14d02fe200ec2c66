"""The private network: its subnets, the DNS zones that lead to private endpoints, and flow logs."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.encryption import Encryption
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.names import check_name, fit
from modeldeploy.spec.network import Network, NetworkArgs, cidr_problems, subnets

from . import ids
from .group import Group, group
from .identity import Role, grant, identity
from .ids import LONGEST_NETWORK
from .keys import CustomerKey, customer_key, key_problems
from .private_link import ZONES, Attachment
from .storage import account, keep
from .subnets import Subnet, rules
from .tags import tag_count_problems

LONGEST_LINK = 80
"""Characters of the name of a link between a zone and a network."""


@dataclass(frozen=True, kw_only=True)
class AzureNetworkArgs(NetworkArgs):
    """Arguments of a private network on Azure."""

    callers: list[str] = field(default_factory=list[str])
    """Private IPv4 ranges that may reach the private endpoints besides the network's own, in CIDR notation. Default: none."""
    encryption: Encryption = Encryption()
    """The customer-managed key of the flow logs' storage account. Default: one is made."""
    key_vault_id: pulumi.Input[str] | None = None
    """ARM id of the vault that holds `encryption.key`, because Azure grants access to a key by its ARM id. Required with it, and only then."""
    resource_group_name: pulumi.Input[str] | None = None
    """Name of an existing resource group to use. Omitted: one is made."""
    network_watcher_id: str | None = None
    """ARM id of the region's Network Watcher, which owns flow logs. A subscription has one per region; Azure makes it with the first virtual
    network. Omitted: the one Azure makes, `NetworkWatcher_<region>` in the group `NetworkWatcherRG`."""
    internet: bool = False
    """Whether an application gateway in the network may take requests from the internet, as a deployment with `access.exposure: public` wants:
    makes the subnet for it. Default: no way in from the internet."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        for index, caller in enumerate(self.callers):
            yield from cidr_problems(f"callers[{index}]", caller)
        yield from key_problems(self.encryption, self.key_vault_id)
        yield from tag_count_problems(self.tags)
        if self.network_watcher_id is not None and not ids.RESOURCE_ID.fullmatch(self.network_watcher_id):
            yield Problem(
                "network_watcher_id", f"'{self.network_watcher_id}' is no ARM id; write /subscriptions/.../Microsoft.Network/networkWatchers/<name>"
            )


class AzureNetwork(pulumi.ComponentResource):
    """A virtual network without a way in from the internet, unless it is asked for.

    It holds the private endpoints through which callers reach a deployment and the program that runs Pulumi reaches a private store, and a subnet
    for each service whose machines are in it. Azure ML keeps its machines in a network of its own.
    """

    id: pulumi.Output[str]
    """ARM id of the virtual network. It is known when the DNS zones are there too, which are in the same resource group under their own names."""
    subnet_ids: pulumi.Output[list[str]]
    """Ids of the subnets, in this order: for private endpoints, Container Apps (one environment), Functions, nodes of AKS and Batch, container
    instances, API Management (or a Premium plan of Functions), API servers of AKS, and, with `internet`, an application gateway."""
    resource_group: pulumi.Output[str]
    """Name of the resource group that the network and its DNS zones are in."""

    def __init__(self, name: str, args: AzureNetworkArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(AzureNetworkArgs, args, f"AzureNetwork '{name}'")
        check_name(f"AzureNetwork '{name}'", name, LONGEST_NETWORK)
        super().__init__("modeldeploy:index:AzureNetwork", name, as_inputs(checked), opts)

        in_group = group(name, checked.resource_group_name, checked.environment, checked.tags, self)
        network = native.network.VirtualNetwork(
            name,
            resource_group_name=in_group.name,
            address_space=native.network.AddressSpaceArgs(address_prefixes=[checked.cidr]),
            tags=in_group.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        made = _subnets(name, checked, network, in_group, self)
        links = [_zone(name, zone, network, in_group, self) for zone in ZONES]
        _flow_logs(name, checked, network, in_group, self)

        self.id = pulumi.Output.all(network.id, *(link.id for link in links)).apply(lambda found: found[0])
        self._subnet_ids = [each.id for each in made]
        self.subnet_ids = pulumi.Output.all(*self._subnet_ids)
        self.resource_group = in_group.name
        self.register_outputs({"id": self.id, "subnet_ids": self.subnet_ids, "resource_group": self.resource_group})

    def reference(self) -> Network:
        """The network as an argument of the deployments in it."""
        return Network(id=self.id, subnet_ids=[*self._subnet_ids])


def attach(
    name: str,
    network: Network,
    key: CustomerKey,
    log_retention_days: int,
    tags: dict[str, str],
    in_group: Group,
    parent: pulumi.Resource,
    internet: bool = False,
) -> Attachment:
    """Where a component puts its private endpoints and machines: in the network given, or in one made for it, with its key and in its group."""
    if network.id is not None:
        return Attachment(pulumi.Output.from_input(network.id), [pulumi.Output.from_input(each) for each in network.subnet_ids])
    made = AzureNetwork(
        f"{name}-network",
        AzureNetworkArgs(
            cidr=network.range,
            callers=network.callers,
            log_retention_days=log_retention_days,
            encryption=Encryption(key=key.uri),
            key_vault_id=key.vault_id,
            resource_group_name=in_group.name,
            environment=in_group.environment,
            tags=tags,
            internet=internet,
        ),
        pulumi.ResourceOptions(parent=parent),
    )
    return Attachment(made.id, [pulumi.Output.from_input(each) for each in made.reference().subnet_ids])


def _subnets(
    name: str, args: AzureNetworkArgs, network: "native.network.VirtualNetwork", in_group: Group, parent: pulumi.Resource
) -> "list[native.network.Subnet]":
    """One subnet after the other: Azure changes one subnet of a network at a time."""
    wanted = [each for each in Subnet if args.internet or not each.value.internet]
    made: list[native.network.Subnet] = []
    for subnet, cidr in zip(wanted, subnets(args.cidr, len(wanted), prefix=24), strict=True):
        label, service = subnet.value.label, subnet.value.delegated_to
        firewall = native.network.NetworkSecurityGroup(
            name if subnet is Subnet.ENDPOINTS else f"{name}-{label}",
            resource_group_name=in_group.name,
            security_rules=rules(subnet, args.cidr, cidr, args.callers),
            tags=in_group.tags,
            opts=pulumi.ResourceOptions(parent=parent),
        )
        made.append(
            native.network.Subnet(
                f"{name}-{label}",
                resource_group_name=in_group.name,
                virtual_network_name=network.name,
                address_prefix=cidr,
                default_outbound_access=False,
                delegations=[native.network.DelegationArgs(name=label, service_name=service)] if service else None,
                private_endpoint_network_policies="Enabled",
                network_security_group=native.network.NetworkSecurityGroupArgs(id=firewall.id),
                opts=pulumi.ResourceOptions(parent=parent, depends_on=made[-1:]),
            )
        )
    return made


def _zone(
    name: str, zone: str, network: "native.network.VirtualNetwork", in_group: Group, parent: pulumi.Resource
) -> "native.privatedns.VirtualNetworkLink":
    """A private DNS zone that the network resolves with."""
    suffix = zone.removeprefix("privatelink.").replace(".", "-")
    made = native.privatedns.PrivateZone(
        f"{name}-{suffix}",
        resource_group_name=in_group.name,
        private_zone_name=zone,
        location="global",
        tags=in_group.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return native.privatedns.VirtualNetworkLink(
        f"{name}-{suffix}",
        resource_group_name=in_group.name,
        private_zone_name=made.name,
        virtual_network_link_name=fit(f"{name}-{suffix}", LONGEST_LINK),
        virtual_network=native.privatedns.SubResourceArgs(id=network.id),
        registration_enabled=False,
        location="global",
        tags=in_group.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _flow_logs(name: str, args: AzureNetworkArgs, network: "native.network.VirtualNetwork", in_group: Group, parent: pulumi.Resource) -> None:
    """Every connection, kept as long as the logs: https://learn.microsoft.com/azure/network-watcher/vnet-flow-logs-overview"""
    key = customer_key(name, args.encryption, args.key_vault_id, in_group, parent)
    store = account(f"{name}-flows", key, in_group, parent)
    # The flow log's own retention ends at 365 days.
    keep(f"{name}-flows", store, args.log_retention_days, in_group, parent)
    writer = identity(f"{name}-flows", in_group, parent)
    access = grant(f"{name}-flows", Role.BLOB_CONTRIBUTOR, store.id, writer, parent)
    watcher = args.network_watcher_id
    native.network.FlowLog(
        name,
        resource_group_name=ids.segment(watcher, "resourceGroups") if watcher else "NetworkWatcherRG",
        network_watcher_name=ids.last(watcher) if watcher else network.location.apply(lambda region: f"NetworkWatcher_{region}"),
        target_resource_id=network.id,
        storage_id=store.id,
        enabled=True,
        location=network.location,
        format=native.network.FlowLogFormatParametersArgs(type="JSON", version=2),
        identity=native.network.ManagedServiceIdentityArgs(
            type=native.network.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[writer.id]
        ),
        tags=in_group.tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[access]),
    )
