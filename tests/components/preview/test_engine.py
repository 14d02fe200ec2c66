"""`plan` and `diagram` on what the real engine says, with the policy pack, in the sandbox."""

import json
import os
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from modeldeploy.preview.plan import Change, read
from sandbox.testing import Sandbox
from tests.support.engine import ROOT, ProjectFactory

pytestmark = pytest.mark.engine

PROGRAM = """
import os
import pulumi
import pulumi_aws as aws

step = os.environ["STEP"]

class Shop(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("shop:index:Shop", name)
        child = pulumi.ResourceOptions(parent=self)
        key = aws.kms.Key("key", description=f"step {step}", enable_key_rotation=True, tags={"step": step}, opts=child)
        aws.cloudwatch.LogGroup("logs", name=f"/shop/{step}", kms_key_id=key.arn, retention_in_days=30, opts=child)
        aws.sns.Topic("old" if step == "1" else "new", kms_master_key_id=key.arn, opts=child)

Shop("shop")
pulumi.export("monthly_cost_usd", 10.5 if step == "1" else 12)
if step == "3":
    raise pulumi.RunError("it is broken")
"""


def test_changes_refusals_failures_cost_and_the_picture_of_a_stack(project: ProjectFactory, sandbox: Sandbox) -> None:
    made = project({"__main__.py": PROGRAM}, stack="shop.dev", environment={**sandbox.environment, "STEP": "1"})
    made.configure({"aws:region": "eu-west-1"}).up()

    def command(*arguments: str, step: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        environment = {**made.environment, "STEP": step, "PYTHONPATH": os.pathsep.join([str(ROOT / "components"), str(ROOT)])}
        words = [sys.executable, "-m", "modeldeploy", *arguments]
        return subprocess.run(words, cwd=made.directory, env=environment, capture_output=True, text=True, check=False, input=input)

    refused = command("plan", "--stack", "shop.dev", "--policy-pack", str(ROOT / "policies"), "--output", "plan.md", step="2")
    plan = (made.directory / "plan.md").read_text()
    assert refused.returncode == 1, refused.stderr
    assert "| `shop.dev` | 1 | 1 | **1** | **1** | 0 | **" in plan
    assert "| 12.00 (+1.50) |" in plan
    assert "| - | `sns.Topic` | `old` |  |" in plan
    assert "| ± | `cloudwatch.LogGroup` | `logs` | **`name` forces it**" in plan
    assert "`aws-cloudwatch-loggroup-retention` refuses `logs`**" in plan

    broken = command("plan", "--stack", "shop.dev", step="3")
    assert broken.returncode == 1
    assert "**`shop.dev`: the preview failed**\n\n````text\nit is broken" in broken.stdout

    events = made.run("preview", "--json", "--stack", "shop.dev", environment={"STEP": "1", "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}).ok()
    same = read("shop.dev", events.stdout.splitlines(), 0)
    assert (same.changes, same.unchanged, same.cost, same.cost_before, same.passed) == ((), 3, 10.5, 10.5, True)

    seen = made.run("preview", "--json", "--show-sames", "--stack", "shop.dev", environment={"STEP": "2"}).ok().stdout
    drawn = command("diagram", step="2", input=seen)
    texts = [element.text for element in ElementTree.fromstring(drawn.stdout).iter() if element.text]
    assert {"Shop shop", "kms.Key", "cloudwatch.LogGroup", "logs", "new"} <= set(texts)
    assert "old" not in texts
    assert json.loads(seen)["changeSummary"]
    assert Change("create", "sns.Topic", "new") not in same.changes


def test_a_stack_is_changed_until_its_commit_is_deployed_and_unknown_ones_fail_with_pulumis_words(project: ProjectFactory) -> None:
    made = project({"__main__.py": "", "Pulumi.shop.dev.yaml": "config: {}\n"}, stack="shop.dev", init=False)

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "modeldeploy", *arguments]
        return subprocess.run(words, cwd=made.directory, env=made.environment, capture_output=True, text=True, check=False)

    never = command("plan")
    assert never.returncode == 1
    assert "no stack named 'shop.dev' found" in never.stdout
    for arguments in (
        ["init", "--quiet"],
        ["add", "--all"],
        ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", "first"],
    ):
        subprocess.run(["git", *arguments], cwd=made.directory, check=True)
    assert command("changed", "--deployed").stdout == "shop.dev\n"
    made.init().up()
    assert command("changed", "--deployed").stdout == ""
