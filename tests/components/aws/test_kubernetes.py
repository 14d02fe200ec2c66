"""A model on EKS: its identity, its way to storage and database, what watches it, and what each argument does to it."""

import json
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.aws.cluster import SERVICES
from modeldeploy.aws.kubernetes import EksWorkload, EksWorkloadArgs, dns_address
from modeldeploy.aws.network import SERVICES as USUAL
from modeldeploy.spec import ArgumentError, Cluster, Container, DatabaseConnection, Encryption, Environment, Network, Operations, Rollout
from modeldeploy.spec.arguments import parse
from modeldeploy.spec.kubernetes import Destination, Monitoring, NetworkRules, Placement, PodResources, PodScaling, Route, Toleration
from tests.components.aws.mocked import ACCOUNT, IMAGE, KEY, REGION, model, run, statements
from tests.support.mocks import Graph

CLUSTER = "aws:eks/cluster:Cluster"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
LOADER = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/loader@sha256:" + "c" * 64
THERE = Cluster(id="shared", kubeconfig="{}")
DATABASE = DatabaseConnection(id="db-MADE", host="data.example", database="pricing")


def arguments(folder: Path, **changes: Any) -> EksWorkloadArgs:
    models = changes.pop("models", None) or [model(folder)]
    given: dict[str, Any] = {"models": models, "loader_image": LOADER, "environment": Environment.DEVELOPMENT, "cluster": THERE, **changes}
    return EksWorkloadArgs(**given)


def deploy(folder: Path, **changes: Any) -> Graph:
    args = arguments(folder, **changes)

    def program() -> dict[str, Any]:
        made = EksWorkload("pricing", args)
        return {name: getattr(made, name) for name in EksWorkload.__annotations__}

    return run(program)


@pytest.fixture
def plain(tmp_path: Path) -> Graph:
    return deploy(tmp_path)


def pod(graph: Graph, version: str = "1") -> dict[str, Any]:
    return graph.one(DEPLOYMENT, f"pricing-v{version}").inputs["spec"]["template"]["spec"]


def permissions(graph: Graph, name: str) -> list[dict[str, Any]]:
    return statements(graph.one("aws:iam/rolePolicy:RolePolicy", f"pricing-{name}").inputs["policy"])


# --- the pods' identity


def test_the_pods_get_a_role_that_only_they_can_have(plain: Graph) -> None:
    association = plain.one(ASSOCIATION).inputs
    assert (association["clusterName"], association["namespace"], association["serviceAccount"]) == ("shared", "pricing-stack", "pricing")
    assert plain.one("kubernetes:core/v1:Namespace").inputs["metadata"]["name"] == association["namespace"]
    assert plain.one("kubernetes:core/v1:ServiceAccount").inputs["metadata"]["name"] == association["serviceAccount"]
    (trust,) = statements(plain.one("aws:iam/role:Role", "pricing-pods").inputs["assumeRolePolicy"])
    assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert trust["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert trust["Condition"] == {
        "StringEquals": {
            "aws:SourceAccount": ACCOUNT,
            "aws:RequestTag/kubernetes-namespace": "pricing-stack",
            "aws:RequestTag/kubernetes-service-account": "pricing",
        }
    }
    assert plain.outputs["identity"] == "arn:role:What the model pricing may do"


def test_pods_are_made_when_their_identity_is_there_and_may_do_something(plain: Graph) -> None:
    association = plain.one(ASSOCIATION)
    assert association.urn in plain.one(DEPLOYMENT).depends_on
    assert plain.one("aws:iam/rolePolicy:RolePolicy", "pricing-data").urn in association.depends_on


def test_the_model_may_read_its_artifact_and_nothing_else(plain: Graph) -> None:
    read, listed, key = permissions(plain, "data")
    (artifact,) = read["Resource"]
    assert (read["Action"], artifact.startswith("arn:aws:s3:::bucket-made/models/pricing/1/")) == ("s3:GetObject", True)
    assert (listed["Action"], listed["Resource"]) == ("s3:ListBucket", "arn:aws:s3:::bucket-made")
    assert listed["Condition"] == {"StringLike": {"s3:prefix": [f"{artifact.partition('/')[2]}*"]}}
    assert key["Resource"] == KEY


