"""Jobs of Azure Batch, as its own API takes them. Pure functions.

https://learn.microsoft.com/rest/api/batchservice/job/add-job, https://learn.microsoft.com/rest/api/batchservice/task/add-task
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .task_base import INDEX

RUN, TASK = "@run@", "@task@"
"""What the script puts in: the run's name, and a task's number."""


@dataclass(frozen=True)
class Runs:
    """What runs of a batch are made from."""

    name: str
    account: str
    group: str
    pool: str
    image: str
    command: list[str]
    tasks: int
    at_once: int
    retries: int
    minutes: int
    variables: Mapping[str, str]
    results: str
    """Address of the container that what tasks print is written to."""
    identity: str
    """ARM id of the identity that writes there."""


def job(runs: Runs) -> dict[str, Any]:
    """A run. It takes its tasks before it may end by itself."""
    return {
        "id": RUN,
        "poolInfo": {"poolId": runs.pool},
        "maxParallelTasks": runs.at_once,
        "commonEnvironmentSettings": [{"name": name, "value": value} for name, value in runs.variables.items()],
    }


def task(runs: Runs) -> dict[str, Any]:
    """One task: a run of the image, as it is, by a user without rights. What it prints outlives the machine, beside the results."""
    return {
        "id": TASK,
        # Without a command, the image's own.
        "commandLine": shlex.join(runs.command),
        "containerSettings": {"imageName": runs.image, "workingDirectory": "containerImageDefault", "containerRunOptions": "--rm"},
        "environmentSettings": [{"name": INDEX, "value": TASK}],
        "constraints": {"maxTaskRetryCount": runs.retries, "maxWallClockTime": f"PT{runs.minutes}M", "retentionTime": "P1D"},
        "userIdentity": {"autoUser": {"scope": "pool", "elevationLevel": "nonadmin"}},
        "outputFiles": [
            {
                "filePattern": "../std*.txt",
                "destination": {
                    "container": {"containerUrl": runs.results, "path": f"logs/{RUN}/{TASK}", "identityReference": {"resourceId": runs.identity}}
                },
                "uploadOptions": {"uploadCondition": "taskcompletion"},
            }
        ],
    }


def script(runs: Runs) -> str:
    """What starts a run: a script for bash, with the Azure CLI, in the network."""
    return f"""set -euo pipefail
az batch account login --name {runs.account} --resource-group {runs.group}
run={runs.name}-$(date -u +%Y%m%d-%H%M%S)
job={shlex.quote(json.dumps(job(runs)))}
task={shlex.quote(json.dumps(task(runs)))}
files=$(mktemp -d)
trap 'rm -r "$files"' EXIT
printf '%s' "${{job//{RUN}/$run}}" > "$files/job.json"
task=${{task//{RUN}/$run}}
{{
  printf '['
  for ((number = 0; number < {runs.tasks}; number++)); do
    ((number == 0)) || printf ','
    printf '%s' "${{task//{TASK}/$number}}"
  done
  printf ']'
}} > "$files/tasks.json"
az batch job create --json-file "$files/job.json"
az batch task create --job-id "$run" --json-file "$files/tasks.json"
az batch job set --job-id "$run" --on-all-tasks-complete terminatejob
"""
