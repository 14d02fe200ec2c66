import pytest

from sandbox.store import Record
from tests.sandbox.cloud import IMAGE, TRUST, Cloud
from tests.sandbox.test_create import GROUP, ML, group, workspace

OTHER_ACCOUNT = "arn:aws:iam::123456789012:role/theirs"


def model(cloud: Cloud, **inputs: object) -> Record:
    role = cloud.create("aws:iam/role:Role", "role", assumeRolePolicy=TRUST)
    return cloud.create("aws:sagemaker/model:Model", "model", executionRoleArn=role.outputs["arn"], primaryContainer={"image": IMAGE}, **inputs)


def configuration(cloud: Cloud, model_name: str, name: str = "settings") -> Record:
    variant = {"modelName": model_name, "variantName": "blue", "initialInstanceCount": 1, "instanceType": "ml.m5.large"}
    return cloud.create("aws:sagemaker/endpointConfiguration:EndpointConfiguration", name, productionVariants=[variant])


def test_names_that_exist_are_accepted(cloud: Cloud) -> None:
    settings = configuration(cloud, model(cloud).outputs["name"])
    assert cloud.create("aws:sagemaker/endpoint:Endpoint", endpointConfigName=settings.outputs["name"])


def test_a_name_of_nothing_is_refused(cloud: Cloud) -> None:
    said = cloud.refused_create("aws:sagemaker/endpoint:Endpoint", endpointConfigName="nothing")
    assert "endpointConfigName: 'nothing' names nothing: there is no such EndpointConfiguration" in said


def test_a_name_in_a_list_is_refused_with_its_place(cloud: Cloud) -> None:
    variant = {"modelName": "nothing", "variantName": "blue", "initialInstanceCount": 1, "instanceType": "ml.m5.large"}
    said = cloud.refused_create("aws:sagemaker/endpointConfiguration:EndpointConfiguration", productionVariants=[variant])
    assert "productionVariants[0].modelName: 'nothing' names nothing" in said


def test_an_arn_of_the_sandbox_s_account_must_exist(cloud: Cloud) -> None:
    container = {"image": IMAGE}
    token = "aws:sagemaker/model:Model"
    said = cloud.refused_create(token, executionRoleArn="arn:aws:iam::000000000000:role/nobody", primaryContainer=container)
    assert "executionRoleArn: 'arn:aws:iam::000000000000:role/nobody' names nothing" in said
    assert cloud.create(token, executionRoleArn=OTHER_ACCOUNT, primaryContainer=container)


def test_arns_are_found_without_a_row_naming_the_property(cloud: Cloud) -> None:
    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    role = cloud.create("aws:iam/role:Role", assumeRolePolicy=TRUST).outputs["name"]
    managed = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    assert cloud.create(token, "managed", role=role, policyArn=managed)
    assert "names nothing" in cloud.refused_create(token, "dangling", role=role, policyArn="arn:aws:iam::000000000000:policy/nothing")


def test_an_image_in_the_sandbox_s_registry_needs_its_repository(cloud: Cloud) -> None:
    image = "000000000000.dkr.ecr.us-east-1.amazonaws.com/price@sha256:" + "0" * 64
    inputs = {"executionRoleArn": OTHER_ACCOUNT, "primaryContainer": {"image": image}}
    assert "aws:ecr/repository:Repository" in cloud.refused_create("aws:sagemaker/model:Model", **inputs)
    cloud.create("aws:ecr/repository:Repository", name="price")
    assert cloud.create("aws:sagemaker/model:Model", **inputs)


def test_model_data_must_be_in_the_bucket_when_the_bucket_is_here(cloud: Cloud) -> None:
    bucket = cloud.create("aws:s3/bucket:Bucket", bucket="models")
    inputs = {"executionRoleArn": OTHER_ACCOUNT, "primaryContainer": {"image": IMAGE, "modelDataUrl": "s3://models/price/model.tar.gz"}}
    assert "bucket 'models' holds no object 'price/model.tar.gz'" in cloud.refused_create("aws:sagemaker/model:Model", **inputs)
    cloud.create("aws:s3/bucketObjectv2:BucketObjectv2", bucket=bucket.id, key="price/model.tar.gz", content="model")
    assert cloud.create("aws:sagemaker/model:Model", **inputs)
    elsewhere = {**inputs, "primaryContainer": {"image": IMAGE, "modelDataUrl": "s3://somebody-elses/model.tar.gz"}}
    assert cloud.create("aws:sagemaker/model:Model", "other", **elsewhere)


