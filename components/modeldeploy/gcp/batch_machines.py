"""A batch of tasks on machines of its own, made and taken away by Google Batch: spare machines, GPUs, arrays of thousands of tasks."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.batch import TaskBatchArgs
from modeldeploy.spec.compute import Compute, ContainerCompute, InstanceType, choose
from modeldeploy.spec.names import check_name, fit
from modeldeploy.spec.network import Network
from modeldeploy.spec.operations import Environment

from .alarms import channels
from .batch import task_environment, task_problems
from .batches import let_score, results_bucket, results_uri, runs_per_month
from .budget import billing_problems, component_budget
from .charts import dashboard_url
from .compute_instances import CATALOGUE
from .database_access import grant_access
from .identity import let_read_models, serving_account
from .keys import Key, data_key
from .labels import NAME, labels
from .logs import log_bucket
from .model_store import model_bucket, remote_buckets, upload
from .names import LONGEST
from .network import id_of, network_for
from .place import place
from .repositories import let_pull, registry_problems, repository_of
from .scope import Scope
from .secrets import let_read_secrets, references
from .services import enable
from .vertex.resources import to_wire
from .workflow import APIS as WORKFLOW_APIS
from .workflow import EXECUTION, Request, failure_alarm, literal, run_workflow, start_command, start_workflow_at, workflow_dashboard, workflow_series

APIS = ("batch", "compute", *WORKFLOW_APIS, "artifactregistry", "cloudkms", "storage", "iam", "logging", "monitoring")
ENCRYPTED = ("compute", "workflows", "storage", "logging")
"""The services that store something of a batch under its key: machines' disks, workflow, buckets, logs."""
TASK_INDEX_VARIABLE = "BATCH_TASK_INDEX"
AGENT_ROLES = {"reports": "roles/batch.agentReporter", "logs": "roles/logging.logWriter"}
"""What the agent on a machine does as the tasks' account: tell Batch how they are, and write their logs."""
PERMISSIONS = ("batch.jobs.create", "batch.jobs.get", "compute.instanceTemplates.get", "compute.instanceTemplates.useReadOnly")
IMAGE = "projects/batch-custom-image/global/images/family/batch-cos-stable-official"
"""Batch's own system for containers (https://cloud.google.com/batch/docs/vm-os-environment-overview)."""
DISK_GIB = 50
MOST_PARALLEL = 5000
"""Tasks of a job that may run at the same time: https://cloud.google.com/batch/quotas#job_limits."""
LOST_MACHINE = 50001
"""Exit code of a task whose spare machine was taken back (https://cloud.google.com/batch/docs/troubleshooting#reserved-exit-codes)."""
LOST_MACHINE_RETRIES = 3
BASE = "https://batch.googleapis.com/v1"


@dataclass(frozen=True, kw_only=True)
class GoogleBatchJobArgs(TaskBatchArgs):
    """A batch of tasks on machines that Google Batch makes for each run: each task has one to itself.

    `spot` is on unless it is switched off. A task that loses its spare machine counts as failed and is tried again as `retries` says; with `retries`
    0, for this reason alone, up to three times. At most 5000 tasks run at the same time.
    """

    billing_account: str | None = None
    """The billing account that pays for the project, `XXXXXX-XXXXXX-XXXXXX`: Google Cloud keeps budgets there. Whoever runs Pulumi needs
    `roles/billing.costsManager` on it. Omitted: no budget is made."""

    @property
    def spare(self) -> bool:
        """Whether machines are spare ones."""
        return self.spot is not False

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from task_problems(self, "Batch", "BATCH_")
        yield from registry_problems("model.container.image", self.model.container.image)
        yield from _size_problems(self.compute)
        if self.parallelism is not None and self.parallelism > MOST_PARALLEL:
            yield Problem("parallelism", f"{self.parallelism} is not allowed on Batch; use {MOST_PARALLEL} or less, or leave it out")
        yield from billing_problems(self.billing_account, self.operations)


