"""JSON Schema, compiled to plain functions and tolerant of values that are not known yet.

Every vendor's model is turned into JSON Schema first (CloudFormation and Kubernetes publish it; the loaders translate the others), so this one
module decides what a model refuses. It differs from a general validator in four ways:

- `UNKNOWN` satisfies everything, and a condition that met an `UNKNOWN` on its way decides nothing.
- A schema is compiled against a *view*: which of the vendor's properties the Pulumi resource can set at all. What it cannot set is never required.
- The keywords that cfn-lint adds to JSON Schema (`requiredXor`, `dependentExcluded`, `uniqueKeys`, ...) are known.
- A problem carries the vendor's path and names, so that the caller can say it in the user's own property names.
"""

import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import regex

from sandbox.models.formats import FORMATS
from sandbox.values import UNKNOWN, AssetValue

Schema = Mapping[str, Any]
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """Why a value is refused: where, by which keyword, and a sentence in which `{0}`, `{1}`, ... stand for property names of the vendor."""

    path: Path
    keyword: str
    reason: str
    names: tuple[str, ...] = ()


@dataclass
class Findings:
    """What a check found; `undecided` once it met an unknown value."""

    problems: list[Problem] = field(default_factory=list[Problem])
    undecided: bool = False


Check = Callable[[Any, Path, Findings], None]


@dataclass(frozen=True)
class View:
    """The vendor's properties that Pulumi's inputs can reach, at one place of the schema. `None` as a child means: everything below counts."""

    fields: Mapping[str, "View | None"]
    optional: frozenset[str] = frozenset()
    """Reachable, but filled in by the provider when left out: never required."""


_KIND: Final[Mapping[str, Callable[[Any], bool]]] = {
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: not isinstance(v, bool) and (isinstance(v, int) or (isinstance(v, float) and v.is_integer())),
    "number": lambda v: not isinstance(v, bool) and isinstance(v, int | float),
    "boolean": lambda v: isinstance(v, bool),
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
    "null": lambda v: v is None,
}


@functools.cache
def pattern(source: str) -> Callable[[str], object] | None:
    """A search function for a vendor's pattern, or `None` where no Python engine reads it.

    Vendors write Java and ECMAScript dialects: `re` reads most, `regex` reads `\\p{L}` and inline flags.
    """
    try:
        return re.compile(source).search
    except re.error:
        try:
            return regex.compile(source).search
        except regex.error:
            return None


def as_list(value: Any) -> list[Any] | None:
    """The value if it is a list."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def as_object(value: Any) -> dict[str, Any] | None:
    """The value if it is an object."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def show(value: Any) -> str:
    """A value as a message names it: short, and quoted when it is text."""
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else repr(value)
    return text if len(text) <= 100 else text[:97] + "..."


def _listed(values: Iterable[object], limit: int = 30) -> str:
    every = [str(v) for v in values]
    if len(every) <= limit:
        return ", ".join(every)
    return ", ".join(every[:limit]) + f" and {len(every) - limit} more"


class Compiler:
    """Compiles the schemas of one document, whose `$ref`s it resolves with `resolve`."""

    def __init__(self, resolve: Callable[[str], Schema]) -> None:
        self._resolve = resolve
        self._by_reference: dict[tuple[str, int], Check] = {}
        self._views: list[View | None] = []

    def compile(self, schema: Schema | bool, view: View | None = None) -> Check:
        """A check for `schema`, in which only the properties of `view` may be required."""
        if schema is True:
            return lambda value, path, found: None
        if schema is False:
            return lambda value, path, found: found.problems.append(Problem(path, "false", "is not allowed here"))
        checks: list[Check] = []
        reference = schema.get("$ref")
        if isinstance(reference, str):
            checks.append(self._referenced(reference, view))
        typed = schema.get("type")
        if typed is not None:
            checks.append(_type(typed))
        for keyword, make in _SIMPLE.items():
            if keyword in schema:
                made = make(schema[keyword])
                if made is not None:
                    checks.append(made)
        if "properties" not in schema and ("patternProperties" in schema or "additionalProperties" in schema):
            checks.append(_properties(self, schema, view))
        for keyword, assemble in _COMPOUND.items():
            if keyword in schema:
                made = assemble(self, schema, view)
                if made is not None:
                    checks.append(made)

        def run(value: Any, path: Path, found: Findings) -> None:
            if value is UNKNOWN or isinstance(value, AssetValue):
                found.undecided = True
                return
            before = len(found.problems)
            for check in checks:
                check(value, path, found)
                if len(found.problems) > before and check is checks[0] and typed is not None and reference is None:
                    return  # of the wrong type: what else is wrong with it follows from that

        return run

    def _referenced(self, reference: str, view: View | None) -> Check:
        key = (reference, id(view))
        known = self._by_reference.get(key)
        if known is not None:
            return known
        made: list[Check] = []

        def later(value: Any, path: Path, found: Findings) -> None:
            if not made:
                made.append(self.compile(self._resolve(reference), view))
            made[0](value, path, found)

        self._by_reference[key] = later
        self._views.append(view)  # keeps the id taken
        return later


