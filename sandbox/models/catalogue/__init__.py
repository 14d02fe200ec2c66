"""Facts that decide whether a deployment can exist, as data with a source and a date.

- `machines`: which machines a hosting service has, and what is in them.
- `pairs`: CPU and memory that go together, and services' limits.
- `orders`: minima that must be below maxima.
- `naming`: what each service accepts as a name; `labels`: what each cloud accepts as tags.
"""

from collections.abc import Iterator

from sandbox.models.catalogue import hosting, labels, naming, orders, pairs
from sandbox.models.catalogue.naming import NameRule, name_rule
from sandbox.values import Inputs, Refusal

__all__ = ["NameRule", "check", "name_rule"]


def check(token: str, inputs: Inputs) -> Iterator[Refusal]:
    """Why a deployment with these inputs cannot exist."""
    for table in (hosting.CHECKS, pairs.CHECKS):
        for run in table.get(token, ()):
            yield from run(inputs)
    yield from orders.check(token, inputs)
    yield from naming.check(token, inputs)
    yield from labels.check(token, inputs)
