"""`AzureMLEndpoint`: environments that Azure ML builds from a conda file, and models that stay in a registry."""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from modeldeploy.azure import score_mlflow
from modeldeploy.azure.assets import environment_version
from modeldeploy.azure.conda import PACKAGE_HOSTS, CondaEnvironment
from modeldeploy.spec import ArgumentError, Container
from tests.support.mocks import Graph

from . import world

ML = "azure-native:machinelearningservices"
DEPLOYMENT = f"{ML}:OnlineDeployment"
ENVIRONMENT = f"{ML}:EnvironmentVersion"
MODEL = f"{ML}:ModelVersion"
CODE = f"{ML}:CodeVersion"
COMPUTE = f"{ML}:Compute"
RULE = f"{ML}:ManagedNetworkSettingsRule"
WORKSPACE = f"{ML}:Workspace"
BLOB = "azure-native:storage:Blob"
ROLE = "azure-native:authorization:RoleAssignment"

REGISTERED = "azureml://registries/acme/models/pricing/versions/7"
MODEL_REGISTRY = f"{world.GROUP}/providers/Microsoft.MachineLearningServices/registries/acme"
REGISTRY_STORE = "/subscriptions/1/resourceGroups/azureml-rg-acme_1/providers/Microsoft.Storage/storageAccounts/acmemodels1"
FROM_REGISTRY = {
    "models": [world.model(source=REGISTERED)],
    "model_registry_id": MODEL_REGISTRY,
    "model_registry_storage_id": REGISTRY_STORE,
}
PACKAGES = """
channels: [conda-forge]
dependencies:
- python=3.12.4
- conda-forge::libgomp=14.2.0=h77fa898_1
- pip=24.2
- pip:
  - --index-url https://packages.example.com/simple
  - azureml-inference-server-http==1.4.0
  - azureml-ai-monitoring==1.0.0
  - mlflow[extras]==3.4.0
"""


@pytest.fixture
def conda(tmp_path: Path) -> str:
    (tmp_path / "conda.yaml").write_text(PACKAGES)
    return str(tmp_path / "conda.yaml")


@pytest.fixture
def trained(tmp_path: Path) -> str:
    """A model as MLflow writes it."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors: {}")
    return str(folder)


def environment(folder: Path) -> CondaEnvironment:
    """Packages and a script, in a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "conda.yaml").write_text(PACKAGES)
    (folder / "score.py").write_text("def init(): ...\ndef run(data): return data")
    return CondaEnvironment(file=str(folder / "conda.yaml"), code=str(folder))


def built(conda: str, trained: str, **changes: Any) -> Graph:
    return world.endpoint(**{"models": [world.model(source=trained)], "conda": {"1": CondaEnvironment(file=conda)}, **changes})


def test_packages_are_installed_on_the_image(conda: str, trained: str) -> None:
    graph = built(conda, trained)
    made = graph.one(ENVIRONMENT)
    assert made.inputs["properties"]["image"] == world.IMAGE
    assert made.inputs["properties"]["condaFile"] == PACKAGES
    assert "inferenceConfig" not in made.inputs["properties"], "Azure's own server answers"
    assert made.inputs["version"] == environment_version(Container(image=world.IMAGE), PACKAGES)
    assert graph.one(MODEL).inputs["properties"]["modelType"] == "mlflow_model"
    deployment = graph.one(DEPLOYMENT).inputs["properties"]
    code = graph.one(CODE, "api-1-code")
    assert deployment["codeConfiguration"]["scoringScript"] == "score_mlflow.py"
    assert deployment["codeConfiguration"]["codeId"].endswith(f"/codes/{code.inputs['name']}/versions/{code.inputs['version']}")
    assert graph.one(BLOB, "api-1-code-score_mlflow.py").inputs["blobName"] == f"1/code/{code.inputs['version']}/score_mlflow.py"
    assert graph.outputs["url"].endswith(".inference.ml.azure.com/score")


