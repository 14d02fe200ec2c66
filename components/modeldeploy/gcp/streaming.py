"""A model that scores events as they arrive, on Cloud Run, as a production team would run it."""

from dataclasses import dataclass, replace

import pulumi

from modeldeploy.spec.access import WebAccess
from modeldeploy.spec.arguments import parse
from modeldeploy.spec.compute import HOURS_PER_MONTH
from modeldeploy.spec.names import check_name
from modeldeploy.spec.operations import Environment
from modeldeploy.spec.rollout import Rollout

from . import kafka, pubsub
from .alarms import channels
from .budget import component_budget
from .charts import dashboard_url
from .cloud_run import RunSize, run_size
from .identity import pushing_account
from .labels import labels
from .logs import log_bucket
from .names import LONGEST
from .place import place
from .pubsub import MessageEncoding
from .run_monitoring import service_filter
from .run_prices import busy_monthly_usd, idle_monthly_usd
from .run_service import Instances, run_service
from .run_surroundings import Surroundings, Watch, surroundings
from .scope import Scope
from .services import enable
from .stream_arguments import CloudRunStreamConsumerArgs as CloudRunStreamConsumerArgs
from .stream_arguments import encrypted, stream_apis, with_login
from .stream_monitoring import ALARMING, push_alarms, push_dashboard, worker_watch
from .streams import Stream, consumer_environment
from .vertex.resources import to_wire
from .web_access import let_one_invoke
from .worker_pool import pool_filter, worker_pool

DEFAULT_CONCURRENCY = 8
DEFAULT_REQUEST_SECONDS = 60


