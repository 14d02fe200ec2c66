"""Monitors of what a SageMaker endpoint is asked and answers."""

import json
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.aws.managed_endpoint import SageMakerEndpointArgs
from modeldeploy.aws.monitor_arguments import (
    Aggregation,
    BiasMonitor,
    DataQualityMonitor,
    ExplainabilityMonitor,
    ModelQualityMonitor,
    ModelTask,
    Monitors,
)
from modeldeploy.aws.monitors import schedule_expression
from modeldeploy.spec import ArgumentError, Compute, Operations, Rollout
from modeldeploy.spec.arguments import parse
from tests.components.aws.mocked import ACCOUNT, KEY, REGION, arguments, deploy, model, statements
from tests.support.mocks import Graph

DEFINITION = "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition"
BY_CLOUD_CONTROL = "aws:cloudcontrol/resource:Resource"
SCHEDULE = "aws:sagemaker/monitoringSchedule:MonitoringSchedule"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ENDPOINT_NAME = "pricing-project-stack"
BASE = "s3://team-baselines/pricing"
DATA = DataQualityMonitor(
    constraints=f"{BASE}/constraints.json", statistics=f"{BASE}/statistics.json", every_hours=6, above={"feature_baseline_drift_age": 0.2}
)
QUALITY = ModelQualityMonitor(
    constraints=f"{BASE}/quality.json",
    task=ModelTask.BINARY,
    ground_truth="s3://team-truth/pricing/",
    inference="prediction",
    probability="probability",
    below={"f1": 0.8},
)
BIAS = BiasMonitor(
    constraints=f"{BASE}/bias.json", analysis=f"{BASE}/analysis_config.json", ground_truth="s3://team-truth/pricing", inference="prediction"
)
EXPLAINED = ExplainabilityMonitor(
    constraints=f"{BASE}/attribution.json",
    features=["age", "income"],
    baseline=f"{BASE}/rows.csv",
    samples=100,
    probability="1",
    above={"feature_age": 0.4},
)
LINES: dict[str, Any] = {"baseline": f"{BASE}/rows.jsonl", "features_at": "features", "request": '{"features": $features}'}
CAPTURED = Operations(capture_percent=20)


def monitored(folder: Path, **monitors: Any) -> Graph:
    return deploy(arguments(folder, operations=CAPTURED, monitors=Monitors(**monitors)))


def desired(graph: Graph, name: str) -> dict[str, Any]:
    return json.loads(graph.one(BY_CLOUD_CONTROL, f"pricing-{name}").inputs["desiredState"])


def permissions(graph: Graph, name: str) -> dict[str, dict[str, Any]]:
    granted = statements(graph.one("aws:iam/rolePolicy:RolePolicy", f"pricing-monitors-{name}").inputs["policy"])
    return {action: each for each in granted for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])}


def test_what_is_asked_is_compared_with_the_training_data(tmp_path: Path) -> None:
    graph = monitored(tmp_path, data_quality=DATA)
    inputs = graph.one(DEFINITION).inputs
    assert inputs["dataQualityAppSpecification"] == {
        "imageUri": f"444455556666.dkr.ecr.{REGION}.amazonaws.com/sagemaker-model-monitor-analyzer:latest",
        "environment": {"publish_cloudwatch_metrics": "Enabled"},
    }
    assert inputs["dataQualityBaselineConfig"] == {
        "constraintsResource": {"s3Uri": f"{BASE}/constraints.json"},
        "statisticsResource": {"s3Uri": f"{BASE}/statistics.json"},
    }
    assert inputs["dataQualityJobInput"]["endpointInput"]["endpointName"] == ENDPOINT_NAME
    output = inputs["dataQualityJobOutputConfig"]
    assert output["kmsKeyId"] == KEY
    assert output["monitoringOutputs"]["s3Output"]["s3Uri"] == "s3://bucket-made/monitors/data-quality"
    assert inputs["jobResources"]["clusterConfig"]["volumeKmsKeyId"] == KEY
    network = inputs["networkConfig"]
    assert network["vpcConfig"] == {
        "subnets": ["pricing-network-private-1-id", "pricing-network-private-2-id"],
        "securityGroupIds": ["pricing-model-id"],
    }
    assert (network["enableInterContainerTrafficEncryption"], network["enableNetworkIsolation"]) == (True, False)
    assert inputs["stoppingCondition"] == {"maxRuntimeInSeconds": 3300}
    config = graph.one(SCHEDULE).inputs["monitoringScheduleConfig"]
    assert config == {
        "monitoringType": "DataQuality",
        "monitoringJobDefinitionName": "definition-made",
        "scheduleConfig": {"scheduleExpression": "cron(0 0/6 ? * * *)"},
    }


