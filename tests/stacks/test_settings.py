"""The configuration of stacks: what is read, and what is refused with file, key and value."""

import hashlib
import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import pulumi
import pytest

import stacks
from modeldeploy import grid
from modeldeploy.grid import Cloud, DeploymentType
from modeldeploy.registries import Resolved
from modeldeploy.spec import ArgumentError, Container, Environment, Model, needs
from stacks.dynamic_pricing import DynamicPricing
from stacks.shared import settings
from stacks.shared.settings import ARCHIVES_ONLY, READS, Found, Release, load, source_tags
from stacks.shared.target import Target

ENDPOINT = DeploymentType.MANAGED_ENDPOINT
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
    assert cloud is Target.AWS
    assert workload.environment is Environment.DEVELOPMENT
    found = workload.models[0].find("dynamic-pricing", ENDPOINT, cloud)
    assert found.model.container.image == IMAGES["aws"]
    assert (found.model.source, found.resolved.origin) == ("s3://b/k", "s3://b/k")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"modeldeploy:cloud": "awz"}, "modeldeploy:cloud: 'awz' is not known; did you mean 'aws'? allowed: aws, azure, cluster, gcp"),
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
    with pytest.raises(ArgumentError, match=r"models \(source s3://b/k\)\.images: has no image for 'gcp'"):
        stacks.run("dynamic-pricing.test")


def test_a_model_in_a_registry_gets_the_version_that_the_registry_counts(configure: Configure, tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_text("weights")
    md5 = hashlib.md5(b"weights").hexdigest()
    (tmp_path / "model.pkl.dvc").write_text(f"outs:\n- md5: {md5}\n  hash: md5\n  path: model.pkl\n")
    source = str(tmp_path / "model.pkl")
    found = [
        Release(source=source, images=IMAGES).find("pricing", ENDPOINT, Target.AWS),
        Release(version="2", source=source, images=IMAGES).find("x", ENDPOINT, Target.AWS),
    ]
    assert [each.model.version for each in found] == [md5[:12], "2"]
    assert source_tags(found) == {f"model-source-{md5[:12]}": f"dvc:{md5}", "model-source-2": f"dvc:{md5}"}


def test_a_model_in_no_registry_needs_a_version(configure: Configure) -> None:
    with pytest.raises(ArgumentError, match=r"models \(source s3://b/k\)\.version: is required: the source is in no registry"):
        Release(source="s3://b/k", images=IMAGES).find("pricing", ENDPOINT, Target.AWS)


def test_a_run_is_recorded_and_no_tag_grows_too_long(configure: Configure) -> None:
    model = Release(version="7", source="s3://b/k", images=IMAGES).find("pricing", ENDPOINT, Target.AWS).model
    long = Found(model, Resolved(source="s3://b/k", origin="s3://" + "b" * 300, run="c0ffee"))
    assert source_tags([long]) == {"model-source-7": "s3://" + "b" * 250, "model-run-7": "c0ffee"}


@pytest.mark.parametrize(("kind", "cloud"), grid.DEPLOYMENTS)
def test_a_registrys_folder_is_read_in_place_only_where_the_component_takes_it(kind: DeploymentType, cloud: Cloud) -> None:
    for scheme in () if (kind, Target(cloud)) in ARCHIVES_ONLY else READS[Target(cloud)]:
        assert problems(kind, cloud, f"{scheme}://bucket/1/models/m-1/artifacts") == []


@pytest.mark.parametrize(("kind", "cloud"), [(kind, Cloud(target)) for kind, target in sorted(ARCHIVES_ONLY)])
def test_where_a_registrys_folder_is_not_read_in_place_the_component_would_refuse_it(kind: DeploymentType, cloud: Cloud) -> None:
    assert problems(kind, cloud, f"{READS[Target(cloud)][0]}://bucket/1/models/m-1/artifacts")


def problems(kind: DeploymentType, cloud: Cloud, source: str) -> list[str]:
    """What the component says about a model at `source`."""
    model = Model(name="pricing", version="1", source=source, container=Container(image=IMAGES["aws"]))
    batches = (DeploymentType.BATCH, DeploymentType.MANAGED_BATCH)
    component, arguments = (grid.batch(kind, cloud), {"model": model}) if kind in batches else (grid.endpoint(kind, cloud), {"models": [model]})
    try:
        grid.check(component, "pricing", arguments)
    except ArgumentError as error:
        return [problem.path for problem in error.problems if problem.path in ("model.source", "models[0].source")]
    return []


@pytest.mark.parametrize(("kind", "reads"), [(ENDPOINT, ()), (needs.DeploymentType.CONTAINER, ("s3",))])
def test_sagemaker_gets_a_registrys_model_through_its_own_store(
    kind: StrEnum, reads: tuple[str, ...], configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    def resolve(source: str, *, reads: tuple[str, ...]) -> Resolved:
        asked.append(reads)
        return Resolved(source="s3://b/k", origin="models:/pricing/7", version="7")

    monkeypatch.setattr(settings, "resolve", resolve)
    assert Release(source="models:/pricing@champion", images=IMAGES).find("pricing", kind, Target.AWS).model.version == "7"
    assert asked == [reads]


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
