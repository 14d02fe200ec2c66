import re

import pytest

from sandbox.naming import DEFAULTS, Mode, Wish
from tests.sandbox.cloud import Cloud

BUCKET = "aws:s3/bucket:Bucket"
TOPIC = "aws:sns/topic:Topic"


@pytest.mark.parametrize(
    ("token", "inputs", "prop", "shape"),
    [
        ("aws:sagemaker/model:Model", {"executionRoleArn": "r", "primaryContainer": {"image": "i"}}, "name", r"thing-[0-9a-f]{7}"),
        (BUCKET, {}, "bucket", r"thing-[0-9a-f]{7}"),
        (
            "aws:rds/instance:Instance",
            {"instanceClass": "db.t3.micro", "engine": "postgres", "allocatedStorage": 20, "username": "u", "manageMasterUserPassword": True},
            "identifier",
            r"thing-[0-9a-f]{7}",
        ),
        ("gcp:compute/network:Network", {}, "name", r"thing-[0-9a-f]{7}"),
        ("azure-native:resources:ResourceGroup", {"location": "westeurope"}, "resourceGroupName", r"thing[0-9a-f]{8}"),
        (
            "azure-native:storage:StorageAccount",
            {"resourceGroupName": "g", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}},
            "accountName",
            r"thing[0-9a-f]{8}",
        ),
        ("azure-native:storage:BlobContainer", {"resourceGroupName": "g", "accountName": "a"}, "containerName", r"thing"),
        (
            "azure-native:authorization:RoleAssignment",
            {"principalId": "p", "roleDefinitionId": "r", "scope": "/subscriptions/x"},
            "roleAssignmentName",
            r"[0-9a-f]{8}-[0-9a-f-]{27}",
        ),
    ],
)
def test_each_cloud_names_as_its_provider_does(cloud: Cloud, token: str, inputs: dict[str, object], prop: str, shape: str) -> None:
    completed, _ = cloud.check(token, inputs)
    assert re.fullmatch(shape, completed[prop])
    assert completed[DEFAULTS] == [prop]


def test_a_given_name_stays(cloud: Cloud) -> None:
    completed, refusals = cloud.check(BUCKET, {"bucket": "mine"})
    assert (completed["bucket"], completed[DEFAULTS], refusals) == ("mine", [], [])


def test_a_prefix_keeps_the_provider_from_naming(cloud: Cloud) -> None:
    assert "name" not in cloud.check(TOPIC, {"namePrefix": "alarms-"})[0]
    topic = cloud.create(TOPIC, namePrefix="alarms-")
    assert re.fullmatch(r"alarms-\d{26}", topic.outputs["name"])


def test_names_depend_on_the_seed_alone(cloud: Cloud) -> None:
    names = [cloud.check(TOPIC, {}, seed=seed)[0]["name"] for seed in (b"one", b"one", b"two")]
    assert names[0] == names[1] != names[2]


def test_a_chosen_name_is_kept_by_later_checks(cloud: Cloud) -> None:
    first, _ = cloud.check(TOPIC, {}, seed=b"one")
    assert cloud.check(TOPIC, {}, old=first, seed=b"two")[0]["name"] == first["name"]


def test_a_name_that_was_given_and_then_removed_is_chosen_anew(cloud: Cloud) -> None:
    first, _ = cloud.check(TOPIC, {"name": "mine"})
    assert cloud.check(TOPIC, {}, old=first)[0]["name"] != "mine"


def test_buckets_are_named_in_small_letters(cloud: Cloud) -> None:
    assert re.fullmatch(r"my-models-[0-9a-f]{7}", cloud.check(BUCKET, {}, name="My_Models")[0]["bucket"])


def test_a_name_that_grows_too_long_is_refused(cloud: Cloud) -> None:
    _, refusals = cloud.check(BUCKET, {}, name="x" * 60)
    assert any("has 68 characters, allowed are 63" in refusal for refusal in refusals)


def test_the_engine_s_naming_options_are_followed(cloud: Cloud) -> None:
    assert cloud.check(TOPIC, {}, wish=Wish(Mode.PROPOSE, "proposed"))[0]["name"] == "proposed"
    assert cloud.check(TOPIC, {}, wish=Wish(Mode.ENFORCE, "enforced"))[0]["name"] == "enforced"
    assert "name" not in cloud.check(TOPIC, {}, wish=Wish(Mode.DISABLE, ""))[0]


def test_kubernetes_objects_are_marked_as_named_by_the_provider(cloud: Cloud) -> None:
    token = "kubernetes:core/v1:ConfigMap"
    first, _ = cloud.check(token, {"data": {"a": "b"}})
    metadata = first["metadata"]
    assert re.fullmatch(r"thing-[0-9a-f]{8}", metadata["name"])
    assert metadata["annotations"] == {"pulumi.com/autonamed": "true"}
    assert cloud.check(token, {}, old=first, seed=b"other")[0]["metadata"]["name"] == metadata["name"]
    assert cloud.check(token, {"metadata": {"name": "mine"}})[0]["metadata"] == {"name": "mine"}
