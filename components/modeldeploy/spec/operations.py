"""What watches a deployment: logs, alarms, dashboard, budget."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from .arguments import Problem

RETENTION_DAYS = (30, 60, 90, 120, 180, 365, 545, 731)
"""Retentions every cloud's log store takes (CloudWatch Logs takes only certain numbers, Log Analytics 30 to 730 days, which stands for 731 there)."""
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Environment(StrEnum):
    """What the deployment is for. It decides what is protected from deletion."""

    DEVELOPMENT = "dev"
    """Everything goes with `pulumi destroy`."""
    PRODUCTION = "prod"
    """Stores with data (model bucket, database, keys, registry) refuse to be deleted while they hold something."""


@dataclass(frozen=True, kw_only=True)
class Operations:
    """Logs, alarms and budget. Every deployment has them; the numbers are these."""

    log_retention_days: int = 90
    """Days that logs are kept: 30, 60, 90, 120, 180, 365, 545 or 731."""
    latency_milliseconds: int = 1000
    """Alarm when the average latency of two periods of five minutes in a row is above this, in milliseconds."""
    error_percent: int = 1
    """Alarm when more than this share of requests fails with a server error for two periods of five minutes in a row, 1 to 100 percent."""
    utilization_percent: int = 90
    """Alarm when replicas use more than this share of their CPU for three periods of five minutes in a row, 10 to 100 percent."""
    capture_percent: int = 0
    """Share of requests and answers that is kept for drift analysis, 0 to 100 percent. They may hold personal data, so the default is none."""
    emails: list[str] = field(default_factory=list[str])
    """Addresses that get alarms and budget alerts. Empty: alarms are raised where the cloud shows them, nobody gets a mail."""
    monthly_budget_usd: int | None = None
    """Budget in US dollars a month; alerts at 80% and 100%, and when the forecast passes it. Omitted: the estimated cost at `scaling.maximum`."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from retention_problems(self.log_retention_days)
        if self.latency_milliseconds < 1:
            yield Problem("latency_milliseconds", f"{self.latency_milliseconds} is not allowed; use 1 or more")
        for name, low in (("error_percent", 1), ("utilization_percent", 10), ("capture_percent", 0)):
            percent: int = getattr(self, name)
            if not low <= percent <= 100:
                yield Problem(name, f"{percent} is not allowed; use {low} to 100")
        for index, email in enumerate(self.emails):
            if not EMAIL.fullmatch(email):
                yield Problem(f"emails[{index}]", f"'{email}' is not a mail address")
        if self.monthly_budget_usd is not None and self.monthly_budget_usd < 1:
            yield Problem("monthly_budget_usd", f"{self.monthly_budget_usd} is not allowed; use 1 or more")


def retention_problems(days: int) -> Iterator[Problem]:
    """Problems of a `log_retention_days` that some cloud's log store would refuse."""
    if days not in RETENTION_DAYS:
        allowed = ", ".join(str(each) for each in RETENTION_DAYS)
        yield Problem("log_retention_days", f"{days} is not allowed; use one of {allowed}")
