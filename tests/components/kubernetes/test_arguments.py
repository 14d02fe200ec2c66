"""What the components refuse before anything is registered; one case that passes and one that fails for each rule."""

import subprocess
import sys
from typing import Any

import pytest

from modeldeploy.kubernetes.kserve import KServeEndpointArgs, ServingMode, ServingScaling
from modeldeploy.spec import ArgumentError, Container, Rollout
from modeldeploy.spec.arguments import parse
from modeldeploy.spec.kubernetes import (
    BatchWorkloadArgs,
    Destination,
    Monitoring,
    NetworkRules,
    Placement,
    PodIdentity,
    PodMetric,
    PodResources,
    PodScaling,
    Route,
    ScaleToZero,
    Toleration,
)
from tests.components.kubernetes.arguments import IMAGE, LOADER, STORAGE, checked, model, registered, remote, workload

GATEWAY = {"hostname": "pricing.example.com", "gateway": "gateways/public"}
INGRESS = {"hostname": "pricing.example.com", "ingress_class": "nginx", "tls_secret": "certificate", "proxy_namespace": "ingress"}
ZERO = {"prometheus_url": "http://prometheus.monitoring:9090", "query": "sum(rate(x[1m]))", "threshold": 10}

ACCEPTED: dict[str, dict[str, Any]] = {
    "defaults": {},
    "guide": {"scaling": PodScaling(minimum=3), "resources": PodResources(cpu_millis=500, memory_mib=512)},
    "fetched": remote(),
    "gateway splits": {"models": [model(), model("2")], "rollout": Rollout(traffic={"1": 90, "2": 10}), "route": Route(**GATEWAY)},
    "ingress": {"route": Route(**INGRESS)},
    "blue and green without gateway": {"models": [model(), model("2")], "rollout": Rollout(traffic={"1": 100, "2": 0})},
    "to zero": {"scaling": PodScaling(to_zero=ScaleToZero(**ZERO))},
    "one metric more": {"scaling": PodScaling(pod_metric=PodMetric(name="requests_per_second", average=50))},
    "callers": {"network": NetworkRules(callers=["shop", "shop/frontend"])},
    "everywhere but metadata": {"network": NetworkRules(egress=[Destination(cidr="0.0.0.0/0")])},
    "gpu pool": {"resources": PodResources(gpus=1), "placement": Placement(node_labels={"pool": "gpu"}, tolerations=[Toleration(key="spot")])},
    "existing namespace": {"namespace": "team-pricing", "registry_secret": "registry", "secrets": ["storage"]},
    "labels": {"tags": {"cost-center": "pricing"}},
}

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"models": []}, r"models: is empty"),
    ({"models": [model(source="azureml://datastores/x/paths/y")]}, r"models\[0\].source: 'azureml:.*' cannot be read by a cluster"),
    ({"models": [model(source="pvc://UPPER/x")]}, r"models\[0\].source: 'pvc://UPPER/x' names no claim"),
    ({"models": [model(source=__file__)]}, r"models\[0\].source: '.*' is a local path"),
    ({**remote(), "loader_image": None}, r"loader_image: is required"),
    ({**remote(), "addresses": {"2": "s3://models/2"}}, r"addresses\.2: '2' is not known; allowed: 1"),
    ({**remote(), "loader_image": "loader:latest"}, r"loader_image: 'loader:latest' is not an image by digest"),
    ({**remote(), "network": NetworkRules()}, r"network.egress: is empty, so the model cannot be fetched"),
    ({"models": [model(), model("2")], "rollout": Rollout(traffic={"1": 90, "2": 10})}, r"rollout.traffic: splits requests"),
    (
        {"models": [model(), model("2")], "rollout": Rollout(traffic={"1": 90, "2": 10}), "route": Route(**INGRESS)},
        r"rollout.traffic: splits requests",
    ),
    (
        {"models": [model(), model("2", container=Container(image=IMAGE, predict_path="/predict"))]},
        r"models: have different predict paths \(/invocations, /predict\)",
    ),
    ({"resources": PodResources(cpu_millis=5)}, r"resources.cpu_millis: 5 is not allowed; use 10 or more"),
    ({"resources": PodResources(memory_limit_mib=100)}, r"resources.memory_limit_mib: 100 is below memory_mib 512"),
    ({"resources": PodResources(gpus=-1)}, r"resources.gpus: -1 is not allowed"),
    ({"resources": PodResources(gpus=1, gpu_resource="gpu")}, r"resources.gpu_resource: 'gpu' is no resource of a device plugin"),
    ({"scaling": PodScaling(minimum=0)}, r"scaling.minimum: 0 is not allowed"),
    ({"scaling": PodScaling(target_memory_percent=99)}, r"scaling.target_memory_percent: 99 is not allowed; use 10 to 95"),
    (
        {"scaling": PodScaling(to_zero=ScaleToZero(**ZERO), pod_metric=PodMetric(name="x", average=1))},
        r"scaling.pod_metric: excludes to_zero",
    ),
    ({"scaling": PodScaling(minimum=2, maximum=2, pod_metric=PodMetric(name="x", average=1))}, r"scaling.pod_metric: has no effect"),
    ({"scaling": PodScaling(pod_metric=PodMetric(name="x", average=0))}, r"scaling.pod_metric.average: 0 is not allowed"),
    ({"scaling": PodScaling(to_zero=ScaleToZero(**{**ZERO, "prometheus_url": "prometheus"}))}, r"to_zero.prometheus_url: 'prometheus' is no address"),
    ({"scaling": PodScaling(to_zero=ScaleToZero(**{**ZERO, "query": " "}))}, r"to_zero.query: is empty"),
    ({"scaling": PodScaling(to_zero=ScaleToZero(**{**ZERO, "threshold": 0}))}, r"to_zero.threshold: 0 is not allowed"),
    ({"scaling": PodScaling(to_zero=ScaleToZero(**ZERO, idle_seconds=5))}, r"to_zero.idle_seconds: 5 is not allowed; use 30 or more"),
    ({"network": NetworkRules(callers=["Shop"])}, r"network.callers\[0\]: 'Shop' is neither a namespace nor namespace/app"),
    ({"network": NetworkRules(egress=[Destination(cidr="10.0.0.1/8")])}, r"network.egress\[0\].cidr: '10.0.0.1/8' is not an IPv4 range"),
    ({"network": NetworkRules(egress=[Destination(cidr="169.254.169.254/32")])}, r"cidr: '169.254.169.254/32' is where machines hand out"),
    ({"network": NetworkRules(egress=[Destination(cidr="10.0.0.0/8", port=0)])}, r"network.egress\[0\].port: 0 is not a port"),
    ({"route": Route(hostname="pricing", gateway="a/b")}, r"route.hostname: 'pricing' is no host name"),
    ({"route": Route(hostname="a.example.com")}, r"route.gateway: give either gateway or ingress_class"),
    ({"route": Route(**{**GATEWAY, "ingress_class": "nginx"})}, r"route.gateway: give either gateway or ingress_class"),
    ({"route": Route(**{**GATEWAY, "gateway": "public"})}, r"route.gateway: 'public' is no gateway; write namespace/name"),
    ({"route": Route(**{**GATEWAY, "tls_secret": "x"})}, r"route.tls_secret: excludes gateway"),
    ({"route": Route(**{**INGRESS, "tls_secret": None})}, r"route.tls_secret: is required with ingress_class"),
    ({"route": Route(**{**INGRESS, "proxy_namespace": None})}, r"route.proxy_namespace: is required with ingress_class"),
    ({"route": Route(**{**GATEWAY, "listener": "Public HTTPS"})}, r"route.listener: 'Public HTTPS' is no name"),
    ({"route": Route(**{**INGRESS, "listener": "https"})}, r"route.listener: excludes ingress_class"),
    ({"monitoring": Monitoring(metrics_path="metrics")}, r"monitoring.metrics_path: 'metrics' is not a path"),
    ({"monitoring": Monitoring(error_percent=0)}, r"monitoring.error_percent: 0 is not allowed; use 1 to 100"),
    ({"monitoring": Monitoring(latency_milliseconds=0)}, r"monitoring.latency_milliseconds: 0 is not allowed"),
    ({"monitoring": Monitoring(namespace="My Namespace")}, r"monitoring.namespace: 'My Namespace' is no namespace"),
    ({"namespace": "Team"}, r"namespace: 'Team' is no name"),
    ({"secrets": ["a b"]}, r"secrets\[0\]: 'a b' is no name of a Secret"),
    ({"user_id": 0}, r"user_id: 0 may be somebody on the machine; use 10000 or more"),
    ({"tags": {"owner": "team pricing"}}, r"tags.owner: 'team pricing' is no label's value"),
    ({"placement": Placement(node_labels={"a b": "c"})}, r"placement.node_labels.a b: is no label's key"),
    ({"placement": Placement(tolerations=[Toleration(key="")])}, r"placement.tolerations\[0\].key: '' is no taint's key"),
    ({"pod_identity": PodIdentity(pod_labels={"a": "b c"})}, r"pod_identity.pod_labels.a: 'b c' is no label's value"),
    ({"start_seconds": 1}, r"start_seconds: 1 is not allowed; use 10 to 7200"),
    ({"request_seconds": 0}, r"request_seconds: 0 is not allowed"),
    ({"drain_seconds": 0}, r"drain_seconds: 0 is not allowed; use 5 to 600"),
]


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_valid_arguments_are_taken(changes: dict[str, Any]) -> None:
    checked(**changes)


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_a_wrong_argument_is_named_with_its_value_and_what_is_allowed(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        checked(**changes)


@pytest.mark.parametrize("name", ["Pricing", "1pricing", "pricing_api", "p" * 41])
def test_a_component_s_name_must_be_able_to_begin_names(name: str) -> None:
    with pytest.raises(ArgumentError, match=r"name: '.*' cannot begin the names of Kubernetes objects"):
        registered(name)


BATCH = {"model": model()}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"schedule": {"cron": "0 3 * * *", "time_zone": "Europe/Berlin"}},
        {"schedule": {"cron": "*/15 8-18/2 1,15 * *"}},
        {"tasks": 1000, "parallelism": 50, "command": ["--month", "last"]},
    ],
)
def test_valid_batches_are_taken(changes: dict[str, Any]) -> None:
    parse(BatchWorkloadArgs, {**BATCH, **changes}, "KubernetesBatch 'scoring'")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedule": {"cron": "every night"}}, r"schedule\.cron: 'every night' is no cron expression"),
        ({"tasks": 0}, r"tasks: 0 is not allowed; use 1 to 10000"),
        ({"tasks": 2, "parallelism": 3}, r"parallelism: 3 is not allowed; use 1 to tasks, which is 2"),
        ({"retries": 11}, r"retries: 11 is not allowed"),
        ({"deadline_minutes": 0}, r"deadline_minutes: 0 is not allowed"),
        ({"history": 0}, r"history: 0 is not allowed"),
        ({"network": {"callers": ["shop"]}}, r"network.callers: has no effect: nothing calls a batch"),
        ({"model": model(source="s3://models/x")}, r"loader_image: is required"),
        ({"model": model(source="pvc:///x")}, r"model.source: 'pvc:///x' names no claim"),
    ],
)
def test_wrong_batches_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        parse(BatchWorkloadArgs, {**BATCH, **changes}, "KubernetesBatch 'scoring'")


