"""A SageMaker endpoint without machines of its own: https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html.

Nothing runs, and nothing is paid, while nobody asks. What it lacks is why it is never chosen by itself: the container is on SageMaker's own network,
not isolated, and SageMaker takes one version, no GPU, no capture of data and no guardrails.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.scaling import Scaling

from .scaling import NAMESPACE
from .variants import PRODUCTION

MEMORY_MIB = (1024, 2048, 3072, 4096, 5120, 6144)
MOST_CONCURRENCY = 200
"""https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantServerlessConfig.html"""
DIMENSION = "sagemaker:variant:DesiredProvisionedConcurrency"


@dataclass(frozen=True, kw_only=True)
class ServerlessInference:
    """How much SageMaker keeps for the model when somebody asks."""

    memory_mib: int = 2048
    """Memory of one instance, in MiB: 1024, 2048, 3072, 4096, 5120 or 6144. CPUs come with it. It holds the model, which is at least that large."""
    concurrency: int = 10
    """Requests that are answered at the same time, 1 to 200; further ones are refused (429). All endpoints of an account and region share a quota."""
    provisioned: int | None = None
    """Requests for which instances are kept warm, and paid, 1 to `concurrency`. Default: none; a first request after a pause waits for a start."""
    provisioned_maximum: int | None = None
    """Up to how many the autoscaler keeps warm, `provisioned` to `concurrency`, from `provisioned` on. Default: `provisioned`, always."""
    provisioned_percent: int = 70
    """Share of the warm ones in use that the autoscaler aims at, 10 to 90 percent."""

    @property
    def is_automatic(self) -> bool:
        """Whether the number of warm instances may change."""
        return self.provisioned is not None and self.provisioned_maximum is not None and self.provisioned_maximum > self.provisioned

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if self.memory_mib not in MEMORY_MIB:
            yield Problem("memory_mib", f"{self.memory_mib} is not allowed; use one of {', '.join(map(str, MEMORY_MIB))}")
        if not 1 <= self.concurrency <= MOST_CONCURRENCY:
            yield Problem("concurrency", f"{self.concurrency} is not allowed; use 1 to {MOST_CONCURRENCY}")
        if self.provisioned is not None and not 1 <= self.provisioned <= self.concurrency:
            yield Problem("provisioned", f"{self.provisioned} is not allowed; use 1 to serverless.concurrency {self.concurrency}")
        if self.provisioned_maximum is not None:
            if self.provisioned is None:
                yield Problem("provisioned_maximum", "needs serverless.provisioned: the autoscaler begins there")
            elif not self.provisioned <= self.provisioned_maximum <= self.concurrency:
                allowed = f"use serverless.provisioned {self.provisioned} to serverless.concurrency {self.concurrency}"
                yield Problem("provisioned_maximum", f"{self.provisioned_maximum} is not allowed; {allowed}")
        if not 10 <= self.provisioned_percent <= 90:
            yield Problem("provisioned_percent", f"{self.provisioned_percent} is not allowed; use 10 to 90")


def serverless_config(serverless: ServerlessInference) -> aws.sagemaker.EndpointConfigurationProductionVariantServerlessConfigArgs:
    """What the variant has instead of machines."""
    return aws.sagemaker.EndpointConfigurationProductionVariantServerlessConfigArgs(
        memory_size_in_mb=serverless.memory_mib, max_concurrency=serverless.concurrency, provisioned_concurrency=serverless.provisioned
    )


def autoscale_provisioned(
    name: str,
    endpoint: aws.sagemaker.Endpoint,
    fleet: pulumi.Stash,
    serverless: ServerlessInference,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> None:
    """Warm instances by how many of them answer: https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-autoscale.html."""
    if not serverless.is_automatic:
        return
    target = aws.appautoscaling.Target(
        f"{name}-{PRODUCTION}",
        service_namespace=NAMESPACE,
        scalable_dimension=DIMENSION,
        # The name needs nothing from the stash; the dependency does (see `shape`).
        resource_id=pulumi.Output.all(endpoint.name, fleet.output).apply(lambda it: f"endpoint/{it[0]}/variant/{PRODUCTION}"),
        min_capacity=serverless.provisioned or 1,
        max_capacity=serverless.provisioned_maximum or 1,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[endpoint]),
    )
    pauses = Scaling()
    aws.appautoscaling.Policy(
        f"{name}-{PRODUCTION}-provisioned",
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
            # A share, not a percentage.
            target_value=serverless.provisioned_percent / 100,
            predefined_metric_specification=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
                predefined_metric_type="SageMakerVariantProvisionedConcurrencyUtilization"
            ),
            scale_out_cooldown=pauses.scale_out_seconds,
            scale_in_cooldown=pauses.scale_in_seconds,
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )
