"""Makes a generated SDK a dependency of a program: what `pulumi package add` does last."""

import re
from pathlib import Path

from .errors import HostError
from .protos import language_pb2
from .toolchain import Toolchain


def link(request: language_pb2.LinkRequest, toolchain: Toolchain) -> language_pb2.LinkResponse:
    """Write the packages into requirements.txt and tell the user how to import them."""
    modules = {package.path: _module(toolchain.root / package.path) for package in request.packages}
    _write(toolchain.root / "requirements.txt", modules)
    return language_pb2.LinkResponse(import_instructions=_instructions(list(modules.values())))


def _module(folder: Path) -> str:
    found = sorted(folder.glob("*/pulumi-plugin.json")) or sorted(folder.glob("src/*/pulumi-plugin.json"))
    if not found:
        raise HostError(f"{folder} is not a Python SDK: no module in it has a pulumi-plugin.json")
    return found[0].parent.name


def _write(file: Path, modules: dict[str, str]) -> None:
    before = file.read_bytes().decode() if file.exists() else ""
    newline = "\r\n" if "\r\n" in before else "\n"
    kept = [line for line in before.splitlines() if not _stands_for(line, modules)]
    while kept and not kept[-1].strip():
        kept.pop()
    file.write_bytes("".join(f"{line}{newline}" for line in [*kept, *sorted(modules)]).encode())


def _stands_for(line: str, modules: dict[str, str]) -> bool:
    """Whether the line is an earlier entry for one of the packages, by path or by name."""
    requirement = line.split("#")[0].strip()
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    if name is None or "/" in requirement:
        return requirement in modules
    return re.sub(r"[-.]", "_", name.group()).lower() in modules.values()


def _instructions(modules: list[str]) -> str:
    imports = "\n".join(
        f"  import {module}" + (f" as {module.removeprefix('pulumi_')}" if module.startswith("pulumi_") else "") for module in modules
    )
    return f"You can then import the SDK in your Python code with:\n\n{imports}\n"
