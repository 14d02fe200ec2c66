"""Templates of ids and computed outputs: `arn:aws:sqs:{region}:{account}:{name}`.

A placeholder names an input or output of the resource (a dotted path reaches into objects), a fact of the provider's configuration (`region`,
`account`, `project`, ...), or a made-up but stable value (`hex8`, `digits10`, `uuid`), which depends on the record's nonce alone. `a?b` takes
the first that is there; `|lower` and the other filters change the text. A template that is one placeholder keeps the value's type.
"""

import hashlib
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, cast

from sandbox.values import UNKNOWN

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_MADE_UP = re.compile(r"^(hex|digits|letters)(\d+)(?:_\w+)?$|^uuid(?:_\w+)?$")

_FILTERS: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "last": lambda text: text.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1],
    "bare": lambda text: re.sub(r"[^a-z0-9]", "", text.lower()),
    "path": lambda text: text if text.startswith("/") else f"/{text}",
    "strip": lambda text: text.strip("/"),
    "region": lambda text: re.sub(r"[^a-z0-9]", "", text.lower()),
    "first": lambda text: text.split(".", 1)[0],
    "host": lambda text: text.removeprefix("https://").split("/", 1)[0],
    "port": lambda text: next((port for engine, port in _PORTS if engine in text), "3306"),
}
_PORTS = (("postgres", "5432"), ("sqlserver", "1433"), ("oracle", "1521"), ("mysql", "3306"), ("mariadb", "3306"))


class Facts:
    """What placeholders may refer to."""

    def __init__(self, nonce: str, *layers: Mapping[str, Any]) -> None:
        self._nonce = nonce
        self._layers = layers

    def value(self, name: str) -> Any:
        """What a placeholder's name stands for, or None."""
        match = _MADE_UP.match(name)
        if match:
            return self._made_up(name, match)
        for layer in self._layers:
            found = _reach(layer, name)
            if found is not None:
                return found
        return None

    def _made_up(self, name: str, match: re.Match[str]) -> str:
        digest = hashlib.sha256(f"{self._nonce}/{name}".encode()).hexdigest() * 2
        kind, count = match[1], int(match[2] or 0)
        if kind == "hex":
            return digest[:count]
        if kind == "digits":
            return str(int(digest, 16))[1 : count + 1].replace("0", "5", 1) if count else ""
        if kind == "letters":
            return "".join(chr(ord("a") + int(digest[i : i + 2], 16) % 26) for i in range(0, count * 2, 2))
        return str(uuid.UUID(digest[:32], version=4))


def fill(template: Any, facts: Facts) -> Any:
    """The template's value: None when something in it is missing, `UNKNOWN` when something is not known yet."""
    if isinstance(template, str):
        return _fill_text(template, facts)
    if isinstance(template, list):
        return [fill(item, facts) for item in cast("list[Any]", template)]
    if isinstance(template, dict):
        filled = {key: fill(item, facts) for key, item in cast("dict[str, Any]", template).items()}
        return {key: value for key, value in filled.items() if value is not None}
    return template


def placeholders(template: str) -> list[str]:
    """The names a template refers to, without filters and alternatives."""
    return [part.split("|")[0].split("?")[0] for part in _PLACEHOLDER.findall(template)]


def is_made_up(template: str) -> bool:
    """Whether the template holds a value that the provider makes up."""
    return any(_MADE_UP.match(name) for name in placeholders(template))


def _fill_text(template: str, facts: Facts) -> Any:
    found = list(_PLACEHOLDER.finditer(template))
    if len(found) == 1 and found[0].span() == (0, len(template)):
        return _evaluate(found[0][1], facts)
    values = [_evaluate(match[1], facts) for match in found]
    if any(value is UNKNOWN for value in values):
        return UNKNOWN
    if any(value is None for value in values):
        return None
    remaining = iter(values)
    return _PLACEHOLDER.sub(lambda _: str(next(remaining)), template)


def _evaluate(expression: str, facts: Facts) -> Any:
    names, *filters = expression.split("|")
    value = next((found for name in names.split("?") if (found := facts.value(name)) is not None), None)
    if isinstance(value, str):
        for name in filters:
            value = _FILTERS[name](value)
    return value


def _reach(layer: Mapping[str, Any], path: str) -> Any:
    value: Any = layer
    for part in path.split("."):
        if value is UNKNOWN:
            return UNKNOWN
        if isinstance(value, list) and part.isdigit():
            items = cast("list[Any]", value)
            value = items[int(part)] if int(part) < len(items) else None
        elif isinstance(value, Mapping):
            value = cast("Mapping[str, Any]", value).get(part)
        else:
            return None
    return value
