"""What services and jobs on Cloud Run share: the sizes there are, and their prices.

Sizes: https://cloud.google.com/run/docs/configuring/jobs/cpu. Prices are those of us-central1 for instances that are paid while they run, in US
dollars, as Google's billing catalogue stood in August 2026 (https://cloud.google.com/run/pricing); other regions have others.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.compute import ContainerCompute

GPU = "nvidia-l4"
"""The GPU that instances get, one each: https://cloud.google.com/run/docs/configuring/jobs/gpu."""
SIZES = {1: (512, 4096), 2: (512, 8192), 4: (2048, 16384), 6: (4096, 24576), 8: (4096, 32768)}
"""MiB of memory, at least and at most, that go with a number of CPUs."""
GPU_LEAST = (4, 16384)
"""CPUs and MiB of memory that a GPU wants at least."""
CPU_SECOND_USD = 0.000018
GIB_SECOND_USD = 0.000002
GPU_SECOND_USD = 0.0001867
"""Without a second zone that stands by."""


@dataclass(frozen=True)
class RunSize:
    """The size of an instance."""

    cpus: int
    memory_mib: int
    gpus: int

    @property
    def limits(self) -> dict[str, str]:
        """As Cloud Run's resource limits."""
        gpu = {"nvidia.com/gpu": str(self.gpus)} if self.gpus else {}
        return {"cpu": str(self.cpus), "memory": f"{self.memory_mib}Mi", **gpu}

    @property
    def hourly_usd(self) -> float:
        """Price of an instance that runs, in US dollars an hour."""
        return 3600 * (self.cpus * CPU_SECOND_USD + self.memory_mib / 1024 * GIB_SECOND_USD + self.gpus * GPU_SECOND_USD)


def run_size(compute: ContainerCompute) -> RunSize:
    """The smallest size that has what `compute` asks for. Call it after `size_problems` found none."""
    cpus, memory = _asked(compute)
    fitting = next(each for each, (_, most) in SIZES.items() if each * 1000 >= cpus and most >= memory)
    return RunSize(fitting, max(memory, SIZES[fitting][0]), compute.gpus)


def size_problems(compute: ContainerCompute) -> Iterator[Problem]:
    """Problems of a size that no instance has."""
    if compute.cpu_millis > 1000 * max(SIZES):
        yield Problem("compute.cpu_millis", f"{compute.cpu_millis} is not allowed on Cloud Run; use {1000 * max(SIZES)} or less")
    most = max(high for _, high in SIZES.values())
    if compute.memory_mib > most:
        yield Problem("compute.memory_mib", f"{compute.memory_mib} is not allowed on Cloud Run; use {most} or less")
    if compute.gpus > 1:
        yield Problem("compute.gpus", f"{compute.gpus} is not allowed: an instance on Cloud Run has one GPU at most")


def _asked(compute: ContainerCompute) -> tuple[int, int]:
    """CPU in thousandths and memory in MiB, with what a GPU wants besides."""
    cpus, memory = (1000 * GPU_LEAST[0], GPU_LEAST[1]) if compute.gpus else (0, 0)
    return max(compute.cpu_millis, cpus), max(compute.memory_mib, memory)
