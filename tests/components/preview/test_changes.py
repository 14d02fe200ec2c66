"""Which stacks a change touches, in a repository that Git compares."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.__main__ import main
from modeldeploy.preview.changes import Project, ProjectError, changed_files, deployed_commit

ALL = ["churn-prediction.dev", "dynamic-pricing.dev", "dynamic-pricing.prod"]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a Git repository, with a commit on branch main and another branch that is checked out."""
    files = {
        "Pulumi.yaml": "name: modeldeploy\nruntime: python\nstackConfigDir: stacks\n",
        "stacks/Pulumi.dynamic-pricing.dev.yaml": "config:\n  modeldeploy:workload:\n    models:\n      - source: models/pricing\n",
        "stacks/Pulumi.dynamic-pricing.prod.yaml": "config:\n  modeldeploy:workload:\n    models:\n      - source: s3://bucket/pricing\n",
        "stacks/Pulumi.churn-prediction.dev.yaml": "config: {}\n",
        "stacks/dynamic_pricing.py": "",
        "stacks/shared.py": "",
        "models/pricing/model.pkl": "weights",
        "docs/guide.md": "",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path, "first")
    git(tmp_path, "switch", "--quiet", "--create", "change")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def head(folder: Path) -> str:
    return subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def change(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("config: {}\n# changed\n")
    commit(folder, "change")


@pytest.mark.parametrize(
    ("file", "stacks"),
    [
        ("stacks/Pulumi.dynamic-pricing.prod.yaml", ["dynamic-pricing.prod"]),
        ("stacks/dynamic_pricing.py", ["dynamic-pricing.dev", "dynamic-pricing.prod"]),
        ("models/pricing/model.pkl", ["dynamic-pricing.dev"]),
        ("models/pricing.dvc", ["dynamic-pricing.dev"]),
        ("stacks/shared.py", ALL),
        ("stacks/shared/settings.py", ALL),
        ("components/modeldeploy/grid.py", ALL),
        ("requirements.txt", ALL),
        ("Pulumi.yaml", ALL),
        ("policies/pack.py", ALL),
        ("models/other/model.pkl", ALL),
        ("models/pricing-2/model.pkl", ALL),
        ("docs/guide.md", []),
        ("docs/pictures/deep/a.svg", []),
        ("README.md", []),
        ("tests/test_it.py", []),
        (".github/workflows/ci.yml", []),
    ],
)
def test_a_file_touches_the_stacks_that_are_made_from_it(repository: Path, file: str, stacks: list[str]) -> None:
    assert Project.at(repository).touched([file]) == stacks


def test_several_files_touch_what_each_touches(repository: Path) -> None:
    files = ["stacks/Pulumi.dynamic-pricing.prod.yaml", "stacks/Pulumi.churn-prediction.dev.yaml", "docs/guide.md"]
    assert Project.at(repository).touched(files) == ["churn-prediction.dev", "dynamic-pricing.prod"]


def test_git_tells_what_the_branch_changed_and_not_what_happened_on_main_since(repository: Path) -> None:
    change(repository, "stacks/dynamic_pricing.py", "docs/a guide ü.md")
    git(repository, "switch", "--quiet", "main")
    change(repository, "stacks/shared.py")
    git(repository, "switch", "--quiet", "change")
    assert changed_files(repository, "main") == ["docs/a guide ü.md", "stacks/dynamic_pricing.py"]


def test_a_file_that_moved_counts_at_both_places(repository: Path) -> None:
    git(repository, "mv", "models/pricing/model.pkl", "docs/model.pkl")
    commit(repository, "move")
    assert changed_files(repository, "main") == ["docs/model.pkl", "models/pricing/model.pkl"]


def test_paths_are_those_of_the_project_where_it_is_a_folder_of_the_repository(repository: Path) -> None:
    (repository / "infrastructure").mkdir()
    change(repository, "infrastructure/Pulumi.yaml", "README.md")
    assert changed_files(repository / "infrastructure", "main") == ["Pulumi.yaml"]


@pytest.mark.parametrize("base", ["0" * 40, "no-such-branch", "--upload-pack=x"])
def test_a_base_that_git_does_not_know_is_told_apart_from_no_change(repository: Path, base: str) -> None:
    assert changed_files(repository, base) is None
    assert changed_files(repository, "main") == []


def test_a_base_without_common_history_is_refused(repository: Path) -> None:
    git(repository, "switch", "--quiet", "--orphan", "other")
    change(repository, "unrelated")
    git(repository, "switch", "--quiet", "change")
    with pytest.raises(ProjectError, match=r"git cannot compare HEAD with 'other': .*no merge base"):
        changed_files(repository, "other")


def test_the_command_lists_stacks_of_an_environment(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(repository, "stacks/dynamic_pricing.py")
    assert main(["changed", "--base", "main"]) == 0
    assert capsys.readouterr().out == "dynamic-pricing.dev\ndynamic-pricing.prod\n"
    assert main(["changed", "--base", "main", "--environment", "prod", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == ["dynamic-pricing.prod"]


def test_without_a_base_or_with_an_unknown_one_every_stack_counts(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["changed", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == ALL
    assert main(["changed", "--base", "0" * 40, "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == ALL
    assert "is no commit that is known here, so that every stack counts as changed" in told.err


def update(commit: str, result: str = "succeeded", kind: str = "update") -> dict[str, Any]:
    return {"kind": kind, "result": result, "environment": {"git.head": commit}}


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([update("{first}")], ["dynamic-pricing.dev", "dynamic-pricing.prod"]),
        ([update("{second}")], []),
        # An update that failed is tried again.
        ([update("{second}", "failed"), update("{first}")], ["dynamic-pricing.dev", "dynamic-pricing.prod"]),
        # Only a refresh since: still what was deployed.
        ([update("{second}", kind="refresh"), update("{first}")], ["dynamic-pricing.dev", "dynamic-pricing.prod"]),
        # HEAD went back: that has to be deployed too.
        ([update("{later}")], ["churn-prediction.dev"]),
        ([update("{second}", kind="destroy"), update("{second}")], ALL),
        ([update("0" * 40)], ALL),
        ([], ALL),
        (None, ALL),
    ],
)
def test_stacks_are_compared_with_what_was_last_deployed_to_them(
    repository: Path,
    history: list[Any] | None,
    expected: list[str],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    commits = {"first": head(repository)}
    change(repository, "stacks/dynamic_pricing.py")
    commits["second"] = head(repository)
    change(repository, "stacks/Pulumi.churn-prediction.dev.yaml")
    commits["later"] = head(repository)
    git(repository, "switch", "--quiet", "--detach", commits["second"])
    told = json.dumps(history)
    for name, commit in commits.items():
        told = told.replace(f"{{{name}}}", commit)
    folder = tmp_path_factory.mktemp("bin")
    (folder / "pulumi").write_text(f"#!/bin/sh\necho '{told}'\n" if history is not None else "#!/bin/sh\nexit 6\n")
    (folder / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    assert main(["changed", "--deployed"]) == 0
    assert capsys.readouterr().out.splitlines() == expected


def test_the_history_of_the_stack_is_asked_for(repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path_factory.mktemp("bin")
    (folder / "pulumi").write_text(f'#!/bin/sh\necho "$*" >>{folder}/called\necho "[]"\n')
    (folder / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    assert deployed_commit(repository, "pricing.dev") is None
    assert (folder / "called").read_text() == "--non-interactive stack history --json --stack pricing.dev\n"


def test_further_files_can_be_called_harmless(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(repository, "notebooks/a.ipynb")
    main(["changed", "--base", "main"])
    assert capsys.readouterr().out.splitlines() == ALL
    main(["changed", "--base", "main", "--harmless", "notebooks/*"])
    assert capsys.readouterr().out == ""


def test_a_folder_without_a_project_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["changed"]) == 1
    assert f"'{tmp_path}' has no Pulumi.yaml" in capsys.readouterr().err


def test_stacks_beside_pulumi_yaml_are_found_where_no_other_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x\n")
    (tmp_path / "Pulumi.shop.dev.yaml").write_text("")
    project = Project.at(tmp_path)
    assert project.stacks == ["shop.dev"]
    assert project.touched(["Pulumi.shop.dev.yaml"]) == ["shop.dev"]
