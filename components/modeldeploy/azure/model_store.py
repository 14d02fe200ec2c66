"""The store of model artifacts, and the upload of local ones under their content hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec import artifact
from modeldeploy.spec.model import ModelVersion

from .group import Group
from .keys import CustomerKey
from .private_link import Attachment, Service, private_endpoint
from .storage import account

FOLDER = "model"
"""Last folder of an artifact's path. Azure ML mounts an artifact under that name: the container finds it in `$AZUREML_MODEL_DIR/model`."""


@dataclass(frozen=True)
class ModelStore:
    """The storage account for artifacts, and the container in it."""

    account: native.storage.StorageAccount
    container: native.storage.BlobContainer
    entrance: native.network.PrivateEndpoint


def model_store(name: str, key: CustomerKey, attachment: Attachment, group: Group, parent: pulumi.Resource, allowed_ips: Sequence[str]) -> ModelStore:
    """An account for artifacts alone.

    Who may list its keys gets in with them, because the provider uploads with a key (https://github.com/pulumi/pulumi-azure-native/issues/2015).
    Nothing else is in this account, and deployments read it with their own identity.
    """
    store = account(f"{name}-models", key, group, parent, shared_key=True, allowed_ips=allowed_ips)
    native.storage.BlobServiceProperties(
        f"{name}-models",
        resource_group_name=group.name,
        account_name=store.name,
        blob_services_name="default",
        is_versioning_enabled=True,
        delete_retention_policy=native.storage.DeleteRetentionPolicyArgs(enabled=True, days=30),
        container_delete_retention_policy=native.storage.DeleteRetentionPolicyArgs(enabled=True, days=30),
        opts=pulumi.ResourceOptions(parent=parent, deleted_with=store),
    )
    container = native.storage.BlobContainer(
        f"{name}-models",
        resource_group_name=group.name,
        account_name=store.name,
        container_name="models",
        public_access=native.storage.PublicAccess.NONE,
        opts=pulumi.ResourceOptions(parent=parent, protect=group.is_production),
    )
    entrance = private_endpoint(f"{name}-models", Service.BLOB, store.id, attachment, group, parent)
    return ModelStore(store, container, entrance)


def path(model: ModelVersion) -> str:
    """Where a local artifact is in the container: the version, so that versions share nothing, and the hash, so that a change is a new path."""
    return f"{model.version}/{artifact.content_hash(model.source)}/{FOLDER}"


def upload(name: str, model: ModelVersion, store: ModelStore, group: Group, parent: pulumi.Resource) -> list[pulumi.Resource]:
    """Uploads a local artifact's files."""
    return upload_files(f"{name}-{model.version}", model.source, path(model), store, group, parent)


def upload_files(name: str, source: str, folder: str, store: ModelStore, group: Group, parent: pulumi.Resource) -> list[pulumi.Resource]:
    """Uploads a local file or folder. Run Pulumi where the store's private endpoint can be reached, or from one of `allowed_ips`."""
    return [
        native.storage.Blob(
            f"{name}-{relative}",
            resource_group_name=group.name,
            account_name=store.account.name,
            container_name=store.container.name,
            blob_name=f"{folder}/{relative}",
            source=pulumi.FileAsset(str(file)),
            # With the account they go without a call to its data plane.
            opts=pulumi.ResourceOptions(parent=parent, deleted_with=store.account, depends_on=[store.entrance]),
        )
        for relative, file in artifact.files(source).items()
    ]


def address(store: ModelStore, folder: str) -> pulumi.Output[str]:
    """The address of a folder in the store."""
    return pulumi.Output.concat("https://", store.account.name, ".blob.core.windows.net/", store.container.name, "/", folder)
