"""Arguments of a model as a container behind a load balancer, the same on every cloud."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pulumi

from .access import WebAccess
from .arguments import Problem
from .compute import ContainerCompute
from .database import DatabaseConnection
from .encryption import Encryption
from .model import Model, secret_problems
from .network import Network
from .operations import Environment, Operations
from .rollout import Rollout, version_problems
from .scaling import ReplicaScaling
from .tags import tag_problems


@dataclass(frozen=True, kw_only=True)
class ContainerArgs:
    """A model in a container of its own that answers requests over HTTP (50 to 200 ms is the class it is meant for).

    The container fetches the artifact from `$MODEL_URI` when it starts.
    """

    models: list[Model]
    """The versions deployed, oldest first: one in normal operation, two while a new one is rolled out."""
    rollout: Rollout = Rollout()
    """How requests are shared between the versions. Default: all to the last."""
    compute: ContainerCompute = ContainerCompute()
    """The size of one replica. Default: 1 CPU and 2 GiB."""
    scaling: ReplicaScaling = ReplicaScaling()
    """Replicas of each version that gets traffic. Default: 2 to 10."""
    request_seconds: int = 60
    """Longest time a request may take, in seconds, 1 to 240."""
    secrets: dict[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    """Environment variables that come from a vault when a replica starts, by name: ARN of a Secrets Manager secret, Key Vault secret address
    (`https://<vault>.vault.azure.net/secrets/...`), Secret Manager version id (`projects/.../secrets/.../versions/...`). The deployment may read
    these and no others."""
    network: Network = Network()
    """The private network. Default: one is made."""
    access: WebAccess = WebAccess()
    """Who may call. Default: private, with an identity of the cloud, nobody listed."""
    encryption: Encryption = Encryption()
    """The customer-managed key. Default: one is made."""
    database: DatabaseConnection | None = None
    """A database the model reads. Default: none."""
    operations: Operations = Operations()
    """Logs, alarms, budget."""
    environment: Environment = Environment.PRODUCTION
    """What the deployment is for. Default: production, the stricter."""
    tags: dict[str, str] = field(default_factory=dict[str, str])
    """Tags for everything that takes them, besides `environment` and `managed-by`, which are always set."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from version_problems(self.models, self.rollout)
        if not 1 <= self.request_seconds <= 240:
            yield Problem("request_seconds", f"{self.request_seconds} is not allowed; use 1 to 240")
        yield from secret_problems(self.secrets, [model.container.environment for model in self.models])
        yield from tag_problems(self.tags)
