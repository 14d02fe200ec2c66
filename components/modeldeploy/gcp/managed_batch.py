"""A batch that Vertex AI scores with a registered model, as a production team would run it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.batch import ManagedBatchArgs, RecordFormat
from modeldeploy.spec.compute import InstanceType, choice_problems, choose
from modeldeploy.spec.names import check_name
from modeldeploy.spec.operations import Environment

from .alarms import channels
from .batches import batch_problems, let_score, results_bucket, results_uri, runs_per_month
from .budget import billing_problems, component_budget
from .charts import dashboard_url
from .identity import let_read_models, serving_account
from .images import vertex_container_problems
from .instances import CATALOGUE, GPU
from .keys import data_key
from .labels import labels
from .logs import log_bucket
from .model_store import model_bucket, remote_buckets
from .names import LONGEST
from .place import place
from .scope import Scope
from .services import enable
from .versions import register
from .vertex.resources import to_wire
from .workflow import APIS as WORKFLOW_APIS
from .workflow import EXECUTION, Request, failure_alarm, run_workflow, start_command, start_workflow_at, workflow_dashboard, workflow_series

APIS = ("aiplatform", *WORKFLOW_APIS, "cloudkms", "storage", "iam", "logging", "monitoring")
ENCRYPTED = ("aiplatform", "workflows", "storage", "logging")
"""The services that store something of a batch under its key."""
PERMISSIONS = ("aiplatform.batchPredictionJobs.create", "aiplatform.batchPredictionJobs.get", "aiplatform.models.get")
SUCCEEDED = ("JOB_STATE_SUCCEEDED",)
FAILED = ("JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED", "JOB_STATE_PARTIALLY_SUCCEEDED")
"""A run that left records out has failed: nobody would notice otherwise."""


@dataclass(frozen=True, kw_only=True)
class VertexBatchPredictionArgs(ManagedBatchArgs):
    """A batch that Vertex AI scores with a registered model.

    `network` is not used: Vertex AI runs batches in a network of its own, and reads and writes Cloud Storage inside Google's.
    """

    billing_account: str | None = None
    """The billing account that pays for the project, `XXXXXX-XXXXXX-XXXXXX`: Google Cloud keeps budgets there. Whoever runs Pulumi needs
    `roles/billing.costsManager` on it. Omitted: no budget is made."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from batch_problems(self, "Vertex AI")
        yield from (problem.under("model.container") for problem in vertex_container_problems(self.model.container))
        yield from choice_problems(self.compute, CATALOGUE, "Vertex AI")
        if self.record_format is RecordFormat.CSV:
            yield Problem("record_format", "csv is not allowed on Vertex AI, which takes the first line of a file for its header; use jsonl")
        if self.spot:
            yield Problem("spot", "is not offered for batch prediction on Vertex AI; leave it out, or use GoogleBatchJob, which has spare machines")
        if self.network.cidr is not None:
            yield Problem("network.cidr", "has no effect: Vertex AI runs batches in a network of its own; leave it out")
        yield from billing_problems(self.billing_account, self.operations)


