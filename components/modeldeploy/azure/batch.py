"""A batch of tasks on Azure Container Apps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.access import WebAccess
from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.names import check_name, fit

from . import dashboard, ids
from .alarms import RED, action_group, metric_alarm
from .apps import secret
from .budget import budget
from .connection import database_grant
from .container_environment import CONSUMPTION, ContainerEnvironment, Size, container_environment, size, size_problems
from .dashboard import TOTAL, Chart, tiles
from .group import Group
from .hosting import network_problems, vault_problems
from .ids import LONGEST
from .logs import diagnostics
from .rates import app_run_cost, is_priced
from .recurrence import zone_problems
from .registry import host
from .subnets import Subnet
from .task_base import IDLE_USD, INDEX, AzureTaskArgs, surroundings
from .task_starter import MOST_AT_ONCE, Tasks, starter

WORKFLOWS = "Microsoft.Logic/workflows"
CHARTS = (
    Chart("Runs started", WORKFLOWS, "RunsStarted", TOTAL),
    Chart("Runs that succeeded", WORKFLOWS, "RunsSucceeded", TOTAL),
    Chart("Runs that failed", WORKFLOWS, "RunsFailed", TOTAL),
)
"""https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/microsoft-logic-workflows-metrics"""
LONGEST_NAME = 32


@dataclass(frozen=True, kw_only=True)
class ContainerAppsJobArgs(AzureTaskArgs):
    """Arguments of a batch of tasks on Azure Container Apps.

    Each task is an execution of the job. A Logic App starts them, up to 50 at a time (`parallelism`), on `schedule` in its time zone. Container Apps
    has no spare machines: `spot: true` is refused.
    `network.subnet_ids` are in the order that `AzureNetwork` documents; the ones for private endpoints and for Container Apps are used.
    """

    secrets_vault_id: pulumi.Input[str] | None = None
    """ARM id of the vault that `secrets` are in, because Azure grants access by it. Required with them, and only then."""
    container_environment_id: pulumi.Input[str] | None = None
    """ARM id of an environment to use, such as the `environment_id` of a `ContainerApp`: one subnet holds one environment. It must be internal, with
    logs to Azure Monitor, and have the kind of machine. Omitted: one is made."""
    most_machines: int = 10
    """Machines at most, 3 to 100, where `compute` needs machines of its own (more than 4 CPUs or 8 GiB)."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from zone_problems(self.schedule)
        yield from size_problems(self.compute)
        yield from vault_problems(self.secrets, WebAccess(), self.secrets_vault_id)
        own = [Subnet.APPS] if self.container_environment_id is None else []
        yield from network_problems(self.network, [Subnet.ENDPOINTS, *own], self.container_environment_id)
        if self.spot:
            yield Problem("spot", "is not offered by Container Apps; leave it out, or use a spare pool of AzureBatchPool or AksCluster")
        if self.at_once > MOST_AT_ONCE:
            yield Problem("parallelism", f"{self.at_once} tasks at a time are too many for a Logic App; use parallelism 1 to {MOST_AT_ONCE}")
        if not 3 <= self.most_machines <= 100:
            yield Problem("most_machines", f"{self.most_machines} is not allowed; use 3 to 100")
        chosen = size(self.compute)
        if chosen is not None and not is_priced(chosen) and self.operations.monthly_budget_usd is None:
            yield Problem(
                "operations.monthly_budget_usd", f"is required with a machine of the kind {chosen.profile.name}, whose price is not known here"
            )


