"""Every rule: a compliant resource passes, the resource with one property broken fails with a message that names it."""

import re
from collections.abc import Callable, Iterable

import pytest
from pulumi_policy.proxy import UnknownValueError

from policies.rule import Rule, Unknown, canonical
from policies.rules import ENTRIES, FAMILIES, RULES
from policies.settings import Settings
from tests.policies import sdk
from tests.policies.cases import CASES, Case
from tests.policies.changes import MISSING, UNKNOWN, changed
from tests.policies.resources import COMPLIANT
from tests.policies.support import findings, resource

BY_ID = {rule.id: rule for rule in RULES}
FAMILY_CASES: dict[str, list[Case]] = {}
for each in CASES:
    FAMILY_CASES.setdefault(BY_ID[each.rule].family.id, []).append(each)


def failing(cases: Iterable[Case], check: Callable[[Case], object]) -> list[str]:
    """The cases that a check says something about. Thousands of tests for thousands of cases would take longer than the cases."""
    return [f"{case}: {said}" for case in cases for said in (check(case),) if said]


by_family = pytest.mark.parametrize(
    "cases", [pytest.param(FAMILY_CASES[family.id], id=family.id) for family in FAMILIES if family.id in FAMILY_CASES]
)


def test_a_compliant_resource_breaks_no_rule() -> None:
    assert [f"{token}: {rule.id}: {problem}" for token in COMPLIANT for rule in RULES for problem in findings(rule, token, COMPLIANT[token])] == []


@by_family
def test_one_broken_property_breaks_the_rule_and_the_message_names_it(cases: list[Case]) -> None:
    def wrong(case: Case) -> object:
        messages = findings(BY_ID[case.rule], case.token, case.props())
        right = any(case.says in message for message in messages) and all(message.endswith(BY_ID[case.rule].fix) for message in messages)
        return None if right and not any("hunter2" in message for message in messages) else messages or "found nothing"

    assert failing(cases, wrong) == [], "the message names the property, says what to write instead, and never shows a secret"


def test_every_type_of_a_rule_has_a_case() -> None:
    covered: dict[str, set[str]] = {rule: set(tokens) for rule, tokens in TYPES_TESTED_BELOW.items()}
    for case in CASES:
        covered.setdefault(case.rule, set()).add(case.token)
    assert {rule.id: set(rule.types) - covered.get(rule.id, set()) for rule in RULES if not set(rule.types) <= covered.get(rule.id, set())} == {}


OUTSIDE_PRODUCTION = {
    "aws-sagemaker-endpointconfiguration-gpu": (
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        {"productionVariants[0].instanceType": "ml.g5.xlarge"},
        "productionVariants[0].instanceType is 'ml.g5.xlarge'",
    ),
    "azure-machinelearning-deployment-gpu": (
        "azure-native:machinelearningservices:OnlineDeployment",
        {"properties.instanceType": "Standard_NC24ads_A100_v4"},
        "properties.instanceType is 'Standard_NC24ads_A100_v4'",
    ),
    "aws-eks-nodegroup-gpu-idle": ("aws:eks/nodeGroup:NodeGroup", {"instanceTypes": ["g5.xlarge"]}, "scalingConfig.minSize is 2 for 'g5.xlarge'"),
    "gcp-container-nodepool-gpu-idle": (
        "gcp:container/nodePool:NodePool",
        {"nodeConfig.machineType": "g2-standard-4"},
        "autoscaling is not set for 'g2-standard-4' with accelerators",
    ),
    "azure-containerservice-agentpool-gpu-idle": (
        "azure-native:containerservice:AgentPool",
        {"vmSize": "Standard_NC6s_v3", "minCount": 1.0},
        "minCount is 1 for 'Standard_NC6s_v3', with enableAutoScaling true",
    ),
    "aws-sagemaker-endpointconfiguration-idle": (
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        {},
        "productionVariants[0].instanceType runs day and night",
    ),
    "gcp-vertex-deployedmodel-gpu": (
        "modeldeploy:index:VertexDeployedModel",
        {"machineType": "g2-standard-4"},
        "machineType is 'g2-standard-4'",
    ),
    "gcp-cloudrun-service-idle": ("gcp:cloudrunv2/service:Service", {}, "template.scaling.minInstanceCount is 1"),
    "azure-containerapps-app-idle": ("azure-native:app:ContainerApp", {}, "template.scale.minReplicas is 2"),
}
"""Rules for what nobody needs outside of production: the type, what is changed, and what the message says."""

