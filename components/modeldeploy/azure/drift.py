"""Watches whether what a model is asked, and what it answers, still looks as it did: a monitor of Azure ML on a schedule.

https://learn.microsoft.com/azure/machine-learning/concept-model-monitoring
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec import artifact
from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.names import fit
from modeldeploy.spec.operations import Operations
from modeldeploy.spec.schedule import Schedule

from .deployments import Deployed
from .group import Group
from .model_store import ModelStore, upload_files
from .recurrence import recurrence, schedule_problems, trigger
from .workspace import Workspace, datastore_path

MACHINES = tuple(f"standard_e{cpus}s_v3" for cpus in (4, 8, 16, 32, 64))
"""https://learn.microsoft.com/azure/machine-learning/how-to-monitor-model-performance#configure-a-serverless-spark-compute-pool"""
RUNTIME = "3.5"
"""Version of Spark; Microsoft's client (azure-ai-ml 1.35.2, `ServerlessSparkCompute`) takes 3.4 and 3.5."""
WINDOW_DAYS = {"Day": 1, "Week": 7, "Month": 30}
"""Days that one run looks at, by the frequency: what Microsoft's client sets (`MonitorSchedule`). What they are compared with is twice as long."""
LONGEST_ADDRESSES = 499
"""Characters of all addresses together: `azure_native.machinelearningservices.MonitorEmailNotificationSettingsArgs.emails`"""
QUALITY = ("NullValueRate", "DataTypeErrorRate", "OutOfBoundsRate")


class Task(StrEnum):
    """What the model predicts."""

    CLASSIFICATION = "classification"
    """One of several classes."""
    REGRESSION = "regression"
    """A number."""


