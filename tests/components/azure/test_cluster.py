"""A cluster is private, entered with Entra alone, and encrypts with the customer's key what it keeps."""

import base64
import json
from typing import Any

import pytest

from modeldeploy.azure.cluster import AksCluster, AksClusterArgs, authority, kubeconfig, pool_name
from modeldeploy.spec import ArgumentError, Compute, Environment, Network, NodePool
from tests.support.mocks import Graph

from . import world

CLUSTER = "azure-native:containerservice:ManagedCluster"
POOL = "azure-native:containerservice:AgentPool"
WINDOW = "azure-native:containerservice:MaintenanceConfiguration"
ROLE = "azure-native:authorization:RoleAssignment"
KEY = "azure-native:keyvault:Key"
DISKS = "azure-native:compute:DiskEncryptionSet"
ALARM = "azure-native:monitor:MetricAlert"
RULE = "azure-native:monitor:DataCollectionRule"
GPU = NodePool(name="gpu", compute=Compute(gpus=1), maximum=3)
SPARE = NodePool(name="spare", compute=Compute(cpus=4, memory_gib=16), spot=True, maximum=6)


def cluster(**changes: Any) -> Graph:
    args: dict[str, Any] = {"environment": Environment.DEVELOPMENT, "network": world.PLACED, **changes}
    return world.made(AksCluster, "ml", AksClusterArgs(**args))


@pytest.fixture(scope="module")
def default() -> Graph:
    return cluster()


@pytest.fixture(scope="module")
def tuned() -> Graph:
    """Everything other than by default."""
    return cluster(
        pools=[GPU, SPARE],
        general=NodePool(name="pods", compute=Compute(cpus=8, memory_gib=28), minimum=3, maximum=5),
        administrators=[world.CALLER],
        kubernetes_version="1.34",
        egress="routes",
        login="workloadidentity",
        host_encryption=False,
        operations={"emails": ["a@example.com"], "utilization_percent": 80, "log_retention_days": 180, "monthly_budget_usd": 5000},
        tags={"owner": "platform"},
    )


@pytest.fixture(scope="module")
def production() -> Graph:
    return cluster(environment=Environment.PRODUCTION, network=Network(cidr="10.9.0.0/16"))


def made(graph: Graph) -> dict[str, Any]:
    return graph.one(CLUSTER).inputs


def test_its_api_answers_in_the_network_only(default: Graph) -> None:
    assert made(default)["publicNetworkAccess"] == "Disabled"
    assert made(default)["apiServerAccessProfile"] == {
        "enablePrivateCluster": True,
        "enablePrivateClusterPublicFQDN": False,
        "privateDNSZone": "system",
        "enableVnetIntegration": True,
        "subnetId": f"{world.NETWORK}/subnets/control-plane",
        "disableRunCommand": True,
    }


def test_it_is_entered_with_entra_alone(default: Graph, tuned: Graph) -> None:
    assert made(default)["disableLocalAccounts"] is True
    assert made(default)["enableRBAC"] is True
    assert made(default)["aadProfile"] == {"managed": True, "enableAzureRBAC": True, "adminGroupObjectIDs": [], "tenantID": world.TENANT}
    assert made(tuned)["aadProfile"]["adminGroupObjectIDs"] == [world.CALLER]


def test_who_makes_it_administers_it_and_groups_may_fetch_how_to_reach_it(default: Graph, tuned: Graph) -> None:
    deployer = default.one(ROLE, "ml-deployer")
    assert deployer.inputs["principalId"] == world.DEPLOYER
    assert deployer.inputs["roleDefinitionId"].endswith("/b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b")
    assert "principalId" in deployer.options.ignoreChanges
    assert "principalType" not in deployer.inputs, "a person or a pipeline: Azure finds out"
    group = tuned.one(ROLE, f"ml-{world.CALLER}").inputs
    assert (group["principalId"], group["principalType"]) == (world.CALLER, "Group")
    assert group["roleDefinitionId"].endswith("/4abbcc35-e782-43d8-92c5-2d3f1bd2253f")


def test_pods_get_identities_and_the_network_enforces_policies(default: Graph) -> None:
    assert made(default)["oidcIssuerProfile"] == {"enabled": True}
    assert made(default)["securityProfile"]["workloadIdentity"] == {"enabled": True}
    network = made(default)["networkProfile"]
    assert (network["networkPlugin"], network["networkPluginMode"], network["networkDataplane"], network["networkPolicy"]) == (
        "azure",
        "overlay",
        "cilium",
        "cilium",
    )
    assert network["outboundType"] == "loadBalancer"
    assert network["dnsServiceIP"].startswith("172.29.")


