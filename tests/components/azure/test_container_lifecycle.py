"""`ContainerApp` through the real engine, against the sandbox: a release step by step, a change of arguments, and destruction."""

import pytest

from tests.support.lifecycle import Deploy, Deployment

from .world import APPLICATION, CALLER

pytestmark = pytest.mark.engine

APP = "azure-native:app:ContainerApp"
ROUTE = "azure-native:app:HttpRouteConfig"


def shares(made: Deployment) -> dict[str, int]:
    """What each version gets."""
    versions = {each.inputs["containerAppName"]: variable(each.inputs, "MODEL_VERSION") for each in made.sandbox.resources(APP)}
    (route,) = made.sandbox.resources(ROUTE)
    (rule,) = route.outputs["properties"]["rules"]
    return {versions[target["containerApp"]]: target["weight"] for target in rule["targets"]}


def variable(inputs: dict[str, object], name: str) -> str:
    """A variable of an app's container."""
    template = inputs["template"]
    assert isinstance(template, dict)
    return next(each["value"] for each in template["containers"][0]["env"] if each["name"] == name)


def test_a_container_lives_through_a_release(deploy: Deploy) -> None:
    made = deploy(
        "modeldeploy.azure.container:ContainerApp",
        "pricing-api",
        application_id=APPLICATION,
        access={"callers": [CALLER]},
        operations={"emails": ["team@example.com"]},
    )
    made.up(**made.release("first"))
    assert shares(made) == {"1": 100}
    (first,) = made.sandbox.resources(APP)
    made.expect_no_changes()

    steps = made.up(**made.release("canary"))
    assert shares(made) == {"1": 90, "2": 10}
    assert steps.index(("create", APP)) < steps.index(("update", ROUTE))
    assert ("update", APP) not in steps
    assert first.id in [each.id for each in made.sandbox.resources(APP)]

    steps = made.up(**made.release("rollback"))
    assert shares(made) == {"1": 100}
    assert [step for step in steps if step[1] in (APP, ROUTE)] == [("update", ROUTE)]

    steps = made.up(**made.release("finish"), concurrent_requests=4)
    assert shares(made) == {"2": 100}
    assert steps.index(("update", APP)) < steps.index(("update", ROUTE)) < steps.index(("delete", APP))
    (app,) = made.sandbox.resources(APP)
    assert app.inputs["template"]["scale"]["rules"][0]["http"]["metadata"] == {"concurrentRequests": "4"}
    made.expect_no_changes()
    made.destroy()
