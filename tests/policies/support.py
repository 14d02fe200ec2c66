"""Calling rules the way Pulumi does."""

import copy
import re
from collections.abc import Mapping
from typing import Any

from pulumi_policy import PolicyCustomTimeouts, PolicyProviderResource, PolicyResourceOptions, ResourceValidationArgs
from pulumi_policy.proxy import unknown_checking_proxy

from policies.rule import Resource, Rule
from policies.settings import Settings
from tests.policies.cases import MISSING

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine puts where a preview does not know a string."""


def options() -> PolicyResourceOptions:
    """Resource options that nobody set."""
    return PolicyResourceOptions(False, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])


def arguments(
    token: str,
    props: Mapping[str, Any],
    config: Mapping[str, Any] | None = None,
    provider: Mapping[str, Any] | None = None,
    stack_tags: Mapping[str, str] | None = None,
    name: str = "pricing",
) -> ResourceValidationArgs:
    """What Pulumi hands to a policy."""
    given = PolicyProviderResource("pulumi:providers:x", unknown_checking_proxy(dict(provider)), "urn", "x") if provider is not None else None
    urn = f"urn:pulumi:dev::project::{token}::{name}"
    return ResourceValidationArgs(token, unknown_checking_proxy(copy.deepcopy(dict(props))), urn, name, options(), given, config, stack_tags)


def resource(
    token: str, props: Mapping[str, Any], settings: Settings | None = None, stack: str = "", reads: set[str] | None = None, **more: Any
) -> Resource:
    """The resource as rules see it."""
    args = arguments(token, props, **more)
    return Resource(args, settings or Settings(), stack, args.stack_tags, reads)


def findings(rule: Rule, token: str, props: Mapping[str, Any], settings: Settings | None = None, **more: Any) -> list[str]:
    """What a rule finds."""
    return list(rule.findings(resource(token, props, settings, **more)))


def changed(props: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with one property changed; `a.b[0].c` is a path, missing objects on the way are made."""
    result: Any = copy.deepcopy(dict(props))
    keys = [int(key) if key.isdigit() else key for key in re.findall(r"[^.\[\]]+", path)]
    target: Any = result
    for key in keys[:-1]:
        target = target[key] if isinstance(key, int) else target.setdefault(key, {})
    if value is MISSING:
        target.pop(keys[-1], None)
    else:
        target[keys[-1]] = value
    return result
