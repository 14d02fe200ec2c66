"""SageMaker's batch transform: what it is made of, and what each argument does to it."""

import json
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.aws.managed_batch import SageMakerBatchTransform, SageMakerBatchTransformArgs
from modeldeploy.aws.network import SERVICES
from modeldeploy.spec import ArgumentError, Compute, Container, Encryption, Environment, Network, Operations, RecordFormat, Schedule
from modeldeploy.spec.arguments import parse
from tests.components.aws.mocked import ACCOUNT, IMAGE, KEY, REGION, model, run, statements
from tests.support.mocks import Graph

MODEL = "aws:sagemaker/model:Model"
MACHINE = "aws:sfn/stateMachine:StateMachine"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
NIGHTLY = Schedule(cron="0 3 * * *", time_zone="Europe/Berlin")
GIVEN = Network(id="vpc-given", subnet_ids=["subnet-a", "subnet-b"])
TAGS = {"environment": "dev", "managed-by": "modeldeploy", "modeldeploy-name": "scores-project-stack"}


def arguments(folder: Path, **changes: Any) -> SageMakerBatchTransformArgs:
    scored = changes.pop("model", None) or model(folder)
    given: dict[str, Any] = {"model": scored, "input_uri": "s3://team-data/orders/", "environment": Environment.DEVELOPMENT, **changes}
    return SageMakerBatchTransformArgs(**given)


def deploy(folder: Path, name: str = "scores", **changes: Any) -> Graph:
    args = arguments(folder, **changes)

    def program() -> dict[str, Any]:
        made = SageMakerBatchTransform(name, args)
        return {name: getattr(made, name) for name in SageMakerBatchTransform.__annotations__}

    return run(program)


@pytest.fixture
def plain(tmp_path: Path) -> Graph:
    return deploy(tmp_path, schedule=NIGHTLY)


def state(graph: Graph) -> dict[str, Any]:
    return json.loads(graph.one(MACHINE).inputs["definition"])["States"]["Run"]


def job(graph: Graph) -> dict[str, Any]:
    return state(graph)["Parameters"]


def permissions(graph: Graph, *names: str) -> dict[str, dict[str, Any]]:
    granted = [each for name in names for each in statements(graph.one(ROLE_POLICY, f"scores-{name}").inputs["policy"])]
    return {action: each for each in granted for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])}


def test_a_run_is_a_job_of_its_own_name_and_folder_encrypted_everywhere(plain: Graph) -> None:
    assert state(plain) == {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
        "Parameters": {
            "TransformJobName.$": "States.Format('scores-{}', States.UUID())",
            "ModelName": "model-1",
            "BatchStrategy": "MultiRecord",
            "MaxPayloadInMB": 6,
            "MaxConcurrentTransforms": 1,
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://team-data/orders/"}},
                "ContentType": "application/jsonlines",
                "SplitType": "Line",
            },
            "TransformOutput": {
                "S3OutputPath.$": "States.Format('s3://bucket-made/results/{}/', $$.Execution.Name)",
                "Accept": "application/jsonlines",
                "AssembleWith": "Line",
                "KmsKeyId": KEY,
            },
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeKmsKeyId": KEY},
            "Tags": [{"Key": name, "Value": value} for name, value in TAGS.items()],
        },
        "TimeoutSeconds": 86400,
        "End": True,
    }


def test_a_job_s_name_is_short_enough_for_a_uuid(tmp_path: Path) -> None:
    named = job(deploy(tmp_path, name="a-name-of-thirty-two-characters1"))["TransformJobName.$"]
    prefix = named.removeprefix("States.Format('").partition("{}")[0]
    assert len(prefix) + 36 <= 63
    assert prefix.startswith("a-name-of-thirty")


def test_arguments_change_the_job(tmp_path: Path) -> None:
    graph = deploy(
        tmp_path,
        record_format=RecordFormat.CSV,
        workers=3,
        compute=Compute(cpus=4, memory_gib=8),
        records_together=False,
        payload_mb=10,
        concurrent_requests=10,
        run_hours=2,
    )
    asked = job(graph)
    assert (asked["TransformInput"]["ContentType"], asked["TransformOutput"]["Accept"]) == ("text/csv", "text/csv")
    assert asked["TransformResources"] == {"InstanceType": "ml.c5.xlarge", "InstanceCount": 3, "VolumeKmsKeyId": KEY}
    assert (asked["BatchStrategy"], asked["MaxPayloadInMB"], asked["MaxConcurrentTransforms"]) == ("SingleRecord", 10, 10)
    assert state(graph)["TimeoutSeconds"] == 7200


