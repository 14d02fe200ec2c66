"""A consumer of a stream on Google Cloud: what keeps events from getting lost, each default that keeps them safe, what each argument changes, and
what is refused; from Pub/Sub, from a Kafka cluster that is made, and from a Kafka that is there."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.gcp.pubsub import MessageEncoding
from modeldeploy.gcp.streaming import CloudRunStreamConsumerArgs
from modeldeploy.spec import (
    ContainerCompute,
    Encryption,
    Environment,
    FunctionScaling,
    Network,
    Operations,
    StreamingArgs,
)
from modeldeploy.spec.arguments import ArgumentError, parse
from modeldeploy.spec.streaming import Broker, Kafka, KafkaLogin, MessageSchema, SchemaFormat
from tests.components.gcp.program import GIVEN_DATABASE, IMAGE, model
from tests.components.gcp.streams import (
    ACL,
    CLUSTER,
    GIVEN_KAFKA,
    KAFKA_TOPIC,
    METRIC,
    POOL,
    SECRET,
    STEADY,
    SUBSCRIPTION,
    TOPIC,
    comes_from,
    given_kafka_graph,
    managed_kafka_graph,
    stream_graph,
)
from tests.components.gcp.web import INVOKER, SERVICE, STASH
from tests.support.mocks import Graph, Registration

ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"
BUCKET = "gcp:storage/bucket:Bucket"
BUCKET_MEMBER = "gcp:storage/bucketIAMMember:BucketIAMMember"
BUDGET = "gcp:billing/budget:Budget"
DASHBOARD = "gcp:monitoring/dashboard:Dashboard"
EXCLUSION = "gcp:logging/projectExclusion:ProjectExclusion"
FIREWALL = "gcp:compute/firewall:Firewall"
GRANT = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
KEY = "projects/shop-models/locations/europe-west1/keyRings/made-1a2b3c4/cryptoKeys/made-1a2b3c4"
LOGS = "gcp:logging/projectBucketConfig:ProjectBucketConfig"
PROJECT_MEMBER = "gcp:projects/iAMMember:IAMMember"
SCHEMA = "gcp:pubsub/schema:Schema"
SECRET_MEMBER = "gcp:secretmanager/secretIamMember:SecretIamMember"
SINK = "gcp:logging/projectSink:ProjectSink"
SUBSCRIPTION_MEMBER = "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember"
TOPIC_MEMBER = "gcp:pubsub/topicIAMMember:TopicIAMMember"

OWN = "https://calls-stack-123456789012.europe-west1.run.app"
CONSUMER = "calls-stack@shop-models.iam.gserviceaccount.com"
PUSHER = "calls-push-stack@shop-models.iam.gserviceaccount.com"
PUBSUB = "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
PHONES = "serviceAccount:phones@network.iam.gserviceaccount.com"
DESK = "serviceAccount:desk@network.iam.gserviceaccount.com"
BROKERS = "bootstrap.calls-stack.europe-west1.managedkafka.shop-models.cloud.goog:9092"
OTHER_NETWORK = "https://www.googleapis.com/compute/v1/projects/hub/global/networks/shared"


def subscription(graph: Graph, purpose: str = "events") -> dict[str, Any]:
    return graph.one(SUBSCRIPTION, f"calls-{purpose}").inputs


def topic(graph: Graph, purpose: str) -> dict[str, Any]:
    return graph.one(TOPIC, f"calls-{purpose}").inputs


def told(container: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each.get("value", each.get("valueSource")) for each in container["envs"]}


def service_container(graph: Graph) -> dict[str, Any]:
    return graph.one(SERVICE).inputs["template"]["containers"][0]


def pool_container(graph: Graph) -> dict[str, Any]:
    return graph.one(POOL).inputs["template"]["containers"][0]


def members(graph: Graph, type: str) -> dict[str, tuple[str, str]]:
    return {each.name: (each.inputs["role"], each.inputs["member"]) for each in graph.all(type)}


def conditions(graph: Graph) -> dict[str, list[dict[str, Any]]]:
    return {each.name.removeprefix("calls-alarm-"): each.inputs["conditions"] for each in graph.all(ALERT)}


def apis(graph: Graph) -> set[str]:
    return {each.inputs["service"].removesuffix(".googleapis.com") for each in graph.all("gcp:projects/service:Service")}


def problems(**arguments: Any) -> list[str]:
    with pytest.raises(ArgumentError) as raised:
        parse(CloudRunStreamConsumerArgs, {"model": model(), **arguments}, "CloudRunStreamConsumer 'calls'")
    return [f"{problem.path}: {problem.reason}" for problem in raised.value.problems]


def kafka_problems(**arguments: Any) -> list[str]:
    return problems(**{"broker": "kafka", "scaling": STEADY, **arguments})


def given_problems(**arguments: Any) -> list[str]:
    network = {"id": "projects/p/global/networks/n", "subnet_ids": ["projects/p/regions/europe-west1/subnetworks/s"]}
    return problems(**{"kafka": GIVEN_KAFKA, "scaling": STEADY, "network": network, **arguments})


# Events, and what becomes of them


def test_events_are_pushed_to_the_consumer_in_order_of_their_keys() -> None:
    graph = stream_graph()
    pushed = subscription(graph)
    assert pushed["pushConfig"] == {"pushEndpoint": f"{OWN}/invocations", "oidcToken": {"serviceAccountEmail": PUSHER, "audience": OWN}}
    assert pushed["enableMessageOrdering"] is True
    assert comes_from(graph.one(SUBSCRIPTION, "calls-events"), "topic") == {"calls-events"}
    assert graph.outputs["events"] == "calls-events-id"
    assert graph.outputs["results"] == "calls-results-id"


def test_only_pub_sub_may_call_the_consumer_with_a_token_of_an_account_of_its_own() -> None:
    graph = stream_graph()
    assert members(graph, INVOKER) == {"calls-pushes": ("roles/run.invoker", f"serviceAccount:{PUSHER}")}
    signs = graph.one("gcp:serviceaccount/iAMMember:IAMMember").inputs
    assert (signs["member"], signs["role"]) == (PUBSUB, "roles/iam.serviceAccountOpenIdTokenCreator")
    assert signs["serviceAccountId"] == f"projects/shop-models/serviceAccounts/{PUSHER}"
    service = graph.one(SERVICE).inputs
    assert (service["ingress"], service["invokerIamDisabled"]) == ("INGRESS_TRAFFIC_INTERNAL_ONLY", False)
    waits_for = graph.one(SUBSCRIPTION, "calls-events").depends_on
    assert {graph.one(INVOKER).urn, graph.one("gcp:serviceaccount/iAMMember:IAMMember").urn} <= waits_for


@pytest.mark.parametrize(("retries", "attempts"), [(0, 5), (3, 5), (4, 5), (5, 6), (10, 11)])
def test_what_fails_comes_again_with_growing_pauses_and_is_a_dead_letter_in_the_end(retries: int, attempts: int) -> None:
    graph = stream_graph(retries=retries)
    pushed = subscription(graph)
    assert pushed["deadLetterPolicy"] == {"deadLetterTopic": "calls-dead-letters-id", "maxDeliveryAttempts": attempts}
    assert pushed["retryPolicy"] == {"minimumBackoff": "10s", "maximumBackoff": "600s"}
    assert told(service_container(graph))["RETRIES"] == str(retries)


def test_pub_sub_may_move_dead_letters_and_acknowledge_them() -> None:
    graph = stream_graph()
    assert members(graph, TOPIC_MEMBER)["calls-gives-up"] == ("roles/pubsub.publisher", PUBSUB)
    assert comes_from(graph.one(TOPIC_MEMBER, "calls-gives-up"), "topic") == {"calls-dead-letters"}
    assert members(graph, SUBSCRIPTION_MEMBER) == {"calls-acknowledges": ("roles/pubsub.subscriber", PUBSUB)}
    assert graph.one(SUBSCRIPTION_MEMBER).inputs["subscription"] == "calls-events-1a2b3c4"
    assert graph.one(TOPIC_MEMBER, "calls-gives-up").urn in graph.one(SUBSCRIPTION, "calls-events").depends_on


def test_dead_letters_are_kept_as_long_as_pub_sub_keeps_anything() -> None:
    graph = stream_graph()
    kept = subscription(graph, "dead-letters")
    assert (kept["messageRetentionDuration"], kept["ackDeadlineSeconds"]) == ("2678400s", 600)
    assert "pushConfig" not in kept
    assert "deadLetterPolicy" not in kept
    assert topic(graph, "dead-letters")["messageRetentionDuration"] == "2678400s"
    assert comes_from(graph.one(SUBSCRIPTION, "calls-dead-letters"), "topic") == {"calls-dead-letters"}
    assert graph.outputs["dead_letters"] == "projects/shop-models/subscriptions/calls-letters-1a2b3c4"
    # A letter that comes before somebody keeps it would be gone.
    assert graph.one(SUBSCRIPTION, "calls-dead-letters").urn in graph.one(SUBSCRIPTION, "calls-events").depends_on


def test_records_stay_for_the_time_that_is_given() -> None:
    graph = stream_graph(retention_hours=100)
    assert [topic(graph, each)["messageRetentionDuration"] for each in ("events", "results")] == ["360000s", "360000s"]
    assert [subscription(graph, each)["messageRetentionDuration"] for each in ("events", "capture")] == ["360000s", "360000s"]
    assert subscription(stream_graph())["messageRetentionDuration"] == "259200s"


def test_no_subscription_goes_because_nobody_reads_it() -> None:
    assert [each.inputs["expirationPolicy"] for each in stream_graph().all(SUBSCRIPTION)] == [{"ttl": ""}] * 3


def test_scoring_has_as_long_as_is_given() -> None:
    graph = stream_graph(request_seconds=90)
    assert subscription(graph)["ackDeadlineSeconds"] == 90
    assert graph.one(SERVICE).inputs["template"]["timeout"] == "90s"
    assert subscription(stream_graph())["ackDeadlineSeconds"] == 60


def test_the_consumer_writes_results_and_dead_letters_and_nothing_else() -> None:
    graph = stream_graph()
    granted = {each.name: comes_from(each, "topic") for each in graph.all(TOPIC_MEMBER) if each.inputs["member"] == f"serviceAccount:{CONSUMER}"}
    assert granted == {"calls-writes-results": {"calls-results"}, "calls-writes-letters": {"calls-dead-letters"}}
    assert {members(graph, TOPIC_MEMBER)[each][0] for each in granted} == {"roles/pubsub.publisher"}
    assert {graph.one(TOPIC_MEMBER, each).urn for each in granted} <= graph.one(SERVICE).depends_on
    assert not graph.all(PROJECT_MEMBER)


def test_the_consumer_is_told_all_it_has_to_know() -> None:
    graph = stream_graph(endpoint="https://risk.example.com/predict", max_age_seconds=120, model=model(environment={"THRESHOLD": "0.5"}))
    assert told(service_container(graph)) == {
        "THRESHOLD": "0.5",
        "RETRIES": "3",
        "MAX_AGE_SECONDS": "120",
        "ENDPOINT_URL": "https://risk.example.com/predict",
        "MODEL_URI": "gs://shop-artifacts/pricing/1",
        "MODEL_VERSION": "1",
        "RESULTS_TOPIC": "calls-results-id",
        "DEAD_LETTER_TOPIC": "calls-dead-letters-id",
    }
    assert "ENDPOINT_URL" not in told(service_container(stream_graph()))


def test_producers_write_events_and_readers_read_results_and_dead_letters() -> None:
    graph = stream_graph(producers=[PHONES], readers=[DESK])
    assert members(graph, TOPIC_MEMBER)[f"calls-producer-{PHONES}"] == ("roles/pubsub.publisher", PHONES)
    assert comes_from(graph.one(TOPIC_MEMBER, f"calls-producer-{PHONES}"), "topic") == {"calls-events"}
    assert members(graph, TOPIC_MEMBER)[f"calls-reader-{DESK}"] == ("roles/pubsub.subscriber", DESK)
    assert comes_from(graph.one(TOPIC_MEMBER, f"calls-reader-{DESK}"), "topic") == {"calls-results"}
    assert members(graph, SUBSCRIPTION_MEMBER)[f"calls-letters-{DESK}"] == ("roles/pubsub.subscriber", DESK)
    assert comes_from(graph.one(SUBSCRIPTION_MEMBER, f"calls-letters-{DESK}"), "subscription") == {"calls-dead-letters"}
    assert {member for _, member in members(stream_graph(), TOPIC_MEMBER).values()} == {PUBSUB, f"serviceAccount:{CONSUMER}"}


def test_all_events_are_captured_with_what_came_with_them() -> None:
    graph = stream_graph(capture_days=14)
    captured = subscription(graph, "capture")
    assert captured["cloudStorageConfig"] == {
        "bucket": "calls-capture-1a2b3c4",
        "filenamePrefix": "events/",
        "filenameSuffix": ".avro",
        "filenameDatetimeFormat": "YYYY-MM-DD/hh_mm_ssZ",
        "maxDuration": "300s",
        "avroConfig": {"writeMetadata": True, "useTopicSchema": False},
    }
    # A file may be open no longer than what is in it may wait.
    assert captured["ackDeadlineSeconds"] == 600
    assert comes_from(graph.one(SUBSCRIPTION, "calls-capture"), "topic") == {"calls-events"}
    bucket = graph.one(BUCKET, "calls-capture")
    assert [each["condition"].get("age") for each in bucket.inputs["lifecycleRules"]] == [14, None, 7]
    assert bucket.inputs["publicAccessPrevention"] == "enforced"
    assert bucket.inputs["encryption"] == {"defaultKmsKeyName": KEY}
    writes = {name: each for name, each in members(graph, BUCKET_MEMBER).items() if "captures" in name}
    assert writes == {
        "calls-captures-looks": ("roles/storage.legacyBucketReader", PUBSUB),
        "calls-captures-writes": ("roles/storage.objectCreator", PUBSUB),
    }
    assert {graph.one(BUCKET_MEMBER, name).urn for name in writes} <= graph.one(SUBSCRIPTION, "calls-capture").depends_on


def test_nothing_is_captured_when_nothing_is_to_be_kept() -> None:
    graph = stream_graph(capture_days=0)
    assert sorted(each.name for each in graph.all(SUBSCRIPTION)) == ["calls-dead-letters", "calls-events"]
    assert [each.name for each in graph.all(BUCKET)] == ["calls-models"]
    assert "capture" not in conditions(graph)


def test_messages_that_do_not_follow_the_schema_are_refused(tmp_path: Path) -> None:
    written = tmp_path / "call.avsc"
    written.write_text('{"type": "record", "name": "Call", "fields": []}')
    schema = MessageSchema(format=SchemaFormat.AVRO, file=str(written))
    graph = stream_graph(schema=schema)
    assert graph.one(SCHEMA).inputs == {"type": "AVRO", "definition": written.read_text(), "project": "shop-models"}
    assert topic(graph, "events")["schemaSettings"] == {"schema": "calls-schema-id", "encoding": "JSON"}
    assert "schemaSettings" not in topic(graph, "results")
    assert "schemaSettings" not in topic(graph, "dead-letters")
    binary = stream_graph(schema=schema, schema_encoding=MessageEncoding.BINARY)
    assert topic(binary, "events")["schemaSettings"]["encoding"] == "BINARY"
    assert not stream_graph().all(SCHEMA)


def run_replay(command: str, folder: Path, letters: list[dict[str, Any]], failing: str = "") -> list[str]:
    """Runs the command with a gcloud that has `letters` and a curl that fails when it is to publish `failing`; what they were called with."""
    log = folder / "log"
    tools = {
        "gcloud": f"""case "$*" in
            "auth print-access-token") echo token ;;
            *pull*) cat {folder}/letters ;;
            esac
            case "$*" in auth*) ;; *) echo "gcloud $*" >> {log} ;; esac""",
        "curl": f"""body=$(cat)
            echo "curl $* $body" >> {log}
            case "$body" in *'{failing or "nothing"}'*) exit 22 ;; esac""",
    }
    for name, script in tools.items():
        tool = folder / name
        tool.write_text(f"#!/bin/sh\n{script}\n")
        tool.chmod(0o755)
    (folder / "letters").write_text(json.dumps(letters))
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-c", command], env=environment, check=False, timeout=60, capture_output=True)
    return log.read_text().splitlines()


def test_dead_letters_are_sent_in_again_one_by_one_and_kept_when_that_fails(tmp_path: Path) -> None:
    command = stream_graph().outputs["replay"]
    letters = [
        {
            "ackId": f"ack-{key}",
            "message": {"data": f"{key}==", "attributes": {"reason": "no model"}, "orderingKey": key, "messageId": "7", "publishTime": "now"},
        }
        for key in ("a", "b")
    ]
    pull, first, acknowledged, second = run_replay(command, tmp_path, letters, failing='"data":"b=="')
    assert pull == "gcloud pubsub subscriptions pull projects/shop-models/subscriptions/calls-letters-1a2b3c4 --limit=100 --format=json"
    assert first.startswith(
        "curl -sSf -o /dev/null -H Authorization: Bearer token -H Content-Type: application/json -d @- https://pubsub.googleapis.com/v1/"
    )
    assert first.endswith('calls-events-id:publish {"messages":[{"data":"a==","attributes":{"reason":"no model"},"orderingKey":"a"}]}')
    assert acknowledged == "gcloud pubsub subscriptions ack projects/shop-models/subscriptions/calls-letters-1a2b3c4 --ack-ids=ack-a"
    assert '"data":"b=="' in second


# The service


def test_the_consumer_scales_with_what_there_is_to_do() -> None:
    template = stream_graph().one(SERVICE).inputs["template"]
    assert template["scaling"] == {"minInstanceCount": 1, "maxInstanceCount": 10}
    assert template["maxInstanceRequestConcurrency"] == 8
    given = stream_graph(scaling=FunctionScaling(minimum=0, maximum=40), concurrency=30, compute=ContainerCompute(cpu_millis=4000, memory_mib=8192))
    template = given.one(SERVICE).inputs["template"]
    assert template["scaling"] == {"minInstanceCount": 0, "maxInstanceCount": 40}
    assert template["maxInstanceRequestConcurrency"] == 30
    assert service_container(given)["resources"]["limits"] == {"cpu": "4", "memory": "8192Mi"}


def test_the_version_that_is_given_gets_all_records() -> None:
    graph = stream_graph(model=model("2"))
    service = graph.one(SERVICE).inputs
    (traffic,) = service["traffics"]
    assert (traffic["percent"], traffic["tag"]) == (100, "v2")
    assert traffic["revision"] == service["template"]["revision"]
    assert graph.outputs["model_version"] == "2"
    assert graph.outputs["consumer"] == "projects/shop-models/locations/europe-west1/services/calls-stack"
    assert [each.name for each in graph.all(STASH)] == ["calls-revision-2"]


def test_the_path_of_the_container_gets_the_records() -> None:
    graph = stream_graph(model=model(predict_path="/score"))
    assert subscription(graph)["pushConfig"]["pushEndpoint"] == f"{OWN}/score"


def test_secrets_and_a_database_reach_the_consumer() -> None:
    graph = stream_graph(secrets={"RISK_TOKEN": SECRET}, database=GIVEN_DATABASE)
    variables = told(service_container(graph))
    assert variables["RISK_TOKEN"] == {"secretKeyRef": {"secret": "projects/vault/secrets/kafka", "version": "3"}}
    assert variables["DATABASE_HOST"] == "10.64.64.3"
    assert graph.outputs["database_grant"].endswith('"calls-stack@shop-models.iam";')
    assert stream_graph().outputs["database_grant"] == ""
    assert "secretmanager" in apis(graph)
    assert "secretmanager" not in apis(stream_graph())


# Kept, watched and paid


def test_everything_is_encrypted_with_the_key_and_stays_in_the_region() -> None:
    graph = stream_graph()
    assert {each.inputs["kmsKeyName"] for each in graph.all(TOPIC)} == {KEY}
    assert all(each.inputs["messageStoragePolicy"] == {"allowedPersistenceRegions": ["europe-west1"]} for each in graph.all(TOPIC))
    assert {each.name.removeprefix("calls-key-") for each in graph.all(GRANT)} == {"run", "storage", "logging", "pubsub"}
    assert graph.one(GRANT, "calls-key-pubsub").urn in graph.one(TOPIC, "calls-events").depends_on
    assert graph.one(SERVICE).inputs["template"]["encryptionKey"] == KEY
    # It is asked for once, and used for the key and for the rights.
    assert graph.names("gcp:projects/serviceIdentity:ServiceIdentity") == ["calls-agent-pubsub", "calls-agent-run"]


def test_a_key_that_is_given_is_used_and_left_alone() -> None:
    given = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"
    graph = stream_graph(encryption=Encryption(key=given))
    assert {each.inputs["kmsKeyName"] for each in graph.all(TOPIC)} == {given}
    assert not graph.all(GRANT)


def test_what_holds_records_is_protected_in_production() -> None:
    held = (TOPIC, SUBSCRIPTION, BUCKET)
    assert all(each.options.protect for type in held for each in stream_graph().all(type))
    assert not any(each.options.protect for type in held for each in stream_graph(environment=Environment.DEVELOPMENT).all(type))


def test_everything_that_takes_labels_has_them() -> None:
    for graph in (stream_graph(tags={"team": "network"}), managed_kafka_graph(tags={"team": "network"})):
        for each in graph.registrations:
            if "labels" in each.inputs and each.type != "gcp:monitoring/notificationChannel:NotificationChannel":
                assert each.inputs["labels"]["team"] == "network", each.name
        assert all("labels" in each.inputs for type in (TOPIC, SUBSCRIPTION, SERVICE, CLUSTER, POOL) for each in graph.all(type))


def test_alarms_watch_the_stream_and_the_consumer() -> None:
    operations = Operations(error_percent=5, latency_milliseconds=300, emails=["net@example.com"])
    graph = stream_graph(lag_seconds=30, operations=operations)
    met = {name: [each["conditionThreshold"] for each in found] for name, found in conditions(graph).items()}
    assert met.keys() == {"lag", "dead-letters", "push", "throttled", "capture", "latency", "errors", "cpu"}

    def series(subscription: str, metric: str) -> str:
        return (
            f'resource.type="pubsub_subscription" AND resource.labels.subscription_id="calls-{subscription}-1a2b3c4"'
            f' AND metric.type="pubsub.googleapis.com/subscription/{metric}"'
        )

    def shape(condition: dict[str, Any]) -> tuple[Any, ...]:
        (how,) = condition["aggregations"]
        return condition["filter"], condition["thresholdValue"], condition["duration"], how["perSeriesAligner"], how["crossSeriesReducer"]

    assert [shape(each) for each in met["lag"]] == [(series("events", "oldest_unacked_message_age"), 30, "0s", "ALIGN_MAX", "REDUCE_MAX")]
    assert [shape(each) for each in met["capture"]] == [(series("capture", "oldest_unacked_message_age"), 3600, "0s", "ALIGN_MAX", "REDUCE_MAX")]
    assert [shape(each) for each in met["dead-letters"]] == [(series("letters", "num_undelivered_messages"), 0, "0s", "ALIGN_MAX", "REDUCE_SUM")]
    (push,) = met["push"]
    pushed = series("events", "push_request_count")
    assert (push["filter"], push["denominatorFilter"]) == (f'{pushed} AND metric.labels.response_class!="ack"', pushed)
    assert push["thresholdValue"] == 0.05
    refused, exhausted = met["throttled"]
    assert refused["filter"].endswith(
        'service_name="calls-stack" AND resource.labels.location="europe-west1"'
        ' AND metric.type="run.googleapis.com/request_count" AND metric.labels.response_code="429"'
    )
    assert exhausted["filter"] == (
        'resource.type="pubsub_topic" AND resource.labels.topic_id="made-1a2b3c4"'
        ' AND metric.type="pubsub.googleapis.com/topic/send_request_count" AND metric.labels.response_code="resource_exhausted"'
    )
    assert (refused["thresholdValue"], refused["duration"]) == (0, "300s")
    assert met["latency"][0]["thresholdValue"] == 300
    assert {tuple(each.inputs["notificationChannels"]) for each in graph.all(ALERT)} == {("channel",)}


def test_the_dashboard_shows_the_stream_and_the_consumer() -> None:
    graph = stream_graph()
    board = json.loads(graph.one(DASHBOARD).inputs["dashboardJson"])
    titles = [each["widget"]["title"] for each in board["mosaicLayout"]["tiles"]]
    assert titles[:4] == ["Age of the oldest record that waits, in seconds", "Records that wait", "Records handed over, by answer", "Dead letters"]
    assert "Instances by state" in titles
    assert "calls-letters-1a2b3c4" in graph.one(DASHBOARD).inputs["dashboardJson"]
    assert graph.outputs["dashboard_url"].startswith("https://console.cloud.google.com/monitoring/dashboards/")


def test_logs_of_the_consumer_are_kept_in_a_bucket_of_their_own() -> None:
    graph = stream_graph(operations=Operations(log_retention_days=180))
    assert graph.one(LOGS).inputs["retentionDays"] == 180
    assert 'service_name="calls-stack"' in graph.one(SINK).inputs["filter"]
    assert graph.one(EXCLUSION).inputs["filter"] == graph.one(SINK).inputs["filter"]
    assert graph.outputs["logs"] == graph.one(LOGS).inputs["bucketId"].join(["projects/shop-models/locations/europe-west1/buckets/", ""])


def test_the_cost_is_that_of_the_instances_that_are_kept() -> None:
    # 1 CPU and 2 GiB that wait: 3600 * (0.0000025 + 2 * 0.0000025) * 730.
    assert stream_graph().outputs["monthly_cost"] == 19.71
    assert stream_graph(scaling=FunctionScaling(minimum=0, maximum=10)).outputs["monthly_cost"] == 0


def test_the_budget_is_the_most_the_consumer_can_cost() -> None:
    budget = stream_graph(billing_account="012345-6789AB-CDEF01").one(BUDGET).inputs
    # Ten that always have records: 10 * 3600 * (0.000024 + 2 * 0.0000025) * 730.
    assert budget["amount"]["specifiedAmount"]["units"] == "763"
    assert "billingbudgets" in apis(stream_graph(billing_account="012345-6789AB-CDEF01"))
    assert not stream_graph().all(BUDGET)


def test_the_apis_are_those_that_are_used() -> None:
    own = {"pubsub", "managedkafka", "secretmanager"}
    assert apis(stream_graph()) & own == {"pubsub"}
    assert apis(managed_kafka_graph()) & own == {"managedkafka"}
    assert apis(given_kafka_graph()) & own == {"secretmanager"}
    assert {"run", "binaryauthorization", "cloudkms"} <= apis(given_kafka_graph())


# A Kafka cluster


def test_a_cluster_is_private_and_encrypted() -> None:
    graph = managed_kafka_graph()
    cluster = graph.one(CLUSTER).inputs
    assert (cluster["clusterId"], cluster["location"]) == ("calls-stack", "europe-west1")
    assert cluster["capacityConfig"] == {"vcpuCount": "3", "memoryBytes": str(12 * 1024**3)}
    assert cluster["gcpConfig"] == {
        "accessConfig": {"networkConfigs": [{"subnet": "projects/shop-models/regions/europe-west1/subnetworks/shared"}]},
        "kmsKey": KEY,
    }
    assert cluster["rebalanceConfig"] == {"mode": "AUTO_REBALANCE_ON_SCALE_UP"}
    assert graph.one(GRANT, "calls-key-managedkafka").urn in graph.one(CLUSTER).depends_on
    assert not graph.all(TOPIC)
    assert not graph.all(SERVICE)
    assert graph.one(CLUSTER).options.protect
    assert not managed_kafka_graph(environment=Environment.DEVELOPMENT).one(CLUSTER).options.protect
    larger = managed_kafka_graph(kafka_cpus=6).one(CLUSTER).inputs["capacityConfig"]
    assert larger == {"vcpuCount": "6", "memoryBytes": str(24 * 1024**3)}


def test_topics_have_a_copy_in_each_zone_and_keep_what_is_asked_for() -> None:
    graph = managed_kafka_graph(partitions=12, retention_hours=100)
    topics = {each.inputs["topicId"]: each.inputs for each in graph.all(KAFKA_TOPIC)}
    assert {name: each["configs"]["retention.ms"] for name, each in topics.items()} == {
        "events": "360000000",
        "results": "360000000",
        "dead-letters": "2678400000",
    }
    assert {(each["partitionCount"], each["replicationFactor"], each["configs"]["min.insync.replicas"]) for each in topics.values()} == {(12, 3, "2")}
    assert {each.inputs["partitionCount"] for each in managed_kafka_graph().all(KAFKA_TOPIC)} == {4}
    assert {each.inputs["cluster"] for each in graph.all(KAFKA_TOPIC)} == {"calls-stack"}
    assert all(each.options.protect for each in graph.all(KAFKA_TOPIC))


def allowed(graph: Graph) -> dict[str, set[tuple[str, str]]]:
    """Who may do what, by list."""
    lists: dict[str, set[tuple[str, str]]] = {}
    for each in graph.all(ACL):
        assert {(entry["permissionType"], entry["host"]) for entry in each.inputs["aclEntries"]} == {("ALLOW", "*")}
        lists[each.inputs["aclId"]] = {(entry["principal"], entry["operation"]) for entry in each.inputs["aclEntries"]}
    return lists


def can(email: str, *operations: str) -> set[tuple[str, str]]:
    return {(f"User:{email}", each) for each in (*operations, "DESCRIBE")}


def test_each_may_do_on_a_topic_what_it_has_to() -> None:
    graph = managed_kafka_graph(producers=[PHONES], readers=[DESK])
    phones, desk = PHONES.removeprefix("serviceAccount:"), DESK.removeprefix("serviceAccount:")
    assert allowed(graph) == {
        "topic/events": can(CONSUMER, "READ") | can(phones, "WRITE"),
        "topic/results": can(CONSUMER, "WRITE") | can(desk, "READ"),
        "topic/dead-letters": can(CONSUMER, "WRITE") | can(desk, "READ"),
        "consumerGroup/calls-stack": can(CONSUMER, "READ"),
        "consumerGroupPrefixed/calls-stack-": can(desk, "READ"),
    }
    connects = members(graph, PROJECT_MEMBER)
    assert connects == {
        "calls-connects": ("roles/managedkafka.client", f"serviceAccount:{CONSUMER}"),
        f"calls-connects-{PHONES}": ("roles/managedkafka.client", PHONES),
        f"calls-connects-{DESK}": ("roles/managedkafka.client", DESK),
    }
    assert {graph.one(ACL, "calls-acl-events").urn, graph.one(PROJECT_MEMBER, "calls-connects").urn} <= graph.one(POOL).depends_on
    assert "consumerGroupPrefixed/calls-stack-" not in allowed(managed_kafka_graph())
    assert {(each.inputs["cluster"], each.inputs["location"]) for each in graph.all(ACL)} == {("calls-stack", "europe-west1")}
    assert all({made.urn for made in graph.all(KAFKA_TOPIC)} <= each.depends_on for each in graph.all(ACL))


def test_somebody_who_writes_and_reads_connects_once() -> None:
    graph = managed_kafka_graph(producers=[PHONES], readers=[PHONES])
    assert sorted(members(graph, PROJECT_MEMBER)) == ["calls-connects", f"calls-connects-{PHONES}"]


def test_the_pool_reaches_the_brokers_and_nothing_else_is_opened() -> None:
    rule = managed_kafka_graph().one(FIREWALL).inputs
    assert (rule["direction"], rule["allows"], rule["targetTags"]) == ("EGRESS", [{"protocol": "tcp", "ports": ["9092"]}], ["calls"])
    assert rule["destinationRanges"] == ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
    assert (rule["network"], rule["project"]) == ("projects/shop-models/global/networks/shared", "shop-models")
    # Before the network's own refusal, and in its log.
    assert (rule["priority"], rule["logConfig"]) == (1000, {"metadata": "INCLUDE_ALL_METADATA"})
    other = Network(id=OTHER_NETWORK, subnet_ids=["projects/hub/regions/europe-west1/subnetworks/shared"])
    assert managed_kafka_graph(network=other).one(FIREWALL).inputs["project"] == "hub"
    assert managed_kafka_graph(network=Network(id="shared", subnet_ids=["s"])).one(FIREWALL).inputs["project"] == "shop-models"


def test_a_pool_reads_from_the_cluster_with_its_own_identity() -> None:
    graph = managed_kafka_graph(records_per_call=50, batch_window_seconds=5, parallelism_per_partition=2, retries=1, max_age_seconds=90)
    assert told(pool_container(graph)) == {
        "RETRIES": "1",
        "MAX_AGE_SECONDS": "90",
        "MODEL_URI": "gs://shop-artifacts/pricing/1",
        "MODEL_VERSION": "1",
        "KAFKA_BOOTSTRAP_SERVERS": BROKERS,
        "KAFKA_LOGIN": "oauthbearer",
        "KAFKA_GROUP": "calls-stack",
        "EVENTS_TOPIC": "events",
        "RESULTS_TOPIC": "results",
        "DEAD_LETTER_TOPIC": "dead-letters",
        "RECORDS_PER_CALL": "50",
        "BATCH_WINDOW_SECONDS": "5",
        "PARALLELISM_PER_PARTITION": "2",
    }
    assert told(pool_container(managed_kafka_graph()))["RECORDS_PER_CALL"] == "100"
    assert (graph.outputs["events"], graph.outputs["results"]) == (f"{BROKERS}/events", f"{BROKERS}/results")
    assert graph.outputs["dead_letters"] == f"{BROKERS}/dead-letters"
    assert graph.outputs["consumer"] == "projects/shop-models/locations/europe-west1/workerPools/made-1a2b3c4"


def test_dead_letters_of_kafka_are_copied_with_their_keys() -> None:
    assert managed_kafka_graph().outputs["replay"] == (
        f"kafka-console-consumer.sh --bootstrap-server {BROKERS} --consumer.config client.properties --topic dead-letters "
        "--group calls-stack-replay --from-beginning --timeout-ms 10000 --property print.key=true "
        f"| kafka-console-producer.sh --bootstrap-server {BROKERS} --producer.config client.properties --topic events "
        "--property parse.key=true --property null.marker=null"
    )


def test_a_pool_has_the_instances_that_are_given_in_the_private_network() -> None:
    graph = managed_kafka_graph()
    pool = graph.one(POOL).inputs
    assert pool["scaling"] == {"manualInstanceCount": 2}
    assert pool["binaryAuthorization"] == {"useDefault": True}
    assert pool["template"]["encryptionKey"] == KEY
    assert pool["template"]["serviceAccount"] == CONSUMER
    network = {"network": "projects/shop-models/global/networks/shared", "subnetwork": "projects/shop-models/regions/europe-west1/subnetworks/shared"}
    assert pool["template"]["vpcAccess"] == {"egress": "ALL_TRAFFIC", "networkInterfaces": [{**network, "tags": ["calls"]}]}
    assert "nodeSelector" not in pool["template"]
    assert pool["template"]["labels"] == pool["labels"]
    container = pool_container(graph)
    assert container["image"] == IMAGE
    assert container["resources"] == {"limits": {"cpu": "1", "memory": "2048Mi"}}
    check = {"httpGet": {"path": "/ping", "port": 8080}, "timeoutSeconds": 5}
    assert container["startupProbe"] == {**check, "periodSeconds": 10, "failureThreshold": 24}
    assert container["livenessProbe"] == {**check, "periodSeconds": 30, "failureThreshold": 3}
    assert (pool["deletionProtection"], managed_kafka_graph(environment=Environment.DEVELOPMENT).one(POOL).inputs["deletionProtection"]) == (
        True,
        False,
    )
    ignored = set(graph.one(POOL).options.ignoreChanges)
    assert {"client", "clientVersion", "template.client", "template.clientVersion"} <= ignored


def test_a_pool_with_gpus_has_no_second_zone_that_stands_by() -> None:
    template = managed_kafka_graph(compute=ContainerCompute(gpus=1)).one(POOL).inputs["template"]
    assert template["nodeSelector"] == {"accelerator": "nvidia-l4"}
    assert template["gpuZonalRedundancyDisabled"] is True
    assert template["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"


def test_alarms_read_what_the_pool_writes_about_itself() -> None:
    graph = managed_kafka_graph(lag_seconds=45, operations=Operations(utilization_percent=80))
    met = conditions(graph)
    assert met.keys() == {"lag", "dead-letters", "silent", "cpu"}
    of_pool = 'resource.type="cloud_run_worker_pool" AND resource.labels.worker_pool_name="made-1a2b3c4" AND resource.labels.location="europe-west1"'
    assert met["lag"][0]["conditionMatchedLog"]["filter"] == f"{of_pool} AND jsonPayload.lag_seconds>45"
    assert met["dead-letters"][0]["conditionMatchedLog"]["filter"] == f"{of_pool} AND jsonPayload.dead_letter:*"
    busy = f'{of_pool} AND metric.type="run.googleapis.com/container/cpu/utilizations"'
    assert (met["cpu"][0]["conditionThreshold"]["filter"], met["cpu"][0]["conditionThreshold"]["thresholdValue"]) == (busy, 0.8)
    silent = met["silent"][0]["conditionAbsent"]
    assert (silent["filter"], silent["duration"]) == (busy, "600s")
    how = {"alignmentPeriod": "300s", "perSeriesAligner": "ALIGN_PERCENTILE_99", "crossSeriesReducer": "REDUCE_MAX"}
    assert (silent["aggregations"], silent["trigger"]) == ([how], {"count": 1})
    # The lines that alarms look for stay where alarms see them.
    assert graph.one(SINK).inputs["filter"] == of_pool
    assert graph.one(EXCLUSION).inputs["filter"] == f"({of_pool}) AND NOT (jsonPayload.lag_seconds>=0 OR jsonPayload.dead_letter:*)"


def test_the_dashboard_of_a_pool_shows_what_it_writes() -> None:
    graph = managed_kafka_graph()
    lag = graph.one(METRIC, "calls-lag").inputs
    assert lag["metricDescriptor"]["valueType"] == "DISTRIBUTION"
    assert lag["valueExtractor"] == "EXTRACT(jsonPayload.lag_seconds)"
    assert lag["bucketOptions"]["exponentialBuckets"]["growthFactor"] == 1.1
    assert lag["filter"].endswith("AND jsonPayload.lag_seconds>=0")
    letters = graph.one(METRIC, "calls-letters").inputs
    assert (letters["metricDescriptor"]["valueType"], letters["metricDescriptor"]["metricKind"]) == ("INT64", "DELTA")
    assert not {"valueExtractor", "bucketOptions"} & letters.keys()
    board = graph.one(DASHBOARD).inputs["dashboardJson"]
    assert all(f"logging.googleapis.com/user/calls-{each}-1a2b3c4" in board for each in ("lag", "letters"))


def test_a_cluster_and_its_pool_cost_what_they_are_all_the_time() -> None:
    # 3 CPUs with 4 GiB each are 3 units of 9 cents an hour; 2 instances of 1 CPU and 2 GiB.
    assert managed_kafka_graph().outputs["monthly_cost"] == round(197.1 + 2 * 730 * 3600 * (0.000018 + 2 * 0.000002), 2)
    assert given_kafka_graph().outputs["monthly_cost"] == round(2 * 730 * 3600 * (0.000018 + 2 * 0.000002), 2)
    budget = managed_kafka_graph(billing_account="012345-6789AB-CDEF01").one(BUDGET).inputs
    assert budget["amount"]["specifiedAmount"]["units"] == "313"


# A Kafka that is there


def test_a_kafka_that_is_given_is_read_with_a_secret_by_reference() -> None:
    graph = given_kafka_graph()
    variables = told(pool_container(graph))
    assert variables["KAFKA_SECRET"] == {"secretKeyRef": {"secret": "projects/vault/secrets/kafka", "version": "3"}}
    assert variables["KAFKA_BOOTSTRAP_SERVERS"] == "kafka-1.example.com:9094,kafka-2.example.com:9094"
    assert (variables["EVENTS_TOPIC"], variables["RESULTS_TOPIC"], variables["DEAD_LETTER_TOPIC"]) == ("calls", "drops", "letters")
    assert variables["KAFKA_LOGIN"] == "scram-sha-512"
    assert members(graph, SECRET_MEMBER)["calls-reads-secret-KAFKA_SECRET"] == ("roles/secretmanager.secretAccessor", f"serviceAccount:{CONSUMER}")
    for type in (CLUSTER, KAFKA_TOPIC, ACL, TOPIC, FIREWALL, PROJECT_MEMBER):
        assert not graph.all(type)
    assert graph.outputs["events"] == "kafka-1.example.com:9094,kafka-2.example.com:9094/calls"
    assert {each.name.removeprefix("calls-key-") for each in graph.all(GRANT)} == {"run", "storage", "logging"}


def test_other_secrets_are_there_besides_that_of_kafka() -> None:
    variables = told(pool_container(given_kafka_graph(secrets={"RISK_TOKEN": "projects/vault/secrets/risk/versions/1"})))
    assert variables["RISK_TOKEN"] == {"secretKeyRef": {"secret": "projects/vault/secrets/risk", "version": "1"}}
    assert variables["KAFKA_SECRET"] == {"secretKeyRef": {"secret": "projects/vault/secrets/kafka", "version": "3"}}


def test_a_kafka_that_is_given_may_want_certificates() -> None:
    kafka = Kafka(bootstrap_servers=["k:9094"], topic="a", results_topic="b", dead_letter_topic="c", login=KafkaLogin.MUTUAL_TLS, secret=SECRET)
    assert told(pool_container(given_kafka_graph(kafka=kafka)))["KAFKA_LOGIN"] == "mtls"


# What is refused


REFUSED: list[tuple[Callable[[], list[str]], list[str]]] = [
    (
        lambda: problems(partitions=4),
        [
            "partitions: has no meaning on Pub/Sub: records of one ordering key come one after the other, and scaling.maximum and concurrency say "
            "how many come at the same time; leave it out, or use broker kafka"
        ],
    ),
    (
        lambda: problems(records_per_call=2),
        ["records_per_call: 2 is not allowed: Pub/Sub hands over one record at a time; leave it out, or use broker kafka"],
    ),
    (
        lambda: problems(batch_window_seconds=5),
        ["batch_window_seconds: 5 is not allowed: Pub/Sub hands over each record at once; leave it out, or use broker kafka"],
    ),
    (
        lambda: problems(parallelism_per_partition=2),
        [
            "parallelism_per_partition: 2 is not allowed: Pub/Sub has no partitions, and records of one ordering key come one after the other; "
            "leave it out, or use broker kafka"
        ],
    ),
    (lambda: problems(concurrency=0), ["concurrency: 0 is not allowed; use 1 to 1000"]),
    (lambda: problems(request_seconds=9), ["request_seconds: 9 is not allowed; use 10 to 600"]),
    (lambda: problems(request_seconds=601), ["request_seconds: 601 is not allowed; use 10 to 600"]),
    (
        lambda: problems(schema={"format": "json", "file": __file__}),
        [
            "schema.format: 'json' is not taken by Pub/Sub; write the schema in Avro: with schema_encoding json messages are JSON all the same",
        ],
    ),
    (lambda: problems(schema_encoding="json"), ["schema_encoding: needs schema; leave it out"]),
    (lambda: problems(kafka_cpus=3), ["kafka_cpus: needs broker kafka: no cluster is made; leave it out"]),
    (
        lambda: problems(producers=["phones"]),
        ["producers[0]: 'phones' is no IAM member; allowed: user:, serviceAccount:, group:, domain:, principal://, principalSet://"],
    ),
    (lambda: problems(readers=[DESK, DESK]), [f"readers[1]: '{DESK}' is there twice"]),
    (
        lambda: problems(model=model(source="s3://models/1")),
        ["model.source: 's3://models/1' cannot be read by Cloud Run; allowed: gs://, or a local path"],
    ),
    (
        lambda: problems(model=model(image="docker.io/shop/pricing@sha256:" + "a" * 64)),
        [
            f"model.container.image: 'docker.io/shop/pricing@sha256:{'a' * 64}' is in a registry Cloud Run cannot read; use Artifact Registry "
            "(<region>-docker.pkg.dev/<project>/<repository>/<image>@sha256:...)"
        ],
    ),
    (
        lambda: problems(model=model(environment={"RETRIES": "1", "PORT": "1", "RESULTS_TOPIC": "r"})),
        [
            "model.container.environment.RETRIES: is set from retries; leave it out",
            "model.container.environment.PORT: is set by Cloud Run; choose another name",
            "model.container.environment.RESULTS_TOPIC: is set from broker; leave it out",
        ],
    ),
    (lambda: problems(secrets={"MODEL_URI": SECRET}), ["secrets.MODEL_URI: is set from model; leave it out"]),
    (
        lambda: problems(secrets={"RISK": "risk"}),
        ["secrets.RISK: 'risk' is no version of a secret; write projects/<project>/secrets/<secret>/versions/<number>"],
    ),
    (
        lambda: problems(model=model(environment={"DATABASE_HOST": "h"}), database=GIVEN_DATABASE),
        ["model.container.environment.DATABASE_HOST: is set from database; leave it out"],
    ),
    (
        lambda: problems(network={"callers": ["10.1.0.0/16"]}),
        ["network.callers: has no effect: only its stream gives a consumer something to do; leave it out"],
    ),
    (
        lambda: problems(operations={"capture_percent": 5}),
        ["operations.capture_percent: is not offered for streams; leave it out, and use capture_days, which keeps all events"],
    ),
    (lambda: problems(tags={"modeldeploy-name": "x"}), ["tags.modeldeploy-name: is set by the component; leave it out"]),
    (lambda: problems(compute={"gpus": 2}), ["compute.gpus: 2 is not allowed: an instance on Cloud Run has one GPU at most"]),
    (lambda: problems(billing_account="1"), ["billing_account: '1' is no billing account; write XXXXXX-XXXXXX-XXXXXX, of digits and A to F"]),
    (lambda: problems(retries=11), ["retries: 11 is not allowed; use 0 to 10"]),
    (
        lambda: kafka_problems(scaling={"minimum": 1, "maximum": 3}),
        [
            "scaling: 1 to 3 is not possible with Kafka: Cloud Run does not scale a worker pool by what waits; give minimum and maximum the same "
            "number, or use broker native"
        ],
    ),
    (
        lambda: kafka_problems(scaling={"minimum": 5, "maximum": 5}),
        ["scaling: 5 is more than partitions, which is 4: some instances would have nothing to read"],
    ),
    (
        lambda: kafka_problems(capture_days=30),
        ["capture_days: 30 is not possible with Kafka, which nothing copies to Cloud Storage; use 0, or broker native"],
    ),
    (
        lambda: kafka_problems(schema={"format": "avro", "file": __file__}),
        ["schema: is registered by Pub/Sub only; leave it out, or use broker native"],
    ),
    (
        lambda: kafka_problems(concurrency=8, request_seconds=60, schema_encoding="json"),
        [f"{name}: has no effect with Kafka; leave it out, or use broker native" for name in ("concurrency", "request_seconds", "schema_encoding")],
    ),
    (
        lambda: kafka_problems(operations={"latency_milliseconds": 50, "error_percent": 2}),
        [
            f"operations.{name}: has no effect with Kafka, where no requests are counted; leave it out, and use lag_seconds"
            for name in ("latency_milliseconds", "error_percent")
        ],
    ),
    (
        lambda: kafka_problems(model=model(environment={"CLOUD_RUN_WORKER_POOL": "x", "KAFKA_GROUP": "g"})),
        [
            "model.container.environment.KAFKA_GROUP: is set from broker; leave it out",
            "model.container.environment.CLOUD_RUN_WORKER_POOL: begins with CLOUD_RUN_, as the variables that Cloud Run sets; choose another name",
        ],
    ),
    (lambda: kafka_problems(kafka_cpus=2), ["kafka_cpus: 2 is not allowed; use 3 or more"]),
    (
        lambda: kafka_problems(producers=["group:phones@example.com"], readers=["domain:example.com"]),
        [
            "producers[0]: 'group:phones@example.com' is nobody that Kafka knows; allowed: serviceAccount: and user:",
            "readers[0]: 'domain:example.com' is nobody that Kafka knows; allowed: serviceAccount: and user:",
        ],
    ),
    (
        lambda: given_problems(network={}),
        ["network.id: is required with kafka: a network that is made reaches nothing but Google's APIs and itself; give one that reaches it"],
    ),
    (lambda: given_problems(retention_hours=100), ["retention_hours: has no effect on a Kafka that is given; leave it out"]),
    (
        lambda: given_problems(producers=[PHONES], readers=[DESK]),
        [f"{name}: cannot be let in to a Kafka that is given, whose owner does that; leave it out" for name in ("producers", "readers")],
    ),
    (lambda: given_problems(partitions=4), ["partitions: has no effect on a Kafka that is given; leave it out"]),
    (lambda: given_problems(secrets={"KAFKA_SECRET": SECRET}), ["secrets.KAFKA_SECRET: is set from kafka; leave it out"]),
    (
        lambda: given_problems(
            kafka={"bootstrap_servers": ["k:1000"], "topic": "a", "results_topic": "b", "dead_letter_topic": "c", "secret": "kafka"}
        ),
        ["kafka.secret: 'kafka' is no version of a secret; write projects/<project>/secrets/<secret>/versions/<number>"],
    ),
]


@pytest.mark.parametrize(("found", "expected"), REFUSED, ids=[each[1][0].partition(":")[0] for each in REFUSED])
def test_what_the_services_cannot_do_is_refused_with_what_to_use_instead(found: Callable[[], list[str]], expected: list[str]) -> None:
    assert found() == expected


def test_the_least_that_is_needed_is_enough() -> None:
    assert parse(CloudRunStreamConsumerArgs, StreamingArgs(model=model()), "x").is_pushed
    assert not parse(CloudRunStreamConsumerArgs, {"model": model(), "broker": Broker.KAFKA, "scaling": STEADY}, "x").is_pushed
    parse(CloudRunStreamConsumerArgs, {"model": model(), "records_per_call": 1, "request_seconds": 10, "concurrency": 1000}, "x")


def test_resources_are_named_after_the_component() -> None:
    def named(each: Registration) -> bool:
        return each.name == "calls" or each.name.startswith("calls-")

    for graph in (stream_graph(), managed_kafka_graph(), given_kafka_graph()):
        assert all(named(each) for each in graph.registrations)
