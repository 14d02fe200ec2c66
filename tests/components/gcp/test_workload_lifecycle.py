"""A cluster and a workload on GKE through the real engine, against the sandbox."""

from typing import Any

import pytest

from tests.components.gcp.clusters import CLUSTER, LOADER, POOL
from tests.support.lifecycle import Deploy

pytestmark = pytest.mark.engine

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
HTTP_ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"


def test_a_workload_goes_through_a_release_on_a_cluster_of_its_own(deploy: Deploy) -> None:
    made = deploy(
        "modeldeploy.gcp.kubernetes:GkeWorkload",
        "pricing",
        loader_image=LOADER,
        route={"hostname": "pricing.example.com", "gateway": "gateways/shared"},
        operations={"emails": ["team@example.com"]},
    )
    made.up(**made.release("first"))
    outputs = made.project.outputs()
    assert outputs["url"] == "https://pricing.example.com/invocations"
    assert outputs["namespace"] == "pricing-test"
    [cluster] = made.sandbox.resources(CLUSTER)
    assert outputs["cluster_id"] == cluster.id
    made.expect_no_changes()

    canary = made.up(**made.release("canary"))
    assert ("create", DEPLOYMENT) in canary
    assert not [each for each in canary if each[1] == CLUSTER]
    order = made.up(**made.release("finish"))
    assert order.index(("update", HTTP_ROUTE)) < order.index(("delete", DEPLOYMENT))
    assert made.project.outputs()["model_version"] == "2"
    made.destroy()


def test_pools_of_a_cluster_change_side_by_side(deploy: Deploy) -> None:
    made = deploy("modeldeploy.gcp.cluster:GkeCluster", "shared", administrators=["group:platform@example.com"])
    pool: dict[str, Any] = {"name": "gpus", "compute": {"gpus": 1, "cpus": 4, "memory_gib": 16}, "spot": True}
    made.up(pools=[pool])
    made.expect_no_changes()

    # Another machine is another pool; more of the same are not.
    order = made.up(pools=[{**pool, "compute": {"gpus": 1, "cpus": 8, "memory_gib": 32}}])
    assert order == [("create-replacement", POOL), ("replace", POOL), ("delete-replaced", POOL)]
    assert made.up(pools=[{**pool, "compute": {"gpus": 1, "cpus": 8, "memory_gib": 32}, "maximum": 8}]) == [("update", POOL)]
    made.destroy()
