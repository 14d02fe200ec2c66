"""Stacks that score events as they arrive: their configuration, and its translation into the arguments of the component."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from modeldeploy import grid
from modeldeploy.grid import Cloud, DeploymentType
from modeldeploy.spec import ContainerCompute, Environment, FunctionScaling, Model, Operations, StreamingArgs
from modeldeploy.spec.streaming import Broker, MessageSchema
from stacks.shared.beside import make_beside
from stacks.shared.outputs import export_models, export_stream
from stacks.shared.project import Project
from stacks.shared.settings import Release, check, source_tags
from stacks.shared.target import Target


@dataclass(frozen=True, kw_only=True)
class Streaming:
    """Configuration of a stack that scores events as they arrive. It is the same on every cloud."""

    environment: Environment
    """What the stack is for."""
    deployment: DeploymentType | None = None
    """How the model is deployed. Omitted: as the project's needs ask for (`python -m modeldeploy advise`)."""
    model: Release
    """The version that scores."""
    broker: Broker = StreamingArgs.broker
    """What carries the events."""
    partitions: int | None = None
    """Partitions of the stream. Omitted: what the service gives by demand."""
    batch_window_seconds: int = StreamingArgs.batch_window_seconds
    """Time to wait for more events before the model is asked, in seconds. Latency against money."""
    retention_hours: int = StreamingArgs.retention_hours
    """Time that events stay in the stream, in hours."""
    max_age_seconds: int = StreamingArgs.max_age_seconds
    """Age at which an event is not scored any more, in seconds."""
    retries: int = StreamingArgs.retries
    """How often an event that failed is tried again."""
    capture_days: int | None = None
    """Days that all events are kept in object storage; 0: not at all. Omitted: 30."""
    lag_seconds: int = StreamingArgs.lag_seconds
    """Alarm when the oldest event that waits is older than this, in seconds."""
    schema: MessageSchema | None = None
    """What an event looks like."""
    compute: ContainerCompute = StreamingArgs.compute
    """Size of one consumer."""
    scaling: FunctionScaling = StreamingArgs.scaling
    """Consumers."""
    operations: Operations = Operations()
    """Logs, alarms, budget."""
    cloud_arguments: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Arguments of the component on one cloud, by cloud: those it has beyond the shared ones, and those whose values are the cloud's own, such as
    `{"aws": {"producers": [...]}}`. They are laid over the others."""


SAME = tuple(each.name for each in fields(Streaming) if each.name in StreamingArgs.__dataclass_fields__ and each.name != "model")
"""What the configuration and the component call by one name, and mean the same by."""


def stream_on_cloud(project: Project, cloud: Cloud, workload: Streaming) -> None:
    """Deploys the workload's model to score events as they arrive, beside what the project has, and exports the stack's outputs."""
    kind = project.deployment(workload.deployment, cloud)
    found = workload.model.find(project.name, kind, Target(cloud))
    component = grid.stream(kind, cloud)
    arguments = streaming_arguments(cloud, workload, found.model, {**project.tags, **source_tags([found])})
    check(component, project.name, arguments)

    beside = make_beside(project, cloud, workload.environment, workload.operations)
    made = component(project.name, {**arguments, **beside.arguments(), "model": beside.tell(found.model)})
    beside.let_read(project.name, made.identity)
    export_stream(cloud, kind, made)
    export_models([found])


def streaming_arguments(cloud: Cloud, workload: Streaming, model: Model, tags: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of the component that scores the events of `workload`."""
    return {**{name: getattr(workload, name) for name in SAME}, "model": model, "tags": dict(tags), **workload.cloud_arguments.get(cloud, {})}
