"""Who may call a deployment, and from where."""

from dataclasses import dataclass, field
from enum import StrEnum


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