def test_local_disks_take_no_key_of_the_customer_s(tmp_path: Path) -> None:
    assert job(deploy(tmp_path, compute=Compute(gpus=1)))["TransformResources"] == {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1}


def test_the_model_runs_inside_the_network_without_network_calls_of_its_own(plain: Graph) -> None:
    inputs = plain.one(MODEL, "scores-v1").inputs
    assert inputs["enableNetworkIsolation"] is True
    assert inputs["vpcConfig"]["subnets"] == ["scores-network-private-1-id", "scores-network-private-2-id"]
    assert inputs["primaryContainer"]["image"] == IMAGE
    assert inputs["primaryContainer"]["modelDataUrl"].startswith("s3://bucket-made/models/pricing/1/")
    assert {plain.one(ROLE_POLICY, f"scores-{each}").urn for each in ("platform", "data", "network", "files")} <= plain.one(MODEL).depends_on


def test_the_model_may_read_artifact_and_data_write_results_and_log(plain: Graph) -> None:
    granted = permissions(plain, "data", "files")
    here = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/TransformJobs"
    assert granted["s3:PutObject"]["Resource"] == "arn:aws:s3:::bucket-made/*"
    assert granted["logs:PutLogEvents"]["Resource"] == [here, f"{here}:*"]
    assert granted["logs:CreateLogGroup"]["Resource"] == here
    reads = [each["Resource"] for each in statements(plain.one(ROLE_POLICY, "scores-files").inputs["policy"]) if each["Action"] == "s3:GetObject"]
    assert reads == ["arn:aws:s3:::team-data/orders/*"]
    assert "cloudwatch:DescribeAlarms" not in granted
    assert not any(each["Resource"] == "*" for each in granted.values())


def test_what_runs_it_may_make_jobs_of_this_name_with_this_model(plain: Graph) -> None:
    jobs = permissions(plain, "runs-platform")
    named = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:transform-job/scores-*"
    for action in ("CreateTransformJob", "DescribeTransformJob", "StopTransformJob", "AddTags", "ListTags"):
        assert jobs[f"sagemaker:{action}"]["Resource"] == named
    assert jobs["events:PutRule"]["Resource"].endswith(":rule/StepFunctionsGetEventsForSageMakerTransformJobsRule")
    assert permissions(plain, "runs-work")["sagemaker:CreateTransformJob"]["Resource"] == "arn:model:1"


def test_it_is_started_on_schedule_and_by_hand(plain: Graph) -> None:
    schedule = plain.one("aws:scheduler/schedule:Schedule").inputs
    assert (schedule["scheduleExpression"], schedule["scheduleExpressionTimezone"]) == ("cron(0 3 * * ? *)", "Europe/Berlin")
    assert plain.outputs["start"].endswith("--state-machine-arn arn:machine:scores-project-stack")


def test_failures_are_told(plain: Graph) -> None:
    assert plain.names("aws:cloudwatch/metricAlarm:MetricAlarm") == ["scores-failed", "scores-late", "scores-not-started"]


def test_results_go_after_their_days(tmp_path: Path) -> None:
    graph = deploy(tmp_path, results_days=30)
    rules = graph.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "scores-results").inputs["rules"]
    assert [each.get("expiration") for each in rules] == [None, {"days": 30}]
    assert graph.outputs["results"] == "s3://bucket-made/results/"


def test_outputs_say_where_logs_are(plain: Graph) -> None:
    assert plain.outputs["logs"] == "/aws/sagemaker/TransformJobs"
    assert plain.outputs["run_logs"] == "/aws/vendedlogs/states/scores-project-stack"
    assert plain.outputs["model_version"] == "1"
    *_, errors = json.loads(plain.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])["widgets"]
    assert "@logStream like /^scores-/" in errors["properties"]["query"]


def test_production_keeps_its_buckets_and_its_key(tmp_path: Path) -> None:
    protected = {each.name for each in deploy(tmp_path, environment=Environment.PRODUCTION).registrations if each.options.protect}
    assert protected == {"scores-key", "scores-models", "scores-results"}


