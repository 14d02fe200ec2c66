"""A model behind a SageMaker real-time endpoint."""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.access import Exposure
from modeldeploy.spec.arguments import Problem, parse, unknown_name
from modeldeploy.spec.compute import InstanceType, choice_problems, choose
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.managed_endpoint import ManagedEndpointArgs
from modeldeploy.spec.model import Model, remote_problems
from modeldeploy.spec.names import check_name
from modeldeploy.spec.rollout import Shadow, served_version
from modeldeploy.spec.tags import standard_tags

from .account import current_account, physical_name
from .alarms import EndpointAlarms, alarm_topic, endpoint_alarms
from .asynchronous import PREFIX as REQUESTS_AND_ANSWERS
from .asynchronous import REQUESTS, Asynchronous, asynchronous_config, autoscale_by_backlog, let_fetch_requests, let_send_requests
from .budget import NAME_TAG, monthly_budget
from .dashboard import dashboard_url, endpoint_dashboard
from .given import caller_problems, key_problems, network_problems
from .identity import database_grant, database_user, execution_role, invoker_role
from .instances import INSTANCES, KEY_MONTHLY_USD, SERVICE, monthly
from .keys import key_arn
from .model_store import CAPTURE_PREFIX, ModelStore, model_store
from .monitors import METRICS, Monitors, monitor_endpoint
from .network import attach
from .sagemaker_model import sagemaker_model, sagemaker_model_problems
from .scaling import autoscale, shape
from .security_groups import model_group
from .served import confirmed_configuration
from .variants import MOST, SHADOW, Variant, variants

LONGEST_NAME = 32
"""A SageMaker model's name, 63 characters at most, is made of the component's, a version and what auto-naming adds."""


