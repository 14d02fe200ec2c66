"""A container on Azure is private, signed in to, watched and scaled unless somebody says otherwise."""

from typing import Any

import pulumi
import pytest

from modeldeploy.azure.alarms import app_error_query
from modeldeploy.azure.api_management import policy
from modeldeploy.azure.apps import record_name
from modeldeploy.azure.container import ContainerApp
from modeldeploy.azure.container_environment import size
from modeldeploy.azure.network import AzureNetwork
from modeldeploy.azure.rates import app_cost, function_cost
from modeldeploy.spec import ArgumentError, Container, ContainerCompute, DatabaseConnection, Environment, Network, WebAccess
from modeldeploy.spec.arguments import parse
from tests.support.mocks import Graph

from . import world

APP = "azure-native:app:ContainerApp"
ENVIRONMENT = "azure-native:app:ManagedEnvironment"
SIGN_IN = "azure-native:app:ContainerAppsAuthConfig"
ROUTE = "azure-native:app:HttpRouteConfig"
CERTIFICATE = "azure-native:app:Certificate"
ACCOUNT = "azure-native:storage:StorageAccount"
BLOB = "azure-native:storage:Blob"
REGISTRY = "azure-native:containerregistry:Registry"
ROLE = "azure-native:authorization:RoleAssignment"
PRIVATE = "azure-native:network:PrivateEndpoint"
METRIC_ALARM = "azure-native:monitor:MetricAlert"
QUERY_ALARM = "azure-native:monitor:ScheduledQueryRule"
DIAGNOSTICS = "azure-native:monitor:DiagnosticSetting"
BUDGET = "azure-native:consumption:Budget"
GATEWAY = "azure-native:network:ApplicationGateway"
FIREWALL = "azure-native:network:WebApplicationFirewallPolicy"
PUBLIC_IP = "azure-native:network:PublicIPAddress"
RECORD = "azure-native:dns:RecordSet"
API = "azure-native:apimanagement:Api"
POLICY = "azure-native:apimanagement:ApiPolicy"

STORAGE = world.GROUP + "/providers/Microsoft.Storage/storageAccounts/work"
QUEUE = f"{STORAGE}/queueServices/default/queues/requests"
CHECKPOINTS = f"{STORAGE}/blobServices/default/containers/checkpoints"
HUB = world.GROUP + "/providers/Microsoft.EventHub/namespaces/events/eventhubs/quotes"
DOMAIN = {"hostname": "pricing.example.com", "certificate": world.CERTIFICATE, "zone": world.DNS_ZONE}
PUBLIC = {"access": {"exposure": "public", "domain": DOMAIN}, "secrets_vault_id": world.SECRETS}
TOKENS = {"issuer": "https://login.example.com/tenant", "audiences": ["pricing"]}


@pytest.fixture(scope="module")
def default() -> Graph:
    return world.container()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """With a network of its own, a local artifact, and a registry and a vault that are given."""
    source = world.artifact(tmp_path_factory.mktemp("artifact"))
    return world.container(
        models=[world.model(source=source)],
        artifact_account_id=None,
        network=Network(cidr="10.9.0.0/16", callers=["192.168.0.0/24"]),
        registry_id=world.REGISTRY,
        secrets={"PARTNER_KEY": world.SECRET},
        secrets_vault_id=world.SECRETS,
    )


@pytest.fixture(scope="module")
def tuned() -> Graph:
    """Everything other than by default."""
    container = Container(image=world.IMAGE, port=9000, health_path="/health", predict_path="/predict", environment={"WORKERS": "4"})
    return world.container(
        models=[world.model(source=world.BLOB, container=container), world.model("2", source=world.BLOB)],
        rollout={"traffic": {"1": 75, "2": 25}},
        compute={"cpu_millis": 1600, "memory_mib": 3000},
        scaling={"minimum": 1, "maximum": 20},
        request_seconds=90,
        start_seconds=300,
        concurrent_requests=4,
        target_cpu_percent=60,
        queues=[{"queue_id": QUEUE, "messages_per_replica": 7}],
        event_hubs=[{"event_hub_id": HUB, "checkpoints_id": CHECKPOINTS, "events_per_replica": 100}],
        encrypt_disks=True,
        access={"callers": [world.CALLER]},
        secrets={"PARTNER_KEY": world.SECRET},
        secrets_vault_id=world.SECRETS,
        database=DatabaseConnection(id=world.DATABASE, host="data.database.windows.net", database="pricing"),
        operations={
            "log_retention_days": 731,
            "latency_milliseconds": 200,
            "error_percent": 5,
            "utilization_percent": 80,
            "emails": ["a@example.com"],
            "monthly_budget_usd": 90,
        },
        allowed_ips=["51.4.4.7"],
        tags={"owner": "finance"},
    )


@pytest.fixture(scope="module")
def public() -> Graph:
    return world.container(**PUBLIC, environment=Environment.PRODUCTION)


@pytest.fixture(scope="module")
def keys() -> Graph:
    """Public, with keys that API Management checks."""
    return world.container(
        access={"exposure": "public", "domain": DOMAIN, "authentication": "api-key", "requests_per_minute": 120},
        secrets_vault_id=world.SECRETS,
        api_management_id=world.API_MANAGEMENT,
    )


def app(graph: Graph, name: str = "api-1") -> dict[str, Any]:
    return graph.one(APP, name).inputs


def container(graph: Graph, name: str = "api-1") -> dict[str, Any]:
    (only,) = app(graph, name)["template"]["containers"]
    return only


def variables(graph: Graph, name: str = "api-1") -> dict[str, str]:
    return {each["name"]: each.get("value", each.get("secretRef")) for each in container(graph, name)["env"]}


