"""Collects the examples in the provider SDKs' documentation as a corpus of resources that must be accepted.

    python tests/sandbox/models/harvest.py aws > tests/sandbox/models/valid/examples_aws.json

Every Python example in a used type's docstring runs under Pulumi's mocks in preview, so that what only the cloud knows is unknown. Examples that do
not run (they read files, or leave a part out) are skipped.
"""

import asyncio
import contextlib
import io
import json
import os
import re
import sys
import tempfile
import textwrap
from collections import Counter
from typing import Any

import pulumi
from pulumi.runtime import mocks

from sandbox.metadata import catalog
from sandbox.models.coverage import listed

EACH = 4
"""Examples kept of one type."""

KUBERNETES = (
    "core/v1:Namespace",
    "core/v1:ServiceAccount",
    "apps/v1:Deployment",
    "core/v1:Service",
    "autoscaling/v2:HorizontalPodAutoscaler",
    "policy/v1:PodDisruptionBudget",
    "networking.k8s.io/v1:NetworkPolicy",
    "core/v1:ResourceQuota",
    "core/v1:LimitRange",
    "core/v1:ConfigMap",
    "core/v1:Secret",
    "core/v1:PersistentVolumeClaim",
    "batch/v1:CronJob",
    "batch/v1:Job",
    "networking.k8s.io/v1:Ingress",
    "rbac.authorization.k8s.io/v1:Role",
    "rbac.authorization.k8s.io/v1:RoleBinding",
)

UNKNOWN_WIRE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

SECRET = "4dabf18193072939515e22adb298388d"


class Recorder(mocks.Mocks):
    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, Any]]] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.seen.append((args.typ, dict(args.inputs)))
        return None, {}

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        return {
            "accountId": "123456789012",
            "name": "us-east-1",
            "partition": "aws",
            "region": "us-east-1",
            "projectId": "my-project",
            "number": "123456789",
        }


def plain(value: Any) -> Any:
    """A value as JSON; unknown values as `{"?": 1}`, assets as `{"asset": 1}`."""
    if isinstance(value, dict) and SECRET in value:
        return plain(value["value"])
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, str) and UNKNOWN_WIRE in value:
        return {"?": 1}
    if isinstance(value, pulumi.Asset | pulumi.Archive):
        return {"asset": 1}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return {"?": 1}


def blocks(doc: str) -> list[str]:
    return [textwrap.dedent(block) for block in re.findall(r"```python\n(.*?)```", doc, re.S)]


def run(source: str) -> list[tuple[str, dict[str, Any]]]:
    recorder = Recorder()
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(recorder, preview=True)
    source = source.replace("std.file(", "_file(").replace(".result", "['result']")
    scope: dict[str, Any] = {"_file": lambda **_: {"result": "text"}}

    @pulumi.runtime.test
    def program() -> None:
        exec(compile(source, "<example>", "exec"), scope)

    with contextlib.suppress(BaseException), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        program()
    return recorder.seen


def main(package: str) -> int:
    tokens = [token for token in [*listed(), *(f"kubernetes:{kind}" for kind in KUBERNETES)] if token.startswith(f"{package}:")]
    wanted, found = set(tokens), []
    kept: Counter[str] = Counter()
    known = catalog(package)
    os.chdir(tempfile.mkdtemp())
    for token in tokens:
        for index, block in enumerate(blocks(known.resource(token).doc)):
            for typ, inputs in run(block):
                if typ in wanted:
                    entry = {"token": typ, "example": f"{token}#{index}", "inputs": plain(inputs)}
                    if entry not in found and kept[typ] < EACH:
                        kept[typ] += 1
                        found.append(entry)
            print(token, index, file=sys.stderr)
    print("[")
    print(",\n".join(json.dumps(entry, sort_keys=True) for entry in found))
    print("]")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
