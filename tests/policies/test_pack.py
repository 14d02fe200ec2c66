"""The pack: settings, exceptions, environments and what Pulumi is told about it."""

import datetime
from typing import Any

import pytest
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy, StackValidationArgs, StackValidationPolicy
from pulumi_policy.proxy import UnknownValueError

from policies.pack import REPORT_POLICY, SETTINGS_POLICY, Pack
from policies.rule import canonical
from policies.rules import ENTRIES, RULES
from policies.settings import Settings
from tests.policies.changes import MISSING, UNKNOWN, changed
from tests.policies.resources import COMPLIANT, allow
from tests.policies.resources import policy as document
from tests.policies.support import arguments, findings, resource

TODAY = datetime.date(2027, 1, 15)
DATABASE = "aws:rds/instance:Instance"
BY_ID = {rule.id: rule for rule in RULES}


def run(token: str, props: dict[str, Any], config: dict[str, Any] | None = None, **more: Any) -> dict[str, list[str]]:
    """All messages for one resource, by policy, as the engine asks for them: one policy after the other, each with its own configuration."""
    said: dict[str, list[str]] = {}
    configured, plain = arguments(token, props, config, **more), arguments(token, props, **more)
    for policy in Pack(today=lambda: TODAY).policies():
        if not isinstance(policy, ResourceValidationPolicy):
            continue
        given = configured if policy.name == SETTINGS_POLICY else plain
        messages: list[str] = []
        policy.validate(given, lambda message, urn=None, into=messages: into.append(message))
        if messages:
            said[policy.name] = messages
    return said


def exception(**changes: str) -> dict[str, Any]:
    entry = {"rule": "aws-rds-instance-public", "resource": "pricing", "reason": "Read by a partner until the VPN is there", "expires": "2027-01-31"}
    return {"exceptions": [{**entry, **changes}]}


def test_the_settings_policy_comes_first_so_that_the_others_see_the_settings() -> None:
    assert [policy.name for policy in Pack().policies()] == [SETTINGS_POLICY, *(rule.id for rule in ENTRIES), REPORT_POLICY]


def test_names_and_descriptions_are_short_enough_to_read() -> None:
    for policy in Pack().policies():
        assert len(policy.name) <= 60
        assert len(policy.description) <= 160, policy.name
        assert policy.severity is not None
        assert policy.enforcement_level in (EnforcementLevel.MANDATORY, EnforcementLevel.ADVISORY)


def test_a_public_database_is_reported_by_the_rule_with_what_to_do() -> None:
    said = run(DATABASE, changed(COMPLIANT[DATABASE], "publiclyAccessible", True))
    (message,) = said.pop("aws-rds-instance-public")
    assert said == {}
    assert message.splitlines() == [
        "publiclyAccessible is true. Set it to false and place the database in private subnets.",
        BY_ID["aws-rds-instance-public"].reason,
    ]


@pytest.mark.parametrize(
    "config",
    [
        exception(),
        exception(rule="public-endpoint"),
        exception(rule="aws-rds-*", resource="pri*"),
        exception(resource=f"urn:pulumi:dev::project::{DATABASE}::pricing"),
        exception(expires="2027-01-15"),
    ],
    ids=["rule", "family", "pattern", "urn", "last day"],
)
def test_an_exception_lets_a_resource_break_a_rule_and_is_reported(config: dict[str, Any]) -> None:
    said = run(DATABASE, changed(COMPLIANT[DATABASE], "publiclyAccessible", True), config)
    assert list(said) == [SETTINGS_POLICY]
    assert said[SETTINGS_POLICY][0].startswith("aws-rds-instance-public is not applied to pricing until 2027-01-")
    assert "Read by a partner until the VPN is there" in said[SETTINGS_POLICY][0]


def test_an_exception_that_has_ended_counts_no_more_and_says_so() -> None:
    said = run(DATABASE, changed(COMPLIANT[DATABASE], "publiclyAccessible", True), exception(expires="2027-01-14"))
    assert set(said) == {SETTINGS_POLICY, "aws-rds-instance-public"}
    assert said[SETTINGS_POLICY] == ["The exception of pricing from aws-rds-instance-public ended on 2027-01-14 and counts no more."]


