"""Autoscaling of an endpoint's variants, by Application Auto Scaling.

SageMaker's own managed instance scaling is not used: CreateEndpointConfig refuses it for variants with a model ("only supported for inference
component endpoints"), and inference components have no traffic split.
"""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.compute import InstanceType
from modeldeploy.spec.scaling import Scaling

from .variants import Variant

NAMESPACE = "sagemaker"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"


def shape(name: str, variants: Sequence[Variant], machine: str, parent: pulumi.Resource) -> pulumi.Stash:
    """The shape of the fleet, whose machine is `machine`: changing it takes the scaling registrations away before the endpoint is updated, and puts
    them back after.

    SageMaker refuses an update that changes the machine of a registered variant or removes one; its guide says to deregister first
    (https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html). Pulumi alone would do it last. The stash, a value in Pulumi's
    state, is deleted before it is replaced, and what depends on it goes first: the registrations. The number of instances stays as it is.
    """
    names = ",".join(variant.name for variant in variants)
    return pulumi.Stash(
        f"{name}-shape",
        input=f"{machine} {names}",
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True, replace_on_changes=["input"]),
    )


def autoscale(
    name: str,
    endpoint: aws.sagemaker.Endpoint,
    fleet: pulumi.Stash,
    variants: Sequence[Variant],
    scaling: Scaling,
    invocations_per_instance: int,
    machine: InstanceType,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> None:
    """Registers every variant that gets requests, with two target-tracking policies of which the one that wants more instances wins."""
    if not scaling.is_automatic:
        return
    for variant in variants:
        if variant.serves:
            _autoscale_variant(f"{name}-{variant.name}", variant, endpoint, fleet, scaling, invocations_per_instance, machine, tags, parent)


def add_one(name: str, target: aws.appautoscaling.Target, pause_seconds: int, parent: pulumi.Resource) -> aws.appautoscaling.Policy:
    """Adds one to what was scaled to none, when an alarm asks for it, and not again within the pause."""
    step = aws.appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgs(metric_interval_lower_bound="0", scaling_adjustment=1)
    return aws.appautoscaling.Policy(
        name,
        policy_type="StepScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        step_scaling_policy_configuration=aws.appautoscaling.PolicyStepScalingPolicyConfigurationArgs(
            adjustment_type="ChangeInCapacity", metric_aggregation_type="Maximum", cooldown=pause_seconds, step_adjustments=[step]
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _autoscale_variant(
    name: str,
    variant: Variant,
    endpoint: aws.sagemaker.Endpoint,
    fleet: pulumi.Stash,
    scaling: Scaling,
    invocations_per_instance: int,
    machine: InstanceType,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> None:
    opts = pulumi.ResourceOptions(parent=parent)
    target = aws.appautoscaling.Target(
        name,
        service_namespace=NAMESPACE,
        scalable_dimension=DIMENSION,
        # The name needs nothing from the stash; the dependency does (see `shape`).
        resource_id=pulumi.Output.all(endpoint.name, fleet.output).apply(lambda it: f"endpoint/{it[0]}/variant/{variant.name}"),
        min_capacity=scaling.minimum,
        max_capacity=scaling.maximum,
        tags=tags,
        # Not while the endpoint is being updated.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[endpoint]),
    )
    tracking = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs
    aws.appautoscaling.Policy(
        f"{name}-invocations",
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration=tracking(
            target_value=float(invocations_per_instance),
            predefined_metric_specification=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
                predefined_metric_type="SageMakerVariantInvocationsPerInstance"
            ),
            scale_out_cooldown=scaling.scale_out_seconds,
            scale_in_cooldown=scaling.scale_in_seconds,
        ),
        opts=opts,
    )
    dimension = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationDimensionArgs
    aws.appautoscaling.Policy(
        f"{name}-cpu",
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration=tracking(
            # The metric adds up the cores: four of them at 70% are 280
            # (https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html).
            target_value=float(scaling.target_cpu_percent * machine.cpus),
            customized_metric_specification=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationArgs(
                namespace="/aws/sagemaker/Endpoints",
                metric_name="CPUUtilization",
                statistic="Average",
                dimensions=[dimension(name="EndpointName", value=endpoint.name), dimension(name="VariantName", value=variant.name)],
            ),
            scale_out_cooldown=scaling.scale_out_seconds,
            scale_in_cooldown=scaling.scale_in_seconds,
        ),
        opts=opts,
    )