def shares(graph: Graph) -> dict[str, int]:
    (rule,) = graph.one(ROUTE).inputs["properties"]["rules"]
    names = {each.inputs["containerAppName"]: each.name for each in graph.all(APP)}
    return {names[target["containerApp"]]: target["weight"] for target in rule["targets"]}


def test_the_environment_has_no_public_address(default: Graph) -> None:
    inputs = default.one(ENVIRONMENT).inputs
    assert inputs["vnetConfiguration"] == {"infrastructureSubnetId": f"{world.NETWORK}/subnets/apps", "internal": True}
    assert inputs["publicNetworkAccess"] == "Disabled"
    assert inputs["peerTrafficConfiguration"] == {"encryption": {"enabled": True}}
    assert inputs["appLogsConfiguration"] == {"destination": "azure-monitor"}
    assert inputs["zoneRedundant"] is False
    assert inputs["workloadProfiles"] == [{"name": "Consumption", "workloadProfileType": "Consumption", "enableFips": False}]
    assert "identity" not in inputs
    assert "diskEncryptionConfiguration" not in inputs
    assert set(default.one(ENVIRONMENT).options.replaceOnChanges) == {"vnetConfiguration", "zoneRedundant"}


def test_the_names_of_the_environment_s_apps_are_resolved_in_the_network(default: Graph) -> None:
    zone = default.one("azure-native:privatedns:PrivateZone", "api-apps").inputs
    record = default.one("azure-native:privatedns:PrivateRecordSet").inputs
    link = default.one("azure-native:privatedns:VirtualNetworkLink", "api-apps")
    assert zone["privateZoneName"] == record["privateZoneName"] == "calm-hill.westeurope.azurecontainerapps.io"
    assert (record["relativeRecordSetName"], record["recordType"], record["aRecords"]) == ("*", "A", [{"ipv4Address": "10.64.1.4"}])
    assert link.inputs["virtualNetwork"] == {"id": world.NETWORK}
    assert {link.urn, default.one("azure-native:privatedns:PrivateRecordSet").urn} <= default.one(APP).depends_on


def test_disks_are_encrypted_with_the_customer_s_key_where_it_is_asked_for(tuned: Graph) -> None:
    inputs = tuned.one(ENVIRONMENT).inputs
    configuration = inputs["diskEncryptionConfiguration"]["keyVaultConfiguration"]
    assert configuration["keyUrl"].endswith("/" + "0" * 32)
    assert [configuration["auth"]["identity"]] == inputs["identity"]["userAssignedIdentities"]
    assert tuned.one(ROLE, "api-keys").urn in tuned.one(ENVIRONMENT).depends_on


def test_an_app_is_entered_by_the_route_only(default: Graph) -> None:
    ingress = app(default)["configuration"]["ingress"]
    assert ingress == {"external": False, "targetPort": 8080, "transport": "auto", "allowInsecure": False}


def test_nobody_may_call_by_default_but_the_deployment_itself(default: Graph) -> None:
    sign_in = default.one(SIGN_IN).inputs
    entra = sign_in["identityProviders"]["azureActiveDirectory"]
    assert sign_in["platform"] == {"enabled": True}
    assert sign_in["globalValidation"] == {"unauthenticatedClientAction": "Return401"}
    assert sign_in["httpSettings"] == {"requireHttps": True}
    assert sign_in["authConfigName"] == "current"
    assert entra["enabled"] is True
    assert entra["registration"] == {"clientId": world.APPLICATION, "openIdIssuer": f"https://login.microsoftonline.com/{world.TENANT}/v2.0"}
    assert entra["validation"]["allowedAudiences"] == [f"api://{world.APPLICATION}", world.APPLICATION]
    assert entra["validation"]["defaultAuthorizationPolicy"] == {"allowedPrincipals": {"identities": ["the-principal"]}}


def test_callers_that_are_listed_may_call_every_version(tuned: Graph) -> None:
    for sign_in in tuned.all(SIGN_IN):
        validation = sign_in.inputs["identityProviders"]["azureActiveDirectory"]["validation"]
        assert validation["defaultAuthorizationPolicy"] == {"allowedPrincipals": {"identities": ["the-principal", world.CALLER]}}
    assert tuned.names(SIGN_IN) == ["api-1", "api-2"]


def test_requests_arrive_after_sign_in_is_there(tuned: Graph) -> None:
    assert {each.urn for each in (*tuned.all(SIGN_IN), *tuned.all(APP))} <= tuned.one(ROUTE).depends_on


def test_without_authentication_there_is_no_sign_in() -> None:
    graph = world.container(access={"authentication": "none"}, application_id=None)
    assert not graph.all(SIGN_IN)


def test_nothing_has_public_access(default: Graph) -> None:
    assert [each.inputs["publicNetworkAccess"] for each in (*default.all(ACCOUNT), *default.all(REGISTRY))] == ["Disabled", "Disabled"]
    assert not default.all(PUBLIC_IP)
    assert not default.all(GATEWAY)
    assert default.names(PRIVATE) == ["api-models", "api-registry"]


def test_machines_outside_the_network_are_let_in_by_address_only(tuned: Graph) -> None:
    assert tuned.one(ACCOUNT, "api-models").inputs["networkRuleSet"]["ipRules"] == [{"iPAddressOrRange": "51.4.4.7", "action": "Allow"}]
    assert tuned.one(REGISTRY).inputs["networkRuleSet"]["ipRules"] == [{"iPAddressOrRange": "51.4.4.7", "action": "Allow"}]


