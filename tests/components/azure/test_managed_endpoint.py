"""The endpoint is private, encrypted, watched and scaled unless somebody says otherwise."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from modeldeploy.azure.assets import asset_version, environment_version
from modeldeploy.azure.instances import CATALOGUE
from modeldeploy.azure.managed_endpoint import AzureMLEndpoint
from modeldeploy.azure.network import AzureNetwork
from modeldeploy.spec import Compute, Container, DatabaseConnection, Environment, Network
from modeldeploy.spec.compute import choose
from tests.support.mocks import Graph

from . import world

ENDPOINT = "azure-native:machinelearningservices:OnlineEndpoint"
DEPLOYMENT = "azure-native:machinelearningservices:OnlineDeployment"
WORKSPACE = "azure-native:machinelearningservices:Workspace"
RULE = "azure-native:machinelearningservices:ManagedNetworkSettingsRule"
MODEL = "azure-native:machinelearningservices:ModelVersion"
ENVIRONMENT = "azure-native:machinelearningservices:EnvironmentVersion"
DATA = "azure-native:machinelearningservices:DataVersion"
ACCOUNT = "azure-native:storage:StorageAccount"
BLOB = "azure-native:storage:Blob"
VAULT = "azure-native:keyvault:Vault"
KEY = "azure-native:keyvault:Key"
REGISTRY = "azure-native:containerregistry:Registry"
ROLE = "azure-native:authorization:RoleAssignment"
CUSTOM_ROLE = "azure-native:authorization:RoleDefinition"
PRIVATE = "azure-native:network:PrivateEndpoint"
SCALE = "azure-native:monitor:AutoscaleSetting"
METRIC_ALARM = "azure-native:monitor:MetricAlert"
QUERY_ALARM = "azure-native:monitor:ScheduledQueryRule"
DIAGNOSTICS = "azure-native:monitor:DiagnosticSetting"
LOGS = "azure-native:operationalinsights:Workspace"
BUDGET = "azure-native:consumption:Budget"
GROUP = "azure-native:resources:ResourceGroup"


@pytest.fixture(scope="module")
def default() -> Graph:
    return world.endpoint()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """With a network of its own, and a local artifact."""
    source = world.artifact(tmp_path_factory.mktemp("artifact"))
    return world.endpoint(models=[world.model(source=source)], network=Network(cidr="10.9.0.0/16", callers=["192.168.0.0/24"]))


@pytest.fixture(scope="module")
def tuned() -> Graph:
    """Everything other than by default."""
    return world.endpoint(
        models=[
            world.model(
                container=Container(image=world.IMAGE, port=9000, health_path="/health", predict_path="/predict", environment={"WORKERS": "4"})
            ),
            world.model("2"),
        ],
        rollout={"traffic": {"1": 100}},
        compute={"instance_type": "Standard_DS3_v2"},
        scaling={"minimum": 3, "maximum": 6, "target_cpu_percent": 60, "scale_out_seconds": 90, "scale_in_seconds": 600},
        access={"exposure": "public", "callers": [world.CALLER]},
        encryption={"rotation_days": 180},
        database=DatabaseConnection(id=world.DATABASE, host="data.database.windows.net", database="pricing"),
        operations={
            "log_retention_days": 731,
            "latency_milliseconds": 200,
            "error_percent": 5,
            "utilization_percent": 80,
            "capture_percent": 25,
            "emails": ["a@example.com"],
            "monthly_budget_usd": 90,
        },
        concurrent_requests=2,
        timeout_seconds=5,
        allowed_ips=["51.4.4.7"],
        tags={"owner": "finance"},
    )


@pytest.fixture(scope="module")
def given() -> Graph:
    """Everything that can be given is."""
    return world.endpoint(
        resource_group_name="given",
        registry_id=world.REGISTRY,
        encryption={"key": world.KEY},
        key_vault_id=world.VAULT,
        scaling={"minimum": 2, "maximum": 2},
    )


def test_nothing_has_public_access(default: Graph) -> None:
    assert default.one(ENDPOINT).inputs["properties"] == {"authMode": "AADToken", "publicNetworkAccess": "Disabled"}
    workspace = default.one(WORKSPACE).inputs
    assert workspace["publicNetworkAccess"] == "Disabled"
    assert workspace["v1LegacyMode"] is False
    assert workspace["managedNetwork"]["isolationMode"] == "AllowOnlyApprovedOutbound"
    assert workspace["provisionNetworkNow"] is True
    for account in default.all(ACCOUNT):
        assert account.inputs["publicNetworkAccess"] == "Disabled"
        assert account.inputs["networkRuleSet"]["defaultAction"] == "Deny"
        assert account.inputs["allowBlobPublicAccess"] is False
        assert account.inputs["minimumTlsVersion"] == "TLS1_2"
        assert account.inputs["enableHttpsTrafficOnly"] is True
    for vault in default.all(VAULT):
        assert vault.inputs["properties"]["publicNetworkAccess"] == "disabled"
        assert vault.inputs["properties"]["networkAcls"] == {"bypass": "AzureServices", "defaultAction": "Deny"}
    registry = default.one(REGISTRY).inputs
    assert registry["sku"] == {"name": "Premium"}
    assert registry["publicNetworkAccess"] == "Disabled"
    assert registry["adminUserEnabled"] is False
    assert registry["anonymousPullEnabled"] is False


def test_every_store_is_reached_by_a_private_endpoint(default: Graph) -> None:
    groups = {each.name: each.inputs["privateLinkServiceConnections"][0]["groupIds"] for each in default.all(PRIVATE)}
    assert groups == {
        "api-workspace": ["amlworkspace"],
        "api-work-blob": ["blob"],
        "api-work-file": ["file"],
        "api-models": ["blob"],
        "api-secrets": ["vault"],
        "api-registry": ["registry"],
    }


def test_everything_that_takes_it_is_encrypted_with_the_customer_s_key(default: Graph) -> None:
    for account in default.all(ACCOUNT):
        assert account.inputs["encryption"]["keySource"] == "Microsoft.Keyvault"
        assert "keyVersion" not in account.inputs["encryption"]["keyVaultProperties"]
    encryption = default.one(WORKSPACE).inputs["encryption"]
    assert encryption["status"] == "Enabled"
    assert encryption["keyVaultProperties"]["keyIdentifier"].endswith("/" + "0" * 32)
    assert default.one(WORKSPACE).inputs["hbiWorkspace"] is True


def test_whoever_encrypts_waits_until_the_key_may_be_read(default: Graph) -> None:
    access = default.one(ROLE, "api-keys").urn
    assert access in default.one(WORKSPACE).depends_on
    assert all(access in default.one(ACCOUNT, name).depends_on for name in ("api-models", "api-work"))


def test_the_key_rotates_and_its_vault_cannot_be_purged(default: Graph) -> None:
    (action,) = default.one(KEY).inputs["properties"]["rotationPolicy"]["lifetimeActions"]
    assert action == {"action": {"type": "rotate"}, "trigger": {"timeAfterCreate": "P90D"}}
    properties = default.one(VAULT, "api-keys").inputs["properties"]
    assert properties["enableRbacAuthorization"] is True
    assert properties["enablePurgeProtection"] is True
    assert properties["softDeleteRetentionInDays"] == 90


def test_the_key_is_not_deleted_through_a_vault_that_is_closed(default: Graph) -> None:
    assert default.one(KEY).options.deletedWith == default.one(VAULT, "api-keys").urn


def test_rotation_follows_the_arguments(tuned: Graph) -> None:
    (action,) = tuned.one(KEY).inputs["properties"]["rotationPolicy"]["lifetimeActions"]
    assert action["trigger"] == {"timeAfterCreate": "P180D"}


def test_a_given_key_is_used_and_no_vault_for_keys_is_made(given: Graph) -> None:
    graph = given
    assert graph.names(VAULT) == ["api-secrets"]
    assert not graph.all(KEY)
    assert graph.one(WORKSPACE).inputs["encryption"]["keyVaultProperties"] == {"keyIdentifier": world.KEY, "keyVaultArmId": world.VAULT}
    assert graph.one(ROLE, "api-keys").inputs["scope"] == f"{world.VAULT}/keys/models"


def test_the_deployments_identity_may_pull_read_the_models_and_write_metrics(default: Graph) -> None:
    mine = {each.name: each.inputs["scope"] for each in default.all(ROLE) if each.name in ("api-pull", "api-read", "api-metrics", "api-capture")}
    assert mine["api-pull"].endswith("/registries/acmemodels")
    assert mine["api-read"].endswith("/containers/models")
    assert mine["api-metrics"].endswith("/workspaces/" + mine["api-metrics"].rsplit("/", 1)[-1])
    assert "api-capture" not in mine
    waits = default.one(ENDPOINT).depends_on
    assert {default.one(ROLE, name).urn for name in mine} <= waits


def test_no_role_is_given_on_a_group_or_subscription(default: Graph) -> None:
    assert all("/providers/" in each.inputs["scope"] for each in default.all(ROLE))


def test_the_workspace_s_storage_takes_no_keys_and_only_the_model_store_does(default: Graph) -> None:
    shared = {each.name: each.inputs["allowSharedKeyAccess"] for each in default.all(ACCOUNT)}
    assert shared == {"api-work": False, "api-models": True}
    assert default.one(WORKSPACE).inputs["systemDatastoresAuthMode"] == "Identity"


def test_the_workspace_waits_for_its_roles(default: Graph) -> None:
    needed = {each.urn for each in default.all(ROLE) if each.name.startswith("api-workspace-") and each.name != "api-workspace-itself"}
    assert len(needed) == 8
    assert needed <= default.one(WORKSPACE).depends_on


def test_public_access_is_what_the_user_writes(tuned: Graph) -> None:
    assert tuned.one(ENDPOINT).inputs["properties"]["publicNetworkAccess"] == "Enabled"
    assert tuned.one(ENDPOINT).inputs["properties"]["authMode"] == "AADToken"
    assert tuned.one(WORKSPACE).inputs["publicNetworkAccess"] == "Disabled"


def test_callers_may_ask_this_endpoint_for_predictions_and_nothing_else(tuned: Graph) -> None:
    (permission,) = tuned.one(CUSTOM_ROLE).inputs["permissions"]
    assert permission["actions"] == ["Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action"]
    assert permission["dataActions"] == []
    assignment = tuned.one(ROLE, f"api-caller-{world.CALLER}").inputs
    assert "principalType" not in assignment, "a person, a group or an application: Azure finds out, and refuses a wrong kind"
    assert assignment["principalId"] == world.CALLER
    assert assignment["scope"] == tuned.outputs["endpoint_id"]


def test_nobody_may_call_by_default(default: Graph) -> None:
    assert not default.all(CUSTOM_ROLE)


def test_machines_outside_the_network_are_let_in_by_address_only(tuned: Graph) -> None:
    models = tuned.one(ACCOUNT, "api-models").inputs
    assert models["publicNetworkAccess"] == "Enabled"
    assert models["networkRuleSet"]["defaultAction"] == "Deny"
    assert models["networkRuleSet"]["ipRules"] == [{"iPAddressOrRange": "51.4.4.7", "action": "Allow"}]
    assert tuned.one(ACCOUNT, "api-work").inputs["publicNetworkAccess"] == "Disabled"
    assert tuned.one(REGISTRY).inputs["networkRuleSet"]["defaultAction"] == "Deny"


def test_a_given_network_is_used_and_its_zones_are_found_by_name(default: Graph) -> None:
    assert not default.all("modeldeploy:index:AzureNetwork")
    assert {each.inputs["subnet"]["id"] for each in default.all(PRIVATE)} == {world.SUBNET}
    groups = default.all("azure-native:network:PrivateDnsZoneGroup")
    zones = {config["privateDnsZoneId"] for group in groups for config in group.inputs["privateDnsZoneConfigs"]}
    assert all(zone.startswith(f"{world.GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.") for zone in zones)
    assert len(zones) == 6


def test_a_network_of_this_library_fits_as_the_network() -> None:
    def program() -> dict[str, pulumi.Output[Any]]:
        network = AzureNetwork("net", world.network_args())
        AzureMLEndpoint("api", world.endpoint_args(network=network.reference()))
        return {"subnet": network.subnet_ids[0]}

    graph = world.run(program)
    assert {each.inputs["subnet"]["id"] for each in graph.all(PRIVATE)} == {graph.outputs["subnet"]}


def test_a_network_is_made_with_the_range_callers_group_and_key_of_the_endpoint(alone: Graph) -> None:
    (allowed, *_) = alone.one("azure-native:network:NetworkSecurityGroup", "api-network").inputs["securityRules"]
    assert allowed["sourceAddressPrefixes"] == ["10.9.0.0/16", "192.168.0.0/24"]
    assert alone.names(VAULT) == ["api-keys", "api-secrets"]
    assert alone.names(GROUP) == ["api"]
    (subnet,) = {each.inputs["subnet"]["id"] for each in alone.all(PRIVATE)}
    assert subnet.endswith("/subnets/subnet-10.9.0.0-24")


def test_a_given_group_is_used(given: Graph) -> None:
    assert not given.all(GROUP)
    assert given.one(WORKSPACE).inputs["resourceGroupName"] == "given"
    assert given.one(BUDGET).inputs["scope"] == world.GROUP


def test_a_given_registry_is_used(given: Graph) -> None:
    assert not given.all(REGISTRY)
    assert given.one(WORKSPACE).inputs["containerRegistry"] == world.REGISTRY
    assert given.one(ROLE, "api-pull").inputs["scope"] == world.REGISTRY


def test_the_registry_that_is_made_has_the_name_the_images_carry(default: Graph) -> None:
    assert default.one(REGISTRY).inputs["registryName"] == "acmemodels"


def test_local_artifacts_are_uploaded_under_version_and_content(alone: Graph) -> None:
    graph = alone
    paths = sorted(each.inputs["blobName"] for each in graph.all(BLOB))
    assert [path.split("/")[0] for path in paths] == ["1", "1"]
    assert [path.split("/", 2)[2] for path in paths] == ["model/code/score.py", "model/model.pkl"]
    folder = paths[0].removesuffix("/code/score.py")
    assert graph.one(MODEL).inputs["properties"]["modelUri"].endswith(f"/datastores/models/paths/{folder}")
    assert {each.urn for each in graph.all(BLOB)} <= graph.one(MODEL).depends_on
    assert all(each.options.deletedWith == graph.one(ACCOUNT, "api-models").urn for each in graph.all(BLOB))


def test_another_content_is_another_version_of_the_asset(tmp_path: Path) -> None:
    model = world.model(source=world.artifact(tmp_path))
    before = asset_version(model)
    (tmp_path / "model.pkl").write_bytes(b"other trees")
    assert before != asset_version(model)
    assert before.startswith("1-")
    assert len(asset_version(world.model("v" * 20))) <= 30


def test_remote_artifacts_are_used_as_they_are(default: Graph) -> None:
    assert not default.all(BLOB)
    assert default.one(MODEL).inputs["properties"]["modelUri"] == world.REMOTE


def test_the_container_is_asked_as_it_says(tuned: Graph) -> None:
    environment = tuned.one(ENVIRONMENT, "api-1").inputs["properties"]
    routes = environment["inferenceConfig"]
    assert routes["livenessRoute"] == routes["readinessRoute"] == {"path": "/health", "port": 9000}
    assert routes["scoringRoute"] == {"path": "/predict", "port": 9000}
    assert environment["image"] == world.IMAGE
    assert tuned.one(DEPLOYMENT, "api-1").inputs["properties"]["environmentVariables"]["WORKERS"] == "4"
    assert tuned.outputs["url"].endswith(".inference.ml.azure.com/predict")


def test_another_image_port_or_path_is_another_environment() -> None:
    image = world.IMAGE
    containers = [
        Container(image=image),
        Container(image=image.replace("a" * 64, "b" * 64)),
        Container(image=image, port=9000),
        Container(image=image, health_path="/h"),
        Container(image=image, predict_path="/p"),
    ]
    assert len({environment_version(container) for container in containers}) == 5


@pytest.mark.parametrize(
    ("compute", "machine"),
    [
        (Compute(), "Standard_D2as_v4"),
        (Compute(memory_gib=12), "Standard_D4as_v4"),
        (Compute(gpus=1), "Standard_NC4as_T4_v3"),
        (Compute(instance_type="Standard_DS5_v2"), "Standard_DS5_v2"),
    ],
)
def test_the_machine_is_the_cheapest_that_fits(compute: Compute, machine: str) -> None:
    assert choose(compute, CATALOGUE).name == machine


def test_the_machine_asked_for_is_used(tuned: Graph) -> None:
    assert tuned.one(DEPLOYMENT, "api-1").inputs["properties"]["instanceType"] == "Standard_DS3_v2"


def test_replicas_follow_the_processor_within_the_limits(tuned: Graph) -> None:
    scale = tuned.one(SCALE, "api-1").inputs
    (profile,) = scale["profiles"]
    assert profile["capacity"] == {"minimum": "3", "maximum": "6", "default": "3"}
    up, down = profile["rules"]
    assert (up["metricTrigger"]["threshold"], up["scaleAction"]["direction"], up["scaleAction"]["cooldown"]) == (60, "Increase", "PT90S")
    assert (down["metricTrigger"]["threshold"], down["scaleAction"]["direction"], down["scaleAction"]["cooldown"]) == (30, "Decrease", "PT600S")
    assert scale["enabled"] is True
    assert scale["targetResourceUri"].endswith("/deployments/version-1-ds3-v2")
    assert tuned.one(DEPLOYMENT, "api-1").inputs["sku"]["capacity"] == 3


def test_a_version_without_traffic_is_scaled_too_so_that_it_comes_back_to_the_minimum(tuned: Graph) -> None:
    assert tuned.names(SCALE) == ["api-1", "api-2"]


def test_an_update_leaves_the_number_of_replicas_to_the_autoscaler(default: Graph) -> None:
    assert list(default.one(DEPLOYMENT).options.ignoreChanges) == ["sku.capacity"]


def test_a_fixed_number_of_replicas_has_no_autoscaler_and_is_kept(given: Graph) -> None:
    assert not given.all(SCALE)
    assert not given.one(DEPLOYMENT).options.ignoreChanges


def test_requests_are_limited_as_the_arguments_say(tuned: Graph) -> None:
    settings = tuned.one(DEPLOYMENT, "api-1").inputs["properties"]["requestSettings"]
    assert settings["maxConcurrentRequestsPerInstance"] == 2
    assert settings["requestTimeout"] == "PT5S"


def test_a_database_is_reached_by_a_rule_a_role_and_variables(tuned: Graph) -> None:
    rule = tuned.one(RULE, "api-database").inputs["properties"]
    assert rule["destination"]["serviceResourceId"] == world.DATABASE.removesuffix("/databases/pricing")
    assert rule["destination"]["subresourceTarget"] == "sqlServer"
    assert tuned.one(ROLE, "api-workspace-database").inputs["scope"].endswith("/servers/data")
    assert tuned.one(DEPLOYMENT, "api-2").inputs["properties"]["environmentVariables"] == {
        "AZURE_CLIENT_ID": "the-client",
        "DATABASE_HOST": "data.database.windows.net",
        "DATABASE_PORT": "1433",
        "DATABASE_NAME": "pricing",
        "DATABASE_USER": "the-client",
    }
    assert tuned.outputs["database_grant"].startswith("CREATE USER [userassignedidentity-1a2b3c4d] FROM EXTERNAL PROVIDER;")


def test_without_a_database_there_is_nothing_to_grant(default: Graph) -> None:
    assert default.outputs["database_grant"] == ""
    assert default.names(RULE) == ["api-models"]


def test_the_endpoint_waits_for_the_rules_of_its_network(default: Graph) -> None:
    assert default.one(RULE).urn in default.one(ENDPOINT).depends_on


def test_alarms_have_the_numbers_of_operations(tuned: Graph) -> None:
    latency, cpu = tuned.one(METRIC_ALARM, "api-latency").inputs, tuned.one(METRIC_ALARM, "api-1-cpu").inputs
    assert latency["criteria"]["allOf"][0]["threshold"] == 200
    assert cpu["criteria"]["allOf"][0]["threshold"] == 80
    (condition,) = tuned.one(QUERY_ALARM).inputs["criteria"]["allOf"]
    assert condition["threshold"] == 5
    assert "AmlOnlineEndpointTrafficLog" in condition["query"]
    assert condition["failingPeriods"] == {"numberOfEvaluationPeriods": 2, "minFailingPeriodsToAlert": 2}


def test_every_alarm_mails_everybody(tuned: Graph) -> None:
    group = tuned.one("azure-native:monitor:ActionGroup")
    assert [each["emailAddress"] for each in group.inputs["emailReceivers"]] == ["a@example.com"]
    assert tuned.names(METRIC_ALARM) == ["api-1-cpu", "api-2-cpu", "api-latency"]
    assert all(each.inputs["actions"] == [{"actionGroupId": f"{group.name}-id"}] for each in tuned.all(METRIC_ALARM))
    assert tuned.one(QUERY_ALARM).inputs["actions"] == {"actionGroups": [f"{group.name}-id"]}


def test_logs_are_kept_as_long_as_asked_within_what_azure_keeps(default: Graph, tuned: Graph) -> None:
    assert default.one(LOGS).inputs["retentionInDays"] == 90
    assert tuned.one(LOGS).inputs["retentionInDays"] == 730


def test_the_logs_of_everything_go_there(default: Graph) -> None:
    assert default.names(DIAGNOSTICS) == ["api-endpoint", "api-keys", "api-models", "api-registry", "api-workspace"]
    assert default.one(DIAGNOSTICS, "api-models").inputs["resourceUri"].endswith("/blobServices/default")


def test_requests_are_not_captured_by_default(default: Graph) -> None:
    assert "dataCollector" not in default.one(DEPLOYMENT).inputs["properties"]
    assert not default.all(DATA)


def test_a_share_of_requests_is_captured_when_asked(tuned: Graph) -> None:
    collector = tuned.one(DEPLOYMENT, "api-1").inputs["properties"]["dataCollector"]
    assert {name: each["samplingRate"] for name, each in collector["collections"].items()} == {"request": 0.25, "response": 0.25}
    assert tuned.names(DATA) == ["api-1-request", "api-1-response", "api-2-request", "api-2-response"]
    assert tuned.one(ROLE, "api-capture").inputs["scope"] == tuned.one(WORKSPACE).inputs["storageAccount"]


def test_the_budget_is_given_or_the_cost_of_all_replicas(default: Graph, tuned: Graph) -> None:
    assert default.one(BUDGET).inputs["amount"] == 700.8
    assert tuned.one(BUDGET).inputs["amount"] == 90
    alerts = {(each["thresholdType"], each["threshold"]) for each in default.one(BUDGET).inputs["notifications"].values()}
    assert alerts == {("Actual", 80), ("Actual", 100), ("Forecasted", 100)}
    assert list(default.one(BUDGET).options.ignoreChanges) == ["timePeriod"]


def test_the_cost_counts_machines_versions_and_the_minimum_of_replicas(default: Graph, tuned: Graph) -> None:
    assert default.outputs["monthly_cost"] == round(0.096 * 730 * 2, 2)
    assert tuned.outputs["monthly_cost"] == round(0.293 * 730 * 3 * 2, 2)


def test_outputs_tell_where_to_look(default: Graph) -> None:
    assert default.outputs["identity"] == "the-principal"
    assert default.outputs["logs"].startswith("https://portal.azure.com/#resource/subscriptions/")
    assert default.outputs["dashboard_url"].startswith("https://portal.azure.com/#dashboard/arm/subscriptions/")
    assert default.outputs["endpoint_id"].startswith(default.outputs["workspace_id"] + "/onlineEndpoints/")


def test_the_dashboard_shows_the_endpoint_and_every_version(tuned: Graph) -> None:
    (lens,) = tuned.one("azure-native:portal:Dashboard").inputs["properties"]["lenses"]
    titles = [part["metadata"]["settings"]["content"]["options"]["chart"]["title"] for part in lens["parts"]]
    assert "Latency in milliseconds" in titles
    assert {"Replicas, version 1", "Replicas, version 2"} <= set(titles)
    assert len({(part["position"]["x"], part["position"]["y"]) for part in lens["parts"]}) == len(titles) == 9


def test_everything_that_takes_tags_has_them(tuned: Graph) -> None:
    expected = {"owner": "finance", "environment": "dev", "managed-by": "modeldeploy"}
    without = {
        "authorization:RoleAssignment",
        "authorization:RoleDefinition",
        "consumption:Budget",
        "machinelearningservices:Datastore",
        "machinelearningservices:ManagedNetworkSettingsRule",
        "monitor:DiagnosticSetting",
        "network:PrivateDnsZoneGroup",
        "storage:BlobContainer",
        "storage:BlobServiceProperties",
    }
    for each in tuned.registrations:
        if each.type.startswith("azure-native:") and each.type.removeprefix("azure-native:") not in without:
            tags = each.inputs.get("tags") or each.inputs["properties"]["tags"]
            assert expected.items() <= tags.items(), (each.type, each.name)


def test_production_stores_refuse_deletion_and_development_ones_do_not(default: Graph) -> None:
    stores = {
        ACCOUNT: {"api-models", "api-work"},
        VAULT: {"api-keys", "api-secrets"},
        KEY: {"api-key"},
        REGISTRY: {"api-registry"},
        GROUP: {"api"},
    }
    production = world.endpoint(environment=Environment.PRODUCTION)
    protected = {(each.type, each.name) for each in production.registrations if each.options.protect}
    assert {(kind, name) for kind, names in stores.items() for name in names} <= protected
    assert not [each.name for each in default.registrations if each.options.protect]


def test_production_is_redundant_over_zones(default: Graph) -> None:
    production = world.endpoint(environment=Environment.PRODUCTION)
    skus = [graph.one(ACCOUNT, "api-models").inputs["sku"]["name"] for graph in (production, default)]
    assert skus == ["Standard_ZRS", "Standard_LRS"]
