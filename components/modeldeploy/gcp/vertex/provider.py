"""The Vertex AI part of the plugin's provider."""

from collections.abc import Mapping
from importlib.util import find_spec

from modeldeploy.plugin.errors import ResourceError
from modeldeploy.plugin.resource import Resource

from .api import Settings
from .client import Client, Log
from .deployed_model import DeployedModel
from .deployment_pool import DeploymentPool
from .model import Model
from .monitoring import Monitoring
from .traffic_split import TrafficSplit


class Vertex:
    """The resources and the client they share."""

    def __init__(self, log: Log) -> None:
        self._client = Client(log)
        kinds = (Model, DeployedModel, TrafficSplit, DeploymentPool, Monitoring)
        self.resources: list[Resource] = [kind(self._client) for kind in kinds]

    def configure(self, configuration: Mapping[str, str]) -> None:
        """Takes the provider's configuration; keys it does not know belong to the program."""
        try:
            self._client.configure(Settings.read(configuration))
        except ValueError as error:
            raise ResourceError(str(error)) from error

    def ready(self) -> None:
        """Raises `ResourceError` where Google's client is not installed: it is an extra of the package, 130 MB that other clouds have no use for."""
        if find_spec("googleapiclient") is None:
            raise ResourceError("Vertex AI needs Google's API client, which is not installed: install modeldeploy[vertex]")

    def cancel(self) -> None:
        """Ends every wait."""
        self._client.cancel()