def test_the_image_is_pulled_with_the_deployment_s_identity(default: Graph) -> None:
    assert container(default)["image"] == world.IMAGE
    (registry,) = app(default)["configuration"]["registries"]
    assert registry == {"server": "acmemodels.azurecr.io", "identity": app(default)["identity"]["userAssignedIdentities"][0]}
    assert default.one(ROLE, "api-pull").inputs["scope"].endswith("/registries/acmemodels")


def test_the_identity_may_read_its_store_the_artifact_s_container_and_its_secrets_only(tuned: Graph) -> None:
    mine = {each.name: each.inputs["scope"] for each in tuned.all(ROLE) if each.name not in ("api-keys",)}
    assert mine["api-read"].endswith("/blobServices/default/containers/models")
    assert mine["api-read-trained"] == f"{world.ARTIFACTS}/blobServices/default/containers/trained"
    assert mine["api-secret-PARTNER_KEY"] == f"{world.SECRETS}/secrets/partner"
    assert mine["api-queue-0"] == QUEUE
    assert mine["api-events-0"] == HUB
    assert mine["api-checkpoints-0"] == CHECKPOINTS
    assert set(mine) == {
        "api-pull",
        "api-read",
        "api-read-trained",
        "api-secret-PARTNER_KEY",
        "api-queue-0",
        "api-events-0",
        "api-checkpoints-0",
    }
    assert {tuned.one(ROLE, name).urn for name in mine} <= tuned.one(APP, "api-2").depends_on


def test_secrets_are_references_to_the_vault(tuned: Graph) -> None:
    (secret,) = app(tuned)["configuration"]["secrets"]
    assert secret["keyVaultUrl"] == world.SECRET
    assert secret["identity"] == app(tuned)["identity"]["userAssignedIdentities"][0]
    assert variables(tuned)["PARTNER_KEY"] == secret["name"]
    assert secret["name"].startswith("partner-key-")
    assert "value" not in secret


def test_the_container_is_told_where_everything_is(tuned: Graph) -> None:
    assert variables(tuned) == {
        "WORKERS": "4",
        "AZURE_CLIENT_ID": "the-client",
        "REQUEST_SECONDS": "90",
        "DATABASE_HOST": "data.database.windows.net",
        "DATABASE_PORT": "1433",
        "DATABASE_NAME": "pricing",
        "DATABASE_USER": "the-client",
        "MODEL_URI": world.BLOB,
        "MODEL_VERSION": "1",
        "PARTNER_KEY": app(tuned)["configuration"]["secrets"][0]["name"],
    }
    assert tuned.outputs["database_grant"].startswith("CREATE USER [")


def test_local_artifacts_are_uploaded_before_the_app_starts(alone: Graph) -> None:
    paths = sorted(each.inputs["blobName"] for each in alone.all(BLOB))
    folder = paths[0].removesuffix("/code/score.py")
    account = alone.one(ACCOUNT, "api-models").inputs["accountName"]
    assert variables(alone)["MODEL_URI"] == f"https://{account}.blob.core.windows.net/models/{folder}"
    assert {each.urn for each in alone.all(BLOB)} <= alone.one(APP).depends_on


def test_the_container_is_asked_as_it_says(tuned: Graph) -> None:
    assert app(tuned)["configuration"]["ingress"]["targetPort"] == 9000
    startup, readiness, liveness = container(tuned)["probes"]
    assert [each["type"] for each in (startup, readiness, liveness)] == ["Startup", "Readiness", "Liveness"]
    assert all(each["httpGet"] == {"path": "/health", "port": 9000, "scheme": "HTTP"} for each in (startup, readiness, liveness))
    assert startup["periodSeconds"] * startup["failureThreshold"] == 300
    assert (readiness["periodSeconds"], readiness["failureThreshold"]) == (10, 3)
    assert tuned.outputs["url"].endswith("/predict")


def test_running_requests_are_answered_before_a_replica_goes(default: Graph, tuned: Graph) -> None:
    assert [app(graph)["template"]["terminationGracePeriodSeconds"] for graph in (default, tuned)] == [60, 90]


def test_replicas_follow_requests_cpu_queues_and_event_hubs(default: Graph, tuned: Graph) -> None:
    assert app(default)["template"]["scale"] == {
        "minReplicas": 2,
        "maxReplicas": 10,
        "rules": [{"name": "requests", "http": {"metadata": {"concurrentRequests": "10"}}}],
    }
    scale = app(tuned, "api-2")["template"]["scale"]
    requests, cpu, queue, events = scale["rules"]
    holder = app(tuned)["identity"]["userAssignedIdentities"][0]
    assert (scale["minReplicas"], scale["maxReplicas"]) == (1, 20)
    assert requests["http"]["metadata"] == {"concurrentRequests": "4"}
    assert cpu["custom"] == {"type": "cpu", "metadata": {"type": "Utilization", "value": "60"}}
    assert queue["azureQueue"] == {"accountName": "work", "queueName": "requests", "queueLength": 7, "identity": holder}
    assert events["custom"]["type"] == "azure-eventhub"
    assert events["custom"]["identity"] == holder
    assert events["custom"]["metadata"] == {
        "eventHubName": "quotes",
        "eventHubNamespace": "events",
        "consumerGroup": "$Default",
        "storageAccountName": "work",
        "blobContainer": "checkpoints",
        "checkpointStrategy": "blobMetadata",
        "unprocessedEventThreshold": "100",
    }


def test_it_may_scale_to_zero() -> None:
    graph = world.container(scaling={"minimum": 0})
    assert app(graph)["template"]["scale"]["minReplicas"] == 0
    assert graph.outputs["monthly_cost"] == 0