def test_a_folder_in_s3_may_be_read_whole(tmp_path: Path) -> None:
    graph = deploy(tmp_path, models=[model(tmp_path, source="s3://team-models/pricing/1/")])
    read, listed, _ = permissions(graph, "data")
    assert read["Resource"] == ["arn:aws:s3:::team-models/pricing/1/*"]
    assert listed["Condition"] == {"StringLike": {"s3:prefix": ["pricing/1/*"]}}
    assert pod(graph)["initContainers"][0]["args"] == ["s3://team-models/pricing/1/", "/mnt/models"]


def test_the_loader_fetches_what_was_uploaded(plain: Graph) -> None:
    (loader,) = pod(plain)["initContainers"]
    assert loader["image"] == LOADER
    assert loader["args"][0] == f"s3://bucket-made/{plain.one('aws:s3/bucketObjectv2:BucketObjectv2').inputs['key']}"


# --- what pods may reach


def test_pods_reach_names_storage_and_services_and_nothing_else(plain: Graph) -> None:
    policy = plain.one(POLICY, "pricing-reach").inputs
    assert (policy["metadata"]["name"], policy["metadata"]["namespace"]) == ("pricing-reach", "pricing-stack")
    assert policy["metadata"]["labels"].items() >= {"environment": "dev", "app.kubernetes.io/instance": "pricing"}.items()
    assert policy["spec"]["podSelector"] == {"matchLabels": {"app.kubernetes.io/instance": "pricing"}}
    dns, storage, services = policy["spec"]["egress"]
    assert dns["to"] == [{"ipBlock": {"cidr": "172.20.0.10/32"}}]
    assert {(each["protocol"], each["port"]) for each in dns["ports"]} == {("UDP", 53), ("TCP", 53)}
    assert [each["ipBlock"]["cidr"] for each in storage["to"]] == ["3.5.0.0/19", "3.5.64.0/21"]
    assert services["to"] == [{"ipBlock": {"cidr": "10.9.0.0/16"}}]
    assert [each["port"] for each in (*storage["ports"], *services["ports"])] == [443, 443]
    # The agent that hands out the identity.
    allowed = plain.one(POLICY, "pricing-allow").inputs["spec"]["egress"]
    assert any(each["to"] == [{"ipBlock": {"cidr": "169.254.170.23/32"}}] for each in allowed)
    # Before the first pod, not after the last one.
    assert plain.one(DEPLOYMENT).urn not in plain.one(POLICY, "pricing-reach").depends_on


def test_a_database_is_told_reached_and_entered(tmp_path: Path) -> None:
    graph = deploy(tmp_path, database=DATABASE)
    *_, services = graph.one(POLICY, "pricing-reach").inputs["spec"]["egress"]
    assert [each["port"] for each in services["ports"]] == [443, 5432]
    variables = {each["name"]: each["value"] for each in pod(graph)["containers"][0]["env"]}
    assert variables["DATABASE_HOST"] == "data.example"
    (login,) = permissions(graph, "database")
    assert login["Resource"] == f"arn:aws:rds-db:{REGION}:{ACCOUNT}:dbuser:db-MADE/pricing"
    assert graph.outputs["database_grant"].startswith("DO $$ BEGIN CREATE USER pricing;")
    assert graph.one("aws:iam/rolePolicy:RolePolicy", "pricing-database").urn in graph.one(ASSOCIATION).depends_on


@pytest.mark.parametrize(("services", "address"), [("172.20.0.0/16", "172.20.0.10/32"), ("10.100.0.0/16", "10.100.0.10/32")])
def test_the_dns_server_is_the_tenth_address_of_services(services: str, address: str) -> None:
    assert dns_address(services) == address


