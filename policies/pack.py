"""Turns the rules into Pulumi policies."""

import datetime
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policies.frameworks import Standard
from policies.remedy import put_right
from policies.rule import Entry, Resource, Rule, Stack, StackRule, canonical
from policies.rules import RULES, STACK_RULES
from policies.settings import CLOSED_CLASSES, CLOSED_FAMILY, EXPOSURE, SCHEMA, Exemption, Settings, unused_rules

SETTINGS_POLICY = "pack-settings"
REPORT_POLICY = "pack-report"
FULL = 3
"""How often a preview says in full what to write instead and why. From then on a message says what is wrong and names the first: 200 resources that
break one rule are 200 short lines."""
LISTED = 5
"""How many resources are listed for each rule that a preview could not decide."""


class RulePolicy(ResourceValidationPolicy):
    """A rule as a Pulumi policy that has nothing to validate on resources of other types.

    `pulumi_policy` unpacks a resource anew for each policy that has something to validate, which with 200 rules takes 7 ms for each resource; asked
    first, nearly all of them say no, and it takes 1.2 ms."""

    def __init__(self, concerns: Callable[[], bool], **policy: Any) -> None:
        super().__init__(**policy)  # pyright: ignore[reportUnknownMemberType]  (the SDK leaves an Awaitable open)
        self._concerns = concerns

    def has_validation(self) -> bool:
        """Whether there is something to validate on the resource that Pulumi asks about."""
        return self._concerns()


