"""The pack as the process that Pulumi starts, asked over gRPC as the engine asks: every rule, on compliant and on broken resources."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from policies.pack import REPORT_POLICY, SETTINGS_POLICY
from policies.rules import ENTRIES, FAMILIES, RULES
from tests.policies.cases import CASES
from tests.policies.changes import UNKNOWN, changed
from tests.policies.resources import COMPLIANT

PACK = Path(__file__).resolve().parents[2] / "policies"
LEVELS = {rule.id: rule.level.value.upper() for rule in RULES}


@contextmanager
def running(pack: Path) -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    """The pack in a folder, as a process."""
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(pack)]
    with subprocess.Popen(command, cwd=pack, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
        process.terminate()


@pytest.fixture(scope="module")
def analyzer() -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    with running(PACK) as started:
        yield started


def test_the_pack_runs_from_a_folder_of_any_name_away_from_the_project(tmp_path: Path) -> None:
    elsewhere = tmp_path / "guard-rails-1.0"
    shutil.copytree(PACK, elsewhere, ignore=shutil.ignore_patterns("__pycache__"))
    with running(elsewhere) as copied:
        assert len(copied.GetAnalyzerInfo(empty_pb2.Empty()).policies) == len(ENTRIES) + 2


def ask(analyzer: analyzer_pb2_grpc.AnalyzerStub, token: str, props: dict[str, Any]) -> dict[str, analyzer_pb2.AnalyzeDiagnostic]:
    """What the pack says about a resource, by policy."""
    struct = struct_pb2.Struct()
    struct.update(props)
    urn = f"urn:pulumi:dev::project::{token}::pricing"
    answer = analyzer.Analyze(analyzer_pb2.AnalyzeRequest(type=token, properties=struct, urn=urn, name="pricing"))
    return {each.policyName: each for each in answer.diagnostics}


def configure(analyzer: analyzer_pb2_grpc.AnalyzerStub, settings: dict[str, Any]) -> None:
    """Hand over the policy configuration, as the engine does before it asks."""
    config = analyzer_pb2.PolicyConfig(enforcementLevel=analyzer_pb2.ADVISORY)
    config.properties.update(settings)
    assert analyzer.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig={SETTINGS_POLICY: config} if settings else {})) == empty_pb2.Empty()


def test_the_pack_introduces_itself(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    info = analyzer.GetAnalyzerInfo(empty_pb2.Empty())
    assert info.name == "modeldeploy"
    assert info.supportsConfig
    assert [policy.name for policy in info.policies] == [SETTINGS_POLICY, *(rule.id for rule in ENTRIES), REPORT_POLICY]
    assert all(policy.remediation_steps for policy in info.policies[1:-1])


def test_nothing_is_said_about_compliant_resources(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    assert {token: said for token in sorted(COMPLIANT) for said in (ask(analyzer, token, COMPLIANT[token]),) if said} == {}


def test_broken_resources_are_refused_by_their_rules(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    """One case of each rule: the others differ in what the rule reads, not in how Pulumi asks."""
    for case in {case.rule: case for case in CASES}.values():
        said = ask(analyzer, case.token, case.props())
        assert case.says in said[case.rule].message, case
        assert analyzer_pb2.EnforcementLevel.Name(said[case.rule].enforcementLevel) == LEVELS[case.rule], case


def test_what_200_resources_break_is_read_in_a_minute(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    """Each violation is told, in a line; what to write instead and why is told three times for each rule, and the others name the first."""
    token, rule = "aws:s3/bucket:Bucket", "aws-any-resource-tags"
    analyzer.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest())  # ends what other tests said
    said: list[analyzer_pb2.AnalyzeDiagnostic] = []
    resources: list[analyzer_pb2.AnalyzerResource] = []
    for number in range(200):
        urn = f"urn:pulumi:dev::project::{token}::bucket-{number}"
        said += analyzer.Analyze(analyzer_pb2.AnalyzeRequest(type=token, urn=urn, name=f"bucket-{number}")).diagnostics
        resources.append(analyzer_pb2.AnalyzerResource(type=token, urn=urn, name=f"bucket-{number}"))
    said += analyzer.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=resources)).diagnostics
    by_rule: dict[str, list[str]] = {}
    for each in said:
        by_rule.setdefault(each.policyName, []).append(each.message)
    assert {name: len(messages) for name, messages in by_rule.items()} == dict.fromkeys(
        (rule, "aws-s3-bucket-unblocked", "aws-s3-bucket-no-key", "aws-s3-bucket-unversioned"), 200
    )
    for messages in by_rule.values():
        assert sum(len(message.splitlines()) == 3 for message in messages) == 3
        assert all(message.endswith(". Put it right as bucket-0.") for message in messages[3:])
        assert max(len(line) for message in messages[3:] for line in message.splitlines()) < 110
    assert by_rule[rule][3] == "Missing tags\ntags lack 'environment', 'managed-by'. Put it right as bucket-0."
    assert sum(len(each.message) for each in said) / len(said) < 130
    assert len(analyzer.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=resources)).diagnostics[0].message.splitlines()) == 3, "once more"


def test_an_unknown_value_becomes_one_advisory_at_the_end(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    token = "aws:rds/instance:Instance"
    assert ask(analyzer, token, changed(COMPLIANT[token], "publiclyAccessible", UNKNOWN)) == {}
    (said,) = analyzer.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest()).diagnostics
    assert said.policyName == REPORT_POLICY
    assert said.enforcementLevel == analyzer_pb2.ADVISORY
    assert "aws-rds-instance-public: pricing (publiclyAccessible)" in said.message
    assert list(analyzer.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest()).diagnostics) == []


def test_a_secret_is_read_like_any_value_and_never_shown(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    token = "aws:lambda/function:Function"
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "hunter2-hunter2"}
    said = ask(analyzer, token, changed(COMPLIANT[token], "environment.variables.DB_PASSWORD", secret))
    assert list(said) == ["aws-lambda-function-secret"]
    assert "hunter2" not in said["aws-lambda-function-secret"].message


def test_the_pack_takes_less_than_a_millisecond_per_resource_and_family(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    requests: list[analyzer_pb2.AnalyzeRequest] = []
    for token, props in COMPLIANT.items():
        struct = struct_pb2.Struct()
        struct.update(props)
        requests.append(analyzer_pb2.AnalyzeRequest(type=token, properties=struct, urn=f"urn:pulumi:dev::project::{token}::pricing", name="pricing"))
    started = time.perf_counter()
    for request in requests:
        analyzer.Analyze(request)
    assert (time.perf_counter() - started) * 1000 / len(requests) < len(FAMILIES)


def test_rules_hold_where_the_settings_are_disabled(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    token = "aws:rds/instance:Instance"
    disabled = analyzer_pb2.PolicyConfig(enforcementLevel=analyzer_pb2.DISABLED)
    analyzer.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig={SETTINGS_POLICY: disabled}))
    try:
        assert list(ask(analyzer, token, changed(COMPLIANT[token], "publiclyAccessible", True))) == ["aws-rds-instance-public"]
    finally:
        configure(analyzer, {})


def test_configuration_reaches_every_rule_through_the_settings(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    token = "aws:cloudwatch/logGroup:LogGroup"
    props = changed(COMPLIANT[token], "retentionInDays", 30)
    assert list(ask(analyzer, token, props)) == ["aws-cloudwatch-loggroup-retention"]
    configure(analyzer, {"minimumLogRetentionDays": 30})
    try:
        assert ask(analyzer, token, props) == {}
    finally:
        configure(analyzer, {})
    assert list(ask(analyzer, token, props)) == ["aws-cloudwatch-loggroup-retention"]
