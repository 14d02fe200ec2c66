"""The Pulumi CLI that the user has installed."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import cache
from .errors import EngineError
from .versions import BUILT, OLDEST_CLI, Version

_INSTALL = "https://www.pulumi.com/docs/install/"


@dataclass(frozen=True)
class InstalledCli:
    """A CLI that is on PATH with everything it needs beside it."""

    path: Path
    version: Version


def find() -> InstalledCli | None:
    """The installed CLI, checked; None where there is none; an error where there is one that will not do.

    Our own builds do not count: `make` puts them on PATH, and they must stay replaceable. Neither does a CLI without a Python
    language host, such as one from `go install`: it cannot run a Python program.
    """
    if os.environ.get("MODELDEPLOY_ENGINE") == "build":
        return None
    path = _on_path("pulumi")
    if path is None:
        return None
    version = _version(path)
    if version.major != OLDEST_CLI.major or version < OLDEST_CLI:
        raise EngineError(
            f"The Pulumi CLI at {path} is version {version}; modeldeploy needs {OLDEST_CLI} or newer, major version {OLDEST_CLI.major}.\n"
            f"Either install a current one ({_INSTALL}), or let modeldeploy build {BUILT} and use that one in this checkout only:\n"
            "    MODELDEPLOY_ENGINE=build make engine"
        )
    if not _has_language_host(path):
        cache.note(f"The Pulumi CLI at {path} has no pulumi-language-python, so it cannot run Python programs; it is left alone.")
        return None
    return InstalledCli(path, version)


def _on_path(name: str) -> Path | None:
    ours = cache.root().resolve()
    for folder in os.get_exec_path():
        candidate = Path(folder or ".") / name
        if candidate.is_file() and os.access(candidate, os.X_OK) and not candidate.resolve().is_relative_to(ours):
            return candidate
    return None


def _has_language_host(cli: Path) -> bool:
    beside = cli.resolve().parent / "pulumi-language-python"
    return beside.is_file() or _on_path("pulumi-language-python") is not None


def _version(cli: Path) -> Version:
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run([cli, "version"], capture_output=True, text=True, timeout=60, env=environment, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"The Pulumi CLI at {cli} does not run: {error}.\nInstall it again ({_INSTALL}).") from error
    version = Version.parse(answer.stdout)
    if answer.returncode != 0 or version is None:
        said = (answer.stdout + answer.stderr).strip() or "nothing"
        raise EngineError(
            f"The Pulumi CLI at {cli} does not tell its version: `pulumi version` ended with code {answer.returncode} and said: {said}\n"
            f"Install it again ({_INSTALL}), or build one with: MODELDEPLOY_ENGINE=build make engine"
        )
    return version
