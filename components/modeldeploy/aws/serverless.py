"""A model as an AWS Lambda function."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.access import Authentication, Exposure
from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.model import remote_problems
from modeldeploy.spec.names import check_name, fit
from modeldeploy.spec.rollout import served_version, shares
from modeldeploy.spec.serverless import FunctionModel, ServerlessArgs
from modeldeploy.spec.tags import standard_tags

from .account import Account, current_account, physical_name
from .alarms import alarm_topic
from .architecture import Architecture
from .balancer import LONGEST_PART, MOST_VERSIONS, SHARED, BalancerSettings, balancer, balancer_problems, open_balancer, rule
from .budget import NAME_TAG, monthly_budget
from .dashboard import Panel, dashboard_url, traffic_dashboard
from .domain import domain_problems
from .function_release import FunctionGuardrails, guarded_alias
from .functions import ALIAS, Shape, function, function_problems, function_role, live_alias, may_call
from .gateway import STAGE, Backend, GatewaySettings, Share, gateway_problems, rest_api, rest_gateway
from .given import caller_problems, capture_problems, key_problems, network_problems, secret_arn_problems
from .http_api import http_api
from .identity import database_environment, database_grant, database_user
from .instances import BALANCER_HOURLY_USD, FUNCTION_GIB_SECOND_USD, KEY_MONTHLY_USD, WARM_GIB_SECOND_USD, monthly
from .keys import key_arn
from .logs import log_group
from .model_store import ModelStore, model_store
from .network import APIS, SECRETS, Attachment, attach
from .queues import dead_letters
from .security_groups import model_group
from .variants import version_key
from .watches import balancer_alarms, balancer_panels, function_alarms, function_panels, gateway_alarms, gateway_panels, letters_alarm
from .web_firewall import firewall_cost

LONGEST_NAME = 30
"""A function's name, 64 characters at most, is made of the component's, a version and what auto-naming adds."""

DEFAULT_PATH = "/invocations"
"""Where code answers; an image says it itself."""

TAKEN = ("MODEL_URI", "MODEL_VERSION", "AWS_LWA_PORT", "AWS_LWA_READINESS_CHECK_PATH")

LONGEST_REQUEST = {"rest": 29, "http": 30}
"""Seconds that API Gateway waits for a function."""


@dataclass(frozen=True, kw_only=True)
class LambdaFunctionArgs(ServerlessArgs):
    """Arguments of `LambdaFunction`: the shared ones, and what Lambda and what is in front of it alone have."""

    guardrails: FunctionGuardrails | None = None
    """Let CodeDeploy replace one version by the next: canary, watch the alarms, go on or roll back. Then `models` holds one version at a time.
    Omitted: `rollout.traffic` says how requests are shared. Switching between the two makes a new function first, then deletes the old ones."""
    architecture: Architecture = Architecture.X86_64
    """For which processor the images or the code were built. Default: x86_64."""
    scratch_mib: int = 512
    """Disk for files in `/tmp`, the only folder the function can write to, in MiB, 512 to 10240. A model that is fetched lies there."""
    http_api: bool = False
    """Answer callers with tokens through an HTTP API instead of a load balancer. Nothing is paid while nobody asks, and no certificate is needed.
    But it takes no firewall, so that nothing but the token stands in front; its limit counts all callers together; it is public only; and it asks
    one version: requests move in one step, or by `guardrails`."""
    balancer: BalancerSettings = BalancerSettings()
    """The load balancer, which checks tokens (`jwt`)."""
    gateway: GatewaySettings = GatewaySettings()
    """The REST API: with identities (the default), API keys, or no authentication."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from remote_problems(self.models, ("s3",), "the function's role")
        yield from caller_problems(self.access.callers)
        yield from key_problems(self.encryption)
        yield from secret_arn_problems(self.secrets)
        yield from capture_problems(self.operations, "a function")
        for index, model in enumerate(self.models):
            yield from (problem.under(f"models[{index}]") for problem in _model_problems(model, self))
        yield from _release_problems(self)
        yield from _entrance_problems(self)

    @property
    def balanced(self) -> bool:
        """Whether callers reach a load balancer."""
        return self.access.authentication is Authentication.JWT and not self.http_api

    @property
    def rest(self) -> bool:
        """Whether callers reach a REST API."""
        return self.access.authentication is not Authentication.JWT

    @property
    def path(self) -> str:
        """Where predictions are asked for."""
        container = self.models[0].container if self.models else None
        return DEFAULT_PATH if container is None else container.predict_path


