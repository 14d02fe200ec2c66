"""AWS: ids, ARNs, computed outputs, references.

`_arn("sagemaker", "endpoint/{name}")` is the ARN `arn:aws:sagemaker:<region>:<account>:endpoint/<name>`. Types without an `id` take it from their
documentation's import section.
"""

from typing import Any

from sandbox.clouds.aws_workloads import ROWS as WORKLOADS
from sandbox.clouds.row import Row

_R53_ZONE = "{letters14}"


def _arn(service: str, resource: str, *, region: str = "{region}", account: str = "{account}") -> dict[str, Any]:
    return {"arn": f"arn:{{partition}}:{service}:{region}:{account}:{resource}"}


def _iam(resource: str) -> dict[str, Any]:
    return _arn("iam", resource, region="")


_VPC = "aws:ec2/vpc:Vpc"
_SUBNET = "aws:ec2/subnet:Subnet"
_GROUP = "aws:ec2/securityGroup:SecurityGroup"
_CLUSTER_GROUP = "aws:eks/cluster:Cluster#vpcConfig.clusterSecurityGroupId"
_KEY = "aws:kms/key:Key#arn aws:kms/key:Key aws:kms/alias:Alias#arn aws:kms/alias:Alias#name aws:kms/replicaKey:ReplicaKey#arn"
_ROLE_ARN = "aws:iam/role:Role#arn"
_ROLE_NAME = "aws:iam/role:Role#name"
_BUCKET = "aws:s3/bucket:Bucket aws:s3/bucket:Bucket#bucket aws:s3/bucketV2:BucketV2"
_MODEL = "aws:sagemaker/model:Model#name"
_TOPIC = "aws:sns/topic:Topic#arn"
_QUEUE_URL = "aws:sqs/queue:Queue"


