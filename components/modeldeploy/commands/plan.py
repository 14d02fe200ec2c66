"""`python -m modeldeploy plan --base origin/main --policy-pack policies`: previews the stacks that a change touches, for its reviewers."""

import argparse
import os
import sys
from pathlib import Path

from modeldeploy.commands.changed import add_selection, select
from modeldeploy.preview.changes import ProjectError
from modeldeploy.preview.markdown import MARKER, comment
from modeldeploy.preview.plan import StackPlan, preview
from modeldeploy.preview.review import ReviewError, here

HELP = "Preview the stacks that a change touches, with policies: changes, refusals and cost as Markdown. Exit code 1 when one cannot be deployed."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the flags."""
    add_selection(parser)
    parser.add_argument("--stack", action="append", default=[], metavar="NAME", help="this stack, changed or not; may be repeated")
    parser.add_argument("--policy-pack", action="append", default=[], metavar="FOLDER", help="with this pack; may be repeated")
    parser.add_argument("--output", metavar="FILE", help="write the plan there; default: standard output")
    parser.add_argument("--comment", action="store_true", help="put the plan on the pull request that the pipeline runs for")


def run(options: argparse.Namespace) -> int:
    """Previews, writes, comments."""
    try:
        stacks = options.stack or select(options)
        plans = [_preview(stack, options.policy_pack) for stack in stacks]
        text = comment(plans)
        if options.output:
            Path(options.output).write_text(text)
        else:
            print(text, end="")
        if options.comment:
            here(os.environ).put(text, MARKER)
    except (ProjectError, ReviewError, OSError) as error:
        print(f"python -m modeldeploy plan: error: {error}", file=sys.stderr)
        return 1
    return 0 if all(plan.passed for plan in plans) else 1


def _preview(stack: str, packs: list[str]) -> StackPlan:
    plan = preview(stack, Path(), packs)
    outcome = "failed" if plan.failure else f"refused by {len(plan.refused)} policies" if plan.refused else "passed"
    print(f"{stack}: {outcome}, {len(plan.changes)} changes", file=sys.stderr, flush=True)
    for violation in plan.refused:
        print(f"  {violation.policy} ({violation.resource or 'stack'}): {violation.message}", file=sys.stderr)
    if plan.failure:
        print(plan.failure, file=sys.stderr)
    return plan
