"""Machines that deployments share."""

import hashlib
import secrets
from typing import Any

import pulumi

from modeldeploy.plugin.errors import PartialError, ResourceError, remains
from modeldeploy.plugin.resource import Request, State
from modeldeploy.plugin.values import Json
from modeldeploy.spec.names import fit

from .arguments import VertexDeploymentPoolArgs
from .client import Client, OperationFailed, Unanswered, Unfinished
from .machines import dedicated_resources, machine_inputs
from .resources import DEPLOYMENT_POOL, VertexDeploymentPool

COLLECTION = "deploymentResourcePools"
SECONDS = 15 * 60
"""A pool without models has no machines yet: it is made, changed and deleted at once."""

_MUTABLE = {
    "minReplicas": "dedicatedResources.minReplicaCount",
    "maxReplicas": "dedicatedResources.maxReplicaCount",
    "autoscaling": "dedicatedResources.autoscalingMetricSpecs",
    "containerLogging": "disableContainerLogging",
}
"""Inputs that `deploymentResourcePools.patch` is known to take, and their fields there. The document lists none; these are those that Google's own
Config Connector sends (https://cloud.google.com/config-connector/docs/reference/overview), and those of a deployment."""


class DeploymentPool:
    """Serves `VertexDeploymentPool`.

    pulumi-gcp has the class `gcp.vertex.AiDeploymentResourcePool`, without a key and without an account: an endpoint with a key takes no models
    from a pool without one. Its name is known before it is made, so a run that is cut off leaves the name as the resource's id.
    """

    token = DEPLOYMENT_POOL
    declaration: type[pulumi.CustomResource] = VertexDeploymentPool
    arguments: type[Any] = VertexDeploymentPoolArgs
    immutable = frozenset(
        {"project", "location", "poolId", "machineType", "acceleratorType", "acceleratorCount", "serviceAccount", "encryptionKey", "spot"}
    )
    volatile: frozenset[str] = frozenset()
    exclusive = False

    def __init__(self, client: Client) -> None:
        self._client = client

    def defaults(self, request: Request, seed: bytes, old: Json, new: Json) -> Json:
        """The pool's id: the one there is, or the resource's name with a random suffix."""
        given = new.get("poolId") or old.get("poolId")
        if given is None:
            given = f"{fit(request.name, 55)}-{hashlib.sha256(seed or secrets.token_bytes()).hexdigest()[:7]}"
        return {"poolId": given}

    def same(self, name: str, old: Any, new: Any) -> bool:
        """A project's number is the project."""
        return name == "project" and isinstance(new, str) and str(old).isdigit() != new.isdigit()

    async def create(self, request: Request, inputs: Json) -> State:
        """Makes the pool."""
        name = _name(inputs)
        return State(name, await self._create(request, name, inputs))

    async def read(self, request: Request, resource_id: str, inputs: Json, outputs: Json) -> State | None:
        """Reads the pool."""
        live = await self._client.find(resource_id, COLLECTION)
        if live is None:
            if "operation" in outputs and not (await self._client.operation(outputs["operation"])).get("done"):
                raise PartialError(f"{outputs['operation']} still makes it", resource_id, outputs, inputs)
            return None
        return State(resource_id, _outputs(resource_id), _inputs(resource_id, live, inputs))

    async def update(self, request: Request, resource_id: str, old: Json, inputs: Json) -> Json:
        """Changes what the API changes in place; ends what an earlier run began."""
        if "operation" in old:
            await self._finish(request, resource_id, old["operation"], "making the pool", {**old}, again=True)
        live = await self._client.find(resource_id, COLLECTION)
        if live is None:  # The earlier run failed, or someone removed it.
            return await self._create(request, resource_id, inputs)
        present = _inputs(resource_id, live, inputs)
        mask = [path for field, path in _MUTABLE.items() if inputs.get(field) != present.get(field)]
        if mask:
            state = {**old, **_outputs(resource_id)}
            wanted = _pool(inputs)
            body = {"name": resource_id, **{field: wanted[field] for field in ("dedicatedResources", "disableContainerLogging")}}
            try:
                operation = await self._client.change(resource_id, COLLECTION, "patch", name=resource_id, updateMask=",".join(mask), body=body)
            except Unanswered as error:
                raise PartialError(str(error), resource_id, state) from error
            await self._finish(request, resource_id, operation["name"], "changing the pool", state)
        return _outputs(resource_id)

    async def delete(self, request: Request, resource_id: str, old: Json) -> None:
        """Deletes the pool. One that still has models is left: they are undeployed first."""
        if "operation" in old:
            await self._finish(request, resource_id, old["operation"], "making the pool", {**old}, again=True)
        if await self._client.find(resource_id, COLLECTION) is None:
            return
        try:
            operation = await self._client.change(resource_id, COLLECTION, "delete", name=resource_id)
            await self._client.finish(request.urn, operation["name"], "deleting the pool", request.timeout or SECONDS)
        except (Unfinished, Unanswered) as error:
            raise ResourceError(f"{error}; the next run looks again") from error

    async def _create(self, request: Request, name: str, inputs: Json) -> Json:
        state = {**inputs, **_outputs(name)}
        body = {"deploymentResourcePoolId": name.rpartition("/")[2], "deploymentResourcePool": _pool(inputs)}
        try:
            operation = await self._client.change(name, COLLECTION, "create", parent=name.rpartition(f"/{COLLECTION}/")[0], body=body)
        except Unanswered as error:
            raise PartialError(str(error), name, state) from error
        await self._finish(request, name, operation["name"], "making the pool", state)
        with remains(name, state):
            live = await self._client.find(name, COLLECTION)
        if live is None:
            raise ResourceError(f"{name}: the operation ended, but the pool is not there")
        return _outputs(name)

    async def _finish(self, request: Request, name: str, operation: str, doing: str, state: Json, *, again: bool = False) -> None:
        """Waits for an operation. With `again` it is an earlier run's: its failure leaves nothing, and the caller looks."""
        try:
            await self._client.finish(request.urn, operation, doing, request.timeout or SECONDS)
        except Unfinished as error:
            raise PartialError(f"{error}; `pulumi up` goes on with it", name, {**state, "operation": operation}) from error
        except OperationFailed:
            if not again:
                raise


