"""Writes `checkov.txt`: `python -m tests.policies.references.checkov_checks`."""

import json
import re
import subprocess
from pathlib import Path

from tests.support.tools import CHECKOV, checkov

FILE = Path(__file__).with_name("checkov.txt")
LIST = """
import json
from checkov.docs_generator import get_checks
checks = get_checks(frameworks=["terraform", "cloudformation", "arm", "kubernetes"])
print("CHECKS" + json.dumps([[str(check[0]), str(check[2])] for check in checks]))
"""
"""Runs in Checkov's own environment: of each check the id and one type of resource that it looks at."""

IDS = re.compile(r"CKV2?_(?:AWS|AZURE|GCP|K8S)_\d+")
TYPE = re.compile(r"aws_\w+|AWS::[\w:]+|azurerm_\w+|Microsoft\.[\w./]+|google_\w+|[A-Z]\w+")


def main() -> None:
    """Asks Checkov and writes the file."""
    made = subprocess.run([checkov()[0], "-c", LIST], cwd=FILE.parent, capture_output=True, text=True, check=True)
    types: dict[str, set[str]] = {}
    for check, kind in json.loads(made.stdout.partition("CHECKS")[2]):
        if IDS.fullmatch(check) and TYPE.fullmatch(kind):
            types.setdefault(check, set()).add(kind.rstrip("/"))
    lines = [f"# Checks of Checkov {CHECKOV}, and the types of Terraform, CloudFormation, ARM templates or Kubernetes that each looks at."]
    lines += [" ".join([check, *sorted(types[check])]) for check in sorted(types, key=_order)]
    FILE.write_text("\n".join(lines) + "\n")


def _order(check: str) -> tuple[str, int]:
    vendor, _, number = check.rpartition("_")
    return vendor, int(number)


if __name__ == "__main__":
    main()
