"""The Cloud Run job's parts: each default that keeps it safe, and what each argument changes."""

import json
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.gcp.batch import CloudRunJobArgs
from modeldeploy.gcp.cloud_run import run_size
from modeldeploy.spec import ContainerCompute, Encryption, Model, Network, Operations
from modeldeploy.spec.arguments import ArgumentError, parse
from modeldeploy.spec.model import Container
from tests.components.gcp.batches import JOB, NIGHTLY, SCHEDULE, job_graph
from tests.components.gcp.program import DEVELOPMENT, GIVEN_DATABASE, GIVEN_NETWORK, IMAGE, model
from tests.support.mocks import Graph

ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"
BUCKET = "gcp:storage/bucket:Bucket"
BUDGET = "gcp:billing/budget:Budget"
GRANT = "gcp:storage/bucketIAMMember:BucketIAMMember"
INVOKER = "gcp:cloudrunv2/jobIamMember:JobIamMember"
KEY = "projects/shop-models/locations/europe-west1/keyRings/made-1a2b3c4/cryptoKeys/made-1a2b3c4"
SECRET = "projects/shop-models/secrets/scoring/versions/3"
TASKS = "serviceAccount:credit-stack@shop-models.iam.gserviceaccount.com"


def task(graph: Graph) -> dict[str, Any]:
    return graph.one(JOB).inputs["template"]["template"]


def variables(graph: Graph) -> dict[str, Any]:
    [container] = task(graph)["containers"]
    return {each["name"]: each.get("value", each.get("valueSource")) for each in container["envs"]}


# The run


def test_a_task_is_told_its_number_the_model_and_where_results_go() -> None:
    graph = job_graph(tasks=8, input_uri="gs://shop-records/today")
    assert variables(graph) == {
        "TASK_INDEX_VARIABLE": "CLOUD_RUN_TASK_INDEX",
        "TASK_COUNT": "8",
        "MODEL_URI": "gs://shop-artifacts/pricing/1",
        "MODEL_VERSION": "1",
        "INPUT_URI": "gs://shop-records/today",
        "RESULTS_URI": "gs://credit-results-1a2b3c4/results",
    }
    assert graph.outputs["results"] == "gs://credit-results-1a2b3c4/results"
    assert "INPUT_URI" not in variables(job_graph())


def test_the_container_keeps_its_own_variables_and_arguments() -> None:
    graph = job_graph(model=model(environment={"MODE": "night"}), command=["score", "--fast"])
    assert variables(graph)["MODE"] == "night"
    [container] = task(graph)["containers"]
    assert (container["image"], container["args"]) == (IMAGE, ["score", "--fast"])
    assert "args" not in task(job_graph())["containers"][0]


def test_tasks_retries_and_time_are_the_runs() -> None:
    graph = job_graph(tasks=20, parallelism=5, retries=2, task_minutes=90)
    template = graph.one(JOB).inputs["template"]
    assert (template["taskCount"], template["parallelism"]) == (20, 5)
    assert (task(graph)["maxRetries"], task(graph)["timeout"]) == (2, "5400s")
    assert job_graph(tasks=20).one(JOB).inputs["template"]["parallelism"] == 20


@pytest.mark.parametrize(
    ("asked", "cpus", "memory"),
    [
        (ContainerCompute(), 1, 2048),
        (ContainerCompute(cpu_millis=250, memory_mib=512), 1, 512),
        (ContainerCompute(memory_mib=4097), 2, 4097),
        (ContainerCompute(cpu_millis=2001), 4, 2048),
        (ContainerCompute(cpu_millis=5000, memory_mib=512), 6, 4096),
        (ContainerCompute(memory_mib=32768), 8, 32768),
        (ContainerCompute(gpus=1), 4, 16384),
    ],
)
def test_a_task_gets_the_smallest_size_that_has_what_it_asks_for(asked: ContainerCompute, cpus: int, memory: int) -> None:
    size = run_size(asked)
    assert (size.cpus, size.memory_mib, size.gpus) == (cpus, memory, asked.gpus)


