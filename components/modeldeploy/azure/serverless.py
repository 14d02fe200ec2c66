"""A model as a function on Azure: source on Functions, an image on Container Apps, both without a machine while nobody asks; or either on machines of
Functions that are always there."""

import pulumi

from modeldeploy.spec.arguments import parse
from modeldeploy.spec.compute import ContainerCompute
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.names import check_name
from modeldeploy.spec.rollout import served_version, shares

from . import dashboard
from .alarms import action_group, app_alarms, function_alarms
from .api_management import api_management, operations
from .apps import Running, http_rule, own_name, release
from .budget import budget
from .connection import database_grant, database_variables
from .container_environment import CONSUMPTION, Size, container_environment, size
from .entra import sign_in
from .front import front
from .function_app import MEMORY, Hosting, function_app, memory
from .function_arguments import AzureFunctionArgs as AzureFunctionArgs
from .function_arguments import images
from .group import group
from .hosting import reach_given, read_grants, store_diagnostics
from .identity import Role, grant, identity
from .ids import LONGEST
from .keys import customer_key
from .logs import logs
from .model_store import model_store
from .network import attach
from .premium_app import premium_app, premium_cost
from .rates import app_cost, function_cost
from .registry import registry

START_SECONDS = 120
PREDICT_PATH = "/api/invocations"


