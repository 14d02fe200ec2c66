"""The workload on GKE: who its pods are, what they reach, what watches them, and what each argument changes."""

import json
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.gcp.kubernetes import GkeWorkloadArgs
from modeldeploy.spec import Cluster, Model, Network, Operations, Rollout
from modeldeploy.spec.arguments import ArgumentError, parse
from modeldeploy.spec.kubernetes import Destination, NetworkRules, PodResources, PodScaling, Route
from modeldeploy.spec.model import Container
from tests.components.gcp.clusters import CLUSTER, LOADER, workload_graph
from tests.components.gcp.program import DEVELOPMENT, GIVEN_DATABASE, GIVEN_NETWORK, IMAGE, model
from tests.support.mocks import Graph

ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
GIVEN = Cluster(id="projects/platform/locations/europe-west1/clusters/shared", kubeconfig="{}")
GRANT = "gcp:storage/bucketIAMMember:BucketIAMMember"
PODS = "pricing-stack@shop-models.iam.gserviceaccount.com"
PROVIDER = "pulumi:providers:kubernetes"
WORKLOAD = "modeldeploy:index:KubernetesWorkload"


def pod(graph: Graph, name: str = "pricing-v1") -> dict[str, Any]:
    return graph.one(DEPLOYMENT, name).inputs["spec"]["template"]["spec"]


def egress(graph: Graph) -> list[tuple[str, int]]:
    """Ranges and ports that pods may connect to, besides the names they look up and the machine's own addresses."""
    rules = graph.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "pricing-allow").inputs["spec"]["egress"]
    reached = [(to["ipBlock"]["cidr"], rule["ports"][0]["port"]) for rule in rules for to in rule["to"] if "ipBlock" in to]
    return [each for each in reached if not each[0].startswith("169.254.")]


# The cluster


def test_a_private_cluster_is_made_that_may_pull_the_images() -> None:
    graph = workload_graph()
    cluster = graph.one("modeldeploy:index:GkeCluster")
    assert cluster.name == "pricing-cluster"
    assert cluster.parent == graph.one("modeldeploy:index:GkeWorkload").urn
    assert graph.one(CLUSTER).inputs["enableAutopilot"] is True
    pulled = graph.all("gcp:artifactregistry/repositoryIamMember:RepositoryIamMember")
    assert {each.inputs["repository"] for each in pulled} == {"serving", "tools"}
    assert graph.outputs["cluster_id"] == "projects/shop-models/locations/europe-west1/clusters/shared-1a2b3c4"


def test_the_cluster_is_made_like_the_workload() -> None:
    graph = workload_graph(environment=DEVELOPMENT, network=GIVEN_NETWORK, tags={"owner": "risk"}, operations=Operations(log_retention_days=30))
    cluster = graph.one(CLUSTER).inputs
    assert (cluster["deletionProtection"], cluster["network"], cluster["resourceLabels"]["owner"]) == (False, GIVEN_NETWORK.id, "risk")
    assert {each.inputs["retentionDays"] for each in graph.all("gcp:logging/projectBucketConfig:ProjectBucketConfig")} == {30}


def test_a_cluster_that_is_given_is_used() -> None:
    graph = workload_graph(cluster=GIVEN)
    assert not graph.all(CLUSTER)
    assert graph.one(PROVIDER).inputs["kubeconfig"] == "{}"
    assert graph.outputs["cluster_id"] == GIVEN.id


def test_the_objects_go_to_the_cluster_by_its_own_provider() -> None:
    graph = workload_graph()
    assert json.loads(graph.one(PROVIDER).inputs["kubeconfig"])["users"][0]["user"]["exec"]["command"] == "gke-gcloud-auth-plugin"
    workload = graph.one(WORKLOAD)
    assert workload.parent == graph.one("modeldeploy:index:GkeWorkload").urn
    assert workload.options.providers["kubernetes"].startswith(graph.one(PROVIDER).urn)


# Identity


def test_the_pods_are_a_service_account_that_reads_the_models_and_nothing_else() -> None:
    graph = workload_graph()
    assert graph.one("kubernetes:core/v1:ServiceAccount").inputs["metadata"]["annotations"] == {"iam.gke.io/gcp-service-account": PODS}
    binding = graph.one("gcp:serviceaccount/iAMMember:IAMMember").inputs
    assert binding["role"] == "roles/iam.workloadIdentityUser"
    assert binding["member"] == "serviceAccount:shop-models.svc.id.goog[pricing-stack/pricing]"
    assert binding["serviceAccountId"] == f"projects/shop-models/serviceAccounts/{PODS}"
    assert {(each.inputs["bucket"], each.inputs["role"]) for each in graph.all(GRANT)} == {
        ("pricing-models-1a2b3c4", "roles/storage.objectViewer"),
        ("shop-artifacts", "roles/storage.objectViewer"),
    }
    assert graph.outputs["identity"] == PODS
    assert graph.outputs["namespace"] == "pricing-stack"
    assert graph.one("kubernetes:core/v1:Namespace").inputs["metadata"]["name"] == "pricing-stack"


