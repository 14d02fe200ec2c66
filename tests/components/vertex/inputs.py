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
