import pytest

from modeldeploy.gcp.network import GOOGLE_APIS
from modeldeploy.spec import Environment
from modeldeploy.spec.arguments import ArgumentError
from tests.components.gcp.program import network_graph

FIREWALL = "gcp:compute/firewall:Firewall"
BUCKET = "gcp:logging/projectBucketConfig:ProjectBucketConfig"


def test_the_network_has_no_subnets_or_routes_of_googles_choosing() -> None:
    network = network_graph().one("gcp:compute/network:Network").inputs
    assert network["autoCreateSubnetworks"] is False
    assert network["deleteDefaultRoutesOnCreate"] is True


def test_nothing_leads_to_the_internet() -> None:
    graph = network_graph()
    assert graph.one("gcp:compute/route:Route").inputs["destRange"] == GOOGLE_APIS
    assert not [each for each in graph.types() if "router" in each.lower() or "nat" in each.lower().split("/")[-1]]


def test_the_firewall_refuses_what_no_rule_allows_both_ways() -> None:
    rules = {each.name: each.inputs for each in network_graph().all(FIREWALL)}
    for direction in ("ingress", "egress"):
        rule = rules[f"shared-deny-{direction}"]
        assert rule["direction"] == direction.upper()
        assert rule["denies"] == [{"protocol": "all"}]
        assert rule["priority"] == 65534
        assert "allows" not in rule
        assert rule["logConfig"] == {"metadata": "INCLUDE_ALL_METADATA"}


def test_the_firewall_allows_connections_to_the_network_and_googles_apis_only() -> None:
    allowed = {each.name: each.inputs for each in network_graph(cidr="10.20.0.0/18").all(FIREWALL) if "allows" in each.inputs}
    assert {name: (rule["direction"], rule["destinationRanges"], rule["allows"][0]["ports"]) for name, rule in allowed.items()} == {
        "shared-allow-services": ("EGRESS", ["10.20.0.0/18"], ["443", "5432", "3307"]),
        "shared-allow-google": ("EGRESS", ["199.36.153.8/30"], ["443"]),
    }


def test_googles_apis_have_private_addresses() -> None:
    graph = network_graph()
    zones = [each.inputs for each in graph.all("gcp:dns/managedZone:ManagedZone")]
    assert {each["dnsName"] for each in zones} == {"googleapis.com.", "run.app.", "pkg.dev.", "gcr.io."}
    assert {each["visibility"] for each in zones} == {"private"}
    for zone in zones:
        assert zone["privateVisibilityConfig"]["networks"] == [{"networkUrl": "projects/shop-models/global/networks/made-1a2b3c4"}]
    records = {each.inputs["name"]: (each.inputs["type"], each.inputs["rrdatas"]) for each in graph.all("gcp:dns/recordSet:RecordSet")}
    assert records["*.googleapis.com."] == ("CNAME", ["private.googleapis.com."])
    assert records["private.googleapis.com."][1][0] == "199.36.153.8"
    for domain in ("pkg.dev.", "gcr.io."):
        assert records[domain] == ("A", ["199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"])
        assert records[f"*.{domain}"] == ("CNAME", [domain])
    assert records["*.run.app."] == ("A", ["199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"])
    assert graph.one("gcp:compute/subnetwork:Subnetwork").inputs["privateIpGoogleAccess"] is True


def test_workloads_and_googles_services_get_ranges_that_do_not_meet() -> None:
    graph = network_graph(cidr="10.20.0.0/18")
    assert graph.one("gcp:compute/subnetwork:Subnetwork").inputs["ipCidrRange"] == "10.20.0.0/20"
    services = graph.one("gcp:compute/globalAddress:GlobalAddress").inputs
    assert (services["address"], services["prefixLength"], services["purpose"]) == ("10.20.16.0", 20, "VPC_PEERING")
    connection = graph.one("gcp:servicenetworking/connection:Connection").inputs
    assert connection["reservedPeeringRanges"] == ["services-1a2b3c4"]
    assert connection["deletionPolicy"] == "REMOVE_PEERING"


def test_proxies_of_load_balancers_get_a_subnet_only_when_asked() -> None:
    graph = network_graph(cidr="10.20.0.0/20", proxies=True)
    proxies = graph.one("gcp:compute/subnetwork:Subnetwork", "shared-proxies")
    assert proxies.inputs == {
        "network": "projects/shop-models/global/networks/made-1a2b3c4",
        "ipCidrRange": "10.20.12.0/23",
        "purpose": "REGIONAL_MANAGED_PROXY",
        "role": "ACTIVE",
        "region": "europe-west1",
        "project": "shop-models",
    }
    assert [each.name for each in network_graph().all("gcp:compute/subnetwork:Subnetwork")] == ["shared-subnet"]