def test_network_ids_must_exist(cloud: Cloud) -> None:
    subnet = {"cidrBlock": "10.0.0.0/24"}
    assert "vpcId: 'vpc-0123456789abcdef0' names nothing" in cloud.refused_create("aws:ec2/subnet:Subnet", vpcId="vpc-0123456789abcdef0", **subnet)
    vpc = cloud.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")
    assert cloud.create("aws:ec2/subnet:Subnet", vpcId=vpc.id, **subnet)


def test_scaling_targets_must_exist(cloud: Cloud) -> None:
    target = {"serviceNamespace": "sagemaker", "scalableDimension": "sagemaker:variant:DesiredInstanceCount", "minCapacity": 1, "maxCapacity": 2}
    token = "aws:appautoscaling/target:Target"
    assert "there is no SageMaker endpoint 'gone'" in cloud.refused_create(token, resourceId="endpoint/gone/variant/blue", **target)
    settings = configuration(cloud, model(cloud).outputs["name"])
    endpoint = cloud.create("aws:sagemaker/endpoint:Endpoint", endpointConfigName=settings.outputs["name"]).outputs["name"]
    assert "the endpoint's variants are blue" in cloud.refused_create(token, resourceId=f"endpoint/{endpoint}/variant/green", **target)
    assert cloud.create(token, resourceId=f"endpoint/{endpoint}/variant/blue", **target)


def test_a_resource_group_must_exist(cloud: Cloud) -> None:
    token = "azure-native:managedidentity:UserAssignedIdentity"
    assert "there is no resource group 'nowhere'" in cloud.refused_create(token, resourceGroupName="nowhere", location="westeurope")
    assert cloud.create(token, resourceGroupName=group(cloud).outputs["name"])


def test_what_holds_an_arm_resource_must_exist(cloud: Cloud) -> None:
    where = {"resourceGroupName": group(cloud).outputs["name"], "workspaceName": "nowhere"}
    said = cloud.refused_create(f"{ML}:OnlineEndpoint", **where, endpointName="price", properties={"authMode": "AADToken"})
    assert "there is no Microsoft.MachineLearningServices/workspaces 'nowhere'" in said


def test_arm_names_are_compared_without_case(cloud: Cloud) -> None:
    where = workspace(cloud)
    upper = {name: value.upper() for name, value in where.items()}
    assert cloud.create(f"{ML}:OnlineEndpoint", **upper, endpointName="price", properties={"authMode": "AADToken"})


def test_an_arm_id_of_nothing_is_refused_anywhere(cloud: Cloud) -> None:
    name = group(cloud).outputs["name"]
    gone = f"/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/{name}/providers/Microsoft.Storage/storageAccounts/gone"
    said = cloud.refused_create(f"{ML}:Workspace", resourceGroupName=name, identity={"type": "SystemAssigned"}, storageAccount=gone)
    assert "storageAccount" in said
    assert "microsoft.storage/storageaccounts" in said


def test_arm_ids_of_other_subscriptions_and_built_in_roles_are_left_alone(cloud: Cloud) -> None:
    made = group(cloud)
    reader = (
        "/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
    )
    assignment = {"principalId": "11111111-2222-4333-8444-555555555555", "roleDefinitionId": reader, "principalType": "ServicePrincipal"}
    assert cloud.create("azure-native:authorization:RoleAssignment", scope=made.id, **assignment)
    theirs = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/x/providers/Microsoft.Storage/storageAccounts/theirs"
    inputs = {"resourceGroupName": made.outputs["name"], "identity": {"type": "SystemAssigned"}, "storageAccount": theirs}
    assert cloud.create(f"{ML}:Workspace", **inputs)


