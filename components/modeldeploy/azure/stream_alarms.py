"""Alarms on a stream and its consumers, by what Azure measures and by the lines that consumers write.

Metrics: https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/microsoft-eventhub-namespaces-metrics
"""

from __future__ import annotations

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.operations import Operations

from .alarms import APPS, RED, YELLOW, Criterion, criteria_alarm, metric_alarm, query_alarm
from .dashboard import AVERAGE, MAXIMUM, TOTAL, Chart
from .event_hubs import EventHubs, Tier
from .group import Group
from .stream_store import LETTERS

HUBS = "Microsoft.EventHub/namespaces"
HUB_CHARTS = (
    Chart("Events written", HUBS, "IncomingMessages", TOTAL),
    Chart("Events read", HUBS, "OutgoingMessages", TOTAL),
    Chart("Throttled requests", HUBS, "ThrottledRequests", TOTAL),
    Chart("Events captured", HUBS, "CapturedMessages", TOTAL),
)
CONSUMER_CHARTS = (
    Chart("Consumers", APPS, "Replicas", MAXIMUM),
    Chart("CPU use in percent", APPS, "CpuPercentage", AVERAGE),
    Chart("Memory use in percent", APPS, "MemoryPercentage", AVERAGE),
    Chart("Restarts", APPS, "RestartCount", TOTAL),
)


def consumer_alarms(
    name: str,
    operations: Operations,
    lag_seconds: int,
    app: native.app.ContainerApp,
    hears: native.monitor.ActionGroup,
    workspace: native.operationalinsights.Workspace,
    group: Group,
    parent: pulumi.Resource,
) -> None:
    """Lag, latency, errors and silence, by the lines that consumers write, and CPU use."""
    watched = {
        "lag": (f"The oldest record waits longer than {lag_seconds} seconds", LAG, lag_seconds, 1),
        "latency": (f"Average latency of a call above {operations.latency_milliseconds} ms", LATENCY, operations.latency_milliseconds, 2),
        "errors": (f"More than {operations.error_percent}% of records fail", ERRORS, operations.error_percent, 2),
        "silent": ("No consumer says that it is alive", SILENT, 0, 2),
    }
    for label, (description, measure, limit, windows) in watched.items():
        query = app.name.apply(lambda found, measure=measure: line_query(found, measure))
        query_alarm(f"{name}-{label}", description, query, "Value", limit, hears, workspace.id, group, parent, windows=windows)
    description = f"CPU use above {operations.utilization_percent}%"
    metric_alarm(f"{name}-cpu", description, (APPS, "CpuPercentage"), operations.utilization_percent, YELLOW, app.id, hears, group, parent)


def hub_alarms(
    name: str,
    operations: Operations,
    hubs: EventHubs,
    tier: Tier,
    hears: native.monitor.ActionGroup,
    workspace: native.operationalinsights.Workspace,
    group: Group,
    parent: pulumi.Resource,
) -> None:
    """Events that nobody reads, requests that are throttled, dead letters above none, and in Premium CPU use; consumers have no part in these."""
    namespace = hubs.namespace.id
    of_events = {"EntityName": hubs.events.name}
    criteria = [
        Criterion((HUBS, "IncomingMessages"), 0, "Total", dimensions=of_events),
        Criterion((HUBS, "OutgoingMessages"), 0, "Total", operator="LessThanOrEqual", dimensions=of_events),
    ]
    criteria_alarm(f"{name}-unread", "Events come, and nobody reads them", criteria, RED, namespace, hears, group, parent)
    throttled = (HUBS, "ThrottledRequests")
    metric_alarm(f"{name}-throttled", "Requests are throttled", throttled, 0, RED, namespace, hears, group, parent, aggregation="Total")
    if tier is Tier.PREMIUM:
        description, used = f"CPU use of Event Hubs above {operations.utilization_percent}%", (HUBS, "NamespaceCpuUsage")
        limit = operations.utilization_percent
        metric_alarm(f"{name}-hubs-cpu", description, used, limit, YELLOW, namespace, hears, group, parent, aggregation="Maximum")
    query = hubs.store.account.name.apply(letter_query)
    query_alarm(f"{name}-letters", "A record could not be scored", query, "Value", 0, hears, workspace.id, group, parent)


def topic_letter_alarm(
    name: str,
    app: native.app.ContainerApp,
    hears: native.monitor.ActionGroup,
    workspace: native.operationalinsights.Workspace,
    group: Group,
    parent: pulumi.Resource,
) -> None:
    """Dead letters above none, by the lines that consumers write: nobody here sees into a Kafka that is given."""
    query = app.name.apply(lambda found: line_query(found, LETTERS_SENT))
    query_alarm(f"{name}-letters", "A record could not be scored", query, "Value", 0, hears, workspace.id, group, parent)


LAG = "| summarize Value = max(toreal(Line.waiting_seconds))\n| where isnotnull(Value)"
LATENCY = "| summarize Value = avg(toreal(Line.milliseconds))\n| where isnotnull(Value)"
ERRORS = (
    "| summarize Failed = sum(tolong(Line.failed)), Scored = sum(tolong(Line.scored))\n"
    "| where Failed + Scored > 0\n"
    "| project Value = 100.0 * Failed / (Failed + Scored)"
)
SILENT = "| summarize Lines = count()\n| project Value = iff(Lines == 0, 1, 0)"
LETTERS_SENT = "| summarize Value = sum(tolong(Line.dead_letters))\n| where isnotnull(Value)"


def line_query(app: str, measure: str) -> str:
    """A measure of the lines that an app's consumers write, over the rule's window.

    https://learn.microsoft.com/azure/azure-monitor/reference/tables/containerappconsolelogs
    """
    return f"ContainerAppConsoleLogs\n| where ContainerAppName == '{app}'\n| extend Line = parse_json(Log).stream\n| where isnotnull(Line)\n{measure}"


def letter_query(account: str) -> str:
    """Dead letters that were written, over the rule's window. https://learn.microsoft.com/azure/azure-monitor/reference/tables/storagebloblogs"""
    return (
        "StorageBlobLogs\n"
        f"| where AccountName == '{account}' and OperationName in ('PutBlob', 'PutBlockList') and StatusText == 'Success'\n"
        f"| where ObjectKey startswith '/{account}/{LETTERS}/'\n"
        "| summarize Value = count()"
    )
