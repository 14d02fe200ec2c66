"""Hospital readmission: the risk that a patient comes back within thirty days, for everybody who was discharged that day.

The workload: one run a night that reads the health records of the day's patients from the FHIR service beside it. Protected health information.
"""

from dataclasses import dataclass

from modeldeploy.spec import Operations, Schedule
from modeldeploy.spec.needs import DataClass, Needs, Work
from stacks.shared.deploy import score
from stacks.shared.project import Project
from stacks.shared.scoring import Scoring
from stacks.shared.settings import load

PROJECT = Project(
    name="hospital-readmission",
    owner="healthcare",
    needs=Needs(work=Work.BATCH, batch_window_minutes=240, data_class=DataClass.HEALTH),
    health_records=True,
)


@dataclass(frozen=True, kw_only=True)
class HospitalReadmission(Scoring):
    """The stack's configuration, key `modeldeploy:workload`."""

    schedule: Schedule | None = Schedule(cron="0 22 * * *", time_zone="Europe/Berlin")
    operations: Operations = Operations(log_retention_days=731)


def deploy() -> None:
    """The nightly batch, and the FHIR service that it reads, in one private network."""
    target, workload = load(HospitalReadmission)
    score(PROJECT, target, workload)
