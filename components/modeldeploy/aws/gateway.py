"""A REST API in front of a model: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-rest-api.html.

REST, because HTTP APIs are never private, take no firewall and do not share requests between versions.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.access import Authentication, Domain, Exposure, WebAccess
from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.operations import Operations

from .account import Account
from .domain import Target, certificate_arn, point
from .gateway_cache import ApiCache, cache_keys, keep_answers, required
from .logs import log_group
from .policy_documents import Statement, document, trust
from .web_firewall import address_limit, web_firewall

STAGE = "live"

PATH = re.compile(r"(/[A-Za-z0-9._-]+)+")

LOG_FIELDS = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "caller": "$context.identity.userArn",
    "apiKey": "$context.identity.apiKeyId",
    "method": "$context.httpMethod",
    "path": "$context.resourcePath",
    "status": "$context.status",
    "latency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "responseLength": "$context.responseLength",
    "error": "$context.error.message",
    "tls": "$context.tlsVersion",
}
"""What the access log keeps of a request; never its body."""


@dataclass(frozen=True)
class Backend:
    """What the API asks."""

    kind: str
    """`AWS_PROXY` for a function, `HTTP_PROXY` for a load balancer."""
    uri: pulumi.Output[str]
    seconds: int
    """Longest time a request may take."""
    link_id: pulumi.Output[str] | None = None
    """VPC link to the load balancer."""
    balancer_arn: pulumi.Output[str] | None = None


@dataclass(frozen=True)
class RestApi:
    """An API with a deployment, before anybody can call it."""

    api: aws.apigateway.RestApi
    deployment: aws.apigateway.Deployment
    path: str


@dataclass(frozen=True)
class Share:
    """Requests that go by other stage variables than the rest."""

    percent: int
    variables: Mapping[str, pulumi.Input[str]]


@dataclass(frozen=True)
class RestGateway:
    """An API that can be called."""

    url: pulumi.Output[str]
    dns_target: pulumi.Output[str]
    """What the record of the user's host name must point to. Empty without one."""
    name: pulumi.Output[str]
    key: pulumi.Output[str]
    """The API key. Empty where callers prove themselves otherwise."""


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    """What API Gateway alone has."""

    sets_log_role: bool = True
    """Whether the component sets the role with which API Gateway writes logs. It is one for the account and region: leave it to one component, or to
    whoever looks after the account, and set it False everywhere else. It goes when that component is destroyed."""
    endpoint_id: pulumi.Input[str] | None = None
    """Id of the VPC endpoint for `execute-api` in the network given (`AwsNetwork.api_endpoint_id`), which a private API under `access.domain` is
    reached through. Required with `network.id`, a private API and `access.domain`."""
    cache: ApiCache | None = None
    """Keep answers for a while, by what callers say in headers or in the query that they ask. Only before functions: answers of containers are
    streamed, which are not kept. Default: nothing is kept."""


def gateway_problems(access: WebAccess, path: str, given_network: bool, balanced: bool, settings: GatewaySettings) -> Iterator[Problem]:
    """Problems of an API before a model that answers at `path`; with `balanced` there is none."""
    private_name = not balanced and access.exposure is Exposure.PRIVATE and access.domain is not None and given_network
    if not balanced and not PATH.fullmatch(path):
        yield Problem(
            "models[0].container.predict_path", f"'{path}' is no path for API Gateway; allowed: letters, digits, '.', '_', '-' between '/'s"
        )
    if private_name and settings.endpoint_id is None:
        yield Problem("gateway.endpoint_id", "is required with network.id and access.domain: name the network's VPC endpoint for execute-api")
    if settings.endpoint_id is not None and not private_name:
        yield Problem("gateway.endpoint_id", "has no effect without network.id, access.domain and a private API; leave it out")
    if balanced and not settings.sets_log_role:
        yield Problem("gateway.sets_log_role", "has no effect: no API is made; leave it out")
    if balanced and settings.cache is not None:
        yield Problem("gateway.cache", "has no effect: no API is made; leave it out, or let callers prove themselves otherwise")


