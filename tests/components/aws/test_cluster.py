"""The EKS cluster: what it is made of, and what each argument does to it."""

import json
from typing import Any

import pytest

from modeldeploy.aws.cluster import INSIGHTS, SERVICES, EksCluster, EksClusterArgs
from modeldeploy.aws.ec2_machines import cpus_of, pod_hourly_usd
from modeldeploy.aws.network import SERVICES as USUAL
from modeldeploy.spec import ArgumentError, Compute, Encryption, Environment, Network, NodePool, Operations
from modeldeploy.spec.arguments import parse
from tests.components.aws.mocked import ACCOUNT, KEY, REGION, run, statements
from tests.support.mocks import Graph

CLUSTER = "aws:eks/cluster:Cluster"
ENTRY = "aws:eks/accessEntry:AccessEntry"
ASSOCIATION = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
NODE_CLASS = "kubernetes:eks.amazonaws.com/v1:NodeClass"
NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ADDON = "aws:eks/addon:Addon"
ADMINISTRATOR = f"arn:aws:iam::{ACCOUNT}:role/ops/platform.team"
GIVEN = Network(id="vpc-given", subnet_ids=["subnet-a", "subnet-b"], callers=["10.9.0.0/16"])
NAME = "models-project-stack"


def make(**changes: Any) -> Graph:
    def program() -> dict[str, Any]:
        given: dict[str, Any] = {"environment": Environment.DEVELOPMENT, **changes}
        cluster = EksCluster("models", EksClusterArgs(**given))
        reference = cluster.reference()
        return {name: getattr(cluster, name) for name in EksCluster.__annotations__} | {"reference": [reference.id, reference.kubeconfig]}

    return run(program)


@pytest.fixture(scope="module")
def plain() -> Graph:
    return make()


def pool(graph: Graph, name: str) -> dict[str, Any]:
    return graph.one(NODE_POOL, f"models-pool-{name}").inputs["spec"]


def requirements(spec: dict[str, Any]) -> dict[str, tuple[str, list[str]]]:
    return {each["key"]: (each["operator"], each["values"]) for each in spec["template"]["spec"]["requirements"]}


# --- the control plane


def test_its_api_answers_in_the_network_only(plain: Graph) -> None:
    vpc = plain.one(CLUSTER).inputs["vpcConfig"]
    assert (vpc["endpointPrivateAccess"], vpc["endpointPublicAccess"]) == (True, False)
    assert vpc["subnetIds"] == ["models-network-private-1-id", "models-network-private-2-id"]
    rules = plain.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    api = [each.inputs for each in rules if each.inputs["securityGroupId"] == "sg-cluster"]
    assert [(each["cidrIpv4"], each["fromPort"], each["toPort"]) for each in api] == [("10.64.0.0/16", 443, 443)]


def test_callers_of_a_connected_network_reach_the_api_also_of_a_network_that_is_given() -> None:
    graph = make(network=GIVEN)
    rules = graph.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert [each.inputs["cidrIpv4"] for each in rules] == ["10.9.0.0/16", "10.9.0.0/16"]
    assert graph.one(CLUSTER).inputs["vpcConfig"]["subnetIds"] == ["subnet-a", "subnet-b"]
    assert not graph.all("aws:ec2/vpc:Vpc")


def test_people_get_in_by_access_entries_and_nobody_out_of_sight(plain: Graph) -> None:
    access = plain.one(CLUSTER).inputs["accessConfig"]
    assert access == {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}


def test_whoever_made_it_gets_in_and_stays(plain: Graph) -> None:
    entry = plain.one(ENTRY, "models-maker")
    assert entry.inputs["principalArn"] == f"arn:aws:iam::{ACCOUNT}:role/ci/deployer"
    assert list(entry.options.ignoreChanges) == ["principalArn"]
    association = plain.one(ASSOCIATION, "models-maker").inputs
    assert association["policyArn"] == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    assert association["accessScope"] == {"type": "cluster"}


