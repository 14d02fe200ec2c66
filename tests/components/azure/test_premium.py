"""A function on Azure with machines that are always there: a Premium plan of Functions, from source or from an image."""

from pathlib import Path
from typing import Any

import pytest

from modeldeploy.azure.premium_app import PremiumPlan, PremiumSize
from modeldeploy.spec import ArgumentError, Code, Container, Environment
from tests.support.mocks import Graph

from . import world

SITE = "azure-native:web:WebApp"
PLAN = "azure-native:web:AppServicePlan"
SIGN_IN = "azure-native:web:WebAppAuthSettingsV2"
APP = "azure-native:app:ContainerApp"
ACCOUNT = "azure-native:storage:StorageAccount"
BLOB = "azure-native:storage:Blob"
ROLE = "azure-native:authorization:RoleAssignment"
PRIVATE = "azure-native:network:PrivateEndpoint"
REGISTRY = "azure-native:containerregistry:Registry"
DIAGNOSTICS = "azure-native:monitor:DiagnosticSetting"
QUERY_ALARM = "azure-native:monitor:ScheduledQueryRule"
BUDGET = "azure-native:consumption:Budget"
WARM = {"minimum": 1, "maximum": 10}
OWN_SUBNET = f"{world.NETWORK}/subnets/plans"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    return world.function_code(tmp_path_factory.mktemp("code"))


def premium(changes: dict[str, Any] | None = None, **arguments: Any) -> Graph:
    return world.function(**{"premium": changes or {}, "scaling": WARM, **arguments})


def written(source: str, version: str = "1", **changes: Any) -> Any:
    return world.function_model(version, code=Code(source=source, handler="function_app.app", **changes))


@pytest.fixture(scope="module")
def code(source: str) -> Graph:
    return premium(models=[written(source, python="3.11", environment={"WORKERS": "4"})])


@pytest.fixture(scope="module")
def image() -> Graph:
    return premium()


@pytest.fixture(scope="module")
def tuned() -> Graph:
    """An image, with everything other than by default."""
    container = Container(image=world.IMAGE, port=80, health_path="/api/health", predict_path="/api/predict", environment={"WORKERS": "4"})
    return premium(
        {"size": "EP3", "prewarmed": 3, "subnet_id": OWN_SUBNET},
        models=[world.function_model("1", container=container), world.function_model("2")],
        rollout={"traffic": {"1": 100}},
        scaling={"minimum": 2, "maximum": 40},
        memory_mib=10000,
        concurrent_requests=4,
        request_seconds=90,
        start_seconds=900,
        registry_id=world.REGISTRY,
        secrets={"PARTNER_KEY": world.SECRET},
        secrets_vault_id=world.SECRETS,
        access={"callers": [world.CALLER]},
        environment=Environment.PRODUCTION,
    )


def settings(graph: Graph) -> dict[str, str]:
    return {each["name"]: each["value"] for each in graph.one(SITE).inputs["siteConfig"]["appSettings"]}


def test_machines_are_always_there(code: Graph, tuned: Graph) -> None:
    plan, config = code.one(PLAN, "fn-premium").inputs, code.one(SITE, "fn-premium").inputs["siteConfig"]
    assert plan["sku"] == {"name": "EP1", "tier": "ElasticPremium", "capacity": 1}
    assert (plan["kind"], plan["reserved"], plan["maximumElasticWorkerCount"], plan["zoneRedundant"]) == ("elastic", True, 10, False)
    assert (config["minimumElasticInstanceCount"], config["preWarmedInstanceCount"], config["functionAppScaleLimit"]) == (1, 1, 10)
    plan, config = tuned.one(PLAN).inputs, tuned.one(SITE).inputs["siteConfig"]
    assert plan["sku"] == {"name": "EP3", "tier": "ElasticPremium", "capacity": 2}
    assert (plan["maximumElasticWorkerCount"], plan["zoneRedundant"]) == (40, True)
    assert (config["minimumElasticInstanceCount"], config["preWarmedInstanceCount"], config["functionAppScaleLimit"]) == (2, 3, 40)


