"""The components on a real API server with its controllers, through the real engine: every variant up, again, changed, and down."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.kubernetes.control_plane import ControlPlane
from sandbox.testing import running_sandbox
from tests.components.kubernetes.cluster import PROGRAM, Stack, changes, changes_by, write
from tests.components.kubernetes.conftest import MakeStack
from tests.support.engine import ProjectFactory

pytestmark = pytest.mark.engine

IMAGE = "registry.example.com/team/pricing@sha256:" + "a" * 64
NEWER = "registry.example.com/team/pricing@sha256:" + "c" * 64
LOADER = "registry.example.com/platform/loader@sha256:" + "b" * 64
ZERO = {"prometheus_url": "http://prometheus.monitoring:9090", "query": "sum(rate(requests_total[1m]))", "threshold": 10}
GATEWAY = {"hostname": "pricing.example.com", "gateway": "gateways/public"}
INGRESS = {"hostname": "pricing.example.com", "ingress_class": "nginx", "tls_secret": "certificate", "proxy_namespace": "ingress"}
METRIC = {"minimum": 3, "maximum": 5, "pod_metric": {"name": "requests_per_second", "average": 50}}
FEW = {"minimum": 1, "maximum": 2}


def model(version: str = "1", image: str = IMAGE, source: str = "pvc://models/pricing") -> dict[str, Any]:
    return {"name": "pricing", "version": version, "source": source, "container": {"image": image}}


@dataclass(frozen=True)
class Variant:
    """A way to use a component, and changes to it one after the other, each with the kinds of what it does to resources."""

    arguments: dict[str, Any]
    steps: list[tuple[dict[str, Any], set[str]]]
    component: str = "KubernetesWorkload"
    kinds: set[str] = field(default_factory=set[str])
    """Kinds that must be in the cluster."""


WORKLOAD: dict[str, Any] = {"models": [model()], "scaling": FEW}

VARIANTS = {
    "volume": Variant(
        WORKLOAD,
        [
            ({"models": [model(image=NEWER)]}, {"update"}),
            ({"resources": {"cpu_millis": 250, "memory_mib": 256}, "tags": {"cost-center": "pricing"}}, {"update"}),
            ({"scaling": {"minimum": 2, "maximum": 4, "target_cpu_percent": 60}}, {"update"}),
            (
                {"monitoring": {"enabled": False}, "network": {"callers": ["shop/frontend"]}, "drain_seconds": 5, "user_id": 20000},
                {"update", "delete"},
            ),
        ],
        kinds={"ServiceMonitor", "PrometheusRule", "HorizontalPodAutoscaler", "PodDisruptionBudget", "ResourceQuota", "LimitRange"},
    ),
    "fetched, private registry, secrets": Variant(
        {
            **WORKLOAD,
            "models": [model(source="s3://models/pricing/1")],
            "loader_image": LOADER,
            "network": {"egress": [{"cidr": "0.0.0.0/0"}]},
            "registry_secret": "registry",
            "secrets": ["storage"],
            "pod_identity": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::000000000000:role/pricing"}, "endpoint": "eks"},
        },
        [({"secrets": ["storage", "certificate"]}, {"update"}), ({"network": {"egress": [{"cidr": "10.9.0.0/16"}]}}, {"update"})],
    ),
    "gpu": Variant(
        {**WORKLOAD, "resources": {"gpus": 1}, "placement": {"node_labels": {"pool": "gpu"}, "tolerations": [{"key": "spot", "value": "true"}]}},
        [({"resources": {"gpus": 2}}, {"update"})],
    ),
    "fixed": Variant(
        {**WORKLOAD, "scaling": {"minimum": 2, "maximum": 2}},
        [
            ({"scaling": {"minimum": 3, "maximum": 3}}, {"update"}),
            ({"scaling": {"minimum": 3, "maximum": 5}}, {"update"}),
            ({"scaling": METRIC}, {"update"}),
        ],
    ),
    "to zero": Variant(
        {**WORKLOAD, "scaling": {**FEW, "to_zero": ZERO}},
        [({"scaling": {**FEW, "to_zero": {**ZERO, "threshold": 20}}}, {"update"}), ({"scaling": FEW}, {"replace", "update", "create", "delete"})],
        kinds={"ScaledObject"},
    ),
    "gateway": Variant(
        {**WORKLOAD, "route": GATEWAY},
        [({"route": {**GATEWAY, "hostname": "prices.example.com"}}, {"update"}), ({"request_seconds": 60}, {"update"})],
        kinds={"HTTPRoute"},
    ),
    "ingress": Variant(
        {**WORKLOAD, "route": INGRESS},
        [({"route": {**INGRESS, "tls_secret": "newer"}}, {"update"}), ({"route": GATEWAY}, {"create", "delete", "update", "replace"})],
        kinds={"Ingress"},
    ),
    "schedule": Variant(
        {"model": model(), "schedule": {"cron": "0 3 * * *"}},
        [({"schedule": {"cron": "0 4 * * 1", "time_zone": "Europe/Berlin"}}, {"update"}), ({"tasks": 10, "parallelism": 5}, {"update"})],
        "KubernetesBatch",
        {"CronJob"},
    ),
    "one task for each store": Variant(
        {"model": model(), "tasks": 6, "parallelism": 3},
        [({"command": ["--month", "last"]}, {"replace", "update"}), ({"tags": {"owner": "pricing"}}, {"update", "replace"})],
        "KubernetesBatch",
        {"Job"},
    ),
    "kserve": Variant(
        {"model": model(), "scaling": FEW},
        [({"model_format": "sklearn"}, {"update"}), ({"model_format": "sklearn", "protocol": "v2", "runtime": "sklearnserver"}, {"update"})],
        "KServeEndpoint",
        {"InferenceService"},
    ),
    "kserve canary": Variant(
        {"model": model(), "mode": "Serverless", "scaling": {"minimum": 0}},
        [
            ({"model": model("2"), "canary_percent": 10}, {"update"}),
            ({"model": model("2"), "canary_percent": 0}, {"update"}),
            ({"canary_percent": None}, {"update"}),
        ],
        "KServeEndpoint",
    ),
}


def test_every_variant_goes_up_stays_as_it_is_takes_every_change_and_leaves_nothing(
    project: ProjectFactory, control_plane: ControlPlane, tmp_path: Path
) -> None:
    names = {f"v{index}": variant for index, variant in enumerate(VARIANTS.values())}
    arguments = {name: dict(variant.arguments) for name, variant in names.items()}
    with running_sandbox(tmp_path, control_plane.client) as sandbox:
        made = project({"__main__.py": PROGRAM}, debug_providers=sandbox.debug_providers)

        def give() -> None:
            write(made, {name: (variant.component, arguments[name]) for name, variant in names.items()})

        give()
        made.preview()
        assert changes_by(made.up("--json"), names) == {name: {"create"} for name in names}
        made.preview("--expect-no-changes")
        there = [(each["urn"].rpartition("::")[2], each["type"].rpartition(":")[2]) for each in made.resources()]
        for name, variant in names.items():
            assert variant.kinds <= {kind for resource, kind in there if resource == name or resource.startswith(f"{name}-")}, variant

        for turn in range(max(len(variant.steps) for variant in names.values())):
            expected = {name: variant.steps[turn] for name, variant in names.items() if turn < len(variant.steps)}
            for name, (change, _) in expected.items():
                arguments[name] |= change
            give()
            for name, done in changes_by(made.up("--json"), names).items():
                change, allowed = expected.get(name, ({}, set[str]()))
                assert bool(done) == bool(change), (name, change, done)
                assert done <= allowed, (name, change, done)
            made.preview("--expect-no-changes")
        assert set(changes(made.refresh("--json"))) == set(), "what the server wrote into the objects is no drift"

        made.destroy()
        left = {each["metadata"]["name"] for each in control_plane.client.list("v1", "Namespace")}
        assert not left & {f"{name}-dev" for name in names}


def test_a_change_made_behind_pulumi_s_back_is_seen_by_refresh_and_put_right(stack: MakeStack) -> None:
    made = stack("drift")
    made.up(**WORKLOAD)
    made.edit("v1", "Service", "drift", {"spec": {"selector": {"app.kubernetes.io/version": "9"}}})
    made.edit("networking.k8s.io/v1", "NetworkPolicy", "drift-deny", {"spec": {"policyTypes": ["Ingress"]}})

    refreshed = changes(made.project.refresh("--json"))
    assert refreshed == {"update": 2}
    # The fields are somebody else's now. Taking them back is a conflict, which server-side apply shows instead of overwriting it.
    shown = made.project.preview("--diff", check=False).failed().output
    assert '"Egress"' in shown
    refused = made.project.up(check=False).failed().output
    assert 'conflict with "somebody"' in refused
    assert "pulumi.com/patchForce" in refused
    for kind, name in (("Service", "drift"), ("NetworkPolicy", "drift-deny")):
        give_back(made, "v1" if kind == "Service" else "networking.k8s.io/v1", kind, name)
    made.up()
    assert made.live("v1", "Service")["spec"]["selector"]["app.kubernetes.io/version"] == "1"
    assert made.live("networking.k8s.io/v1", "NetworkPolicy", "drift-deny")["spec"]["policyTypes"] == ["Ingress", "Egress"]
    made.project.destroy()


def give_back(made: Stack, api_version: str, kind: str, name: str) -> None:
    """Somebody stops to hold fields of an object."""
    held = made.live(api_version, kind, name)["metadata"]["managedFields"]
    made.edit(api_version, kind, name, {"metadata": {"managedFields": [each for each in held if each["manager"] != "somebody"]}})


def test_a_deleted_object_is_made_again(stack: MakeStack) -> None:
    made = stack("deleted")
    made.up(**WORKLOAD)
    budgets = made.client.kind("policy/v1", "PodDisruptionBudget")
    assert budgets is not None
    made.client.delete(budgets, made.namespace, "deleted-v1")
    assert changes(made.project.refresh("--json")) == {"delete": 1}
    assert made.up() == {"create": 1}
    made.project.destroy()


def scaled(minimum: int, maximum: int = 6, image: str = IMAGE) -> dict[str, Any]:
    return {"models": [model(image=image)], "scaling": {"minimum": minimum, "maximum": maximum}}


def test_autoscaler_and_pulumi_share_an_object_without_a_fight(stack: MakeStack) -> None:
    made = stack("shared")
    made.up(**scaled(2))
    assert replicas(made) == 2

    # The cluster's own autoscaler follows a raised lower bound, for which it needs no metric. Without metrics it never goes down again.
    assert made.up(**scaled(4)) == {"update": 2}, "the component and the autoscaler's bounds, not the Deployment"
    wait_for_replicas(made, 4)
    assert holders(made) == {"kube-controller-manager"}, "the field belongs to the autoscaler alone"
    made.up(**scaled(2))
    assert made.up() == {}, "nothing to do"
    assert made.up("--refresh") == {}, "not even when Pulumi has seen the number"

    made.up(**scaled(2, image=NEWER))
    live = made.live("apps/v1", "Deployment", "shared-v1")
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == NEWER
    assert live["spec"]["replicas"] == 4, "a release keeps what the autoscaler decided"
    made.project.destroy()


def test_a_fixed_number_is_kept_once_autoscaling_ends(stack: MakeStack) -> None:
    made = stack("ended")
    made.up(**scaled(2))
    made.up(**scaled(4))
    wait_for_replicas(made, 4)
    made.up(**scaled(2, 2))
    wait_for_replicas(made, 2)
    assert made.up("--refresh") == {}
    made.project.destroy()


def replicas(made: Stack) -> int:
    return int(made.live("apps/v1", "Deployment", f"{made.name}-v1")["spec"]["replicas"])


def holders(made: Stack) -> set[str]:
    """Who holds the number of replicas."""
    entries = made.live("apps/v1", "Deployment", f"{made.name}-v1")["metadata"]["managedFields"]
    return {entry["manager"] for entry in entries if "f:replicas" in entry["fieldsV1"].get("f:spec", {})}


def wait_for_replicas(made: Stack, wanted: int) -> None:
    deadline = time.monotonic() + 30
    while replicas(made) != wanted:
        assert time.monotonic() < deadline, f"the autoscaler did not go to {wanted}"
        time.sleep(0.3)
