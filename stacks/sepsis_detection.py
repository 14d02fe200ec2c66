"""Sepsis detection: the risk of sepsis from the vital signs of patients in intensive care, always on.

The workload: every bed asks every few seconds, day and night, from monitoring that runs on the same cluster; answers within 50 ms; a missed answer
can cost a life. Protected health information.
"""

from dataclasses import dataclass

from modeldeploy.spec import Operations, ReplicaScaling
from modeldeploy.spec.needs import DataClass, Needs, Traffic, Work
from stacks.shared.deploy import serve
from stacks.shared.project import Project
from stacks.shared.serving import Serving
from stacks.shared.settings import load

PROJECT = Project(
    name="sepsis-detection",
    owner="healthcare",
    needs=Needs(work=Work.REAL_TIME, latency_ms=40, traffic=Traffic.STEADY, data_class=DataClass.HEALTH),
)


@dataclass(frozen=True, kw_only=True)
class SepsisDetection(Serving):
    """The stack's configuration, key `modeldeploy:workload`."""

    scaling: ReplicaScaling | None = ReplicaScaling(minimum=3, maximum=10)
    operations: Operations = Operations(latency_milliseconds=40, log_retention_days=731)


def deploy() -> None:
    """The workload, and the private cluster it runs on."""
    target, workload = load(SepsisDetection)
    serve(PROJECT, target, workload)
