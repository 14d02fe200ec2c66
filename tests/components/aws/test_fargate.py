"""Sizes of containers on Fargate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeploy.aws.fargate import MEMORY_MIB, FargateSize, fargate_size
from modeldeploy.spec import ContainerCompute


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        (ContainerCompute(), FargateSize(1024, 2048)),
        (ContainerCompute(cpu_millis=250, memory_mib=512), FargateSize(256, 512)),
        (ContainerCompute(cpu_millis=300, memory_mib=512), FargateSize(512, 1024)),
        # Memory decides: a quarter of a CPU has 2 GiB at most.
        (ContainerCompute(cpu_millis=250, memory_mib=4096), FargateSize(512, 4096)),
        (ContainerCompute(cpu_millis=8000, memory_mib=62000), FargateSize(16384, 65536)),
        (ContainerCompute(cpu_millis=16000, memory_mib=122880), FargateSize(16384, 122880)),
    ],
)
def test_the_smallest_size_that_has_both_is_taken(asked: ContainerCompute, size: FargateSize) -> None:
    assert fargate_size(asked) == size


@given(st.integers(250, 16000), st.integers(512, 122880))
def test_every_size_a_container_may_ask_for_is_there(cpu_millis: int, memory_mib: int) -> None:
    size = fargate_size(ContainerCompute(cpu_millis=cpu_millis, memory_mib=memory_mib))
    assert size.memory_mib in MEMORY_MIB[size.cpu_units]
    assert size.cpus * 1000 >= cpu_millis
    assert size.memory_mib >= memory_mib


def test_a_task_of_one_cpu_and_two_gib_costs_five_cents_an_hour() -> None:
    assert FargateSize(1024, 2048).hourly_usd == pytest.approx(0.04937)
