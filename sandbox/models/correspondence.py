"""A Pulumi resource's inputs, turned into the vendor's own request.

A `Node` is one object of the SDK beside the object of the vendor's model that it corresponds to; its links say where each input goes and how its
form changes on the way. From the same links come the request to check, the way back from the vendor's path to the user's property, which
properties may be required, and the coverage report.
"""

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from sandbox.models import names
from sandbox.models.schema import Path, Schema, View, as_list, as_object
from sandbox.models.sdk import Field, InputType
from sandbox.values import UNKNOWN, AssetValue


class Document(Protocol):
    """A vendor's model: resolves the references in its schemas."""

    def resolve(self, reference: str) -> Schema:
        """The schema that a `$ref` of this document names."""
        ...


@dataclass(frozen=True)
class Exceptions:
    """What the rules cannot know of one resource type; the keys are property paths without indices (`productionVariants.modelName`)."""

    names: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """Where a property goes in the vendor's object (`VpcConfig/Subnets`); `None`: the vendor's model has nothing like it."""
    own: Mapping[str, str] = field(default_factory=dict[str, str])
    """Inputs of the provider, which the vendor's interface does not have, with the reason."""
    optional: frozenset[str] = frozenset()
    """Required by the vendor, but filled in by the provider."""
    forms: Mapping[str, str] = field(default_factory=dict[str, str])
    """Changes of form that the types do not show: see `_FORMS`."""

    def lookup(self, table: Mapping[str, Any], path: str) -> Any:
        """The entry for a path, or for its last name anywhere (`*.name`); `...` where there is none."""
        if path in table:
            return table[path]
        anywhere = "*." + path.rsplit(".", 1)[-1]
        return table.get(anywhere, ...)


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _drop(value: Any) -> Any:
    return UNKNOWN


def _single(value: Any) -> Any:
    return [value] if as_list(value) is None else value


def _log_types(value: Any) -> Any:
    items = as_list(value)
    return value if items is None else [{"Type": item} for item in items]


_FORMS: Mapping[str, Callable[[Any], Any]] = {
    "upper": _upper,
    "json": _json,
    "unchecked": _drop,  # the vendor's form differs too much; only its place counts
    "enabled": lambda value: {True: "ENABLED", False: "DISABLED"}.get(value, value) if isinstance(value, bool) else value,
    "scheme": lambda value: {True: "internal", False: "internet-facing"}.get(value, value) if isinstance(value, bool) else value,
    "single": _single,
    "log_types": _log_types,
}


@dataclass(frozen=True)
class Link:
    """One input: where it goes in the vendor's object, and how its value gets there."""

    name: str
    to: tuple[str, ...]
    convert: Callable[[Any], Any]
    node: "Node | None"
    indexed: bool
    """Whether an index in the vendor's path is an index of the input too (a list on both sides)."""
    checked: bool = True
    """Whether the value is held against the model; not, where the vendor's form of it differs too much."""


_BRIDGED = ("aws", "gcp")
"""Packages of Terraform's providers, for which empty text is the same as none."""