def test_the_pool_of_identities_is_that_of_the_clusters_project() -> None:
    binding = workload_graph(cluster=GIVEN).one("gcp:serviceaccount/iAMMember:IAMMember").inputs
    assert binding["member"] == "serviceAccount:platform.svc.id.goog[pricing-stack/pricing]"


def test_pods_wait_for_what_they_need(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_text("weights")
    local = Model(name="pricing", version="1", source=str(tmp_path), container=Container(image=IMAGE))
    graph = workload_graph(models=[local], database=GIVEN_DATABASE)
    needed = {
        *(each.urn for each in graph.all(GRANT)),
        graph.one("gcp:serviceaccount/iAMMember:IAMMember").urn,
        graph.one("gcp:storage/bucketObject:BucketObject").urn,
        graph.one("gcp:sql/user:User").urn,
    }
    assert needed <= graph.one(DEPLOYMENT).depends_on
    loader = pod(graph)["initContainers"][0]
    assert loader["image"] == LOADER
    assert loader["args"][0].startswith("gs://pricing-models-1a2b3c4/models/pricing/1/")


# What pods reach


def test_pods_reach_googles_apis_and_nothing_else() -> None:
    assert egress(workload_graph()) == [("199.36.153.8/30", 443)]
    assert egress(workload_graph(pods=NetworkRules(egress=[Destination(cidr="10.7.0.0/24", port=9000)])))[1:] == [("10.7.0.0/24", 9000)]


def test_pods_reach_the_database_in_the_network_and_are_told_of_it() -> None:
    graph = workload_graph(database=GIVEN_DATABASE)
    assert egress(graph) == [("199.36.153.8/30", 443), ("10.64.0.0/16", 5432)]
    told = {each["name"]: each.get("value") for each in pod(graph)["containers"][0]["env"]}
    assert (told["DATABASE_HOST"], told["DATABASE_USER"]) == ("10.64.64.3", "pricing-stack@shop-models.iam")
    assert graph.outputs["database_grant"] == 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "pricing-stack@shop-models.iam";'
    given = egress(workload_graph(database=GIVEN_DATABASE, network=GIVEN_NETWORK))
    assert given[1:] == [("10.0.0.0/8", 5432), ("172.16.0.0/12", 5432), ("192.168.0.0/16", 5432)]
    assert workload_graph().outputs["database_grant"] == ""


def test_callers_are_those_listed() -> None:
    policies = workload_graph(pods=NetworkRules(callers=["shop"])).one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "pricing-allow")
    [caller] = policies.inputs["spec"]["ingress"]
    assert caller["from"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "shop"}


# Machines


def test_gpus_and_spare_machines_are_asked_for_by_label() -> None:
    graph = workload_graph(resources=PodResources(gpus=1), spot=True)
    assert pod(graph)["nodeSelector"] == {"cloud.google.com/gke-accelerator": "nvidia-l4", "cloud.google.com/gke-spot": "true"}
    assert {"key": "cloud.google.com/gke-spot", "operator": "Equal", "value": "true", "effect": "NoSchedule"} in pod(graph)["tolerations"]
    other = pod(workload_graph(resources=PodResources(gpus=1), accelerator="nvidia-tesla-t4"))
    assert other["nodeSelector"] == {"cloud.google.com/gke-accelerator": "nvidia-tesla-t4"}
    assert not {"nodeSelector", "tolerations"} & pod(workload_graph()).keys()


# Releases


def test_versions_share_requests_by_the_route() -> None:
    graph = workload_graph(
        models=[model("1"), model("2")],
        rollout=Rollout(traffic={"1": 90, "2": 10}),
        route=Route(hostname="pricing.example.com", gateway="gateways/shared"),
    )
    assert graph.names(DEPLOYMENT) == ["pricing-v1", "pricing-v2"]
    assert graph.outputs["url"] == "https://pricing.example.com/invocations"
    assert graph.outputs["model_version"] == "1"


# Operations


def thresholds(graph: Graph, alarm: str) -> dict[str, Any]:
    [condition] = [each["conditionThreshold"] for each in graph.one(ALERT, f"pricing-alarm-{alarm}").inputs["conditions"]]
    return condition


