"""All rules of the pack. A new family is a module here with `FAMILY` and `RULES`, and its name in `MODULES`."""

from types import ModuleType

from policies.rule import Family, Rule

from . import (
    authentication_off,
    encryption_key,
    log_retention,
    missing_tags,
    open_ingress,
    plaintext_secret,
    public_endpoint,
    public_storage,
    single_instance,
    tls_version,
    unpinned_image,
    wildcard_permissions,
)

MODULES: tuple[ModuleType, ...] = (
    public_storage,
    public_endpoint,
    open_ingress,
    encryption_key,
    tls_version,
    wildcard_permissions,
    plaintext_secret,
    log_retention,
    authentication_off,
    unpinned_image,
    missing_tags,
    single_instance,
)
"""In the order of the documentation."""

FAMILIES: tuple[Family, ...] = tuple(module.FAMILY for module in MODULES)
RULES: tuple[Rule, ...] = tuple(rule for module in MODULES for rule in module.RULES)
