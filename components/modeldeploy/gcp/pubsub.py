"""Events on Pub/Sub: topics for events, results and dead letters, the schema of events, and who may write and read.

https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.streaming import MessageSchema

from .agents import agent
from .buckets import delete_old, delete_replaced, private_bucket
from .keys import Key
from .scope import Scope

PUBLISHER = "roles/pubsub.publisher"
SUBSCRIBER = "roles/pubsub.subscriber"
"""On a subscription: reads and acknowledges. On a topic: makes subscriptions to it."""
LEAST_ATTEMPTS = 5
"""Pub/Sub hands a record over five times at least before it gives it up."""
PAUSE, LONGEST_PAUSE = 10, 600
"""Seconds before a record that failed comes again: the first time, and at most."""
LETTER_DAYS = 31
"""Days that dead letters are kept: the most that Pub/Sub keeps anything."""
REPLACED_DAYS = 7
"""Days after which a captured file that was deleted cannot be restored any more."""
SECONDS_PER_HOUR, SECONDS_PER_DAY = 3600, 24 * 3600
CAPTURE_SECONDS = 300
"""How long a file of captured events is written to at most."""
MOST_ACKNOWLEDGE_SECONDS = 600


class MessageEncoding(StrEnum):
    """How messages of a schema are written."""

    JSON = "json"
    """As JSON."""
    BINARY = "binary"
    """In Avro's binary form."""


@dataclass(frozen=True)
class Topics:
    """The topics of a stream, and the subscription that keeps the dead letters."""

    events: gcp.pubsub.Topic
    results: gcp.pubsub.Topic
    dead_letters: gcp.pubsub.Topic
    letters: gcp.pubsub.Subscription

    @property
    def told(self) -> dict[str, pulumi.Input[str]]:
        """What a consumer has to know about them."""
        return {"RESULTS_TOPIC": self.results.id, "DEAD_LETTER_TOPIC": self.dead_letters.id}


TOLD = {"RESULTS_TOPIC": "broker", "DEAD_LETTER_TOPIC": "broker"}
"""The names of these, by the argument they come from."""


def topics(scope: Scope, key: Key, retention_hours: int, schema: MessageSchema | None, encoding: MessageEncoding) -> Topics:
    """Topics for events, which follow `schema`, and results, both kept for `retention_hours`, and for dead letters, which a subscription keeps."""
    retention = retention_hours * SECONDS_PER_HOUR
    dead = _topic(scope, "dead-letters", key, LETTER_DAYS * SECONDS_PER_DAY)
    return Topics(
        events=_topic(scope, "events", key, retention, None if schema is None else _schema(scope, schema, encoding)),
        results=_topic(scope, "results", key, retention),
        dead_letters=dead,
        letters=_subscription(scope, "dead-letters", dead, LETTER_DAYS * SECONDS_PER_DAY, MOST_ACKNOWLEDGE_SECONDS),
    )


def let_publish(scope: Scope, purpose: str, topic: gcp.pubsub.Topic, member: pulumi.Input[str]) -> gcp.pubsub.TopicIAMMember:
    """Lets `member` write to `topic`, and to no other; `purpose` names the permission."""
    return _topic_member(scope, purpose, topic, PUBLISHER, member)


def let_subscribe(scope: Scope, purpose: str, topic: gcp.pubsub.Topic, member: pulumi.Input[str]) -> gcp.pubsub.TopicIAMMember:
    """Lets `member` make subscriptions to `topic`, and to no other; `purpose` names the permission."""
    return _topic_member(scope, purpose, topic, SUBSCRIBER, member)


def let_read(scope: Scope, purpose: str, subscription: gcp.pubsub.Subscription, member: pulumi.Input[str]) -> gcp.pubsub.SubscriptionIAMMember:
    """Lets `member` read and acknowledge what waits in `subscription`, and in no other; `purpose` names the permission."""
    return gcp.pubsub.SubscriptionIAMMember(
        f"{scope.name}-{purpose}",
        gcp.pubsub.SubscriptionIAMMemberArgs(subscription=subscription.name, role=SUBSCRIBER, member=member, project=scope.project),
        scope.child(),
    )


