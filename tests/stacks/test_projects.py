"""The ten projects: which deployment their needs ask for on each cloud, and how configuration becomes a component's arguments."""

import dataclasses
import importlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

import stacks
from modeldeploy.grid import Cloud, DeploymentType
from modeldeploy.spec import (
    ArgumentError,
    Container,
    ContainerCompute,
    Environment,
    FunctionModel,
    FunctionScaling,
    Model,
    Operations,
    RecordFormat,
    ReplicaScaling,
    Rollout,
    Schedule,
    StreamingArgs,
    WebAccess,
)
from modeldeploy.spec.access import Authentication, Exposure
from modeldeploy.spec.arguments import parse
from modeldeploy.spec.kubernetes import WorkloadArgs
from modeldeploy.spec.needs import DataClass, Needs, Work
from modeldeploy.spec.streaming import Broker
from stacks.shared import on_cluster
from stacks.shared.deploy import stream
from stacks.shared.project import Project
from stacks.shared.scoring import Scoring, scoring_arguments
from stacks.shared.serving import OnKubernetes, Serving, serving_arguments
from stacks.shared.settings import Release
from stacks.shared.streaming import SAME, Streaming, streaming_arguments
from stacks.shared.target import Target

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "registry.example.com/team/pricing@sha256:" + "a" * 64
MODEL = Model(name="pricing", version="1", source="s3://models/pricing", container=Container(image=IMAGE))
RELEASE = Release(version="1", source="s3://models/pricing", images={"aws": IMAGE})
ASKED = OnKubernetes(loader_images={"aws": IMAGE})

ADVISED = {
    "call-drop": DeploymentType.STREAMING,
    "churn-prediction": DeploymentType.MANAGED_ENDPOINT,
    "credit-risk": DeploymentType.BATCH,
    "demand-forecasting": DeploymentType.MANAGED_BATCH,
    "drug-recommendation": DeploymentType.CONTAINER,
    "dynamic-pricing": DeploymentType.MANAGED_ENDPOINT,
    "hospital-readmission": DeploymentType.BATCH,
    "multi-store-sku": DeploymentType.BATCH,
    "price-elasticity": DeploymentType.SERVERLESS,
    "sepsis-detection": DeploymentType.KUBERNETES,
}

