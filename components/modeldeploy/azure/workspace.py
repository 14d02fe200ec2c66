"""The Azure ML workspace: its own network, storage, vault and identity.

Deployments run in the workspace's managed network and reach nothing but what a rule approves:
https://learn.microsoft.com/azure/machine-learning/how-to-managed-network
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as native

from . import ids
from .group import Group
from .identity import Role, grant, identity
from .keys import CustomerKey, vault
from .logs import Logs
from .model_store import ModelStore
from .private_link import Attachment, Service, private_endpoint
from .registry import ImageRegistry
from .storage import account

DATASTORE = "models"
"""Name of the model store inside the workspace."""
IMAGE_BUILDS = "image-builder"
"""Name of the machine that builds images, where there is one."""


@dataclass(frozen=True)
class Destination:
    """A private resource that deployments may reach."""

    service: Service
    resource_id: pulumi.Output[str]
    by_spark: bool = False
    """Whether serverless Spark reaches it too."""


@dataclass(frozen=True)
class Workspace:
    """A workspace, and what deployments in it wait for."""

    resource: native.machinelearningservices.Workspace
    storage: native.storage.StorageAccount
    models: native.machinelearningservices.Datastore
    identity: native.managedidentity.UserAssignedIdentity
    """The workspace's own, which reads and writes its stores."""
    ready: list[pulumi.Resource]