# --- the cluster


def test_a_cluster_is_made_where_none_is_given_with_the_same_key_and_network(tmp_path: Path) -> None:
    graph = deploy(tmp_path, cluster=None, network=Network(cidr="10.30.0.0/16"))
    assert graph.one("modeldeploy:index:EksCluster").parent == graph.one("modeldeploy:index:EksWorkload").urn
    assert graph.one(CLUSTER).inputs["name"] == "pricing-cluster-project-stack"
    assert graph.names("aws:kms/key:Key") == ["pricing-key"]
    assert graph.one("aws:ec2/vpc:Vpc").inputs["cidrBlock"] == "10.30.0.0/16"
    assert graph.one(ASSOCIATION).inputs["clusterName"] == "pricing-cluster-project-stack"
    # Nothing goes into the cluster before it is whole.
    provider = graph.one("pulumi:providers:kubernetes", "pricing-kubernetes")
    assert {each.urn for each in graph.all("aws:eks/accessPolicyAssociation:AccessPolicyAssociation")} <= provider.depends_on
    assert graph.outputs["cluster_name"] == "pricing-cluster-project-stack"
    assert "kubernetes:karpenter.sh/v1:NodePool" in graph.types()
    assert "pricing-cluster-pool-gpu" not in graph.names("kubernetes:karpenter.sh/v1:NodePool")