def _type(kinds: Any) -> Check:
    names: list[str] = [kinds] if isinstance(kinds, str) else list(kinds)
    tests = [_KIND[name] for name in names if name in _KIND]
    wanted = " or ".join(names)

    def check(value: Any, path: Path, found: Findings) -> None:
        if not any(test(value) for test in tests):
            found.problems.append(Problem(path, "type", f"is {show(value)}, but must be of type {wanted}"))

    return check


def _enum(values: Any) -> Check | None:
    allowed: list[Any] = list(values)

    def check(value: Any, path: Path, found: Findings) -> None:
        if value not in allowed:
            found.problems.append(Problem(path, "enum", f"is {show(value)}, but must be one of {_listed(allowed)}"))

    return check


def _enum_any_case(values: Any) -> Check:
    allowed = {str(v).lower() for v in values}

    def check(value: Any, path: Path, found: Findings) -> None:
        if str(value).lower() not in allowed:
            found.problems.append(Problem(path, "enum", f"is {show(value)}, but must be one of {_listed(values)}"))

    return check


def _pattern(source: Any) -> Check | None:
    search = pattern(str(source))
    if search is None:
        return None

    def check(value: Any, path: Path, found: Findings) -> None:
        if isinstance(value, str) and search(value) is None:
            found.problems.append(Problem(path, "pattern", f"is {show(value)}, which does not match {source}"))

    return check


def _format(name: Any) -> Check | None:
    rule = FORMATS.get(str(name))
    if rule is None:
        return None

    def check(value: Any, path: Path, found: Findings) -> None:
        items = as_list(value)
        if items is not None and str(name).endswith("Ids"):
            for index, item in enumerate(items):
                check(item, (*path, index), found)
        elif value is not UNKNOWN and not isinstance(value, list | dict) and not rule.accepts(value):
            found.problems.append(Problem(path, "format", f"is {show(value)}, which is not {rule.what}"))

    return check


def _number(say: str, holds: Callable[[float, float], bool], keyword: str) -> Callable[[Any], Check]:
    def make(bound: Any) -> Check:
        limit = float(bound)

        def check(value: Any, path: Path, found: Findings) -> None:
            if isinstance(value, int | float) and not isinstance(value, bool) and not holds(value, limit):
                found.problems.append(Problem(path, keyword, f"is {show(value)}, but must be {say} {show(limit)}"))

        return check

    return make


def _size(kind: type, say: str, holds: Callable[[int, int], bool], keyword: str) -> Callable[[Any], Check]:
    def make(bound: Any) -> Check:
        limit = int(bound)

        def check(value: Any, path: Path, found: Findings) -> None:
            if isinstance(value, kind) and not holds(len(value), limit):
                found.problems.append(Problem(path, keyword, f"is {show(value)}, which has {len(value)}; must have {say.format(limit)}"))

        return check

    return make


def has_unknown(value: Any) -> bool:
    """Whether an unknown value is anywhere inside."""
    if (fields := as_object(value)) is not None:
        return any(has_unknown(item) for item in fields.values())
    if (items := as_list(value)) is not None:
        return any(has_unknown(item) for item in items)
    return value is UNKNOWN


def _unique(wanted: Any) -> Check | None:
    if not wanted:
        return None

    def check(value: Any, path: Path, found: Findings) -> None:
        items = as_list(value) or []
        if any(item in items[:i] and not has_unknown(item) for i, item in enumerate(items)):
            found.problems.append(Problem(path, "uniqueItems", "must not hold the same item twice"))

    return check


def _unique_keys(keys: Any) -> Check:
    def check(value: Any, path: Path, found: Findings) -> None:
        seen: list[tuple[Any, ...]] = []
        for item in as_list(value) or []:
            if (fields := as_object(item)) is not None:
                held = tuple(fields.get(key) for key in keys)
                if UNKNOWN not in held and None not in held and held in seen:
                    found.problems.append(Problem(path, "uniqueKeys", f"must not hold {show(held[0])} twice"))
                seen.append(held)

    return check


