"""What a rule is: one entry of the pack, as data with a check."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from typing import Any, cast

from pulumi_policy import EnforcementLevel, ResourceValidationArgs, Severity
from pulumi_policy.proxy import UnknownValueError

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


LABELS = {"gcp:sql/databaseInstance:DatabaseInstance": "settings.userLabels", "gcp:container/cluster:Cluster": "resourceLabels"}
"""Where Google Cloud resources have labels that are not called so."""


class Resource(View):
    """The inputs of one resource, and what rules may know around it."""

    def __init__(self, args: ResourceValidationArgs, settings: Settings, stack: str = "", reads: set[str] | None = None) -> None:
        super().__init__(args.props, "", reads)
        self.type = canonical(args.resource_type)
        self.name = args.name
        self.urn = args.urn
        self.settings = settings
        self._args = args
        self._stack = stack

    def tags(self) -> dict[str, Callable[[], Any]]:
        """Tags or labels by lower-case key, with those the provider adds by default. The values are read by calling, as they may be unknown."""
        provider = View(self._args.provider.props) if self._args.provider else View({})
        found: dict[str, Callable[[], Any]] = {}
        for source, path in ((provider, "defaultTags"), (provider, "defaultLabels"), (self, "tagsAll"), (self, self.labels_path)):
            values = source.document(path)
            if path == "defaultTags" and isinstance(values, Mapping):
                values = cast("Mapping[str, Any]", values).get("tags")
            if isinstance(values, Mapping):
                known = cast("Mapping[str, Any]", values)
                found |= {key.lower(): partial(known.__getitem__, key) for key in list(known)}
        return found

    @property
    def labels_path(self) -> str:
        """Where a resource of this type has its tags or labels."""
        if self.type.startswith("kubernetes:"):
            return "metadata.labels"
        return LABELS.get(self.type, "labels" if self.type.startswith("gcp:") else "tags")

    @property
    def production(self) -> bool:
        """Whether the resource serves production: by the pack's setting, else its own `environment` tag or label, else the stack's, else the
        last part of the stack's name."""
        if self.settings.environment:
            return self.settings.environment.lower() in self.settings.production
        tag = self.tags().get("environment")
        value: Any = tag() if tag else self._args.stack_tags.get("environment") or self._stack.replace("/", ".").rsplit(".", 1)[-1]
        return str(value).lower() in self.settings.production


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One entry of the pack."""

    id: str
    """`<vendor>-<service>-<resource>-<rule>`: the name of the Pulumi policy."""
    family: Family
    severity: Severity
    types: tuple[str, ...]
    """Type tokens the rule looks at; it is not called for others."""
    check: Callable[[Resource], Iterator[str]]
    """Yields what is wrong: the input, by its path, and its value. Never the value of a secret."""
    fix: str
    """What to write instead."""
    why: str = ""
    """Why it matters here, where the family's reason is too general."""
    references: tuple[Reference, ...] = ()
    unknown: Unknown = Unknown.ADVISORY
    level: EnforcementLevel = EnforcementLevel.MANDATORY

    @property
    def reason(self) -> str:
        """Why it matters."""
        return self.why or self.family.why

    def findings(self, resource: Resource) -> Iterator[str]:
        """The message for a resource that breaks the rule: what is wrong and where, then what to write instead. One message, however much is
        wrong, so that a preview stays readable."""
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
            more = len(problems) - SHOWN
            listed = problems[:SHOWN] + ([f"and {more} more like it"] if more > 0 else [])
            yield f"{'; '.join(listed)}. {self.fix}"


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
