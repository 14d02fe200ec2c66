"""Event Hubs: a private namespace with a hub for events and one for results.

Tiers and their limits: https://learn.microsoft.com/azure/event-hubs/event-hubs-quotas
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem

from . import ids
from .group import Group
from .identity import Role, grant, identity
from .keys import CustomerKey
from .logs import diagnostics
from .private_link import Attachment, Service, private_endpoint
from .stream_store import StreamStore


class Tier(StrEnum):
    """What a namespace runs on."""

    PREMIUM = "premium"
    """Machines of its own, and events encrypted with the customer's key."""
    STANDARD = "standard"
    """Machines shared with others, and Azure's key. For development: a thirtieth of the price."""

    @property
    def sku(self) -> str:
        """As Azure writes it."""
        return self.value.capitalize()


UNITS = {Tier.PREMIUM: (1, 2, 4, 8, 16), Tier.STANDARD: tuple(range(1, 41))}
"""Processing units of Premium (https://learn.microsoft.com/azure/event-hubs/event-hubs-premium-overview), throughput units of Standard."""
MOST_PARTITIONS = {Tier.PREMIUM: 100, Tier.STANDARD: 32}
CAPTURE_SECONDS = 300
CAPTURE_BYTES = 100 * 1024 * 1024
"""A file of captured events is closed after so many seconds, or when it has so many bytes:
https://learn.microsoft.com/azure/event-hubs/event-hubs-capture-overview"""
KAFKA_PORT = 9093


@dataclass(frozen=True)
class EventHubs:
    """A namespace with its two hubs, and the store beside it."""

    namespace: native.eventhub.Namespace
    events: native.eventhub.EventHub
    results: native.eventhub.EventHub
    entrance: native.network.PrivateEndpoint
    store: StreamStore

    @property
    def host(self) -> pulumi.Output[str]:
        """The host name that clients connect to."""
        return pulumi.Output.concat(self.namespace.name, ".servicebus.windows.net")


def tier_problems(tier: Tier, units: int, partitions: int, is_production: bool) -> Iterator[Problem]:
    """Problems of what a tier does not have."""
    if tier is Tier.STANDARD and is_production:
        yield Problem("tier", f"{tier} takes no customer-managed key; use {Tier.PREMIUM}, or environment dev")
    if units not in UNITS[tier]:
        allowed = "1, 2, 4, 8 or 16" if tier is Tier.PREMIUM else "1 to 40"
        yield Problem("units", f"{units} is not allowed in the tier {tier}; use {allowed}")
    if partitions > MOST_PARTITIONS[tier]:
        yield Problem("partitions", f"{partitions} is not allowed in the tier {tier}; use 1 to {MOST_PARTITIONS[tier]}")


def event_hubs(
    name: str,
    tier: Tier,
    units: int,
    partitions: int,
    retention_hours: int,
    store: StreamStore,
    key: CustomerKey,
    attachment: Attachment,
    workspace: native.operationalinsights.Workspace,
    group: Group,
    parent: pulumi.Resource,
) -> EventHubs:
    """A namespace that only identities with a role enter, by its private endpoint, with the hubs `events` and `results`.

    Events are captured where the store has a container for them, by an identity that may write there and nowhere else.
    """
    writer = None if store.capture is None else identity(f"{name}-capture", group, parent)
    holders = [*([key.reader.id] if tier is Tier.PREMIUM else []), *([] if writer is None else [writer.id])]
    namespace = native.eventhub.Namespace(
        f"{name}-events",
        resource_group_name=group.name,
        # Another tier, or redundancy, is another namespace, which is there before the old one goes.
        namespace_name=ids.unique(f"{name}-events", pulumi.Output.concat(group.id, "/", tier.value, "/zones" if group.is_production else ""), 50),
        sku=native.eventhub.SkuArgs(name=tier.sku, tier=tier.sku, capacity=units),
        identity=native.eventhub.IdentityArgs(type=native.eventhub.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=holders)
        if holders
        else None,
        encryption=native.eventhub.EncryptionArgs(
            key_source=native.eventhub.KeySource.MICROSOFT_KEY_VAULT,
            key_vault_properties=[
                # No version: the namespace takes a new one by itself.
                native.eventhub.KeyVaultPropertiesArgs(
                    key_name=key.name,
                    key_vault_uri=key.vault_uri,
                    identity=native.eventhub.UserAssignedIdentityPropertiesArgs(user_assigned_identity=key.reader.id),
                )
            ],
        )
        if tier is Tier.PREMIUM
        else None,
        disable_local_auth=True,
        minimum_tls_version="1.2",
        public_network_access="Disabled",
        zone_redundant=group.is_production,
        tags=group.tags,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[key.access],
            protect=group.is_production,
            # Azure refuses to change them.
            replace_on_changes=["sku.name", "zoneRedundant"],
        ),
    )
    entrance = private_endpoint(f"{name}-events", Service.EVENT_HUBS, namespace.id, attachment, group, parent)
    diagnostics(f"{name}-events", namespace.id, workspace, parent, groups=("allLogs",))
    may_write = [] if writer is None or store.capture is None else [grant(f"{name}-capture", Role.BLOB_CONTRIBUTOR, store.capture.id, writer, parent)]

    def hub(
        label: str, capture: native.eventhub.CaptureDescriptionArgs | None, after: list[native.authorization.RoleAssignment]
    ) -> native.eventhub.EventHub:
        return native.eventhub.EventHub(
            f"{name}-{label}",
            resource_group_name=group.name,
            namespace_name=namespace.name,
            event_hub_name=label,
            partition_count=partitions,
            retention_description=native.eventhub.RetentionDescriptionArgs(
                cleanup_policy=native.eventhub.CleanupPolicyRetentionDescription.DELETE, retention_time_in_hours=retention_hours
            ),
            capture_description=capture,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=after, protect=group.is_production),
        )

    return EventHubs(namespace, hub("events", _capture(store, writer), may_write), hub("results", None, []), entrance, store)


def _capture(store: StreamStore, writer: native.managedidentity.UserAssignedIdentity | None) -> native.eventhub.CaptureDescriptionArgs | None:
    if store.capture is None or writer is None:
        return None
    return native.eventhub.CaptureDescriptionArgs(
        enabled=True,
        encoding=native.eventhub.EncodingCaptureDescription.AVRO,
        interval_in_seconds=CAPTURE_SECONDS,
        size_limit_in_bytes=CAPTURE_BYTES,
        skip_empty_archives=True,
        destination=native.eventhub.DestinationArgs(
            name="EventHubArchive.AzureBlockBlob",
            storage_account_resource_id=store.account.id,
            blob_container=store.capture.name,
            archive_name_format="{Namespace}/{EventHub}/{PartitionId}/{Year}/{Month}/{Day}/{Hour}/{Minute}/{Second}",
            identity=native.eventhub.CaptureIdentityArgs(type=native.eventhub.CaptureIdentityType.USER_ASSIGNED, user_assigned_identity=writer.id),
        ),
    )
