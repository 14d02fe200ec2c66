"""A pool of Azure Batch, for batches that need spare machines, GPUs or more tasks at a time than Container Apps runs."""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.compute import Compute, InstanceType, choice_problems, choose
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.names import check_name

from . import dashboard, ids
from .alarms import RED, YELLOW, action_group, metric_alarm
from .batch_jobs import Runs, script
from .budget import budget
from .connection import database_grant
from .dashboard import TOTAL, Chart, tiles
from .identity import Role, grant_to
from .ids import LONGEST
from .instances import CATALOGUE
from .keys import vault
from .logs import diagnostics
from .private_link import Service, private_endpoint
from .registry import host
from .subnets import Subnet, subnet_problems
from .task_base import IDLE_USD, AzureTaskArgs, Surroundings, surroundings

MACHINES = tuple(each for each in CATALOGUE if not each.name.startswith("Standard_DS"))
"""Azure Batch has every machine but those of premium storage of old: https://learn.microsoft.com/azure/batch/batch-pool-vm-sizes"""
MOST_MACHINES = 200
"""Machines that a subnet of 251 addresses has room for beside others."""
PUBLISHER, OFFER, SKU = "microsoft-dsvm", "ubuntu-hpc", "2404"
AGENT = "batch.node.ubuntu 24.04"
"""Azure's image with Docker and the drivers of GPUs: https://learn.microsoft.com/azure/batch/batch-docker-container-workloads#linux-support"""
ACCOUNTS = "Microsoft.Batch/batchAccounts"
CHARTS = (
    Chart("Tasks started", ACCOUNTS, "TaskStartEvent", TOTAL),
    Chart("Tasks that failed", ACCOUNTS, "TaskFailEvent", TOTAL),
    Chart("Dedicated machines", ACCOUNTS, "TotalNodeCount", TOTAL),
    Chart("Spare machines", ACCOUNTS, "TotalLowPriorityNodeCount", TOTAL),
)
"""https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/microsoft-batch-batchaccounts-metrics"""


@dataclass(frozen=True, kw_only=True)
class AzureBatchPoolArgs(AzureTaskArgs):
    """Arguments of a pool of Azure Batch, whose machines each run one task at a time; there are none while nothing is to be done.

    Azure's management API makes accounts and pools, but no jobs: these go in by the account's own API, in the network. So `schedule` is refused, and
    output `start` is a script. `secrets` are refused too: tasks read them from their vault with their identity. `network.subnet_ids` are in the order
    that `AzureNetwork` documents; the ones for private endpoints and for machines are used.
    """

    submitters: list[str] = field(default_factory=list[str])
    """Object ids of people, groups and applications of Entra that may put jobs in, besides those whom the subscription lets."""
    batch_service_id: pulumi.Input[str] | None = None
    """Object id, in your tenant, of the enterprise application `Microsoft Azure Batch`: with it, machines are made in the subscription, which
    must have given it the role `Azure Batch Service Orchestration Role`. Required with `spot`, because Azure Batch has spare machines only there.
    Omitted: machines are in a subscription of Azure's. Cannot change."""

    @property
    def machine(self) -> Compute:
        """What one task asks for, as a machine."""
        return Compute(cpus=math.ceil(self.compute.cpu_millis / 1000), memory_gib=math.ceil(self.compute.memory_mib / 1024), gpus=self.compute.gpus)

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from subnet_problems(self.network, (Subnet.ENDPOINTS, Subnet.NODES))
        yield from choice_problems(self.machine, MACHINES, "Azure Batch")
        if self.schedule is not None:
            yield Problem("schedule", "is nothing that Azure's API gives a pool; run output start by a scheduler, or use ContainerAppsJob")
        if self.secrets:
            yield Problem("secrets", "are not put into tasks by Azure Batch; let output identity read the vault, and the task ask it")
        if self.spot and self.batch_service_id is None:
            yield Problem("batch_service_id", "is required with spot: Azure Batch has spare machines only in the subscription's own")
        if self.network.id is None and self.at_once > MOST_MACHINES:
            yield Problem("parallelism", f"{self.at_once} tasks at a time are too many for the subnet; use parallelism 1 to {MOST_MACHINES}")
        for path, principal in (
            *((f"submitters[{index}]", each) for index, each in enumerate(self.submitters)),
            ("batch_service_id", self.batch_service_id),
        ):
            if isinstance(principal, str) and not ids.GUID.fullmatch(principal):
                yield Problem(path, f"'{principal}' is no object id of Entra (a GUID)")


