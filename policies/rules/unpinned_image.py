"""Container images by a name that may point to something else tomorrow."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from pulumi_policy import Severity

from policies.checks import every, is_on
from policies.pods import POD_TYPES, containers
from policies.rule import Family, Resource, Rule, aws_config, checkov
from policies.view import View, short

FAMILY = Family(
    "unpinned-image",
    "Unpinned image",
    "A tag can be moved: what was tested and what runs are only the same where the image is named by its digest.",
)

DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
PIN = "Name the image by its digest: <repository>@sha256:<64 hexadecimal digits>."


def _pinned(path: str, prefix: str = "") -> Callable[[View], Iterator[str]]:
    """The image at `path` is named by its digest. Where a prefix is given, only values that begin with it are images."""

    def check(view: View) -> Iterator[str]:
        image = view.text(path)
        if image and image.upper().startswith(prefix) and not DIGEST.search(image):
            yield f"{view.at(path)} is {short(image.rpartition('/')[2])} without a digest"

    return check


IMAGE = _pinned("image")


def _documents(path: str) -> Callable[[Resource], Iterator[str]]:
    """The images in a JSON document of containers are named by their digest."""
    return lambda resource: resource.documents(path, IMAGE)


def _model(resource: Resource) -> Iterator[str]:
    yield from resource.each("primaryContainer", IMAGE)
    yield from resource.each("containers", IMAGE)


def _container_app(resource: Resource) -> Iterator[str]:
    yield from resource.each("template.containers", IMAGE)
    yield from resource.each("template.initContainers", IMAGE)


def _container_group(resource: Resource) -> Iterator[str]:
    yield from resource.each("containers", IMAGE)
    yield from resource.each("initContainers", IMAGE)


def _ecr(resource: Resource) -> Iterator[str]:
    if (resource.text("imageTagMutability") or "").upper() not in ("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"):
        yield f"imageTagMutability is {short(resource.text('imageTagMutability'))}"


def _artifact_registry(resource: Resource) -> Iterator[str]:
    if (resource.text("format") or "").upper() == "DOCKER" and resource.text("mode") in (None, "STANDARD_REPOSITORY"):
        yield from is_on("dockerConfig.immutableTags")(resource)


def _environment(resource: Resource) -> Iterator[str]:
    environment = resource.text("properties.environmentId") or ""
    if environment.endswith("@latest") or "/labels/" in environment:
        yield f"properties.environmentId is {short(environment)}"


def _image(name: str, check: Callable[[Resource], Iterator[str]], *types: str, fix: str = PIN, **more: Any) -> Rule:
    """The rule for what runs an image."""
    return Rule(id=name, family=FAMILY, severity=Severity.MEDIUM, types=types, check=check, fix=fix, **more)


RULES = (
    _image("aws-lambda-function-image", _pinned("imageUri"), "aws:lambda/function:Function"),
    _image("aws-sagemaker-model-image", _model, "aws:sagemaker/model:Model"),
    _image("aws-ecs-taskdefinition-image", _documents("containerDefinitions"), "aws:ecs/taskDefinition:TaskDefinition"),
    _image("aws-batch-jobdefinition-image", _documents("containerProperties"), "aws:batch/jobDefinition:JobDefinition"),
    _image(
        "aws-ecr-repository-mutable-tags",
        _ecr,
        "aws:ecr/repository:Repository",
        fix="Write IMMUTABLE; not set means that tags can be moved.",
        references=checkov("CKV_AWS_51") + aws_config("ECR_PRIVATE_TAG_IMMUTABILITY_ENABLED"),
    ),
    _image("azure-containerapps-app-image", _container_app, "azure-native:app:ContainerApp", "azure-native:app:Job"),
    _image("azure-containerinstance-group-image", _container_group, "azure-native:containerinstance:ContainerGroup"),
    _image("azure-web-app-image", _pinned("siteConfig.linuxFxVersion", prefix="DOCKER|"), "azure-native:web:WebApp"),
    _image("azure-machinelearning-environment-image", _pinned("properties.image"), "azure-native:machinelearningservices:EnvironmentVersion"),
    _image(
        "azure-machinelearning-deployment-environment",
        _environment,
        "azure-native:machinelearningservices:OnlineDeployment",
        "azure-native:machinelearningservices:BatchDeployment",
        fix="Name a version of the environment: .../environments/<name>/versions/<version>.",
        why="A label moves: what was tested and what runs are only the same where the environment has a version.",
    ),
    _image(
        "gcp-cloudrun-service-image", every("template.containers", IMAGE), "gcp:cloudrunv2/service:Service", "gcp:cloudrunv2/workerPool:WorkerPool"
    ),
    _image("gcp-cloudrun-job-image", every("template.template.containers", IMAGE), "gcp:cloudrunv2/job:Job"),
    _image(
        "gcp-artifactregistry-repository-mutable-tags",
        _artifact_registry,
        "gcp:artifactregistry/repository:Repository",
        fix="Set it to true; not set means that tags can be moved.",
    ),
    _image(
        "kubernetes-core-container-image", lambda resource: containers(resource, IMAGE), *POD_TYPES, references=checkov("CKV_K8S_43", "CKV_K8S_14")
    ),
    _image("gcp-vertex-model-image", _pinned("container.image"), "modeldeploy:index:VertexModel"),
)
