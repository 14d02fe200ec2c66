"""What the tests of Google Cloud's batches deploy."""

from collections.abc import Mapping
from typing import Any

from modeldeploy.gcp.batch import CloudRunJob, CloudRunJobArgs
from modeldeploy.gcp.batch_machines import GoogleBatchJob, GoogleBatchJobArgs
from modeldeploy.gcp.managed_batch import VertexBatchPrediction, VertexBatchPredictionArgs
from modeldeploy.spec import Schedule
from tests.components.gcp.program import PROJECT, REGION, model, named, run
from tests.support.mocks import Graph, Mocked

JOB = "gcp:cloudrunv2/job:Job"
WORKFLOW = "gcp:workflows/workflow:Workflow"
SCHEDULE = "gcp:cloudscheduler/job:Job"
NIGHTLY = Schedule(cron="0 3 * * *", time_zone="Europe/Berlin")


def _purpose(inputs: Mapping[str, Any]) -> str:
    """What a bucket is for: results go when they are old, models stay."""
    return "results" if any(rule["condition"].get("withState") == "LIVE" for rule in inputs["lifecycleRules"]) else "models"


OUTPUTS: dict[str, Mocked] = {
    JOB: named(f"locations/{REGION}/jobs"),
    WORKFLOW: named(f"locations/{REGION}/workflows"),
    SCHEDULE: named(f"locations/{REGION}/jobs"),
    "gcp:storage/bucket:Bucket": lambda inputs: {"name": f"credit-{_purpose(inputs)}-1a2b3c4", "projectNumber": 123456789012},
    "gcp:serviceaccount/account:Account": lambda inputs: {
        "name": f"projects/{PROJECT}/serviceAccounts/{inputs['accountId']}@{PROJECT}.iam.gserviceaccount.com",
        "email": f"{inputs['accountId']}@{PROJECT}.iam.gserviceaccount.com",
        "member": f"serviceAccount:{inputs['accountId']}@{PROJECT}.iam.gserviceaccount.com",
    },
    "gcp:projects/iAMCustomRole:IAMCustomRole": lambda inputs: {"name": f"projects/{PROJECT}/roles/{inputs['roleId']}"},
}


def graph(kind: Any, args: Any, arguments: Mapping[str, Any]) -> Graph:
    """What a component called `credit` registers, and its outputs."""

    def program() -> Mapping[str, Any]:
        made = kind("credit", args(**arguments))
        return {name: getattr(made, name) for name in kind.__annotations__}

    return run(program, outputs=OUTPUTS)


def job_graph(**arguments: Any) -> Graph:
    """What a Cloud Run job registers; `arguments` besides one remote model."""
    return graph(CloudRunJob, CloudRunJobArgs, {"model": model(), **arguments})


def machines_graph(**arguments: Any) -> Graph:
    """What a batch on machines of its own registers; `arguments` besides one remote model."""
    return graph(GoogleBatchJob, GoogleBatchJobArgs, {"model": model(), **arguments})


def prediction_graph(**arguments: Any) -> Graph:
    """What a batch prediction registers; `arguments` besides one remote model and its input."""
    return graph(VertexBatchPrediction, VertexBatchPredictionArgs, {"model": model(), "input_uri": "gs://shop-records/today", **arguments})
