"""Reads arguments: turns a mapping or an instance of an argument class into a checked instance, or raises one error that lists every problem.

Arguments reach a component in three ways: as an instance of its argument class (a Python program), as a plain mapping (the component host, for
programs in other languages, where every number is a float), and as a mapping read from stack configuration. `parse` treats all three alike.
"""

import dataclasses
import difflib
import types
import typing
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeVar, Union, cast

import pulumi
from pulumi.errors import InputPropertiesError, InputPropertyErrorDetails

T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the arguments: the path of the argument, and a sentence with its value and what is allowed."""

    path: str
    reason: str

    def under(self, parent: str) -> "Problem":
        """The same problem, seen from the argument that contains this one."""
        return Problem(join(parent, self.path), self.reason)


class ArgumentError(InputPropertiesError, pulumi.RunError):
    """Arguments that cannot be deployed.

    Pulumi shows it without a traceback: as input-property errors from a hosted component, as one message from a Python program.
    """

    def __init__(self, subject: str, problems: list[Problem]):
        self.problems = problems
        lines = [f"{problem.path}: {problem.reason}" for problem in problems]
        message = f"{subject}: {lines[0]}" if len(lines) == 1 else "\n  ".join([f"{subject}: {len(lines)} arguments are not valid", *lines])
        details: list[InputPropertyErrorDetails] = [{"property_path": p.path, "reason": p.reason} for p in problems]
        super().__init__(message, details)


class Checked(Protocol):
    """An argument class with rules beyond the types of its fields."""

    def problems(self) -> Iterator[Problem]:
        """What is wrong, with paths relative to this argument."""
        ...


def parse(kind: type[T], value: object, subject: str) -> T:
    """Checks `value` against the argument class `kind` and returns it as an instance.

    `value` is a mapping with the field names of `kind` as keys, or an instance of `kind` or of a class it extends. `subject` says whose arguments
    they are in the message ("SageMakerEndpoint 'pricing'").

    Raises `ArgumentError` with every unknown name, missing argument, wrong type and broken rule found.
    """
    found: list[Problem] = []
    parsed = _convert(kind, value, "", found)
    if found:
        raise ArgumentError(subject, found)
    return cast(T, parsed)


def join(parent: str, child: str) -> str:
    """The path of `child` inside `parent`: `scaling` and `minimum` give `scaling.minimum`, `models` and `[0]` give `models[0]`."""
    if not parent or not child:
        return parent or child
    return f"{parent}{child}" if child.startswith("[") else f"{parent}.{child}"


def unknown_name(name: str, known: Iterable[str]) -> str:
    """The sentence for a name that does not exist, with the nearest one and the list of those that do."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return f"'{name}' is not known; {hint}allowed: {', '.join(names)}"


def _convert(kind: Any, value: object, path: str, found: list[Problem]) -> object:
    """`value` as `kind`, or None after adding to `found`."""
    if kind is Any:
        return value
    origin = typing.get_origin(kind)
    if origin in (Union, types.UnionType):
        return _convert_union(typing.get_args(kind), value, path, found)
    if isinstance(value, pulumi.Output):
        found.append(Problem(path, "an Output is not allowed here: the value decides what is deployed, so it must be known when the program runs"))
        return None
    if origin is list:
        return _convert_list(typing.get_args(kind)[0], value, path, found)
    if origin is dict:
        return _convert_dict(typing.get_args(kind)[1], value, path, found)
    if dataclasses.is_dataclass(kind):
        return _convert_dataclass(cast(type, kind), value, path, found)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _convert_enum(kind, value, path, found)
    return _convert_scalar(kind, value, path, found)


def _convert_union(members: tuple[Any, ...], value: object, path: str, found: list[Problem]) -> object:
    if value is None and type(None) in members:
        return None
    takes_outputs = any(typing.get_origin(member) is Awaitable for member in members)
    if takes_outputs and isinstance(value, pulumi.Output | Awaitable):
        return cast(object, value)
    plain = next(member for member in members if member is not type(None))
    return _convert(plain, value, path, found)


def _convert_list(item: Any, value: object, path: str, found: list[Problem]) -> object:
    if not isinstance(value, list | tuple):
        found.append(Problem(path, f"{value!r} is not a list"))
        return None
    return [_convert(item, each, join(path, f"[{index}]"), found) for index, each in enumerate(cast(list[object], value))]


def _convert_dict(item: Any, value: object, path: str, found: list[Problem]) -> object:
    if not isinstance(value, Mapping):
        found.append(Problem(path, f"{value!r} is not a map"))
        return None
    return {str(key): _convert(item, each, join(path, str(key)), found) for key, each in cast(Mapping[object, object], value).items()}


def _convert_enum(kind: type[StrEnum], value: object, path: str, found: list[Problem]) -> object:
    try:
        return kind(str(value))
    except ValueError:
        found.append(Problem(path, f"'{value}' is not allowed; use one of {', '.join(kind)}"))
        return None


def _convert_scalar(kind: Any, value: object, path: str, found: list[Problem]) -> object:
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool):
        return value
    names = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
    found.append(Problem(path, f"{value!r} is not {names[kind]}"))
    return None


def _convert_dataclass(kind: type, value: object, path: str, found: list[Problem]) -> object:
    given = _fields_given(kind, value)
    if given is None:
        found.append(Problem(path or "args", f"{value!r} is neither {kind.__name__} nor a map of its arguments"))
        return None
    before = len(found)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for name in given.keys() - fields.keys():
        found.append(Problem(join(path, name), unknown_name(name, fields)))
    converted: dict[str, object] = {}
    for name, field in fields.items():
        if name in given:
            converted[name] = _convert(field.type, given[name], join(path, name), found)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            found.append(Problem(join(path, name), "is required"))
    if len(found) > before:
        return None
    parsed = kind(**converted)
    if hasattr(parsed, "problems"):
        found.extend(problem.under(path) for problem in cast(Checked, parsed).problems())
    return parsed


def _fields_given(kind: type, value: object) -> Mapping[str, object] | None:
    if isinstance(value, Mapping):
        return cast(Mapping[str, object], value)
    if isinstance(value, kind.__mro__[:-1]) and dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return None
