"""Who may ask an Azure ML online endpoint for predictions: a role for that alone, because no built-in one is that narrow.

https://learn.microsoft.com/azure/machine-learning/how-to-authenticate-online-endpoint
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_azure_native as native

from . import ids

ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
SCORE = (f"{ENDPOINTS}/score/action",)
"""Asks with a token of Entra."""
READ_KEYS = (f"{ENDPOINTS}/read", f"{ENDPOINTS}/listKeys/action")
"""Reads the keys to ask with."""


def score_role(name: str, group_id: pulumi.Input[str], actions: Sequence[str], parent: pulumi.Resource) -> native.authorization.RoleDefinition:
    """A role that can be given in one resource group, the endpoint's."""
    return native.authorization.RoleDefinition(
        name,
        scope=group_id,
        role_name=ids.unique(name, group_id, 100),
        role_type="CustomRole",
        description="Asks an Azure ML online endpoint for predictions",
        permissions=[native.authorization.PermissionArgs(actions=list(actions), not_actions=[], data_actions=[], not_data_actions=[])],
        assignable_scopes=[group_id],
        opts=pulumi.ResourceOptions(parent=parent),
    )
