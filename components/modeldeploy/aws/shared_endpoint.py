"""Several models behind one SageMaker endpoint, on the same machines, of which the last may go when nobody asks."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.access import Access, Exposure
from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.compute import Compute, InstanceType, choice_problems, choose
from modeldeploy.spec.database import DatabaseConnection
from modeldeploy.spec.encryption import Encryption
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.model import remote_problems
from modeldeploy.spec.names import check_name, fit
from modeldeploy.spec.network import Network
from modeldeploy.spec.operations import Environment, Operations
from modeldeploy.spec.scaling import ReplicaScaling
from modeldeploy.spec.tags import standard_tags, tag_problems

from .account import current_account, physical_name
from .alarms import INSTANCES as MACHINES
from .alarms import INVOCATIONS, Watch, alarm_topic
from .budget import NAME_TAG, monthly_budget
from .dashboard import Panel, dashboard_url, traffic_dashboard
from .given import caller_problems, capture_problems, key_problems, network_problems
from .identity import database_grant, database_user, execution_role, invoker_role
from .inference_components import HostedModel, autoscale_copies, component_name, inference_component
from .instances import INSTANCES, KEY_MONTHLY_USD, SERVICE, monthly
from .keys import key_arn
from .logs import log_group
from .model_store import ModelStore, model_store, put
from .network import attach
from .sagemaker_model import sagemaker_model, sagemaker_model_problems
from .security_groups import Place, model_group
from .served import confirmed_configuration
from .variants import PRODUCTION

LONGEST_NAME = 32
"""As for `SageMakerEndpoint`."""
CONFIGURATION = "AWS::SageMaker::EndpointConfig"


@dataclass(frozen=True, kw_only=True)
class SageMakerSharedEndpointArgs:
    """Arguments of `SageMakerSharedEndpoint`."""

    models: list[HostedModel]
    """The models, each under its name."""
    compute: Compute = Compute()
    """The machines that the models share. Default: 2 CPUs and 8 GiB."""
    instances: ReplicaScaling = ReplicaScaling()
    """Machines; SageMaker makes them more when copies find no room, and fewer when they are empty. Default: 2 to 10. 0 at least: the last one goes
    with the last copy, which needs `copies.minimum` 0 of every model."""
    network: Network = Network()
    """The private network. Default: one is made."""
    access: Access = Access()
    """Who may call. Default: private, nobody listed."""
    encryption: Encryption = Encryption()
    """The customer-managed key. Default: one is made."""
    database: DatabaseConnection | None = None
    """A database the models read. Default: none."""
    operations: Operations = Operations()
    """Logs, alarms, budget."""
    environment: Environment = Environment.PRODUCTION
    """What the deployment is for. Default: production, the stricter."""
    tags: dict[str, str] = field(default_factory=dict[str, str])
    """Tags for everything that takes them, besides `environment` and `managed-by`, which are always set."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from choice_problems(self.compute, INSTANCES, SERVICE)
        yield from _model_problems(self)
        yield from _room_problems(self)
        yield from caller_problems(self.access.callers)
        yield from network_problems(self.network)
        yield from key_problems(self.encryption)
        yield from capture_problems(self.operations, "an endpoint that models share")
        yield from tag_problems(self.tags)

    @property
    def machine(self) -> InstanceType:
        """The instance type."""
        return choose(self.compute, INSTANCES)


