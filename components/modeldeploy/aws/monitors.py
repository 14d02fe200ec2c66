"""Monitors of what an endpoint is asked and answers, against a baseline: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor.html.

pulumi-aws has the definition of one kind and the schedule; the definitions of the others come through Cloud Control. A monitor of feature attribution
is left out: it starts endpoints of its own.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.names import fit

from .account import Account
from .alarms import threshold_alarm
from .given import folder_problems
from .identity import data_key_statements, interface_statements, reading_network, service_metrics
from .model_store import CAPTURE_PREFIX, MONITOR_PREFIX
from .policy_documents import Statement, document, trust
from .security_groups import Place

METRICS = "monitoring"
"""The service, as VPC endpoints call it, to which monitors publish."""
MACHINE = "ml.m5.xlarge"
DISK_GIB = 20
LONGEST_SECONDS = 3300
"""A run has to end before the next one of the hour begins: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-scheduling.html."""
EVERY_HOURS = (1, 2, 3, 4, 6, 8, 12, 24)
METRIC = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,200}")
LOGS = "/aws/sagemaker/ProcessingJobs"
INPUT = "/opt/ml/processing/input"
OUTPUT = "/opt/ml/processing/output"


class Task(StrEnum):
    """What a model predicts."""

    REGRESSION = "Regression"
    """A number."""
    BINARY = "BinaryClassification"
    """One of two classes."""
    CLASSES = "MulticlassClassification"
    """One of several classes."""


@dataclass(frozen=True, kw_only=True)
class Monitor:
    """What every monitor has. Files are in S3, in buckets that the monitor may then read."""

    constraints: str
    """`constraints.json` of the baseline, which a baseline job made from the training data: `s3://<bucket>/<path>`."""
    every_hours: int = 24
    """Time between runs, in hours: 1, 2, 3, 4, 6, 8, 12 or 24."""
    above: dict[str, float] = field(default_factory=dict[str, float])
    """Metrics of the monitor that raise an alarm above a value: `feature_baseline_drift_age: 0.2`, `rmse: 12`, `bias_metric_DPPL: 0.1`. Default:
    none."""
    below: dict[str, float] = field(default_factory=dict[str, float])
    """Metrics of the monitor that raise an alarm below a value: `f1: 0.8`. Default: none."""

    @property
    def files(self) -> list[str]:
        """What it reads besides the captured requests."""
        return [self.constraints]

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if self.every_hours not in EVERY_HOURS:
            yield Problem("every_hours", f"{self.every_hours} is not allowed; use one of {', '.join(map(str, EVERY_HOURS))}")
        yield from _file_problems("constraints", self.constraints)
        for name in ("above", "below"):
            for metric in getattr(self, name):
                if not METRIC.fullmatch(metric):
                    yield Problem(f"{name}.{metric}", "is no metric; write for example feature_baseline_drift_age")


@dataclass(frozen=True, kw_only=True)
class DataQualityMonitor(Monitor):
    """Whether what is asked still looks like the training data: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-quality.html."""

    statistics: str
    """`statistics.json` of the baseline."""

    @property
    def files(self) -> list[str]:
        """What it reads besides the captured requests."""
        return [self.constraints, self.statistics]

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from _file_problems("statistics", self.statistics)


@dataclass(frozen=True, kw_only=True)
class ModelQualityMonitor(Monitor):
    """Whether answers were right: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality.html."""

    task: Task
    """What the model predicts."""
    ground_truth: str
    """Folder to which somebody brings what was right, by the id of the request: `s3://<bucket>/<folder>`."""
    inference: str
    """Where in the answer the prediction is: the column's number in CSV, the field in JSON."""
    probability: str | None = None
    """Where in the answer the probability is. Default: nowhere."""

    @property
    def files(self) -> list[str]:
        """What it reads besides the captured requests."""
        return [self.constraints, self.ground_truth]

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from folder_problems("ground_truth", self.ground_truth)


