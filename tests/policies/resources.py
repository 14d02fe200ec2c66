"""One compliant resource of every type the pack looks at, as the inputs a policy sees. Each rule's test breaks one property of it."""

import json
from typing import Any

from policies.rules import missing_tags

Props = dict[str, Any]

TAGS = {"environment": "prod", "managed-by": "pulumi"}
LABELS = {"environment": "prod", "managed-by": "pulumi"}
DIGEST = "sha256:" + "0123456789abcdef" * 4
IMAGE = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/pricing@{DIGEST}"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000"
GOOGLE_KEY = "projects/p/locations/europe-west4/keyRings/r/cryptoKeys/k"
EMAIL = "caller@p.iam.gserviceaccount.com"
ACCOUNT = "serviceAccount:caller@p.iam.gserviceaccount.com"
ROLE_ARN = "arn:aws:iam::123456789012:role/caller"
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000"


def allow(action: str | list[str], resource: str | list[str], principal: Any = None) -> Props:
    """A statement of an AWS policy."""
    statement: Props = {"Sid": "Use", "Effect": "Allow", "Action": action, "Resource": resource}
    return statement if principal is None else {**statement, "Principal": principal}


def policy(*statements: Props) -> str:
    """An AWS policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


NAMED = policy(allow("s3:GetObject", "arn:aws:s3:::models/pricing/*"))
FOR_CALLER = policy(allow("sqs:SendMessage", "*", {"AWS": ROLE_ARN}))
FOR_ANYBODY = policy(allow("sqs:SendMessage", "*", "*"))
TLS_ONLY: Props = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
TRUST = policy(allow("sts:AssumeRole", "*", {"Service": "sagemaker.amazonaws.com"}))

ECS_CONTAINER = {
    "name": "model",
    "image": IMAGE,
    "readonlyRootFilesystem": True,
    "user": "1000",
    "logConfiguration": {"logDriver": "awslogs"},
    "environment": [{"name": "MAX_TOKENS", "value": "512"}, {"name": "DB_SECRET_ARN", "value": "arn:aws:secretsmanager:x"}],
    "secrets": [{"name": "DB_PASSWORD", "valueFrom": "arn:aws:secretsmanager:x"}],
}
BATCH_CONTAINER = {"image": IMAGE, "readonlyRootFilesystem": True, "environment": [{"name": "STORES", "value": "120"}]}

AZURE_CONTAINER = {
    "name": "model",
    "image": IMAGE,
    "env": [{"name": "MODEL_NAME", "value": "pricing"}, {"name": "DB_PASSWORD", "secretRef": "db"}],
}

RESOURCES = {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}
SECURITY = {"privileged": False, "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
POD = {
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "volumes": [{"name": "scratch", "emptyDir": {}}],
    "containers": [
        {
            "name": "model",
            "image": IMAGE,
            "resources": RESOURCES,
            "securityContext": SECURITY,
            "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
            "livenessProbe": {"httpGet": {"path": "/live", "port": 8080}},
            "env": [
                {"name": "MODEL_NAME", "value": "pricing"},
                {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
            ],
        }
    ],
    "initContainers": [{"name": "fetch", "image": IMAGE, "resources": RESOURCES, "securityContext": SECURITY}],
}
METADATA = {"name": "pricing", "namespace": "models", "labels": {**LABELS, "app.kubernetes.io/name": "pricing"}}

SECURITY_RULE = {
    "name": "https",
    "direction": "Inbound",
    "access": "Allow",
    "protocol": "Tcp",
    "priority": 100,
    "sourceAddressPrefix": "10.0.0.0/16",
    "sourcePortRange": "*",
    "destinationAddressPrefix": "*",
    "destinationPortRange": "443",
}

RATE_LIMIT = {"name": "rate", "priority": 1.0, "ruleType": "RateLimitRule", "action": "Block", "rateLimitThreshold": 500.0, "matchConditions": []}

CLOUD_RUN_CONTAINER = {
    "image": IMAGE,
    "envs": [
        {"name": "MODEL_NAME", "value": "pricing"},
        {"name": "DB_PASSWORD", "valueSource": {"secretKeyRef": {"secret": "db", "version": "1"}}},
    ],
}

CLOUD_RUN: Props = {
    "encryptionKey": GOOGLE_KEY,
    "serviceAccount": EMAIL,
    "containers": [CLOUD_RUN_CONTAINER],
    "vpcAccess": {"egress": "ALL_TRAFFIC", "networkInterfaces": [{"subnetwork": "s"}]},
}
MEMBER: Props = {"role": "roles/viewer", "member": ACCOUNT}
BINDING: Props = {"role": "roles/viewer", "members": [ACCOUNT]}

BACKEND: Props = {"logConfig": {"enable": True}, "loadBalancingScheme": "EXTERNAL_MANAGED", "securityPolicy": "p"}
RDS: Props = {
    "engine": "postgres",
    "storageEncrypted": True,
    "kmsKeyId": KEY,
    "manageMasterUserPassword": True,
    "iamDatabaseAuthenticationEnabled": True,
    "enabledCloudwatchLogsExports": ["postgresql"],
    "deletionProtection": True,
    "skipFinalSnapshot": False,
    "backupRetentionPeriod": 7.0,
    "tags": TAGS,
}
AUDITING: Props = {"state": "Enabled", "isAzureMonitorTargetEnabled": True, "retentionDays": 120.0}
ROLE_BINDING: Props = {
    "metadata": METADATA,
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "pricing-reader"},
    "subjects": [{"kind": "ServiceAccount", "name": "pricing", "namespace": "models"}],
}
ROLE: Props = {"metadata": METADATA, "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]}
PUBLIC_ACCESS_BLOCK: Props = {
    "blockPublicAcls": True,
    "blockPublicPolicy": True,
    "ignorePublicAcls": True,
    "restrictPublicBuckets": True,
}

AWS: dict[str, Props] = {
    "apigateway/domainName:DomainName": {"domainName": "api.example.com", "securityPolicy": "TLS_1_2"},
    "apigateway/method:Method": {"httpMethod": "POST", "authorization": "AWS_IAM", "resourceId": "r", "restApi": "a"},
    "apigateway/methodSettings:MethodSettings": {"methodPath": "*/*", "settings": {"dataTraceEnabled": False, "throttlingRateLimit": 100.0}},
    "apigateway/restApi:RestApi": {"endpointConfiguration": {"types": "PRIVATE", "vpcEndpointIds": ["vpce-1"]}},
    "apigatewayv2/api:Api": {"protocolType": "HTTP", "disableExecuteApiEndpoint": True},
    "apigatewayv2/route:Route": {"apiId": "a", "routeKey": "POST /score", "authorizationType": "JWT"},
    "appautoscaling/target:Target": {
        "minCapacity": 2.0,
        "maxCapacity": 4.0,
        "resourceId": "endpoint/pricing/variant/main",
        "scalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "serviceNamespace": "sagemaker",
    },
    "batch/jobDefinition:JobDefinition": {
        "type": "container",
        "containerProperties": json.dumps(BATCH_CONTAINER),
        "timeout": {"attemptDurationSeconds": 3600.0},
    },
    "cloudfront/distribution:Distribution": {
        "viewerCertificate": {"acmCertificateArn": "arn:aws:acm:x", "minimumProtocolVersion": "TLSv1.2_2021", "sslSupportMethod": "sni-only"},
        "defaultCacheBehavior": {"viewerProtocolPolicy": "redirect-to-https"},
        "orderedCacheBehaviors": [{"viewerProtocolPolicy": "https-only"}],
        "loggingConfig": {"bucket": "logs.s3.amazonaws.com"},
        "webAclId": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/api/1",
    },
    "cloudwatch/logGroup:LogGroup": {"retentionInDays": 90.0, "kmsKeyId": KEY},
    "cloudwatch/metricAlarm:MetricAlarm": {"alarmActions": ["arn:aws:sns:x"], "comparisonOperator": "GreaterThanThreshold"},
    "apigateway/stage:Stage": {
        "stageName": "v1",
        "xrayTracingEnabled": True,
        "accessLogSettings": {"destinationArn": "arn:aws:logs:x", "format": "$context.requestId"},
    },
    "apigatewayv2/stage:Stage": {
        "apiId": "a",
        "accessLogSettings": {"destinationArn": "arn:aws:logs:x", "format": "$context.requestId"},
        "defaultRouteSettings": {"throttlingRateLimit": 100.0, "throttlingBurstLimit": 50.0},
    },
    "batch/computeEnvironment:ComputeEnvironment": {
        "type": "MANAGED",
        "computeResources": {"type": "FARGATE_SPOT", "minVcpus": 0.0, "maxVcpus": 16.0},
    },
    "cloudcontrol/resource:Resource": {
        "typeName": "AWS::SageMaker::ModelPackage",
        "desiredState": json.dumps({"ModelPackageGroupName": "pricing", "ModelApprovalStatus": "Approved"}),
    },
    "dynamodb/table:Table": {"pointInTimeRecovery": {"enabled": True}, "serverSideEncryption": {"enabled": True, "kmsKeyArn": KEY}},
    "efs/fileSystem:FileSystem": {"encrypted": True, "kmsKeyId": KEY},
    "elasticache/replicationGroup:ReplicationGroup": {
        "description": "features",
        "atRestEncryptionEnabled": True,
        "kmsKeyId": KEY,
        "transitEncryptionEnabled": True,
        "userGroupIds": ["callers"],
        "automaticFailoverEnabled": True,
        "multiAzEnabled": True,
    },
    "kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": {
        "destination": "extended_s3",
        "serverSideEncryption": {"enabled": True, "keyType": "CUSTOMER_MANAGED_CMK", "keyArn": KEY},
    },
    "cloudwatch/eventTarget:EventTarget": {"rule": "nightly", "arn": "arn:aws:states:x", "deadLetterConfig": {"arn": "arn:aws:sqs:x"}},
    "lambda/eventSourceMapping:EventSourceMapping": {
        "functionName": "f",
        "eventSourceArn": "arn:aws:kinesis:x",
        "startingPosition": "TRIM_HORIZON",
        "destinationConfig": {"onFailure": {"destinationArn": "arn:aws:sqs:x"}},
        "maximumRetryAttempts": 5.0,
        "functionResponseTypes": ["ReportBatchItemFailures"],
    },
    "msk/cluster:Cluster": {
        "clusterName": "calls",
        "kafkaVersion": "3.8.x",
        "numberOfBrokerNodes": 3.0,
        "clientAuthentication": {"sasl": {"iam": True}, "unauthenticated": False},
        "encryptionInfo": {"encryptionAtRestKmsKeyArn": KEY, "encryptionInTransit": {"clientBroker": "TLS", "inCluster": True}},
        "loggingInfo": {"brokerLogs": {"cloudwatchLogs": {"enabled": True, "logGroup": "brokers"}}},
    },
    "msk/configuration:Configuration": {"serverProperties": "auto.create.topics.enable = false\nlog.retention.hours = 168\n"},
    "scheduler/schedule:Schedule": {
        "scheduleExpression": "rate(1 days)",
        "kmsKeyArn": KEY,
        "target": {"arn": "arn:aws:batch:x", "roleArn": ROLE_ARN, "deadLetterConfig": {"arn": "arn:aws:sqs:x"}},
    },
    "sns/topicSubscription:TopicSubscription": {
        "topic": "arn:aws:sns:x",
        "protocol": "sqs",
        "endpoint": "arn:aws:sqs:y",
        "redrivePolicy": json.dumps({"deadLetterTargetArn": "arn:aws:sqs:x"}),
    },
    "wafv2/webAcl:WebAcl": {
        "scope": "REGIONAL",
        "rules": [
            {
                "name": "rate",
                "priority": 1.0,
                "statement": {"rateBasedStatement": {"limit": 500.0, "aggregateKeyType": "IP"}},
                "action": {"block": {}},
            }
        ],
    },
    "sagemaker/dataQualityJobDefinition:DataQualityJobDefinition": {
        "dataQualityJobOutputConfig": {"kmsKeyId": KEY},
        "jobResources": {"clusterConfig": {"instanceCount": 1.0, "instanceType": "ml.m5.large", "volumeSizeInGb": 20.0, "volumeKmsKeyId": KEY}},
        "networkConfig": {"enableNetworkIsolation": True, "enableInterContainerTrafficEncryption": True},
    },
    "ecs/cluster:Cluster": {"settings": [{"name": "containerInsights", "value": "enabled"}]},
    "sagemaker/modelCard:ModelCard": {"modelCardName": "pricing", "modelCardStatus": "Approved"},
    "sfn/stateMachine:StateMachine": {"loggingConfiguration": {"level": "ERROR", "logDestination": "arn:aws:logs:x:*"}},
    "ec2/defaultSecurityGroup:DefaultSecurityGroup": {
        "ingress": [{"fromPort": 443.0, "toPort": 443.0, "protocol": "tcp", "cidrBlocks": ["10.0.0.0/16"], "ipv6CidrBlocks": ["fd00::/8"]}]
    },
    "ec2/instance:Instance": {
        "associatePublicIpAddress": False,
        "userData": "#!/bin/sh\nsystemctl start model\n",
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1.0},
    },
    "ec2/launchTemplate:LaunchTemplate": {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1.0}},
    "ec2/securityGroup:SecurityGroup": {
        "ingress": [{"fromPort": 443.0, "toPort": 443.0, "protocol": "tcp", "cidrBlocks": ["10.0.0.0/16"], "ipv6CidrBlocks": ["fd00::/8"]}],
        "egress": [{"fromPort": 443.0, "toPort": 443.0, "protocol": "tcp", "cidrBlocks": ["0.0.0.0/0"]}],
    },
    "ec2/securityGroupRule:SecurityGroupRule": {
        "type": "ingress",
        "fromPort": 443.0,
        "toPort": 443.0,
        "protocol": "tcp",
        "cidrBlocks": ["10.0.0.0/16"],
        "ipv6CidrBlocks": ["fd00::/8"],
        "securityGroupId": "sg-1",
    },
    "ecr/repository:Repository": {
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": KEY}],
    },
    "ecr/repositoryPolicy:RepositoryPolicy": {"repository": "pricing", "policy": FOR_CALLER},
    "ecs/service:Service": {
        "desiredCount": 2.0,
        "networkConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": False},
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "enableExecuteCommand": False,
    },
    "ecs/taskDefinition:TaskDefinition": {
        "family": "pricing",
        "containerDefinitions": json.dumps([ECS_CONTAINER]),
        "volumes": [{"name": "models", "efsVolumeConfiguration": {"fileSystemId": "fs-1", "transitEncryption": "ENABLED"}}],
    },
    "eks/cluster:Cluster": {
        "roleArn": ROLE_ARN,
        "enabledClusterLogTypes": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
        "vpcConfig": {"endpointPublicAccess": False, "endpointPrivateAccess": True, "subnetIds": ["subnet-1"]},
        "encryptionConfig": {"provider": {"keyArn": KEY}, "resources": ["secrets"]},
        "accessConfig": {"authenticationMode": "API"},
    },
    "eks/nodeGroup:NodeGroup": {"scalingConfig": {"minSize": 2.0, "desiredSize": 2.0, "maxSize": 4.0}},
    "iam/groupPolicy:GroupPolicy": {"group": "g", "policy": NAMED},
    "iam/groupPolicyAttachment:GroupPolicyAttachment": {"group": "g", "policyArn": "arn:aws:iam::123456789012:policy/pricing"},
    "iam/policy:Policy": {"policy": NAMED},
    "iam/policyAttachment:PolicyAttachment": {"policyArn": "arn:aws:iam::123456789012:policy/pricing"},
    "iam/role:Role": {
        "assumeRolePolicy": TRUST,
        "inlinePolicies": [{"name": "read", "policy": NAMED}],
        "managedPolicyArns": ["arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"],
    },
    "iam/rolePolicy:RolePolicy": {"role": "r", "policy": NAMED},
    "iam/rolePolicyAttachment:RolePolicyAttachment": {"role": "r", "policyArn": "arn:aws:iam::123456789012:policy/pricing"},
    "iam/userPolicy:UserPolicy": {"user": "u", "policy": NAMED},
    "iam/userPolicyAttachment:UserPolicyAttachment": {"user": "u", "policyArn": "arn:aws:iam::123456789012:policy/pricing"},
    "kinesis/stream:Stream": {"encryptionType": "KMS", "kmsKeyId": KEY, "retentionPeriod": 168.0},
    "kms/key:Key": {"enableKeyRotation": True, "policy": policy(allow("kms:*", "*", {"AWS": "arn:aws:iam::123456789012:root"}))},
    "kms/keyPolicy:KeyPolicy": {"keyId": "k", "policy": policy(allow("kms:*", "*", {"AWS": "arn:aws:iam::123456789012:root"}))},
    "lambda/function:Function": {
        "role": ROLE_ARN,
        "packageType": "Image",
        "imageUri": IMAGE,
        "kmsKeyArn": KEY,
        "vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]},
        "reservedConcurrentExecutions": 20.0,
        "tracingConfig": {"mode": "Active"},
        "environment": {"variables": {"DB_SECRET_ARN": "arn:aws:secretsmanager:x", "TOKENIZERS_PARALLELISM": "false"}},
    },
    "lambda/functionUrl:FunctionUrl": {"functionName": "f", "authorizationType": "AWS_IAM"},
    "lambda/permission:Permission": {"action": "lambda:InvokeFunction", "function": "f", "principal": "apigateway.amazonaws.com"},
    "lb/listener:Listener": {
        "loadBalancerArn": "arn:aws:elasticloadbalancing:x",
        "protocol": "HTTPS",
        "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "defaultActions": [{"type": "forward", "targetGroupArn": "arn:aws:elasticloadbalancing:y"}],
    },
    "lb/loadBalancer:LoadBalancer": {"internal": True, "accessLogs": {"bucket": "logs", "enabled": True}},
    "rds/cluster:Cluster": RDS,
    "rds/clusterInstance:ClusterInstance": {"publiclyAccessible": False, "clusterIdentifier": "c", "engine": "aurora-postgresql"},
    "rds/instance:Instance": {**RDS, "publiclyAccessible": False, "multiAz": True, "instanceClass": "db.t4g.medium"},
    "s3/accountPublicAccessBlock:AccountPublicAccessBlock": PUBLIC_ACCESS_BLOCK,
    "s3/bucket:Bucket": {"bucket": "models"},
    "s3/bucketAcl:BucketAcl": {"bucket": "models", "acl": "private"},
    "s3/bucketPolicy:BucketPolicy": {"bucket": "models", "policy": policy(allow("s3:GetObject", "*", {"AWS": ROLE_ARN}), TLS_ONLY)},
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {"bucket": "models", **PUBLIC_ACCESS_BLOCK},
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "bucket": "models",
        "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}, "bucketKeyEnabled": True}],
    },
    "sagemaker/domain:Domain": {"appNetworkAccessType": "VpcOnly", "kmsKeyId": KEY, "authMode": "IAM"},
    "sagemaker/endpointConfiguration:EndpointConfiguration": {
        "kmsKeyArn": KEY,
        "dataCaptureConfig": {
            "initialSamplingPercentage": 10.0,
            "destinationS3Uri": "s3://captured",
            "kmsKeyId": KEY,
            "captureOptions": [{"captureMode": "Input"}],
        },
        "productionVariants": [{"variantName": "main", "modelName": "m", "instanceType": "ml.m6i.large", "initialInstanceCount": 2.0}],
    },
    "sagemaker/model:Model": {
        "executionRoleArn": ROLE_ARN,
        "enableNetworkIsolation": True,
        "vpcConfig": {"subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]},
        "primaryContainer": {"image": IMAGE, "modelDataUrl": "s3://models/pricing/3/model.tar.gz", "environment": {"MODEL_SERVER_WORKERS": "2"}},
    },
    "sagemaker/notebookInstance:NotebookInstance": {
        "directInternetAccess": "Disabled",
        "kmsKeyId": KEY,
        "subnetId": "subnet-1",
        "rootAccess": "Disabled",
        "instanceMetadataServiceConfiguration": {"minimumInstanceMetadataServiceVersion": "2"},
        "lifecycleConfigName": "stop-when-idle",
    },
    "secretsmanager/secret:Secret": {"kmsKeyId": KEY},
    "sns/topic:Topic": {"kmsMasterKeyId": KEY, "policy": FOR_CALLER},
    "sns/topicPolicy:TopicPolicy": {"arn": "arn:aws:sns:x", "policy": FOR_CALLER},
    "sqs/queue:Queue": {"kmsMasterKeyId": KEY, "policy": FOR_CALLER},
    "sqs/queuePolicy:QueuePolicy": {"queueUrl": "https://sqs.example.com/q", "policy": FOR_CALLER},
    "ssm/parameter:Parameter": {"name": "/pricing/db/password", "type": "SecureString", "keyId": KEY, "value": "x"},
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
        "securityGroupId": "sg-1",
        "ipProtocol": "tcp",
        "fromPort": 443.0,
        "toPort": 443.0,
        "cidrIpv4": "10.0.0.0/16",
    },
}

AZURE: dict[str, Props] = {
    "app:ContainerApp": {
        "configuration": {
            "ingress": {"external": False, "allowInsecure": False, "targetPort": 8080.0},
            "secrets": [{"name": "db", "keyVaultUrl": "https://v.vault.azure.net/secrets/db", "identity": "system"}],
        },
        "template": {
            "containers": [AZURE_CONTAINER],
            "initContainers": [{"name": "fetch", "image": IMAGE}],
            "scale": {
                "minReplicas": 2.0,
                "maxReplicas": 4.0,
                "rules": [{"name": "lag", "custom": {"type": "kafka", "metadata": {"tls": "enable", "sasl": "scram_sha512"}}}],
            },
        },
    },
    "app:ContainerAppsAuthConfig": {
        "containerAppName": "a",
        "platform": {"enabled": True},
        "globalValidation": {"unauthenticatedClientAction": "Return401"},
    },
    "app:Job": {
        "configuration": {
            "triggerType": "Schedule",
            "secrets": [{"name": "db", "keyVaultUrl": "https://v.vault.azure.net/secrets/db", "identity": "system"}],
        },
        "template": {"containers": [AZURE_CONTAINER]},
    },
    "app:ManagedEnvironment": {
        "publicNetworkAccess": "Disabled",
        "appLogsConfiguration": {"destination": "azure-monitor"},
        "zoneRedundant": True,
    },
    "batch:BatchAccount": {
        "publicNetworkAccess": "Disabled",
        "allowedAuthenticationModes": ["AAD"],
        "encryption": {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {"keyIdentifier": "https://v.vault.azure.net/keys/k/1"}},
    },
    "batch:Pool": {
        "accountName": "a",
        "networkConfiguration": {"subnetId": "s", "publicIPAddressConfiguration": {"provision": "NoPublicIPAddresses"}},
        "scaleSettings": {"autoScale": {"formula": "$TargetDedicatedNodes = 0;"}},
    },
    "cdn:Profile": {"sku": {"name": "Premium_AzureFrontDoor"}},
    "eventgrid:EventSubscription": {"scope": "s", "deadLetterDestination": {"endpointType": "StorageBlob", "resourceId": "r"}},
    "eventgrid:SystemTopicEventSubscription": {"deadLetterDestination": {"endpointType": "StorageBlob", "resourceId": "r"}},
    "eventhub:EventHub": {"namespaceName": "n", "retentionDescription": {"cleanupPolicy": "Delete", "retentionTimeInHours": 168.0}},
    "frontdoor:FrontDoor": {"frontendEndpoints": [{"name": "api", "webApplicationFirewallPolicyLink": {"id": "p"}}]},
    "frontdoor:Policy": {
        "policySettings": {"mode": "Prevention", "enabledState": "Enabled"},
        "customRules": {"rules": [RATE_LIMIT]},
    },
    "healthcareapis:FhirService": {
        "kind": "fhir-R4",
        "workspaceName": "w",
        "authenticationConfiguration": {"authority": "https://login.microsoftonline.com/t", "audience": "https://w-f.fhir.azurehealthcareapis.com"},
        "corsConfiguration": {"origins": ["https://portal.example.com"]},
        "encryption": {"customerManagedKeyEncryption": {"keyEncryptionKeyUrl": "https://v.vault.azure.net/keys/k/1"}},
    },
    "network:ApplicationGateway": {
        "firewallPolicy": {"id": "p"},
        "frontendIPConfigurations": [{"name": "private", "subnet": {"id": "s"}, "privateIPAddress": "10.0.0.4"}],
        "httpListeners": [{"name": "api", "protocol": "Https"}],
        "sslPolicy": {"policyType": "Predefined", "policyName": "AppGwSslPolicy20220101S"},
    },
    "network:WebApplicationFirewallPolicy": {"policySettings": {"mode": "Prevention", "state": "Enabled"}, "customRules": [RATE_LIMIT]},
    "servicebus:Queue": {"namespaceName": "n", "defaultMessageTimeToLive": "P7D", "deadLetteringOnMessageExpiration": True},
    "servicebus:Subscription": {"namespaceName": "n", "topicName": "t", "defaultMessageTimeToLive": "P7D", "deadLetteringOnMessageExpiration": True},
    "web:WebAppAuthSettingsV2": {"name": "a", "platform": {"enabled": True}, "globalValidation": {"requireAuthentication": True}},
    "web:WebAppFtpAllowed": {"name": "a", "allow": False},
    "web:WebAppScmAllowed": {"name": "a", "allow": False},
    "applicationinsights:Component": {"kind": "web", "applicationType": "web", "retentionInDays": 90.0},
    "authorization:RoleAssignment": {
        "roleDefinitionId": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d",
        "principalId": "p",
        "scope": f"{SUBSCRIPTION}/resourceGroups/g",
    },
    "authorization:RoleDefinition": {
        "roleName": "reader",
        "permissions": [{"actions": ["Microsoft.Storage/storageAccounts/read"], "dataActions": []}],
        "scope": SUBSCRIPTION,
    },
    "cognitiveservices:Account": {
        "properties": {
            "publicNetworkAccess": "Disabled",
            "disableLocalAuth": True,
            "encryption": {"keySource": "Microsoft.KeyVault", "keyVaultProperties": {"keyName": "k"}},
        }
    },
    "containerinstance:ContainerGroup": {
        "osType": "Linux",
        "ipAddress": {"type": "Private", "ports": [{"port": 8080.0}]},
        "tags": {**TAGS, "environment": "dev"},
        "containers": [
            {
                "name": "model",
                "image": IMAGE,
                "environmentVariables": [{"name": "MODEL_NAME", "value": "pricing"}, {"name": "DB_PASSWORD", "secureValue": "x"}],
            }
        ],
    },
    "containerregistry:Registry": {
        "sku": {"name": "Premium"},
        "publicNetworkAccess": "Disabled",
        "adminUserEnabled": False,
        "anonymousPullEnabled": False,
        "encryption": {"status": "enabled", "keyVaultProperties": {"keyIdentifier": "https://v.vault.azure.net/keys/k", "identity": "i"}},
    },
    "containerservice:ManagedCluster": {
        "apiServerAccessProfile": {"enablePrivateCluster": True, "disableRunCommand": True},
        "disableLocalAccounts": True,
        "addonProfiles": {"omsagent": {"enabled": True}, "azurepolicy": {"enabled": True}},
        "aadProfile": {"managed": True, "enableAzureRBAC": True},
        "securityProfile": {"workloadIdentity": {"enabled": True}, "azureKeyVaultKms": {"enabled": True, "keyId": "k"}},
        "oidcIssuerProfile": {"enabled": True},
        "networkProfile": {"networkPlugin": "azure", "networkPolicy": "cilium"},
        "autoUpgradeProfile": {"upgradeChannel": "patch"},
        "sku": {"name": "Base", "tier": "Standard"},
        "diskEncryptionSetID": f"{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Compute/diskEncryptionSets/d",
        "agentPoolProfiles": [
            {"name": "system", "mode": "System", "count": 2.0},
            {"name": "user", "mode": "User", "enableAutoScaling": True, "minCount": 0.0},
        ],
    },
    "cosmosdb:DatabaseAccount": {
        "databaseAccountOfferType": "Standard",
        "publicNetworkAccess": "Disabled",
        "disableLocalAuth": True,
        "keyVaultKeyUri": "https://v.vault.azure.net/keys/k",
        "backupPolicy": {"type": "Continuous"},
    },
    "dbforpostgresql:Server": {
        "network": {"publicNetworkAccess": "Disabled"},
        "authConfig": {"passwordAuth": "Disabled", "activeDirectoryAuth": "Enabled"},
        "highAvailability": {"mode": "ZoneRedundant"},
        "dataEncryption": {"type": "AzureKeyVault", "primaryKeyURI": "https://v.vault.azure.net/keys/k/1"},
    },
    "eventhub:Namespace": {
        "publicNetworkAccess": "Disabled",
        "disableLocalAuth": True,
        "minimumTlsVersion": "1.2",
        "encryption": {"keySource": "Microsoft.KeyVault", "keyVaultProperties": [{"keyName": "k"}]},
    },
    "keyvault:Vault": {"properties": {"publicNetworkAccess": "Disabled", "enablePurgeProtection": True, "tenantId": "t"}},
    "machinelearningservices:BatchDeployment": {
        "properties": {
            "environmentId": f"{SUBSCRIPTION}/resourceGroups/g/providers/x/environments/e/versions/3",
            "environmentVariables": {"MODEL_NAME": "pricing"},
        }
    },
    "machinelearningservices:BatchEndpoint": {"properties": {"authMode": "AADToken"}},
    "machinelearningservices:Compute": {
        "properties": {
            "computeType": "AmlCompute",
            "disableLocalAuth": True,
            "properties": {
                "scaleSettings": {"minNodeCount": 0.0, "maxNodeCount": 4.0},
                "enableNodePublicIp": False,
                "remoteLoginPortPublicAccess": "Disabled",
                "vmPriority": "LowPriority",
            },
        }
    },
    "machinelearningservices:EnvironmentVersion": {"properties": {"image": IMAGE}},
    "machinelearningservices:OnlineDeployment": {
        "properties": {
            "endpointComputeType": "Managed",
            "instanceType": "Standard_DS3_v2",
            "model": f"{SUBSCRIPTION}/resourceGroups/g/providers/x/models/pricing/versions/3",
            "environmentId": f"{SUBSCRIPTION}/resourceGroups/g/providers/x/environments/e/versions/3",
            "environmentVariables": {"MODEL_NAME": "pricing"},
        },
        "sku": {"name": "Default", "capacity": 2.0},
    },
    "machinelearningservices:OnlineEndpoint": {"properties": {"authMode": "AADToken", "publicNetworkAccess": "Disabled"}},
    "machinelearningservices:Workspace": {
        "publicNetworkAccess": "Disabled",
        "managedNetwork": {"isolationMode": "AllowOnlyApprovedOutbound"},
        "encryption": {"status": "Enabled", "keyVaultProperties": {"keyIdentifier": "https://v.vault.azure.net/keys/k", "keyVaultArmId": "v"}},
    },
    "monitor:AutoscaleSetting": {"profiles": [{"name": "p", "capacity": {"minimum": "2", "maximum": "4", "default": "2"}, "rules": []}]},
    "network:FlowLog": {"storageId": "s", "targetResourceId": "t", "retentionPolicy": {"days": 90.0, "enabled": True}},
    "network:NetworkSecurityGroup": {"securityRules": [SECURITY_RULE]},
    "network:SecurityRule": {**SECURITY_RULE, "networkSecurityGroupName": "n"},
    "operationalinsights:Workspace": {"retentionInDays": 90.0},
    "redis:Redis": {"enableNonSslPort": False, "minimumTlsVersion": "1.2", "publicNetworkAccess": "Disabled"},
    "servicebus:Namespace": {
        "publicNetworkAccess": "Disabled",
        "disableLocalAuth": True,
        "minimumTlsVersion": "1.2",
        "encryption": {"keySource": "Microsoft.KeyVault", "keyVaultProperties": [{"keyName": "k"}]},
    },
    "sql:Database": {"zoneRedundant": True, "serverName": "s"},
    "sql:DatabaseBlobAuditingPolicy": AUDITING,
    "sql:ExtendedDatabaseBlobAuditingPolicy": AUDITING,
    "sql:ExtendedServerBlobAuditingPolicy": AUDITING,
    "sql:ServerBlobAuditingPolicy": AUDITING,
    "sql:FirewallRule": {"startIpAddress": "203.0.113.4", "endIpAddress": "203.0.113.7", "serverName": "s"},
    "sql:Server": {
        "publicNetworkAccess": "Disabled",
        "minimalTlsVersion": "1.2",
        "keyId": "https://v.vault.azure.net/keys/k/1",
        "administrators": {"azureADOnlyAuthentication": True, "login": "admins", "sid": "s", "tenantId": "t"},
    },
    "storage:BlobServiceProperties": {
        "accountName": "a",
        "deleteRetentionPolicy": {"enabled": True, "days": 30.0},
        "containerDeleteRetentionPolicy": {"enabled": True, "days": 30.0},
    },
    "containerservice:AgentPool": {"vmSize": "Standard_D4s_v5", "mode": "User", "enableAutoScaling": True, "minCount": 0.0},
    "storage:BlobContainer": {"accountName": "a", "publicAccess": "None"},
    "storage:StorageAccount": {
        "kind": "StorageV2",
        "sku": {"name": "Standard_ZRS"},
        "allowBlobPublicAccess": False,
        "allowSharedKeyAccess": False,
        "enableHttpsTrafficOnly": True,
        "minimumTlsVersion": "TLS1_2",
        "publicNetworkAccess": "Disabled",
        "encryption": {"keySource": "Microsoft.Keyvault", "keyVaultProperties": {"keyName": "k", "keyVaultUri": "https://v.vault.azure.net"}},
    },
    "web:AppServicePlan": {"sku": {"name": "P1v3", "tier": "PremiumV3", "capacity": 2.0}},
    "web:WebApp": {
        "httpsOnly": True,
        "publicNetworkAccess": "Disabled",
        "siteConfig": {
            "minTlsVersion": "1.2",
            "ftpsState": "Disabled",
            "cors": {"allowedOrigins": ["https://portal.example.com"]},
            "linuxFxVersion": f"DOCKER|{IMAGE}",
            "appSettings": [{"name": "DB_PASSWORD", "value": "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/db/1)"}],
            "connectionStrings": [{"name": "db", "connectionString": "Server=db;Authentication=Active Directory Default", "type": "SQLAzure"}],
        },
    },
}

GOOGLE: dict[str, Props] = {
    "artifactregistry/repository:Repository": {"format": "DOCKER", "kmsKeyName": GOOGLE_KEY, "dockerConfig": {"immutableTags": True}},
    "bigquery/dataset:Dataset": {
        "datasetId": "d",
        "defaultEncryptionConfiguration": {"kmsKeyName": GOOGLE_KEY},
        "accesses": [{"role": "READER", "groupByEmail": "team@example.com"}],
    },
    "bigquery/datasetAccess:DatasetAccess": {"datasetId": "d", "role": "READER", "iamMember": ACCOUNT},
    "cloudfunctionsv2/function:Function": {
        "kmsKeyName": GOOGLE_KEY,
        "serviceConfig": {
            "ingressSettings": "ALLOW_INTERNAL_ONLY",
            "environmentVariables": {"MODEL_NAME": "pricing"},
            "serviceAccountEmail": EMAIL,
            "vpcConnector": "c",
            "vpcConnectorEgressSettings": "ALL_TRAFFIC",
        },
    },
    "cloudrunv2/job:Job": {"template": {"template": CLOUD_RUN}, "binaryAuthorization": {"useDefault": True}},
    "cloudrunv2/service:Service": {
        "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY",
        "invokerIamDisabled": False,
        "binaryAuthorization": {"useDefault": True},
        "template": {**CLOUD_RUN, "scaling": {"minInstanceCount": 1.0, "maxInstanceCount": 5.0}},
        "scaling": {"manualInstanceCount": 2.0},
    },
    "cloudrunv2/workerPool:WorkerPool": {"template": CLOUD_RUN, "binaryAuthorization": {"useDefault": True}},
    "cloudscheduler/job:Job": {
        "schedule": "0 3 * * *",
        "httpTarget": {"uri": "https://run.googleapis.com/v2/x:run", "oauthToken": {"serviceAccountEmail": EMAIL}},
    },
    "compute/backendService:BackendService": BACKEND,
    "compute/regionBackendService:RegionBackendService": BACKEND,
    "compute/securityPolicy:SecurityPolicy": {
        "rules": [{"action": "throttle", "priority": 1.0, "match": {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["*"]}}}]
    },
    "healthcare/dataset:Dataset": {"location": "europe-west4", "encryptionSpec": {"kmsKeyName": GOOGLE_KEY}},
    "healthcare/fhirStore:FhirStore": {"dataset": "d", "version": "R4", "disableResourceVersioning": False},
    "managedkafka/cluster:Cluster": {"clusterId": "c", "location": "europe-west4", "gcpConfig": {"kmsKey": GOOGLE_KEY}},
    "managedkafka/topic:Topic": {"cluster": "c", "topicId": "t", "replicationFactor": 3.0, "configs": {"retention.ms": "604800000"}},
    "workbench/instance:Instance": {"gceSetup": {"disablePublicIp": True}},
    "workflows/workflow:Workflow": {"serviceAccount": EMAIL, "cryptoKeyName": GOOGLE_KEY, "callLogLevel": "LOG_ERRORS_ONLY"},
    "vertex/aiDataset:AiDataset": {"displayName": "d", "encryptionSpec": {"kmsKeyName": GOOGLE_KEY}},
    "vertex/aiFeatureOnlineStore:AiFeatureOnlineStore": {"encryptionSpec": {"kmsKeyName": GOOGLE_KEY}},
    "vertex/aiIndexEndpoint:AiIndexEndpoint": {"displayName": "i", "encryptionSpec": {"kmsKeyName": GOOGLE_KEY}, "publicEndpointEnabled": False},
    "vertex/aiMetadataStore:AiMetadataStore": {"encryptionSpec": {"kmsKeyName": GOOGLE_KEY}},
    "alloydb/cluster:Cluster": {"encryptionConfig": {"kmsKeyName": GOOGLE_KEY}, "continuousBackupConfig": {"enabled": True}},
    "pubsub/subscription:Subscription": {
        "topic": "t",
        "messageRetentionDuration": "604800s",
        "expirationPolicy": {"ttl": ""},
        "pushConfig": {"pushEndpoint": "https://scorer.example.com/score", "oidcToken": {"serviceAccountEmail": EMAIL}},
    },
    "compute/subnetwork:Subnetwork": {"network": "n", "logConfig": {"flowSampling": 0.5}},
    "container/nodePool:NodePool": {
        "cluster": "c",
        "nodeConfig": {
            "machineType": "e2-standard-4",
            "serviceAccount": EMAIL,
            "workloadMetadataConfig": {"mode": "GKE_METADATA"},
            "shieldedInstanceConfig": {"enableSecureBoot": True},
        },
    },
    "kms/keyRing:KeyRing": {"location": "europe-west4"},
    "kms/cryptoKey:CryptoKey": {"keyRing": "r", "rotationPeriod": "7776000s"},
    "compute/firewall:Firewall": {
        "direction": "INGRESS",
        "network": "n",
        "sourceRanges": ["10.0.0.0/16"],
        "allows": [{"protocol": "tcp", "ports": ["443"]}],
    },
    "compute/forwardingRule:ForwardingRule": {"loadBalancingScheme": "INTERNAL_MANAGED"},
    "compute/globalForwardingRule:GlobalForwardingRule": {"loadBalancingScheme": "INTERNAL_MANAGED", "target": "t"},
    "compute/instance:Instance": {
        "machineType": "e2-small",
        "networkInterfaces": [{"subnetwork": "s"}],
        "metadata": {"enable-oslogin": "TRUE", "block-project-ssh-keys": "true"},
        "serviceAccount": {"email": EMAIL, "scopes": ["cloud-platform"]},
    },
    "compute/sSLPolicy:SSLPolicy": {"minTlsVersion": "TLS_1_2", "profile": "MODERN"},
    "container/cluster:Cluster": {
        "location": "europe-west4",
        "binaryAuthorization": {"evaluationMode": "PROJECT_SINGLETON_POLICY_ENFORCE"},
        "privateClusterConfig": {"enablePrivateNodes": True, "enablePrivateEndpoint": True},
        "masterAuthorizedNetworksConfig": {"cidrBlocks": [{"cidrBlock": "10.0.0.0/16", "displayName": "office"}]},
        "databaseEncryption": {"state": "ENCRYPTED", "keyName": GOOGLE_KEY},
        "enableLegacyAbac": False,
        "workloadIdentityConfig": {"workloadPool": "p.svc.id.goog"},
        "datapathProvider": "ADVANCED_DATAPATH",
        "releaseChannel": {"channel": "REGULAR"},
        "masterAuth": {"clientCertificateConfig": {"issueClientCertificate": False}},
    },
    "logging/folderBucketConfig:FolderBucketConfig": {"retentionDays": 90.0},
    "logging/organizationBucketConfig:OrganizationBucketConfig": {"retentionDays": 90.0},
    "logging/projectBucketConfig:ProjectBucketConfig": {"retentionDays": 90.0, "cmekSettings": {"kmsKeyName": GOOGLE_KEY}},
    "pubsub/topic:Topic": {"kmsKeyName": GOOGLE_KEY},
    "redis/instance:Instance": {"authEnabled": True, "transitEncryptionMode": "SERVER_AUTHENTICATION", "tier": "STANDARD_HA"},
    "secretmanager/secret:Secret": {"secretId": "s", "replication": {"auto": {"customerManagedEncryption": {"kmsKeyName": GOOGLE_KEY}}}},
    "serviceaccount/key:Key": {"serviceAccountId": "a", "publicKeyData": "x"},
    "sql/databaseInstance:DatabaseInstance": {
        "databaseVersion": "POSTGRES_17",
        "encryptionKeyName": GOOGLE_KEY,
        "settings": {
            "tier": "db-custom-2-7680",
            "availabilityType": "REGIONAL",
            "backupConfiguration": {"enabled": True},
            "userLabels": LABELS,
            "ipConfiguration": {
                "ipv4Enabled": False,
                "privateNetwork": "n",
                "sslMode": "ENCRYPTED_ONLY",
                "authorizedNetworks": [{"value": "203.0.113.0/29"}],
            },
        },
    },
    "storage/bucket:Bucket": {
        "location": "EU",
        "publicAccessPrevention": "enforced",
        "uniformBucketLevelAccess": True,
        "versioning": {"enabled": True},
        "encryption": {"defaultKmsKeyName": GOOGLE_KEY},
    },
    "storage/bucketACL:BucketACL": {"bucket": "b", "predefinedAcl": "private", "roleEntities": ["READER:user-team@example.com"]},
    "storage/bucketAccessControl:BucketAccessControl": {"bucket": "b", "entity": "user-team@example.com"},
    "storage/defaultObjectAccessControl:DefaultObjectAccessControl": {"bucket": "b", "entity": "user-team@example.com", "role": "READER"},
    "vertex/aiEndpoint:AiEndpoint": {
        "displayName": "pricing",
        "location": "europe-west4",
        "encryptionSpec": {"kmsKeyName": GOOGLE_KEY},
        "privateServiceConnectConfig": {"enablePrivateServiceConnect": True},
    },
    **{
        f"{module}Member:{name}Member": MEMBER
        for module, name in (
            ("artifactregistry/repositoryIam", "RepositoryIam"),
            ("cloudfunctionsv2/functionIam", "FunctionIam"),
            ("cloudrun/iam", "Iam"),
            ("cloudrunv2/jobIam", "JobIam"),
            ("cloudrunv2/serviceIam", "ServiceIam"),
            ("folder/iAM", "IAM"),
            ("healthcare/datasetIam", "DatasetIam"),
            ("healthcare/fhirStoreIam", "FhirStoreIam"),
            ("kms/cryptoKeyIAM", "CryptoKeyIAM"),
            ("organizations/iAM", "IAM"),
            ("projects/iAM", "IAM"),
            ("pubsub/topicIAM", "TopicIAM"),
            ("secretmanager/secretIam", "SecretIam"),
            ("serviceaccount/iAM", "IAM"),
            ("storage/bucketIAM", "BucketIAM"),
            ("vertex/aiEndpointIam", "AiEndpointIam"),
        )
    },
}
GOOGLE |= {token.replace("Member:", "Binding:").removesuffix("Member") + "Binding": BINDING for token in list(GOOGLE) if token.endswith("Member")}

OURS: dict[str, Props] = {
    "VertexModel": {
        "project": "p",
        "location": "europe-west4",
        "container": {"image": IMAGE, "env": {"MODEL_NAME": "pricing"}},
        "artifactUri": "gs://models/pricing/3",
        "encryptionKey": GOOGLE_KEY,
    },
    "VertexDeployedModel": {
        "endpoint": "projects/p/locations/europe-west4/endpoints/1",
        "model": "projects/p/locations/europe-west4/models/pricing@3",
        "machineType": "n1-standard-4",
        "minReplicas": 2.0,
        "maxReplicas": 4.0,
        "serviceAccount": EMAIL,
        "containerLogging": True,
        "accessLogging": True,
    },
}
"""The resources of our own plugin."""

KUBERNETES: dict[str, Props] = {
    "apps/v1:DaemonSet": {"metadata": METADATA, "spec": {"template": {"spec": POD}}},
    "apps/v1:Deployment": {"metadata": METADATA, "spec": {"replicas": 2.0, "template": {"spec": POD}}},
    "apps/v1:StatefulSet": {"metadata": METADATA, "spec": {"replicas": 2.0, "template": {"spec": POD}}},
    "batch/v1:CronJob": {"metadata": METADATA, "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": POD}}}}},
    "batch/v1:Job": {"metadata": METADATA, "spec": {"template": {"spec": POD}}},
    "core/v1:Namespace": {"metadata": {**METADATA, "labels": {**LABELS, "pod-security.kubernetes.io/enforce": "restricted"}}},
    "core/v1:Pod": {"metadata": METADATA, "spec": POD},
    "core/v1:ConfigMap": {"metadata": METADATA, "data": {"MODEL_NAME": "pricing", "MAX_TOKENS": "512"}},
    "core/v1:Service": {"metadata": METADATA, "spec": {"type": "ClusterIP", "loadBalancerSourceRanges": ["10.0.0.0/16"]}},
    "autoscaling/v1:HorizontalPodAutoscaler": {"metadata": METADATA, "spec": {"minReplicas": 2.0, "maxReplicas": 4.0}},
    "autoscaling/v2:HorizontalPodAutoscaler": {"metadata": METADATA, "spec": {"minReplicas": 2.0, "maxReplicas": 4.0}},
    "networking.k8s.io/v1:Ingress": {"metadata": METADATA, "spec": {"tls": [{"hosts": ["api.example.com"], "secretName": "cert"}]}},
    "networking.k8s.io/v1:NetworkPolicy": {
        "metadata": METADATA,
        "spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/16"}}, {"podSelector": {"matchLabels": {"app": "caller"}}}]}]},
    },
    "rbac.authorization.k8s.io/v1:ClusterRole": ROLE,
    "rbac.authorization.k8s.io/v1:Role": ROLE,
    "rbac.authorization.k8s.io/v1:ClusterRoleBinding": ROLE_BINDING,
    "rbac.authorization.k8s.io/v1:RoleBinding": ROLE_BINDING,
}


def _tagged(token: str, props: Props) -> Props:
    """The resource with the tags or labels it can carry."""
    if token in missing_tags.AWS_TYPES or token in missing_tags.AZURE_TYPES:
        return {"tags": TAGS, **props}
    if token == "gcp:container/cluster:Cluster":
        return {**props, "resourceLabels": LABELS}
    if token in missing_tags.GOOGLE_TYPES and token != "gcp:sql/databaseInstance:DatabaseInstance":
        return {**props, "labels": LABELS}
    return {"metadata": METADATA, **props} if token in missing_tags.KUBERNETES_TYPES else props


COMPLIANT: dict[str, Props] = {
    token: _tagged(token, props)
    for package, resources in (
        ("aws", AWS),
        ("azure-native", AZURE),
        ("gcp", GOOGLE),
        ("modeldeploy:index", OURS),
        ("kubernetes", KUBERNETES),
    )
    for token, props in ((f"{package}:{name}", props) for name, props in resources.items())
}
for types in (missing_tags.AWS_TYPES, missing_tags.AZURE_TYPES, missing_tags.GOOGLE_TYPES, missing_tags.KUBERNETES_TYPES):
    for token in types:
        COMPLIANT.setdefault(token, _tagged(token, {}))