class LambdaFunction(pulumi.ComponentResource):
    """Versions of a model as Lambda functions (https://docs.aws.amazon.com/lambda/latest/dg/welcome.html) behind one address: a REST API, or a load
    balancer or an HTTP API for callers with tokens.

    With it come the network (unless one is given), key, model bucket, role, logs, dead letters, alarms, dashboard and budget. A network that is given
    has VPC endpoints for S3, `execute-api` (private APIs) and `secretsmanager` (secrets): an `AwsNetwork` has them.

    An image answers as Lambda wants it (https://docs.aws.amazon.com/lambda/latest/dg/images-create.html), or is a web server with the Lambda Web
    Adapter in it, which is told the container's port and health path. Lambda puts no secrets into variables: the function finds a secret's ARN under
    the variable's name with `_SECRET_ID`, and reads it with its role.
    """

    url: pulumi.Output[str]
    """Where to POST predictions: signed with Signature Version 4 (service `execute-api`), or with the API key in `x-api-key`, or with a token as
    `Authorization: Bearer`. From the network only, when access is private."""
    identity: pulumi.Output[str]
    """ARN of the role the function acts with: what other resources' policies name to let the model in."""
    model_version: pulumi.Output[str]
    """The version that answers most requests."""
    logs: pulumi.Output[str]
    """CloudWatch log group of the functions."""
    dashboard_url: pulumi.Output[str]
    """CloudWatch dashboard."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month while nobody asks, by the list prices in `instances.py`: instances that are kept warm, load balancer, firewall, the key, and
    the interface endpoints of a network that was made for it. Not counted: requests and their time, `gateway.cache`, logs, metrics, storage; that
    Graviton costs less."""
    database_grant: pulumi.Output[str]
    """The SQL statement an administrator of the database runs once, so that the model may log in and read. Empty without a database."""
    dns_target: pulumi.Output[str]
    """What the record of `access.domain.hostname` must point to, unless `access.domain.zone` was given. Empty without a domain."""
    api_key: pulumi.Output[str]
    """The first caller's API key, a secret. Empty unless callers prove themselves with one."""
    functions: pulumi.Output[dict[str, str]]
    """ARN of each version's function, with the alias that answers, for callers inside the account that ask without the API."""
    dead_letters: pulumi.Output[str]
    """URL of the queue with requests that nobody waited for and that failed three times."""
    alarm_topic: pulumi.Output[str]
    """ARN of the SNS topic that carries alarms and budget alerts: subscribe chat or paging to it."""

    def __init__(self, name: str, args: LambdaFunctionArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(LambdaFunctionArgs, args, f"LambdaFunction '{name}'")
        check_name(f"LambdaFunction '{name}'", name, LONGEST_NAME)
        super().__init__("modeldeploy:index:LambdaFunction", name, as_inputs(checked), opts)
        account = current_account(self)
        deployment = physical_name(name, 63)
        named = {NAME_TAG: deployment}
        tags = standard_tags(checked.tags, checked.environment) | named
        operations, environment = checked.operations, checked.environment

        key = key_arn(name, checked.encryption, environment, account, tags, self)
        network = attach(
            name,
            checked.network,
            key,
            operations.log_retention_days,
            environment,
            checked.tags | named,
            self,
            services=_services(checked),
            usual_services=False,
        )
        store = model_store(name, checked.models, key, environment, None, account.partition, tags, self)
        logs = log_group(f"{name}-logs", operations, key, tags, self)
        topic = alarm_topic(name, operations.emails, key, account, tags, self)
        letters = dead_letters(f"{name}-given-up", key, tags, self)
        letters_alarm(name, letters, topic, tags, self)

        group = model_group(name, network, checked.database is not None, account, tags, self)
        role, permissions = function_role(
            name, store, checked.secrets, key, logs.arn, letters.arn, network, group, checked.database, account, tags, self
        )
        shape = Shape(
            memory_mib=checked.memory_mib,
            scratch_mib=checked.scratch_mib,
            seconds=checked.request_seconds,
            warm=checked.scaling.minimum,
            maximum=checked.scaling.maximum,
            architecture=checked.architecture,
            role=role,
            permissions=permissions,
            network=network,
            group=group,
            log_group=logs,
            letters=letters,
            key=key,
        )
        versions = [_version(name, model, checked, shape, store, topic, account, tags, self) for model in checked.models]

        entrance = _entrance(name, checked, versions, network, key, account, topic, tags, self)
        panels = [*entrance.panels, *function_panels([version.function for version in versions])]
        dashboard = traffic_dashboard(name, panels, logs.name, account, self)
        fixed = _fixed_cost(checked, network)
        monthly_budget(name, deployment, operations.monthly_budget_usd or _busy_cost(checked) + fixed, topic, tags, self)

        self.url = entrance.url
        self.identity = role.arn
        self.model_version = pulumi.Output.from_input(served_version(checked.models, checked.rollout))
        self.logs = logs.name
        self.dashboard_url = dashboard_url(dashboard, account)
        self.monthly_cost = pulumi.Output.from_input(round(_warm_cost(checked) + fixed, 2))
        self.database_grant = database_grant(checked.database, database_user(name))
        self.dns_target = entrance.dns_target
        self.api_key = entrance.api_key
        self.functions = pulumi.Output.all(**{version.model.version: version.address for version in versions})
        self.dead_letters = letters.id
        self.alarm_topic = topic.arn
        self.register_outputs(
            {
                "url": self.url,
                "identity": self.identity,
                "model_version": self.model_version,
                "logs": self.logs,
                "dashboard_url": self.dashboard_url,
                "monthly_cost": self.monthly_cost,
                "database_grant": self.database_grant,
                "dns_target": self.dns_target,
                "api_key": self.api_key,
                "functions": self.functions,
                "dead_letters": self.dead_letters,
                "alarm_topic": self.alarm_topic,
            }
        )


@dataclass(frozen=True)
class _Version:
    """A model version that answers."""

    model: FunctionModel
    percent: int
    part: str
    """Name of its resources."""
    function: aws.lambda_.Function
    alias: pulumi.Resource

    @property
    def address(self) -> pulumi.Output[str]:
        """ARN by which it is called."""
        return pulumi.Output.all(self.function.arn, self.alias.urn).apply(lambda it: f"{it[0]}:{ALIAS}")


@dataclass(frozen=True)
class _Entrance:
    """What callers reach."""

    url: pulumi.Output[str]
    dns_target: pulumi.Output[str] = field(default_factory=lambda: pulumi.Output.from_input(""))
    api_key: pulumi.Output[str] = field(default_factory=lambda: pulumi.Output.from_input(""))
    panels: list[Panel] = field(default_factory=list[Panel])


def _version(
    name: str,
    model: FunctionModel,
    args: LambdaFunctionArgs,
    shape: Shape,
    store: ModelStore,
    topic: aws.sns.Topic,
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> _Version:
    """A function of its own for each version; with guardrails one function, whose alias CodeDeploy moves."""
    guarded = args.guardrails is not None
    part = f"{name}-guarded" if guarded else f"{name}-v{version_key(model.version)}"
    variables = {
        **model.variables,
        **database_environment(name, args.database),
        **{f"{variable}_SECRET_ID": address for variable, address in args.secrets.items()},
        "MODEL_URI": store.urls[model.version],
        "MODEL_VERSION": model.version,
    }
    if model.container is not None:
        variables |= {"AWS_LWA_PORT": str(model.container.port), "AWS_LWA_READINESS_CHECK_PATH": model.container.health_path}
    made = function(name, part, model, variables, shape, store, tags, parent)
    percent = shares(args.models, args.rollout)[model.version]
    guards = function_alarms(part, made, ALIAS, shape.maximum, args.operations, topic, tags, parent) if percent else []
    if args.guardrails is None:
        alias: pulumi.Resource = live_alias(part, made, shape.warm, parent)
    else:
        alias = guarded_alias(part, made, shape.warm, args.guardrails, guards, account, tags, parent)
    return _Version(model, percent, part, made, alias)


def _entrance(
    name: str,
    args: LambdaFunctionArgs,
    versions: Sequence[_Version],
    network: Attachment,
    key: pulumi.Output[str],
    account: Account,
    topic: aws.sns.Topic,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> _Entrance:
    if args.balanced:
        return _behind_balancer(name, args, versions, network, key, account, topic, tags, parent)
    if args.rest:
        return _behind_rest_api(name, args, versions, network, key, account, topic, tags, parent)
    assert args.access.tokens is not None  # an HTTP API is for callers with tokens
    served = max(versions, key=lambda version: version.percent)
    _, url, target = http_api(
        name, args.access, args.access.tokens, args.path, served.function, served.alias, args.request_seconds, key, args.operations, tags, parent
    )
    return _Entrance(url, target)


def _behind_rest_api(
    name: str,
    args: LambdaFunctionArgs,
    versions: Sequence[_Version],
    network: Attachment,
    key: pulumi.Output[str],
    account: Account,
    topic: aws.sns.Topic,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> _Entrance:
    """A REST API that finds the function in a variable of its stage; another version's share is a canary of the stage with another value."""
    uri = pulumi.Output.all(account.partition, account.region, account.id).apply(
        lambda it: (
            f"arn:{it[0]}:apigateway:{it[1]}:lambda:path/2015-03-31/functions/arn:{it[0]}:lambda:{it[1]}:{it[2]}:function:"
            f"${{stageVariables.function}}:{ALIAS}/invocations"
        )
    )
    backend = Backend("AWS_PROXY", uri, args.request_seconds)
    rest = rest_api(name, args.access, args.path, backend, network.vpc_id, account, tags, parent, args.gateway.cache)
    source = pulumi.Output.concat(rest.api.execution_arn, f"/{STAGE}/POST{args.path}")
    allowed = [may_call(version.part, version.function, "apigateway.amazonaws.com", source, [version.alias], parent) for version in versions]
    later_first = list(reversed(versions))
    most, *others = sorted(later_first, key=lambda version: version.percent, reverse=True)
    share = next((Share(other.percent, {"function": other.function.name}) for other in others if other.percent), None)
    endpoint_id = network.api_endpoint_id if args.network.id is None else args.gateway.endpoint_id
    made = rest_gateway(
        name,
        rest,
        args.access,
        args.gateway,
        {"function": most.function.name},
        share,
        endpoint_id,
        key,
        args.operations,
        account,
        tags,
        allowed,
        parent,
    )
    gateway_alarms(name, made.name, args.operations, topic, tags, parent)
    return _Entrance(made.url, made.dns_target, made.key, gateway_panels(made.name))


def _behind_balancer(
    name: str,
    args: LambdaFunctionArgs,
    versions: Sequence[_Version],
    network: Attachment,
    key: pulumi.Output[str],
    account: Account,
    topic: aws.sns.Topic,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> _Entrance:
    """A load balancer that checks tokens and shares requests by weight."""
    domain = args.access.domain
    assert domain is not None  # `problems` asks for it
    front = balancer(
        name, args.access, domain, args.balancer, network, args.request_seconds, args.operations, args.environment, account, tags, parent
    )
    balancer_alarms(name, front, args.operations, topic, tags, parent)
    groups = [_targets(version, tags, parent) for version in versions]
    weights = [(group, version.percent) for (group, _), version in zip(groups, versions, strict=True)]
    attached = pulumi.ResourceOptions(parent=parent, depends_on=[attachment for _, attachment in groups])
    rule(f"{name}-shared", front, SHARED, args.path, args.access.tokens, args.balancer, weights, tags, attached)
    target = open_balancer(name, front, args.access, domain, args.network.callers, network, key, args.operations, tags, parent)
    url = pulumi.Output.from_input(f"https://{domain.hostname}{args.path}")
    return _Entrance(url, target.name, panels=balancer_panels(front, [group for group, _ in groups]))


def _targets(version: _Version, tags: dict[str, str], parent: pulumi.Resource) -> tuple[aws.lb.TargetGroup, aws.lb.TargetGroupAttachment]:
    """The function as a target: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html."""
    group = aws.lb.TargetGroup(fit(version.part, LONGEST_PART), target_type="lambda", tags=tags, opts=pulumi.ResourceOptions(parent=parent))
    allowed = may_call(f"{version.part}-balancer", version.function, "elasticloadbalancing.amazonaws.com", group.arn, [version.alias], parent)
    attachment = aws.lb.TargetGroupAttachment(
        version.part,
        target_group_arn=group.arn,
        target_id=version.address,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[allowed]),
    )
    return group, attachment


def _services(args: LambdaFunctionArgs) -> list[str]:
    """What must be reached through the network."""
    private_api = args.rest and args.access.exposure is Exposure.PRIVATE
    return [*([APIS] if private_api else []), *([SECRETS] if args.secrets else [])]


def _warm_cost(args: LambdaFunctionArgs) -> float:
    """US dollars a month of the instances that are kept warm, of all versions."""
    warm = args.scaling.minimum * len(args.models)
    return monthly(3600 * WARM_GIB_SECOND_USD * args.memory_mib / 1024) * warm


def _busy_cost(args: LambdaFunctionArgs) -> float:
    """US dollars a month if all instances answered without a pause."""
    return monthly(3600 * FUNCTION_GIB_SECOND_USD * args.memory_mib / 1024) * args.scaling.maximum


def _fixed_cost(args: LambdaFunctionArgs, network: Attachment) -> float:
    key = KEY_MONTHLY_USD if args.encryption.key is None else 0
    front = monthly(BALANCER_HOURLY_USD) if args.balanced else 0
    return network.monthly_usd + key + front + (0 if args.http_api else firewall_cost(args.access))


def _model_problems(model: FunctionModel, args: LambdaFunctionArgs) -> Iterator[Problem]:
    yield from function_problems(model, TAKEN, args.database is not None)
    first = args.models[0].container
    if model.container is not None and first is not None and model.container.predict_path != first.predict_path:
        path = model.container.predict_path
        yield Problem("container.predict_path", f"'{path}' differs from '{first.predict_path}'; versions share one address")


def _release_problems(args: LambdaFunctionArgs) -> Iterator[Problem]:
    if not 512 <= args.scratch_mib <= 10240:
        yield Problem("scratch_mib", f"{args.scratch_mib} is not allowed; use 512 to 10240")
    if args.guardrails is not None and len(args.models) > 1:
        yield Problem(
            "guardrails",
            f"excludes more than one version in models ({', '.join(model.version for model in args.models)}): CodeDeploy shifts from the version "
            "deployed to the one listed; list one, or leave guardrails out and share requests by rollout.traffic",
        )
    answering = [version for version, percent in shares(args.models, args.rollout).items() if percent] if args.models else []
    if args.balanced and len(args.models) > MOST_VERSIONS:
        yield Problem("models", f"{len(args.models)} versions are too many; a load balancer shares requests between {MOST_VERSIONS} at most")
    if args.rest and len(answering) > 2:
        yield Problem("rollout.traffic", f"shares requests between {len(answering)} versions; a REST API shares them between two at most")
    if args.http_api and len(answering) > 1:
        yield Problem("rollout.traffic", "shares requests, which an HTTP API does not; use 0 and 100, or guardrails, or http_api: false")


def _entrance_problems(args: LambdaFunctionArgs) -> Iterator[Problem]:
    given = args.network.id is not None
    most = LONGEST_REQUEST["rest"] if args.rest else LONGEST_REQUEST["http"] if args.http_api else None
    if most is not None and args.request_seconds > most:
        yield Problem(
            "request_seconds",
            f"{args.request_seconds} is not allowed: API Gateway waits {most} seconds for a function; use {most} or less, authentication jwt (a load "
            "balancer, which waits longer), or FargateService",
        )
    if args.http_api and args.access.authentication is not Authentication.JWT:
        yield Problem("http_api", f"needs authentication {Authentication.JWT}; a REST API checks the others, leave it out")
    if args.http_api and args.access.exposure is not Exposure.PUBLIC:
        yield Problem("http_api", "is never private; use access.exposure public, or leave it out")
    if args.balanced and args.access.domain is None:
        yield Problem(
            "access.domain",
            "is required with authentication jwt: the load balancer needs a certificate for TLS; name one, or its zone, or use http_api",
        )
    yield from domain_problems(args.access.domain)
    if not args.balanced:
        yield from network_problems(args.network)
    yield from gateway_problems(args.access, args.path, given, not args.rest, args.gateway)
    yield from balancer_problems(args.access, given, args.balanced, args.balancer)
