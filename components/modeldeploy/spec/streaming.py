"""Arguments of a model that scores a stream of events, the same on every cloud."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pulumi

from .arguments import Problem
from .compute import ContainerCompute
from .database import DatabaseConnection
from .encryption import Encryption
from .model import Model, secret_problems
from .network import Network
from .operations import Environment, Operations
from .scaling import FunctionScaling
from .tags import tag_problems

BOOTSTRAP = re.compile(r"[A-Za-z0-9.-]+:\d{2,5}")
CAPTURED_DAYS = 30
TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")


class Broker(StrEnum):
    """What carries the events."""

    NATIVE = "native"
    """The cloud's own service: Kinesis, Event Hubs, Pub/Sub."""
    KAFKA = "kafka"
    """Kafka, run by the cloud: MSK Serverless, the Kafka endpoint of Event Hubs, Managed Service for Apache Kafka."""


class KafkaLogin(StrEnum):
    """How clients log in to a Kafka of the user's own. There is no login in plain text: connections are TLS."""

    SCRAM = "scram-sha-512"
    """With user and password."""
    MUTUAL_TLS = "mtls"
    """With a certificate."""


class SchemaFormat(StrEnum):
    """How a schema of messages is written."""

    AVRO = "avro"
    """Apache Avro."""
    JSON = "json"
    """JSON Schema."""


