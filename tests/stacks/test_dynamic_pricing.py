"""Stack dynamic-pricing on each cloud, by the real engine against the sandbox, with the policy pack on."""

import pytest

from modeldeploy.grid import Cloud

from .conftest import StackUnderTest

pytestmark = [pytest.mark.engine, pytest.mark.parametrize("stack", list(Cloud), indirect=True)]

STEPS = {
    "first": (("1",), None),
    "canary": (("1", "2"), {"1": 90, "2": 10}),
    "promoted": (("1", "2"), {"1": 0, "2": 100}),
    "rolled back": (("1", "2"), {"1": 100, "2": 0}),
    "finished": (("2",), None),
}
SERVED = {"first": "1", "canary": "1", "promoted": "2", "rolled back": "1", "finished": "2"}


def go(stack: StackUnderTest, step: str) -> None:
    versions, traffic = STEPS[step]
    stack.configure(*versions, traffic=traffic)
    stack.project.up()
    assert stack.project.outputs()["model_version"] == SERVED[step]


def destroy(stack: StackUnderTest) -> None:
    stack.project.destroy()
    assert [f"{record.token} {record.id}" for record in stack.sandbox.resources()] == []
    assert stack.sandbox.vertex_models() == []


def test_a_release_goes_through_canary_promotion_and_rollback_and_a_second_up_changes_nothing(stack: StackUnderTest) -> None:
    for step in ("first", "canary", "promoted", "rolled back", "promoted", "finished"):
        go(stack, step)
        stack.project.preview("--expect-no-changes")
    assert stack.project.outputs()["ran_in"].startswith("the sandbox")
    stack.project.refresh("--expect-no-changes")
    destroy(stack)


@pytest.mark.parametrize("step", ["canary", "promoted", "rolled back"])
def test_it_can_be_destroyed_from_every_step_of_a_release(stack: StackUnderTest, step: str) -> None:
    go(stack, "first")
    go(stack, step)
    destroy(stack)


def test_a_new_version_takes_over_in_one_run_without_a_canary(stack: StackUnderTest) -> None:
    go(stack, "first")
    go(stack, "finished")
    destroy(stack)


def test_production_passes_the_policies_too(stack: StackUnderTest) -> None:
    stack.configure("1", environment="prod")
    stack.project.preview()


def test_bad_input_leaves_nothing_behind_and_shows_no_traceback(stack: StackUnderTest) -> None:
    stack.configure("1", scaling={"minimum": 3, "maximum": 1})
    failed = stack.project.up(check=False).failed()
    assert "workload: scaling.maximum: 1 is below scaling.minimum 3; use 3 or more" in failed.output
    assert "Traceback" not in failed.output
    assert stack.sandbox.resources() == []
