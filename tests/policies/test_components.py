"""Our own components, as production deploys them, break no mandatory rule of the pack: neither one over single resources nor one over the stack."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pulumi_policy import EnforcementLevel, PolicyResource, StackValidationArgs
from pulumi_policy.proxy import unknown_checking_proxy

from modeldeploy.aws.database import RdsDatabase, RdsDatabaseArgs
from modeldeploy.aws.network import AwsNetwork, AwsNetworkArgs
from modeldeploy.spec import Environment, Exposure, Network, Operations, WebAccess
from policies.pack import SETTINGS_POLICY
from policies.rule import Rule, Stack, canonical
from policies.rules import RULES, STACK_RULES
from policies.settings import Settings
from tests.components.aws import mocked as aws
from tests.components.aws import test_batch as aws_batch
from tests.components.aws import test_cluster as aws_cluster
from tests.components.aws import test_kubernetes as aws_kubernetes
from tests.components.aws import test_managed_batch as aws_managed_batch
from tests.components.aws import test_serverless_inference as aws_serverless
from tests.components.aws import test_shared_endpoint as aws_shared
from tests.components.aws import test_streaming as aws_streaming
from tests.components.aws import web as aws_web
from tests.components.azure import test_batch as azure_batch
from tests.components.azure import test_batch_pool as azure_pool
from tests.components.azure import test_cluster as azure_cluster
from tests.components.azure import test_container as azure_container
from tests.components.azure import test_endpoint_packages as azure_packages
from tests.components.azure import test_health_records as azure_health
from tests.components.azure import test_kubernetes as azure_kubernetes
from tests.components.azure import test_managed_batch as azure_managed_batch
from tests.components.azure import test_streaming as azure_streaming
from tests.components.azure import world as azure
from tests.components.gcp import batches as gcp_batches
from tests.components.gcp import clusters as gcp_clusters
from tests.components.gcp import program as gcp
from tests.components.gcp import streams as gcp_streams
from tests.components.gcp import test_drift as gcp_drift
from tests.components.gcp import test_health_records as gcp_health
from tests.components.gcp import test_internal_balancer as gcp_balancer
from tests.components.gcp import test_pool as gcp_pool
from tests.components.gcp import web as gcp_web
from tests.components.kubernetes import arguments as kubernetes
from tests.policies.support import options, resource
from tests.policies.test_pack import run
from tests.support.mocks import Graph

PRODUCTION = Environment.PRODUCTION
SETTINGS = Settings(environment="production", trusted_registries=("registry.example.com",))


def aws_database(_: Path) -> Graph:
    def program() -> None:
        network = AwsNetwork("net", AwsNetworkArgs(environment=PRODUCTION))
        RdsDatabase("data", RdsDatabaseArgs(database="pricing", network=network.reference(), environment=PRODUCTION))

    return aws.run(program)


def azure_code(folder: Path) -> str:
    (folder / "score.py").write_text("def init(): ...\ndef run(files): return files")
    return str(folder)


GRAPHS: dict[str, Callable[[Path], Graph]] = {
    "aws endpoint": lambda folder: aws.deploy(aws.arguments(folder, environment=PRODUCTION)),
    "aws endpoint that models share": lambda folder: aws_shared.shared(folder, environment=PRODUCTION),
    "aws container": lambda folder: aws_web.deploy_service(aws_web.service_args(folder, environment=PRODUCTION)),
    "aws function": lambda folder: aws_web.deploy_function(aws_web.function_args(folder, environment=PRODUCTION)),
    "aws batch": lambda folder: aws_batch.deploy(folder, environment=PRODUCTION),
    "aws managed batch": lambda folder: aws_managed_batch.deploy(folder, environment=PRODUCTION),
    "aws cluster": lambda _: aws_cluster.make(environment=PRODUCTION),
    "aws cluster's workload": lambda folder: aws_kubernetes.deploy(folder, environment=PRODUCTION),
    "aws stream": lambda folder: aws_streaming.deploy(folder, environment=PRODUCTION, producers=[aws_web.CALLER]),
    "aws stream in Kafka": lambda folder: aws_streaming.deploy(folder, environment=PRODUCTION, **aws_streaming.ON_MSK),
    "aws stream in a given Kafka": lambda folder: aws_streaming.deploy(folder, environment=PRODUCTION, **aws_streaming.ON_OWN),
    "aws network and database": aws_database,
    "azure endpoint": lambda _: azure.endpoint(environment=PRODUCTION),
    "azure container": lambda _: azure.container(environment=PRODUCTION),
    "azure function": lambda _: azure.function(environment=PRODUCTION),
    "azure function that is always there": lambda _: azure.function(environment=PRODUCTION, premium={}, scaling={"minimum": 2}),
    "azure endpoint that is watched": lambda _: azure.endpoint(
        environment=PRODUCTION, drift={"task": "regression"}, operations={"capture_percent": 5}, **azure_packages.FROM_REGISTRY
    ),
    "azure endpoint that is built": lambda folder: azure.endpoint(environment=PRODUCTION, conda={"1": azure_packages.environment(folder)}),
    "azure batch pool": lambda _: azure_pool.pool(environment=PRODUCTION),
    "azure batch": lambda _: azure_batch.batch(environment=PRODUCTION),
    "azure managed batch": lambda folder: azure_managed_batch.batch(azure_code(folder), environment=PRODUCTION),
    "azure stream": lambda _: azure_streaming.stream(environment=PRODUCTION),
    "azure stream by kafka": lambda _: azure_streaming.stream(environment=PRODUCTION, broker="kafka"),
    "azure stream of a kafka that is given": lambda _: azure_streaming.stream(environment=PRODUCTION, **azure_streaming.OWN_KAFKA),
    "azure health records": lambda _: azure_health.records(environment=PRODUCTION),
    "azure cluster": lambda _: azure_cluster.cluster(environment=PRODUCTION),
    "azure cluster's workload": lambda _: azure_kubernetes.workload(environment=PRODUCTION),
    "azure database": lambda _: azure.database(environment=PRODUCTION),
    "azure network": lambda _: azure.network(environment=PRODUCTION),
    "gcp endpoint": lambda _: gcp.endpoint_graph(environment=PRODUCTION),
    "gcp watched endpoint": lambda _: gcp_drift.watched(environment=PRODUCTION, operations=Operations(capture_percent=10)),
    "gcp container": lambda _: gcp_web.service_graph(environment=PRODUCTION),
    "gcp container with a name in its network": lambda _: gcp_web.service_graph(environment=PRODUCTION, access=gcp_balancer.NAMED, network=Network()),
    "gcp function": lambda _: gcp_web.function_graph(environment=PRODUCTION),
    "gcp batch": lambda _: gcp_batches.job_graph(environment=PRODUCTION),
    "gcp managed batch": lambda _: gcp_batches.prediction_graph(environment=PRODUCTION),
    "gcp stream": lambda _: gcp_streams.stream_graph(environment=PRODUCTION),
    "gcp stream from Kafka": lambda _: gcp_streams.managed_kafka_graph(environment=PRODUCTION),
    "gcp stream from a Kafka that is there": lambda _: gcp_streams.given_kafka_graph(environment=PRODUCTION),
    "gcp health records": lambda _: gcp_health.graph(environment=PRODUCTION),
    "gcp cluster": lambda _: gcp_clusters.cluster_graph(environment=PRODUCTION),
    "gcp cluster's workload": lambda _: gcp_clusters.workload_graph(environment=PRODUCTION),
    "gcp database": lambda _: gcp.database_graph(environment=PRODUCTION),
    "gcp network": lambda _: gcp.network_graph(environment=PRODUCTION),
    "kubernetes workload": lambda _: kubernetes.registered(environment=PRODUCTION),
    "kubernetes batch": lambda _: kubernetes.batch(environment=PRODUCTION),
}


PUBLIC: dict[str, tuple[Callable[[Path], Graph], str]] = {
    "aws container": (
        lambda folder: aws_web.deploy_service(aws_web.service_args(folder, environment=PRODUCTION, access=ON_INTERNET)),
        "aws-apigateway-restapi-public",
    ),
    "aws function": (
        lambda folder: aws_web.deploy_function(aws_web.function_args(folder, environment=PRODUCTION, access=ON_INTERNET)),
        "aws-apigateway-restapi-public",
    ),
    "aws endpoint without machines": (
        lambda folder: aws_serverless.without_machines(folder, environment=PRODUCTION),
        "aws-sagemaker-model-vpc",
    ),
    "azure container": (lambda _: azure.container(environment=PRODUCTION, **azure_container.PUBLIC), "azure-network-applicationgateway-public"),
    "azure function": (lambda _: azure.function(environment=PRODUCTION, **azure_container.PUBLIC), "azure-network-applicationgateway-public"),
    "gcp endpoint in a pool": (lambda _: gcp_pool.pooled(environment=PRODUCTION), "gcp-vertex-endpoint-public"),
    "gcp container": (lambda _: gcp_web.service_graph(environment=PRODUCTION, access=gcp_web.PUBLIC), "gcp-compute-forwardingrule-external"),
    "gcp function": (lambda _: gcp_web.function_graph(environment=PRODUCTION, access=gcp_web.PUBLIC), "gcp-compute-forwardingrule-external"),
}
ON_INTERNET = WebAccess(exposure=Exposure.PUBLIC, domain=aws_web.DOMAIN)


@pytest.mark.parametrize("made", list(PUBLIC))
def test_what_is_outside_of_the_network_on_purpose_breaks_the_one_rule_that_asks_for_a_reason(made: str, tmp_path: Path) -> None:
    deploy, rule = PUBLIC[made]
    assert {problem.split(": ")[1] for problem in violations(deploy(tmp_path))} == {rule}


def test_keys_in_place_of_tokens_break_the_one_rule_that_asks_for_a_reason_and_an_exception_says_it() -> None:
    rule, endpoint = "azure-machinelearning-endpoint-key-login", "azure-native:machinelearningservices:OnlineEndpoint"
    graph = azure.endpoint(environment=PRODUCTION, key_authentication=True, access={"callers": [azure.CALLER]})
    assert {problem.split(": ")[1] for problem in violations(graph)} == {rule}
    made = graph.one(endpoint)
    assert rule in run(endpoint, made.inputs, name=made.name)
    reason = "Read by a partner that has no tokens"
    entry = {"rule": rule, "resource": made.name, "reason": reason, "expires": "2027-01-31"}
    said = run(endpoint, made.inputs, {"exceptions": [entry]}, name=made.name)
    assert rule not in said
    assert reason in said[SETTINGS_POLICY][0]


@pytest.mark.parametrize("made", list(GRAPHS))
def test_what_our_components_register_breaks_no_mandatory_rule(made: str, tmp_path: Path) -> None:
    graph = GRAPHS[made](tmp_path)
    assert sum(canonical(each.type) in BY_TYPE for each in graph.registrations) >= 3, "the rules look at what the component makes"
    assert violations(graph) == []


def violations(graph: Graph) -> list[str]:
    """What mandatory rules say about what a component registers: the resource, the rule and the message."""
    made = [resource(each.type, each.inputs, SETTINGS, name=each.name) for each in graph.registrations]
    single = [(each.name, rule, message) for each in made for rule in BY_TYPE.get(each.type, ()) for message in rule.findings(each)]
    whole = Stack(stack_arguments(graph), SETTINGS)
    over_stack = [(each.name, rule, message) for rule in STACK_RULES for each, message in rule.findings(whole)]
    return [f"{name}: {rule.id}: {message}" for name, rule, message in [*single, *over_stack] if rule.level is EnforcementLevel.MANDATORY]


BY_TYPE: dict[str, list[Rule]] = {}
for each in RULES:
    for token in each.types:
        BY_TYPE.setdefault(token, []).append(each)


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
