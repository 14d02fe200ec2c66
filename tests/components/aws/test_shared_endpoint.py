"""Several models behind one SageMaker endpoint."""

import json
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.aws.inference_components import HostedModel
from modeldeploy.aws.shared_endpoint import SageMakerSharedEndpoint, SageMakerSharedEndpointArgs
from modeldeploy.spec import (
    Access,
    ArgumentError,
    Compute,
    Container,
    DatabaseConnection,
    Encryption,
    Environment,
    Exposure,
    Network,
    Operations,
    ReplicaScaling,
)
from tests.components.aws.mocked import ACCOUNT, KEY, REGION, model, run, statements
from tests.components.test_contract import documented
from tests.support.mocks import Graph, Mocked

MADE = "aws:cloudcontrol/resource:Resource"
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
MODEL = "aws:sagemaker/model:Model"
TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
GROUP = "aws:cloudwatch/logGroup:LogGroup"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
CALLER = f"arn:aws:iam::{ACCOUNT}:role/shop"
DATABASE = DatabaseConnection(id="db-MADE", host="data.example", database="pricing")
ASLEEP = ReplicaScaling(minimum=0, maximum=3)


def hosted(folder: Path, name: str = "pricing", version: str = "1", **changes: Any) -> HostedModel:
    ours = {key: changes.pop(key) for key in ("container", "source") if key in changes}
    return HostedModel(model=model(folder, version, name=name, **ours), **changes)


def shared(folder: Path, **changes: Any) -> Graph:
    models = changes.pop("models", None) or [hosted(folder), hosted(folder, "churn", "7")]
    told: dict[str, Any] = {"models": models, "environment": Environment.DEVELOPMENT, **changes}
    args = SageMakerSharedEndpointArgs(**told)

    def program() -> dict[str, Any]:
        endpoint = SageMakerSharedEndpoint("desk", args)
        return {name: getattr(endpoint, name) for name in SageMakerSharedEndpoint.__annotations__}

    return run(program, SERVED)


SERVED: dict[str, Mocked] = {"aws:cloudcontrol/getResource:getResource": {"properties": "{}"}}
"""An endpoint that tells nothing of its configuration is not taken for one that was rolled back."""


def wanted(graph: Graph, name: str) -> dict[str, Any]:
    return json.loads(graph.one(MADE, name).inputs["desiredState"])


def component(graph: Graph, name: str = "pricing") -> dict[str, Any]:
    return wanted(graph, f"desk-{name}")


@pytest.fixture
def plain(tmp_path: Path) -> Graph:
    return shared(tmp_path)


def test_every_output_and_argument_is_documented(plain: Graph) -> None:
    assert documented(SageMakerSharedEndpoint) == set(SageMakerSharedEndpoint.__annotations__) == set(plain.outputs)
    assert documented(SageMakerSharedEndpointArgs) == set(SageMakerSharedEndpointArgs.__annotations__)
    assert documented(HostedModel) == set(HostedModel.__annotations__)


def test_the_endpoint_has_machines_without_a_model_of_their_own(plain: Graph) -> None:
    configuration = wanted(plain, "desk-config")
    assert plain.one(MADE, "desk-config").inputs["typeName"] == "AWS::SageMaker::EndpointConfig"
    assert configuration["ProductionVariants"] == [
        {
            "VariantName": "production",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 2,
            "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 2, "MaxInstanceCount": 10},
            "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
        }
    ]
    assert plain.one(ENDPOINT).inputs["endpointConfigName"] == configuration["EndpointConfigName"]
    assert plain.outputs["url"] == f"https://runtime.sagemaker.{REGION}.amazonaws.com/endpoints/desk-shared-project-stack/invocations"
    assert plain.outputs["endpoint_name"] == "desk-shared-project-stack"


def test_machines_and_models_are_isolated_inside_the_network_and_encrypted(plain: Graph) -> None:
    configuration = wanted(plain, "desk-config")
    assert configuration["VpcConfig"] == {
        "Subnets": ["desk-network-private-1-id", "desk-network-private-2-id"],
        "SecurityGroupIds": ["desk-model-id"],
    }
    assert configuration["EnableNetworkIsolation"] is True
    assert configuration["KmsKeyId"] == KEY
    assert configuration["ExecutionRoleArn"].startswith("arn:role:What the model desk")
    for each in plain.all(MODEL):
        assert each.inputs["enableNetworkIsolation"] is True
        assert each.inputs["vpcConfig"]["securityGroupIds"] == ["desk-model-id"]
    assert {"Key": "environment", "Value": "dev"} in configuration["Tags"]


