"""Who may ask an Azure ML online endpoint for predictions."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_azure_native as native

from .group import Group
from .score_role import READ_KEYS, SCORE, score_role


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
    role = score_role(f"{name}-caller", group.id, READ_KEYS if by_key else SCORE, parent)
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
