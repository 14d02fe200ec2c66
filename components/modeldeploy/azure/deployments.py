"""One online deployment for each version of the model, and what scales it.

https://learn.microsoft.com/azure/machine-learning/concept-endpoints-online
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec import artifact
from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.model import Container, Model
from modeldeploy.spec.names import fit
from modeldeploy.spec.scaling import Scaling

from .busy_times import BusyTime, profiles
from .group import Group
from .model_store import ModelStore, path, upload
from .workspace import Workspace, datastore_path

SHORTEST_PAUSE = 60
"""Seconds between two actions of an autoscale setting at least (`azure_native.monitor.ScaleActionArgs.cooldown`)."""
ASSET_VERSION = 30
"""Characters a version of a model or environment may have."""
CAPTURED = ("request", "response")
"""The collections Azure ML fills from the traffic itself (`azure_native.machinelearningservices.DataCollectorArgs.collections`)."""


@dataclass(frozen=True)
class Serving:
    """What all deployments of an endpoint share."""

    endpoint: native.machinelearningservices.OnlineEndpoint
    identity: native.managedidentity.UserAssignedIdentity
    instance_type: str
    scaling: Scaling
    concurrent_requests: int
    timeout_seconds: int
    capture_percent: int
    variables: Mapping[str, pulumi.Input[str]]
    ready: list[pulumi.Resource]
    """What must be there before a container starts."""


def scaling_problems(scaling: Scaling) -> Iterator[Problem]:
    """Problems of pauses that Azure Monitor does not take."""
    for name in ("scale_out_seconds", "scale_in_seconds"):
        seconds: int = getattr(scaling, name)
        if scaling.is_automatic and seconds < SHORTEST_PAUSE:
            yield Problem(f"scaling.{name}", f"{seconds} is not allowed; Azure pauses {SHORTEST_PAUSE} seconds or more")


def deployment_name(version: str, instance_type: str) -> str:
    """The name of a version's deployment: 3 to 32 letters, digits and '-', beginning with a letter.

    The machine is part of it, so that another machine is another deployment: it is created, takes the traffic over, and the old one goes. An update
    in place would have to find the new machines while the old ones run, and is not supported everywhere
    (https://github.com/Azure/AML-Kubernetes/issues/247).
    """
    machine = instance_type.removeprefix("Standard_").lower().replace("_", "-")
    return fit(f"version-{version}-{machine}", 32)


def deployment(
    name: str, model: Model, serving: Serving, store: ModelStore, workspace: Workspace, group: Group, parent: pulumi.Resource
) -> native.machinelearningservices.OnlineDeployment:
    """The deployment of one version, with its model and environment."""
    child = f"{name}-{model.version}"
    registered = model_asset(name, model, store, workspace, group, parent)
    environment = environment_asset(name, model, environment_version(model.container), _routes(model.container), workspace, group, parent)
    return native.machinelearningservices.OnlineDeployment(
        child,
        resource_group_name=group.name,
        workspace_name=workspace.resource.name,
        endpoint_name=serving.endpoint.name,
        deployment_name=deployment_name(model.version, serving.instance_type),
        kind="Managed",
        sku=native.machinelearningservices.SkuArgs(
            name="Default", tier=native.machinelearningservices.SkuTier.STANDARD, capacity=serving.scaling.minimum
        ),
        properties=native.machinelearningservices.ManagedOnlineDeploymentArgs(
            endpoint_compute_type="Managed",
            model=registered.id,
            environment_id=environment.id,
            environment_variables={**model.container.environment, **serving.variables},
            instance_type=serving.instance_type,
            # Egress is not set: in a workspace with a managed network it is that network's rules that count, and Azure advises against the flag.
            # https://learn.microsoft.com/azure/machine-learning/concept-secure-online-endpoint
            app_insights_enabled=True,
            liveness_probe=_probe(),
            readiness_probe=_probe(),
            request_settings=native.machinelearningservices.OnlineRequestSettingsArgs(
                max_concurrent_requests_per_instance=serving.concurrent_requests, request_timeout=f"PT{serving.timeout_seconds}S"
            ),
            scale_settings=native.machinelearningservices.DefaultScaleSettingsArgs(scale_type="Default"),
            data_collector=_capture(child, serving, workspace, group, parent) if serving.capture_percent else None,
        ),
        tags=group.tags,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=serving.ready,
            # Azure refuses to delete a deployment with traffic, and deletes it with the endpoint (docs/adr/0005-azure-ml-traffic.md).
            deleted_with=serving.endpoint,
            # The autoscaler's.
            ignore_changes=["sku.capacity"] if serving.scaling.is_automatic else None,
        ),
    )


def autoscale(
    name: str,
    deployed: native.machinelearningservices.OnlineDeployment,
    scaling: Scaling,
    busy_times: Sequence[BusyTime],
    group: Group,
    parent: pulumi.Resource,
) -> native.monitor.AutoscaleSetting:
    """Adds a replica above the CPU target, removes one below half of it.

    Versions without traffic have one too: it takes them back to the minimum.
    https://learn.microsoft.com/azure/machine-learning/how-to-autoscale-endpoints
    """
    rules = [
        _scale_rule(deployed, "GreaterThan", scaling.target_cpu_percent, native.monitor.ScaleDirection.INCREASE, scaling.scale_out_seconds),
        _scale_rule(deployed, "LessThan", scaling.target_cpu_percent // 2, native.monitor.ScaleDirection.DECREASE, scaling.scale_in_seconds),
    ]
    return native.monitor.AutoscaleSetting(
        name,
        resource_group_name=group.name,
        enabled=True,
        target_resource_uri=deployed.id,
        profiles=profiles(scaling, busy_times, rules),
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _scale_rule(
    deployed: native.machinelearningservices.OnlineDeployment,
    operator: str,
    percent: int,
    direction: native.monitor.ScaleDirection,
    pause_seconds: int,
) -> native.monitor.ScaleRuleArgs:
    return native.monitor.ScaleRuleArgs(
        metric_trigger=native.monitor.MetricTriggerArgs(
            metric_name="CpuUtilizationPercentage",
            metric_namespace="Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments",
            metric_resource_uri=deployed.id,
            statistic=native.monitor.MetricStatisticType.AVERAGE,
            time_aggregation=native.monitor.TimeAggregationType.AVERAGE,
            time_grain="PT1M",
            time_window="PT5M",
            operator=native.monitor.ComparisonOperationType(operator),
            threshold=percent,
        ),
        scale_action=native.monitor.ScaleActionArgs(
            direction=direction, type=native.monitor.ScaleType.CHANGE_COUNT, value="1", cooldown=f"PT{pause_seconds}S"
        ),
    )


def _uri(model: Model, workspace: Workspace) -> pulumi.Input[str]:
    if model.is_remote:
        return model.source
    where = path(model)
    return pulumi.Output.all(workspace.resource.id, workspace.models.name).apply(lambda found: datastore_path(found[0], found[1], where))


def asset_version(model: Model) -> str:
    """The version Azure ML registers: an artifact that changed under the same version is a new one, because what is registered cannot change."""
    content = hashlib.sha256(model.source.encode()).hexdigest() if model.is_remote else artifact.content_hash(model.source)
    return f"{model.version}-{content[: ASSET_VERSION - len(model.version) - 1][:8]}"


def environment_version(container: Container) -> str:
    """A version for the environment: another image, port or path is a new one."""
    text = f"{container.image} {container.port} {container.health_path} {container.predict_path}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def model_asset(
    name: str, model: Model, store: ModelStore, workspace: Workspace, group: Group, parent: pulumi.Resource
) -> native.machinelearningservices.ModelVersion:
    """Registers a version of the model, after its upload if it is local."""
    uploaded = [] if model.is_remote else upload(name, model, store, group, parent)
    return native.machinelearningservices.ModelVersion(
        f"{name}-{model.version}",
        resource_group_name=group.name,
        workspace_name=workspace.resource.name,
        name=model.name,
        version=asset_version(model),
        properties=native.machinelearningservices.ModelVersionPropertiesArgs(
            model_uri=_uri(model, workspace), model_type="custom_model", description=f"Version {model.version}", tags=group.tags
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*uploaded, workspace.models]),
    )


def environment_asset(
    name: str,
    model: Model,
    version: str,
    routes: native.machinelearningservices.InferenceContainerPropertiesArgs | None,
    workspace: Workspace,
    group: Group,
    parent: pulumi.Resource,
) -> native.machinelearningservices.EnvironmentVersion:
    """Registers the image of a version of the model; `routes` are those of a server."""
    child = f"{name}-{model.version}"
    return native.machinelearningservices.EnvironmentVersion(
        child,
        resource_group_name=group.name,
        workspace_name=workspace.resource.name,
        name=fit(child, 50),
        version=version,
        properties=native.machinelearningservices.EnvironmentVersionPropertiesArgs(
            image=model.container.image, os_type="Linux", inference_config=routes, tags=group.tags
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _routes(container: Container) -> native.machinelearningservices.InferenceContainerPropertiesArgs:
    health = native.machinelearningservices.RouteArgs(path=container.health_path, port=container.port)
    return native.machinelearningservices.InferenceContainerPropertiesArgs(
        liveness_route=health,
        readiness_route=health,
        scoring_route=native.machinelearningservices.RouteArgs(path=container.predict_path, port=container.port),
    )


def _probe() -> native.machinelearningservices.ProbeSettingsArgs:
    """Every ten seconds; ten minutes to load the model."""
    return native.machinelearningservices.ProbeSettingsArgs(
        initial_delay="PT10S", period="PT10S", timeout="PT5S", success_threshold=1, failure_threshold=60
    )


def _capture(
    child: str, serving: Serving, workspace: Workspace, group: Group, parent: pulumi.Resource
) -> native.machinelearningservices.DataCollectorArgs:
    """Keeps a share of requests and answers in the workspace's storage, by hour."""

    def collection(kind: str) -> native.machinelearningservices.CollectionArgs:
        asset = native.machinelearningservices.DataVersion(
            f"{child}-{kind}",
            resource_group_name=group.name,
            workspace_name=workspace.resource.name,
            name=fit(f"{child}-{kind}", 50),
            version="1",
            properties=native.machinelearningservices.UriFolderDataVersionArgs(
                data_type="uri_folder",
                data_uri=workspace.resource.id.apply(lambda found: datastore_path(found, "workspaceblobstore", f"modelDataCollector/{child}/{kind}")),
                tags=group.tags,
            ),
            opts=pulumi.ResourceOptions(parent=parent),
        )
        return native.machinelearningservices.CollectionArgs(
            data_collection_mode="Enabled",
            sampling_rate=serving.capture_percent / 100,
            data_id=asset.id,
            client_id=serving.identity.client_id,
        )

    return native.machinelearningservices.DataCollectorArgs(collections={kind: collection(kind) for kind in CAPTURED}, rolling_rate="Hour")
