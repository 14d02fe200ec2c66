"""Machines that Vertex AI serves models on, with their prices.

Prices are on demand in US dollars per node-hour of online prediction in us-central1, as Vertex AI's price list (https://cloud.google.com/vertex-ai/pricing)
stood on 15 June 2026 (N1) and 8 September 2026 (E2), and to the cent in 2026 (G2, whose price has the GPU in it). They are higher than Compute
Engine's, and other regions have others. A machine whose price was not found is left out.
Sizes: https://cloud.google.com/compute/docs/general-purpose-machines
"""

from modeldeploy.spec.compute import HOURS_PER_MONTH, InstanceType

GPU = "NVIDIA_L4"
"""The GPU of the machines that have some, as Vertex AI calls it."""
CATALOGUE = (
    InstanceType("e2-standard-2", cpus=2, memory_gib=8, hourly_usd=0.0770564),
    InstanceType("n1-standard-2", cpus=2, memory_gib=7.5, hourly_usd=0.1095),
    InstanceType("n1-standard-4", cpus=4, memory_gib=15, hourly_usd=0.219),
    InstanceType("n1-standard-8", cpus=8, memory_gib=30, hourly_usd=0.438),
    InstanceType("n1-standard-16", cpus=16, memory_gib=60, hourly_usd=0.876),
    InstanceType("n1-highmem-2", cpus=2, memory_gib=13, hourly_usd=0.137),
    InstanceType("n1-highmem-4", cpus=4, memory_gib=26, hourly_usd=0.274),
    InstanceType("n1-highmem-8", cpus=8, memory_gib=52, hourly_usd=0.548),
    InstanceType("g2-standard-4", cpus=4, memory_gib=16, gpus=1, hourly_usd=0.81),
    InstanceType("g2-standard-8", cpus=8, memory_gib=32, gpus=1, hourly_usd=0.98),
)


def monthly_usd(machine: InstanceType, replicas: int) -> float:
    """What `replicas` machines cost in a month, in US dollars."""
    return round(machine.hourly_usd * HOURS_PER_MONTH * replicas, 2)
