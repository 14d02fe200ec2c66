"""Requests and answers kept for drift analysis, in BigQuery."""

import pulumi
import pulumi_gcp as gcp

from .keys import Key
from .scope import Scope

MILLISECONDS_PER_DAY = 24 * 60 * 60 * 1000


def capture_dataset(scope: Scope, dataset_id: pulumi.Input[str], retention_days: int, key: Key) -> gcp.bigquery.Dataset:
    """The dataset that captured requests go to, encrypted with `key`, each day's kept for `retention_days`. Vertex AI's agent may write to datasets
    of its own project."""
    return gcp.bigquery.Dataset(
        f"{scope.name}-capture",
        gcp.bigquery.DatasetArgs(
            dataset_id=dataset_id,
            location=scope.region,
            project=scope.project,
            description=f"Requests to {scope.name} and its answers",
            default_encryption_configuration=gcp.bigquery.DatasetDefaultEncryptionConfigurationArgs(kms_key_name=key.id),
            default_partition_expiration_ms=retention_days * MILLISECONDS_PER_DAY,
            delete_contents_on_destroy=not scope.production,
            labels=scope.labels,
        ),
        scope.after_apis(*key.ready, protect=scope.production),
    )


def capture_config(dataset: gcp.bigquery.Dataset, percent: int) -> gcp.vertex.AiEndpointPredictRequestResponseLoggingConfigArgs:
    """The endpoint's setting that sends `percent` of the requests to `dataset`. Vertex AI makes the table, `request_response_logging`."""
    return gcp.vertex.AiEndpointPredictRequestResponseLoggingConfigArgs(
        enabled=True,
        sampling_rate=percent / 100,
        bigquery_destination=gcp.vertex.AiEndpointPredictRequestResponseLoggingConfigBigqueryDestinationArgs(
            output_uri=pulumi.Output.format("bq://{0}.{1}", dataset.project, dataset.dataset_id)
        ),
    )
