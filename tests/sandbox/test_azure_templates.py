"""An ARM deployment puts the resources of its template, or says why it cannot."""

from typing import Any

import pytest

from sandbox.azure_templates import TOKEN
from sandbox.store import Record
from tests.sandbox.cloud import Cloud
from tests.sandbox.test_rules import endpoint_with

TEMPLATE: dict[str, Any] = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"traffic": {"type": "object"}, "tags": {"type": "object", "defaultValue": {}}},
    "resources": [
        {
            "type": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
            "apiVersion": "2025-12-01",
            "name": "WORKSPACE/price",
            "location": "westeurope",
            "kind": "Managed",
            "tags": "[parameters('tags')]",
            "properties": {"authMode": "AADToken", "description": "[[no expression]", "traffic": "[parameters('traffic')]"},
        }
    ],
}


def properties(endpoint: Record, traffic: Any, **changes: Any) -> dict[str, Any]:
    resource = {**TEMPLATE["resources"][0], "name": f"{endpoint.inputs['workspaceName']}/price", **changes}
    return {"mode": "Incremental", "template": {**TEMPLATE, "resources": [resource]}, "parameters": {"traffic": {"value": traffic}}}


def place(endpoint: Record) -> dict[str, Any]:
    return {"resourceGroupName": endpoint.inputs["resourceGroupName"], "deploymentName": "traffic"}


def now(cloud: Cloud, endpoint: Record) -> Any:
    found = cloud.store.get(endpoint.token, endpoint.realm, endpoint.id)
    assert found is not None
    return found.outputs["properties"]


def test_a_deployment_gives_traffic_to_deployments(cloud: Cloud) -> None:
    endpoint, _ = endpoint_with(cloud, "blue", "green")
    made = cloud.create(TOKEN, **place(endpoint), properties=properties(endpoint, {"blue": 90, "green": 10}))
    assert now(cloud, endpoint)["traffic"] == {"blue": 90, "green": 10}
    cloud.update(made, properties=properties(endpoint, {"blue": 0, "green": 100}))
    assert now(cloud, endpoint)["traffic"] == {"blue": 0, "green": 100}


def test_what_the_cloud_made_up_stays_and_what_the_template_leaves_out_goes(cloud: Cloud) -> None:
    endpoint, _ = endpoint_with(cloud, "blue")
    cloud.update(endpoint, properties={"authMode": "AADToken", "publicNetworkAccess": "Disabled"})
    cloud.create(TOKEN, **place(endpoint), properties=properties(endpoint, {"blue": 100}))
    assert now(cloud, endpoint)["scoringUri"] == endpoint.outputs["properties"]["scoringUri"]
    assert "publicNetworkAccess" not in now(cloud, endpoint)


def test_doubled_brackets_are_text(cloud: Cloud) -> None:
    endpoint, _ = endpoint_with(cloud, "blue")
    cloud.create(TOKEN, **place(endpoint), properties=properties(endpoint, {"blue": 100}))
    assert now(cloud, endpoint)["description"] == "[no expression]"


def test_the_rules_of_the_endpoint_hold_and_nothing_is_half_done(cloud: Cloud) -> None:
    endpoint, _ = endpoint_with(cloud, "blue")
    said = cloud.refused_create(TOKEN, **place(endpoint), properties=properties(endpoint, {"red": 100}))
    assert "the endpoint has no deployment 'red'" in said
    assert "sums to 90" in cloud.refused_create(TOKEN, **place(endpoint), properties=properties(endpoint, {"blue": 90}))
    assert not cloud.store.of_type(TOKEN)
    assert "traffic" not in now(cloud, endpoint)


def test_a_deployment_with_traffic_cannot_be_deleted_until_it_has_none(cloud: Cloud) -> None:
    endpoint, (blue, _) = endpoint_with(cloud, "blue", "green")
    made = cloud.create(TOKEN, **place(endpoint), properties=properties(endpoint, {"blue": 100, "green": 0}))
    assert "takes 100% of the traffic" in cloud.refused_delete(blue)
    cloud.update(made, properties=properties(endpoint, {"green": 100}))
    cloud.delete(blue)


def test_deleting_a_deployment_leaves_what_it_deployed(cloud: Cloud) -> None:
    endpoint, _ = endpoint_with(cloud, "blue")
    cloud.delete(cloud.create(TOKEN, **place(endpoint), properties=properties(endpoint, {"blue": 100})))
    assert now(cloud, endpoint)["traffic"] == {"blue": 100}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "nowhere/price"}, "does not exist: the sandbox deploys templates that write existing resources"),
        ({"name": "price"}, "'price' has 1 segments, the type 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints' needs 2"),
        ({"tags": "[parameters('labels')]"}, "the template declares no parameter 'labels'"),
        ({"tags": "[resourceGroup().tags]"}, "the sandbox does not evaluate '[resourceGroup().tags]'"),
        ({"properties": {"authMode": "AADToken", "trafic": {}}}, "resources[0].properties.trafic: unknown property; did you mean 'traffic'?"),
        ({"properties": {"authMode": "Password"}}, "resources[0].properties.authMode: 'Password' is not allowed"),
    ],
)
def test_a_resource_that_cannot_be_put_is_refused(cloud: Cloud, changes: dict[str, Any], reason: str) -> None:
    endpoint, _ = endpoint_with(cloud, "blue")
    assert reason in cloud.refused_create(TOKEN, **place(endpoint), properties=properties(endpoint, {"blue": 100}, **changes))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"parameters": {}}, "properties.parameters.traffic: is required"),
        ({"parameters": {"traffic": {"value": "all"}}}, "properties.parameters.traffic: 'all' is not of the type the template declares, object"),
        ({"parameters": {"traffic": {"value": {}}, "trafic": {"value": {}}}}, "properties.parameters.trafic: the template has no such parameter"),
        ({"template": None}, "properties.template: is required"),
        ({"template": "{}"}, "properties.template: the sandbox deploys templates that are given as objects"),
        ({"mode": "Complete"}, "properties.mode: Complete deletes everything else"),
    ],
)
def test_a_deployment_that_cannot_be_read_is_refused(cloud: Cloud, changes: dict[str, Any], reason: str) -> None:
    endpoint, _ = endpoint_with(cloud, "blue")
    given = {name: value for name, value in {**properties(endpoint, {"blue": 100}), **changes}.items() if value is not None}
    assert reason in cloud.refused_create(TOKEN, **place(endpoint), properties=given)


def test_identities_are_read_as_arm_names_them(cloud: Cloud) -> None:
    endpoint, _ = endpoint_with(cloud, "blue")
    where = {"resourceGroupName": endpoint.inputs["resourceGroupName"]}
    identity = cloud.create("azure-native:managedidentity:UserAssignedIdentity", "who", **where)
    arm = {"type": "UserAssigned", "userAssignedIdentities": {identity.id: {}}}
    cloud.create(TOKEN, **place(endpoint), properties=properties(endpoint, {"blue": 100}, identity=arm))
    found = cloud.store.get(endpoint.token, endpoint.realm, endpoint.id)
    assert found is not None
    assert found.inputs["identity"]["userAssignedIdentities"] == [identity.id]
