"""A function app on a Premium plan: machines that are always there, from source or from an image.

https://learn.microsoft.com/azure/azure-functions/functions-premium-plan and docs/adr/0014-azure-functions-releases.md.

Prices: US dollars a month for one instance, about, as in https://www.nitrix-reloaded.com/2022/05/12/azure-functions-premium-plan-deep-dive
(read 2026-11-24).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.operations import Environment
from modeldeploy.spec.scaling import FunctionScaling
from modeldeploy.spec.serverless import FunctionModel

from . import ids
from .entra import SignIn
from .function_app import (
    LONGEST_SITE,
    PACKAGE,
    FunctionApp,
    Hosting,
    app_settings,
    artifacts,
    entered,
    host_store,
    package,
    pairs,
    script_name,
)
from .group import Group
from .hosting import arm_id_problems
from .keys import CustomerKey
from .logs import Logs
from .model_store import ModelStore
from .private_link import Attachment
from .subnets import Subnet

MOST = 100
MOST_READY = 20
"""https://learn.microsoft.com/azure/azure-functions/functions-premium-plan#always-ready-instances"""
MOST_PREWARMED = 20
ZONE_MINIMUM = 2
"""Instances of a plan that is spread over zones at least: https://learn.microsoft.com/azure/reliability/reliability-functions"""
LONGEST_START = 1800
"""Seconds that an image has to start: https://learn.microsoft.com/azure/app-service/reference-app-settings#custom-containers"""


class PremiumSize(StrEnum):
    """Machines of a Premium plan."""

    EP1 = "EP1"
    """1 CPU, 3.5 GiB."""
    EP2 = "EP2"
    """2 CPUs, 7 GiB."""
    EP3 = "EP3"
    """4 CPUs, 14 GiB."""


MEMORY = {PremiumSize.EP1: 3584, PremiumSize.EP2: 7168, PremiumSize.EP3: 14336}
"""MiB."""
MONTHLY_USD = {PremiumSize.EP1: 150, PremiumSize.EP2: 300, PremiumSize.EP3: 600}


@dataclass(frozen=True, kw_only=True)
class PremiumPlan:
    """Machines that are always there, `scaling.minimum` of them, and paid by the second; requests never wait for one to start."""

    size: PremiumSize = PremiumSize.EP1
    """`EP1` (1 CPU, 3.5 GiB), `EP2` (2 CPUs, 7 GiB) or `EP3` (4 CPUs, 14 GiB)."""
    prewarmed: int = 1
    """Instances that are kept started besides the busy ones, 1 to 20."""
    subnet_id: pulumi.Input[str] | None = None
    """ARM id of a subnet delegated to `Microsoft.Web/serverFarms` that the instances reach the network from; one subnet takes one plan. Omitted: the
    network's subnet for API Management, which has that delegation, if no API Management is in it."""


def premium_problems(premium: PremiumPlan, scaling: FunctionScaling, memory_mib: int, environment: Environment) -> Iterator[Problem]:
    """Problems of numbers that a Premium plan does not take."""
    if memory_mib > MEMORY[premium.size]:
        fits = next((size for size, mib in MEMORY.items() if mib >= memory_mib), None)
        yield Problem("memory_mib", f"{memory_mib} is more than an instance of {premium.size} has ({MEMORY[premium.size]}); use premium.size {fits}")
    least = ZONE_MINIMUM if environment is Environment.PRODUCTION else 1
    if scaling.minimum < least:
        why = "so that zones can fail" if least > 1 else "which always runs one, or leave premium out"
        yield Problem("scaling.minimum", f"{scaling.minimum} is not allowed with premium; use {least} or more, {why}")
    elif scaling.minimum > MOST_READY:
        yield Problem("scaling.minimum", f"{scaling.minimum} is not allowed with premium, which keeps up to {MOST_READY} ready")
    if scaling.maximum > MOST:
        yield Problem("scaling.maximum", f"{scaling.maximum} is not allowed with premium; use up to {MOST}")
    if not 1 <= premium.prewarmed <= MOST_PREWARMED:
        yield Problem("premium.prewarmed", f"{premium.prewarmed} is not allowed; use 1 to {MOST_PREWARMED}")
    elif premium.prewarmed > scaling.maximum:
        yield Problem("premium.prewarmed", f"{premium.prewarmed} is more than scaling.maximum {scaling.maximum}")
    yield from arm_id_problems("premium.subnet_id", premium.subnet_id, "Microsoft.Network/virtualNetworks")