def test_a_model_with_gpus_brings_a_pool_that_has_them(tmp_path: Path) -> None:
    resources = PodResources(cpu_millis=2000, memory_mib=8192, cpu_limit_millis=2000, memory_limit_mib=8192, gpus=1)
    graph = deploy(tmp_path, cluster=None, resources=resources, scaling=PodScaling(minimum=1, maximum=3))
    spec = graph.one("kubernetes:karpenter.sh/v1:NodePool", "pricing-cluster-pool-gpu").inputs["spec"]
    assert spec["limits"] == {"nvidia.com/gpu": "6"}
    assert {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"} in pod(graph)["tolerations"]


def test_a_cluster_that_is_given_is_left_alone(plain: Graph) -> None:
    assert not plain.all(CLUSTER)
    assert plain.one("pulumi:providers:kubernetes").inputs["kubeconfig"] == "{}"
    assert plain.outputs["logs"] == "/aws/containerinsights/shared/application"


def test_kubernetes_objects_use_the_cluster_s_provider(plain: Graph) -> None:
    provider = plain.one("pulumi:providers:kubernetes")
    objects = [each for each in plain.registrations if each.type.startswith("kubernetes:")]
    assert len(objects) > 8
    assert {each.options.provider.rpartition("::")[0] for each in objects} == {provider.urn}


# --- what is passed on


def test_arguments_reach_the_objects(tmp_path: Path) -> None:
    graph = deploy(
        tmp_path,
        models=[model(tmp_path, "1"), model(tmp_path, "2")],
        rollout=Rollout(traffic={"1": 80, "2": 20}),
        route=Route(hostname="pricing.example.com", gateway="gateways/public"),
        scaling=PodScaling(minimum=3, maximum=5),
        pods=NetworkRules(callers=["shop"], egress=[Destination(cidr="10.77.0.0/16", port=8443)]),
        placement=Placement(node_labels={"modeldeploy/pool": "spare"}, tolerations=[Toleration(key="eks.amazonaws.com/capacity-type")]),
        monitoring=Monitoring(enabled=True),
        tags={"team": "x"},
    )
    route = graph.one("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute").inputs["spec"]
    assert [each["weight"] for each in route["rules"][0]["backendRefs"]] == [80, 20]
    assert graph.one(DEPLOYMENT, "pricing-v1").inputs["spec"]["replicas"] == 3
    assert pod(graph)["nodeSelector"] == {"modeldeploy/pool": "spare"}
    assert pod(graph)["tolerations"][0]["key"] == "eks.amazonaws.com/capacity-type"
    assert "kubernetes:monitoring.coreos.com/v1:PrometheusRule" in graph.types()
    allowed = graph.one(POLICY, "pricing-allow").inputs["spec"]
    assert {"to": [{"ipBlock": {"cidr": "10.77.0.0/16"}}], "ports": [{"protocol": "TCP", "port": 8443}]} in allowed["egress"]
    assert allowed["ingress"][0]["from"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "shop"}
    assert graph.one(DEPLOYMENT, "pricing-v1").inputs["metadata"]["labels"]["team"] == "x"
    assert graph.outputs["url"] == "https://pricing.example.com/invocations"
    assert graph.outputs["model_version"] == "1"


def test_every_alarm_has_its_threshold_and_only_versions_that_serve_have_alarms(tmp_path: Path) -> None:
    graph = deploy(
        tmp_path,
        models=[model(tmp_path, "1"), model(tmp_path, "2")],
        rollout=Rollout(traffic={"1": 100, "2": 0}),
        operations=Operations(utilization_percent=75, emails=["team@example.com"]),
    )
    alarms = {each.name: each.inputs for each in graph.all(ALARM)}
    assert {
        name: (each["metricName"], each["threshold"], each["comparisonOperator"], each["evaluationPeriods"]) for name, each in alarms.items()
    } == {
        "pricing-v1-cpu": ("pod_cpu_utilization_over_pod_limit", 75, "GreaterThanThreshold", 3),
        "pricing-v1-memory": ("pod_memory_utilization_over_pod_limit", 75, "GreaterThanThreshold", 3),
        "pricing-v1-down": ("replicas_ready", 1, "LessThanThreshold", 1),
    }
    assert {each["namespace"] for each in alarms.values()} == {"ContainerInsights"}
    deployment = graph.one(DEPLOYMENT, "pricing-v1").inputs["metadata"]["name"]
    assert alarms["pricing-v1-cpu"]["dimensions"] == {"ClusterName": "shared", "Namespace": "pricing-stack", "PodName": deployment}
    assert graph.one("aws:sns/topicSubscription:TopicSubscription").inputs["endpoint"] == "team@example.com"


def test_the_dashboard_shows_pods_and_errors(plain: Graph) -> None:
    widgets = json.loads(plain.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])["widgets"]
    lines = [line for each in widgets[:-1] for line in each["properties"]["metrics"]]
    assert {line[1] for line in lines} >= {"pod_cpu_utilization_over_pod_limit", "replicas_ready", "pod_number_of_container_restarts"}
    assert lines[0][2:8] == ["ClusterName", "shared", "Namespace", "pricing-stack", "PodName", "pricing-v1"]
    assert "SOURCE '/aws/containerinsights/shared/application'" in widgets[-1]["properties"]["query"]


def test_cost_is_that_of_the_pods_and_what_was_made_for_them(tmp_path: Path) -> None:
    one = 0.25 * 0.096 * 1.12 * 730
    assert deploy(tmp_path).outputs["monthly_cost"] == pytest.approx(2 * one + 1, abs=0.01)
    assert deploy(tmp_path, encryption=Encryption(key=KEY)).outputs["monthly_cost"] == pytest.approx(2 * one, abs=0.01)
    two = deploy(tmp_path, models=[model(tmp_path, "1"), model(tmp_path, "2")], scaling=PodScaling(minimum=3, maximum=4))
    assert two.outputs["monthly_cost"] == pytest.approx(6 * one + 1, abs=0.01)
    assert two.one("aws:budgets/budget:Budget").inputs["limitAmount"] == f"{int(8 * one + 1) + 1}.0"
    whole = deploy(tmp_path, cluster=None, operations=Operations(monthly_budget_usd=5000))
    assert whole.outputs["monthly_cost"] == pytest.approx(2 * one + 1 + 73 + 2 * 7.3 * (len(USUAL) + len(SERVICES)), abs=0.01)
    budget = whole.one("aws:budgets/budget:Budget", "pricing-budget").inputs
    assert budget["limitAmount"] == "5000.0"
    assert budget["costFilters"][0]["values"] == ["user:modeldeploy-name$pricing-project-stack", "aws:eks:cluster-name$pricing-cluster-project-stack"]
    assert whole.one("aws:budgets/budget:Budget", "pricing-cluster-budget").inputs["limitAmount"] != "5000.0"