class GoogleBatchJob(pulumi.ComponentResource):
    """A model that scores in parallel tasks on machines of Compute Engine, which are there for a run only, and a workflow that starts a run, waits
    for its end, and fails when it failed.

    Machines have no public address, disks under the component's key, a verified boot, and Google's APIs and `network` to talk to. Where Cloud Run is
    enough (up to 8 CPUs, 32 GiB and an hour with a GPU), `CloudRunJob` starts faster.

    What its user has seen to: a key given by `encryption.key` is in the region and lets the service agents of Compute Engine, Workflows, Cloud
    Storage and Cloud Logging encrypt and decrypt. A network given by `network.id` finds Google's APIs and registries at private addresses, as a
    `GoogleNetwork` does.
    """

    start: pulumi.Output[str]
    """The command that starts a run."""
    results: pulumi.Output[str]
    """The folder that tasks write to, `gs://bucket/results`. What was written there goes after `results_days`."""
    identity: pulumi.Output[str]
    """Address of the service account the tasks run as; as an IAM member, `serviceAccount:<address>`."""
    model_version: pulumi.Output[str]
    """The version that scores."""
    logs: pulumi.Output[str]
    """The log bucket, `projects/P/locations/L/buckets/B`."""
    dashboard_url: pulumi.Output[str]
    """Where to look at runs, how they ended and how long they took."""
    monthly_cost: pulumi.Output[float]
    """Estimated US dollars a month: the runs of the schedule (one without), with a machine for `expected_minutes` for each task, at the price on
    demand in us-central1. Not in it: what spare machines save, disks, storage, logs, and tasks that are tried again."""
    database_grant: pulumi.Output[str]
    """The SQL statement an administrator of the database still has to run; empty without a database."""
    workflow: pulumi.Output[str]
    """The workflow, `projects/P/locations/L/workflows/W`."""

    def __init__(self, name: str, args: GoogleBatchJobArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(GoogleBatchJobArgs, args, f"GoogleBatchJob '{name}'")
        check_name(f"GoogleBatchJob '{name}'", name, LONGEST)
        where = place(f"GoogleBatchJob '{name}'", opts)
        super().__init__("modeldeploy:index:GoogleBatchJob", name, to_wire(checked), opts)
        retention = checked.operations.log_retention_days
        machine = _machine(checked.compute)
        scope = Scope(
            name=name,
            place=where,
            labels=labels(checked.tags, checked.environment, name),
            production=checked.environment is Environment.PRODUCTION,
            component=self,
            apis=enable(name, _apis(checked), where, self),
        )

        network = network_for(scope, checked.network, retention, checked.environment, checked.tags)
        key = data_key(scope, checked.encryption, ENCRYPTED)
        models = model_bucket(scope, key)
        artifact = upload(scope, checked.model, models)
        results = results_bucket(scope, key, checked.results_days)

        account = serving_account(scope)
        access = None if checked.database is None else grant_access(scope, account, checked.database)
        ready = [
            *artifact.ready,
            *_let_report(scope, account),
            *let_pull(scope, account.member, [repository_of(checked.model.container.image)]),
            *let_read_models(scope, account, models, remote_buckets([checked.model])),
            *let_score(scope, checked, account.member, results),
            *let_read_secrets(scope, account, references(checked.secrets)),
            *(access.ready if access else []),
        ]
        template = _template(scope, machine, network, account, key, spare=checked.spare)

        told: dict[str, pulumi.Input[str]] = {
            **task_environment(checked, TASK_INDEX_VARIABLE, artifact.uri, results_uri(results)),
            **(access.environment if access else {}),
        }
        # Known when everything is there that a run needs.
        there = pulumi.Output.all(*(each.urn for each in ready))
        request = pulumi.Output.all(
            told=told, secrets=checked.secrets, template=template.id, account=account.email, project=where.project, region=where.region, there=there
        ).apply(lambda known: _request(scope, checked, machine, known))
        workflow = run_workflow(scope, key, account, PERMISSIONS, request)

        notify = channels(scope, checked.operations.emails)
        start_workflow_at(scope, checked, workflow, notify)
        failure_alarm(scope, workflow, notify)
        logs = log_bucket(scope, workflow.name, workflow.name.apply(lambda each: _log_filter(scope, each)), retention, key)
        dashboard = workflow_dashboard(scope, workflow)
        cost = _monthly_usd(checked, machine)
        component_budget(scope, checked.billing_account, checked.operations, cost, models.project_number, notify)

        self.start = start_command(scope, workflow)
        self.results = results_uri(results)
        self.identity = account.email
        self.model_version = pulumi.Output.from_input(checked.model.version)
        self.logs = logs.id
        self.dashboard_url = dashboard_url(dashboard)
        self.monthly_cost = pulumi.Output.from_input(cost)
        self.database_grant = pulumi.Output.from_input("") if access is None else access.grant
        self.workflow = workflow.id
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
                "workflow": self.workflow,
            }
        )


