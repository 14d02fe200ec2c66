"""What a rule is: one entry of the pack, as data with a check."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property, partial
from typing import Any, cast

from pulumi_policy import EnforcementLevel, PolicyResource, ResourceValidationArgs, Severity, StackValidationArgs
from pulumi_policy.proxy import UnknownValueError

from policies.frameworks import CONTROLS, Standard
from policies.settings import Settings
from policies.view import View

SHOWN = 4
"""How many problems of one kind a message lists."""


class Framework(StrEnum):
    """Where other tools and standards have the same rule."""

    CHECKOV = "Checkov"
    """Ids as of Checkov 3.3."""
    AWS_CONFIG = "AWS Config"
    """Identifiers of AWS Config managed rules."""
    AZURE_POLICY = "Azure Policy"
    """Names (GUIDs) of built-in Azure Policy definitions."""
    GOOGLE_SCC = "Google SCC"
    """Finding categories of Security Health Analytics in Google Cloud's Security Command Center."""


@dataclass(frozen=True)
class Reference:
    """The same rule in another framework."""

    framework: Framework
    id: str
    title: str = ""
    """What the framework calls it, where the id alone does not say."""


def checkov(*ids: str) -> tuple[Reference, ...]:
    """References to Checkov checks."""
    return tuple(Reference(Framework.CHECKOV, each) for each in ids)


def aws_config(*ids: str) -> tuple[Reference, ...]:
    """References to AWS Config managed rules."""
    return tuple(Reference(Framework.AWS_CONFIG, each) for each in ids)


def azure_policy(definition: str, title: str) -> tuple[Reference, ...]:
    """Reference to a built-in Azure Policy definition."""
    return (Reference(Framework.AZURE_POLICY, definition, title),)


def google_scc(*ids: str) -> tuple[Reference, ...]:
    """References to finding categories of Security Health Analytics."""
    return tuple(Reference(Framework.GOOGLE_SCC, each) for each in ids)


class Unknown(StrEnum):
    """What a rule does when a preview does not know a value it needs."""

    ADVISORY = "advisory"
    """It cannot be decided: an advisory at the end of the preview says so, and the update decides."""
    SET = "counts as set"
    """The rule only asks whether something is set, and an unknown value (another resource's output) is."""


@dataclass(frozen=True)
class Family:
    """Rules that guard the same thing on different services."""

    id: str
    title: str
    why: str
    """Why it matters, one sentence."""


LABELS = {
    "gcp:sql/databaseInstance:DatabaseInstance": "settings.userLabels",
    "gcp:container/cluster:Cluster": "resourceLabels",
    "gcp:managedkafka/topic:Topic": "",
    "modeldeploy:index:VertexModel": "labels",
    "modeldeploy:index:VertexDeployedModel": "",
}
"""Where Google Cloud resources have labels that are not called so; nothing for those that have none."""


