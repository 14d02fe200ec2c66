"""The store that a batch writes its results to, and the one it reads its input from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem

from . import ids
from .group import Group
from .keys import CustomerKey
from .private_link import Attachment, Service, private_endpoint
from .storage import account, keep

BLOB_FOLDER = re.compile(r"https://([a-z0-9]{3,24})\.blob\.core\.windows\.net/([a-z0-9]([a-z0-9-]{1,61}[a-z0-9])?|\$root)(/.*)?")


@dataclass(frozen=True)
class ResultStore:
    """The storage account of results, and the container in it."""

    account: native.storage.StorageAccount
    container: native.storage.BlobContainer

    @property
    def uri(self) -> pulumi.Output[str]:
        """The address of the folder."""
        return pulumi.Output.concat("https://", self.account.name, ".blob.core.windows.net/", self.container.name)


def result_store(name: str, days: int, key: CustomerKey, attachment: Attachment, group: Group, parent: pulumi.Resource) -> ResultStore:
    """An account for results alone, which forgets them after so many days."""
    store = account(f"{name}-results", key, group, parent)
    container = native.storage.BlobContainer(
        f"{name}-results",
        resource_group_name=group.name,
        account_name=store.name,
        container_name="results",
        public_access=native.storage.PublicAccess.NONE,
        opts=pulumi.ResourceOptions(parent=parent, protect=group.is_production),
    )
    keep(f"{name}-results", store, days, group, parent)
    private_endpoint(f"{name}-results", Service.BLOB, store.id, attachment, group, parent)
    return ResultStore(store, container)


def input_problems(input_uri: pulumi.Input[str] | None, input_account_id: pulumi.Input[str] | None) -> Iterator[Problem]:
    """Problems of an input that Azure could not give access to."""
    if (input_uri is None) != (input_account_id is None):
        missing = "input_uri" if input_uri is None else "input_account_id"
        yield Problem(missing, "is required: an input has an address, and an account whose ARM id Azure grants access by")
    if isinstance(input_account_id, str) and not ids.RESOURCE_ID.fullmatch(input_account_id):
        yield Problem("input_account_id", f"'{input_account_id}' is no ARM id; write /subscriptions/.../Microsoft.Storage/storageAccounts/<name>")
    if isinstance(input_uri, str):
        found = BLOB_FOLDER.fullmatch(input_uri)
        if found is None:
            yield Problem("input_uri", f"'{input_uri}' is no folder of blobs; write https://<account>.blob.core.windows.net/<container>/<folder>")
        elif isinstance(input_account_id, str) and ids.last(input_account_id).lower() != found[1]:
            yield Problem("input_account_id", f"'{ids.last(input_account_id)}' is not where the input is ('{found[1]}'); name that account")


def input_container(input_uri: pulumi.Input[str], input_account_id: pulumi.Input[str]) -> pulumi.Output[str]:
    """ARM id of the container that the input is in, which is what may be read."""
    return pulumi.Output.all(input_uri, input_account_id).apply(lambda found: container_id(found[1], found[0]))


def container_id(account_id: str, uri: str) -> str:
    """ARM id of the container of a blob's address."""
    return f"{account_id}/blobServices/default/containers/{uri.removeprefix('https://').split('/')[1]}"
