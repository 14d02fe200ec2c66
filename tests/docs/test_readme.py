"""README says what is so: its grid, its stacks, its commands, its code and its links."""

import re
from pathlib import Path

import pytest

import stacks
from modeldeploy import grid
from modeldeploy.grid import Cloud, DeploymentType
from tests.components.aws import mocked

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()

COLUMNS = (Cloud.AZURE, Cloud.AWS, Cloud.GCP)
ROWS = {
    **{
        kind.value.replace("-", " ").replace("kubernetes", "Kubernetes"): {cloud: grid.DEPLOYMENTS[kind, cloud] for cloud in Cloud}
        for kind in DeploymentType
    },
    "Kubernetes cluster": grid.CLUSTERS,
    "database beside it": grid.DATABASES,
    "health records (FHIR) beside it": grid.HEALTH_RECORDS,
    "network": grid.NETWORKS,
}


def table(header: str) -> dict[str, list[str]]:
    """The rows of the table whose header line begins with `header`, by their first cell."""
    lines = README[README.index(header) :].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first: rest for first, *rest in cells}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_grid_lists_exactly_the_classes_there_are() -> None:
    assert table("| type |") == {name: [f"`{row[cloud].partition(':')[2]}`" for cloud in COLUMNS] for name, row in ROWS.items()}


def test_the_components_for_any_cluster_are_named() -> None:
    for address in grid.ON_ANY_CLUSTER:
        assert f"`{address.partition(':')[2]}`" in README


def test_the_stacks_are_the_modules_of_the_stacks_package() -> None:
    assert {name.strip("`") for name in table("| stack |")} == set(stacks.names())


def test_every_make_command_is_a_target() -> None:
    named = set(re.findall(r"make ([a-z-]+)\b", README))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "demo-down", "test", "quick"} <= named
    assert named <= targets | {"sure"}


def test_the_first_two_commands_are_the_demo_and_the_tests() -> None:
    assert blocks("sh")[0].split("\n")[:2] == ["make demo", "make test"]


def test_ci_runs_the_command_the_readme_names() -> None:
    assert "\nmake test\n" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(((?!http)[^)#]+)\)", README))))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_the_code_for_other_repositories_deploys_an_endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.pkl").write_text("weights")
    monkeypatch.chdir(tmp_path)
    (program,) = blocks("python")

    def run() -> None:
        exec(compile(program, "README.md", "exec"), {})

    types = mocked.run(run).types()
    assert "modeldeploy:index:SageMakerEndpoint" in types
    assert "aws:sagemaker/endpoint:Endpoint" in types
