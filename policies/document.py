"""Writes docs/policies.md: `python -m policies.document`."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from policies.frameworks import CONTROLS, Standard
from policies.presets import PRESETS
from policies.rule import Entry, Framework, Rule, StackRule, Unknown
from policies.rules import ENTRIES, FAMILIES
from policies.settings import SCHEMA

PAGE = Path(__file__).resolve().parents[1] / "docs" / "policies.md"

INTRODUCTION = """\
# The policy pack

Written by `python -m policies.document` from `policies/`; a test keeps it true. {rules} rules in {families} families, for any Pulumi program with
`aws`, `azure-native`, `gcp` or `kubernetes` resources, ours or not:

```
pulumi preview --policy-pack policies
pulumi preview --policy-pack policies --policy-pack-config policy-config.json
```

A mandatory violation ends the preview with exit code 1. Each rule looks only at the resource types in its row, and asks for plain inputs. What
happens where a preview does not know a value yet (another resource's output) is in the column *unknown*: *advisory* means that one advisory at the
end (`pack-report`) names the rule, resource and input, and the update decides; *set* means that the rule only asks whether something is set, and
an unknown value is.

A preview tells each violation. What to write instead and why stands at the first three resources that break a rule; the others name the first.

Rules marked *can put it right* set the inputs themselves where their level is `remediate`.

Rules over the whole *stack* see what is not there: a bucket without its encryption, an endpoint without an alarm. They run at the end of a
preview or update.
"""

CONFIGURATION = """\
## Configuration

Levels are Pulumi's own, by rule id or for `all`. Everything else is set once for the whole pack, under `pack-settings` (keep that one enabled: it
carries the settings to the rules):

```json
{
  "aws-apigatewayv2-api-public": "advisory",
  "pack-settings": {
    "requiredTags": ["environment", "cost-center"],
    "minimumLogRetentionDays": 365,
    "exceptions": [
      {
        "rule": "public-endpoint",
        "resource": "pricing-*",
        "reason": "Public API; WAF and login in front of it, reviewed by security",
        "expires": "2027-03-31"
      }
    ]
  }
}
```

| setting | meaning |
|---|---|
"""

PRESETS_TEXT = """\
Ready policy configurations in `policies/presets/`. A preset of a framework lets the rules stop a deployment that serve one of its controls, and
reports the others. The second line lays settings or levels of your own over one:

```
pulumi preview --policy-pack policies --policy-pack-config policies/presets/hipaa.json
python -m policies.presets hipaa own-settings.json > policy-config.json
```
"""

EXCEPTIONS = """
An exception names a rule or a family and a resource (name or URN; `*` stands for any text), the reason, and the last day it counts. Each one in force
is reported as an advisory at the resource that uses it; one that has ended, or is written wrongly, does not count and is reported too, as
is one that nothing needs.
"""


def page() -> str:
    """The whole page."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    yield INTRODUCTION.format(rules=len(ENTRIES), families=len(FAMILIES))
    yield CONFIGURATION.rstrip()
    for name, schema in SCHEMA.items():
        yield f"| `{name}` | {schema['description']} |"
    yield EXCEPTIONS
    yield "## Presets"
    yield ""
    yield from PRESETS_TEXT.splitlines()
    yield ""
    yield "| preset | for | stops a deployment | settings |"
    yield "|---|---|---|---|"
    for preset in PRESETS:
        mandatory = sum(preset.level(rule).value == "mandatory" for rule in ENTRIES)
        settings = ", ".join(f"`{name}`" for name in preset.settings) or "none"
        yield f"| `{preset.name}` | {preset.title} | {mandatory} of {len(ENTRIES)} rules | {settings} |"
    yield ""
    yield "## Families"
    yield ""
    yield "The controls are those that a family serves in ISO/IEC 27001:2022, SOC 2, HIPAA (45 CFR), PCI DSS 4.0 and the GDPR; rules that"
    yield "serve others say so in their row. No pack makes a deployment compliant by itself."
    yield ""
    yield "| family | rules | why | controls |"
    yield "|---|---|---|---|"
    for family in FAMILIES:
        link = f"[{family.title}](#{family.title.lower().replace(' ', '-')}) `{family.id}`"
        yield f"| {link} | {len(_of(family.id))} | {family.why} | {_served(CONTROLS[family.id])} |"
    for family in FAMILIES:
        yield ""
        yield f"## {family.title}"
        yield ""
        yield "| rule | severity | resource types | write instead | unknown | the same in | controls |"
        yield "|---|---|---|---|---|---|---|"
        for rule in _of(family.id):
            yield _row(rule)


def _of(family: str) -> list[Entry]:
    return [rule for rule in ENTRIES if rule.family.id == family]


def _row(rule: Entry) -> str:
    severity = rule.severity.value + ("" if rule.level.value == "mandatory" else f" ({rule.level.value})")
    why = f"{rule.why} " if rule.why else ""
    remedy = " *Can put it right.*" if isinstance(rule, Rule) and rule.sets else ""
    unknown = "set" if rule.unknown is Unknown.SET else "advisory"
    cells = (f"`{rule.id}`", severity, _types(rule), f"{why}{rule.fix}{remedy}", unknown, _references(rule), _controls(rule))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _types(rule: Entry) -> str:
    over = "stack: " if isinstance(rule, StackRule) else ""
    names = [f"{token.split(':')[1].split('/')[0]}.{token.rpartition(':')[2]}" for token in rule.types]
    return over + (", ".join(names) if len(names) <= 8 else f"{len(names)} types with tags or labels")


def _controls(rule: Entry) -> str:
    """The controls, where they are others than the family's."""
    if not rule.controls:
        return "family"
    return _served({standard: rule.serves(standard) for standard in Standard})


def _served(controls: Mapping[Standard, Sequence[str]]) -> str:
    return "; ".join(f"{standard.value}: {', '.join(ids)}" for standard, ids in controls.items() if ids)


def _references(rule: Entry) -> str:
    parts: list[str] = []
    for framework in Framework:
        ids = [f"{each.id} ({each.title})" if each.title else each.id for each in rule.references if each.framework is framework]
        if ids:
            parts.append(f"{framework.value}: {', '.join(ids)}")
    return "; ".join(parts) or "none"


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"wrote {PAGE.name}: {len(ENTRIES)} rules\n")
