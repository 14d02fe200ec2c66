"""Secrets that a container is given by reference: the value goes from Secret Manager to the container, never through Pulumi."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.arguments import Problem

from .scope import Scope

SECRET_VERSION = re.compile(r"projects/[^/]+/secrets/[A-Za-z0-9_-]{1,255}/versions/(\d+|latest)")
READER = "roles/secretmanager.secretAccessor"


@dataclass(frozen=True)
class SecretReference:
    """One version of a secret."""

    secret: pulumi.Output[str]
    """`projects/P/secrets/S`."""
    version: pulumi.Output[str]
    """Its number, or `latest`."""


def secret_id_problems(secrets: Mapping[str, pulumi.Input[str]]) -> Iterator[Problem]:
    """Problems of addresses that are no version of a secret."""
    for name, address in secrets.items():
        if isinstance(address, str) and not SECRET_VERSION.fullmatch(address):
            yield Problem(f"secrets.{name}", f"'{address}' is no version of a secret; write projects/<project>/secrets/<secret>/versions/<number>")


def references(secrets: Mapping[str, pulumi.Input[str]]) -> dict[str, SecretReference]:
    """Secret and version of each address, by the variable's name."""
    addresses = {name: pulumi.Output.from_input(address) for name, address in secrets.items()}
    return {
        name: SecretReference(address.apply(lambda text: text.rpartition("/versions/")[0]), address.apply(lambda text: text.rpartition("/")[2]))
        for name, address in addresses.items()
    }


def let_read_secrets(scope: Scope, account: gcp.serviceaccount.Account, secrets: Mapping[str, SecretReference]) -> list[pulumi.Resource]:
    """Lets `account` read these secrets, and no others."""
    return [
        gcp.secretmanager.SecretIamMember(
            f"{scope.name}-reads-secret-{name}",
            gcp.secretmanager.SecretIamMemberArgs(secret_id=reference.secret, role=READER, member=account.member),
            scope.child(),
        )
        for name, reference in secrets.items()
    ]
