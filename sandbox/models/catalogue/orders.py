"""Numbers that must be in order, such as a minimum and a maximum."""

import functools
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import yaml

from sandbox.models.catalogue.places import at, number, one
from sandbox.values import Inputs, Refusal


@functools.cache
def load(name: str) -> Mapping[str, Any]:
    """One of the catalogue's tables."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(resources.files("sandbox.models.catalogue.data").joinpath(f"{name}.yaml").read_text(), Loader=loader)


def check(token: str, inputs: Inputs) -> Iterator[Refusal]:
    """The pairs that are not in order."""
    for low, high in load("orders").get(token, ()):
        holder, steps_low, steps_high = _shared(low, high)
        for place, held in at(inputs, holder):
            least, most = number(one(held, steps_low)), number(one(held, steps_high))
            if least is not None and most is not None and least > most:
                prefix = f"{place}." if place else ""
                yield Refusal(f"{prefix}{steps_low}", f"is {least:g}, but must be at most {steps_high} ({most:g})")


def _shared(low: str, high: str) -> tuple[str, str, str]:
    """The object that both paths are under, and the rest of each."""
    left, right = low.split("."), high.split(".")
    depth = 0
    while depth < min(len(left), len(right)) - 1 and left[depth] == right[depth]:
        depth += 1
    return ".".join(left[:depth]), ".".join(left[depth:]), ".".join(right[depth:])
