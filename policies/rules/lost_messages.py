"""Queues and streams that drop what they could not deliver."""

from collections.abc import Callable, Iterator

from pulumi_policy import EnforcementLevel, Severity

from policies.checks import is_given
from policies.remedy import always
from policies.rule import Family, Resource, Rule, Stack, StackRule, Unknown, aws_config, checkov
from policies.view import View, short

FAMILY = Family(
    "lost-messages",
    "Lost messages",
    "A message that fails, or waits longer than its stream keeps it, is gone without a trace: no prediction, and nobody can say for whom.",
)

QUEUE = "aws:sqs/queue:Queue"
DEAD_LETTERS = ("redrivePolicy", "deadLetterConfig", "destinationConfig", "deadLetterPolicy", "target", "deadLetterDestination")
"""Inputs by which others name a queue or topic for what they could not deliver."""
REDRIVE = "aws:sqs/redrivePolicy:RedrivePolicy"
ABOUT_QUEUES = (
    "aws:cloudwatch/dashboard:Dashboard",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:sqs/queuePolicy:QueuePolicy",
)
"""What refers to a queue and puts nothing into it, nor takes anything from it."""
ASYNCHRONOUS = (
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:s3/bucketNotification:BucketNotification",
    "aws:scheduler/schedule:Schedule",
    "aws:sns/topicSubscription:TopicSubscription",
)
"""What calls a Lambda function without waiting for its answer."""
LONG = "Streams are kept over a long weekend at least, so that a consumer that broke on Friday finds everything on Monday."
KEEP = "Name a queue or topic for what could not be delivered, and an alarm on it."


def _seconds(duration: str | None) -> float | None:
    """A duration as Google writes it (`604800s`)."""
    plain = (duration or "").removesuffix("s")
    return float(plain) if plain.replace(".", "", 1).isdigit() else None


def _kept(path: str, hours: Callable[[Resource], float | None], default: float) -> Callable[[Resource], Iterator[str]]:
    """A stream keeps records for as long as the pack's settings ask. `default` is what the service takes where nothing is set."""

    def check(resource: Resource) -> Iterator[str]:
        given = hours(resource)
        least = resource.settings.stream_retention_hours
        if (default if given is None else given) < least:
            shown = "not set" if given is None else f"{short(given)} hours"
            yield f"{path} is {shown}; {least} hours are asked for at least"

    return check


def _times(path: str, factor: float) -> Callable[[Resource], float | None]:
    def hours(resource: Resource) -> float | None:
        number = resource.number(path)
        return None if number is None else number * factor

    return hours


def _event_hub(resource: Resource) -> float | None:
    hours = resource.number("retentionDescription.retentionTimeInHours")
    days = resource.number("messageRetentionInDays")
    return hours if hours is not None else None if days is None else days * 24


def _subscription(resource: Resource) -> float | None:
    seconds = _seconds(resource.text("messageRetentionDuration"))
    return None if seconds is None else seconds / 3600


def _topic(resource: Resource) -> float | None:
    configs = resource.mapping("configs")
    text = str(configs["retention.ms"]) if "retention.ms" in list(configs) else ""
    if text == "-1":
        return float("inf")
    return float(text) / 3_600_000 if text.isdigit() else None


def _server_properties(resource: Resource) -> float | None:
    lines = [line.partition("=") for line in (resource.text("serverProperties") or "").replace(" ", "").splitlines()]
    properties = {name: value for name, _, value in lines}
    for name, factor in (("log.retention.ms", 1 / 3_600_000), ("log.retention.minutes", 1 / 60), ("log.retention.hours", 1)):
        text = properties.get(name, "")
        if text == "-1":
            return float("inf")
        if text.isdigit():
            return float(text) * factor
    return None


def _of_stream(check: Callable[[Resource], Iterator[str]]) -> Callable[[Resource], Iterator[str]]:
    """The check, for mappings from streams: those have a starting position, from queues they have none."""

    def checked(resource: Resource) -> Iterator[str]:
        if resource.given("startingPosition"):
            yield from check(resource)

    return checked


def _endless(resource: Resource) -> Iterator[str]:
    kafka = resource.given("topics") or resource.given("selfManagedEventSource")
    bounded = any((resource.number(path) or -1) > 0 for path in ("maximumRetryAttempts", "maximumRecordAgeInSeconds"))
    if not kafka and not bounded and resource.number("maximumRetryAttempts") != 0:
        yield "neither maximumRetryAttempts nor maximumRecordAgeInSeconds is set, which tries a failing record again until it expires"


