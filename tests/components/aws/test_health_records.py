"""Health records in HealthLake: encrypted, private, entered by IAM, every access kept."""

import json
from typing import Any

import pytest

from modeldeploy.aws.health_records import HealthLakeFhirStore, HealthLakeFhirStoreArgs
from modeldeploy.spec import ArgumentError, Encryption, Network, Operations
from modeldeploy.spec.arguments import parse
from tests.components.aws.mocked import ACCOUNT, KEY, REGION, run, statements
from tests.support.lifecycle import Deploy
from tests.support.mocks import Graph

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
STORE = "aws:cloudcontrol/resource:Resource"
GIVEN = Network(id="vpc-1", subnet_ids=["subnet-1", "subnet-2"])
ROLE = "arn:aws:iam::111122223333:role/path/readmission-role"


def make(**changes: Any) -> Graph:
    def program() -> dict[str, Any]:
        records = HealthLakeFhirStore("records", HealthLakeFhirStoreArgs(**changes))
        records.let_read("readmission", ROLE)
        return {name: getattr(records, name) for name in HealthLakeFhirStore.__annotations__}

    return run(program)


def datastore(graph: Graph) -> dict[str, Any]:
    assert graph.one(STORE).inputs["typeName"] == "AWS::HealthLake::FHIRDatastore"
    return json.loads(graph.one(STORE).inputs["desiredState"])


def test_records_are_encrypted_with_a_key_of_the_customer() -> None:
    encrypted = {"CmkType": "CUSTOMER_MANAGED_KMS_KEY", "KmsKeyId": KEY}
    assert datastore(make(encryption=Encryption(key=KEY)))["SseConfiguration"] == {"KmsEncryptionConfig": encrypted}
    made = make()
    assert made.one("aws:kms/key:Key").inputs["enableKeyRotation"] is True


def test_it_is_r4_and_entered_by_iam_alone() -> None:
    made = datastore(make(tags={"owner": "clinic"}))
    assert made["DatastoreTypeVersion"] == "R4"
    assert made["IdentityProviderConfiguration"] == {"AuthorizationStrategy": "AWS_AUTH", "FineGrainedAuthorizationEnabled": False}
    assert {"Key": "owner", "Value": "clinic"} in made["Tags"]


def test_a_deployment_reads_and_searches_and_does_nothing_else() -> None:
    graph = make(encryption=Encryption(key=KEY))
    [policy] = [each for each in graph.all("aws:iam/rolePolicy:RolePolicy") if each.name == "records-readmission"]
    assert policy.inputs["role"] == "readmission-role"
    reading, decrypting = statements(policy.inputs["policy"])
    actions = ["healthlake:GetCapabilities", "healthlake:ReadResource", "healthlake:SearchWithGet", "healthlake:SearchWithPost"]
    assert (reading["Action"], reading["Resource"]) == (actions, graph.outputs["arn"])
    assert (decrypting["Action"], decrypting["Resource"]) == (["kms:Decrypt", "kms:DescribeKey"], KEY)
    assert decrypting["Condition"] == {"StringEquals": {"kms:ViaService": f"healthlake.{REGION}.amazonaws.com"}}


def test_it_is_reached_inside_the_network_by_principals_of_the_account() -> None:
    graph = make(network=GIVEN)
    endpoint = graph.one("aws:ec2/vpcEndpoint:VpcEndpoint").inputs
    assert (endpoint["vpcId"], endpoint["subnetIds"]) == ("vpc-1", ["subnet-1", "subnet-2"])
    assert (endpoint["serviceName"], endpoint["privateDnsEnabled"]) == (f"com.amazonaws.{REGION}.healthlake", True)
    [only] = statements(endpoint["policy"])
    assert only["Condition"] == {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}
    rule = graph.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs
    assert (rule["fromPort"], rule["toPort"], rule["ipProtocol"]) == (443, 443, "tcp")


