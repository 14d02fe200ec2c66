"""Deployments that nobody hears of when they fail."""

from collections.abc import Callable, Iterator

from pulumi_policy import EnforcementLevel, Severity
from pulumi_policy.proxy import UnknownValueError

from policies import frameworks
from policies.checks import all_of, is_on, one_of
from policies.rule import Family, Resource, Rule, Stack, StackRule, Unknown, aws_config, checkov, strings
from policies.rules.lost_messages import QUEUE, keeps_dead_letters

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
LAG = {
    "aws": ("IteratorAge", "GetRecords.IteratorAgeMilliseconds", "OffsetLag", "ApproximateAgeOfOldestMessage"),
    "gcp": ("oldest_unacked_message_age", "num_undelivered_messages"),
}
"""Metrics that tell how far a consumer is behind."""


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


def _circuit_breaker(resource: Resource) -> Iterator[str]:
    if (resource.text("deploymentController.type") or "ECS") == "ECS":
        yield from all_of(is_on("deploymentCircuitBreaker.enable"), is_on("deploymentCircuitBreaker.rollback"))(resource)


def _names(alarm: Resource, metrics: tuple[str, ...]) -> bool:
    """Whether an alarm is on one of the metrics; what a preview does not know is given the benefit of the doubt."""
    try:
        return any(metric in text for text in strings(alarm) for metric in metrics) or alarm.unknown("conditions") or alarm.unknown("metricName")
    except UnknownValueError:
        return True


def _stream_lag(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for mapping in stack.of("aws:lambda/eventSourceMapping:EventSourceMapping"):
        if not mapping.given("startingPosition") or not mapping.production:
            continue
        ends = stack.linked(mapping, "aws:lambda/function:Function", "aws:kinesis/stream:Stream", "aws:msk/cluster:Cluster")
        alarms = stack.linked(mapping, *ALARMS["aws"]) + [alarm for end in ends for alarm in stack.linked(end, *ALARMS["aws"])]
        if not any(_names(alarm, LAG["aws"]) for alarm in alarms):
            yield mapping, "no MetricAlarm on IteratorAge or OffsetLag refers to its function or stream"


def _subscription_lag(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for subscription in stack.of("gcp:pubsub/subscription:Subscription"):
        alarms = stack.linked(subscription, *ALARMS["gcp"])
        if subscription.production and not any(_names(alarm, LAG["gcp"]) for alarm in alarms):
            yield subscription, "no AlertPolicy on oldest_unacked_message_age or num_undelivered_messages refers to it"


def _dead_letters(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for queue in stack.of(QUEUE):
        if keeps_dead_letters(stack, queue) and queue.production and not stack.linked(queue, *ALARMS["aws"]):
            yield queue, "the queue keeps dead letters and no MetricAlarm refers to it"


RULES = (
    Rule(
        id="aws-cloudwatch-alarm-no-action",
        family=FAMILY,
        severity=Severity.LOW,
        types=("aws:cloudwatch/metricAlarm:MetricAlarm",),
        check=_no_action,
        why="An alarm without an action turns red where nobody looks.",
        fix="Name an SNS topic; an alarm that only rolls deployments back may do without.",
        references=aws_config("CLOUDWATCH_ALARM_ACTION_ENABLED_CHECK"),
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="aws-ecs-service-no-rollback",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:ecs/service:Service",),
        check=_circuit_breaker,
        why="Without it a release whose tasks never start is tried for ever, while nobody hears of it.",
        fix="Give deploymentCircuitBreaker with enable and rollback true.",
        controls=frameworks.RELEASES,
    ),
    Rule(
        id="aws-lambda-function-no-trace",
        family=FAMILY,
        severity=Severity.LOW,
        types=("aws:lambda/function:Function",),
        check=one_of("tracingConfig.mode", "Active"),
        why="Without a trace nobody can tell which of the calls behind a slow answer was slow.",
        fix="Write Active.",
        references=checkov("CKV_AWS_50") + aws_config("LAMBDA_FUNCTION_XRAY_ENABLED"),
        controls=frameworks.TRACES,
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="aws-apigateway-stage-no-trace",
        family=FAMILY,
        severity=Severity.LOW,
        types=("aws:apigateway/stage:Stage",),
        check=is_on("xrayTracingEnabled"),
        why="Without a trace nobody can tell which of the calls behind a slow answer was slow.",
        fix="Set it to true.",
        references=checkov("CKV_AWS_73") + aws_config("API_GW_XRAY_ENABLED"),
        controls=frameworks.TRACES,
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
    _watched("aws-sfn-statemachine", "aws:sfn/stateMachine:StateMachine", "Add alarms on ExecutionsFailed and ExecutionsTimedOut."),
    _watched("azure-web-app", "azure-native:web:WebApp", "Add a MetricAlert on Http5xx and HttpResponseTime, with the app in scopes."),
    _watched("azure-eventhub-namespace", "azure-native:eventhub:Namespace", "Add MetricAlerts on ThrottledRequests and OutgoingMessages."),
    _watched("gcp-cloudrun-job", "gcp:cloudrunv2/job:Job", "Add an AlertPolicy on completed_execution_count with result failed."),
    _watched(
        "gcp-cloudfunctions-function",
        "gcp:cloudfunctionsv2/function:Function",
        "Add an AlertPolicy on request_count by class and on request_latencies.",
    ),
    StackRule(
        id="aws-lambda-eventsource-no-lag-alarm",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:lambda/eventSourceMapping:EventSourceMapping",),
        check=_stream_lag,
        why="A consumer that falls behind answers later and later, until the stream drops what it has not read.",
        fix="Add one on IteratorAge (streams) or OffsetLag (Kafka) of the function.",
        unknown=Unknown.SET,
    ),
    StackRule(
        id="aws-sqs-queue-dead-letters-no-alarm",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:sqs/queue:Queue",),
        check=_dead_letters,
        why="Dead letters that nobody hears of are lost all the same when they expire.",
        fix="Add one on ApproximateNumberOfMessagesVisible above zero.",
        unknown=Unknown.SET,
    ),
    StackRule(
        id="gcp-pubsub-subscription-no-lag-alarm",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:pubsub/subscription:Subscription",),
        check=_subscription_lag,
        why="A consumer that falls behind answers later and later, until the subscription drops what it has not read.",
        fix="Add one on oldest_unacked_message_age.",
        unknown=Unknown.SET,
    ),
)
