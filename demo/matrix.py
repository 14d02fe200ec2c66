"""`python -m demo.matrix`: previews every stack on every cloud, and those that can on a cluster that is there, with the policy pack on, against the
sandbox; one line each.

The configuration is the committed one; only its key `modeldeploy:cloud` changes. Exit code 1 when a preview fails or violates a mandatory policy.
"""

import argparse
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import stacks
from demo.cli import ROOT, pulumi_environment
from sandbox.testing import running_sandbox
from stacks.shared.project import Project
from stacks.shared.target import Target

INVENTORIES = ROOT / "stacks" / "inventories"
TARGETS = tuple(Target)
KEPT = ("cloud", "deployment", "model_version", "models", "monthly_cost_usd")
"""The outputs that an inventory holds: names that Pulumi makes up, which others contain, differ from one preview to the next."""
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine writes what is not known before it is made."""
COLUMNS = "{stack:24} {cloud:7} {deployment:17} {resources:>9} {violations:>10} {advice:>6} {cost:>10} {seconds:>8}"


@dataclass(frozen=True)
class Outcome:
    """How one preview went."""

    stack: str
    cloud: str
    deployment: str = "-"
    resources: int = 0
    violations: tuple[str, ...] = ()
    """Mandatory policies that are violated, with what they say."""
    advice: int = 0
    """Violations of advisory policies."""
    monthly_usd: float | None = None
    seconds: float = 0
    failure: str = ""
    """What a preview said that failed for another reason."""
    types: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many resources of each type there are."""
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The values of `KEPT` that are known before anything is made."""

    @property
    def passed(self) -> bool:
        """Whether it may go on."""
        return not self.failure and not self.violations

    def inventory(self) -> dict[str, Any]:
        """What a review compares: what there is, and what is known of it."""
        return {"outputs": dict(sorted(self.outputs.items())), "resources": dict(sorted(self.types.items()))}

    def line(self) -> str:
        """The outcome in a line of the table."""
        return COLUMNS.format(
            stack=self.stack,
            cloud=self.cloud,
            deployment=self.deployment,
            resources=self.resources if not self.failure else "failed",
            violations=len(self.violations),
            advice=self.advice,
            cost="-" if self.monthly_usd is None else f"{self.monthly_usd:.2f}",
            seconds=f"{self.seconds:.1f}",
        )


def preview(folder: Path, stack: str, cloud: str, environment: Mapping[str, str]) -> Outcome:
    """Previews `stack` on `cloud` in `folder`, a copy of the project whose configuration may be changed."""
    name = f"{stack}-{cloud}"
    told = (ROOT / "stacks" / f"Pulumi.{stack}.yaml").read_text().splitlines()
    lines = [f"  modeldeploy:cloud: {cloud}" if line.startswith("  modeldeploy:cloud:") else line for line in told]
    # The module is named before the dot, the environment after it: `churn-prediction.prod-aws`.
    (folder / "stacks" / f"Pulumi.{name}.yaml").write_text("\n".join(lines) + "\n")
    log = folder / f"{name}.events"
    started = time.monotonic()
    _pulumi(folder, environment, "stack", "init", name)
    done = _pulumi(folder, environment, "preview", "--stack", name, "--event-log", str(log), "--policy-pack", str(ROOT / "policies"))
    seconds = time.monotonic() - started
    told_events = log.read_text().splitlines() if log.exists() else []
    return read_events([json.loads(line) for line in told_events], Outcome(stack, cloud, seconds=seconds), done)


def read_events(events: list[dict[str, Any]], outcome: Outcome, done: subprocess.CompletedProcess[str]) -> Outcome:
    """The outcome that the engine's events tell of."""
    made = [each["resourcePreEvent"]["metadata"] for each in events if "resourcePreEvent" in each]
    judged = [each["policyEvent"] for each in events if "policyEvent" in each]
    ended = [each["resOutputsEvent"]["metadata"] for each in events if "resOutputsEvent" in each]
    # Told twice: when the stack is registered, and with its outputs at the end.
    outputs: dict[str, Any] = next((each["new"]["outputs"] for each in reversed(ended) if each["type"] == "pulumi:pulumi:Stack"), {})
    violations = tuple(f"{each['policyName']}: {_plain(each['message'])}" for each in judged if each["enforcementLevel"] == "mandatory")
    failed = done.returncode != 0 and not violations
    cost = outputs.get("monthly_cost_usd")
    types = Counter(each["type"] for each in made if each["op"] == "create" and (each.get("new") or {}).get("custom"))
    return replace(
        outcome,
        deployment=str(outputs.get("deployment", "-")),
        resources=types.total(),
        violations=violations,
        advice=sum(1 for each in judged if each["enforcementLevel"] == "advisory"),
        monthly_usd=cost if isinstance(cost, int | float) else None,
        failure=f"{done.stdout}\n{done.stderr}".strip() if failed else "",
        types=types,
        outputs={name: outputs[name] for name in KEPT if name in outputs and UNKNOWN not in json.dumps(outputs[name])},
    )


