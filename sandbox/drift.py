"""Changes made behind Pulumi's back, as somebody in the cloud's console would."""

from dataclasses import replace
from typing import Any, cast

from sandbox.store import Record, Store
from sandbox.values import Inputs


def edit(store: Store, record: Record, path: list[str], value: Any) -> Record:
    """Set a property in the cloud's own view of a resource; None removes it. The next refresh sees it."""
    changed = replace(record, inputs=_set(record.inputs, path, value), outputs=_set(record.outputs, path, value))
    store.update(changed)
    return changed


def _set(holder: Inputs, path: list[str], value: Any) -> Inputs:
    return cast("Inputs", _put(holder, path, value))


def _put(holder: Any, path: list[str], value: Any) -> Any:
    head, rest = path[0], path[1:]
    if isinstance(holder, list):
        items = list(cast("list[Any]", holder))
        index = int(head)
        items[index : index + 1] = [] if not rest and value is None else [_put(items[index], rest, value) if rest else value]
        return items
    properties = dict(cast("Inputs", holder)) if isinstance(holder, dict) else {}
    if rest:
        properties[head] = _put(properties.get(head), rest, value)
    elif value is None:
        properties.pop(head, None)
    else:
        properties[head] = value
    return properties
