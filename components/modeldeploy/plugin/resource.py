"""What a custom resource of ours gives the provider, and the parts that all of them share: checking, defaults, differences."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Protocol, cast

import pulumi

from modeldeploy.spec.arguments import ArgumentError, Problem, parse

from .values import Json, Unknown
from .wire import from_wire, to_wire, value_at, wire_path


@dataclass(frozen=True)
class Request:
    """What the engine says about an operation besides its inputs."""

    urn: str
    timeout: float = 0
    """Seconds the user gives it (`custom_timeouts`); 0 for the resource's own default."""

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rpartition("::")[2]

    @property
    def token(self) -> str:
        """The resource's type (the URN has its parents' types before it)."""
        return self.urn.split("::")[-2].rpartition("$")[2]


@dataclass(frozen=True)
class State:
    """A resource as it is in the cloud."""

    id: str
    outputs: Json
    inputs: Json = dataclasses.field(default_factory=dict[str, Any])
    """The inputs that would give this state; filled by `read`."""


class Resource(Protocol):
    """A resource type: its arguments, and how it is made, read, changed and deleted."""

    token: str
    """Its type: `modeldeploy:index:Class`."""
    declaration: type[pulumi.CustomResource]
    """The class Python programs use; its properties are the outputs."""
    arguments: type[Any]
    """Its argument class: a frozen dataclass."""
    immutable: frozenset[str]
    """Inputs whose change makes a new resource."""
    volatile: frozenset[str]
    """Outputs that an update may change, so that its preview does not know them."""
    exclusive: bool
    """Whether there can only be one at its place, so that it is deleted before another takes its place."""

    def defaults(self, request: Request, seed: bytes, old: Json, new: Json) -> Json:
        """Inputs chosen for the user: names. `old` is empty for a new resource."""
        ...

    def same(self, name: str, old: Any, new: Any) -> bool:
        """Whether two different values of an input (None where it is not given) mean the same."""
        ...

    async def create(self, request: Request, inputs: Json) -> State:
        """Makes the resource."""
        ...

    async def read(self, request: Request, resource_id: str, inputs: Json, outputs: Json) -> State | None:
        """The resource as it is, or None where it is gone. `inputs` and `outputs` are empty on import."""
        ...

    async def update(self, request: Request, resource_id: str, old: Json, inputs: Json) -> Json:
        """Makes the resource what `inputs` say, `old` being its outputs; ends work that an earlier run left. Returns the outputs."""
        ...

    async def delete(self, request: Request, resource_id: str, old: Json) -> None:
        """Deletes the resource; no error if it is gone."""
        ...


def check(resource: Resource, request: Request, new: Json) -> tuple[Json, list[Problem]]:
    """`new` with the defaults of the argument class, and what is wrong with it.

    A value not known yet is taken as right: the update checks again with what it has become.
    """
    kind = resource.declaration.__name__
    try:
        parsed = parse(resource.arguments, from_wire(resource.arguments, new), f"{kind} '{request.name}'")
    except ArgumentError as error:
        problems = [Problem(wire_path(each.path), each.reason) for each in error.problems]
        return new, [each for each in problems if not isinstance(value_at(new, each.path), Unknown)]
    return to_wire(parsed), []


def differences(old: object, new: object, path: str = "") -> dict[str, str]:
    """Paths at which `old` and `new` differ, as `add`, `delete` or `update`."""
    found: dict[str, str] = {}
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = cast(Json, old), cast(Json, new)
        for key in [*before, *(key for key in after if key not in before)]:
            found.update(differences(before.get(key), after.get(key), f"{path}.{key}" if path else key))
        return found
    if isinstance(old, list) and isinstance(new, list):
        earlier, later = cast(list[Any], old), cast(list[Any], new)
        for index in range(max(len(earlier), len(later))):
            found.update(differences(_item(earlier, index), _item(later, index), f"{path}[{index}]"))
        return found
    if old == new and not isinstance(new, Unknown):
        return {}
    if old is None:
        return {path: "add"}
    return {path: "delete" if new is None else "update"}


def top(path: str) -> str:
    """The property that a path begins with."""
    return path.partition(".")[0].partition("[")[0]


def _item(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else None
