"""The network lets in whom it names, and nobody else."""

from typing import Any

import pytest

from modeldeploy.azure.private_link import ZONES
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


def rules(graph: Graph) -> dict[str, dict[str, Any]]:
    return {rule["name"]: rule for rule in graph.one(NSG).inputs["securityRules"]}


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
        tags={"owner": "finance"},
    )


def test_only_the_network_itself_gets_in(default: Graph) -> None:
    found = rules(default)
    assert found["callers"]["sourceAddressPrefixes"] == ["10.64.0.0/16"]
    assert found["callers"]["destinationPortRanges"] == ["443", "1433"]
    assert (found["nobody-else"]["access"], found["nobody-else"]["direction"]) == ("Deny", "Inbound")
    assert (found["nothing-out"]["access"], found["nothing-out"]["direction"]) == ("Deny", "Outbound")
    assert found["callers"]["priority"] < found["nobody-else"]["priority"]


def test_callers_get_in_too(tuned: Graph) -> None:
    assert rules(tuned)["callers"]["sourceAddressPrefixes"] == ["10.1.0.0/16", "192.168.7.0/24"]


def test_the_subnet_has_no_outbound_internet_and_applies_the_rules_to_private_endpoints(tuned: Graph) -> None:
    subnet = tuned.one(SUBNET).inputs
    assert subnet["addressPrefix"] == "10.1.0.0/24"
    assert subnet["defaultOutboundAccess"] is False
    assert subnet["privateEndpointNetworkPolicies"] == "Enabled"
    assert subnet["networkSecurityGroup"]["id"]


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
    assert tuned.one(NSG).inputs["tags"] == {"owner": "finance", "environment": "dev", "managed-by": "modeldeploy"}


def test_outputs_name_the_network_and_its_subnet(default: Graph) -> None:
    graph = default
    assert graph.outputs["id"].endswith("/virtualNetworks/virtualnetwork-1a2b3c4d")
    assert graph.outputs["subnet_ids"] == [f"{graph.outputs['id']}/subnets/subnet-1a2b3c4d"]


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
