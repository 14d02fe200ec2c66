"""Whatever a component is called, each of its resources gets a name its service takes, or the component's name is refused before anything is made.

The rules are the services' own (`sandbox.models.catalogue.name_rule`, each with its source); the sandbox adds what the provider's auto-naming adds.
"""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from modeldeploy.aws.managed_endpoint import SageMakerEndpoint
from modeldeploy.azure.managed_endpoint import AzureMLEndpoint
from modeldeploy.gcp.managed_endpoint import VertexEndpoint, VertexEndpointArgs
from modeldeploy.spec import ArgumentError
from sandbox.models.catalogue import name_rule
from tests.components.aws import mocked as aws
from tests.components.azure import world as azure
from tests.components.gcp import program as gcp
from tests.sandbox.cloud import Cloud
from tests.support.mocks import Graph

Deploy = Callable[[str, dict[str, str]], Graph]


def on_aws(name: str, tags: dict[str, str]) -> Graph:
    args = aws.SageMakerEndpointArgs(
        models=[aws.Model(name="m1", version="1", source="s3://bucket/m.tar.gz", container=aws.Container(image=aws.IMAGE))], tags=tags
    )
    return aws.run(lambda: {"url": SageMakerEndpoint(name, args).url})


def on_azure(name: str, tags: dict[str, str]) -> Graph:
    return azure.run(lambda: {"url": AzureMLEndpoint(name, azure.endpoint_args(tags=tags)).url})


def on_gcp(name: str, tags: dict[str, str]) -> Graph:
    return gcp.run(lambda: {"url": VertexEndpoint(name, VertexEndpointArgs(models=[gcp.model()], tags=tags)).url})


CLOUDS: dict[str, Deploy] = {"aws": on_aws, "azure": on_azure, "gcp": on_gcp}

NAMED_BY_THE_USER = ("azure-native:containerregistry:Registry",)
"""The registry has the host name in the image that the user gives."""

letters = "abcdefghijklmnopqrstuvwxyz"
names = st.one_of(
    st.from_regex(r"[a-z][a-z0-9-]{0,28}[a-z0-9]", fullmatch=True),
    st.text(st.sampled_from(letters + letters.upper() + "0123456789-_. "), min_size=1, max_size=80),
)
tags = st.dictionaries(st.text(st.sampled_from(letters + "ABC-_. é"), min_size=1, max_size=63), st.text(max_size=60), max_size=5)

few = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def physical_names(graph: Graph) -> dict[tuple[str, str], str]:
    """The name each resource gets, by type and logical name, as far as a rule for its type is known."""
    cloud = Cloud(":memory:")
    found: dict[tuple[str, str], str] = {}
    for each in graph.registrations:
        rule = name_rule(each.type)
        if rule is None or each.type in NAMED_BY_THE_USER:
            continue
        completed, _ = cloud.check(each.type, each.inputs, name=each.name, seed=each.name.encode())
        value = completed.get(rule.property)
        if isinstance(value, str):
            found[each.type, each.name] = value
    return found


def deployed(deploy: Deploy, name: str, given_tags: dict[str, str]) -> Graph | None:
    """The graph, or None where the arguments were refused (and so nothing registered)."""
    try:
        return deploy(name, given_tags)
    except ArgumentError:
        return None


@pytest.mark.parametrize("cloud", CLOUDS)
@few
@given(name=names, given_tags=tags)
@example(name="pricing", given_tags={})
@example(name="a", given_tags={"Cost Center": "Ünits & more"})
@example(name="x" * 30, given_tags={"k" * 63: "v" * 255})
@example(name="x" * 80, given_tags={})
@example(name="Pricing_API.v2", given_tags={})
@example(name="a--b-", given_tags={})
def test_every_name_is_one_its_service_takes(cloud: str, name: str, given_tags: dict[str, str]) -> None:
    graph = deployed(CLOUDS[cloud], name, given_tags)
    if graph is None:
        return
    given_names = physical_names(graph)
    assert len(given_names) > 5
    problems = {key: problem for key, value in given_names.items() if (problem := _problem(key[0], value))}
    assert problems == {}


@pytest.mark.parametrize("cloud", CLOUDS)
@few
@given(one=st.from_regex(r"[a-z][a-z0-9-]{0,28}[a-z0-9]", fullmatch=True), other=st.from_regex(r"[a-z][a-z0-9-]{0,28}[a-z0-9]", fullmatch=True))
@example(one="x" * 29 + "a", other="x" * 29 + "b")
@example(one="a-b", other="a--b")
def test_two_components_never_get_the_same_name(cloud: str, one: str, other: str) -> None:
    assume(one != other)
    first, second = (deployed(CLOUDS[cloud], name, {}) for name in (one, other))
    if first is None or second is None:
        return
    shared = {(kind, value) for (kind, _), value in physical_names(first).items()} & {
        (kind, value)
        for (kind, _), value in physical_names(second).items()
        if name_rule(kind).unique in ("global", "account", "region")  # type: ignore[union-attr]
    }
    assert shared == set()


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_component_gets_the_same_names_every_time(cloud: str) -> None:
    assert physical_names(CLOUDS[cloud]("pricing", {})) == physical_names(CLOUDS[cloud]("pricing", {}))


def _problem(token: str, value: str) -> str | None:
    rule = name_rule(token)
    return None if rule is None else rule.problem(value)
