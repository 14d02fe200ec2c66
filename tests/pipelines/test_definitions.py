"""The pipeline files are what their CI systems' published schemas and checkers take."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.versions import BUILT
from tests.support import tools
from tests.support.engine import ROOT

PIPELINES = ROOT / "pipelines"
DEFINITIONS = [path for path in sorted(PIPELINES.rglob("*")) if path.suffix in (".yml", "") and path.is_file()]


@pytest.mark.engine
@pytest.mark.parametrize(
    ("schema", "file", "options", "mistake"),
    [
        ("vendor.github-workflows", "github/workflows/modeldeploy.yml", [], ("steps:", "stepps:")),
        ("vendor.github-actions", "github/actions/setup/action.yml", [], ("steps:", "stepps:")),
        ("vendor.gitlab-ci", "gitlab-ci.yml", ["--data-transform", "gitlab-ci"], ("interruptible: true", "interruptible: maybe")),
        # The patterns of this schema are not for Unicode.
        (
            "vendor.azure-pipelines",
            "azure-pipelines.yml",
            ["--data-transform", "azure-pipelines", "--regex-variant", "nonunicode"],
            ("steps:", "stepps:"),
        ),
    ],
)
def test_definitions_fit_the_published_schemas(schema: str, file: str, options: list[str], mistake: tuple[str, str], tmp_path: Path) -> None:
    def check(path: Path) -> subprocess.CompletedProcess[str]:
        command = [*tools.check_jsonschema(), "--builtin-schema", schema, *options, str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = check(PIPELINES / file)
    assert done.returncode == 0, done.stdout + done.stderr
    broken = tmp_path / Path(file).name
    broken.write_text((PIPELINES / file).read_text().replace(*mistake))
    assert check(broken).returncode == 1


@pytest.mark.engine
def test_actionlint_finds_nothing_in_the_workflow_nor_in_its_use_of_the_action(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    shutil.copytree(PIPELINES / "github", tmp_path / ".github")
    workflow = tmp_path / ".github" / "workflows" / "modeldeploy.yml"
    done = subprocess.run(tools.actionlint(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    workflow.write_text(workflow.read_text().replace("aws-role:", "aws-rolle:"))
    assert 'input "aws-rolle" is not defined' in subprocess.run(tools.actionlint(), cwd=tmp_path, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("path", sorted(PIPELINES.glob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_bash_that_stops_at_the_first_failure(path: Path) -> None:
    subprocess.run(["bash", "-n", str(path)], check=True)
    assert "set -euo pipefail" in path.read_text()


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.name)
def test_no_definition_holds_or_asks_for_a_stored_key(path: Path) -> None:
    stored = (
        r"AWS_SECRET_ACCESS_KEY|AWS_ACCESS_KEY_ID|ARM_CLIENT_SECRET|credentials_json|GOOGLE_CREDENTIALS|PULUMI_CONFIG_PASSPHRASE|\$\{\{ *secrets\."
    )
    assert re.findall(stored, path.read_text()) == []


def test_the_cli_that_pipelines_install_is_the_one_that_is_tested_here() -> None:
    versions = {version for path in DEFINITIONS for version in re.findall(r"(?i)pulumi[-_]version.*?(\d+\.\d+\.\d+)", path.read_text(), re.DOTALL)}
    assert versions == {str(BUILT)}


def workflow() -> Any:
    return yaml.safe_load((PIPELINES / "github/workflows/modeldeploy.yml").read_text())


def test_only_the_plan_may_write_and_only_comments() -> None:
    content = workflow()
    assert content["permissions"] == {"contents": "read"}
    assert content["jobs"]["plan"]["permissions"] == {"contents": "read", "id-token": "write", "pull-requests": "write"}
    for name in ("development", "production"):
        assert content["jobs"][name]["permissions"] == {"contents": "read", "id-token": "write"}


def test_no_script_has_a_value_of_the_event_pasted_into_it() -> None:
    steps = [step for job in workflow()["jobs"].values() for step in job["steps"]]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


def test_production_comes_after_development_and_asks() -> None:
    jobs = workflow()["jobs"]
    assert jobs["production"]["needs"] == "development"
    assert jobs["production"]["environment"] == "production"
    gitlab = yaml.safe_load((PIPELINES / "gitlab-ci.yml").read_text())
    assert gitlab["production"]["rules"][0]["when"] == "manual"
    assert gitlab["stages"].index("production") > gitlab["stages"].index("development")
    azure = {stage["stage"]: stage for stage in yaml.safe_load((PIPELINES / "azure-pipelines.yml").read_text())["stages"]}
    assert azure["production"]["dependsOn"] == "development"
    assert azure["production"]["jobs"][0]["environment"] == "modeldeploy-production"
    jenkins = (PIPELINES / "Jenkinsfile").read_text()
    assert jenkins.index("deploy.sh dev") < jenkins.index("message 'Deploy to production?'") < jenkins.index("deploy.sh prod")


def test_forks_get_no_token() -> None:
    assert "head.repo.full_name == github.repository" in workflow()["jobs"]["plan"]["if"]
    gitlab = yaml.safe_load((PIPELINES / "gitlab-ci.yml").read_text())
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in gitlab["plan"]["rules"][0]["if"]
