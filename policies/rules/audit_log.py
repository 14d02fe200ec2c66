"""Services that write no log of who called them and what they did."""

from collections.abc import Callable, Iterator

from pulumi_policy import Severity

from policies import frameworks
from policies.checks import all_of, is_given, is_on, one_of
from policies.rule import Family, Resource, Rule, Stack, StackRule, Unknown, aws_config, checkov, google_scc
from policies.view import View, short

FAMILY = Family(
    "audit-log",
    "Audit and access logs",
    "Without a log of calls nobody can say afterwards who asked the model for what, who changed it, or what an attacker reached.",
)

DIAGNOSTICS = "azure-native:monitor:DiagnosticSetting"
SQL_AUDITS = ("azure-native:sql:ExtendedServerBlobAuditingPolicy", "azure-native:sql:ServerBlobAuditingPolicy")
EKS_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")


def _eks(resource: Resource) -> Iterator[str]:
    missing = [each for each in EKS_LOGS if each not in resource.texts("enabledClusterLogTypes")]
    if missing:
        yield f"enabledClusterLogTypes lacks {', '.join(short(each) for each in missing)}"


def _insights(resource: Resource) -> Iterator[str]:
    on: list[bool] = []

    def setting(view: View) -> Iterator[str]:
        on.append(view.text("name") == "containerInsights" and view.text("value") in ("enabled", "enhanced"))
        yield from ()

    list(resource.each("settings", setting))
    if not any(on):
        yield "settings do not turn containerInsights on"


def _state_machine(resource: Resource) -> Iterator[str]:
    level = resource.text("loggingConfiguration.level")
    if level in (None, "OFF"):
        yield f"loggingConfiguration.level is {short(level)}"


def _gke(resource: Resource) -> Iterator[str]:
    if resource.text("loggingService") == "none":
        yield "loggingService is 'none'"
    if resource.given("loggingConfig") and "SYSTEM_COMPONENTS" not in resource.texts("loggingConfig.enableComponents"):
        yield "loggingConfig.enableComponents lacks 'SYSTEM_COMPONENTS'"


def _aks(resource: Resource) -> Iterator[str]:
    logs = View(resource.mapping("addonProfiles")).flag("omsagent.enabled")
    if logs is not True and resource.flag("azureMonitorProfile.metrics.enabled") is not True:
        yield "neither the omsagent of addonProfiles nor azureMonitorProfile.metrics is enabled"


def _subnetwork(resource: Resource) -> Iterator[str]:
    if (resource.text("purpose") or "PRIVATE") == "PRIVATE" and not resource.given("logConfig"):
        yield "logConfig is not set"


def _without(token: str, *needed: str, what: str) -> Callable[[Stack], Iterator[tuple[Resource, str]]]:
    """Resources of a type that none of another type refers to."""

    def check(stack: Stack) -> Iterator[tuple[Resource, str]]:
        for resource in stack.of(token):
            if not stack.linked(resource, *needed):
                yield resource, f"no {needed[0].rpartition(':')[2]} refers to the {what}"

    return check


def _health_audit(stack: Stack) -> Iterator[tuple[Resource, str]]:
    services = ("allServices", "healthcare.googleapis.com")
    audited = any(each.text("service") in services for each in stack.of("gcp:projects/iAMAuditConfig:IAMAuditConfig"))
    for store in () if audited else stack.of("gcp:healthcare/fhirStore:FhirStore"):
        yield store, "no IAMAuditConfig logs who reads from healthcare.googleapis.com"


