"""A SageMaker endpoint whose requests wait in a queue."""

from pathlib import Path
from typing import Any

import pytest

from modeldeploy.aws.asynchronous import Asynchronous
from modeldeploy.aws.managed_endpoint import Guardrails, SageMakerEndpointArgs
from modeldeploy.spec import Access, ArgumentError, Exposure, Operations, Scaling
from modeldeploy.spec.arguments import parse
from modeldeploy.spec.rollout import Shadow
from tests.components.aws.mocked import ACCOUNT, KEY, REGION, arguments, deploy, model, statements
from tests.support.mocks import Graph

CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
POLICY = "aws:appautoscaling/policy:Policy"
TARGET = "aws:appautoscaling/target:Target"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ENDPOINT_NAME = "pricing-async-project-stack"
CALLER = f"arn:aws:iam::{ACCOUNT}:role/shop"


def waiting(folder: Path, changes: dict[str, Any] | None = None, **arguments_: Any) -> Graph:
    return deploy(arguments(folder, asynchronous=Asynchronous(**(changes or {})), **arguments_))


def permissions(graph: Graph, name: str) -> dict[str, dict[str, Any]]:
    granted = statements(graph.one(ROLE_POLICY, f"pricing-{name}").inputs["policy"])
    return {action: each for each in granted for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])}


def test_answers_are_files_with_the_customer_s_key_and_failures_are_told(tmp_path: Path) -> None:
    graph = waiting(tmp_path)
    assert graph.one(CONFIG).inputs["asyncInferenceConfig"] == {
        "outputConfig": {
            "s3OutputPath": "s3://bucket-made/asynchronous/answers",
            "s3FailurePath": "s3://bucket-made/asynchronous/failures",
            "kmsKeyId": KEY,
            "notificationConfig": {"errorTopic": "arn:topic"},
        }
    }
    assert waiting(tmp_path, {"concurrent_requests": 4}).one(CONFIG).inputs["asyncInferenceConfig"]["clientConfig"] == {
        "maxConcurrentInvocationsPerInstance": 4
    }
    assert graph.outputs["url"] == f"https://runtime.sagemaker.{REGION}.amazonaws.com/endpoints/{ENDPOINT_NAME}/async-invocations"
    assert graph.outputs["requests"] == "s3://bucket-made/asynchronous/requests/"


def test_without_it_callers_wait(tmp_path: Path) -> None:
    graph = deploy(arguments(tmp_path))
    assert "asyncInferenceConfig" not in graph.one(CONFIG).inputs
    assert graph.outputs["url"].endswith("/invocations")
    assert "async" not in graph.outputs["url"]
    assert graph.outputs["requests"] == ""
    assert "pricing-asynchronous" not in graph.names(ROLE_POLICY)


def test_the_model_may_fetch_requests_write_answers_and_tell_of_failures(tmp_path: Path) -> None:
    graph = waiting(tmp_path)
    granted = permissions(graph, "asynchronous")
    assert granted["s3:GetObject"]["Resource"] == "arn:aws:s3:::bucket-made/asynchronous/requests/*"
    assert granted["s3:PutObject"]["Resource"] == [f"arn:aws:s3:::bucket-made/asynchronous/{each}/*" for each in ("answers", "failures")]
    assert granted["sns:Publish"]["Resource"] == "arn:topic"
    assert graph.one(ROLE_POLICY, "pricing-asynchronous").urn in graph.one("aws:sagemaker/model:Model").depends_on


def test_callers_may_bring_requests_and_fetch_answers_from_inside_the_network(tmp_path: Path) -> None:
    granted = permissions(waiting(tmp_path, access=Access(callers=[CALLER])), "invoker-asynchronous")
    inside = {"StringEquals": {"aws:SourceVpc": "vpc-made"}}
    assert granted["sagemaker:InvokeEndpointAsync"]["Resource"].endswith(f":endpoint/{ENDPOINT_NAME}")
    assert granted["s3:PutObject"]["Resource"] == "arn:aws:s3:::bucket-made/asynchronous/requests/*"
    assert granted["s3:GetObject"]["Resource"] == [f"arn:aws:s3:::bucket-made/asynchronous/{each}/*" for each in ("answers", "failures")]
    assert granted["kms:GenerateDataKey"]["Resource"] == KEY
    assert {str(each.get("Condition")) for action, each in granted.items() if not action.startswith("kms:")} == {str(inside)}
    public = permissions(waiting(tmp_path, access=Access(exposure=Exposure.PUBLIC, callers=[CALLER])), "invoker-asynchronous")
    assert not any("Condition" in each for each in public.values())


def test_requests_and_answers_go_after_their_days(tmp_path: Path) -> None:
    rules = waiting(tmp_path, {"days": 7}).one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs["rules"]
    assert {each["filter"]["prefix"]: each["expiration"]["days"] for each in rules if "expiration" in each}["asynchronous/"] == 7


