"""Scoring by an Azure ML batch endpoint."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.batch import ManagedBatchArgs
from modeldeploy.spec.compute import InstanceType, choice_problems, choose
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.model import Model, remote_problems
from modeldeploy.spec.names import check_name

from . import dashboard, ids, instances
from .addresses import allowed_ip_problems
from .alarms import RED, action_group, metric_alarm
from .assets import code_asset
from .budget import budget
from .dashboard import TOTAL, Chart, tiles
from .group import Group, group
from .identity import Role, grant, identity
from .ids import LONGEST
from .keys import customer_key, key_problems
from .logs import diagnostics, logs
from .model_store import model_store
from .network import attach
from .private_link import Service
from .recurrence import schedule_problems
from .registry import registry, registry_problems
from .results import ResultStore, input_container, input_problems, result_store
from .scoring import INVOKER_ACTIONS, Scoring, cluster, default_deployment, deployment, start_on_schedule
from .tags import tag_count_problems
from .workspace import Destination, Workspace, workspace

WORKSPACES = "Microsoft.MachineLearningServices/workspaces"
CHARTS = (
    Chart("Runs completed", WORKSPACES, "Completed Runs", TOTAL),
    Chart("Runs failed", WORKSPACES, "Failed Runs", TOTAL),
    Chart("Machines", WORKSPACES, "Total Nodes", dashboard.MAXIMUM),
    Chart("Machines that the cloud took back", WORKSPACES, "Preempted Nodes", dashboard.MAXIMUM),
)
"""https://learn.microsoft.com/azure/machine-learning/monitor-azure-machine-learning-reference"""
RESULTS = "results"
"""Name of the store of results inside the workspace."""
IDLE_USD = 100
"""What a budget allows for what is there while nothing runs: private endpoints, registry, logs."""


@dataclass(frozen=True, kw_only=True)
class AzureMLBatchEndpointArgs(ManagedBatchArgs):
    """Arguments of a batch endpoint on Azure ML.

    The image needs Python with `azureml-core` and `azureml-dataset-runtime[fuse]`, which Azure ML scores with. `record_format` reaches the scoring
    script as `$RECORD_FORMAT`: Azure ML hands it files, and the script reads the records.
    """

    scoring_folder: str
    """Local folder with the scoring script and what it imports. Azure ML asks for one with every model that is not of MLflow: a function `init()`
    and `run(mini_batch)`, which gets a list of files and returns a list or data frame with a row for each record
    (https://learn.microsoft.com/azure/machine-learning/how-to-batch-scoring-script)."""
    scoring_script: str = "score.py"
    """The script in that folder."""
    input_account_id: pulumi.Input[str] | None = None
    """ARM id of the storage account that `input_uri` is in, because Azure grants access by it. Required with it, and only then."""
    others: list[Model] = field(default_factory=list[Model])
    """Other versions that stay deployed beside `model` and cost nothing while nobody names them: the next one, to try it by its name before it
    becomes `model`, or the last one, to go back to. Default: none."""
    files_per_call: int = 1
    """Files that the script gets at a time, 1 or more."""
    calls_at_once: int = 1
    """Calls of the script that run at the same time on a machine, 1 to 32. As many as memory is there for the model."""
    call_seconds: int = 300
    """Time a call has, in seconds, 1 to 86400."""
    call_retries: int = 3
    """How often a call that failed is tried again, 0 to 9."""
    failed_files: int = 0
    """Files that may fail before the run ends as failed, -1 for any number. Default: none."""
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
    def models(self) -> list[Model]:
        """All versions, the one that scores last."""
        return [*self.others, self.model]

    @property
    def is_spare(self) -> bool:
        """Whether machines are those that the cloud may take back."""
        return self.spot is not False

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        for problem in (*remote_problems(self.models, ("azureml", "https"), "Azure ML"), *registry_problems(self.models, self.registry_id)):
            yield Problem(_path(problem.path, len(self.others)), problem.reason)
        for index, other in enumerate(self.others):
            if other.version in {self.model.version, *(each.version for each in self.others[:index])}:
                yield Problem(f"others[{index}].version", f"'{other.version}' is there twice; every version is deployed once")
            if other.name != self.model.name:
                yield Problem(f"others[{index}].name", f"'{other.name}' differs from '{self.model.name}'; an endpoint has versions of one model")
        script = Path(self.scoring_folder) / self.scoring_script
        if not script.is_file():
            yield Problem("scoring_script", f"'{script}' is no file (looked in {Path(self.scoring_folder).resolve()})")
        yield from schedule_problems(self.schedule)
        yield from input_problems(self.input_uri, self.input_account_id)
        yield from choice_problems(self.compute, instances.CATALOGUE, instances.SERVICE)
        yield from key_problems(self.encryption, self.key_vault_id)
        yield from tag_count_problems(self.tags)
        yield from allowed_ip_problems(self.allowed_ips)
        if self.network.id is not None and self.network.callers:
            yield Problem("network.callers", "excludes network.id: the network given has its own security group; let the callers in there")
        for name, low, high in (
            ("files_per_call", 1, 100_000),
            ("calls_at_once", 1, 32),
            ("call_seconds", 1, 86_400),
            ("call_retries", 0, 9),
            ("failed_files", -1, 2_147_483_647),
        ):
            value: int = getattr(self, name)
            if not low <= value <= high:
                yield Problem(name, f"{value} is not allowed; use {low} to {high}")


