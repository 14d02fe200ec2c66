import json
import os
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.cli import main
from sandbox.home import Home
from sandbox.store import Store
from tests.sandbox.cloud import Cloud


class Cli:
    """Runs commands in a folder of their own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *arguments: str, code: int = 0) -> str:
        got = main(["--home", str(self.folder), *arguments])
        said = self._capsys.readouterr()
        assert got == code, said.out + said.err
        return said.out + said.err


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Cli]:
    made = Cli(tmp_path / "home", capsys)
    yield made
    main(["--home", str(made.folder), "stop"])


def test_start_status_and_stop(cli: Cli) -> None:
    started = time.monotonic()
    said = cli("start")
    assert time.monotonic() - started < 3
    status = json.loads(cli("status", "--json"))
    assert f"port {status['port']}" in said
    assert status["environment"]["PULUMI_DEBUG_PROVIDERS"] == ",".join(
        f"{package}:{status['port']}" for package in ("aws", "azure-native", "gcp", "kubernetes")
    )
    assert "already runs on port" in cli("start")
    assert "sandbox stopped" in cli("stop")
    assert "no sandbox runs" in cli("status", code=3)


def test_a_taken_port_is_named(cli: Cli) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for command in ("start", "serve"):
            assert f"error: port {port} is taken: stop what listens there" in cli(command, "--port", str(port), code=1)


def test_a_killed_sandbox_is_not_taken_for_a_running_one(cli: Cli) -> None:
    cli("start")
    running = Home(cli.folder).running()
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while running.alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert "no sandbox runs" in cli("status", code=3)
    assert "sandbox started" in cli("start")


def test_resources_edit_remove_and_reset(cli: Cli) -> None:
    cloud = Cloud(Home(cli.folder).database)
    cloud.create("aws:s3/bucket:Bucket", "models", bucket="models", tags={"owner": "me"})
    assert "aws:s3/bucket:Bucket  models\n1 resources" in cli("resources")
    cli("edit", "models", "tags.owner", '"somebody"')
    assert json.loads(cli("resources", "--json"))[0]["outputs"]["tags"] == {"owner": "somebody"}
    assert "nothing in the sandbox has the id 'other'" in cli("edit", "other", "tags", "null", code=1)
    assert "is not JSON" in cli("edit", "models", "tags.owner", "me", code=1)
    cli("remove", "models")
    assert "0 resources" in cli("resources")
    cloud.create("aws:s3/bucket:Bucket", "models", bucket="models")
    cli("reset")
    assert "0 resources" in cli("resources")


def test_faults(cli: Cli) -> None:
    assert "give --message to fail" in cli("fault", "set", "aws:*", "create", code=1)
    cli("fault", "set", "aws:sagemaker/*", "create", "--message", "throttled", "--skip", "2", "--times", "1", "--delay", "0.5")
    assert "aws:sagemaker/* create: waits 0.5 s, fails with 'throttled'; skips 2, then 1 times" in cli("fault", "list")
    cli("fault", "clear")
    assert cli("fault", "list") == ""


def test_what_was_made_outlives_the_process(cli: Cli) -> None:
    store = Store(Home(cli.folder).database)
    Cloud(Home(cli.folder).database).create("aws:s3/bucket:Bucket", "models", bucket="models")
    assert [record.id for record in store.all()] == ["models"]
    with sqlite3.connect(Home(cli.folder).database) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
