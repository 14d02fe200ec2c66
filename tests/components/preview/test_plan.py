"""What is read from the events of a preview, and how it is shown to reviewers."""

import json
import re
from pathlib import Path

import pytest

from modeldeploy.preview import markdown
from modeldeploy.preview.markdown import MARKER, code, comment
from modeldeploy.preview.plan import Change, StackPlan, Violation, preview, read

from .events import ORDINARY, error, policy, stack, step
from .steps import STACK_URN


def test_resources_are_counted_by_what_happens_to_them_without_components_and_providers() -> None:
    plan = read("pricing.dev", ORDINARY, 0)
    assert plan.changes == (
        Change("delete", "sqs.Queue", "left"),
        Change("replace", "rds.Instance", "data", ("tags",), ("engine",)),
        Change("update", "s3.Bucket", "models", ("tags.owner",)),
        Change("create", "sns.Topic", "alarms"),
    )
    assert plan.unchanged == 1
    assert plan.passed


def test_the_cost_is_the_stacks_output_before_and_after() -> None:
    assert (read("x", ORDINARY, 0).cost_before, read("x", ORDINARY, 0).cost) == (100, 112.5)
    assert (read("x", [stack(None, {"monthly_cost_usd": 3})], 0).cost_before, read("x", [stack(None, {"monthly_cost_usd": 3})], 0).cost) == (None, 3)


@pytest.mark.parametrize("unknown", ["04da6b54-80e4-46f7-96ec-b56ff0331ba9", True, None])
def test_a_cost_that_a_preview_cannot_know_is_not_known(unknown: object) -> None:
    assert read("x", [stack(None, {"monthly_cost_usd": unknown})], 0).cost is None
    assert read("x", [], 0).cost is None


def test_an_update_without_details_names_the_properties_the_engine_names() -> None:
    assert read("x", [step("update", "aws:s3/bucket:Bucket", "b", diffs=["tags", "acl"])], 0).changes[0].properties == ("acl", "tags")


def test_violations_are_told_with_policy_resource_and_message() -> None:
    lines = [
        policy("key-rotation", "Rotate it.\n<{%reset%}>"),
        policy("owner", "Say who owns it.", level="advisory"),
        policy("whole", "The stack.", resource=STACK_URN),
        error("preview failed\n"),
    ]
    plan = read("x", lines, 255)
    assert plan.violations == (
        Violation("key-rotation", "key", "Rotate it.", True),
        Violation("owner", "key", "Say who owns it.", False),
        Violation("whole", "", "The stack.", True),
    )
    assert [each.policy for each in plan.refused] == ["key-rotation", "whole"]
    assert not plan.passed
    assert plan.failure == ""


def test_a_preview_that_breaks_off_says_why_once() -> None:
    plan = read("x", [error("no such\x1b[31m file\n"), error("no such file"), error("only a warning", "warning")], 255, "no such file\n")
    assert plan.failure == "no such file"
    assert not plan.passed


def test_a_failure_is_not_hidden_by_a_refusal() -> None:
    plan = read("x", [policy("key-rotation", "Rotate it."), error("Program failed"), error("preview failed")], 255)
    assert (plan.failure, len(plan.refused)) == ("Program failed", 1)


def test_what_pulumi_says_without_an_event_is_the_failure() -> None:
    assert read("x", ["not an event"], 6, "error: no stack named 'x' found\n").failure == "error: no stack named 'x' found"
    assert read("x", [], 1).failure == "pulumi ended with code 1 and said nothing"


