"""What every stack tells at its end, under the same names on every cloud."""

from collections.abc import Sequence

import pulumi

from modeldeploy.grid import BatchComponent, Cloud, DeploymentType, EndpointComponent, StreamComponent
from stacks.shared.settings import Found


def export_endpoint(cloud: Cloud, kind: DeploymentType, endpoint: EndpointComponent) -> None:
    """Exports the outputs of what answers requests."""
    pulumi.export("endpoint", endpoint.url)
    pulumi.export("database_grant", endpoint.database_grant)
    _export_common(cloud, kind, endpoint)


def export_batch(cloud: Cloud, kind: DeploymentType, batch: BatchComponent) -> None:
    """Exports the outputs of what scores in batches."""
    pulumi.export("start", batch.start)
    pulumi.export("results", batch.results)
    _export_common(cloud, kind, batch)


def export_stream(cloud: Cloud, kind: DeploymentType, stream: StreamComponent) -> None:
    """Exports the outputs of what scores events as they arrive."""
    pulumi.export("events", stream.events)
    pulumi.export("results", stream.results)
    pulumi.export("dead_letters", stream.dead_letters)
    pulumi.export("replay", stream.replay)
    pulumi.export("database_grant", stream.database_grant)
    _export_common(cloud, kind, stream)


def export_models(found: Sequence[Found]) -> None:
    """Exports where each version deployed came from, exactly."""
    pulumi.export("models", {each.model.version: each.resolved.outputs() for each in found})


def _export_common(cloud: Cloud, kind: DeploymentType, deployment: EndpointComponent | BatchComponent | StreamComponent) -> None:
    pulumi.export("cloud", cloud.value)
    pulumi.export("deployment", kind.value)
    pulumi.export("identity", deployment.identity)
    pulumi.export("model_version", deployment.model_version)
    pulumi.export("logs", deployment.logs)
    pulumi.export("dashboard", deployment.dashboard_url)
    pulumi.export("monthly_cost_usd", deployment.monthly_cost)