@dataclass(frozen=True, kw_only=True)
class Guardrails:
    """SageMaker's own canary: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green-canary.html."""

    canary_percent: int = 10
    """Share of the new instances that get requests first, 1 to 50 percent. With one instance there is no canary: all requests move at once, and the
    old instance stays until the watch is over."""
    bake_minutes: int = 15
    """How long the alarms are watched, after the canary and again after the rest, 0 to 20 minutes. An alarm needs ten minutes of bad data; the
    provider waits an hour for both watches and the new instances."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not 1 <= self.canary_percent <= 50:
            yield Problem("canary_percent", f"{self.canary_percent} is not allowed; use 1 to 50")
        if not 0 <= self.bake_minutes <= 20:
            yield Problem("bake_minutes", f"{self.bake_minutes} is not allowed; use 0 to 20")


@dataclass(frozen=True, kw_only=True)
class SageMakerEndpointArgs(ManagedEndpointArgs):
    """Arguments of `SageMakerEndpoint`: the shared ones, and what SageMaker alone has."""

    guardrails: Guardrails | None = None
    """Let SageMaker replace one version by the next: canary, watch the alarms, go on or roll back. Then `models` holds one version at a time,
    because SageMaker needs the same variants before and after. Omitted: `rollout.traffic` says how requests are shared, and each update moves to
    new instances as soon as they are healthy. Switching between the two makes a new endpoint under another name first, then deletes the old one."""
    shadow: Shadow | None = None
    """A version that is tried with copies of the requests before any caller gets its answers, on `scaling.minimum` instances. Then one other version
    is in `models`, which answers. Excludes `guardrails`. Default: none."""
    asynchronous: Asynchronous | None = None
    """Let requests wait: callers bring them to the folder in output `requests` and call `InvokeEndpointAsync`; answers come as files. Then `models`
    holds one version at a time, because such a call names no variant. Excludes `shadow`, `guardrails`, whose alarms watch answers that somebody waits
    for, and `operations.capture_percent`, because requests and answers are kept anyway. Switching makes a new endpoint under another name first, then
    deletes the old one. Default: callers wait."""
    monitors: Monitors | None = None
    """Monitors that compare what the endpoint is asked and answers with a baseline, and raise alarms. They need `operations.capture_percent`, and a
    network that is given needs an endpoint for `monitoring` (CloudWatch). Default: none."""
    invocations_per_instance: int = 70
    """Requests a minute and instance that the autoscaler aims at, 1 to 100000, besides the CPU use in `scaling`. Set it from a load test."""
    release_instances: int | None = None
    """Instances of a serving version when an update starts, `scaling.minimum` to `scaling.maximum`. Every update gets new instances, as many as
    this; the autoscaler takes over from there. (SageMaker can keep the number it had; the provider cannot ask for that:
    https://github.com/hashicorp/terraform-provider-aws/issues/48990.) Omitted: `scaling.minimum`. Set it to what the traffic needs at the hour of a
    release."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        yield from choice_problems(self.compute, INSTANCES, SERVICE)
        yield from remote_problems(self.models, ("s3",), "SageMaker")
        for index, model in enumerate(self.models):
            yield from (problem.under(f"models[{index}]") for problem in sagemaker_model_problems(model, self.database))
        yield from caller_problems(self.access.callers)
        yield from network_problems(self.network)
        yield from key_problems(self.encryption)
        yield from _release_problems(self)

    @property
    def answering(self) -> list[Model]:
        """The versions whose answers callers get."""
        return [model for model in self.models if self.shadow is None or model.version != self.shadow.version]

    @property
    def shadowed(self) -> list[Variant]:
        """The version that gets copies, in its place."""
        return [Variant(SHADOW, model, 0) for model in self.models if model not in self.answering]

    @property
    def machine(self) -> InstanceType:
        """The instance type."""
        return choose(self.compute, INSTANCES)

    @property
    def suffix(self) -> str:
        """What tells this endpoint from one that releases or answers in another way."""
        return "-guarded" if self.guardrails is not None else "-async" if self.asynchronous is not None else ""

    @property
    def least(self) -> int:
        """Instances of a serving version when nobody asks."""
        return 0 if self.asynchronous is not None and self.asynchronous.to_zero else self.scaling.minimum

    @property
    def first_instances(self) -> int:
        """Instances of a serving version when an update starts."""
        return self.scaling.minimum if self.release_instances is None else self.release_instances


class SageMakerEndpoint(pulumi.ComponentResource):
    """Versions of a model as production variants of one SageMaker endpoint: https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints.html.

    With it come the network (unless one is given), key, model bucket, roles, autoscaling, logs, alarms, dashboard and budget.
    """

    url: pulumi.Output[str]
    """Where to POST predictions, signed with Signature Version 4 (service `sagemaker`) as the role in `invoker`. From a private network only, when
    access is private: through the VPC endpoint for sagemaker.runtime."""
    identity: pulumi.Output[str]
    """ARN of the role the container acts with: what other resources' policies name to let the model in."""
    model_version: pulumi.Output[str]
    """The version that answers most requests."""
    logs: pulumi.Output[str]
    """CloudWatch log group of the containers."""
    dashboard_url: pulumi.Output[str]
    """CloudWatch dashboard."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month at minimum scale, by the list prices in `instances.py`: instances of every version, the key, and the interface endpoints
    of a network that was made for it. Not counted: requests' traffic, logs, metrics, storage, the machines of monitors."""
    database_grant: pulumi.Output[str]
    """The SQL statement an administrator of the database runs once, so that the model may log in and read. Empty without a database."""
    invoker: pulumi.Output[str]
    """ARN of the role that `access.callers` assume to call the endpoint. Empty without callers."""
    endpoint_name: pulumi.Output[str]
    """Name of the endpoint, as AWS's SDKs want it."""
    requests: pulumi.Output[str]
    """URI of the folder that asynchronous requests are brought to. Empty without `asynchronous`."""
    alarm_topic: pulumi.Output[str]
    """ARN of the SNS topic that carries alarms and budget alerts: subscribe chat or paging to it."""

    def __init__(self, name: str, args: SageMakerEndpointArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(SageMakerEndpointArgs, args, f"SageMakerEndpoint '{name}'")
        check_name(f"SageMakerEndpoint '{name}'", name, LONGEST_NAME)
        super().__init__("modeldeploy:index:SageMakerEndpoint", name, as_inputs(checked), opts)
        account = current_account(self)
        # Fixed: the log group and the alarms are there before the endpoint and name it. What cannot be changed into another is another endpoint.
        endpoint_name = physical_name(f"{name}{checked.suffix}", 63)
        named = {NAME_TAG: endpoint_name}
        tags = standard_tags(checked.tags, checked.environment) | named
        operations, environment, machine = checked.operations, checked.environment, checked.machine
        placed = variants(checked.answering, checked.rollout)

        key = key_arn(name, checked.encryption, environment, account, tags, self)
        services = [] if checked.monitors is None else [METRICS]
        network = attach(name, checked.network, key, operations.log_retention_days, environment, checked.tags | named, self, services)
        waiting = checked.asynchronous
        passing = None if waiting is None else (REQUESTS_AND_ANSWERS, waiting.days)
        store = model_store(name, checked.models, key, environment, operations.log_retention_days, account.partition, tags, self, passing)
        log_group = _log_group(name, endpoint_name, operations.log_retention_days, key, tags, self)
        topic = alarm_topic(name, operations.emails, key, account, tags, self)
        alarms = endpoint_alarms(name, endpoint_name, placed, operations, machine, topic, tags, self, waiting is not None)

        group = model_group(name, network, checked.database is not None, account, tags, self)
        role, permissions = execution_role(
            name,
            checked.models,
            store,
            key,
            log_group.arn,
            [alarm.arn for alarm in alarms.all],
            network,
            group,
            checked.database,
            operations.capture_percent > 0,
            account,
            tags,
            self,
        )
        if waiting is not None:
            permissions.append(let_fetch_requests(name, role, store.bucket, topic, self))
        models = {
            model.version: sagemaker_model(name, model, store, role, permissions, group, network, checked.database, tags, self)
            for model in checked.models
        }

        fleet = shape(name, placed, machine, self)
        configuration = _configuration(name, checked, placed, models, store, key, topic, tags, self)
        endpoint = _endpoint(name, endpoint_name, checked, configuration, alarms, tags, [log_group, fleet], self)
        if waiting is not None:
            autoscale_by_backlog(name, endpoint, fleet, checked.scaling, waiting, tags, self)
        else:
            autoscale(name, endpoint, fleet, placed, checked.scaling, checked.invocations_per_instance, machine, tags, self)

        private = checked.access.exposure is Exposure.PRIVATE
        inside = network.vpc_id if private else None
        invoker = invoker_role(name, checked.access.callers, endpoint.arn, inside, tags, self)
        if waiting is not None and invoker is not None:
            let_send_requests(name, invoker, endpoint.arn, store.bucket, key, inside, self)
        dashboard = endpoint_dashboard(name, endpoint_name, [*placed, *checked.shadowed], f"/aws/sagemaker/Endpoints/{endpoint_name}", account, self)
        fixed = network.monthly_usd + (KEY_MONTHLY_USD if checked.encryption.key is None else 0)
        monthly_budget(name, endpoint_name, operations.monthly_budget_usd or _cost(checked, checked.scaling.maximum) + fixed, topic, tags, self)

        confirmed = confirmed_configuration(endpoint, configuration, self)
        if checked.monitors is not None:
            serving = pulumi.Output.all(endpoint.name, endpoint.arn).apply(lambda it: str(it[0]))
            monitor_endpoint(name, checked.monitors, serving, store.bucket, key, network, group, topic, account, tags, self)
        self.url = pulumi.Output.all(account.region, endpoint.name, confirmed).apply(
            lambda it: f"https://runtime.sagemaker.{it[0]}.amazonaws.com/endpoints/{it[1]}/{'async-' if waiting else ''}invocations"
        )
        self.identity = role.arn
        self.model_version = pulumi.Output.from_input(served_version(checked.answering, checked.rollout))
        self.logs = log_group.name
        self.dashboard_url = dashboard_url(dashboard, account)
        self.monthly_cost = pulumi.Output.from_input(round(_cost(checked, checked.least) + fixed, 2))
        self.database_grant = database_grant(checked.database, database_user(name))
        self.invoker = pulumi.Output.from_input("") if invoker is None else invoker.arn
        self.endpoint_name = endpoint.name
        folder = pulumi.Output.concat("s3://", store.bucket.id, "/", REQUESTS)
        self.requests = pulumi.Output.from_input("") if waiting is None else folder
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
                "invoker": self.invoker,
                "endpoint_name": self.endpoint_name,
                "requests": self.requests,
                "alarm_topic": self.alarm_topic,
            }
        )