SERVING = (DeploymentType.MANAGED_ENDPOINT, DeploymentType.SERVERLESS, DeploymentType.CONTAINER, DeploymentType.KUBERNETES)


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages name the file of the stack that runs."""
    monkeypatch.setattr(pulumi, "get_stack", lambda: "pricing.test")


def module(name: str) -> Any:
    return importlib.import_module(f"stacks.{name.replace('-', '_')}")


def workload_class(name: str) -> type:
    kinds = [each for each in vars(module(name)).values() if isinstance(each, type) and issubclass(each, Serving | Scoring | Streaming)]
    return next(each for each in kinds if each not in (Serving, Scoring, Streaming))


@pytest.mark.parametrize("cloud", Cloud)
@pytest.mark.parametrize("name", ADVISED)
def test_a_projects_needs_decide_how_it_is_deployed_on_every_cloud(name: str, cloud: Cloud) -> None:
    assert module(name).PROJECT.deployment(None, cloud) is ADVISED[name]


def test_every_project_has_a_module_that_reads_like_a_description() -> None:
    assert set(stacks.names()) == ADVISED.keys()
    for name in stacks.names():
        text = (ROOT / "stacks" / f"{name.replace('-', '_')}.py").read_text()
        assert text.count("\n") <= 60, name
        for sdk in ("pulumi_aws", "pulumi_azure_native", "pulumi_gcp", "pulumi_kubernetes"):
            assert sdk not in text, name
        assert module(name).PROJECT.name == name


@pytest.mark.parametrize("environment", Environment)
@pytest.mark.parametrize("name", ADVISED)
def test_the_committed_configuration_is_what_the_stack_takes(name: str, environment: Environment) -> None:
    config = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{name}.{environment}.yaml").read_text())["config"]
    workload = parse(workload_class(name), config["modeldeploy:workload"], name)
    assert workload.environment is environment
    assert Cloud(config["modeldeploy:cloud"])
    assert workload.operations.emails


@pytest.mark.parametrize("name", ADVISED)
def test_production_is_stricter_and_may_cost_more_than_development(name: str) -> None:
    read = {}
    for environment in Environment:
        config = yaml.safe_load((ROOT / "stacks" / f"Pulumi.{name}.{environment}.yaml").read_text())["config"]
        read[environment] = parse(workload_class(name), config["modeldeploy:workload"], name)
    development, production = read[Environment.DEVELOPMENT], read[Environment.PRODUCTION]
    assert production.operations.monthly_budget_usd > development.operations.monthly_budget_usd
    if isinstance(production, Serving) and ADVISED[name] is not DeploymentType.SERVERLESS:
        assert production.scaling is not None
        assert production.scaling.minimum >= 2


def test_a_project_s_tags_say_whose_data_it_is() -> None:
    assert module("sepsis-detection").PROJECT.tags == {"project": "sepsis-detection", "owner": "healthcare", "data-class": "health"}
    health = {name for name in ADVISED if module(name).PROJECT.needs.data_class is DataClass.HEALTH}
    assert health == {"sepsis-detection", "drug-recommendation", "hospital-readmission"}


def test_the_alarm_on_latency_is_not_looser_than_twice_what_the_project_needs() -> None:
    for name in ADVISED:
        needs, defaults = module(name).PROJECT.needs, {each.name: each for each in dataclasses.fields(workload_class(name))}
        if needs.latency_ms is not None:
            operations = defaults["operations"].default
            assert isinstance(operations, Operations)
            assert operations.latency_milliseconds <= 2 * needs.latency_ms, name


PROJECT = Project(name="pricing", owner="finance", needs=Needs(work=Work.REAL_TIME, latency_ms=100))


def test_configuration_may_choose_another_type_for_the_same_work_and_no_other() -> None:
    assert PROJECT.deployment(DeploymentType.CONTAINER, Cloud.AWS) is DeploymentType.CONTAINER
    said = r"stacks/Pulumi\.pricing\.test\.yaml: workload\.deployment: 'batch' does not do real-time work; use one of managed-endpoint, serverless"
    with pytest.raises(ArgumentError, match=said):
        PROJECT.deployment(DeploymentType.BATCH, Cloud.AWS)


def serving(kind: DeploymentType, **changes: Any) -> dict[str, Any]:
    workload = Serving(environment=Environment.PRODUCTION, models=[RELEASE], **{"kubernetes": ASKED, **changes})
    return serving_arguments(kind, Cloud.AWS, workload, [MODEL], {"owner": "finance"})


@pytest.mark.parametrize("kind", [kind for kind in SERVING if kind is not DeploymentType.KUBERNETES])
def test_every_type_gets_its_operations(kind: DeploymentType) -> None:
    operations = Operations(latency_milliseconds=7)
    assert serving(kind, operations=operations)["operations"] == operations


def test_on_kubernetes_the_alarms_that_need_metrics_of_the_pods_take_the_same_numbers() -> None:
    given = serving(DeploymentType.KUBERNETES, operations=Operations(latency_milliseconds=7, error_percent=3, utilization_percent=50))
    assert (given["monitoring"].latency_milliseconds, given["monitoring"].error_percent) == (7, 3)
    assert given["operations"] == Operations(utilization_percent=50)


@pytest.mark.parametrize("kind", SERVING)
def test_every_type_gets_versions_traffic_replicas_environment_and_tags(kind: DeploymentType) -> None:
    rollout = Rollout(traffic={"1": 100})
    given = serving(kind, rollout=rollout, scaling=ReplicaScaling(minimum=3, maximum=4))
    assert (given["rollout"], given["environment"], given["tags"]) == (rollout, "prod", {"owner": "finance"})
    assert given["scaling"] == {"minimum": 3, "maximum": 4}
    assert [each.source for each in given["models"]] == ["s3://models/pricing"]


def test_replicas_that_are_not_configured_are_those_of_the_type() -> None:
    assert serving(DeploymentType.SERVERLESS)["scaling"] == {"minimum": 0, "maximum": 10}
    for kind in SERVING:
        if kind is not DeploymentType.SERVERLESS:
            assert serving(kind)["scaling"] == {"minimum": 2, "maximum": 10}, kind


def test_one_size_is_said_in_the_words_of_each_type() -> None:
    size = ContainerCompute(cpu_millis=1500, memory_mib=3000)
    machine = serving(DeploymentType.MANAGED_ENDPOINT, compute=size)["compute"]
    assert (machine.cpus, machine.memory_gib, machine.gpus) == (2, 3, 0)
    assert serving(DeploymentType.SERVERLESS, compute=size)["memory_mib"] == 3000
    assert serving(DeploymentType.CONTAINER, compute=size)["compute"] is size
    pods = serving(DeploymentType.KUBERNETES, compute=size)["resources"]
    assert (pods.cpu_millis, pods.memory_mib, pods.cpu_limit_millis, pods.memory_limit_mib) == (1500, 3000, 3000, 3000)


def test_a_function_gets_its_container() -> None:
    [function] = serving(DeploymentType.SERVERLESS)["models"]
    assert isinstance(function, FunctionModel)
    assert function.container == MODEL.container


def test_who_may_call_reaches_the_types_that_check_it() -> None:
    access = WebAccess(exposure=Exposure.PUBLIC, callers=["arn:aws:iam::123456789012:role/shop"])
    assert serving(DeploymentType.MANAGED_ENDPOINT, access=access)["access"] == {"exposure": "public", "callers": access.callers}
    assert serving(DeploymentType.CONTAINER, access=access)["access"] is access
    assert serving(DeploymentType.SERVERLESS, access=access)["access"] is access


def test_what_one_cloud_asks_for_is_laid_over_the_rest_there_and_nowhere_else() -> None:
    given = serving(DeploymentType.CONTAINER, cloud_arguments={"aws": {"spot_percent": 50, "scaling": {"minimum": 5}}, "gcp": {"concurrency": 8}})
    assert (given["spot_percent"], given["scaling"]) == (50, {"minimum": 5})
    assert "concurrency" not in given


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        (
            DeploymentType.MANAGED_ENDPOINT,
            {"access": WebAccess(authentication=Authentication.NONE)},
            r"access\.authentication: has no effect with deployment managed-endpoint; leave it out, or use one of serverless, container",
        ),
        (DeploymentType.KUBERNETES, {"access": WebAccess(callers=["x"])}, r"access: has no effect with deployment kubernetes; say who may call by"),
        (DeploymentType.KUBERNETES, {"kubernetes": None}, r"workload\.kubernetes: is required with deployment kubernetes"),
        (DeploymentType.KUBERNETES, {"kubernetes": OnKubernetes(loader_images={})}, r"loader_images: has no image for 'aws'"),
        (DeploymentType.SERVERLESS, {"compute": ContainerCompute(gpus=1)}, r"compute\.gpus: is not there for functions"),
    ],
)
def test_what_a_type_has_no_use_for_is_refused(kind: DeploymentType, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        serving(kind, **changes)


def scoring(kind: DeploymentType, tasks: int = 1, **changes: Any) -> dict[str, Any]:
    workload = Scoring(environment=Environment.PRODUCTION, model=RELEASE, **changes)
    return scoring_arguments(kind, Cloud.AWS, workload, MODEL, tasks, {"owner": "retail"})


def test_tasks_get_their_number_size_time_and_tries() -> None:
    size, schedule = ContainerCompute(cpu_millis=500), Schedule(cron="0 3 * * *")
    given = scoring(
        DeploymentType.BATCH,
        40,
        parallelism=4,
        compute=size,
        task_minutes=9,
        retries=1,
        command=["score"],
        schedule=schedule,
        inputs={"aws": "s3://r"},
    )
    told = {name: given[name] for name in ("tasks", "parallelism", "compute", "task_minutes", "retries", "command", "schedule", "input_uri")}
    assert told == {
        "tasks": 40,
        "parallelism": 4,
        "compute": size,
        "task_minutes": 9,
        "retries": 1,
        "command": ["score"],
        "schedule": schedule,
        "input_uri": "s3://r",
    }
    assert (given["model"], given["environment"], given["tags"]) == (MODEL, "prod", {"owner": "retail"})


def test_a_managed_batch_gets_machines_and_the_format_of_records() -> None:
    given = scoring(DeploymentType.MANAGED_BATCH, parallelism=4, record_format=RecordFormat.CSV, inputs={"aws": "s3://r", "gcp": "gs://r"})
    assert (given["workers"], given["record_format"], given["input_uri"]) == (4, "csv", "s3://r")
    assert (given["compute"].cpus, given["compute"].memory_gib) == (1, 2)
    assert scoring(DeploymentType.MANAGED_BATCH)["workers"] == 1
    assert not {"tasks", "command", "retries", "task_minutes", "parallelism"} & given.keys()


@pytest.mark.parametrize(
    ("kind", "tasks", "changes", "said"),
    [
        (DeploymentType.MANAGED_BATCH, 1, {"retries": 1}, r"retries: has no effect with deployment managed-batch; leave it out, or use batch"),
        (DeploymentType.MANAGED_BATCH, 1, {"task_minutes": 1}, r"task_minutes: has no effect with deployment managed-batch"),
        (
            DeploymentType.MANAGED_BATCH,
            1,
            {"command": ["x"]},
            r"command: has no effect with deployment managed-batch: the service asks the container",
        ),
        (DeploymentType.MANAGED_BATCH, 9, {}, r"deployment: managed-batch has no tasks of its own, and this project has 9; use batch"),
        (DeploymentType.BATCH, 1, {"record_format": RecordFormat.CSV}, r"record_format: has no effect with deployment batch"),
    ],
)
def test_what_a_batch_has_no_use_for_is_refused(kind: DeploymentType, tasks: int, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        scoring(kind, tasks, **changes)


@pytest.mark.parametrize(("stores", "said"), [(0, "stores: 0 is not allowed; use 1 to 10000"), (10_001, "stores: 10001 is not allowed")])
def test_a_run_has_a_task_for_each_store(stores: int, said: str) -> None:
    given = {"environment": "dev", "model": {"version": "1", "source": "s3://models/x", "images": {"aws": IMAGE}}}
    assert parse(workload_class("multi-store-sku"), {**given, "stores": 240}, "it").stores == 240
    with pytest.raises(ArgumentError, match=said):
        parse(workload_class("multi-store-sku"), {**given, "stores": stores}, "it")


def test_a_stream_s_component_is_told_all_that_the_configuration_says() -> None:
    changes: dict[str, Any] = {
        "broker": Broker.KAFKA,
        "partitions": 6,
        "batch_window_seconds": 5,
        "retention_hours": 48,
        "max_age_seconds": 90,
        "retries": 2,
        "capture_days": 3,
        "lag_seconds": 20,
        "compute": ContainerCompute(cpu_millis=500),
        "scaling": FunctionScaling(minimum=3, maximum=4),
        "operations": Operations(monthly_budget_usd=7),
        "environment": Environment.DEVELOPMENT,
    }
    cloud_arguments = {"aws": {"producers": ["arn:aws:iam::111122223333:role/cells"]}, "gcp": {"producers": ["serviceAccount:cells"]}}
    workload = Streaming(model=RELEASE, cloud_arguments=cloud_arguments, **changes)
    given = streaming_arguments(Cloud.AWS, workload, MODEL, {"owner": "retail"})
    assert changes.keys() | {"schema"} == set(SAME)
    assert {name: given[name] for name in changes} == changes
    checked = parse(StreamingArgs, given, "it")
    assert (checked.model, checked.tags, checked.schema, checked.producers) == (MODEL, {"owner": "retail"}, None, cloud_arguments["aws"]["producers"])


def test_a_stream_that_is_not_configured_has_the_component_s_defaults() -> None:
    given = streaming_arguments(Cloud.GCP, Streaming(environment=Environment.PRODUCTION, model=RELEASE), MODEL, {})
    assert parse(StreamingArgs, given, "it") == StreamingArgs(model=MODEL, environment=Environment.PRODUCTION)


def test_a_stream_goes_to_clouds_only_and_is_no_endpoint() -> None:
    project = module("call-drop").PROJECT
    assert not project.runs_on_cluster
    with pytest.raises(ArgumentError, match="cloud: 'cluster' has no streams of events, which call-drop reads; use one of the clouds"):
        stream(project, Target.CLUSTER, Streaming(environment=Environment.PRODUCTION, model=RELEASE))
    with pytest.raises(ArgumentError, match=r"workload\.deployment: 'container' does not do streaming work; use one of streaming"):
        project.deployment(DeploymentType.CONTAINER, Cloud.AWS)


LOADED = OnKubernetes(loader_images={"cluster": IMAGE})


def test_on_a_cluster_that_is_there_a_model_is_served_by_a_workload() -> None:
    workload = Serving(
        environment=Environment.PRODUCTION,
        models=[RELEASE],
        kubernetes=LOADED,
        scaling=ReplicaScaling(minimum=3, maximum=4),
        operations=Operations(latency_milliseconds=40, error_percent=2, utilization_percent=60),
        compute=ContainerCompute(cpu_millis=500, memory_mib=1024),
        cloud_arguments={"cluster": {"registry_secret": "pull"}, "aws": {"spot_percent": 5}},
    )
    given = on_cluster.serving_arguments(workload, [MODEL], {"owner": "finance", "model-source-1": "s3://x"})
    assert parse(WorkloadArgs, {**given, "network": {"egress": [{"cidr": "10.0.0.0/8"}]}}, "it").registry_secret == "pull"
    assert (given["scaling"].minimum, given["scaling"].maximum, given["resources"].cpu_millis, given["loader_image"]) == (3, 4, 500, IMAGE)
    alarms = given["monitoring"]
    assert (alarms.latency_milliseconds, alarms.error_percent, alarms.utilization_percent) == (40, 2, 60)
    assert given["tags"] == {"owner": "finance"}


def test_on_a_cluster_that_is_there_a_batch_is_a_cron_job_with_time_for_all_its_tasks() -> None:
    workload = Scoring(environment=Environment.PRODUCTION, model=RELEASE, parallelism=4, task_minutes=30, inputs={"cluster": "s3://records"})
    given = on_cluster.scoring_arguments(workload, MODEL, 10, {})
    assert (given["tasks"], given["parallelism"], given["deadline_minutes"]) == (10, 4, 90)
    assert given["model"].container.environment == {"INPUT_URI": "s3://records"}
    assert on_cluster.scoring_arguments(replace(workload, parallelism=None), MODEL, 10, {})["deadline_minutes"] == 30


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dynamic-pricing", "cloud: 'cluster' has no database, which dynamic-pricing reads; use one of the clouds"),
        ("hospital-readmission", "cloud: 'cluster' has no FHIR service, which hospital-readmission reads"),
        ("demand-forecasting", "cloud: 'cluster' has no service that scores files of records, as demand-forecasting needs"),
    ],
)
def test_what_a_cluster_has_none_of_is_refused(name: str, said: str) -> None:
    project = module(name).PROJECT
    assert not project.runs_on_cluster
    with pytest.raises(ArgumentError, match=said):
        on_cluster.score_on_cluster(project, Scoring(environment=Environment.PRODUCTION, model=RELEASE), 1)
    with pytest.raises(ArgumentError, match=said):
        on_cluster.serve_on_cluster(project, Serving(environment=Environment.PRODUCTION, models=[RELEASE]))


def test_a_type_that_only_clouds_have_is_refused_on_a_cluster() -> None:
    workload = Serving(environment=Environment.PRODUCTION, models=[RELEASE], deployment=DeploymentType.CONTAINER)
    with pytest.raises(ArgumentError, match=r"workload\.deployment: 'container' is a cloud's; a cluster has kubernetes for this project"):
        on_cluster.serve_on_cluster(PROJECT, workload)
    with pytest.raises(ArgumentError, match=r"workload\.kubernetes: is required on a cluster"):
        on_cluster.serving_arguments(workload, [MODEL], {})


def test_no_cloud_s_stack_loads_the_sdk_of_kubernetes() -> None:
    program = "import sys; import stacks.churn_prediction, stacks.multi_store_sku; sys.exit('pulumi_kubernetes' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
