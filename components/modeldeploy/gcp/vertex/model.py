"""Models in the registry: uploads, new versions, aliases."""

import asyncio
import hashlib
import re
import secrets
from typing import Any

import pulumi

from modeldeploy.plugin.errors import PartialError, ResourceError, remains
from modeldeploy.plugin.resource import Request, State
from modeldeploy.plugin.values import Json
from modeldeploy.spec.names import fit

from .arguments import VertexModelArgs
from .client import Client, OperationFailed, Unanswered, Unfinished, conflict
from .resources import MODEL, VertexModel

UPLOAD_SECONDS = 30 * 60
DELETE_SECONDS = 15 * 60

_MARK = re.compile(r"pulumi-[0-9a-f]{12}")


class Model:
    """Serves `VertexModel`.

    The version's number is known only when the upload ends. Until then an alias of ours, a mark that is uploaded with the version, names it: a run
    that is cut off leaves the mark as the resource's id, and the next run finds the version by it.
    """

    token = MODEL
    declaration: type[pulumi.CustomResource] = VertexModel
    arguments: type[Any] = VertexModelArgs
    immutable = frozenset({"project", "location", "container", "artifactUri", "modelId", "encryptionKey"})
    volatile: frozenset[str] = frozenset()
    exclusive = False

    def __init__(self, client: Client) -> None:
        self._client = client
        self._locks: dict[str, asyncio.Lock] = {}

    def defaults(self, request: Request, seed: bytes, old: Json, new: Json) -> Json:
        """The model id: the one there is, or the resource's name with a random suffix."""
        given = new.get("modelId") or old.get("modelId")
        if given is None:
            suffix = hashlib.sha256(seed or secrets.token_bytes()).hexdigest()[:7]
            given = f"{fit(request.name, 55)}-{suffix}"
        return {"modelId": given}

    def same(self, name: str, old: Any, new: Any) -> bool:
        """A display name that is not given is the one there is; a project's number is the project."""
        return (name == "displayName" and new is None) or (name == "project" and isinstance(new, str) and str(old).isdigit() != new.isdigit())

    async def create(self, request: Request, inputs: Json) -> State:
        """Uploads: a new model, or the next version of the one that has this id."""
        name = _name(inputs)
        mark = f"pulumi-{secrets.token_hex(6)}"
        async with self._lock(name):
            live = await self._upload(request, name, mark, inputs)
            number = f"{name}@{live['versionId']}"
            with remains(f"{name}@{mark}", {**inputs, **_outputs(name, {"versionId": mark})}):
                live = await self._adjust(name, live, {}, inputs)
                await self._client.ask(name, "models", "mergeVersionAliases", name=number, body={"versionAliases": [f"-{mark}"]})
        return State(number, _outputs(name, live))

    async def read(self, request: Request, resource_id: str, inputs: Json, outputs: Json) -> State | None:
        """Reads the version."""
        if await self._uploading(outputs):
            raise PartialError(f"{outputs['operation']} still uploads it", resource_id, outputs, inputs)
        live = await self._client.find(str(outputs.get("resourceName") or resource_id), "models")
        if live is None:
            return None
        name = resource_id.partition("@")[0]
        return State(f"{name}@{live['versionId']}", _outputs(name, live), _inputs(name, live, inputs))

    async def update(self, request: Request, resource_id: str, old: Json, inputs: Json) -> Json:
        """Changes names, descriptions, labels and aliases; ends an upload that an earlier run began."""
        name, _, version = resource_id.partition("@")
        async with self._lock(name):
            if "operation" in old:
                live = await self._finish(request, name, version, old["operation"])
            else:
                live = await self._client.find(str(old.get("resourceName") or resource_id), "models")
            if live is None:
                if not _MARK.fullmatch(version):
                    raise ResourceError(f"{resource_id} is gone; `pulumi refresh` takes that in, and `pulumi up` uploads it again")
                live = await self._upload(request, name, version, inputs)
            return _outputs(name, await self._adjust(name, live, old, inputs))

    async def delete(self, request: Request, resource_id: str, old: Json) -> None:
        """Deletes the version, and with the last one the model."""
        name, _, version = resource_id.partition("@")
        async with self._lock(name):
            if await self._uploading(old):
                await self._client.stop(old["operation"])
            if "operation" in old:
                await self._finish(request, name, version, old["operation"])
            live = await self._client.find(str(old.get("resourceName") or resource_id), "models")
            if live is None:
                return
            others = await self._other_versions(name, str(live["versionId"]))
            if not others:
                operation = await self._client.change(name, "models", "delete", name=name)
            else:
                if "default" in live.get("versionAliases", []):  # The registry keeps one default: the newest of the rest.
                    await self._client.ask(name, "models", "mergeVersionAliases", name=f"{name}@{others[-1]}", body={"versionAliases": ["default"]})
                operation = await self._client.change(name, "models", "deleteVersion", name=f"{name}@{live['versionId']}")
            try:
                await self._client.finish(request.urn, operation["name"], "deleting", request.timeout or DELETE_SECONDS)
            except Unfinished as error:
                raise ResourceError(str(error)) from error

    def _lock(self, name: str) -> asyncio.Lock:
        """One upload or deletion at a time for each model: whether there is a first or a last version depends on the others."""
        return self._locks.setdefault(name, asyncio.Lock())

    async def _upload(self, request: Request, name: str, mark: str, inputs: Json) -> Json:
        """Uploads and returns the live version."""
        parent = name.rpartition("/models/")[0]
        existing = await self._client.find(name, "models")
        for _ in range(2):
            body = _upload_request(name, mark, inputs, existing)
            try:
                operation = await self._client.change(name, "models", "upload", parent=parent, body=body)
                break
            except ResourceError as error:
                existing = await self._client.find(name, "models") if conflict(error) and existing is None else None
                if existing is None:
                    raise
            except Unanswered as error:
                raise PartialError(str(error), f"{name}@{mark}", {**inputs, **_outputs(name, {"versionId": mark})}) from error
        else:
            raise ResourceError(f"{name} was made and deleted by someone else during the upload")
        live = await self._finish(request, name, mark, operation["name"], inputs)
        if live is None:
            raise ResourceError(f"{name}: the upload ended, but the version is not there")
        return live

    async def _finish(self, request: Request, name: str, mark: str, operation: str, inputs: Json | None = None) -> Json | None:
        """Waits for an upload. Without `inputs` the upload is an earlier run's, and None tells that it failed."""
        state = {**(inputs or {}), **_outputs(name, {"versionId": mark})}
        try:
            await self._client.finish(request.urn, operation, "uploading", request.timeout or UPLOAD_SECONDS)
        except Unfinished as error:
            raise PartialError(f"{error}; `pulumi up` goes on with it", f"{name}@{mark}", {**state, "operation": operation}) from error
        except OperationFailed:
            if inputs is not None:
                raise
        with remains(f"{name}@{mark}", state):
            return await self._client.find(f"{name}@{mark}", "models")

    async def _uploading(self, outputs: Json) -> bool:
        """Whether an earlier run's upload goes on."""
        if "operation" not in outputs:
            return False
        return not (await self._client.operation(outputs["operation"])).get("done")

    async def _other_versions(self, name: str, version: str) -> list[str]:
        """The numbers of the model's other versions, oldest first."""
        found: list[int] = []
        token: str | None = None
        while True:
            page = await self._client.ask(name, "models", "listVersions", name=name, pageToken=token)
            found += [int(each["versionId"]) for each in page.get("models", []) if each["versionId"] != version]
            token = page.get("nextPageToken")
            if not token:
                return [str(each) for each in sorted(found)]

    async def _adjust(self, name: str, live: Json, old: Json, inputs: Json) -> Json:
        """Makes `live` what `inputs` say, in as many calls as the API wants: the model, the version and its aliases each have their own.

        What was never an input is left alone: the display name, which other versions share, and the alias `default`.
        """
        number = f"{name}@{live['versionId']}"
        for target, fields in ((name, ("displayName", "description")), (number, ("versionDescription", "labels"))):
            changed = {field: inputs.get(field) for field in fields if field in inputs or (field in old and field != "displayName")}
            changed = {field: value for field, value in changed.items() if (value or None) != (live.get(field) or None)}
            if changed:
                empty: Json = {"labels": {}}
                body = {field: value if value is not None else empty.get(field, "") for field, value in changed.items()}
                await self._client.ask(name, "models", "patch", name=target, updateMask=",".join(changed), body=body)
        wanted, present = set(inputs.get("versionAliases", [])), set(live.get("versionAliases", []))
        added, removed = wanted - present, {each for each in present - wanted if each != "default" and not _MARK.fullmatch(each)}
        if added or removed:
            body = {"versionAliases": [*sorted(added), *(f"-{each}" for each in sorted(removed))]}
            await self._client.ask(name, "models", "mergeVersionAliases", name=number, body=body)
        return await self._client.ask(name, "models", "get", name=number)


