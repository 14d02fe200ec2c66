"""Installs what a program needs: `pulumi install`, and a virtual environment that is not there yet."""

import os
from collections.abc import Iterator
from pathlib import Path

from .errors import HostError
from .process import Child, Children, Sink, Stream
from .toolchain import Toolchain, python_on_path


def install(toolchain: Toolchain, folder: str, children: Children, register: "Registration") -> Iterator[tuple[Stream, bytes]]:
    """Create the virtual environment and install requirements.txt into it; yields what the user should read meanwhile.

    The official host also upgrades pip, setuptools and wheel. This one does not: it would change an environment that the user has
    pinned, and pip fetches what a build needs by itself.
    """
    yield _say("Installing dependencies...\n\n")
    if not toolchain.is_ready():
        yield _say("Creating virtual environment...\n")
        yield from _step(
            [python_on_path(), "-m", "venv", str(toolchain.folder)], "creating virtual environment", folder, toolchain, children, register
        )
        yield _say("Finished creating virtual environment\n")
    if (Path(folder) / "requirements.txt").exists():
        yield _say("Installing dependencies in virtual environment...\n")
        command = [toolchain.python(), "-m", "pip", "install", "--disable-pip-version-check", "-r", "requirements.txt"]
        yield from _step(command, "installing dependencies", folder, toolchain, children, register)
    yield _say("Finished installing dependencies\n\n")


class Registration:
    """Lets the caller end the step that is running."""

    def __init__(self) -> None:
        self._current: Child | None = None
        self._ended = False

    def __call__(self, child: Child) -> None:
        """Remember the step that has just started."""
        self._current = child
        if self._ended:
            child.end()

    def end(self) -> None:
        """End it, and every one after it."""
        self._ended = True
        if self._current is not None:
            self._current.end()


def _say(text: str) -> tuple[Stream, bytes]:
    return Stream.OUT, text.encode()


def _step(
    command: list[str], purpose: str, folder: str, toolchain: Toolchain, children: Children, register: Registration
) -> Iterator[tuple[Stream, bytes]]:
    environment = toolchain.environment(os.environ)

    def start(sink: Sink) -> Child:
        return children.start(command, folder, environment, sink)

    last = b""
    for piece in children.stream(start, register):
        if isinstance(piece, tuple):
            if piece[0] is Stream.ERR:
                last = (last + piece[1])[-4000:]
            yield piece
        elif piece != 0:
            said = last.decode(errors="replace").strip()
            raise HostError(f"{purpose} via '{' '.join(command)}': exit status {piece}" + (f": {said}" if said else ""))
