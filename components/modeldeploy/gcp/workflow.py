"""A run that one of Google's APIs makes when it is asked: a workflow asks for it, waits for its end, and fails when it failed.

https://cloud.google.com/workflows/docs/reference/syntax
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.batch import BatchArgs
from modeldeploy.spec.names import fit

from .alarms import above, policy
from .batches import start_at
from .charts import Chart, chart, line, make_dashboard
from .identity import starting_account, working_account
from .keys import Key
from .scope import Scope

APIS = ("workflows", "workflowexecutions")
POLL_SECONDS = 60
EXECUTION = 'sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")'
"""An expression with the number of the workflow's execution, 36 characters: a request that is sent twice makes one run."""
INVOKER = "roles/workflows.invoker"


@dataclass(frozen=True)
class Request:
    """What a run is made with. Strings in it may be expressions of Workflows (`${...}`)."""

    url: str
    """Where a run is asked for by POST."""
    body: Mapping[str, Any]
    """What is posted."""
    base: str
    """Address of the API with its version: `/` and the run's name after it is where it is asked about."""
    state: str
    """Where the answer has the state: a path such as `status.state`."""
    succeeded: Sequence[str]
    """States of a run that ended well."""
    failed: Sequence[str]
    """States of a run that did not."""


def run_workflow(
    scope: Scope, key: Key, serving: gcp.serviceaccount.Account, permissions: Sequence[str], request: pulumi.Output[Request]
) -> gcp.workflows.Workflow:
    """The workflow. It acts as an account that has `permissions` in the project, and may run something as `serving`."""
    worker = working_account(scope)
    role = gcp.projects.IAMCustomRole(
        f"{scope.name}-runs",
        gcp.projects.IAMCustomRoleArgs(
            role_id=fit(f"{scope.name}-{pulumi.get_stack()}-runs", 64, "_"),
            title=f"Runs {scope.name}"[:100],
            description="What the workflow of a batch needs, made by modeldeploy",
            permissions=list(permissions),
            project=scope.project,
        ),
        scope.after_apis(),
    )
    allowed = [
        gcp.projects.IAMMember(
            f"{scope.name}-runs", gcp.projects.IAMMemberArgs(project=scope.project, role=role.name, member=worker.member), scope.child()
        ),
        gcp.serviceaccount.IAMMember(
            f"{scope.name}-runs-as",
            gcp.serviceaccount.IAMMemberArgs(service_account_id=serving.name, role="roles/iam.serviceAccountUser", member=worker.member),
            scope.child(),
        ),
    ]
    return gcp.workflows.Workflow(
        scope.name,
        gcp.workflows.WorkflowArgs(
            description=f"Runs {scope.name}",
            region=scope.region,
            project=scope.project,
            service_account=worker.name,
            crypto_key_name=key.id,
            call_log_level="LOG_ERRORS_ONLY",
            source_contents=request.apply(lambda each: json.dumps(source(each), indent=1)),
            # It holds nothing; what runs write is in the bucket of the results.
            deletion_protection=False,
            labels=scope.labels,
        ),
        scope.after_apis(*key.ready, *allowed),
    )


def literal(text: str) -> str:
    """`text` for a request, where what is between `${` and `}` would be evaluated."""
    if "${" not in text:
        return text
    quoted = json.dumps(text)[1:-1].replace("${", '$" + "{')
    return f'${{"{quoted}"}}'


