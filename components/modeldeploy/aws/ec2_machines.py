"""Sizes of EC2 machines, and what they cost.

Prices are on demand, Linux, region us-east-1, US dollars per hour, as public cost tables agree on them on 24 November 2026
(https://cloudburn.io/blog/amazon-eks-pricing, https://kindatechnical.com/aws-eks/lesson-31-understanding-eks-pricing.html); AWS publishes them at
https://aws.amazon.com/eks/pricing/ and https://aws.amazon.com/ec2/pricing/on-demand/.
"""

import re

CLUSTER_HOURLY_USD = 0.10
"""One EKS cluster in standard support."""

MACHINE_HOURLY_USD = 0.096
MACHINE_CPUS = 2
MACHINE_GIB = 8
"""An m5.large, by which the share of a pod is counted."""

AUTO_MODE_SHARE = 0.12
"""What EKS Auto Mode adds to the price of a machine."""

INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*\.(?:large|(\d*)xlarge)")


def cpus_of(instance_type: str) -> int | None:
    """CPUs of a machine by its size, which is the same in every family: 2 for `large`, 4 for `xlarge`, 4n for `<n>xlarge`. None where the name tells
    nothing (`metal`), or EKS Auto Mode has no such size."""
    found = INSTANCE_TYPE.fullmatch(instance_type)
    if found is None:
        return None
    times = found.group(1)
    return 2 if times is None else 4 * int(times or 1)


def pod_hourly_usd(cpu_millis: int, memory_mib: int) -> float:
    """US dollars an hour of what a pod asks for, as its share of a machine that Auto Mode runs."""
    share = max(cpu_millis / 1000 / MACHINE_CPUS, memory_mib / 1024 / MACHINE_GIB)
    return share * MACHINE_HOURLY_USD * (1 + AUTO_MODE_SHARE)
