"""AKS through the real engine, against the sandbox: the cluster, and a model released on it step by step."""

import pytest

from tests.support.lifecycle import Deploy

from .world import CALLER

pytestmark = pytest.mark.engine

LOADER = "examplemodels.azurecr.io/loader@sha256:" + "c" * 64
CLUSTER = "azure-native:containerservice:ManagedCluster"
POOL = "azure-native:containerservice:AgentPool"
TRUST = "azure-native:managedidentity:FederatedIdentityCredential"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SERVICE = "kubernetes:core/v1:Service"


def test_a_model_on_a_cluster_of_its_own_is_released_and_destroyed(deploy: Deploy) -> None:
    made = deploy("modeldeploy.azure.kubernetes:AksWorkload", "pricing-api", loader_image=LOADER)
    made.up(**made.release("first"))
    outputs = made.project.outputs()
    assert outputs["url"] == "http://pricing-api.pricing-api-test.svc.cluster.local/invocations"
    (trust,) = made.sandbox.resources(TRUST)
    assert trust.inputs["subject"] == "system:serviceaccount:pricing-api-test:pricing-api"
    (cluster,) = made.sandbox.resources(CLUSTER)
    assert trust.inputs["issuer"] == cluster.outputs["oidcIssuerProfile"]["issuerURL"]
    made.expect_no_changes()

    # Both versions run before requests move, and the old one goes last.
    made.up(**made.release("rollback"))
    assert len(made.sandbox.resources(DEPLOYMENT)) == 2
    done = made.up(**made.release("finish"))
    assert done.index(("update", SERVICE)) < done.index(("delete", DEPLOYMENT))
    assert made.project.outputs()["model_version"] == "2"
    assert not [each for each in done if each[1] == CLUSTER]
    made.destroy()


def test_a_cluster_changes_in_place_another_machine_is_another_pool_and_it_is_destroyed(deploy: Deploy) -> None:
    made = deploy("modeldeploy.azure.cluster:AksCluster", "models")
    pool = {"name": "gpu", "compute": {"gpus": 1}, "maximum": 2}
    made.up(pools=[pool])
    (before,) = made.sandbox.resources(CLUSTER)
    made.expect_no_changes()
    other = {**pool, "compute": {"instance_type": "Standard_NC8as_T4_v3"}}
    done = made.up(pools=[other, {"name": "spare", "spot": True}], administrators=[CALLER], kubernetes_version="1.36", tags={"team": "x"})
    (after,) = made.sandbox.resources(CLUSTER)
    assert after.id == before.id
    assert not [each for each in done if each[0] in ("replace", "create-replacement") and each[1] == CLUSTER]
    assert [each[0] for each in done if each[1] == POOL].count("create-replacement") == 1
    assert len(made.sandbox.resources(POOL)) == 3
    made.expect_no_changes()
    made.destroy()
