"""Queues for what was given up."""

import pulumi
import pulumi_aws as aws

from .policy_documents import deny_plain_text, document

KEPT_SECONDS = 14 * 86400
"""The longest that SQS keeps a message."""


def dead_letters(name: str, key: pulumi.Output[str], tags: dict[str, str], parent: pulumi.Resource) -> aws.sqs.Queue:
    """An encrypted queue that is reached over TLS only."""
    opts = pulumi.ResourceOptions(parent=parent)
    queue = aws.sqs.Queue(name, kms_master_key_id=key, message_retention_seconds=KEPT_SECONDS, tags=tags, opts=opts)
    aws.sqs.QueuePolicy(name, queue_url=queue.id, policy=queue.arn.apply(lambda arn: document(deny_plain_text("sqs:*", arn))), opts=opts)
    return queue
