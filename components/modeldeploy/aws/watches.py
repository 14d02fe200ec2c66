"""Alarms and graphs of what answers requests over HTTP: functions, containers, and what is in front of them."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.operations import Operations

from .alarms import Watch
from .balancer import Balancer
from .dashboard import Panel
from .gateway import STAGE

API = "AWS/ApiGateway"
BALANCER = "AWS/ApplicationELB"
FUNCTION = "AWS/Lambda"
SERVICE = "AWS/ECS"


def gateway_alarms(
    name: str, api_name: pulumi.Output[str], operations: Operations, topic: aws.sns.Topic, tags: dict[str, str], parent: pulumi.Resource
) -> None:
    """Alarms of a REST API: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html."""
    watch = Watch(f"{name}-gateway", {"ApiName": api_name, "Stage": STAGE}, topic, tags, parent)
    watch.error_share(operations.error_percent, API, "5XXError", "Count")
    watch.above("latency", API, "Latency", operations.latency_milliseconds, 2, "The API answers slowly")


def gateway_panels(api_name: pulumi.Output[str]) -> list[Panel]:
    """Graphs of a REST API."""

    def line(metric: str, statistic: str) -> list[Any]:
        return [API, metric, "ApiName", api_name, "Stage", STAGE, {"stat": statistic}]

    return [
        Panel("Requests and errors", [line("Count", "Sum"), line("4XXError", "Sum"), line("5XXError", "Sum")]),
        Panel("Latency (milliseconds)", [line("Latency", each) for each in ("p50", "p95", "p99")]),
    ]


def balancer_alarms(
    name: str, balancer: Balancer, operations: Operations, topic: aws.sns.Topic, tags: dict[str, str], parent: pulumi.Resource
) -> None:
    """The alarm of a load balancer for requests that nothing behind it answered:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html."""
    watch = Watch(f"{name}-balancer", {"LoadBalancer": balancer.resource.arn_suffix}, topic, tags, parent)
    watch.error_share(operations.error_percent, BALANCER, "HTTPCode_ELB_5XX_Count", "RequestCount")


def group_alarms(
    name: str,
    balancer: Balancer,
    group: aws.lb.TargetGroup,
    operations: Operations,
    topic: aws.sns.Topic,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> list[aws.cloudwatch.MetricAlarm]:
    """Alarms of the targets of a version: errors and latency, which tell a bad release."""
    watch = Watch(name, {"TargetGroup": group.arn_suffix, "LoadBalancer": balancer.resource.arn_suffix}, topic, tags, parent)
    seconds = operations.latency_milliseconds / 1000
    return [
        watch.error_share(operations.error_percent, BALANCER, "HTTPCode_Target_5XX_Count", "RequestCount"),
        watch.above("latency", BALANCER, "TargetResponseTime", seconds, 2, "The model answers slowly"),
    ]


def balancer_panels(balancer: Balancer, groups: Sequence[aws.lb.TargetGroup]) -> list[Panel]:
    """Graphs of the targets of all versions."""

    def lines(metric: str, *statistics: str) -> list[list[Any]]:
        return [
            [BALANCER, metric, "TargetGroup", group.arn_suffix, "LoadBalancer", balancer.resource.arn_suffix, {"stat": each}]
            for group in groups
            for each in statistics
        ]

    return [
        Panel("Requests by version", lines("RequestCount", "Sum")),
        Panel("Errors by version", lines("HTTPCode_Target_5XX_Count", "Sum") + lines("HTTPCode_Target_4XX_Count", "Sum")),
        Panel("Latency of the model (seconds)", lines("TargetResponseTime", "p50", "p95", "p99")),
    ]


def service_alarms(
    name: str,
    cluster: aws.ecs.Cluster,
    service: aws.ecs.Service,
    operations: Operations,
    topic: aws.sns.Topic,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> None:
    """Alarms of the containers of a version: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html."""
    watch = Watch(name, {"ClusterName": cluster.name, "ServiceName": service.name}, topic, tags, parent)
    percent = operations.utilization_percent
    watch.above("cpu", SERVICE, "CPUUtilization", percent, 3, "The containers' CPUs are nearly used up")
    watch.above("memory", SERVICE, "MemoryUtilization", percent, 3, "The containers' memory is nearly used up")


def service_panels(cluster: aws.ecs.Cluster, services: Sequence[aws.ecs.Service]) -> list[Panel]:
    """Graphs of the containers of all versions."""

    def lines(namespace: str, metric: str) -> list[list[Any]]:
        return [[namespace, metric, "ClusterName", cluster.name, "ServiceName", each.name, {"stat": "Average"}] for each in services]

    return [
        Panel("Utilisation (percent)", lines(SERVICE, "CPUUtilization") + lines(SERVICE, "MemoryUtilization")),
        Panel("Replicas by version", lines("ECS/ContainerInsights", "RunningTaskCount")),
    ]


def function_alarms(
    name: str,
    function: aws.lambda_.Function,
    alias: str,
    maximum: int,
    operations: Operations,
    topic: aws.sns.Topic,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> list[aws.cloudwatch.MetricAlarm]:
    """Alarms of a function; errors and latency, which tell a bad release, are returned.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    watch = Watch(name, {"FunctionName": function.name}, topic, tags, parent)
    watch.above("throttles", FUNCTION, "Throttles", 0, 2, "Requests are refused: all instances are busy", statistic="Sum")
    busy = maximum * operations.utilization_percent / 100
    watch.above("instances", FUNCTION, "ConcurrentExecutions", busy, 3, "Nearly all instances are busy", statistic="Maximum")
    answers = Watch(name, {"FunctionName": function.name, "Resource": function.name.apply(lambda it: f"{it}:{alias}")}, topic, tags, parent)
    return [
        answers.error_share(operations.error_percent, FUNCTION, "Errors", "Invocations"),
        answers.above("latency", FUNCTION, "Duration", operations.latency_milliseconds, 2, "The function answers slowly"),
    ]


def function_panels(functions: Sequence[aws.lambda_.Function]) -> list[Panel]:
    """Graphs of all versions."""

    def lines(metric: str, *statistics: str) -> list[list[Any]]:
        return [[FUNCTION, metric, "FunctionName", each.name, {"stat": statistic}] for each in functions for statistic in statistics]

    return [
        Panel("Requests and errors by version", lines("Invocations", "Sum") + lines("Errors", "Sum") + lines("Throttles", "Sum")),
        Panel("Time of the function (milliseconds)", lines("Duration", "p50", "p95", "p99")),
        Panel("Instances by version", lines("ConcurrentExecutions", "Maximum")),
    ]


def letters_alarm(name: str, queue: aws.sqs.Queue, topic: aws.sns.Topic, tags: dict[str, str], parent: pulumi.Resource) -> None:
    """The alarm for requests that were given up."""
    watch = Watch(f"{name}-given-up", {"QueueName": queue.name}, topic, tags, parent)
    watch.above("letters", "AWS/SQS", "ApproximateNumberOfMessagesVisible", 0, 1, "Requests without an answer were given up", statistic="Maximum")
