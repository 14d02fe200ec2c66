"""How callers in a private network reach an endpoint: Private Service Connect, with a name that the endpoint's certificate is valid for.

https://cloud.google.com/vertex-ai/docs/predictions/private-service-connect
"""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from .scope import Scope

DOMAIN = "prediction.p.vertexai.goog"
"""Vertex AI serves private endpoints with one certificate, signed by itself, for every name in this domain: callers add it to those they trust."""


@dataclass(frozen=True)
class PrivateAccess:
    """An endpoint's place in a private network."""

    host: pulumi.Output[str]
    """Its name in the network, known once it can be reached."""
    address: pulumi.Output[str]
    """Its private address."""


def private_access(
    scope: Scope, host: pulumi.Output[str], attachment: pulumi.Output[str], network: pulumi.Input[str], subnet: pulumi.Input[str]
) -> PrivateAccess:
    """Puts an endpoint into `network`: an address in `subnet`, a forwarding rule from there to the endpoint's service `attachment`, and a private
    zone for `host` alone, so that several endpoints can be in one network."""
    address = gcp.compute.Address(
        f"{scope.name}-address",
        gcp.compute.AddressArgs(
            address_type="INTERNAL",
            purpose="GCE_ENDPOINT",
            subnetwork=subnet,
            region=scope.region,
            project=scope.project,
            labels=scope.labels,
        ),
        scope.after_apis(),
    )
    rule = gcp.compute.ForwardingRule(
        f"{scope.name}-connection",
        gcp.compute.ForwardingRuleArgs(
            target=attachment,
            ip_address=address.id,
            network=network,
            # The value for Private Service Connect; the default would be a load balancer on the internet.
            load_balancing_scheme="",
            region=scope.region,
            project=scope.project,
            no_automate_dns_zone=True,
            recreate_closed_psc=True,
            labels=scope.labels,
        ),
        scope.child(),
    )
    zone = gcp.dns.ManagedZone(
        f"{scope.name}-zone",
        gcp.dns.ManagedZoneArgs(
            dns_name=pulumi.Output.concat(host, "."),
            description=f"The name of {scope.name} in its network",
            visibility="private",
            private_visibility_config=gcp.dns.ManagedZonePrivateVisibilityConfigArgs(
                networks=[gcp.dns.ManagedZonePrivateVisibilityConfigNetworkArgs(network_url=network)]
            ),
            project=scope.project,
            labels=scope.labels,
        ),
        scope.after_apis(),
    )
    record = gcp.dns.RecordSet(
        f"{scope.name}-record",
        gcp.dns.RecordSetArgs(managed_zone=zone.name, name=zone.dns_name, type="A", ttl=60, rrdatas=[address.address], project=scope.project),
        scope.child(),
    )
    reachable = pulumi.Output.all(host, rule.id, record.id)
    return PrivateAccess(host=reachable.apply(lambda values: str(values[0])), address=address.address)


def private_host(endpoint: str, region: str, project_number: str) -> str:
    """The name of an endpoint in a private network. Its first part has at most 63 characters, which limits the endpoint's own name."""
    return f"{endpoint}-{region}-{project_number}.{DOMAIN}"
