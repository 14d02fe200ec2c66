"""Log groups: encrypted, and with an end."""

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.operations import Operations


def log_group(
    logical: str,
    operations: Operations,
    key: pulumi.Input[str],
    tags: dict[str, str],
    parent: pulumi.Resource,
    name: pulumi.Input[str] | None = None,
) -> aws.cloudwatch.LogGroup:
    """A log group; `name` where a service writes to one of its own choosing, which it would make without key and end of retention."""
    return aws.cloudwatch.LogGroup(
        logical,
        name=name,
        retention_in_days=operations.log_retention_days,
        kms_key_id=key,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
