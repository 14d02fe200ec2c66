"""What a function on Azure is told, and which combinations Azure does not do."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pulumi

from modeldeploy.spec.access import Exposure
from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.rollout import shares
from modeldeploy.spec.serverless import FunctionModel, ServerlessArgs

from .addresses import allowed_ip_problems
from .apps import Image
from .container_environment import CONSUMPTION
from .function_app import MEMORY, code_problems, memory
from .hosting import (
    access_problems,
    artifact_problems,
    capture_problems,
    database_problems,
    domain_problems,
    network_problems,
    vault_problems,
)
from .keys import key_problems
from .premium_app import LONGEST_START, PremiumPlan, premium_problems
from .registry import registry_problems
from .subnets import Subnet
from .tags import tag_count_problems


@dataclass(frozen=True, kw_only=True)
class AzureFunctionArgs(ServerlessArgs):
    """Arguments of a function on Azure.

    Without `premium` nothing runs while nobody asks. Source (`code`) runs on the Flex Consumption plan of Azure Functions, one version at a time: of
    two that are deployed one gets all requests, and a change of `rollout.traffic` is an update without a pause. An image (`container`) runs on
    Container Apps, as it is, and several versions share requests by any percentage. `code.handler` is the file and the `FunctionApp` in it
    (`function_app.app`); the folder has a `host.json`, and packages in `.python_packages/lib/site-packages`.

    With `premium` both run on Functions, one version at a time; the image is one built on the Functions base image.

    With `access.exposure: public` the gateway in front asks every half a minute whether the function is there, so that one instance stays, and is
    paid, whatever `scaling.minimum` says.

    `network.subnet_ids` are in the order that `AzureNetwork` documents; the ones for private endpoints and for Functions or Container Apps are used,
    with `access.exposure: public` also the one for an application gateway.
    """

    premium: PremiumPlan | None = None
    """Machines that are always there (Premium plan), for functions that must not wait for one: `scaling.minimum` of them, 1 or more, in production 2.
    Default: none; nothing runs while nobody asks. A change makes a new app, and another address."""
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
    environment. It must be internal, with logs to Azure Monitor. Omitted: one is made. Excludes `code` and `premium`."""
    start_seconds: int | None = None
    """Seconds that an image has to load the model before it is given up, 10 to 2400, with `premium` to 1800. Omitted: 120. Excludes `code`."""
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
    def is_app(self) -> bool:
        """Whether it runs on Azure Functions, not on Container Apps."""
        return self.runs_code or self.premium is not None

    @property
    def is_public(self) -> bool:
        """Whether the internet may call."""
        return self.access.exposure is Exposure.PUBLIC

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        service = "Azure Functions" if self.is_app else "Container Apps"
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
        yield from _app_problems(self) if self.is_app else _container_problems(self)


def _app_problems(args: AzureFunctionArgs) -> Iterator[Problem]:
    """Problems of a function app, which runs one version at a time."""
    if args.models and any(0 < percent < 100 for percent in shares(args.models, args.rollout).values()):
        instead = "leave premium out" if args.premium is not None and not args.runs_code else "deploy images (container) without premium"
        yield Problem("rollout.traffic", f"splits requests, which a function app does not: use 0 and 100, or {instead}")
    if args.premium is not None:
        yield from premium_problems(args.premium, args.scaling, args.memory_mib, args.environment)
    elif memory(args.memory_mib) is None:
        most = f"{MEMORY[-1]} (Container Apps 8192: deploy an image; premium 14336)"
        yield Problem("memory_mib", f"{args.memory_mib} is not allowed; an instance of Functions has up to {most}")
    if args.container_environment_id is not None:
        yield Problem("container_environment_id", "belongs to images without premium; leave it out")
    if args.access.domain is not None and not args.is_public:
        yield Problem(
            "access.domain", "is for public access, or for images without premium: Functions keeps its own host name while access is private"
        )
    elif args.is_public:
        yield from domain_problems(args.access, None)


def _code_problems(args: AzureFunctionArgs) -> Iterator[Problem]:
    """Problems of source."""
    for index, model in enumerate(args.models):
        if model.code is not None:
            yield from (problem.under(f"models[{index}].code") for problem in code_problems(model.code))
    if args.predict_path is not None and not args.predict_path.startswith("/"):
        yield Problem("predict_path", f"'{args.predict_path}' is not a path; it begins with '/'")
    for name in ("start_seconds", "registry_id"):
        if getattr(args, name) is not None:
            yield Problem(name, "belongs to images; leave it out with code")


def _image_problems(args: AzureFunctionArgs) -> Iterator[Problem]:
    """Problems of images."""
    yield from registry_problems(images(args.models), args.registry_id)
    if args.predict_path is not None:
        yield Problem("predict_path", "belongs to code; a container has its own")
    longest = LONGEST_START if args.premium is not None else 2400
    if args.start_seconds is not None and not 10 <= args.start_seconds <= longest:
        yield Problem("start_seconds", f"{args.start_seconds} is not allowed; use 10 to {longest}")


def _container_problems(args: AzureFunctionArgs) -> Iterator[Problem]:
    """Problems of images on Container Apps."""
    yield from domain_problems(args.access, args.container_environment_id)
    if args.memory_mib > CONSUMPTION.memory_mib:
        yield Problem("memory_mib", f"{args.memory_mib} is not allowed; an instance that comes and goes has up to {CONSUMPTION.memory_mib}")


def images(models: list[FunctionModel]) -> list[Image]:
    """The versions that are images."""
    return [Image(model, model.container) for model in models if model.container is not None]


def needed_subnets(args: AzureFunctionArgs) -> list[Subnet]:
    """The subnets that a deployment uses."""
    if args.premium is not None:
        own = [Subnet.API] if args.premium.subnet_id is None else []
    elif args.runs_code:
        own = [Subnet.FUNCTIONS]
    else:
        own = [Subnet.APPS] if args.container_environment_id is None else []
    return [Subnet.ENDPOINTS, *own, *([Subnet.GATEWAY] if args.access.exposure is Exposure.PUBLIC else [])]
