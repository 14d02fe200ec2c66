"""What the sandbox's kubernetes provider does on a real API server."""

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.faults import FaultError
from sandbox.kubernetes.control_plane import ControlPlane
from sandbox.kubernetes.provider import PartialError
from sandbox.service import MissingError
from sandbox.values import UNKNOWN
from tests.sandbox.kubernetes.cluster import IMAGE, Cluster, config_map, deployment, job, token

pytestmark = pytest.mark.engine

DEPLOYMENT, CONFIG_MAP, JOB, NAMESPACE = token("Deployment"), token("ConfigMap"), token("Job"), token("Namespace")


@pytest.fixture
def cluster(control_plane: ControlPlane) -> Iterator[Cluster]:
    made = Cluster(control_plane.client, f"t-{uuid.uuid4().hex[:8]}")
    made.create(NAMESPACE, "space", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": made.namespace}})
    yield made
    namespaces = made.client.kind("v1", "Namespace")
    assert namespaces is not None
    made.client.delete(namespaces, None, made.namespace)


def test_an_object_is_applied_under_a_field_manager_of_its_own_and_awaited(cluster: Cluster) -> None:
    made, _, state = cluster.create(DEPLOYMENT, "web", deployment(cluster.namespace))
    assert made == f"{cluster.namespace}/web"
    assert state["status"]["availableReplicas"] == 1
    managers = {entry["manager"]: entry["operation"] for entry in state["metadata"]["managedFields"]}
    assert managers[state["__fieldManager"]] == "Apply"
    assert state["spec"]["strategy"]["type"] == "RollingUpdate", "the server's defaults are in the state"


def test_objects_without_a_name_get_one(cluster: Cluster) -> None:
    made, inputs, _ = cluster.create(CONFIG_MAP, "settings", config_map(cluster.namespace, None, a="1"))
    name = inputs["metadata"]["name"]
    assert name.startswith("settings-")
    assert made == f"{cluster.namespace}/{name}"
    assert cluster.check(CONFIG_MAP, "settings", config_map(cluster.namespace, None, a="2"), old=inputs)["metadata"]["name"] == name


def test_the_namespace_of_the_provider_is_taken_where_none_is_named(cluster: Cluster) -> None:
    elsewhere = Cluster(cluster.client, cluster.namespace, {"namespace": cluster.namespace})
    inputs = config_map(cluster.namespace, a="1")
    del inputs["metadata"]["namespace"]
    assert elsewhere.create(CONFIG_MAP, "settings", inputs)[0] == f"{cluster.namespace}/settings"


def test_what_the_server_refuses_is_refused_with_its_own_words_also_in_a_preview(cluster: Cluster) -> None:
    wrong = deployment(cluster.namespace)
    wrong["spec"] |= {"minReadySeconds": 20, "progressDeadlineSeconds": 10}
    for preview in (True, False):
        assert "must be greater than minReadySeconds" in cluster.refused(DEPLOYMENT, "web", wrong, preview=preview)
    assert cluster.live(DEPLOYMENT, f"{cluster.namespace}/web") is None


def test_a_preview_changes_nothing(cluster: Cluster) -> None:
    made, _, state = cluster.create(DEPLOYMENT, "web", deployment(cluster.namespace), preview=True)
    assert made == ""
    assert state["spec"]["replicas"] == 1
    assert "status" not in state
    assert cluster.live(DEPLOYMENT, f"{cluster.namespace}/web") is None


def test_a_preview_of_an_object_in_a_namespace_of_the_same_program_is_left_unchecked(cluster: Cluster) -> None:
    _, _, state = cluster.create(DEPLOYMENT, "web", deployment("not-there-yet"), preview=True)
    assert state["metadata"]["name"] == "web"


def test_a_preview_with_unknown_values_asks_nobody(cluster: Cluster) -> None:
    inputs = deployment(cluster.namespace)
    inputs["spec"]["replicas"] = UNKNOWN
    assert cluster.create(DEPLOYMENT, "web", inputs, preview=True)[2]["spec"]["replicas"] is UNKNOWN


def test_restricted_namespaces_warn_of_pods_they_will_not_admit(cluster: Cluster) -> None:
    cluster.client.merge(f"/api/v1/namespaces/{cluster.namespace}", {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare", "namespace": cluster.namespace}}
    refusal = cluster.refused("kubernetes:core/v1:Pod", "bare", {**pod, "spec": {"containers": [{"name": "x", "image": IMAGE}]}}, preview=True)
    assert 'violates PodSecurity "restricted:latest"' in refusal


def test_an_unknown_field_is_refused(cluster: Cluster) -> None:
    routes = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
    route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "r", "namespace": cluster.namespace}}
    assert "field not declared in schema" in cluster.refused(routes, "r", {**route, "spec": {"hostname": ["a.example.com"]}})


def test_a_kind_without_definition_is_an_error_that_says_so(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.kubernetes.provider._RETRIES", 1)
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": cluster.namespace}}
    refusal = cluster.refused("kubernetes:example.com/v1:Widget", "w", widget)
    assert "no matches for kind 'Widget' in version 'example.com/v1': is its custom resource definition installed?" in refusal


def test_an_object_that_comes_before_its_namespace_waits_for_it(cluster: Cluster) -> None:
    later = f"{cluster.namespace}-later"
    timer = threading.Timer(0.5, lambda: cluster.create(NAMESPACE, "later", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": later}}))
    timer.start()
    assert cluster.create(CONFIG_MAP, "settings", config_map(later, a="1"))[0] == f"{later}/settings"
    timer.join()
    cluster.delete(NAMESPACE, "later", later)


def test_an_object_that_never_gets_ready_is_kept_and_reported(cluster: Cluster, control_plane: ControlPlane) -> None:
    image = "registry.example.com/broken@sha256:" + "1" * 64
    control_plane.nodes.broken.add(image)
    inputs = deployment(cluster.namespace, image=image)
    inputs["spec"]["progressDeadlineSeconds"] = 2
    with pytest.raises(PartialError, match=r"did not become ready in time: .*has timed out progressing") as caught:
        cluster.create(DEPLOYMENT, "web", inputs)
    assert caught.value.resource_id == f"{cluster.namespace}/web"
    assert caught.value.state["kind"] == "Deployment"


def test_who_asks_not_to_wait_does_not_wait(cluster: Cluster, control_plane: ControlPlane) -> None:
    image = "registry.example.com/broken@sha256:" + "2" * 64
    control_plane.nodes.broken.add(image)
    state = cluster.create(DEPLOYMENT, "web", deployment(cluster.namespace, image=image, skipAwait="true"))[2]
    assert not state.get("status", {}).get("availableReplicas")


def test_making_what_is_there_takes_it_over_unless_it_differs(cluster: Cluster) -> None:
    cluster.client.request("POST", f"/api/v1/namespaces/{cluster.namespace}/configmaps", config_map(cluster.namespace, a="1"))
    assert cluster.create(CONFIG_MAP, "settings", config_map(cluster.namespace, a="1"))[0] == f"{cluster.namespace}/settings"
    refusal = cluster.refused(CONFIG_MAP, "settings", config_map(cluster.namespace, a="2"))
    assert "conflict" in refusal
    assert "pulumi.com/patchForce" in refusal
    forced = config_map(cluster.namespace, a="2")
    forced["metadata"]["annotations"] = {"pulumi.com/patchForce": "true"}
    assert cluster.create(CONFIG_MAP, "settings", forced)[2]["data"] == {"a": "2"}


def test_a_change_in_place_is_an_update_and_one_of_the_identity_a_replacement(cluster: Cluster) -> None:
    made, inputs, state = cluster.create(DEPLOYMENT, "web", deployment(cluster.namespace))
    same = cluster.diff(DEPLOYMENT, "web", made, inputs, state, inputs)
    assert same.differences == []
    more = cluster.diff(DEPLOYMENT, "web", made, inputs, state, deployment(cluster.namespace, replicas=2))
    assert [item.path for item in more.differences] == [("spec", "replicas")]
    assert not more.replacing
    elsewhere = deployment(cluster.namespace)
    elsewhere["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    other = cluster.diff(DEPLOYMENT, "web", made, inputs, state, elsewhere)
    assert other.replacing
    assert other.delete_first, "the name is fixed, so the old one has to go first"


def test_a_job_is_replaced_and_with_an_automatic_name_made_before_the_old_one_goes(cluster: Cluster) -> None:
    made, inputs, state = cluster.create(JOB, "work", job(cluster.namespace))
    changed = cluster.check(JOB, "work", job(cluster.namespace, command="false"), old=inputs)
    diff = cluster.diff(JOB, "work", made, inputs, state, changed)
    assert diff.replacing
    assert not diff.delete_first


@pytest.mark.parametrize(("kind", "field"), [("ConfigMap", "data"), ("Secret", "stringData")])
def test_settings_are_replaced_so_that_pods_never_see_them_change(cluster: Cluster, kind: str, field: str) -> None:
    inputs = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "namespace": cluster.namespace}, field: {"a": "1"}}
    made, inputs, state = cluster.create(token(kind), "x", inputs)
    assert cluster.diff(token(kind), "x", made, inputs, state, inputs).differences == []
    assert cluster.diff(token(kind), "x", made, inputs, state, {**inputs, field: {"a": "2"}}).replacing


def test_drift_is_what_a_read_finds_in_the_fields_that_were_given(cluster: Cluster) -> None:
    made, inputs, state = cluster.create(DEPLOYMENT, "web", deployment(cluster.namespace, skipAwait="true"))
    cluster.client.merge(cluster.path("Deployment", "web"), {"spec": {"replicas": 3, "paused": True}})
    found = cluster.provider.read("urn:pulumi:dev::test::kubernetes:apps/v1:Deployment::web", made, inputs, state, config=cluster.config)
    assert found is not None
    assert found[0] == {**inputs, "spec": {**inputs["spec"], "replicas": 3}}
    assert [item.path for item in cluster.diff(DEPLOYMENT, "web", made, inputs, found[1], inputs).differences] == [("spec", "replicas")]
    assert cluster.diff(DEPLOYMENT, "web", made, inputs, found[1], inputs, frozenset({"spec.replicas"})).differences == []


def test_an_ignored_field_is_left_to_the_one_who_holds_it(cluster: Cluster) -> None:
    made, inputs, state = cluster.create(DEPLOYMENT, "web", deployment(cluster.namespace, skipAwait="true"))
    cluster.client.merge(cluster.path("Deployment", "web"), {"spec": {"replicas": 3}}, "autoscaler")
    new = {**inputs, "spec": {**inputs["spec"], "minReadySeconds": 1}}
    changed = cluster.update(DEPLOYMENT, "web", made, new, state, ignore=frozenset({"spec.replicas"}))
    assert (changed["spec"]["replicas"], changed["spec"]["minReadySeconds"]) == (3, 1)


def test_an_ignored_field_that_is_ours_keeps_its_present_value(cluster: Cluster) -> None:
    made, inputs, state = cluster.create(DEPLOYMENT, "web", deployment(cluster.namespace, replicas=2, skipAwait="true"))
    new = {**inputs, "spec": {**inputs["spec"], "replicas": 5}}
    assert cluster.update(DEPLOYMENT, "web", made, new, state, ignore=frozenset({"spec.replicas"}))["spec"]["replicas"] == 2


def test_a_field_that_is_no_longer_given_goes_away(cluster: Cluster) -> None:
    inputs = deployment(cluster.namespace, skipAwait="true")
    inputs["spec"]["minReadySeconds"] = 7
    made, inputs, state = cluster.create(DEPLOYMENT, "web", inputs)
    without = {**inputs, "spec": {key: value for key, value in inputs["spec"].items() if key != "minReadySeconds"}}
    assert [item.path for item in cluster.diff(DEPLOYMENT, "web", made, inputs, state, without).differences] == [("spec", "minReadySeconds")]
    assert "minReadySeconds" not in cluster.update(DEPLOYMENT, "web", made, without, state)["spec"]


def test_an_update_is_previewed_by_the_server(cluster: Cluster) -> None:
    made, _, state = cluster.create(DEPLOYMENT, "web", deployment(cluster.namespace, skipAwait="true"))
    new = deployment(cluster.namespace, replicas=4, skipAwait="true")
    assert cluster.update(DEPLOYMENT, "web", made, new, state, preview=True)["spec"]["replicas"] == 4
    live = cluster.live(DEPLOYMENT, made)
    assert live is not None
    assert live["spec"]["replicas"] == 1


def test_an_update_of_what_is_gone_says_how_to_go_on(cluster: Cluster) -> None:
    made, inputs, state = cluster.create(CONFIG_MAP, "settings", config_map(cluster.namespace, a="1"))
    cluster.delete(CONFIG_MAP, "settings", made)
    with pytest.raises(MissingError, match="run `pulumi refresh`"):
        cluster.update(CONFIG_MAP, "settings", made, inputs, state)
    assert cluster.live(CONFIG_MAP, made) is None


def test_deletion_waits_for_what_the_object_owns(cluster: Cluster) -> None:
    made, _, _ = cluster.create(DEPLOYMENT, "web", deployment(cluster.namespace))
    assert cluster.client.list("v1", "Pod", cluster.namespace)
    cluster.delete(DEPLOYMENT, "web", made)
    assert not cluster.client.list("v1", "Pod", cluster.namespace)
    cluster.delete(DEPLOYMENT, "web", made)


def test_a_patch_changes_what_others_made_and_gives_its_fields_back(cluster: Cluster) -> None:
    cluster.client.request("POST", f"/api/v1/namespaces/{cluster.namespace}/configmaps", config_map(cluster.namespace, a="1"))
    patch = "kubernetes:core/v1:ConfigMapPatch"
    made, inputs, _ = cluster.create(patch, "patch", config_map(cluster.namespace, b="2"))
    live = cluster.live(patch, made)
    assert live is not None
    assert live["data"] == {"a": "1", "b": "2"}
    cluster.delete(patch, "patch", made, inputs)
    live = cluster.live(patch, made)
    assert live is not None
    assert live["data"] == {"a": "1"}


def test_an_import_gives_inputs_without_what_the_server_added(cluster: Cluster) -> None:
    made, inputs, _ = cluster.create(CONFIG_MAP, "settings", config_map(cluster.namespace, a="1"))
    found = cluster.provider.read("urn:pulumi:dev::test::kubernetes:core/v1:ConfigMap::x", made, {}, {}, config=cluster.config)
    assert found is not None
    assert found[0] == inputs


def test_faults_break_operations_on_the_cluster_too(cluster: Cluster) -> None:
    cluster.store.add_fault(CONFIG_MAP, "create", after=False, skip=0, times=1, delay=0.0, message="throttled")
    with pytest.raises(FaultError, match="throttled"):
        cluster.create(CONFIG_MAP, "settings", config_map(cluster.namespace, a="1"))
    cluster.create(CONFIG_MAP, "settings", config_map(cluster.namespace, a="1"))


def test_a_rendering_provider_writes_files_and_asks_no_server(tmp_path: Path) -> None:
    unreachable: Any = None
    files = Cluster(unreachable, "serving", {"renderYamlToDirectory": str(tmp_path)})
    made, inputs, _ = files.create(DEPLOYMENT, "web", deployment("serving"))
    path = tmp_path / "1-manifest" / "apps_v1-deployment-serving-web.yaml"
    assert yaml.safe_load(path.read_text()) == inputs
    files.update(DEPLOYMENT, "web", made, deployment("serving", replicas=3), inputs)
    assert yaml.safe_load(path.read_text())["spec"]["replicas"] == 3
    files.create(DEPLOYMENT, "other", deployment("serving", name="other"), preview=True)
    files.delete(DEPLOYMENT, "web", made, inputs)
    assert list(tmp_path.rglob("*.yaml")) == []
