"""A SageMaker endpoint without machines."""

import json
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.aws.asynchronous import Asynchronous
from modeldeploy.aws.endpoint_arguments import Guardrails, SageMakerEndpointArgs
from modeldeploy.aws.monitor_arguments import Monitors
from modeldeploy.aws.serverless_inference import ServerlessInference
from modeldeploy.spec import Access, ArgumentError, Compute, Container, DatabaseConnection, Exposure, Network, Operations, Scaling
from modeldeploy.spec.arguments import parse
from modeldeploy.spec.rollout import Shadow
from tests.components.aws.mocked import ACCOUNT, IMAGE, KEY, arguments, deploy, model, statements
from tests.components.aws.test_monitors import DATA
from tests.support.mocks import Graph

CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
MODEL = "aws:sagemaker/model:Model"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
POLICY = "aws:appautoscaling/policy:Policy"
TARGET = "aws:appautoscaling/target:Target"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
BUDGET = Operations(monthly_budget_usd=200)
CALLER = f"arn:aws:iam::{ACCOUNT}:role/shop"
ELSEWHERE = "registry.example.com/pricing@sha256:" + "a" * 64


def without_machines(folder: Path, changes: dict[str, Any] | None = None, **more: Any) -> Graph:
    return deploy(arguments(folder, serverless=ServerlessInference(**(changes or {})), **{"operations": BUDGET, **more}))


def test_a_variant_has_memory_and_concurrency_instead_of_machines(tmp_path: Path) -> None:
    graph = without_machines(tmp_path, {"memory_mib": 4096, "concurrency": 50, "provisioned": 2})
    (variant,) = graph.one(CONFIG).inputs["productionVariants"]
    assert variant == {
        "variantName": "production",
        "modelName": "model-1",
        "initialVariantWeight": 100,
        "serverlessConfig": {"memorySizeInMb": 4096, "maxConcurrency": 50, "provisionedConcurrency": 2},
    }
    assert graph.outputs["url"].endswith("/endpoints/pricing-serverless-project-stack/invocations")
    (plain,) = without_machines(tmp_path).one(CONFIG).inputs["productionVariants"]
    assert plain["serverlessConfig"] == {"memorySizeInMb": 2048, "maxConcurrency": 10}


def test_there_is_no_volume_to_encrypt_and_everything_else_is(tmp_path: Path) -> None:
    graph = without_machines(tmp_path)
    assert "kmsKeyArn" not in graph.one(CONFIG).inputs
    assert graph.one("aws:s3/bucketObjectv2:BucketObjectv2").inputs["kmsKeyId"] == KEY
    assert all(each.inputs["kmsKeyId"] == KEY for each in graph.all("aws:cloudwatch/logGroup:LogGroup"))


def test_the_container_is_not_in_the_network_and_has_no_rights_there(tmp_path: Path) -> None:
    graph = without_machines(tmp_path)
    inputs = graph.one(MODEL).inputs
    assert "vpcConfig" not in inputs
    assert inputs["enableNetworkIsolation"] is False
    assert "pricing-network" not in graph.names(ROLE_POLICY)
    assert "ec2:" not in graph.one(ROLE_POLICY, "pricing-platform").inputs["policy"]
    assert "pricing-model" not in graph.names("aws:ec2/securityGroup:SecurityGroup")


def test_callers_still_come_from_inside_the_network(tmp_path: Path) -> None:
    graph = without_machines(tmp_path, access=Access(callers=[CALLER]))
    (granted,) = statements(graph.one(ROLE_POLICY, "pricing-invoker").inputs["policy"])
    assert granted["Condition"] == {"StringEquals": {"aws:SourceVpc": "vpc-made"}}
    assert "pricing-network-sagemaker-runtime" in graph.names("aws:ec2/vpcEndpoint:VpcEndpoint")


def test_what_is_public_needs_no_network(tmp_path: Path) -> None:
    graph = without_machines(tmp_path, access=Access(exposure=Exposure.PUBLIC, callers=[CALLER]))
    assert not graph.all("aws:ec2/vpc:Vpc")
    (granted,) = statements(graph.one(ROLE_POLICY, "pricing-invoker").inputs["policy"])
    assert "Condition" not in granted
    # The key is all that is paid while nobody asks.
    assert graph.outputs["monthly_cost"] == 1


def test_alarms_and_dashboard_watch_concurrency_and_starts(tmp_path: Path) -> None:
    graph = without_machines(tmp_path)
    assert {each.removeprefix("pricing-production-") for each in graph.names(ALARM)} == {"errors", "latency", "overhead", "concurrency"}
    busy = graph.one(ALARM, "pricing-production-concurrency").inputs
    assert (busy["namespace"], busy["metricName"]) == ("AWS/SageMaker", "ServerlessConcurrentExecutionsUtilization")
    assert (busy["statistic"], busy["threshold"], busy["evaluationPeriods"]) == ("Maximum", 0.9, 3)
    widgets = json.loads(graph.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])["widgets"]
    metrics = {line[1] for widget in widgets if widget["type"] == "metric" for line in widget["properties"]["metrics"]}
    assert {"ServerlessConcurrentExecutionsUtilization", "ModelSetupTime"} <= metrics
    assert not metrics & {"CPUUtilization", "InvocationsPerInstance"}
    places = [(widget["x"], widget["y"]) for widget in widgets]
    assert len(set(places)) == len(places)