def _partial(resource: Resource) -> Iterator[str]:
    if "ReportBatchItemFailures" not in resource.texts("functionResponseTypes"):
        yield "functionResponseTypes lacks 'ReportBatchItemFailures'"


def _sns(resource: Resource) -> Iterator[str]:
    if resource.text("protocol") in ("sqs", "lambda", "http", "https", "firehose"):
        yield from is_given("redrivePolicy")(resource)


def _expired(resource: Resource) -> Iterator[str]:
    if resource.given("defaultMessageTimeToLive") and resource.flag("deadLetteringOnMessageExpiration") is not True:
        shown = short(resource.flag("deadLetteringOnMessageExpiration"))
        yield f"deadLetteringOnMessageExpiration is {shown} and messages have a time to live"


def _event_grid(resource: Resource) -> Iterator[str]:
    if not resource.given("deadLetterDestination") and not resource.given("deadLetterWithResourceIdentity"):
        yield "deadLetterDestination is not set"


def _expires(resource: Resource) -> Iterator[str]:
    ttl = resource.text("expirationPolicy.ttl") if resource.count("expirationPolicy") else None
    if ttl != "":
        yield f"expirationPolicy.ttl is {short(ttl)}"


def keeps_dead_letters(stack: Stack, queue: Resource) -> bool:
    """Whether a queue is where others leave what they could not deliver."""
    return queue.given("redriveAllowPolicy") or not stack.used_as(queue).isdisjoint(DEAD_LETTERS)


