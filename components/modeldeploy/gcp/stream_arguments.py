"""Arguments of a consumer of a stream on Cloud Run, and what Pub/Sub, a worker pool and Kafka cannot do with them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.operations import Operations
from modeldeploy.spec.streaming import Broker, Kafka, SchemaFormat, StreamingArgs

from . import kafka, pubsub
from .budget import billing_problems
from .cloud_run import size_problems
from .identity import member_problems
from .pubsub import MessageEncoding
from .run_arguments import APIS, concurrency_problems
from .secrets import SECRET_VERSION
from .streams import consumer_problems

ENCRYPTED = ("run", "storage", "logging")
"""The services that store something of a consumer under its key, besides the one that carries the events."""
RESERVED_START = "CLOUD_RUN_"
"""How the names of variables begin that Cloud Run sets in a worker pool."""
PUSHED_ONLY = ("concurrency", "request_seconds", "schema_encoding")
"""Arguments that say how Pub/Sub hands records over."""


@dataclass(frozen=True, kw_only=True)
class CloudRunStreamConsumerArgs(StreamingArgs):
    """A model that scores events from Pub/Sub or Kafka on Cloud Run."""

    billing_account: str | None = None
    """The billing account that pays for the project, `XXXXXX-XXXXXX-XXXXXX`: Google Cloud keeps budgets there. Whoever runs Pulumi needs
    `roles/billing.costsManager` on it. Omitted: no budget is made."""
    concurrency: int | None = None
    """Records that one instance scores at a time, 1 to 1000; more of them make another instance. Omitted: 8. Pub/Sub only."""
    request_seconds: int | None = None
    """Longest time that scoring a record may take, in seconds, 10 to 600; then it counts as failed. Omitted: 60. Pub/Sub only."""
    schema_encoding: MessageEncoding | None = None
    """How messages of `schema` are written, `json` or `binary`. Omitted: json. Needs `schema`."""
    readers: list[str] = field(default_factory=list[str])
    """Identities that may read results and dead letters, as `producers`. Empty: nobody, until somebody is listed."""
    kafka_cpus: int | None = None
    """CPUs of the Kafka cluster that is made, 3 or more, with 4 GiB each; one takes about 20 MiB a second
    (https://cloud.google.com/managed-service-for-apache-kafka/docs/plan-cluster-size). Omitted: 3. Needs `broker` kafka."""

    @property
    def is_pushed(self) -> bool:
        """Whether Pub/Sub carries the events."""
        return self.kafka is None and self.broker is Broker.NATIVE

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from consumer_problems(self, pubsub.TOLD if self.is_pushed else kafka.TOLD)
        yield from billing_problems(self.billing_account, self.operations)
        yield from size_problems(self.compute)
        yield from member_problems("producers", self.producers)
        yield from member_problems("readers", self.readers)
        if self.kafka_cpus is not None and self.broker is not Broker.KAFKA:
            yield Problem("kafka_cpus", f"needs broker {Broker.KAFKA}: no cluster is made; leave it out")
        if self.is_pushed:
            yield from _push_problems(self)
        else:
            yield from _worker_problems(self)
        if self.broker is Broker.KAFKA:
            yield from _cluster_problems(self)
        if self.kafka is not None:
            yield from _given_problems(self, self.kafka)


def encrypted(args: CloudRunStreamConsumerArgs) -> list[str]:
    """The services that store something under the key."""
    return [*ENCRYPTED, *(["pubsub"] if args.is_pushed else []), *(["managedkafka"] if args.broker is Broker.KAFKA else [])]


def with_login(args: CloudRunStreamConsumerArgs) -> CloudRunStreamConsumerArgs:
    """The arguments with the secret of a Kafka that is given among the secrets."""
    return args if args.kafka is None else replace(args, secrets={**args.secrets, kafka.SECRET: args.kafka.secret})


def stream_apis(args: CloudRunStreamConsumerArgs) -> list[str]:
    """What a consumer needs, and what only some arguments need."""
    wanted = {
        "pubsub": args.is_pushed,
        "managedkafka": args.broker is Broker.KAFKA,
        "secretmanager": bool(args.secrets) or args.kafka is not None,
        "billingbudgets": args.billing_account is not None,
    }
    return [*APIS, "binaryauthorization", *(api for api, needed in wanted.items() if needed)]


def _push_problems(args: CloudRunStreamConsumerArgs) -> Iterator[Problem]:
    """Problems of what Pub/Sub cannot do."""
    instead = f"leave it out, or use broker {Broker.KAFKA}"
    if args.partitions is not None:
        yield Problem(
            "partitions",
            "has no meaning on Pub/Sub: records of one ordering key come one after the other, and scaling.maximum and concurrency say how many "
            f"come at the same time; {instead}",
        )
    if args.records_per_call not in (None, 1):
        yield Problem("records_per_call", f"{args.records_per_call} is not allowed: Pub/Sub hands over one record at a time; {instead}")
    if args.batch_window_seconds:
        yield Problem("batch_window_seconds", f"{args.batch_window_seconds} is not allowed: Pub/Sub hands over each record at once; {instead}")
    if args.parallelism_per_partition != 1:
        yield Problem(
            "parallelism_per_partition",
            f"{args.parallelism_per_partition} is not allowed: Pub/Sub has no partitions, and records of one ordering key come one after the other; "
            f"{instead}",
        )
    if args.concurrency is not None:
        yield from concurrency_problems(args.concurrency)
    if args.request_seconds is not None and not 10 <= args.request_seconds <= pubsub.MOST_ACKNOWLEDGE_SECONDS:
        yield Problem("request_seconds", f"{args.request_seconds} is not allowed; use 10 to {pubsub.MOST_ACKNOWLEDGE_SECONDS}")
    if args.schema is not None and args.schema.format is not SchemaFormat.AVRO:
        yield Problem(
            "schema.format",
            f"'{args.schema.format}' is not taken by Pub/Sub; write the schema in Avro: with schema_encoding {MessageEncoding.JSON} messages are "
            "JSON all the same",
        )
    if args.schema is None and args.schema_encoding is not None:
        yield Problem("schema_encoding", "needs schema; leave it out")


def _worker_problems(args: CloudRunStreamConsumerArgs) -> Iterator[Problem]:
    """Problems of what a worker pool cannot do."""
    if args.scaling.minimum != args.scaling.maximum:
        yield Problem(
            "scaling",
            f"{args.scaling.minimum} to {args.scaling.maximum} is not possible with Kafka: Cloud Run does not scale a worker pool by what waits; "
            f"give minimum and maximum the same number, or use broker {Broker.NATIVE}",
        )
    if args.capture_days:
        yield Problem(
            "capture_days",
            f"{args.capture_days} is not possible with Kafka, which nothing copies to Cloud Storage; use 0, or broker {Broker.NATIVE}",
        )
    if args.schema is not None:
        yield Problem("schema", f"is registered by Pub/Sub only; leave it out, or use broker {Broker.NATIVE}")
    for name in PUSHED_ONLY:
        if getattr(args, name) is not None:
            yield Problem(name, f"has no effect with Kafka; leave it out, or use broker {Broker.NATIVE}")
    default = Operations()
    for name in ("latency_milliseconds", "error_percent"):
        if getattr(args.operations, name) != getattr(default, name):
            yield Problem(f"operations.{name}", "has no effect with Kafka, where no requests are counted; leave it out, and use lag_seconds")
    for path, variables in (("model.container.environment", args.model.container.environment), ("secrets", args.secrets)):
        for variable in variables:
            if variable.startswith(RESERVED_START):
                yield Problem(f"{path}.{variable}", f"begins with {RESERVED_START}, as the variables that Cloud Run sets; choose another name")


def _cluster_problems(args: CloudRunStreamConsumerArgs) -> Iterator[Problem]:
    """Problems of a cluster that is made."""
    if args.kafka_cpus is not None and args.kafka_cpus < kafka.LEAST_CPUS:
        yield Problem("kafka_cpus", f"{args.kafka_cpus} is not allowed; use {kafka.LEAST_CPUS} or more")
    partitions = kafka.DEFAULT_PARTITIONS if args.partitions is None else args.partitions
    if args.scaling.minimum == args.scaling.maximum > partitions:
        yield Problem("scaling", f"{args.scaling.maximum} is more than partitions, which is {partitions}: some instances would have nothing to read")
    yield from kafka.principal_problems("producers", args.producers)
    yield from kafka.principal_problems("readers", args.readers)


def _given_problems(args: CloudRunStreamConsumerArgs, given: Kafka) -> Iterator[Problem]:
    """Problems of a Kafka that is given."""
    if args.network.id is None:
        yield Problem(
            "network.id", "is required with kafka: a network that is made reaches nothing but Google's APIs and itself; give one that reaches it"
        )
    if args.retention_hours != StreamingArgs.retention_hours:
        yield Problem("retention_hours", "has no effect on a Kafka that is given; leave it out")
    for name in ("producers", "readers"):
        if getattr(args, name):
            yield Problem(name, "cannot be let in to a Kafka that is given, whose owner does that; leave it out")
    if isinstance(given.secret, str) and not SECRET_VERSION.fullmatch(given.secret):
        yield Problem("kafka.secret", f"'{given.secret}' is no version of a secret; write projects/<project>/secrets/<secret>/versions/<number>")
