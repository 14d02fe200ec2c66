import pytest

from sandbox.metadata import UnknownTypeError
from sandbox.values import UNKNOWN, AssetValue
from tests.sandbox.cloud import Cloud

BUCKET = "aws:s3/bucket:Bucket"
ENDPOINT = "azure-native:machinelearningservices:OnlineEndpoint"
DEPLOYMENT = "azure-native:machinelearningservices:OnlineDeployment"
CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
VERTEX = "gcp:vertex/aiEndpoint:AiEndpoint"
POD = "kubernetes:core/v1:Pod"
WHERE = {"resourceGroupName": "group", "workspaceName": "workspace"}
VARIANT = {"modelName": "model", "variantName": "blue", "initialInstanceCount": 1, "instanceType": "ml.m5.large"}


def test_good_inputs_pass(cloud: Cloud) -> None:
    assert cloud.check(BUCKET, {"forceDestroy": True, "tags": {"owner": "me"}})[1] == []
    assert cloud.check(ENDPOINT, {**WHERE, "properties": {"authMode": "AADToken"}, "identity": {"type": "SystemAssigned"}})[1] == []
    assert cloud.check(VERTEX, {"name": "1234567890", "displayName": "price", "location": "us-central1"})[1] == []
    assert cloud.check(POD, {"spec": {"containers": [{"name": "price", "image": "example.com/price:1"}]}})[1] == []


def test_a_misspelt_property_suggests_the_right_one(cloud: Cloud) -> None:
    assert "forceDestory: unknown property; did you mean 'forceDestroy'?" in cloud.refusal(BUCKET, {"forceDestory": True})


def test_a_misspelt_nested_property_is_named_by_its_path(cloud: Cloud) -> None:
    said = cloud.refusal(CONFIGURATION, {"productionVariants": [{**VARIANT, "instanceTyp": "ml.m5.large"}]})
    assert "productionVariants[0].instanceTyp: unknown property; did you mean 'instanceType'?" in said


def test_an_unknown_property_without_a_neighbour_lists_what_is_known(cloud: Cloud) -> None:
    said = cloud.refusal("aws:kms/alias:Alias", {"targetKeyId": "x", "somethingElse": 1})
    assert "somethingElse: unknown property; known properties: name, namePrefix, region, targetKeyId" in said


def test_a_missing_required_property_is_named(cloud: Cloud) -> None:
    assert "endpointConfigName: missing required property (string)" in cloud.refusal("aws:sagemaker/endpoint:Endpoint", {})
    assert "properties.authMode: missing required property" in cloud.refusal(ENDPOINT, {**WHERE, "properties": {}})


@pytest.mark.parametrize(
    ("token", "inputs", "said"),
    [
        (BUCKET, {"tags": ["a"]}, "tags: ['a'] is a list, expected a map of strings"),
        (BUCKET, {"forceDestroy": "perhaps"}, "forceDestroy: 'perhaps' is a string, expected boolean"),
        (CONFIGURATION, {"productionVariants": "blue"}, "productionVariants: 'blue' is a string, expected a list"),
        (
            CONFIGURATION,
            {"productionVariants": [{**VARIANT, "initialInstanceCount": 1.5}]},
            "initialInstanceCount: 1.5 is a number, expected integer",
        ),
        (ENDPOINT, {**WHERE, "properties": "AADToken"}, "properties: 'AADToken' is a string, expected an object (OnlineEndpointProperties)"),
        (POD, {"spec": {"containers": [{"name": 5}]}}, "spec.containers[0].name: 5 is a number, expected string"),
        ("aws:s3/bucketObjectv2:BucketObjectv2", {"bucket": "b", "source": "file.txt"}, "source: 'file.txt' is a string, expected an asset"),
    ],
)
def test_a_wrong_type_is_refused(cloud: Cloud, token: str, inputs: dict[str, object], said: str) -> None:
    assert said in cloud.refusal(token, inputs)


def test_bridged_providers_turn_text_into_numbers_and_booleans(cloud: Cloud) -> None:
    assert cloud.check(CONFIGURATION, {"productionVariants": [{**VARIANT, "initialInstanceCount": "2"}]})[1] == []
    assert cloud.check(BUCKET, {"forceDestroy": "true"})[1] == []


def test_arm_does_not_turn_text_into_numbers(cloud: Cloud) -> None:
    inputs = {**WHERE, "endpointName": "price", "properties": {"endpointComputeType": "Managed"}, "sku": {"name": "Default", "capacity": "2"}}
    assert "sku.capacity: '2' is a string, expected integer" in cloud.refusal(DEPLOYMENT, inputs)


def test_a_value_outside_an_enumeration_is_refused_with_the_nearest(cloud: Cloud) -> None:
    said = cloud.refusal(ENDPOINT, {**WHERE, "properties": {"authMode": "AADTokn"}})
    assert "properties.authMode: 'AADTokn' is not allowed (did you mean 'AADToken'?); allowed: AMLToken, Key, AADToken" in said


