"""A Python whose programs begin with the clouds' SDKs loaded, so that tests of the engine do not spend most of their time importing them.

A server loads the SDKs once and forks for each program. `bin/python` in a folder that looks like a virtual environment is a small script that hands
its arguments, environment, folder and streams to the server, and ends as the fork ends. Only what pip installed is loaded beforehand: the program
and the components are imported by the fork, as ever. Whatever is not "run this script" goes to the real Python.

One thing differs from the SDK as it is: at a program's end it waits for its outputs all at once, and not for each of them by itself (`_Patient`).
"""

import asyncio
import importlib
import json
import os
import random
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "MODELDEPLOY_WARM_PYTHON"
"""Environment variable with the address of the server, for the server itself."""

_SHIM = """#!{python} -IS
import array, json, os, signal, socket, sys

arguments = sys.argv[1:]
if not arguments or arguments[0].startswith("-"):
    os.execv({python!r}, [{python!r}, *arguments])
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
request = json.dumps({{"arguments": arguments, "environment": dict(os.environ), "folder": os.getcwd()}}).encode()
socket.send_fds(server, [len(request).to_bytes(8, "big")], [0, 1, 2])
server.sendall(request)
program = int.from_bytes(server.recv(8), "big")
for each in (signal.SIGINT, signal.SIGTERM):
    signal.signal(each, lambda number, frame: os.kill(program, number))
status = os.waitstatus_to_exitcode(int.from_bytes(server.recv(8), "big"))
if status < 0:
    signal.signal(-status, signal.SIG_DFL) if -status != signal.SIGKILL else None
    os.kill(os.getpid(), -status)
os._exit(status)
"""


@contextmanager
def warm_python(folder: Path, modules: list[str]) -> Generator[Path]:
    """A folder that can be named as a program's `virtualenv`; its programs begin with what importing `modules` loads from site-packages."""
    address = str(folder / "socket")
    (folder / "bin").mkdir(parents=True)
    shim = folder / "bin" / "python"
    shim.write_text(_SHIM.format(python=sys.executable, address=address))
    shim.chmod(0o755)
    for name in ("lib", "pyvenv.cfg"):
        (folder / name).symlink_to(Path(sys.prefix) / name)
    command = [sys.executable, "-m", "tests.support.warm_python", *modules]
    server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, ADDRESS: address}, start_new_session=True)
    try:
        while not Path(address).exists():
            if server.poll() is not None:
                raise RuntimeError("the server of the warm Python did not start; its output is above")
            time.sleep(0.05)
        yield folder
    finally:
        server.terminate()
        server.wait(10)


def main(modules: list[str]) -> int:
    """Serves until it is terminated; in a fork, the exit code of its program."""
    _load(modules)
    address = os.environ.pop(ADDRESS)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{address}.new")
    listener.listen(16)
    # A child's end wakes the loop up.
    awake, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno())
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    os.rename(f"{address}.new", address)
    running: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(awake, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is awake:
                    awake.recv(64)
                    _report(running, selector)
                elif key.fileobj is listener:
                    caller, _ = listener.accept()
                    request, streams = _receive(caller)
                    program = os.fork()
                    if program == 0:
                        for each in (listener, awake, wake, caller, *running.values()):
                            each.close()
                        return _run(request, streams)
                    for stream in streams:
                        os.close(stream)
                    caller.sendall(program.to_bytes(8, "big"))
                    running[program] = caller
                    selector.register(caller, selectors.EVENT_READ, program)
                elif isinstance(key.data, int):
                    # Whoever called is gone: so is the program.
                    os.kill(key.data, signal.SIGKILL)
                    selector.unregister(key.fileobj)


class _Patient:
    """asyncio, as `pulumi.runtime.stack` sees it.

    The SDK (3.272) waits until one output is there, then for the rest until one is there, and so on; each time it lays a hand on all of them, which
    for a thousand outputs takes a third of the program's time. It ends when all are there, or at the first that fails: so does this.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    @staticmethod
    async def wait(tasks: Iterable["asyncio.Task[Any]"], *, return_when: str) -> tuple[set[Any], set[Any]]:
        assert return_when == asyncio.FIRST_COMPLETED, "the SDK waits in another way now; look whether this is still needed"
        return await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)


def _load(modules: list[str]) -> None:
    """Imports what the modules need, and forgets those of this repository again."""
    for module in modules:
        # One that cannot be imported fails the tests of what it is in, with its own message.
        with suppress(Exception):
            importlib.import_module(module)
    if "pulumi.runtime.stack" in sys.modules:
        setattr(sys.modules["pulumi.runtime.stack"], "asyncio", _Patient())  # noqa: B010 the type checker knows no other asyncio
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if name != "__main__" and path is not None and "site-packages" not in path and Path(path).is_relative_to(ROOT):
            del sys.modules[name]


def _receive(caller: socket.socket) -> tuple[dict[str, Any], list[int]]:
    length, streams, _, _ = socket.recv_fds(caller, 8, 3)
    left = int.from_bytes(length, "big")
    parts: list[bytes] = []
    while left:
        parts.append(caller.recv(left))
        left -= len(parts[-1])
    return json.loads(b"".join(parts)), streams


def _report(running: dict[int, socket.socket], selector: selectors.BaseSelector) -> None:
    """Tells those who wait for programs that have ended how they did."""
    while True:
        try:
            program, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if program == 0:
            return
        caller = running.pop(program)
        if caller in selector.get_map():
            selector.unregister(caller)
            with suppress(OSError):  # it may have gone at the same moment
                caller.sendall(status.to_bytes(8, "big"))
        caller.close()


def _run(request: dict[str, Any], streams: list[int]) -> int:
    """Becomes the program."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    random.seed()
    sys.argv = request["arguments"]
    script = sys.argv[0]
    searched = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[0:1] = [str(Path(script).resolve().parent), *(each for each in searched if each)]
    runpy.run_path(script, run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
