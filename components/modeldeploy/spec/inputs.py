"""A component's arguments as its inputs in Pulumi's state, where policies see them."""

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any, cast


def as_inputs(value: Any) -> Any:
    """Dataclasses as maps, enumerations as their values, everything else as it is; arguments left out are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name: as_inputs(each) for name, each in pairs if each is not None}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: as_inputs(each) for key, each in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [as_inputs(each) for each in cast(list[Any], value)]
    return value
