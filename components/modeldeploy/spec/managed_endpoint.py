"""Arguments of a managed endpoint, the same on every cloud."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from .access import Access
from .arguments import Problem
from .compute import Compute
from .database import DatabaseConnection
from .encryption import Encryption
from .model import Model
from .network import Network
from .operations import Environment, Operations
from .rollout import Rollout, version_problems
from .scaling import Scaling
from .tags import tag_problems


@dataclass(frozen=True, kw_only=True)
class ManagedEndpointArgs:
    """A model behind the cloud's own serving service, answering in real time (50 to 100 ms is the class it is meant for)."""

    models: list[Model]
    """The versions deployed, oldest first: one in normal operation, two while a new one is rolled out."""
    rollout: Rollout = Rollout()
    """How requests are shared between the versions. Default: all to the last."""
    compute: Compute = Compute()
    """The machine under each replica. Default: 2 CPUs and 8 GiB."""
    scaling: Scaling = Scaling()
    """Replicas of each version that gets traffic. Default: 2 to 10 by CPU use. A version without traffic keeps the minimum, to take over at once."""
    network: Network = Network()
    """The private network. Default: one is made."""
    access: Access = Access()
    """Who may call. Default: private, nobody listed."""
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
        yield from tag_problems(self.tags)
