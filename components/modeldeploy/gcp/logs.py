"""A place for logs of their own: kept for a stated time, encrypted with the component's key, in the component's region."""

import pulumi
import pulumi_gcp as gcp

from .keys import Key
from .scope import Scope


def log_bucket(
    scope: Scope, bucket_id: pulumi.Input[str], filter: pulumi.Input[str], retention_days: int, key: Key, alarming: str | None = None
) -> gcp.logging.ProjectBucketConfig:
    """A log bucket that gets the entries `filter` matches, and keeps them out of the project's default one, which has neither key nor our retention.

    The id of a deleted bucket stays taken for seven days: `bucket_id` is one that no earlier deployment had. Of these entries, those that `alarming`
    matches stay in the default bucket as well: Google does not say that alarms on single entries see what is excluded there.
    """
    bucket = gcp.logging.ProjectBucketConfig(
        f"{scope.name}-logs",
        gcp.logging.ProjectBucketConfigArgs(
            bucket_id=bucket_id,
            project=scope.project,
            location=scope.region,
            retention_days=retention_days,
            description=f"Logs of {scope.name}",
            cmek_settings=gcp.logging.ProjectBucketConfigCmekSettingsArgs(kms_key_name=key.id),
        ),
        scope.after_apis(*key.ready),
    )
    sink = gcp.logging.ProjectSink(
        f"{scope.name}-logs-sink",
        gcp.logging.ProjectSinkArgs(
            destination=pulumi.Output.concat("logging.googleapis.com/", bucket.id),
            filter=filter,
            project=scope.project,
            description=f"Logs of {scope.name} to their own bucket",
            unique_writer_identity=True,
        ),
        scope.child(),
    )
    excluded = filter if alarming is None else pulumi.Output.concat("(", filter, f") AND NOT ({alarming})")
    gcp.logging.ProjectExclusion(
        f"{scope.name}-logs-exclusion",
        gcp.logging.ProjectExclusionArgs(filter=excluded, project=scope.project, description=f"Logs of {scope.name} are in a bucket of their own"),
        scope.child(sink),
    )
    return bucket
