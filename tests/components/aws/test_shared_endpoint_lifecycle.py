"""Models that share a SageMaker endpoint through the real engine, against the sandbox."""

import json
from typing import Any

import pytest

from tests.support.lifecycle import Deploy, Deployment

pytestmark = pytest.mark.engine

MADE = "aws:cloudcontrol/resource:Resource"
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
MODEL = "aws:sagemaker/model:Model"
TARGET = "aws:appautoscaling/target:Target"


def told(made: Deployment) -> dict[str, dict[str, Any]]:
    """What Cloud Control was told, by type and name."""
    states = [json.loads(each.inputs["desiredState"]) for each in made.sandbox.resources(MADE)]
    return {str(each.get("InferenceComponentName", "configuration")): each for each in states}


def test_models_come_sleep_and_are_released_on_the_same_machines(deploy: Deploy) -> None:
    made = deploy("modeldeploy.aws.shared_endpoint:SageMakerSharedEndpoint", "desk", operations={"emails": ["team@example.com"]})
    asleep: dict[str, Any] = {"cpus": 0.5, "copies": {"minimum": 0, "maximum": 2}}
    churn = {"model": made.model("7", name="churn"), **asleep}
    made.up(models=[{"model": made.model("1"), **asleep}, churn], instances={"minimum": 0, "maximum": 2})
    assert {each.inputs["minCapacity"] for each in made.sandbox.resources(TARGET)} == {0}
    made.expect_no_changes()

    # A release, more copies of it at least, and one machine that stays.
    awake = {"model": made.model("2"), "cpus": 0.5, "copies": {"minimum": 2, "maximum": 3}}
    done = made.up(models=[awake, churn], instances={"minimum": 1, "maximum": 2})
    moves = [each for each in done if each[1] in (MADE, ENDPOINT, MODEL) and each[0] != "replace"]
    # The new model, then the component, then the old model; the new configuration, then the endpoint, then the old configuration.
    assert moves.index(("create", MODEL)) < moves.index(("update", MADE)) < moves.index(("delete", MODEL))
    assert moves.index(("create-replacement", MADE)) < moves.index(("update", ENDPOINT)) < moves.index(("delete-replaced", MADE))
    assert len(moves) == 6
    states = told(made)
    (served,) = [each for each in made.sandbox.resources(MODEL) if each.inputs["tags"]["model-version"] == "2"]
    pricing = states["desk-pricing-pricing-test"]
    assert pricing["Specification"]["ModelName"] == served.id
    # What the autoscaler decided since is not reset.
    assert pricing["RuntimeConfig"] == {"CopyCount": 1}
    assert states["configuration"]["ProductionVariants"][0]["ManagedInstanceScaling"]["MinInstanceCount"] == 1
    assert made.project.outputs()["model_versions"] == {"pricing": "2", "churn": "7"}
    made.expect_no_changes()
    made.destroy()