class Pack:
    """The rules, and the settings they share.

    Pulumi hands configuration to each policy by its name, and calls the policies in order for each resource. So the first policy, `pack-settings`,
    carries the settings of all; it also reports the exceptions. Where it is disabled, the defaults hold and no exception counts.

    Rules that a preview cannot decide are reported once, by the last policy, `pack-report`, and not at each resource: identities of what is not made
    yet are in most policy documents, and a preview full of such lines is one that nobody reads."""

    def __init__(
        self,
        rules: Sequence[Rule] = RULES,
        stack_rules: Sequence[StackRule] = STACK_RULES,
        today: Callable[[], datetime.date] = datetime.date.today,
    ) -> None:
        self.rules = rules
        self.stack_rules = stack_rules
        self.settings = Settings()
        self._today = today
        self._by_type: dict[str, list[Rule]] = {}
        for rule in rules:
            for token in rule.types:
                self._by_type.setdefault(token, []).append(rule)
        self._told = False
        self._undecided: dict[str, list[str]] = {}
        self._exempted: list[str] = []
        self._needed: set[Exemption] = set()
        self._explained: dict[str, list[str]] = {}
        self._asked = threading.local()
        self._stack: Stack | None = None
        self._stack_place = -1

    def policies(self) -> list[Policy]:
        """All Pulumi policies, the settings first and the report last."""
        return [
            self._settings_policy(),
            *(self._policy(rule, place) for place, rule in enumerate(self.rules)),
            *(self._stack_policy(rule, place) for place, rule in enumerate(self.stack_rules)),
            self._report_policy(),
        ]

    def _settings_policy(self) -> Policy:
        return ResourceValidationPolicy(
            name=SETTINGS_POLICY,
            description="Settings of the pack, and the exceptions made with them. Keep it enabled: without it no setting counts.",
            validate=self._report_exemptions,
            enforcement_level=EnforcementLevel.ADVISORY,
            severity=Severity.LOW,
            config_schema=PolicyConfigSchema(SCHEMA),
        )

    def _report_exemptions(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        self.settings = Settings.read(args.get_config())
        self._asked.type, self._asked.place = canonical(args.resource_type), -1
        if not self._told and (self.settings.problems or self.settings.exemptions):
            self._told = True
            known = [name for rule in (*self.rules, *self.stack_rules) for name in (rule.id, rule.family.id)]
            for problem in (*self.settings.problems, *unused_rules(self.settings.exemptions, known)):
                report(f"In the configuration, {problem}.", None)
        if not self.settings.exemptions:
            return
        resource = self._resource(args)
        for rule in self._by_type.get(resource.type, ()):
            exemption = self._exemption(rule, resource)
            if exemption is not None and self._breaks(rule, resource):
                self._needed.add(exemption)
                report(self._told_exemption(rule, resource, exemption), None)

    def _counts(self, rule: Entry, resource: Resource, exemption: Exemption) -> bool:
        """Whether an exception is in force, and not one that would open data that nobody may open."""
        return exemption.in_force(self._today()) and not self._would_open(rule, resource)

    @staticmethod
    def _would_open(rule: Entry, resource: Resource) -> bool:
        return rule.family.id in EXPOSURE and (resource.data_class in CLOSED_CLASSES or rule.family.id == CLOSED_FAMILY)

    def _told_exemption(self, rule: Entry, resource: Resource, exemption: Exemption) -> str:
        if self._would_open(rule, resource):
            data = resource.data_class or "such"
            return f"The exception of {resource.name} from {rule.id} does not count: {data} data has no way in from the internet."
        if exemption.in_force(self._today()):
            return f"{rule.id} is not applied to {resource.name} until {exemption.expires}: {exemption.reason}"
        return f"The exception of {resource.name} from {rule.id} ended on {exemption.expires} and counts no more."

    def concerns(self, types: frozenset[str], place: int) -> bool:
        """Whether the resource that Pulumi asks about on this thread is of one of the types; true where that is not known.

        `pack-settings` is asked first and sees the type. Where it is disabled, a type kept from an earlier resource would be wrong: rules are asked
        in order, so one that is asked out of order shows that a new resource began without it."""
        asked = self._asked
        if place <= getattr(asked, "place", -1):
            asked.type = None
        asked.place = place
        token: str | None = getattr(asked, "type", None)
        return token is None or token in types

    def _say(self, rule: Entry, name: str, message: str) -> str:
        """What the user reads about a resource that breaks a rule."""
        explained = self._explained.setdefault(rule.id, [])
        if len(explained) >= FULL:
            return f"{message.removesuffix(rule.fix)}Put it right as {explained[0]}."
        explained.append(name)
        return f"{message}\n{rule.reason}"

    def _policy(self, rule: Rule, place: int) -> Policy:
        types = frozenset(rule.types)

        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            if canonical(args.resource_type) not in types:
                return
            resource = self._resource(args)
            exemption = self._exemption(rule, resource)
            if exemption is not None and self._counts(rule, resource, exemption):
                return
            try:
                for message in rule.findings(resource):
                    report(self._say(rule, resource.name, message), None)
            except UnknownValueError as error:
                self._undecided.setdefault(rule.id, []).append(f"{resource.name} ({'.'.join(error.props)})")

        def remediate(args: ResourceValidationArgs) -> Mapping[str, Any] | None:
            if canonical(args.resource_type) not in types or rule.sets is None:
                return None
            resource = self._resource(args)
            exemption = self._exemption(rule, resource)
            excepted = exemption is not None and self._counts(rule, resource, exemption)
            return None if excepted or not any(rule.findings(resource)) else put_right(args.props, rule.sets(resource))

        return RulePolicy(
            lambda: self.concerns(types, place),
            name=rule.id,
            validate=validate,
            remediate=remediate if rule.sets else None,
            **_described(rule),
        )

    def _whole(self, args: StackValidationArgs, place: int) -> Stack:
        """The stack, indexed once for all rules. Pulumi asks them in order: one that is asked out of order sees another stack, or a later one."""
        urns = [each.urn for each in args.resources]
        if self._stack is None or place <= self._stack_place or urns != [each.urn for each in self._stack.resources]:
            self._stack = Stack(args, self.settings, stack_name())
        self._stack_place = place
        return self._stack

    def _stack_policy(self, rule: StackRule, place: int) -> Policy:
        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            try:
                for resource, message in rule.findings(self._whole(args, place)):
                    exemption = self._exemption(rule, resource)
                    if exemption is not None:
                        self._needed.add(exemption)
                        self._exempted.append(self._told_exemption(rule, resource, exemption))
                    if exemption is None or not self._counts(rule, resource, exemption):
                        report(self._say(rule, resource.name, message), resource.urn)
            except UnknownValueError as error:
                self._undecided.setdefault(rule.id, []).append(f"the stack ({'.'.join(error.props)})")

        return StackValidationPolicy(name=rule.id, validate=validate, **_described(rule))

    def _report_policy(self) -> Policy:
        return StackValidationPolicy(
            name=REPORT_POLICY,
            description="What the pack leaves open: rules that wait for the update, and exceptions from rules over the whole stack.",
            validate=self._report,
            enforcement_level=EnforcementLevel.ADVISORY,
            severity=Severity.LOW,
        )

    def _report(self, _: StackValidationArgs, report: ReportViolation) -> None:
        self._stack, self._explained = None, {}
        undecided, self._undecided = self._undecided, {}
        exempted, self._exempted = self._exempted, []
        for line in exempted:
            report(line, None)
        needed, self._needed = self._needed, set()
        for exemption in self.settings.exemptions:
            if exemption not in needed:
                report(f"Nothing needs the exception of '{exemption.resource}' from '{exemption.rule}': delete it.", None)
        if undecided:
            lines = [f"{rule}: {_listed(undecided[rule])}" for rule in sorted(undecided)]
            report("\n".join(["This preview does not know values that rules need; the update decides them:", *lines]), None)

    def _resource(self, args: ResourceValidationArgs) -> Resource:
        return Resource(args, self.settings, stack_name(), args.stack_tags)

    def _exemption(self, rule: Entry, resource: Resource) -> Exemption | None:
        """The exception that covers a resource; of several, the one that counts longest."""
        found = [each for each in self.settings.exemptions if each.covers(rule.id, rule.family.id, resource.name, resource.urn)]
        return max(found, key=lambda each: each.expires) if found else None

    @staticmethod
    def _breaks(rule: Rule, resource: Resource) -> bool:
        try:
            return any(True for _ in rule.findings(resource))
        except UnknownValueError:
            return True


def _described(rule: Entry) -> dict[str, Any]:
    """What Pulumi shows of a rule besides its name and reason."""
    first = rule.references[0] if rule.references else None
    return {
        "description": rule.family.title,  # Pulumi puts it before each message
        "enforcement_level": rule.level,
        "severity": rule.severity,
        "framework": PolicyComplianceFramework(name=first.framework.value, reference=first.id) if first else None,
        "tags": [rule.family.id, *(reference.id for reference in rule.references), *_controls(rule)],
        "remediation_steps": rule.fix,
    }


def _controls(rule: Entry) -> list[str]:
    return [f"{standard.value} {control}" for standard in Standard for control in rule.serves(standard)]


def _listed(resources: Sequence[str]) -> str:
    more = len(resources) - LISTED
    return ", ".join(resources[:LISTED]) + (f" and {more} more" if more > 0 else "")


def stack_name() -> str:
    """The stack's name; none in a pack that runs outside of Pulumi."""
    try:
        return pulumi.get_stack()
    except Exception:
        return ""
