"""How a Pulumi property name finds its name in a vendor's model.

Most names correspond by rule: `kmsKeyId` is `KmsKeyId` (CloudFormation), `kms_key_id` or `kmsKeyId`; Terraform's singular block names come out
plural in Pulumi (`routingConfigs` is `RoutingConfig`); a resource's `name` is often `EndpointConfigName`. What no rule finds, the tables in `data/`
say, each with its reason.
"""

import re
from collections.abc import Iterable, Iterator


def plain(name: str) -> str:
    """The letters and digits of a name, in lower case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def variants(name: str) -> Iterator[str]:
    """The plain forms under which a vendor may list `name`, the likeliest first: itself, then its singular and plural."""
    base = plain(name)
    yield base
    if base.endswith("ies"):
        yield base[:-3] + "y"
    if base.endswith("es"):
        yield base[:-2]
    if base.endswith("s"):
        yield base[:-1]
    else:
        yield base + "s"
    if base.endswith("y"):
        yield base[:-1] + "ies"
    if base.endswith(("s", "x", "h")):
        yield base + "es"


def find(name: str, among: Iterable[str], resource: str = "") -> str | None:
    """The vendor's name for a Pulumi property, or `None`.

    `resource` is the class of the resource (`EndpointConfiguration`) for its top-level properties: its `name` may be `EndpointConfigurationName`
    or, cut short as vendors do, `EndpointConfigName`.
    """
    by_plain: dict[str, str] = {}
    for candidate in among:
        by_plain.setdefault(plain(candidate), candidate)
    for variant in variants(name):
        if variant in by_plain:
            return by_plain[variant]
    if resource and plain(name) in ("name", "description", "type", "status"):
        owner = plain(resource)
        suffix = plain(name)
        fitting = [full for short, full in by_plain.items() if short.endswith(suffix) and short != suffix and owner.startswith(short[: -len(suffix)])]
        if len(fitting) == 1:
            return fitting[0]
    return None
