"""The monthly budget of a component. Google Cloud keeps budgets at the billing account, not in the project."""

import math
from collections.abc import Sequence

import pulumi
import pulumi_gcp as gcp

from .labels import NAME
from .scope import Scope

MOST_CHANNELS = 5
"""How many notification channels a budget may have."""


def budget(
    scope: Scope,
    billing_account: str,
    monthly_usd: float,
    project_number: pulumi.Input[int],
    notify: Sequence[gcp.monitoring.NotificationChannel],
) -> gcp.billing.Budget:
    """A budget for what carries the component's label, with alerts at 80 and 100 percent and when the forecast passes it.

    It tells `notify` and, as Google does by default, the administrators of the billing account, whose currency must be US dollars.
    """
    rules = [(0.8, "CURRENT_SPEND"), (1.0, "CURRENT_SPEND"), (1.0, "FORECASTED_SPEND")]
    return gcp.billing.Budget(
        f"{scope.name}-budget",
        gcp.billing.BudgetArgs(
            billing_account=billing_account,
            display_name=f"{scope.name} monthly"[:60],
            amount=gcp.billing.BudgetAmountArgs(
                specified_amount=gcp.billing.BudgetAmountSpecifiedAmountArgs(currency_code="USD", units=str(max(1, math.ceil(monthly_usd))))
            ),
            budget_filter=gcp.billing.BudgetBudgetFilterArgs(
                projects=[pulumi.Output.format("projects/{0}", project_number)], labels={NAME: scope.labels[NAME]}, calendar_period="MONTH"
            ),
            threshold_rules=[gcp.billing.BudgetThresholdRuleArgs(threshold_percent=percent, spend_basis=basis) for percent, basis in rules],
            all_updates_rule=gcp.billing.BudgetAllUpdatesRuleArgs(monitoring_notification_channels=[channel.id for channel in notify])
            if notify
            else None,
        ),
        scope.after_apis(),
    )
