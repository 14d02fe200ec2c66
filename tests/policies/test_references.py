"""References to other frameworks name checks that exist there, and that are about the same type of resource."""

from pathlib import Path

import pytest

from policies.frameworks import CONTROLS, Standard
from policies.rule import Framework
from policies.rules import ENTRIES
from tests.policies.equivalents import names

FOLDER = Path(__file__).parent / "references"
LISTS = {
    Framework.AWS_CONFIG: "aws_config.txt",
    Framework.AZURE_POLICY: "azure_policy.txt",
    Framework.GOOGLE_SCC: "google_scc.txt",
}


def lines(file: str) -> list[str]:
    return [line for line in (FOLDER / file).read_text().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("framework", list(LISTS))
def test_every_reference_is_in_the_list_of_its_framework(framework: Framework) -> None:
    used = {f"{each.id} {each.title}".strip() for rule in ENTRIES for each in rule.references if each.framework is framework}
    assert used - set(lines(LISTS[framework])) == set()


def test_every_control_exists_in_its_standard() -> None:
    known = set(lines("controls.txt"))
    served = {f"{standard.value} {control}" for rule in ENTRIES for standard in Standard for control in rule.serves(standard)}
    assert served - known == set()


def test_a_rule_serves_other_controls_than_its_family_only_where_it_says_so() -> None:
    own = [rule for rule in ENTRIES if rule.controls]
    assert len(own) > 30
    for rule in ENTRIES:
        for standard in Standard:
            family = CONTROLS[rule.family.id].get(standard, ())
            assert rule.serves(standard) == rule.controls.get(standard, family)
    assert [rule.id for rule in own if all(rule.serves(standard) == CONTROLS[rule.family.id].get(standard, ()) for standard in rule.controls)] == []


def test_every_check_of_checkov_exists_and_looks_at_a_type_that_the_rule_looks_at() -> None:
    checks = {check: {kind.lower() for kind in kinds} for check, *kinds in map(str.split, lines("checkov.txt"))}
    assert len(checks) > 1000
    strangers = [
        f"{rule.id}: {each.id} looks at {', '.join(checks.get(each.id, {'nothing that is known'}))}"
        for rule in ENTRIES
        for each in rule.references
        if each.framework is Framework.CHECKOV and not any(names(token) & checks.get(each.id, set()) for token in rule.types)
    ]
    assert strangers == []
