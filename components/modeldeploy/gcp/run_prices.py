"""What instances of a service on Cloud Run cost when they are paid by request, which is how all without a GPU are paid here.

US dollars in us-central1, as Cloud Run's price list stood in August 2026 (https://cloud.google.com/run/pricing, services with request-based billing);
other regions have others. An instance that is kept by `scaling.minimum` and has no request is paid at the lower price.
"""

from modeldeploy.spec.compute import HOURS_PER_MONTH

from .cloud_run import RunSize

BUSY_CPU_SECOND_USD, BUSY_GIB_SECOND_USD = 0.000024, 0.0000025
IDLE_CPU_SECOND_USD, IDLE_GIB_SECOND_USD = 0.0000025, 0.0000025


def idle_monthly_usd(size: RunSize, instances: int) -> float:
    """What `instances` that are kept, and have no requests, cost in a month."""
    return _monthly_usd(size, instances, IDLE_CPU_SECOND_USD, IDLE_GIB_SECOND_USD)


def busy_monthly_usd(size: RunSize, instances: int) -> float:
    """What `instances` that always have a request cost in a month."""
    return _monthly_usd(size, instances, BUSY_CPU_SECOND_USD, BUSY_GIB_SECOND_USD)


def _monthly_usd(size: RunSize, instances: int, cpu_second: float, gib_second: float) -> float:
    by_request = 3600 * (size.cpus * cpu_second + size.memory_mib / 1024 * gib_second)
    # With a GPU an instance is paid as long as it lives.
    hourly = size.hourly_usd if size.gpus else by_request
    return round(hourly * HOURS_PER_MONTH * instances, 2)