def rest_api(
    name: str,
    access: WebAccess,
    path: str,
    backend: Backend,
    vpc_id: pulumi.Output[str],
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
    cache: ApiCache | None = None,
) -> RestApi:
    """An API that takes `POST path` and nothing else, and its deployment.

    A change makes a new deployment; the stage moves to it before the old one goes.
    """
    opts = pulumi.ResourceOptions(parent=parent)
    private = access.exposure is Exposure.PRIVATE
    api = aws.apigateway.RestApi(
        name,
        description=f"Predictions of {name}",
        endpoint_configuration=aws.apigateway.RestApiEndpointConfigurationArgs(types="PRIVATE" if private else "REGIONAL"),
        # A name of the user's own is then the only one. Private names of AWS's are reached through the VPC endpoint only.
        disable_execute_api_endpoint=not private and access.domain is not None,
        security_policy="SecurityPolicy_TLS13_1_2_2021_06",
        endpoint_access_mode="STRICT",
        tags=tags,
        opts=opts,
    )
    policy = pulumi.Output.all(api.execution_arn, vpc_id).apply(
        lambda it: _policy(access, f"{it[0]}/{STAGE}/POST{path}", it[1] if private else None),
    )
    resource_id = api.root_resource_id
    for place, part in enumerate(path.strip("/").split("/")):
        resource_id = aws.apigateway.Resource(f"{name}-{place}-{part.lower()}", rest_api=api.id, parent_id=resource_id, path_part=part, opts=opts).id
    keys = cache_keys(cache, access)
    method = aws.apigateway.Method(
        name,
        rest_api=api.id,
        resource_id=resource_id,
        http_method="POST",
        authorization="AWS_IAM" if access.authentication is Authentication.IDENTITY else "NONE",
        api_key_required=access.authentication is Authentication.API_KEY,
        request_parameters=dict.fromkeys(keys, True) or None,
        request_validator_id=required(name, api, parent).id if keys else None,
        opts=opts,
    )
    linked = backend.link_id is not None
    integration = aws.apigateway.Integration(
        name,
        rest_api=api.id,
        resource_id=resource_id,
        http_method=method.http_method,
        type=backend.kind,
        integration_http_method="POST",
        uri=backend.uri,
        connection_type="VPC_LINK" if linked else "INTERNET",
        connection_id=backend.link_id,
        integration_target=backend.balancer_arn,
        # Buffered answers may take 29 seconds, streamed ones 15 minutes:
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
        response_transfer_mode="STREAM" if linked else "BUFFERED",
        timeout_milliseconds=backend.seconds * 1000,
        cache_key_parameters=keys or None,
        opts=opts,
    )
    before: list[pulumi.Resource] = [method, integration]
    if private or access.callers:
        before.append(aws.apigateway.RestApiPolicy(name, rest_api_id=api.id, policy=policy, opts=opts))
    told = (method.authorization, method.api_key_required, backend.uri, backend.seconds, backend.link_id, backend.balancer_arn)
    definition = pulumi.Output.all(policy, resource_id, *told, *keys)
    deployment = aws.apigateway.Deployment(
        name,
        rest_api=api.id,
        triggers={"definition": definition.apply(lambda it: hashlib.sha256(json.dumps(it).encode()).hexdigest())},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=before),
    )
    return RestApi(api, deployment, path)


