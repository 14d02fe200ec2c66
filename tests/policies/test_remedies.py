"""Where a rule can put a resource right, it does so, keeps everything else, and the provider takes the result."""

from typing import Any

import pytest
from pulumi_policy import ResourceValidationPolicy
from pulumi_policy.deserialize import deserialize_properties, serialize_properties

from policies.pack import SETTINGS_POLICY, Pack
from policies.remedy import put_right
from policies.rules import RULES
from policies.settings import Settings
from tests.policies.cases import CASES
from tests.policies.changes import MISSING, UNKNOWN, changed
from tests.policies.resources import COMPLIANT, TAGS
from tests.policies.sdk import refusals
from tests.policies.support import arguments, findings, resource

BY_ID = {rule.id: rule for rule in RULES}
FIXED = [case for case in CASES if BY_ID[case.rule].sets]
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "hunter2"}
POLICIES = {policy.name: policy for policy in Pack().policies()}
DEFAULTS = {"defaultTags": {**TAGS, "part-of": "pricing"}}


def remedied(rule: str, token: str, props: Any, config: dict[str, Any] | None = None) -> Any:
    """What a rule makes of a resource, as the engine gets it."""
    settings, policy = POLICIES[SETTINGS_POLICY], POLICIES[rule]
    assert isinstance(settings, ResourceValidationPolicy)
    assert isinstance(policy, ResourceValidationPolicy)
    settings.validate(arguments(token, {}, config), lambda message, urn=None: None)
    given = arguments(token, {})
    given.props = props
    return policy.remediate(given)


def test_at_least_the_certain_fixes_are_there() -> None:
    assert {rule.family.id for rule in RULES if rule.sets} >= {"public-storage", "tls-version", "missing-tags"}


@pytest.mark.parametrize("rule", sorted({case.rule for case in FIXED}))
def test_a_remedy_ends_the_violation_and_changes_nothing_else(rule: str) -> None:
    sets = BY_ID[rule].sets
    assert sets is not None
    for case in FIXED:
        if case.rule != rule:
            continue
        broken = case.props()
        made = remedied(rule, case.token, broken, DEFAULTS)
        assert findings(BY_ID[rule], case.token, made) == [], case
        assert refusals(case.token, made) == [], case
        touched = {path[0] if isinstance(path, tuple) else path.split(".")[0] for path in sets(resource(case.token, broken, Settings.read(DEFAULTS)))}
        untouched = {key: value for key, value in broken.items() if key not in touched}
        assert {key: value for key, value in made.items() if key not in touched} == untouched, case
        assert remedied(rule, case.token, COMPLIANT[case.token], DEFAULTS) is None, "a compliant resource is left alone"


def test_a_resource_of_another_type_is_left_alone() -> None:
    assert remedied("azure-sql-server-tls", "azure-native:storage:StorageAccount", {}) is None


def test_secrets_stay_secrets_and_unknown_values_unknown() -> None:
    """As the engine hands them over for a remedy: secrets marked, unknown values as they are."""
    token = "azure-native:sql:Server"
    wire = {**COMPLIANT[token], "minimalTlsVersion": "1.0", "administratorLoginPassword": SECRET, "location": UNKNOWN}
    made = remedied("azure-sql-server-tls", token, deserialize_properties(wire, True))
    sent = serialize_properties(made)
    assert sent == {**wire, "minimalTlsVersion": "1.2"}


def test_without_values_for_tags_nothing_is_added() -> None:
    token = "aws:s3/bucket:Bucket"
    assert remedied("aws-any-resource-tags", token, changed(COMPLIANT[token], "tags", MISSING)) is None


def test_labels_whose_names_have_dots_are_single_keys() -> None:
    token = "kubernetes:core/v1:ConfigMap"
    dotted = {"app.kubernetes.io/part-of": "pricing"}
    made = remedied("kubernetes-any-object-labels", token, {"metadata": {"name": "settings"}}, {"defaultTags": dotted})
    assert made == {"metadata": {"name": "settings", "labels": dotted}}


def test_an_exception_is_no_reason_for_a_remedy() -> None:
    entry = {"rule": "azure-sql-server-tls", "resource": "pricing", "reason": "An old client until spring", "expires": "2999-12-31"}
    token = "azure-native:sql:Server"
    assert remedied("azure-sql-server-tls", token, changed(COMPLIANT[token], "minimalTlsVersion", "1.0"), {"exceptions": [entry]}) is None


def test_the_original_is_not_written_to() -> None:
    props = {"siteConfig": {"minTlsVersion": "1.0", "alwaysOn": True}}
    made = put_right(props, {"siteConfig.minTlsVersion": "1.2", "httpsOnly": True})
    assert props == {"siteConfig": {"minTlsVersion": "1.0", "alwaysOn": True}}
    assert made == {"siteConfig": {"minTlsVersion": "1.2", "alwaysOn": True}, "httpsOnly": True}
