"""Stacks that answer requests: their configuration, and its translation into the arguments of the deployment type that serves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from modeldeploy import grid
from modeldeploy.grid import Cloud, DeploymentType
from modeldeploy.spec import (
    Authentication,
    ContainerCompute,
    Environment,
    FunctionModel,
    Model,
    Operations,
    ReplicaScaling,
    Rollout,
    WebAccess,
)
from modeldeploy.spec.arguments import ArgumentError, Problem
from modeldeploy.spec.cluster import COUNTED_BY_PODS
from modeldeploy.spec.kubernetes import Monitoring, NetworkRules, Route
from stacks.shared.beside import make_beside
from stacks.shared.outputs import export_endpoint, export_models
from stacks.shared.project import Project
from stacks.shared.settings import Release, check, source_tags, where
from stacks.shared.sizes import machine_size, pod_size
from stacks.shared.target import Target

FUNCTION_SCALING, REPLICA_SCALING = {"minimum": 0, "maximum": 10}, {"minimum": 2, "maximum": 10}


@dataclass(frozen=True, kw_only=True)
class OnKubernetes:
    """What only a workload on Kubernetes asks for."""

    loader_images: dict[str, str]
    """Image by digest that fetches the model, per cloud (and `cluster`). See `KubernetesArgs.loader_image`."""
    route: Route | None = None
    """How it is reached from outside the cluster. Default: not at all."""
    pods: NetworkRules = NetworkRules()
    """Who may call in the cluster, and what the pods may reach."""
    monitoring: Monitoring = Monitoring()
    """The cluster's Prometheus operator. Its alerts take their numbers from `operations`."""


@dataclass(frozen=True, kw_only=True)
class Serving:
    """Configuration of a stack that answers requests. It is the same for every deployment type and cloud."""

    environment: Environment
    """What the stack is for."""
    deployment: DeploymentType | None = None
    """How the model is deployed. Omitted: as the project's needs ask for (`python -m modeldeploy advise`)."""
    models: list[Release]
    """The versions deployed, oldest first."""
    rollout: Rollout = Rollout()
    """How requests are shared between them."""
    compute: ContainerCompute = ContainerCompute()
    """Size of one replica. A managed endpoint takes the cheapest machine that has as much, a function the memory."""
    scaling: ReplicaScaling | None = None
    """Replicas. Omitted: 0 to 10 of a function, 2 to 10 of everything else."""
    access: WebAccess = WebAccess()
    """Who may call."""
    operations: Operations = Operations()
    """Logs, alarms, budget."""
    kubernetes: OnKubernetes | None = None
    """Required with deployment kubernetes. Other types have no use for it: it is there for the day the stack goes to a cluster."""
    cloud_arguments: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Arguments of the component on one cloud, by cloud: those it has beyond the shared ones, and those whose values are the cloud's own, such as
    `{"gcp": {"billing_account": ...}, "aws": {"access": {"callers": [...]}}}`. They are laid over the others."""


def serve_on_cloud(project: Project, cloud: Cloud, workload: Serving) -> None:
    """Deploys the workload's models, beside what the project has (database), and exports the stack's outputs."""
    kind = project.deployment(workload.deployment, cloud)
    found = [release.find(project.name, kind, Target(cloud)) for release in workload.models]
    tags = {**project.tags, **source_tags(found)}
    component = grid.endpoint(kind, cloud)
    arguments = serving_arguments(kind, cloud, workload, [each.model for each in found], tags)
    check(component, project.name, arguments)

    beside = make_beside(project, cloud, workload.environment, workload.operations)
    endpoint = component(project.name, {**arguments, **beside.arguments()})
    export_endpoint(cloud, kind, endpoint)
    export_models(found)


def serving_arguments(kind: DeploymentType, cloud: Cloud, workload: Serving, models: list[Model], tags: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of the component that serves `workload`; raises `ArgumentError` for configuration that `kind` has no use for."""
    problems = list(_problems(kind, workload))
    if problems:
        raise ArgumentError(f"{where()}, key modeldeploy:workload", problems)
    scaling = given(workload.scaling) or (FUNCTION_SCALING if kind is DeploymentType.SERVERLESS else REPLICA_SCALING)
    shared = {
        "rollout": workload.rollout,
        "operations": workload.operations,
        "environment": workload.environment,
        "tags": dict(tags),
        "scaling": scaling,
        "models": models,
    }
    return {**shared, **_own(kind, cloud, workload, models), **workload.cloud_arguments.get(cloud, {})}


def _own(kind: DeploymentType, cloud: Cloud, workload: Serving, models: list[Model]) -> dict[str, Any]:
    """The arguments that differ between the deployment types."""
    access, compute = workload.access, workload.compute
    match kind:
        case DeploymentType.SERVERLESS:
            return {"models": [FunctionModel(**given(model)) for model in models], "access": access, "memory_mib": compute.memory_mib}
        case DeploymentType.CONTAINER:
            return {"access": access, "compute": compute}
        case DeploymentType.KUBERNETES:
            return {"resources": pod_size(compute), **_on_kubernetes(cloud, workload)}
        case _:
            return {"access": {"exposure": access.exposure, "callers": access.callers}, "compute": machine_size(compute)}


def counted_by_pods(operations: Operations) -> dict[str, int]:
    """The numbers of alarms that only the pods can measure."""
    return {name: getattr(operations, name) for name in COUNTED_BY_PODS}


def given(value: Any) -> dict[str, Any]:
    """The fields of an argument class by name; none of nothing."""
    return {} if value is None else {each.name: getattr(value, each.name) for each in fields(value)}


def _on_kubernetes(cloud: Cloud, workload: Serving) -> dict[str, Any]:
    asked = workload.kubernetes
    if asked is None:
        raise ArgumentError(where(), [Problem("workload.kubernetes", "is required with deployment kubernetes: it names the image that loads models")])
    if cloud not in asked.loader_images:
        raise ArgumentError(where(), [Problem("workload.kubernetes.loader_images", f"has no image for '{cloud}'")])
    return {
        "loader_image": asked.loader_images[cloud],
        "route": asked.route,
        "pods": asked.pods,
        "monitoring": replace(asked.monitoring, **counted_by_pods(workload.operations)),
        "operations": replace(workload.operations, **counted_by_pods(Operations())),
    }


def _problems(kind: DeploymentType, workload: Serving) -> Iterator[Problem]:
    web = (DeploymentType.SERVERLESS, DeploymentType.CONTAINER)
    access = workload.access
    if kind not in web:
        for name, unused in (("authentication", Authentication.IDENTITY), ("tokens", None), ("domain", None), ("requests_per_minute", None)):
            if getattr(access, name) != unused:
                yield Problem(f"access.{name}", f"has no effect with deployment {kind}; leave it out, or use one of {', '.join(web)}")
    if kind is DeploymentType.KUBERNETES and (access.callers or access.exposure != WebAccess().exposure):
        yield Problem("access", f"has no effect with deployment {kind}; say who may call by kubernetes.route and kubernetes.pods")
    if kind is DeploymentType.SERVERLESS and workload.compute.gpus:
        yield Problem("compute.gpus", "is not there for functions; use deployment container, kubernetes or managed-endpoint")
