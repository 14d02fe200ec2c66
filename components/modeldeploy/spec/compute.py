"""How much machine one replica gets, and how a cloud's machine for it is chosen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .arguments import Problem, unknown_name

HOURS_PER_MONTH = 730
"""Hours the clouds' own calculators count as a month."""


@dataclass(frozen=True)
class InstanceType:
    """A machine a service offers: a row of a cloud's `instances.py`."""

    name: str
    cpus: int
    memory_gib: float
    gpus: int = 0
    hourly_usd: float = 0
    """Price on demand in US dollars per hour, in the region and on the day the table names."""
    local_disk: bool = False
    """Whether it carries local NVMe disks (SageMaker refuses a customer key for the volume there)."""


@dataclass(frozen=True, kw_only=True)
class Compute:
    """The machine under one replica: by size, so that it means the same on every cloud, or by the cloud's own name."""

    cpus: int | None = None
    """Virtual CPUs at least. Omitted: 2. Excludes `instance_type`."""
    memory_gib: int | None = None
    """Memory at least, in GiB. Omitted: 8. Excludes `instance_type`."""
    gpus: int | None = None
    """GPUs exactly. Omitted: none. Excludes `instance_type`."""
    instance_type: str | None = None
    """The cloud's name of the machine (`ml.m5.large`, `Standard_DS3_v2`, `n1-standard-4`). Omitted: the cheapest that has the size asked for."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        sizes = {"cpus": self.cpus, "memory_gib": self.memory_gib, "gpus": self.gpus}
        for name, value in sizes.items():
            if value is None:
                continue
            if self.instance_type is not None:
                yield Problem(name, f"excludes instance_type: '{self.instance_type}' has its size already; give one of the two")
            if value < (0 if name == "gpus" else 1):
                yield Problem(name, f"{value} is not allowed; use {'0' if name == 'gpus' else '1'} or more")


@dataclass(frozen=True, kw_only=True)
class ContainerCompute:
    """The size of one container, where the cloud asks for no machine. A service that has only certain sizes gives the smallest that has both."""

    cpu_millis: int = 1000
    """CPU in thousandths, 250 to 16000."""
    memory_mib: int = 2048
    """Memory in MiB, 512 to 122880."""
    gpus: int = 0
    """GPUs, 0 to 8, where the service has them."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        for name, low, high in (("cpu_millis", 250, 16000), ("memory_mib", 512, 122880), ("gpus", 0, 8)):
            value: int = getattr(self, name)
            if not low <= value <= high:
                yield Problem(name, f"{value} is not allowed; use {low} to {high}")


def choose(compute: Compute, catalogue: Sequence[InstanceType]) -> InstanceType:
    """The machine for `compute`: the one it names, or the cheapest in `catalogue` that has the size asked for.

    Call it after `choice_problems` found none.
    """
    if compute.instance_type is not None:
        return next(each for each in catalogue if each.name == compute.instance_type)
    return min(_fitting(compute, catalogue), key=lambda each: (each.hourly_usd, each.cpus, each.memory_gib))


def choice_problems(compute: Compute, catalogue: Sequence[InstanceType], service: str) -> Iterator[Problem]:
    """Problems when `service` has no machine as `compute` asks for."""
    if compute.instance_type is not None:
        if all(each.name != compute.instance_type for each in catalogue):
            yield Problem("compute.instance_type", unknown_name(compute.instance_type, (each.name for each in catalogue)))
    elif not _fitting(compute, catalogue):
        cpus, memory, gpus = _size(compute)
        yield Problem(
            "compute",
            f"{service} has no machine with {cpus} CPUs, {memory} GiB and {gpus} GPUs among {', '.join(e.name for e in catalogue)}",
        )


def _fitting(compute: Compute, catalogue: Sequence[InstanceType]) -> list[InstanceType]:
    cpus, memory, gpus = _size(compute)
    return [each for each in catalogue if each.cpus >= cpus and each.memory_gib >= memory and each.gpus == gpus]


def _size(compute: Compute) -> tuple[int, int, int]:
    return (
        2 if compute.cpus is None else compute.cpus,
        8 if compute.memory_gib is None else compute.memory_gib,
        0 if compute.gpus is None else compute.gpus,
    )
