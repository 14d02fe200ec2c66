"""The portfolio's projects, one module each. A stack's name is its project, a dot, and its environment: `dynamic-pricing.prod`."""

import importlib
import pkgutil
from typing import Protocol, cast

from modeldeploy.spec.arguments import ArgumentError, Problem, unknown_name


class StackModule(Protocol):
    """What every stack's module offers."""

    def deploy(self) -> None:
        """Registers the stack's resources and exports its outputs."""
        ...


def names() -> list[str]:
    """The projects that have a module, as they are written in stack names."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__) if not module.ispkg)


def run(stack: str) -> None:
    """Deploys the module of `stack`; raises `ArgumentError` when there is none."""
    project, _, environment = stack.partition(".")
    if project not in names():
        raise ArgumentError(f"stack '{stack}'", [Problem("project", unknown_name(project, names()))])
    if not environment:
        raise ArgumentError(
            f"stack '{stack}'", [Problem("environment", f"is missing; name the stack '{project}.<environment>', such as '{project}.dev'")]
        )
    module = importlib.import_module(f"{__name__}.{project.replace('-', '_')}")
    cast(StackModule, module).deploy()
