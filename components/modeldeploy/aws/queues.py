"""Queues for what was given up."""

import pulumi
import pulumi_aws as aws

from .policy_documents import Statement, deny_plain_text, document

KEPT_SECONDS = 14 * 86400
"""The longest that SQS keeps a message."""


def dead_letters(
    name: str, key: pulumi.Output[str], tags: dict[str, str], parent: pulumi.Resource, rule_arn: pulumi.Output[str] | None = None
) -> aws.sqs.Queue:
    """An encrypted queue that is reached over TLS only; the rule of EventBridge with `rule_arn` may send to it by itself."""
    opts = pulumi.ResourceOptions(parent=parent)
    queue = aws.sqs.Queue(name, kms_master_key_id=key, message_retention_seconds=KEPT_SECONDS, tags=tags, opts=opts)
    policy = pulumi.Output.all(queue.arn, rule_arn).apply(lambda it: document(deny_plain_text("sqs:*", it[0]), *_sent_by(it[0], it[1])))
    aws.sqs.QueuePolicy(name, queue_url=queue.id, policy=policy, opts=opts)
    return queue


def _sent_by(queue: str, rule: str | None) -> list[Statement]:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
    if rule is None:
        return []
    only = {"ArnEquals": {"aws:SourceArn": rule}}
    return [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue, "Condition": only}]
