"""The store beside a stream: how far its consumers have read, what could not be scored, and what is captured."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_azure_native as native

from .group import Group
from .keys import CustomerKey
from .logs import diagnostics
from .private_link import Attachment, Service, private_endpoint
from .storage import account, keep_containers

LETTERS, CAPTURE = "dead-letters", "capture"


@dataclass(frozen=True)
class StreamStore:
    """The storage account of a stream, and its containers."""

    account: native.storage.StorageAccount
    checkpoints: native.storage.BlobContainer
    letters: native.storage.BlobContainer
    capture: native.storage.BlobContainer | None
    entrance: native.network.PrivateEndpoint

    def uri(self, container: native.storage.BlobContainer) -> pulumi.Output[str]:
        """The address of a container."""
        return pulumi.Output.concat("https://", self.account.name, ".blob.core.windows.net/", container.name)


def stream_store(
    name: str,
    letter_days: int,
    capture_days: int,
    key: CustomerKey,
    attachment: Attachment,
    workspace: native.operationalinsights.Workspace,
    group: Group,
    parent: pulumi.Resource,
) -> StreamStore:
    """An account that forgets dead letters and captured events after so many days, and checkpoints never. Without days nothing is captured.

    It keeps no earlier versions of blobs: a checkpoint is written again every few seconds
    (https://learn.microsoft.com/azure/event-hubs/event-processor-balance-partition-load#checkpoint).
    """
    store = account(f"{name}-stream", key, group, parent)

    def container(label: str) -> native.storage.BlobContainer:
        return native.storage.BlobContainer(
            f"{name}-{label}",
            resource_group_name=group.name,
            account_name=store.name,
            container_name=label,
            public_access=native.storage.PublicAccess.NONE,
            opts=pulumi.ResourceOptions(parent=parent, protect=group.is_production),
        )

    checkpoints, letters = container("checkpoints"), container(LETTERS)
    capture = container(CAPTURE) if capture_days else None
    keep_containers(f"{name}-stream", store, {LETTERS: letter_days, **({CAPTURE: capture_days} if capture_days else {})}, group, parent)
    entrance = private_endpoint(f"{name}-stream", Service.BLOB, store.id, attachment, group, parent)
    stored = pulumi.Output.concat(store.id, "/blobServices/default")
    diagnostics(f"{name}-stream", stored, workspace, parent, categories=("StorageRead", "StorageWrite", "StorageDelete"))
    return StreamStore(store, checkpoints, letters, capture, entrance)
