from modeldeploy.spec import Compute
from modeldeploy.spec.compute import InstanceType, choice_problems, choose

CATALOGUE = (
    InstanceType("big", 8, 32, hourly_usd=0.4),
    InstanceType("small", 2, 8, hourly_usd=0.1),
    InstanceType("dear-small", 2, 8, hourly_usd=0.2),
    InstanceType("gpu", 4, 16, gpus=1, hourly_usd=0.7),
)


def test_the_cheapest_machine_with_the_size_asked_for_is_chosen() -> None:
    assert choose(Compute(), CATALOGUE).name == "small"
    assert choose(Compute(cpus=3), CATALOGUE).name == "big"
    assert choose(Compute(memory_gib=9), CATALOGUE).name == "big"


def test_a_gpu_is_chosen_only_when_asked_for() -> None:
    assert choose(Compute(gpus=1), CATALOGUE).name == "gpu"
    assert choose(Compute(cpus=4, memory_gib=16), CATALOGUE).name == "big"


def test_a_machine_can_be_named() -> None:
    assert choose(Compute(instance_type="dear-small"), CATALOGUE).name == "dear-small"


def test_a_machine_the_service_lacks_is_refused_with_the_list() -> None:
    (problem,) = choice_problems(Compute(instance_type="smal"), CATALOGUE, "SageMaker")
    assert problem.path == "compute.instance_type"
    assert problem.reason == "'smal' is not known; did you mean 'small'? allowed: big, dear-small, gpu, small"


def test_a_size_no_machine_has_is_refused() -> None:
    (problem,) = choice_problems(Compute(cpus=64), CATALOGUE, "SageMaker")
    assert problem.reason == "SageMaker has no machine with 64 CPUs, 8 GiB and 0 GPUs among big, small, dear-small, gpu"


def test_sizes_and_names_the_service_has_are_no_problem() -> None:
    assert list(choice_problems(Compute(), CATALOGUE, "SageMaker")) == []
    assert list(choice_problems(Compute(instance_type="gpu"), CATALOGUE, "SageMaker")) == []
