"""The charts of a dashboard in Cloud Monitoring (https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_gcp as gcp

from .labels import NAME
from .scope import Scope

_COLUMNS = 48
_WIDTH, _HEIGHT = 24, 16

Chart = Mapping[str, Any]
"""A chart as Cloud Monitoring's `Widget`."""


def make_dashboard(scope: Scope, charts: pulumi.Output[Sequence[Chart]]) -> gcp.monitoring.Dashboard:
    """The dashboard of a component, with two charts in each row."""
    return gcp.monitoring.Dashboard(
        f"{scope.name}-dashboard",
        gcp.monitoring.DashboardArgs(
            dashboard_json=charts.apply(lambda each: json.dumps(_dashboard(scope, each), sort_keys=True)), project=scope.project
        ),
        scope.after_apis(),
    )


def dashboard_url(dashboard: gcp.monitoring.Dashboard) -> pulumi.Output[str]:
    """Where a person looks at the dashboard."""
    last = dashboard.id.apply(lambda id: id.rsplit("/", 1)[-1])
    return pulumi.Output.format("https://console.cloud.google.com/monitoring/dashboards/builder/{0}?project={1}", last, dashboard.project)


def chart(title: str, series: Sequence[Mapping[str, Any]]) -> Chart:
    """Lines over time."""
    return {"title": title, "xyChart": {"dataSets": list(series), "yAxis": {"scale": "LINEAR"}}}


def line(filter: str, aligner: str, reducer: str, by: Sequence[str] = ()) -> dict[str, Any]:
    """The time series that `filter` selects, one line for each value of `by`."""
    aggregation = {"alignmentPeriod": "60s", "perSeriesAligner": aligner, "crossSeriesReducer": reducer, "groupByFields": list(by)}
    return {"plotType": "LINE", "timeSeriesQuery": {"timeSeriesFilter": {"filter": filter, "aggregation": aggregation}}}


def _dashboard(scope: Scope, charts: Sequence[Chart]) -> dict[str, Any]:
    tiles = [
        {"xPos": index % 2 * _WIDTH, "yPos": index // 2 * _HEIGHT, "width": _WIDTH, "height": _HEIGHT, "widget": each}
        for index, each in enumerate(charts)
    ]
    return {"displayName": scope.name, "labels": {scope.labels[NAME]: ""}, "mosaicLayout": {"columns": _COLUMNS, "tiles": tiles}}
