"""A model as a container on Azure Container Apps."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.access import Exposure
from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.container import ContainerArgs
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.names import check_name
from modeldeploy.spec.rollout import served_version, shares

from . import dashboard, ids
from .addresses import allowed_ip_problems
from .alarms import action_group, app_alarms
from .api_management import api_management, operations
from .apps import Image, Running, http_rule, own_name, release
from .budget import budget
from .connection import database_grant, database_variables
from .container_environment import CONSUMPTION, Size, container_environment, size, size_problems
from .entra import sign_in
from .front import front
from .group import group
from .hosting import (
    access_problems,
    artifact_problems,
    capture_problems,
    database_problems,
    domain_problems,
    network_problems,
    reach_given,
    read_grants,
    store_diagnostics,
    vault_problems,
)
from .identity import Role, grant, identity
from .ids import LONGEST
from .keys import customer_key, key_problems
from .logs import log_workspace
from .model_store import model_store
from .network import attach
from .rates import app_cost, is_priced
from .registry import registry, registry_problems
from .subnets import Subnet
from .tags import tag_count_problems


@dataclass(frozen=True, kw_only=True)
class QueueScaling:
    """Replicas by the messages that wait in a queue of Azure Storage, which the model's container takes."""

    queue_id: pulumi.Input[str]
    """ARM id of the queue (`.../storageAccounts/<account>/queueServices/default/queues/<queue>`). The deployment may read, take and add messages."""
    messages_per_replica: int = 5
    """Messages that one replica is meant to work on, 1 to 1000."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if isinstance(self.queue_id, str) and not (ids.RESOURCE_ID.fullmatch(self.queue_id) and "/queues/" in self.queue_id):
            yield Problem("queue_id", f"'{self.queue_id}' is no ARM id of a queue; write /subscriptions/.../queueServices/default/queues/<name>")
        if not 1 <= self.messages_per_replica <= 1000:
            yield Problem("messages_per_replica", f"{self.messages_per_replica} is not allowed; use 1 to 1000")


@dataclass(frozen=True, kw_only=True)
class EventHubScaling:
    """Replicas by the events of an event hub that the model's container has not read yet."""

    event_hub_id: pulumi.Input[str]
    """ARM id of the event hub (`.../namespaces/<namespace>/eventhubs/<hub>`). The deployment may read its events."""
    checkpoints_id: pulumi.Input[str]
    """ARM id of the blob container with the reader's checkpoints (`.../blobServices/default/containers/<name>`), which the deployment may write."""
    consumer_group: str = "$Default"
    """The reader's consumer group."""
    events_per_replica: int = 64
    """Events that one replica is meant to work on, 1 to 10000."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        for name, part in (("event_hub_id", "/eventhubs/"), ("checkpoints_id", "/containers/")):
            value: pulumi.Input[str] = getattr(self, name)
            if isinstance(value, str) and not (ids.RESOURCE_ID.fullmatch(value) and part in value.lower()):
                yield Problem(name, f"'{value}' is no ARM id with {part}<name>")
        if not 1 <= self.events_per_replica <= 10_000:
            yield Problem("events_per_replica", f"{self.events_per_replica} is not allowed; use 1 to 10000")


@dataclass(frozen=True, kw_only=True)
class ContainerAppArgs(ContainerArgs):
    """Arguments of a container on Azure Container Apps.

    `network.subnet_ids` are in the order that `AzureNetwork` documents; the ones for private endpoints and for Container Apps are used, with
    `access.exposure: public` also the one for an application gateway. `request_seconds` is told to the container as `$REQUEST_SECONDS`, is the time
    that a replica has to end its work, and ends requests at the gateway and in API Management; Container Apps itself ends them at 240.
    """

    application_id: str | None = None
    """Client id of the Entra application that stands for the service: callers ask for tokens for `api://<application_id>`. Required unless
    `access.authentication` is `none`: Azure's own sign-in checks tokens for an application, and only a directory's administrators make one."""
    api_management_id: pulumi.Input[str] | None = None
    """ARM id of the API Management, joined to the network and with a system-assigned identity, that checks tokens or keys. Required with
    `access.authentication` `jwt` or `api-key`, and only then. It stays as open to the internet as it is."""
    container_environment_id: pulumi.Input[str] | None = None
    """ARM id of an environment to use, such as the `environment_id` of another `ContainerApp`: one subnet holds one environment. It must be internal,
    with logs to Azure Monitor, and have the kind of machine. Omitted: one is made."""
    start_seconds: int = 120
    """Seconds that a replica has to load the model before it is given up, 10 to 2400."""
    concurrent_requests: int = 10
    """Requests at the same time in one replica above which replicas are added, 1 to 1000."""
    target_cpu_percent: int | None = None
    """CPU use above which replicas are added as well, 10 to 90. Default: not by CPU. Needs `scaling.minimum` of 1 or more."""
    queues: list[QueueScaling] = field(default_factory=list[QueueScaling])
    """Queues whose messages add replicas as well. Default: none."""
    event_hubs: list[EventHubScaling] = field(default_factory=list[EventHubScaling])
    """Event hubs whose events add replicas as well. Default: none."""
    most_machines: int = 10
    """Machines at most, 3 to 100, where `compute` needs machines of its own (more than 4 CPUs or 8 GiB)."""
    encrypt_disks: bool = False
    """Whether scratch disks of the environment are encrypted with the customer's key, which Azure has in preview. Default: with Azure's key."""
    secrets_vault_id: pulumi.Input[str] | None = None
    """ARM id of the vault that `secrets` and `access.domain.certificate` are in, because Azure grants access by it. Required with them, and only
    then."""
    artifact_account_id: pulumi.Input[str] | None = None
    """ARM id of the storage account that artifacts at `https://` are in, because Azure grants access by it. Required with them, and only then."""
    registry_id: pulumi.Input[str] | None = None
    """ARM id of the Azure registry that the images are in. Omitted: a private one is made, under the name that the images carry
    (`<registry>.azurecr.io/...`); push the image when it is there, then deploy again."""
    key_vault_id: pulumi.Input[str] | None = None
    """ARM id of the vault that holds `encryption.key`, because Azure grants access to a key by its ARM id. Required with it, and only then."""
    resource_group_name: pulumi.Input[str] | None = None
    """Name of an existing resource group to use. Omitted: one is made."""
    allowed_ips: list[str] = field(default_factory=list[str])
    """Public IPv4 addresses, or ranges of /16 to /30, of the machines that run Pulumi and push images, when they are outside the network. Default:
    none; local artifacts are uploaded through the private endpoint, so Pulumi runs inside the network."""

    @property
    def is_public(self) -> bool:
        """Whether the internet may call."""
        return self.access.exposure is Exposure.PUBLIC

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from artifact_problems(self.models, self.artifact_account_id, "Container Apps")
        yield from registry_problems(self.models, self.registry_id)
        yield from size_problems(self.compute)
        yield from key_problems(self.encryption, self.key_vault_id)
        yield from tag_count_problems(self.tags)
        yield from access_problems(self.access, self.network, self.application_id, self.api_management_id)
        yield from domain_problems(self.access, self.container_environment_id)
        yield from vault_problems(self.secrets, self.access, self.secrets_vault_id)
        yield from network_problems(self.network, needed_subnets(self), self.container_environment_id)
        yield from database_problems(self.database, self.network)
        yield from capture_problems(self.operations, "Container Apps")
        yield from allowed_ip_problems(self.allowed_ips)
        limits = (
            ("start_seconds", 10, 2400),
            ("concurrent_requests", 1, 1000),
            ("most_machines", 3, 100),
        )
        for name, low, high in limits:
            value: int = getattr(self, name)
            if not low <= value <= high:
                yield Problem(name, f"{value} is not allowed; use {low} to {high}")
        if self.target_cpu_percent is not None and not 10 <= self.target_cpu_percent <= 90:
            yield Problem("target_cpu_percent", f"{self.target_cpu_percent} is not allowed; use 10 to 90")
        if self.target_cpu_percent is not None and self.scaling.minimum == 0:
            yield Problem("target_cpu_percent", "needs a replica that runs: use scaling.minimum 1 or more, or leave it out")
        if self.scaling.maximum > 1000:
            yield Problem("scaling.maximum", f"{self.scaling.maximum} is not allowed; Container Apps has up to 1000 replicas")
        chosen = size(self.compute)
        if chosen is not None and not is_priced(chosen) and self.operations.monthly_budget_usd is None:
            yield Problem(
                "operations.monthly_budget_usd", f"is required with a machine of the kind {chosen.profile.name}, whose price is not known here"
            )
        if self.encrypt_disks and self.container_environment_id is not None:
            yield Problem("encrypt_disks", "has no effect on the environment that container_environment_id names; leave it out")


def needed_subnets(args: ContainerAppArgs) -> list[Subnet]:
    """The subnets that a deployment uses."""
    own = [Subnet.APPS] if args.container_environment_id is None else []
    return [Subnet.ENDPOINTS, *own, *([Subnet.GATEWAY] if args.access.exposure is Exposure.PUBLIC else [])]


class ContainerApp(pulumi.ComponentResource):
    """A private, autoscaled container on Azure Container Apps: one app for each version of the model, and a route that shares requests.

    The container finds the artifact at `$MODEL_URI`, which its identity (`$AZURE_CLIENT_ID`) may read. Callers authenticate with an Entra token for
    `api://<application_id>`, unless `access.authentication` says otherwise.

    Azure keeps the redundancy that storage, registry and environment were made with, so `environment` stays what it was at the first deployment.
    """

    url: pulumi.Output[str]
    """Where predictions are asked for, by POST. It resolves in the network, unless access is public."""
    identity: pulumi.Output[str]
    """Object id of the deployment's managed identity: the principal that grants on other resources name."""
    model_version: pulumi.Output[str]
    """The version that answers most requests."""
    logs: pulumi.Output[str]
    """Where logs are queried: the Log Analytics workspace in the portal."""
    dashboard_url: pulumi.Output[str]
    """The dashboard in the portal."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month for the replicas of all versions at the minimum, as if they were always busy, at the prices in `rates`. Dedicated machines,
    GPUs, requests, gateway, private endpoints, registry and logs are not counted."""
    database_grant: pulumi.Output[str]
    """What an Entra administrator of the database still runs in it, so that the identity may read. Empty without a database."""
    dns_target: pulumi.Output[str]
    """The address that a record for `access.domain` must point to. Empty without a domain."""
    environment_id: pulumi.Output[str]
    """ARM id of the Container Apps environment, for other deployments in it."""
    resource_group: pulumi.Output[str]
    """Name of the resource group that everything is in."""

    def __init__(self, name: str, args: ContainerAppArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(ContainerAppArgs, args, f"ContainerApp '{name}'")
        check_name(f"ContainerApp '{name}'", name, LONGEST)
        super().__init__("modeldeploy:index:ContainerApp", name, as_inputs(checked), opts)

        in_group = group(name, checked.resource_group_name, checked.environment, checked.tags, self)
        key = customer_key(name, checked.encryption, checked.key_vault_id, in_group, self)
        days = checked.operations.log_retention_days
        where = attach(name, checked.network, key, days, checked.tags, in_group, self, internet=checked.is_public)
        workspace = log_workspace(name, days, in_group, self)
        models = model_store(name, key, where, in_group, self, checked.allowed_ips)
        images = registry(name, checked.models, checked.registry_id, where, in_group, self, checked.allowed_ips)
        reached = reach_given(
            name, checked.registry_id, checked.secrets_vault_id, checked.artifact_account_id, checked.network, where, in_group, self
        )

        runs_as = identity(name, in_group, self)
        permissions: list[pulumi.Resource] = [
            grant(f"{name}-pull", Role.ACR_PULL, images.id, runs_as, self),
            *read_grants(name, checked.models, models, checked.artifact_account_id, checked.secrets, checked.secrets_vault_id, runs_as, self),
            *_scaler_grants(name, checked, runs_as, self),
        ]
        named = own_name(name, checked.access, checked.secrets_vault_id, in_group, self)
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
            encrypt_disks=checked.encrypt_disks,
            reads_certificates=None if named is None else named.reader,
        )

        running = Running(
            environment=environment,
            identity=runs_as,
            size=chosen,
            minimum=checked.scaling.minimum,
            maximum=checked.scaling.maximum,
            rules=_rules(checked, runs_as),
            variables={
                "AZURE_CLIENT_ID": runs_as.client_id,
                "REQUEST_SECONDS": str(checked.request_seconds),
                **database_variables(checked.database, runs_as),
            },
            secrets=checked.secrets,
            request_seconds=checked.request_seconds,
            start_seconds=checked.start_seconds,
            ready=[*permissions, *reached],
        )
        service = api_management(checked.api_management_id, self) if checked.api_management_id is not None else None
        tokens = sign_in(checked.application_id, checked.access.callers, service, runs_as)
        versions = [Image(model, model.container) for model in checked.models]
        released = release(name, versions, shares(checked.models, checked.rollout), running, tokens, models, in_group, self, named)
        served = next(model for model in checked.models if model.version == served_version(checked.models, checked.rollout))
        entrance = front(
            name,
            checked.access,
            checked.application_id,
            service,
            checked.secrets_vault_id,
            released.host if named is None else named.domain.hostname,
            operations(served.container),
            checked.request_seconds,
            where,
            workspace,
            in_group,
            self,
            after=[released.route, *reached],
        )

        hears = action_group(name, checked.operations.emails, in_group, self)
        app_alarms(name, checked.operations, released.apps, hears, workspace, in_group, self)
        store_diagnostics(name, models, key, images, workspace, self)
        rows = [dashboard.tiles(dashboard.APP_CHARTS, made.id, f", version {version}") for version, made in released.apps.items()]
        shown = dashboard.dashboard(name, rows, in_group, self)
        budget(name, _budget(checked, chosen), checked.operations.emails, hears, in_group, self)

        self.url = entrance.url(served.container.predict_path)
        self.identity = runs_as.principal_id
        self.model_version = pulumi.Output.from_input(served.version)
        self.logs = pulumi.Output.concat("https://portal.azure.com/#resource", workspace.id, "/logs")
        self.dashboard_url = dashboard.url(shown)
        self.monthly_cost = pulumi.Output.from_input(app_cost(chosen, checked.scaling.minimum * len(checked.models)))
        self.database_grant = database_grant(checked.database, runs_as)
        self.dns_target = entrance.address if named is None else environment.static_ip
        self.environment_id = environment.id
        self.resource_group = in_group.name
        self.register_outputs(
            {
                "url": self.url,
                "identity": self.identity,
                "model_version": self.model_version,
                "logs": self.logs,
                "dashboard_url": self.dashboard_url,
                "monthly_cost": self.monthly_cost,
                "database_grant": self.database_grant,
                "dns_target": self.dns_target,
                "environment_id": self.environment_id,
                "resource_group": self.resource_group,
            }
        )


