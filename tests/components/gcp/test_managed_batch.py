"""The batch prediction's parts: the registered model, the workflow that has it score, and what each argument changes."""

import json
from typing import Any

import pytest

from modeldeploy.gcp.managed_batch import VertexBatchPredictionArgs
from modeldeploy.gcp.workflow import Request, source
from modeldeploy.spec import Compute, Network, Operations, RecordFormat
from modeldeploy.spec.arguments import ArgumentError, parse
from sandbox.vertex.discovery import body_problems
from tests.components.gcp.batches import NIGHTLY, SCHEDULE, WORKFLOW, prediction_graph
from tests.components.gcp.program import GIVEN_NETWORK, MODEL, model
from tests.support.mocks import Graph

ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"
KEY = "projects/shop-models/locations/europe-west1/keyRings/made-1a2b3c4/cryptoKeys/made-1a2b3c4"
MEMBER = "gcp:projects/iAMMember:IAMMember"
WORKER = "serviceAccount:credit-run-stack@shop-models.iam.gserviceaccount.com"


def steps(graph: Graph) -> dict[str, Any]:
    """The workflow's steps by name."""
    return {name: step for each in json.loads(graph.one(WORKFLOW).inputs["sourceContents"])["main"]["steps"] for name, step in each.items()}


def job(graph: Graph) -> dict[str, Any]:
    return steps(graph)["make"]["try"]["args"]["body"]


# The run


def test_a_run_scores_the_input_with_the_registered_version() -> None:
    graph = prediction_graph(workers=3, compute=Compute(instance_type="n1-standard-4"))
    made = steps(graph)["make"]["try"]
    assert made["args"]["url"] == (
        "https://europe-west1-aiplatform.googleapis.com/v1/projects/shop-models/locations/europe-west1/batchPredictionJobs"
    )
    assert (made["call"], made["args"]["auth"]) == ("http.post", {"type": "OAuth2"})
    assert job(graph) == {
        "displayName": '${"credit-" + sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")}',
        "model": "projects/shop-models/locations/europe-west1/models/credit-stack@1",
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": ["gs://shop-records/today/*"]}},
        "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": "gs://credit-results-1a2b3c4/results"}},
        "dedicatedResources": {"machineSpec": {"machineType": "n1-standard-4"}, "startingReplicaCount": 3, "maxReplicaCount": 3},
        "serviceAccount": "credit-stack@shop-models.iam.gserviceaccount.com",
        "encryptionSpec": {"kmsKeyName": KEY},
        "labels": {"environment": "prod", "managed-by": "modeldeploy", "modeldeploy-name": "credit"},
    }
    assert graph.outputs["results"] == "gs://credit-results-1a2b3c4/results"


def test_googles_own_model_of_the_api_takes_the_request() -> None:
    assert list(body_problems("GoogleCloudAiplatformV1BatchPredictionJob", job(prediction_graph()))) == []


def test_workers_may_have_a_gpu() -> None:
    body = job(prediction_graph(compute=Compute(gpus=1)))
    assert body["dedicatedResources"]["machineSpec"] == {"machineType": "g2-standard-4", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 1}
    assert list(body_problems("GoogleCloudAiplatformV1BatchPredictionJob", body)) == []


def test_a_folder_may_end_in_a_slash() -> None:
    assert job(prediction_graph(input_uri="gs://shop-records/today/"))["inputConfig"]["gcsSource"] == {"uris": ["gs://shop-records/today/*"]}


def test_the_workflow_waits_for_the_end_and_fails_with_the_run() -> None:
    found = steps(prediction_graph())
    assert list(found) == ["make", "wait", "ask", "read", "decide", "tell_failure", "fail", "tell_success", "end_well"]
    # A start that was taken is not sent again; asking is harmless.
    assert found["make"]["retry"] == "${http.default_retry_non_idempotent}"
    assert found["ask"]["retry"] == "${http.default_retry}"
    assert found["wait"] == {"call": "sys.sleep", "args": {"seconds": 60}}
    assert found["ask"]["try"]["args"]["url"] == '${"https://europe-west1-aiplatform.googleapis.com/v1/" + made.body.name}'
    assert found["read"] == {"assign": [{"state": "${answer.body.state}"}]}
    assert found["decide"]["switch"] == [
        {"condition": '${state in ["JOB_STATE_SUCCEEDED"]}', "next": "tell_success"},
        {
            "condition": '${state in ["JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED", "JOB_STATE_PARTIALLY_SUCCEEDED"]}',
            "next": "tell_failure",
        },
    ]
    assert found["decide"]["next"] == "wait"
    assert (found["tell_failure"]["args"]["severity"], found["tell_success"]["args"]["severity"]) == ("ERROR", "INFO")
    assert found["fail"] == {"raise": '${made.body.name + " ended as " + state}'}
    assert found["end_well"] == {"return": "${made.body.name}"}


