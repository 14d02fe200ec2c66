"""Where a deployment goes: account, region and partition of the provider that the component uses."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.names import fit


@dataclass(frozen=True)
class Account:
    """The account and region that the parent's provider works in."""

    id: pulumi.Output[str]
    region: pulumi.Output[str]
    partition: pulumi.Output[str]
    """`aws`, `aws-cn` or `aws-us-gov`, the second part of every ARN."""


def current_account(parent: pulumi.Resource) -> Account:
    """Asks the provider."""
    opts = pulumi.InvokeOutputOptions(parent=parent)
    return Account(
        id=aws.get_caller_identity_output(opts=opts).account_id,
        region=aws.get_region_output(opts=opts).region,
        partition=aws.get_partition_output(opts=opts).partition,
    )


def physical_name(name: str, limit: int) -> str:
    """A name for what cannot be auto-named, because something that exists before it must know it.

    It carries project and stack, so that two stacks in one account do not meet.
    """
    return fit(f"{name}-{pulumi.get_project()}-{pulumi.get_stack()}", limit)
