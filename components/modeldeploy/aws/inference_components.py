"""Models that share the machines of one SageMaker endpoint, each as an inference component:
https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints-deploy-models.html.

pulumi-aws has no resource for them, so Cloud Control makes them.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.model import Model
from modeldeploy.spec.scaling import ReplicaScaling, Scaling

from .account import physical_name
from .scaling import NAMESPACE, add_one
from .variants import PRODUCTION

TYPE = "AWS::SageMaker::InferenceComponent"
DIMENSION = "sagemaker:inference-component:DesiredCopyCount"
METRICS = "AWS/SageMaker"
WAKE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class HostedModel:
    """A model, and what each of its copies needs of a machine."""

    model: Model
    """The version that answers. Another version takes its place under the same name, in new copies that are there before the old ones go."""
    cpus: float = 1.0
    """Cores that are kept for a copy, 0.25 or more."""
    memory_mib: int = 1024
    """Memory that is kept for a copy, in MiB, 128 or more. Less than the machine has can be kept: a few GiB are SageMaker's."""
    gpus: int = 0
    """GPUs that are kept for a copy, 0 or more."""
    copies: ReplicaScaling = ReplicaScaling()
    """Copies of the container. Default: 2 to 10, each on another machine where there are some. 0 at least: the last copy goes when nobody asks, and
    comes back with the first request, which fails, as do those of the next minutes. A higher minimum counts from the next time that copies become
    more; what the autoscaler decided is not reset."""
    requests_per_copy: int = 60
    """Requests a minute and copy that the autoscaler aims at, 1 to 100000. Set it from a load test."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if self.cpus < 0.25:
            yield Problem("cpus", f"{self.cpus:g} is not allowed; use 0.25 or more")
        if self.memory_mib < 128:
            yield Problem("memory_mib", f"{self.memory_mib} is not allowed; use 128 or more")
        if self.gpus < 0:
            yield Problem("gpus", f"{self.gpus} is not allowed; use 0 or more")
        if not 1 <= self.requests_per_copy <= 100_000:
            yield Problem("requests_per_copy", f"{self.requests_per_copy} is not allowed; use 1 to 100000")


def component_name(name: str, hosted: HostedModel) -> str:
    """What callers name as `InferenceComponentName`; an account and region has each name once."""
    return physical_name(f"{name}-{hosted.model.name}", 63)


def inference_component(
    name: str,
    hosted: HostedModel,
    endpoint: aws.sagemaker.Endpoint,
    served: aws.sagemaker.Model,
    tags: dict[str, str],
    before: list[pulumi.Resource],
    parent: pulumi.Resource,
) -> aws.cloudcontrol.Resource:
    """The copies of a model on the machines of an endpoint.

    The model is named, and not its container written here, because Cloud Control changes in place what it can read back, and of a container it
    reads no image. For the same reason the number of copies is the first one for ever: the stash keeps it, and the autoscaler decides from there.
    """
    own = f"{name}-{hosted.model.name}"
    first = pulumi.Stash(f"{own}-copies", input=max(hosted.copies.minimum, 1), opts=pulumi.ResourceOptions(parent=parent))
    return aws.cloudcontrol.Resource(
        own,
        type_name=TYPE,
        desired_state=pulumi.Output.all(endpoint.name, served.name, first.output).apply(
            lambda it: json.dumps(_desired(component_name(name, hosted), hosted, it[0], it[1], int(it[2]), tags))
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=before),
    )


def autoscale_copies(name: str, hosted: HostedModel, component: aws.cloudcontrol.Resource, tags: dict[str, str], parent: pulumi.Resource) -> None:
    """Copies by requests; from none to the first one by a request that found none:
    https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-zero-instances.html."""
    own, told = f"{name}-{hosted.model.name}", component_name(name, hosted)
    target = aws.appautoscaling.Target(
        own,
        service_namespace=NAMESPACE,
        scalable_dimension=DIMENSION,
        resource_id=component.id.apply(lambda _: f"inference-component/{told}"),
        min_capacity=hosted.copies.minimum,
        max_capacity=hosted.copies.maximum,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    opts, pauses = pulumi.ResourceOptions(parent=parent), Scaling()
    aws.appautoscaling.Policy(
        f"{own}-requests",
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
            target_value=float(hosted.requests_per_copy),
            predefined_metric_specification=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
                predefined_metric_type="SageMakerInferenceComponentInvocationsPerCopy"
            ),
            scale_out_cooldown=pauses.scale_out_seconds,
            scale_in_cooldown=pauses.scale_in_seconds,
        ),
        opts=opts,
    )
    if hosted.copies.minimum > 0:
        return
    wake = add_one(f"{own}-wake", target, WAKE_SECONDS, parent)
    aws.cloudwatch.MetricAlarm(
        f"{own}-wake",
        alarm_description="A request found no copy of the model: one is started",
        namespace=METRICS,
        metric_name="NoCapacityInvocationFailures",
        dimensions={"InferenceComponentName": told},
        statistic="Sum",
        period=60,
        evaluation_periods=1,
        datapoints_to_alarm=1,
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1.0,
        treat_missing_data="notBreaching",
        alarm_actions=[wake.arn],
        tags=tags,
        opts=opts,
    )


def _desired(told: str, hosted: HostedModel, endpoint: str, model: str, copies: int, tags: Mapping[str, str]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sagemaker-inferencecomponent.html"""
    needs: dict[str, Any] = {"NumberOfCpuCoresRequired": hosted.cpus, "MinMemoryRequiredInMb": hosted.memory_mib}
    if hosted.gpus:
        needs["NumberOfAcceleratorDevicesRequired"] = hosted.gpus
    # Copies on one machine, or in one zone, would fail together.
    spread = {"PlacementStrategy": "SPREAD", "AvailabilityZoneBalance": {"EnforcementMode": "PERMISSIVE"}}
    return {
        "InferenceComponentName": told,
        "EndpointName": endpoint,
        "VariantName": PRODUCTION,
        "Specification": {"ModelName": model, "ComputeResourceRequirements": needs, "SchedulingConfig": spread},
        "RuntimeConfig": {"CopyCount": copies},
        "Tags": [{"Key": tag, "Value": value} for tag, value in {**tags, "model-version": hosted.model.version}.items()],
    }