class AzureFunction(pulumi.ComponentResource):
    """A private function that runs nothing while nobody asks: source on Azure Functions (Flex Consumption), or an image on Container Apps.

    With `premium` either runs on machines of Azure Functions that are always there.

    It finds the artifact at `$MODEL_URI`, which its identity (`$AZURE_CLIENT_ID`) may read. Callers authenticate with an Entra token for
    `api://<application_id>`, unless `access.authentication` says otherwise.

    Azure keeps the redundancy that storage, registry, plan and environment were made with, so `environment` stays what it was at the first
    deployment.
    """

    url: pulumi.Output[str]
    """Where predictions are asked for, by POST. It resolves in the network, unless access is public."""
    identity: pulumi.Output[str]
    """Object id of the deployment's managed identity: the principal that grants on other resources name."""
    model_version: pulumi.Output[str]
    """The version that answers most requests."""
    logs: pulumi.Output[str]
    """Where logs are queried: the Log Analytics workspace in the portal."""
    dashboard_url: pulumi.Output[str]
    """The dashboard in the portal."""
    monthly_cost: pulumi.Output[float]
    """US dollars a month for the instances that are kept warm, as if they were always busy, at the prices in `rates`. What runs on demand, requests,
    gateway, private endpoints, registry and logs are not counted."""
    database_grant: pulumi.Output[str]
    """What an Entra administrator of the database still runs in it, so that the identity may read. Empty without a database."""
    dns_target: pulumi.Output[str]
    """The address that a record for `access.domain` must point to. Empty without a domain."""
    environment_id: pulumi.Output[str]
    """ARM id of the Container Apps environment, for other deployments in it. Empty for source."""
    resource_group: pulumi.Output[str]
    """Name of the resource group that everything is in."""

    def __init__(self, name: str, args: AzureFunctionArgs, opts: pulumi.ResourceOptions | None = None):
        checked = parse(AzureFunctionArgs, args, f"AzureFunction '{name}'")
        check_name(f"AzureFunction '{name}'", name, LONGEST)
        super().__init__("modeldeploy:index:AzureFunction", name, as_inputs(checked), opts)

        in_group = group(name, checked.resource_group_name, checked.environment, checked.tags, self)
        key = customer_key(name, checked.encryption, checked.key_vault_id, in_group, self)
        days = checked.operations.log_retention_days
        where = attach(name, checked.network, key, days, checked.tags, in_group, self, internet=checked.is_public)
        watched = logs(name, days, in_group, self, entra_only=True)
        models = model_store(name, key, where, in_group, self, checked.allowed_ips)
        reached = reach_given(
            name, checked.registry_id, checked.secrets_vault_id, checked.artifact_account_id, checked.network, where, in_group, self
        )

        runs_as = identity(name, in_group, self)
        permissions = read_grants(name, checked.models, models, checked.artifact_account_id, checked.secrets, checked.secrets_vault_id, runs_as, self)
        variables: dict[str, pulumi.Input[str]] = {"AZURE_CLIENT_ID": runs_as.client_id, **database_variables(checked.database, runs_as)}
        service = api_management(checked.api_management_id, self) if checked.api_management_id is not None else None
        tokens = sign_in(checked.application_id, checked.access.callers, service, runs_as)
        named = own_name(name, checked.access, checked.secrets_vault_id, in_group, self)
        served = next(model for model in checked.models if model.version == served_version(checked.models, checked.rollout))
        hears = action_group(name, checked.operations.emails, in_group, self)

        pulled, pull = None, []
        versions = images(checked.models)
        if versions:
            pulled = registry(name, versions, checked.registry_id, where, in_group, self, checked.allowed_ips)
            pull = [grant(f"{name}-pull", Role.ACR_PULL, pulled.id, runs_as, self)]
        serving = next((image.container for image in versions if image.model is served), None)
        if checked.is_app:
            hosting = Hosting(
                identity=runs_as,
                minimum=checked.scaling.minimum,
                maximum=checked.scaling.maximum,
                concurrent_requests=checked.concurrent_requests,
                request_seconds=checked.request_seconds,
                variables=variables,
                secrets=checked.secrets,
                ready=[*permissions, *pull, *reached],
            )
            kept = (models, key, watched, where, in_group, self)
            if checked.premium is not None:
                seconds = checked.start_seconds or START_SECONDS
                made = premium_app(name, checked.models, served, checked.premium, hosting, seconds, tokens, *kept)
            else:
                made = function_app(name, checked.models, served, memory(checked.memory_mib) or MEMORY[-1], hosting, tokens, *kept)
            path = checked.predict_path or PREDICT_PATH if serving is None else serving.predict_path
            host, ready = made.host, made.ready
            paths = [("POST", path)] if serving is None else operations(serving)
            function_alarms(name, checked.operations, made.site.name, checked.scaling.maximum, hears, watched.workspace, in_group, self)
            rows = [dashboard.tiles(dashboard.FUNCTION_CHARTS, watched.insights.id)]
            environment_id, static_ip = pulumi.Output.from_input(""), pulumi.Output.from_input("")
        else:
            reader = None if named is None else named.reader
            environment = container_environment(
                name, checked.container_environment_id, [], watched.workspace, key, where, in_group, self, reads_certificates=reader
            )
            running = Running(
                environment=environment,
                identity=runs_as,
                size=instance(checked.memory_mib),
                minimum=checked.scaling.minimum,
                maximum=checked.scaling.maximum,
                rules=[http_rule(checked.concurrent_requests)],
                variables={**variables, "REQUEST_SECONDS": str(checked.request_seconds)},
                secrets=checked.secrets,
                request_seconds=checked.request_seconds,
                start_seconds=checked.start_seconds or START_SECONDS,
                ready=[*permissions, *pull, *reached],
            )
            released = release(name, versions, shares(checked.models, checked.rollout), running, tokens, models, in_group, self, named)
            path, paths = ("", []) if serving is None else (serving.predict_path, operations(serving))
            host = released.host if named is None else pulumi.Output.from_input(named.domain.hostname)
            ready = [released.route]
            app_alarms(name, checked.operations, released.apps, hears, watched.workspace, in_group, self)
            rows = [dashboard.tiles(dashboard.APP_CHARTS, app.id, f", version {version}") for version, app in released.apps.items()]
            environment_id, static_ip = environment.id, environment.static_ip

        store_diagnostics(name, models, key, pulled, watched.workspace, self)
        entrance = front(
            name,
            checked.access,
            checked.application_id,
            service,
            checked.secrets_vault_id,
            host,
            paths,
            checked.request_seconds,
            where,
            watched.workspace,
            in_group,
            self,
            after=[*ready, *reached],
        )
        shown = dashboard.dashboard(name, rows, in_group, self)
        budget(name, _budget(checked), checked.operations.emails, hears, in_group, self)

        self.url = entrance.url(path)
        self.identity = runs_as.principal_id
        self.model_version = pulumi.Output.from_input(served.version)
        self.logs = watched.url
        self.dashboard_url = dashboard.url(shown)
        self.monthly_cost = pulumi.Output.from_input(cost(checked, warm(checked)))
        self.database_grant = database_grant(checked.database, runs_as)
        self.dns_target = entrance.address if named is None else static_ip
        self.environment_id = environment_id
        self.resource_group = in_group.name
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
                "environment_id": self.environment_id,
                "resource_group": self.resource_group,
            }
        )


def instance(memory_mib: int) -> Size:
    """The size of an image's instance: the memory asked for, and the CPU that comes with it."""
    return size(ContainerCompute(cpu_millis=250, memory_mib=memory_mib)) or Size(CONSUMPTION, CONSUMPTION.cpu_millis, CONSUMPTION.memory_mib)


def warm(args: AzureFunctionArgs) -> int:
    """The instances that are there while nobody asks."""
    return max(args.scaling.minimum, 1) if args.is_public else args.scaling.minimum


def cost(args: AzureFunctionArgs, instances: int) -> float:
    """US dollars a month for so many instances that are always busy, of every version that runs."""
    if args.premium is not None:
        return premium_cost(args.premium.size, instances)
    if args.runs_code:
        return function_cost(memory(args.memory_mib) or MEMORY[-1], instances)
    return app_cost(instance(args.memory_mib), instances * len(args.models))


def _budget(args: AzureFunctionArgs) -> float:
    """The budget given, or what the instances cost when they are always at their maximum."""
    if args.operations.monthly_budget_usd is not None:
        return args.operations.monthly_budget_usd
    return cost(args, args.scaling.maximum)
