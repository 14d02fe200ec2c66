"""What each service accepts as the name of a resource: `data/names.yaml`, with the page of each rule."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.models.catalogue.orders import load
from sandbox.values import Inputs, Refusal


@dataclass(frozen=True)
class NameRule:
    """The rule for one resource type's name."""

    property: str
    """The input that holds the name."""
    shortest: int
    longest: int
    pattern: str
    """A regular expression that the whole name matches."""
    said: str
    """The pattern in words."""
    unique: str
    """Where the name may exist once: `global` (every account), `account`, `region` (of an account), `group` (Azure) or `parent`."""
    source: str

    def problem(self, name: str) -> str | None:
        """Why this is not such a name, or `None`."""
        if not self.shortest <= len(name) <= self.longest:
            return f"is {name!r}, which has {len(name)} characters; must have {self.shortest} to {self.longest} ({self.source})"
        if re.fullmatch(self.pattern, name) is None:
            return f"is {name!r}, but must be {self.said} ({self.source})"
        return None


@functools.cache
def name_rule(token: str) -> NameRule | None:
    """The rule for names of this resource type, if one is known."""
    told = load("names")
    row = told["types"].get(token)
    if row is None:
        return None
    shape = told["shapes"][row["shape"]]
    shortest, longest = row["length"]
    return NameRule(row["property"], shortest, longest, shape["pattern"], shape["said"], row["unique"], told["sources"][row["source"]])


def check(token: str, inputs: Inputs) -> Iterator[Refusal]:
    """Whether the name that the inputs give can be one."""
    rule = name_rule(token)
    name = inputs.get(rule.property) if rule is not None else None
    if rule is not None and isinstance(name, str) and name:
        problem = rule.problem(name)
        if problem is not None:
            yield Refusal(rule.property, problem)