def test_every_step_the_workflow_goes_to_is_there() -> None:
    found = source(Request(url="u", body={}, base="b", state="s", succeeded=["A"], failed=["B"]))["main"]["steps"]
    names = {name for step in found for name in step}
    text = json.dumps(found)
    assert {each.split('"')[0] for each in text.split('"next": "')[1:]} <= names


def test_the_version_is_registered_with_the_key() -> None:
    registered = prediction_graph(model=model("2")).one(MODEL).inputs
    assert (registered["encryptionKey"], registered["artifactUri"]) == (KEY, "gs://shop-artifacts/pricing/1")
    assert registered["modelId"] == "credit-stack"


def test_the_workflow_is_encrypted_and_logs_errors() -> None:
    workflow = prediction_graph().one(WORKFLOW)
    assert workflow.inputs["cryptoKeyName"] == KEY
    assert workflow.inputs["callLogLevel"] == "LOG_ERRORS_ONLY"
    assert workflow.inputs["deletionProtection"] is False
    assert workflow.inputs["region"] == "europe-west1"


# Identities


def test_the_container_runs_as_an_account_that_reads_models_and_input_and_writes_results() -> None:
    graph = prediction_graph()
    granted = graph.all("gcp:storage/bucketIAMMember:BucketIAMMember")
    assert {(each.inputs["bucket"], each.inputs["role"]) for each in granted} == {
        ("credit-models-1a2b3c4", "roles/storage.objectViewer"),
        ("shop-artifacts", "roles/storage.objectViewer"),
        ("shop-records", "roles/storage.objectViewer"),
        ("credit-results-1a2b3c4", "roles/storage.objectUser"),
    }
    assert {each.inputs["member"] for each in granted} == {"serviceAccount:credit-stack@shop-models.iam.gserviceaccount.com"}
    assert graph.outputs["identity"] == "credit-stack@shop-models.iam.gserviceaccount.com"


def test_the_workflow_may_make_runs_as_that_account_and_nothing_else() -> None:
    graph = prediction_graph()
    workflow = graph.one(WORKFLOW)
    assert workflow.inputs["serviceAccount"] == "projects/shop-models/serviceAccounts/credit-run-stack@shop-models.iam.gserviceaccount.com"
    role = graph.one("gcp:projects/iAMCustomRole:IAMCustomRole")
    assert role.inputs["permissions"] == ["aiplatform.batchPredictionJobs.create", "aiplatform.batchPredictionJobs.get", "aiplatform.models.get"]
    assert "-" not in role.inputs["roleId"]
    member = graph.one(MEMBER)
    assert (member.inputs["role"], member.inputs["member"]) == (f"projects/shop-models/roles/{role.inputs['roleId']}", WORKER)
    acts = graph.one("gcp:serviceaccount/iAMMember:IAMMember")
    assert (acts.inputs["role"], acts.inputs["member"]) == ("roles/iam.serviceAccountUser", WORKER)
    assert acts.inputs["serviceAccountId"] == "projects/shop-models/serviceAccounts/credit-stack@shop-models.iam.gserviceaccount.com"
    assert {member.urn, acts.urn} <= workflow.depends_on


def test_the_services_that_store_something_may_use_the_key() -> None:
    grants = prediction_graph().all("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember")
    assert sorted(each.name for each in grants) == ["credit-key-aiplatform", "credit-key-logging", "credit-key-storage", "credit-key-workflows"]


# The schedule


def test_a_schedule_starts_the_workflow() -> None:
    graph = prediction_graph(schedule=NIGHTLY)
    target = graph.one(SCHEDULE).inputs["httpTarget"]
    assert target["uri"] == (
        "https://workflowexecutions.googleapis.com/v1/projects/shop-models/locations/europe-west1/workflows/made-1a2b3c4/executions"
    )
    starter = graph.one(MEMBER, "credit-starts")
    assert (starter.inputs["role"], starter.inputs["member"]) == (
        "roles/workflows.invoker",
        "serviceAccount:credit-start-stack@shop-models.iam.gserviceaccount.com",
    )
    assert starter.urn in graph.one(SCHEDULE).depends_on


