"""A row of the tables: what metadata cannot say about a resource type."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is particular to one resource type. Templates are those of `sandbox.templates`."""

    id: str | None = None
    """The id. Without one it comes from the documentation (AWS, Google Cloud) or a rule (`sandbox.identity`)."""
    outputs: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    """Computed outputs, and optional inputs that the cloud fills in."""
    name: str | None = None
    """The property that is auto-named, where it is not the cloud's usual one."""
    autoname: bool = True
    """Whether the provider auto-names at all."""
    max_name: int = 255
    """The longest name that auto-naming may build."""
    lower: bool = False
    """Auto-naming lowers the case."""
    unique: tuple[str, ...] = ()
    """Properties that no two resources of the type may share, where the id does not already say so."""
    shared: bool = False
    """Making it when it is there already is no error: it is a fact that several may ask for (an API that is on, a member that has a role)."""
    worldwide: bool = False
    """The name is unique over all regions."""
    replaces: frozenset[str] = frozenset()
    """Property paths (without list positions) whose change replaces the resource."""
    updates: frozenset[str] = frozenset()
    """Property paths that can be changed in place although a rule would replace."""
    references: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """Property path -> `token` (by id) or `token#attribute` of what must exist; alternatives are separated by a space. `*` walks lists and maps.
    What Cloud Control makes is named by its type of CloudFormation's (`aws:cloudcontrol/resource:Resource#AWS::SageMaker::EndpointConfig`)."""
    guarded: bool = True
    """The cloud refuses to delete the resource while others refer to it."""
    owns: frozenset[str] = frozenset()
    """Types whose resources go with this one when they refer to it."""
