"""Events on Kafka: a cluster of Managed Service for Apache Kafka with topics and rights of its own, or a Kafka that is there already.

https://cloud.google.com/managed-service-for-apache-kafka/docs/overview
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.compute import HOURS_PER_MONTH
from modeldeploy.spec.names import fit
from modeldeploy.spec.network import Network
from modeldeploy.spec.streaming import Kafka, StreamingArgs

from .keys import Key
from .network import id_of
from .scope import Scope
from .streams import Stream

SECRET = "KAFKA_SECRET"
"""The variable with the secret of a Kafka that is given."""
TOLD = {
    **dict.fromkeys(("KAFKA_BOOTSTRAP_SERVERS", "KAFKA_LOGIN", "KAFKA_GROUP", "EVENTS_TOPIC", "RESULTS_TOPIC", "DEAD_LETTER_TOPIC"), "broker"),
    SECRET: "kafka",
    "RECORDS_PER_CALL": "records_per_call",
    "BATCH_WINDOW_SECONDS": "batch_window_seconds",
    "PARALLELISM_PER_PARTITION": "parallelism_per_partition",
}
"""Variables that a consumer of Kafka gets besides those of every consumer, by the argument they come from."""
EVENTS, RESULTS, DEAD_LETTERS = "events", "results", "dead-letters"
"""The topics of a cluster that is made."""
PORT = 9092
"""Where brokers take SASL over TLS; there is no listener without TLS."""
LOGIN = "oauthbearer"
"""How clients log in to a cluster that is made: with a token of their identity
(https://cloud.google.com/managed-service-for-apache-kafka/docs/authentication-kafka)."""
CONNECT = "roles/managedkafka.client"
"""To connect. What a client may do then is said by the lists of the topics. It is given in the project: clusters have no policy of their own."""
PRINCIPAL = re.compile(r"(?:user|serviceAccount):(\S+@\S+)")
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
LEAST_CPUS = 3
GIB_PER_CPU = 4
GIB = 1024**3
DEFAULT_PARTITIONS = 4
DEFAULT_RECORDS = 100
REPLICAS = 3
LETTER_DAYS = 31
"""Days that dead letters are kept."""
MILLISECONDS_PER_HOUR = 3_600_000
DCU_HOUR_USD, DCU_PER_CPU, DCU_PER_GIB = 0.09, 0.6, 0.1
"""Price of a cluster's capacity in us-central1, in US dollars: https://cloud.google.com/managed-service-for-apache-kafka/pricing, as it stood in
2026."""


@dataclass(frozen=True)
class Cluster:
    """A cluster that is made, with its topics."""

    cluster: gcp.managedkafka.Cluster
    events: gcp.managedkafka.Topic
    results: gcp.managedkafka.Topic
    dead_letters: gcp.managedkafka.Topic

    @property
    def brokers(self) -> pulumi.Output[str]:
        """Where clients begin."""
        return pulumi.Output.format("{0}:{1}", self.cluster.bootstrap_address, PORT)


def principal_problems(argument: str, members: Sequence[str]) -> Iterator[Problem]:
    """Problems of IAM members that Kafka knows nothing of."""
    for index, member in enumerate(members):
        if not PRINCIPAL.fullmatch(member):
            yield Problem(f"{argument}[{index}]", f"'{member}' is nobody that Kafka knows; allowed: serviceAccount: and user:")


def cluster_monthly_usd(cpus: int) -> float:
    """What the capacity of a cluster costs in a month."""
    return round(cpus * (DCU_PER_CPU + GIB_PER_CPU * DCU_PER_GIB) * DCU_HOUR_USD * HOURS_PER_MONTH, 2)


def group(scope: Scope) -> str:
    """The group that the consumer's instances share the partitions in, and from whose offsets another version goes on."""
    return f"{scope.name}-{pulumi.get_stack()}"


def managed_kafka(scope: Scope, args: StreamingArgs, cpus: int, network: Network, key: Key) -> Cluster:
    """A cluster over three zones, reached from `network` only, with topics for events, results and dead letters.

    Its key cannot change later; partitions become more, never fewer.
    """
    cluster = gcp.managedkafka.Cluster(
        f"{scope.name}-kafka",
        gcp.managedkafka.ClusterArgs(
            cluster_id=fit(f"{scope.name}-{pulumi.get_stack()}", 63),
            location=scope.region,
            project=scope.project,
            capacity_config=gcp.managedkafka.ClusterCapacityConfigArgs(vcpu_count=str(cpus), memory_bytes=str(cpus * GIB_PER_CPU * GIB)),
            gcp_config=gcp.managedkafka.ClusterGcpConfigArgs(
                access_config=gcp.managedkafka.ClusterGcpConfigAccessConfigArgs(
                    network_configs=[gcp.managedkafka.ClusterGcpConfigAccessConfigNetworkConfigArgs(subnet=network.subnet_ids[0])]
                ),
                kms_key=key.id,
            ),
            rebalance_config=gcp.managedkafka.ClusterRebalanceConfigArgs(mode="AUTO_REBALANCE_ON_SCALE_UP"),
            labels=scope.labels,
        ),
        scope.after_apis(*key.ready, protect=scope.production),
    )
    partitions = DEFAULT_PARTITIONS if args.partitions is None else args.partitions

    def topic(name: str, hours: int) -> gcp.managedkafka.Topic:
        return gcp.managedkafka.Topic(
            f"{scope.name}-{name}",
            gcp.managedkafka.TopicArgs(
                cluster=cluster.cluster_id,
                topic_id=name,
                location=scope.region,
                project=scope.project,
                partition_count=partitions,
                replication_factor=REPLICAS,
                # A record is there when two of the three zones have it.
                configs={"retention.ms": str(hours * MILLISECONDS_PER_HOUR), "min.insync.replicas": "2"},
            ),
            scope.child(protect=scope.production),
        )

    return Cluster(
        cluster=cluster,
        events=topic(EVENTS, args.retention_hours),
        results=topic(RESULTS, args.retention_hours),
        dead_letters=topic(DEAD_LETTERS, LETTER_DAYS * 24),
    )


def open_kafka(scope: Scope, network: Network, tag: str) -> gcp.compute.Firewall:
    """Lets instances with the network `tag` reach brokers in `network`, which may refuse everything that is not named."""
    id = pulumi.Output.from_input(id_of(network))
    return gcp.compute.Firewall(
        f"{scope.name}-allow-kafka",
        gcp.compute.FirewallArgs(
            network=id,
            project=pulumi.Output.all(id, scope.project).apply(lambda values: _project_of(str(values[0]), str(values[1]))),
            description=f"The consumer {scope.name} to its brokers",
            direction="EGRESS",
            priority=1000,
            destination_ranges=list(PRIVATE),
            target_tags=[tag],
            allows=[gcp.compute.FirewallAllowArgs(protocol="tcp", ports=[str(PORT)])],
            log_config=gcp.compute.FirewallLogConfigArgs(metadata="INCLUDE_ALL_METADATA"),
        ),
        scope.after_apis(),
    )


def let_use(
    scope: Scope, made: Cluster, consumer: gcp.serviceaccount.Account, producers: Sequence[str], readers: Sequence[str]
) -> list[pulumi.Resource]:
    """Lets the consumer, `producers` and `readers` connect, and do what each has to on each topic; nobody else may do anything there. Groups of
    readers begin with the consumer's own and '-'."""
    members = {f"connects-{member}": pulumi.Output.from_input(member) for member in sorted({*producers, *readers})}
    connects = [
        gcp.projects.IAMMember(
            f"{scope.name}-{purpose}", gcp.projects.IAMMemberArgs(project=scope.project, role=CONNECT, member=member), scope.child()
        )
        for purpose, member in {"connects": consumer.member, **members}.items()
    ]
    own, write, read = consumer.email, ("WRITE", "DESCRIBE"), ("READ", "DESCRIBE")
    may_read = [(each, read) for each in _emails(readers)]
    lists = {
        EVENTS: (f"topic/{EVENTS}", [(own, read), *((each, write) for each in _emails(producers))]),
        RESULTS: (f"topic/{RESULTS}", [(own, write), *may_read]),
        DEAD_LETTERS: (f"topic/{DEAD_LETTERS}", [(own, write), *may_read]),
        "group": (f"consumerGroup/{group(scope)}", [(own, read)]),
        **({"groups": (f"consumerGroupPrefixed/{group(scope)}-", may_read)} if readers else {}),
    }
    acls = [
        gcp.managedkafka.Acl(
            f"{scope.name}-acl-{purpose}",
            gcp.managedkafka.AclArgs(
                acl_id=acl,
                cluster=made.cluster.cluster_id,
                location=scope.region,
                project=scope.project,
                acl_entries=[
                    gcp.managedkafka.AclAclEntryArgs(
                        principal=pulumi.Output.concat("User:", email), operation=operation, permission_type="ALLOW", host="*"
                    )
                    for email, operations in entries
                    for operation in operations
                ],
            ),
            scope.child(made.events, made.results, made.dead_letters),
        )
        for purpose, (acl, entries) in lists.items()
    ]
    return [*connects, *acls]


def managed_stream(scope: Scope, args: StreamingArgs, made: Cluster, ready: Sequence[pulumi.Resource]) -> Stream:
    """The stream of a cluster that is made."""
    names = {name: pulumi.Output.from_input(name) for name in (EVENTS, RESULTS, DEAD_LETTERS)}
    return _stream(scope, args, made.brokers, LOGIN, names, ready)


def given_stream(scope: Scope, args: StreamingArgs, kafka: Kafka) -> Stream:
    """The stream of a Kafka that is given."""
    names = {EVENTS: kafka.topic, RESULTS: kafka.results_topic, DEAD_LETTERS: kafka.dead_letter_topic}
    brokers = pulumi.Output.from_input(",".join(kafka.bootstrap_servers))
    return _stream(scope, args, brokers, kafka.login.value, {purpose: pulumi.Output.from_input(name) for purpose, name in names.items()}, [])


def replay_command(brokers: pulumi.Input[str], letters: pulumi.Input[str], events: pulumi.Input[str], own: str) -> pulumi.Output[str]:
    """The command that copies dead letters, with their keys, to the topic of events, each once: to be run with Kafka's own tools where the brokers
    can be reached, with a login in `client.properties`. Values are lines of text; headers, of which `reason` may hold anything, are left out."""
    lines = (
        "kafka-console-consumer.sh --bootstrap-server {0} --consumer.config client.properties --topic {1} --group {3}-replay --from-beginning",
        "--timeout-ms 10000 --property print.key=true",
        "| kafka-console-producer.sh --bootstrap-server {0} --producer.config client.properties --topic {2}",
        "--property parse.key=true --property null.marker=null",
    )
    return pulumi.Output.format(" ".join(lines), brokers, letters, events, own)


def _stream(
    scope: Scope,
    args: StreamingArgs,
    brokers: pulumi.Output[str],
    login: str,
    names: Mapping[str, pulumi.Output[str]],
    ready: Sequence[pulumi.Resource],
) -> Stream:
    told: dict[str, pulumi.Input[str]] = {
        "KAFKA_BOOTSTRAP_SERVERS": brokers,
        "KAFKA_LOGIN": login,
        "KAFKA_GROUP": group(scope),
        "EVENTS_TOPIC": names[EVENTS],
        "RESULTS_TOPIC": names[RESULTS],
        "DEAD_LETTER_TOPIC": names[DEAD_LETTERS],
        "RECORDS_PER_CALL": str(DEFAULT_RECORDS if args.records_per_call is None else args.records_per_call),
        "BATCH_WINDOW_SECONDS": str(args.batch_window_seconds),
        "PARALLELISM_PER_PARTITION": str(args.parallelism_per_partition),
    }
    address = {purpose: pulumi.Output.format("{0}/{1}", brokers, name) for purpose, name in names.items()}
    return Stream(
        events=address[EVENTS],
        results=address[RESULTS],
        dead_letters=address[DEAD_LETTERS],
        replay=replay_command(brokers, names[DEAD_LETTERS], names[EVENTS], group(scope)),
        told=told,
        ready=ready,
    )


def _emails(members: Sequence[str]) -> list[pulumi.Output[str]]:
    return [pulumi.Output.from_input(member.partition(":")[2]) for member in members]


def _project_of(network: str, otherwise: str) -> str:
    """The project of a network, which may be another than the consumer's."""
    match = re.search(r"projects/([^/]+)/", network)
    return otherwise if match is None else match[1]
