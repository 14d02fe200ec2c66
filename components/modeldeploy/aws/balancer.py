"""An Application Load Balancer in front of the versions of a model: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.access import Authentication, Domain, Exposure, Tokens, WebAccess
from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.names import fit
from modeldeploy.spec.operations import Environment, Operations

from .account import Account
from .buckets import expiry, private_bucket
from .domain import Target, certificate_arn, point
from .gateway import STAGE
from .network import Attachment
from .policy_documents import Statement
from .web_firewall import web_firewall

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
"""TLS 1.3 and 1.2: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html."""

LONGEST_PART = 24
"""Names of load balancers and target groups have 32 characters at most, of which auto-naming takes eight."""

MOST_VERSIONS = 5
"""Target groups that one rule shares requests between: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html."""

VERSION_HEADER = "X-Model-Version"
"""A request that names a version here is answered by it, whatever its share: how a version is tried before it gets any."""

SHARED = 40_001
"""Place of the rule that shares requests by weight."""
GUARDED = 40_002
"""Place of the rule that Amazon ECS shifts by itself: after the other, so that it takes over when that one goes."""


@dataclass(frozen=True, kw_only=True)
class BalancerSettings:
    """What a load balancer alone has."""

    public_subnet_ids: list[pulumi.Input[str]] = field(default_factory=list["pulumi.Input[str]"])
    """Public subnets of the network given, in two availability zones, for a load balancer that is reached from the internet. Required when one is
    made (`access.exposure` public with tokens or without authentication), and only then. What answers stays in the private subnets."""
    keys_url: str | None = None
    """Address of the issuer's key set, by which tokens are checked, with RS256 (`jwks_uri` in its `/.well-known/openid-configuration`). Omitted:
    `<access.tokens.issuer>/.well-known/jwks.json`."""


@dataclass(frozen=True)
class Balancer:
    """A load balancer that answers 404 until a rule forwards."""

    resource: aws.lb.LoadBalancer
    listener: aws.lb.Listener
    group: aws.ec2.SecurityGroup
    """Its security group: where the requests of those behind it come from."""


def is_open(access: WebAccess) -> bool:
    """Whether the load balancer is reached from the internet."""
    return access.exposure is Exposure.PUBLIC and access.authentication in (Authentication.JWT, Authentication.NONE)


def balancer_problems(access: WebAccess, given_network: bool, balanced: bool, settings: BalancerSettings) -> Iterator[Problem]:
    """Problems of a load balancer. `balanced`: callers reach it themselves, without an API in front."""
    opened = balanced and is_open(access)
    tokens = balanced and access.authentication is Authentication.JWT
    if tokens and access.tokens is not None and len(access.tokens.audiences) > 1:
        yield Problem("access.tokens.audiences", f"{len(access.tokens.audiences)} are too many; a load balancer checks one, list one")
    if tokens and not given_network:
        yield Problem(
            "network.id",
            "is required with authentication jwt: the load balancer fetches the issuer's keys, and the network that is made has no way out; give one "
            f"that has, or use authentication {Authentication.IDENTITY}",
        )
    elif opened and not given_network:
        yield Problem("network.id", "is required when the load balancer is public: the network that is made has no way in from the internet")
    if opened and len(settings.public_subnet_ids) < 2:
        yield Problem(
            "balancer.public_subnet_ids", f"{len(settings.public_subnet_ids)} is too few; a public load balancer needs subnets in two zones"
        )
    if settings.public_subnet_ids and not opened:
        yield Problem("balancer.public_subnet_ids", "has no effect: no public load balancer is made; leave it out")
    if settings.keys_url is not None and not tokens:
        yield Problem("balancer.keys_url", "has no effect: no load balancer checks tokens; leave it out")
    elif settings.keys_url is not None and not settings.keys_url.startswith("https://"):
        yield Problem("balancer.keys_url", f"'{settings.keys_url}' is no address of keys; it begins with https://")


def balancer(
    name: str,
    access: WebAccess,
    domain: Domain,
    settings: BalancerSettings,
    network: Attachment,
    seconds: int,
    operations: Operations,
    environment: Environment,
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> Balancer:
    """A load balancer with TLS, from the internet or within the network; in production it is protected from deletion."""
    opts = pulumi.ResourceOptions(parent=parent)
    production = environment is Environment.PRODUCTION
    group = aws.ec2.SecurityGroup(f"{name}-balancer", description="The load balancer", vpc_id=network.vpc_id, tags=tags, opts=opts)
    logs, ready = private_bucket(
        f"{name}-access-logs",
        None,
        production,
        [expiry("access-logs", "", operations.log_retention_days)],
        tags,
        parent,
        lambda arn: pulumi.Output.all(account.partition, account.region, account.id).apply(lambda it: [_writes_logs(arn, it[0], it[1], it[2])]),
    )
    made = aws.lb.LoadBalancer(
        fit(name, LONGEST_PART),
        load_balancer_type="application",
        internal=not is_open(access),
        subnets=settings.public_subnet_ids if is_open(access) else network.subnet_ids,
        security_groups=[group.id],
        enable_deletion_protection=production,
        drop_invalid_header_fields=True,
        desync_mitigation_mode="defensive",
        # Longer than a request, so that the container is the one to give up.
        idle_timeout=max(60, seconds + 5),
        access_logs=aws.lb.LoadBalancerAccessLogsArgs(bucket=logs.id, enabled=True),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=ready, protect=production),
    )
    listener = aws.lb.Listener(
        f"{name}-https",
        load_balancer_arn=made.arn,
        port=443,
        protocol="HTTPS",
        ssl_policy=TLS_POLICY,
        certificate_arn=certificate_arn(name, domain, tags, parent),
        default_actions=[
            aws.lb.ListenerDefaultActionArgs(
                type="fixed-response",
                fixed_response=aws.lb.ListenerDefaultActionFixedResponseArgs(content_type="text/plain", message_body="Not found", status_code="404"),
            )
        ],
        tags=tags,
        opts=opts,
    )
    return Balancer(made, listener, group)


def let_in(name: str, within: Balancer, ranges: Sequence[pulumi.Input[str]], tags: dict[str, str], parent: pulumi.Resource) -> None:
    """Lets address ranges reach the load balancer."""
    for index, cidr in enumerate(ranges):
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-balancer-{index}",
            security_group_id=within.group.id,
            description="Callers",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=cidr,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=parent),
        )


def open_balancer(
    name: str,
    made: Balancer,
    access: WebAccess,
    domain: Domain,
    callers: Sequence[str],
    network: Attachment,
    key: pulumi.Output[str],
    operations: Operations,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> Target:
    """Lets callers reach the load balancer without an API in front: who may, the firewall, and the record of the host name."""
    public = is_open(access)
    let_in(name, made, ["0.0.0.0/0"] if public else [network.cidr, *callers], tags, parent)
    if access.authentication is Authentication.JWT:
        # The issuer's keys; its addresses are not known.
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-balancer-issuer",
            security_group_id=made.group.id,
            description="Keys of the tokens' issuer",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4="0.0.0.0/0",
            tags=tags,
            opts=pulumi.ResourceOptions(parent=parent),
        )
    if public or access.limit_per_minute:
        web_firewall(name, made.resource.arn, public, access.limit_per_minute, key, operations, tags, parent)
    target = Target(made.resource.dns_name, made.resource.zone_id)
    point(name, domain, target, parent)
    return target


def rule(
    name: str,
    made: Balancer,
    priority: int,
    path: str,
    tokens: Tokens | None,
    settings: BalancerSettings,
    targets: Sequence[tuple[aws.lb.TargetGroup, int]],
    tags: dict[str, str],
    opts: pulumi.ResourceOptions,
    version: str | None = None,
) -> aws.lb.ListenerRule:
    """Forwards `POST path` to target groups by weight, after the token was checked where one is asked for; with `version` only what names it.

    An API in front puts its stage before the path; it is taken off.
    """
    action = aws.lb.ListenerRuleActionArgs
    share = aws.lb.ListenerRuleActionForwardTargetGroupArgs
    forwarded = action(
        type="forward",
        order=2 if tokens else 1,
        forward=aws.lb.ListenerRuleActionForwardArgs(target_groups=[share(arn=group.arn, weight=weight) for group, weight in targets]),
    )
    condition = aws.lb.ListenerRuleConditionArgs
    conditions = [
        condition(path_pattern=aws.lb.ListenerRuleConditionPathPatternArgs(values=[path, f"/{STAGE}{path}"])),
        condition(http_request_method=aws.lb.ListenerRuleConditionHttpRequestMethodArgs(values=["POST"])),
    ]
    if version is not None:
        named = aws.lb.ListenerRuleConditionHttpHeaderArgs(http_header_name=VERSION_HEADER, values=[version])
        conditions.append(condition(http_header=named))
    rewrite = aws.lb.ListenerRuleTransformUrlRewriteConfigRewriteArgs(regex=f"^/{STAGE}/(.*)$", replace="/$1")
    return aws.lb.ListenerRule(
        name,
        listener_arn=made.listener.arn,
        priority=priority,
        conditions=conditions,
        actions=[*([action(type="jwt-validation", order=1, jwt_validation=_validation(tokens, settings))] if tokens else []), forwarded],
        transforms=[
            aws.lb.ListenerRuleTransformArgs(type="url-rewrite", url_rewrite_config=aws.lb.ListenerRuleTransformUrlRewriteConfigArgs(rewrite=rewrite))
        ],
        tags=tags,
        opts=opts,
    )


def version_priority(version: str) -> int:
    """Where the rule for requests that name a version stands: before those for the rest, and not where another version's is, as far as 40,000 places
    go. It stays while other versions come and go, because two rules cannot have one place even for a moment."""
    return 1 + int(hashlib.sha256(version.encode()).hexdigest(), 16) % (SHARED - 1)


def _validation(tokens: Tokens, settings: BalancerSettings) -> aws.lb.ListenerRuleActionJwtValidationArgs:
    claim = aws.lb.ListenerRuleActionJwtValidationAdditionalClaimArgs(name="aud", format="single-string", values=tokens.audiences)
    return aws.lb.ListenerRuleActionJwtValidationArgs(
        issuer=tokens.issuer,
        jwks_endpoint=settings.keys_url or f"{tokens.issuer.rstrip('/')}/.well-known/jwks.json",
        additional_claims=[claim],
    )


def _writes_logs(bucket: str, partition: str, region: str, account: str) -> Statement:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html."""
    return {
        "Sid": "LoadBalancersWriteLogs",
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{bucket}/AWSLogs/{account}/*",
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/*"}},
    }