def test_source_is_run_from_its_package_without_a_key(code: Graph) -> None:
    site = code.one(SITE).inputs
    assert site["kind"] == "functionapp,linux"
    assert site["siteConfig"]["linuxFxVersion"] == "Python|3.11"
    assert site["siteConfig"]["acrUseManagedIdentityCreds"] is False
    assert "functionAppConfig" not in site
    package, account = code.one(BLOB, "fn-1-code").inputs, code.one(ACCOUNT, "fn-models").inputs["accountName"]
    found = settings(code)
    assert found["WEBSITE_RUN_FROM_PACKAGE"] == f"https://{account}.blob.core.windows.net/{package['containerName']}/released-package.zip"
    assert [found["WEBSITE_RUN_FROM_PACKAGE_BLOB_MI_RESOURCE_ID"]] == site["identity"]["userAssignedIdentities"]
    assert found["PYTHON_SCRIPT_FILE_NAME"] == "function_app.py"
    assert (found["FUNCTIONS_EXTENSION_VERSION"], found["FUNCTIONS_WORKER_RUNTIME"]) == ("~4", "python")
    assert found["AzureWebJobsStorage__credential"] == "managedidentity"
    assert not [name for name in found if name.startswith("WEBSITE_CONTENT")], "Azure Files opens with a key only"
    assert (found["WORKERS"], found["MODEL_VERSION"], found["MODEL_URI"]) == ("4", "1", world.BLOB)
    assert found["AzureFunctionsJobHost__extensions__http__maxConcurrentRequests"] == "10"
    assert code.one(BLOB, "fn-1-code").urn in code.one(SITE).depends_on
    assert code.outputs["url"].endswith(".azurewebsites.net/api/invocations")
    assert not code.all(REGISTRY)


def test_an_image_is_pulled_with_the_identity_through_the_network(image: Graph) -> None:
    site = image.one(SITE).inputs
    config, found = site["siteConfig"], settings(image)
    assert site["kind"] == "functionapp,linux,container"
    assert config["linuxFxVersion"] == f"DOCKER|{world.IMAGE}"
    assert (config["acrUseManagedIdentityCreds"], config["acrUserManagedIdentityID"]) == (True, "the-client")
    assert config["healthCheckPath"] == "/ping"
    assert (found["WEBSITES_PORT"], found["WEBSITES_ENABLE_APP_SERVICE_STORAGE"], found["WEBSITES_CONTAINER_START_TIME_LIMIT"]) == (
        "8080",
        "false",
        "120",
    )
    assert "WEBSITE_RUN_FROM_PACKAGE" not in found
    pull = image.one(ROLE, "fn-pull")
    assert pull.inputs["scope"].endswith("/registries/acmemodels")
    assert pull.urn in image.one(SITE).depends_on
    assert image.one(REGISTRY)
    assert "fn-registry" in image.names(DIAGNOSTICS)
    assert not image.all(APP)
    assert image.outputs["url"].endswith(".azurewebsites.net/invocations")


def test_the_arguments_of_an_image_arrive(tuned: Graph) -> None:
    config, found = tuned.one(SITE).inputs["siteConfig"], settings(tuned)
    assert config["healthCheckPath"] == "/api/health"
    assert (found["WEBSITES_PORT"], found["WORKERS"], found["WEBSITES_CONTAINER_START_TIME_LIMIT"]) == ("80", "4", "900")
    assert found["AzureFunctionsJobHost__extensions__http__maxConcurrentRequests"] == "4"
    assert found["AzureFunctionsJobHost__functionTimeout"] == "00:01:30"
    assert found["PARTNER_KEY"] == f"@Microsoft.KeyVault(SecretUri={world.SECRET})"
    assert found["MODEL_VERSION"] == "1"
    assert tuned.outputs["model_version"] == "1"
    assert tuned.outputs["url"].endswith("/api/predict")
    assert tuned.one(SIGN_IN).inputs["name"] == tuned.one(SITE).inputs["name"]


