"""What a workload needs of its deployment, and the deployment types there are: the words `modeldeploy.advise` decides with."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from .arguments import Problem


class DeploymentType(StrEnum):
    """How a model is deployed."""

    MANAGED_ENDPOINT = "managed-endpoint"
    """Behind the cloud's own serving service."""
    SERVERLESS = "serverless"
    """As a function that scales to zero."""
    CONTAINER = "container"
    """In a container of its own behind a load balancer."""
    KUBERNETES = "kubernetes"
    """As a workload on a Kubernetes cluster."""
    BATCH = "batch"
    """As tasks that run a container, on a schedule or when somebody starts them."""
    MANAGED_BATCH = "managed-batch"
    """As a batch in which the cloud's machine-learning service reads files and asks the model for each record."""
    STREAMING = "streaming"
    """As a consumer of a stream of events."""


class Work(StrEnum):
    """What makes the model predict: the first questions of the decision tree."""

    REAL_TIME = "real-time"
    """Somebody asks and waits for the answer."""
    BATCH = "batch"
    """A time comes, and a lot is scored at once."""
    STREAMING = "streaming"
    """Events arrive, and each is scored on its way."""
    EDGE = "edge"
    """A device asks the model it carries, with or without a network."""


class Traffic(StrEnum):
    """How requests arrive."""

    STEADY = "steady"
    """At all hours, about the same."""
    VARIABLE = "variable"
    """At all hours, with peaks."""
    SPORADIC = "sporadic"
    """Now and then, with pauses of hours."""


class DataClass(StrEnum):
    """Whose data it is. The same words are the values of tag `data-class`, which the policy pack reads."""

    PUBLIC = "public"
    """Anybody may know it."""
    INTERNAL = "internal"
    """The company's own."""
    PERSONAL = "personal"
    """About people (GDPR)."""
    CARDHOLDER = "cardholder"
    """Payment cards (PCI DSS)."""
    HEALTH = "health"
    """Protected health information (HIPAA)."""


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a workload needs. Whatever is left out is not asked for."""

    work: Work
    """What makes the model predict."""
    latency_ms: int | None = None
    """Time within which 95 of 100 answers have to be there, in milliseconds, as a caller in the network sees it; 10 or more. Real time only."""
    traffic: Traffic | None = None
    """How requests arrive. Real time only, where the default is `variable`."""
    request_seconds: int | None = None
    """Longest time that one answer may take to compute, in seconds, 1 or more. Real time only."""
    memory_gib: int | None = None
    """Memory that the loaded model needs, in GiB, 1 or more. Real time only."""
    gpus: int = 0
    """GPUs that one replica needs. Real time only; default none."""
    batch_window_minutes: int | None = None
    """Time between the start of a batch and the moment its results have to be there, in minutes, 10 or more. Batch only."""
    tasks: int = 1
    """Parts that a batch falls into and that are scored apart, each by a task of its own: one per store, for example. Batch only."""
    files_of_records: bool = False
    """Whether what is scored lies in files, one record a line, and each record is scored by itself. False: the batch reads its own sources, such as
    a database. Batch only."""
    cluster: bool = False
    """Whether it has to run on a Kubernetes cluster that is there: on premises, or another team's. Real time and batch only."""
    data_class: DataClass = DataClass.INTERNAL
    """Whose data it is. It decides what has to be set, not the type."""
    monthly_budget_usd: int | None = None
    """What it may cost in a month, in US dollars, 1 or more. A type that costs more
    before its first request is passed over, unless all that fit do."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        for name, low in MINIMUM.items():
            value: int | None = getattr(self, name)
            if value is not None and value < low:
                yield Problem(name, f"{value} is not allowed; use {low} or more{INSTEAD.get(name, '')}")
        for name, works in ONLY_FOR.items():
            if self.work not in works and getattr(self, name) != DEFAULTS[name]:
                allowed = " or ".join(works)
                yield Problem(name, f"has no effect with work {self.work}; leave it out, or use {allowed}")
        if self.files_of_records and self.cluster:
            yield Problem("files_of_records", "has no effect on a cluster, where a container reads them; leave it out")
        if self.files_of_records and self.tasks > 1:
            yield Problem(
                "files_of_records", f"excludes {self.tasks} tasks: the service shares records among its machines by itself; give one of the two"
            )


MINIMUM = {
    "latency_ms": 10,
    "request_seconds": 1,
    "memory_gib": 1,
    "gpus": 0,
    "batch_window_minutes": 10,
    "tasks": 1,
    "monthly_budget_usd": 1,
}
INSTEAD = {
    "latency_ms": ": no service answers over a network in less; for less use work streaming or edge",
    "batch_window_minutes": ": machines take minutes to start; for less use work real-time or streaming",
}
ONLY_FOR = {
    "latency_ms": (Work.REAL_TIME,),
    "traffic": (Work.REAL_TIME,),
    "request_seconds": (Work.REAL_TIME,),
    "memory_gib": (Work.REAL_TIME,),
    "gpus": (Work.REAL_TIME,),
    "batch_window_minutes": (Work.BATCH,),
    "tasks": (Work.BATCH,),
    "files_of_records": (Work.BATCH,),
    "cluster": (Work.REAL_TIME, Work.BATCH),
}
DEFAULTS: dict[str, object] = {name: field.default for name, field in Needs.__dataclass_fields__.items()}
