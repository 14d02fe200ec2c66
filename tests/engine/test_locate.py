"""An installed CLI is used and left alone; without one it is built, once, or the user reads what is missing."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine import language_host
from engine.versions import BUILT, OLDEST_GO, Version
from tests.support.engine import ROOT

# What a real `go` is asked for, in a second: it "builds" a CLI that tells its version.
GO = """#!/bin/sh
case "$1 $2" in
"env GOVERSION") echo {version} ;;
"env GOTOOLCHAIN") echo {toolchain} ;;
"list "*) echo {sdk} ;;
"build "*)
    echo "go: downloading example.org/a v1.0.0" >&2
    echo built >>{log}
    while [ "$1" != -o ]; do shift; done
    {work}
    printf '#!/bin/sh\\necho v{built}\\n' >"$2/pulumi" && chmod +x "$2/pulumi"
    echo generator >"$2/codegen"
    ;;
*) echo "unexpected: $*" >&2; exit 9 ;;
esac
"""

# As `python3 -m engine`, but the language host costs no installation.
RUN = """
import sys
from pathlib import Path
from engine import build, __main__ as command

def install():
    python = build._host_python(build._host_folder())
    python.parent.mkdir(parents=True, exist_ok=True)
    python.touch()

build._ensure_host = install
sys.exit(command.main(sys.argv[1:]))
"""


@dataclass
class Machine:
    """What is on PATH of a computer, and its cache."""

    folder: Path
    #: What else is set in its environment.
    environment: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        self.bin = self.folder / "bin"
        self.cache = self.folder / "cache"
        self.log = self.folder / "builds"
        self.bin.mkdir()
        # Not /usr/bin itself: a real Go or Pulumi may be in it.
        for name in ("sh", "cat", "chmod", "sleep", "printf", "echo"):
            self.bin.joinpath(name).symlink_to(f"/bin/{name}")

    def script(self, name: str, text: str, folder: Path | None = None) -> Path:
        path = (folder or self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def install_pulumi(self, version: str, *, host: bool = True, folder: Path | None = None) -> None:
        self.script("pulumi", f"echo {version}", folder)
        if host:
            self.script("pulumi-language-python", "exit 1", folder)

    def install_go(self, version: str = "go1.26.8", toolchain: str = "local", work: str = ":") -> None:
        sdk = self.folder / "sdk"
        for script in ("cmd/pulumi-language-python-exec", "dist/pulumi-resource-pulumi-python"):
            self.script(Path(script).name, "exit 0", sdk / "python" / Path(script).parent)
        self.script("go", GO.format(version=version, toolchain=toolchain, sdk=sdk, log=self.log, work=work, built=BUILT))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        environment = {"PATH": str(self.bin), "HOME": str(self.folder), "MODELDEPLOY_CACHE": str(self.cache), **self.environment}
        return subprocess.Popen(
            [sys.executable, "-c", RUN, *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> "Answer":
        process = self.start(*arguments)
        out, err = process.communicate(timeout=60)
        return Answer(process.returncode, out, err)

    @property
    def builds(self) -> int:
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("version", [f"v{BUILT}", "v3.300.1", "3.259.1"])
def test_installed_cli_is_used_and_nothing_is_put_in_front_of_it(machine: Machine, version: str) -> None:
    machine.install_pulumi(version)
    machine.install_go()

    for command in ("ensure", "locate", "env"):
        answer = machine.run(command)
        assert (answer.code, answer.out) == (0, ""), answer
    assert machine.builds == 0
    assert not machine.cache.exists()


def test_installed_cli_behind_a_symbolic_link_has_its_host_at_the_other_end(machine: Machine) -> None:
    machine.install_pulumi("v3.259.0", folder=machine.folder / "cellar")
    (machine.bin / "pulumi").symlink_to(machine.folder / "cellar" / "pulumi")

    assert machine.run("locate").out == ""
    assert machine.run("locate").code == 0


@pytest.mark.parametrize("version", ["v3.258.9", "v2.99.0", "v3.259.0-alpha.x1", "v4.0.0"])
def test_installed_cli_that_is_too_old_or_too_new_is_refused_with_both_versions(machine: Machine, version: str) -> None:
    machine.install_pulumi(version)
    machine.install_go()

    answer = machine.run()

    assert answer.code == 1
    assert answer.out == ""
    assert f"{machine.bin / 'pulumi'} is version {version.removeprefix('v').split('-')[0]}" in answer.err
    assert f"needs {BUILT} or newer, major version 3" in answer.err
    assert "https://www.pulumi.com/docs/install/" in answer.err
    assert "MODELDEPLOY_ENGINE=build make engine" in answer.err
    assert machine.builds == 0


def test_own_build_can_be_asked_for_beside_an_old_cli(machine: Machine) -> None:
    machine.install_pulumi("v3.1.0")
    machine.install_go()
    machine.environment["MODELDEPLOY_ENGINE"] = "build"

    answer = machine.run()

    assert answer.code == 0, answer.err
    assert Path(answer.out.strip(), "pulumi").exists()


def test_cli_without_a_python_host_is_left_alone_and_not_used(machine: Machine) -> None:
    machine.install_pulumi("v3.300.0", host=False)
    machine.install_go()

    answer = machine.run()

    assert answer.code == 0, answer.err
    assert "has no pulumi-language-python" in answer.err
    assert machine.builds == 1


@pytest.mark.parametrize("script", ["echo nonsense", "echo broken >&2; exit 2", "echo"])
def test_cli_that_does_not_tell_its_version_is_refused(machine: Machine, script: str) -> None:
    machine.install_pulumi("v3.300.0")
    machine.script("pulumi", script)

    answer = machine.run()

    assert answer.code == 1
    assert "does not tell its version" in answer.err
    assert "Traceback" not in answer.err


def test_without_cli_and_go_both_ways_out_are_named(machine: Machine) -> None:
    answer = machine.run()

    assert answer.code == 1
    assert "Neither the Pulumi CLI nor Go was found on PATH." in answer.err
    assert f"needs either the Pulumi CLI ({BUILT} or newer) on PATH, or Go {OLDEST_GO} or newer to build it" in answer.err
    assert "https://www.pulumi.com/docs/install/" in answer.err
    assert "https://go.dev/doc/install" in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(("version", "toolchain"), [("go1.24.1", "local"), ("go1.20.14", "")])
def test_go_that_is_too_old_is_named_with_its_version(machine: Machine, version: str, toolchain: str) -> None:
    machine.install_go(version, toolchain)

    answer = machine.run()

    assert answer.code == 1
    assert f"Go at {machine.bin / 'go'} is version {Version.parse(version)}, which is too old" in answer.err
    assert machine.builds == 0


def test_older_go_that_may_fetch_a_newer_one_is_used(machine: Machine) -> None:
    machine.install_go("go1.24.1", "auto")

    assert machine.run().code == 0


def test_build_lays_out_what_the_official_installer_does(machine: Machine) -> None:
    machine.install_go()

    answer = machine.run()

    assert answer.code == 0, answer.err
    folder = Path(answer.out.strip())
    assert sorted(path.name for path in folder.iterdir()) == [
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "pulumi-python-codegen",
        "pulumi-resource-pulumi-python",
    ]
    assert all(os.access(path, os.X_OK) for path in folder.iterdir() if path.name != "pulumi-python-codegen")
    assert not any(path.is_symlink() for path in folder.iterdir())
    assert "4 to 8 minutes" in answer.err
    assert "The engine is ready" in answer.err


def test_build_happens_once_and_its_own_folder_on_path_changes_nothing(machine: Machine) -> None:
    machine.install_go()
    first = machine.run()
    machine.environment["PATH"] = f"{first.out.strip()}:{machine.bin}"

    second = machine.run()
    located = machine.run("locate")

    assert machine.builds == 1
    assert first.out == second.out == located.out
    assert second.err == ""
    assert machine.run("env").out == f"export PATH={first.out.strip()}:$PATH\n"


def test_locate_builds_nothing(machine: Machine) -> None:
    machine.install_go()

    answer = machine.run("locate")

    assert answer.code == 3
    assert "Run `make engine`" in answer.err
    assert machine.builds == 0


def test_two_builds_at_once_are_one_build(machine: Machine) -> None:
    machine.install_go(work="sleep 2")

    first = machine.start()
    wait_for(lambda: machine.builds == 1)
    second = machine.start()
    answers = [process.communicate(timeout=60) for process in (first, second)]

    assert [first.returncode, second.returncode] == [0, 0], answers
    assert answers[0][0] == answers[1][0]
    assert machine.builds == 1
    assert f"Waiting: another process (process {first.pid}) is already busy building the engine." in answers[1][1]


def test_build_that_fails_shows_the_last_lines_and_leaves_nothing(machine: Machine) -> None:
    machine.install_go(work="echo 'no space left on device' >&2; exit 1")

    answer = machine.run()

    assert answer.code == 1
    assert "no space left on device" in answer.err
    assert "go env GOPROXY" in answer.err
    assert "Traceback" not in answer.err
    assert leftovers(machine) == []


def test_build_that_was_killed_is_cleaned_up_by_the_next(machine: Machine) -> None:
    machine.install_go(work="sleep 3")
    killed = machine.start()
    wait_for(lambda: machine.builds == 1)
    killed.kill()
    killed.communicate()
    assert leftovers(machine) != []
    machine.install_go()

    answer = machine.run()

    assert answer.code == 0, answer.err
    assert all(not name.startswith(".") for name in leftovers(machine))


def test_build_with_another_version_than_wanted_is_refused(machine: Machine) -> None:
    machine.install_go(work='printf \'#!/bin/sh\\necho v9.9.9\\n\' >"$2/pulumi"; chmod +x "$2/pulumi"; echo x >"$2/codegen"; exit 0')

    answer = machine.run()

    assert answer.code == 1
    assert "the version was not stamped" in answer.err
    assert leftovers(machine) == []


def leftovers(machine: Machine) -> list[str]:
    return sorted(path.name for path in (machine.cache / "engine").iterdir() if path.name != ".lock")


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_old_python_is_refused_in_one_sentence() -> None:
    text = (ROOT / "engine" / "__main__.py").read_text()

    assert text.index("sys.version_info < (3, 11)") < text.index("import argparse") < text.index("from . import")
    compile(text.split("import argparse")[0], "__main__.py", "exec")


def test_versions_agree_wherever_they_are_written() -> None:
    module = (ROOT / "engine" / "go.mod").read_text()

    assert f"\ngo {OLDEST_GO}\n" in module
    assert f"github.com/pulumi/pulumi/pkg/v3 v{BUILT}\n" in module
    assert f"github.com/pulumi/pulumi/sdk/v3 v{BUILT}" in module
    assert str(BUILT) == language_host.VERSION


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v3.259.0", Version(3, 259, 0)),
        ("3.259.0-alpha.x", Version(3, 259, 0, False)),
        ("1.26", Version(1, 26, 0)),
        ("1.26rc1", Version(1, 26, 0, False)),
        ("nothing", None),
    ],
)
def test_versions_are_read(text: str, version: Version | None) -> None:
    assert Version.parse(text) == version


def test_prerelease_is_older_than_its_release() -> None:
    assert Version(3, 258, 0) < Version(3, 259, 0, False) < Version(3, 259, 0)