def _apis(args: GoogleBatchJobArgs) -> list[str]:
    """What the batch needs, and what it needs for a schedule, secrets and a budget only when it has them."""
    optional = {
        "cloudscheduler": args.schedule is not None,
        "secretmanager": bool(args.secrets),
        "billingbudgets": args.billing_account is not None,
    }
    return [*APIS, *(api for api, wanted in optional.items() if wanted)]


def _size(compute: ContainerCompute) -> Compute:
    """The machine a task of this size wants."""
    return Compute(cpus=math.ceil(compute.cpu_millis / 1000), memory_gib=math.ceil(compute.memory_mib / 1024), gpus=compute.gpus)


def _machine(compute: ContainerCompute) -> InstanceType:
    return choose(_size(compute), CATALOGUE)


def _size_problems(compute: ContainerCompute) -> Iterator[Problem]:
    asked = _size(compute)
    if not any(each.cpus >= (asked.cpus or 0) and each.memory_gib >= (asked.memory_gib or 0) and each.gpus == asked.gpus for each in CATALOGUE):
        sizes = ", ".join(f"{each.name} ({each.cpus} CPUs, {each.memory_gib} GiB, {each.gpus} GPUs)" for each in CATALOGUE)
        yield Problem("compute", f"fits no machine that Batch is given here: {sizes}")


def _let_report(scope: Scope, account: gcp.serviceaccount.Account) -> list[pulumi.Resource]:
    """Roles in the project, because jobs have no policy of their own."""
    return [
        gcp.projects.IAMMember(
            f"{scope.name}-{purpose}", gcp.projects.IAMMemberArgs(project=scope.project, role=role, member=account.member), scope.child()
        )
        for purpose, role in AGENT_ROLES.items()
    ]


def _template(
    scope: Scope, machine: InstanceType, network: Network, account: gcp.serviceaccount.Account, key: Key, *, spare: bool
) -> gcp.compute.InstanceTemplate:
    """A machine: a request to Batch alone has no place for the key of its disk. The template is a global one: Batch took no others for long, and its
    older descriptions still say so (https://cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs#InstancePolicyOrTemplate).
    What it names is in the region."""
    return gcp.compute.InstanceTemplate(
        f"{scope.name}-machine",
        gcp.compute.InstanceTemplateArgs(
            region=scope.region,
            project=scope.project,
            description=f"Machines for tasks of {scope.name}",
            machine_type=machine.name,
            can_ip_forward=False,
            disks=[
                gcp.compute.InstanceTemplateDiskArgs(
                    boot=True,
                    auto_delete=True,
                    source_image=IMAGE,
                    disk_type="pd-balanced",
                    disk_size_gb=DISK_GIB,
                    disk_encryption_key=gcp.compute.InstanceTemplateDiskDiskEncryptionKeyArgs(kms_key_self_link=key.id),
                    labels=scope.labels,
                )
            ],
            # Without an access configuration a machine has no address on the internet.
            network_interfaces=[gcp.compute.InstanceTemplateNetworkInterfaceArgs(network=id_of(network), subnetwork=network.subnet_ids[0])],
            scheduling=_scheduling(machine, spare=spare),
            service_account=gcp.compute.InstanceTemplateServiceAccountArgs(
                email=account.email, scopes=["https://www.googleapis.com/auth/cloud-platform"]
            ),
            shielded_instance_config=gcp.compute.InstanceTemplateShieldedInstanceConfigArgs(
                enable_secure_boot=True, enable_vtpm=True, enable_integrity_monitoring=True
            ),
            metadata={"block-project-ssh-keys": "true", "enable-oslogin": "true", "serial-port-enable": "false"},
            labels=scope.labels,
        ),
        scope.after_apis(*key.ready),
    )


