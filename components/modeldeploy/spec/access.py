"""Who may call a deployment, and from where."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import pulumi

from .arguments import Problem

HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


class Exposure(StrEnum):
    """From where a deployment can be reached."""

    PRIVATE = "private"
    """From its private network only."""
    PUBLIC = "public"
    """From the internet, with authentication still required."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may call. Callers always authenticate with an identity of the cloud; there is no anonymous access."""

    exposure: Exposure = Exposure.PRIVATE
    """`private` (default): only from the network. `public`: from the internet as well; the policy pack reports it."""
    callers: list[str] = field(default_factory=list[str])
    """Identities that may call: IAM role ARNs on AWS, object ids of Entra principals on Azure, IAM members (`serviceAccount:...`) on Google Cloud.
    Empty: nobody but administrators of the account, until somebody is listed."""


class Authentication(StrEnum):
    """How the callers of a web service prove who they are."""

    IDENTITY = "identity"
    """With an identity of the cloud: IAM (Signature Version 4) on AWS, Entra on Azure, IAM (an identity token) on Google Cloud."""
    JWT = "jwt"
    """With a token of an OpenID Connect issuer."""
    API_KEY = "api-key"
    """With a key of their own, which also counts their requests."""
    NONE = "none"
    """Not at all. Whoever reaches it may call; the policy pack reports it."""


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """Which JSON Web Tokens are let in."""

    issuer: str
    """Address of the OpenID Connect issuer, without `/.well-known/openid-configuration`: `https://login.example.com/tenant`."""
    audiences: list[str]
    """Audiences of which a token must name one."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not self.issuer.startswith("https://"):
            yield Problem("issuer", f"'{self.issuer}' is no issuer; it begins with https://")
        if not self.audiences:
            yield Problem("audiences", "is empty; list at least one, or tokens for any other service would be let in")


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A host name of the user's own."""

    hostname: str
    """Host name, such as `pricing.example.com`."""
    certificate: pulumi.Input[str] | None = None
    """Certificate for it: ARN in Certificate Manager on AWS, id of the Key Vault secret on Azure, id in Certificate Manager on Google Cloud. Omitted:
    the cloud makes and renews one where it can; a component whose cloud cannot says so."""
    zone: pulumi.Input[str] | None = None
    """Zone in which the record is made: id of the Route 53 hosted zone, ARM id of the Azure DNS zone, name of the Cloud DNS managed zone.
    Omitted: output `dns_target` says what the record must point to."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not HOST.fullmatch(self.hostname):
            yield Problem("hostname", f"'{self.hostname}' is no host name; write for example pricing.example.com")


@dataclass(frozen=True, kw_only=True)
class WebAccess(Access):
    """Who may call a web service: a function or a container."""

    authentication: Authentication = Authentication.IDENTITY
    """How callers prove who they are. Default: with an identity of the cloud, and `callers` lists them."""
    tokens: Tokens | None = None
    """Which tokens are let in. Required with `authentication: jwt`, and only then."""
    domain: Domain | None = None
    """Host name of the service. Default: one that the cloud makes."""
    requests_per_minute: int | None = None
    """Requests a minute that one caller may send, 10 to 100000; what is more is refused with 429. A caller is an address, or a key with
    `authentication: api-key`. Omitted: 60 a minute when `exposure` is public, without limit when it is private."""

    @property
    def limit_per_minute(self) -> int | None:
        """Requests a minute that one caller may send, if there is a limit."""
        if self.requests_per_minute is None and self.exposure is Exposure.PUBLIC:
            return 60
        return self.requests_per_minute

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if self.callers and self.authentication is not Authentication.IDENTITY:
            yield Problem("callers", f"has no effect with authentication {self.authentication}; leave it out, or use {Authentication.IDENTITY}")
        if self.tokens is None and self.authentication is Authentication.JWT:
            yield Problem("tokens", f"is required with authentication {Authentication.JWT}")
        if self.tokens is not None and self.authentication is not Authentication.JWT:
            yield Problem("tokens", f"has no effect with authentication {self.authentication}; leave it out, or use {Authentication.JWT}")
        if self.requests_per_minute is not None and not 10 <= self.requests_per_minute <= 100_000:
            yield Problem("requests_per_minute", f"{self.requests_per_minute} is not allowed; use 10 to 100000")
