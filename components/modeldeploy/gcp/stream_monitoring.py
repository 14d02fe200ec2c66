"""Alarms and dashboard of a consumer and its stream.

Metrics of Pub/Sub: https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-pubsub. A Kafka tells Google Cloud nothing of how old the records are
that wait, so its consumer writes it to its log.
"""

from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.operations import Operations

from .alarms import PERIOD, THREE_PERIODS, above, log_alarm, policy, share_above
from .charts import Chart, chart, line, make_dashboard
from .run_monitoring import service_alarms, service_charts, service_filter
from .scope import Scope
from .worker_pool import pool_filter

CAPTURE_LAG_SECONDS = 3600
"""Age at which an event that was not captured yet is an alarm: files are closed every five minutes."""
SILENT_SECONDS = 600
"""Time without instances after which a consumer of Kafka counts as gone."""
LAG_FIELD = "jsonPayload.lag_seconds"
LAG_LINES, LETTER_LINES = f"{LAG_FIELD}>=0", "jsonPayload.dead_letter:*"
"""The lines that a consumer of Kafka writes about itself."""
ALARMING = f"{LAG_LINES} OR {LETTER_LINES}"


def push_alarms(
    scope: Scope,
    service: pulumi.Output[str],
    topic: pulumi.Output[str],
    subscription: pulumi.Output[str],
    letters: pulumi.Output[str],
    capture: pulumi.Output[str] | None,
    lag_seconds: int,
    operations: Operations,
    notify: Sequence[gcp.monitoring.NotificationChannel],
) -> None:
    """Latency, errors and CPU of the `service` that records are pushed to; lag, dead letters, throttling, and what was not captured."""
    service_alarms(scope, service, operations, notify)
    undelivered = share_above(
        "Records not acknowledged",
        _of_subscription(subscription, "push_request_count"),
        'metric.labels.response_class!="ack"',
        operations.error_percent / 100,
    )
    lag = _oldest(subscription, lag_seconds)
    waiting = above("Dead letters", _of_subscription(letters, "num_undelivered_messages"), 0, "0s", "ALIGN_MAX", "REDUCE_SUM")
    refused = pulumi.Output.concat(
        service_filter(scope, service), ' AND metric.type="run.googleapis.com/request_count" AND metric.labels.response_code="429"'
    )
    exhausted = pulumi.Output.concat(_of_topic(topic, "send_request_count"), ' AND metric.labels.response_code="resource_exhausted"')
    throttled = [
        above(title, filter, 0, PERIOD, "ALIGN_DELTA", "REDUCE_SUM")
        for title, filter in (("Records refused by instances that are busy", refused), ("Events refused by Pub/Sub", exhausted))
    ]
    policy(scope, "lag", _lag_text(scope, lag_seconds), [lag], notify)
    policy(scope, "dead-letters", f"{scope.name} could not score some records: output `replay` sends them in again.", [waiting], notify)
    text = f"More than {operations.error_percent}% of the records handed to {scope.name} were not acknowledged, and come again."
    policy(scope, "push", text, [undelivered], notify)
    policy(scope, "throttled", f"Records to {scope.name} are refused: raise `scaling.maximum`, or Pub/Sub's quota.", throttled, notify)
    if capture is not None:
        policy(
            scope,
            "capture",
            f"Events of {scope.name} are not captured: look at the bucket's rights.",
            [_oldest(capture, CAPTURE_LAG_SECONDS)],
            notify,
        )


def push_dashboard(
    scope: Scope, service: pulumi.Output[str], subscription: pulumi.Output[str], letters: pulumi.Output[str]
) -> gcp.monitoring.Dashboard:
    """What waits, what is handed over, dead letters; and requests, errors, latency, CPU, memory and instances of the service."""
    filters = {
        name: _of_subscription(each, metric)
        for name, each, metric in (
            ("age", subscription, "oldest_unacked_message_age"),
            ("waiting", subscription, "num_undelivered_messages"),
            ("pushed", subscription, "push_request_count"),
            ("letters", letters, "num_undelivered_messages"),
        )
    }

    def charts(values: dict[str, str]) -> Sequence[Chart]:
        return [
            chart("Age of the oldest record that waits, in seconds", [line(values["age"], "ALIGN_MAX", "REDUCE_MAX")]),
            chart("Records that wait", [line(values["waiting"], "ALIGN_MAX", "REDUCE_SUM")]),
            chart("Records handed over, by answer", [line(values["pushed"], "ALIGN_RATE", "REDUCE_SUM", ["metric.label.response_class"])]),
            chart("Dead letters", [line(values["letters"], "ALIGN_MAX", "REDUCE_SUM")]),
            *service_charts(values["service"]),
        ]

    return make_dashboard(scope, pulumi.Output.all(**filters, service=service_filter(scope, service)).apply(charts))