def test_nothing_is_scaled_unless_warm_instances_may_become_more(tmp_path: Path) -> None:
    assert not without_machines(tmp_path, {"provisioned": 2}).all(TARGET)
    assert not without_machines(tmp_path, {"provisioned": 2, "provisioned_maximum": 2}).all(TARGET)
    graph = without_machines(tmp_path, {"provisioned": 2, "provisioned_maximum": 8, "provisioned_percent": 60})
    target = graph.one(TARGET)
    assert target.inputs["scalableDimension"] == "sagemaker:variant:DesiredProvisionedConcurrency"
    assert target.inputs["resourceId"] == "endpoint/pricing-serverless-project-stack/variant/production"
    assert (target.inputs["minCapacity"], target.inputs["maxCapacity"]) == (2, 8)
    assert graph.one("aws:sagemaker/endpoint:Endpoint").urn in target.depends_on
    assert graph.one("pulumi:index:Stash").urn in target.depends_on
    policy = graph.one(POLICY).inputs["targetTrackingScalingPolicyConfiguration"]
    assert policy == {
        "targetValue": 0.6,
        "predefinedMetricSpecification": {"predefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"},
        "scaleOutCooldown": 60,
        "scaleInCooldown": 300,
    }


def test_another_memory_takes_the_registration_away_first(tmp_path: Path) -> None:
    assert without_machines(tmp_path, {"memory_mib": 3072}).one("pulumi:index:Stash").inputs["input"] == "serverless 3072 production"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"memory_mib": 1536}, "serverless.memory_mib: 1536 is not allowed; use one of 1024, 2048, 3072, 4096, 5120, 6144"),
        ({"concurrency": 0}, "serverless.concurrency: 0 is not allowed; use 1 to 200"),
        ({"concurrency": 201}, "serverless.concurrency: 201 is not allowed; use 1 to 200"),
        ({"provisioned": 11}, "serverless.provisioned: 11 is not allowed; use 1 to serverless.concurrency 10"),
        ({"provisioned": 0}, "serverless.provisioned: 0 is not allowed"),
        ({"provisioned_maximum": 2}, "serverless.provisioned_maximum: needs serverless.provisioned"),
        ({"provisioned": 3, "provisioned_maximum": 2}, "serverless.provisioned_maximum: 2 is not allowed; use serverless.provisioned 3 to"),
        ({"provisioned": 3, "provisioned_maximum": 11}, "serverless.provisioned_maximum: 11 is not allowed"),
        ({"provisioned_percent": 91}, "serverless.provisioned_percent: 91 is not allowed; use 10 to 90"),
        ({"provisioned_percent": 9}, "serverless.provisioned_percent: 9 is not allowed"),
    ],
)
def test_sizes_are_those_that_sagemaker_has(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        without_machines(tmp_path, changes)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"compute": Compute(gpus=1)}, "compute: excludes serverless: memory is serverless.memory_mib, CPUs come with it, and there are no GPUs"),
        ({"scaling": Scaling(minimum=1)}, "scaling: excludes serverless: there are no instances; use serverless.concurrency"),
        ({"release_instances": 3}, "release_instances: excludes serverless: there are no instances; use serverless.provisioned"),
        ({"invocations_per_instance": 9}, "invocations_per_instance: excludes serverless: use serverless.provisioned_percent"),
        ({"database": DatabaseConnection(id="db", host="h", database="d")}, "database: excludes serverless: the container is not in your network"),
        ({"guardrails": Guardrails()}, "guardrails: excludes serverless: SageMaker guards updates of machines only; use LambdaFunction"),
        ({"asynchronous": Asynchronous()}, "asynchronous: excludes serverless: no request waits there"),
        ({"operations": Operations(capture_percent=5, monthly_budget_usd=9)}, "operations.capture_percent: excludes serverless: it captures nothing"),
        ({"monitors": Monitors(data_quality=DATA)}, "monitors: excludes serverless: it captures nothing"),
        ({"operations": Operations()}, "operations.monthly_budget_usd: is required with serverless"),
        ({"access": Access(exposure=Exposure.PUBLIC), "network": Network(cidr="10.9.0.0/16")}, "network: excludes serverless: nothing of it is"),
    ],
)
def test_what_sagemaker_does_not_do_there_is_refused_with_what_to_use(tmp_path: Path, more: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        without_machines(tmp_path, **more)
    assert message in str(caught.value)


def test_one_version_from_ecr_without_a_shadow(tmp_path: Path) -> None:
    two = [model(tmp_path), model(tmp_path, "2", container=Container(image=ELSEWHERE))]
    with pytest.raises(ArgumentError) as caught:
        without_machines(tmp_path, models=two, shadow=Shadow(version="2"))
    assert "serverless: excludes more than one version in models (1, 2): it has one variant; list one, or use LambdaFunction" in str(caught.value)
    assert "shadow: excludes serverless: it has one variant" in str(caught.value)
    assert f"models[1].container.image: '{ELSEWHERE}' is not in ECR" in str(caught.value)
    assert IMAGE not in str(caught.value)


def test_what_is_left_at_its_default_is_no_problem(tmp_path: Path) -> None:
    parse(SageMakerEndpointArgs, arguments(tmp_path, serverless=ServerlessInference(), operations=BUDGET), "x")