def premium_cost(size: PremiumSize, instances: int) -> float:
    """US dollars a month for so many instances."""
    return float(MONTHLY_USD[size] * instances)


def premium_app(
    name: str,
    models: Sequence[FunctionModel],
    served: FunctionModel,
    premium: PremiumPlan,
    hosting: Hosting,
    start_seconds: int,
    tokens: SignIn | None,
    store: ModelStore,
    key: CustomerKey,
    watched: Logs,
    attachment: Attachment,
    group: Group,
    parent: pulumi.Resource,
) -> FunctionApp:
    """The app that runs the version `served`. When it changes, Azure starts an instance with the new one before it ends one with the old
    (overlapped recycling: https://learn.microsoft.com/azure/app-service/reference-app-settings).

    Nothing is kept in Azure Files, which opens with a key only: source is run from its package, which the identity reads
    (https://learn.microsoft.com/azure/azure-functions/storage-considerations#create-an-app-without-azure-files).
    """
    packages = {model.version: package(name, model, model.code, hosting.identity, store, group, parent) for model in models if model.code is not None}
    host = host_store(name, hosting, key, watched, attachment, group, parent)
    # Neither an app nor its plan can move between Premium and Flex Consumption: each has its own name.
    child = f"{name}-premium"
    plan = native.web.AppServicePlan(
        child,
        resource_group_name=group.name,
        kind="elastic",
        reserved=True,
        sku=native.web.SkuDescriptionArgs(name=premium.size.value, tier="ElasticPremium", capacity=hosting.minimum),
        maximum_elastic_worker_count=hosting.maximum,
        zone_redundant=group.is_production,
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    settings = app_settings(served, hosting, host, watched, store) | {
        "FUNCTIONS_EXTENSION_VERSION": "~4",
        "AzureFunctionsJobHost__extensions__http__maxConcurrentRequests": str(hosting.concurrent_requests),
    }
    health = None
    if served.code is not None:
        runs = f"Python|{served.code.python}"
        container = packages[served.version].container
        settings |= {
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "PYTHON_SCRIPT_FILE_NAME": script_name(served.code),
            "WEBSITE_RUN_FROM_PACKAGE": pulumi.Output.concat(
                "https://", store.account.name, ".blob.core.windows.net/", container.name, f"/{PACKAGE}"
            ),
            "WEBSITE_RUN_FROM_PACKAGE_BLOB_MI_RESOURCE_ID": hosting.identity.id,
        }
    elif served.container is not None:
        runs, health = f"DOCKER|{served.container.image}", served.container.health_path
        settings |= {
            "WEBSITES_ENABLE_APP_SERVICE_STORAGE": "false",
            "WEBSITES_PORT": str(served.container.port),
            "WEBSITES_CONTAINER_START_TIME_LIMIT": str(start_seconds),
        }
    else:
        raise AssertionError("a version is source or an image")
    site = native.web.WebApp(
        child,
        resource_group_name=group.name,
        name=ids.unique(child, group.id, LONGEST_SITE),
        kind="functionapp,linux" if served.container is None else "functionapp,linux,container",
        reserved=True,
        server_farm_id=plan.id,
        identity=native.web.ManagedServiceIdentityArgs(
            type=native.web.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[hosting.identity.id]
        ),
        key_vault_reference_identity=hosting.identity.id,
        https_only=True,
        public_network_access="Disabled",
        virtual_network_subnet_id=premium.subnet_id or attachment.subnet(Subnet.API),
        outbound_vnet_routing=native.web.OutboundVnetRoutingArgs(all_traffic=True),
        client_affinity_enabled=False,
        site_config=native.web.SiteConfigArgs(
            linux_fx_version=runs,
            acr_use_managed_identity_creds=served.container is not None,
            acr_user_managed_identity_id=None if served.container is None else hosting.identity.client_id,
            minimum_elastic_instance_count=hosting.minimum,
            pre_warmed_instance_count=premium.prewarmed,
            function_app_scale_limit=hosting.maximum,
            health_check_path=health,
            min_tls_version="1.2",
            scm_min_tls_version="1.2",
            ftps_state="Disabled",
            http20_enabled=True,
            remote_debugging_enabled=False,
            app_settings=pairs(settings),
        ),
        tags=group.tags,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[
                *host.ready,
                *hosting.ready,
                *artifacts(name, models, store, group, parent),
                *(each for found in packages.values() for each in found.ready),
            ],
        ),
    )
    return entered(child, site, tokens, watched, attachment, group, parent)
