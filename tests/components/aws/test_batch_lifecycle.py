"""Both kinds of batch through the real engine, against the sandbox."""

import json

import pytest

from tests.support.lifecycle import Deploy, Deployment

pytestmark = pytest.mark.engine

DEFINITION = "aws:batch/jobDefinition:JobDefinition"
MACHINE = "aws:sfn/stateMachine:StateMachine"
MODEL = "aws:sagemaker/model:Model"
NIGHTLY = {"cron": "0 3 * * 1-5", "time_zone": "Europe/Berlin"}


def environment(made: Deployment) -> dict[str, str]:
    """What the newest revision's tasks find."""
    (definition,) = made.sandbox.resources(DEFINITION)
    return {each["name"]: each["value"] for each in json.loads(definition.inputs["containerProperties"])["environment"]}


def test_tasks_on_aws_batch_are_deployed_released_changed_and_destroyed(deploy: Deploy) -> None:
    made = deploy("modeldeploy.aws.batch:AwsBatchJob", "scores", schedule=NIGHTLY, tasks=20, operations={"emails": ["team@example.com"]})
    made.up(model=made.model("1"), database=True)
    outputs = made.project.outputs()
    assert outputs["start"].endswith("stateMachine:scores-pricing-test")
    assert outputs["database_grant"].startswith("DO $$ BEGIN CREATE USER scores;")
    assert environment(made)["MODEL_URI"].startswith("s3://scores-models-")
    made.expect_no_changes()

    # Another version is another revision: nothing else that runs is touched, and what runs the batch names no revision.
    done = made.up(model=made.model("2"), database=True)
    assert ("update", DEFINITION) in done
    assert not [each for each in done if each[1] in (MACHINE, "aws:batch/jobQueue:JobQueue") or each[0] == "replace"]
    assert environment(made)["MODEL_VERSION"] == "2"
    assert made.project.outputs()["model_version"] == "2"

    # Sizes, limits and times change in place; machines that are no longer wanted go last.
    made.up(
        model=made.model("2"),
        schedule={"cron": "30 4 1 * *"},
        tasks=40,
        parallelism=4,
        spot=False,
        compute={"cpu_millis": 2000, "memory_mib": 8192},
        retries=0,
        results_days=30,
        command=["score"],
        input_uri="s3://team-data/orders/",
    )
    assert environment(made)["TASK_COUNT"] == "40"
    (only,) = made.sandbox.resources("aws:batch/computeEnvironment:ComputeEnvironment")
    assert (only.inputs["computeResources"]["type"], only.inputs["computeResources"]["maxVcpus"]) == ("FARGATE", 8)
    (schedule,) = made.sandbox.resources("aws:scheduler/schedule:Schedule")
    assert schedule.inputs["scheduleExpression"] == "cron(30 4 1 * ? *)"
    made.destroy()


def test_a_batch_transform_is_deployed_released_changed_and_destroyed(deploy: Deploy) -> None:
    made = deploy("modeldeploy.aws.managed_batch:SageMakerBatchTransform", "scores", schedule=NIGHTLY, input_uri="s3://team-data/orders/")
    made.up(model=made.model("1"))
    (before,) = made.sandbox.resources(MODEL)
    made.expect_no_changes()

    # The new model is there before runs name it, the old one goes after.
    done = made.up(model=made.model("2"))
    create, update, delete = (done.index(each) for each in (("create", MODEL), ("update", MACHINE), ("delete", MODEL)))
    assert create < update < delete
    (after,) = made.sandbox.resources(MODEL)
    assert after.id != before.id
    (machine,) = made.sandbox.resources(MACHINE)
    assert json.loads(machine.inputs["definition"])["States"]["Run"]["Parameters"]["ModelName"] == after.id

    done = made.up(model=made.model("2"), schedule=None, workers=4, record_format="csv", compute={"instance_type": "ml.m5.xlarge"}, run_hours=2)
    assert ("update", MACHINE) in done
    assert made.sandbox.resources("aws:scheduler/schedule:Schedule") == []
    made.destroy()
