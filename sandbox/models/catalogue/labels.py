"""Tags and labels: what each cloud accepts as keys and values, wherever a resource takes them.

Sources (2026-11-24): https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html,
https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources,
https://cloud.google.com/resource-manager/docs/labels-overview.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sandbox.models.schema import as_object
from sandbox.values import Inputs, Refusal


@dataclass(frozen=True)
class Rule:
    """One cloud's rule for one input."""

    property: str
    most: int
    key: str
    key_said: str
    value: str
    value_said: str


_RULES: Final[Mapping[str, Rule]] = {
    "aws": Rule(
        "tags",
        50,
        r"(?i:(?!aws:)).{1,128}",
        "at most 128 characters, not starting with aws:",
        r".{0,256}",
        "at most 256 characters",
    ),
    "azure-native": Rule(
        "tags",
        50,
        r"(?i:(?!microsoft|azure|windows))[^<>%&\\?/]{1,512}",
        "at most 512 characters, none of <>%&\\?/, not starting with microsoft, azure or windows",
        r".{0,256}",
        "at most 256 characters",
    ),
    "gcp": Rule(
        "labels",
        64,
        r"[a-z][a-z0-9_-]{0,62}",
        "lower-case letters, digits, hyphens and underscores, starting with a letter, at most 63",
        r"[a-z0-9_-]{0,63}",
        "lower-case letters, digits, hyphens and underscores, at most 63",
    ),
}

_FREE: Final = frozenset(("gcp:monitoring/notificationChannel:NotificationChannel", "gcp:monitoring/metricDescriptor:MetricDescriptor"))
"""Types whose `labels` are something else."""


def check(token: str, inputs: Inputs) -> Iterator[Refusal]:
    """The tags or labels that the cloud would refuse."""
    rule = _RULES.get(token.partition(":")[0])
    given = as_object(inputs.get(rule.property)) if rule is not None and token not in _FREE else None
    if rule is None or given is None:
        return
    if len(given) > rule.most:
        yield Refusal(rule.property, f"has {len(given)} entries; at most {rule.most} are allowed")
    for key, value in given.items():
        if re.fullmatch(rule.key, key, re.DOTALL) is None:
            yield Refusal(f"{rule.property}.{key}", f"is no allowed key: {rule.key_said}")
        elif isinstance(value, str) and re.fullmatch(rule.value, value, re.DOTALL) is None:
            yield Refusal(f"{rule.property}.{key}", f"is {value!r}, which is no allowed value: {rule.value_said}")