@pytest.mark.parametrize("kind", ["code", "image"])
def test_it_is_as_closed_as_on_flex_consumption(kind: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(kind)
    site = graph.one(SITE).inputs
    assert (site["publicNetworkAccess"], site["httpsOnly"], site["clientAffinityEnabled"]) == ("Disabled", True, False)
    config = site["siteConfig"]
    assert (config["minTlsVersion"], config["scmMinTlsVersion"], config["ftpsState"]) == ("1.2", "1.2", "Disabled")
    assert config["remoteDebuggingEnabled"] is False
    assert site["outboundVnetRouting"] == {"allTraffic": True}
    closed = [graph.one(f"azure-native:web:WebApp{each}Allowed").inputs for each in ("Ftp", "Scm")]
    assert [(each["allow"], each["name"]) for each in closed] == [(False, site["name"])] * 2
    ways = {each.name: each.inputs["privateLinkServiceConnections"][0] for each in graph.all(PRIVATE)}
    assert ways["fn-premium"]["groupIds"] == ["sites"]
    assert ways["fn-premium"]["privateLinkServiceId"].endswith("/sites/" + site["name"])
    assert graph.one(SIGN_IN).inputs["globalValidation"]["requireAuthentication"] is True
    assert graph.names(QUERY_ALARM) == ["fn-errors", "fn-instances", "fn-latency"]
    assert "fn-premium-site" in graph.names(DIAGNOSTICS)


def test_it_is_joined_to_a_subnet_for_app_service(code: Graph, tuned: Graph) -> None:
    assert code.one(SITE).inputs["virtualNetworkSubnetId"] == f"{world.NETWORK}/subnets/api"
    assert tuned.one(SITE).inputs["virtualNetworkSubnetId"] == OWN_SUBNET
    premium({"subnet_id": OWN_SUBNET}, network=world.ATTACHED)
    with pytest.raises(ArgumentError, match=r"network.subnet_ids: has no number 6, .* Premium plan, delegated to Microsoft.Web/serverFarms"):
        premium(network=world.ATTACHED)


def test_another_plan_is_another_app(source: str, code: Graph) -> None:
    flex = world.function(models=[written(source)])
    assert flex.names(SITE) == flex.names(PLAN) == ["fn"]
    assert flex.one(SITE).inputs["name"] != code.one(SITE).inputs["name"]


def test_cost_is_that_of_the_machines(code: Graph, tuned: Graph) -> None:
    assert code.outputs["monthly_cost"] == 150
    assert code.one(BUDGET).inputs["amount"] == 1500
    assert tuned.outputs["monthly_cost"] == 1200
    assert premium({"size": "EP2"}, scaling={"minimum": 2, "maximum": 3}).outputs["monthly_cost"] == 600


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"premium": {"size": "P1V2"}}, "premium.size: 'P1V2' is not allowed; use one of EP1, EP2, EP3"),
        ({"scaling": {"minimum": 0}}, "scaling.minimum: 0 is not allowed with premium; use 1 or more, which always runs one"),
        ({"environment": "prod"}, "scaling.minimum: 1 is not allowed with premium; use 2 or more, so that zones can fail"),
        ({"scaling": {"minimum": 21, "maximum": 30}}, "scaling.minimum: 21 is not allowed with premium, which keeps up to 20 ready"),
        ({"scaling": {"minimum": 1, "maximum": 101}}, "scaling.maximum: 101 is not allowed with premium; use up to 100"),
        ({"memory_mib": 4096}, r"memory_mib: 4096 is more than an instance of EP1 has \(3584\); use premium.size EP2"),
        ({"memory_mib": 9000, "premium": {"size": "EP2"}}, r"memory_mib: 9000 is more than an instance of EP2 has \(7168\); use premium.size EP3"),
        ({"premium": {"prewarmed": 0}}, "premium.prewarmed: 0 is not allowed; use 1 to 20"),
        ({"premium": {"prewarmed": 21}}, "premium.prewarmed: 21 is not allowed"),
        ({"premium": {"prewarmed": 11}}, "premium.prewarmed: 11 is more than scaling.maximum 10"),
        ({"premium": {"subnet_id": "api"}}, "premium.subnet_id: 'api' is no ARM id"),
        (
            {"models": [world.function_model(), world.function_model("2")], "rollout": {"traffic": {"1": 90, "2": 10}}},
            "rollout.traffic: splits requests, which a function app does not: use 0 and 100, or leave premium out",
        ),
        ({"container_environment_id": world.ENVIRONMENT}, "container_environment_id: belongs to images without premium"),
        ({"predict_path": "/predict"}, "predict_path: belongs to code"),
        ({"start_seconds": 1801}, "start_seconds: 1801 is not allowed; use 10 to 1800"),
        ({"access": {"domain": {"hostname": "pricing.example.com"}}}, "access.domain: is for public access, or for images without premium"),
        ({"operations": {"capture_percent": 5}}, "operations.capture_percent: is not offered by Azure Functions"),
    ],
)
def test_what_azure_refuses_is_refused_first(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"(?s)AzureFunction 'fn'.*{message}"):
        world.function(**{"premium": {}, "scaling": WARM, **arguments})


def test_source_splits_nothing_either(source: str, tmp_path: Path) -> None:
    models = [written(source), written(world.function_code(tmp_path / "other", answer=1), "2")]
    with pytest.raises(ArgumentError, match=r"rollout.traffic: splits requests, .* deploy images \(container\) without premium"):
        premium(models=models, rollout={"traffic": {"1": 90, "2": 10}})


def test_the_defaults_of_a_plan() -> None:
    assert PremiumPlan() == PremiumPlan(size=PremiumSize.EP1, prewarmed=1, subnet_id=None)