def test_an_exception_for_another_resource_does_not_count() -> None:
    said = run(DATABASE, changed(COMPLIANT[DATABASE], "publiclyAccessible", True), exception(resource="orders"))
    assert list(said) == ["aws-rds-instance-public"]


def test_an_exception_that_a_resource_does_not_need_is_not_reported() -> None:
    assert run(DATABASE, COMPLIANT[DATABASE], exception()) == {}


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (exception(reason=""), "exceptions[0] does not count: reason is missing"),
        (exception(expires="soon"), "exceptions[0] does not count: expires is 'soon'; write a day as 2027-03-31"),
        (exception(expires="2027-02-31"), "exceptions[0] does not count:"),
        (exception(rule="aws-rds-instance-pubic"), "the rule 'aws-rds-instance-pubic', which this pack does not have"),
        ({"exceptions": ["all"]}, "exceptions[0] does not count: it is no object"),
    ],
    ids=["no reason", "no day", "no such day", "no such rule", "no object"],
)
def test_a_wrong_exception_does_not_count_and_is_named(config: dict[str, Any], says: str) -> None:
    said = run(DATABASE, changed(COMPLIANT[DATABASE], "publiclyAccessible", True), config)
    assert set(said) == {SETTINGS_POLICY, "aws-rds-instance-public"}
    assert says in said[SETTINGS_POLICY][0]


def test_a_wrong_setting_is_told_once_not_for_each_resource() -> None:
    pack = Pack(today=lambda: TODAY)
    policy = pack.policies()[0]
    assert isinstance(policy, ResourceValidationPolicy)
    messages: list[str] = []
    for _ in range(3):
        policy.validate(arguments(DATABASE, COMPLIANT[DATABASE], exception(reason="")), lambda message, urn=None: messages.append(message))
    assert len(messages) == 1


def test_settings_change_what_is_asked_for() -> None:
    group = "aws:cloudwatch/logGroup:LogGroup"
    props = changed(COMPLIANT[group], "retentionInDays", 30.0)
    assert list(run(group, props)) == ["aws-cloudwatch-loggroup-retention"]
    assert run(group, props, {"minimumLogRetentionDays": 30.0}) == {}
    assert list(run(group, COMPLIANT[group], {"requiredTags": ["environment", "cost-center"]})) == ["aws-any-resource-tags"]


@pytest.mark.parametrize(
    ("token", "path", "value"),
    [
        ("aws:ec2/securityGroup:SecurityGroup", "ingress[0].cidrBlocks", ["0.0.0.0/0"]),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "cidrIpv4", "0.0.0.0/0"),
        ("azure-native:network:NetworkSecurityGroup", "securityRules[0].sourceAddressPrefix", "Internet"),
        ("gcp:compute/firewall:Firewall", "sourceRanges", ["0.0.0.0/0"]),
    ],
)
def test_a_port_can_be_opened_to_the_world_by_name(token: str, path: str, value: object) -> None:
    props = changed(COMPLIANT[token], path, value)
    assert len(run(token, props)) == 1
    assert run(token, props, {"openPorts": [443.0]}) == {}
    assert len(run(token, props, {"openPorts": [80.0]})) == 1


@pytest.mark.parametrize("ports", ["440-450", "*"])
def test_a_range_is_only_open_when_each_of_its_ports_is(ports: str) -> None:
    token = "azure-native:network:SecurityRule"
    props = changed(changed(COMPLIANT[token], "sourceAddressPrefix", "*"), "destinationPortRange", ports)
    assert len(run(token, props, {"openPorts": [443.0]})) == 1


SINGLE = changed(COMPLIANT[DATABASE], "multiAz", False)


