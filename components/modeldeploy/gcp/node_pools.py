"""Machines of a Standard cluster on GKE: pools that grow and shrink with the pods, down to none."""

import hashlib
from collections.abc import Sequence

import pulumi_gcp as gcp

from modeldeploy.spec.cluster import NodePool
from modeldeploy.spec.compute import Compute, InstanceType, choose

from .compute_instances import CATALOGUE, GPU
from .keys import Key
from .scope import Scope

BASE = NodePool(name="base", compute=Compute(cpus=4, memory_gib=16), minimum=2, maximum=10)
"""The machines that every Standard cluster has: for the cluster's own pods, and for what asks for no others."""
SPOT = "cloud.google.com/gke-spot"
"""Label of spare machines, and the taint that keeps pods off them which do not put up with it."""
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
"""What a machine's tokens are for: its account's roles decide, not this older list."""


def node_pool(
    scope: Scope, cluster: gcp.container.Cluster, pool: NodePool, account: gcp.serviceaccount.Account, key: Key, zones: Sequence[str]
) -> gcp.container.NodePool:
    """A pool. Other machines are another pool under another name, which is there before the old one goes."""
    machine = choose(pool.compute, CATALOGUE)
    return gcp.container.NodePool(
        f"{scope.name}-{pool.name}",
        gcp.container.NodePoolArgs(
            name=pool_name(pool, machine),
            cluster=cluster.id,
            location=scope.region,
            project=scope.project,
            node_locations=list(zones) or None,
            # One in each zone to begin with, where some are always kept.
            initial_node_count=1 if pool.minimum else None,
            autoscaling=gcp.container.NodePoolAutoscalingArgs(
                total_min_node_count=pool.minimum, total_max_node_count=pool.maximum, location_policy="ANY" if pool.spot else "BALANCED"
            ),
            management=gcp.container.NodePoolManagementArgs(auto_repair=True, auto_upgrade=True),
            upgrade_settings=gcp.container.NodePoolUpgradeSettingsArgs(strategy="SURGE", max_surge=1, max_unavailable=0),
            node_config=_node_config(scope, pool, machine, account, key),
        ),
        # From then on their number is the autoscaler's.
        scope.child(*key.ready, ignore_changes=["initialNodeCount", "nodeCount"]),
    )


def pool_name(pool: NodePool, machine: InstanceType) -> str:
    """The name of a pool in its cluster: with the machine, which cannot be changed, in it."""
    fixed = f"{machine.name} {pool.spot}"
    return f"{pool.name}-{hashlib.sha256(fixed.encode()).hexdigest()[:8]}"


def pools_monthly_usd(pools: Sequence[NodePool], *, most: bool, hours: int) -> float:
    """What the machines of `pools` cost in a month of `hours`, at least or at most."""
    return sum(choose(each.compute, CATALOGUE).hourly_usd * hours * (each.maximum if most else each.minimum) for each in pools)


def _node_config(
    scope: Scope, pool: NodePool, machine: InstanceType, account: gcp.serviceaccount.Account, key: Key
) -> gcp.container.NodePoolNodeConfigArgs:
    """Machines with Google's container system, verified from the boot on, whose metadata pods do not see."""
    gpu = gcp.container.NodePoolNodeConfigGuestAcceleratorArgs(
        type=GPU,
        count=machine.gpus,
        gpu_driver_installation_config=gcp.container.NodePoolNodeConfigGuestAcceleratorGpuDriverInstallationConfigArgs(gpu_driver_version="DEFAULT"),
    )
    return gcp.container.NodePoolNodeConfigArgs(
        machine_type=machine.name,
        image_type="COS_CONTAINERD",
        disk_type="pd-balanced",
        disk_size_gb=100,
        boot_disk_kms_key=key.id,
        service_account=account.email,
        oauth_scopes=_SCOPES,
        spot=pool.spot,
        # GKE itself puts the taint nvidia.com/gpu on machines with GPUs.
        guest_accelerators=[gpu] if machine.gpus else None,
        taints=[gcp.container.NodePoolNodeConfigTaintArgs(key=SPOT, value="true", effect="NO_SCHEDULE")] if pool.spot else None,
        shielded_instance_config=gcp.container.NodePoolNodeConfigShieldedInstanceConfigArgs(
            enable_secure_boot=True, enable_integrity_monitoring=True
        ),
        workload_metadata_config=gcp.container.NodePoolNodeConfigWorkloadMetadataConfigArgs(mode="GKE_METADATA"),
        metadata={"disable-legacy-endpoints": "true"},
        kubelet_config=gcp.container.NodePoolNodeConfigKubeletConfigArgs(insecure_kubelet_readonly_port_enabled="FALSE"),
        resource_labels=scope.labels,
    )
