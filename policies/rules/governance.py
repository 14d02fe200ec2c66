"""Models that nobody can tell the version or the approval of."""

from collections.abc import Iterator
from typing import Any, cast

from pulumi_policy import EnforcementLevel, Severity

from policies.rule import Family, Resource, Rule
from policies.view import View, short

FAMILY = Family(
    "governance",
    "Model governance",
    "What answers in production is a stated version of a model that somebody approved; else nobody can explain an answer or go back.",
)

MOVING = ("latest", "current", "stable")
"""Names that mean another file tomorrow."""


def moves(reference: str) -> bool:
    """Whether a path or name means another model tomorrow."""
    words = reference.lower().replace("@", "/").replace(":", "/").replace(".", "/").split("/")
    return "labels" in words or any(word in MOVING for word in words)


def _azure_model(resource: Resource) -> Iterator[str]:
    for path in ("properties.model", "properties.model.assetId"):
        model = resource.text(path)
        if model and moves(model):
            yield f"{path} is {short(model)}"


def _sagemaker_model(resource: Resource) -> Iterator[str]:
    def container(view: View) -> Iterator[str]:
        for path in ("modelDataUrl", "modelPackageName"):
            location = view.text(path)
            if location and moves(location):
                yield f"{view.at(path)} is {short(location)}"

    yield from resource.each("primaryContainer", container)
    yield from resource.each("containers", container)


def _model_card(resource: Resource) -> Iterator[str]:
    if resource.production and resource.text("modelCardStatus") != "Approved":
        yield f"modelCardStatus is {short(resource.text('modelCardStatus'))}"


def _package(resource: Resource) -> Iterator[str]:
    if resource.text("typeName") != "AWS::SageMaker::ModelPackage":
        return
    state: Any = resource.document("desiredState")
    status: Any = cast("dict[str, Any]", state).get("ModelApprovalStatus") if isinstance(state, dict) else None
    if status != "Approved":
        yield f"desiredState.ModelApprovalStatus is {short(status)}"


def _vertex_model(resource: Resource) -> Iterator[str]:
    artifact, model = resource.text("artifactUri"), resource.text("model")
    if artifact and moves(artifact):
        yield f"artifactUri is {short(artifact)}"
    if model and not model.rpartition("@")[2].isdigit():
        yield f"model is {short(model)}"


RULES = (
    Rule(
        id="azure-machinelearning-deployment-model-version",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=(
            "azure-native:machinelearningservices:OnlineDeployment",
            "azure-native:machinelearningservices:BatchDeployment",
        ),
        check=_azure_model,
        fix="Name a version: .../models/<name>/versions/<version>.",
    ),
    Rule(
        id="aws-sagemaker-model-version",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:sagemaker/model:Model",),
        check=_sagemaker_model,
        fix="Put the version or a digest into the path: s3://<bucket>/<model>/<version>/model.tar.gz.",
    ),
    Rule(
        id="aws-sagemaker-modelcard-unapproved",
        family=FAMILY,
        severity=Severity.LOW,
        types=("aws:sagemaker/modelCard:ModelCard",),
        check=_model_card,
        fix="Write Approved when the card was reviewed.",
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="aws-sagemaker-modelpackage-unapproved",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:cloudcontrol/resource:Resource",),
        check=_package,
        fix="Approve the package before it is deployed.",
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="gcp-vertex-model-version",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=(
            "modeldeploy:index:VertexModel",
            "modeldeploy:index:VertexDeployedModel",
        ),
        check=_vertex_model,
        fix="Name a version: a folder of its own for the files, <model>@<number> for what is deployed.",
    ),
)
