"""Churn prediction: the risk that a customer leaves, asked while the customer is on the telephone.

The workload: steady requests in the hours of the call centre, answers within 100 ms; data about people.
"""

from dataclasses import dataclass

from modeldeploy.spec import Operations
from modeldeploy.spec.needs import DataClass, Needs, Traffic, Work
from stacks.shared.deploy import serve
from stacks.shared.project import Project
from stacks.shared.serving import Serving
from stacks.shared.settings import load

PROJECT = Project(
    name="churn-prediction",
    owner="telecommunications",
    needs=Needs(work=Work.REAL_TIME, latency_ms=100, traffic=Traffic.STEADY, data_class=DataClass.PERSONAL),
)


@dataclass(frozen=True, kw_only=True)
class ChurnPrediction(Serving):
    """The stack's configuration, key `modeldeploy:workload`."""

    operations: Operations = Operations(latency_milliseconds=100)


def deploy() -> None:
    """The endpoint in a private network of its own."""
    target, workload = load(ChurnPrediction)
    serve(PROJECT, target, workload)