@dataclass(frozen=True, kw_only=True)
class BiasMonitor(Monitor):
    """Whether answers favour somebody: https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-model-monitor-bias-drift.html."""

    analysis: str
    """`analysis_config.json`, which says what the label and the groups are."""
    ground_truth: str
    """As for `ModelQualityMonitor`."""
    inference: str
    """As for `ModelQualityMonitor`."""

    @property
    def files(self) -> list[str]:
        """What it reads besides the captured requests."""
        return [self.constraints, self.analysis, self.ground_truth]

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from _file_problems("analysis", self.analysis)
        yield from folder_problems("ground_truth", self.ground_truth)


@dataclass(frozen=True, kw_only=True)
class Monitors:
    """Which monitors there are."""

    data_quality: DataQualityMonitor | None = None
    """Of what is asked. Default: none."""
    model_quality: ModelQualityMonitor | None = None
    """Of whether answers were right. Default: none."""
    bias: BiasMonitor | None = None
    """Of whether answers favour somebody. Default: none."""

    def all(self) -> dict[str, Monitor]:
        """Those there are, by name."""
        named: dict[str, Monitor | None] = {"data-quality": self.data_quality, "model-quality": self.model_quality, "bias": self.bias}
        return {name: monitor for name, monitor in named.items() if monitor is not None}

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not self.all():
            yield Problem("data_quality", "give at least one monitor, or leave monitors out")


@dataclass(frozen=True)
class _Kind:
    """What SageMaker calls a kind of monitor."""

    type: str
    image: str
    tag: str
    namespace: str


KINDS = {
    "data-quality": _Kind("DataQuality", "sagemaker-model-monitor-analyzer", "latest", "aws/sagemaker/Endpoints/data-metrics"),
    "model-quality": _Kind("ModelQuality", "sagemaker-model-monitor-analyzer", "latest", "aws/sagemaker/Endpoints/model-metrics"),
    "bias": _Kind("ModelBias", "sagemaker-clarify-processing", "1.0", "aws/sagemaker/Endpoints/bias-metrics"),
}
PUBLISH = {"publish_cloudwatch_metrics": "Enabled"}


@dataclass(frozen=True)
class _Run:
    """Where monitors run and write."""

    role_arn: pulumi.Output[str]
    image: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    bucket: pulumi.Output[str]
    key: pulumi.Output[str]
    subnet_ids: list[pulumi.Input[str]]
    group_id: pulumi.Output[str]


def monitor_endpoint(
    name: str,
    monitors: Monitors,
    endpoint: pulumi.Output[str],
    bucket: aws.s3.Bucket,
    key: pulumi.Output[str],
    place: Place,
    topic: aws.sns.Topic,
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> None:
    """The monitors of an endpoint: role, definitions, schedules, alarms. `endpoint` is its name once it serves."""
    images = {each: _image(KINDS[each], parent) for each in monitors.all()}
    role, permissions = _role(name, monitors, bucket, key, place, list(images.values()), account, tags, parent)
    for kind, monitor in monitors.all().items():
        run = _Run(role.arn, images[kind].registry_path, endpoint, bucket.id, key, place.network.subnet_ids, place.group.id)
        definition = _definition(f"{name}-{kind}", kind, monitor, run, tags, permissions, parent)
        aws.sagemaker.MonitoringSchedule(
            f"{name}-{kind}",
            monitoring_schedule_config=aws.sagemaker.MonitoringScheduleMonitoringScheduleConfigArgs(
                monitoring_type=KINDS[kind].type,
                monitoring_job_definition_name=definition,
                schedule_config=aws.sagemaker.MonitoringScheduleMonitoringScheduleConfigScheduleConfigArgs(
                    schedule_expression=schedule_expression(monitor.every_hours)
                ),
            ),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=parent),
        )
        for above, thresholds in ((True, monitor.above), (False, monitor.below)):
            for metric, value in thresholds.items():
                threshold_alarm(f"{name}-{kind}-{metric}", KINDS[kind].namespace, metric, endpoint, value, above, topic, tags, parent)