class AzureMLBatchEndpoint(pulumi.ComponentResource):
    """A private batch endpoint on Azure ML, on machines that exist while something is scored.

    A change of `model` deploys the version beside the old one, makes it the default, and then deletes the old one, so that a run that is started
    meanwhile has a version to score with. Whoever starts a run, reads its input and writes its results with an identity that has roles on both.
    """

    start: pulumi.Output[str]
    """The command that starts a run, from a machine in the network."""
    results: pulumi.Output[str]
    """Address of the folder of results: a folder for each run that the schedule starts, with `predictions.csv`."""
    identity: pulumi.Output[str]
    """Object id of the managed identity that scores: the principal that grants on other resources name."""
    model_version: pulumi.Output[str]
    """The version that scores."""
    logs: pulumi.Output[str]
    """Where logs are queried: the Log Analytics workspace in the portal."""
    dashboard_url: pulumi.Output[str]
    """The dashboard in the portal."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month for the machines of the schedule's runs (one without a schedule), at the prices in `instances`, which are those of dedicated
    machines: spare ones cost less. Private endpoints, registry, logs and storage are not counted."""
    endpoint_id: pulumi.Output[str]
    """ARM id of the batch endpoint, for roles and alarms of your own."""
    workspace_id: pulumi.Output[str]
    """ARM id of the Azure ML workspace."""
    resource_group: pulumi.Output[str]
    """Name of the resource group that everything is in."""

    def __init__(self, name: str, args: AzureMLBatchEndpointArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(AzureMLBatchEndpointArgs, args, f"AzureMLBatchEndpoint '{name}'")
        check_name(f"AzureMLBatchEndpoint '{name}'", name, LONGEST)
        super().__init__("modeldeploy:index:AzureMLBatchEndpoint", name, as_inputs(checked), opts)
        input_uri, input_account = checked.input_uri or "", checked.input_account_id or ""

        in_group = group(name, checked.resource_group_name, checked.environment, checked.tags, self)
        key = customer_key(name, checked.encryption, checked.key_vault_id, in_group, self)
        where = attach(name, checked.network, key, checked.operations.log_retention_days, checked.tags, in_group, self)
        watched = logs(name, checked.operations.log_retention_days, in_group, self)
        models = model_store(name, key, where, in_group, self, checked.allowed_ips)
        results = result_store(name, checked.results_days, key, where, in_group, self)
        images = registry(name, checked.models, checked.registry_id, where, in_group, self, checked.allowed_ips)
        destinations = {
            "results": Destination(Service.BLOB, results.account.id),
            "input": Destination(Service.BLOB, pulumi.Output.from_input(input_account)),
        }
        machine_learning = workspace(name, key, models, images, watched, destinations, where, in_group, self, runs_batches=True)
        folder = _results_datastore(name, results, machine_learning, in_group, self)

        runs_as = identity(name, in_group, self)
        permissions: list[pulumi.Resource] = [
            grant(f"{name}-pull", Role.ACR_PULL, images.id, runs_as, self),
            grant(f"{name}-read", Role.BLOB_READER, models.container.id, runs_as, self),
            grant(f"{name}-input", Role.BLOB_READER, input_container(input_uri, input_account), runs_as, self),
            grant(f"{name}-results", Role.BLOB_CONTRIBUTOR, results.container.id, runs_as, self),
            # A run keeps its place in queues and tables of the workspace's storage.
            grant(f"{name}-work-blobs", Role.BLOB_CONTRIBUTOR, machine_learning.storage.id, runs_as, self),
            grant(f"{name}-work-queues", Role.QUEUE_CONTRIBUTOR, machine_learning.storage.id, runs_as, self),
            grant(f"{name}-work-tables", Role.TABLE_CONTRIBUTOR, machine_learning.storage.id, runs_as, self),
            _invoker(name, machine_learning, runs_as, in_group, self),
        ]
        machine = choose(checked.compute, instances.CATALOGUE)
        endpoint = native.machinelearningservices.BatchEndpoint(
            name,
            resource_group_name=in_group.name,
            workspace_name=machine_learning.resource.name,
            endpoint_name=ids.unique(name, in_group.id, 32),
            properties=native.machinelearningservices.BatchEndpointPropertiesArgs(auth_mode="AADToken"),
            tags=in_group.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=machine_learning.ready,
                # Written with the default deployment: a PUT without it would leave none.
                ignore_changes=["tags", "properties.defaults"],
            ),
        )
        scoring = Scoring(
            endpoint=endpoint,
            cluster=cluster(name, machine.name, checked.workers, checked.is_spare, runs_as, machine_learning, in_group, self, permissions),
            code=code_asset(name, checked.scoring_folder, models, machine_learning, in_group, self),
            script=checked.scoring_script,
            workers=checked.workers,
            files_per_call=checked.files_per_call,
            calls_at_once=checked.calls_at_once,
            call_seconds=checked.call_seconds,
            call_retries=checked.call_retries,
            failed_files=checked.failed_files,
            variables={"RECORD_FORMAT": checked.record_format.value},
        )
        deployments = [deployment(name, model, scoring, models, machine_learning, in_group, self) for model in checked.models]
        default = default_deployment(name, checked.model.version, endpoint, machine_learning, in_group, self, after=[*deployments])
        output_uri = pulumi.Output.concat("azureml://datastores/", folder.name, "/paths/", name)
        start_on_schedule(
            name, checked.schedule, scoring, deployments[-1], input_uri, output_uri, runs_as, models, machine_learning, in_group, self, [default]
        )

        hears = action_group(name, checked.operations.emails, in_group, self)
        metric_alarm(
            f"{name}-failed",
            "A run failed",
            (WORKSPACES, "Failed Runs"),
            0,
            RED,
            machine_learning.resource.id,
            hears,
            in_group,
            self,
            aggregation="Total",
        )
        diagnostics(f"{name}-workspace", machine_learning.resource.id, watched.workspace, self, groups=("allLogs",))
        for label, store in {"models": models.account, "results": results.account}.items():
            diagnostics(
                f"{name}-{label}",
                pulumi.Output.concat(store.id, "/blobServices/default"),
                watched.workspace,
                self,
                categories=("StorageRead", "StorageWrite", "StorageDelete"),
            )
        if key.vault is not None:
            diagnostics(f"{name}-keys", key.vault.id, watched.workspace, self, categories=("AuditEvent",))
        if images.made is not None:
            diagnostics(f"{name}-registry", images.made.id, watched.workspace, self, groups=("allLogs",))
        shown = dashboard.dashboard(name, [tiles(CHARTS, machine_learning.resource.id)], in_group, self)
        amount = checked.operations.monthly_budget_usd or IDLE_USD + cost(checked, machine)
        budget(name, amount, checked.operations.emails, hears, in_group, self)

        self.start = pulumi.Output.concat(
            *("az ml batch-endpoint invoke --name ", endpoint.name),
            *(" --workspace-name ", machine_learning.resource.name, " --resource-group ", in_group.name),
            *(" --input-type uri_folder --input ", input_uri, " --output-path ", output_uri),
        )
        self.results = pulumi.Output.concat(results.uri, "/", name)
        self.identity = runs_as.principal_id
        self.model_version = pulumi.Output.from_input(checked.model.version)
        self.logs = watched.url
        self.dashboard_url = dashboard.url(shown)
        self.monthly_cost = pulumi.Output.from_input(cost(checked, machine))
        self.endpoint_id = endpoint.id
        self.workspace_id = machine_learning.resource.id
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
                "endpoint_id": self.endpoint_id,
                "workspace_id": self.workspace_id,
                "resource_group": self.resource_group,
            }
        )


