"""Alarms on an endpoint and its deployments, and who hears of them.

Metrics: https://learn.microsoft.com/azure/machine-learning/monitor-azure-machine-learning-reference
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.operations import Operations

from .group import Group
from .logs import Logs

ENDPOINTS = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
DEPLOYMENTS = f"{ENDPOINTS}/deployments"
APPS = "Microsoft.App/containerapps"
RED, YELLOW = 1, 2
"""Severities: error, warning."""


@dataclass(frozen=True)
class Criterion:
    """What a metric (namespace and name) is compared with."""

    metric: tuple[str, str]
    threshold: float
    aggregation: str = "Average"
    operator: str = "GreaterThan"
    dimensions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    """The one value of each dimension that is looked at."""


def action_group(name: str, emails: Sequence[str], group: Group, parent: pulumi.Resource) -> native.monitor.ActionGroup:
    """Mails every address. Without one, alarms are raised where the portal shows them."""
    return native.monitor.ActionGroup(
        f"{name}-alarms",
        resource_group_name=group.name,
        location="Global",
        group_short_name="modeldeploy",
        enabled=True,
        email_receivers=[
            native.monitor.MicrosoftCommonEmailReceiverArgs(name=email, email_address=email, use_common_alert_schema=True) for email in emails
        ],
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def metric_alarm(
    name: str,
    description: str,
    metric: tuple[str, str],
    threshold: float,
    severity: int,
    resource_id: pulumi.Input[str],
    hears: native.monitor.ActionGroup,
    group: Group,
    parent: pulumi.Resource,
    aggregation: str = "Average",
) -> native.monitor.MetricAlert:
    """Raised when the average, or another `aggregation`, of `metric` (namespace and name) over a quarter of an hour is above the threshold.

    Azure has windows of 5 and 15 minutes and no count of windows in a row: 15 minutes stands for two or three periods of five.
    """
    return criteria_alarm(name, description, [Criterion(metric, threshold, aggregation)], severity, resource_id, hears, group, parent)


def criteria_alarm(
    name: str,
    description: str,
    criteria: Sequence[Criterion],
    severity: int,
    resource_id: pulumi.Input[str],
    hears: native.monitor.ActionGroup,
    group: Group,
    parent: pulumi.Resource,
) -> native.monitor.MetricAlert:
    """Raised when all of several criteria hold over a quarter of an hour."""
    return native.monitor.MetricAlert(
        name,
        resource_group_name=group.name,
        location="global",
        description=description,
        severity=severity,
        enabled=True,
        scopes=[resource_id],
        evaluation_frequency="PT5M",
        window_size="PT15M",
        criteria=native.monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
            odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
            all_of=[
                native.monitor.MetricCriteriaArgs(
                    criterion_type="StaticThresholdCriterion",
                    name=each.aggregation.lower() if len(criteria) == 1 else each.metric[1],
                    metric_namespace=each.metric[0],
                    metric_name=each.metric[1],
                    time_aggregation=each.aggregation,
                    operator=each.operator,
                    threshold=each.threshold,
                    dimensions=[
                        native.monitor.MetricDimensionArgs(name=dimension, operator="Include", values=[value])
                        for dimension, value in each.dimensions.items()
                    ]
                    or None,
                    # A new endpoint has no metric before its first request.
                    skip_metric_validation=True,
                )
                for each in criteria
            ],
        ),
        actions=[native.monitor.MetricAlertActionArgs(action_group_id=hears.id)],
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def endpoint_alarms(
    name: str,
    operations: Operations,
    endpoint: native.machinelearningservices.OnlineEndpoint,
    hears: native.monitor.ActionGroup,
    logs: Logs,
    group: Group,
    parent: pulumi.Resource,
) -> None:
    """Latency, and the share of requests that fail."""
    metric_alarm(
        f"{name}-latency",
        f"Average latency above {operations.latency_milliseconds} ms",
        (ENDPOINTS, "RequestLatency"),
        operations.latency_milliseconds,
        YELLOW,
        endpoint.id,
        hears,
        group,
        parent,
    )
    query_alarm(
        f"{name}-errors",
        f"More than {operations.error_percent}% of requests fail",
        endpoint.name.apply(error_query),
        "Percent",
        operations.error_percent,
        hears,
        logs.workspace.id,
        group,
        parent,
        windows=2,
    )


def query_alarm(
    name: str,
    description: str,
    query: pulumi.Input[str],
    column: str,
    threshold: float,
    hears: native.monitor.ActionGroup,
    scope: pulumi.Input[str],
    group: Group,
    parent: pulumi.Resource,
    windows: int = 1,
) -> native.monitor.ScheduledQueryRule:
    """Raised when `column` of a log query over five minutes is above the threshold for so many `windows` in a row.

    `scope` is the id of the log workspace, or of the resource whose logs are asked.
    """
    return native.monitor.ScheduledQueryRule(
        name,
        resource_group_name=group.name,
        kind="LogAlert",
        description=description,
        severity=RED,
        enabled=True,
        scopes=[scope],
        evaluation_frequency="PT5M",
        window_size="PT5M",
        criteria=native.monitor.ScheduledQueryRuleCriteriaArgs(
            all_of=[
                native.monitor.ConditionArgs(
                    query=query,
                    metric_measure_column=column,
                    time_aggregation="Maximum",
                    operator="GreaterThan",
                    threshold=threshold,
                    failing_periods=native.monitor.ConditionFailingPeriodsArgs(
                        number_of_evaluation_periods=windows, min_failing_periods_to_alert=windows
                    ),
                )
            ]
        ),
        # The table comes with the first request.
        skip_query_validation=True,
        auto_mitigate=True,
        actions=native.monitor.ActionsArgs(action_groups=[hears.id]),
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def cpu_alarm(
    name: str,
    operations: Operations,
    deployment: native.machinelearningservices.OnlineDeployment,
    hears: native.monitor.ActionGroup,
    group: Group,
    parent: pulumi.Resource,
) -> None:
    """The replicas of one version are too busy."""
    metric_alarm(
        name,
        f"CPU use above {operations.utilization_percent}%",
        (DEPLOYMENTS, "CpuUtilizationPercentage"),
        operations.utilization_percent,
        YELLOW,
        deployment.id,
        hears,
        group,
        parent,
    )


def error_query(endpoint: str) -> str:
    """Percent of requests that failed, over the rule's window.

    Azure ML answers 424 when the container fails: https://learn.microsoft.com/azure/machine-learning/how-to-troubleshoot-online-endpoints
    """
    return (
        "AmlOnlineEndpointTrafficLog\n"
        f"| where EndpointName == '{endpoint}'\n"
        "| extend Code = toint(ResponseCode)\n"
        "| summarize Failed = countif(Code >= 500 or Code == 424), Requests = count()\n"
        "| where Requests > 0\n"
        "| project Percent = 100.0 * Failed / Requests"
    )


def app_alarms(
    name: str,
    operations: Operations,
    apps: Mapping[str, native.app.ContainerApp],
    hears: native.monitor.ActionGroup,
    workspace: native.operationalinsights.Workspace,
    group: Group,
    parent: pulumi.Resource,
) -> None:
    """Latency and CPU use of each version, and the share of requests that fail.

    Metrics: https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/microsoft-app-containerapps-metrics
    """
    watched = {
        "latency": ("Average latency", "ResponseTime", operations.latency_milliseconds, "ms"),
        "cpu": ("CPU use", "CpuPercentage", operations.utilization_percent, "%"),
    }
    for version, app in apps.items():
        for label, (what, metric, limit, unit) in watched.items():
            description = f"{what} of version {version} above {limit} {unit}"
            metric_alarm(f"{name}-{version}-{label}", description, (APPS, metric), limit, YELLOW, app.id, hears, group, parent)
    query_alarm(
        f"{name}-errors",
        f"More than {operations.error_percent}% of requests fail",
        pulumi.Output.all(*(app.name for app in apps.values())).apply(app_error_query),
        "Percent",
        operations.error_percent,
        hears,
        workspace.id,
        group,
        parent,
        windows=2,
    )


def app_error_query(apps: list[str]) -> str:
    """Percent of requests that the apps' ingress answered with a server error, over the rule's window.

    https://learn.microsoft.com/azure/container-apps/log-monitoring#http-logs
    """
    names = ", ".join(f"'{name}'" for name in apps)
    return (
        "ContainerAppHTTPLogs\n"
        f"| where ContainerAppName in ({names})\n"
        "| summarize Failed = countif(toint(StatusCode) >= 500), Requests = count()\n"
        "| where Requests > 0\n"
        "| project Percent = 100.0 * Failed / Requests"
    )


def function_alarms(
    name: str,
    operations: Operations,
    site: pulumi.Output[str],
    most_instances: int,
    hears: native.monitor.ActionGroup,
    workspace: native.operationalinsights.Workspace,
    group: Group,
    parent: pulumi.Resource,
) -> None:
    """Latency, the share of requests that fail, and the share of instances in use, as a function app tells Application Insights."""
    watched = {
        "latency": (f"Average latency above {operations.latency_milliseconds} ms", "avg(DurationMs)", operations.latency_milliseconds),
        "errors": (
            f"More than {operations.error_percent}% of requests fail",
            "100.0 * countif(toint(ResultCode) >= 500) / count()",
            operations.error_percent,
        ),
        "instances": (
            f"More than {operations.utilization_percent}% of {most_instances} instances are in use",
            f"100.0 * dcount(AppRoleInstance) / {most_instances}",
            operations.utilization_percent,
        ),
    }
    for label, (description, measure, limit) in watched.items():
        query = site.apply(lambda found, measure=measure: request_query(found, measure))
        query_alarm(f"{name}-{label}", description, query, "Value", limit, hears, workspace.id, group, parent, windows=2)


def request_query(site: str, measure: str) -> str:
    """A measure of the requests of a function app, over the rule's window.

    https://learn.microsoft.com/azure/azure-monitor/reference/tables/apprequests
    """
    return f"AppRequests\n| where AppRoleName == '{site}'\n| summarize Requests = count(), Value = {measure}\n| where Requests > 0\n| project Value"