def test_a_value_outside_a_documented_list_is_refused(cloud: Cloud) -> None:
    variant = {**VARIANT, "routingConfigs": [{"routingStrategy": "LEAST"}]}
    said = cloud.refusal(CONFIGURATION, {"productionVariants": [variant]})
    assert "routingStrategy: 'LEAST' is not allowed; allowed: LEAST_OUTSTANDING_REQUESTS, RANDOM" in said
    variant = {**VARIANT, "routingConfigs": [{"routingStrategy": "RANDOM"}]}
    assert cloud.check(CONFIGURATION, {"productionVariants": [variant]})[1] == []


def test_well_known_values_of_an_open_set_are_not_the_only_ones(cloud: Cloud) -> None:
    inputs = {"role": "role", "policyArn": "arn:aws:iam::000000000000:policy/mine"}
    assert cloud.check("aws:iam/rolePolicyAttachment:RolePolicyAttachment", inputs)[1] == []


def test_streams_of_an_extension_are_taken_beside_azure_monitor_s_own(cloud: Cloud) -> None:
    flow = {"streams": ["Microsoft-ContainerInsights-Group-Default"], "destinations": ["workspace"]}
    inputs = {"resourceGroupName": "group", "dataFlows": [flow]}
    assert cloud.check("azure-native:monitor:DataCollectionRule", inputs)[1] == []


def test_the_discriminator_chooses_among_object_types(cloud: Cloud) -> None:
    inputs = {**WHERE, "endpointName": "price", "properties": {"endpointComputeType": "Managed", "egressPublicNetworkAcces": "Disabled"}}
    assert "did you mean 'egressPublicNetworkAccess'?" in cloud.refusal(DEPLOYMENT, inputs)
    inputs["properties"] = {"endpointComputeType": "Kubernetes", "containerResourceRequirements": {"containerResourceLimits": {"cpu": "1"}}}
    assert cloud.check(DEPLOYMENT, inputs)[1] == []


def test_what_a_preview_does_not_know_yet_is_accepted_anywhere(cloud: Cloud) -> None:
    assert cloud.check(CONFIGURATION, {"productionVariants": UNKNOWN, "kmsKeyArn": UNKNOWN})[1] == []
    assert cloud.check(ENDPOINT, {"resourceGroupName": UNKNOWN, "workspaceName": UNKNOWN, "properties": {"authMode": UNKNOWN}})[1] == []


def test_assets_are_accepted_where_the_type_says_so(cloud: Cloud) -> None:
    inputs = {"bucket": "models", "key": "model.tar.gz", "source": AssetValue(kind="asset", hash="1", path="model.tar.gz")}
    assert cloud.check("aws:s3/bucketObjectv2:BucketObjectv2", inputs)[1] == []


def test_integer_or_text_takes_both(cloud: Cloud) -> None:
    token, port = "kubernetes:core/v1:Service", {"port": 80}
    for target in (8080, "http"):
        assert cloud.check(token, {"spec": {"ports": [{**port, "targetPort": target}]}})[1] == []
    assert "targetPort" in cloud.refusal(token, {"spec": {"ports": [{**port, "targetPort": [8080]}]}})


def test_custom_objects_may_have_any_shape(cloud: Cloud) -> None:
    assert cloud.check("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", {"spec": {"rules": []}})[1] == []


def test_an_unknown_type_is_refused_with_the_nearest(cloud: Cloud) -> None:
    with pytest.raises(UnknownTypeError, match=r"no resource type aws:s3/bucket:Buckett\. Did you mean aws:s3/bucket:Bucket"):
        cloud.check("aws:s3/bucket:Buckett", {})


@pytest.mark.parametrize(
    ("traffic", "mirror", "said"),
    [
        ({"blue": 90, "green": 20}, {}, "sums to 110"),
        ({"blue": 150, "green": -50}, {}, "150 is not allowed"),
        ({}, {"green": 60}, "60 is not allowed; allowed: 0 to 50"),
        ({}, {"green": 10, "red": 10}, "allowed is one"),
    ],
)
def test_azure_traffic_is_checked_before_anything_is_made(cloud: Cloud, traffic: dict[str, int], mirror: dict[str, int], said: str) -> None:
    properties = {"authMode": "AADToken", "traffic": traffic, "mirrorTraffic": mirror}
    assert said in cloud.refusal(ENDPOINT, {**WHERE, "properties": properties})


def test_azure_traffic_of_a_hundred_or_of_nothing_passes(cloud: Cloud) -> None:
    for traffic in ({"blue": 90, "green": 10}, {"blue": 0}, {}, {"blue": UNKNOWN, "green": 10}):
        assert cloud.check(ENDPOINT, {**WHERE, "properties": {"authMode": "AADToken", "traffic": traffic}})[1] == []