def test_administrators_that_are_listed_are_the_only_ones() -> None:
    graph = make(administrators=[ADMINISTRATOR])
    assert graph.names(ENTRY) == ["models-administrator-platform-team", "models-machines"]
    assert graph.one(ENTRY, "models-administrator-platform-team").inputs["principalArn"] == ADMINISTRATOR
    assert not list(graph.one(ENTRY, "models-administrator-platform-team").options.ignoreChanges)


def test_secrets_and_disks_are_encrypted_with_the_customer_s_key(plain: Graph) -> None:
    assert plain.one(CLUSTER).inputs["encryptionConfig"] == {"provider": {"keyArn": KEY}, "resources": ["secrets"]}
    assert plain.one(NODE_CLASS).inputs["spec"]["ephemeralStorage"] == {"size": "80Gi", "kmsKeyID": KEY}
    granted = statements(plain.one("aws:iam/rolePolicy:RolePolicy", "models-encryption").inputs["policy"])
    assert {each["Resource"] for each in granted} == {KEY}
    assert granted[1]["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_everything_the_control_plane_does_is_logged_where_it_is_kept(plain: Graph) -> None:
    assert set(plain.one(CLUSTER).inputs["enabledClusterLogTypes"]) == {"api", "audit", "authenticator", "controllerManager", "scheduler"}
    groups = {each.inputs["name"]: each for each in plain.all(LOG_GROUP) if "name" in each.inputs}
    assert set(groups) == {f"/aws/eks/{NAME}/cluster", *(f"/aws/containerinsights/{NAME}/{each}" for each in INSIGHTS)}
    for each in groups.values():
        assert (each.inputs["kmsKeyId"], each.inputs["retentionInDays"]) == (KEY, 90)
        assert each.urn in plain.one(CLUSTER).depends_on
    assert plain.outputs["logs"] == f"/aws/eks/{NAME}/cluster"


def test_auto_mode_is_compute_disks_and_balancing_together_without_pools_of_its_own(plain: Graph) -> None:
    inputs = plain.one(CLUSTER).inputs
    assert inputs["computeConfig"] == {"enabled": True}
    assert inputs["storageConfig"] == {"blockStorage": {"enabled": True}}
    assert inputs["kubernetesNetworkConfig"] == {
        "elasticLoadBalancing": {"enabled": True},
        "ipFamily": "ipv4",
        "serviceIpv4Cidr": "172.20.0.0/16",
    }
    assert inputs["bootstrapSelfManagedAddons"] is False
    assert inputs["zonalShiftConfig"] == {"enabled": True}
    assert inputs["upgradePolicy"] == {"supportType": "STANDARD"}
    assert "version" not in inputs
    assert make(kubernetes_version="1.35").one(CLUSTER).inputs["version"] == "1.35"


def test_production_is_protected_from_deletion(plain: Graph) -> None:
    graph = make(environment=Environment.PRODUCTION)
    assert graph.one(CLUSTER).inputs["deletionProtection"] is True
    assert {each.name for each in graph.registrations if each.options.protect} == {"models", "models-key"}
    assert plain.one(CLUSTER).inputs["deletionProtection"] is False
    assert not any(each.options.protect for each in plain.registrations)


def test_services_are_reached_privately(plain: Graph) -> None:
    endpoints = plain.names("aws:ec2/vpcEndpoint:VpcEndpoint")
    assert {f"models-network-{each}" for each in SERVICES} <= set(endpoints)


# --- roles


def test_roles_are_for_their_services_and_carry_aws_s_own_policies(plain: Graph) -> None:
    services: dict[str, str] = {}
    for each in plain.all("aws:iam/role:Role"):
        (trust,) = statements(each.inputs["assumeRolePolicy"])
        services[each.name] = trust["Principal"]["Service"]
        if each.name != "models-machines":
            assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert services == {
        "models-cluster": "eks.amazonaws.com",
        "models-machines": "ec2.amazonaws.com",
        "models-observer": "pods.eks.amazonaws.com",
        "models-network-flows": "vpc-flow-logs.amazonaws.com",
    }
    attached = [each.inputs["policyArn"].rpartition("/")[2] for each in plain.all(ATTACHMENT)]
    assert sorted(attached) == [
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonEKSBlockStoragePolicy",
        "AmazonEKSClusterPolicy",
        "AmazonEKSComputePolicy",
        "AmazonEKSLoadBalancingPolicy",
        "AmazonEKSNetworkingPolicy",
        "AmazonEKSWorkerNodeMinimalPolicy",
        "CloudWatchAgentServerPolicy",
    ]
    (cluster_trust,) = statements(plain.one("aws:iam/role:Role", "models-cluster").inputs["assumeRolePolicy"])
    assert cluster_trust["Action"] == ["sts:AssumeRole", "sts:TagSession"]


def test_the_cluster_waits_for_its_role_s_permissions(plain: Graph) -> None:
    needed = [each for each in plain.all(ATTACHMENT) if each.name.startswith("models-cluster")]
    needed.append(plain.one("aws:iam/rolePolicy:RolePolicy", "models-encryption"))
    assert len(needed) == 6
    assert {each.urn for each in needed} <= plain.one(CLUSTER).depends_on


def test_machines_get_into_the_cluster(plain: Graph) -> None:
    assert plain.one(ENTRY, "models-machines").inputs["type"] == "EC2"
    policy = plain.one(ASSOCIATION, "models-machines").inputs["policyArn"]
    assert policy == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAutoNodePolicy"


# --- machines


def test_machines_are_private_and_network_policies_are_enforced(plain: Graph) -> None:
    spec = plain.one(NODE_CLASS).inputs["spec"]
    assert spec["subnetSelectorTerms"] == [{"id": "models-network-private-1-id"}, {"id": "models-network-private-2-id"}]
    assert spec["securityGroupSelectorTerms"] == [{"id": "sg-cluster"}]
    assert spec["role"] == "role-made"
    assert (spec["networkPolicy"], spec["networkPolicyEventLogs"]) == ("DefaultAllow", "Enabled")
    switch = plain.one("kubernetes:core/v1:ConfigMap").inputs
    assert (switch["metadata"]["namespace"], switch["metadata"]["name"]) == ("kube-system", "amazon-vpc-cni")
    assert switch["data"] == {"enable-network-policy-controller": "true"}


def test_the_general_pool_is_there_and_renews_its_machines(plain: Graph) -> None:
    assert plain.names(NODE_POOL) == ["models-pool-general"]
    spec = pool(plain, "general")
    assert requirements(spec) == {
        "kubernetes.io/arch": ("In", ["amd64"]),
        "eks.amazonaws.com/instance-category": ("In", ["c", "m", "r"]),
        "eks.amazonaws.com/instance-generation": ("Gt", ["4"]),
        "karpenter.sh/capacity-type": ("In", ["on-demand"]),
    }
    template = spec["template"]["spec"]
    assert template["nodeClassRef"] == {"group": "eks.amazonaws.com", "kind": "NodeClass", "name": "modeldeploy"}
    assert (template["expireAfter"], template["terminationGracePeriod"]) == ("336h", "24h")
    assert "taints" not in template
    assert spec["limits"] == {"cpu": "256"}
    assert spec["disruption"]["budgets"] == [{"nodes": "10%"}]


def test_a_pool_with_gpus_keeps_other_pods_away() -> None:
    graph = make(pools=[NodePool(name="gpu", compute=Compute(cpus=4, memory_gib=16, gpus=1), maximum=3)])
    spec = pool(graph, "gpu")
    found = requirements(spec)
    assert found["eks.amazonaws.com/instance-gpu-count"] == ("In", ["1"])
    assert found["eks.amazonaws.com/instance-gpu-manufacturer"] == ("In", ["nvidia"])
    assert found["eks.amazonaws.com/instance-cpu"] == ("Gt", ["3"])
    assert found["eks.amazonaws.com/instance-memory"] == ("Gt", ["16383"])
    assert spec["template"]["spec"]["taints"] == [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}]
    assert spec["template"]["metadata"]["labels"] == {"modeldeploy/pool": "gpu"}
    assert spec["limits"] == {"nvidia.com/gpu": "3"}


