"""A model in containers on Amazon ECS with Fargate."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.access import Authentication, Exposure
from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.container import ContainerArgs
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.model import Model, remote_problems
from modeldeploy.spec.names import check_name
from modeldeploy.spec.rollout import served_version, shares
from modeldeploy.spec.tags import standard_tags

from .account import Account, current_account, physical_name
from .alarms import alarm_topic
from .architecture import Architecture
from .balancer import (
    GUARDED,
    MOST_VERSIONS,
    SHARED,
    Balancer,
    BalancerSettings,
    balancer,
    balancer_problems,
    open_balancer,
    rule,
    version_priority,
)
from .budget import NAME_TAG, monthly_budget
from .container_scaling import ContainerTargets, autoscale_service
from .dashboard import Panel, dashboard_url, traffic_dashboard
from .domain import domain_problems
from .ecs import Canary, ContainerGuardrails, canary_role, cluster, ephemeral_storage_uses, service, task_definition
from .fargate import fargate_problems, fargate_size
from .folders import artifact_statements
from .gateway import Backend, GatewaySettings, gateway_problems, rest_api, rest_gateway
from .given import caller_problems, capture_problems, key_problems, network_problems, secret_arn_problems
from .identity import database_environment, database_grant, database_user
from .instances import BALANCER_HOURLY_USD, KEY_MONTHLY_USD, monthly
from .keys import key_arn
from .logs import log_group
from .model_store import model_store
from .network import APIS, SECRETS, Attachment, attach
from .security_groups import allow, model_group
from .served import confirmed_task
from .target_groups import target_group
from .tasks import container_role, start_role
from .variants import version_key
from .watches import balancer_alarms, balancer_panels, gateway_alarms, gateway_panels, group_alarms, service_alarms, service_panels
from .web_firewall import firewall_cost

LONGEST_NAME = 32
"""An IAM role's name, 64 characters at most, is made of the component's, what the network in it adds, and what auto-naming adds."""


@dataclass(frozen=True, kw_only=True)
class FargateServiceArgs(ContainerArgs):
    """Arguments of `FargateService`: the shared ones, and what ECS and what is in front of it alone have."""

    guardrails: ContainerGuardrails | None = None
    """Let ECS replace one version by the next: canary, watch the alarms, go on or roll back. Then `models` holds one version at a time. Omitted:
    `rollout.traffic` says how requests are shared. Switching between the two makes a new service first, then deletes the old ones."""
    targets: ContainerTargets = ContainerTargets()
    """What adds and removes replicas. Default: CPU at 70 percent, memory at 80, 1000 requests a minute and replica."""
    spot_percent: int = 0
    """Share of the replicas beyond `scaling.minimum` that run on Fargate Spot, 0 to 100 percent: spare machines at about a third of the price, which
    AWS takes back with two minutes' notice. The minimum never does."""
    architecture: Architecture = Architecture.X86_64
    """For which processor the images were built. Default: x86_64."""
    start_seconds: int = 120
    """Time a replica has to load the model before its health counts, in seconds, 0 to 3600."""
    scratch_mib: int = 512
    """Memory for files in `/tmp`, the only folder the container can write to, in MiB, 64 to 65536. A model that is fetched lies there. It comes out
    of `compute.memory_mib`."""
    user: str = "1000:1000"
    """User and group the container runs as, in numbers; never root (0)."""
    balancer: BalancerSettings = BalancerSettings()
    """The load balancer where callers reach it themselves: with tokens (`jwt`), or without authentication."""
    gateway: GatewaySettings = GatewaySettings()
    """The API in front of the load balancer: with identities (the default), or with API keys."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from fargate_problems(self.compute, "use SageMakerEndpoint or EksWorkload")
        yield from remote_problems(self.models, ("s3",), "the container's role")
        yield from caller_problems(self.access.callers)
        yield from key_problems(self.encryption)
        yield from secret_arn_problems(self.secrets)
        yield from capture_problems(self.operations, "a container")
        yield from _model_problems(self)
        yield from _limit_problems(self)
        yield from _entrance_problems(self)

    @property
    def has_gateway(self) -> bool:
        """Whether an API stands in front of the load balancer."""
        return self.access.authentication in (Authentication.IDENTITY, Authentication.API_KEY)


class FargateService(pulumi.ComponentResource):
    """Versions of a model as services of an ECS cluster on Fargate (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate.html),
    behind a load balancer that shares requests between them; in front of that a REST API where callers prove themselves with an identity or a key.

    With it come the network (unless one is given), key, model bucket, roles, autoscaling, logs, alarms, dashboard and budget. A network that is given
    has VPC endpoints for `execute-api` (private APIs), `ecr.api`, `ecr.dkr` and S3 (images), `logs`, and `secretsmanager` (secrets): an `AwsNetwork`
    has them. A request with the header `X-Model-Version` is answered by the version it names. Behind an API, which checks it, the certificate is of a
    public authority.
    """

    url: pulumi.Output[str]
    """Where to POST predictions: signed with Signature Version 4 (service `execute-api`), or with the API key in `x-api-key`, or with a token as
    `Authorization: Bearer`. From the network only, when access is private."""
    identity: pulumi.Output[str]
    """ARN of the role the container acts with: what other resources' policies name to let the model in."""
    model_version: pulumi.Output[str]
    """The version that answers most requests."""
    logs: pulumi.Output[str]
    """CloudWatch log group of the containers."""
    dashboard_url: pulumi.Output[str]
    """CloudWatch dashboard."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month at minimum scale, by the list prices in `fargate.py` and `instances.py`: replicas of every version, load balancer, firewall,
    the key, and the interface endpoints of a network that was made for it. Not counted: requests, traffic, logs, metrics, storage; that Graviton
    costs less."""
    database_grant: pulumi.Output[str]
    """The SQL statement an administrator of the database runs once, so that the model may log in and read. Empty without a database."""
    dns_target: pulumi.Output[str]
    """What the record of `access.domain.hostname` must point to, unless `access.domain.zone` was given."""
    api_key: pulumi.Output[str]
    """The first caller's API key, a secret. Empty unless callers prove themselves with one."""
    alarm_topic: pulumi.Output[str]
    """ARN of the SNS topic that carries alarms and budget alerts: subscribe chat or paging to it."""

    def __init__(self, name: str, args: FargateServiceArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(FargateServiceArgs, args, f"FargateService '{name}'")
        check_name(f"FargateService '{name}'", name, LONGEST_NAME)
        super().__init__("modeldeploy:index:FargateService", name, as_inputs(checked), opts)
        account = current_account(self)
        # Fixed: the key's policy names the cluster before it is there.
        cluster_name = physical_name(name, 63)
        named = {NAME_TAG: cluster_name}
        tags = standard_tags(checked.tags, checked.environment) | named
        operations, environment = checked.operations, checked.environment

        key = key_arn(name, checked.encryption, environment, account, tags, self, ephemeral_storage_uses(cluster_name))
        network = attach(name, checked.network, key, operations.log_retention_days, environment, checked.tags | named, self, _services(checked))
        store = model_store(name, checked.models, key, environment, None, account.partition, tags, self)
        logs = log_group(f"{name}-logs", operations, key, tags, self)
        topic = alarm_topic(name, operations.emails, key, account, tags, self)

        images = [model.container.image for model in checked.models]
        start, start_permissions = start_role(name, images, checked.secrets, key, logs.arn, account, tags, self)
        reads = pulumi.Output.all(pulumi.Output.all(*store.object_arns), key).apply(lambda it: artifact_statements(it[0], it[1]))
        role, role_permissions = container_role(name, reads, checked.database, account, tags, self)
        group = model_group(name, network, checked.database is not None, account, tags, self)

        assert checked.access.domain is not None  # `problems` asks for it
        front = balancer(
            name,
            checked.access,
            checked.access.domain,
            checked.balancer,
            network,
            checked.request_seconds,
            operations,
            environment,
            account,
            tags,
            self,
        )
        for port in sorted({model.container.port for model in checked.models}):
            allow(f"{name}-model-{port}", "Requests", front.group, group, port, tags, self)
        balancer_alarms(name, front, operations, topic, tags, self)

        within, providers = cluster(name, cluster_name, key, tags, self)
        fleet = _Fleet(name, checked, network, front, within, providers, group, topic, tags, self)
        tasks = {
            model.version: task_definition(
                fleet.part(model),
                model,
                fargate_size(checked.compute),
                checked.architecture is Architecture.ARM64,
                {
                    **model.container.environment,
                    **database_environment(name, checked.database),
                    "MODEL_URI": store.urls[model.version],
                    "MODEL_VERSION": model.version,
                },
                checked.secrets,
                checked.scratch_mib,
                checked.user,
                min(120, checked.request_seconds),
                logs,
                start,
                role,
                account,
                tags,
                pulumi.ResourceOptions(parent=self, depends_on=[*start_permissions, *role_permissions]),
            )
            for model in checked.models
        }
        if checked.guardrails is None:
            fleet.side_by_side(tasks)
        else:
            fleet.one_by_one(checked.guardrails, tasks)

        entrance = _entrance(name, checked, front, network, key, account, topic, tags, self)
        dashboard = traffic_dashboard(
            name, [*entrance.panels, *balancer_panels(front, fleet.groups), *service_panels(within, fleet.services)], logs.name, account, self
        )
        fixed = _fixed_cost(checked, network)
        budget = operations.monthly_budget_usd or _cost(checked, checked.scaling.maximum) + fixed
        monthly_budget(name, cluster_name, budget, topic, tags, self)

        confirmed = pulumi.Output.all(*(confirmed_task(each, tasks[version]) for version, each in zip(tasks, fleet.services, strict=True)))
        self.url = pulumi.Output.all(entrance.url, confirmed).apply(lambda it: str(it[0]))
        self.identity = role.arn
        self.model_version = pulumi.Output.from_input(served_version(checked.models, checked.rollout))
        self.logs = logs.name
        self.dashboard_url = dashboard_url(dashboard, account)
        self.monthly_cost = pulumi.Output.from_input(round(_cost(checked, checked.scaling.minimum) + fixed, 2))
        self.database_grant = database_grant(checked.database, database_user(name))
        self.dns_target = entrance.dns_target
        self.api_key = entrance.api_key
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
                "alarm_topic": self.alarm_topic,
            }
        )


