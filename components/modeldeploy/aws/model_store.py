"""The bucket that holds model artifacts and captured requests, and the upload of local artifacts."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from modeldeploy.spec import artifact
from modeldeploy.spec.model import Model
from modeldeploy.spec.operations import Environment

from .policy_documents import Statement, deny_plain_text, document

CAPTURE_PREFIX = "capture/"
"""Where requests and answers go that are kept for drift analysis."""


@dataclass(frozen=True)
class ModelStore:
    """The bucket, and where each version's artifact is."""

    bucket: aws.s3.Bucket
    urls: dict[str, pulumi.Output[str]]
    """`s3://` address of the artifact by version."""
    object_arns: list[pulumi.Output[str]]
    """ARNs of the artifacts, for the permission to read them and nothing else."""


def model_store(
    name: str,
    models: Sequence[Model],
    key: pulumi.Input[str],
    environment: Environment,
    capture_days: int,
    partition: pulumi.Output[str],
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> ModelStore:
    """The bucket with the local artifacts of `models` in it, each under its content hash; artifacts that are in S3 already stay where they are.

    In production the bucket is protected and keeps artifacts whose version was dropped.
    """
    production = environment is Environment.PRODUCTION
    bucket, ready = _bucket(name, key, production, capture_days, tags, parent)
    urls: dict[str, pulumi.Output[str]] = {}
    arns: list[pulumi.Output[str]] = []
    for model in models:
        if model.is_remote:
            location = model.source.removeprefix("s3://")
            urls[model.version] = pulumi.Output.from_input(model.source)
            arns.append(partition.apply(lambda it, location=location: f"arn:{it}:s3:::{location}"))
            continue
        digest = artifact.content_hash(model.source)
        uploaded = aws.s3.BucketObjectv2(
            f"{name}-artifact-{model.version}-{digest}",
            bucket=bucket.id,
            key=f"models/{model.name}/{model.version}/{digest}/model.tar.gz",
            source=pulumi.FileAsset(str(artifact.archive(model.source))),
            server_side_encryption="aws:kms",
            kms_key_id=key,
            bucket_key_enabled=True,
            tags=_object_tags(tags),
            opts=pulumi.ResourceOptions(parent=parent, depends_on=ready, retain_on_delete=production),
        )
        urls[model.version] = pulumi.Output.concat("s3://", uploaded.bucket, "/", uploaded.key)
        arns.append(uploaded.arn)
    return ModelStore(bucket, urls, arns)


def _bucket(
    name: str, key: pulumi.Input[str], production: bool, capture_days: int, tags: dict[str, str], parent: pulumi.Resource
) -> tuple[aws.s3.Bucket, list[pulumi.Resource]]:
    """The bucket, and what must be in place before anything is put into it."""
    opts = pulumi.ResourceOptions(parent=parent)
    bucket = aws.s3.Bucket(f"{name}-models", force_destroy=not production, tags=tags, opts=pulumi.ResourceOptions(parent=parent, protect=production))
    private = aws.s3.BucketPublicAccessBlock(
        f"{name}-models",
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=opts,
    )
    owned = aws.s3.BucketOwnershipControls(
        f"{name}-models", bucket=bucket.id, rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"), opts=opts
    )
    versioned = aws.s3.BucketVersioning(
        f"{name}-models",
        bucket=bucket.id,
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
        opts=opts,
    )
    encrypted = aws.s3.BucketServerSideEncryptionConfiguration(
        f"{name}-models",
        bucket=bucket.id,
        rules=[
            aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                bucket_key_enabled=True,
                apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                    sse_algorithm="aws:kms", kms_master_key_id=key
                ),
            )
        ],
        opts=opts,
    )
    aws.s3.BucketLifecycleConfiguration(
        f"{name}-models",
        bucket=bucket.id,
        rules=_lifecycle(capture_days),
        # S3 wants versioning settled before rules about versions.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[versioned]),
    )
    policy = aws.s3.BucketPolicy(
        f"{name}-models",
        bucket=bucket.id,
        policy=bucket.arn.apply(lambda arn: document(*_tls_only(arn))),
        # Two writers of the bucket's access settings at once meet in a conflict.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[private, owned]),
    )
    return bucket, [private, owned, versioned, encrypted, policy]


def _lifecycle(capture_days: int) -> list[aws.s3.BucketLifecycleConfigurationRuleArgs]:
    return [
        aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="old-versions-and-broken-uploads",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(noncurrent_days=90),
            abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(days_after_initiation=7),
        ),
        aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="captured-requests",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=CAPTURE_PREFIX),
            expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=capture_days),
        ),
    ]


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


def _object_tags(tags: dict[str, str]) -> dict[str, str]:
    """S3 takes ten tags on an object; the bucket carries them all."""
    return dict(list(tags.items())[-10:])
