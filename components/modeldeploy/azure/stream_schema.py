"""What messages of a stream look like, in the registry that an Event Hubs namespace has.

https://learn.microsoft.com/azure/event-hubs/schema-registry-concepts
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.streaming import MessageSchema, SchemaFormat

from .event_hubs import EventHubs
from .group import Group
from .identity import Role, grant

GROUP = "messages"
"""The group of schemas."""


def schema_problems(schema: MessageSchema | None) -> Iterator[Problem]:
    """Problems of a schema that the registry does not take."""
    if schema is None:
        return
    if schema.format is not SchemaFormat.AVRO:
        yield Problem(
            "schema.format", f"{schema.format} is not offered: Azure's management interface makes groups for Avro alone; use {SchemaFormat.AVRO}"
        )
    elif schema_name(schema) is None:
        yield Problem("schema.file", f"'{schema.file}' is no Avro schema of a record: JSON with type record and a name")


def schema_name(schema: MessageSchema) -> str | None:
    """The full name of the record, by which clients of the registry ask for it; None where it has none."""
    try:
        found: Any = json.loads(Path(schema.file).read_text(encoding="utf-8"))
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    record = cast(dict[str, Any], found)
    if record.get("type") != "record" or not record.get("name"):
        return None
    return f"{record['namespace']}.{record['name']}" if record.get("namespace") else str(record["name"])


def schema_group(
    name: str, hubs: EventHubs, runs_as: native.managedidentity.UserAssignedIdentity, group: Group, parent: pulumi.Resource
) -> native.authorization.RoleAssignment:
    """A group whose schemas stay readable by those who know a newer one, and the consumer's permission to read it.

    The schemas in it are no resources: somebody in the network registers them.
    """
    made = native.eventhub.SchemaRegistry(
        f"{name}-messages",
        resource_group_name=group.name,
        namespace_name=hubs.namespace.name,
        schema_group_name=GROUP,
        schema_type=native.eventhub.SchemaType.AVRO,
        schema_compatibility=native.eventhub.SchemaCompatibility.BACKWARD,
        opts=pulumi.ResourceOptions(parent=parent, protect=group.is_production),
    )
    return grant(f"{name}-messages", Role.SCHEMA_READER, made.id, runs_as, parent)
