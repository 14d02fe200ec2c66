"""How to break each rule: one property of a compliant resource, and what the message then says."""

import json
from dataclasses import dataclass
from typing import Any

from policies.images import PATHS
from policies.pods import POD_SPECS
from policies.rules import RULES, missing_tags
from policies.rules.wildcard_permissions import ACCOUNTS
from tests.policies.changes import MISSING, changed
from tests.policies.resources import (
    ACCOUNT,
    AZURE_CONTAINER,
    BATCH_CONTAINER,
    CLOUD_RUN_CONTAINER,
    COMPLIANT,
    ECS_CONTAINER,
    FOR_ANYBODY,
    IMAGE,
    RATE_LIMIT,
    SECURITY_RULE,
    TAGS,
    allow,
    policy,
)


@dataclass(frozen=True)
class Case:
    """One property of a compliant resource, broken."""

    rule: str
    token: str
    path: str
    value: Any
    says: str

    def props(self) -> dict[str, Any]:
        """The resource with the property broken."""
        return changed(COMPLIANT[self.token], self.path, self.value)

    def __str__(self) -> str:
        return f"{self.rule}:{self.token.rpartition(':')[2]}:{self.path}"


TYPES = {rule.id: rule.types for rule in RULES}
CASES: list[Case] = []


def broken(rule: str, path: str, value: Any, says: str, *types: str) -> None:
    """A case for each type of the rule, or for those whose token ends in one of `types`."""
    chosen = [token for token in TYPES[rule] if not types or token.endswith(types)]
    assert chosen, rule
    CASES.extend(Case(rule, token, path, value, says) for token in chosen)


SECRET_ENV = [{"name": "DB_PASSWORD", "value": "hunter2-and-more"}]
TAG = "registry.example.com/pricing:latest"
PUBLIC_GRANT = "http://acs.amazonaws.com/groups/global/AllUsers"

# public storage
broken("aws-s3-bucket-public-acl", "acl", "public-read", "acl is 'public-read'")
broken("aws-s3-bucket-public-acl", "grants", [{"type": "Group", "uri": PUBLIC_GRANT, "permissions": ["READ"]}], "grants[0].uri", "Bucket")
broken(
    "aws-s3-bucket-public-acl",
    "accessControlPolicy",
    {"owner": {"id": "o"}, "grants": [{"grantee": {"type": "Group", "uri": PUBLIC_GRANT}, "permission": "READ"}]},
    "accessControlPolicy.grants[0].grantee.uri",
    "BucketAcl",
)
for flag in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
    broken("aws-s3-publicaccessblock-off", flag, False, f"{flag} is false")
broken("aws-s3-publicaccessblock-off", "blockPublicAcls", MISSING, "blockPublicAcls is not set")
broken("aws-s3-bucketpolicy-public", "policy", policy(allow("s3:GetObject", "*", {"AWS": ["*"]})), "statement 'Use' allows everybody")
broken("aws-ecr-repositorypolicy-public", "policy", FOR_ANYBODY, "statement 'Use' allows everybody")
broken("azure-storage-account-public-blobs", "allowBlobPublicAccess", True, "allowBlobPublicAccess is true")
broken("azure-storage-blobcontainer-public", "publicAccess", "Blob", "publicAccess is 'Blob'")
broken("gcp-storage-bucket-public-prevention", "publicAccessPrevention", "inherited", "publicAccessPrevention is 'inherited'")
broken("gcp-storage-bucket-public-prevention", "uniformBucketLevelAccess", MISSING, "uniformBucketLevelAccess is not set")
for rule in (
    "gcp-storage-bucketiam-public",
    "gcp-healthcare-iam-public",
    "gcp-artifactregistry-repositoryiam-public",
    "gcp-cloudrun-serviceiam-open",
    "gcp-cloudfunctions-functioniam-open",
    "gcp-vertex-endpointiam-open",
    "gcp-serviceaccount-iam-anyone",
    "gcp-projects-iam-wide",
):
    broken(rule, "member", "allUsers", "member holds 'allUsers'", "Member")
    broken(rule, "members", [ACCOUNT, "allAuthenticatedUsers"], "members holds 'allAuthenticatedUsers'", "Binding")
broken("gcp-storage-bucketacl-public", "predefinedAcl", "publicRead", "predefinedAcl is 'publicRead'", "BucketACL")
broken("gcp-storage-bucketacl-public", "roleEntities", ["READER:allUsers"], "roleEntities holds 'READER:allUsers'", "BucketACL")
broken("gcp-storage-bucketacl-public", "entity", "allUsers", "entity is 'allUsers'", "AccessControl")
broken("gcp-bigquery-dataset-public", "accesses", [{"specialGroup": "allAuthenticatedUsers"}], "accesses[0].specialGroup", "Dataset")
broken("gcp-bigquery-dataset-public", "iamMember", "allUsers", "iamMember is 'allUsers'", "DatasetAccess")

# public endpoint
broken("aws-rds-instance-public", "publiclyAccessible", True, "publiclyAccessible is true")
broken("aws-lb-loadbalancer-public", "internal", MISSING, "internal is not set")
broken("aws-eks-cluster-public", "vpcConfig.endpointPublicAccess", MISSING, "vpcConfig.endpointPublicAccess is not set")
broken("aws-sagemaker-model-vpc", "vpcConfig", MISSING, "vpcConfig is not set")
broken("aws-sagemaker-model-isolation", "enableNetworkIsolation", False, "enableNetworkIsolation is false")
broken("aws-sagemaker-notebook-internet", "directInternetAccess", "Enabled", "directInternetAccess is 'Enabled'")
broken("aws-sagemaker-domain-internet", "appNetworkAccessType", MISSING, "appNetworkAccessType is not set")
broken("aws-ecs-service-public-ip", "networkConfiguration.assignPublicIp", True, "assignPublicIp is true")
broken("aws-ec2-instance-public-ip", "associatePublicIpAddress", True, "associatePublicIpAddress is true")
broken("aws-apigateway-restapi-public", "endpointConfiguration.types", "REGIONAL", "endpointConfiguration.types is 'REGIONAL'")
broken("aws-apigatewayv2-api-public", "disableExecuteApiEndpoint", MISSING, "disableExecuteApiEndpoint is not set")
for rule, path in (
    ("azure-storage-account", "publicNetworkAccess"),
    ("azure-keyvault-vault", "properties.publicNetworkAccess"),
    ("azure-machinelearning-workspace", "publicNetworkAccess"),
    ("azure-machinelearning-onlineendpoint", "properties.publicNetworkAccess"),
    ("azure-containerregistry-registry", "publicNetworkAccess"),
    ("azure-sql-server", "publicNetworkAccess"),
    ("azure-postgresql-server", "network.publicNetworkAccess"),
    ("azure-cosmosdb-account", "publicNetworkAccess"),
    ("azure-web-app", "publicNetworkAccess"),
    ("azure-containerapps-environment", "publicNetworkAccess"),
    ("azure-eventhub-namespace", "publicNetworkAccess"),
    ("azure-cognitiveservices-account", "properties.publicNetworkAccess"),
):
    broken(f"{rule}-public-network", path, MISSING, f"{path} is not set")
    broken(f"{rule}-public-network", path, "Enabled", f"{path} is 'Enabled'")
