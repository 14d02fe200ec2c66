"""The machines that each hosting service offers, with what they have.

Tables: `data/sagemaker.csv` (complete: a machine that is not there does not exist), `data/azureml.csv` and `data/vertex.csv` (the documented series;
inside a series that is there, a size that is not does not exist).
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final


@dataclass(frozen=True)
class Machine:
    """One machine type."""

    name: str
    vcpus: float
    memory_gib: float
    gpus: int
    accelerator: str
    gpu_memory_gib: float
    local_disk_gb: float
    """Local NVMe storage; such machines take no key of the customer's on SageMaker."""


@dataclass(frozen=True)
class Service:
    """A hosting service's machines."""

    said: str
    machines: Mapping[str, Machine]
    complete: bool
    """Whether a machine that is not listed does not exist, whatever its series."""
    spelled: str
    """What every machine name looks like."""

    def problem(self, name: str) -> str | None:
        """Why there is no such machine, or `None`."""
        if name in self.machines:
            return None
        if not re.fullmatch(self.spelled, name):
            return f"is {name!r}, which is no machine type of {self.said} (they look like {next(iter(self.machines))})"
        sizes = [other for other in self.machines if _series(other) == _series(name)]
        if sizes:
            return f"is {name!r}, but {self.said} has only {', '.join(sizes)} in that series"
        if self.complete:
            series = dict.fromkeys(_series(other) for other in self.machines)
            return f"is {name!r}, which {self.said} does not have; its series are {', '.join(series)}"
        return None


def _series(name: str) -> str:
    """`ml.g5` of `ml.g5.xlarge`, `Standard_NC#ads_A100_v4` of `Standard_NC24ads_A100_v4`, `g2-standard` of `g2-standard-4`."""
    if name.startswith("ml."):
        return name.rpartition(".")[0]
    if name.startswith("Standard_"):
        return re.sub(r"(?<=[A-Z])\d+", "#", name, count=1)
    return name.rpartition("-")[0]


def _load(file: str) -> Mapping[str, Machine]:
    found: dict[str, Machine] = {}
    for line in resources.files("sandbox.models.catalogue.data").joinpath(file).read_text().splitlines():
        if line.startswith("#"):
            continue
        name, vcpus, memory, gpus, accelerator, gpu_memory, disk = line.split(",")
        found[name] = Machine(name, float(vcpus), float(memory), int(gpus), accelerator, float(gpu_memory), float(disk))
    return found


@functools.cache
def sagemaker() -> Service:
    """SageMaker real-time hosting."""
    return Service("SageMaker", _load("sagemaker.csv"), complete=True, spelled=r"ml\.[a-z0-9-]+\.[a-z0-9-]+")


@functools.cache
def azure_ml() -> Service:
    """Azure ML managed online endpoints."""
    return Service("Azure ML", _load("azureml.csv"), complete=False, spelled=r"Standard_[A-Z]+[0-9]+[A-Za-z0-9_-]*")


@functools.cache
def vertex() -> Service:
    """Vertex AI online prediction."""
    return Service("Vertex AI", _load("vertex.csv"), complete=False, spelled=r"[a-z][a-z0-9]*-[a-z0-9]+-[a-z0-9]+")


QUOTA_RESERVE: Final = 0.20
"""Azure ML keeps this share of the instances' cores free for upgrades, so the quota must cover 120% of what a deployment asks for.

https://learn.microsoft.com/azure/machine-learning/how-to-manage-quotas#virtual-machine-quota-allocation-for-deployment (2026-11-24). Not for the
series in `NO_QUOTA_RESERVE`.
"""

NO_QUOTA_RESERVE: Final = frozenset(
    {
        "Standard_NC24ads_A100_v4",
        "Standard_NC48ads_A100_v4",
        "Standard_NC96ads_A100_v4",
        "Standard_ND96asr_v4",
        "Standard_ND96amsr_A100_v4",
        "Standard_ND40rs_v2",
    }
)


def azure_ml_cores(name: str, instances: int) -> float | None:
    """How many cores of quota a deployment of so many instances needs, the reserve included; `None` for a machine that is not in the table."""
    machine = azure_ml().machines.get(name)
    if machine is None:
        return None
    reserve = 0.0 if name in NO_QUOTA_RESERVE else QUOTA_RESERVE
    return machine.vcpus * instances * (1 + reserve)
