"""The monthly budget and its alerts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pulumi
import pulumi_azure_native as native

from .group import Group

ALERTS = {"actual-80": ("Actual", 80), "actual-100": ("Actual", 100), "forecast-100": ("Forecasted", 100)}
"""Alerts by name: what is compared with the budget, and its share in percent."""


def budget(
    name: str, amount: float, emails: Sequence[str], hears: native.monitor.ActionGroup, group: Group, parent: pulumi.Resource
) -> native.consumption.Budget:
    """A budget for everything in the resource group. In a group that is shared with others, it counts them too."""
    return native.consumption.Budget(
        f"{name}-budget",
        scope=group.id,
        category="Cost",
        time_grain="Monthly",
        amount=amount,
        time_period=native.consumption.BudgetTimePeriodArgs(start_date=_first_of_month(datetime.now(UTC))),
        notifications={
            label: native.consumption.NotificationArgs(
                enabled=True,
                operator="GreaterThanOrEqualTo",
                threshold=percent,
                threshold_type=kind,
                contact_emails=list(emails),
                contact_groups=[hears.id],
            )
            for label, (kind, percent) in ALERTS.items()
        },
        # Azure takes no start before the month in which the budget is made, and must see the same one ever after.
        opts=pulumi.ResourceOptions(parent=parent, ignore_changes=["timePeriod"]),
    )


def _first_of_month(now: datetime) -> str:
    return now.strftime("%Y-%m-01T00:00:00Z")
