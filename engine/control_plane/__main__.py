"""`python3 -m engine.control_plane [ensure|locate]`: the Kubernetes control plane for tests and previews.

ensure  (the default) build it when it is not there; takes minutes once
locate  find a built one; build nothing, and exit with 3 when there is none

Standard output carries only the answer: its folder. Everything else goes to standard error.
"""

import argparse
import sys

from engine.cache import note
from engine.errors import EngineError

from . import build


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python3 -m engine.control_plane", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", nargs="?", default="ensure", choices=["ensure", "locate"])
    if parser.parse_args(arguments).command == "locate" and not build.is_complete():
        note("error: There is no Kubernetes control plane yet. Run `make control-plane`.")
        return 3
    try:
        print(build.ensure())
    except EngineError as error:
        note(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        note("Interrupted. What was compiled so far is kept by Go, so the next build is shorter.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
