"""The promise every component of the library keeps, for those that run on any cluster."""

import dataclasses
import inspect
from typing import Any

import pulumi
import pytest

from modeldeploy.kubernetes.batch import KubernetesBatch
from modeldeploy.kubernetes.kserve import KServeEndpoint
from modeldeploy.kubernetes.workload import KubernetesWorkload
from modeldeploy.plugin import component_classes
from tests.components.test_contract import args_class, documented, outputs

COMPONENTS: list[Any] = [KubernetesWorkload, KubernetesBatch, KServeEndpoint]


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_takes_name_args_and_opts(component: Any) -> None:
    assert issubclass(component, pulumi.ComponentResource)
    assert list(inspect.signature(component).parameters) == ["name", "args", "opts"]


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_argument_and_output_is_documented(component: Any) -> None:
    assert outputs(component) <= documented(component)
    for kind in args_class(component).__mro__:
        if dataclasses.is_dataclass(kind):
            assert set(inspect.get_annotations(kind)) <= documented(kind), kind


@pytest.mark.parametrize("component", COMPONENTS)
def test_components_share_outputs(component: Any) -> None:
    assert {"identity", "model_version", "logs", "namespace"} <= outputs(component)


def test_they_are_hosted_for_other_languages() -> None:
    assert set(COMPONENTS) <= set(component_classes())
