"""Container images by a name that may point to something else tomorrow."""

import re
from collections.abc import Callable, Iterator

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


RULES = (
    Rule(
        id="aws-lambda-function-image",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:lambda/function:Function",),
        check=_pinned("imageUri"),
        fix=PIN,
    ),
    Rule(
        id="aws-sagemaker-model-image",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:sagemaker/model:Model",),
        check=_model,
        fix=PIN,
    ),
    Rule(
        id="aws-ecs-taskdefinition-image",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:ecs/taskDefinition:TaskDefinition",),
        check=_documents("containerDefinitions"),
        fix=PIN,
    ),
    Rule(
        id="aws-batch-jobdefinition-image",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:batch/jobDefinition:JobDefinition",),
        check=_documents("containerProperties"),
        fix=PIN,
    ),
    Rule(
        id="aws-ecr-repository-mutable-tags",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:ecr/repository:Repository",),
        check=_ecr,
        fix="Write IMMUTABLE; not set means that tags can be moved.",
        references=checkov("CKV_AWS_51") + aws_config("ECR_PRIVATE_TAG_IMMUTABILITY_ENABLED"),
    ),
    Rule(
        id="azure-containerapps-app-image",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:app:ContainerApp", "azure-native:app:Job"),
        check=_container_app,
        fix=PIN,
    ),
    Rule(
        id="azure-containerinstance-group-image",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:containerinstance:ContainerGroup",),
        check=_container_group,
        fix=PIN,
    ),
    Rule(
        id="azure-web-app-image",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:web:WebApp",),
        check=_pinned("siteConfig.linuxFxVersion", prefix="DOCKER|"),
        fix=PIN,
    ),
    Rule(
        id="azure-machinelearning-environment-image",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:machinelearningservices:EnvironmentVersion",),
        check=_pinned("properties.image"),
        fix=PIN,
    ),
    Rule(
        id="azure-machinelearning-deployment-environment",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=(
            "azure-native:machinelearningservices:OnlineDeployment",
            "azure-native:machinelearningservices:BatchDeployment",
        ),
        check=_environment,
        why="A label moves: what was tested and what runs are only the same where the environment has a version.",
        fix="Name a version of the environment: .../environments/<name>/versions/<version>.",
    ),
    Rule(
        id="gcp-cloudrun-service-image",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:cloudrunv2/service:Service", "gcp:cloudrunv2/workerPool:WorkerPool"),
        check=every("template.containers", IMAGE),
        fix=PIN,
    ),
    Rule(
        id="gcp-cloudrun-job-image",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:cloudrunv2/job:Job",),
        check=every("template.template.containers", IMAGE),
        fix=PIN,
    ),
    Rule(
        id="gcp-artifactregistry-repository-mutable-tags",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:artifactregistry/repository:Repository",),
        check=_artifact_registry,
        fix="Set it to true; not set means that tags can be moved.",
    ),
    Rule(
        id="kubernetes-core-container-image",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=POD_TYPES,
        check=lambda resource: containers(resource, IMAGE),
        fix=PIN,
        references=checkov("CKV_K8S_43", "CKV_K8S_14"),
    ),
    Rule(
        id="gcp-vertex-model-image",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("modeldeploy:index:VertexModel",),
        check=_pinned("container.image"),
        fix=PIN,
    ),
)
