"""Health records are reached privately, by roles of Entra, and every access is in a log."""

from collections.abc import Mapping
from typing import Any

import pytest

from modeldeploy.azure.health_records import AzureFhirService, AzureFhirServiceArgs
from modeldeploy.spec import ArgumentError, Environment, Network
from tests.support.mocks import Graph

from . import world

WORKSPACE = "azure-native:healthcareapis:Workspace"
SERVICE = "azure-native:healthcareapis:FhirService"
ROLE = "azure-native:authorization:RoleAssignment"
PRIVATE = "azure-native:network:PrivateEndpoint"


def records(**changes: Any) -> Graph:
    args: dict[str, Any] = {"environment": Environment.DEVELOPMENT, "network": world.ATTACHED, **changes}
    return world.made(AzureFhirService, "care-records", AzureFhirServiceArgs(**args))


@pytest.fixture(scope="module")
def default() -> Graph:
    return records()


@pytest.fixture(scope="module")
def tuned() -> Graph:
    """Everything other than by default."""
    return records(
        network=Network(cidr="10.9.0.0/16"),
        readers=[world.CALLER],
        writers=[world.DEPLOYER],
        operations={"emails": ["a@example.com"], "log_retention_days": 365},
        tags={"owner": "care"},
    )


def test_it_is_entered_with_entra_alone_for_its_own_address(default: Graph) -> None:
    url = default.outputs["url"]
    assert url == f"https://{default.one(WORKSPACE).inputs['workspaceName']}-fhir.fhir.azurehealthcareapis.com"
    assert default.one(SERVICE).inputs["authenticationConfiguration"] == {
        "authority": f"https://login.microsoftonline.com/{world.TENANT}",
        "audience": url,
        "smartProxyEnabled": False,
    }
    assert default.one(SERVICE).inputs["corsConfiguration"] == {"allowCredentials": False, "headers": [], "methods": [], "origins": []}
    assert default.one(SERVICE).inputs["kind"] == "fhir-R4"


def test_it_is_reached_by_a_private_endpoint_that_knows_its_name(default: Graph) -> None:
    endpoint = default.one(PRIVATE, "care-records")
    (connection,) = endpoint.inputs["privateLinkServiceConnections"]
    assert connection["groupIds"] == ["healthcareworkspace"]
    assert connection["privateLinkServiceId"].endswith(default.one(WORKSPACE).inputs["workspaceName"])
    assert default.one(SERVICE).urn in endpoint.depends_on
    zones = default.one("azure-native:network:PrivateDnsZoneGroup").inputs["privateDnsZoneConfigs"]
    assert any(zone["privateDnsZoneId"].endswith("/privatelink.fhir.azurehealthcareapis.com") for zone in zones)


def test_it_is_encrypted_with_the_customer_s_key_and_keeps_every_version(default: Graph) -> None:
    service = default.one(SERVICE)
    assert service.inputs["encryption"]["customerManagedKeyEncryption"]["keyEncryptionKeyUrl"].endswith("/" + "0" * 32)
    assert service.inputs["identity"]["type"] == "UserAssigned"
    assert default.one(ROLE, "care-records-keys").urn in service.depends_on
    assert service.inputs["resourceVersionPolicyConfiguration"] == {"default": "versioned"}


def test_a_given_key_is_used() -> None:
    graph = records(encryption={"key": world.KEY}, key_vault_id=world.VAULT, resource_group_name="given")
    assert graph.one(SERVICE).inputs["encryption"]["customerManagedKeyEncryption"]["keyEncryptionKeyUrl"] == world.KEY
    assert not graph.all("azure-native:keyvault:Vault")
    assert graph.outputs["resource_group"] == "given"


