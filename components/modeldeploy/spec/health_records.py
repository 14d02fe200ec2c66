"""Arguments of a FHIR service, where health records are, the same on every cloud."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from .arguments import Problem
from .encryption import Encryption
from .network import Network
from .operations import Environment, Operations
from .tags import tag_problems


@dataclass(frozen=True, kw_only=True)
class HealthRecordsArgs:
    """A private service for health records in FHIR R4 (https://hl7.org/fhir/R4/), entered with identities of the cloud alone.

    A deployment reads it with its own identity: pass the output `url` to its container, such as in `FHIR_URL`, and its `identity` to `let_read`.
    """

    network: Network = Network()
    """The private network it is reached from. Default: one is made."""
    encryption: Encryption = Encryption()
    """The customer-managed key. Default: one is made."""
    operations: Operations = Operations()
    """Logs: who read what is kept for `log_retention_days`."""
    environment: Environment = Environment.PRODUCTION
    """Production: protected from deletion."""
    tags: dict[str, str] = field(default_factory=dict[str, str])
    """Tags for everything that takes them, besides `environment` and `managed-by`."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from tag_problems(self.tags)
