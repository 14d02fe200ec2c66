"""Our own components, as production deploys them, break no mandatory rule of the pack: neither one over single resources nor one over the stack."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pulumi_policy import PolicyResource, StackValidationArgs
from pulumi_policy.proxy import unknown_checking_proxy

from modeldeploy.aws.database import RdsDatabase, RdsDatabaseArgs
from modeldeploy.aws.network import AwsNetwork, AwsNetworkArgs
from modeldeploy.spec import Environment
from policies.rule import Stack
from policies.rules import RULES, STACK_RULES
from policies.settings import Settings
from tests.components.aws import mocked as aws
from tests.components.aws import test_batch as aws_batch
from tests.components.aws import test_cluster as aws_cluster
from tests.components.aws import test_kubernetes as aws_kubernetes
from tests.components.aws import test_managed_batch as aws_managed_batch
from tests.components.aws import web as aws_web
from tests.components.azure import test_cluster as azure_cluster
from tests.components.azure import test_kubernetes as azure_kubernetes
from tests.components.azure import world as azure
from tests.components.gcp import batches as gcp_batches
from tests.components.gcp import clusters as gcp_clusters
from tests.components.gcp import program as gcp
from tests.components.gcp import web as gcp_web
from tests.components.kubernetes import arguments as kubernetes
from tests.policies.support import options, resource
from tests.support.mocks import Graph

PRODUCTION = Environment.PRODUCTION
SETTINGS = Settings(environment="production", trusted_registries=("registry.example.com",))


def aws_database(_: Path) -> Graph:
    def program() -> None:
        network = AwsNetwork("net", AwsNetworkArgs(environment=PRODUCTION))
        RdsDatabase("data", RdsDatabaseArgs(database="pricing", network=network.reference(), environment=PRODUCTION))

    return aws.run(program)


GRAPHS: dict[str, Callable[[Path], Graph]] = {
    "aws endpoint": lambda folder: aws.deploy(aws.arguments(folder, environment=PRODUCTION)),
    "aws container": lambda folder: aws_web.deploy_service(aws_web.service_args(folder, environment=PRODUCTION)),
    "aws function": lambda folder: aws_web.deploy_function(aws_web.function_args(folder, environment=PRODUCTION)),
    "aws batch": lambda folder: aws_batch.deploy(folder, environment=PRODUCTION),
    "aws managed batch": lambda folder: aws_managed_batch.deploy(folder, environment=PRODUCTION),
    "aws cluster": lambda _: aws_cluster.make(environment=PRODUCTION),
    "aws cluster's workload": lambda folder: aws_kubernetes.deploy(folder, environment=PRODUCTION),
    "aws network and database": aws_database,
    "azure endpoint": lambda _: azure.endpoint(environment=PRODUCTION),
    "azure container": lambda _: azure.container(environment=PRODUCTION),
    "azure function": lambda _: azure.function(environment=PRODUCTION),
    "azure cluster": lambda _: azure_cluster.cluster(environment=PRODUCTION),
    "azure cluster's workload": lambda _: azure_kubernetes.workload(environment=PRODUCTION),
    "azure database": lambda _: azure.database(environment=PRODUCTION),
    "azure network": lambda _: azure.network(environment=PRODUCTION),
    "gcp endpoint": lambda _: gcp.endpoint_graph(environment=PRODUCTION),
    "gcp container": lambda _: gcp_web.service_graph(environment=PRODUCTION),
    "gcp function": lambda _: gcp_web.function_graph(environment=PRODUCTION),
    "gcp batch": lambda _: gcp_batches.job_graph(environment=PRODUCTION),
    "gcp managed batch": lambda _: gcp_batches.prediction_graph(environment=PRODUCTION),
    "gcp cluster": lambda _: gcp_clusters.cluster_graph(environment=PRODUCTION),
    "gcp cluster's workload": lambda _: gcp_clusters.workload_graph(environment=PRODUCTION),
    "gcp database": lambda _: gcp.database_graph(environment=PRODUCTION),
    "gcp network": lambda _: gcp.network_graph(environment=PRODUCTION),
    "kubernetes workload": lambda _: kubernetes.registered(environment=PRODUCTION),
    "kubernetes batch": lambda _: kubernetes.batch(environment=PRODUCTION),
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
        for message in rule.findings(resource(each.type, each.inputs, SETTINGS))
    ]
    whole = Stack(stack_arguments(graph), SETTINGS)
    missing = [
        f"{each.name}: {rule.id}: {message}" for rule in STACK_RULES if rule.level.value == "mandatory" for each, message in rule.findings(whole)
    ]
    assert problems + missing == []


def stack_arguments(graph: Graph) -> StackValidationArgs:
    """The registrations as policies over whole stacks see them."""
    made = {
        each.urn: PolicyResource(each.type, unknown_checking_proxy(dict(each.inputs)), each.urn, each.name, options(), None, None, [], {})
        for each in graph.registrations
    }
    for each in graph.registrations:
        made[each.urn].dependencies.extend(made[urn] for urn in each.depends_on if urn in made)
        for path, used in each.options.propertyDependencies.items():
            made[each.urn].property_dependencies[path] = [made[urn] for urn in used.urns if urn in made]
    return StackValidationArgs(list(made.values()))
