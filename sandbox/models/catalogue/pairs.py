"""Sizes that only exist together: CPU and memory of tasks and containers, and the limits of the services that run them.

The numbers are in `data/pairs.yaml` with their pages; a refusal names the pairs that are allowed.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sandbox.models.catalogue.orders import load
from sandbox.models.catalogue.places import at, number, one
from sandbox.models.schema import as_list, as_object
from sandbox.values import UNKNOWN, Inputs, Refusal


def _table(name: str) -> Any:
    return load("pairs")[name]


# AWS


def _cpu_units(value: Any) -> int | None:
    if isinstance(value, str) and (found := re.fullmatch(r"\s*([\d.]+)\s*vcpu\s*", value.lower())):
        return round(float(found[1]) * 1024)
    plain = number(value)
    return None if plain is None else round(plain)


def _mebibytes(value: Any) -> int | None:
    if isinstance(value, str) and (found := re.fullmatch(r"\s*([\d.]+)\s*gb\s*", value.lower())):
        return round(float(found[1]) * 1024)
    plain = number(value)
    return None if plain is None else round(plain)


def _fargate(inputs: Inputs) -> Iterator[Refusal]:
    if "FARGATE" not in (as_list(inputs.get("requiresCompatibilities")) or ()):
        return
    table = _table("fargate")
    for name in ("cpu", "memory"):
        if inputs.get(name) is None:
            yield Refusal(name, f"is missing, but required on Fargate ({table['source']})")
    units, memory = _cpu_units(inputs.get("cpu")), _mebibytes(inputs.get("memory"))
    if units is None:
        return
    sizes = table["memory_mib"]
    if units not in sizes:
        yield Refusal("cpu", f"is {inputs['cpu']!r}, but Fargate has only {', '.join(map(str, sizes))} CPU units ({table['source']})")
        return
    told = sizes[units]
    steps = as_object(told)
    allowed: list[int] = list(told) if steps is None else list(range(steps["from"], steps["to"] + 1, steps["step"]))
    if memory is not None and memory not in allowed:
        said = ", ".join(map(str, allowed)) if len(allowed) <= 12 else f"{allowed[0]} to {allowed[-1]} in steps of {allowed[1] - allowed[0]}"
        yield Refusal("memory", f"is {inputs['memory']!r}, but {units} CPU units go only with {said} MiB ({table['source']})")


def _sagemaker_serverless(inputs: Inputs) -> Iterator[Refusal]:
    table = _table("sagemaker_serverless")
    for variants in ("productionVariants", "shadowProductionVariants"):
        for place, memory in at(inputs, f"{variants}.serverlessConfig.memorySizeInMb"):
            if number(memory) is not None and number(memory) not in table["memory_mb"]:
                said = ", ".join(map(str, table["memory_mb"]))
                yield Refusal(place, f"is {memory!r}, but a serverless endpoint has only {said} MB ({table['source']})")
    serverless = [place for place, _ in at(inputs, "productionVariants.serverlessConfig")]
    if serverless and inputs.get("dataCaptureConfig") is not None:
        yield Refusal("dataCaptureConfig", f"cannot be given with a serverless variant ({serverless[0]}): serverless endpoints capture no data")
    if serverless and inputs.get("kmsKeyArn") is not None:
        yield Refusal("kmsKeyArn", f"cannot be given with a serverless variant ({serverless[0]}): there is no storage volume of its own to encrypt")


def _lambda_limits(inputs: Inputs) -> Iterator[Refusal]:
    """Functions on machines of the account's own (a capacity provider) have other limits."""
    if inputs.get("capacityProviderConfig") is not None:
        return
    table = _table("lambda")
    memory, timeout = number(inputs.get("memorySize")), number(inputs.get("timeout"))
    low, high = table["memory_mb"]
    if memory is not None and not low <= memory <= high:
        yield Refusal("memorySize", f"is {memory:g}, but a function has {low} to {high} MB ({table['source']})")
    if timeout is not None and timeout > table["timeout_s"]:
        yield Refusal("timeout", f"is {timeout:g}, but a function runs at most {table['timeout_s']} seconds ({table['source']})")