def test_a_network_that_has_the_endpoint_gets_no_second_one() -> None:
    assert not make(network=GIVEN, endpoint=False).all("aws:ec2/vpcEndpoint:VpcEndpoint")


def test_every_access_is_kept_for_the_time_that_is_said_and_encrypted() -> None:
    graph = make(encryption=Encryption(key=KEY), operations=Operations(log_retention_days=731))
    group = next(each for each in graph.all("aws:cloudwatch/logGroup:LogGroup") if each.name == "records-accesses").inputs
    assert (group["retentionInDays"], group["kmsKeyId"]) == (731, KEY)
    assert group["name"].startswith("/aws/events/")
    rule = graph.one("aws:cloudwatch/eventRule:EventRule").inputs
    assert rule["state"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    assert json.loads(rule["eventPattern"])["source"] == ["aws.healthlake"]
    [writing] = statements(graph.one("aws:cloudwatch/logResourcePolicy:LogResourcePolicy").inputs["policyDocument"])
    assert writing["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_a_refused_request_raises_an_alarm_that_reaches_people() -> None:
    graph = make(operations=Operations(emails=["privacy@example.com"]))
    alarm = next(each for each in graph.all(ALARM) if each.name == "records-refused").inputs
    counted = graph.one("aws:cloudwatch/logMetricFilter:LogMetricFilter").inputs["metricTransformation"]
    assert (alarm["metricName"], alarm["namespace"], alarm["threshold"]) == (counted["name"], counted["namespace"], 0)
    assert graph.one("aws:sns/topicSubscription:TopicSubscription").inputs["endpoint"] == "privacy@example.com"


def test_an_entry_that_cannot_be_written_is_kept_and_raises_an_alarm() -> None:
    graph = make()
    target = graph.one("aws:cloudwatch/eventTarget:EventTarget").inputs
    [tls, sent] = statements(graph.one("aws:sqs/queuePolicy:QueuePolicy").inputs["policy"])
    assert target["deadLetterConfig"]["arn"] == sent["Resource"] == tls["Resource"][0]
    assert (sent["Principal"], sent["Action"]) == ({"Service": "events.amazonaws.com"}, "sqs:SendMessage")
    assert sent["Condition"] == {"ArnEquals": {"aws:SourceArn": "arn:rule"}}
    letters = next(each for each in statements(graph.one("aws:kms/key:Key").inputs["policy"]) if each.get("Sid") == "LettersOfRules")
    assert letters["Principal"] == {"Service": "events.amazonaws.com"}
    alarm = next(each for each in graph.all(ALARM) if each.name == "records-accesses-lost").inputs
    assert (alarm["metricName"], alarm["threshold"]) == ("ApproximateNumberOfMessagesVisible", 0)
    assert alarm["dimensions"] == {"QueueName": "queue-made"}


def test_the_url_and_the_arn_name_the_store() -> None:
    outputs = make().outputs
    assert outputs["url"] == f"https://healthlake.{REGION}.amazonaws.com/datastore/{outputs['id']}/r4"
    assert outputs["arn"] == f"arn:aws:healthlake:{REGION}:{ACCOUNT}:datastore/fhir/{outputs['id']}"


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"HealthLakeFhirStore 'x': tags\.environment: is set by the component"):
        parse(HealthLakeFhirStoreArgs, {"tags": {"environment": "x"}}, "HealthLakeFhirStore 'x'")


@pytest.mark.engine
def test_it_goes_up_stays_as_it_is_and_leaves_nothing(deploy: Deploy) -> None:
    made = deploy("modeldeploy.aws.health_records:HealthLakeFhirStore", "records")
    made.up()
    made.expect_no_changes()
    assert made.up(tags={"owner": "clinic"})
    made.destroy()
    made.up(environment="prod")
    assert "protect" in made.project.destroy(check=False).failed().output
    assert made.sandbox.resources(STORE)
