"""Events and results in Kafka: MSK Serverless (https://docs.aws.amazon.com/msk/latest/developerguide/serverless.html), or a Kafka that is there."""

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.operations import Environment
from modeldeploy.spec.streaming import Kafka, KafkaLogin, StreamingArgs

from .account import Account, physical_name
from .carriers import Carrier, Source, Tap
from .network import Attachment
from .policy_documents import Statement, document
from .security_groups import allow, let_in, let_out, let_out_to_s3

BROKERS = 9098
"""Port on which brokers of MSK take clients with IAM roles."""
PARTITIONS = 4
"""Partitions of a topic where nobody says how many."""
EVENTS = "events"
RESULTS = "results"
"""Topics of a cluster that is made."""

LOGINS = {KafkaLogin.SCRAM: "SASL_SCRAM_512_AUTH", KafkaLogin.MUTUAL_TLS: "CLIENT_CERTIFICATE_TLS_AUTH"}
"""https://docs.aws.amazon.com/lambda/latest/dg/kafka-cluster-auth.html"""

GROUP_NAME = 200
"""Longest name of a consumer group."""


def serverless_kafka(
    name: str,
    args: StreamingArgs,
    network: Attachment,
    group: aws.ec2.SecurityGroup,
    letters: pulumi.Output[str],
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> Carrier:
    """A cluster in the network, which only IAM roles enter, and the carrier it makes. Its topics are made by `topics`."""
    brokers = aws.ec2.SecurityGroup(
        f"{name}-brokers", description="The brokers of Kafka", vpc_id=network.vpc_id, tags=tags, opts=pulumi.ResourceOptions(parent=parent)
    )
    ranges: list[pulumi.Input[str]] = [network.cidr, *args.network.callers]
    let_in(f"{name}-brokers", brokers, ranges, BROKERS, tags, parent)
    # Lambda's pollers stand in the cluster's own group: https://docs.aws.amazon.com/lambda/latest/dg/with-msk-cluster-network.html.
    allow(f"{name}-brokers-pollers", "Lambda's pollers", brokers, brokers, BROKERS, tags, parent)
    let_out_to_s3(f"{name}-brokers-letters", brokers, "Records that were given up", account, tags, parent)
    allow(f"{name}-model-brokers", "The brokers of Kafka", group, brokers, BROKERS, tags, parent)
    iam = aws.msk.ServerlessClusterClientAuthenticationSaslIamArgs(enabled=True)
    cluster = aws.msk.ServerlessCluster(
        f"{name}-kafka",
        client_authentication=aws.msk.ServerlessClusterClientAuthenticationArgs(sasl=aws.msk.ServerlessClusterClientAuthenticationSaslArgs(iam=iam)),
        vpc_configs=[aws.msk.ServerlessClusterVpcConfigArgs(subnet_ids=network.subnet_ids, security_group_ids=[brokers.id])],
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, protect=args.environment is Environment.PRODUCTION),
    )
    servers = cluster.bootstrap_brokers_sasl_iam
    readers = physical_name(name, GROUP_NAME)
    source = Source(
        letters,
        arn=cluster.arn,
        topic=EVENTS,
        managed=aws.lambda_.EventSourceMappingAmazonManagedKafkaEventSourceConfigArgs(consumer_group_id=readers),
    )
    here = pulumi.Output.all(account.partition, account.region, account.id, pulumi.Output.all(*network.subnet_ids), brokers.id)
    working = pulumi.Output.all(cluster.arn, here).apply(
        lambda it: [
            *_working(it[0], readers),
            *poller_interfaces(it[1][0], it[1][1], it[1][2], it[1][3], it[1][4]),
        ]
    )
    return Carrier(
        pulumi.Output.concat(servers, "/", EVENTS),
        pulumi.Output.concat(servers, "/", RESULTS),
        source,
        {"KAFKA_BOOTSTRAP_SERVERS": servers, "KAFKA_LOGIN": "iam", "RESULTS_TOPIC": RESULTS},
        working,
        cluster.arn.apply(_producing),
        Tap(cluster.arn.apply(_tapping), cluster=cluster.arn, topic=EVENTS),
    )


def topics(
    name: str, args: StreamingArgs, function: aws.lambda_.Function, alias: aws.lambda_.Alias, parent: pulumi.Resource
) -> aws.lambda_.Invocation:
    """Lets the consumer make the topics: only a client of Kafka can in MSK Serverless
    (https://docs.aws.amazon.com/msk/latest/developerguide/msk-topic-operations-information.html). It is asked again when they should be others."""
    partitions = args.partitions or PARTITIONS
    kept = args.retention_hours * 3_600_000
    wanted = [{"name": topic, "partitions": partitions, "retention_ms": kept} for topic in (EVENTS, RESULTS)]
    return aws.lambda_.Invocation(
        f"{name}-topics",
        function_name=function.name,
        qualifier=alias.name,
        input=json.dumps({"topics": wanted}),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def let_tap(name: str, tap: Tap, parent: pulumi.Resource) -> list[pulumi.Resource]:
    """Lets Firehose connect to a private cluster: https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#access-to-msk.

    What it reads there is still decided by the role it reads with.
    """
    if tap.cluster is None:
        return []
    policy = tap.cluster.apply(
        lambda it: document(
            {"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com"}, "Action": "kafka:CreateVpcConnection", "Resource": it}
        )
    )
    return [aws.msk.ClusterPolicy(f"{name}-kafka", cluster_arn=tap.cluster, policy=policy, opts=pulumi.ResourceOptions(parent=parent))]


