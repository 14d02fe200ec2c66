import pytest

from sandbox.diff import Change, compare
from sandbox.values import UNKNOWN, AssetValue
from sandbox.wire import text_of
from tests.sandbox.cloud import IMAGE, TRUST, Cloud
from tests.sandbox.test_create import ML, group, workspace
from tests.sandbox.test_references import configuration, model


def changed(old: dict[str, object], new: dict[str, object]) -> dict[str, Change]:
    return {text_of(item.path): item.change for item in compare(old, new)}


def test_differences_are_named_by_their_innermost_paths() -> None:
    old = {"tags": {"a": "1", "b": "2"}, "containers": [{"image": "x"}], "gone": 1}
    new = {"tags": {"a": "1", "b": "3", "c": "4"}, "containers": [{"image": "y"}, {"image": "z"}]}
    assert changed(old, new) == {
        "tags.b": Change.UPDATE,
        "tags.c": Change.ADD,
        "containers[0].image": Change.UPDATE,
        "containers[1]": Change.ADD,
        "gone": Change.DELETE,
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"a": None}, {}),
        ({"count": 1}, {"count": "1"}),
        ({"on": True}, {"on": "true"}),
        ({"policy": '{"a": 1, "b": [2]}'}, {"policy": '{"b":[2],"a":1}'}),
        ({"source": AssetValue(kind="asset", hash="1", path="here")}, {"source": AssetValue(kind="asset", hash="1", path="there")}),
        ({"__defaults": ["name"]}, {"__defaults": []}),
    ],
)
def test_what_says_the_same_is_no_difference(old: dict[str, object], new: dict[str, object]) -> None:
    assert changed(old, new) == {}


def test_what_is_not_known_yet_may_differ() -> None:
    assert changed({"a": 1}, {"a": UNKNOWN}) == {"a": Change.UPDATE}
    assert changed({"source": AssetValue(kind="asset", hash="1")}, {"source": AssetValue(kind="asset", hash="2")}) == {"source": Change.UPDATE}


def test_an_update_in_place_replaces_nothing(cloud: Cloud) -> None:
    topic = cloud.create("aws:sns/topic:Topic")
    diff = cloud.diff(topic, displayName="alarms", tags={"a": "b"})
    assert {text_of(item.path) for item in diff.differences} == {"displayName", "tags"}
    assert not diff.replacing


def test_no_change_is_none(cloud: Cloud) -> None:
    assert cloud.diff(cloud.create("aws:sns/topic:Topic")).differences == []


def test_a_model_is_replaced_and_its_endpoint_updated(cloud: Cloud) -> None:
    made = model(cloud)
    diff = cloud.diff(made, primaryContainer={"image": IMAGE, "environment": {"VERSION": "2"}})
    assert diff.replacing
    assert not diff.delete_first  # auto-named: the new one is made first
    settings = configuration(cloud, made.outputs["name"])
    other = configuration(cloud, made.outputs["name"], "other")
    endpoint = cloud.create("aws:sagemaker/endpoint:Endpoint", endpointConfigName=settings.outputs["name"])
    assert not cloud.diff(endpoint, endpointConfigName=other.outputs["name"]).replacing


def test_a_fixed_name_must_go_before_its_successor_comes(cloud: Cloud) -> None:
    role = cloud.create("aws:iam/role:Role", name="serving", assumeRolePolicy=TRUST)
    assert cloud.diff(role, path="/models/").delete_first
    renamed = cloud.diff(role, name="other")
    assert renamed.replacing
    assert not renamed.delete_first


def test_a_resource_with_a_made_up_id_is_replaced_beside_the_old_one(cloud: Cloud) -> None:
    vpc = cloud.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")
    diff = cloud.diff(vpc, cidrBlock="10.1.0.0/16")
    assert diff.replacing
    assert not diff.delete_first


def test_arm_path_and_location_are_immutable(cloud: Cloud) -> None:
    where = workspace(cloud)
    endpoint = cloud.create(f"{ML}:OnlineEndpoint", **where, endpointName="price", properties={"authMode": "AADToken"})
    assert cloud.diff(endpoint, endpointName="other").replacing
    assert cloud.diff(endpoint, location="northeurope").replacing
    assert not cloud.diff(endpoint, properties={"authMode": "AADToken", "traffic": {"blue": 100}}).replacing
    switched = cloud.diff(endpoint, properties={"authMode": "Key"})
    assert switched.replacing
    assert switched.delete_first


def test_the_same_location_in_other_letters_is_no_move(cloud: Cloud) -> None:
    made = group(cloud, "westeurope")
    assert not cloud.diff(made, location="West Europe").replacing


def test_documented_immutability_replaces(cloud: Cloud) -> None:
    name = group(cloud).outputs["name"]
    server = cloud.create(
        "azure-native:sql:Server",
        resourceGroupName=name,
        administrators={
            "administratorType": "ActiveDirectory",
            "azureADOnlyAuthentication": True,
            "login": "x",
            "sid": "11111111-2222-4333-8444-555555555555",
            "tenantId": "11111111-2222-4333-8444-666666666666",
        },
    )
    assert cloud.diff(server, administratorLogin="other").replacing
    assert not cloud.diff(server, publicNetworkAccess="Disabled").replacing


def test_google_places_and_names_are_immutable(cloud: Cloud) -> None:
    bucket = cloud.create("gcp:storage/bucket:Bucket", name="models", location="US")
    assert cloud.diff(bucket, location="EU").replacing
    assert cloud.diff(bucket, project="other").replacing
    assert not cloud.diff(bucket, labels={"a": "b"}).replacing


def test_kubernetes_selectors_are_immutable_and_replicas_are_not(cloud: Cloud) -> None:
    labels = {"app": "price"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "price", "image": "example.com/price:1"}]}}
    spec = {"selector": {"matchLabels": labels}, "replicas": 1, "template": template}
    made = cloud.create("kubernetes:apps/v1:Deployment", metadata={"name": "price"}, spec=spec)
    assert not cloud.diff(made, spec={**spec, "replicas": 2}).replacing
    other = {"app": "other"}
    moved = cloud.diff(made, spec={**spec, "selector": {"matchLabels": other}, "template": {**template, "metadata": {"labels": other}}})
    assert moved.replacing
    assert moved.delete_first


def test_ignored_changes_are_none(cloud: Cloud) -> None:
    topic = cloud.create("aws:sns/topic:Topic")
    new = {**topic.inputs, "displayName": "alarms"}
    config = cloud.config(topic.token)
    assert cloud.service.diff(topic.urn, topic.id, topic.inputs, new, ignore=frozenset({"displayName"}), config=config).differences == []
