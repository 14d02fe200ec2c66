"""How many replicas a version has: a HorizontalPodAutoscaler, or KEDA where it may go to zero. Never both."""

from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.autoscaling import v2
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.policy import v1 as policy

from modeldeploy.spec.kubernetes import PodScaling, ScaleToZero

from .scope import VERSION, Scope

_TAKEOVER = {"validations.keda.sh/hpa-ownership": "false"}
"""Lets KEDA start beside the plain autoscaler it takes over from, which Pulumi deletes right after."""
_TARGET = {"apiVersion": "apps/v1", "kind": "Deployment"}


def autoscale(scope: Scope, deployment: Deployment, name: str, version: str, scaling: PodScaling) -> pulumi.Resource:
    """What decides the replicas of one version.

    There is always one, also for a fixed number: its bounds are equal then, which it keeps without any metric. So the number is always its own, and
    nobody takes it over: while an autoscaler that is no longer wanted waits to be deleted, it sets back whatever Pulumi sets.
    """
    if scaling.to_zero is not None:
        return _scaled_object(scope, deployment, name, version, scaling, scaling.to_zero)
    return _autoscaler(scope, deployment, name, version, scaling)


def disruption_budget(scope: Scope, name: str, version: str | None = None) -> policy.PodDisruptionBudget:
    """One replica at a time when machines are emptied, of one version or of all.

    It counts from the replicas there are, so it holds whatever the autoscaler does.
    """
    chosen = {} if version is None else {VERSION: version}
    return policy.PodDisruptionBudget(
        f"{scope.name}-budget" if version is None else f"{scope.name}-budget-v{version}",
        metadata=scope.metadata(name, chosen),
        spec=policy.PodDisruptionBudgetSpecArgs(
            max_unavailable=1,
            # A replica that is broken already must not keep a machine from being emptied.
            unhealthy_pod_eviction_policy="AlwaysAllow",
            selector=LabelSelectorArgs(match_labels={**scope.selector, **chosen}),
        ),
        opts=scope.child(),
    )


def _autoscaler(scope: Scope, deployment: Deployment, name: str, version: str, scaling: PodScaling) -> v2.HorizontalPodAutoscaler:
    metrics = [_resource("cpu", scaling.target_cpu_percent)]
    if scaling.target_memory_percent is not None:
        metrics.append(_resource("memory", scaling.target_memory_percent))
    if scaling.pod_metric is not None:
        pods = v2.PodsMetricSourceArgs(
            metric=v2.MetricIdentifierArgs(name=scaling.pod_metric.name),
            target=v2.MetricTargetArgs(type="AverageValue", average_value=str(scaling.pod_metric.average)),
        )
        metrics.append(v2.MetricSpecArgs(type="Pods", pods=pods))
    return v2.HorizontalPodAutoscaler(
        f"{scope.name}-autoscaler-v{version}",
        metadata=scope.metadata(name, {VERSION: version}),
        spec=v2.HorizontalPodAutoscalerSpecArgs(
            scale_target_ref=v2.CrossVersionObjectReferenceArgs(api_version="apps/v1", kind="Deployment", name=deployment.metadata.name),
            min_replicas=scaling.minimum,
            max_replicas=scaling.maximum,
            metrics=metrics,
            behavior=v2.HorizontalPodAutoscalerBehaviorArgs(
                scale_up=v2.HPAScalingRulesArgs(stabilization_window_seconds=scaling.scale_out_seconds),
                scale_down=v2.HPAScalingRulesArgs(stabilization_window_seconds=scaling.scale_in_seconds),
            ),
        ),
        opts=scope.child(),
    )


def _resource(name: str, percent: int) -> v2.MetricSpecArgs:
    source = v2.ResourceMetricSourceArgs(name=name, target=v2.MetricTargetArgs(type="Utilization", average_utilization=percent))
    return v2.MetricSpecArgs(type="Resource", resource=source)


def _scaled_object(scope: Scope, deployment: Deployment, name: str, version: str, scaling: PodScaling, to_zero: ScaleToZero) -> CustomResource:
    """https://keda.sh/docs/latest/reference/scaledobject-spec/."""
    prometheus = {
        "serverAddress": to_zero.prometheus_url,
        "query": to_zero.query.replace("{version}", version),
        "threshold": str(to_zero.threshold),
        "activationThreshold": "0",
    }
    triggers: list[Any] = [{"type": "prometheus", "metadata": prometheus}]
    triggers.append({"type": "cpu", "metricType": "Utilization", "metadata": {"value": str(scaling.target_cpu_percent)}})
    if scaling.target_memory_percent is not None:
        triggers.append({"type": "memory", "metricType": "Utilization", "metadata": {"value": str(scaling.target_memory_percent)}})
    behavior = {
        "scaleUp": {"stabilizationWindowSeconds": scaling.scale_out_seconds},
        "scaleDown": {"stabilizationWindowSeconds": scaling.scale_in_seconds},
    }
    return CustomResource(
        f"{scope.name}-autoscaler-v{version}",
        api_version="keda.sh/v1alpha1",
        kind="ScaledObject",
        metadata=scope.metadata(name, {VERSION: version}, _TAKEOVER),
        spec={
            "scaleTargetRef": {**_TARGET, "name": deployment.metadata.name},
            "idleReplicaCount": 0,
            "minReplicaCount": scaling.minimum,
            "maxReplicaCount": scaling.maximum,
            "cooldownPeriod": to_zero.idle_seconds,
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": behavior}},
            "triggers": triggers,
        },
        opts=scope.child(),
    )
