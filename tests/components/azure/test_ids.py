"""Ids and names are taken apart and made without asking Azure."""

import re
from typing import Any

import pulumi
import pytest

from modeldeploy.azure import ids
from modeldeploy.azure.connection import grant_statement
from modeldeploy.azure.deployments import deployment_name
from modeldeploy.azure.managed_endpoint import address
from modeldeploy.azure.private_link import ZONES, zone_id
from modeldeploy.azure.workspace import datastore_path

from . import world


def test_an_id_tells_its_group_parent_and_name() -> None:
    assert ids.group_id(world.DATABASE) == world.GROUP
    assert ids.parent(world.DATABASE).endswith("/servers/data")
    assert ids.last(world.DATABASE) == "pricing"


def test_ids_are_read_whatever_their_case() -> None:
    assert ids.segment("/subscriptions/s/resourcegroups/G/providers/x", "resourceGroups") == "G"


def test_a_role_is_named_in_the_subscription_of_its_scope() -> None:
    assert ids.role_id(world.DATABASE, "abc") == f"{world.SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/abc"


def test_a_key_identifier_tells_its_vault_and_name() -> None:
    assert ids.key_parts(world.KEY) == ("https://given.vault.azure.net/", "models")
    assert ids.server_key_name(world.KEY) == "given_models_0123456789abcdef0123456789abcdef"


def test_zones_are_found_by_name_in_the_group_of_the_network() -> None:
    assert zone_id(world.NETWORK, ZONES[0]) == f"{world.GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.api.azureml.ms"


def test_a_path_in_a_datastore_has_the_long_form_that_asset_versions_take() -> None:
    workspace = f"{world.GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws"
    expected = f"azureml:/{world.SUBSCRIPTION}/resourcegroups/given/workspaces/ws/datastores/models/paths/1/abc/model"
    assert datastore_path(workspace, "models", "1/abc/model") == expected


@pytest.mark.parametrize("version", ["1", "2026-11-01", "1.10.3", "a" * 20])
def test_deployment_names_fit_azure_ml(version: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9-]{1,30}[a-z0-9]", deployment_name(version, "Standard_NC96ads_A100_v4"))


def test_versions_that_differ_in_a_dot_get_different_deployments() -> None:
    assert deployment_name("1.2", "Standard_DS3_v2") != deployment_name("1-2", "Standard_DS3_v2")


@pytest.mark.parametrize(("limit", "separator", "pattern"), [(24, "", "[a-z][a-z0-9]{2,23}"), (32, "-", "[a-z][a-z0-9-]{1,30}[a-z0-9]")])
def test_unique_names_fit_and_depend_on_the_group(limit: int, separator: str, pattern: str) -> None:
    def program() -> dict[str, pulumi.Output[Any]]:
        name = "an-endpoint-with-a-very-long-name"
        groups = {"one": world.GROUP, "same": world.GROUP.upper(), "other": world.GROUP + "2"}
        return {key: ids.unique(name, group, limit, separator) for key, group in groups.items()}

    made = world.run(program).outputs
    assert re.fullmatch(pattern, made["one"])
    assert len(made["one"]) <= limit
    assert made["one"] == made["same"] != made["other"]


def test_requests_go_to_the_host_of_the_endpoint_and_the_path_of_the_container() -> None:
    assert (
        address("https://api.westeurope.inference.ml.azure.com/score", "/invocations") == "https://api.westeurope.inference.ml.azure.com/invocations"
    )


def test_the_grant_quotes_the_identity() -> None:
    assert grant_statement("a]b") == "CREATE USER [a]]b] FROM EXTERNAL PROVIDER; ALTER ROLE db_datareader ADD MEMBER [a]]b];"
