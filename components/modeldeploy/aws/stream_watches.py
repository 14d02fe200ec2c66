"""Alarms and graphs of a stream, its reader and what keeps its events."""

from typing import Any

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.streaming import StreamingArgs

from .alarms import FIVE_MINUTES, Watch
from .carriers import Source
from .dashboard import Panel
from .watches import FUNCTION

STREAM = "AWS/Kinesis"
FIREHOSE = "AWS/Firehose"
MAPPING = "EventSourceMappingUUID"

LATE_CAPTURE_SECONDS = 900
"""Age of the oldest event that Firehose has not yet written, beyond three of its files."""

NEVER_SECONDS = 86_400
"""What the wait for a Kafka's records is taken for when none is read."""


def stream_alarms(
    name: str,
    args: StreamingArgs,
    source: Source,
    function: aws.lambda_.Function,
    mapping: aws.lambda_.EventSourceMapping,
    topic: aws.sns.Topic,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> None:
    """Alarms of what reads a stream: records that wait too long, that were given up, and that are lost.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#event-source-mapping-metrics
    """
    reader = Watch(name, {MAPPING: mapping.uuid}, topic, tags, parent)
    if source.kafka:
        _kafka_lag(name, args.lag_seconds, mapping, topic, tags, parent)
    else:
        age = Watch(name, {"FunctionName": function.name}, topic, tags, parent)
        age.above("lag", FUNCTION, "IteratorAge", args.lag_seconds * 1000, 1, "Events wait too long to be scored", statistic="Maximum")
    # What the function names counts as no error of the function's.
    records = Watch(f"{name}-records", {MAPPING: mapping.uuid}, topic, tags, parent)
    records.error_share(args.operations.error_percent, FUNCTION, "FailedInvokeEventCount", "InvokedEventCount")
    letters = "Records were given up: see the dead letters"
    reader.above("letters", FUNCTION, "OnFailureDestinationDeliveredEventCount", 0, 1, letters, statistic="Sum")
    reader.above("lost", FUNCTION, "DroppedEventCount", 0, 1, "Records were given up and could not be kept as dead letters", statistic="Sum")


def throttle_alarm(name: str, stream: aws.kinesis.Stream, topic: aws.sns.Topic, tags: dict[str, str], parent: pulumi.Resource) -> None:
    """The alarm of a stream that refuses records: https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html."""
    watch = Watch(name, {"StreamName": stream.name}, topic, tags, parent)
    watch.above("throttled", STREAM, "WriteProvisionedThroughputExceeded", 0, 2, "The stream refuses records: it has too few shards", statistic="Sum")


def capture_alarm(
    name: str, firehose: aws.kinesis.FirehoseDeliveryStream, topic: aws.sns.Topic, tags: dict[str, str], parent: pulumi.Resource
) -> None:
    """The alarm of events that are not kept: https://docs.aws.amazon.com/firehose/latest/dev/cloudwatch-metrics.html."""
    watch = Watch(f"{name}-capture", {"DeliveryStreamName": firehose.name}, topic, tags, parent)
    freshness = "DeliveryToS3.DataFreshness"
    watch.above("late", FIREHOSE, freshness, LATE_CAPTURE_SECONDS, 1, "Events are not written to the bucket", statistic="Maximum")


def stream_panels(
    source: Source, function: aws.lambda_.Function, mapping: aws.lambda_.EventSourceMapping, streams: list[aws.kinesis.Stream]
) -> list[Panel]:
    """Graphs of what waits, what is read and given up, and what the streams take."""

    def reads(metric: str, statistic: str = "Sum") -> list[Any]:
        return [FUNCTION, metric, MAPPING, mapping.uuid, {"stat": statistic}]

    def takes(metric: str) -> list[list[Any]]:
        return [[STREAM, metric, "StreamName", stream.name, {"stat": "Sum"}] for stream in streams]

    age = [[FUNCTION, "IteratorAge", "FunctionName", function.name, {"stat": statistic}] for statistic in ("p50", "Maximum")]
    waiting = Panel("Records that wait", [reads("SumOffsetLag", "Maximum"), reads("MaxOffsetLag", "Maximum")])
    panels = [
        waiting if source.kafka else Panel("Age of the records that are read (milliseconds)", age),
        Panel("Records read, failed and given up", [reads("PolledEventCount"), reads("FailedInvokeEventCount"), *_given_up(reads)]),
    ]
    if streams:
        panels.append(Panel("Records written to the streams, and refused", takes("IncomingRecords") + takes("WriteProvisionedThroughputExceeded")))
    return panels


def _given_up(reads: Any) -> list[list[Any]]:
    return [reads("OnFailureDestinationDeliveredEventCount"), reads("DroppedEventCount")]


def _kafka_lag(
    name: str, seconds: int, mapping: aws.lambda_.EventSourceMapping, topic: aws.sns.Topic, tags: dict[str, str], parent: pulumi.Resource
) -> None:
    """No metric says how old a Kafka's records are that wait. How many they are, by how many are done in a second, is how long the last of them will
    have waited."""
    query = aws.cloudwatch.MetricAlarmMetricQueryArgs

    def metric(of: str, statistic: str) -> aws.cloudwatch.MetricAlarmMetricQueryMetricArgs:
        return aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
            namespace=FUNCTION, metric_name=of, dimensions={MAPPING: mapping.uuid}, period=FIVE_MINUTES, stat=statistic
        )

    wait = f"IF(done > 0, {FIVE_MINUTES} * waiting / done, IF(waiting > 0, {NEVER_SECONDS}, 0))"
    aws.cloudwatch.MetricAlarm(
        f"{name}-lag",
        alarm_description="Events wait too long to be scored",
        metric_queries=[
            query(id="wait", expression=wait, label="Seconds until what waits is done", return_data=True),
            query(id="waiting", return_data=False, metric=metric("SumOffsetLag", "Maximum")),
            query(id="done", return_data=False, metric=metric("CommittedEventCount", "Sum")),
        ],
        evaluation_periods=1,
        comparison_operator="GreaterThanThreshold",
        threshold=float(seconds),
        treat_missing_data="notBreaching",
        alarm_actions=[topic.arn],
        ok_actions=[topic.arn],
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
