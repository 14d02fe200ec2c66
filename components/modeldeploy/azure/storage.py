"""Storage accounts: private, encrypted with the customer's key, TLS only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_azure_native as native

from . import ids
from .group import Group
from .keys import CustomerKey


def account(
    name: str, key: CustomerKey, group: Group, parent: pulumi.Resource, shared_key: bool = False, allowed_ips: Sequence[str] = ()
) -> native.storage.StorageAccount:
    """A storage account without public access, but for `allowed_ips`.

    Zone-redundant in production. `shared_key` also lets in who may list the account's keys; without it, only identities with a role get in.
    """
    return native.storage.StorageAccount(
        name,
        resource_group_name=group.name,
        account_name=ids.unique(name, group.id, 24, separator=""),
        kind="StorageV2",
        sku=native.storage.SkuArgs(name="Standard_ZRS" if group.is_production else "Standard_LRS"),
        allow_blob_public_access=False,
        allow_cross_tenant_replication=False,
        allow_shared_key_access=shared_key,
        default_to_o_auth_authentication=True,
        enable_https_traffic_only=True,
        minimum_tls_version="TLS1_2",
        public_network_access="Enabled" if allowed_ips else "Disabled",
        network_rule_set=native.storage.NetworkRuleSetArgs(
            default_action=native.storage.DefaultAction.DENY,
            bypass="AzureServices",
            ip_rules=[native.storage.IPRuleArgs(i_p_address_or_range=address, action=native.storage.Action.ALLOW) for address in allowed_ips],
        ),
        identity=native.storage.IdentityArgs(type="UserAssigned", user_assigned_identities=[key.reader.id]),
        encryption=native.storage.EncryptionArgs(
            key_source="Microsoft.Keyvault",
            # No version: the account takes a new one by itself within a day.
            key_vault_properties=native.storage.KeyVaultPropertiesArgs(key_vault_uri=key.vault_uri, key_name=key.name),
            encryption_identity=native.storage.EncryptionIdentityArgs(encryption_user_assigned_identity=key.reader.id),
            services=native.storage.EncryptionServicesArgs(
                blob=native.storage.EncryptionServiceArgs(enabled=True, key_type="Account"),
                file=native.storage.EncryptionServiceArgs(enabled=True, key_type="Account"),
            ),
        ),
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[key.access], protect=group.is_production),
    )


def keep(name: str, store: native.storage.StorageAccount, days: int, group: Group, parent: pulumi.Resource) -> native.storage.ManagementPolicy:
    """Deletes everything in an account so many days after it was written."""
    return keep_containers(name, store, {"": days}, group, parent)


def keep_containers(
    name: str, store: native.storage.StorageAccount, days: Mapping[str, int], group: Group, parent: pulumi.Resource
) -> native.storage.ManagementPolicy:
    """Deletes everything in some containers of an account so many days after it was written; `""` is the whole account."""
    return native.storage.ManagementPolicy(
        name,
        resource_group_name=group.name,
        account_name=store.name,
        management_policy_name="default",
        policy=native.storage.ManagementPolicySchemaArgs(
            rules=[
                native.storage.ManagementPolicyRuleArgs(
                    name=container or "retention",
                    type="Lifecycle",
                    enabled=True,
                    definition=native.storage.ManagementPolicyDefinitionArgs(
                        filters=native.storage.ManagementPolicyFilterArgs(
                            blob_types=["blockBlob"], prefix_match=[f"{container}/"] if container else None
                        ),
                        actions=native.storage.ManagementPolicyActionArgs(
                            base_blob=native.storage.ManagementPolicyBaseBlobArgs(
                                delete=native.storage.DateAfterModificationArgs(days_after_modification_greater_than=kept)
                            )
                        ),
                    ),
                )
                for container, kept in days.items()
            ]
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )
