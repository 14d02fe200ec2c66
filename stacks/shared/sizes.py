"""One size of a replica or task, in the words of what takes machines and of what takes pods."""

import math

from modeldeploy.spec import Compute, ContainerCompute
from modeldeploy.spec.kubernetes import PodResources


def machine_size(compute: ContainerCompute) -> Compute:
    """The machine that has as much."""
    return Compute(cpus=math.ceil(compute.cpu_millis / 1000), memory_gib=math.ceil(compute.memory_mib / 1024), gpus=compute.gpus)


def pod_size(compute: ContainerCompute) -> PodResources:
    """What a pod of that size asks for; it may use twice the CPU when the machine has it to spare."""
    return PodResources(
        cpu_millis=compute.cpu_millis,
        memory_mib=compute.memory_mib,
        cpu_limit_millis=2 * compute.cpu_millis,
        memory_limit_mib=compute.memory_mib,
        gpus=compute.gpus,
    )
