"""An HTTP API in front of a function, for callers with tokens: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html.

Nothing is paid while nobody asks, and no certificate is needed. What it lacks is why it is never chosen by itself: it takes no firewall, is never
private, and asks one version only.
"""

import json

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.access import Tokens, WebAccess
from modeldeploy.spec.operations import Operations

from .domain import Target, certificate_arn, point
from .functions import ALIAS, may_call
from .logs import log_group

STAGE = "$default"

LOG_FIELDS = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "caller": "$context.authorizer.claims.sub",
    "route": "$context.routeKey",
    "status": "$context.status",
    "latency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "responseLength": "$context.responseLength",
    "error": "$context.error.message",
}
"""What the access log keeps of a request; never its body."""


def http_api(
    name: str,
    access: WebAccess,
    tokens: Tokens,
    path: str,
    function: aws.lambda_.Function,
    alias: pulumi.Resource,
    seconds: int,
    key: pulumi.Output[str],
    operations: Operations,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> tuple[aws.apigatewayv2.Api, pulumi.Output[str], pulumi.Output[str]]:
    """The API, its address for predictions, and what the record of the user's host name must point to (empty without one)."""
    opts = pulumi.ResourceOptions(parent=parent)
    api = aws.apigatewayv2.Api(
        name,
        protocol_type="HTTP",
        description=f"Predictions of {name}",
        # A name of the user's own is then the only one.
        disable_execute_api_endpoint=access.domain is not None,
        tags=tags,
        opts=opts,
    )
    checked = aws.apigatewayv2.Authorizer(
        name,
        api_id=api.id,
        authorizer_type="JWT",
        identity_sources=["$request.header.Authorization"],
        jwt_configuration=aws.apigatewayv2.AuthorizerJwtConfigurationArgs(issuer=tokens.issuer, audiences=tokens.audiences),
        opts=opts,
    )
    permission = may_call(
        f"{name}-http", function, "apigateway.amazonaws.com", pulumi.Output.concat(api.execution_arn, "/", STAGE, "/POST", path), [alias], parent
    )
    integration = aws.apigatewayv2.Integration(
        name,
        api_id=api.id,
        integration_type="AWS_PROXY",
        integration_method="POST",
        integration_uri=pulumi.Output.concat(function.arn, ":", ALIAS),
        payload_format_version="2.0",
        timeout_milliseconds=seconds * 1000,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[permission]),
    )
    route = aws.apigatewayv2.Route(
        name,
        api_id=api.id,
        route_key=f"POST {path}",
        target=pulumi.Output.concat("integrations/", integration.id),
        authorization_type="JWT",
        authorizer_id=checked.id,
        opts=opts,
    )
    logs = log_group(f"{name}-requests", operations, key, tags, parent)
    limit = access.limit_per_minute
    stage = aws.apigatewayv2.Stage(
        name,
        api_id=api.id,
        name=STAGE,
        auto_deploy=True,
        access_log_settings=aws.apigatewayv2.StageAccessLogSettingsArgs(destination_arn=logs.arn, format=json.dumps(LOG_FIELDS)),
        default_route_settings=aws.apigatewayv2.StageDefaultRouteSettingsArgs(
            detailed_metrics_enabled=True,
            throttling_rate_limit=None if limit is None else limit / 60,
            throttling_burst_limit=limit,
        ),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[route]),
    )
    if access.domain is None:
        return api, pulumi.Output.concat(api.api_endpoint, path), pulumi.Output.from_input("")
    made = aws.apigatewayv2.DomainName(
        f"{name}-domain",
        domain_name=access.domain.hostname,
        domain_name_configuration=aws.apigatewayv2.DomainNameDomainNameConfigurationArgs(
            certificate_arn=certificate_arn(name, access.domain, tags, parent), endpoint_type="REGIONAL", security_policy="TLS_1_2"
        ),
        tags=tags,
        opts=opts,
    )
    aws.apigatewayv2.ApiMapping(f"{name}-domain", api_id=api.id, domain_name=made.id, stage=stage.id, opts=opts)
    where = made.domain_name_configuration
    target = Target(where.target_domain_name.apply(str), where.hosted_zone_id.apply(str))
    point(name, access.domain, target, parent)
    return api, pulumi.Output.from_input(f"https://{access.domain.hostname}{path}"), target.name
