"""A model behind a SageMaker real-time endpoint."""

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.arguments import parse
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.names import check_name
from modeldeploy.spec.rollout import served_version
from modeldeploy.spec.tags import standard_tags

from .account import current_account, physical_name
from .alarms import EndpointAlarms, alarm_topic, endpoint_alarms
from .asynchronous import PREFIX as REQUESTS_AND_ANSWERS
from .asynchronous import REQUESTS, asynchronous_config, autoscale_by_backlog, let_fetch_requests, let_send_requests
from .budget import NAME_TAG, monthly_budget
from .dashboard import dashboard_url, endpoint_dashboard
from .endpoint_arguments import Guardrails, SageMakerEndpointArgs
from .explainability import Explained
from .identity import database_grant, database_user, execution_role, invoker_role
from .instances import KEY_MONTHLY_USD, monthly
from .keys import key_arn
from .model_store import CAPTURE_PREFIX, ModelStore, model_store
from .monitors import monitor_endpoint, monitoring_services
from .network import attach
from .sagemaker_model import sagemaker_model
from .scaling import autoscale, shape
from .security_groups import Place, model_group
from .served import confirmed_configuration
from .serverless_inference import autoscale_provisioned, serverless_config
from .variants import Variant, variants

LONGEST_NAME = 32
"""A SageMaker model's name, 63 characters at most, is made of the component's, a version and what auto-naming adds."""


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
    of a network that was made for it. Not counted: requests' traffic, logs, metrics, storage, the machines of monitors, what `serverless` costs."""
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
        operations, environment = checked.operations, checked.environment
        machine = checked.machine if checked.serverless is None else None
        placed = variants(checked.answering, checked.rollout)

        key = key_arn(name, checked.encryption, environment, account, tags, self)
        services = [] if checked.monitors is None else monitoring_services(checked.monitors)
        # Callers or containers are in a network; with neither there is none.
        network = None
        if checked.inside or checked.private:
            network = attach(name, checked.network, key, operations.log_retention_days, environment, checked.tags | named, self, services)
        place = None
        if network is not None and checked.inside:
            place = Place(network, model_group(name, network, checked.database is not None, account, tags, self))
        waiting = checked.asynchronous
        passing = None if waiting is None else (REQUESTS_AND_ANSWERS, waiting.days)
        store = model_store(name, checked.models, key, environment, operations.log_retention_days, account.partition, tags, self, passing)
        log_group = _log_group(name, endpoint_name, operations.log_retention_days, key, tags, self)
        topic = alarm_topic(name, operations.emails, key, account, tags, self)
        alarms = endpoint_alarms(name, endpoint_name, placed, operations, machine, topic, tags, self, waiting is not None)

        role, permissions = execution_role(
            name,
            checked.models,
            store,
            key,
            [log_group.arn],
            [alarm.arn for alarm in alarms.all],
            place,
            checked.database,
            operations.capture_percent > 0,
            account,
            tags,
            self,
        )
        if waiting is not None:
            permissions.append(let_fetch_requests(name, role, store.bucket, topic, self))
        models = {
            model.version: sagemaker_model(name, model, store, role, permissions, place, checked.database, tags, self) for model in checked.models
        }

        fleet = shape(name, placed, f"serverless {checked.serverless.memory_mib}" if checked.serverless else checked.machine.name, self)
        configuration = _configuration(name, checked, placed, models, store, key, topic, tags, self)
        endpoint = _endpoint(name, endpoint_name, checked, configuration, alarms, tags, [log_group, fleet], self)
        if waiting is not None:
            autoscale_by_backlog(name, endpoint, fleet, checked.scaling, waiting, tags, self)
        elif checked.serverless is not None:
            autoscale_provisioned(name, endpoint, fleet, checked.serverless, tags, self)
        else:
            autoscale(name, endpoint, fleet, placed, checked.scaling, checked.invocations_per_instance, checked.machine, tags, self)

        inside = network.vpc_id if network is not None and checked.private else None
        invoker = invoker_role(name, checked.access.callers, [endpoint.arn], inside, tags, self)
        if waiting is not None and invoker is not None:
            let_send_requests(name, invoker, endpoint.arn, store.bucket, key, inside, self)
        watched, group_name = [*placed, *checked.shadowed], f"/aws/sagemaker/Endpoints/{endpoint_name}"
        dashboard = endpoint_dashboard(name, endpoint_name, watched, group_name, account, self, machine is None)
        fixed = (network.monthly_usd if network else 0) + (KEY_MONTHLY_USD if checked.encryption.key is None else 0)
        monthly_budget(name, endpoint_name, operations.monthly_budget_usd or _cost(checked, checked.most) + fixed, topic, tags, self)

        confirmed = confirmed_configuration(endpoint, configuration.name, self)
        if checked.monitors is not None and place is not None:
            explained = Explained(models[served_version(checked.answering, checked.rollout)], checked.machine.name)
            serving = pulumi.Output.all(endpoint.name, endpoint.arn).apply(lambda it: str(it[0]))
            monitor_endpoint(name, checked.monitors, serving, store.bucket, key, place, explained, topic, account, tags, self)
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
                instance_type=None if args.serverless else args.machine.name,
                initial_instance_count=None if args.serverless else args.first_instances if variant.serves else args.scaling.minimum,
                initial_variant_weight=float(variant.percent),
                serverless_config=None if args.serverless is None else serverless_config(args.serverless),
                routing_configs=None if args.serverless else [least],
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
        # Local NVMe disks are encrypted by their hardware, and SageMaker refuses a key for them. Without machines there are no disks.
        kms_key_arn=None if args.serverless or args.machine.local_disk else key,
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
    if args.serverless is not None:
        return 0
    counts = [replicas if variant.serves else args.scaling.minimum for variant in variants(args.answering, args.rollout)]
    return monthly(args.machine.hourly_usd) * (sum(counts) + args.scaling.minimum * len(args.shadowed))
