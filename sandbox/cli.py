"""The sandbox's command line: run it, look into it, change things behind Pulumi's back, and break things on purpose."""

import argparse
import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.faults import OPERATIONS
from sandbox.home import Home, Running, default_folder
from sandbox.store import Record, Store

if TYPE_CHECKING:
    from sandbox.kubernetes.control_plane import ControlPlane
    from sandbox.server import Server

_VERTEX_MODEL = "aiplatform.googleapis.com/Model"
_START_SECONDS = 20.0
_STOP_SECONDS = 10.0


class UsageError(Exception):
    """Something the user can put right."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.run is not _coverage:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    run: Callable[[Home, argparse.Namespace], int] = options.run
    try:
        return run(Home(options.home or default_folder()), options)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Clouds that run on your machine.")
    parser.add_argument(
        "--home", type=Path, help="folder of the database and the log (default: $MODELDEPLOY_SANDBOX_HOME or the user's state folder)"
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    for name, run, text in (("serve", _serve, "serve in the foreground"), ("start", _start, "start in the background")):
        command = commands.add_parser(name, help=text)
        command.add_argument("--port", type=int, default=0, help="port on the loopback interface (default: a free one)")
        command.add_argument(
            "--kubernetes", action="store_true", help="send Kubernetes objects to a real API server, which is built first (minutes) and run beside it"
        )
        command.set_defaults(run=run)
    for name, run, text in (
        ("stop", _stop, "stop the background sandbox"),
        ("reset", _reset, "forget every resource and fault"),
    ):
        commands.add_parser(name, help=text).set_defaults(run=run)
    status = commands.add_parser("status", help="say whether it runs, and where")
    status.add_argument("--json", action="store_true", help="as JSON")
    status.set_defaults(run=_status)
    listing = commands.add_parser("resources", help="list what exists")
    listing.add_argument("--json", action="store_true", help="as JSON, with inputs and outputs")
    listing.add_argument("--type", help="only this type token")
    listing.set_defaults(run=_resources)

    edit = commands.add_parser("edit", help="change a property behind Pulumi's back, to make drift")
    edit.add_argument("id", help="the resource's id")
    edit.add_argument("path", help="the property, such as tags.owner or containers.0.image")
    edit.add_argument("value", help="the new value as JSON; null removes the property")
    edit.set_defaults(run=_edit)
    remove = commands.add_parser("remove", help="delete a resource behind Pulumi's back, to make drift")
    remove.add_argument("id", help="the resource's id")
    remove.set_defaults(run=_remove)

    fault = commands.add_parser("fault", help="break or slow operations").add_subparsers(required=True, metavar="action")
    put = fault.add_parser("set", help="add a fault or a latency")
    put.add_argument("type", help="type token; * and ? match anything")
    put.add_argument("operation", choices=(*OPERATIONS, "*"))
    put.add_argument("--message", help="fail with this message")
    put.add_argument("--delay", type=float, default=0.0, help="wait this many seconds first")
    put.add_argument("--skip", type=int, default=0, help="let this many operations pass first")
    put.add_argument("--times", type=int, default=-1, help="act this many times (default: always)")
    put.add_argument("--after", action="store_true", help="fail after the operation has taken effect")
    put.set_defaults(run=_fault_set)
    fault.add_parser("clear", help="remove all faults").set_defaults(run=_fault_clear)
    fault.add_parser("list", help="list the faults").set_defaults(run=_fault_list)

    coverage = commands.add_parser(
        "coverage", help="how much of each type is held against the vendor's own model; takes options of its own, see -h", add_help=False
    )
    coverage.set_defaults(run=_coverage)
    return parser


def _serve(home: Home, options: argparse.Namespace) -> int:
    from sandbox.server import PortTakenError, Server

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    _refuse_second(home)
    store = Store(home.database)
    with _control_plane() if options.kubernetes else nullcontext() as plane:
        try:
            server = Server(store, home.vertex_database, options.port, plane.client if plane else None)
        except PortTakenError as error:
            raise UsageError(str(error)) from None
        return _serve_until_stopped(home, store, server, {"MODELDEPLOY_SANDBOX_KUBECONFIG": str(plane.kubeconfig)} if plane else {})


def _control_plane() -> AbstractContextManager["ControlPlane"]:
    from sandbox.kubernetes.control_plane import running_control_plane

    return running_control_plane()


def _serve_until_stopped(home: Home, store: Store, server: "Server", also: dict[str, str]) -> int:
    from sandbox.server import warm_up

    server.start()
    running = Running(pid=os.getpid(), port=server.port, environment={**server.environment, **also})
    home.note(running)
    print(f"sandbox listening on 127.0.0.1:{server.port}\n{running.exports()}", flush=True)

    def end(number: int, frame: Any) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        warm_up()
        server.wait()
    finally:
        server.stop()
        store.close()
        home.forget()
    return 0


def _refuse_second(home: Home) -> None:
    running = home.running()
    if running is not None and running.pid != os.getpid():
        raise UsageError(
            f"a sandbox already runs here on port {running.port} (process {running.pid}): use it, stop it with `python -m sandbox stop`, "
            "or give another --home"
        )


def _start(home: Home, options: argparse.Namespace) -> int:
    running = home.running()
    if running is not None:
        if options.port not in (0, running.port):
            _refuse_second(home)
        print(f"the sandbox already runs on port {running.port}\n{running.exports()}")
        return 0
    if options.kubernetes:
        _build_control_plane()
    with home.log.open("ab") as log:
        command = [sys.executable, "-m", "sandbox", "--home", str(home.folder.resolve()), "serve", "--port", str(options.port)]
        command += ["--kubernetes"] if options.kubernetes else []
        root = Path(__file__).resolve().parent.parent
        start = home.log.stat().st_size
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=root)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        running = home.running()
        if running is not None and running.pid == process.pid:
            print(f"sandbox started on port {running.port}\n{running.exports()}")
            return 0
        if process.poll() is not None:
            said = home.log.read_bytes()[start:].decode(errors="replace").strip()
            raise UsageError(said.removeprefix("error: ") or f"the sandbox ended with code {process.returncode}; its log is {home.log}")
        time.sleep(0.05)
    process.terminate()
    raise UsageError(f"the sandbox did not start within {_START_SECONDS:.0f} seconds; its log is {home.log}")


def _build_control_plane() -> None:
    """Here, where the user sees how far it is."""
    from engine.control_plane import build
    from engine.errors import EngineError

    try:
        build.ensure()
    except EngineError as error:
        raise UsageError(str(error)) from None


def _stop(home: Home, options: argparse.Namespace) -> int:
    running = home.running()
    if running is None:
        print("no sandbox runs")
        return 0
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while running.alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    if running.alive():
        os.kill(running.pid, signal.SIGKILL)
    home.forget()
    print("sandbox stopped")
    return 0


def _status(home: Home, options: argparse.Namespace) -> int:
    running = home.running()
    count = len(_store(home).all()) + len(_vertex_models(home))
    if options.json:
        known = {"port": running.port, "environment": running.environment} if running else {}
        print(json.dumps({"running": running is not None, "resources": count, **known}))
    elif running is None:
        print(f"no sandbox runs; its database holds {count} resources")
    else:
        print(f"running on port {running.port} (process {running.pid}); it holds {count} resources")
        print(running.exports())
    return 0 if running is not None else 3


def _reset(home: Home, options: argparse.Namespace) -> int:
    _store(home).reset()
    if home.vertex_database.exists():
        with closing(sqlite3.connect(home.vertex_database, timeout=30)) as database, database:
            database.execute("DELETE FROM documents")
    print("the sandbox is empty")
    return 0


def _resources(home: Home, options: argparse.Namespace) -> int:
    records = [record for record in _store(home).all() if options.type in (None, record.token)]
    models = _vertex_models(home) if options.type in (None, _VERTEX_MODEL) else []
    if options.json:
        described = [_describe(record) for record in records] + [{"type": _VERTEX_MODEL, "id": model} for model in models]
        print(json.dumps(described, indent=2))
        return 0
    for record in records:
        print(f"{record.token}  {record.id}{'' if record.acknowledged else '  (not yet seen in any state)'}")
    for model in models:
        print(f"{_VERTEX_MODEL}  {model}")
    print(f"{len(records) + len(models)} resources")
    return 0


def _vertex_models(home: Home) -> list[str]:
    """The models in Vertex AI's registry, which are not the work of one of the four providers."""
    from sandbox.vertex import VertexApi

    if not home.vertex_database.exists():
        return []
    with closing(VertexApi(home.vertex_database)) as api:
        return api.models()


