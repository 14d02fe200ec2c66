"""The AWS components through the real engine, against the sandbox: releases step by step, and destruction from each of them."""

from typing import Any

import pytest

from sandbox.drift import edit
from tests.support.lifecycle import Deploy, Deployment

pytestmark = pytest.mark.engine

CALLER = "arn:aws:iam::111122223333:role/shop"
CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
MODEL = "aws:sagemaker/model:Model"
TARGET = "aws:appautoscaling/target:Target"
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"

EXPECTED = {
    "first": {"production": 100.0},
    "canary": {"production": 90.0, "challenger": 10.0},
    "promote": {"production": 100.0, "challenger": 0.0},
    "rollback": {"production": 100.0, "challenger": 0.0},
    "finish": {"production": 100.0},
}


def served(made: Deployment) -> dict[str, float]:
    """Weight by variant of the configuration that the endpoint serves."""
    (endpoint,) = made.sandbox.resources(ENDPOINT)
    (configuration,) = [each for each in made.sandbox.resources(CONFIG) if each.id == endpoint.inputs["endpointConfigName"]]
    return {each["variantName"]: each["initialVariantWeight"] for each in configuration.inputs["productionVariants"]}


def scaled(made: Deployment) -> list[str]:
    """The variants that are registered for scaling."""
    return sorted(each.inputs["resourceId"].rpartition("/")[2] for each in made.sandbox.resources(TARGET))


@pytest.fixture
def deployment(deploy: Deploy) -> Deployment:
    return deploy(
        "modeldeploy.aws.managed_endpoint:SageMakerEndpoint", "pricing-api", access={"callers": [CALLER]}, operations={"emails": ["team@example.com"]}
    )


def test_a_release_goes_through_its_steps_and_changes_nothing_twice(deployment: Deployment) -> None:
    for step in ("first", "canary", "promote", "rollback", "promote", "finish"):
        deployment.up(**deployment.release(step))
        assert served(deployment) == EXPECTED[step], step
        assert scaled(deployment) == sorted(name for name, weight in EXPECTED[step].items() if weight), step
        assert len(deployment.sandbox.resources(CONFIG)) == 1, step
        deployment.expect_no_changes()
    deployment.project.refresh("--expect-no-changes")
    deployment.destroy()


@pytest.mark.parametrize("step", ["canary", "promote"])
def test_destruction_from_each_step_leaves_nothing(deployment: Deployment, step: str) -> None:
    deployment.up(**deployment.release("canary"))
    if step != "canary":
        deployment.up(**deployment.release(step))
    deployment.destroy()


def test_one_version_replaces_another_in_one_step(deployment: Deployment) -> None:
    deployment.up(**deployment.release("first"))
    (before,) = deployment.sandbox.resources(TARGET)
    deployment.up(**deployment.release("finish"))
    (after,) = deployment.sandbox.resources(TARGET)
    assert served(deployment) == {"production": 100.0}
    assert deployment.project.outputs()["model_version"] == "2"
    # The registration was left alone: the variant stays.
    assert after.id == before.id


def test_beside_a_database_in_a_network_of_their_own(deployment: Deployment) -> None:
    deployment.up(**deployment.release("first"), database=True)
    outputs = deployment.project.outputs()
    assert outputs["database_grant"].startswith("DO $$ BEGIN CREATE USER pricing_api")
    (model,) = deployment.sandbox.resources(MODEL)
    assert model.inputs["primaryContainer"]["environment"]["DATABASE_HOST"].endswith(".eu-west-1.rds.amazonaws.com")
    assert len(deployment.sandbox.resources("aws:ec2/vpc:Vpc")) == 1
    deployment.expect_no_changes()
    deployment.destroy()


def test_another_machine_takes_the_registrations_away_before_the_endpoint_changes(deployment: Deployment) -> None:
    deployment.up(**deployment.release("first"))
    done = deployment.up(**deployment.release("first"), compute={"instance_type": "ml.m5.xlarge"})
    deregistered = done.index(("delete-replaced", TARGET))
    updated = done.index(("update", ENDPOINT))
    registered = done.index(("create-replacement", TARGET))
    assert deregistered < updated < registered
    assert scaled(deployment) == ["production"]
    deployment.expect_no_changes()


def test_a_version_that_still_serves_can_be_dropped(deployment: Deployment) -> None:
    deployment.up(**deployment.release("canary"))
    done = deployment.up(**deployment.release("first"))
    # SageMaker refuses to remove a variant that is registered for scaling: both registrations go first, one comes back.
    before = done[: done.index(("update", ENDPOINT))]
    assert [operation for operation, kind in before if kind == TARGET] == ["delete-replaced", "delete-replaced"]
    assert served(deployment) == {"production": 100.0}
    assert scaled(deployment) == ["production"]