def test_a_schedule_waits_for_the_endpoint_and_a_definition_for_its_role(tmp_path: Path) -> None:
    graph = monitored(tmp_path, data_quality=DATA)
    endpoint = graph.one("aws:sagemaker/endpoint:Endpoint")
    assert endpoint.urn in graph.one(DEFINITION).depends_on
    names = ("platform", "data", "network")
    assert {graph.one("aws:iam/rolePolicy:RolePolicy", f"pricing-monitors-{each}").urn for each in names} <= graph.one(DEFINITION).depends_on


def test_answers_are_judged_by_what_was_right(tmp_path: Path) -> None:
    graph = monitored(tmp_path, model_quality=QUALITY)
    made = graph.one(BY_CLOUD_CONTROL).inputs
    assert made["typeName"] == "AWS::SageMaker::ModelQualityJobDefinition"
    wanted = desired(graph, "model-quality")
    assert wanted["ModelQualityAppSpecification"]["ProblemType"] == "BinaryClassification"
    source = wanted["ModelQualityJobInput"]
    assert source["GroundTruthS3Input"] == {"S3Uri": "s3://team-truth/pricing/"}
    assert {"EndpointName": ENDPOINT_NAME, "InferenceAttribute": "prediction", "ProbabilityAttribute": "probability"}.items() <= source[
        "EndpointInput"
    ].items()
    assert wanted["ModelQualityBaselineConfig"] == {"ConstraintsResource": {"S3Uri": f"{BASE}/quality.json"}}
    assert wanted["ModelQualityJobOutputConfig"]["KmsKeyId"] == KEY
    assert wanted["JobResources"]["ClusterConfig"]["VolumeKmsKeyId"] == KEY
    assert {"Key": "environment", "Value": "dev"} in wanted["Tags"]
    config = graph.one(SCHEDULE).inputs["monitoringScheduleConfig"]
    assert (config["monitoringType"], config["monitoringJobDefinitionName"]) == ("ModelQuality", wanted["JobDefinitionName"])


def test_another_definition_has_another_name_so_that_it_is_there_before_the_old_one_goes(tmp_path: Path) -> None:
    names = {
        desired(monitored(tmp_path, model_quality=each), "model-quality")["JobDefinitionName"]
        for each in (QUALITY, ModelQualityMonitor(**{**QUALITY.__dict__, "inference": "0"}))
    }
    assert len(names) == 2
    assert list(monitored(tmp_path, model_quality=QUALITY).one(BY_CLOUD_CONTROL).options.replaceOnChanges) == ["desiredState"]
    assert all(len(name) <= 63 and name.startswith("pricing-model-quality-project-stack-") for name in names)


def test_bias_is_found_by_the_analysis_that_is_given(tmp_path: Path) -> None:
    graph = monitored(tmp_path, bias=BIAS)
    wanted = desired(graph, "bias")
    assert wanted["ModelBiasAppSpecification"]["ConfigUri"] == f"{BASE}/analysis_config.json"
    assert wanted["ModelBiasAppSpecification"]["ImageUri"].endswith("/sagemaker-clarify-processing:1.0")
    assert graph.one(SCHEDULE).inputs["monitoringScheduleConfig"]["monitoringType"] == "ModelBias"


