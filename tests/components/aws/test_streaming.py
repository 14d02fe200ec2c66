"""The consumer of a stream: what it is made of, and what each argument does to it."""

import base64
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from modeldeploy.aws.architecture import Architecture
from modeldeploy.aws.streaming import LambdaStreamConsumer
from modeldeploy.aws.streaming_arguments import LambdaStreamConsumerArgs
from modeldeploy.spec import (
    ArgumentError,
    Container,
    ContainerCompute,
    DatabaseConnection,
    Encryption,
    Environment,
    FunctionScaling,
    Network,
    Operations,
)
from modeldeploy.spec.arguments import parse
from modeldeploy.spec.streaming import Broker, Kafka, KafkaLogin, MessageSchema, SchemaFormat
from tests.components.aws.mocked import ACCOUNT, IMAGE, KEY, REGION, model, run, statements
from tests.components.aws.web import ALARM, ALIAS, CALLER, EGRESS, ENDPOINT, FUNCTION, GIVEN, INGRESS, LOGS, ROLE, ROLE_POLICY, SECRET
from tests.support.mocks import Graph

STREAM = "aws:kinesis/stream:Stream"
READER = "aws:kinesis/streamConsumer:StreamConsumer"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
FIREHOSE = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
CLUSTER = "aws:msk/serverlessCluster:ServerlessCluster"
INVOCATION = "aws:lambda/invocation:Invocation"
SCHEMA = "aws:glue/schema:Schema"
BUCKET = "aws:s3/bucket:Bucket"
WARM = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
DATABASE = DatabaseConnection(id="db-MADE", host="data.example", database="pricing")
URL = f"https://runtime.sagemaker.{REGION}.amazonaws.com/endpoints/Churn/invocations"
HERE = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/stream-made"
KAFKA_ARN = f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/kafka-made/uuid-made-s1"
BOOT = f"boot-made.c1.kafka-serverless.{REGION}.amazonaws.com:9098"
OWN = Kafka(
    bootstrap_servers=["kafka-1.example:9093", "kafka-2.example:9094"],
    topic="calls",
    results_topic="scores",
    dead_letter_topic="calls-failed",
    secret=SECRET,
)
ON_OWN: dict[str, Any] = {"kafka": OWN, "network": GIVEN}
ON_MSK: dict[str, Any] = {"broker": Broker.KAFKA}


def arguments(folder: Path, **changes: Any) -> LambdaStreamConsumerArgs:
    scored = changes.pop("model", None) or model(folder)
    given: dict[str, Any] = {"model": scored, "environment": Environment.DEVELOPMENT, **changes}
    return LambdaStreamConsumerArgs(**given)


def deploy(folder: Path, **changes: Any) -> Graph:
    args = arguments(folder, **changes)

    def program() -> dict[str, Any]:
        made = LambdaStreamConsumer("calls", args)
        return {name: getattr(made, name) for name in LambdaStreamConsumer.__annotations__}

    return run(program)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return deploy(tmp_path_factory.mktemp("plain"), producers=[CALLER])


