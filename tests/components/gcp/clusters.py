"""What the tests of GKE deploy."""

from collections.abc import Mapping
from typing import Any

from modeldeploy.gcp.cluster import GkeCluster, GkeClusterArgs
from modeldeploy.gcp.kubernetes import GkeWorkload, GkeWorkloadArgs
from tests.components.gcp.batches import OUTPUTS as BATCHES
from tests.components.gcp.program import PROJECT, REGION, model, named, run
from tests.support.mocks import Graph, Mocked

CLUSTER = "gcp:container/cluster:Cluster"
POOL = "gcp:container/nodePool:NodePool"
LOADER = "europe-west1-docker.pkg.dev/example-models/tools/loader@sha256:" + "b" * 64
OUTPUTS: dict[str, Mocked] = {
    "gcp:storage/bucket:Bucket": {"name": "pricing-models-1a2b3c4", "projectNumber": 123456789012},
    "gcp:serviceaccount/account:Account": BATCHES["gcp:serviceaccount/account:Account"],
    CLUSTER: lambda inputs: {
        "id": f"projects/{PROJECT}/locations/{REGION}/clusters/shared-1a2b3c4",
        "name": "shared-1a2b3c4",
        "endpoint": "10.64.0.5",
        "masterAuth": {**inputs["masterAuth"], "clusterCaCertificate": "Y2VydA=="},
    },
    POOL: named(f"locations/{REGION}/clusters/shared-1a2b3c4/nodePools"),
}


def cluster_graph(**arguments: Any) -> Graph:
    """What a cluster called `shared` registers."""

    def program() -> Mapping[str, Any]:
        made = GkeCluster("shared", GkeClusterArgs(**arguments))
        reference = made.reference()
        return {**{name: getattr(made, name) for name in GkeCluster.__annotations__}, "reference": reference.id, "config": reference.kubeconfig}

    return run(program, outputs=OUTPUTS)


def workload_graph(**arguments: Any) -> Graph:
    """What a workload called `pricing` registers; `arguments` besides one remote model."""

    def program() -> Mapping[str, Any]:
        given: dict[str, Any] = {"models": [model()], "loader_image": LOADER, **arguments}
        made = GkeWorkload("pricing", GkeWorkloadArgs(**given))
        return {name: getattr(made, name) for name in GkeWorkload.__annotations__}

    return run(program, outputs=OUTPUTS)
