"""Correct resources are accepted: complete ones of ours, and the examples in the provider SDKs' documentation (`harvest.py`)."""

import json
from typing import Any

import pytest

from sandbox.models import check
from sandbox.values import UNKNOWN, AssetValue, Inputs
from tests.sandbox.cloud import Cloud
from tests.sandbox.models.mistakes import HERE, resources

WRONG_EXAMPLES = {
    ("aws:batch/jobDefinition:JobDefinition", "aws:batch/jobDefinition:JobDefinition#2"): "its name starts with a space",
    ("aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget#4"): "left out: neither schedule nor pattern",
    ("aws:ec2/vpc:Vpc", "aws:ec2/flowLog:FlowLog#3"): "left out: no address range",
    ("aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener#0"): "left out: no subnets",
    ("aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener#1"): "left out: no subnets",
    ("aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener#3"): "left out: no subnets",
    ("aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener#4"): "left out: no subnets",
    ("aws:lb/targetGroup:TargetGroup", "aws:lb/listener:Listener#0"): "left out: neither port nor protocol",
    ("aws:lb/targetGroup:TargetGroup", "aws:lb/listener:Listener#1"): "left out: neither port nor protocol",
    ("aws:lb/targetGroup:TargetGroup", "aws:lb/listener:Listener#5"): "left out: neither port nor protocol",
    ("aws:lb/targetGroup:TargetGroup", "aws:lb/listener:Listener#6"): "left out: neither port nor protocol",
    ("gcp:compute/address:Address", "gcp:compute/address:Address#2"): "its name ends with a hyphen",
    ("gcp:compute/securityPolicy:SecurityPolicy", "gcp:compute/securityPolicy:SecurityPolicy#3"): "its name is %s",
}
"""Examples that the clouds would refuse, and why."""

EXAMPLES: list[dict[str, Any]] = [
    example for package in ("aws", "gcp", "kubernetes") for example in json.loads((HERE / "valid" / f"examples_{package}.json").read_text())
]
VALID = resources()


def values(written: Any) -> Any:
    if isinstance(written, dict):
        if written == {"?": 1}:
            return UNKNOWN
        return AssetValue(kind="asset", hash="1") if written == {"asset": 1} else {key: values(item) for key, item in written.items()}
    return [values(item) for item in written] if isinstance(written, list) else written


def unknowns(given: Any) -> Any:
    """Every text unknown, as in the first preview."""
    if isinstance(given, dict):
        return {key: unknowns(item) for key, item in given.items()}
    if isinstance(given, list):
        return [unknowns(item) for item in given]
    return UNKNOWN if isinstance(given, str) else given


@pytest.mark.parametrize("token", VALID)
def test_a_complete_resource_is_accepted(token: str, cloud: Cloud) -> None:
    assert check(token, VALID[token]) == []
    assert cloud.check(token, VALID[token])[1] == []


@pytest.mark.parametrize("token", VALID)
def test_a_resource_of_which_nothing_is_known_yet_is_accepted(token: str) -> None:
    assert check(token, unknowns(VALID[token])) == []
    assert check(token, dict.fromkeys(VALID[token], UNKNOWN)) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example['token']} from {example['example']}")
def test_a_documented_example_is_accepted(example: dict[str, Any]) -> None:
    inputs: Inputs = values(example["inputs"])
    refusals = check(example["token"], inputs)
    wrong = WRONG_EXAMPLES.get((example["token"], example["example"]))
    assert bool(refusals) == (wrong is not None), refusals or wrong


def test_sixty_types_and_more_are_held_to_be_valid() -> None:
    assert len(VALID) >= 60
    assert {token.partition(":")[0] for token in VALID} == {"aws", "azure-native", "gcp", "kubernetes"}
