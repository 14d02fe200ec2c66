"""Private buckets: encrypted with the component's key, uniform access, never public, with versions."""

from collections.abc import Sequence

import pulumi_gcp as gcp

from .keys import Key
from .names import check_bucket_name
from .scope import Scope


def private_bucket(scope: Scope, purpose: str, key: Key, rules: Sequence[gcp.storage.BucketLifecycleRuleArgs]) -> gcp.storage.Bucket:
    """A bucket for `purpose`, the last part of its name. `rules` say when its objects go; uploads that were broken off go after a week."""
    check_bucket_name(f"{type(scope.component).__name__} '{scope.name}'", scope.name)
    return gcp.storage.Bucket(
        f"{scope.name}-{purpose}",
        gcp.storage.BucketArgs(
            location=scope.region,
            project=scope.project,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            versioning=gcp.storage.BucketVersioningArgs(enabled=True),
            encryption=gcp.storage.BucketEncryptionArgs(default_kms_key_name=key.id),
            lifecycle_rules=[
                *rules,
                gcp.storage.BucketLifecycleRuleArgs(
                    action=gcp.storage.BucketLifecycleRuleActionArgs(type="AbortIncompleteMultipartUpload"),
                    condition=gcp.storage.BucketLifecycleRuleConditionArgs(age=7),
                ),
            ],
            # Without it, old versions of files keep a development bucket from going.
            force_destroy=not scope.production,
            labels=scope.labels,
        ),
        scope.child(*key.ready, protect=scope.production),
    )


def delete_replaced(days: int) -> gcp.storage.BucketLifecycleRuleArgs:
    """Objects that were deleted or replaced go for good after `days`."""
    return gcp.storage.BucketLifecycleRuleArgs(
        action=gcp.storage.BucketLifecycleRuleActionArgs(type="Delete"),
        condition=gcp.storage.BucketLifecycleRuleConditionArgs(days_since_noncurrent_time=days, with_state="ARCHIVED"),
    )


def delete_old(days: int) -> gcp.storage.BucketLifecycleRuleArgs:
    """Objects are deleted `days` after they were written."""
    return gcp.storage.BucketLifecycleRuleArgs(
        action=gcp.storage.BucketLifecycleRuleActionArgs(type="Delete"),
        condition=gcp.storage.BucketLifecycleRuleConditionArgs(age=days, with_state="LIVE"),
    )