def given_kafka(
    name: str,
    kafka: Kafka,
    ranges: Sequence[str],
    network: Attachment,
    group: aws.ec2.SecurityGroup,
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> Carrier:
    """The carrier that a Kafka makes which is there already. `ranges` are where its brokers are; else they are in the network."""
    ports = sorted({int(server.rpartition(":")[2]) for server in kafka.bootstrap_servers})
    reached: list[pulumi.Input[str]] = [*ranges] or [network.cidr]
    for port in ports:
        let_out(f"{name}-model-brokers-{port}", group, "The brokers of Kafka", reached, port, tags, parent)
    servers = ",".join(kafka.bootstrap_servers)
    access = aws.lambda_.EventSourceMappingSourceAccessConfigurationArgs
    source = Source(
        f"kafka://{kafka.dead_letter_topic}",
        topic=kafka.topic,
        given=aws.lambda_.EventSourceMappingSelfManagedEventSourceArgs(endpoints={"KAFKA_BOOTSTRAP_SERVERS": servers}),
        given_settings=aws.lambda_.EventSourceMappingSelfManagedKafkaEventSourceConfigArgs(consumer_group_id=physical_name(name, GROUP_NAME)),
        access=[
            access(type=LOGINS[kafka.login], uri=kafka.secret),
            *(access(type="VPC_SUBNET", uri=pulumi.Output.concat("subnet:", subnet)) for subnet in network.subnet_ids),
            access(type="VPC_SECURITY_GROUP", uri=pulumi.Output.concat("security_group:", group.id)),
        ],
    )
    here = pulumi.Output.all(account.partition, account.region, account.id, pulumi.Output.all(*network.subnet_ids), group.id)
    return Carrier(
        pulumi.Output.from_input(f"{servers}/{kafka.topic}"),
        pulumi.Output.from_input(f"{servers}/{kafka.results_topic}"),
        source,
        {
            "KAFKA_BOOTSTRAP_SERVERS": servers,
            "KAFKA_LOGIN": kafka.login.value,
            "KAFKA_SECRET_ID": kafka.secret,
            "RESULTS_TOPIC": kafka.results_topic,
        },
        here.apply(lambda it: poller_interfaces(it[0], it[1], it[2], it[3], it[4])),
    )


def poller_interfaces(partition: str, region: str, account: str, subnets: list[str], group: str) -> list[Statement]:
    """The network interfaces of pollers, in these subnets with this group, and looking at the network, which takes no resource:
    https://docs.aws.amazon.com/lambda/latest/dg/with-msk-permissions.html."""
    here = f"arn:{partition}:ec2:{region}:{account}"
    return [
        {
            "Effect": "Allow",
            "Action": "ec2:CreateNetworkInterface",
            "Resource": [f"{here}:network-interface/*", *(f"{here}:subnet/{subnet}" for subnet in subnets), f"{here}:security-group/{group}"],
        },
        {"Effect": "Allow", "Action": ["ec2:DescribeVpcs", "ec2:DescribeSecurityGroups"], "Resource": "*"},
    ]


def _within(cluster: str, kind: str, name: str) -> str:
    """ARN of a topic or a group of a cluster:
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_apachekafkaapisforamazonmskclusters.html."""
    return f"{cluster.replace(':cluster/', f':{kind}/', 1)}/{name}"


def _working(cluster: str, readers: str) -> list[Statement]:
    """Reading events, which Lambda does, and what the consumer does: writing results, and making both topics."""
    both = [_within(cluster, "topic", EVENTS), _within(cluster, "topic", RESULTS)]
    describe = ["kafka-cluster:DescribeTopic", "kafka-cluster:DescribeTopicDynamicConfiguration"]
    make = ["kafka-cluster:CreateTopic", "kafka-cluster:AlterTopic", "kafka-cluster:AlterTopicDynamicConfiguration"]
    return [
        {"Effect": "Allow", "Action": ["kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"], "Resource": cluster},
        {
            "Effect": "Allow",
            "Action": ["kafka-cluster:Connect", "kafka-cluster:DescribeClusterDynamicConfiguration", "kafka-cluster:WriteDataIdempotently"],
            "Resource": cluster,
        },
        {"Effect": "Allow", "Action": [*describe, *make], "Resource": both},
        {"Effect": "Allow", "Action": "kafka-cluster:ReadData", "Resource": both[0]},
        {"Effect": "Allow", "Action": "kafka-cluster:WriteData", "Resource": both[1]},
        {"Effect": "Allow", "Action": ["kafka-cluster:DescribeGroup", "kafka-cluster:AlterGroup"], "Resource": _within(cluster, "group", readers)},
    ]


def _producing(cluster: str) -> list[Statement]:
    return [
        {"Effect": "Allow", "Action": ["kafka-cluster:Connect", "kafka-cluster:WriteDataIdempotently"], "Resource": cluster},
        {"Effect": "Allow", "Action": ["kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"], "Resource": _within(cluster, "topic", EVENTS)},
    ]


def _tapping(cluster: str) -> list[Statement]:
    """https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3. Firehose names its groups itself."""
    return [
        {
            "Effect": "Allow",
            "Action": ["kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers", "kafka-cluster:Connect"],
            "Resource": cluster,
        },
        {
            "Effect": "Allow",
            "Action": ["kafka-cluster:DescribeTopic", "kafka-cluster:DescribeTopicDynamicConfiguration", "kafka-cluster:ReadData"],
            "Resource": _within(cluster, "topic", EVENTS),
        },
        {"Effect": "Allow", "Action": "kafka-cluster:DescribeGroup", "Resource": _within(cluster, "group", "*")},
    ]