def test_everything_that_takes_tags_has_them(tmp_path: Path) -> None:
    graph = deploy(tmp_path, tags={"team": "x"}, schedule=NIGHTLY)
    without = ("RouteTableAssociation", "RolePolicy", "Dashboard", "TopicPolicy", "QueuePolicy", "schedule:Schedule")
    for each in graph.registrations:
        bucket_part = each.type.startswith("aws:s3/bucket") and each.type not in ("aws:s3/bucket:Bucket", "aws:s3/bucketObjectv2:BucketObjectv2")
        if each.type.startswith("aws:") and not each.type.endswith(without) and not bucket_part:
            assert {"team": "x", "environment": "dev", "managed-by": "modeldeploy"}.items() <= each.inputs["tags"].items(), each.type


def test_cost_is_that_of_the_workers_of_the_runs_on_schedule(tmp_path: Path) -> None:
    fixed = 1 + 2 * 7.3 * len(SERVICES)
    assert deploy(tmp_path).outputs["monthly_cost"] == pytest.approx(fixed + 0.115 / 2, abs=0.01)
    graph = deploy(tmp_path, schedule=NIGHTLY, workers=4, expected_minutes=120)
    assert graph.outputs["monthly_cost"] == pytest.approx(fixed + 0.115 * 4 * 2 * 30.44, abs=0.1)
    given = deploy(tmp_path, network=GIVEN, encryption=Encryption(key=KEY), operations=Operations(monthly_budget_usd=7))
    assert given.outputs["monthly_cost"] == 0.06
    assert given.one("aws:budgets/budget:Budget").inputs["limitAmount"] == "7.0"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"compute": Compute(instance_type="ml.c5.large")}, "compute.instance_type: 'ml.c5.large' is not known; did you mean"),
        ({"compute": Compute(cpus=500)}, "compute: SageMaker batch transform has no machine with 500 CPUs"),
        ({"input_uri": None}, "input_uri: is required"),
        ({"input_uri": "data/"}, "input_uri: 'data/' is no folder in S3"),
        ({"spot": True}, "spot: true is not allowed: batch transform has no spare machines"),
        ({"operations": Operations(capture_percent=5)}, "operations.capture_percent: has no effect on a batch"),
        ({"network": Network(id="vpc-1", subnet_ids=["s"], callers=["10.0.0.0/8"])}, "network.callers: excludes network.id"),
        ({"encryption": Encryption(key="alias/x")}, "encryption.key: 'alias/x' is not the ARN of a KMS key"),
        ({"payload_mb": 101}, "payload_mb: 101 is not allowed; use 1 to 100"),
        ({"payload_mb": 0}, "payload_mb: 0 is not allowed; use 1 to 100"),
        ({"run_hours": 121}, "run_hours: 121 is not allowed; use 1 to 120"),
        ({"payload_mb": 30, "concurrent_requests": 4}, "concurrent_requests: 4 is not allowed; with payload_mb 30 use 1 to 3"),
        ({"concurrent_requests": 0}, "concurrent_requests: 0 is not allowed; with payload_mb 6 use 1 to 16"),
    ],
)
def test_arguments_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(SageMakerBatchTransformArgs, arguments(tmp_path, **changes), "x")
    assert message in str(caught.value)


def test_spot_may_be_declined(tmp_path: Path) -> None:
    parse(SageMakerBatchTransformArgs, arguments(tmp_path, spot=False), "x")


def test_a_model_that_sagemaker_could_not_run_is_refused(tmp_path: Path) -> None:
    scored = model(tmp_path, source="gs://models/1.tar.gz", container=Container(image=IMAGE, port=8000))
    with pytest.raises(ArgumentError) as caught:
        parse(SageMakerBatchTransformArgs, arguments(tmp_path, model=scored), "x")
    assert "model.source: 'gs://models/1.tar.gz' cannot be read by SageMaker" in str(caught.value)
    assert "model.container.port: 8000 is not allowed; SageMaker only serves 8080" in str(caught.value)


def test_a_name_that_leaves_no_room_is_refused_before_anything_is_registered(tmp_path: Path) -> None:
    args = arguments(tmp_path)

    def program() -> None:
        with pytest.raises(ArgumentError, match="is no name for it; allowed: 1 to 32 lower-case letters"):
            SageMakerBatchTransform("a" * 33, args)

    assert not run(program).registrations
