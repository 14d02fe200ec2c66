"""A model as one container on Azure Container Instances, for development."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.access import Authentication, Exposure
from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.container import ContainerArgs
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.model import Container
from modeldeploy.spec.names import check_name
from modeldeploy.spec.operations import Environment, Operations
from modeldeploy.spec.scaling import ReplicaScaling

from . import dashboard, ids
from .addresses import allowed_ip_problems
from .alarms import YELLOW, action_group, metric_alarm
from .budget import budget
from .connection import database_grant, database_variables
from .group import group
from .hosting import artifact_problems, capture_problems, database_problems, model_uri, network_problems, reach_given, read_grants, store_diagnostics
from .identity import Role, grant, identity
from .ids import LONGEST
from .keys import customer_key, key_problems
from .logs import diagnostics, log_workspace
from .model_store import model_store, upload
from .network import attach
from .registry import host, registry, registry_problems
from .subnets import Subnet
from .tags import tag_count_problems

GROUPS = "Microsoft.ContainerInstance/containerGroups"
CHARTS = (
    dashboard.Chart("CPU use in thousandths", GROUPS, "CpuUsage", dashboard.AVERAGE),
    dashboard.Chart("Memory use in bytes", GROUPS, "MemoryUsage", dashboard.AVERAGE),
)
MOST_CPU, MOST_MEMORY = 4000, 16384
"""Of a container group in a network, in thousandths and MiB: https://learn.microsoft.com/azure/container-instances/container-instances-resource-and-quota-limits"""


class RestartPolicy(StrEnum):
    """What becomes of a container that ends."""

    ALWAYS = "Always"
    """It is started again."""
    ON_FAILURE = "OnFailure"
    """It is started again if it ended with an error."""
    NEVER = "Never"
    """It stays ended."""


@dataclass(frozen=True, kw_only=True)
class ContainerInstanceArgs(ContainerArgs):
    """Arguments of a container on Azure Container Instances, which is for development: one container, which nothing scales, releases or signs in to.

    `network.subnet_ids` are in the order that `AzureNetwork` documents; the ones for private endpoints and for container instances are used.
    `request_seconds` is told to the container as `$REQUEST_SECONDS`; nothing else ends a request.
    """

    scaling: ReplicaScaling = ReplicaScaling(minimum=1, maximum=1)
    """Always one replica."""
    environment: Environment = Environment.DEVELOPMENT
    """What the deployment is for. Production is refused; use `ContainerApp`."""
    restart_policy: RestartPolicy = RestartPolicy.ALWAYS
    """What becomes of the container when it ends. Default: it is started again."""
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

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        if self.environment is not Environment.DEVELOPMENT:
            yield Problem("environment", f"{self.environment} is refused: nothing scales or releases a container instance; use ContainerApp")
        if len(self.models) > 1:
            yield Problem("models", "are several versions; a container instance runs one, use ContainerApp for a release")
        if (self.scaling.minimum, self.scaling.maximum) != (1, 1):
            yield Problem("scaling", "is always 1 to 1 on Container Instances; leave it out, or use ContainerApp")
        if self.access.authentication is not Authentication.NONE:
            by = self.access.authentication
            yield Problem(
                "access.authentication",
                f"{by} is not offered by Container Instances; use {Authentication.NONE}, in a private network, or ContainerApp",
            )
        if self.access.exposure is not Exposure.PRIVATE:
            yield Problem("access.exposure", f"{self.access.exposure} is refused: nothing checks who calls; use ContainerApp")
        for name in ("domain", "requests_per_minute"):
            if getattr(self.access, name) is not None:
                yield Problem(f"access.{name}", "is not offered by Container Instances; leave it out, or use ContainerApp")
        if self.secrets:
            yield Problem("secrets", "are not read by Container Instances; let the container read the vault with its identity, or use ContainerApp")
        if self.compute.gpus:
            yield Problem("compute.gpus", "are not offered by Container Instances; use ContainerApp")
        for name, most in (("cpu_millis", MOST_CPU), ("memory_mib", MOST_MEMORY)):
            value: int = getattr(self.compute, name)
            if value > most:
                yield Problem(f"compute.{name}", f"{value} is not allowed; a container instance has up to {most}")
        for name in ("latency_milliseconds", "error_percent"):
            if getattr(self.operations, name) != getattr(Operations(), name):
                yield Problem(f"operations.{name}", "is measured by nobody on Container Instances; leave it out, or use ContainerApp")
        if self.operations.monthly_budget_usd is None:
            yield Problem("operations.monthly_budget_usd", "is required: no price of Container Instances is known here")
        yield from artifact_problems(self.models, self.artifact_account_id, "Container Instances")
        yield from registry_problems(self.models, self.registry_id)
        yield from key_problems(self.encryption, self.key_vault_id)
        yield from tag_count_problems(self.tags)
        yield from network_problems(self.network, [Subnet.ENDPOINTS, Subnet.INSTANCES], None)
        yield from database_problems(self.database, self.network)
        yield from capture_problems(self.operations, "Container Instances")
        yield from allowed_ip_problems(self.allowed_ips)
        if self.network.id is not None and self.network.callers:
            yield Problem("network.callers", "excludes network.id: the network given has its own security group; let the callers in there")


