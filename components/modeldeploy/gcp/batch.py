"""A batch of tasks as a Cloud Run job, as a production team would run it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.batch import TaskBatchArgs
from modeldeploy.spec.names import check_name
from modeldeploy.spec.network import Network
from modeldeploy.spec.operations import Environment

from .alarms import above, channels, policy
from .batches import batch_problems, let_score, results_bucket, results_uri, runs_per_month, start_at
from .budget import billing_problems, component_budget
from .charts import Chart, chart, dashboard_url, line, make_dashboard
from .cloud_run import GPU, RunSize, run_size, size_problems
from .database_access import VARIABLES, grant_access
from .identity import let_read_models, serving_account, starting_account
from .images import image_problems
from .keys import Key, data_key
from .labels import labels
from .logs import log_bucket
from .model_store import model_bucket, remote_buckets, upload
from .names import LONGEST
from .network import id_of, network_for
from .place import place
from .scope import Scope
from .secrets import SecretReference, let_read_secrets, references, secret_id_problems
from .services import enable
from .vertex.resources import to_wire

APIS = ("run", "cloudkms", "storage", "iam", "logging", "monitoring", "compute", "binaryauthorization")
ENCRYPTED = ("run", "storage", "logging")
"""The services that store something of a job under its key."""
TASK_INDEX_VARIABLE = "CLOUD_RUN_TASK_INDEX"
TOLD = ("TASK_INDEX_VARIABLE", "TASK_COUNT", "MODEL_URI", "MODEL_VERSION", "INPUT_URI", "RESULTS_URI")
"""Variables that every task gets."""
GPU_MINUTES = 60
"""The longest a task with a GPU may take: https://cloud.google.com/run/docs/configuring/task-timeout."""
STARTER = "roles/run.invoker"
"""On one job it allows to run that job as it is, and nothing else."""


@dataclass(frozen=True, kw_only=True)
class CloudRunJobArgs(TaskBatchArgs):
    """A batch of tasks as a Cloud Run job."""

    billing_account: str | None = None
    """The billing account that pays for the project, `XXXXXX-XXXXXX-XXXXXX`: Google Cloud keeps budgets there. Whoever runs Pulumi needs
    `roles/billing.costsManager` on it. Omitted: no budget is made."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from task_problems(self, "Cloud Run", "CLOUD_RUN_")
        yield from size_problems(self.compute)
        if self.compute.gpus and self.task_minutes > GPU_MINUTES:
            yield Problem("task_minutes", f"{self.task_minutes} is not allowed with compute.gpus on Cloud Run; use {GPU_MINUTES} or less")
        if self.spot:
            yield Problem("spot", "is not offered for Cloud Run jobs; leave it out, or use GoogleBatchJob, which has spare machines")
        yield from billing_problems(self.billing_account, self.operations)


class CloudRunJob(pulumi.ComponentResource):
    """A model that scores in parallel tasks on Cloud Run: nothing runs, and nothing is paid, between runs.

    A change of the model or of anything else holds from the next run on; a run that has begun ends as it began. The tasks leave the service through
    `network` only, which reaches Google's APIs and what is in it. Images must pass the project's Binary Authorization policy, which admits all until
    the project has one.

    What its user has seen to: a key given by `encryption.key` is in the job's region and lets the service agents of Cloud Run, Cloud Storage and
    Cloud Logging encrypt and decrypt; the registry of an image in another project lets the service agent of Cloud Run read.
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
    """Where to look at runs, tasks, CPU and memory."""
    monthly_cost: pulumi.Output[float]
    """Estimated US dollars a month: the runs of the schedule (one without) with `expected_minutes` for each task, at the prices of us-central1. Not
    in it: storage, logs, network, and tasks that are tried again."""
    database_grant: pulumi.Output[str]
    """The SQL statement an administrator of the database still has to run; empty without a database."""
    job: pulumi.Output[str]
    """The job, `projects/P/locations/L/jobs/J`."""

    def __init__(self, name: str, args: CloudRunJobArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(CloudRunJobArgs, args, f"CloudRunJob '{name}'")
        check_name(f"CloudRunJob '{name}'", name, LONGEST)
        where = place(f"CloudRunJob '{name}'", opts)
        super().__init__("modeldeploy:index:CloudRunJob", name, to_wire(checked), opts)
        retention = checked.operations.log_retention_days
        size = run_size(checked.compute)
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
        secrets = references(checked.secrets)
        access = None if checked.database is None else grant_access(scope, account, checked.database)
        ready = [
            *let_read_models(scope, account, models, remote_buckets([checked.model])),
            *let_score(scope, checked, account.member, results),
            *let_read_secrets(scope, account, secrets),
            *(access.ready if access else []),
        ]

        told: dict[str, pulumi.Input[str]] = {
            **task_environment(checked, TASK_INDEX_VARIABLE, artifact.uri, results_uri(results)),
            **(access.environment if access else {}),
        }
        job = _job(scope, checked, size, network, account, key, told, secrets, [*artifact.ready, *ready])

        notify = channels(scope, checked.operations.emails)
        if checked.schedule is not None:
            starter = starting_account(scope)
            may_start = _let_start(scope, job, starter)
            start_at(scope, checked.schedule, _run_uri(scope, job), starter, notify, [may_start])
        logs = log_bucket(scope, job.name, _series(job.name), retention, key)
        _failure_alarm(scope, job, notify)
        dashboard = make_dashboard(scope, job.name.apply(_charts))
        cost = _monthly_usd(checked, size)
        component_budget(scope, checked.billing_account, checked.operations, cost, models.project_number, notify)

        self.start = pulumi.Output.format("gcloud run jobs execute {0} --region={1} --project={2}", job.name, where.region, where.project)
        self.results = results_uri(results)
        self.identity = account.email
        self.model_version = pulumi.Output.from_input(checked.model.version)
        self.logs = logs.id
        self.dashboard_url = dashboard_url(dashboard)
        self.monthly_cost = pulumi.Output.from_input(cost)
        self.database_grant = pulumi.Output.from_input("") if access is None else access.grant
        self.job = job.id
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
                "job": self.job,
            }
        )


