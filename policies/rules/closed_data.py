"""Stacks with health or cardholder data that something on the internet can reach."""

from collections.abc import Callable, Iterator

from pulumi_policy import Severity
from pulumi_policy.proxy import UnknownValueError

from policies.rule import Family, Resource, Rule, Stack, StackRule
from policies.rules import open_ingress, public_endpoint, public_storage
from policies.settings import CLOSED_CLASSES, CLOSED_FAMILY

FAMILY = Family(
    CLOSED_FAMILY,
    "Health and cardholder data",
    "Where such data is handled, one public way in is enough for an incident that has to be reported: the whole stack is closed.",
)

PUBLIC = {
    "aws:lambda/functionUrl:FunctionUrl": "a function URL is on the internet",
    "aws:cloudfront/distribution:Distribution": "a distribution is on the internet",
    "azure-native:cdn:Profile": "a Front Door profile is on the internet",
    "azure-native:frontdoor:FrontDoor": "a Front Door is on the internet",
}
"""Types that have no private form."""
VENDORS = {"aws": "aws", "azure": "azure-native", "gcp": "gcp", "kubernetes": "kubernetes"}
RULES: tuple[Rule, ...] = ()
EXPOSING = (*public_storage.RULES, *public_endpoint.RULES, *open_ingress.RULES)
NAMED = 5
"""How many ways in a message names."""


def _ways_in(resource: Resource) -> Iterator[str]:
    if resource.type in PUBLIC:
        yield PUBLIC[resource.type]
    for rule in EXPOSING:
        try:
            if resource.type in rule.types and any(rule.findings(resource)):
                yield rule.id
        except UnknownValueError:
            continue  # the rule itself says that it could not be decided


def _closed(package: str) -> Callable[[Stack], Iterator[tuple[Resource, str]]]:
    def check(stack: Stack) -> Iterator[tuple[Resource, str]]:
        data = next((each.data_class for each in stack.resources if each.data_class in CLOSED_CLASSES), None)
        if data is None:
            return
        found = [(each, way) for each in stack.resources if each.type.startswith(f"{package}:") for way in _ways_in(each)]
        if found:
            more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
            ways = "; ".join(f"{each.name} ({way})" for each, way in found[:NAMED])
            yield found[0][0], f"the stack holds {data} data and is open to the internet: {ways}{more}"

    return check


def _rule(vendor: str, package: str) -> StackRule:
    types = dict.fromkeys(token for rule in EXPOSING for token in rule.types if token.startswith(f"{package}:"))
    public = dict.fromkeys(token for token in PUBLIC if token.startswith(f"{package}:"))
    return StackRule(
        id=f"{vendor}-any-stack-closed-data",
        family=FAMILY,
        severity=Severity.CRITICAL,
        types=(*types, *(token for token in public if token not in types)),
        check=_closed(package),
        fix="Close each of them; no exception counts here.",
    )


STACK_RULES = tuple(_rule(vendor, package) for vendor, package in VENDORS.items())
