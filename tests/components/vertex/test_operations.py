"""Long operations: progress, cancellation, time limits, failures in the middle, answers that never come."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from pulumi.runtime import proto
from pulumi.runtime.proto import engine_pb2_grpc

from sandbox.vertex import VertexServer
from sandbox.vertex.api import Fault

from .inputs import ENDPOINT, deployed_inputs, model_inputs
from .plugin import EngineLogServer, Failed, Plugin, Resource, urn
from .test_model import NAME, bodies, call


@pytest.fixture
def model(plugin: Plugin, api: VertexServer) -> str:
    return plugin.create(urn("VertexModel"), model_inputs()).outputs["resourceName"]


def started(work: Callable[[], Any], running: Callable[[], bool]) -> Future[Any]:
    """Starts `work` in a thread and comes back when it is `running`."""
    future = ThreadPoolExecutor(1).submit(work)
    deadline = time.monotonic() + 10
    while not running():
        assert time.monotonic() < deadline
        assert not future.done(), future.exception()
        time.sleep(0.01)
    return future


def partial(future: Future[Any], kind: str, inputs: dict[str, Any]) -> Resource:
    """The resource as the engine records it after a partial result."""
    with pytest.raises(Failed) as failed:
        future.result(10)
    assert failed.value.partial is not None, failed.value
    return Resource(urn(kind), failed.value.partial.id, inputs, failed.value.properties)


def test_progress_is_shown_with_the_stage_and_the_time(plugin: Plugin, api: VertexServer, model: str) -> None:
    api.api.operation_seconds = 0.5
    plugin.create(urn("VertexDeployedModel"), deployed_inputs(model))
    shown = [each for each in plugin.log.messages if each.startswith("deploying, ")]
    assert all(each.endswith("(0s)") for each in shown)
    assert len(set(shown)) > 1, "the stages that the operation reports"


def test_an_engine_that_attaches_to_a_running_plugin_gets_the_progress(plugin: Plugin, api: VertexServer, model: str) -> None:
    engine, server = grpc.server(ThreadPoolExecutor(2)), EngineLogServer()
    engine_pb2_grpc.add_EngineServicer_to_server(server, engine)
    port = engine.add_insecure_port("127.0.0.1:0")
    engine.start()
    plugin.call("Attach", proto.PluginAttach(address=f"127.0.0.1:{port}"))
    plugin.create(urn("VertexDeployedModel"), deployed_inputs(model))
    engine.stop(None)
    assert any(each.startswith("deploying") for each in server.messages)


def test_a_cancelled_deployment_goes_on_in_the_cloud_and_the_next_update_takes_it_up(plugin: Plugin, api: VertexServer, model: str) -> None:
    api.api.hold = True
    inputs = plugin.check(urn("VertexDeployedModel"), deployed_inputs(model))
    waiting = started(lambda: plugin.create(urn("VertexDeployedModel"), inputs), lambda: bool(bodies(api, "endpoints.deployModel")))
    began = time.monotonic()
    plugin.cancel()
    left = partial(waiting, "VertexDeployedModel", inputs)
    assert time.monotonic() - began < 2, "cancellation ends the wait at once"
    assert left.outputs["operation"].startswith("projects/")

    api.api.hold = False
    with Plugin(vertexApiEndpoint=api.address, vertexAnonymous="true") as next_run:
        done = next_run.update(left, inputs)
        assert done.outputs["deployedModelId"] == left.id.rpartition("/")[2]
        assert "operation" not in done.outputs
        assert len(bodies(api, "endpoints.deployModel")) == 1, "nothing is deployed twice"
        assert next_run.read(done) is not None


def test_a_cancelled_upload_is_found_again_by_its_mark(plugin: Plugin, api: VertexServer) -> None:
    api.api.hold = True
    inputs = plugin.check(urn("VertexModel"), model_inputs())
    waiting = started(lambda: plugin.create(urn("VertexModel"), inputs), lambda: bool(bodies(api, "models.upload")))
    plugin.cancel()
    left = partial(waiting, "VertexModel", inputs)
    assert left.id.startswith(f"{NAME}@pulumi-")

    api.api.hold = False
    with Plugin(vertexApiEndpoint=api.address, vertexAnonymous="true") as next_run:
        done = next_run.update(left, inputs)
        assert done.outputs["resourceName"] == f"{NAME}@1"
        assert len(bodies(api, "models.upload")) == 1
        refreshed = next_run.read(done)
        assert refreshed is not None
        assert refreshed.id == f"{NAME}@1", "a refresh gives it the id that it would have had"
        assert refreshed.inputs == inputs
        next_run.delete(done)
        assert api.api.models() == []


@pytest.mark.parametrize("kind", ["VertexModel", "VertexDeployedModel"])
def test_what_a_cancelled_run_left_can_be_destroyed_while_it_goes_on(plugin: Plugin, api: VertexServer, kind: str, model: str) -> None:
    given = {"VertexModel": model_inputs(modelId="other"), "VertexDeployedModel": deployed_inputs(model)}[kind]
    inputs = plugin.check(urn(kind), given)
    before = api.api.models()
    api.api.hold = True
    method = {"VertexModel": "models.upload", "VertexDeployedModel": "endpoints.deployModel"}[kind]
    count = len(bodies(api, method))
    waiting = started(lambda: plugin.create(urn(kind), inputs), lambda: len(bodies(api, method)) > count)
    plugin.cancel()
    left = partial(waiting, kind, inputs)
    with Plugin(vertexApiEndpoint=api.address, vertexAnonymous="true") as next_run:
        next_run.delete(left)
    api.api.hold = False
    assert api.deployed_models(ENDPOINT) == []
    assert api.api.models() == before


def test_a_refresh_while_the_deployment_goes_on_keeps_it(plugin: Plugin, api: VertexServer, model: str) -> None:
    api.api.hold = True
    inputs = plugin.check(urn("VertexDeployedModel"), deployed_inputs(model))
    waiting = started(lambda: plugin.create(urn("VertexDeployedModel"), inputs), lambda: bool(bodies(api, "endpoints.deployModel")))
    plugin.cancel()
    left = partial(waiting, "VertexDeployedModel", inputs)
    with Plugin(vertexApiEndpoint=api.address, vertexAnonymous="true") as next_run:
        with pytest.raises(Failed, match="still deploys it") as failed:
            next_run.read(left)
        assert failed.value.partial is not None
        assert failed.value.partial.id == left.id
        api.api.hold = False
        time.sleep(api.api.operation_seconds)
        assert next_run.read(left) is not None


def test_a_time_limit_is_kept_and_named(plugin: Plugin, api: VertexServer, model: str) -> None:
    api.api.hold = True
    began = time.monotonic()
    with pytest.raises(Failed, match="deploying did not end in 0s; `pulumi up` goes on with it") as failed:
        plugin.create(urn("VertexDeployedModel"), deployed_inputs(model), timeout=0.4)
    assert time.monotonic() - began < 3
    assert failed.value.partial is not None


def test_an_earlier_deployment_that_failed_is_made_again_under_its_number(plugin: Plugin, api: VertexServer, model: str) -> None:
    api.api.hold = True
    api.api.faults = [Fault("endpoints.deployModel", fails="no capacity")]
    inputs = plugin.check(urn("VertexDeployedModel"), deployed_inputs(model))
    waiting = started(lambda: plugin.create(urn("VertexDeployedModel"), inputs), lambda: bool(bodies(api, "endpoints.deployModel")))
    plugin.cancel()
    left = partial(waiting, "VertexDeployedModel", inputs)
    api.api.hold = False
    with Plugin(vertexApiEndpoint=api.address, vertexAnonymous="true") as next_run:
        done = next_run.update(left, inputs)
        assert api.deployed_models(ENDPOINT) == [done.id.rpartition("/")[2]]
        assert len(bodies(api, "endpoints.deployModel")) == 2


def test_a_busy_api_is_asked_again(plugin: Plugin, api: VertexServer, model: str) -> None:
    api.api.faults = [
        Fault("endpoints.deployModel", times=2, status=429, message="quota of requests"),
        Fault("endpoints.operations.get", times=2, status=503),
        Fault("endpoints.get", times=1, silent="before"),
    ]
    plugin.create(urn("VertexDeployedModel"), deployed_inputs(model))
    assert len(bodies(api, "endpoints.deployModel")) == 1


def test_an_api_that_stays_busy_is_given_up(plugin: Plugin, api: VertexServer, model: str) -> None:
    api.api.faults = [Fault("endpoints.deployModel", times=99, status=503, message="try later")]
    with pytest.raises(Failed, match=r"Vertex AI refused endpoints.deployModel: try later \(503\)") as failed:
        plugin.create(urn("VertexDeployedModel"), deployed_inputs(model))
    assert failed.value.partial is None


def test_a_refusal_is_not_tried_again(plugin: Plugin, api: VertexServer, model: str) -> None:
    api.api.faults = [Fault("endpoints.deployModel", times=1, status=400, message="no such machine")]
    with pytest.raises(Failed, match="no such machine"):
        plugin.create(urn("VertexDeployedModel"), deployed_inputs(model))


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_deployment_whose_answer_is_lost_is_neither_lost_nor_made_twice(plugin: Plugin, api: VertexServer, model: str, when: str) -> None:
    api.api.faults = [Fault("endpoints.deployModel", silent=when)]
    inputs = plugin.check(urn("VertexDeployedModel"), deployed_inputs(model))
    with pytest.raises(Failed, match="may or may not have been carried out") as failed:
        plugin.create(urn("VertexDeployedModel"), inputs)
    assert failed.value.partial is not None
    left = Resource(urn("VertexDeployedModel"), failed.value.partial.id, inputs, failed.value.properties)
    time.sleep(api.api.operation_seconds)
    done = plugin.update(left, inputs)
    assert api.deployed_models(ENDPOINT) == [done.outputs["deployedModelId"]]


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_upload_whose_answer_is_lost_is_neither_lost_nor_made_twice(plugin: Plugin, api: VertexServer, when: str) -> None:
    api.api.faults = [Fault("models.upload", silent=when)]
    inputs = plugin.check(urn("VertexModel"), model_inputs())
    with pytest.raises(Failed, match="may or may not have been carried out") as failed:
        plugin.create(urn("VertexModel"), inputs)
    assert failed.value.partial is not None
    left = Resource(urn("VertexModel"), failed.value.partial.id, inputs, failed.value.properties)
    time.sleep(api.api.operation_seconds)
    assert plugin.update(left, inputs).outputs["resourceName"] == f"{NAME}@1"
    assert api.api.models() == [f"{call(api, 'GET', NAME)['name']}@1"]


def test_an_upload_that_fails_leaves_nothing_and_says_why(plugin: Plugin, api: VertexServer) -> None:
    api.api.faults = [Fault("models.upload", fails="the service agent cannot read gs://models/1")]
    with pytest.raises(Failed, match="uploading failed: the service agent cannot read gs://models/1") as failed:
        plugin.create(urn("VertexModel"), model_inputs())
    assert failed.value.partial is None
    assert api.api.models() == []


def test_two_first_versions_at_once_become_versions_of_one_model(plugin: Plugin, api: VertexServer) -> None:
    results: list[str] = []

    def upload(name: str) -> None:
        results.append(plugin.create(urn("VertexModel", name), model_inputs(artifactUri=f"gs://models/{name}")).id)

    threads = [threading.Thread(target=upload, args=[name]) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [f"{NAME}@1", f"{NAME}@2"]


@pytest.mark.parametrize(("kind", "after"), [("VertexModel", "models.upload"), ("VertexDeployedModel", "endpoints.deployModel")])
def test_an_api_that_goes_away_while_it_works_leaves_what_the_next_run_needs(
    plugin: Plugin, api: VertexServer, model: str, kind: str, after: str
) -> None:
    inputs = plugin.check(urn(kind), {"VertexModel": model_inputs(modelId="other"), "VertexDeployedModel": deployed_inputs(model)}[kind])
    count = len(bodies(api, after))
    collection = after.partition(".")[0]
    api.api.faults = [Fault(f"{collection}.operations.get", times=99, status=502)]
    with pytest.raises(Failed, match="goes on with it") as failed:
        plugin.create(urn(kind), inputs)
    assert failed.value.partial is not None
    api.api.faults = []
    done = plugin.update(Resource(urn(kind), failed.value.partial.id, inputs, failed.value.properties), inputs)
    assert len(bodies(api, after)) == count + 1
    assert plugin.read(done) is not None


@pytest.mark.parametrize("method", ["models.get", "models.mergeVersionAliases"])
def test_a_failure_after_the_upload_leaves_the_version_to_the_next_run(plugin: Plugin, api: VertexServer, method: str) -> None:
    inputs = plugin.check(urn("VertexModel"), model_inputs(versionAliases=["blue"]))
    api.api.operation_seconds = 0

    def broken() -> None:
        with pytest.raises(Failed) as failed:
            plugin.create(urn("VertexModel"), inputs)
        assert failed.value.partial is not None
        api.api.faults = []
        left = Resource(urn("VertexModel"), failed.value.partial.id, inputs, failed.value.properties)
        assert plugin.update(left, inputs).outputs["versionId"] == "1"

    # The first look is for a model with this id; the second, for the version that was uploaded.
    api.api.faults = [Fault(method, skip=1 if method == "models.get" else 0, times=1, status=403)]
    broken()
    assert len(bodies(api, "models.upload")) == 1


def test_an_api_that_is_not_there_is_named(plugin: Plugin, api: VertexServer) -> None:
    with Plugin(vertexApiEndpoint="http://127.0.0.1:1", vertexAnonymous="true") as lost:
        with pytest.raises(Failed, match=r"http://127.0.0.1:1 cannot be reached") as failed:
            lost.create(urn("VertexModel"), model_inputs())
        assert failed.value.partial is None


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({"vertexApiEndpoint": "localhost:80"}, "'localhost:80' is not an address; begin it with https://"),
        ({"vertexAnonymous": "true"}, "vertexAnonymous is for a stand-in of the API; it needs vertexApiEndpoint too"),
    ],
)
def test_wrong_configuration_is_refused(plugin: Plugin, configuration: dict[str, str], message: str) -> None:
    with pytest.raises(Failed, match=message):
        Plugin(**configuration)


def test_without_credentials_the_message_says_how_to_get_them(plugin: Plugin, api: VertexServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    with Plugin(vertexApiEndpoint=api.address) as without, pytest.raises(Failed, match=r"no credentials for Google Cloud: .*gcloud auth"):
        without.create(urn("VertexModel"), model_inputs())