def test_a_gpu_is_asked_for_by_name_and_without_a_second_zone() -> None:
    graph = job_graph(compute=ContainerCompute(gpus=1), task_minutes=60)
    assert task(graph)["containers"][0]["resources"]["limits"] == {"cpu": "4", "memory": "16384Mi", "nvidia.com/gpu": "1"}
    assert task(graph)["nodeSelector"] == {"accelerator": "nvidia-l4"}
    assert task(graph)["gpuZonalRedundancyDisabled"] is True
    plain = task(job_graph())
    assert plain["containers"][0]["resources"]["limits"] == {"cpu": "1", "memory": "2048Mi"}
    assert not {"nodeSelector", "gpuZonalRedundancyDisabled"} & plain.keys()


def test_tasks_leave_through_the_network_only() -> None:
    access = task(job_graph(network=GIVEN_NETWORK))["vpcAccess"]
    assert access == {
        "egress": "ALL_TRAFFIC",
        "networkInterfaces": [{"network": GIVEN_NETWORK.id, "subnetwork": GIVEN_NETWORK.subnet_ids[0]}],
    }
    made = job_graph(network=Network(cidr="10.99.0.0/16"))
    assert made.one("modeldeploy:index:GoogleNetwork").name == "credit-network"
    assert made.one("gcp:compute/subnetwork:Subnetwork").inputs["ipCidrRange"] == "10.99.0.0/18"
    assert not job_graph(network=GIVEN_NETWORK).all("modeldeploy:index:GoogleNetwork")


def test_the_projects_admission_policy_is_asked_and_tools_may_leave_their_name() -> None:
    job = job_graph().one(JOB)
    assert job.inputs["binaryAuthorization"] == {"useDefault": True}
    assert job.inputs["deletionProtection"] is False
    assert list(job.options.ignoreChanges) == ["client", "clientVersion"]
    assert job.inputs["location"] == "europe-west1"


# Identity


def test_tasks_run_as_an_account_that_reads_the_model_and_the_input_and_writes_results() -> None:
    graph = job_graph(input_uri="gs://shop-records/today", network=GIVEN_NETWORK)
    assert task(graph)["serviceAccount"] == "credit-stack@shop-models.iam.gserviceaccount.com" == graph.outputs["identity"]
    granted = graph.all(GRANT)
    assert {(each.inputs["bucket"], each.inputs["role"]) for each in granted} == {
        ("credit-models-1a2b3c4", "roles/storage.objectViewer"),
        ("shop-artifacts", "roles/storage.objectViewer"),
        ("shop-records", "roles/storage.objectViewer"),
        ("credit-results-1a2b3c4", "roles/storage.objectUser"),
    }
    assert {each.inputs["member"] for each in granted} == {TASKS}
    assert {each.urn for each in granted} <= graph.one(JOB).depends_on
    assert not graph.all("gcp:projects/iAMMember:IAMMember")


def test_one_bucket_for_model_and_input_is_opened_once() -> None:
    granted = job_graph(input_uri="gs://shop-artifacts/records").all(GRANT)
    assert sorted(each.inputs["bucket"] for each in granted) == ["credit-models-1a2b3c4", "credit-results-1a2b3c4", "shop-artifacts"]


def test_secrets_go_from_the_vault_to_the_task() -> None:
    graph = job_graph(secrets={"SCORING_KEY": SECRET})
    assert variables(graph)["SCORING_KEY"] == {"secretKeyRef": {"secret": "projects/shop-models/secrets/scoring", "version": "3"}}
    reader = graph.one("gcp:secretmanager/secretIamMember:SecretIamMember")
    assert (reader.inputs["secretId"], reader.inputs["role"], reader.inputs["member"]) == (
        "projects/shop-models/secrets/scoring",
        "roles/secretmanager.secretAccessor",
        TASKS,
    )
    assert reader.urn in graph.one(JOB).depends_on
    assert "secretmanager.googleapis.com" in apis(graph)


def test_a_task_is_told_its_database_and_may_log_in_to_that_one_only() -> None:
    graph = job_graph(database=GIVEN_DATABASE)
    assert variables(graph)["DATABASE_HOST"] == "10.64.64.3"
    assert variables(graph)["DATABASE_USER"] == "credit-stack@shop-models.iam"
    assert graph.outputs["database_grant"] == 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "credit-stack@shop-models.iam";'
    assert {each.urn for each in graph.all("gcp:projects/iAMMember:IAMMember")} <= graph.one(JOB).depends_on
    without = job_graph()
    assert without.outputs["database_grant"] == ""
    assert not without.all("gcp:sql/user:User")


