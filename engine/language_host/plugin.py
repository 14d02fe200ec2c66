"""Runs plugins written in Python: resource providers, component providers and policy packs."""

import os
import tomllib
from pathlib import Path

from .errors import HostError
from .process import Child, Children, Sink
from .protos import language_pb2
from .toolchain import Toolchain


def start(request: language_pb2.RunPluginRequest, toolchain: Toolchain, children: Children, sink: Sink) -> Child:
    """Start the plugin; it writes its port to standard output, as every plugin does."""
    environment = toolchain.environment(_environment(request))
    return children.start([toolchain.python(), *_arguments(request)], request.pwd, environment, sink)


def _environment(request: language_pb2.RunPluginRequest) -> dict[str, str]:
    # The engine sends a complete environment, and what it adds for this plugin comes last.
    sent = dict(entry.split("=", 1) for entry in request.env if "=" in entry)
    return {**os.environ, **sent}


def _arguments(request: language_pb2.RunPluginRequest) -> list[str]:
    program = request.info.program_directory
    if request.kind == "analyzer":
        # Unbuffered, for the output of a policy is shown while the pack keeps running. The module takes the program last.
        return ["-u", "-m", "pulumi.policy", *request.args, program]
    if (Path(program) / "__main__.py").exists():
        return [program, *request.args]
    name = _distribution(Path(program))
    if name is None:
        raise HostError(
            f"the plugin at {program} is not runnable: it provides neither __main__.py nor a pyproject.toml with a name and a build system"
        )
    return ["-m", "pulumi.run.plugin", name, *request.args]


def _distribution(folder: Path) -> str | None:
    """The name of the package in this folder, if it is one that can be built and installed."""
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text())
    except FileNotFoundError:
        return None
    except tomllib.TOMLDecodeError as error:
        raise HostError(f"{folder / 'pyproject.toml'}: {error}") from error
    name = project.get("project", {}).get("name")
    return name if name and project.get("build-system", {}).get("build-backend") else None