_EC2: dict[str, Row] = {
    "aws:ec2/vpc:Vpc": Row(
        id="vpc-{hex17}",
        outputs=_arn("ec2", "vpc/{id}")
        | {
            "ownerId": "{account}",
            "mainRouteTableId": "rtb-{hex17_main}",
            "defaultRouteTableId": "rtb-{hex17_main}",
            "defaultSecurityGroupId": "sg-{hex17_default}",
            "defaultNetworkAclId": "acl-{hex17_default}",
            "dhcpOptionsId": "dopt-{hex17_default}",
            "enableDnsSupport": True,
            "instanceTenancy": "default",
        },
        replaces=frozenset({"cidrBlock", "instanceTenancy"}),
    ),
    "aws:ec2/subnet:Subnet": Row(
        id="subnet-{hex17}",
        outputs=_arn("ec2", "subnet/{id}") | {"ownerId": "{account}", "availabilityZone": "{region}a", "availabilityZoneId": "use1-az1"},
        references={"vpcId": _VPC},
        replaces=frozenset({"vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId"}),
    ),
    "aws:ec2/securityGroup:SecurityGroup": Row(
        id="sg-{hex17}",
        outputs=_arn("ec2", "security-group/{id}") | {"ownerId": "{account}", "description": "Managed by Pulumi"},
        unique=("vpcId", "name"),
        references={
            "vpcId": _VPC,
            "ingress.*.securityGroups.*": _GROUP,
            "egress.*.securityGroups.*": _GROUP,
        },
        replaces=frozenset({"name", "namePrefix", "description", "vpcId"}),
    ),
    "aws:ec2/securityGroupRule:SecurityGroupRule": Row(
        id="sgrule-{digits10}",
        outputs={"securityGroupRuleId": "sgr-{hex17}"},
        references={"securityGroupId": _GROUP, "sourceSecurityGroupId": _GROUP},
        updates=frozenset({"description"}),
        replaces=frozenset(
            {"type", "fromPort", "toPort", "protocol", "cidrBlocks", "securityGroupId", "sourceSecurityGroupId", "self", "prefixListIds"}
        ),
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Row(
        id="sgr-{hex17}",
        outputs=_arn("ec2", "security-group-rule/{id}") | {"securityGroupRuleId": "{id}"},
        references={"securityGroupId": f"{_GROUP} {_CLUSTER_GROUP}", "referencedSecurityGroupId": f"{_GROUP} {_CLUSTER_GROUP}"},
        replaces=frozenset({"securityGroupId"}),
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Row(
        id="sgr-{hex17}",
        outputs=_arn("ec2", "security-group-rule/{id}") | {"securityGroupRuleId": "{id}"},
        references={"securityGroupId": _GROUP, "referencedSecurityGroupId": _GROUP},
        replaces=frozenset({"securityGroupId"}),
    ),
    "aws:ec2/routeTable:RouteTable": Row(
        id="rtb-{hex17}",
        outputs=_arn("ec2", "route-table/{id}") | {"ownerId": "{account}"},
        references={"vpcId": _VPC},
        replaces=frozenset({"vpcId"}),
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Row(
        id="rtbassoc-{hex17}",
        references={"subnetId": _SUBNET, "routeTableId": "aws:ec2/routeTable:RouteTable"},
        replaces=frozenset({"subnetId", "gatewayId"}),
    ),
    "aws:ec2/route:Route": Row(
        id="r-{routeTableId}{digits10}",
        outputs={"origin": "CreateRoute", "state": "active"},
        references={
            "routeTableId": "aws:ec2/routeTable:RouteTable",
            "natGatewayId": "aws:ec2/natGateway:NatGateway",
            "gatewayId": "aws:ec2/internetGateway:InternetGateway",
        },
        unique=("routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"),
        replaces=frozenset({"routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"}),
    ),
    "aws:ec2/internetGateway:InternetGateway": Row(
        id="igw-{hex17}", outputs=_arn("ec2", "internet-gateway/{id}") | {"ownerId": "{account}"}, references={"vpcId": _VPC}
    ),
    "aws:ec2/natGateway:NatGateway": Row(
        id="nat-{hex17}",
        outputs={"publicIp": "203.0.113.10", "privateIp": "10.0.0.10", "networkInterfaceId": "eni-{hex17}"},
        references={"subnetId": _SUBNET, "allocationId": "aws:ec2/eip:Eip"},
        replaces=frozenset({"subnetId", "allocationId", "connectivityType"}),
    ),
    "aws:ec2/eip:Eip": Row(
        id="eipalloc-{hex17}",
        outputs=_arn("ec2", "elastic-ip/{id}")
        | {"allocationId": "{id}", "publicIp": "203.0.113.10", "publicDns": "ec2-203-0-113-10.compute.amazonaws.com"},
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Row(
        id="vpce-{hex17}",
        outputs=_arn("ec2", "vpc-endpoint/{id}")
        | {
            "ownerId": "{account}",
            "state": "available",
            "prefixListId": "pl-{hex8}",
            "dnsEntries": [{"dnsName": "{id}-{hex8}.{serviceName}", "hostedZoneId": _R53_ZONE}],
            "networkInterfaceIds": ["eni-{hex17}"],
            "cidrBlocks": [],
        },
        references={
            "vpcId": _VPC,
            "subnetIds.*": _SUBNET,
            "securityGroupIds.*": _GROUP,
            "routeTableIds.*": "aws:ec2/routeTable:RouteTable",
        },
        replaces=frozenset({"vpcId", "serviceName", "vpcEndpointType"}),
    ),
    "aws:ec2/flowLog:FlowLog": Row(
        id="fl-{hex17}",
        outputs=_arn("ec2", "vpc-flow-log/{id}"),
        references={"vpcId": _VPC, "iamRoleArn": _ROLE_ARN},
        replaces=frozenset({"vpcId", "subnetId", "eniId", "trafficType", "logDestination", "logDestinationType", "iamRoleArn", "logFormat"}),
    ),
    "aws:ec2/networkAcl:NetworkAcl": Row(
        id="acl-{hex17}",
        outputs=_arn("ec2", "network-acl/{id}") | {"ownerId": "{account}"},
        references={"vpcId": _VPC},
        replaces=frozenset({"vpcId"}),
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Row(
        id="sg-{hex17}", outputs=_arn("ec2", "security-group/{id}") | {"name": "default", "ownerId": "{account}"}, references={"vpcId": _VPC}
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": Row(
        id="lt-{hex17}", outputs=_arn("ec2", "launch-template/{id}") | {"latestVersion": 1, "defaultVersion": 1}, unique=("name",), max_name=128
    ),
    "aws:ec2/instance:Instance": Row(
        id="i-{hex17}",
        outputs=_arn("ec2", "instance/{id}")
        | {"instanceState": "running", "privateIp": "10.0.0.20", "privateDns": "ip-10-0-0-20.ec2.internal", "availabilityZone": "{region}a"},
        references={"subnetId": _SUBNET, "vpcSecurityGroupIds.*": _GROUP},
        replaces=frozenset({"ami", "subnetId", "availabilityZone", "keyName"}),
    ),
}

_BUCKET_SETTINGS = (
    "BucketPolicy",
    "BucketPublicAccessBlock",
    "BucketVersioning",
    "BucketServerSideEncryptionConfiguration",
    "BucketLifecycleConfiguration",
    "BucketOwnershipControls",
    "BucketLogging",
    "BucketNotification",
    "BucketCorsConfiguration",
    "BucketObjectLockConfiguration",
    "BucketAccelerateConfiguration",
    "BucketRequestPaymentConfiguration",
)


def _s3(name: str) -> str:
    return f"aws:s3/{name[0].lower() + name[1:]}:{name}"


_STORAGE: dict[str, Row] = {
    "aws:s3/bucket:Bucket": Row(
        id="{bucket}",
        outputs={
            "arn": "arn:{partition}:s3:::{bucket}",
            "bucketDomainName": "{bucket}.s3.amazonaws.com",
            "bucketRegionalDomainName": "{bucket}.s3.{region}.amazonaws.com",
            "bucketRegion": "{region}",
            "hostedZoneId": "Z3AQBSTGFYJSTF",
        },
        name="bucket",
        lower=True,
        max_name=63,
        worldwide=True,
        replaces=frozenset({"bucket", "bucketPrefix", "objectLockEnabled"}),
        owns=frozenset({_s3(name) for name in (*_BUCKET_SETTINGS, "BucketObject", "BucketObjectv2")}),
    ),
    "aws:s3/bucketObject:BucketObject": Row(
        id="{bucket}/{key}",
        outputs={"arn": "arn:{partition}:s3:::{bucket}/{key}", "etag": "{hex32}", "versionId": "{letters32}"},
        references={"bucket": _BUCKET, "kmsKeyId": _KEY},
        replaces=frozenset({"bucket", "key"}),
        guarded=False,
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": Row(
        id="{bucket}/{key}",
        outputs={"arn": "arn:{partition}:s3:::{bucket}/{key}", "etag": "{hex32}", "versionId": "{letters32}", "checksumSha256": "{hex44}="},
        references={"bucket": _BUCKET, "kmsKeyId": _KEY},
        replaces=frozenset({"bucket", "key"}),
        guarded=False,
    ),
    **{_s3(name): Row(id="{bucket}", references={"bucket": _BUCKET}, replaces=frozenset({"bucket"})) for name in _BUCKET_SETTINGS},
    "aws:ecr/repository:Repository": Row(
        id="{name}",
        outputs=_arn("ecr", "repository/{name}")
        | {"registryId": "{account}", "repositoryUrl": "{account}.dkr.ecr.{region}.amazonaws.com/{name}", "imageTagMutability": "MUTABLE"},
        lower=True,
        max_name=256,
        replaces=frozenset({"name", "encryptionConfigurations"}),
        guarded=False,
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Row(
        id="{repository}", outputs={"registryId": "{account}"}, references={"repository": "aws:ecr/repository:Repository#name"}
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": Row(
        id="{repository}", outputs={"registryId": "{account}"}, references={"repository": "aws:ecr/repository:Repository#name"}
    ),
    "aws:dynamodb/table:Table": Row(id="{name}", outputs=_arn("dynamodb", "table/{name}"), replaces=frozenset({"name", "hashKey", "rangeKey"})),
    "aws:efs/fileSystem:FileSystem": Row(
        id="fs-{hex17}",
        outputs=_arn("elasticfilesystem", "file-system/{id}") | {"dnsName": "{id}.efs.{region}.amazonaws.com"},
        replaces=frozenset({"encrypted", "kmsKeyId", "performanceMode", "creationToken"}),
    ),
}

_SECURITY: dict[str, Row] = {
    "aws:kms/key:Key": Row(
        id="{uuid}",
        outputs=_arn("kms", "key/{id}") | {"keyId": "{id}", "enableKeyRotation": False},
        replaces=frozenset({"keyUsage", "customerMasterKeySpec", "multiRegion", "customKeyStoreId", "xksKeyId"}),
        guarded=False,
    ),
    "aws:kms/alias:Alias": Row(
        id="{name}",
        outputs=_arn("kms", "{name}") | {"targetKeyArn": "arn:{partition}:kms:{region}:{account}:key/{targetKeyId|last}"},
        references={"targetKeyId": "aws:kms/key:Key aws:kms/key:Key#arn"},
        replaces=frozenset({"name", "namePrefix"}),
        guarded=False,
    ),
    "aws:kms/grant:Grant": Row(id="{keyId}:{hex64}", outputs={"grantId": "{hex64}", "grantToken": "{hex32}"}),
    "aws:iam/role:Role": Row(
        id="{name}",
        outputs=_iam("role{path?root}{name}") | {"uniqueId": "AROA{letters17}", "createDate": "{now}", "maxSessionDuration": 3600, "path": "/"},
        max_name=64,
        replaces=frozenset({"name", "namePrefix", "path"}),
        guarded=False,  # a policy that is attached does hold it: see `sandbox.rules`
        owns=frozenset({"aws:iam/rolePolicy:RolePolicy", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"}),
    ),
    "aws:iam/policy:Policy": Row(
        id="arn:{partition}:iam::{account}:policy{path?root}{name}",
        outputs={"arn": "{id}", "policyId": "ANPA{letters17}", "attachmentCount": 0, "path": "/"},
        max_name=128,
        replaces=frozenset({"name", "namePrefix", "path", "description"}),
    ),
    "aws:iam/rolePolicy:RolePolicy": Row(
        id="{role}:{name}", references={"role": f"{_ROLE_NAME} aws:iam/role:Role"}, replaces=frozenset({"role", "name"})
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Row(
        id="{role}/{policyArn}",
        references={"role": f"{_ROLE_NAME} aws:iam/role:Role", "policyArn": "aws:iam/policy:Policy#arn"},
        replaces=frozenset({"role", "policyArn"}),
    ),
    "aws:iam/instanceProfile:InstanceProfile": Row(
        id="{name}", outputs=_iam("instance-profile{path?root}{name}") | {"uniqueId": "AIPA{letters17}"}, references={"role": _ROLE_NAME}
    ),
    "aws:iam/user:User": Row(id="{name}", outputs=_iam("user{path?root}{name}") | {"uniqueId": "AIDA{letters17}", "path": "/"}, max_name=64),
    "aws:iam/accessKey:AccessKey": Row(id="AKIA{letters16}", outputs={"secret": "{hex40}", "createDate": "{now}"}),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Row(
        id="arn:{partition}:iam::{account}:oidc-provider/{url|host}", outputs={"arn": "{id}"}, replaces=frozenset({"url"})
    ),
    "aws:secretsmanager/secret:Secret": Row(
        id="arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-{letters6}",
        outputs={"arn": "{id}"},
        unique=("name",),
        replaces=frozenset({"name", "namePrefix"}),
        guarded=False,
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Row(
        id="{secretId}|{uuid}",
        outputs={"arn": "{secretId}", "versionId": "{uuid}", "versionStages": ["AWSCURRENT"]},
        references={"secretId": "aws:secretsmanager/secret:Secret#arn"},
        replaces=frozenset({"secretId", "secretString", "secretBinary"}),
    ),
    "aws:secretsmanager/secretRotation:SecretRotation": Row(id="{secretId}", references={"secretId": "aws:secretsmanager/secret:Secret#arn"}),
    "aws:ssm/parameter:Parameter": Row(id="{name}", outputs={"arn": "arn:{partition}:ssm:{region}:{account}:parameter{name|path}", "version": 1}),
    "aws:acm/certificate:Certificate": Row(
        id="arn:{partition}:acm:{region}:{account}:certificate/{uuid}",
        outputs={
            "arn": "{id}",
            "status": "ISSUED",
            "domainValidationOptions": [
                {
                    "domainName": "{domainName}",
                    "resourceRecordName": "_{hex32}.{domainName}.",
                    "resourceRecordType": "CNAME",
                    "resourceRecordValue": "_{hex32_v}.acm-validations.aws.",
                }
            ],
        },
        replaces=frozenset({"domainName", "subjectAlternativeNames", "validationMethod", "keyAlgorithm"}),
    ),
    "aws:acm/certificateValidation:CertificateValidation": Row(id="{now}"),
    "aws:wafv2/webAcl:WebAcl": Row(
        id="{uuid}",
        outputs=_arn("wafv2", "regional/webacl/{name}/{id}") | {"capacity": 100, "lockToken": "{uuid_lock}"},
        unique=("name", "scope"),
        max_name=128,
        replaces=frozenset({"name", "scope"}),
    ),
    "aws:wafv2/webAclAssociation:WebAclAssociation": Row(id="{webAclArn},{resourceArn}", replaces=frozenset({"webAclArn", "resourceArn"})),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": Row(id="{resourceArn}"),
}

_OPERATIONS: dict[str, Row] = {
    "aws:cloudwatch/logGroup:LogGroup": Row(
        id="{name}",
        outputs=_arn("logs", "log-group:{name}") | {"retentionInDays": 0},
        max_name=512,
        references={"kmsKeyId": _KEY},
        replaces=frozenset({"name", "namePrefix", "logGroupClass"}),
        guarded=False,
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Row(
        id="{name}",
        outputs=_arn("cloudwatch", "alarm:{name}") | {"evaluateLowSampleCountPercentiles": ""},
        replaces=frozenset({"name"}),
        guarded=False,
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": Row(
        id="{alarmName}", outputs=_arn("cloudwatch", "alarm:{alarmName}"), replaces=frozenset({"alarmName"}), guarded=False
    ),
    "aws:cloudwatch/dashboard:Dashboard": Row(
        id="{dashboardName}",
        outputs={"dashboardArn": "arn:{partition}:cloudwatch::{account}:dashboard/{dashboardName}"},
        replaces=frozenset({"dashboardName"}),
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": Row(
        id="{name}", references={"logGroupName": "aws:cloudwatch/logGroup:LogGroup#name"}, replaces=frozenset({"name", "logGroupName"})
    ),
    "aws:cloudwatch/eventRule:EventRule": Row(
        id="{name}", outputs=_arn("events", "rule/{name}"), max_name=64, replaces=frozenset({"name", "namePrefix", "eventBusName"})
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Row(
        id="{rule}-{targetId}", outputs={"targetId": "terraform-{digits20}"}, references={"rule": "aws:cloudwatch/eventRule:EventRule#name"}
    ),
    "aws:sns/topic:Topic": Row(
        id="arn:{partition}:sns:{region}:{account}:{name}",
        outputs={"arn": "{id}", "owner": "{account}", "beginningArchiveTime": ""},
        max_name=256,
        references={"kmsMasterKeyId": _KEY},
        replaces=frozenset({"name", "namePrefix", "fifoTopic"}),
        guarded=False,
    ),
    "aws:sns/topicPolicy:TopicPolicy": Row(id="{arn}", outputs={"owner": "{account}"}, references={"arn": _TOPIC}, replaces=frozenset({"arn"})),
    "aws:sns/topicSubscription:TopicSubscription": Row(
        id="{topic}:{uuid}",
        outputs={"arn": "{id}", "ownerId": "{account}", "pendingConfirmation": False},
        references={"topic": _TOPIC},
        replaces=frozenset({"topic", "protocol", "endpoint"}),
    ),
    "aws:sqs/queue:Queue": Row(
        id="https://sqs.{region}.amazonaws.com/{account}/{name}",
        outputs=_arn("sqs", "{name}") | {"url": "{id}"},
        max_name=80,
        references={"kmsMasterKeyId": _KEY},
        replaces=frozenset({"name", "namePrefix", "fifoQueue"}),
        guarded=False,
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Row(id="{queueUrl}", references={"queueUrl": _QUEUE_URL}, replaces=frozenset({"queueUrl"})),
    "aws:appautoscaling/target:Target": Row(
        id="{serviceNamespace}/{resourceId}/{scalableDimension}",
        outputs=_arn("application-autoscaling", "scalable-target/{hex28}")
        | {"roleArn": "arn:{partition}:iam::{account}:role/aws-service-role/{serviceNamespace}.application-autoscaling.amazonaws.com/AWSServiceRole"},
        replaces=frozenset({"serviceNamespace", "resourceId", "scalableDimension"}),
    ),
    "aws:appautoscaling/policy:Policy": Row(
        id="{name}",
        outputs={
            "arn": "arn:{partition}:autoscaling:{region}:{account}:scalingPolicy:{uuid}:resource/{serviceNamespace}/{resourceId}:policyName/{name}",
            "alarmArns": [],
        },
        unique=("name", "resourceId", "scalableDimension"),
        replaces=frozenset({"name", "serviceNamespace", "resourceId", "scalableDimension"}),
    ),
    "aws:appautoscaling/scheduledAction:ScheduledAction": Row(
        id="{name}", outputs={"arn": "arn:{partition}:autoscaling:{region}:{account}:scheduledAction:{uuid}:resource/{serviceNamespace}/{resourceId}"}
    ),
    "aws:budgets/budget:Budget": Row(
        id="{accountId?account}:{name}",
        outputs={"arn": "arn:{partition}:budgets::{account}:budget/{name}", "accountId": "{account}", "timePeriodStart": "2017-01-01_00:00"},
        max_name=100,
        references={"notifications.*.subscriberSnsTopicArns.*": _TOPIC},
        replaces=frozenset({"name", "namePrefix", "accountId"}),
    ),
    "aws:cloudtrail/trail:Trail": Row(id="{name}", outputs=_arn("cloudtrail", "trail/{name}") | {"homeRegion": "{region}"}),
    "aws:xray/samplingRule:SamplingRule": Row(id="{ruleName}", outputs=_arn("xray", "sampling-rule/{ruleName}")),
}

_SAGEMAKER: dict[str, Row] = {
    "aws:sagemaker/model:Model": Row(
        id="{name}",
        outputs=_arn("sagemaker", "model/{name}"),
        max_name=63,
        references={
            "executionRoleArn": _ROLE_ARN,
            "vpcConfig.subnets.*": _SUBNET,
            "vpcConfig.securityGroupIds.*": _GROUP,
        },
        replaces=frozenset(
            {"name", "primaryContainer", "containers", "executionRoleArn", "vpcConfig", "enableNetworkIsolation", "inferenceExecutionConfig"}
        ),
        guarded=False,
    ),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": Row(
        id="{name}",
        outputs=_arn("sagemaker", "endpoint-config/{name}"),
        max_name=63,
        references={
            "productionVariants.*.modelName": _MODEL,
            "shadowProductionVariants.*.modelName": _MODEL,
            "kmsKeyArn": _KEY,
            "executionRoleArn": _ROLE_ARN,
        },
        replaces=frozenset(
            {"name", "namePrefix", "productionVariants", "shadowProductionVariants", "kmsKeyArn", "dataCaptureConfig", "asyncInferenceConfig"}
            | {"executionRoleArn"}
        ),
    ),
    "aws:sagemaker/endpoint:Endpoint": Row(
        id="{name}",
        outputs=_arn("sagemaker", "endpoint/{name}"),
        max_name=63,
        references={
            "endpointConfigName": (
                "aws:sagemaker/endpointConfiguration:EndpointConfiguration#name aws:cloudcontrol/resource:Resource#AWS::SageMaker::EndpointConfig"
            ),
            "deploymentConfig.autoRollbackConfiguration.alarms.*.alarmName": (
                "aws:cloudwatch/metricAlarm:MetricAlarm#name aws:cloudwatch/compositeAlarm:CompositeAlarm#alarmName"
            ),
        },
        replaces=frozenset({"name"}),
    ),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": Row(
        id="{modelPackageGroupName}",
        outputs=_arn("sagemaker", "model-package-group/{modelPackageGroupName}"),
        replaces=frozenset({"modelPackageGroupName", "modelPackageGroupDescription"}),
    ),
    "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition": Row(
        id="{name}", outputs=_arn("sagemaker", "data-quality-job-definition/{name}"), max_name=63, references={"roleArn": _ROLE_ARN}
    ),
    "aws:sagemaker/monitoringSchedule:MonitoringSchedule": Row(id="{name}", outputs=_arn("sagemaker", "monitoring-schedule/{name}"), max_name=63),
}

_DATABASE: dict[str, Row] = {
    "aws:rds/instance:Instance": Row(
        id="db-{letters26}",
        outputs=_arn("rds", "db:{identifier}")
        | {
            "address": "{identifier}.{letters12}.{region}.rds.amazonaws.com",
            "port": "{engine|port}",
            "endpoint": "{identifier}.{letters12}.{region}.rds.amazonaws.com:{port}",
            "hostedZoneId": "Z2R2ITUGPM61AM",
            "resourceId": "db-{letters26}",
            "status": "available",
            "masterUserSecrets": [
                {
                    "secretArn": "arn:{partition}:secretsmanager:{region}:{account}:secret:rds!db-{uuid}",
                    "kmsKeyId": "{masterUserSecretKmsKeyId?empty}",
                    "secretStatus": "active",
                }
            ],
            "availabilityZone": "{region}a",
            "engineVersionActual": "{engineVersion?empty}",
        },
        name="identifier",
        lower=True,
        max_name=63,
        unique=("identifier",),
        references={
            "dbSubnetGroupName": "aws:rds/subnetGroup:SubnetGroup#name",
            "vpcSecurityGroupIds.*": _GROUP,
            "kmsKeyId": _KEY,
            "monitoringRoleArn": _ROLE_ARN,
        },
        replaces=frozenset({"engine", "username", "dbName", "storageEncrypted", "kmsKeyId", "characterSetName", "timezone", "availabilityZone"}),
        guarded=False,
    ),
    "aws:rds/cluster:Cluster": Row(
        id="{clusterIdentifier}",
        outputs=_arn("rds", "cluster:{clusterIdentifier}")
        | {
            "endpoint": "{clusterIdentifier}.cluster-{letters12}.{region}.rds.amazonaws.com",
            "readerEndpoint": "{clusterIdentifier}.cluster-ro-{letters12}.{region}.rds.amazonaws.com",
            "port": "{engine|port}",
            "clusterResourceId": "cluster-{letters26}",
            "hostedZoneId": "Z2R2ITUGPM61AM",
            "masterUserSecrets": [
                {"secretArn": "arn:{partition}:secretsmanager:{region}:{account}:secret:rds!cluster-{uuid}", "secretStatus": "active"}
            ],
        },
        name="clusterIdentifier",
        lower=True,
        max_name=63,
        references={"dbSubnetGroupName": "aws:rds/subnetGroup:SubnetGroup#name", "vpcSecurityGroupIds.*": _GROUP, "kmsKeyId": _KEY},
        replaces=frozenset({"clusterIdentifier", "engine", "masterUsername", "databaseName", "storageEncrypted", "kmsKeyId", "dbSubnetGroupName"}),
    ),
    "aws:rds/clusterInstance:ClusterInstance": Row(
        id="{identifier}",
        outputs=_arn("rds", "db:{identifier}")
        | {"endpoint": "{identifier}.{letters12}.{region}.rds.amazonaws.com", "port": "{engine|port}", "writer": True},
        name="identifier",
        lower=True,
        max_name=63,
        references={"clusterIdentifier": "aws:rds/cluster:Cluster"},
        replaces=frozenset({"identifier", "clusterIdentifier", "engine"}),
    ),
    "aws:rds/subnetGroup:SubnetGroup": Row(
        id="{name}",
        outputs=_arn("rds", "subgrp:{name}") | {"description": "Managed by Pulumi", "vpcId": "vpc-{hex17}"},
        lower=True,
        references={"subnetIds.*": _SUBNET},
        replaces=frozenset({"name", "namePrefix"}),
    ),
    "aws:rds/parameterGroup:ParameterGroup": Row(
        id="{name}", outputs=_arn("rds", "pg:{name}"), lower=True, replaces=frozenset({"name", "namePrefix", "family", "description"})
    ),
    "aws:rds/proxy:Proxy": Row(
        id="{name}",
        outputs={
            "arn": "arn:{partition}:rds:{region}:{account}:db-proxy:prx-{hex17}",
            "endpoint": "{name}.proxy-{letters12}.{region}.rds.amazonaws.com",
        },
    ),
}

ROWS: dict[str, Row] = {**_EC2, **_STORAGE, **_SECURITY, **_OPERATIONS, **_SAGEMAKER, **_DATABASE, **WORKLOADS}
"""The rows by type token."""