class Node:
    """An object of the SDK and the object of the vendor's model that it corresponds to."""

    def __init__(self, given: InputType, schema: Schema, document: Document, exceptions: Exceptions, path: str, resource: str = "") -> None:
        self._given, self._schema, self._document, self._exceptions = given, schema, document, exceptions
        self.path, self._resource = path, resource

    @functools.cached_property
    def links(self) -> Mapping[str, Link]:
        """The inputs that have a place in the vendor's model."""
        found: dict[str, Link] = {}
        for name, known in self._fields.items():
            link = self._link(name, known)
            if link is not None:
                found[name] = link
        return found

    def at(self, name: str) -> str:
        """The path of one of this object's properties."""
        return f"{self.path}.{name}" if self.path else name

    @functools.cached_property
    def _fields(self) -> Mapping[str, Field]:
        return self._given.fields()

    def fields(self) -> Mapping[str, Field]:
        """All inputs of this object."""
        return self._fields

    def _link(self, name: str, known: Field) -> Link | None:
        path = self.at(name)
        told = self._exceptions.lookup(self._exceptions.names, path)
        if told is None or self._exceptions.lookup(self._exceptions.own, path) is not ...:
            return None
        if told is ...:
            hit = names.find(name, self.properties(), self._resource)
            if hit is None:
                return None
            to: tuple[str, ...] = (hit,)
        else:
            to = tuple(str(told).split("/"))
        target: Schema = self._schema
        spelled: list[str] = []
        for step in to:
            options = object_properties(target, self._document)
            actual = names.find(step, options)
            if actual is None:
                raise LookupError(f"{path}: the model has no {step} (it has {', '.join(sorted(options))})")
            spelled.append(actual)
            target = options[actual]
        form = self._exceptions.lookup(self._exceptions.forms, path)
        convert, node, indexed = self._conversion(path, known.type, target)
        if form == "unchecked":
            convert, node = _FORMS[form], None
        elif form is not ...:
            convert = _then(_FORMS[form], convert)
        return Link(name, tuple(spelled), convert, node, indexed, checked=form != "unchecked")

    def properties(self) -> Mapping[str, Schema]:
        """The vendor's properties of this object."""
        return object_properties(self._schema, self._document)

    def _conversion(self, path: str, given: InputType, target: Schema) -> tuple[Callable[[Any], Any], "Node | None", bool]:
        target = resolved(target, self._document)
        kinds = kinds_of(target, self._document)
        if given.kind == "object":
            if "array" in kinds:
                item = resolved(items_of(target, self._document), self._document)
                node = Node(given, item, self._document, self._exceptions, path)
                return (lambda value: [node.translate(value)]), node, False
            if kinds and "object" not in kinds:
                return _same, None, False
            node = Node(given, target, self._document, self._exceptions, path)
            return node.translate, node, False
        if given.kind == "list" and given.item is not None:
            if "array" in kinds:
                convert, node, _ = self._conversion(path, given.item, items_of(target, self._document))
                return _each(convert), node, True
            if given.item.kind == "object" and "object" in kinds:
                node = Node(given.item, target, self._document, self._exceptions, path)
                return _first(node.translate), node, False
            return _same, None, False
        if given.kind == "map" and given.item is not None:
            if "array" in kinds:
                item = object_properties(items_of(target, self._document), self._document)
                pair = (names.find("key", item) or names.find("name", item), names.find("value", item) or names.find("values", item))
                if pair[0] and pair[1]:
                    convert, _, _ = self._conversion(path, given.item, item[pair[1]])
                    return _pairs(pair[0], pair[1], convert), None, False
                return _same, None, False
            value_schema = as_object(target.get("additionalProperties"))
            if value_schema is None:
                value_schema = next(iter(target.get("patternProperties", {}).values()), None)
            if value_schema is None:
                return _same, None, False
            convert, node, _ = self._conversion(path, given.item, value_schema)
            return _values(convert), node, False
        return _scalar(given.kind, kinds), None, False

    def translate(self, value: Any) -> Any:
        """The vendor's form of this object."""
        fields = as_object(value)
        if fields is None:
            return value
        out: dict[str, Any] = {}
        for name, item in fields.items():
            link = self.links.get(name)
            if link is None or item is None or (item == "" and self._given.catalog.package in _BRIDGED):
                continue
            holder: dict[str, Any] | None = out
            for step in link.to[:-1]:
                holder = as_object(holder.setdefault(step, {})) if holder is not None else None
            if holder is not None:
                _put(holder, link.to[-1], item if item is UNKNOWN or isinstance(item, AssetValue) else link.convert(item))
        return out

    @functools.cached_property
    def view(self) -> View:
        """What of the vendor's object the inputs reach."""
        return _view(self, list(self.links.values()), 0)

    def is_optional(self, link: Link) -> bool:
        """Whether the provider fills this input in when it is left out."""
        path = self.at(link.name)
        if "*" in self._exceptions.optional or path in self._exceptions.optional or "*." + path.rsplit(".", 1)[-1] in self._exceptions.optional:
            return True
        return self.path == "" and link.name == "name"  # auto-naming

    def back(self, path: Path) -> str:
        """The input that a path of the vendor's request came from."""
        best: Link | None = None
        for link in self.links.values():
            head = path[: len(link.to)]
            shared = head == link.to[: len(head)]
            if head and shared and (best is None or len(link.to) < len(best.to) or (len(head) == len(link.to) and best.to != path[: len(best.to)])):
                best = link
        if best is None:
            return _spell(path)
        rest = path[len(best.to) :]
        said = best.name
        while rest and isinstance(rest[0], int):
            if best.indexed:
                said += f"[{rest[0]}]"
            rest = rest[1:]
        if not rest or best.node is None:
            return said if not rest or not best.indexed else f"{said}{_under(rest)}"
        return f"{said}.{best.node.back(rest)}"

    def covered(self, above: tuple[int, ...] = ()) -> Iterator[tuple[str, Link | None, str | None]]:
        """Every input under this object: its path, its link, and the reason where the vendor has nothing like it.

        An object inside itself (a web ACL's statements) counts once.
        """
        here = tuple(id(properties) for properties in self._given.objects)
        if set(here) & set(above):
            return
        for name in self.fields():
            path = self.at(name)
            link = self.links.get(name)
            own = self._exceptions.lookup(self._exceptions.own, path)
            yield path, link, None if own is ... else str(own)
            if link is not None and link.node is not None:
                yield from link.node.covered((*above, *here))


