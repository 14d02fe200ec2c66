"""Every script step of the four pipelines, run as it stands in the files: with a stand-in for the CLI, and a host that remembers comments."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.auth import identity_pool

from modeldeploy.preview.markdown import MARKER
from tests.components.preview.events import ORDINARY, policy
from tests.support.engine import ROOT
from tests.support.hosts import Host, environments, remembering_host

# No engine, but a hundred processes: too slow for `make quick`.
pytestmark = pytest.mark.engine

PIPELINES = ROOT / "pipelines"

PULUMI = """#!/bin/sh
# Notes how it was called and what it could log in with.
{{
    echo "$*"
    echo "aws $AWS_ROLE_ARN $(cat "$AWS_WEB_IDENTITY_TOKEN_FILE" 2>/dev/null)"
    echo "azure $ARM_USE_OIDC $ARM_CLIENT_ID $ARM_TENANT_ID $ARM_SUBSCRIPTION_ID $ARM_OIDC_TOKEN"
    echo "google $(cat "$GOOGLE_APPLICATION_CREDENTIALS" 2>/dev/null | tr -d '\\n')"
}} >>{log}
case "$*" in
*"stack history"*pricing*) echo '[{{"kind": "update", "result": "succeeded", "environment": {{"git.head": "{head}"}}}}]' ;;
*"stack history"*) echo '[]' ;;
*preview*) cat {events}; exit {exit_code} ;;
*" up "*{failing}*) exit 1 ;;
esac
"""

Step = Callable[["Job"], str]


def github(job: str, step: str) -> Step:
    def script(_: "Job") -> str:
        steps = yaml.safe_load((PIPELINES / "github/workflows/modeldeploy.yml").read_text())["jobs"][job]["steps"]
        return next(each["run"] for each in steps if each.get("name") == step)

    return script


def gitlab(job: str) -> Step:
    def script(_: "Job") -> str:
        content = yaml.safe_load((PIPELINES / "gitlab-ci.yml").read_text())
        setup, *before = content[".keyless"]["before_script"]
        assert setup == "bash pipelines/setup.sh"
        return "\n".join(["set -eo pipefail", *before, *content[job]["script"]])

    return script


def azure(stage: str) -> Step:
    def script(_: "Job") -> str:
        stages = yaml.safe_load((PIPELINES / "azure-pipelines.yml").read_text())["stages"]
        (job,) = next(each["jobs"] for each in stages if each["stage"] == stage)
        steps: list[Any] = job["steps"] if "steps" in job else job["strategy"]["runOnce"]["deploy"]["steps"]
        (task,) = (each for each in steps if each.get("task") == "AzureCLI@2")
        return task["inputs"]["inlineScript"]

    return script


def jenkins(stage: str) -> Step:
    def script(job: "Job") -> str:
        text = (PIPELINES / "Jenkinsfile").read_text()
        block = text[text.index(f"stage('{stage}')") :]
        command = re.search(r"keyless\('(.*)'\)", block)
        shell = re.search(r"sh '''(.*?)'''", text, re.DOTALL)
        assert command is not None
        assert shell is not None
        job.environment["MODELDEPLOY_COMMAND"] = command[1]
        return shell[1]

    return script


@dataclass
class Job:
    """A checkout with the pipelines' scripts, on a branch that changed one stack, and the environment of a job in it."""

    folder: Path
    environment: dict[str, str]

    @property
    def calls(self) -> list[str]:
        """How the CLI was called, and with what logins."""
        log = self.folder.parent / "calls"
        return log.read_text().splitlines() if log.exists() else []

    def stand_in(self, exit_code: int = 0, events: list[str] | None = None, failing: str = "none") -> None:
        """Puts the CLI there."""
        told = self.folder.parent / "events"
        told.write_text("\n".join(ORDINARY if events is None else events) + "\n")
        head = git(self.folder, "rev-parse", "HEAD")
        values = {"log": self.folder.parent / "calls", "head": head, "events": told, "exit_code": exit_code, "failing": failing}
        executable(self.folder.parent / "bin" / "pulumi", PULUMI.format(**values))

    def run(self, step: Step) -> subprocess.CompletedProcess[str]:
        """Runs a step as the CI system does: as a script of bash."""
        script = step(self)
        return subprocess.run(["bash", "-e", "-c", script], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False)


def executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    folder = tmp_path / "checkout"
    shutil.copytree(PIPELINES, folder / "pipelines")
    (folder / "stacks").mkdir()
    (folder / "Pulumi.yaml").write_text("name: modeldeploy\nruntime: python\nstackConfigDir: stacks\n")
    (folder / ".gitignore").write_text(".venv\nplan.md\n")
    for stack in ("pricing.dev", "pricing.prod", "churn.dev", "churn.prod"):
        (folder / "stacks" / f"Pulumi.{stack}.yaml").write_text("config: {}\n")
    executable(folder / ".venv" / "bin" / "python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    executable(tmp_path / "bin" / "az", '#!/bin/sh\n[ "$*" = "account show --query id --output tsv" ] && echo the-subscription\n')
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "first")
    git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(folder, "switch", "--quiet", "--create", "change")
    (folder / "stacks" / "Pulumi.pricing.prod.yaml").write_text("config: {a: b}\n")
    git(folder, "commit", "--quiet", "--all", "-m", "change")
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    with remembering_host() as address:
        yield Job(folder, {"PATH": path, "HOME": str(tmp_path), "HOST": address, "PYTHONPATH": str(ROOT / "components")})


CLOUDS = {
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/deploy",
    "AWS_OIDC_TOKEN": "token-aws",
    "ARM_CLIENT_ID": "the-client",
    "ARM_TENANT_ID": "the-tenant",
    "ARM_SUBSCRIPTION_ID": "the-subscription",
    "AZURE_OIDC_TOKEN": "token-azure",
    "GOOGLE_WORKLOAD_IDENTITY_PROVIDER": "projects/1/locations/global/workloadIdentityPools/ci/providers/ci",
    "GOOGLE_SERVICE_ACCOUNT": "deploy@p.iam.gserviceaccount.com",
    "GOOGLE_OIDC_TOKEN": "token-google",
}
FROM_CONNECTION = {"servicePrincipalId": "the-client", "tenantId": "the-tenant", "idToken": "token-azure"}


def system(name: str, job: Job) -> None:
    """Gives the job the environment of a CI system."""
    first = git(job.folder, "rev-parse", "origin/main")
    job.environment |= environments(job.environment["HOST"])[name]
    if name == "github":
        job.environment |= {"BASE": first, "GITHUB_STEP_SUMMARY": str(job.folder.parent / "summary")}
    elif name == "gitlab":
        job.environment |= {"CI_MERGE_REQUEST_DIFF_BASE_SHA": first, **CLOUDS}
    elif name == "azure":
        clouds = {key: value for key, value in CLOUDS.items() if not key.startswith("ARM_") and not key.endswith("OIDC_TOKEN")}
        job.environment |= {"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main", **clouds, **FROM_CONNECTION}
    else:
        job.environment |= {"CHANGE_TARGET": "main", **CLOUDS}


PLANS = {"github": github("plan", "Plan"), "gitlab": gitlab("plan"), "azure": azure("plan"), "jenkins": jenkins("Plan")}
DEPLOYMENTS = {
    "github": (github("development", "Deploy"), github("production", "Deploy")),
    "gitlab": (gitlab("development"), gitlab("production")),
    "azure": (azure("development"), azure("production")),
    "jenkins": (jenkins("Development"), jenkins("Production")),
}


@pytest.mark.parametrize("name", PLANS)
def test_a_pull_request_gets_the_plan_of_the_stack_it_changed(name: str, job: Job) -> None:
    system(name, job)
    job.stand_in()
    done = job.run(PLANS[name])
    assert done.returncode == 0, done.stderr
    previews = [call for call in job.calls if " preview " in call]
    assert previews == ["--non-interactive --color never preview --json --stack pricing.prod --policy-pack policies"]
    (plan,) = [text for _, text in Host.comments]
    assert plan == (job.folder / "plan.md").read_text()
    assert plan.startswith(MARKER)
    assert "| `pricing.prod` | 1 | 1 | **1** | **1** | 1 | passed | 112.50 (+12.50) |" in plan


@pytest.mark.parametrize("name", PLANS)
def test_a_refused_plan_is_shown_and_stops_the_pipeline(name: str, job: Job) -> None:
    system(name, job)
    job.stand_in(exit_code=255, events=[*ORDINARY, policy("key-rotation", "Rotate it.")])
    assert job.run(PLANS[name]).returncode == 1
    assert "**`pricing.prod`: `key-rotation` refuses `key`**" in Host.comments[-1][1]


