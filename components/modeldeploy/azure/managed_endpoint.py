"""A model behind an Azure ML managed online endpoint."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.access import Exposure
from modeldeploy.spec.arguments import Problem, parse, unknown_name
from modeldeploy.spec.compute import HOURS_PER_MONTH, InstanceType, choice_problems, choose
from modeldeploy.spec.database import DatabaseConnection
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.managed_endpoint import ManagedEndpointArgs
from modeldeploy.spec.model import Model, remote_problems
from modeldeploy.spec.names import check_name
from modeldeploy.spec.rollout import Shadow, served_version, shares

from . import dashboard, ids, instances
from .addresses import allowed_ip_problems, caller_problems
from .alarms import action_group, cpu_alarm, endpoint_alarms
from .budget import budget
from .busy_times import BusyTime, busy_problems
from .conda import PACKAGE_HOSTS, PREDICT_PATH, CondaEnvironment, conda_problems, image_builder
from .connection import database_grant, database_variables
from .deployments import CAPTURED, COMPARED, Serving, autoscale, deployment, deployment_name, scaling_problems
from .drift import DriftMonitor, drift_monitor, drift_problems
from .endpoint_callers import callers
from .group import group
from .identity import Role, grant, identity
from .ids import LONGEST
from .keys import customer_key, key_problems
from .logs import diagnostics, logs
from .model_registry import model_registry_problems, registry_destinations
from .model_store import model_store
from .network import attach
from .private_link import Service
from .registry import registry, registry_problems
from .tags import tag_count_problems
from .traffic import traffic
from .workspace import Destination, workspace

LONGEST_TIMEOUT = 180
"""Seconds a request may take at most: https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas#azure-machine-learning-online-endpoints-and-batch-endpoints"""


MOST_COPIED = 50
"""Percent of the requests: https://learn.microsoft.com/azure/machine-learning/how-to-safely-rollout-online-endpoints#test-the-deployment-with-mirrored-traffic"""