def push_subscription(
    scope: Scope,
    made: Topics,
    endpoint: pulumi.Output[str],
    audience: pulumi.Output[str],
    pusher: gcp.serviceaccount.Account,
    retention_hours: int,
    retries: int,
    acknowledge_seconds: int,
    ready: Sequence[pulumi.Resource],
) -> gcp.pubsub.Subscription:
    """Posts every event to `endpoint` with a token of `pusher` for `audience`, those with the same ordering key one after the other. What was not
    acknowledged in `acknowledge_seconds` comes again, and is a dead letter in the end."""
    pubsub = agent(scope, "pubsub")
    gives_up = let_publish(scope, "gives-up", made.dead_letters, pubsub)
    signs = gcp.serviceaccount.IAMMember(
        f"{scope.name}-signs",
        gcp.serviceaccount.IAMMemberArgs(service_account_id=pusher.name, role="roles/iam.serviceAccountOpenIdTokenCreator", member=pubsub),
        scope.child(),
    )
    subscription = _subscription(
        scope,
        "events",
        made.events,
        retention_hours * SECONDS_PER_HOUR,
        acknowledge_seconds,
        # A topic without a subscription keeps nothing.
        [made.letters, gives_up, signs, *ready],
        enable_message_ordering=True,
        push_config=gcp.pubsub.SubscriptionPushConfigArgs(
            push_endpoint=endpoint,
            oidc_token=gcp.pubsub.SubscriptionPushConfigOidcTokenArgs(service_account_email=pusher.email, audience=audience),
        ),
        dead_letter_policy=gcp.pubsub.SubscriptionDeadLetterPolicyArgs(
            dead_letter_topic=made.dead_letters.id, max_delivery_attempts=max(LEAST_ATTEMPTS, retries + 1)
        ),
        retry_policy=gcp.pubsub.SubscriptionRetryPolicyArgs(minimum_backoff=f"{PAUSE}s", maximum_backoff=f"{LONGEST_PAUSE}s"),
    )
    # Pub/Sub acknowledges what it gives up.
    let_read(scope, "acknowledges", subscription, pubsub)
    return subscription


def capture(scope: Scope, events: gcp.pubsub.Topic, key: Key, days: int, retention_hours: int) -> gcp.pubsub.Subscription:
    """Writes all events to a bucket, where they are kept for `days`: Avro files of five minutes, with keys, attributes and times."""
    bucket = private_bucket(scope, "capture", key, [delete_old(days), delete_replaced(REPLACED_DAYS)])
    pubsub = agent(scope, "pubsub")
    writes = [
        gcp.storage.BucketIAMMember(
            f"{scope.name}-captures-{purpose}",
            gcp.storage.BucketIAMMemberArgs(bucket=bucket.name, role=role, member=pubsub),
            scope.child(),
        )
        # To look at the bucket, and to write to it.
        for purpose, role in (("looks", "roles/storage.legacyBucketReader"), ("writes", "roles/storage.objectCreator"))
    ]
    return _subscription(
        scope,
        "capture",
        events,
        retention_hours * SECONDS_PER_HOUR,
        MOST_ACKNOWLEDGE_SECONDS,
        writes,
        cloud_storage_config=gcp.pubsub.SubscriptionCloudStorageConfigArgs(
            bucket=bucket.name,
            filename_prefix="events/",
            filename_suffix=".avro",
            filename_datetime_format="YYYY-MM-DD/hh_mm_ssZ",
            max_duration=f"{CAPTURE_SECONDS}s",
            avro_config=gcp.pubsub.SubscriptionCloudStorageConfigAvroConfigArgs(write_metadata=True, use_topic_schema=False),
        ),
    )


def replay_command(letters: pulumi.Input[str], events: pulumi.Input[str]) -> pulumi.Output[str]:
    """The command for a POSIX shell with gcloud, curl and jq that takes a hundred dead letters and publishes each as a new event, with its data, key
    and attributes; a letter is acknowledged once it was published. One request each, because all messages of a request must have the same key
    (https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish)."""
    lines = (
        "token=$(gcloud auth print-access-token);",
        "gcloud pubsub subscriptions pull {0} --limit=100 --format=json | jq -c '.[]' | while read -r letter; do",
        "printf %s \"$letter\" | jq -c '{{messages: [.message | del(.messageId, .publishTime)]}}'",
        '| curl -sSf -o /dev/null -H "Authorization: Bearer $token" -H "Content-Type: application/json" -d @-',
        "https://pubsub.googleapis.com/v1/{1}:publish",
        '&& gcloud pubsub subscriptions ack {0} --ack-ids="$(printf %s "$letter" | jq -r .ackId)" </dev/null; done',
    )
    return pulumi.Output.format(" ".join(lines), letters, events)


def _schema(scope: Scope, schema: MessageSchema, encoding: MessageEncoding) -> gcp.pubsub.TopicSchemaSettingsArgs:
    """Messages that do not follow the schema are refused when they are published. Another definition is another revision of it; any revision does."""
    registered = gcp.pubsub.Schema(
        f"{scope.name}-schema",
        gcp.pubsub.SchemaArgs(type="AVRO", definition=Path(schema.file).read_text(encoding="utf-8"), project=scope.project),
        scope.after_apis(),
    )
    return gcp.pubsub.TopicSchemaSettingsArgs(schema=registered.id, encoding=encoding.value.upper())


def _topic(
    scope: Scope, purpose: str, key: Key, retention_seconds: int, schema: gcp.pubsub.TopicSchemaSettingsArgs | None = None
) -> gcp.pubsub.Topic:
    return gcp.pubsub.Topic(
        f"{scope.name}-{purpose}",
        gcp.pubsub.TopicArgs(
            project=scope.project,
            kms_key_name=key.id,
            message_retention_duration=f"{retention_seconds}s",
            # Wherever it is published from, it is stored in the region.
            message_storage_policy=gcp.pubsub.TopicMessageStoragePolicyArgs(allowed_persistence_regions=[scope.region]),
            schema_settings=schema,
            labels=scope.labels,
        ),
        scope.after_apis(*key.ready, protect=scope.production),
    )


def _subscription(
    scope: Scope,
    purpose: str,
    topic: gcp.pubsub.Topic,
    retention_seconds: int,
    acknowledge_seconds: int,
    ready: Sequence[pulumi.Resource] = (),
    *,
    enable_message_ordering: bool = False,
    push_config: gcp.pubsub.SubscriptionPushConfigArgs | None = None,
    cloud_storage_config: gcp.pubsub.SubscriptionCloudStorageConfigArgs | None = None,
    dead_letter_policy: gcp.pubsub.SubscriptionDeadLetterPolicyArgs | None = None,
    retry_policy: gcp.pubsub.SubscriptionRetryPolicyArgs | None = None,
) -> gcp.pubsub.Subscription:
    return gcp.pubsub.Subscription(
        f"{scope.name}-{purpose}",
        gcp.pubsub.SubscriptionArgs(
            topic=topic.id,
            project=scope.project,
            ack_deadline_seconds=acknowledge_seconds,
            message_retention_duration=f"{retention_seconds}s",
            enable_message_ordering=enable_message_ordering,
            push_config=push_config,
            cloud_storage_config=cloud_storage_config,
            dead_letter_policy=dead_letter_policy,
            retry_policy=retry_policy,
            # Without it a subscription that nobody reads for 31 days is deleted with all that waits in it.
            expiration_policy=gcp.pubsub.SubscriptionExpirationPolicyArgs(ttl=""),
            labels=scope.labels,
        ),
        scope.child(*ready, protect=scope.production),
    )


def _topic_member(scope: Scope, purpose: str, topic: gcp.pubsub.Topic, role: str, member: pulumi.Input[str]) -> gcp.pubsub.TopicIAMMember:
    return gcp.pubsub.TopicIAMMember(
        f"{scope.name}-{purpose}",
        gcp.pubsub.TopicIAMMemberArgs(topic=topic.name, role=role, member=member, project=scope.project),
        scope.child(),
    )
