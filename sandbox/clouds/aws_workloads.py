"""AWS rows of what runs workloads: functions, APIs, containers, clusters, batch jobs, workflows, streams, and what is in front of them."""

from typing import Any

from sandbox.clouds.row import Row

_GROUP = "aws:ec2/securityGroup:SecurityGroup"
_SUBNET = "aws:ec2/subnet:Subnet"
_VPC = "aws:ec2/vpc:Vpc"
_ROLE = "aws:iam/role:Role#arn"
_FUNCTION = "aws:lambda/function:Function#name aws:lambda/function:Function#arn"
_CLUSTER = "aws:ecs/cluster:Cluster#arn aws:ecs/cluster:Cluster#name"
_EKS = "aws:eks/cluster:Cluster#name"
_REST = "aws:apigateway/restApi:RestApi"
_HTTP = "aws:apigatewayv2/api:Api"
_BALANCER = "aws:lb/loadBalancer:LoadBalancer#arn"
_TARGETS = "aws:lb/targetGroup:TargetGroup#arn"
_SOURCES = (
    "aws:kinesis/stream:Stream#arn aws:kinesis/streamConsumer:StreamConsumer#arn aws:msk/serverlessCluster:ServerlessCluster#arn "
    "aws:msk/cluster:Cluster#arn aws:sqs/queue:Queue#arn aws:dynamodb/table:Table#streamArn"
)


def _arn(service: str, resource: str, region: str = "{region}", account: str = "{account}") -> dict[str, Any]:
    return {"arn": f"arn:{{partition}}:{service}:{region}:{account}:{resource}"}


_LAMBDA: dict[str, Row] = {
    "aws:lambda/function:Function": Row(
        id="{name}",
        outputs=_arn("lambda", "function:{name}")
        | {
            "invokeArn": "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations",
            "qualifiedArn": "{arn}:1",
            "qualifiedInvokeArn": "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}:1/invocations",
            "version": "1",
            "lastModified": "{now}",
            "sourceCodeSize": 1,
        },
        max_name=64,
        references={"role": _ROLE, "vpcConfig.subnetIds.*": _SUBNET, "vpcConfig.securityGroupIds.*": _GROUP},
        replaces=frozenset({"name", "packageType"}),
        guarded=False,
    ),
    "aws:lambda/alias:Alias": Row(
        id="arn:{partition}:lambda:{region}:{account}:function:{functionName|last}:{name}",
        outputs={"arn": "{id}", "invokeArn": "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{id}/invocations"},
        references={"functionName": _FUNCTION},
        replaces=frozenset({"name", "functionName"}),
        guarded=False,
    ),
    "aws:lambda/permission:Permission": Row(
        id="{statementId}",
        outputs={"statementId": "terraform-{digits20}"},
        references={"function": _FUNCTION},
        replaces=frozenset({"function", "action", "principal", "sourceArn", "sourceAccount", "statementId", "statementIdPrefix", "qualifier"}),
        unique=("function", "statementId"),
    ),
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": Row(
        id="{functionName},{qualifier}", references={"functionName": _FUNCTION}, replaces=frozenset({"functionName", "qualifier"})
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Row(
        id="{uuid}",
        outputs=_arn("lambda", "event-source-mapping:{uuid}")
        | {"uuid": "{uuid}", "state": "Enabled", "functionArn": "arn:{partition}:lambda:{region}:{account}:function:{functionName|last}"},
        references={"functionName": f"{_FUNCTION} aws:lambda/alias:Alias#arn", "eventSourceArn": _SOURCES},
        replaces=frozenset(
            {"eventSourceArn", "startingPosition", "startingPositionTimestamp", "topics", "queues", "selfManagedEventSource"}
            | {"amazonManagedKafkaEventSourceConfig.consumerGroupId", "selfManagedKafkaEventSourceConfig.consumerGroupId"}
        ),
    ),
    "aws:lambda/invocation:Invocation": Row(
        id="{functionName}_{hex32}",
        outputs={"result": "{}"},
        references={"functionName": _FUNCTION},
        replaces=frozenset({"functionName", "qualifier", "input", "triggers", "lifecycleScope"}),
    ),
    "aws:lambda/functionUrl:FunctionUrl": Row(
        id="{functionName}",
        outputs={"functionUrl": "https://{letters32}.lambda-url.{region}.on.aws/", "urlId": "{letters32}"},
        references={"functionName": _FUNCTION},
        replaces=frozenset({"functionName", "qualifier"}),
    ),
    "aws:codedeploy/application:Application": Row(
        id="{uuid}:{name}", outputs=_arn("codedeploy", "application:{name}") | {"applicationId": "{uuid}"}, unique=("name",), max_name=100
    ),
    "aws:codedeploy/deploymentGroup:DeploymentGroup": Row(
        id="{uuid}",
        outputs=_arn("codedeploy", "deploymentgroup:{appName}/{deploymentGroupName}") | {"deploymentGroupId": "{uuid}"},
        unique=("appName", "deploymentGroupName"),
        references={"appName": "aws:codedeploy/application:Application#name", "serviceRoleArn": _ROLE},
    ),
}