@dataclass(frozen=True, kw_only=True)
class AzureMLEndpointArgs(ManagedEndpointArgs):
    """Arguments of a managed endpoint on Azure ML."""

    registry_id: pulumi.Input[str] | None = None
    """ARM id of the Azure registry that the images are in. Omitted: a private one is made, under the name that the images carry
    (`<registry>.azurecr.io/...`); push the image when it is there, then deploy again."""
    key_vault_id: pulumi.Input[str] | None = None
    """ARM id of the vault that holds `encryption.key`, because Azure grants access to a key by its ARM id. Required with it, and only then."""
    resource_group_name: pulumi.Input[str] | None = None
    """Name of an existing resource group to use. Omitted: one is made."""
    shadow: Shadow | None = None
    """A version that is tried with copies of the requests, at most 50 percent of them, before any caller gets its answers. It gets none of its own
    then. Azure counts copies as traffic of the endpoint. Default: none."""
    busy_times: list[BusyTime] = field(default_factory=list[BusyTime])
    """Hours of the week in which there are more replicas at least, besides those that the CPU use asks for. Default: none."""
    key_authentication: bool = False
    """Let callers show one of the endpoint's two keys instead of a token of Entra: for those that cannot get one. Whoever is in `access.callers` may
    read the keys (`az ml online-endpoint get-credentials`); they do not expire, and the policy pack reports it. A change makes a new endpoint."""
    drift: DriftMonitor | None = None
    """Compares what the version that answers most requests is asked, and answers, with what it was, on a schedule, and writes to `operations.emails`.
    Needs `operations.capture_percent`. Default: none."""
    conda: dict[str, CondaEnvironment] = field(default_factory=dict[str, CondaEnvironment])
    """Packages by version of the model, for those that bring no server: Azure ML installs them on `container.image`. Default: none, the image has
    all that is needed."""
    package_hosts: list[str] | None = None
    """Hosts that the packages of `conda` come from, `*.` for all below one. Each is opened in a firewall that Azure puts into the workspace's
    network, and charges for. Omitted: PyPI and Anaconda. An empty list: none, for packages from a feed in the network."""
    model_registry_id: pulumi.Input[str] | None = None
    """ARM id of the Azure ML registry that models at `azureml://registries/` are in. Required with them, and only then."""
    model_registry_storage_id: pulumi.Input[str] | None = None
    """ARM id of the storage account that the registry keeps its models in (in the resource group `azureml-rg-<registry>_...`). Required with
    `model_registry_id`."""
    concurrent_requests: int = 8
    """Requests that one replica takes at a time, 1 to 1000; more are answered with 429. As many as the container has workers. Default: 8."""
    timeout_seconds: int = 30
    """Seconds after which a request is given up, 1 to 180. Default: 30."""
    allowed_ips: list[str] = field(default_factory=list[str])
    """Public IPv4 addresses, or ranges of /16 to /30, of the machines that run Pulumi and push images, when they are outside the network. Default:
    none; local artifacts are uploaded through the private endpoint, so Pulumi runs inside the network."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from remote_problems(self.models, ("azureml", "https"), "Azure ML")
        yield from registry_problems(self.models, self.registry_id)
        yield from choice_problems(self.compute, instances.CATALOGUE, instances.SERVICE)
        yield from scaling_problems(self.scaling)
        yield from busy_problems(self.busy_times, self.scaling)
        yield from self._shadow_problems()
        yield from drift_problems(self.drift, self.operations)
        yield from conda_problems(self.conda, self.models, self.package_hosts, self.drift is not None)
        yield from model_registry_problems(self.models, self.model_registry_id, self.model_registry_storage_id)
        yield from key_problems(self.encryption, self.key_vault_id)
        yield from tag_count_problems(self.tags)
        if self.network.id is not None and self.network.callers:
            yield Problem("network.callers", "excludes network.id: the network given has its own security group; let the callers in there")
        yield from caller_problems(self.access.callers)
        yield from allowed_ip_problems(self.allowed_ips)
        if not 1 <= self.concurrent_requests <= 1000:
            yield Problem("concurrent_requests", f"{self.concurrent_requests} is not allowed; use 1 to 1000")
        if not 1 <= self.timeout_seconds <= LONGEST_TIMEOUT:
            yield Problem("timeout_seconds", f"{self.timeout_seconds} is not allowed; use 1 to {LONGEST_TIMEOUT}")

    @property
    def answering(self) -> list[Model]:
        """The versions whose answers callers get."""
        return [model for model in self.models if self.shadow is None or model.version != self.shadow.version]

    def _shadow_problems(self) -> Iterator[Problem]:
        if self.shadow is None:
            return
        version, versions = self.shadow.version, [model.version for model in self.models]
        if version not in versions:
            yield Problem("shadow.version", unknown_name(version, versions))
        elif not self.answering:
            yield Problem("shadow", f"needs a version in models that answers, beside '{version}'")
        if self.shadow.percent > MOST_COPIED:
            yield Problem("shadow.percent", f"{self.shadow.percent} is not allowed; Azure copies {MOST_COPIED} percent at most")
        if self.rollout.traffic.get(version):
            yield Problem(
                f"rollout.traffic.{version}", "excludes shadow: the version gets copies of requests and none of its own; give one of the two"
            )


class AzureMLEndpoint(pulumi.ComponentResource):
    """A private, encrypted, autoscaled endpoint on Azure ML, with one deployment for each version of the model.

    The container finds the artifact in `$AZUREML_MODEL_DIR/model` (a remote one under the last part of its path, one of a registry under the path
    that it was registered with), its identity in `AZURE_CLIENT_ID`.
    Callers authenticate with an Entra token for https://ml.azure.com, or a key.

    Azure keeps the redundancy that storage and registry were made with, so `environment` stays what it was at the first deployment.
    """

    url: pulumi.Output[str]
    """Where predictions are asked for, by POST. It resolves in the network, unless access is public."""
    identity: pulumi.Output[str]
    """Object id of the deployments' managed identity: the principal that grants on other resources name."""
    model_version: pulumi.Output[str]
    """The version that answers most requests."""
    logs: pulumi.Output[str]
    """Where logs are queried: the Log Analytics workspace in the portal."""
    dashboard_url: pulumi.Output[str]
    """The dashboard in the portal."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month for the machines of all versions at the minimum of replicas, at the prices in `instances`. Private endpoints, registry,
    logs, traffic, runs of a monitor, and the firewall for `package_hosts` are not counted."""
    database_grant: pulumi.Output[str]
    """What an Entra administrator of the database still runs in it, so that the identity may read. Empty without a database."""
    endpoint_id: pulumi.Output[str]
    """ARM id of the online endpoint, for roles and alarms of your own."""
    workspace_id: pulumi.Output[str]
    """ARM id of the Azure ML workspace."""
    resource_group: pulumi.Output[str]
    """Name of the resource group that everything is in."""

    def __init__(self, name: str, args: AzureMLEndpointArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(AzureMLEndpointArgs, args, f"AzureMLEndpoint '{name}'")
        check_name(f"AzureMLEndpoint '{name}'", name, LONGEST)
        super().__init__("modeldeploy:index:AzureMLEndpoint", name, as_inputs(checked), opts)

        in_group = group(name, checked.resource_group_name, checked.environment, checked.tags, self)
        key = customer_key(name, checked.encryption, checked.key_vault_id, in_group, self)
        where = attach(name, checked.network, key, checked.operations.log_retention_days, checked.tags, in_group, self)
        watched = logs(name, checked.operations.log_retention_days, in_group, self)
        models = model_store(name, key, where, in_group, self, checked.allowed_ips)
        images = registry(name, checked.models, checked.registry_id, where, in_group, self, checked.allowed_ips)
        machine_learning = workspace(
            name,
            key,
            models,
            images,
            watched,
            {**_destinations(checked.database), **registry_destinations(checked.model_registry_id, checked.model_registry_storage_id)},
            where,
            in_group,
            self,
            runs_spark=checked.drift is not None,
            builds_images=bool(checked.conda),
        )

        runs_as = identity(name, in_group, self)
        permissions: list[pulumi.Resource] = [
            grant(f"{name}-pull", Role.ACR_PULL, images.id, runs_as, self),
            grant(f"{name}-read", Role.BLOB_READER, models.container.id, runs_as, self),
            grant(f"{name}-metrics", Role.METRICS_WRITER, machine_learning.resource.id, runs_as, self),
        ]
        if checked.operations.capture_percent:
            permissions.append(grant(f"{name}-capture", Role.BLOB_CONTRIBUTOR, machine_learning.storage.id, runs_as, self))
        if checked.model_registry_id is not None:
            permissions.append(grant(f"{name}-model-registry", Role.READER, checked.model_registry_id, runs_as, self))
        hosts = PACKAGE_HOSTS if checked.package_hosts is None else checked.package_hosts
        builders = image_builder(name, hosts, machine_learning, in_group, self) if checked.conda else []
        auth_mode = "Key" if checked.key_authentication else "AADToken"
        public = "Enabled" if checked.access.exposure is Exposure.PUBLIC else "Disabled"
        endpoint = native.machinelearningservices.OnlineEndpoint(
            name,
            resource_group_name=in_group.name,
            workspace_name=machine_learning.resource.name,
            endpoint_name=ids.unique(name, in_group.id, 32),
            kind="Managed",
            identity=native.machinelearningservices.ManagedServiceIdentityArgs(type="UserAssigned", user_assigned_identities=[runs_as.id]),
            properties=native.machinelearningservices.OnlineEndpointPropertiesArgs(auth_mode=auth_mode, public_network_access=public),
            tags=in_group.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*permissions, *machine_learning.ready],
                # Written with the traffic (docs/adr/0005-azure-ml-traffic.md): a PUT without it would take all traffic away.
                ignore_changes=["tags", "properties.traffic", "properties.mirrorTraffic"],
                # Azure refuses to change them.
                replace_on_changes=["identity", "properties.authMode"],
            ),
        )

        machine = choose(checked.compute, instances.CATALOGUE)
        hears = action_group(name, checked.operations.emails, in_group, self)
        serving = Serving(
            endpoint=endpoint,
            identity=runs_as,
            instance_type=machine.name,
            scaling=checked.scaling,
            concurrent_requests=checked.concurrent_requests,
            timeout_seconds=checked.timeout_seconds,
            capture_percent=checked.operations.capture_percent,
            variables=_variables(checked, runs_as),
            collections=CAPTURED if checked.drift is None else COMPARED,
            conda=checked.conda,
            builders=builders,
            ready=permissions,
        )
        made = {model.version: deployment(name, model, serving, models, machine_learning, in_group, self) for model in checked.models}
        deployments = {version: each.resource for version, each in made.items()}
        for version, deployed in deployments.items():
            if checked.scaling.is_automatic:
                autoscale(f"{name}-{version}", deployed, checked.scaling, checked.busy_times, in_group, self)
            cpu_alarm(f"{name}-{version}-cpu", checked.operations, deployed, hears, in_group, self)
        percent = {deployment_name(version, machine.name): share for version, share in shares(checked.answering, checked.rollout).items()}
        copies = {} if checked.shadow is None else {deployment_name(checked.shadow.version, machine.name): checked.shadow.percent}
        traffic(
            name,
            percent,
            copies,
            endpoint,
            machine_learning.resource,
            runs_as,
            auth_mode,
            public,
            in_group,
            self,
            after=list(deployments.values()),
        )

        served = next(model for model in checked.models if model.version == served_version(checked.answering, checked.rollout))
        if checked.drift is not None:
            drift_monitor(name, checked.drift, checked.operations.emails, made[served.version], models, machine_learning, in_group, self)
        callers(name, checked.access.callers, checked.key_authentication, endpoint, in_group, self)
        endpoint_alarms(name, checked.operations, endpoint, hears, watched, in_group, self)
        diagnostics(
            f"{name}-endpoint",
            endpoint.id,
            watched.workspace,
            self,
            categories=("AmlOnlineEndpointTrafficLog", "AmlOnlineEndpointConsoleLog", "AmlOnlineEndpointEventLog"),
        )
        diagnostics(f"{name}-workspace", machine_learning.resource.id, watched.workspace, self, groups=("allLogs",))
        diagnostics(
            f"{name}-models",
            pulumi.Output.concat(models.account.id, "/blobServices/default"),
            watched.workspace,
            self,
            categories=("StorageRead", "StorageWrite", "StorageDelete"),
        )
        if key.vault is not None:
            diagnostics(f"{name}-keys", key.vault.id, watched.workspace, self, categories=("AuditEvent",))
        if images.made is not None:
            diagnostics(f"{name}-registry", images.made.id, watched.workspace, self, groups=("allLogs",))
        shown = dashboard.dashboard(name, dashboard.endpoint_rows(endpoint, deployments), in_group, self)
        budget(name, _budget(checked, machine), checked.operations.emails, hears, in_group, self)

        path = PREDICT_PATH if served.version in checked.conda else served.container.predict_path
        self.url = endpoint.properties.apply(lambda made: address(made.scoring_uri, path))
        self.identity = runs_as.principal_id
        self.model_version = pulumi.Output.from_input(served.version)
        self.logs = watched.url
        self.dashboard_url = dashboard.url(shown)
        self.monthly_cost = pulumi.Output.from_input(cost(machine, checked.scaling.minimum, len(checked.models)))
        self.database_grant = database_grant(checked.database, runs_as)
        self.endpoint_id = endpoint.id
        self.workspace_id = machine_learning.resource.id
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
                "endpoint_id": self.endpoint_id,
                "workspace_id": self.workspace_id,
                "resource_group": self.resource_group,
            }
        )


