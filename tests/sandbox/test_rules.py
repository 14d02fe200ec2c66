import pytest

from sandbox.store import Record
from tests.sandbox.cloud import TRUST, Cloud
from tests.sandbox.test_create import ML, group, workspace
from tests.sandbox.test_references import configuration, model

MANAGED = {"endpointComputeType": "Managed", "instanceType": "Standard_DS3_v2"}


def endpoint_with(cloud: Cloud, *deployments: str) -> tuple[Record, list[Record]]:
    where = workspace(cloud)
    endpoint = cloud.create(f"{ML}:OnlineEndpoint", **where, endpointName="price", properties={"authMode": "AADToken"})
    sku = {"name": "Default", "capacity": 1}
    made = [
        cloud.create(f"{ML}:OnlineDeployment", name, **where, endpointName="price", deploymentName=name, properties=MANAGED, sku=sku)
        for name in deployments
    ]
    return endpoint, made


def give(cloud: Cloud, endpoint: Record, **traffic: int) -> None:
    cloud.update(endpoint, properties={"authMode": "AADToken", "traffic": traffic})


def test_traffic_cannot_be_given_to_a_new_endpoint(cloud: Cloud) -> None:
    where = workspace(cloud)
    said = cloud.refused_create(f"{ML}:OnlineEndpoint", **where, endpointName="price", properties={"authMode": "AADToken", "traffic": {"blue": 100}})
    assert "properties.traffic.blue: the endpoint has no deployment 'blue'; deployments: none" in said


def test_traffic_names_existing_deployments(cloud: Cloud) -> None:
    endpoint, _ = endpoint_with(cloud, "blue", "green")
    give(cloud, endpoint, blue=90, green=10)
    said = cloud.refused_update(endpoint, properties={"authMode": "AADToken", "traffic": {"red": 100}})
    assert "no deployment 'red'; deployments: blue, green" in said


def test_a_deployment_with_traffic_cannot_be_deleted(cloud: Cloud) -> None:
    endpoint, (blue, green) = endpoint_with(cloud, "blue", "green")
    give(cloud, endpoint, blue=100, green=0)
    assert "deployment 'blue' takes 100% of the traffic" in cloud.refused_delete(blue)
    cloud.delete(green)
    give(cloud, endpoint, blue=0)
    cloud.delete(blue)


def test_mirrored_traffic_is_not_for_those_that_take_live_traffic(cloud: Cloud) -> None:
    endpoint, _ = endpoint_with(cloud, "blue", "green")
    mirrored = {"authMode": "AADToken", "traffic": {"blue": 100}, "mirrorTraffic": {"green": 10}}
    cloud.update(endpoint, properties=mirrored)
    assert "takes live traffic" in cloud.refused_update(endpoint, properties={**mirrored, "mirrorTraffic": {"blue": 10}})


def test_a_schedule_that_is_on_cannot_be_deleted(cloud: Cloud) -> None:
    trigger = {"triggerType": "Cron", "expression": "0 6 * * 1"}
    action = {"actionType": "CreateJob", "jobDefinition": {"jobType": "Command", "command": "true", "environmentId": "azureml:environment:1"}}
    schedule = cloud.create(f"{ML}:Schedule", **workspace(cloud), properties={"trigger": trigger, "action": action})
    assert "properties.isEnabled: is true: switch the schedule off" in cloud.refused_delete(schedule)
    cloud.update(schedule, properties={"trigger": trigger, "action": action, "isEnabled": False})
    cloud.delete(schedule)


