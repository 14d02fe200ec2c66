"""The dashboard of an endpoint: requests, errors, latency, CPU and replicas of every version."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_gcp as gcp

from .charts import Chart, chart, line, make_dashboard
from .scope import Scope

_BY_VERSION = 'metric.label."deployed_model_id"'


def endpoint_dashboard(scope: Scope, endpoint_id: pulumi.Output[str]) -> gcp.monitoring.Dashboard:
    """A dashboard in Cloud Monitoring."""
    return make_dashboard(scope, endpoint_id.apply(_charts))


def _charts(endpoint_id: str) -> Sequence[Chart]:
    return [
        chart("Requests by version", [_series(endpoint_id, "prediction_count", "ALIGN_RATE", "REDUCE_SUM", [_BY_VERSION])]),
        chart("Responses by code", [_series(endpoint_id, "response_count", "ALIGN_RATE", "REDUCE_SUM", ['metric.label."response_code"'])]),
        chart(
            "Latency in ms: p50, p95, p99",
            [
                _series(endpoint_id, "prediction_latencies", "ALIGN_DELTA", f"REDUCE_PERCENTILE_{percent}", [], 'metric.labels.latency_type="total"')
                for percent in (50, 95, 99)
            ],
        ),
        chart("Errors by version", [_series(endpoint_id, "error_count", "ALIGN_RATE", "REDUCE_SUM", [_BY_VERSION])]),
        chart("CPU use by version", [_series(endpoint_id, "cpu/utilization", "ALIGN_MEAN", "REDUCE_MEAN", [_BY_VERSION])]),
        chart(
            "Replicas, and those wanted",
            [_series(endpoint_id, metric, "ALIGN_MEAN", "REDUCE_SUM", [_BY_VERSION]) for metric in ("replicas", "target_replicas")],
        ),
    ]


def _series(endpoint_id: str, metric: str, aligner: str, reducer: str, by: Sequence[str], also: str = "") -> dict[str, Any]:
    parts = [
        f'metric.type="aiplatform.googleapis.com/prediction/online/{metric}"',
        'resource.type="aiplatform.googleapis.com/Endpoint"',
        f'resource.label."endpoint_id"="{endpoint_id}"',
        *([also] if also else []),
    ]
    return line(" AND ".join(parts), aligner, reducer, by)
