"""Credit risk: the probability that an applicant does not pay back, for all open applications each night.

The workload: one run a night over the applications in the relational database beside it, results before the branches open. Data about people.
"""

from dataclasses import dataclass

from modeldeploy.spec import Schedule
from modeldeploy.spec.needs import DataClass, Needs, Work
from stacks.shared.deploy import score
from stacks.shared.project import Project
from stacks.shared.scoring import Scoring
from stacks.shared.settings import load

PROJECT = Project(
    name="credit-risk",
    owner="finance",
    needs=Needs(work=Work.BATCH, batch_window_minutes=300, data_class=DataClass.PERSONAL),
    database="applications",
)


@dataclass(frozen=True, kw_only=True)
class CreditRisk(Scoring):
    """The stack's configuration, key `modeldeploy:workload`."""

    schedule: Schedule | None = Schedule(cron="0 2 * * *", time_zone="Europe/Berlin")


def deploy() -> None:
    """The nightly batch, and the database that it reads, in one private network."""
    target, workload = load(CreditRisk)
    score(PROJECT, target, workload)
