"""The resources of a stack and what each waits for, from `pulumi preview --json --show-sames`.

Without `--show-sames` what does not change is missing in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

STACK = "pulumi:pulumi:Stack"
PROVIDER = "pulumi:providers:"


class PreviewError(ValueError):
    """What was read is not what `pulumi preview --json` prints."""


@dataclass(frozen=True)
class Resource:
    """A resource, or a component."""

    urn: str
    type: str
    name: str
    parent: str
    is_component: bool
    needs: frozenset[str]
    """URNs of what it waits for."""

    @property
    def kind(self) -> str:
        """The type in two words: `network.Subnet` of `azure-native:network:Subnet`, `ec2.Subnet` of `aws:ec2/subnet:Subnet`."""
        parts = self.type.split(":")
        module = parts[1].split("/")[0] if len(parts) == 3 else ""
        return parts[-1] if module in ("", "index") else f"{module}.{parts[-1]}"


@dataclass(frozen=True)
class Graph:
    """Resources by URN, in the order in which the program registered them."""

    stack: str
    resources: dict[str, Resource]

    def component_of(self, resource: Resource) -> Resource | None:
        """The component a resource belongs to: the nearest one above it; none directly below the stack."""
        above = self.resources.get(resource.parent)
        while above is not None and not above.is_component:
            above = self.resources.get(above.parent)
        return above

    @cached_property
    def leaves(self) -> list[Resource]:
        """What is not a component."""
        return [each for each in self.resources.values() if not each.is_component]

    @cached_property
    def edges(self) -> dict[str, frozenset[str]]:
        """What each resource waits for directly: what it waits for anyway, through another, is left out."""
        known = {each.urn: frozenset(each.needs & self.resources.keys()) - {each.urn} for each in self.leaves}
        leaves = {each.urn for each in self.leaves}
        direct = {urn: frozenset(needs & leaves) for urn, needs in known.items()}
        reached = {urn: self._reached(urn, direct) for urn in direct}
        return {urn: frozenset(each for each in needs if not any(each in reached[other] for other in needs)) for urn, needs in direct.items()}

    @staticmethod
    def _reached(start: str, direct: Mapping[str, frozenset[str]]) -> set[str]:
        """Everything `start` waits for, at any distance, without itself."""
        found: set[str] = set()
        waiting = list(direct[start])
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting.extend(direct[each])
        return found


def read(preview: object) -> Graph:
    """The graph in the parsed output of `pulumi preview --json`; providers and what is deleted are left out.

    Raises `PreviewError` for anything else.
    """
    steps = cast(Mapping[str, Any], preview).get("steps") if isinstance(preview, Mapping) else None
    if not isinstance(steps, list) or not steps:
        raise PreviewError("there are no steps in it; it has to be what `pulumi preview --json` prints, without PULUMI_ENABLE_STREAMING_JSON_PREVIEW")
    states = list(_states(cast(list[Mapping[str, Any]], steps)))
    stack = next((state["urn"].split("::")[0].removeprefix("urn:pulumi:") for state in states), "")
    resources = [_resource(state) for state in states if state["type"] != STACK and not state["type"].startswith(PROVIDER)]
    return Graph(stack, {each.urn: each for each in resources})


def _states(steps: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for step in steps:
        state = step.get("newState")
        if isinstance(state, Mapping) and not str(step.get("op", "")).startswith("read"):
            yield cast(Mapping[str, Any], state)


def _resource(state: Mapping[str, Any]) -> Resource:
    by_property = cast(Mapping[str, list[str] | None], state.get("propertyDependencies") or {})
    needs = {*cast(list[str], state.get("dependencies") or []), *(urn for urns in by_property.values() for urn in urns or [])}
    return Resource(
        urn=state["urn"],
        type=state["type"],
        name=str(state["urn"]).split("::", 3)[3],
        parent=state.get("parent") or "",
        is_component=not state.get("custom", False),
        needs=frozenset(needs),
    )