@pytest.mark.parametrize(
    ("compute", "profile", "cpu", "memory"),
    [
        (ContainerCompute(), "Consumption", 1000, 2048),
        (ContainerCompute(cpu_millis=250, memory_mib=512), "Consumption", 250, 512),
        (ContainerCompute(cpu_millis=1600, memory_mib=3000), "Consumption", 1750, 3584),
        (ContainerCompute(cpu_millis=500, memory_mib=7000), "Consumption", 3500, 7168),
        (ContainerCompute(cpu_millis=4000, memory_mib=8192), "Consumption", 4000, 8192),
        (ContainerCompute(cpu_millis=2000, memory_mib=9000), "D4", 2000, 9216),
        (ContainerCompute(cpu_millis=2100, memory_mib=20000), "E4", 2250, 20480),
        (ContainerCompute(cpu_millis=4100, memory_mib=4096), "D8", 4250, 4096),
        (ContainerCompute(cpu_millis=16000, memory_mib=122880), "D32", 16000, 122880),
        (ContainerCompute(gpus=1), "Consumption-GPU-NC8as-T4", 8000, 57344),
        (ContainerCompute(cpu_millis=10000, gpus=1), "Consumption-GPU-NC24-A100", 24000, 225280),
    ],
)
def test_the_machine_is_the_first_that_fits(compute: ContainerCompute, profile: str, cpu: int, memory: int) -> None:
    chosen = size(compute)
    assert chosen is not None
    assert (chosen.profile.name, chosen.cpu_millis, chosen.memory_mib) == (profile, cpu, memory)


def test_no_machine_has_two_gpus() -> None:
    assert size(ContainerCompute(gpus=2)) is None


def test_the_size_asked_for_is_used(tuned: Graph) -> None:
    assert container(tuned)["resources"] == {"cpu": 1.75, "memory": "3.5Gi"}
    assert app(tuned)["workloadProfileName"] == "Consumption"


def test_machines_of_its_own_are_rented_within_limits() -> None:
    graph = world.container(compute={"cpu_millis": 8000}, operations={"monthly_budget_usd": 500}, most_machines=4, environment=Environment.PRODUCTION)
    dedicated = graph.one(ENVIRONMENT).inputs["workloadProfiles"][1]
    assert dedicated == {"name": "D16", "workloadProfileType": "D16", "minimumCount": 3, "maximumCount": 4, "enableFips": False}
    assert app(graph)["workloadProfileName"] == "D16"
    assert graph.outputs["monthly_cost"] == 0


def test_a_given_environment_is_used_and_watched() -> None:
    graph = world.container(container_environment_id=world.ENVIRONMENT, registry_id=world.REGISTRY)
    assert not graph.all(ENVIRONMENT)
    assert app(graph)["environmentId"] == graph.outputs["environment_id"] == world.ENVIRONMENT
    assert graph.one(ROUTE).inputs["environmentName"] == "given"
    assert graph.one(ROUTE).inputs["resourceGroupName"] == "given"
    assert graph.one(DIAGNOSTICS, "api-apps").inputs["resourceUri"] == world.ENVIRONMENT
    assert graph.outputs["url"].endswith(".given.westeurope.azurecontainerapps.io/invocations")
    assert not graph.all(REGISTRY)


def test_what_is_given_is_reached_from_a_network_that_is_made(alone: Graph) -> None:
    ways = {each.name: each.inputs["privateLinkServiceConnections"][0] for each in alone.all(PRIVATE)}
    assert ways["api-registry"]["privateLinkServiceId"] == world.REGISTRY
    assert ways["api-vault"]["privateLinkServiceId"] == world.SECRETS
    assert alone.one(PRIVATE, "api-vault").urn in alone.one(APP).depends_on
    assert "api-network-gateway" not in alone.names("azure-native:network:Subnet")


def test_a_network_of_this_library_fits_as_the_network() -> None:
    def program() -> dict[str, pulumi.Output[Any]]:
        network = AzureNetwork("net", world.network_args())
        ContainerApp("api", world.container_args(network=network.reference()))
        return {"subnet": network.subnet_ids[1]}

    graph = world.run(program)
    assert graph.one(ENVIRONMENT).inputs["vnetConfiguration"]["infrastructureSubnetId"] == graph.outputs["subnet"]


def test_the_first_version_gets_everything(default: Graph) -> None:
    assert shares(default) == {"api-1": 100}
    assert default.outputs["model_version"] == "1"


def test_a_canary_is_a_second_app_with_a_share(tuned: Graph) -> None:
    assert shares(tuned) == {"api-1": 75, "api-2": 25}
    assert tuned.outputs["model_version"] == "1"
    assert len({each.inputs["containerAppName"] for each in tuned.all(APP)}) == 2


def test_a_rollback_is_the_same_graph_with_other_shares() -> None:
    models = [world.model(version, source=world.BLOB) for version in ("1", "2")]
    before, after = (world.container(models=models, rollout={"traffic": traffic}) for traffic in ({"1": 0, "2": 100}, {"1": 100, "2": 0}))

    def others(graph: Graph) -> dict[Any, Any]:
        return {
            (each.type, each.name): each.inputs for each in graph.registrations if each.type not in (ROUTE, BUDGET, "modeldeploy:index:ContainerApp")
        }

    assert others(before) == others(after)
    assert shares(before) == {"api-2": 100}
    assert shares(after) == {"api-1": 100}
    assert (before.outputs["model_version"], after.outputs["model_version"]) == ("2", "1")


