import re

import pytest

from sandbox.store import Record
from sandbox.values import UNKNOWN
from tests.sandbox.cloud import IMAGE, TRUST, Cloud, urn

GROUP = "azure-native:resources:ResourceGroup"
ML = "azure-native:machinelearningservices"


def group(cloud: Cloud, location: str = "westeurope") -> Record:
    return cloud.create(GROUP, "group", location=location)


def workspace(cloud: Cloud) -> dict[str, str]:
    where = {"resourceGroupName": group(cloud).outputs["name"]}
    made = cloud.create(f"{ML}:Workspace", "workspace", **where, identity={"type": "SystemAssigned"})
    return {**where, "workspaceName": made.outputs["name"]}


def test_aws_ids_and_arns_have_the_real_shape(cloud: Cloud) -> None:
    vpc = cloud.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")
    assert re.fullmatch(r"vpc-[0-9a-f]{17}", vpc.id)
    assert vpc.outputs["arn"] == f"arn:aws:ec2:us-east-1:000000000000:vpc/{vpc.id}"
    role = cloud.create("aws:iam/role:Role", assumeRolePolicy=TRUST)
    assert role.id == role.outputs["name"]
    assert role.outputs["arn"] == f"arn:aws:iam::000000000000:role/{role.id}"
    key = cloud.create("aws:kms/key:Key")
    assert key.outputs["arn"] == f"arn:aws:kms:us-east-1:000000000000:key/{key.outputs['keyId']}"


def test_a_resource_s_own_region_goes_into_its_arn(cloud: Cloud) -> None:
    topic = cloud.create("aws:sns/topic:Topic", region="eu-west-1", name="alarms")
    assert topic.id == "arn:aws:sns:eu-west-1:000000000000:alarms"


def test_default_tags_are_merged(cloud: Cloud) -> None:
    cloud.settings["aws"] = {"defaultTags": {"tags": {"owner": "us", "stage": "dev"}}}
    topic = cloud.create("aws:sns/topic:Topic", tags={"owner": "me"})
    assert topic.outputs["tagsAll"] == {"owner": "me", "stage": "dev"}


def test_a_type_without_a_row_still_gets_an_arn(cloud: Cloud) -> None:
    queue = cloud.create("aws:codebuild/reportGroup:ReportGroup", type="TEST", exportConfig={"type": "NO_EXPORT"})
    assert queue.outputs["arn"].startswith("arn:aws:codebuild:us-east-1:000000000000:reportgroup/")


def test_arm_ids_name_everything_above(cloud: Cloud) -> None:
    endpoint = cloud.create(f"{ML}:OnlineEndpoint", **workspace(cloud), endpointName="price", properties={"authMode": "AADToken"})
    assert re.fullmatch(
        r"/subscriptions/0{8}-0{4}-0{4}-0{4}-0{12}/resourceGroups/group\w{8}/providers/Microsoft\.MachineLearningServices"
        r"/workspaces/workspace\w{8}/onlineEndpoints/price",
        endpoint.id,
    )
    assert endpoint.outputs["type"] == "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
    assert endpoint.outputs["properties"]["scoringUri"] == "https://price.westeurope.inference.ml.azure.com/score"


def test_a_system_identity_gets_a_principal(cloud: Cloud) -> None:
    made = cloud.create(f"{ML}:Workspace", "workspace", resourceGroupName=group(cloud).outputs["name"], identity={"type": "SystemAssigned"})
    assert re.fullmatch(r"[0-9a-f-]{36}", made.outputs["identity"]["principalId"])


def test_a_resource_without_a_location_takes_its_group_s(cloud: Cloud) -> None:
    name = group(cloud, "northeurope").outputs["name"]
    identity = cloud.create("azure-native:managedidentity:UserAssignedIdentity", resourceGroupName=name)
    assert identity.outputs["location"] == "northeurope"


def test_google_ids_and_links_have_the_real_shape(cloud: Cloud) -> None:
    network = cloud.create("gcp:compute/network:Network", name="main")
    assert network.id == "projects/sandbox-project/global/networks/main"
    assert network.outputs["selfLink"] == f"https://www.googleapis.com/compute/v1/{network.id}"
    account = cloud.create("gcp:serviceaccount/account:Account", accountId="serving")
    assert account.outputs["member"] == "serviceAccount:serving@sandbox-project.iam.gserviceaccount.com"
    bucket = cloud.create("gcp:storage/bucket:Bucket", name="models", location="US", labels={"a": "b"})
    assert (bucket.id, bucket.outputs["url"]) == ("models", "gs://models")
    assert bucket.outputs["effectiveLabels"] == {"a": "b", "goog-pulumi-provisioned": "true"}


def test_a_project_given_to_the_resource_or_the_provider_is_used(cloud: Cloud) -> None:
    cloud.settings["gcp"] = {"project": "shop", "region": "europe-west4"}
    assert cloud.create("gcp:compute/network:Network", name="main").id == "projects/shop/global/networks/main"
    assert cloud.create("gcp:compute/network:Network", name="main", project="other").id == "projects/other/global/networks/main"


