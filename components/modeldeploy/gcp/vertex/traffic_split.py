"""The split of an endpoint's requests."""

from typing import Any

import pulumi

from modeldeploy.plugin.resource import Request, State
from modeldeploy.plugin.values import Json

from .arguments import VertexTrafficSplitArgs
from .client import Client, same_resource
from .resources import TRAFFIC_SPLIT, VertexTrafficSplit

_SUFFIX = "/trafficSplit"


class TrafficSplit:
    """Serves `VertexTrafficSplit`: a field of the endpoint that is a resource of its own, because it names deployments made after the endpoint.

    The API wants the percentages to sum to 100 or the map to be empty (the endpoint then answers nothing), and undeploys only what has no share.
    So deleting the split empties it, and a destroy from any step of a release can undeploy everything.
    """

    token = TRAFFIC_SPLIT
    declaration: type[pulumi.CustomResource] = VertexTrafficSplit
    arguments: type[Any] = VertexTrafficSplitArgs
    immutable = frozenset({"endpoint"})
    volatile = frozenset({"trafficSplit"})
    exclusive = False

    def __init__(self, client: Client) -> None:
        self._client = client
        self._made: set[str] = set()

    def defaults(self, request: Request, seed: bytes, old: Json, new: Json) -> Json:
        """None."""
        return {}

    def same(self, name: str, old: Any, new: Any) -> bool:
        """The endpoint's name may have the project's number or its id."""
        return name == "endpoint" and isinstance(old, str) and isinstance(new, str) and same_resource(old, new)

    async def create(self, request: Request, inputs: Json) -> State:
        """Sets the split."""
        endpoint: str = inputs["endpoint"]
        self._made.add(endpoint)
        return State(f"{endpoint}{_SUFFIX}", await self._set(endpoint, _shares(inputs)))

    async def read(self, request: Request, resource_id: str, inputs: Json, outputs: Json) -> State | None:
        """Reads the split; an empty one is none."""
        endpoint = resource_id.removesuffix(_SUFFIX)
        live = await self._client.find(endpoint, "endpoints")
        split: dict[str, int] = (live or {}).get("trafficSplit", {})
        if not split:
            return None
        return State(f"{endpoint}{_SUFFIX}", {"trafficSplit": split}, {"endpoint": endpoint, "traffic": _traffic(split, inputs)})

    async def update(self, request: Request, resource_id: str, old: Json, inputs: Json) -> Json:
        """Sets the split."""
        return await self._set(inputs["endpoint"], _shares(inputs))

    async def delete(self, request: Request, resource_id: str, old: Json) -> None:
        """Empties the split.

        Not when this run has set it anew: then a replacement that was forced (`pulumi up --replace`) deletes its predecessor, whose split it is.
        """
        endpoint = resource_id.removesuffix(_SUFFIX)
        if endpoint in self._made:
            return
        if await self._client.find(endpoint, "endpoints") is not None:
            await self._set(endpoint, {})

    async def _set(self, endpoint: str, shares: dict[str, int]) -> Json:
        body = {"trafficSplit": shares}
        live = await self._client.ask(endpoint, "endpoints", "patch", name=endpoint, updateMask="trafficSplit", body=body)
        return {"trafficSplit": live.get("trafficSplit", {})}


def _shares(inputs: Json) -> dict[str, int]:
    """The map that the API takes; who gets nothing is not in it."""
    return {each["deployedModelId"]: each["percent"] for each in inputs["traffic"] if each["percent"]}


def _traffic(split: dict[str, int], old: Json) -> list[Json]:
    """The split as our list, in the order and with the zeros the user wrote."""
    before: list[str] = [each["deployedModelId"] for each in old.get("traffic", [])]
    order = [*before, *sorted(each for each in split if each not in before)]
    return [{"deployedModelId": each, "percent": split.get(each, 0)} for each in order]
