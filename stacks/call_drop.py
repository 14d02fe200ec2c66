"""Call drop: the risk that a running call breaks off, scored from what the radio cells measure, while there is time to hand the call over.

The workload: events of all cells day and night, each scored as it arrives; one that waited for a minute is of no use any more. Events of a cell stay
in order. Data about people: who telephones where.
"""

from dataclasses import dataclass

from modeldeploy.spec import FunctionScaling, Operations
from modeldeploy.spec.needs import DataClass, Needs, Work
from stacks.shared.deploy import stream
from stacks.shared.project import Project
from stacks.shared.settings import load
from stacks.shared.streaming import Streaming

PROJECT = Project(
    name="call-drop",
    owner="telecommunications",
    needs=Needs(work=Work.STREAMING, data_class=DataClass.PERSONAL),
)


@dataclass(frozen=True, kw_only=True)
class CallDrop(Streaming):
    """The stack's configuration, key `modeldeploy:workload`."""

    max_age_seconds: int = 60
    lag_seconds: int = 10
    capture_days: int = 7
    scaling: FunctionScaling = FunctionScaling(minimum=2, maximum=20)
    operations: Operations = Operations(latency_milliseconds=100)


def deploy() -> None:
    """The stream of events, the consumer that scores them, and the stream of results."""
    target, workload = load(CallDrop)
    stream(PROJECT, target, workload)
