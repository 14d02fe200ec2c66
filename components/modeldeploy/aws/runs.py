"""Runs of a batch: a state machine that starts one and waits for its end, and the schedule that starts the state machine.

An execution is a run, whatever does the work (docs/adr/0012-batch-runs.md): Step Functions counts those that failed or took too long, knows who
started which, and needs no service that publishes to the topic or the queue by itself.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.schedule import Schedule

from .account import Account, physical_name
from .cron import eventbridge_cron
from .policy_documents import Statement, document, trust
from .queues import dead_letters

MACHINE_NAME = 80
"""Longest name of a state machine."""
START_ATTEMPTS = 5
START_SECONDS = 3600
"""How often and how long a start is tried before it goes to the dead letters."""

State = dict[str, Any]


@dataclass(frozen=True)
class Runs:
    """What runs a batch."""

    machine: aws.sfn.StateMachine
    logs: aws.cloudwatch.LogGroup
    """Log group of the runs' steps."""
    failed: aws.sqs.Queue
    """Starts that were given up."""


def delivery_of_logs(partition: str, region: str, account: str) -> Statement:
    """Lets CloudWatch deliver the logs of an encrypted state machine
    (https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html): a statement of the key's policy."""
    return {
        "Sid": "LogsOfStateMachines",
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {"StringLike": {"kms:EncryptionContext:SourceArn": f"arn:{partition}:logs:{region}:{account}:*"}},
    }


def runs(
    name: str,
    state: pulumi.Output[State],
    statements: Callable[[str, str, str], list[Statement]],
    allowed: pulumi.Output[list[Statement]],
    schedule: Schedule | None,
    key: pulumi.Output[str],
    retention_days: int,
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> Runs:
    """A state machine whose only state is `state`, the schedule that starts it, and the queue of starts that were given up.

    `statements` are the permissions that are known before anything exists, from partition, region and account; `allowed` are those that are not.
    """
    machine_name = physical_name(name, MACHINE_NAME)
    arn = _arn(account, f"states:{{region}}:{{account}}:stateMachine:{machine_name}")
    opts = pulumi.ResourceOptions(parent=parent)
    logs = aws.cloudwatch.LogGroup(
        f"{name}-runs",
        # The prefix keeps the resource policy short that CloudWatch keeps for delivered logs:
        # https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html.
        name=f"/aws/vendedlogs/states/{machine_name}",
        retention_in_days=retention_days,
        kms_key_id=key,
        tags=tags,
        opts=opts,
    )
    role = aws.iam.Role(
        f"{name}-runs",
        description=f"Runs the batch {name}",
        assume_role_policy=account.id.apply(lambda it: trust("states.amazonaws.com", it)),
        tags=tags,
        opts=opts,
    )
    logging = aws.iam.RolePolicy(
        f"{name}-runs-platform",
        role=role.name,
        policy=pulumi.Output.all(account.partition, account.region, account.id).apply(
            lambda it: document(*_log_delivery(), *statements(it[0], it[1], it[2]))
        ),
        opts=opts,
    )
    work = aws.iam.RolePolicy(
        f"{name}-runs-work",
        role=role.name,
        policy=pulumi.Output.all(allowed, key, arn, account.partition, account.region, account.id).apply(
            lambda it: document(*it[0], *_own_key(it[1], it[2], f"arn:{it[3]}:logs:{it[4]}:{it[5]}:*"))
        ),
        opts=opts,
    )
    machine = aws.sfn.StateMachine(
        f"{name}-runs",
        name=machine_name,
        role_arn=role.arn,
        definition=state.apply(lambda it: json.dumps({"StartAt": "Run", "States": {"Run": {**it, "End": True}}})),
        encryption_configuration=aws.sfn.StateMachineEncryptionConfigurationArgs(
            type="CUSTOMER_MANAGED_KMS_KEY", kms_key_id=key, kms_data_key_reuse_period_seconds=300
        ),
        logging_configuration=aws.sfn.StateMachineLoggingConfigurationArgs(
            level="ALL", include_execution_data=True, log_destination=logs.arn.apply(lambda it: f"{it}:*")
        ),
        tracing_configuration=aws.sfn.StateMachineTracingConfigurationArgs(enabled=True),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[logging, work]),
    )
    failed = dead_letters(f"{name}-not-started", key, tags, parent)
    if schedule is not None:
        _schedule(name, schedule, machine, failed, key, account, tags, parent)
    return Runs(machine, logs, failed)


def _schedule(
    name: str,
    schedule: Schedule,
    machine: aws.sfn.StateMachine,
    failed: aws.sqs.Queue,
    key: pulumi.Output[str],
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> None:
    """Starts the state machine: https://docs.aws.amazon.com/scheduler/latest/UserGuide/what-is-scheduler.html."""
    opts = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-schedule",
        description=f"Starts the batch {name} at its times",
        assume_role_policy=account.id.apply(lambda it: trust("scheduler.amazonaws.com", it)),
        tags=tags,
        opts=opts,
    )
    permission = aws.iam.RolePolicy(
        f"{name}-schedule",
        role=role.name,
        policy=pulumi.Output.all(machine.arn, failed.arn, key).apply(
            lambda it: document(
                {"Effect": "Allow", "Action": "states:StartExecution", "Resource": it[0]},
                {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": it[1]},
                # For the schedule, the execution and the queue, all encrypted.
                {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": it[2]},
            )
        ),
        opts=opts,
    )
    # A schedule takes no tags, its group does.
    group = aws.scheduler.ScheduleGroup(f"{name}-schedule", tags=tags, opts=opts)
    aws.scheduler.Schedule(
        f"{name}-schedule",
        group_name=group.name,
        description=f"Starts the batch {name}",
        schedule_expression=eventbridge_cron(schedule.cron),
        schedule_expression_timezone=schedule.time_zone,
        flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
        kms_key_arn=key,
        target=aws.scheduler.ScheduleTargetArgs(
            arn=machine.arn,
            role_arn=role.arn,
            input="{}",
            dead_letter_config=aws.scheduler.ScheduleTargetDeadLetterConfigArgs(arn=failed.arn),
            retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                maximum_retry_attempts=START_ATTEMPTS, maximum_event_age_in_seconds=START_SECONDS
            ),
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[permission]),
    )


def _log_delivery() -> list[Statement]:
    """https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy: these APIs, and those of X-Ray, take no resource."""
    return [
        {
            "Effect": "Allow",
            "Action": [
                "logs:CreateLogDelivery",
                "logs:GetLogDelivery",
                "logs:UpdateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:DescribeResourcePolicies",
                "logs:DescribeLogGroups",
            ],
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"],
            "Resource": "*",
        },
    ]


def _own_key(key: str, machine: str, logs: str) -> list[Statement]:
    """The key, for what the state machine itself keeps and for its logs on their way."""
    return [
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": key,
            "Condition": {"StringEquals": {"kms:EncryptionContext:aws:states:stateMachineArn": machine}},
        },
        {
            "Effect": "Allow",
            "Action": "kms:GenerateDataKey",
            "Resource": key,
            "Condition": {"StringLike": {"kms:EncryptionContext:SourceArn": logs}},
        },
    ]


def _arn(account: Account, rest: str) -> pulumi.Output[str]:
    return pulumi.Output.all(account.partition, account.region, account.id).apply(
        lambda it: f"arn:{it[0]}:{rest.format(region=it[1], account=it[2])}"
    )