def test_local_disks_take_no_key(tmp_path: Path) -> None:
    graph = shared(tmp_path, compute=Compute(instance_type="ml.g5.xlarge"), models=[hosted(tmp_path, gpus=1)])
    assert "KmsKeyId" not in wanted(graph, "desk-config")
    assert component(graph)["Specification"]["ComputeResourceRequirements"]["NumberOfAcceleratorDevicesRequired"] == 1


def test_another_configuration_has_another_name_and_is_there_first(tmp_path: Path) -> None:
    graphs = [shared(tmp_path, instances=ReplicaScaling(minimum=2, maximum=most)) for most in (5, 6)]
    names = {wanted(graph, "desk-config")["EndpointConfigName"] for graph in graphs}
    assert len(names) == 2
    assert all(name.startswith("desk-shared-project-stack-") and len(name) <= 63 for name in names)
    assert list(graphs[0].one(MADE, "desk-config").options.replaceOnChanges) == ["desiredState"]
    assert graphs[0].one(MADE, "desk-config").options.deleteBeforeReplace is not True


def test_permissions_are_there_before_the_machines(plain: Graph) -> None:
    names = ("desk-platform", "desk-data", "desk-network")
    assert {plain.one(ROLE_POLICY, name).urn for name in names} <= plain.one(MADE, "desk-config").depends_on


def test_each_model_has_its_own_component(plain: Graph) -> None:
    assert component(plain) == {
        "InferenceComponentName": "desk-pricing-project-stack",
        "EndpointName": "desk-shared-project-stack",
        "VariantName": "production",
        "Specification": {
            "ModelName": "model-1",
            "ComputeResourceRequirements": {"NumberOfCpuCoresRequired": 1.0, "MinMemoryRequiredInMb": 1024},
            "SchedulingConfig": {"PlacementStrategy": "SPREAD", "AvailabilityZoneBalance": {"EnforcementMode": "PERMISSIVE"}},
        },
        "RuntimeConfig": {"CopyCount": 2},
        "Tags": component(plain)["Tags"],
    }
    assert {"Key": "model-version", "Value": "1"} in component(plain)["Tags"]
    assert component(plain, "churn")["Specification"]["ModelName"] == "model-7"
    assert plain.outputs["components"] == {"pricing": "desk-pricing-project-stack", "churn": "desk-churn-project-stack"}
    assert plain.outputs["model_versions"] == {"pricing": "1", "churn": "7"}
    assert {each.name for each in plain.all(MODEL)} == {"desk-pricing-v1", "desk-churn-v7"}
    assert plain.one(ENDPOINT).urn in plain.one(MADE, "desk-pricing").depends_on


def test_a_copy_gets_what_it_needs(tmp_path: Path) -> None:
    graph = shared(tmp_path, models=[hosted(tmp_path, cpus=0.5, memory_mib=2048)])
    assert component(graph)["Specification"]["ComputeResourceRequirements"] == {"NumberOfCpuCoresRequired": 0.5, "MinMemoryRequiredInMb": 2048}


def test_the_same_version_of_two_models_does_not_mix_their_artifacts(tmp_path: Path) -> None:
    sources = {name: f"s3://team-models/{name}/model.tar.gz" for name in ("pricing", "churn")}
    graph = shared(tmp_path, models=[hosted(tmp_path, name, source=source) for name, source in sources.items()])
    urls = {each.name: each.inputs["primaryContainer"]["modelDataUrl"] for each in graph.all(MODEL)}
    assert urls == {f"desk-{name}-v1": source for name, source in sources.items()}
    granted = statements(graph.one(ROLE_POLICY, "desk-data").inputs["policy"])
    assert granted[0]["Resource"] == [f"arn:aws:s3:::team-models/{name}/model.tar.gz" for name in sources]


