"""The stacks through the real engine against the sandbox: each on its first home, from its first `up` to nothing left, and broken off on the way."""

from typing import Any

import pytest

from sandbox.store import Record
from stacks.shared.project import SCORING
from tests.stacks.conftest import LOADERS, MakeStack, StackUnderTest
from tests.stacks.test_projects import ADVISED

pytestmark = pytest.mark.engine

HOME = {
    "call-drop": "aws",
    "churn-prediction": "aws",
    "credit-risk": "aws",
    "demand-forecasting": "gcp",
    "drug-recommendation": "azure",
    "dynamic-pricing": "azure",
    "hospital-readmission": "azure",
    "multi-store-sku": "aws",
    "price-elasticity": "gcp",
    "sepsis-detection": "gcp",
}
BROKEN = {**HOME, "dynamic-pricing": "aws", "hospital-readmission": "gcp"}
"""Where each is broken off: a run for every five resources, so not where there are most of them."""
SERVING = ("churn-prediction", "drug-recommendation", "dynamic-pricing", "price-elasticity", "sepsis-detection")
OWN: dict[str, dict[str, Any]] = {
    "sepsis-detection": {"kubernetes": {"loader_images": LOADERS}},
    "multi-store-sku": {"stores": 3},
    "demand-forecasting": {"inputs": {"gcp": "gs://example-records/demand"}},
}
"""What a project's configuration needs besides its models."""


RECORDS = "example-records"
"""A bucket that somebody else made."""


def start(name: str, cloud: str, make_stack: MakeStack) -> StackUnderTest:
    """A stack on a cloud, and what somebody else made there before."""
    stack = make_stack(name, cloud)
    if name == "demand-forecasting":
        outputs = {"name": RECORDS, "url": f"gs://{RECORDS}"}
        stack.before.append(stack.sandbox.store.insert(Record("gcp:storage/bucket:Bucket", "", RECORDS, "", "", outputs, outputs)).id)
    return stack


def versions(stack: StackUnderTest, *names: str, traffic: dict[str, int] | None = None, **changes: Any) -> None:
    """Go to these versions; the last one scores, where it is a batch or a stream."""
    own = {**OWN.get(stack.name, {}), **changes}
    if stack.name in SERVING:
        rollout = {"rollout": {"traffic": traffic}} if traffic else {}
        stack.configure(models=[stack.release(name) for name in names], **rollout, **own)
    else:
        stack.configure(model=stack.release(names[-1]), **own)


def served(stack: StackUnderTest) -> str:
    outputs = stack.project.outputs()
    assert outputs["deployment"] == ADVISED[stack.name]
    assert set(outputs["models"]) >= {outputs["model_version"]}
    return str(outputs["model_version"])


@pytest.mark.parametrize("name", ADVISED)
def test_a_stack_goes_up_takes_a_new_version_another_size_and_goes_back_and_leaves_nothing(name: str, make_stack: MakeStack) -> None:
    stack = start(name, HOME[name], make_stack)
    versions(stack, "1")
    stack.project.up()
    assert served(stack) == "1"
    stack.project.preview("--expect-no-changes")
    stack.project.refresh("--expect-no-changes")

    versions(stack, "1", "2", traffic={"1": 0, "2": 100})
    stack.project.up()
    assert served(stack) == "2"

    size = {"results_days": 30} if ADVISED[name] in SCORING else {"scaling": {"minimum": 1, "maximum": 4}}
    if name in SERVING:
        versions(stack, "1", "2", traffic={"1": 100, "2": 0}, **size)
    else:
        versions(stack, "1", **size)
    stack.project.up()
    assert served(stack) == "1"
    stack.project.preview("--expect-no-changes")
    stack.destroy()


@pytest.mark.parametrize("name", ADVISED)
def test_a_stack_that_broke_off_at_every_fifth_resource_is_finished_and_nothing_is_orphaned(name: str, make_stack: MakeStack) -> None:
    stack = start(name, BROKEN[name], make_stack)
    versions(stack, "1")
    broken = 0
    while True:
        stack.sandbox.fault("*", "create", message="the cloud did not answer", skip=4, times=1)
        done = stack.project.up("--parallel", "1", check=False)
        stack.sandbox.clear_faults()
        if done.exit_code == 0:
            break
        assert "the cloud did not answer" in done.output
        broken += 1
        assert broken < 60, "it makes no progress"
    assert broken >= 5
    assert served(stack) == "1"
    stack.project.preview("--expect-no-changes")
    stack.destroy()


def test_bad_input_leaves_nothing_behind_and_shows_no_traceback(make_stack: MakeStack) -> None:
    stack = make_stack("dynamic-pricing", "aws")
    versions(stack, "1", scaling={"minimum": 3, "maximum": 1})
    failed = stack.project.up(check=False).failed()
    assert (
        "stacks/Pulumi.dynamic-pricing.test.yaml, key modeldeploy:workload: scaling.maximum: 1 is below scaling.minimum 3; use 3 or more"
        in failed.output
    )
    assert "Traceback" not in failed.output
    stack.nothing_is_left()
