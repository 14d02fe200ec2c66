"""Models deployed to endpoints."""

import secrets
from typing import Any

import pulumi

from modeldeploy.plugin.errors import PartialError, ResourceError, remains
from modeldeploy.plugin.resource import Request, State
from modeldeploy.plugin.values import Json

from .arguments import VertexDeployedModelArgs
from .client import Client, OperationFailed, Unanswered, Unfinished, same_resource
from .machines import dedicated_resources, machine_inputs
from .resources import DEPLOYED_MODEL, VertexDeployedModel

DEPLOY_SECONDS = 60 * 60
UNDEPLOY_SECONDS = 30 * 60

_MUTABLE = {
    "minReplicas": "dedicatedResources.minReplicaCount",
    "maxReplicas": "dedicatedResources.maxReplicaCount",
    "requiredReplicas": "dedicatedResources.requiredReplicaCount",
    "autoscaling": "dedicatedResources.autoscalingMetricSpecs",
    "containerLogging": "disableContainerLogging",
}
"""Inputs that `mutateDeployedModel` takes, and their fields there: the list in its documentation."""


class DeployedModel:
    """Serves `VertexDeployedModel`.

    We choose the number of the deployment, so it is known before the deployment has begun: a run that is cut off leaves it as the resource's id.
    A deployment is made without traffic and never touches the endpoint's split, which `VertexTrafficSplit` owns: the API leaves an empty split
    empty when the first model arrives.
    """

    token = DEPLOYED_MODEL
    declaration: type[pulumi.CustomResource] = VertexDeployedModel
    arguments: type[Any] = VertexDeployedModelArgs
    immutable = frozenset(
        {"endpoint", "model", "displayName", "machineType", "acceleratorType", "acceleratorCount", "serviceAccount", "spot", "accessLogging", "pool"}
    )
    volatile: frozenset[str] = frozenset()
    exclusive = False

    def __init__(self, client: Client) -> None:
        self._client = client

    def defaults(self, request: Request, seed: bytes, old: Json, new: Json) -> Json:
        """None: the number is chosen when the deployment begins, so that a replacement never meets the old one's."""
        return {}

    def same(self, name: str, old: Any, new: Any) -> bool:
        """A display name that is not given is the one there is; names may have the project's number or its id."""
        return (name == "displayName" and new is None) or (
            name in ("endpoint", "model", "pool") and isinstance(old, str) and isinstance(new, str) and same_resource(old, new)
        )

    async def create(self, request: Request, inputs: Json) -> State:
        """Deploys."""
        number = str(10**9 + secrets.randbelow(9 * 10**9))
        live = await self._deploy(request, inputs, number)
        return State(_id(inputs["endpoint"], number), _outputs(inputs["endpoint"], live))

    async def read(self, request: Request, resource_id: str, inputs: Json, outputs: Json) -> State | None:
        """Reads the deployment from its endpoint."""
        endpoint, number = _split(resource_id)
        live, _ = await self._find(endpoint, number)
        if live is None:
            if "operation" in outputs and not (await self._client.operation(outputs["operation"])).get("done"):
                raise PartialError(f"{outputs['operation']} still deploys it", resource_id, outputs, inputs)
            return None
        return State(resource_id, _outputs(endpoint, live), _inputs(endpoint, live, inputs))

    async def update(self, request: Request, resource_id: str, old: Json, inputs: Json) -> Json:
        """Changes what the API changes without a new deployment; ends a deployment that an earlier run began."""
        endpoint, number = _split(resource_id)
        if "operation" in old:
            await self._finish(request, resource_id, old["operation"], "deploying", {**old})
        live, _ = await self._find(endpoint, number)
        if live is None:  # The earlier run's deployment failed, or someone removed it.
            return _outputs(endpoint, await self._deploy(request, inputs, number))
        wanted, present = _deployed_model(inputs, number), _inputs(endpoint, live, inputs)
        mask = [path for field, path in _MUTABLE.items() if inputs.get(field) != present.get(field)]
        if mask:
            fields = ("id", "dedicatedResources", "disableContainerLogging")
            body = {"deployedModel": {field: wanted[field] for field in fields}, "updateMask": ",".join(mask)}
            state = {**old, **_outputs(endpoint, live)}
            try:
                operation = await self._client.change(endpoint, "endpoints", "mutateDeployedModel", endpoint=endpoint, body=body)
            except Unanswered as error:
                raise PartialError(str(error), resource_id, state) from error
            await self._finish(request, resource_id, operation["name"], "changing", state)
            live, _ = await self._find(endpoint, number)
        return _outputs(endpoint, live or {"id": number})

    async def delete(self, request: Request, resource_id: str, old: Json) -> None:
        """Undeploys. A deployment that others would lose requests with is left: its share must move first."""
        endpoint, number = _split(resource_id)
        await self._abandon(request, old)
        live, found = await self._find(endpoint, number)
        if live is None:
            return
        share = found.get("trafficSplit", {}).get(number, 0)
        if share and len(found.get("deployedModels", [])) > 1:
            raise ResourceError(f"{resource_id} still gets {share} percent of the requests; move its share with a VertexTrafficSplit first")
        body = {"deployedModelId": number}
        try:
            operation = await self._client.change(endpoint, "endpoints", "undeployModel", endpoint=endpoint, body=body)
            await self._client.finish(request.urn, operation["name"], "undeploying", request.timeout or UNDEPLOY_SECONDS)
        except (Unfinished, Unanswered) as error:
            raise ResourceError(f"{error}; the next run looks again") from error

    async def _deploy(self, request: Request, inputs: Json, number: str) -> Json:
        """Deploys under this number and returns the live deployment."""
        endpoint: str = inputs["endpoint"]
        resource_id = _id(endpoint, number)
        state = {**inputs, **_outputs(endpoint, {"id": number})}
        body = {"deployedModel": _deployed_model(inputs, number)}
        try:
            operation = await self._client.change(endpoint, "endpoints", "deployModel", endpoint=endpoint, body=body)
        except Unanswered as error:
            raise PartialError(str(error), resource_id, state) from error
        await self._finish(request, resource_id, operation["name"], "deploying", state, again=False)
        with remains(resource_id, state):
            live, _ = await self._find(endpoint, number)
        if live is None:
            raise ResourceError(f"{resource_id}: the deployment ended, but it is not there")
        return live

    async def _finish(self, request: Request, resource_id: str, operation: str, doing: str, state: Json, *, again: bool = True) -> None:
        """Waits for an operation. With `again` it is an earlier run's or a change: its failure leaves the resource, and the caller looks."""
        try:
            await self._client.finish(request.urn, operation, doing, request.timeout or DEPLOY_SECONDS)
        except Unfinished as error:
            raise PartialError(f"{error}; `pulumi up` goes on with it", resource_id, {**state, "operation": operation}) from error
        except OperationFailed:
            if not again or doing == "changing":
                raise

    async def _abandon(self, request: Request, old: Json) -> None:
        """Ends an operation that an earlier run left, so that undeploying does not meet it."""
        if "operation" not in old or (await self._client.operation(old["operation"])).get("done"):
            return
        await self._client.stop(old["operation"])
        try:
            await self._client.finish(request.urn, old["operation"], "cancelling the deployment", request.timeout or UNDEPLOY_SECONDS)
        except Unfinished as error:
            raise ResourceError(f"{error}; the next run looks again") from error
        except OperationFailed:
            return  # As asked.

    async def _find(self, endpoint: str, number: str) -> tuple[Json | None, Json]:
        """The deployment and its endpoint, as they are."""
        found = await self._client.find(endpoint, "endpoints") or {}
        models: list[Json] = found.get("deployedModels", [])
        return next((each for each in models if each["id"] == number), None), found