# Encryption and storage


def test_everything_is_encrypted_with_the_key_that_is_made() -> None:
    graph = job_graph(network=GIVEN_NETWORK)
    assert task(graph)["encryptionKey"] == KEY
    assert {each.inputs["encryption"]["defaultKmsKeyName"] for each in graph.all(BUCKET)} == {KEY}
    grants = graph.all("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember")
    assert sorted(each.name for each in grants) == ["credit-key-logging", "credit-key-run", "credit-key-storage"]
    assert {each.urn for each in grants} <= graph.one(JOB).depends_on
    given = job_graph(encryption=Encryption(key="projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"), network=GIVEN_NETWORK)
    assert task(given)["encryptionKey"] == "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"
    assert not given.all("gcp:kms/cryptoKey:CryptoKey")


def test_results_are_private_and_go_when_their_time_is_over() -> None:
    bucket = job_graph(results_days=30).one(BUCKET, "credit-results")
    assert (bucket.inputs["publicAccessPrevention"], bucket.inputs["uniformBucketLevelAccess"]) == ("enforced", True)
    assert bucket.inputs["versioning"] == {"enabled": True}
    assert bucket.inputs["lifecycleRules"] == [
        {"action": {"type": "Delete"}, "condition": {"age": 30, "withState": "LIVE"}},
        {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 7, "withState": "ARCHIVED"}},
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}},
    ]


def test_production_keeps_its_stores_and_development_does_not() -> None:
    assert {(each.options.protect, each.inputs["forceDestroy"]) for each in job_graph().all(BUCKET)} == {(True, False)}
    assert {(each.options.protect, each.inputs["forceDestroy"]) for each in job_graph(environment=DEVELOPMENT).all(BUCKET)} == {(False, True)}


