"""An endpoint whose requests wait in a queue: https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference.html.

Requests and answers are files, so they may be large and take long, and the last instance may go when none waits.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.scaling import Scaling

from .identity import data_key_statements
from .policy_documents import Statement, document
from .scaling import DIMENSION, NAMESPACE, add_one
from .variants import PRODUCTION

PREFIX = "asynchronous/"
"""Where requests and answers are."""
REQUESTS = f"{PREFIX}requests/"
ANSWERS = f"{PREFIX}answers"
FAILURES = f"{PREFIX}failures"
METRICS = "AWS/SageMaker"


@dataclass(frozen=True, kw_only=True)
class Asynchronous:
    """How requests wait."""

    days: int = 30
    """Days that requests and answers are kept, 1 to 3650."""
    concurrent_requests: int | None = None
    """Requests that one instance answers at the same time, 1 to 1000. Default: what SageMaker finds best."""
    backlog_per_instance: int = 5
    """Requests that wait for each instance, which the autoscaler aims at, 1 to 1000."""
    to_zero: bool = False
    """Whether the last instance goes when no request waits, and comes back with the first one, which then takes minutes. `scaling.minimum` is how
    many an update starts with."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not 1 <= self.days <= 3650:
            yield Problem("days", f"{self.days} is not allowed; use 1 to 3650")
        if self.concurrent_requests is not None and not 1 <= self.concurrent_requests <= 1000:
            yield Problem("concurrent_requests", f"{self.concurrent_requests} is not allowed; use 1 to 1000")
        if not 1 <= self.backlog_per_instance <= 1000:
            yield Problem("backlog_per_instance", f"{self.backlog_per_instance} is not allowed; use 1 to 1000")


def asynchronous_config(
    waiting: Asynchronous, bucket: pulumi.Output[str], key: pulumi.Output[str], topic: aws.sns.Topic
) -> aws.sagemaker.EndpointConfigurationAsyncInferenceConfigArgs:
    """Where answers go, and who hears of failures."""
    output = aws.sagemaker.EndpointConfigurationAsyncInferenceConfigOutputConfigArgs(
        s3_output_path=pulumi.Output.concat("s3://", bucket, "/", ANSWERS),
        s3_failure_path=pulumi.Output.concat("s3://", bucket, "/", FAILURES),
        kms_key_id=key,
        notification_config=aws.sagemaker.EndpointConfigurationAsyncInferenceConfigOutputConfigNotificationConfigArgs(error_topic=topic.arn),
    )
    client = aws.sagemaker.EndpointConfigurationAsyncInferenceConfigClientConfigArgs(
        max_concurrent_invocations_per_instance=waiting.concurrent_requests
    )
    return aws.sagemaker.EndpointConfigurationAsyncInferenceConfigArgs(
        output_config=output, client_config=None if waiting.concurrent_requests is None else client
    )


def let_fetch_requests(name: str, role: aws.iam.Role, bucket: aws.s3.Bucket, topic: aws.sns.Topic, parent: pulumi.Resource) -> aws.iam.RolePolicy:
    """Lets the model's role read requests, write answers and tell of failures."""
    return aws.iam.RolePolicy(
        f"{name}-asynchronous",
        role=role.name,
        policy=pulumi.Output.all(bucket.arn, topic.arn).apply(lambda it: document(*_fetching(it[0], it[1]))),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def let_send_requests(
    name: str,
    invoker: aws.iam.Role,
    endpoint: pulumi.Output[str],
    bucket: aws.s3.Bucket,
    key: pulumi.Output[str],
    vpc_id: pulumi.Output[str] | None,
    parent: pulumi.Resource,
) -> None:
    """Lets callers' role bring requests, have them answered and fetch the answers; from inside the network `vpc_id` unless that is None."""
    aws.iam.RolePolicy(
        f"{name}-invoker-asynchronous",
        role=invoker.name,
        policy=pulumi.Output.all(endpoint, bucket.arn, key, vpc_id).apply(lambda it: document(*_sending(it[0], it[1], it[2], it[3]))),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def autoscale_by_backlog(
    name: str,
    endpoint: aws.sagemaker.Endpoint,
    fleet: pulumi.Stash,
    scaling: Scaling,
    waiting: Asynchronous,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> None:
    """Instances by the number of requests that wait: https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-autoscale.html."""
    if not scaling.is_automatic and not waiting.to_zero:
        return
    opts = pulumi.ResourceOptions(parent=parent)
    target = aws.appautoscaling.Target(
        f"{name}-{PRODUCTION}",
        service_namespace=NAMESPACE,
        scalable_dimension=DIMENSION,
        # The name needs nothing from the stash; the dependency does (see `shape`).
        resource_id=pulumi.Output.all(endpoint.name, fleet.output).apply(lambda it: f"endpoint/{it[0]}/variant/{PRODUCTION}"),
        min_capacity=0 if waiting.to_zero else scaling.minimum,
        max_capacity=scaling.maximum,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[endpoint]),
    )
    tracking = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs
    metric = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationArgs
    dimension = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationDimensionArgs
    aws.appautoscaling.Policy(
        f"{name}-{PRODUCTION}-backlog",
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration=tracking(
            target_value=float(waiting.backlog_per_instance),
            customized_metric_specification=metric(
                namespace=METRICS,
                metric_name="ApproximateBacklogSizePerInstance",
                statistic="Average",
                dimensions=[dimension(name="EndpointName", value=endpoint.name)],
            ),
            scale_out_cooldown=scaling.scale_out_seconds,
            scale_in_cooldown=scaling.scale_in_seconds,
        ),
        opts=opts,
    )
    if waiting.to_zero:
        _wake(name, endpoint, target, scaling, tags, parent)


def _wake(
    name: str,
    endpoint: aws.sagemaker.Endpoint,
    target: aws.appautoscaling.Target,
    scaling: Scaling,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> None:
    """Without instances there is no backlog per instance: the first one comes when requests wait for nobody."""
    wake = add_one(f"{name}-{PRODUCTION}-wake", target, scaling.scale_in_seconds, parent)
    aws.cloudwatch.MetricAlarm(
        f"{name}-{PRODUCTION}-wake",
        alarm_description="Requests wait, and there is no instance: one is started",
        namespace=METRICS,
        metric_name="HasBacklogWithoutCapacity",
        dimensions={"EndpointName": endpoint.name},
        statistic="Maximum",
        period=60,
        evaluation_periods=1,
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1.0,
        treat_missing_data="notBreaching",
        alarm_actions=[wake.arn],
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _fetching(bucket: str, topic: str) -> list[Statement]:
    return [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{bucket}/{REQUESTS}*"},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": [f"{bucket}/{ANSWERS}/*", f"{bucket}/{FAILURES}/*"]},
        {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic},
    ]


def _sending(endpoint: str, bucket: str, key: str, vpc_id: str | None) -> list[Statement]:
    inside = {"Condition": {"StringEquals": {"aws:SourceVpc": vpc_id}}} if vpc_id else {}
    use_key = data_key_statements(key)[0]
    return [
        {"Effect": "Allow", "Action": "sagemaker:InvokeEndpointAsync", "Resource": endpoint, **inside},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{bucket}/{REQUESTS}*", **inside},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [f"{bucket}/{ANSWERS}/*", f"{bucket}/{FAILURES}/*"], **inside},
        use_key,
    ]
