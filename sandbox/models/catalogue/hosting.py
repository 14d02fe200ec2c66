"""Whether a hosting service has the machine that a resource asks for, and what comes with it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sandbox.models.catalogue.machines import Service, azure_ml, sagemaker, vertex
from sandbox.models.catalogue.places import at, number, one
from sandbox.models.schema import as_object
from sandbox.values import UNKNOWN, Inputs, Refusal


def _exists(service: Callable[[], Service], *paths: str) -> Callable[[Inputs], Iterator[Refusal]]:
    def run(inputs: Inputs) -> Iterator[Refusal]:
        for path in paths:
            for place, name in at(inputs, path):
                problem = service().problem(name) if isinstance(name, str) else None
                if problem is not None:
                    yield Refusal(place, problem)

    return run


def _local_disks(inputs: Inputs) -> Iterator[Refusal]:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html, KmsKeyId: refused with local storage."""
    if inputs.get("kmsKeyArn") is None:
        return
    for place, name in at(inputs, "productionVariants.instanceType"):
        machine = sagemaker().machines.get(name) if isinstance(name, str) else None
        if machine is not None and machine.local_disk_gb:
            yield Refusal("kmsKeyArn", f"cannot be given with {name} ({place}): its storage is local and encrypted by the machine itself")


_LETTERS: Final[Mapping[str, str]] = {
    "T4": "NVIDIA_TESLA_T4",
    "L4": "NVIDIA_L4",
    "A100": "NVIDIA_TESLA_A100",
    "H100": "NVIDIA_H100_80GB",
}
"""What Vertex AI calls an accelerator (aiplatform.v1, MachineSpec.acceleratorType)."""


def _built_in(inputs: Inputs) -> Iterator[Refusal]:
    """https://cloud.google.com/vertex-ai/docs/predictions/configure-compute: accelerator-optimised machines have their GPUs in them."""
    for place, held in at(inputs, "dedicatedResources.machineSpec"):
        spec: Any = as_object(held) or {}
        machine = vertex().machines.get(spec.get("machineType")) if isinstance(spec.get("machineType"), str) else None
        kind, count = spec.get("acceleratorType"), number(spec.get("acceleratorCount"))
        if machine is None or kind is UNKNOWN or kind is None:
            continue
        if machine.gpus:
            wanted = "NVIDIA_A100_80GB" if machine.name.startswith("a2-ultragpu") else _LETTERS[machine.accelerator]
            if kind != wanted:
                yield Refusal(f"{place}.acceleratorType", f"is {kind!r}, but {machine.name} comes with {wanted}")
            elif count is not None and count != machine.gpus:
                yield Refusal(f"{place}.acceleratorCount", f"is {count:g}, but {machine.name} has {machine.gpus}")
        elif not machine.name.startswith("n1-"):
            yield Refusal(f"{place}.acceleratorType", f"is {kind!r}, but no GPU can be added to {machine.name}: only to n1 machines")


def _managed_only(inputs: Inputs) -> Iterator[Refusal]:
    if one(inputs.get("properties"), "endpointComputeType") == "Managed":
        yield from _exists(azure_ml, "properties.instanceType")(inputs)


CHECKS: Final[Mapping[str, tuple[Callable[[Inputs], Iterator[Refusal]], ...]]] = {
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": (
        _exists(sagemaker, "productionVariants.instanceType", "shadowProductionVariants.instanceType"),
        _local_disks,
    ),
    "azure-native:machinelearningservices:OnlineDeployment": (_managed_only,),
    "gcp:vertex/aiDeploymentResourcePool:AiDeploymentResourcePool": (_exists(vertex, "dedicatedResources.machineSpec.machineType"), _built_in),
}
