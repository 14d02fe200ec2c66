"""Inputs of the resources under test."""

from typing import Any

ENDPOINT = "projects/shop/locations/europe-west4/endpoints/e1"


def model_inputs(**changes: Any) -> dict[str, Any]:
    """Inputs of a VertexModel."""
    container = {"image": "europe-west4-docker.pkg.dev/shop/models/pricing@sha256:0", "env": {"LOG_level": "info"}}
    return {
        "project": "shop",
        "location": "europe-west4",
        "modelId": "pricing",
        "artifactUri": "gs://models/1",
        "container": container,
        **changes,
    }


def deployed_inputs(model: str, **changes: Any) -> dict[str, Any]:
    """Inputs of a VertexDeployedModel."""
    return {"endpoint": ENDPOINT, "model": model, "minReplicas": 1, "maxReplicas": 3, **changes}


def split_inputs(**percent: int) -> dict[str, Any]:
    """Inputs of a VertexTrafficSplit; `d` goes before the number, to make it a name."""
    return {"endpoint": ENDPOINT, "traffic": [{"deployedModelId": name.removeprefix("d"), "percent": each} for name, each in percent.items()]}


KEY = "projects/shop/locations/europe-west4/keyRings/r/cryptoKeys/k"
PREBUILT = "europe-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15@sha256:0"


def pool_inputs(**changes: Any) -> dict[str, Any]:
    """Inputs of a VertexDeploymentPool."""
    return {"project": "shop", "location": "europe-west4", "poolId": "shared", "minReplicas": 1, "maxReplicas": 3, **changes}


def pooled_model_inputs(**changes: Any) -> dict[str, Any]:
    """Inputs of a VertexModel that can share machines."""
    return model_inputs(container={"image": PREBUILT, "prebuilt": True}, **changes)


def monitoring_inputs(*numbers: str, **changes: Any) -> dict[str, Any]:
    """Inputs of a VertexMonitoring of the deployments with these numbers."""
    return {
        "endpoint": ENDPOINT,
        "deployedModelIds": [*numbers],
        "driftThresholds": {"age": 0.3, "BMI": 0.5},
        "schemaUri": "gs://models/schema.yaml",
        **changes,
    }
