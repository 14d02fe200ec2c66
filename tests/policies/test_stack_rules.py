"""Every rule over a stack: a compliant stack passes, and without one resource or with one property changed the rule names what is missing."""

from typing import Any

import pytest
from pulumi_policy import ResourceValidationPolicy, StackValidationArgs, StackValidationPolicy

from policies.pack import REPORT_POLICY, SETTINGS_POLICY, Pack
from policies.rule import Stack
from policies.rules import STACK_RULES
from policies.settings import Settings
from tests.policies import sdk
from tests.policies.resources import COMPLIANT
from tests.policies.stacks import STACK, STACK_CASES, StackCase, arguments, member, stack
from tests.policies.support import arguments as resource_arguments

BY_ID = {rule.id: rule for rule in STACK_RULES}


def found(case_or_members: StackCase | list[Any], rule: str | None = None) -> list[tuple[str, str, str]]:
    """What the rules say: rule, resource and message."""
    members = case_or_members.members() if isinstance(case_or_members, StackCase) else case_or_members
    made = stack(members)
    return [(each.id, resource.name, message) for each in STACK_RULES if rule in (None, each.id) for resource, message in each.findings(made)]


def test_a_compliant_stack_breaks_no_rule() -> None:
    assert found(STACK) == []


@pytest.mark.parametrize("case", STACK_CASES, ids=str)
def test_what_is_missing_breaks_one_rule_and_is_named(case: StackCase) -> None:
    ((rule, at, message),) = [each for each in found(case) if each[0] not in case.also]
    assert (rule, at) == (case.rule, case.at)
    assert case.says in message
    assert message.endswith(BY_ID[rule].fix)


def test_every_rule_has_a_case() -> None:
    assert {case.rule for case in STACK_CASES} | {f"{vendor}-any-stack-closed-data" for vendor in WAYS_IN} == set(BY_ID)
    tokens = {each.token for each in STACK}
    assert all(tokens.intersection(rule.types) for rule in STACK_RULES)


WAYS_IN = {
    "aws": member("aws:lb/loadBalancer:LoadBalancer", "way", internal=False),
    "azure": member("azure-native:cdn:Profile", "way"),
    "gcp": member("gcp:compute/firewall:Firewall", "way", sourceRanges=["0.0.0.0/0"]),
    "kubernetes": member("kubernetes:core/v1:Service", "way", spec={"type": "LoadBalancer"}),
}
HEALTH = member("aws:s3/bucket:Bucket", "records", tags={"data-class": "health"})


@pytest.mark.parametrize("vendor", list(WAYS_IN))
def test_a_stack_with_health_data_has_no_way_in_whatever_its_single_resources_are_for(vendor: str) -> None:
    rule = f"{vendor}-any-stack-closed-data"
    assert found([WAYS_IN[vendor]], rule) == []
    ((_, at, message),) = found([HEALTH, WAYS_IN[vendor], member("aws:ec2/vpc:Vpc", "network")], rule)
    assert at == "way"
    assert message.startswith("the stack holds health data and is open to the internet: way (")
    assert len(found([WAYS_IN[vendor]], rule)) == 0
    settings = stack([WAYS_IN[vendor]], Settings(data_class="cardholder"))
    assert "cardholder data" in next(BY_ID[rule].findings(settings))[1]


def test_many_ways_into_a_stack_with_health_data_are_one_message_that_names_five() -> None:
    ways = [member("aws:lambda/functionUrl:FunctionUrl", f"url-{number}") for number in range(7)]
    ((_, at, message),) = found([HEALTH, *ways], "aws-any-stack-closed-data")
    assert at == "url-0"
    assert message.count("a function URL is on the internet") == 5
    assert "and 2 more. Close each of them" in message


def test_what_a_preview_does_not_know_is_left_to_the_rule_about_it() -> None:
    database = member("aws:rds/instance:Instance", "database", {"publiclyAccessible": "records"})
    assert found([HEALTH, database], "aws-any-stack-closed-data") == []


def test_the_stack_is_of_types_and_inputs_that_the_sdks_have() -> None:
    assert [each.token for each in STACK if not sdk.exists(each.token)] == []
    problems = [sdk.problem(each.token, path) for each in STACK for path in each.refers]
    assert [problem for problem in problems if problem] == []


