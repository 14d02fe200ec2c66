"""Deploys a project where its configuration says: on a cloud, or on a Kubernetes cluster that is there."""

from modeldeploy.grid import Cloud
from modeldeploy.spec.arguments import ArgumentError, Problem
from stacks.shared.project import Project
from stacks.shared.scoring import Scoring, score_on_cloud
from stacks.shared.serving import Serving, serve_on_cloud
from stacks.shared.settings import where
from stacks.shared.streaming import Streaming, stream_on_cloud
from stacks.shared.target import Target


def serve(project: Project, target: Target, workload: Serving) -> None:
    """Deploys the workload's models to answer requests, beside what the project has, and exports the stack's outputs."""
    if target is Target.CLUSTER:
        # Here, so that stacks on clouds do not load the SDK of Kubernetes.
        from stacks.shared.on_cluster import serve_on_cluster

        serve_on_cluster(project, workload)
    else:
        serve_on_cloud(project, Cloud(target), workload)


def score(project: Project, target: Target, workload: Scoring, *, tasks: int = 1) -> None:
    """Deploys the workload's model to score in `tasks` tasks, beside what the project has, and exports the stack's outputs."""
    if target is Target.CLUSTER:
        from stacks.shared.on_cluster import score_on_cluster

        score_on_cluster(project, workload, tasks)
    else:
        score_on_cloud(project, Cloud(target), workload, tasks)


def stream(project: Project, target: Target, workload: Streaming) -> None:
    """Deploys the workload's model to score events as they arrive, and exports the stack's outputs; raises `ArgumentError` on a cluster."""
    if target is Target.CLUSTER:
        reason = f"'{target}' has no streams of events, which {project.name} reads; use one of the clouds"
        raise ArgumentError(where(), [Problem("cloud", reason)])
    stream_on_cloud(project, Cloud(target), workload)