def test_another_image_or_another_package_is_another_environment() -> None:
    versions = {environment_version(Container(image=image), text) for image in (world.IMAGE, world.IMAGE + "1") for text in ("a", "b", None)}
    assert len(versions) == 6


def test_images_are_built_inside_on_a_machine_that_is_there_for_the_time(conda: str, trained: str) -> None:
    graph = built(conda, trained)
    machine = graph.one(COMPUTE)
    workspace = graph.one(WORKSPACE).inputs
    assert machine.inputs["computeName"] == workspace["imageBuildCompute"]
    assert machine.inputs["identity"]["userAssignedIdentities"] == [workspace["primaryUserAssignedIdentity"]]
    properties = machine.inputs["properties"]
    assert properties["disableLocalAuth"] is True
    assert {name: properties["properties"][name] for name in ("vmSize", "vmPriority", "enableNodePublicIp", "remoteLoginPortPublicAccess")} == {
        "vmSize": "Standard_D2as_v4",
        "vmPriority": "Dedicated",
        "enableNodePublicIp": False,
        "remoteLoginPortPublicAccess": "Disabled",
    }
    assert properties["properties"]["scaleSettings"] == {"minNodeCount": 0, "maxNodeCount": 1, "nodeIdleTimeBeforeScaleDown": "PT300S"}
    ways = [each for each in graph.all(RULE) if each.inputs["properties"]["type"] == "FQDN"]
    assert {each.inputs["properties"]["destination"] for each in ways} == set(PACKAGE_HOSTS)
    assert workspace["managedNetwork"]["firewallSku"] == "Basic"
    assert {machine.urn, *(each.urn for each in ways)} <= graph.one(ENVIRONMENT).depends_on


def test_package_hosts_are_given_or_none(conda: str, trained: str) -> None:
    graph = built(conda, trained, package_hosts=["packages.example.com"])
    assert [each.inputs["properties"]["destination"] for each in graph.all(RULE) if each.inputs["properties"]["type"] == "FQDN"] == [
        "packages.example.com"
    ]
    assert not [each for each in built(conda, trained, package_hosts=[]).all(RULE) if each.inputs["properties"]["type"] == "FQDN"]


def test_nothing_is_built_by_default() -> None:
    graph = world.endpoint()
    assert not graph.all(COMPUTE)
    workspace = graph.one(WORKSPACE).inputs
    assert "imageBuildCompute" not in workspace
    assert "firewallSku" not in workspace["managedNetwork"]
    assert "codeConfiguration" not in graph.one(DEPLOYMENT).inputs["properties"]


def test_a_script_of_ones_own_beside_a_version_with_an_image(conda: str, tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "answer.py").write_text("def init(): ...\ndef run(data): return data")
    graph = world.endpoint(
        models=[world.model("1"), world.model("2")], conda={"2": CondaEnvironment(file=conda, code=str(code), scoring_script="answer.py")}
    )
    by_version = {each.name: each.inputs["properties"] for each in graph.all(DEPLOYMENT)}
    assert "codeConfiguration" not in by_version["api-1"]
    assert by_version["api-2"]["codeConfiguration"]["scoringScript"] == "answer.py"
    assert graph.one(MODEL, "api-2").inputs["properties"]["modelType"] == "custom_model"
    assert graph.one(ENVIRONMENT, "api-1").inputs["properties"]["inferenceConfig"]["scoringRoute"]["path"] == "/invocations"
    assert graph.names(CODE) == ["api-2-code"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dependencies: {", "is no conda file"),
        ("name: x", "is no conda file"),
        ("- python", "is no conda file"),
        (PACKAGES.replace("python=3.12.4", "python"), "'python' has no exact version; write name=1.2.3"),
        (PACKAGES.replace("python=3.12.4", "python>=3.12"), "'python>=3.12' has no exact version"),
        (PACKAGES.replace("python=3.12.4", "python=3.12.\\*"), "'python=3.12.*' has no exact version"),
        (PACKAGES.replace("mlflow[extras]==3.4.0", "mlflow"), "'mlflow' has no exact version; write name==1.2.3"),
        (PACKAGES.replace("mlflow[extras]==3.4.0", "mlflow~=3.4"), "'mlflow~=3.4' has no exact version"),
        (PACKAGES.replace("mlflow[extras]==3.4.0", "-r requirements.txt"), "'-r requirements.txt' has no exact version"),
        (PACKAGES.replace("azureml-inference-server-http", "waitress"), "names no azureml-inference-server-http, the server"),
    ],
)
def test_packages_that_could_change_are_refused(text: str, message: str, conda: str, trained: str) -> None:
    Path(conda).write_text(text.replace("\\*", "*"))
    with pytest.raises(ArgumentError) as refused:
        built(conda, trained)
    assert f"conda.1.file: {message}" in str(refused.value)


