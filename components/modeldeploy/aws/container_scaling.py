"""Autoscaling of the replicas of a version, by Application Auto Scaling:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-auto-scaling.html."""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.scaling import ReplicaScaling

NAMESPACE = "ecs"
DIMENSION = "ecs:service:DesiredCount"


@dataclass(frozen=True, kw_only=True)
class ContainerTargets:
    """What adds and removes replicas: of the three, the one that wants most."""

    cpu_percent: int = 70
    """CPU use the autoscaler aims at, in percent of a replica, 10 to 90."""
    memory_percent: int = 80
    """Memory use the autoscaler aims at, in percent of a replica, 10 to 90."""
    requests_per_minute: int | None = None
    """Requests a minute and replica the autoscaler aims at, 1 to 100000. Set it from a load test. Omitted: 1000, and none with `guardrails`, where
    the service has two target groups of which the metric takes one."""
    scale_out_seconds: int = 60
    """Pause after adding replicas before adding more, in seconds, 0 to 3600."""
    scale_in_seconds: int = 300
    """Pause after removing replicas before removing more, in seconds, 0 to 3600."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        limits = (("cpu_percent", 10, 90), ("memory_percent", 10, 90), ("scale_out_seconds", 0, 3600), ("scale_in_seconds", 0, 3600))
        for name, low, high in limits:
            value: int = getattr(self, name)
            if not low <= value <= high:
                yield Problem(name, f"{value} is not allowed; use {low} to {high}")
        if self.requests_per_minute is not None and not 1 <= self.requests_per_minute <= 100_000:
            yield Problem("requests_per_minute", f"{self.requests_per_minute} is not allowed; use 1 to 100000")


def autoscale_service(
    name: str,
    cluster: aws.ecs.Cluster,
    service: aws.ecs.Service,
    label: pulumi.Output[str] | None,
    scaling: ReplicaScaling,
    targets: ContainerTargets,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> None:
    """Registers the service, also where the bounds are equal: whoever scales holds the number of replicas, always.

    `label` names load balancer and target group for the requests that are counted; without it they are not.
    """
    target = aws.appautoscaling.Target(
        name,
        service_namespace=NAMESPACE,
        scalable_dimension=DIMENSION,
        resource_id=pulumi.Output.concat("service/", cluster.name, "/", service.name),
        min_capacity=scaling.minimum,
        max_capacity=scaling.maximum,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[service]),
    )
    metric = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs
    wanted = [
        ("cpu", metric(predefined_metric_type="ECSServiceAverageCPUUtilization"), targets.cpu_percent),
        ("memory", metric(predefined_metric_type="ECSServiceAverageMemoryUtilization"), targets.memory_percent),
    ]
    if label is not None:
        requests = metric(predefined_metric_type="ALBRequestCountPerTarget", resource_label=label)
        wanted.append(("requests", requests, 1000 if targets.requests_per_minute is None else targets.requests_per_minute))
    for suffix, specification, value in wanted:
        aws.appautoscaling.Policy(
            f"{name}-{suffix}",
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                target_value=float(value),
                predefined_metric_specification=specification,
                scale_out_cooldown=targets.scale_out_seconds,
                scale_in_cooldown=targets.scale_in_seconds,
            ),
            opts=pulumi.ResourceOptions(parent=parent),
        )
