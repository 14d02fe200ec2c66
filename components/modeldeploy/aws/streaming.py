"""A model that scores a stream of events as an AWS Lambda function."""

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.arguments import parse
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.names import check_name
from modeldeploy.spec.operations import Environment
from modeldeploy.spec.streaming import Broker
from modeldeploy.spec.tags import standard_tags

from .account import Account, current_account, physical_name
from .alarms import alarm_topic
from .buckets import expiry, private_bucket
from .budget import NAME_TAG, monthly_budget
from .capture import EVENTS, FAILED, capture
from .carriers import Carrier, event_source
from .dashboard import dashboard_url, traffic_dashboard
from .functions import ALIAS, Shape, function, function_role, live_alias
from .identity import database_environment, database_grant, database_user
from .instances import (
    FUNCTION_GIB_SECOND_USD,
    KAFKA_HOURLY_USD,
    KEY_MONTHLY_USD,
    LONG_SHARD_HOURLY_USD,
    PARTITION_HOURLY_USD,
    READER_SHARD_HOURLY_USD,
    SHARD_HOURLY_USD,
    STREAM_HOURLY_USD,
    WARM_GIB_SECOND_USD,
    monthly,
)
from .kafka import given_kafka, let_tap, serverless_kafka, topics
from .keys import key_arn
from .logs import log_group
from .model_store import model_store
from .network import SECRETS, Attachment, attach
from .policy_documents import Statement, document
from .schemas import reading_schema, registered
from .security_groups import model_group
from .stream_watches import capture_alarm, stream_alarms, stream_panels, throttle_alarm
from .streaming_arguments import SAGEMAKER, LambdaStreamConsumerArgs
from .streams import streams
from .watches import function_alarms, function_panels

LONGEST_NAME = 40
"""An IAM role's name, 64 characters at most, is made of the component's, `-network-flows` and what auto-naming adds."""

LETTERS = "aws/lambda/"
"""Where Lambda leaves records that were given up."""
LETTER_DAYS = 90
"""How long they are kept."""

ENDPOINTS = "sagemaker.runtime"
STREAMS = "kinesis-streams"
SCHEMAS = "glue"
"""Services that a consumer reaches through its network."""


