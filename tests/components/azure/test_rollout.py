"""The steps of a release change traffic, and what is deleted has none."""

from typing import Any

from modeldeploy.azure.traffic import API_VERSION, TEMPLATE
from tests.support.mocks import Graph

from . import world

ENDPOINT = "azure-native:machinelearningservices:OnlineEndpoint"
DEPLOYMENT = "azure-native:machinelearningservices:OnlineDeployment"
TRAFFIC = "azure-native:resources:Deployment"


def release(*versions: str, traffic: dict[str, int] | None = None) -> Graph:
    models = [world.model(version) for version in versions]
    return world.endpoint(models=models, rollout={"traffic": traffic}) if traffic else world.endpoint(models=models)


def changed() -> Graph:
    """One version, with everything else that the endpoint and its traffic have in common changed."""
    return world.endpoint(compute={"instance_type": "Standard_DS4_v2"}, access={"exposure": "public"}, tags={"owner": "[finance]"})


def parameters(graph: Graph) -> dict[str, Any]:
    return {name: each["value"] for name, each in graph.one(TRAFFIC).inputs["properties"]["parameters"].items()}


def test_the_first_version_gets_everything() -> None:
    graph = release("1")
    assert parameters(graph)["traffic"] == {"version-1-d2as-v4": 100}
    assert graph.outputs["model_version"] == "1"


def test_a_canary_is_a_second_deployment_with_a_share() -> None:
    graph = release("1", "2", traffic={"1": 90, "2": 10})
    assert sorted(each.inputs["deploymentName"] for each in graph.all(DEPLOYMENT)) == ["version-1-d2as-v4", "version-2-d2as-v4"]
    assert parameters(graph)["traffic"] == {"version-1-d2as-v4": 90, "version-2-d2as-v4": 10}
    assert graph.outputs["model_version"] == "1"


def test_a_promotion_moves_everything_to_the_new_version() -> None:
    graph = release("1", "2", traffic={"1": 0, "2": 100})
    assert parameters(graph)["traffic"] == {"version-1-d2as-v4": 0, "version-2-d2as-v4": 100}
    assert graph.outputs["model_version"] == "2"


def test_a_rollback_is_the_same_graph_with_other_shares() -> None:
    before, after = release("1", "2", traffic={"1": 0, "2": 100}), release("1", "2", traffic={"1": 100, "2": 0})

    def others(graph: Graph) -> dict[Any, Any]:
        skipped = (TRAFFIC, "modeldeploy:index:AzureMLEndpoint", "azure-native:consumption:Budget")
        return {(each.type, each.name): each.inputs for each in graph.registrations if each.type not in skipped}

    assert others(before) == others(after)
    assert parameters(after)["traffic"] == {"version-1-d2as-v4": 100, "version-2-d2as-v4": 0}


def test_traffic_moves_after_every_deployment_is_there() -> None:
    graph = release("1", "2", traffic={"1": 90, "2": 10})
    assert {each.urn for each in graph.all(DEPLOYMENT)} <= graph.one(TRAFFIC).depends_on


def test_a_version_keeps_its_resources_through_a_release() -> None:
    first, canary = release("1"), release("1", "2", traffic={"1": 90, "2": 10})
    kept = {each.urn for each in first.registrations}
    assert kept <= {each.urn for each in canary.registrations}


def test_another_machine_is_another_deployment_of_the_same_version() -> None:
    graph = changed()
    assert graph.one(DEPLOYMENT).inputs["deploymentName"] == "version-1-ds4-v2"
    assert graph.one(DEPLOYMENT).urn == release("1").one(DEPLOYMENT).urn
    assert parameters(graph)["traffic"] == {"version-1-ds4-v2": 100}


def test_the_endpoint_is_created_without_traffic_and_an_update_does_not_take_it_away() -> None:
    endpoint = release("1").one(ENDPOINT)
    assert "traffic" not in endpoint.inputs["properties"]
    assert {"properties.traffic", "properties.mirrorTraffic", "tags"} <= set(endpoint.options.ignoreChanges)


def test_deployments_go_with_the_endpoint_whatever_their_traffic() -> None:
    graph = release("1", "2", traffic={"1": 90, "2": 10})
    assert {each.options.deletedWith for each in graph.all(DEPLOYMENT)} == {graph.one(ENDPOINT).urn}


def test_the_endpoint_is_written_again_as_it_was_created() -> None:
    graph = changed()
    properties = graph.one(TRAFFIC).inputs["properties"]
    (resource,) = properties["template"]["resources"]
    created = graph.one(ENDPOINT).inputs
    assert properties["mode"] == "Incremental"
    assert resource["apiVersion"] == API_VERSION
    assert resource["kind"] == created["kind"]
    given = parameters(graph)
    assert given["authMode"] == created["properties"]["authMode"] == "AADToken"
    assert given["publicNetworkAccess"] == created["properties"]["publicNetworkAccess"] == "Enabled"
    assert given["tags"] == created["tags"]
    assert given["location"] == "westeurope"
    assert list(given["identity"]["userAssignedIdentities"]) == created["identity"]["userAssignedIdentities"]
    workspace, name = given["name"].split("/")
    assert (workspace, name) == (created["workspaceName"], created["endpointName"])


def test_no_value_of_the_user_is_in_the_template_where_arm_would_evaluate_it() -> None:
    assert changed().one(TRAFFIC).inputs["properties"]["template"] == release("1").one(TRAFFIC).inputs["properties"]["template"] == TEMPLATE


def test_every_parameter_is_declared_and_used() -> None:
    properties = release("1").one(TRAFFIC).inputs["properties"]
    text = str(properties["template"]["resources"])
    assert set(properties["parameters"]) == set(properties["template"]["parameters"])
    assert all(f"[parameters('{name}')]" in text for name in properties["parameters"])