class CloudRunStreamConsumer(pulumi.ComponentResource):
    """Events in, a model on Cloud Run that scores them, results out, and dead letters kept apart.

    **Pub/Sub** (`broker` native): Pub/Sub posts each event to a Cloud Run service, which has as many instances as there is to do, from
    `scaling.minimum` to `scaling.maximum` (https://cloud.google.com/run/docs/triggering/pubsub-push). Only Pub/Sub may call it, with a token of an
    account of its own, from inside Google Cloud.

    - *What the container gets*: a POST to `predict_path` with the event as JSON (https://cloud.google.com/pubsub/docs/push): `message.data` (base64),
      `message.attributes`, `message.orderingKey`, `message.messageId`, `message.publishTime`, and `deliveryAttempt`, from 1. And the variables
      `RESULTS_TOPIC` and `DEAD_LETTER_TOPIC` (`projects/P/topics/T`), `RETRIES`, `MAX_AGE_SECONDS`, `MODEL_URI`, `MODEL_VERSION`, `ENDPOINT_URL` if
      an endpoint is given, and those of the database.
    - *What it does*: publishes the result to `RESULTS_TOPIC`, with the event's ordering key and the attribute `event` (the `messageId`, by which
      readers know a result that came twice), and then answers 204. It publishes to `DEAD_LETTER_TOPIC`, with data, key and attributes as they came
      and an attribute `reason`, and answers 204, what it will never be able to read, what is older than `MAX_AGE_SECONDS`, and what failed when
      `deliveryAttempt` is above `RETRIES`. Any other failure it answers with 500.
    - *A record fails*: it comes again after 10 seconds, then after longer pauses, up to 600. *The consumer crashes, hangs, or does not keep to this*:
      the same, and Pub/Sub itself moves the record to the dead letters after `retries` + 1 attempts, but after 5 at the earliest
      (https://cloud.google.com/pubsub/docs/handling-failures); attributes then say where it came from, not why it failed. *The endpoint is down*: as
      a record that fails; nothing is lost before `retries` are used up, which with pauses takes minutes, so raise them for longer breaks. *A record
      is too old*: Pub/Sub does not look at ages, the container does. *Results cannot be published*: the container does not answer 204, so the record
      comes again. What nobody took in `retention_hours` is gone; the alarm on lag comes long before.
    - *Order*: records with the same ordering key come one after the other, in the order in which the region got them; producers publish to the
      region's own endpoint (`<region>-pubsub.googleapis.com`). One that fails holds up those behind it with the same key. Records without a key come
      in any order, as many at a time as instances and `concurrency` take. Records come at least once.
    - *Latency and money*: each record is a request of its own, handed over within milliseconds. There is no batch window: waiting for more records
      would need another way of reading, which saves calls and keeps instances awake; `broker` kafka has it.

    **Kafka** (`broker` kafka: a cluster of Managed Service for Apache Kafka is made; or `kafka`: one is there): a worker pool of Cloud Run, whose
    instances read by themselves. Cloud Run does not scale it by what waits, so there are as many as `scaling` says, with minimum and maximum the
    same.

    - *What the container gets*: the variables `KAFKA_BOOTSTRAP_SERVERS` (`host:port`, separated by commas), `KAFKA_LOGIN` (`oauthbearer`: a token of
      its own identity; `scram-sha-512`; `mtls`), `KAFKA_SECRET` (of a Kafka that is given: JSON with `username` and `password`, or with `certificate`
      and `privateKey`), `KAFKA_GROUP`, `EVENTS_TOPIC`, `RESULTS_TOPIC`, `DEAD_LETTER_TOPIC`, `RECORDS_PER_CALL`, `BATCH_WINDOW_SECONDS`,
      `PARALLELISM_PER_PARTITION`, `RETRIES`, `MAX_AGE_SECONDS`, and of model, endpoint and database as above. It connects with TLS.
    - *What it does*: reads `EVENTS_TOPIC` in the group `KAFKA_GROUP`, up to `RECORDS_PER_CALL` at a time or as many as come in
      `BATCH_WINDOW_SECONDS`, scores each partition's in order (or `PARALLELISM_PER_PARTITION` at a time, never two of a key), writes results to
      `RESULTS_TOPIC` under the same keys, and commits offsets after that. What it cannot score after `RETRIES`, or is older than `MAX_AGE_SECONDS`,
      it writes to `DEAD_LETTER_TOPIC` with a header `reason`. It answers `health_path` on its port as long as it gets on, or is started again. And it
      writes two kinds of lines of JSON to its output, which the alarms read, without anything of the record: `{"lag_seconds": N}` at least once a
      minute, the age of the oldest record that waits (0 for none), and `{"dead_letter": "reason"}`.
    - *It crashes, or is replaced*: others of the group go on at the last offset committed; some records come twice. *The endpoint is down, or results
      cannot be written*: it tries again and commits nothing. *Records are older than* `retention_hours`: Kafka deletes them.
    - *Latency and money*: every second of `batch_window_seconds` is a second of latency; with batches a model that scores many at once does with
      fewer instances. The cluster costs about 200 dollars a month at least, and each instance is paid all the time.

    Another `model` version is another revision: Pub/Sub hands records to it once it has started, and unanswered ones come again; Kafka's partitions
    go over to it, and it goes on at the committed offsets.

    What its user has seen to: a key given by `encryption.key` is in the region and lets the service agents of Cloud Run, Cloud Storage, Cloud
    Logging, and Pub/Sub or Managed Service for Apache Kafka encrypt and decrypt; the registry of an image in another project lets the service agent
    of Cloud Run read; the endpoint of `endpoint` lets `identity` call; a Kafka that is given is reached from `network.id`. Whoever runs Pulumi may
    act as the accounts that are made (`roles/iam.serviceAccountUser`). See docs/adr/0027-streams-on-google-cloud.md.
    """

    events: pulumi.Output[str]
    """What producers write to: the topic `projects/P/topics/T`, or `broker:port,.../topic`."""
    results: pulumi.Output[str]
    """Where results are read: the topic `projects/P/topics/T`, to which each reader makes a subscription (results of the last `retention_hours` are
    there for a new one, too, by a seek), or `broker:port,.../topic`."""
    dead_letters: pulumi.Output[str]
    """Where records are that could not be scored, for 31 days: the subscription `projects/P/subscriptions/S`, or `broker:port,.../topic` (of a Kafka
    that is given, for as long as its topic says). The reason is in the attribute or header `reason`."""
    replay: pulumi.Output[str]
    """The command that sends dead letters in again: a hundred from Pub/Sub, with gcloud, curl and jq; all from Kafka, without headers, with Kafka's
    own tools and a login in `client.properties`. Whoever runs it is among `readers` and `producers`."""
    identity: pulumi.Output[str]
    """Address of the service account the container runs as; as an IAM member, `serviceAccount:<address>`."""
    model_version: pulumi.Output[str]
    """The version that scores."""
    logs: pulumi.Output[str]
    """The log bucket, `projects/P/locations/L/buckets/B`."""
    dashboard_url: pulumi.Output[str]
    """Where to look at lag, records, dead letters and instances."""
    monthly_cost: pulumi.Output[float]
    """Estimated US dollars a month at the prices of us-central1. With Pub/Sub: the instances that are kept, without records. With Kafka: the capacity
    of a cluster that is made, and the instances, at the price of those of services that are paid all the time (a worker pool's is lower). Not in it:
    records and what scores them, storage, network, logs."""
    database_grant: pulumi.Output[str]
    """The SQL statement an administrator of the database still has to run; empty without a database."""
    consumer: pulumi.Output[str]
    """The service, `projects/P/locations/L/services/S`, or the worker pool, `projects/P/locations/L/workerPools/W`."""

    def __init__(self, name: str, args: CloudRunStreamConsumerArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(CloudRunStreamConsumerArgs, args, f"CloudRunStreamConsumer '{name}'")
        check_name(f"CloudRunStreamConsumer '{name}'", name, LONGEST)
        where = place(f"CloudRunStreamConsumer '{name}'", opts)
        super().__init__("modeldeploy:index:CloudRunStreamConsumer", name, to_wire(checked), opts)
        size = run_size(checked.compute)
        scope = Scope(
            name=name,
            place=where,
            labels=labels(checked.tags, checked.environment, name),
            production=checked.environment is Environment.PRODUCTION,
            component=self,
            apis=enable(name, stream_apis(checked), where, self),
        )

        around = surroundings(scope, with_login(checked), {checked.model.version: consumer_environment(checked)}, encrypted(checked))
        made = _pushed(scope, checked, size, around) if checked.is_pushed else _working(scope, checked, size, around)

        self.events = made.stream.events
        self.results = made.stream.results
        self.dead_letters = made.stream.dead_letters
        self.replay = made.stream.replay
        self.identity = around.account.email
        self.model_version = pulumi.Output.from_input(checked.model.version)
        self.logs = made.watch.logs
        self.dashboard_url = made.watch.dashboard_url
        self.monthly_cost = pulumi.Output.from_input(made.monthly_usd)
        self.database_grant = around.grant
        self.consumer = made.consumer
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
                "consumer": self.consumer,
            }
        )


