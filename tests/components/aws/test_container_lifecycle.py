"""The Fargate service through the real engine, against the sandbox."""

import pytest

from tests.components.aws.web import CALLER, CERTIFICATE, RULE, SERVICE, TARGETS
from tests.support.lifecycle import Deploy, Deployment

pytestmark = pytest.mark.engine

DOMAIN = {"hostname": "pricing.example.com", "certificate": CERTIFICATE}


def shared(made: Deployment) -> dict[str, int]:
    """Percent of the requests by version, as the load balancer shares them."""
    services = made.sandbox.resources(SERVICE)
    versions = {each.inputs["loadBalancers"][0]["targetGroupArn"]: each.inputs["name"].split("-v")[1][0] for each in services}
    (rule,) = [each for each in made.sandbox.resources(RULE) if each.inputs["priority"] == 40_001]
    return {versions[each["arn"]]: each["weight"] for each in rule.inputs["actions"][-1]["forward"]["targetGroups"]}


def test_a_service_goes_through_a_release_and_leaves_nothing(deploy: Deploy) -> None:
    made = deploy(
        "modeldeploy.aws.container:FargateService",
        "pricing-api",
        access={"domain": DOMAIN, "callers": [CALLER]},
        operations={"emails": ["team@example.com"]},
    )
    made.up(**made.release("canary"), spot_percent=50)
    assert shared(made) == {"1": 90, "2": 10}
    made.expect_no_changes()
    done = made.up(**made.release("finish"))
    assert shared(made) == {"2": 100}
    # The share moves before the version that loses it goes.
    assert done.index(("update", RULE)) < done.index(("delete", SERVICE))
    done = made.up(**made.release("first"))
    assert done.index(("create", SERVICE)) < done.index(("update", RULE)) < done.index(("delete", SERVICE))
    made.up(**made.release("finish"), guardrails={"canary_percent": 20}, access={"domain": DOMAIN, "authentication": "none"})
    assert len(made.sandbox.resources(TARGETS)) == 2
    made.expect_no_changes()
    made.destroy()
