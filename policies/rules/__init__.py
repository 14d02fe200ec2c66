"""All rules of the pack. A new family is a module here with `FAMILY`, `RULES` and, where it has some, `STACK_RULES`, and its name in `MODULES`."""

from types import ModuleType

from policies.rule import Entry, Family, Rule, StackRule
from policies.rules import (
    audit_log,
    authentication_off,
    closed_data,
    container_hardening,
    cost,
    data_protection,
    encryption_key,
    governance,
    log_retention,
    lost_messages,
    missing_tags,
    monitoring,
    open_egress,
    open_ingress,
    plaintext_secret,
    public_endpoint,
    public_storage,
    single_instance,
    supply_chain,
    tls_version,
    unpinned_image,
    web_firewall,
    wildcard_permissions,
)

MODULES: tuple[ModuleType, ...] = (
    public_storage,
    public_endpoint,
    open_ingress,
    web_firewall,
    open_egress,
    closed_data,
    encryption_key,
    tls_version,
    wildcard_permissions,
    plaintext_secret,
    log_retention,
    audit_log,
    monitoring,
    lost_messages,
    authentication_off,
    unpinned_image,
    supply_chain,
    container_hardening,
    missing_tags,
    governance,
    single_instance,
    data_protection,
    cost,
)
"""In the order of the documentation."""

FAMILIES: tuple[Family, ...] = tuple(module.FAMILY for module in MODULES)
RULES: tuple[Rule, ...] = tuple(rule for module in MODULES for rule in module.RULES)
STACK_RULES: tuple[StackRule, ...] = tuple(rule for module in MODULES for rule in getattr(module, "STACK_RULES", ()))
ENTRIES: tuple[Entry, ...] = (*RULES, *STACK_RULES)
