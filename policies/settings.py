"""What users set for the whole pack, in the policy configuration of `pack-settings`."""

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, cast


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """A rule that a resource may break, for a stated reason and until a stated day."""

    rule: str
    """Id of a rule or a family; `*` stands for any text."""
    resource: str
    """Name or URN of the resource; `*` stands for any text."""
    reason: str
    expires: datetime.date
    """The last day on which it counts."""

    def covers(self, rule: str, family: str, name: str, urn: str) -> bool:
        """Whether it is about this rule and this resource."""
        return any(fnmatchcase(each, self.rule) for each in (rule, family)) and any(fnmatchcase(each, self.resource) for each in (name, urn))

    def in_force(self, today: datetime.date) -> bool:
        """Whether it still counts."""
        return today <= self.expires


OWN_REGISTRIES = (
    "*.dkr.ecr.*.amazonaws.com",
    "*.dkr.ecr.*.amazonaws.com.cn",
    "*.azurecr.io",
    "mcr.microsoft.com",
    "*-docker.pkg.dev",
    "gcr.io",
    "*.gcr.io",
)
"""Registries that lie in cloud accounts, and the clouds' own; whose account it is, an image's name does not tell."""


CLOSED_FAMILY = "closed-data"
"""The family of rules over whole stacks with such data."""
CLOSED_CLASSES = ("health", "cardholder")
"""Classes of data that no exception opens to the internet."""
EXPOSURE = ("public-storage", "public-endpoint", "open-ingress", "web-firewall", "authentication-off", CLOSED_FAMILY)
"""Families of rules against opening data to the internet."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of the pack; the defaults are what a production deployment needs."""

    environment: str = ""
    production: tuple[str, ...] = ("prod", "production")
    required_tags: tuple[str, ...] = ("environment", "managed-by")
    log_retention_days: int = 90
    stream_retention_hours: int = 72
    open_ports: tuple[int, ...] = ()
    trusted_registries: tuple[str, ...] = ()
    allowed_locations: tuple[str, ...] = ()
    data_class: str = ""
    default_tags: Mapping[str, str] = field(default_factory=dict[str, str])
    exemptions: tuple[Exemption, ...] = field(default=())
    problems: tuple[str, ...] = ()
    """What is wrong with the configuration itself; such entries do not count."""

    def allows(self, location: str) -> bool:
        """Whether resources may lie in a region, or in a zone of one. What is global lies nowhere."""
        place = location.lower().replace(" ", "")
        if not self.allowed_locations or place == "global":
            return True
        return any(fnmatchcase(place, each) or place.startswith(f"{each}-") for each in self.allowed_locations)

    def trusts(self, image: str) -> bool:
        """Whether an image comes from a registry of the user's own cloud accounts, or from one that is named in the settings."""
        host, slash, _ = image.partition("/")
        if not slash or not ("." in host or ":" in host):
            return False  # no host stands for Docker Hub
        return any(fnmatchcase(host, each) for each in (*OWN_REGISTRIES, *self.trusted_registries))

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> "Settings":
        """The settings in a policy configuration. What is not understood is left out and named in `problems`: nothing is opened by mistake."""
        problems: list[str] = []
        exemptions: list[Exemption] = []
        for index, entry in enumerate(cast("Sequence[Any]", config.get("exceptions", ()))):
            try:
                exemptions.append(_exemption(entry))
            except ValueError as error:
                problems.append(f"exceptions[{index}] does not count: {error}")
        default = cls()
        return cls(
            environment=str(config.get("environment", default.environment)),
            production=tuple(each.lower() for each in _texts(config.get("productionEnvironments"), default.production)),
            required_tags=_texts(config.get("requiredTags"), default.required_tags),
            log_retention_days=int(config.get("minimumLogRetentionDays", default.log_retention_days)),
            stream_retention_hours=int(config.get("minimumStreamRetentionHours", default.stream_retention_hours)),
            trusted_registries=_texts(config.get("trustedRegistries"), default.trusted_registries),
            allowed_locations=tuple(each.lower() for each in _texts(config.get("allowedLocations"), default.allowed_locations)),
            default_tags={key: str(value) for key, value in cast("Mapping[str, Any]", config.get("defaultTags", {})).items()},
            data_class=str(config.get("dataClass", default.data_class)).lower(),
            open_ports=tuple(int(each) for each in config.get("openPorts", default.open_ports)),
            exemptions=tuple(exemptions),
            problems=tuple(problems),
        )