WITHOUT_LABELS = {
    "gcp-managedkafka-topic-single": ("gcp:managedkafka/topic:Topic", {"replicationFactor": 1.0}, "replicationFactor is 1"),
    "gcp-vertex-deployedmodel-single": ("modeldeploy:index:VertexDeployedModel", {"minReplicas": 1.0}, "minReplicas is 1"),
}
"""The opposite, for types that have no labels to tell the environment by."""

RESIDENCY = {"aws-any-resource-region": "region", "azure-any-resource-location": "location", "gcp-any-resource-location": "location"}
TYPES_TESTED_BELOW = {
    "azure-sql-firewallrule-open": {"azure-native:sql:FirewallRule"},
    **{rule: {token} for rule, (token, _, _) in (OUTSIDE_PRODUCTION | WITHOUT_LABELS).items()},
    **{rule: set(BY_ID[rule].types) for rule in RESIDENCY},
}


@pytest.mark.parametrize("rule", list(OUTSIDE_PRODUCTION | WITHOUT_LABELS))
def test_what_costs_much_is_for_production_only_and_what_must_not_fail_asked_of_it_only(rule: str) -> None:
    token, changes, says = (OUTSIDE_PRODUCTION | WITHOUT_LABELS)[rule]
    here, elsewhere = ("dev", "prod") if rule in OUTSIDE_PRODUCTION else ("prod", "dev")
    props = COMPLIANT[token]
    for path, value in changes.items():
        props = changed(props, path, value)
    assert findings(BY_ID[rule], token, props, Settings(environment=elsewhere)) == []
    (message,) = findings(BY_ID[rule], token, props, Settings(environment=here))
    assert message.startswith(says)


@pytest.mark.parametrize(("rule", "path"), list(RESIDENCY.items()))
def test_resources_lie_where_the_settings_allow(rule: str, path: str) -> None:
    europe = Settings(allowed_locations=("europe-west4", "westeurope", "eu-*"))
    for token in BY_ID[rule].types:
        own = next(each for each in (path, "region", "zone") if sdk.problem(token, each) is None)
        for place, allowed in (("europe-west4", True), ("europe-west4-a", True), ("eu-central-1", True), ("global", True), ("us-east1", False)):
            props = changed(COMPLIANT[token], own, place)
            assert (findings(BY_ID[rule], token, props, europe) == []) is allowed, (token, place)
            assert findings(BY_ID[rule], token, props) == [], "nothing is asked for without the setting"


def test_a_resource_without_a_region_lies_where_its_provider_does() -> None:
    token = "aws:s3/bucket:Bucket"
    settings = Settings(allowed_locations=("eu-central-1",))
    assert findings(BY_ID["aws-any-resource-region"], token, COMPLIANT[token], settings, provider={"region": "eu-central-1"}) == []
    (message,) = findings(BY_ID["aws-any-resource-region"], token, COMPLIANT[token], settings, provider={"region": "us-east-1"})
    assert message.startswith("region of the provider is 'us-east-1'")


def test_one_container_app_that_nobody_calls_is_enough() -> None:
    token = "azure-native:app:ContainerApp"
    single = changed(COMPLIANT[token], "template.scale.minReplicas", 1.0)
    assert findings(BY_ID["azure-containerapps-app-single"], token, single) != []
    assert findings(BY_ID["azure-containerapps-app-single"], token, changed(single, "configuration.ingress", MISSING)) == []


@pytest.mark.parametrize("source", ["kinesisSourceConfiguration", "mskSourceConfiguration"])
def test_a_delivery_stream_that_reads_takes_no_key_of_its_own(source: str) -> None:
    token = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
    without = changed(COMPLIANT[token], "serverSideEncryption", MISSING)
    assert findings(BY_ID["aws-kinesis-firehose-key"], token, without) != []
    assert findings(BY_ID["aws-kinesis-firehose-key"], token, {**without, source: {"roleArn": "arn:aws:iam::123456789012:role/keeps"}}) == []


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        ("0.0.0.0", "0.0.0.0", "lets in every Azure customer"),
        ("0.0.0.0", "255.255.255.255", "the whole internet"),
        ("0.0.0.1", "255.255.255.254", "the whole internet"),
    ],
)
def test_a_sql_firewall_open_to_everybody_is_found(first: str, last: str, says: str) -> None:
    token = "azure-native:sql:FirewallRule"
    props = {**COMPLIANT[token], "startIpAddress": first, "endIpAddress": last}
    assert says in findings(BY_ID["azure-sql-firewallrule-open"], token, props)[0]


