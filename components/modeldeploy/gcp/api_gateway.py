"""API Gateway in front of a service on Cloud Run: it checks the tokens of an issuer, or keys, which Cloud Run itself cannot.

https://cloud.google.com/api-gateway/docs/openapi-overview
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.access import Authentication, Tokens, WebAccess

from .identity import gateway_account
from .revisions import service_name
from .scope import Scope
from .web_access import INVOKER

APIS = ("apigateway", "servicemanagement", "servicecontrol")
KEY_APIS = ("apikeys",)
KEY_HEADER = "x-api-key"
CALLER = "caller"
"""What the document calls that which is checked."""


@dataclass(frozen=True)
class ApiGateway:
    """A gateway."""

    group: gcp.compute.RegionNetworkEndpointGroup
    """The gateway as a load balancer knows it."""
    logs: pulumi.Output[str]
    """Which entries in the logs are its own."""
    key: pulumi.Output[str]
    """The key of its first caller, secret; empty where tokens are checked."""


def api_gateway(
    scope: Scope, service: pulumi.Input[str], own: pulumi.Output[str], access: WebAccess, paths: Sequence[str], request_seconds: int
) -> ApiGateway:
    """A gateway that lets in what `access` says, to `paths` only, and calls the Cloud Run service `service` at its `own` address with an identity
    that nobody else has. The region must be one that API Gateway has."""
    account = gateway_account(scope)
    may_call = gcp.cloudrunv2.ServiceIamMember(
        f"{scope.name}-gateway-calls",
        gcp.cloudrunv2.ServiceIamMemberArgs(name=service, location=scope.region, project=scope.project, role=INVOKER, member=account.member),
        scope.child(),
    )
    name = service_name(scope.name, pulumi.get_stack())
    api = gcp.apigateway.Api(
        f"{scope.name}-gateway",
        gcp.apigateway.ApiArgs(api_id=name, display_name=scope.name, project=scope.project, labels=scope.labels),
        scope.after_apis(),
    )
    text = own.apply(lambda address: json.dumps(document(scope.name, address, access, paths, request_seconds), sort_keys=True))
    config = gcp.apigateway.ApiConfig(
        f"{scope.name}-gateway",
        gcp.apigateway.ApiConfigArgs(
            api=api.api_id,
            # It cannot be changed: the next one is there before the gateway takes it.
            api_config_id_prefix=f"{name}-",
            display_name=scope.name,
            openapi_documents=[
                gcp.apigateway.ApiConfigOpenapiDocumentArgs(
                    document=gcp.apigateway.ApiConfigOpenapiDocumentDocumentArgs(
                        path="openapi.json", contents=text.apply(lambda written: base64.b64encode(written.encode()).decode())
                    )
                )
            ],
            gateway_config=gcp.apigateway.ApiConfigGatewayConfigArgs(
                backend_config=gcp.apigateway.ApiConfigGatewayConfigBackendConfigArgs(google_service_account=account.email)
            ),
            project=scope.project,
            labels=scope.labels,
        ),
        scope.child(may_call),
    )
    gateway = gcp.apigateway.Gateway(
        f"{scope.name}-gateway",
        gcp.apigateway.GatewayArgs(
            gateway_id=name, api_config=config.id, display_name=scope.name, region=scope.region, project=scope.project, labels=scope.labels
        ),
        scope.child(),
    )
    group = gcp.compute.RegionNetworkEndpointGroup(
        f"{scope.name}-group",
        gcp.compute.RegionNetworkEndpointGroupArgs(
            region=scope.region,
            network_endpoint_type="SERVERLESS",
            serverless_deployment=gcp.compute.RegionNetworkEndpointGroupServerlessDeploymentArgs(
                platform="apigateway.googleapis.com", resource=gateway.gateway_id
            ),
            project=scope.project,
        ),
        scope.child(),
    )
    logs = pulumi.Output.format('resource.type="apigateway.googleapis.com/Gateway" AND resource.labels.gateway_id="{0}"', gateway.gateway_id)
    return ApiGateway(
        group=group, logs=logs, key=_key(scope, api) if access.authentication is Authentication.API_KEY else pulumi.Output.from_input("")
    )


def document(name: str, address: str, access: WebAccess, paths: Sequence[str], request_seconds: int) -> dict[str, Any]:
    """The gateway's configuration, in OpenAPI 2.0 (https://cloud.google.com/api-gateway/docs/oasv2-extensions)."""
    operation: dict[str, Any] = {"security": [{CALLER: []}], "responses": {"200": {"description": "Predictions"}}}
    return {
        "swagger": "2.0",
        "info": {"title": name, "version": "1"},
        "schemes": ["https"],
        "produces": ["application/json"],
        "x-google-backend": {
            "address": address,
            "jwt_audience": address,
            "path_translation": "APPEND_PATH_TO_ADDRESS",
            "deadline": float(request_seconds),
        },
        "paths": {path: {"post": {**operation, "operationId": f"predict{index}"}} for index, path in enumerate(dict.fromkeys(paths))},
        "securityDefinitions": {CALLER: _key_check() if access.tokens is None else _token_check(access.tokens)},
    }


def _key_check() -> Mapping[str, str]:
    return {"type": "apiKey", "name": KEY_HEADER, "in": "header"}


def _token_check(tokens: Tokens) -> Mapping[str, str]:
    """Tokens of the issuer. Where its keys are, its OpenID configuration says."""
    return {
        "type": "oauth2",
        "flow": "implicit",
        "authorizationUrl": "",
        "x-google-issuer": tokens.issuer,
        "x-google-audiences": ",".join(tokens.audiences),
    }


def _key(scope: Scope, api: gcp.apigateway.Api) -> pulumi.Output[str]:
    """A key for this API alone. Keys are checked with the API's own service, which is switched on for that."""
    checked = gcp.projects.Service(
        f"{scope.name}-gateway",
        gcp.projects.ServiceArgs(service=api.managed_service, project=scope.project, disable_on_destroy=False),
        scope.child(),
    )
    key = gcp.projects.ApiKey(
        f"{scope.name}-key-of-caller",
        gcp.projects.ApiKeyArgs(
            display_name=f"Caller of {scope.name}",
            restrictions=gcp.projects.ApiKeyRestrictionsArgs(api_targets=[gcp.projects.ApiKeyRestrictionsApiTargetArgs(service=api.managed_service)]),
            # In production a key that was used in the last days is not deleted.
            deletion_policy="DELETE" if scope.production else "FORCE",
            project=scope.project,
        ),
        scope.after_apis(checked),
    )
    return pulumi.Output.secret(key.key_string)