def test_a_spare_pool_is_of_spare_machines_and_tainted() -> None:
    spec = pool(make(pools=[NodePool(name="spare", spot=True)]), "spare")
    assert requirements(spec)["karpenter.sh/capacity-type"] == ("In", ["spot"])
    assert requirements(spec)["eks.amazonaws.com/instance-cpu"] == ("In", ["2"])
    assert spec["template"]["spec"]["taints"] == [{"key": "eks.amazonaws.com/capacity-type", "value": "spot", "effect": "NoSchedule"}]
    # Four machines of two CPUs.
    assert spec["limits"] == {"cpu": "8"}


@pytest.mark.parametrize(("kind", "limits", "tainted"), [("m6i.xlarge", {"cpu": "8"}, False), ("g5.2xlarge", {"cpu": "16"}, True)])
def test_a_pool_of_a_named_machine_has_that_one(kind: str, limits: dict[str, str], tainted: bool) -> None:
    spec = pool(make(pools=[NodePool(name="mine", compute=Compute(instance_type=kind), maximum=2)]), "mine")
    assert requirements(spec) == {
        "kubernetes.io/arch": ("In", ["amd64"]),
        "karpenter.sh/capacity-type": ("In", ["on-demand"]),
        "node.kubernetes.io/instance-type": ("In", [kind]),
    }
    assert spec["limits"] == limits
    assert ("taints" in spec["template"]["spec"]) is tainted


