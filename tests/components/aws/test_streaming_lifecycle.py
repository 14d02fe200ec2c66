"""The consumer of a stream through the real engine, against the sandbox."""

import json
from typing import Any

import pytest

from tests.components.aws.web import ALIAS, CALLER, FUNCTION
from tests.support.lifecycle import Deploy

pytestmark = pytest.mark.engine

MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
STREAM = "aws:kinesis/stream:Stream"
ENDPOINT = "https://runtime.sagemaker.eu-west-1.amazonaws.com/endpoints/churn/invocations"


def test_a_consumer_goes_through_a_new_model_and_other_arguments_and_leaves_nothing(deploy: Deploy) -> None:
    made = deploy("modeldeploy.aws.streaming:LambdaStreamConsumer", "call-drops", producers=[CALLER], operations={"emails": ["team@example.com"]})
    (made.project.directory / "schema.json").write_text(json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}))
    everything: dict[str, Any] = {"endpoint": ENDPOINT, "schema": {"format": "json", "file": "schema.json"}}
    made.up(model=made.model("1"), database=True, **everything)
    outputs = made.project.outputs()
    (events, results) = sorted(made.sandbox.resources(STREAM), key=lambda each: each.id)
    assert (outputs["events"], outputs["results"]) == (events.id, results.id)
    assert outputs["dead_letters"].endswith("/aws/lambda/")
    assert outputs["database_grant"].startswith("DO $$ BEGIN CREATE USER call_drops;")
    (reader,) = made.sandbox.resources(MAPPING)
    made.expect_no_changes()

    # A new model is a new version of the function: the alias moves, and the reader goes on where it was.
    done = made.up(model=made.model("2"), database=True, **everything)
    assert done.index(("update", FUNCTION)) < done.index(("update", ALIAS))
    assert not [step for step in done if step[1] in (MAPPING, STREAM) or step[0] == "replace"]
    assert made.project.outputs()["model_version"] == "2"

    # Other arguments change streams and reader in place.
    changed: dict[str, Any] = {
        "partitions": 6,
        "retention_hours": 24,
        "records_per_call": 10,
        "batch_window_seconds": 5,
        "parallelism_per_partition": 2,
        "retries": 8,
        "max_age_seconds": 600,
        "scaling": {"minimum": 0, "maximum": 12},
        "compute": {"cpu_millis": 2000},
        "capture_days": 0,
        "producers": [],
    }
    made.up(model=made.model("2"), **changed, **everything)
    (after,) = made.sandbox.resources(MAPPING)
    assert (after.id, after.inputs["batchSize"], after.inputs["maximumRetryAttempts"]) == (reader.id, 10, 8)
    assert {each.inputs["shardCount"] for each in made.sandbox.resources(STREAM)} == {6}
    assert made.sandbox.resources("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream") == []
    made.destroy()
