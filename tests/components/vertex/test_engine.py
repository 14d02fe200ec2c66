"""Releases with the real engine: first deployment, canary, promotion, rollback, and destroy from every step of them."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sandbox.vertex import VertexServer, serve
from sandbox.vertex.api import Fault
from tests.support.engine import Project, ProjectFactory, project_file

from .inputs import ENDPOINT, PREBUILT
from .test_model import bodies, call

pytestmark = pytest.mark.engine

ROOT = Path(__file__).resolve().parents[3]
PLUGIN = f"plugins:\n  providers:\n    - name: modeldeploy\n      path: {ROOT / 'components'}\n"

PROGRAM = """
import pulumi
from modeldeploy.gcp.vertex import *

config = pulumi.Config("release")
traffic = config.require_object("traffic")
pool, image = None, VertexContainer(image="registry/pricing@sha256:0", env={"TOKEN": pulumi.Output.secret("hush")})
if pool_machine := config.get("pool"):
    pool = VertexDeploymentPool("shared", VertexDeploymentPoolArgs(project="shop", location="europe-west4", machine_type=pool_machine)).name
    image = VertexContainer(image="PREBUILT", prebuilt=True)
deployed = {}
for version in traffic:
    model = VertexModel(
        f"model-{version}",
        VertexModelArgs(
            project="shop",
            location="europe-west4",
            model_id="pricing",
            artifact_uri=f"gs://models/{version}",
            container=image,
        ),
    )
    deployed[version] = VertexDeployedModel(
        f"deployment-{version}",
        VertexDeployedModelArgs(
            endpoint="ENDPOINT",
            model=model.resource_name,
            machine_type=config.get("machine") or "n1-standard-2",
            max_replicas=config.get_int("most") or (None if pool else 3),
            pool=pool,
        ),
    )