@dataclass(frozen=True, kw_only=True)
class DriftMonitor:
    """What is compared, and when.

    Azure compares columns, so the container hands each request and answer to Azure's collector as a data frame (package `azureml-ai-monitoring`,
    collections `model_inputs` and `model_outputs`); those are kept then, in place of the raw requests. An MLflow model that Azure serves does so by
    itself: https://learn.microsoft.com/azure/machine-learning/how-to-collect-production-data

    The workspace's network is made ready for Spark. If a run says that it is not, as one may whose workspace was there before:
    `az ml workspace provision-network --include-spark`.
    """

    task: Task
    """What the model predicts: `classification` or `regression`."""
    schedule: Schedule = Schedule(cron="0 6 * * 1")
    """When it runs. Default: Mondays at six. A run on some days of the week looks at the last 7 days, on days of the month at 30, else at one."""
    reference: str | None = None
    """Local folder with the training data and an `MLTable` file that says how it is read; inputs are compared with it. Omitted: with the inputs of
    the time before. Answers are always compared with those of the time before."""
    features: list[str] = field(default_factory=list[str])
    """Columns that are compared. Empty: all."""
    threshold: float = 0.1
    """Distance between the two distributions above which somebody is told, 0 to 1: Wasserstein's (normalized) for numbers, Jensen-Shannon's for
    classes."""
    bad_percent: int = 1
    """Share of missing, mistyped or unseen values in a column above which somebody is told, 0 to 100 percent."""
    machine: str = MACHINES[0]
    """Machine that the comparison runs on while it runs, `standard_e4s_v3` to `standard_e64s_v3`."""
    enabled: bool = True
    """Whether it runs. Azure deletes no monitor that is on: switch it off first, and leave it out in the next run."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from schedule_problems(self.schedule)
        if self.reference is not None and not (Path(self.reference) / "MLTable").is_file():
            yield Problem("reference", f"'{self.reference}' is no local folder with a file MLTable, which says how Azure ML reads the data")
        if not 0 < self.threshold <= 1:
            yield Problem("threshold", f"{self.threshold} is not allowed; use a number above 0 and up to 1")
        if not 0 <= self.bad_percent <= 100:
            yield Problem("bad_percent", f"{self.bad_percent} is not allowed; use 0 to 100")
        if self.machine not in MACHINES:
            yield Problem("machine", f"'{self.machine}' is not allowed; use one of {', '.join(MACHINES)}")


def drift_problems(drift: DriftMonitor | None, operations: Operations) -> Iterator[Problem]:
    """Problems of a monitor without data, or with more addresses than Azure takes."""
    if drift is None:
        return
    if not operations.capture_percent:
        yield Problem("operations.capture_percent", "is required with drift: the share of requests and answers that it looks at")
    length = len("".join(operations.emails))
    if length > LONGEST_ADDRESSES:
        yield Problem("operations.emails", f"has {length} characters; a monitor takes {LONGEST_ADDRESSES}: give the address of a list")


def drift_monitor(
    name: str,
    drift: DriftMonitor,
    emails: Sequence[str],
    watched: Deployed,
    store: ModelStore,
    workspace: Workspace,
    group: Group,
    parent: pulumi.Resource,
) -> native.machinelearningservices.Schedule:
    """Compares what one deployment was asked and answered, on machines that are there for the time.

    They take the workspace's own identity, which reads the stores of the workspace and writes what it found. Microsoft's page still says that only
    data stores with a key or a token can be read; its code reads such with an identity, if one is named
    (https://github.com/Azure/azureml-assets/pull/2929).
    """
    times = recurrence(drift.schedule)
    days = WINDOW_DAYS[times.frequency]
    asked, answered = watched.collected["model_inputs"].id, watched.collected["model_outputs"].id
    features = _features(drift.features)
    told = ["AmlNotification"] if emails else None
    trained = None if drift.reference is None else _reference(name, drift.reference, store, workspace, group, parent)
    compared = _before(asked, "model_inputs", days) if trained is None else _trained(trained)
    return native.machinelearningservices.Schedule(
        f"{name}-drift",
        resource_group_name=group.name,
        workspace_name=workspace.resource.name,
        name=fit(f"{name}-drift", 50),
        properties=native.machinelearningservices.SchedulePropertiesArgs(
            display_name=f"{name} drift",
            description="Compares what the model is asked and answers with what it was",
            is_enabled=drift.enabled,
            trigger=trigger(times),
            action=native.machinelearningservices.CreateMonitorActionArgs(
                action_type="CreateMonitor",
                monitor_definition=native.machinelearningservices.MonitorDefinitionArgs(
                    compute_configuration=native.machinelearningservices.MonitorServerlessSparkComputeArgs(
                        compute_type="ServerlessSpark",
                        instance_type=drift.machine,
                        runtime_version=RUNTIME,
                        compute_identity=native.machinelearningservices.ManagedComputeIdentityArgs(
                            compute_identity_type="ManagedIdentity",
                            identity=native.machinelearningservices.ManagedServiceIdentityArgs(
                                type="UserAssigned", user_assigned_identities=[workspace.identity.id]
                            ),
                        ),
                    ),
                    monitoring_target=native.machinelearningservices.MonitoringTargetArgs(
                        task_type=drift.task.value.capitalize(), deployment_id=watched.resource.id
                    ),
                    signals={
                        "data-drift": native.machinelearningservices.DataDriftMonitoringSignalArgs(
                            signal_type="DataDrift",
                            production_data=_lately(asked, "model_inputs", days),
                            reference_data=compared,
                            features=features,
                            metric_thresholds=[
                                native.machinelearningservices.NumericalDataDriftMetricThresholdArgs(
                                    data_type="Numerical", metric="NormalizedWassersteinDistance", threshold=_threshold(drift.threshold)
                                ),
                                native.machinelearningservices.CategoricalDataDriftMetricThresholdArgs(
                                    data_type="Categorical", metric="JensenShannonDistance", threshold=_threshold(drift.threshold)
                                ),
                            ],
                            notification_types=told,
                        ),
                        "prediction-drift": native.machinelearningservices.PredictionDriftMonitoringSignalArgs(
                            signal_type="PredictionDrift",
                            production_data=_lately(answered, "model_outputs", days),
                            reference_data=_before(answered, "model_outputs", days),
                            metric_thresholds=[
                                native.machinelearningservices.NumericalPredictionDriftMetricThresholdArgs(
                                    data_type="Numerical", metric="NormalizedWassersteinDistance", threshold=_threshold(drift.threshold)
                                ),
                                native.machinelearningservices.CategoricalPredictionDriftMetricThresholdArgs(
                                    data_type="Categorical", metric="JensenShannonDistance", threshold=_threshold(drift.threshold)
                                ),
                            ],
                            notification_types=told,
                        ),
                        "data-quality": native.machinelearningservices.DataQualityMonitoringSignalArgs(
                            signal_type="DataQuality",
                            production_data=_lately(asked, "model_inputs", days),
                            reference_data=compared,
                            features=features,
                            metric_thresholds=[
                                kind(data_type=label, metric=metric, threshold=_threshold(drift.bad_percent / 100))
                                for label, kind in (
                                    ("Numerical", native.machinelearningservices.NumericalDataQualityMetricThresholdArgs),
                                    ("Categorical", native.machinelearningservices.CategoricalDataQualityMetricThresholdArgs),
                                )
                                for metric in QUALITY
                            ],
                            notification_types=told,
                        ),
                    },
                    alert_notification_settings=native.machinelearningservices.MonitorNotificationSettingsArgs(
                        email_notification_settings=native.machinelearningservices.MonitorEmailNotificationSettingsArgs(emails=list(emails))
                    )
                    if emails
                    else None,
                ),
            ),
            tags=group.tags,
        ),
        # It goes with the workspace, so that one that is on does not keep a stack from being destroyed.
        opts=pulumi.ResourceOptions(parent=parent, deleted_with=workspace.resource, depends_on=workspace.ready),
    )


def _reference(
    name: str, source: str, store: ModelStore, workspace: Workspace, group: Group, parent: pulumi.Resource
) -> native.machinelearningservices.DataVersion:
    """Uploads the training data beside the models, and registers it under its content hash."""
    digest = artifact.content_hash(source)
    folder = f"reference/{digest}"
    uploaded = upload_files(f"{name}-reference", source, folder, store, group, parent)
    return native.machinelearningservices.DataVersion(
        f"{name}-reference",
        resource_group_name=group.name,
        workspace_name=workspace.resource.name,
        name=fit(f"{name}-reference", 50),
        version=digest,
        properties=native.machinelearningservices.MLTableDataArgs(
            data_type="mltable",
            data_uri=pulumi.Output.all(workspace.resource.id, workspace.models.name).apply(
                lambda found: datastore_path(found[0], found[1], f"{folder}/")
            ),
            tags=group.tags,
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*uploaded, workspace.models]),
    )


def _lately(asset: pulumi.Output[str], context: str, days: int) -> native.machinelearningservices.RollingInputDataArgs:
    return _rolling(asset, context, size=days, offset=0)


def _before(asset: pulumi.Output[str], context: str, days: int) -> native.machinelearningservices.RollingInputDataArgs:
    """The time before, up to where the days that are looked at begin."""
    return _rolling(asset, context, size=2 * days, offset=days)


def _rolling(asset: pulumi.Output[str], context: str, size: int, offset: int) -> native.machinelearningservices.RollingInputDataArgs:
    return native.machinelearningservices.RollingInputDataArgs(
        input_data_type="Rolling",
        job_input_type="uri_folder",
        uri=asset,
        data_context=context,
        window_size=f"P{size}D",
        window_offset=f"P{offset}D",
    )


def _trained(asset: native.machinelearningservices.DataVersion) -> native.machinelearningservices.FixedInputDataArgs:
    return native.machinelearningservices.FixedInputDataArgs(input_data_type="Fixed", job_input_type="mltable", uri=asset.id, data_context="training")


def _features(names: Sequence[str]) -> native.machinelearningservices.AllFeaturesArgs | native.machinelearningservices.FeatureSubsetArgs:
    if not names:
        return native.machinelearningservices.AllFeaturesArgs(filter_type="AllFeatures")
    return native.machinelearningservices.FeatureSubsetArgs(filter_type="FeatureSubset", features=list(names))


def _threshold(value: float) -> native.machinelearningservices.MonitoringThresholdArgs:
    return native.machinelearningservices.MonitoringThresholdArgs(value=value)