class ContainerInstance(pulumi.ComponentResource):
    """One container in a private network, without TLS and sign-in, encrypted at rest with the customer's key. For development only.

    It finds the artifact at `$MODEL_URI`, which its identity (`$AZURE_CLIENT_ID`) may read. Each change is another container with another address,
    with a pause in between.
    """

    url: pulumi.Output[str]
    """Where predictions are asked for, by POST, without TLS: the container's address in the network, which changes with it."""
    identity: pulumi.Output[str]
    """Object id of the container's managed identity: the principal that grants on other resources name."""
    model_version: pulumi.Output[str]
    """The version that answers."""
    logs: pulumi.Output[str]
    """Where logs are queried: the Log Analytics workspace in the portal."""
    dashboard_url: pulumi.Output[str]
    """The dashboard in the portal."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month that are counted: none, because no price of Container Instances is known here."""
    database_grant: pulumi.Output[str]
    """What an Entra administrator of the database still runs in it, so that the identity may read. Empty without a database."""
    resource_group: pulumi.Output[str]
    """Name of the resource group that everything is in."""

    def __init__(self, name: str, args: ContainerInstanceArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(ContainerInstanceArgs, args, f"ContainerInstance '{name}'")
        check_name(f"ContainerInstance '{name}'", name, LONGEST)
        super().__init__("modeldeploy:index:ContainerInstance", name, as_inputs(checked), opts)

        (model,) = checked.models
        in_group = group(name, checked.resource_group_name, checked.environment, checked.tags, self)
        key = customer_key(name, checked.encryption, checked.key_vault_id, in_group, self)
        days = checked.operations.log_retention_days
        where = attach(name, checked.network, key, days, checked.tags, in_group, self)
        workspace = log_workspace(name, days, in_group, self)
        models = model_store(name, key, where, in_group, self, checked.allowed_ips)
        images = registry(name, checked.models, checked.registry_id, where, in_group, self, checked.allowed_ips)
        reached = reach_given(name, checked.registry_id, None, checked.artifact_account_id, checked.network, where, in_group, self)

        runs_as = identity(name, in_group, self)
        permissions: list[pulumi.Resource] = [
            grant(f"{name}-pull", Role.ACR_PULL, images.id, runs_as, self),
            *read_grants(name, checked.models, models, checked.artifact_account_id, {}, None, runs_as, self),
        ]
        uploaded = [] if model.is_remote else upload(name, model, models, in_group, self)
        variables: dict[str, pulumi.Input[str]] = {
            **model.container.environment,
            "AZURE_CLIENT_ID": runs_as.client_id,
            "REQUEST_SECONDS": str(checked.request_seconds),
            "MODEL_URI": model_uri(model, models),
            "MODEL_VERSION": model.version,
            **database_variables(checked.database, runs_as),
        }
        port = model.container.port
        made = native.containerinstance.ContainerGroup(
            name,
            resource_group_name=in_group.name,
            os_type=native.containerinstance.OperatingSystemTypes.LINUX,
            sku=native.containerinstance.ContainerGroupSku.STANDARD,
            restart_policy=checked.restart_policy.value,
            identity=native.containerinstance.ContainerGroupIdentityArgs(
                type=native.containerinstance.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[runs_as.id, key.reader.id]
            ),
            subnet_ids=[native.containerinstance.ContainerGroupSubnetIdArgs(id=where.subnet(Subnet.INSTANCES))],
            ip_address=native.containerinstance.IpAddressArgs(
                type=native.containerinstance.ContainerGroupIpAddressType.PRIVATE,
                ports=[native.containerinstance.PortArgs(port=port, protocol="TCP")],
                # It has no name; left out, the SDK writes `Unsecure`.
                auto_generated_domain_name_label_scope=native.containerinstance.DnsNameLabelReusePolicy.NOREUSE,
            ),
            encryption_properties=native.containerinstance.EncryptionPropertiesArgs(
                vault_base_url=key.vault_uri, key_name=key.name, key_version=key.uri.apply(ids.last), identity=key.reader.id
            ),
            image_registry_credentials=[
                native.containerinstance.ImageRegistryCredentialArgs(server=host(model.container.image), identity=runs_as.id)
            ],
            containers=[
                native.containerinstance.ContainerArgs(
                    name="model",
                    image=model.container.image,
                    ports=[native.containerinstance.ContainerPortArgs(port=port, protocol="TCP")],
                    resources=native.containerinstance.ResourceRequirementsArgs(
                        requests=native.containerinstance.ResourceRequestsArgs(
                            cpu=checked.compute.cpu_millis / 1000, memory_in_gb=checked.compute.memory_mib / 1024
                        )
                    ),
                    environment_variables=[
                        native.containerinstance.EnvironmentVariableArgs(name=variable, value=value) for variable, value in variables.items()
                    ],
                    readiness_probe=_probe(model.container),
                    liveness_probe=_probe(model.container),
                )
            ],
            tags=in_group.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*permissions, *reached, *uploaded, models.entrance, key.access]),
        )

        hears = action_group(name, checked.operations.emails, in_group, self)
        busy = checked.compute.cpu_millis * checked.operations.utilization_percent / 100
        description = f"CPU use above {checked.operations.utilization_percent}%"
        metric_alarm(f"{name}-cpu", description, (GROUPS, "CpuUsage"), busy, YELLOW, made.id, hears, in_group, self)
        diagnostics(f"{name}-group", made.id, workspace, self, categories=("ContainerInstanceLog", "ContainerEvent"))
        store_diagnostics(name, models, key, images, workspace, self)
        shown = dashboard.dashboard(name, [dashboard.tiles(CHARTS, made.id)], in_group, self)
        budget(name, checked.operations.monthly_budget_usd or 0, checked.operations.emails, hears, in_group, self)

        address = made.ip_address.apply(lambda found: (found.ip if found else None) or "")
        self.url = pulumi.Output.concat("http://", address, f":{port}{model.container.predict_path}")
        self.identity = runs_as.principal_id
        self.model_version = pulumi.Output.from_input(model.version)
        self.logs = pulumi.Output.concat("https://portal.azure.com/#resource", workspace.id, "/logs")
        self.dashboard_url = dashboard.url(shown)
        self.monthly_cost = pulumi.Output.from_input(0.0)
        self.database_grant = database_grant(checked.database, runs_as)
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
                "resource_group": self.resource_group,
            }
        )


def _probe(container: Container) -> "native.containerinstance.ContainerProbeArgs":
    """Every ten seconds; two minutes to load the model."""
    return native.containerinstance.ContainerProbeArgs(
        http_get=native.containerinstance.ContainerHttpGetArgs(path=container.health_path, port=container.port, scheme="http"),
        initial_delay_seconds=10,
        period_seconds=10,
        timeout_seconds=5,
        failure_threshold=12,
    )
