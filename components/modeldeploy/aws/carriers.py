"""What carries the events of a stream, and how Lambda reads them: an event source mapping
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.streaming import StreamingArgs

from .policy_documents import Statement

FROM_THE_FIRST = "TRIM_HORIZON"
"""A reader begins with the oldest record there is: what was written before it was made is read."""

CALLS_PER_POLLER = 5
"""Calls at the same time that one poller of a Kafka makes: https://docs.aws.amazon.com/lambda/latest/dg/kafka-scaling-modes.html."""

OF_RECORDS = "EventCount"
OF_KAFKA = "KafkaMetrics"
"""Groups of metrics of a mapping: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#event-source-mapping-metrics."""


@dataclass(frozen=True)
class Source:
    """Where a mapping reads, and where it leaves what was given up."""

    letters: pulumi.Input[str]
    """ARN of the bucket, or `kafka://<topic>`, for records that were given up."""
    arn: pulumi.Input[str] | None = None
    parallelism: int | None = None
    """Calls at the same time for one shard. A Kafka's partition has one."""
    topic: str | None = None
    managed: aws.lambda_.EventSourceMappingAmazonManagedKafkaEventSourceConfigArgs | None = None
    given: aws.lambda_.EventSourceMappingSelfManagedEventSourceArgs | None = None
    given_settings: aws.lambda_.EventSourceMappingSelfManagedKafkaEventSourceConfigArgs | None = None
    access: Sequence[aws.lambda_.EventSourceMappingSourceAccessConfigurationArgs] | None = None

    @property
    def kafka(self) -> bool:
        """Whether it is a Kafka."""
        return self.topic is not None


@dataclass(frozen=True)
class Tap:
    """What Firehose reads to keep all events."""

    reading: pulumi.Output[list[Statement]]
    """What it may do for that."""
    stream: pulumi.Output[str] | None = None
    """ARN of the stream, or else:"""
    cluster: pulumi.Output[str] | None = None
    topic: str | None = None


@dataclass(frozen=True)
class Carrier:
    """What carries the events."""

    events: pulumi.Output[str]
    """What producers write to."""
    results: pulumi.Output[str]
    """Where results are read."""
    source: Source
    variables: dict[str, pulumi.Input[str]]
    """By which the consumer finds where its results go."""
    working: pulumi.Output[list[Statement]]
    """What the consumer's role may do there: reading events, which Lambda does with it, and writing results."""
    producing: pulumi.Output[list[Statement]] | None = None
    """What a producer may do. None where the owner of a given Kafka says."""
    tap: Tap | None = None
    ready: list[pulumi.Resource] = field(default_factory=list[pulumi.Resource])
    """What must be there before the reader."""


def event_source(
    name: str,
    args: StreamingArgs,
    source: Source,
    function: pulumi.Input[str],
    tags: dict[str, str],
    opts: pulumi.ResourceOptions,
) -> aws.lambda_.EventSourceMapping:
    """The mapping, which calls `function` (the ARN with its alias) with what it reads.

    Every failure has an end: a record that was tried often enough, or has become too old, goes to the letters. Batches are split in two to find the
    record that fails, and the function may name it (https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html).
    A Kafka's mapping has pollers of its own (provisioned mode), without which it would have none of that
    (https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html).
    """
    failed = aws.lambda_.EventSourceMappingDestinationConfigOnFailureArgs(destination_arn=source.letters)
    pollers = aws.lambda_.EventSourceMappingProvisionedPollerConfigArgs(
        minimum_pollers=1, maximum_pollers=max(1, args.scaling.maximum // CALLS_PER_POLLER)
    )
    return aws.lambda_.EventSourceMapping(
        name,
        function_name=function,
        event_source_arn=source.arn,
        topics=None if source.topic is None else [source.topic],
        amazon_managed_kafka_event_source_config=source.managed,
        self_managed_event_source=source.given,
        self_managed_kafka_event_source_config=source.given_settings,
        source_access_configurations=source.access,
        starting_position=FROM_THE_FIRST,
        batch_size=100 if args.records_per_call is None else args.records_per_call,
        maximum_batching_window_in_seconds=args.batch_window_seconds,
        parallelization_factor=source.parallelism,
        bisect_batch_on_function_error=True,
        function_response_types=["ReportBatchItemFailures"],
        maximum_retry_attempts=args.retries,
        maximum_record_age_in_seconds=args.max_age_seconds,
        destination_config=aws.lambda_.EventSourceMappingDestinationConfigArgs(on_failure=failed),
        provisioned_poller_config=pollers if source.kafka else None,
        metrics_config=aws.lambda_.EventSourceMappingMetricsConfigArgs(metrics=[OF_RECORDS, *([OF_KAFKA] if source.kafka else [])]),
        tags=tags,
        opts=opts,
    )