def test_instances_follow_the_requests_that_wait(tmp_path: Path) -> None:
    graph = waiting(tmp_path, {"backlog_per_instance": 3}, scaling=Scaling(minimum=1, maximum=4, scale_out_seconds=30, scale_in_seconds=600))
    target = graph.one(TARGET).inputs
    assert (target["minCapacity"], target["maxCapacity"]) == (1, 4)
    assert target["resourceId"] == f"endpoint/{ENDPOINT_NAME}/variant/production"
    policy = graph.one(POLICY).inputs["targetTrackingScalingPolicyConfiguration"]
    assert policy["targetValue"] == 3
    assert (policy["scaleOutCooldown"], policy["scaleInCooldown"]) == (30, 600)
    metric = policy["customizedMetricSpecification"]
    assert (metric["namespace"], metric["metricName"]) == ("AWS/SageMaker", "ApproximateBacklogSizePerInstance")
    assert metric["dimensions"] == [{"name": "EndpointName", "value": ENDPOINT_NAME}]
    assert not waiting(tmp_path, scaling=Scaling(minimum=2, maximum=2)).all(TARGET)


def test_the_last_instance_goes_and_comes_back_with_the_first_request(tmp_path: Path) -> None:
    graph = waiting(tmp_path, {"to_zero": True}, scaling=Scaling(minimum=1, maximum=1))
    assert graph.one(TARGET).inputs["minCapacity"] == 0
    (variant,) = graph.one(CONFIG).inputs["productionVariants"]
    assert variant["initialInstanceCount"] == 1
    wake = graph.one(POLICY, "pricing-production-wake").inputs
    assert wake["policyType"] == "StepScaling"
    assert wake["stepScalingPolicyConfiguration"] == {
        "adjustmentType": "ChangeInCapacity",
        "metricAggregationType": "Maximum",
        "cooldown": 300,
        "stepAdjustments": [{"metricIntervalLowerBound": "0", "scalingAdjustment": 1}],
    }
    alarm = graph.one(ALARM, "pricing-production-wake").inputs
    assert (alarm["metricName"], alarm["comparisonOperator"], alarm["threshold"]) == (
        "HasBacklogWithoutCapacity",
        "GreaterThanOrEqualToThreshold",
        1,
    )
    assert alarm["dimensions"] == {"EndpointName": ENDPOINT_NAME}
    # It wakes the endpoint and nobody else.
    assert alarm["alarmActions"] != ["arn:topic"]
    busy = waiting(tmp_path, scaling=Scaling(minimum=1, maximum=1)).outputs["monthly_cost"]
    assert graph.outputs["monthly_cost"] == pytest.approx(busy - 0.115 * 730, abs=0.01)
    assert float(graph.one("aws:budgets/budget:Budget").inputs["limitAmount"]) > busy


def test_failures_are_counted_by_its_own_metrics(tmp_path: Path) -> None:
    graph = waiting(tmp_path)
    queries = {each["id"]: each for each in graph.one(ALARM, "pricing-production-errors").inputs["metricQueries"]}
    assert queries["errors"]["metric"]["metricName"] == "InvocationFailures"
    assert queries["requests"]["metric"]["metricName"] == "InvocationsProcessed"
    assert "pricing-production-overhead" not in graph.names(ALARM)
    assert "pricing-production-latency" in graph.names(ALARM)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"asynchronous": Asynchronous(days=0)}, "asynchronous.days: 0 is not allowed; use 1 to 3650"),
        ({"asynchronous": Asynchronous(concurrent_requests=0)}, "asynchronous.concurrent_requests: 0 is not allowed; use 1 to 1000"),
        ({"asynchronous": Asynchronous(backlog_per_instance=0)}, "asynchronous.backlog_per_instance: 0 is not allowed; use 1 to 1000"),
        ({"asynchronous": Asynchronous(), "guardrails": Guardrails()}, "guardrails: excludes asynchronous: its alarms watch answers"),
        (
            {"asynchronous": Asynchronous(), "operations": Operations(capture_percent=5)},
            "operations.capture_percent: excludes asynchronous: requests and answers are kept",
        ),
    ],
)
def test_arguments_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(SageMakerEndpointArgs, arguments(tmp_path, **changes), "x")
    assert message in str(caught.value)


@pytest.mark.parametrize("shadow", [None, Shadow(version="2")])
def test_it_has_one_version_at_a_time(tmp_path: Path, shadow: Shadow | None) -> None:
    args = arguments(tmp_path, models=[model(tmp_path, "1"), model(tmp_path, "2")], asynchronous=Asynchronous(), shadow=shadow)
    with pytest.raises(ArgumentError, match=r"asynchronous: excludes more than one version in models \(1, 2\)"):
        parse(SageMakerEndpointArgs, args, "x")
