"""The subnets of a private network: what each is for, who may enter it, and where it leads.

A subnet that Azure fills with machines of a service is delegated to that service and serves nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.network import Network, subnets

PORTS = ("443", "1433")
"""What callers enter by: HTTPS, and SQL Server."""
ENDPOINT_PORTS = (*PORTS, "5671", "9093")
"""What private endpoints answer: besides, AMQP and Kafka of Event Hubs (https://learn.microsoft.com/azure/event-hubs/event-hubs-faq)."""
AZURE_DNS = "168.63.129.16/32"


@dataclass(frozen=True)
class Plan:
    """What a subnet is for."""

    label: str
    purpose: str
    delegated_to: str | None = None
    enters: tuple[str, ...] = ()
    """Ports by which the network itself and its callers enter."""
    balanced: tuple[str, ...] = ()
    """Ports that Azure's load balancer asks whether machines are well."""
    inside: bool = False
    """Whether its machines talk to each other."""
    reaches: tuple[str, ...] = ()
    """Service tags that it reaches by HTTPS, besides the private endpoints of the network."""
    internet: bool = False
    """Whether the internet may enter by HTTPS."""


class Subnet(Enum):
    """The subnets of a network, in the order in which `Network.subnet_ids` lists them."""

    ENDPOINTS = Plan("endpoints", "private endpoints", enters=ENDPOINT_PORTS)
    # https://learn.microsoft.com/azure/container-apps/firewall-integration (environments with workload profiles)
    APPS = Plan(
        "apps",
        "one Container Apps environment",
        delegated_to="Microsoft.App/environments",
        enters=("443", "30000-32767"),
        balanced=("30000-32767",),
        inside=True,
        reaches=("MicrosoftContainerRegistry", "AzureFrontDoor.FirstParty", "AzureActiveDirectory", "AzureMonitor"),
    )
    # https://learn.microsoft.com/azure/azure-functions/flex-consumption-how-to#enable-virtual-network-integration
    FUNCTIONS = Plan(
        "functions", "function apps", delegated_to="Microsoft.App/environments", inside=True, reaches=("AzureActiveDirectory", "AzureMonitor")
    )
    # https://learn.microsoft.com/azure/aks/outbound-rules-control-egress
    NODES = Plan(
        "nodes",
        "machines of AKS clusters and Azure Batch pools",
        enters=PORTS,
        balanced=("*",),
        inside=True,
        reaches=("MicrosoftContainerRegistry", "AzureFrontDoor.FirstParty", "AzureActiveDirectory", "AzureMonitor", "AzureCloud"),
    )
    INSTANCES = Plan(
        "instances",
        "container instances",
        delegated_to="Microsoft.ContainerInstance/containerGroups",
        enters=("1-65535",),
        reaches=("AzureActiveDirectory", "AzureMonitor"),
    )
    # https://learn.microsoft.com/azure/api-management/integrate-vnet-outbound,
    # https://learn.microsoft.com/azure/azure-functions/functions-networking-options#subnets
    API = Plan(
        "api",
        "API Management, or function apps of one Premium plan",
        delegated_to="Microsoft.Web/serverFarms",
        reaches=("AzureActiveDirectory", "AzureMonitor", "Storage", "AzureKeyVault"),
    )
    # https://learn.microsoft.com/azure/aks/api-server-vnet-integration#network-security-groups
    CONTROL_PLANE = Plan(
        "control-plane",
        "the API servers of AKS clusters",
        delegated_to="Microsoft.ContainerService/managedClusters",
        enters=("443", "4443"),
        balanced=("9988",),
        inside=True,
    )
    # https://learn.microsoft.com/azure/application-gateway/configuration-infrastructure#network-security-groups
    GATEWAY = Plan("gateway", "an application gateway that the internet reaches", balanced=("*",), internet=True)

    @property
    def position(self) -> int:
        """Its place in `Network.subnet_ids`, from 0."""
        return list(Subnet).index(self)


def subnet_problems(network: Network, needed: Sequence[Subnet]) -> Iterator[Problem]:
    """Problems of a network that is given without a subnet that a component needs."""
    for subnet in needed:
        if network.id is not None and len(network.subnet_ids) <= subnet.position:
            place = f"number {subnet.position + 1}"
            delegated = f", delegated to {subnet.value.delegated_to}" if subnet.value.delegated_to else ""
            gateway = "; AzureNetwork makes it with internet: true" if subnet.value.internet else ""
            yield Problem("network.subnet_ids", f"has no {place}, the subnet for {subnet.value.purpose}{delegated}{gateway}")


def placed(subnet: Subnet, cidr: str) -> str:
    """The range of a subnet in a network that is made."""
    return subnets(cidr, subnet.position + 1, prefix=24)[-1]


def rules(subnet: Subnet, cidr: str, subnet_cidr: str, callers: Sequence[str]) -> list[native.network.SecurityRuleArgs]:
    """The rules of a subnet's security group: what its plan allows, and nothing else.

    A gateway's outbound traffic stays open: Azure does not run one that cannot reach the internet.
    """
    plan = subnet.value
    allowed: list[native.network.SecurityRuleArgs] = []

    def allow(name: str, direction: str, sources: Sequence[str], target: str, ports: Sequence[str], protocol: str = "Tcp") -> None:
        tag = len(sources) == 1 and "/" not in sources[0]
        allowed.append(
            native.network.SecurityRuleArgs(
                name=name,
                priority=100 + 10 * len(allowed),
                direction=direction,
                access="Allow",
                protocol=protocol,
                source_address_prefix=sources[0] if tag else None,
                source_address_prefixes=None if tag else list(sources),
                source_port_range="*",
                destination_address_prefix=target,
                destination_port_range=ports[0] if list(ports) == ["*"] else None,
                destination_port_ranges=None if list(ports) == ["*"] else list(ports),
            )
        )

    if plan.enters:
        allow("callers", "Inbound", [cidr, *callers], cidr if subnet is Subnet.ENDPOINTS else subnet_cidr, plan.enters)
    if plan.internet:
        allow("internet", "Inbound", ["Internet"], subnet_cidr, ["443"])
        allow("manager", "Inbound", ["GatewayManager"], "*", ["65200-65535"])
    if plan.balanced:
        allow("balancer", "Inbound", ["AzureLoadBalancer"], subnet_cidr, plan.balanced)
    if plan.inside:
        allow("itself", "Inbound", [subnet_cidr], subnet_cidr, ["*"], "*")
        allow("itself-out", "Outbound", [subnet_cidr], subnet_cidr, ["*"], "*")
    # Private endpoints open no connections, and a gateway's are not closed.
    if subnet is not Subnet.ENDPOINTS and not plan.internet:
        allow("endpoints-out", "Outbound", [subnet_cidr], cidr, ENDPOINT_PORTS)
        allow("names-out", "Outbound", [subnet_cidr], AZURE_DNS, ["53"], "*")
    if subnet is Subnet.NODES:
        # The API server calls the machines' agents and webhooks, wherever they listen.
        allow("control-plane", "Inbound", [placed(Subnet.CONTROL_PLANE, cidr)], subnet_cidr, ["*"])
        allow("control-plane-out", "Outbound", [subnet_cidr], placed(Subnet.CONTROL_PLANE, cidr), ["443", "4443"])
    if subnet is Subnet.CONTROL_PLANE:
        allow("nodes-out", "Outbound", [subnet_cidr], placed(Subnet.NODES, cidr), ["*"])
    for tag in plan.reaches:
        allow(f"{tag.lower().replace('.', '-')}-out", "Outbound", [subnet_cidr], tag, ["443"])
    return [*allowed, _deny("nobody-else", "Inbound"), *([] if plan.internet else [_deny("nothing-out", "Outbound")])]


def _deny(name: str, direction: str) -> native.network.SecurityRuleArgs:
    return native.network.SecurityRuleArgs(
        name=name,
        priority=4096,
        direction=direction,
        access="Deny",
        protocol="*",
        source_address_prefix="*",
        source_port_range="*",
        destination_address_prefix="*",
        destination_port_range="*",
    )
