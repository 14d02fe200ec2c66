"""A model that scores in tasks of AWS Batch."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.batch import TaskBatchArgs
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.model import remote_problems
from modeldeploy.spec.names import check_name
from modeldeploy.spec.operations import Environment
from modeldeploy.spec.tags import standard_tags

from .account import Account, current_account, physical_name
from .alarms import alarm_topic, run_alarms
from .buckets import expiry, private_bucket
from .budget import NAME_TAG, monthly_budget
from .dashboard import dashboard_url, run_dashboard
from .fargate import FargateSize, fargate_problems, fargate_size
from .folders import artifact_statements, read_statements, write_statements
from .given import folder_problems, key_problems, network_problems, secret_arn_problems
from .identity import database_environment, database_grant, database_user
from .instances import KEY_MONTHLY_USD
from .keys import key_arn
from .model_store import model_store
from .network import Attachment, attach
from .policy_documents import Statement
from .runs import State, delivery_of_logs, runs
from .security_groups import model_group
from .tasks import container_role, start_role

LONGEST_NAME = 40
"""An IAM role's name, 64 characters at most, is made of the component's, `-network-flows` and what auto-naming adds."""

MOST_ATTEMPTS = 10
"""Attempts that AWS Batch gives a task at most: https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html."""

SPOT_TAKEN = "Your Spot Task was interrupted*"
"""How the status of a task begins whose machine Fargate took back: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html."""

WAIT_SECONDS = 86400
"""How long a run may wait for machines, besides the time of its tasks."""

YEAR_SECONDS = 365 * 86400
"""How long an execution lasts at most: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html."""

STUCK_SECONDS = 3600
"""How long a task may wait that can never start."""

INDEX = "AWS_BATCH_JOB_ARRAY_INDEX"
"""Variable with the number of a task of an array: https://docs.aws.amazon.com/batch/latest/userguide/array_jobs.html."""

OWN_VARIABLES = ("MODEL_URI", "MODEL_VERSION", "INPUT_URI", "RESULTS_URI", "TASK_INDEX", "TASK_INDEX_VARIABLE", "TASK_COUNT")


@dataclass(frozen=True, kw_only=True)
class AwsBatchJobArgs(TaskBatchArgs):
    """Arguments of `AwsBatchJob`: the shared ones, and what Fargate alone has.

    - `retries`: AWS Batch counts a machine that was taken back like a task that failed. With 0, only a task whose machine was taken back is tried
      again, nine times at most; its container must not end with 0 when it is told to stop (SIGTERM), or it counts as done.
    - `parallelism` below `tasks`: AWS Batch has limits for each kind of machines and not for a run. Then only one kind is used, spare machines or
      others, where otherwise others take over what finds no spare machine; two runs at the same time share the limit.
    - `compute`: the smallest of Fargate's sizes that has both. It has no GPUs.
    - `network.id`: the network needs VPC endpoints for `ecr.api`, `ecr.dkr`, `logs`, S3, and `secretsmanager` for `secrets`; or a way to the
      internet.
    """

    disk_gib: int = 20
    """Disk of a task, for the image, the model and temporary files, in GiB, 20 to 200. It is encrypted and goes with the task."""

    @property
    def on_spot(self) -> bool:
        """Whether spare machines are used."""
        return self.spot is not False

    @property
    def size(self) -> FargateSize:
        """What one task gets."""
        return fargate_size(self.compute)

    @property
    def attempts(self) -> int:
        """How often a task is tried."""
        return MOST_ATTEMPTS if self.on_spot and not self.retries else 1 + self.retries

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from (Problem(each.path.replace("models[0]", "model"), each.reason) for each in remote_problems([self.model], ("s3",), "AWS Batch"))
        yield from fargate_problems(self.compute, "use SageMakerBatchTransform or a Kubernetes cluster with a pool of machines that have them")
        yield from _variable_problems(self)
        yield from folder_problems("input_uri", self.input_uri)
        yield from secret_arn_problems(self.secrets)
        yield from network_problems(self.network)
        yield from key_problems(self.encryption)
        if self.operations.capture_percent:
            yield Problem("operations.capture_percent", "has no effect on a batch, whose results are kept; leave it out")
        if not 20 <= self.disk_gib <= 200:
            yield Problem("disk_gib", f"{self.disk_gib} is not allowed; use 20 to 200")


