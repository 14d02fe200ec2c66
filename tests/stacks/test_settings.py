"""The configuration of stacks: what is read, and what is refused with file, key and value."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pytest

import stacks
from modeldeploy.grid import Cloud
from modeldeploy.spec import ArgumentError, Environment
from stacks.dynamic_pricing import DynamicPricing
from stacks.settings import load

IMAGES = {"aws": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/pricing@sha256:" + "a" * 64}
WORKLOAD: dict[str, Any] = {"environment": "dev", "models": [{"version": "1", "source": "s3://b/k", "images": IMAGES}]}

Configure = Callable[[dict[str, str]], None]


class NoMocks(pulumi.runtime.Mocks):
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        raise AssertionError(f"nothing may be registered, {args.typ} was")

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"nothing may be called, {args.token} was")


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    pulumi.runtime.set_mocks(NoMocks(), project="modeldeploy", stack="dynamic-pricing.test")

    def set_config(config: dict[str, str]) -> None:
        monkeypatch.setenv("PULUMI_CONFIG", json.dumps(config))
        pulumi.runtime.set_all_config(config, [])

    yield set_config
    pulumi.runtime.set_all_config({}, [])


def test_cloud_and_workload_are_read_from_two_keys(configure: Configure) -> None:
    configure({"modeldeploy:cloud": "aws", "modeldeploy:workload": json.dumps(WORKLOAD), "aws:region": "eu-west-1"})
    cloud, workload = load(DynamicPricing)
    assert cloud is Cloud.AWS
    assert workload.environment is Environment.DEVELOPMENT
    assert workload.models[0].model("dynamic-pricing", cloud).container.image == IMAGES["aws"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"modeldeploy:cloud": "awz"}, "modeldeploy:cloud: 'awz' is not known; did you mean 'aws'? allowed: aws, azure, gcp"),
        ({"modeldeploy:cloud": None}, "modeldeploy:cloud: is required"),
        ({"modeldeploy:workload": None}, "modeldeploy:workload: is required"),
        ({"modeldeploy:clod": "aws"}, "modeldeploy:clod: 'modeldeploy:clod' is not known; did you mean 'modeldeploy:cloud'?"),
        ({"modeldeploy:workload": {**WORKLOAD, "scalin": {}}}, "scalin: 'scalin' is not known; did you mean 'scaling'?"),
        ({"modeldeploy:workload": {**WORKLOAD, "environment": "test"}}, "environment: 'test' is not allowed; use one of dev, prod"),
        ({"modeldeploy:workload": {**WORKLOAD, "deployment": "servrless"}}, "deployment: 'servrless' is not allowed; use one of managed-endpoint"),
        ({"modeldeploy:workload": {**WORKLOAD, "rollout": {"traffic": {"1": 50}}}}, "rollout.traffic: 50 is 50; the percentages must sum to 100"),
        (
            {"modeldeploy:workload": {**WORKLOAD, "models": [{"version": "1", "source": "s3://b/k", "images": {"aw": "x"}}]}},
            "models[0].images.aw: 'aw' is not known; did you mean 'aws'?",
        ),
    ],
)
def test_a_wrong_configuration_names_file_key_and_value(configure: Configure, changes: dict[str, Any], message: str) -> None:
    config: dict[str, Any] = {"modeldeploy:cloud": "aws", "modeldeploy:workload": WORKLOAD, **changes}
    configure({key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items() if value is not None})
    with pytest.raises(ArgumentError) as caught:
        load(DynamicPricing)
    assert "stacks/Pulumi.dynamic-pricing.test.yaml" in str(caught.value)
    assert message in str(caught.value)


def test_a_release_without_an_image_for_the_cloud_is_refused(configure: Configure) -> None:
    configure({"modeldeploy:cloud": "gcp", "modeldeploy:workload": json.dumps(WORKLOAD)})
    with pytest.raises(ArgumentError, match=r"models \(version 1\)\.images: has no image for 'gcp'"):
        stacks.run("dynamic-pricing.test")


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        ("dynamic-princing.dev", "project: 'dynamic-princing' is not known; did you mean 'dynamic-pricing'?"),
        ("settings.dev", "project: 'settings' is not known"),
        ("dynamic-pricing", "environment: is missing; name the stack 'dynamic-pricing.<environment>'"),
    ],
)
def test_a_stack_name_without_a_module_or_an_environment_is_refused(stack: str, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        stacks.run(stack)
    assert message in str(caught.value)
