"""A model that scores files by SageMaker's batch transform."""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.batch import ManagedBatchArgs, RecordFormat
from modeldeploy.spec.compute import InstanceType, choice_problems, choose
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.model import remote_problems
from modeldeploy.spec.names import check_name, fit
from modeldeploy.spec.operations import Environment
from modeldeploy.spec.tags import standard_tags

from .account import current_account, physical_name
from .alarms import alarm_topic, run_alarms
from .buckets import expiry, private_bucket
from .budget import NAME_TAG, monthly_budget
from .dashboard import dashboard_url, run_dashboard
from .folders import read_statements, write_statements
from .given import folder_problems, key_problems, network_problems
from .identity import execution_role
from .instances import INSTANCES, KEY_MONTHLY_USD
from .keys import key_arn
from .model_store import model_store
from .network import attach
from .policy_documents import Statement, document
from .runs import State, delivery_of_logs, runs
from .sagemaker_model import sagemaker_model, sagemaker_model_problems
from .security_groups import Place, model_group

LONGEST_NAME = 32
"""A SageMaker model's name, 63 characters at most, is made of the component's, a version and what auto-naming adds."""

SERVICE = "SageMaker batch transform"

MACHINES = tuple(machine for machine in INSTANCES if machine.name != "ml.c5.large")
"""What transform jobs run on: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformResources.html."""

LOG_GROUP = "/aws/sagemaker/TransformJobs"
"""Where SageMaker writes the logs of all transform jobs of the account."""

PAYLOAD_MB = 100
"""What the requests in flight may have together: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html."""

MEDIA_TYPES = {RecordFormat.CSV: "text/csv", RecordFormat.JSON_LINES: "application/jsonlines"}


