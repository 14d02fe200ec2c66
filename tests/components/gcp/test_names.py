import re

import pytest

from modeldeploy.gcp.batch import CloudRunJob, CloudRunJobArgs
from modeldeploy.gcp.names import LONGEST_NETWORK, account_id
from modeldeploy.gcp.network import GoogleNetwork, GoogleNetworkArgs
from modeldeploy.spec.arguments import ArgumentError
from tests.components.gcp.program import model, run

COMPUTE = ("gcp:compute/", "gcp:dns/")
SUFFIX = len("-1a2b3c4")


def test_the_longest_network_name_leaves_room_for_what_is_added() -> None:
    graph = run(lambda: GoogleNetwork("n" * LONGEST_NETWORK, GoogleNetworkArgs()) and {})
    longest = max(len(each.name) for each in graph.registrations if each.type.startswith(COMPUTE) and "name" not in each.inputs)
    assert longest + SUFFIX <= 63


@pytest.mark.parametrize(("name", "stack"), [("a", "b"), ("pricing", "dev"), ("pricing-api", "dynamic-pricing.demo"), ("a" * 30, "prod")])
def test_accounts_have_ids_that_iam_takes(name: str, stack: str) -> None:
    assert re.fullmatch(r"[a-z]([-a-z0-9]{4,28}[a-z0-9])", account_id(name, stack))


def test_accounts_of_two_stacks_differ() -> None:
    assert account_id("hospital-readmission", "readmission.dev") != account_id("hospital-readmission", "readmission.prod")


@pytest.mark.parametrize("name", ["google-reviews", "my-google-ads", "goog-prices"])
def test_names_that_no_bucket_may_have_are_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match=rf"CloudRunJob '{name}': name: '{name}' is no name for it"):
        run(lambda: CloudRunJob(name, CloudRunJobArgs(model=model())) and {})
