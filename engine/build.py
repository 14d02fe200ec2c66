"""Builds the engine: the Pulumi CLI and its code generator from Go modules, and our Python language host beside them.

Three folders in the cache, each named after the content it was made from and complete as soon as it exists:

    cli-<key>/    what Go builds; changes with Pulumi's version
    host-<key>/   the language host in a virtual environment of its own; changes with its sources
    <key>/bin/    both together, as the official installer lays them out; this one goes on PATH
"""

import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from . import cache, golang
from .errors import EngineError
from .versions import BUILT, OLDEST_CLI, OLDEST_GO

_MODULE = Path(__file__).resolve().parent
_HOST = _MODULE / "language_host"
_HOST_PACKAGE = "modeldeploy_language_host"

_PULUMI = golang.Product(
    name=f"Pulumi {BUILT}",
    linker=f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{BUILT}",
    packages=1650,
    oldest_go=OLDEST_GO,
    no_go="Neither the Pulumi CLI nor Go was found on PATH.",
    choices=(
        f"modeldeploy needs either the Pulumi CLI ({OLDEST_CLI} or newer) on PATH, or Go {OLDEST_GO} or newer to build it:\n"
        "    the Pulumi CLI: https://www.pulumi.com/docs/install/\n"
        "    Go:             https://go.dev/doc/install (or your system's package manager)\n"
        "Then run `make engine` again."
    ),
    otherwise="An installed Pulumi CLI on PATH is used instead of a build.",
)

_LAUNCHER = """#!/bin/sh
# -I: what the user's environment adds to Python's path is for the program, not for its host.
exec "{python}" -I -m {package} --use-executor "{executor}" "$@"
"""


def bin_folder() -> Path:
    """Where the engine made from these sources is, or will be."""
    return cache.root() / f"{BUILT}-{cache.key([_cli_folder().name, _host_folder().name, _LAUNCHER])}" / "bin"


def is_complete() -> bool:
    """Whether it is there. A language host whose Python was removed from the system counts as missing."""
    return (bin_folder() / "pulumi").is_file() and _host_python(_host_folder()).exists()


def ensure() -> Path:
    """Build what is missing and return the folder to put on PATH."""
    if is_complete():
        return bin_folder()
    with cache.lock(cache.root(), "building the engine"):
        if is_complete():  # by the process that held the lock
            return bin_folder()
        cache.sweep(cache.root())
        _ensure_cli()
        _ensure_host()
        _assemble()
    return bin_folder()


def _host_sources() -> Iterator[Path]:
    yield from sorted(path for path in _HOST.iterdir() if path.suffix in {".py", ".txt"})


def _cli_folder() -> Path:
    parts = [_MODULE / "go.mod", _MODULE / "go.sum", _MODULE / "codegen" / "main.go", platform.system(), platform.machine()]
    return cache.root() / f"cli-{BUILT}-{cache.key(parts)}"


def _host_folder() -> Path:
    # Not of the Python that builds it: tests and make may run different ones, and either can start the host of the other.
    sources = [part for path in _host_sources() for part in (path.name, path)]
    return cache.root() / f"host-{cache.key([*sources, platform.system(), platform.machine()])}"


def _host_python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _ensure_cli() -> None:
    if _cli_folder().exists():
        return
    go = golang.require(_PULUMI)
    cache.note(f"Building the Pulumi CLI {BUILT} from its Go module: 4 to 8 minutes the first time, once per version.")
    started = time.monotonic()
    with cache.fresh_folder(_cli_folder()) as folder:
        golang.build(go, _MODULE, folder, ["./codegen", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"], _PULUMI)
        (folder / "codegen").rename(folder / "pulumi-python-codegen")
        sdk = Path(golang.run([go, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi/sdk/v3"], _MODULE))
        for script in ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python"):
            copied = folder / Path(script).name
            shutil.copyfile(sdk / "python" / script, copied)
            copied.chmod(0o755)
        said = golang.run([str(folder / "pulumi"), "version"], folder)
        if said.removeprefix("v") != str(BUILT):
            raise EngineError(f"The built CLI says it is version {said!r}, not {BUILT}; the version was not stamped.")
    cache.note(f"Built the Pulumi CLI {BUILT} in {time.monotonic() - started:.0f} s.")


def _ensure_host() -> None:
    if _host_python(_host_folder()).exists():
        return
    cache.note("Installing the Python language host.")
    with cache.fresh_folder(_host_folder()) as folder:
        _python([sys.executable, "-m", "venv", str(folder)], "create a virtual environment (on Debian and Ubuntu: apt install python3-venv)")
        python = str(_host_python(folder))
        pins = str(_HOST / "requirements.txt")
        # The pins are complete. The Pulumi SDK is there for its protocol buffers alone, so what else it needs stays out.
        _python([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r", pins], "install its packages")
        site = _python([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], "find its folder").strip()
        package = Path(site) / _HOST_PACKAGE
        package.mkdir()
        for source in _host_sources():
            shutil.copyfile(source, package / source.name)
        _python([python, "-m", "compileall", "-q", str(package)], "compile the language host")


def _assemble() -> None:
    target = bin_folder()
    with cache.fresh_folder(target.parent) as folder:
        made = folder / target.name
        made.mkdir()
        for built in _cli_folder().iterdir():
            _link(built, made / built.name)
        launcher = made / "pulumi-language-python"
        launcher.write_text(
            _LAUNCHER.format(python=_host_python(_host_folder()), package=_HOST_PACKAGE, executor=target / "pulumi-language-python-exec")
        )
        launcher.chmod(0o755)
    cache.note(f"The engine is ready: {target}")


def _link(source: Path, target: Path) -> None:
    # A symbolic link would not do: the CLI follows it and looks for its language hosts beside the other end.
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _python(command: list[str], purpose: str) -> str:
    # PYTHONPATH and the like are for the user's programs.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON") and name != "VIRTUAL_ENV"}
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment, check=False)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        raise EngineError(f"The language host could not be installed: to {purpose} failed.\n{said}")
    return done.stdout
