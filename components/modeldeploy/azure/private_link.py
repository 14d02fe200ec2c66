"""Private endpoints, and the DNS zones that lead to them.

Zone names: https://learn.microsoft.com/azure/private-link/private-endpoint-dns
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import pulumi
import pulumi_azure_native as native

from . import ids
from .group import Group
from .subnets import Subnet


class Service(Enum):
    """A service that is reached privately: the sub-resource a private endpoint names, and its DNS zones."""

    WORKSPACE = ("amlworkspace", ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"))
    MODEL_REGISTRY = ("amlregistry", ("privatelink.api.azureml.ms",))
    BLOB = ("blob", ("privatelink.blob.core.windows.net",))
    FILE = ("file", ("privatelink.file.core.windows.net",))
    QUEUE = ("queue", ("privatelink.queue.core.windows.net",))
    TABLE = ("table", ("privatelink.table.core.windows.net",))
    VAULT = ("vault", ("privatelink.vaultcore.azure.net",))
    REGISTRY = ("registry", ("privatelink.azurecr.io",))
    SITE = ("sites", ("privatelink.azurewebsites.net",))
    API_GATEWAY = ("Gateway", ("privatelink.azure-api.net",))
    SQL_SERVER = ("sqlServer", ("privatelink.database.windows.net",))
    EVENT_HUBS = ("namespace", ("privatelink.servicebus.windows.net",))
    BATCH = ("batchAccount", ("privatelink.batch.azure.com",))
    BATCH_NODES = ("nodeManagement", ("privatelink.batch.azure.com",))
    HEALTH = (
        "healthcareworkspace",
        ("privatelink.workspace.azurehealthcareapis.com", "privatelink.fhir.azurehealthcareapis.com", "privatelink.dicom.azurehealthcareapis.com"),
    )

    @property
    def target(self) -> str:
        """The sub-resource."""
        return self.value[0]

    @property
    def zones(self) -> tuple[str, ...]:
        """The DNS zones."""
        return self.value[1]


ZONES = tuple(dict.fromkeys(zone for service in Service for zone in service.zones))
"""Every zone a network needs, once."""


@dataclass(frozen=True)
class Attachment:
    """Where private endpoints and machines are put: subnets, and the network whose resource group holds the DNS zones."""

    network_id: pulumi.Output[str]
    subnet_ids: Sequence[pulumi.Output[str]]
    """In the order of `Subnet`."""

    def subnet(self, wanted: Subnet) -> pulumi.Output[str]:
        """The id of a subnet; call it after `subnet_problems` found none."""
        return self.subnet_ids[wanted.position]


def zone_id(network_id: str, zone: str) -> str:
    """The id of a private DNS zone: in the resource group of the virtual network, under its own name."""
    return f"{ids.group_id(network_id)}/providers/Microsoft.Network/privateDnsZones/{zone}"


def private_endpoint(
    name: str, service: Service, resource_id: pulumi.Input[str], attachment: Attachment, group: Group, parent: pulumi.Resource
) -> native.network.PrivateEndpoint:
    """A private address for `resource_id` in the network, and the records that lead to it."""
    endpoint = native.network.PrivateEndpoint(
        name,
        resource_group_name=group.name,
        subnet=native.network.SubnetArgs(id=attachment.subnet(Subnet.ENDPOINTS)),
        private_link_service_connections=[
            native.network.PrivateLinkServiceConnectionArgs(name=service.target, private_link_service_id=resource_id, group_ids=[service.target])
        ],
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    native.network.PrivateDnsZoneGroup(
        name,
        resource_group_name=group.name,
        private_endpoint_name=endpoint.name,
        private_dns_zone_group_name="default",
        private_dns_zone_configs=[
            native.network.PrivateDnsZoneConfigArgs(
                name=zone.replace(".", "-"),
                private_dns_zone_id=ids.lift(lambda network, zone=zone: zone_id(network, zone), attachment.network_id),
            )
            for zone in service.zones
        ],
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return endpoint
