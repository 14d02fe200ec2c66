"""The way in from a private network under a host name: a regional internal Application Load Balancer in front of a serverless service.

https://cloud.google.com/load-balancing/docs/l7-internal/setting-up-l7-internal-serverless
"""

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.access import Domain
from modeldeploy.spec.network import Network

from .certificates import regional_certificate
from .load_balancer import LoadBalancer
from .network import id_of, private_zone
from .scope import Scope

SCHEME = "INTERNAL_MANAGED"


def internal_balancer(scope: Scope, group: gcp.compute.RegionNetworkEndpointGroup, domain: Domain, network: Network) -> LoadBalancer:
    """Lets `network` reach what is in `group` under the host name of `domain`: by HTTPS only, with TLS 1.2 or newer, at an address of its first
    subnet. The network resolves the name by a private zone for it alone; its region has a subnet for the load balancer's proxies."""
    backend = gcp.compute.RegionBackendService(
        f"{scope.name}-backend",
        gcp.compute.RegionBackendServiceArgs(
            description=f"{scope.name} in its network",
            load_balancing_scheme=SCHEME,
            protocol="HTTPS",
            # The provider wants a capacity, also of a group that has none.
            backends=[gcp.compute.RegionBackendServiceBackendArgs(group=group.id, balancing_mode="UTILIZATION", capacity_scaler=1)],
            log_config=gcp.compute.RegionBackendServiceLogConfigArgs(enable=True, sample_rate=1),
            region=scope.region,
            project=scope.project,
        ),
        scope.child(),
    )
    routes = gcp.compute.RegionUrlMap(
        f"{scope.name}-routes",
        gcp.compute.RegionUrlMapArgs(description=f"Routes of {scope.name}", default_service=backend.id, region=scope.region, project=scope.project),
        scope.child(),
    )
    tls = gcp.compute.RegionSslPolicy(
        f"{scope.name}-tls",
        gcp.compute.RegionSslPolicyArgs(min_tls_version="TLS_1_2", profile="RESTRICTED", region=scope.region, project=scope.project),
        scope.after_apis(),
    )
    proxy = gcp.compute.RegionTargetHttpsProxy(
        f"{scope.name}-proxy",
        gcp.compute.RegionTargetHttpsProxyArgs(
            url_map=routes.id,
            certificate_manager_certificates=[regional_certificate(scope, domain)],
            ssl_policy=tls.id,
            region=scope.region,
            project=scope.project,
        ),
        scope.child(),
    )
    subnet = network.subnet_ids[0]
    address = gcp.compute.Address(
        f"{scope.name}-address",
        gcp.compute.AddressArgs(
            address_type="INTERNAL", purpose="GCE_ENDPOINT", subnetwork=subnet, region=scope.region, project=scope.project, labels=scope.labels
        ),
        scope.after_apis(),
    )
    rule = gcp.compute.ForwardingRule(
        f"{scope.name}-https",
        gcp.compute.ForwardingRuleArgs(
            target=proxy.id,
            ip_address=address.id,
            ip_protocol="TCP",
            port_range="443",
            load_balancing_scheme=SCHEME,
            network=id_of(network),
            subnetwork=subnet,
            region=scope.region,
            project=scope.project,
            labels=scope.labels,
        ),
        scope.child(),
    )
    name = f"{domain.hostname}."
    private_zone(scope, id_of(network), "host", name, f"The name of {scope.name} in its network", {"address": (name, "A", [address.address])})
    return LoadBalancer(address=address.address, logs=_logs(rule))


def _logs(rule: gcp.compute.ForwardingRule) -> pulumi.Output[str]:
    return pulumi.Output.format('resource.type="internal_http_lb_rule" AND resource.labels.forwarding_rule_name="{0}"', rule.name)