@pytest.mark.parametrize("name", [name for name in PLANS if name != "github"])
def test_jobs_log_in_with_the_tokens_of_their_own_and_leave_none_behind(name: str, job: Job) -> None:
    system(name, job)
    job.stand_in()
    assert job.run(PLANS[name]).returncode == 0
    token = {cloud: "token-azure" if name == "azure" else f"token-{cloud}" for cloud in ("aws", "azure", "google")}
    assert f"aws {CLOUDS['AWS_ROLE_ARN']} {token['aws']}" in job.calls
    assert f"azure true the-client the-tenant the-subscription {token['azure']}" in job.calls
    (google_credentials,) = {call.removeprefix("google ") for call in job.calls if call.startswith("google ")}
    credentials = json.loads(google_credentials)
    assert credentials["audience"] == f"//iam.googleapis.com/{CLOUDS['GOOGLE_WORKLOAD_IDENTITY_PROVIDER']}"
    assert CLOUDS["GOOGLE_SERVICE_ACCOUNT"] in credentials["service_account_impersonation_url"]
    assert not Path(credentials["credential_source"]["file"]).parent.exists()
    identity_pool.Credentials.from_info(credentials)


def test_clouds_without_a_login_are_left_out(job: Job) -> None:
    script = ". pipelines/keyless.sh; env"
    done = subprocess.run(["bash", "-c", script], cwd=job.folder, env=job.environment, capture_output=True, text=True, check=True)
    assert not re.search(r"^(AWS|ARM|AZURE|GOOGLE)_", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", ["AWS_OIDC_TOKEN", "AZURE_OIDC_TOKEN", "ARM_TENANT_ID", "GOOGLE_OIDC_TOKEN", "GOOGLE_SERVICE_ACCOUNT"])
def test_what_is_missing_for_a_login_is_named(name: str, job: Job) -> None:
    environment = {**job.environment, **CLOUDS}
    del environment[name]
    done = subprocess.run(["bash", "-c", ". pipelines/keyless.sh"], cwd=job.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert name in done.stderr


def test_the_summary_of_a_run_on_github_is_the_plan(job: Job) -> None:
    system("github", job)
    job.stand_in()
    job.run(PLANS["github"])
    assert job.run(github("plan", "Show the plan")).returncode == 0
    assert (job.folder.parent / "summary").read_text() == (job.folder / "plan.md").read_text()


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_main_deploys_what_is_not_deployed_one_environment_after_the_other(name: str, job: Job) -> None:
    system(name, job)
    job.stand_in()
    # `pricing` was deployed from this commit already, `churn` never was.
    for step, stack in zip(DEPLOYMENTS[name], ("churn.dev", "churn.prod"), strict=True):
        done = job.run(step)
        assert done.returncode == 0, done.stderr
        assert [call for call in job.calls if " up " in call][-1] == f"--non-interactive up --yes --policy-pack policies --stack {stack}"
    assert len([call for call in job.calls if " up " in call]) == 2


def test_a_stack_that_fails_keeps_no_other_from_being_deployed(job: Job) -> None:
    system("github", job)
    job.stand_in(failing="churn.dev")
    for stack in ("pricing.dev", "zebra.dev"):
        (job.folder / "stacks" / f"Pulumi.{stack}.yaml").write_text("config: {c: d}\n")
    done = job.run(DEPLOYMENTS["github"][0])
    assert done.returncode == 1
    assert [call.split()[-1] for call in job.calls if " up " in call] == ["churn.dev", "zebra.dev"]
    assert done.stderr.endswith("Not deployed: churn.dev\n")


@pytest.mark.parametrize("has_cli", [True, False])
def test_setup_makes_the_environment_and_gets_the_cli_where_there_is_none(has_cli: bool, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "sh", "mkdir", "chmod", "cat"):
        (tools / name).symlink_to(shutil.which(name) or "")
    log = tmp_path / "log"
    executable(
        tools / "python3",
        f'#!/bin/sh\necho "python3 $*" >>{log}\nmkdir -p .venv/bin\ncp_python\n'.replace(
            "cp_python", f"cat {tools}/pip >.venv/bin/python\nchmod +x .venv/bin/python"
        ),
    )
    (tools / "pip").write_text(f'#!/bin/sh\necho "pip $*" >>{log}\n')
    executable(tools / "curl", f'#!/bin/sh\necho "curl $*" >>{log}\necho \'echo "installer $*" >>{log}\'\n')
    if has_cli:
        executable(tools / "pulumi", "#!/bin/sh\n")
    environment = {"PATH": str(tools), "HOME": str(tmp_path), "PULUMI_VERSION": "3.259.0"}
    subprocess.run([str(tools / "bash"), str(PIPELINES / "setup.sh")], cwd=tmp_path, env=environment, check=True)
    called = log.read_text().splitlines()
    assert called[:2] == ["python3 -m venv .venv", "pip -m pip install --quiet --disable-pip-version-check -r requirements.txt"]
    assert sorted(called[2:]) == (
        [] if has_cli else ["curl --fail --silent --show-error --location https://get.pulumi.com", "installer --version 3.259.0"]
    )
