"""Calling rules the way Pulumi does."""

import copy
from collections.abc import Mapping
from typing import Any

from pulumi_policy import PolicyCustomTimeouts, PolicyProviderResource, PolicyResourceOptions, ResourceValidationArgs
from pulumi_policy.proxy import unknown_checking_proxy

from policies.rule import Resource, Rule, canonical
from policies.settings import Settings


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
    return list(rule.findings(resource(token, props, settings, **more))) if canonical(token) in rule.types else []
