"""`python -m demo up|down|env`: stack dynamic-pricing.demo in the sandbox, with the real Pulumi engine and the policy pack.

up [--cloud aws|azure|gcp]  start the sandbox, train the model, deploy it, tell the outputs
down                        destroy it, show that nothing is left, stop the sandbox
env                         print what a shell needs to run `pulumi` against the sandbox by hand: eval "$(.venv/bin/python -m demo env)"
"""

import argparse
import json
import os
import shlex
import subprocess
import sys

from .cli import ROOT, pulumi_environment
from .train_pricing_model import train

FOLDER = ROOT / ".demo"
MODEL = FOLDER / "models" / "dynamic-pricing" / "1"
STACK = "dynamic-pricing.demo"
SANDBOX = [sys.executable, "-m", "sandbox", "--home", str(FOLDER / "sandbox")]


def main() -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["up", "down", "env"])
    parser.add_argument("--cloud", choices=["aws", "azure", "gcp"], help="with up: the cloud to deploy to, kept in the stack's configuration")
    options = parser.parse_args()
    try:
        if options.command == "up":
            up(options.cloud)
        elif options.command == "down":
            down()
        else:
            start_sandbox()
            for name, value in environment().items():
                print(f"export {name}={shlex.quote(value)}")
    except subprocess.CalledProcessError as error:
        print(f"`{shlex.join(map(str, error.cmd))}` ended with code {error.returncode}", file=sys.stderr)
        return error.returncode or 1
    return 0


def up(cloud: str | None) -> None:
    """Deploys the demo."""
    say("1/4 The sandbox: stand-ins for the clouds' providers, on this machine")
    start_sandbox()
    say("2/4 The model: gradient boosting on generated prices")
    if not (MODEL / "model-card.json").exists():
        train(MODEL)
    print((MODEL / "model-card.json").read_text().strip())
    say(f"3/4 pulumi up of stack {STACK}, with the policy pack")
    pulumi("stack", "select", "--create", STACK)
    if cloud is not None:
        pulumi("config", "set", "cloud", cloud)
    pulumi("up", "--yes", "--skip-preview", "--policy-pack", "policies", "--suppress-outputs")
    say("4/4 What was deployed")
    for name, value in json.loads(pulumi("stack", "output", "--json", capture=True)).items():
        print(f"  {name:18} {value}")
    print(f"\nThis ran in the sandbox on this machine: {count()} resources in its database, nothing in a cloud. `make demo-down` destroys them.")


def down() -> None:
    """Destroys the demo and checks that the sandbox is empty."""
    start_sandbox()
    pulumi("stack", "select", "--create", STACK)
    pulumi("destroy", "--yes", "--skip-preview", "--suppress-outputs")
    pulumi("stack", "rm", "--yes", "--preserve-config", STACK)
    left = count()
    if left:
        subprocess.run([*SANDBOX, "resources"], cwd=ROOT, check=True)
        sys.exit(f"{left} resources are left in the sandbox")
    subprocess.run([*SANDBOX, "stop"], cwd=ROOT, check=True)
    print("Destroyed: nothing is left in the sandbox's database.")


def start_sandbox() -> None:
    """Starts the sandbox, or finds it running."""
    FOLDER.mkdir(exist_ok=True)
    subprocess.run([*SANDBOX, "start"], cwd=ROOT, check=True, stdout=sys.stderr)


def count() -> int:
    """How many resources the sandbox holds."""
    listing = subprocess.run([*SANDBOX, "resources", "--json"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return len(json.loads(listing))


def environment() -> dict[str, str]:
    """The variables that point Pulumi at the sandbox and at a state of the demo's own."""
    status = json.loads(subprocess.run([*SANDBOX, "status", "--json"], cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    return {**pulumi_environment(FOLDER), **status["environment"]}


def pulumi(*arguments: str, capture: bool = False) -> str:
    """Runs the CLI; its output goes to the user, or comes back with `capture`."""
    done = subprocess.run(
        ["pulumi", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment()},
        check=True,
        text=True,
        stdout=subprocess.PIPE if capture else None,
    )
    return done.stdout or ""


def say(step: str) -> None:
    """A step's headline."""
    print(f"\n{step}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
