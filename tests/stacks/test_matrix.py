"""Every stack on every cloud, previewed by the real engine with the policy pack on: what there is, and that nothing is refused."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from demo.matrix import INVENTORIES, UNKNOWN, Outcome, copy_project, main, preview, read_events, targets, write_inventories
from sandbox.testing import Sandbox
from stacks.shared.target import Target
from tests.stacks.test_projects import ADVISED
from tests.support.engine import pulumi_environment

ON_CLUSTER = {
    "churn-prediction": "kubernetes",
    "drug-recommendation": "kubernetes",
    "multi-store-sku": "batch",
    "price-elasticity": "kubernetes",
    "sepsis-detection": "kubernetes",
}
"""The projects that run on a cluster that is there, and how."""
STACK_TYPE = "pulumi:pulumi:Stack"


@pytest.mark.engine
@pytest.mark.parametrize("name", ADVISED)
def test_a_stack_passes_the_policies_on_every_cloud_and_has_what_its_inventory_says(
    name: str, sandbox: Sandbox, engine_bin: Path | None, virtualenv: Path, tmp_path: Path
) -> None:
    environment = {**pulumi_environment(tmp_path, engine_bin), **sandbox.environment}
    expected = json.loads((INVENTORIES / f"{name}.prod.json").read_text())
    folder = tmp_path / "checkout"
    folder.mkdir()
    copy_project(folder, virtualenv)
    for cloud in targets(name, Target):
        outcome = preview(folder, f"{name}.prod", cloud, environment)
        assert outcome.failure == ""
        assert outcome.violations == ()
        assert outcome.deployment == (ON_CLUSTER.get(name) if cloud == Target.CLUSTER else ADVISED[name])
        assert (outcome.monthly_usd is None) == (cloud == Target.CLUSTER)
        assert outcome.inventory() == expected[cloud], "if the change is meant: make inventories"


def event(kind: str, number: int, *, custom: bool = True, operation: str = "create") -> dict[str, Any]:
    return {"resourcePreEvent": {"metadata": {"op": operation, "type": kind, "urn": f"urn:{number}", "new": {"custom": custom}}}}


def judged(level: str) -> dict[str, Any]:
    return {"policyEvent": {"policyName": "no-cellar", "enforcementLevel": level, "message": "<{%reset%}>Wine  gets\nwarm.<{%reset%}>"}}


def ended(outputs: dict[str, Any]) -> dict[str, Any]:
    return {"resOutputsEvent": {"metadata": {"op": "create", "type": STACK_TYPE, "urn": "urn:0", "new": {"outputs": outputs}}}}


def read(*events: dict[str, Any], code: int = 0) -> Outcome:
    return read_events(list(events), Outcome("wine.prod", "aws"), subprocess.CompletedProcess([], code, "said", "why"))


def test_resources_and_outputs_are_counted_as_the_engine_tells_them() -> None:
    outcome = read(
        event("aws:s3:Bucket", 1),
        event("aws:s3:Bucket", 2),
        event("modeldeploy:index:X", 3, custom=False),
        event("aws:kms:Key", 4, operation="same"),
        ended({}),
        ended({"monthly_cost_usd": 7.5, "deployment": "batch", "endpoint": UNKNOWN, "models": {"1": {"source": "s3://x"}}}),
    )
    assert (outcome.resources, outcome.deployment, outcome.monthly_usd, outcome.passed) == (2, "batch", 7.5, True)
    assert outcome.inventory() == {
        "outputs": {"deployment": "batch", "models": {"1": {"source": "s3://x"}}, "monthly_cost_usd": 7.5},
        "resources": {"aws:s3:Bucket": 2},
    }
    assert outcome.line().split() == ["wine.prod", "aws", "batch", "2", "0", "0", "7.50", "0.0"]


def test_a_mandatory_violation_does_not_pass_and_advice_does() -> None:
    refused = read(judged("mandatory"), judged("advisory"), code=1)
    assert (refused.violations, refused.advice, refused.failure, refused.passed) == (("no-cellar: Wine gets warm.",), 1, "", False)
    assert read(judged("advisory")).passed


def test_a_preview_that_fails_does_not_pass_and_says_why() -> None:
    failed = read(code=1)
    assert (failed.failure, failed.passed) == ("said\nwhy", False)
    assert failed.line().split()[3] == "failed"


def test_inventories_keep_the_clouds_that_were_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.matrix.INVENTORIES", tmp_path)
    (tmp_path / "wine.prod.json").write_text('{"gcp": {}}')
    write_inventories([read(event("aws:s3:Bucket", 1), ended({})), read(code=1)])
    assert json.loads((tmp_path / "wine.prod.json").read_text()) == {"aws": {"outputs": {}, "resources": {"aws:s3:Bucket": 1}}, "gcp": {}}


def test_the_projects_that_a_cluster_can_run_are_previewed_there_too() -> None:
    assert {name for name in ADVISED if "cluster" in targets(name, Target)} == ON_CLUSTER.keys()
    assert targets("dynamic-pricing", ["cluster", "gcp"]) == ["gcp"]


def test_an_unknown_stack_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--stack", "wine"])
    assert "'churn-prediction'" in capsys.readouterr().err