def cost(args: AzureMLBatchEndpointArgs, machine: InstanceType) -> float:
    """US dollars a month for the machines."""
    runs = 1 if args.schedule is None else args.schedule.runs_per_month
    return round(machine.hourly_usd * args.workers * args.expected_minutes / 60 * runs, 2)


def _path(path: str, others: int) -> str:
    """The path of one of `models`, as the arguments call it."""
    found = re.match(r"models\[(\d+)\]", path)
    if found is None:
        return path
    index = int(found[1])
    return ("model" if index == others else f"others[{index}]") + path[found.end() :]


def _results_datastore(
    name: str, results: ResultStore, machine_learning: Workspace, in_group: Group, parent: pulumi.Resource
) -> "native.machinelearningservices.Datastore":
    return native.machinelearningservices.Datastore(
        f"{name}-results",
        resource_group_name=in_group.name,
        workspace_name=machine_learning.resource.name,
        name=RESULTS,
        properties=native.machinelearningservices.AzureBlobDatastoreArgs(
            datastore_type="AzureBlob",
            account_name=results.account.name,
            container_name=results.container.name,
            credentials=native.machinelearningservices.NoneDatastoreCredentialsArgs(credentials_type="None"),
        ),
        # Azure would try to reach the store from outside its network.
        skip_validation=True,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=machine_learning.ready),
    )


def _invoker(
    name: str, machine_learning: Workspace, runs_as: "native.managedidentity.UserAssignedIdentity", in_group: Group, parent: pulumi.Resource
) -> "native.authorization.RoleAssignment":
    """Lets the schedule's job start runs, and nothing else: no built-in role is that narrow."""
    role = native.authorization.RoleDefinition(
        f"{name}-invoker",
        scope=in_group.id,
        role_name=ids.unique(f"{name}-invoker", in_group.id, 100),
        role_type="CustomRole",
        description="Starts runs of an Azure ML batch endpoint",
        permissions=[
            native.authorization.PermissionArgs(
                actions=[f"Microsoft.MachineLearningServices/workspaces/{action}" for action in INVOKER_ACTIONS],
                not_actions=[],
                data_actions=[],
                not_data_actions=[],
            )
        ],
        assignable_scopes=[in_group.id],
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return native.authorization.RoleAssignment(
        f"{name}-invoker",
        scope=machine_learning.resource.id,
        role_definition_id=role.id,
        principal_id=runs_as.principal_id,
        principal_type="ServicePrincipal",
        opts=pulumi.ResourceOptions(parent=parent),
    )