def test_attribution_is_computed_with_the_version_that_answers_most(tmp_path: Path) -> None:
    two = [model(tmp_path), model(tmp_path, "2")]
    args = arguments(
        tmp_path,
        models=two,
        rollout=Rollout(traffic={"1": 90, "2": 10}),
        operations=CAPTURED,
        monitors=Monitors(explainability=EXPLAINED),
        compute=Compute(instance_type="ml.c5.xlarge"),
    )
    graph = deploy(args)
    written = graph.one(OBJECT, "pricing-explainability-analysis").inputs
    assert json.loads(written["content"]) == {
        "headers": ["age", "income"],
        "methods": {"shap": {"baseline": f"{BASE}/rows.csv", "agg_method": "mean_abs", "num_samples": 100}},
        "predictor": {"model_name": "model-1", "instance_type": "ml.c5.xlarge", "initial_instance_count": 1},
    }
    assert written["key"].startswith("analyses/")
    assert (written["serverSideEncryption"], written["kmsKeyId"]) == ("aws:kms", KEY)
    wanted = desired(graph, "explainability")
    assert graph.one(BY_CLOUD_CONTROL).inputs["typeName"] == "AWS::SageMaker::ModelExplainabilityJobDefinition"
    assert wanted["ModelExplainabilityAppSpecification"]["ConfigUri"] == f"s3://bucket-made/{written['key']}"
    assert wanted["ModelExplainabilityAppSpecification"]["ImageUri"].endswith("/sagemaker-clarify-processing:1.0")
    # There is nothing that was right to wait for.
    assert wanted["ModelExplainabilityJobInput"] == {
        "EndpointInput": {
            "EndpointName": ENDPOINT_NAME,
            "LocalPath": "/opt/ml/processing/input",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "ProbabilityAttribute": "1",
        }
    }
    assert wanted["ModelExplainabilityBaselineConfig"] == {"ConstraintsResource": {"S3Uri": f"{BASE}/attribution.json"}}
    assert graph.one(SCHEDULE).inputs["monitoringScheduleConfig"]["monitoringType"] == "ModelExplainability"
    query = graph.one(ALARM, "pricing-explainability-feature_age").inputs["metricQueries"][0]["expression"]
    assert query.startswith('SELECT MAX("feature_age") FROM "aws/sagemaker/Endpoints/explainability-metrics"')


def test_requests_in_json_lines_are_written_around_their_features(tmp_path: Path) -> None:
    changed = ExplainabilityMonitor(**{**EXPLAINED.__dict__, **LINES, "aggregation": Aggregation.MEDIAN, "samples": None})
    graph = monitored(tmp_path, explainability=changed)
    told = json.loads(graph.one(OBJECT, "pricing-explainability-analysis").inputs["content"])
    assert told["methods"] == {"shap": {"baseline": f"{BASE}/rows.jsonl", "agg_method": "median"}}
    assert told["predictor"] == {
        "model_name": "model-1",
        "instance_type": "ml.m5.large",
        "initial_instance_count": 1,
        "content_type": "application/jsonlines",
        "accept_type": "application/jsonlines",
        "content_template": '{"features": $features}',
    }
    assert desired(graph, "explainability")["ModelExplainabilityJobInput"]["EndpointInput"]["FeaturesAttribute"] == "features"


def test_a_release_is_explained_by_another_analysis_and_another_definition(tmp_path: Path) -> None:
    graphs = [
        deploy(arguments(tmp_path, models=[model(tmp_path, version)], operations=CAPTURED, monitors=Monitors(explainability=EXPLAINED)))
        for version in ("1", "2")
    ]
    assert len({graph.one(OBJECT, "pricing-explainability-analysis").inputs["key"] for graph in graphs}) == 2
    assert len({desired(graph, "explainability")["JobDefinitionName"] for graph in graphs}) == 2


def test_tags_too_make_another_definition(tmp_path: Path) -> None:
    graphs = [deploy(arguments(tmp_path, tags=tags, operations=CAPTURED, monitors=Monitors(bias=BIAS))) for tags in ({"team": "a"}, {"team": "b"})]
    assert len({desired(graph, "bias")["JobDefinitionName"] for graph in graphs}) == 2


