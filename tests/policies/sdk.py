"""What the provider SDKs say about the inputs of a resource type, by wire name."""

import re

from sandbox.metadata import Catalog, Property, Type, UnknownTypeError, catalog


def exists(token: str) -> bool:
    """Whether an SDK has the type."""
    try:
        catalog(token.split(":", 1)[0]).resource(token)
    except UnknownTypeError:
        return False
    return True


def problem(token: str, path: str) -> str | None:
    """What is wrong with the path of an input (`a.b[0].c`), or None where the SDK has it."""
    package = catalog(token.split(":", 1)[0])
    levels: list[dict[str, Property]] = [package.resource(token).inputs]
    for key in re.sub(r"\[\d+\]", "", path).split("."):
        if not levels:
            return None  # the keys below are the user's own
        found = [level[key] for level in levels if key in level]
        if not found:
            return f"{token} has no input {path}: '{key}' is not one of {', '.join(sorted(levels[0]))}"
        levels = [level for each in found for level in _inside(package, each.type)]
    return None


def _inside(package: Catalog, kind: Type) -> list[dict[str, Property]]:
    if kind.ref is not None:
        return [package.object(kind.ref).properties]
    return [level for part in (*kind.options, *([kind.item] if kind.item else [])) for level in _inside(package, part)]
