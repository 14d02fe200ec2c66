"""Alarms and dashboard of a service on Cloud Run, which functions are too.

Metrics: https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run
"""

from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.operations import Operations

from .alarms import THREE_PERIODS, TWO_PERIODS, above, policy, share_above
from .charts import Chart, chart, line, make_dashboard
from .scope import Scope

_BY_REVISION = "resource.label.revision_name"


def service_filter(scope: Scope, service: pulumi.Input[str]) -> pulumi.Output[str]:
    """What Cloud Monitoring and Cloud Logging know about the service called `service`."""
    return pulumi.Output.format(
        'resource.type="cloud_run_revision" AND resource.labels.service_name="{0}" AND resource.labels.location="{1}"', service, scope.region
    )


def service_alarms(
    scope: Scope, service: pulumi.Input[str], operations: Operations, notify: Sequence[gcp.monitoring.NotificationChannel]
) -> list[gcp.monitoring.AlertPolicy]:
    """Latency, error share and CPU use of the service called `service`, over all its revisions."""
    of_service = service_filter(scope, service)

    def series(metric: str) -> pulumi.Output[str]:
        return pulumi.Output.concat(of_service, f' AND metric.type="run.googleapis.com/{metric}"')

    conditions = {
        "latency": above("Latency", series("request_latencies"), operations.latency_milliseconds, TWO_PERIODS, "ALIGN_DELTA", "REDUCE_MEAN"),
        "errors": share_above("Server errors", series("request_count"), 'metric.labels.response_code_class="5xx"', operations.error_percent / 100),
        "cpu": above(
            "CPU use of instances",
            series("container/cpu/utilizations"),
            operations.utilization_percent / 100,
            THREE_PERIODS,
            "ALIGN_DELTA",
            "REDUCE_MEAN",
        ),
    }
    texts = {
        "latency": f"The average latency of {scope.name} is above {operations.latency_milliseconds} ms.",
        "errors": f"More than {operations.error_percent}% of the requests to {scope.name} fail with a server error.",
        "cpu": f"Instances of {scope.name} use more than {operations.utilization_percent}% of their CPU: raise `scaling.maximum`.",
    }
    return [policy(scope, alarm, text, [conditions[alarm]], notify) for alarm, text in texts.items()]


def service_dashboard(scope: Scope, service: pulumi.Input[str]) -> gcp.monitoring.Dashboard:
    """Requests, errors, latency, CPU, memory and instances of the service called `service`, by revision."""
    return make_dashboard(scope, service_filter(scope, service).apply(service_charts))


def service_charts(of_service: str) -> Sequence[Chart]:
    """The charts of the service that the filter `of_service` selects."""

    def series(metric: str) -> str:
        return f'{of_service} AND metric.type="run.googleapis.com/{metric}"'

    return [
        chart("Requests by revision", [line(series("request_count"), "ALIGN_RATE", "REDUCE_SUM", [_BY_REVISION])]),
        chart("Responses by class", [line(series("request_count"), "ALIGN_RATE", "REDUCE_SUM", ["metric.label.response_code_class"])]),
        chart(
            "Latency in ms: p50, p95, p99",
            [line(series("request_latencies"), "ALIGN_DELTA", f"REDUCE_PERCENTILE_{percent}") for percent in (50, 95, 99)],
        ),
        chart("CPU use, p95, by revision", [line(series("container/cpu/utilizations"), "ALIGN_DELTA", "REDUCE_PERCENTILE_95", [_BY_REVISION])]),
        chart("Memory use, p95, by revision", [line(series("container/memory/utilizations"), "ALIGN_DELTA", "REDUCE_PERCENTILE_95", [_BY_REVISION])]),
        chart("Instances by state", [line(series("container/instance_count"), "ALIGN_MAX", "REDUCE_SUM", ["metric.label.state"])]),
    ]
