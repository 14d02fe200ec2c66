"""What Vertex AI does with models, deployments, pools, traffic and monitoring, as its documentation says: rules, versions, aliases, long operations.

Every request is checked against the discovery document first (see `discovery.py`); the rules here are those its field descriptions give in words.
"""

import hashlib
import re
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from . import discovery
from .store import Json, Store

_STAGES = ("STARTING_DEPLOYMENT", "PREPARING_MODEL", "ADDING_NODES_TO_CLUSTER", "GETTING_CONTAINER_IMAGE", "STARTING_MODEL_SERVER", "FINISHING_UP")
_MODEL_FIELDS = {"displayName", "description", "labels"}
_VERSION_FIELDS = {"versionDescription", "labels"}
_ENDPOINT_FIELDS = {"trafficSplit"}
_MUTABLE = {
    "dedicatedResources.minReplicaCount",
    "dedicatedResources.maxReplicaCount",
    "dedicatedResources.requiredReplicaCount",
    "dedicatedResources.autoscalingMetricSpecs",
    "disableContainerLogging",
}
_POOL_FIELDS = {each for each in _MUTABLE if each != "dedicatedResources.requiredReplicaCount"}
_JOB_FIELDS = {
    "displayName",
    "modelDeploymentMonitoringScheduleConfig",
    "modelMonitoringAlertConfig",
    "loggingSamplingStrategy",
    "labels",
    "logTtl",
    "enableMonitoringPipelineLogs",
    "modelDeploymentMonitoringObjectiveConfigs",
}
_POOLED_IMAGE = re.compile(r"[a-z]+-docker\.pkg\.dev/vertex-ai/prediction/(tf2?|pytorch)-(cpu|gpu)\.[0-9-]+[:@].+")
"""The images whose models may share machines: https://cloud.google.com/vertex-ai/docs/predictions/model-co-hosting."""
_CODES = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 409: "ALREADY_EXISTS", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 501: "UNIMPLEMENTED"}
_NUMBERS = {"CANCELLED": 1, "INVALID_ARGUMENT": 3, "RESOURCE_EXHAUSTED": 8, "FAILED_PRECONDITION": 9, "INTERNAL": 13, "UNAVAILABLE": 14}