class AwsBatchJob(pulumi.ComponentResource):
    """A model as an array of tasks on AWS Batch and Fargate: https://docs.aws.amazon.com/batch/latest/userguide/fargate.html.

    A run is an execution of a state machine, started by the schedule or by hand. With it come the network (unless one is given), key, model bucket,
    results bucket, roles, logs, alarms (a run that failed, took too long, or could not be started), dashboard and budget. A change of the model is a
    new revision of the job definition, which the next run takes; runs that are under way end as they began.
    """

    start: pulumi.Output[str]
    """The command that starts a run."""
    results: pulumi.Output[str]
    """URI of the folder that tasks write to."""
    identity: pulumi.Output[str]
    """ARN of the role the tasks act with: what other resources' policies name to let them in."""
    model_version: pulumi.Output[str]
    """The version that scores."""
    logs: pulumi.Output[str]
    """CloudWatch log group of the tasks."""
    dashboard_url: pulumi.Output[str]
    """CloudWatch dashboard."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month by the list prices in `fargate.py` and `instances.py`: the tasks of the runs on schedule (one run without a schedule) at the
    price on demand, the key, and the interface endpoints of a network that was made for it. Not counted: what spare machines save, disks above
    20 GiB, logs, metrics, storage, Step Functions."""
    database_grant: pulumi.Output[str]
    """The SQL statement an administrator of the database runs once, so that the tasks may log in and read. Empty without a database."""
    alarm_topic: pulumi.Output[str]
    """ARN of the SNS topic that carries alarms and budget alerts: subscribe chat or paging to it."""

    def __init__(self, name: str, args: AwsBatchJobArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(AwsBatchJobArgs, args, f"AwsBatchJob '{name}'")
        check_name(f"AwsBatchJob '{name}'", name, LONGEST_NAME)
        super().__init__("modeldeploy:index:AwsBatchJob", name, as_inputs(checked), opts)
        account = current_account(self)
        deployment = physical_name(name, 63)
        named = {NAME_TAG: deployment}
        tags = standard_tags(checked.tags, checked.environment) | named
        operations, environment = checked.operations, checked.environment

        key = key_arn(name, checked.encryption, environment, account, tags, self, [delivery_of_logs])
        services = ["secretsmanager"] if checked.secrets else []
        network = attach(name, checked.network, key, operations.log_retention_days, environment, checked.tags | named, self, services)
        store = model_store(name, [checked.model], key, environment, None, account.partition, tags, self)
        production = environment is Environment.PRODUCTION
        bucket, _ = private_bucket(f"{name}-results", key, production, [expiry("results", "", checked.results_days)], tags, self)
        results = pulumi.Output.concat("s3://", bucket.id, "/results/")
        logs = aws.cloudwatch.LogGroup(
            f"{name}-tasks", retention_in_days=operations.log_retention_days, kms_key_id=key, tags=tags, opts=pulumi.ResourceOptions(parent=self)
        )
        topic = alarm_topic(name, operations.emails, key, account, tags, self)

        group = model_group(name, network, checked.database is not None, account, tags, self)
        starter, starting = start_role(name, [checked.model.container.image], checked.secrets, key, logs.arn, account, tags, self)
        read = checked.input_uri
        statements = pulumi.Output.all(pulumi.Output.all(*store.object_arns), key, bucket.arn, read, account.partition).apply(
            lambda it: _data(it[0], it[1], it[2], it[3], it[4])
        )
        task, acting = container_role(name, statements, checked.database, account, tags, self)

        environments = _environments(name, checked, network, group, tags, self)
        queue = _queue(name, environments, tags, self)
        variables = _variables(name, checked, store.urls[checked.model.version], results)
        definition = _definition(name, checked, variables, starter, task, logs, account, tags, [*starting, *acting], self)

        work = pulumi.Output.all(queue.arn, definition.arn_prefix)
        run = runs(
            name,
            pulumi.Output.all(account.partition, definition.name, queue.arn).apply(lambda it: _state(checked, name, it[0], it[1], it[2])),
            _watch,
            work.apply(lambda it: [{"Effect": "Allow", "Action": "batch:SubmitJob", "Resource": [it[0], it[1], f"{it[1]}:*"]}]),
            checked.schedule,
            key,
            operations.log_retention_days,
            account,
            tags,
            self,
        )

        run_alarms(name, run.machine.arn, run.failed.name, topic, tags, self)
        dashboard = run_dashboard(name, run.machine.arn, run.failed.name, logs.name, account, self)
        cost = round(_cost(checked) + network.monthly_usd + (KEY_MONTHLY_USD if checked.encryption.key is None else 0), 2)
        monthly_budget(name, deployment, operations.monthly_budget_usd or cost, topic, tags, self)

        self.start = pulumi.Output.concat("aws stepfunctions start-execution --region ", account.region, " --state-machine-arn ", run.machine.arn)
        self.results = results
        self.identity = task.arn
        self.model_version = pulumi.Output.from_input(checked.model.version)
        self.logs = logs.name
        self.dashboard_url = dashboard_url(dashboard, account)
        self.monthly_cost = pulumi.Output.from_input(cost)
        self.database_grant = database_grant(checked.database, database_user(name))
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
                "database_grant": self.database_grant,
                "alarm_topic": self.alarm_topic,
            }
        )