@pytest.fixture(scope="module")
def msk(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return deploy(tmp_path_factory.mktemp("msk"), producers=[CALLER], **ON_MSK)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return deploy(tmp_path_factory.mktemp("own"), **ON_OWN)


def variables(graph: Graph) -> dict[str, str]:
    return graph.one(FUNCTION).inputs["environment"]["variables"]


def permissions(graph: Graph, name: str) -> list[dict[str, Any]]:
    return statements(graph.one(ROLE_POLICY, f"calls-{name}").inputs["policy"])


def granted(graph: Graph, name: str) -> dict[str, Any]:
    """Resource by action."""
    found: dict[str, Any] = {}
    for each in permissions(graph, name):
        for action in [each["Action"]] if isinstance(each["Action"], str) else each["Action"]:
            assert action not in found, f"{action} twice"
            found[action] = each["Resource"]
    return found


def alarms(graph: Graph) -> dict[str, dict[str, Any]]:
    return {each.name: each.inputs for each in graph.all(ALARM)}


def services(graph: Graph) -> set[str]:
    return {each.inputs["serviceName"].split(".", 3)[3] for each in graph.all(ENDPOINT)}


# --- Kinesis: streams, reader, results


def test_events_and_results_have_a_stream_each_with_the_customer_s_key(plain: Graph) -> None:
    assert plain.names(STREAM) == ["calls-events", "calls-results"]
    for each in plain.all(STREAM):
        assert (each.inputs["encryptionType"], each.inputs["kmsKeyId"], each.inputs["retentionPeriod"]) == ("KMS", KEY, 72)
        assert each.inputs["streamModeDetails"] == {"streamMode": "ON_DEMAND"}
        assert "shardCount" not in each.inputs
    assert (plain.outputs["events"], plain.outputs["results"]) == (HERE, HERE)


def test_partitions_and_retention_are_the_streams(tmp_path: Path) -> None:
    for each in deploy(tmp_path, partitions=8, retention_hours=168).all(STREAM):
        assert (each.inputs["streamModeDetails"], each.inputs["shardCount"]) == ({"streamMode": "PROVISIONED"}, 8)
        assert each.inputs["retentionPeriod"] == 168


def test_every_failure_has_an_end_and_keeps_the_record(plain: Graph) -> None:
    inputs = plain.one(MAPPING).inputs
    assert inputs["functionName"] == "arn:function:1:live"
    assert (inputs["maximumRetryAttempts"], inputs["maximumRecordAgeInSeconds"]) == (3, 3600)
    assert inputs["destinationConfig"] == {"onFailure": {"destinationArn": "arn:aws:s3:::bucket-made"}}
    assert inputs["bisectBatchOnFunctionError"] is True
    assert inputs["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert inputs["startingPosition"] == "TRIM_HORIZON"
    assert inputs["metricsConfig"] == {"metrics": ["EventCount"]}
    assert plain.outputs["dead_letters"] == "s3://bucket-made/aws/lambda/"
    assert plain.one("aws:s3/bucketPolicy:BucketPolicy", "calls-records").urn in plain.one(MAPPING).depends_on


def test_the_reader_takes_what_the_arguments_say(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"records_per_call": 10, "batch_window_seconds": 5, "parallelism_per_partition": 2, "retries": 0, "max_age_seconds": 60}
    inputs = deploy(tmp_path, **changes).one(MAPPING).inputs
    assert (inputs["batchSize"], inputs["maximumBatchingWindowInSeconds"], inputs["parallelizationFactor"]) == (10, 5, 2)
    assert (inputs["maximumRetryAttempts"], inputs["maximumRecordAgeInSeconds"]) == (0, 60)
    usual = deploy(tmp_path).one(MAPPING).inputs
    assert (usual["batchSize"], usual["maximumBatchingWindowInSeconds"], usual["parallelizationFactor"]) == (100, 0, 1)
    assert "provisionedPollerConfig" not in usual


def test_the_reader_has_a_throughput_of_its_own_unless_told_otherwise(plain: Graph, tmp_path: Path) -> None:
    assert plain.one(READER).inputs["streamArn"] == HERE
    assert plain.one(MAPPING).inputs["eventSourceArn"] == f"{HERE}/consumer/made:1"
    shared = deploy(tmp_path, fan_out=False)
    assert not shared.all(READER)
    assert shared.one(MAPPING).inputs["eventSourceArn"] == HERE
    assert "kinesis:SubscribeToShard" not in granted(shared, "stream")


def test_the_consumer_may_read_events_write_results_leave_letters_and_nothing_else(plain: Graph) -> None:
    found = granted(plain, "stream")
    assert found.pop("s3:PutObject") == "arn:aws:s3:::bucket-made/aws/lambda/*"
    assert found.pop("s3:ListBucket") == "arn:aws:s3:::bucket-made"
    assert found.pop("kinesis:SubscribeToShard") == found.pop("kinesis:DescribeStreamConsumer") == f"{HERE}/consumer/made:1"
    assert set(found) == {
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
        "kinesis:PutRecord",
        "kinesis:PutRecords",
    }
    assert set(found.values()) == {HERE}
    assert granted(plain, "data")["kms:Decrypt"] == KEY
    assert "sqs:SendMessage" not in granted(plain, "data")
    assert plain.one(ROLE_POLICY, "calls-stream").urn in plain.one(FUNCTION).depends_on


def test_producers_take_a_role_that_writes_events_and_nothing_else(plain: Graph, tmp_path: Path) -> None:
    (trust,) = statements(plain.one(ROLE, "calls-producer").inputs["assumeRolePolicy"])
    assert (trust["Principal"], trust["Action"]) == ({"AWS": [CALLER]}, "sts:AssumeRole")
    found = granted(plain, "producer")
    assert found.pop("kms:GenerateDataKey") == KEY
    assert set(found) == {"kinesis:PutRecord", "kinesis:PutRecords", "kinesis:DescribeStreamSummary", "kinesis:ListShards"}
    assert plain.outputs["producer_role"] == "arn:role:Writes events of calls"
    nobody = deploy(tmp_path)
    assert "calls-producer" not in nobody.names(ROLE)
    assert nobody.outputs["producer_role"] == ""


def test_all_events_are_kept_for_some_days_a_line_each(plain: Graph, tmp_path: Path) -> None:
    inputs = plain.one(FIREHOSE).inputs
    assert (inputs["destination"], inputs["kinesisSourceConfiguration"]["kinesisStreamArn"]) == ("extended_s3", HERE)
    stored = inputs["extendedS3Configuration"]
    assert (stored["bucketArn"], stored["kmsKeyArn"], stored["compressionFormat"]) == ("arn:aws:s3:::bucket-made", KEY, "GZIP")
    assert (stored["prefix"], stored["errorOutputPrefix"]) == ("events/", "events-failed/!{firehose:error-output-type}/")
    assert stored["processingConfiguration"] == {"enabled": True, "processors": [{"type": "AppendDelimiterToRecord"}]}
    assert stored["cloudwatchLoggingOptions"] == {"enabled": True, "logGroupName": "group-made", "logStreamName": "log-stream-made"}
    assert (stored["bufferingInterval"], stored["bufferingSize"]) == (300, 64)
    assert plain.one(ROLE_POLICY, "calls-capture").urn in plain.one(FIREHOSE).depends_on
    (trust,) = statements(plain.one(ROLE, "calls-capture").inputs["assumeRolePolicy"])
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    may = {str(each["Action"]): each["Resource"] for each in permissions(plain, "capture")}
    assert may["['s3:AbortMultipartUpload', 's3:GetObject', 's3:PutObject']"] == [
        "arn:aws:s3:::bucket-made/events/*",
        "arn:aws:s3:::bucket-made/events-failed/*",
    ]
    assert (may["['kms:Decrypt', 'kms:GenerateDataKey']"], may["logs:PutLogEvents"]) == (KEY, "arn:log-stream")
    assert plain.outputs["captured"] == "s3://bucket-made/events/"

    def kept(graph: Graph) -> dict[str, int]:
        rules = graph.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "calls-records").inputs["rules"]
        return {rule["filter"]["prefix"]: int(rule["expiration"]["days"]) for rule in rules if "expiration" in rule}

    assert kept(plain) == {"aws/lambda/": 90, "events/": 30, "events-failed/": 30}
    assert kept(deploy(tmp_path, capture_days=7)) == {"aws/lambda/": 90, "events/": 7, "events-failed/": 7}
    none = deploy(tmp_path, capture_days=0)
    assert kept(none) == {"aws/lambda/": 90}
    assert not none.all(FIREHOSE)
    assert "calls-capture" not in none.names(ROLE)
    assert none.outputs["captured"] == ""
    assert "calls-capture-late" not in alarms(none)


# --- the consumer


def test_the_consumer_finds_what_it_needs_in_its_variables(tmp_path: Path) -> None:
    container = Container(image=IMAGE, port=8000, health_path="/health", predict_path="/score", environment={"LEVEL": "2"})
    graph = deploy(tmp_path, model=model(tmp_path, container=container))
    assert variables(graph) == {
        "LEVEL": "2",
        "MODEL_URI": f"s3://bucket-made/{graph.one('aws:s3/bucketObjectv2:BucketObjectv2').inputs['key']}",
        "MODEL_VERSION": "1",
        "RESULTS_STREAM_ARN": HERE,
        "AWS_LWA_PORT": "8000",
        "AWS_LWA_READINESS_CHECK_PATH": "/health",
        "AWS_LWA_PASS_THROUGH_PATH": "/score",
    }
    assert graph.one(FUNCTION).inputs["imageUri"] == IMAGE
    assert "deadLetterConfig" not in graph.one(FUNCTION).inputs
    assert graph.outputs["model_version"] == "1"


def test_a_new_model_is_a_new_version_of_the_same_function(tmp_path: Path) -> None:
    first, second = deploy(tmp_path), deploy(tmp_path, model=model(tmp_path, "2"))
    assert first.names(FUNCTION) == second.names(FUNCTION) == ["calls"]
    assert first.one(MAPPING).inputs | {"functionName": ""} == second.one(MAPPING).inputs | {"functionName": ""}
    assert second.one(FUNCTION).inputs["publish"] is True
    assert (second.one(ALIAS).inputs["name"], second.one(ALIAS).inputs["functionVersion"]) == ("live", "7")


def test_it_asks_a_sagemaker_endpoint_when_one_is_given(plain: Graph, tmp_path: Path) -> None:
    graph = deploy(tmp_path, endpoint=URL)
    assert variables(graph)["ENDPOINT_URL"] == URL
    assert granted(graph, "stream")["sagemaker:InvokeEndpoint"] == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/churn"
    assert services(graph) == {"s3", "kinesis-streams", "sagemaker.runtime"}
    assert services(plain) == {"s3", "kinesis-streams"}
    assert "ENDPOINT_URL" not in variables(plain)


def test_an_endpoint_that_turns_out_to_be_none_ends_the_run(tmp_path: Path) -> None:
    def program() -> None:
        LambdaStreamConsumer("calls", arguments(tmp_path, endpoint=pulumi.Output.from_input("https://other.example/x")))

    with pytest.raises(pulumi.RunError, match=r"endpoint: 'https://other\.example/x' is no SageMaker endpoint"):
        run(program)


def test_secrets_and_the_database_are_told_by_their_addresses(tmp_path: Path) -> None:
    graph = deploy(tmp_path, secrets={"PRICES": f"{SECRET}:token::"}, database=DATABASE)
    assert (variables(graph)["PRICES_SECRET_ID"], variables(graph)["DATABASE_HOST"]) == (f"{SECRET}:token::", "data.example")
    assert granted(graph, "data")["secretsmanager:GetSecretValue"] == [SECRET]
    assert granted(graph, "database")["rds-db:connect"] == f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:db-MADE/calls"
    assert graph.outputs["database_grant"].startswith("DO $$ BEGIN CREATE USER calls;")
    assert "secretsmanager" in services(graph)
    assert {each.inputs["fromPort"] for each in graph.all(EGRESS)} == {443, 5432}


def test_size_time_and_number_of_consumers_are_arguments(tmp_path: Path) -> None:
    compute = ContainerCompute(cpu_millis=2000, memory_mib=1024)
    changes: dict[str, Any] = {"compute": compute, "scratch_mib": 1024, "call_seconds": 30, "architecture": Architecture.ARM64}
    graph = deploy(tmp_path, scaling=FunctionScaling(minimum=2, maximum=40), **changes)
    inputs = graph.one(FUNCTION).inputs
    # CPUs come with memory.
    assert (inputs["memorySize"], inputs["timeout"], inputs["architectures"]) == (3538, 30, ["arm64"])
    assert (inputs["ephemeralStorage"], inputs["reservedConcurrentExecutions"]) == ({"size": 1024}, 40)
    assert graph.one(WARM).inputs["provisionedConcurrentExecutions"] == 2
    usual = deploy(tmp_path)
    assert (usual.one(FUNCTION).inputs["memorySize"], usual.one(WARM).inputs["provisionedConcurrentExecutions"]) == (2048, 1)
    assert not deploy(tmp_path, scaling=FunctionScaling(minimum=0, maximum=10)).all(WARM)


def test_the_schema_is_registered_and_may_be_read(tmp_path: Path) -> None:
    file = tmp_path / "event.avsc"
    file.write_text('{"type": "string"}')
    graph = deploy(tmp_path, schema=MessageSchema(format=SchemaFormat.AVRO, file=str(file)), tags={f"t{index}": "x" for index in range(20)})
    schema = graph.one(SCHEMA)
    registry = f"arn:aws:glue:{REGION}:{ACCOUNT}:registry/calls-schemas-project-stack"
    assert (schema.inputs["dataFormat"], schema.inputs["schemaDefinition"]) == ("AVRO", '{"type": "string"}')
    assert (schema.inputs["compatibility"], schema.inputs["registryArn"], schema.options.deleteBeforeReplace) == (
        "BACKWARD",
        registry.replace("-schemas", ""),
        True,
    )
    assert len(schema.inputs["tags"]) == 10
    arn = f"arn:aws:glue:{REGION}:{ACCOUNT}:schema/made/events"
    assert variables(graph)["SCHEMA_ARN"] == arn
    assert granted(graph, "stream")["glue:GetSchemaVersion"] == [registry.replace("-schemas", ""), arn]
    assert "glue" in services(graph)
    as_json = deploy(tmp_path, schema=MessageSchema(format=SchemaFormat.JSON, file=str(file)))
    assert as_json.one(SCHEMA).inputs["dataFormat"] == "JSON"


# --- MSK Serverless


def test_a_kafka_that_is_made_is_private_and_entered_by_roles_only(msk: Graph, tmp_path: Path) -> None:
    inputs = msk.one(CLUSTER).inputs
    assert inputs["clientAuthentication"] == {"sasl": {"iam": {"enabled": True}}}
    (place,) = inputs["vpcConfigs"]
    assert place == {"subnetIds": ["calls-network-private-1-id", "calls-network-private-2-id"], "securityGroupIds": ["calls-brokers-id"]}

    def let_in(graph: Graph) -> set[tuple[str, int]]:
        rules = [each.inputs for each in graph.all(INGRESS) if each.inputs["securityGroupId"] == "calls-brokers-id"]
        return {(rule.get("cidrIpv4") or rule["referencedSecurityGroupId"], int(rule["fromPort"])) for rule in rules}

    assert let_in(msk) == {("10.64.0.0/16", 9098), ("calls-brokers-id", 9098), ("calls-model-id", 9098)}
    assert ("10.8.0.0/16", 9098) in let_in(deploy(tmp_path, network=Network(callers=["10.8.0.0/16"]), **ON_MSK))
    out = [each.inputs for each in msk.all(EGRESS) if each.inputs["securityGroupId"] == "calls-brokers-id"]
    assert {(rule.get("prefixListId") or rule["referencedSecurityGroupId"], int(rule["fromPort"])) for rule in out} == {
        ("calls-brokers-id", 9098),
        ("pl-s3", 443),
    }
    assert not msk.all(STREAM)
    assert services(msk) == {"s3"}


def test_lambda_reads_a_kafka_with_pollers_of_its_own(msk: Graph, tmp_path: Path) -> None:
    inputs = msk.one(MAPPING).inputs
    assert (inputs["eventSourceArn"], inputs["topics"]) == (KAFKA_ARN, ["events"])
    assert inputs["amazonManagedKafkaEventSourceConfig"] == {"consumerGroupId": "calls-project-stack"}
    assert inputs["provisionedPollerConfig"] == {"minimumPollers": 1, "maximumPollers": 2}
    assert inputs["metricsConfig"] == {"metrics": ["EventCount", "KafkaMetrics"]}
    assert inputs["destinationConfig"] == {"onFailure": {"destinationArn": "arn:aws:s3:::bucket-made"}}
    assert (inputs["bisectBatchOnFunctionError"], inputs["functionResponseTypes"]) == (True, ["ReportBatchItemFailures"])
    assert "parallelizationFactor" not in inputs
    few = deploy(tmp_path, scaling=FunctionScaling(minimum=1, maximum=4), **ON_MSK)
    assert few.one(MAPPING).inputs["provisionedPollerConfig"]["maximumPollers"] == 1


def test_the_consumer_makes_the_topics_before_anything_reads_them(msk: Graph, tmp_path: Path) -> None:
    call = msk.one(INVOCATION)
    assert (call.inputs["functionName"], call.inputs["qualifier"]) == ("function-1", "live")
    wanted = [{"name": topic, "partitions": 4, "retention_ms": 72 * 3_600_000} for topic in ("events", "results")]
    assert json.loads(call.inputs["input"]) == {"topics": wanted}
    assert call.urn in msk.one(MAPPING).depends_on
    assert call.urn in msk.one(FIREHOSE).depends_on
    other = json.loads(deploy(tmp_path, partitions=30, retention_hours=24, **ON_MSK).one(INVOCATION).inputs["input"])
    assert other["topics"][0] == {"name": "events", "partitions": 30, "retention_ms": 24 * 3_600_000}


def test_the_consumer_of_a_kafka_may_touch_its_topics_and_its_group_only(msk: Graph) -> None:
    def topic(name: str) -> str:
        return f"arn:aws:kafka:{REGION}:{ACCOUNT}:topic/kafka-made/uuid-made-s1/{name}"

    found = granted(msk, "stream")
    for action in ("kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers", "kafka-cluster:Connect"):
        assert found[action] == KAFKA_ARN
    assert (found["kafka-cluster:ReadData"], found["kafka-cluster:WriteData"]) == (topic("events"), topic("results"))
    assert found["kafka-cluster:CreateTopic"] == [topic("events"), topic("results")]
    assert found["kafka-cluster:AlterGroup"] == f"arn:aws:kafka:{REGION}:{ACCOUNT}:group/kafka-made/uuid-made-s1/calls-project-stack"
    assert f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/calls-brokers-id" in found["ec2:CreateNetworkInterface"]
    assert {action for action, where in found.items() if where == "*"} == {"ec2:DescribeVpcs", "ec2:DescribeSecurityGroups"}
    produce = granted(msk, "producer")
    assert (produce["kafka-cluster:WriteData"], produce["kafka-cluster:Connect"]) == (topic("events"), KAFKA_ARN)
    assert "kms:GenerateDataKey" not in produce


def test_it_is_told_where_the_kafka_is(msk: Graph) -> None:
    found = variables(msk)
    assert (found["KAFKA_BOOTSTRAP_SERVERS"], found["KAFKA_LOGIN"], found["RESULTS_TOPIC"]) == (BOOT, "iam", "results")
    assert "RESULTS_STREAM_ARN" not in found
    assert (msk.outputs["events"], msk.outputs["results"]) == (f"{BOOT}/events", f"{BOOT}/results")


def test_firehose_is_let_into_the_private_cluster_to_keep_events(msk: Graph) -> None:
    source = msk.one(FIREHOSE).inputs["mskSourceConfiguration"]
    assert (source["mskClusterArn"], source["topicName"], source["readFromTimestamp"]) == (KAFKA_ARN, "events", "1970-01-01T00:00:00Z")
    assert source["authenticationConfiguration"] == {"connectivity": "PRIVATE", "roleArn": "arn:role:Keeps the events of calls"}
    assert "kinesisSourceConfiguration" not in msk.one(FIREHOSE).inputs
    policy = msk.one("aws:msk/clusterPolicy:ClusterPolicy")
    (only,) = statements(policy.inputs["policy"])
    assert (only["Principal"], only["Action"]) == ({"Service": "firehose.amazonaws.com"}, "kafka:CreateVpcConnection")
    assert policy.urn in msk.one(FIREHOSE).depends_on
    reads = {str(each["Action"]): each["Resource"] for each in permissions(msk, "capture")}
    assert reads["kafka-cluster:DescribeGroup"] == f"arn:aws:kafka:{REGION}:{ACCOUNT}:group/kafka-made/uuid-made-s1/*"


# --- a Kafka that is there


def test_a_given_kafka_is_read_with_its_login_from_the_network(own: Graph, tmp_path: Path) -> None:
    inputs = own.one(MAPPING).inputs
    assert inputs["selfManagedEventSource"] == {"endpoints": {"KAFKA_BOOTSTRAP_SERVERS": "kafka-1.example:9093,kafka-2.example:9094"}}
    assert inputs["selfManagedKafkaEventSourceConfig"] == {"consumerGroupId": "calls-project-stack"}
    assert inputs["sourceAccessConfigurations"] == [
        {"type": "SASL_SCRAM_512_AUTH", "uri": SECRET},
        {"type": "VPC_SUBNET", "uri": "subnet:subnet-a"},
        {"type": "VPC_SUBNET", "uri": "subnet:subnet-b"},
        {"type": "VPC_SECURITY_GROUP", "uri": "security_group:calls-model-id"},
    ]
    assert (inputs["topics"], inputs["destinationConfig"]) == (["calls"], {"onFailure": {"destinationArn": "kafka://calls-failed"}})
    assert "eventSourceArn" not in inputs
    assert inputs["provisionedPollerConfig"]["minimumPollers"] == 1
    certificate = replace(OWN, login=KafkaLogin.MUTUAL_TLS)
    graph = deploy(tmp_path, **{**ON_OWN, "kafka": certificate})
    assert graph.one(MAPPING).inputs["sourceAccessConfigurations"][0] == {"type": "CLIENT_CERTIFICATE_TLS_AUTH", "uri": SECRET}
    assert variables(graph)["KAFKA_LOGIN"] == "mtls"


def test_a_given_kafka_takes_results_and_letters(own: Graph) -> None:
    found = variables(own)
    assert (found["KAFKA_BOOTSTRAP_SERVERS"], found["RESULTS_TOPIC"]) == ("kafka-1.example:9093,kafka-2.example:9094", "scores")
    assert (found["KAFKA_LOGIN"], found["KAFKA_SECRET_ID"]) == ("scram-sha-512", SECRET)
    assert granted(own, "data")["secretsmanager:GetSecretValue"] == [SECRET]
    assert set(granted(own, "stream")) == {"ec2:CreateNetworkInterface", "ec2:DescribeVpcs", "ec2:DescribeSecurityGroups"}
    assert own.names(BUCKET) == ["calls-models"]
    assert not own.all(STREAM) + own.all(CLUSTER) + own.all(FIREHOSE) + own.all(INVOCATION)
    assert own.outputs["events"] == "kafka-1.example:9093,kafka-2.example:9094/calls"
    assert own.outputs["results"] == "kafka-1.example:9093,kafka-2.example:9094/scores"
    assert own.outputs["dead_letters"] == "kafka://calls-failed"


def test_its_brokers_are_reached_where_they_are_and_nowhere_else(own: Graph, tmp_path: Path) -> None:
    def reached(graph: Graph) -> set[tuple[str, int]]:
        return {(each.inputs["cidrIpv4"], int(each.inputs["fromPort"])) for each in graph.all(EGRESS) if "cidrIpv4" in each.inputs}

    assert reached(own) == {("10.9.0.0/16", 443), ("10.9.0.0/16", 9093), ("10.9.0.0/16", 9094)}
    elsewhere = deploy(tmp_path, broker_ranges=["192.168.0.0/24"], **ON_OWN)
    assert reached(elsewhere) == {("10.9.0.0/16", 443), ("192.168.0.0/24", 9093), ("192.168.0.0/24", 9094)}


# --- operations


def test_alarms_watch_lag_letters_loss_errors_and_throttling(tmp_path: Path) -> None:
    operations = Operations(latency_milliseconds=250, error_percent=5, utilization_percent=50)
    found = alarms(deploy(tmp_path, operations=operations, lag_seconds=10, scaling=FunctionScaling(minimum=1, maximum=30)))
    lag = found["calls-lag"]
    assert (lag["metricName"], lag["threshold"], lag["statistic"], lag["dimensions"]) == (
        "IteratorAge",
        10_000,
        "Maximum",
        {"FunctionName": "function-1"},
    )
    for name, metric in (("letters", "OnFailureDestinationDeliveredEventCount"), ("lost", "DroppedEventCount")):
        each = found[f"calls-{name}"]
        assert (each["metricName"], each["threshold"], each["statistic"], each["evaluationPeriods"]) == (metric, 0, "Sum", 1)
        assert each["dimensions"] == {"EventSourceMappingUUID": "mapping-made"}
    for name in ("events", "results"):
        each = found[f"calls-{name}-throttled"]
        assert (each["metricName"], each["dimensions"], each["threshold"]) == ("WriteProvisionedThroughputExceeded", {"StreamName": "stream-made"}, 0)
    assert (found["calls-errors"]["threshold"], found["calls-records-errors"]["threshold"]) == (5, 5)
    queries = {query["id"]: query for query in found["calls-records-errors"]["metricQueries"]}
    assert queries["errors"]["metric"]["metricName"] == "FailedInvokeEventCount"
    assert queries["requests"]["metric"]["dimensions"] == {"EventSourceMappingUUID": "mapping-made"}
    assert (found["calls-latency"]["threshold"], found["calls-instances"]["threshold"]) == (250, 15)
    late = found["calls-capture-late"]
    assert (late["metricName"], late["threshold"]) == ("DeliveryToS3.DataFreshness", 900)
    assert late["dimensions"] == {"DeliveryStreamName": "capture-made"}
    assert all(each["alarmActions"] == ["arn:topic"] for each in found.values())


@pytest.mark.parametrize("kind", ["msk", "own"])
def test_the_lag_of_a_kafka_is_how_long_what_waits_will_take(kind: str, request: pytest.FixtureRequest) -> None:
    found = alarms(request.getfixturevalue(kind))
    lag = found["calls-lag"]
    wait, waiting, done = lag["metricQueries"]
    assert wait["expression"] == "IF(done > 0, 300 * waiting / done, IF(waiting > 0, 86400, 0))"
    assert (wait["returnData"], waiting["returnData"], done["returnData"]) == (True, False, False)
    assert (waiting["metric"]["metricName"], waiting["metric"]["stat"]) == ("SumOffsetLag", "Maximum")
    assert (done["metric"]["metricName"], done["metric"]["stat"], done["metric"]["period"]) == ("CommittedEventCount", "Sum", 300)
    assert waiting["metric"]["dimensions"] == {"EventSourceMappingUUID": "mapping-made"}
    assert (lag["threshold"], lag["alarmActions"], lag["okActions"]) == (60, ["arn:topic"], ["arn:topic"])
    assert not any("throttled" in name for name in found)


def test_the_dashboard_shows_what_waits_and_what_was_given_up(plain: Graph, msk: Graph) -> None:
    def panels(graph: Graph) -> dict[str, list[Any]]:
        body = json.loads(graph.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
        return {each["properties"]["title"]: each["properties"].get("metrics", []) for each in body["widgets"]}

    shown = panels(plain)
    assert shown["Age of the records that are read (milliseconds)"][0][:4] == ["AWS/Lambda", "IteratorAge", "FunctionName", "function-1"]
    read = shown["Records read, failed and given up"]
    assert {line[1] for line in read} == {
        "PolledEventCount",
        "FailedInvokeEventCount",
        "OnFailureDestinationDeliveredEventCount",
        "DroppedEventCount",
    }
    assert len(shown["Records written to the streams, and refused"]) == 4
    assert {"Time of the function (milliseconds)", "Errors in the logs"} <= set(shown)
    assert [line[1] for line in panels(msk)["Records that wait"]] == ["SumOffsetLag", "MaxOffsetLag"]
    assert "Records written to the streams, and refused" not in panels(msk)


def test_what_is_paid_while_nothing_is_written(tmp_path: Path) -> None:
    bare: dict[str, Any] = {
        "network": GIVEN,
        "encryption": Encryption(key=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/given"),
        "scaling": FunctionScaling(minimum=0, maximum=40),
    }

    def cost(**changes: Any) -> float:
        return deploy(tmp_path, **{**bare, **changes}).outputs["monthly_cost"]

    assert cost() == pytest.approx(730 * 2 * 0.04, abs=0.01)
    assert cost(partitions=3, retention_hours=24) == pytest.approx(730 * 3 * (2 * 0.015 + 0.015), abs=0.01)
    assert cost(partitions=3, fan_out=False) == pytest.approx(730 * 3 * 2 * 0.035, abs=0.01)
    assert cost(**ON_MSK) == pytest.approx(730 * (0.75 + 8 * 0.0015), abs=0.01)
    assert cost(kafka=OWN) == 0
    warm = 730 * 3600 * 0.0000041667 * 2
    assert cost(scaling=FunctionScaling(minimum=3, maximum=40)) == pytest.approx(730 * 0.08 + 3 * warm, abs=0.01)
    # A key, and the endpoint of Kinesis in two zones.
    assert cost(encryption=Encryption(), network=Network()) == pytest.approx(730 * 0.08 + 1 + 14.6, abs=0.01)


def test_the_budget_is_for_all_instances_without_a_pause_unless_one_is_given(tmp_path: Path) -> None:
    def limit(**changes: Any) -> str:
        return deploy(tmp_path, network=GIVEN, **changes).one("aws:budgets/budget:Budget").inputs["limitAmount"]

    assert limit() == f"{int(10 * 730 * 3600 * 0.0000166667 * 2 + 730 * 0.08 + 1) + 1}.0"
    assert limit(operations=Operations(monthly_budget_usd=9)) == "9.0"


@pytest.mark.parametrize(("environment", "protected"), [(Environment.PRODUCTION, True), (Environment.DEVELOPMENT, False)])
def test_production_protects_what_holds_data(tmp_path: Path, environment: Environment, protected: bool) -> None:
    graph = deploy(tmp_path, environment=environment)
    for each in (*graph.all(STREAM), *graph.all(BUCKET), graph.one("aws:kms/key:Key")):
        assert each.options.protect is protected
    assert deploy(tmp_path, environment=environment, **ON_MSK).one(CLUSTER).options.protect is protected


def test_everything_that_takes_tags_has_them(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text("{}")
    without = (
        *("RouteTableAssociation", "RolePolicy", "Dashboard", "TopicPolicy", "Alias", "ProvisionedConcurrencyConfig", "LogStream"),
        *("Invocation", "ClusterPolicy"),
    )
    for changes in ({"producers": [CALLER], "schema": MessageSchema(format=SchemaFormat.JSON, file=str(file))}, ON_MSK):
        for each in deploy(tmp_path, tags={"team": "x"}, **changes).registrations:
            bucket_part = each.type.startswith("aws:s3/bucket") and each.type not in (BUCKET, "aws:s3/bucketObjectv2:BucketObjectv2")
            if each.type.startswith("aws:") and not each.type.endswith(without) and not bucket_part:
                assert {"team": "x", "environment": "dev", "managed-by": "modeldeploy"}.items() <= each.inputs["tags"].items(), each.type


def test_logs_are_encrypted_and_end_and_components_are_parents(plain: Graph) -> None:
    assert all((each.inputs["kmsKeyId"], each.inputs["retentionInDays"]) == (KEY, 90) for each in plain.all(LOGS))
    made, network = plain.one("modeldeploy:index:LambdaStreamConsumer"), plain.one("modeldeploy:index:AwsNetwork")
    assert {each.parent for each in plain.registrations if each is not made} == {made.urn, network.urn}


# --- dead letters again

LETTER = {"requestContext": {"condition": "RetryAttemptsExhausted"}, "payload": json.dumps({"Records": [{"kinesis": {"data": "eA=="}}]})}
AWS_CLI = """#!/bin/sh
# Stands in for the AWS CLI: lists two letters, gives them, and answers for the function.
echo "$@" >> calls.log
case "$1 $2" in
  "s3 ls") echo "2026-11-24 10:00:00 10 aws/lambda/m/good"; echo "2026-11-24 10:00:01 10 aws/lambda/m/bad" ;;
  "s3 cp")
    cat letter.json
    case "$5" in *bad) echo '{"batchItemFailures": [{"itemIdentifier": "1"}]}' > answer.next ;; *) echo null > answer.next ;; esac
    ;;
  "lambda invoke") cp answer.next answer.json; cat call.json >> called.log; echo None ;;
esac
"""
KCAT = '#!/bin/sh\necho "$@" >> calls.log\njq -c . letter.json\n'


def replayed(folder: Path, command: str) -> list[str]:
    """Runs the command with tools that stand in for the real ones; what they were called with."""
    for name, script in (("aws", AWS_CLI), ("kcat", KCAT)):
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    (folder / "answer.next").write_text("{}")
    subprocess.run(["sh", "-c", command], cwd=folder, env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}, check=False, timeout=30)
    return (folder / "calls.log").read_text().splitlines()


def test_replay_gives_each_letter_to_the_consumer_and_deletes_it_when_it_is_done(plain: Graph, tmp_path: Path) -> None:
    (tmp_path / "letter.json").write_text(json.dumps(LETTER))
    calls = replayed(tmp_path, plain.outputs["replay"])
    assert [json.loads(line) for line in (tmp_path / "called.log").read_text().splitlines()] == [json.loads(str(LETTER["payload"]))] * 2
    assert sum("--function-name arn:function:1:live" in call for call in calls) == 2
    assert [call.split()[-1] for call in calls if call.startswith("s3 rm")] == ["s3://bucket-made/aws/lambda/m/good"]


def test_replay_of_a_given_kafka_reads_the_topic_of_letters(own: Graph, tmp_path: Path) -> None:
    payload = {"records": {"calls-0": [{"value": base64.b64encode(b"x").decode()}]}}
    (tmp_path / "letter.json").write_text(json.dumps({"payload": payload}))
    calls = replayed(tmp_path, own.outputs["replay"])
    assert calls[0] == "-F client.properties -b kafka-1.example:9093,kafka-2.example:9094 -C -t calls-failed -e -q"
    assert json.loads((tmp_path / "called.log").read_text()) == payload


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"call_seconds": 0}, "call_seconds: 0 is not allowed; use 1 to 840"),
        ({"call_seconds": 841}, "call_seconds: 841 is not allowed; use 1 to 840"),
        ({"scratch_mib": 256}, "scratch_mib: 256 is not allowed; use 512 to 10240"),
        ({"compute": ContainerCompute(gpus=1)}, "compute.gpus: 1 is not allowed: Lambda has no GPUs; let the consumer ask an endpoint that has them"),
        (
            {"compute": ContainerCompute(memory_mib=20480)},
            "compute: 1000 thousandths of a CPU and 20480 MiB are more than Lambda has (5788 and 10240); use less, or let the consumer ask an endp",
        ),
        ({"compute": ContainerCompute(cpu_millis=6000)}, "compute: 6000 thousandths of a CPU and 2048 MiB are more than Lambda has"),
        (
            {"partitions": 11},
            "scaling.maximum: 10 is below 11, the calls at the same time for 11 partitions: records would wait for an instance and grow old; use 11 "
            "or more, or fewer partitions or parallelism_per_partition",
        ),
        ({"parallelism_per_partition": 3}, "scaling.maximum: 10 is below 12, the calls at the same time for 4 partitions"),
        ({"producers": ["x"]}, "producers[0]: 'x' is not an ARN of an IAM role or user"),
        ({"secrets": {"X": "prices"}}, "secrets.X: 'prices' is not the ARN of a secret in Secrets Manager"),
        ({"encryption": Encryption(key="alias/mine")}, "encryption.key: 'alias/mine' is not the ARN of a KMS key"),
        ({"network": Network(id="vpc-1", subnet_ids=["a"], callers=["10.0.0.0/8"])}, "network.callers: excludes network.id"),
        (
            {"endpoint": f"https://runtime.sagemaker.{REGION}.amazonaws.com/endpoints/churn/async-invocations"},
            "is no SageMaker endpoint; give the output url of a SageMakerEndpoint that is not asynchronous",
        ),
        ({"operations": Operations(capture_percent=5)}, "operations.capture_percent: has no effect on a stream, of which all events are kept"),
        ({"broker_ranges": ["10.0.0.0/8"]}, "broker_ranges: has no effect without kafka; leave it out"),
        (
            {**ON_MSK, "parallelism_per_partition": 2},
            "parallelism_per_partition: 2 is not allowed with Kafka: a partition has one call at a time; use more partitions",
        ),
        ({**ON_MSK, "fan_out": False}, "fan_out: has no effect on a Kafka; leave it out"),
        (
            {**ON_MSK, "network": Network(id="vpc-1", subnet_ids=["a"])},
            "network.subnet_ids: lists one subnet, and MSK Serverless needs two, in two zones",
        ),
        ({**ON_OWN, "fan_out": False}, "fan_out: has no effect on a Kafka; leave it out"),
        ({**ON_OWN, "parallelism_per_partition": 2}, "parallelism_per_partition: 2 is not allowed with Kafka"),
        ({**ON_OWN, "broker_ranges": ["0.0.0.0/0"]}, "broker_ranges[0]: '0.0.0.0/0' is open to the internet"),
        ({**ON_OWN, "kafka": replace(OWN, secret="login")}, "kafka.secret: 'login' is not the ARN of a secret in Secrets Manager"),
        (
            {**ON_OWN, "kafka": replace(OWN, results_topic="calls")},
            "kafka: names a topic twice; events, results and dead letters need one each, or the consumer would read what it wrote",
        ),
        ({**ON_OWN, "kafka": replace(OWN, topic="a")}, "kafka.topic: 'a' is not allowed: Lambda takes topics of 2 characters and more that do not"),
        ({**ON_OWN, "kafka": replace(OWN, dead_letter_topic=".x")}, "kafka.dead_letter_topic: '.x' is not allowed: Lambda takes topics"),
        ({**ON_OWN, "network": Network()}, "network.id: is required with kafka: a network that is made reaches no brokers; give one that does"),
        ({**ON_OWN, "producers": [CALLER]}, "producers: has no effect on a Kafka that is given: its owner says who may write; leave it out"),
        (
            {**ON_OWN, "capture_days": 30},
            "capture_days: 30 is not possible with kafka: Firehose reads Kinesis and MSK only; use 0, and let Kafka Connect keep the topic",
        ),
        ({**ON_OWN, "retention_hours": 24}, "retention_hours: has no effect on a Kafka that is given: its topic has its own; leave it out"),
    ],
)
def test_arguments_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(LambdaStreamConsumerArgs, arguments(tmp_path, **changes), "LambdaStreamConsumer 'calls'")
    assert message in str(caught.value)
    assert len(caught.value.problems) == 1