def test_a_reference_by_a_written_name_counts_as_well_as_one_by_output() -> None:
    bucket = member("aws:s3/bucket:Bucket", "bucket", bucket="models-of-shop")
    block = member("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "block", bucket="models-of-shop")
    assert found([bucket, block], "aws-s3-bucket-unblocked") == []
    other = member("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "block", bucket="another")
    assert len(found([bucket, other], "aws-s3-bucket-unblocked")) == 1


@pytest.mark.parametrize("environment", ["dev", "staging"])
def test_only_production_needs_alarms_and_budgets(environment: str) -> None:
    made = stack([member("aws:sagemaker/endpoint:Endpoint", "endpoint")], Settings(environment=environment))
    assert list(BY_ID["aws-sagemaker-endpoint-no-alarm"].findings(made)) == []


def test_access_logs_of_a_load_balancer_lie_in_a_bucket_without_a_key_of_ones_own() -> None:
    rules = [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]
    configuration = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    logs = [member("aws:s3/bucket:Bucket", "logs"), member(configuration, "logs-key", {"bucket": "logs"}, rules=rules)]
    balancer = member("aws:lb/loadBalancer:LoadBalancer", "balancer", {"accessLogs": "logs"})
    assert len(found(logs, "aws-s3-bucketencryption-key")) == 1
    assert found([*logs, balancer], "aws-s3-bucketencryption-key") == []


def test_an_internal_load_balancer_needs_no_firewall() -> None:
    assert found([member("aws:lb/loadBalancer:LoadBalancer", "balancer", internal=True)], "aws-lb-loadbalancer-no-waf") == []
    network = member("aws:lb/loadBalancer:LoadBalancer", "balancer", internal=False, loadBalancerType="network")
    assert found([network], "aws-lb-loadbalancer-no-waf") == []


def run(case: StackCase, config: dict[str, Any]) -> list[tuple[str, str]]:
    """All messages of the pack for a stack, with the URN they are for."""
    said: list[tuple[str, str]] = []
    for policy in Pack().policies():
        if policy.name == SETTINGS_POLICY and isinstance(policy, ResourceValidationPolicy):
            policy.validate(resource_arguments("aws:s3/bucket:Bucket", COMPLIANT["aws:s3/bucket:Bucket"], config), lambda message, urn=None: None)
        if isinstance(policy, StackValidationPolicy):
            policy.validate(arguments(case.members()), lambda message, urn=None, name=policy.name: said.append((name, f"{urn} {message}")))
    return said


def test_a_stack_is_indexed_once_for_all_rules_and_anew_for_the_next_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    class Counted(Stack):
        def __init__(self, args: StackValidationArgs, *more: Any) -> None:
            made.append(len(args.resources))
            super().__init__(args, *more)

    monkeypatch.setattr("policies.pack.Stack", Counted)
    policies = [policy for policy in Pack().policies() if isinstance(policy, StackValidationPolicy)]
    said: list[str] = []
    for members in (STACK, STACK, STACK[:4]):
        for policy in policies[:-1]:  # as where the report at the end is disabled
            policy.validate(arguments(members), lambda message, urn=None: said.append(message))
    assert made == [len(STACK), len(STACK), 4]
    assert said == []


def test_the_message_is_at_the_resource_that_something_is_missing_for() -> None:
    ((policy, message),) = run(STACK_CASES[0], {})
    assert policy == "aws-s3-bucket-unblocked"
    assert message.startswith("urn:pulumi:dev::project::aws:s3/bucket:Bucket::bucket no BucketPublicAccessBlock")


def test_an_exception_from_a_stack_rule_is_granted_and_reported_at_the_end() -> None:
    entry = {"rule": "public-storage", "resource": "bucket", "reason": "The account blocks it for all buckets", "expires": "2999-12-31"}
    ((policy, message),) = run(STACK_CASES[0], {"exceptions": [entry]})
    assert policy == REPORT_POLICY
    assert "aws-s3-bucket-unblocked is not applied to bucket until 2999-12-31: The account blocks it" in message


def test_an_exception_that_nothing_needs_is_told_at_the_end() -> None:
    needed = {"rule": "public-storage", "resource": "bucket", "reason": "The account blocks it for all buckets", "expires": "2999-12-31"}
    idle = {"rule": "aws-rds-*", "resource": "orders", "reason": "Was moved to another stack", "expires": "2999-12-31"}
    said = run(STACK_CASES[0], {"exceptions": [needed, idle]})
    assert [message for _, message in said if "Nothing needs" in message] == [
        "None Nothing needs the exception of 'orders' from 'aws-rds-*': delete it."
    ]