def _describe(record: Record) -> dict[str, Any]:
    from sandbox.wire import to_plain

    return {
        "type": record.token,
        "id": record.id,
        "urn": record.urn,
        "realm": record.realm,
        "acknowledged": record.acknowledged,
        "inputs": to_plain(record.inputs),
        "outputs": to_plain(record.outputs),
    }


def _edit(home: Home, options: argparse.Namespace) -> int:
    from sandbox.drift import edit

    store = _store(home)
    record = _the_one(store, options.id)
    try:
        value = json.loads(options.value)
    except json.JSONDecodeError:
        raise UsageError(f"the value {options.value} is not JSON: write text in double quotes") from None
    edit(store, record, options.path.split("."), value)
    print(f"changed {options.path} of {record.label}")
    return 0


def _remove(home: Home, options: argparse.Namespace) -> int:
    store = _store(home)
    record = _the_one(store, options.id)
    store.delete(record)
    print(f"removed {record.label}")
    return 0


def _the_one(store: Store, resource_id: str) -> Record:
    found = [record for record in store.all() if resource_id in (record.id, f"{record.token}::{record.id}")]
    if not found:
        raise UsageError(f"nothing in the sandbox has the id '{resource_id}' (`python -m sandbox resources` lists what exists)")
    if len(found) > 1:
        names = ", ".join(f"{record.token}::{record.id}" for record in found)
        raise UsageError(f"several resources have the id '{resource_id}': name one of {names}")
    return found[0]


def _fault_set(home: Home, options: argparse.Namespace) -> int:
    if options.message is None and options.delay <= 0:
        raise UsageError("give --message to fail, --delay to wait, or both")
    _store(home).add_fault(
        options.type, options.operation, after=options.after, skip=options.skip, times=options.times, delay=options.delay, message=options.message
    )
    print("fault set")
    return 0


def _fault_clear(home: Home, options: argparse.Namespace) -> int:
    _store(home).clear_faults()
    print("faults cleared")
    return 0


def _fault_list(home: Home, options: argparse.Namespace) -> int:
    for fault in _store(home).faults():
        effect = f"fails with {fault['message']!r}" if fault["message"] is not None else "succeeds"
        when = " after the operation" if fault["after"] else ""
        times = "always" if fault["times"] < 0 else f"{fault['times']} times"
        print(f"{fault['token']} {fault['operation']}: waits {fault['delay']} s, {effect}{when}; skips {fault['skip']}, then {times}")
    return 0


def _coverage(home: Home, options: argparse.Namespace) -> int:
    try:
        module = import_module("sandbox.models.coverage")
    except ImportError as error:
        raise UsageError(f"the coverage report needs the vendors' models: {error}") from None
    run: Callable[[list[str]], int | None] = module.main
    return run(list(options.rest)) or 0


def _store(home: Home) -> Store:
    return Store(home.database)
