"""What watches the requests to an endpoint."""

import math
from typing import Any

import pulumi

from modeldeploy.plugin.errors import PartialError, ResourceError
from modeldeploy.plugin.resource import Request, State
from modeldeploy.plugin.values import Json

from .arguments import VertexMonitoringArgs
from .client import Client, OperationFailed, Unanswered, Unfinished, same_resource
from .resources import MONITORING, VertexMonitoring

COLLECTION = "modelDeploymentMonitoringJobs"
SECONDS = 30 * 60
PAUSED = "JOB_STATE_PAUSED"
BUSY = ("JOB_STATE_QUEUED", "JOB_STATE_PENDING", "JOB_STATE_UPDATING")
"""States in which a job takes no change: only one that runs is updated, and a new one has to find out what an instance looks like."""

_MUTABLE = {
    "displayName": "displayName",
    "samplePercent": "loggingSamplingStrategy",
    "intervalHours": "modelDeploymentMonitoringScheduleConfig",
    "emails": "modelMonitoringAlertConfig",
    "logAnomalies": "modelMonitoringAlertConfig",
    "logRuns": "enableMonitoringPipelineLogs",
    "labels": "labels",
    "deployedModelIds": "modelDeploymentMonitoringObjectiveConfigs",
    "driftThresholds": "modelDeploymentMonitoringObjectiveConfigs",
}
"""Inputs that change in place, and their fields in the API: the list in the documentation of `updateMask`."""


class Monitoring:
    """Serves `VertexMonitoring`, a model deployment monitoring job.

    Its number is the service's. When no answer comes to the request that makes it, the endpoint tells which job it has. It is paused before it is
    deleted, which the service wants.
    """

    token = MONITORING
    declaration: type[pulumi.CustomResource] = VertexMonitoring
    arguments: type[Any] = VertexMonitoringArgs
    immutable = frozenset({"endpoint", "schemaUri", "statisticsUri", "encryptionKey"})
    volatile: frozenset[str] = frozenset()
    exclusive = True

    def __init__(self, client: Client) -> None:
        self._client = client

    def defaults(self, request: Request, seed: bytes, old: Json, new: Json) -> Json:
        """The name shown: the resource's."""
        return {"displayName": new.get("displayName") or request.name[:128]}

    def same(self, name: str, old: Any, new: Any) -> bool:
        """The endpoint's name may have the project's number or its id."""
        return name == "endpoint" and isinstance(old, str) and isinstance(new, str) and same_resource(old, new)

    async def create(self, request: Request, inputs: Json) -> State:
        """Makes the job. It begins to look some minutes later, by itself."""
        parent = str(inputs["endpoint"]).rpartition("/endpoints/")[0]
        try:
            live = await self._client.change(parent, COLLECTION, "create", parent=parent, body=_job(inputs))
        except Unanswered as error:
            found = await self._of(inputs["endpoint"])
            if found is None or found.get("displayName") != inputs["displayName"]:
                raise ResourceError(f"{error}; the endpoint has none, so the next run makes it") from error
            live = found
        return State(live["name"], _outputs(live))

    async def read(self, request: Request, resource_id: str, inputs: Json, outputs: Json) -> State | None:
        """Reads the job."""
        live = await self._client.find(resource_id, COLLECTION)
        return None if live is None else State(resource_id, _outputs(live), _inputs(live, inputs))

    async def update(self, request: Request, resource_id: str, old: Json, inputs: Json) -> Json:
        """Changes the job; ends a change that an earlier run began."""
        if "operation" in old:
            await self._finish(request, resource_id, old["operation"], {**old}, again=True)
        live = await self._settled(request, resource_id, "changing the monitoring")
        if live is None:
            raise ResourceError(f"{resource_id} is gone; `pulumi refresh` takes that in, and `pulumi up` makes it again")
        present = _inputs(live, inputs)
        mask = list(dict.fromkeys(path for field, path in _MUTABLE.items() if inputs.get(field) != present.get(field)))
        if mask:
            wanted = _job(inputs)
            # What is not in the request is emptied, where the mask names it.
            body = {field: wanted[field] for field in ("endpoint", *mask) if field in wanted}
            state = {**old, **_outputs(live)}
            try:
                operation = await self._client.change(resource_id, COLLECTION, "patch", name=resource_id, updateMask=",".join(mask), body=body)
            except Unanswered as error:
                raise PartialError(str(error), resource_id, state) from error
            await self._finish(request, resource_id, operation["name"], state)
            live = await self._client.find(resource_id, COLLECTION) or live
        return _outputs(live)

    async def delete(self, request: Request, resource_id: str, old: Json) -> None:
        """Pauses the job and deletes it."""
        live = await self._client.find(resource_id, COLLECTION)
        if live is None:
            return
        try:
            if live.get("state") != PAUSED and not await self._pause(request, resource_id, live):
                return
            operation = await self._client.change(resource_id, COLLECTION, "delete", name=resource_id)
            await self._client.finish(request.urn, operation["name"], "deleting the monitoring", request.timeout or SECONDS)
        except (Unfinished, Unanswered) as error:
            raise ResourceError(f"{error}; the next run looks again") from error

    async def _pause(self, request: Request, name: str, live: Json) -> bool:
        """Pauses the job, at once or as soon as it can be paused; tells whether there is one."""
        try:
            await self._client.change(name, COLLECTION, "pause", name=name, body={})
        except ResourceError:
            if live.get("state") not in BUSY:
                raise
            settled = await self._settled(request, name, "deleting the monitoring")
            if settled is None:
                return False
            if settled.get("state") != PAUSED:
                await self._client.change(name, COLLECTION, "pause", name=name, body={})
        return True

    async def _settled(self, request: Request, name: str, doing: str) -> Json | None:
        def busy(live: Json) -> bool:
            return live.get("state") in BUSY

        return await self._client.settled(request.urn, name, COLLECTION, doing, busy, request.timeout or SECONDS)

    async def _of(self, endpoint: str) -> Json | None:
        """The job that an endpoint has."""
        name = (await self._client.find(endpoint, "endpoints") or {}).get("modelDeploymentMonitoringJob")
        return await self._client.find(name, COLLECTION) if name else None

    async def _finish(self, request: Request, name: str, operation: str, state: Json, *, again: bool = False) -> None:
        """Waits for a change. With `again` it is an earlier run's: where it failed, the caller makes it again."""
        try:
            await self._client.finish(request.urn, operation, "changing the monitoring", request.timeout or SECONDS)
        except Unfinished as error:
            raise PartialError(f"{error}; `pulumi up` goes on with it", name, {**state, "operation": operation}) from error
        except OperationFailed:
            if not again:
                raise