@pytest.mark.parametrize(
    ("props", "config", "more", "production"),
    [
        (SINGLE, {}, {}, True),
        (changed(SINGLE, "tags.environment", "dev"), {}, {}, False),
        (changed(SINGLE, "tags", {"Environment": "Production", "managed-by": "x"}), {}, {}, True),
        (changed(SINGLE, "tags.environment", "dev"), {"environment": "prod"}, {}, True),
        (SINGLE, {"environment": "staging"}, {}, False),
        (SINGLE, {"productionEnvironments": ["live"]}, {}, False),
        (changed(SINGLE, "tags", {"managed-by": "x"}), {"requiredTags": []}, {"stack_tags": {"environment": "production"}}, True),
        (changed(SINGLE, "tags", {"managed-by": "x"}), {"requiredTags": []}, {}, False),
        (
            changed(SINGLE, "tags", {"managed-by": "x"}),
            {"requiredTags": []},
            {"provider": {"defaultTags": '{"tags": {"environment": "prod"}}'}},
            True,
        ),
    ],
)
def test_production_is_told_by_setting_tag_stack_or_provider(
    props: dict[str, Any], config: dict[str, Any], more: dict[str, Any], production: bool
) -> None:
    assert ("aws-rds-instance-single" in run(DATABASE, props, config, **more)) is production


@pytest.mark.parametrize(("stack", "production"), [("dynamic-pricing.prod", True), ("acme/pricing/production", True), ("prod", True), ("dev", False)])
def test_without_tags_the_stack_name_tells_the_environment(stack: str, production: bool) -> None:
    assert resource(DATABASE, {}, stack=stack).production is production


def test_an_unknown_environment_is_an_advisory_not_a_pass() -> None:
    with pytest.raises(UnknownValueError):
        findings(BY_ID["aws-rds-instance-single"], DATABASE, changed(SINGLE, "tags.environment", UNKNOWN))


@pytest.mark.parametrize(
    "provider",
    [
        {"defaultTags": '{"tags":{"environment":"prod","managed-by":"pulumi"}}'},
        {"defaultTags": {"tags": {"environment": "prod", "managed-by": "pulumi"}}},
    ],
    ids=["as the engine writes it", "as an object"],
)
def test_default_tags_of_the_provider_count(provider: dict[str, Any]) -> None:
    props = changed(COMPLIANT[DATABASE], "tags", MISSING)
    assert "aws-any-resource-tags" in run(DATABASE, props)
    assert "aws-any-resource-tags" not in run(DATABASE, props, provider=provider)


def test_default_labels_of_the_provider_count() -> None:
    props = changed(COMPLIANT["gcp:storage/bucket:Bucket"], "labels", MISSING)
    assert "gcp-any-resource-labels" in run("gcp:storage/bucket:Bucket", props)
    assert run("gcp:storage/bucket:Bucket", props, provider={"defaultLabels": '{"environment":"prod","managed-by":"pulumi"}'}) == {}


@pytest.mark.parametrize(
    ("token", "same"),
    [
        ("azure-native:storage/v20240101:StorageAccount", "azure-native:storage:StorageAccount"),
        ("azure-native:storage/v20230501preview:StorageAccount", "azure-native:storage:StorageAccount"),
        ("aws:alb/loadBalancer:LoadBalancer", "aws:lb/loadBalancer:LoadBalancer"),
        ("aws:s3/bucketV2:BucketV2", "aws:s3/bucket:Bucket"),
        ("aws:s3/bucketAclV2:BucketAclV2", "aws:s3/bucketAcl:BucketAcl"),
        ("aws:apigatewayv2/api:Api", "aws:apigatewayv2/api:Api"),
        ("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:Deployment"),
    ],
)
def test_the_same_resource_under_another_token_is_looked_at_too(token: str, same: str) -> None:
    assert canonical(token) == same


def test_a_rule_has_nothing_to_validate_on_other_types_so_that_pulumi_skips_it() -> None:
    policies = {policy.name: policy for policy in Pack().policies()}
    settings, s3, rds = (policies[name] for name in (SETTINGS_POLICY, "aws-s3-bucket-public-acl", "aws-rds-instance-public"))
    assert isinstance(settings, ResourceValidationPolicy)
    assert isinstance(s3, ResourceValidationPolicy)
    assert isinstance(rds, ResourceValidationPolicy)
    assert (s3.has_validation(), rds.has_validation()) == (True, True), "where the type is not known, as the settings are disabled"
    settings.validate(arguments(DATABASE, {}), lambda message, urn=None: None)
    assert (s3.has_validation(), rds.has_validation()) == (False, True)
    settings.validate(arguments("aws:s3/bucketV2:BucketV2", {}), lambda message, urn=None: None)
    assert (s3.has_validation(), rds.has_validation()) == (True, False)
    assert (s3.has_validation(), rds.has_validation()) == (True, True), "a new resource, and the settings were disabled meanwhile"


