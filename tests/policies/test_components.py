"""Our own components, as production deploys them, break no mandatory rule of the pack."""

from pathlib import Path

import pytest

from modeldeploy.aws.database import RdsDatabase, RdsDatabaseArgs
from modeldeploy.aws.network import AwsNetwork, AwsNetworkArgs
from modeldeploy.spec import Environment
from policies.rules import RULES
from tests.components.aws import mocked as aws
from tests.components.azure import world as azure
from tests.components.gcp import program as gcp
from tests.policies.support import resource
from tests.support.mocks import Graph

PRODUCTION = Environment.PRODUCTION


def aws_endpoint(folder: Path) -> Graph:
    return aws.deploy(aws.arguments(folder, environment=PRODUCTION))


def aws_database(_: Path) -> Graph:
    def program() -> None:
        network = AwsNetwork("net", AwsNetworkArgs(environment=PRODUCTION))
        RdsDatabase("data", RdsDatabaseArgs(database="pricing", network=network.reference(), environment=PRODUCTION))

    return aws.run(program)


GRAPHS = {
    "aws endpoint": aws_endpoint,
    "aws network and database": aws_database,
    "azure endpoint": lambda _: azure.endpoint(environment=PRODUCTION),
    "azure database": lambda _: azure.database(environment=PRODUCTION),
    "azure network": lambda _: azure.network(environment=PRODUCTION),
    "gcp endpoint": lambda _: gcp.endpoint_graph(environment=PRODUCTION),
    "gcp database": lambda _: gcp.database_graph(environment=PRODUCTION),
    "gcp network": lambda _: gcp.network_graph(environment=PRODUCTION),
}


@pytest.mark.parametrize("made", list(GRAPHS))
def test_what_our_components_register_breaks_no_mandatory_rule(made: str, tmp_path: Path) -> None:
    graph = GRAPHS[made](tmp_path)
    mandatory = [rule for rule in RULES if rule.level.value == "mandatory"]
    looked_at = [each for each in graph.registrations if any(resource(each.type, each.inputs).type in rule.types for rule in mandatory)]
    assert len(looked_at) >= 3, "the rules look at what the component makes"
    problems = [
        f"{each.name} ({each.type}): {rule.id}: {message}"
        for each in looked_at
        for rule in mandatory
        for message in rule.findings(resource(each.type, each.inputs))
    ]
    assert problems == []
