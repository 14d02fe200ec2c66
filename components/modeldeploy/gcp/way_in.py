"""How a service on Cloud Run is reached: at its own address or a host name in private networks, or through a load balancer from the internet."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from modeldeploy.spec.access import Authentication, WebAccess
from modeldeploy.spec.network import Network

from .api_gateway import KEY_HEADER, api_gateway
from .internal_balancer import internal_balancer
from .load_balancer import load_balancer, service_group
from .run_monitoring import service_filter
from .scope import Scope
from .web_access import through_gateway
from .web_firewall import web_firewall


@dataclass(frozen=True)
class WayIn:
    """Where callers find a service."""

    url: pulumi.Output[str]
    """Its address, without a path."""
    dns_target: pulumi.Output[str]
    """What a host name's record still has to point to; empty where there is nothing to do."""
    logs: pulumi.Output[str]
    """Which entries in the logs are its own: what its instances write, the list of requests, and what was refused in front of it."""
    key: pulumi.Output[str]
    """The key of its first caller, secret; empty where keys are not asked for."""


def way_in(
    scope: Scope,
    service: pulumi.Input[str],
    own: pulumi.Output[str],
    access: WebAccess,
    paths: Sequence[str],
    request_seconds: int,
    network: Network,
) -> WayIn:
    """The way to `service`, whose `own` address callers in private networks use, or the host name that a load balancer in `network` has. A gateway,
    where one is needed, lets requests to `paths` pass."""
    logs = service_filter(scope, service)
    nothing = pulumi.Output.from_input("")
    limit = access.limit_per_minute
    if access.domain is None:
        return WayIn(url=own, dns_target=nothing, logs=logs, key=nothing)
    url = pulumi.Output.from_input(f"https://{access.domain.hostname}")
    if limit is None:  # Only what is public has a limit.
        front = internal_balancer(scope, service_group(scope, service), access.domain, network)
        return WayIn(url=url, dns_target=front.address, logs=_either(logs, front.logs), key=nothing)
    gateway = api_gateway(scope, service, own, access, paths, request_seconds) if through_gateway(access) else None
    firewall = web_firewall(scope, limit, KEY_HEADER if access.authentication is Authentication.API_KEY else None)
    front = load_balancer(scope, gateway.group if gateway else service_group(scope, service), access.domain, firewall)
    return WayIn(
        url=url,
        dns_target=front.address if access.domain.zone is None else nothing,
        logs=_either(logs, front.logs, *([gateway.logs] if gateway else [])),
        key=gateway.key if gateway else nothing,
    )


def _either(*filters: pulumi.Output[str]) -> pulumi.Output[str]:
    return pulumi.Output.all(*filters).apply(lambda each: " OR ".join(f"({filter})" for filter in each))