def test_an_update_that_sagemaker_rolled_back_deletes_nothing(deployment: Deployment) -> None:
    deployment.up(**deployment.release("first"))
    (endpoint,) = deployment.sandbox.resources(ENDPOINT)
    old = endpoint.inputs["endpointConfigName"]
    # While the run asks which configuration is served, the endpoint goes back to what it was.
    deployment.sandbox.fault("aws:cloudcontrol/getResource:getResource", "invoke", delay=5)
    deployment.write(**deployment.release("finish"))
    running = deployment.project.start("up", "--stack", deployment.project.stack, "--yes", "--skip-preview")
    running.wait_for(lambda: deployment.sandbox.resources(ENDPOINT)[0].inputs["endpointConfigName"] != old)
    edit(deployment.sandbox.store, deployment.sandbox.resources(ENDPOINT)[0], ["endpointConfigName"], old)
    failed = running.finish().failed()
    assert f"it serves configuration '{old}', not '" in failed.output
    assert old in [each.id for each in deployment.sandbox.resources(CONFIG)]
    assert len(deployment.sandbox.resources(MODEL)) == 2
    # After a refresh the next run ends the work.
    deployment.sandbox.clear_faults()
    deployment.project.refresh()
    deployment.project.up()
    assert served(deployment) == {"production": 100.0}
    assert old not in [each.id for each in deployment.sandbox.resources(CONFIG)]
    assert len(deployment.sandbox.resources(MODEL)) == 1


def test_guardrails_keep_the_variant_and_switching_them_off_makes_another_endpoint(deployment: Deployment) -> None:
    guarded: dict[str, Any] = {"guardrails": {"canary_percent": 25, "bake_minutes": 10}}
    deployment.up(**deployment.release("first"), **guarded)
    deployment.up(**deployment.release("finish"), **guarded)
    (endpoint,) = deployment.sandbox.resources(ENDPOINT)
    assert endpoint.inputs["deploymentConfig"]["blueGreenUpdatePolicy"]["trafficRoutingConfiguration"]["type"] == "CANARY"
    deployment.expect_no_changes()
    done = deployment.up(**deployment.release("finish"))
    assert done.index(("create-replacement", ENDPOINT)) < done.index(("delete-replaced", ENDPOINT))
    (other,) = deployment.sandbox.resources(ENDPOINT)
    assert (endpoint.id, other.id) == ("pricing-api-guarded-pricing-test", "pricing-api-pricing-test")
    deployment.destroy()


def test_production_refuses_to_be_destroyed(deployment: Deployment) -> None:
    deployment.up(**deployment.release("first"), environment="prod")
    refused = deployment.project.destroy(check=False).failed()
    assert "protect" in refused.output
    assert deployment.sandbox.resources("aws:s3/bucket:Bucket")


def test_a_shadow_and_monitors_come_change_and_go(deployment: Deployment) -> None:
    base = "s3://team-baselines/pricing"
    quality = {"constraints": f"{base}/quality.json", "task": "Regression", "ground_truth": "s3://team-truth/pricing/", "inference": "0"}
    monitors: dict[str, Any] = {
        "data_quality": {
            "constraints": f"{base}/constraints.json",
            "statistics": f"{base}/statistics.json",
            "above": {"feature_baseline_drift_age": 0.2},
        },
        "model_quality": quality,
        "explainability": {"constraints": f"{base}/attribution.json", "features": ["age"], "baseline": f"{base}/rows.csv"},
    }
    watched: dict[str, Any] = {"operations": {"capture_percent": 20}}
    two = deployment.release("canary")["models"]
    deployment.up(models=two, shadow={"version": "2", "percent": 50}, monitors=monitors, **watched)
    (config,) = deployment.sandbox.resources(CONFIG)
    assert [each["variantName"] for each in config.inputs["shadowProductionVariants"]] == ["shadow"]
    assert scaled(deployment) == ["production"]
    schedules = "aws:sagemaker/monitoringSchedule:MonitoringSchedule"
    assert len(deployment.sandbox.resources(schedules)) == 3
    deployment.expect_no_changes()
    # The shadow takes over, and another definition is made before the old one goes.
    changed = {**monitors, "model_quality": {**quality, "inference": "1"}}
    definition = "aws:cloudcontrol/resource:Resource"
    done = deployment.up(**deployment.release("finish"), monitors=changed, **watched)
    # That of what explains the version that answers is another one, too.
    moves = [each for each in done if each[1] in (definition, schedules) and each[0] != "replace"]
    assert sorted(moves[:4]) == [("create-replacement", definition)] * 2 + [("update", schedules)] * 2
    assert moves[4:] == [("delete-replaced", definition)] * 2
    assert served(deployment) == {"production": 100.0}
    assert deployment.project.outputs()["model_version"] == "2"
    deployment.destroy()


def test_another_way_to_answer_makes_another_endpoint_first(deployment: Deployment) -> None:
    deployment.up(**deployment.release("first"), asynchronous={"to_zero": True})
    (target,) = deployment.sandbox.resources(TARGET)
    assert target.inputs["minCapacity"] == 0
    assert deployment.project.outputs()["url"].endswith("/endpoints/pricing-api-async-pricing-test/async-invocations")
    deployment.expect_no_changes()
    done = deployment.up(**deployment.release("first"))
    assert [each[0] for each in done if each[1] == ENDPOINT and each[0] != "replace"] == ["create-replacement", "delete-replaced"]
    (endpoint,) = deployment.sandbox.resources(ENDPOINT)
    assert endpoint.id == "pricing-api-pricing-test"
    warm: dict[str, Any] = {"serverless": {"provisioned": 1, "provisioned_maximum": 3}, "operations": {"monthly_budget_usd": 200}}
    done = deployment.up(**deployment.release("first"), **warm)
    assert [each[0] for each in done if each[1] == ENDPOINT and each[0] != "replace"] == ["create-replacement", "delete-replaced"]
    (target,) = deployment.sandbox.resources(TARGET)
    assert target.inputs["resourceId"] == "endpoint/pricing-api-serverless-pricing-test/variant/production"
    deployment.expect_no_changes()
    deployment.destroy()
