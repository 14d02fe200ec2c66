"""A private network: nothing gets in from the internet and nothing gets out to it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.encryption import Encryption
from modeldeploy.spec.names import check_name
from modeldeploy.spec.network import Network, NetworkArgs, subnets
from modeldeploy.spec.operations import Environment

from .agents import project_number
from .keys import data_key
from .labels import labels
from .logs import log_bucket
from .names import LONGEST_NETWORK
from .place import place
from .scope import Scope
from .services import enable
from .vertex.resources import to_wire

PERIMETER = re.compile(r"accessPolicies/\d+/servicePerimeters/[A-Za-z][A-Za-z0-9_]{0,49}")
APIS = ("compute", "dns", "servicenetworking", "cloudkms", "logging")
GOOGLE_APIS = "199.36.153.8/30"
"""The addresses of `private.googleapis.com`, which carry all of Google's APIs without a route to the internet
(https://cloud.google.com/vpc/docs/configure-private-google-access)."""
GOOGLE_APIS_ADDRESSES = ("199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11")
EVERYWHERE = "0.0.0.0/0"
LAST = 65534
"""The priority of rules that hold when no other does."""
PROXIES = 23
"""Length of the range that proxies of load balancers get addresses from, as Google recommends
(https://cloud.google.com/load-balancing/docs/proxy-only-subnets)."""
SERVICE_PORTS = ("443", "5432", "3307")
"""What callers in the network open: endpoints, PostgreSQL, and the connectors of Cloud SQL."""


@dataclass(frozen=True, kw_only=True)
class GoogleNetworkArgs(NetworkArgs):
    """Arguments of `GoogleNetwork`: the shared ones, and the organisation's fence."""

    perimeter: str | None = None
    """Perimeter of VPC Service Controls that the project is put into, `accessPolicies/P/servicePerimeters/S`; one network of the project names it.
    Whoever runs Pulumi may change the perimeter (`roles/accesscontextmanager.policyEditor`), and the project stays in it when the network of a
    production goes. Omitted: that is left to the organisation."""
    proxies: bool = False
    """Whether internal load balancers may answer in it, as services with a private `access.domain` have: a subnet of /23 in its last quarter is then
    kept for their proxies, the one that its region may have. Default: no."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        if self.perimeter is not None and not PERIMETER.fullmatch(self.perimeter):
            yield Problem("perimeter", f"'{self.perimeter}' is no perimeter; write accessPolicies/<number>/servicePerimeters/<name>")


class GoogleNetwork(pulumi.ComponentResource):
    """A VPC network for several deployments to share: one subnet in the region, Google's APIs over private addresses, and a range for services that
    Google runs in the network (Cloud SQL).

    It has no default route, no NAT, and a firewall that refuses whatever is not named, both ways. Flows, refused connections and names looked up are
    logged, in a bucket with a key of its own.
    """

    id: pulumi.Output[str]
    """`projects/P/global/networks/N`, known once Cloud SQL, and load balancers where they may, can be put into the network."""
    subnet_ids: pulumi.Output[list[str]]
    """`projects/P/regions/R/subnetworks/S` of the one subnet."""
    logs: pulumi.Output[str]
    """The log bucket of the network, `projects/P/locations/L/buckets/B`."""

    def __init__(self, name: str, args: GoogleNetworkArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(GoogleNetworkArgs, args, f"GoogleNetwork '{name}'")
        check_name(f"GoogleNetwork '{name}'", name, LONGEST_NETWORK)
        where = place(f"GoogleNetwork '{name}'", opts)
        super().__init__("modeldeploy:index:GoogleNetwork", name, to_wire(checked), opts)
        scope = Scope(
            name=name,
            place=where,
            labels=labels(checked.tags, checked.environment, name),
            production=checked.environment is Environment.PRODUCTION,
            component=self,
            apis=enable(name, [*APIS, *(["accesscontextmanager"] if checked.perimeter else [])], where, self),
        )
        quarters = subnets(checked.cidr, 4, int(checked.cidr.split("/")[1]) + 2)
        workloads, services = quarters[:2]

        network = gcp.compute.Network(
            name,
            gcp.compute.NetworkArgs(
                auto_create_subnetworks=False,
                delete_default_routes_on_create=True,
                routing_mode="REGIONAL",
                description=f"Private network {name}",
                project=where.project,
            ),
            scope.after_apis(),
        )
        subnet = gcp.compute.Subnetwork(
            f"{name}-subnet",
            gcp.compute.SubnetworkArgs(
                network=network.id,
                ip_cidr_range=workloads,
                region=where.region,
                project=where.project,
                private_ip_google_access=True,
                log_config=gcp.compute.SubnetworkLogConfigArgs(
                    aggregation_interval="INTERVAL_5_SEC", flow_sampling=0.5, metadata="INCLUDE_ALL_METADATA"
                ),
            ),
            scope.child(),
        )
        proxies = [_proxies(scope, network, subnets(quarters[3], 1, PROXIES)[0])] if checked.proxies else []
        _firewall(scope, network, checked.cidr)
        _private_google_apis(scope, network)
        connection = _service_range(scope, network, services)
        gcp.dns.Policy(
            f"{name}-dns",
            gcp.dns.PolicyArgs(
                enable_logging=True,
                description=f"Logs the names looked up in {name}",
                networks=[gcp.dns.PolicyNetworkArgs(network_url=network.id)],
                project=where.project,
            ),
            scope.child(),
        )
        if checked.perimeter is not None:
            _fence(scope, checked.perimeter)
        key = data_key(scope, Encryption(), ["logging"])
        logs = log_bucket(scope, network.name, _log_filter(network, subnet), checked.log_retention_days, key)

        self.id = pulumi.Output.all(network.id, connection.peering, *(each.id for each in proxies)).apply(lambda values: str(values[0]))
        self.subnet_ids = pulumi.Output.all(subnet.id).apply(lambda ids: [str(each) for each in ids])
        self.logs = logs.id
        self.register_outputs({"id": self.id, "subnet_ids": self.subnet_ids, "logs": self.logs})

    def reference(self) -> Network:
        """The network as an argument of the deployments in it."""
        return Network(id=self.id, subnet_ids=[self.subnet_ids.apply(lambda ids: ids[0])])


def _fence(scope: Scope, perimeter: str) -> gcp.accesscontextmanager.ServicePerimeterResource:
    """Puts the project behind the organisation's fence. Others in it rely on that, so in production it stays."""
    return gcp.accesscontextmanager.ServicePerimeterResource(
        f"{scope.name}-perimeter",
        gcp.accesscontextmanager.ServicePerimeterResourceArgs(
            perimeter_name=perimeter, resource=project_number(scope).apply(lambda number: f"projects/{number}")
        ),
        scope.after_apis(retain_on_delete=scope.production),
    )


def network_for(
    scope: Scope, given: Network, retention_days: int, environment: Environment, tags: Mapping[str, str], *, proxies: bool = False
) -> Network:
    """The network `given`, or one that is made for the component of `scope`, with room for the `proxies` of an internal load balancer."""
    if given.id is not None:
        return given
    args = GoogleNetworkArgs(cidr=given.range, log_retention_days=retention_days, environment=environment, tags=dict(tags), proxies=proxies)
    return GoogleNetwork(f"{scope.name}-network", args, scope.child()).reference()


def id_of(network: Network) -> pulumi.Input[str]:
    """The network's id: a network with subnets has one, as `Network` checks."""
    assert network.id is not None
    return network.id


def _proxies(scope: Scope, network: gcp.compute.Network, cidr: str) -> gcp.compute.Subnetwork:
    """The subnet of the region's proxies, from which no machine gets an address. Google keeps no flow logs of it."""
    return gcp.compute.Subnetwork(
        f"{scope.name}-proxies",
        gcp.compute.SubnetworkArgs(
            network=network.id,
            ip_cidr_range=cidr,
            purpose="REGIONAL_MANAGED_PROXY",
            role="ACTIVE",
            region=scope.region,
            project=scope.project,
        ),
        scope.child(),
    )


def _firewall(scope: Scope, network: gcp.compute.Network, cidr: str) -> None:
    """What is allowed: connections inside the network, and to Google's APIs. The rest is refused and logged."""

    def rule(
        suffix: str, direction: str, ranges: Sequence[str], priority: int, allow: Sequence[str] | None, description: str
    ) -> gcp.compute.Firewall:
        return gcp.compute.Firewall(
            f"{scope.name}-{suffix}",
            gcp.compute.FirewallArgs(
                network=network.id,
                project=scope.project,
                description=description,
                direction=direction,
                priority=priority,
                source_ranges=ranges if direction == "INGRESS" else None,
                destination_ranges=ranges if direction == "EGRESS" else None,
                allows=None if allow is None else [gcp.compute.FirewallAllowArgs(protocol="tcp", ports=allow)],
                denies=[gcp.compute.FirewallDenyArgs(protocol="all")] if allow is None else None,
                log_config=gcp.compute.FirewallLogConfigArgs(metadata="INCLUDE_ALL_METADATA"),
            ),
            scope.child(),
        )

    rule("deny-ingress", "INGRESS", [EVERYWHERE], LAST, None, "Nothing gets in")
    rule("deny-egress", "EGRESS", [EVERYWHERE], LAST, None, "Nothing gets out")
    rule("allow-services", "EGRESS", [cidr], 1000, SERVICE_PORTS, "Endpoints and databases in the network")
    rule("allow-google", "EGRESS", [GOOGLE_APIS], 1000, ["443"], "Google's APIs over private addresses")


def _private_google_apis(scope: Scope, network: gcp.compute.Network) -> None:
    """Google's APIs, services on Cloud Run and images over private addresses: a route to these alone, and zones that resolve every name of theirs to
    them. The system's own images of GKE are in gcr.io."""
    gcp.compute.Route(
        f"{scope.name}-google-apis",
        gcp.compute.RouteArgs(
            network=network.id,
            dest_range=GOOGLE_APIS,
            next_hop_gateway="default-internet-gateway",
            description="Google's APIs; the gateway's name is Google's, packets stay in its network",
            project=scope.project,
        ),
        scope.child(),
    )
    addresses = ("private.googleapis.com.", "A", GOOGLE_APIS_ADDRESSES)
    names = ("*.googleapis.com.", "CNAME", ("private.googleapis.com.",))
    private_zone(scope, network.id, "google-apis", "googleapis.com.", "Google's APIs over private addresses", {"address": addresses, "names": names})
    services = ("*.run.app.", "A", GOOGLE_APIS_ADDRESSES)
    private_zone(scope, network.id, "cloud-run", "run.app.", "Services on Cloud Run over private addresses", {"address": services})
    for purpose, domain in (("artifacts", "pkg.dev."), ("registry", "gcr.io.")):
        images = {"address": (domain, "A", GOOGLE_APIS_ADDRESSES), "names": (f"*.{domain}", "CNAME", (domain,))}
        private_zone(scope, network.id, purpose, domain, "Container images over private addresses", images)


def private_zone(
    scope: Scope,
    network: pulumi.Input[str],
    purpose: str,
    dns_name: str,
    description: str,
    records: Mapping[str, tuple[str, str, Sequence[pulumi.Input[str]]]],
) -> None:
    """A zone for the network with the id `network` alone, with `records` (name, type and data, by what they are for)."""
    zone = gcp.dns.ManagedZone(
        f"{scope.name}-{purpose}",
        gcp.dns.ManagedZoneArgs(
            dns_name=dns_name,
            description=description,
            visibility="private",
            private_visibility_config=gcp.dns.ManagedZonePrivateVisibilityConfigArgs(
                networks=[gcp.dns.ManagedZonePrivateVisibilityConfigNetworkArgs(network_url=network)]
            ),
            project=scope.project,
            labels=scope.labels,
        ),
        scope.child(),
    )
    for suffix, (record, type, data) in records.items():
        gcp.dns.RecordSet(
            f"{scope.name}-{purpose}-{suffix}",
            gcp.dns.RecordSetArgs(managed_zone=zone.name, name=record, type=type, ttl=300, rrdatas=data, project=scope.project),
            scope.child(),
        )


def _service_range(scope: Scope, network: gcp.compute.Network, cidr: str) -> gcp.servicenetworking.Connection:
    """The range of the network that Google's services get addresses from (private services access)."""
    address, prefix = cidr.split("/")
    reserved = gcp.compute.GlobalAddress(
        f"{scope.name}-services",
        gcp.compute.GlobalAddressArgs(
            purpose="VPC_PEERING",
            address_type="INTERNAL",
            address=address,
            prefix_length=int(prefix),
            network=network.id,
            project=scope.project,
            labels=scope.labels,
        ),
        scope.child(),
    )
    return gcp.servicenetworking.Connection(
        f"{scope.name}-services",
        gcp.servicenetworking.ConnectionArgs(
            network=network.id,
            service="servicenetworking.googleapis.com",
            reserved_peering_ranges=[reserved.name],
            # For days after the last database is gone Google still counts it as one that uses the connection, and refuses to delete that.
            deletion_policy="REMOVE_PEERING",
        ),
        scope.child(),
    )


def _log_filter(network: gcp.compute.Network, subnet: gcp.compute.Subnetwork) -> pulumi.Output[str]:
    """Flows and firewall of the subnet, and names looked up in the network."""
    return pulumi.Output.concat(
        '(resource.type="gce_subnetwork" AND resource.labels.subnetwork_name="',
        subnet.name,
        '") OR (resource.type="dns_query" AND jsonPayload.sourceNetwork="',
        network.name,
        '")',
    )