def task_environment(
    args: TaskBatchArgs, index_variable: str, model_uri: pulumi.Input[str], results: pulumi.Input[str]
) -> dict[str, pulumi.Input[str]]:
    """What a task is told, with the container's own variables."""
    told: dict[str, pulumi.Input[str]] = {
        "TASK_INDEX_VARIABLE": index_variable,
        "TASK_COUNT": str(args.tasks),
        "MODEL_URI": model_uri,
        "MODEL_VERSION": args.model.version,
        "RESULTS_URI": results,
    }
    if args.input_uri is not None:
        told["INPUT_URI"] = args.input_uri
    return {**args.model.container.environment, **told}


def task_problems(args: TaskBatchArgs, service: str, reserved: str) -> Iterator[Problem]:
    """Problems of a batch of tasks that `service` could not run; it sets variables that begin with `reserved` itself."""
    yield from batch_problems(args, service)
    yield from (problem.under("model.container") for problem in image_problems(args.model.container, service))
    yield from secret_id_problems(args.secrets)
    taken = {*TOLD, *(VARIABLES if args.database is not None else ())}
    for path, variables in (("model.container.environment", args.model.container.environment), ("secrets", args.secrets)):
        for variable in variables:
            if variable.startswith(reserved):
                yield Problem(f"{path}.{variable}", f"begins with {reserved}, as the variables that {service} sets; choose another name")
            if variable in taken:
                yield Problem(f"{path}.{variable}", "is set by the component; leave it out")


def _apis(args: CloudRunJobArgs) -> list[str]:
    """What the job needs, and what it needs for a schedule, secrets and a budget only when it has them."""
    optional = {
        "cloudscheduler": args.schedule is not None,
        "secretmanager": bool(args.secrets),
        "billingbudgets": args.billing_account is not None,
    }
    return [*APIS, *(api for api, wanted in optional.items() if wanted)]


def _job(
    scope: Scope,
    args: CloudRunJobArgs,
    size: RunSize,
    network: Network,
    account: gcp.serviceaccount.Account,
    key: Key,
    told: Mapping[str, pulumi.Input[str]],
    secrets: Mapping[str, SecretReference],
    ready: Sequence[pulumi.Resource],
) -> gcp.cloudrunv2.Job:
    container = gcp.cloudrunv2.JobTemplateTemplateContainerArgs(
        image=args.model.container.image,
        args=args.command or None,
        envs=[
            *(gcp.cloudrunv2.JobTemplateTemplateContainerEnvArgs(name=name, value=value) for name, value in told.items()),
            *(_secret(name, reference) for name, reference in secrets.items()),
        ],
        resources=gcp.cloudrunv2.JobTemplateTemplateContainerResourcesArgs(limits=size.limits),
    )
    task = gcp.cloudrunv2.JobTemplateTemplateArgs(
        containers=[container],
        max_retries=args.retries,
        timeout=f"{args.task_minutes * 60}s",
        service_account=account.email,
        encryption_key=key.id,
        vpc_access=gcp.cloudrunv2.JobTemplateTemplateVpcAccessArgs(
            egress="ALL_TRAFFIC",
            network_interfaces=[
                gcp.cloudrunv2.JobTemplateTemplateVpcAccessNetworkInterfaceArgs(network=id_of(network), subnetwork=network.subnet_ids[0])
            ],
        ),
        node_selector=gcp.cloudrunv2.JobTemplateTemplateNodeSelectorArgs(accelerator=GPU) if size.gpus else None,
        # A task that loses its zone is tried again: a second zone that stands by costs half as much again.
        gpu_zonal_redundancy_disabled=True if size.gpus else None,
    )
    return gcp.cloudrunv2.Job(
        scope.name,
        gcp.cloudrunv2.JobArgs(
            location=scope.region,
            project=scope.project,
            template=gcp.cloudrunv2.JobTemplateArgs(template=task, task_count=args.tasks, parallelism=args.at_once, labels=scope.labels),
            binary_authorization=gcp.cloudrunv2.JobBinaryAuthorizationArgs(use_default=True),
            # It holds nothing; what it writes is in the bucket of the results.
            deletion_protection=False,
            labels=scope.labels,
        ),
        # Whoever starts it with gcloud or the console leaves the name of the tool in these.
        scope.after_apis(*key.ready, *ready, ignore_changes=["client", "clientVersion"]),
    )


