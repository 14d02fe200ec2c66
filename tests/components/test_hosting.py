"""The plugin: its schema, and components and resources for programs that know only that."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.errors import InputPropertiesError, InputPropertyError

from modeldeploy import grid
from modeldeploy.gcp.vertex.provider import Vertex
from modeldeploy.plugin import component_classes
from modeldeploy.plugin.engine import EngineLog
from modeldeploy.plugin.schema import Components, package
from modeldeploy.spec.arguments import Problem, parse
from sandbox.testing import Sandbox
from tests.support.engine import Project, ProjectFactory, project_file

pytestmark = pytest.mark.filterwarnings("ignore:.*has been deprecated in favor of:DeprecationWarning")

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "registry.example.com/team/pricing@sha256:" + "a" * 64


class Wood(StrEnum):
    """What a shelf is made of."""

    OAK = "oak"
    PINE = "pine"
    """The cheap one."""


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board."""

    width_cm: int
    """Width."""
    thickness_mm: int = 20
    """Thickness. Default: 20."""

    def problems(self) -> Iterator[Problem]:
        if self.width_cm < 1:
            yield Problem("width_cm", f"{self.width_cm} is not allowed; use 1 or more")


@dataclass(frozen=True, kw_only=True)
class FurnitureArgs:
    """Furniture."""

    owner: pulumi.Input[str]
    """Who owns it."""