def test_machines_can_leave_by_routes_of_their_own(tuned: Graph) -> None:
    assert made(tuned)["networkProfile"]["outboundType"] == "userDefinedRouting"


def test_secrets_and_disks_are_encrypted_with_the_customer_s_key(default: Graph) -> None:
    kms = made(default)["securityProfile"]["azureKeyVaultKms"]
    assert (kms["enabled"], kms["keyVaultNetworkAccess"]) == (True, "Private")
    assert kms["keyVaultResourceId"].split("/vaults/")[1].startswith("ml-keys-")
    assert default.one(KEY, "ml-secrets").inputs["properties"]["keyOps"] == ["encrypt", "decrypt"]
    disks = default.one(DISKS)
    assert disks.inputs["encryptionType"] == "EncryptionAtRestWithCustomerKey"
    assert disks.inputs["rotationToLatestKeyVersionEnabled"] is True
    assert disks.inputs["activeKey"]["keyUrl"].endswith("/" + "0" * 32)
    assert disks.options.ignoreChanges == ["activeKey.keyUrl"]
    assert default.one(ROLE, "ml-keys").urn in disks.depends_on
    assert made(default)["diskEncryptionSetID"].endswith("/diskEncryptionSets/diskencryptionset-1a2b3c4d")
    assert made(default)["agentPoolProfiles"][0]["enableEncryptionAtHost"] is True
    assert default.one(POOL).inputs["enableEncryptionAtHost"] is True


def test_a_given_key_encrypts_secrets_too() -> None:
    graph = cluster(encryption={"key": world.KEY}, key_vault_id=world.VAULT)
    kms = made(graph)["securityProfile"]["azureKeyVaultKms"]
    assert (kms["keyId"], kms["keyVaultResourceId"]) == (world.KEY, world.VAULT)
    assert not graph.all(KEY)
    assert graph.one(ROLE, "ml-secrets").inputs["scope"] == world.VAULT


def test_host_encryption_can_be_left_out(tuned: Graph) -> None:
    assert made(tuned)["agentPoolProfiles"][0]["enableEncryptionAtHost"] is False
    assert all(each.inputs["enableEncryptionAtHost"] is False for each in tuned.all(POOL))


def test_the_cluster_waits_for_what_it_may_do_on_exact_resources(default: Graph) -> None:
    scopes = {each.name: each.inputs["scope"] for each in default.all(ROLE)}
    assert scopes["ml-nodes"] == f"{world.NETWORK}/subnets/nodes"
    assert scopes["ml-api"] == f"{world.NETWORK}/subnets/control-plane"
    assert "/userAssignedIdentities/" in scopes["ml-kubelet"]
    assert "/diskEncryptionSets/" in scopes["ml-disks"]
    assert scopes["ml-secrets"] == scopes["ml-vault"]
    needed = {default.one(ROLE, f"ml-{label}").urn for label in ("nodes", "api", "kubelet", "disks", "secrets", "vault")}
    assert needed <= default.one(CLUSTER).depends_on


def test_defender_policy_image_cleaner_and_scaling_by_events_are_on(default: Graph) -> None:
    security = made(default)["securityProfile"]
    assert security["defender"]["securityMonitoring"] == {"enabled": True}
    assert security["imageCleaner"] == {"enabled": True, "intervalHours": 168}
    assert made(default)["workloadAutoScalerProfile"] == {"keda": {"enabled": True}}
    assert made(default)["addonProfiles"]["azurepolicy"] == {"enabled": True}
    assert made(default)["addonProfiles"]["omsagent"]["config"]["useAADAuth"] == "true"
    assert made(default)["nodeResourceGroupProfile"] == {"restrictionLevel": "ReadOnly"}


def test_patches_come_by_themselves_on_sunday_nights(default: Graph) -> None:
    assert made(default)["autoUpgradeProfile"] == {"upgradeChannel": "patch", "nodeOSUpgradeChannel": "NodeImage"}
    windows = {each.inputs["configName"]: each.inputs["maintenanceWindow"] for each in default.all(WINDOW)}
    assert set(windows) == {"aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"}
    assert all(each["schedule"] == {"weekly": {"dayOfWeek": "Sunday", "intervalWeeks": 1}} for each in windows.values())


