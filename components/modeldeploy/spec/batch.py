"""Arguments of batches, the same on every cloud: tasks that run a container, and scoring by the cloud's machine-learning service."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import pulumi

from .arguments import Problem
from .compute import Compute, ContainerCompute
from .database import DatabaseConnection
from .encryption import Encryption
from .model import Model, secret_problems
from .network import Network
from .operations import Environment, Operations
from .schedule import Schedule
from .tags import tag_problems


@dataclass(frozen=True, kw_only=True)
class BatchArgs:
    """What every batch has: a model that scores what is in object storage, by the hour or the night, not by the request."""

    model: Model
    """The version that scores."""
    schedule: Schedule | None = None
    """When it runs. Default: only when somebody starts it; output `start` says how."""
    input_uri: pulumi.Input[str] | None = None
    """Folder in object storage with what is scored (`s3://`, `gs://`, or `https://<account>.blob.core.windows.net/...`). The batch may read it.
    Default: none."""
    results_days: int = 365
    """Days that results are kept, 1 to 3650, in a store that is made with the batch."""
    spot: bool | None = None
    """Spare machines, which the cloud may take back, at a third of the price or less; a task that loses its machine starts again. Omitted: yes, where
    the service has them."""
    expected_minutes: int = 30
    """Time a task usually takes, in minutes, 1 to 10080: for `monthly_cost`, and for the budget when none is given. A time limit that is shorter
    counts instead."""
    network: Network = Network()
    """The private network. Default: one is made."""
    encryption: Encryption = Encryption()
    """The customer-managed key. Default: one is made."""
    operations: Operations = Operations()
    """Logs, alarms (a run that failed; others have no effect on a batch), budget."""
    environment: Environment = Environment.PRODUCTION
    """What the deployment is for. Default: production, the stricter."""
    tags: dict[str, str] = field(default_factory=dict[str, str])
    """Tags for everything that takes them, besides `environment` and `managed-by`, which are always set."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        for name, low, high in (("results_days", 1, 3650), ("expected_minutes", 1, 10080)):
            value: int = getattr(self, name)
            if not low <= value <= high:
                yield Problem(name, f"{value} is not allowed; use {low} to {high}")
        yield from tag_problems(self.tags)


@dataclass(frozen=True, kw_only=True)
class TaskBatchArgs(BatchArgs):
    """A batch of tasks, each a run of the model's container.

    A task finds its number, from 0, in the variable that `$TASK_INDEX_VARIABLE` names: each service has a name of its own for it, which cannot be
    changed without a shell in the image. So `os.environ[os.environ["TASK_INDEX_VARIABLE"]]` is right on every cloud. Their count is in `$TASK_COUNT`,
    the artifact at `$MODEL_URI`, what to score at `$INPUT_URI`; it writes to `$RESULTS_URI`. It ends with exit code 0 when it has done its share.
    The container's port and paths are not used.
    """

    command: list[str] = field(default_factory=list[str])
    """Arguments of the container. Default: the image's own."""
    tasks: int = 1
    """Tasks of a run, 1 to 10000."""
    parallelism: int | None = None
    """Tasks that run at the same time, 1 to `tasks`. Default: all."""
    retries: int = 3
    """How often a task that failed is tried again, 0 to 9."""
    task_minutes: int = 120
    """Time a task has, in minutes, 1 to 1440; then it is ended as failed."""
    compute: ContainerCompute = ContainerCompute()
    """The size of one task. Default: 1 CPU and 2 GiB."""
    secrets: dict[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    """Environment variables that come from a vault, by name; addresses as for `ContainerArgs.secrets`. The batch may read these and no others."""
    database: DatabaseConnection | None = None
    """A database the tasks read. Default: none."""

    @property
    def at_once(self) -> int:
        """Tasks that run at the same time."""
        return self.tasks if self.parallelism is None else self.parallelism

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        for name, low, high in (("tasks", 1, 10000), ("retries", 0, 9), ("task_minutes", 1, 1440)):
            value: int = getattr(self, name)
            if not low <= value <= high:
                yield Problem(name, f"{value} is not allowed; use {low} to {high}")
        if self.parallelism is not None and not 1 <= self.parallelism <= max(self.tasks, 1):
            yield Problem("parallelism", f"{self.parallelism} is not allowed; use 1 to tasks, which is {self.tasks}")
        yield from secret_problems(self.secrets, [self.model.container.environment])


class RecordFormat(StrEnum):
    """How records are written in the files that are scored."""

    CSV = "csv"
    """One record a line, comma-separated, without a header."""
    JSON_LINES = "jsonl"
    """One JSON value a line."""


@dataclass(frozen=True, kw_only=True)
class ManagedBatchArgs(BatchArgs):
    """A batch in which the cloud's machine-learning service reads the files, asks the model for each record, and writes the answers."""

    record_format: RecordFormat = RecordFormat.JSON_LINES
    """How records are written."""
    compute: Compute = Compute()
    """The machine of one worker. Default: 2 CPUs and 8 GiB."""
    workers: int = 1
    """Machines that score at the same time, 1 to 100. `expected_minutes` is the time they take together."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        if self.input_uri is None:
            yield Problem("input_uri", "is required: the service reads the records from there")
        if not 1 <= self.workers <= 100:
            yield Problem("workers", f"{self.workers} is not allowed; use 1 to 100")