_SIMPLE: Final[Mapping[str, Callable[[Any], Check | None]]] = {
    "enum": _enum,
    "const": lambda value: _enum([value]),
    "enumCaseInsensitive": _enum_any_case,
    "pattern": _pattern,
    "format": _format,
    "minimum": _number("at least", lambda v, b: v >= b, "minimum"),
    "maximum": _number("at most", lambda v, b: v <= b, "maximum"),
    "exclusiveMinimum": _number("greater than", lambda v, b: v > b, "minimum"),
    "exclusiveMaximum": _number("less than", lambda v, b: v < b, "maximum"),
    "multipleOf": _number("a multiple of", lambda v, b: math.isclose(v / b, round(v / b)), "multipleOf"),
    "minLength": _size(str, "at least {} characters", lambda n, b: n >= b, "minLength"),
    "maxLength": _size(str, "at most {} characters", lambda n, b: n <= b, "maxLength"),
    "minItems": _size(list, "at least {} items", lambda n, b: n >= b, "minItems"),
    "maxItems": _size(list, "at most {} items", lambda n, b: n <= b, "maxItems"),
    "minProperties": _size(dict, "at least {} entries", lambda n, b: n >= b, "minProperties"),
    "maxProperties": _size(dict, "at most {} entries", lambda n, b: n <= b, "maxProperties"),
    "uniqueItems": _unique,
    "uniqueKeys": _unique_keys,
}


def _present(value: dict[str, Any], name: str) -> bool:
    return value.get(name) is not None


def _required(compiler: Compiler, schema: Schema, view: View | None) -> Check | None:
    names: list[str] = list(schema["required"])
    if view is not None:
        names = [name for name in names if name in view.fields and name not in view.optional]
    if not names:
        return None

    def check(value: Any, path: Path, found: Findings) -> None:
        if (fields := as_object(value)) is not None:
            for name in names:
                if not _present(fields, name):
                    found.problems.append(Problem((*path, name), "required", "is missing, but required"))

    return check


def _properties(compiler: Compiler, schema: Schema, view: View | None) -> Check:
    properties: Mapping[str, Any] = schema.get("properties", {})
    checks: dict[str, Check] = {}

    def sub(name: str) -> Check:
        made = checks.get(name)
        if made is None:
            child = view.fields.get(name) if view is not None else None
            made = checks[name] = compiler.compile(properties[name], child)
        return made

    by_pattern = [(pattern(p), compiler.compile(s)) for p, s in schema.get("patternProperties", {}).items()]
    rest = schema.get("additionalProperties", True)
    others = None if rest is True else compiler.compile(rest)

    def check(value: Any, path: Path, found: Findings) -> None:
        for name, item in (as_object(value) or {}).items():
            if item is None:
                continue
            if name in properties:
                sub(name)(item, (*path, name), found)
                continue
            matched = False
            for search, checked in by_pattern:
                if search is not None and search(name) is not None:
                    checked(item, (*path, name), found)
                    matched = True
            if not matched and others is not None:
                if rest is False:
                    said = f" (known: {_listed(sorted(properties))})" if properties else ""
                    found.problems.append(Problem((*path, name), "additionalProperties", f"is not a property here{said}"))
                else:
                    others(item, (*path, name), found)

    return check


def _items(compiler: Compiler, schema: Schema, view: View | None) -> Check:
    check_item = compiler.compile(schema["items"], view)

    def check(value: Any, path: Path, found: Findings) -> None:
        for index, item in enumerate(as_list(value) or []):
            check_item(item, (*path, index), found)

    return check


def _try(check: Check, value: Any, path: Path) -> Findings:
    found = Findings()
    check(value, path, found)
    return found


def _closest(tries: list[Findings]) -> list[Problem]:
    """The problems of the branch that the value was probably meant for: of the right type, and wrong furthest inside."""
    return max(tries, key=lambda f: (all(p.keyword not in ("type", "enum") for p in f.problems), max(len(p.path) for p in f.problems))).problems


def _any_of(compiler: Compiler, schema: Schema, view: View | None) -> Check:
    branches = [compiler.compile(branch, view) for branch in schema["anyOf"]]

    def check(value: Any, path: Path, found: Findings) -> None:
        tries: list[Findings] = []
        for branch in branches:
            one = _try(branch, value, path)
            if not one.problems:
                return
            tries.append(one)
        found.problems.extend(_closest(tries))

    return check


def _required_names(branch: Any) -> tuple[str, ...]:
    return tuple((as_object(branch) or {}).get("required", ()))


def _one_of(compiler: Compiler, schema: Schema, view: View | None) -> Check:
    branches = [compiler.compile(branch, view) for branch in schema["oneOf"]]
    names = tuple(dict.fromkeys(name for branch in schema["oneOf"] for name in _required_names(branch)))

    def check(value: Any, path: Path, found: Findings) -> None:
        tries = [_try(branch, value, path) for branch in branches]
        fitting = [one for one in tries if not one.problems]
        if not fitting:
            found.problems.extend(_closest(tries))
        elif len(fitting) > 1 and (fields := as_object(value)) is not None and not any(one.undecided for one in fitting):
            both = tuple(name for name in names if _present(fields, name))
            if len(both) > 1:
                said = " and ".join(f"{{{i}}}" for i in range(len(both)))
                found.problems.append(Problem((*path, both[1]), "oneOf", f"excludes the others: {said} cannot be given together", both))

    return check


