"""What can go wrong with a registry. Pulumi shows these as one message, without a traceback."""

import pulumi


class RegistryError(pulumi.RunError):
    """A model could not be resolved."""


class ModelMissingError(RegistryError):
    """There is no such model, version, alias or file."""


class ModelChangedError(RegistryError):
    """The content is not what was recorded for this version."""


class RegistryUnreachableError(RegistryError):
    """The registry is not configured, does not answer, or lets nobody in."""
