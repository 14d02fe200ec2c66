"""Vertex AI's model registry, deployments, pools, traffic split and monitoring: resources of our own, because pulumi-gcp has none for them.

Importing this loads no Google client: the provider process does (see `provider.py`).
"""

from .arguments import (
    VertexAccelerator,
    VertexAutoscalingTarget,
    VertexContainer,
    VertexDeployedModelArgs,
    VertexDeploymentPoolArgs,
    VertexMetric,
    VertexModelArgs,
    VertexMonitoringArgs,
    VertexProbe,
    VertexTrafficShare,
    VertexTrafficSplitArgs,
)
from .resources import VertexDeployedModel, VertexDeploymentPool, VertexModel, VertexMonitoring, VertexTrafficSplit

__all__ = [
    "VertexAccelerator",
    "VertexAutoscalingTarget",
    "VertexContainer",
    "VertexDeployedModel",
    "VertexDeployedModelArgs",
    "VertexDeploymentPool",
    "VertexDeploymentPoolArgs",
    "VertexMetric",
    "VertexModel",
    "VertexModelArgs",
    "VertexMonitoring",
    "VertexMonitoringArgs",
    "VertexProbe",
    "VertexTrafficShare",
    "VertexTrafficSplit",
    "VertexTrafficSplitArgs",
]