def _rest_timeout(inputs: Inputs) -> Iterator[Refusal]:
    """Answers that are streamed may take longer."""
    table = _table("api_gateway")
    buffered = inputs.get("responseTransferMode") in (None, "BUFFERED")
    low, high = table["integration_timeout_ms" if buffered else "streamed_timeout_ms"]
    asked = number(inputs.get("timeoutMilliseconds"))
    if asked is not None and not low <= asked <= high:
        yield Refusal(
            "timeoutMilliseconds", f"is {asked:g}, but API Gateway waits {low} to {high} ms unless the account's quota is raised ({table['source']})"
        )


# Google Cloud

_BYTES: Final[Mapping[str, float]] = {
    "": 1,
    "k": 1e3,
    "K": 1e3,
    "M": 1e6,
    "G": 1e9,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "KB": 1e3,
    "MB": 1e6,
    "GB": 1e9,
}


def _gibibytes(value: Any) -> float | None:
    found = re.fullmatch(r"([\d.]+)\s*([KMGk]i?B?|)", value) if isinstance(value, str) else None
    return float(found[1]) * _BYTES[found[2]] / 2**30 if found and found[2] in _BYTES else None


def _cores(value: Any) -> float | None:
    if isinstance(value, str) and value.endswith("m"):
        milli = number(value[:-1])
        return None if milli is None else milli / 1000
    return number(value)


def _cloud_run_pair(cpu_place: str, cpu: float | None, memory_place: str, memory: float | None) -> Iterator[Refusal]:
    table = _table("cloud_run")
    if cpu is not None and cpu not in table["cpus"] and not 0.08 <= cpu < 1:
        yield Refusal(cpu_place, f"is {cpu:g}, but Cloud Run has {', '.join(map(str, table['cpus']))} CPUs, or 0.08 to 1 ({table['cpu_source']})")
        return
    if memory is None:
        return
    if memory > table["most_gib"]:
        yield Refusal(memory_place, f"is {memory:g} GiB, but Cloud Run has at most {table['most_gib']} GiB ({table['source']})")
        return
    cores = 1.0 if cpu is None else cpu
    least = next((cpus for above, cpus in table["least_cpu_above_gib"] if memory > above), 0)
    if cores < least:
        yield Refusal(memory_place, f"is {memory:g} GiB, which needs at least {least} CPU, not {cores:g}; {_cloud_run_said()} ({table['source']})")
    floor = table["least_gib_for_cpu"].get(int(cores), 0)
    if memory < floor:
        yield Refusal(memory_place, f"is {memory:g} GiB, but {cores:g} CPUs need at least {floor} GiB ({table['cpu_source']})")


def _cloud_run_said() -> str:
    return "more than 4 GiB needs 2 CPUs, 8 GiB 4, 16 GiB 6, 24 GiB 8"


def _cloud_run(containers: str) -> Callable[[Inputs], Iterator[Refusal]]:
    """The containers of a Cloud Run service, job or worker pool; each has its own limits."""

    def run(inputs: Inputs) -> Iterator[Refusal]:
        for place, limits in at(inputs, f"{containers}.resources.limits"):
            fields = as_object(limits) or {}
            if fields.get("nvidia.com/gpu") is not None:
                yield from _cloud_run_gpu(place, fields, inputs)
                continue
            yield from _cloud_run_pair(f"{place}.cpu", _cores(fields.get("cpu")), f"{place}.memory", _gibibytes(fields.get("memory")))

    return run


def _cloud_run_gpu(place: str, limits: Mapping[str, Any], inputs: Inputs) -> Iterator[Refusal]:
    table = _table("cloud_run")["gpus"]
    chosen = [value for path in ("template.nodeSelector.accelerator", "template.template.nodeSelector.accelerator") for _, value in at(inputs, path)]
    if chosen and chosen[0] != "nvidia-l4":
        return  # larger GPUs have larger machines
    cpu, memory = _cores(limits.get("cpu")), _gibibytes(limits.get("memory"))
    if cpu is not None and cpu < table["least_cpu"]:
        yield Refusal(f"{place}.cpu", f"is {cpu:g}, but an L4 GPU needs at least {table['least_cpu']} CPUs ({table['source']})")
    if memory is not None and memory < table["least_gib"]:
        yield Refusal(f"{place}.memory", f"is {memory:g} GiB, but an L4 GPU needs at least {table['least_gib']} GiB ({table['source']})")


