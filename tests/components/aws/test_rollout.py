"""A release step by step: which version is which variant, and what is registered for it."""

from pathlib import Path
from typing import Any

import pytest

from modeldeploy.aws.variants import variants, version_key
from modeldeploy.spec import Model, Rollout
from tests.components.aws.mocked import arguments, deploy, model
from tests.support.mocks import Graph

STEPS: dict[str, tuple[list[str], dict[str, int]]] = {
    "first": (["1"], {}),
    "canary": (["1", "2"], {"1": 90, "2": 10}),
    "promote": (["1", "2"], {"1": 0, "2": 100}),
    "rollback": (["1", "2"], {"1": 100, "2": 0}),
    "finish": (["2"], {}),
}


def step(folder: Path, name: str) -> Graph:
    versions, traffic = STEPS[name]
    return deploy(arguments(folder, models=[model(folder, version) for version in versions], rollout=Rollout(traffic=traffic)))


def placed(graph: Graph) -> dict[str, tuple[str, float, int]]:
    """Model, weight and instances by variant."""
    listed = graph.one("aws:sagemaker/endpointConfiguration:EndpointConfiguration").inputs["productionVariants"]
    return {each["variantName"]: (each["modelName"], each["initialVariantWeight"], each["initialInstanceCount"]) for each in listed}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("first", {"production": ("model-1", 100, 2)}),
        ("canary", {"production": ("model-1", 90, 2), "challenger": ("model-2", 10, 2)}),
        ("promote", {"production": ("model-2", 100, 2), "challenger": ("model-1", 0, 2)}),
        ("rollback", {"production": ("model-1", 100, 2), "challenger": ("model-2", 0, 2)}),
        ("finish", {"production": ("model-2", 100, 2)}),
    ],
)
def test_the_version_with_most_traffic_is_the_production_variant(tmp_path: Path, name: str, expected: dict[str, Any]) -> None:
    assert placed(step(tmp_path, name)) == expected


@pytest.mark.parametrize(
    ("name", "scaled"),
    [
        ("first", ["production"]),
        ("canary", ["challenger", "production"]),
        # Idle versions keep the minimum and are not registered: SageMaker refuses to remove a variant that is.
        ("promote", ["production"]),
        ("rollback", ["production"]),
        ("finish", ["production"]),
    ],
)
def test_versions_with_traffic_are_scaled_and_watched(tmp_path: Path, name: str, scaled: list[str]) -> None:
    graph = step(tmp_path, name)
    assert graph.names("aws:appautoscaling/target:Target") == [f"pricing-{each}" for each in scaled]
    watched = {each.split("-")[1] for each in graph.names("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert watched == set(scaled)


def test_each_version_is_a_model_of_its_own(tmp_path: Path) -> None:
    assert step(tmp_path, "canary").names("aws:sagemaker/model:Model") == ["pricing-v1", "pricing-v2"]
    assert step(tmp_path, "finish").names("aws:sagemaker/model:Model") == ["pricing-v2"]


@pytest.mark.parametrize(("name", "served"), [("first", "1"), ("canary", "1"), ("promote", "2"), ("rollback", "1"), ("finish", "2")])
def test_the_output_names_the_version_that_answers_most(tmp_path: Path, name: str, served: str) -> None:
    assert step(tmp_path, name).outputs["model_version"] == served


def test_every_version_costs_its_instances(tmp_path: Path) -> None:
    one, two = (step(tmp_path, name).outputs["monthly_cost"] for name in ("first", "canary"))
    assert two - one == pytest.approx(2 * 0.115 * 730, abs=0.02)


def test_registrations_go_before_the_endpoint_changes_shape_and_come_back_after(tmp_path: Path) -> None:
    graph = step(tmp_path, "canary")
    stash = graph.one("pulumi:index:Stash")
    assert stash.inputs == {"input": "ml.m5.large production,challenger"}
    assert stash.options.deleteBeforeReplace is True
    assert list(stash.options.replaceOnChanges) == ["input"]
    assert stash.urn in graph.one("aws:sagemaker/endpoint:Endpoint").depends_on
    for target in graph.all("aws:appautoscaling/target:Target"):
        assert stash.urn in target.depends_on


def test_of_equals_the_later_is_production_and_the_idle_come_last() -> None:
    def versions(traffic: dict[str, int], names: str = "123") -> list[tuple[str, str]]:
        models = [Model.__new__(Model) for _ in names]
        for each, name in zip(models, names, strict=True):
            object.__setattr__(each, "version", name)
        return [(each.name, each.model.version) for each in variants(models, Rollout(traffic=traffic))]

    assert versions({"1": 50, "2": 50}, "12") == [("production", "2"), ("challenger", "1")]
    assert versions({"1": 0, "2": 10, "3": 90}) == [("production", "3"), ("challenger", "2"), ("challenger-2", "1")]
    assert versions({}, "12") == [("production", "2"), ("challenger", "1")]


def test_versions_that_differ_only_in_dots_have_different_names() -> None:
    assert version_key("1-0") == "1-0"
    assert version_key("1.0") != version_key("1-0")
    assert all(len(version_key(each)) <= 20 for each in ("1.2.3.4.5.6.7.8.9.10", "2026.11.24.12.30.59"))
