"""Holds a resource's inputs against the SDK's type metadata: unknown, missing and ill-typed properties, and values outside documented lists."""

from collections.abc import Callable, Iterator
from typing import Any, cast

from sandbox.metadata import Catalog, Kind, Property, ResourceType, Type
from sandbox.metadata.documented import allowed_values, constant
from sandbox.suggest import nearest
from sandbox.values import UNKNOWN, AssetValue, Inputs, Refusal
from sandbox.wire import PropertyPath, text_of

_INTERNAL = "__"
"""Prefix of the properties that providers keep for themselves (`__defaults`)."""

_SHOWN = 300
"""How much of a value a message shows: an ARM id fits."""

LOOSE_ENUMS: frozenset[str] = frozenset(
    {"ManagedPolicy", "InstanceType", "Region", "ConditionOperator", "KnownDataFlowStreams", "KnownExtensionDataSourceStreams"}
)
"""Enumerations that do not say what is allowed: AWS's of open sets (any policy ARN, instance types newer than the SDK); Azure Monitor's condition
operators, of which the SDK has two under one name and keeps the pipelines' (`gt`), while query rules take `GreaterThan`; and the streams of its data
collection rules, which every extension adds its own to (https://learn.microsoft.com/azure/azure-monitor/containers/container-insights-data-collection-dcr)."""


def check_resource(catalog: Catalog, resource: ResourceType, inputs: Inputs) -> list[Refusal]:
    """Every reason why the provider would refuse these inputs by shape alone."""
    return [] if resource.open else list(_Checker(catalog).properties(resource.inputs, inputs, ()))


def as_declared(catalog: Catalog, resource: ResourceType, inputs: Inputs) -> Inputs:
    """The inputs as a bridged provider passes them on: text where the type is text, numbers and booleans where they are meant."""
    if catalog.package not in ("aws", "gcp"):
        return inputs
    return _declared_properties(catalog, resource.inputs, inputs)


def _declared_properties(catalog: Catalog, known: dict[str, Property], given: Inputs) -> Inputs:
    return {name: _declared(catalog, known[name].type, value) if name in known else value for name, value in given.items()}


def _declared(catalog: Catalog, kind: Type, value: Any) -> Any:
    if isinstance(value, list):
        item = kind.item
        return [_declared(catalog, item, each) for each in cast("list[Any]", value)] if item is not None else cast("list[Any]", value)
    if isinstance(value, dict):
        given = cast("Inputs", value)
        if kind.kind is Kind.OBJECT and kind.ref is not None:
            return _declared_properties(catalog, catalog.object(kind.ref).properties, given)
        item = kind.item
        return {name: _declared(catalog, item, each) for name, each in given.items()} if item is not None else given
    match kind.kind:
        case Kind.STRING if isinstance(value, bool | int | float):
            return _plain(value)
        case Kind.BOOLEAN if value in ("true", "false"):
            return value == "true"
        case Kind.INTEGER | Kind.NUMBER if isinstance(value, str) and _is_number(value, coerces=True):
            number = float(value)
            return int(number) if number.is_integer() else number
        case _:
            return value


def check_provider(catalog: Catalog, inputs: Inputs) -> list[Refusal]:
    """Unknown properties of a provider's configuration. Values arrive as strings here, so types are not looked at."""
    known = catalog.provider_inputs()
    return [refusal for name in inputs if (refusal := _unknown(name, known, ())) is not None]


def _unknown(name: str, known: dict[str, Property], path: PropertyPath) -> Refusal | None:
    if name in known or name.startswith(_INTERNAL) or (not path and name in ("version", "pluginDownloadURL")):
        return None
    meant = nearest(name, known)
    hint = f"did you mean '{meant}'?" if meant else f"known properties: {', '.join(sorted(known))}"
    return Refusal(text_of((*path, name)), f"unknown property; {hint}")