broken("azure-machinelearning-workspace-egress", "managedNetwork.isolationMode", "AllowInternetOutbound", "isolationMode is 'AllowInternetOutbound'")
broken("azure-machinelearning-workspace-egress", "managedNetwork", MISSING, "managedNetwork.isolationMode is not set")
broken("azure-containerapps-app-external", "configuration.ingress.external", True, "external is true")
broken("azure-containerinstance-group-public-ip", "ipAddress.type", "Public", "ipAddress.type is 'Public'")
broken("azure-containerservice-cluster-public", "apiServerAccessProfile.enablePrivateCluster", False, "enablePrivateCluster is false")
broken("gcp-sql-instance-public-ip", "settings.ipConfiguration.ipv4Enabled", MISSING, "ipv4Enabled is not set")
broken("gcp-container-cluster-public", "privateClusterConfig.enablePrivateNodes", False, "enablePrivateNodes is false")
broken("gcp-container-cluster-public", "privateClusterConfig.enablePrivateEndpoint", MISSING, "enablePrivateEndpoint is not set")
broken("gcp-cloudrun-service-ingress", "ingress", MISSING, "ingress is not set")
broken("gcp-cloudrun-service-ingress", "ingress", "INGRESS_TRAFFIC_ALL", "ingress is 'INGRESS_TRAFFIC_ALL'")
broken("gcp-cloudfunctions-function-ingress", "serviceConfig.ingressSettings", "ALLOW_ALL", "ingressSettings is 'ALLOW_ALL'")
broken("gcp-vertex-endpoint-public", "privateServiceConnectConfig", MISSING, "network is not set")
broken("gcp-compute-instance-public-ip", "networkInterfaces[0].accessConfigs", [{}], "networkInterfaces[0].accessConfigs is set")
broken("gcp-compute-forwardingrule-external", "loadBalancingScheme", "EXTERNAL_MANAGED", "loadBalancingScheme is 'EXTERNAL_MANAGED'")
broken("kubernetes-core-service-public", "spec.type", "NodePort", "spec.type is 'NodePort'")
broken("kubernetes-core-service-public", "spec.type", "LoadBalancer", "without the annotation that keeps it internal")