KNATIVE = {"mode": ServingMode.KNATIVE}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"model_format": "sklearn", "runtime": "kserve-sklearnserver", "protocol": "v2"},
        {**KNATIVE, "canary_percent": 10, "scaling": {"minimum": 0, "metric": "rps", "target": 20}},
        {"model": model(source="gs://models/x"), "network": NetworkRules(egress=[STORAGE])},
    ],
)
def test_valid_kserve_endpoints_are_taken(changes: dict[str, Any]) -> None:
    parse(KServeEndpointArgs, {"model": model(), **changes}, "KServeEndpoint 'pricing-api'")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"canary_percent": 10}, r"canary_percent: needs mode Serverless"),
        ({**KNATIVE, "canary_percent": 101}, r"canary_percent: 101 is not a percentage"),
        ({"scaling": ServingScaling(minimum=0)}, r"scaling.minimum: 0 needs mode Serverless"),
        ({"scaling": {"metric": "rps"}}, r"scaling.metric: 'rps' needs mode Serverless"),
        ({"scaling": {"minimum": -1}}, r"scaling.minimum: -1 is not allowed"),
        ({"scaling": {"minimum": 3, "maximum": 2}}, r"scaling.maximum: 2 is not allowed; use 3 or more"),
        ({"scaling": {"target": 0}}, r"scaling.target: 0 is not allowed"),
        ({"runtime": "x"}, r"runtime: has no effect without model_format"),
        ({"model_format": "sklearn", "protocol": "v3"}, r"protocol: 'v3' is not allowed; use one of v1, v2"),
        ({"loader_image": LOADER}, r"loader_image: has no effect"),
        ({"model": model(source="s3://models/x")}, r"network.egress: is empty"),
        ({"model": model(source=__file__)}, r"model.source: '.*' is a local path"),
        ({"model": model(source="azureml://x/y")}, r"model.source: 'azureml://x/y' cannot be read by KServe"),
        ({"request_seconds": 0}, r"request_seconds: 0 is not allowed"),
    ],
)
def test_wrong_kserve_endpoints_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        parse(KServeEndpointArgs, {"model": model(), **changes}, "KServeEndpoint 'pricing-api'")


