"""Runs a Pulumi program: the script `pulumi-language-python-exec` of Pulumi's SDK does it, in the program's own Python."""

import json
import os
import signal
import sys
import threading

from .errors import NotSupportedError
from .process import SECONDS_FOR_PROGRAM, Child, Children, Stream
from .protos import language_pb2
from .toolchain import Toolchain

# The script exits with this when the user has read all there is to say.
_ALREADY_SHOWN = 32

_output = threading.Lock()


def run(request: language_pb2.RunRequest, toolchain: Toolchain, executor: str, engine: str, tracing: str, children: Children) -> Child:
    """Start the program."""
    if request.attach_debugger:
        raise NotSupportedError(
            "attaching a debugger is not supported by the language host that modeldeploy builds; the official Pulumi CLI can do it."
        )
    environment = toolchain.environment(os.environ)
    environment["PULUMI_CONFIG"] = json.dumps(dict(request.config))
    environment["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(list(request.configSecretKeys))
    command = [toolchain.python(), executor, *_arguments(request, engine, tracing), request.info.entry_point or ".", *request.args]
    return children.start(command, None, environment, pass_on, SECONDS_FOR_PROGRAM)


def _arguments(request: language_pb2.RunRequest, engine: str, tracing: str) -> list[str]:
    values = {
        "monitor": request.monitor_address,
        "engine": engine,
        "project": request.project,
        "root_directory": request.info.root_directory,
        "stack": request.stack,
        "pwd": request.pwd,
        "dry_run": "true" if request.dryRun else "false",
        "parallel": str(request.parallel),
        "tracing": tracing,
        "organization": request.organization,
    }
    return [part for name, value in values.items() if value for part in (f"--{name}", value)]


def pass_on(stream: Stream, data: bytes) -> None:
    """To the engine, which reads the host's own output line by line and shows it."""
    target = sys.stdout.buffer if stream is Stream.OUT else sys.stderr.buffer
    with _output:
        target.write(data)
        target.flush()


def response(child: Child) -> language_pb2.RunResponse:
    """What to tell the engine once the program has ended."""
    code = child.wait()
    if code == _ALREADY_SHOWN or child.was_ended:
        return language_pb2.RunResponse(bail=True)
    if code == 0:
        return language_pb2.RunResponse()
    if code < 0:
        return language_pb2.RunResponse(error=f"program exited unexpectedly: {_signal(-code)}")
    return language_pb2.RunResponse(error=f"program exited with non-zero exit code: {code}")


def _signal(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"ended by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
