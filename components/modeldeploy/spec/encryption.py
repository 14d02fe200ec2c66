"""The key that encrypts what a deployment stores."""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi

from .arguments import Problem


@dataclass(frozen=True, kw_only=True)
class Encryption:
    """A customer-managed key: given, or made with rotation. There is no deployment without one."""

    key: pulumi.Input[str] | None = None
    """The key to use: KMS key ARN on AWS, key identifier with its version (`https://<vault>.vault.azure.net/keys/<name>/<version>`) on Azure,
    CryptoKey id on Google Cloud. Omitted: one is made."""
    rotation_days: int | None = None
    """Days between rotations of the key that is made, 90 to 730. Omitted: 90. Excludes `key`."""

    @property
    def rotation(self) -> int:
        """Days between rotations of a key that is made."""
        return 90 if self.rotation_days is None else self.rotation_days

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if self.key is not None and self.rotation_days is not None:
            yield Problem("rotation_days", "excludes encryption.key: the key given has its own rotation; give one of the two")
        if self.rotation_days is not None and not 90 <= self.rotation_days <= 730:
            yield Problem("rotation_days", f"{self.rotation_days} is not allowed; use 90 to 730")
