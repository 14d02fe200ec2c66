"""A resource type bound to a vendor's model: translate the inputs, check the request, say what is wrong in the inputs' own names."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sandbox.models.correspondence import Document, Exceptions, Node
from sandbox.models.schema import Check, Compiler, Findings, Path, Problem, Schema
from sandbox.models.sdk import InputType
from sandbox.values import Inputs, Refusal


@dataclass(frozen=True)
class Source:
    """A vendor's model of one object: what it is called in messages, its schema, and the document that the schema is part of."""

    name: str
    schema: Schema
    document: Document
    extensions: tuple[Schema, ...] = ()
    """Further rules over the same request, such as cfn-lint's for pairs of properties."""


@dataclass
class Bound:
    """One resource type beside one model of it."""

    source: Source
    root: Node
    ignored: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Vendor path (`ProductionVariants/*/InstanceType`) to the keywords that do not count there."""
    _checks: list[Check] = field(default_factory=list[Check])

    def refusals(self, inputs: Inputs) -> list[Refusal]:
        """Why the vendor would refuse these inputs."""
        if not self._checks:
            compiler = Compiler(self.source.document.resolve)
            self._checks.extend(compiler.compile(schema, self.root.view) for schema in (self.source.schema, *self.source.extensions))
        request = self.root.translate(inputs)
        found = Findings()
        for check in self._checks:
            check(request, (), found)
        return [self._said(problem) for problem in found.problems if not self._is_ignored(problem)] if found.problems else []

    def _is_ignored(self, problem: Problem) -> bool:
        if not self.ignored:
            return False
        place = "/".join("*" if isinstance(step, int) else step for step in problem.path)
        keywords = self.ignored.get(place, frozenset()) | self.ignored.get("**/" + place.rsplit("/", 1)[-1], frozenset())
        return problem.keyword in keywords or "all" in keywords

    def _said(self, problem: Problem) -> Refusal:
        base: Path = problem.path
        named = [self.root.back((*_holder(base, problem), name)) for name in problem.names]
        reason = re.sub(r"\{(\d+)\}", lambda m: named[int(m.group(1))], problem.reason) if named else problem.reason
        return Refusal(self.root.back(base) if base else "", f"{reason} ({self.source.name})")


def _holder(path: Path, problem: Problem) -> Path:
    """The object whose properties a problem's names are."""
    return path if problem.keyword in ("requiredXor", "requiredOr") else path[:-1]


def bind(source: Source, given: InputType, resource: str, exceptions: Exceptions, ignored: Mapping[str, Iterable[str]]) -> Bound:
    """The resource type with these arguments, beside a model."""
    root = Node(given, source.schema, source.document, exceptions, "", resource)
    return Bound(source, root, {path: frozenset(keywords) for path, keywords in ignored.items()})
