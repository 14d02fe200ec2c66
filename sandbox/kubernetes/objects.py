"""Kubernetes objects and the engine's property values: what is sent, what is kept, what is compared. Pure functions."""

from typing import Any, cast

from sandbox.values import Inputs

from .client import Object

AUTONAMED = "pulumi.com/autonamed"
PATCH_FORCE = "pulumi.com/patchForce"
SKIP_AWAIT = "pulumi.com/skipAwait"


def to_object(token: str, inputs: Inputs, namespace: str, *, namespaced: bool) -> Object:
    """The object that the inputs of a resource describe; `namespace` is the provider's, for objects that name none."""
    sent = {name: value for name, value in inputs.items() if not name.startswith("__")}
    api_version, kind = kind_of(token)
    metadata = dict(part(sent, "metadata"))
    if namespaced:
        metadata.setdefault("namespace", namespace)
    else:
        metadata.pop("namespace", None)
    return {"apiVersion": api_version, "kind": kind, **sent, "metadata": metadata}


def kind_of(token: str) -> tuple[str, str]:
    """apiVersion and kind: `kubernetes:apps/v1:Deployment` and `DeploymentPatch` are `apps/v1` `Deployment`, `core/v1` is `v1`."""
    group, kind = token.split(":")[1:]
    return group.removeprefix("core/"), kind.removesuffix("Patch")


def is_patch(token: str) -> bool:
    """Whether a resource changes an object that somebody else made."""
    return token.endswith("Patch")


def id_of(it: Object) -> str:
    """The id Pulumi knows an object by."""
    metadata = it["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else str(metadata["name"])


def names(resource_id: str) -> tuple[str | None, str]:
    """Namespace and name of an id."""
    namespace, _, name = resource_id.rpartition("/")
    return namespace or None, name


def part(it: Object, *path: str) -> Object:
    """The object at a path; empty where there is none."""
    held = read_path(it, path)
    return cast(Object, held) if isinstance(held, dict) else {}


def parts(it: Object, *path: str) -> list[Object]:
    """The list of objects at a path; empty where there is none."""
    held = read_path(it, path)
    return cast("list[Object]", held) if isinstance(held, list) else []


def annotation(it: Object, name: str) -> str:
    """An annotation's value, or nothing."""
    return str(part(it, "metadata", "annotations").get(name, ""))


def prune(live: Any, shape: Any) -> Any:
    """What `live` says about the fields that `shape` has: the provider never looks at fields it was not given."""
    if isinstance(live, dict) and isinstance(shape, dict):
        held, wanted = cast(Inputs, live), cast(Inputs, shape)
        return {name: prune(held[name], value) for name, value in wanted.items() if name in held}
    if isinstance(live, list) and isinstance(shape, list):
        items, wanted_items = cast("list[Any]", live), cast("list[Any]", shape)
        return [prune(item, wanted_items[index]) if index < len(wanted_items) else item for index, item in enumerate(items)]
    return cast(Any, live)


def held_by(live: Object, manager: str, path: tuple[str, ...]) -> tuple[bool, bool]:
    """Whether this field manager holds the field at `path`, and whether another one does."""
    ours = theirs = False
    for entry in parts(live, "metadata", "managedFields"):
        fields: Any = entry.get("fieldsV1")
        for name in path:
            fields = cast(Inputs, fields).get(f"f:{name}") if isinstance(fields, dict) else None
        if fields is not None:
            ours, theirs = ours or entry["manager"] == manager, theirs or entry["manager"] != manager
    return ours, theirs


def read_path(it: Object, path: tuple[str, ...]) -> Any:
    """The value at a path, or None."""
    value: Any = it
    for name in path:
        value = cast(Inputs, value).get(name) if isinstance(value, dict) else None
    return value


def with_path(it: Object, path: tuple[str, ...], value: Any) -> Object:
    """A copy with another value at a path; None takes the field out."""
    name, rest = path[0], path[1:]
    if rest:
        held: Any = it.get(name)
        return {**it, name: with_path(cast(Object, held) if isinstance(held, dict) else {}, rest, value)}
    if value is None:
        return {key: each for key, each in it.items() if key != name}
    return {**it, name: value}