def _job(inputs: Json) -> Json:
    """Our inputs as Google's `ModelDeploymentMonitoringJob`."""
    thresholds = {feature: {"value": value} for feature, value in inputs["driftThresholds"].items()}
    objective = {"predictionDriftDetectionConfig": {"driftThresholds": thresholds}}
    alerts: Json = {"enableLogging": inputs["logAnomalies"]}
    if "emails" in inputs:
        alerts["emailAlertConfig"] = {"userEmails": inputs["emails"]}
    job: Json = {
        "displayName": inputs["displayName"],
        "endpoint": inputs["endpoint"],
        "modelDeploymentMonitoringObjectiveConfigs": [
            {"deployedModelId": number, "objectiveConfig": objective} for number in inputs["deployedModelIds"]
        ],
        "modelDeploymentMonitoringScheduleConfig": {"monitorInterval": f"{inputs['intervalHours'] * 3600}s"},
        "loggingSamplingStrategy": {"randomSampleConfig": {"sampleRate": inputs["samplePercent"] / 100}},
        "modelMonitoringAlertConfig": alerts,
        "enableMonitoringPipelineLogs": inputs["logRuns"],
    }
    if "schemaUri" in inputs:
        job["analysisInstanceSchemaUri"] = inputs["schemaUri"]
    if "statisticsUri" in inputs:
        job["statsAnomaliesBaseDirectory"] = {"outputUriPrefix": inputs["statisticsUri"]}
    if "encryptionKey" in inputs:
        job["encryptionSpec"] = {"kmsKeyName": inputs["encryptionKey"]}
    if "labels" in inputs:
        job["labels"] = inputs["labels"]
    return job


def _outputs(live: Json) -> Json:
    tables: list[Json] = live.get("bigqueryTables", [])
    return {"name": live["name"], "jobId": str(live["name"]).rpartition("/")[2], "tables": [each["bigqueryTablePath"] for each in tables]}


def _inputs(live: Json, old: Json) -> Json:
    """The inputs that would give `live`. Models that are watched in different ways give the thresholds of the first, and are corrected."""
    objectives: list[Json] = live.get("modelDeploymentMonitoringObjectiveConfigs", [])
    thresholds = [_thresholds(each) for each in objectives]
    before: list[str] = old.get("deployedModelIds", [])
    present = [str(each["deployedModelId"]) for each in objectives]
    alerts: Json = live.get("modelMonitoringAlertConfig", {})
    interval = str(live.get("modelDeploymentMonitoringScheduleConfig", {}).get("monitorInterval", "86400s"))
    rate = live.get("loggingSamplingStrategy", {}).get("randomSampleConfig", {}).get("sampleRate", 1)
    wanted = old.get("driftThresholds")
    inputs: Json = {
        "endpoint": old["endpoint"] if same_resource(str(old.get("endpoint")), str(live["endpoint"])) else live["endpoint"],
        "deployedModelIds": [*(each for each in before if each in present), *sorted(each for each in present if each not in before)],
        "driftThresholds": next((each for each in thresholds if each != wanted), wanted),
        "displayName": live.get("displayName"),
        "samplePercent": round(rate * 100),
        "intervalHours": math.ceil(float(interval.rstrip("s")) / 3600),
        "emails": alerts.get("emailAlertConfig", {}).get("userEmails"),
        "logAnomalies": bool(alerts.get("enableLogging", False)),
        "logRuns": bool(live.get("enableMonitoringPipelineLogs", False)),
        "schemaUri": live.get("analysisInstanceSchemaUri"),
        "statisticsUri": live.get("statsAnomaliesBaseDirectory", {}).get("outputUriPrefix"),
        "encryptionKey": live.get("encryptionSpec", {}).get("kmsKeyName"),
        "labels": live.get("labels"),
    }
    for name in ("schemaUri", "statisticsUri"):
        if old and name not in old:  # What Vertex AI found or made by itself.
            inputs[name] = None
    return {field: value for field, value in inputs.items() if value not in (None, "", [], {})}


def _thresholds(objective: Json) -> dict[str, float]:
    found: Json = objective.get("objectiveConfig", {}).get("predictionDriftDetectionConfig", {}).get("driftThresholds", {})
    return {feature: each.get("value", 0) for feature, each in found.items()}