def test_a_version_keeps_its_app_through_a_release(default: Graph) -> None:
    canary = world.container(models=[world.model(v, source=world.BLOB) for v in ("1", "2")], rollout={"traffic": {"1": 90, "2": 10}})
    assert canary.one(APP, "api-1").inputs == default.one(APP, "api-1").inputs
    assert canary.one(APP, "api-1").urn == default.one(APP).urn


def test_names_of_apps_are_what_azure_takes() -> None:
    graph = world.container(models=[world.model("2026-11-01.final", source=world.BLOB)])
    name = graph.one(APP).inputs["containerAppName"]
    assert len(name) <= 32
    assert "--" not in name
    assert name.replace("-", "").isalnum()
    assert len(graph.one(ROUTE).inputs["httpRouteName"]) <= 50


def test_a_change_in_a_version_waits_for_its_new_replicas(default: Graph) -> None:
    assert app(default)["configuration"]["activeRevisionsMode"] == "Single"


def test_public_access_is_through_a_firewall(public: Graph) -> None:
    gateway = public.one(GATEWAY).inputs
    (listener,) = gateway["httpListeners"]
    (settings,) = gateway["backendHttpSettingsCollection"]
    (pool,) = gateway["backendAddressPools"]
    (rule,) = gateway["requestRoutingRules"]
    itself = public.one(ENVIRONMENT).inputs and f"{world.SUBSCRIPTION}/resourceGroups/made-1a2b3c4d/providers/Microsoft.Network/applicationGateways"
    assert gateway["sku"] == {"name": "WAF_v2", "tier": "WAF_v2"}
    assert gateway["firewallPolicy"]["id"].endswith("/applicationGatewayWebApplicationFirewallPolicies/webapplicationfirewallpolicy-1a2b3c4d")
    assert gateway["sslPolicy"] == {"policyType": "Predefined", "policyName": "AppGwSslPolicy20220101S"}
    assert gateway["sslCertificates"] == [{"name": "default", "keyVaultSecretId": world.CERTIFICATE}]
    assert gateway["gatewayIPConfigurations"] == [{"name": "default", "subnet": {"id": f"{world.NETWORK}/subnets/gateway"}}]
    assert gateway["frontendPorts"] == [{"name": "default", "port": 443}]
    assert gateway["frontendIPConfigurations"][0]["publicIPAddress"]["id"].endswith("/publicIPAddresses/publicipaddress-1a2b3c4d")
    assert (listener["protocol"], listener["hostName"]) == ("Https", "pricing.example.com")
    assert listener["sslCertificate"] == {"id": f"{itself}/api-front/sslCertificates/default"}
    assert pool["backendAddresses"] == [{"fqdn": public.one(ROUTE).inputs["httpRouteName"] + ".calm-hill.westeurope.azurecontainerapps.io"}]
    assert (settings["protocol"], settings["port"], settings["pickHostNameFromBackendAddress"]) == ("Https", 443, True)
    assert settings["requestTimeout"] == 60
    assert "path" not in settings
    assert rule["backendHttpSettings"] == {"id": f"{itself}/api-front/backendHttpSettingsCollection/default"}
    assert gateway["probes"][0]["match"] == {"statusCodes": ["200-499"]}
    assert gateway["autoscaleConfiguration"] == {"minCapacity": 2, "maxCapacity": 10}
    assert gateway["zones"] == ["1", "2", "3"]
    assert public.outputs["url"] == "https://pricing.example.com/invocations"
    assert public.outputs["dns_target"] == "203.0.113.9"


def test_the_firewall_blocks_and_counts_requests(public: Graph) -> None:
    policy = public.one(FIREWALL).inputs
    (limit,) = policy["customRules"]
    assert policy["policySettings"]["mode"] == "Prevention"
    assert policy["policySettings"]["state"] == "Enabled"
    assert policy["policySettings"]["requestBodyCheck"] is True
    sets = [(each["ruleSetType"], each["ruleSetVersion"]) for each in policy["managedRules"]["managedRuleSets"]]
    assert sets == [("Microsoft_DefaultRuleSet", "2.1"), ("Microsoft_BotManagerRuleSet", "1.1")]
    assert (limit["ruleType"], limit["rateLimitDuration"], limit["rateLimitThreshold"], limit["action"]) == ("RateLimitRule", "OneMin", 60, "Block")
    assert limit["groupByUserSession"] == [{"groupByVariables": [{"variableName": "ClientAddr"}]}]
    assert limit["matchConditions"][0]["negationConditon"] is True


def test_the_gateway_may_read_its_certificate_and_nothing_else(public: Graph) -> None:
    assert public.one(ROLE, "api-front").inputs["scope"] == f"{world.SECRETS}/secrets/pricing-example-com"
    assert public.one(ROLE, "api-front").urn in public.one(GATEWAY).depends_on
    assert public.one(ROUTE).urn in public.one(GATEWAY).depends_on


def test_the_record_of_a_domain_is_made_where_its_zone_is_given(public: Graph) -> None:
    record = public.one(RECORD).inputs
    assert (record["zoneName"], record["relativeRecordSetName"], record["recordType"]) == ("example.com", "pricing", "A")
    assert record["aRecords"] == [{"ipv4Address": "203.0.113.9"}]
    without = world.container(access={"exposure": "public", "domain": {**DOMAIN, "zone": None}}, secrets_vault_id=world.SECRETS)
    assert not without.all(RECORD)


def test_a_public_deployment_makes_its_network_with_a_subnet_for_the_gateway() -> None:
    graph = world.container(**PUBLIC, network=Network())
    assert "api-network-gateway" in graph.names("azure-native:network:Subnet")
    assert graph.one(PRIVATE, "api-artifacts").inputs["privateLinkServiceConnections"][0]["privateLinkServiceId"] == world.ARTIFACTS
    assert graph.one(PRIVATE, "api-artifacts").urn in graph.one(APP).depends_on


