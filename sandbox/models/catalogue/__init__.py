"""Facts that decide whether a deployment can exist, as data with a source and a date."""

from collections.abc import Iterator

from sandbox.values import Inputs, Refusal


def check(token: str, inputs: Inputs) -> Iterator[Refusal]:
    """TODO."""
    yield from ()
