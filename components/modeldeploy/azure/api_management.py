"""An API in an API Management that is there already: it checks tokens of any issuer, or keys, and counts requests.

API Management is given, not made: an organisation has one, at several hundred dollars a month, and one that is private from the start takes two
steps (https://learn.microsoft.com/azure/api-management/private-endpoint). It reaches the deployment from the network it is joined to.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.access import Authentication, Exposure, WebAccess
from modeldeploy.spec.model import Container
from modeldeploy.spec.names import fit

from . import ids


@dataclass(frozen=True)
class ApiManagement:
    """A service, as it was found."""

    name: pulumi.Output[str]
    resource_group: pulumi.Output[str]
    host: pulumi.Output[str]
    principal_id: pulumi.Output[str]
    """Its identity, with which it calls the deployment."""


def api_management(service_id: pulumi.Input[str], parent: pulumi.Resource) -> ApiManagement:
    """The service with this ARM id."""
    known = pulumi.Output.from_input(service_id)
    group = known.apply(lambda found: ids.segment(found, "resourceGroups"))
    service = native.apimanagement.get_api_management_service_output(
        resource_group_name=group, service_name=known.apply(ids.last), opts=pulumi.InvokeOutputOptions(parent=parent)
    )
    return ApiManagement(
        service.name,
        group,
        service.gateway_url.apply(lambda found: found.removeprefix("https://").rstrip("/")),
        service.identity.apply(_principal),
    )


def api(
    name: str,
    access: WebAccess,
    application_id: str,
    host: pulumi.Input[str],
    paths: list[tuple[str, str]],
    request_seconds: int,
    service: ApiManagement,
    parent: pulumi.Resource,
) -> str:
    """Publishes the methods and paths of the deployment at `host`; returns the path under which the service has them."""
    identifier = fit(name, 80)
    made = native.apimanagement.Api(
        name,
        resource_group_name=service.resource_group,
        service_name=service.name,
        api_id=identifier,
        display_name=name,
        path=identifier,
        protocols=["https"],
        service_url=pulumi.Output.concat("https://", host),
        subscription_required=access.authentication is Authentication.API_KEY,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    for method, path in paths:
        native.apimanagement.ApiOperation(
            f"{name}-{method.lower()}",
            resource_group_name=service.resource_group,
            service_name=service.name,
            api_id=identifier,
            operation_id=method.lower(),
            display_name=f"{method} {path}",
            method=method,
            url_template=path,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[made]),
        )
    native.apimanagement.ApiPolicy(
        name,
        resource_group_name=service.resource_group,
        service_name=service.name,
        api_id=identifier,
        policy_id="policy",
        format="rawxml",
        value=policy(access, application_id, request_seconds),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[made]),
    )
    if access.authentication is Authentication.API_KEY:
        native.apimanagement.Subscription(
            name,
            resource_group_name=service.resource_group,
            service_name=service.name,
            sid=identifier,
            display_name=name,
            scope=made.id,
            state=native.apimanagement.SubscriptionState.ACTIVE,
            allow_tracing=False,
            opts=pulumi.ResourceOptions(parent=parent),
        )
    return f"/{identifier}"


def policy(access: WebAccess, application_id: str, request_seconds: int) -> str:
    """What API Management does with a request: https://learn.microsoft.com/azure/api-management/api-management-policies"""
    inbound = ["<base />"]
    if access.tokens is not None:
        issuer = access.tokens.issuer.rstrip("/")
        audiences = "".join(f"<audience>{_text(audience)}</audience>" for audience in access.tokens.audiences)
        inbound.append(
            '<validate-jwt header-name="Authorization" require-scheme="Bearer" failed-validation-httpcode="401">'
            f"<openid-config url={quoteattr(f'{issuer}/.well-known/openid-configuration')} />"
            f"<audiences>{audiences}</audiences><issuers><issuer>{_text(access.tokens.issuer)}</issuer></issuers></validate-jwt>"
        )
    has_keys = access.authentication is Authentication.API_KEY
    # Behind a firewall every caller has the firewall's address; it counts them itself.
    if access.limit_per_minute is not None and (has_keys or access.exposure is Exposure.PRIVATE):
        key = "context.Subscription.Id" if has_keys else "context.Request.IpAddress"
        inbound.append(f'<rate-limit-by-key calls="{access.limit_per_minute}" renewal-period="60" counter-key="@({key})" />')
    # The deployment lets nobody in but this service, by its identity.
    inbound.append(f"<authentication-managed-identity resource={quoteattr(application_id)} />")
    forward = f'<forward-request timeout="{request_seconds}" />'
    return (
        f"<policies><inbound>{''.join(inbound)}</inbound><backend>{forward}</backend>"
        "<outbound><base /></outbound><on-error><base /></on-error></policies>"
    )


def operations(container: Container) -> list[tuple[str, str]]:
    """What a container answers: its health, and predictions."""
    return [("GET", container.health_path), ("POST", container.predict_path)]


def _text(value: str) -> str:
    return quoteattr(value)[1:-1]


def _principal(identity: native.apimanagement.outputs.ApiManagementServiceIdentityResponse | None) -> str:
    if identity is None or not identity.principal_id:
        raise pulumi.RunError("api_management_id: the API Management has no system-assigned identity, with which it would call the deployment")
    return identity.principal_id