class AzureBatchPool(pulumi.ComponentResource):
    """A private account of Azure Batch with a pool of machines without public addresses, which run the model's container, a task each.

    The account takes identities of Entra only, in the network only. Tasks have the pool's identity (`$AZURE_CLIENT_ID`), which may read the artifact
    and the input and write results. A change of the model reaches the runs that start after it, by the new `start`; the pool stays. Another machine
    is another pool, which is there before the old one goes with what runs in it.
    """

    start: pulumi.Output[str]
    """A script for bash that starts a run with the Azure CLI, in the network, as one of `submitters`: `pulumi stack output start | bash`. What tasks
    print is in `logs/` of the results then."""
    results: pulumi.Output[str]
    """Address of the folder of results."""
    identity: pulumi.Output[str]
    """Object id of the tasks' managed identity: the principal that grants on other resources name."""
    account: pulumi.Output[str]
    """Address of the account, for jobs of your own."""
    pool: pulumi.Output[str]
    """Name of the pool in it."""
    model_version: pulumi.Output[str]
    """The version that scores."""
    logs: pulumi.Output[str]
    """Where logs are queried: the Log Analytics workspace in the portal."""
    dashboard_url: pulumi.Output[str]
    """The dashboard in the portal."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month for the machines of one run, at the prices of dedicated machines in `instances`; spare ones cost less. Private endpoints,
    disks, registry, logs and storage are not counted."""
    database_grant: pulumi.Output[str]
    """What an Entra administrator of the database still runs in it, so that the identity may read. Empty without a database."""
    resource_group: pulumi.Output[str]
    """Name of the resource group that everything is in."""

    def __init__(self, name: str, args: AzureBatchPoolArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(AzureBatchPoolArgs, args, f"AzureBatchPool '{name}'")
        check_name(f"AzureBatchPool '{name}'", name, LONGEST)
        super().__init__("modeldeploy:index:AzureBatchPool", name, as_inputs(checked), opts)

        around = surroundings(name, checked, None, self)
        in_group, workspace, runs_as, results = around.group, around.workspace, around.runs_as, around.results
        account = _account(name, checked, around, self)
        reached = [
            private_endpoint(f"{name}-{label}", service, account.id, around.where, in_group, self)
            for label, service in (("account", Service.BATCH), ("machines", Service.BATCH_NODES))
        ]
        for principal in checked.submitters:
            grant_to(f"{name}-{principal}", Role.BATCH_SUBMITTER, account.id, principal, None, self)
        machine = choose(checked.machine, MACHINES)
        pool = _pool(name, checked, machine, account, around, reached, self)

        diagnostics(f"{name}-batch", account.id, workspace, self, groups=("allLogs",))
        hears = action_group(name, checked.operations.emails, in_group, self)
        for label, metric, colour, description in (
            ("failed", "TaskFailEvent", RED, "A task failed"),
            ("unusable", "UnusableNodeCount", YELLOW, "A machine cannot run tasks"),
        ):
            metric_alarm(f"{name}-{label}", description, (ACCOUNTS, metric), 0, colour, account.id, hears, in_group, self, aggregation="Total")
        shown = dashboard.dashboard(name, [tiles(CHARTS, account.id)], in_group, self)
        cost = monthly_cost(checked)
        budget(name, checked.operations.monthly_budget_usd or IDLE_USD + cost, checked.operations.emails, hears, in_group, self)

        self.start = _start(name, checked, account, pool, around)
        self.results = results.uri
        self.identity = runs_as.principal_id
        self.account = pulumi.Output.concat("https://", account.account_endpoint)
        self.pool = pool.name
        self.model_version = pulumi.Output.from_input(checked.model.version)
        self.logs = pulumi.Output.concat("https://portal.azure.com/#resource", workspace.id, "/logs")
        self.dashboard_url = dashboard.url(shown)
        self.monthly_cost = pulumi.Output.from_input(cost)
        self.database_grant = database_grant(checked.database, runs_as)
        self.resource_group = in_group.name
        self.register_outputs(
            {
                "start": self.start,
                "results": self.results,
                "identity": self.identity,
                "account": self.account,
                "pool": self.pool,
                "model_version": self.model_version,
                "logs": self.logs,
                "dashboard_url": self.dashboard_url,
                "monthly_cost": self.monthly_cost,
                "database_grant": self.database_grant,
                "resource_group": self.resource_group,
            }
        )


def monthly_cost(args: AzureBatchPoolArgs) -> float:
    """US dollars a month for the machines of one run."""
    hours = min(args.expected_minutes, args.task_minutes) / 60
    return round(choose(args.machine, MACHINES).hourly_usd * hours * args.tasks, 2)


def formula(most: int, *, spot: bool) -> str:
    """How many machines there are: one for each task that waits or runs, up to `most`, until its task is done.

    https://learn.microsoft.com/azure/batch/batch-automatic-scaling
    """
    wanted, other = ("$TargetLowPriorityNodes", "$TargetDedicatedNodes") if spot else ("$TargetDedicatedNodes", "$TargetLowPriorityNodes")
    return "\n".join(
        (
            "$known = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 5);",
            "$now = max(0, $PendingTasks.GetSample(1));",
            "$tasks = $known < 70 ? $now : max($now, avg($PendingTasks.GetSample(TimeInterval_Minute * 5)));",
            f"{wanted} = min($tasks, {most});",
            f"{other} = 0;",
            "$NodeDeallocationOption = taskcompletion;",
        )
    )


def _account(name: str, args: AzureBatchPoolArgs, around: Surroundings, parent: pulumi.Resource) -> "native.batch.BatchAccount":
    """The account: no key opens it, the customer's key encrypts what it knows of jobs, and the internet does not reach it."""
    batch = native.batch
    ready: list[pulumi.Resource] = [around.key.access]
    secrets = None
    if args.batch_service_id is not None:
        # Batch keeps certificates of its machines there, which an account of the subscription's own machines has to have.
        kept = vault(f"{name}-batch", around.runs_as.tenant_id, around.group, parent)
        ready.append(grant_to(f"{name}-batch", Role.SECRETS_OFFICER, kept.id, args.batch_service_id, "ServicePrincipal", parent))
        diagnostics(f"{name}-vault", kept.id, around.workspace, parent, categories=("AuditEvent",))
        url = kept.properties.apply(lambda properties: properties.vault_uri or "")
        secrets = batch.KeyVaultReferenceArgs(id=kept.id, url=url)
    return batch.BatchAccount(
        name,
        resource_group_name=around.group.name,
        account_name=ids.unique(name, around.group.id, 24, separator=""),
        allowed_authentication_modes=[batch.AuthenticationMode.AAD],
        encryption=batch.EncryptionPropertiesArgs(
            key_source=batch.KeySource.MICROSOFT_KEY_VAULT,
            # Without a version, so that it follows the key's rotation.
            key_vault_properties=batch.KeyVaultPropertiesArgs(key_identifier=pulumi.Output.concat(around.key.vault_uri, "keys/", around.key.name)),
        ),
        identity=batch.BatchAccountIdentityArgs(type=batch.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[around.key.reader.id]),
        key_vault_reference=secrets,
        pool_allocation_mode=batch.PoolAllocationMode.BATCH_SERVICE if secrets is None else batch.PoolAllocationMode.USER_SUBSCRIPTION,
        public_network_access=batch.PublicNetworkAccessType.DISABLED,
        tags=around.group.tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=ready),
    )


