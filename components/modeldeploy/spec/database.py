"""The relational database beside a model: its arguments, and how a deployment is connected to it. The same on every cloud."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pulumi

from .arguments import Problem
from .encryption import Encryption
from .network import Network
from .operations import Environment, Operations
from .tags import tag_problems

NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


@dataclass(frozen=True, kw_only=True)
class DatabaseConnection:
    """A database that a deployment reads, reached privately with the deployment's own identity.

    The container finds it in DATABASE_HOST, DATABASE_PORT, DATABASE_NAME and DATABASE_USER. There is no password: it asks the cloud for a token.
    """

    id: pulumi.Input[str]
    """What the deployment's permission is scoped to: the `id` output of the cloud's database component."""
    host: pulumi.Input[str]
    """Host name or private address, the `host` output."""
    database: pulumi.Input[str]
    """Name of the database, the `database` output."""


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """A private database that is entered with identities of the cloud, never with a password."""

    database: str
    """Name of the database: 1 to 31 lower-case letters, digits and '_', beginning with a letter."""
    network: Network = Network()
    """The private network it is reached from. Default: one is made."""
    storage_gib: int = 32
    """Storage in GiB, 20 to 1024. It can grow later, never shrink."""
    backup_days: int = 14
    """Days that automatic backups are kept, 7 to 35."""
    encryption: Encryption = Encryption()
    """The customer-managed key. Default: one is made."""
    operations: Operations = Operations()
    """Logs and alarms."""
    environment: Environment = Environment.PRODUCTION
    """Production: protected from deletion, with a standby in another zone."""
    tags: dict[str, str] = field(default_factory=dict[str, str])
    """Tags for everything that takes them, besides `environment` and `managed-by`."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not NAME.fullmatch(self.database):
            yield Problem(
                "database",
                f"'{self.database}' is no database name; allowed: 1 to 31 lower-case letters, digits and '_', beginning with a letter",
            )
        if not 20 <= self.storage_gib <= 1024:
            yield Problem("storage_gib", f"{self.storage_gib} is not allowed; use 20 to 1024")
        if not 7 <= self.backup_days <= 35:
            yield Problem("backup_days", f"{self.backup_days} is not allowed; use 7 to 35")
        yield from tag_problems(self.tags)
