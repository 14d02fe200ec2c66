"""Failures that a user should read as a sentence: the server turns them into what the engine expects, without a traceback."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from pulumi.provider.experimental.property_value import PropertyValue

from .values import Json, to_properties


class ResourceError(Exception):
    """An operation failed, and nothing of it is left: the resource is as it was before, or does not exist."""


class PartialError(ResourceError):
    """An operation did not finish, but the resource exists or is being made.

    The engine records it with its id and state, and the next `pulumi up` calls `update` to end the work.
    """

    def __init__(self, message: str, resource_id: str, properties: Json, inputs: Json | None = None):
        """`inputs` is what `read` found as inputs, only for it."""
        super().__init__(message)
        self.resource_id = resource_id
        self._properties = properties
        self._inputs = inputs
        self.properties = to_properties(properties)
        self.inputs = None if inputs is None else to_properties(inputs)

    def protect(self, like: Mapping[str, PropertyValue]) -> None:
        """Marks as secret what is secret in `like`."""
        self.properties = to_properties(self._properties, like)
        self.inputs = None if self._inputs is None else to_properties(self._inputs, like)


@contextmanager
def remains(resource_id: str, properties: Json) -> Generator[None]:
    """From here on the resource is there: what fails inside leaves it, with these properties."""
    try:
        yield
    except PartialError:
        raise
    except ResourceError as error:
        raise PartialError(str(error), resource_id, properties) from error
