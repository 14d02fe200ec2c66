"""The dashboard: charts of metrics in rows, as the portal draws them; for an endpoint requests, latency, processor use and replicas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_azure_native as native

from .alarms import APPS, DEPLOYMENTS, ENDPOINTS
from .group import Group

AVERAGE, TOTAL, MAXIMUM = 4, 1, 3
"""The portal's numbers for aggregations."""
LINES = 2
"""The portal's number for a line chart."""
WIDTH, HEIGHT = 6, 4


@dataclass(frozen=True)
class Chart:
    """One tile."""

    title: str
    namespace: str
    metric: str
    aggregation: int


@dataclass(frozen=True)
class Tile:
    """A chart of one resource."""

    title: str
    chart: Chart
    resource_id: pulumi.Input[str]


ENDPOINT_CHARTS = (
    Chart("Requests per minute", ENDPOINTS, "RequestsPerMinute", AVERAGE),
    Chart("Latency in milliseconds", ENDPOINTS, "RequestLatency", AVERAGE),
    Chart("95th percentile of latency in milliseconds", ENDPOINTS, "RequestLatency_P95", AVERAGE),
)
DEPLOYMENT_CHARTS = (
    Chart("CPU use in percent", DEPLOYMENTS, "CpuUtilizationPercentage", AVERAGE),
    Chart("Memory use in percent", DEPLOYMENTS, "CpuMemoryUtilizationPercentage", AVERAGE),
    Chart("Replicas", DEPLOYMENTS, "DeploymentCapacity", MAXIMUM),
)
REQUESTS = "Microsoft.Insights/components"
FUNCTION_CHARTS = (
    Chart("Requests", REQUESTS, "requests/count", TOTAL),
    Chart("Latency in milliseconds", REQUESTS, "requests/duration", AVERAGE),
    Chart("Failed requests", REQUESTS, "requests/failed", TOTAL),
)
APP_CHARTS = (
    Chart("Requests", APPS, "Requests", TOTAL),
    Chart("Latency in milliseconds", APPS, "ResponseTime", AVERAGE),
    Chart("CPU use in percent", APPS, "CpuPercentage", AVERAGE),
    Chart("Replicas", APPS, "Replicas", MAXIMUM),
)


def endpoint_rows(
    endpoint: native.machinelearningservices.OnlineEndpoint, deployments: Mapping[str, native.machinelearningservices.OnlineDeployment]
) -> list[list[Tile]]:
    """A row for an Azure ML endpoint, and a row for every version."""
    return [tiles(ENDPOINT_CHARTS, endpoint.id)] + [
        tiles(DEPLOYMENT_CHARTS, deployment.id, f", version {version}") for version, deployment in deployments.items()
    ]


def tiles(charts: Sequence[Chart], resource_id: pulumi.Input[str], suffix: str = "") -> list[Tile]:
    """A row of charts of one resource; `suffix` ends their titles."""
    return [Tile(f"{chart.title}{suffix}", chart, resource_id) for chart in charts]


def dashboard(name: str, rows: Sequence[Sequence[Tile]], group: Group, parent: pulumi.Resource) -> native.portal.Dashboard:
    """A dashboard with these rows."""
    return native.portal.Dashboard(
        f"{name}-dashboard",
        resource_group_name=group.name,
        properties=native.portal.DashboardPropertiesWithProvisioningStateArgs(
            lenses=[
                native.portal.DashboardLensArgs(
                    order=0,
                    parts=[_part(tile, column, line) for line, row in enumerate(rows) for column, tile in enumerate(row)],
                )
            ],
        ),
        # The portal shows the tag as the dashboard's name.
        tags={**group.tags, "hidden-title": name},
        opts=pulumi.ResourceOptions(parent=parent),
    )


def url(made: native.portal.Dashboard) -> pulumi.Output[str]:
    """Where people look at it."""
    return pulumi.Output.concat("https://portal.azure.com/#dashboard/arm", made.id)


def _part(tile: Tile, column: int, line: int) -> native.portal.DashboardPartsArgs:
    options: dict[str, Any] = {
        "chart": {
            "title": tile.title,
            "titleKind": 2,
            "visualization": {"chartType": LINES},
            "metrics": [
                {
                    "resourceMetadata": {"id": tile.resource_id},
                    "namespace": tile.chart.namespace.lower(),
                    "name": tile.chart.metric,
                    "aggregationType": tile.chart.aggregation,
                }
            ],
        }
    }
    return native.portal.DashboardPartsArgs(
        position=native.portal.DashboardPartsPositionArgs(x=column * WIDTH, y=line * HEIGHT, col_span=WIDTH, row_span=HEIGHT),
        metadata=native.portal.DashboardPartMetadataArgs(
            type="Extension/HubsExtension/PartType/MonitorChartPart",
            inputs=[{"name": "options", "isOptional": True}, {"name": "sharedTimeRange", "isOptional": True}],
            settings={"content": {"options": options}},
        ),
    )
