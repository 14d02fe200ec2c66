"""The bucket that models are uploaded to, and where each model's files are."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec import artifact
from modeldeploy.spec.model import ModelVersion

from .buckets import delete_replaced, private_bucket
from .keys import Key
from .scope import Scope

NONCURRENT_DAYS = 90
"""Days after which a file that was deleted or replaced cannot be restored any more."""


@dataclass(frozen=True)
class Artifact:
    """Where the files of one model version are."""

    uri: pulumi.Input[str]
    """`gs://` folder."""
    ready: list[pulumi.Resource]
    """What is uploaded before the folder is complete."""


def model_bucket(scope: Scope, key: Key) -> gcp.storage.Bucket:
    """A private bucket for models, encrypted with `key`."""
    return private_bucket(scope, "models", key, [delete_replaced(NONCURRENT_DAYS)])


def upload(scope: Scope, model: ModelVersion, bucket: gcp.storage.Bucket) -> Artifact:
    """Uploads a local model, one object for each file; a remote one stays where it is.

    The folder carries the content's hash: other content is another folder, so a model that runs never changes under its deployment. In
    production, files stay when their version is dropped, and can be deployed again.
    """
    if model.is_remote:
        return Artifact(model.source, [])
    folder = f"models/{model.name}/{model.version}/{artifact.content_hash(model.source)}"
    objects = [
        gcp.storage.BucketObject(
            f"{scope.name}-{model.version}-{path}",
            gcp.storage.BucketObjectArgs(bucket=bucket.name, name=f"{folder}/{path}", source=pulumi.FileAsset(str(file))),
            scope.child(retain_on_delete=scope.production),
        )
        for path, file in artifact.files(model.source).items()
    ]
    return Artifact(pulumi.Output.concat("gs://", bucket.name, "/", folder), [*objects])


def remote_buckets(models: Sequence[ModelVersion]) -> list[str]:
    """Names of the buckets that remote models are in, each once."""
    return sorted({model.source.split("/")[2] for model in models if model.is_remote})
