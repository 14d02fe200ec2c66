"""Machines of EKS Auto Mode: https://docs.aws.amazon.com/eks/latest/userguide/create-node-pool.html.

The pools that EKS brings along encrypt disks with a key of AWS's own and cannot be changed, so the cluster has none of them.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import ConfigMap
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.cluster import NodePool

from .ec2_machines import cpus_of

NODE_CLASS = "modeldeploy"
GENERAL = "general"
"""Name of the pool that is always there."""
GENERAL_CPUS = 256
"""CPUs that the general pool grows to."""
GPU = "nvidia.com/gpu"
SPOT_TAINT = "eks.amazonaws.com/capacity-type"
POOL_LABEL = "modeldeploy/pool"
LIFE = "336h"
"""How old a machine gets before it is replaced, so that it runs a patched image: two weeks, of three that are allowed."""


def node_pools(
    name: str,
    pools: Sequence[NodePool],
    node_role: pulumi.Input[str],
    subnet_ids: Sequence[pulumi.Input[str]],
    security_group_id: pulumi.Input[str],
    key: pulumi.Input[str],
    labels: dict[str, str],
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    """The class that all machines are of, the general pool, and those asked for."""
    machines = CustomResource(
        f"{name}-machines",
        api_version="eks.amazonaws.com/v1",
        kind="NodeClass",
        metadata=ObjectMetaArgs(name=NODE_CLASS, labels=labels),
        spec={
            "role": node_role,
            "subnetSelectorTerms": [{"id": subnet} for subnet in subnet_ids],
            "securityGroupSelectorTerms": [{"id": security_group_id}],
            "networkPolicy": "DefaultAllow",
            "networkPolicyEventLogs": "Enabled",
            "ephemeralStorage": {"size": "80Gi", "kmsKeyID": key},
        },
        opts=opts,
    )
    after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[machines]))
    made: list[pulumi.Resource] = [machines]
    for pool_name, spec in [(GENERAL, _general()), *((pool.name, _pool(pool)) for pool in pools)]:
        made.append(
            CustomResource(
                f"{name}-pool-{pool_name}",
                api_version="karpenter.sh/v1",
                kind="NodePool",
                metadata=ObjectMetaArgs(name=pool_name, labels=labels),
                spec=spec,
                opts=after,
            )
        )
    return made


def network_policies(name: str, labels: dict[str, str], opts: pulumi.ResourceOptions) -> ConfigMap:
    """Makes Auto Mode enforce NetworkPolicy, which it does not by itself:
    https://docs.aws.amazon.com/eks/latest/userguide/auto-net-pol.html."""
    return ConfigMap(
        f"{name}-network-policies",
        metadata=ObjectMetaArgs(name="amazon-vpc-cni", namespace="kube-system", labels=labels),
        data={"enable-network-policy-controller": "true"},
        opts=opts,
    )


def pool_problems(pools: Sequence[NodePool]) -> Iterator[Problem]:
    """Problems of pools that Auto Mode could not make."""
    for index, pool in enumerate(pools):
        path = f"pools[{index}]"
        if pool.name == GENERAL:
            yield Problem(f"{path}.name", f"'{GENERAL}' is the pool that is always there; use another name")
        if pool.minimum:
            yield Problem(f"{path}.minimum", f"{pool.minimum} is not allowed: Auto Mode starts machines when pods wait for them; use 0")
        kind = pool.compute.instance_type
        if kind is not None and cpus_of(kind) is None:
            yield Problem(f"{path}.compute.instance_type", f"'{kind}' is no machine of EKS Auto Mode; write for example m6i.xlarge or g5.2xlarge")


def _general() -> dict[str, Any]:
    requirements = [
        _among("eks.amazonaws.com/instance-category", "c", "m", "r"),
        {"key": "eks.amazonaws.com/instance-generation", "operator": "Gt", "values": ["4"]},
        _among("karpenter.sh/capacity-type", "on-demand"),
    ]
    return _spec(GENERAL, requirements, [], {"cpu": str(GENERAL_CPUS)})


def _pool(pool: NodePool) -> dict[str, Any]:
    compute = pool.compute
    cpus, gpus = compute.cpus or 2, compute.gpus or 0
    requirements = [_among("karpenter.sh/capacity-type", *(["spot"] if pool.spot else ["on-demand"]))]
    limits = {"cpu": str(pool.maximum * cpus)}
    if compute.instance_type is not None:
        requirements.append(_among("node.kubernetes.io/instance-type", compute.instance_type))
        limits = {"cpu": str(pool.maximum * (cpus_of(compute.instance_type) or 0))}
        gpus = 1 if compute.instance_type.startswith(("g", "p")) else 0
    elif gpus:
        # Machines with GPUs have more CPUs than asked for: their number is limited by GPUs.
        requirements.append(_among("eks.amazonaws.com/instance-gpu-manufacturer", "nvidia"))
        requirements.append(_among("eks.amazonaws.com/instance-gpu-count", str(gpus)))
        requirements.append({"key": "eks.amazonaws.com/instance-cpu", "operator": "Gt", "values": [str(cpus - 1)]})
        limits = {GPU: str(pool.maximum * gpus)}
    else:
        requirements.append(_among("eks.amazonaws.com/instance-category", "c", "m", "r"))
        # Exactly: only then is a number of CPUs a number of machines.
        requirements.append(_among("eks.amazonaws.com/instance-cpu", str(cpus)))
    if compute.instance_type is None:
        memory = (compute.memory_gib or 8) * 1024
        requirements.append({"key": "eks.amazonaws.com/instance-memory", "operator": "Gt", "values": [str(memory - 1)]})
    taints = [{"key": GPU, "value": "true", "effect": "NoSchedule"}] if gpus else []
    if pool.spot:
        taints.append({"key": SPOT_TAINT, "value": "spot", "effect": "NoSchedule"})
    return _spec(pool.name, requirements, taints, limits)


def _spec(name: str, requirements: list[dict[str, Any]], taints: list[dict[str, str]], limits: dict[str, str]) -> dict[str, Any]:
    # Images are built for it; without the requirement Auto Mode may take the cheaper Arm.
    amd64 = _among("kubernetes.io/arch", "amd64")
    return {
        "template": {
            "metadata": {"labels": {POOL_LABEL: name}},
            "spec": {
                "nodeClassRef": {"group": "eks.amazonaws.com", "kind": "NodeClass", "name": NODE_CLASS},
                "requirements": [amd64, *requirements],
                **({"taints": taints} if taints else {}),
                "expireAfter": LIFE,
                "terminationGracePeriod": "24h",
            },
        },
        "limits": limits,
        "disruption": {"consolidationPolicy": "WhenEmptyOrUnderutilized", "consolidateAfter": "5m", "budgets": [{"nodes": "10%"}]},
    }


def _among(key: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": "In", "values": list(values)}