def _all_of(compiler: Compiler, schema: Schema, view: View | None) -> Check:
    branches = [compiler.compile(branch, view) for branch in schema["allOf"]]

    def check(value: Any, path: Path, found: Findings) -> None:
        for branch in branches:
            branch(value, path, found)

    return check


def _not(compiler: Compiler, schema: Schema, view: View | None) -> Check:
    inner = compiler.compile(schema["not"])
    names = _required_names(schema["not"])

    def check(value: Any, path: Path, found: Findings) -> None:
        one = _try(inner, value, path)
        if one.problems or one.undecided:
            return
        if names:
            said = " with ".join(f"{{{i}}}" for i in range(len(names)))
            found.problems.append(Problem((*path, names[0]), "not", f"is not allowed here ({said})", names))
        else:
            found.problems.append(Problem(path, "not", f"is {show(value)}, which is not allowed here"))

    return check


def _if(compiler: Compiler, schema: Schema, view: View | None) -> Check:
    condition = compiler.compile(schema["if"])
    then = compiler.compile(schema["then"], view) if "then" in schema else None
    otherwise = compiler.compile(schema["else"], view) if "else" in schema else None

    def check(value: Any, path: Path, found: Findings) -> None:
        one = _try(condition, value, path)
        if one.undecided:
            return
        branch = otherwise if one.problems else then
        if branch is not None:
            branch(value, path, found)

    return check


def _contains(compiler: Compiler, schema: Schema, view: View | None) -> Check:
    inner = compiler.compile(schema["contains"])

    def check(value: Any, path: Path, found: Findings) -> None:
        items = as_list(value)
        if items is None:
            return
        tries = [_try(inner, item, path) for item in items]
        if any(one.undecided for one in tries):
            found.undecided = True
        elif all(one.problems for one in tries):
            found.problems.append(Problem(path, "contains", "lacks an item that has to be there"))

    return check


def _count(keyword: str, fits: Callable[[int], bool], say: str) -> Callable[[Compiler, Schema, View | None], Check]:
    def assemble(compiler: Compiler, schema: Schema, view: View | None) -> Check:
        names = tuple(str(name) for name in schema[keyword])
        said = ", ".join(f"{{{i}}}" for i in range(len(names)))

        def check(value: Any, path: Path, found: Findings) -> None:
            fields = as_object(value)
            if fields is None:
                return
            given = sum(_present(fields, name) for name in names)
            if not fits(given):
                found.problems.append(Problem(path, keyword, f"needs {say} of {said}; {given} are given", names))

        return check

    return assemble


def _dependent_excluded(compiler: Compiler, schema: Schema, view: View | None) -> Check:
    pairs: Mapping[str, list[str]] = schema["dependentExcluded"]

    def check(value: Any, path: Path, found: Findings) -> None:
        fields = as_object(value) or {}
        for name, excluded in pairs.items():
            for other in excluded:
                if _present(fields, name) and _present(fields, other):
                    found.problems.append(Problem((*path, name), "dependentExcluded", "cannot be given together with {0}", (other,)))

    return check


def _dependent_required(keyword: str) -> Callable[[Compiler, Schema, View | None], Check]:
    def assemble(compiler: Compiler, schema: Schema, view: View | None) -> Check:
        pairs: Mapping[str, Any] = schema[keyword]

        def check(value: Any, path: Path, found: Findings) -> None:
            fields = as_object(value) or {}
            for name, needed in pairs.items():
                if not _present(fields, name):
                    continue
                for other in as_list(needed) or []:
                    reachable = view is None or other in view.fields
                    if reachable and not _present(fields, other):
                        found.problems.append(Problem((*path, other), keyword, "is missing, but required with {0}", (name,)))

        return check

    return assemble


_COMPOUND: Final[Mapping[str, Callable[[Compiler, Schema, View | None], Check | None]]] = {
    "required": _required,
    "properties": _properties,
    "items": _items,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "allOf": _all_of,
    "not": _not,
    "if": _if,
    "contains": _contains,
    "requiredXor": _count("requiredXor", lambda n: n == 1, "exactly one"),
    "requiredOr": _count("requiredOr", lambda n: n >= 1, "at least one"),
    "dependentExcluded": _dependent_excluded,
    "dependentRequired": _dependent_required("dependentRequired"),
    "dependencies": _dependent_required("dependencies"),
}
