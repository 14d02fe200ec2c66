"""The seeded mistakes: single changes to valid resources, read from `mutations.yaml`."""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent


def resources() -> dict[str, dict[str, Any]]:
    """The valid resources by token."""
    return yaml.safe_load((HERE / "valid" / "resources.yaml").read_text())


@dataclass(frozen=True)
class Mistake:
    kind: str
    token: str
    path: str
    value: Any

    @property
    def name(self) -> str:
        return f"{self.kind}: {self.token} {self.path}"

    def apply(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The inputs with this mistake in them."""
        made = copy.deepcopy(inputs)
        holder: Any = made
        *steps, last = _steps(self.path)
        for step in steps:
            holder = holder.setdefault(step, {}) if isinstance(holder, dict) else holder[step]
        if self.value is None:
            del holder[last]
        elif isinstance(self.value, dict) and "repeat" in self.value:
            text, times = self.value["repeat"]
            holder[last] = text * times
        elif isinstance(self.value, dict) and "replace" in self.value:
            before, after = self.value["replace"]
            assert before in holder[last], f"{self.name}: nothing to replace"
            holder[last] = holder[last].replace(before, after)
        else:
            assert holder == [] or isinstance(holder, list) or holder.get(last) != self.value, f"{self.name} changes nothing"
            holder[last] = self.value
        return made


def _steps(path: str) -> list[str | int]:
    """`a.b[0].c[x.y/z]` as steps: an index when it is a number, else a key with dots in it."""
    found: list[str | int] = []
    for name, inside in re.findall(r"([^.\[\]]+)|\[([^\]]+)\]", path):
        found.append(int(inside) if inside.isdigit() else inside or name)
    return found


def mistakes() -> Iterator[Mistake]:
    """Every seeded mistake."""
    for kind, by_token in yaml.safe_load((HERE / "mutations.yaml").read_text()).items():
        for token, changes in by_token.items():
            for path, value in changes.items():
                yield Mistake(kind, token, path, value)
