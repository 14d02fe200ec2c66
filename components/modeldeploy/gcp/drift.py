"""Whether what an endpoint is asked drifts away from what it was asked before: Vertex AI's model monitoring, as v1 of its API has it.

https://cloud.google.com/vertex-ai/docs/model-monitoring/using-model-monitoring
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.operations import Operations

from .buckets import delete_old, delete_replaced, private_bucket
from .keys import Key
from .scope import Scope
from .vertex import VertexDeployedModel, VertexMonitoring, VertexMonitoringArgs

REPLACED_DAYS = 7
"""Days after which statistics that were deleted or replaced cannot be restored any more."""


@dataclass(frozen=True, kw_only=True)
class DriftMonitoring:
    """What is watched in the requests: `{"instances": [{"<feature>": <value>, ...}, ...]}`, by name.

    A threshold is the distance between the values of two periods at which an alert is raised, above 0 and at most 1. Google's own is 0.3.
    """

    numbers: dict[str, float] = field(default_factory=dict[str, float])
    """Thresholds of the features that are numbers, by name: their Jensen-Shannon divergence. Default: none."""
    categories: dict[str, float] = field(default_factory=dict[str, float])
    """Thresholds of the features that are texts, by name: the L-infinity distance of their shares. Default: none."""
    interval_hours: int = 24
    """Hours between two looks, and the time each of them covers, 1 or more. Default: 24."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not self.numbers and not self.categories:
            yield Problem("numbers", "is empty, and so is categories; name at least one feature")
        for name, thresholds in (("numbers", self.numbers), ("categories", self.categories)):
            for feature, threshold in thresholds.items():
                if not 0 < threshold <= 1:
                    yield Problem(f"{name}.{feature}", f"{threshold} is no threshold; use more than 0 and at most 1")
        for feature in self.numbers.keys() & self.categories.keys():
            yield Problem(f"categories.{feature}", "is in numbers as well; a feature is one of the two")
        if self.interval_hours < 1:
            yield Problem("interval_hours", f"{self.interval_hours} is not allowed; use 1 or more")


def watch_requests(
    scope: Scope,
    wanted: DriftMonitoring,
    endpoint: gcp.vertex.AiEndpoint,
    deployed: Sequence[VertexDeployedModel],
    models: gcp.storage.Bucket,
    operations: Operations,
    key: Key,
) -> VertexMonitoring:
    """Watches the requests of `endpoint` that are kept, to all versions `deployed`.

    What an instance looks like is told by a file beside the models, so that it need not be found out from the first thousand requests: until then
    nothing about a job can be changed. Statistics go to a bucket of their own, since Vertex AI would make one without our key.
    """
    statistics = private_bucket(scope, "drift", key, [delete_old(operations.log_retention_days), delete_replaced(REPLACED_DAYS)])
    text = _schema(wanted)
    schema = gcp.storage.BucketObject(
        f"{scope.name}-schema",
        gcp.storage.BucketObjectArgs(
            bucket=models.name,
            name=f"schemas/{hashlib.sha256(text.encode()).hexdigest()[:16]}.yaml",
            source=pulumi.StringAsset(text),
            content_type="application/yaml",
        ),
        scope.child(),
    )
    return VertexMonitoring(
        f"{scope.name}-drift",
        VertexMonitoringArgs(
            endpoint=endpoint.id,
            deployed_model_ids=[each.deployed_model_id for each in deployed],
            drift_thresholds={**wanted.numbers, **wanted.categories},
            sample_percent=operations.capture_percent,
            interval_hours=wanted.interval_hours,
            emails=operations.emails,
            schema_uri=pulumi.Output.concat("gs://", models.name, "/", schema.name),
            statistics_uri=pulumi.Output.concat("gs://", statistics.name, "/statistics"),
            encryption_key=key.id,
            labels=dict(scope.labels),
        ),
        scope.child(*key.ready),
    )


def monitoring_filter(monitoring: VertexMonitoring) -> pulumi.Output[str]:
    """What the monitoring writes: the course of every look, and drift."""
    kind = 'resource.type="aiplatform.googleapis.com/ModelDeploymentMonitoringJob"'
    return pulumi.Output.concat(kind, ' AND resource.labels.model_deployment_monitoring_job="', monitoring.job_id, '"')


def _schema(wanted: DriftMonitoring) -> str:
    """An instance in the words of OpenAPI, as JSON, which is YAML as well: https://cloud.google.com/vertex-ai/docs/model-monitoring/schemas."""
    kinds = {**dict.fromkeys(wanted.numbers, "number"), **dict.fromkeys(wanted.categories, "string")}
    return json.dumps({"type": "object", "properties": {feature: {"type": kind} for feature, kind in kinds.items()}}, indent=2)