def test_production_keeps_its_bucket_its_key_and_its_cluster(tmp_path: Path) -> None:
    graph = deploy(tmp_path, environment=Environment.PRODUCTION, cluster=None)
    assert {each.name for each in graph.registrations if each.options.protect} == {"pricing-key", "pricing-models", "pricing-cluster"}


def test_everything_that_takes_tags_has_them(tmp_path: Path) -> None:
    graph = deploy(tmp_path, tags={"team": "x"}, cluster=None)
    without = (
        "RouteTableAssociation",
        "RolePolicy",
        "RolePolicyAttachment",
        "Dashboard",
        "TopicPolicy",
        "AccessPolicyAssociation",
    )
    for each in graph.registrations:
        bucket_part = each.type.startswith("aws:s3/bucket") and each.type not in ("aws:s3/bucket:Bucket", "aws:s3/bucketObjectv2:BucketObjectv2")
        if each.type.startswith("aws:") and not each.type.endswith(without) and not bucket_part:
            assert {"team": "x", "environment": "dev", "managed-by": "modeldeploy"}.items() <= each.inputs["tags"].items(), each.type


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": Network(cidr="10.30.0.0/16")}, "network: excludes cluster: the cluster is in its network already"),
        ({"operations": Operations(capture_percent=1)}, "operations.capture_percent: has no effect on a cluster"),
        ({"encryption": Encryption(key="alias/x")}, "encryption.key: 'alias/x' is not the ARN of a KMS key"),
        ({"loader_image": "loader:latest"}, "loader_image: 'loader:latest' is not an image by digest"),
        ({"cluster": None, "network": Network(id="vpc-1", subnet_ids=["a", "b"], callers=["10.0.0.0/8"])}, "network.callers: excludes network.id"),
    ],
)
def test_arguments_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(EksWorkloadArgs, arguments(tmp_path, **changes), "x")
    assert message in str(caught.value)
    assert str(caught.value).count(message) == 1


def test_models_are_refused(tmp_path: Path) -> None:
    elsewhere = model(tmp_path, source="gs://models/1", container=Container(image=IMAGE, environment={"DATABASE_HOST": "x"}))
    other_path = model(tmp_path, "2", container=Container(image=IMAGE, predict_path="/predict"))
    with pytest.raises(ArgumentError) as caught:
        parse(EksWorkloadArgs, arguments(tmp_path, models=[elsewhere, other_path], database=DATABASE), "x")
    assert "models[0].source: 'gs://models/1' cannot be read by Amazon EKS; allowed: s3://, or a local path" in str(caught.value)
    assert "models[0].container.environment.DATABASE_HOST: excludes database" in str(caught.value)
    assert "models: have different predict paths (/invocations, /predict)" in str(caught.value)


def test_a_split_needs_a_gateway(tmp_path: Path) -> None:
    args = arguments(tmp_path, models=[model(tmp_path, "1"), model(tmp_path, "2")], rollout=Rollout(traffic={"1": 50, "2": 50}))
    with pytest.raises(ArgumentError, match=r"^x: rollout.traffic: splits requests, which needs route.gateway"):
        parse(EksWorkloadArgs, args, "x")


def test_a_name_that_leaves_no_room_is_refused_before_anything_is_registered(tmp_path: Path) -> None:
    args = arguments(tmp_path)

    def program() -> None:
        with pytest.raises(ArgumentError, match="is no name for it; allowed: 1 to 32 lower-case letters"):
            EksWorkload("a" * 33, args)

    assert not run(program).registrations
