"""Breaking one property of a resource."""

import copy
import re
from collections.abc import Mapping
from typing import Any

MISSING = object()
"""Stands for a property that is left out."""

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine puts where a preview does not know a string."""


def changed(props: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with one property changed; `a.b[0].c` is a path, missing objects on the way are made."""
    result: Any = copy.deepcopy(dict(props))
    keys = [int(key) if key.isdigit() else key for key in re.findall(r"[^.\[\]]+", path)]
    target: Any = result
    for key in keys[:-1]:
        target = target[key] if isinstance(key, int) else target.setdefault(key, {})
    if value is MISSING:
        target.pop(keys[-1], None)
    else:
        target[keys[-1]] = value
    return result