def _scheduling(machine: InstanceType, *, spare: bool) -> gcp.compute.InstanceTemplateSchedulingArgs:
    """A spare machine is deleted when it is taken back; one with a GPU cannot move."""
    if spare:
        return gcp.compute.InstanceTemplateSchedulingArgs(
            provisioning_model="SPOT",
            preemptible=True,
            automatic_restart=False,
            on_host_maintenance="TERMINATE",
            instance_termination_action="DELETE",
        )
    return gcp.compute.InstanceTemplateSchedulingArgs(
        provisioning_model="STANDARD", automatic_restart=True, on_host_maintenance="TERMINATE" if machine.gpus else "MIGRATE"
    )


def _request(scope: Scope, args: GoogleBatchJobArgs, machine: InstanceType, known: Any) -> Request:
    """https://cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs"""
    parent = f"projects/{known['project']}/locations/{known['region']}"
    # The number of the execution has 36 characters, and a job's name 63 at most.
    job = f'${{"{BASE}/{parent}/jobs?job_id={fit(scope.name, 26)}-" + {EXECUTION}}}'
    container: dict[str, Any] = {"imageUri": args.model.container.image}
    if args.command:
        container["commands"] = [literal(each) for each in args.command]
    task: dict[str, Any] = {
        "runnables": [{"container": container}],
        "environment": {"variables": {name: literal(str(value)) for name, value in known["told"].items()}, "secretVariables": dict(known["secrets"])},
        "computeResource": {"cpuMilli": str(args.compute.cpu_millis), "memoryMib": str(args.compute.memory_mib)},
        "maxRunDuration": f"{args.task_minutes * 60}s",
        **_retries(args),
    }
    return Request(
        url=job,
        body={
            "taskGroups": [
                {"taskCount": str(args.tasks), "parallelism": str(min(args.at_once, MOST_PARALLEL)), "taskCountPerNode": "1", "taskSpec": task}
            ],
            "allocationPolicy": {
                "location": {"allowedLocations": [f"regions/{known['region']}"]},
                "instances": [
                    {"instanceTemplate": known["template"], "installGpuDrivers": machine.gpus > 0, "blockProjectSshKeys": True},
                ],
                "serviceAccount": {"email": known["account"]},
                "labels": dict(scope.labels),
            },
            "logsPolicy": {"destination": "CLOUD_LOGGING"},
            "labels": dict(scope.labels),
        },
        base=BASE,
        state="status.state",
        succeeded=("SUCCEEDED",),
        failed=("FAILED", "CANCELLED", "DELETION_IN_PROGRESS"),
    )


def _retries(args: GoogleBatchJobArgs) -> dict[str, Any]:
    if args.retries or not args.spare:
        return {"maxRetryCount": args.retries}
    lost = {"action": "RETRY_TASK", "actionCondition": {"exitCodes": [LOST_MACHINE]}}
    return {"maxRetryCount": LOST_MACHINE_RETRIES, "lifecyclePolicies": [lost]}


def _log_filter(scope: Scope, workflow: str) -> str:
    """The workflow's entries, and those of its runs, which carry the component's label."""
    tasks = f'resource.type="batch.googleapis.com/Job" AND labels."{NAME}"="{scope.labels[NAME]}"'
    return f"({workflow_series(workflow)}) OR ({tasks})"


def _monthly_usd(args: GoogleBatchJobArgs, machine: InstanceType) -> float:
    hours = min(args.expected_minutes, args.task_minutes) / 60 * args.tasks
    return round(runs_per_month(args) * hours * machine.hourly_usd, 2)
