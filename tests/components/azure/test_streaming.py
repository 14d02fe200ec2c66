"""A stream on Azure is private, its consumers read and write what they must and no more, and somebody hears when it falls behind or fails."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.azure.stream_commands import register_schema, replay
from modeldeploy.azure.streaming import ContainerAppStreamArgs, ContainerAppStreamConsumer
from modeldeploy.spec import ArgumentError, Container, ContainerCompute, DatabaseConnection, Environment, FunctionScaling, Network
from tests.support.mocks import Graph

from . import world

APP = "azure-native:app:ContainerApp"
ENVIRONMENT = "azure-native:app:ManagedEnvironment"
NAMESPACE = "azure-native:eventhub:Namespace"
HUB = "azure-native:eventhub:EventHub"
READERS = "azure-native:eventhub:ConsumerGroup"
SCHEMAS = "azure-native:eventhub:SchemaRegistry"
ROLE = "azure-native:authorization:RoleAssignment"
CUSTOM_ROLE = "azure-native:authorization:RoleDefinition"
ACCOUNT = "azure-native:storage:StorageAccount"
BLOBS = "azure-native:storage:BlobContainer"
DAYS = "azure-native:storage:ManagementPolicy"
ALARM = "azure-native:monitor:MetricAlert"
QUERY = "azure-native:monitor:ScheduledQueryRule"
LOGGED = "azure-native:monitor:DiagnosticSetting"
BUDGET = "azure-native:consumption:Budget"
PRIVATE = "azure-native:network:PrivateEndpoint"
ENDPOINT = f"{world.GROUP}/providers/Microsoft.MachineLearningServices/workspaces/models/onlineEndpoints/calls"
URL = "https://calls.westeurope.inference.ml.azure.com/score"
USER = "https://secrets.vault.azure.net/secrets/kafka-user"
PASSWORD = "https://secrets.vault.azure.net/secrets/kafka-password"
AUTHORITY = "https://secrets.vault.azure.net/secrets/kafka-authority"
KAFKA = {
    "bootstrap_servers": ["kafka-1.example.com:9096", "kafka-2.example.com:9096"],
    "topic": "calls",
    "results_topic": "drops",
    "dead_letter_topic": "calls-failed",
    "secret": PASSWORD,
}
OWN_KAFKA: dict[str, Any] = {"kafka": KAFKA, "kafka_user": USER, "secrets_vault_id": world.SECRETS}
SENDER = "2b629674-e913-4c01-ae53-ef4638d8f975"
RECEIVER = "a638d3c7-ab3a-418d-83e6-5f17a39d4fde"
WRITER = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
SCHEMA_READER = "2c56ea50-c6b3-40a6-83c0-9d98858bc7d2"


def stream(**changes: Any) -> Graph:
    args: dict[str, Any] = {
        "model": world.model(source=world.BLOB),
        "artifact_account_id": world.ARTIFACTS,
        "environment": Environment.DEVELOPMENT,
        "network": world.PLACED,
        **changes,
    }
    return world.made(ContainerAppStreamConsumer, "calls", ContainerAppStreamArgs(**args))


def schema(folder: Path, content: Any = None) -> str:
    file = folder / "call.avsc"
    file.write_text(json.dumps(content or {"type": "record", "name": "Call", "namespace": "com.example", "fields": []}))
    return str(file)


@pytest.fixture(scope="module")
def default() -> Graph:
    return stream()


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """Everything other than by default, in a network of its own."""
    source = world.artifact(tmp_path_factory.mktemp("artifact"))
    return stream(
        model=world.model("2", source=source, container=Container(image=world.IMAGE, health_path="/well", port=9000, environment={"A": "b"})),
        artifact_account_id=None,
        network=Network(cidr="10.9.0.0/16"),
        environment=Environment.PRODUCTION,
        partitions=8,
        units=2,
        retention_hours=168,
        records_per_call=500,
        batch_window_seconds=5,
        parallelism_per_partition=4,
        retries=7,
        max_age_seconds=600,
        schema={"format": "avro", "file": schema(tmp_path_factory.mktemp("schema"))},
        producers=[world.CALLER],
        capture_days=90,
        compute=ContainerCompute(cpu_millis=2000, memory_mib=4096),
        scaling=FunctionScaling(minimum=2, maximum=6),
        events_per_replica=1000,
        lag_seconds=30,
        secrets={"PARTNER_KEY": world.SECRET},
        secrets_vault_id=world.SECRETS,
        start_seconds=300,
        stop_seconds=20,
        registry_id=world.REGISTRY,
        operations={
            "emails": ["a@example.com"],
            "log_retention_days": 180,
            "latency_milliseconds": 200,
            "error_percent": 5,
            "utilization_percent": 80,
            "monthly_budget_usd": 2000,
        },
        tags={"owner": "network"},
    )


@pytest.fixture(scope="module")
def by_kafka() -> Graph:
    return stream(broker="kafka")


@pytest.fixture(scope="module")
def given() -> Graph:
    return stream(**OWN_KAFKA, kafka_authority=AUTHORITY)


def variables(graph: Graph) -> dict[str, str]:
    (container,) = graph.one(APP).inputs["template"]["containers"]
    return {each["name"]: each.get("value", each.get("secretRef")) for each in container["env"]}


def rule(graph: Graph) -> dict[str, Any]:
    (found,) = graph.one(APP).inputs["template"]["scale"]["rules"]
    return found["custom"]


def scopes(graph: Graph, role: str) -> dict[str, str]:
    return {each.name: each.inputs["scope"] for each in graph.all(ROLE) if each.inputs["roleDefinitionId"].endswith(role)}


def test_only_identities_with_a_role_enter_by_the_private_endpoint(default: Graph) -> None:
    namespace = default.one(NAMESPACE).inputs
    assert namespace["disableLocalAuth"] is True
    assert namespace["publicNetworkAccess"] == "Disabled"
    assert namespace["minimumTlsVersion"] == "1.2"
    (link,) = default.one(PRIVATE, "calls-events").inputs["privateLinkServiceConnections"]
    assert link["groupIds"] == ["namespace"]
    assert link["privateLinkServiceId"].endswith("/namespaces/calls-events-7bff0794")
    (zone,) = default.one("azure-native:network:PrivateDnsZoneGroup", "calls-events").inputs["privateDnsZoneConfigs"]
    assert zone["privateDnsZoneId"].endswith("/privateDnsZones/privatelink.servicebus.windows.net")


def test_events_are_encrypted_with_the_customer_s_key(default: Graph) -> None:
    namespace = default.one(NAMESPACE)
    assert namespace.inputs["sku"] == {"name": "Premium", "tier": "Premium", "capacity": 1}
    assert namespace.inputs["encryption"]["keySource"] == "Microsoft.KeyVault"
    (key,) = namespace.inputs["encryption"]["keyVaultProperties"]
    assert (key["keyName"], "keyVersion" in key) == ("key-1a2b3c4d", False)
    assert key["identity"]["userAssignedIdentity"] in namespace.inputs["identity"]["userAssignedIdentities"]
    assert default.one(ROLE, "calls-keys").urn in namespace.depends_on
    assert default.one(ACCOUNT, "calls-stream").inputs["encryption"]["keySource"] == "Microsoft.Keyvault"


def test_development_may_do_with_the_cheap_tier() -> None:
    graph = stream(tier="standard", units=3, capture_days=0)
    namespace = graph.one(NAMESPACE).inputs
    assert namespace["sku"] == {"name": "Standard", "tier": "Standard", "capacity": 3}
    assert "encryption" not in namespace
    assert "identity" not in namespace
    assert "calls-hubs-cpu" not in graph.names(ALARM), "Standard has no such metric"
    assert namespace["namespaceName"] != stream().one(NAMESPACE).inputs["namespaceName"], "the old one may still be there"
    captured = stream(tier="standard")
    assert len(captured.one(NAMESPACE).inputs["identity"]["userAssignedIdentities"]) == 1


def test_another_tier_or_redundancy_is_another_namespace(default: Graph) -> None:
    assert list(default.one(NAMESPACE).options.replaceOnChanges) == ["sku.name", "zoneRedundant"]
    names = {stream(**changes).one(NAMESPACE).inputs["namespaceName"] for changes in ({}, {"tier": "standard"}, {"environment": "prod"})}
    assert len(names) == 3, "the old one is still there when the new one is made"


def test_numbers_of_the_stream_follow_the_arguments(default: Graph, tuned: Graph) -> None:
    for graph, partitions, hours in ((default, 4, 72), (tuned, 8, 168)):
        for label in ("events", "results"):
            hub = graph.one(HUB, f"calls-{label}").inputs
            assert hub["eventHubName"] == label
            assert hub["partitionCount"] == partitions
            assert hub["retentionDescription"] == {"cleanupPolicy": "Delete", "retentionTimeInHours": hours}
    assert tuned.one(NAMESPACE).inputs["sku"]["capacity"] == 2
    assert (default.one(NAMESPACE).inputs["zoneRedundant"], tuned.one(NAMESPACE).inputs["zoneRedundant"]) == (False, True)


def test_events_are_captured_and_results_are_not(default: Graph, tuned: Graph) -> None:
    captured = default.one(HUB, "calls-events")
    capture = captured.inputs["captureDescription"]
    assert (capture["enabled"], capture["encoding"], capture["skipEmptyArchives"]) == (True, "Avro", True)
    assert 60 <= capture["intervalInSeconds"] <= 900
    assert 10_485_760 <= capture["sizeLimitInBytes"] <= 524_288_000
    destination = capture["destination"]
    assert (destination["name"], destination["blobContainer"]) == ("EventHubArchive.AzureBlockBlob", "capture")
    assert destination["storageAccountResourceId"].endswith("/storageAccounts/callsstream99c26c73")
    assert all(part in destination["archiveNameFormat"] for part in ("{Namespace}", "{EventHub}", "{PartitionId}", "{Year}", "{Second}"))
    assert destination["identity"]["type"] == "UserAssigned"
    assert default.one("azure-native:managedidentity:UserAssignedIdentity", "calls-capture").urn in captured.depends_on
    assert default.one(ROLE, "calls-capture").urn in captured.depends_on
    assert default.one(ROLE, "calls-capture").inputs["scope"].endswith("/containers/capture")
    assert "captureDescription" not in default.one(HUB, "calls-results").inputs
    nothing = stream(capture_days=0)
    assert "captureDescription" not in nothing.one(HUB, "calls-events").inputs
    assert nothing.names(BLOBS) == ["calls-checkpoints", "calls-dead-letters", "calls-models"]
    assert "calls-capture" not in nothing.names("azure-native:managedidentity:UserAssignedIdentity")


def test_the_store_forgets_what_it_should_and_keeps_how_far_consumers_have_read(default: Graph, tuned: Graph) -> None:
    def kept(graph: Graph) -> dict[str, int]:
        found: dict[str, int] = {}
        for each in graph.one(DAYS, "calls-stream").inputs["policy"]["rules"]:
            (prefix,) = each["definition"]["filters"]["prefixMatch"]
            found[prefix] = each["definition"]["actions"]["baseBlob"]["delete"]["daysAfterModificationGreaterThan"]
        return found

    assert kept(default) == {"dead-letters/": 90, "capture/": 30}
    assert kept(tuned) == {"dead-letters/": 180, "capture/": 90}
    assert kept(stream(capture_days=0)) == {"dead-letters/": 90}
    account = default.one(ACCOUNT, "calls-stream").inputs
    assert (account["allowSharedKeyAccess"], account["publicNetworkAccess"]) == (False, "Disabled")
    assert default.one(PRIVATE, "calls-stream").inputs["privateLinkServiceConnections"][0]["groupIds"] == ["blob"]


def test_consumers_may_do_what_they_must_and_nothing_else(default: Graph) -> None:
    mine = {each.name for each in default.all(ROLE)}
    assert mine == {
        "calls-keys",
        "calls-capture",
        "calls-pull",
        "calls-read",
        "calls-read-trained",
        "calls-events",
        "calls-results",
        "calls-checkpoints",
        "calls-letters",
    }
    (events,) = scopes(default, RECEIVER).values()
    assert events.endswith("/eventhubs/events")
    (results,) = scopes(default, SENDER).values()
    assert results.endswith("/eventhubs/results")
    written = {name: scope.rsplit("/", 1)[-1] for name, scope in scopes(default, WRITER).items()}
    assert written == {"calls-capture": "capture", "calls-checkpoints": "checkpoints", "calls-letters": "dead-letters"}


def test_consumers_start_when_they_may_read_and_reach_everything(default: Graph) -> None:
    needed = {default.one(ROLE, f"calls-{label}").urn for label in ("events", "results", "checkpoints", "letters", "pull", "read")}
    reached = {default.one(PRIVATE, f"calls-{label}").urn for label in ("events", "stream")}
    assert needed | reached | {default.one(READERS).urn} <= default.one(APP).depends_on


def test_producers_may_write_events(default: Graph, tuned: Graph) -> None:
    assert set(scopes(default, SENDER)) == {"calls-results"}
    producer = tuned.one(ROLE, f"calls-producer-{world.CALLER}").inputs
    assert producer["principalId"] == world.CALLER
    assert producer["scope"].endswith("/eventhubs/events")
    assert producer["roleDefinitionId"].endswith(SENDER)
    assert "principalType" not in producer, "a person, a group or an application"


def test_nobody_reaches_a_consumer(default: Graph) -> None:
    configuration = default.one(APP).inputs["configuration"]
    assert "ingress" not in configuration
    assert configuration["activeRevisionsMode"] == "Single", "two versions would share partitions"
    assert default.one(ENVIRONMENT).inputs["publicNetworkAccess"] == "Disabled"
    assert default.one(ENVIRONMENT).inputs["vnetConfiguration"]["internal"] is True


def test_consumers_are_as_many_as_there_are_events_to_work_on(default: Graph, tuned: Graph) -> None:
    found = rule(default)
    assert found["type"] == "azure-eventhub"
    assert found["metadata"] == {
        "eventHubName": "events",
        "eventHubNamespace": "calls-events-7bff0794",
        "consumerGroup": "calls",
        "storageAccountName": "callsstream99c26c73",
        "blobContainer": "checkpoints",
        "checkpointStrategy": "blobMetadata",
        "unprocessedEventThreshold": "64",
    }
    assert found["identity"] in default.one(APP).inputs["identity"]["userAssignedIdentities"]
    assert rule(tuned)["metadata"]["unprocessedEventThreshold"] == "1000"
    scale = tuned.one(APP).inputs["template"]["scale"]
    assert (scale["minReplicas"], scale["maxReplicas"]) == (2, 6)
    scale = default.one(APP).inputs["template"]["scale"]
    assert (scale["minReplicas"], scale["maxReplicas"]) == (1, 4), "one reader for each partition"


def test_a_consumer_is_told_how_to_call_the_model(default: Graph, tuned: Graph) -> None:
    def told(graph: Graph) -> dict[str, str]:
        calls = ("RECORDS_PER_CALL", "BATCH_WINDOW_SECONDS", "PARALLELISM", "RETRIES", "MAX_AGE_SECONDS")
        return {each: variables(graph)[f"STREAM_{each}"] for each in calls}

    assert told(default) == {"RECORDS_PER_CALL": "100", "BATCH_WINDOW_SECONDS": "0", "PARALLELISM": "1", "RETRIES": "3", "MAX_AGE_SECONDS": "3600"}
    assert told(tuned) == {"RECORDS_PER_CALL": "500", "BATCH_WINDOW_SECONDS": "5", "PARALLELISM": "4", "RETRIES": "7", "MAX_AGE_SECONDS": "600"}


def test_a_consumer_is_told_where_everything_is(default: Graph, tuned: Graph) -> None:
    told = variables(default)
    assert (told["STREAM_PROTOCOL"], told["STREAM_LOGIN"]) == ("amqp", "entra")
    assert told["STREAM_BROKERS"] == "calls-events-7bff0794.servicebus.windows.net"
    assert (told["STREAM_EVENTS"], told["STREAM_RESULTS"], told["STREAM_CONSUMER_GROUP"]) == ("events", "results", "calls")
    assert told["STREAM_DEAD_LETTERS"] == default.outputs["dead_letters"]
    assert told["STREAM_CHECKPOINTS"].endswith(".blob.core.windows.net/checkpoints")
    assert (told["MODEL_URI"], told["MODEL_VERSION"], told["AZURE_CLIENT_ID"]) == (world.BLOB, "1", "the-client")
    assert not {"ENDPOINT_URL", "STREAM_SCHEMA", "DATABASE_HOST"} & set(told)
    assert default.one(READERS).inputs["consumerGroupName"] == "calls"
    assert default.one(READERS).inputs["eventHubName"] == "events"
    told = variables(tuned)
    assert told["A"] == "b"
    assert told["PARTNER_KEY"].startswith("partner-key")
    assert told["MODEL_URI"].endswith("/model")
    assert {each.urn for each in tuned.all("azure-native:storage:Blob")} <= tuned.one(APP).depends_on


def test_the_container_follows_the_arguments(default: Graph, tuned: Graph) -> None:
    (container,) = tuned.one(APP).inputs["template"]["containers"]
    assert container["resources"] == {"cpu": 2.0, "memory": "4Gi"}
    assert {(each["httpGet"]["path"], each["httpGet"]["port"]) for each in container["probes"]} == {("/well", 9000)}
    (startup,) = (each for each in container["probes"] if each["type"] == "Startup")
    assert startup["periodSeconds"] * startup["failureThreshold"] == 300
    assert tuned.one(APP).inputs["template"]["terminationGracePeriodSeconds"] == 20
    assert default.one(APP).inputs["template"]["terminationGracePeriodSeconds"] == 60
    (secret,) = tuned.one(APP).inputs["configuration"]["secrets"]
    assert secret["keyVaultUrl"] == world.SECRET
    assert tuned.one(ROLE, "calls-secret-PARTNER_KEY").inputs["scope"] == f"{world.SECRETS}/secrets/partner"


def test_a_deployed_model_may_be_asked_and_nothing_more() -> None:
    graph = stream(endpoint=URL, endpoint_id=ENDPOINT)
    assert variables(graph)["ENDPOINT_URL"] == URL
    assert graph.one(ROLE, "calls-endpoint").inputs["scope"] == ENDPOINT
    (permission,) = graph.one(CUSTOM_ROLE, "calls-endpoint").inputs["permissions"]
    assert permission["actions"] == ["Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action"]
    assert graph.one(CUSTOM_ROLE).inputs["assignableScopes"] == [world.GROUP]
    assert graph.one(CUSTOM_ROLE).urn in graph.one(ROLE, "calls-endpoint").depends_on
    assert graph.one(ROLE, "calls-endpoint").urn in graph.one(APP).depends_on


def test_messages_have_a_schema_that_stays_compatible(default: Graph, tuned: Graph) -> None:
    group = tuned.one(SCHEMAS).inputs
    assert (group["schemaGroupName"], group["schemaType"], group["schemaCompatibility"]) == ("messages", "Avro", "Backward")
    (scope,) = scopes(tuned, SCHEMA_READER).values()
    assert scope.endswith("/schemagroups/messages")
    assert tuned.one(ROLE, "calls-messages").urn in tuned.one(APP).depends_on
    told = variables(tuned)
    assert (told["STREAM_SCHEMA_GROUP"], told["STREAM_SCHEMA"]) == ("messages", "com.example.Call")
    assert "/$schemaGroups/messages/schemas/com.example.Call?api-version=2022-10'" in tuned.outputs["registration"]
    assert "call.avsc" in tuned.outputs["registration"]
    assert not default.all(SCHEMAS)
    assert default.outputs["registration"] == ""


def test_a_schema_without_a_namespace_is_known_by_its_name(tmp_path: Path) -> None:
    file = schema(tmp_path, {"type": "record", "name": "Call", "fields": []})
    assert variables(stream(schema={"format": "avro", "file": file}))["STREAM_SCHEMA"] == "Call"


def test_events_come_and_go_by_kafka_if_wanted(by_kafka: Graph) -> None:
    told = variables(by_kafka)
    assert (told["STREAM_PROTOCOL"], told["STREAM_LOGIN"]) == ("kafka", "entra")
    assert told["STREAM_BROKERS"] == "calls-events-7bff0794.servicebus.windows.net:9093"
    assert by_kafka.outputs["events"] == "calls-events-7bff0794.servicebus.windows.net:9093/events"
    assert not by_kafka.all(READERS), "Kafka makes its own"
    assert rule(by_kafka)["type"] == "azure-eventhub", "by the checkpoints: KEDA's scaler for Kafka takes no identity"
    assert "/events/partitions/$partition/messages?" in by_kafka.outputs["replay"]
    assert "BrokerProperties" not in by_kafka.outputs["replay"]


def test_a_kafka_that_is_there_carries_events_and_nothing_is_made_beside_it(given: Graph) -> None:
    assert not given.all(NAMESPACE)
    assert not given.all(HUB)
    assert given.names(ACCOUNT) == ["calls-models"]
    told = variables(given)
    assert (told["STREAM_PROTOCOL"], told["STREAM_LOGIN"]) == ("kafka", "scram-sha-512")
    assert told["STREAM_BROKERS"] == "kafka-1.example.com:9096,kafka-2.example.com:9096"
    assert (told["STREAM_EVENTS"], told["STREAM_RESULTS"], told["STREAM_DEAD_LETTERS"]) == ("calls", "drops", "calls-failed")
    assert given.outputs["events"] == "kafka-1.example.com:9096,kafka-2.example.com:9096/calls"
    assert given.outputs["results"].endswith("/drops")
    assert given.outputs["dead_letters"].endswith("/calls-failed")
    assert (given.outputs["results_id"], given.outputs["registration"]) == ("", "")
    assert given.outputs["replay"] == (
        "kcat -F kafka.properties -b kafka-1.example.com:9096,kafka-2.example.com:9096 -G calls-replay -K '\\t' -o beginning -e calls-failed | "
        "kcat -F kafka.properties -b kafka-1.example.com:9096,kafka-2.example.com:9096 -P -K '\\t' -t calls"
    )
    scale = given.one(APP).inputs["template"]["scale"]
    assert (scale["minReplicas"], scale["maxReplicas"]) == (1, 10)


def test_secrets_of_a_kafka_come_from_the_vault_and_consumers_are_counted_with_them(given: Graph) -> None:
    secrets = {each["name"]: each["keyVaultUrl"] for each in given.one(APP).inputs["configuration"]["secrets"]}
    told = variables(given)
    names = {label: told[f"KAFKA_{label}"] for label in ("USER", "PASSWORD", "AUTHORITY")}
    assert secrets == {names["USER"]: USER, names["PASSWORD"]: PASSWORD, names["AUTHORITY"]: AUTHORITY}
    for label in ("USER", "PASSWORD", "AUTHORITY"):
        assert given.one(ROLE, f"calls-secret-KAFKA_{label}").inputs["scope"] == f"{world.SECRETS}/secrets/kafka-{label.lower()}"
    found = rule(given)
    assert found["type"] == "kafka"
    assert found["metadata"] == {
        "bootstrapServers": "kafka-1.example.com:9096,kafka-2.example.com:9096",
        "topic": "calls",
        "consumerGroup": "calls",
        "lagThreshold": "64",
        "offsetResetPolicy": "earliest",
        "version": "2.1.0",
        "tls": "enable",
        "sasl": "scram_sha512",
    }
    auth = {each["triggerParameter"]: each["secretRef"] for each in found["auth"]}
    assert auth == {"username": names["USER"], "password": names["PASSWORD"], "ca": names["AUTHORITY"]}


def test_a_certificate_logs_in_instead_of_a_password() -> None:
    graph = stream(**{**OWN_KAFKA, "kafka": {**KAFKA, "login": "mtls"}, "kafka_user": None})
    told = variables(graph)
    assert told["STREAM_LOGIN"] == "mtls"
    assert "KAFKA_PASSWORD" not in told
    auth = {each["triggerParameter"]: each["secretRef"] for each in rule(graph)["auth"]}
    assert auth == {"cert": told["KAFKA_CERTIFICATE"], "key": told["KAFKA_CERTIFICATE"]}
    assert rule(graph)["metadata"]["sasl"] == "none"


def criteria(graph: Graph, name: str) -> list[tuple[Any, ...]]:
    found = graph.one(ALARM, name).inputs["criteria"]["allOf"]
    return [(each["metricNamespace"], each["metricName"], each["timeAggregation"], each["operator"], each["threshold"]) for each in found]


def test_somebody_hears_of_events_that_nobody_reads(default: Graph) -> None:
    hubs = "Microsoft.EventHub/namespaces"
    assert criteria(default, "calls-unread") == [
        (hubs, "IncomingMessages", "Total", "GreaterThan", 0),
        (hubs, "OutgoingMessages", "Total", "LessThanOrEqual", 0),
    ]
    found = default.one(ALARM, "calls-unread").inputs["criteria"]["allOf"]
    assert len({each["name"] for each in found}) == 2
    assert all(each["dimensions"] == [{"name": "EntityName", "operator": "Include", "values": ["events"]}] for each in found)
    assert default.one(ALARM, "calls-unread").inputs["scopes"][0].endswith("/namespaces/calls-events-7bff0794")


def test_somebody_hears_of_throttling_and_of_busy_machines(default: Graph, tuned: Graph) -> None:
    hubs = "Microsoft.EventHub/namespaces"
    assert criteria(default, "calls-throttled") == [(hubs, "ThrottledRequests", "Total", "GreaterThan", 0)]
    assert criteria(tuned, "calls-hubs-cpu") == [(hubs, "NamespaceCpuUsage", "Maximum", "GreaterThan", 80)]
    assert criteria(tuned, "calls-cpu") == [("Microsoft.App/containerapps", "CpuPercentage", "Average", "GreaterThan", 80)]
    assert "/containerApps/" in tuned.one(ALARM, "calls-cpu").inputs["scopes"][0]


def asked(graph: Graph, label: str) -> tuple[str, float, int]:
    (condition,) = graph.one(QUERY, f"calls-{label}").inputs["criteria"]["allOf"]
    assert condition["metricMeasureColumn"] == "Value"
    return condition["query"], condition["threshold"], condition["failingPeriods"]["numberOfEvaluationPeriods"]


def test_somebody_hears_of_lag_latency_errors_and_silence_by_what_consumers_say(default: Graph, tuned: Graph) -> None:
    query, limit, windows = asked(tuned, "lag")
    assert (limit, windows) == (30, 1)
    assert query.startswith("ContainerAppConsoleLogs\n| where ContainerAppName == 'calls-")
    assert "| extend Line = parse_json(Log).stream\n| where isnotnull(Line)\n" in query
    assert query.endswith("| summarize Value = max(toreal(Line.waiting_seconds))\n| where isnotnull(Value)")
    query, limit, windows = asked(tuned, "latency")
    assert (limit, windows) == (200, 2)
    assert "avg(toreal(Line.milliseconds))" in query
    query, limit, windows = asked(tuned, "errors")
    assert (limit, windows) == (5, 2)
    assert query.endswith("| where Failed + Scored > 0\n| project Value = 100.0 * Failed / (Failed + Scored)")
    query, limit, windows = asked(tuned, "silent")
    assert (limit, windows) == (0, 2)
    assert query.endswith("| summarize Lines = count()\n| project Value = iff(Lines == 0, 1, 0)")
    assert asked(default, "lag")[1] == 60


def test_somebody_hears_of_every_dead_letter(default: Graph, given: Graph) -> None:
    query, limit, windows = asked(default, "letters")
    assert (limit, windows) == (0, 1)
    assert "StorageBlobLogs\n| where AccountName == 'callsstream99c26c73' and OperationName in ('PutBlob', 'PutBlockList')" in query
    assert "| where ObjectKey startswith '/callsstream99c26c73/dead-letters/'" in query
    assert default.one(LOGGED, "calls-stream").inputs["resourceUri"].endswith("/blobServices/default")
    assert {each["category"] for each in default.one(LOGGED, "calls-stream").inputs["logs"]} == {"StorageRead", "StorageWrite", "StorageDelete"}
    query, limit, windows = asked(given, "letters")
    assert (limit, windows) == (0, 1)
    assert "sum(tolong(Line.dead_letters))" in query
    assert given.names(ALARM) == ["calls-cpu"]


def test_what_happens_is_logged_and_shown(default: Graph, given: Graph) -> None:
    assert default.one(LOGGED, "calls-events").inputs["logs"] == [{"categoryGroup": "allLogs", "enabled": True}]
    assert {"calls-apps", "calls-events", "calls-keys", "calls-models", "calls-registry", "calls-stream"} == set(default.names(LOGGED))
    parts = default.one("azure-native:portal:Dashboard").inputs["properties"]["lenses"][0]["parts"]
    assert len(parts) == 8
    assert len(given.one("azure-native:portal:Dashboard").inputs["properties"]["lenses"][0]["parts"]) == 4


def test_production_protects_what_holds_events(default: Graph, tuned: Graph) -> None:
    for graph, protected in ((default, False), (tuned, True)):
        for token, name in (
            (NAMESPACE, "calls-events"),
            (HUB, "calls-events"),
            (HUB, "calls-results"),
            (ACCOUNT, "calls-stream"),
            (BLOBS, "calls-checkpoints"),
            (BLOBS, "calls-dead-letters"),
            (BLOBS, "calls-capture"),
        ):
            assert bool(graph.one(token, name).options.protect) is protected
    assert tuned.one(SCHEMAS).options.protect


def test_cost_is_that_of_the_stream_and_the_least_consumers(default: Graph, tuned: Graph, given: Graph) -> None:
    consumer = (0.000024 + 2 * 0.000003) * 730 * 3600
    assert default.outputs["monthly_cost"] == pytest.approx(749.71 + consumer, abs=0.01)
    assert default.one(BUDGET).inputs["amount"] == pytest.approx(749.71 + 4 * consumer, abs=0.01)
    assert tuned.outputs["monthly_cost"] == pytest.approx(2 * 749.71 + 2 * 2 * consumer, abs=0.02)
    assert tuned.one(BUDGET).inputs["amount"] == 2000
    assert given.outputs["monthly_cost"] == pytest.approx(consumer, abs=0.01)
    assert given.one(BUDGET).inputs["amount"] == pytest.approx(10 * consumer, abs=0.02)
    cheap = stream(tier="standard", units=2)
    assert cheap.outputs["monthly_cost"] == pytest.approx(2 * (21.90 + 73.00) + consumer, abs=0.01)
    assert stream(tier="standard", capture_days=0).outputs["monthly_cost"] == pytest.approx(21.90 + consumer, abs=0.01)


def test_a_database_is_told_and_granted() -> None:
    graph = stream(database=DatabaseConnection(id=world.DATABASE, host="data.database.windows.net", database="pricing"))
    assert variables(graph)["DATABASE_HOST"] == "data.database.windows.net"
    assert graph.outputs["database_grant"].startswith("CREATE USER [")


def test_a_given_environment_key_and_group_are_used() -> None:
    graph = stream(container_environment_id=world.ENVIRONMENT, encryption={"key": world.KEY}, key_vault_id=world.VAULT, resource_group_name="given")
    assert not graph.all(ENVIRONMENT)
    assert graph.one(APP).inputs["environmentId"] == graph.outputs["environment_id"] == world.ENVIRONMENT
    (key,) = graph.one(NAMESPACE).inputs["encryption"]["keyVaultProperties"]
    assert (key["keyName"], key["keyVaultUri"]) == ("models", "https://given.vault.azure.net/")
    assert graph.outputs["resource_group"] == "given"


def test_a_registry_a_vault_and_an_account_that_are_given_are_reached_from_a_network_that_is_made(tuned: Graph) -> None:
    assert {"calls-registry", "calls-vault"} <= set(tuned.names(PRIVATE))
    assert {tuned.one(PRIVATE, "calls-vault").urn} <= tuned.one(APP).depends_on


def test_machines_of_their_own_are_limited() -> None:
    graph = stream(compute=ContainerCompute(cpu_millis=6000, memory_mib=8192), most_machines=5, operations={"monthly_budget_usd": 900})
    profiles = {each["name"]: each.get("maximumCount") for each in graph.one(ENVIRONMENT).inputs["workloadProfiles"]}
    assert profiles == {"Consumption": None, "D8": 5}


def test_outputs(default: Graph) -> None:
    assert default.outputs["events"] == "calls-events-7bff0794.servicebus.windows.net/events"
    assert default.outputs["results"] == "calls-events-7bff0794.servicebus.windows.net/results"
    assert default.outputs["results_id"].endswith("/eventhubs/results")
    assert default.outputs["dead_letters"] == "https://callsstream99c26c73.blob.core.windows.net/dead-letters"
    assert (default.outputs["identity"], default.outputs["model_version"]) == ("the-principal", "1")
    assert default.outputs["logs"].endswith("/logs")
    assert default.outputs["dashboard_url"].startswith("https://portal.azure.com/#dashboard/arm/")
    assert default.outputs["database_grant"] == ""


def test_everything_that_takes_tags_has_them(tuned: Graph) -> None:
    untagged = {each.type.split(":", 1)[1] for each in tuned.registrations if each.type.startswith("azure-native") and "tags" not in each.inputs}
    assert untagged == {
        "authorization:RoleAssignment",
        "consumption:Budget",
        "eventhub:ConsumerGroup",
        "eventhub:EventHub",
        "eventhub:SchemaRegistry",
        "monitor:DiagnosticSetting",
        "network:PrivateDnsZoneGroup",
        "network:Subnet",
        "privatedns:PrivateRecordSet",
        "storage:Blob",
        "storage:BlobContainer",
        "storage:BlobServiceProperties",
        "storage:ManagementPolicy",
    }
    assert tuned.one(NAMESPACE).inputs["tags"] == {"owner": "network", "environment": "prod", "managed-by": "modeldeploy"}


AZ = """#!/bin/sh
echo "az $*" >> "$NOTED"
case "$*" in
  *"blob list"*) printf '1/17\\t1\\t{"PartitionKey": "cell 7"}\\n2/4\\t2\\t{}\\n' ;;
  *"blob download"*) while [ "$1" != --file ]; do shift; done; printf 'body' > "$2" ;;
  *get-access-token*) echo token ;;
