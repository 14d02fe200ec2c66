"""Runs the real Pulumi CLI in a temporary project.

    def test_it(project: ProjectFactory) -> None:
        made = project({"__main__.py": "import pulumi; pulumi.export('answer', 42)"})
        made.up()
        assert made.outputs() == {"answer": 42}

Nothing reaches the user's own Pulumi: home, backend and passphrase belong to the test, and no cloud's credentials get in.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self

ROOT = Path(__file__).resolve().parents[2]

#: Names that would let a test reach an account, or change what the CLI does.
_NOT_INHERITED = ("PULUMI_", "AWS_", "AZURE_", "ARM_", "GOOGLE_", "CLOUDSDK_", "KUBECONFIG", "VIRTUAL_ENV", "PYTHON")


def locate_engine() -> Path | None:
    """The folder that goes in front of PATH; None for an installed CLI, which is on PATH already."""
    done = subprocess.run([sys.executable, "-m", "engine", "locate"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return Path(done.stdout.strip()) if done.stdout.strip() else None


def pulumi_environment(folder: Path, engine_bin: Path | None, debug_providers: Mapping[str, int] | None = None) -> dict[str, str]:
    """The environment of a CLI that keeps everything in `folder` and attaches to providers that are already running."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
    for name in ("home", "state"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    environment |= {
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "NO_COLOR": "1",
    }
    if engine_bin is not None:
        environment["PATH"] = os.pathsep.join([str(engine_bin), environment.get("PATH", os.defpath)])
    if debug_providers:
        environment["PULUMI_DEBUG_PROVIDERS"] = ",".join(f"{name}:{port}" for name, port in debug_providers.items())
    return environment


@dataclass(frozen=True)
class Completed:
    """How a command ended."""

    command: str
    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Everything the user saw."""
        return f"{self.stdout}\n{self.stderr}"

    def ok(self) -> Self:
        """Fail the test, with all of the output, unless the command succeeded."""
        assert self.exit_code == 0, f"`{self.command}` ended with code {self.exit_code}\n{self.output}"
        return self

    def failed(self) -> Self:
        """Fail the test, with all of the output, unless the command failed."""
        assert self.exit_code != 0, f"`{self.command}` succeeded\n{self.output}"
        return self


class Running:
    """A command that has been started and is watched."""

    def __init__(self, command: Sequence[str], directory: Path, environment: Mapping[str, str], stdin: str | None) -> None:
        self._command = " ".join(command)
        self.process = subprocess.Popen(
            command,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # so that all of it can be killed, and a test's own interrupt stays with the test
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._said: dict[str, list[bytes]] = {"out": [], "err": []}
        self._readers = [self._read(self.process.stdout, "out"), self._read(self.process.stderr, "err")]
        if stdin is not None:
            assert self.process.stdin is not None
            self.process.stdin.write(stdin.encode())
            self.process.stdin.close()

    def _read(self, pipe: IO[bytes], name: str) -> threading.Thread:
        def pump() -> None:
            while data := os.read(pipe.fileno(), 65536):
                self._said[name].append(data)

        thread = threading.Thread(target=pump, daemon=True)
        thread.start()
        return thread

    def _text(self, name: str) -> str:
        return b"".join(self._said[name]).decode(errors="replace")

    @property
    def output(self) -> str:
        """What it has said so far."""
        return f"{self._text('out')}\n{self._text('err')}"

    def wait_for(self, condition: str | Callable[[], bool], timeout: float = 60) -> None:
        """Until it has said something, or until something is so."""
        deadline = time.monotonic() + timeout
        while not (condition in self.output if isinstance(condition, str) else condition()):
            ended = self.process.poll() is not None
            if time.monotonic() > deadline or ended:
                self.kill()
                reason = f"ended with code {self.process.returncode}" if ended else f"took longer than {timeout} s"
                raise AssertionError(f"`{self._command}` {reason} before {condition!r}:\n{self.output}")
            time.sleep(0.05)

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """End it without asking."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def finish(self, timeout: float = 300) -> Completed:
        """Wait for its end; a test that hangs fails with what was said until then."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"`{self._command}` took longer than {timeout} s:\n{self.output}") from None
        for reader in self._readers:
            reader.join(2)
        return Completed(self._command, self.process.returncode, self._text("out"), self._text("err"))


@dataclass
class Project:
    """A folder with a Pulumi.yaml, or the one at the root of this checkout, and one stack of it."""

    directory: Path
    environment: dict[str, str]
    stack: str = "dev"
    #: Used by up, preview and destroy unless they are given another.
    policy_pack: Path | None = None
    #: Interrupted tests leave nothing behind.
    started: list[Running] = field(default_factory=list[Running])

    def write(self, files: Mapping[str, str]) -> None:
        """Write files of the project; folders are made as needed."""
        for name, text in files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def start(self, *arguments: str, input: str | None = None, environment: Mapping[str, str] | None = None) -> Running:
        """Start `pulumi` with these arguments and come back at once."""
        command = ["pulumi", "--non-interactive", "--color", "never", *arguments]
        running = Running(command, self.directory, {**self.environment, **(environment or {})}, input)
        self.started.append(running)
        return running

    def run(self, *arguments: str, input: str | None = None, timeout: float = 300, environment: Mapping[str, str] | None = None) -> Completed:
        """Run `pulumi` with these arguments, whatever comes of it."""
        return self.start(*arguments, input=input, environment=environment).finish(timeout)

    def init(self) -> Self:
        """Create the stack and select it."""
        self.run("stack", "init", self.stack).ok()
        return self

    def configure(self, values: Mapping[str, str], *, secret: bool = False) -> Self:
        """Set configuration of the stack."""
        for key, value in values.items():
            self.run("config", "set", "--stack", self.stack, *(["--secret"] if secret else []), key, "--", value).ok()
        return self

    def up(self, *arguments: str, policy_pack: Path | None = None, check: bool = True, timeout: float = 300) -> Completed:
        """`pulumi up`, without a preview before it."""
        return self._update("up", ["--yes", "--skip-preview", *arguments], policy_pack, check, timeout)

    def preview(self, *arguments: str, policy_pack: Path | None = None, check: bool = True, timeout: float = 300) -> Completed:
        """`pulumi preview`."""
        return self._update("preview", list(arguments), policy_pack, check, timeout)

    def refresh(self, *arguments: str, check: bool = True, timeout: float = 300) -> Completed:
        """`pulumi refresh`."""
        return self._update("refresh", ["--yes", "--skip-preview", *arguments], None, check, timeout)

    def destroy(self, *arguments: str, check: bool = True, timeout: float = 300) -> Completed:
        """`pulumi destroy`."""
        return self._update("destroy", ["--yes", "--skip-preview", *arguments], None, check, timeout)

    def _update(self, command: str, arguments: list[str], policy_pack: Path | None, check: bool, timeout: float) -> Completed:
        pack = policy_pack or (self.policy_pack if command in {"up", "preview"} else None)
        if pack is not None:
            arguments = ["--policy-pack", str(pack), *arguments]
        done = self.run(command, "--stack", self.stack, *arguments, timeout=timeout)
        return done.ok() if check else done

    def outputs(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """The outputs of the stack."""
        shown = ["--show-secrets"] if show_secrets else []
        return json.loads(self.run("stack", "output", "--json", "--stack", self.stack, *shown).ok().stdout)

    def stack_export(self) -> dict[str, Any]:
        """The whole state."""
        return json.loads(self.run("stack", "export", "--stack", self.stack).ok().stdout)

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the state, the stack itself and providers included."""
        return self.stack_export()["deployment"].get("resources") or []


def project_file(name: str = "test", extra: str = "", virtualenv: str = sys.prefix) -> str:
    """A Pulumi.yaml for a program that runs with the Python that runs the tests."""
    return f"name: {name}\nruntime:\n  name: python\n  options:\n    toolchain: pip\n    virtualenv: {virtualenv}\n{extra}"


def virtual_environment(folder: Path) -> Path:
    """A virtual environment that sees the packages of the tests, so nothing is downloaded, and can be changed without harm.

    Packages installed with `pip install -e` are not seen: their own .pth files are not read there.
    """
    venv.create(folder, with_pip=False)
    (site,) = (folder / "lib").glob("python*/site-packages")
    (site / "tests.pth").write_text(f"{Path(sys.prefix) / site.relative_to(folder)}\n")
    return folder


class ProjectFactory:
    """Makes projects for one test; the fixture `project`."""

    def __init__(self, folder: Path, engine_bin: Path | None, virtualenv: str = sys.prefix) -> None:
        self.folder = folder
        self.engine_bin = engine_bin
        self.virtualenv = virtualenv
        self.made: list[Project] = []

    def __call__(
        self,
        files: Mapping[str, str] | None = None,
        *,
        name: str = "test",
        stack: str = "dev",
        directory: Path | None = None,
        debug_providers: Mapping[str, int] | None = None,
        policy_pack: Path | None = None,
        environment: Mapping[str, str] | None = None,
        init: bool = True,
    ) -> Project:
        """A project with these files, and its stack; Pulumi.yaml is added unless it is one of them.

        With `directory`, the project that is there; its files are left as they are.
        """
        own = Path(tempfile.mkdtemp(prefix="project-", dir=self.folder))
        made = Project(
            directory or own / "program",
            {**pulumi_environment(own, self.engine_bin, debug_providers), **(environment or {})},
            stack,
            policy_pack,
        )
        if directory is None:
            made.write({"Pulumi.yaml": project_file(name, virtualenv=self.virtualenv), **(files or {})})
        self.made.append(made)
        return made.init() if init else made

    def close(self) -> None:
        """Kill what is still running."""
        for project in self.made:
            for running in project.started:
                running.kill()
