"""What a program depends on: the plugins its packages stand for, and the packages themselves."""

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from .errors import HostError
from .protos import language_pb2, plugin_pb2
from .toolchain import Toolchain

_INVENTORY = Path(__file__).with_name("inventory.py")

# Pulumi packages that have no plugin and, in some versions, do not say so.
_WITHOUT_PLUGIN = {"pulumi-policy", "pulumi-esc-sdk"}


@dataclass(frozen=True)
class Package:
    """A package installed for the program."""

    name: str
    version: str
    #: The contents of its pulumi-plugin.json.
    plugin: dict[str, Any] | None = None
    #: What it depends on, as its metadata writes it.
    requires: tuple[str, ...] = ()

    @property
    def normalized(self) -> str:
        """The name in its canonical form."""
        return _normalized(self.name)


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()  # PEP 503


def installed(toolchain: Toolchain, folder: str) -> list[Package]:
    """Every package in the program's environment. Without pip: it is slow, and an environment need not have it."""
    entries = _json(toolchain, folder, _INVENTORY.read_text(encoding="utf-8"))
    return [Package(entry["name"], entry["version"], entry["plugin"], tuple(entry["requires"])) for entry in entries]


def required(packages: list[Package]) -> Iterator[plugin_pb2.PackageDependency]:
    """The plugins that the engine needs for these packages."""
    for package in packages:
        if package.normalized in _WITHOUT_PLUGIN or (package.plugin is None and not package.normalized.startswith("pulumi-")):
            continue
        described = package.plugin or {}
        if package.plugin is not None and not described.get("resource", False):
            continue
        version = described.get("version") or plugin_version(package.version)
        if version is None:
            continue
        dependency = plugin_pb2.PackageDependency(
            name=described.get("name") or package.normalized.removeprefix("pulumi-"),
            version=version if version.startswith("v") else f"v{version}",
            kind="resource",
            server=described.get("server") or "",
        )
        parameterization = described.get("parameterization")
        if parameterization:
            dependency.parameterization.name = parameterization["name"]
            dependency.parameterization.version = parameterization["version"]
            dependency.parameterization.value = base64.b64decode(parameterization.get("value") or "")
        if _is_to_be_fetched(dependency, os.environ):
            yield dependency


def _is_to_be_fetched(dependency: plugin_pb2.PackageDependency, environment: Mapping[str, str]) -> bool:
    """Whether to name a plugin to the engine, which downloads those that are not installed.

    It does so for the plugins that a plugin needs (`pulumi package add`) even where the user has switched downloads off, or runs the
    provider already; and then fails on a machine that cannot reach Pulumi's server. So neither is named. Nothing is lost: the
    engine takes versions from the program's own requests, and looks for the plugin again when the program uses it.
    """
    attached = {entry.split(":")[0] for entry in environment.get("PULUMI_DEBUG_PROVIDERS", "").split(",")}
    if dependency.name in attached:
        return False
    if environment.get("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "").lower() not in {"1", "true"}:
        return True
    home = Path(environment.get("PULUMI_HOME") or Path.home() / ".pulumi")
    return (home / "plugins" / f"resource-{dependency.name}-{dependency.version}").exists()


def plugin_version(version: str) -> str | None:
    """A Python version (PEP 440) as a plugin's (semver): 1.2rc3.post4 is 1.2.0-rc.3+post4. None for those with an epoch and the like."""
    found = re.fullmatch(r"(\d+(?:\.\d+)*)(?:(a|b|rc)(\d+))?(?:\.post(\d+))?(?:\.dev(\d+))?", version)
    if found is None:
        return None
    release, kind, number, post, dev = found.groups()
    segments = [*release.split("."), "0", "0"][: max(3, release.count(".") + 1)]
    prerelease = f"-{ {'a': 'alpha', 'b': 'beta', 'rc': 'rc'}[kind] }.{number}" if kind else ""
    build = (f"post{post}" if post else "") + (f"dev{dev}" if dev else "")
    return ".".join(segments) + prerelease + (f"+{build}" if build else "")


def dependencies(found: list[Package], *, transitive: bool) -> Iterator[language_pb2.DependencyInfo]:
    """The packages as `pulumi about` shows them: all, or those that no other one depends on."""
    needed: set[str] = set()
    if not transitive:
        needed = {_name(requirement) for package in found for requirement in package.requires if "extra ==" not in requirement}
    for package in sorted(found, key=lambda package: package.normalized):
        if package.normalized not in needed:
            yield language_pb2.DependencyInfo(name=package.normalized, version=package.version)


def _name(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    return _normalized(name.group()) if name else ""


def about(toolchain: Toolchain, folder: str) -> language_pb2.AboutResponse:
    """The Python that runs the program."""
    script = "import json, platform, sys; print(json.dumps([{'executable': sys.executable, 'version': platform.python_version()}]))"
    (answer,) = _json(toolchain, folder, script)
    return language_pb2.AboutResponse(executable=answer["executable"], version=answer["version"], metadata={"toolchain": "pip"})


def _json(toolchain: Toolchain, folder: str, script: str) -> list[dict[str, Any]]:
    command = [toolchain.python(), "-c", script]
    done = subprocess.run(
        command, cwd=folder or None, env=toolchain.environment(os.environ), capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode != 0:
        raise HostError(f"{command[0]} could not list the packages of the program:\n{done.stderr.decode(errors='replace').strip()}")
    try:
        return cast(list[dict[str, Any]], json.loads(done.stdout))
    except json.JSONDecodeError as error:
        raise HostError(f"{command[0]} listed the packages of the program in an unexpected form: {error}") from error