def test_more_partitions_of_a_kafka_than_consumers_only_wait(tmp_path: Path) -> None:
    parse(LambdaStreamConsumerArgs, arguments(tmp_path, partitions=40, **ON_MSK), "x")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"container": Container(image=f"ghcr.io/x/pricing@sha256:{'a' * 64}")}, "model.container.image: 'ghcr.io/x/pricing@sha256:"),
        ({"container": Container(image=IMAGE, environment={"AWS_REGION": "x"})}, "model.container.environment.AWS_REGION: is a variable that Lambda"),
        (
            {"container": Container(image=IMAGE, environment={"ENDPOINT_URL": "x"})},
            "model.container.environment.ENDPOINT_URL: is set by the component",
        ),
        ({"container": Container(image=IMAGE, environment={"RESULTS_TOPIC": "x"})}, "model.container.environment.RESULTS_TOPIC: is set by the"),
        ({"source": "gs://m/1"}, "model.source: 'gs://m/1' cannot be read by the function's role; allowed: s3://"),
    ],
)
def test_models_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(LambdaStreamConsumerArgs, arguments(tmp_path, model=model(tmp_path, **changes)), "x")
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["Calls", "calls_in", "a" * 41])
def test_a_name_that_its_parts_would_not_take_is_refused_before_anything_is_registered(tmp_path: Path, name: str) -> None:
    def program() -> None:
        with pytest.raises(ArgumentError, match=f"name: '{name}' is no name for it; allowed: 1 to 40 lower-case letters"):
            LambdaStreamConsumer(name, arguments(tmp_path))

    assert not run(program).registrations


def test_a_mapping_from_another_language_is_taken_like_an_instance(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_text("model")
    given = {
        "model": {"name": "pricing", "version": "1", "source": str(tmp_path), "container": {"image": IMAGE}},
        "kafka": {**{key: value for key, value in vars(OWN).items() if key != "login"}, "login": "mtls"},
        "network": {"id": "vpc-1", "subnet_ids": ["subnet-1"]},
        "capture_days": 0.0,
        "call_seconds": 20.0,
    }
    args = parse(LambdaStreamConsumerArgs, given, "x")
    assert (args.call_seconds, args.kafka and args.kafka.login) == (20, KafkaLogin.MUTUAL_TLS)
