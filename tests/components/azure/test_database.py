"""The database has no password and no public address."""

from typing import Any

import pytest

from modeldeploy.azure.database import AzureSqlDatabase
from modeldeploy.spec import ArgumentError, DatabaseArgs
from tests.support.mocks import Graph

from . import world

SERVER = "azure-native:sql:Server"
DATABASE = "azure-native:sql:Database"
PROTECTOR = "azure-native:sql:EncryptionProtector"
BACKUP = "azure-native:sql:BackupShortTermRetentionPolicy"
AUDIT = "azure-native:sql:ExtendedServerBlobAuditingPolicy"
THREATS = "azure-native:sql:ServerSecurityAlertPolicy"
PRIVATE = "azure-native:network:PrivateEndpoint"
ADMINISTRATOR = "22222222-3333-4444-5555-666666666666"


@pytest.fixture(scope="module")
def default() -> Graph:
    return world.database()


@pytest.fixture(scope="module")
def tuned() -> Graph:
    """Everything other than by default."""
    return world.database(
        administrator_object_id=ADMINISTRATOR,
        administrator_name="database-admins",
        encryption={"key": world.KEY},
        key_vault_id=world.VAULT,
        backup_days=30,
        storage_gib=64,
        operations={"emails": ["a@example.com"], "log_retention_days": 365, "utilization_percent": 70},
    )


@pytest.fixture(scope="module")
def production() -> Graph:
    """What a stack gets that says nothing but a name."""

    def program() -> dict[str, Any]:
        connection = AzureSqlDatabase("data", DatabaseArgs(database="pricing")).connection()
        return {"id": connection.id, "host": connection.host, "database": connection.database}

    return world.run(program)


def test_only_entra_identities_enter(default: Graph) -> None:
    server = default.one(SERVER).inputs
    assert server["administrators"]["azureADOnlyAuthentication"] is True
    assert "administratorLogin" not in server
    assert "administratorLoginPassword" not in server


def test_there_is_no_public_access_and_no_old_tls(default: Graph) -> None:
    server = default.one(SERVER).inputs
    assert server["publicNetworkAccess"] == "Disabled"
    assert server["restrictOutboundNetworkAccess"] == "Enabled"
    assert server["minimalTlsVersion"] == "1.2"
    (connection,) = default.one(PRIVATE).inputs["privateLinkServiceConnections"]
    assert connection["groupIds"] == ["sqlServer"]
    assert not default.all("azure-native:sql:FirewallRule")


def test_the_administrator_is_whoever_deploys_first_unless_one_is_named(default: Graph, tuned: Graph) -> None:
    unnamed, named = default.one(SERVER), tuned.one(SERVER)
    assert unnamed.inputs["administrators"]["sid"] == world.DEPLOYER
    assert unnamed.inputs["administrators"]["tenantId"] == world.TENANT
    assert "administrators" in unnamed.options.ignoreChanges
    assert named.inputs["administrators"]["sid"] == ADMINISTRATOR
    assert named.inputs["administrators"]["login"] == "database-admins"
    assert named.inputs["administrators"]["principalType"] == "Group"
    assert "administrators" not in named.options.ignoreChanges


def test_it_is_encrypted_with_the_customer_s_key_in_its_newest_version(default: Graph) -> None:
    server, protector = default.one(SERVER).inputs, default.one(PROTECTOR).inputs
    assert server["keyId"].endswith("/keys/key-1a2b3c4d/" + "0" * 32)
    assert server["primaryUserAssignedIdentityId"] in server["identity"]["userAssignedIdentities"]
    assert protector["serverKeyType"] == "AzureKeyVault"
    assert protector["autoRotationEnabled"] is True
    assert default.one("azure-native:authorization:RoleAssignment", "data-keys").urn in default.one(SERVER).depends_on


def test_a_given_key_is_used(tuned: Graph) -> None:
    assert tuned.one(SERVER).inputs["keyId"] == world.KEY
    assert tuned.one(PROTECTOR).inputs["serverKeyName"] == "given_models_0123456789abcdef0123456789abcdef"
    assert not tuned.all("azure-native:keyvault:Vault")