def _queues(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for queue in stack.of(QUEUE):
        worked = any(user.type not in ABOUT_QUEUES for user in stack.users(queue))
        redriven = queue.given("redrivePolicy") or stack.linked(queue, REDRIVE)
        if worked and not redriven and not keeps_dead_letters(stack, queue):
            yield queue, "redrivePolicy is not set"


def _functions(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for function in stack.of("aws:lambda/function:Function"):
        callers = stack.linked(function, *ASYNCHRONOUS)
        settings = stack.linked(function, "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
        kept = function.given("deadLetterConfig.targetArn") or any(each.given("destinationConfig.onFailure.destination") for each in settings)
        if callers and not kept:
            yield function, f"'{callers[0].name}' calls it without waiting, and deadLetterConfig is not set"


def _stores_whatever_comes(subscription: Resource) -> bool:
    """Whether a subscription writes messages to a bucket as they are: what it could not write was no single message's fault, and it tries until it
    can. Given up, all messages of an hour without rights would be dead letters that somebody scored long ago."""
    return subscription.given("cloudStorageConfig.bucket") and subscription.flag("cloudStorageConfig.avroConfig.useTopicSchema") is not True


def _subscriptions(stack: Stack) -> Iterator[tuple[Resource, str]]:
    for subscription in stack.of("gcp:pubsub/subscription:Subscription"):
        if _stores_whatever_comes(subscription):
            continue
        topics = stack.linked(subscription, "gcp:pubsub/topic:Topic")
        of_dead_letters = any(not stack.used_as(topic).isdisjoint(DEAD_LETTERS) for topic in topics)
        if not of_dead_letters and not subscription.given("deadLetterPolicy.deadLetterTopic"):
            yield subscription, "deadLetterPolicy is not set"


def _named(view: View) -> Iterator[str]:
    yield from is_given("deadLetterConfig.arn")(view)


RULES = (
    Rule(
        id="aws-lambda-eventsource-no-dead-letters",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:lambda/eventSourceMapping:EventSourceMapping",),
        check=_of_stream(is_given("destinationConfig.onFailure.destinationArn")),
        fix=KEEP,
        unknown=Unknown.SET,
    ),
    Rule(
        id="aws-lambda-eventsource-endless-retry",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:lambda/eventSourceMapping:EventSourceMapping",),
        check=_of_stream(_endless),
        why="One record that always fails stops its shard until it expires, and everything behind it waits.",
        fix="Write both, with bisectBatchOnFunctionError true.",
    ),
    Rule(
        id="aws-lambda-eventsource-whole-batch",
        family=FAMILY,
        severity=Severity.LOW,
        types=("aws:lambda/eventSourceMapping:EventSourceMapping",),
        check=_partial,
        why="Without it one record that fails repeats its whole batch: callers get answers twice, and all records may end as dead letters.",
        fix="Write ['ReportBatchItemFailures'] and let the function name the records that failed.",
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="aws-scheduler-schedule-no-dead-letters",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:scheduler/schedule:Schedule",),
        check=lambda resource: _named(resource.part("target")),
        why="A run that could not be started is given up after its retries, and nobody hears of it.",
        fix=KEEP,
        unknown=Unknown.SET,
    ),
    Rule(
        id="aws-cloudwatch-eventtarget-no-dead-letters",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:cloudwatch/eventTarget:EventTarget",),
        check=_named,
        fix=KEEP,
        unknown=Unknown.SET,
    ),
    Rule(
        id="aws-sns-subscription-no-dead-letters",
        family=FAMILY,
        severity=Severity.LOW,
        types=("aws:sns/topicSubscription:TopicSubscription",),
        check=_sns,
        fix=KEEP,
        unknown=Unknown.SET,
        level=EnforcementLevel.ADVISORY,
    ),
    Rule(
        id="aws-kinesis-stream-retention",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:kinesis/stream:Stream",),
        check=_kept("retentionPeriod", _times("retentionPeriod", 1), default=24),
        why=LONG,
        fix="Write the hours; not set means 24.",
        references=aws_config("KINESIS_STREAM_BACKUP_RETENTION_CHECK"),
    ),
    Rule(
        id="aws-sqs-queue-retention",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=(QUEUE,),
        check=_kept("messageRetentionSeconds", _times("messageRetentionSeconds", 1 / 3600), default=96),
        why=LONG,
        fix="Leave it out (four days), or write more seconds.",
    ),
    Rule(
        id="aws-msk-configuration-retention",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:msk/configuration:Configuration",),
        check=_kept("serverProperties: log.retention", _server_properties, default=168),
        why=LONG,
        fix="Leave it out (seven days), or write more.",
    ),
    Rule(
        id="azure-eventhub-eventhub-retention",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:eventhub:EventHub",),
        check=_kept("retentionDescription.retentionTimeInHours", _event_hub, default=0),
        why=LONG,
        fix="Write the hours: up to 168 in the tier Standard, up to 2160 in Premium.",
    ),
    Rule(
        id="azure-servicebus-queue-expired",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:servicebus:Queue", "azure-native:servicebus:Subscription"),
        check=_expired,
        fix="Set it to true.",
    ),
    Rule(
        id="azure-eventgrid-subscription-no-dead-letters",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("azure-native:eventgrid:EventSubscription", "azure-native:eventgrid:SystemTopicEventSubscription"),
        check=_event_grid,
        fix="Name a blob container for what could not be delivered.",
        unknown=Unknown.SET,
    ),
    Rule(
        id="gcp-pubsub-subscription-retention",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:pubsub/subscription:Subscription",),
        check=_kept("messageRetentionDuration", _subscription, default=168),
        why=LONG,
        fix="Leave it out (seven days), or write more seconds.",
    ),
    Rule(
        id="gcp-pubsub-subscription-expires",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:pubsub/subscription:Subscription",),
        check=_expires,
        why="A subscription that nobody reads from for 31 days is deleted, with all that waits in it.",
        sets=always({"expirationPolicy.ttl": ""}),
        fix="Give expirationPolicy with an empty ttl: it then stays.",
    ),
    Rule(
        id="gcp-managedkafka-topic-retention",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:managedkafka/topic:Topic",),
        check=_kept("configs.retention.ms", _topic, default=168),
        why=LONG,
        fix="Leave it out (seven days), or write more milliseconds.",
    ),
)

STACK_RULES = (
    StackRule(
        id="aws-sqs-queue-no-dead-letters",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=(QUEUE,),
        check=_queues,
        fix="Name a second queue with maxReceiveCount; that one has redriveAllowPolicy, or a redrivePolicy refers to it.",
        references=aws_config("SQS_QUEUE_DLQ_CHECK"),
        unknown=Unknown.SET,
    ),
    StackRule(
        id="aws-lambda-function-no-dead-letters",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("aws:lambda/function:Function",),
        check=_functions,
        fix="Name a queue, or add a FunctionEventInvokeConfig with a destination onFailure.",
        references=checkov("CKV_AWS_116") + aws_config("LAMBDA_DLQ_CHECK"),
        unknown=Unknown.SET,
    ),
    StackRule(
        id="gcp-pubsub-subscription-no-dead-letters",
        family=FAMILY,
        severity=Severity.MEDIUM,
        types=("gcp:pubsub/subscription:Subscription",),
        check=_subscriptions,
        fix="Name a topic with a subscription of its own, and maxDeliveryAttempts.",
        unknown=Unknown.SET,
    ),
)
