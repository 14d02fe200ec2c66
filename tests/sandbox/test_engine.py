"""The real engine against the sandbox."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.home import Home, Running
from sandbox.store import Store
from sandbox.testing import Sandbox
from tests.sandbox import programs
from tests.support.engine import ROOT, Project, ProjectFactory

pytestmark = pytest.mark.engine

CONFIG = {"aws:region": "us-east-1", "gcp:project": "sandbox-project", "gcp:region": "us-central1", "azure-native:location": "westeurope"}
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
MODEL = "aws:sagemaker/model:Model"


def started(project: ProjectFactory, program: str, providers: Mapping[str, int]) -> Project:
    made = project({"__main__.py": program}, debug_providers=providers, init=False)
    settings = "".join(f"  {key}: {value}\n" for key, value in CONFIG.items())
    made.init()
    stack = made.directory / "Pulumi.dev.yaml"
    stack.write_text(f"{stack.read_text() if stack.exists() else ''}config:\n{settings}")
    return made


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (programs.AWS, "arn:aws:sagemaker:us-east-1:000000000000:endpoint/endpoint-"),
        (programs.AZURE, "https://price-endpoint.westeurope.inference.ml.azure.com/score"),
        (programs.GCP, "projects/sandbox-project/locations/us-central1/endpoints/1234567890"),
        (programs.KUBERNETES, "price-"),
    ],
    ids=["aws", "azure", "gcp", "kubernetes"],
)
def test_a_program_goes_up_stays_put_and_leaves_nothing(sandbox: Sandbox, project: ProjectFactory, program: str, expected: str) -> None:
    made = started(project, program, sandbox.debug_providers)
    made.preview()
    assert sandbox.resources() == []
    made.up()
    assert any(str(value).startswith(expected) for value in made.outputs().values())
    made.refresh("--expect-no-changes")
    made.preview("--expect-no-changes")
    made.destroy()
    assert sandbox.resources() == []


def test_a_new_model_replaces_without_a_gap(sandbox: Sandbox, project: ProjectFactory) -> None:
    made = started(project, programs.AWS, sandbox.debug_providers)
    made.up()
    before = {record.token: record.id for record in sandbox.resources()}
    made.configure({"version": "2"})
    said = made.up().output
    after = {record.token: record.id for record in sandbox.resources()}
    assert before[ENDPOINT] == after[ENDPOINT]
    assert before[MODEL] != after[MODEL]
    assert len(sandbox.resources(MODEL)) == 1
    assert said.index("created replacement") < said.index("Endpoint endpoint updated") < said.index("deleted original")


def test_drift_is_seen_by_refresh_and_put_right_by_up(sandbox: Sandbox, project: ProjectFactory) -> None:
    made = started(project, programs.AWS, sandbox.debug_providers)
    made.up()
    bucket = made.outputs()["bucket"]
    sandbox.edit(bucket, "tags.owner", "somebody")
    assert "owner" in made.refresh("--diff").output
    made.preview("--expect-no-changes", check=False).failed()
    made.up()
    assert sandbox.resources("aws:s3/bucket:Bucket")[0].outputs["tags"] == {"owner": "me"}
    sandbox.remove(sandbox.resources(ENDPOINT)[0].id)
    made.refresh()
    made.up()
    assert len(sandbox.resources(ENDPOINT)) == 1


def test_what_exists_can_be_imported_and_looked_up(sandbox: Sandbox, project: ProjectFactory) -> None:
    first = started(project, 'import pulumi_aws as aws\naws.s3.Bucket("models", bucket="models", tags={"owner": "me"})', sandbox.debug_providers)
    first.up()
    program = """
import pulumi
import pulumi_aws as aws
bucket = aws.s3.Bucket("mine", bucket="models", tags={"owner": "me"}, opts=pulumi.ResourceOptions(import_="models"))
same = aws.s3.Bucket.get("same", "models")
pulumi.export("arn", same.arn)
"""
    second = started(project, program, sandbox.debug_providers)
    second.up()
    assert second.outputs() == {"arn": "arn:aws:s3:::models"}
    second.preview("--expect-no-changes")
    third = started(project, "", sandbox.debug_providers)
    assert "does not exist" in third.run("import", "--yes", "--stack", "dev", "aws:s3/bucket:Bucket", "gone", "gone").failed().output
    said = third.run("import", "--yes", "--stack", "dev", "aws:s3/bucket:Bucket", "models", "models", "--generate-code=false").ok().output
    assert "import" in said


def test_explicit_providers_make_things_in_their_own_regions_and_projects(sandbox: Sandbox, project: ProjectFactory) -> None:
    program = """
import pulumi
import pulumi_aws as aws
import pulumi_gcp as gcp
for region in ("eu-west-1", "us-west-2"):
    provider = aws.Provider(region, region=region)
    aws.sns.Topic(f"alarms-{region}", name="alarms", opts=pulumi.ResourceOptions(provider=provider))