def test_flows_and_names_looked_up_are_logged_under_a_key_for_the_time_asked() -> None:
    graph = network_graph(log_retention_days=365)
    assert graph.one("gcp:compute/subnetwork:Subnetwork").inputs["logConfig"]["metadata"] == "INCLUDE_ALL_METADATA"
    assert graph.one("gcp:dns/policy:Policy").inputs["enableLogging"] is True
    logs = graph.one(BUCKET).inputs
    assert logs["retentionDays"] == 365
    assert logs["cmekSettings"]["kmsKeyName"].endswith("/cryptoKeys/made-1a2b3c4")
    sink = graph.one("gcp:logging/projectSink:ProjectSink").inputs
    assert 'subnetwork_name="made-1a2b3c4"' in sink["filter"]
    assert 'sourceNetwork="made-1a2b3c4"' in sink["filter"]
    assert graph.one("gcp:logging/projectExclusion:ProjectExclusion").inputs["filter"] == sink["filter"]


def test_the_log_bucket_waits_for_its_permission_to_use_the_key() -> None:
    graph = network_graph()
    grant = graph.one("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember")
    assert grant.inputs["member"] == "serviceAccount:cmek-p123456789012@gcp-sa-logging.iam.gserviceaccount.com"
    assert grant.urn in graph.one(BUCKET).depends_on


def test_apis_stay_on_when_the_network_goes() -> None:
    services = network_graph().all("gcp:projects/service:Service")
    assert {each.inputs["service"] for each in services} >= {"compute.googleapis.com", "dns.googleapis.com", "servicenetworking.googleapis.com"}
    assert {each.inputs["disableOnDestroy"] for each in services} == {False}
    assert {each.urn for each in services} <= network_graph().one("gcp:compute/network:Network").depends_on


def test_the_reference_names_network_and_subnet() -> None:
    outputs = network_graph().outputs
    assert outputs["id"] == "projects/shop-models/global/networks/made-1a2b3c4"
    assert outputs["subnet"] == "projects/shop-models/regions/europe-west1/subnetworks/made-1a2b3c4"


@pytest.mark.parametrize("environment", list(Environment))
def test_the_key_is_protected_in_production_only(environment: Environment) -> None:
    key = network_graph(environment=environment).one("gcp:kms/cryptoKey:CryptoKey")
    assert key.options.protect is (environment is Environment.PRODUCTION)


def test_everything_that_takes_labels_has_them() -> None:
    graph = network_graph(tags={"owner": "finance"})
    types = ("gcp:kms/cryptoKey:CryptoKey", "gcp:compute/globalAddress:GlobalAddress", "gcp:dns/managedZone:ManagedZone")
    labelled = [each for type in types for each in graph.all(type)]
    assert len(labelled) == 6
    for each in labelled:
        assert each.inputs["labels"] == {
            "owner": "finance",
            "environment": "prod",
            "managed-by": "modeldeploy",
            "modeldeploy-name": "shared",
        }


def test_a_public_range_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"GoogleNetwork 'shared': cidr: '8\.8\.0\.0/16' is open to the internet"):
        network_graph(cidr="8.8.0.0/16")


PERIMETER = "gcp:accesscontextmanager/servicePerimeterResource:ServicePerimeterResource"


def test_the_project_is_put_behind_a_fence_that_is_named() -> None:
    graph = network_graph(perimeter="accessPolicies/123/servicePerimeters/health")
    fence = graph.one(PERIMETER)
    assert fence.inputs == {"perimeterName": "accessPolicies/123/servicePerimeters/health", "resource": "projects/123456789012"}
    assert fence.options.retainOnDelete is True
    assert "accesscontextmanager.googleapis.com" in {each.inputs["service"] for each in graph.all("gcp:projects/service:Service")}
    development = network_graph(perimeter="accessPolicies/123/servicePerimeters/health", environment=Environment.DEVELOPMENT)
    assert development.one(PERIMETER).options.retainOnDelete is False
    assert not network_graph().all(PERIMETER)


def test_what_is_no_perimeter_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"perimeter: 'health' is no perimeter; write accessPolicies/<number>/servicePerimeters/<name>"):
        network_graph(perimeter="health")
