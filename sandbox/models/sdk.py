"""What a Pulumi resource takes, in the few kinds that matter for finding its place in a vendor's model.

The vendors' models say what a value may be; which of their properties a Pulumi resource can set, and in what form (one object or a list, a number
or text), only the SDK says. The sandbox's metadata reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sandbox.metadata import Catalog, Property, Type, UnknownTypeError, catalog
from sandbox.metadata import Kind as SdkKind

_SCALARS: Final[Mapping[SdkKind, str]] = {
    SdkKind.STRING: "string",
    SdkKind.NUMBER: "number",
    SdkKind.INTEGER: "number",
    SdkKind.BOOLEAN: "boolean",
}


@dataclass(frozen=True)
class InputType:
    """The type of an input: its kind (`object`, `list`, `map`, `string`, `number`, `boolean`, `any`) and what it is made of."""

    kind: str
    catalog: Catalog
    item: "InputType | None" = None
    objects: tuple[Mapping[str, Property], ...] = ()
    """The properties of an object; several where it is a union of classes."""

    def fields(self) -> Mapping[str, "Field"]:
        """The fields of an object by wire name; those of all its classes where there are several."""
        found: dict[str, Field] = {}
        for properties in self.objects:
            for name, known in properties.items():
                field = Field(_read(self.catalog, known.type), known.required)
                before = found.get(name)
                found[name] = field if before is None else _joined(before, field)
        return found


@dataclass(frozen=True)
class Field:
    """One input: its type, and whether the SDK requires it."""

    type: InputType
    required: bool


def _joined(one: Field, other: Field) -> Field:
    """A field that several classes of a union have: an object of either form, or as the first has it."""
    if one.type.kind == other.type.kind == "object":
        return Field(InputType("object", one.type.catalog, objects=(*one.type.objects, *other.type.objects)), one.required)
    return one


def arguments(token: str) -> InputType | None:
    """The inputs of the resource type with this token, or `None` where the SDK does not know it."""
    package = token.partition(":")[0]
    known = catalog(package)
    try:
        return InputType("object", known, objects=(known.resource(token).inputs,))
    except UnknownTypeError:
        return None


def _read(known: Catalog, given: Type) -> InputType:
    if given.kind is SdkKind.OBJECT and given.ref is not None:
        return InputType("object", known, objects=(known.object(given.ref).properties,))
    if given.kind in (SdkKind.LIST, SdkKind.MAP) and given.item is not None:
        return InputType(given.kind.value, known, item=_read(known, given.item))
    if given.kind is SdkKind.UNION:
        members = [_read(known, option) for option in given.options]
        objects = tuple(properties for member in members for properties in member.objects)
        if objects and not any(member.kind == "string" for member in members):
            return InputType("object", known, objects=objects)
        kinds = {member.kind for member in members}
        if objects:
            return InputType("string", known)  # a document: the object, or the JSON of it
        return members[0] if len(kinds) == 1 else InputType("any", known)
    return InputType(_SCALARS.get(given.kind, "any"), known)