# open ingress
SSH = {"fromPort": 22.0, "toPort": 22.0, "protocol": "tcp"}
OPEN_SSH = [{**SSH, "cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]}]
broken("aws-ec2-securitygroup-open", "ingress", OPEN_SSH, "ingress[0].cidrBlocks holds '0.0.0.0/0' for port 22")
broken("aws-ec2-securitygroup-open", "ingress[0].ipv6CidrBlocks", ["::/0"], "ingress[0].ipv6CidrBlocks holds '::/0' for port 443")
broken("aws-ec2-securitygrouprule-open", "cidrBlocks", ["0.0.0.0/0"], "cidrBlocks holds '0.0.0.0/0' for port 443", "SecurityGroupRule")
broken("aws-ec2-securitygrouprule-open", "cidrIpv4", "0.0.0.0/0", "cidrIpv4 holds '0.0.0.0/0' for port 443", "SecurityGroupIngressRule")
broken("aws-eks-cluster-open-cidrs", "vpcConfig.endpointPublicAccess", True, "publicAccessCidrs is not set, which is '0.0.0.0/0'")
for source in ("*", "Internet", "0.0.0.0/0"):
    broken("azure-network-securityrule-open", "sourceAddressPrefix", source, f"sourceAddressPrefix is '{source}' for destination port 443")
broken(
    "azure-network-securitygroup-open",
    "securityRules",
    [SECURITY_RULE, {**SECURITY_RULE, "sourceAddressPrefix": "*", "destinationPortRange": "3389"}],
    "securityRules[1].sourceAddressPrefix is '*' for destination port 3389",
)
broken("azure-storage-account-open-network", "publicNetworkAccess", "Enabled", "networkRuleSet.defaultAction is not set")
broken("azure-keyvault-vault-open-network", "properties.publicNetworkAccess", "Enabled", "properties.networkAcls.defaultAction is not set")
broken("gcp-compute-firewall-open", "sourceRanges", ["0.0.0.0/0"], "sourceRanges holds '0.0.0.0/0' and allows[0].ports is '443'")
broken("gcp-sql-instance-open-networks", "settings.ipConfiguration.authorizedNetworks[0].value", "0.0.0.0/0", "authorizedNetworks[0].value")
broken("gcp-container-cluster-open-networks", "masterAuthorizedNetworksConfig.cidrBlocks[0].cidrBlock", "0.0.0.0/0", "cidrBlocks[0].cidrBlock")
broken("kubernetes-networking-networkpolicy-open", "spec.ingress", [{}], "spec.ingress[0].from is empty")
broken("kubernetes-networking-networkpolicy-open", "spec.ingress[0].from[0].ipBlock.cidr", "0.0.0.0/0", "ipBlock.cidr holds '0.0.0.0/0'")
broken("kubernetes-core-service-open-ranges", "spec.loadBalancerSourceRanges", ["0.0.0.0/0"], "loadBalancerSourceRanges holds '0.0.0.0/0'")

# encryption key
for rule, path in (
    ("aws-sagemaker-endpointconfiguration-key", "kmsKeyArn"),
    ("aws-sagemaker-notebook-key", "kmsKeyId"),
    ("aws-cloudwatch-loggroup-key", "kmsKeyId"),
    ("aws-rds-database-key", "kmsKeyId"),
    ("aws-rds-database-key", "storageEncrypted"),
    ("aws-sqs-queue-key", "kmsMasterKeyId"),
    ("aws-lambda-function-key", "kmsKeyArn"),
    ("aws-eks-cluster-key", "encryptionConfig"),
    ("aws-kinesis-stream-key", "encryptionType"),
    ("aws-kinesis-stream-key", "kmsKeyId"),
    ("aws-secretsmanager-secret-key", "kmsKeyId"),
    ("azure-storage-account-key", "encryption"),
    ("azure-machinelearning-workspace-key", "encryption"),
    ("azure-containerregistry-registry-key", "encryption"),
    ("azure-sql-server-key", "keyId"),
    ("azure-cosmosdb-account-key", "keyVaultKeyUri"),
    ("azure-containerservice-cluster-key", "diskEncryptionSetID"),
    ("azure-cognitiveservices-account-key", "properties.encryption"),
    ("gcp-storage-bucket-key", "encryption.defaultKmsKeyName"),
    ("gcp-vertex-endpoint-key", "encryptionSpec"),
    ("gcp-sql-instance-key", "encryptionKeyName"),
    ("gcp-cloudrun-service-key", "template.encryptionKey"),
    ("gcp-cloudrun-job-key", "template.template.encryptionKey"),
    ("gcp-cloudfunctions-function-key", "kmsKeyName"),
    ("gcp-artifactregistry-repository-key", "kmsKeyName"),
    ("gcp-pubsub-topic-key", "kmsKeyName"),
    ("gcp-bigquery-dataset-key", "defaultEncryptionConfiguration"),
    ("gcp-logging-bucket-key", "cmekSettings"),
    ("gcp-container-cluster-key", "databaseEncryption"),
):
    broken(rule, path, MISSING, f"{path}")
broken("aws-ecr-repository-key", "encryptionConfigurations", MISSING, "encryptionConfigurations is not set")
broken("aws-ecr-repository-key", "encryptionConfigurations[0].kmsKey", MISSING, "kmsKey is not set")
broken("aws-sqs-queue-key", "kmsMasterKeyId", "alias/aws/sqs", "a key of AWS")
broken("aws-kms-key-rotation", "enableKeyRotation", MISSING, "enableKeyRotation is not set")
broken("gcp-secretmanager-secret-key", "replication.auto.customerManagedEncryption", MISSING, "replication.auto.customerManagedEncryption")

# TLS version
broken("aws-lb-listener-tls", "protocol", "HTTP", "protocol is 'HTTP' and defaultActions do not redirect to HTTPS")
broken("aws-lb-listener-tls", "sslPolicy", "ELBSecurityPolicy-2016-08", "sslPolicy is 'ELBSecurityPolicy-2016-08'")
broken("aws-lb-listener-tls", "sslPolicy", "ELBSecurityPolicy-TLS13-1-0-2021-06", "sslPolicy is")
broken("aws-apigateway-domainname-tls", "securityPolicy", "TLS_1_0", "securityPolicy is 'TLS_1_0'")
broken("aws-cloudfront-distribution-tls", "viewerCertificate.minimumProtocolVersion", "TLSv1.1_2016", "minimumProtocolVersion is")
broken("aws-cloudfront-distribution-tls", "defaultCacheBehavior.viewerProtocolPolicy", "allow-all", "viewerProtocolPolicy is 'allow-all'")
broken("aws-s3-bucketpolicy-tls", "policy", policy(allow("s3:GetObject", "*", {"AWS": "arn:aws:iam::1:root"})), "aws:SecureTransport")
broken("azure-storage-account-tls", "minimumTlsVersion", MISSING, "minimumTlsVersion is not set")
broken("azure-storage-account-tls", "enableHttpsTrafficOnly", False, "enableHttpsTrafficOnly is false")
broken("azure-sql-server-tls", "minimalTlsVersion", "1.0", "minimalTlsVersion is '1.0'")
broken("azure-web-app-tls", "httpsOnly", MISSING, "httpsOnly is not set")
broken("azure-web-app-tls", "siteConfig.minTlsVersion", "1.1", "minTlsVersion is '1.1'")
broken("azure-containerapps-app-tls", "configuration.ingress.allowInsecure", True, "allowInsecure is true")
broken("azure-redis-cache-tls", "enableNonSslPort", True, "enableNonSslPort is true")
broken("azure-redis-cache-tls", "minimumTlsVersion", "1.0", "minimumTlsVersion is '1.0'")
broken("azure-eventhub-namespace-tls", "minimumTlsVersion", "1.0", "minimumTlsVersion is '1.0'")
broken("gcp-compute-sslpolicy-tls", "minTlsVersion", MISSING, "minTlsVersion is not set")
broken("gcp-compute-sslpolicy-tls", "profile", "COMPATIBLE", "profile is 'COMPATIBLE'")
broken("gcp-sql-instance-tls", "settings.ipConfiguration.sslMode", "ALLOW_UNENCRYPTED_AND_ENCRYPTED", "sslMode is")
broken("gcp-redis-instance-tls", "transitEncryptionMode", "DISABLED", "transitEncryptionMode is 'DISABLED'")
broken("kubernetes-networking-ingress-tls", "spec.tls", MISSING, "spec.tls is not set")

# wildcard permissions
WIDE = policy(allow(["s3:GetObject", "s3:*"], "arn:aws:s3:::models/*"))
EVERYTHING = policy(allow("*", "*"))
POLICIES = ("iam/policy:Policy", "RolePolicy", "UserPolicy", "GroupPolicy")
broken("aws-iam-policy-wildcard", "policy", WIDE, "statement 'Use' allows 's3:*' on 'arn:aws:s3:::models/*'", *POLICIES)
broken("aws-iam-policy-wildcard", "policy", EVERYTHING, "statement 'Use' allows '*' on '*'", *POLICIES)
broken("aws-iam-policy-wildcard", "policy", policy(allow("s3:Get*", "*")), "allows 's3:Get*' on every resource", *POLICIES)
broken("aws-iam-policy-wildcard", "inlinePolicies[0].policy", EVERYTHING, "inlinePolicies[0].policy: statement 'Use'", "Role")
broken("aws-iam-role-trusts-anyone", "assumeRolePolicy", policy(allow("sts:AssumeRole", "*", "*")), "lets everybody take the role")
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
broken("aws-iam-attachment-full-access", "policyArn", ADMIN, "policyArn holds 'AdministratorAccess'", "Attachment")
broken(
    "aws-iam-attachment-full-access",
    "managedPolicyArns",
    ["arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"],
    "managedPolicyArns holds 'AmazonSageMakerFullAccess'",
    "Role",
)
broken("aws-kms-keypolicy-anyone", "policy", policy(allow("kms:Decrypt", "*", {"AWS": "*"})), "allows everybody")
broken("aws-sqs-queuepolicy-anyone", "policy", FOR_ANYBODY, "allows everybody")
broken("aws-lambda-permission-anyone", "principal", "*", "principal is '*'")
ROLES = "/providers/Microsoft.Authorization/roleDefinitions"
OWNER = f"{ROLES}/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
broken("azure-authorization-roleassignment-wide", "roleDefinitionId", OWNER, "roleDefinitionId is the role 'Owner'")
CONTRIBUTOR = f"{ROLES}/b24988ac-6180-42a0-ab88-20f7382dd24c"
broken("azure-authorization-roleassignment-wide", "roleDefinitionId", CONTRIBUTOR, "roleDefinitionId is the role 'Contributor'")
broken("azure-authorization-roledefinition-wildcard", "permissions[0].actions", ["*"], "permissions[0].actions holds '*'")
broken("gcp-projects-iam-wide", "role", "roles/editor", "role is 'roles/editor' on the whole")
broken("kubernetes-rbac-role-wildcard", "rules[0].verbs", ["*"], "rules[0].verbs holds '*'")
broken("kubernetes-rbac-binding-admin", "roleRef.name", "cluster-admin", "roleRef.name is 'cluster-admin'")

# plain-text secret
broken("aws-lambda-function-secret", "environment.variables.API_KEY", "abc123def456", "environment.variables.API_KEY holds a secret")
broken("aws-lambda-function-secret", "environment.variables.NOTE", "AKIA" + "A" * 16, "environment.variables.NOTE holds an AWS access key")
broken("aws-sagemaker-model-secret", "primaryContainer.environment.HF_TOKEN", "hf_" + "a" * 34, "a Hugging Face token")
broken("aws-sagemaker-model-secret", "containers", [{"image": ECS_CONTAINER["image"], "environment": {"TOKEN": "x1"}}], "containers[0]")
broken(
    "aws-ecs-taskdefinition-secret",
    "containerDefinitions",
    json.dumps([{**ECS_CONTAINER, "environment": SECRET_ENV}]),
    "containerDefinitions[0].environment[0].value of 'DB_PASSWORD' holds a secret",
)
broken(
    "aws-batch-jobdefinition-secret",
    "containerProperties",
    json.dumps({**BATCH_CONTAINER, "environment": SECRET_ENV}),
    "containerProperties.environment[0].value of 'DB_PASSWORD' holds a secret",
)
broken("aws-ec2-instance-secret", "userData", "export KEY=AKIA" + "B" * 16, "userData holds an AWS access key")
broken("aws-ssm-parameter-plain", "type", "String", "type is not 'SecureString'")
broken("aws-rds-database-password", "password", "hunter2", "password is given", "Instance")
broken("aws-rds-database-password", "masterPassword", "hunter2", "masterPassword is given", "Cluster")
broken("azure-containerapps-app-secret", "template.containers", [{**AZURE_CONTAINER, "env": SECRET_ENV}], "env[0].value of 'DB_PASSWORD'")
broken("azure-containerapps-app-secret", "configuration.secrets", [{"name": "db", "value": "x"}], "secrets[0].value of 'db' is written here")
broken("azure-containerinstance-group-secret", "containers[0].environmentVariables", SECRET_ENV, "value of 'DB_PASSWORD' holds a secret")
broken("azure-web-app-secret", "siteConfig.appSettings[0].value", "hunter2", "appSettings[0].value of 'DB_PASSWORD' holds a secret")
broken(
    "azure-web-app-secret",
    "siteConfig.connectionStrings[0].connectionString",
    "Server=db;User ID=sa;Password=hunter2;",
    "connectionStrings[0].connectionString holds a connection string with its password",
)
broken("azure-machinelearning-deployment-secret", "properties.environmentVariables.DB_PASSWORD", "hunter2", "DB_PASSWORD holds a secret")
LEAKY_RUN = [{**CLOUD_RUN_CONTAINER, "envs": SECRET_ENV}]
broken("gcp-cloudrun-service-secret", "template.containers", LEAKY_RUN, "envs[0].value of 'DB_PASSWORD' holds a secret")
broken("gcp-cloudrun-job-secret", "template.template.containers", LEAKY_RUN, "envs[0].value of 'DB_PASSWORD' holds a secret")
broken("gcp-cloudfunctions-function-secret", "serviceConfig.environmentVariables.DB_PASSWORD", "hunter2", "DB_PASSWORD holds a secret")
broken("gcp-compute-instance-secret", "metadata.db-password", "hunter2", "metadata.db-password holds a secret")
broken("gcp-serviceaccount-key-made", "publicKeyData", MISSING, "a private key is made")
broken("kubernetes-core-configmap-secret", "data.DB_PASSWORD", "hunter2", "data.DB_PASSWORD holds a secret")
for token, spec in POD_SPECS.items():
    says = "containers[0].env[0].value of 'DB_PASSWORD' holds a secret"
    broken("kubernetes-core-container-secret", f"{spec}.containers[0].env", SECRET_ENV, says, token)

# log retention
broken("aws-cloudwatch-loggroup-retention", "retentionInDays", MISSING, "retentionInDays is not set, which keeps logs without end")
broken("aws-cloudwatch-loggroup-retention", "retentionInDays", 7.0, "retentionInDays is 7; 90 days are asked for")
broken("azure-operationalinsights-workspace-retention", "retentionInDays", MISSING, "retentionInDays is not set; 90 days")
broken("azure-applicationinsights-component-retention", "retentionInDays", 30.0, "retentionInDays is 30; 90 days")
broken("azure-sql-auditing-retention", "retentionDays", 30.0, "retentionDays is 30; 90 days")
broken("azure-network-flowlog-retention", "retentionPolicy.days", 7.0, "retentionPolicy.days is 7; 90 days")
broken("gcp-logging-bucket-retention", "retentionDays", MISSING, "retentionDays is not set; 90 days")

# monitoring
broken("aws-cloudwatch-alarm-no-action", "alarmActions", MISSING, "alarmActions is empty")

# authentication off
broken("aws-apigateway-method-open", "authorization", "NONE", "authorization is 'NONE'")
broken("aws-apigatewayv2-route-open", "authorizationType", MISSING, "authorizationType is not set")
broken("aws-lambda-functionurl-open", "authorizationType", "NONE", "authorizationType is 'NONE'")
broken("aws-rds-database-iam-login", "iamDatabaseAuthenticationEnabled", MISSING, "iamDatabaseAuthenticationEnabled is not set")
broken("azure-machinelearning-endpoint-key-login", "properties.authMode", "Key", "properties.authMode is 'Key'")
broken("azure-machinelearning-compute-local-auth", "properties.disableLocalAuth", MISSING, "disableLocalAuth is not set")
broken("azure-storage-account-local-auth", "allowSharedKeyAccess", MISSING, "allowSharedKeyAccess is not set")
broken("azure-containerregistry-registry-local-auth", "adminUserEnabled", True, "adminUserEnabled is true")
broken("azure-containerregistry-registry-local-auth", "anonymousPullEnabled", True, "anonymousPullEnabled is true")
broken("azure-sql-server-local-auth", "administrators", MISSING, "azureADOnlyAuthentication is not set")
broken("azure-postgresql-server-local-auth", "authConfig.passwordAuth", "Enabled", "passwordAuth is 'Enabled'")
broken("azure-cosmosdb-account-local-auth", "disableLocalAuth", False, "disableLocalAuth is false")
broken("azure-eventhub-namespace-local-auth", "disableLocalAuth", False, "disableLocalAuth is false")
broken("azure-servicebus-namespace-local-auth", "disableLocalAuth", False, "disableLocalAuth is false")
broken("azure-cognitiveservices-account-local-auth", "properties.disableLocalAuth", MISSING, "disableLocalAuth is not set")
broken("azure-containerservice-cluster-local-auth", "disableLocalAccounts", MISSING, "disableLocalAccounts is not set")
broken("azure-containerapps-authconfig-open", "platform.enabled", False, "platform.enabled is false")
broken("azure-containerapps-authconfig-open", "globalValidation.unauthenticatedClientAction", "AllowAnonymous", "is 'AllowAnonymous'")
broken("gcp-cloudrun-service-invoker-check", "invokerIamDisabled", True, "invokerIamDisabled is true")
broken("gcp-container-cluster-legacy-auth", "enableLegacyAbac", True, "enableLegacyAbac is true")
broken("gcp-redis-instance-no-auth", "authEnabled", MISSING, "authEnabled is not set")
broken("kubernetes-rbac-binding-anonymous", "subjects[0].name", "system:unauthenticated", "subjects[0].name is 'system:unauthenticated'")

# unpinned image
broken("aws-lambda-function-image", "imageUri", TAG, "imageUri is 'pricing:latest' without a digest")
broken("aws-sagemaker-model-image", "primaryContainer.image", TAG, "primaryContainer.image is 'pricing:latest' without a digest")
broken("aws-ecs-taskdefinition-image", "containerDefinitions", json.dumps([{**ECS_CONTAINER, "image": TAG}]), "containerDefinitions[0].image")
broken("aws-batch-jobdefinition-image", "containerProperties", json.dumps({**BATCH_CONTAINER, "image": TAG}), "containerProperties.image")
broken("aws-ecr-repository-mutable-tags", "imageTagMutability", MISSING, "imageTagMutability is not set")
broken("azure-containerapps-app-image", "template.containers[0].image", TAG, "template.containers[0].image is 'pricing:latest'")
broken("azure-containerinstance-group-image", "containers[0].image", TAG, "containers[0].image is 'pricing:latest'")
broken("azure-web-app-image", "siteConfig.linuxFxVersion", f"DOCKER|{TAG}", "linuxFxVersion is 'pricing:latest'")
broken("azure-machinelearning-environment-image", "properties.image", TAG, "properties.image is 'pricing:latest'")
broken("azure-machinelearning-deployment-environment", "properties.environmentId", "azureml:sklearn@latest", "environmentId is")
broken("gcp-cloudrun-service-image", "template.containers[0].image", TAG, "template.containers[0].image is 'pricing:latest'")
broken("gcp-cloudrun-job-image", "template.template.containers[0].image", TAG, "containers[0].image is 'pricing:latest'")
broken("gcp-artifactregistry-repository-mutable-tags", "dockerConfig", MISSING, "dockerConfig.immutableTags is not set")
for token, spec in POD_SPECS.items():
    broken("kubernetes-core-container-image", f"{spec}.initContainers[0].image", TAG, f"{spec}.initContainers[0].image is", token)

# missing tags
broken("aws-any-resource-tags", "tags", {"environment": "prod"}, "tags lack 'managed-by'")
broken("azure-any-resource-tags", "tags", MISSING, "tags lack 'environment', 'managed-by'")
for token in missing_tags.GOOGLE_TYPES:
    path = {
        "gcp:sql/databaseInstance:DatabaseInstance": "settings.userLabels",
        "gcp:container/cluster:Cluster": "resourceLabels",
    }.get(token, "labels")
    broken("gcp-any-resource-labels", path, {"environment": TAGS["environment"]}, f"{path} lack 'managed-by'", token)
broken("kubernetes-any-object-labels", "metadata.labels", MISSING, "metadata.labels lack 'environment', 'managed-by'")

# single instance in production
broken("aws-sagemaker-endpointconfiguration-single", "productionVariants[0].initialInstanceCount", 1.0, "initialInstanceCount is 1")
broken("aws-appautoscaling-target-single", "minCapacity", 1.0, "minCapacity is 1")
broken("aws-ecs-service-single", "desiredCount", 1.0, "desiredCount is 1")
broken("aws-rds-instance-single", "multiAz", MISSING, "multiAz is not set")
broken("aws-eks-nodegroup-single", "scalingConfig.minSize", 1.0, "scalingConfig.minSize is 1")
broken("azure-machinelearning-deployment-single", "sku.capacity", 1.0, "sku.capacity is 1")
broken("azure-monitor-autoscale-single", "profiles[0].capacity.minimum", "1", "profiles[0].capacity.minimum is 1")
broken("azure-containerapps-app-single", "template.scale.minReplicas", 1.0, "minReplicas is 1")
broken("azure-containerapps-app-single", "template.scale.maxReplicas", 1.0, "maxReplicas is 1")
broken("azure-web-plan-single", "sku.capacity", MISSING, "sku.capacity is not set")
broken("azure-sql-database-single", "zoneRedundant", MISSING, "zoneRedundant is not set")
broken("azure-postgresql-server-single", "highAvailability", MISSING, "highAvailability.mode is not set")
broken("azure-containerservice-cluster-single", "agentPoolProfiles[0].count", 1.0, "agentPoolProfiles[0].count is 1")
broken("gcp-sql-instance-single", "settings.availabilityType", "ZONAL", "availabilityType is 'ZONAL'")
broken("gcp-cloudrun-service-single", "template.scaling.maxInstanceCount", 1.0, "maxInstanceCount is 1")
broken("gcp-cloudrun-service-single", "scaling.manualInstanceCount", 1.0, "manualInstanceCount is 1")
broken("gcp-redis-instance-single", "tier", "BASIC", "tier is 'BASIC'")
broken("gcp-container-cluster-single", "location", "europe-west4-a", "location is 'europe-west4-a', a single zone")
broken("kubernetes-apps-deployment-single", "spec.replicas", 1.0, "spec.replicas is 1")
broken("kubernetes-autoscaling-hpa-single", "spec.minReplicas", 1.0, "spec.minReplicas is 1")

# audit and access logs
broken("aws-eks-cluster-logs", "enabledClusterLogTypes", ["api"], "lacks 'audit', 'authenticator', 'controllerManager', 'scheduler'")
broken("aws-apigateway-stage-access-log", "accessLogSettings", MISSING, "accessLogSettings is not set")
broken("aws-lb-loadbalancer-access-log", "accessLogs.enabled", False, "accessLogs.enabled is false")
broken("aws-rds-database-logs", "enabledCloudwatchLogsExports", MISSING, "enabledCloudwatchLogsExports is not set")
broken("aws-ecs-cluster-insights", "settings", MISSING, "settings do not turn containerInsights on")
broken("aws-sfn-statemachine-logs", "loggingConfiguration.level", "OFF", "loggingConfiguration.level is 'OFF'")
broken("aws-cloudfront-distribution-log", "loggingConfig", MISSING, "loggingConfig is not set")
broken("azure-containerservice-cluster-logs", "addonProfiles.omsagent.enabled", False, "neither the omsagent of addonProfiles nor")
broken("gcp-container-cluster-logs", "loggingService", "none", "loggingService is 'none'")
broken("gcp-container-cluster-logs", "loggingConfig", {"enableComponents": ["WORKLOADS"]}, "lacks 'SYSTEM_COMPONENTS'")
broken("gcp-compute-subnetwork-flow-log", "logConfig", MISSING, "logConfig is not set")
broken("gcp-compute-backendservice-log", "logConfig", MISSING, "logConfig.enable is not set")

# supply chain
HUB = f"pytorch/torchserve@{IMAGE.partition('@')[2]}"
for rule in ("aws-any-container-registry", "azure-any-container-registry", "gcp-any-container-registry", "kubernetes-any-container-registry"):
    for token in TYPES[rule]:
        for path in PATHS[token]:
            says = "comes from 'pytorch'"
            if "{}" in path:
                document = json.loads(COMPLIANT[token][path.partition("{}")[0]])
                leaf = [{**document[0], "image": HUB}] if isinstance(document, list) else {**document, "image": HUB}
                broken(rule, path.partition("{}")[0], json.dumps(leaf), says, token)
            elif path == "containers[].image" and token.startswith("aws:"):
                broken(rule, "containers", [{"image": HUB}], f"containers[0].image {says}", token)
            elif "[]" in path and not path.startswith(("template.initContainers", "initContainers", "primaryContainer")):
                broken(rule, path.replace("[]", "[0]"), HUB, f"{path.replace('[]', '[0]')} {says}", token)
            elif "primaryContainer" in path:
                broken(rule, "primaryContainer.image", HUB, f"primaryContainer.image {says}", token)
            elif "[]" not in path:
                broken(rule, path, HUB, f"{path} {says}", token)
broken("aws-ecr-repository-no-scan", "imageScanningConfiguration", MISSING, "scanOnPush is not set")
SCAN = "vulnerabilityScanningConfig"
broken("gcp-artifactregistry-repository-no-scan", SCAN, {"enablementConfig": "DISABLED"}, "enablementConfig is 'DISABLED'")
broken("gcp-container-cluster-no-binary-authorization", "binaryAuthorization", MISSING, "binaryAuthorization.evaluationMode is not set")

# container hardening
for token, spec in POD_SPECS.items():
    context = f"{spec}.containers[0].securityContext"
    for rule, path, value, says in (
        ("container-privileged", f"{context}.privileged", True, "securityContext.privileged is true"),
        ("container-root", f"{spec}.securityContext.runAsNonRoot", MISSING, "containers[0].securityContext.runAsNonRoot is not set"),
        ("container-root", f"{context}.runAsNonRoot", False, "containers[0].securityContext.runAsNonRoot is false"),
        ("container-escalation", f"{context}.allowPrivilegeEscalation", MISSING, "allowPrivilegeEscalation is not set"),
        ("container-writable-root", f"{context}.readOnlyRootFilesystem", MISSING, "readOnlyRootFilesystem is not set"),
        ("container-capabilities", f"{context}.capabilities", {"drop": ["ALL"], "add": ["SYS_ADMIN"]}, "capabilities.add holds 'SYS_ADMIN'"),
        ("container-capabilities", f"{context}.capabilities", MISSING, "capabilities.drop lacks 'ALL'"),
        ("pod-seccomp", f"{spec}.securityContext.seccompProfile", MISSING, "seccompProfile.type is not set"),
        ("pod-host-namespaces", f"{spec}.hostNetwork", True, "hostNetwork is true"),
        ("pod-host-path", f"{spec}.volumes", [{"name": "h", "hostPath": {"path": "/"}}], "volumes[0].hostPath is set"),
        ("container-no-limits", f"{spec}.initContainers[0].resources", MISSING, "resources.requests.cpu is not set"),
        ("pod-token-mounted", f"{spec}.automountServiceAccountToken", MISSING, "automountServiceAccountToken is not set"),
    ):
        broken(f"kubernetes-core-{rule}", path, value, says, token)
    if token in TYPES["kubernetes-apps-deployment-no-probes"]:
        broken("kubernetes-apps-deployment-no-probes", f"{spec}.containers[0].readinessProbe", MISSING, "readinessProbe is not set", token)
broken("kubernetes-core-namespace-unrestricted", "metadata.labels", TAGS, "the label pod-security.kubernetes.io/enforce is not set")
PRIVILEGED = json.dumps([{**ECS_CONTAINER, "privileged": True}])
broken("aws-ecs-taskdefinition-privileged", "containerDefinitions", PRIVILEGED, "containerDefinitions[0].privileged is true")
WRITABLE = json.dumps([{**ECS_CONTAINER, "readonlyRootFilesystem": False}])
broken("aws-ecs-taskdefinition-writable-root", "containerDefinitions", WRITABLE, "readonlyRootFilesystem is false")
broken("aws-ecs-taskdefinition-host-namespaces", "pidMode", "host", "pidMode is 'host'")
broken("aws-batch-jobdefinition-privileged", "containerProperties", json.dumps({**BATCH_CONTAINER, "privileged": True}), "privileged is true")
broken("azure-containerinstance-group-privileged", "containers[0].securityContext", {"privileged": True}, "privileged is true")

# model governance
MODELS = "azureml://registries/r/models/pricing"
broken("azure-machinelearning-deployment-model-version", "properties.model", f"{MODELS}/labels/latest", "properties.model is", "OnlineDeployment")
broken(
    "azure-machinelearning-deployment-model-version",
    "properties.model",
    {"assetId": f"{MODELS}@latest", "referenceType": "Id"},
    "properties.model.assetId is",
    "BatchDeployment",
)
broken("aws-sagemaker-model-version", "primaryContainer.modelDataUrl", "s3://models/pricing/latest/model.tar.gz", "primaryContainer.modelDataUrl is")
broken("aws-sagemaker-modelcard-unapproved", "modelCardStatus", "Draft", "modelCardStatus is 'Draft'")
PENDING = json.dumps({"ModelApprovalStatus": "PendingManualApproval"})
broken("aws-sagemaker-modelpackage-unapproved", "desiredState", PENDING, "ModelApprovalStatus is 'PendingManualApproval'")

# data protection
broken("aws-rds-database-deletion", "deletionProtection", MISSING, "deletionProtection is not set")
broken("aws-rds-database-final-snapshot", "skipFinalSnapshot", True, "skipFinalSnapshot is true")
broken("aws-rds-database-backups", "backupRetentionPeriod", 1.0, "backupRetentionPeriod is 1")
broken("aws-dynamodb-table-recovery", "pointInTimeRecovery", MISSING, "pointInTimeRecovery.enabled is not set")
broken("aws-s3-bucket-force-destroy", "forceDestroy", True, "forceDestroy is true")
broken("aws-ecr-repository-force-delete", "forceDelete", True, "forceDelete is true")
broken("aws-kms-key-deletion", "deletionWindowInDays", 7.0, "deletionWindowInDays is 7")
broken("aws-secretsmanager-secret-deletion", "recoveryWindowInDays", 0.0, "recoveryWindowInDays is 0")
broken("azure-keyvault-vault-purge", "properties.enablePurgeProtection", MISSING, "enablePurgeProtection is not set")
broken("azure-storage-blobservice-soft-delete", "deleteRetentionPolicy.enabled", False, "deleteRetentionPolicy.enabled is false")
broken("azure-postgresql-server-backups", "backup", {"backupRetentionDays": 5.0}, "backup.backupRetentionDays is 5")
broken("azure-cosmosdb-account-backups", "backupPolicy", {"type": "Periodic"}, "backupPolicy.type is 'Periodic'")
broken("gcp-sql-instance-backups", "settings.backupConfiguration", MISSING, "backupConfiguration.enabled is not set")
broken("gcp-sql-instance-deletion", "deletionProtection", False, "deletionProtection is false")
broken("gcp-storage-bucket-versioning", "versioning", MISSING, "versioning.enabled is not set")
broken("gcp-storage-bucket-force-destroy", "forceDestroy", True, "forceDestroy is true")
broken("gcp-bigquery-dataset-force-destroy", "deleteContentsOnDestroy", True, "deleteContentsOnDestroy is true")
broken("gcp-kms-cryptokey-rotation", "rotationPeriod", "31536000s", "rotationPeriod is '31536000s'")

# cost guard rails
broken("azure-machinelearning-compute-idle", "properties.properties.scaleSettings.minNodeCount", 1.0, "minNodeCount is 1")
broken("aws-batch-computeenvironment-idle", "computeResources.minVcpus", 4.0, "computeResources.minVcpus is 4")

# web firewalls and rate limits
broken("aws-cloudfront-distribution-no-waf", "webAclId", MISSING, "webAclId is not set")
broken("aws-apigatewayv2-stage-no-throttle", "defaultRouteSettings", MISSING, "defaultRouteSettings.throttlingRateLimit is not set")
broken("aws-wafv2-webacl-no-rate-limit", "rules", MISSING, "no rule has a rateBasedStatement")
broken("azure-network-applicationgateway-no-waf", "firewallPolicy", MISSING, "firewallPolicy is not set")
broken("azure-network-wafpolicy-detection", "policySettings.mode", "Detection", "policySettings.mode is 'Detection'")
broken("azure-network-wafpolicy-detection", "policySettings.state", "Disabled", "policySettings.state is 'Disabled'")
broken("azure-frontdoor-wafpolicy-detection", "policySettings.mode", "Detection", "policySettings.mode is 'Detection'")
broken("azure-frontdoor-wafpolicy-detection", "policySettings.enabledState", "Disabled", "policySettings.enabledState is 'Disabled'")
MATCH_RULE = {**RATE_LIMIT, "ruleType": "MatchRule"}
broken("azure-network-wafpolicy-no-rate-limit", "customRules", [MATCH_RULE], "customRules has no RateLimitRule", "WebApplicationFirewallPolicy")
broken("azure-network-wafpolicy-no-rate-limit", "customRules.rules", [MATCH_RULE], "customRules.rules has no RateLimitRule", ":Policy")
broken(
    "azure-frontdoor-frontdoor-no-waf", "frontendEndpoints", [{"name": "api"}], "frontendEndpoints[0].webApplicationFirewallPolicyLink.id is not set"
)
broken("gcp-compute-backendservice-no-waf", "securityPolicy", MISSING, "securityPolicy is not set and loadBalancingScheme is 'EXTERNAL_MANAGED'")

# open egress
broken("aws-sagemaker-monitoring-isolation", "networkConfig.enableNetworkIsolation", False, "enableNetworkIsolation is false")
broken("aws-sagemaker-notebook-vpc", "subnetId", MISSING, "subnetId is not set")
broken("aws-lambda-function-vpc", "vpcConfig", MISSING, "vpcConfig.subnetIds is not set")
ANYWHERE = [{"fromPort": 0.0, "toPort": 0.0, "protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]}]
broken("aws-ec2-securitygroup-open-egress", "egress", ANYWHERE, "egress[0].cidrBlocks is the whole internet on all ports")
COMPUTE = "properties.properties"
broken("azure-machinelearning-compute-public-ip", f"{COMPUTE}.enableNodePublicIp", MISSING, "enableNodePublicIp is not set")
broken("azure-batch-pool-public-ip", "networkConfiguration", MISSING, "networkConfiguration.subnetId is not set")
broken("azure-batch-pool-public-ip", "networkConfiguration.publicIPAddressConfiguration.provision", "BatchManaged", "provision is 'BatchManaged'")
broken("gcp-cloudrun-service-egress", "template.vpcAccess.egress", "PRIVATE_RANGES_ONLY", "egress is 'PRIVATE_RANGES_ONLY'")
broken("gcp-cloudrun-job-egress", "template.template.vpcAccess", MISSING, "vpcAccess.egress is not set")
broken("gcp-cloudfunctions-function-egress", "serviceConfig.vpcConnectorEgressSettings", MISSING, "vpcConnectorEgressSettings is not set")

# lost messages
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
broken("aws-lambda-eventsource-no-dead-letters", "destinationConfig", MISSING, "destinationConfig.onFailure.destinationArn is not set")
broken("aws-lambda-eventsource-endless-retry", "maximumRetryAttempts", MISSING, "neither maximumRetryAttempts nor")
broken("aws-lambda-eventsource-whole-batch", "functionResponseTypes", MISSING, "lacks 'ReportBatchItemFailures'")
broken("aws-scheduler-schedule-no-dead-letters", "target.deadLetterConfig", MISSING, "target.deadLetterConfig.arn is not set")
broken("aws-cloudwatch-eventtarget-no-dead-letters", "deadLetterConfig", MISSING, "deadLetterConfig.arn is not set")
broken("aws-sns-subscription-no-dead-letters", "redrivePolicy", MISSING, "redrivePolicy is not set")
broken("aws-kinesis-stream-retention", "retentionPeriod", MISSING, "retentionPeriod is not set; 72 hours are asked for at least")
broken("aws-kinesis-stream-retention", "retentionPeriod", 48.0, "retentionPeriod is 48 hours; 72 hours")
broken("aws-sqs-queue-retention", "messageRetentionSeconds", 3600.0, "messageRetentionSeconds is 1 hours")
broken("aws-msk-configuration-retention", "serverProperties", "log.retention.hours=24", "log.retention is 24 hours")
broken("aws-msk-configuration-retention", "serverProperties", "log.retention.hours=168\nlog.retention.ms = 3600000", "log.retention is 1 hours")
broken("azure-eventhub-eventhub-retention", "retentionDescription", MISSING, "retentionDescription.retentionTimeInHours is not set")
broken("azure-eventhub-eventhub-retention", "retentionDescription.retentionTimeInHours", 24.0, "is 24 hours")
broken("azure-servicebus-queue-expired", "deadLetteringOnMessageExpiration", False, "deadLetteringOnMessageExpiration is false")
broken("azure-eventgrid-subscription-no-dead-letters", "deadLetterDestination", MISSING, "deadLetterDestination is not set")
broken("gcp-pubsub-subscription-retention", "messageRetentionDuration", "86400s", "messageRetentionDuration is 24 hours")
broken("gcp-pubsub-subscription-expires", "expirationPolicy", MISSING, "expirationPolicy.ttl is not set")
broken("gcp-managedkafka-topic-retention", "configs", {"retention.ms": "3600000"}, "configs.retention.ms is 1 hours")

# what reaches brokers, functions, batches and clusters
broken("aws-msk-cluster-public", "brokerNodeGroupInfo.connectivityInfo.publicAccess.type", "SERVICE_PROVIDED_EIPS", "is 'SERVICE_PROVIDED_EIPS'")
ON_INTERNET = json.dumps({**BATCH_CONTAINER, "networkConfiguration": {"assignPublicIp": "ENABLED"}})
broken("aws-batch-jobdefinition-public-ip", "containerProperties", ON_INTERNET, "networkConfiguration.assignPublicIp is 'ENABLED'")
for rule in ("azure-servicebus-namespace", "azure-batch-account", "azure-redis-cache"):
    broken(f"{rule}-public-network", "publicNetworkAccess", "Enabled", "publicNetworkAccess is 'Enabled'")
broken("azure-machinelearning-compute-ssh", f"{COMPUTE}.remoteLoginPortPublicAccess", "Enabled", "remoteLoginPortPublicAccess is 'Enabled'")
POOLS = [{"name": "ssh", "protocol": "TCP", "backendPort": 22.0, "frontendPortRangeStart": 50000.0, "frontendPortRangeEnd": 50100.0}]
broken("azure-batch-pool-open-ports", "networkConfiguration.endpointConfiguration", {"inboundNatPools": POOLS}, "inboundNatPools is set")
broken("azure-web-app-remote-debugging", "siteConfig.remoteDebuggingEnabled", True, "remoteDebuggingEnabled is true")
broken("azure-web-app-any-origin", "siteConfig.cors.allowedOrigins", ["*"], "allowedOrigins holds '*'")
broken("azure-healthcareapis-fhir-any-origin", "corsConfiguration.origins", ["*"], "corsConfiguration.origins holds '*'")
broken("azure-containerservice-cluster-command-invoke", "apiServerAccessProfile.disableRunCommand", MISSING, "disableRunCommand is not set")
ON_INTERNET_TOO = [{"name": "public", "publicIPAddress": {"id": "i"}}]
broken("azure-network-applicationgateway-public", "frontendIPConfigurations", ON_INTERNET_TOO, "frontendIPConfigurations[0].publicIPAddress is set")
broken("gcp-vertex-indexendpoint-public", "publicEndpointEnabled", True, "publicEndpointEnabled is true")
broken("gcp-workbench-instance-public-ip", "gceSetup.disablePublicIp", MISSING, "gceSetup.disablePublicIp is not set")
broken("aws-eks-nodegroup-ssh", "remoteAccess", {"ec2SshKey": "k"}, "remoteAccess.sourceSecurityGroupIds is not set")
broken("azure-containerservice-cluster-network-policy", "networkProfile.networkPolicy", "none", "networkPolicy is 'none'")
broken("gcp-container-cluster-network-policy", "datapathProvider", "LEGACY_DATAPATH", "datapathProvider is 'LEGACY_DATAPATH'")

# keys of streams, schedules, batches and models
for rule, path in (
    ("aws-scheduler-schedule-key", "kmsKeyArn"),
    ("aws-msk-cluster-key", "encryptionInfo.encryptionAtRestKmsKeyArn"),
    ("aws-dynamodb-table-key", "serverSideEncryption"),
    ("aws-elasticache-replicationgroup-key", "kmsKeyId"),
    ("aws-elasticache-replicationgroup-key", "atRestEncryptionEnabled"),
    ("aws-efs-filesystem-key", "encrypted"),
    ("aws-efs-filesystem-key", "kmsKeyId"),
    ("aws-kinesis-firehose-key", "serverSideEncryption"),
    ("aws-kinesis-firehose-key", "serverSideEncryption.keyType"),
    ("aws-sagemaker-endpointconfiguration-capture-key", "dataCaptureConfig.kmsKeyId"),
    ("aws-sagemaker-monitoring-key", "dataQualityJobOutputConfig.kmsKeyId"),
    ("aws-sagemaker-monitoring-key", "jobResources.clusterConfig.volumeKmsKeyId"),
    ("azure-containerservice-cluster-secrets-key", "securityProfile.azureKeyVaultKms"),
    ("azure-eventhub-namespace-key", "encryption"),
    ("azure-servicebus-namespace-key", "encryption"),
    ("azure-batch-account-key", "encryption"),
    ("azure-healthcareapis-fhir-key", "encryption"),
    ("azure-postgresql-server-key", "dataEncryption"),
    ("gcp-workflows-workflow-key", "cryptoKeyName"),
    ("gcp-healthcare-dataset-key", "encryptionSpec"),
    ("gcp-managedkafka-cluster-key", "gcpConfig.kmsKey"),
    ("gcp-vertex-dataset-key", "encryptionSpec"),
    ("gcp-vertex-metadatastore-key", "encryptionSpec"),
    ("gcp-vertex-indexendpoint-key", "encryptionSpec"),
    ("gcp-vertex-featurestore-key", "encryptionSpec"),
    ("gcp-cloudrun-workerpool-key", "template.encryptionKey"),
    ("gcp-alloydb-cluster-key", "encryptionConfig"),
    ("gcp-vertex-model-key", "encryptionKey"),
):
    broken(rule, path, MISSING, path)

# plain text to brokers, gateways and targets
IN_TRANSIT = "encryptionInfo.encryptionInTransit"
broken("aws-msk-cluster-plaintext", f"{IN_TRANSIT}.clientBroker", "TLS_PLAINTEXT", "clientBroker is 'TLS_PLAINTEXT'")
broken("aws-msk-cluster-plaintext", f"{IN_TRANSIT}.inCluster", False, "inCluster is false")
broken("aws-elasticache-replicationgroup-tls", "transitEncryptionEnabled", MISSING, "transitEncryptionEnabled is not set")
broken("aws-ecs-taskdefinition-efs-tls", "volumes[0].efsVolumeConfiguration.transitEncryption", "DISABLED", "transitEncryption is 'DISABLED'")
broken("aws-sagemaker-monitoring-traffic", "networkConfig.enableInterContainerTrafficEncryption", False, "TrafficEncryption is false")
broken("azure-network-applicationgateway-plaintext", "httpListeners[0].protocol", "Http", "httpListeners[0].protocol is 'Http'")
broken("azure-network-applicationgateway-tls", "sslPolicy", MISSING, "sslPolicy.minProtocolVersion is not set")
broken("azure-network-applicationgateway-tls", "sslPolicy.policyName", "AppGwSslPolicy20150501", "policyName is 'AppGwSslPolicy20150501'")
broken("azure-web-app-ftp", "siteConfig.ftpsState", "AllAllowed", "siteConfig.ftpsState is 'AllAllowed'")
PLAIN_SCALER = [{"name": "lag", "custom": {"type": "kafka", "metadata": {"bootstrapServers": "b:9092"}}}]
broken("azure-containerapps-app-kafka-plaintext", "template.scale.rules", PLAIN_SCALER, "custom.metadata.tls is not set")
broken("gcp-cloudscheduler-job-plaintext", "httpTarget.uri", "http://scorer.example.com", "httpTarget.uri is 'http://scorer.example.com'")
broken("gcp-pubsub-subscription-push-plaintext", "pushConfig.pushEndpoint", "http://scorer.example.com", "pushEndpoint is 'http:")

# logins of streams, schedules, batches and clusters
broken("aws-msk-cluster-unauthenticated", "clientAuthentication.unauthenticated", True, "unauthenticated is true")
broken("aws-msk-cluster-unauthenticated", "clientAuthentication", MISSING, "clientAuthentication names no login")
KAFKA = {"endpoints": {"KAFKA_BOOTSTRAP_SERVERS": "b1.example.com:9094"}}
broken("aws-lambda-eventsource-kafka-no-auth", "selfManagedEventSource", KAFKA, "sourceAccessConfigurations names no login")
broken("aws-eks-cluster-auth-mode", "accessConfig", MISSING, "accessConfig.authenticationMode is not set")
broken("aws-eks-cluster-auth-mode", "accessConfig.authenticationMode", "API_AND_CONFIG_MAP", "authenticationMode is 'API_AND_CONFIG_MAP'")
broken("aws-elasticache-replicationgroup-no-auth", "userGroupIds", MISSING, "userGroupIds is not set")
broken("azure-containerservice-cluster-entra", "aadProfile.enableAzureRBAC", MISSING, "aadProfile.enableAzureRBAC is not set")
broken("azure-containerservice-cluster-entra", "aadProfile", MISSING, "aadProfile.managed is not set")
broken("azure-containerservice-cluster-workload-identity", "oidcIssuerProfile", MISSING, "oidcIssuerProfile.enabled is not set")
broken("azure-batch-account-local-auth", "allowedAuthenticationModes", ["AAD", "SharedKey"], "allowedAuthenticationModes is 'AAD, SharedKey'")
broken("azure-web-authsettings-open", "platform.enabled", False, "platform.enabled is false")
broken("azure-web-authsettings-open", "globalValidation", MISSING, "globalValidation.requireAuthentication is not set")
broken("azure-web-app-basic-publishing", "allow", True, "allow is true")
broken("azure-healthcareapis-fhir-login", "authenticationConfiguration", MISSING, "authenticationConfiguration.authority is not set")
broken("gcp-cloudscheduler-job-no-token", "httpTarget.oauthToken", MISSING, "httpTarget.oidcToken is not set")
broken("gcp-pubsub-subscription-push-no-token", "pushConfig.oidcToken", MISSING, "pushConfig.oidcToken.serviceAccountEmail is not set")
broken("gcp-container-cluster-workload-identity", "workloadIdentityConfig", MISSING, "workloadIdentityConfig.workloadPool is not set")
broken("gcp-container-nodepool-metadata", "nodeConfig.workloadMetadataConfig", MISSING, "workloadMetadataConfig.mode is not set")
for token, path in ACCOUNTS.items():
    broken("gcp-any-workload-default-account", path, MISSING, f"{path} is not set", token)
    broken("gcp-any-workload-default-account", path, "1-compute@developer.gserviceaccount.com", "is the default service account", token)

# containers and machines
for token, spec in POD_SPECS.items():
    ports = [{"containerPort": 8080.0, "hostPort": 8080.0}]
    broken("kubernetes-core-container-host-port", f"{spec}.containers[0].ports", ports, "ports[0].hostPort is 8080", token)
broken("aws-ecs-taskdefinition-root", "containerDefinitions", json.dumps([{**ECS_CONTAINER, "user": "root"}]), "user is 'root'")
broken("aws-ecs-service-exec", "enableExecuteCommand", True, "enableExecuteCommand is true")
WRITABLE_JOB = json.dumps({**BATCH_CONTAINER, "readonlyRootFilesystem": False})
broken("aws-batch-jobdefinition-writable-root", "containerProperties", WRITABLE_JOB, "readonlyRootFilesystem is false")
broken("aws-ec2-instance-metadata", "metadataOptions", MISSING, "metadataOptions.httpTokens is not set")
broken("aws-ec2-instance-metadata", "metadataOptions.httpPutResponseHopLimit", 2.0, "httpPutResponseHopLimit is 2")
broken("aws-sagemaker-notebook-root", "rootAccess", MISSING, "rootAccess is not set")
broken("aws-sagemaker-notebook-metadata", "instanceMetadataServiceConfiguration", MISSING, "minimumInstanceMetadataServiceVersion is not set")
broken("azure-containerservice-cluster-policy-addon", "addonProfiles.azurepolicy.enabled", False, "the add-on azurepolicy")
broken("gcp-container-nodepool-secure-boot", "nodeConfig.shieldedInstanceConfig", MISSING, "enableSecureBoot is not set")
broken("aws-ecs-service-platform", "platformVersion", "1.4.0", "platformVersion is '1.4.0'")
broken("aws-lambda-function-unsigned", "packageType", "Zip", "codeSigningConfigArn is not set")
broken("azure-containerservice-cluster-no-upgrades", "autoUpgradeProfile", MISSING, "autoUpgradeProfile.upgradeChannel is not set")
broken("gcp-container-cluster-no-upgrades", "releaseChannel", MISSING, "releaseChannel.channel is not set")
broken("gcp-cloudrun-service-no-binary-authorization", "binaryAuthorization", MISSING, "binaryAuthorization.useDefault is not true")

# logs, traces and releases
broken("aws-msk-cluster-log", "loggingInfo", MISSING, "loggingInfo.brokerLogs is not set")
SILENT = json.dumps([{key: value for key, value in ECS_CONTAINER.items() if key != "logConfiguration"}])
broken("aws-ecs-taskdefinition-log", "containerDefinitions", SILENT, "containerDefinitions[0].logConfiguration is not set")
broken("azure-containerapps-environment-log", "appLogsConfiguration", MISSING, "appLogsConfiguration.destination is not set")
broken("gcp-workflows-workflow-log", "callLogLevel", "LOG_NONE", "callLogLevel is 'LOG_NONE'")
broken("gcp-vertex-deployedmodel-log", "accessLogging", False, "accessLogging is false")
broken("aws-ecs-service-no-rollback", "deploymentCircuitBreaker", MISSING, "deploymentCircuitBreaker.enable is not set")
broken("aws-lambda-function-no-trace", "tracingConfig", MISSING, "tracingConfig.mode is not set")
broken("aws-apigateway-stage-no-trace", "xrayTracingEnabled", MISSING, "xrayTracingEnabled is not set")

# one of a kind in production
broken("aws-msk-cluster-single", "numberOfBrokerNodes", 1.0, "numberOfBrokerNodes is 1")
broken("aws-elasticache-replicationgroup-single", "multiAzEnabled", MISSING, "multiAzEnabled is not set")
broken("azure-containerinstance-group-in-production", "tags", TAGS, "a container group is one instance")
broken("azure-containerservice-cluster-no-sla", "sku.tier", "Free", "sku.tier is 'Free'")
broken("azure-containerapps-environment-single", "zoneRedundant", MISSING, "zoneRedundant is not set")

# batches and idle machines
broken("aws-batch-computeenvironment-on-demand", "computeResources.type", "FARGATE", "computeResources.type is 'FARGATE'")
broken("aws-batch-jobdefinition-no-timeout", "timeout", MISSING, "timeout.attemptDurationSeconds is not set")
broken("aws-lambda-function-unbounded", "reservedConcurrentExecutions", MISSING, "reservedConcurrentExecutions is not set")
broken("aws-sagemaker-notebook-idle", "lifecycleConfigName", MISSING, "lifecycleConfigName is not set")
INSTANCE = {"computeType": "ComputeInstance", "disableLocalAuth": True, "properties": {"enableNodePublicIp": False}}
broken("azure-machinelearning-instance-idle", "properties", INSTANCE, "idleTimeBeforeShutdown is not set")
broken("azure-machinelearning-compute-on-demand", f"{COMPUTE}.vmPriority", "Dedicated", "vmPriority is 'Dedicated'")
broken("azure-batch-pool-idle", "scaleSettings", {"fixedScale": {"targetDedicatedNodes": 2.0}}, "targetDedicatedNodes is 2")

# data and models
broken("aws-apigateway-methodsettings-payload-log", "settings.dataTraceEnabled", True, "settings.dataTraceEnabled is true")
broken("gcp-healthcare-fhirstore-history", "disableResourceVersioning", True, "disableResourceVersioning is true")
broken("gcp-alloydb-cluster-backups", "continuousBackupConfig.enabled", False, "continuousBackupConfig.enabled is false")
broken("gcp-vertex-model-version", "artifactUri", "gs://models/pricing/latest", "artifactUri is 'gs://models/pricing/latest'", ":VertexModel")
UNVERSIONED = "projects/p/locations/europe-west4/models/pricing@default"
broken("gcp-vertex-model-version", "model", UNVERSIONED, "model is", ":VertexDeployedModel")
broken("gcp-vertex-model-image", "container.image", TAG, "container.image is 'pricing:latest' without a digest")
broken("gcp-vertex-model-secret", "container.env.DB_PASSWORD", "hunter2", "container.env.DB_PASSWORD holds a secret")
