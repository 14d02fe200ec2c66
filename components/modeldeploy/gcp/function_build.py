"""What Cloud Functions builds a function from, with what, and where it puts the image.

https://cloud.google.com/functions/docs/building
"""

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec import artifact
from modeldeploy.spec.names import fit
from modeldeploy.spec.serverless import Code, FunctionModel

from .identity import building_account
from .keys import Key
from .scope import Scope

SOURCES = "gcf-v2-sources-"
"""Cloud Functions copies a source to a bucket of its own, whose name begins so, and builds from there."""


def source_archive(scope: Scope, model: FunctionModel, code: Code, bucket: gcp.storage.Bucket) -> gcp.storage.BucketObject:
    """Uploads the source of a version, under its content's hash: other source is another archive."""
    return gcp.storage.BucketObject(
        f"{scope.name}-code-{model.version}",
        gcp.storage.BucketObjectArgs(
            bucket=bucket.name,
            name=f"code/{model.name}/{model.version}/{artifact.content_hash(code.source)}.zip",
            source=pulumi.AssetArchive({path: pulumi.FileAsset(str(file)) for path, file in artifact.files(code.source).items()}),
        ),
        scope.child(retain_on_delete=scope.production),
    )


def image_repository(scope: Scope, key: Key) -> gcp.artifactregistry.Repository:
    """Where images of the function are kept, and scanned if the project scans. Tags may move: Cloud Functions moves its own."""
    return gcp.artifactregistry.Repository(
        f"{scope.name}-images",
        gcp.artifactregistry.RepositoryArgs(
            repository_id=fit(f"{scope.name}-{pulumi.get_stack()}", 63),
            format="DOCKER",
            location=scope.region,
            project=scope.project,
            description=f"Images of {scope.name}, built by Cloud Functions",
            kms_key_name=key.id,
            vulnerability_scanning_config=gcp.artifactregistry.RepositoryVulnerabilityScanningConfigArgs(enablement_config="INHERITED"),
            labels=scope.labels,
        ),
        # It has a fixed name. What runs does not need it: Cloud Run keeps a copy of the image.
        scope.after_apis(*key.ready, delete_before_replace=True),
    )


def builder(
    scope: Scope, bucket: gcp.storage.Bucket, repository: gcp.artifactregistry.Repository
) -> tuple[gcp.serviceaccount.Account, list[pulumi.Resource]]:
    """The service account that builds, and what has to be there before it can: it reads sources, writes images and logs, and nothing else."""
    account = building_account(scope)
    return account, [
        gcp.storage.BucketIAMMember(
            f"{scope.name}-build-reads",
            gcp.storage.BucketIAMMemberArgs(bucket=bucket.name, role="roles/storage.objectViewer", member=account.member),
            scope.child(),
        ),
        gcp.projects.IAMMember(
            f"{scope.name}-build-copies",
            gcp.projects.IAMMemberArgs(
                project=scope.project,
                role="roles/storage.objectViewer",
                member=account.member,
                condition=gcp.projects.IAMMemberConditionArgs(
                    title="function-sources",
                    description="Only the sources that Cloud Functions copied",
                    expression=f"resource.name.startsWith('projects/_/buckets/{SOURCES}')",
                ),
            ),
            scope.child(),
        ),
        gcp.artifactregistry.RepositoryIamMember(
            f"{scope.name}-build-writes",
            gcp.artifactregistry.RepositoryIamMemberArgs(
                repository=repository.name,
                location=scope.region,
                project=scope.project,
                role="roles/artifactregistry.writer",
                member=account.member,
            ),
            scope.child(),
        ),
        gcp.projects.IAMMember(
            f"{scope.name}-build-logs",
            gcp.projects.IAMMemberArgs(project=scope.project, role="roles/logging.logWriter", member=account.member),
            scope.child(),
        ),
    ]
