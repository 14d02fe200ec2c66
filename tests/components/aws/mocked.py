"""What AWS answers in these tests, and arguments of which each test changes one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modeldeploy.aws.managed_endpoint import SageMakerEndpoint, SageMakerEndpointArgs
from modeldeploy.spec import Container, Environment, Model
from tests.support.mocks import Graph, Mocked, record

ACCOUNT = "111122223333"
REGION = "eu-west-1"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/pricing@sha256:" + "a" * 64
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/made"
CONFIGURATION = "pricing-config-name"


def _named(name: str, arn: str) -> dict[str, str]:
    return {"name": name, "arn": f"{arn}{name}"}


def _identified(inputs: dict[str, Any]) -> str:
    """What Cloud Control tells of SageMaker's types: their ARN."""
    wanted = json.loads(inputs["desiredState"])
    names = (key for key in ("EndpointConfigName", "InferenceComponentName", "JobDefinitionName", "DatastoreName") if key in wanted)
    return f"arn:made:{inputs['typeName']}/{wanted[next(names)]}"


OUTPUTS: dict[str, Mocked] = {
    "aws:kms/key:Key": {"arn": KEY},
    "aws:ec2/vpc:Vpc": {"id": "vpc-made", "arn": "arn:vpc"},
    "aws:s3/bucket:Bucket": {"id": "bucket-made", "arn": "arn:aws:s3:::bucket-made"},
    "aws:s3/bucketObjectv2:BucketObjectv2": lambda inputs: {"arn": f"arn:aws:s3:::{inputs['bucket']}/{inputs['key']}"},
    "aws:cloudwatch/logGroup:LogGroup": lambda inputs: _named(inputs.get("name", "group-made"), "arn:logs:"),
    "aws:cloudwatch/eventRule:EventRule": {"name": "rule-made", "arn": "arn:rule"},
    "aws:cloudwatch/metricAlarm:MetricAlarm": lambda inputs: _named(f"alarm {inputs['alarmDescription']}", "arn:"),
    "aws:sns/topic:Topic": {"arn": "arn:topic"},
    "aws:iam/role:Role": lambda inputs: {"name": "role-made", "arn": f"arn:role:{inputs.get('description', '')}"},
    "aws:sagemaker/model:Model": lambda inputs: {
        "name": f"model-{inputs['tags']['model-version']}",
        "arn": f"arn:model:{inputs['tags']['model-version']}",
    },
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": {"name": CONFIGURATION},
    "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition": {"name": "definition-made"},
    "aws:sagemaker/endpoint:Endpoint": lambda inputs: {"arn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{inputs['name']}"},
    "aws:rds/instance:Instance": lambda inputs: {
        "resourceId": "db-MADE",
        "address": f"{inputs['identifier']}.rds.example",
        "masterUserSecrets": [{"secretArn": "arn:secret"}],
    },
    "aws:rds/subnetGroup:SubnetGroup": {"name": "subnets-made"},
    "aws:rds/parameterGroup:ParameterGroup": {"name": "parameters-made"},
    "aws:sqs/queue:Queue": {"name": "queue-made", "arn": "arn:queue", "id": "https://queue"},
    "aws:sfn/stateMachine:StateMachine": lambda inputs: _named(inputs["name"], "arn:machine:"),
    "aws:batch/computeEnvironment:ComputeEnvironment": lambda inputs: {"arn": f"arn:{inputs['computeResources']['type']}"},
    "aws:batch/jobQueue:JobQueue": {"arn": "arn:job-queue"},
    "aws:batch/jobDefinition:JobDefinition": {"name": "definition-made", "arn": "arn:definition:1", "arnPrefix": "arn:definition"},
    "aws:scheduler/scheduleGroup:ScheduleGroup": {"name": "group-made"},
    "aws:apigateway/restApi:RestApi": {
        "id": "api-made",
        "name": "api-name",
        "rootResourceId": "root",
        "executionArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:api-made",
    },
    "aws:apigateway/stage:Stage": {"arn": "arn:stage", "invokeUrl": f"https://api-made.execute-api.{REGION}.amazonaws.com/live"},
    "aws:apigateway/apiKey:ApiKey": {"value": "key-value"},
    "aws:apigateway/domainName:DomainName": {
        "arn": "arn:domain",
        "domainNameId": "domain-id",
        "regionalDomainName": "d-1.execute-api.example",
        "regionalZoneId": "ZAPI",
    },
    "aws:wafv2/webAcl:WebAcl": {"arn": "arn:firewall"},
    "aws:acm/certificate:Certificate": lambda inputs: {
        "arn": "arn:certificate-made",
        "domainValidationOptions": [
            {"resourceRecordName": f"_proof.{inputs['domainName']}", "resourceRecordType": "CNAME", "resourceRecordValue": "proof.example"}
        ],
    },
    "aws:route53/record:Record": lambda inputs: {"fqdn": inputs["name"]},
    "aws:lb/loadBalancer:LoadBalancer": {"arn": "arn:balancer", "arnSuffix": "app/made/1", "dnsName": "made.elb.example", "zoneId": "ZELB"},
    "aws:lb/listener:Listener": {"arn": "arn:listener"},
    "aws:lb/listenerRule:ListenerRule": lambda inputs: {"arn": f"arn:rule:{int(inputs['priority'])}"},
    "aws:lb/targetGroup:TargetGroup": lambda inputs: {"arn": f"arn:targets:{int(inputs.get('port', 0))}", "arnSuffix": "targetgroup/made/2"},
    "aws:lambda/function:Function": lambda inputs: {
        "name": f"function-{inputs['tags']['model-version']}",
        "arn": f"arn:function:{inputs['tags']['model-version']}",
        "version": "7",
    },
    "aws:apigatewayv2/api:Api": {"id": "http-made", "apiEndpoint": "https://http-made.execute-api.example", "executionArn": "arn:http"},
    "aws:apigatewayv2/domainName:DomainName": lambda inputs: {
        "domainNameConfiguration": {**inputs["domainNameConfiguration"], "targetDomainName": "d-2.execute-api.example", "hostedZoneId": "ZAPI"}
    },
    "aws:lambda/eventSourceMapping:EventSourceMapping": {"uuid": "mapping-made"},
    "aws:kinesis/stream:Stream": lambda inputs: _named(inputs.get("name", "stream-made"), f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/"),
    "aws:kinesis/streamConsumer:StreamConsumer": lambda inputs: {"arn": f"{inputs['streamArn']}/consumer/made:1"},
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": {"name": "capture-made"},
    "aws:cloudwatch/logStream:LogStream": {"name": "log-stream-made", "arn": "arn:log-stream"},
    "aws:msk/serverlessCluster:ServerlessCluster": {
        "arn": f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/kafka-made/uuid-made-s1",
        "bootstrapBrokersSaslIam": f"boot-made.c1.kafka-serverless.{REGION}.amazonaws.com:9098",
    },
    "aws:glue/registry:Registry": lambda inputs: {"arn": f"arn:aws:glue:{REGION}:{ACCOUNT}:registry/{inputs['registryName']}"},
    "aws:glue/schema:Schema": lambda inputs: {"arn": f"arn:aws:glue:{REGION}:{ACCOUNT}:schema/made/{inputs['schemaName']}"},
    "aws:codedeploy/application:Application": {"name": "application-made", "arn": "arn:application"},
    "aws:codedeploy/deploymentGroup:DeploymentGroup": {"arn": "arn:group"},
    "aws:ecs/cluster:Cluster": {"arn": "arn:cluster"},
    "aws:ecs/taskDefinition:TaskDefinition": lambda inputs: {"arn": f"arn:task:{inputs['family']}"},
    "aws:ecs/service:Service": {"name": "service-made"},
    "aws:eks/cluster:Cluster": lambda inputs: {
        "endpoint": "https://api.example",
        "certificateAuthority": {"data": "Y2E="},
        "vpcConfig": {**inputs["vpcConfig"], "clusterSecurityGroupId": "sg-cluster", "vpcId": "vpc-made"},
    },
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": {"associationId": "a-made"},
    "aws:cloudcontrol/resource:Resource": lambda inputs: {"id": _identified(inputs)},
    "pulumi:index:Stash": lambda inputs: {"output": inputs["input"]},
}

CALLS: dict[str, Mocked] = {
    "aws:index/getRegion:getRegion": {"region": REGION},
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT, "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/run"},
    "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage": lambda inputs: {
        "registryId": "444455556666",
        "repositoryName": inputs["repositoryName"],
        "registryPath": f"444455556666.dkr.ecr.{REGION}.amazonaws.com/{inputs['repositoryName']}:{inputs['imageTag']}",
    },
    "aws:iam/getSessionContext:getSessionContext": {"issuerArn": f"arn:aws:iam::{ACCOUNT}:role/ci/deployer"},
    "aws:eks/getCluster:getCluster": lambda inputs: {
        "name": inputs["name"],
        "vpcConfig": {"vpcId": f"vpc-of-{inputs['name']}"},
        "kubernetesNetworkConfigs": [{"serviceIpv4Cidr": "172.20.0.0/16"}],
    },
    "aws:index/getPartition:getPartition": {"partition": "aws"},
    "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": [f"{REGION}a", f"{REGION}b", f"{REGION}c"]},
    "aws:ec2/getVpc:getVpc": lambda inputs: {"id": inputs["id"], "cidrBlock": "10.9.0.0/16"},
    "aws:ec2/getVpcEndpoint:getVpcEndpoint": lambda inputs: {
        "id": inputs["id"],
        "dnsEntries": [{"dnsName": f"{inputs['id']}.vpce.example", "hostedZoneId": "ZVPCE"}],
    },
    "aws:ec2/getPrefixList:getPrefixList": {"id": "pl-s3", "cidrBlocks": ["3.5.64.0/21", "3.5.0.0/19"]},
    "aws:cloudcontrol/getResource:getResource": {"properties": json.dumps({"EndpointConfigName": CONFIGURATION})},
}


def run(program: Callable[[], dict[str, Any] | None], calls: dict[str, Mocked] | None = None) -> Graph:
    return record(program, outputs=OUTPUTS, calls={**CALLS, **(calls or {})})


def model(folder: Path, version: str = "1", **changes: Any) -> Model:
    artifact = folder / version
    artifact.mkdir(exist_ok=True)
    (artifact / "model.pkl").write_text(f"model {version}")
    return Model(**{"name": "pricing", "version": version, "source": str(artifact), "container": Container(image=IMAGE), **changes})


def arguments(folder: Path, **changes: Any) -> SageMakerEndpointArgs:
    models = changes.pop("models", None) or [model(folder)]
    return SageMakerEndpointArgs(**{"models": models, "environment": Environment.DEVELOPMENT, **changes})


def deploy(args: SageMakerEndpointArgs, calls: dict[str, Mocked] | None = None) -> Graph:
    """The endpoint `pricing`, with all its outputs."""

    def program() -> dict[str, Any]:
        endpoint = SageMakerEndpoint("pricing", args)
        return {name: getattr(endpoint, name) for name in SageMakerEndpoint.__annotations__}

    return run(program, calls)


def statements(policy: str) -> list[dict[str, Any]]:
    return json.loads(policy)["Statement"]
