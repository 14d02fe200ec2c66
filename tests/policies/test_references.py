"""References to other frameworks name checks that exist there."""

from pathlib import Path

import pytest

from policies.rule import Framework
from policies.rules import ENTRIES

FOLDER = Path(__file__).parent / "references"
LISTS = {
    Framework.CHECKOV: "checkov.txt",
    Framework.AWS_CONFIG: "aws_config.txt",
    Framework.AZURE_POLICY: "azure_policy.txt",
    Framework.GOOGLE_SCC: "google_scc.txt",
}


def known(framework: Framework) -> set[str]:
    lines = (FOLDER / LISTS[framework]).read_text().splitlines()
    return {line for line in lines if not line.startswith("#")}


@pytest.mark.parametrize("framework", list(Framework))
def test_every_reference_is_in_the_list_of_its_framework(framework: Framework) -> None:
    listed = known(framework)
    used = {f"{each.id} {each.title}".strip() for rule in ENTRIES for each in rule.references if each.framework is framework}
    assert used - listed == set()