def _pool(
    name: str,
    args: AzureBatchPoolArgs,
    machine: InstanceType,
    account: "native.batch.BatchAccount",
    around: Surroundings,
    reached: list[native.network.PrivateEndpoint],
    parent: pulumi.Resource,
) -> "native.batch.Pool":
    """The machines: none while nothing is to be done. They fetch the image with the tasks' identity and talk to Batch by its private endpoint."""
    batch = native.batch
    registry_host = host(args.model.container.image)
    digest = hashlib.sha256(f"{machine.name} {registry_host} {args.environment}".encode()).hexdigest()[:6]
    return batch.Pool(
        name,
        resource_group_name=around.group.name,
        account_name=account.name,
        # What Azure cannot change in a pool is in its name.
        pool_name=f"{name}-{digest}",
        vm_size=machine.name,
        identity=batch.BatchPoolIdentityArgs(type=batch.PoolIdentityType.USER_ASSIGNED, user_assigned_identities=[around.runs_as.id]),
        deployment_configuration=batch.DeploymentConfigurationArgs(
            virtual_machine_configuration=batch.VirtualMachineConfigurationArgs(
                image_reference=batch.ImageReferenceArgs(publisher=PUBLISHER, offer=OFFER, sku=SKU, version="latest"),
                node_agent_sku_id=AGENT,
                container_configuration=batch.ContainerConfigurationArgs(
                    type=batch.ContainerType.DOCKER_COMPATIBLE,
                    container_registries=[
                        batch.ContainerRegistryArgs(
                            registry_server=registry_host,
                            identity_reference=batch.ComputeNodeIdentityReferenceArgs(resource_id=around.runs_as.id),
                        )
                    ],
                ),
                disk_encryption_configuration=batch.DiskEncryptionConfigurationArgs(targets=[batch.DiskEncryptionTarget.TEMPORARY_DISK]),
                node_placement_configuration=batch.NodePlacementConfigurationArgs(
                    policy=batch.NodePlacementPolicyType.ZONAL if around.group.is_production else batch.NodePlacementPolicyType.REGIONAL
                ),
            )
        ),
        network_configuration=batch.NetworkConfigurationArgs(
            subnet_id=around.where.subnet(Subnet.NODES),
            public_ip_address_configuration=batch.PublicIPAddressConfigurationArgs(provision=batch.IPAddressProvisioningType.NO_PUBLIC_IP_ADDRESSES),
        ),
        target_node_communication_mode=batch.NodeCommunicationMode.SIMPLIFIED,
        inter_node_communication=batch.InterNodeCommunicationState.DISABLED,
        task_slots_per_node=1,
        scale_settings=batch.ScaleSettingsArgs(
            auto_scale=batch.AutoScaleSettingsArgs(formula=formula(args.at_once, spot=bool(args.spot)), evaluation_interval="PT5M")
        ),
        # Tags of machines in the subscription; Azure refuses them for its own.
        resource_tags=None if args.batch_service_id is None else around.group.tags,
        tags=around.group.tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*around.ready, *reached]),
    )


def _start(
    name: str, args: AzureBatchPoolArgs, account: "native.batch.BatchAccount", pool: "native.batch.Pool", around: Surroundings
) -> pulumi.Output[str]:
    variables = {**args.model.container.environment, **around.variables}

    def write(found: Mapping[str, str], values: Mapping[str, str]) -> str:
        return script(
            Runs(
                name=name,
                account=found["account"],
                group=found["group"],
                pool=found["pool"],
                image=args.model.container.image,
                command=args.command,
                tasks=args.tasks,
                at_once=args.at_once,
                retries=args.retries,
                minutes=args.task_minutes,
                variables=values,
                results=found["results"],
                identity=found["identity"],
            )
        )

    known = pulumi.Output.all(account=account.name, group=around.group.name, pool=pool.name, results=around.results.uri, identity=around.runs_as.id)
    return pulumi.Output.all(known, pulumi.Output.from_input(variables)).apply(lambda both: write(both[0], both[1]))
