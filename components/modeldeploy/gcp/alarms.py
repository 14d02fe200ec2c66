"""Alarms, and who is told. Metrics: https://cloud.google.com/monitoring/api/metrics_gcp_a_b#gcp-aiplatform"""

import hashlib
from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.operations import Operations

from .scope import Scope

PERIOD = "300s"
TWO_PERIODS = "600s"
THREE_PERIODS = "900s"
SERVER_ERRORS = (500, 501, 502, 503, 504, 505)
_ONLINE = "aiplatform.googleapis.com/prediction/online"


def channels(scope: Scope, emails: Sequence[str]) -> list[gcp.monitoring.NotificationChannel]:
    """One channel for each address."""
    return [
        gcp.monitoring.NotificationChannel(
            f"{scope.name}-mail-{hashlib.sha256(email.encode()).hexdigest()[:8]}",
            gcp.monitoring.NotificationChannelArgs(
                type="email",
                display_name=f"{scope.name}: {email}",
                labels={"email_address": email},
                user_labels=scope.labels,
                project=scope.project,
            ),
            scope.after_apis(),
        )
        for email in emails
    ]


def endpoint_alarms(
    scope: Scope,
    endpoint_id: pulumi.Output[str],
    cpus: int | None,
    operations: Operations,
    notify: Sequence[gcp.monitoring.NotificationChannel],
) -> list[gcp.monitoring.AlertPolicy]:
    """Latency, error share and CPU use of an endpoint whose replicas have `cpus` CPUs; None where they are a pool's, which looks after them.

    Latency and errors are watched in both of Vertex AI's metrics, that of its serving plane and that of private endpoints: an endpoint without
    data in one of them raises nothing there.
    """
    latency = [
        above(title, endpoint_filter(endpoint_id, *series), operations.latency_milliseconds, TWO_PERIODS, "ALIGN_DELTA", "REDUCE_MEAN")
        for title, series in (
            ("Total latency", ("prediction_latencies", 'metric.labels.latency_type="total"')),
            ("Private latency", ("private/prediction_latencies",)),
        )
    ]
    private_codes = " OR ".join(f"metric.labels.response_code={code}" for code in SERVER_ERRORS)
    errors = [
        share_above(title, endpoint_filter(endpoint_id, metric), failed, operations.error_percent / 100)
        for title, metric, failed in (
            ("Server errors", "response_count", 'metric.labels.response_code="5xx"'),
            ("Private server errors", "private/response_count", f"({private_codes})"),
        )
    ]
    slow = f"The average latency of {scope.name} is above {operations.latency_milliseconds} ms."
    failing = f"More than {operations.error_percent}% of the requests to {scope.name} fail with a server error."
    alarms = [policy(scope, "latency", slow, latency, notify), policy(scope, "errors", failing, errors, notify)]
    if cpus is None:
        return alarms
    text = f"Replicas of {scope.name} use more than {operations.utilization_percent}% of their CPU: raise `scaling.maximum`."
    return [*alarms, policy(scope, "cpu", text, [busy_replicas(endpoint_filter(endpoint_id, "cpu/utilization"), cpus, operations)], notify)]


def busy_replicas(filter: pulumi.Input[str], cpus: int, operations: Operations) -> gcp.monitoring.AlertPolicyConditionArgs:
    """Met when replicas with `cpus` CPUs are busier than `operations` want. The metric counts every CPU of a replica as 100 percent."""
    most = operations.utilization_percent / 100 * cpus
    return above("CPU use of replicas", filter, most, THREE_PERIODS, "ALIGN_MEAN", "REDUCE_MEAN")


