"""Makes what a component registers in moto, a stand-in for AWS that knows nothing of Pulumi: https://docs.getmoto.org/.

A resource's inputs become a request of AWS's own client, by the shape that the service's model gives it; moto's answer becomes the resource's
outputs, so that what depends on it names what is really there.
"""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.exceptions
import botocore.session
from botocore.model import ListShape, MapShape, Shape, StructureShape

from tests.components.aws import mocked
from tests.support.mocks import Graph, Mocked, Values, record
from tests.support.tools import moto

Inputs = dict[str, Any]
Answer = dict[str, Any]

SET_TOGETHER = 120
"""Seconds the server has to start."""


@dataclass(frozen=True)
class Row:
    """How a type is made: the request, and what of the answer others refer to."""

    service: str
    operation: str
    """In botocore's spelling: `create_model`."""
    name: str | None = None
    """The request's member for a name that Pulumi would make up."""
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Properties (in camel case) that the request calls otherwise."""
    extra: Callable[[Inputs], Inputs] = lambda inputs: {}
    """Members that no property carries."""
    without: frozenset[str] = frozenset()
    """Properties that are not part of the request."""
    outputs: Callable[[Answer, Inputs], Answer] = lambda answer, inputs: {}
    after: "Callable[[Emulator, Inputs], Answer] | None" = None
    """What AWS makes along with it, and moto does not."""


def _named(inputs: Inputs) -> str:
    return str(inputs["name"])


def _path(*parts: str) -> Callable[[Answer, Inputs], Answer]:
    """Outputs from the answer: `id=Vpc.VpcId`."""
    pairs = [part.partition("=") for part in parts]

    def read(answer: Answer, _: Inputs) -> Answer:
        found: Answer = {}
        for output, _, path in pairs:
            value: Any = answer
            for step in path.split("."):
                value = value[int(step)] if step.isdigit() else value[step]
            found[output] = value
        return found

    return read


def _specification(kind: str) -> Callable[[Inputs], Inputs]:
    """EC2 takes tags in a list of its own."""
    return lambda inputs: {
        "TagSpecifications": [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in inputs.get("tags", {}).items()]}]
    }


def _rule(inputs: Inputs) -> Inputs:
    permission: Inputs = {"IpProtocol": inputs["ipProtocol"], "FromPort": int(inputs["fromPort"]), "ToPort": int(inputs["toPort"])}
    if "cidrIpv4" in inputs:
        permission["IpRanges"] = [{"CidrIp": inputs["cidrIpv4"], "Description": inputs["description"]}]
    if "prefixListId" in inputs:
        permission["PrefixListIds"] = [{"PrefixListId": inputs["prefixListId"]}]
    if "referencedSecurityGroupId" in inputs:
        permission["UserIdGroupPairs"] = [{"GroupId": inputs["referencedSecurityGroupId"]}]
    return {"GroupId": inputs["securityGroupId"], "IpPermissions": [permission]}


BATCH_ROLE = "AWSServiceRoleForBatch"
EVERYTHING = frozenset({"*"})
"""Nothing is converted by shape: `extra` makes the whole request."""


def _bucket_setting(operation: str, member: str, value: Callable[[Inputs], Any]) -> Row:
    return Row("s3", operation, without=EVERYTHING, extra=lambda inputs: {"Bucket": inputs["bucket"], member: value(inputs)})


def _attributes(inputs: Inputs) -> Inputs:
    return {
        "QueueName": inputs["name"],
        "tags": inputs["tags"],
        "Attributes": {"KmsMasterKeyId": inputs["kmsMasterKeyId"], "MessageRetentionPeriod": str(int(inputs["messageRetentionSeconds"]))},
    }


def _lifecycle(inputs: Inputs) -> Inputs:
    rules: list[Inputs] = []
    for rule in inputs["rules"]:
        made: Inputs = {"ID": rule["id"], "Status": rule["status"], "Filter": {"Prefix": rule["filter"]["prefix"]}}
        if "expiration" in rule:
            made["Expiration"] = {"Days": int(rule["expiration"]["days"])}
        if "noncurrentVersionExpiration" in rule:
            made["NoncurrentVersionExpiration"] = {"NoncurrentDays": int(rule["noncurrentVersionExpiration"]["noncurrentDays"])}
        if "abortIncompleteMultipartUpload" in rule:
            made["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": int(rule["abortIncompleteMultipartUpload"]["daysAfterInitiation"])}
        rules.append(made)
    return {"Rules": rules}


def _fixed(action: Inputs) -> Inputs:
    response = action["fixedResponse"]
    return {"Type": action["type"], "FixedResponseConfig": {name[0].upper() + name[1:]: value for name, value in response.items()}}


def _condition(condition: Inputs) -> Inputs:
    ((kind, value),) = condition.items()
    fields = {"pathPattern": "path-pattern", "httpRequestMethod": "http-request-method", "httpHeader": "http-header"}
    names = {"values": "Values", "httpHeaderName": "HttpHeaderName"}
    return {"Field": fields[kind], f"{kind[0].upper()}{kind[1:]}Config": {names[name]: each for name, each in value.items()}}


def _forward(action: Inputs) -> Inputs:
    groups = [{"TargetGroupArn": each["arn"], "Weight": int(each["weight"])} for each in action["forward"]["targetGroups"]]
    return {"Type": action["type"], "ForwardConfig": {"TargetGroups": groups}}


def _cluster_group(emulator: "Emulator", inputs: Inputs) -> Answer:
    """The security group that EKS makes."""
    ec2 = emulator.client("ec2")
    vpc = ec2.describe_subnets(SubnetIds=inputs["vpcConfig"]["subnetIds"])["Subnets"][0]["VpcId"]
    group = ec2.create_security_group(GroupName=f"eks-cluster-sg-{inputs['name']}", Description="EKS", VpcId=vpc)["GroupId"]
    return {"vpcConfig": {**inputs["vpcConfig"], "clusterSecurityGroupId": group, "vpcId": vpc}}


ROWS: dict[str, Row] = {
    "aws:kms/key:Key": Row(
        "kms",
        "create_key",
        without=frozenset({"enableKeyRotation", "rotationPeriodInDays", "deletionWindowInDays"}),
        outputs=_path("id=KeyMetadata.KeyId", "arn=KeyMetadata.Arn"),
    ),
    "aws:ec2/vpc:Vpc": Row(
        "ec2",
        "create_vpc",
        without=frozenset({"enableDnsSupport", "enableDnsHostnames", "tags"}),
        extra=_specification("vpc"),
        outputs=_path("id=Vpc.VpcId", "cidrBlock=Vpc.CidrBlock"),
    ),
    "aws:ec2/subnet:Subnet": Row(
        "ec2",
        "create_subnet",
        without=frozenset({"mapPublicIpOnLaunch", "tags"}),
        extra=_specification("subnet"),
        outputs=_path("id=Subnet.SubnetId"),
    ),
    "aws:ec2/routeTable:RouteTable": Row(
        "ec2", "create_route_table", without=frozenset({"tags"}), extra=_specification("route-table"), outputs=_path("id=RouteTable.RouteTableId")
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Row("ec2", "associate_route_table", outputs=_path("id=AssociationId")),
    "aws:ec2/securityGroup:SecurityGroup": Row(
        "ec2",
        "create_security_group",
        name="GroupName",
        without=frozenset({"tags", "ingress", "egress", "revokeRulesOnDelete"}),
        extra=_specification("security-group"),
        outputs=_path("id=GroupId"),
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Row("ec2", "authorize_security_group_ingress", without=EVERYTHING, extra=_rule),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Row("ec2", "authorize_security_group_egress", without=EVERYTHING, extra=_rule),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Row(
        "ec2",
        "create_vpc_endpoint",
        renamed={"policy": "PolicyDocument"},
        without=frozenset({"tags"}),
        extra=_specification("vpc-endpoint"),
        outputs=_path("id=VpcEndpoint.VpcEndpointId"),
    ),
    "aws:ec2/flowLog:FlowLog": Row(
        "ec2",
        "create_flow_logs",
        renamed={"iamRoleArn": "DeliverLogsPermissionArn"},
        without=frozenset({"tags", "vpcId"}),
        extra=lambda inputs: {"ResourceIds": [inputs["vpcId"]], "ResourceType": "VPC", **_specification("vpc-flow-log")(inputs)},
        outputs=_path("id=FlowLogIds.0"),
    ),
    "aws:iam/role:Role": Row(
        "iam", "create_role", name="RoleName", renamed={"assumeRolePolicy": "AssumeRolePolicyDocument"}, outputs=_path("arn=Role.Arn")
    ),
    "aws:iam/rolePolicy:RolePolicy": Row("iam", "put_role_policy", name="PolicyName", renamed={"role": "RoleName", "policy": "PolicyDocument"}),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Row("iam", "attach_role_policy", renamed={"role": "RoleName"}),
    "aws:s3/bucket:Bucket": Row(
        "s3",
        "create_bucket",
        without=EVERYTHING,
        extra=lambda inputs: {"Bucket": inputs["name"], "CreateBucketConfiguration": {"LocationConstraint": mocked.REGION}},
        outputs=lambda _, inputs: {"id": inputs["name"], "bucket": inputs["name"], "arn": f"arn:aws:s3:::{inputs['name']}"},
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _bucket_setting(
        "put_public_access_block",
        "PublicAccessBlockConfiguration",
        lambda inputs: {name[0].upper() + name[1:]: value for name, value in inputs.items() if isinstance(value, bool)},
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _bucket_setting(
        "put_bucket_ownership_controls", "OwnershipControls", lambda inputs: {"Rules": [{"ObjectOwnership": inputs["rule"]["objectOwnership"]}]}
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _bucket_setting(
        "put_bucket_versioning", "VersioningConfiguration", lambda inputs: {"Status": inputs["versioningConfiguration"]["status"]}
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _bucket_setting(
        "put_bucket_encryption",
        "ServerSideEncryptionConfiguration",
        lambda inputs: {
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {
                        {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"}[name]: value
                        for name, value in rule["applyServerSideEncryptionByDefault"].items()
                    },
                    "BucketKeyEnabled": rule.get("bucketKeyEnabled", False),
                }
                for rule in inputs["rules"]
            ]
        },
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _bucket_setting(
        "put_bucket_lifecycle_configuration", "LifecycleConfiguration", _lifecycle
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _bucket_setting("put_bucket_policy", "Policy", lambda inputs: inputs["policy"]),
    "aws:s3/bucketObjectv2:BucketObjectv2": Row(
        "s3",
        "put_object",
        without=EVERYTHING,
        extra=lambda inputs: {
            "Bucket": inputs["bucket"],
            "Key": inputs["key"],
            "Body": b"model",
            "ServerSideEncryption": inputs["serverSideEncryption"],
            "SSEKMSKeyId": inputs["kmsKeyId"],
            "Tagging": "&".join(f"{key}={value}" for key, value in inputs.get("tags", {}).items()),
        },
        outputs=lambda _, inputs: {"arn": f"arn:aws:s3:::{inputs['bucket']}/{inputs['key']}"},
    ),
    "aws:cloudwatch/logGroup:LogGroup": Row(
        "logs",
        "create_log_group",
        name="logGroupName",
        without=frozenset({"retentionInDays"}),
        outputs=lambda _, inputs: {"arn": f"arn:aws:logs:{mocked.REGION}:{mocked.ACCOUNT}:log-group:{inputs['name']}"},
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Row(
        "cloudwatch",
        "put_metric_alarm",
        name="AlarmName",
        renamed={"metricQueries": "Metrics"},
        without=frozenset({"dimensions"}),
        extra=lambda inputs: (
            {"Dimensions": [{"Name": key, "Value": value} for key, value in inputs["dimensions"].items()]} if "dimensions" in inputs else {}
        ),
        outputs=lambda _, inputs: {"arn": f"arn:aws:cloudwatch:{mocked.REGION}:{mocked.ACCOUNT}:alarm:{inputs['name']}"},
    ),
    "aws:cloudwatch/eventRule:EventRule": Row("events", "put_rule", name="Name", outputs=_path("arn=RuleArn")),
    "aws:cloudwatch/eventTarget:EventTarget": Row(
        "events",
        "put_targets",
        without=EVERYTHING,
        extra=lambda inputs: {"Rule": inputs["rule"], "Targets": [{"Id": "target", "Arn": inputs["arn"]}]},
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": Row(
        "logs",
        "put_metric_filter",
        name="filterName",
        renamed={"pattern": "filterPattern", "name": "filterName"},
        without=frozenset({"metricTransformation"}),
        extra=lambda inputs: {
            "metricTransformations": [
                {"metricName": it["name"], "metricNamespace": it["namespace"], "metricValue": it["value"]} for it in [inputs["metricTransformation"]]
            ]
        },
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": Row("logs", "put_resource_policy", name="policyName"),
    "aws:cloudwatch/dashboard:Dashboard": Row("cloudwatch", "put_dashboard"),
    "aws:sns/topic:Topic": Row(
        "sns",
        "create_topic",
        name="Name",
        without=frozenset({"kmsMasterKeyId"}),
        extra=lambda inputs: {"Attributes": {"KmsMasterKeyId": inputs["kmsMasterKeyId"]}},
        outputs=_path("arn=TopicArn", "id=TopicArn"),
    ),
    "aws:sns/topicPolicy:TopicPolicy": Row(
        "sns",
        "set_topic_attributes",
        without=EVERYTHING,
        extra=lambda inputs: {"TopicArn": inputs["arn"], "AttributeName": "Policy", "AttributeValue": inputs["policy"]},
    ),
    "aws:sqs/queue:Queue": Row(
        "sqs",
        "create_queue",
        without=EVERYTHING,
        extra=_attributes,
        outputs=lambda answer, inputs: {
            "id": answer["QueueUrl"],
            "arn": f"arn:aws:sqs:{mocked.REGION}:{mocked.ACCOUNT}:{inputs['name']}",
        },
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Row(
        "sqs",
        "set_queue_attributes",
        without=EVERYTHING,
        extra=lambda inputs: {"QueueUrl": inputs["queueUrl"], "Attributes": {"Policy": inputs["policy"]}},
    ),
    "aws:budgets/budget:Budget": Row(
        "budgets",
        "create_budget",
        without=EVERYTHING,
        extra=lambda inputs: {
            "AccountId": mocked.ACCOUNT,
            "Budget": {
                "BudgetName": inputs["name"],
                "BudgetType": inputs["budgetType"],
                "TimeUnit": inputs["timeUnit"],
                "BudgetLimit": {"Amount": inputs["limitAmount"], "Unit": inputs["limitUnit"]},
                "CostFilters": {each["name"]: each["values"] for each in inputs["costFilters"]},
            },
            "NotificationsWithSubscribers": [
                {
                    "Notification": {
                        "NotificationType": each["notificationType"],
                        "ComparisonOperator": each["comparisonOperator"],
                        "Threshold": float(each["threshold"]),
                        "ThresholdType": each["thresholdType"],
                    },
                    "Subscribers": [{"SubscriptionType": "SNS", "Address": topic} for topic in each["subscriberSnsTopicArns"]],
                }
                for each in inputs["notifications"]
            ],
        },
    ),
    "aws:sagemaker/model:Model": Row("sagemaker", "create_model", name="ModelName", outputs=_path("arn=ModelArn")),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": Row(
        "sagemaker",
        "create_endpoint_config",
        name="EndpointConfigName",
        renamed={"kmsKeyArn": "KmsKeyId"},
        outputs=_path("arn=EndpointConfigArn"),
    ),
    "aws:sagemaker/endpoint:Endpoint": Row("sagemaker", "create_endpoint", name="EndpointName", outputs=_path("arn=EndpointArn")),
    "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition": Row(
        "sagemaker", "create_data_quality_job_definition", name="JobDefinitionName", outputs=_path("arn=JobDefinitionArn")
    ),
    "aws:appautoscaling/target:Target": Row("application-autoscaling", "register_scalable_target"),
    "aws:appautoscaling/policy:Policy": Row("application-autoscaling", "put_scaling_policy", name="PolicyName", outputs=_path("arn=PolicyARN")),
    "aws:rds/subnetGroup:SubnetGroup": Row(
        "rds", "create_db_subnet_group", name="DBSubnetGroupName", extra=lambda inputs: {"DBSubnetGroupDescription": "Managed by Pulumi"}
    ),
    "aws:rds/parameterGroup:ParameterGroup": Row(
        "rds",
        "create_db_parameter_group",
        name="DBParameterGroupName",
        renamed={"family": "DBParameterGroupFamily"},
        without=frozenset({"parameters"}),
        extra=lambda inputs: {"Description": "Managed by Pulumi"},
    ),
    "aws:rds/instance:Instance": Row(
        "rds",
        "create_db_instance",
        renamed={
            "identifier": "DBInstanceIdentifier",
            "instanceClass": "DBInstanceClass",
            "username": "MasterUsername",
            "parameterGroupName": "DBParameterGroupName",
            "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
            "performanceInsightsEnabled": "EnablePerformanceInsights",
            "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
            "multiAz": "MultiAZ",
        },
        without=frozenset({"skipFinalSnapshot", "deleteAutomatedBackups", "finalSnapshotIdentifier"}),
        outputs=lambda answer, _: {
            "resourceId": answer["DBInstance"]["DbiResourceId"],
            "address": answer["DBInstance"]["Endpoint"]["Address"],
            "masterUserSecrets": [{"secretArn": "arn:secret"}],
        },
    ),
    "aws:batch/computeEnvironment:ComputeEnvironment": Row(
        "batch",
        "create_compute_environment",
        name="computeEnvironmentName",
        # AWS Batch takes its own role where none is given; moto wants one.
        extra=lambda inputs: {"serviceRole": f"arn:aws:iam::{mocked.ACCOUNT}:role/{BATCH_ROLE}"},
        outputs=_path("arn=computeEnvironmentArn"),
    ),
    "aws:batch/jobQueue:JobQueue": Row(
        "batch",
        "create_job_queue",
        name="jobQueueName",
        renamed={"computeEnvironmentOrders": "computeEnvironmentOrder"},
        outputs=_path("arn=jobQueueArn", "id=jobQueueArn"),
    ),
    "aws:batch/jobDefinition:JobDefinition": Row(
        "batch",
        "register_job_definition",
        name="jobDefinitionName",
        outputs=lambda answer, _: {"arn": answer["jobDefinitionArn"], "arnPrefix": answer["jobDefinitionArn"].rpartition(":")[0]},
    ),
    "aws:sfn/stateMachine:StateMachine": Row(
        "stepfunctions",
        "create_state_machine",
        name="name",
        without=frozenset({"loggingConfiguration"}),
        extra=lambda inputs: {
            "loggingConfiguration": {
                "level": inputs["loggingConfiguration"]["level"],
                "includeExecutionData": True,
                "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": inputs["loggingConfiguration"]["logDestination"]}}],
            }
        },
        outputs=_path("arn=stateMachineArn", "id=stateMachineArn"),
    ),
    "aws:scheduler/scheduleGroup:ScheduleGroup": Row("scheduler", "create_schedule_group", name="Name", outputs=_path("arn=ScheduleGroupArn")),
    "aws:scheduler/schedule:Schedule": Row("scheduler", "create_schedule", name="Name", outputs=_path("arn=ScheduleArn")),
    "aws:eks/cluster:Cluster": Row(
        "eks",
        "create_cluster",
        renamed={"vpcConfig": "resourcesVpcConfig"},
        without=frozenset({"encryptionConfig", "enabledClusterLogTypes"}),
        extra=lambda inputs: {
            "encryptionConfig": [
                {"resources": inputs["encryptionConfig"]["resources"], "provider": {"keyArn": inputs["encryptionConfig"]["provider"]["keyArn"]}}
            ],
            "logging": {"clusterLogging": [{"types": inputs["enabledClusterLogTypes"], "enabled": True}]},
        },
        outputs=lambda answer, inputs: {
            "endpoint": answer["cluster"]["endpoint"],
            "certificateAuthority": answer["cluster"]["certificateAuthority"],
        },
        after=_cluster_group,
    ),
    "aws:ecs/cluster:Cluster": Row("ecs", "create_cluster", name="clusterName", outputs=_path("arn=cluster.clusterArn", "id=cluster.clusterArn")),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": Row(
        "ecs", "put_cluster_capacity_providers", renamed={"clusterName": "cluster"}, extra=lambda inputs: {"defaultCapacityProviderStrategy": []}
    ),
    "aws:ecs/taskDefinition:TaskDefinition": Row(
        "ecs", "register_task_definition", without=frozenset({"skipDestroy"}), outputs=_path("arn=taskDefinition.taskDefinitionArn")
    ),
    "aws:ecs/service:Service": Row(
        "ecs",
        "create_service",
        name="serviceName",
        without=EVERYTHING,
        extra=lambda inputs: {
            "cluster": inputs["cluster"],
            "serviceName": inputs["name"],
            "taskDefinition": inputs["taskDefinition"],
            "desiredCount": int(inputs["desiredCount"]),
            "loadBalancers": [{**each, "containerPort": int(each["containerPort"])} for each in inputs["loadBalancers"]],
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": inputs["networkConfiguration"]["subnets"]}},
        },
        outputs=lambda answer, inputs: {"arn": answer["service"]["serviceArn"], "taskDefinition": inputs["taskDefinition"]},
    ),
    "aws:lb/loadBalancer:LoadBalancer": Row(
        "elbv2",
        "create_load_balancer",
        name="Name",
        without=EVERYTHING,
        extra=lambda inputs: {
            "Name": inputs["name"][:32].strip("-"),
            "Subnets": inputs["subnets"],
            "SecurityGroups": inputs["securityGroups"],
            "Scheme": "internal" if inputs["internal"] else "internet-facing",
            "Type": inputs.get("loadBalancerType", "application"),
        },
        outputs=lambda answer, _: {
            "arn": answer["LoadBalancers"][0]["LoadBalancerArn"],
            "arnSuffix": answer["LoadBalancers"][0]["LoadBalancerArn"].partition("loadbalancer/")[2],
            "dnsName": answer["LoadBalancers"][0]["DNSName"],
            "zoneId": answer["LoadBalancers"][0]["CanonicalHostedZoneId"],
        },
    ),
    "aws:lb/targetGroup:TargetGroup": Row(
        "elbv2",
        "create_target_group",
        without=EVERYTHING,
        extra=lambda inputs: {
            "Name": inputs["name"][:32].strip("-"),
            "Protocol": inputs["protocol"],
            "Port": int(inputs["port"]),
            "VpcId": inputs["vpcId"],
            "TargetType": inputs["targetType"],
            "HealthCheckPath": inputs["healthCheck"]["path"],
            "HealthCheckIntervalSeconds": int(inputs["healthCheck"]["interval"]),
            "Matcher": {"HttpCode": inputs["healthCheck"]["matcher"]},
        },
        outputs=lambda answer, _: {
            "arn": answer["TargetGroups"][0]["TargetGroupArn"],
            "arnSuffix": answer["TargetGroups"][0]["TargetGroupArn"].rpartition(":")[2],
        },
    ),
    "aws:lb/listener:Listener": Row(
        "elbv2",
        "create_listener",
        without=frozenset({"certificateArn"}),
        renamed={"fixedResponse": "FixedResponseConfig"},
        extra=lambda inputs: {
            "Certificates": [{"CertificateArn": inputs["certificateArn"]}],
            "DefaultActions": [_fixed(inputs["defaultActions"][0])],
        },
        outputs=_path("arn=Listeners.0.ListenerArn"),
    ),
    "aws:lb/listenerRule:ListenerRule": Row(
        "elbv2",
        "create_rule",
        without=EVERYTHING,
        extra=lambda inputs: {
            "ListenerArn": inputs["listenerArn"],
            "Priority": int(inputs["priority"]),
            "Conditions": [_condition(each) for each in inputs["conditions"]],
            "Actions": [_forward(each) for each in inputs["actions"]],
        },
        outputs=_path("arn=Rules.0.RuleArn"),
    ),
    "aws:lambda/permission:Permission": Row(
        "lambda",
        "add_permission",
        renamed={"function": "FunctionName"},
        extra=lambda inputs: {"StatementId": inputs["name"]},
    ),
    "aws:lambda/function:Function": Row(
        "lambda",
        "create_function",
        name="FunctionName",
        renamed={"imageUri": "Code"},
        without=frozenset({"imageUri", "reservedConcurrentExecutions", "publish"}),
        extra=lambda inputs: {"Code": {"ImageUri": inputs["imageUri"]}, "Publish": True},
        outputs=lambda answer, _: {"arn": answer["FunctionArn"], "version": answer["Version"], "invokeArn": answer["FunctionArn"]},
    ),
    "aws:lambda/alias:Alias": Row("lambda", "create_alias", name="Name", outputs=_path("arn=AliasArn")),
    "aws:apigateway/restApi:RestApi": Row(
        "apigateway",
        "create_rest_api",
        name="name",
        without=frozenset({"endpointConfiguration", "policy"}),
        outputs=lambda answer, _: {
            "id": answer["id"],
            "rootResourceId": answer["rootResourceId"],
            "executionArn": f"arn:aws:execute-api:{mocked.REGION}:{mocked.ACCOUNT}:{answer['id']}",
        },
    ),
    "aws:apigateway/resource:Resource": Row("apigateway", "create_resource", renamed={"restApi": "restApiId"}, outputs=_path("id=id", "path=path")),
    "aws:apigateway/method:Method": Row("apigateway", "put_method", renamed={"restApi": "restApiId", "authorization": "authorizationType"}),
    "aws:apigateway/integration:Integration": Row(
        "apigateway", "put_integration", renamed={"restApi": "restApiId", "timeoutMilliseconds": "timeoutInMillis"}
    ),
    "aws:apigateway/deployment:Deployment": Row(
        "apigateway", "create_deployment", renamed={"restApi": "restApiId"}, without=frozenset({"triggers"}), outputs=_path("id=id")
    ),
    "aws:apigateway/stage:Stage": Row(
        "apigateway",
        "create_stage",
        renamed={"restApi": "restApiId", "deployment": "deploymentId", "xrayTracingEnabled": "tracingEnabled"},
        without=frozenset({"accessLogSettings"}),
        outputs=lambda _, inputs: {
            "arn": f"arn:aws:apigateway:{mocked.REGION}::/restapis/{inputs['restApi']}/stages/{inputs['stageName']}",
            "invokeUrl": f"https://{inputs['restApi']}.execute-api.{mocked.REGION}.amazonaws.com/{inputs['stageName']}",
        },
    ),
}
"""How each type is made."""


@dataclass
class Emulator:
    """A server, and what has been made on it."""

    port: int
    made: set[str] = field(default_factory=set[str])
    """Types that were made."""
    left_out: dict[str, str] = field(default_factory=dict[str, str])
    """Types that were not made, with what moto said: those of which it, or the table above, knows nothing."""
    refused: list[str] = field(default_factory=list[str])
    """What moto refused."""
    _clients: dict[str, Any] = field(default_factory=dict[str, Any])
    _names: int = 0

    def run(self, program: Callable[[], Mapping[str, Any] | None]) -> Graph:
        """Runs a program whose resources are made on the server."""
        zones = [f"{mocked.REGION}{letter}" for letter in "abc"]
        calls: dict[str, Mocked] = {
            **mocked.CALLS,
            "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": zones},
            "aws:cloudcontrol/getResource:getResource": lambda asked: {"properties": json.dumps(self._served(asked["identifier"]))},
        }
        return record(program, outputs=_Outputs(self), calls=calls)

    def certificate(self, hostname: str) -> str:
        """A certificate of Certificate Manager for a host."""
        return str(self.client("acm").request_certificate(DomainName=hostname)["CertificateArn"])

    def _served(self, endpoint: str) -> Answer:
        """What Cloud Control, which moto does not have, would tell of a SageMaker endpoint."""
        told = self.client("sagemaker").describe_endpoint(EndpointName=endpoint.rpartition("/")[2])
        return {"EndpointConfigName": told["EndpointConfigName"]}

    def client(self, service: str) -> Any:
        """AWS's own client, for this server."""
        if service not in self._clients:
            session = botocore.session.get_session()
            session.set_credentials("testing", "testing")
            self._clients[service] = session.create_client(service, region_name=mocked.REGION, endpoint_url=f"http://127.0.0.1:{self.port}")
        return self._clients[service]

    def make(self, kind: str, inputs: Inputs) -> Values:
        """Makes a resource, or answers as the mocks do where nobody can."""
        self._names += 1
        named = {**inputs, "name": inputs.get("name") or f"{kind.rpartition(':')[2].lower()}-made-{self._names}"}
        row = ROWS.get(kind)
        if row is None:
            return self._invented(kind, named, "is not in the table")
        client = self.client(row.service)
        operation = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[row.operation])
        given = {} if "*" in row.without else {row.renamed.get(key, key): value for key, value in inputs.items() if key not in row.without}
        request = {**request_of(operation.input_shape, given), **row.extra(named)}
        if row.name is not None:
            request.setdefault(row.name, named["name"])
        try:
            answer = getattr(client, row.operation)(**request)
        except botocore.exceptions.ClientError as error:
            if not _is_unknown(error):
                self.refused.append(f"{kind}: {error}")
            return self._invented(kind, named, str(error))
        except botocore.exceptions.ParamValidationError as error:
            self.refused.append(f"{kind}: {error}")
            return self._invented(kind, named, str(error))
        self.made.add(kind)
        return {**named, **row.outputs(answer, named), **(row.after(self, named) if row.after else {})}

    def _invented(self, kind: str, inputs: Inputs, reason: str) -> Values:
        self.left_out[kind] = reason
        mocked_answer = mocked.OUTPUTS.get(kind, {})
        return {"name": inputs["name"], **(mocked_answer(inputs) if callable(mocked_answer) else mocked_answer)}


