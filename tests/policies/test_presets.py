"""Presets: what stops a deployment in which environment and under which framework."""

import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy, Severity

from policies.frameworks import CONTROLS, Standard
from policies.pack import REPORT_POLICY, SETTINGS_POLICY, Pack
from policies.presets import FOLDER, PRESETS, Preset, configuration, text
from policies.rules import ENTRIES, FAMILIES
from policies.settings import CLOSED_CLASSES, EXPOSURE, SCHEMA, Settings
from tests.policies.changes import changed
from tests.policies.resources import COMPLIANT
from tests.policies.support import arguments

ROOT = Path(__file__).resolve().parents[2]
BY_NAME = {preset.name: preset for preset in PRESETS}
DATABASE = "aws:rds/instance:Instance"


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_the_files_are_what_the_module_writes(preset: Preset) -> None:
    assert (FOLDER / f"{preset.name}.json").read_text() == text(preset), "run `python -m policies.presets`"


def test_there_is_a_file_for_each_preset_and_no_other() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(BY_NAME) == {"baseline", "production", "hipaa", "gdpr", "soc2", "iso27001", "pci"}


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_names_rules_and_settings_that_there_are(preset: Preset) -> None:
    config = configuration(preset)
    settings = {name: value for name, value in config.pop(SETTINGS_POLICY).items() if name != "enforcementLevel"}
    assert set(settings) <= set(SCHEMA)
    assert Settings.read(settings).problems == ()
    assert set(config) <= {rule.id for rule in ENTRIES}
    assert set(config.values()) <= {"advisory"}


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_no_preset_makes_a_rule_stop_what_the_pack_only_reports(preset: Preset) -> None:
    only_reported = [rule for rule in ENTRIES if rule.level is EnforcementLevel.ADVISORY]
    assert only_reported
    assert all(preset.level(rule) is EnforcementLevel.ADVISORY for rule in only_reported)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_what_opens_data_to_the_internet_stops_under_every_preset(preset: Preset) -> None:
    grave = [rule for rule in ENTRIES if rule.severity is Severity.CRITICAL and rule.family.id in EXPOSURE]
    assert len(grave) > 20
    assert all(preset.level(rule) is EnforcementLevel.MANDATORY for rule in grave)


def test_baseline_reports_what_is_not_serious() -> None:
    levels = {rule.severity: BY_NAME["baseline"].level(rule) for rule in ENTRIES if rule.level is EnforcementLevel.MANDATORY}
    assert levels == {
        Severity.LOW: EnforcementLevel.ADVISORY,
        Severity.MEDIUM: EnforcementLevel.ADVISORY,
        Severity.HIGH: EnforcementLevel.MANDATORY,
        Severity.CRITICAL: EnforcementLevel.MANDATORY,
    }


@pytest.mark.parametrize("preset", [preset for preset in PRESETS if preset.standard], ids=lambda preset: preset.name)
def test_a_framework_stops_what_serves_its_controls_and_reports_the_rest(preset: Preset) -> None:
    assert preset.standard is not None
    for rule in ENTRIES:
        if rule.level is EnforcementLevel.MANDATORY:
            serves = bool(rule.serves(preset.standard))
            assert preset.level(rule) is (EnforcementLevel.MANDATORY if serves else EnforcementLevel.ADVISORY)


def test_every_family_serves_controls_and_every_framework_has_some() -> None:
    assert set(CONTROLS) == {family.id for family in FAMILIES}
    assert all(CONTROLS[family.id] for family in FAMILIES)
    assert all(sum(standard in CONTROLS[family.id] for family in FAMILIES) >= 16 for standard in Standard)


def test_settings_of_ones_own_lie_over_a_preset(tmp_path: Path) -> None:
    own = {"pack-settings": {"minimumLogRetentionDays": 400}, "aws-lb-loadbalancer-public": "disabled"}
    file = tmp_path / "own.json"
    file.write_text(json.dumps(own))
    command = [sys.executable, "-m", "policies.presets", "hipaa", str(file)]
    made = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert made["pack-settings"]["minimumLogRetentionDays"] == 400
    assert made["pack-settings"]["dataClass"] == "health"
    assert made["aws-lb-loadbalancer-public"] == "disabled"


def test_an_unknown_preset_is_refused_with_the_names_there_are() -> None:
    done = subprocess.run([sys.executable, "-m", "policies.presets", "hippa"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "'hippa' is no preset; there are: baseline, production, hipaa" in done.stderr


def said(props: dict[str, Any], config: dict[str, Any]) -> dict[str, str]:
    """What the pack says about a public database that an exception is asked for."""
    entry = {"rule": "public-endpoint", "resource": "pricing", "reason": "A partner reads it directly", "expires": "2999-12-31"}
    found: dict[str, str] = {}
    for policy in Pack(today=lambda: datetime.date(2027, 1, 1)).policies():
        if isinstance(policy, ResourceValidationPolicy):
            given = arguments(DATABASE, props, {**config, "exceptions": [entry]} if policy.name == SETTINGS_POLICY else None)
            policy.validate(given, lambda message, urn=None, name=policy.name: found.update({name: message}))
    return found


PUBLIC = changed(COMPLIANT[DATABASE], "publiclyAccessible", True)


@pytest.mark.parametrize("data", CLOSED_CLASSES)
def test_no_exception_opens_health_or_cardholder_data(data: str) -> None:
    by_setting = said(PUBLIC, {"dataClass": data})
    by_tag = said(changed(PUBLIC, "tags.data-class", data), {})
    for found in (by_setting, by_tag):
        assert set(found) == {SETTINGS_POLICY, "aws-rds-instance-public"}
        assert f"does not count: {data} data has no way in from the internet" in found[SETTINGS_POLICY]


@pytest.mark.parametrize("data", ["", "internal", "personal"])
def test_other_data_may_be_opened_with_a_reason(data: str) -> None:
    assert list(said(PUBLIC, {"dataClass": data})) == [SETTINGS_POLICY]


def test_the_report_is_never_mandatory() -> None:
    levels = {policy.name: policy.enforcement_level for policy in Pack().policies()}
    assert levels[SETTINGS_POLICY] is levels[REPORT_POLICY] is EnforcementLevel.ADVISORY