def source(request: Request) -> dict[str, Any]:
    """The steps, in Workflows' own language."""
    auth = {"type": "OAuth2"}
    make = {"call": "http.post", "args": {"url": request.url, "auth": auth, "body": request.body}, "result": "made"}
    ask = {"call": "http.get", "args": {"url": f'${{"{request.base}/" + made.body.name}}', "auth": auth}, "result": "answer"}
    steps: list[dict[str, Any]] = [
        # Sent again only when it was not taken, so that one start is one run.
        {"make": {"try": make, "retry": "${http.default_retry_non_idempotent}"}},
        {"wait": {"call": "sys.sleep", "args": {"seconds": POLL_SECONDS}}},
        {"ask": {"try": ask, "retry": "${http.default_retry}"}},
        {"read": {"assign": [{"state": f"${{answer.body.{request.state}}}"}]}},
        {
            "decide": {
                "switch": [
                    {"condition": _one_of(request.succeeded), "next": "tell_success"},
                    {"condition": _one_of(request.failed), "next": "tell_failure"},
                ],
                "next": "wait",
            }
        },
        {"tell_failure": {"call": "sys.log", "args": {"json": "${answer.body}", "severity": "ERROR"}}},
        {"fail": {"raise": '${made.body.name + " ended as " + state}'}},
        {"tell_success": {"call": "sys.log", "args": {"json": "${answer.body}", "severity": "INFO"}}},
        {"end_well": {"return": "${made.body.name}"}},
    ]
    return {"main": {"steps": steps}}


def start_workflow_at(scope: Scope, args: BatchArgs, workflow: gcp.workflows.Workflow, notify: Sequence[gcp.monitoring.NotificationChannel]) -> None:
    """Runs `workflow` by the schedule, if there is one.

    A workflow has no permissions of its own: who may run one may run all of the project. The account that does is used by the schedule alone.
    """
    if args.schedule is None:
        return
    starter = starting_account(scope)
    may_start = gcp.projects.IAMMember(
        f"{scope.name}-starts", gcp.projects.IAMMemberArgs(project=scope.project, role=INVOKER, member=starter.member), scope.child()
    )
    uri = pulumi.Output.concat("https://workflowexecutions.googleapis.com/v1/", workflow.id, "/executions")
    start_at(scope, args.schedule, uri, starter, notify, [may_start])


def start_command(scope: Scope, workflow: gcp.workflows.Workflow) -> pulumi.Output[str]:
    """The command that starts a run."""
    return pulumi.Output.format("gcloud workflows run {0} --location={1} --project={2}", workflow.name, scope.region, scope.project)


def workflow_series(workflow: str) -> str:
    """What Cloud Monitoring and Cloud Logging know about a workflow."""
    return f'resource.type="workflows.googleapis.com/Workflow" AND resource.labels.workflow_id="{workflow}"'


def failure_alarm(scope: Scope, workflow: gcp.workflows.Workflow, notify: Sequence[gcp.monitoring.NotificationChannel]) -> None:
    """Runs that failed. Metrics: https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-workflows"""
    failed = workflow.name.apply(lambda name: f'{_finished(name)} AND metric.labels.status="FAILED"')
    policy(scope, "failed", f"A run of {scope.name} failed.", [above("Failed runs", failed, 0, "0s", "ALIGN_DELTA", "REDUCE_SUM")], notify)


def workflow_dashboard(scope: Scope, workflow: gcp.workflows.Workflow) -> gcp.monitoring.Dashboard:
    """Runs by result, and how long they take."""
    return make_dashboard(scope, workflow.name.apply(_charts))


def _charts(workflow: str) -> Sequence[Chart]:
    started = f'{workflow_series(workflow)} AND metric.type="workflows.googleapis.com/started_execution_count"'
    times = f'{workflow_series(workflow)} AND metric.type="workflows.googleapis.com/execution_times"'
    return [
        chart("Runs by result", [line(_finished(workflow), "ALIGN_DELTA", "REDUCE_SUM", ['metric.label."status"'])]),
        chart("Runs started", [line(started, "ALIGN_DELTA", "REDUCE_SUM")]),
        chart("Seconds a run takes, p99", [line(times, "ALIGN_DELTA", "REDUCE_PERCENTILE_99")]),
    ]


def _finished(workflow: str) -> str:
    return f'{workflow_series(workflow)} AND metric.type="workflows.googleapis.com/finished_execution_count"'


def _one_of(states: Sequence[str]) -> str:
    return f"${{state in {json.dumps(list(states))}}}"