def _rules(args: ContainerAppArgs, runs_as: "native.managedidentity.UserAssignedIdentity") -> "list[native.app.ScaleRuleArgs]":
    """What adds replicas: requests, and what else the arguments say. https://learn.microsoft.com/azure/container-apps/scale-app"""
    rules = [http_rule(args.concurrent_requests)]
    if args.target_cpu_percent is not None:
        metadata = {"type": "Utilization", "value": str(args.target_cpu_percent)}
        rules.append(native.app.ScaleRuleArgs(name="cpu", custom=native.app.CustomScaleRuleArgs(type="cpu", metadata=metadata)))
    for index, queue in enumerate(args.queues):
        rules.append(
            native.app.ScaleRuleArgs(
                name=f"queue-{index}",
                azure_queue=native.app.QueueScaleRuleArgs(
                    account_name=ids.lift(lambda found: ids.segment(found, "storageAccounts"), queue.queue_id),
                    queue_name=ids.lift(ids.last, queue.queue_id),
                    queue_length=queue.messages_per_replica,
                    identity=runs_as.id,
                ),
            )
        )
    for index, hub in enumerate(args.event_hubs):
        # https://keda.sh/docs/scalers/azure-event-hub
        metadata = {
            "eventHubName": ids.lift(ids.last, hub.event_hub_id),
            "eventHubNamespace": ids.lift(lambda found: ids.segment(found, "namespaces"), hub.event_hub_id),
            "consumerGroup": pulumi.Output.from_input(hub.consumer_group),
            "storageAccountName": ids.lift(lambda found: ids.segment(found, "storageAccounts"), hub.checkpoints_id),
            "blobContainer": ids.lift(ids.last, hub.checkpoints_id),
            "checkpointStrategy": pulumi.Output.from_input("blobMetadata"),
            "unprocessedEventThreshold": pulumi.Output.from_input(str(hub.events_per_replica)),
        }
        rules.append(
            native.app.ScaleRuleArgs(
                name=f"events-{index}", custom=native.app.CustomScaleRuleArgs(type="azure-eventhub", metadata=metadata, identity=runs_as.id)
            )
        )
    return rules


def _scaler_grants(
    name: str, args: ContainerAppArgs, runs_as: "native.managedidentity.UserAssignedIdentity", parent: pulumi.Resource
) -> list[pulumi.Resource]:
    """What the deployment, and what counts for it, may do with queues and event hubs."""
    grants: list[pulumi.Resource] = []
    for index, queue in enumerate(args.queues):
        grants.append(grant(f"{name}-queue-{index}", Role.QUEUE_CONTRIBUTOR, queue.queue_id, runs_as, parent))
    for index, hub in enumerate(args.event_hubs):
        grants.append(grant(f"{name}-events-{index}", Role.EVENT_HUB_RECEIVER, hub.event_hub_id, runs_as, parent))
        grants.append(grant(f"{name}-checkpoints-{index}", Role.BLOB_CONTRIBUTOR, hub.checkpoints_id, runs_as, parent))
    return grants


def _budget(args: ContainerAppArgs, chosen: Size) -> float:
    """The budget given, or what the replicas cost when every version is at its maximum."""
    if args.operations.monthly_budget_usd is not None:
        return args.operations.monthly_budget_usd
    return app_cost(chosen, args.scaling.maximum * len(args.models))