def test_what_a_preview_cannot_decide_is_told_once_at_its_end() -> None:
    policies = Pack().policies()
    props = changed(changed(COMPLIANT[DATABASE], "publiclyAccessible", UNKNOWN), "storageEncrypted", UNKNOWN)
    said: list[str] = []
    for number in range(7):
        for policy in policies:
            if isinstance(policy, ResourceValidationPolicy):
                policy.validate(arguments(DATABASE, props, name=f"db-{number}"), lambda message, urn=None: said.append(message))
    assert said == []
    last = policies[-1]
    assert isinstance(last, StackValidationPolicy)
    last.validate(StackValidationArgs([]), lambda message, urn=None: said.append(message))
    last.validate(StackValidationArgs([]), lambda message, urn=None: said.append(message))
    listed = ", ".join(f"db-{number} (storageEncrypted)" for number in range(5))
    (message,) = said
    assert f"aws-rds-database-key: {listed} and 2 more" in message.splitlines()
    assert message.splitlines()[2].startswith("aws-rds-instance-public: db-0 (publiclyAccessible), ")


def test_a_service_that_needs_contributor_on_one_resource_gets_it() -> None:
    token = "azure-native:authorization:RoleAssignment"
    contributor = changed(COMPLIANT[token], "roleDefinitionId", "/x/b24988ac-6180-42a0-ab88-20f7382dd24c")
    group = contributor["scope"]
    assert len(run(token, contributor)) == 1
    assert run(token, {**contributor, "scope": f"{group}/providers/Microsoft.Storage/storageAccounts/a"}) == {}


@pytest.mark.parametrize(
    ("token", "changes"),
    [
        (DATABASE, {"replicateSourceDb": "main", "storageEncrypted": False, "kmsKeyId": "", "multiAz": False}),
        (DATABASE, {"engine": "sqlserver-se", "iamDatabaseAuthenticationEnabled": False}),
        ("gcp:sql/databaseInstance:DatabaseInstance", {"masterInstanceName": "main", "settings.availabilityType": "ZONAL"}),
        ("azure-native:storage:StorageAccount", {"networkRuleSet": {"defaultAction": "Allow"}}),
        ("azure-native:storage:StorageAccount", {"publicNetworkAccess": "SecuredByPerimeter"}),
        ("aws:lb/listener:Listener", {"protocol": "HTTP", "defaultActions": [{"type": "redirect", "redirect": {"protocol": "HTTPS"}}]}),
        ("aws:lb/listener:Listener", {"protocol": "TCP", "sslPolicy": ""}),
        ("aws:apigateway/method:Method", {"httpMethod": "OPTIONS", "authorization": "NONE"}),
        ("aws:apigatewayv2/route:Route", {"routeKey": "OPTIONS /score", "authorizationType": "NONE"}),
        ("aws:ec2/securityGroupRule:SecurityGroupRule", {"type": "egress", "cidrBlocks": ["0.0.0.0/0"]}),
        ("gcp:compute/firewall:Firewall", {"direction": "EGRESS", "sourceRanges": ["0.0.0.0/0"]}),
        ("gcp:compute/firewall:Firewall", {"disabled": True, "sourceRanges": ["0.0.0.0/0"]}),
        ("azure-native:network:SecurityRule", {"access": "Deny", "sourceAddressPrefix": "*"}),
        ("azure-native:network:SecurityRule", {"direction": "Outbound", "sourceAddressPrefix": "*"}),
        ("gcp:container/cluster:Cluster", {"controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enabled": False}}}),
        ("gcp:vertex/aiEndpoint:AiEndpoint", {"privateServiceConnectConfig": {}, "network": "projects/1/global/networks/n"}),
        ("kubernetes:apps/v1:Deployment", {"spec.replicas": MISSING}),
        ("kubernetes:core/v1:ConfigMap", {"metadata": {"labels": {"environment": "prod", "app.kubernetes.io/managed-by": "pulumi"}}}),
        ("azure-native:app:ContainerApp", {"template.scale.minReplicas": 0.0}),
        ("azure-native:web:AppServicePlan", {"sku": {"name": "Y1", "tier": "Dynamic"}}),
        ("azure-native:sql:ServerBlobAuditingPolicy", {"retentionDays": MISSING}),
        ("aws:iam/role:Role", {"managedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"]}),
        ("aws:iam/rolePolicy:RolePolicy", {"policy": document(allow(["ecr:GetAuthorizationToken", "logs:PutLogEvents"], "*"))}),
        ("aws:sqs/queuePolicy:QueuePolicy", {"policy": document({**allow("sqs:*", "*", "*"), "Effect": "Deny"})}),
    ],
)  # fmt: skip
def test_what_is_right_as_it_is_passes(token: str, changes: dict[str, Any]) -> None:
    props = COMPLIANT[token]
    for path, value in changes.items():
        props = changed(props, path, value)
    assert run(token, props) == {}