def _id(endpoint: str, number: str) -> str:
    return f"{endpoint}/deployedModels/{number}"


def _split(resource_id: str) -> tuple[str, str]:
    endpoint, separator, number = resource_id.partition("/deployedModels/")
    if not separator:
        raise ResourceError(f"'{resource_id}' is not of the form projects/P/locations/L/endpoints/E/deployedModels/ID")
    return endpoint, number


def _deployed_model(inputs: Json, number: str) -> Json:
    """Our inputs as Google's `DeployedModel`."""
    deployed: Json = {
        "id": number,
        "model": inputs["model"],
        "enableAccessLogging": inputs["accessLogging"],
        **{field: inputs[field] for field in ("displayName", "serviceAccount") if field in inputs},
    }
    if "pool" in inputs:
        return {**deployed, "sharedResources": inputs["pool"]}
    return {**deployed, "dedicatedResources": dedicated_resources(inputs), "disableContainerLogging": not inputs["containerLogging"]}


def _outputs(endpoint: str, live: Json) -> Json:
    return {
        "deployedModelId": str(live["id"]),
        "modelVersionId": live.get("modelVersionId"),
        "serviceAttachment": live.get("privateEndpoints", {}).get("serviceAttachment", ""),
    }


def _inputs(endpoint: str, live: Json, old: Json) -> Json:
    """The inputs that would give `live`. What the service chose itself counts only where the user had chosen it before, or on import."""
    inputs: Json = {
        "endpoint": endpoint,
        "model": _model(live, old.get("model")),
        **machine_inputs(live.get("dedicatedResources", {}), old),
        "serviceAccount": live.get("serviceAccount"),
        "containerLogging": not live.get("disableContainerLogging", False),
        "accessLogging": bool(live.get("enableAccessLogging", False)),
        "pool": live.get("sharedResources"),
    }
    if "displayName" in old or not old:
        inputs["displayName"] = live.get("displayName")
    return {field: value for field, value in inputs.items() if value not in (None, "", [], {})}


def _model(live: Json, old: str | None) -> str:
    """The model as the user named it if it is that one: Google answers with the project's number, and the version apart."""
    name = str(live.get("model", "")).partition("@")[0]
    version = live.get("modelVersionId")
    if old is not None:
        before, _, wanted = old.partition("@")
        if same_resource(before, name) and (not wanted.isdigit() or wanted == version):
            return old
    return f"{name}@{version}" if version else name