def test_explaining_may_start_its_own_endpoint_and_no_other(tmp_path: Path) -> None:
    graph = monitored(tmp_path, explainability=EXPLAINED)
    granted = permissions(graph, "explaining")
    here = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
    for action in (
        "CreateEndpoint",
        "DeleteEndpoint",
        "DescribeEndpoint",
        "DeleteEndpointConfig",
        "DescribeEndpointConfig",
        "InvokeEndpoint",
        "AddTags",
    ):
        assert granted[f"sagemaker:{action}"]["Resource"] == [f"{here}:endpoint-config/sm-clarify-*", f"{here}:endpoint/sm-clarify-*"]
    assert granted["sagemaker:DescribeModel"]["Resource"] == "arn:model:1"
    read = permissions(graph, "data")["s3:GetObject"]["Resource"]
    assert {"arn:aws:s3:::bucket-made/analyses/*", "arn:aws:s3:::team-baselines/pricing/rows.csv"} <= set(read)
    assert graph.one("aws:iam/rolePolicy:RolePolicy", "pricing-monitors-explaining").urn in graph.one(BY_CLOUD_CONTROL).depends_on
    assert "pricing-network-sagemaker-api" in graph.names("aws:ec2/vpcEndpoint:VpcEndpoint")
    others = monitored(tmp_path, bias=BIAS)
    assert "pricing-network-sagemaker-api" not in others.names("aws:ec2/vpcEndpoint:VpcEndpoint")
    assert "pricing-monitors-explaining" not in others.names("aws:iam/rolePolicy:RolePolicy")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": []}, "features: is empty; name the features"),
        ({"baseline": f"{BASE}/rows.json"}, f"baseline: '{BASE}/rows.json' is no file of features; write s3://<bucket>/<path>.csv or .jsonl"),
        ({"samples": 0}, "samples: 0 is not allowed; use 1 to 100000"),
        ({"samples": 100_001}, "samples: 100001 is not allowed"),
        ({"features_at": "features"}, "features_at: has no effect with a baseline in CSV"),
        ({"request": "$features"}, "request: has no effect with a baseline in CSV"),
        ({"baseline": f"{BASE}/rows.jsonl"}, "request: is required with a baseline in JSON lines"),
        ({"baseline": f"{BASE}/rows.jsonl", "request": "$features"}, "features_at: is required with a baseline in JSON lines"),
        ({**LINES, "request": "{}"}, "request: '{}' does not say where the features go"),
        ({"constraints": "x"}, "constraints: 'x' is no file of a baseline"),
    ],
)
def test_explanations_are_refused_that_clarify_could_not_give(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    changed = ExplainabilityMonitor(**{**EXPLAINED.__dict__, **changes})
    with pytest.raises(ArgumentError) as caught:
        monitored(tmp_path, explainability=changed)
    assert f"monitors.explainability.{message}" in str(caught.value)


def test_metrics_raise_alarms_beyond_their_values_whatever_their_dimensions(tmp_path: Path) -> None:
    graph = monitored(tmp_path, data_quality=DATA, model_quality=QUALITY)
    drift = graph.one(ALARM, "pricing-data-quality-feature_baseline_drift_age").inputs
    (query,) = drift["metricQueries"]
    assert query["expression"] == (
        f'SELECT MAX("feature_baseline_drift_age") FROM "aws/sagemaker/Endpoints/data-metrics" WHERE Endpoint = \'{ENDPOINT_NAME}\''
    )
    assert (drift["comparisonOperator"], drift["threshold"], drift["alarmActions"]) == ("GreaterThanThreshold", 0.2, ["arn:topic"])
    f1 = graph.one(ALARM, "pricing-model-quality-f1").inputs
    assert f1["metricQueries"][0]["expression"].startswith('SELECT MIN("f1") FROM "aws/sagemaker/Endpoints/model-metrics"')
    assert (f1["comparisonOperator"], f1["threshold"]) == ("LessThanThreshold", 0.8)


def test_monitors_may_read_what_was_captured_and_their_files_and_write_what_they_found(tmp_path: Path) -> None:
    graph = monitored(tmp_path, data_quality=DATA, bias=BIAS)
    data = permissions(graph, "data")
    assert data["s3:GetObject"]["Resource"] == [
        "arn:aws:s3:::bucket-made/capture/*",
        "arn:aws:s3:::bucket-made/analyses/*",
        "arn:aws:s3:::team-baselines/pricing/analysis_config.json",
        "arn:aws:s3:::team-baselines/pricing/bias.json",
        "arn:aws:s3:::team-baselines/pricing/constraints.json",
        "arn:aws:s3:::team-baselines/pricing/statistics.json",
        "arn:aws:s3:::team-truth/pricing/*",
    ]
    assert data["s3:PutObject"]["Resource"] == "arn:aws:s3:::bucket-made/monitors/*"
    assert data["s3:ListBucket"]["Resource"] == ["arn:aws:s3:::bucket-made", "arn:aws:s3:::team-baselines", "arn:aws:s3:::team-truth"]
    assert data["kms:Decrypt"]["Resource"] == KEY
    platform = permissions(graph, "platform")
    assert platform["ecr:BatchGetImage"]["Resource"] == [
        f"arn:aws:ecr:{REGION}:444455556666:repository/sagemaker-clarify-processing",
        f"arn:aws:ecr:{REGION}:444455556666:repository/sagemaker-model-monitor-analyzer",
    ]
    here = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/ProcessingJobs"
    assert platform["logs:PutLogEvents"]["Resource"] == [here, f"{here}:*"]
    assert "aws/sagemaker/*" in platform["cloudwatch:PutMetricData"]["Condition"]["StringLike"]["cloudwatch:namespace"]
    assert "ec2:CreateNetworkInterface" in permissions(graph, "network")


def test_metrics_are_published_privately(tmp_path: Path) -> None:
    assert "pricing-network-monitoring" in monitored(tmp_path, data_quality=DATA).names("aws:ec2/vpcEndpoint:VpcEndpoint")
    assert "pricing-network-monitoring" not in deploy(arguments(tmp_path, operations=CAPTURED)).names("aws:ec2/vpcEndpoint:VpcEndpoint")


def test_what_monitors_found_goes_after_the_days_of_the_logs(tmp_path: Path) -> None:
    rules = monitored(tmp_path, bias=BIAS).one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs["rules"]
    assert {each["filter"]["prefix"]: each["expiration"]["days"] for each in rules if "expiration" in each} == {"capture/": 90, "monitors/": 90}


@pytest.mark.parametrize(("hours", "expression"), [(1, "cron(0 * ? * * *)"), (4, "cron(0 0/4 ? * * *)"), (24, "cron(0 0 ? * * *)")])
def test_schedules_are_those_that_monitors_take(hours: int, expression: str) -> None:
    assert schedule_expression(hours) == expression


@pytest.mark.parametrize(
    ("monitor", "message"),
    [
        ({"every_hours": 5}, "monitors.data_quality.every_hours: 5 is not allowed; use one of 1, 2, 3, 4, 6, 8, 12, 24"),
        ({"constraints": "constraints.json"}, "monitors.data_quality.constraints: 'constraints.json' is no file of a baseline"),
        ({"statistics": "s3://b/x"}, "monitors.data_quality.statistics: 's3://b/x' is no file of a baseline"),
        ({"above": {'x" FROM': 1.0}}, 'monitors.data_quality.above.x" FROM: is no metric'),
        ({"below": {"": 1.0}}, "monitors.data_quality.below.: is no metric"),
    ],
)
def test_arguments_are_refused(tmp_path: Path, monitor: dict[str, Any], message: str) -> None:
    changed = DataQualityMonitor(**{**DATA.__dict__, **monitor})
    with pytest.raises(ArgumentError) as caught:
        parse(SageMakerEndpointArgs, arguments(tmp_path, operations=CAPTURED, monitors=Monitors(data_quality=changed)), "x")
    assert message in str(caught.value)


def test_folders_of_what_was_right_are_in_s3(tmp_path: Path) -> None:
    quality = ModelQualityMonitor(**{**QUALITY.__dict__, "ground_truth": "gs://x"})
    bias = BiasMonitor(**{**BIAS.__dict__, "ground_truth": "x", "analysis": "s3://b/y"})
    with pytest.raises(ArgumentError) as caught:
        parse(SageMakerEndpointArgs, arguments(tmp_path, operations=CAPTURED, monitors=Monitors(model_quality=quality, bias=bias)), "x")
    assert "monitors.model_quality.ground_truth: 'gs://x' is no folder in S3" in str(caught.value)
    assert "monitors.bias.ground_truth: 'x' is no folder in S3" in str(caught.value)
    assert "monitors.bias.analysis: 's3://b/y' is no file of a baseline" in str(caught.value)


def test_monitors_need_captured_requests_and_be_some(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"monitors: needs operations\.capture_percent"):
        parse(SageMakerEndpointArgs, arguments(tmp_path, monitors=Monitors(data_quality=DATA)), "x")
    with pytest.raises(ArgumentError, match=r"monitors\.data_quality: give at least one monitor"):
        parse(SageMakerEndpointArgs, arguments(tmp_path, operations=CAPTURED, monitors=Monitors()), "x")