def run_service(revision: str, image: str, traffics: list[dict[str, object]]) -> dict[str, object]:
    return {
        "name": "price",
        "location": "europe-west1",
        "template": {"revision": revision, "containers": [{"image": image}]},
        "traffics": [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", **each} for each in traffics],
    }


def test_a_new_service_has_the_revision_of_its_template_only(cloud: Cloud) -> None:
    token = "gcp:cloudrunv2/service:Service"
    shared = [{"revision": "price-1", "percent": 90}, {"revision": "price-2", "percent": 10}]
    said = cloud.refused_create(token, **run_service("price-2", "eu.gcr.io/p/two", shared))
    assert "traffics[0].revision: 'price-1' names nothing: the new service has the revision 'price-2' only" in said
    service = cloud.create(token, **run_service("price-1", "eu.gcr.io/p/one", [{"revision": "price-1", "percent": 100}]))
    cloud.update(service, **run_service("price-2", "eu.gcr.io/p/two", shared))


def test_a_revision_does_not_change(cloud: Cloud) -> None:
    all_of_it = [{"revision": "price-1", "percent": 100}]
    service = cloud.create("gcp:cloudrunv2/service:Service", **run_service("price-1", "eu.gcr.io/p/one", all_of_it))
    said = cloud.refused_update(service, **run_service("price-1", "eu.gcr.io/p/two", all_of_it))
    assert "template.revision: 'price-1' is a revision already, with another template: give it another name" in said
    cloud.update(service, **run_service("price-1", "eu.gcr.io/p/one", [{"revision": "price-1", "percent": 100, "tag": "v1"}]))


def test_event_hubs_adds_partitions_in_premium_alone_and_takes_none_away(cloud: Cloud) -> None:
    where = {"resourceGroupName": group(cloud).outputs["name"]}
    hubs: dict[str, Record] = {}
    for tier in ("Premium", "Standard"):
        namespace = cloud.create("azure-native:eventhub:Namespace", tier.lower(), **where, sku={"name": tier, "tier": tier})
        inside = {**where, "namespaceName": namespace.outputs["name"], "eventHubName": "events"}
        hubs[tier] = cloud.create("azure-native:eventhub:EventHub", **inside, partitionCount=4)
    before = hubs["Premium"].id
    cloud.update(hubs["Premium"], partitionCount=8)
    assert hubs["Premium"].id == before
    assert "8 there are: partitions are only added" in cloud.refused_update(hubs["Premium"], partitionCount=4)
    assert "added in the tier Premium alone" in cloud.refused_update(hubs["Standard"], partitionCount=8)
    cloud.update(hubs["Standard"], partitionCount=4)


def test_deleting_an_endpoint_deletes_its_deployments(cloud: Cloud) -> None:
    endpoint, deployments = endpoint_with(cloud, "blue", "green")
    give(cloud, endpoint, blue=100)
    cloud.delete(endpoint)
    assert not any(cloud.exists(record) for record in deployments)


def test_deleting_a_group_deletes_all_in_it(cloud: Cloud) -> None:
    endpoint_with(cloud, "blue")
    cloud.delete(cloud.store.of_type("azure-native:resources:ResourceGroup")[0])
    assert cloud.store.all() == []


def test_a_configuration_in_use_cannot_be_deleted(cloud: Cloud) -> None:
    settings = configuration(cloud, model(cloud).outputs["name"])
    endpoint = cloud.create("aws:sagemaker/endpoint:Endpoint", endpointConfigName=settings.outputs["name"])
    said = cloud.refused_delete(settings)
    assert f"still in use by aws:sagemaker/endpoint:Endpoint '{endpoint.id}' (its endpointConfigName)" in said
    other = configuration(cloud, cloud.store.of_type("aws:sagemaker/model:Model")[0].outputs["name"], "other")
    cloud.update(endpoint, endpointConfigName=other.outputs["name"])
    cloud.delete(settings)
    assert not cloud.exists(settings)


def test_a_network_in_use_cannot_be_deleted(cloud: Cloud) -> None:
    vpc = cloud.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")
    subnet = cloud.create("aws:ec2/subnet:Subnet", vpcId=vpc.id, cidrBlock="10.0.0.0/24")
    assert f"still in use by aws:ec2/subnet:Subnet '{subnet.id}'" in cloud.refused_delete(vpc)
    cloud.delete(subnet)
    cloud.delete(vpc)


def test_who_refers_to_a_thing_does_not_hold_another_that_refers_to_it_too(cloud: Cloud) -> None:
    topic = cloud.create("aws:sns/topic:Topic")
    subscription = cloud.create("aws:sns/topicSubscription:TopicSubscription", topic=topic.id, protocol="email", endpoint="team@example.com")
    alarm = {"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "metricName": "m", "namespace": "n", "threshold": 1, "period": 60}
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:Publish","Principal":"*","Resource":"*"}]}'
    policy = cloud.create("aws:sns/topicPolicy:TopicPolicy", arn=topic.id, policy=document)
    cloud.create("aws:cloudwatch/metricAlarm:MetricAlarm", statistic="Sum", alarmActions=[topic.id], **alarm)
    assert policy.id == topic.id
    cloud.delete(policy)
    cloud.delete(subscription)


def test_an_azure_network_in_use_cannot_be_deleted_but_an_account_can(cloud: Cloud) -> None:
    name = group(cloud).outputs["name"]
    account = cloud.create("azure-native:storage:StorageAccount", "models", resourceGroupName=name, kind="StorageV2", sku={"name": "Standard_LRS"})
    cloud.create(f"{ML}:Workspace", "workspace", resourceGroupName=name, identity={"type": "SystemAssigned"}, storageAccount=account.id)
    network = cloud.create("azure-native:network:VirtualNetwork", resourceGroupName=name, addressSpace={"addressPrefixes": ["10.0.0.0/16"]})
    where = {"resourceGroupName": name, "virtualNetworkName": network.outputs["name"]}
    subnet = cloud.create("azure-native:network:Subnet", **where, subnetName="endpoints", addressPrefix="10.0.0.0/24")
    connection = {"name": "blob", "privateLinkServiceId": account.id, "groupIds": ["blob"]}
    inputs = {"resourceGroupName": name, "privateLinkServiceConnections": [connection], "subnet": {"id": subnet.id}}
    endpoint = cloud.create("azure-native:network:PrivateEndpoint", **inputs)
    assert f"still in use by azure-native:network:PrivateEndpoint '{endpoint.id}'" in cloud.refused_delete(subnet)
    cloud.delete(account)


def test_a_vertex_endpoint_with_models_cannot_be_deleted(cloud: Cloud) -> None:
    endpoint = cloud.create("gcp:vertex/aiEndpoint:AiEndpoint", name="1234567890", displayName="price", location="us-central1")
    cloud.deployed[endpoint.id] = ["77"]
    assert "models are still deployed to the endpoint (77)" in cloud.refused_delete(endpoint)
    cloud.deployed.clear()
    cloud.delete(endpoint)


@pytest.mark.parametrize(
    ("bucket", "item", "name", "content"),
    [
        ("aws:s3/bucket:Bucket", "aws:s3/bucketObjectv2:BucketObjectv2", "bucket", {"key": "a"}),
        ("gcp:storage/bucket:Bucket", "gcp:storage/bucketObject:BucketObject", "name", {"name": "a"}),
    ],
)
def test_a_bucket_with_objects_needs_force(cloud: Cloud, bucket: str, item: str, name: str, content: dict[str, str]) -> None:
    inputs = {name: "models", **({"location": "US"} if bucket.startswith("gcp") else {})}
    made = cloud.create(bucket, **inputs)
    cloud.create(item, bucket="models", content="x", **content)
    assert "the bucket is not empty" in cloud.refused_delete(made)
    cloud.update(made, forceDestroy=True)
    cloud.delete(made)
    assert cloud.store.all() == []


def test_a_role_with_policies_cannot_be_deleted(cloud: Cloud) -> None:
    role = cloud.create("aws:iam/role:Role", assumeRolePolicy=TRUST)
    inputs = {"role": role.outputs["name"], "policyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}
    attachment = cloud.create("aws:iam/rolePolicyAttachment:RolePolicyAttachment", **inputs)
    assert "is still attached to the role" in cloud.refused_delete(role)
    cloud.delete(attachment)
    cloud.delete(role)


def test_a_database_is_deleted_with_a_final_snapshot_or_the_word_that_none_is_wanted(cloud: Cloud) -> None:
    inputs = {"instanceClass": "db.t3.micro", "engine": "postgres", "allocatedStorage": 20, "username": "u", "manageMasterUserPassword": True}
    database = cloud.create("aws:rds/instance:Instance", **inputs)
    assert "finalSnapshotIdentifier" in cloud.refused_delete(database)
    cloud.update(database, skipFinalSnapshot=True)
    cloud.delete(database)


def test_deletion_protection_protects(cloud: Cloud) -> None:
    token = "gcp:sql/databaseInstance:DatabaseInstance"
    database = cloud.create(token, databaseVersion="POSTGRES_16", region="us-central1", settings={"tier": "db-f1-micro"})
    assert "deletionProtection: is true" in cloud.refused_delete(database)
    cloud.update(database, deletionProtection=False)
    cloud.delete(database)


def test_a_protected_table_is_kept(cloud: Cloud) -> None:
    inputs = {"hashKey": "id", "attributes": [{"name": "id", "type": "S"}], "billingMode": "PAY_PER_REQUEST"}
    table = cloud.create("aws:dynamodb/table:Table", deletionProtectionEnabled=True, **inputs)
    assert "deletionProtectionEnabled: is true" in cloud.refused_delete(table)
    cloud.update(table, deletionProtectionEnabled=False)
    cloud.delete(table)


def test_an_arm_lock_holds_what_is_below_it(cloud: Cloud) -> None:
    made = group(cloud)
    identity = cloud.create("azure-native:managedidentity:UserAssignedIdentity", resourceGroupName=made.outputs["name"])
    lock = cloud.create("azure-native:authorization:ManagementLockByScope", "lock", scope=made.id, level="CanNotDelete")
    assert "delete the lock first" in cloud.refused_delete(identity)
    assert "delete the lock first" in cloud.refused_delete(made)
    cloud.delete(lock)
    cloud.delete(identity)
    cloud.delete(made)


def test_what_is_gone_already_is_deleted(cloud: Cloud) -> None:
    topic = cloud.create("aws:sns/topic:Topic")
    cloud.delete(topic)
    cloud.delete(topic)
