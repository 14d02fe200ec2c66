"""Prints what is installed in a program's Python, with the contents of pulumi-plugin.json for packages that carry one.

Given as text to `python -c` of the program: standard library only, nothing of the host, and Python 3.9 must understand it.
"""

import importlib.util
import json
import os
import sys
from importlib.metadata import Distribution, distributions
from typing import Any, Dict, Optional  # noqa: UP035 - see above


def main() -> None:
    """Print one JSON list."""
    found: Dict[str, Dict[str, Any]] = {}  # noqa: UP006
    for distribution in distributions():
        name = distribution.metadata["Name"]
        module = name.replace("-", "_").replace(".", "_") if name else ""
        if module and module.lower() not in found:  # the first on the path is the one that is imported
            found[module.lower()] = {
                "name": name,
                "version": distribution.version,
                "requires": distribution.requires or [],
                "plugin": plugin(distribution, module),
            }
    json.dump(list(found.values()), sys.stdout)


def plugin(distribution: Distribution, module: str) -> Any:
    """What the package says about its plugin, or None."""
    for path in (str(distribution.locate_file(os.path.join(module, "pulumi-plugin.json"))), editable(distribution, module)):
        if path and os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                return json.load(file)
    return None


def editable(distribution: Distribution, module: str) -> Optional[str]:  # noqa: UP045
    """The file of a package that was installed with `pip install -e`, whose files are elsewhere."""
    if not distribution.read_text("direct_url.json"):
        return None
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return os.path.join(next(iter(spec.submodule_search_locations)), "pulumi-plugin.json")


if __name__ == "__main__":
    main()
