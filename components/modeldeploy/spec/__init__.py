"""The cloud-neutral vocabulary: what a deployment is told, the same on every cloud."""

from .access import Access, Exposure
from .arguments import ArgumentError, Problem
from .compute import Compute
from .database import DatabaseArgs, DatabaseConnection
from .encryption import Encryption
from .managed_endpoint import ManagedEndpointArgs
from .model import Container, Model
from .network import Network, NetworkArgs
from .operations import Environment, Operations
from .rollout import Rollout
from .scaling import Scaling

__all__ = [
    "Access",
    "ArgumentError",
    "Compute",
    "Container",
    "DatabaseArgs",
    "DatabaseConnection",
    "Encryption",
    "Environment",
    "Exposure",
    "ManagedEndpointArgs",
    "Model",
    "Network",
    "NetworkArgs",
    "Operations",
    "Problem",
    "Rollout",
    "Scaling",
]
