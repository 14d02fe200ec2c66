"""CloudWatch dashboards."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from .account import Account, physical_name
from .variants import Variant

Widget = dict[str, Any]


@dataclass(frozen=True)
class Panel:
    """A graph of some metrics."""

    title: str
    lines: list[list[Any]]
    """Each as the dashboard's body has it: namespace, metric, dimensions by name and value (outputs where need be), and its statistic."""


def endpoint_dashboard(
    name: str,
    endpoint_name: str,
    variants: Sequence[Variant],
    log_group: str,
    account: Account,
    parent: pulumi.Resource,
    serverless: bool = False,
) -> aws.cloudwatch.Dashboard:
    """Requests, errors, latency, utilisation and instances of every variant, and the newest errors in the logs."""
    return aws.cloudwatch.Dashboard(
        f"{name}-dashboard",
        dashboard_name=physical_name(name, 255),
        dashboard_body=account.region.apply(lambda region: body(endpoint_name, variants, log_group, region, serverless)),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def traffic_dashboard(
    name: str, panels: Sequence[Panel], log_group: pulumi.Output[str] | pulumi.Output[list[str]], account: Account, parent: pulumi.Resource
) -> aws.cloudwatch.Dashboard:
    """Panels of metrics, and the newest errors in the logs: in one group, or in several."""
    lines = pulumi.Output.all(*(pulumi.Output.all(*(pulumi.Output.all(*line) for line in panel.lines)) for panel in panels))
    return aws.cloudwatch.Dashboard(
        f"{name}-dashboard",
        dashboard_name=physical_name(name, 255),
        dashboard_body=pulumi.Output.all(lines, log_group, account.region).apply(
            lambda it: traffic_body([panel.title for panel in panels], it[0], it[1], it[2])
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def traffic_body(titles: Sequence[str], lines: Sequence[list[list[Any]]], log_group: str | list[str], region: str) -> str:
    """The dashboard of a function or a container as JSON."""
    widgets: list[Widget] = []
    for place, (title, each) in enumerate(zip(titles, lines, strict=True)):
        properties = {"title": title, "region": region, "view": "timeSeries", "period": 60, "metrics": each}
        widgets.append({"type": "metric", "x": 12 * (place % 2), "y": 6 * (place // 2), "width": 12, "height": 6, "properties": properties})
    widgets.append(errors_widget(log_group, region, x=0, y=6 * ((len(titles) + 1) // 2), width=24))
    return json.dumps({"widgets": widgets})


def dashboard_url(dashboard: aws.cloudwatch.Dashboard, account: Account) -> pulumi.Output[str]:
    """Where people see it."""
    return pulumi.Output.all(account.region, dashboard.dashboard_name).apply(
        lambda it: f"https://{it[0]}.console.aws.amazon.com/cloudwatch/home?region={it[0]}#dashboards:name={it[1]}"
    )


def body(endpoint_name: str, variants: Sequence[Variant], log_group: str, region: str, serverless: bool = False) -> str:
    """The dashboard as JSON: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html."""
    used = ("Utilisation (100 per core)", "/aws/sagemaker/Endpoints", ["CPUUtilization", "MemoryUtilization", "DiskUtilization"], ["Average"])
    if serverless:
        used = ("Share of the concurrency in use", "AWS/SageMaker", ["ServerlessConcurrentExecutionsUtilization"], ["Maximum"])
    panels = [
        ("Requests", "AWS/SageMaker", ["Invocations", *([] if serverless else ["InvocationsPerInstance"])], ["Sum"]),
        ("Errors", "AWS/SageMaker", ["Invocation5XXErrors", "Invocation4XXErrors"], ["Sum"]),
        ("Latency of the model (microseconds)", "AWS/SageMaker", ["ModelLatency"], ["p50", "p95", "p99"]),
        ("Latency that SageMaker adds (microseconds)", "AWS/SageMaker", ["OverheadLatency"], ["p50", "p99"]),
        used,
        *([("Time of a start (microseconds)", "AWS/SageMaker", ["ModelSetupTime"], ["Maximum"])] if serverless else []),
    ]
    widgets: list[Widget] = []
    for place, (title, namespace, metrics, statistics) in enumerate(panels):
        lines = [
            [namespace, metric, "EndpointName", endpoint_name, "VariantName", variant.name, {"stat": statistic}]
            for variant in variants
            for metric in metrics
            for statistic in statistics
        ]
        properties = {"title": title, "region": region, "view": "timeSeries", "period": 60, "metrics": lines}
        widgets.append({"type": "metric", "x": 12 * (place % 2), "y": 6 * (place // 2), "width": 12, "height": 6, "properties": properties})
    widgets.append(errors_widget(log_group, region, x=0 if serverless else 12, y=18 if serverless else 12, width=12))
    return json.dumps({"widgets": widgets})


def run_dashboard(
    name: str,
    machine: pulumi.Output[str],
    failed: pulumi.Output[str],
    log_group: pulumi.Input[str],
    account: Account,
    parent: pulumi.Resource,
    streams: str | None = None,
) -> aws.cloudwatch.Dashboard:
    """Runs of a batch by how they ended, how long they took, starts that were given up, and the newest errors in the logs; only in the streams that
    begin with `streams`, where the log group is not the deployment's alone."""
    return aws.cloudwatch.Dashboard(
        f"{name}-dashboard",
        dashboard_name=physical_name(name, 255),
        dashboard_body=pulumi.Output.all(machine, failed, log_group, account.region).apply(lambda it: run_body(it[0], it[1], it[2], it[3], streams)),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def run_body(machine: str, failed: str, log_group: str, region: str, streams: str | None) -> str:
    """The dashboard of a batch as JSON."""
    ends = ["ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"]
    panels: list[tuple[str, list[list[Any]]]] = [
        ("Runs", [["AWS/States", end, "StateMachineArn", machine, {"stat": "Sum"}] for end in ends]),
        ("Time of a run (milliseconds)", [["AWS/States", "ExecutionTime", "StateMachineArn", machine, {"stat": "Maximum"}]]),
        ("Starts given up", [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", failed, {"stat": "Maximum"}]]),
    ]
    widgets: list[Widget] = []
    for place, (title, lines) in enumerate(panels):
        properties = {"title": title, "region": region, "view": "timeSeries", "period": 3600, "metrics": lines}
        widgets.append({"type": "metric", "x": 8 * place, "y": 0, "width": 8, "height": 6, "properties": properties})
    widgets.append(errors_widget(log_group, region, x=0, y=6, width=24, streams=streams))
    return json.dumps({"widgets": widgets})


def errors_widget(log_group: str | list[str], region: str, *, x: int, y: int, width: int, streams: str | None = None) -> Widget:
    """The newest errors in the logs."""
    mine = f" and @logStream like /^{streams}/" if streams else ""
    found = f"filter @message like /(?i)error|exception/{mine}"
    sources = " | ".join(f"SOURCE '{each}'" for each in ([log_group] if isinstance(log_group, str) else log_group))
    query = f"{sources} | fields @timestamp, @message | {found} | sort @timestamp desc | limit 50"
    properties = {"title": "Errors in the logs", "region": region, "query": query}
    return {"type": "log", "x": x, "y": y, "width": width, "height": 6, "properties": properties}
