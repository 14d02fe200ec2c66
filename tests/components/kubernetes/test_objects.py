"""What the components make of their arguments: pods, network, scaling, routing, alerts."""

from pathlib import Path
from typing import Any

import pytest

from modeldeploy.kubernetes.quantities import cpus, memory
from modeldeploy.spec import Rollout
from modeldeploy.spec.kubernetes import (
    Destination,
    IdentityEndpoint,
    Monitoring,
    NetworkRules,
    PodIdentity,
    PodMetric,
    PodResources,
    PodScaling,
    Route,
    ScaleToZero,
)
from tests.components.kubernetes.arguments import LOADER, batch, kserve, model, registered, remote
from tests.support.mocks import Graph

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SERVICE = "kubernetes:core/v1:Service"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
SCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
KEDA = "kubernetes:keda.sh/v1alpha1:ScaledObject"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
ZERO = ScaleToZero(prometheus_url="http://prometheus.monitoring:9090", query='sum(rate(x{version="{version}"}[1m]))', threshold=10)
TWO: dict[str, Any] = {"models": [model(), model("2")]}
GATEWAY = Route(hostname="pricing.example.com", gateway="gateways/public")


def pod(graph: Graph) -> dict[str, Any]:
    return graph.one(DEPLOYMENT).inputs["spec"]["template"]["spec"]


def containers(graph: Graph) -> list[dict[str, Any]]:
    return [*pod(graph).get("initContainers", []), *pod(graph)["containers"]]


def allowed(graph: Graph, name: str = "pricing-api") -> dict[str, Any]:
    return graph.one(POLICY, f"{name}-allow").inputs["spec"]


