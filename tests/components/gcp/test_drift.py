"""Whether requests drift: what is watched, where that is kept, and who is told."""

import json
from typing import Any

import pytest

from modeldeploy.gcp.drift import DriftMonitoring
from modeldeploy.gcp.managed_endpoint import VertexEndpointArgs
from modeldeploy.spec import Access, Environment, Exposure, Operations
from modeldeploy.spec.arguments import ArgumentError, parse
from tests.components.gcp.program import DEPLOYED, ENDPOINT, GIVEN_NETWORK, MONITORING, SPLIT, endpoint_graph, model
from tests.support.mocks import Graph

BUCKET = "gcp:storage/bucket:Bucket"
KEY = "projects/shop-models/locations/europe-west1/keyRings/made-1a2b3c4/cryptoKeys/made-1a2b3c4"
OBJECT = "gcp:storage/bucketObject:BucketObject"
SINK = "gcp:logging/projectSink:ProjectSink"
WATCHED = DriftMonitoring(numbers={"glucose": 0.2, "BMI": 0.3}, categories={"ward": 0.25}, interval_hours=6)
OPERATIONS = Operations(capture_percent=10, emails=["team@example.com"], log_retention_days=60)


def watched(**changes: Any) -> Graph:
    """A monitored endpoint."""
    return endpoint_graph(**{"monitoring": WATCHED, "operations": OPERATIONS, "network": GIVEN_NETWORK, **changes})


def test_nothing_is_watched_until_it_is_asked_for() -> None:
    assert not endpoint_graph(operations=OPERATIONS, network=GIVEN_NETWORK).all(MONITORING)


def test_the_requests_that_are_kept_are_watched_under_the_key() -> None:
    graph = watched()
    monitoring = graph.one(MONITORING)
    assert monitoring.name == "pricing-drift"
    inputs = {**monitoring.inputs}
    assert inputs.pop("labels") == graph.one(ENDPOINT).inputs["labels"]
    schema = inputs.pop("schemaUri")
    assert inputs == {
        "endpoint": "projects/shop-models/locations/europe-west1/endpoints/pricing-1a2b3c4",
        "deployedModelIds": ["901"],
        "driftThresholds": {"glucose": 0.2, "BMI": 0.3, "ward": 0.25},
        "samplePercent": 10,
        "intervalHours": 6,
        "emails": ["team@example.com"],
        "logAnomalies": True,
        "logRuns": True,
        "statisticsUri": "gs://pricing-models-1a2b3c4/statistics",
        "encryptionKey": KEY,
    }
    assert schema.startswith("gs://pricing-models-1a2b3c4/schemas/")
    assert {each.urn for each in graph.all("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember")} <= monitoring.depends_on


def test_an_instance_is_described_beside_the_models() -> None:
    schema = watched().one(OBJECT, "pricing-schema").inputs
    assert json.loads(schema["source"].text) == {
        "type": "object",
        "properties": {"glucose": {"type": "number"}, "BMI": {"type": "number"}, "ward": {"type": "string"}},
    }
    assert schema["contentType"] == "application/yaml"
    other = watched(monitoring=DriftMonitoring(numbers={"glucose": 0.2})).one(OBJECT, "pricing-schema").inputs
    assert other["name"] != schema["name"], "another description is another file"
    same = watched(monitoring=DriftMonitoring(numbers={"glucose": 0.9, "BMI": 0.3}, categories={"ward": 0.25})).one(OBJECT, "pricing-schema").inputs
    assert same["name"] == schema["name"], "thresholds are no part of it: they change in place"


@pytest.mark.parametrize("environment", list(Environment))
def test_statistics_are_kept_as_long_as_logs_in_a_bucket_of_their_own(environment: Environment) -> None:
    bucket = watched(environment=environment).one(BUCKET, "pricing-drift")
    ages = [each["condition"].get("age") for each in bucket.inputs["lifecycleRules"] if each["action"]["type"] == "Delete"]
    assert ages == [60, None]
    assert bucket.inputs["encryption"] == {"defaultKmsKeyName": KEY}
    assert bucket.inputs["publicAccessPrevention"] == "enforced"
    assert bucket.options.protect is (environment is Environment.PRODUCTION)


def test_every_version_of_a_release_is_watched_before_the_old_one_goes() -> None:
    graph = watched(models=[model("1"), model("2")])
    monitoring = graph.one(MONITORING)
    assert monitoring.inputs["deployedModelIds"] == ["901", "902"]
    assert {each.urn for each in graph.all(DEPLOYED)} <= monitoring.depends_on
    assert monitoring.urn not in graph.one(SPLIT).depends_on, "a release does not wait for it"


def test_what_it_finds_goes_to_the_endpoints_own_logs() -> None:
    expected = (
        '(resource.type="aiplatform.googleapis.com/Endpoint" AND resource.labels.endpoint_id="pricing-1a2b3c4") OR '
        '(resource.type="aiplatform.googleapis.com/ModelDeploymentMonitoringJob" AND resource.labels.model_deployment_monitoring_job="77")'
    )
    assert watched().one(SINK).inputs["filter"] == expected
    assert watched().one("gcp:logging/projectExclusion:ProjectExclusion").inputs["filter"] == expected


def test_without_addresses_nobody_gets_a_mail() -> None:
    assert "emails" not in watched(operations=Operations(capture_percent=100)).one(MONITORING).inputs


def test_a_public_endpoint_is_watched_as_well() -> None:
    assert watched(access=Access(exposure=Exposure.PUBLIC)).one(MONITORING).inputs["samplePercent"] == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"operations": Operations()}, "monitoring: needs operations.capture_percent: what is watched are the requests that are kept; give 1 to 100"),
        ({"monitoring": DriftMonitoring()}, "monitoring.numbers: is empty, and so is categories; name at least one feature"),
        ({"monitoring": DriftMonitoring(numbers={"age": 0.0})}, "monitoring.numbers.age: 0.0 is no threshold; use more than 0 and at most 1"),
        ({"monitoring": DriftMonitoring(categories={"ward": 1.5})}, "monitoring.categories.ward: 1.5 is no threshold"),
        (
            {"monitoring": DriftMonitoring(numbers={"age": 0.1}, categories={"age": 0.1})},
            "monitoring.categories.age: is in numbers as well; a feature is one of the two",
        ),
        ({"monitoring": DriftMonitoring(numbers={"age": 0.1}, interval_hours=0)}, "monitoring.interval_hours: 0 is not allowed; use 1 or more"),
    ],
)
def test_what_cannot_be_watched_is_refused(arguments: dict[str, Any], message: str) -> None:
    given = {"models": [model()], "monitoring": WATCHED, "operations": OPERATIONS, **arguments}
    with pytest.raises(ArgumentError) as caught:
        parse(VertexEndpointArgs, VertexEndpointArgs(**given), "VertexEndpoint 'pricing'")
    assert message in str(caught.value)
