"""Health records in AWS HealthLake: a FHIR data store that a model's data comes from.

https://docs.aws.amazon.com/healthlake/latest/devguide/
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.arguments import parse
from modeldeploy.spec.health_records import HealthRecordsArgs
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.names import check_name
from modeldeploy.spec.operations import Environment
from modeldeploy.spec.tags import standard_tags

from .account import Account, current_account, physical_name
from .alarms import alarm_topic
from .keys import key_arn
from .network import Attachment, attach
from .policy_documents import Statement, document
from .queues import dead_letters

LONGEST_NAME = 40
SERVICE = "healthlake"
TYPE = "AWS::HealthLake::FHIRDatastore"
READ = ("GetCapabilities", "ReadResource", "SearchWithGet", "SearchWithPost")
"""https://docs.aws.amazon.com/service-authorization/latest/reference/list_awshealthlake.html"""
NAMESPACE = "modeldeploy/HealthRecords"


@dataclass(frozen=True, kw_only=True)
class HealthLakeFhirStoreArgs(HealthRecordsArgs):
    """A store of health records in FHIR R4. With `network.id`, `network.subnet_ids` are those that get HealthLake's endpoint."""

    endpoint: bool = True
    """Whether the network gets an interface endpoint for HealthLake. Default true; false where it has one: a network takes one for each service."""


class HealthLakeFhirStore(pulumi.ComponentResource):
    """A HealthLake data store, encrypted with a customer-managed key, entered by IAM alone and reached through an interface endpoint.

    pulumi-aws has no resource for it, so Cloud Control makes it. Every access becomes an entry in a log group with key and retention, by a rule of
    EventBridge on what CloudTrail records; for that the account needs a trail that logs management events, as most have
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html). HealthLake is not in every region.

    A key given by `encryption.key` must let CloudWatch Logs and alarms use it, as `SageMakerEndpoint` says.
    """

    id: pulumi.Output[str]
    """Id of the data store."""
    url: pulumi.Output[str]
    """Address of the FHIR API, to which a resource's path is appended (`/Patient/...`); requests are signed (Signature Version 4, `healthlake`)."""
    arn: pulumi.Output[str]
    """ARN of the data store, which permissions name."""
    logs: pulumi.Output[str]
    """CloudWatch log group with who did what."""

    def __init__(self, name: str, args: HealthLakeFhirStoreArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(HealthLakeFhirStoreArgs, args, f"HealthLakeFhirStore '{name}'")
        check_name(f"HealthLakeFhirStore '{name}'", name, LONGEST_NAME)
        super().__init__("modeldeploy:index:HealthLakeFhirStore", name, as_inputs(checked), opts)
        account = current_account(self)
        tags = standard_tags(checked.tags, checked.environment)
        retention = checked.operations.log_retention_days

        self._key = key_arn(name, checked.encryption, checked.environment, account, tags, self, [_letters_of_rules])
        network = attach(name, checked.network, self._key, retention, checked.environment, checked.tags, self, usual_services=False)
        if checked.endpoint:
            _endpoint(name, network, account, tags, self)
        store = aws.cloudcontrol.Resource(
            name,
            type_name=TYPE,
            desired_state=self._key.apply(lambda key: _datastore(physical_name(name, 256), key, tags)),
            opts=pulumi.ResourceOptions(parent=self, protect=checked.environment is Environment.PRODUCTION),
        )
        self.id = store.id
        self.arn = pulumi.Output.concat("arn:", account.partition, ":healthlake:", account.region, ":", account.id, ":datastore/fhir/", store.id)
        topic = alarm_topic(name, checked.operations.emails, self._key, account, tags, self)
        logs = _accesses(name, retention, self._key, topic, account, tags, self)
        _refused(name, logs, topic, tags, self)

        self._account, self._name = account, name
        self.url = pulumi.Output.concat("https://healthlake.", account.region, ".amazonaws.com/datastore/", store.id, "/r4")
        self.logs = logs.name
        self.register_outputs({"id": self.id, "url": self.url, "arn": self.arn, "logs": self.logs})

    def let_read(self, name: str, identity: pulumi.Input[str]) -> None:
        """Lets the `identity` of a deployment (the ARN of its role) read and search records, and nothing more; `name` names the permission."""
        aws.iam.RolePolicy(
            f"{self._name}-{name}",
            role=pulumi.Output.from_input(identity).apply(lambda arn: arn.rpartition("/")[2]),
            policy=pulumi.Output.all(self.arn, self._key, self._account.region).apply(lambda it: _reading(*it)),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _datastore(name: str, key: str, tags: dict[str, str]) -> str:
    return json.dumps(
        {
            "DatastoreName": name,
            "DatastoreTypeVersion": "R4",
            "SseConfiguration": {"KmsEncryptionConfig": {"CmkType": "CUSTOMER_MANAGED_KMS_KEY", "KmsKeyId": key}},
            "IdentityProviderConfiguration": {"AuthorizationStrategy": "AWS_AUTH", "FineGrainedAuthorizationEnabled": False},
            "Tags": [{"Key": tag, "Value": value} for tag, value in tags.items()],
        }
    )


def _reading(store: str, key: str, region: str) -> str:
    through = {"StringEquals": {"kms:ViaService": f"{SERVICE}.{region}.amazonaws.com"}}
    return document(
        {"Effect": "Allow", "Action": [f"{SERVICE}:{action}" for action in READ], "Resource": store},
        {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:DescribeKey"], "Resource": key, "Condition": through},
    )


def _endpoint(name: str, network: Attachment, account: Account, tags: dict[str, str], parent: pulumi.Resource) -> None:
    """The way to HealthLake inside the network, for principals of this account."""
    opts = pulumi.ResourceOptions(parent=parent)
    group = aws.ec2.SecurityGroup(
        f"{name}-service",
        description=f"Who may reach HealthLake for {name}",
        vpc_id=network.vpc_id,
        tags={**tags, "Name": f"{name}-service"},
        opts=opts,
    )
    aws.vpc.SecurityGroupIngressRule(
        f"{name}-service",
        security_group_id=group.id,
        description="HTTPS from the network",
        cidr_ipv4=network.cidr,
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        tags=tags,
        opts=opts,
    )
    aws.ec2.VpcEndpoint(
        f"{name}-service",
        vpc_id=network.vpc_id,
        vpc_endpoint_type="Interface",
        service_name=account.region.apply(lambda region: f"com.amazonaws.{region}.{SERVICE}"),
        private_dns_enabled=True,
        subnet_ids=network.subnet_ids,
        security_group_ids=[group.id],
        policy=account.id.apply(_only_this_account),
        tags=tags,
        opts=opts,
    )


def _only_this_account(account: str) -> str:
    return document(
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": f"{SERVICE}:*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalAccount": account}},
        }
    )


def _letters_of_rules(_partition: str, _region: str, account: str) -> Statement:
    """Lets EventBridge write to the encrypted queue of what it could not deliver: a statement of the key's policy."""
    return {
        "Sid": "LettersOfRules",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }


def _accesses(
    name: str,
    retention: int,
    key: pulumi.Output[str],
    topic: aws.sns.Topic,
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> aws.cloudwatch.LogGroup:
    """Who did what: an entry for each request that CloudTrail records. Entries that cannot be written are kept in a queue, and raise an alarm."""
    opts = pulumi.ResourceOptions(parent=parent)
    # EventBridge writes to groups with this prefix alone: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    group_name = f"/aws/events/{physical_name(name, 200)}"
    logs = aws.cloudwatch.LogGroup(f"{name}-accesses", name=group_name, retention_in_days=retention, kms_key_id=key, tags=tags, opts=opts)
    rule = aws.cloudwatch.EventRule(
        f"{name}-accesses",
        description=f"Every request to the health records of {name}",
        # Without this state, requests that only read are left out.
        state="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
        event_pattern=json.dumps({"source": ["aws.healthlake"], "detail": {"eventSource": ["healthlake.amazonaws.com"]}}),
        tags=tags,
        opts=opts,
    )
    permission = aws.cloudwatch.LogResourcePolicy(
        f"{name}-accesses",
        policy_name=physical_name(f"{name}-accesses", 200),
        policy_document=pulumi.Output.all(logs.arn, account.id).apply(lambda it: _writing(*it)),
        opts=opts,
    )
    lost = dead_letters(f"{name}-accesses-lost", key, tags, parent, rule.arn)
    aws.cloudwatch.EventTarget(
        f"{name}-accesses",
        rule=rule.name,
        arn=logs.arn,
        dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=lost.arn),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[permission]),
    )
    _alarm(
        f"{name}-accesses-lost",
        f"Entries on who read records of {name} could not be written",
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"),
        topic,
        tags,
        parent,
        {"QueueName": lost.name},
    )
    return logs


def _writing(group: str, account: str) -> str:
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]},
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"{group}:*",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        }
    )