_API: dict[str, Row] = {
    "aws:apigateway/restApi:RestApi": Row(
        id="{letters10}",
        outputs={
            "arn": "arn:{partition}:apigateway:{region}::/restapis/{id}",
            "executionArn": "arn:{partition}:execute-api:{region}:{account}:{id}",
            "rootResourceId": "{letters10_root}",
            "createdDate": "{now}",
        },
        updates=frozenset({"name"}),
    ),
    "aws:apigateway/resource:Resource": Row(
        id="{letters6}", outputs={"path": "/{pathPart}"}, references={"restApi": _REST}, replaces=frozenset({"restApi"}), guarded=False
    ),
    "aws:apigateway/method:Method": Row(
        id="agm-{restApi}-{resourceId}-{httpMethod}",
        references={"restApi": _REST, "requestValidatorId": "aws:apigateway/requestValidator:RequestValidator"},
        replaces=frozenset({"restApi", "resourceId", "httpMethod"}),
    ),
    "aws:apigateway/requestValidator:RequestValidator": Row(id="{letters6}", references={"restApi": _REST}, replaces=frozenset({"restApi"})),
    "aws:apigateway/integration:Integration": Row(
        id="agi-{restApi}-{resourceId}-{httpMethod}",
        references={"restApi": _REST},
        replaces=frozenset({"restApi", "resourceId", "httpMethod", "type"}),
    ),
    "aws:apigateway/deployment:Deployment": Row(
        id="{letters6}",
        outputs={"createdDate": "{now}"},
        references={"restApi": _REST},
        replaces=frozenset({"restApi", "triggers", "variables"}),
    ),
    "aws:apigateway/stage:Stage": Row(
        id="ags-{restApi}-{stageName}",
        outputs={
            "arn": "arn:{partition}:apigateway:{region}::/restapis/{restApi}/stages/{stageName}",
            "executionArn": "arn:{partition}:execute-api:{region}:{account}:{restApi}/{stageName}",
            "invokeUrl": "https://{restApi}.execute-api.{region}.amazonaws.com/{stageName}",
        },
        references={"restApi": _REST, "deployment": "aws:apigateway/deployment:Deployment"},
        replaces=frozenset({"restApi", "stageName"}),
    ),
    "aws:apigateway/usagePlan:UsagePlan": Row(
        id="{letters6}", outputs={"arn": "arn:{partition}:apigateway:{region}::/usageplans/{id}"}, updates=frozenset({"name"})
    ),
    "aws:apigateway/apiKey:ApiKey": Row(
        id="{letters10}", outputs={"arn": "arn:{partition}:apigateway:{region}::/apikeys/{id}", "value": "{hex40}", "createdDate": "{now}"}
    ),
    "aws:apigateway/usagePlanKey:UsagePlanKey": Row(
        id="{keyId}",
        outputs={"name": "{keyId}", "value": "{hex40}"},
        references={"keyId": "aws:apigateway/apiKey:ApiKey", "usagePlanId": "aws:apigateway/usagePlan:UsagePlan"},
        replaces=frozenset({"keyId", "keyType", "usagePlanId"}),
    ),
    "aws:apigateway/domainName:DomainName": Row(
        id="{domainName}",
        outputs={
            "arn": "arn:{partition}:apigateway:{region}::/domainnames/{domainName}",
            "domainNameId": "{letters10}",
            "regionalDomainName": "d-{letters10}.execute-api.{region}.amazonaws.com",
            "regionalZoneId": "Z{letters20}",
        },
        replaces=frozenset({"domainName"}),
        guarded=False,
    ),
    "aws:apigateway/basePathMapping:BasePathMapping": Row(
        id="{domainName}/{basePath?empty}",
        references={"restApi": _REST, "domainName": "aws:apigateway/domainName:DomainName"},
        replaces=frozenset({"domainName", "domainNameId"}),
    ),
    "aws:apigatewayv2/api:Api": Row(
        id="{letters10}",
        outputs={
            "arn": "arn:{partition}:apigateway:{region}::/apis/{id}",
            "apiEndpoint": "https://{id}.execute-api.{region}.amazonaws.com",
            "executionArn": "arn:{partition}:execute-api:{region}:{account}:{id}",
        },
        updates=frozenset({"name"}),
        replaces=frozenset({"protocolType"}),
    ),
    "aws:apigatewayv2/integration:Integration": Row(id="{letters7}", references={"apiId": _HTTP}, replaces=frozenset({"apiId", "integrationType"})),
    "aws:apigatewayv2/route:Route": Row(id="{letters7}", references={"apiId": _HTTP}, unique=("apiId", "routeKey"), replaces=frozenset({"apiId"})),
    "aws:apigatewayv2/stage:Stage": Row(
        id="{name}",
        outputs={
            "arn": "arn:{partition}:apigateway:{region}::/apis/{apiId}/stages/{name}",
            "executionArn": "arn:{partition}:execute-api:{region}:{account}:{apiId}/{name}",
            "invokeUrl": "https://{apiId}.execute-api.{region}.amazonaws.com/{name}",
        },
        references={"apiId": _HTTP},
        replaces=frozenset({"apiId", "name"}),
    ),
    "aws:apigatewayv2/authorizer:Authorizer": Row(id="{letters6}", references={"apiId": _HTTP}, updates=frozenset({"name"})),
    "aws:apigatewayv2/vpcLink:VpcLink": Row(
        id="{letters6}",
        outputs={"arn": "arn:{partition}:apigateway:{region}::/vpclinks/{id}"},
        references={"subnetIds.*": _SUBNET, "securityGroupIds.*": _GROUP},
        updates=frozenset({"name"}),
        replaces=frozenset({"subnetIds", "securityGroupIds"}),
    ),
    "aws:lb/loadBalancer:LoadBalancer": Row(
        id="arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{loadBalancerType?app}/{name}/{hex16}",
        outputs={
            "arn": "{id}",
            "arnSuffix": "app/{name}/{hex16}",
            "dnsName": "{name}-{digits10}.{region}.elb.amazonaws.com",
            "zoneId": "Z35SXDOTRQ7X7K",
            "loadBalancerType": "application",
            "vpcId": "vpc-{hex17}",
        },
        unique=("name",),
        max_name=32,
        references={"subnets.*": _SUBNET, "securityGroups.*": _GROUP},
        replaces=frozenset({"name", "namePrefix", "internal", "loadBalancerType"}),
        guarded=False,
    ),
    "aws:lb/targetGroup:TargetGroup": Row(
        id="arn:{partition}:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{hex16}",
        outputs={"arn": "{id}", "arnSuffix": "targetgroup/{name}/{hex16}", "loadBalancerArns": []},
        unique=("name",),
        max_name=32,
        references={"vpcId": _VPC},
        replaces=frozenset({"name", "namePrefix", "port", "protocol", "protocolVersion", "targetType", "vpcId", "ipAddressType"}),
    ),
    "aws:lb/listener:Listener": Row(
        id="{loadBalancerArn}/{hex16}",
        outputs={"arn": "{id}"},
        unique=("loadBalancerArn", "port"),
        references={"loadBalancerArn": _BALANCER, "defaultActions.*.targetGroupArn": _TARGETS},
        replaces=frozenset({"loadBalancerArn"}),
    ),
    "aws:lb/listenerRule:ListenerRule": Row(
        id="{listenerArn}/{hex16}",
        outputs={"arn": "{id}"},
        unique=("listenerArn", "priority"),
        references={"listenerArn": "aws:lb/listener:Listener#arn"},
        replaces=frozenset({"listenerArn"}),
    ),
    "aws:route53/zone:Zone": Row(
        id="Z{letters20}",
        outputs={"arn": "arn:{partition}:route53:::hostedzone/{id}", "zoneId": "{id}", "nameServers": ["ns-1.awsdns-01.com"]},
        replaces=frozenset({"name", "delegationSetId"}),
    ),
    "aws:route53/record:Record": Row(
        id="{zoneId}_{name}_{type}",
        outputs={"fqdn": "{name}"},
        references={"zoneId": "aws:route53/zone:Zone"},
        replaces=frozenset({"zoneId", "name", "type", "setIdentifier"}),
        autoname=False,
    ),
}

