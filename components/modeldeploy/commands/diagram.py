"""`pulumi preview --json --show-sames | python -m modeldeploy diagram --output stack.svg`: the resources of a stack as a picture."""

import argparse
import json
import sys
from pathlib import Path

from modeldeploy.preview import svg
from modeldeploy.preview.graph import PreviewError, read
from modeldeploy.preview.layout import arrange

HELP = "Draw the resources of a stack, grouped by component, from `pulumi preview --json --show-sames` (SVG)."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the flags."""
    parser.add_argument(
        "preview", nargs="?", default="-", help="file with the output of `pulumi preview --json --show-sames`; default: standard input"
    )
    parser.add_argument("--output", default="-", metavar="FILE", help="SVG file; folders are made; default: standard output")


def run(options: argparse.Namespace) -> int:
    """Reads the preview and writes the picture."""
    source = "standard input" if options.preview == "-" else options.preview
    try:
        text = sys.stdin.read() if options.preview == "-" else Path(options.preview).read_text()
        picture = svg.draw(arrange(read(json.loads(text))))
    except (OSError, json.JSONDecodeError, PreviewError) as error:
        print(f"python -m modeldeploy diagram: error: {source} is no preview: {error}", file=sys.stderr)
        return 1
    if options.output == "-":
        print(picture, end="")
        return 0
    path = Path(options.output)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(picture)
    return 0
