"""The split: one owner, changed in place, emptied so that everything can be undeployed."""

import pytest

from sandbox.vertex import VertexServer

from .inputs import ENDPOINT, deployed_inputs, model_inputs, split_inputs
from .plugin import UNKNOWN, Failed, Plugin, Resource, urn
from .test_model import call


@pytest.fixture
def numbers(plugin: Plugin, api: VertexServer) -> tuple[str, str]:
    """Two deployments."""
    api.api.operation_seconds = 0
    model = plugin.create(urn("VertexModel"), model_inputs()).outputs["resourceName"]
    one, two = (plugin.create(urn("VertexDeployedModel", name), deployed_inputs(model)) for name in ("one", "two"))
    return one.outputs["deployedModelId"], two.outputs["deployedModelId"]


def test_a_release_is_a_series_of_changes_in_place(plugin: Plugin, api: VertexServer, numbers: tuple[str, str]) -> None:
    one, two = (f"d{number}" for number in numbers)
    split = plugin.create(urn("VertexTrafficSplit"), split_inputs(**{one: 100}))
    assert split.id == f"{ENDPOINT}/trafficSplit"
    for step in ({one: 90, two: 10}, {one: 0, two: 100}, {one: 100, two: 0}, {two: 100}):
        wanted = split_inputs(**step)
        assert not plugin.diff(split, wanted).replaces
        split = plugin.update(split, wanted)
        assert call(api, "GET", ENDPOINT)["trafficSplit"] == {name[1:]: share for name, share in step.items() if share}
        read = plugin.read(split)
        assert read is not None
        assert read.inputs == split.inputs, "no drift right after a change"


def test_a_preview_of_a_change_does_not_know_the_split(plugin: Plugin, numbers: tuple[str, str]) -> None:
    one, two = (f"d{number}" for number in numbers)
    split = plugin.create(urn("VertexTrafficSplit"), split_inputs(**{one: 100}))
    assert plugin.update(split, split_inputs(**{two: 100}), preview=True).outputs["trafficSplit"] == UNKNOWN


def test_drift_is_seen_and_corrected(plugin: Plugin, api: VertexServer, numbers: tuple[str, str]) -> None:
    one, two = (f"d{number}" for number in numbers)
    split = plugin.create(urn("VertexTrafficSplit"), split_inputs(**{one: 100}))
    call(api, "PATCH", ENDPOINT, {"updateMask": "trafficSplit"}, {"trafficSplit": {numbers[0]: 50, numbers[1]: 50}})
    drifted = plugin.read(split)
    assert drifted is not None
    assert drifted.inputs == {**split_inputs(**{one: 50, two: 50})}
    assert plugin.diff(drifted, split.inputs).changes == plugin.diff(drifted, split.inputs).DIFF_SOME
    plugin.update(drifted, split.inputs)
    assert call(api, "GET", ENDPOINT)["trafficSplit"] == {numbers[0]: 100}


def test_deleting_empties_the_split_and_a_second_time_does_nothing(plugin: Plugin, api: VertexServer, numbers: tuple[str, str]) -> None:
    call(api, "PATCH", ENDPOINT, {"updateMask": "trafficSplit"}, {"trafficSplit": {numbers[0]: 100}})
    split = plugin.read(Resource(urn("VertexTrafficSplit"), f"{ENDPOINT}/trafficSplit", {}, {}))
    assert split is not None
    plugin.delete(split)
    assert "trafficSplit" not in call(api, "GET", ENDPOINT)
    assert plugin.read(split) is None, "an empty split is none: the next `pulumi up` sets it again"
    plugin.delete(split)


def test_a_forced_replacement_does_not_empty_what_it_has_just_set(plugin: Plugin, api: VertexServer, numbers: tuple[str, str]) -> None:
    old = plugin.create(urn("VertexTrafficSplit"), split_inputs(**{f"d{numbers[0]}": 100}))
    plugin.create(urn("VertexTrafficSplit"), split_inputs(**{f"d{numbers[0]}": 100}))
    plugin.delete(old)
    assert call(api, "GET", ENDPOINT)["trafficSplit"] == {numbers[0]: 100}


def test_the_split_of_an_endpoint_that_is_gone_is_gone(plugin: Plugin) -> None:
    lost = Resource(urn("VertexTrafficSplit"), "projects/shop/locations/europe-west4/endpoints/e9/trafficSplit", {}, {})
    assert plugin.read(lost) is None
    plugin.delete(lost)


def test_import_by_the_endpoints_name(plugin: Plugin, numbers: tuple[str, str]) -> None:
    inputs = split_inputs(**{f"d{number}": 50 for number in sorted(numbers)})
    plugin.create(urn("VertexTrafficSplit"), inputs)
    for name in (ENDPOINT, f"{ENDPOINT}/trafficSplit"):
        imported = plugin.read(Resource(urn("VertexTrafficSplit"), name, {}, {}))
        assert imported is not None
        assert imported.id == f"{ENDPOINT}/trafficSplit"
        assert imported.inputs == inputs


def test_a_deployment_that_does_not_exist_is_named(plugin: Plugin, numbers: tuple[str, str]) -> None:
    with pytest.raises(Failed, match="traffic_split names DeployedModel 77, which is not in this Endpoint"):
        plugin.create(urn("VertexTrafficSplit"), split_inputs(d77=100))


def test_the_endpoint_by_its_projects_number_is_the_same(plugin: Plugin, api: VertexServer, numbers: tuple[str, str]) -> None:
    split = plugin.create(urn("VertexTrafficSplit"), split_inputs(**{f"d{numbers[0]}": 100}))
    other = {**split.inputs, "endpoint": call(api, "GET", ENDPOINT)["name"]}
    assert plugin.diff(split, other).changes == plugin.diff(split, other).DIFF_NONE