def _plain(message: str) -> str:
    return " ".join(message.replace("<{%reset%}>", "").split())


def _pulumi(folder: Path, environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["pulumi", "--non-interactive", "--color", "never", *arguments]
    # Without the variable the CLI does not know --event-log.
    told = {**os.environ, **environment, "PULUMI_DEBUG_COMMANDS": "true"}
    return subprocess.run(command, cwd=folder, env=told, capture_output=True, text=True, check=False)


def copy_project(folder: Path, virtualenv: Path) -> None:
    """A copy of the project without its configuration, so that what is done there changes nothing in the checkout."""
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "stacks", folder / "stacks", ignore=shutil.ignore_patterns("Pulumi.*", "__pycache__"))
    (folder / ".venv").symlink_to(virtualenv)
    for name in ("components", "policies"):
        (folder / name).symlink_to(ROOT / name)


def targets(name: str, wanted: Iterable[str]) -> list[str]:
    """Where a project can go, of the targets that are wanted."""
    project: Project = importlib.import_module(f"stacks.{name.replace('-', '_')}").PROJECT
    return [target for target in wanted if target != Target.CLUSTER or project.runs_on_cluster]


def write_inventories(outcomes: list[Outcome]) -> None:
    """A file for each stack, with what there is on each cloud. Clouds that were not previewed stay as they are."""
    INVENTORIES.mkdir(exist_ok=True)
    for outcome in (each for each in outcomes if each.passed):
        path = INVENTORIES / f"{outcome.stack}.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**known, outcome.cloud: outcome.inventory()}, indent=2, sort_keys=True) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Previews what is asked for; 1 when one of them does not pass."""
    parser = argparse.ArgumentParser(prog="python -m demo.matrix", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", choices=stacks.names(), action="append", help="one of the projects; may be given several times (default: all)")
    parser.add_argument("--cloud", choices=TARGETS, action="append", help="where to; may be given several times (default: everywhere)")
    parser.add_argument("--write-inventories", action="store_true", help="write what there is to stacks/inventories/, for reviews and tests")
    parser.add_argument("--environment", choices=["dev", "prod"], default="prod", help="which of the configurations (default: prod)")
    asked = parser.parse_args(arguments)
    wanted = [(f"{name}.{asked.environment}", target) for name in asked.stack or stacks.names() for target in targets(name, asked.cloud or TARGETS)]
    titles = {name: name for name in ("stack", "cloud", "deployment", "resources", "violations", "advice")}
    print(COLUMNS.format(**titles, cost="USD/month", seconds="seconds"))
    outcomes: list[Outcome] = []
    with (
        tempfile.TemporaryDirectory(prefix="modeldeploy-matrix-") as made,
        running_sandbox(Path(made)) as sandbox,
        ThreadPoolExecutor(os.cpu_count() or 1) as pool,
    ):
        folder = Path(made)
        copy_project(folder, ROOT / ".venv")
        environment = {**pulumi_environment(folder), **sandbox.environment}
        for outcome in pool.map(lambda each: preview(folder, *each, environment), wanted):
            print(outcome.line(), flush=True)
            outcomes.append(outcome)
    if asked.write_inventories:
        write_inventories(outcomes)
    for outcome in (each for each in outcomes if not each.passed):
        print(f"\n{outcome.stack} on {outcome.cloud}:", *(outcome.violations or [outcome.failure]), sep="\n  ", file=sys.stderr)
    failed = sum(not each.passed for each in outcomes)
    print(f"\n{len(outcomes) - failed} of {len(outcomes)} previews passed. This ran in the sandbox: no cloud was asked.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
