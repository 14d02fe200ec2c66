import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modeldeploy.spec.arguments import ArgumentError
from modeldeploy.spec.names import check_name, fit

names = st.text(min_size=1, max_size=300)
limits = st.integers(min_value=12, max_value=64)


@given(names, limits)
@example("a-" * 100, 12)
def test_a_name_fits_limit_and_alphabet(name: str, limit: int) -> None:
    fitted = fit(name, limit)
    assert len(fitted) <= limit
    assert re.fullmatch(r"[a-z][a-z0-9-]*[a-z0-9]|[a-z]", fitted)


@given(names, limits)
def test_a_name_without_dashes_fits_where_none_are_allowed(name: str, limit: int) -> None:
    fitted = fit(name, limit, separator="")
    assert len(fitted) <= limit
    assert re.fullmatch(r"[a-z][a-z0-9]*", fitted)


@given(names, names, limits)
@example("Pricing", "pricing", 32)
@example("a" * 40 + "b", "a" * 40 + "c", 32)
@example("a_b", "a-b", 32)
@example("a--b", "a-b", 32)
def test_two_names_never_meet(one: str, other: str, limit: int) -> None:
    assert (fit(one, limit) == fit(other, limit)) == (one == other)


@given(names, limits)
def test_a_name_is_the_same_every_time(name: str, limit: int) -> None:
    assert fit(name, limit) == fit(name, limit)


def test_a_name_that_fits_is_left_alone() -> None:
    assert fit("pricing-api", 32) == "pricing-api"


def test_a_name_that_is_cut_says_so_with_a_hash() -> None:
    assert re.fullmatch(r"dynamic-pricing-in-the-[0-9a-f]{8}", fit("dynamic-pricing-in-the-north-of-europe", 31))


@pytest.mark.parametrize("name", ["a", "pricing-api", "p2", "a" * 30])
def test_names_that_resources_can_have_are_taken(name: str) -> None:
    check_name("VertexEndpoint 'x'", name, 30)


@pytest.mark.parametrize("name", ["", "Pricing", "pricing_api", "2nd", "pricing-", "pricing--api", "pricing api", "a" * 31])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match=f"VertexEndpoint 'x': name: '{name}' is no name for it; allowed: 1 to 30"):
        check_name("VertexEndpoint 'x'", name, 30)
