"""Who may ask an Azure ML online endpoint for predictions."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_azure_native as native

from . import ids
from .group import Group

ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"


def callers(
    name: str,
    principals: Sequence[str],
    by_key: bool,
    endpoint: native.machinelearningservices.OnlineEndpoint,
    group: Group,
    parent: pulumi.Resource,
) -> None:
    """Lets the principals listed ask for predictions, or read the keys to ask with, and nothing else: no built-in role is that narrow."""
    if not principals:
        return
    actions = [f"{ENDPOINTS}/read", f"{ENDPOINTS}/listKeys/action"] if by_key else [f"{ENDPOINTS}/score/action"]
    role = native.authorization.RoleDefinition(
        f"{name}-caller",
        scope=group.id,
        role_name=ids.unique(f"{name}-caller", group.id, 100),
        role_type="CustomRole",
        description="Asks an Azure ML online endpoint for predictions",
        # https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-online-endpoint
        permissions=[native.authorization.PermissionArgs(actions=actions, not_actions=[], data_actions=[], not_data_actions=[])],
        assignable_scopes=[group.id],
        opts=pulumi.ResourceOptions(parent=parent),
    )
    for caller in principals:
        native.authorization.RoleAssignment(
            f"{name}-caller-{caller}",
            scope=endpoint.id,
            role_definition_id=role.id,
            principal_id=caller,
            # A person, a group or an application: Azure finds out (see `identity.grant_to`).
            principal_type=pulumi.Output.from_input(None),
            opts=pulumi.ResourceOptions(parent=parent),
        )
