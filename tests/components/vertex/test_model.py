"""Models: upload, versions, changes in place, drift, import, deletion."""

from typing import Any

import pytest

from sandbox.vertex import VertexServer

from .inputs import deployed_inputs, model_inputs
from .plugin import Failed, Plugin, Resource, urn

NAME = "projects/shop/locations/europe-west4/models/pricing"


def call(api: VertexServer, verb: str, path: str, query: dict[str, str] | None = None, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What someone else does to the same project."""
    return api.api.handle(verb, f"/v1/{path}", query or {}, body)


def bodies(api: VertexServer, method: str) -> list[dict[str, Any]]:
    return [body for name, body in api.api.requests if name == method]


def test_an_upload_makes_a_model_with_everything_given(plugin: Plugin, api: VertexServer) -> None:
    container = {
        "image": "i@sha256:0",
        "command": ["serve"],
        "args": ["--fast"],
        "env": {"A_b": "c"},
        "port": 9000,
        "predictRoute": "/p",
        "healthRoute": "/h",
        "startupProbe": {"path": "/h", "port": 9000, "failureThreshold": 30},
        "livenessProbe": {"command": ["true"]},
        "sharedMemoryMib": 64,
        "deploymentTimeoutSeconds": 900,
    }
    given = model_inputs(
        container=container,
        displayName="Pricing",
        description="prices",
        versionDescription="first",
        versionAliases=["prod", "blue"],
        labels={"team": "pricing"},
        encryptionKey="projects/shop/locations/europe-west4/keyRings/r/cryptoKeys/k",
        serviceAccount="up@shop.iam.gserviceaccount.com",
    )
    made = plugin.create(urn("VertexModel"), given)
    assert made.id == f"{NAME}@1"
    assert {key: made.outputs[key] for key in ("name", "modelId", "versionId", "resourceName")} == {
        "name": NAME,
        "modelId": "pricing",
        "versionId": "1",
        "resourceName": f"{NAME}@1",
    }
    read = plugin.read(made)
    assert read is not None
    assert read.inputs == made.inputs, "a refresh right after the upload must see no drift"
    live = call(api, "GET", f"{NAME}@1")
    assert live["displayName"] == "Pricing"
    assert live["containerSpec"]["startupProbe"]["httpGet"] == {"path": "/h", "port": 9000}
    assert live["versionAliases"] == ["blue", "default", "prod"], "the mark of the upload must be gone"
    assert bodies(api, "models.upload")[0]["serviceAccount"] == "up@shop.iam.gserviceaccount.com"


def test_a_second_resource_with_the_same_model_id_is_the_next_version(plugin: Plugin) -> None:
    first = plugin.create(urn("VertexModel", "v1"), model_inputs(displayName="Pricing"))
    second = plugin.create(urn("VertexModel", "v2"), model_inputs(artifactUri="gs://models/2"))
    assert (first.id, second.id) == (f"{NAME}@1", f"{NAME}@2")
    for each in (first, second):
        read = plugin.read(each)
        assert read is not None
        assert read.inputs == each.inputs


@pytest.mark.parametrize(
    ("change", "replaces"),
    [
        ({"artifactUri": "gs://models/2"}, ["artifactUri"]),
        ({"container": {"image": "other@sha256:1"}}, ["container"]),
        ({"location": "us-central1"}, ["location"]),
        ({"modelId": "prices"}, ["modelId"]),
        ({"labels": {"team": "x"}}, []),
        ({"displayName": "Prices"}, []),
        ({"versionAliases": ["prod"]}, []),
        ({"description": "d", "versionDescription": "v"}, []),
        ({}, []),
    ],
)
def test_what_is_uploaded_is_replaced_and_the_rest_changes_in_place(plugin: Plugin, change: dict[str, Any], replaces: list[str]) -> None:
    made = plugin.create(urn("VertexModel"), model_inputs())
    diff = plugin.diff(made, model_inputs(**change))
    assert list(diff.replaces) == replaces
    assert (diff.changes == diff.DIFF_SOME) is bool(change)
    assert not diff.deleteBeforeReplace


def test_changes_in_place_reach_the_model_and_the_version_and_can_be_taken_back(plugin: Plugin, api: VertexServer) -> None:
    made = plugin.create(urn("VertexModel"), model_inputs(labels={"a": "1"}, description="old", versionAliases=["blue"]))
    changed = plugin.update(made, model_inputs(displayName="Prices", versionDescription="v", labels={"b": "2"}, versionAliases=["green"]))
    live = call(api, "GET", f"{NAME}@1")
    assert (live["displayName"], live["versionDescription"], live["labels"]) == ("Prices", "v", {"b": "2"})
    assert "description" not in live
    assert live["versionAliases"] == ["default", "green"]
    read = plugin.read(changed)
    assert read is not None
    assert read.inputs == changed.inputs
    assert changed.outputs["versionId"] == "1"


def test_a_model_level_change_is_not_sent_when_nothing_changed(plugin: Plugin, api: VertexServer) -> None:
    made = plugin.create(urn("VertexModel"), model_inputs(labels={"a": "1"}))
    plugin.update(made, model_inputs(labels={"a": "1"}, serviceAccount="up@shop.iam.gserviceaccount.com"))
    assert bodies(api, "models.patch") == []


def test_drift_is_seen_and_corrected(plugin: Plugin, api: VertexServer) -> None:
    made = plugin.create(urn("VertexModel"), model_inputs(labels={"a": "1"}, versionAliases=["blue"]))
    call(api, "PATCH", f"{NAME}@1", {"updateMask": "labels"}, {"labels": {"a": "9", "hand": "made"}})
    call(api, "POST", f"{NAME}@1:mergeVersionAliases", None, {"versionAliases": ["-blue", "red"]})
    drifted = plugin.read(made)
    assert drifted is not None
    diff = plugin.diff(drifted, made.inputs)
    assert set(diff.detailedDiff) == {"labels.a", "labels.hand", "versionAliases[0]"}
    assert not diff.replaces
    plugin.update(drifted, made.inputs)
    repaired = plugin.read(drifted)
    assert repaired is not None
    assert repaired.inputs == made.inputs


def test_a_model_deleted_by_someone_else_is_gone(plugin: Plugin, api: VertexServer) -> None:
    api.api.operation_seconds = 0
    made = plugin.create(urn("VertexModel"), model_inputs())
    call(api, "DELETE", NAME)
    assert plugin.read(made) is None
    plugin.delete(made)


def test_an_update_of_a_model_that_is_gone_says_so(plugin: Plugin, api: VertexServer) -> None:
    api.api.operation_seconds = 0
    made = plugin.create(urn("VertexModel"), model_inputs())
    call(api, "DELETE", NAME)
    with pytest.raises(Failed, match="is gone; `pulumi refresh` takes that in"):
        plugin.update(made, model_inputs(description="new"))


def test_import_finds_all_inputs(plugin: Plugin) -> None:
    inputs = model_inputs(displayName="Pricing", labels={"a": "1"}, versionAliases=["prod"])
    made = plugin.create(urn("VertexModel"), inputs)
    for name in (f"{NAME}@1", f"{NAME}@prod", NAME):
        imported = plugin.read(Resource(made.urn, name, {}, {}))
        assert imported is not None
        assert imported.id == f"{NAME}@1"
        assert imported.inputs == made.inputs
        assert plugin.diff(imported, inputs).changes == plugin.diff(imported, inputs).DIFF_NONE


def test_import_of_what_does_not_exist_finds_nothing(plugin: Plugin) -> None:
    assert plugin.read(Resource(urn("VertexModel"), f"{NAME}@7", {}, {})) is None


def test_import_by_something_that_is_no_name_says_what_is_one(plugin: Plugin) -> None:
    with pytest.raises(Failed, match="'pricing' does not begin with projects/P/locations/L"):
        plugin.read(Resource(urn("VertexModel"), "pricing", {}, {}))


def test_deleting_a_version_leaves_the_others_and_the_last_takes_the_model(plugin: Plugin, api: VertexServer) -> None:
    first = plugin.create(urn("VertexModel", "v1"), model_inputs())
    second = plugin.create(urn("VertexModel", "v2"), model_inputs(artifactUri="gs://models/2"))
    third = plugin.create(urn("VertexModel", "v3"), model_inputs(artifactUri="gs://models/3"))
    plugin.delete(first)
    assert call(api, "GET", NAME)["versionId"] == "3", "the newest of the rest is the default now"
    plugin.delete(third)
    plugin.delete(second)
    assert api.api.models() == []


def test_a_model_that_is_deployed_is_not_deleted(plugin: Plugin) -> None:
    made = plugin.create(urn("VertexModel"), model_inputs())
    deployed = plugin.create(urn("VertexDeployedModel"), deployed_inputs(made.outputs["resourceName"]))
    with pytest.raises(Failed, match=r"is deployed to .*endpoints/e1; undeploy it first") as refused:
        plugin.delete(made)
    assert refused.value.partial is None
    plugin.delete(deployed)
    plugin.delete(made)


def test_a_preview_knows_the_name_and_not_the_version(plugin: Plugin, api: VertexServer) -> None:
    planned = plugin.create(urn("VertexModel"), model_inputs(), preview=True)
    assert planned.id == ""
    assert planned.outputs["modelId"] == "pricing"
    assert planned.outputs["resourceName"] == "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    assert api.api.requests == []