def _name(inputs: Json) -> str:
    return f"projects/{inputs['project']}/locations/{inputs['location']}/models/{inputs['modelId']}"


def _upload_request(name: str, mark: str, inputs: Json, existing: Json | None) -> Json:
    """Body of `models.upload`."""
    model_id = name.rpartition("/")[2]
    model: Json = {
        "displayName": inputs.get("displayName") or (existing or {}).get("displayName") or model_id,
        "versionAliases": [*inputs.get("versionAliases", []), mark],
        "containerSpec": _container_spec(inputs["container"]),
    }
    model |= {field: inputs[field] for field in ("artifactUri", "description", "versionDescription", "labels") if field in inputs}
    if "encryptionKey" in inputs:
        model["encryptionSpec"] = {"kmsKeyName": inputs["encryptionKey"]}
    target = {"parentModel": name} if existing else {"modelId": model_id}
    account = {"serviceAccount": inputs["serviceAccount"]} if "serviceAccount" in inputs else {}
    return {**target, **account, "model": model}


def _container_spec(container: Json) -> Json:
    """Our container as Google's `ModelContainerSpec`."""
    spec: Json = {"imageUri": container["image"]}
    if not container.get("prebuilt"):
        spec |= {
            "ports": [{"containerPort": container["port"]}],
            "predictRoute": container["predictRoute"],
            "healthRoute": container["healthRoute"],
        }
    spec |= {field: container[field] for field in ("command", "args") if field in container}
    if "env" in container:
        spec["env"] = [{"name": key, "value": value} for key, value in container["env"].items()]
    if "sharedMemoryMib" in container:
        spec["sharedMemorySizeMb"] = str(container["sharedMemoryMib"])
    if "deploymentTimeoutSeconds" in container:
        spec["deploymentTimeout"] = f"{container['deploymentTimeoutSeconds']}s"
    return spec | {field: _probe_spec(container[field]) for field in ("startupProbe", "healthProbe", "livenessProbe") if field in container}


