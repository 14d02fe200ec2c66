"""Which share of the requests each deployment gets.

An endpoint cannot name deployments before they exist, and the provider has no resource for traffic. So the endpoint is created without any, and an
ARM deployment writes it again, with its traffic, when the deployments are there: docs/adr/0005-azure-ml-traffic.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_azure_native as native

from .group import Group

API_VERSION = "2025-12-01"
"""The version with which `azure_native.machinelearningservices.OnlineEndpoint` of this SDK creates the endpoint."""

TEMPLATE: dict[str, Any] = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {
        "name": {"type": "string"},
        "location": {"type": "string"},
        "identity": {"type": "object"},
        "authMode": {"type": "string"},
        "publicNetworkAccess": {"type": "string"},
        "traffic": {"type": "object"},
        "mirrorTraffic": {"type": "object"},
        "tags": {"type": "object"},
    },
    "resources": [
        {
            "type": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
            "apiVersion": API_VERSION,
            "name": "[parameters('name')]",
            "location": "[parameters('location')]",
            "kind": "Managed",
            "identity": "[parameters('identity')]",
            "tags": "[parameters('tags')]",
            "properties": {
                "authMode": "[parameters('authMode')]",
                "publicNetworkAccess": "[parameters('publicNetworkAccess')]",
                "traffic": "[parameters('traffic')]",
                "mirrorTraffic": "[parameters('mirrorTraffic')]",
            },
        }
    ],
}
"""The endpoint as `managed_endpoint` declares it, and its traffic. Values are parameters, so that no tag is taken for an expression."""


def traffic(
    name: str,
    shares: Mapping[str, int],
    copies: Mapping[str, int],
    endpoint: native.machinelearningservices.OnlineEndpoint,
    workspace: native.machinelearningservices.Workspace,
    identity: native.managedidentity.UserAssignedIdentity,
    auth_mode: str,
    public_network_access: str,
    group: Group,
    parent: pulumi.Resource,
    after: list[pulumi.Resource],
) -> native.resources.Deployment:
    """Gives every deployment its share of the requests, or of copies of them, in percent by name, once all of `after` are there."""
    parameters: dict[str, pulumi.Input[Any]] = {
        "name": pulumi.Output.concat(workspace.name, "/", endpoint.name),
        "location": endpoint.location,
        "identity": identity.id.apply(_user_assigned),
        "authMode": auth_mode,
        "publicNetworkAccess": public_network_access,
        "traffic": dict(shares),
        "mirrorTraffic": dict(copies),
        "tags": group.tags,
    }
    return written_again(f"{name}-traffic", TEMPLATE, parameters, group, parent, after)


def written_again(
    name: str,
    template: Mapping[str, Any],
    parameters: Mapping[str, pulumi.Input[Any]],
    group: Group,
    parent: pulumi.Resource,
    after: list[pulumi.Resource],
) -> native.resources.Deployment:
    """Puts the resource of a template, which is there already, once all of `after` are there."""
    return native.resources.Deployment(
        name,
        resource_group_name=group.name,
        properties=native.resources.DeploymentPropertiesArgs(
            # Complete would delete everything else in the group.
            mode=native.resources.DeploymentMode.INCREMENTAL,
            template=dict(template),
            parameters={key: native.resources.DeploymentParameterArgs(value=value) for key, value in parameters.items()},
        ),
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=after),
    )


def _user_assigned(identity_id: str) -> dict[str, Any]:
    return {"type": "UserAssigned", "userAssignedIdentities": {identity_id: {}}}
