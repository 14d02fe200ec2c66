"""The shapes that SDK metadata is read into."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

Scalar = str | int | float | bool


class Kind(StrEnum):
    """What sort of value a type is."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ANY = "any value"
    ASSET = "asset or archive"
    LIST = "list"
    MAP = "map"
    OBJECT = "object"
    UNION = "one of"


@dataclass(frozen=True)
class ClassRef:
    """A class in an SDK's source: the file and the name."""

    file: str
    name: str


@dataclass(frozen=True)
class Type:
    """A property's type. `item` is set for lists and maps, `options` for unions, `ref` for objects, `values` for enums and literals."""

    kind: Kind
    item: "Type | None" = None
    options: tuple["Type", ...] = ()
    ref: ClassRef | None = None
    values: tuple[Scalar, ...] = ()


@dataclass(frozen=True)
class Property:
    """One property of a resource or nested object, by its wire name."""

    name: str
    python_name: str
    type: Type
    required: bool
    doc: str


@dataclass(frozen=True)
class ObjectType:
    """A nested input type."""

    ref: ClassRef
    properties: dict[str, Property]


@dataclass(frozen=True)
class ResourceType:
    """A resource type: its inputs, all the properties its state has, and its documentation."""

    token: str
    package: str
    inputs: dict[str, Property]
    state: dict[str, Property]
    doc: str = field(repr=False)
    open: bool = False
    """Whether any property is accepted: the SDK does not know the type's shape."""

    @cached_property
    def computed(self) -> frozenset[str]:
        """Names of the properties that only the provider sets."""
        return frozenset(self.state) - frozenset(self.inputs)
