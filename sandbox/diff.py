"""Compares a resource's old and new inputs, as the provider's Diff does."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

from sandbox.naming import DEFAULTS
from sandbox.values import UNKNOWN, AssetValue, Inputs
from sandbox.wire import PropertyPath


class Change(Enum):
    """What happened to a property."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True)
class Difference:
    """One changed property: the innermost path that differs."""

    path: PropertyPath
    change: Change


def compare(old: Inputs, new: Inputs) -> list[Difference]:
    """All differences between two sets of inputs. Absent, null and empty-after-null count as the same."""
    found: list[Difference] = []
    for key in [*old, *(name for name in new if name not in old)]:
        if key != DEFAULTS:
            found.extend(_values(old.get(key), new.get(key), (key,)))
    return found


def _values(old: Any, new: Any, path: PropertyPath) -> Iterator[Difference]:
    if old is None and new is None:
        return
    if old is None:
        yield Difference(path, Change.ADD)
    elif new is None:
        yield Difference(path, Change.DELETE)
    elif new is UNKNOWN:
        yield Difference(path, Change.UPDATE)
    elif isinstance(old, dict) and isinstance(new, dict):
        before, after = cast("Inputs", old), cast("Inputs", new)
        for key in [*before, *(name for name in after if name not in before)]:
            yield from _values(before.get(key), after.get(key), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        before_items, after_items = cast("list[Any]", old), cast("list[Any]", new)
        for index in range(max(len(before_items), len(after_items))):
            before_item = before_items[index] if index < len(before_items) else None
            after_item = after_items[index] if index < len(after_items) else None
            yield from _values(before_item, after_item, (*path, index))
    elif not _same(old, new):
        yield Difference(path, Change.UPDATE)


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, AssetValue) and isinstance(new, AssetValue):
        return old.kind == new.kind and old.hash == new.hash
    if isinstance(old, bool) or isinstance(new, bool):
        return str(old).lower() == str(new).lower()
    if isinstance(old, int | float | str) and isinstance(new, int | float | str):
        return str(old) == str(new) or _same_document(old, new)
    return old == new


def _same_document(old: Any, new: Any) -> bool:
    """Two policies written differently that say the same."""
    if not (isinstance(old, str) and isinstance(new, str) and old[:1] in "{[" and new[:1] in "{["):
        return False
    try:
        return json.loads(old) == json.loads(new)
    except json.JSONDecodeError:
        return False