def _secret(name: str, reference: SecretReference) -> gcp.cloudrunv2.JobTemplateTemplateContainerEnvArgs:
    source = gcp.cloudrunv2.JobTemplateTemplateContainerEnvValueSourceSecretKeyRefArgs(secret=reference.secret, version=reference.version)
    return gcp.cloudrunv2.JobTemplateTemplateContainerEnvArgs(
        name=name, value_source=gcp.cloudrunv2.JobTemplateTemplateContainerEnvValueSourceArgs(secret_key_ref=source)
    )


def _let_start(scope: Scope, job: gcp.cloudrunv2.Job, starter: gcp.serviceaccount.Account) -> gcp.cloudrunv2.JobIamMember:
    """Lets `starter` run this job."""
    return gcp.cloudrunv2.JobIamMember(
        f"{scope.name}-starts",
        gcp.cloudrunv2.JobIamMemberArgs(name=job.name, location=scope.region, project=scope.project, role=STARTER, member=starter.member),
        scope.child(),
    )


def _run_uri(scope: Scope, job: gcp.cloudrunv2.Job) -> pulumi.Output[str]:
    """https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs/run"""
    return pulumi.Output.format("https://run.googleapis.com/v2/projects/{0}/locations/{1}/jobs/{2}:run", scope.project, scope.region, job.name)


def _series(job: pulumi.Input[str]) -> pulumi.Output[str]:
    """What Cloud Monitoring and Cloud Logging know about the job."""
    return pulumi.Output.concat('resource.type="cloud_run_job" AND resource.labels.job_name="', job, '"')


def _failure_alarm(scope: Scope, job: gcp.cloudrunv2.Job, notify: Sequence[gcp.monitoring.NotificationChannel]) -> None:
    """Runs that failed. Metrics: https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run"""
    failed = pulumi.Output.concat(
        _series(job.name), ' AND metric.type="run.googleapis.com/job/completed_execution_count" AND metric.labels.result="failed"'
    )
    condition = above("Failed runs", failed, 0, "0s", "ALIGN_DELTA", "REDUCE_SUM")
    policy(scope, "failed", f"A run of {scope.name} failed: a task failed as often as it is tried.", [condition], notify)


def _charts(job: str) -> Sequence[Chart]:
    def one(title: str, metric: str, aligner: str, reducer: str, *by: str) -> Chart:
        series = f'resource.type="cloud_run_job" AND resource.labels.job_name="{job}" AND metric.type="run.googleapis.com/{metric}"'
        return chart(title, [line(series, aligner, reducer, by)])

    return [
        one("Runs by result", "job/completed_execution_count", "ALIGN_DELTA", "REDUCE_SUM", 'metric.label."result"'),
        one("Runs going on", "job/running_executions", "ALIGN_MEAN", "REDUCE_SUM"),
        one("Attempts at tasks by result", "job/completed_task_attempt_count", "ALIGN_DELTA", "REDUCE_SUM", 'metric.label."result"'),
        one("Attempts going on", "job/running_task_attempts", "ALIGN_MEAN", "REDUCE_SUM"),
        one("CPU use, p99", "container/cpu/utilizations", "ALIGN_DELTA", "REDUCE_PERCENTILE_99"),
        one("Memory use, p99", "container/memory/utilizations", "ALIGN_DELTA", "REDUCE_PERCENTILE_99"),
    ]


def _monthly_usd(args: CloudRunJobArgs, size: RunSize) -> float:
    hours = min(args.expected_minutes, args.task_minutes) / 60 * args.tasks
    return round(runs_per_month(args) * hours * size.hourly_usd, 2)
