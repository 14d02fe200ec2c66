"""What starts the tasks of a Container Apps job, on a schedule or when somebody says so: a Logic App that asks Azure's management API.

A job has no numbers for its replicas and runs cron in UTC only (https://learn.microsoft.com/azure/container-apps/jobs). So each task is an execution
of its own, whose number is a variable that the start of it sets; the Logic App starts so many at a time, waits for each, and fails when one failed.
Workflow: https://learn.microsoft.com/azure/logic-apps/logic-apps-workflow-definition-language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.schedule import Schedule

from . import ids
from .group import Group
from .identity import identity
from .recurrence import months, recurrence
from .task_base import INDEX

API = "https://management.azure.com"
JOB_API_VERSION = "2025-01-01"
WORKFLOW_API_VERSION = "2019-05-01"
MOST_AT_ONCE = 50
"""Iterations of a loop that run at the same time: https://learn.microsoft.com/azure/logic-apps/logic-apps-limits-and-configuration#looping"""
MOST_LOOKS = 4000
"""How often a loop asks at most; Azure ends it after 5000."""
RUNNING = ("Running", "Processing", "Unknown")
ACTIONS = ("read", "start/action", "executions/read", "execution/read")
"""Below `Microsoft.App/jobs`."""


@dataclass(frozen=True)
class Tasks:
    """How many there are, and how long one may take with all its retries."""

    count: int
    at_once: int
    minutes: int


@dataclass(frozen=True)
class Starter:
    """The Logic App."""

    workflow: native.logic.Workflow

    @property
    def command(self) -> pulumi.Output[str]:
        """The command that starts a run."""
        url = pulumi.Output.concat(API, self.workflow.id, f"/triggers/start/run?api-version={WORKFLOW_API_VERSION}")
        return pulumi.Output.concat("az rest --method post --url '", url, "'")


def starter(
    name: str,
    schedule: Schedule | None,
    tasks: Tasks,
    job: native.app.Job,
    container: Mapping[str, Any],
    group: Group,
    parent: pulumi.Resource,
) -> Starter:
    """Starts every task of `job` in `container`, whose variables get the task's number besides.

    The container is a parameter: what is in it is not evaluated, so that no value of a user is taken for an expression.
    """
    starts_as = identity(f"{name}-starter", group, parent)
    allowed = _permission(name, job, starts_as, group, parent)
    made = native.logic.Workflow(
        f"{name}-starter",
        resource_group_name=group.name,
        identity=native.logic.ManagedServiceIdentityArgs(type="UserAssigned", user_assigned_identities=[starts_as.id]),
        state=native.logic.WorkflowState.ENABLED,
        definition=definition(schedule, tasks),
        parameters={
            "job": native.logic.WorkflowParameterArgs(type="String", value=job.id),
            "identity": native.logic.WorkflowParameterArgs(type="String", value=starts_as.id),
            "container": native.logic.WorkflowParameterArgs(type="Object", value=dict(container)),
        },
        # The trigger's address lets nobody in; the command goes by the management API.
        access_control=native.logic.FlowAccessControlConfigurationArgs(
            triggers=native.logic.FlowAccessControlConfigurationPolicyArgs(
                allowed_caller_ip_addresses=[native.logic.IpAddressRangeArgs(address_range="0.0.0.0/32")]
            )
        ),
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[allowed]),
    )
    return Starter(made)


def definition(schedule: Schedule | None, tasks: Tasks) -> dict[str, Any]:
    """The workflow."""
    return {
        "$schema": "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"job": {"type": "String"}, "identity": {"type": "String"}, "container": {"type": "Object"}},
        "triggers": {"start": {"type": "Request", "kind": "Http", "inputs": {}}, **({} if schedule is None else {"schedule": trigger(schedule)})},
        "actions": {
            "Tasks": {
                "type": "Foreach",
                "foreach": f"@range(0, {tasks.count})",
                "runtimeConfiguration": {"concurrency": {"repetitions": tasks.at_once}},
                "actions": _task(tasks),
                "runAfter": {},
            }
        },
        "outputs": {},
    }