@dataclass(frozen=True, kw_only=True)
class ShelfArgs(FurnitureArgs):
    """A shelf."""

    boards: list[Board]
    """Its boards."""
    wood: Wood = Wood.PINE
    """Wood. Default: pine."""
    labels: dict[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    """Labels."""
    back: Board | None = None
    """A back. Omitted: none."""


class Shelf(pulumi.ComponentResource):
    """A shelf on a wall."""

    width: pulumi.Output[int]
    """Width of all boards."""

    def __init__(self, name: str, args: ShelfArgs, opts: pulumi.ResourceOptions | None = None):
        parse(ShelfArgs, args, f"Shelf '{name}'")
        raise ValueError("the wall fell down")


def shelf() -> Components:
    return Components([Shelf], "1.2.3")


def test_an_argument_class_declares_the_schema() -> None:
    made = shelf().spec
    resource = made["resources"]["modeldeploy:index:Shelf"]
    assert resource["requiredInputs"] == ["boards", "owner"], "a field with a default is optional"
    inputs = resource["inputProperties"]
    assert inputs["owner"] == {"type": "string", "description": "Who owns it."}, "an inherited field keeps its description; an Input is not plain"
    assert inputs["wood"] == {"$ref": "#/types/modeldeploy:index:Wood", "plain": True, "description": "Wood. Default: pine."}
    assert inputs["boards"]["items"]["$ref"] == "#/types/modeldeploy:index:Board"
    assert "plain" not in inputs["labels"]["additionalProperties"]
    board = made["types"]["modeldeploy:index:Board"]
    assert board["required"] == ["widthCm"]
    assert board["properties"]["thicknessMm"]["description"] == "Thickness. Default: 20."
    assert [each["value"] for each in made["types"]["modeldeploy:index:Wood"]["enum"]] == ["oak", "pine"]


def test_arguments_that_a_component_refuses_are_input_property_errors() -> None:
    wrong = {"owner": "me", "boards": [{"widthCm": 0.0}, {"widthCm": 5.0}]}
    with pytest.raises(InputPropertiesError) as refused:
        shelf().construct("s", "modeldeploy:index:Shelf", wrong)
    assert not isinstance(refused.value, pulumi.RunError), "the SDK's host shows a RunError as an unexpected one"
    assert refused.value.errors == [{"property_path": "boards[0].widthCm", "reason": "0 is not allowed; use 1 or more"}]
    assert str(refused.value) == "an argument is not valid"


@pytest.mark.parametrize(
    ("inputs", "path", "reason"),
    [
        ({"owner": "me", "boards": [], "wod": "oak"}, "wod", "'wod' is not known; did you mean 'wood'? allowed: back, boards, labels, owner, wood"),
        ({"owner": "me", "boards": [{"widthCm": 1.0, "width": 1.0}]}, "boards[0].width", "'width' is not known; did you mean 'widthCm'?"),
        ({"owner": "me", "boards": [], "back": {"depth": 1.0}}, "back.depth", "'depth' is not known"),
        ({"boards": []}, "owner", "Missing required input 'owner' on 'Shelf'"),
        ({"owner": "me", "boards": [], "wood": "elm"}, "wood", "Invalid value elm"),
    ],
)
def test_a_property_that_does_not_exist_or_is_missing_is_an_error(inputs: dict[str, Any], path: str, reason: str) -> None:
    with pytest.raises(InputPropertyError) as refused:
        shelf().construct("s", "modeldeploy:index:Shelf", inputs)
    assert refused.value.property_path == path
    assert reason in refused.value.reason


def test_any_other_failure_in_a_component_keeps_its_traceback() -> None:
    with pytest.raises(Exception, match="the wall fell down"):
        shelf().construct("s", "modeldeploy:index:Shelf", {"owner": "me", "boards": []})


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The plugin's own schema."""
    return package("0.1.0", Components(component_classes(), "0.1.0"), Vertex(EngineLog()).resources)


def test_the_package_has_every_component_and_every_resource(schema: dict[str, Any]) -> None:
    addresses = [*grid.DEPLOYMENTS.values(), *grid.NETWORKS.values(), *grid.DATABASES.values(), *grid.ON_ANY_CLUSTER]
    classes = [each.partition(":")[2] for each in addresses]
    resources = ["VertexModel", "VertexDeployedModel", "VertexTrafficSplit", "VertexDeploymentPool", "VertexMonitoring"]
    assert sorted(schema["resources"]) == sorted(f"modeldeploy:index:{each}" for each in [*classes, *resources])
    hosted = {token.rpartition(":")[2]: each.get("isComponent", False) for token, each in schema["resources"].items()}
    assert hosted == {**dict.fromkeys(classes, True), **dict.fromkeys(resources, False)}


def test_everything_in_the_package_is_described(schema: dict[str, Any]) -> None:
    bare: list[str] = []

    def look(where: str, node: dict[str, Any]) -> None:
        if not node.get("description"):
            bare.append(where)
        for group in ("properties", "inputProperties"):
            for name, each in (node.get(group) or {}).items():
                look(f"{where}.{name}", each)

    for token, node in {**schema["resources"], **schema["types"]}.items():
        look(token, node)
    assert bare == []


def test_every_reference_in_the_package_resolves(schema: dict[str, Any]) -> None:
    text = json.dumps(schema)
    missing = {each for each in re.findall(r'"\$ref": "#/types/([^"]+)"', text) if each not in schema["types"]}
    assert missing == set()


def test_immutable_inputs_are_marked(schema: dict[str, Any]) -> None:
    inputs = schema["resources"]["modeldeploy:index:VertexDeployedModel"]["inputProperties"]
    assert inputs["machineType"]["willReplaceOnChanges"] is True
    assert "willReplaceOnChanges" not in inputs["minReplicas"]


def test_a_program_loads_nothing_of_googles_client_nor_of_the_server() -> None:
    code = "import sys, modeldeploy.gcp.vertex; print(sorted({each.partition('.')[0] for each in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for module in ("googleapiclient", "requests", "httplib2", "pulumi_gcp", "pulumi_aws", "pulumi_azure_native"):
        assert f"'{module}'" not in loaded


def test_the_plugin_ends_at_once_when_nothing_runs() -> None:
    plugin = subprocess.Popen([sys.executable, str(ROOT / "components")], stdout=subprocess.PIPE, text=True)
    assert plugin.stdout is not None
    assert plugin.stdout.readline().strip().isdigit(), "the port comes first, as the engine expects"
    plugin.send_signal(signal.SIGINT)
    assert plugin.wait(10) == 0


# With the engine: programs that import nothing of ours but what the engine generates from the schema.


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory, engine_bin: Path | None) -> Path:
    """The SDK for Python programs, generated once and not installed."""
    folder = tmp_path_factory.mktemp("sdk")
    factory = ProjectFactory(folder, engine_bin)
    made = factory({"__main__.py": ""}, init=False)
    made.run("package", "gen-sdk", str(ROOT / "components"), "--language", "python", "--out", str(folder / "out")).ok()
    factory.close()
    described = folder / "out" / "python" / "pulumi_modeldeploy-0.1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: pulumi_modeldeploy\nVersion: 0.1.0\n")
    return folder / "out" / "python"