def worker_watch(
    scope: Scope,
    pool: pulumi.Output[str],
    lag_seconds: int,
    operations: Operations,
    notify: Sequence[gcp.monitoring.NotificationChannel],
) -> gcp.monitoring.Dashboard:
    """Alarms and dashboard of the worker pool called `pool`: lag and dead letters, as it writes them to its log, no instances, and CPU.

    The alarms look at the lines themselves: one on a metric of lines is refused until Google has seen the metric, minutes after it was made
    (https://github.com/hashicorp/terraform-provider-google/issues/11102).
    """
    of_pool = pool_filter(scope, pool)
    late = pulumi.Output.concat(of_pool, f" AND {LAG_FIELD}>{lag_seconds}")
    cpu = pulumi.Output.concat(of_pool, ' AND metric.type="run.googleapis.com/container/cpu/utilizations"')
    log_alarm(scope, "lag", _lag_text(scope, lag_seconds), late, notify)
    text = f"{scope.name} could not score some records: output `replay` shows how to send them in again."
    log_alarm(scope, "dead-letters", text, pulumi.Output.concat(of_pool, f" AND {LETTER_LINES}"), notify)
    policy(scope, "silent", f"{scope.name} has had no instance for {SILENT_SECONDS} seconds.", [_absent("No instances", cpu)], notify)
    busy = above("CPU use of instances", cpu, operations.utilization_percent / 100, THREE_PERIODS, "ALIGN_DELTA", "REDUCE_MEAN")
    text = f"Instances of {scope.name} use more than {operations.utilization_percent}% of their CPU: raise `scaling`."
    policy(scope, "cpu", text, [busy], notify)

    lag = _of_lines(scope, "lag", "Age of the oldest record that waits", of_pool, LAG_LINES, LAG_FIELD)
    letters = _of_lines(scope, "letters", "Dead letters", of_pool, LETTER_LINES)

    def charts(values: dict[str, str]) -> Sequence[Chart]:
        instances = f'{values["pool"]} AND metric.type="run.googleapis.com/container'
        return [
            chart("Age of the oldest record that waits, in seconds", [line(values["lag"], "ALIGN_PERCENTILE_99", "REDUCE_MAX")]),
            chart("Dead letters", [line(values["letters"], "ALIGN_DELTA", "REDUCE_SUM")]),
            chart("CPU use, p95", [line(f'{instances}/cpu/utilizations"', "ALIGN_DELTA", "REDUCE_PERCENTILE_95")]),
            chart("Memory use, p95", [line(f'{instances}/memory/utilizations"', "ALIGN_DELTA", "REDUCE_PERCENTILE_95")]),
            chart("Instances", [line(f'{instances}/instance_count"', "ALIGN_MAX", "REDUCE_SUM", ["metric.label.state"])]),
        ]

    return make_dashboard(scope, pulumi.Output.all(lag=lag, letters=letters, pool=of_pool).apply(charts))


def _of_lines(scope: Scope, purpose: str, title: str, of_pool: pulumi.Output[str], lines: str, value: str | None = None) -> pulumi.Output[str]:
    """A metric of the `lines` in the log of a worker pool: how many there are, or what `value` they have. Returns the filter for its series."""
    metric = gcp.logging.Metric(
        f"{scope.name}-{purpose}",
        gcp.logging.MetricArgs(
            project=scope.project,
            description=f"{scope.name}: {title}",
            filter=pulumi.Output.concat(of_pool, f" AND {lines}"),
            metric_descriptor=gcp.logging.MetricMetricDescriptorArgs(
                metric_kind="DELTA", value_type="DISTRIBUTION" if value else "INT64", unit="s" if value else "1", display_name=title
            ),
            value_extractor=f"EXTRACT({value})" if value else None,
            # In steps of a tenth, which the chart is off by at most.
            bucket_options=gcp.logging.MetricBucketOptionsArgs(
                exponential_buckets=gcp.logging.MetricBucketOptionsExponentialBucketsArgs(num_finite_buckets=140, growth_factor=1.1, scale=1)
            )
            if value
            else None,
        ),
        scope.after_apis(),
    )
    return pulumi.Output.format('resource.type="cloud_run_worker_pool" AND metric.type="logging.googleapis.com/user/{0}"', metric.name)


def _lag_text(scope: Scope, lag_seconds: int) -> str:
    return f"The oldest record that waits for {scope.name} is older than {lag_seconds} seconds."


def _oldest(subscription: pulumi.Output[str], seconds: int) -> gcp.monitoring.AlertPolicyConditionArgs:
    return above("Oldest record", _of_subscription(subscription, "oldest_unacked_message_age"), seconds, "0s", "ALIGN_MAX", "REDUCE_MAX")


def _absent(title: str, filter: pulumi.Input[str]) -> gcp.monitoring.AlertPolicyConditionArgs:
    """Met when a metric has no value for a while."""
    return gcp.monitoring.AlertPolicyConditionArgs(
        display_name=title,
        condition_absent=gcp.monitoring.AlertPolicyConditionConditionAbsentArgs(
            filter=filter,
            duration=f"{SILENT_SECONDS}s",
            aggregations=[
                gcp.monitoring.AlertPolicyConditionConditionAbsentAggregationArgs(
                    alignment_period=PERIOD, per_series_aligner="ALIGN_PERCENTILE_99", cross_series_reducer="REDUCE_MAX"
                )
            ],
            trigger=gcp.monitoring.AlertPolicyConditionConditionAbsentTriggerArgs(count=1),
        ),
    )


def _of_subscription(subscription: pulumi.Output[str], metric: str) -> pulumi.Output[str]:
    return pulumi.Output.format(
        'resource.type="pubsub_subscription" AND resource.labels.subscription_id="{0}" AND metric.type="pubsub.googleapis.com/subscription/{1}"',
        subscription,
        metric,
    )


def _of_topic(topic: pulumi.Output[str], metric: str) -> pulumi.Output[str]:
    return pulumi.Output.format(
        'resource.type="pubsub_topic" AND resource.labels.topic_id="{0}" AND metric.type="pubsub.googleapis.com/topic/{1}"', topic, metric
    )