def test_the_preview_is_asked_for_events_with_the_packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pulumi").write_text(
        "#!/bin/sh\n"
        f'echo "$PWD $PULUMI_ENABLE_STREAMING_JSON_PREVIEW $*" > {tmp_path}/called\n'
        f"cat <<'EVENTS'\n{json.dumps(json.loads(step('create', 'aws:sns/topic:Topic', 'alarms')))}\nEVENTS\n"
        "echo loud >&2\nexit 3\n"
    )
    (tmp_path / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    plan = preview("pricing.dev", tmp_path, ["policies", "more"])
    packs = "--policy-pack policies --policy-pack more"
    assert (tmp_path / "called").read_text() == (f"{tmp_path} true --non-interactive --color never preview --json --stack pricing.dev {packs}\n")
    assert (plan.count("create"), plan.failure) == (1, "loud")


def test_the_comment_summarizes_and_lists_what_to_look_at_first() -> None:
    refused = policy("key-rotation", "Rotate it."), policy("owner", "Say who.", level="advisory")
    text = comment([read("pricing.prod", [*ORDINARY, *refused], 255), read("churn.prod", [], 6, "error: no stack")])
    assert text.splitlines()[:7] == [
        MARKER,
        "### Plan: 2 stacks, **2 cannot be deployed**",
        "",
        "| stack | create | update | replace | delete | unchanged | policies | USD a month |",
        "|---|--:|--:|--:|--:|--:|---|--:|",
        "| `pricing.prod` | 1 | 1 | **1** | **1** | 1 | **1 refused**, 1 advice | 112.50 (+12.50) |",
        "| `churn.prod` | - | - | - | - | - | preview failed | not known |",
    ]
    rows = [line for line in text.splitlines() if re.match(r"\| [-±~+] \|", line)]
    assert rows == [
        "| - | `sqs.Queue` | `left` |  |",
        "| ± | `rds.Instance` | `data` | **`engine` forces it**, `tags` |",
        "| ~ | `s3.Bucket` | `models` | `tags.owner` |",
        "| + | `sns.Topic` | `alarms` |  |",
    ]
    assert "**`pricing.prod`: `key-rotation` refuses `key`**\n\n````text\nRotate it.\n````" in text
    assert "<details><summary>pricing.prod: 1 advice of the policies</summary>\n\n`owner`: `key`\n\n````text\nSay who.\n````" in text
    assert "**`churn.prod`: the preview failed**\n\n````text\nerror: no stack\n````" in text


def test_a_plan_that_passes_says_so() -> None:
    text = comment([read("pricing.dev", [step("same", "aws:sns/topic:Topic", "a"), stack(None, {"monthly_cost_usd": 5})], 0)])
    assert "### Plan: 1 stack\n" in text
    assert "| `pricing.dev` | 0 | 0 | 0 | 0 | 1 | passed | 5.00 |" in text
    assert "<details>" not in text


def test_no_stack_is_a_plan_too() -> None:
    assert comment([]) == f"{MARKER}\n### Plan: no stack is touched\n"


def test_nothing_in_names_or_messages_becomes_markdown() -> None:
    plan = StackPlan(
        "a|b", (Change("create", "x`y", "@team | <img>\nnext"),), violations=(Violation("p", "r", "````\n@team <script>", True),), failure=""
    )
    text = comment([plan])
    assert code("@team | <img>\nnext `x`") == "`@team \\| <img> next 'x'`"
    assert "| + | `x'y` | `@team \\| <img> next` |  |" in text
    assert "````text\n'''\n@team <script>\n````" in text
    assert "<summary>a|b: 1 change</summary>" in text
    assert "<summary>&lt;b&gt;: 1 change</summary>" in comment([StackPlan("<b>", plan.changes)])


def test_a_comment_never_grows_beyond_what_the_hosts_take() -> None:
    changes = tuple(Change("create", "sns.Topic", f"name-{index}", tuple(f"property-{each}" for each in range(20))) for index in range(300))
    text = comment([StackPlan(f"stack-{index}.dev", changes) for index in range(30)])
    assert len(text) < 65_536
    assert "| `stack-29.dev` | 300 |" in text
    assert "and 100 more" in text
    assert "`property-7` and 12 more |" in text
    assert re.search(r"\n\d+ of the stacks are not shown in detail: the comment would be too long", text)
    assert text.count("<details>") == text.count("</details>")


def test_of_a_long_failure_the_end_is_shown() -> None:
    text = comment([StackPlan("x", failure="\n".join(f"line {index}" for index in range(100)))])
    assert f"...\nline {100 - markdown.MOST_FAILURE_LINES}\n" in text
    assert "line 99\n" in text
