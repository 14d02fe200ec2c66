"""Arguments of a model that scores a stream as an AWS Lambda function."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.model import remote_problems
from modeldeploy.spec.network import cidr_problems
from modeldeploy.spec.serverless import FunctionModel
from modeldeploy.spec.streaming import Broker, StreamingArgs

from .architecture import Architecture
from .functions import function_problems
from .given import caller_problems, key_problems, network_problems, secret_arn_problems
from .kafka import PARTITIONS
from .streams import ON_DEMAND_SHARDS

MOST_MIB = 10_240
MIB_PER_CPU = 1769
"""Memory of a function at most, and for each CPU: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html."""

READ_TOPIC = re.compile(r"[^.].+")
SAGEMAKER = re.compile(r"https://runtime\.sagemaker\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/endpoints/(?P<name>[A-Za-z0-9-]+)/invocations")

TAKEN = (
    "MODEL_URI",
    "MODEL_VERSION",
    "ENDPOINT_URL",
    "RESULTS_STREAM_ARN",
    "RESULTS_TOPIC",
    "KAFKA_BOOTSTRAP_SERVERS",
    "KAFKA_LOGIN",
    "KAFKA_SECRET_ID",
    "SCHEMA_ARN",
    "AWS_LWA_PORT",
    "AWS_LWA_READINESS_CHECK_PATH",
    "AWS_LWA_PASS_THROUGH_PATH",
)


@dataclass(frozen=True, kw_only=True)
class LambdaStreamConsumerArgs(StreamingArgs):
    """Arguments of `LambdaStreamConsumer`: the shared ones, and what Lambda alone has.

    - `partitions`: shards of both streams; Kinesis doubles or halves them at most in one update. Omitted: on demand, which begins with 4 and grows
      with what is written. Kinesis switches between the two twice a day at most. Topics of MSK Serverless have 4 then; they can become more, never
      fewer.
    - `records_per_call`: 6 MB at most go into one call, however many records they are.
    - `parallelism_per_partition`: Kinesis only. A Kafka's partition has one call at a time; more partitions do more at the same time.
    - `compute`: memory decides; a CPU comes with 1769 MiB. The smallest memory that has both is taken, 10240 MiB at most (5.8 CPUs).
    - `endpoint`: a SageMaker endpoint of this account, by `url`. The consumer signs with Signature Version 4 (service `sagemaker`).
    - `schema`: registered, and found in `$SCHEMA_ARN`; neither Kinesis nor Lambda checks records against it.
    - `producers`: may take the role in output `producer_role`, which may write events and nothing else.
    - `kafka`: needs `network.id`, a network that reaches the brokers. Topics, their retention and who may write are its owner's; nothing is
      captured, because Firehose reads no Kafka but MSK. Its user may read the topic and its group (named after component, project and stack), and
      write to both others. The brokers' certificates are signed by a public authority.
    - `network.id`: the network has VPC endpoints for S3 and `kinesis-streams` (with Kinesis), `sagemaker.runtime` (with `endpoint`), `secretsmanager`
      (with `secrets` or `kafka`) and `glue` (with `schema`), or a way to the internet.
    """

    call_seconds: int = 60
    """Longest time one call may take, in seconds, 1 to 840."""
    fan_out: bool = True
    """Whether the reader of a Kinesis stream has a throughput of its own, and is told of a record about 70 ms after it was written, instead of asking
    once a second (https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html). It costs by the shard-hour and by what is read. A change
    makes another reader, which begins with the oldest record that is kept: what was scored in `retention_hours` is scored again."""
    broker_ranges: list[str] = field(default_factory=list[str])
    """Private IPv4 ranges in which the brokers of a given Kafka are, in CIDR notation. Default: the network's own."""
    architecture: Architecture = Architecture.X86_64
    """For which processor the image was built. Default: x86_64."""
    scratch_mib: int = 512
    """Disk for files in `/tmp`, the only folder the function can write to, in MiB, 512 to 10240. A model that is fetched lies there."""

    @property
    def on_kafka(self) -> bool:
        """Whether a Kafka carries the events."""
        return self.kafka is not None or self.broker is Broker.KAFKA

    @property
    def memory_mib(self) -> int:
        """Memory of one instance, with which come as many CPUs as are asked for."""
        return max(self.compute.memory_mib, math.ceil(self.compute.cpu_millis * MIB_PER_CPU / 1000))

    @property
    def made_partitions(self) -> int:
        """Partitions of what is made, at least."""
        return self.partitions or (PARTITIONS if self.on_kafka else ON_DEMAND_SHARDS)

    @property
    def function_model(self) -> FunctionModel:
        """The version, as a function runs it."""
        model = self.model
        return FunctionModel(name=model.name, version=model.version, source=model.source, container=model.container)

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from (
            Problem(each.path.replace("models[0]", "model"), each.reason) for each in remote_problems([self.model], ("s3",), "the function's role")
        )
        yield from (each.under("model") for each in function_problems(self.function_model, TAKEN, self.database is not None))
        yield from caller_problems(self.producers, "producers")
        yield from key_problems(self.encryption)
        yield from secret_arn_problems(self.secrets)
        yield from network_problems(self.network)
        yield from _size_problems(self)
        yield from _kafka_problems(self)
        if isinstance(self.endpoint, str) and not SAGEMAKER.fullmatch(self.endpoint):
            yield Problem(
                "endpoint", f"'{self.endpoint}' is no SageMaker endpoint; give the output url of a SageMakerEndpoint that is not asynchronous"
            )
        if self.operations.capture_percent:
            yield Problem("operations.capture_percent", "has no effect on a stream, of which all events are kept: see capture_days; leave it out")


