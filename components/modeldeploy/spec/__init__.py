"""The cloud-neutral vocabulary: what a deployment is told, the same on every cloud."""

from .access import Access, Authentication, Domain, Exposure, Tokens, WebAccess
from .arguments import ArgumentError, Problem
from .batch import ManagedBatchArgs, RecordFormat, TaskBatchArgs
from .cluster import Cluster, ClusterArgs, KubernetesArgs, NodePool
from .compute import Compute, ContainerCompute
from .container import ContainerArgs
from .database import DatabaseArgs, DatabaseConnection
from .encryption import Encryption
from .health_records import HealthRecordsArgs
from .managed_endpoint import ManagedEndpointArgs
from .model import Container, Model, ModelVersion
from .network import Network, NetworkArgs
from .operations import Environment, Operations
from .rollout import Rollout, Shadow
from .scaling import FunctionScaling, ReplicaScaling, Scaling
from .schedule import Schedule
from .serverless import Code, FunctionModel, ServerlessArgs
from .streaming import StreamingArgs

__all__ = [
    "Access",
    "ArgumentError",
    "Authentication",
    "Cluster",
    "ClusterArgs",
    "Code",
    "Compute",
    "Container",
    "ContainerArgs",
    "ContainerCompute",
    "DatabaseArgs",
    "DatabaseConnection",
    "Domain",
    "Encryption",
    "Environment",
    "Exposure",
    "FunctionModel",
    "FunctionScaling",
    "HealthRecordsArgs",
    "KubernetesArgs",
    "ManagedBatchArgs",
    "ManagedEndpointArgs",
    "Model",
    "ModelVersion",
    "Network",
    "NetworkArgs",
    "NodePool",
    "Operations",
    "Problem",
    "RecordFormat",
    "ReplicaScaling",
    "Rollout",
    "Scaling",
    "Schedule",
    "ServerlessArgs",
    "Shadow",
    "StreamingArgs",
    "TaskBatchArgs",
    "Tokens",
    "WebAccess",
]
