"""The dashboard: requests, latency, processor use and replicas of an endpoint, as the portal draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_azure_native as native

from .alarms import DEPLOYMENTS, ENDPOINTS
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


def dashboard(
    name: str,
    endpoint: native.machinelearningservices.OnlineEndpoint,
    deployments: dict[str, native.machinelearningservices.OnlineDeployment],
    group: Group,
    parent: pulumi.Resource,
) -> native.portal.Dashboard:
    """A row for the endpoint, and a row for every version."""
    rows = [[(chart.title, chart, endpoint.id) for chart in ENDPOINT_CHARTS]]
    rows += [
        [(f"{chart.title}, version {version}", chart, deployment.id) for chart in DEPLOYMENT_CHARTS] for version, deployment in deployments.items()
    ]
    return native.portal.Dashboard(
        f"{name}-dashboard",
        resource_group_name=group.name,
        properties=native.portal.DashboardPropertiesWithProvisioningStateArgs(
            lenses=[
                native.portal.DashboardLensArgs(
                    order=0,
                    parts=[
                        _part(title, chart, resource_id, column, line)
                        for line, row in enumerate(rows)
                        for column, (title, chart, resource_id) in enumerate(row)
                    ],
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


def _part(title: str, chart: Chart, resource_id: pulumi.Input[str], column: int, line: int) -> native.portal.DashboardPartsArgs:
    options: dict[str, Any] = {
        "chart": {
            "title": title,
            "titleKind": 2,
            "visualization": {"chartType": LINES},
            "metrics": [
                {
                    "resourceMetadata": {"id": resource_id},
                    "namespace": chart.namespace.lower(),
                    "name": chart.metric,
                    "aggregationType": chart.aggregation,
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
