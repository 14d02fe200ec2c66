"""The key that encrypts what a component stores, and the services that may use it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from modeldeploy.spec.encryption import Encryption

from .agents import agent
from .scope import Scope

SECONDS_PER_DAY = 24 * 60 * 60
ENCRYPT_AND_DECRYPT = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


@dataclass(frozen=True)
class Key:
    """A key and what has to be there before a service can use it."""

    id: pulumi.Input[str]
    """`projects/P/locations/L/keyRings/R/cryptoKeys/K`."""
    ready: list[pulumi.Resource]
    """What everything that is encrypted with it depends on."""


def data_key(scope: Scope, encryption: Encryption, services: Sequence[str]) -> Key:
    """The key given by `encryption`, used as it is, or a new one that `services` (`aiplatform`, `storage`, ...) may use.

    A key that was given is its owner's: nothing about it is changed, so its owner lets the services use it. Otherwise deleting one of two components
    with the same key would take the permission of the other.

    Google Cloud never deletes a key ring or a key. When a key that was made goes, its versions are destroyed (after 30 days, in which it can be
    restored); the names stay taken, which is why they are chosen automatically.
    """
    if encryption.key is not None:
        return Key(encryption.key, [])
    ring = gcp.kms.KeyRing(
        f"{scope.name}-keys",
        gcp.kms.KeyRingArgs(location=scope.region, project=scope.project),
        scope.after_apis(),
    )
    key = gcp.kms.CryptoKey(
        f"{scope.name}-key",
        gcp.kms.CryptoKeyArgs(
            key_ring=ring.id,
            purpose="ENCRYPT_DECRYPT",
            rotation_period=f"{encryption.rotation * SECONDS_PER_DAY}s",
            version_template=gcp.kms.CryptoKeyVersionTemplateArgs(algorithm="GOOGLE_SYMMETRIC_ENCRYPTION", protection_level="SOFTWARE"),
            labels=scope.labels,
        ),
        scope.child(protect=scope.production),
    )
    return Key(
        key.id,
        [
            gcp.kms.CryptoKeyIAMMember(
                f"{scope.name}-key-{service}",
                gcp.kms.CryptoKeyIAMMemberArgs(crypto_key_id=key.id, role=ENCRYPT_AND_DECRYPT, member=agent(scope, service)),
                scope.child(),
            )
            for service in services
        ],
    )
