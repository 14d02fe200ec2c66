"""Valid arguments, of which each test changes a few."""

from typing import Any

import pulumi

from modeldeploy.kubernetes.batch import KubernetesBatch
from modeldeploy.kubernetes.kserve import KServeEndpoint, KServeEndpointArgs
from modeldeploy.kubernetes.workload import KubernetesWorkload
from modeldeploy.spec import Container, Model
from modeldeploy.spec.arguments import parse
from modeldeploy.spec.kubernetes import BatchWorkloadArgs, Destination, NetworkRules, WorkloadArgs
from tests.support.mocks import Graph, record

IMAGE = "registry.example.com/team/pricing@sha256:" + "a" * 64
LOADER = "registry.example.com/platform/loader@sha256:" + "b" * 64
STORAGE = Destination(cidr="10.9.0.0/16")


def model(version: str = "1", **changes: Any) -> Model:
    return Model(**{"name": "pricing", "version": version, "source": "pvc://models/pricing", "container": Container(image=IMAGE), **changes})


def remote(version: str = "1") -> dict[str, Any]:
    """Arguments of a workload whose model is fetched."""
    return {
        "models": [model(version, source=f"s3://models/pricing/{version}")],
        "loader_image": LOADER,
        "network": NetworkRules(egress=[STORAGE]),
    }


def workload(**changes: Any) -> WorkloadArgs:
    return WorkloadArgs(**{"models": [model()], **changes})


def checked(**changes: Any) -> WorkloadArgs:
    """The arguments as a component reads them; raises what it would."""
    return parse(WorkloadArgs, workload(**changes), "KubernetesWorkload 'pricing-api'")


def registered(name: str = "pricing-api", **changes: Any) -> Graph:
    """What a workload registers."""
    return record(lambda: exported(KubernetesWorkload(name, workload(**changes))), stack="dev")


def batch(**changes: Any) -> Graph:
    """What a batch registers."""
    return record(lambda: exported(KubernetesBatch("scoring", BatchWorkloadArgs(**{"model": model(), **changes}))), stack="dev")


def kserve(**changes: Any) -> Graph:
    """What a KServe endpoint registers."""
    return record(lambda: exported(KServeEndpoint("pricing-api", KServeEndpointArgs(**{"model": model(), **changes}))), stack="dev")


def exported(made: pulumi.Resource) -> dict[str, pulumi.Output[Any]]:
    return {output: getattr(made, output) for output in type(made).__annotations__}
