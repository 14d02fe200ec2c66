"""Multi-store SKU: how much of each product each store orders, from one model for each store.

The workload: one run a night, one task for each store, many at a time, on spare machines: a task that loses its machine begins again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from modeldeploy.spec import Problem, Schedule
from modeldeploy.spec.needs import Needs, Work
from stacks.shared.deploy import score
from stacks.shared.project import Project
from stacks.shared.scoring import Scoring
from stacks.shared.settings import load

MOST_STORES = 10_000

PROJECT = Project(
    name="multi-store-sku",
    owner="retail",
    # More than one: how many there are is configuration, and does not change how it is deployed.
    needs=Needs(work=Work.BATCH, batch_window_minutes=360, tasks=2),
)


@dataclass(frozen=True, kw_only=True)
class MultiStoreSku(Scoring):
    """The stack's configuration, key `modeldeploy:workload`."""

    stores: int
    """Stores, 1 to 10000: a run has a task for each, which finds the store by its number."""
    schedule: Schedule | None = Schedule(cron="0 1 * * *", time_zone="Europe/Berlin")

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not 1 <= self.stores <= MOST_STORES:
            yield Problem("stores", f"{self.stores} is not allowed; use 1 to {MOST_STORES}")


def deploy() -> None:
    """The nightly batch of as many tasks as there are stores."""
    target, workload = load(MultiStoreSku)
    score(PROJECT, target, workload, tasks=workload.stores)
