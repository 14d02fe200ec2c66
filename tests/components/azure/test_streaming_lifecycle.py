"""`ContainerAppStreamConsumer` through the real engine, against the sandbox: another version takes over, arguments change, nothing is left."""

from pathlib import Path

import pytest

from tests.support.lifecycle import Deploy

from .test_streaming import schema
from .world import CALLER

pytestmark = pytest.mark.engine

APP = "azure-native:app:ContainerApp"
NAMESPACE = "azure-native:eventhub:Namespace"
HUB = "azure-native:eventhub:EventHub"
READERS = "azure-native:eventhub:ConsumerGroup"
SCHEMAS = "azure-native:eventhub:SchemaRegistry"
BLOB = "azure-native:storage:Blob"
ROLE = "azure-native:authorization:RoleAssignment"


def test_another_version_takes_over_where_the_first_one_stopped(deploy: Deploy, tmp_path: Path) -> None:
    made = deploy("modeldeploy.azure.streaming:ContainerAppStreamConsumer", "calls", operations={"emails": ["team@example.com"]})
    made.up(model=made.model("1"))
    (before,) = made.sandbox.resources(APP)
    outputs = made.project.outputs()
    assert outputs["events"].endswith(".servicebus.windows.net/events")
    made.expect_no_changes()

    message = {"format": "avro", "file": schema(tmp_path)}
    steps = made.up(
        model=made.model("2"),
        batch_window_seconds=5,
        retention_hours=168,
        partitions=8,
        producers=[CALLER],
        schema=message,
        tags={"owner": "network"},
    )
    (after,) = made.sandbox.resources(APP)
    assert after.id == before.id, "a new revision of the same app"
    told = {each["name"]: each.get("value") for each in after.inputs["template"]["containers"][0]["env"]}
    assert (told["MODEL_VERSION"], told["STREAM_BATCH_WINDOW_SECONDS"]) == ("2", "5")
    assert steps.index(("create", BLOB)) < steps.index(("update", APP)) < steps.index(("delete", BLOB))
    assert steps.index(("create", SCHEMAS)) < steps.index(("update", APP))
    assert {step for step in steps if step[1] in (NAMESPACE, HUB, READERS)} == {("update", NAMESPACE), ("update", HUB)}
    assert ("create", ROLE) in steps
    assert made.project.outputs()["model_version"] == "2"
    assert made.project.outputs()["events"] == outputs["events"]
    made.expect_no_changes()
    made.destroy()
