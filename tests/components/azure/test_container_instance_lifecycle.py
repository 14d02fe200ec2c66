"""`ContainerInstance` through the real engine, against the sandbox."""

import pytest

from tests.support.lifecycle import Deploy

pytestmark = pytest.mark.engine

GROUP = "azure-native:containerinstance:ContainerGroup"


def test_a_container_instance_lives_and_is_replaced_by_the_next_version(deploy: Deploy) -> None:
    made = deploy(
        "modeldeploy.azure.container_instance:ContainerInstance",
        "pricing-dev",
        access={"authentication": "none"},
        operations={"monthly_budget_usd": 50},
    )
    made.up(models=[made.model("1")])
    made.expect_no_changes()
    assert made.project.outputs()["url"] == "http://10.0.0.60:8080/invocations"
    made.up(models=[made.model("2")])
    (group,) = made.sandbox.resources(GROUP)
    variables = {each["name"]: each["value"] for each in group.inputs["containers"][0]["environmentVariables"]}
    assert variables["MODEL_VERSION"] == "2"
    made.destroy()
