"""Stacks on a Kubernetes cluster that is there: the same configuration, as workloads and batches of any cluster.

What a cluster has none of (databases, health records, its own batch service) is refused. Keeping logs, mails and budgets are its owner's business: of
`operations` the numbers of alarms count.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pulumi

from modeldeploy.grid import DeploymentType
from modeldeploy.kubernetes.batch import KubernetesBatch
from modeldeploy.kubernetes.workload import KubernetesWorkload
from modeldeploy.spec import Model, ReplicaScaling
from modeldeploy.spec.arguments import ArgumentError, Problem
from modeldeploy.spec.kubernetes import BatchWorkloadArgs, PodResources, PodScaling, WorkloadArgs, labels_of
from stacks.shared.outputs import export_models
from stacks.shared.project import Project
from stacks.shared.scoring import Scoring
from stacks.shared.serving import Serving, counted_by_pods
from stacks.shared.settings import Found, check, source_tags, where
from stacks.shared.sizes import pod_size
from stacks.shared.target import Target


def serve_on_cluster(project: Project, workload: Serving) -> KubernetesWorkload:
    """Deploys the workload's models as Deployments behind one Service, and exports the stack's outputs."""
    _refuse(project, workload.deployment, DeploymentType.KUBERNETES)
    found = [release.find(project.name, DeploymentType.KUBERNETES, Target.CLUSTER) for release in workload.models]
    arguments = serving_arguments(workload, [each.model for each in found], {**project.tags, **source_tags(found)})
    check(KubernetesWorkload, project.name, arguments)
    made = KubernetesWorkload(project.name, WorkloadArgs(**arguments))
    pulumi.export("endpoint", made.url)
    _export(DeploymentType.KUBERNETES, made, found)
    return made


def score_on_cluster(project: Project, workload: Scoring, tasks: int) -> KubernetesBatch:
    """Deploys the workload's model as a CronJob of `tasks` pods, and exports the stack's outputs."""
    _refuse(project, workload.deployment, DeploymentType.BATCH)
    found = [workload.model.find(project.name, DeploymentType.BATCH, Target.CLUSTER)]
    arguments = scoring_arguments(workload, found[0].model, tasks, {**project.tags, **source_tags(found)})
    check(KubernetesBatch, project.name, arguments)
    made = KubernetesBatch(project.name, BatchWorkloadArgs(**arguments))
    pulumi.export("job", made.job)
    _export(DeploymentType.BATCH, made, found)
    return made


def serving_arguments(workload: Serving, models: list[Model], tags: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of `KubernetesWorkload`."""
    asked = workload.kubernetes
    if asked is None:
        raise ArgumentError(where(), [Problem("workload.kubernetes", "is required on a cluster: it names the image that loads models")])
    return {
        "models": models,
        "rollout": workload.rollout,
        "resources": pod_size(workload.compute),
        "scaling": _scaling(workload),
        "loader_image": asked.loader_images.get(Target.CLUSTER),
        "route": asked.route,
        "network": asked.pods,
        "monitoring": replace(asked.monitoring, **counted_by_pods(workload.operations), utilization_percent=workload.operations.utilization_percent),
        "environment": workload.environment,
        "tags": labels_of(tags),
        **workload.cloud_arguments.get(Target.CLUSTER, {}),
    }


def _scaling(workload: Serving) -> PodScaling:
    asked = workload.scaling or ReplicaScaling()
    return PodScaling(minimum=asked.minimum, maximum=asked.maximum)


def scoring_arguments(workload: Scoring, model: Model, tasks: int, tags: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of `KubernetesBatch`."""
    size: PodResources = pod_size(workload.compute)
    told = {"INPUT_URI": workload.inputs[Target.CLUSTER]} if Target.CLUSTER in workload.inputs else {}
    container = replace(model.container, environment={**told, **model.container.environment})
    return {
        "model": replace(model, container=container),
        "command": workload.command,
        "schedule": workload.schedule,
        "tasks": tasks,
        "parallelism": workload.parallelism or tasks,
        "retries": workload.retries,
        "deadline_minutes": workload.task_minutes * -(-tasks // (workload.parallelism or tasks)),
        "resources": size,
        "environment": workload.environment,
        "tags": labels_of(tags),
        **workload.cloud_arguments.get(Target.CLUSTER, {}),
    }


def _refuse(project: Project, written: DeploymentType | None, only: DeploymentType) -> None:
    problems = list(_problems(project, written, only))
    if problems:
        raise ArgumentError(where(), problems)


def _problems(project: Project, written: DeploymentType | None, only: DeploymentType) -> Iterator[Problem]:
    if written not in (None, only):
        yield Problem("workload.deployment", f"'{written}' is a cloud's; a cluster has {only} for this project")
    if project.database is not None:
        yield Problem("cloud", f"'{Target.CLUSTER}' has no database, which {project.name} reads; use one of the clouds")
    if project.health_records:
        yield Problem("cloud", f"'{Target.CLUSTER}' has no FHIR service, which {project.name} reads; use one of the clouds")
    if project.needs.files_of_records:
        yield Problem("cloud", f"'{Target.CLUSTER}' has no service that scores files of records, as {project.name} needs; use one of the clouds")


def _export(kind: DeploymentType, made: KubernetesWorkload | KubernetesBatch, found: list[Found]) -> None:
    pulumi.export("cloud", Target.CLUSTER.value)
    pulumi.export("deployment", kind.value)
    pulumi.export("identity", made.identity)
    pulumi.export("model_version", made.model_version)
    pulumi.export("logs", made.logs)
    export_models(found)