def test_the_system_s_pods_have_machines_of_their_own(default: Graph, production: Graph) -> None:
    (system,) = made(default)["agentPoolProfiles"]
    assert system["mode"] == "System"
    assert system["nodeTaints"] == ["CriticalAddonsOnly=true:NoSchedule"]
    assert (system["minCount"], system["maxCount"], system["enableAutoScaling"]) == (2, 5, True)
    assert system["vnetSubnetID"] == f"{world.NETWORK}/subnets/nodes"
    assert system["securityProfile"] == {"sshAccess": "Disabled"}
    assert system["enableNodePublicIP"] is False
    assert "availabilityZones" not in system
    assert made(production)["agentPoolProfiles"][0]["availabilityZones"] == ["1", "2", "3"]
    assert production.one(POOL).inputs["availabilityZones"] == ["1", "2", "3"]


def test_the_number_of_machines_is_the_autoscaler_s(default: Graph) -> None:
    assert "agentPoolProfiles[0].count" in default.one(CLUSTER).options.ignoreChanges
    assert "securityProfile.azureKeyVaultKms.keyId" in default.one(CLUSTER).options.ignoreChanges
    assert "count" in default.one(POOL).options.ignoreChanges


def test_pools_with_gpus_and_spare_ones_take_only_pods_that_put_up_with_it(tuned: Graph) -> None:
    pools = {each.name: each.inputs for each in tuned.all(POOL)}
    assert pools["ml-gpu"]["nodeTaints"] == ["nvidia.com/gpu=present:NoSchedule"]
    assert pools["ml-gpu"]["vmSize"] == "Standard_NC4as_T4_v3"
    assert (pools["ml-gpu"]["minCount"], pools["ml-gpu"]["maxCount"], pools["ml-gpu"]["scaleSetPriority"]) == (0, 3, "Regular")
    assert pools["ml-gpu"]["upgradeSettings"] == {"maxSurge": "33%"}
    spare = pools["ml-spare"]
    assert spare["nodeTaints"] == ["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"]
    assert (spare["scaleSetPriority"], spare["scaleSetEvictionPolicy"], spare["spotMaxPrice"]) == ("Spot", "Delete", -1)
    assert "upgradeSettings" not in spare
    assert pools["ml-pods"]["nodeTaints"] == []
    assert (pools["ml-pods"]["vmSize"], pools["ml-pods"]["minCount"], pools["ml-pods"]["maxCount"]) == ("Standard_DS4_v2", 3, 5)
    assert {name: pool["nodeLabels"] for name, pool in pools.items()} == {f"ml-{label}": {"pool": label} for label in ("gpu", "spare", "pods")}


def test_another_machine_is_another_pool() -> None:
    assert pool_name(GPU, "Standard_NC4as_T4_v3") != pool_name(GPU, "Standard_NC8as_T4_v3")
    assert pool_name(NodePool(name="abcdefghijkl"), "Standard_D2as_v4")[:8] == "abcdefgh"
    assert len(pool_name(NodePool(name="abcdefghijkl"), "Standard_D2as_v4")) == 12
    assert pool_name(NodePool(name="abcdefghijkl"), "x") != pool_name(NodePool(name="abcdefghijkm"), "x")


def test_logs_of_containers_and_of_the_api_are_kept(tuned: Graph) -> None:
    rule = tuned.one(RULE).inputs
    (source,) = rule["dataSources"]["extensions"]
    assert source["extensionName"] == "ContainerInsights"
    assert source["extensionSettings"]["dataCollectionSettings"]["enableContainerLogV2"] is True
    association = tuned.one("azure-native:monitor:DataCollectionRuleAssociation").inputs
    assert association["associationName"] == "ContainerInsightsExtension"
    assert association["resourceUri"].endswith(made(tuned)["dnsPrefix"] and association["resourceUri"].rsplit("/", 1)[-1])
    categories = [each["category"] for each in tuned.one("azure-native:monitor:DiagnosticSetting", "ml-cluster").inputs["logs"]]
    assert categories == ["kube-audit-admin", "guard", "kube-apiserver", "cluster-autoscaler"]
    assert tuned.one("azure-native:operationalinsights:Workspace").inputs["retentionInDays"] == 180


def test_alarms_follow_operations(tuned: Graph) -> None:
    limits = {each.name: each.inputs["criteria"]["allOf"][0]["threshold"] for each in tuned.all(ALARM)}
    assert limits == {"ml-cpu": 80, "ml-memory": 80}
    assert tuned.one("azure-native:consumption:Budget").inputs["amount"] == 5000


def test_cost_is_that_of_the_machines_at_their_minimum(default: Graph) -> None:
    assert default.outputs["monthly_cost"] == pytest.approx((2 * 0.192 + 2 * 0.192) * 730)
    assert default.one("azure-native:consumption:Budget").inputs["amount"] == pytest.approx((5 * 0.192 + 10 * 0.192) * 730)


