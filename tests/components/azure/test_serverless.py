"""A function on Azure runs source on Functions and images on Container Apps, private and signed in to."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from modeldeploy.azure.alarms import request_query
from modeldeploy.azure.network import AzureNetwork
from modeldeploy.azure.serverless import AzureFunction
from modeldeploy.spec import ArgumentError, Code, DatabaseConnection, Environment, Network
from tests.support.mocks import Graph

from . import world

SITE = "azure-native:web:WebApp"
PLAN = "azure-native:web:AppServicePlan"
SIGN_IN = "azure-native:web:WebAppAuthSettingsV2"
APP = "azure-native:app:ContainerApp"
ENVIRONMENT = "azure-native:app:ManagedEnvironment"
ROUTE = "azure-native:app:HttpRouteConfig"
ACCOUNT = "azure-native:storage:StorageAccount"
CONTAINER = "azure-native:storage:BlobContainer"
BLOB = "azure-native:storage:Blob"
ROLE = "azure-native:authorization:RoleAssignment"
PRIVATE = "azure-native:network:PrivateEndpoint"
QUERY_ALARM = "azure-native:monitor:ScheduledQueryRule"
DIAGNOSTICS = "azure-native:monitor:DiagnosticSetting"
BUDGET = "azure-native:consumption:Budget"
GATEWAY = "azure-native:network:ApplicationGateway"
API = "azure-native:apimanagement:Api"
INSIGHTS = "azure-native:applicationinsights:Component"

DOMAIN = {"hostname": "pricing.example.com", "certificate": world.CERTIFICATE, "zone": world.DNS_ZONE}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    return world.function_code(tmp_path_factory.mktemp("code"))


def code(source: str, **changes: Any) -> Code:
    return Code(**{"source": source, "handler": "function_app.app", **changes})


@pytest.fixture(scope="module")
def image() -> Graph:
    return world.function()


@pytest.fixture(scope="module")
def default(source: str) -> Graph:
    """Source."""
    return world.function(models=[world.function_model(code=code(source))])


@pytest.fixture(scope="module")
def tuned(source: str, tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """Source, with everything other than by default."""
    other = world.function_code(tmp_path_factory.mktemp("other"), answer=43)
    return world.function(
        models=[
            world.function_model(code=code(source, python="3.11", environment={"WORKERS": "4"})),
            world.function_model("2", code=code(other)),
        ],
        rollout={"traffic": {"1": 100, "2": 0}},
        memory_mib=3000,
        request_seconds=90,
        scaling={"minimum": 2, "maximum": 50},
        concurrent_requests=4,
        predict_path="/predict",
        access={"callers": [world.CALLER]},
        secrets={"PARTNER_KEY": world.SECRET},
        secrets_vault_id=world.SECRETS,
        database=DatabaseConnection(id=world.DATABASE, host="data.database.windows.net", database="pricing"),
        operations={"latency_milliseconds": 200, "error_percent": 5, "utilization_percent": 80, "monthly_budget_usd": 90, "log_retention_days": 30},
        allowed_ips=["51.4.4.7"],
        environment=Environment.PRODUCTION,
        tags={"owner": "finance"},
    )


def settings(graph: Graph) -> dict[str, str]:
    return {each["name"]: each["value"] for each in graph.one(SITE).inputs["siteConfig"]["appSettings"]}


def test_a_function_app_is_private_and_takes_tls_only(default: Graph) -> None:
    site = default.one(SITE).inputs
    config = site["siteConfig"]
    assert site["publicNetworkAccess"] == "Disabled"
    assert site["httpsOnly"] is True
    assert site["virtualNetworkSubnetId"] == f"{world.NETWORK}/subnets/functions"
    assert (config["minTlsVersion"], config["scmMinTlsVersion"], config["ftpsState"]) == ("1.2", "1.2", "Disabled")
    assert config["remoteDebuggingEnabled"] is False
    assert site["clientAffinityEnabled"] is False
    assert (site["kind"], site["reserved"]) == ("functionapp,linux", True)


def test_nobody_deploys_with_a_user_s_name_and_password(default: Graph) -> None:
    closed = [default.one(f"azure-native:web:WebApp{kind}Allowed").inputs for kind in ("Ftp", "Scm")]
    assert [each["allow"] for each in closed] == [False, False]
    assert {each["name"] for each in closed} == {default.one(SITE).inputs["name"]}


def test_it_is_entered_by_a_private_endpoint(default: Graph) -> None:
    ways = {each.name: each.inputs["privateLinkServiceConnections"][0] for each in default.all(PRIVATE)}
    assert set(ways) == {"fn", "fn-host", "fn-models"}
    assert ways["fn"]["groupIds"] == ["sites"]
    assert ways["fn"]["privateLinkServiceId"].endswith("/sites/" + default.one(SITE).inputs["name"])


def test_the_plan_costs_nothing_while_nobody_asks(default: Graph, tuned: Graph) -> None:
    plan = default.one(PLAN).inputs
    assert plan["sku"] == {"name": "FC1", "tier": "FlexConsumption"}
    assert (plan["kind"], plan["reserved"], plan["zoneRedundant"]) == ("functionapp", True, False)
    assert tuned.one(PLAN).inputs["zoneRedundant"] is True
    assert default.outputs["monthly_cost"] == 0


def test_it_scales_as_the_arguments_say(default: Graph, tuned: Graph) -> None:
    scale = [graph.one(SITE).inputs["functionAppConfig"]["scaleAndConcurrency"] for graph in (default, tuned)]
    assert scale[0] == {
        "instanceMemoryMB": 2048,
        "maximumInstanceCount": 10,
        "alwaysReady": [],
        "triggers": {"http": {"perInstanceConcurrency": 10}},
    }
    assert scale[1] == {
        "instanceMemoryMB": 4096,
        "maximumInstanceCount": 50,
        "alwaysReady": [{"name": "http", "instanceCount": 2}],
        "triggers": {"http": {"perInstanceConcurrency": 4}},
    }


def test_the_code_is_taken_from_a_container_of_its_own_with_the_identity(default: Graph) -> None:
    config = default.one(SITE).inputs["functionAppConfig"]
    package = default.one(BLOB, "fn-1-code").inputs
    account = default.one(ACCOUNT, "fn-models").inputs["accountName"]
    assert package["blobName"] == "released-package.zip"
    assert package["containerName"].startswith("code-1-")
    assert config["deployment"]["storage"] == {
        "type": "blobContainer",
        "value": f"https://{account}.blob.core.windows.net/{package['containerName']}",
        "authentication": {
            "type": "UserAssignedIdentity",
            "userAssignedIdentityResourceId": default.one(SITE).inputs["identity"]["userAssignedIdentities"][0],
        },
    }
    assert config["runtime"] == {"name": "python", "version": "3.12"}
    assert default.one(ROLE, "fn-1-code").inputs["scope"].endswith(f"/containers/{package['containerName']}")
    assert {default.one(BLOB, "fn-1-code").urn, default.one(ROLE, "fn-1-code").urn} <= default.one(SITE).depends_on


def test_another_code_is_another_container(source: str, tmp_path: Path, default: Graph) -> None:
    changed = world.function(models=[world.function_model(code=code(world.function_code(tmp_path / "code", answer=1)))])
    names = [graph.one(CONTAINER, "fn-1-code").inputs["containerName"] for graph in (default, changed)]
    assert names[0] != names[1]
    assert changed.one(SITE).urn == default.one(SITE).urn


def test_storage_is_entered_with_the_identity_and_no_key(default: Graph) -> None:
    found = settings(default)
    host = default.one(ACCOUNT, "fn-host").inputs
    assert host["allowSharedKeyAccess"] is False
    assert host["publicNetworkAccess"] == "Disabled"
    assert host["encryption"]["keySource"] == "Microsoft.Keyvault"
    assert found["AzureWebJobsStorage__accountName"] == host["accountName"]
    assert (found["AzureWebJobsStorage__credential"], found["AzureWebJobsStorage__clientId"]) == ("managedidentity", "the-client")
    assert "AzureWebJobsStorage" not in found


def test_telemetry_is_sent_with_the_identity_only(default: Graph) -> None:
    assert default.one(INSIGHTS).inputs["disableLocalAuth"] is True
    assert settings(default)["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] == "ClientId=the-client;Authorization=AAD"
    assert settings(default)["APPLICATIONINSIGHTS_CONNECTION_STRING"] == "InstrumentationKey=1;IngestionEndpoint=https://example.com/"
    assert default.one(ROLE, "fn-telemetry").inputs["scope"].endswith("/components/component-1a2b3c4d")


def test_the_identity_may_do_what_it_must_and_no_more(tuned: Graph) -> None:
    mine = {each.name: (each.inputs["roleDefinitionId"].rsplit("/", 1)[-1][:8], each.inputs["scope"].rsplit("/", 1)[-1]) for each in tuned.all(ROLE)}
    host = tuned.one(ACCOUNT, "fn-host").inputs["accountName"]
    assert mine["fn-host"] == ("b7e6dc6d", host)
    assert mine["fn-telemetry"][0] == "3913510d"
    assert mine["fn-read"] == ("2a2b9908", "models")
    assert mine["fn-read-trained"] == ("2a2b9908", "trained")
    assert mine["fn-secret-PARTNER_KEY"] == ("4633458b", "partner")
    assert set(mine) == {
        "fn-keys",
        "fn-host",
        "fn-telemetry",
        "fn-read",
        "fn-read-trained",
        "fn-secret-PARTNER_KEY",
        "fn-1-code",
        "fn-2-code",
    }
    assert {tuned.one(ROLE, name).urn for name in mine if name != "fn-keys"} <= tuned.one(SITE).depends_on


def test_the_function_is_told_where_everything_is(tuned: Graph) -> None:
    found = settings(tuned)
    assert found["WORKERS"] == "4"
    assert found["MODEL_URI"] == world.BLOB
    assert found["MODEL_VERSION"] == "1"
    assert found["AZURE_CLIENT_ID"] == "the-client"
    assert found["DATABASE_HOST"] == "data.database.windows.net"
    assert found["PARTNER_KEY"] == f"@Microsoft.KeyVault(SecretUri={world.SECRET})"
    assert found["AzureFunctionsJobHost__functionTimeout"] == "00:01:30"
    assert found["PYTHON_SCRIPT_FILE_NAME"] == "function_app.py"
    assert tuned.one(SITE).inputs["keyVaultReferenceIdentity"] == tuned.one(SITE).inputs["identity"]["userAssignedIdentities"][0]
    assert tuned.one(SITE).inputs["functionAppConfig"]["runtime"]["version"] == "3.11"
    assert tuned.outputs["database_grant"].startswith("CREATE USER [")


def test_a_local_artifact_is_uploaded_before_the_app_starts(source: str, tmp_path: Path) -> None:
    artifact = world.artifact(tmp_path)
    graph = world.function(models=[world.function_model(code=code(source), source=artifact)], artifact_account_id=None)
    uploaded = [each for each in graph.all(BLOB) if each.name != "fn-1-code"]
    assert len(uploaded) == 2
    assert {each.urn for each in uploaded} <= graph.one(SITE).depends_on
    assert settings(graph)["MODEL_URI"].endswith("/model")


def test_nobody_may_call_by_default_but_the_function_itself(default: Graph, tuned: Graph) -> None:
    sign_in = default.one(SIGN_IN).inputs
    entra = sign_in["identityProviders"]["azureActiveDirectory"]
    assert sign_in["platform"] == {"enabled": True}
    assert sign_in["globalValidation"] == {"requireAuthentication": True, "unauthenticatedClientAction": "Return401"}
    assert sign_in["httpSettings"] == {"requireHttps": True}
    assert sign_in["login"] == {"tokenStore": {"enabled": False}}
    assert sign_in["name"] == default.one(SITE).inputs["name"]
    assert entra["registration"] == {"clientId": world.APPLICATION, "openIdIssuer": f"https://login.microsoftonline.com/{world.TENANT}/v2.0"}
    assert entra["validation"]["allowedAudiences"] == [f"api://{world.APPLICATION}", world.APPLICATION]
    assert entra["validation"]["defaultAuthorizationPolicy"] == {"allowedPrincipals": {"identities": ["the-principal"]}}
    listed = tuned.one(SIGN_IN).inputs["identityProviders"]["azureActiveDirectory"]["validation"]["defaultAuthorizationPolicy"]
    assert listed == {"allowedPrincipals": {"identities": ["the-principal", world.CALLER]}}


def test_without_authentication_there_is_no_sign_in(source: str) -> None:
    graph = world.function(models=[world.function_model(code=code(source))], access={"authentication": "none"}, application_id=None)
    assert not graph.all(SIGN_IN)


def test_a_change_of_traffic_is_an_update_of_the_app_without_a_pause(tuned: Graph, source: str, tmp_path: Path) -> None:
    other = world.function_code(tmp_path / "other", answer=43)
    models = [world.function_model(code=code(source)), world.function_model("2", code=code(other))]
    before, after = (world.function(models=models, rollout={"traffic": traffic}) for traffic in ({"1": 100, "2": 0}, {"1": 0, "2": 100}))
    # Archives are equal only to themselves.
    changing = (SITE, "modeldeploy:index:AzureFunction", BUDGET, BLOB)
    others = [{(each.type, each.name): each.inputs for each in graph.registrations if each.type not in changing} for graph in (before, after)]
    packages = [graph.one(SITE).inputs["functionAppConfig"]["deployment"]["storage"]["value"].rsplit("/", 1)[-1] for graph in (before, after)]
    assert others[0] == others[1]
    assert [each.rsplit("-", 1)[0].startswith(f"code-{version}") for each, version in zip(packages, ("1", "2"), strict=True)] == [True, True]
    assert [settings(graph)["MODEL_VERSION"] for graph in (before, after)] == ["1", "2"]
    assert before.one(SITE).inputs["functionAppConfig"]["siteUpdateStrategy"] == {"type": "RollingUpdate"}
    assert before.outputs["url"] == after.outputs["url"]
    assert (before.outputs["model_version"], after.outputs["model_version"]) == ("1", "2")


def test_the_address_is_the_app_s_and_the_path_the_argument(default: Graph, tuned: Graph) -> None:
    assert default.outputs["url"] == f"https://{default.one(SITE).inputs['name']}.azurewebsites.net/api/invocations"
    assert tuned.outputs["url"].endswith(".azurewebsites.net/predict")
    assert default.outputs["environment_id"] == ""
    assert default.outputs["dns_target"] == ""


def test_source_may_be_public_behind_a_firewall(source: str) -> None:
    graph = world.function(
        models=[world.function_model(code=code(source))],
        access={"exposure": "public", "domain": DOMAIN},
        secrets_vault_id=world.SECRETS,
    )
    gateway = graph.one(GATEWAY).inputs
    assert gateway["backendAddressPools"][0]["backendAddresses"] == [{"fqdn": f"{graph.one(SITE).inputs['name']}.azurewebsites.net"}]
    assert gateway["backendHttpSettingsCollection"][0]["requestTimeout"] == 29
    assert graph.one(SITE).inputs["publicNetworkAccess"] == "Disabled"
    assert {graph.one(PRIVATE, "fn").urn, graph.one(SIGN_IN).urn} <= graph.one(GATEWAY).depends_on
    assert graph.outputs["url"] == "https://pricing.example.com/api/invocations"
    assert graph.outputs["dns_target"] == "203.0.113.9"
    # The gateway's questions keep one instance.
    assert graph.outputs["monthly_cost"] == round(2 * 0.000026 * 730 * 3600, 2)


def test_keys_of_source_are_checked_by_api_management(source: str) -> None:
    graph = world.function(
        models=[world.function_model(code=code(source))], access={"authentication": "api-key"}, api_management_id=world.API_MANAGEMENT
    )
    operations = {each.inputs["method"]: each.inputs["urlTemplate"] for each in graph.all("azure-native:apimanagement:ApiOperation")}
    assert graph.one(API).inputs["serviceUrl"] == f"https://{graph.one(SITE).inputs['name']}.azurewebsites.net"
    assert operations == {"POST": "/api/invocations"}
    assert graph.outputs["url"] == "https://gateway.azure-api.net/fn/api/invocations"


def test_alarms_follow_the_arguments(tuned: Graph) -> None:
    found = {each.name: each.inputs["criteria"]["allOf"][0] for each in tuned.all(QUERY_ALARM)}
    assert {name: each["threshold"] for name, each in found.items()} == {"fn-latency": 200, "fn-errors": 5, "fn-instances": 80}
    assert all(f"'{tuned.one(SITE).inputs['name']}'" in each["query"] for each in found.values())
    assert "avg(DurationMs)" in found["fn-latency"]["query"]
    assert "toint(ResultCode) >= 500" in found["fn-errors"]["query"]
    assert "dcount(AppRoleInstance) / 50" in found["fn-instances"]["query"]


def test_a_measure_of_requests_is_told_only_when_there_were_some() -> None:
    assert request_query("fn", "avg(DurationMs)").endswith("Value = avg(DurationMs)\n| where Requests > 0\n| project Value")


def test_everything_is_logged_and_kept_as_long_as_asked(default: Graph, tuned: Graph, image: Graph) -> None:
    assert default.names(DIAGNOSTICS) == ["fn-keys", "fn-models", "fn-site"]
    assert image.names(DIAGNOSTICS) == ["fn-apps", "fn-keys", "fn-models", "fn-registry"]
    assert tuned.one("azure-native:operationalinsights:Workspace").inputs["retentionInDays"] == 30


def test_the_dashboard_shows_requests(default: Graph) -> None:
    (lens,) = default.one("azure-native:portal:Dashboard").inputs["properties"]["lenses"]
    metrics = [part["metadata"]["settings"]["content"]["options"]["chart"]["metrics"][0]["name"] for part in lens["parts"]]
    assert metrics == ["requests/count", "requests/duration", "requests/failed"]


def test_costs_are_of_what_is_kept_warm_and_the_budget_of_what_there_may_be(default: Graph, tuned: Graph, image: Graph) -> None:
    month = 730 * 3600
    assert tuned.outputs["monthly_cost"] == round(4 * 0.000026 * month * 2, 2)
    assert tuned.one(BUDGET).inputs["amount"] == 90
    assert default.one(BUDGET).inputs["amount"] == round(2 * 0.000026 * month * 10, 2)
    assert image.one(BUDGET).inputs["amount"] == round((0.000024 + 2 * 0.000003) * month * 10, 2)


def test_an_image_runs_on_container_apps_and_scales_to_zero(image: Graph) -> None:
    app = image.one(APP).inputs
    assert app["template"]["scale"] == {
        "minReplicas": 0,
        "maxReplicas": 10,
        "rules": [{"name": "requests", "http": {"metadata": {"concurrentRequests": "10"}}}],
    }
    assert app["template"]["containers"][0]["resources"] == {"cpu": 1, "memory": "2Gi"}
    assert app["template"]["terminationGracePeriodSeconds"] == 29
    assert app["workloadProfileName"] == "Consumption"
    assert not image.all(SITE)
    assert image.one("azure-native:app:ContainerAppsAuthConfig").inputs["containerAppName"] == app["containerAppName"]
    assert image.one(ROLE, "fn-pull").urn in image.one(APP).depends_on
    assert image.outputs["url"].endswith(".calm-hill.westeurope.azurecontainerapps.io/invocations")
    assert image.outputs["environment_id"].endswith("/managedEnvironments/managedenvironment-1a2b3c4d")
    assert image.outputs["monthly_cost"] == 0


def test_images_share_requests_by_any_percentage() -> None:
    models = [world.function_model(version) for version in ("1", "2")]
    graph = world.function(models=models, rollout={"traffic": {"1": 90, "2": 10}}, memory_mib=4096, start_seconds=60, concurrent_requests=2)
    (rule,) = graph.one(ROUTE).inputs["properties"]["rules"]
    assert [each["weight"] for each in rule["targets"]] == [90, 10]
    app = graph.one(APP, "fn-2").inputs["template"]
    assert app["containers"][0]["resources"] == {"cpu": 2, "memory": "4Gi"}
    assert app["containers"][0]["probes"][0]["periodSeconds"] == 6
    assert app["scale"]["rules"][0]["http"]["metadata"] == {"concurrentRequests": "2"}


def test_an_image_uses_a_given_environment_and_a_private_domain() -> None:
    graph = world.function(container_environment_id=world.ENVIRONMENT, registry_id=world.REGISTRY)
    assert not graph.all(ENVIRONMENT)
    assert graph.outputs["environment_id"] == world.ENVIRONMENT
    named = world.function(access={"domain": DOMAIN}, secrets_vault_id=world.SECRETS)
    assert named.outputs["url"] == "https://pricing.example.com/invocations"
    assert named.outputs["dns_target"] == "10.64.1.4"
    assert named.one(ROUTE).inputs["properties"]["customDomains"][0]["name"] == "pricing.example.com"


def test_a_network_of_this_library_fits_as_the_network(source: str) -> None:
    def program() -> dict[str, pulumi.Output[Any]]:
        network = AzureNetwork("net", world.network_args())
        AzureFunction("fn", world.function_args(models=[world.function_model(code=code(source))], network=network.reference()))
        return {"subnet": network.subnet_ids[2]}

    graph = world.run(program)
    assert graph.one(SITE).inputs["virtualNetworkSubnetId"] == graph.outputs["subnet"]


def test_a_network_is_made_and_what_is_given_is_reached_from_it(source: str) -> None:
    graph = world.function(
        models=[world.function_model(code=code(source))],
        network=Network(cidr="10.9.0.0/16"),
        secrets={"PARTNER_KEY": world.SECRET},
        secrets_vault_id=world.SECRETS,
    )
    assert graph.one(SITE).inputs["virtualNetworkSubnetId"].endswith("/subnets/subnet-10.9.2.0-24")
    assert graph.one(PRIVATE, "fn-vault").urn in graph.one(SITE).depends_on


def test_production_protects_stores(tuned: Graph, default: Graph) -> None:
    protected = {(each.type, each.name) for each in tuned.registrations if each.options.protect}
    assert {(ACCOUNT, "fn-models"), ("azure-native:keyvault:Vault", "fn-keys")} <= protected
    assert not [each.name for each in default.registrations if each.options.protect]


def test_everything_that_takes_tags_has_them(tuned: Graph) -> None:
    untagged = {each.type for each in tuned.registrations if each.type.startswith("azure-native") and "tags" not in each.inputs}
    assert untagged == {
        ROLE,
        SIGN_IN,
        BUDGET,
        DIAGNOSTICS,
        CONTAINER,
        BLOB,
        "azure-native:web:WebAppFtpAllowed",
        "azure-native:web:WebAppScmAllowed",
        "azure-native:storage:BlobServiceProperties",
        "azure-native:network:PrivateDnsZoneGroup",
    }
    assert tuned.one(SITE).inputs["tags"]["owner"] == "finance"


def refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"(?s)^AzureFunction 'fn': (.*\n  )?{message}"):
        AzureFunction("fn", world.function_args(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rollout": {"traffic": {"1": 50, "2": 50}}}, r"rollout\.traffic: splits requests, which a function app does not: use 0 and 100"),
        ({"memory_mib": 4097}, "memory_mib: 4097 is not allowed; an instance of Functions has up to 4096"),
        ({"predict_path": "predict"}, "predict_path: 'predict' is not a path"),
        ({"container_environment_id": world.ENVIRONMENT}, "container_environment_id: belongs to images"),
        ({"start_seconds": 60}, "start_seconds: belongs to images"),
        ({"registry_id": world.REGISTRY}, "registry_id: belongs to images"),
        ({"access": {"domain": DOMAIN}, "secrets_vault_id": world.SECRETS}, r"access\.domain: is for public access, or for images"),
        ({"access": {"exposure": "public"}}, r"access\.domain: is required with access\.exposure public"),
        ({"network": world.ATTACHED}, r"network\.subnet_ids: has no number 3, the subnet for function apps, delegated to Microsoft.App/environments"),
        ({"scaling": {"maximum": 1001}}, r"scaling\.maximum: 1001 is not allowed; Azure Functions has up to 1000"),
        ({"operations": {"capture_percent": 5}}, r"operations\.capture_percent: is not offered by Azure Functions"),
    ],
)
def test_bad_arguments_of_source_are_refused(changes: dict[str, Any], message: str, source: str) -> None:
    refused({"models": [world.function_model(version, code=code(source)) for version in ("1", "2")], **changes}, message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"python": "3.14"}, r"models\[0\]\.code\.python: '3.14' is not allowed; Flex Consumption has 3.10, 3.11, 3.12, 3.13"),
        ({"handler": "other.app"}, r"models\[0\]\.code\.handler: 'other.app' names no file in"),
        ({"handler": "a.function_app.app"}, r"models\[0\]\.code\.handler: 'a.function_app.app' names no file in"),
        ({"handler": "function_app.main"}, r"models\[0\]\.code\.handler: 'function_app.main': function_app.py assigns no 'main'"),
    ],
)
def test_code_that_could_not_start_is_refused(changes: dict[str, Any], message: str, source: str) -> None:
    refused({"models": [world.function_model(code=code(source, **changes))]}, message)


def test_code_without_a_host_file_or_with_broken_python_is_refused(tmp_path: Path) -> None:
    (tmp_path / "function_app.py").write_text("def (:")
    models = [world.function_model(code=code(str(tmp_path)))]
    refused({"models": models}, r"models\[0\]\.code\.source: '.*' has no host.json")
    refused({"models": models}, r"models\[0\]\.code\.handler: 'function_app.app': function_app.py assigns no 'app'")


def test_a_name_with_a_type_is_assigned(source: str) -> None:
    graph = world.function(models=[world.function_model(code=code(source, handler="function_app.answer"))])
    assert graph.one(SITE)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"memory_mib": 9000}, "memory_mib: 9000 is not allowed; an instance that comes and goes has up to 8192"),
        ({"predict_path": "/predict"}, "predict_path: belongs to code"),
        ({"start_seconds": 9}, "start_seconds: 9 is not allowed; use 10 to 2400"),
        ({"application_id": None}, "application_id: is required"),
        ({"secrets": {"A": world.SECRET}}, "secrets_vault_id: is required with secrets"),
        ({"artifact_account_id": None}, "artifact_account_id: is required with an artifact"),
        ({"registry_id": "acmemodels"}, "registry_id: 'acmemodels' is no ARM id"),
        ({"network": Network(), "container_environment_id": world.ENVIRONMENT}, r"network\.id: is required with container_environment_id"),
        ({"network": Network(), "database": DatabaseConnection(id="x", host="h", database="d")}, r"network\.id: is required with a database"),
        ({"concurrent_requests": 1001}, "concurrent_requests: 1001 is not allowed; use 1 to 1000"),
        ({"encryption": {"key": world.KEY}}, "key_vault_id: is required with encryption.key on Azure"),
        ({"tags": {f"t{n}": "x" for n in range(14)}}, "tags: 14 tags are too many"),
        ({"allowed_ips": ["10.0.0.4"]}, r"allowed_ips\[0\]: '10.0.0.4' is no public IPv4 address"),
        (
            {"access": {"domain": DOMAIN}, "secrets_vault_id": world.SECRETS, "container_environment_id": world.ENVIRONMENT},
            r"access\.domain: excludes",
        ),
        ({"operations": {"capture_percent": 5}}, r"operations\.capture_percent: is not offered by Container Apps"),
    ],
)
def test_bad_arguments_of_images_are_refused(changes: dict[str, Any], message: str) -> None:
    refused(changes, message)
