"""Vertex AI's API on this machine: models, deployments, pools, traffic and monitoring, over HTTP, as its discovery document (`aiplatform` v1) says.

The endpoints themselves are made elsewhere (by pulumi-gcp, in the sandbox's own store), so the server asks whether one exists:

    server = serve(Path("vertex.sqlite"), endpoint_exists=sandbox_has_endpoint)
    os.environ["MODELDEPLOY_VERTEX_API_ENDPOINT"] = server.address
    os.environ["MODELDEPLOY_VERTEX_ANONYMOUS"] = "true"

`server.deployed_models(endpoint)` tells what still runs on an endpoint; one that has any must not be deleted.
"""

from .api import Refused, VertexApi
from .server import VertexServer, serve

__all__ = ["Refused", "VertexApi", "VertexServer", "serve"]
