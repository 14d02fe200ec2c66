import base64
import json
from typing import Any

import pytest

from sandbox.invokes import InvokeError
from tests.sandbox.cloud import Cloud
from tests.sandbox.test_references import configuration, model


def invoke(cloud: Cloud, token: str, **arguments: Any) -> dict[str, Any]:
    return cloud.service.invoke(token, arguments, cloud.config(token))


def test_the_account_the_subscription_and_the_project_are_the_sandbox_s(cloud: Cloud) -> None:
    assert invoke(cloud, "aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "000000000000"
    assert invoke(cloud, "azure-native:authorization:getClientConfig")["subscriptionId"] == "00000000-0000-0000-0000-000000000000"
    assert invoke(cloud, "gcp:organizations/getProject:getProject")["projectId"] == "sandbox-project"


def test_regions_follow_the_provider(cloud: Cloud) -> None:
    cloud.settings["aws"] = {"region": "eu-west-1"}
    assert invoke(cloud, "aws:index/getRegion:getRegion")["region"] == "eu-west-1"
    assert invoke(cloud, "aws:index/getAvailabilityZones:getAvailabilityZones")["names"] == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    assert invoke(cloud, "aws:index/getPartition:getPartition")["dnsSuffix"] == "amazonaws.com"


def test_policy_documents_are_written_as_the_provider_writes_them(cloud: Cloud) -> None:
    statement = {
        "sid": "Read",
        "actions": ["s3:GetObject", "s3:ListBucket"],
        "resources": ["arn:aws:s3:::models"],
        "principals": [{"type": "Service", "identifiers": ["sagemaker.amazonaws.com"]}],
        "conditions": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["true"]}],
    }
    made = invoke(cloud, "aws:iam/getPolicyDocument:getPolicyDocument", statements=[statement])
    assert json.loads(made["json"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Action": ["s3:ListBucket", "s3:GetObject"],
                "Resource": "arn:aws:s3:::models",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Condition": {"Bool": {"aws:SecureTransport": "true"}},
            }
        ],
    }
    merged = invoke(cloud, "aws:iam/getPolicyDocument:getPolicyDocument", sourcePolicyDocuments=[made["json"]], statements=[{"actions": ["*"]}])
    assert len(json.loads(merged["json"])["Statement"]) == 2


def test_a_lookup_finds_what_exists_and_nothing_else(cloud: Cloud) -> None:
    vpc = cloud.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")
    assert invoke(cloud, "aws:ec2/getVpc:getVpc", id=vpc.id)["cidrBlock"] == "10.0.0.0/16"
    with pytest.raises(InvokeError, match="there is no Vpc with id=vpc-1"):
        invoke(cloud, "aws:ec2/getVpc:getVpc", id="vpc-1")


def test_who_is_behind_a_session(cloud: Cloud) -> None:
    session = invoke(cloud, "aws:iam/getSessionContext:getSessionContext", arn="arn:aws:sts::000000000000:assumed-role/deployer/run-7")
    assert (session["issuerArn"], session["sessionName"]) == ("arn:aws:iam::000000000000:role/deployer", "run-7")
    user = "arn:aws:iam::000000000000:user/somebody"
    assert invoke(cloud, "aws:iam/getSessionContext:getSessionContext", arn=user)["issuerArn"] == user


def test_a_cluster_tells_its_group_and_its_network(cloud: Cloud) -> None:
    vpc = cloud.create("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")
    subnets = [cloud.create("aws:ec2/subnet:Subnet", vpcId=vpc.id, cidrBlock=f"10.0.{n}.0/24").id for n in (0, 1)]
    cluster = cloud.create(
        "aws:eks/cluster:Cluster",
        name="models",
        roleArn="arn:aws:iam::111122223333:role/eks",
        vpcConfig={"subnetIds": subnets},
        kubernetesNetworkConfig={"serviceIpv4Cidr": "172.20.0.0/16"},
    )
    told = invoke(cloud, "aws:eks/getCluster:getCluster", name="models")
    assert told["vpcConfig"]["vpcId"] == vpc.id
    assert told["kubernetesNetworkConfigs"] == [{"serviceIpv4Cidr": "172.20.0.0/16"}]
    # Rules may be about the group that EKS makes.
    group = cluster.outputs["vpcConfig"]["clusterSecurityGroupId"]
    rule: dict[str, Any] = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/16"}
    cloud.create("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", securityGroupId=group, **rule)
    with pytest.raises(Exception, match="names nothing"):
        cloud.create("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", securityGroupId="sg-00000000000000000", **rule)


def test_an_unknown_function_is_refused_with_the_nearest(cloud: Cloud) -> None:
    with pytest.raises(InvokeError, match="aws:index/getRegion:getRegion"):
        invoke(cloud, "aws:index/getRegions:getRegions")


def test_the_registry_of_prebuilt_images(cloud: Cloud) -> None:
    made = invoke(cloud, "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage", repositoryName="sagemaker-scikit-learn", imageTag="1.2-1-cpu-py3")
    assert made["registryPath"] == "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


def test_cloud_control_reads_what_exists_under_cloudformation_s_names(cloud: Cloud) -> None:
    settings = configuration(cloud, model(cloud).outputs["name"])
    endpoint = cloud.create("aws:sagemaker/endpoint:Endpoint", endpointConfigName=settings.outputs["name"])
    token, kind = "aws:cloudcontrol/getResource:getResource", "AWS::SageMaker::Endpoint"
    found = invoke(cloud, token, typeName=kind, identifier=endpoint.outputs["arn"])
    assert json.loads(found["properties"])["EndpointConfigName"] == settings.outputs["name"]
    with pytest.raises(InvokeError, match="there is no AWS::SageMaker::Endpoint 'gone'"):
        invoke(cloud, token, typeName=kind, identifier="gone")


def test_google_s_own_accounts_belong_to_the_project(cloud: Cloud) -> None:
    agent = invoke(cloud, "gcp:storage/getProjectServiceAccount:getProjectServiceAccount")
    assert agent["member"] == "serviceAccount:service-100000000000@gs-project-accounts.iam.gserviceaccount.com"


def test_an_azure_group_is_found_by_its_name(cloud: Cloud) -> None:
    made = cloud.create("azure-native:resources:ResourceGroup", location="westeurope")
    assert invoke(cloud, "azure-native:resources:getResourceGroup", resourceGroupName=made.outputs["name"])["id"] == made.id


def test_a_cluster_of_aks_tells_its_authority_and_no_secret(cloud: Cloud) -> None:
    cloud.create("azure-native:resources:ResourceGroup", resourceGroupName="ml", location="westeurope")
    made = cloud.create("azure-native:containerservice:ManagedCluster", resourceGroupName="ml", resourceName="models", location="westeurope")
    (config,) = invoke(
        cloud, "azure-native:containerservice:listManagedClusterUserCredentials", resourceGroupName="ml", resourceName="models", format="exec"
    )["kubeconfigs"]
    text = base64.b64decode(config["value"]).decode()
    assert f"server: https://{made.outputs['privateFQDN']}:443" in text
    assert "certificate-authority-data: " in text
    assert not any(word in text for word in ("token", "password", "client-key"))
    with pytest.raises(InvokeError, match="there is no ManagedCluster 'other'"):
        invoke(cloud, "azure-native:containerservice:listManagedClusterUserCredentials", resourceGroupName="ml", resourceName="other")
