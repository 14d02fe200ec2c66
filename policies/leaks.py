"""Deciding whether a setting is a secret written in plain text."""

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy.proxy import UnknownValueError

from policies.view import View

WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
SECRET_WORDS = {"password", "passwd", "pwd", "passphrase", "secret", "secrets", "token", "apikey", "credential", "credentials"}
SECRET_PAIRS = {("api", "key"), ("access", "key"), ("private", "key"), ("account", "key"), ("secret", "key"), ("connection", "string")}
REFERENCE_WORDS = {
    "arn", "name", "id", "uri", "url", "file", "path", "dir", "ref", "reference", "version", "ttl", "expiry", "length", "type", "header",
    "endpoint", "vault", "parameter", "store", "provider", "limit", "count", "size", "issuer", "audience", "scope", "mount", "enabled",
}  # fmt: skip
"""Last words of names that say where a secret is, or something about it, and do not hold it."""

REFERENCE = re.compile(
    r"arn:aws|@Microsoft\.KeyVault\(|projects/[^/]+/secrets/|secretref:|\{\{resolve:|ssm:|vault:|https://[^/]+\.vault\.azure\.net/|\$[({]|/(?:[\w.-]+/?)+$",
    re.IGNORECASE,
)
"""Beginnings of values that refer to a secret elsewhere."""

NO_SECRETS = {"APPLICATIONINSIGHTS_CONNECTION_STRING"}
"""Names that sound like a secret and hold an address: Application Insights' is in web pages as well
(https://learn.microsoft.com/azure/azure-monitor/app/connection-strings#is-the-connection-string-a-secret)."""
KINDS = ("true", "false", "none", "managedidentity")
"""Values that say how one logs in; `managedidentity` is the kind of an Azure Functions connection (`<name>__credential`)."""

SHAPES = (
    (re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"), "an AWS access key"),
    (re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"), "a private key"),
    (re.compile(r"(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/=]{20,}"), "an Azure connection string with its key"),
    (re.compile(r"(?:^|;)\s*(?:Password|Pwd)=[^;{$]+", re.IGNORECASE), "a connection string with its password"),
    (re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s:@{$]+@", re.IGNORECASE), "an address with a password"),
    (re.compile(r"AIza[0-9A-Za-z_-]{35}"), "a Google API key"),
    (re.compile(r"gh[pousr]_[A-Za-z0-9]{36}"), "a GitHub token"),
    (re.compile(r"xox[abprs]-[A-Za-z0-9-]{10,}"), "a Slack token"),
    (re.compile(r"hf_[A-Za-z0-9]{30,}"), "a Hugging Face token"),
    (re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."), "a JSON Web Token"),
)
"""What well-known secrets look like."""


def names_a_secret(name: str) -> bool:
    """Whether a setting of this name holds a secret (`DB_PASSWORD`, `apiKey`), and not a reference to one (`SECRET_ARN`) or a number of tokens."""
    words = [word.lower() for word in WORDS.findall(name)]
    if name in NO_SECRETS or not words or words[-1] in REFERENCE_WORDS:
        return False
    return bool(SECRET_WORDS.intersection(words)) or any(pair in SECRET_PAIRS for pair in itertools.pairwise(words))


def looks_like(value: str) -> str | None:
    """What secret a value looks like, or None."""
    return next((name for shape, name in SHAPES if shape.search(value)), None)


def leak(name: str, value: Any) -> str | None:
    """What is secret about a setting, or None. The value itself is never part of the answer."""
    if not isinstance(value, str) or not value:
        return None
    found = looks_like(value)
    if found is not None:
        return f"holds {found}"
    plain = value.strip().lower()
    if names_a_secret(name) and not REFERENCE.match(value) and plain not in KINDS and not plain.replace(".", "").isdigit():
        return "holds a secret, by its name"
    return None


def of_mapping(view: View, path: str) -> Iterator[str]:
    """Secrets among the values of a mapping from names to values."""
    yield from _of(view.at(path), view.mapping(path))


def _of(where: str, values: Mapping[str, Any]) -> Iterator[str]:
    unknown: UnknownValueError | None = None
    for name in list(values):
        try:
            found = leak(name, values[name])
        except UnknownValueError as error:
            # A value another resource gives is no secret unless its name says so; then only the update can tell.
            unknown = unknown or (error if names_a_secret(name) else None)
            continue
        if found is not None:
            yield f"{where}.{name} {found}"
    if unknown is not None:
        raise unknown


def of_pair(view: View, value: str = "value") -> Iterator[str]:
    """A secret in an object with a name and a value."""
    name = view.text("name") or ""
    try:
        found = leak(name, view.get(value))
    except UnknownValueError:
        if names_a_secret(name):
            raise
        return
    if found is not None:
        yield f"{view.at(value)} of '{name}' {found}"
