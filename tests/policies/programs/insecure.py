"""Raw resources of the four providers, none of our components: each breaks a rule of the pack, and every family is broken."""

import json

import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp
import pulumi_kubernetes as kubernetes

TAGS = {"environment": "prod", "managed-by": "pulumi"}
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/pricing:latest"

# AWS
bucket = aws.s3.Bucket("models", tags={**TAGS, "data-class": "health"})
aws.s3.BucketPublicAccessBlock("models-block", bucket=bucket.id, block_public_acls=True)
aws.ec2.SecurityGroup("ssh", tags=TAGS, ingress=[{"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]}], egress=[])
everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
trust = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"}}],
}
role = aws.iam.Role("role", tags=TAGS, assume_role_policy=json.dumps(trust))
aws.iam.RolePolicy("role-policy", role=role.id, policy=json.dumps(everything))
aws.cloudwatch.LogGroup("logs", tags=TAGS, retention_in_days=7)
model = aws.sagemaker.Model(
    "model",
    execution_role_arn=role.arn,
    primary_container={"image": IMAGE, "model_data_url": "s3://models/latest/model.tar.gz", "environment": {"API_KEY": "not-a-real-key"}},
    tags=TAGS,
)
aws.sagemaker.EndpointConfiguration(
    "endpoint-config",
    production_variants=[{"variant_name": "main", "model_name": model.name, "instance_type": "ml.m5.large", "initial_instance_count": 1}],
)
aws.rds.Instance(
    "database",
    engine="postgres",
    instance_class="db.t4g.micro",
    allocated_storage=20,
    username="pricing",
    password="not-a-real-password",
    publicly_accessible=True,
    skip_final_snapshot=True,
    tags=TAGS,
)

aws.sqs.Queue("jobs", tags=TAGS, message_retention_seconds=3600)
aws.apigatewayv2.Stage("stage", api_id="a1b2c3d4e5", name="v1", tags=TAGS)

# Azure
group = azure.resources.ResourceGroup("group", location="westeurope", tags=TAGS)
azure.storage.StorageAccount(
    "storage",
    resource_group_name=group.name,
    kind="StorageV2",
    sku={"name": "Standard_LRS"},
    allow_blob_public_access=True,
    minimum_tls_version="TLS1_0",
    tags=TAGS,
)
azure.sql.Server(
    "sql",
    resource_group_name=group.name,
    administrator_login="pricing",
    administrator_login_password="not-a-real-password",
    public_network_access="Enabled",
    tags=TAGS,
)
azure.network.NetworkSecurityGroup(
    "rdp",
    resource_group_name=group.name,
    tags=TAGS,
    security_rules=[
        {
            "name": "rdp",
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "priority": 100,
            "source_address_prefix": "*",
            "source_port_range": "*",
            "destination_address_prefix": "*",
            "destination_port_range": "3389",
        }
    ],
)

# Google Cloud
gcp.storage.Bucket("files", location="EU", project="pricing", labels=TAGS)
gcp.projects.IAMMember("editor", project="pricing", role="roles/editor", member="serviceAccount:model@pricing.iam.gserviceaccount.com")
gcp.cloudrunv2.Service(
    "run", project="pricing", location="europe-west4", ingress="INGRESS_TRAFFIC_ALL", labels=TAGS, template={"containers": [{"image": IMAGE}]}
)
gcp.cloudrunv2.ServiceIamMember("run-anyone", project="pricing", location="europe-west4", name="run", role="roles/run.invoker", member="allUsers")

# Kubernetes
kubernetes.apps.v1.Deployment(
    "scorer",
    metadata={"name": "scorer", "namespace": "default", "labels": {"app": "scorer", "environment": "prod"}},
    spec={
        "replicas": 1,
        "selector": {"match_labels": {"app": "scorer"}},
        "template": {
            "metadata": {"labels": {"app": "scorer"}},
            "spec": {
                "containers": [
                    {"name": "model", "image": "pytorch/torchserve:latest", "env": [{"name": "DB_PASSWORD", "value": "not-a-real-password"}]}
                ],
            },
        },
    },
)
kubernetes.core.v1.Service(
    "scorer-public",
    metadata={"name": "scorer", "namespace": "default", "labels": TAGS},
    spec={"type": "LoadBalancer", "selector": {"app": "scorer"}, "ports": [{"port": 80}]},
)
