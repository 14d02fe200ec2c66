"""The batches through the real engine, against the sandbox."""

import json
from typing import Any

import pytest

from sandbox.store import Record
from tests.components.gcp.batches import JOB, SCHEDULE, WORKFLOW
from tests.components.gcp.program import MODEL
from tests.support.lifecycle import Deploy

pytestmark = pytest.mark.engine

NIGHTLY = {"cron": "0 3 * * *", "time_zone": "Europe/Berlin"}
RECORDS = "shop-records"
"""A bucket with what is scored, which somebody else made."""
TEMPLATE = "gcp:compute/instanceTemplate:InstanceTemplate"
OBJECT = "gcp:storage/bucketObject:BucketObject"


@pytest.fixture
def records(deploy: Deploy) -> Record:
    """The bucket of the records."""
    outputs = {"name": RECORDS}
    return deploy.sandbox.store.insert(Record("gcp:storage/bucket:Bucket", "", RECORDS, "", "", outputs, outputs))


def test_a_cloud_run_job_changes_in_place_and_leaves_nothing(deploy: Deploy, records: Record) -> None:
    made = deploy("modeldeploy.gcp.batch:CloudRunJob", "credit", operations={"emails": ["team@example.com"]})
    arguments: dict[str, Any] = {
        "schedule": NIGHTLY,
        "tasks": 4,
        "input_uri": f"gs://{RECORDS}/today",
        "secrets": {"SCORING_KEY": "projects/shop-vault/secrets/scoring/versions/3"},
        "database": True,
    }
    made.up(model=made.model("1"), **arguments)
    outputs = made.project.outputs()
    assert outputs["start"].startswith("gcloud run jobs execute credit-")
    assert outputs["database_grant"].endswith('"credit-test@sandbox-project.iam";')
    made.expect_no_changes()

    # Another version: its files are there before the job names them, and the old ones go after.
    changed: dict[str, Any] = {**arguments, "tasks": 8, "schedule": {"cron": "0 4 * * *"}}
    order = made.up(model=made.model("2"), **changed)
    assert order.index(("create", OBJECT)) < order.index(("update", JOB)) < order.index(("delete", OBJECT))
    assert ("update", SCHEDULE) in order
    [job] = made.sandbox.resources(JOB)
    assert job.outputs["template"]["taskCount"] == 8

    without = made.up(model=made.model("2"), tasks=8)
    assert {("delete", SCHEDULE), ("update", JOB)} <= set(without)
    made.sandbox.remove(records.id)
    made.destroy()


def test_a_batch_prediction_registers_versions_side_by_side_and_leaves_nothing(deploy: Deploy, records: Record) -> None:
    made = deploy("modeldeploy.gcp.managed_batch:VertexBatchPrediction", "credit", input_uri=f"gs://{RECORDS}/today")
    made.up(model=made.model("1"), schedule=NIGHTLY)
    made.expect_no_changes()

    order = made.up(model=made.model("2"), schedule=NIGHTLY, workers=3)
    assert order.index(("create", MODEL)) < order.index(("update", WORKFLOW)) < order.index(("delete", MODEL))
    assert ("update", SCHEDULE) not in order
    [workflow] = made.sandbox.resources(WORKFLOW)
    [make] = [step["make"] for step in json.loads(workflow.outputs["sourceContents"])["main"]["steps"] if "make" in step]
    body = make["try"]["args"]["body"]
    assert body["model"].endswith("/models/credit-test@2")
    assert body["dedicatedResources"]["maxReplicaCount"] == 3
    assert body["encryptionSpec"]["kmsKeyName"].startswith("projects/sandbox-project/locations/europe-west1/keyRings/credit-keys-")
    made.sandbox.remove(records.id)
    made.destroy()


def test_machines_of_a_batch_change_side_by_side_and_leave_nothing(deploy: Deploy) -> None:
    made = deploy("modeldeploy.gcp.batch_machines:GoogleBatchJob", "credit", schedule=NIGHTLY)
    made.up(model=made.model("1"), tasks=100)
    made.expect_no_changes()

    # Another machine is another template, which is there before the workflow names it.
    order = made.up(model=made.model("1"), tasks=200, compute={"cpu_millis": 4000, "memory_mib": 16384})
    assert order.index(("create-replacement", TEMPLATE)) < order.index(("update", WORKFLOW)) < order.index(("delete-replaced", TEMPLATE))
    made.destroy()