def _file_problems(path: str, file: str) -> Iterator[Problem]:
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+\.json", file):
        yield Problem(path, f"'{file}' is no file of a baseline; write s3://<bucket>/<path>.json")


def schedule_expression(hours: int) -> str:
    """The few expressions that a monitor's schedule takes."""
    if hours == 1:
        return "cron(0 * ? * * *)"
    return "cron(0 0 ? * * *)" if hours == 24 else f"cron(0 0/{hours} ? * * *)"


def _image(kind: _Kind, parent: pulumi.Resource) -> pulumi.Output[aws.sagemaker.GetPrebuiltEcrImageResult]:
    return aws.sagemaker.get_prebuilt_ecr_image_output(repository_name=kind.image, image_tag=kind.tag, opts=pulumi.InvokeOutputOptions(parent=parent))


def _role(
    name: str,
    monitors: Monitors,
    bucket: aws.s3.Bucket,
    key: pulumi.Output[str],
    place: Place,
    images: list[pulumi.Output[aws.sagemaker.GetPrebuiltEcrImageResult]],
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """What the monitors act with: they see what was asked, and not the model."""
    opts = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-monitors",
        description=f"What the monitors of {name} may do",
        assume_role_policy=account.id.apply(lambda it: trust("sagemaker.amazonaws.com", it)),
        tags=tags,
        opts=opts,
    )
    files = sorted({file for monitor in monitors.all().values() for file in monitor.files})
    registries = [pulumi.Output.all(image.registry_id, image.repository_name) for image in images]
    here = pulumi.Output.all(account.partition, account.region, account.id)
    platform = aws.iam.RolePolicy(
        f"{name}-monitors-platform",
        role=role.name,
        policy=pulumi.Output.all(here, pulumi.Output.all(*registries)).apply(lambda it: document(*_platform(it[0], it[1]))),
        opts=opts,
    )
    data = aws.iam.RolePolicy(
        f"{name}-monitors-data",
        role=role.name,
        policy=pulumi.Output.all(bucket.arn, key, account.partition).apply(lambda it: document(*_data(it[0], it[1], it[2], files))),
        opts=opts,
    )
    attached = aws.iam.RolePolicy(
        f"{name}-monitors-network",
        role=role.name,
        policy=pulumi.Output.all(here, pulumi.Output.all(*place.network.subnet_ids), place.group.id).apply(
            lambda it: document(*interface_statements(it[0][0], it[0][1], it[0][2], it[1], it[2]))
        ),
        opts=opts,
    )
    return role, [platform, data, attached]


def _platform(here: Sequence[str], registries: Sequence[Sequence[str]]) -> list[Statement]:
    partition, region, account = here
    repositories = sorted({f"arn:{partition}:ecr:{region}:{registry}:repository/{repository}" for registry, repository in registries})
    pull = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
    logs = f"arn:{partition}:logs:{region}:{account}:log-group:{LOGS}"
    write = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    return [
        {"Effect": "Allow", "Action": pull, "Resource": repositories},
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {"Effect": "Allow", "Action": write, "Resource": [logs, f"{logs}:*"]},
        service_metrics(),
        reading_network(),
    ]


def _data(bucket: str, key: str, partition: str, files: Sequence[str]) -> list[Statement]:
    given = [f"arn:{partition}:s3:::{file.removeprefix('s3://')}" for file in files]
    # What is no file is a folder.
    readable = [each if each.endswith(".json") else f"{each.rstrip('/')}/*" for each in given]
    return [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [f"{bucket}/{CAPTURE_PREFIX}*", *readable]},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": sorted({bucket, *(each.partition("/")[0] for each in given)})},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{bucket}/{MONITOR_PREFIX}*"},
        *data_key_statements(key),
    ]


