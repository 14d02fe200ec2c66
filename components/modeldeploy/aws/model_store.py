"""The bucket that holds model artifacts and captured requests, and the upload of local artifacts."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from modeldeploy.spec import artifact
from modeldeploy.spec.model import ModelVersion
from modeldeploy.spec.operations import Environment

from .buckets import expiry, private_bucket

CAPTURE_PREFIX = "capture/"
"""Where requests and answers go that are kept for drift analysis."""

MONITOR_PREFIX = "monitors/"
"""Where monitors write what they found."""


@dataclass(frozen=True)
class ModelStore:
    """The bucket, and where each version's artifact is."""

    bucket: aws.s3.Bucket
    urls: dict[str, pulumi.Output[str]]
    """`s3://` address of the artifact by version."""
    object_arns: list[pulumi.Output[str]]
    """ARNs of the artifacts, for the permission to read them and nothing else."""
    ready: list[pulumi.Resource]
    """What must be in place before anything is put into the bucket."""


def model_store(
    name: str,
    models: Sequence[ModelVersion],
    key: pulumi.Input[str],
    environment: Environment,
    capture_days: int | None,
    partition: pulumi.Output[str],
    tags: dict[str, str],
    parent: pulumi.Resource,
    passing: tuple[str, int] | None = None,
) -> ModelStore:
    """The bucket with the local artifacts of `models` in it, each under its content hash; artifacts that are in S3 already stay where they are.

    In production the bucket is protected and keeps artifacts whose version was dropped. `capture_days` is how long captured requests are kept, where
    any are; `passing` is a further prefix of what goes after some days.
    """
    production = environment is Environment.PRODUCTION
    kept = [("captured-requests", CAPTURE_PREFIX), ("found-by-monitors", MONITOR_PREFIX)]
    expiries = [expiry(rule, prefix, capture_days) for rule, prefix in kept] if capture_days else []
    expiries += [] if passing is None else [expiry("requests-and-answers", *passing)]
    bucket, ready = private_bucket(f"{name}-models", key, production, expiries, tags, parent)
    urls: dict[str, pulumi.Output[str]] = {}
    arns: list[pulumi.Output[str]] = []
    store = ModelStore(bucket, urls, arns, ready)
    for model in models:
        urls[model.version], arn = put(name, model, store, key, production, partition, tags, parent)
        arns.append(arn)
    return store


def put(
    name: str,
    model: ModelVersion,
    store: ModelStore,
    key: pulumi.Input[str],
    production: bool,
    partition: pulumi.Output[str],
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    """Address and ARN of a version's artifact: of what is in S3 already, or of what is uploaded."""
    if model.is_remote:
        location = model.source.removeprefix("s3://")
        # A folder is everything in it.
        within = f"{location}*" if location.endswith("/") else location
        return pulumi.Output.from_input(model.source), partition.apply(lambda it: f"arn:{it}:s3:::{within}")
    digest = artifact.content_hash(model.source)
    uploaded = aws.s3.BucketObjectv2(
        f"{name}-artifact-{model.version}-{digest}",
        bucket=store.bucket.id,
        key=f"models/{model.name}/{model.version}/{digest}/model.tar.gz",
        source=pulumi.FileAsset(str(artifact.archive(model.source))),
        server_side_encryption="aws:kms",
        kms_key_id=key,
        bucket_key_enabled=True,
        tags=object_tags(tags),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=store.ready, retain_on_delete=production),
    )
    return pulumi.Output.concat("s3://", uploaded.bucket, "/", uploaded.key), uploaded.arn


def object_tags(tags: dict[str, str]) -> dict[str, str]:
    """S3 takes ten tags on an object; the bucket carries them all."""
    return dict(list(tags.items())[-10:])