def policy(
    scope: Scope,
    alarm: str,
    text: str,
    conditions: Sequence[gcp.monitoring.AlertPolicyConditionArgs],
    notify: Sequence[gcp.monitoring.NotificationChannel],
    rate_limit: gcp.monitoring.AlertPolicyAlertStrategyNotificationRateLimitArgs | None = None,
) -> gcp.monitoring.AlertPolicy:
    """An alarm that tells `notify` when any of `conditions` is met."""
    return gcp.monitoring.AlertPolicy(
        f"{scope.name}-alarm-{alarm}",
        gcp.monitoring.AlertPolicyArgs(
            display_name=f"{scope.name}: {alarm}",
            combiner="OR",
            conditions=conditions,
            notification_channels=[channel.name for channel in notify],
            documentation=gcp.monitoring.AlertPolicyDocumentationArgs(content=text, mime_type="text/markdown"),
            alert_strategy=gcp.monitoring.AlertPolicyAlertStrategyArgs(auto_close="86400s", notification_rate_limit=rate_limit),
            severity="ERROR",
            user_labels=scope.labels,
            project=scope.project,
        ),
        scope.after_apis(),
    )


def log_alarm(
    scope: Scope, alarm: str, text: str, filter: pulumi.Input[str], notify: Sequence[gcp.monitoring.NotificationChannel]
) -> gcp.monitoring.AlertPolicy:
    """An alarm that tells `notify` when an entry in the logs matches `filter`, once an hour at most."""
    condition = gcp.monitoring.AlertPolicyConditionArgs(
        display_name=alarm, condition_matched_log=gcp.monitoring.AlertPolicyConditionConditionMatchedLogArgs(filter=filter)
    )
    return policy(scope, alarm, text, [condition], notify, gcp.monitoring.AlertPolicyAlertStrategyNotificationRateLimitArgs(period="3600s"))


def above(
    title: str, filter: pulumi.Input[str], threshold: float, duration: str, aligner: str, reducer: str
) -> gcp.monitoring.AlertPolicyConditionArgs:
    """Met when a metric is above `threshold` in every period of `duration`."""
    return gcp.monitoring.AlertPolicyConditionArgs(
        display_name=title,
        condition_threshold=gcp.monitoring.AlertPolicyConditionConditionThresholdArgs(
            filter=filter,
            comparison="COMPARISON_GT",
            threshold_value=threshold,
            duration=duration,
            aggregations=[
                gcp.monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
                    alignment_period=PERIOD, per_series_aligner=aligner, cross_series_reducer=reducer
                )
            ],
            trigger=gcp.monitoring.AlertPolicyConditionConditionThresholdTriggerArgs(count=1),
        ),
    )


def share_above(title: str, filter: pulumi.Output[str], part: str, threshold: float) -> gcp.monitoring.AlertPolicyConditionArgs:
    """Met when the share of `part` in a counter is above `threshold` (0.01 is one percent) in two periods in a row."""
    return gcp.monitoring.AlertPolicyConditionArgs(
        display_name=title,
        condition_threshold=gcp.monitoring.AlertPolicyConditionConditionThresholdArgs(
            filter=pulumi.Output.concat(filter, " AND ", part),
            denominator_filter=filter,
            comparison="COMPARISON_GT",
            threshold_value=threshold,
            duration=TWO_PERIODS,
            aggregations=[
                gcp.monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
                    alignment_period=PERIOD, per_series_aligner="ALIGN_DELTA", cross_series_reducer="REDUCE_SUM"
                )
            ],
            denominator_aggregations=[
                gcp.monitoring.AlertPolicyConditionConditionThresholdDenominatorAggregationArgs(
                    alignment_period=PERIOD, per_series_aligner="ALIGN_DELTA", cross_series_reducer="REDUCE_SUM"
                )
            ],
            trigger=gcp.monitoring.AlertPolicyConditionConditionThresholdTriggerArgs(count=1),
        ),
    )


def endpoint_filter(endpoint_id: pulumi.Output[str], metric: str, *also: str) -> pulumi.Output[str]:
    """The time series of one endpoint. `metric` is the part after `prediction/online/`; `also` are more conditions."""
    parts = ['resource.type="aiplatform.googleapis.com/Endpoint"', f'metric.type="{_ONLINE}/{metric}"', *also]
    return pulumi.Output.concat(" AND ".join(parts), ' AND resource.labels.endpoint_id="', endpoint_id, '"')