def trigger(schedule: Schedule) -> dict[str, Any]:
    """Every hour and minute of the schedule, on the days that a condition lets through."""
    times = recurrence(schedule)
    now = f"convertFromUtc(utcNow(), '{times.time_zone}')"
    conditions: list[dict[str, str]] = []
    if times.month_days is not None:
        conditions.append({"expression": f"@contains(createArray({_listed(times.month_days)}), dayOfMonth({now}))"})
    if len(months(schedule)) < 12:
        conditions.append({"expression": f"@contains(createArray({_listed(months(schedule))}), int(formatDateTime({now}, '%M')))"})
    return {
        "type": "Recurrence",
        "recurrence": {
            "frequency": "Week" if times.week_days else "Day",
            "interval": 1,
            "timeZone": times.time_zone,
            "schedule": {"hours": times.hours, "minutes": times.minutes, **({"weekDays": times.week_days} if times.week_days else {})},
        },
        # A run that takes longer than the time to the next one is not overtaken.
        "runtimeConfiguration": {"concurrency": {"runs": 1}},
        **({"conditions": conditions} if conditions else {}),
    }


def _task(tasks: Tasks) -> dict[str, Any]:
    pause = max(1, -(-tasks.minutes // MOST_LOOKS))
    index = f'json(concat(\'{{"name": "{INDEX}", "value": "\', string(items(\'Tasks\')), \'"}}\'))'
    numbered = f"@setProperty(parameters('container'), 'env', union(parameters('container')['env'], createArray({index})))"
    status = "body('Look')?['properties']?['status']"
    return {
        "Start": {
            **_request("POST", "/start", body={"containers": [numbered]}),
            "runAfter": {},
        },
        "Wait": {
            "type": "Until",
            "expression": f"@not(contains(createArray({', '.join(repr(each) for each in RUNNING)}), {status}))",
            "limit": {"count": MOST_LOOKS + 100, "timeout": f"PT{tasks.minutes + 60}M"},
            "actions": {
                "Pause": {"type": "Wait", "inputs": {"interval": {"count": pause, "unit": "Minute"}}, "runAfter": {}},
                "Look": {**_request("GET", "/executions/@{body('Start')['name']}"), "runAfter": {"Pause": ["Succeeded"]}},
            },
            "runAfter": {"Start": ["Succeeded"]},
        },
        "Check": {
            "type": "If",
            "expression": {"and": [{"equals": [f"@{status}", "Succeeded"]}]},
            "actions": {},
            # A loop cannot be ended as failed from inside; this action fails instead.
            "else": {"actions": {"Failed": {"type": "Compose", "inputs": "@int('the task failed')", "runAfter": {}}}},
            "runAfter": {"Wait": ["Succeeded"]},
        },
    }


def _request(method: str, path: str, **rest: Any) -> dict[str, Any]:
    return {
        "type": "Http",
        "inputs": {
            "method": method,
            "uri": f"{API}@{{parameters('job')}}{path}?api-version={JOB_API_VERSION}",
            "authentication": {"type": "ManagedServiceIdentity", "identity": "@parameters('identity')", "audience": f"{API}/"},
            "retryPolicy": {"type": "exponential", "count": 10, "interval": "PT10S", "maximumInterval": "PT5M"},
            **rest,
        },
    }


def _listed(numbers: list[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def _permission(
    name: str, job: native.app.Job, starts_as: native.managedidentity.UserAssignedIdentity, group: Group, parent: pulumi.Resource
) -> native.authorization.RoleAssignment:
    """Lets the Logic App start the job and look at it, and nothing else."""
    role = native.authorization.RoleDefinition(
        f"{name}-starter",
        scope=group.id,
        role_name=ids.unique(f"{name}-starter", group.id, 100),
        role_type="CustomRole",
        description="Starts a Container Apps job",
        permissions=[
            native.authorization.PermissionArgs(
                actions=[f"Microsoft.App/jobs/{action}" for action in ACTIONS], not_actions=[], data_actions=[], not_data_actions=[]
            )
        ],
        assignable_scopes=[group.id],
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return native.authorization.RoleAssignment(
        f"{name}-starter",
        scope=job.id,
        role_definition_id=role.id,
        principal_id=starts_as.principal_id,
        principal_type="ServicePrincipal",
        opts=pulumi.ResourceOptions(parent=parent),
    )