def test_without_a_schedule_it_runs_when_somebody_starts_it() -> None:
    graph = prediction_graph()
    assert not graph.all(SCHEDULE)
    assert graph.names(MEMBER) == ["credit-runs"]
    assert graph.outputs["start"] == "gcloud workflows run made-1a2b3c4 --location=europe-west1 --project=shop-models"
    assert "cloudscheduler.googleapis.com" not in {each.inputs["service"] for each in graph.all("gcp:projects/service:Service")}


# Operations


def test_a_run_that_failed_raises_an_alarm() -> None:
    alarm = prediction_graph(operations=Operations(emails=["a@example.com"])).one(ALERT, "credit-alarm-failed").inputs
    [condition] = [each["conditionThreshold"] for each in alarm["conditions"]]
    assert condition["filter"] == (
        'resource.type="workflows.googleapis.com/Workflow" AND resource.labels.workflow_id="made-1a2b3c4" '
        'AND metric.type="workflows.googleapis.com/finished_execution_count" AND metric.labels.status="FAILED"'
    )
    assert (condition["thresholdValue"], condition["duration"]) == (0, "0s")
    assert alarm["notificationChannels"] == ["channel"]


def test_logs_and_dashboard_are_the_workflows() -> None:
    graph = prediction_graph(operations=Operations(log_retention_days=30))
    assert graph.one("gcp:logging/projectBucketConfig:ProjectBucketConfig").inputs["retentionDays"] == 30
    assert 'workflow_id="made-1a2b3c4"' in graph.one("gcp:logging/projectSink:ProjectSink").inputs["filter"]
    tiles = json.loads(graph.one("gcp:monitoring/dashboard:Dashboard").inputs["dashboardJson"])["mosaicLayout"]["tiles"]
    assert [each["widget"]["title"] for each in tiles] == ["Runs by result", "Runs started", "Seconds a run takes, p99"]


def test_the_cost_counts_runs_workers_and_minutes() -> None:
    # 30.44 runs x 0.5 hours x 2 machines x 0.0770564 dollars
    assert prediction_graph(schedule=NIGHTLY, workers=2).outputs["monthly_cost"] == pytest.approx(2.35)
    assert prediction_graph(expected_minutes=600).outputs["monthly_cost"] == pytest.approx(0.77)


def test_a_budget_is_made_at_the_billing_account() -> None:
    graph = prediction_graph(billing_account="0A1B2C-3D4E5F-678901", expected_minutes=6000)
    assert graph.one("gcp:billing/budget:Budget").inputs["amount"]["specifiedAmount"]["units"] == "8"


def test_a_network_that_is_given_is_left_alone() -> None:
    graph = prediction_graph(network=GIVEN_NETWORK)
    assert not [each for each in graph.types() if each.startswith("gcp:compute")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"record_format": RecordFormat.CSV}, "record_format: csv is not allowed on Vertex AI, which takes the first line of a file for its header"),
        ({"spot": True}, "spot: is not offered for batch prediction on Vertex AI; leave it out, or use GoogleBatchJob"),
        ({"input_uri": None}, "input_uri: is required"),
        ({"input_uri": "s3://b/x"}, "input_uri: 's3://b/x' is no folder in Cloud Storage"),
        ({"model": model("1", "s3://bucket/model")}, "model.source: 's3://bucket/model' cannot be read by Vertex AI"),
        ({"model": model(image="docker.io/shop/pricing@sha256:" + "a" * 64)}, "model.container.image: 'docker.io/shop/"),
        ({"model": model(environment={"AIP_MODE": "x"})}, "model.container.environment.AIP_MODE: begins with AIP_"),
        ({"compute": Compute(gpus=2)}, "compute: Vertex AI has no machine with"),
        ({"network": Network(callers=["10.1.0.0/16"])}, "network.callers: has no effect"),
        ({"network": Network(cidr="10.1.0.0/16")}, "network.cidr: has no effect: Vertex AI runs batches in a network of its own"),
        ({"workers": 101}, "workers: 101 is not allowed; use 1 to 100"),
        ({"tags": {"modeldeploy-name": "x"}}, "tags.modeldeploy-name: is set by the component"),
        ({"billing_account": "x"}, "billing_account: 'x' is no billing account"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"model": model(), "input_uri": "gs://shop-records/today", **arguments}
    with pytest.raises(ArgumentError) as caught:
        parse(VertexBatchPredictionArgs, VertexBatchPredictionArgs(**given), "VertexBatchPrediction 'credit'")
    assert message in str(caught.value)
