"""Identities and what they may do: one assignment per role and exact resource.

Roles: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
"""

from __future__ import annotations

from enum import StrEnum

import pulumi
import pulumi_azure_native as native

from . import ids
from .group import Group


class Role(StrEnum):
    """Built-in roles, by their id, which is the same in every tenant."""

    CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
    FHIR_READER = "4c8d0bbc-75d3-4935-991f-5f3c56d81508"
    FHIR_WRITER = "3f88fce4-5892-4214-ae73-ba5294559913"
    READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
    NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"
    IDENTITY_OPERATOR = "f1a07417-d97a-45cb-824c-7a7467783830"
    CLUSTER_ADMINISTRATOR = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b"
    CLUSTER_USER = "4abbcc35-e782-43d8-92c5-2d3f1bd2253f"
    BATCH_SUBMITTER = "48e5e92e-a480-4e71-aa9c-2778f4c13781"
    ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
    BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
    BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
    BLOB_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
    QUEUE_CONTRIBUTOR = "974c5e8b-45b9-4653-ba55-5f855dd0fb88"
    TABLE_CONTRIBUTOR = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"
    EVENT_HUB_SENDER = "2b629674-e913-4c01-ae53-ef4638d8f975"
    EVENT_HUB_RECEIVER = "a638d3c7-ab3a-418d-83e6-5f17a39d4fde"
    SCHEMA_READER = "2c56ea50-c6b3-40a6-83c0-9d98858bc7d2"
    SECRETS_OFFICER = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
    SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
    KEY_ENCRYPTION_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
    VAULT_CONTRIBUTOR = "f25e0fa2-a7c8-4377-a976-54943a77a395"
    CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
    VAULT_ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
    METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
    METRICS_WRITER = "635dd51f-9968-44d3-b7fb-6d9a6bd613ae"
    CONNECTION_APPROVER = "b556d68e-0be0-4f35-a333-ad7ee1ce17ea"


def identity(name: str, group: Group, parent: pulumi.Resource) -> native.managedidentity.UserAssignedIdentity:
    """A user-assigned identity: it exists before the resource that uses it, so its roles can be there first."""
    return native.managedidentity.UserAssignedIdentity(
        name, resource_group_name=group.name, tags=group.tags, opts=pulumi.ResourceOptions(parent=parent)
    )


def grant(
    name: str,
    role: Role,
    scope: pulumi.Input[str],
    holder: native.managedidentity.UserAssignedIdentity,
    parent: pulumi.Resource,
    depends_on: list[pulumi.Resource] | None = None,
) -> native.authorization.RoleAssignment:
    """Gives `holder` a role on one resource."""
    return grant_to(name, role, scope, holder.principal_id, "ServicePrincipal", parent, depends_on)


def grant_to(
    name: str,
    role: Role,
    scope: pulumi.Input[str],
    principal: pulumi.Input[str],
    kind: str | None,
    parent: pulumi.Resource,
    depends_on: list[pulumi.Resource] | None = None,
) -> native.authorization.RoleAssignment:
    """Gives a principal a role on one resource.

    The kind of principal is named where it is known, so that Azure does not look the identity up in a directory that has not heard of it yet:
    https://learn.microsoft.com/azure/role-based-access-control/troubleshooting#symptom---assigning-a-role-to-a-new-principal-sometimes-fails
    """
    return native.authorization.RoleAssignment(
        name,
        scope=scope,
        role_definition_id=ids.lift(lambda value: ids.role_id(value, role), scope),
        principal_id=principal,
        # Without a kind the SDK would send `User`, and Azure refuse everybody else; an output of nothing leaves it to Azure.
        principal_type=kind or pulumi.Output.from_input(None),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=depends_on),
    )