def test_the_kubeconfig_holds_no_secret(default: Graph, tuned: Graph) -> None:
    config = json.loads(default.outputs["kubeconfig"])
    assert config["clusters"][0]["cluster"] == {
        "server": "https://ml-1a2b.privatelink.westeurope.azmk8s.io:443",
        "certificate-authority-data": "Q0E=",
    }
    (user,) = config["users"]
    assert set(user["user"]) == {"exec"}
    assert user["user"]["exec"]["command"] == "kubelogin"
    assert user["user"]["exec"]["args"][-2:] == ["--login", "azurecli"]
    assert json.loads(tuned.outputs["kubeconfig"])["users"][0]["user"]["exec"]["args"][-1] == "workloadidentity"
    assert config["current-context"] == "ml"


def test_the_authority_is_read_from_what_azure_gives() -> None:
    assert authority(base64.b64encode(b"    certificate-authority-data: AbC=\n    server: x").decode()) == "AbC="
    assert authority(base64.b64encode(b"server: x").decode()) == ""
    assert json.loads(kubeconfig("x", "h", "a", AksClusterArgs().login))["kind"] == "Config"


def test_outputs(default: Graph) -> None:
    assert default.outputs["issuer"] == world.ISSUER
    assert default.outputs["kubelet_identity"] == "the-principal"
    assert default.outputs["logs"] == f"https://portal.azure.com/#resource{default.outputs['id']}/logs"


def test_production_is_protected_with_an_agreement_on_its_uptime(default: Graph, production: Graph) -> None:
    assert made(production)["sku"] == {"name": "Base", "tier": "Standard"}
    assert production.one(CLUSTER).options.protect
    assert made(default)["sku"] == {"name": "Base", "tier": "Free"}
    assert not default.one(CLUSTER).options.protect


def test_a_network_of_its_own_has_its_subnets(production: Graph) -> None:
    assert made(production)["apiServerAccessProfile"]["subnetId"].endswith("/subnets/subnet-10.9.6.0-24")
    assert production.one(POOL).inputs["vnetSubnetID"].endswith("/subnets/subnet-10.9.3.0-24")


def test_everything_that_takes_tags_has_them(tuned: Graph) -> None:
    untagged = {each.type.split(":", 1)[1] for each in tuned.registrations if each.type.startswith("azure-native") and "tags" not in each.inputs}
    assert untagged == {
        "authorization:RoleAssignment",
        "consumption:Budget",
        "containerservice:MaintenanceConfiguration",
        "monitor:DataCollectionRuleAssociation",
        "monitor:DiagnosticSetting",
    }
    assert made(tuned)["tags"]["owner"] == "platform"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network": Network(id=world.NETWORK, subnet_ids=[world.SUBNET])}, "network.subnet_ids: has no number 4, the subnet for machines of AKS"),
        ({"pools": [NodePool(name="big", compute=Compute(gpus=3))]}, r"pools\[0\]\.compute: AKS has no machine"),
        ({"general": NodePool(name="g1", compute=Compute(instance_type="none"))}, r"general\.compute\.instance_type: 'none' is not known"),
        ({"general": NodePool(name="g1", minimum=0)}, "general: is for pods that ask for nothing special"),
        ({"general": NodePool(name="g1", minimum=1, spot=True)}, "general: is for pods that ask for nothing special"),
        ({"pools": [NodePool(name="general")]}, "general.name: 'general' is in pools as well"),
        ({"network": Network(), "pools": [NodePool(name="many", maximum=190)]}, "pools: have up to 205 machines with those of the system"),
        ({"network": Network(cidr="172.24.0.0/16")}, "network.cidr: '172.24.0.0/16' overlaps 172.24.0.0/14 or 172.29.0.0/16"),
        ({"network": Network(), "egress": "routes"}, "egress: routes needs network.id"),
        ({"administrators": ["me"]}, r"administrators\[0\]: 'me' is no object id of an Entra group"),
        ({"kubernetes_version": "latest"}, "kubernetes_version: 'latest' is no version"),
        ({"encryption": {"key": world.KEY}}, "key_vault_id: is required with encryption.key"),
        ({"tags": {f"t{n}": "x" for n in range(14)}}, "tags: 14 tags are too many"),
        ({"network": Network(id=world.NETWORK, subnet_ids=world.PLACED.subnet_ids, callers=["10.0.0.0/24"])}, "network.callers: excludes network.id"),
    ],
)
def test_what_azure_refuses_is_refused_first(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"(?s)AksCluster 'ml'.*{message}"):
        cluster(**changes)
