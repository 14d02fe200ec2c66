"""Mistakes are refused: seeded by hand, and made by rule in every place of every valid resource."""

import copy
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.metadata import Kind, Property, Type, catalog
from sandbox.models import check
from sandbox.service import RefusedError
from tests.sandbox.cloud import Cloud, urn
from tests.sandbox.models.mistakes import Mistake, mistakes, resources

VALID = resources()
SEEDED = list(mistakes())

MISSES = frozenset({"second batch: gcp:storage/bucket:Bucket location"})  # no model lists the places of buckets
"""The seeded mistakes that the sandbox lets pass, by name: a list that must be exact, so that a miss that is mended leaves it."""

DANGLING = {
    "aws:sagemaker/model:Model": "vpcConfig.subnets[0]",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": "productionVariants[0].modelName",
    "aws:sagemaker/endpoint:Endpoint": "endpointConfigName",
    "aws:ec2/subnet:Subnet": "vpcId",
    "aws:ecs/service:Service": "networkConfiguration.subnets[0]",
    "gcp:compute/subnetwork:Subnetwork": "network",
    "gcp:container/nodePool:NodePool": "cluster",
    "azure-native:machinelearningservices:OnlineEndpoint": "pricing",
    "azure-native:app:ContainerApp": "managedEnvironments",
    "kubernetes:apps/v1:Deployment": "metadata.namespace",
}


@pytest.mark.parametrize("mistake", SEEDED, ids=lambda mistake: mistake.name)
def test_a_seeded_mistake_is_refused(mistake: Mistake, cloud: Cloud) -> None:
    refusals = cloud.check(mistake.token, mistake.apply(VALID[mistake.token]))[1]
    assert bool(refusals) == (mistake.name not in MISSES), refusals


@pytest.mark.parametrize("token", DANGLING)
def test_a_reference_to_nothing_is_refused(token: str, cloud: Cloud) -> None:
    if token.startswith("azure-native:"):
        cloud.create("azure-native:resources:ResourceGroup", "group", resourceGroupName="pricing", location="westeurope")
    completed, refusals = cloud.check(token, VALID[token])
    assert refusals == []
    with pytest.raises(RefusedError, match=DANGLING[token].replace("[", r"\[")):
        cloud.service.create(urn(token, "thing"), completed, preview=False, config=cloud.config(token))


def test_the_seeded_mistakes_are_many_and_nearly_all_refused() -> None:
    count = len(SEEDED) + len(DANGLING)
    packages = Counter(mistake.token.partition(":")[0] for mistake in SEEDED)
    print(f"{count} seeded mistakes: {dict(packages)}; missed: {sorted(MISSES) or 'none'}")
    assert count >= 150
    assert min(packages.values()) >= 20
    assert {mistake.name for mistake in SEEDED} >= MISSES
    assert (count - len(MISSES)) / count >= 0.95
    assert {mistake.kind for mistake in SEEDED} >= {"wrong enum", "too long", "out of range", "missing", "unknown", "wrong type", "exclusive pair"}


def places(
    properties: dict[str, Property], value: Any, sdk: Any, path: tuple[Any, ...] = ()
) -> Iterator[tuple[tuple[Any, ...], dict[str, Property]]]:
    """Every object of a resource that the SDK has a class for, with the properties of the class."""
    yield path, properties
    for name, declared in properties.items():
        if isinstance(value, dict) and value.get(name) is not None:
            yield from inside(declared.type, value[name], sdk, (*path, name))


def inside(kind: Type, value: Any, sdk: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], dict[str, Property]]]:
    if kind.kind is Kind.LIST and kind.item is not None and isinstance(value, list):
        for index, item in enumerate(value):
            yield from inside(kind.item, item, sdk, (*path, index))
    elif kind.kind is Kind.OBJECT and kind.ref is not None:
        yield from places(sdk.object(kind.ref).properties, value, sdk, path)


def changed(inputs: dict[str, Any], path: tuple[Any, ...], name: str, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(inputs)
    holder: Any = made
    for step in path:
        holder = holder[step]
    holder[name] = value
    return made


@pytest.mark.parametrize("token", VALID)
def test_in_every_place_what_is_unknown_or_of_the_wrong_type_is_refused(token: str, cloud: Cloud) -> None:
    package = token.partition(":")[0]
    sdk = catalog(package)
    for path, properties in places(sdk.resource(token).inputs, VALID[token], sdk):
        assert cloud.check(token, changed(VALID[token], path, "notAProperty", 1))[1], path
        for name in properties:
            holder: Any = VALID[token]
            for step in path:
                holder = holder[step]
            scalar = holder.get(name)
            if isinstance(scalar, str | int | float | bool) and properties[name].type.kind is not Kind.ANY:
                assert cloud.check(token, changed(VALID[token], path, name, {"of": ["another", "type"]}))[1], (*path, name)


def test_a_refusal_names_the_property_the_value_and_what_is_allowed() -> None:
    token = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
    inputs = changed(VALID[token], ("productionVariants", 0), "containerStartupHealthCheckTimeoutInSeconds", 30)
    (refusal,) = check(token, inputs)
    assert refusal.property == "productionVariants[0].containerStartupHealthCheckTimeoutInSeconds"
    assert refusal.reason == "is 30, but must be at least 60 (CloudFormation AWS::SageMaker::EndpointConfig)"
