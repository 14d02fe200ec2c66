"""The customer-managed key, and the identity that services read it with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.arguments import ArgumentError, Problem
from modeldeploy.spec.encryption import Encryption

from . import ids
from .group import Group
from .identity import Role, grant, identity


@dataclass(frozen=True)
class CustomerKey:
    """A key in a vault. Whoever encrypts with it waits for `access`."""

    vault_id: pulumi.Output[str]
    vault_uri: pulumi.Output[str]
    name: pulumi.Output[str]
    uri: pulumi.Output[str]
    """With its version."""
    reader: native.managedidentity.UserAssignedIdentity
    access: native.authorization.RoleAssignment
    vault: native.keyvault.Vault | None
    """The vault, when it was made here."""


def key_problems(encryption: Encryption, key_vault_id: pulumi.Input[str] | None) -> Iterator[Problem]:
    """Problems of a key that is given: its identifier, and the vault that must be named beside it."""
    if encryption.key is None and key_vault_id is not None:
        yield Problem("key_vault_id", "belongs to encryption.key, which is not given; leave it out and both are made")
    if encryption.key is not None and key_vault_id is None:
        yield Problem("key_vault_id", "is required with encryption.key on Azure: the ARM id of the vault that holds the key")
    if isinstance(key_vault_id, str) and not ids.RESOURCE_ID.fullmatch(key_vault_id):
        yield Problem("key_vault_id", f"'{key_vault_id}' is no ARM id; write /subscriptions/.../providers/Microsoft.KeyVault/vaults/<name>")
    if isinstance(encryption.key, str) and not ids.KEY_ID.fullmatch(encryption.key):
        yield _no_key(encryption.key)


def _no_key(found: str) -> Problem:
    return Problem("encryption.key", f"'{found}' is no key identifier; write https://<vault>.vault.azure.net/keys/<name>/<version of 32 digits>")


def customer_key(name: str, encryption: Encryption, key_vault_id: pulumi.Input[str] | None, group: Group, parent: pulumi.Resource) -> CustomerKey:
    """The key given, or a new one in a vault of its own, which no administrator of a workspace's secrets reaches.

    The key's version is asked for even where its newer ones are followed, because Azure does not take it without
    (`azure_native.compute.KeyForDiskEncryptionSetArgs.key_url`). An output of another resource, such as `key_uri` in place of
    `key_uri_with_version`, is known only here.
    """
    reader = identity(f"{name}-keys", group, parent)
    if encryption.key is not None:
        uri = pulumi.Output.from_input(encryption.key).apply(lambda found: _with_version(name, found))
        vault_id = pulumi.Output.from_input(key_vault_id or "")
        key_name = uri.apply(lambda value: ids.key_parts(value)[1])
        access = grant(f"{name}-keys", Role.KEY_ENCRYPTION_USER, pulumi.Output.concat(vault_id, "/keys/", key_name), reader, parent)
        return CustomerKey(vault_id, uri.apply(lambda value: ids.key_parts(value)[0]), key_name, uri, reader, access, vault=None)
    made = vault(f"{name}-keys", reader.tenant_id, group, parent)
    key = native.keyvault.Key(
        f"{name}-key",
        resource_group_name=group.name,
        vault_name=made.name,
        properties=native.keyvault.KeyPropertiesArgs(
            kty="RSA",
            key_size=3072,
            key_ops=["wrapKey", "unwrapKey"],
            rotation_policy=native.keyvault.RotationPolicyArgs(
                lifetime_actions=[
                    native.keyvault.LifetimeActionArgs(
                        action=native.keyvault.ActionArgs(type=native.keyvault.KeyRotationPolicyActionType.ROTATE),
                        trigger=native.keyvault.TriggerArgs(time_after_create=f"P{encryption.rotation}D"),
                    )
                ]
            ),
        ),
        tags=group.tags,
        # The provider deletes keys through the vault's data plane, which is closed to the internet; the key goes with its vault instead.
        opts=pulumi.ResourceOptions(parent=parent, deleted_with=made, protect=group.is_production),
    )
    access = grant(f"{name}-keys", Role.KEY_ENCRYPTION_USER, key.id, reader, parent)
    return CustomerKey(made.id, made.properties.apply(_uri), key.name, key.key_uri_with_version, reader, access, vault=made)


def _with_version(name: str, found: str) -> str:
    if not ids.KEY_ID.fullmatch(found):
        raise ArgumentError(f"'{name}'", [_no_key(found)])
    return found


def vault(name: str, tenant: pulumi.Input[str], group: Group, parent: pulumi.Resource) -> native.keyvault.Vault:
    """A vault that only roles open, closed to the internet but for Azure's own services, and that nobody can purge."""
    return native.keyvault.Vault(
        name,
        resource_group_name=group.name,
        vault_name=ids.unique(name, group.id, 24),
        properties=native.keyvault.VaultPropertiesArgs(
            tenant_id=tenant,
            sku=native.keyvault.SkuArgs(family="A", name=native.keyvault.SkuName.STANDARD),
            enable_rbac_authorization=True,
            enable_soft_delete=True,
            enable_purge_protection=True,
            # Azure never changes it again, so that it does not depend on what the deployment is for.
            soft_delete_retention_in_days=90,
            public_network_access="disabled",
            network_acls=native.keyvault.NetworkRuleSetArgs(bypass="AzureServices", default_action="Deny"),
        ),
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent, protect=group.is_production),
    )


def _uri(properties: native.keyvault.outputs.VaultPropertiesResponse) -> str:
    return properties.vault_uri or ""
