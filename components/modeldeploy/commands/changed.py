"""`python -m modeldeploy changed --base origin/main` or `--deployed`: which stacks a change touches."""

import argparse
import json
import sys
from pathlib import Path

from modeldeploy.preview.changes import HARMLESS, Project, ProjectError, changed_files, deployed_commit

HELP = "List the stacks that the changes since a commit touch, one a line."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the flags."""
    add_selection(parser)
    parser.add_argument("--json", action="store_true", help="as a JSON list, for a matrix")


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Declares the flags that choose stacks."""
    since = parser.add_mutually_exclusive_group()
    since.add_argument("--base", metavar="COMMIT", help="compare with where HEAD left this commit; unknown, or left out: every stack")
    since.add_argument("--deployed", action="store_true", help="compare each stack with the commit that was last deployed to it")
    parser.add_argument("--environment", metavar="NAME", help="only stacks of this environment: prod for churn-prediction.prod")
    parser.add_argument("--harmless", action="append", default=[], metavar="PATTERN", help="more files that no deployment is made from")


def run(options: argparse.Namespace) -> int:
    """Prints the stacks."""
    try:
        stacks = select(options)
    except ProjectError as error:
        print(f"python -m modeldeploy changed: error: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(stacks))
    else:
        for stack in stacks:
            print(stack)
    return 0


def select(options: argparse.Namespace) -> list[str]:
    """The stacks that the flags choose."""
    project = Project.at(Path())
    stacks = [stack for stack in project.stacks if options.environment is None or stack.partition(".")[2] == options.environment]
    harmless = [*HARMLESS, *options.harmless]
    if options.deployed:
        return [stack for stack in stacks if _differs(project, stack, harmless)]
    files = changed_files(project.folder, options.base) if options.base else None
    if options.base and files is None:
        print(f"'{options.base}' is no commit that is known here, so that every stack counts as changed", file=sys.stderr)
    return stacks if files is None else [stack for stack in project.touched(files, harmless) if stack in stacks]


def _differs(project: Project, stack: str, harmless: list[str]) -> bool:
    """Whether a stack is not what HEAD says: changed since, deployed from a later commit, or never deployed."""
    commit = deployed_commit(project.folder, stack)
    files = changed_files(project.folder, commit, since_branching=False) if commit else None
    return files is None or stack in project.touched(files, harmless)
