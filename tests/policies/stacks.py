"""A compliant stack, as policies over whole stacks see it, and how to break each rule: one resource left out or one property changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy import PolicyResource, StackValidationArgs
from pulumi_policy.proxy import unknown_checking_proxy

from policies.rule import Stack
from policies.settings import Settings
from tests.policies.changes import MISSING, UNKNOWN, changed
from tests.policies.resources import COMPLIANT, TAGS
from tests.policies.support import options


@dataclass(frozen=True)
class Member:
    """A resource of a stack: what it sets, and which of its inputs are outputs of which other resources (unknown in a preview)."""

    token: str
    name: str
    props: Mapping[str, Any] = field(default_factory=dict[str, Any])
    refers: Mapping[str, str] = field(default_factory=dict[str, str])


def member(token: str, name: str, refers: Mapping[str, str] | None = None, **props: Any) -> Member:
    """A compliant resource of a type, with some inputs set or replaced."""
    return Member(token, name, {**COMPLIANT.get(token, {}), **props}, refers or {})


APP = {"app": "scorer"}
METADATA = {"name": "scorer", "namespace": "models", "labels": TAGS}
POD = {"metadata": {"labels": APP}, "spec": {"containers": []}}

STACK = [
    member("aws:s3/bucket:Bucket", "bucket"),
    member("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "block", {"bucket": "bucket"}),
    member("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", "bucket-key", {"bucket": "bucket"}),
    member("aws:s3/bucketVersioning:BucketVersioning", "versions", {"bucket": "bucket"}, versioningConfiguration={"status": "Enabled"}),
    member("aws:ec2/vpc:Vpc", "network"),
    member("aws:ec2/flowLog:FlowLog", "network-flows", {"vpcId": "network"}),
    member("aws:budgets/budget:Budget", "aws-budget"),
    member("azure-native:consumption:Budget", "azure-budget"),
    member("gcp:billing/budget:Budget", "gcp-budget"),
    member("azure-native:sql:Server", "server"),
    member("azure-native:sql:ExtendedServerBlobAuditingPolicy", "server-audit", {"serverName": "server"}),
    member("azure-native:machinelearningservices:Workspace", "workspace"),
    member("azure-native:monitor:DiagnosticSetting", "workspace-logs", {"resourceUri": "workspace"}),
    member("aws:sagemaker/endpoint:Endpoint", "endpoint"),
    member("aws:cloudwatch/metricAlarm:MetricAlarm", "endpoint-errors", {"dimensions": "endpoint"}),
    member("aws:lambda/function:Function", "function", deadLetterConfig={"targetArn": "arn:aws:sqs:x"}),
    member("aws:scheduler/schedule:Schedule", "nightly", {"target": "function"}),
    member("aws:kinesis/stream:Stream", "calls"),
    member("aws:lambda/eventSourceMapping:EventSourceMapping", "calls-scorer", {"functionName": "function", "eventSourceArn": "calls"}),
    member("aws:cloudwatch/metricAlarm:MetricAlarm", "calls-lag", {"dimensions": "calls"}, metricName="GetRecords.IteratorAgeMilliseconds"),
    member("aws:sqs/queue:Queue", "jobs"),
    member("aws:sqs/redrivePolicy:RedrivePolicy", "jobs-redrive", {"queueUrl": "jobs", "redrivePolicy": "dead"}),
    member("aws:lambda/eventSourceMapping:EventSourceMapping", "jobs-worker", {"eventSourceArn": "jobs"}, startingPosition=""),
    member("aws:sqs/queue:Queue", "dead"),
    member("aws:cloudwatch/metricAlarm:MetricAlarm", "dead-count", {"dimensions": "dead"}),
    member("aws:sfn/stateMachine:StateMachine", "flow"),
    member("aws:cloudwatch/metricAlarm:MetricAlarm", "flow-failed", {"dimensions": "flow"}),
    member("aws:apigateway/restApi:RestApi", "api", endpointConfiguration={"types": "REGIONAL"}),
    member("aws:apigateway/stage:Stage", "stage", {"restApi": "api"}),
    member("aws:apigateway/methodSettings:MethodSettings", "stage-limits", {"restApi": "api", "stageName": "stage"}),
    member("aws:wafv2/webAclAssociation:WebAclAssociation", "stage-waf", {"resourceArn": "stage", "webAclArn": "firewall"}),
    member("aws:wafv2/webAcl:WebAcl", "firewall"),
    member("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", "firewall-logs", {"resourceArn": "firewall"}),
    member("aws:cloudwatch/metricAlarm:MetricAlarm", "function-errors", {"dimensions": "function"}),
    member("aws:ecs/service:Service", "service"),
    member("aws:cloudwatch/metricAlarm:MetricAlarm", "service-errors", {"dimensions": "service"}),
    member("aws:lb/loadBalancer:LoadBalancer", "balancer", {"securityGroups": "group"}, internal=False),
    member("aws:wafv2/webAclAssociation:WebAclAssociation", "balancer-waf", {"resourceArn": "balancer"}),
    member("aws:ec2/securityGroup:SecurityGroup", "group"),
    member("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "group-https", {"securityGroupId": "group"}),
    member("azure-native:machinelearningservices:OnlineEndpoint", "online"),
    member("azure-native:monitor:MetricAlert", "online-errors", {"scopes": "online"}),
    member("azure-native:app:ContainerApp", "app"),
    member("azure-native:monitor:MetricAlert", "app-errors", {"scopes": "app"}),
    member("azure-native:app:ContainerApp", "portal", configuration={"ingress": {"external": True}}),
    member("azure-native:app:ContainerAppsAuthConfig", "portal-login", {"containerAppName": "portal"}),
    member("azure-native:monitor:MetricAlert", "portal-errors", {"scopes": "portal"}),
    member("azure-native:web:WebApp", "web"),
    member("azure-native:web:WebAppAuthSettingsV2", "web-login", {"name": "web"}),
    member("azure-native:monitor:MetricAlert", "web-errors", {"scopes": "web"}),
    member("azure-native:cdn:Profile", "door"),
    member("azure-native:cdn:SecurityPolicy", "door-waf", {"profileName": "door"}),
    member("azure-native:healthcareapis:Workspace", "health"),
    member("azure-native:network:PrivateEndpoint", "health-private", {"privateLinkServiceConnections": "health"}),
    member("azure-native:healthcareapis:FhirService", "fhir", {"workspaceName": "health"}),
    member("azure-native:monitor:DiagnosticSetting", "fhir-logs", {"resourceUri": "fhir"}),
    member("azure-native:batch:BatchAccount", "batch"),
    member("azure-native:monitor:DiagnosticSetting", "batch-logs", {"resourceUri": "batch"}),
    member("azure-native:eventhub:Namespace", "hub"),
    member("azure-native:monitor:MetricAlert", "hub-throttled", {"scopes": "hub"}),
    member("gcp:cloudrunv2/job:Job", "scoring"),
    member("gcp:monitoring/alertPolicy:AlertPolicy", "scoring-failed", {"conditions": "scoring"}),
    member("gcp:cloudfunctionsv2/function:Function", "event"),
    member("gcp:monitoring/alertPolicy:AlertPolicy", "event-errors", {"conditions": "event"}),
    member("gcp:compute/securityPolicy:SecurityPolicy", "armor"),
    member("gcp:compute/targetHttpProxy:TargetHttpProxy", "plain", {"urlMap": "redirect"}),
    member("gcp:compute/uRLMap:URLMap", "redirect", defaultUrlRedirect={"httpsRedirect": True, "stripQuery": False}),
    member("gcp:pubsub/topic:Topic", "requests"),
    member("gcp:pubsub/topic:Topic", "unread"),
    member("gcp:pubsub/subscription:Subscription", "scorer-requests", {"topic": "requests", "deadLetterPolicy": "unread"}),
    member("gcp:pubsub/subscription:Subscription", "unread-reader", {"topic": "unread"}),
    member(
        "gcp:pubsub/subscription:Subscription",
        "requests-capture",
        {"topic": "requests"},
        cloudStorageConfig={"bucket": "captured", "avroConfig": {"useTopicSchema": False}},
    ),
    member("gcp:monitoring/alertPolicy:AlertPolicy", "requests-lag", {"conditions": "scorer-requests"}),
    member("gcp:monitoring/alertPolicy:AlertPolicy", "capture-lag", {"conditions": "requests-capture"}),
    member("gcp:monitoring/alertPolicy:AlertPolicy", "unread-lag", {"conditions": "unread-reader"}),
    member("gcp:healthcare/fhirStore:FhirStore", "records"),
    member("gcp:projects/iAMAuditConfig:IAMAuditConfig", "audit", service="allServices"),
    member("gcp:vertex/aiEndpoint:AiEndpoint", "vertex"),
    member("gcp:monitoring/alertPolicy:AlertPolicy", "vertex-errors", {"conditions": "vertex"}),
    member("gcp:cloudrunv2/service:Service", "run"),
    member("gcp:monitoring/alertPolicy:AlertPolicy", "run-errors", {"conditions": "run"}),
    member("kubernetes:core/v1:Namespace", "namespace", metadata={"name": "models", "labels": TAGS}),
    member(
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        "deny",
        metadata={"name": "deny", "namespace": "models", "labels": TAGS},
        spec={"podSelector": {}, "policyTypes": ["Ingress"]},
    ),
    member("kubernetes:apps/v1:Deployment", "scorer", metadata=METADATA, spec={"template": POD}),
    member(
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
        "scorer-scaling",
        metadata={"name": "scorer-scaling", "labels": TAGS},
        spec={"minReplicas": 2.0, "maxReplicas": 4.0, "scaleTargetRef": {"kind": "Deployment", "name": "scorer"}},
    ),
    member(
        "kubernetes:policy/v1:PodDisruptionBudget", "scorer-budget", metadata=METADATA, spec={"minAvailable": 1.0, "selector": {"matchLabels": APP}}
    ),
]


@dataclass(frozen=True)
class StackCase:
    """How to break a rule, and which resource is then named, with what."""

    rule: str
    at: str
    says: str
    without: tuple[str, ...] = ()
    changes: tuple[tuple[str, str, Any], ...] = ()
    also: tuple[str, ...] = ()
    """Rules that are broken at the same time, because they accept one of the same things."""

    def __str__(self) -> str:
        return f"{self.rule}:{'+'.join(self.without) or self.changes[0][1]}"

    def members(self) -> list[Member]:
        """The compliant stack, broken."""
        found = {each.name: each for each in STACK if each.name not in self.without}
        for name, path, value in self.changes:
            found[name] = Member(found[name].token, name, changed(found[name].props, path, value), found[name].refers)
        return list(found.values())


DEFAULT = "rules[0].applyServerSideEncryptionByDefault"
ALARM = "no MetricAlarm or CompositeAlarm refers to it"
ALERT = "no MetricAlert or ScheduledQueryRule refers to it"
STACK_CASES = [
    StackCase("aws-s3-bucket-unblocked", "bucket", "no BucketPublicAccessBlock refers to the bucket", ("block",)),
    StackCase("aws-s3-bucket-no-key", "bucket", "no BucketServerSideEncryptionConfiguration refers", ("bucket-key",)),
    StackCase(
        "aws-s3-bucketencryption-key", "bucket-key", "sseAlgorithm is 'AES256'", changes=(("bucket-key", f"{DEFAULT}.sseAlgorithm", "AES256"),)
    ),
    StackCase("aws-s3-bucketencryption-key", "bucket-key", "kmsMasterKeyId is", changes=(("bucket-key", f"{DEFAULT}.kmsMasterKeyId", MISSING),)),
    StackCase("aws-s3-bucket-unversioned", "bucket", "no BucketVersioning with status Enabled refers", ("versions",)),
    StackCase("aws-s3-bucket-unversioned", "bucket", "", changes=(("versions", "versioningConfiguration.status", "Suspended"),)),
    StackCase("aws-ec2-vpc-no-flow-log", "network", "no FlowLog refers to the network", ("network-flows",)),
    StackCase("azure-sql-server-no-audit", "server", "no ExtendedServerBlobAuditingPolicy refers to the server", ("server-audit",)),
    StackCase("azure-machinelearning-workspace-no-diagnostics", "workspace", "no DiagnosticSetting refers", ("workspace-logs",)),
    StackCase("aws-any-stack-no-budget", "endpoint", "the stack has no Budget", ("aws-budget",)),
    StackCase("azure-any-stack-no-budget", "online", "the stack has no Budget", ("azure-budget",)),
    StackCase("gcp-any-stack-no-budget", "vertex", "the stack has no Budget", ("gcp-budget",)),
    StackCase("aws-sagemaker-endpoint-no-alarm", "endpoint", ALARM, ("endpoint-errors",)),
    StackCase("aws-lambda-function-no-alarm", "function", ALARM, ("function-errors",)),
    StackCase("aws-ecs-service-no-alarm", "service", ALARM, ("service-errors",)),
    StackCase("azure-machinelearning-onlineendpoint-no-alarm", "online", ALERT, ("online-errors",)),
    StackCase("azure-containerapps-app-no-alarm", "app", ALERT, ("app-errors",)),
    StackCase("gcp-vertex-endpoint-no-alarm", "vertex", "no AlertPolicy refers to it", ("vertex-errors",)),
    StackCase("gcp-cloudrun-service-no-alarm", "run", "no AlertPolicy refers to it", ("run-errors",)),
    StackCase("aws-lb-loadbalancer-no-waf", "balancer", "is public and no WebAclAssociation refers to it", ("balancer-waf",)),
    StackCase("aws-ec2-securitygroup-unused", "group", "nothing in the stack uses the security group", ("balancer", "balancer-waf")),
    StackCase("aws-apigateway-stage-no-waf", "stage", "the API is public and no WebAclAssociation refers to the stage", ("stage-waf",)),
    StackCase(
        "aws-apigateway-stage-no-throttle",
        "stage",
        "no MethodSettings, UsagePlan or web ACL limits",
        ("stage-limits", "stage-waf"),
        also=("aws-apigateway-stage-no-waf",),
    ),
    StackCase("azure-cdn-profile-no-waf", "door", "no SecurityPolicy refers to the profile", ("door-waf",)),
    StackCase("gcp-compute-securitypolicy-no-rate-limit", "armor", "no rule of the policy has the action", changes=(("armor", "rules", []),)),
    StackCase("aws-wafv2-webacl-no-log", "firewall", "no WebAclLoggingConfiguration refers to the web ACL", ("firewall-logs",)),
    StackCase("azure-healthcareapis-fhir-no-diagnostics", "fhir", "no DiagnosticSetting refers to the service", ("fhir-logs",)),
    StackCase("azure-healthcareapis-workspace-no-private-endpoint", "health", "no PrivateEndpoint refers", ("health-private",)),
    StackCase("azure-batch-account-no-diagnostics", "batch", "no DiagnosticSetting refers to the account", ("batch-logs",)),
    StackCase("gcp-healthcare-fhirstore-no-audit", "records", "no IAMAuditConfig logs who reads", ("audit",)),
    StackCase("gcp-compute-httpproxy-plaintext", "plain", "the proxy answers in plain text", ("redirect",)),
    StackCase("azure-web-app-no-login", "web", "no WebAppAuthSettingsV2 refers to the app", ("web-login",)),
    StackCase("azure-containerapps-app-no-login", "portal", "the app is public and no ContainerAppsAuthConfig", ("portal-login",)),
    StackCase("aws-sfn-statemachine-no-alarm", "flow", ALARM, ("flow-failed",)),
    StackCase("azure-web-app-no-alarm", "web", ALERT, ("web-errors",)),
    StackCase("azure-eventhub-namespace-no-alarm", "hub", ALERT, ("hub-throttled",)),
    StackCase("gcp-cloudrun-job-no-alarm", "scoring", "no AlertPolicy refers to it", ("scoring-failed",)),
    StackCase("gcp-cloudfunctions-function-no-alarm", "event", "no AlertPolicy refers to it", ("event-errors",)),
    StackCase("aws-lambda-eventsource-no-lag-alarm", "calls-scorer", "no MetricAlarm on IteratorAge or OffsetLag", ("calls-lag",)),
    StackCase("aws-sqs-queue-dead-letters-no-alarm", "dead", "the queue keeps dead letters and no MetricAlarm", ("dead-count",)),
    StackCase("gcp-pubsub-subscription-no-lag-alarm", "scorer-requests", "no AlertPolicy on oldest_unacked", ("requests-lag",)),
    StackCase("aws-sqs-queue-no-dead-letters", "jobs", "redrivePolicy is not set", ("jobs-redrive",)),
    StackCase("aws-lambda-function-no-dead-letters", "function", "'nightly' calls it", changes=(("function", "deadLetterConfig", MISSING),)),
    StackCase("gcp-pubsub-subscription-no-dead-letters", "unread-reader", "deadLetterPolicy is not set", ("scorer-requests", "requests-lag")),
    StackCase(
        "gcp-pubsub-subscription-no-dead-letters",
        "requests-capture",
        "deadLetterPolicy is not set",
        changes=(("requests-capture", "cloudStorageConfig.avroConfig.useTopicSchema", True),),
    ),
    StackCase("kubernetes-core-namespace-no-default-deny", "namespace", "no NetworkPolicy in it selects all pods", ("deny",)),
    StackCase("kubernetes-core-namespace-no-default-deny", "namespace", "", changes=(("deny", "spec.podSelector", {"matchLabels": APP}),)),
    StackCase("kubernetes-core-namespace-no-default-deny", "namespace", "", changes=(("deny", "spec.ingress", [{}]),)),
    StackCase("kubernetes-apps-deployment-unscaled", "scorer", "spec.replicas is not set, which is 1", ("scorer-scaling",)),
    StackCase("kubernetes-apps-deployment-no-disruption-budget", "scorer", "no PodDisruptionBudget selects its pods", ("scorer-budget",)),
    StackCase(
        "kubernetes-apps-deployment-no-disruption-budget",
        "scorer",
        "",
        changes=(("scorer-budget", "spec.selector", {"matchLabels": {"app": "other"}}),),
    ),
]


def arguments(members: Sequence[Member], config: Mapping[str, Any] | None = None) -> StackValidationArgs:
    """What Pulumi hands to a policy over a stack, in a preview: inputs that are outputs of others are unknown."""
    made: dict[str, PolicyResource] = {}
    for each in members:
        props: dict[str, Any] = {**each.props, **dict.fromkeys(each.refers, UNKNOWN)}
        urn = f"urn:pulumi:dev::project::{each.token}::{each.name}"
        made[each.name] = PolicyResource(each.token, unknown_checking_proxy(props), urn, each.name, options(), None, None, [], {})
    for each in members:
        for path, other in each.refers.items():
            if other in made:
                made[each.name].property_dependencies[path] = [made[other]]
    return StackValidationArgs(list(made.values()), config)


def stack(members: Sequence[Member], settings: Settings | None = None) -> Stack:
    """The stack as rules see it."""
    return Stack(arguments(members), settings or Settings())
