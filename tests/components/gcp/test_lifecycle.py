"""The Google Cloud components through the real engine, against the sandbox: releases step by step, and destruction from each of them."""

import pytest

from tests.components.gcp.program import DEPLOYED, ENDPOINT, INSTANCE, MODEL, MONITORING, SPLIT
from tests.support.lifecycle import STEPS, Deploy, Deployment

pytestmark = pytest.mark.engine

EXPECTED = {
    "first": {"1": 100},
    "canary": {"1": 90, "2": 10},
    "promote": {"2": 100},
    "rollback": {"1": 100},
    "finish": {"2": 100},
}


def served(made: Deployment) -> dict[str, int]:
    """Percent of requests by version, as Vertex AI has it."""
    state = made.project.resources()
    versions = {each["outputs"]["deployedModelId"]: each["inputs"]["displayName"].split("-")[1] for each in state if each["type"] == DEPLOYED}
    (split,) = [each for each in state if each["type"] == SPLIT]
    return {versions[number]: int(percent) for number, percent in split["outputs"]["trafficSplit"].items()}


def watched(made: Deployment) -> set[str]:
    """The versions whose requests are watched, as Pulumi gave them."""
    state = made.project.resources()
    versions = {each["outputs"]["deployedModelId"]: each["inputs"]["displayName"].split("-")[1] for each in state if each["type"] == DEPLOYED}
    (monitoring,) = [each for each in state if each["type"] == MONITORING]
    return {versions[number] for number in monitoring["inputs"]["deployedModelIds"]}


def running(made: Deployment) -> int:
    """How many models run on the endpoint, as Vertex AI has it."""
    (endpoint,) = made.sandbox.resources(ENDPOINT)
    return len(made.sandbox.deployed_models(endpoint.id))


@pytest.fixture
def deployment(deploy: Deploy) -> Deployment:
    return deploy(
        "modeldeploy.gcp.managed_endpoint:VertexEndpoint",
        "pricing-api",
        access={"callers": ["serviceAccount:shop@sandbox-project.iam.gserviceaccount.com"]},
        operations={"emails": ["team@example.com"]},
    )


def test_a_release_goes_through_its_steps_and_changes_nothing_twice(deployment: Deployment) -> None:
    deployment.arguments["operations"] = {"emails": ["team@example.com"], "capture_percent": 10}
    deployment.arguments["monitoring"] = {"numbers": {"price": 0.3}}
    for step in ("first", "canary", "promote", "rollback", "promote", "finish"):
        deployment.up(**deployment.release(step))
        assert served(deployment) == EXPECTED[step], step
        assert running(deployment) == len(STEPS[step][0]), step
        assert watched(deployment) == {*STEPS[step][0]}, step
        deployment.expect_no_changes()
    # What an instance looks like cannot change: the endpoint's one job is deleted before another is made.
    order = deployment.up(**deployment.release("finish"), monitoring={"numbers": {"price": 0.3}, "categories": {"shop": 0.2}})
    assert order.index(("delete-replaced", MONITORING)) < order.index(("create-replacement", MONITORING))
    assert len(deployment.sandbox.vertex_pools_and_monitoring()) == 1
    deployment.project.refresh("--expect-no-changes")
    deployment.destroy()


@pytest.mark.parametrize("step", ["canary", "promote"])
def test_destruction_from_each_step_leaves_nothing(deployment: Deployment, step: str) -> None:
    for each in dict.fromkeys(("first", step)):
        deployment.up(**deployment.release(each))
    deployment.destroy()


def test_one_version_replaces_another_in_one_step_without_a_gap(deployment: Deployment) -> None:
    deployment.up(**deployment.release("first"))
    order = deployment.up(**deployment.release("finish"))
    assert order.index(("create", DEPLOYED)) < order.index(("update", SPLIT)) < order.index(("delete", DEPLOYED)) < order.index(("delete", MODEL))
    assert served(deployment) == {"2": 100}
    assert running(deployment) == 1
    # The way in stayed, and so did the address.
    assert not [each for each in order if "forwardingRule" in each[1] and each[0] != "same"]


@pytest.mark.parametrize("change", ["machine", "training"])
def test_what_cannot_change_in_place_is_deployed_beside_the_old_one(deployment: Deployment, change: str) -> None:
    deployment.up(**deployment.release("first"))
    if change == "training":
        deployment.trained = 2
    order = deployment.up(**deployment.release("first"), **({"compute": {"instance_type": "n1-standard-4"}} if change == "machine" else {}))
    assert order.index(("create-replacement", DEPLOYED)) < order.index(("update", SPLIT)) < order.index(("delete-replaced", DEPLOYED))
    assert served(deployment) == {"1": 100}
    assert running(deployment) == 1
    deployment.expect_no_changes()


def test_replicas_change_in_place(deployment: Deployment) -> None:
    deployment.up(**deployment.release("first"))
    changed = {kind for _, kind in deployment.up(**deployment.release("first"), scaling={"minimum": 1, "maximum": 4})}
    assert changed == {DEPLOYED}


def test_beside_a_database_in_a_network_of_their_own(deployment: Deployment) -> None:
    deployment.up(**deployment.release("first"), database=True)
    outputs = deployment.project.outputs()
    assert outputs["database_grant"].startswith('GRANT SELECT ON ALL TABLES IN SCHEMA public TO "pricing-api-test@sandbox-project.iam"')
    assert len(deployment.sandbox.resources("gcp:compute/network:Network")) == 1
    deployment.expect_no_changes()
    deployment.destroy()


def test_a_public_endpoint_becomes_a_private_one_without_a_gap(deployment: Deployment) -> None:
    deployment.up(**deployment.release("first"), access={"exposure": "public"}, operations={"capture_percent": 10, "emails": []})
    assert ".prediction.vertexai.goog/v1/projects/" in deployment.project.outputs()["url"]
    assert not deployment.sandbox.resources("gcp:compute/network:Network")
    order = deployment.up(**deployment.release("first"))
    assert order.index(("create-replacement", ENDPOINT)) < order.index(("delete-replaced", ENDPOINT))
    assert ".prediction.p.vertexai.goog/v1/projects/" in deployment.project.outputs()["url"]
    deployment.destroy()


def test_an_update_that_broke_off_is_ended_by_the_next_one(deployment: Deployment) -> None:
    deployment.sandbox.fault("gcp:compute/forwardingRule:ForwardingRule", "create", message="quota exceeded", times=1)
    failed = deployment.refused(**deployment.release("first"))
    assert "quota exceeded" in failed.output
    deployment.project.up()
    assert served(deployment) == {"1": 100}
    deployment.expect_no_changes()


def test_production_refuses_to_be_destroyed(deployment: Deployment) -> None:
    deployment.up(**deployment.release("first"), environment="prod", database=True)
    refused = deployment.project.destroy(check=False).failed()
    assert "protect" in refused.output
    for store in ("gcp:storage/bucket:Bucket", "gcp:storage/bucketObject:BucketObject", INSTANCE, "gcp:kms/cryptoKey:CryptoKey"):
        assert deployment.sandbox.resources(store), store
    # What was in front of them comes back.
    deployment.project.up()
    assert served(deployment) == {"1": 100}
    deployment.expect_no_changes()