def test_parts_written_inside_a_resource_are_found(cloud: Cloud) -> None:
    name = group(cloud).outputs["name"]
    network = cloud.create(
        "azure-native:network:VirtualNetwork",
        resourceGroupName=name,
        addressSpace={"addressPrefixes": ["10.0.0.0/16"]},
        subnets=[{"name": "endpoints", "addressPrefix": "10.0.0.0/24"}],
    )
    connection = {"name": "blob", "privateLinkServiceId": network.id, "groupIds": ["blob"]}
    inputs = {"resourceGroupName": name, "privateLinkServiceConnections": [connection]}
    token = "azure-native:network:PrivateEndpoint"
    assert cloud.create(token, "good", subnet={"id": f"{network.id}/subnets/endpoints"}, **inputs)
    assert "names nothing" in cloud.refused_create(token, "bad", subnet={"id": f"{network.id}/subnets/others"}, **inputs)


def test_google_names_of_the_project_must_exist(cloud: Cloud) -> None:
    endpoint = {"name": "1234567890", "displayName": "price", "location": "us-central1"}
    token = "gcp:vertex/aiEndpoint:AiEndpoint"
    gone = "projects/sandbox-project/locations/us-central1/keyRings/ring/cryptoKeys/gone"
    assert "names nothing" in cloud.refused_create(token, encryptionSpec={"kmsKeyName": gone}, **endpoint)
    theirs = "projects/theirs/locations/us-central1/keyRings/ring/cryptoKeys/key"
    assert "names nothing" in cloud.refused_create(token, encryptionSpec={"kmsKeyName": gone.replace("gone", "other")}, **endpoint)
    ring = cloud.create("gcp:kms/keyRing:KeyRing", location="us-central1")
    key = cloud.create("gcp:kms/cryptoKey:CryptoKey", keyRing=ring.id, purpose="ENCRYPT_DECRYPT")
    assert cloud.create(token, encryptionSpec={"kmsKeyName": key.id}, **endpoint)
    assert cloud.create(token, "theirs", encryptionSpec={"kmsKeyName": theirs}, **{**endpoint, "name": "1234567891"})


def test_google_networks_are_found_by_name_and_by_link(cloud: Cloud) -> None:
    network = cloud.create("gcp:compute/network:Network", name="main", autoCreateSubnetworks=False)
    subnet = {"ipCidrRange": "10.0.0.0/24", "region": "us-central1"}
    token = "gcp:compute/subnetwork:Subnetwork"
    for name, value in (("byname", "main"), ("byid", network.id), ("bylink", network.outputs["selfLink"])):
        assert cloud.create(token, name, network=value, **subnet)
    assert "names nothing" in cloud.refused_create(token, network="gone", **subnet)
    assert cloud.create(token, "default", network="default", **subnet)


def test_a_namespace_must_exist(cloud: Cloud) -> None:
    token = "kubernetes:core/v1:ConfigMap"
    assert "there is no namespace 'serving'" in cloud.refused_create(token, metadata={"namespace": "serving"})
    cloud.create("kubernetes:core/v1:Namespace", metadata={"name": "serving"})
    assert cloud.create(token, metadata={"namespace": "serving"})


def test_references_are_checked_by_updates_too(cloud: Cloud) -> None:
    settings = configuration(cloud, model(cloud).outputs["name"])
    endpoint = cloud.create("aws:sagemaker/endpoint:Endpoint", endpointConfigName=settings.outputs["name"])
    assert "names nothing" in cloud.refused_update(endpoint, endpointConfigName="gone")


def test_the_group_of_a_scope_must_exist(cloud: Cloud) -> None:
    reader = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
    assignment = {"principalId": "11111111-2222-4333-8444-555555555555", "roleDefinitionId": reader, "principalType": "ServicePrincipal"}
    scope = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/gone"
    assert "names nothing" in cloud.refused_create("azure-native:authorization:RoleAssignment", scope=scope, **assignment)
    assert cloud.create(GROUP, "other", location="westeurope")