def _refused(name: str, logs: aws.cloudwatch.LogGroup, topic: aws.sns.Topic, tags: dict[str, str], parent: pulumi.Resource) -> None:
    """The alarm when somebody without permission asked."""
    metric = physical_name(f"{name}-refused", 255)
    aws.cloudwatch.LogMetricFilter(
        f"{name}-refused",
        log_group_name=logs.name,
        pattern='{ $.detail.errorCode = "AccessDenied*" }',
        metric_transformation=aws.cloudwatch.LogMetricFilterMetricTransformationArgs(name=metric, namespace=NAMESPACE, value="1"),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    _alarm(f"{name}-refused", f"Somebody without permission asked for records of {name}", (NAMESPACE, metric, "Sum"), topic, tags, parent)


def _alarm(
    name: str,
    description: str,
    measured: tuple[str, str, str],
    topic: aws.sns.Topic,
    tags: dict[str, str],
    parent: pulumi.Resource,
    dimensions: Mapping[str, pulumi.Input[str]] | None = None,
) -> None:
    """An alarm when what is measured (namespace, metric, statistic) is above none in five minutes."""
    namespace, metric, statistic = measured
    aws.cloudwatch.MetricAlarm(
        name,
        alarm_description=description,
        namespace=namespace,
        metric_name=metric,
        dimensions=dimensions,
        statistic=statistic,
        period=300,
        evaluation_periods=1,
        threshold=0,
        comparison_operator="GreaterThanThreshold",
        treat_missing_data="notBreaching",
        alarm_actions=[topic.arn],
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