def _name(inputs: Json) -> str:
    return f"projects/{inputs['project']}/locations/{inputs['location']}/{COLLECTION}/{inputs['poolId']}"


def _outputs(name: str) -> Json:
    """Outputs, under the name the user gave: Google answers with the project's number."""
    return {"name": name, "poolId": name.rpartition("/")[2]}


def _pool(inputs: Json) -> Json:
    """Our inputs as Google's `DeploymentResourcePool`."""
    pool: Json = {"dedicatedResources": dedicated_resources(inputs), "disableContainerLogging": not inputs["containerLogging"]}
    if "serviceAccount" in inputs:
        pool["serviceAccount"] = inputs["serviceAccount"]
    if "encryptionKey" in inputs:
        pool["encryptionSpec"] = {"kmsKeyName": inputs["encryptionKey"]}
    return pool


def _inputs(name: str, live: Json, old: Json) -> Json:
    """The inputs that would give `live`."""
    parts = name.split("/")
    inputs: Json = {
        "project": parts[1],
        "location": parts[3],
        "poolId": parts[5],
        **machine_inputs(live.get("dedicatedResources", {}), old),
        "serviceAccount": live.get("serviceAccount"),
        "encryptionKey": live.get("encryptionSpec", {}).get("kmsKeyName"),
        "containerLogging": not live.get("disableContainerLogging", False),
    }
    return {field: value for field, value in inputs.items() if value not in (None, "", [], {}) and field != "requiredReplicas"}