def test_a_private_domain_is_bound_to_the_route_after_its_records() -> None:
    graph = world.container(access={"domain": DOMAIN}, secrets_vault_id=world.SECRETS)
    certificate = graph.one(CERTIFICATE).inputs["properties"]["certificateKeyVaultProperties"]
    (bound,) = graph.one(ROUTE).inputs["properties"]["customDomains"]
    records = {each.inputs["relativeRecordSetName"]: each for each in graph.all(RECORD)}
    assert certificate["keyVaultUrl"] == world.CERTIFICATE
    assert [certificate["identity"]] == graph.one(ENVIRONMENT).inputs["identity"]["userAssignedIdentities"]
    assert graph.one(ROLE, "api-domain").inputs["scope"] == f"{world.SECRETS}/secrets/pricing-example-com"
    assert (bound["name"], bound["bindingType"]) == ("pricing.example.com", "SniEnabled")
    assert records["pricing"].inputs["aRecords"] == [{"ipv4Address": "10.64.1.4"}]
    assert records["asuid.pricing"].inputs["txtRecords"] == [{"value": ["the-verification"]}]
    assert {each.urn for each in records.values()} <= graph.one(ROUTE).depends_on
    assert graph.outputs["url"] == "https://pricing.example.com/invocations"
    assert graph.outputs["dns_target"] == "10.64.1.4"


def test_names_of_records_are_relative_to_their_zone() -> None:
    assert record_name("a.b.example.com", "example.com") == "a.b"
    assert record_name("example.com", "example.com") == "@"


def test_keys_are_checked_and_counted_by_api_management(keys: Graph) -> None:
    api = keys.one(API).inputs
    assert api["subscriptionRequired"] is True
    assert api["protocols"] == ["https"]
    assert api["serviceUrl"] == "https://" + keys.one(ROUTE).inputs["httpRouteName"] + ".calm-hill.westeurope.azurecontainerapps.io"
    assert (api["resourceGroupName"], api["serviceName"]) == ("given", "gateway")
    assert keys.one("azure-native:apimanagement:Subscription").inputs["scope"].endswith("/apis/api")
    operations = {each.inputs["method"]: each.inputs["urlTemplate"] for each in keys.all("azure-native:apimanagement:ApiOperation")}
    assert operations == {"GET": "/ping", "POST": "/invocations"}
    text = keys.one(POLICY).inputs["value"]
    assert '<rate-limit-by-key calls="120" renewal-period="60" counter-key="@(context.Subscription.Id)" />' in text
    assert f'<authentication-managed-identity resource="{world.APPLICATION}" />' in text
    assert '<forward-request timeout="60" />' in text
    identities = keys.one(SIGN_IN).inputs["identityProviders"]["azureActiveDirectory"]["validation"]["defaultAuthorizationPolicy"]
    assert identities == {"allowedPrincipals": {"identities": ["the-principal", "the-api-management"]}}


def test_the_gateway_leads_to_api_management_where_that_checks_the_callers(keys: Graph) -> None:
    gateway = keys.one(GATEWAY).inputs
    assert gateway["backendAddressPools"][0]["backendAddresses"] == [{"fqdn": "gateway.azure-api.net"}]
    assert gateway["backendHttpSettingsCollection"][0]["path"] == "/api/"
    assert keys.one(FIREWALL).inputs["customRules"][0]["rateLimitThreshold"] == 1200
    assert keys.outputs["url"] == "https://pricing.example.com/invocations"


def test_tokens_are_checked_by_api_management() -> None:
    graph = world.container(access={"authentication": "jwt", "tokens": TOKENS, "requests_per_minute": 30}, api_management_id=world.API_MANAGEMENT)
    text = graph.one(POLICY).inputs["value"]
    assert '<openid-config url="https://login.example.com/tenant/.well-known/openid-configuration" />' in text
    assert "<audiences><audience>pricing</audience></audiences><issuers><issuer>https://login.example.com/tenant</issuer></issuers>" in text
    assert 'counter-key="@(context.Request.IpAddress)"' in text
    assert graph.one(API).inputs["subscriptionRequired"] is False
    assert not graph.all("azure-native:apimanagement:Subscription")
    assert graph.outputs["url"] == "https://gateway.azure-api.net/api/invocations"


def test_callers_behind_the_firewall_are_counted_by_it_alone() -> None:
    access = {"authentication": "jwt", "tokens": TOKENS, "exposure": "public", "domain": DOMAIN, "requests_per_minute": 30}
    graph = world.container(access=access, api_management_id=world.API_MANAGEMENT, secrets_vault_id=world.SECRETS)
    assert "rate-limit" not in graph.one(POLICY).inputs["value"]
    assert graph.one(FIREWALL).inputs["customRules"][0]["rateLimitThreshold"] == 30


def test_no_value_of_the_user_breaks_out_of_the_policy() -> None:
    access = parse(WebAccess, {"authentication": "jwt", "tokens": {"issuer": 'https://a.example.com/"><x', "audiences": ["<b>&"]}}, "test")
    text = policy(access, world.APPLICATION, 60)
    assert "<x" not in text.replace("&lt;x", "")
    assert "<audience>&lt;b&gt;&amp;</audience>" in text
    assert "rate-limit" not in text


