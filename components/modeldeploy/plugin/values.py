"""Property values of Pulumi's provider protocol as plain Python values, and back."""

from collections.abc import Awaitable, Generator, Mapping, Sequence
from typing import Any, cast

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.rpc import UNKNOWN as UNKNOWN_SIGNATURE

_ALLOWED = "a property of this provider holds only strings, numbers, booleans, lists and maps"

Json = dict[str, Any]
"""A map of property names to plain values, with `UNKNOWN` for what only an update will tell."""


class Unknown(Awaitable[Any]):
    """A value that a preview does not know yet. Awaitable, as the values are that argument classes allow to come late."""

    def __await__(self) -> Generator[Any, None, Any]:
        """Never: it stands for a value, it does not bring one."""
        raise RuntimeError("an unknown value was awaited")

    def __repr__(self) -> str:
        return "a value not known yet"


UNKNOWN = Unknown()


def from_property(value: PropertyValue) -> Any:
    """A plain value: whole numbers as `int` (the protocol knows only floats), secrets in the clear (`to_property` marks them again)."""
    plain = value.value
    if isinstance(plain, str):
        return UNKNOWN if plain == UNKNOWN_SIGNATURE else plain
    if plain is None or isinstance(plain, bool):
        return plain
    if isinstance(plain, float):
        return int(plain) if plain.is_integer() else plain
    if isinstance(plain, Mapping):
        return {key: from_property(each) for key, each in plain.items()}
    if isinstance(plain, Sequence):
        return [from_property(each) for each in plain]
    raise TypeError(f"{_ALLOWED}, not {type(plain).__name__}")


def from_properties(values: Mapping[str, PropertyValue]) -> Json:
    """Plain values without those that are null."""
    plain = {key: from_property(value) for key, value in values.items()}
    return {key: value for key, value in plain.items() if value is not None}


def to_property(value: object, like: PropertyValue | None = None) -> PropertyValue:
    """A plain value as the protocol has it; secret where `like`, a value of the same shape, is secret."""
    inner = None if like is None else like.value
    if isinstance(value, Unknown):
        made = PropertyValue(UNKNOWN_SIGNATURE)
    elif value is None or isinstance(value, bool):
        made = PropertyValue(value)
    elif isinstance(value, str):
        made = PropertyValue(str(value))
    elif isinstance(value, int | float):
        made = PropertyValue(float(value))
    elif isinstance(value, Mapping):
        marks: Mapping[str, PropertyValue] = inner if isinstance(inner, Mapping) else {}
        made = PropertyValue({key: to_property(each, marks.get(key)) for key, each in cast(Mapping[str, object], value).items()})
    elif isinstance(value, list | tuple):
        items = list(inner) if isinstance(inner, Sequence) and not isinstance(inner, str) else []
        values = cast(Sequence[object], value)
        made = PropertyValue([to_property(each, items[index] if index < len(items) else None) for index, each in enumerate(values)])
    else:
        raise TypeError(f"{_ALLOWED}, not {type(value).__name__}")
    return made.with_secret(like is not None and like.is_secret)


def to_properties(values: Mapping[str, object], like: Mapping[str, PropertyValue] | None = None) -> dict[str, PropertyValue]:
    """Plain values as the protocol has them, without those that are None; secret where those of the same name in `like` are."""
    marks = like or {}
    return {key: to_property(value, marks.get(key)) for key, value in values.items() if value is not None}
