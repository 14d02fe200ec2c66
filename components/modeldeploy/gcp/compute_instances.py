"""Machines of Compute Engine, for clusters and for batches on machines of their own, with their prices.

Prices are on demand in US dollars an hour in us-central1, as https://cloud.google.com/compute/vm-instance-pricing stood in 2026, those with a GPU to
the cent; other regions have others. Spare machines cost less, by a share that changes from month to month: it is not counted.
Sizes: https://cloud.google.com/compute/docs/general-purpose-machines and https://cloud.google.com/compute/docs/gpus#l4-gpus.
"""

from modeldeploy.spec.compute import InstanceType

GPU = "nvidia-l4"
"""The GPU of the machines that have some."""
CATALOGUE = (
    InstanceType("e2-standard-2", cpus=2, memory_gib=8, hourly_usd=0.06701),
    InstanceType("e2-standard-4", cpus=4, memory_gib=16, hourly_usd=0.13402),
    InstanceType("e2-standard-8", cpus=8, memory_gib=32, hourly_usd=0.26805),
    InstanceType("e2-standard-16", cpus=16, memory_gib=64, hourly_usd=0.53609),
    InstanceType("g2-standard-4", cpus=4, memory_gib=16, gpus=1, hourly_usd=0.71),
    InstanceType("g2-standard-8", cpus=8, memory_gib=32, gpus=1, hourly_usd=0.85),
)