def _definition(
    name: str, kind: str, monitor: Monitor, run: _Run, tags: dict[str, str], after: list[pulumi.Resource], parent: pulumi.Resource
) -> pulumi.Output[str]:
    """Name of the definition. It cannot be changed: another one is made, the schedule moves to it, and the old one goes."""
    opts = pulumi.ResourceOptions(parent=parent, depends_on=after)
    if isinstance(monitor, DataQualityMonitor):
        return _data_quality(name, monitor, run, tags, opts).name
    # Auto-naming is for resources of the provider's own.
    content = hashlib.sha256(json.dumps(asdict(monitor), sort_keys=True).encode()).hexdigest()[:8]
    definition_name = f"{fit(f'{name}-{pulumi.get_project()}-{pulumi.get_stack()}', 54)}-{content}"
    specification = _model_quality(monitor) if isinstance(monitor, ModelQualityMonitor) else _bias(monitor)
    wanted = pulumi.Output.all(run.role_arn, run.image, run.endpoint, run.bucket, run.key, pulumi.Output.all(*run.subnet_ids), run.group_id).apply(
        lambda it: json.dumps(_desired(definition_name, kind, KINDS[kind].type, specification, tags, *it))
    )
    made = aws.cloudcontrol.Resource(
        name,
        type_name=f"AWS::SageMaker::{KINDS[kind].type}JobDefinition",
        desired_state=wanted,
        # Nothing of a definition can be changed, which a preview would not know.
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(replace_on_changes=["desiredState"])),
    )
    return made.id.apply(lambda _: definition_name)


def _data_quality(
    name: str, monitor: DataQualityMonitor, run: _Run, tags: dict[str, str], opts: pulumi.ResourceOptions
) -> aws.sagemaker.DataQualityJobDefinition:
    baseline = aws.sagemaker.DataQualityJobDefinitionDataQualityBaselineConfigArgs(
        constraints_resource=aws.sagemaker.DataQualityJobDefinitionDataQualityBaselineConfigConstraintsResourceArgs(s3_uri=monitor.constraints),
        statistics_resource=aws.sagemaker.DataQualityJobDefinitionDataQualityBaselineConfigStatisticsResourceArgs(s3_uri=monitor.statistics),
    )
    output = aws.sagemaker.DataQualityJobDefinitionDataQualityJobOutputConfigMonitoringOutputsS3OutputArgs(
        s3_uri=_results(run.bucket, "data-quality"), local_path=OUTPUT, s3_upload_mode="EndOfJob"
    )
    return aws.sagemaker.DataQualityJobDefinition(
        name,
        role_arn=run.role_arn,
        data_quality_app_specification=aws.sagemaker.DataQualityJobDefinitionDataQualityAppSpecificationArgs(
            image_uri=run.image, environment=PUBLISH
        ),
        data_quality_baseline_config=baseline,
        data_quality_job_input=aws.sagemaker.DataQualityJobDefinitionDataQualityJobInputArgs(
            endpoint_input=aws.sagemaker.DataQualityJobDefinitionDataQualityJobInputEndpointInputArgs(
                endpoint_name=run.endpoint, local_path=INPUT, s3_input_mode="File", s3_data_distribution_type="FullyReplicated"
            )
        ),
        data_quality_job_output_config=aws.sagemaker.DataQualityJobDefinitionDataQualityJobOutputConfigArgs(
            kms_key_id=run.key,
            monitoring_outputs=aws.sagemaker.DataQualityJobDefinitionDataQualityJobOutputConfigMonitoringOutputsArgs(s3_output=output),
        ),
        job_resources=aws.sagemaker.DataQualityJobDefinitionJobResourcesArgs(
            cluster_config=aws.sagemaker.DataQualityJobDefinitionJobResourcesClusterConfigArgs(
                instance_count=1, instance_type=MACHINE, volume_size_in_gb=DISK_GIB, volume_kms_key_id=run.key
            )
        ),
        network_config=aws.sagemaker.DataQualityJobDefinitionNetworkConfigArgs(
            enable_inter_container_traffic_encryption=True,
            # It publishes metrics, through the network's private endpoint.
            enable_network_isolation=False,
            vpc_config=aws.sagemaker.DataQualityJobDefinitionNetworkConfigVpcConfigArgs(subnets=run.subnet_ids, security_group_ids=[run.group_id]),
        ),
        stopping_condition=aws.sagemaker.DataQualityJobDefinitionStoppingConditionArgs(max_runtime_in_seconds=LONGEST_SECONDS),
        tags=tags,
        opts=opts,
    )