def test_alarms_follow_the_arguments(tuned: Graph) -> None:
    found = {each.name: each.inputs["criteria"]["allOf"][0] for each in tuned.all(METRIC_ALARM)}
    assert sorted(found) == ["api-1-cpu", "api-1-latency", "api-2-cpu", "api-2-latency"]
    assert (found["api-1-latency"]["metricName"], found["api-1-latency"]["threshold"]) == ("ResponseTime", 200)
    assert (found["api-2-cpu"]["metricName"], found["api-2-cpu"]["threshold"]) == ("CpuPercentage", 80)
    (errors,) = tuned.one(QUERY_ALARM).inputs["criteria"]["allOf"]
    assert errors["threshold"] == 5
    assert errors["failingPeriods"] == {"numberOfEvaluationPeriods": 2, "minFailingPeriodsToAlert": 2}
    assert all(each.inputs["containerAppName"] in errors["query"] for each in tuned.all(APP))
    assert tuned.one("azure-native:monitor:ActionGroup").inputs["emailReceivers"][0]["emailAddress"] == "a@example.com"


def test_errors_are_the_share_of_server_errors_of_the_apps() -> None:
    query = app_error_query(["a", "b"])
    assert "ContainerAppHTTPLogs\n| where ContainerAppName in ('a', 'b')\n" in query
    assert "countif(toint(StatusCode) >= 500)" in query


def test_everything_is_logged_and_kept_as_long_as_asked(default: Graph, tuned: Graph) -> None:
    assert default.names(DIAGNOSTICS) == ["api-apps", "api-keys", "api-models", "api-registry"]
    kept = [graph.one("azure-native:operationalinsights:Workspace").inputs["retentionInDays"] for graph in (default, tuned)]
    assert kept == [90, 730]


def test_the_public_gateway_is_logged(public: Graph) -> None:
    assert public.one(DIAGNOSTICS, "api-front").inputs["logs"] == [{"categoryGroup": "allLogs", "enabled": True}]


def test_every_version_has_a_row_of_charts(tuned: Graph) -> None:
    (lens,) = tuned.one("azure-native:portal:Dashboard").inputs["properties"]["lenses"]
    charts = [part["metadata"]["settings"]["content"]["options"]["chart"] for part in lens["parts"]]
    assert len(charts) == 8
    assert charts[0]["title"] == "Requests, version 1"
    assert charts[4]["metrics"][0]["resourceMetadata"]["id"].endswith("/containerApps/" + app(tuned, "api-2")["containerAppName"])


def test_the_budget_is_what_replicas_cost_at_their_maximum(default: Graph, tuned: Graph) -> None:
    assert default.one(BUDGET).inputs["amount"] == 788.4
    assert tuned.one(BUDGET).inputs["amount"] == 90
    assert default.outputs["monthly_cost"] == 157.68


def test_costs_are_by_the_second() -> None:
    chosen = size(ContainerCompute())
    assert chosen is not None
    assert app_cost(chosen, 1) == round((0.000024 + 2 * 0.000003) * 730 * 3600, 2)
    assert function_cost(2048, 2) == round(2 * 0.000026 * 730 * 3600 * 2, 2)


def test_production_protects_stores_and_spreads_over_zones(public: Graph, default: Graph) -> None:
    protected = {(each.type, each.name) for each in public.registrations if each.options.protect}
    assert {(ACCOUNT, "api-models"), (REGISTRY, "api-registry"), ("azure-native:keyvault:Vault", "api-keys")} <= protected
    assert not [each.name for each in default.registrations if each.options.protect]
    assert public.one(ENVIRONMENT).inputs["zoneRedundant"] is True


def test_everything_that_takes_tags_has_them(public: Graph) -> None:
    untagged = {each.type for each in public.registrations if each.type.startswith("azure-native") and "tags" not in each.inputs}
    assert untagged == {
        ROLE,
        SIGN_IN,
        ROUTE,
        RECORD,
        BUDGET,
        DIAGNOSTICS,
        "azure-native:storage:BlobServiceProperties",
        "azure-native:storage:BlobContainer",
        "azure-native:network:PrivateDnsZoneGroup",
        "azure-native:privatedns:PrivateRecordSet",
    }