class SageMakerSharedEndpoint(pulumi.ComponentResource):
    """Models as inference components of one endpoint: each with its own needs, copies, logs and alarms, on machines that they share.

    A caller names the endpoint and the component (`InferenceComponentName`). There is no traffic between versions of a model, as `SageMakerEndpoint`
    has it: a new version takes the place of the old one, in new copies first. The models share one identity.
    """

    url: pulumi.Output[str]
    """Where to POST predictions, with the component's name in the header `X-Amzn-SageMaker-Inference-Component`, signed as for
    `SageMakerEndpoint`."""
    endpoint_name: pulumi.Output[str]
    """Name of the endpoint, as AWS's SDKs want it."""
    components: pulumi.Output[dict[str, str]]
    """What to name as `InferenceComponentName`, by model."""
    model_versions: pulumi.Output[dict[str, str]]
    """The version that answers, by model."""
    identity: pulumi.Output[str]
    """ARN of the role the containers act with: what other resources' policies name to let the models in."""
    logs: pulumi.Output[dict[str, str]]
    """CloudWatch log group of the containers, by model."""
    dashboard_url: pulumi.Output[str]
    """CloudWatch dashboard."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month at `instances.minimum`, by the list prices in `instances.py`: machines, the key, and the interface endpoints of a network
    that was made for it. Not counted: requests' traffic, logs, metrics, storage."""
    database_grant: pulumi.Output[str]
    """The SQL statement an administrator of the database runs once, so that the models may log in and read. Empty without a database."""
    invoker: pulumi.Output[str]
    """ARN of the role that `access.callers` assume to call the models. Empty without callers."""
    alarm_topic: pulumi.Output[str]
    """ARN of the SNS topic that carries alarms and budget alerts: subscribe chat or paging to it."""

    def __init__(self, name: str, args: SageMakerSharedEndpointArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(SageMakerSharedEndpointArgs, args, f"SageMakerSharedEndpoint '{name}'")
        check_name(f"SageMakerSharedEndpoint '{name}'", name, LONGEST_NAME)
        super().__init__("modeldeploy:index:SageMakerSharedEndpoint", name, as_inputs(checked), opts)
        account = current_account(self)
        # Fixed: alarms are there before the endpoint and name it.
        endpoint_name = physical_name(f"{name}-shared", 63)
        named = {NAME_TAG: endpoint_name}
        tags = standard_tags(checked.tags, checked.environment) | named
        operations, environment = checked.operations, checked.environment
        private = checked.access.exposure is Exposure.PRIVATE
        names = {hosted.model.name: component_name(name, hosted) for hosted in checked.models}

        key = key_arn(name, checked.encryption, environment, account, tags, self)
        network = attach(name, checked.network, key, operations.log_retention_days, environment, checked.tags | named, self)
        place = Place(network, model_group(name, network, checked.database is not None, account, tags, self))
        store = model_store(name, [], key, environment, None, account.partition, tags, self)
        artifacts = {
            hosted.model.name: put(
                f"{name}-{hosted.model.name}", hosted.model, store, key, environment is Environment.PRODUCTION, account.partition, tags, self
            )
            for hosted in checked.models
        }
        # Where components write; SageMaker would make groups without key and end of retention.
        logs = {
            model: log_group(f"{name}-{model}", operations, key, tags, self, f"/aws/sagemaker/InferenceComponents/{told}")
            for model, told in names.items()
        }
        topic = alarm_topic(name, operations.emails, key, account, tags, self)
        _alarms(name, endpoint_name, names, operations, checked.machine, topic, tags, self)

        readable = ModelStore(store.bucket, {}, [arn for _, arn in artifacts.values()], store.ready)
        role, permissions = execution_role(
            name,
            [hosted.model for hosted in checked.models],
            readable,
            key,
            [group.arn for group in logs.values()],
            [],
            place,
            checked.database,
            False,
            account,
            tags,
            self,
        )
        configuration = _configuration(name, endpoint_name, checked, role, place, key, tags, permissions, self)
        endpoint = aws.sagemaker.Endpoint(
            name, name=endpoint_name, endpoint_config_name=configuration, tags=tags, opts=pulumi.ResourceOptions(parent=self)
        )
        components: list[pulumi.Output[str]] = []
        for hosted in checked.models:
            model = hosted.model
            own = ModelStore(store.bucket, {model.version: artifacts[model.name][0]}, [], store.ready)
            short = fit(f"{name}-{model.name}", LONGEST_NAME)
            served = sagemaker_model(short, model, own, role, permissions, place, checked.database, tags, self, name)
            component = inference_component(name, hosted, endpoint, served, tags, [logs[model.name]], self)
            autoscale_copies(name, hosted, component, tags, self)
            components.append(component.id)

        invoker = invoker_role(name, checked.access.callers, [endpoint.arn, *components], network.vpc_id if private else None, tags, self)
        groups = pulumi.Output.all(*(group.name for group in logs.values())).apply(lambda it: [str(each) for each in it])
        dashboard = traffic_dashboard(name, _panels(endpoint_name, names), groups, account, self)
        fixed = network.monthly_usd + (KEY_MONTHLY_USD if checked.encryption.key is None else 0)
        hourly = monthly(checked.machine.hourly_usd)
        monthly_budget(name, endpoint_name, operations.monthly_budget_usd or hourly * checked.instances.maximum + fixed, topic, tags, self)

        confirmed = confirmed_configuration(endpoint, configuration, self)
        self.url = pulumi.Output.all(account.region, endpoint.name, confirmed).apply(
            lambda it: f"https://runtime.sagemaker.{it[0]}.amazonaws.com/endpoints/{it[1]}/invocations"
        )
        self.endpoint_name = endpoint.name
        self.components = pulumi.Output.all(*components).apply(lambda _: names)
        self.model_versions = pulumi.Output.from_input({hosted.model.name: hosted.model.version for hosted in checked.models})
        self.identity = role.arn
        self.logs = pulumi.Output.all(**{model: group.name for model, group in logs.items()})
        self.dashboard_url = dashboard_url(dashboard, account)
        self.monthly_cost = pulumi.Output.from_input(round(hourly * checked.instances.minimum + fixed, 2))
        self.database_grant = database_grant(checked.database, database_user(name))
        self.invoker = pulumi.Output.from_input("") if invoker is None else invoker.arn
        self.alarm_topic = topic.arn
        self.register_outputs(
            {
                "url": self.url,
                "endpoint_name": self.endpoint_name,
                "components": self.components,
                "model_versions": self.model_versions,
                "identity": self.identity,
                "logs": self.logs,
                "dashboard_url": self.dashboard_url,
                "monthly_cost": self.monthly_cost,
                "database_grant": self.database_grant,
                "invoker": self.invoker,
                "alarm_topic": self.alarm_topic,
            }
        )


def _configuration(
    name: str,
    endpoint_name: str,
    args: SageMakerSharedEndpointArgs,
    role: aws.iam.Role,
    place: Place,
    key: pulumi.Output[str],
    tags: dict[str, str],
    before: list[pulumi.Resource],
    parent: pulumi.Resource,
) -> pulumi.Output[str]:
    """Name of the configuration: machines without a model of their own.

    The provider's resource says neither network nor isolation, which belong here when models come later
    (https://github.com/hashicorp/terraform-provider-aws/issues/48740), so Cloud Control makes it. Nothing of it can be changed: another one, whose
    name is made of its content, is there before the endpoint moves to it, and the old one goes last.
    """
    subnet_ids = pulumi.Output.all(*place.network.subnet_ids)
    made = aws.cloudcontrol.Resource(
        f"{name}-config",
        type_name=CONFIGURATION,
        desired_state=pulumi.Output.all(role.arn, key, subnet_ids, place.group.id).apply(
            lambda it: json.dumps(_named(endpoint_name, _desired(args, tags, it[0], it[1], it[2], it[3])))
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=before, replace_on_changes=["desiredState"]),
    )
    return made.id.apply(lambda arn: arn.rpartition("/")[2])


def _named(endpoint_name: str, configuration: dict[str, Any]) -> dict[str, Any]:
    content = hashlib.sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest()[:8]
    return {"EndpointConfigName": f"{fit(endpoint_name, 54)}-{content}", **configuration}


def _desired(args: SageMakerSharedEndpointArgs, tags: dict[str, str], role: str, key: str, subnets: list[str], group: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sagemaker-endpointconfig.html"""
    least, most = args.instances.minimum, args.instances.maximum
    # Local NVMe disks are encrypted by their hardware, and SageMaker refuses a key for them.
    encrypted = {} if args.machine.local_disk else {"KmsKeyId": key}
    return {
        "ExecutionRoleArn": role,
        "VpcConfig": {"Subnets": subnets, "SecurityGroupIds": [group]},
        # Isolation takes every network call away from the containers, the database's too.
        "EnableNetworkIsolation": args.database is None,
        **encrypted,
        "ProductionVariants": [
            {
                "VariantName": PRODUCTION,
                "InstanceType": args.machine.name,
                "InitialInstanceCount": max(least, 1),
                "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": least, "MaxInstanceCount": most},
                "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
            }
        ],
        "Tags": [{"Key": tag, "Value": value} for tag, value in tags.items()],
    }


def _alarms(
    name: str,
    endpoint_name: str,
    names: dict[str, str],
    operations: Operations,
    machine: InstanceType,
    topic: aws.sns.Topic,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> None:
    """Alarms of every model, which SageMaker counts by component, and of the machines."""
    microseconds = operations.latency_milliseconds * 1000
    for model, told in names.items():
        watch = Watch(f"{name}-{model}", {"InferenceComponentName": told}, topic, tags, parent)
        watch.error_share(operations.error_percent, INVOCATIONS, "Invocation5XXErrors", "Invocations")
        watch.above("latency", INVOCATIONS, "ModelLatency", microseconds, 2, "The model answers slowly")
        watch.above("overhead", INVOCATIONS, "OverheadLatency", microseconds, 2, "SageMaker adds much time to the model's own")
    machines = Watch(name, {"EndpointName": endpoint_name, "VariantName": PRODUCTION}, topic, tags, parent)
    # The metric adds up: 100 for each core.
    cpu = operations.utilization_percent * machine.cpus
    machines.above("cpu", MACHINES, "CPUUtilization", cpu, 3, "The machines' CPUs are nearly used up")


def _panels(endpoint_name: str, names: dict[str, str]) -> list[Panel]:
    def lines(*metrics: str, statistics: Sequence[str] = ("Sum",)) -> list[list[Any]]:
        return [
            [INVOCATIONS, metric, "InferenceComponentName", told, {"stat": statistic}]
            for told in names.values()
            for metric in metrics
            for statistic in statistics
        ]

    machines = [
        [MACHINES, metric, "EndpointName", endpoint_name, "VariantName", PRODUCTION, {"stat": "Average"}]
        for metric in ("CPUUtilization", "MemoryUtilization")
    ]
    return [
        Panel("Requests by model", lines("Invocations")),
        Panel("Errors by model", lines("Invocation5XXErrors", "Invocation4XXErrors", "NoCapacityInvocationFailures")),
        Panel("Latency of the models (microseconds)", lines("ModelLatency", statistics=("p50", "p95", "p99"))),
        Panel("Utilisation of the machines (100 per core)", machines),
    ]


def _model_problems(args: SageMakerSharedEndpointArgs) -> Iterator[Problem]:
    names = [hosted.model.name for hosted in args.models]
    if not names:
        yield Problem("models", "is empty; list at least one model")
    for index, hosted in enumerate(args.models):
        if hosted.model.name in names[:index]:
            yield Problem(
                f"models[{index}].model.name", f"'{hosted.model.name}' is there twice; a model is hosted once, and a version takes the next"
            )
        for problem in sagemaker_model_problems(hosted.model, args.database):
            yield problem.under(f"models[{index}].model")
    for problem in remote_problems([hosted.model for hosted in args.models], ("s3",), "SageMaker"):
        yield Problem(problem.path.replace("].source", "].model.source"), problem.reason)


def _room_problems(args: SageMakerSharedEndpointArgs) -> Iterator[Problem]:
    """Problems of copies that would find no room."""
    if args.instances.minimum == 0:
        for index, hosted in enumerate(args.models):
            if hosted.copies.minimum:
                yield Problem(
                    f"models[{index}].copies.minimum", f"{hosted.copies.minimum} excludes instances.minimum 0: a copy needs a machine; use 0"
                )
    if any(choice_problems(args.compute, INSTANCES, SERVICE)):
        return
    machine = args.machine
    has = {"cpus": float(machine.cpus), "memory_mib": machine.memory_gib * 1024, "gpus": float(machine.gpus)}
    for index, hosted in enumerate(args.models):
        for need, room in has.items():
            if getattr(hosted, need) > room:
                yield Problem(
                    f"models[{index}].{need}", f"{getattr(hosted, need):g} is more than {machine.name} has ({room:g}); use less, or a larger compute"
                )
    for need, room in has.items():
        total = sum(getattr(hosted, need) * hosted.copies.minimum for hosted in args.models)
        if total > room * args.instances.maximum:
            said = f"{total:g} for the copies that there always are is more than {args.instances.maximum} x {room:g}"
            yield Problem("instances.maximum", f"{args.instances.maximum} is too few: {need} {said}; use more machines, or larger ones")
