"""What batches share: where results go, what is read, when they start, what they cost, and who hears of a run that failed."""

from collections.abc import Iterator, Sequence

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.batch import BatchArgs
from modeldeploy.spec.model import remote_problems
from modeldeploy.spec.schedule import Schedule

from .alarms import log_alarm
from .buckets import delete_old, delete_replaced, private_bucket
from .keys import Key
from .labels import label_problems
from .model_store import remote_buckets
from .scope import Scope

REPLACED_DAYS = 7
"""Days after which a result that was deleted or replaced cannot be restored any more."""
RESULTS = "results"
"""Folder of the results in their bucket."""
_WRITER = "roles/storage.objectUser"
"""Creates, replaces and reads objects: a task that is tried again writes its results again."""
_READER = "roles/storage.objectViewer"


def batch_problems(args: BatchArgs, service: str) -> Iterator[Problem]:
    """Problems of a batch that no service of Google Cloud could run."""
    for problem in remote_problems([args.model], ("gs",), service):
        yield Problem(problem.path.replace("models[0]", "model"), problem.reason)
    if isinstance(args.input_uri, str) and not (args.input_uri.startswith("gs://") and bucket_of(args.input_uri)):
        yield Problem("input_uri", f"'{args.input_uri}' is no folder in Cloud Storage; write gs://<bucket>/<folder>")
    if args.network.callers:
        yield Problem("network.callers", "has no effect: nothing calls a batch; leave it out")
    yield from label_problems(args.tags)


def results_bucket(scope: Scope, key: Key, days: int) -> gcp.storage.Bucket:
    """The bucket that results are written to and kept in for `days`."""
    return private_bucket(scope, RESULTS, key, [delete_old(days), delete_replaced(REPLACED_DAYS)])


def results_uri(bucket: gcp.storage.Bucket) -> pulumi.Output[str]:
    """The folder that results are written to."""
    return pulumi.Output.concat("gs://", bucket.name, "/", RESULTS)


def let_score(scope: Scope, args: BatchArgs, member: pulumi.Input[str], results: gcp.storage.Bucket) -> list[pulumi.Resource]:
    """Lets `member` read the bucket with what is scored, and write results."""
    granted = [_grant(scope, "writes-results", results.name, _WRITER, member)]
    if args.input_uri is not None and not _granted_already(args):
        granted.append(_grant(scope, "reads-input", pulumi.Output.from_input(args.input_uri).apply(bucket_of), _READER, member))
    return [*granted]


def bucket_of(uri: str) -> str:
    """The bucket in `gs://bucket/folder`."""
    return uri.removeprefix("gs://").partition("/")[0]


def start_at(
    scope: Scope,
    schedule: Schedule,
    uri: pulumi.Output[str],
    account: gcp.serviceaccount.Account,
    notify: Sequence[gcp.monitoring.NotificationChannel],
    ready: Sequence[pulumi.Resource],
) -> gcp.cloudscheduler.Job:
    """Posts to one of Google's APIs at the times of `schedule`, as `account`; and an alarm when that does not succeed."""
    job = gcp.cloudscheduler.Job(
        f"{scope.name}-schedule",
        gcp.cloudscheduler.JobArgs(
            description=f"Starts {scope.name}",
            schedule=schedule.cron,
            time_zone=schedule.time_zone,
            region=scope.region,
            project=scope.project,
            # The API answers once the run is accepted, not once it ends.
            attempt_deadline="60s",
            retry_config=gcp.cloudscheduler.JobRetryConfigArgs(
                retry_count=3, min_backoff_duration="30s", max_backoff_duration="300s", max_doublings=3
            ),
            http_target=gcp.cloudscheduler.JobHttpTargetArgs(
                uri=uri,
                http_method="POST",
                oauth_token=gcp.cloudscheduler.JobHttpTargetOauthTokenArgs(
                    service_account_email=account.email, scope="https://www.googleapis.com/auth/cloud-platform"
                ),
            ),
        ),
        scope.after_apis(*ready),
    )
    failed = pulumi.Output.concat('resource.type="cloud_scheduler_job" AND resource.labels.job_id="', job.name, '" AND severity>=ERROR')
    log_alarm(scope, "start", f"{scope.name} was not started at its time.", failed, notify)
    return job


def runs_per_month(args: BatchArgs) -> float:
    """How often it runs in a month: by its schedule, else once."""
    return 1 if args.schedule is None else args.schedule.runs_per_month


def _granted_already(args: BatchArgs) -> bool:
    """Whether what is scored is in the bucket of a remote model, which may be read anyway: two grants of the same role would be one, and the first to
    go would take the other along."""
    return isinstance(args.input_uri, str) and bucket_of(args.input_uri) in remote_buckets([args.model])


def _grant(scope: Scope, purpose: str, bucket: pulumi.Input[str], role: str, member: pulumi.Input[str]) -> gcp.storage.BucketIAMMember:
    return gcp.storage.BucketIAMMember(
        f"{scope.name}-{purpose}", gcp.storage.BucketIAMMemberArgs(bucket=bucket, role=role, member=member), scope.child()
    )