def test_what_does_not_fit_is_refused(conda: str, trained: str, tmp_path: Path) -> None:
    own = CondaEnvironment(file=conda)
    other = world.artifact(tmp_path / "model")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"conda": {"2": own}}, "conda.2: '2' is not known; allowed: 1"),
        ({"conda": {"1": {"file": "nowhere.yaml"}}}, "conda.1.file: 'nowhere.yaml' is no file"),
        ({"conda": {"1": {"file": conda, "code": trained}}}, f"conda.1.scoring_script: 'score.py' is not in '{trained}'"),
        ({"conda": {"1": {"file": conda, "scoring_script": "other.py"}}}, "conda.1.scoring_script: 'other.py' has no effect without code"),
        ({"conda": {}, "package_hosts": ["pypi.org"]}, "package_hosts: has no effect without conda"),
        ({"package_hosts": ["https://pypi.org"]}, "package_hosts[0]: 'https://pypi.org' is no host name"),
    ]
    containers: dict[str, Any] = {"port": 5001, "health_path": "/", "predict_path": "/score"}
    for name, value in containers.items():
        container: dict[str, Any] = {"image": world.IMAGE, name: value}
        cases.append(({"models": [world.model(source=trained, container=Container(**container))]}, f"models[0].container.{name}: has no effect"))
    for changes, message in cases:
        with pytest.raises(ArgumentError) as refused:
            world.endpoint(**{"models": [world.model(source=trained)], "conda": {"1": own}, **changes})
        assert message in str(refused.value)
    (Path(trained) / "MLmodel").unlink()
    with pytest.raises(ArgumentError, match=r"conda\.1\.code: is required: .* no file MLmodel"):
        built(conda, other)


def test_a_monitored_model_of_mlflow_needs_the_collector(conda: str, trained: str) -> None:
    monitored = {"drift": {"task": "regression"}, "operations": {"capture_percent": 5}}
    assert built(conda, trained, **monitored).one(DEPLOYMENT)
    Path(conda).with_name("other.yaml").write_text(PACKAGES.replace("azureml-ai-monitoring", "other"))
    with pytest.raises(ArgumentError, match=r"conda\.1\.file: names no azureml-ai-monitoring"):
        built(str(Path(conda).with_name("other.yaml")), trained, **monitored)


