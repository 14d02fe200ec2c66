"""`python3 -m engine [ensure|locate|env]`: the Pulumi engine for this checkout.

ensure  (the default) find an installed CLI or build one; takes minutes once
locate  find an installed or a built one; build nothing, and exit with 3 when there is none
env     as locate, but print a line for the shell: eval "$(python3 -m engine env)"

Standard output carries only the answer: the folder to put in front of PATH for a CLI that was built here, and nothing at all for
an installed CLI, so that nothing of ours can shadow what it brings along. Everything else goes to standard error.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this may have any Python; the imports would fail without a reason
    sys.exit(f"modeldeploy needs Python 3.11 or newer; this one, {sys.executable}, is {sys.version.split()[0]}.")

import argparse
import shlex
from pathlib import Path

from . import build, system
from .cache import note
from .errors import EngineError, EngineMissingError
from .versions import BUILT, OLDEST_CLI


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m engine", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", default="ensure", choices=["ensure", "locate", "env"])
    command: str = parser.parse_args(arguments).command
    try:
        folder = _folder(may_build=command == "ensure")
    except EngineError as error:
        note(f"error: {error}")
        return 3 if isinstance(error, EngineMissingError) else 1
    except KeyboardInterrupt:
        note("Interrupted. What was compiled so far is kept by Go, so the next build is shorter.")
        return 130
    if folder is not None:
        print(f"export PATH={shlex.quote(str(folder))}:$PATH" if command == "env" else folder)
    return 0


def _folder(*, may_build: bool) -> Path | None:
    installed = system.find()
    if installed is not None:
        if may_build:
            note(f"Using the installed Pulumi CLI {installed.version} at {installed.path}.")
        return None
    if may_build:
        return build.ensure()
    if not build.is_complete():
        raise EngineMissingError(
            f"There is no Pulumi engine yet: no CLI {OLDEST_CLI} or newer is on PATH, and {BUILT} has not been built.\nRun `make engine`."
        )
    return build.bin_folder()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
