"""A model as a function on Azure: source on Functions, an image on Container Apps, both without a machine while nobody asks."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pulumi

from modeldeploy.spec.access import Exposure
from modeldeploy.spec.arguments import Problem, parse
from modeldeploy.spec.compute import ContainerCompute
from modeldeploy.spec.inputs import as_inputs
from modeldeploy.spec.names import check_name
from modeldeploy.spec.rollout import served_version, shares
from modeldeploy.spec.serverless import FunctionModel, ServerlessArgs

from . import dashboard
from .addresses import allowed_ip_problems
from .alarms import action_group, app_alarms, function_alarms
from .api_management import api_management, operations
from .apps import Image, Running, http_rule, own_name, release
from .budget import budget
from .connection import database_grant, database_variables
from .container_environment import CONSUMPTION, Size, container_environment, size
from .entra import sign_in
from .front import front
from .function_app import MEMORY, Hosting, code_problems, function_app, memory
from .group import group
from .hosting import (
    access_problems,
    artifact_problems,
    capture_problems,
    database_problems,
    domain_problems,
    network_problems,
    reach_given,
    read_grants,
    store_diagnostics,
    vault_problems,
)
from .identity import Role, grant, identity
from .ids import LONGEST
from .keys import customer_key, key_problems
from .logs import logs
from .model_store import model_store
from .network import attach
from .rates import app_cost, function_cost
from .registry import registry, registry_problems
from .subnets import Subnet
from .tags import tag_count_problems

START_SECONDS = 120
PREDICT_PATH = "/api/invocations"


@dataclass(frozen=True, kw_only=True)
class AzureFunctionArgs(ServerlessArgs):
    """Arguments of a function on Azure.

    Source (`code`) runs on the Flex Consumption plan of Azure Functions, one version at a time: of two that are deployed one gets all requests, and a
    change of `rollout.traffic` is an update without a pause. An image (`container`) runs on Container Apps, as it is, and several versions share
    requests by any percentage. `code.handler` is the file and the `FunctionApp` in it (`function_app.app`); the folder has a `host.json`, and
    packages in `.python_packages/lib/site-packages`.

    With `access.exposure: public` the gateway in front asks every half a minute whether the function is there, so that one instance stays, and is
    paid, whatever `scaling.minimum` says.

    `network.subnet_ids` are in the order that `AzureNetwork` documents; the ones for private endpoints and for Functions or Container Apps are used,
    with `access.exposure: public` also the one for an application gateway.
    """

    application_id: str | None = None
    """Client id of the Entra application that stands for the service: callers ask for tokens for `api://<application_id>`. Required unless
    `access.authentication` is `none`: Azure's own sign-in checks tokens for an application, and only a directory's administrators make one."""
    api_management_id: pulumi.Input[str] | None = None
    """ARM id of the API Management, joined to the network and with a system-assigned identity, that checks tokens or keys. Required with
    `access.authentication` `jwt` or `api-key`, and only then. It stays as open to the internet as it is."""
    concurrent_requests: int = 10
    """Requests at the same time in one instance above which instances are added, 1 to 1000."""
    predict_path: str | None = None
    """Path under which source answers predictions by POST. Omitted: `/api/invocations`. Excludes `container`, which has its own."""
    container_environment_id: pulumi.Input[str] | None = None
    """ARM id of a Container Apps environment to use for images, such as the `environment_id` of another deployment: one subnet holds one
    environment. It must be internal, with logs to Azure Monitor. Omitted: one is made. Excludes `code`."""
    start_seconds: int | None = None
    """Seconds that an image has to load the model before it is given up, 10 to 2400. Omitted: 120. Excludes `code`."""
    secrets_vault_id: pulumi.Input[str] | None = None
    """ARM id of the vault that `secrets` and `access.domain.certificate` are in, because Azure grants access by it. Required with them, and only
    then."""
    artifact_account_id: pulumi.Input[str] | None = None
    """ARM id of the storage account that artifacts at `https://` are in, because Azure grants access by it. Required with them, and only then."""
    registry_id: pulumi.Input[str] | None = None
    """ARM id of the Azure registry that the images are in. Omitted: a private one is made, under the name that the images carry
    (`<registry>.azurecr.io/...`); push the image when it is there, then deploy again. Excludes `code`."""
    key_vault_id: pulumi.Input[str] | None = None
    """ARM id of the vault that holds `encryption.key`, because Azure grants access to a key by its ARM id. Required with it, and only then."""
    resource_group_name: pulumi.Input[str] | None = None
    """Name of an existing resource group to use. Omitted: one is made."""
    allowed_ips: list[str] = field(default_factory=list[str])
    """Public IPv4 addresses, or ranges of /16 to /30, of the machines that run Pulumi and push images, when they are outside the network. Default:
    none; artifacts and code are uploaded through the private endpoint, so Pulumi runs inside the network."""

    @property
    def runs_code(self) -> bool:
        """Whether source runs, not images."""
        return any(model.code is not None for model in self.models)

    @property
    def is_public(self) -> bool:
        """Whether the internet may call."""
        return self.access.exposure is Exposure.PUBLIC

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        service = "Azure Functions" if self.runs_code else "Container Apps"
        yield from artifact_problems(self.models, self.artifact_account_id, service)
        yield from key_problems(self.encryption, self.key_vault_id)
        yield from tag_count_problems(self.tags)
        yield from access_problems(self.access, self.network, self.application_id, self.api_management_id)
        yield from vault_problems(self.secrets, self.access, self.secrets_vault_id)
        yield from network_problems(self.network, needed_subnets(self), self.container_environment_id)
        yield from database_problems(self.database, self.network)
        yield from capture_problems(self.operations, service)
        yield from allowed_ip_problems(self.allowed_ips)
        if not 1 <= self.concurrent_requests <= 1000:
            yield Problem("concurrent_requests", f"{self.concurrent_requests} is not allowed; use 1 to 1000")
        if self.scaling.maximum > 1000:
            yield Problem("scaling.maximum", f"{self.scaling.maximum} is not allowed; {service} has up to 1000 instances")
        yield from _code_problems(self) if self.runs_code else _image_problems(self)


def _code_problems(args: AzureFunctionArgs) -> Iterator[Problem]:
    """Problems of source on Functions."""
    for index, model in enumerate(args.models):
        if model.code is not None:
            yield from (problem.under(f"models[{index}].code") for problem in code_problems(model.code))
    if args.models and any(0 < percent < 100 for percent in shares(args.models, args.rollout).values()):
        yield Problem("rollout.traffic", "splits requests, which Functions does for no source: use 0 and 100, or deploy images (container)")
    if memory(args.memory_mib) is None:
        yield Problem(
            "memory_mib", f"{args.memory_mib} is not allowed; an instance of Functions has up to {MEMORY[-1]} (Container Apps 8192: deploy an image)"
        )
    if args.predict_path is not None and not args.predict_path.startswith("/"):
        yield Problem("predict_path", f"'{args.predict_path}' is not a path; it begins with '/'")
    for name in ("container_environment_id", "start_seconds", "registry_id"):
        if getattr(args, name) is not None:
            yield Problem(name, "belongs to images; leave it out with code")
    if args.access.domain is not None and not args.is_public:
        yield Problem("access.domain", "is for public access, or for images: Functions keeps its own host name while access is private")
    elif args.is_public:
        yield from domain_problems(args.access, None)


def _image_problems(args: AzureFunctionArgs) -> Iterator[Problem]:
    """Problems of images on Container Apps."""
    yield from registry_problems(images(args.models), args.registry_id)
    yield from domain_problems(args.access, args.container_environment_id)
    if args.memory_mib > CONSUMPTION.memory_mib:
        yield Problem("memory_mib", f"{args.memory_mib} is not allowed; an instance that comes and goes has up to {CONSUMPTION.memory_mib}")
    if args.predict_path is not None:
        yield Problem("predict_path", "belongs to code; a container has its own")
    if args.start_seconds is not None and not 10 <= args.start_seconds <= 2400:
        yield Problem("start_seconds", f"{args.start_seconds} is not allowed; use 10 to 2400")


def images(models: list[FunctionModel]) -> list[Image]:
    """The versions that are images."""
    return [Image(model, model.container) for model in models if model.container is not None]


def needed_subnets(args: AzureFunctionArgs) -> list[Subnet]:
    """The subnets that a deployment uses."""
    own = [Subnet.FUNCTIONS] if args.runs_code else [Subnet.APPS] if args.container_environment_id is None else []
    return [Subnet.ENDPOINTS, *own, *([Subnet.GATEWAY] if args.access.exposure is Exposure.PUBLIC else [])]


class AzureFunction(pulumi.ComponentResource):
    """A private function that runs nothing while nobody asks: source on Azure Functions (Flex Consumption), or an image on Container Apps.

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

        if served.code is not None:
            made = function_app(
                name,
                checked.models,
                served,
                served.code,
                Hosting(
                    identity=runs_as,
                    memory_mib=memory(checked.memory_mib) or MEMORY[-1],
                    minimum=checked.scaling.minimum,
                    maximum=checked.scaling.maximum,
                    concurrent_requests=checked.concurrent_requests,
                    request_seconds=checked.request_seconds,
                    variables=variables,
                    secrets=checked.secrets,
                    ready=[*permissions, *reached],
                ),
                tokens,
                models,
                key,
                watched,
                where,
                in_group,
                self,
            )
            path = checked.predict_path or PREDICT_PATH
            host, ready, paths = made.host, made.ready, [("POST", path)]
            function_alarms(name, checked.operations, made.site.name, checked.scaling.maximum, hears, watched.workspace, in_group, self)
            rows = [dashboard.tiles(dashboard.FUNCTION_CHARTS, watched.insights.id)]
            store_diagnostics(name, models, key, None, watched.workspace, self)
            environment_id, static_ip = pulumi.Output.from_input(""), pulumi.Output.from_input("")
        else:
            versions = images(checked.models)
            pulled = registry(name, versions, checked.registry_id, where, in_group, self, checked.allowed_ips)
            pull = grant(f"{name}-pull", Role.ACR_PULL, pulled.id, runs_as, self)
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
                ready=[*permissions, pull, *reached],
            )
            released = release(name, versions, shares(checked.models, checked.rollout), running, tokens, models, in_group, self, named)
            serving = next(image.container for image in versions if image.model is served)
            path, paths = serving.predict_path, operations(serving)
            host = released.host if named is None else pulumi.Output.from_input(named.domain.hostname)
            ready = [released.route]
            app_alarms(name, checked.operations, released.apps, hears, watched.workspace, in_group, self)
            rows = [dashboard.tiles(dashboard.APP_CHARTS, app.id, f", version {version}") for version, app in released.apps.items()]
            store_diagnostics(name, models, key, pulled, watched.workspace, self)
            environment_id, static_ip = environment.id, environment.static_ip

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
    if args.runs_code:
        return function_cost(memory(args.memory_mib) or MEMORY[-1], instances)
    return app_cost(instance(args.memory_mib), instances * len(args.models))


def _budget(args: AzureFunctionArgs) -> float:
    """The budget given, or what the instances cost when they are always at their maximum."""
    if args.operations.monthly_budget_usd is not None:
        return args.operations.monthly_budget_usd
    return cost(args, args.scaling.maximum)
