"""`python -m modeldeploy advise`, as people and machines call it."""

import json
from typing import Any

import pytest

from modeldeploy.__main__ import main
from modeldeploy.spec.needs import Needs


def advice(capsys: pytest.CaptureFixture[str], *flags: str) -> dict[str, Any]:
    assert main(["advise", *flags, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_table_names_the_answer_the_reasons_and_the_runner_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["advise", "--real-time", "--latency-ms", "80"]) == 0
    assert capsys.readouterr().out.splitlines()[:8] == [
        "Managed endpoint (managed-endpoint)",
        "  because somebody waits for the answer",
        "  because its class, 50-100 ms, is within reach of 80 ms",
        "  because variable traffic: replicas are added in peaks and removed after them",
        "Runner-up: kubernetes, fits",
        "",
        "type              as the guide says       latency     cost  complexity  verdict",
        "managed-endpoint  Managed endpoint        50-100 ms   $$$   medium      chosen",
    ]


def test_the_table_says_that_there_is_no_component_for_the_edge(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["advise", "--edge"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Edge deployment (no component in this library)\n")
    assert "\n-           Edge deployment " in shown


def test_what_fits_but_costs_too_much_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    main(["advise", "--real-time", "--monthly-budget-usd", "100"])
    assert "medium      fits, over the budget\n" in capsys.readouterr().out


def test_machines_get_the_same_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    told = advice(capsys, "--real-time", "--latency-ms", "80", "--traffic", "steady")
    assert told["needs"] == {
        "work": "real-time",
        "latency_ms": 80,
        "traffic": "steady",
        "gpus": 0,
        "tasks": 1,
        "files_of_records": False,
        "cluster": False,
        "data_class": "internal",
    }
    assert {name: told["chosen"][name] for name in ("deployment", "latency", "cost", "complexity", "objections", "over_budget")} == {
        "deployment": "managed-endpoint",
        "latency": "50-100 ms",
        "cost": "$$$",
        "complexity": "medium",
        "objections": [],
        "over_budget": False,
    }
    assert [each["deployment"] for each in told["others"]] == ["kubernetes", "container", "serverless"]
    assert told["keep_in_mind"][-1] == "tag the stack data-class: internal"


def test_every_need_has_a_flag(capsys: pytest.CaptureFixture[str]) -> None:
    flags = {
        "work": ["--real-time"],
        "latency_ms": ["--latency-ms", "90"],
        "traffic": ["--traffic", "sporadic"],
        "request_seconds": ["--request-seconds", "5"],
        "memory_gib": ["--memory-gib", "3"],
        "gpus": ["--gpus", "1"],
        "cluster": ["--cluster"],
        "data_class": ["--data-class", "health"],
        "monthly_budget_usd": ["--monthly-budget-usd", "70"],
    }
    expected = {"latency_ms": 90, "request_seconds": 5, "memory_gib": 3, "gpus": 1, "cluster": True, "monthly_budget_usd": 70}
    asked = advice(capsys, *(part for flag in flags.values() for part in flag))["needs"]
    assert {name: asked[name] for name in expected} == expected
    assert (asked["work"], asked["traffic"], asked["data_class"]) == ("real-time", "sporadic", "health")
    batch = {"batch_window_minutes": ["--batch-window-minutes", "30"], "tasks": ["--tasks", "1"], "files_of_records": ["--files-of-records"]}
    asked = advice(capsys, "--batch", *(part for flag in batch.values() for part in flag))["needs"]
    assert (asked["batch_window_minutes"], asked["tasks"], asked["files_of_records"]) == (30, 1, True)
    assert {*flags, *batch} == set(Needs.__dataclass_fields__)


def test_a_cloud_changes_what_is_possible(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = [advice(capsys, "--real-time", "--gpus", "1", *cloud)["chosen"]["deployment"] for cloud in ([], ["--cloud", "azure"], ["--cloud", "aws"])]
    assert kinds == ["managed-endpoint", "container", "managed-endpoint"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--real-time", "--latency-ms", "5"], "error: --latency-ms: 5 is not allowed; use 10 or more"),
        (["--batch", "--latency-ms", "80"], "error: --latency-ms: has no effect with work batch; leave it out, or use real-time"),
    ],
)
def test_needs_that_are_refused_name_flag_value_and_what_is_allowed(flags: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["advise", *flags]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "one of the arguments --real-time --batch --streaming --edge is required"),
        (["--real-time", "--batch"], "argument --batch: not allowed with argument --real-time"),
        (["--real-time", "--traffic", "none"], "argument --traffic: invalid choice: 'none' (choose from 'steady', 'variable', 'sporadic')"),
        (["--real-time", "--cloud", "ibm"], "argument --cloud: invalid choice: 'ibm' (choose from 'aws', 'azure', 'gcp')"),
        (["--real-time", "--latency-ms", "fast"], "argument --latency-ms: 'fast' is not a whole number"),
    ],
)
def test_flags_that_cannot_be_read_are_refused(flags: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["advise", *flags])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
