"""The two roles of a container on ECS or Fargate: what starts it, and the container itself.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-iam-roles.html
"""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from modeldeploy.spec.database import DatabaseConnection

from .account import Account
from .identity import database_user, login_statement, pull_statements
from .policy_documents import Statement, document, trust

SERVICE = "ecs-tasks.amazonaws.com"


def start_role(
    name: str,
    images: Sequence[str],
    secrets: Mapping[str, pulumi.Input[str]],
    key: pulumi.Input[str],
    logs: pulumi.Output[str],
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """The role that pulls the image, reads the secrets and writes the logs, and its permissions.

    A secret with a key of its own needs that key's policy to let the role decrypt.
    """
    role = _role(f"{name}-start", f"Starts the containers of {name}", account, tags, parent)
    opts = pulumi.ResourceOptions(parent=parent)
    permissions: list[pulumi.Resource] = []
    # An image elsewhere is pulled from a registry inside the network, which takes no permission.
    if pull_statements(images, "aws"):
        # Made of what is known before anything exists, so that previews can judge its wildcards.
        policy = account.partition.apply(lambda it: document(*pull_statements(images, it)))
        permissions.append(aws.iam.RolePolicy(f"{name}-image", role=role.name, policy=policy, opts=opts))
    permissions.append(
        aws.iam.RolePolicy(
            f"{name}-start",
            role=role.name,
            policy=pulumi.Output.all(logs, key, pulumi.Output.all(*secrets.values())).apply(lambda it: document(*_starting(it[0], it[1], it[2]))),
            opts=opts,
        )
    )
    return role, permissions


def container_role(
    name: str,
    statements: pulumi.Output[list[Statement]],
    database: DatabaseConnection | None,
    account: Account,
    tags: dict[str, str],
    parent: pulumi.Resource,
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """The role that the container acts with, and its permissions: `statements`, and logging in to the database."""
    role = _role(f"{name}-task", f"What the model {name} may do", account, tags, parent)
    opts = pulumi.ResourceOptions(parent=parent)
    permissions: list[pulumi.Resource] = [
        aws.iam.RolePolicy(f"{name}-data", role=role.name, policy=statements.apply(lambda it: document(*it)), opts=opts)
    ]
    if database is not None:
        permissions.append(
            aws.iam.RolePolicy(
                f"{name}-database",
                role=role.name,
                policy=pulumi.Output.all(account.partition, account.region, account.id, database.id).apply(
                    lambda it: document(login_statement(it[0], it[1], it[2], it[3], database_user(name)))
                ),
                opts=opts,
            )
        )
    return role, permissions


def _role(name: str, description: str, account: Account, tags: dict[str, str], parent: pulumi.Resource) -> aws.iam.Role:
    return aws.iam.Role(
        name,
        description=description,
        assume_role_policy=account.id.apply(lambda it: trust(SERVICE, it)),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _starting(logs: str, key: str, secrets: Sequence[str]) -> list[Statement]:
    # A secret's address may go on after its name, with the field and version that is wanted.
    named = sorted({":".join(secret.split(":")[:7]) for secret in secrets})
    reads: list[Statement] = [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": named},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key},
    ]
    return [
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{logs}:*"},
        *(reads if named else []),
    ]
