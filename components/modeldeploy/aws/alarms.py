"""Alarms, and the topic that carries them to people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.compute import InstanceType
from modeldeploy.spec.operations import Operations

from .account import Account
from .policy_documents import deny_plain_text, document
from .variants import Variant

FIVE_MINUTES = 300
HOUR = 3600
INVOCATIONS = "AWS/SageMaker"
INSTANCES = "/aws/sagemaker/Endpoints"


def alarm_topic(
    name: str, emails: Sequence[str], key: pulumi.Input[str], account: Account, tags: dict[str, str], parent: pulumi.Resource
) -> aws.sns.Topic:
    """The encrypted topic for alarms and budget alerts, with a subscription per address (each has to confirm it once, by the mail it gets)."""
    opts = pulumi.ResourceOptions(parent=parent)
    topic = aws.sns.Topic(f"{name}-alarms", kms_master_key_id=key, tags=tags, opts=opts)
    aws.sns.TopicPolicy(
        f"{name}-alarms",
        arn=topic.arn,
        policy=pulumi.Output.all(topic.arn, account.id).apply(
            lambda it: document(
                {
                    "Sid": "AlarmsAndBudgets",
                    "Effect": "Allow",
                    "Principal": {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]},
                    "Action": "sns:Publish",
                    "Resource": it[0],
                    "Condition": {"StringEquals": {"aws:SourceAccount": it[1]}},
                },
                deny_plain_text("sns:Publish", it[0]),
            )
        ),
        opts=opts,
    )
    for index, email in enumerate(emails):
        aws.sns.TopicSubscription(f"{name}-alarms-{index}", topic=topic.arn, protocol="email", endpoint=email, opts=opts)
    return topic


@dataclass(frozen=True)
class EndpointAlarms:
    """The alarms of one endpoint."""

    all: list[aws.cloudwatch.MetricAlarm]
    guards: list[aws.cloudwatch.MetricAlarm]
    """Those of the `production` variant that tell a bad release: errors and latency."""


def endpoint_alarms(
    name: str,
    endpoint_name: str,
    variants: Sequence[Variant],
    operations: Operations,
    machine: InstanceType | None,
    topic: aws.sns.Topic,
    tags: dict[str, str],
    parent: pulumi.Resource,
    asynchronous: bool = False,
) -> EndpointAlarms:
    """Alarms of every variant that gets requests; an asynchronous endpoint counts them by other metrics
    (https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html), and what it adds to the model's time is their waiting. Without a
    machine it is serverless (https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-monitoring.html).

    They need the endpoint's name, not the endpoint: they are there before it, so that its updates can be judged by them. Without requests there is
    no data and no alarm.
    """
    made: list[aws.cloudwatch.MetricAlarm] = []
    guards: list[aws.cloudwatch.MetricAlarm] = []
    for variant in (variant for variant in variants if variant.serves):
        watch = Watch(f"{name}-{variant.name}", {"EndpointName": endpoint_name, "VariantName": variant.name}, topic, tags, parent)
        microseconds = operations.latency_milliseconds * 1000
        counted = ("InvocationFailures", "InvocationsProcessed") if asynchronous else ("Invocation5XXErrors", "Invocations")
        errors = watch.error_share(operations.error_percent, INVOCATIONS, *counted)
        latency = watch.above("latency", INVOCATIONS, "ModelLatency", microseconds, 2, "The model answers slowly")
        made += [errors, latency]
        if not asynchronous:
            made.append(watch.above("overhead", INVOCATIONS, "OverheadLatency", microseconds, 2, "SageMaker adds much time to the model's own"))
        if machine is None:
            # A share, not a percentage.
            busy = operations.utilization_percent / 100
            metric = "ServerlessConcurrentExecutionsUtilization"
            made.append(watch.above("concurrency", INVOCATIONS, metric, busy, 3, "Requests will soon be refused", statistic="Maximum"))
        else:
            # Both metrics add up: 100 for each core or GPU.
            cpu = operations.utilization_percent * machine.cpus
            made.append(watch.above("cpu", INSTANCES, "CPUUtilization", cpu, 3, "The instances' CPUs are nearly used up"))
        if machine is not None and machine.gpus:
            gpu = operations.utilization_percent * machine.gpus
            made.append(watch.above("gpu", INSTANCES, "GPUUtilization", gpu, 3, "The instances' GPUs are nearly used up"))
        if variant is variants[0]:
            guards += [errors, latency]
    return EndpointAlarms(made, guards)


def database_alarms(
    name: str, identifier: str, storage_gib: int, operations: Operations, topic: aws.sns.Topic, tags: dict[str, str], parent: pulumi.Resource
) -> None:
    """Alarms of an RDS instance: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html."""
    watch = Watch(name, {"DBInstanceIdentifier": identifier}, topic, tags, parent)
    watch.above("cpu", "AWS/RDS", "CPUUtilization", operations.utilization_percent, 3, "The database's CPU is nearly used up")
    tenth = storage_gib * 2**30 / 10
    watch.above("storage", "AWS/RDS", "FreeStorageSpace", tenth, 1, "Less than a tenth of the storage is free", "LessThanThreshold")


def run_alarms(
    name: str, machine: pulumi.Output[str], failed: pulumi.Output[str], topic: aws.sns.Topic, tags: dict[str, str], parent: pulumi.Resource
) -> None:
    """Alarms of a batch: runs that failed, that took too long, and that could not be started.

    `machine` is the ARN of the state machine whose executions they are (https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html),
    `failed` the name of the queue with the starts that were given up.
    """
    runs = Watch(name, {"StateMachineArn": machine}, topic, tags, parent)
    runs.above("failed", "AWS/States", "ExecutionsFailed", 0, 1, "A run failed", statistic="Sum")
    runs.above("late", "AWS/States", "ExecutionsTimedOut", 0, 1, "A run took longer than it may", statistic="Sum")
    starts = Watch(name, {"QueueName": failed}, topic, tags, parent)
    starts.above(
        "not-started", "AWS/SQS", "ApproximateNumberOfMessagesVisible", 0, 1, "A run could not be started: see the dead letters", statistic="Maximum"
    )


def threshold_alarm(
    name: str,
    namespace: str,
    metric: str,
    endpoint: pulumi.Input[str],
    threshold: float,
    above: bool,
    topic: aws.sns.Topic,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> aws.cloudwatch.MetricAlarm:
    """An alarm on a metric that a monitor of an endpoint publishes, whatever its further dimensions are (a feature, a group of people):
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-alarms.html."""
    chosen = "MAX" if above else "MIN"
    query = pulumi.Output.from_input(endpoint).apply(lambda it: f'SELECT {chosen}("{metric}") FROM "{namespace}" WHERE Endpoint = \'{it}\'')
    return aws.cloudwatch.MetricAlarm(
        name,
        alarm_description=f"{metric} is {'above' if above else 'below'} {threshold:g}",
        metric_queries=[aws.cloudwatch.MetricAlarmMetricQueryArgs(id="found", expression=query, period=HOUR, return_data=True)],
        evaluation_periods=1,
        comparison_operator="GreaterThanThreshold" if above else "LessThanThreshold",
        threshold=threshold,
        treat_missing_data="notBreaching",
        alarm_actions=[topic.arn],
        ok_actions=[topic.arn],
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


@dataclass(frozen=True)
class Watch:
    """Makes the alarms of one thing."""

    name: str
    dimensions: Mapping[str, pulumi.Input[str]]
    topic: aws.sns.Topic
    tags: dict[str, str]
    parent: pulumi.Resource

    def above(
        self,
        suffix: str,
        namespace: str,
        metric: str,
        threshold: float,
        periods: int,
        description: str,
        comparison: str = "GreaterThanThreshold",
        statistic: str = "Average",
    ) -> aws.cloudwatch.MetricAlarm:
        """An alarm when the average (or another statistic) of a metric is beyond a threshold for some periods of five minutes in a row."""
        return aws.cloudwatch.MetricAlarm(
            f"{self.name}-{suffix}",
            alarm_description=description,
            namespace=namespace,
            metric_name=metric,
            dimensions=self.dimensions,
            statistic=statistic,
            period=FIVE_MINUTES,
            evaluation_periods=periods,
            comparison_operator=comparison,
            threshold=float(threshold),
            treat_missing_data="notBreaching",
            alarm_actions=[self.topic.arn],
            ok_actions=[self.topic.arn],
            tags=self.tags,
            opts=pulumi.ResourceOptions(parent=self.parent),
        )

    def error_share(self, percent: int, namespace: str, errors: str, requests: str) -> aws.cloudwatch.MetricAlarm:
        """An alarm when more than a share of the requests ends in a server error; `errors` and `requests` are the metrics that count them."""
        query = aws.cloudwatch.MetricAlarmMetricQueryArgs
        return aws.cloudwatch.MetricAlarm(
            f"{self.name}-errors",
            alarm_description=f"More than {percent}% of the requests end in a server error",
            metric_queries=[
                query(id="share", expression="IF(requests > 0, 100 * errors / requests, 0)", label="Errors in percent", return_data=True),
                query(id="errors", return_data=False, metric=self._sum(namespace, errors)),
                query(id="requests", return_data=False, metric=self._sum(namespace, requests)),
            ],
            evaluation_periods=2,
            comparison_operator="GreaterThanThreshold",
            threshold=float(percent),
            treat_missing_data="notBreaching",
            alarm_actions=[self.topic.arn],
            ok_actions=[self.topic.arn],
            tags=self.tags,
            opts=pulumi.ResourceOptions(parent=self.parent),
        )

    def _sum(self, namespace: str, metric: str) -> aws.cloudwatch.MetricAlarmMetricQueryMetricArgs:
        return aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
            namespace=namespace, metric_name=metric, dimensions=self.dimensions, period=FIVE_MINUTES, stat="Sum"
        )
