"""`ContainerAppsJob` through the real engine, against the sandbox: a new version, a schedule, more tasks, destruction."""

import pytest

from tests.support.lifecycle import Deploy

pytestmark = pytest.mark.engine

JOB = "azure-native:app:Job"
WORKFLOW = "azure-native:logic:Workflow"
BLOB = "azure-native:storage:Blob"


def test_tasks_change_in_place_and_the_artifact_is_there_before(deploy: Deploy) -> None:
    made = deploy("modeldeploy.azure.batch:ContainerAppsJob", "credit", operations={"emails": ["team@example.com"]})
    made.up(model=made.model("1"))
    (before,) = made.sandbox.resources(JOB)
    assert made.project.outputs()["start"].startswith("az rest --method post")
    made.expect_no_changes()

    schedule = {"cron": "0 3 1 * *", "time_zone": "Europe/Berlin"}
    steps = made.up(model=made.model("2"), schedule=schedule, tasks=6, parallelism=3, retries=1, tags={"owner": "risk"})
    (after,) = made.sandbox.resources(JOB)
    assert after.id == before.id
    told = {each["name"]: each["value"] for each in after.inputs["template"]["containers"][0]["env"]}
    assert (told["MODEL_VERSION"], told["TASK_COUNT"]) == ("2", "6")
    assert steps.index(("create", BLOB)) < steps.index(("update", JOB)) < steps.index(("delete", BLOB))
    (starter,) = made.sandbox.resources(WORKFLOW)
    assert set(starter.inputs["definition"]["triggers"]) == {"start", "schedule"}
    assert starter.inputs["definition"]["actions"]["Tasks"]["foreach"] == "@range(0, 6)"
    assert made.project.outputs()["model_version"] == "2"
    made.expect_no_changes()
    made.destroy()
