"""A consumer of a stream through the real engine, against the sandbox."""

import pytest

from tests.components.gcp.streams import SUBSCRIPTION, TOPIC
from tests.components.gcp.web import SERVICE, STASH
from tests.support.lifecycle import Deploy, Deployment

pytestmark = pytest.mark.engine

COMPONENT = "modeldeploy.gcp.streaming:CloudRunStreamConsumer"
PHONES = "serviceAccount:phones@sandbox-project.iam.gserviceaccount.com"
SCHEMA = '{"type": "record", "name": "Call", "fields": [{"name": "signal", "type": "double"}]}'


def traffic(made: Deployment) -> dict[str, int]:
    """Percent of records by tag, as Cloud Run has it."""
    (service,) = made.sandbox.resources(SERVICE)
    return {each["tag"]: int(each["percent"]) for each in service.outputs["traffics"]}


def test_a_consumer_goes_on_with_another_version_and_leaves_nothing(deploy: Deploy) -> None:
    made = deploy(COMPONENT, "calls", producers=[PHONES], operations={"emails": ["network@example.com"]})
    (made.project.directory / "call.avsc").write_text(SCHEMA)

    order = made.up(model=made.model("1"), schema={"format": "avro", "file": "call.avsc"}, database=True)
    # Nothing is handed over before there is somebody to take it, and somewhere to leave it.
    assert order.index(("create", SERVICE)) < max(index for index, each in enumerate(order) if each == ("create", SUBSCRIPTION))
    assert traffic(made) == {"v1": 100}
    made.expect_no_changes()
    outputs = made.project.outputs()
    (events,) = [each for each in made.sandbox.resources(TOPIC) if each.outputs.get("schemaSettings")]
    assert outputs["events"] == events.id
    (pushed,) = [each for each in made.sandbox.resources(SUBSCRIPTION) if each.outputs.get("pushConfig")]
    assert pushed.outputs["pushConfig"]["pushEndpoint"] == "https://calls-test-100000000000.europe-west1.run.app/invocations"

    # Another version takes over in place: the stream is not touched, so what waits there is handed to it.
    order = made.up(model=made.model("2"), schema={"format": "avro", "file": "call.avsc"}, database=True)
    assert traffic(made) == {"v2": 100}
    assert not [each for each in order if each[1] in (TOPIC, SUBSCRIPTION)]
    assert order.index(("create", "gcp:storage/bucketObject:BucketObject")) < order.index(("update", SERVICE)) < order.index(("create", STASH))

    # Other times and no captures; the stream stays what it is, with what waits in it.
    order = made.up(model=made.model("2"), retention_hours=120, retries=8, request_seconds=120, capture_days=0)
    assert {operation for operation, type in order if type == TOPIC} == {"update"}
    assert {each.outputs["name"] for each in made.sandbox.resources(SUBSCRIPTION)} >= {pushed.outputs["name"]}
    (pushed,) = [each for each in made.sandbox.resources(SUBSCRIPTION) if each.outputs.get("pushConfig")]
    assert pushed.outputs["deadLetterPolicy"]["maxDeliveryAttempts"] == 9
    assert len(made.sandbox.resources(SUBSCRIPTION)) == 2
    made.destroy()