@dataclass
class _Fleet:
    """Makes the services of all versions, and the rules that send requests to them."""

    name: str
    args: FargateServiceArgs
    network: Attachment
    front: Balancer
    within: aws.ecs.Cluster
    providers: aws.ecs.ClusterCapacityProviders
    group: aws.ec2.SecurityGroup
    topic: aws.sns.Topic
    tags: dict[str, str]
    parent: pulumi.Resource
    groups: list[aws.lb.TargetGroup] = field(default_factory=list["aws.lb.TargetGroup"])
    services: list[aws.ecs.Service] = field(default_factory=list["aws.ecs.Service"])

    def part(self, model: Model) -> str:
        """Name of a version's service and task definition."""
        return f"{self.name}-guarded" if self.args.guardrails else f"{self.name}-v{version_key(model.version)}"

    def side_by_side(self, tasks: Mapping[str, aws.ecs.TaskDefinition]) -> None:
        """A service for each version; requests are shared by weight.

        A service needs a rule that names its target group before it starts, and must run before it gets its share: so each version has a rule of its
        own, for requests that ask for it, and the rule that shares comes after all services.
        """
        weights: list[tuple[aws.lb.TargetGroup, int]] = []
        percent = shares(self.args.models, self.args.rollout)
        for model in self.args.models:
            part = self.part(model)
            targets = self._targets(part, model)
            asked = self._rule(f"{part}-asked", version_priority(model.version), [(targets, 1)], [], model.version)
            alarms = group_alarms(part, self.front, targets, self.args.operations, self.topic, self.tags, self.parent)
            made = self._service(part, model, tasks[model.version], targets, alarms, None, [asked])
            label = pulumi.Output.concat(self.front.resource.arn_suffix, "/", targets.arn_suffix)
            autoscale_service(part, self.within, made, label, self.args.scaling, self.args.targets, self.tags, self.parent)
            weights.append((targets, percent[model.version]))
        self._rule(f"{self.name}-shared", SHARED, weights, self.services)

    def one_by_one(self, guardrails: ContainerGuardrails, tasks: Mapping[str, aws.ecs.TaskDefinition]) -> None:
        """One service, whose versions ECS replaces by itself: it moves requests from one target group to the other, and back the next time."""
        (model,) = self.args.models
        part = self.part(model)
        pair = [self._targets(f"{part}-{side}", model) for side in ("a", "b")]
        shifted = self._rule(part, GUARDED, [(pair[0], 100), (pair[1], 0)], [], ignored=["actions"])
        role, permissions = canary_role(part, shifted, pair, self.front.listener, self.tags, self.parent)
        alarms = [
            alarm
            for side, targets in zip(("a", "b"), pair, strict=True)
            for alarm in group_alarms(f"{part}-{side}", self.front, targets, self.args.operations, self.topic, self.tags, self.parent)
        ]
        canary = Canary(guardrails, pair[1], shifted, role, permissions)
        made = self._service(part, model, tasks[model.version], pair[0], alarms, canary, [])
        autoscale_service(part, self.within, made, None, self.args.scaling, self.args.targets, self.tags, self.parent)

    def _targets(self, part: str, model: Model) -> aws.lb.TargetGroup:
        made = target_group(part, model.container, self.network, self.args.request_seconds, self.tags, self.parent)
        self.groups.append(made)
        return made

    def _rule(
        self,
        name: str,
        priority: int,
        targets: list[tuple[aws.lb.TargetGroup, int]],
        after: list[aws.ecs.Service],
        version: str | None = None,
        ignored: list[str] | None = None,
    ) -> aws.lb.ListenerRule:
        path = self.args.models[0].container.predict_path
        opts = pulumi.ResourceOptions(parent=self.parent, depends_on=after, ignore_changes=ignored)
        return rule(name, self.front, priority, path, self.args.access.tokens, self.args.balancer, targets, self.tags, opts, version)

    def _service(
        self,
        part: str,
        model: Model,
        task: aws.ecs.TaskDefinition,
        targets: aws.lb.TargetGroup,
        alarms: list[aws.cloudwatch.MetricAlarm],
        canary: Canary | None,
        before: list[pulumi.Resource],
    ) -> aws.ecs.Service:
        made = service(
            part,
            self.within,
            task,
            model.container.port,
            self.args.scaling.minimum,
            self.args.spot_percent,
            self.network.subnet_ids,
            self.group,
            targets,
            self.args.start_seconds,
            alarms,
            canary,
            self.tags,
            [self.providers, *self.network.ready, *before],
            self.parent,
        )
        service_alarms(part, self.within, made, self.args.operations, self.topic, self.tags, self.parent)
        self.services.append(made)
        return made


