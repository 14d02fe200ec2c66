"""A service on Cloud Run: each default that keeps it safe, what each argument changes, what is refused, and a release step by step."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from modeldeploy.gcp.container import CloudRunServiceArgs
from modeldeploy.gcp.revisions import fingerprint, note_problem, service_name, tag
from modeldeploy.gcp.web_firewall import RULE_SETS
from modeldeploy.spec import (
    Authentication,
    ContainerArgs,
    ContainerCompute,
    Domain,
    Encryption,
    Environment,
    Exposure,
    Model,
    Network,
    Operations,
    ReplicaScaling,
    Rollout,
    Tokens,
    WebAccess,
)
from modeldeploy.spec.arguments import ArgumentError, parse
from modeldeploy.spec.model import Container
from tests.components.gcp.program import GIVEN_DATABASE, IMAGE, model
from tests.components.gcp.web import API as API_OF_GATEWAY
from tests.components.gcp.web import (
    BACKEND,
    CONFIG,
    FIREWALL,
    GATEWAY,
    GROUP,
    HOST,
    INVOKER,
    KEY,
    NETWORK,
    OUTPUTS,
    PUBLIC,
    SECRET,
    SERVICE,
    STASH,
    service_graph,
)
from tests.support.mocks import Graph

ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"
API = "gcp:projects/service:Service"
BUDGET = "gcp:billing/budget:Budget"
CERTIFICATE = "gcp:certificatemanager/certificate:Certificate"
ENTRY = "gcp:certificatemanager/certificateMapEntry:CertificateMapEntry"
GRANT = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
LOGS = "gcp:logging/projectBucketConfig:ProjectBucketConfig"
MADE_KEY = "projects/shop-models/locations/europe-west1/keyRings/made-1a2b3c4/cryptoKeys/made-1a2b3c4"
OWN = "https://pricing-stack-123456789012.europe-west1.run.app"
RECORD = "gcp:dns/recordSet:RecordSet"
RULE = "gcp:compute/globalForwardingRule:GlobalForwardingRule"
SHOP = "serviceAccount:shop@web-shop.iam.gserviceaccount.com"


def served(**arguments: Any) -> dict[str, Any]:
    return service_graph(**arguments).one(SERVICE).inputs


def template(**arguments: Any) -> dict[str, Any]:
    return served(**arguments)["template"]


def container(**arguments: Any) -> dict[str, Any]:
    (only,) = template(**arguments)["containers"]
    return only


def variables(**arguments: Any) -> dict[str, Any]:
    return {each["name"]: each.get("value", each.get("valueSource")) for each in container(**arguments)["envs"]}


def apis(graph: Graph) -> set[str]:
    return {each.inputs["service"].removesuffix(".googleapis.com") for each in graph.all(API)}


# Reaching it


def test_a_service_is_private_by_default_and_asks_for_an_identity() -> None:
    graph = service_graph()
    service = graph.one(SERVICE).inputs
    assert service["ingress"] == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    assert (service["defaultUriDisabled"], service["invokerIamDisabled"], service["iapEnabled"]) == (False, False, False)
    assert "customAudiences" not in service
    for type in (BACKEND, FIREWALL, RULE, CERTIFICATE, INVOKER, RECORD):
        assert not graph.all(type)
    assert graph.outputs["url"] == f"{OWN}/invocations"
    assert graph.outputs["audience"] == OWN
    assert graph.outputs["dns_target"] == ""


def test_callers_may_call_this_service_and_nothing_else() -> None:
    graph = service_graph(access=WebAccess(callers=[SHOP, "group:analysts@example.com"]))
    members = graph.all(INVOKER)
    assert {each.inputs["member"] for each in members} == {SHOP, "group:analysts@example.com"}
    assert {(each.inputs["role"], each.inputs["name"], each.inputs["location"]) for each in members} == {
        ("roles/run.invoker", "pricing-stack", "europe-west1")
    }


def test_everybody_may_call_only_when_asked() -> None:
    graph = service_graph(access=WebAccess(authentication=Authentication.NONE))
    assert graph.one(SERVICE).inputs["invokerIamDisabled"] is True
    assert not graph.all(INVOKER)


def test_people_sign_in_at_the_proxy_which_alone_calls_the_service() -> None:
    graph = service_graph(identity_aware_proxy=True, access=WebAccess(callers=["group:analysts@example.com"]))
    assert graph.one(SERVICE).inputs["iapEnabled"] is True
    invoker = graph.one(INVOKER).inputs
    assert (invoker["member"].split("@")[1], invoker["role"]) == ("gcp-sa-iap.iam.gserviceaccount.com", "roles/run.invoker")
    person = graph.one("gcp:iap/webCloudRunServiceIamMember:WebCloudRunServiceIamMember").inputs
    assert (person["member"], person["role"]) == ("group:analysts@example.com", "roles/iap.httpsResourceAccessor")
    assert (person["cloudRunServiceName"], person["location"], person["project"]) == ("pricing-stack", "europe-west1", "shop-models")
    assert "iap" in apis(graph)
    assert "iap" not in apis(service_graph())


def test_everything_an_instance_sends_goes_into_the_network() -> None:
    access = template()["vpcAccess"]
    assert access["egress"] == "ALL_TRAFFIC"
    assert access["networkInterfaces"] == [{"network": NETWORK.id, "subnetwork": NETWORK.subnet_ids[0]}]


def test_a_network_is_made_when_none_is_given() -> None:
    graph = service_graph(network=Network(cidr="10.99.0.0/16"))
    network = graph.one("modeldeploy:index:GoogleNetwork")
    assert (network.name, network.parent) == ("pricing-network", graph.one("modeldeploy:index:CloudRunService").urn)
    assert graph.one("gcp:compute/subnetwork:Subnetwork").inputs["ipCidrRange"] == "10.99.0.0/18"


def test_a_public_service_is_reached_through_the_load_balancer_only() -> None:
    graph = service_graph(access=PUBLIC)
    service = graph.one(SERVICE).inputs
    assert (service["ingress"], service["defaultUriDisabled"]) == ("INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", True)
    assert service["customAudiences"] == [f"https://{HOST}"]
    assert service["invokerIamDisabled"] is False
    group = graph.one("gcp:compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup").inputs
    assert (group["networkEndpointType"], group["cloudRun"], group["region"]) == ("SERVERLESS", {"service": "pricing-stack"}, "europe-west1")
    backend = graph.one(BACKEND).inputs
    assert (backend["loadBalancingScheme"], backend["protocol"]) == ("EXTERNAL_MANAGED", "HTTPS")
    assert backend["backends"] == [{"group": "pricing-group-id"}]
    assert backend["logConfig"] == {"enable": True, "sampleRate": 1}
    rule = graph.one(RULE).inputs
    assert (rule["portRange"], rule["loadBalancingScheme"], rule["ipProtocol"]) == ("443", "EXTERNAL_MANAGED", "TCP")
    assert (rule["ipAddress"], rule["target"]) == ("203.0.113.9", "pricing-proxy-id")
    assert graph.one("gcp:compute/uRLMap:URLMap").inputs["defaultService"] == "pricing-backend-id"
    assert graph.outputs["url"] == f"https://{HOST}/invocations"
    assert graph.outputs["audience"] == f"https://{HOST}"
    assert graph.outputs["dns_target"] == "203.0.113.9"
    assert "certificatemanager" in apis(graph)


def test_the_load_balancer_takes_new_tls_only() -> None:
    graph = service_graph(access=PUBLIC)
    tls = graph.one("gcp:compute/sSLPolicy:SSLPolicy").inputs
    assert (tls["minTlsVersion"], tls["profile"]) == ("TLS_1_2", "RESTRICTED")
    proxy = graph.one("gcp:compute/targetHttpsProxy:TargetHttpsProxy").inputs
    assert proxy["sslPolicy"] == "pricing-tls-id"
    assert proxy["certificateMap"] == "//certificatemanager.googleapis.com/projects/shop-models/locations/global/certificateMaps/made-1a2b3c4"
    assert (proxy["urlMap"], "sslCertificates" in proxy) == ("pricing-routes-id", False)


def test_cloud_armor_refuses_attacks_before_it_counts_requests() -> None:
    graph = service_graph(access=PUBLIC)
    policy = graph.one(FIREWALL).inputs
    assert graph.one(BACKEND).inputs["securityPolicy"] == "pricing-firewall-id"
    assert policy["type"] == "CLOUD_ARMOR"
    assert policy["advancedOptionsConfig"] == {"jsonParsing": "STANDARD", "logLevel": "NORMAL"}
    *attacks, limit, last = sorted(policy["rules"], key=lambda rule: rule["priority"])
    assert [each["match"]["expr"]["expression"] for each in attacks] == [
        *(f"evaluatePreconfiguredWaf('{rules}', {{'sensitivity': 1}})" for rules in RULE_SETS),
        # By its name: the level alone would not find it.
        "evaluatePreconfiguredWaf('json-sqli-canary', {'sensitivity': 0, 'opt_in_rule_ids': ['owasp-crs-id942550-sqli']})",
    ]
    assert attacks[0]["description"] == "Known attacks: sqli-v33-stable"
    assert {each["action"] for each in attacks} == {"deny(403)"}
    assert len({each["priority"] for each in policy["rules"]}) == len(policy["rules"])
    assert limit["action"] == "throttle"
    assert limit["rateLimitOptions"] == {
        "conformAction": "allow",
        "exceedAction": "deny(429)",
        "enforceOnKey": "IP",
        "rateLimitThreshold": {"count": 60, "intervalSec": 60},
    }
    assert (last["action"], last["priority"]) == ("deny(403)", 2147483647)
    assert limit["match"] == last["match"] == {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["*"]}}


def test_the_limit_is_the_one_that_is_given() -> None:
    access = WebAccess(exposure=Exposure.PUBLIC, domain=Domain(hostname=HOST), requests_per_minute=600)
    rules = service_graph(access=access).one(FIREWALL).inputs["rules"]
    assert [each["rateLimitOptions"]["rateLimitThreshold"]["count"] for each in rules if "rateLimitOptions" in each] == [600]


def test_a_certificate_is_made_that_the_load_balancer_proves() -> None:
    graph = service_graph(access=PUBLIC)
    assert graph.one(CERTIFICATE).inputs["managed"] == {"domains": [HOST]}
    entry = graph.one(ENTRY).inputs
    assert (entry["hostname"], entry["certificates"], entry["map"]) == (HOST, ["pricing-certificate-id"], "made-1a2b3c4")
    assert not graph.all(RECORD)


def test_a_zone_gets_the_record_and_the_proof_of_the_certificate() -> None:
    graph = service_graph(access=WebAccess(exposure=Exposure.PUBLIC, domain=Domain(hostname=HOST, zone="shop")))
    assert graph.one(CERTIFICATE).inputs["managed"] == {"domains": [HOST], "dnsAuthorizations": ["pricing-authorization-id"]}
    records = {each.inputs["name"]: each.inputs for each in graph.all(RECORD)}
    assert records[f"{HOST}."]["rrdatas"] == ["203.0.113.9"]
    assert records[f"{HOST}."]["type"] == "A"
    proof = records[f"_acme-challenge.{HOST}."]
    assert (proof["type"], proof["rrdatas"]) == ("CNAME", ["proof.authorize.certificatemanager.goog."])
    assert {each["managedZone"] for each in records.values()} == {"shop"}
    assert graph.outputs["dns_target"] == ""


def test_a_certificate_that_is_given_is_used() -> None:
    given = "projects/shop-models/locations/global/certificates/shop"
    graph = service_graph(access=WebAccess(exposure=Exposure.PUBLIC, domain=Domain(hostname=HOST, certificate=given)))
    assert not graph.all(CERTIFICATE)
    assert graph.one(ENTRY).inputs["certificates"] == [given]


# Behind a gateway


def behind_a_gateway(authentication: Authentication, **arguments: Any) -> Graph:
    tokens = Tokens(issuer="https://login.example.com/shop", audiences=["pricing", "other"]) if authentication is Authentication.JWT else None
    access = WebAccess(exposure=Exposure.PUBLIC, domain=Domain(hostname=HOST), authentication=authentication, tokens=tokens)
    return service_graph(access=access, **arguments)


def written(graph: Graph) -> dict[str, Any]:
    (only,) = graph.one(CONFIG).inputs["openapiDocuments"]
    assert only["document"]["path"] == "openapi.json"
    return json.loads(base64.b64decode(only["document"]["contents"]))


def test_tokens_are_checked_by_a_gateway_that_alone_calls_the_service() -> None:
    graph = behind_a_gateway(Authentication.JWT, request_seconds=30, models=[model("1"), model("2", predict_path="/score")])
    said = written(graph)
    assert said["securityDefinitions"]["caller"] == {
        "type": "oauth2",
        "flow": "implicit",
        "authorizationUrl": "",
        "x-google-issuer": "https://login.example.com/shop",
        "x-google-audiences": "pricing,other",
    }
    assert {path: methods["post"]["security"] for path, methods in said["paths"].items()} == {
        "/invocations": [{"caller": []}],
        "/score": [{"caller": []}],
    }
    assert all(set(methods) == {"post"} for methods in said["paths"].values())
    assert len({methods["post"]["operationId"] for methods in said["paths"].values()}) == 2
    assert said["x-google-backend"] == {
        "address": OWN,
        "jwt_audience": OWN,
        "path_translation": "APPEND_PATH_TO_ADDRESS",
        "deadline": 30.0,
    }
    account = "pricing-gate-stack@shop-models.iam.gserviceaccount.com"
    assert graph.one(CONFIG).inputs["gatewayConfig"] == {"backendConfig": {"googleServiceAccount": account}}
    invoker = graph.one(INVOKER)
    assert (invoker.inputs["member"], invoker.inputs["role"], invoker.inputs["name"]) == (
        f"serviceAccount:{account}",
        "roles/run.invoker",
        "pricing-stack",
    )
    assert invoker.urn in graph.one(CONFIG).depends_on
    service = graph.one(SERVICE).inputs
    assert (service["ingress"], service["defaultUriDisabled"], service["invokerIamDisabled"]) == ("INGRESS_TRAFFIC_ALL", False, False)
    assert graph.outputs["url"] == f"https://{HOST}/score"
    assert graph.outputs["api_key"] == ""
    assert not graph.all(KEY)
    assert apis(graph) >= {"apigateway", "servicemanagement", "servicecontrol"}
    assert "apikeys" not in apis(graph)


def test_the_gateway_is_behind_the_load_balancer_and_cloud_armor() -> None:
    graph = behind_a_gateway(Authentication.JWT)
    assert graph.one(GROUP).inputs["serverlessDeployment"] == {"platform": "apigateway.googleapis.com", "resource": "pricing-stack"}
    assert "cloudRun" not in graph.one(GROUP).inputs
    gateway = graph.one(GATEWAY).inputs
    assert gateway["apiConfig"] == "projects/shop-models/locations/global/apis/pricing-stack/configs/made-1"
    assert (gateway["region"], gateway["gatewayId"]) == ("europe-west1", "pricing-stack")
    config = graph.one(CONFIG).inputs
    assert (config["api"], config["apiConfigIdPrefix"]) == ("pricing-stack", "pricing-stack-")
    assert graph.one(BACKEND).inputs["securityPolicy"] == "pricing-firewall-id"
    (limit,) = [each for each in graph.one(FIREWALL).inputs["rules"] if "rateLimitOptions" in each]
    assert limit["rateLimitOptions"]["enforceOnKey"] == "IP"
    kept = graph.one("gcp:logging/projectSink:ProjectSink").inputs["filter"]
    assert 'resource.type="apigateway.googleapis.com/Gateway" AND resource.labels.gateway_id="pricing-stack"' in kept
    wanted = graph.one(SERVICE).inputs["labels"]
    assert all(graph.one(type).inputs["labels"] == wanted for type in (API_OF_GATEWAY, CONFIG, GATEWAY))


@pytest.mark.parametrize(("environment", "policy"), [(Environment.PRODUCTION, "DELETE"), (Environment.DEVELOPMENT, "FORCE")])
def test_keys_are_for_this_api_alone_and_counted_one_by_one(environment: Environment, policy: str) -> None:
    graph = behind_a_gateway(Authentication.API_KEY, environment=environment)
    assert written(graph)["securityDefinitions"] == {"caller": {"type": "apiKey", "name": "x-api-key", "in": "header"}}
    key = graph.one(KEY).inputs
    managed = "pricing-stack-x.apigateway.shop-models.cloud.goog"
    assert key["restrictions"] == {"apiTargets": [{"service": managed}]}
    assert key["deletionPolicy"] == policy
    assert managed in {each.inputs["service"] for each in graph.all(API)}
    assert graph.outputs["api_key"] == "AIza-made"
    (limit,) = [each for each in graph.one(FIREWALL).inputs["rules"] if "rateLimitOptions" in each]
    assert (limit["rateLimitOptions"]["enforceOnKey"], limit["rateLimitOptions"]["enforceOnKeyName"]) == ("HTTP_HEADER", "x-api-key")
    assert "apikeys" in apis(graph)


def test_there_is_no_gateway_for_identities() -> None:
    for type in (API_OF_GATEWAY, CONFIG, GATEWAY, KEY):
        assert not service_graph(access=PUBLIC).all(type)
    assert "apigateway" not in apis(service_graph(access=PUBLIC))


# The container


def test_the_container_is_told_where_its_model_is() -> None:
    told = variables(models=[model(environment={"MODE": "fast"})])
    assert told == {"MODE": "fast", "MODEL_URI": "gs://shop-artifacts/pricing/1", "MODEL_VERSION": "1"}


def test_a_local_model_is_uploaded_first(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_text("model")
    graph = service_graph(models=[model(source=str(tmp_path))])
    (uploaded,) = graph.all("gcp:storage/bucketObject:BucketObject")
    envs = graph.one(SERVICE).inputs["template"]["containers"][0]["envs"]
    folder = uploaded.inputs["name"].rpartition("/")[0]
    assert {"name": "MODEL_URI", "value": f"gs://pricing-models-1a2b3c4/{folder}"} in envs
    assert uploaded.urn in graph.one(SERVICE).depends_on


def test_it_is_probed_on_its_health_path() -> None:
    served_container = container(models=[model(port=8000, health_path="/health")])
    assert served_container["ports"] == {"containerPort": 8000}
    for probe in ("startupProbe", "livenessProbe"):
        assert served_container[probe]["httpGet"] == {"path": "/health", "port": 8000}
        assert served_container[probe]["timeoutSeconds"] <= served_container[probe]["periodSeconds"]
    startup = served_container["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] == 240


def test_predictions_go_to_the_path_of_the_version_that_answers_most() -> None:
    models = [model("1", predict_path="/predict"), model("2", predict_path="/score")]
    assert service_graph(models=models, rollout=Rollout(traffic={"1": 90, "2": 10})).outputs["url"] == f"{OWN}/predict"
    assert service_graph(models=models).outputs["url"] == f"{OWN}/score"


@pytest.mark.parametrize(
    ("compute", "limits"),
    [
        (ContainerCompute(), {"cpu": "1", "memory": "2048Mi"}),
        (ContainerCompute(cpu_millis=250, memory_mib=512), {"cpu": "1", "memory": "512Mi"}),
        (ContainerCompute(cpu_millis=3000), {"cpu": "4", "memory": "2048Mi"}),
        (ContainerCompute(cpu_millis=1000, memory_mib=9000), {"cpu": "4", "memory": "9000Mi"}),
    ],
)
def test_the_size_is_the_smallest_that_has_both(compute: ContainerCompute, limits: dict[str, str]) -> None:
    assert container(compute=compute)["resources"] == {"limits": limits, "cpuIdle": True, "startupCpuBoost": True}


def test_a_gpu_is_paid_as_long_as_the_instance_lives() -> None:
    made = template(compute=ContainerCompute(gpus=1))
    assert made["nodeSelector"] == {"accelerator": "nvidia-l4"}
    assert made["gpuZonalRedundancyDisabled"] is True
    resources = made["containers"][0]["resources"]
    assert resources["limits"] == {"cpu": "4", "memory": "16384Mi", "nvidia.com/gpu": "1"}
    assert resources["cpuIdle"] is False
    assert template(compute=ContainerCompute(gpus=1), gpu_zonal_redundancy=True)["gpuZonalRedundancyDisabled"] is False
    without = template()
    assert "nodeSelector" not in without
    assert "gpuZonalRedundancyDisabled" not in without


def test_arguments_of_the_instances_reach_the_template() -> None:
    made = template(
        concurrency=7, request_seconds=33, scaling=ReplicaScaling(minimum=0, maximum=3), startup_cpu_boost=False, encryption=Encryption(key=MADE_KEY)
    )
    assert (made["maxInstanceRequestConcurrency"], made["timeout"]) == (7, "33s")
    assert made["scaling"] == {"minInstanceCount": 0, "maxInstanceCount": 3}
    assert made["containers"][0]["resources"]["startupCpuBoost"] is False
    assert made["executionEnvironment"] == "EXECUTION_ENVIRONMENT_GEN2"


def test_images_pass_a_policy() -> None:
    assert served()["binaryAuthorization"] == {"useDefault": True}
    policy = "projects/shop-models/platforms/cloudRun/signed"
    graph = service_graph(image_policy=policy)
    assert graph.one(SERVICE).inputs["binaryAuthorization"] == {"policy": policy}
    assert "binaryauthorization" in apis(graph)


# Identity, secrets, encryption


def test_it_runs_as_an_account_of_its_own_that_reads_models_only() -> None:
    graph = service_graph()
    assert graph.one(SERVICE).inputs["template"]["serviceAccount"] == "pricing-stack@shop-models.iam.gserviceaccount.com"
    assert graph.outputs["identity"] == "pricing-stack@shop-models.iam.gserviceaccount.com"
    assert not graph.all("gcp:projects/iAMMember:IAMMember")
    grants = graph.all("gcp:storage/bucketIAMMember:BucketIAMMember")
    assert {(each.inputs["bucket"], each.inputs["role"]) for each in grants} == {
        ("pricing-models-1a2b3c4", "roles/storage.objectViewer"),
        ("shop-artifacts", "roles/storage.objectViewer"),
    }
    assert {each.urn for each in grants} <= graph.one(SERVICE).depends_on


def test_secrets_come_from_the_vault_and_nobody_else_is_let_in() -> None:
    graph = service_graph(secrets={"PARTNER": SECRET})
    envs = {each["name"]: each for each in graph.one(SERVICE).inputs["template"]["containers"][0]["envs"]}
    assert envs["PARTNER"]["valueSource"] == {"secretKeyRef": {"secret": "projects/vault/secrets/partner", "version": "3"}}
    reader = graph.one("gcp:secretmanager/secretIamMember:SecretIamMember")
    assert (reader.inputs["secretId"], reader.inputs["role"]) == ("projects/vault/secrets/partner", "roles/secretmanager.secretAccessor")
    assert reader.urn in graph.one(SERVICE).depends_on
    assert "secretmanager" in apis(graph)
    assert "secretmanager" not in apis(service_graph())


def test_everything_is_encrypted_with_the_key_that_is_made() -> None:
    graph = service_graph()
    assert graph.one(SERVICE).inputs["template"]["encryptionKey"] == MADE_KEY
    assert graph.one("gcp:storage/bucket:Bucket").inputs["encryption"] == {"defaultKmsKeyName": MADE_KEY}
    assert graph.one(LOGS).inputs["cmekSettings"] == {"kmsKeyName": MADE_KEY}
    grants = {each.name.removeprefix("pricing-key-"): each for each in graph.all(GRANT)}
    assert set(grants) == {"run", "storage", "logging"}
    assert {each.urn for each in grants.values()} <= graph.one(SERVICE).depends_on


def test_a_key_that_is_given_is_used_and_left_alone() -> None:
    key = "projects/shop-models/locations/europe-west1/keyRings/given/cryptoKeys/given"
    graph = service_graph(encryption=Encryption(key=key))
    assert graph.one(SERVICE).inputs["template"]["encryptionKey"] == key
    assert not graph.all(GRANT)


def test_a_database_is_read_with_the_service_s_identity() -> None:
    graph = service_graph(database=GIVEN_DATABASE)
    told = {each["name"]: each.get("value") for each in graph.one(SERVICE).inputs["template"]["containers"][0]["envs"]}
    assert (told["DATABASE_HOST"], told["DATABASE_NAME"]) == ("10.64.64.3", "pricing")
    assert told["DATABASE_USER"] == "pricing-stack@shop-models.iam"
    assert graph.outputs["database_grant"].startswith("GRANT SELECT")
    roles = graph.all("gcp:projects/iAMMember:IAMMember")
    assert all("instances/prices" in each.inputs["condition"]["expression"] for each in roles)
    assert {each.urn for each in roles} <= graph.one(SERVICE).depends_on


# Production and development


def test_production_is_protected() -> None:
    graph = service_graph()
    assert graph.one(SERVICE).inputs["deletionProtection"] is True
    for type in ("gcp:storage/bucket:Bucket", "gcp:kms/cryptoKey:CryptoKey"):
        assert graph.one(type).options.protect is True


def test_development_goes_with_destroy() -> None:
    graph = service_graph(environment=Environment.DEVELOPMENT)
    assert graph.one(SERVICE).inputs["deletionProtection"] is False
    for type in ("gcp:storage/bucket:Bucket", "gcp:kms/cryptoKey:CryptoKey"):
        assert graph.one(type).options.protect is False


def test_what_other_tools_write_is_left_alone() -> None:
    assert set(service_graph().one(SERVICE).options.ignoreChanges) == {"client", "clientVersion", "annotations", "template.annotations"}


def test_apis_are_on_before_anything_that_needs_them() -> None:
    graph = service_graph(access=PUBLIC)
    services = {each.urn for each in graph.all(API)}
    for type in (SERVICE, FIREWALL, "gcp:certificatemanager/certificateMap:CertificateMap", "gcp:compute/globalAddress:GlobalAddress", CERTIFICATE):
        assert services <= graph.one(type).depends_on
    assert apis(graph) >= {"run", "cloudkms", "storage", "iam", "logging", "monitoring", "compute"}


def test_everything_that_takes_labels_has_them() -> None:
    wanted = {"owner": "finance", "environment": "prod", "managed-by": "modeldeploy", "modeldeploy-name": "pricing"}
    access = WebAccess(exposure=Exposure.PUBLIC, domain=Domain(hostname=HOST, zone="shop"))
    graph = service_graph(tags={"owner": "finance"}, access=access)
    labelled = [each for each in graph.registrations if "labels" in each.inputs]
    assert {each.type.split(":")[-1] for each in labelled} == {
        "Bucket",
        "Certificate",
        "CertificateMap",
        "CertificateMapEntry",
        "CryptoKey",
        "DnsAuthorization",
        "GlobalAddress",
        "GlobalForwardingRule",
        "SecurityPolicy",
        "Service",
    }
    assert all(each.inputs["labels"] == wanted for each in labelled)
    assert graph.one(SERVICE).inputs["template"]["labels"] == wanted


# Operations


def test_logs_are_kept_in_a_bucket_of_their_own() -> None:
    graph = service_graph(operations=Operations(log_retention_days=365))
    bucket = graph.one(LOGS).inputs
    assert (bucket["retentionDays"], bucket["bucketId"]) == (365, "pricing-models-1a2b3c4")
    own = 'resource.type="cloud_run_revision" AND resource.labels.service_name="pricing-stack" AND resource.labels.location="europe-west1"'
    assert graph.one("gcp:logging/projectSink:ProjectSink").inputs["filter"] == own
    refused = 'resource.type="http_load_balancer" AND resource.labels.backend_service_name="pricing-backend-1a2b3c4"'
    assert service_graph(access=PUBLIC).one("gcp:logging/projectSink:ProjectSink").inputs["filter"] == f"({own}) OR ({refused})"


def test_alarms_watch_latency_errors_and_cpu() -> None:
    operations = Operations(latency_milliseconds=300, error_percent=2, utilization_percent=80, emails=["team@example.com"])
    alarms = {each.name: each.inputs for each in service_graph(operations=operations).all(ALERT)}
    assert set(alarms) == {"pricing-alarm-latency", "pricing-alarm-errors", "pricing-alarm-cpu"}
    conditions = {name: each["conditions"][0]["conditionThreshold"] for name, each in alarms.items()}
    expected = {
        "latency": ("request_latencies", 300, "600s"),
        "errors": ("request_count", 0.02, "600s"),
        "cpu": ("container/cpu/utilizations", 0.8, "900s"),
    }
    for alarm, (metric, threshold, duration) in expected.items():
        condition = conditions[f"pricing-alarm-{alarm}"]
        assert f'metric.type="run.googleapis.com/{metric}"' in condition["filter"]
        assert 'resource.labels.service_name="pricing-stack"' in condition["filter"]
        assert (condition["thresholdValue"], condition["duration"]) == (threshold, duration)
    assert 'metric.labels.response_code_class="5xx"' in conditions["pricing-alarm-errors"]["filter"]
    assert "response_code_class" not in conditions["pricing-alarm-errors"]["denominatorFilter"]
    assert all(each["notificationChannels"] == ["channel"] for each in alarms.values())


def test_the_dashboard_shows_this_service() -> None:
    graph = service_graph()
    shown = json.loads(graph.one("gcp:monitoring/dashboard:Dashboard").inputs["dashboardJson"])
    tiles = shown["mosaicLayout"]["tiles"]
    assert len({tile["widget"]["title"] for tile in tiles}) == 6
    filters = [series["timeSeriesQuery"]["timeSeriesFilter"]["filter"] for tile in tiles for series in tile["widget"]["xyChart"]["dataSets"]]
    assert len(filters) == 8
    assert all('service_name="pricing-stack"' in each for each in filters)
    assert graph.outputs["dashboard_url"].endswith("/11-22?project=shop-models")


def test_the_cost_is_that_of_the_instances_that_are_kept() -> None:
    # 2 instances x (1 CPU x 0.0000025 + 2 GiB x 0.0000025 dollars) x 3600 x 730
    assert service_graph().outputs["monthly_cost"] == 39.42
    assert service_graph(models=[model("1"), model("2")]).outputs["monthly_cost"] == 78.84
    assert service_graph(scaling=ReplicaScaling(minimum=0)).outputs["monthly_cost"] == 0
    # 4 CPUs x 0.000018 + 16 GiB x 0.000002 + 0.0001867 dollars, all the time
    assert service_graph(compute=ContainerCompute(gpus=1), scaling=ReplicaScaling(minimum=1)).outputs["monthly_cost"] == 763.96


def test_the_budget_is_the_most_it_can_cost_when_no_other_is_given() -> None:
    graph = service_graph(billing_account="0A1B2C-3D4E5F-678901", scaling=ReplicaScaling(minimum=0, maximum=2))
    # 2 instances x (1 CPU x 0.000024 + 2 GiB x 0.0000025 dollars) x 3600 x 730
    assert graph.one(BUDGET).inputs["amount"]["specifiedAmount"]["units"] == "153"
    assert "billingbudgets" in apis(graph)
    given = service_graph(billing_account="0A1B2C-3D4E5F-678901", operations=Operations(monthly_budget_usd=70))
    assert given.one(BUDGET).inputs["amount"]["specifiedAmount"]["units"] == "70"
    assert not service_graph().all(BUDGET)


# Releases


def traffic(**arguments: Any) -> dict[str, tuple[str, int]]:
    traffics = served(**arguments)["traffics"]
    assert {each["type"] for each in traffics} == {"TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"}
    return {each["tag"]: (each["revision"], each["percent"]) for each in traffics}


def test_the_only_version_gets_all_requests() -> None:
    made = served()
    revision = made["template"]["revision"]
    assert revision.startswith("pricing-stack-1-")
    assert traffic() == {"v1": (revision, 100)}


@pytest.mark.parametrize(("shared", "answers"), [({"1": 90, "2": 10}, "1"), ({"1": 0, "2": 100}, "2"), ({"1": 100, "2": 0}, "1")])
def test_the_older_version_keeps_the_revision_that_was_noted(shared: dict[str, int], answers: str) -> None:
    graph = service_graph(models=[model("1"), model("2")], rollout=Rollout(traffic=shared))
    service = graph.one(SERVICE).inputs
    assert {each["tag"]: (each["revision"], each["percent"]) for each in service["traffics"]} == {
        "v1": ("noted-revision", shared["1"]),
        "v2": (service["template"]["revision"], shared["2"]),
    }
    assert {"name": "MODEL_VERSION", "value": "2"} in service["template"]["containers"][0]["envs"]
    assert graph.outputs["model_version"] == answers


def test_a_revision_is_noted_when_it_runs_and_read_before_it_is_used() -> None:
    graph = service_graph(models=[model("1"), model("2")])
    older, newest = graph.one(STASH, "pricing-revision-1"), graph.one(STASH, "pricing-revision-2")
    service = graph.one(SERVICE)
    assert newest.inputs["input"]["revision"] == service.inputs["template"]["revision"]
    assert list(newest.options.replaceOnChanges) == ["input"]
    assert service.urn in newest.depends_on
    assert list(older.options.ignoreChanges) == ["input"]
    assert not older.options.replaceOnChanges
    assert older.urn in service.depends_on


@pytest.mark.parametrize(
    "change",
    [
        {"concurrency": 5},
        {"request_seconds": 5},
        {"models": [model(environment={"MODE": "fast"})]},
        {"secrets": {"PARTNER": SECRET}},
        {"tags": {"owner": "finance"}},
        {"image_policy": "projects/shop-models/platforms/cloudRun/signed"},
        {"database": GIVEN_DATABASE},
        {"encryption": Encryption(key="projects/p/locations/europe-west1/keyRings/k/cryptoKeys/k")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_revision_has_another_name(change: dict[str, Any]) -> None:
    assert template(**change)["revision"] != template()["revision"]


def test_traffic_and_who_may_call_make_no_revision() -> None:
    first = template()["revision"]
    assert template(access=WebAccess(callers=[SHOP]))["revision"] == first
    assert template(access=PUBLIC)["revision"] == first
    assert template(environment=Environment.PRODUCTION, billing_account="0A1B2C-3D4E5F-678901")["revision"] == first
    two = {"models": [model("1"), model("2")]}
    assert template(**two, rollout=Rollout(traffic={"1": 90, "2": 10}))["revision"] == template(**two)["revision"]


def test_a_version_that_was_never_deployed_cannot_be_the_older_one() -> None:
    problem = note_problem("1", "c", {"revision": "", "content": "c"})
    assert problem == "version '1' was not deployed yet, and Cloud Run makes one revision at a time; deploy it first, then the next beside it"


def test_a_version_that_runs_cannot_change_beside_a_newer_one() -> None:
    assert note_problem("1", "c", {"revision": "pricing-stack-1-0", "content": "c"}) is None
    problem = note_problem("1", "d", {"revision": "pricing-stack-1-0", "content": "c"})
    assert problem == "version '1' runs already, and a revision of Cloud Run cannot change; give what changed a version of its own"


def test_a_preview_warns_of_it_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda message, *_: told.append(message))
    monkeypatch.setitem(OUTPUTS, STASH, lambda inputs: {"output": inputs["input"]})
    service = service_graph(preview=True, models=[model("1"), model("2")]).one(SERVICE)
    assert [each["tag"] for each in service.inputs["traffics"]] == ["v1", "v2"]
    assert told == [
        "CloudRunService 'pricing': models: version '1' was not deployed yet, and Cloud Run makes one revision at a time; "
        "deploy it first, then the next beside it"
    ]


def test_a_version_s_own_content_is_its_files_image_and_plain_variables(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_text("one")

    def content(source: str = str(tmp_path), **changes: Any) -> str:
        made = Container(image=IMAGE, **changes)
        return fingerprint(Model(name="pricing", version="1", source=source, container=made), made)

    # Outputs want a loop, which every other test of the mocks has closed.
    asyncio.set_event_loop(asyncio.new_event_loop())
    first = content()
    assert content(predict_path="/score") == first
    assert content(environment={"A": "1"}) != first
    assert content(health_path="/health") != first
    assert content(source="gs://b/m") != first
    assert content(environment={"A": pulumi.Output.from_input("x")}) == content(environment={"A": pulumi.Output.from_input("y")})
    (tmp_path / "model.pkl").write_text("two")
    assert content() != first


def test_names_keep_to_cloud_run_s_limits() -> None:
    name = service_name("a" * 30, "production-of-europe")
    assert len(name) == 30
    assert len(name) + len(tag("2026-11-01-release.x")) <= 46
    assert tag("3") == "v3"
    long = model("2026-11-01-release.x")
    made = served(models=[long])
    assert len(made["template"]["revision"]) <= 63
    assert made["template"]["revision"].startswith(f"{made['name']}-")


# What is refused


def refusal(**arguments: Any) -> str:
    with pytest.raises(ArgumentError) as caught:
        parse(CloudRunServiceArgs, CloudRunServiceArgs(**{"models": [model()], **arguments}), "CloudRunService 'pricing'")
    return str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"models": [model("1", "s3://bucket/model")]}, "models[0].source: 's3://bucket/model' cannot be read by Cloud Run; allowed: gs://"),
        ({"models": [model(image="docker.io/shop/pricing@sha256:" + "a" * 64)]}, "models[0].container.image: 'docker.io/shop/pricing"),
        ({"models": [model(environment={"PORT": "1"})]}, "models[0].container.environment.PORT: is set by Cloud Run; choose another name"),
        ({"secrets": {"X_GOOGLE_ID": SECRET}}, "secrets.X_GOOGLE_ID: is set by Cloud Run; choose another name"),
        ({"models": [model(environment={"MODEL_URI": "x"})]}, "models[0].container.environment.MODEL_URI: is set from models; leave it out"),
        (
            {"models": [model(environment={"DATABASE_HOST": "x"})], "database": GIVEN_DATABASE},
            "models[0].container.environment.DATABASE_HOST: is set from database; leave it out",
        ),
        ({"secrets": {"MODEL_VERSION": SECRET}}, "secrets.MODEL_VERSION: is set from models; leave it out"),
        ({"secrets": {"PARTNER": "arn:aws:x"}}, "secrets.PARTNER: 'arn:aws:x' is no version of a secret; write projects/"),
        ({"compute": ContainerCompute(cpu_millis=9000)}, "compute.cpu_millis: 9000 is not allowed on Cloud Run; use 8000 or less"),
        ({"compute": ContainerCompute(memory_mib=40000)}, "compute.memory_mib: 40000 is not allowed on Cloud Run; use 32768 or less"),
        ({"compute": ContainerCompute(gpus=2)}, "compute.gpus: 2 is not allowed: an instance on Cloud Run has one GPU at most"),
        ({"concurrency": 0}, "concurrency: 0 is not allowed; use 1 to 1000"),
        ({"concurrency": 1001}, "concurrency: 1001 is not allowed; use 1 to 1000"),
        ({"gpu_zonal_redundancy": True}, "gpu_zonal_redundancy: has no effect without compute.gpus; leave it out"),
        ({"image_policy": "signed"}, "image_policy: 'signed' is no policy for Cloud Run; write projects/<project>/platforms/cloudRun/<policy>"),
        (
            {"identity_aware_proxy": True, "access": WebAccess(authentication=Authentication.NONE)},
            "identity_aware_proxy: needs access.authentication identity",
        ),
        ({"access": WebAccess(callers=["allUsers"])}, "access.callers[0]: 'allUsers' is no IAM member"),
        ({"access": WebAccess(exposure=Exposure.PUBLIC)}, "access.domain: is required with access.exposure 'public'"),
        (
            {"access": WebAccess(domain=Domain(hostname=HOST))},
            "access.domain.zone: is required with access.exposure 'private' and no certificate: what is made proves its name by a record in",
        ),
        (
            {"access": WebAccess(domain=Domain(hostname=HOST, certificate="projects/p/locations/global/certificates/c"))},
            "access.domain.certificate: 'projects/p/locations/global/certificates/c' is no certificate of a load balancer in the network; write",
        ),
        ({"access": WebAccess(requests_per_minute=60)}, "access.requests_per_minute: needs access.exposure 'public': Cloud Armor counts"),
        (
            {"access": WebAccess(exposure=Exposure.PUBLIC, domain=Domain(hostname=HOST, certificate="my-certificate"))},
            "access.domain.certificate: 'my-certificate' is no certificate of a global load balancer; write projects/",
        ),
        (
            {"access": WebAccess(authentication=Authentication.API_KEY)},
            "access.authentication: 'api-key' is checked by API Gateway, which is on the internet; use access.exposure 'public' with it, or identity",
        ),
        (
            {"access": WebAccess(authentication=Authentication.JWT, tokens=Tokens(issuer="https://login.example.com", audiences=["a"]))},
            "access.authentication: 'jwt' is checked by API Gateway",
        ),
        ({"network": Network(callers=["10.1.0.0/16"])}, "network.callers: cannot be kept on Cloud Run"),
        ({"operations": Operations(capture_percent=5)}, "operations.capture_percent: is not offered by Cloud Run; leave it out"),
        ({"billing_account": "mine"}, "billing_account: 'mine' is no billing account"),
        ({"tags": {"modeldeploy-name": "x"}}, "tags.modeldeploy-name: is set by the component; leave it out"),
        ({"request_seconds": 300}, "request_seconds: 300 is not allowed; use 1 to 240"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    assert message in refusal(**arguments)


def test_arguments_shared_by_the_clouds_are_taken() -> None:
    checked = parse(CloudRunServiceArgs, ContainerArgs(models=[model()]), "CloudRunService 'pricing'")
    assert checked.billing_account is None