def _size_problems(args: LambdaStreamConsumerArgs) -> Iterator[Problem]:
    for name, low, high in (("call_seconds", 1, 840), ("scratch_mib", 512, 10240)):
        value: int = getattr(args, name)
        if not low <= value <= high:
            yield Problem(name, f"{value} is not allowed; use {low} to {high}")
    if args.compute.gpus:
        yield Problem("compute.gpus", f"{args.compute.gpus} is not allowed: Lambda has no GPUs; let the consumer ask an endpoint that has them")
    elif args.memory_mib > MOST_MIB:
        yield Problem(
            "compute",
            f"{args.compute.cpu_millis} thousandths of a CPU and {args.compute.memory_mib} MiB are more than Lambda has (5788 and {MOST_MIB}); "
            "use less, or let the consumer ask an endpoint",
        )
    calls = args.made_partitions * args.parallelism_per_partition
    if not args.on_kafka and calls > args.scaling.maximum:
        yield Problem(
            "scaling.maximum",
            f"{args.scaling.maximum} is below {calls}, the calls at the same time for {args.made_partitions} partitions: records would wait for an "
            f"instance and grow old; use {calls} or more, or fewer partitions or parallelism_per_partition",
        )


def _kafka_problems(args: LambdaStreamConsumerArgs) -> Iterator[Problem]:
    kafka = args.kafka
    if args.on_kafka and args.parallelism_per_partition > 1:
        yield Problem(
            "parallelism_per_partition",
            f"{args.parallelism_per_partition} is not allowed with Kafka: a partition has one call at a time; use more partitions",
        )
    if args.on_kafka and not args.fan_out:
        yield Problem("fan_out", "has no effect on a Kafka; leave it out")
    if args.broker is Broker.KAFKA and args.network.id is not None and len(args.network.subnet_ids) < 2:
        yield Problem("network.subnet_ids", "lists one subnet, and MSK Serverless needs two, in two zones")
    if kafka is None:
        if args.broker_ranges:
            yield Problem("broker_ranges", "has no effect without kafka; leave it out")
        return
    for index, brokers in enumerate(args.broker_ranges):
        yield from cidr_problems(f"broker_ranges[{index}]", brokers)
    yield from secret_arn_problems({"secret": kafka.secret}, "kafka")
    if len({kafka.topic, kafka.results_topic, kafka.dead_letter_topic}) < 3:
        yield Problem("kafka", "names a topic twice; events, results and dead letters need one each, or the consumer would read what it wrote")
    for name in ("topic", "dead_letter_topic"):
        topic: str = getattr(kafka, name)
        if not READ_TOPIC.fullmatch(topic):
            yield Problem(f"kafka.{name}", f"'{topic}' is not allowed: Lambda takes topics of 2 characters and more that do not begin with '.'")
    if args.network.id is None:
        yield Problem("network.id", "is required with kafka: a network that is made reaches no brokers; give one that does")
    if args.producers:
        yield Problem("producers", "has no effect on a Kafka that is given: its owner says who may write; leave it out")
    if args.capture_days:
        yield Problem(
            "capture_days",
            f"{args.capture_days} is not possible with kafka: Firehose reads Kinesis and MSK only; use 0, and let Kafka Connect keep the topic",
        )
    if args.retention_hours != StreamingArgs.retention_hours:
        yield Problem("retention_hours", "has no effect on a Kafka that is given: its topic has its own; leave it out")