def test_backups_and_size_are_as_asked(default: Graph, tuned: Graph) -> None:
    assert [graph.one(BACKUP).inputs["retentionDays"] for graph in (default, tuned)] == [14, 30]
    assert [graph.one(DATABASE).inputs["maxSizeBytes"] for graph in (default, tuned)] == [32 * 1024**3, 64 * 1024**3]


def test_statements_and_attacks_are_seen(tuned: Graph) -> None:
    assert tuned.one(AUDIT).inputs["state"] == "Enabled"
    assert tuned.one(AUDIT).inputs["isAzureMonitorTargetEnabled"] is True
    assert tuned.one(THREATS).inputs["emailAddresses"] == ["a@example.com"]
    sends = tuned.one("azure-native:monitor:DiagnosticSetting")
    assert sends.inputs["resourceUri"].endswith("/databases/master")
    assert [each["category"] for each in sends.inputs["logs"]] == ["SQLSecurityAuditEvents"]
    assert tuned.one("azure-native:operationalinsights:Workspace").inputs["retentionInDays"] == 365


def test_it_alarms_when_busy_or_full(tuned: Graph) -> None:
    alarms = {each.name: each.inputs["criteria"]["allOf"][0] for each in tuned.all("azure-native:monitor:MetricAlert")}
    assert {name: (each["metricName"], each["threshold"]) for name, each in alarms.items()} == {
        "data-cpu": ("cpu_percent", 70),
        "data-storage": ("storage_percent", 90),
    }


def test_production_stands_by_in_other_zones_and_refuses_deletion(production: Graph) -> None:
    database = production.one(DATABASE)
    assert database.inputs["zoneRedundant"] is True
    assert database.inputs["requestedBackupStorageRedundancy"] == "Zone"
    assert database.inputs["sku"]["name"] == "GP_Gen5"
    assert "autoPauseDelay" not in database.inputs
    assert database.options.protect
    assert production.one(SERVER).options.protect


def test_development_pauses_when_nobody_uses_it_and_can_be_deleted(default: Graph) -> None:
    database = default.one(DATABASE)
    assert database.inputs["sku"]["name"] == "GP_S_Gen5"
    assert database.inputs["autoPauseDelay"] == 60
    assert database.inputs["minCapacity"] == 0.5
    assert not [each.name for each in default.registrations if each.options.protect]


def test_what_azure_cannot_delete_goes_with_what_it_belongs_to(default: Graph) -> None:
    server, database = default.one(SERVER).urn, default.one(DATABASE).urn
    belongs = {kind: default.one(kind).options.deletedWith for kind in (PROTECTOR, AUDIT, THREATS, BACKUP)}
    assert belongs == {PROTECTOR: server, AUDIT: server, THREATS: server, BACKUP: database}


def test_a_network_is_made_in_the_group_of_the_database(production: Graph) -> None:
    assert production.names("modeldeploy:index:AzureNetwork") == ["data-network"]
    assert production.names("azure-native:resources:ResourceGroup") == ["data"]


def test_a_given_network_is_used(default: Graph) -> None:
    assert not default.all("modeldeploy:index:AzureNetwork")
    assert default.one(PRIVATE).inputs["subnet"]["id"] == world.SUBNET


def test_the_connection_names_the_database(production: Graph) -> None:
    assert production.outputs["id"].endswith("/databases/pricing")
    assert production.outputs["host"].endswith(".database.windows.net")
    assert production.outputs["database"] == "pricing"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"administrator_object_id": "admins", "administrator_name": "admins"}, "administrator_object_id: 'admins' is no object id"),
        ({"administrator_object_id": ADMINISTRATOR}, "administrator_name: is required: an administrator has an object id and a name"),
        ({"administrator_name": "admins"}, "administrator_object_id: is required"),
        ({"administrator_type": "Robot"}, "administrator_type: 'Robot' is not allowed; use one of Group, User, Application"),
        ({"encryption": {"key": world.KEY}}, "key_vault_id: is required with encryption.key"),
        ({"network": {"id": world.NETWORK, "subnet_ids": [world.SUBNET], "callers": ["10.0.0.0/24"]}}, "network.callers: excludes network.id"),
        ({"tags": {f"t{n}": "x" for n in range(14)}}, "tags: 14 tags are too many"),
    ],
)
def test_bad_arguments_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"^AzureSqlDatabase 'data': {message}"):
        AzureSqlDatabase("data", world.database_args(**changes))
