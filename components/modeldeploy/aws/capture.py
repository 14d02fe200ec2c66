"""All events of a stream, kept in S3 by Amazon Data Firehose: https://docs.aws.amazon.com/firehose/latest/dev/what-is-this-service.html."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from .account import Account
from .carriers import Tap
from .policy_documents import Statement, document, trust

EVENTS = "events/"
"""Where events are kept."""
FAILED = "events-failed/"
"""Where Firehose leaves what it could not deliver."""

EARLIEST = "1970-01-01T00:00:00Z"

SECONDS = 300
MEBIBYTES = 64
"""How long Firehose collects, and how much, before it writes a file."""


def capture(
    name: str,
    tap: Tap,
    bucket: aws.s3.Bucket,
    logs: aws.cloudwatch.LogGroup,
    key: pulumi.Output[str],
    account: Account,
    after: Sequence[pulumi.Resource],
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> aws.kinesis.FirehoseDeliveryStream:
    """Copies what `tap` gives into the bucket, a record a line, in compressed files of some minutes."""
    opts = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-capture",
        description=f"Keeps the events of {name}",
        assume_role_policy=account.id.apply(lambda it: trust("firehose.amazonaws.com", it)),
        tags=tags,
        opts=opts,
    )
    told = aws.cloudwatch.LogStream(f"{name}-capture", log_group_name=logs.name, opts=opts)
    permission = aws.iam.RolePolicy(
        f"{name}-capture",
        role=role.name,
        policy=pulumi.Output.all(tap.reading, bucket.arn, key, told.arn).apply(lambda it: document(*it[0], *_keeping(it[1], it[2], it[3]))),
        opts=opts,
    )
    line_end = aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationProcessorArgs(type="AppendDelimiterToRecord")
    return aws.kinesis.FirehoseDeliveryStream(
        f"{name}-capture",
        destination="extended_s3",
        kinesis_source_configuration=None if tap.stream is None else _stream_source(tap.stream, role),
        msk_source_configuration=None if tap.cluster is None or tap.topic is None else _cluster_source(tap.cluster, tap.topic, role),
        extended_s3_configuration=aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationArgs(
            bucket_arn=bucket.arn,
            role_arn=role.arn,
            prefix=EVENTS,
            error_output_prefix=f"{FAILED}!{{firehose:error-output-type}}/",
            buffering_interval=SECONDS,
            buffering_size=MEBIBYTES,
            compression_format="GZIP",
            kms_key_arn=key,
            processing_configuration=aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationProcessingConfigurationArgs(
                enabled=True, processors=[line_end]
            ),
            cloudwatch_logging_options=aws.kinesis.FirehoseDeliveryStreamExtendedS3ConfigurationCloudwatchLoggingOptionsArgs(
                enabled=True, log_group_name=logs.name, log_stream_name=told.name
            ),
        ),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[permission, *after]),
    )


def _stream_source(stream: pulumi.Output[str], role: aws.iam.Role) -> aws.kinesis.FirehoseDeliveryStreamKinesisSourceConfigurationArgs:
    return aws.kinesis.FirehoseDeliveryStreamKinesisSourceConfigurationArgs(kinesis_stream_arn=stream, role_arn=role.arn)


def _cluster_source(cluster: pulumi.Output[str], topic: str, role: aws.iam.Role) -> aws.kinesis.FirehoseDeliveryStreamMskSourceConfigurationArgs:
    return aws.kinesis.FirehoseDeliveryStreamMskSourceConfigurationArgs(
        msk_cluster_arn=cluster,
        topic_name=topic,
        # Else it begins when it is ready, some minutes after the topic.
        read_from_timestamp=EARLIEST,
        authentication_configuration=aws.kinesis.FirehoseDeliveryStreamMskSourceConfigurationAuthenticationConfigurationArgs(
            connectivity="PRIVATE", role_arn=role.arn
        ),
    )


def _keeping(bucket: str, key: str, log_stream: str) -> list[Statement]:
    """https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3"""
    return [
        {"Effect": "Allow", "Action": ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], "Resource": bucket},
        {
            "Effect": "Allow",
            "Action": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            "Resource": [f"{bucket}/{EVENTS}*", f"{bucket}/{FAILED}*"],
        },
        {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": key},
        {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": log_stream},
    ]