SCHEMA: dict[str, dict[str, Any]] = {
    "environment": {
        "type": "string",
        "description": "Environment of everything in the stack. Not set: the tag or label `environment` of each resource, else the stack's tag, "
        "else the last part of the stack's name.",
    },
    "dataClass": {
        "type": "string",
        "enum": ["public", "internal", "personal", "health", "cardholder"],
        "description": "Class of the data in the stack. Not set: the tag or label data-class of each resource. No exception opens health or "
        "cardholder data: those from public-storage, public-endpoint, open-ingress, web-firewall, authentication-off and closed-data do not count.",
    },
    "productionEnvironments": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Environments that count as production. Default: prod, production.",
    },
    "requiredTags": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Tags (Google Cloud and Kubernetes: labels) every resource carries, whatever their case. Default: environment, managed-by.",
    },
    "defaultTags": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "Tags and labels that the rules for missing tags add where their level is remediate, for example managed-by: pulumi.",
    },
    "minimumLogRetentionDays": {"type": "integer", "minimum": 1, "description": "Days that logs are kept at least. Default: 90."},
    "minimumStreamRetentionHours": {
        "type": "integer",
        "minimum": 1,
        "description": "Hours that streams and queues keep what nobody has read yet, at least. Default: 72, a long weekend.",
    },
    "openPorts": {
        "type": "array",
        "items": {"type": "integer", "minimum": 1, "maximum": 65535},
        "description": "Ports that may be open to the whole internet, for example 443 for a public API behind a firewall. Default: none.",
    },
    "trustedRegistries": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Hosts of registries that images may come from besides the clouds' (ECR, ACR, Artifact Registry); * stands for any text.",
    },
    "allowedLocations": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Regions that resources may lie in, for example eu-central-1, westeurope, europe-*; * stands for any text. Default: all.",
    },
    "exceptions": {
        "type": "array",
        "description": "Rules that resources may break, with a reason and a last day. Each one in force is reported as an advisory.",
        "items": {
            "type": "object",
            "required": ["rule", "resource", "reason", "expires"],
            "additionalProperties": False,
            "properties": {
                "rule": {"type": "string", "description": "Id of a rule or of a family; * stands for any text."},
                "resource": {"type": "string", "description": "Name or URN of the resource; * stands for any text."},
                "reason": {"type": "string", "minLength": 10, "description": "Why the rule may be broken here."},
                "expires": {"type": "string", "description": "Last day on which it counts, as 2027-03-31."},
            },
        },
    },
}
"""JSON schema of the configuration; Pulumi checks it before the pack runs."""


def _texts(value: Any, default: tuple[str, ...]) -> tuple[str, ...]:
    return default if value is None else tuple(str(each) for each in cast("Sequence[Any]", value))


def _exemption(entry: Any) -> Exemption:
    if not isinstance(entry, Mapping):
        raise ValueError("it is no object with rule, resource, reason and expires")
    values = {key: str(value).strip() for key, value in cast("Mapping[str, Any]", entry).items()}
    for key in ("rule", "resource", "reason", "expires"):
        if not values.get(key):
            raise ValueError(f"{key} is missing")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", values["expires"]):
        raise ValueError(f"expires is '{values['expires']}'; write a day as 2027-03-31")
    return Exemption(
        rule=values["rule"], resource=values["resource"], reason=values["reason"], expires=datetime.date.fromisoformat(values["expires"])
    )


def unused_rules(exemptions: Sequence[Exemption], known: Sequence[str]) -> Iterator[str]:
    """Exceptions that name no rule or family of the pack."""
    for each in exemptions:
        if not any(fnmatchcase(name, each.rule) for name in known):
            yield f"the exception for '{each.resource}' names the rule '{each.rule}', which this pack does not have"