@pytest.fixture
def consumer(project: ProjectFactory, sandbox: Sandbox, sdk: Path, tmp_path: Path) -> Project:
    """A project elsewhere that has added the package, as `pulumi package add` leaves it."""
    extra = f"packages:\n  modeldeploy: {ROOT / 'components'}\n"
    made = project({"Pulumi.yaml": project_file(extra=extra)}, debug_providers=sandbox.debug_providers)
    made.environment.update({**sandbox.environment, "PYTHONPATH": str(sdk), "MODELDEPLOY_VERTEX_POLL_SECONDS": "0.05"})
    model = made.directory / "model"
    model.mkdir()
    (model / "model.joblib").write_bytes(b"weights")
    made.configure({"aws:region": "eu-central-1", "gcp:project": "sandbox-project", "gcp:region": "europe-west1"})
    return made


@pytest.mark.engine
def test_a_program_of_another_project_deploys_a_sagemaker_endpoint(consumer: Project, sandbox: Sandbox) -> None:
    consumer.write(
        {
            "__main__.py": f"""
import pulumi, pulumi_modeldeploy as md
container = md.ContainerArgs(image="{IMAGE}")
pricing = md.SageMakerEndpoint("pricing", environment="dev", models=[md.ModelArgs(name="pricing", version="1", source="model", container=container)])
pulumi.export("version", pricing.model_version)
pulumi.export("url", pricing.url)
"""
        }
    )
    consumer.up()
    assert consumer.outputs()["version"] == "1"
    assert consumer.outputs()["url"].startswith("https://")
    assert "1 unchanged" not in consumer.preview("--expect-no-changes").output
    consumer.destroy()
    assert sandbox.resources() == []


@pytest.mark.engine
def test_a_hosted_component_brings_the_resources_of_our_own_provider(consumer: Project, sandbox: Sandbox) -> None:
    image = "europe-west1-docker.pkg.dev/example-models/serving/pricing@sha256:" + "a" * 64
    consumer.write(
        {
            "__main__.py": f"""
import pulumi, pulumi_modeldeploy as md
container = md.ContainerArgs(image="{image}")
pricing = md.VertexEndpoint("pricing", environment="dev", models=[md.ModelArgs(name="pricing", version="1", source="model", container=container)])
pulumi.export("version", pricing.model_version)
"""
        }
    )
    consumer.up()
    kinds = [each["type"] for each in consumer.resources()]
    for kind in ("VertexModel", "VertexDeployedModel", "VertexTrafficSplit"):
        assert kinds.count(f"modeldeploy:index:{kind}") == 1
    assert len(sandbox.vertex_models()) == 1
    consumer.preview("--expect-no-changes")
    consumer.destroy()
    assert sandbox.vertex_models() == []


@pytest.mark.engine
def test_wrong_arguments_are_named_one_by_one(consumer: Project) -> None:
    consumer.write(
        {
            "__main__.py": """
import pulumi, pulumi_modeldeploy as md
models = [md.ModelArgs(name="pricing", version="1", source="nowhere", container=md.ContainerArgs(image="pricing:latest"))]
md.SageMakerEndpoint("pricing", models=models, scaling=md.ScalingArgs(minimum=5, maximum=2), rollout=md.RolloutArgs(traffic={"1": 50}))
"""
        }
    )
    failed = consumer.preview(check=False).failed()
    assert "modeldeploy:index:SageMakerEndpoint resource 'pricing' has a problem: 3 arguments are not valid" in failed.output
    assert "- property scaling.maximum with value '{2}' has a problem: 2 is below scaling.minimum 5; use 5 or more" in failed.output
    assert "- property rollout.traffic with value '{map[1:{50}]}' has a problem: 50 is 50; the percentages must sum to 100" in failed.output
    assert "components/modeldeploy" not in failed.output, "no traceback of ours"