_PROBE_NUMBERS = {"initialDelaySeconds": 0, "periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3, "successThreshold": 1}


def _probe_spec(probe: Json) -> Json:
    spec: Json = {field: probe[field] for field in _PROBE_NUMBERS}
    if "command" in probe:
        return {**spec, "exec": {"command": probe["command"]}}
    return {**spec, "httpGet": {"path": probe["path"], **({"port": probe["port"]} if "port" in probe else {})}}


def _container(spec: Json, old: Json) -> Json:
    """Google's `ModelContainerSpec` as our container, with our defaults for what it leaves out. Port and paths of a prebuilt image are its own."""
    known = {} if old.get("prebuilt") else spec
    ports: list[Json] = known.get("ports", [])
    container: Json = {
        "image": spec.get("imageUri", ""),
        "port": ports[0]["containerPort"] if ports else 8080,
        "predictRoute": known.get("predictRoute", "/predict"),
        "healthRoute": known.get("healthRoute", "/health"),
    }
    if old.get("prebuilt"):
        container["prebuilt"] = True
    container |= {field: spec[field] for field in ("command", "args") if spec.get(field)}
    if spec.get("env"):
        container["env"] = {each["name"]: each.get("value", "") for each in spec["env"]}
    if spec.get("sharedMemorySizeMb"):
        container["sharedMemoryMib"] = int(spec["sharedMemorySizeMb"])
    if spec.get("deploymentTimeout"):
        container["deploymentTimeoutSeconds"] = int(float(spec["deploymentTimeout"].rstrip("s")))
    return container | {field: _probe(spec[field]) for field in ("startupProbe", "healthProbe", "livenessProbe") if spec.get(field)}


def _probe(spec: Json) -> Json:
    probe: Json = {field: spec.get(field, default) for field, default in _PROBE_NUMBERS.items()}
    if "exec" in spec:
        return {**probe, "command": spec["exec"].get("command", [])}
    get: Json = spec.get("httpGet", {})
    return {**probe, "path": get.get("path", "/"), **({"port": get["port"]} if "port" in get else {})}


def _outputs(name: str, live: Json) -> Json:
    """Outputs, under the name the user gave: Google answers with the project's number."""
    version = str(live["versionId"])
    return {
        "name": name,
        "modelId": name.rpartition("/")[2],
        "versionId": version,
        "resourceName": f"{name}@{version}",
    }


def _inputs(name: str, live: Json, old: Json) -> Json:
    """The inputs that would give `live`. What the service chose itself counts only where the user had chosen it before, or on import."""
    parts = name.split("/")
    importing = not old
    inputs: Json = {
        "project": parts[1],
        "location": parts[3],
        "modelId": parts[5],
        "container": _container(live.get("containerSpec", {}), old.get("container", {})),
        "artifactUri": live.get("artifactUri"),
        "description": live.get("description"),
        "versionDescription": live.get("versionDescription"),
        "labels": live.get("labels"),
        "encryptionKey": live.get("encryptionSpec", {}).get("kmsKeyName"),
        "serviceAccount": old.get("serviceAccount"),
    }
    if "displayName" in old or (importing and live.get("displayName") != parts[5]):
        inputs["displayName"] = live.get("displayName")
    before: list[str] = old.get("versionAliases", [])
    present = [each for each in live.get("versionAliases", []) if not _MARK.fullmatch(each) and (each != "default" or each in before)]
    inputs["versionAliases"] = _in_order(present, before)
    return {field: value for field, value in inputs.items() if value not in (None, "", [], {})}


def _in_order(present: list[Any], before: list[Any]) -> list[Any]:
    """`present` in the order of `before`, new ones last: the API keeps no order."""
    return [*(each for each in before if each in present), *sorted(each for each in present if each not in before)]