def test_a_model_in_a_registry_stays_there() -> None:
    graph = world.endpoint(**FROM_REGISTRY)
    assert graph.one(DEPLOYMENT).inputs["properties"]["model"] == REGISTERED
    assert not graph.all(MODEL)
    rules = {each.name: each.inputs["properties"]["destination"] for each in graph.all(RULE)}
    assert (rules["api-model-registry"]["serviceResourceId"], rules["api-model-registry"]["subresourceTarget"]) == (MODEL_REGISTRY, "amlregistry")
    assert (rules["api-registry-blob"]["serviceResourceId"], rules["api-registry-blob"]["subresourceTarget"]) == (REGISTRY_STORE, "blob")
    grants = {each.name: (each.inputs["scope"], each.inputs["roleDefinitionId"].rsplit("/", 1)[-1]) for each in graph.all(ROLE)}
    assert grants["api-model-registry"] == (MODEL_REGISTRY, "acdd72a7-3385-48ef-bd42-f606fba81ae7")
    approver = "b556d68e-0be0-4f35-a333-ad7ee1ce17ea"
    assert grants["api-workspace-model-registry"] == (MODEL_REGISTRY, approver)
    assert grants["api-workspace-registry-blob"] == (REGISTRY_STORE, approver)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_registry_id": None}, "model_registry_id: is required with a model at azureml://registries/"),
        ({"model_registry_storage_id": None}, "model_registry_storage_id: is required with a model at azureml://registries/"),
        ({"models": [world.model()]}, "model_registry_id: has no effect: no model is in a registry"),
        ({"models": [world.model()], "model_registry_id": None}, "model_registry_storage_id: has no effect"),
        ({"model_registry_id": "acme"}, "model_registry_id: 'acme' is no ARM id; write .*Microsoft.MachineLearningServices/registries"),
        ({"model_registry_storage_id": MODEL_REGISTRY}, "model_registry_storage_id: .*Microsoft.Storage/storageAccounts"),
        ({"models": [world.model(source=REGISTERED.replace("versions/7", "labels/latest"))]}, r"models\[0\].source: .* names no version"),
        ({"models": [world.model(source=REGISTERED.replace("acme", "other"))]}, r"models\[0\].source: .* is not in the registry 'acme'"),
    ],
)
def test_a_registry_that_could_not_be_reached_is_refused(changes: dict[str, Any], message: str) -> None:
    given = {name: value for name, value in {**FROM_REGISTRY, **changes}.items() if value is not None}
    with pytest.raises(ArgumentError, match=f"(?s)AzureMLEndpoint 'api'.*{message}"):
        world.endpoint(**given)


class Frame:
    """What the script needs of pandas."""

    def __init__(self, rows: Any, columns: Any = None, index: Any = None) -> None:
        self.rows, self.columns, self.index = rows, columns or [0], index

    @property
    def values(self) -> "Frame":
        return self

    def tolist(self) -> list[list[Any]]:
        return [[each] for each in self.rows]


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """The script's libraries, and what was handed to the collector."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").write_text("")
    monkeypatch.setenv("AZUREML_MODEL_DIR", str(tmp_path))
    monkeypatch.setattr(score_mlflow, "state", {})
    kept: list[tuple[str, Any]] = []

    class Collector:
        def __init__(self, name: str, on_error: Any) -> None:
            self.name, self.on_error = name, on_error

        def collect(self, frame: Frame, context: str | None = None) -> str:
            kept.append((self.name, (frame.rows, context)))
            return "together"

    class Loaded:
        def predict(self, frame: Frame) -> list[int]:
            return [sum(row) for row in frame.rows]

    def load(folder: str) -> Loaded:
        assert folder == str(tmp_path / "model")
        return Loaded()

    for name, content in {
        "pandas": {"DataFrame": Frame},
        "mlflow": {},
        "mlflow.pyfunc": {"load_model": load},
        "azureml": {},
        "azureml.ai": {},
        "azureml.ai.monitoring": {"Collector": Collector},
    }.items():
        module = ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return kept


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [3, 4]]}},
        {"input_data": {"columns": ["a", "b"], "index": [0, 1], "data": [[1, 2], [3, 4]]}},
        {"dataframe_records": [[1, 2], [3, 4]]},
    ],
)
def test_the_script_answers_what_mlflows_server_would(body: dict[str, Any], served: list[tuple[str, Any]]) -> None:
    score_mlflow.init()
    assert score_mlflow.run(json.dumps(body)) == {"predictions": [3, 7]}
    assert served == []


def test_the_script_hands_rows_to_the_collector_where_a_monitor_wants_them(served: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLECT_MODEL_DATA", "1")
    score_mlflow.init()
    score_mlflow.run(json.dumps({"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2]]}}))
    assert served == [("model_inputs", ([[1, 2]], None)), ("model_outputs", ([3], "together"))]


def test_the_script_says_which_requests_it_takes(served: list[tuple[str, Any]]) -> None:
    score_mlflow.init()
    with pytest.raises(ValueError, match="none of dataframe_records, dataframe_split, input_data"):
        score_mlflow.run("{}")
