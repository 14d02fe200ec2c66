"""What messages look like, in the Glue Schema Registry: https://docs.aws.amazon.com/glue/latest/dg/schema-registry.html."""

from pathlib import Path

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.streaming import MessageSchema, SchemaFormat

from .account import physical_name
from .model_store import object_tags
from .policy_documents import Statement

FORMATS = {SchemaFormat.AVRO: "AVRO", SchemaFormat.JSON: "JSON"}


def registered(name: str, schema: MessageSchema, tags: dict[str, str], parent: pulumi.Resource) -> aws.glue.Schema:
    """The schema in a registry of its own. Another file is another version of it; one that readers of the last could not read is refused."""
    opts = pulumi.ResourceOptions(parent=parent)
    registry = aws.glue.Registry(
        f"{name}-schemas", registry_name=physical_name(name, 255), description=f"What messages of {name} look like", tags=tags, opts=opts
    )
    return aws.glue.Schema(
        f"{name}-schema",
        schema_name="events",
        registry_arn=registry.arn,
        data_format=FORMATS[schema.format],
        compatibility="BACKWARD",
        schema_definition=Path(schema.file).read_text(),
        # Glue takes ten tags on a schema, as S3 does on an object.
        tags=object_tags(tags),
        # Two schemas cannot have one name.
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
    )


def reading_schema(registry: str, schema: str) -> Statement:
    """Reading a schema and its versions."""
    actions = ["glue:GetSchema", "glue:GetSchemaVersion", "glue:ListSchemaVersions"]
    return {"Effect": "Allow", "Action": actions, "Resource": [registry, schema]}
