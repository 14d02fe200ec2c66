"""`python -m modeldeploy <command>`: what helps around a deployment. `--help` lists the commands, `<command> --help` its flags."""

import argparse
import sys

from modeldeploy import commands
from modeldeploy.spec import ArgumentError


def main(arguments: list[str]) -> int:
    """Runs a command and returns its exit code: 0 done, 1 it failed, 2 the flags are wrong."""
    parser = argparse.ArgumentParser(prog="python -m modeldeploy", description="Helps around the deployment of a model.")
    chosen = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name in commands.COMMANDS:
        command = commands.load(name)
        command.add_arguments(chosen.add_parser(name, help=command.HELP, description=command.HELP))
    options = parser.parse_args(arguments)
    try:
        return commands.load(options.command).run(options)
    except ArgumentError as error:
        for problem in error.problems:
            print(f"python -m modeldeploy {options.command}: error: --{problem.path.replace('_', '-')}: {problem.reason}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
