"""EKS through the real engine, against the sandbox: the cluster, and a model released on it step by step."""

import pytest

from tests.support.lifecycle import Deploy

pytestmark = pytest.mark.engine

LOADER = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/loader@sha256:" + "c" * 64
CLUSTER = "aws:eks/cluster:Cluster"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SERVICE = "kubernetes:core/v1:Service"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
POOL = "kubernetes:karpenter.sh/v1:NodePool"


def test_a_model_on_a_cluster_of_its_own_is_released_and_destroyed(deploy: Deploy) -> None:
    made = deploy("modeldeploy.aws.kubernetes:EksWorkload", "pricing-api", loader_image=LOADER)
    made.up(**made.release("first"))
    outputs = made.project.outputs()
    assert outputs["cluster_name"] == "pricing-api-cluster-pricing-test"
    assert outputs["url"] == "http://pricing-api.pricing-api-test.svc.cluster.local/invocations"
    (association,) = made.sandbox.resources(ASSOCIATION)
    assert (association.inputs["namespace"], association.inputs["serviceAccount"]) == ("pricing-api-test", "pricing-api")
    made.expect_no_changes()

    # Both versions run before requests move, and the old one goes last.
    made.up(**made.release("rollback"))
    assert len(made.sandbox.resources(DEPLOYMENT)) == 2
    done = made.up(**made.release("finish"))
    assert done.index(("update", SERVICE)) < done.index(("delete", DEPLOYMENT))
    assert made.project.outputs()["model_version"] == "2"
    (left,) = made.sandbox.resources(DEPLOYMENT)
    assert left.inputs["metadata"]["name"] == "pricing-api-v2"
    assert not [each for each in done if each[1] == CLUSTER]
    made.destroy()


def test_a_cluster_changes_in_place_and_is_destroyed(deploy: Deploy) -> None:
    made = deploy("modeldeploy.aws.cluster:EksCluster", "models")
    made.up()
    (before,) = made.sandbox.resources(CLUSTER)
    made.expect_no_changes()
    done = made.up(
        pools=[{"name": "gpu", "compute": {"cpus": 4, "gpus": 1}, "maximum": 2}, {"name": "spare", "spot": True}],
        administrators=["arn:aws:iam::111122223333:role/platform"],
        kubernetes_version="1.36",
        tags={"team": "x"},
    )
    (after,) = made.sandbox.resources(CLUSTER)
    assert after.id == before.id
    assert not [each for each in done if each[0] in ("replace", "create-replacement")]
    assert sorted(each.inputs["metadata"]["name"] for each in made.sandbox.resources(POOL)) == ["general", "gpu", "spare"]
    made.destroy()
