"""`AzureBatchPool` through the real engine, against the sandbox: a new version, another machine, destruction."""

import pytest

from tests.support.lifecycle import Deploy

pytestmark = pytest.mark.engine

ACCOUNT = "azure-native:batch:BatchAccount"
POOL = "azure-native:batch:Pool"
SERVICE = "ddddddd1-2222-3333-4444-555555555555"


def test_a_version_leaves_the_pool_and_another_machine_is_another_pool(deploy: Deploy) -> None:
    made = deploy("modeldeploy.azure.batch_pool:AzureBatchPool", "credit", batch_service_id=SERVICE)
    made.up(model=made.model("1"))
    (account,) = made.sandbox.resources(ACCOUNT)
    assert account.inputs["poolAllocationMode"] == "UserSubscription"
    (before,) = made.sandbox.resources(POOL)
    made.expect_no_changes()

    steps = made.up(model=made.model("2"), tasks=6, parallelism=3, spot=True, tags={"owner": "risk"})
    (after,) = made.sandbox.resources(POOL)
    assert after.id == before.id
    assert ("update", POOL) in steps
    assert '"MODEL_VERSION", "value": "2"' in made.project.outputs()["start"]

    steps = made.up(model=made.model("2"), tasks=6, parallelism=3, spot=True, compute={"gpus": 1})
    (other,) = made.sandbox.resources(POOL)
    assert other.inputs["vmSize"] == "Standard_NC4as_T4_v3"
    assert steps.index(("create-replacement", POOL)) < steps.index(("delete-replaced", POOL))
    made.expect_no_changes()
    made.destroy()
