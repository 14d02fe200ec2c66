from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pulumi
import pytest
from pulumi.errors import InputPropertiesError

from modeldeploy.spec import ManagedEndpointArgs, Scaling
from modeldeploy.spec.arguments import ArgumentError, join, parse

from .factories import endpoint


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Part:
    size: int = 1


@dataclass(frozen=True, kw_only=True)
class Whole:
    name: str
    share: float = 0.5
    on: bool = False
    colour: Colour = Colour.RED
    parts: list[Part] = field(default_factory=list[Part])
    labels: dict[str, str] = field(default_factory=dict[str, str])
    key: pulumi.Input[str] | None = None
    limit: int | None = None


@dataclass(frozen=True, kw_only=True)
class Wider(Whole):
    extra: int = 7


def problems(kind: type[Any], value: object) -> dict[str, str]:
    with pytest.raises(ArgumentError) as caught:
        parse(kind, value, "it")
    return {problem.path: problem.reason for problem in caught.value.problems}


def test_a_mapping_becomes_an_instance_with_defaults() -> None:
    assert parse(Whole, {"name": "x", "parts": [{"size": 2}], "colour": "blue"}, "it") == Whole(name="x", parts=[Part(size=2)], colour=Colour.BLUE)


def test_an_instance_comes_back_equal() -> None:
    whole = Whole(name="x", labels={"a": "b"}, limit=3)
    assert parse(Whole, whole, "it") == whole


def test_an_instance_of_the_class_it_extends_is_taken_and_gets_the_new_defaults() -> None:
    assert parse(Wider, Whole(name="x", share=0.1), "it") == Wider(name="x", share=0.1, extra=7)


def test_an_instance_of_another_class_is_refused() -> None:
    assert "neither Whole nor a map" in problems(Whole, Part())["args"]


def test_numbers_from_the_component_host_arrive_as_floats_and_become_whole() -> None:
    assert parse(Part, {"size": 2.0}, "it").size == 2
    assert type(parse(Part, {"size": 2.0}, "it").size) is int


def test_whole_numbers_are_taken_where_a_fraction_may_stand() -> None:
    assert parse(Whole, {"name": "x", "share": 1}, "it").share == 1.0


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"name": 3}, "name", "3 is not a string"),
        ({"share": "much"}, "share", "'much' is not a number"),
        ({"share": True}, "share", "True is not a number"),
        ({"on": 1}, "on", "1 is not true or false"),
        ({"on": "false"}, "on", "'false' is not true or false"),
        ({"limit": 2.5}, "limit", "2.5 is not a whole number"),
        ({"limit": True}, "limit", "True is not a whole number"),
        ({"colour": "green"}, "colour", "'green' is not allowed; use one of red, blue"),
        ({"parts": {"size": 1}}, "parts", "{'size': 1} is not a list"),
        ({"parts": [{"size": "big"}]}, "parts[0].size", "'big' is not a whole number"),
        ({"parts": [3]}, "parts[0]", "3 is neither Part nor a map of its arguments"),
        ({"labels": ["a"]}, "labels", "['a'] is not a map"),
        ({"labels": {"a": 1}}, "labels.a", "1 is not a string"),
    ],
)
def test_a_wrong_type_names_argument_and_value(change: dict[str, object], path: str, reason: str) -> None:
    assert problems(Whole, {"name": "x", **change}) == {path: reason}


def test_a_missing_argument_is_required() -> None:
    assert problems(Whole, {}) == {"name": "is required"}


def test_an_unknown_name_suggests_the_nearest_and_lists_the_known() -> None:
    assert problems(Part, {"sizes": 1}) == {"sizes": "'sizes' is not known; did you mean 'size'? allowed: size"}


def test_an_output_is_refused_where_the_value_decides_what_is_deployed() -> None:
    assert "an Output is not allowed here" in problems(Part, {"size": pulumi.Output.from_input(1)})["size"]


def test_an_output_is_taken_where_an_input_may_stand() -> None:
    output = pulumi.Output.from_input("key")
    assert parse(Whole, {"name": "x", "key": output}, "it").key is output


def test_every_problem_is_reported_at_once() -> None:
    assert problems(Whole, {"share": "x", "colour": "y"}).keys() == {"name", "share", "colour"}


def test_one_problem_is_one_line_that_names_the_subject() -> None:
    with pytest.raises(ArgumentError, match=r"^SageMakerEndpoint 'p': scaling\.minimum: 0 is not allowed; use 1 or more$"):
        parse(ManagedEndpointArgs, endpoint(scaling=Scaling(minimum=0)), "SageMakerEndpoint 'p'")


def test_rules_of_nested_arguments_are_found_in_instances_too() -> None:
    assert problems(ManagedEndpointArgs, endpoint(scaling=Scaling(minimum=3, maximum=1))) == {
        "scaling.maximum": "1 is below scaling.minimum 3; use 3 or more"
    }


def test_pulumi_takes_the_error_as_input_properties_and_as_a_message_without_traceback() -> None:
    with pytest.raises(ArgumentError) as caught:
        parse(Part, {"size": "x"}, "it")
    assert isinstance(caught.value, InputPropertiesError)
    assert isinstance(caught.value, pulumi.RunError)
    assert caught.value.errors == [{"property_path": "size", "reason": "'x' is not a whole number"}]


@pytest.mark.parametrize(("parent", "child", "path"), [("a", "b", "a.b"), ("a", "[0]", "a[0]"), ("", "b", "b"), ("a", "", "a")])
def test_paths_join_as_they_are_written(parent: str, child: str, path: str) -> None:
    assert join(parent, child) == path