def test_add_ons_come_after_the_machines_they_run_on(plain: Graph) -> None:
    assert {each.inputs["addonName"] for each in plain.all(ADDON)} == {"metrics-server", "amazon-cloudwatch-observability"}
    machines = {each.urn for each in (*plain.all(NODE_POOL), plain.one(NODE_CLASS))}
    for each in plain.all(ADDON):
        assert machines <= each.depends_on
    observability = plain.one(ADDON, "models-observability").inputs
    (association,) = observability["podIdentityAssociations"]
    assert association["serviceAccount"] == "cloudwatch-agent"
    attached = plain.one(ATTACHMENT, "models-observer-CloudWatchAgentServerPolicy")
    assert attached.urn in plain.one(ADDON, "models-observability").depends_on


# --- outputs


def test_the_kubeconfig_holds_no_secret_and_asks_the_cloud(plain: Graph) -> None:
    written = json.loads(plain.outputs["kubeconfig"])
    (user,) = written["users"]
    assert user["user"]["exec"]["args"] == ["--region", REGION, "eks", "get-token", "--cluster-name", NAME, "--output", "json"]
    assert set(user["user"]) == {"exec"}
    assert written["clusters"][0]["cluster"] == {"server": "https://api.example", "certificate-authority-data": "Y2E="}
    assert plain.outputs["reference"] == [NAME, plain.outputs["kubeconfig"]]
    provider = plain.one("pulumi:providers:kubernetes")
    assert provider.inputs["kubeconfig"] == plain.outputs["kubeconfig"]
    assert {each.urn for each in plain.all(ASSOCIATION)} <= provider.depends_on


def test_cost_and_budget(plain: Graph) -> None:
    assert plain.outputs["monthly_cost"] == pytest.approx(73 + 1 + 2 * 7.3 * (len(USUAL) + len(SERVICES)), abs=0.01)
    (filtered,) = plain.one("aws:budgets/budget:Budget").inputs["costFilters"]
    assert filtered["values"] == [f"user:modeldeploy-name${NAME}"]
    graph = make(operations=Operations(monthly_budget_usd=900), encryption=Encryption(key=KEY), network=GIVEN)
    assert graph.outputs["monthly_cost"] == 73
    budget = graph.one("aws:budgets/budget:Budget").inputs
    assert budget["limitAmount"] == "900.0"
    # A budget that is given is for the machines too.
    assert budget["costFilters"][0]["values"] == [f"user:modeldeploy-name${NAME}", f"aws:eks:cluster-name${NAME}"]