def rest_gateway(
    name: str,
    rest: RestApi,
    access: WebAccess,
    settings: GatewaySettings,
    variables: Mapping[str, pulumi.Input[str]],
    share: Share | None,
    endpoint_id: pulumi.Input[str] | None,
    key: pulumi.Output[str],
    operations: Operations,
    account: Account,
    tags: dict[str, str],
    before: Sequence[pulumi.Resource],
    parent: pulumi.Resource,
) -> RestGateway:
    """Opens the API to its callers, once `before` is there.

    `share` of the requests goes by other stage variables: a canary of the stage, which points to the same deployment as the rest
    (https://docs.aws.amazon.com/apigateway/latest/developerguide/canary-release.html). `endpoint_id` is the VPC endpoint of a private API.
    """
    opts = pulumi.ResourceOptions(parent=parent)
    logs = [log_group(f"{name}-requests", operations, key, tags, parent)]
    # What goes wrong goes to groups with fixed names.
    for suffix, part in (("", ""), ("-canary", "/Canary")):
        fixed = rest.api.id.apply(lambda it, part=part: f"API-Gateway-Execution-Logs_{it}/{STAGE}{part}")
        logs.append(log_group(f"{name}-gateway{suffix}", operations, key, tags, parent, fixed))
    role = _log_role(name, account, tags, parent) if settings.sets_log_role else []
    stage = aws.apigateway.Stage(
        name,
        rest_api=rest.api.id,
        deployment=rest.deployment.id,
        stage_name=STAGE,
        variables=variables,
        canary_settings=None
        if share is None
        else aws.apigateway.StageCanarySettingsArgs(
            deployment_id=rest.deployment.id, percent_traffic=float(share.percent), stage_variable_overrides=share.variables, use_stage_cache=False
        ),
        access_log_settings=aws.apigateway.StageAccessLogSettingsArgs(destination_arn=logs[0].arn, format=json.dumps(LOG_FIELDS)),
        cache_cluster_enabled=settings.cache is not None,
        cache_cluster_size=None if settings.cache is None else settings.cache.size_gb,
        xray_tracing_enabled=True,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[*before, *logs, *role]),
    )
    aws.apigateway.MethodSettings(
        name,
        rest_api=rest.api.id,
        stage_name=stage.stage_name,
        method_path="*/*",
        settings=aws.apigateway.MethodSettingsSettingsArgs(
            metrics_enabled=True, logging_level="ERROR", data_trace_enabled=False, caching_enabled=False
        ),
        opts=opts,
    )
    if settings.cache is not None:
        keep_answers(name, stage, rest.api, rest.path, settings.cache, parent)
    public = access.exposure is Exposure.PUBLIC
    if public or address_limit(access):
        web_firewall(name, stage.arn, public, address_limit(access), key, operations, tags, parent)
    by_key = access.authentication is Authentication.API_KEY
    api_key = _usage_plan(name, rest.api, stage, access.limit_per_minute, tags, parent) if by_key else None
    url = pulumi.Output.concat(stage.invoke_url, rest.path)
    target = None
    if access.domain is not None:
        target = _domain(name, access.domain, public, rest, stage, endpoint_id, account, tags, parent)
        url = pulumi.Output.from_input(f"https://{access.domain.hostname}{rest.path}")
    return RestGateway(
        url=url,
        dns_target=pulumi.Output.from_input("") if target is None else target.name,
        name=rest.api.name,
        key=pulumi.Output.from_input("") if api_key is None else pulumi.Output.secret(api_key.value),
    )


def _policy(access: WebAccess, resource: str, vpc_id: str | None) -> str:
    """Who may call, and from where.

    With an identity: those listed, and administrators by their own policies. Otherwise whoever passes the method's own check.
    """
    statements: list[Statement] = []
    invoke: Statement = {"Action": "execute-api:Invoke", "Resource": resource}
    if access.authentication is not Authentication.IDENTITY:
        statements.append({"Sid": "WhoeverTheMethodLetsIn", "Effect": "Allow", "Principal": "*", **invoke})
    elif access.callers:
        statements.append({"Sid": "Callers", "Effect": "Allow", "Principal": {"AWS": sorted(access.callers)}, **invoke})
    if vpc_id is not None:
        outside = {"StringNotEquals": {"aws:SourceVpc": vpc_id}}
        statements.append({"Sid": "OnlyFromTheNetwork", "Effect": "Deny", "Principal": "*", **invoke, "Condition": outside})
    return document(*statements)


def _log_role(name: str, account: Account, tags: dict[str, str], parent: pulumi.Resource) -> list[pulumi.Resource]:
    """The account's role for API Gateway's logs, without which a stage with logs is refused:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html."""
    opts = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-gateway",
        description="Writes the logs of API Gateway in this region",
        assume_role_policy=trust("apigateway.amazonaws.com"),
        tags=tags,
        opts=opts,
    )
    attached = aws.iam.RolePolicyAttachment(
        f"{name}-gateway",
        role=role.name,
        policy_arn=account.partition.apply(lambda it: f"arn:{it}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"),
        opts=opts,
    )
    setting = aws.apigateway.Account(
        f"{name}-gateway", cloudwatch_role_arn=role.arn, opts=pulumi.ResourceOptions(parent=parent, depends_on=[attached])
    )
    return [setting]


