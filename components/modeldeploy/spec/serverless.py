"""Arguments of a model as a function that scales to zero, the same on every cloud."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pulumi

from .access import WebAccess
from .arguments import Problem
from .database import DatabaseConnection
from .encryption import Encryption
from .model import Container, ModelVersion, environment_problems, secret_problems
from .network import Network
from .operations import Environment, Operations
from .rollout import Rollout, version_problems
from .scaling import FunctionScaling
from .tags import tag_problems

PYTHON = re.compile(r"3\.(1[0-4])")


@dataclass(frozen=True, kw_only=True)
class Code:
    """A function as Python source, which the cloud runs on a runtime of its own."""

    source: str
    """Local folder with the source and everything it imports that the runtime lacks, as the cloud's own packaging guide lays it out."""
    handler: str
    """What is called: `module.function`."""
    python: str = "3.12"
    """Version of Python, 3.10 to 3.14, where the cloud offers it."""
    environment: dict[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    """Environment variables, as for `Container.environment`."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        path = Path(self.source)
        if not path.is_dir():
            yield Problem("source", f"'{self.source}' is not a folder (looked in {path.resolve().parent})")
        elif not any(each.is_file() for each in path.rglob("*")):
            yield Problem("source", f"'{self.source}' is an empty folder")
        if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", self.handler):
            yield Problem("handler", f"'{self.handler}' names no function; write module.function")
        if not PYTHON.fullmatch(self.python):
            yield Problem("python", f"'{self.python}' is not allowed; use 3.10 to 3.14")
        yield from environment_problems(self.environment)


@dataclass(frozen=True, kw_only=True)
class FunctionModel(ModelVersion):
    """One version of a trained model, and the function that answers with it: a container image, or source code."""

    container: Container | None = None
    """The image that runs. Excludes `code`."""
    code: Code | None = None
    """The source that runs. Excludes `container`."""

    @property
    def variables(self) -> dict[str, pulumi.Input[str]]:
        """The plain environment variables of the container or the code."""
        served = self.container or self.code
        return {} if served is None else served.environment

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from super().problems()
        if (self.container is None) == (self.code is None):
            yield Problem("container", "give either container or code")


@dataclass(frozen=True, kw_only=True)
class ServerlessArgs:
    """A model as a function: nothing runs, and nothing is paid, while nobody asks (100 to 500 ms is the class it is meant for; a first request after
    a pause takes seconds, unless `scaling.minimum` is 1 or more).

    The function fetches the artifact from `$MODEL_URI` when it starts.
    """

    models: list[FunctionModel]
    """The versions deployed, oldest first: one in normal operation, two while a new one is rolled out. All are images, or all are code."""
    rollout: Rollout = Rollout()
    """How requests are shared between the versions. Default: all to the last."""
    memory_mib: int = 2048
    """Memory of one instance, in MiB, 512 to 10240. What the service offers that has as much; CPUs come with memory."""
    request_seconds: int = 29
    """Longest time a request may take, in seconds, 1 to 230. What stands in front of the function may allow less."""
    scaling: FunctionScaling = FunctionScaling()
    """Instances. Default: 0 to 10."""
    secrets: dict[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    """Environment variables that come from a vault, by name; addresses as for `ContainerArgs.secrets`. The function may read these and no others."""
    network: Network = Network()
    """The private network. Default: one is made."""
    access: WebAccess = WebAccess()
    """Who may call. Default: private, with an identity of the cloud, nobody listed."""
    encryption: Encryption = Encryption()
    """The customer-managed key. Default: one is made."""
    database: DatabaseConnection | None = None
    """A database the model reads. Default: none."""
    operations: Operations = Operations()
    """Logs, alarms, budget."""
    environment: Environment = Environment.PRODUCTION
    """What the deployment is for. Default: production, the stricter."""
    tags: dict[str, str] = field(default_factory=dict[str, str])
    """Tags for everything that takes them, besides `environment` and `managed-by`, which are always set."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from version_problems(self.models, self.rollout)
        if len({model.code is None for model in self.models}) > 1:
            yield Problem("models", "are images and code mixed; one function is either")
        for name, low, high in (("memory_mib", 512, 10240), ("request_seconds", 1, 230)):
            value: int = getattr(self, name)
            if not low <= value <= high:
                yield Problem(name, f"{value} is not allowed; use {low} to {high}")
        yield from secret_problems(self.secrets, [model.variables for model in self.models])
        yield from tag_problems(self.tags)
