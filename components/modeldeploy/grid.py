"""Which class deploys what where: the grid of clouds and deployment types, loaded on demand.

A program that stays on one cloud imports its class directly. One that lets configuration choose the cloud asks the grid, and loads only the SDK of
the cloud that was chosen.
"""

import importlib
import inspect
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Protocol, TypeVar, cast

import pulumi

from .spec import (
    Cluster,
    ClusterArgs,
    ContainerArgs,
    DatabaseArgs,
    DatabaseConnection,
    HealthRecordsArgs,
    KubernetesArgs,
    ManagedBatchArgs,
    ManagedEndpointArgs,
    Network,
    NetworkArgs,
    ServerlessArgs,
    StreamingArgs,
    TaskBatchArgs,
)
from .spec.arguments import ArgumentError, Problem, parse, unknown_name
from .spec.needs import DeploymentType as DeploymentType

Kind = TypeVar("Kind", bound=StrEnum)


class Cloud(StrEnum):
    """A cloud that deployments run on."""

    AWS = "aws"
    AZURE = "azure"
    GCP = "gcp"


class EndpointComponent(Protocol):
    """What every deployment that answers requests has."""

    url: pulumi.Output[str]
    identity: pulumi.Output[str]
    model_version: pulumi.Output[str]
    logs: pulumi.Output[str]
    dashboard_url: pulumi.Output[str]
    monthly_cost: pulumi.Output[float]
    database_grant: pulumi.Output[str]


class BatchComponent(Protocol):
    """What every deployment that scores in batches has."""

    start: pulumi.Output[str]
    results: pulumi.Output[str]
    identity: pulumi.Output[str]
    model_version: pulumi.Output[str]
    logs: pulumi.Output[str]
    dashboard_url: pulumi.Output[str]
    monthly_cost: pulumi.Output[float]


class StreamComponent(Protocol):
    """What every deployment that scores events as they arrive has."""

    events: pulumi.Output[str]
    results: pulumi.Output[str]
    dead_letters: pulumi.Output[str]
    replay: pulumi.Output[str]
    identity: pulumi.Output[str]
    model_version: pulumi.Output[str]
    logs: pulumi.Output[str]
    dashboard_url: pulumi.Output[str]
    monthly_cost: pulumi.Output[float]
    database_grant: pulumi.Output[str]


class NetworkComponent(Protocol):
    """What every network has."""

    def reference(self) -> Network:
        """The network as an argument of the deployments in it."""
        ...


class DatabaseComponent(Protocol):
    """What every database has."""

    def connection(self) -> DatabaseConnection:
        """The database as an argument of the deployments that read it."""
        ...


class ClusterComponent(Protocol):
    """What every Kubernetes cluster has."""

    def reference(self) -> Cluster:
        """The cluster as an argument of the deployments on it."""
        ...


class HealthRecordsComponent(Protocol):
    """What every FHIR service has."""

    url: pulumi.Output[str]
    logs: pulumi.Output[str]

    def let_read(self, name: str, identity: pulumi.Input[str]) -> None:
        """Lets the `identity` of a deployment read, and nothing more; `name` names the permission."""
        ...


class NetworkClass(Protocol):
    """A network's constructor."""

    def __call__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> NetworkComponent:
        """Registers the network."""
        ...


class DatabaseClass(Protocol):
    """A database's constructor."""

    def __call__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> DatabaseComponent:
        """Registers the database."""
        ...


class ClusterClass(Protocol):
    """A cluster's constructor."""

    def __call__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> ClusterComponent:
        """Registers the cluster."""
        ...


class HealthRecordsClass(Protocol):
    """A FHIR service's constructor."""

    def __call__(self, name: str, args: HealthRecordsArgs, opts: pulumi.ResourceOptions | None = None) -> HealthRecordsComponent:
        """Registers the service."""
        ...


EndpointArgs = ManagedEndpointArgs | ServerlessArgs | ContainerArgs | KubernetesArgs
"""Arguments of what answers requests; each row takes its own."""

BatchArgs = TaskBatchArgs | ManagedBatchArgs
"""Arguments of what scores in batches; each row takes its own."""