def test_an_alarm_may_act_on_a_topic_or_on_a_scaling_policy_that_exist(cloud: Cloud) -> None:
    alarm = {"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "metricName": "m", "namespace": "n", "threshold": 1, "period": 60}
    alarm |= {"statistic": "Sum"}
    token = "aws:cloudwatch/metricAlarm:MetricAlarm"
    topic = cloud.create("aws:sns/topic:Topic")
    settings = configuration(cloud, model(cloud).outputs["name"])
    endpoint = cloud.create("aws:sagemaker/endpoint:Endpoint", endpointConfigName=settings.outputs["name"]).outputs["name"]
    place = {
        "serviceNamespace": "sagemaker",
        "scalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "resourceId": f"endpoint/{endpoint}/variant/blue",
    }
    cloud.create("aws:appautoscaling/target:Target", minCapacity=1, maxCapacity=2, **place)
    step = {"adjustmentType": "ChangeInCapacity", "stepAdjustments": [{"scalingAdjustment": 1, "metricIntervalLowerBound": "0"}]}
    policy = cloud.create("aws:appautoscaling/policy:Policy", policyType="StepScaling", stepScalingPolicyConfiguration=step, **place)
    assert cloud.create(token, alarmActions=[topic.id, policy.outputs["arn"], "arn:aws:automate:us-east-1:ec2:recover"], **alarm)
    gone = "arn:aws:sns:us-east-1:000000000000:gone"
    assert f"alarmActions[0]: '{gone}' names nothing" in cloud.refused_create(token, "dangling", alarmActions=[gone], **alarm)


def test_notes_environments_and_policies_are_not_read_for_references(cloud: Cloud) -> None:
    gone = "arn:aws:sns:us-east-1:000000000000:gone"
    container = {"image": IMAGE, "environment": {"TOPIC": gone}}
    assert cloud.create("aws:sagemaker/model:Model", executionRoleArn=OTHER_ACCOUNT, primaryContainer=container, tags={"topic": gone})


def test_the_address_of_a_method_is_about_the_resource_before_it(cloud: Cloud) -> None:
    template = {"template": {"containers": [{"image": "europe-west1-docker.pkg.dev/p/r/i@sha256:" + "0" * 64}]}}
    cloud.create("gcp:cloudrunv2/job:Job", name="nightly", location="europe-west1", template=template)
    jobs = "https://run.googleapis.com/v2/projects/sandbox-project/locations/europe-west1/jobs"
    token = "gcp:cloudscheduler/job:Job"
    assert cloud.create(token, name="a", region="europe-west1", schedule="0 3 * * *", httpTarget={"uri": f"{jobs}/nightly:run", "httpMethod": "POST"})
    said = cloud.refused_create(token, name="b", region="europe-west1", schedule="0 3 * * *", httpTarget={"uri": f"{jobs}/nothing:run"})
    assert "there is no such gcp:cloudrunv2/job:Job" in said


def test_whoever_asks_is_there(cloud: Cloud) -> None:
    cluster = cloud.create("aws:eks/cluster:Cluster", name="models", roleArn="arn:aws:iam::111122223333:role/eks", vpcConfig={"subnetIds": []})
    asks = cloud.service.invoke("aws:index/getCallerIdentity:getCallerIdentity", {}, cloud.config("aws:index/getCallerIdentity:getCallerIdentity"))
    cloud.create("aws:eks/accessEntry:AccessEntry", clusterName=cluster.id, principalArn=asks["arn"])
    with pytest.raises(Exception, match="names nothing"):
        cloud.create("aws:eks/accessEntry:AccessEntry", clusterName=cluster.id, principalArn="arn:aws:iam::000000000000:user/nobody")


def test_dead_letters_and_lists_of_topics_need_what_they_are_for(cloud: Cloud) -> None:
    events = cloud.create("gcp:pubsub/topic:Topic", "events")
    token = "gcp:pubsub/subscription:Subscription"
    policy = {"deadLetterTopic": "projects/sandbox-project/topics/nothing", "maxDeliveryAttempts": 5}
    assert "there is no such Topic" in cloud.refused_create(token, topic=events.id, deadLetterPolicy=policy)
    letters = cloud.create("gcp:pubsub/topic:Topic", "letters")
    assert cloud.create(token, topic=events.id, deadLetterPolicy={**policy, "deadLetterTopic": letters.id})
    entry = {"principal": "User:a@example.com", "operation": "READ", "permissionType": "ALLOW", "host": "*"}
    said = cloud.refused_create("gcp:managedkafka/acl:Acl", aclId="topic/events", cluster="nothing", location="europe-west1", aclEntries=[entry])
    assert "there is no such Cluster" in said