@pytest.mark.parametrize("changes", [{}, remote(), {"resources": PodResources(gpus=1)}], ids=["volume", "fetched", "gpu"])
def test_every_container_is_nobody_and_can_change_nothing(changes: dict[str, Any]) -> None:
    graph = registered(**changes)
    for each in containers(graph):
        assert each["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert "@sha256:" in each["image"]
        assert set(each["resources"]["limits"]) >= {"cpu", "memory", "ephemeral-storage"}
        assert set(each["resources"]["requests"]) == set(each["resources"]["limits"])
    assert pod(graph)["securityContext"]["runAsUser"] == pod(graph)["securityContext"]["fsGroup"] == 10001
    assert pod(graph)["automountServiceAccountToken"] is False
    assert pod(graph)["enableServiceLinks"] is False


def test_a_namespace_of_its_own_takes_restricted_pods_only_and_no_more_than_two_versions_need() -> None:
    graph = registered()
    namespace = graph.one("kubernetes:core/v1:Namespace").inputs["metadata"]
    assert namespace["name"] == "pricing-api-dev"
    assert {namespace["labels"][f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "audit", "warn")} == {"restricted"}
    hard = graph.one("kubernetes:core/v1:ResourceQuota").inputs["spec"]["hard"]
    assert hard["pods"] == str(2 * (10 + 3))
    assert hard["requests.cpu"] == "13"
    assert hard["limits.memory"] == "52Gi"


def test_in_an_existing_namespace_nothing_but_our_pods_is_touched() -> None:
    graph = registered(namespace="team")
    assert not {"kubernetes:core/v1:Namespace", "kubernetes:core/v1:ResourceQuota", "kubernetes:core/v1:LimitRange"} & graph.types()
    deny = graph.one(POLICY, "pricing-api-deny").inputs["spec"]
    assert deny["podSelector"] == {"matchLabels": {"app.kubernetes.io/instance": "pricing-api"}}
    assert graph.outputs["namespace"] == "team"


def test_the_network_is_closed_but_for_dns_and_what_is_listed() -> None:
    graph = registered(
        network=NetworkRules(callers=["shop", "shop/frontend"], egress=[Destination(cidr="0.0.0.0/0"), Destination(cidr="10.9.0.0/16")])
    )
    assert graph.one(POLICY, "pricing-api-deny").inputs["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    rules = allowed(graph)
    assert [rule["to"][0].get("ipBlock") for rule in rules["egress"]] == [
        None,
        {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]},
        {"cidr": "10.9.0.0/16"},
    ]
    assert [port["port"] for port in rules["egress"][0]["ports"]] == [53, 53]
    peers = [rule["from"][0] for rule in rules["ingress"]]
    names = [peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for peer in peers]
    assert names == ["shop", "shop", "monitoring"]
    assert peers[1]["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "frontend"}}
    assert all(port["port"] == "http" for rule in rules["ingress"] for port in rule["ports"])


def test_nobody_may_call_by_default() -> None:
    assert "ingress" not in allowed(registered(monitoring=Monitoring(enabled=False)))


@pytest.mark.parametrize(
    ("endpoint", "addresses"),
    [
        (IdentityEndpoint.EKS, [("169.254.170.23/32", 80)]),
        # Credentials, and names: Autopilot's pods ask the machine for both.
        (
            IdentityEndpoint.GKE,
            [("169.254.169.252/32", 988), ("169.254.169.254/32", 80), ("169.254.20.10/32", 53), ("169.254.169.254/32", 53)],
        ),
        (None, []),
    ],
)
def test_the_machine_s_addresses_are_open_only_for_the_identity_asked_for(
    endpoint: IdentityEndpoint | None, addresses: list[tuple[str, int]]
) -> None:
    rules = allowed(registered(pod_identity=PodIdentity(endpoint=endpoint)))["egress"]
    assert [(rule["to"][0]["ipBlock"]["cidr"], rule["ports"][0]["port"]) for rule in rules[1:]] == addresses
    names = [rule for rule in rules if rule["ports"][0]["port"] == 53]
    assert all([port["protocol"] for port in rule["ports"]] == ["UDP", "TCP"] for rule in names)


def test_a_model_in_object_storage_is_fetched_before_the_server_starts_and_then_read_only() -> None:
    graph = registered(**remote())
    loader, server = containers(graph)
    assert (loader["image"], loader["args"]) == (LOADER, ["s3://models/pricing/1", "/mnt/models"])
    assert {"name": "model", "mountPath": "/mnt/models", "readOnly": True} in server["volumeMounts"]
    assert {"name": "MODEL_DIR", "value": "/mnt/models"} in server["env"]


def test_a_model_is_fetched_from_where_it_was_uploaded(tmp_path: Path) -> None:
    local = tmp_path / "model.pkl"
    local.write_text("trees")
    uploaded: dict[str, Any] = {"models": [model(source=str(local))], "addresses": {"1": "https://made/pricing/1"}}
    loader, server = containers(registered(**{**remote(), **uploaded}))
    assert loader["args"] == ["https://made/pricing/1", "/mnt/models"]
    assert {"name": "model", "mountPath": "/mnt/models", "readOnly": True} in server["volumeMounts"]


def test_a_model_on_a_volume_is_mounted_read_only() -> None:
    graph = registered(models=[model(source="pvc://models/pricing/1")])
    assert {"name": "model", "persistentVolumeClaim": {"claimName": "models", "readOnly": True}} in pod(graph)["volumes"]
    (server,) = containers(graph)
    assert {"name": "model", "mountPath": "/mnt/models", "readOnly": True, "subPath": "pricing/1"} in server["volumeMounts"]


def test_secrets_are_references_and_files() -> None:
    graph = registered(**{**remote(), "registry_secret": "registry", "secrets": ["storage"]})
    assert pod(graph)["imagePullSecrets"] == [{"name": "registry"}]
    assert graph.one("kubernetes:core/v1:ServiceAccount").inputs["imagePullSecrets"] == [{"name": "registry"}]
    for each in containers(graph):
        assert {"name": "secret-storage", "mountPath": "/var/run/secrets/modeldeploy/storage", "readOnly": True} in each["volumeMounts"]
    assert "kubernetes:core/v1:Secret" not in graph.types()


def test_a_gpu_is_requested_and_its_taint_tolerated() -> None:
    graph = registered(resources=PodResources(gpus=2))
    (server,) = containers(graph)
    assert server["resources"]["requests"]["nvidia.com/gpu"] == server["resources"]["limits"]["nvidia.com/gpu"] == "2"
    assert pod(graph)["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert "tolerations" not in pod(registered())


def test_probes_give_the_model_time_to_load_and_the_server_time_to_answer() -> None:
    (server,) = containers(registered(start_seconds=600))
    startup = server["startupProbe"]
    assert startup["failureThreshold"] * startup["periodSeconds"] == 600
    assert server["livenessProbe"]["failureThreshold"] > server["readinessProbe"]["failureThreshold"]
    assert {server[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")} == {"/ping"}


def test_a_replica_that_ends_still_answers_until_proxies_know_and_then_finishes_what_it_has() -> None:
    graph = registered(drain_seconds=20, request_seconds=60)
    (server,) = containers(graph)
    assert server["lifecycle"] == {"preStop": {"sleep": {"seconds": 20}}}
    assert pod(graph)["terminationGracePeriodSeconds"] == 80
    strategy = graph.one(DEPLOYMENT).inputs["spec"]["strategy"]
    assert strategy["rollingUpdate"]["maxUnavailable"] == 0


def test_the_autoscaler_owns_the_replicas() -> None:
    graph = registered()
    assert list(graph.one(DEPLOYMENT).options.ignoreChanges) == ["spec.replicas"]
    metrics = graph.one(SCALER).inputs["spec"]["metrics"]
    assert [(each["resource"]["name"], each["resource"]["target"]["averageUtilization"]) for each in metrics] == [("cpu", 70), ("memory", 80)]
    assert KEDA not in graph.types()


def test_a_fixed_number_is_an_autoscaler_with_equal_bounds() -> None:
    graph = registered(scaling=PodScaling(minimum=3, maximum=3))
    assert graph.one(DEPLOYMENT).inputs["spec"]["replicas"] == 3
    spec = graph.one(SCALER).inputs["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 3)
    assert list(graph.one(DEPLOYMENT).options.ignoreChanges) == ["spec.replicas"]


def test_files_for_another_tool_do_not_say_how_many_replicas() -> None:
    assert "replicas" not in registered(gitops=True).one(DEPLOYMENT).inputs["spec"]


def test_a_metric_of_the_pods_is_one_more_reason_to_scale() -> None:
    graph = registered(scaling=PodScaling(pod_metric=PodMetric(name="requests_per_second", average=50)))
    pods = graph.one(SCALER).inputs["spec"]["metrics"][2]["pods"]
    assert pods == {"metric": {"name": "requests_per_second"}, "target": {"type": "AverageValue", "averageValue": "50"}}


def test_keda_takes_the_autoscaler_s_place_to_reach_zero() -> None:
    graph = registered(scaling=PodScaling(minimum=1, maximum=5, to_zero=ZERO))
    spec = graph.one(KEDA).inputs["spec"]
    assert (spec["idleReplicaCount"], spec["minReplicaCount"], spec["maxReplicaCount"]) == (0, 1, 5)
    assert spec["triggers"][0]["metadata"]["query"] == 'sum(rate(x{version="1"}[1m]))'
    assert SCALER not in graph.types()
    assert list(graph.one(DEPLOYMENT).options.ignoreChanges) == ["spec.replicas"]


@pytest.mark.parametrize("scaling", [PodScaling(), PodScaling(minimum=1, maximum=1), PodScaling(minimum=2, maximum=2)])
def test_machines_can_be_emptied_whatever_the_number_of_replicas(scaling: PodScaling) -> None:
    spec = registered(scaling=scaling).one(BUDGET).inputs["spec"]
    assert spec["maxUnavailable"] == 1
    assert "minAvailable" not in spec


def test_a_canary_is_weights_of_the_gateway_s_route() -> None:
    graph = registered(**TWO, rollout=Rollout(traffic={"1": 90, "2": 10}), route=GATEWAY)
    spec = graph.one(ROUTE).inputs["spec"]
    assert [(each["name"], each["weight"]) for each in spec["rules"][0]["backendRefs"]] == [("pricing-api-v1", 90), ("pricing-api-v2", 10)]
    assert spec["parentRefs"] == [{"name": "public", "namespace": "gateways", "sectionName": "https"}]
    assert graph.outputs["url"] == "https://pricing.example.com/invocations"
    assert graph.outputs["model_version"] == "1"


def test_blue_and_green_are_one_selector() -> None:
    blue = registered(**TWO, rollout=Rollout(traffic={"1": 100, "2": 0})).one(SERVICE, "pricing-api")
    green = registered(**TWO).one(SERVICE, "pricing-api")
    assert blue.inputs["spec"]["selector"]["app.kubernetes.io/version"] == "1"
    assert green.inputs["spec"]["selector"]["app.kubernetes.io/version"] == "2"


def test_callers_move_to_a_version_only_after_it_is_ready() -> None:
    graph = registered(models=[model("2")], route=GATEWAY)
    deployment = graph.one(DEPLOYMENT).urn
    assert deployment in graph.one(SERVICE, "pricing-api").depends_on
    assert deployment in graph.one(ROUTE).depends_on


def test_an_ingress_has_a_certificate() -> None:
    route = Route(hostname="pricing.example.com", ingress_class="nginx", tls_secret="certificate", proxy_namespace="ingress")
    graph = registered(route=route)
    spec = graph.one("kubernetes:networking.k8s.io/v1:Ingress").inputs["spec"]
    assert spec["tls"] == [{"hosts": ["pricing.example.com"], "secretName": "certificate"}]
    assert spec["ingressClassName"] == "nginx"
    sources = [rule["from"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"] for rule in allowed(graph)["ingress"]]
    assert sources == ["ingress", "monitoring"]


def test_pulumi_waits_for_no_endpoints_of_a_service_that_may_have_none() -> None:
    for service in registered(scaling=PodScaling(to_zero=ZERO)).all(SERVICE):
        assert service.inputs["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"


def test_alerts_name_the_workload_and_the_numbers_asked_for() -> None:
    graph = registered(monitoring=Monitoring(latency_milliseconds=250, error_percent=2, labels={"release": "prometheus"}))
    rules = graph.one("kubernetes:monitoring.coreos.com/v1:PrometheusRule").inputs
    assert rules["metadata"]["labels"]["release"] == "prometheus"
    alerts = {rule["alert"]: rule for rule in rules["spec"]["groups"][0]["rules"]}
    assert sorted(alerts) == ["ModelAtMaximum", "ModelDown", "ModelErrors", "ModelLatency", "ModelRestarts", "ModelUtilization"]
    assert alerts["ModelLatency"]["expr"].endswith("> 0.25")
    assert alerts["ModelErrors"]["expr"].endswith("> 0.02")
    assert all('namespace="pricing-api-dev"' in rule["expr"] for rule in alerts.values())


def test_what_may_be_scaled_to_zero_raises_no_alarm_when_it_is() -> None:
    rules = registered(scaling=PodScaling(to_zero=ZERO)).one("kubernetes:monitoring.coreos.com/v1:PrometheusRule").inputs["spec"]
    assert "ModelDown" not in [rule["alert"] for rule in rules["groups"][0]["rules"]]


def test_without_the_operator_nothing_of_it_is_asked_for() -> None:
    graph = registered(monitoring=Monitoring(enabled=False))
    assert not [kind for kind in graph.types() if "monitoring.coreos.com" in kind]


def test_everything_carries_the_tags_and_who_made_it() -> None:
    graph = registered(tags={"cost-center": "pricing"})
    for each in graph.registrations[1:]:
        labels = each.inputs["metadata"]["labels"]
        assert labels["cost-center"] == "pricing"
        assert labels["app.kubernetes.io/managed-by"] == "modeldeploy"
        assert labels["environment"] == "prod"


def test_a_schedule_is_a_cron_job_that_never_overlaps() -> None:
    spec = batch(schedule={"cron": "0 3 * * *", "time_zone": "Europe/Berlin"}).one("kubernetes:batch/v1:CronJob").inputs["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("0 3 * * *", "Europe/Berlin", "Forbid")


def test_one_task_for_each_store_and_lost_machines_do_not_count() -> None:
    graph = batch(tasks=40, parallelism=8, retries=2, command=["--all"])
    job = graph.one("kubernetes:batch/v1:Job")
    spec = job.inputs["spec"]
    assert (spec["completions"], spec["parallelism"], spec["completionMode"], spec["backoffLimitPerIndex"]) == (40, 8, "Indexed", 2)
    assert spec["podFailurePolicy"]["rules"][0]["action"] == "Ignore"
    (server,) = spec["template"]["spec"]["containers"]
    assert {"name": "TASK_COUNT", "value": "40"} in server["env"]
    assert {"name": "TASK_INDEX_VARIABLE", "value": "JOB_COMPLETION_INDEX"} in server["env"]
    assert server["args"] == ["--all"]
    assert not {"livenessProbe", "ports"} & server.keys()
    assert "name" not in job.inputs["metadata"], "a Job cannot be changed, so the next one needs another name"
    assert graph.one("kubernetes:core/v1:ResourceQuota").inputs["spec"]["hard"]["pods"] == "16"


def test_a_batch_takes_no_requests() -> None:
    assert "ingress" not in allowed(batch(), "scoring")


def test_kserve_runs_our_image_as_nobody_with_or_without_a_runtime() -> None:
    own = kserve().one("kubernetes:serving.kserve.io/v1beta1:InferenceService").inputs["spec"]["predictor"]
    runtime = kserve(model_format="sklearn").one("kubernetes:serving.kserve.io/v1beta1:InferenceService").inputs["spec"]["predictor"]
    for server in (own["containers"][0], runtime["model"]):
        assert "@sha256:" in server["image"]
        assert server["securityContext"]["readOnlyRootFilesystem"] is True
        assert server["resources"]["limits"] == {"cpu": "2", "memory": "2Gi"}
    assert runtime["model"]["modelFormat"] == {"name": "sklearn"}
    assert runtime["model"]["storageUri"] == "pvc://models/pricing"
    assert {"name": "STORAGE_URI", "value": "pvc://models/pricing"} in own["containers"][0]["env"]


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "http://pricing-api-predictor.pricing-api-dev.svc.cluster.local/invocations"),
        ({"model_format": "sklearn"}, "http://pricing-api-predictor.pricing-api-dev.svc.cluster.local/v1/models/pricing-api:predict"),
        (
            {"mode": "Serverless", "model_format": "sklearn", "protocol": "v2"},
            "http://pricing-api.pricing-api-dev.svc.cluster.local/v2/models/pricing-api/infer",
        ),
    ],
)
def test_kserve_s_url_follows_mode_and_protocol(changes: dict[str, Any], url: str) -> None:
    assert kserve(**changes).outputs["url"] == url


@pytest.mark.parametrize(("millis", "text"), [(500, "500m"), (1000, "1"), (13000, "13"), (1500, "1500m")])
def test_cpus_are_spelt_as_the_server_does(millis: int, text: str) -> None:
    assert cpus(millis) == text


@pytest.mark.parametrize(("mebibytes", "text"), [(512, "512Mi"), (2048, "2Gi"), (2112, "2112Mi"), (1048576, "1Ti")])
def test_memory_is_spelt_as_the_server_does(mebibytes: int, text: str) -> None:
    assert memory(mebibytes) == text