def test_busy_full_and_restarting_pods_raise_alarms() -> None:
    graph = workload_graph(operations=Operations(utilization_percent=80, emails=["a@example.com"]), cluster=GIVEN)
    series = 'resource.type="k8s_container" AND resource.labels.cluster_name="shared" AND resource.labels.namespace_name="pricing-stack"'
    cpu, memory, restarts = (thresholds(graph, alarm) for alarm in ("cpu", "memory", "restarts"))
    assert cpu["filter"] == f'{series} AND metric.type="kubernetes.io/container/cpu/limit_utilization"'
    assert memory["filter"] == f'{series} AND metric.type="kubernetes.io/container/memory/limit_utilization"'
    assert restarts["filter"] == f'{series} AND metric.type="kubernetes.io/container/restart_count"'
    assert (cpu["thresholdValue"], memory["thresholdValue"], restarts["thresholdValue"]) == (0.8, 0.8, 2)
    assert memory["aggregations"][0]["crossSeriesReducer"] == "REDUCE_MAX"
    assert all(each.inputs["notificationChannels"] == ["channel"] for each in graph.all(ALERT))


def test_logs_and_dashboard_are_the_namespaces() -> None:
    graph = workload_graph(cluster=GIVEN, operations=Operations(log_retention_days=30))
    logs = graph.one("gcp:logging/projectBucketConfig:ProjectBucketConfig").inputs
    assert (logs["bucketId"], logs["retentionDays"]) == ("pricing-models-1a2b3c4", 30)
    assert 'namespace_name="pricing-stack"' in graph.one("gcp:logging/projectSink:ProjectSink").inputs["filter"]
    tiles = json.loads(graph.one("gcp:monitoring/dashboard:Dashboard").inputs["dashboardJson"])["mosaicLayout"]["tiles"]
    assert len(tiles) == 4


def test_the_cost_is_what_pods_ask_for_and_the_fee_of_a_cluster_that_is_made() -> None:
    # 730 hours x (2 pods x (0.5 CPU x 0.0445 + 0.5 GiB x 0.0049225) + 0.10) dollars
    assert workload_graph().outputs["monthly_cost"] == pytest.approx(109.08)
    assert workload_graph(cluster=GIVEN, models=[model("1"), model("2")]).outputs["monthly_cost"] == pytest.approx(72.16)
    graph = workload_graph(cluster=GIVEN, billing_account="0A1B2C-3D4E5F-678901", scaling=PodScaling(maximum=20))
    assert graph.one("gcp:billing/budget:Budget").inputs["amount"]["specifiedAmount"]["units"] == "361"


def test_tags_are_labels_that_kubernetes_takes() -> None:
    labels = workload_graph(tags={"Cost Center": "Risk & Pricing", "team-": "a"}).one(DEPLOYMENT).inputs["metadata"]["labels"]
    assert labels["team"] == "a"
    assert labels["environment"] == "prod"
    assert any(key.startswith("cost-center-") and value.startswith("risk---pricing-") for key, value in labels.items())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"models": [model("1", "s3://bucket/m")]}, "models[0].source: 's3://bucket/m' cannot be read by GKE; allowed: gs://"),
        ({"models": [model(image="gcr.io/p/i@sha256:" + "a" * 64)]}, "models[0].container.image: 'gcr.io/p/i"),
        ({"loader_image": "docker.io/kserve/x@sha256:" + "a" * 64}, "loader_image: 'docker.io/kserve/x"),
        ({"accelerator": "nvidia-l4"}, "accelerator: has no effect without resources.gpus"),
        ({"cluster": GIVEN, "network": Network(callers=["10.1.0.0/16"])}, "network.callers: is for a cluster that is made"),
        ({"cluster": GIVEN, "network": Network(cidr="10.1.0.0/16")}, "network.cidr: is for a cluster that is made"),
        (
            {"models": [model(environment={"DATABASE_HOST": "x"})], "database": GIVEN_DATABASE},
            "models[0].container.environment.DATABASE_HOST: is set from database",
        ),
        ({"models": [model("1"), model("2", predict_path="/score")]}, "models: have different predict paths"),
        ({"models": [model("1"), model("2")], "rollout": Rollout(traffic={"1": 50, "2": 50})}, "rollout.traffic: splits requests"),
        ({"tags": {"modeldeploy-name": "x"}}, "tags.modeldeploy-name: is set by the component"),
        ({"billing_account": "x"}, "billing_account: 'x' is no billing account"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"models": [model()], "loader_image": LOADER, **arguments}
    with pytest.raises(ArgumentError) as caught:
        parse(GkeWorkloadArgs, GkeWorkloadArgs(**given), "GkeWorkload 'pricing'")
    assert message in str(caught.value)


def test_every_problem_is_told_once() -> None:
    given: dict[str, Any] = {"models": [model("1"), model("1")], "loader_image": LOADER}
    with pytest.raises(ArgumentError) as caught:
        parse(GkeWorkloadArgs, GkeWorkloadArgs(**given), "GkeWorkload 'pricing'")
    assert str(caught.value) == "GkeWorkload 'pricing': models[1].version: '1' is there twice; every version is deployed once"
