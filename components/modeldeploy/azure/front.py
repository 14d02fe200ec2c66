"""The way from a caller to a deployment: through API Management where that checks callers, and through a firewall where the internet may call."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.access import Authentication, Exposure, WebAccess

from .api_management import ApiManagement, api
from .group import Group
from .private_link import Attachment
from .web_firewall import web_firewall

KEYS_PER_ADDRESS = 10
"""Keys that callers behind one address may use to their limit before the firewall refuses them."""


@dataclass(frozen=True)
class Front:
    """Where callers call."""

    host: pulumi.Input[str]
    prefix: str
    """What the path begins with, before the deployment's own."""
    address: pulumi.Output[str]
    """What a record for the domain must point to; empty where the record is not made here, or there is no domain."""

    def url(self, path: str) -> pulumi.Output[str]:
        """The address of a path of the deployment."""
        return pulumi.Output.concat("https://", self.host, self.prefix, path)


def front(
    name: str,
    access: WebAccess,
    application_id: str | None,
    service: ApiManagement | None,
    vault_id: pulumi.Input[str] | None,
    host: pulumi.Input[str],
    paths: list[tuple[str, str]],
    request_seconds: int,
    attachment: Attachment,
    workspace: native.operationalinsights.Workspace,
    group: Group,
    parent: pulumi.Resource,
    after: list[pulumi.Resource],
) -> Front:
    """What stands in front of the deployment at `host`, which answers `paths`."""
    prefix = ""
    if service is not None:
        prefix = api(name, access, application_id or "", host, paths, request_seconds, service, parent)
        host = service.host
    if access.domain is None or access.exposure is not Exposure.PUBLIC:
        return Front(host, prefix, pulumi.Output.from_input(""))
    limit = access.limit_per_minute or 0
    if access.authentication is Authentication.API_KEY:
        # Keys are counted by API Management; several may be behind one address.
        limit *= KEYS_PER_ADDRESS
    entrance = web_firewall(name, access.domain, vault_id or "", host, prefix, limit, request_seconds, attachment, workspace, group, parent, after)
    return Front(access.domain.hostname, "", entrance.ip_address.apply(lambda found: found or ""))