RULES = (
    Rule(
        id="aws-eks-cluster-logs",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:eks/cluster:Cluster",),
        check=_eks,
        fix="List all five: api, audit, authenticator, controllerManager, scheduler.",
        references=checkov("CKV_AWS_37"),
    ),
    Rule(
        id="aws-apigateway-stage-access-log",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:apigateway/stage:Stage", "aws:apigatewayv2/stage:Stage"),
        check=is_given("accessLogSettings"),
        fix="Give accessLogSettings with the ARN of a log group.",
        references=checkov("CKV_AWS_76", "CKV_AWS_95") + aws_config("API_GWV2_ACCESS_LOGS_ENABLED"),
        unknown=Unknown.SET,
    ),
    Rule(
        id="aws-lb-loadbalancer-access-log",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:lb/loadBalancer:LoadBalancer",),
        check=is_on("accessLogs.enabled"),
        fix="Give accessLogs with a bucket and enabled true.",
        references=checkov("CKV_AWS_91") + aws_config("ELB_LOGGING_ENABLED"),
    ),
    Rule(
        id="aws-rds-database-logs",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:rds/instance:Instance", "aws:rds/cluster:Cluster"),
        check=is_given("enabledCloudwatchLogsExports"),
        fix="List the engine's logs: ['postgresql', 'upgrade'] for PostgreSQL, ['audit', 'error'] for MySQL.",
        references=checkov("CKV_AWS_129", "CKV_AWS_324") + aws_config("RDS_LOGGING_ENABLED"),
        unknown=Unknown.SET,
    ),
    Rule(
        id="aws-ecs-cluster-insights",
        family=FAMILY,
        severity=Severity.LOW,
        types=("aws:ecs/cluster:Cluster",),
        check=_insights,
        fix="Write settings with name containerInsights and value enabled or enhanced.",
        references=checkov("CKV_AWS_65") + aws_config("ECS_CONTAINER_INSIGHTS_ENABLED"),
        controls=frameworks.TRACES,
    ),
    Rule(
        id="aws-sfn-statemachine-logs",
        family=FAMILY,
        severity=Severity.LOW,
        types=("aws:sfn/stateMachine:StateMachine",),
        check=_state_machine,
        fix="Give loggingConfiguration with level ERROR or ALL and the ARN of a log group.",
        references=checkov("CKV_AWS_285"),
    ),
    Rule(
        id="aws-cloudfront-distribution-log",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:cloudfront/distribution:Distribution",),
        check=is_given("loggingConfig"),
        fix="Give loggingConfig with a bucket.",
        references=checkov("CKV_AWS_86"),
        unknown=Unknown.SET,
    ),
    Rule(
        id="azure-containerservice-cluster-logs",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:containerservice:ManagedCluster",),
        check=_aks,
        fix="Enable the add-on omsagent with a log workspace, or the managed Prometheus of azureMonitorProfile.",
        references=checkov("CKV_AZURE_4"),
    ),
    Rule(
        id="gcp-container-cluster-logs",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:container/cluster:Cluster",),
        check=_gke,
        fix="Leave loggingService out, and name at least SYSTEM_COMPONENTS and WORKLOADS.",
        references=checkov("CKV_GCP_1") + google_scc("CLUSTER_LOGGING_DISABLED"),
    ),
    Rule(
        id="gcp-compute-subnetwork-flow-log",
        family=FAMILY,
        severity=Severity.LOW,
        types=("gcp:compute/subnetwork:Subnetwork",),
        check=_subnetwork,
        fix="Give logConfig.",
        references=checkov("CKV_GCP_26"),
    ),
    Rule(
        id="gcp-compute-backendservice-log",
        family=FAMILY,
        severity=Severity.LOW,
        types=("gcp:compute/backendService:BackendService", "gcp:compute/regionBackendService:RegionBackendService"),
        check=is_on("logConfig.enable"),
        fix="Set it to true.",
    ),
    Rule(
        id="aws-msk-cluster-log",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:msk/cluster:Cluster",),
        check=is_given("loggingInfo.brokerLogs"),
        fix="Send the brokers' logs to CloudWatch, S3 or Firehose.",
        references=checkov("CKV_AWS_80"),
        unknown=Unknown.SET,
    ),
    Rule(
        id="aws-ecs-taskdefinition-log",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:ecs/taskDefinition:TaskDefinition",),
        check=lambda resource: resource.documents("containerDefinitions", is_given("logConfiguration")),
        fix="Give logConfiguration with logDriver awslogs or awsfirelens.",
        references=aws_config("ECS_TASK_DEFINITION_LOG_CONFIGURATION"),
    ),
    Rule(
        id="azure-containerapps-environment-log",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:app:ManagedEnvironment",),
        check=one_of("appLogsConfiguration.destination", "log-analytics", "azure-monitor"),
        fix="Write log-analytics with the workspace, or azure-monitor with a DiagnosticSetting.",
    ),
    Rule(
        id="gcp-workflows-workflow-log",
        family=FAMILY,
        severity=Severity.LOW,
        types=("gcp:workflows/workflow:Workflow",),
        check=one_of("callLogLevel", "LOG_ERRORS_ONLY", "LOG_ALL_CALLS"),
        fix="Write LOG_ERRORS_ONLY.",
    ),
    Rule(
        id="gcp-vertex-deployedmodel-log",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("modeldeploy:index:VertexDeployedModel",),
        check=all_of(is_on("containerLogging", default=True), is_on("accessLogging")),
        fix="Set accessLogging to true and leave containerLogging on.",
    ),
)