def _usage_plan(
    name: str, api: aws.apigateway.RestApi, stage: aws.apigateway.Stage, limit: int | None, tags: dict[str, str], parent: pulumi.Resource
) -> aws.apigateway.ApiKey:
    """A plan with one key, which may send as many requests as the limit says; further keys are made for the plan where they are handed out."""
    opts = pulumi.ResourceOptions(parent=parent)
    plan = aws.apigateway.UsagePlan(
        f"{name}-plan",
        description=f"Callers of {name}",
        api_stages=[aws.apigateway.UsagePlanApiStageArgs(api_id=api.id, stage=stage.stage_name)],
        throttle_settings=None if limit is None else aws.apigateway.UsagePlanThrottleSettingsArgs(rate_limit=limit / 60, burst_limit=limit),
        tags=tags,
        opts=opts,
    )
    key = aws.apigateway.ApiKey(f"{name}-key", description=f"First caller of {name}", tags=tags, opts=opts)
    aws.apigateway.UsagePlanKey(f"{name}-key", key_id=key.id, key_type="API_KEY", usage_plan_id=plan.id, opts=opts)
    return key


def _domain(
    name: str,
    domain: Domain,
    public: bool,
    rest: RestApi,
    stage: aws.apigateway.Stage,
    endpoint_id: pulumi.Input[str] | None,
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> Target:
    """The user's host name: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-custom-domains.html for private APIs."""
    opts = pulumi.ResourceOptions(parent=parent)
    certificate = certificate_arn(name, domain, tags, parent)
    if public:
        made = aws.apigateway.DomainName(
            f"{name}-domain",
            domain_name=domain.hostname,
            regional_certificate_arn=certificate,
            endpoint_configuration=aws.apigateway.DomainNameEndpointConfigurationArgs(types="REGIONAL"),
            security_policy="TLS_1_2",
            tags=tags,
            opts=opts,
        )
        aws.apigateway.BasePathMapping(f"{name}-domain", domain_name=made.domain_name, rest_api=rest.api.id, stage_name=stage.stage_name, opts=opts)
        target = Target(made.regional_domain_name, made.regional_zone_id)
        point(name, domain, target, parent)
        return target
    endpoint = aws.ec2.get_vpc_endpoint_output(id=endpoint_id, opts=pulumi.InvokeOutputOptions(parent=parent))
    made = aws.apigateway.DomainName(
        f"{name}-domain",
        domain_name=domain.hostname,
        certificate_arn=certificate,
        endpoint_configuration=aws.apigateway.DomainNameEndpointConfigurationArgs(types="PRIVATE"),
        security_policy="TLS_1_2",
        policy=endpoint.id.apply(_private_domain_policy),
        tags=tags,
        opts=opts,
    )
    aws.apigateway.BasePathMapping(
        f"{name}-domain",
        domain_name=made.domain_name,
        domain_name_id=made.domain_name_id,
        rest_api=rest.api.id,
        stage_name=stage.stage_name,
        opts=opts,
    )
    aws.apigateway.DomainNameAccessAssociation(
        f"{name}-domain",
        access_association_source=endpoint.id,
        access_association_source_type="VPCE",
        domain_name_arn=made.arn,
        tags=tags,
        opts=opts,
    )
    entry = endpoint.dns_entries[0]
    target = Target(entry.dns_name, entry.hosted_zone_id)
    point(name, domain, target, parent)
    return target


def _private_domain_policy(endpoint_id: str) -> str:
    everything: Statement = {"Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
    elsewhere = {"StringNotEquals": {"aws:SourceVpce": endpoint_id}}
    return document(
        {"Sid": "TheApisOwnPolicyDecides", "Effect": "Allow", **everything},
        {"Sid": "OnlyThroughTheEndpoint", "Effect": "Deny", **everything, "Condition": elsewhere},
    )