def _model_quality(monitor: ModelQualityMonitor) -> dict[str, Any]:
    probability = {} if monitor.probability is None else {"ProbabilityAttribute": monitor.probability}
    return {
        "application": {"ProblemType": monitor.task.value, "Environment": PUBLISH},
        "input": {"InferenceAttribute": monitor.inference, **probability},
        "truth": monitor.ground_truth,
        "constraints": monitor.constraints,
    }


def _bias(monitor: Monitor) -> dict[str, Any]:
    assert isinstance(monitor, BiasMonitor)
    return {
        "application": {"ConfigUri": monitor.analysis, "Environment": PUBLISH},
        "input": {"InferenceAttribute": monitor.inference},
        "truth": monitor.ground_truth,
        "constraints": monitor.constraints,
    }


def _desired(
    name: str,
    kind: str,
    prefix: str,
    specification: Mapping[str, Any],
    tags: Mapping[str, str],
    role: str,
    image: str,
    endpoint: str,
    bucket: str,
    key: str,
    subnets: list[str],
    group: str,
) -> dict[str, Any]:
    """The definition as CloudFormation has it:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sagemaker-modelqualityjobdefinition.html."""
    source = {"EndpointName": endpoint, "LocalPath": INPUT, "S3InputMode": "File", "S3DataDistributionType": "FullyReplicated"}
    # Answers are judged when there was time to know better: those of the day before.
    window = {"StartTimeOffset": "-P2D", "EndTimeOffset": "-P1D"}
    target = {"S3Uri": f"s3://{bucket}/{MONITOR_PREFIX}{kind}", "LocalPath": OUTPUT, "S3UploadMode": "EndOfJob"}
    machine = {"InstanceCount": 1, "InstanceType": MACHINE, "VolumeSizeInGB": DISK_GIB, "VolumeKmsKeyId": key}
    return {
        "JobDefinitionName": name,
        f"{prefix}AppSpecification": {"ImageUri": image, **specification["application"]},
        f"{prefix}BaselineConfig": {"ConstraintsResource": {"S3Uri": specification["constraints"]}},
        f"{prefix}JobInput": {
            "EndpointInput": {**source, **window, **specification["input"]},
            "GroundTruthS3Input": {"S3Uri": specification["truth"]},
        },
        f"{prefix}JobOutputConfig": {"KmsKeyId": key, "MonitoringOutputs": [{"S3Output": target}]},
        "JobResources": {"ClusterConfig": machine},
        "NetworkConfig": {
            "EnableInterContainerTrafficEncryption": True,
            "EnableNetworkIsolation": False,
            "VpcConfig": {"Subnets": subnets, "SecurityGroupIds": [group]},
        },
        "RoleArn": role,
        "StoppingCondition": {"MaxRuntimeInSeconds": LONGEST_SECONDS},
        "Tags": [{"Key": tag, "Value": value} for tag, value in tags.items()],
    }


def _results(bucket: pulumi.Output[str], kind: str) -> pulumi.Output[str]:
    return pulumi.Output.concat("s3://", bucket, "/", MONITOR_PREFIX, kind)
