"""The machines of managed online endpoints.

Which there are: https://learn.microsoft.com/azure/machine-learning/reference-managed-online-endpoints-vm-sku-list. This table has those a
model of this library's kind runs on; sizes with less than 7 GiB are left out, because Azure warns that containers end there for want of memory.

Prices: Linux, on demand, region East US, US dollars per hour, as in SkyPilot's catalogue of Azure's retail prices
(skypilot-org/skypilot-catalog, catalogs/v6/azure/vms.csv, commit 098741e; read 2026-11-24). Azure ML adds nothing to the price of the machine.
"""

from modeldeploy.spec.compute import InstanceType

SERVICE = "Azure ML"

CATALOGUE = (
    InstanceType(name="Standard_D2as_v4", cpus=2, memory_gib=8, hourly_usd=0.096),
    InstanceType(name="Standard_D4as_v4", cpus=4, memory_gib=16, hourly_usd=0.192),
    InstanceType(name="Standard_D32as_v4", cpus=32, memory_gib=128, hourly_usd=1.536),
    InstanceType(name="Standard_D48as_v4", cpus=48, memory_gib=192, hourly_usd=2.304),
    InstanceType(name="Standard_D64as_v4", cpus=64, memory_gib=256, hourly_usd=3.072),
    InstanceType(name="Standard_DS2_v2", cpus=2, memory_gib=7, hourly_usd=0.146),
    InstanceType(name="Standard_DS3_v2", cpus=4, memory_gib=14, hourly_usd=0.293),
    InstanceType(name="Standard_DS4_v2", cpus=8, memory_gib=28, hourly_usd=0.585),
    InstanceType(name="Standard_DS5_v2", cpus=16, memory_gib=56, hourly_usd=1.17),
    InstanceType(name="Standard_NC4as_T4_v3", cpus=4, memory_gib=28, gpus=1, hourly_usd=0.526),
    InstanceType(name="Standard_NC8as_T4_v3", cpus=8, memory_gib=56, gpus=1, hourly_usd=0.752),
    InstanceType(name="Standard_NC16as_T4_v3", cpus=16, memory_gib=110, gpus=1, hourly_usd=1.204),
    InstanceType(name="Standard_NC64as_T4_v3", cpus=64, memory_gib=440, gpus=4, hourly_usd=4.352),
    InstanceType(name="Standard_NC24ads_A100_v4", cpus=24, memory_gib=220, gpus=1, hourly_usd=3.673),
    InstanceType(name="Standard_NC48ads_A100_v4", cpus=48, memory_gib=440, gpus=2, hourly_usd=7.346),
    InstanceType(name="Standard_NC96ads_A100_v4", cpus=96, memory_gib=880, gpus=4, hourly_usd=14.692),
    InstanceType(name="Standard_NC40ads_H100_v5", cpus=40, memory_gib=320, gpus=1, hourly_usd=6.98),
)
"""Sorted by family."""
