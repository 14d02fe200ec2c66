"""The RDS database: identity login, private, encrypted, backed up, protected in production."""

from typing import Any

import pytest

from modeldeploy.aws.database import RdsDatabase, RdsDatabaseArgs
from modeldeploy.spec import ArgumentError, Encryption, Environment, Network, Operations
from tests.components.aws.mocked import ACCOUNT, KEY, run, statements
from tests.support.mocks import Graph, Registration

INSTANCE = "aws:rds/instance:Instance"
GIVEN = Network(id="vpc-given", subnet_ids=["subnet-a", "subnet-b"])


def make(**changes: Any) -> Graph:
    def program() -> dict[str, Any]:
        database = RdsDatabase("data", RdsDatabaseArgs(**{"database": "pricing", "environment": Environment.DEVELOPMENT, **changes}))
        connection = database.connection()
        outputs = {name: getattr(database, name) for name in RdsDatabase.__annotations__}
        return outputs | {"connection": [connection.id, connection.host, connection.database]}

    return run(program)


def instance(**changes: Any) -> Registration:
    return make(**changes).one(INSTANCE)


def test_people_and_models_log_in_with_identities_and_no_password_is_anywhere() -> None:
    inputs = instance().inputs
    assert inputs["iamDatabaseAuthenticationEnabled"] is True
    assert inputs["manageMasterUserPassword"] is True
    assert inputs["masterUserSecretKmsKeyId"] == KEY
    assert "password" not in inputs


def test_it_is_reached_from_the_network_only_and_over_tls_only() -> None:
    graph = make(network=GIVEN)
    assert graph.one(INSTANCE).inputs["publiclyAccessible"] is False
    rule = graph.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs
    assert (rule["cidrIpv4"], rule["fromPort"], rule["toPort"]) == ("10.9.0.0/16", 5432, 5432)
    assert not graph.all("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    parameters = {each["name"]: each["value"] for each in graph.one("aws:rds/parameterGroup:ParameterGroup").inputs["parameters"]}
    assert parameters["rds.force_ssl"] == "1"


def test_ranges_that_are_connected_to_the_network_may_reach_it() -> None:
    graph = make(network=Network(id="vpc-given", subnet_ids=["subnet-a", "subnet-b"], callers=["10.99.0.0/16"]))
    rules = graph.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert sorted(each.inputs["cidrIpv4"] for each in rules) == ["10.9.0.0/16", "10.99.0.0/16"]


def test_what_it_stores_is_encrypted_with_the_customer_s_key() -> None:
    graph = make(network=GIVEN)
    inputs = graph.one(INSTANCE).inputs
    assert (inputs["storageEncrypted"], inputs["kmsKeyId"], inputs["performanceInsightsKmsKeyId"]) == (True, KEY, KEY)
    assert all(each.inputs["kmsKeyId"] == KEY for each in graph.all("aws:cloudwatch/logGroup:LogGroup"))
    assert graph.one("aws:sns/topic:Topic").inputs["kmsMasterKeyId"] == KEY


def test_a_key_given_is_used_for_all_of_it() -> None:
    given = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/given"
    graph = make(encryption=Encryption(key=given))
    assert not graph.all("aws:kms/key:Key")
    assert graph.one(INSTANCE).inputs["kmsKeyId"] == given


def test_production_has_a_standby_and_refuses_deletion() -> None:
    made = instance(environment=Environment.PRODUCTION)
    assert made.options.protect is True
    inputs = made.inputs
    assert (inputs["multiAz"], inputs["deletionProtection"], inputs["skipFinalSnapshot"], inputs["deleteAutomatedBackups"]) == (
        True,
        True,
        False,
        False,
    )
    assert inputs["finalSnapshotIdentifier"] == "data-project-stack-final"


def test_development_goes_with_the_stack() -> None:
    made = instance()
    assert made.options.protect is False
    inputs = made.inputs
    assert (inputs["multiAz"], inputs["deletionProtection"], inputs["skipFinalSnapshot"], inputs["deleteAutomatedBackups"]) == (
        False,
        False,
        True,
        True,
    )


def test_logs_exist_before_the_instance_with_their_retention() -> None:
    graph = make(network=GIVEN, operations=Operations(log_retention_days=365))
    groups = graph.all("aws:cloudwatch/logGroup:LogGroup")
    assert {each.inputs["name"] for each in groups} == {f"/aws/rds/instance/data-project-stack/{kind}" for kind in ("postgresql", "upgrade")}
    assert {each.inputs["retentionInDays"] for each in groups} == {365}
    made = graph.one(INSTANCE)
    assert {each.urn for each in groups} <= made.depends_on
    assert sorted(made.inputs["enabledCloudwatchLogsExports"]) == ["postgresql", "upgrade"]
    assert made.inputs["identifier"] == "data-project-stack"


def test_sizes_and_backups_are_as_asked_for() -> None:
    inputs = instance(storage_gib=100, backup_days=35, instance_class="db.m7g.large").inputs
    assert (inputs["allocatedStorage"], inputs["maxAllocatedStorage"], inputs["backupRetentionPeriod"]) == (100, 200, 35)
    assert inputs["instanceClass"] == "db.m7g.large"


def test_people_hear_of_full_disks_and_busy_cpus() -> None:
    graph = make(operations=Operations(emails=["a@example.com"], utilization_percent=80), storage_gib=40)
    alarms = {each.name: each.inputs for each in graph.all("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert (alarms["data-cpu"]["threshold"], alarms["data-cpu"]["comparisonOperator"]) == (80, "GreaterThanThreshold")
    assert (alarms["data-storage"]["threshold"], alarms["data-storage"]["comparisonOperator"]) == (4 * 2**30, "LessThanThreshold")
    assert all(each["alarmActions"] == ["arn:topic"] for each in alarms.values())
    assert graph.one("aws:sns/topicSubscription:TopicSubscription").inputs["endpoint"] == "a@example.com"


def test_the_monitoring_role_serves_this_account_only() -> None:
    role = make(network=GIVEN).one("aws:iam/role:Role", "data-monitoring")
    (trust,) = statements(role.inputs["assumeRolePolicy"])
    assert trust["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_it_connects_deployments_by_its_resource_id() -> None:
    outputs = make().outputs
    assert outputs["connection"] == ["db-MADE", "data-project-stack.rds.example", "pricing"]
    assert (outputs["port"], outputs["administrator_secret"]) == (5432, "arn:secret")


def test_without_a_network_one_is_made_with_the_same_key() -> None:
    graph = make()
    assert graph.one("modeldeploy:index:AwsNetwork").parent == graph.one("modeldeploy:index:RdsDatabase").urn
    assert len(graph.all("aws:kms/key:Key")) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"instance_class": "ml.m5.large"}, "instance_class: 'ml.m5.large' is no RDS instance class"),
        ({"database": "postgres"}, "database: 'postgres' is a name that RDS keeps for itself"),
        ({"database": "Pricing"}, "database: 'Pricing' is no database name"),
        ({"network": Network(id="vpc-1", subnet_ids=["subnet-a"])}, "network.subnet_ids: 1 is too few"),
        ({"storage_gib": 10}, "storage_gib: 10 is not allowed; use 20 to 1024"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_registered(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=rf"RdsDatabase 'data': {message}"):
        make(**changes)
