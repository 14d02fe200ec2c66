"""`python -m demo.diagram dynamic-pricing.demo`: draws a stack as a first `pulumi up` would make it, to docs/diagrams/<project>.svg.

The preview runs in a sandbox and a state of its own, so it does not matter what is deployed. The model of the demo is trained if it is not there.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from demo.__main__ import MODEL, STACK
from demo.cli import ROOT, pulumi_environment
from demo.train_pricing_model import train
from sandbox.testing import running_sandbox


def main(arguments: list[str]) -> int:
    """Draws the stack, and returns the exit code."""
    stack = arguments[0] if arguments else STACK
    config = ROOT / "stacks" / f"Pulumi.{stack}.yaml"
    if not config.exists():
        known = sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in config.parent.glob("Pulumi.*.yaml"))
        print(f"'{stack}' is no stack; there are {', '.join(known)}", file=sys.stderr)
        return 2
    if not (MODEL / "model-card.json").exists():
        train(MODEL)
    target = f"docs/diagrams/{stack.partition('.')[0]}.svg"
    try:
        picture = draw(stack, config)
    except subprocess.CalledProcessError as error:
        print(f"`pulumi {error.cmd[1]}` ended with code {error.returncode}\n{error.stdout or ''}", file=sys.stderr)
        return 1
    (ROOT / target).parent.mkdir(exist_ok=True)
    (ROOT / target).write_text(picture)
    print(f"Drawn: {target}")
    return 0


def draw(stack: str, config: Path) -> str:
    """The picture."""
    settings = config.read_bytes()
    with tempfile.TemporaryDirectory() as folder, running_sandbox(Path(folder)) as sandbox:
        environment = {**os.environ, **pulumi_environment(Path(folder)), **sandbox.environment}
        try:
            _pulumi(environment, "stack", "init", stack)
            preview = _pulumi(environment, "preview", "--json", "--stack", stack)
        finally:
            config.write_bytes(settings)  # `stack init` adds a salt where there is none
    command = [sys.executable, "-m", "modeldeploy", "diagram"]
    return subprocess.run(command, cwd=ROOT, check=True, input=preview, text=True, stdout=subprocess.PIPE).stdout


def _pulumi(environment: dict[str, str], *arguments: str) -> str:
    return subprocess.run(["pulumi", *arguments], cwd=ROOT, env=environment, check=True, text=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
