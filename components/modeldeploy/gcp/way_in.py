"""How a service on Cloud Run is reached: at its own address in private networks, or through a load balancer from the internet."""

from dataclasses import dataclass

import pulumi

from modeldeploy.spec.access import WebAccess

from .load_balancer import load_balancer
from .run_monitoring import service_filter
from .scope import Scope


@dataclass(frozen=True)
class WayIn:
    """Where callers find a service."""

    url: pulumi.Output[str]
    """Its address, without a path."""
    dns_target: pulumi.Output[str]
    """What a host name's record still has to point to; empty where there is nothing to do."""
    logs: pulumi.Output[str]
    """Which entries in the logs are its own: what its instances write, the list of requests, and what was refused in front of it."""


def way_in(scope: Scope, service: pulumi.Input[str], own: pulumi.Output[str], access: WebAccess) -> WayIn:
    """The way to `service`, whose `own` address callers in private networks use."""
    logs = service_filter(scope, service)
    limit = access.limit_per_minute
    if access.domain is None or limit is None:
        return WayIn(url=own, dns_target=pulumi.Output.from_input(""), logs=logs)
    front = load_balancer(scope, service, access.domain, limit)
    refused = pulumi.Output.format('resource.type="http_load_balancer" AND resource.labels.backend_service_name="{0}"', front.backend)
    return WayIn(
        url=pulumi.Output.from_input(f"https://{access.domain.hostname}"),
        dns_target=front.address if access.domain.zone is None else pulumi.Output.from_input(""),
        logs=pulumi.Output.format("({0}) OR ({1})", logs, refused),
    )
