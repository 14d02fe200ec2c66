"""Runs a program against mocks and tells what it registered: types, names, inputs and options.

    graph = record(program, outputs={"aws:kms/key:Key": {"arn": "arn:1"}}, calls={"aws:index/getRegion:getRegion": {"region": "eu-west-1"}})
    assert graph.one("aws:kms/key:Key").inputs["enableKeyRotation"] is True

Every run has an event loop of its own. A function that nobody mocked raises.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pulumi
from pulumi.runtime import mocks as sdk

Values = Mapping[str, Any]
Mocked = Values | Callable[[dict[str, Any]], Values]
"""What a resource or function answers besides its inputs, or a function that makes it from the inputs."""


@dataclass(frozen=True)
class Registration:
    """A resource as the program registered it."""

    type: str
    name: str
    inputs: dict[str, Any]
    urn: str
    parent: str
    depends_on: frozenset[str]
    """URNs of everything it waits for, by an input or by `depends_on`."""
    options: Any
    """The request as the engine gets it: `protect`, `retainOnDelete`, `deleteBeforeReplace`, `ignoreChanges`, `replaceOnChanges`, ..."""


@dataclass
class Graph:
    """What a program registered, in order, and the outputs it returned."""

    registrations: list[Registration] = field(default_factory=list[Registration])
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])

    def all(self, type: str) -> list[Registration]:
        """The resources of a type."""
        return [each for each in self.registrations if each.type == type]

    def one(self, type: str, name: str | None = None) -> Registration:
        """The one resource of a type, or of a type and name."""
        found = [each for each in self.all(type) if name is None or each.name == name]
        assert len(found) == 1, f"{len(found)} of {type} {name or ''}: {[each.name for each in self.all(type)]}"
        return found[0]

    def names(self, type: str) -> list[str]:
        """The names of the resources of a type, sorted."""
        return sorted(each.name for each in self.all(type))

    def types(self) -> set[str]:
        """The types registered."""
        return {each.type for each in self.registrations}


def record(
    program: Callable[[], Mapping[str, Any] | None],
    *,
    outputs: Mapping[str, Mocked] | None = None,
    calls: Mapping[str, Mocked] | None = None,
    preview: bool = False,
    project: str = "project",
    stack: str = "stack",
) -> Graph:
    """Runs `program`; the outputs in the mapping it returns are resolved.

    A resource answers its inputs, `outputs` of its type, and `<name>-id` as its id unless `id` is among them. In a preview nothing has outputs.
    """
    graph = Graph()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    answers = _Mocks(outputs or {}, calls or {})
    pulumi.runtime.set_mocks(answers, project=project, stack=stack, preview=preview, monitor=_Monitor(answers, graph))

    def run() -> pulumi.Output[None]:
        returned = program() or {}
        return pulumi.Output.all(**returned).apply(graph.outputs.update)

    try:
        cast(Callable[[], None], pulumi.runtime.test(run))()
    finally:
        loop.close()
    return graph


class _Mocks(sdk.Mocks):
    def __init__(self, outputs: Mapping[str, Mocked], calls: Mapping[str, Mocked]) -> None:
        self._outputs = outputs
        self._calls = calls

    def new_resource(self, args: sdk.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = cast(dict[str, Any], args.inputs)
        extra = _answer(self._outputs.get(args.typ, {}), inputs)
        return extra.get("id", f"{args.name}-id"), {**inputs, **extra}

    def call(self, args: sdk.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        if args.token not in self._calls:
            raise LookupError(f"nobody mocked {args.token}; mocked: {', '.join(sorted(self._calls))}")
        return dict(_answer(self._calls[args.token], cast(dict[str, Any], args.args))), []


class _Monitor(sdk.MockMonitor):
    def __init__(self, answers: sdk.Mocks, graph: Graph) -> None:
        super().__init__(answers)
        self._graph = graph

    def RegisterResource(self, request: Any) -> Any:
        response = super().RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            inputs = cast(dict[str, Any], pulumi.runtime.rpc.deserialize_properties(request.object))
            registration = Registration(
                request.type, request.name, inputs, response.urn, request.parent, frozenset(cast(list[str], request.dependencies)), request
            )
            self._graph.registrations.append(registration)
        return response


def _answer(mocked: Mocked, inputs: dict[str, Any]) -> Values:
    return mocked(inputs) if callable(mocked) else mocked