class _Outputs(dict[str, Mocked]):
    """Answers for every type by making it."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__()
        self._emulator = emulator

    def __bool__(self) -> bool:
        return True

    def get(self, key: str, default: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        if not key.startswith("aws:"):
            return mocked.OUTPUTS.get(key, default)
        return lambda inputs: self._emulator.make(key, inputs)


def request_of(shape: Shape | None, value: Any) -> Any:
    """A property's value in the API's form: names by their letters, lists in the singular or plural, tags as pairs, documents read."""
    if isinstance(value, str) and isinstance(shape, StructureShape | ListShape | MapShape):
        return json.loads(value)
    if isinstance(shape, StructureShape) and isinstance(value, list):
        value = value[0]
    if isinstance(shape, StructureShape):
        members = {_letters(name): name for name in shape.members}
        made: Inputs = {}
        for key, each in value.items():
            name = next((members[form] for form in _forms(key) if form in members), None)
            if name is not None and each is not None:
                made[name] = request_of(shape.members[name], each)
        return made
    if isinstance(shape, ListShape):
        pair = _pair(shape.member)
        if isinstance(value, dict) and pair is not None:
            return [{pair[0]: name, pair[1]: each} for name, each in value.items()]
        return [request_of(shape.member, each) for each in (value if isinstance(value, list) else [value])]
    if isinstance(shape, MapShape):
        return {str(key): request_of(shape.value, each) for key, each in value.items()}
    kind = shape.type_name if shape is not None else "string"
    if kind == "structure":
        return value
    casts: dict[str, Callable[[Any], Any]] = {"integer": int, "long": int, "float": float, "double": float, "boolean": bool}
    return casts.get(kind, str)(value)


def _pair(shape: Shape) -> tuple[str, str] | None:
    """What a service calls key and value of a tag."""
    for pair in (("Key", "Value"), ("key", "value"), ("TagKey", "TagValue")):
        if isinstance(shape, StructureShape) and set(pair) <= set(shape.members):
            return pair
    return None


def _letters(name: str) -> str:
    return name.lower().replace("-", "")


def _forms(key: str) -> list[str]:
    """How a property may be called: as it is, without the plural, or with it."""
    bare = _letters(key)
    forms = [bare, bare + "s"]
    if bare.endswith("ies"):
        forms.append(bare[:-3] + "y")
    if bare.endswith("s"):
        forms.append(bare[:-1])
    return forms


def _is_unknown(error: botocore.exceptions.ClientError) -> bool:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    nowhere = status == 404 and "NotFound" not in str(error.response["Error"].get("Code", ""))
    return status >= 500 or nowhere or "not been implemented" in str(error)


@contextmanager
def running(log: Path) -> Generator[Emulator]:
    """A server for the time of a test."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "MOTO_ACCOUNT_ID": mocked.ACCOUNT, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true", "MOTO_PORT": str(port)}
    with log.open("wb") as written:
        server = subprocess.Popen([*moto(), "-H", "127.0.0.1", "-p", str(port)], env=environment, stdout=written, stderr=written)
    try:
        _wait(port, server)
        emulator = Emulator(port)
        emulator.client("iam").create_role(RoleName=BATCH_ROLE, AssumeRolePolicyDocument="{}")
        yield emulator
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SET_TOGETHER
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=5)
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError("moto did not start")