class LambdaStreamConsumer(pulumi.ComponentResource):
    """A model as a Lambda function that reads a stream and writes to another: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html.

    Kinesis, MSK Serverless (`broker: kafka`) or a given Kafka carries events and results. With it come the network (unless one is given), key, model
    bucket, a bucket for all events and for dead letters, roles, logs, alarms, dashboard and budget.

    The image is one for Lambda (https://docs.aws.amazon.com/lambda/latest/dg/images-create.html), or a web server with the Lambda Web Adapter in it,
    to whose `predict_path` events are posted. What it does:

    - One call gets an event with records as Lambda gives them: `Records[].kinesis.{data, partitionKey, sequenceNumber}` of one shard
      (https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html#services-kinesis-event-example), or `records["<topic>-<partition>"][].{key,
      value, offset, timestamp}` of a Kafka (https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html#msk-sample-event). `data`, `key` and `value`
      are base64.
    - It writes each result itself: to the stream in `$RESULTS_STREAM_ARN` with `PutRecords`, under the event's partition key, or to the topic
      `$RESULTS_TOPIC` at `$KAFKA_BOOTSTRAP_SERVERS`, where it logs in as `$KAFKA_LOGIN` says: `iam` with its role, `scram-sha-512` (user and
      password) and `mtls` (certificate and key) with the secret `$KAFKA_SECRET_ID`. A result that could not be written is a record that failed.
    - It answers `{"batchItemFailures": []}` when all are done, or lists the first record that failed: `{"itemIdentifier": "<sequenceNumber>"}`, of a
      Kafka `{"itemIdentifier": {"partition": "<topic>-<partition>", "offset": <offset>}}`. An error, or no answer in `call_seconds`, fails all.
    - With `broker: kafka` it is called once with `{"topics": [{"name", "partitions", "retention_ms"}]}` before it is given records, and again when
      these change: it makes the topics that are missing, sets their retention, adds partitions. An error fails the update.
    - It finds the model in `$MODEL_URI` and `$MODEL_VERSION`, the endpoint to ask in `$ENDPOINT_URL`, the schema in `$SCHEMA_ARN`, and the ARN of a
      secret under the variable's name with `_SECRET_ID`: Lambda puts no secrets into variables.

    What happens when something fails (https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html,
    https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html):

    - A record fails: those before it are done; it and those after it in the batch come again, so that these may have results twice. The batch is
      split on the way, which counts as no retry, and in the end the record is alone. Lambda decides on the pauses.
    - The consumer crashes, or takes too long: the same, with the batch split in halves.
    - Endpoint or results are out of reach: the consumer says that the record failed. `retries` bear that for seconds; to sit out more, give more of
      them, or wait inside the call.
    - All instances are busy: the batch waits and is tried again until the records are older than `max_age_seconds`; that counts as no retry.
    - A record was tried `retries` times more, or is too old: it becomes a dead letter, with the reason (`requestContext.condition`), and the next one
      follows. Letters are objects in the bucket, each with the call as it was, kept for 90 days; of a given Kafka they are messages in
      `dead_letter_topic`. An alarm tells. A letter that cannot be written is lost, which is another alarm.
    - Records that nobody read in `retention_hours` are gone from the stream; they are still among the captured events.

    Records with one key are in order; while one is tried again, its shard waits, or with `parallelism_per_partition` its share of the shard. A new
    model, or a change, is a new version of the function, to which the alias moves when it is ready: the reader stays where it is, and a batch ends
    with the version that was given it.

    From writing to scoring it takes about 70 ms and the function's own time (`fan_out`), up to a second more without, and `batch_window_seconds` more
    where it is set; of a Kafka half a second more, which is Lambda's own window. The guide's 10 ms are less than Kinesis and Lambda can do. A call
    costs its time and a fee, whatever is in it: full batches cost least, so that a window saves most where few records come.
    """

    events: pulumi.Output[str]
    """What producers write to: ARN of the Kinesis stream; `<bootstrap servers>/<topic>` of a Kafka."""
    results: pulumi.Output[str]
    """Where results are read: ARN of the Kinesis stream; `<bootstrap servers>/<topic>` of a Kafka."""
    dead_letters: pulumi.Output[str]
    """Where records are that could not be scored: folder in S3, or `kafka://<topic>` of a given Kafka."""
    replay: pulumi.Output[str]
    """The shell command that gives dead letters to the consumer again, past the stream, and deletes those that are done. It needs the AWS CLI and jq;
    of a given Kafka kcat, with the login in `client.properties`, and it deletes nothing."""
    identity: pulumi.Output[str]
    """ARN of the role the consumer acts with: what other resources' policies name to let it in."""
    model_version: pulumi.Output[str]
    """The version that scores."""
    logs: pulumi.Output[str]
    """CloudWatch log group of the consumer."""
    dashboard_url: pulumi.Output[str]
    """CloudWatch dashboard."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month while nothing is written, by the list prices in `instances.py`: streams or cluster, instances that are kept warm, the key,
    and the interface endpoints of a network that was made for it. Not counted: records, calls and their time, Lambda's pollers of a Kafka, Firehose,
    logs, metrics, storage; that Graviton costs less."""
    database_grant: pulumi.Output[str]
    """The SQL statement an administrator of the database runs once, so that the consumer may log in and read. Empty without a database."""
    producer_role: pulumi.Output[str]
    """ARN of the role that `producers` take to write events. Empty when nobody is listed."""
    captured: pulumi.Output[str]
    """Folder in S3 with all events; of a Kinesis stream, those that came since Firehose reads it. Empty when none are kept."""
    alarm_topic: pulumi.Output[str]
    """ARN of the SNS topic that carries alarms and budget alerts: subscribe chat or paging to it."""

    def __init__(self, name: str, args: LambdaStreamConsumerArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(LambdaStreamConsumerArgs, args, f"LambdaStreamConsumer '{name}'")
        check_name(f"LambdaStreamConsumer '{name}'", name, LONGEST_NAME)
        super().__init__("modeldeploy:index:LambdaStreamConsumer", name, as_inputs(checked), opts)
        account = current_account(self)
        deployment = physical_name(name, 63)
        named = {NAME_TAG: deployment}
        tags = standard_tags(checked.tags, checked.environment) | named
        operations, environment = checked.operations, checked.environment

        key = key_arn(name, checked.encryption, environment, account, tags, self)
        network = attach(
            name,
            checked.network,
            key,
            operations.log_retention_days,
            environment,
            checked.tags | named,
            self,
            services=_services(checked),
            usual_services=False,
        )
        store = model_store(name, [checked.model], key, environment, None, account.partition, tags, self)
        logs = log_group(f"{name}-logs", operations, key, tags, self)
        topic = alarm_topic(name, operations.emails, key, account, tags, self)
        schema = None if checked.schema is None else registered(name, checked.schema, tags, self)

        group = model_group(name, network, checked.database is not None, account, tags, self)
        bucket, kept = (None, []) if checked.kafka is not None else _records(name, checked, key, tags, self)
        carrier, made = _carrier(name, checked, bucket, network, group, key, account, tags, self)

        secrets = checked.secrets if checked.kafka is None else {**checked.secrets, "KAFKA": checked.kafka.secret}
        role, permissions = function_role(name, store, secrets, key, logs.arn, None, network, group, checked.database, account, tags, self)
        working = aws.iam.RolePolicy(
            f"{name}-stream",
            role=role.name,
            policy=_working(checked, carrier, bucket, schema, account),
            opts=pulumi.ResourceOptions(parent=self),
        )
        shape = Shape(
            memory_mib=checked.memory_mib,
            scratch_mib=checked.scratch_mib,
            seconds=checked.call_seconds,
            warm=checked.scaling.minimum,
            maximum=checked.scaling.maximum,
            architecture=checked.architecture,
            role=role,
            permissions=[*permissions, working],
            network=network,
            group=group,
            log_group=logs,
            letters=None,
            key=key,
        )
        variables = _variables(name, checked, store.urls[checked.model.version], carrier, schema)
        consumer = function(name, name, checked.function_model, variables, shape, store, tags, self)
        alias = live_alias(name, consumer, checked.scaling.minimum, self)
        ready = [topics(name, checked, consumer, alias, self)] if checked.broker is Broker.KAFKA else []

        address = pulumi.Output.concat(consumer.arn, ":", alias.name)
        reader = event_source(name, checked, carrier.source, address, tags, pulumi.ResourceOptions(parent=self, depends_on=[*ready, *kept]))
        if checked.captured and carrier.tap is not None and bucket is not None:
            firehose = capture(name, carrier.tap, bucket, logs, key, account, [*kept, *ready, *let_tap(name, carrier.tap, self)], tags, self)
            capture_alarm(name, firehose, topic, tags, self)
        producer = _producer_role(name, checked, carrier, tags, self)

        function_alarms(name, consumer, ALIAS, checked.scaling.maximum, operations, topic, tags, self)
        stream_alarms(name, checked, carrier.source, consumer, reader, topic, tags, self)
        for part, stream in zip(("events", "results"), made, strict=False):
            throttle_alarm(f"{name}-{part}", stream, topic, tags, self)
        panels = [*stream_panels(carrier.source, consumer, reader, made), *function_panels([consumer])]
        dashboard = traffic_dashboard(name, panels, logs.name, account, self)
        fixed = _fixed_cost(checked, network)
        monthly_budget(name, deployment, operations.monthly_budget_usd or _busy_cost(checked) + fixed, topic, tags, self)

        nothing = pulumi.Output.from_input("")
        self.events = carrier.events
        self.results = carrier.results
        self.dead_letters = (
            pulumi.Output.from_input(carrier.source.letters) if bucket is None else pulumi.Output.concat("s3://", bucket.id, "/", LETTERS)
        )
        self.replay = pulumi.Output.all(address, account.region, nothing if bucket is None else bucket.id).apply(
            lambda it: _replay(checked, it[0], it[1], it[2])
        )
        self.identity = role.arn
        self.model_version = pulumi.Output.from_input(checked.model.version)
        self.logs = logs.name
        self.dashboard_url = dashboard_url(dashboard, account)
        self.monthly_cost = pulumi.Output.from_input(round(_warm_cost(checked) + fixed, 2))
        self.database_grant = database_grant(checked.database, database_user(name))
        self.producer_role = nothing if producer is None else producer.arn
        self.captured = pulumi.Output.concat("s3://", bucket.id, "/", EVENTS) if bucket is not None and checked.captured else nothing
        self.alarm_topic = topic.arn
        self.register_outputs(
            {
                "events": self.events,
                "results": self.results,
                "dead_letters": self.dead_letters,
                "replay": self.replay,
                "identity": self.identity,
                "model_version": self.model_version,
                "logs": self.logs,
                "dashboard_url": self.dashboard_url,
                "monthly_cost": self.monthly_cost,
                "database_grant": self.database_grant,
                "producer_role": self.producer_role,
                "captured": self.captured,
                "alarm_topic": self.alarm_topic,
            }
        )


def _services(args: LambdaStreamConsumerArgs) -> list[str]:
    """What must be reached through a network that is made."""
    return [
        *([] if args.on_kafka else [STREAMS]),
        *([ENDPOINTS] if args.endpoint is not None else []),
        *([SECRETS] if args.secrets else []),
        *([SCHEMAS] if args.schema is not None else []),
    ]


def _records(
    name: str, args: LambdaStreamConsumerArgs, key: pulumi.Output[str], tags: dict[str, str], parent: pulumi.Resource
) -> tuple[aws.s3.Bucket, list[pulumi.Resource]]:
    """The bucket with the records that were given up, and with all events, and what must be in place before anything is put into it."""
    events = [expiry("events", EVENTS, args.captured), expiry("events-failed", FAILED, args.captured)] if args.captured else []
    letters = expiry("dead-letters", LETTERS, LETTER_DAYS)
    return private_bucket(f"{name}-records", key, args.environment is Environment.PRODUCTION, [letters, *events], tags, parent)


def _carrier(
    name: str,
    args: LambdaStreamConsumerArgs,
    bucket: aws.s3.Bucket | None,
    network: Attachment,
    group: aws.ec2.SecurityGroup,
    key: pulumi.Output[str],
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> tuple[Carrier, list[aws.kinesis.Stream]]:
    """What carries events and results, and its Kinesis streams, if any."""
    if args.kafka is not None:
        return given_kafka(name, args.kafka, args.broker_ranges, network, group, account, tags, parent), []
    assert bucket is not None  # only the letters of a given Kafka are elsewhere
    if args.broker is Broker.KAFKA:
        return serverless_kafka(name, args, network, group, bucket.arn, account, tags, parent), []
    carrier, events, results = streams(name, args, args.fan_out, bucket.arn, key, tags, parent)
    return carrier, [events, results]


def _working(
    args: LambdaStreamConsumerArgs, carrier: Carrier, bucket: aws.s3.Bucket | None, schema: aws.glue.Schema | None, account: Account
) -> pulumi.Output[str]:
    """What the consumer's role may do besides what a function's may: read and write the stream, leave dead letters, ask the endpoint."""
    here = pulumi.Output.all(account.partition, account.id)
    letters = None if bucket is None else bucket.arn
    described = None if schema is None else pulumi.Output.all(schema.registry_arn, schema.arn)
    return pulumi.Output.all(carrier.working, letters, args.endpoint, described, here).apply(
        lambda it: document(
            *it[0],
            *([] if it[1] is None else _leaving(it[1])),
            *([] if it[2] is None else [_asking(it[2], it[4][0], it[4][1])]),
            *([] if it[3] is None else [reading_schema(it[3][0], it[3][1])]),
        )
    )


def _leaving(bucket: str) -> list[Statement]:
    """https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html"""
    return [
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{bucket}/{LETTERS}*"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
    ]


def _asking(url: str, partition: str, account: str) -> Statement:
    found = SAGEMAKER.fullmatch(url)
    if found is None:
        raise pulumi.RunError(f"endpoint: '{url}' is no SageMaker endpoint; give the output url of a SageMakerEndpoint that is not asynchronous")
    resource = f"arn:{partition}:sagemaker:{found['region']}:{account}:endpoint/{found['name'].lower()}"
    return {"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", "Resource": resource}


def _variables(
    name: str, args: LambdaStreamConsumerArgs, artifact: pulumi.Input[str], carrier: Carrier, schema: aws.glue.Schema | None
) -> dict[str, pulumi.Input[str]]:
    """What the consumer finds in its environment."""
    container = args.model.container
    return {
        **container.environment,
        **database_environment(name, args.database),
        **{f"{variable}_SECRET_ID": address for variable, address in args.secrets.items()},
        "MODEL_URI": artifact,
        "MODEL_VERSION": args.model.version,
        **({} if args.endpoint is None else {"ENDPOINT_URL": args.endpoint}),
        **({} if schema is None else {"SCHEMA_ARN": schema.arn}),
        **carrier.variables,
        # https://awslabs.github.io/aws-lambda-web-adapter/features/non-http-events.html
        "AWS_LWA_PORT": str(container.port),
        "AWS_LWA_READINESS_CHECK_PATH": container.health_path,
        "AWS_LWA_PASS_THROUGH_PATH": container.predict_path,
    }


def _producer_role(name: str, args: LambdaStreamConsumerArgs, carrier: Carrier, tags: dict[str, str], parent: pulumi.Resource) -> aws.iam.Role | None:
    """The role that producers take, of this account or another; a stream's own policy could not let them use its key."""
    if not args.producers or carrier.producing is None:
        return None
    opts = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-producer",
        description=f"Writes events of {name}",
        assume_role_policy=document({"Effect": "Allow", "Principal": {"AWS": sorted(args.producers)}, "Action": "sts:AssumeRole"}),
        tags=tags,
        opts=opts,
    )
    aws.iam.RolePolicy(f"{name}-producer", role=role.name, policy=carrier.producing.apply(lambda it: document(*it)), opts=opts)
    return role


def _replay(args: LambdaStreamConsumerArgs, function: str, region: str, bucket: str) -> str:
    """Calls the function with each letter's call once more; an answer without failures is a letter that is done."""
    call = (
        f"aws lambda invoke --region {region} --function-name {function} --cli-binary-format raw-in-base64-out --payload file://call.json "
        "--query FunctionError --output text answer.json | grep -qx None && jq -e '(.batchItemFailures // []) == []' answer.json"
    )
    payload = """jq -r '.payload | if type == "string" then . else tojson end' > call.json"""
    if args.kafka is not None:
        servers = ",".join(args.kafka.bootstrap_servers)
        letters = f"kcat -F client.properties -b {servers} -C -t {args.kafka.dead_letter_topic} -e -q"
        return f"{letters} | while read -r letter; do printf '%s' \"$letter\" | {payload} && {call}; done"
    letters = f"aws s3 ls --region {region} --recursive s3://{bucket}/{LETTERS} | awk '{{print $4}}'"
    one = f'aws s3 cp --region {region} "s3://{bucket}/$key" - | {payload} && {call} && aws s3 rm --region {region} "s3://{bucket}/$key"'
    return f"{letters} | while read -r key; do {one}; done"


def _warm_cost(args: LambdaStreamConsumerArgs) -> float:
    """US dollars a month of the instances that are kept warm."""
    return monthly(3600 * WARM_GIB_SECOND_USD * args.memory_mib / 1024) * args.scaling.minimum


def _busy_cost(args: LambdaStreamConsumerArgs) -> float:
    """US dollars a month if all instances scored without a pause."""
    return monthly(3600 * FUNCTION_GIB_SECOND_USD * args.memory_mib / 1024) * args.scaling.maximum


def _fixed_cost(args: LambdaStreamConsumerArgs, network: Attachment) -> float:
    key = KEY_MONTHLY_USD if args.encryption.key is None else 0
    return network.monthly_usd + key + monthly(_carrier_hourly_usd(args))


def _carrier_hourly_usd(args: LambdaStreamConsumerArgs) -> float:
    """US dollars an hour of what carries events and results, both alike."""
    if args.kafka is not None:
        return 0
    if args.broker is Broker.KAFKA:
        return KAFKA_HOURLY_USD + 2 * args.made_partitions * PARTITION_HOURLY_USD
    if args.partitions is None:
        return 2 * STREAM_HOURLY_USD
    shard = SHARD_HOURLY_USD + (LONG_SHARD_HOURLY_USD if args.retention_hours > 24 else 0)
    return args.partitions * (2 * shard + (READER_SHARD_HOURLY_USD if args.fan_out else 0))
