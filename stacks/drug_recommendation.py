"""Drug recommendation: which drug suits a patient, for a physician at the desk.

The workload: requests in consulting hours, answers within 200 ms. Protected health information; the answer supports a decision and takes none.
"""

from dataclasses import dataclass

from modeldeploy.spec import Operations
from modeldeploy.spec.needs import DataClass, Needs, Traffic, Work
from stacks.shared.deploy import serve
from stacks.shared.project import Project
from stacks.shared.serving import Serving
from stacks.shared.settings import load

PROJECT = Project(
    name="drug-recommendation",
    owner="healthcare",
    needs=Needs(work=Work.REAL_TIME, latency_ms=200, traffic=Traffic.VARIABLE, data_class=DataClass.HEALTH),
)


@dataclass(frozen=True, kw_only=True)
class DrugRecommendation(Serving):
    """The stack's configuration, key `modeldeploy:workload`."""

    operations: Operations = Operations(latency_milliseconds=200, log_retention_days=731)


def deploy() -> None:
    """The container behind its load balancer, in a private network of its own."""
    target, workload = load(DrugRecommendation)
    serve(PROJECT, target, workload)