@dataclass(frozen=True, kw_only=True)
class SageMakerBatchTransformArgs(ManagedBatchArgs):
    """Arguments of `SageMakerBatchTransform`: the shared ones, and what batch transform alone has.

    `spot` may not be true: batch transform has no spare machines. `network.id` is as for `SageMakerEndpoint`.
    """

    records_together: bool = True
    """Whether a request carries as many records as fit in `payload_mb`. False: one, where the container takes no more."""
    payload_mb: int = 6
    """Size of a request at most, in MB, 1 to 100."""
    concurrent_requests: int = 1
    """Requests that one worker answers at the same time, 1 or more; with `payload_mb` 100 MB at most. As many as the container has processes."""
    run_hours: int = 24
    """Time a run has, in hours, 1 to 120; then it is stopped as failed."""

    @property
    def machine(self) -> InstanceType:
        """The instance type."""
        return choose(self.compute, MACHINES)

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from choice_problems(self.compute, MACHINES, SERVICE)
        yield from (Problem(each.path.replace("models[0]", "model"), each.reason) for each in remote_problems([self.model], ("s3",), "SageMaker"))
        yield from (problem.under("model") for problem in sagemaker_model_problems(self.model, None))
        yield from folder_problems("input_uri", self.input_uri)
        yield from network_problems(self.network)
        yield from key_problems(self.encryption)
        if self.spot:
            yield Problem("spot", "true is not allowed: batch transform has no spare machines; leave it out, or use AwsBatchJob")
        if self.operations.capture_percent:
            yield Problem("operations.capture_percent", "has no effect on a batch, whose results are kept; leave it out")
        for name, low, high in (("payload_mb", 1, PAYLOAD_MB), ("run_hours", 1, 120)):
            value: int = getattr(self, name)
            if not low <= value <= high:
                yield Problem(name, f"{value} is not allowed; use {low} to {high}")
        most = max(1, PAYLOAD_MB // max(self.payload_mb, 1))
        if not 1 <= self.concurrent_requests <= most:
            yield Problem("concurrent_requests", f"{self.concurrent_requests} is not allowed; with payload_mb {self.payload_mb} use 1 to {most}")


class SageMakerBatchTransform(pulumi.ComponentResource):
    """Files in S3, scored record by record: https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html.

    A run is an execution of a state machine, started by the schedule or by hand; each has a transform job and a folder of its own, with a file
    `<name>.out` for each file, line by line. With it come the network (unless one is given), key, buckets for model and results, roles, logs, alarms,
    dashboard and budget. A change of the model is a new SageMaker model, which the next run takes.
    """

    start: pulumi.Output[str]
    """The command that starts a run."""
    results: pulumi.Output[str]
    """URI of the folder in which each run has one, named after its execution."""
    identity: pulumi.Output[str]
    """ARN of the role the container acts with: what other resources' policies name to let the model in."""
    model_version: pulumi.Output[str]
    """The version that scores."""
    logs: pulumi.Output[str]
    """CloudWatch log group of the containers, which SageMaker makes for all transform jobs of the account: its retention and key are the account's
    affair. The streams of this batch begin with its name."""
    dashboard_url: pulumi.Output[str]
    """CloudWatch dashboard."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month by the list prices in `instances.py` (those of real-time inference): the workers of the runs on schedule (one run without a
    schedule) for `expected_minutes`, the key, and the interface endpoints of a network that was made for it. Not counted: logs, metrics, storage,
    Step Functions."""
    run_logs: pulumi.Output[str]
    """CloudWatch log group of the runs' steps."""
    alarm_topic: pulumi.Output[str]
    """ARN of the SNS topic that carries alarms and budget alerts: subscribe chat or paging to it."""

    def __init__(self, name: str, args: SageMakerBatchTransformArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(SageMakerBatchTransformArgs, args, f"SageMakerBatchTransform '{name}'")
        check_name(f"SageMakerBatchTransform '{name}'", name, LONGEST_NAME)
        super().__init__("modeldeploy:index:SageMakerBatchTransform", name, as_inputs(checked), opts)
        account = current_account(self)
        deployment = physical_name(name, 63)
        named = {NAME_TAG: deployment}
        tags = standard_tags(checked.tags, checked.environment) | named
        operations, environment = checked.operations, checked.environment
        # A job's name is this and a UUID, together 63 characters at most.
        jobs = fit(name, 26)

        key = key_arn(name, checked.encryption, environment, account, tags, self, [delivery_of_logs])
        network = attach(name, checked.network, key, operations.log_retention_days, environment, checked.tags | named, self)
        store = model_store(name, [checked.model], key, environment, None, account.partition, tags, self)
        production = environment is Environment.PRODUCTION
        bucket, _ = private_bucket(f"{name}-results", key, production, [expiry("results", "", checked.results_days)], tags, self)
        results = pulumi.Output.concat("s3://", bucket.id, "/results/")
        topic = alarm_topic(name, operations.emails, key, account, tags, self)

        place = Place(network, model_group(name, network, False, account, tags, self))
        log_group = pulumi.Output.all(account.partition, account.region, account.id).apply(
            lambda it: f"arn:{it[0]}:logs:{it[1]}:{it[2]}:log-group:{LOG_GROUP}"
        )
        role, permissions = execution_role(name, [checked.model], store, key, [log_group], [], place, None, False, account, tags, self)
        files = aws.iam.RolePolicy(
            f"{name}-files",
            role=role.name,
            policy=pulumi.Output.all(bucket.arn, checked.input_uri, log_group, account.partition).apply(
                lambda it: document(*_files(it[0], it[1], it[2], it[3]))
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        model = sagemaker_model(name, checked.model, store, role, [*permissions, files], place, None, tags, self)

        run = runs(
            name,
            pulumi.Output.all(account.partition, model.name, checked.input_uri, results, key).apply(
                lambda it: _state(checked, jobs, tags, it[0], it[1], it[2], it[3], it[4])
            ),
            lambda partition, region, account_id: _watch(jobs, partition, region, account_id),
            model.arn.apply(lambda it: [{"Effect": "Allow", "Action": "sagemaker:CreateTransformJob", "Resource": it}]),
            checked.schedule,
            key,
            operations.log_retention_days,
            account,
            tags,
            self,
        )

        run_alarms(name, run.machine.arn, run.failed.name, topic, tags, self)
        dashboard = run_dashboard(name, run.machine.arn, run.failed.name, LOG_GROUP, account, self, streams=f"{jobs}-")
        cost = round(_cost(checked) + network.monthly_usd + (KEY_MONTHLY_USD if checked.encryption.key is None else 0), 2)
        monthly_budget(name, deployment, operations.monthly_budget_usd or cost, topic, tags, self)

        self.start = pulumi.Output.concat("aws stepfunctions start-execution --region ", account.region, " --state-machine-arn ", run.machine.arn)
        self.results = results
        self.identity = role.arn
        self.model_version = pulumi.Output.from_input(checked.model.version)
        self.logs = pulumi.Output.from_input(LOG_GROUP)
        self.dashboard_url = dashboard_url(dashboard, account)
        self.monthly_cost = pulumi.Output.from_input(cost)
        self.run_logs = run.logs.name
        self.alarm_topic = topic.arn
        self.register_outputs(
            {
                "start": self.start,
                "results": self.results,
                "identity": self.identity,
                "model_version": self.model_version,
                "logs": self.logs,
                "dashboard_url": self.dashboard_url,
                "monthly_cost": self.monthly_cost,
                "run_logs": self.run_logs,
                "alarm_topic": self.alarm_topic,
            }
        )


def _state(
    args: SageMakerBatchTransformArgs, jobs: str, tags: dict[str, str], partition: str, model: str, folder: str, results: str, key: str
) -> State:
    """https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html."""
    media = MEDIA_TYPES[args.record_format]
    machine: dict[str, object] = {"InstanceType": args.machine.name, "InstanceCount": args.workers}
    # Local NVMe disks are encrypted by their hardware, and SageMaker refuses a key for them.
    encrypted = {} if args.machine.local_disk else {"VolumeKmsKeyId": key}
    return {
        "Type": "Task",
        "Resource": f"arn:{partition}:states:::sagemaker:createTransformJob.sync",
        "Parameters": {
            "TransformJobName.$": f"States.Format('{jobs}-{{}}', States.UUID())",
            "ModelName": model,
            "BatchStrategy": "MultiRecord" if args.records_together else "SingleRecord",
            "MaxPayloadInMB": args.payload_mb,
            "MaxConcurrentTransforms": args.concurrent_requests,
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": folder}},
                "ContentType": media,
                "SplitType": "Line",
            },
            "TransformOutput": {
                "S3OutputPath.$": f"States.Format('{results}{{}}/', $$.Execution.Name)",
                "Accept": media,
                "AssembleWith": "Line",
                "KmsKeyId": key,
            },
            "TransformResources": {**machine, **encrypted},
            "Tags": [{"Key": name, "Value": value} for name, value in tags.items()],
        },
        "TimeoutSeconds": args.run_hours * 3600,
    }


def _watch(jobs: str, partition: str, region: str, account: str) -> list[Statement]:
    """What a job and waiting for it takes: https://docs.aws.amazon.com/step-functions/latest/dg/sagemaker-iam.html."""
    here = f"{region}:{account}"
    return [
        {
            "Effect": "Allow",
            "Action": [
                "sagemaker:CreateTransformJob",
                "sagemaker:DescribeTransformJob",
                "sagemaker:StopTransformJob",
                "sagemaker:AddTags",
                "sagemaker:ListTags",
            ],
            "Resource": f"arn:{partition}:sagemaker:{here}:transform-job/{jobs}-*",
        },
        {
            "Effect": "Allow",
            "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            "Resource": f"arn:{partition}:events:{here}:rule/StepFunctionsGetEventsForSageMakerTransformJobsRule",
        },
    ]


def _files(results: str, folder: str, logs: str, partition: str) -> list[Statement]:
    """Reading what is scored, writing what comes out, and making the account's log group where it is not there yet."""
    return [*read_statements(folder, partition), *write_statements(results), {"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": logs}]


def _cost(args: SageMakerBatchTransformArgs) -> float:
    """US dollars a month of the workers."""
    return args.machine.hourly_usd * args.workers * args.expected_minutes / 60 * (args.schedule.runs_per_month if args.schedule else 1)