def _put(holder: dict[str, Any], name: str, made: Any) -> None:
    """Sets a property; two inputs that the vendor keeps in one object or list are joined."""
    fields, items = as_object(holder.get(name)), as_list(holder.get(name))
    if fields is not None and isinstance(made, dict):
        fields.update(cast("dict[str, Any]", made))
    elif items is not None and isinstance(made, list):
        items.extend(cast("list[Any]", made))
    else:
        holder[name] = made


def _spell(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def _under(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def _view(node: Node, links: list[Link], depth: int) -> View:
    by_step: dict[str, list[Link]] = {}
    for link in links:
        by_step.setdefault(link.to[depth], []).append(link)
    return View(_LazyViews(node, by_step, depth), frozenset(step for step, held in by_step.items() if all(node.is_optional(one) for one in held)))


class _LazyViews(Mapping[str, "View | None"]):
    """The views of an object's properties, made when a schema is compiled so far (web ACLs nest deeply)."""

    def __init__(self, node: Node, by_step: Mapping[str, list[Link]], depth: int) -> None:
        self._node, self._by_step, self._depth = node, by_step, depth

    @functools.cached_property
    def _made(self) -> dict[str, View | None]:
        return {}

    def __getitem__(self, step: str) -> View | None:
        if step not in self._made:
            held = self._by_step[step]
            deeper = [link for link in held if len(link.to) > self._depth + 1]
            if deeper:
                self._made[step] = _view(self._node, deeper, self._depth + 1)
            else:
                inner = held[0].node
                self._made[step] = inner.view if inner is not None else None
        return self._made[step]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_step)

    def __len__(self) -> int:
        return len(self._by_step)


def resolved(schema: Schema, document: Document) -> Schema:
    """The schema behind any `$ref`s."""
    while isinstance(schema.get("$ref"), str):
        schema = document.resolve(schema["$ref"])
    return schema


def object_properties(schema: Schema, document: Document) -> Mapping[str, Schema]:
    """The properties of an object, with those of its alternatives."""
    schema = resolved(schema, document)
    found: dict[str, Schema] = dict(schema.get("properties", {}))
    for keyword in ("allOf", "anyOf", "oneOf"):
        for branch in schema.get(keyword, ()):
            for name, inner in object_properties(branch.get("then", branch), document).items():
                held = found.setdefault(name, inner)
                if held != inner:  # alternatives differ in it: any of their forms
                    found[name] = {"anyOf": [*held.get("anyOf", (held,)), inner]}
    return found


def items_of(schema: Schema, document: Document) -> Schema:
    """The schema of a list's items; those of all its alternatives where it has several."""
    schema = resolved(schema, document)
    if "items" in schema:
        return schema["items"]
    found = [items_of(branch, document) for keyword in ("anyOf", "oneOf", "allOf") for branch in schema.get(keyword, ())]
    found = [inner for inner in found if inner]
    return found[0] if len(found) == 1 else {"anyOf": found} if found else {}


def kinds_of(schema: Schema, document: Document) -> frozenset[str]:
    """The JSON types that a schema allows, as far as it says."""
    schema = resolved(schema, document)
    typed = schema.get("type")
    if isinstance(typed, str):
        return frozenset((typed,))
    if typed is not None:
        return frozenset(typed)
    if "properties" in schema:
        return frozenset(("object",))
    found: set[str] = set()
    for keyword in ("anyOf", "oneOf", "allOf"):
        for branch in schema.get(keyword, ()):
            found |= kinds_of(branch, document)
    return frozenset(found)


def _then(first: Callable[[Any], Any], second: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: second(first(value))


def _same(value: Any) -> Any:
    return value


def _each(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        items = as_list(value)
        return value if items is None else [item if item is UNKNOWN else convert(item) for item in items]

    return run


def _first(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        items = as_list(value)
        return convert(items[0]) if items else value

    return run


def _values(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        fields = as_object(value)
        if fields is None:
            return value
        return {key: item if item is UNKNOWN else convert(item) for key, item in fields.items() if item is not None}

    return run


def _pairs(key: str, value_key: str, convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        fields = as_object(value)
        if fields is None:
            return value
        return [{key: name, value_key: item if item is UNKNOWN else convert(item)} for name, item in fields.items() if item is not None]

    return run


def _scalar(given: str, wanted: frozenset[str]) -> Callable[[Any], Any]:
    if given == "string" and wanted and "string" not in wanted:
        if wanted & {"integer", "number"}:
            return _to_number
        if "boolean" in wanted:
            return lambda value: {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
        if wanted & {"object", "array"}:
            return _json if "object" in wanted else _listed
    if given == "string" and "object" in wanted:
        return _json
    if given in ("number", "boolean") and wanted and not wanted & {"integer", "number", "boolean"} and "string" in wanted:
        return _to_text
    return _same


def _listed(value: Any) -> Any:
    """Text where the vendor has a list: the JSON of it, or its only item."""
    items = as_list(_json(value))
    return [value] if items is None else items


def _to_number(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        return value


def _to_text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else value