class Resource(View):
    """The inputs of one resource, and what rules may know around it."""

    def __init__(
        self,
        args: ResourceValidationArgs | PolicyResource,
        settings: Settings,
        stack: str = "",
        stack_tags: Mapping[str, str] | None = None,
        reads: set[str] | None = None,
    ) -> None:
        super().__init__(args.props, "", reads)
        self.type = canonical(args.resource_type)
        self.name = args.name
        self.urn = args.urn
        self.protected = args.opts.protect
        self.settings = settings
        self._provider = args.provider
        self._stack = stack
        self._stack_tags = stack_tags or {}

    def tags(self) -> dict[str, Callable[[], Any]]:
        """Tags or labels by lower-case key, with those the provider adds by default. The values are read by calling, as they may be unknown."""
        provider = View(self._provider.props) if self._provider else View({})
        found: dict[str, Callable[[], Any]] = {}
        for source, path in ((provider, "defaultTags"), (provider, "defaultLabels"), (self, "tagsAll"), (self, self.labels_path)):
            if not path:
                continue
            if path == "tagsAll" and source.unknown(path):
                continue  # an output: what the program sets is in the others
            values = source.document(path)
            if path == "defaultTags" and isinstance(values, Mapping):
                values = cast("Mapping[str, Any]", values).get("tags")
            if isinstance(values, Mapping):
                known = cast("Mapping[str, Any]", values)
                found |= {key.lower(): partial(known.__getitem__, key) for key in list(known)}
        return found

    def provider_text(self, path: str) -> str | None:
        """A setting of the resource's provider."""
        return View(self._provider.props).text(path) if self._provider else None

    @property
    def labels_path(self) -> str:
        """Where a resource of this type has its tags or labels."""
        if self.type.startswith("kubernetes:"):
            return "metadata.labels"
        return LABELS.get(self.type, "labels" if self.type.startswith("gcp:") else "tags")

    @property
    def data_class(self) -> str:
        """The class of the data: by the pack's setting, else by the resource's own `data-class` tag or label; unknown counts as none."""
        if self.settings.data_class:
            return self.settings.data_class
        try:
            tag = self.tags().get("data-class")
            return str(tag()).lower() if tag else ""
        except UnknownValueError:
            return ""

    @property
    def production(self) -> bool:
        """Whether the resource serves production: by the pack's setting, else its own `environment` tag or label, else the stack's, else the
        last part of the stack's name."""
        if self.settings.environment:
            return self.settings.environment.lower() in self.settings.production
        tag = self.tags().get("environment")
        value: Any = tag() if tag else self._stack_tags.get("environment") or self._stack.replace("/", ".").rsplit(".", 1)[-1]
        return str(value).lower() in self.settings.production


Values = Mapping[str | tuple[str, ...], Any]
"""Inputs by path: text with dots, or the keys one by one where keys have dots themselves."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of the pack: what a rule says about itself."""

    id: str
    """`<vendor>-<service>-<resource>-<rule>`: the name of the Pulumi policy."""
    family: Family
    severity: Severity
    types: tuple[str, ...]
    """Type tokens the rule looks at; it is not called for others."""
    fix: str
    """What to write instead."""
    why: str = ""
    """Why it matters here, where the family's reason is too general."""
    references: tuple[Reference, ...] = ()
    controls: Mapping[Standard, tuple[str, ...]] = field(default_factory=dict[Standard, tuple[str, ...]])
    """The controls it serves, in the frameworks where they are others than its family's; none where it serves none there."""
    unknown: Unknown = Unknown.ADVISORY
    level: EnforcementLevel = EnforcementLevel.MANDATORY

    @property
    def reason(self) -> str:
        """Why it matters."""
        return self.why or self.family.why

    def serves(self, standard: Standard) -> tuple[str, ...]:
        """The controls of a framework that the rule serves."""
        return self.controls.get(standard, CONTROLS[self.family.id].get(standard, ()))

    def message(self, problems: Sequence[str]) -> str:
        """What is wrong, then what to write instead. One message, however much is wrong, so that a preview stays readable."""
        more = len(problems) - SHOWN
        listed = [*problems[:SHOWN], *([f"and {more} more like it"] if more > 0 else [])]
        return f"{'; '.join(listed)}. {self.fix}"


@dataclass(frozen=True, kw_only=True)
class Rule(Entry):
    """A rule over single resources."""

    check: Callable[[Resource], Iterator[str]]
    """Yields what is wrong: the input, by its path, and its value. Never the value of a secret."""
    sets: Callable[[Resource], Values] | None = None
    """Where the fix is certain: the inputs, by path, that put a resource right. Used where the rule's level is `remediate`."""

    def findings(self, resource: Resource) -> Iterator[str]:
        """The message for a resource that breaks the rule."""
        if resource.type not in self.types:
            return
        problems: list[str] = []
        try:  # one by one, so that what was found before an unknown value is kept
            for problem in self.check(resource):
                problems.append(problem)
        except UnknownValueError:
            if not problems:
                raise  # what was found already decides; the unknown part is asked again once that is put right
        if problems:
            yield self.message(problems)


