"""Models in MLflow's registry, on a real server with a database."""

import importlib
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modeldeploy.registries import ModelMissingError, RegistryError, RegistryUnreachableError, Resolved, mlflow_models, resolve
from modeldeploy.registries.mlflow_models import in_place
from tests.support import tools


@dataclass
class Server:
    """A tracking server that serves artifacts too, and what was logged on it."""

    address: str
    artifacts: Path
    client: Any

    def log(self, folder: Path, weights: str) -> tuple[str, str]:
        """A run with a model among its artifacts, as a new version of model `pricing`; its number and the run's id."""
        (folder / "model").mkdir(exist_ok=True)
        (folder / "model" / "model.pkl").write_text(weights)
        run = self.client.create_run("0").info
        self.client.log_artifacts(run.run_id, str(folder))
        version = self.client.create_model_version("pricing", f"{run.artifact_uri}/model", run.run_id)
        return str(version.version), run.run_id


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    storage = ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--artifacts-destination", str(folder / "artifacts")]
    command = [*tools.mlflow(), "server", *storage, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        _wait(f"{address}/health", process, folder / "log")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
            mlflow = importlib.import_module("mlflow")
        client = mlflow.MlflowClient(tracking_uri=address)
        client.create_registered_model("pricing")
        yield Server(address, folder / "artifacts", client)
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"MLflow's server did not start:\n{log.read_text()}")


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's folder, with nothing of the user's MLflow."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_HTTP_REQUEST_MAX_RETRIES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    (tmp_path / "program").mkdir()
    monkeypatch.chdir(tmp_path / "program")
    return tmp_path / "program"


@pytest.mark.engine
def test_an_alias_is_followed_to_its_version_and_the_artifact_brought_here(
    server: Server, tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    (tmp_path / "logged").mkdir()
    first, run = server.log(tmp_path / "logged", "weights of the first")
    second, _ = server.log(tmp_path / "logged", "weights of the second")
    server.client.set_registered_model_alias("pricing", "champion", first)

    found = resolve("models:/pricing@champion", reads=("s3",))

    assert found == Resolved(source=found.source, origin=f"models:/pricing/{first}", version=first, run=run)
    assert found.source.startswith(".modeldeploy/models/")
    assert (program / found.source / "model.pkl").read_text() == "weights of the first"
    assert found.tags() == {"model-source": f"models:/pricing/{first}", "model-run": run}
    assert found.outputs() == {"source": f"models:/pricing/{first}", "location": found.source, "run": run}
    assert (program / ".modeldeploy" / "models" / ".gitignore").read_text() == "*\n"
    # By number it is the same, and nothing is downloaded again: the store may be gone.
    for stored in server.artifacts.rglob("model.pkl"):
        if stored.read_text() == "weights of the first":
            stored.unlink()
    assert resolve(f"models:/pricing/{first}", reads=("s3",)) == found

    server.client.set_registered_model_alias("pricing", "champion", second)
    moved = resolve("models:/pricing@champion", reads=("s3",))
    assert moved.version == second
    assert (program / moved.source / "model.pkl").read_text() == "weights of the second"
    assert moved.source != found.source

    # On another machine the store is asked, and its answer is told.
    with pytest.raises(RegistryUnreachableError, match=f"'models:/pricing/{first}' could not be read from the MLflow registry"):
        resolve(f"models:/pricing/{first}", reads=("s3",), folder=tmp_path / "another")


@pytest.mark.engine
def test_an_artifact_in_a_store_that_the_cloud_reads_stays_there(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", server.address)
    run = server.client.create_run("0").info.run_id
    version = server.client.create_model_version("pricing", "s3://bucket/1/model", run).version
    assert resolve(f"models:/pricing/{version}", reads=("s3",)) == Resolved(
        source="s3://bucket/1/model", origin=f"models:/pricing/{version}", version=str(version), run=run
    )


@pytest.mark.engine
@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("models:/pricing/999", "RESOURCE_DOES_NOT_EXIST: Model Version (name=pricing, version=999) not found"),
        ("models:/prices/1", "RESOURCE_DOES_NOT_EXIST: Model Version (name=prices, version=1) not found"),
        ("models:/pricing@nobody", "INVALID_PARAMETER_VALUE: Registered model alias nobody not found."),
    ],
)
def test_what_the_registry_does_not_have_is_said_with_its_own_words(
    server: Server, address: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    with pytest.raises(ModelMissingError) as caught:
        resolve(address, reads=())
    assert str(caught.value) == f"'{address}' is not in the MLflow registry: {reason}"


@pytest.mark.parametrize(
    "address", ["models:/pricing", "models:/pricing/latest", "models:/pricing/Production", "models:/m-0123abcd", "models:/a/b/1"]
)
def test_an_address_without_an_exact_version_or_an_alias_is_refused(address: str) -> None:
    with pytest.raises(ModelMissingError, match="names no version; write models:/name/7 or models:/name@alias"):
        resolve(address, reads=())


def test_a_registry_that_nobody_named_is_asked_for() -> None:
    with pytest.raises(RegistryUnreachableError, match="set MLFLOW_TRACKING_URI to its address"):
        resolve("models:/pricing/1", reads=())


def test_a_registry_that_does_not_answer_is_said_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RegistryUnreachableError, match=r"'models:/pricing/1' could not be read from the MLflow registry: .*127\.0\.0\.1"):
        resolve("models:/pricing/1", reads=())


def test_without_mlflow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named '{name}'")

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setattr(mlflow_models.importlib, "import_module", missing)
    with pytest.raises(RegistryError, match=r"pip install 'modeldeploy\[mlflow\]' \(No module named 'mlflow.artifacts'\)"):
        resolve("models:/pricing/1", reads=())


def test_a_version_that_is_still_being_made_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    version = SimpleNamespace(version="3", status="PENDING_REGISTRATION")
    client = SimpleNamespace(get_model_version=lambda *_: version, get_model_version_download_uri=lambda *_: "s3://bucket/3")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setattr(
        mlflow_models, "_client", lambda: SimpleNamespace(MlflowClient=lambda **_: client, MlflowException=type("MlflowException", (Exception,), {}))
    )
    with pytest.raises(ModelMissingError, match="'models:/pricing/3' is version 3, which is not ready: PENDING_REGISTRATION"):
        resolve("models:/pricing/3", reads=("s3",))


@pytest.mark.parametrize(
    ("location", "reads", "expected"),
    [
        ("s3://bucket/model", ("s3",), "s3://bucket/model"),
        ("s3://bucket/model", ("gs",), None),
        ("gs://bucket/model", ("s3", "gs"), "gs://bucket/model"),
        ("mlflow-artifacts:/1/model", ("s3",), None),
        ("file:///models/1", ("s3",), None),
        ("dbfs:/models/1", ("https",), None),
        ("wasbs://models@account.blob.core.windows.net/1/model", ("azureml", "https"), "https://account.blob.core.windows.net/models/1/model"),
        ("abfss://models@account.dfs.core.windows.net/1/model", ("https",), "https://account.blob.core.windows.net/models/1/model"),
        ("abfss://models@account.dfs.core.windows.net/1/model", ("s3",), None),
    ],
)
def test_which_stores_a_cloud_reads_in_place(location: str, reads: tuple[str, ...], expected: str | None) -> None:
    assert in_place(location, reads) == expected