@dataclass(frozen=True, kw_only=True)
class Kafka:
    """A Kafka that is there already, on premises or anywhere else the network reaches."""

    bootstrap_servers: list[str]
    """Addresses of brokers, `host:port`."""
    topic: str
    """The topic that is read."""
    results_topic: str
    """The topic that results are written to."""
    dead_letter_topic: str
    """The topic that records go to which could not be scored."""
    login: KafkaLogin = KafkaLogin.SCRAM
    """How clients log in."""
    secret: pulumi.Input[str]
    """The secret with user and password, or with certificate and key; address in the cloud's vault as for `ContainerArgs.secrets`."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not self.bootstrap_servers:
            yield Problem("bootstrap_servers", "is empty; list at least one")
        for index, server in enumerate(self.bootstrap_servers):
            if not BOOTSTRAP.fullmatch(server):
                yield Problem(f"bootstrap_servers[{index}]", f"'{server}' is no broker; write host:port")
        for name in ("topic", "results_topic", "dead_letter_topic"):
            topic: str = getattr(self, name)
            if not TOPIC.fullmatch(topic):
                yield Problem(name, f"'{topic}' is no topic; allowed: 1 to 249 letters, digits, '.', '_' and '-'")


@dataclass(frozen=True, kw_only=True)
class MessageSchema:
    """What a message looks like, registered where the cloud's service has a registry."""

    format: SchemaFormat
    """How it is written."""
    file: str
    """Local file with the schema."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not Path(self.file).is_file():
            yield Problem("file", f"'{self.file}' is no file (looked in {Path(self.file).resolve().parent})")


@dataclass(frozen=True, kw_only=True)
class StreamingArgs:
    """A model that scores events as they arrive: a stream in, a consumer that scales with what is waiting, a stream of results out, letters that
    nobody could read kept apart.

    A record is delivered at least once: after a failure, or when a consumer is replaced, some come again, so scoring has to bear that. Records with
    the same key stay in order. What the consumer gets and gives is documented with each cloud's component.
    """

    model: Model
    """The version that scores. Another version takes over where this one stopped; no record is lost."""
    endpoint: pulumi.Input[str] | None = None
    """Address of a deployed model (`url` of a managed endpoint) that the consumer asks instead of scoring by itself; it finds it in `$ENDPOINT_URL`.
    Default: none."""
    broker: Broker = Broker.NATIVE
    """What carries the events. Excludes `kafka`."""
    kafka: Kafka | None = None
    """A Kafka of the user's own that carries the events instead. Default: none."""
    partitions: int | None = None
    """Partitions, 1 to 100: records of one are read in order by one reader. Omitted: what the service gives by demand, or 4 where it must be told."""
    retention_hours: int = 72
    """Time that records stay in the stream, in hours, 24 to 168. Default 72: a weekend, in which nobody may put a consumer right."""
    records_per_call: int | None = None
    """Records that the model gets at a time at most, 1 to 1000. Omitted: 100, or 1 where the service hands over one at a time."""
    batch_window_seconds: int = 0
    """Time to wait for as many, in seconds, 0 to 300. Default 0: a record is scored at once. Every second of it is a second of latency, and saves
    calls: with 10 records a second and a window of 5 seconds, one call instead of fifty."""
    parallelism_per_partition: int = 1
    """Calls at the same time for one partition, 1 to 10; records with the same key stay in order."""
    retries: int = 3
    """How often a record that failed is tried again, with growing pauses, 0 to 10; then it is a dead letter."""
    max_age_seconds: int = 3600
    """Age at which a record is not scored any more and becomes a dead letter, in seconds, 60 to 86400."""
    schema: MessageSchema | None = None
    """What messages look like. Default: not said."""
    producers: list[str] = field(default_factory=list[str])
    """Identities that may write events, as `Access.callers`. Empty: nobody, until somebody is listed."""
    capture_days: int | None = None
    """Days that all events are kept in object storage, 0 to 3650; 0: not at all. They may hold personal data. Omitted: 30 where the service writes
    them there, none elsewhere (a Kafka that is given)."""
    compute: ContainerCompute = ContainerCompute()
    """The size of one consumer. Default: 1 CPU and 2 GiB."""
    scaling: FunctionScaling = FunctionScaling(minimum=1, maximum=10)
    """Consumers. Default: 1 to 10; the first one is always there, because starting takes longer than an event may wait."""
    lag_seconds: int = 60
    """Alarm when the oldest record that waits is older than this, in seconds, 1 to 86400."""
    secrets: dict[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    """Environment variables that come from a vault, by name; addresses as for `ContainerArgs.secrets`."""
    network: Network = Network()
    """The private network. Default: one is made."""
    encryption: Encryption = Encryption()
    """The customer-managed key. Default: one is made."""
    database: DatabaseConnection | None = None
    """A database the model reads. Default: none."""
    operations: Operations = Operations()
    """Logs, alarms (errors, and lag, dead letters above none, throttling), budget."""
    environment: Environment = Environment.PRODUCTION
    """What the deployment is for. Default: production, the stricter."""
    tags: dict[str, str] = field(default_factory=dict[str, str])
    """Tags for everything that takes them, besides `environment` and `managed-by`, which are always set."""

    @property
    def captured(self) -> int:
        """Days that events are kept in object storage, where the service writes them there; 0: not at all."""
        if self.capture_days is None:
            return CAPTURED_DAYS if self.kafka is None else 0
        return self.capture_days

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if self.kafka is not None and self.broker is not Broker.NATIVE:
            yield Problem("broker", "excludes kafka: a Kafka is given, and none is made; give one of the two")
        if self.kafka is not None and self.partitions is not None:
            yield Problem("partitions", "has no effect on a Kafka that is given; leave it out")
        for name, low, high in (
            ("retention_hours", 24, 168),
            ("batch_window_seconds", 0, 300),
            ("parallelism_per_partition", 1, 10),
            ("retries", 0, 10),
            ("max_age_seconds", 60, 86_400),
            ("lag_seconds", 1, 86_400),
        ):
            value: int = getattr(self, name)
            if not low <= value <= high:
                yield Problem(name, f"{value} is not allowed; use {low} to {high}")
        for name, low, high in (("partitions", 1, 100), ("records_per_call", 1, 1000), ("capture_days", 0, 3650)):
            given: int | None = getattr(self, name)
            if given is not None and not low <= given <= high:
                yield Problem(name, f"{given} is not allowed; use {low} to {high}")
        yield from secret_problems(self.secrets, [self.model.container.environment])
        yield from tag_problems(self.tags)
