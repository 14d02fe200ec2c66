"""The monthly budget of a component. Google Cloud keeps budgets at the billing account, not in the project."""

import math
import re
from collections.abc import Iterator, Sequence

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.operations import Operations

from .labels import NAME
from .scope import Scope

BILLING_ACCOUNT = re.compile(r"[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}")
MOST_CHANNELS = 5
"""How many notification channels a budget may have."""


def billing_problems(billing_account: str | None, operations: Operations) -> Iterator[Problem]:
    """Problems of a billing account, and of the addresses that its budget tells."""
    if billing_account is None:
        return
    if not BILLING_ACCOUNT.fullmatch(billing_account):
        yield Problem("billing_account", f"'{billing_account}' is no billing account; write XXXXXX-XXXXXX-XXXXXX, of digits and A to F")
    if len(operations.emails) > MOST_CHANNELS:
        count = len(operations.emails)
        yield Problem("operations.emails", f"{count} addresses are too many for a budget on Google Cloud; use {MOST_CHANNELS} or fewer, or a group")


def component_budget(
    scope: Scope,
    billing_account: str | None,
    operations: Operations,
    most_usd: float,
    project_number: pulumi.Input[int],
    notify: Sequence[gcp.monitoring.NotificationChannel],
) -> None:
    """The budget that `operations` wants, else one of `most_usd` a month, the most the component can cost; or a warning that there is no billing
    account to make it at."""
    wanted = operations.monthly_budget_usd
    if billing_account is not None:
        budget(scope, billing_account, most_usd if wanted is None else wanted, project_number, notify)
    elif wanted is not None:
        kind = type(scope.component).__name__
        pulumi.log.warn(
            f"{kind} '{scope.name}' has no budget: Google Cloud keeps budgets at the billing account, so give billing_account", scope.component
        )


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