PROBLEMS: list[tuple[dict[str, Any], str]] = [
    ({"application_id": None}, r"application_id: is required with access\.authentication identity"),
    ({"application_id": "pricing"}, "application_id: 'pricing' is no client id"),
    ({"access": {"authentication": "none"}}, r"application_id: has no effect with access\.authentication none"),
    ({"access": {"authentication": "api-key"}}, r"api_management_id: is required with access\.authentication api-key.*or use identity"),
    ({"api_management_id": world.API_MANAGEMENT}, r"api_management_id: has no effect with access\.authentication identity"),
    (
        {"access": {"authentication": "api-key"}, "api_management_id": "gateway"},
        "api_management_id: 'gateway' is no ARM id; write /subscriptions/.../providers/Microsoft.ApiManagement/service/<name>",
    ),
    ({"access": {"requests_per_minute": 30}}, r"access\.requests_per_minute: is counted by the firewall"),
    ({"access": {"callers": ["me"]}}, r"access\.callers\[0\]: 'me' is no object id"),
    ({"access": {"exposure": "public"}}, r"access\.domain: is required with access\.exposure public"),
    ({"access": {"domain": {"hostname": "p.example.com", "zone": world.DNS_ZONE}}}, r"access\.domain\.certificate: is required on Azure"),
    (
        {"access": {"domain": {**DOMAIN, "zone": None}}, "secrets_vault_id": world.SECRETS},
        r"access\.domain\.zone: is required while access is private",
    ),
    (
        {"access": {"domain": DOMAIN}, "secrets_vault_id": world.SECRETS, "container_environment_id": world.ENVIRONMENT},
        r"access\.domain: excludes container_environment_id",
    ),
    (
        {"access": {"domain": DOMAIN, "authentication": "api-key"}, "secrets_vault_id": world.SECRETS, "api_management_id": world.API_MANAGEMENT},
        r"access\.domain: belongs to the API Management given",
    ),
    ({"secrets": {"A": world.SECRET}}, "secrets_vault_id: is required with secrets or a certificate"),
    ({"secrets_vault_id": world.SECRETS}, "secrets_vault_id: has no effect without secrets"),
    ({"secrets": {"A": "partner"}, "secrets_vault_id": world.SECRETS}, r"secrets\.A: 'partner' is no address of a Key Vault secret"),
    ({"secrets": {"A": world.SECRET}, "secrets_vault_id": world.VAULT}, r"secrets\.A: '.*' is not in the vault 'given'"),
    ({"secrets": {"A": world.SECRET}, "secrets_vault_id": "secrets"}, "secrets_vault_id: 'secrets' is no ARM id"),
    ({"artifact_account_id": None}, "artifact_account_id: is required with an artifact at https://"),
    (
        {"models": [world.model(source=world.REMOTE)], "artifact_account_id": None},
        r"models\[0\]\.source: 'azureml://.*' cannot be read by Container Apps",
    ),
    ({"models": [world.model(source="https://example.com/model")]}, r"models\[0\]\.source: 'https://example.com/model' is no blob"),
    ({"artifact_account_id": world.ARTIFACTS.replace("acmeartifacts", "other")}, r"models\[0\]\.source: '.*' is not in the account 'other'"),
    ({"network": world.ATTACHED}, r"network\.subnet_ids: has no number 2, the subnet for one Container Apps environment, delegated to Microsoft.App"),
    (
        {**PUBLIC, "network": Network(id=world.NETWORK, subnet_ids=world.PLACED.subnet_ids[:-1])},
        r"network\.subnet_ids: has no number [78], the subnet for an application gateway .*; AzureNetwork makes it with internet",
    ),
    ({"network": Network(), "container_environment_id": world.ENVIRONMENT}, r"network\.id: is required with container_environment_id"),
    ({"container_environment_id": "given"}, "container_environment_id: 'given' is no ARM id"),
    (
        {"network": Network(), "database": DatabaseConnection(id=world.DATABASE, host="h", database="d")},
        r"network\.id: is required with a database",
    ),
    ({"compute": {"gpus": 2}}, "compute: Container Apps has no machine for .* 2 GPUs"),
    ({"compute": {"gpus": 1}}, r"operations\.monthly_budget_usd: is required with a machine of the kind Consumption-GPU-NC8as-T4"),
    ({"start_seconds": 9}, "start_seconds: 9 is not allowed; use 10 to 2400"),
    ({"concurrent_requests": 0}, "concurrent_requests: 0 is not allowed; use 1 to 1000"),
    ({"most_machines": 2}, "most_machines: 2 is not allowed; use 3 to 100"),
    ({"target_cpu_percent": 95}, "target_cpu_percent: 95 is not allowed; use 10 to 90"),
    ({"target_cpu_percent": 50, "scaling": {"minimum": 0}}, "target_cpu_percent: needs a replica that runs"),
    ({"scaling": {"maximum": 1001}}, r"scaling\.maximum: 1001 is not allowed; Container Apps has up to 1000"),
    ({"encrypt_disks": True, "container_environment_id": world.ENVIRONMENT}, "encrypt_disks: has no effect on the environment"),
    ({"queues": [{"queue_id": "requests"}]}, r"queues\[0\]\.queue_id: 'requests' is no ARM id of a queue"),
    ({"queues": [{"queue_id": QUEUE, "messages_per_replica": 0}]}, r"queues\[0\]\.messages_per_replica: 0 is not allowed"),
    ({"event_hubs": [{"event_hub_id": QUEUE, "checkpoints_id": CHECKPOINTS}]}, r"event_hubs\[0\]\.event_hub_id: '.*' is no ARM id with /eventhubs/"),
    ({"event_hubs": [{"event_hub_id": HUB, "checkpoints_id": HUB}]}, r"event_hubs\[0\]\.checkpoints_id: '.*' is no ARM id with /containers/"),
    (
        {"event_hubs": [{"event_hub_id": HUB, "checkpoints_id": CHECKPOINTS, "events_per_replica": 0}]},
        r"event_hubs\[0\]\.events_per_replica: 0 is not allowed",
    ),
    ({"operations": {"capture_percent": 5}}, r"operations\.capture_percent: is not offered by Container Apps"),
    ({"allowed_ips": ["10.0.0.4"]}, r"allowed_ips\[0\]: '10.0.0.4' is no public IPv4 address"),
    ({"encryption": {"key": world.KEY}}, "key_vault_id: is required with encryption.key on Azure"),
    ({"tags": {f"t{n}": "x" for n in range(14)}}, "tags: 14 tags are too many"),
    (
        {"network": {"id": world.NETWORK, "subnet_ids": list(world.PLACED.subnet_ids), "callers": ["10.0.0.0/24"]}},
        r"network\.callers: excludes network\.id",
    ),
    ({"registry_id": "acmemodels"}, "registry_id: 'acmemodels' is no ARM id"),
]


@pytest.mark.parametrize(("changes", "message"), PROBLEMS, ids=[message[:40] for _, message in PROBLEMS])
def test_bad_arguments_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=f"(?s)^ContainerApp 'api': (.*\n  )?{message}"):
        ContainerApp("api", world.container_args(**changes))
