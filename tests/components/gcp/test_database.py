from typing import Any

import pytest

from modeldeploy.gcp.database import CloudSqlDatabaseArgs, tier_problems
from modeldeploy.gcp.database_access import database_user, grant_statement, instance_of, project_of
from modeldeploy.spec import Encryption, Operations
from modeldeploy.spec.arguments import ArgumentError, parse
from tests.components.gcp.program import DEVELOPMENT, GIVEN_NETWORK, INSTANCE, database_graph

USER = "gcp:sql/user:User"
ROLE = "gcp:projects/iAMMember:IAMMember"
KEY = "projects/shop-models/locations/europe-west1/keyRings/given/cryptoKeys/given"


def settings(**arguments: Any) -> dict[str, Any]:
    return database_graph(**arguments).one(INSTANCE).inputs["settings"]


def flags(**arguments: Any) -> dict[str, str]:
    return {each["name"]: each["value"] for each in settings(**arguments)["databaseFlags"]}


def test_the_database_has_a_private_address_only_and_takes_encrypted_connections_only() -> None:
    assert settings(network=GIVEN_NETWORK)["ipConfiguration"] == {
        "ipv4Enabled": False,
        "privateNetwork": "projects/shop-models/global/networks/shared",
        "sslMode": "ENCRYPTED_ONLY",
    }


def test_identities_log_in_and_nobody_has_a_password() -> None:
    graph = database_graph(administrators=["user:dba@example.com"])
    assert flags()["cloudsql.iam_authentication"] == "on"
    assert "rootPassword" not in graph.one(INSTANCE).inputs
    assert "password" not in graph.one(USER).inputs


def test_logs_do_not_carry_data() -> None:
    chosen = flags()
    assert chosen["log_statement"] == "ddl"
    assert chosen["log_min_duration_statement"] == "-1"
    assert (chosen["cloudsql.enable_pgaudit"], chosen["pgaudit.log"]) == ("on", "role,ddl")
    assert settings()["insightsConfig"] == {"queryInsightsEnabled": True, "recordClientAddress": False, "recordApplicationTags": False}


def test_the_disk_is_encrypted_with_a_key_that_cloud_sql_may_use() -> None:
    graph = database_graph()
    instance = graph.one(INSTANCE)
    assert instance.inputs["encryptionKeyName"].endswith("/cryptoKeys/made-1a2b3c4")
    grants = {each.name: each for each in graph.all("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember") if each.name.startswith("prices-key")}
    assert grants["prices-key-sqladmin"].inputs["member"] == "serviceAccount:service-123456789012@gcp-sa-sqladmin.iam.gserviceaccount.com"
    assert {each.urn for each in grants.values()} <= instance.depends_on


def test_a_key_that_is_given_is_used_and_left_alone() -> None:
    graph = database_graph(encryption=Encryption(key=KEY), network=GIVEN_NETWORK)
    assert graph.one(INSTANCE).inputs["encryptionKeyName"] == KEY
    assert not graph.all("gcp:kms/cryptoKey:CryptoKey")
    assert not graph.all("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember")
    assert not graph.all("gcp:projects/serviceIdentity:ServiceIdentity")


def test_production_has_a_standby_and_cannot_be_deleted() -> None:
    instance = database_graph().one(INSTANCE)
    assert instance.inputs["deletionProtection"] is True
    assert instance.options.protect is True
    chosen = instance.inputs["settings"]
    assert (chosen["availabilityType"], chosen["deletionProtectionEnabled"], chosen["retainBackupsOnDelete"]) == ("REGIONAL", True, True)


def test_development_goes_with_destroy() -> None:
    instance = database_graph(environment=DEVELOPMENT).one(INSTANCE)
    assert instance.inputs["deletionProtection"] is False
    assert instance.options.protect is False
    chosen = instance.inputs["settings"]
    assert (chosen["availabilityType"], chosen["deletionProtectionEnabled"], chosen["retainBackupsOnDelete"]) == ("ZONAL", False, False)


def test_backups_are_kept_as_long_as_asked_and_any_second_of_a_week_can_be_restored() -> None:
    backups = settings(backup_days=21)["backupConfiguration"]
    assert backups["enabled"] is True
    assert backups["pointInTimeRecoveryEnabled"] is True
    assert backups["transactionLogRetentionDays"] == 7
    assert backups["backupRetentionSettings"] == {"retainedBackups": 21, "retentionUnit": "COUNT"}


def test_the_machine_belongs_to_the_edition() -> None:
    chosen = settings(tier="db-custom-4-16384", storage_gib=100)
    assert (chosen["tier"], chosen["edition"], chosen["diskSize"], chosen["diskAutoresize"]) == ("db-custom-4-16384", "ENTERPRISE", 100, False)


@pytest.mark.parametrize(("data_api", "access"), [(True, "ALLOW_DATA_API"), (False, "DISALLOW_DATA_API")])
def test_the_data_api_can_be_switched_off(data_api: bool, access: str) -> None:
    assert settings(data_api=data_api)["dataApiAccess"] == access


