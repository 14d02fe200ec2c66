"""The endpoint's parts: each default that keeps it safe, and what each argument changes."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from modeldeploy.gcp.managed_endpoint import VertexEndpoint, VertexEndpointArgs
from modeldeploy.gcp.private_access import private_host
from modeldeploy.spec import Access, Compute, Encryption, Environment, Exposure, Model, Network, Operations, Scaling
from modeldeploy.spec.model import Container
from tests.components.gcp.program import (
    DEPLOYED,
    DEVELOPMENT,
    ENDPOINT,
    GIVEN_DATABASE,
    GIVEN_NETWORK,
    IMAGE,
    MODEL,
    endpoint_graph,
    model,
    run,
)

ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"
BUCKET = "gcp:storage/bucket:Bucket"
BUDGET = "gcp:billing/budget:Budget"
CALLER = "gcp:vertex/aiEndpointIamMember:AiEndpointIamMember"
GRANT = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
KEY = "projects/shop-models/locations/europe-west1/keyRings/given/cryptoKeys/given"
LOGS = "gcp:logging/projectBucketConfig:ProjectBucketConfig"
NETWORK = "modeldeploy:index:GoogleNetwork"
OBJECT = "gcp:storage/bucketObject:BucketObject"
PUBLIC = Access(exposure=Exposure.PUBLIC)
ROLE = "gcp:projects/iAMMember:IAMMember"
RULE = "gcp:compute/forwardingRule:ForwardingRule"


# Reaching it


def test_an_endpoint_is_private_by_default_and_asks_for_an_identity() -> None:
    endpoint = endpoint_graph(network=GIVEN_NETWORK).one(ENDPOINT).inputs
    assert endpoint["privateServiceConnectConfig"] == {
        "enablePrivateServiceConnect": True,
        "enableSecurePrivateServiceConnect": True,
        "projectAllowlists": ["shop-models"],
    }
    # The provider refuses it beside privateServiceConnectConfig, whatever its value.
    assert "dedicatedEndpointEnabled" not in endpoint
    assert "network" not in endpoint


def test_a_private_endpoint_gets_an_address_and_a_name_in_the_network() -> None:
    graph = endpoint_graph(network=GIVEN_NETWORK)
    address = graph.one("gcp:compute/address:Address").inputs
    assert (address["addressType"], address["purpose"]) == ("INTERNAL", "GCE_ENDPOINT")
    assert address["subnetwork"] == "projects/shop-models/regions/europe-west1/subnetworks/shared"
    rule = graph.one(RULE).inputs
    assert rule["target"] == "projects/tenant-tp/regions/europe-west1/serviceAttachments/attached"
    assert (rule["loadBalancingScheme"], rule["network"]) == ("", "projects/shop-models/global/networks/shared")
    zone = graph.one("gcp:dns/managedZone:ManagedZone").inputs
    host = "pricing-1a2b3c4-europe-west1-123456789012.prediction.p.vertexai.goog"
    assert (zone["dnsName"], zone["visibility"]) == (f"{host}.", "private")
    record = graph.one("gcp:dns/recordSet:RecordSet").inputs
    assert (record["name"], record["type"], record["rrdatas"]) == (f"{host}.", "A", ["10.64.0.2"])
    assert graph.outputs["address"] == "10.64.0.2"
    assert graph.outputs["url"] == (f"https://{host}/v1/projects/shop-models/locations/europe-west1/endpoints/pricing-1a2b3c4:rawPredict")


def test_the_longest_host_name_fits_into_a_dns_label() -> None:
    name_and_suffix = "a" * 18 + "-1a2b3c4"
    host = private_host(name_and_suffix, "northamerica-northeast1", "123456789012")
    assert len(host.split(".")[0]) <= 63


def test_a_long_name_is_cut_for_the_endpoint_alone() -> None:
    graph = run(lambda: VertexEndpoint("hospital-readmission-risk", VertexEndpointArgs(models=[model()], network=GIVEN_NETWORK)) and {})
    endpoint = graph.one(ENDPOINT)
    assert len(endpoint.name) <= 18
    assert endpoint.inputs["displayName"] == "hospital-readmission-risk"
    assert graph.one(DEPLOYED).name == "hospital-readmission-risk-1"


def test_a_public_endpoint_is_dedicated_and_in_no_network() -> None:
    graph = endpoint_graph(access=PUBLIC)
    endpoint = graph.one(ENDPOINT).inputs
    assert endpoint["dedicatedEndpointEnabled"] is True
    assert "privateServiceConnectConfig" not in endpoint
    assert not graph.all(RULE)
    assert not graph.all(NETWORK)
    assert graph.outputs["url"].startswith("https://pricing-1a2b3c4.europe-west1-123456789012.prediction.vertexai.goog/v1/projects/")
    assert graph.outputs["address"] == ""


def test_other_projects_may_connect_when_they_are_named() -> None:
    endpoint = endpoint_graph(consumer_projects=["web-shop"]).one(ENDPOINT)
    assert endpoint.inputs["privateServiceConnectConfig"]["projectAllowlists"] == ["shop-models", "web-shop"]
    # Vertex AI cannot change it.
    assert "privateServiceConnectConfig" in endpoint.options.replaceOnChanges


def test_a_network_is_made_when_none_is_given() -> None:
    graph = endpoint_graph(network=Network(cidr="10.99.0.0/16"))
    network = graph.one(NETWORK)
    assert network.name == "pricing-network"
    assert network.parent == graph.one("modeldeploy:index:VertexEndpoint").urn
    assert graph.one("gcp:compute/subnetwork:Subnetwork").inputs["ipCidrRange"] == "10.99.0.0/18"
    assert not endpoint_graph(network=GIVEN_NETWORK).all(NETWORK)


def test_nobody_may_call_until_somebody_is_listed() -> None:
    assert not endpoint_graph().all(CALLER)
    callers = ["serviceAccount:shop@web-shop.iam.gserviceaccount.com", "group:analysts@example.com"]
    members = endpoint_graph(access=Access(callers=callers)).all(CALLER)
    assert {each.inputs["member"] for each in members} == set(callers)
    for each in members:
        assert (each.inputs["role"], each.inputs["endpoint"], each.inputs["location"]) == ("roles/aiplatform.user", "pricing-1a2b3c4", "europe-west1")


# Identity and permissions


def test_the_container_runs_as_an_account_of_its_own_without_roles_in_the_project() -> None:
    graph = endpoint_graph()
    assert graph.one(DEPLOYED).inputs["serviceAccount"] == "pricing-stack@shop-models.iam.gserviceaccount.com"
    assert graph.outputs["identity"] == "pricing-stack@shop-models.iam.gserviceaccount.com"
    assert not graph.all(ROLE)
    assert not [each for each in graph.types() if "serviceaccount/key" in each]


def test_the_account_reads_the_models_buckets_and_nothing_else() -> None:
    graph = endpoint_graph()
    grants = graph.all("gcp:storage/bucketIAMMember:BucketIAMMember")
    assert {(each.inputs["bucket"], each.inputs["role"]) for each in grants} == {
        ("pricing-models-1a2b3c4", "roles/storage.objectViewer"),
        ("shop-artifacts", "roles/storage.objectViewer"),
    }
    assert {each.urn for each in grants} <= graph.one(DEPLOYED).depends_on


# Encryption and storage


def test_everything_is_encrypted_with_the_key_that_is_made() -> None:
    graph = endpoint_graph(operations=Operations(capture_percent=10), network=GIVEN_NETWORK)
    key = "projects/shop-models/locations/europe-west1/keyRings/made-1a2b3c4/cryptoKeys/made-1a2b3c4"
    assert graph.one(ENDPOINT).inputs["encryptionSpec"] == {"kmsKeyName": key}
    assert graph.one(MODEL).inputs["encryptionKey"] == key
    assert graph.one(BUCKET).inputs["encryption"] == {"defaultKmsKeyName": key}
    assert graph.one(LOGS).inputs["cmekSettings"] == {"kmsKeyName": key}
    assert graph.one("gcp:bigquery/dataset:Dataset").inputs["defaultEncryptionConfiguration"] == {"kmsKeyName": key}


@pytest.mark.parametrize(("days", "period"), [(None, "7776000s"), (365, "31536000s")])
def test_the_key_rotates(days: int | None, period: str) -> None:
    graph = endpoint_graph(encryption=Encryption(rotation_days=days), network=GIVEN_NETWORK)
    assert graph.one("gcp:kms/cryptoKey:CryptoKey").inputs["rotationPeriod"] == period
    assert graph.one("gcp:kms/keyRing:KeyRing").inputs["location"] == "europe-west1"


def test_the_services_that_store_something_may_use_the_key_and_are_waited_for() -> None:
    graph = endpoint_graph(network=GIVEN_NETWORK)
    grants = {each.name.removeprefix("pricing-key-"): each for each in graph.all(GRANT)}
    assert {name: each.inputs["member"].split("@")[1] for name, each in grants.items()} == {
        "aiplatform": "gcp-sa-aiplatform.iam.gserviceaccount.com",
        "storage": "gs-project-accounts.iam.gserviceaccount.com",
        "logging": "gcp-sa-logging.iam.gserviceaccount.com",
    }
    assert {each.inputs["role"] for each in grants.values()} == {"roles/cloudkms.cryptoKeyEncrypterDecrypter"}
    for type in (ENDPOINT, BUCKET, MODEL, LOGS):
        assert {each.urn for each in grants.values()} <= graph.one(type).depends_on


def test_a_key_that_is_given_is_used_and_left_alone() -> None:
    graph = endpoint_graph(encryption=Encryption(key=KEY), network=GIVEN_NETWORK)
    assert graph.one(ENDPOINT).inputs["encryptionSpec"] == {"kmsKeyName": KEY}
    assert graph.one(BUCKET).inputs["encryption"] == {"defaultKmsKeyName": KEY}
    assert not graph.all(GRANT)
    assert not graph.all("gcp:kms/cryptoKey:CryptoKey")


def test_the_model_bucket_is_private_and_keeps_versions() -> None:
    bucket = endpoint_graph().one(BUCKET).inputs
    assert bucket["uniformBucketLevelAccess"] is True
    assert bucket["publicAccessPrevention"] == "enforced"
    assert bucket["versioning"] == {"enabled": True}
    assert bucket["lifecycleRules"][0] == {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 90, "withState": "ARCHIVED"}}


@pytest.mark.parametrize("environment", list(Environment))
def test_stores_are_protected_in_production_only(environment: Environment) -> None:
    graph = endpoint_graph(environment=environment, operations=Operations(capture_percent=1), network=GIVEN_NETWORK)
    production = environment is Environment.PRODUCTION
    for type in (BUCKET, "gcp:kms/cryptoKey:CryptoKey", "gcp:bigquery/dataset:Dataset"):
        assert graph.one(type).options.protect is production
    assert graph.one(BUCKET).inputs["forceDestroy"] is not production
    assert graph.one("gcp:bigquery/dataset:Dataset").inputs["deleteContentsOnDestroy"] is not production


# Models


def test_a_local_directory_is_uploaded_file_by_file_under_its_hash(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "encoders").mkdir(parents=True)
    (folder / "model.pkl").write_bytes(b"model")
    (folder / "encoders" / "region.pkl").write_bytes(b"encoder")
    graph = endpoint_graph(models=[model("3", str(folder))])
    names = sorted(each.inputs["name"] for each in graph.all(OBJECT))
    uri = graph.one(MODEL).inputs["artifactUri"]
    assert uri.startswith("gs://pricing-models-1a2b3c4/models/pricing/3/")
    assert [f"gs://pricing-models-1a2b3c4/{name}" for name in names] == [f"{uri}/encoders/region.pkl", f"{uri}/model.pkl"]
    assert {each.urn for each in graph.all(OBJECT)} <= graph.one(MODEL).depends_on


@pytest.mark.parametrize("environment", list(Environment))
def test_files_of_versions_that_are_dropped_stay_in_production(tmp_path: Path, environment: Environment) -> None:
    (tmp_path / "model.pkl").write_bytes(b"model")
    [file] = endpoint_graph(models=[model("1", str(tmp_path))], environment=environment).all(OBJECT)
    assert file.options.retainOnDelete is (environment is Environment.PRODUCTION)


def test_other_content_is_another_folder_and_the_same_content_the_same(tmp_path: Path) -> None:
    file = tmp_path / "model.pkl"
    uris: list[str] = []
    for content in (b"one", b"two", b"one"):
        file.write_bytes(content)
        uris.append(endpoint_graph(models=[model("1", str(file))]).one(MODEL).inputs["artifactUri"])
    assert uris[0] != uris[1]
    assert uris[0] == uris[2]


def test_a_remote_model_stays_where_it_is() -> None:
    graph = endpoint_graph()
    assert not graph.all(OBJECT)
    assert graph.one(MODEL).inputs["artifactUri"] == "gs://shop-artifacts/pricing/1"


def test_the_container_serves_as_its_model_says() -> None:
    served = model(port=9000, health_path="/health", predict_path="/predict", environment={"LOG_LEVEL": "info"})
    assert endpoint_graph(models=[served]).one(MODEL).inputs["container"] == {
        "image": IMAGE,
        "port": 9000,
        "healthRoute": "/health",
        "predictRoute": "/predict",
        "env": {"LOG_LEVEL": "info"},
    }


# Machines and replicas


@pytest.mark.parametrize(
    ("compute", "machine"),
    [
        (Compute(), "e2-standard-2"),
        (Compute(cpus=4, memory_gib=15), "n1-standard-4"),
        (Compute(cpus=2, memory_gib=12), "n1-highmem-2"),
        (Compute(instance_type="n1-standard-16"), "n1-standard-16"),
    ],
)
def test_the_cheapest_machine_that_fits_is_taken(compute: Compute, machine: str) -> None:
    assert endpoint_graph(compute=compute).one(DEPLOYED).inputs["machineType"] == machine


def test_replicas_follow_their_cpu_use() -> None:
    deployed = endpoint_graph(scaling=Scaling(minimum=3, maximum=7, target_cpu_percent=55)).one(DEPLOYED).inputs
    assert (deployed["minReplicas"], deployed["maxReplicas"], deployed["spot"]) == (3, 7, False)
    assert deployed["autoscaling"] == [{"metric": "aiplatform.googleapis.com/prediction/online/cpu/utilization", "target": 55}]


def test_replicas_may_have_a_gpu_and_follow_its_use_too() -> None:
    graph = endpoint_graph(compute=Compute(gpus=1), scaling=Scaling(target_cpu_percent=55))
    deployed = graph.one(DEPLOYED).inputs
    assert (deployed["machineType"], deployed["acceleratorType"], deployed["acceleratorCount"]) == ("g2-standard-4", "NVIDIA_L4", 1)
    assert deployed["autoscaling"] == [
        {"metric": "aiplatform.googleapis.com/prediction/online/cpu/utilization", "target": 55},
        {"metric": "aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle", "target": 55},
    ]
    # 2 replicas x 0.81 dollars x 730 hours
    assert graph.outputs["monthly_cost"] == pytest.approx(1182.6)
    assert "acceleratorType" not in endpoint_graph().one(DEPLOYED).inputs


def test_replicas_run_on_spare_machines_only_when_asked() -> None:
    assert endpoint_graph(spot=True).one(DEPLOYED).inputs["spot"] is True
    assert endpoint_graph().one(DEPLOYED).inputs["spot"] is False


def test_a_version_has_the_teams_own_number_in_the_registry() -> None:
    assert endpoint_graph(models=[model("2026.11.1")]).one(MODEL).inputs["versionAliases"] == ["v2026-11-1"]


def test_the_cost_counts_every_versions_minimum() -> None:
    # 2 versions x 2 replicas x 0.219 dollars x 730 hours
    graph = endpoint_graph(models=[model("1"), model("2")], compute=Compute(instance_type="n1-standard-4"))
    assert graph.outputs["monthly_cost"] == pytest.approx(639.48)


# A database


def test_without_a_database_nothing_leads_to_one() -> None:
    graph = endpoint_graph()
    assert not graph.all("gcp:sql/user:User")
    assert graph.outputs["database_grant"] == ""
    assert "env" not in graph.one(MODEL).inputs["container"]


def test_the_container_is_told_its_database_and_may_log_in_to_that_one_only() -> None:
    graph = endpoint_graph(database=GIVEN_DATABASE)
    assert graph.one(MODEL).inputs["container"]["env"] == {
        "DATABASE_HOST": "10.64.64.3",
        "DATABASE_PORT": "5432",
        "DATABASE_NAME": "pricing",
        "DATABASE_USER": "pricing-stack@shop-models.iam",
        "DATABASE_INSTANCE": "shop-models:europe-west1:prices",
    }
    user = graph.one("gcp:sql/user:User").inputs
    assert (user["type"], user["name"], user["instance"]) == ("CLOUD_IAM_SERVICE_ACCOUNT", "pricing-stack@shop-models.iam", "prices")
    assert "password" not in user
    roles = graph.all(ROLE)
    assert {each.inputs["role"] for each in roles} == {"roles/cloudsql.client", "roles/cloudsql.instanceUser"}
    for each in roles:
        assert each.inputs["member"] == "serviceAccount:pricing-stack@shop-models.iam.gserviceaccount.com"
        assert each.inputs["condition"]["expression"] == (
            "resource.service == 'sqladmin.googleapis.com' && resource.name == 'projects/shop-models/instances/prices'"
        )
        assert each.urn in graph.one(DEPLOYED).depends_on
    assert graph.outputs["database_grant"] == 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "pricing-stack@shop-models.iam";'


# Operations


def test_logs_have_their_own_bucket_with_key_and_retention() -> None:
    graph = endpoint_graph(operations=Operations(log_retention_days=365), network=GIVEN_NETWORK)
    assert graph.one(LOGS).inputs["retentionDays"] == 365
    sink = graph.one("gcp:logging/projectSink:ProjectSink").inputs
    assert sink["destination"] == "logging.googleapis.com/projects/shop-models/locations/europe-west1/buckets/pricing-1a2b3c4"
    assert sink["filter"] == 'resource.type="aiplatform.googleapis.com/Endpoint" AND resource.labels.endpoint_id="pricing-1a2b3c4"'
    assert graph.one("gcp:logging/projectExclusion:ProjectExclusion").inputs["filter"] == sink["filter"]
    deployed = graph.one(DEPLOYED).inputs
    assert (deployed["containerLogging"], deployed["accessLogging"]) == (True, True)


def thresholds(graph: Any, alarm: str) -> list[dict[str, Any]]:
    return [each["conditionThreshold"] for each in graph.one(ALERT, f"pricing-alarm-{alarm}").inputs["conditions"]]


def test_latency_above_the_limit_raises_an_alarm_in_both_of_vertex_ais_metrics() -> None:
    total, private = thresholds(endpoint_graph(operations=Operations(latency_milliseconds=250)), "latency")
    assert total["filter"] == (
        'resource.type="aiplatform.googleapis.com/Endpoint" AND metric.type="aiplatform.googleapis.com/prediction/online/prediction_latencies" '
        'AND metric.labels.latency_type="total" AND resource.labels.endpoint_id="pricing-1a2b3c4"'
    )
    assert "prediction/online/private/prediction_latencies" in private["filter"]
    for each in (total, private):
        assert (each["comparison"], each["thresholdValue"], each["duration"]) == ("COMPARISON_GT", 250, "600s")
        assert each["aggregations"] == [{"alignmentPeriod": "300s", "perSeriesAligner": "ALIGN_DELTA", "crossSeriesReducer": "REDUCE_MEAN"}]


def test_server_errors_above_their_share_raise_an_alarm() -> None:
    public, private = thresholds(endpoint_graph(operations=Operations(error_percent=5)), "errors")
    assert public["thresholdValue"] == 0.05
    assert public["filter"] == f'{public["denominatorFilter"]} AND metric.labels.response_code="5xx"'
    assert "metric.labels.response_code=503" in private["filter"]
    assert "response_code" not in private["denominatorFilter"]
    assert public["duration"] == "600s"


def test_busy_replicas_raise_an_alarm_counted_in_cpus() -> None:
    graph = endpoint_graph(operations=Operations(utilization_percent=80), compute=Compute(instance_type="n1-standard-4"))
    [cpu] = thresholds(graph, "cpu")
    assert cpu["thresholdValue"] == pytest.approx(3.2)
    assert cpu["duration"] == "900s"


def test_alarms_go_to_every_address() -> None:
    graph = endpoint_graph(operations=Operations(emails=["a@example.com", "b@example.com"]))
    channels = graph.all("gcp:monitoring/notificationChannel:NotificationChannel")
    assert {each.inputs["labels"]["email_address"] for each in channels} == {"a@example.com", "b@example.com"}
    assert {each.inputs["type"] for each in channels} == {"email"}
    assert all(len(each.inputs["notificationChannels"]) == 2 for each in graph.all(ALERT))


def test_the_dashboard_shows_this_endpoint() -> None:
    graph = endpoint_graph()
    shown = json.loads(graph.one("gcp:monitoring/dashboard:Dashboard").inputs["dashboardJson"])
    titles = [tile["widget"]["title"] for tile in shown["mosaicLayout"]["tiles"]]
    assert len(titles) == 6
    filters = [
        series["timeSeriesQuery"]["timeSeriesFilter"]["filter"]
        for tile in shown["mosaicLayout"]["tiles"]
        for series in tile["widget"]["xyChart"]["dataSets"]
    ]
    assert all('"endpoint_id"="pricing-1a2b3c4"' in each for each in filters)
    assert graph.outputs["dashboard_url"] == "https://console.cloud.google.com/monitoring/dashboards/builder/11-22?project=shop-models"


def test_requests_are_kept_only_when_asked() -> None:
    assert "predictRequestResponseLoggingConfig" not in endpoint_graph().one(ENDPOINT).inputs
    graph = endpoint_graph(operations=Operations(capture_percent=25, log_retention_days=30))
    assert graph.one(ENDPOINT).inputs["predictRequestResponseLoggingConfig"] == {
        "enabled": True,
        "samplingRate": 0.25,
        "bigqueryDestination": {"outputUri": "bq://shop-models.pricing_models_1a2b3c4"},
    }
    dataset = graph.one("gcp:bigquery/dataset:Dataset").inputs
    assert (dataset["datasetId"], dataset["location"]) == ("pricing_models_1a2b3c4", "europe-west1")
    assert dataset["defaultPartitionExpirationMs"] == 30 * 24 * 60 * 60 * 1000
    assert "bigquery.googleapis.com" in {each.inputs["service"] for each in graph.all("gcp:projects/service:Service")}


def test_a_budget_is_made_at_the_billing_account() -> None:
    graph = endpoint_graph(billing_account="0A1B2C-3D4E5F-678901", operations=Operations(monthly_budget_usd=900, emails=["a@example.com"]))
    budget = graph.one(BUDGET).inputs
    assert budget["billingAccount"] == "0A1B2C-3D4E5F-678901"
    assert budget["amount"] == {"specifiedAmount": {"currencyCode": "USD", "units": "900"}}
    assert budget["budgetFilter"] == {
        "projects": ["projects/123456789012"],
        "labels": {"modeldeploy-name": "pricing"},
        "calendarPeriod": "MONTH",
    }
    assert [(each["thresholdPercent"], each["spendBasis"]) for each in budget["thresholdRules"]] == [
        (0.8, "CURRENT_SPEND"),
        (1.0, "CURRENT_SPEND"),
        (1.0, "FORECASTED_SPEND"),
    ]
    assert budget["allUpdatesRule"] == {"monitoringNotificationChannels": ["channel-a@example.com"]}


def test_the_budget_is_the_most_it_can_cost_when_no_other_is_given() -> None:
    # 4 replicas x 0.0770564 dollars x 730 hours
    graph = endpoint_graph(billing_account="0A1B2C-3D4E5F-678901", scaling=Scaling(minimum=1, maximum=4))
    assert graph.one(BUDGET).inputs["amount"]["specifiedAmount"]["units"] == "225"
    assert "allUpdatesRule" not in graph.one(BUDGET).inputs


def test_a_budget_that_cannot_be_made_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda message, *_: told.append(message))
    graph = endpoint_graph(operations=Operations(monthly_budget_usd=900))
    assert not graph.all(BUDGET)
    assert told == ["VertexEndpoint 'pricing' has no budget: Google Cloud keeps budgets at the billing account, so give billing_account"]


def test_everything_that_takes_labels_has_them() -> None:
    graph = endpoint_graph(tags={"owner": "finance"}, operations=Operations(capture_percent=1), network=GIVEN_NETWORK)
    wanted = {"owner": "finance", "environment": "prod", "managed-by": "modeldeploy", "modeldeploy-name": "pricing"}
    labelled = [each for each in graph.registrations if "labels" in each.inputs and each.type != MODEL]
    assert len(labelled) == 7
    assert all(each.inputs["labels"] == wanted for each in labelled)
    assert graph.one(MODEL).inputs["labels"] == {**wanted, "model-version": "1"}
    assert all(each.inputs["userLabels"] == wanted for each in graph.all(ALERT))


def test_apis_are_on_before_anything_that_needs_them() -> None:
    graph = endpoint_graph(environment=DEVELOPMENT, network=GIVEN_NETWORK)
    services = {each.urn for each in graph.all("gcp:projects/service:Service")}
    for type in (ENDPOINT, "gcp:kms/keyRing:KeyRing", "gcp:serviceaccount/account:Account", LOGS, "gcp:compute/address:Address"):
        assert services <= graph.one(type).depends_on


def test_a_version_named_with_dots_is_deployed() -> None:
    served = Model(name="pricing", version="2026.11.1", source="gs://shop-artifacts/pricing/1", container=Container(image=IMAGE))
    assert endpoint_graph(models=[served]).one(MODEL).inputs["labels"]["model-version"].startswith("2026-11-1-")
