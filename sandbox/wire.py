"""The engine's wire form of property values, and the sandbox's plain one.

The engine sends protobuf structs in which secrets, assets, archives and resource references are objects with a signature key, and unknown values
are reserved strings. Inside the sandbox values are plain (`sandbox.values`); which paths were secret travels beside them, so that outputs copied
from a secret input leave as secrets again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from sandbox.values import UNKNOWN, AssetValue, Inputs

PropertyPath = tuple[str | int, ...]
"""Where a value sits: property names and list positions from the outside in."""

SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"

_UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS = frozenset(
    {
        _UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)


@dataclass(frozen=True)
class Properties:
    """Plain property values, and the paths whose values were secret."""

    values: Inputs
    secrets: frozenset[PropertyPath]


def from_plain(plain: dict[str, Any]) -> Properties:
    """Read the JSON form (signature objects and all)."""
    secrets: set[PropertyPath] = set()
    values = {key: _read(value, (key,), secrets) for key, value in plain.items()}
    return Properties(values=values, secrets=frozenset(secrets))


def to_plain(values: Inputs, secrets: Iterable[PropertyPath] = ()) -> dict[str, Any]:
    """Write the JSON form, with the values at `secrets` (where they still exist) marked as secret."""
    marked = frozenset(secrets)
    return {key: _write(value, (key,), marked) for key, value in values.items()}


def _read(value: Any, path: PropertyPath, secrets: set[PropertyPath]) -> Any:
    if isinstance(value, str):
        return UNKNOWN if value in _UNKNOWNS else value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, list):
        return [_read(item, (*path, index), secrets) for index, item in enumerate(cast("list[Any]", value))]
    if isinstance(value, dict):
        return _read_object(cast("dict[str, Any]", value), path, secrets)
    return value


def _read_object(value: dict[str, Any], path: PropertyPath, secrets: set[PropertyPath]) -> Any:
    signature = value.get(SIGNATURE)
    if signature is None:
        return {key: _read(item, (*path, key), secrets) for key, item in value.items()}
    if signature == _SECRET:
        secrets.add(path)
        return _read(value.get("value"), path, secrets)
    if signature == _OUTPUT:
        if value.get("secret"):
            secrets.add(path)
        return _read(value["value"], path, secrets) if "value" in value else UNKNOWN
    if signature == _RESOURCE:
        return _read(value.get("id", value.get("urn")), path, secrets)
    if signature in (_ASSET, _ARCHIVE):
        return _read_asset(value, "asset" if signature == _ASSET else "archive")
    raise ValueError(f"property {path} has a signature the sandbox does not know: {signature}")


def _read_asset(value: dict[str, Any], kind: str) -> AssetValue:
    def text(key: str) -> str | None:
        found = value.get(key)
        return found if isinstance(found, str) and found else None

    nested = cast("dict[str, dict[str, Any]]", value.get("assets") or {})
    return AssetValue(
        kind=kind,
        hash=text("hash") or "",
        path=text("path"),
        uri=text("uri"),
        text=text("text"),
        assets=tuple((name, _read_asset(item, "asset" if item.get(SIGNATURE) == _ASSET else "archive")) for name, item in nested.items()),
    )


def _write(value: Any, path: PropertyPath, secrets: frozenset[PropertyPath]) -> Any:
    written = _write_value(value, path, secrets)
    return {SIGNATURE: _SECRET, "value": written} if path in secrets else written


def _write_value(value: Any, path: PropertyPath, secrets: frozenset[PropertyPath]) -> Any:
    if value is UNKNOWN:
        return _UNKNOWN_STRING
    if isinstance(value, AssetValue):
        return _write_asset(value)
    if isinstance(value, list):
        return [_write(item, (*path, index), secrets) for index, item in enumerate(cast("list[Any]", value))]
    if isinstance(value, dict):
        return {key: _write(item, (*path, key), secrets) for key, item in cast("dict[str, Any]", value).items()}
    return value


def _write_asset(value: AssetValue) -> dict[str, Any]:
    written: dict[str, Any] = {SIGNATURE: _ASSET if value.kind == "asset" else _ARCHIVE, "hash": value.hash}
    for key in ("path", "uri", "text"):
        held = getattr(value, key)
        if held is not None:
            written[key] = held
    if value.assets:
        written["assets"] = {name: _write_asset(item) for name, item in value.assets}
    return written


def contains_unknown(value: Any) -> bool:
    """Whether any part of a value is not known yet."""
    if value is UNKNOWN:
        return True
    if isinstance(value, list):
        return any(contains_unknown(item) for item in cast("list[Any]", value))
    if isinstance(value, dict):
        return any(contains_unknown(item) for item in cast("dict[str, Any]", value).values())
    return False


def text_of(path: PropertyPath) -> str:
    """`containers[0].image` for `("containers", 0, "image")`; keys that are no names are quoted, as the engine writes them."""
    written = ""
    for part in path:
        if isinstance(part, int):
            written += f"[{part}]"
        elif part and all(char.isalnum() or char in "_$" for char in part):
            written += f".{part}" if written else part
        else:
            escaped = part.replace('"', '\\"')
            written += f'["{escaped}"]'
    return written