class ContainerAppsJob(pulumi.ComponentResource):
    """Tasks on Azure Container Apps, each a run of the model's container in a private environment, started by a Logic App.

    The container's identity (`$AZURE_CLIENT_ID`) may read the artifact and the input and write results. A change of the model reaches the tasks that
    start after it. Azure keeps the redundancy that storage, registry and environment were made with, so `environment` stays what it was at first.
    """

    start: pulumi.Output[str]
    """The command that starts a run, from anywhere: it asks Azure's management API. `az containerapp job start` starts the first task alone."""
    results: pulumi.Output[str]
    """Address of the folder of results."""
    identity: pulumi.Output[str]
    """Object id of the tasks' managed identity: the principal that grants on other resources name."""
    model_version: pulumi.Output[str]
    """The version that scores."""
    logs: pulumi.Output[str]
    """Where logs are queried: the Log Analytics workspace in the portal."""
    dashboard_url: pulumi.Output[str]
    """The dashboard in the portal."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month for the tasks of the schedule's runs (one without a schedule), at the prices in `rates`. Dedicated machines, GPUs, the Logic
    App, private endpoints, registry, logs and storage are not counted."""
    database_grant: pulumi.Output[str]
    """What an Entra administrator of the database still runs in it, so that the identity may read. Empty without a database."""
    environment_id: pulumi.Output[str]
    """ARM id of the Container Apps environment, for other deployments in it."""
    resource_group: pulumi.Output[str]
    """Name of the resource group that everything is in."""

    def __init__(self, name: str, args: ContainerAppsJobArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(ContainerAppsJobArgs, args, f"ContainerAppsJob '{name}'")
        check_name(f"ContainerAppsJob '{name}'", name, LONGEST)
        super().__init__("modeldeploy:index:ContainerAppsJob", name, as_inputs(checked), opts)
        around = surroundings(name, checked, checked.secrets_vault_id, self)
        in_group, workspace, runs_as, results = around.group, around.workspace, around.runs_as, around.results
        chosen = size(checked.compute) or Size(CONSUMPTION, 0, 0)
        environment = container_environment(
            name,
            checked.container_environment_id,
            [chosen.profile],
            workspace,
            around.key,
            around.where,
            in_group,
            self,
            most_machines=checked.most_machines,
        )
        container = _container(checked, chosen, around.variables)
        job = _job(name, checked, chosen, container, environment, runs_as, in_group, self, around.ready)
        seconds = checked.task_minutes * 60
        tasks = Tasks(checked.tasks, checked.at_once, (checked.retries + 1) * checked.task_minutes)
        started = starter(name, checked.schedule, tasks, job, container, in_group, self)

        diagnostics(f"{name}-starter", started.workflow.id, workspace, self, categories=("WorkflowRuntime",))
        hears = action_group(name, checked.operations.emails, in_group, self)
        description = "A run failed: a task of it did, or could not be started"
        failed = (WORKFLOWS, "RunsFailed")
        metric_alarm(f"{name}-failed", description, failed, 0, RED, started.workflow.id, hears, in_group, self, aggregation="Total")
        shown = dashboard.dashboard(name, [tiles(CHARTS, started.workflow.id)], in_group, self)
        cost = monthly_cost(checked, chosen, seconds)
        budget(name, checked.operations.monthly_budget_usd or IDLE_USD + cost, checked.operations.emails, hears, in_group, self)

        self.start = started.command
        self.results = results.uri
        self.identity = runs_as.principal_id
        self.model_version = pulumi.Output.from_input(checked.model.version)
        self.logs = pulumi.Output.concat("https://portal.azure.com/#resource", workspace.id, "/logs")
        self.dashboard_url = dashboard.url(shown)
        self.monthly_cost = pulumi.Output.from_input(cost)
        self.database_grant = database_grant(checked.database, runs_as)
        self.environment_id = environment.id
        self.resource_group = in_group.name
        self.register_outputs(
            {
                "start": self.start,
                "results": self.results,
                "identity": self.identity,
                "model_version": self.model_version,
                "logs": self.logs,
                "dashboard_url": self.dashboard_url,
                "monthly_cost": self.monthly_cost,
                "database_grant": self.database_grant,
                "environment_id": self.environment_id,
                "resource_group": self.resource_group,
            }
        )


def monthly_cost(args: ContainerAppsJobArgs, chosen: Size, longest_seconds: int) -> float:
    """US dollars a month for the tasks."""
    runs = 1 if args.schedule is None else args.schedule.runs_per_month
    return round(app_run_cost(chosen, min(args.expected_minutes * 60, longest_seconds)) * args.tasks * runs, 2)


def _container(args: ContainerAppsJobArgs, chosen: Size, variables: Mapping[str, pulumi.Input[str]]) -> dict[str, Any]:
    """The container of a task, as the API names its parts."""
    plain = {**args.model.container.environment, **variables}
    return {
        "name": "task",
        "image": args.model.container.image,
        "resources": {"cpu": chosen.cpu_millis / 1000, "memory": f"{chosen.memory_mib / 1024:g}Gi"},
        "env": [
            *({"name": name, "value": value} for name, value in plain.items()),
            *({"name": name, "secretRef": secret(name)} for name in args.secrets),
        ],
        **({"args": args.command} if args.command else {}),
    }


def _job(
    name: str,
    args: ContainerAppsJobArgs,
    chosen: Size,
    container: Mapping[str, Any],
    environment: ContainerEnvironment,
    runs_as: "native.managedidentity.UserAssignedIdentity",
    in_group: Group,
    parent: pulumi.Resource,
    ready: list[pulumi.Resource],
) -> "native.app.Job":
    """The job. Started by itself it runs task 0; the starter gives every task its number."""
    variables = [
        native.app.EnvironmentVarArgs(name=each["name"], value=each.get("value"), secret_ref=each.get("secretRef")) for each in container["env"]
    ]
    return native.app.Job(
        name,
        resource_group_name=in_group.name,
        # Another environment is another job.
        job_name=ids.unique(fit(name, LONGEST_NAME - 9), environment.id, LONGEST_NAME),
        environment_id=environment.id,
        workload_profile_name=chosen.profile.name,
        identity=native.app.ManagedServiceIdentityArgs(type="UserAssigned", user_assigned_identities=[runs_as.id]),
        configuration=native.app.JobConfigurationArgs(
            trigger_type=native.app.TriggerType.MANUAL,
            manual_trigger_config=native.app.JobConfigurationManualTriggerConfigArgs(parallelism=1, replica_completion_count=1),
            replica_timeout=args.task_minutes * 60,
            replica_retry_limit=args.retries,
            registries=[native.app.RegistryCredentialsArgs(server=host(args.model.container.image), identity=runs_as.id)],
            secrets=[
                native.app.SecretArgs(name=secret(variable), key_vault_url=address, identity=runs_as.id) for variable, address in args.secrets.items()
            ],
        ),
        template=native.app.JobTemplateArgs(
            containers=[
                native.app.ContainerArgs(
                    name=container["name"],
                    image=container["image"],
                    resources=native.app.ContainerResourcesArgs(**container["resources"]),
                    args=container.get("args"),
                    env=[*variables, native.app.EnvironmentVarArgs(name=INDEX, value="0")],
                )
            ]
        ),
        tags=in_group.tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*ready, *environment.ready]),
    )
