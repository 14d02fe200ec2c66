"""Deployments that nobody hears of when they fail."""

from collections.abc import Callable, Iterator

from pulumi_policy import EnforcementLevel, Severity

from policies.rule import Family, Resource, Rule, Stack, StackRule, Unknown

FAMILY = Family(
    "monitoring",
    "Monitoring and alarms",
    "Without an alarm the callers are the first to see that a model fails or slows down, and no rollout can be rolled back by itself.",
)

ALARMS = {
    "aws": ("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm"),
    "azure": ("azure-native:monitor:MetricAlert", "azure-native:monitor:ScheduledQueryRule"),
    "gcp": ("gcp:monitoring/alertPolicy:AlertPolicy",),
}
"""What an alarm is on each cloud."""


def _unwatched(vendor: str, token: str) -> Callable[[Stack], Iterator[tuple[Resource, str]]]:
    def check(stack: Stack) -> Iterator[tuple[Resource, str]]:
        for deployment in stack.of(token):
            if deployment.production and not stack.linked(deployment, *ALARMS[vendor]):
                yield deployment, f"no {' or '.join(each.rpartition(':')[2] for each in ALARMS[vendor])} refers to it"

    return check


def _watched(name: str, token: str, fix: str) -> StackRule:
    """The rule for a kind of deployment: in production, an alarm of the stack refers to it."""
    return StackRule(
        id=f"{name}-no-alarm",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=(token,),
        check=_unwatched(name.split("-", 1)[0], token),
        fix=fix,
        unknown=Unknown.SET,
    )


def _no_action(resource: Resource) -> Iterator[str]:
    if not resource.count("alarmActions"):
        yield "alarmActions is empty"


RULES = (
    Rule(
        id="aws-cloudwatch-alarm-no-action",
        family=FAMILY,
        severity=Severity.LOW,
        types=("aws:cloudwatch/metricAlarm:MetricAlarm",),
        check=_no_action,
        why="An alarm without an action turns red where nobody looks.",
        fix="Name an SNS topic; an alarm that only rolls deployments back may do without.",
        level=EnforcementLevel.ADVISORY,
    ),
)

STACK_RULES = (
    _watched("aws-sagemaker-endpoint", "aws:sagemaker/endpoint:Endpoint", "Add alarms on Invocation5XXErrors and ModelLatency of its variants."),
    _watched("aws-lambda-function", "aws:lambda/function:Function", "Add alarms on Errors and Throttles."),
    _watched("aws-ecs-service", "aws:ecs/service:Service", "Add alarms on the target group's HTTPCode_Target_5XX_Count and TargetResponseTime."),
    _watched(
        "azure-machinelearning-onlineendpoint",
        "azure-native:machinelearningservices:OnlineEndpoint",
        "Add a MetricAlert on RequestsPerMinute by statusCodeClass and on RequestLatency, with the endpoint in scopes.",
    ),
    _watched("azure-containerapps-app", "azure-native:app:ContainerApp", "Add a MetricAlert on Requests by statusCodeCategory, the app in scopes."),
    _watched(
        "gcp-vertex-endpoint", "gcp:vertex/aiEndpoint:AiEndpoint", "Add an AlertPolicy on prediction/online/error_count and prediction_latencies."
    ),
    _watched("gcp-cloudrun-service", "gcp:cloudrunv2/service:Service", "Add an AlertPolicy on request_count by class and on request_latencies."),
)
