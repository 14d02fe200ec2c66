"""Pulumi resource names (URNs) and type tokens, and which of the served packages a token belongs to."""

from dataclasses import dataclass

PACKAGES = ("aws", "azure-native", "gcp", "kubernetes")
"""The packages the sandbox stands in for."""


@dataclass(frozen=True)
class Urn:
    """The parts of `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>` that the sandbox needs."""

    text: str
    stack: str
    project: str
    token: str
    name: str


def parse(text: str) -> Urn:
    """Take a URN apart. A resource's name may itself contain `::`, so only the first three separators count."""
    head, project, types, name = [*text.split("::", 3), "", "", ""][:4]
    return Urn(text=text, stack=head.removeprefix("urn:pulumi:"), project=project, token=types.rsplit("$", 1)[-1], name=name)


def package_of(token: str) -> str:
    """`aws` for `aws:s3/bucket:Bucket`; for a provider's own token, `pulumi:providers:aws`, the package it configures."""
    first, _, rest = token.partition(":")
    if first == "pulumi" and rest.startswith("providers:"):
        return rest.removeprefix("providers:")
    return first
