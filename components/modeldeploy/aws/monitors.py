"""Monitors of what an endpoint is asked and answers, against a baseline: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor.html.

pulumi-aws has the definition of one kind and the schedule; the definitions of the others come through Cloud Control. AWS takes no new customers for
these monitors (https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-availability-change.html): an account that has none gets none.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.names import fit

from .account import Account
from .alarms import threshold_alarm
from .explainability import EXPLAINED, SERVICE, Explained, analysis, explaining
from .identity import data_key_statements, interface_statements, reading_network, service_metrics
from .model_store import CAPTURE_PREFIX, MONITOR_PREFIX
from .monitor_arguments import BiasMonitor, DataQualityMonitor, ExplainabilityMonitor, ModelQualityMonitor, Monitor, Monitors
from .policy_documents import Statement, document, trust
from .security_groups import Place

METRICS = "monitoring"
"""The service, as VPC endpoints call it, to which monitors publish."""
MACHINE = "ml.m5.xlarge"
DISK_GIB = 20
LONGEST_SECONDS = 3300
"""A run has to end before the next one of the hour begins: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-scheduling.html."""
LOGS = "/aws/sagemaker/ProcessingJobs"
INPUT = "/opt/ml/processing/input"
OUTPUT = "/opt/ml/processing/output"


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
    "explainability": _Kind("ModelExplainability", "sagemaker-clarify-processing", "1.0", "aws/sagemaker/Endpoints/explainability-metrics"),
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
    analysis: pulumi.Output[str] | None
    """Address of the analysis that was written for it."""


def monitor_endpoint(
    name: str,
    monitors: Monitors,
    endpoint: pulumi.Output[str],
    bucket: aws.s3.Bucket,
    key: pulumi.Output[str],
    place: Place,
    explained: Explained,
    topic: aws.sns.Topic,
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> None:
    """The monitors of an endpoint: role, definitions, schedules, alarms. `endpoint` is its name once it serves, `explained` what answers there."""
    images = {each: _image(KINDS[each], parent) for each in monitors.all()}
    role, permissions = _role(name, monitors, bucket, key, place, explained, list(images.values()), account, tags, parent)
    for kind, monitor in monitors.all().items():
        uri = None
        if isinstance(monitor, ExplainabilityMonitor):
            uri = analysis(f"{name}-{kind}", monitor, explained, bucket, key, tags, parent)
        run = _Run(role.arn, images[kind].registry_path, endpoint, bucket.id, key, place.network.subnet_ids, place.group.id, uri)
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


def monitoring_services(monitors: Monitors) -> list[str]:
    """The services, as VPC endpoints call them, that monitors need besides the endpoint's own."""
    return [METRICS, *([SERVICE] if monitors.explainability is not None else [])]


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
    explained: Explained,
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
    permissions: list[pulumi.Resource] = [platform, data, attached]
    if monitors.explainability is not None:
        permissions.append(explaining(name, role, explained, account, parent))
    return role, permissions


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
    readable = [each if each.endswith((".json", ".jsonl", ".csv")) else f"{each.rstrip('/')}/*" for each in given]
    return [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [f"{bucket}/{CAPTURE_PREFIX}*", f"{bucket}/{EXPLAINED}*", *readable]},
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
    place = pulumi.Output.all(*run.subnet_ids)
    wanted = pulumi.Output.all(run.role_arn, run.image, run.endpoint, run.bucket, run.key, place, run.group_id, run.analysis).apply(
        lambda it: _named(name, _desired(kind, KINDS[kind].type, _specification(monitor, it[7]), tags, *it[:7]))
    )
    made = aws.cloudcontrol.Resource(
        name,
        type_name=f"AWS::SageMaker::{KINDS[kind].type}JobDefinition",
        desired_state=wanted.apply(json.dumps),
        # Nothing of a definition can be changed, which a preview would not know.
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(replace_on_changes=["desiredState"])),
    )
    return pulumi.Output.all(made.id, wanted).apply(lambda it: str(it[1]["JobDefinitionName"]))


def _named(name: str, definition: dict[str, Any]) -> dict[str, Any]:
    """The definition with a name made of its content: auto-naming is for resources of the provider's own, and two of them are there for a while."""
    content = hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()[:8]
    return {"JobDefinitionName": f"{fit(f'{name}-{pulumi.get_project()}-{pulumi.get_stack()}', 54)}-{content}", **definition}


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


def _specification(monitor: Monitor, written: str | None) -> dict[str, Any]:
    """What a kind of monitor has of its own; `written` is the address of the analysis that was written for it."""
    if isinstance(monitor, ModelQualityMonitor):
        return _model_quality(monitor)
    return _explainability(monitor, written) if isinstance(monitor, ExplainabilityMonitor) else _bias(monitor)


def _explainability(monitor: ExplainabilityMonitor, written: str | None) -> dict[str, Any]:
    told = {"ProbabilityAttribute": monitor.probability, "FeaturesAttribute": monitor.features_at}
    return {
        "application": {"ConfigUri": written, "Environment": PUBLISH},
        "input": {each: value for each, value in told.items() if value is not None},
        "constraints": monitor.constraints,
    }


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
    window = {"StartTimeOffset": "-P2D", "EndTimeOffset": "-P1D"} if "truth" in specification else {}
    truth = {"GroundTruthS3Input": {"S3Uri": specification["truth"]}} if "truth" in specification else {}
    target = {"S3Uri": f"s3://{bucket}/{MONITOR_PREFIX}{kind}", "LocalPath": OUTPUT, "S3UploadMode": "EndOfJob"}
    machine = {"InstanceCount": 1, "InstanceType": MACHINE, "VolumeSizeInGB": DISK_GIB, "VolumeKmsKeyId": key}
    return {
        f"{prefix}AppSpecification": {"ImageUri": image, **specification["application"]},
        f"{prefix}BaselineConfig": {"ConstraintsResource": {"S3Uri": specification["constraints"]}},
        f"{prefix}JobInput": {
            "EndpointInput": {**source, **window, **specification["input"]},
            **truth,
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