@dataclass(frozen=True)
class _Entrance:
    """What callers reach."""

    url: pulumi.Output[str]
    dns_target: pulumi.Output[str]
    api_key: pulumi.Output[str]
    panels: list[Panel]


def _entrance(
    name: str,
    args: FargateServiceArgs,
    front: Balancer,
    network: Attachment,
    key: pulumi.Output[str],
    account: Account,
    topic: aws.sns.Topic,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> _Entrance:
    """The load balancer itself, or the API in front of it, through a VPC link."""
    domain = args.access.domain
    assert domain is not None  # `problems` asks for it
    path = args.models[0].container.predict_path
    url = pulumi.Output.from_input(f"https://{domain.hostname}{path}")
    if not args.has_gateway:
        target = open_balancer(name, front, args.access, domain, args.network.callers, network, key, args.operations, tags, parent)
        return _Entrance(url, target.name, pulumi.Output.from_input(""), [])
    opts = pulumi.ResourceOptions(parent=parent)
    link_group = aws.ec2.SecurityGroup(
        f"{name}-link", description="The way of API Gateway to the load balancer", vpc_id=network.vpc_id, tags=tags, opts=opts
    )
    allow(f"{name}-link", "Requests of the API", link_group, front.group, 443, tags, parent)
    link = aws.apigatewayv2.VpcLink(name, subnet_ids=network.subnet_ids, security_group_ids=[link_group.id], tags=tags, opts=opts)
    # The name is the one on the load balancer's certificate; the balancer is named by its ARN.
    backend = Backend("HTTP_PROXY", url, args.request_seconds, link.id, front.resource.arn)
    rest = rest_api(name, args.access, path, backend, network.vpc_id, account, tags, parent)
    endpoint_id = network.api_endpoint_id if args.network.id is None else args.gateway.endpoint_id
    made = rest_gateway(name, rest, args.access, args.gateway, {}, None, endpoint_id, key, args.operations, account, tags, [front.listener], parent)
    gateway_alarms(name, made.name, args.operations, topic, tags, parent)
    return _Entrance(made.url, made.dns_target, made.key, gateway_panels(made.name))


def _services(args: FargateServiceArgs) -> list[str]:
    """What must be reached through the network, besides images and logs."""
    private_api = args.has_gateway and args.access.exposure is Exposure.PRIVATE
    return [*([APIS] if private_api else []), *([SECRETS] if args.secrets else [])]


def _cost(args: FargateServiceArgs, replicas: int) -> float:
    """US dollars a month of the containers: idle versions at their minimum, those that serve at `replicas`."""
    percent = shares(args.models, args.rollout)
    counts = [replicas if percent[model.version] else args.scaling.minimum for model in args.models]
    return monthly(fargate_size(args.compute).hourly_usd) * sum(counts)


def _fixed_cost(args: FargateServiceArgs, network: Attachment) -> float:
    key = KEY_MONTHLY_USD if args.encryption.key is None else 0
    return network.monthly_usd + key + monthly(BALANCER_HOURLY_USD) + firewall_cost(args.access)


def _model_problems(args: FargateServiceArgs) -> Iterator[Problem]:
    first = args.models[0].container if args.models else None
    for index, model in enumerate(args.models):
        container = model.container
        if first is not None and container.predict_path != first.predict_path:
            yield Problem(
                f"models[{index}].container.predict_path",
                f"'{container.predict_path}' differs from '{first.predict_path}'; versions share one address",
            )
        for variable in container.environment:
            if variable in ("MODEL_URI", "MODEL_VERSION") or (args.database is not None and variable.startswith("DATABASE_")):
                yield Problem(f"models[{index}].container.environment.{variable}", "is set by the component; leave it out")
    if len(args.models) > MOST_VERSIONS:
        yield Problem("models", f"{len(args.models)} versions are too many; a load balancer shares requests between {MOST_VERSIONS} at most")
    if args.guardrails is not None and len(args.models) > 1:
        yield Problem(
            "guardrails",
            f"excludes more than one version in models ({', '.join(model.version for model in args.models)}): ECS shifts from the version deployed "
            "to the one listed; list one, or leave guardrails out and share requests by rollout.traffic",
        )


def _limit_problems(args: FargateServiceArgs) -> Iterator[Problem]:
    if args.scaling.minimum < 1:
        yield Problem("scaling.minimum", "0 is not allowed: Fargate does not wake on a request; use 1 or more, or LambdaFunction")
    limits = (("spot_percent", 0, 100), ("start_seconds", 0, 3600), ("scratch_mib", 64, 65536))
    for name, low, high in limits:
        value: int = getattr(args, name)
        if not low <= value <= high:
            yield Problem(name, f"{value} is not allowed; use {low} to {high}")
    memory = fargate_size(args.compute).memory_mib
    if args.scratch_mib >= memory:
        yield Problem("scratch_mib", f"{args.scratch_mib} is as much as the container has ({memory} MiB); use less, or more compute.memory_mib")
    parts = args.user.split(":")
    if not (1 <= len(parts) <= 2 and all(part.isdecimal() and int(part) > 0 for part in parts)):
        yield Problem("user", f"'{args.user}' is not allowed; write numbers of a user and group that are not root, such as 1000:1000")
    if args.guardrails is not None and args.targets.requests_per_minute is not None:
        yield Problem("targets.requests_per_minute", "excludes guardrails: the service has two target groups, of which the metric takes one")


def _entrance_problems(args: FargateServiceArgs) -> Iterator[Problem]:
    given = args.network.id is not None
    if args.access.domain is None:
        yield Problem("access.domain", "is required: the load balancer needs a certificate for TLS, also behind an API; name one, or its zone")
    yield from domain_problems(args.access.domain)
    if args.has_gateway:
        yield from network_problems(args.network)
    path = args.models[0].container.predict_path if args.models else "/"
    yield from gateway_problems(args.access, path, given, not args.has_gateway, args.gateway)
    if args.has_gateway and args.gateway.cache is not None:
        yield Problem("gateway.cache", "excludes containers: their answers are streamed, which API Gateway does not keep; use LambdaFunction")
    yield from balancer_problems(args.access, given, not args.has_gateway, args.balancer)