def test_a_local_model_is_uploaded_before_the_job(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_text("weights")
    graph = job_graph(model=Model(name="credit", version="7", source=str(tmp_path), container=Container(image=IMAGE)))
    [uploaded] = graph.all("gcp:storage/bucketObject:BucketObject")
    assert variables(graph)["MODEL_URI"].startswith("gs://credit-models-1a2b3c4/models/credit/7/")
    assert uploaded.urn in graph.one(JOB).depends_on
    assert graph.outputs["model_version"] == "7"


# The schedule


def test_without_a_schedule_it_runs_when_somebody_starts_it() -> None:
    graph = job_graph()
    assert not graph.all(SCHEDULE)
    assert not graph.all(INVOKER)
    assert graph.outputs["start"] == "gcloud run jobs execute made-1a2b3c4 --region=europe-west1 --project=shop-models"
    assert "cloudscheduler.googleapis.com" not in apis(graph)


def test_a_schedule_starts_it_as_an_account_that_may_do_nothing_else() -> None:
    graph = job_graph(schedule=NIGHTLY)
    scheduled = graph.one(SCHEDULE).inputs
    assert (scheduled["schedule"], scheduled["timeZone"], scheduled["region"]) == ("0 3 * * *", "Europe/Berlin", "europe-west1")
    assert scheduled["httpTarget"] == {
        "uri": "https://run.googleapis.com/v2/projects/shop-models/locations/europe-west1/jobs/made-1a2b3c4:run",
        "httpMethod": "POST",
        "oauthToken": {
            "serviceAccountEmail": "credit-start-stack@shop-models.iam.gserviceaccount.com",
            "scope": "https://www.googleapis.com/auth/cloud-platform",
        },
    }
    assert scheduled["attemptDeadline"] == "60s"
    assert scheduled["retryConfig"] == {"retryCount": 3, "minBackoffDuration": "30s", "maxBackoffDuration": "300s", "maxDoublings": 3}
    starter = graph.one(INVOKER)
    assert (starter.inputs["name"], starter.inputs["role"], starter.inputs["member"]) == (
        "made-1a2b3c4",
        "roles/run.invoker",
        "serviceAccount:credit-start-stack@shop-models.iam.gserviceaccount.com",
    )
    assert starter.urn in graph.one(SCHEDULE).depends_on
    assert "cloudscheduler.googleapis.com" in apis(graph)


# Operations


def test_a_run_that_failed_raises_an_alarm() -> None:
    graph = job_graph(operations=Operations(emails=["a@example.com"]))
    alarm = graph.one(ALERT, "credit-alarm-failed").inputs
    [condition] = [each["conditionThreshold"] for each in alarm["conditions"]]
    assert condition["filter"] == (
        'resource.type="cloud_run_job" AND resource.labels.job_name="made-1a2b3c4" '
        'AND metric.type="run.googleapis.com/job/completed_execution_count" AND metric.labels.result="failed"'
    )
    assert (condition["comparison"], condition["thresholdValue"], condition["duration"]) == ("COMPARISON_GT", 0, "0s")
    assert condition["aggregations"] == [{"alignmentPeriod": "300s", "perSeriesAligner": "ALIGN_DELTA", "crossSeriesReducer": "REDUCE_SUM"}]
    assert alarm["notificationChannels"] == ["channel"]
    assert "notificationRateLimit" not in alarm["alertStrategy"]


def test_a_start_that_did_not_succeed_raises_an_alarm() -> None:
    graph = job_graph(schedule=NIGHTLY)
    alarm = graph.one(ALERT, "credit-alarm-start").inputs
    assert alarm["conditions"] == [
        {
            "displayName": "start",
            "conditionMatchedLog": {"filter": 'resource.type="cloud_scheduler_job" AND resource.labels.job_id="made-1a2b3c4" AND severity>=ERROR'},
        }
    ]
    assert alarm["alertStrategy"]["notificationRateLimit"] == {"period": "3600s"}


def test_logs_have_their_own_bucket_with_key_and_retention() -> None:
    graph = job_graph(operations=Operations(log_retention_days=365), network=GIVEN_NETWORK)
    logs = graph.one("gcp:logging/projectBucketConfig:ProjectBucketConfig").inputs
    assert (logs["retentionDays"], logs["cmekSettings"]) == (365, {"kmsKeyName": KEY})
    assert graph.one("gcp:logging/projectSink:ProjectSink").inputs["filter"] == (
        'resource.type="cloud_run_job" AND resource.labels.job_name="made-1a2b3c4"'
    )


def test_the_dashboard_shows_this_job() -> None:
    graph = job_graph()
    shown = json.loads(graph.one("gcp:monitoring/dashboard:Dashboard").inputs["dashboardJson"])
    tiles = shown["mosaicLayout"]["tiles"]
    assert [tile["widget"]["title"] for tile in tiles][:2] == ["Runs by result", "Runs going on"]
    assert len(tiles) == 6
    for tile in tiles:
        for series in tile["widget"]["xyChart"]["dataSets"]:
            assert 'job_name="made-1a2b3c4"' in series["timeSeriesQuery"]["timeSeriesFilter"]["filter"]
    assert graph.outputs["dashboard_url"].endswith("/11-22?project=shop-models")


def test_the_cost_counts_runs_tasks_and_the_time_they_take() -> None:
    # 30.44 runs x 4 tasks x 0.5 hours x 3600 s x (1 CPU x 0.000018 + 2 GiB x 0.000002 dollars)
    assert job_graph(schedule=NIGHTLY, tasks=4).outputs["monthly_cost"] == pytest.approx(4.82)
    # One run without a schedule, and no more than the time a task has.
    assert job_graph(tasks=100, expected_minutes=600, task_minutes=60).outputs["monthly_cost"] == pytest.approx(7.92)


def test_a_gpu_is_in_the_cost() -> None:
    # 1 hour x 3600 s x (4 x 0.000018 + 16 x 0.000002 + 0.0001867 dollars)
    graph = job_graph(compute=ContainerCompute(gpus=1), task_minutes=60, expected_minutes=60)
    assert graph.outputs["monthly_cost"] == pytest.approx(1.05)


def test_a_budget_is_made_at_the_billing_account() -> None:
    graph = job_graph(billing_account="0A1B2C-3D4E5F-678901", operations=Operations(monthly_budget_usd=90))
    assert graph.one(BUDGET).inputs["amount"]["specifiedAmount"]["units"] == "90"
    assert "billingbudgets.googleapis.com" in apis(graph)
    assert not job_graph().all(BUDGET)


def test_everything_that_takes_labels_has_them() -> None:
    graph = job_graph(tags={"owner": "risk"}, network=GIVEN_NETWORK)
    wanted = {"owner": "risk", "environment": "prod", "managed-by": "modeldeploy", "modeldeploy-name": "credit"}
    labelled = [each for each in graph.registrations if "labels" in each.inputs]
    assert {each.type for each in labelled} >= {JOB, BUCKET, "gcp:kms/cryptoKey:CryptoKey"}
    assert all(each.inputs["labels"] == wanted for each in labelled)
    assert graph.one(JOB).inputs["template"]["labels"] == wanted


def test_apis_are_on_before_the_job() -> None:
    graph = job_graph(network=GIVEN_NETWORK)
    assert {each.urn for each in graph.all("gcp:projects/service:Service")} <= graph.one(JOB).depends_on
    assert {"run.googleapis.com", "binaryauthorization.googleapis.com"} <= apis(graph)


def apis(graph: Graph) -> set[str]:
    return {each.inputs["service"] for each in graph.all("gcp:projects/service:Service")}


# What is refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"spot": True}, "spot: is not offered for Cloud Run jobs; leave it out, or use GoogleBatchJob"),
        ({"model": model("1", "s3://bucket/model")}, "model.source: 's3://bucket/model' cannot be read by Cloud Run; allowed: gs://"),
        ({"model": model(image="docker.io/shop/pricing@sha256:" + "a" * 64)}, "model.container.image: 'docker.io/shop/"),
        ({"model": model(environment={"CLOUD_RUN_JOB": "x"})}, "model.container.environment.CLOUD_RUN_JOB: begins with CLOUD_RUN_"),
        ({"model": model(environment={"RESULTS_URI": "x"})}, "model.container.environment.RESULTS_URI: is set by the component"),
        ({"secrets": {"MODEL_URI": SECRET}}, "secrets.MODEL_URI: is set by the component; leave it out"),
        ({"secrets": {"DATABASE_USER": SECRET}, "database": GIVEN_DATABASE}, "secrets.DATABASE_USER: is set by the component"),
        (
            {"secrets": {"KEY": "my-secret"}},
            "secrets.KEY: 'my-secret' is no version of a secret; write projects/<project>/secrets/<secret>/versions/",
        ),
        ({"input_uri": "s3://bucket/x"}, "input_uri: 's3://bucket/x' is no folder in Cloud Storage; write gs://<bucket>/<folder>"),
        ({"input_uri": "gs://"}, "input_uri: 'gs://' is no folder in Cloud Storage"),
        ({"compute": ContainerCompute(cpu_millis=8001)}, "compute.cpu_millis: 8001 is not allowed on Cloud Run; use 8000 or less"),
        ({"compute": ContainerCompute(memory_mib=32769)}, "compute.memory_mib: 32769 is not allowed on Cloud Run; use 32768 or less"),
        ({"compute": ContainerCompute(gpus=2), "task_minutes": 60}, "compute.gpus: 2 is not allowed: an instance on Cloud Run has one GPU"),
        ({"compute": ContainerCompute(gpus=1)}, "task_minutes: 120 is not allowed with compute.gpus on Cloud Run; use 60 or less"),
        ({"network": Network(callers=["10.1.0.0/16"])}, "network.callers: has no effect: nothing calls a batch"),
        ({"tags": {"modeldeploy-name": "x"}}, "tags.modeldeploy-name: is set by the component"),
        ({"billing_account": "x"}, "billing_account: 'x' is no billing account"),
        ({"parallelism": 2}, "parallelism: 2 is not allowed; use 1 to tasks, which is 1"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"model": model(), **arguments}
    with pytest.raises(ArgumentError) as caught:
        parse(CloudRunJobArgs, CloudRunJobArgs(**given), "CloudRunJob 'credit'")
    assert message in str(caught.value)


def test_spare_machines_may_be_declined() -> None:
    assert job_graph(spot=False).all(JOB)