def test_administrators_get_a_user_and_a_role_on_this_instance() -> None:
    graph = database_graph(administrators=["user:DBA@example.com", "group:dbas@example.com"], network=GIVEN_NETWORK)
    assert {(each.inputs["name"], each.inputs["type"]) for each in graph.all(USER)} == {
        ("dba@example.com", "CLOUD_IAM_USER"),
        ("dbas@example.com", "CLOUD_IAM_GROUP"),
    }
    roles = graph.all(ROLE)
    assert {each.inputs["role"] for each in roles} == {"roles/cloudsql.client", "roles/cloudsql.instanceUser"}
    assert {each.inputs["condition"]["expression"] for each in roles} == {
        "resource.service == 'sqladmin.googleapis.com' && resource.name == 'projects/shop-models/instances/prices-1a2b3c4'"
    }


def test_cpu_and_storage_are_watched_and_mails_go_out() -> None:
    graph = database_graph(operations=Operations(utilization_percent=75, emails=["ops@example.com"]))
    alarms = {each.name: each.inputs for each in graph.all("gcp:monitoring/alertPolicy:AlertPolicy")}
    cpu = alarms["prices-alarm-cpu"]["conditions"][0]["conditionThreshold"]
    assert cpu["thresholdValue"] == 0.75
    assert 'database_id="shop-models:prices-1a2b3c4"' in cpu["filter"]
    assert alarms["prices-alarm-storage"]["conditions"][0]["conditionThreshold"]["thresholdValue"] == 0.8
    assert all(each["notificationChannels"] == ["channel"] for each in alarms.values())


def test_logs_are_kept_under_the_key_for_the_time_asked() -> None:
    graph = database_graph(operations=Operations(log_retention_days=180), network=GIVEN_NETWORK)
    logs = graph.one("gcp:logging/projectBucketConfig:ProjectBucketConfig").inputs
    assert logs["retentionDays"] == 180
    assert logs["cmekSettings"]["kmsKeyName"] == graph.one(INSTANCE).inputs["encryptionKeyName"]


def test_a_network_is_made_when_none_is_given_and_the_database_waits_for_its_service_range() -> None:
    graph = database_graph()
    connection = graph.one("gcp:servicenetworking/connection:Connection")
    assert connection.urn in graph.one(INSTANCE).depends_on
    assert not database_graph(network=GIVEN_NETWORK).all("modeldeploy:index:GoogleNetwork")


def test_the_connection_names_instance_address_and_database() -> None:
    outputs = database_graph().outputs
    assert {key: outputs[key] for key in ("id", "host", "database")} == {
        "id": "shop-models:europe-west1:prices-1a2b3c4",
        "host": "10.64.64.3",
        "database": "pricing",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"database": "Pricing"}, "database: 'Pricing' is no database name"),
        ({"storage_gib": 5}, "storage_gib: 5 is not allowed; use 20 to 1024"),
        ({"backup_days": 3}, "backup_days: 3 is not allowed; use 7 to 35"),
        ({"tier": "db-f1-micro"}, "tier: 'db-f1-micro' is no machine; write db-custom-<CPUs>-<MiB of memory>, for example db-custom-2-8192"),
        (
            {"administrators": ["dba@example.com"]},
            "administrators[0]: 'dba@example.com' is no person or group; write user:<address> or group:<address>",
        ),
        ({"administrators": ["user:a@b.c", "user:a@b.c"]}, "administrators[1]: 'user:a@b.c' is there twice"),
        ({"tags": {"modeldeploy-name": "x"}}, "tags.modeldeploy-name: is set by the component; leave it out"),
        ({"password": "x"}, "password: 'password' is not known"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(CloudSqlDatabaseArgs, {"database": "pricing", **arguments}, "CloudSqlDatabase 'prices'")
    assert f"CloudSqlDatabase 'prices': {message}" in str(caught.value)


@pytest.mark.parametrize("tier", ["db-custom-1-3840", "db-custom-2-8192", "db-custom-96-98304"])
def test_machines_that_exist_are_taken(tier: str) -> None:
    assert not list(tier_problems(tier))


@pytest.mark.parametrize(
    "tier", ["db-custom-3-8192", "db-custom-98-98304", "db-custom-2-8000", "db-custom-1-3584", "db-custom-1-7168", "db-custom-8-4096"]
)
def test_machines_that_do_not_exist_are_refused(tier: str) -> None:
    assert len(list(tier_problems(tier))) == 1


def test_connection_names_of_old_projects_are_read() -> None:
    assert (project_of("example.com:shop:europe-west1:prices"), instance_of("example.com:shop:europe-west1:prices")) == ("example.com:shop", "prices")


def test_the_grant_names_the_user_as_postgresql_does() -> None:
    assert grant_statement(database_user("a@p.iam.gserviceaccount.com")) == 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "a@p.iam";'