def _environments(
    name: str, args: AwsBatchJobArgs, network: Attachment, group: aws.ec2.SecurityGroup, tags: dict[str, str], parent: pulumi.Resource
) -> list[aws.batch.ComputeEnvironment]:
    """The kinds of machines in the order they are tried. Their limit is what keeps a run to `parallelism`, so two kinds would double it."""
    limited = args.at_once < args.tasks
    kinds = ["FARGATE_SPOT"] if args.on_spot and limited else ["FARGATE_SPOT", "FARGATE"] if args.on_spot else ["FARGATE"]
    return [
        aws.batch.ComputeEnvironment(
            f"{name}-{kind.lower().replace('_', '-')}",
            type="MANAGED",
            state="ENABLED",
            compute_resources=aws.batch.ComputeEnvironmentComputeResourcesArgs(
                type=kind,
                max_vcpus=math.ceil(args.at_once * args.size.cpus),
                subnets=network.subnet_ids,
                security_group_ids=[group.id],
            ),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=parent),
        )
        for kind in kinds
    ]


def _queue(name: str, environments: list[aws.batch.ComputeEnvironment], tags: dict[str, str], parent: pulumi.Resource) -> aws.batch.JobQueue:
    order = aws.batch.JobQueueComputeEnvironmentOrderArgs
    stuck = ("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE", "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")
    return aws.batch.JobQueue(
        f"{name}-queue",
        priority=1,
        state="ENABLED",
        compute_environment_orders=[order(order=place, compute_environment=each.arn) for place, each in enumerate(environments, start=1)],
        job_state_time_limit_actions=[
            aws.batch.JobQueueJobStateTimeLimitActionArgs(reason=reason, state="RUNNABLE", action="CANCEL", max_time_seconds=STUCK_SECONDS)
            for reason in stuck
        ],
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _definition(
    name: str,
    args: AwsBatchJobArgs,
    variables: Mapping[str, pulumi.Input[str]],
    starter: aws.iam.Role,
    task: aws.iam.Role,
    logs: aws.cloudwatch.LogGroup,
    account: Account,
    tags: dict[str, str],
    permissions: list[pulumi.Resource],
    parent: pulumi.Resource,
) -> aws.batch.JobDefinition:
    """Updates make revisions of it; runs name it without one, and get the newest."""
    size = args.size
    container: dict[str, object] = {
        "image": args.model.container.image,
        **({"command": args.command} if args.command else {}),
        "resourceRequirements": [{"type": "VCPU", "value": f"{size.cpus:g}"}, {"type": "MEMORY", "value": str(size.memory_mib)}],
        "ephemeralStorage": {"sizeInGiB": args.disk_gib} if args.disk_gib > 20 else None,
        "executionRoleArn": starter.arn,
        "jobRoleArn": task.arn,
        "environment": [{"name": variable, "value": value} for variable, value in sorted(variables.items())],
        "secrets": [{"name": variable, "valueFrom": address} for variable, address in sorted(args.secrets.items())] or None,
        # Passes signals on to the container and cleans up after it.
        "linuxParameters": {"initProcessEnabled": True},
        "networkConfiguration": {"assignPublicIp": "DISABLED"},
        "fargatePlatformConfiguration": {"platformVersion": "LATEST"},
        "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"},
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": logs.name, "awslogs-region": account.region, "awslogs-stream-prefix": args.model.name},
        },
    }
    return aws.batch.JobDefinition(
        f"{name}-tasks",
        type="container",
        platform_capabilities=["FARGATE"],
        container_properties=pulumi.Output.from_input({key: value for key, value in container.items() if value is not None}).apply(json.dumps),
        retry_strategy=_retries(args),
        timeout=aws.batch.JobDefinitionTimeoutArgs(attempt_duration_seconds=args.task_minutes * 60),
        # What a task costs is told by its tags.
        propagate_tags=True,
        tags={**tags, "model-version": args.model.version},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=permissions),
    )


