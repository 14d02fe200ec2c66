"""The dashboard of an endpoint: requests, errors, latency, CPU and replicas of every version."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_gcp as gcp

from .labels import NAME
from .scope import Scope

_COLUMNS = 48
_WIDTH, _HEIGHT = 24, 16
_BY_VERSION = 'metric.label."deployed_model_id"'


def endpoint_dashboard(scope: Scope, endpoint_id: pulumi.Output[str]) -> gcp.monitoring.Dashboard:
    """A dashboard in Cloud Monitoring."""
    return gcp.monitoring.Dashboard(
        f"{scope.name}-dashboard",
        gcp.monitoring.DashboardArgs(
            dashboard_json=endpoint_id.apply(lambda id: json.dumps(dashboard(scope.name, id, scope.labels), sort_keys=True)),
            project=scope.project,
        ),
        scope.after_apis(),
    )


def dashboard_url(dashboard: gcp.monitoring.Dashboard) -> pulumi.Output[str]:
    """Where a person looks at the dashboard."""
    last = dashboard.id.apply(lambda id: id.rsplit("/", 1)[-1])
    return pulumi.Output.format("https://console.cloud.google.com/monitoring/dashboards/builder/{0}?project={1}", last, dashboard.project)


def dashboard(name: str, endpoint_id: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """The dashboard as Cloud Monitoring's `Dashboard` (https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards)."""
    charts = [
        _chart("Requests by version", [_series(endpoint_id, "prediction_count", "ALIGN_RATE", "REDUCE_SUM", [_BY_VERSION])]),
        _chart("Responses by code", [_series(endpoint_id, "response_count", "ALIGN_RATE", "REDUCE_SUM", ['metric.label."response_code"'])]),
        _chart(
            "Latency in ms: p50, p95, p99",
            [
                _series(endpoint_id, "prediction_latencies", "ALIGN_DELTA", f"REDUCE_PERCENTILE_{percent}", [], 'metric.labels.latency_type="total"')
                for percent in (50, 95, 99)
            ],
        ),
        _chart("Errors by version", [_series(endpoint_id, "error_count", "ALIGN_RATE", "REDUCE_SUM", [_BY_VERSION])]),
        _chart("CPU use by version", [_series(endpoint_id, "cpu/utilization", "ALIGN_MEAN", "REDUCE_MEAN", [_BY_VERSION])]),
        _chart(
            "Replicas, and those wanted",
            [_series(endpoint_id, metric, "ALIGN_MEAN", "REDUCE_SUM", [_BY_VERSION]) for metric in ("replicas", "target_replicas")],
        ),
    ]
    tiles = [
        {"xPos": index % 2 * _WIDTH, "yPos": index // 2 * _HEIGHT, "width": _WIDTH, "height": _HEIGHT, "widget": chart}
        for index, chart in enumerate(charts)
    ]
    return {"displayName": name, "labels": {labels[NAME]: ""}, "mosaicLayout": {"columns": _COLUMNS, "tiles": tiles}}


def _chart(title: str, series: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"title": title, "xyChart": {"dataSets": list(series), "yAxis": {"scale": "LINEAR"}}}


def _series(endpoint_id: str, metric: str, aligner: str, reducer: str, by: Sequence[str], also: str = "") -> dict[str, Any]:
    parts = [
        f'metric.type="aiplatform.googleapis.com/prediction/online/{metric}"',
        'resource.type="aiplatform.googleapis.com/Endpoint"',
        f'resource.label."endpoint_id"="{endpoint_id}"',
        *([also] if also else []),
    ]
    aggregation = {"alignmentPeriod": "60s", "perSeriesAligner": aligner, "crossSeriesReducer": reducer, "groupByFields": list(by)}
    return {"plotType": "LINE", "timeSeriesQuery": {"timeSeriesFilter": {"filter": " AND ".join(parts), "aggregation": aggregation}}}
