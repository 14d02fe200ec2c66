"""The resource types that our components use, found in their source: every class of a provider SDK that it names and that is a resource."""

import ast
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from sandbox.metadata import catalog

PACKAGES: Final[Mapping[str, str]] = {
    "pulumi_aws": "aws",
    "pulumi_azure_native": "azure-native",
    "pulumi_gcp": "gcp",
    "pulumi_kubernetes": "kubernetes",
}

COMPONENTS: Final = Path(__file__).parents[2] / "components" / "modeldeploy"


def _spelled(module: str) -> str:
    """The Python module of a token's module: `sagemaker/model` is `sagemaker`, `lambda/function` is `lambda_`."""
    return {"lambda": "lambda_", "import": "import_"}.get(module, module)


@functools.cache
def _tokens(package: str) -> Mapping[tuple[str, str], str]:
    """Module and class in the SDK, to the token."""
    found: dict[tuple[str, str], str] = {}
    for token in catalog(package).tokens():
        _, path, name = token.split(":")
        if package in ("aws", "gcp"):
            module = _spelled(path.partition("/")[0])
        elif package == "kubernetes":
            group, _, version = path.partition("/")
            module = f"{group.split('.')[0]}.{version}".rstrip(".")
        else:
            module = path.replace("/", ".")
        found[module, name] = token
    return found


def _names(tree: ast.Module) -> Mapping[str, str]:
    """What the imports bind: local name to dotted name."""
    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound[alias.asname or alias.name.partition(".")[0]] = alias.name if alias.asname else alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                bound[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return bound


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = _dotted(node.value)
        return None if owner is None else f"{owner}.{node.attr}"
    return None


def in_source(text: str) -> Iterator[str]:
    """The tokens of the resource types that a module names."""
    tree = ast.parse(text)
    bound = _names(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute | ast.Name):
            continue
        dotted = _dotted(node)
        if dotted is None:
            continue
        head, _, rest = dotted.partition(".")
        full = f"{bound.get(head, head)}.{rest}".rstrip(".")
        root, _, inner = full.partition(".")
        package = PACKAGES.get(root)
        if package is None:
            continue
        module, _, name = inner.rpartition(".")
        token = _tokens(package).get((module, name))
        if token is not None:
            yield token


def used_types(folder: Path = COMPONENTS) -> list[str]:
    """The tokens of every resource type that the components name, sorted."""
    return sorted({token for path in folder.rglob("*.py") for token in in_source(path.read_text(encoding="utf-8"))})
