"""Policy configurations for environments and frameworks: `python -m policies.presets` writes them to policies/presets/.

    pulumi preview --policy-pack policies --policy-pack-config policies/presets/hipaa.json
    python -m policies.presets hipaa own-settings.json > policy-config.json

The second form lays settings of your own over a preset: an object as under `pack-settings`, or levels by rule id."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from pulumi_policy import EnforcementLevel, Severity

from policies.frameworks import Standard
from policies.pack import SETTINGS_POLICY
from policies.rule import Entry
from policies.rules import ENTRIES

FOLDER = Path(__file__).parent / "presets"
SERIOUS = (Severity.HIGH, Severity.CRITICAL)
EUROPE = (
    "eu",
    "eu-*",
    "europe-*",
    "northeurope",
    "westeurope",
    "austriaeast",
    "belgiumcentral",
    "denmarkeast",
    "francecentral",
    "germanywestcentral",
    "italynorth",
    "polandcentral",
    "spaincentral",
    "swedencentral",
)
"""Regions of the clouds in Europe, as the clouds name them; `eu-*` and `europe-*` have some in the United Kingdom and Switzerland, which the European
Commission holds to be adequate."""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Which rules stop a deployment, and with which settings."""

    name: str
    title: str
    standard: Standard | None = None
    """Rules that serve one of its controls stop a deployment, the others are reported."""
    only_serious: bool = False
    """Rules of severity low and medium are reported, and stop nothing."""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def level(self, rule: Entry) -> EnforcementLevel:
        """What a rule does under the preset. A rule that the pack only reports is never made to stop a deployment: it has its reason."""
        if rule.level is not EnforcementLevel.MANDATORY:
            return rule.level
        serves = self.standard is None or rule.serves(self.standard)
        serious = not self.only_serious or rule.severity in SERIOUS
        return EnforcementLevel.MANDATORY if serves and serious else EnforcementLevel.ADVISORY


PRESETS = (
    Preset(name="baseline", title="What no environment may lack: rules of high and critical severity stop a deployment", only_serious=True),
    Preset(name="production", title="Everything, for production", settings={"environment": "production"}),
    Preset(
        name="hipaa",
        title="Health data in the United States",
        standard=Standard.HIPAA,
        settings={"environment": "production", "dataClass": "health", "minimumLogRetentionDays": 365},
    ),
    Preset(
        name="gdpr",
        title="Personal data in the European Union",
        standard=Standard.GDPR,
        settings={"environment": "production", "dataClass": "personal", "allowedLocations": list(EUROPE)},
    ),
    Preset(name="soc2", title="Services under a SOC 2 report", standard=Standard.SOC2, settings={"minimumLogRetentionDays": 365}),
    Preset(name="iso27001", title="Services under ISO 27001", standard=Standard.ISO27001, settings={"minimumLogRetentionDays": 365}),
    Preset(
        name="pci",
        title="Cardholder data",
        standard=Standard.PCI,
        settings={"environment": "production", "dataClass": "cardholder", "minimumLogRetentionDays": 365},
    ),
)
"""Retention follows PCI DSS 10.5.1 (twelve months), which auditors of the others ask for as well; a log workspace of Azure keeps 730 days at most."""


def configuration(preset: Preset, own: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The policy configuration of a preset, with settings or levels of one's own over it."""
    given = dict(own or {})
    settings = {**preset.settings, **cast("Mapping[str, Any]", given.pop(SETTINGS_POLICY, {}))}
    advisory = {rule.id: "advisory" for rule in ENTRIES if preset.level(rule) is not rule.level}
    return {SETTINGS_POLICY: {"enforcementLevel": "advisory", **settings}, **advisory, **given}


def text(preset: Preset, own: Mapping[str, Any] | None = None) -> str:
    """The configuration as a file has it."""
    return json.dumps(configuration(preset, own), indent=2) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Writes all presets, or prints one."""
    if not arguments:
        FOLDER.mkdir(exist_ok=True)
        for preset in PRESETS:
            (FOLDER / f"{preset.name}.json").write_text(text(preset))
        return 0
    chosen = next((preset for preset in PRESETS if preset.name == arguments[0]), None)
    if chosen is None:
        sys.stderr.write(f"'{arguments[0]}' is no preset; there are: {', '.join(preset.name for preset in PRESETS)}\n")
        return 2
    sys.stdout.write(text(chosen, json.loads(Path(arguments[1]).read_text()) if len(arguments) > 1 else None))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
