"""Which stacks a change of files touches."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, cast

import yaml

HARMLESS = (
    "*.md",
    "docs/*",
    "tests/*",
    "benchmarks/*",
    "demo/*",
    "sandbox/*",
    "engine/*",
    "pipelines/*",
    ".github/*",
    ".ci/*",
    ".gitlab-ci.yml",
    "LICENSE",
)
"""Files that no deployment is made from. What is not among them touches every stack: one preview too many costs minutes, one too few an outage."""


class ProjectError(ValueError):
    """The folder is no Pulumi project, or Git cannot compare it."""


@dataclass(frozen=True)
class Project:
    """A Pulumi project whose stacks are called `<project>.<environment>`, each with a module `<project>.py` beside its configuration."""

    folder: Path
    configurations: str
    """The folder with the stacks' configuration, relative to `folder`."""

    @classmethod
    def at(cls, folder: Path) -> "Project":
        """The project in `folder`."""
        path = folder / "Pulumi.yaml"
        if not path.is_file():
            raise ProjectError(f"'{folder.resolve()}' has no Pulumi.yaml")
        settings = cast(dict[str, Any], yaml.safe_load(path.read_text()) or {})
        return cls(folder, PurePosixPath(str(settings.get("stackConfigDir", "."))).as_posix())

    @property
    def stacks(self) -> list[str]:
        """The stacks that have a configuration."""
        found = (self.folder / self.configurations).glob("Pulumi.*.yaml")
        return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in found)

    @cached_property
    def sources(self) -> dict[str, list[str]]:
        """By stack, the files and folders that its configuration names as `source`: its models, relative to the project."""
        found: dict[str, list[str]] = {}
        for stack in self.stacks:
            content: Any = yaml.safe_load((self.folder / self.configurations / f"Pulumi.{stack}.yaml").read_text())
            found[stack] = [PurePosixPath(source).as_posix() for source in _sources(content) if "://" not in source]
        return found

    def touched(self, files: Sequence[str], harmless: Sequence[str] = HARMLESS) -> list[str]:
        """The stacks that a change of `files` (relative to the project) touches."""
        return [stack for stack in self.stacks if any(self._touches(file, stack, harmless) for file in files)]

    def _touches(self, file: str, stack: str, harmless: Sequence[str]) -> bool:
        path = PurePosixPath(file)
        owners = [each for each, sources in self.sources.items() if any(_is_part(path, source) for source in sources)]
        if owners:
            return stack in owners
        if path.parent.as_posix() == self.configurations:
            if fnmatch(path.name, "Pulumi.*.yaml"):
                return path.name == f"Pulumi.{stack}.yaml"
            if path.suffix == ".py" and path.stem.replace("_", "-") in {each.partition(".")[0] for each in self.stacks}:
                return path.stem.replace("_", "-") == stack.partition(".")[0]
        return not any(fnmatch(file, pattern) for pattern in harmless)


def deployed_commit(folder: Path, stack: str) -> str | None:
    """The commit of the last successful `pulumi up` of a stack, which Pulumi records; None when there was none.

    What somebody deployed by hand from a folder with changes counts as the commit under them.
    """
    command = ["pulumi", "--non-interactive", "stack", "history", "--json", "--stack", stack]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None
    updates = cast(list[dict[str, Any]], json.loads(done.stdout or "[]"))
    # The latest is first. After a `destroy` nothing is deployed.
    last = next((each for each in updates if each["kind"] in ("update", "destroy") and each["result"] == "succeeded"), None)
    return last["environment"].get("git.head") if last is not None and last["kind"] == "update" else None


def changed_files(folder: Path, base: str, *, since_branching: bool = True) -> list[str] | None:
    """Files of `folder` that differ between HEAD and where it left `base`, or `base` itself; None when `base` is not known here (a shallow clone)."""
    known = _git(folder, "rev-parse", "--verify", "--quiet", f"{base}^{{commit}}")
    if known.returncode != 0:
        return None
    compared = _git(folder, "diff", "--name-only", "--relative", "-z", "--no-renames", f"{base}{'...' if since_branching else '..'}HEAD")
    if compared.returncode != 0:
        raise ProjectError(f"git cannot compare HEAD with '{base}': {compared.stderr.strip()}")
    return [file for file in compared.stdout.split("\0") if file]


def _is_part(path: PurePosixPath, source: str) -> bool:
    return path.is_relative_to(source) or path.as_posix() == f"{source}.dvc"


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)


def _sources(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in cast(dict[str, Any], content).items():
            if key == "source" and isinstance(value, str):
                yield value
            yield from _sources(value)
    elif isinstance(content, list):
        for each in cast(list[Any], content):
            yield from _sources(each)