@by_family
def test_an_unknown_value_is_treated_as_the_rule_says(cases: list[Case]) -> None:
    """In a preview, a value may be unknown: then it counts as set, or the rule raises what Pulumi reports as an advisory."""

    def wrong(case: Case) -> object:
        rule = BY_ID[case.rule]
        try:
            found = findings(rule, case.token, changed(COMPLIANT[case.token], case.path, UNKNOWN))
        except UnknownValueError:
            return None if rule.unknown is Unknown.ADVISORY else "is not decided, though unknown counts as set"
        return found if rule.unknown is Unknown.ADVISORY or case.value is MISSING else None

    assert failing(cases, wrong) == []


def test_the_compliant_resources_are_ones_the_provider_takes() -> None:
    assert [f"{token}: {refusal}" for token in COMPLIANT for refusal in sdk.refusals(token, COMPLIANT[token])] == []


@by_family
def test_the_broken_resources_are_ones_the_provider_takes(cases: list[Case]) -> None:
    """A rule against something nobody can deploy would guard nothing."""
    assert failing(cases, lambda case: sdk.refusals(case.token, case.props())) == []


@by_family
def test_rules_read_only_inputs_that_the_sdk_has(cases: list[Case]) -> None:
    def wrong(case: Case) -> object:
        reads: set[str] = set()
        list(BY_ID[case.rule].findings(resource(case.token, case.props(), reads=reads)))
        problems = {path: sdk.problem(case.token, path) for path in reads if path not in ELSEWHERE}
        if not problems:
            return "reads nothing"
        return None if not any(problems.values()) or _of_another_type(BY_ID[case.rule], problems) else problems

    assert failing(cases, wrong) == []


ELSEWHERE = {"tagsAll"}
"""Read on every type: an output that a provider may fill in."""


def _of_another_type(rule: Rule, problems: dict[str, str | None]) -> bool:
    """A rule over several types may read an input that only some of them have."""
    return all(problem is None or any(sdk.problem(token, path) is None for token in rule.types) for path, problem in problems.items())


def test_rules_are_described_as_the_pack_needs_them() -> None:
    for rule in ENTRIES:
        vendor = rule.id.split("-")[0]
        package = {"azure": "azure-native"}.get(vendor, vendor)
        assert re.fullmatch(r"(aws|azure|gcp|kubernetes)-[a-z0-9]+(-[a-z0-9]+)+", rule.id)
        assert len(rule.id) <= 60, rule.id
        assert all(token.split(":")[0] == package or (vendor == "gcp" and token in sdk.OURS) for token in rule.types), rule.id
        assert all(canonical(token) == token for token in rule.types), rule.id
        assert len(set(rule.types)) == len(rule.types), rule.id
        assert 20 <= len(rule.reason) <= 160, rule.id
        assert rule.reason.endswith("."), rule.id
        assert 4 <= len(rule.fix) <= 180, rule.id
        assert rule.fix.endswith("."), rule.id
        assert len({reference.id for reference in rule.references}) == len(rule.references), rule.id


def test_ids_are_unique() -> None:
    assert len({rule.id for rule in ENTRIES}) == len(ENTRIES)
    assert len({family.id for family in FAMILIES}) == len(FAMILIES)
    assert {rule.family.id for rule in ENTRIES} == {family.id for family in FAMILIES}


def test_types_exist_in_the_sdks() -> None:
    assert [token for token in sorted({token for rule in ENTRIES for token in rule.types}) if not sdk.exists(token)] == []


@pytest.mark.parametrize(
    ("rule", "path"), [("gcp-vertex-deployedmodel-single", "minReplicas"), ("gcp-any-workload-default-account", "serviceAccount")]
)
def test_replicas_and_account_of_a_model_in_a_pool_are_the_pools(rule: str, path: str) -> None:
    token = "modeldeploy:index:VertexDeployedModel"
    without = changed(COMPLIANT[token], path, MISSING)
    pooled = {**without, "pool": "projects/p/locations/europe-west4/deploymentResourcePools/shared"}
    assert findings(BY_ID[rule], token, without, Settings(environment="prod")) != []
    assert findings(BY_ID[rule], token, pooled, Settings(environment="prod")) == []
