"""Programs that the engine tests run."""

AWS = """
import json
import pulumi
import pulumi_aws as aws

config = pulumi.Config()
account = aws.get_caller_identity()
zones = aws.get_availability_zones(state="available")
trust = aws.iam.get_policy_document(statements=[{
    "actions": ["sts:AssumeRole"],
    "principals": [{"type": "Service", "identifiers": ["sagemaker.amazonaws.com"]}],
}])
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
subnet = aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block="10.0.0.0/24", availability_zone=zones.names[0])
role = aws.iam.Role("role", assume_role_policy=trust.json)
bucket = aws.s3.Bucket("models", tags={"owner": config.get("owner") or "me"})
artifact = aws.s3.BucketObjectv2("artifact", bucket=bucket.bucket, key="model.tar.gz", content="model " + (config.get("version") or "1"))
model = aws.sagemaker.Model(
    "model",
    execution_role_arn=role.arn,
    primary_container={
        "image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
        "model_data_url": pulumi.Output.concat("s3://", artifact.bucket, "/", artifact.key),
        "environment": {"VERSION": config.get("version") or "1"},
    },
)
settings = aws.sagemaker.EndpointConfiguration(
    "settings",
    production_variants=[{"variant_name": "blue", "model_name": model.name, "initial_instance_count": 1, "instance_type": "ml.m5.large"}],
)
endpoint = aws.sagemaker.Endpoint("endpoint", endpoint_config_name=settings.name)
pulumi.export("arn", endpoint.arn)
pulumi.export("bucket", bucket.bucket)
pulumi.export("account", account.account_id)
"""

AZURE = """
import pulumi
from pulumi_azure_native import machinelearningservices as ml, resources, storage

config = pulumi.Config()
group = resources.ResourceGroup("group", location="westeurope")
account = storage.StorageAccount("models", resource_group_name=group.name, kind="StorageV2", sku={"name": "Standard_LRS"})
workspace = ml.Workspace("workspace", resource_group_name=group.name, storage_account=account.id, identity={"type": "SystemAssigned"})
where = {"resource_group_name": group.name, "workspace_name": workspace.name}
endpoint = ml.OnlineEndpoint(
    "endpoint",
    **where,
    endpoint_name="price-endpoint",
    identity={"type": "SystemAssigned"},
    properties={"auth_mode": "AADToken"},
)
deployment = ml.OnlineDeployment(
    "blue",
    **where,
    endpoint_name=endpoint.name,
    sku={"name": "Default", "capacity": 1},
    properties=ml.ManagedOnlineDeploymentArgs(endpoint_compute_type="Managed", instance_type="Standard_DS3_v2"),
)
pulumi.export("url", endpoint.properties.scoring_uri)
pulumi.export("id", deployment.id)
"""

GCP = """
import pulumi
import pulumi_gcp as gcp

ring = gcp.kms.KeyRing("ring", location="us-central1")
key = gcp.kms.CryptoKey("key", key_ring=ring.id)
account = gcp.serviceaccount.Account("serving", account_id="price-serving")
member = gcp.kms.CryptoKeyIAMMember("member", crypto_key_id=key.id, role="roles/cloudkms.cryptoKeyEncrypterDecrypter", member=account.member)
endpoint = gcp.vertex.AiEndpoint(
    "endpoint", name="1234567890", display_name="price", location="us-central1", encryption_spec={"kms_key_name": key.id}
)
bucket = gcp.storage.Bucket("models", location="US", uniform_bucket_level_access=True)
pulumi.export("id", endpoint.id)
pulumi.export("bucket", bucket.url)
"""

KUBERNETES = """
import pulumi
import pulumi_kubernetes as k8s

space = k8s.core.v1.Namespace("serving", metadata={"name": "serving"})
labels = {"app": "price"}
deployment = k8s.apps.v1.Deployment(
    "price",
    metadata={"namespace": space.metadata.name},
    spec={
        "replicas": 2,
        "selector": {"match_labels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "price", "image": "example.com/price:1"}]}},
    },
)
service = k8s.core.v1.Service("price", metadata={"namespace": space.metadata.name}, spec={"selector": labels, "ports": [{"port": 80}]})
pulumi.export("name", deployment.metadata.name)
"""
