"""The way in from the internet: a global external Application Load Balancer in front of a serverless service.

https://cloud.google.com/load-balancing/docs/https/setup-global-ext-https-serverless
"""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.access import Domain

from .certificates import certificate_map
from .scope import Scope

SCHEME = "EXTERNAL_MANAGED"


@dataclass(frozen=True)
class LoadBalancer:
    """A load balancer."""

    address: pulumi.Output[str]
    """Its address, which the host name's record points to."""
    logs: pulumi.Output[str]
    """Which entries in the logs are its own: the requests it let through, and those it refused."""


def service_group(scope: Scope, service: pulumi.Input[str]) -> gcp.compute.RegionNetworkEndpointGroup:
    """The Cloud Run service called `service`, as a load balancer knows it."""
    return gcp.compute.RegionNetworkEndpointGroup(
        f"{scope.name}-group",
        gcp.compute.RegionNetworkEndpointGroupArgs(
            region=scope.region,
            network_endpoint_type="SERVERLESS",
            cloud_run=gcp.compute.RegionNetworkEndpointGroupCloudRunArgs(service=service),
            project=scope.project,
        ),
        scope.child(),
    )


def load_balancer(scope: Scope, group: gcp.compute.RegionNetworkEndpointGroup, domain: Domain, firewall: gcp.compute.SecurityPolicy) -> LoadBalancer:
    """Lets the internet reach what is in `group` under the host name of `domain`: by HTTPS only, with TLS 1.2 or newer, after `firewall`."""
    backend = gcp.compute.BackendService(
        f"{scope.name}-backend",
        gcp.compute.BackendServiceArgs(
            description=f"{scope.name} on the internet",
            load_balancing_scheme=SCHEME,
            protocol="HTTPS",
            backends=[gcp.compute.BackendServiceBackendArgs(group=group.id)],
            security_policy=firewall.id,
            log_config=gcp.compute.BackendServiceLogConfigArgs(enable=True, sample_rate=1),
            project=scope.project,
        ),
        scope.child(),
    )
    routes = gcp.compute.URLMap(
        f"{scope.name}-routes",
        gcp.compute.URLMapArgs(description=f"Routes of {scope.name}", default_service=backend.id, project=scope.project),
        scope.child(),
    )
    tls = gcp.compute.SSLPolicy(
        f"{scope.name}-tls",
        gcp.compute.SSLPolicyArgs(min_tls_version="TLS_1_2", profile="RESTRICTED", project=scope.project),
        scope.after_apis(),
    )
    proxy = gcp.compute.TargetHttpsProxy(
        f"{scope.name}-proxy",
        gcp.compute.TargetHttpsProxyArgs(url_map=routes.id, certificate_map=certificate_map(scope, domain), ssl_policy=tls.id, project=scope.project),
        scope.child(),
    )
    address = gcp.compute.GlobalAddress(
        f"{scope.name}-address",
        gcp.compute.GlobalAddressArgs(address_type="EXTERNAL", ip_version="IPV4", project=scope.project, labels=scope.labels),
        scope.after_apis(),
    )
    gcp.compute.GlobalForwardingRule(
        f"{scope.name}-https",
        gcp.compute.GlobalForwardingRuleArgs(
            target=proxy.id,
            ip_address=address.address,
            ip_protocol="TCP",
            port_range="443",
            load_balancing_scheme=SCHEME,
            project=scope.project,
            labels=scope.labels,
        ),
        scope.child(),
    )
    if domain.zone is not None:
        gcp.dns.RecordSet(
            f"{scope.name}-host",
            gcp.dns.RecordSetArgs(
                managed_zone=domain.zone, name=f"{domain.hostname}.", type="A", ttl=300, rrdatas=[address.address], project=scope.project
            ),
            scope.child(),
        )
    logs = pulumi.Output.format('resource.type="http_load_balancer" AND resource.labels.backend_service_name="{0}"', backend.name)
    return LoadBalancer(address=address.address, logs=logs)