def address(scoring_uri: str, predict_path: str) -> str:
    """Where predictions are asked for: `scoring_uri` tells the host, and Azure ML passes the path on to the container."""
    scheme, _, rest = scoring_uri.partition("://")
    return f"{scheme}://{rest.split('/')[0]}{predict_path}"


def cost(machine: InstanceType, replicas: int, versions: int) -> float:
    """US dollars a month for the machines."""
    return round(machine.hourly_usd * HOURS_PER_MONTH * replicas * versions, 2)


def _destinations(database: DatabaseConnection | None) -> dict[str, Destination]:
    """Private resources besides the workspace's own that deployments reach. A database is reached at its server."""
    if database is None:
        return {}
    return {"database": Destination(Service.SQL_SERVER, ids.lift(ids.parent, database.id))}


def _variables(args: AzureMLEndpointArgs, runs_as: native.managedidentity.UserAssignedIdentity) -> dict[str, pulumi.Input[str]]:
    """What every container finds in its environment."""
    collects: dict[str, pulumi.Input[str]] = {} if args.drift is None else {"COLLECT_MODEL_DATA": "1"}
    return {"AZURE_CLIENT_ID": runs_as.client_id, **collects, **database_variables(args.database, runs_as)}


def _budget(args: AzureMLEndpointArgs, machine: InstanceType) -> float:
    """The budget given, or what the machines cost when every version is at its maximum."""
    if args.operations.monthly_budget_usd is not None:
        return args.operations.monthly_budget_usd
    return cost(machine, args.scaling.maximum, len(args.models))
