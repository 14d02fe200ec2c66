"""The network lets in whom it names, and nobody else."""

import itertools
from typing import Any

import pytest

from modeldeploy.azure.private_link import ZONES
from modeldeploy.azure.subnets import Subnet
from modeldeploy.spec import ArgumentError
from tests.support.mocks import Graph

from . import world

NSG = "azure-native:network:NetworkSecurityGroup"
SUBNET = "azure-native:network:Subnet"
ZONE = "azure-native:privatedns:PrivateZone"
LINK = "azure-native:privatedns:VirtualNetworkLink"
FLOW = "azure-native:network:FlowLog"
POLICY = "azure-native:storage:ManagementPolicy"
ACCOUNT = "azure-native:storage:StorageAccount"


def rules(graph: Graph, group: str = "net") -> dict[str, dict[str, Any]]:
    return {rule["name"]: rule for rule in graph.one(NSG, group).inputs["securityRules"]}


@pytest.fixture(scope="module")
def default() -> Graph:
    return world.network()


@pytest.fixture(scope="module")
def tuned() -> Graph:
    """Everything other than by default."""
    return world.network(
        cidr="10.1.0.0/16",
        callers=["192.168.7.0/24"],
        log_retention_days=545,
        network_watcher_id=f"{world.GROUP}/providers/Microsoft.Network/networkWatchers/ours",
        internet=True,
        tags={"owner": "finance"},
    )


def test_only_the_network_itself_gets_in(default: Graph) -> None:
    found = rules(default)
    assert found["callers"]["sourceAddressPrefixes"] == ["10.64.0.0/16"]
    assert found["callers"]["destinationPortRanges"] == ["443", "1433", "5671", "9093"]
    assert (found["nobody-else"]["access"], found["nobody-else"]["direction"]) == ("Deny", "Inbound")
    assert (found["nothing-out"]["access"], found["nothing-out"]["direction"]) == ("Deny", "Outbound")
    assert found["callers"]["priority"] < found["nobody-else"]["priority"]


def test_callers_get_in_too(tuned: Graph) -> None:
    assert rules(tuned)["callers"]["sourceAddressPrefixes"] == ["10.1.0.0/16", "192.168.7.0/24"]


def test_no_subnet_has_outbound_internet_and_each_has_rules_that_count_for_private_endpoints_too(tuned: Graph) -> None:
    groups = {each.name.removeprefix("net-") for each in tuned.all(NSG)}
    for subnet in tuned.all(SUBNET):
        assert subnet.inputs["defaultOutboundAccess"] is False
        assert subnet.inputs["privateEndpointNetworkPolicies"] == "Enabled"
        assert tuned.one(NSG, subnet.name.replace("net-endpoints", "net")).urn in subnet.depends_on
    assert groups == {"net", "apps", "functions", "nodes", "instances", "api", "control-plane", "gateway"}


def test_subnets_are_in_the_order_of_the_documentation_and_made_one_after_the_other(tuned: Graph) -> None:
    made = tuned.all(SUBNET)
    assert [each.inputs["addressPrefix"] for each in made] == [f"10.1.{number}.0/24" for number in range(8)]
    assert tuned.outputs["subnet_ids"] == [f"{tuned.outputs['id']}/subnets/subnet-10.1.{number}.0-24" for number in range(8)]
    assert [each.name for each in made] == [f"net-{subnet.value.label}" for subnet in Subnet]
    assert all(before.urn in after.depends_on for before, after in itertools.pairwise(made))


def test_a_subnet_that_a_service_fills_is_delegated_to_it(default: Graph) -> None:
    delegated = {each.name: each.inputs["delegations"][0]["serviceName"] for each in default.all(SUBNET) if "delegations" in each.inputs}
    assert delegated == {
        "net-apps": "Microsoft.App/environments",
        "net-functions": "Microsoft.App/environments",
        "net-instances": "Microsoft.ContainerInstance/containerGroups",
        "net-api": "Microsoft.Web/serverFarms",
        "net-control-plane": "Microsoft.ContainerService/managedClusters",
    }


def test_machines_reach_private_endpoints_and_the_services_they_need_and_nothing_else(default: Graph) -> None:
    found = rules(default, "net-functions")
    assert (found["endpoints-out"]["sourceAddressPrefixes"], found["endpoints-out"]["destinationAddressPrefix"]) == (["10.64.2.0/24"], "10.64.0.0/16")
    assert found["endpoints-out"]["destinationPortRanges"] == ["443", "1433", "5671", "9093"]
    assert found["azureactivedirectory-out"]["destinationAddressPrefix"] == "AzureActiveDirectory"
    assert found["nothing-out"]["priority"] > max(rule["priority"] for rule in found.values() if rule["access"] == "Allow")
    assert not [name for name, rule in found.items() if rule["direction"] == "Inbound" and name not in ("itself", "nobody-else")]
    priorities = [(rule["direction"], rule["priority"]) for rule in found.values()]
    assert len(set(priorities)) == len(priorities)


def test_an_environment_is_entered_by_callers_and_asked_by_the_balancer(tuned: Graph) -> None:
    found = rules(tuned, "net-apps")
    assert found["callers"]["sourceAddressPrefixes"] == ["10.1.0.0/16", "192.168.7.0/24"]
    assert found["callers"]["destinationAddressPrefix"] == "10.1.1.0/24"
    assert found["callers"]["destinationPortRanges"] == ["443", "30000-32767"]
    assert found["balancer"]["sourceAddressPrefix"] == "AzureLoadBalancer"
    assert found["balancer"]["destinationPortRanges"] == ["30000-32767"]


