"""How a service on Cloud Run is reached: at its own address in private networks, or through a load balancer from the internet."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from modeldeploy.spec.access import Authentication, WebAccess

from .api_gateway import KEY_HEADER, api_gateway
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


def way_in(scope: Scope, service: pulumi.Input[str], own: pulumi.Output[str], access: WebAccess, paths: Sequence[str], request_seconds: int) -> WayIn:
    """The way to `service`, whose `own` address callers in private networks use. A gateway, where one is needed, lets requests to `paths` pass."""
    logs = service_filter(scope, service)
    nothing = pulumi.Output.from_input("")
    limit = access.limit_per_minute
    if access.domain is None or limit is None:
        return WayIn(url=own, dns_target=nothing, logs=logs, key=nothing)
    gateway = api_gateway(scope, service, own, access, paths, request_seconds) if through_gateway(access) else None
    firewall = web_firewall(scope, limit, KEY_HEADER if access.authentication is Authentication.API_KEY else None)
    front = load_balancer(scope, gateway.group if gateway else service_group(scope, service), access.domain, firewall)
    refused = pulumi.Output.format('resource.type="http_load_balancer" AND resource.labels.backend_service_name="{0}"', front.backend)
    filters = [logs, refused, *([gateway.logs] if gateway else [])]
    return WayIn(
        url=pulumi.Output.from_input(f"https://{access.domain.hostname}"),
        dns_target=front.address if access.domain.zone is None else nothing,
        logs=pulumi.Output.all(*filters).apply(lambda each: " OR ".join(f"({filter})" for filter in each)),
        key=gateway.key if gateway else nothing,
    )