def test_arguments_from_configuration_mean_the_same() -> None:
    from_configuration = {
        "models": [{"name": "pricing", "version": "1", "source": "pvc://models/pricing", "container": {"image": IMAGE}}],
        "scaling": {"minimum": 3.0},
    }
    assert parse(type(workload()), from_configuration, "x") == workload(scaling=PodScaling(minimum=3))


def test_the_components_load_no_cloud_s_sdk() -> None:
    program = (
        "import sys, modeldeploy.kubernetes.workload, modeldeploy.kubernetes.batch, modeldeploy.kubernetes.kserve\n"
        "sys.exit(any(name in sys.modules for name in ('pulumi_aws', 'pulumi_azure_native', 'pulumi_gcp', 'google.auth', 'boto3')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_whoever_uploaded_a_model_lets_the_pods_reach_it() -> None:
    closed = {**remote(), "network": NetworkRules(), "addresses": {"1": "s3://made/pricing/1"}}
    assert checked(**closed).addresses == {"1": "s3://made/pricing/1"}
    # The other version lies where its source says, and nobody sees to that.
    two = {**closed, "models": [model("1", source="s3://models/1"), model("2", source="s3://models/2")]}
    with pytest.raises(ArgumentError, match=r"network.egress: is empty, so the model cannot be fetched"):
        checked(**two)
