"""Demand forecasting: what each shop sells of each product next week.

The workload: one run a week over files of records, one line for each shop and product, which the planners read on Monday.
"""

from dataclasses import dataclass

from modeldeploy.spec import Schedule
from modeldeploy.spec.needs import Needs, Work
from stacks.shared.deploy import score
from stacks.shared.project import Project
from stacks.shared.scoring import Scoring
from stacks.shared.settings import load

PROJECT = Project(
    name="demand-forecasting",
    owner="retail",
    needs=Needs(work=Work.BATCH, batch_window_minutes=720, files_of_records=True),
)


@dataclass(frozen=True, kw_only=True)
class DemandForecasting(Scoring):
    """The stack's configuration, key `modeldeploy:workload`."""

    schedule: Schedule | None = Schedule(cron="0 20 * * 0", time_zone="Europe/Berlin")


def deploy() -> None:
    """The weekly batch, which the cloud's machine-learning service runs."""
    target, workload = load(DemandForecasting)
    score(PROJECT, target, workload)