def _log_group(
    name: str, endpoint_name: str, retention_days: int, key: pulumi.Input[str], tags: dict[str, str], parent: pulumi.Resource
) -> aws.cloudwatch.LogGroup:
    """The group SageMaker writes to; it would make one without key and end of retention where none is."""
    return aws.cloudwatch.LogGroup(
        f"{name}-logs",
        name=f"/aws/sagemaker/Endpoints/{endpoint_name}",
        retention_in_days=retention_days,
        kms_key_id=key,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _configuration(
    name: str,
    args: SageMakerEndpointArgs,
    placed: list[Variant],
    models: dict[str, aws.sagemaker.Model],
    store: ModelStore,
    key: pulumi.Output[str],
    topic: aws.sns.Topic,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> aws.sagemaker.EndpointConfiguration:
    """Immutable: a change makes a new one, to which the endpoint is updated, and deletes the old one last."""
    captured = args.operations.capture_percent
    capture = aws.sagemaker.EndpointConfigurationDataCaptureConfigArgs(
        enable_capture=True,
        initial_sampling_percentage=captured,
        destination_s3_uri=pulumi.Output.concat("s3://", store.bucket.id, "/", CAPTURE_PREFIX),
        kms_key_id=key,
        capture_options=[
            aws.sagemaker.EndpointConfigurationDataCaptureConfigCaptureOptionArgs(capture_mode="Input"),
            aws.sagemaker.EndpointConfigurationDataCaptureConfigCaptureOptionArgs(capture_mode="Output"),
        ],
    )
    least = aws.sagemaker.EndpointConfigurationProductionVariantRoutingConfigArgs(routing_strategy="LEAST_OUTSTANDING_REQUESTS")
    shadow = aws.sagemaker.EndpointConfigurationShadowProductionVariantArgs
    return aws.sagemaker.EndpointConfiguration(
        f"{name}-config",
        production_variants=[
            aws.sagemaker.EndpointConfigurationProductionVariantArgs(
                variant_name=variant.name,
                model_name=models[variant.model.version].name,
                instance_type=args.machine.name,
                initial_instance_count=args.first_instances if variant.serves else args.scaling.minimum,
                initial_variant_weight=float(variant.percent),
                routing_configs=[least],
            )
            for variant in placed
        ],
        # Its weight beside the other's 100 is the share that is copied.
        shadow_production_variants=[
            shadow(
                variant_name=variant.name,
                model_name=models[variant.model.version].name,
                instance_type=args.machine.name,
                initial_instance_count=args.scaling.minimum,
                initial_variant_weight=float(args.shadow.percent),
            )
            for variant in args.shadowed
            if args.shadow is not None
        ]
        or None,
        # Local NVMe disks are encrypted by their hardware, and SageMaker refuses a key for them.
        kms_key_arn=None if args.machine.local_disk else key,
        data_capture_config=capture if captured else None,
        async_inference_config=None if args.asynchronous is None else asynchronous_config(args.asynchronous, store.bucket.id, key, topic),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _endpoint(
    name: str,
    endpoint_name: str,
    args: SageMakerEndpointArgs,
    configuration: aws.sagemaker.EndpointConfiguration,
    alarms: EndpointAlarms,
    tags: dict[str, str],
    before: list[pulumi.Resource],
    parent: pulumi.Resource,
) -> aws.sagemaker.Endpoint:
    return aws.sagemaker.Endpoint(
        name,
        name=endpoint_name,
        endpoint_config_name=configuration.name,
        deployment_config=None if args.guardrails is None else _guarded(args.guardrails, args.first_instances, alarms),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=before),
    )


def _guarded(guardrails: Guardrails, instances: int, alarms: EndpointAlarms) -> aws.sagemaker.EndpointDeploymentConfigArgs:
    """Constant over the endpoint's life: the provider replaces an endpoint to which rollback alarms are added or from which they are taken away."""
    seconds = guardrails.bake_minutes * 60
    routing = aws.sagemaker.EndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationArgs
    canary = aws.sagemaker.EndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationCanarySizeArgs
    return aws.sagemaker.EndpointDeploymentConfigArgs(
        blue_green_update_policy=aws.sagemaker.EndpointDeploymentConfigBlueGreenUpdatePolicyArgs(
            traffic_routing_configuration=routing(type="ALL_AT_ONCE", wait_interval_in_seconds=seconds)
            if instances < 2
            else routing(
                type="CANARY",
                wait_interval_in_seconds=seconds,
                canary_size=canary(type="CAPACITY_PERCENT", value=guardrails.canary_percent),
            ),
            termination_wait_in_seconds=seconds,
            # More than both watches; half an hour for the new instances.
            maximum_execution_timeout_in_seconds=2 * seconds + 1800,
        ),
        auto_rollback_configuration=aws.sagemaker.EndpointDeploymentConfigAutoRollbackConfigurationArgs(
            alarms=[aws.sagemaker.EndpointDeploymentConfigAutoRollbackConfigurationAlarmArgs(alarm_name=alarm.name) for alarm in alarms.guards]
        ),
    )


def _cost(args: SageMakerEndpointArgs, replicas: int) -> float:
    """US dollars a month of the instances: idle versions at their minimum, those that serve at `replicas`."""
    counts = [replicas if variant.serves else args.scaling.minimum for variant in variants(args.answering, args.rollout)]
    return monthly(args.machine.hourly_usd) * (sum(counts) + args.scaling.minimum * len(args.shadowed))


def _release_problems(args: SageMakerEndpointArgs) -> Iterator[Problem]:
    if len(args.models) > MOST:
        yield Problem("models", f"{len(args.models)} versions are too many; an endpoint has {MOST} variants at most")
    if args.guardrails is not None and len(args.answering) > 1:
        yield Problem(
            "guardrails",
            f"excludes more than one version in models ({', '.join(model.version for model in args.models)}): SageMaker shifts from the version "
            "deployed to the one listed; list one, or leave guardrails out and share requests by rollout.traffic",
        )
    yield from _shadow_problems(args)
    yield from _asynchronous_problems(args)
    if args.monitors is not None and not args.operations.capture_percent:
        yield Problem("monitors", "needs operations.capture_percent: monitors read the requests that are captured")
    if not 1 <= args.invocations_per_instance <= 100_000:
        yield Problem("invocations_per_instance", f"{args.invocations_per_instance} is not allowed; use 1 to 100000")
    if args.release_instances is not None and not args.scaling.minimum <= args.release_instances <= args.scaling.maximum:
        allowed = f"use scaling.minimum {args.scaling.minimum} to scaling.maximum {args.scaling.maximum}"
        yield Problem("release_instances", f"{args.release_instances} is not allowed; {allowed}")


def _shadow_problems(args: SageMakerEndpointArgs) -> Iterator[Problem]:
    if args.shadow is None:
        return
    version, versions = args.shadow.version, [model.version for model in args.models]
    if version not in versions:
        yield Problem("shadow.version", unknown_name(version, versions))
    elif len(args.answering) != 1:
        yield Problem("shadow", f"needs one version in models that answers, beside '{version}'; there are {len(args.answering)}")
    if args.rollout.traffic.get(version):
        yield Problem(f"rollout.traffic.{version}", "excludes shadow: the version gets copies of requests and none of its own; give one of the two")
    if args.guardrails is not None:
        yield Problem("guardrails", "excludes shadow: SageMaker needs the same variants before and after a guarded update; give one of the two")


def _asynchronous_problems(args: SageMakerEndpointArgs) -> Iterator[Problem]:
    if args.asynchronous is None:
        return
    if len(args.models) > 1:
        versions = ", ".join(model.version for model in args.models)
        yield Problem("asynchronous", f"excludes more than one version in models ({versions}): an asynchronous call names no variant; list one")
    if args.guardrails is not None:
        yield Problem("guardrails", "excludes asynchronous: its alarms watch answers that somebody waits for; give one of the two")
    if args.operations.capture_percent:
        yield Problem("operations.capture_percent", "excludes asynchronous: requests and answers are kept in the model bucket; leave it out")
