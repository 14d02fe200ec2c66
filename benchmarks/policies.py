"""How much longer `pulumi preview` takes with the pack: `python -m benchmarks.policies [resources] [runs]`.

A program of plain resources of the four providers is previewed in the sandbox without and with the pack, alternating; the medians and their ratio are
printed, and what the pack adds per resource and rule family.
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from policies.pack import SETTINGS_POLICY
from policies.rules import FAMILIES
from sandbox.testing import running_sandbox
from tests.support.engine import ProjectFactory, locate_engine

PACK = Path(__file__).resolve().parents[1] / "policies"
PROGRAM = """
import sys
import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp
import pulumi_kubernetes as kubernetes

TAGS = {{"environment": "dev", "managed-by": "pulumi"}}
for index in range({count} // 5):
    aws.s3.Bucket(f"bucket-{{index}}", tags=TAGS)
    aws.cloudwatch.LogGroup(f"logs-{{index}}", retention_in_days=90, tags=TAGS)
    azure.resources.ResourceGroup(f"group-{{index}}", location="westeurope", tags=TAGS)
    gcp.pubsub.Topic(f"topic-{{index}}", project="pricing", labels=TAGS)
    kubernetes.core.v1.ConfigMap(f"settings-{{index}}", metadata={{"labels": TAGS}}, data={{"MODEL_NAME": "pricing"}})
"""


def main(count: int = 1000, runs: int = 3) -> None:
    """Measures and prints."""
    seconds: dict[bool, list[float]] = {False: [], True: []}
    with tempfile.TemporaryDirectory() as folder, running_sandbox(Path(folder)) as sandbox:
        factory = ProjectFactory(Path(folder), locate_engine())
        made = factory(
            {"__main__.py": PROGRAM.format(count=count)}, debug_providers=sandbox.debug_providers, environment={"AWS_REGION": "eu-central-1"}
        )
        made.write({"policy-config.json": json.dumps({"all": "advisory", SETTINGS_POLICY: {}})})
        for _ in range(runs):
            for pack in (False, True):
                started = time.perf_counter()
                given = ["--policy-pack", str(PACK), "--policy-pack-config", "policy-config.json"] if pack else []
                made.preview("--suppress-progress", "--suppress-outputs", *given, timeout=900)
                seconds[pack].append(time.perf_counter() - started)
        factory.close()
    without, with_pack = statistics.median(seconds[False]), statistics.median(seconds[True])
    added = (with_pack - without) / count * 1000
    sys.stdout.write(
        f"{count} resources: {without:.1f} s without the pack, {with_pack:.1f} s with it, ratio {with_pack / without:.2f}; "
        f"{added:.2f} ms per resource, {added / len(FAMILIES):.3f} ms per resource and family\n"
    )


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:]))