_CONTAINERS: dict[str, Row] = {
    "aws:ecs/cluster:Cluster": Row(
        id="arn:{partition}:ecs:{region}:{account}:cluster/{name}", outputs={"arn": "{id}"}, replaces=frozenset({"name"}), guarded=True
    ),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": Row(
        id="{clusterName}", references={"clusterName": "aws:ecs/cluster:Cluster#name"}, replaces=frozenset({"clusterName"})
    ),
    "aws:ecs/taskDefinition:TaskDefinition": Row(
        id="{family}",
        outputs={
            "arn": "arn:{partition}:ecs:{region}:{account}:task-definition/{family}:1",
            "arnWithoutRevision": "arn:{partition}:ecs:{region}:{account}:task-definition/{family}",
            "revision": 1,
        },
        references={"executionRoleArn": _ROLE, "taskRoleArn": _ROLE},
        replaces=frozenset(
            {"family", "containerDefinitions", "cpu", "memory", "executionRoleArn", "taskRoleArn", "networkMode", "requiresCompatibilities"}
            | {"runtimePlatform", "volumes", "ephemeralStorage", "placementConstraints", "proxyConfiguration", "pidMode", "ipcMode"}
        ),
        guarded=False,
    ),
    "aws:ecs/service:Service": Row(
        id="arn:{partition}:ecs:{region}:{account}:service/{cluster|last}/{name}",
        outputs={"arn": "{id}"},
        references={
            "cluster": _CLUSTER,
            "networkConfiguration.subnets.*": _SUBNET,
            "networkConfiguration.securityGroups.*": _GROUP,
            "loadBalancers.*.targetGroupArn": _TARGETS,
        },
        replaces=frozenset({"name", "cluster", "launchType", "schedulingStrategy", "enableEcsManagedTags"}),
        guarded=False,
    ),
    "aws:eks/cluster:Cluster": Row(
        id="{name}",
        outputs=_arn("eks", "cluster/{name}")
        | {
            "endpoint": "https://{hex32}.gr7.{region}.eks.amazonaws.com",
            "certificateAuthority": {"data": "c2FuZGJveA=="},
            "identities": [{"oidcs": [{"issuer": "https://oidc.eks.{region}.amazonaws.com/id/{hex32}"}]}],
            "platformVersion": "eks.1",
            "version": "1.35",
            "status": "ACTIVE",
            "createdAt": "{now}",
            "vpcConfig.clusterSecurityGroupId": "sg-{hex17_cluster}",
        },
        max_name=100,
        references={"roleArn": _ROLE, "vpcConfig.subnetIds.*": _SUBNET, "vpcConfig.securityGroupIds.*": _GROUP},
        replaces=frozenset({"name", "roleArn", "encryptionConfig", "kubernetesNetworkConfig.serviceIpv4Cidr", "kubernetesNetworkConfig.ipFamily"}),
    ),
    "aws:eks/nodeGroup:NodeGroup": Row(
        id="{clusterName}:{nodeGroupName}",
        outputs=_arn("eks", "nodegroup/{clusterName}/{nodeGroupName}/{uuid}") | {"status": "ACTIVE"},
        name="nodeGroupName",
        references={"clusterName": _EKS, "nodeRoleArn": _ROLE, "subnetIds.*": _SUBNET},
        replaces=frozenset({"clusterName", "nodeGroupName", "nodeRoleArn", "subnetIds", "instanceTypes", "amiType", "capacityType", "diskSize"}),
    ),
    "aws:eks/addon:Addon": Row(
        id="{clusterName}:{addonName}", outputs=_arn("eks", "addon/{clusterName}/{addonName}/{uuid}"), references={"clusterName": _EKS}
    ),
    "aws:eks/accessEntry:AccessEntry": Row(
        id="{clusterName}:{principalArn}",
        outputs={"accessEntryArn": "arn:{partition}:eks:{region}:{account}:access-entry/{clusterName}/{uuid}"},
        references={"clusterName": _EKS},
        replaces=frozenset({"clusterName", "principalArn", "type"}),
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Row(
        id="a-{letters16}",
        outputs={"associationId": "{id}", "associationArn": "arn:{partition}:eks:{region}:{account}:podidentityassociation/{clusterName}/{id}"},
        unique=("clusterName", "namespace", "serviceAccount"),
        references={"clusterName": _EKS, "roleArn": _ROLE},
        replaces=frozenset({"clusterName", "namespace", "serviceAccount"}),
    ),
}

