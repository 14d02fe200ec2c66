"""A model that scores in batches on any Kubernetes cluster."""

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.batch import v1 as batch

from modeldeploy.spec.arguments import parse
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.kubernetes import BatchWorkloadArgs
from modeldeploy.spec.schedule import Schedule

from .pods import container, pod_template
from .scope import SKIP_AWAIT, VERSION, Scope, check_name, scope
from .space import space

_LATE_SECONDS = 600
"""A run that could not be started for so long is left out."""


class KubernetesBatch(pulumi.ComponentResource):
    """A model as a CronJob, or as a Job that runs once for every change, of one pod or of many with a number each.

    Namespace, service account, closed network and quota are those of `KubernetesWorkload`. Pulumi does not wait for a run to end: that takes hours.
    """

    job: pulumi.Output[str]
    """Name of the CronJob or Job."""
    identity: pulumi.Output[str]
    """The pods' service account as the cluster's roles name it: `system:serviceaccount:<namespace>:<name>`."""
    model_version: pulumi.Output[str]
    """The version that scores."""
    logs: pulumi.Output[str]
    """The command that shows the logs of the runs that are kept."""
    namespace: pulumi.Output[str]
    """The namespace of everything."""

    def __init__(self, name: str, args: BatchWorkloadArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(BatchWorkloadArgs, args, f"KubernetesBatch '{name}'")
        check_name("KubernetesBatch", name)
        super().__init__("modeldeploy:index:KubernetesBatch", name, as_inputs(checked), opts)
        before = scope(name, checked.model.name, checked.namespace, checked.tags, checked.environment, self)
        # A run that was replaced may still be ending.
        place = space(before, checked, pods=2 * checked.parallelism, callers=[])
        within = place.scope

        job = _job(within, checked, place.ready) if checked.schedule is None else _cron_job(within, checked, checked.schedule, place.ready)
        if checked.alerts.enabled:
            _failure_alert(within, checked)

        namespace = pulumi.Output.from_input(within.namespace)
        self.job = job.metadata.apply(lambda metadata: metadata.name or "")
        self.identity = pulumi.Output.concat("system:serviceaccount:", namespace, ":", place.account.metadata.name)
        self.model_version = pulumi.Output.from_input(checked.model.version)
        self.logs = pulumi.Output.concat("kubectl logs --namespace ", namespace, f" --selector app.kubernetes.io/instance={name} --all-containers")
        self.namespace = namespace
        self.register_outputs(
            {
                "job": self.job,
                "identity": self.identity,
                "model_version": self.model_version,
                "logs": self.logs,
                "namespace": self.namespace,
            }
        )


def _job(scope: Scope, args: BatchWorkloadArgs, after: list[pulumi.Resource]) -> batch.Job:
    """Jobs cannot be changed: another one is made under another name, then the old one is deleted."""
    return batch.Job(
        scope.name,
        metadata=scope.metadata(None, {VERSION: args.model.version}, SKIP_AWAIT),
        spec=_run(scope, args),
        opts=scope.child(*after),
    )


def _cron_job(scope: Scope, args: BatchWorkloadArgs, schedule: Schedule, after: list[pulumi.Resource]) -> batch.CronJob:
    return batch.CronJob(
        scope.name,
        metadata=scope.metadata(scope.name, {VERSION: args.model.version}),
        spec=batch.CronJobSpecArgs(
            schedule=schedule.cron,
            time_zone=schedule.time_zone,
            concurrency_policy="Forbid",
            starting_deadline_seconds=_LATE_SECONDS,
            successful_jobs_history_limit=args.history,
            failed_jobs_history_limit=args.history,
            job_template=batch.JobTemplateSpecArgs(metadata=scope.template({VERSION: args.model.version}), spec=_run(scope, args)),
        ),
        opts=scope.child(*after),
    )


def _run(scope: Scope, args: BatchWorkloadArgs) -> batch.JobSpecArgs:
    """One run: https://kubernetes.io/docs/tasks/job/pod-failure-policy/."""
    template = pod_template(
        scope,
        args,
        args.model,
        selector=scope.selector,
        server=container(
            args, args.model, environment={"TASK_INDEX_VARIABLE": "JOB_COMPLETION_INDEX", "TASK_COUNT": str(args.tasks)}, arguments=args.command
        ),
        grace_seconds=None,
        restart="Never",
        spread=False,
    )
    lost = batch.PodFailurePolicyOnPodConditionsPatternArgs(type="DisruptionTarget", status="True")
    return batch.JobSpecArgs(
        completions=args.tasks,
        parallelism=args.parallelism,
        completion_mode="Indexed",
        backoff_limit_per_index=args.retries,
        active_deadline_seconds=args.deadline_minutes * 60,
        pod_failure_policy=batch.PodFailurePolicyArgs(rules=[batch.PodFailurePolicyRuleArgs(action="Ignore", on_pod_conditions=[lost])]),
        template=template,
    )


def _failure_alert(scope: Scope, args: BatchWorkloadArgs) -> CustomResource:
    failed = f'kube_job_failed{{namespace="{scope.namespace_name}",job_name=~"{scope.name}-.+",condition="true"}} > 0'
    rule = {
        "alert": "ModelBatchFailed",
        "expr": failed,
        "for": "1m",
        "labels": {"severity": "critical"},
        "annotations": {"summary": f"A run of {scope.name} failed."},
    }
    return CustomResource(
        f"{scope.name}-alerts",
        api_version="monitoring.coreos.com/v1",
        kind="PrometheusRule",
        metadata=scope.metadata(scope.name, args.alerts.labels),
        spec={"groups": [{"name": scope.name, "rules": [rule]}]},
        opts=scope.child(),
    )
