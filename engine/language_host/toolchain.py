"""Which Python a program or plugin runs with: the runtime options of its project file, and the virtual environment they name."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import HostError, NotSupportedError

_OFFICIAL = "With the official Pulumi CLI on PATH (https://www.pulumi.com/docs/install/) it works: modeldeploy then uses that one."

# Files that make the official host choose another toolchain when the project names none.
_LOCK_FILES = {"uv.lock": "uv", "poetry.lock": "poetry"}


@dataclass(frozen=True)
class Toolchain:
    """Python and pip for one program."""

    #: The folder of Pulumi.yaml, PulumiPlugin.yaml or PulumiPolicy.yaml.
    root: Path
    #: `virtualenv` as the project file has it; empty for whatever Python is on PATH.
    virtualenv: str = ""

    @staticmethod
    def of(root: str, program: str, options: Mapping[str, object], *, is_plugin: bool = False) -> "Toolchain":
        """Read the runtime options; refuse those this host cannot honour."""
        chosen = _text(options, "toolchain")
        if chosen is None:
            _refuse_lock_files(Path(program))
        elif chosen in {"uv", "poetry"}:
            raise NotSupportedError(f"`toolchain: {chosen}` is not supported by the language host that modeldeploy builds: it knows pip. {_OFFICIAL}")
        elif chosen != "pip":
            raise HostError(f"unsupported toolchain option: {chosen} (pip, poetry, uv)")
        typechecker = _text(options, "typechecker")
        if typechecker is not None:
            raise NotSupportedError(
                f"`typechecker: {typechecker}` is not supported by the language host that modeldeploy builds: run the type checker "
                f"before `pulumi`. {_OFFICIAL}"
            )
        virtualenv = _text(options, "virtualenv") or ""
        if is_plugin and chosen == "pip" and not virtualenv:
            virtualenv = "venv"  # as the official host does: a plugin never uses the Python on PATH
        return Toolchain(Path(root), virtualenv)

    @property
    def folder(self) -> Path | None:
        """The virtual environment; it may not be there yet."""
        return Path(os.path.normpath(self.root / self.virtualenv)) if self.virtualenv else None

    def is_ready(self) -> bool:
        """Whether the virtual environment can be used; always so when none is asked for."""
        return self.folder is None or _python_in(self.folder).exists()

    def is_missing(self) -> bool:
        """Whether there is nothing yet where the virtual environment should be."""
        return self.folder is not None and (not self.folder.exists() or (self.folder.is_dir() and not any(self.folder.iterdir())))

    def python(self) -> str:
        """The interpreter, or an error that says how to get one."""
        if self.folder is None:
            return python_on_path()
        python = _python_in(self.folder)
        if python.exists():
            return str(python)
        state = "doesn't appear to be a virtual environment" if self.folder.exists() else "doesn't exist"
        raise HostError(
            f'The \'virtualenv\' option in Pulumi.yaml is set to "{self.virtualenv}", but "{self.folder}" {state}; '
            "run the following commands to create the virtual environment and install dependencies into it:\n\n"
            f"    1. python3 -m venv {self.folder}\n"
            f"    2. {python} -m pip install --upgrade pip setuptools wheel\n"
            f"    3. {python} -m pip install -r requirements.txt\n\n"
            "For more information see: https://www.pulumi.com/docs/intro/languages/python/#virtual-environments"
        )

    def environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The environment with the virtual environment activated."""
        result = dict(environment)
        if self.folder is not None:
            result.pop("PYTHONHOME", None)
            result["VIRTUAL_ENV"] = str(self.folder)
            result["PATH"] = os.pathsep.join(part for part in (str(self.folder / "bin"), result.get("PATH", "")) if part)
        return result


def python_on_path() -> str:
    """Python as the official host finds it: `PULUMI_PYTHON_CMD`, else python3, else python."""
    chosen = os.environ.get("PULUMI_PYTHON_CMD")
    names = [chosen] if chosen else ["python3", "python"]
    for name in names:
        found = shutil.which(name)
        if found is not None:
            return found
    raise HostError(f"failed to locate any of {names} on your PATH. Have you installed Python 3.9 or greater?")


def _python_in(folder: Path) -> Path:
    return folder / "bin" / "python"


def _text(options: Mapping[str, object], name: str) -> str | None:
    value = options.get(name)
    if value is None or isinstance(value, str):
        return value
    raise HostError(f"{name} option must be a string")


def _refuse_lock_files(folder: Path) -> None:
    # Quietly using pip where the official host would use uv would install other versions than the lock file says.
    for parent in (folder, *folder.parents):
        for name, tool in _LOCK_FILES.items():
            if (parent / name).exists():
                raise NotSupportedError(
                    f"{parent / name} makes this a {tool} project, and the language host that modeldeploy builds knows pip alone. "
                    f"Set `toolchain: pip` in the runtime options of the project file. {_OFFICIAL}"
                )
