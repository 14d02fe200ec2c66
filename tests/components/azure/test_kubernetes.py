"""A model on AKS has an identity that reads the model alone, and pods that reach private endpoints and Entra alone."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.azure.kubernetes import ENTRA_RANGES, AksWorkload, AksWorkloadArgs
from modeldeploy.spec import ArgumentError, Cluster, Container, DatabaseConnection, Environment, Network, NodePool
from modeldeploy.spec.kubernetes import Destination, NetworkRules, Placement, PodResources, PodScaling, Route, Toleration
from tests.support.mocks import Graph

from . import world

CLUSTER = "azure-native:containerservice:ManagedCluster"
TRUST = "azure-native:managedidentity:FederatedIdentityCredential"
ROLE = "azure-native:authorization:RoleAssignment"
QUERY = "azure-native:monitor:ScheduledQueryRule"
PROVIDER = "pulumi:providers:kubernetes"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
ACCOUNT = "kubernetes:core/v1:ServiceAccount"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
LOADER = "acmemodels.azurecr.io/loader@sha256:" + "b" * 64
AKS = f"{world.GROUP}/providers/Microsoft.ContainerService/managedClusters/shared"
GIVEN = Cluster(id=AKS, kubeconfig="{}", issuer=world.ISSUER)
RANGE = "10.64.0.0/24"
DATABASE = DatabaseConnection(id=world.DATABASE, host="data.database.windows.net", database="pricing")


def workload(**changes: Any) -> Graph:
    args: dict[str, Any] = {
        "models": [world.model(source=world.BLOB)],
        "artifact_account_id": world.ARTIFACTS,
        "loader_image": LOADER,
        "cluster": GIVEN,
        "network": world.PLACED,
        "endpoint_range": RANGE,
        "environment": Environment.DEVELOPMENT,
        **changes,
    }
    return world.made(AksWorkload, "api", AksWorkloadArgs(**args))


@pytest.fixture(scope="module")
def default() -> Graph:
    return workload()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """On a cluster and in a network of its own, with a local artifact."""
    source = world.artifact(tmp_path_factory.mktemp("artifact"))
    return workload(
        models=[world.model(source=source)],
        artifact_account_id=None,
        cluster=None,
        network=Network(cidr="10.9.0.0/16"),
        endpoint_range=None,
        administrators=[world.CALLER],
        pools=[NodePool(name="spare", spot=True)],
        login="msi",
        host_encryption=False,
        operations={"emails": ["a@example.com"], "log_retention_days": 180},
    )


@pytest.fixture(scope="module")
def tuned() -> Graph:
    """Everything other than by default."""
    return workload(
        models=[
            world.model("1", source=world.BLOB, container=Container(image=world.IMAGE, environment={"WORKERS": "4"})),
            world.model("2", source=world.BLOB),
        ],
        rollout={"traffic": {"1": 90, "2": 10}},
        route=Route(hostname="pricing.example.com", gateway="gateways/public"),
        resources=PodResources(cpu_millis=1000, memory_mib=8192, memory_limit_mib=8192),
        scaling=PodScaling(minimum=3, maximum=6),
        placement=Placement(node_labels={"pool": "spare"}, tolerations=[Toleration(key="kubernetes.azure.com/scalesetpriority", value="spot")]),
        pods=NetworkRules(callers=["shop"], egress=[Destination(cidr="10.80.0.0/16", port=9000)]),
        monitoring={"enabled": True},
        database=DATABASE,
        registry_id=world.REGISTRY,
        operations={"emails": ["a@example.com"], "utilization_percent": 80, "monthly_budget_usd": 700},
        tags={"owner": "finance"},
    )


def egress(graph: Graph) -> list[tuple[str, int]]:
    rules = graph.one(POLICY, "api-allow").inputs["spec"]["egress"]
    return [(rule["to"][0]["ipBlock"]["cidr"], rule["ports"][0]["port"]) for rule in rules if "ipBlock" in rule["to"][0]]


def test_the_pods_are_the_identity_and_nobody_else_is(default: Graph) -> None:
    trust = default.one(TRUST).inputs
    assert trust["issuer"] == world.ISSUER
    assert trust["audiences"] == ["api://AzureADTokenExchange"]
    namespace = default.one("kubernetes:core/v1:Namespace").inputs["metadata"]["name"]
    assert trust["subject"] == f"system:serviceaccount:{namespace}:{default.one(ACCOUNT).inputs['metadata']['name']}"
    assert default.one(ACCOUNT).inputs["metadata"]["annotations"] == {"azure.workload.identity/client-id": "the-client"}
    pod = default.one(DEPLOYMENT).inputs["spec"]["template"]
    assert pod["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert pod["spec"]["automountServiceAccountToken"] is False


def test_the_identity_reads_the_model_and_nothing_else(default: Graph) -> None:
    mine = {each.name: each.inputs["scope"] for each in default.all(ROLE) if each.inputs["principalId"] == "the-principal"}
    assert set(mine) == {"api-keys", "api-read", "api-read-trained"}, "keys is the identity of the stores"
    assert mine["api-read"].endswith("/containers/models")
    assert mine["api-read-trained"] == f"{world.ARTIFACTS}/blobServices/default/containers/trained"


def test_pods_wait_until_they_may_read(default: Graph) -> None:
    needed = {default.one(TRUST).urn, default.one(ROLE, "api-read").urn, default.one(ROLE, "api-pull").urn}
    assert needed <= default.one(ACCOUNT).depends_on
    assert default.one(ACCOUNT).urn in default.one(DEPLOYMENT).depends_on


def test_machines_of_a_given_cluster_pull_from_a_registry_that_is_made(default: Graph, tuned: Graph) -> None:
    pull = default.one(ROLE, "api-pull").inputs
    assert pull["principalId"] == "the-kubelet"
    assert pull["scope"].endswith("/registries/acmemodels")
    assert "api-pull" not in tuned.names(ROLE), "both are given"


def test_pods_reach_private_endpoints_and_entra_and_nothing_else(default: Graph, tuned: Graph) -> None:
    entra = [(each, 443) for each in ENTRA_RANGES]
    assert egress(default) == [(RANGE, 443), *entra]
    assert egress(tuned) == [(RANGE, 443), (RANGE, 1433), *entra, ("10.80.0.0/16", 9000)]


def test_the_model_is_fetched_by_the_loader(default: Graph, alone: Graph) -> None:
    (loader,) = default.one(DEPLOYMENT).inputs["spec"]["template"]["spec"]["initContainers"]
    assert (loader["image"], loader["args"]) == (LOADER, [world.BLOB, "/mnt/models"])
    (loader,) = alone.one(DEPLOYMENT).inputs["spec"]["template"]["spec"]["initContainers"]
    blob = alone.one("azure-native:storage:Blob", "api-1-model.pkl").inputs["blobName"]
    assert loader["args"][0].endswith(f".blob.core.windows.net/models/{blob.removesuffix('/model.pkl')}")
    assert alone.one("azure-native:storage:Blob", "api-1-model.pkl").urn in alone.one(ACCOUNT).depends_on


def test_a_cluster_of_its_own_is_in_its_network_with_the_arguments_given(alone: Graph) -> None:
    made = alone.one(CLUSTER).inputs
    assert made["aadProfile"]["adminGroupObjectIDs"] == [world.CALLER]
    assert made["agentPoolProfiles"][0]["enableEncryptionAtHost"] is False
    assert made["apiServerAccessProfile"]["subnetId"].endswith("/subnets/subnet-10.9.6.0-24")
    assert "api-cluster-spare" in alone.names("azure-native:containerservice:AgentPool")
    assert len(alone.all("azure-native:network:VirtualNetwork")) == 1
    assert len(alone.all("azure-native:resources:ResourceGroup")) == 1
    assert '"msi"' in alone.one(PROVIDER).inputs["kubeconfig"]
    assert alone.one(TRUST).inputs["issuer"] == world.ISSUER
    assert egress(alone)[0] == ("10.9.0.0/24", 443)
    assert alone.one(ROLE, "api-pull").inputs["principalId"] == "the-principal"
    assert {each.inputs["retentionInDays"] for each in alone.all("azure-native:operationalinsights:Workspace")} == {180}


def test_a_given_key_encrypts_the_cluster_too() -> None:
    graph = workload(cluster=None, endpoint_range=RANGE, encryption={"key": world.KEY}, key_vault_id=world.VAULT)
    assert graph.one(CLUSTER).inputs["securityProfile"]["azureKeyVaultKms"]["keyId"] == world.KEY
    assert not graph.all("azure-native:keyvault:Vault")


def test_the_objects_are_those_of_the_arguments(tuned: Graph) -> None:
    first = tuned.one(DEPLOYMENT, "api-v1").inputs
    (server,) = first["spec"]["template"]["spec"]["containers"]
    variables = {each["name"]: each["value"] for each in server["env"]}
    assert variables["WORKERS"] == "4"
    assert variables["DATABASE_HOST"] == "data.database.windows.net"
    assert variables["DATABASE_USER"] == "the-client"
    assert server["resources"]["requests"]["memory"] == "8Gi"
    assert first["spec"]["template"]["spec"]["nodeSelector"] == {"pool": "spare"}
    assert first["metadata"]["labels"]["owner"] == "finance"
    scaler = tuned.one("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "api-autoscaler-v1").inputs["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 6)
    route = tuned.one("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute").inputs["spec"]
    assert sorted(each["weight"] for each in route["rules"][0]["backendRefs"]) == [10, 90]
    assert tuned.all("kubernetes:monitoring.coreos.com/v1:PrometheusRule")


def test_objects_go_to_the_cluster_by_its_own_provider(default: Graph) -> None:
    assert default.one(PROVIDER).inputs["kubeconfig"] == "{}"
    assert default.one(DEPLOYMENT).options.provider.startswith(default.one(PROVIDER).urn)


def test_alarms_ask_the_cluster_s_logs_for_its_namespace(tuned: Graph) -> None:
    rules = {each.name: each.inputs for each in tuned.all(QUERY)}
    assert set(rules) == {"api-cpu", "api-pods", "api-restarts"}
    assert all(rule["scopes"] == [AKS] for rule in rules.values())
    conditions = {name: rule["criteria"]["allOf"][0] for name, rule in rules.items()}
    assert {name: (each["metricMeasureColumn"], each["threshold"]) for name, each in conditions.items()} == {
        "api-cpu": ("Percent", 80),
        "api-pods": ("Pods", 0),
        "api-restarts": ("Restarts", 2),
    }
    assert all("Namespace == 'api-stack'" in each["query"] for each in conditions.values())
    assert conditions["api-cpu"]["failingPeriods"]["numberOfEvaluationPeriods"] == 3


def test_cost_is_the_share_of_a_given_cluster_or_a_cluster_of_its_own(default: Graph, tuned: Graph, alone: Graph) -> None:
    assert default.outputs["monthly_cost"] == pytest.approx(0.192 * 730 / 8 * 2, abs=0.01)
    assert tuned.outputs["monthly_cost"] == pytest.approx(0.192 * 730 / 2 * 3 * 2, abs=0.01)
    assert alone.outputs["monthly_cost"] == pytest.approx(4 * 0.192 * 730, abs=0.01)
    budgets = {each.name: each.inputs["amount"] for each in alone.all("azure-native:consumption:Budget")}
    assert budgets["api-budget"] == pytest.approx(100 + budgets["api-cluster-budget"])
    assert tuned.one("azure-native:consumption:Budget").inputs["amount"] == 700


def test_outputs(default: Graph, tuned: Graph) -> None:
    assert default.outputs["url"] == "http://api.api-stack.svc.cluster.local/invocations"
    assert tuned.outputs["url"] == "https://pricing.example.com/invocations"
    assert default.outputs["identity"] == "the-principal"
    assert default.outputs["model_version"] == "1"
    assert default.outputs["logs"] == f"https://portal.azure.com/#resource{AKS}/logs"
    assert default.outputs["namespace"] == "api-stack"
    assert default.outputs["database_grant"] == ""
    assert tuned.outputs["database_grant"].startswith("CREATE USER [")
    assert default.outputs["cluster_id"] == AKS


def test_everything_of_azure_s_that_takes_tags_has_them(tuned: Graph) -> None:
    untagged = {each.type.split(":", 1)[1] for each in tuned.registrations if each.type.startswith("azure-native") and "tags" not in each.inputs}
    assert untagged == {
        "authorization:RoleAssignment",
        "consumption:Budget",
        "managedidentity:FederatedIdentityCredential",
        "monitor:DiagnosticSetting",
        "network:PrivateDnsZoneGroup",
        "storage:BlobContainer",
        "storage:BlobServiceProperties",
    }


def test_other_modules_of_azure_do_not_load_the_kubernetes_sdk() -> None:
    folder = Path(sys.modules["modeldeploy.azure.kubernetes"].__file__ or "").parent
    names = [each.stem for each in folder.glob("*.py") if each.stem not in ("__init__", "kubernetes")]
    program = (
        f"import importlib, sys\nfor n in {names!r}: importlib.import_module('modeldeploy.azure.' + n)\nsys.exit('pulumi_kubernetes' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cluster": Cluster(id=AKS, kubeconfig="{}")}, "cluster.issuer: is required on Azure"),
        ({"network": Network(), "endpoint_range": None}, "network.id: is required with cluster"),
        ({"endpoint_range": None}, "endpoint_range: is required with network.id"),
        ({"cluster": None, "network": Network()}, "endpoint_range: belongs to network.id"),
        ({"endpoint_range": "20.0.0.0/8"}, "endpoint_range: '20.0.0.0/8' is no private IPv4 range"),
        ({"endpoint_range": "endpoints"}, "endpoint_range: 'endpoints' is no private IPv4 range"),
        ({"administrators": [world.CALLER]}, "administrators: excludes cluster"),
        ({"pools": [NodePool(name="more")]}, "pools: excludes cluster"),
        ({"login": "spn"}, "login: excludes cluster"),
        ({"host_encryption": False}, "host_encryption: excludes cluster"),
        ({"cluster": None, "administrators": ["me"]}, r"administrators\[0\]: 'me' is no object id"),
        ({"cluster": None, "network": world.ATTACHED}, "network.subnet_ids: has no number 4"),
        (
            {"cluster": None, "network": Network(cidr="172.24.0.0/16"), "endpoint_range": None},
            "network.cidr: '172.24.0.0/16' overlaps",
        ),
        ({"loader_image": LOADER.replace("acmemodels.azurecr.io", "ghcr.io")}, "loader_image: 'ghcr.io' is neither the registry"),
        ({"operations": {"latency_milliseconds": 200}}, "operations.latency_milliseconds: has no effect: no cloud counts requests"),
        ({"operations": {"error_percent": 5}}, "operations.error_percent: has no effect"),
        ({"operations": {"capture_percent": 5}}, "operations.capture_percent: is not offered by AKS"),
        ({"models": [world.model()], "artifact_account_id": None}, r"models\[0\]\.source: 'azureml://.*' cannot be read by AKS"),
        ({"artifact_account_id": None}, "artifact_account_id: is required with an artifact at https://"),
        ({"registry_id": "acmemodels"}, "registry_id: 'acmemodels' is no ARM id"),
        ({"encryption": {"key": world.KEY}}, "key_vault_id: is required with encryption.key"),
        ({"allowed_ips": ["10.0.0.4"]}, r"allowed_ips\[0\]: '10.0.0.4' is no public IPv4 address"),
        ({"rollout": {"traffic": {"1": 100, "2": 0}}}, r"rollout\.traffic\.2: '2' is not known"),
    ],
)
def test_what_azure_refuses_is_refused_first(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"(?s)AksWorkload 'api'.*{message}"):
        workload(**changes)
