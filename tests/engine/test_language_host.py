"""Parts of the language host that need no engine."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty

from engine.language_host import VERSION, install, link, packages
from engine.language_host.errors import HostError, NotSupportedError
from engine.language_host.packages import Package
from engine.language_host.process import SECONDS_FOR_PLUGIN, Child, Children, Stream
from engine.language_host.protos import language_pb2, language_pb2_grpc
from engine.language_host.toolchain import Toolchain
from tests.support.engine import ROOT


@pytest.mark.parametrize(
    ("python", "plugin"),
    [
        ("7.51.1", "7.51.1"),
        ("1", "1.0.0"),
        ("1.2", "1.2.0"),
        ("1.2.3.4", "1.2.3.4"),
        ("2.14.0a1605583329", "2.14.0-alpha.1605583329"),
        ("2.14.0b2", "2.14.0-beta.2"),
        ("2.14.0rc1", "2.14.0-rc.1"),
        ("1.2.3.post4", "1.2.3+post4"),
        ("1.2.3.dev5", "1.2.3+dev5"),
        ("1.2.3rc1.post4.dev5", "1.2.3-rc.1+post4dev5"),
        ("1!2.0", None),
        ("1.2.3+local", None),
        ("", None),
    ],
)
def test_python_versions_become_plugin_versions(python: str, plugin: str | None) -> None:
    assert packages.plugin_version(python) == plugin


def required(*found: Package) -> list[tuple[str, str, str]]:
    return [(dependency.name, dependency.version, dependency.server) for dependency in packages.required(list(found))]


@pytest.fixture
def downloads_allowed(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "PULUMI_DEBUG_PROVIDERS"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.usefixtures("downloads_allowed")
def test_plugins_are_named_by_what_the_package_says() -> None:
    assert required(Package("pulumi_aws", "7.51.1", {"resource": True, "name": "aws", "version": "7.51.1"})) == [("aws", "v7.51.1", "")]
    assert required(Package("other", "1.0", {"resource": True, "name": "o", "version": "v2.0.0", "server": "https://example.org"})) == [
        ("o", "v2.0.0", "https://example.org")
    ]
    assert required(Package("pulumi-random", "4.1", {"resource": True})) == [("random", "v4.1.0", "")]


@pytest.mark.usefixtures("downloads_allowed")
def test_packages_without_a_plugin_are_left_out() -> None:
    assert (
        required(
            Package("requests", "2.0.0"),
            Package("pulumi", "3.272.0"),
            Package("pulumi-policy", "1.21.0"),
            Package("pulumi_esc_sdk", "0.1.0"),
            Package("pulumi-std", "1.0.0", {"resource": False}),
            Package("pulumi-odd", "1!1.0"),
        )
        == []
    )


@pytest.mark.usefixtures("downloads_allowed")
def test_package_without_a_description_is_named_by_convention() -> None:
    assert required(Package("pulumi-tls", "5.0.0")) == [("tls", "v5.0.0", "")]


@pytest.mark.usefixtures("downloads_allowed")
def test_parameterization_is_passed_on() -> None:
    described = {
        "resource": True,
        "name": "terraform-provider",
        "version": "0.8.1",
        "parameterization": {"name": "random", "version": "3.6.0", "value": "aGVsbG8="},
    }

    (dependency,) = packages.required([Package("pulumi_random", "3.6.0", described)])

    assert (dependency.parameterization.name, dependency.parameterization.version) == ("random", "3.6.0")
    assert dependency.parameterization.value == b"hello"


def test_plugins_nobody_may_fetch_are_left_out_unless_they_are_there(downloads_allowed: pytest.MonkeyPatch, tmp_path: Path) -> None:
    aws = Package("pulumi_aws", "7.51.1", {"resource": True, "name": "aws", "version": "7.51.1"})
    gcp = Package("pulumi_gcp", "10.2.0", {"resource": True, "name": "gcp", "version": "10.2.0"})
    downloads_allowed.setenv("PULUMI_HOME", str(tmp_path))

    downloads_allowed.setenv("PULUMI_DEBUG_PROVIDERS", "aws:1234")
    assert [name for name, _, _ in required(aws, gcp)] == ["gcp"]
    downloads_allowed.setenv("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
    assert required(aws, gcp) == []
    (tmp_path / "plugins" / "resource-gcp-v10.2.0").mkdir(parents=True)
    assert [name for name, _, _ in required(aws, gcp)] == ["gcp"]


def test_inventory_sees_installed_and_editable_packages(tmp_path: Path) -> None:
    site = tmp_path / "site"
    description = '{"resource": true, "name": "x", "version": "1.0.0"}'
    for name in ("pulumi-here", "my_there"):
        info = site / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (site / "pulumi_here").mkdir()
    (site / "pulumi_here" / "pulumi-plugin.json").write_text(description)
    (site / "my_there-1.0.dist-info" / "direct_url.json").write_text('{"url": "file:///x", "dir_info": {"editable": true}}')
    source = tmp_path / "source" / "my_there"
    source.mkdir(parents=True)
    (source / "pulumi-plugin.json").write_text(description)
    (source / "__init__.py").write_text("raise SystemExit('must not be imported')")

    script = (ROOT / "engine" / "language_host" / "inventory.py").read_text()
    path = os.pathsep.join(map(str, (site, source.parent)))
    answer = subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True)

    found = {entry["name"]: entry for entry in json.loads(answer.stdout)}
    assert found["pulumi-here"]["plugin"]["name"] == "x"
    assert found["my_there"]["plugin"]["name"] == "x"
    assert found["pulumi"]["plugin"] is None


def test_dependencies_are_those_that_nothing_else_needs() -> None:
    found = [Package("B_a.r", "2.0"), Package("app", "1.0", requires=("b-a-r>=1", "extra; extra == 'x'")), Package("extra", "3.0")]

    def named(*, transitive: bool) -> list[tuple[str, str]]:
        return [(entry.name, entry.version) for entry in packages.dependencies(found, transitive=transitive)]

    assert named(transitive=True) == [("app", "1.0"), ("b-a-r", "2.0"), ("extra", "3.0")]
    assert named(transitive=False) == [("app", "1.0"), ("extra", "3.0")]


def sdk(folder: Path, module: str) -> str:
    package = folder / "sdks" / module.removeprefix("pulumi_") / module
    package.mkdir(parents=True)
    (package / "pulumi-plugin.json").write_text("{}")
    return str(package.parent.relative_to(folder))


def linked(folder: Path, *paths: str) -> str:
    request = language_pb2.LinkRequest(packages=[language_pb2.LinkRequest.LinkDependency(path=path) for path in paths])
    return link.link(request, Toolchain(folder)).import_instructions


def test_link_keeps_everything_else_in_the_requirements(tmp_path: Path) -> None:
    path = sdk(tmp_path, "pulumi_greeter")
    file = tmp_path / "requirements.txt"
    file.write_bytes(b"# comment\r\npulumi>=3\r\n\r\nPulumi-Greeter==1.0  # old\r\n./other/greeter\r\n-r more.txt\r\n")

    instructions = linked(tmp_path, path)

    assert file.read_bytes() == b"# comment\r\npulumi>=3\r\n\r\n./other/greeter\r\n-r more.txt\r\nsdks/greeter\r\n"
    assert "import pulumi_greeter as greeter" in instructions


def test_link_twice_changes_nothing(tmp_path: Path) -> None:
    paths = [sdk(tmp_path, "pulumi_b"), sdk(tmp_path, "acme_a")]

    linked(tmp_path, *paths)
    first = (tmp_path / "requirements.txt").read_text()
    linked(tmp_path, *paths)

    assert (tmp_path / "requirements.txt").read_text() == first == "sdks/acme_a\nsdks/b\n"


def test_link_refuses_what_is_no_sdk(tmp_path: Path) -> None:
    (tmp_path / "sdks" / "x").mkdir(parents=True)

    with pytest.raises(HostError, match="is not a Python SDK"):
        linked(tmp_path, "sdks/x")


def test_plugin_with_pip_uses_venv_where_none_is_named(tmp_path: Path) -> None:
    assert Toolchain.of(str(tmp_path), str(tmp_path), {"toolchain": "pip"}, is_plugin=True).folder == tmp_path / "venv"
    assert Toolchain.of(str(tmp_path), str(tmp_path), {"toolchain": "pip"}).folder is None
    assert Toolchain.of(str(tmp_path), str(tmp_path), {}, is_plugin=True).folder is None


def test_python_is_looked_for_on_path_without_a_virtual_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PULUMI_PYTHON_CMD", raising=False)
    with pytest.raises(HostError, match="failed to locate any of"):
        Toolchain(tmp_path).python()

    for name in ("python", "python3", "python3.99"):
        (tmp_path / name).touch(mode=0o755)
    assert Toolchain(tmp_path).python() == str(tmp_path / "python3")
    monkeypatch.setenv("PULUMI_PYTHON_CMD", "python3.99")
    assert Toolchain(tmp_path).python() == str(tmp_path / "python3.99")


def test_lock_file_above_the_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / "poetry.lock").touch()
    (tmp_path / "program").mkdir()

    with pytest.raises(NotSupportedError, match=r"poetry\.lock makes this a poetry project"):
        Toolchain.of(str(tmp_path), str(tmp_path / "program"), {})
    Toolchain.of(str(tmp_path), str(tmp_path / "program"), {"toolchain": "pip"})


class Heard:
    """Collects what a child says."""

    def __init__(self) -> None:
        self.said = {Stream.OUT: b"", Stream.ERR: b""}

    def __call__(self, stream: Stream, data: bytes) -> None:
        self.said[stream] += data


def start(script: str, heard: Heard, patience: float = SECONDS_FOR_PLUGIN) -> Child:
    return Child([sys.executable, "-u", "-c", script], None, os.environ, heard, patience)


def test_child_is_heard_to_its_last_byte() -> None:
    heard = Heard()

    code = start("import sys; sys.stdout.write('o' * 300_000); sys.stderr.write('e'); sys.exit(7)", heard).wait()

    assert code == 7
    assert (len(heard.said[Stream.OUT]), heard.said[Stream.ERR]) == (300_000, b"e")


def test_child_that_is_ended_may_clean_up_but_says_nothing_more(tmp_path: Path) -> None:
    heard = Heard()
    child = start(f"import time\nprint('up')\ntry:\n  time.sleep(60)\nfinally:\n  open({str(tmp_path / 'clean')!r}, 'w')\n", heard, patience=30)
    wait_for(lambda: heard.said[Stream.OUT] == b"up\n")

    child.end()

    assert child.wait() == -signal.SIGINT
    assert child.was_ended
    assert heard.said[Stream.ERR] == b""
    assert (tmp_path / "clean").exists()


def test_child_that_does_not_listen_is_killed_with_its_children() -> None:
    heard = Heard()
    ignore = "import signal, time, os; signal.signal(signal.SIGINT, signal.SIG_IGN); print(os.getpid()); "
    script = f"{ignore}import subprocess, sys; subprocess.Popen([sys.executable, '-u', '-c', {ignore + 'time.sleep(60)'!r}]); time.sleep(60)"
    child = start(script, heard)
    wait_for(lambda: heard.said[Stream.OUT].count(b"\n") == 2)

    child.end()

    assert child.wait() == -signal.SIGKILL
    for pid in heard.said[Stream.OUT].split():
        wait_for(lambda pid=pid: has_ended(int(pid)))


def has_ended(pid: int) -> bool:
    try:
        return " Z " in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_end_of_the_host_ends_every_child_and_refuses_new_ones() -> None:
    children = Children()
    running = [children.start([sys.executable, "-c", "import time; time.sleep(60)"], None, os.environ, Heard()) for _ in range(3)]

    children.end_all(for_good=True)

    wait_for(lambda: all(child.has_ended for child in running))
    with pytest.raises(HostError, match="shutting down"):
        children.start([sys.executable], None, os.environ, Heard())


def test_command_that_does_not_exist_is_an_error_to_read() -> None:
    with pytest.raises(HostError, match="could not run language executor"):
        Children().start(["/nowhere/python"], None, os.environ, Heard())


def test_installation_stops_where_a_step_fails(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("./nowhere\n")

    steps = install.install(Toolchain(tmp_path, sys.prefix), str(tmp_path), Children(), install.Registration())

    assert next(steps) == (Stream.OUT, b"Installing dependencies...\n\n")
    with pytest.raises(HostError, match=r"installing dependencies via '.*pip install.*': exit status 1: .*nowhere"):
        list(steps)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Host:
    """The host as the engine starts it, from these sources."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "engine.language_host", "--use-executor", "/nowhere/pulumi-language-python-exec", *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.channel = grpc.insecure_channel(f"127.0.0.1:{int(self.process.stdout.readline())}")
        self.stub = language_pb2_grpc.LanguageRuntimeStub(self.channel)

    def interrupt(self) -> tuple[str, str]:
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=10)


