"""Finding values in a resource's inputs, with the path that a refusal names."""

from collections.abc import Iterator
from typing import Any

from sandbox.models.schema import as_list, as_object
from sandbox.values import UNKNOWN


def at(value: Any, path: str, said: str = "") -> Iterator[tuple[str, Any]]:
    """Every value at a path (`containers.resources.cpu`), through lists, with its own path (`containers[0].resources.cpu`)."""
    items = as_list(value)
    if items is not None:
        for index, item in enumerate(items):
            yield from at(item, path, f"{said}[{index}]")
    elif not path:
        yield said, value
    else:
        fields = as_object(value) or {}
        head, _, rest = path.partition(".")
        if fields.get(head) is not None:
            yield from at(fields[head], rest, f"{said}.{head}".lstrip("."))


def one(value: Any, path: str) -> Any:
    """The value at a path that passes through no list; `None` where there is none, `UNKNOWN` below an unknown value."""
    for step in path.split("."):
        if value is UNKNOWN:
            return UNKNOWN
        value = (as_object(value) or {}).get(step)
    return value


def number(value: Any) -> float | None:
    """The value as a number; Azure and Terraform take numbers as text in places."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None
