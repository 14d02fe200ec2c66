"""`python -m modeldeploy advise --real-time --latency-ms 80`: which deployment type a workload needs, and why."""

import argparse
import json
from dataclasses import asdict
from typing import Any

from modeldeploy.advise import Advice, Verdict, advise
from modeldeploy.grid import Cloud
from modeldeploy.spec.needs import DataClass, Needs, Traffic, Work

HELP = "Which deployment type a workload needs, with the reasons and the runner-up."

WORK_HELP = {
    Work.REAL_TIME: "somebody asks and waits for the answer",
    Work.BATCH: "a time comes, and a lot is scored at once",
    Work.STREAMING: "events arrive, and each is scored on its way",
    Work.EDGE: "a device asks the model it carries",
}
NUMBERS = {
    "latency_ms": "milliseconds within which 95 of 100 answers have to be there (real time)",
    "request_seconds": "longest time one answer may take to compute (real time)",
    "memory_gib": "memory the loaded model needs (real time)",
    "gpus": "GPUs one replica needs (real time)",
    "batch_window_minutes": "minutes until the results have to be there (batch)",
    "tasks": "parts that are scored apart, such as one per store (batch)",
    "monthly_budget_usd": "what a month may cost",
}
SWITCHES = {
    "files_of_records": "what is scored lies in files, one record a line, each scored by itself (batch)",
    "cluster": "it has to run on a Kubernetes cluster that is there (real time, batch)",
}
COLUMNS = ("type", "as the guide says", "latency", "cost", "complexity", "verdict")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the flags: those of `Needs`, `--cloud` and `--json`."""
    work = parser.add_mutually_exclusive_group(required=True)
    for kind in Work:
        work.add_argument(f"--{kind}", dest="work", action="store_const", const=kind.value, help=WORK_HELP[kind])
    parser.add_argument("--traffic", choices=list(map(str, Traffic)), help="how requests arrive (real time; default: variable)")
    parser.add_argument("--data-class", choices=list(map(str, DataClass)), help="whose data it is (default: internal)")
    for name, text in NUMBERS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=_whole_number, metavar="N", help=text)
    for name, text in SWITCHES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", action="store_true", default=None, help=text)
    parser.add_argument("--cloud", choices=list(map(str, Cloud)), help="default: what does on all of them")
    parser.add_argument("--json", action="store_true", help="for machines")


def run(options: argparse.Namespace) -> int:
    """Prints the advice."""
    given = {name: getattr(options, name) for name in Needs.__dataclass_fields__}
    needs = Needs(**{name: value for name, value in given.items() if value is not None})
    advice = advise(needs, Cloud(options.cloud) if options.cloud else None)
    print(json.dumps(as_json(advice), indent=2) if options.json else as_text(advice))
    return 0


def as_json(advice: Advice) -> dict[str, Any]:
    """The advice as plain values."""
    asked = {name: value for name, value in asdict(advice.needs).items() if value is not None}
    chosen, *others = ({**asdict(each.option), **asdict(each)} for each in (advice.chosen, *advice.others))
    for each in (chosen, *others):
        del each["option"]
    return {"needs": asked, "chosen": chosen, "others": others, "keep_in_mind": list(advice.keep_in_mind)}


def as_text(advice: Advice) -> str:
    """The advice as people read it: the answer, why, the comparison, and what to keep in mind."""
    chosen, runner_up = advice.chosen, advice.runner_up
    lines = [f"{chosen.option.name} ({chosen.option.title})" if chosen.option.deployment else f"{chosen.option.name} (no component in this library)"]
    lines += [f"  because {reason}" for reason in chosen.reasons]
    lines += [f"Runner-up: {runner_up.option.title}, {_verdict(runner_up)}", ""]
    lines += _table([COLUMNS, *(_row(each, "chosen" if each is chosen else _verdict(each)) for each in (chosen, *advice.others))])
    if advice.keep_in_mind:
        lines += ["", "Keep in mind:", *(f"  - {each}" for each in advice.keep_in_mind)]
    return "\n".join(lines)


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None


def _verdict(verdict: Verdict) -> str:
    if verdict.objections:
        return "; ".join(verdict.objections)
    return "fits, over the budget" if verdict.over_budget else "fits"


def _row(verdict: Verdict, last: str) -> tuple[str, ...]:
    option = verdict.option
    return (option.deployment.value if option.deployment else "-", option.name, option.latency, option.cost, option.complexity.value, last)


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
