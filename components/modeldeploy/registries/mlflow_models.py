"""Models in MLflow's registry: `models:/name/version` and `models:/name@alias`.

MLflow's own client is used (`pip install 'modeldeploy[mlflow]'`), so every registry it speaks to works, with its own variables:
`MLFLOW_TRACKING_URI` or `MLFLOW_REGISTRY_URI`, `MLFLOW_TRACKING_TOKEN`, `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`.
https://mlflow.org/docs/latest/ml/model-registry/
"""

import importlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ModelMissingError, RegistryError, RegistryUnreachableError
from .resolved import Resolved, keep

SCHEME = "models:/"

ADDRESS = re.compile(r"models:/(?P<name>[^/:@]+)(?:/(?P<version>[0-9]+)|@(?P<alias>[^/@]+))")
AZURE_STORAGE = re.compile(r"(?:wasbs|abfss)://(?P<container>[^@/]+)@(?P<account>[^./]+)\.(?:blob|dfs)\.core\.windows\.net/(?P<path>.+)")


@dataclass(frozen=True)
class _Servers:
    """Where the registry is, and the tracking server that knows where artifacts are; mostly one and the same."""

    registry: str
    tracking: str

    @classmethod
    def configured(cls, address: str) -> "_Servers":
        registry, tracking = (os.environ.get(name, "") for name in ("MLFLOW_REGISTRY_URI", "MLFLOW_TRACKING_URI"))
        if not registry and not tracking:
            # The client would make a registry of its own, in a file.
            raise RegistryUnreachableError(f"'{address}' is in an MLflow registry; set MLFLOW_TRACKING_URI to its address")
        return cls(registry or tracking, tracking or registry)


@dataclass(frozen=True)
class _Version:
    name: str
    version: str
    run: str | None
    location: str
    created: int


def resolve(address: str, reads: Sequence[str], folder: Path) -> Resolved:
    """The version at `address`; its artifact where it is when the target reads that, else downloaded."""
    found = ADDRESS.fullmatch(address)
    if found is None:
        raise ModelMissingError(f"'{address}' names no version; write models:/name/7 or models:/name@alias (stages and 'latest' are not followed)")
    servers = _Servers.configured(address)
    version = _look_up(address, found["name"], found["version"], found["alias"], servers)
    location = in_place(version.location, reads)
    if location is None:
        key = f"{servers.registry} {version.name} {version.version} {version.run} {version.created}"
        location = keep(folder / "models", key, lambda target: _download(address, version.location, servers, target)).as_posix()
    return Resolved(source=location, origin=f"{SCHEME}{version.name}/{version.version}", version=version.version, run=version.run)


def in_place(location: str, reads: Sequence[str]) -> str | None:
    """The address under which the target reads the artifact where it is; None when it cannot."""
    azure = AZURE_STORAGE.fullmatch(location)
    if azure is not None:
        location = f"https://{azure['account']}.blob.core.windows.net/{azure['container']}/{azure['path']}"
    return location if location.partition("://")[0] in reads else None


def _look_up(address: str, name: str, version: str | None, alias: str | None, servers: _Servers) -> _Version:
    mlflow = _client()
    try:
        client = mlflow.MlflowClient(tracking_uri=servers.tracking, registry_uri=servers.registry)
        found = client.get_model_version_by_alias(name, alias) if version is None else client.get_model_version(name, version)
        location = client.get_model_version_download_uri(name, str(found.version))
    except mlflow.MlflowException as error:
        raise _told(address, error) from None
    if found.status != "READY":
        raise ModelMissingError(f"'{address}' is version {found.version}, which is not ready: {found.status}")
    return _Version(name, str(found.version), found.run_id or None, location, found.creation_timestamp)


def _download(address: str, location: str, servers: _Servers, target: Path) -> Path:
    mlflow = _client()
    landing = target / "download"
    landing.mkdir()
    try:
        found = Path(mlflow.artifacts.download_artifacts(artifact_uri=location, dst_path=str(landing), tracking_uri=servers.tracking))
    except Exception as error:  # every store's client has errors of its own
        raise _told(address, error) from None
    # What its folder is called depends on the store.
    return found if found.is_file() else found.rename(target / "model")


def _client() -> Any:
    # A deployment reports to nobody, and says soon that a server is down; whoever wants it otherwise sets these.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    try:
        importlib.import_module("mlflow.artifacts")
        return importlib.import_module("mlflow")
    except ModuleNotFoundError as error:
        raise RegistryError(f"Models in an MLflow registry need its client: pip install 'modeldeploy[mlflow]' ({error})") from None


def _told(address: str, error: Exception) -> RegistryError:
    code = getattr(error, "error_code", "")
    sentence = " ".join(str(error).split())
    if code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND"):
        return ModelMissingError(f"'{address}' is not in the MLflow registry: {sentence}")
    return RegistryUnreachableError(f"'{address}' could not be read from the MLflow registry: {sentence}")
