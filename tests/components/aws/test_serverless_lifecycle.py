"""The Lambda function through the real engine, against the sandbox."""

import pytest

from tests.components.aws.web import ALIAS, CALLER, FUNCTION, PERMISSION, STAGE
from tests.support.lifecycle import Deploy, Deployment

pytestmark = pytest.mark.engine

STACK = "aws:cloudformation/stack:Stack"


def shared(made: Deployment) -> dict[str, float]:
    """Percent of the requests by version, as the API's stage shares them."""
    versions = {each.id: each.inputs["tags"]["model-version"] for each in made.sandbox.resources(FUNCTION)}
    (stage,) = made.sandbox.resources(STAGE)
    canary = stage.inputs.get("canarySettings")
    percent = canary["percentTraffic"] if canary else 0
    found = {versions[stage.inputs["variables"]["function"]]: 100 - percent}
    if canary:
        found[versions[canary["stageVariableOverrides"]["function"]]] = percent
    return found


def test_a_function_goes_through_a_release_and_leaves_nothing(deploy: Deploy) -> None:
    made = deploy(
        "modeldeploy.aws.serverless:LambdaFunction", "pricing-api", access={"callers": [CALLER]}, operations={"emails": ["team@example.com"]}
    )
    # Deployed where a release is under way already, with everything that is optional.
    kept = {"cache": {"headers": ["X-Digest"]}}
    made.up(**made.release("canary"), scaling={"minimum": 1}, access={"authentication": "api-key", "exposure": "public"}, gateway=kept)
    assert shared(made) == {"1": 90, "2": 10}
    made.expect_no_changes()

    done = made.up(**made.release("promote"), memory_mib=4096)
    assert shared(made) == {"2": 100}
    # What runs is changed beside what answers: the alias moves to what was published.
    assert {each.inputs["functionVersion"] for each in made.sandbox.resources(ALIAS)} == {"2"}
    assert max(place for place, step in enumerate(done) if step == ("update", FUNCTION)) < done.index(("update", STAGE))

    guarded = {"guardrails": {"canary_percent": 20, "bake_minutes": 5}}
    done = made.up(**made.release("first"), **guarded)
    assert shared(made) == {"1": 100}
    assert done.index(("create", STACK)) < done.index(("create", PERMISSION)) < done.index(("update", STAGE)) < done.index(("delete", FUNCTION))
    done = made.up(**made.release("finish"), **guarded)
    # CodeDeploy moves the alias of the same function.
    assert [step for step in done if step[1] in (FUNCTION, STACK, STAGE)] == [("update", FUNCTION), ("update", STACK)]
    (stack,) = made.sandbox.resources(STACK)
    assert stack.inputs["parameters"]["Version"] == "2"

    made.up(**made.release("finish"), database=True)
    assert shared(made) == {"2": 100}
    made.expect_no_changes()
    made.destroy()