class EndpointClass(Protocol):
    """The constructor of what answers requests."""

    def __call__(self, name: str, args: EndpointArgs | Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> EndpointComponent:
        """Registers the endpoint."""
        ...


class BatchClass(Protocol):
    """The constructor of what scores in batches."""

    def __call__(self, name: str, args: BatchArgs | Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> BatchComponent:
        """Registers the batch."""
        ...


class StreamClass(Protocol):
    """The constructor of what scores events as they arrive."""

    def __call__(self, name: str, args: StreamingArgs | Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> StreamComponent:
        """Registers the stream and its consumer."""
        ...


DEPLOYMENTS: dict[tuple[DeploymentType, Cloud], str] = {
    (DeploymentType.MANAGED_ENDPOINT, Cloud.AWS): "modeldeploy.aws.managed_endpoint:SageMakerEndpoint",
    (DeploymentType.MANAGED_ENDPOINT, Cloud.AZURE): "modeldeploy.azure.managed_endpoint:AzureMLEndpoint",
    (DeploymentType.MANAGED_ENDPOINT, Cloud.GCP): "modeldeploy.gcp.managed_endpoint:VertexEndpoint",
    (DeploymentType.SERVERLESS, Cloud.AWS): "modeldeploy.aws.serverless:LambdaFunction",
    (DeploymentType.SERVERLESS, Cloud.AZURE): "modeldeploy.azure.serverless:AzureFunction",
    (DeploymentType.SERVERLESS, Cloud.GCP): "modeldeploy.gcp.serverless:CloudFunction",
    (DeploymentType.CONTAINER, Cloud.AWS): "modeldeploy.aws.container:FargateService",
    (DeploymentType.CONTAINER, Cloud.AZURE): "modeldeploy.azure.container:ContainerApp",
    (DeploymentType.CONTAINER, Cloud.GCP): "modeldeploy.gcp.container:CloudRunService",
    (DeploymentType.KUBERNETES, Cloud.AWS): "modeldeploy.aws.kubernetes:EksWorkload",
    (DeploymentType.KUBERNETES, Cloud.AZURE): "modeldeploy.azure.kubernetes:AksWorkload",
    (DeploymentType.KUBERNETES, Cloud.GCP): "modeldeploy.gcp.kubernetes:GkeWorkload",
    (DeploymentType.BATCH, Cloud.AWS): "modeldeploy.aws.batch:AwsBatchJob",
    (DeploymentType.BATCH, Cloud.AZURE): "modeldeploy.azure.batch:ContainerAppsJob",
    (DeploymentType.BATCH, Cloud.GCP): "modeldeploy.gcp.batch:CloudRunJob",
    (DeploymentType.MANAGED_BATCH, Cloud.AWS): "modeldeploy.aws.managed_batch:SageMakerBatchTransform",
    (DeploymentType.MANAGED_BATCH, Cloud.AZURE): "modeldeploy.azure.managed_batch:AzureMLBatchEndpoint",
    (DeploymentType.MANAGED_BATCH, Cloud.GCP): "modeldeploy.gcp.managed_batch:VertexBatchPrediction",
    (DeploymentType.STREAMING, Cloud.AWS): "modeldeploy.aws.streaming:LambdaStreamConsumer",
    (DeploymentType.STREAMING, Cloud.AZURE): "modeldeploy.azure.streaming:ContainerAppStreamConsumer",
    (DeploymentType.STREAMING, Cloud.GCP): "modeldeploy.gcp.streaming:CloudRunStreamConsumer",
}
"""The grid: class by deployment type and cloud."""

NETWORKS: dict[Cloud, str] = {
    Cloud.AWS: "modeldeploy.aws.network:AwsNetwork",
    Cloud.AZURE: "modeldeploy.azure.network:AzureNetwork",
    Cloud.GCP: "modeldeploy.gcp.network:GoogleNetwork",
}

DATABASES: dict[Cloud, str] = {
    Cloud.AWS: "modeldeploy.aws.database:RdsDatabase",
    Cloud.AZURE: "modeldeploy.azure.database:AzureSqlDatabase",
    Cloud.GCP: "modeldeploy.gcp.database:CloudSqlDatabase",
}

CLUSTERS: dict[Cloud, str] = {
    Cloud.AWS: "modeldeploy.aws.cluster:EksCluster",
    Cloud.AZURE: "modeldeploy.azure.cluster:AksCluster",
    Cloud.GCP: "modeldeploy.gcp.cluster:GkeCluster",
}

HEALTH_RECORDS: dict[Cloud, str] = {
    Cloud.AWS: "modeldeploy.aws.health_records:HealthLakeFhirStore",
    Cloud.AZURE: "modeldeploy.azure.health_records:AzureFhirService",
    Cloud.GCP: "modeldeploy.gcp.health_records:GoogleFhirStore",
}

ON_ANY_CLUSTER = (
    "modeldeploy.kubernetes.workload:KubernetesWorkload",
    "modeldeploy.kubernetes.batch:KubernetesBatch",
    "modeldeploy.kubernetes.kserve:KServeEndpoint",
)
"""Components for any Kubernetes cluster, a cloud's own or on premises."""


def network(cloud: Cloud) -> NetworkClass:
    """The class that makes a private network on `cloud`."""
    return _load(NETWORKS[cloud])


def database(cloud: Cloud) -> DatabaseClass:
    """The class that makes a private relational database on `cloud`."""
    return _load(DATABASES[cloud])


def cluster(cloud: Cloud) -> ClusterClass:
    """The class that makes a Kubernetes cluster on `cloud`."""
    return _load(CLUSTERS[cloud])


def health_records(cloud: Cloud) -> HealthRecordsClass:
    """The class that makes a private FHIR service on `cloud`."""
    return _load(HEALTH_RECORDS[cloud])


def endpoint(kind: DeploymentType, cloud: Cloud) -> EndpointClass:
    """The class that deploys a model that answers requests on `cloud` in the way `kind` says."""
    return _load(DEPLOYMENTS[kind, cloud])


def batch(kind: DeploymentType, cloud: Cloud) -> BatchClass:
    """The class that deploys a model that scores in batches on `cloud` in the way `kind` says."""
    return _load(DEPLOYMENTS[kind, cloud])


def stream(kind: DeploymentType, cloud: Cloud) -> StreamClass:
    """The class that deploys a model that scores events as they arrive on `cloud` in the way `kind` says."""
    return _load(DEPLOYMENTS[kind, cloud])


def check(component: Callable[..., object], name: str, args: object) -> None:
    """Checks the arguments of a component without registering anything; raises its `ArgumentError`.

    A stack of several components calls it for each before it registers the first, so that bad input leaves nothing half made.
    """
    annotations = inspect.get_annotations(cast(type, component).__init__)
    parse(annotations["args"], args, f"{cast(type, component).__name__} '{name}'")


def choose(kind: type[Kind], value: str, path: str, subject: str) -> Kind:
    """`value` as a member of `kind`; raises `ArgumentError` with the allowed ones (an unknown cloud, an unknown deployment type)."""
    try:
        return kind(value)
    except ValueError:
        raise ArgumentError(subject, [Problem(path, unknown_name(value, kind))]) from None


def _load(address: str) -> Any:
    module, _, name = address.partition(":")
    return getattr(importlib.import_module(module), name)
