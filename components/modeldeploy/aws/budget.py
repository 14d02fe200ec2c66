"""The monthly budget of a deployment."""

import math
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

NAME_TAG = "modeldeploy-name"
"""Tag that every resource of a deployment carries; the budget counts by it. Activate it once as a cost allocation tag in the account's billing
settings."""


def monthly_budget(
    name: str,
    deployment: str,
    limit_usd: float,
    topic: aws.sns.Topic,
    tags: dict[str, str],
    parent: pulumi.Resource,
    also: Sequence[str] = (),
) -> aws.budgets.Budget:
    """A budget that alerts at 80% and 100% of what is spent, and when the forecast passes it. What carries one of the tags in `also` (`key$value`)
    counts as well."""
    notification = aws.budgets.BudgetNotificationArgs
    alerts = [("ACTUAL", 80.0), ("ACTUAL", 100.0), ("FORECASTED", 100.0)]
    return aws.budgets.Budget(
        f"{name}-budget",
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=f"{math.ceil(limit_usd)}.0",
        limit_unit="USD",
        cost_filters=[aws.budgets.BudgetCostFilterArgs(name="TagKeyValue", values=[f"user:{NAME_TAG}${deployment}", *also])],
        notifications=[
            notification(
                comparison_operator="GREATER_THAN",
                notification_type=kind,
                threshold=percent,
                threshold_type="PERCENTAGE",
                subscriber_sns_topic_arns=[topic.arn],
            )
            for kind, percent in alerts
        ],
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
