"""The page about the pack says what the pack does."""

import json
import re

from policies.document import PAGE, page
from policies.presets import PRESETS
from policies.rules import ENTRIES, FAMILIES
from policies.settings import SCHEMA, Settings


def test_the_page_is_what_the_generator_writes() -> None:
    assert PAGE.read_text() == page(), "run `python -m policies.document`"


def test_the_page_has_every_rule_family_and_setting_once() -> None:
    text = page()
    assert re.findall(r"^\| `([a-z0-9-]+)` \| (?:low|medium|high|critical)", text, re.MULTILINE) == [
        rule.id for family in FAMILIES for rule in ENTRIES if rule.family == family
    ]
    assert re.findall(r"^## (.+)$", text, re.MULTILINE)[3:] == [family.title for family in FAMILIES]
    assert re.findall(r"^\| `(\w+)` \| ", text, re.MULTILINE) == [*SCHEMA, *(preset.name for preset in PRESETS)]


def test_the_configuration_on_the_page_is_one_the_pack_takes() -> None:
    match = re.search(r"```json\n(.+?)```", page(), re.DOTALL)
    assert match is not None
    example = json.loads(match[1])
    settings = Settings.read(example["pack-settings"])
    assert settings.problems == ()
    assert len(settings.exemptions) == 1
    assert set(example["pack-settings"]) <= set(SCHEMA)
    assert set(example) - {"pack-settings"} <= {rule.id for rule in ENTRIES}
