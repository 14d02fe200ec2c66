"""Private buckets: closed, versioned, encrypted with the customer's key, reached over TLS only."""

from collections.abc import Callable, Sequence

import pulumi
import pulumi_aws as aws

from .policy_documents import Statement, deny_plain_text, document


def private_bucket(
    name: str,
    key: pulumi.Input[str] | None,
    production: bool,
    expiries: Sequence[aws.s3.BucketLifecycleConfigurationRuleArgs],
    tags: dict[str, str],
    parent: pulumi.Resource,
    allowed: Callable[[str], pulumi.Input[Sequence[Statement]]] = lambda _: (),
) -> tuple[aws.s3.Bucket, list[pulumi.Resource]]:
    """The bucket, and what must be in place before anything is put into it.

    `expiries` are its own rules of what goes when, beside those for old versions and broken uploads. In production it is protected. Without a key it
    is encrypted with S3's own, which is all that load balancers can write to. `allowed` makes statements, of what services may do, from its ARN.
    """
    opts = pulumi.ResourceOptions(parent=parent)
    bucket = aws.s3.Bucket(name, force_destroy=not production, tags=tags, opts=pulumi.ResourceOptions(parent=parent, protect=production))
    private = aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=opts,
    )
    owned = aws.s3.BucketOwnershipControls(
        name, bucket=bucket.id, rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"), opts=opts
    )
    versioned = aws.s3.BucketVersioning(
        name,
        bucket=bucket.id,
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
        opts=opts,
    )
    encrypted = aws.s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.id,
        rules=[
            aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                bucket_key_enabled=key is not None,
                apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                    sse_algorithm="AES256" if key is None else "aws:kms", kms_master_key_id=key
                ),
            )
        ],
        opts=opts,
    )
    aws.s3.BucketLifecycleConfiguration(
        name,
        bucket=bucket.id,
        rules=[_leftovers(), *expiries],
        # S3 wants versioning settled before rules about versions.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[versioned]),
    )
    policy = aws.s3.BucketPolicy(
        name,
        bucket=bucket.id,
        policy=pulumi.Output.all(bucket.arn, bucket.arn.apply(allowed)).apply(lambda it: document(*_tls_only(it[0]), *it[1])),
        # Two writers of the bucket's access settings at once meet in a conflict.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[private, owned]),
    )
    return bucket, [private, owned, versioned, encrypted, policy]


def expiry(rule: str, prefix: str, days: int) -> aws.s3.BucketLifecycleConfigurationRuleArgs:
    """A rule that deletes what is under a prefix after some days."""
    return aws.s3.BucketLifecycleConfigurationRuleArgs(
        id=rule,
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=prefix),
        expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=days),
    )


def _leftovers() -> aws.s3.BucketLifecycleConfigurationRuleArgs:
    return aws.s3.BucketLifecycleConfigurationRuleArgs(
        id="old-versions-and-broken-uploads",
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(noncurrent_days=90),
        abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(days_after_initiation=7),
    )


def _tls_only(bucket_arn: str) -> list[Statement]:
    resources = [bucket_arn, f"{bucket_arn}/*"]
    old: Statement = {
        "Sid": "OnlyTls12",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": resources,
        "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
    }
    return [deny_plain_text("s3:*", *resources), old]