class Refused(Exception):
    """A request that the API does not carry out."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code or _CODES.get(status, "UNKNOWN")

    @property
    def body(self) -> Json:
        """The answer."""
        return {"error": {"code": self.status, "message": str(self), "status": self.code}}


@dataclass
class Fault:
    """Something that shall go wrong."""

    method: str
    """Method it happens to (`endpoints.deployModel`)."""
    times: int = 1
    skip: int = 0
    """How often it goes well before."""
    status: int | None = None
    """Answer with this status instead of carrying the request out."""
    fails: str | None = None
    """Carry the request out, and let its operation end with this message."""
    silent: str | None = None
    """Close the connection without an answer: `before` or `after` carrying the request out."""
    message: str = "a fault that was switched on"


class Silence(Exception):
    """Close the connection without an answer."""


class VertexApi:
    """The API. Safe to call from several threads."""

    def __init__(
        self,
        store: Path | None = None,
        endpoint_exists: Callable[[str], bool] = lambda _: True,
        project_number: Callable[[str], str] | None = None,
        operation_seconds: float = 0.2,
    ) -> None:
        """`endpoint_exists` gets `projects/P/locations/L/endpoints/E`, with the project as whoever first named it did.

        `project_number` gives the number that the API answers with in place of a project's id. `operation_seconds` is how long operations take.
        """
        self._store = Store(store)
        self._endpoint_exists = endpoint_exists
        self._project_number: Callable[[str], str] = project_number or _number_of
        self._lock = threading.RLock()
        self._closed = False
        self._serial = count(int(time.time() * 1000))
        self.operation_seconds = operation_seconds
        self.hold = False
        """While true no operation ends."""
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, Json]] = []
        """Method and body of every request that was carried out, for tests."""

    def handle(self, verb: str, path: str, query: Mapping[str, str], body: Json | None) -> Json:
        """Answers a request; raises `Refused`, or `Silence` where a fault asks for it."""
        found = discovery.find(verb, path)
        if found is None:
            raise Refused(404, f"Method not found: {verb} {path}")
        method, parameters = found
        problems = list(discovery.query_problems(method, query))
        if method.request:
            partial = method.name.endswith((".patch", ".mutateDeployedModel"))
            problems += discovery.body_problems(method.request, {} if body is None else body, complete=not partial)
        elif body:
            problems.append(f"{method.name} takes no body")
        if problems:
            raise Refused(400, "\n".join(problems))
        with self._lock:
            if self._closed:
                raise Silence
            fault = self._fault(method.name)
            if fault and fault.silent == "before":
                raise Silence
            if fault and fault.status:
                raise Refused(fault.status, fault.message)
            self._store.begin()
            try:
                self._settle()
                handler = self._handlers().get(method.name)
                if handler is None:
                    raise Refused(501, f"the stand-in does not carry out {method.name}")
                answer = handler(parameters, query, body or {})
                if fault and fault.fails:
                    operation = self._store.get("operation", answer["name"]) or {}
                    self._store.put("operation", answer["name"], {**operation, "fails": fault.fails})
                self.requests.append((method.name, body or {}))
            except BaseException:
                self._store.rollback()
                raise
            self._store.commit()
            if fault and fault.silent == "after":
                raise Silence
            return answer

    def deployed_models(self, endpoint: str) -> list[str]:
        """Numbers of the models deployed to an endpoint, or on their way: it must not be deleted while there are any."""
        with self._looking():
            return self._ids(self._key(endpoint))

    def models(self) -> list[str]:
        """Names of the models in the registry, each with its version."""
        with self._looking():
            return list(self._store.all("version"))

    def pools(self) -> list[str]:
        """Names of the pools of machines."""
        with self._looking():
            return list(self._store.all("pool"))

    def monitoring_jobs(self) -> list[str]:
        """Names of the jobs that watch endpoints."""
        with self._looking():
            return list(self._store.all("job"))

    @contextmanager
    def _looking(self) -> Generator[None]:
        with self._lock:
            self._store.begin()
            self._settle()
            try:
                yield
            finally:
                self._store.commit()

    def close(self) -> None:
        """Closes the store; connections that are still open get no answer any more."""
        with self._lock:
            self._closed = True
            self._store.close()

    def _handlers(self) -> dict[str, Callable[[Mapping[str, str], Mapping[str, str], Json], Json]]:
        handlers = {
            "models.upload": self._upload,
            "models.get": self._get_model,
            "models.list": self._list_models,
            "models.listVersions": self._list_versions,
            "models.patch": self._patch_model,
            "models.mergeVersionAliases": self._merge_aliases,
            "models.delete": self._delete_model,
            "models.deleteVersion": self._delete_version,
            "endpoints.get": self._get_endpoint,
            "endpoints.patch": self._patch_endpoint,
            "endpoints.deployModel": self._deploy,
            "endpoints.undeployModel": self._undeploy,
            "endpoints.mutateDeployedModel": self._mutate,
            "deploymentResourcePools.create": self._create_pool,
            "deploymentResourcePools.get": self._get_pool,
            "deploymentResourcePools.patch": self._patch_pool,
            "deploymentResourcePools.delete": self._delete_pool,
            "modelDeploymentMonitoringJobs.create": self._create_job,
            "modelDeploymentMonitoringJobs.get": self._get_job,
            "modelDeploymentMonitoringJobs.patch": self._patch_job,
            "modelDeploymentMonitoringJobs.pause": self._pause_job,
            "modelDeploymentMonitoringJobs.delete": self._delete_job,
        }
        for collection in (each for each in discovery.COLLECTIONS if each.endswith("operations")):
            handlers[f"{collection}.get"] = self._get_operation
            handlers[f"{collection}.cancel"] = self._cancel_operation
        return handlers

    # Models

    def _upload(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        parent, model = self._key(path["parent"]), body["model"]
        for field in ("versionAliases", "labels", "displayName"):
            _check_field(field, model.get(field))
        if model.get("artifactUri") and not model["artifactUri"].startswith("gs://"):
            raise Refused(400, f"artifact_uri must be a Cloud Storage path, not {model['artifactUri']}")
        if not model.get("containerSpec", {}).get("imageUri"):
            raise Refused(400, "container_spec.image_uri is required for a custom model")
        if "parentModel" in body:
            name = self._key(body["parentModel"])
            if body.get("modelId"):
                raise Refused(400, "only one of model_id and parent_model can be set")
            if not self._versions(name):
                raise Refused(404, f"The Model does not exist: {body['parentModel']}")
        else:
            model_id = body.get("modelId") or str(next(self._serial))
            if not re.fullmatch(r"[a-z_][a-z0-9_-]{0,62}", model_id) and not model_id.isdigit():
                raise Refused(400, f"model_id '{model_id}' must match [a-z_][a-z0-9_-]{{0,62}}")
            name = f"{parent}/models/{model_id}"
            if self._versions(name) or any(each["payload"]["name"] == name for each in self._pending("upload")):
                raise Refused(409, f"The Model already exists: {name}")
        return self._begin(name, "upload", {"name": name, "model": model}, "UploadModelOperationMetadata")

    def _finish_upload(self, payload: Json) -> Json:
        name, model = payload["name"], payload["model"]
        shared = self._store.get("model", name) or {"displayName": model["displayName"], "description": model.get("description", ""), "uploads": 0}
        shared["uploads"] += 1
        number = str(shared["uploads"])
        aliases: list[str] = [*model.get("versionAliases", [])]
        if number == "1" and "default" not in aliases:
            aliases.append("default")
        kept = {key: value for key, value in model.items() if key not in ("displayName", "description", "versionAliases")}
        self._store.put("model", name, shared)
        self._store.put("version", f"{name}@{number}", {**kept, "versionId": number, "versionAliases": [], "versionCreateTime": _now()})
        self._give_aliases(name, number, aliases)
        return {"model": name, "modelVersionId": number}

    def _get_model(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        return self._model(*self._version(path["name"]))

    def _list_models(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        parent = f"{self._key(path['parent'])}/models/"
        names = [name for name in self._store.all("model") if name.startswith(parent)]
        return _page([self._model(*self._version(name)) for name in names], query, "models")

    def _list_versions(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        name, _ = self._version(path["name"])
        return _page([self._model(name, number) for number in self._versions(name)], query, "models")

    def _patch_model(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        mask = _mask(query.get("updateMask"), _MODEL_FIELDS | _VERSION_FIELDS)
        versioned = "@" in path["name"] and not path["name"].endswith("@-")
        allowed = _VERSION_FIELDS if versioned else _MODEL_FIELDS
        if not mask <= allowed:
            kind = "version" if versioned else "model"
            raise Refused(400, f"{', '.join(sorted(mask - allowed))} cannot be updated on a {kind}", "FAILED_PRECONDITION")
        name, number = self._version(path["name"].removesuffix("@-"))
        kind, key = ("version", f"{name}@{number}") if versioned else ("model", name)
        content = self._store.get(kind, key) or {}
        for field in mask:
            _check_field(field, body.get(field))
            content[field] = body.get(field, {} if field == "labels" else "")
        self._store.put(kind, key, content)
        return self._model(name, number)

    def _merge_aliases(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        name, number = self._version(path["name"])
        given: list[str] = body["versionAliases"]
        _check_field("versionAliases", [each.removeprefix("-") for each in given])
        removed = [each[1:] for each in given if each.startswith("-")]
        if "default" in removed:
            raise Refused(400, "the default alias can only be moved to another version")
        version = self._store.get("version", f"{name}@{number}") or {}
        version["versionAliases"] = [each for each in version["versionAliases"] if each not in removed]
        self._store.put("version", f"{name}@{number}", version)
        self._give_aliases(name, number, [each for each in given if not each.startswith("-")])
        return self._model(name, number)

    def _delete_model(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        name, _ = self._version(path["name"])
        if "@" in path["name"]:
            raise Refused(400, "a version is deleted with deleteVersion")
        for number in self._versions(name):
            self._refuse_deployed(name, number)
        return self._begin(name, "delete", {"name": name, "versions": self._versions(name)}, "DeleteOperationMetadata")

    def _delete_version(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        if "@" not in path["name"]:
            raise Refused(400, "deleteVersion needs the name of a version")
        name, number = self._version(path["name"])
        if len(self._versions(name)) == 1:
            raise Refused(400, "the only version of a model cannot be deleted; delete the model", "FAILED_PRECONDITION")
        if "default" in (self._store.get("version", f"{name}@{number}") or {})["versionAliases"]:
            raise Refused(400, "the default version cannot be deleted; set another as default first", "FAILED_PRECONDITION")
        self._refuse_deployed(name, number)
        return self._begin(name, "delete", {"name": name, "versions": [number]}, "DeleteOperationMetadata")

    def _finish_delete(self, payload: Json) -> Json:
        for number in payload["versions"]:
            self._store.delete("version", f"{payload['name']}@{number}")
        if not self._versions(payload["name"]):
            self._store.delete("model", payload["name"])
        return {}

    # Endpoints

    def _get_endpoint(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        return self._endpoint_view(self._known_endpoint(path["name"]))

    def _patch_endpoint(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        key = self._known_endpoint(path["name"])
        _mask(query.get("updateMask"), _ENDPOINT_FIELDS)
        endpoint = self._endpoint(key)
        endpoint["trafficSplit"] = _traffic(body.get("trafficSplit", {}), [each["id"] for each in endpoint["deployedModels"]])
        self._store.put("endpoint", key, endpoint)
        return self._endpoint_view(key)

    def _deploy(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        key = self._known_endpoint(path["endpoint"])
        endpoint, deployed = self._endpoint(key), dict(body["deployedModel"])
        name, number = self._version(deployed["model"], "deployed_model.model")
        deployed["id"] = deployed.get("id") or str(next(self._serial))
        if not re.fullmatch(r"\d{1,10}", str(deployed["id"])) and body["deployedModel"].get("id"):
            raise Refused(400, f"deployed_model.id '{deployed['id']}' must be 1 to 10 digits")
        if deployed["id"] in self._ids(key):
            raise Refused(400, f"A DeployedModel with ID {deployed['id']} already exists", "ALREADY_EXISTS")
        kinds = [each for each in ("dedicatedResources", "automaticResources", "sharedResources") if each in deployed]
        if len(kinds) != 1:
            raise Refused(400, "exactly one of dedicated_resources, automatic_resources and shared_resources must be set")
        _check_resources(deployed)
        if "sharedResources" in deployed:
            deployed["sharedResources"] = self._known("pool", deployed["sharedResources"])
            self._refuse_strangers(deployed["sharedResources"], name, number)
        traffic = None
        if body.get("trafficSplit"):
            traffic = _traffic(body["trafficSplit"], ["0", *(each["id"] for each in endpoint["deployedModels"])])
        deployed |= {"model": name, "modelVersionId": number, "createTime": _now()}
        deployed.setdefault("displayName", self._model(name, number)["displayName"])
        # Vertex AI gives it with Private Service Connect only; how an endpoint is reached is not known here.
        deployed["privateEndpoints"] = {"serviceAttachment": _attachment(key)}
        payload = {"endpoint": key, "deployedModel": deployed, "traffic": traffic}
        return self._begin(key, "deploy", payload, "DeployModelOperationMetadata")

    def _finish_deploy(self, payload: Json) -> Json:
        endpoint, deployed = self._endpoint(payload["endpoint"]), payload["deployedModel"]
        endpoint["deployedModels"].append(deployed)
        if payload["traffic"]:
            endpoint["trafficSplit"] = {deployed["id"] if each == "0" else each: share for each, share in payload["traffic"].items()}
        self._store.put("endpoint", payload["endpoint"], endpoint)
        return {"deployedModel": deployed}

    def _undeploy(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        key = self._known_endpoint(path["endpoint"])
        endpoint, number = self._endpoint(key), body["deployedModelId"]
        ids = [each["id"] for each in endpoint["deployedModels"]]
        if number not in ids:
            raise Refused(404, f"DeployedModel {number} is not found in Endpoint {key}")
        rest = [each for each in ids if each != number]
        split = _traffic(body["trafficSplit"], rest) if body.get("trafficSplit") else endpoint["trafficSplit"]
        if rest and split.get(number):
            raise Refused(400, f"DeployedModel {number} still has {split[number]}% of the traffic", "FAILED_PRECONDITION")
        return self._begin(key, "undeploy", {"endpoint": key, "id": number, "traffic": split if rest else {}}, "UndeployModelOperationMetadata")

    def _finish_undeploy(self, payload: Json) -> Json:
        endpoint = self._endpoint(payload["endpoint"])
        endpoint["deployedModels"] = [each for each in endpoint["deployedModels"] if each["id"] != payload["id"]]
        if endpoint["deployedModels"]:
            self._store.put("endpoint", payload["endpoint"], endpoint)
        else:
            self._store.delete("endpoint", payload["endpoint"])
        return {}

    def _mutate(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        key = self._known_endpoint(path["endpoint"])
        mask = _mask(body.get("updateMask"), _MUTABLE)
        number = body.get("deployedModel", {}).get("id")
        present = next((each for each in self._endpoint(key)["deployedModels"] if each["id"] == number), None)
        if present is None:
            raise Refused(404, f"DeployedModel {number} is not found in Endpoint {key}")
        changed = _masked(present, body["deployedModel"], mask)
        _check_resources(changed)
        return self._begin(key, "mutate", {"endpoint": key, "deployedModel": changed}, "MutateDeployedModelOperationMetadata")

    def _finish_mutate(self, payload: Json) -> Json:
        endpoint, changed = self._endpoint(payload["endpoint"]), payload["deployedModel"]
        endpoint["deployedModels"] = [changed if each["id"] == changed["id"] else each for each in endpoint["deployedModels"]]
        self._store.put("endpoint", payload["endpoint"], endpoint)
        return {"deployedModel": changed}

    # Pools

    def _create_pool(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        pool_id: str = body["deploymentResourcePoolId"]
        if not re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", pool_id):
            raise Refused(400, f"deployment_resource_pool_id '{pool_id}' must match [a-z]([a-z0-9-]{{0,61}}[a-z0-9])?")
        name = f"{self._key(path['parent'])}/deploymentResourcePools/{pool_id}"
        if self._store.get("pool", name) or any(each["payload"]["name"] == name for each in self._pending("create pool")):
            raise Refused(409, f"The DeploymentResourcePool already exists: {name}")
        _check_resources(body["deploymentResourcePool"])
        pool = {**body["deploymentResourcePool"], "name": name, "createTime": _now()}
        return self._begin(name, "create pool", {"name": name, "pool": pool}, "CreateDeploymentResourcePoolOperationMetadata")

    def _finish_pool(self, payload: Json) -> Json:
        self._store.put("pool", payload["name"], payload["pool"])
        return payload["pool"]

    def _get_pool(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        return self._store.get("pool", self._known("pool", path["name"])) or {}

    def _patch_pool(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        name = self._known("pool", path["name"])
        present = self._store.get("pool", name) or {}
        changed = _masked(present, body, _mask(query.get("updateMask"), _POOL_FIELDS))
        _check_resources(changed)
        return self._begin(name, "change pool", {"name": name, "pool": changed}, "UpdateDeploymentResourcePoolOperationMetadata")

    def _delete_pool(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        name = self._known("pool", path["name"])
        if models := self._pooled(name):
            raise Refused(400, f"DeploymentResourcePool {name} still has {len(models)} DeployedModels", "FAILED_PRECONDITION")
        return self._begin(name, "delete pool", {"name": name}, "DeleteOperationMetadata")

    def _finish_delete_pool(self, payload: Json) -> Json:
        self._store.delete("pool", payload["name"])
        return {}

    def _pooled(self, pool: str) -> list[Json]:
        """The deployments in a pool, or on their way into it."""
        there = [each for endpoint in self._store.all("endpoint").values() for each in endpoint["deployedModels"]]
        coming = [each["payload"]["deployedModel"] for each in self._pending("deploy")]
        return [each for each in [*there, *coming] if each.get("sharedResources") == pool]

    def _refuse_strangers(self, pool: str, model: str, number: str) -> None:
        """Only models of one and the same of Google's images for TensorFlow and PyTorch share machines."""
        image = self._image(model, number)
        if not _POOLED_IMAGE.fullmatch(image):
            raise Refused(400, f"{image} does not support shared resources: use a prebuilt container for TensorFlow or PyTorch")
        for each in self._pooled(pool):
            if (other := self._image(each["model"], each["modelVersionId"])) != image:
                raise Refused(400, f"DeploymentResourcePool {pool} serves {other}; a model with {image} cannot be deployed to it")

    def _image(self, model: str, number: str) -> str:
        return str((self._store.get("version", f"{model}@{number}") or {}).get("containerSpec", {}).get("imageUri", ""))

    # Monitoring

    def _create_job(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        endpoint = self._known_endpoint(body["endpoint"])
        if present := self._job_of(endpoint):
            raise Refused(409, f"Endpoint {endpoint} already has the ModelDeploymentMonitoringJob {present}", "FAILED_PRECONDITION")
        _check_field("displayName", body.get("displayName"))
        _check_field("labels", body.get("labels"))
        job = {**body, "endpoint": endpoint}
        self._check_objectives(job)
        number = str(next(self._serial))
        table = f"bq://{endpoint.split('/')[1]}.model_deployment_monitoring_{endpoint.rpartition('/')[2]}.serving_predict"
        name = f"{self._key(path['parent'])}/modelDeploymentMonitoringJobs/{number}"
        tables = [{"logSource": "SERVING", "logType": "PREDICT", "bigqueryTablePath": table}]
        self._store.put("job", name, {**job, "name": name, "createTime": _now(), "began": time.time(), "bigqueryTables": tables})
        return self._job_view(name)

    def _get_job(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        return self._job_view(self._known("job", path["name"]))

    def _patch_job(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        name = self._known("job", path["name"])
        mask = _mask(query.get("updateMask"), _JOB_FIELDS)
        if (state := self._job_view(name)["state"]) != "JOB_STATE_RUNNING":
            raise Refused(400, f"only jobs in the RUNNING state can be updated; {name} is {state}", "FAILED_PRECONDITION")
        changed = _masked(self._store.get("job", name) or {}, body, mask)
        self._check_objectives(changed)
        return self._begin(name, "change job", {"name": name, "job": changed}, "UpdateModelDeploymentMonitoringJobOperationMetadata")

    def _finish_job(self, payload: Json) -> Json:
        self._store.put("job", payload["name"], payload["job"])
        return self._job_view(payload["name"])

    def _pause_job(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        name = self._known("job", path["name"])
        if (state := self._job_view(name)["state"]) != "JOB_STATE_RUNNING":
            raise Refused(400, f"{name} cannot be paused: it is {state}", "FAILED_PRECONDITION")
        self._store.put("job", name, {**(self._store.get("job", name) or {}), "paused": True})
        return {}

    def _delete_job(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        name = self._known("job", path["name"])
        if (state := self._job_view(name)["state"]) != "JOB_STATE_PAUSED":
            raise Refused(400, f"{name} must be paused before it is deleted; it is {state}", "FAILED_PRECONDITION")
        return self._begin(name.rpartition("/modelDeploymentMonitoringJobs/")[0], "delete job", {"name": name}, "DeleteOperationMetadata")

    def _finish_delete_job(self, payload: Json) -> Json:
        self._store.delete("job", payload["name"])
        return {}

    def _check_objectives(self, job: Json) -> None:
        deployed = [each["id"] for each in self._endpoint(job["endpoint"])["deployedModels"]]
        for each in job["modelDeploymentMonitoringObjectiveConfigs"]:
            if each.get("deployedModelId") not in deployed:
                raise Refused(400, f"DeployedModel {each.get('deployedModelId')} is not in Endpoint {job['endpoint']}")
            drift: Json = each.get("objectiveConfig", {}).get("predictionDriftDetectionConfig", {})
            for feature, threshold in drift.get("driftThresholds", {}).items():
                if not threshold.get("value"):
                    raise Refused(400, f"the threshold of feature {feature} must not be zero")
        if not 0 < job["loggingSamplingStrategy"].get("randomSampleConfig", {}).get("sampleRate", 0) <= 1:
            raise Refused(400, "sample_rate must be in (0, 1]")

    def _job_view(self, name: str) -> Json:
        """The job: it waits for the schema of an instance, which is there at once only where it is given."""
        job = self._store.get("job", name) or {}
        schema = "analysisInstanceSchemaUri" in job or "predictInstanceSchemaUri" in job
        waiting = not schema or time.time() - job["began"] < self.operation_seconds
        state = "PAUSED" if job.get("paused") else "PENDING" if waiting else "RUNNING"
        kept = {key: value for key, value in job.items() if key not in ("began", "paused")}
        return {**kept, "state": f"JOB_STATE_{state}", "scheduleState": "OFFLINE"}

    def _job_of(self, endpoint: str) -> str | None:
        return next((name for name, each in self._store.all("job").items() if each["endpoint"] == endpoint), None)

    # Operations

    def _begin(self, owner: str, action: str, payload: Json, metadata: str) -> Json:
        name = f"{owner}/operations/{next(self._serial)}"
        operation = {"name": name, "action": action, "payload": payload, "metadata": metadata, "began": time.time(), "created": _now()}
        self._store.put("operation", name, operation)
        return self._operation_view(operation)

    def _settle(self) -> None:
        """Ends the operations whose time has come, whoever looks."""
        if self.hold:
            return
        finish = {
            "upload": self._finish_upload,
            "delete": self._finish_delete,
            "deploy": self._finish_deploy,
            "undeploy": self._finish_undeploy,
            "mutate": self._finish_mutate,
            "create pool": self._finish_pool,
            "change pool": self._finish_pool,
            "delete pool": self._finish_delete_pool,
            "change job": self._finish_job,
            "delete job": self._finish_delete_job,
        }
        for operation in self._pending():
            if time.time() - operation["began"] < self.operation_seconds:
                continue
            if "fails" in operation:
                result: Json = {"error": {"code": _NUMBERS["INTERNAL"], "message": operation["fails"]}}
            else:
                result = {"response": finish[operation["action"]](operation["payload"])}
            self._store.put("operation", operation["name"], {**operation, "done": True, **result})

    def _pending(self, action: str | None = None) -> list[Json]:
        return [each for each in self._store.all("operation").values() if not each.get("done") and action in (None, each["action"])]

    def _get_operation(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        return self._operation_view(self._operation(path["name"]))

    def _cancel_operation(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        operation = self._operation(path["name"])
        if not operation.get("done"):
            error = {"code": _NUMBERS["CANCELLED"], "message": "the operation was cancelled"}
            self._store.put("operation", operation["name"], {**operation, "done": True, "error": error})
        return {}

    def _operation(self, name: str) -> Json:
        operation = self._store.get("operation", self._key(name))
        if operation is None:
            raise Refused(404, f"Operation {name} is not found")
        return operation

    def _operation_view(self, operation: Json) -> Json:
        metadata: Json = {
            "@type": f"type.googleapis.com/google.cloud.aiplatform.v1.{operation['metadata']}",
            "genericMetadata": {"createTime": operation["created"], "updateTime": _now()},
        }
        if operation["action"] == "deploy" and not operation.get("done"):
            passed = (time.time() - operation["began"]) / (self.operation_seconds or 1)
            metadata["deploymentStage"] = _STAGES[min(int(passed * len(_STAGES)), len(_STAGES) - 1)]
        view: Json = {"name": operation["name"], "metadata": metadata}
        return view | {key: operation[key] for key in ("done", "error", "response") if key in operation}

    # Names and views

    def _key(self, name: str) -> str:
        """A name with the project's number, which is how the API answers and how the store keeps it."""
        parts = name.split("/")
        if not parts[1].isdigit():
            number = self._project_number(parts[1])
            if self._store.get("project", number) is None:
                self._store.put("project", number, {"id": parts[1]})
            parts[1] = number
        return "/".join(parts)

    def _known(self, kind: str, name: str) -> str:
        """The key of a pool or a job that is there."""
        key = self._key(name)
        if self._store.get(kind, key) is None:
            raise Refused(404, f"`{name}` is not found.")
        return key

    def _known_endpoint(self, name: str) -> str:
        key = self._key(name)
        parts = key.split("/")
        known = self._store.get("project", parts[1]) or {"id": parts[1]}
        if not self._endpoint_exists("/".join([parts[0], known["id"], *parts[2:]])):
            raise Refused(404, f"Endpoint `{name}` is not found.")
        return key

    def _endpoint(self, key: str) -> Json:
        return self._store.get("endpoint", key) or {"deployedModels": [], "trafficSplit": {}}

    def _endpoint_view(self, key: str) -> Json:
        endpoint = self._endpoint(key)
        view = {"name": key, "displayName": key.rpartition("/")[2], "etag": hashlib.sha256(repr(endpoint).encode()).hexdigest()[:12]}
        job = self._job_of(key)
        return view | {field: value for field, value in endpoint.items() if value} | ({"modelDeploymentMonitoringJob": job} if job else {})

    def _ids(self, key: str) -> list[str]:
        pending = [each["payload"]["deployedModel"]["id"] for each in self._pending("deploy") if each["payload"]["endpoint"] == key]
        return [each["id"] for each in self._endpoint(key)["deployedModels"]] + pending

    def _versions(self, name: str) -> list[str]:
        return [key.rpartition("@")[2] for key in self._store.all("version") if key.rpartition("@")[0] == name]

    def _version(self, given: str, what: str = "Model") -> tuple[str, str]:
        """The model and the number that a name means: a version, an alias, or the default."""
        name, _, wanted = self._key(given).partition("@")
        for number in self._versions(name):
            version = self._store.get("version", f"{name}@{number}") or {}
            if wanted == number or (wanted or "default") in version["versionAliases"]:
                return name, number
        raise Refused(404, f"{what} is not found: {given}")

    def _model(self, name: str, number: str) -> Json:
        shared, version = self._store.get("model", name) or {}, self._store.get("version", f"{name}@{number}") or {}
        deployed = [
            {"endpoint": key, "deployedModelId": each["id"]}
            for key, endpoint in self._store.all("endpoint").items()
            for each in endpoint["deployedModels"]
            if (each["model"], each["modelVersionId"]) == (name, number)
        ]
        view = {
            **version,
            "name": name,
            "displayName": shared["displayName"],
            "description": shared["description"],
            "labels": {**shared.get("labels", {}), **version.get("labels", {})},
            "deployedModels": deployed,
        }
        return {field: value for field, value in view.items() if value not in ("", {}, [])}

    def _give_aliases(self, name: str, number: str, aliases: list[str]) -> None:
        """Gives aliases to a version; whichever had them loses them."""
        for each in self._versions(name):
            key = f"{name}@{each}"
            version = self._store.get("version", key) or {}
            kept = [alias for alias in version["versionAliases"] if alias not in aliases]
            version["versionAliases"] = sorted({*kept, *aliases}) if each == number else kept
            self._store.put("version", key, version)

    def _refuse_deployed(self, name: str, number: str) -> None:
        deployed = self._model(name, number).get("deployedModels", [])
        waiting = [each["payload"]["deployedModel"] for each in self._pending("deploy")]
        if deployed or any((each["model"], each["modelVersionId"]) == (name, number) for each in waiting):
            where = ", ".join(each["endpoint"] for each in deployed) or "an endpoint, by an operation that goes on"
            raise Refused(400, f"Model {name}@{number} is deployed to {where}; undeploy it first", "FAILED_PRECONDITION")

    def _fault(self, method: str) -> Fault | None:
        fault = next((each for each in self.faults if each.method == method and each.times > 0), None)
        if fault is None:
            return None
        if fault.skip:
            fault.skip -= 1
            return None
        fault.times -= 1
        return fault


def _traffic(split: Mapping[str, int], ids: list[str]) -> dict[str, int]:
    for number, share in split.items():
        if number not in ids:
            raise Refused(400, f"traffic_split names DeployedModel {number}, which is not in this Endpoint")
        if not 0 <= share <= 100:
            raise Refused(400, f"traffic_split of {number} is {share}; it must be 0 to 100")
    if split and sum(split.values()) != 100:
        raise Refused(400, f"The traffic percentage values must add up to 100, or the map must be empty; they add up to {sum(split.values())}")
    return dict(split)


def _check_resources(deployed: Json) -> None:
    resources: Json = deployed.get("dedicatedResources", {})
    least, most = resources.get("minReplicaCount", 0), resources.get("maxReplicaCount") or resources.get("minReplicaCount", 0)
    if resources and (least < 1 or most < least):
        raise Refused(400, f"min_replica_count must be 1 or more and max_replica_count not below it; they are {least} and {most}")
    machine: Json = resources.get("machineSpec", {})
    if ("acceleratorType" in machine) != bool(machine.get("acceleratorCount")):
        raise Refused(400, "accelerator_type and accelerator_count go together")
    if resources.get("requiredReplicaCount", 0) > least:
        raise Refused(400, "required_replica_count must not be above min_replica_count")
    metrics = [each.get("metricName") for each in resources.get("autoscalingMetricSpecs", [])]
    if len(metrics) != len(set(metrics)):
        raise Refused(400, "at most one autoscaling_metric_specs entry is allowed per metric")


def _check_field(field: str, value: Any) -> None:
    """The rules that the document gives for single fields in words."""
    if field == "versionAliases":
        aliases: list[str] = value or []
        for alias in aliases:
            if not re.fullmatch(r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]", alias):
                raise Refused(400, f"version alias '{alias}' must match [a-z][a-zA-Z0-9-]{{0,126}}[a-z0-9]")
    elif field == "labels":
        labels: dict[str, str] = value or {}
        for key, each in labels.items():
            if not re.fullmatch(r"[\w-]{1,64}", key) or not re.fullmatch(r"[\w-]{0,64}", each) or (key + each) != (key + each).lower():
                raise Refused(400, f"label '{key}: {each}' must be lower-case letters, digits, underscores and dashes")
    elif field == "displayName" and not 1 <= len(value or "") <= 128:
        raise Refused(400, "display_name must be 1 to 128 characters")


def _mask(given: str | None, allowed: set[str]) -> set[str]:
    mask = set((given or "").split(",")) - {""}
    if not mask:
        raise Refused(400, "update_mask is required")
    if not mask <= allowed:
        raise Refused(400, f"update_mask names {', '.join(sorted(mask - allowed))}; allowed: {', '.join(sorted(allowed))}")
    return mask


def _masked(present: Json, body: Json, mask: set[str]) -> Json:
    """`present` with what `mask` names as `body` has it; what that leaves out goes."""
    changed = {**present, **({"dedicatedResources": dict(present["dedicatedResources"])} if "dedicatedResources" in present else {})}
    for field in mask:
        group, _, name = field.rpartition(".")
        source, target = (body.get(group, {}), changed.setdefault(group, {})) if group else (body, changed)
        target.pop(name, None)
        if name in source:
            target[name] = source[name]
    return changed


def _page(items: list[Json], query: Mapping[str, str], field: str) -> Json:
    size, start = int(query.get("pageSize", 100)), int(query.get("pageToken") or 0)
    page: Json = {field: items[start : start + size]}
    return page | ({"nextPageToken": str(start + size)} if start + size < len(items) else {})


def _attachment(endpoint: str) -> str:
    """The service attachment of an endpoint, in a project of Google's: one for all its deployments."""
    digest = hashlib.sha256(endpoint.encode()).hexdigest()
    return f"projects/{digest[:17]}-tp/regions/{endpoint.split('/')[3]}/serviceAttachments/gkedpm-{digest[17:47]}"


def _number_of(project: str) -> str:
    return str(10**11 + int(hashlib.sha256(project.encode()).hexdigest()[:9], 16))


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
