"""What the components cost: `python -m benchmarks.preview [--cloud aws] [--rounds 5]`.

Prints two things, as ratios measured in one run:

- `pulumi preview` of stack dynamic-pricing against a flat program that registers the same resources directly (same types, inputs, dependencies on
  SDK modules), both into an empty stack, in turns; the median of each. Aim: 1.15 or less.
- import of each cloud's managed endpoint against import of the SDK modules it uses.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sandbox.testing import running_sandbox
from tests.support.engine import ROOT, Project, ProjectFactory, locate_engine, project_file

FLAT = """
import importlib
import json
import pathlib

import pulumi

here = pathlib.Path(__file__).parent
for module in json.loads((here / "modules.json").read_text()):
    importlib.import_module(module)


class Resource(pulumi.CustomResource):
    def __init__(self, kind, name, inputs):
        super().__init__(kind, name, inputs, pulumi.ResourceOptions())


def revive(value):
    if isinstance(value, dict) and "4dabf18193072939515e22adb298388d" in value:
        if "path" in value or "text" in value:
            return pulumi.StringAsset(value.get("text", "content"))
        return revive(value.get("value"))
    if isinstance(value, dict):
        return {key: revive(each) for key, each in value.items()}
    return [revive(each) for each in value] if isinstance(value, list) else value


for number, resource in enumerate(json.loads((here / "resources.json").read_text())):
    Resource(resource["type"], f"{number}-{resource['urn'].rsplit('::', 1)[1]}", revive(resource["inputs"]))
"""

SLICE_MODULES = """
import json, sys
from modeldeploy.grid import Cloud, DeploymentType, database, endpoint, network
cloud = Cloud(sys.argv[1])
network(cloud), database(cloud), endpoint(DeploymentType.MANAGED_ENDPOINT, cloud)
sdk = {"aws": "pulumi_aws", "azure": "pulumi_azure_native", "gcp": "pulumi_gcp"}[sys.argv[1]]
print(json.dumps([name for name in sys.modules if name.split(".")[0] == sdk]))
"""


def main() -> None:
    """Runs both measurements and prints them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.preview", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cloud", choices=["aws", "azure", "gcp"], default="aws")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ratio(Path(folder), options.cloud, options.rounds)
    for cloud in ("aws", "azure", "gcp"):
        imports(cloud, options.rounds)


def ratio(folder: Path, cloud: str, rounds: int) -> None:
    """The preview of the slice against the flat program's."""
    with running_sandbox(folder) as sandbox:
        factory = ProjectFactory(folder, locate_engine())
        components = stack_project(factory, sandbox.environment, folder, cloud)
        components.up()
        resources = [each for each in components.resources() if each.get("custom") and not each["type"].startswith(("pulumi:", "modeldeploy:"))]
        flat = flat_project(factory, sandbox.environment, resources, cloud)
        components.destroy()
        components.preview()
        flat.preview()
        times: dict[str, list[float]] = {"components": [], "flat": []}
        for _ in range(rounds):
            for name, project in (("components", components), ("flat", flat)):
                start = time.perf_counter()
                project.preview()
                times[name].append(time.perf_counter() - start)
        factory.close()
    medians = {name: statistics.median(each) for name, each in times.items()}
    print(f"preview on {cloud}, {len(resources)} resources, {rounds} rounds in turns:")
    for name, each in times.items():
        print(f"  {name:11} median {medians[name]:.2f} s (from {min(each):.2f} to {max(each):.2f})")
    print(f"  ratio       {medians['components'] / medians['flat']:.2f}")


def stack_project(factory: ProjectFactory, environment: dict[str, str], folder: Path, cloud: str) -> Project:
    """The root project in a copy of its own, with the demo's configuration on `cloud`."""
    directory = folder / "checkout"
    directory.mkdir()
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / name, directory)
    shutil.copytree(ROOT / "stacks", directory / "stacks")
    for name in (".venv", "components"):
        (directory / name).symlink_to(ROOT / name)
    model = directory / ".demo" / "models" / "dynamic-pricing" / "1"
    model.mkdir(parents=True)
    (model / "model.pkl").write_text("weights")
    project = factory(directory=directory, stack="dynamic-pricing.demo", environment={**environment, "PULUMI_CONFIG_PASSPHRASE": "sandbox"})
    return project.configure({"cloud": cloud})


def flat_project(factory: ProjectFactory, environment: dict[str, str], resources: list[dict[str, Any]], cloud: str) -> Project:
    """A program without components that registers `resources` with the inputs they ended up with."""
    modules = subprocess.run([sys.executable, "-c", SLICE_MODULES, cloud], check=True, capture_output=True, text=True).stdout
    files = {
        "Pulumi.yaml": project_file("flat"),
        "__main__.py": FLAT,
        "resources.json": json.dumps([{key: each[key] for key in ("type", "urn", "inputs")} for each in resources]),
        "modules.json": modules,
    }
    config = {"aws:region": "eu-west-1", "azure-native:location": "westeurope", "gcp:project": "sandbox-project", "gcp:region": "europe-west1"}
    return factory(files, name="flat", environment=environment).configure(config)


def imports(cloud: str, rounds: int) -> None:
    """Import time of a cloud's slice, and of the SDK modules alone."""
    modules = json.loads(subprocess.run([sys.executable, "-c", SLICE_MODULES, cloud], check=True, capture_output=True, text=True).stdout)
    sdk = f"import importlib\nfor name in {modules!r}: importlib.import_module(name)"
    ours = (
        f"from modeldeploy.grid import *\ncloud = Cloud({cloud!r}); network(cloud), database(cloud), endpoint(DeploymentType.MANAGED_ENDPOINT, cloud)"
    )
    times: dict[str, list[float]] = {ours: [], sdk: []}
    for _ in range(rounds + 1):
        for program, each in times.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            each.append(time.perf_counter() - start)
    mine, theirs = (statistics.median(each[1:]) for each in times.values())
    print(f"import on {cloud}: {mine:.2f} s, of which the SDK {theirs:.2f} s; ratio {mine / theirs:.2f}")


if __name__ == "__main__":
    main()
