"""Events and results in Amazon Kinesis Data Streams: https://docs.aws.amazon.com/streams/latest/dev/introduction.html."""

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.operations import Environment
from modeldeploy.spec.streaming import StreamingArgs

from .carriers import Carrier, Source, Tap
from .policy_documents import Statement

READING = ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
"""What reading a stream takes: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html#events-kinesis-permissions."""
WRITING = ["kinesis:PutRecord", "kinesis:PutRecords"]

ON_DEMAND_SHARDS = 4
"""Shards that a stream on demand begins with: https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html."""


def streams(
    name: str,
    args: StreamingArgs,
    fan_out: bool,
    letters: pulumi.Output[str],
    key: pulumi.Output[str],
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> tuple[Carrier, aws.kinesis.Stream, aws.kinesis.Stream]:
    """A stream for events and one for results, and the carrier they make. With `fan_out` the reader has a throughput of its own."""
    events = _stream(f"{name}-events", args, key, tags, parent)
    results = _stream(f"{name}-results", args, key, tags, parent)
    reader = (
        aws.kinesis.StreamConsumer(f"{name}-events", stream_arn=events.arn, tags=tags, opts=pulumi.ResourceOptions(parent=parent))
        if fan_out
        else None
    )
    working = pulumi.Output.all(events.arn, results.arn, None if reader is None else reader.arn).apply(lambda it: _working(it[0], it[1], it[2]))
    source = Source(letters, arn=events.arn if reader is None else reader.arn, parallelism=args.parallelism_per_partition)
    tap = Tap(pulumi.Output.all(events.arn, key).apply(lambda it: _tapping(it[0], it[1])), stream=events.arn)
    producing = pulumi.Output.all(events.arn, key).apply(lambda it: _producing(it[0], it[1]))
    return Carrier(events.arn, results.arn, source, {"RESULTS_STREAM_ARN": results.arn}, working, producing, tap), events, results


def _stream(name: str, args: StreamingArgs, key: pulumi.Output[str], tags: dict[str, str], parent: pulumi.Resource) -> aws.kinesis.Stream:
    mode = "ON_DEMAND" if args.partitions is None else "PROVISIONED"
    return aws.kinesis.Stream(
        name,
        stream_mode_details=aws.kinesis.StreamStreamModeDetailsArgs(stream_mode=mode),
        shard_count=args.partitions,
        retention_period=args.retention_hours,
        encryption_type="KMS",
        kms_key_id=key,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, protect=args.environment is Environment.PRODUCTION),
    )


def _working(events: str, results: str, reader: str | None) -> list[Statement]:
    own: list[Statement] = [{"Effect": "Allow", "Action": ["kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"], "Resource": reader}]
    return [
        {"Effect": "Allow", "Action": READING, "Resource": events},
        *(own if reader else []),
        {"Effect": "Allow", "Action": WRITING, "Resource": results},
    ]


def _producing(events: str, key: str) -> list[Statement]:
    """Writing to an encrypted stream: https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html."""
    return [
        {"Effect": "Allow", "Action": [*WRITING, "kinesis:DescribeStreamSummary", "kinesis:ListShards"], "Resource": events},
        {"Effect": "Allow", "Action": "kms:GenerateDataKey", "Resource": key},
    ]


def _tapping(events: str, key: str) -> list[Statement]:
    """https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3"""
    return [
        {"Effect": "Allow", "Action": READING, "Resource": events},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key},
    ]