_BATCH: dict[str, Row] = {
    "aws:batch/computeEnvironment:ComputeEnvironment": Row(
        id="{name}",
        outputs=_arn("batch", "compute-environment/{name}")
        | {"status": "VALID", "ecsClusterArn": "arn:{partition}:ecs:{region}:{account}:cluster/{name}"},
        max_name=128,
        references={"computeResources.subnets.*": _SUBNET, "computeResources.securityGroupIds.*": _GROUP, "serviceRole": _ROLE},
        replaces=frozenset({"name", "namePrefix", "type", "eksConfiguration"}),
    ),
    "aws:batch/jobQueue:JobQueue": Row(
        id="arn:{partition}:batch:{region}:{account}:job-queue/{name}",
        outputs={"arn": "{id}"},
        references={"computeEnvironmentOrders.*.computeEnvironment": "aws:batch/computeEnvironment:ComputeEnvironment#arn"},
        replaces=frozenset({"name"}),
        guarded=False,
    ),
    "aws:batch/jobDefinition:JobDefinition": Row(
        id="arn:{partition}:batch:{region}:{account}:job-definition/{name}:1",
        outputs={"arn": "{id}", "arnPrefix": "arn:{partition}:batch:{region}:{account}:job-definition/{name}", "revision": 1},
        replaces=frozenset({"name", "type"}),
        guarded=False,
    ),
    "aws:batch/schedulingPolicy:SchedulingPolicy": Row(
        id="arn:{partition}:batch:{region}:{account}:scheduling-policy/{name}", outputs={"arn": "{id}"}
    ),
    "aws:scheduler/schedule:Schedule": Row(
        id="{groupName}/{name}",
        outputs={"groupName": "default", "arn": "arn:{partition}:scheduler:{region}:{account}:schedule/{groupName?default}/{name}"},
        max_name=64,
        references={"target.roleArn": _ROLE},
        replaces=frozenset({"name", "namePrefix", "groupName"}),
    ),
    "aws:scheduler/scheduleGroup:ScheduleGroup": Row(
        id="{name}", outputs=_arn("scheduler", "schedule-group/{name}") | {"state": "ACTIVE"}, max_name=64
    ),
    "aws:sfn/stateMachine:StateMachine": Row(
        id="arn:{partition}:states:{region}:{account}:stateMachine:{name}",
        outputs={"arn": "{id}", "status": "ACTIVE", "creationDate": "{now}"},
        max_name=80,
        references={"roleArn": _ROLE},
        replaces=frozenset({"name", "namePrefix", "type"}),
        guarded=False,
    ),
    "aws:kinesis/stream:Stream": Row(
        id="arn:{partition}:kinesis:{region}:{account}:stream/{name}",
        outputs={"arn": "{id}"},
        max_name=128,
        replaces=frozenset({"name"}),
        guarded=False,
    ),
    "aws:kinesis/streamConsumer:StreamConsumer": Row(
        id="{streamArn}/consumer/{name}:{digits10}",
        outputs={"arn": "{id}", "creationTimestamp": "{now}"},
        max_name=128,
        references={"streamArn": "aws:kinesis/stream:Stream#arn"},
        replaces=frozenset({"name", "streamArn"}),
        unique=("streamArn", "name"),
    ),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": Row(
        id="arn:{partition}:firehose:{region}:{account}:deliverystream/{name}",
        outputs={"arn": "{id}", "versionId": "1"},
        max_name=64,
        replaces=frozenset({"name", "destination", "kinesisSourceConfiguration", "mskSourceConfiguration"}),
    ),
    "aws:msk/serverlessCluster:ServerlessCluster": Row(
        id="arn:{partition}:kafka:{region}:{account}:cluster/{clusterName}/{uuid}-s1",
        outputs={
            "arn": "{id}",
            "bootstrapBrokersSaslIam": "boot-{letters7}.c1.kafka-serverless.{region}.amazonaws.com:9098",
            "clusterUuid": "{uuid}-s1",
        },
        name="clusterName",
        max_name=64,
        references={"vpcConfigs.*.subnetIds.*": _SUBNET, "vpcConfigs.*.securityGroupIds.*": _GROUP},
        replaces=frozenset({"clusterName", "clientAuthentication", "vpcConfigs"}),
        guarded=False,
    ),
    "aws:msk/clusterPolicy:ClusterPolicy": Row(
        id="{clusterArn}",
        outputs={"currentVersion": "K1X5R6FKA87"},
        references={"clusterArn": "aws:msk/serverlessCluster:ServerlessCluster#arn aws:msk/cluster:Cluster#arn"},
        replaces=frozenset({"clusterArn"}),
    ),
    "aws:glue/registry:Registry": Row(
        id="arn:{partition}:glue:{region}:{account}:registry/{registryName}",
        outputs={"arn": "{id}"},
        replaces=frozenset({"registryName"}),
    ),
    "aws:glue/schema:Schema": Row(
        id="arn:{partition}:glue:{region}:{account}:schema/{registryArn|last}/{schemaName}",
        outputs={"arn": "{id}", "latestSchemaVersion": 1, "nextSchemaVersion": 2, "schemaCheckpoint": 1, "registryName": "{registryArn|last}"},
        references={"registryArn": "aws:glue/registry:Registry#arn"},
        replaces=frozenset({"registryArn", "schemaName", "dataFormat"}),
    ),
    "aws:pipes/pipe:Pipe": Row(
        id="{name}", outputs=_arn("pipes", "pipe/{name}"), max_name=64, references={"roleArn": _ROLE}, replaces=frozenset({"name", "source"})
    ),
}

ROWS: dict[str, Row] = {**_LAMBDA, **_API, **_CONTAINERS, **_BATCH}
"""The rows by type token."""