def test_nobody_reads_but_who_is_listed(default: Graph, tuned: Graph) -> None:
    assert default.names(ROLE) == ["care-records-keys"]
    reader, writer = tuned.one(ROLE, f"care-records-reader-{world.CALLER}").inputs, tuned.one(ROLE, f"care-records-writer-{world.DEPLOYER}").inputs
    assert (reader["principalId"], writer["principalId"]) == (world.CALLER, world.DEPLOYER)
    assert reader["roleDefinitionId"].endswith("/4c8d0bbc-75d3-4935-991f-5f3c56d81508")
    assert writer["roleDefinitionId"].endswith("/3f88fce4-5892-4214-ae73-ba5294559913")
    assert reader["scope"] == writer["scope"] == tuned.outputs["id"]
    assert "principalType" not in reader, "a group or a person: Azure finds out"


def test_a_deployment_is_let_in_to_read() -> None:
    def program() -> Mapping[str, Any]:
        args = AzureFhirServiceArgs(environment=Environment.DEVELOPMENT, network=world.ATTACHED)
        made = AzureFhirService("care-records", args)
        made.let_read("scoring", "the-batch")
        return {"id": made.id}

    graph = world.run(program)
    assigned = graph.one(ROLE, "care-records-scoring").inputs
    assert (assigned["principalId"], assigned["principalType"], assigned["scope"]) == ("the-batch", "ServicePrincipal", graph.outputs["id"])
    assert assigned["roleDefinitionId"].endswith("/4c8d0bbc-75d3-4935-991f-5f3c56d81508")


def test_every_access_is_logged_and_refused_ones_are_heard_of(tuned: Graph) -> None:
    audit = tuned.one("azure-native:monitor:DiagnosticSetting", "care-records-audit").inputs
    assert audit["resourceUri"] == tuned.outputs["id"]
    assert [each["category"] for each in audit["logs"]] == ["AuditLogs"]
    assert tuned.one("azure-native:operationalinsights:Workspace").inputs["retentionInDays"] == 365
    (condition,) = tuned.one("azure-native:monitor:ScheduledQueryRule").inputs["criteria"]["allOf"]
    assert (condition["metricMeasureColumn"], condition["threshold"]) == ("Refused", 0)
    assert "StatusCode in (401, 403)" in condition["query"]
    (criterion,) = tuned.one("azure-native:monitor:MetricAlert").inputs["criteria"]["allOf"]
    assert (criterion["metricName"], criterion["timeAggregation"]) == ("TotalErrors", "Total")
    assert tuned.one("azure-native:monitor:ActionGroup").inputs["emailReceivers"][0]["emailAddress"] == "a@example.com"


def test_a_network_of_its_own_is_made(tuned: Graph) -> None:
    assert tuned.one("azure-native:network:VirtualNetwork").inputs["addressSpace"] == {"addressPrefixes": ["10.9.0.0/16"]}


def test_names_of_workspaces_are_letters_and_digits(default: Graph) -> None:
    name = default.one(WORKSPACE).inputs["workspaceName"]
    assert name.isalnum()
    assert len(name) <= 24


def test_production_refuses_to_be_deleted(default: Graph) -> None:
    production = records(environment=Environment.PRODUCTION)
    assert all(production.one(kind).options.protect for kind in (WORKSPACE, SERVICE))
    assert not any(default.one(kind).options.protect for kind in (WORKSPACE, SERVICE))


def test_everything_that_takes_tags_has_them(tuned: Graph) -> None:
    for kind in (WORKSPACE, SERVICE, PRIVATE):
        assert tuned.all(kind)[0].inputs["tags"] == {"owner": "care", "environment": "dev", "managed-by": "modeldeploy"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"readers": ["everybody"]}, r"readers\[0\]: 'everybody' is no object id of an Entra principal"),
        ({"writers": ["everybody"]}, r"writers\[0\]: 'everybody' is no object id of an Entra principal"),
        ({"encryption": {"key": world.KEY}}, "key_vault_id: is required with encryption.key"),
        ({"tags": {f"t{n}": "x" for n in range(14)}}, "tags: 14 tags are too many"),
        ({"network": {"id": world.NETWORK, "subnet_ids": [world.SUBNET], "callers": ["10.0.0.0/24"]}}, "network.callers: excludes network.id"),
    ],
)
def test_what_azure_refuses_is_refused_first(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"(?s)AzureFhirService 'care-records'.*{message}"):
        records(**changes)