def test_everything_that_takes_tags_has_them() -> None:
    graph = make(tags={"team": "x"})
    without = ("RouteTableAssociation", "RolePolicy", "RolePolicyAttachment", "TopicPolicy", "AccessPolicyAssociation")
    for each in graph.registrations:
        if each.type.startswith("aws:") and not each.type.endswith(without):
            assert {"team": "x", "environment": "dev", "managed-by": "modeldeploy"}.items() <= each.inputs["tags"].items(), each.type


def test_everything_in_the_cluster_has_the_tags_that_are_labels() -> None:
    graph = make(tags={"team": "x", "cost center": "7"})
    for kind in (NODE_CLASS, NODE_POOL, "kubernetes:core/v1:ConfigMap"):
        labels = graph.one(kind).inputs["metadata"]["labels"]
        assert {"team": "x", "environment": "dev", "managed-by": "modeldeploy"}.items() <= labels.items()
        assert "cost center" not in labels


def test_components_are_parents_of_what_they_made(plain: Graph) -> None:
    made, network = plain.one("modeldeploy:index:EksCluster"), plain.one("modeldeploy:index:AwsNetwork")
    assert {each.parent for each in plain.registrations if each is not made} == {made.urn, network.urn}


# --- what is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"administrators": ["ops"]}, "administrators[0]: 'ops' is not an ARN of an IAM role or user"),
        ({"pools": [NodePool(name="general")]}, "pools[0].name: 'general' is the pool that is always there; use another name"),
        (
            {"pools": [NodePool(name="warm", minimum=1)]},
            "pools[0].minimum: 1 is not allowed: Auto Mode starts machines when pods wait for them; use 0",
        ),
        (
            {"pools": [NodePool(name="bare", compute=Compute(instance_type="m5.metal"))]},
            "pools[0].compute.instance_type: 'm5.metal' is no machine of EKS Auto Mode; write for example m6i.xlarge",
        ),
        ({"network": Network(id="vpc-1", subnet_ids=["s"])}, "network.subnet_ids: 1 is too few; EKS needs subnets in two availability zones"),
        ({"operations": Operations(capture_percent=1)}, "operations.capture_percent: has no effect on a cluster"),
        ({"encryption": Encryption(key="alias/x")}, "encryption.key: 'alias/x' is not the ARN of a KMS key"),
        ({"kubernetes_version": "1.5"}, "kubernetes_version: '1.5' is no version; write for example 1.35"),
    ],
)
def test_arguments_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(EksClusterArgs, EksClusterArgs(**changes), "x")
    assert message in str(caught.value)


def test_a_name_that_leaves_no_room_is_refused_before_anything_is_registered() -> None:
    def program() -> None:
        with pytest.raises(ArgumentError, match="is no name for it; allowed: 1 to 40 lower-case letters"):
            EksCluster("a" * 41, EksClusterArgs())

    assert not run(program).registrations


@pytest.mark.parametrize(
    ("kind", "cpus"), [("m5.large", 2), ("m5.xlarge", 4), ("c7i.4xlarge", 16), ("p4d.24xlarge", 96), ("t3.micro", None), ("m5.metal", None)]
)
def test_a_machine_s_size_tells_its_cpus(kind: str, cpus: int | None) -> None:
    assert cpus_of(kind) == cpus


def test_a_pod_costs_its_larger_share_of_a_machine() -> None:
    assert pod_hourly_usd(1000, 1024) == pytest.approx(0.5 * 0.096 * 1.12)
    assert pod_hourly_usd(500, 6144) == pytest.approx(0.75 * 0.096 * 1.12)
