"""What `python -m modeldeploy` can do: one module per command, loaded when it is asked for.

Each offers `HELP`, `add_arguments(parser)` and `run(options)`, which returns the exit code.
"""

import argparse
import importlib
from typing import Protocol, cast

COMMANDS = ("advise", "changed", "diagram", "plan")


class Command(Protocol):
    """A module of this package."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declares the flags."""
        ...

    def run(self, options: argparse.Namespace) -> int:
        """Does it, and returns the exit code."""
        ...


def load(name: str) -> Command:
    """The module of a command."""
    return cast(Command, importlib.import_module(f"{__name__}.{name}"))
