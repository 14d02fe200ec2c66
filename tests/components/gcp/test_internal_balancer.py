"""A private service or function under a host name: the load balancer in its network, the certificate, the name."""

from collections.abc import Callable

import pytest

from modeldeploy.spec import Domain, Network, WebAccess
from tests.components.gcp.web import BACKEND, FIREWALL, GROUP, HOST, MAP, NETWORK, SERVICE, function_graph, service_graph
from tests.support.mocks import Graph

ADDRESS = "gcp:compute/address:Address"
AUTHORIZATION = "gcp:certificatemanager/dnsAuthorization:DnsAuthorization"
CERTIFICATE = "gcp:certificatemanager/certificate:Certificate"
GIVEN = "projects/shop-models/locations/europe-west1/certificates/shop"
INTERNAL_BACKEND = "gcp:compute/regionBackendService:RegionBackendService"
PROXY = "gcp:compute/regionTargetHttpsProxy:RegionTargetHttpsProxy"
RECORD = "gcp:dns/recordSet:RecordSet"
RULE = "gcp:compute/forwardingRule:ForwardingRule"
SUBNET = "projects/shop-models/regions/europe-west1/subnetworks/shared"
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
ZONE = "gcp:dns/managedZone:ManagedZone"
NAMED = WebAccess(domain=Domain(hostname=HOST, zone="shop"))


def test_a_private_service_has_no_load_balancer_without_a_name() -> None:
    graph = service_graph()
    assert not graph.all(INTERNAL_BACKEND)
    assert graph.outputs["dns_target"] == ""


@pytest.mark.parametrize("make", [service_graph, function_graph])
def test_requests_go_through_a_load_balancer_in_the_network(make: Callable[..., Graph]) -> None:
    graph = make(access=NAMED)
    backend = graph.one(INTERNAL_BACKEND)
    assert (backend.inputs["loadBalancingScheme"], backend.inputs["protocol"]) == ("INTERNAL_MANAGED", "HTTPS")
    assert backend.inputs["backends"] == [{"group": "pricing-group-id", "balancingMode": "UTILIZATION", "capacityScaler": 1}]
    assert backend.inputs["logConfig"] == {"enable": True, "sampleRate": 1}
    assert graph.one(GROUP).inputs["cloudRun"]["service"]
    assert graph.one("gcp:compute/regionUrlMap:RegionUrlMap").inputs["defaultService"] == "pricing-backend-id"
    proxy = graph.one(PROXY).inputs
    assert proxy["urlMap"] == "pricing-routes-id"
    assert proxy["sslPolicy"] == "pricing-tls-id"
    assert proxy["certificateManagerCertificates"] == ["pricing-certificate-id"]
    tls = graph.one("gcp:compute/regionSslPolicy:RegionSslPolicy").inputs
    assert (tls["minTlsVersion"], tls["profile"]) == ("TLS_1_2", "RESTRICTED")
    for kind in (INTERNAL_BACKEND, "gcp:compute/regionUrlMap:RegionUrlMap", "gcp:compute/regionSslPolicy:RegionSslPolicy", PROXY, RULE):
        assert (graph.one(kind).inputs["region"], graph.one(kind).inputs["project"]) == ("europe-west1", "shop-models")
    assert not graph.all(BACKEND)
    assert not graph.all(FIREWALL)
    assert not graph.all(MAP)


def test_it_answers_https_at_an_address_of_the_networks_first_subnet() -> None:
    graph = service_graph(access=NAMED)
    address = graph.one(ADDRESS).inputs
    assert (address["addressType"], address["purpose"], address["subnetwork"]) == ("INTERNAL", "GCE_ENDPOINT", SUBNET)
    rule = {**graph.one(RULE).inputs}
    assert rule.pop("labels") == address["labels"]
    assert rule == {
        "target": "pricing-proxy-id",
        "ipAddress": "projects/shop-models/regions/europe-west1/addresses/made",
        "ipProtocol": "TCP",
        "portRange": "443",
        "loadBalancingScheme": "INTERNAL_MANAGED",
        "network": NETWORK.id,
        "subnetwork": SUBNET,
        "region": "europe-west1",
        "project": "shop-models",
    }


def test_the_network_finds_the_name_and_others_are_told_the_address() -> None:
    graph = service_graph(access=NAMED)
    zone = graph.one(ZONE).inputs
    assert (zone["dnsName"], zone["visibility"]) == (f"{HOST}.", "private")
    assert zone["privateVisibilityConfig"] == {"networks": [{"networkUrl": NETWORK.id}]}
    record = next(each.inputs for each in graph.all(RECORD) if each.inputs["name"] == f"{HOST}.")
    assert (record["type"], record["rrdatas"]) == ("A", ["10.64.0.2"])
    assert graph.outputs["dns_target"] == "10.64.0.2"
    assert graph.outputs["url"] == f"https://{HOST}/invocations"
    assert graph.outputs["audience"] == f"https://{HOST}"


def test_the_service_stays_private_and_takes_tokens_for_the_name() -> None:
    inputs = service_graph(access=NAMED).one(SERVICE).inputs
    assert inputs["ingress"] == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    assert inputs["customAudiences"] == [f"https://{HOST}"]
    assert inputs["invokerIamDisabled"] is False


def test_a_certificate_of_the_region_proves_its_name_in_a_public_zone() -> None:
    graph = service_graph(access=NAMED)
    certificate = graph.one(CERTIFICATE).inputs
    assert certificate["location"] == "europe-west1"
    assert certificate["managed"] == {"domains": [HOST], "dnsAuthorizations": ["pricing-authorization-id"]}
    authorization = graph.one(AUTHORIZATION).inputs
    assert (authorization["location"], authorization["type"]) == ("europe-west1", "PER_PROJECT_RECORD")
    proof = next(each.inputs for each in graph.all(RECORD) if each.inputs["type"] == "CNAME")
    assert (proof["managedZone"], proof["rrdatas"]) == ("shop", ["proof.authorize.certificatemanager.goog."])


def test_a_certificate_that_is_given_is_used() -> None:
    graph = service_graph(access=WebAccess(domain=Domain(hostname=HOST, certificate=GIVEN)))
    assert graph.one(PROXY).inputs["certificateManagerCertificates"] == [GIVEN]
    assert not graph.all(CERTIFICATE)
    assert not graph.all(AUTHORIZATION)


def test_its_requests_are_in_the_services_own_logs() -> None:
    filter = service_graph(access=NAMED).one("gcp:logging/projectSink:ProjectSink").inputs["filter"]
    assert filter.endswith(' OR (resource.type="internal_http_lb_rule" AND resource.labels.forwarding_rule_name="pricing-https-1a2b3c4")')


def test_the_api_of_certificates_is_on() -> None:
    names = service_graph(access=NAMED).names("gcp:projects/service:Service")
    assert "pricing-api-certificatemanager" in names
    assert "pricing-api-certificatemanager" not in service_graph().names("gcp:projects/service:Service")


def test_a_network_that_is_made_has_room_for_its_proxies_before_it_is_used() -> None:
    graph = service_graph(access=NAMED, network=Network())
    proxies = graph.one(SUBNETWORK, "pricing-network-proxies")
    assert proxies.inputs["purpose"] == "REGIONAL_MANAGED_PROXY"
    assert proxies.urn in graph.one(RULE).depends_on
    assert not [each for each in service_graph(network=Network()).all(SUBNETWORK) if each.inputs.get("purpose")]
