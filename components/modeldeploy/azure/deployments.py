"""One online deployment for each version of the model, and what scales it.

https://learn.microsoft.com/azure/machine-learning/concept-endpoints-online
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.model import Container, Model
from modeldeploy.spec.names import fit
from modeldeploy.spec.scaling import Scaling

from .assets import code_asset, environment_asset, environment_version, model_asset
from .busy_times import BusyTime, profiles
from .conda import CondaEnvironment, script
from .group import Group
from .model_registry import in_registry
from .model_store import ModelStore
from .workspace import Workspace, datastore_path

SHORTEST_PAUSE = 60
"""Seconds between two actions of an autoscale setting at least (`azure_native.monitor.ScaleActionArgs.cooldown`)."""
CAPTURED = ("request", "response")
"""The collections Azure ML fills from the traffic itself (`azure_native.machinelearningservices.DataCollectorArgs.collections`)."""
COMPARED = ("model_inputs", "model_outputs")
"""The collections that a monitor compares, which the container fills by Azure's collector:
https://learn.microsoft.com/azure/machine-learning/how-to-collect-production-data"""


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
    collections: tuple[str, ...]
    """What is kept of requests and answers: `CAPTURED` or `COMPARED`."""
    conda: Mapping[str, CondaEnvironment]
    """Environments that Azure ML builds, by version."""
    builders: list[pulumi.Resource]
    """What must be there before it builds one."""
    ready: list[pulumi.Resource]
    """What must be there before a container starts."""


@dataclass(frozen=True)
class Deployed:
    """A version's deployment, and where what it was asked and answered is kept, by collection."""

    resource: native.machinelearningservices.OnlineDeployment
    collected: Mapping[str, native.machinelearningservices.DataVersion]


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


def deployment(name: str, model: Model, serving: Serving, store: ModelStore, workspace: Workspace, group: Group, parent: pulumi.Resource) -> Deployed:
    """The deployment of one version, with its model and environment."""
    child = f"{name}-{model.version}"
    program = _program(name, model, serving, store, workspace, group, parent)
    kept = {kind: _kept(child, kind, workspace, group, parent) for kind in serving.collections} if serving.capture_percent else {}
    deployed = native.machinelearningservices.OnlineDeployment(
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
            model=program.model,
            environment_id=program.environment.id,
            code_configuration=program.code,
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
            data_collector=_collector(kept, serving) if kept else None,
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
    return Deployed(deployed, kept)


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


@dataclass(frozen=True)
class _Program:
    """What a version runs: the model, what it runs in, and the script if the environment has no server of its own."""

    model: pulumi.Input[str]
    environment: native.machinelearningservices.EnvironmentVersion
    code: native.machinelearningservices.CodeConfigurationArgs | None


def _program(name: str, model: Model, serving: Serving, store: ModelStore, workspace: Workspace, group: Group, parent: pulumi.Resource) -> _Program:
    own = serving.conda.get(model.version)
    kind = "mlflow_model" if own is not None and own.code is None else "custom_model"
    registered = model.source if in_registry(model) else model_asset(name, model, store, workspace, group, parent, kind).id
    if own is None:
        version = environment_version(model.container)
        return _Program(registered, environment_asset(name, model, version, _routes(model.container), workspace, group, parent), None)
    version = environment_version(model.container, own.text)
    built = environment_asset(name, model, version, None, workspace, group, parent, conda=own.text, after=serving.builders)
    source, entry = script(own)
    code = code_asset(f"{name}-{model.version}", source, store, workspace, group, parent, where=f"{model.version}/code")
    return _Program(registered, built, native.machinelearningservices.CodeConfigurationArgs(code_id=code.id, scoring_script=entry))


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


def _kept(child: str, kind: str, workspace: Workspace, group: Group, parent: pulumi.Resource) -> native.machinelearningservices.DataVersion:
    """Where one kind of what is kept is, in the workspace's storage."""
    return native.machinelearningservices.DataVersion(
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


def _collector(kept: Mapping[str, native.machinelearningservices.DataVersion], serving: Serving) -> native.machinelearningservices.DataCollectorArgs:
    """Keeps a share of requests and answers, by hour."""
    return native.machinelearningservices.DataCollectorArgs(
        collections={
            kind: native.machinelearningservices.CollectionArgs(
                data_collection_mode="Enabled",
                sampling_rate=serving.capture_percent / 100,
                data_id=asset.id,
                client_id=serving.identity.client_id,
            )
            for kind, asset in kept.items()
        },
        rolling_rate="Hour",
    )