class Stack:
    """All resources of a stack, and how they refer to each other. What rules look up is indexed once, when the first one asks."""

    def __init__(self, args: StackValidationArgs, settings: Settings, name: str = "") -> None:
        self.settings = settings
        self.resources = [Resource(each, settings, name, args.stack_tags) for each in args.resources]
        self._by_type: dict[str, list[Resource]] = {}
        self._near: dict[str, set[str]] = {}
        self._inputs: dict[str, dict[str, set[str]]] = {}
        self._by_urn = {resource.urn: resource for resource in self.resources}
        for resource, each in zip(self.resources, args.resources, strict=True):
            self._by_type.setdefault(resource.type, []).append(resource)
            for other in each.dependencies:
                self._refer(each.urn, other.urn)
            for path, others in each.property_dependencies.items():
                for other in others:
                    self._refer(each.urn, other.urn, path)

    def _refer(self, user: str, used: str, path: str = "") -> None:
        self._near.setdefault(user, set()).add(used)
        self._near.setdefault(used, set()).add(user)
        paths = self._inputs.setdefault(used, {}).setdefault(user, set())
        if path:
            paths.add(path)

    def of(self, *types: str) -> list[Resource]:
        """The resources of some types."""
        return [resource for token in types for resource in self._by_type.get(token, ())]

    def linked(self, resource: Resource, *types: str) -> list[Resource]:
        """The resources of some types that refer to a resource or that it refers to: by an output, or by a name or id written out."""
        near = self._near.get(resource.urn, set()).union(*(self._by_text.get(name, ()) for name in identities(resource)))
        return [other for other in self.of(*types) if other.urn in near]

    @cached_property
    def _by_text(self) -> dict[str, set[str]]:
        """The URNs of the resources that have a text in their inputs."""
        found: dict[str, set[str]] = {}
        for resource in self.resources:
            for text in strings(resource):
                found.setdefault(text, set()).add(resource.urn)
        return found

    def users(self, resource: Resource) -> list[Resource]:
        """The resources that depend on a resource."""
        return [self._by_urn[urn] for urn in self._inputs.get(resource.urn, ()) if urn in self._by_urn]

    def used_as(self, resource: Resource) -> set[str]:
        """The inputs by which other resources refer to a resource, without the paths in them."""
        return {path for paths in self._inputs.get(resource.urn, {}).values() for path in paths}


def identities(resource: Resource) -> set[str]:
    """The names and ids that a program writes for a resource."""
    found: set[str] = set()
    for path in ("id", "arn", "name", "bucket", "endpointName", "selfLink", "metadata.name"):
        if not resource.unknown(path):
            found.add(resource.text(path) or "")
    return {each for each in found if len(each) > 2}


def strings(value: Any, depth: int = 6) -> Iterator[str]:
    """All known texts in the inputs of a resource."""
    if isinstance(value, View):
        value = value.get("")
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, Mapping | Sequence):
        items = cast("Mapping[Any, Any] | Sequence[Any]", value)
        for key in list(items) if isinstance(items, Mapping) else range(len(items)):
            try:
                element: Any = items[key]
            except UnknownValueError:
                continue
            yield from strings(element, depth - 1)


@dataclass(frozen=True, kw_only=True)
class StackRule(Entry):
    """A rule over a whole stack: it sees what is not there."""

    check: Callable[[Stack], Iterator[tuple[Resource, str]]]
    """Yields the resource that something is wrong with, and what."""

    def findings(self, stack: Stack) -> Iterator[tuple[Resource, str]]:
        """The resources that break the rule, with the message for each."""
        for resource, problem in self.check(stack):
            yield resource, self.message([problem])


@cache
def canonical(token: str) -> str:
    """A type token without what does not change its meaning: the API version of an Azure type, the `alb` twin of `lb`, and the old bucket names."""
    package, _, rest = token.partition(":")
    module, _, name = rest.partition(":")
    if package == "azure-native" and "/v" in module:
        module = module.split("/v", 1)[0]
    if package == "aws":
        module = module.replace("alb/", "lb/", 1) if module.startswith("alb/") else module
        if module.startswith("s3/") and name.endswith("V2"):
            module, name = module.removesuffix("V2"), name.removesuffix("V2")
    return f"{package}:{module}:{name}"