@pytest.mark.parametrize(
    ("condition", "open_to_all"),
    [
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"StringEquals": {"aws:SourceAccount": "123456789012"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:events:*:123456789012:rule/*"}}, False),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
    ],
)
def test_only_a_condition_on_the_caller_narrows_a_policy_for_everybody(condition: dict[str, Any], open_to_all: bool) -> None:
    token = "aws:sqs/queuePolicy:QueuePolicy"
    policy_for_all = document({**allow("sqs:SendMessage", "*", "*"), "Condition": condition})
    assert bool(run(token, changed(COMPLIANT[token], "policy", policy_for_all))) is open_to_all


SERVERLESS = [{"variantName": "main", "modelName": "m", "serverlessConfig": {"maxConcurrency": 5.0, "memorySizeInMb": 2048.0}}]


@pytest.mark.parametrize(
    ("instance", "takes_a_key"),
    [
        ("ml.m6i.large", True),
        ("ml.c7g.xlarge", True),
        ("ml.inf2.xlarge", True),
        ("ml.r6id.large", False),
        ("ml.g5.xlarge", False),
        ("ml.p4d.24xlarge", False),
    ],
)
def test_instances_with_local_disks_take_no_key(instance: str, takes_a_key: bool) -> None:
    token = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
    props = changed(changed(COMPLIANT[token], "kmsKeyArn", MISSING), "productionVariants[0].instanceType", instance)
    assert bool(run(token, props)) is takes_a_key
    assert run(token, changed(props, "productionVariants", SERVERLESS)) == {}


def test_an_unknown_element_does_not_hide_an_open_one() -> None:
    rule = BY_ID["aws-ec2-securitygroup-open"]
    token = "aws:ec2/securityGroup:SecurityGroup"
    port = {"fromPort": 22.0, "toPort": 22.0, "protocol": "tcp"}
    ingress = [{**port, "cidrBlocks": [UNKNOWN]}, {**port, "cidrBlocks": ["0.0.0.0/0"]}]
    (message,) = rule.findings(resource(token, changed(COMPLIANT[token], "ingress", ingress)))
    assert message.startswith("ingress[1].cidrBlocks holds '0.0.0.0/0' for port 22")


def test_many_problems_of_one_kind_are_one_message() -> None:
    token = "aws:ec2/securityGroup:SecurityGroup"
    ingress = [{"fromPort": port, "toPort": port, "protocol": "tcp", "cidrBlocks": ["0.0.0.0/0"]} for port in range(20, 26)]
    (message,) = findings(BY_ID["aws-ec2-securitygroup-open"], token, changed(COMPLIANT[token], "ingress", ingress))
    assert message.count("holds '0.0.0.0/0'") == 4
    assert "; and 2 more like it. Name the address ranges" in message


def test_defaults_hold_where_nothing_is_configured() -> None:
    assert Settings.read({}) == Settings()
