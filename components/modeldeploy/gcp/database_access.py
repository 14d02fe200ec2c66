"""How an identity gets into a Cloud SQL database: as a database user that logs in with IAM, and with a role on that one instance.

A container on a Vertex AI endpoint has no way into a private network: neither kind of endpoint has private egress
(https://cloud.google.com/vertex-ai/docs/predictions/private-service-connect#limitations). It reads the database through Cloud SQL's Data API instead
(`POST https://sqladmin.googleapis.com/v1/projects/P/instances/I/executeSql` with `autoIamAuthn`), as the same user and with the same privileges
(https://cloud.google.com/sql/docs/postgres/executesql-instance).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.database import DatabaseConnection

from .scope import Scope

PORT = "5432"
VARIABLES = ("DATABASE_HOST", "DATABASE_PORT", "DATABASE_NAME", "DATABASE_USER", "DATABASE_INSTANCE")
"""What a container is told about its database. DATABASE_INSTANCE is the connection name, `project:region:instance`."""
ROLES = {"client": "roles/cloudsql.client", "login": "roles/cloudsql.instanceUser"}
"""To connect, and to log in and run statements."""


@dataclass(frozen=True)
class DatabaseAccess:
    """An identity's way into a database."""

    environment: Mapping[str, pulumi.Input[str]]
    """What the container is told."""
    grant: pulumi.Output[str]
    """The statement an administrator runs so that the identity may read."""
    ready: list[pulumi.Resource]
    """What has to be there before the identity can log in."""


def grant_access(scope: Scope, account: gcp.serviceaccount.Account, database: DatabaseConnection) -> DatabaseAccess:
    """Lets `account` log in to `database`. What it may read there is the database's own business: see `grant`."""
    connection = pulumi.Output.from_input(database.id)
    project, instance = connection.apply(project_of), connection.apply(instance_of)
    user = gcp.sql.User(
        f"{scope.name}-database-user",
        gcp.sql.UserArgs(
            instance=instance,
            project=project,
            name=account.email.apply(database_user),
            type="CLOUD_IAM_SERVICE_ACCOUNT",
            # PostgreSQL refuses to drop a user that was granted something. Without its service account, nobody can log in as the one left behind.
            deletion_policy="ABANDON",
        ),
        scope.child(),
    )
    return DatabaseAccess(
        environment={
            "DATABASE_HOST": database.host,
            "DATABASE_PORT": PORT,
            "DATABASE_NAME": database.database,
            "DATABASE_USER": user.name,
            "DATABASE_INSTANCE": connection,
        },
        grant=user.name.apply(grant_statement),
        ready=[user, *instance_roles(scope, scope.name, account.member, project, instance)],
    )


def instance_roles(
    scope: Scope, prefix: str, member: pulumi.Input[str], project: pulumi.Input[str], instance: pulumi.Input[str]
) -> list[pulumi.Resource]:
    """The roles that let `member` into one instance, named with `prefix`.

    They are given in the project, because instances have no policy of their own, and a condition limits them
    (https://cloud.google.com/sql/docs/postgres/iam-conditions).
    """
    condition = gcp.projects.IAMMemberConditionArgs(
        title="one-instance",
        description="Only the instance that modeldeploy connected it to",
        expression=pulumi.Output.all(project, instance).apply(lambda values: instance_condition(*values)),
    )
    return [
        gcp.projects.IAMMember(
            f"{prefix}-database-{purpose}",
            gcp.projects.IAMMemberArgs(project=project, role=role, member=member, condition=condition),
            scope.child(),
        )
        for purpose, role in ROLES.items()
    ]


def project_of(connection_name: str) -> str:
    """The project in `project:region:instance`; ids of old projects have a ':' of their own (`example.com:project`)."""
    return connection_name.rsplit(":", 2)[0]


def instance_of(connection_name: str) -> str:
    """The instance in `project:region:instance`."""
    return connection_name.rsplit(":", 2)[-1]


def database_user(email: str) -> str:
    """The name PostgreSQL knows a service account by: its address without `.gserviceaccount.com`."""
    return email.removesuffix(".gserviceaccount.com")


def grant_statement(user: str) -> str:
    """The statement that lets `user` read the tables there are."""
    return f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{user}";'


def instance_condition(project: str, instance: str) -> str:
    """The condition that a role is for `instance` only."""
    return f"resource.service == 'sqladmin.googleapis.com' && resource.name == 'projects/{project}/instances/{instance}'"
