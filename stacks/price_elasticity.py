"""Price elasticity: what a change of price does to demand, for analysts who try scenarios.

The workload: some requests an hour on working days and none in between, answers within half a second; nothing runs, and nothing is paid, in the
pauses.
"""

from dataclasses import dataclass

from modeldeploy.spec import Operations
from modeldeploy.spec.needs import Needs, Traffic, Work
from stacks.shared.deploy import serve
from stacks.shared.project import Project
from stacks.shared.serving import Serving
from stacks.shared.settings import load

PROJECT = Project(
    name="price-elasticity",
    owner="retail",
    needs=Needs(work=Work.REAL_TIME, latency_ms=500, traffic=Traffic.SPORADIC),
)


@dataclass(frozen=True, kw_only=True)
class PriceElasticity(Serving):
    """The stack's configuration, key `modeldeploy:workload`."""

    operations: Operations = Operations(latency_milliseconds=500)


def deploy() -> None:
    """The function that scales to zero."""
    target, workload = load(PriceElasticity)
    serve(PROJECT, target, workload)