@dataclass(frozen=True)
class _Made:
    """A consumer with its stream, and what watches it."""

    stream: Stream
    consumer: pulumi.Output[str]
    watch: Watch
    monthly_usd: float


def _pushed(scope: Scope, args: CloudRunStreamConsumerArgs, size: RunSize, around: Surroundings) -> _Made:
    """A service that Pub/Sub posts events to."""
    seconds = DEFAULT_REQUEST_SECONDS if args.request_seconds is None else args.request_seconds
    made = pubsub.topics(scope, around.key, args.retention_hours, args.schema, args.schema_encoding or MessageEncoding.JSON)
    for producer in args.producers:
        pubsub.let_publish(scope, f"producer-{producer}", made.events, producer)
    for reader in args.readers:
        pubsub.let_subscribe(scope, f"reader-{reader}", made.results, reader)
        pubsub.let_read(scope, f"letters-{reader}", made.letters, reader)
    writes = [
        pubsub.let_publish(scope, "writes-results", made.results, around.account.member),
        pubsub.let_publish(scope, "writes-letters", made.dead_letters, around.account.member),
    ]
    stream = Stream(
        events=made.events.id,
        results=made.results.id,
        dead_letters=made.letters.id,
        replay=pubsub.replay_command(made.letters.id, made.events.id),
        told=made.told,
        ready=writes,
    )

    version = args.model.version
    instances = Instances(
        size=size,
        minimum=args.scaling.minimum,
        maximum=args.scaling.maximum,
        concurrency=DEFAULT_CONCURRENCY if args.concurrency is None else args.concurrency,
        request_seconds=seconds,
        around=_told(around, version, stream),
    )
    service = run_service(scope, [args.model], {version: args.model.container}, Rollout(), instances, WebAccess())
    pusher = pushing_account(scope)
    invokes = let_one_invoke(scope, "pushes", service.name, pusher.member)
    endpoint = pulumi.Output.concat(service.uri, args.model.container.predict_path)
    subscription = pubsub.push_subscription(scope, made, endpoint, service.uri, pusher, args.retention_hours, args.retries, seconds, [invokes])
    captured = pubsub.capture(scope, made.events, around.key, args.captured, args.retention_hours) if args.captured else None

    logs = log_bucket(scope, around.bucket.name, service_filter(scope, service.name), args.operations.log_retention_days, around.key)
    notify = channels(scope, args.operations.emails)
    push_alarms(
        scope,
        service.name,
        made.events.name,
        subscription.name,
        made.letters.name,
        None if captured is None else captured.name,
        args.lag_seconds,
        args.operations,
        notify,
    )
    dashboard = push_dashboard(scope, service.name, subscription.name, made.letters.name)
    most = busy_monthly_usd(size, args.scaling.maximum)
    component_budget(scope, args.billing_account, args.operations, most, around.bucket.project_number, notify)
    watch = Watch(logs=logs.id, dashboard_url=dashboard_url(dashboard))
    return _Made(stream, service.id, watch, idle_monthly_usd(size, args.scaling.minimum))