def _retries(args: AwsBatchJobArgs) -> aws.batch.JobDefinitionRetryStrategyArgs:
    rule = aws.batch.JobDefinitionRetryStrategyEvaluateOnExitArgs
    only_taken = [rule(action="RETRY", on_status_reason=SPOT_TAKEN), rule(action="EXIT", on_reason="*")]
    return aws.batch.JobDefinitionRetryStrategyArgs(
        attempts=args.attempts, evaluate_on_exits=only_taken if args.on_spot and not args.retries else None
    )


def _variables(name: str, args: AwsBatchJobArgs, artifact: pulumi.Input[str], results: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """What a task finds in its environment. One task is no array, and nobody would number it."""
    index = {"TASK_INDEX_VARIABLE": INDEX} if args.tasks > 1 else {"TASK_INDEX_VARIABLE": "TASK_INDEX", "TASK_INDEX": "0"}
    return {
        "MODEL_URI": artifact,
        "MODEL_VERSION": args.model.version,
        **({} if args.input_uri is None else {"INPUT_URI": args.input_uri}),
        "RESULTS_URI": results,
        "TASK_COUNT": str(args.tasks),
        **index,
        **database_environment(name, args.database),
        **args.model.container.environment,
    }


def _state(args: AwsBatchJobArgs, name: str, partition: str, definition: str, queue: str) -> State:
    """https://docs.aws.amazon.com/step-functions/latest/dg/connect-batch.html."""
    waves = math.ceil(args.tasks / args.at_once)
    return {
        "Type": "Task",
        "Resource": f"arn:{partition}:states:::batch:submitJob.sync",
        "Parameters": {
            "JobName": name,
            "JobQueue": queue,
            "JobDefinition": definition,
            # AWS Batch has no arrays of one.
            **({"ArrayProperties": {"Size": args.tasks}} if args.tasks > 1 else {}),
        },
        "TimeoutSeconds": min(waves * args.attempts * args.task_minutes * 60 + WAIT_SECONDS, YEAR_SECONDS),
    }


def _watch(partition: str, region: str, account: str) -> list[Statement]:
    """What waiting for a job takes: https://docs.aws.amazon.com/step-functions/latest/dg/batch-iam.html. The first API takes no resource."""
    here = f"{region}:{account}"
    return [
        {"Effect": "Allow", "Action": "batch:DescribeJobs", "Resource": "*"},
        {"Effect": "Allow", "Action": "batch:TerminateJob", "Resource": f"arn:{partition}:batch:{here}:job/*"},
        {
            "Effect": "Allow",
            "Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            "Resource": f"arn:{partition}:events:{here}:rule/StepFunctionsGetEventsForBatchJobsRule",
        },
    ]


def _data(objects: list[str], key: str, results: str, folder: str | None, partition: str) -> list[Statement]:
    """What the tasks read and write."""
    return [*artifact_statements(objects, key), *write_statements(results), *(read_statements(folder, partition) if folder else [])]


def _cost(args: AwsBatchJobArgs) -> float:
    """US dollars a month of the tasks."""
    hours = min(args.expected_minutes, args.task_minutes) / 60
    return args.size.hourly_usd * args.tasks * hours * (args.schedule.runs_per_month if args.schedule else 1)


def _variable_problems(args: AwsBatchJobArgs) -> Iterator[Problem]:
    given = {f"model.container.environment.{each}": each for each in args.model.container.environment} | {
        f"secrets.{each}": each for each in args.secrets
    }
    for path, variable in given.items():
        if variable in OWN_VARIABLES:
            yield Problem(path, "is set by the component; use another name")
        if variable.startswith("AWS_BATCH"):
            yield Problem(path, "begins with AWS_BATCH, which AWS Batch keeps for itself; use another name")
        if args.database is not None and variable.startswith("DATABASE_"):
            yield Problem(path, "excludes database: it is set from there; give one of the two")
