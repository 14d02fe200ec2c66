"""For each rule of what functions, containers, batches and clusters take, what passes and what is refused, with its message."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modeldeploy.spec import (
    Authentication,
    Cluster,
    ClusterArgs,
    Code,
    Container,
    ContainerArgs,
    ContainerCompute,
    Domain,
    Exposure,
    FunctionModel,
    FunctionScaling,
    KubernetesArgs,
    ManagedBatchArgs,
    NodePool,
    Operations,
    ReplicaScaling,
    Rollout,
    Schedule,
    ServerlessArgs,
    StreamingArgs,
    TaskBatchArgs,
    Tokens,
    WebAccess,
)
from modeldeploy.spec.kubernetes import Route, labels_of
from modeldeploy.spec.streaming import Broker, Kafka, MessageSchema, SchemaFormat

from .factories import IMAGE, model
from .test_vocabulary import reasons

TOKENS = Tokens(issuer="https://login.example.com/tenant", audiences=["pricing"])
GATEWAY = Route(hostname="pricing.example.com", gateway="gateways/public")
CONTAINER = Container(image=IMAGE)


def function(**changes: Any) -> FunctionModel:
    return FunctionModel(**{"name": "pricing", "version": "1", "source": "s3://models/pricing/1", "container": CONTAINER, **changes})


def on_cluster(**changes: Any) -> KubernetesArgs:
    return KubernetesArgs(**{"models": [model()], "loader_image": IMAGE, **changes})


KAFKA = Kafka(
    bootstrap_servers=["kafka.example.com:9094"], topic="calls", results_topic="drops", dead_letter_topic="calls.failed", secret="arn:secret"
)

TWO = {"models": [model(), model(version="2")], "rollout": Rollout(traffic={"1": 90, "2": 10})}

VALID = [
    WebAccess(),
    WebAccess(callers=["arn:aws:iam::123456789012:role/shop"]),
    WebAccess(authentication=Authentication.JWT, tokens=TOKENS),
    WebAccess(authentication=Authentication.API_KEY, requests_per_minute=10),
    WebAccess(authentication=Authentication.NONE, requests_per_minute=100_000),
    Domain(hostname="pricing.example.com", certificate="arn:certificate"),
    ContainerCompute(cpu_millis=250, memory_mib=512),
    ContainerCompute(cpu_millis=16000, memory_mib=122880, gpus=8),
    ReplicaScaling(minimum=0, maximum=1),
    FunctionScaling(minimum=5, maximum=5),
    ContainerArgs(models=[model()], request_seconds=240, secrets={"DATABASE_PASSWORD": "arn:secret"}),
    function(),
    ServerlessArgs(models=[function()], memory_mib=512, request_seconds=230),
    TaskBatchArgs(model=model(), tasks=10_000, parallelism=100, retries=0, task_minutes=1440, schedule=Schedule(cron="0 3 * * *")),
    TaskBatchArgs(model=model(), results_days=3650, expected_minutes=10_080),
    ManagedBatchArgs(model=model(), input_uri="s3://records/today", workers=100),
    StreamingArgs(model=model(), broker=Broker.KAFKA, partitions=100, retention_hours=168, batch_window_seconds=300, capture_days=0),
    StreamingArgs(model=model(), kafka=KAFKA),
    NodePool(name="gpu1", minimum=0, maximum=1000),
    ClusterArgs(pools=[NodePool(name="gpu"), NodePool(name="spot", spot=True)]),
    on_cluster(),
    on_cluster(**TWO, route=GATEWAY),
    on_cluster(**{**TWO, "rollout": Rollout(traffic={"1": 0, "2": 100})}),
]


@pytest.mark.parametrize("value", VALID, ids=lambda value: type(value).__name__)
def test_valid_arguments_pass(value: object) -> None:
    assert reasons(value) == {}


REFUSED: list[tuple[Any, str, str]] = [
    (Tokens(issuer="login.example.com", audiences=["a"]), "issuer", "'login.example.com' is no issuer; it begins with https://"),
    (Tokens(issuer="https://login.example.com", audiences=[]), "audiences", "is empty; list at least one, or tokens for any other service"),
    (Domain(hostname="Pricing"), "hostname", "'Pricing' is no host name; write for example pricing.example.com"),
    (WebAccess(authentication=Authentication.JWT), "tokens", "is required with authentication jwt"),
    (WebAccess(tokens=TOKENS), "tokens", "has no effect with authentication identity; leave it out, or use jwt"),
    (
        WebAccess(authentication=Authentication.NONE, callers=["x"]),
        "callers",
        "has no effect with authentication none; leave it out, or use identity",
    ),
    (WebAccess(requests_per_minute=9), "requests_per_minute", "9 is not allowed; use 10 to 100000"),
    (WebAccess(requests_per_minute=100_001), "requests_per_minute", "100001 is not allowed"),
    (ContainerCompute(cpu_millis=249), "cpu_millis", "249 is not allowed; use 250 to 16000"),
    (ContainerCompute(memory_mib=511), "memory_mib", "511 is not allowed; use 512 to 122880"),
    (ContainerCompute(gpus=9), "gpus", "9 is not allowed; use 0 to 8"),
    (ReplicaScaling(minimum=-1), "minimum", "-1 is not allowed; use 0 or more"),
    (ReplicaScaling(minimum=3, maximum=2), "maximum", "2 is below scaling.minimum 3; use 3 or more"),
    (FunctionScaling(maximum=0), "maximum", "0 is not allowed; use 1 or more"),
    (ContainerArgs(models=[]), "models", "is empty; list at least one model"),
    (ContainerArgs(models=[model()], request_seconds=241), "request_seconds", "241 is not allowed; use 1 to 240"),
    (ContainerArgs(models=[model()], secrets={"1X": "a"}), "secrets.1X", "'1X' is not a variable name"),
    (ContainerArgs(models=[model()], tags={"managed-by": "me"}), "tags.managed-by", "is set by the component"),
    (
        ContainerArgs(models=[model(container=Container(image=IMAGE, environment={"REGION": "eu"}))], secrets={"REGION": "arn:secret"}),
        "secrets.REGION",
        "is in the plain environment as well; give one of the two",
    ),
    (function(container=None), "container", "give either container or code"),
    (ServerlessArgs(models=[function()], memory_mib=511), "memory_mib", "511 is not allowed; use 512 to 10240"),
    (ServerlessArgs(models=[function()], request_seconds=231), "request_seconds", "231 is not allowed; use 1 to 230"),
    (ServerlessArgs(models=[function()], rollout=Rollout(traffic={"2": 100})), "rollout.traffic.2", "'2' is not known; allowed: 1"),
    (TaskBatchArgs(model=model(), results_days=0), "results_days", "0 is not allowed; use 1 to 3650"),
    (TaskBatchArgs(model=model(), expected_minutes=0), "expected_minutes", "0 is not allowed; use 1 to 10080"),
    (TaskBatchArgs(model=model(), tasks=10_001), "tasks", "10001 is not allowed; use 1 to 10000"),
    (TaskBatchArgs(model=model(), tasks=4, parallelism=5), "parallelism", "5 is not allowed; use 1 to tasks, which is 4"),
    (TaskBatchArgs(model=model(), retries=10), "retries", "10 is not allowed; use 0 to 9"),
    (TaskBatchArgs(model=model(), task_minutes=1441), "task_minutes", "1441 is not allowed; use 1 to 1440"),
    (TaskBatchArgs(model=model(), schedule=Schedule(cron="nightly")), "schedule.cron", "'nightly' is no cron expression"),
    (ManagedBatchArgs(model=model()), "input_uri", "is required: the service reads the records from there"),
    (ManagedBatchArgs(model=model(), input_uri="s3://x/y", workers=101), "workers", "101 is not allowed; use 1 to 100"),
    (StreamingArgs(model=model(), broker=Broker.KAFKA, kafka=KAFKA), "broker", "excludes kafka: a Kafka is given, and none is made"),
    (StreamingArgs(model=model(), kafka=KAFKA, partitions=4), "partitions", "has no effect on a Kafka that is given; leave it out"),
    (StreamingArgs(model=model(), partitions=101), "partitions", "101 is not allowed; use 1 to 100"),
    (StreamingArgs(model=model(), retention_hours=23), "retention_hours", "23 is not allowed; use 24 to 168"),
    (StreamingArgs(model=model(), records_per_call=0), "records_per_call", "0 is not allowed; use 1 to 1000"),
    (StreamingArgs(model=model(), records_per_call=1001), "records_per_call", "1001 is not allowed; use 1 to 1000"),
    (StreamingArgs(model=model(), batch_window_seconds=301), "batch_window_seconds", "301 is not allowed; use 0 to 300"),
    (StreamingArgs(model=model(), parallelism_per_partition=11), "parallelism_per_partition", "11 is not allowed; use 1 to 10"),
    (StreamingArgs(model=model(), retries=11), "retries", "11 is not allowed; use 0 to 10"),
    (StreamingArgs(model=model(), max_age_seconds=59), "max_age_seconds", "59 is not allowed; use 60 to 86400"),
    (StreamingArgs(model=model(), capture_days=-1), "capture_days", "-1 is not allowed; use 0 to 3650"),
    (StreamingArgs(model=model(), lag_seconds=0), "lag_seconds", "0 is not allowed; use 1 to 86400"),
    (replace(KAFKA, bootstrap_servers=[]), "bootstrap_servers", "is empty; list at least one"),
    (replace(KAFKA, bootstrap_servers=["kafka"]), "bootstrap_servers[0]", "'kafka' is no broker; write host:port"),
    (replace(KAFKA, topic="my topic"), "topic", "'my topic' is no topic; allowed: 1 to 249 letters"),
    (MessageSchema(format=SchemaFormat.AVRO, file="no.avsc"), "file", "'no.avsc' is no file"),
    (NodePool(name="gpu-pool"), "name", "'gpu-pool' is no pool's name; allowed: 2 to 12 lower-case letters and digits, beginning with a letter"),
    (NodePool(name="abcdefghijklm"), "name", "2 to 12 lower-case letters"),
    (NodePool(name="gpu", minimum=-1), "minimum", "-1 is not allowed; use 0 or more"),
    (NodePool(name="gpu", minimum=3, maximum=2), "maximum", "2 is not allowed; use 3 to 1000"),
    (ClusterArgs(pools=[NodePool(name="gpu"), NodePool(name="gpu")]), "pools[1].name", "'gpu' is there twice"),
    (on_cluster(loader_image="registry.io/loader:1"), "loader_image", "'registry.io/loader:1' is not an image by digest"),
    (
        on_cluster(operations=Operations(latency_milliseconds=40)),
        "operations.latency_milliseconds",
        "has no effect: no cloud counts requests to pods; use monitoring.latency_milliseconds with monitoring.enabled",
    ),
    (on_cluster(operations=Operations(error_percent=5)), "operations.error_percent", "use monitoring.error_percent with monitoring.enabled"),
    (on_cluster(**TWO), "rollout.traffic", "splits requests, which needs route.gateway; without one use 0 and 100"),
]


@pytest.mark.parametrize(("value", "path", "reason"), REFUSED, ids=[f"{type(value).__name__}.{path}" for value, path, _ in REFUSED])
def test_bad_arguments_are_refused_by_name_value_and_what_is_allowed(value: Any, path: str, reason: str) -> None:
    assert reason in reasons(value)[path]


@pytest.fixture
def source(tmp_path: Path) -> str:
    (tmp_path / "function.py").write_text("def handler(event, context): ...")
    return str(tmp_path)


def test_code_is_a_folder_a_function_and_a_python(source: str, tmp_path: Path) -> None:
    assert reasons(Code(source=source, handler="function.handler", python="3.14")) == {}
    assert "is not a folder" in reasons(Code(source=str(tmp_path / "function.py"), handler="function.handler"))["source"]
    (tmp_path / "empty").mkdir()
    assert "is an empty folder" in reasons(Code(source=str(tmp_path / "empty"), handler="function.handler"))["source"]
    assert reasons(Code(source=source, handler="handler")) == {"handler": "'handler' names no function; write module.function"}
    assert reasons(Code(source=source, handler="function.handler", python="2.7")) == {"python": "'2.7' is not allowed; use 3.10 to 3.14"}
    plain = Code(source=source, handler="function.handler", environment={"API_KEY": "k"})
    assert "is a secret in plain text" in reasons(plain)["environment.API_KEY"]


def test_the_versions_of_a_function_are_all_images_or_all_code(source: str) -> None:
    code = Code(source=source, handler="function.handler", environment={"REGION": "eu"})
    assert reasons(function(code=code)) == {"container": "give either container or code"}
    mixed = ServerlessArgs(models=[function(), function(version="2", container=None, code=code)])
    assert reasons(mixed) == {"models": "are images and code mixed; one function is either"}
    both = ServerlessArgs(models=[function(container=None, code=code)], secrets={"REGION": "arn:secret"})
    assert reasons(both) == {"secrets.REGION": "is in the plain environment as well; give one of the two"}


def test_a_public_service_answers_sixty_requests_a_minute_of_one_caller() -> None:
    assert WebAccess().limit_per_minute is None
    assert WebAccess(requests_per_minute=600).limit_per_minute == 600
    assert WebAccess(exposure=Exposure.PUBLIC).limit_per_minute == 60
    assert WebAccess(exposure=Exposure.PUBLIC, requests_per_minute=600).limit_per_minute == 600


def test_all_tasks_run_at_once_unless_fewer_are_asked_for() -> None:
    assert TaskBatchArgs(model=model(), tasks=40).at_once == 40
    assert TaskBatchArgs(model=model(), tasks=40, parallelism=4).at_once == 4


def test_defaults_are_the_safe_ones() -> None:
    container, serverless = ContainerArgs(models=[model()]), ServerlessArgs(models=[function()])
    for args in (container, serverless):
        assert (args.access.exposure, args.access.authentication) == ("private", "identity")
        assert args.environment == "prod"
    assert container.scaling.minimum == 2
    assert serverless.scaling.minimum == 0
    assert Cluster(id="c", kubeconfig="k").issuer is None


def test_only_tags_that_are_labels_of_kubernetes_reach_the_cluster() -> None:
    assert labels_of({"owner": "finance", "model-source-1": "s3://models/1", "e mail": "x", "empty": ""}) == {"owner": "finance", "empty": ""}
