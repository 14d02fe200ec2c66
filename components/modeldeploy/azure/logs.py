"""Where logs go: a Log Analytics workspace with a stated retention, and Application Insights on top of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as native

from .group import Group

LONGEST_RETENTION = 730
"""Days a Log Analytics workspace keeps interactive logs at most: https://learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure"""


def log_workspace(name: str, retention_days: int, group: Group, parent: pulumi.Resource) -> native.operationalinsights.Workspace:
    """A workspace that only Entra identities read.

    It is encrypted with Azure's key: Log Analytics takes a customer's key for dedicated clusters only, from 100 GB a day
    (https://learn.microsoft.com/azure/azure-monitor/logs/customer-managed-keys). Ingestion stays open, because telemetry from Azure ML's own network
    comes by service tag and not through a private link.
    """
    return native.operationalinsights.Workspace(
        f"{name}-logs",
        resource_group_name=group.name,
        sku=native.operationalinsights.WorkspaceSkuArgs(name="PerGB2018"),
        retention_in_days=min(retention_days, LONGEST_RETENTION),
        features=native.operationalinsights.WorkspaceFeaturesArgs(disable_local_auth=True, enable_log_access_using_only_resource_permissions=True),
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


@dataclass(frozen=True)
class Logs:
    """The stores of one deployment's logs."""

    workspace: native.operationalinsights.Workspace
    insights: native.applicationinsights.Component

    @property
    def url(self) -> pulumi.Output[str]:
        """Where people query them."""
        return pulumi.Output.concat("https://portal.azure.com/#resource", self.workspace.id, "/logs")


def logs(name: str, retention_days: int, group: Group, parent: pulumi.Resource, entra_only: bool = False) -> Logs:
    """A log workspace, and Application Insights that keeps its data there. `entra_only` takes telemetry from identities with a role only."""
    workspace = log_workspace(name, retention_days, group, parent)
    insights = native.applicationinsights.Component(
        f"{name}-insights",
        resource_group_name=group.name,
        kind="web",
        application_type="web",
        ingestion_mode="LogAnalytics",
        workspace_resource_id=workspace.id,
        disable_local_auth=True if entra_only else None,
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return Logs(workspace, insights)


def diagnostics(
    name: str,
    resource_id: pulumi.Input[str],
    workspace: native.operationalinsights.Workspace,
    parent: pulumi.Resource,
    categories: Sequence[str] = (),
    groups: Sequence[str] = (),
) -> native.monitor.DiagnosticSetting:
    """Sends a resource's own logs to the workspace, by category or by group of categories.

    Categories: https://learn.microsoft.com/azure/azure-monitor/reference/supported-logs/logs-index
    """
    return native.monitor.DiagnosticSetting(
        name,
        resource_uri=resource_id,
        workspace_id=workspace.id,
        log_analytics_destination_type="Dedicated",
        logs=[native.monitor.DiagnosticsLogSettingsArgs(category=category, enabled=True) for category in categories]
        + [native.monitor.DiagnosticsLogSettingsArgs(category_group=each, enabled=True) for each in groups],
        opts=pulumi.ResourceOptions(parent=parent),
    )
