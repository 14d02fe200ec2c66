"""A place for logs of their own: kept for a stated time, encrypted with the component's key, in the component's region."""

from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from .keys import Key
from .place import Place


def log_bucket(
    name: str,
    bucket_id: pulumi.Input[str],
    filter: pulumi.Input[str],
    retention_days: int,
    key: Key,
    where: Place,
    parent: pulumi.Resource,
    apis: Sequence[pulumi.Resource],
) -> gcp.logging.ProjectBucketConfig:
    """A log bucket that gets the entries `filter` matches, and keeps them out of the project's default one, which has neither key nor our retention.

    The id of a deleted bucket stays taken for seven days: `bucket_id` is one that no earlier deployment had.
    """
    bucket = gcp.logging.ProjectBucketConfig(
        f"{name}-logs",
        gcp.logging.ProjectBucketConfigArgs(
            bucket_id=bucket_id,
            project=where.project,
            location=where.region,
            retention_days=retention_days,
            description=f"Logs of {name}",
            cmek_settings=gcp.logging.ProjectBucketConfigCmekSettingsArgs(kms_key_name=key.id),
        ),
        pulumi.ResourceOptions(parent=parent, depends_on=[*key.ready, *apis]),
    )
    sink = gcp.logging.ProjectSink(
        f"{name}-logs-sink",
        gcp.logging.ProjectSinkArgs(
            destination=pulumi.Output.concat("logging.googleapis.com/", bucket.id),
            filter=filter,
            project=where.project,
            description=f"Logs of {name} to their own bucket",
            unique_writer_identity=True,
        ),
        pulumi.ResourceOptions(parent=parent),
    )
    gcp.logging.ProjectExclusion(
        f"{name}-logs-exclusion",
        gcp.logging.ProjectExclusionArgs(filter=filter, project=where.project, description=f"Logs of {name} are in a bucket of their own"),
        pulumi.ResourceOptions(parent=parent, depends_on=[sink]),
    )
    return bucket


def explorer_url(bucket: gcp.logging.ProjectBucketConfig, where: Place) -> pulumi.Output[str]:
    """Where a person reads the logs."""
    return pulumi.Output.format(
        "https://console.cloud.google.com/logs/query;storageScope=storage,{0}%2Fviews%2F_AllLogs?project={1}",
        bucket.id.apply(lambda id: id.replace("/", "%2F")),
        where.project,
    )
