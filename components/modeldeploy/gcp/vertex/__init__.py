"""Vertex AI's model registry, deployments and traffic split: resources of our own, because pulumi-gcp has none for them.

Importing this loads no Google client: the provider process does (see `provider.py`).
"""

from .arguments import (
    VertexAccelerator,
    VertexAutoscalingTarget,
    VertexContainer,
    VertexDeployedModelArgs,
    VertexMetric,
    VertexModelArgs,
    VertexProbe,
    VertexTrafficShare,
    VertexTrafficSplitArgs,
)
from .resources import VertexDeployedModel, VertexModel, VertexTrafficSplit

__all__ = [
    "VertexAccelerator",
    "VertexAutoscalingTarget",
    "VertexContainer",
    "VertexDeployedModel",
    "VertexDeployedModelArgs",
    "VertexMetric",
    "VertexModel",
    "VertexModelArgs",
    "VertexProbe",
    "VertexTrafficShare",
    "VertexTrafficSplit",
    "VertexTrafficSplitArgs",
]