def test_local_artifacts_are_uploaded_for_each_model(plain: Graph) -> None:
    keys = {each.inputs["key"].split("/")[1] for each in plain.all("aws:s3/bucketObjectv2:BucketObjectv2")}
    assert keys == {"pricing", "churn"}


def test_components_write_to_groups_with_key_and_end(plain: Graph) -> None:
    groups = {each.name: each.inputs for each in plain.all(GROUP)}
    for name in ("pricing", "churn"):
        group = groups[f"desk-{name}"]
        assert group["name"] == f"/aws/sagemaker/InferenceComponents/desk-{name}-project-stack"
        assert (group["kmsKeyId"], group["retentionInDays"]) == (KEY, 90)
        assert plain.one(GROUP, f"desk-{name}").urn in plain.one(MADE, f"desk-{name}").depends_on
    granted = statements(plain.one(ROLE_POLICY, "desk-data").inputs["policy"])
    (write,) = [each for each in granted if "logs:PutLogEvents" in each["Action"]]
    arns = [f"arn:logs:{group['name']}" for group in (groups["desk-pricing"], groups["desk-churn"])]
    assert write["Resource"] == [each for arn in arns for each in (arn, f"{arn}:*")]
    assert plain.outputs["logs"]["churn"] == groups["desk-churn"]["name"]
    widgets = json.loads(plain.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])["widgets"]
    query = widgets[-1]["properties"]["query"]
    assert query.startswith(f"SOURCE '{groups['desk-pricing']['name']}' | SOURCE '{groups['desk-churn']['name']}' | fields")


def test_copies_follow_requests(tmp_path: Path) -> None:
    graph = shared(tmp_path, models=[hosted(tmp_path, copies=ReplicaScaling(minimum=1, maximum=4), requests_per_copy=30)])
    target = graph.one(TARGET)
    assert target.inputs["resourceId"] == "inference-component/desk-pricing-project-stack"
    assert target.inputs["scalableDimension"] == "sagemaker:inference-component:DesiredCopyCount"
    assert (target.inputs["minCapacity"], target.inputs["maxCapacity"]) == (1, 4)
    assert graph.one(MADE, "desk-pricing").urn in target.depends_on
    policy = graph.one(POLICY).inputs
    assert policy["targetTrackingScalingPolicyConfiguration"] == {
        "targetValue": 30,
        "predefinedMetricSpecification": {"predefinedMetricType": "SageMakerInferenceComponentInvocationsPerCopy"},
        "scaleOutCooldown": 60,
        "scaleInCooldown": 300,
    }
    assert "desk-pricing-wake" not in graph.names(ALARM)


def test_the_first_number_of_copies_is_kept(tmp_path: Path) -> None:
    graph = shared(tmp_path, models=[hosted(tmp_path, copies=ReplicaScaling(minimum=4, maximum=6))])
    stash = graph.one("pulumi:index:Stash", "desk-pricing-copies")
    assert stash.inputs["input"] == 4
    # Where it is never read again, so that a change of it changes nothing.
    assert not stash.options.replaceOnChanges
    assert component(graph)["RuntimeConfig"] == {"CopyCount": 4}