def _working(scope: Scope, args: CloudRunStreamConsumerArgs, size: RunSize, around: Surroundings) -> _Made:
    """A worker pool that reads from Kafka."""
    cluster_usd = 0.0
    if args.kafka is None:
        cpus = kafka.LEAST_CPUS if args.kafka_cpus is None else args.kafka_cpus
        cluster_usd = kafka.cluster_monthly_usd(cpus)
        made = kafka.managed_kafka(scope, args, cpus, around.network, around.key)
        ready = [
            kafka.open_kafka(scope, around.network, scope.name),
            *kafka.let_use(scope, made, around.account, args.producers, args.readers),
        ]
        stream = kafka.managed_stream(scope, args, made, ready)
    else:
        stream = kafka.given_stream(scope, args, args.kafka)

    version = args.model.version
    around = _told(around, version, stream)
    pool = worker_pool(scope, args.model, size, args.scaling.maximum, around, around.told[version], scope.name)

    own = pool_filter(scope, pool.name)
    logs = log_bucket(scope, around.bucket.name, own, args.operations.log_retention_days, around.key, ALARMING)
    notify = channels(scope, args.operations.emails)
    dashboard = worker_watch(scope, pool.name, args.lag_seconds, args.operations, notify)
    monthly_usd = round(cluster_usd + size.hourly_usd * HOURS_PER_MONTH * args.scaling.maximum, 2)
    component_budget(scope, args.billing_account, args.operations, monthly_usd, around.bucket.project_number, notify)
    return _Made(stream, pool.id, Watch(logs=logs.id, dashboard_url=dashboard_url(dashboard)), monthly_usd)


def _told(around: Surroundings, version: str, stream: Stream) -> Surroundings:
    """The surroundings of a consumer that knows its stream."""
    return replace(around, told={version: {**around.told[version], **stream.told}}, ready=[*around.ready, *stream.ready])
