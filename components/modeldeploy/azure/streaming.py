"""A model that scores a stream of events on Azure: Event Hubs, or a Kafka that is given, and consumers on Container Apps."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.names import check_name
from modeldeploy.spec.operations import Environment
from modeldeploy.spec.streaming import Broker, Kafka, StreamingArgs

from . import dashboard, ids
from .addresses import allowed_ip_problems, caller_problems
from .alarms import action_group
from .apps import Running, app
from .budget import budget
from .connection import database_grant, database_variables
from .container_environment import CONSUMPTION, Size, container_environment, size, size_problems
from .event_hubs import KAFKA_PORT, EventHubs, Tier, event_hubs, tier_problems
from .group import Group, group
from .hosting import (
    arm_id_problems,
    capture_problems,
    database_problems,
    model_problems,
    model_uri,
    network_problems,
    reach_given,
    read_grants,
    secret_address_problems,
    store_diagnostics,
)
from .identity import Role, grant, grant_to, identity
from .ids import LONGEST
from .keys import CustomerKey, customer_key, key_problems
from .logs import log_workspace
from .model_store import model_store, upload
from .network import attach
from .own_kafka import kafka_problems, kafka_rule, kafka_secrets
from .private_link import Attachment
from .rates import app_cost, event_hubs_cost, is_priced
from .registry import registry
from .score_role import SCORE, score_role
from .stream_alarms import CONSUMER_CHARTS, HUB_CHARTS, consumer_alarms, hub_alarms, topic_letter_alarm
from .stream_commands import register_schema, replay, replay_topic
from .stream_schema import GROUP, schema_group, schema_name, schema_problems
from .stream_store import stream_store
from .subnets import Subnet
from .tags import tag_count_problems

PARTITIONS = 4
"""Event Hubs must be told how many."""
RECORDS_PER_CALL = 100


@dataclass(frozen=True, kw_only=True)
class ContainerAppStreamArgs(StreamingArgs):
    """Arguments of a model that scores a stream of events on Azure.

    `network.subnet_ids` are in the order that `AzureNetwork` documents; the ones for private endpoints and for Container Apps are used. In a network
    that is given, Container Apps must reach private endpoints by 443, 5671 (AMQP) and 9093 (Kafka), or the brokers of `kafka`.
    Of `kafka.secret`, Container Apps hands over the whole value, no part of it: with `scram-sha-512` it is the password, and `kafka_user` names the
    secret with the user; with `mtls` it is a PEM file with certificate and key, as Key Vault keeps a certificate.
    Of `scaling.maximum`, as many consumers are used as there are `partitions`: a further one would have nothing to read.
    """

    tier: Tier = Tier.PREMIUM
    """What Event Hubs runs on. Default: `premium`, which takes the customer's key. `standard` is for development. Another tier is another stream:
    events that wait are lost."""
    units: int = 1
    """Processing units of `premium`: 1, 2, 4, 8 or 16; throughput units of `standard`, 1 to 40, each for 1 MB or 1000 events a second."""
    events_per_replica: int = 64
    """Events that wait for which there is another consumer, 1 to 10000."""
    endpoint_id: pulumi.Input[str] | None = None
    """ARM id of the Azure ML online endpoint whose address is `endpoint`, by which Azure grants access. Required with it, and only then."""
    kafka_user: pulumi.Input[str] | None = None
    """Address of the Key Vault secret with the user of `kafka`. Required with `kafka.login` `scram-sha-512`, and only then."""
    kafka_authority: pulumi.Input[str] | None = None
    """Address of the Key Vault secret with the certificate, in PEM, of the authority that the brokers of `kafka` are certified by. Default: a public
    one."""
    secrets_vault_id: pulumi.Input[str] | None = None
    """ARM id of the vault that `secrets` and those of `kafka` are in, because Azure grants access by it. Required with them, and only then."""
    container_environment_id: pulumi.Input[str] | None = None
    """ARM id of an environment to use, such as the `environment_id` of a `ContainerApp`: one subnet holds one environment. It must be internal, with
    logs to Azure Monitor, and have the kind of machine. Omitted: one is made."""
    start_seconds: int = 120
    """Seconds that a consumer has to load the model before it is given up, 10 to 2400."""
    stop_seconds: int = 60
    """Seconds that a consumer has, when it goes, to end its calls and write down how far it has read, 5 to 600."""
    most_machines: int = 10
    """Machines at most, 3 to 100, where `compute` needs machines of its own (more than 4 CPUs or 8 GiB)."""
    artifact_account_id: pulumi.Input[str] | None = None
    """ARM id of the storage account that an artifact at `https://` is in, because Azure grants access by it. Required with it, and only then."""
    registry_id: pulumi.Input[str] | None = None
    """ARM id of the Azure registry that the image is in. Omitted: a private one is made, under the name that the image carries
    (`<registry>.azurecr.io/...`); push the image when it is there, then deploy again."""
    key_vault_id: pulumi.Input[str] | None = None
    """ARM id of the vault that holds `encryption.key`, because Azure grants access to a key by its ARM id. Required with it, and only then."""
    resource_group_name: pulumi.Input[str] | None = None
    """Name of an existing resource group to use. Omitted: one is made."""
    allowed_ips: list[str] = field(default_factory=list[str])
    """Public IPv4 addresses, or ranges of /16 to /30, of the machines that run Pulumi and push images, when they are outside the network. Default:
    none; local artifacts are uploaded through the private endpoint, so Pulumi runs inside the network."""

    @property
    def partition_count(self) -> int:
        """Partitions of a stream that is made."""
        return PARTITIONS if self.partitions is None else self.partitions

    @property
    def most_consumers(self) -> int:
        """Consumers at most: each partition has one reader, and a further consumer would have nothing to do."""
        return self.scaling.maximum if self.kafka is not None else min(self.scaling.maximum, self.partition_count)

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from model_problems(self.model, self.artifact_account_id, self.registry_id)
        yield from size_problems(self.compute)
        yield from key_problems(self.encryption, self.key_vault_id)
        yield from tag_count_problems(self.tags)
        yield from schema_problems(self.schema)
        yield from caller_problems(self.producers, "producers")
        own = [Subnet.APPS] if self.container_environment_id is None else []
        yield from network_problems(self.network, [Subnet.ENDPOINTS, *own], self.container_environment_id)
        if self.network.id is not None and self.network.callers:
            yield Problem("network.callers", "excludes network.id: the network given has its own security group; let the callers in there")
        yield from database_problems(self.database, self.network)
        yield from capture_problems(self.operations, "a stream, whose events capture_days keeps")
        yield from allowed_ip_problems(self.allowed_ips)
        yield from self._scaling_problems()
        yield from self._endpoint_problems()
        yield from self._kafka_problems()
        for name, low, high in (
            ("events_per_replica", 1, 10_000),
            ("start_seconds", 10, 2400),
            ("stop_seconds", 5, 600),
            ("most_machines", 3, 100),
        ):
            value: int = getattr(self, name)
            if not low <= value <= high:
                yield Problem(name, f"{value} is not allowed; use {low} to {high}")

    def _scaling_problems(self) -> Iterator[Problem]:
        if self.scaling.minimum == 0:
            yield Problem(
                "scaling.minimum", "0 is not offered: Container Apps never takes the last consumer of Event Hubs away, and alarms ask for one; use 1"
            )
        if self.kafka is None and self.scaling.minimum > self.partition_count:
            yield Problem(
                "scaling.minimum",
                f"{self.scaling.minimum} consumers are more than the {self.partition_count} partitions, each of which has one reader; "
                "use more partitions",
            )
        if self.scaling.maximum > 1000:
            yield Problem("scaling.maximum", f"{self.scaling.maximum} is not allowed; Container Apps has up to 1000 replicas")
        chosen = size(self.compute)
        if chosen is not None and not is_priced(chosen) and self.operations.monthly_budget_usd is None:
            yield Problem(
                "operations.monthly_budget_usd", f"is required with a machine of the kind {chosen.profile.name}, whose price is not known here"
            )

    def _endpoint_problems(self) -> Iterator[Problem]:
        if self.endpoint is not None and self.endpoint_id is None:
            yield Problem("endpoint_id", "is required with endpoint: ARM id of the online endpoint, by which Azure grants access")
        if self.endpoint is None and self.endpoint_id is not None:
            yield Problem("endpoint_id", "has no effect without endpoint; leave it out")
        if self.endpoint is not None and self.network.id is None:
            yield Problem("network.id", "is required with endpoint: name the network that reaches it")
        yield from arm_id_problems("endpoint_id", self.endpoint_id, "Microsoft.MachineLearningServices/workspaces")

    def _kafka_problems(self) -> Iterator[Problem]:
        yield from kafka_problems(self.kafka, self.kafka_user, self.kafka_authority)
        own = {} if self.kafka is None else {"kafka.secret": self.kafka.secret}
        more = {"kafka_user": self.kafka_user, "kafka_authority": self.kafka_authority}
        of_secrets = {f"secrets.{name}": address for name, address in self.secrets.items()}
        addresses = {**of_secrets, **own, **{name: address for name, address in more.items() if address is not None}}
        yield from secret_address_problems(addresses, self.secrets_vault_id)
        if self.kafka is None:
            yield from tier_problems(self.tier, self.units, self.partition_count, self.environment is Environment.PRODUCTION)
            return
        if self.network.id is None:
            yield Problem("network.id", "is required with kafka: name the network that reaches its brokers")
        if self.capture_days:
            yield Problem("capture_days", "is not offered for a Kafka that is given: Azure captures Event Hubs alone; write 0")
        if self.producers:
            yield Problem("producers", "has no effect on a Kafka that is given, which has its own access list; leave it out")
        if self.schema is not None:
            yield Problem("schema", "has no effect on a Kafka that is given, beside which no registry is made; leave it out")
        for name in ("tier", "units", "retention_hours"):
            if getattr(self, name) != getattr(type(self), name):
                yield Problem(name, "has no effect on a Kafka that is given; leave it out")


@dataclass(frozen=True)
class _Stream:
    """What the consumers of a stream need to know, and people read of it."""

    variables: dict[str, pulumi.Input[str]]
    rule: "native.app.ScaleRuleArgs"
    ready: list[pulumi.Resource]
    events: pulumi.Output[str]
    results: pulumi.Output[str]
    letters: pulumi.Output[str]
    replay: pulumi.Output[str]


class ContainerAppStreamConsumer(pulumi.ComponentResource):
    """A private stream of events on Event Hubs and a stream of results beside it, or a Kafka that is given, and consumers on Container Apps.

    Consumers pull; Azure has nothing that would push a batch of events to a container and take its answer. So the image is a consumer. It answers
    `container.health_path` on `container.port` with 200 when the model is loaded, which Azure alone asks, and does the rest by itself, as its
    environment says:

    - `$STREAM_PROTOCOL` is `amqp` (an SDK of Event Hubs, https://learn.microsoft.com/azure/event-hubs/sdks) or `kafka`. `$STREAM_BROKERS` is what it
      connects to by TLS. `$STREAM_LOGIN` is `entra` (a token for `https://eventhubs.azure.net`, or for the broker's host with Kafka's OAUTHBEARER, of
      the identity `$AZURE_CLIENT_ID`), `scram-sha-512` (`$KAFKA_USER`, `$KAFKA_PASSWORD`) or `mtls` (`$KAFKA_CERTIFICATE`: certificate and key in
      PEM); `$KAFKA_AUTHORITY` is who certified the brokers, where that is not public. By Kafka on Event Hubs it subscribes to the topic by its name:
      the identity may not list topics (https://github.com/Azure/azure-event-hubs-for-kafka/issues/159).
    - In: it reads `$STREAM_EVENTS` as `$STREAM_CONSUMER_GROUP`, from the oldest record where nothing is written down. It takes up to
      `$STREAM_RECORDS_PER_CALL` records of a partition at a time, for which it waits `$STREAM_BATCH_WINDOW_SECONDS`, and works on
      `$STREAM_PARALLELISM` such calls for a partition at once, with all records of a key in one of them. A record is the body, as producers wrote it.
    - Out: for each scored record one to `$STREAM_RESULTS`, with the same key, and the properties (headers) `model-version` and `record`
      (`<partition>/<sequence number>` of what was scored, by which readers know a result that comes twice).
    - Not scored: with `$STREAM_DEAD_LETTERS` an address, a blob there for each record, named `<partition>/<sequence number>`, whose content is the
      body, with metadata `partition`, `reason` (percent-encoded), `tries`, `model_version`, and, with `amqp`, `properties`: `{}`, or
      `{"PartitionKey": "<key>"}` in ASCII. With a Kafka that is given it is a topic: the record as it was, with headers of these names.
    - Written down only then: the position up to which every record has its result or is a dead letter. With `amqp` by the SDK's blob checkpoint store
      in `$STREAM_CHECKPOINTS`. With `kafka` by committing; on Event Hubs also as that store would, because Azure counts by it what waits (blob
      `<brokers' host>/<events>/<consumer group>/checkpoint/<partition>`, in lower case, with metadata `sequencenumber` and `offset`: Kafka's offset
      is the sequence number, https://github.com/Azure/azure-event-hubs-for-kafka/issues/130).
    - Said: after every call, and once a minute in any case, a line of JSON on standard output:
      `{"stream": {"scored": 98, "failed": 2, "dead_letters": 1, "milliseconds": 41, "waiting_seconds": 3}}`. `failed` counts tries, `milliseconds` is
      the call from the model's input to written results, `waiting_seconds` the age of the oldest record that is read and not written down, 0 if none.
      Alarms and nothing else hear of lag, latency and errors by these lines; a consumer without them is one that is silent, which is an alarm.

    What happens when something fails:

    - A consumer crashes, or is replaced by the next version: others take its partitions within the SDK's lease (10 to 60 seconds) and begin at what
      is written down; records since then come again. Nothing is lost.
    - A record fails: it alone is tried again `$STREAM_RETRIES` times with growing pauses, then it is a dead letter. The records of its partition
      behind it wait meanwhile, those of other keys only where `$STREAM_PARALLELISM` is above 1.
    - `$ENDPOINT_URL`, or the results, or the dead letters, answer nothing, 429 or 5xx: no try of the record counts. The call is repeated with growing
      pauses, nothing is written down, and the alarm on lag is raised.
    - A record is older than `$STREAM_MAX_AGE_SECONDS` (by the time at which the stream took it): it is a dead letter, unscored.
    - Nobody consumes: events stay for `retention_hours`, then they are gone from the stream; captured ones stay for `capture_days`.
    - Event Hubs refuses producers because it is full: alarm on throttling; their SDKs wait and repeat.

    Order: records of a key are in one partition, and in order in it, also when scored. Dead letters that are sent in again come later.

    Latency and money: a consumer is always there, so a record is scored within tens of milliseconds, plus up to `batch_window_seconds`. A further
    consumer comes half a minute to a minute after events pile up (Azure looks every 30 seconds), plus the time to load the model. Consumers are paid
    by the second, so a batch window saves where it makes fewer consumers do: a model that takes 20 ms for one record and 30 ms for a hundred keeps up
    with 50 records a second alone, with several thousand in batches. The units of Event Hubs are paid whether events come or not.

    A new version of the model is a new revision, which takes over when it is ready. Azure keeps the redundancy that stream, storage and registry were
    made with, so `environment` stays what it was at the first deployment. Partitions may become more in `premium`, never fewer.
    """

    events: pulumi.Output[str]
    """What producers write to: the namespace's host (with a port for Kafka) and the hub, `<host>/events`; or the brokers given and the topic."""
    results: pulumi.Output[str]
    """What results are read from, in the same form. Whoever reads them needs the role Azure Event Hubs Data Receiver on `results_id`."""
    dead_letters: pulumi.Output[str]
    """Where records are that could not be scored, with the reason: address of a blob container, or the brokers given and the topic. Blobs are kept
    for `operations.log_retention_days`."""
    replay: pulumi.Output[str]
    """A script for bash with the Azure CLI and curl that sends the dead letters in again, in the network, as somebody with the roles Azure Event Hubs
    Data Sender on the hub and Storage Blob Data Contributor on the container. With a Kafka that is given, a command of kcat."""
    identity: pulumi.Output[str]
    """Object id of the consumers' managed identity: the principal that grants on other resources name."""
    model_version: pulumi.Output[str]
    """The version that scores."""
    logs: pulumi.Output[str]
    """Where logs are queried: the Log Analytics workspace in the portal."""
    dashboard_url: pulumi.Output[str]
    """The dashboard in the portal."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month for the units of Event Hubs and `scaling.minimum` consumers that are always busy, at the prices in `rates`. Events by the
    million (Standard), dedicated machines, GPUs, private endpoints, registry, logs and storage are not counted."""
    database_grant: pulumi.Output[str]
    """What an Entra administrator of the database still runs in it, so that the identity may read. Empty without a database."""
    results_id: pulumi.Output[str]
    """ARM id of the hub of results. Empty with a Kafka that is given."""
    registration: pulumi.Output[str]
    """A script for bash with the Azure CLI and curl that registers `schema`, or its next version, in the network, as somebody with the role Schema
    Registry Contributor on the namespace: schemas are no resources of Azure's management interface. Empty without a schema."""
    environment_id: pulumi.Output[str]
    """ARM id of the Container Apps environment, for other deployments in it."""
    resource_group: pulumi.Output[str]
    """Name of the resource group that everything is in."""

    def __init__(self, name: str, args: ContainerAppStreamArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(ContainerAppStreamArgs, args, f"ContainerAppStreamConsumer '{name}'")
        check_name(f"ContainerAppStreamConsumer '{name}'", name, LONGEST)
        super().__init__("modeldeploy:index:ContainerAppStreamConsumer", name, as_inputs(checked), opts)

        model = checked.model
        in_group = group(name, checked.resource_group_name, checked.environment, checked.tags, self)
        key = customer_key(name, checked.encryption, checked.key_vault_id, in_group, self)
        days = checked.operations.log_retention_days
        where = attach(name, checked.network, key, days, checked.tags, in_group, self)
        workspace = log_workspace(name, days, in_group, self)
        models = model_store(name, key, where, in_group, self, checked.allowed_ips)
        images = registry(name, [model], checked.registry_id, where, in_group, self, checked.allowed_ips)
        reached = reach_given(
            name, checked.registry_id, checked.secrets_vault_id, checked.artifact_account_id, checked.network, where, in_group, self
        )

        runs_as = identity(name, in_group, self)
        if checked.kafka is not None:
            hubs, stream = None, _on_kafka(name, checked, checked.kafka)
        else:
            hubs = _hubs(name, checked, key, where, workspace, in_group, self)
            stream = _on_hubs(name, checked, hubs, runs_as, in_group, self)
        secrets = {**checked.secrets, **kafka_secrets(checked.kafka, checked.kafka_user, checked.kafka_authority)}
        permissions: list[pulumi.Resource] = [
            grant(f"{name}-pull", Role.ACR_PULL, images.id, runs_as, self),
            *read_grants(name, [model], models, checked.artifact_account_id, secrets, checked.secrets_vault_id, runs_as, self),
            *_endpoint_grants(name, checked.endpoint_id, runs_as, self),
        ]
        chosen = size(checked.compute) or Size(CONSUMPTION, 0, 0)
        environment = container_environment(
            name,
            checked.container_environment_id,
            [chosen.profile],
            workspace,
            key,
            where,
            in_group,
            self,
            most_machines=checked.most_machines,
        )
        running = Running(
            environment=environment,
            identity=runs_as,
            size=chosen,
            minimum=checked.scaling.minimum,
            maximum=checked.most_consumers,
            rules=[stream.rule],
            variables={
                "AZURE_CLIENT_ID": runs_as.client_id,
                "MODEL_URI": model_uri(model, models),
                "MODEL_VERSION": model.version,
                **({} if checked.endpoint is None else {"ENDPOINT_URL": checked.endpoint}),
                **_call_variables(name, checked),
                **stream.variables,
                **database_variables(checked.database, runs_as),
            },
            secrets=secrets,
            request_seconds=checked.stop_seconds,
            start_seconds=checked.start_seconds,
            ready=[*permissions, *reached, *stream.ready],
        )
        uploaded = [] if model.is_remote else upload(name, model, models, in_group, self)
        consumers = app(name, model.container, {}, running, in_group, self, uploaded, is_called=False)

        hears = action_group(name, checked.operations.emails, in_group, self)
        consumer_alarms(name, checked.operations, checked.lag_seconds, consumers, hears, workspace, in_group, self)
        rows = [dashboard.tiles(CONSUMER_CHARTS, consumers.id)]
        if hubs is not None:
            hub_alarms(name, checked.operations, hubs, checked.tier, hears, workspace, in_group, self)
            rows.insert(0, dashboard.tiles(HUB_CHARTS, hubs.namespace.id))
        else:
            topic_letter_alarm(name, consumers, hears, workspace, in_group, self)
        store_diagnostics(name, models, key, images, workspace, self)
        shown = dashboard.dashboard(name, rows, in_group, self)
        most = monthly_cost(checked, chosen, checked.most_consumers)
        budget(name, checked.operations.monthly_budget_usd or most, checked.operations.emails, hears, in_group, self)

        self.events = stream.events
        self.results = stream.results
        self.dead_letters = stream.letters
        self.replay = stream.replay
        self.identity = runs_as.principal_id
        self.model_version = pulumi.Output.from_input(model.version)
        self.logs = pulumi.Output.concat("https://portal.azure.com/#resource", workspace.id, "/logs")
        self.dashboard_url = dashboard.url(shown)
        self.monthly_cost = pulumi.Output.from_input(monthly_cost(checked, chosen, checked.scaling.minimum))
        self.database_grant = database_grant(checked.database, runs_as)
        self.results_id = pulumi.Output.from_input("") if hubs is None else hubs.results.id
        self.registration = pulumi.Output.from_input("") if hubs is None else _registration(checked, hubs)
        self.environment_id = environment.id
        self.resource_group = in_group.name
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
                "results_id": self.results_id,
                "registration": self.registration,
                "environment_id": self.environment_id,
                "resource_group": self.resource_group,
            }
        )


def monthly_cost(args: ContainerAppStreamArgs, chosen: Size, consumers: int) -> float:
    """US dollars a month for the stream and so many consumers."""
    stream = 0 if args.kafka is not None else event_hubs_cost(args.tier is Tier.PREMIUM, args.units, args.captured > 0)
    return round(stream + app_cost(chosen, consumers), 2)


def _hubs(
    name: str,
    args: ContainerAppStreamArgs,
    key: CustomerKey,
    where: Attachment,
    workspace: "native.operationalinsights.Workspace",
    in_group: Group,
    parent: pulumi.Resource,
) -> EventHubs:
    """The hubs of events and results with the store beside them, and who may write events."""
    days = args.operations.log_retention_days
    store = stream_store(name, days, args.captured, key, where, workspace, in_group, parent)
    hubs = event_hubs(name, args.tier, args.units, args.partition_count, args.retention_hours, store, key, where, workspace, in_group, parent)
    for producer in args.producers:
        # A person, a group or an application: Azure finds out.
        grant_to(f"{name}-producer-{producer}", Role.EVENT_HUB_SENDER, hubs.events.id, producer, None, parent)
    return hubs


def _endpoint_grants(
    name: str, endpoint_id: pulumi.Input[str] | None, runs_as: "native.managedidentity.UserAssignedIdentity", parent: pulumi.Resource
) -> list[pulumi.Resource]:
    """What the consumers need to ask an online endpoint."""
    if endpoint_id is None:
        return []
    role = score_role(f"{name}-endpoint", ids.lift(ids.group_id, endpoint_id), SCORE, parent)
    return [
        native.authorization.RoleAssignment(
            f"{name}-endpoint",
            scope=endpoint_id,
            role_definition_id=role.id,
            principal_id=runs_as.principal_id,
            principal_type="ServicePrincipal",
            opts=pulumi.ResourceOptions(parent=parent),
        )
    ]


def _call_variables(name: str, args: ContainerAppStreamArgs) -> dict[str, pulumi.Input[str]]:
    """How consumers call the model, whatever carries the events."""
    return {
        "STREAM_CONSUMER_GROUP": name,
        "STREAM_RECORDS_PER_CALL": str(RECORDS_PER_CALL if args.records_per_call is None else args.records_per_call),
        "STREAM_BATCH_WINDOW_SECONDS": str(args.batch_window_seconds),
        "STREAM_PARALLELISM": str(args.parallelism_per_partition),
        "STREAM_RETRIES": str(args.retries),
        "STREAM_MAX_AGE_SECONDS": str(args.max_age_seconds),
    }


def _on_hubs(
    name: str,
    args: ContainerAppStreamArgs,
    hubs: EventHubs,
    runs_as: "native.managedidentity.UserAssignedIdentity",
    in_group: Group,
    parent: pulumi.Resource,
) -> _Stream:
    """A stream on Event Hubs, by its own protocol or by Kafka's, that the consumers may read and write results of."""
    by_kafka, store = args.broker is Broker.KAFKA, hubs.store
    ready: list[pulumi.Resource] = [
        grant(f"{name}-events", Role.EVENT_HUB_RECEIVER, hubs.events.id, runs_as, parent),
        grant(f"{name}-results", Role.EVENT_HUB_SENDER, hubs.results.id, runs_as, parent),
        grant(f"{name}-checkpoints", Role.BLOB_CONTRIBUTOR, store.checkpoints.id, runs_as, parent),
        grant(f"{name}-letters", Role.BLOB_CONTRIBUTOR, store.letters.id, runs_as, parent),
        hubs.entrance,
        store.entrance,
    ]
    if not by_kafka:
        # Kafka's groups come with their first reader.
        consumer_group = native.eventhub.ConsumerGroup(
            name,
            resource_group_name=in_group.name,
            namespace_name=hubs.namespace.name,
            event_hub_name=hubs.events.name,
            consumer_group_name=name,
            opts=pulumi.ResourceOptions(parent=parent),
        )
        ready.append(consumer_group)
    variables: dict[str, pulumi.Input[str]] = {
        "STREAM_PROTOCOL": "kafka" if by_kafka else "amqp",
        "STREAM_LOGIN": "entra",
        "STREAM_BROKERS": pulumi.Output.concat(hubs.host, f":{KAFKA_PORT}") if by_kafka else hubs.host,
        "STREAM_EVENTS": hubs.events.name,
        "STREAM_RESULTS": hubs.results.name,
        "STREAM_DEAD_LETTERS": store.uri(store.letters),
        "STREAM_CHECKPOINTS": store.uri(store.checkpoints),
    }
    if args.schema is not None:
        ready.append(schema_group(name, hubs, runs_as, in_group, parent))
        variables |= {"STREAM_SCHEMA_GROUP": GROUP, "STREAM_SCHEMA": schema_name(args.schema) or ""}
    # https://keda.sh/docs/scalers/azure-event-hub
    metadata = {
        "eventHubName": hubs.events.name,
        "eventHubNamespace": hubs.namespace.name,
        "consumerGroup": pulumi.Output.from_input(name),
        "storageAccountName": store.account.name,
        "blobContainer": store.checkpoints.name,
        "checkpointStrategy": pulumi.Output.from_input("blobMetadata"),
        "unprocessedEventThreshold": pulumi.Output.from_input(str(args.events_per_replica)),
    }
    address = variables["STREAM_BROKERS"]
    return _Stream(
        variables=variables,
        rule=native.app.ScaleRuleArgs(
            name="waiting", custom=native.app.CustomScaleRuleArgs(type="azure-eventhub", metadata=metadata, identity=runs_as.id)
        ),
        ready=ready,
        events=pulumi.Output.concat(address, "/", hubs.events.name),
        results=pulumi.Output.concat(address, "/", hubs.results.name),
        letters=store.uri(store.letters),
        replay=pulumi.Output.all(hubs.host, store.account.name, store.letters.name).apply(
            lambda found: replay(found[0], found[1], found[2], by_partition=by_kafka)
        ),
    )


def _on_kafka(name: str, args: ContainerAppStreamArgs, kafka: Kafka) -> _Stream:
    """A stream on a Kafka that is given."""
    brokers = ",".join(kafka.bootstrap_servers)

    def topic(found: str) -> pulumi.Output[str]:
        return pulumi.Output.from_input(f"{brokers}/{found}")

    secrets = list(kafka_secrets(kafka, args.kafka_user, args.kafka_authority))
    return _Stream(
        variables={
            "STREAM_PROTOCOL": "kafka",
            "STREAM_LOGIN": kafka.login.value,
            "STREAM_BROKERS": brokers,
            "STREAM_EVENTS": kafka.topic,
            "STREAM_RESULTS": kafka.results_topic,
            "STREAM_DEAD_LETTERS": kafka.dead_letter_topic,
        },
        rule=kafka_rule(kafka, name, args.events_per_replica, secrets),
        ready=[],
        events=topic(kafka.topic),
        results=topic(kafka.results_topic),
        letters=topic(kafka.dead_letter_topic),
        replay=pulumi.Output.from_input(replay_topic(kafka.bootstrap_servers, kafka.topic, kafka.dead_letter_topic, name)),
    )


def _registration(args: ContainerAppStreamArgs, hubs: EventHubs) -> pulumi.Output[str]:
    schema = args.schema
    if schema is None:
        return pulumi.Output.from_input("")
    return hubs.host.apply(lambda host: register_schema(host, GROUP, schema_name(schema) or "", schema.file))
