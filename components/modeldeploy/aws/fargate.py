"""Sizes of containers on Fargate, and what they cost.

Sizes: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size. Prices are on demand, Linux on x86,
region us-east-1, US dollars per hour, as public cost tables agree on them on 24 November 2026 (https://www.vantage.sh/blog/fargate-pricing);
AWS publishes them at https://aws.amazon.com/fargate/pricing/. Spot costs less, by a share that changes: it is counted at the full price.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.compute import ContainerCompute

CPU_HOURLY_USD = 0.04048
GIB_HOURLY_USD = 0.004445

MEMORY_MIB: dict[int, list[int]] = {
    256: [512, 1024, 2048],
    512: [1024 * gib for gib in range(1, 5)],
    1024: [1024 * gib for gib in range(2, 9)],
    2048: [1024 * gib for gib in range(4, 17)],
    4096: [1024 * gib for gib in range(8, 31)],
    8192: [1024 * gib for gib in range(16, 61, 4)],
    16384: [1024 * gib for gib in range(32, 121, 8)],
}
"""Memory there is for each CPU size, in MiB by CPU units (1024 are one CPU)."""


@dataclass(frozen=True)
class FargateSize:
    """What one task gets."""

    cpu_units: int
    memory_mib: int

    @property
    def cpus(self) -> float:
        """CPUs."""
        return self.cpu_units / 1024

    @property
    def hourly_usd(self) -> float:
        """US dollars an hour."""
        return self.cpus * CPU_HOURLY_USD + self.memory_mib / 1024 * GIB_HOURLY_USD


def fargate_size(compute: ContainerCompute) -> FargateSize:
    """The cheapest size that has CPU and memory asked for. Every `ContainerCompute` without GPUs has one."""
    sizes = [FargateSize(units, memory) for units, memories in MEMORY_MIB.items() for memory in memories]
    fitting = [size for size in sizes if size.cpu_units * 1000 >= compute.cpu_millis * 1024 and size.memory_mib >= compute.memory_mib]
    return min(fitting, key=lambda size: size.hourly_usd)


def fargate_problems(compute: ContainerCompute, instead: str) -> Iterator[Problem]:
    """Problems of a size that Fargate does not have. `instead` says what does."""
    if compute.gpus:
        yield Problem("compute.gpus", f"{compute.gpus} is not allowed: Fargate has no GPUs; {instead}")