def test_host_tells_its_port_and_version_and_ends_silently() -> None:
    host = Host("--logtostderr", "-v=9", "--tracing", "file:x", "127.0.0.1:1")

    assert host.stub.GetPluginInfo(Empty()).version == VERSION
    assert host.interrupt() == ("", "")
    assert host.process.returncode == 0


def test_host_asks_for_nothing_it_would_not_honour() -> None:
    host = Host()

    prompts = host.stub.RuntimeOptionsPrompts(language_pb2.RuntimeOptionsRequest(info=language_pb2.ProgramInfo())).prompts

    assert [(prompt.key, [choice.stringValue for choice in prompt.choices]) for prompt in prompts] == [
        ("toolchain", ["pip"]),
        ("virtualenv", ["venv"]),
    ]
    host.interrupt()


def test_generating_without_the_generator_says_what_is_missing() -> None:
    host = Host()

    with pytest.raises(grpc.RpcError) as refused:
        host.stub.GeneratePackage(language_pb2.GeneratePackageRequest())

    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "pulumi-python-codegen is missing" in refused.value.details()
    host.interrupt()


def test_interrupted_host_answers_for_the_plugin_it_runs(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import time\nprint(4711, flush=True)\ntime.sleep(60)\n")
    host = Host()
    info = language_pb2.ProgramInfo(root_directory=str(tmp_path), program_directory=str(tmp_path), entry_point=".")
    call = host.stub.RunPlugin(language_pb2.RunPluginRequest(pwd=str(tmp_path), info=info, kind="resource"))
    assert next(call).stdout.startswith(b"4711")

    threading.Timer(0.2, host.interrupt).start()

    assert list(call)[-1].exitcode == -signal.SIGINT
    host.process.wait(10)


def test_cancelled_call_ends_the_plugin(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)\n")
    host = Host()
    info = language_pb2.ProgramInfo(root_directory=str(tmp_path), program_directory=str(tmp_path), entry_point=".")
    call = host.stub.RunPlugin(language_pb2.RunPluginRequest(pwd=str(tmp_path), info=info, kind="resource"))
    pid = int(next(call).stdout)

    call.cancel()

    wait_for(lambda: has_ended(pid))
    host.interrupt()


def test_wheels_are_packed(tmp_path: Path) -> None:
    backend = """
import zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{directory}/{name}", "w") as wheel:
        wheel.writestr("tiny.py", "")
        wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n")
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    return name
"""
    source = tmp_path / "source"
    source.mkdir()
    (source / "backend.py").write_text(backend)
    (source / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n[project]\nname = 'tiny'\nversion = '1.0'\n"
    )
    host = Host()

    made = host.stub.Pack(language_pb2.PackRequest(package_directory=str(source), destination_directory=str(tmp_path)))

    assert made.artifact_path == str(tmp_path / "tiny-1.0-py3-none-any.whl")
    assert "tiny.py" in zipfile.ZipFile(made.artifact_path).namelist()
    host.interrupt()