def test_the_internet_gets_in_only_where_it_is_asked_for_and_by_https_only(default: Graph, tuned: Graph) -> None:
    opened = [rule for group in tuned.all(NSG) for rule in group.inputs["securityRules"] if rule.get("sourceAddressPrefix") == "Internet"]
    assert [rule["destinationPortRanges"] for rule in opened] == [["443"]]
    assert rules(tuned, "net-gateway")["internet"]["destinationAddressPrefix"] == "10.1.7.0/24"
    assert rules(tuned, "net-gateway")["balancer"]["destinationPortRange"] == "*"
    assert "nothing-out" not in rules(tuned, "net-gateway")
    assert not [rule for group in default.all(NSG) for rule in group.inputs["securityRules"] if rule.get("sourceAddressPrefix") == "Internet"]


def test_every_private_service_has_a_zone_that_the_network_resolves_with(default: Graph) -> None:
    assert {zone.inputs["privateZoneName"] for zone in default.all(ZONE)} == set(ZONES)
    assert {link.inputs["privateZoneName"] for link in default.all(LINK)} == set(ZONES)
    assert not any(link.inputs["registrationEnabled"] for link in default.all(LINK))


def test_flow_logs_go_to_an_account_that_only_the_flow_log_s_identity_enters(default: Graph) -> None:
    account, flow = default.one(ACCOUNT).inputs, default.one(FLOW).inputs
    assert account["allowSharedKeyAccess"] is False
    assert account["publicNetworkAccess"] == "Disabled"
    assert account["encryption"]["keySource"] == "Microsoft.Keyvault"
    assert flow["enabled"] is True
    assert flow["identity"]["type"] == "UserAssigned"
    assert (flow["resourceGroupName"], flow["networkWatcherName"]) == ("NetworkWatcherRG", "NetworkWatcher_westeurope")
    assert default.one("azure-native:authorization:RoleAssignment", "net-flows").urn in default.one(FLOW).depends_on


def test_flow_logs_are_kept_as_long_as_asked(default: Graph, tuned: Graph) -> None:
    kept = [graph.one(POLICY).inputs["policy"]["rules"][0]["definition"]["actions"]["baseBlob"]["delete"] for graph in (default, tuned)]
    assert kept == [{"daysAfterModificationGreaterThan": 90}, {"daysAfterModificationGreaterThan": 545}]


def test_another_network_watcher_can_be_named(tuned: Graph) -> None:
    flow = tuned.one(FLOW).inputs
    assert (flow["resourceGroupName"], flow["networkWatcherName"]) == ("given", "ours")


def test_a_given_group_and_key_are_used() -> None:
    graph = world.network(resource_group_name="given", encryption={"key": world.KEY}, key_vault_id=world.VAULT)
    assert not graph.all("azure-native:resources:ResourceGroup")
    assert not graph.all("azure-native:keyvault:Vault")
    assert graph.one(ACCOUNT).inputs["encryption"]["keyVaultProperties"] == {"keyName": "models", "keyVaultUri": "https://given.vault.azure.net/"}
    assert graph.outputs["resource_group"] == "given"


def test_everything_that_takes_tags_has_them(tuned: Graph) -> None:
    untagged = {each.type for each in tuned.registrations if each.type.startswith("azure-native") and "tags" not in each.inputs}
    assert untagged == {SUBNET, "azure-native:authorization:RoleAssignment", POLICY}
    assert tuned.one(NSG, "net").inputs["tags"] == {"owner": "finance", "environment": "dev", "managed-by": "modeldeploy"}


def test_outputs_name_the_network(default: Graph) -> None:
    assert default.outputs["id"].endswith("/virtualNetworks/virtualnetwork-1a2b3c4d")
    assert len(default.outputs["subnet_ids"]) == 7


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"callers": ["0.0.0.0/0"]}, r"callers\[0\]: '0.0.0.0/0' is open to the internet"),
        ({"network_watcher_id": "watcher"}, "network_watcher_id: 'watcher' is no ARM id"),
        ({"encryption": {"key": world.KEY}}, "key_vault_id: is required with encryption.key on Azure"),
        ({"tags": {f"t{n}": "x" for n in range(14)}}, "tags: 14 tags are too many for an Azure storage account; use 13 or fewer"),
    ],
)
def test_bad_arguments_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"AzureNetwork 'net': {message}"):
        world.network(**changes)


def test_an_api_server_reaches_the_machines_of_its_cluster_and_they_reach_it(tuned: Graph) -> None:
    nodes, control = rules(tuned, "net-nodes"), rules(tuned, "net-control-plane")
    assert (nodes["control-plane"]["sourceAddressPrefixes"], nodes["control-plane"]["destinationPortRange"]) == (["10.1.6.0/24"], "*")
    assert (nodes["control-plane-out"]["destinationAddressPrefix"], nodes["control-plane-out"]["destinationPortRanges"]) == (
        "10.1.6.0/24",
        ["443", "4443"],
    )
    assert (control["nodes-out"]["destinationAddressPrefix"], control["nodes-out"]["destinationPortRange"]) == ("10.1.3.0/24", "*")
    assert control["balancer"]["destinationPortRanges"] == ["9988"]
