from sandbox.drift import edit
from tests.sandbox.cloud import Cloud, urn
from tests.sandbox.test_create import group

BUCKET = "aws:s3/bucket:Bucket"


def test_read_gives_what_exists(cloud: Cloud) -> None:
    bucket = cloud.create(BUCKET, tags={"owner": "me"})
    found = cloud.service.read(bucket.urn, bucket.id, bucket.inputs, bucket.outputs, config=cloud.config(BUCKET))
    assert found == (bucket.inputs, bucket.outputs)


def test_read_by_id_alone_gives_the_inputs_for_an_import(cloud: Cloud) -> None:
    bucket = cloud.create(BUCKET, bucket="models")
    found = cloud.service.read(urn(BUCKET, "imported"), "models", {}, {}, config=cloud.config(BUCKET))
    assert found is not None
    assert found[0]["bucket"] == "models"
    assert found[1]["arn"] == bucket.outputs["arn"]


def test_read_of_nothing_is_nothing(cloud: Cloud) -> None:
    assert cloud.service.read(urn(BUCKET, "x"), "nothing", {}, {}, config=cloud.config(BUCKET)) is None


def test_arm_ids_are_read_in_any_letters(cloud: Cloud) -> None:
    made = group(cloud)
    assert cloud.service.read(made.urn, made.id.upper(), {}, {}, config=cloud.config(made.token))


def test_a_change_behind_pulumi_s_back_is_seen(cloud: Cloud) -> None:
    bucket = cloud.create(BUCKET, tags={"owner": "me"})
    edit(cloud.store, bucket, ["tags", "owner"], "somebody")
    found = cloud.service.read(bucket.urn, bucket.id, bucket.inputs, bucket.outputs, config=cloud.config(BUCKET))
    assert found is not None
    assert found[0]["tags"] == found[1]["tags"] == {"owner": "somebody"}


def test_a_property_removed_behind_pulumi_s_back_is_seen(cloud: Cloud) -> None:
    bucket = cloud.create(BUCKET, tags={"owner": "me"})
    edit(cloud.store, bucket, ["tags"], None)
    found = cloud.service.read(bucket.urn, bucket.id, bucket.inputs, bucket.outputs, config=cloud.config(BUCKET))
    assert found is not None
    assert "tags" not in found[0]


def test_an_item_of_a_list_can_be_changed(cloud: Cloud) -> None:
    variant = {"variantName": "blue", "initialInstanceCount": 1, "instanceType": "ml.m5.large", "modelName": "m"}
    record = cloud.create("aws:sns/topic:Topic")
    edit(cloud.store, record, ["list"], [variant])
    record = cloud.store.all()[0]
    edit(cloud.store, record, ["list", "0", "initialInstanceCount"], 3)
    assert cloud.store.all()[0].outputs["list"][0]["initialInstanceCount"] == 3