def _cloud_function(inputs: Inputs) -> Iterator[Refusal]:
    config = inputs.get("serviceConfig")
    yield from _cloud_run_pair(
        "serviceConfig.availableCpu", _cores(one(config, "availableCpu")), "serviceConfig.availableMemory", _gibibytes(one(config, "availableMemory"))
    )


def _percentages(path: str, part: str, *, exactly: bool) -> Callable[[Inputs], Iterator[Refusal]]:
    """The shares of a list that must make 100."""

    def run(inputs: Inputs) -> Iterator[Refusal]:
        shares = [one(held, part) for _, held in at(inputs, path)]
        if not shares or UNKNOWN in shares:
            return
        total = sum(number(share) or 0 for share in shares)
        if total != 100 if exactly else total > 100:
            yield Refusal(path, f"shares out {total:g} percent, but it must be {'exactly' if exactly else 'at most'} 100")

    return run


# Azure


def _container_apps(inputs: Inputs) -> Iterator[Refusal]:
    """The consumption profile has fixed pairs, for all containers of a replica together."""
    table = _table("container_apps")
    if inputs.get("workloadProfileName") not in (None, "Consumption"):
        return
    resources = [held for _, held in at(inputs, "template.containers.resources")]
    cpus = [number(one(held, "cpu")) for held in resources]
    sizes = [_gibibytes(one(held, "memory")) for held in resources]
    if not resources or None in cpus or None in sizes:
        return
    cpu, memory = sum(value or 0 for value in cpus), sum(value or 0 for value in sizes)
    steps = cpu / table["step_cpu"]
    if cpu > table["most_cpu"] or abs(steps - round(steps)) > 1e-9 or abs(memory - table["gib_per_cpu"] * cpu) > 1e-9:
        pairs = ", ".join(f"{n * table['step_cpu']:g}/{n * table['step_cpu'] * table['gib_per_cpu']:g}Gi" for n in range(1, 17))
        yield Refusal(
            "template.containers[0].resources",
            f"asks for {cpu:g} CPU and {memory:g} GiB in all, but the consumption profile has only {pairs} ({table['source']})",
        )


def _container_instances(inputs: Inputs) -> Iterator[Refusal]:
    table = _table("container_instances")
    cpu = sum(number(value) or 0 for _, value in at(inputs, "containers.resources.requests.cpu"))
    memory = sum(number(value) or 0 for _, value in at(inputs, "containers.resources.requests.memoryInGB"))
    if cpu > table["most_cpu"]:
        yield Refusal("containers", f"ask for {cpu:g} CPUs in all, but a container group has at most {table['most_cpu']} ({table['source']})")
    if memory > table["most_gb"]:
        yield Refusal("containers", f"ask for {memory:g} GB in all, but a container group has at most {table['most_gb']} ({table['source']})")
    for name, most in (("containers", table["containers"]), ("volumes", table["volumes"])):
        held = as_list(inputs.get(name)) or []
        if len(held) > most:
            yield Refusal(name, f"has {len(held)}, but a container group has at most {most} ({table['source']})")
    ports = as_list(one(inputs.get("ipAddress"), "ports")) or []
    if len(ports) > table["ports"]:
        yield Refusal("ipAddress.ports", f"has {len(ports)}, but a container group opens at most {table['ports']} ({table['source']})")


CHECKS: Final[Mapping[str, tuple[Callable[[Inputs], Iterator[Refusal]], ...]]] = {
    "aws:apigateway/integration:Integration": (_rest_timeout,),
    "aws:ecs/taskDefinition:TaskDefinition": (_fargate,),
    "aws:lambda/function:Function": (_lambda_limits,),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": (_sagemaker_serverless,),
    "azure-native:app:ContainerApp": (_container_apps, _percentages("configuration.ingress.traffic", "weight", exactly=True)),
    "azure-native:app:Job": (_container_apps,),
    "azure-native:containerinstance:ContainerGroup": (_container_instances,),
    "gcp:cloudfunctionsv2/function:Function": (_cloud_function,),
    "gcp:cloudrunv2/job:Job": (_cloud_run("template.template.containers"),),
    "gcp:cloudrunv2/service:Service": (_cloud_run("template.containers"), _percentages("traffics", "percent", exactly=True)),
    "gcp:cloudrunv2/workerPool:WorkerPool": (_cloud_run("template.containers"),),
}