shares = [deployed[version].share(percent) for version, percent in traffic.items()]
split = VertexTrafficSplit("traffic", VertexTrafficSplitArgs(endpoint="ENDPOINT", traffic=shares))
pulumi.export("numbers", {version: each.deployed_model_id for version, each in deployed.items()})
pulumi.export("split", split.traffic_split)
""".replace("ENDPOINT", ENDPOINT).replace("PREBUILT", PREBUILT)


@pytest.fixture
def release(project: ProjectFactory, api: VertexServer) -> Project:
    """The program above, with the plugin found by its folder."""
    return project({"__main__.py": PROGRAM, "Pulumi.yaml": project_file(extra=PLUGIN)}, environment=environment(api))


def environment(api: VertexServer) -> dict[str, str]:
    """What the plugin must find to talk to the stand-in."""
    return {
        "MODELDEPLOY_VERTEX_API_ENDPOINT": api.address,
        "MODELDEPLOY_VERTEX_ANONYMOUS": "true",
        "MODELDEPLOY_VERTEX_POLL_SECONDS": "0.05",
    }


def step(project: Project, **configuration: Any) -> None:
    """Moves the program on."""
    values = {key: json.dumps(value) if isinstance(value, dict) else str(value) for key, value in configuration.items()}
    project.configure({f"release:{key}": value for key, value in values.items()})


def live_split(api: VertexServer) -> dict[str, int]:
    return call(api, "GET", ENDPOINT).get("trafficSplit", {})


STEPS = {
    "first": {"1": 100},
    "canary": {"1": 90, "2": 10},
    "promoted": {"1": 0, "2": 100},
    "rolled back": {"1": 100, "2": 0},
    "finished": {"2": 100},
    "back to one": {"1": 100},
}


def test_a_release_moves_traffic_step_by_step_and_a_second_up_changes_nothing(release: Project, api: VertexServer) -> None:
    for name, traffic in STEPS.items():
        step(release, traffic=traffic)
        release.up()
        outputs = release.outputs()
        wanted = {outputs["numbers"][version]: percent for version, percent in traffic.items() if percent}
        assert outputs["split"] == wanted, name
        assert live_split(api) == wanted, name
        release.preview("--expect-no-changes")
        assert len(api.deployed_models(ENDPOINT)) == len(traffic), name
    release.destroy()
    assert api.deployed_models(ENDPOINT) == []
    assert api.api.models() == []
    assert release.resources() == []


@pytest.mark.parametrize("last", ["first", "canary", "promoted", "rolled back"])
def test_destroy_from_every_step_leaves_nothing(release: Project, api: VertexServer, last: str) -> None:
    for name in dict.fromkeys(["first", last]):
        step(release, traffic=STEPS[name])
        release.up()
    release.destroy()
    assert api.deployed_models(ENDPOINT) == []
    assert api.api.models() == []


def test_another_machine_is_deployed_beside_the_old_one_before_traffic_moves(release: Project, api: VertexServer) -> None:
    step(release, traffic={"1": 100})
    release.up()
    before = release.outputs()["numbers"]["1"]
    api.api.requests.clear()
    step(release, machine="n1-standard-8")
    planned = release.preview()
    assert "replace" in planned.output
    release.up()
    order = [name for name, _ in api.api.requests if name in ("endpoints.deployModel", "endpoints.patch", "endpoints.undeployModel")]
    assert order == ["endpoints.deployModel", "endpoints.patch", "endpoints.undeployModel"]
    assert api.deployed_models(ENDPOINT) == [release.outputs()["numbers"]["1"]] != [before]
    # The same into a pool, and from a pool into another.
    for machine in ("n1-standard-4", "n1-standard-8"):
        step(release, machine="n1-standard-2", pool=machine)
        api.api.requests.clear()
        release.up()
        order = [name for name, _ in api.api.requests if name.startswith(("endpoints.", "deploymentResourcePools."))]
        changes = [name for name in order if not name.endswith(".get")]
        last = ["deploymentResourcePools.delete"] if machine == "n1-standard-8" else []
        assert changes == ["deploymentResourcePools.create", "endpoints.deployModel", "endpoints.patch", "endpoints.undeployModel", *last]
    release.destroy()
    assert api.api.pools() == []


def test_more_replicas_need_no_new_deployment(release: Project, api: VertexServer) -> None:
    step(release, traffic={"1": 100})
    release.up()
    before = release.outputs()["numbers"]
    step(release, most=9)
    release.up()
    assert release.outputs()["numbers"] == before
    assert len(bodies(api, "endpoints.deployModel")) == 1
    assert len(bodies(api, "endpoints.mutateDeployedModel")) == 1


def test_a_secret_in_the_environment_is_secret_in_the_state(release: Project) -> None:
    step(release, traffic={"1": 100})
    release.up()
    release.refresh()
    state = json.dumps(release.stack_export())
    assert "hush" not in state
    assert "ciphertext" in state


def test_drift_is_found_by_refresh_and_repaired_by_up(release: Project, api: VertexServer) -> None:
    step(release, traffic=STEPS["canary"])
    release.up()
    numbers = release.outputs()["numbers"]
    call(api, "PATCH", ENDPOINT, {"updateMask": "trafficSplit"}, {"trafficSplit": {numbers["2"]: 100}})
    call(api, "POST", f"{ENDPOINT}:undeployModel", None, {"deployedModelId": numbers["1"]})
    time.sleep(api.api.operation_seconds)
    seen = release.refresh("--diff")
    assert "1 deleted" in seen.output
    assert "1 updated" in seen.output
    release.up()
    numbers = release.outputs()["numbers"]
    assert live_split(api) == {numbers["1"]: 90, numbers["2"]: 10}


def test_what_exists_can_be_imported(release: Project, project: ProjectFactory, api: VertexServer) -> None:
    step(release, traffic={"1": 100})
    release.up()
    ids = {each["urn"].rpartition("::")[2]: (each["type"], each["id"]) for each in release.resources() if each["type"].startswith("modeldeploy:")}
    other = project({"__main__.py": PROGRAM, "Pulumi.yaml": project_file(extra=PLUGIN)}, environment=release.environment, stack="other")
    for name, (kind, identifier) in ids.items():
        other.run("import", "--yes", "--skip-preview", "--stack", "other", "--protect=false", "--generate-code=false", kind, name, identifier).ok()
    imported = {each["urn"].rpartition("::")[2]: each for each in other.resources()}
    assert {name: imported[name]["id"] for name in ids} == {name: identifier for name, (_, identifier) in ids.items()}
    assert imported["model-1"]["inputs"]["artifactUri"] == "gs://models/1"
    assert imported["deployment-1"]["inputs"]["maxReplicas"] == 3
    assert imported["traffic"]["inputs"]["traffic"][0]["percent"] == 100


def test_a_cancelled_run_leaves_a_state_that_the_next_one_completes(release: Project, api: VertexServer) -> None:
    api.api.hold = True
    step(release, traffic={"1": 100})
    running = release.start("up", "--yes", "--skip-preview", "--stack", release.stack)
    running.wait_for(lambda: bool(bodies(api, "models.upload")))
    running.wait_for("uploading (")
    running.interrupt()
    cancelled = running.finish(60).failed()
    assert "`pulumi up` goes on with it" in cancelled.output
    assert "Traceback" not in cancelled.output
    api.api.hold = False
    release.up()
    assert len(bodies(api, "models.upload")) == 1
    release.preview("--expect-no-changes")
    release.destroy()
    assert api.api.models() == []


def test_an_api_that_goes_away_in_the_middle_loses_nothing(project: ProjectFactory, tmp_path: Path) -> None:
    def start(port: int = 0) -> VertexServer:
        return serve(tmp_path / "kept.sqlite", port, operation_seconds=0.2)

    server = start()
    port = int(server.address.rpartition(":")[2])
    server.api.hold = True
    settings = {**environment(server), "MODELDEPLOY_VERTEX_POLL_SECONDS": "0.01"}
    release = project({"__main__.py": PROGRAM, "Pulumi.yaml": project_file(extra=PLUGIN)}, environment=settings)
    step(release, traffic={"1": 100})
    running = release.start("up", "--yes", "--skip-preview", "--stack", release.stack)
    running.wait_for(lambda: bool(bodies(server, "models.upload")))
    server.close()
    failed = running.finish(120).failed()
    assert "cannot be reached" in failed.output
    server = start(port)
    try:
        release.up()
        assert len(server.api.models()) == 1, "the upload that was cut off is the one that is used"
        release.destroy()
        assert server.api.models() == []
    finally:
        server.close()


def test_a_failed_deployment_tells_why_and_the_next_up_ends_the_work(release: Project, api: VertexServer) -> None:
    api.api.faults = [Fault("endpoints.deployModel", fails="Model server exited unexpectedly")]
    step(release, traffic={"1": 100})
    failed = release.up(check=False).failed()
    assert "deploying failed: Model server exited unexpectedly" in failed.output
    assert "Traceback" not in failed.output
    assert not release.stack_export()["deployment"].get("pending_operations"), "the state is known: nothing is pending"
    release.up()
    assert len(api.api.models()) == 1


def test_wrong_arguments_are_one_message_without_a_traceback(release: Project) -> None:
    step(release, traffic={"1": 60, "2": 60})
    failed = release.preview(check=False).failed()
    assert "VertexTrafficSplit 'traffic': traffic: 60 + 60 is 120; the percentages must sum to 100" in failed.output
    assert "Traceback" not in failed.output


@pytest.mark.parametrize("found_by", ["plugins.providers", "PATH"])
def test_an_installed_plugin_is_found(project: ProjectFactory, api: VertexServer, found_by: str) -> None:
    scripts = str(Path(sys.executable).parent)
    extra = PLUGIN.replace(str(ROOT / "components"), scripts) if found_by == "plugins.providers" else ""
    made = project({"__main__.py": PROGRAM, "Pulumi.yaml": project_file(extra=extra)}, environment=environment(api))
    if found_by == "PATH":
        made.environment["PATH"] = f"{made.environment['PATH']}:{scripts}"
    step(made, traffic={"1": 100})
    done = made.up()
    assert ("using pulumi-resource-modeldeploy from $PATH" in done.output) is (found_by == "PATH"), "the engine warns of a plugin on PATH"
    made.destroy()
    assert api.api.models() == []


def test_configuration_of_a_project_with_the_plugins_name_stays_the_projects(project: ProjectFactory, api: VertexServer) -> None:
    program = """
import pulumi
from modeldeploy.gcp.vertex import *
container = VertexContainer(image="registry/pricing@sha256:0")
VertexModel("model", VertexModelArgs(project="shop", location="europe-west4", container=container))
"""
    made = project({"__main__.py": program, "Pulumi.yaml": project_file("modeldeploy", extra=PLUGIN)}, name="modeldeploy")
    made.configure({"modeldeploy:vertexApiEndpoint": api.address, "modeldeploy:vertexAnonymous": "true", "cloud": "gcp"})
    made.configure({"password": "hush"}, secret=True)
    made.up()
    assert len(api.api.models()) == 1
    (provider,) = [each for each in made.resources() if each["type"] == "pulumi:providers:modeldeploy"]
    assert set(provider["inputs"]) == {"vertexApiEndpoint", "vertexAnonymous"}
    made.configure({"cloud": "aws"})
    made.preview("--expect-no-changes")
    made.destroy()