class VertexBatchPrediction(pulumi.ComponentResource):
    """A version in Vertex AI's registry, and a workflow that has it score the records of `input_uri` when it is started: by the schedule, or by hand.

    Vertex AI starts `workers` machines with the model's container, posts the records to its predict path, writes the answers to `results` in a folder
    for each run, and takes the machines away. The workflow waits for the end and fails when a run does, also when it left records out.

    What its user has seen to: a key given by `encryption.key` is in the batch's region and lets the service agents of Vertex AI, Workflows, Cloud
    Storage and Cloud Logging encrypt and decrypt; input, and the registry of an image, in another project let the service agent of Vertex AI read.
    What the container itself writes goes to the project's own log: its entries name a number that Vertex AI makes up for every run.
    """

    start: pulumi.Output[str]
    """The command that starts a run."""
    results: pulumi.Output[str]
    """The folder of the results, `gs://bucket/results`, with a folder for each run. What was written there goes after `results_days`."""
    identity: pulumi.Output[str]
    """Address of the service account the container runs as; as an IAM member, `serviceAccount:<address>`."""
    model_version: pulumi.Output[str]
    """The version that scores."""
    logs: pulumi.Output[str]
    """The log bucket with the course and the outcome of every run, `projects/P/locations/L/buckets/B`."""
    dashboard_url: pulumi.Output[str]
    """Where to look at runs, how they ended and how long they took."""
    monthly_cost: pulumi.Output[float]
    """Estimated US dollars a month: the runs of the schedule (one without), with `workers` machines for `expected_minutes` each, at the prices of
    online prediction in us-central1. Not in it: storage, logs, and the minutes in which machines start."""
    workflow: pulumi.Output[str]
    """The workflow, `projects/P/locations/L/workflows/W`."""

    def __init__(self, name: str, args: VertexBatchPredictionArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(VertexBatchPredictionArgs, args, f"VertexBatchPrediction '{name}'")
        check_name(f"VertexBatchPrediction '{name}'", name, LONGEST)
        where = place(f"VertexBatchPrediction '{name}'", opts)
        super().__init__("modeldeploy:index:VertexBatchPrediction", name, to_wire(checked), opts)
        machine = choose(checked.compute, CATALOGUE)
        scope = Scope(
            name=name,
            place=where,
            labels=labels(checked.tags, checked.environment, name),
            production=checked.environment is Environment.PRODUCTION,
            component=self,
            apis=enable(name, _apis(checked), where, self),
        )

        key = data_key(scope, checked.encryption, ENCRYPTED)
        models = model_bucket(scope, key)
        results = results_bucket(scope, key, checked.results_days)
        account = serving_account(scope)
        can_read = let_read_models(scope, account, models, remote_buckets([checked.model]))
        can_score = let_score(scope, checked, account.member, results)
        registered = register(scope, [checked.model], models, {}, key)[checked.model.version]

        # Known when everything is there that a run needs.
        needed = pulumi.Output.all(*(each.urn for each in (*can_read, *can_score)))
        request = pulumi.Output.all(
            registered.resource_name, account.email, key.id, results_uri(results), checked.input_uri, where.project, where.region, needed
        ).apply(lambda values: _request(scope, checked, machine, *(str(each) for each in values[:7])))
        workflow = run_workflow(scope, key, account, PERMISSIONS, request)

        notify = channels(scope, checked.operations.emails)
        start_workflow_at(scope, checked, workflow, notify)
        failure_alarm(scope, workflow, notify)
        logs = log_bucket(scope, workflow.name, workflow.name.apply(workflow_series), checked.operations.log_retention_days, key)
        dashboard = workflow_dashboard(scope, workflow)
        cost = round(runs_per_month(checked) * checked.expected_minutes / 60 * checked.workers * machine.hourly_usd, 2)
        component_budget(scope, checked.billing_account, checked.operations, cost, models.project_number, notify)

        self.start = start_command(scope, workflow)
        self.results = results_uri(results)
        self.identity = account.email
        self.model_version = pulumi.Output.from_input(checked.model.version)
        self.logs = logs.id
        self.dashboard_url = dashboard_url(dashboard)
        self.monthly_cost = pulumi.Output.from_input(cost)
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
                "workflow": self.workflow,
            }
        )


def _apis(args: VertexBatchPredictionArgs) -> list[str]:
    """What the batch needs, and what it needs for a schedule and a budget only when it has them."""
    optional = {"cloudscheduler": args.schedule is not None, "billingbudgets": args.billing_account is not None}
    return [*APIS, *(api for api, wanted in optional.items() if wanted)]


def _request(
    scope: Scope,
    args: VertexBatchPredictionArgs,
    machine: InstanceType,
    model: str,
    account: str,
    key: str,
    results: str,
    input_uri: str,
    project: str,
    region: str,
) -> Request:
    """https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.batchPredictionJobs"""
    base = f"https://{region}-aiplatform.googleapis.com/v1"
    gpus = {"acceleratorType": GPU, "acceleratorCount": machine.gpus} if machine.gpus else {}
    return Request(
        url=f"{base}/projects/{project}/locations/{region}/batchPredictionJobs",
        body={
            "displayName": f'${{"{scope.name}-" + {EXECUTION}}}',
            "model": model,
            "inputConfig": {"instancesFormat": args.record_format.value, "gcsSource": {"uris": [f"{input_uri.rstrip('/')}/*"]}},
            "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": results}},
            "dedicatedResources": {
                "machineSpec": {"machineType": machine.name, **gpus},
                "startingReplicaCount": args.workers,
                "maxReplicaCount": args.workers,
            },
            "serviceAccount": account,
            "encryptionSpec": {"kmsKeyName": key},
            "labels": dict(scope.labels),
        },
        base=base,
        state="state",
        succeeded=SUCCEEDED,
        failed=FAILED,
    )
