"""The customer-managed key of a deployment."""

from collections.abc import Callable, Sequence

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.encryption import Encryption
from modeldeploy.spec.operations import Environment

from .account import Account
from .policy_documents import Statement, document

Use = Callable[[str, str, str], Statement]
"""Makes a statement of a key's policy from partition, region and account."""


def key_arn(
    name: str,
    encryption: Encryption,
    environment: Environment,
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
    uses: Sequence[Use] = (),
) -> pulumi.Output[str]:
    """ARN of the key given, or of one that is made.

    A key that is given must let the services use it as the policy below does, and as `uses` say. One that is made rotates, and in production is
    protected: without it, what it encrypted is lost.
    """
    if encryption.key is not None:
        return pulumi.Output.from_input(encryption.key)
    production = environment is Environment.PRODUCTION
    key = aws.kms.Key(
        f"{name}-key",
        description=f"Encrypts what {name} stores",
        policy=_policy(account, uses),
        enable_key_rotation=True,
        rotation_period_in_days=encryption.rotation,
        deletion_window_in_days=30 if production else 7,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent, protect=production),
    )
    return key.arn


def _policy(account: Account, uses: Sequence[Use]) -> pulumi.Output[str]:
    """Who may use the key.

    The first statement is the one KMS asks for: it lets IAM policies of the account grant use of the key, and nobody else
    (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html). "Resource: *" in a key policy means this key.
    """
    return pulumi.Output.all(account.partition, account.region, account.id).apply(
        lambda it: document(
            {
                "Sid": "AccountAdministersByIam",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{it[0]}:iam::{it[2]}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "LogsOfThisAccount",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{it[1]}.amazonaws.com"},
                "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
                "Resource": "*",
                "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:{it[0]}:logs:{it[1]}:{it[2]}:log-group:*"}},
            },
            {
                "Sid": "AlarmsAndBudgetsReachTheTopic",
                "Effect": "Allow",
                "Principal": {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]},
                "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:SourceAccount": it[2]}},
            },
            *(use(it[0], it[1], it[2]) for use in uses),
        )
    )
