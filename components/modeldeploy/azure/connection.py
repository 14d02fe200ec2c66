"""How a deployment is connected to a database: what its container is told, and what an administrator runs in it."""

from __future__ import annotations

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.database import DatabaseConnection

SQL_PORT = 1433


def database_variables(database: DatabaseConnection | None, runs_as: native.managedidentity.UserAssignedIdentity) -> dict[str, pulumi.Input[str]]:
    """Where the container finds the database. Its user is the identity, by client id."""
    if database is None:
        return {}
    return {
        "DATABASE_HOST": database.host,
        "DATABASE_PORT": str(SQL_PORT),
        "DATABASE_NAME": database.database,
        "DATABASE_USER": runs_as.client_id,
    }


def database_grant(database: DatabaseConnection | None, runs_as: native.managedidentity.UserAssignedIdentity) -> pulumi.Output[str]:
    """What an Entra administrator of the database runs in it. Empty without a database."""
    return runs_as.name.apply(grant_statement) if database else pulumi.Output.from_input("")


def grant_statement(identity_name: str) -> str:
    """Lets an identity log in to a database and read it.

    https://learn.microsoft.com/azure/azure-sql/database/authentication-aad-configure#create-contained-users-mapped-to-azure-ad-identities
    """
    quoted = identity_name.replace("]", "]]")
    return f"CREATE USER [{quoted}] FROM EXTERNAL PROVIDER; ALTER ROLE db_datareader ADD MEMBER [{quoted}];"
