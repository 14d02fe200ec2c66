"""The Lambda function through the real engine, against the sandbox."""

import pytest

from tests.components.aws.web import CALLER, FUNCTION, STAGE
from tests.support.lifecycle import Deploy, Deployment

pytestmark = pytest.mark.engine


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
    made = deploy("modeldeploy.aws.serverless:LambdaFunction", "pricing-api", access={"callers": [CALLER]}, operations={"emails": ["team@example.com"]})
    # Deployed where a release is under way already, with everything that is optional.
    made.up(**made.release("canary"), scaling={"minimum": 1}, access={"authentication": "api-key", "exposure": "public"})
    assert shared(made) == {"1": 90, "2": 10}
    made.expect_no_changes()
    made.up(**made.release("promote"))
    assert shared(made) == {"2": 100}
    made.up(**made.release("rollback"))
    assert shared(made) == {"1": 100}
    made.up(**made.release("finish"), database=True)
    assert shared(made) == {"2": 100}
    made.expect_no_changes()
    made.destroy()
