"""Dynamic pricing: a price per product in real time, from prices and stock in the relational database beside it.

The workload: requests all day with peaks in promotions, answers within 50 to 100 ms.
"""

from dataclasses import dataclass

from modeldeploy.spec import Operations
from modeldeploy.spec.needs import Needs, Traffic, Work
from stacks.shared.deploy import serve
from stacks.shared.project import Project
from stacks.shared.serving import Serving
from stacks.shared.settings import load

PROJECT = Project(
    name="dynamic-pricing",
    owner="finance",
    needs=Needs(work=Work.REAL_TIME, latency_ms=100, traffic=Traffic.VARIABLE),
    database="pricing",
)


@dataclass(frozen=True, kw_only=True)
class DynamicPricing(Serving):
    """The stack's configuration, key `modeldeploy:workload`."""

    operations: Operations = Operations(latency_milliseconds=200)


def deploy() -> None:
    """The endpoint, and the database that it reads, in one private network."""
    target, workload = load(DynamicPricing)
    serve(PROJECT, target, workload)