shop = gcp.Provider("shop", project="shop", region="europe-west4")
gcp.pubsub.Topic("events", name="events", opts=pulumi.ResourceOptions(provider=shop))
gcp.pubsub.Topic("own-events", name="events")
"""
    made = started(project, program, sandbox.debug_providers)
    made.up()
    assert {record.id for record in sandbox.resources()} == {
        "arn:aws:sns:eu-west-1:000000000000:alarms",
        "arn:aws:sns:us-west-2:000000000000:alarms",
        "projects/shop/topics/events",
        "projects/sandbox-project/topics/events",
    }
    made.preview("--expect-no-changes")
    made.refresh("--expect-no-changes")
    made.destroy()
    assert sandbox.resources() == []


def test_secrets_stay_secret_in_the_state(sandbox: Sandbox, project: ProjectFactory) -> None:
    program = """
import pulumi
import pulumi_aws as aws
secret = aws.secretsmanager.Secret("password")
version = aws.secretsmanager.SecretVersion("password", secret_id=secret.id, secret_string=pulumi.Output.secret("hunter2"))
pulumi.export("value", version.secret_string)
"""
    made = started(project, program, sandbox.debug_providers)
    made.up()
    assert "hunter2" not in str(made.stack_export())
    assert made.outputs() == {"value": "[secret]"}
    assert made.outputs(show_secrets=True) == {"value": "hunter2"}


def test_a_refusal_names_resource_property_value_and_what_is_allowed(sandbox: Sandbox, project: ProjectFactory) -> None:
    program = """
import pulumi_azure_native as azure
from pulumi_azure_native import machinelearningservices as ml
ml.OnlineEndpoint("price", resource_group_name="g", workspace_name="w", location="westeurope", properties={"auth_mode": "AADTokn"})
"""
    said = started(project, program, sandbox.debug_providers).preview(check=False).failed().output
    assert "azure-native:machinelearningservices:OnlineEndpoint" in said
    assert "price" in said
    assert "properties.authMode: 'AADTokn' is not allowed (did you mean 'AADToken'?); allowed: AMLToken, Key, AADToken" in said


def test_an_update_that_breaks_halfway_is_ended_by_the_next(sandbox: Sandbox, project: ProjectFactory) -> None:
    made = started(project, programs.AWS, sandbox.debug_providers)
    sandbox.fault("aws:sagemaker/endpointConfiguration:EndpointConfiguration", "create", message="Rate exceeded", times=1)
    assert "Rate exceeded" in made.up(check=False).failed().output
    assert sandbox.resources(MODEL)
    assert not sandbox.resources(ENDPOINT)
    made.up()
    assert len(sandbox.resources(MODEL)) == len(sandbox.resources(ENDPOINT)) == 1
    made.destroy()
    assert sandbox.resources() == []


def test_an_answer_that_is_lost_leaves_no_duplicate(sandbox: Sandbox, project: ProjectFactory) -> None:
    made = started(project, programs.AWS, sandbox.debug_providers)
    sandbox.fault(MODEL, "create", message="connection lost", times=1, after=True)
    made.up(check=False).failed()
    made.up()
    assert len(sandbox.resources(MODEL)) == 1
    made.destroy()
    assert sandbox.resources() == []


class Served:
    """A sandbox in a process of its own, which can be killed."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, port: int = 0) -> Running:
        command = [sys.executable, "-m", "sandbox", "--home", str(self.home.folder), "serve", "--port", str(port)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            running = self.home.running()
            if running is not None and running.pid == self.process.pid:
                return running
            time.sleep(0.05)
        raise AssertionError("the sandbox did not start")

    def kill(self) -> None:
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def ids(self) -> list[tuple[str, str]]:
        store = Store(self.home.database)
        found = [(record.token, record.urn) for record in store.all()]
        store.close()
        return found


@pytest.mark.parametrize("victim", ["sandbox", "engine"])
def test_a_kill_halfway_is_ended_by_the_next_up(tmp_path: Path, project: ProjectFactory, victim: str) -> None:
    served = Served(tmp_path / "sandbox")
    running = served.start()
    packages = dict.fromkeys(("aws", "azure-native", "gcp", "kubernetes"), running.port)
    made = started(project, programs.AWS, packages)
    slow = Store(served.home.database)
    slow.add_fault(MODEL, "create", after=False, skip=0, times=-1, delay=3.0, message=None)
    up = made.start("up", "--yes", "--skip-preview", "--stack", "dev")
    up.wait_for("Model model creating", timeout=60)
    time.sleep(1)  # the engine has written its state; one that is killed while it writes leaves a broken file, whatever the provider
    if victim == "sandbox":
        served.kill()
        assert up.finish(60).exit_code != 0
        running = served.start(running.port)
    else:
        up.kill()
        made.run("cancel", "--yes", "--stack", "dev")
        # The create goes on, as a cloud's would, and ends when nobody listens any more.
        deadline = time.monotonic() + 20
        while MODEL not in [token for token, _ in served.ids()]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    slow.clear_faults()
    made.up()
    made.preview("--expect-no-changes")
    urns = [urn for _, urn in served.ids()]
    assert len(urns) == len(set(urns)), "something was made twice"
    made.destroy()
    assert served.ids() == []
    served.kill()