def test_a_place_given_to_the_resource_leaves_no_other(cloud: Cloud) -> None:
    cloud.settings["gcp"] = {"region": "us-central1"}
    endpoint = cloud.create("gcp:vertex/aiEndpoint:AiEndpoint", name="1234567890", displayName="price", location="europe-west4")
    assert endpoint.outputs.get("region") is None
    assert endpoint.outputs["dedicatedEndpointDns"] == "1234567890.europe-west4-100000000000.prediction.vertexai.goog"


def test_kubernetes_objects_get_a_namespace_and_an_identity(cloud: Cloud) -> None:
    made = cloud.create("kubernetes:core/v1:ConfigMap", metadata={"name": "settings"})
    assert made.id == "default/settings"
    assert made.outputs["apiVersion"] == "v1"
    assert made.outputs["metadata"]["uid"]
    assert cloud.create("kubernetes:core/v1:Namespace", metadata={"name": "serving"}).id == "serving"


def test_a_preview_knows_the_inputs_and_nothing_that_the_cloud_makes_up(cloud: Cloud) -> None:
    token = "aws:sagemaker/model:Model"
    inputs, _ = cloud.check(token, {"executionRoleArn": UNKNOWN, "primaryContainer": {"image": IMAGE}})
    resource_id, outputs = cloud.service.create(urn(token, "thing"), inputs, preview=True, config=cloud.config(token))
    assert resource_id == ""
    assert outputs["name"] == inputs["name"]
    assert outputs["arn"] is UNKNOWN
    assert cloud.store.all() == []


def test_an_update_makes_up_the_same_again(cloud: Cloud) -> None:
    record = cloud.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")
    changed = cloud.update(record, tags={"a": "b"})
    assert {name: changed[name] for name in ("arn", "mainRouteTableId")} == {name: record.outputs[name] for name in ("arn", "mainRouteTableId")}
    assert changed["tagsAll"] == {"a": "b"}


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        ("aws:s3/bucket:Bucket", {"bucket": "models"}),
        ("aws:iam/role:Role", {"name": "serving", "assumeRolePolicy": TRUST}),
        ("gcp:storage/bucket:Bucket", {"name": "models", "location": "US"}),
        ("azure-native:resources:ResourceGroup", {"resourceGroupName": "group", "location": "westeurope"}),
        ("kubernetes:core/v1:ConfigMap", {"metadata": {"name": "settings"}}),
        ("aws:ec2/launchTemplate:LaunchTemplate", {"name": "workers"}),
    ],
)
def test_a_name_that_is_taken_is_refused(cloud: Cloud, token: str, inputs: dict[str, object]) -> None:
    cloud.create(token, "first", **inputs)
    said = cloud.refused_create(token, "second", **inputs)
    assert "already exists" in said or "must be unique" in said


def test_the_same_name_elsewhere_is_another_one(cloud: Cloud) -> None:
    cloud.create("aws:sns/topic:Topic", "first", name="alarms")
    assert cloud.create("aws:sns/topic:Topic", "second", name="alarms", region="eu-west-1")
    cloud.create("kubernetes:core/v1:Namespace", metadata={"name": "serving"})
    cloud.create("kubernetes:core/v1:ConfigMap", "first", metadata={"name": "settings"})
    assert cloud.create("kubernetes:core/v1:ConfigMap", "second", metadata={"name": "settings", "namespace": "serving"})


def test_azure_names_that_are_hostnames_are_unique_over_groups(cloud: Cloud) -> None:
    first = cloud.create(GROUP, "one", location="westeurope").outputs["name"]
    other = cloud.create(GROUP, "two", location="northeurope").outputs["name"]
    account = {"accountName": "models", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    cloud.create("azure-native:storage:StorageAccount", "first", resourceGroupName=first, **account)
    assert "must be unique" in cloud.refused_create("azure-native:storage:StorageAccount", "second", resourceGroupName=other, **account)


def test_a_function_that_publishes_has_a_version_more_after_each_change_of_what_runs(cloud: Cloud) -> None:
    role = cloud.create("aws:iam/role:Role", assumeRolePolicy=TRUST.replace("sagemaker", "lambda"))
    image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/pricing@sha256:" + "a" * 64
    token = "aws:lambda/function:Function"
    made = cloud.create(token, role=role.outputs["arn"], packageType="Image", imageUri=image, publish=True, memorySize=512)
    assert made.outputs["version"] == "1"

    def update(**changes: object) -> dict[str, object]:
        cloud.update(next(record for record in cloud.store.of_type(token)), **changes)
        return next(record for record in cloud.store.of_type(token)).outputs

    assert update(memorySize=1024)["version"] == "2"
    assert update(memorySize=1024, reservedConcurrentExecutions=5, tags={"a": "b"})["version"] == "2"
    again = update(memorySize=2048, reservedConcurrentExecutions=5, tags={"a": "b"})
    assert (again["version"], str(again["qualifiedArn"]).rsplit(":", 1)[1]) == ("3", "3")