esac
"""
CURL = """#!/bin/sh
for each in "$@"; do echo "curl $each" >> "$NOTED"; done
[ -z "$FAILS" ]
"""


def run(script: str, folder: Path, **environment: str) -> tuple[int, list[str]]:
    """Runs a script for people, with an `az` and a `curl` that note what they are told."""
    for name, text in (("az", AZ), ("curl", CURL)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    noted = folder / "noted"
    told = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "NOTED": str(noted), "FAILS": "", **environment}
    done = subprocess.run(["bash", "-c", script], env=told, capture_output=True, text=True, timeout=60)
    return done.returncode, noted.read_text().splitlines()


def test_letters_are_sent_in_again_by_their_key_and_deleted_then(tmp_path: Path) -> None:
    code, noted = run(replay("ns.servicebus.windows.net", "store", "dead-letters", by_partition=False), tmp_path)
    assert code == 0
    assert [each for each in noted if "BrokerProperties" in each] == [
        'curl BrokerProperties: {"PartitionKey": "cell 7"}',
        "curl BrokerProperties: {}",
    ]
    assert noted.count("curl https://ns.servicebus.windows.net/events/messages?api-version=2014-01&timeout=60") == 2
    assert noted.count("curl Authorization: Bearer token") == 2
    gone = [each for each in noted if "blob delete" in each]
    assert [each.split("--name ")[1].split()[0] for each in gone] == ["1/17", "2/4"]
    assert all("--account-name store --container-name dead-letters --auth-mode login" in each for each in gone)


def test_letters_of_kafka_go_to_the_partition_they_came_from(tmp_path: Path) -> None:
    code, noted = run(replay("ns.servicebus.windows.net", "store", "dead-letters", by_partition=True), tmp_path)
    assert code == 0
    sent = [each for each in noted if "/messages" in each]
    assert [each.split("/partitions/")[1].split("/")[0] for each in sent] == ["1", "2"]


def test_a_letter_that_is_not_taken_stays(tmp_path: Path) -> None:
    code, noted = run(replay("ns.servicebus.windows.net", "store", "dead-letters", by_partition=False), tmp_path, FAILS="yes")
    assert code != 0
    assert not [each for each in noted if "blob delete" in each]


def test_a_schema_is_registered_as_it_is(tmp_path: Path) -> None:
    code, noted = run(register_schema("ns.servicebus.windows.net", "messages", "com.example.Call", "a b.avsc"), tmp_path)
    assert code == 0
    assert "curl https://ns.servicebus.windows.net/$schemaGroups/messages/schemas/com.example.Call?api-version=2022-10" in noted
    assert "curl @a b.avsc" in noted
    assert "curl Content-Type: application/json; serialization=Avro" in noted


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": world.model(), "artifact_account_id": None}, r"model\.source: 'azureml://.*' cannot be read by Azure"),
        ({"artifact_account_id": None}, "artifact_account_id: is required with an artifact at https://"),
        (
            {"model": world.model(source=world.BLOB, container=Container(image="ghcr.io/acme/p@sha256:" + "a" * 64))},
            r"model\.container\.image: 'ghcr.io' cannot be reached",
        ),
        (
            {"tier": "standard", "environment": Environment.PRODUCTION},
            "tier: standard takes no customer-managed key; use premium, or environment dev",
        ),
        ({"units": 3}, "units: 3 is not allowed in the tier premium; use 1, 2, 4, 8 or 16"),
        ({"tier": "standard", "units": 41}, "units: 41 is not allowed in the tier standard; use 1 to 40"),
        ({"tier": "standard", "partitions": 40}, "partitions: 40 is not allowed in the tier standard; use 1 to 32"),
        ({"scaling": {"minimum": 0}}, "scaling.minimum: 0 is not offered: .*; use 1"),
        ({"scaling": {"minimum": 5}}, "scaling.minimum: 5 consumers are more than the 4 partitions"),
        ({"partitions": 100, "scaling": {"maximum": 1001}}, "scaling.maximum: 1001 is not allowed"),
        ({"compute": {"gpus": 4}}, "compute: Container Apps has no machine"),
        ({"compute": {"cpu_millis": 6000, "memory_mib": 8192}}, "operations.monthly_budget_usd: is required with a machine of the kind D8"),
        ({"producers": ["somebody"]}, r"producers\[0\]: 'somebody' is no object id of an Entra principal"),
        ({"endpoint": URL}, "endpoint_id: is required with endpoint"),
        ({"endpoint_id": ENDPOINT}, "endpoint_id: has no effect without endpoint"),
        ({"endpoint": URL, "endpoint_id": "calls"}, "endpoint_id: 'calls' is no ARM id"),
        ({"endpoint": URL, "endpoint_id": ENDPOINT, "network": Network()}, "network.id: is required with endpoint"),
        ({**OWN_KAFKA, "network": Network()}, "network.id: is required with kafka"),
        ({**OWN_KAFKA, "capture_days": 30}, "capture_days: is not offered for a Kafka that is given: .*; write 0"),
        ({**OWN_KAFKA, "producers": [world.CALLER]}, "producers: has no effect on a Kafka that is given"),
        ({**OWN_KAFKA, "retention_hours": 48}, "retention_hours: has no effect on a Kafka that is given"),
        ({**OWN_KAFKA, "tier": "standard"}, "tier: has no effect on a Kafka that is given"),
        ({**OWN_KAFKA, "units": 2}, "units: has no effect on a Kafka that is given"),
        ({**OWN_KAFKA, "kafka_user": None}, "kafka_user: is required with kafka.login scram-sha-512"),
        ({**OWN_KAFKA, "kafka": {**KAFKA, "login": "mtls"}}, "kafka_user: has no effect with kafka.login mtls"),
        ({**OWN_KAFKA, "secrets_vault_id": None}, "secrets_vault_id: is required with secrets"),
        ({**OWN_KAFKA, "kafka_user": "somebody"}, "kafka_user: 'somebody' is no address of a Key Vault secret"),
        ({**OWN_KAFKA, "kafka": {**KAFKA, "secret": "password"}}, "kafka.secret: 'password' is no address of a Key Vault secret"),
        ({"kafka_user": USER, "secrets_vault_id": world.SECRETS}, "kafka_user: has no effect without kafka"),
        ({"kafka_authority": AUTHORITY, "secrets_vault_id": world.SECRETS}, "kafka_authority: has no effect without kafka"),
        ({"secrets": {"A": world.SECRET}}, "secrets_vault_id: is required with secrets"),
        ({"secrets_vault_id": world.SECRETS}, "secrets_vault_id: has no effect without secrets"),
        ({"operations": {"capture_percent": 10}}, "operations.capture_percent: is not offered by a stream, whose events capture_days keeps"),
        ({"events_per_replica": 0}, "events_per_replica: 0 is not allowed; use 1 to 10000"),
        ({"start_seconds": 5}, "start_seconds: 5 is not allowed; use 10 to 2400"),
        ({"stop_seconds": 601}, "stop_seconds: 601 is not allowed; use 5 to 600"),
        ({"most_machines": 2}, "most_machines: 2 is not allowed; use 3 to 100"),
        ({"network": world.ATTACHED}, "network.subnet_ids: has no number 2"),
        ({"network": Network(), "container_environment_id": world.ENVIRONMENT}, "network.id: is required with container_environment_id"),
        ({"network": Network(id=world.NETWORK, subnet_ids=world.PLACED.subnet_ids, callers=["10.0.0.0/24"])}, "network.callers: excludes network.id"),
        (
            {"network": Network(), "database": DatabaseConnection(id=world.DATABASE, host="h", database="d")},
            "network.id: is required with a database",
        ),
        ({"encryption": {"key": world.KEY}}, "key_vault_id: is required with encryption.key"),
        ({"tags": {f"t{n}": "x" for n in range(14)}}, "tags: 14 tags are too many"),
        ({"allowed_ips": ["10.0.0.4"]}, r"allowed_ips\[0\]: '10.0.0.4' is no public IPv4 address"),
        ({"registry_id": "acmemodels"}, "registry_id: 'acmemodels' is no ARM id"),
    ],
)
def test_what_azure_refuses_is_refused_first(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"(?s)ContainerAppStreamConsumer 'calls'.*{message}"):
        stream(**changes)


def test_a_schema_that_the_registry_does_not_take_is_refused(tmp_path: Path) -> None:
    file = schema(tmp_path)
    with pytest.raises(ArgumentError, match=r"schema\.format: json is not offered: .*; use avro"):
        stream(schema={"format": "json", "file": file})
    with pytest.raises(ArgumentError, match="schema: has no effect on a Kafka that is given"):
        stream(**OWN_KAFKA, schema={"format": "avro", "file": file})
    for content in ({"type": "record"}, {"type": "enum", "name": "Call"}, ["null"]):
        with pytest.raises(ArgumentError, match=r"schema\.file: '.*call\.avsc' is no Avro schema of a record"):
            stream(schema={"format": "avro", "file": schema(tmp_path, content)})
    Path(file).write_text("{")
    with pytest.raises(ArgumentError, match=r"schema\.file: '.*' is no Avro schema of a record"):
        stream(schema={"format": "avro", "file": file})
