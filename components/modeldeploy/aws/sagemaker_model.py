"""A version of a model as a SageMaker model: what endpoints and batches are made of."""

import re
from collections.abc import Iterator

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.database import DatabaseConnection
from modeldeploy.spec.model import Model

from .identity import ECR_IMAGE, database_environment
from .model_store import ModelStore
from .security_groups import Place
from .variants import version_key


def sagemaker_model(
    name: str,
    model: Model,
    store: ModelStore,
    role: aws.iam.Role,
    permissions: list[pulumi.Resource],
    place: Place | None,
    database: DatabaseConnection | None,
    tags: dict[str, str],
    parent: pulumi.Resource,
    deployment: str | None = None,
) -> aws.sagemaker.Model:
    """The container with its artifact, in its place inside the network; without one, on SageMaker's own. `deployment` logs in to the database; it is
    `name` where nothing else is said."""
    in_ecr = ECR_IMAGE.fullmatch(model.container.image) is not None
    return aws.sagemaker.Model(
        f"{name}-v{version_key(model.version)}",
        execution_role_arn=role.arn,
        primary_container=aws.sagemaker.ModelPrimaryContainerArgs(
            image=model.container.image,
            # A registry that is not ECR is reached through the network.
            image_config=None if in_ecr else aws.sagemaker.ModelPrimaryContainerImageConfigArgs(repository_access_mode="Vpc"),
            model_data_url=store.urls[model.version],
            environment={**model.container.environment, **database_environment(deployment or name, database)},
        ),
        vpc_config=None if place is None else aws.sagemaker.ModelVpcConfigArgs(subnets=place.network.subnet_ids, security_group_ids=[place.group.id]),
        # Isolation takes every network call away from the container, the database's too.
        enable_network_isolation=place is not None and database is None,
        tags={**tags, "model-version": model.version},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=permissions),
    )


def sagemaker_model_problems(model: Model, database: DatabaseConnection | None) -> Iterator[Problem]:
    """Problems of a model that SageMaker could not run."""
    container = model.container
    # https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
    served = (
        ("port", container.port, 8080),
        ("health_path", container.health_path, "/ping"),
        ("predict_path", container.predict_path, "/invocations"),
    )
    for field, value, only in served:
        if value != only:
            yield Problem(f"container.{field}", f"{value!r} is not allowed; SageMaker only serves {only}")
    if len(container.image) > 255:
        yield Problem("container.image", f"has {len(container.image)} characters; SageMaker takes 255 or fewer")
    if len(container.environment) > 90:
        yield Problem(
            "container.environment", f"has {len(container.environment)} variables; SageMaker takes 90 or fewer besides those for the database"
        )
    if database is not None:
        for variable in container.environment:
            if variable.startswith("DATABASE_"):
                yield Problem(f"container.environment.{variable}", "excludes database: it is set from there; give one of the two")
    if model.source.startswith("s3://") and not re.fullmatch(r"s3://[a-z0-9.-]{3,63}/.+\.tar\.gz", model.source):
        yield Problem("source", f"'{model.source}' is no archive; SageMaker loads s3://<bucket>/<path>.tar.gz")