STACK_RULES = (
    StackRule(
        id="aws-ec2-vpc-no-flow-log",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:ec2/vpc:Vpc",),
        check=_without("aws:ec2/vpc:Vpc", "aws:ec2/flowLog:FlowLog", what="network"),
        fix="Add one to a log group or a bucket.",
        references=checkov("CKV2_AWS_11") + aws_config("VPC_FLOW_LOGS_ENABLED"),
        unknown=Unknown.SET,
    ),
    StackRule(
        id="azure-sql-server-no-audit",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:sql:Server",),
        check=_without("azure-native:sql:Server", *SQL_AUDITS, what="server"),
        fix="Add one with state Enabled and isAzureMonitorTargetEnabled true.",
        references=checkov("CKV_AZURE_23"),
        unknown=Unknown.SET,
    ),
    StackRule(
        id="azure-machinelearning-workspace-no-diagnostics",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:machinelearningservices:Workspace",),
        check=_without("azure-native:machinelearningservices:Workspace", DIAGNOSTICS, what="workspace"),
        fix="Add one that sends the workspace's logs to a log workspace.",
        unknown=Unknown.SET,
    ),
    StackRule(
        id="aws-wafv2-webacl-no-log",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:wafv2/webAcl:WebAcl",),
        check=_without("aws:wafv2/webAcl:WebAcl", "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", what="web ACL"),
        fix="Add one to a log group or stream whose name begins with aws-waf-logs-.",
        references=checkov("CKV2_AWS_31") + aws_config("WAFV2_LOGGING_ENABLED"),
        unknown=Unknown.SET,
    ),
    StackRule(
        id="azure-healthcareapis-fhir-no-diagnostics",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("azure-native:healthcareapis:FhirService",),
        check=_without("azure-native:healthcareapis:FhirService", DIAGNOSTICS, what="service"),
        fix="Add one that sends AuditLogs to a log workspace.",
        unknown=Unknown.SET,
    ),
    StackRule(
        id="azure-batch-account-no-diagnostics",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:batch:BatchAccount",),
        check=_without("azure-native:batch:BatchAccount", DIAGNOSTICS, what="account"),
        fix="Add one that sends ServiceLog and AuditLog to a log workspace.",
        unknown=Unknown.SET,
    ),
    StackRule(
        id="gcp-healthcare-fhirstore-no-audit",
        family=FAMILY,
        severity=Severity.HIGH,
        types=("gcp:healthcare/fhirStore:FhirStore",),
        check=_health_audit,
        fix="Add one with DATA_READ and DATA_WRITE.",
        references=google_scc("AUDIT_LOGGING_DISABLED"),
        unknown=Unknown.SET,
    ),
)
