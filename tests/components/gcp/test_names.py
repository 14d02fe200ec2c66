import re

import pytest

from modeldeploy.gcp.names import LONGEST, LONGEST_NETWORK, account_id, check_name
from modeldeploy.gcp.network import GoogleNetwork
from modeldeploy.spec import NetworkArgs
from modeldeploy.spec.arguments import ArgumentError
from tests.components.gcp.program import run

COMPUTE = ("gcp:compute/", "gcp:dns/")
SUFFIX = len("-1a2b3c4")


@pytest.mark.parametrize("name", ["a", "pricing-api", "p2", "a" * LONGEST])
def test_names_that_resources_can_have_are_taken(name: str) -> None:
    check_name("VertexEndpoint", name)


@pytest.mark.parametrize("name", ["", "Pricing", "pricing_api", "2nd", "pricing-", "pricing api", "a" * (LONGEST + 1)])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match=f"VertexEndpoint: name: '{name}' is no name for resources of Google Cloud; allowed: 1 to 30"):
        check_name("VertexEndpoint", name)


def test_the_longest_network_name_leaves_room_for_what_is_added() -> None:
    graph = run(lambda: GoogleNetwork("n" * LONGEST_NETWORK, NetworkArgs()) and {})
    longest = max(len(each.name) for each in graph.registrations if each.type.startswith(COMPUTE) and "name" not in each.inputs)
    assert longest + SUFFIX <= 63


@pytest.mark.parametrize(("name", "stack"), [("a", "b"), ("pricing", "dev"), ("pricing-api", "dynamic-pricing.demo"), ("a" * 30, "prod")])
def test_accounts_have_ids_that_iam_takes(name: str, stack: str) -> None:
    assert re.fullmatch(r"[a-z]([-a-z0-9]{4,28}[a-z0-9])", account_id(name, stack))


def test_accounts_of_two_stacks_differ() -> None:
    assert account_id("hospital-readmission", "readmission.dev") != account_id("hospital-readmission", "readmission.prod")
