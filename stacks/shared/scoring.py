"""Stacks that score in batches: their configuration, and its translation into the arguments of the deployment type that scores."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from modeldeploy import grid
from modeldeploy.grid import Cloud, DeploymentType
from modeldeploy.spec import ContainerCompute, Environment, Model, Operations, RecordFormat, Schedule
from modeldeploy.spec.arguments import ArgumentError, Problem
from stacks.shared.beside import make_beside
from stacks.shared.outputs import export_batch, export_models
from stacks.shared.project import Project
from stacks.shared.settings import Release, check, source_tags, where
from stacks.shared.sizes import machine_size
from stacks.shared.target import Target


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """Configuration of a stack that scores in batches. It is the same for every deployment type and cloud."""

    environment: Environment
    """What the stack is for."""
    deployment: DeploymentType | None = None
    """How the model is deployed. Omitted: as the project's needs ask for (`python -m modeldeploy advise`)."""
    model: Release
    """The version that scores."""
    schedule: Schedule | None = None
    """When it runs. Omitted: when somebody starts it."""
    inputs: dict[str, str] = field(default_factory=dict[str, str])
    """Folder in object storage with what is scored, per cloud. Required with deployment managed-batch."""
    command: list[str] = field(default_factory=list[str])
    """Arguments of the container. Only with deployment batch."""
    compute: ContainerCompute = ContainerCompute()
    """Size of one task. A managed batch takes the cheapest machine that has as much."""
    parallelism: int | None = None
    """Tasks, or machines of a managed batch, at the same time. Omitted: all tasks; one machine."""
    retries: int = 3
    """How often a task that failed is tried again. Only with deployment batch."""
    task_minutes: int = 120
    """Time a task has, in minutes. Only with deployment batch."""
    expected_minutes: int = 30
    """Time a task usually takes, in minutes, for the estimate of cost."""
    record_format: RecordFormat = RecordFormat.JSON_LINES
    """How records are written. Only with deployment managed-batch."""
    spot: bool | None = None
    """Spare machines. Omitted: where the service has them."""
    results_days: int = 365
    """Days that results are kept."""
    operations: Operations = Operations()
    """Logs, alarms, budget."""
    cloud_arguments: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Arguments of the component on one cloud, by cloud: those it has beyond the shared ones, and those whose values are the cloud's own. They are
    laid over the others."""


def score_on_cloud(project: Project, cloud: Cloud, workload: Scoring, tasks: int) -> None:
    """Deploys the workload's model to score in `tasks` tasks, beside what the project has (database, health records), and exports the outputs."""
    kind = project.deployment(workload.deployment, cloud)
    found = workload.model.find(project.name, kind, Target(cloud))
    tags = {**project.tags, **source_tags([found])}
    component = grid.batch(kind, cloud)
    arguments = scoring_arguments(kind, cloud, workload, found.model, tasks, tags)
    check(component, project.name, arguments)

    beside = make_beside(project, cloud, workload.environment, workload.operations)
    batch = component(project.name, {**arguments, **beside.arguments(), "model": beside.tell(found.model)})
    beside.let_read(project.name, batch.identity)
    export_batch(cloud, kind, batch)
    export_models([found])


def scoring_arguments(kind: DeploymentType, cloud: Cloud, workload: Scoring, model: Model, tasks: int, tags: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of the component that scores `workload`; raises `ArgumentError` for configuration that `kind` has no use for."""
    problems = list(_problems(kind, workload, tasks))
    if problems:
        raise ArgumentError(f"{where()}, key modeldeploy:workload", problems)
    shared = {
        "model": model,
        "schedule": workload.schedule,
        "input_uri": workload.inputs.get(cloud),
        "results_days": workload.results_days,
        "spot": workload.spot,
        "expected_minutes": workload.expected_minutes,
        "operations": workload.operations,
        "environment": workload.environment,
        "tags": dict(tags),
    }
    return {**shared, **_own(kind, workload, tasks), **workload.cloud_arguments.get(cloud, {})}


def _own(kind: DeploymentType, workload: Scoring, tasks: int) -> dict[str, Any]:
    """The arguments that differ between the deployment types."""
    compute = workload.compute
    if kind is DeploymentType.MANAGED_BATCH:
        return {"record_format": workload.record_format, "compute": machine_size(compute), "workers": workload.parallelism or 1}
    return {
        "command": workload.command,
        "tasks": tasks,
        "parallelism": workload.parallelism,
        "retries": workload.retries,
        "task_minutes": workload.task_minutes,
        "compute": compute,
    }


def _problems(kind: DeploymentType, workload: Scoring, tasks: int) -> Iterator[Problem]:
    defaults = {each.name: each.default for each in fields(Scoring)}
    if kind is DeploymentType.MANAGED_BATCH:
        for name in ("retries", "task_minutes"):
            if getattr(workload, name) != defaults[name]:
                yield Problem(name, f"has no effect with deployment {kind}; leave it out, or use {DeploymentType.BATCH}")
        if workload.command:
            yield Problem("command", f"has no effect with deployment {kind}: the service asks the container over HTTP; use {DeploymentType.BATCH}")
        if tasks > 1:
            yield Problem("deployment", f"{kind} has no tasks of its own, and this project has {tasks}; use {DeploymentType.BATCH}")
    elif workload.record_format != defaults["record_format"]:
        yield Problem("record_format", f"has no effect with deployment {kind}: the container reads what it wants; leave it out")
