"""What is registered in an Azure ML workspace: models, environments and code, each under a version that follows its content."""

from __future__ import annotations

import hashlib

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec import artifact
from modeldeploy.spec.model import Container, Model
from modeldeploy.spec.names import fit

from .group import Group
from .model_store import ModelStore, address, path, upload, upload_files
from .workspace import Workspace, datastore_path

ASSET_VERSION = 30
"""Characters a version of a model or environment may have."""


def asset_version(model: Model) -> str:
    """The version Azure ML registers: an artifact that changed under the same version is a new one, because what is registered cannot change."""
    content = hashlib.sha256(model.source.encode()).hexdigest() if model.is_remote else artifact.content_hash(model.source)
    return f"{model.version}-{content[: ASSET_VERSION - len(model.version) - 1][:8]}"


def model_asset(
    name: str, model: Model, store: ModelStore, workspace: Workspace, group: Group, parent: pulumi.Resource, kind: str = "custom_model"
) -> native.machinelearningservices.ModelVersion:
    """Registers a version of the model, after its upload if it is local. `kind`: `mlflow_model` for a folder as MLflow writes it."""
    uploaded = [] if model.is_remote else upload(name, model, store, group, parent)
    return native.machinelearningservices.ModelVersion(
        f"{name}-{model.version}",
        resource_group_name=group.name,
        workspace_name=workspace.resource.name,
        name=model.name,
        version=asset_version(model),
        properties=native.machinelearningservices.ModelVersionPropertiesArgs(
            model_uri=_uri(model, workspace), model_type=kind, description=f"Version {model.version}", tags=group.tags
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*uploaded, workspace.models]),
    )


def environment_version(container: Container, conda: str | None = None) -> str:
    """A version for the environment: another image, port, path or conda file is a new one."""
    if conda is not None:
        return hashlib.sha256(f"{container.image}\n{conda}".encode()).hexdigest()[:12]
    text = f"{container.image} {container.port} {container.health_path} {container.predict_path}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def environment_asset(
    name: str,
    model: Model,
    version: str,
    routes: native.machinelearningservices.InferenceContainerPropertiesArgs | None,
    workspace: Workspace,
    group: Group,
    parent: pulumi.Resource,
    conda: str | None = None,
    after: list[pulumi.Resource] | None = None,
) -> native.machinelearningservices.EnvironmentVersion:
    """Registers the image of a version of the model; `routes` are those of a server. With a conda file (`conda`), the image is what Azure ML installs
    the packages on."""
    child = f"{name}-{model.version}"
    return native.machinelearningservices.EnvironmentVersion(
        child,
        resource_group_name=group.name,
        workspace_name=workspace.resource.name,
        name=fit(child, 50),
        version=version,
        properties=native.machinelearningservices.EnvironmentVersionPropertiesArgs(
            image=model.container.image, conda_file=conda, os_type="Linux", inference_config=routes, tags=group.tags
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=after),
    )


def code_asset(
    name: str, source: str, store: ModelStore, workspace: Workspace, group: Group, parent: pulumi.Resource, where: str = "code"
) -> native.machinelearningservices.CodeVersion:
    """Uploads a file or folder of code beside the models, and registers it under its content hash.

    What comes and goes by itself has a folder of its own in the store (`where`): one that goes deletes its files.
    """
    digest = artifact.content_hash(source)
    folder = f"{where}/{digest}"
    uploaded = upload_files(f"{name}-code", source, folder, store, group, parent)
    return native.machinelearningservices.CodeVersion(
        f"{name}-code",
        resource_group_name=group.name,
        workspace_name=workspace.resource.name,
        name=fit(f"{name}-code", 50),
        version=digest,
        properties=native.machinelearningservices.CodeVersionPropertiesArgs(code_uri=address(store, folder), tags=group.tags),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*uploaded, workspace.models]),
    )


def _uri(model: Model, workspace: Workspace) -> pulumi.Input[str]:
    if model.is_remote:
        return model.source
    where = path(model)
    return pulumi.Output.all(workspace.resource.id, workspace.models.name).apply(lambda found: datastore_path(found[0], found[1], where))
