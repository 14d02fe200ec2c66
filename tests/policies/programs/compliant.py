"""The insecure program put right: the same resources of the four providers, as the pack asks for them."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp
import pulumi_kubernetes as kubernetes

TAGS = {"environment": "prod", "managed-by": "pulumi"}
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/pricing@sha256:" + "0123456789abcdef" * 4
GOOGLE_KEY = "projects/pricing/locations/europe-west4/keyRings/models/cryptoKeys/models"

# AWS
key = aws.kms.Key("key", enable_key_rotation=True, tags=TAGS)
bucket = aws.s3.Bucket("models", tags=TAGS)
aws.s3.BucketPublicAccessBlock(
    "models-block", bucket=bucket.id, block_public_acls=True, block_public_policy=True, ignore_public_acls=True, restrict_public_buckets=True
)
aws.s3.BucketServerSideEncryptionConfiguration(
    "models-encryption",
    bucket=bucket.id,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn}}],
)
aws.s3.BucketVersioning("models-versions", bucket=bucket.id, versioning_configuration={"status": "Enabled"})
vpc = aws.ec2.Vpc("vpc", cidr_block="10.64.0.0/16", tags=TAGS)
flows = aws.cloudwatch.LogGroup("flows", retention_in_days=90, kms_key_id=key.arn, tags=TAGS)
subnets = [
    aws.ec2.Subnet(f"subnet-{zone}", vpc_id=vpc.id, cidr_block=f"10.64.{index}.0/24", availability_zone=f"eu-central-1{zone}", tags=TAGS)
    for index, zone in enumerate("ab")
]
callers = aws.ec2.SecurityGroup(
    "callers",
    vpc_id=vpc.id,
    ingress=[{"from_port": 443, "to_port": 443, "protocol": "tcp", "cidr_blocks": ["10.64.0.0/16"]}],
    egress=[],
    tags=TAGS,
)
trust = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"}}],
}
role = aws.iam.Role("role", assume_role_policy=json.dumps(trust), tags=TAGS)
aws.ec2.FlowLog("flows", vpc_id=vpc.id, traffic_type="ALL", log_destination=flows.arn, iam_role_arn=role.arn, tags=TAGS)
read = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::models/*"}]}
aws.iam.RolePolicy("role-policy", role=role.id, policy=json.dumps(read))
aws.cloudwatch.LogGroup("logs", retention_in_days=90, kms_key_id=key.arn, tags=TAGS)
model = aws.sagemaker.Model(
    "model",
    execution_role_arn=role.arn,
    enable_network_isolation=True,
    vpc_config={"subnets": [subnet.id for subnet in subnets], "security_group_ids": [callers.id]},
    primary_container={"image": IMAGE, "model_data_url": "s3://models/pricing/3/model.tar.gz", "environment": {"MODEL_SERVER_WORKERS": "2"}},
    tags=TAGS,
)
aws.sagemaker.EndpointConfiguration(
    "endpoint-config",
    kms_key_arn=key.arn,
    production_variants=[{"variant_name": "main", "model_name": model.name, "instance_type": "ml.m5.large", "initial_instance_count": 2}],
    tags=TAGS,
)
aws.rds.Instance(
    "database",
    engine="postgres",
    instance_class="db.t4g.micro",
    allocated_storage=20,
    username="pricing",
    manage_master_user_password=True,
    iam_database_authentication_enabled=True,
    storage_encrypted=True,
    kms_key_id=key.arn,
    multi_az=True,
    backup_retention_period=7,
    deletion_protection=True,
    skip_final_snapshot=False,
    final_snapshot_identifier="pricing-last",
    enabled_cloudwatch_logs_exports=["postgresql", "upgrade"],
    tags=TAGS,
)

# Azure
group = azure.resources.ResourceGroup("group", location="westeurope", tags=TAGS)
azure.storage.StorageAccount(
    "storage",
    resource_group_name=group.name,
    kind="StorageV2",
    sku={"name": "Standard_ZRS"},
    allow_blob_public_access=False,
    allow_shared_key_access=False,
    minimum_tls_version="TLS1_2",
    public_network_access="Disabled",
    network_rule_set={"default_action": "Deny"},
    encryption={
        "key_source": "Microsoft.Keyvault",
        "key_vault_properties": {"key_name": "models", "key_vault_uri": "https://models.vault.azure.net"},
    },
    tags=TAGS,
)
server = azure.sql.Server(
    "sql",
    resource_group_name=group.name,
    public_network_access="Disabled",
    minimal_tls_version="1.2",
    key_id="https://models.vault.azure.net/keys/sql/0123456789abcdef0123456789abcdef",
    administrators={
        "azure_ad_only_authentication": True,
        "login": "admins",
        "sid": "00000000-0000-0000-0000-000000000001",
        "tenant_id": "00000000-0000-0000-0000-000000000002",
    },
    tags=TAGS,
)
azure.sql.ExtendedServerBlobAuditingPolicy(
    "sql-audit",
    resource_group_name=group.name,
    server_name=server.name,
    blob_auditing_policy_name="default",
    state="Enabled",
    is_azure_monitor_target_enabled=True,
)
azure.network.NetworkSecurityGroup(
    "callers",
    resource_group_name=group.name,
    tags=TAGS,
    security_rules=[
        {
            "name": "https",
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "priority": 100,
            "source_address_prefix": "VirtualNetwork",
            "source_port_range": "*",
            "destination_address_prefix": "*",
            "destination_port_range": "443",
        }
    ],
)

# Google Cloud
gcp.storage.Bucket(
    "files",
    location="EU",
    project="pricing",
    public_access_prevention="enforced",
    uniform_bucket_level_access=True,
    versioning={"enabled": True},
    encryption={"default_kms_key_name": GOOGLE_KEY},
    labels=TAGS,
)
account = "serviceAccount:model@pricing.iam.gserviceaccount.com"
gcp.projects.IAMMember("predict", project="pricing", role="roles/aiplatform.user", member=account)
service = gcp.cloudrunv2.Service(
    "run",
    project="pricing",
    location="europe-west4",
    ingress="INGRESS_TRAFFIC_INTERNAL_ONLY",
    binary_authorization={"use_default": True},
    template={
        "encryption_key": GOOGLE_KEY,
        "containers": [{"image": IMAGE}],
        "scaling": {"min_instance_count": 1, "max_instance_count": 4},
        "service_account": "model@pricing.iam.gserviceaccount.com",
        "vpc_access": {"egress": "ALL_TRAFFIC", "network_interfaces": [{"subnetwork": "models"}]},
    },
    labels=TAGS,
)
gcp.cloudrunv2.ServiceIamMember("run-caller", project="pricing", location="europe-west4", name="run", role="roles/run.invoker", member=account)

gcp.monitoring.AlertPolicy(
    "run-errors",
    project="pricing",
    display_name="Errors of the pricing service",
    combiner="OR",
    conditions=[
        {
            "display_name": "More than one server error a second",
            "condition_threshold": {
                "filter": service.name.apply(
                    lambda name: (
                        f'resource.type="cloud_run_revision" AND resource.labels.service_name="{name}" AND '
                        'metric.type="run.googleapis.com/request_count" AND metric.labels.response_code_class="5xx"'
                    )
                ),
                "comparison": "COMPARISON_GT",
                "threshold_value": 1,
                "duration": "300s",
                "aggregations": [{"alignment_period": "60s", "per_series_aligner": "ALIGN_RATE"}],
            },
        }
    ],
)

gcp.billing.Budget(
    "budget",
    billing_account="000000-000000-000000",
    amount={"specified_amount": {"currency_code": "USD", "units": "500"}},
    threshold_rules=[{"threshold_percent": 0.8}],
)

# Kubernetes
kubernetes.policy.v1.PodDisruptionBudget(
    "scorer",
    metadata={"name": "scorer", "namespace": "default", "labels": TAGS},
    spec={"min_available": 1, "selector": {"match_labels": {"app": "scorer"}}},
)
kubernetes.apps.v1.Deployment(
    "scorer",
    metadata={"name": "scorer", "namespace": "default", "labels": {"app": "scorer", **TAGS}},
    spec={
        "replicas": 2,
        "selector": {"match_labels": {"app": "scorer"}},
        "template": {
            "metadata": {"labels": {"app": "scorer"}},
            "spec": {
                "automount_service_account_token": False,
                "security_context": {"run_as_non_root": True, "seccomp_profile": {"type": "RuntimeDefault"}},
                "containers": [
                    {
                        "name": "model",
                        "image": IMAGE,
                        "security_context": {
                            "allow_privilege_escalation": False,
                            "read_only_root_filesystem": True,
                            "capabilities": {"drop": ["ALL"]},
                        },
                        "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
                        "readiness_probe": {"http_get": {"path": "/ready", "port": 8080}},
                        "liveness_probe": {"http_get": {"path": "/live", "port": 8080}},
                        "env": [{"name": "DB_PASSWORD", "value_from": {"secret_key_ref": {"name": "database", "key": "password"}}}],
                    }
                ],
            },
        },
    },
)
kubernetes.core.v1.Service(
    "scorer-internal",
    metadata={
        "name": "scorer",
        "namespace": "default",
        "labels": TAGS,
        "annotations": {"networking.gke.io/load-balancer-type": "Internal"},
    },
    spec={"type": "LoadBalancer", "selector": {"app": "scorer"}, "ports": [{"port": 443}]},
)

pulumi.export("bucket", bucket.bucket)
