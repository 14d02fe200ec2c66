"""A release step by step: what is deployed, and who gets the requests."""

from typing import Any

import pytest

from modeldeploy.spec import Rollout
from tests.components.gcp.program import DEPLOYED, MODEL, SPLIT, endpoint_graph, model

RULE = "gcp:compute/forwardingRule:ForwardingRule"
FIRST, SECOND = model("1"), model("2")
STEPS: dict[str, dict[str, Any]] = {
    "first deploy": {"models": [FIRST]},
    "canary": {"models": [FIRST, SECOND], "rollout": Rollout(traffic={"1": 90, "2": 10})},
    "promote": {"models": [FIRST, SECOND], "rollout": Rollout(traffic={"1": 0, "2": 100})},
    "finish": {"models": [SECOND]},
    "rollback": {"models": [FIRST, SECOND], "rollout": Rollout(traffic={"1": 100, "2": 0})},
}


@pytest.mark.parametrize(
    ("step", "versions", "traffic", "served"),
    [
        ("first deploy", ["pricing-1"], {"901": 100}, "1"),
        ("canary", ["pricing-1", "pricing-2"], {"901": 90, "902": 10}, "1"),
        ("promote", ["pricing-1", "pricing-2"], {"902": 100}, "2"),
        ("finish", ["pricing-2"], {"902": 100}, "2"),
        ("rollback", ["pricing-1", "pricing-2"], {"901": 100}, "1"),
    ],
)
def test_each_step_deploys_its_versions_and_shares_the_requests(step: str, versions: list[str], traffic: dict[str, int], served: str) -> None:
    graph = endpoint_graph(**STEPS[step])
    assert graph.names(DEPLOYED) == versions
    split = graph.one(SPLIT)
    assert split.name == "pricing-traffic"
    assert {each["deployedModelId"]: each["percent"] for each in split.inputs["traffic"]} == traffic
    assert graph.outputs["model_version"] == served


@pytest.mark.parametrize("step", STEPS)
def test_a_version_keeps_its_resources_through_a_release(step: str) -> None:
    first, now = endpoint_graph(**STEPS["canary"]), endpoint_graph(**STEPS[step])
    for type in (MODEL, DEPLOYED):
        for each in now.all(type):
            assert each.inputs == first.one(type, each.name).inputs


def test_traffic_moves_after_the_versions_that_get_it_run() -> None:
    graph = endpoint_graph(**STEPS["canary"])
    assert {each.urn for each in graph.all(DEPLOYED)} <= graph.one(SPLIT).depends_on


def test_versions_are_uploaded_one_after_the_other_into_one_model() -> None:
    graph = endpoint_graph(**STEPS["canary"])
    first, second = graph.one(MODEL, "pricing-model-1"), graph.one(MODEL, "pricing-model-2")
    assert first.inputs["modelId"] == second.inputs["modelId"] == "pricing-stack"
    assert first.urn in second.depends_on
    assert second.urn not in first.depends_on


def test_the_way_in_does_not_wait_for_a_new_version() -> None:
    graph = endpoint_graph(**STEPS["canary"])
    rule = graph.one(RULE)
    assert graph.one(DEPLOYED, "pricing-1").urn in rule.depends_on
    assert graph.one(DEPLOYED, "pricing-2").urn not in rule.depends_on


def test_the_endpoint_never_sets_the_split_itself() -> None:
    endpoint = endpoint_graph(**STEPS["canary"]).one("gcp:vertex/aiEndpoint:AiEndpoint")
    assert "trafficSplit" not in endpoint.inputs
    assert "trafficSplit" in endpoint.options.ignoreChanges