class _Checker:
    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._coerces = catalog.package in ("aws", "gcp")  # Terraform's schema turns "5" into 5 and true into "true"; ARM and Kubernetes do not
        self._closed_enums = catalog.package in ("azure-native", "kubernetes")
        self._kinds: dict[Kind, Callable[[Type, Any, PropertyPath, str], Iterator[Refusal]]] = {
            Kind.LIST: self._list,
            Kind.MAP: self._map,
            Kind.OBJECT: self._object,
            Kind.UNION: self._union,
            Kind.ASSET: self._asset,
        }

    def properties(self, known: dict[str, Property], given: Inputs, path: PropertyPath) -> Iterator[Refusal]:
        for name, value in given.items():
            declared = known.get(name)
            if declared is None:
                refusal = _unknown(name, known, path)
                if refusal is not None:
                    yield refusal
            elif value is not None:
                yield from self.value(declared.type, value, (*path, name), declared.doc)
        for name, declared in known.items():
            if declared.required and given.get(name) is None:
                yield Refusal(text_of((*path, name)), f"missing required property ({describe(declared.type)})")

    def value(self, kind: Type, value: Any, path: PropertyPath, doc: str) -> Iterator[Refusal]:
        if value is UNKNOWN or value is None or kind.kind is Kind.ANY:
            return
        handler = self._kinds.get(kind.kind)
        if handler is not None:
            yield from handler(kind, value, path, doc)
        else:
            yield from self._scalar(kind, value, path, doc)

    def _scalar(self, kind: Type, value: Any, path: PropertyPath, doc: str) -> Iterator[Refusal]:
        if not _is_scalar(kind.kind, value, coerces=self._coerces):
            yield Refusal(text_of(path), f"{show(value)} is {_article(value)}, expected {describe(kind)}")
            return
        fixed = constant(doc) if self._catalog.package == "azure-native" else None
        if fixed is not None:
            allowed: tuple[Any, ...] = (fixed,)
        elif kind.values and (kind.ref is None or kind.ref.name not in LOOSE_ENUMS):
            allowed = kind.values
        elif kind.kind is Kind.BOOLEAN:
            return
        else:
            allowed = allowed_values(doc)
        yield from self._listed(allowed, value, path)

    def _listed(self, allowed: tuple[Any, ...], value: Any, path: PropertyPath) -> Iterator[Refusal]:
        if not allowed or value == "" or _plain(value) in {_plain(item) for item in allowed}:
            return
        meant = nearest(str(value), [str(item) for item in allowed])
        hint = f" (did you mean '{meant}'?)" if meant else ""
        yield Refusal(text_of(path), f"{show(value)} is not allowed{hint}; allowed: {', '.join(str(item) for item in allowed)}")

    def _list(self, kind: Type, value: Any, path: PropertyPath, doc: str) -> Iterator[Refusal]:
        if not isinstance(value, list) or kind.item is None:
            yield Refusal(text_of(path), f"{show(value)} is {_article(value)}, expected {describe(kind)}")
            return
        for index, item in enumerate(cast("list[Any]", value)):
            yield from self.value(kind.item, item, (*path, index), doc)

    def _map(self, kind: Type, value: Any, path: PropertyPath, doc: str) -> Iterator[Refusal]:
        if not isinstance(value, dict) or kind.item is None:
            yield Refusal(text_of(path), f"{show(value)} is {_article(value)}, expected {describe(kind)}")
            return
        for key, item in cast("dict[str, Any]", value).items():
            yield from self.value(kind.item, item, (*path, key), "")

    def _object(self, kind: Type, value: Any, path: PropertyPath, doc: str) -> Iterator[Refusal]:
        if not isinstance(value, dict) or kind.ref is None:
            yield Refusal(text_of(path), f"{show(value)} is {_article(value)}, expected {describe(kind)}")
            return
        yield from self.properties(self._catalog.object(kind.ref).properties, cast("Inputs", value), path)

    def _union(self, kind: Type, value: Any, path: PropertyPath, doc: str) -> Iterator[Refusal]:
        options = self._narrow(kind.options, value)
        enums = [option for option in options if option.values]
        if isinstance(value, str | int | float) and enums and self._closed_enums:
            options = tuple(enums)
        elif enums and isinstance(value, str):
            # An SDK of a bridged provider names well-known values only; the documentation's list, where there is one, still holds.
            options = tuple(option for option in options if not option.values) or options
        attempts = [list(self.value(option, value, path, doc)) for option in options]
        best = min(attempts, key=len)
        if not best:
            return
        if len(options) > 1 and not any(_suits(option, value, coerces=self._coerces) for option in options):
            yield Refusal(text_of(path), f"{show(value)} is {_article(value)}, expected {describe(kind)}")
        else:
            yield from best

    def _narrow(self, options: tuple[Type, ...], value: Any) -> tuple[Type, ...]:
        """Of several object types, the one whose discriminator the value names."""
        if not isinstance(value, dict):
            return options
        given = cast("Inputs", value)
        objects = [option for option in options if option.kind is Kind.OBJECT and option.ref is not None]
        for option in objects:
            assert option.ref is not None
            for declared in self._catalog.object(option.ref).properties.values():
                fixed = constant(declared.doc)
                if fixed is not None and given.get(declared.name) == fixed:
                    return (option,)
        return tuple(objects) or options

    def _asset(self, kind: Type, value: Any, path: PropertyPath, doc: str) -> Iterator[Refusal]:
        if not isinstance(value, AssetValue):
            yield Refusal(text_of(path), f"{show(value)} is {_article(value)}, expected an asset or archive")


def _suits(kind: Type, value: Any, *, coerces: bool) -> bool:
    """Whether a value has the outward shape of a type."""
    match kind.kind:
        case Kind.LIST:
            return isinstance(value, list)
        case Kind.MAP | Kind.OBJECT:
            return isinstance(value, dict)
        case Kind.ASSET:
            return isinstance(value, AssetValue)
        case Kind.ANY | Kind.UNION:
            return True
        case _:
            return _is_scalar(kind.kind, value, coerces=coerces)


def _is_scalar(kind: Kind, value: Any, *, coerces: bool) -> bool:
    if isinstance(value, list | dict | AssetValue):
        return False
    match kind:
        case Kind.STRING:
            return isinstance(value, str) or coerces
        case Kind.BOOLEAN:
            return isinstance(value, bool) or (coerces and value in ("true", "false"))
        case Kind.INTEGER:
            return _is_number(value, coerces=coerces) and float(value).is_integer()
        case Kind.NUMBER:
            return _is_number(value, coerces=coerces)
        case _:
            return True


def _is_number(value: Any, *, coerces: bool) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return True
    if not (coerces and isinstance(value, str)):
        return False
    try:
        float(value)
    except ValueError:
        return False
    return True


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def describe(kind: Type) -> str:
    """A type as a user would say it."""
    match kind.kind:
        case Kind.LIST:
            return f"a list of {describe(kind.item)}s" if kind.item else "a list"
        case Kind.MAP:
            return f"a map of {describe(kind.item)}s" if kind.item else "a map"
        case Kind.UNION:
            return " or ".join(dict.fromkeys(describe(option) for option in kind.options))
        case Kind.OBJECT:
            return f"an object ({kind.ref.name.removesuffix('Args')})" if kind.ref else "an object"
        case _:
            return kind.kind.value


def show(value: Any) -> str:
    """A value in a message: short, and quoted when it is text."""
    written = f"'{value}'" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return written if len(written) <= _SHOWN else f"{written[: _SHOWN - 3]}..."


def _article(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, AssetValue):
        return f"an {value.kind}"
    return "an object"