def workspace(
    name: str,
    key: CustomerKey,
    models: ModelStore,
    images: ImageRegistry,
    logs: Logs,
    destinations: Mapping[str, Destination],
    attachment: Attachment,
    group: Group,
    parent: pulumi.Resource,
    runs_batches: bool = False,
    runs_spark: bool = False,
    builds_images: bool = False,
) -> Workspace:
    """A workspace without public access, and rules to the model store and `destinations`.

    Rules to its own storage, vault and registry come with it. Batches also use queues and tables of that storage:
    https://learn.microsoft.com/azure/machine-learning/how-to-managed-network#scenario-use-batch-endpoints-or-parallelrunstep.
    Serverless Spark needs a rule to the storage that says so, and a network that is ready for it:
    https://learn.microsoft.com/azure/machine-learning/how-to-managed-network#configure-for-serverless-spark-jobs.
    """
    work = account(f"{name}-work", key, group, parent)
    holder = identity(f"{name}-workspace", group, parent)
    secrets = vault(f"{name}-secrets", holder.tenant_id, group, parent)
    reachable = {"models": Destination(Service.BLOB, models.account.id, by_spark=runs_spark), **destinations}
    # The roles Azure asks for: https://learn.microsoft.com/azure/machine-learning/how-to-identity-based-service-authentication#workspace
    roles: list[pulumi.Resource] = [
        grant(f"{name}-workspace-storage", Role.CONTRIBUTOR, work.id, holder, parent),
        grant(f"{name}-workspace-blobs", Role.BLOB_CONTRIBUTOR, work.id, holder, parent),
        grant(f"{name}-workspace-vault", Role.CONTRIBUTOR, secrets.id, holder, parent),
        grant(f"{name}-workspace-secrets", Role.VAULT_ADMINISTRATOR, secrets.id, holder, parent),
        grant(f"{name}-workspace-registry", Role.CONTRIBUTOR, images.id, holder, parent),
        grant(f"{name}-workspace-insights", Role.CONTRIBUTOR, logs.insights.id, holder, parent),
        grant(f"{name}-workspace-reader", Role.BLOB_READER, models.container.id, holder, parent),
        *(
            # Its network's private endpoints are connections that somebody must accept.
            grant(f"{name}-workspace-{label}", Role.CONNECTION_APPROVER, each.resource_id, holder, parent)
            for label, each in reachable.items()
        ),
    ]
    made = native.machinelearningservices.Workspace(
        f"{name}-workspace",
        resource_group_name=group.name,
        workspace_name=ids.unique(name, group.id, 33),
        kind="Default",
        sku=native.machinelearningservices.SkuArgs(name="Basic", tier=native.machinelearningservices.SkuTier.BASIC),
        identity=native.machinelearningservices.ManagedServiceIdentityArgs(type="UserAssigned", user_assigned_identities=[holder.id, key.reader.id]),
        primary_user_assigned_identity=holder.id,
        storage_account=work.id,
        key_vault=secrets.id,
        container_registry=images.id,
        application_insights=logs.insights.id,
        system_datastores_auth_mode="Identity",
        public_network_access="Disabled",
        allow_public_access_when_behind_vnet=False,
        v1_legacy_mode=False,
        # Less diagnostic data leaves for Microsoft, and scratch disks are encrypted.
        hbi_workspace=True,
        managed_network=native.machinelearningservices.ManagedNetworkSettingsArgs(
            isolation_mode="AllowOnlyApprovedOutbound",
            # Package hosts are told apart by a firewall that Azure puts there; the small one does.
            firewall_sku="Basic" if builds_images else None,
            status=native.machinelearningservices.ManagedNetworkProvisionStatusArgs(spark_ready=True, status="Active") if runs_spark else None,
        ),
        image_build_compute=IMAGE_BUILDS if builds_images else None,
        # An online deployment does not start the network by itself, as a compute instance does.
        provision_network_now=True,
        # Not service-side encryption: that preview takes no vault whose public access is disabled, and no rotation.
        # https://learn.microsoft.com/azure/machine-learning/concept-customer-managed-keys
        encryption=native.machinelearningservices.EncryptionPropertyArgs(
            status="Enabled",
            key_vault_properties=native.machinelearningservices.KeyVaultPropertiesArgs(key_vault_arm_id=key.vault_id, key_identifier=key.uri),
            identity=native.machinelearningservices.IdentityForCmkArgs(user_assigned_identity=key.reader.id),
        ),
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*roles, key.access]),
    )
    private_endpoint(f"{name}-workspace", Service.WORKSPACE, made.id, attachment, group, parent)
    private_endpoint(f"{name}-work-blob", Service.BLOB, work.id, attachment, group, parent)
    private_endpoint(f"{name}-work-file", Service.FILE, work.id, attachment, group, parent)
    private_endpoint(f"{name}-secrets", Service.VAULT, secrets.id, attachment, group, parent)
    itself = grant(f"{name}-workspace-itself", Role.CONTRIBUTOR, made.id, holder, parent)
    own: dict[str, Destination] = {}
    if runs_batches:
        own |= {"work-queue": Destination(Service.QUEUE, work.id), "work-table": Destination(Service.TABLE, work.id)}
    if runs_spark:
        own["work-blob"] = Destination(Service.BLOB, work.id, by_spark=True)
    rules = [_rule(name, label, each, made, group, parent) for label, each in {**reachable, **own}.items()]
    datastore = native.machinelearningservices.Datastore(
        f"{name}-models",
        resource_group_name=group.name,
        workspace_name=made.name,
        name=DATASTORE,
        properties=native.machinelearningservices.AzureBlobDatastoreArgs(
            datastore_type="AzureBlob",
            account_name=models.account.name,
            container_name=models.container.name,
            credentials=native.machinelearningservices.NoneDatastoreCredentialsArgs(credentials_type="None"),
            service_data_access_auth_identity="WorkspaceUserAssignedIdentity",
        ),
        # Azure would try to reach the store from outside its network.
        skip_validation=True,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=rules),
    )
    return Workspace(made, work, datastore, holder, [itself, *rules])


def datastore_path(workspace_id: str, datastore: str, path: str) -> str:
    """The URI of something in a datastore, in the form that asset versions take."""
    subscription, group = ids.segment(workspace_id, "subscriptions"), ids.segment(workspace_id, "resourceGroups")
    return f"azureml://subscriptions/{subscription}/resourcegroups/{group}/workspaces/{ids.last(workspace_id)}/datastores/{datastore}/paths/{path}"


def _rule(
    name: str,
    label: str,
    destination: Destination,
    made: native.machinelearningservices.Workspace,
    group: Group,
    parent: pulumi.Resource,
) -> native.machinelearningservices.ManagedNetworkSettingsRule:
    return native.machinelearningservices.ManagedNetworkSettingsRule(
        f"{name}-{label}",
        resource_group_name=group.name,
        workspace_name=made.name,
        rule_name=label,
        properties=native.machinelearningservices.PrivateEndpointOutboundRuleArgs(
            type="PrivateEndpoint",
            category="UserDefined",
            destination=native.machinelearningservices.PrivateEndpointDestinationArgs(
                service_resource_id=destination.resource_id, subresource_target=destination.service.target, spark_enabled=destination.by_spark
            ),
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )
