"""A Kafka of the user's own: how consumers, and what counts how far they are behind, log in to it."""

from __future__ import annotations

from collections.abc import Iterator

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.streaming import Kafka, KafkaLogin

from .apps import secret

USER, PASSWORD, CERTIFICATE, AUTHORITY = "KAFKA_USER", "KAFKA_PASSWORD", "KAFKA_CERTIFICATE", "KAFKA_AUTHORITY"
"""Variables that the container gets from the vault."""
PROTOCOL_VERSION = "2.1.0"
"""The oldest that every supported Kafka speaks: Kafka 4.0 took older ones away (https://kafka.apache.org/40/documentation.html#upgrade_servers)."""


def kafka_problems(kafka: Kafka | None, user: pulumi.Input[str] | None, authority: pulumi.Input[str] | None) -> Iterator[Problem]:
    """Problems of the secrets beside `kafka.secret`."""
    if kafka is None:
        for argument, value in (("kafka_user", user), ("kafka_authority", authority)):
            if value is not None:
                yield Problem(argument, "has no effect without kafka; leave it out")
        return
    if user is None and kafka.login is KafkaLogin.SCRAM:
        yield Problem("kafka_user", f"is required with kafka.login {kafka.login}: Container Apps takes no secret apart, kafka.secret is the password")
    if user is not None and kafka.login is not KafkaLogin.SCRAM:
        yield Problem("kafka_user", f"has no effect with kafka.login {kafka.login}: the certificate says who it is; leave it out")


def kafka_secrets(kafka: Kafka | None, user: pulumi.Input[str] | None, authority: pulumi.Input[str] | None) -> dict[str, pulumi.Input[str]]:
    """Addresses in the vault by the variable that gets the value."""
    if kafka is None:
        return {}
    own = {PASSWORD if kafka.login is KafkaLogin.SCRAM else CERTIFICATE: kafka.secret}
    more = {USER: user, AUTHORITY: authority}
    return {**own, **{variable: address for variable, address in more.items() if address is not None}}


def kafka_rule(kafka: Kafka, group: str, records: int, variables: list[str]) -> native.app.ScaleRuleArgs:
    """Consumers by the records that wait, counted by Kafka's own offsets; `variables` are those that come from the vault.

    https://keda.sh/docs/scalers/apache-kafka. A file with certificate and key is read for both.
    """
    parameters = {USER: ("username",), PASSWORD: ("password",), CERTIFICATE: ("cert", "key"), AUTHORITY: ("ca",)}
    metadata = {
        "bootstrapServers": ",".join(kafka.bootstrap_servers),
        "topic": kafka.topic,
        "consumerGroup": group,
        "lagThreshold": str(records),
        # As the consumer begins where nothing is written down yet.
        "offsetResetPolicy": "earliest",
        "version": PROTOCOL_VERSION,
        "tls": "enable",
        "sasl": "scram_sha512" if kafka.login is KafkaLogin.SCRAM else "none",
    }
    return native.app.ScaleRuleArgs(
        name="waiting",
        custom=native.app.CustomScaleRuleArgs(
            type="kafka",
            metadata=metadata,
            auth=[
                native.app.ScaleRuleAuthArgs(secret_ref=secret(variable), trigger_parameter=parameter)
                for variable in variables
                for parameter in parameters[variable]
            ],
        ),
    )