def test_the_last_copy_and_machine_go_and_come_back_with_a_request(tmp_path: Path) -> None:
    models = [hosted(tmp_path, copies=ASLEEP), hosted(tmp_path, "churn", copies=ASLEEP)]
    graph = shared(tmp_path, models=models, instances=ReplicaScaling(minimum=0, maximum=2))
    (variant,) = wanted(graph, "desk-config")["ProductionVariants"]
    assert variant["InitialInstanceCount"] == 1
    assert variant["ManagedInstanceScaling"] == {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 2}
    assert component(graph)["RuntimeConfig"] == {"CopyCount": 1}
    assert graph.one(TARGET, "desk-pricing").inputs["minCapacity"] == 0
    wake = graph.one(POLICY, "desk-pricing-wake").inputs
    assert (wake["policyType"], wake["resourceId"]) == ("StepScaling", "inference-component/desk-pricing-project-stack")
    assert wake["stepScalingPolicyConfiguration"] == {
        "adjustmentType": "ChangeInCapacity",
        "metricAggregationType": "Maximum",
        "cooldown": 60,
        "stepAdjustments": [{"metricIntervalLowerBound": "0", "scalingAdjustment": 1}],
    }
    alarm = graph.one(ALARM, "desk-churn-wake").inputs
    assert (alarm["namespace"], alarm["metricName"], alarm["statistic"]) == ("AWS/SageMaker", "NoCapacityInvocationFailures", "Sum")
    assert alarm["dimensions"] == {"InferenceComponentName": "desk-churn-project-stack"}
    assert (alarm["period"], alarm["evaluationPeriods"], alarm["threshold"]) == (60, 1, 1)
    assert alarm["comparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert graph.outputs["monthly_cost"] == 74


def test_alarms_are_by_model_and_of_the_machines(tmp_path: Path) -> None:
    graph = shared(tmp_path, operations=Operations(latency_milliseconds=200, error_percent=3, utilization_percent=50))
    names = {f"desk-{model}-{kind}" for model in ("pricing", "churn") for kind in ("errors", "latency", "overhead")}
    assert set(graph.names(ALARM)) == {*names, "desk-cpu"}
    latency = graph.one(ALARM, "desk-churn-latency").inputs
    assert (latency["metricName"], latency["threshold"]) == ("ModelLatency", 200_000)
    assert latency["dimensions"] == {"InferenceComponentName": "desk-churn-project-stack"}
    assert graph.one(ALARM, "desk-churn-overhead").inputs["metricName"] == "OverheadLatency"
    errors = graph.one(ALARM, "desk-pricing-errors").inputs
    assert errors["threshold"] == 3
    assert [each["metric"]["metricName"] for each in errors["metricQueries"] if "metric" in each] == ["Invocation5XXErrors", "Invocations"]
    cpu = graph.one(ALARM, "desk-cpu").inputs
    assert (cpu["namespace"], cpu["metricName"], cpu["threshold"]) == ("/aws/sagemaker/Endpoints", "CPUUtilization", 100)
    assert cpu["dimensions"] == {"EndpointName": "desk-shared-project-stack", "VariantName": "production"}
    assert all(each.inputs["alarmActions"] == ["arn:topic"] for each in graph.all(ALARM))


def test_callers_may_call_the_endpoint_and_its_models_from_inside(tmp_path: Path) -> None:
    graph = shared(tmp_path, access=Access(callers=[CALLER]))
    (granted,) = statements(graph.one(ROLE_POLICY, "desk-invoker").inputs["policy"])
    assert granted["Resource"] == [
        f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/desk-shared-project-stack",
        "arn:made:AWS::SageMaker::InferenceComponent/desk-pricing-project-stack",
        "arn:made:AWS::SageMaker::InferenceComponent/desk-churn-project-stack",
    ]
    assert granted["Condition"] == {"StringEquals": {"aws:SourceVpc": "vpc-made"}}
    assert graph.outputs["invoker"].startswith("arn:role:Calls")
    public = shared(tmp_path, access=Access(exposure=Exposure.PUBLIC, callers=[CALLER]))
    assert "Condition" not in statements(public.one(ROLE_POLICY, "desk-invoker").inputs["policy"])[0]
    assert shared(tmp_path).outputs["invoker"] == ""


def test_a_database_is_read_by_one_user_and_not_isolated_from(tmp_path: Path) -> None:
    graph = shared(tmp_path, database=DATABASE)
    assert wanted(graph, "desk-config")["EnableNetworkIsolation"] is False
    assert {each.inputs["primaryContainer"]["environment"]["DATABASE_USER"] for each in graph.all(MODEL)} == {"desk"}
    assert "dbuser:db-MADE/desk" in graph.one(ROLE_POLICY, "desk-database").inputs["policy"]
    assert graph.outputs["database_grant"].startswith("DO $$ BEGIN CREATE USER desk;")


def test_what_it_costs_is_its_machines_and_a_budget_for_the_most(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "network": Network(id="vpc-given", subnet_ids=["subnet-a"]),
        "encryption": Encryption(key=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/given"),
        "instances": ReplicaScaling(minimum=2, maximum=4),
    }
    graph = shared(tmp_path, **given)
    assert graph.outputs["monthly_cost"] == round(2 * 0.115 * 730, 2)
    assert graph.one("aws:budgets/budget:Budget").inputs["limitAmount"] == "336.0"
    budgeted = shared(tmp_path, operations=Operations(monthly_budget_usd=50), **given)
    assert budgeted.one("aws:budgets/budget:Budget").inputs["limitAmount"] == "50.0"


def test_an_update_that_sagemaker_rolled_back_fails(tmp_path: Path) -> None:
    SERVED["aws:cloudcontrol/getResource:getResource"] = {"properties": json.dumps({"EndpointConfigName": "the-old-one"})}
    try:
        with pytest.raises(Exception, match="it serves configuration 'the-old-one'"):
            shared(tmp_path)
    finally:
        SERVED["aws:cloudcontrol/getResource:getResource"] = {"properties": "{}"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cpus": 0.2}, "models[0].cpus: 0.2 is not allowed; use 0.25 or more"),
        ({"memory_mib": 127}, "models[0].memory_mib: 127 is not allowed; use 128 or more"),
        ({"gpus": -1}, "models[0].gpus: -1 is not allowed; use 0 or more"),
        ({"gpus": 1}, "models[0].gpus: 1 is more than ml.m5.large has (0); use less, or a larger compute"),
        ({"cpus": 3.0}, "models[0].cpus: 3 is more than ml.m5.large has (2)"),
        ({"memory_mib": 9000}, "models[0].memory_mib: 9000 is more than ml.m5.large has (8192)"),
        ({"requests_per_copy": 0}, "models[0].requests_per_copy: 0 is not allowed; use 1 to 100000"),
        ({"requests_per_copy": 100_001}, "models[0].requests_per_copy: 100001 is not allowed"),
        ({"container": Container(image="example.com/x@sha256:" + "a" * 64, port=9000)}, "models[0].model.container.port: 9000 is not allowed"),
        ({"source": "gs://bucket/model.tar.gz"}, "models[0].model.source: 'gs://bucket/model.tar.gz' cannot be read by SageMaker"),
        (
            {"copies": ReplicaScaling(minimum=30, maximum=30)},
            "instances.maximum: 10 is too few: cpus 30 for the copies that there always are is more than 10 x 2",
        ),
    ],
)
def test_what_a_machine_cannot_hold_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        shared(tmp_path, models=[hosted(tmp_path, **changes)])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"instances": ReplicaScaling(minimum=0)}, "models[1].copies.minimum: 2 excludes instances.minimum 0: a copy needs a machine; use 0"),
        ({"compute": Compute(instance_type="ml.z9.large")}, "compute.instance_type: 'ml.z9.large' is not known"),
        ({"operations": Operations(capture_percent=1)}, "operations.capture_percent: has no effect on an endpoint that models share"),
        ({"access": Access(callers=["me"])}, "access.callers[0]: 'me' is not an ARN"),
        ({"encryption": Encryption(key="mine")}, "encryption.key: 'mine' is not the ARN of a KMS key"),
        ({"network": Network(id="vpc-x", subnet_ids=["subnet-x"], callers=["10.0.0.0/16"])}, "network.callers: excludes network.id"),
        ({"tags": {"environment": "x"}}, "tags.environment"),
    ],
)
def test_arguments_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        shared(tmp_path, **changes)
    assert message in str(caught.value)


def test_a_model_is_hosted_once_and_there_is_one(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"models\[1\]\.model\.name: 'pricing' is there twice"):
        shared(tmp_path, models=[hosted(tmp_path), hosted(tmp_path, version="2")])
    with pytest.raises(ArgumentError, match=r"models: is empty"):
        run(lambda: {"it": SageMakerSharedEndpoint("desk", SageMakerSharedEndpointArgs(models=[]))})


def test_long_names_stay_within_what_sagemaker_takes(tmp_path: Path) -> None:
    long = "a" * 32
    args = SageMakerSharedEndpointArgs(models=[hosted(tmp_path, long, "2026.11.24-release")])
    graph = run(lambda: {"it": SageMakerSharedEndpoint("b" * 32, args).url}, SERVED)
    # Seven more characters come from auto-naming, and a dash.
    assert all(len(each.name) + 8 <= 63 for each in graph.all(MODEL))
    assert all(len(name) <= 63 for name in (wanted(graph, f"{'b' * 32}-{long}")["InferenceComponentName"], graph.one(ENDPOINT).inputs["name"]))
