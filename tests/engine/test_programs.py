"""What a program does reaches the user through the language host as it does through the official one."""

import sys
import time
import venv
from pathlib import Path

import pytest

from tests.support.engine import Project, ProjectFactory, project_file, virtual_environment

pytestmark = pytest.mark.engine


def ran(project: ProjectFactory, program: str) -> str:
    return project({"__main__.py": program}).up().output


def failed(project: ProjectFactory, program: str) -> str:
    done = project({"__main__.py": program}).up(check=False).failed()
    assert "Traceback" not in done.stderr
    return done.output


def test_program_runs_and_its_outputs_are_kept(project: ProjectFactory) -> None:
    made = project({"__main__.py": "import pulumi\npulumi.export('answer', 42)\n"})

    made.preview()
    made.up()

    assert made.outputs() == {"answer": 42}
    assert [resource["type"] for resource in made.resources()] == ["pulumi:pulumi:Stack"]
    made.destroy()
    assert made.resources() == []


def test_program_knows_project_stack_and_configuration(project: ProjectFactory) -> None:
    program = """
import json, os
import pulumi
config = pulumi.Config()
pulumi.export("told", {
    "project": pulumi.get_project(), "stack": pulumi.get_stack(), "organization": pulumi.get_organization(),
    "root": pulumi.get_root_directory(), "cwd": os.getcwd(), "preview": pulumi.runtime.is_dry_run(),
    "size": config.require_int("size"), "parallel": pulumi.runtime.settings.SETTINGS.parallel,
})
pulumi.export("password", config.require_secret("password"))
"""
    made = project({"__main__.py": program}, name="shop", stack="prod")
    made.configure({"size": "-3"}).configure({"password": "t0p"}, secret=True)

    made.up("--parallel", "7")

    told = made.outputs()["told"]
    assert told == {
        "project": "shop",
        "stack": "prod",
        "organization": "organization",
        "root": str(made.directory),
        "cwd": str(made.directory),
        "preview": False,
        "size": -3,
        "parallel": 7,
    }
    assert made.outputs()["password"] == "[secret]"
    assert made.outputs(show_secrets=True)["password"] == "t0p"
    assert "t0p" not in str(made.stack_export())


def test_program_in_another_folder(project: ProjectFactory) -> None:
    made = project(
        {
            "Pulumi.yaml": project_file(extra="main: src/\n"),
            "src/__main__.py": "import os, beside\nprint('in', os.getcwd())\n",
            "src/beside.py": "print('found it')\n",
        }
    )

    said = made.up().stdout

    assert "found it" in said
    assert f"in {made.directory / 'src'}" in said


def test_virtual_environment_is_activated_for_the_program(project: ProjectFactory) -> None:
    program = (
        "import os, sys, shutil\nprint('python', sys.executable)\nprint('venv', os.environ['VIRTUAL_ENV'])\nprint('which', shutil.which('python'))\n"
    )

    said = ran(project, program)

    assert f"python {sys.prefix}/bin/python" in said
    assert f"venv {sys.prefix}" in said
    assert f"which {sys.prefix}/bin/python" in said


def test_printed_text_is_shown_also_without_a_newline(project: ProjectFactory) -> None:
    said = ran(project, "import sys\nprint('a line')\nsys.stdout.write('out without end')\nsys.stderr.write('err without end')\n")

    assert "\n    a line\n" in said
    assert "\n    out without end" in said
    assert "\n    err without end" in said


def test_much_output_arrives_whole_and_in_order(project: ProjectFactory) -> None:
    said = ran(project, "for number in range(3000):\n    print(f'line {number:05} ' + 'x' * 100)\n")

    diagnostics = said.split("Diagnostics:")[1]
    assert [int(line.split()[1]) for line in diagnostics.splitlines() if line.startswith("    line ")] == list(range(3000))


def test_exception_is_shown_once_and_only_where_it_is_the_programs(project: ProjectFactory) -> None:
    said = failed(project, "def inner():\n    raise ValueError('boom')\ninner()\n")

    diagnostics = said.split("Diagnostics:")[1]
    assert diagnostics.count("ValueError: boom") == 1
    assert "error: Program failed with an unhandled exception:" in diagnostics
    assert '__main__.py", line 3, in <module>' in diagnostics
    assert "pulumi-language-python-exec" not in diagnostics
    assert "non-zero exit code" not in diagnostics


def test_syntax_error_names_file_and_line(project: ProjectFactory) -> None:
    said = failed(project, "def f(:\n")

    assert "SyntaxError" in said
    assert '__main__.py", line 1' in said


@pytest.mark.parametrize(
    ("program", "shown"),
    [
        ("import sys\nprint('first')\nsys.exit(3)\n", "program exited with non-zero exit code: 3"),
        ("import sys\nprint('first')\nsys.exit('last words')\n", "last words"),
        ("import os\nprint('first', flush=True)\nos._exit(77)\n", "program exited with non-zero exit code: 77"),
    ],
    ids=["code", "message", "without cleanup"],
)
def test_exit_code_fails_the_update_and_is_named(project: ProjectFactory, program: str, shown: str) -> None:
    said = failed(project, program)

    assert "first" in said
    assert shown in said


@pytest.mark.usefixtures("own_language_host")
def test_program_that_is_killed_is_told_from_one_that_exits(project: ProjectFactory) -> None:
    said = failed(project, "import os\nprint('first', flush=True)\nos.kill(os.getpid(), 9)\n")

    assert "first" in said
    assert "program exited unexpectedly: ended by SIGKILL (out of memory?)" in said


def test_exit_with_zero_is_success(project: ProjectFactory) -> None:
    ran(project, "import sys\nsys.exit(0)\n")


def test_run_error_is_a_plain_message(project: ProjectFactory) -> None:
    said = failed(project, "import pulumi\nraise pulumi.RunError('choose a cloud')\n")

    assert "error: choose a cloud" in said
    assert "Traceback" not in said


def test_log_lines_carry_their_severity(project: ProjectFactory) -> None:
    said = ran(project, "import pulumi\npulumi.log.info('for your information')\npulumi.log.warn('take care')\npulumi.log.debug('detail')\n")

    assert "    for your information" in said
    assert "warning: take care" in said
    assert "detail" not in said


def test_debug_lines_are_shown_on_request(project: ProjectFactory) -> None:
    made = project({"__main__.py": "import pulumi\npulumi.log.debug('detail')\n"})

    assert "debug: detail" in made.up("--debug").output


def test_logged_error_is_shown_as_an_error(project: ProjectFactory) -> None:
    said = project({"__main__.py": "import pulumi\npulumi.log.error('it is wrong')\n"}).up(check=False).output

    assert "error: it is wrong" in said


@pytest.mark.usefixtures("own_language_host")
def test_cancelled_run_ends_the_program_and_shows_no_traceback(project: ProjectFactory, tmp_path: Path) -> None:
    program = f"""
import pathlib, time
print("started", flush=True)
try:
    time.sleep(120)
finally:
    pathlib.Path({str(tmp_path / "cleaned")!r}).touch()
"""
    made = project({"__main__.py": program})
    running = made.start("up", "--yes", "--skip-preview", "--stack", "dev")
    running.wait_for("started")
    asked = time.monotonic()

    running.interrupt()
    done = running.finish(60).failed()

    assert time.monotonic() - asked < 15
    assert "update canceled" in done.output
    assert "Traceback" not in done.output
    assert "KeyboardInterrupt" not in done.output
    assert (tmp_path / "cleaned").exists()
    made.write({"__main__.py": "import pulumi\npulumi.export('next', 1)\n"})
    made.up()
    assert made.outputs() == {"next": 1}


@pytest.mark.usefixtures("own_language_host")
def test_program_that_ignores_interrupts_is_ended_all_the_same(project: ProjectFactory, tmp_path: Path) -> None:
    program = f"""
import os, pathlib, signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(os.getpid()))
print("started", flush=True)
time.sleep(120)
"""
    running = project({"__main__.py": program}).start("up", "--yes", "--skip-preview", "--stack", "dev")
    running.wait_for("started")

    running.interrupt()
    running.finish(60).failed()

    wait_until_gone((tmp_path / "pid").read_text())


@pytest.mark.usefixtures("own_language_host")
def test_program_ends_with_a_cli_that_is_killed(project: ProjectFactory, tmp_path: Path) -> None:
    program = f"""
import os, pathlib, time
pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(os.getpid()))
print("started", flush=True)
time.sleep(120)
"""
    running = project({"__main__.py": program}).start("up", "--yes", "--skip-preview", "--stack", "dev")
    running.wait_for("started")

    running.kill()

    wait_until_gone((tmp_path / "pid").read_text())


def wait_until_gone(pid: str) -> None:
    deadline = time.monotonic() + 15
    while Path("/proc", pid).exists():
        assert time.monotonic() < deadline, f"process {pid} is still running"
        time.sleep(0.1)


@pytest.mark.usefixtures("own_language_host")
def test_daemon_left_by_a_program_does_not_hold_up_the_update(project: ProjectFactory) -> None:
    started = time.monotonic()

    ran(project, "import subprocess\nsubprocess.Popen(['sleep', '40'])\nprint('left it')\n")

    assert time.monotonic() - started < 30


def test_missing_program_is_named(project: ProjectFactory) -> None:
    made = project({"Pulumi.yaml": project_file(virtualenv="venv")})
    virtual_environment(made.directory / "venv")

    done = made.up(check=False).failed()

    assert "unable to find main python program `__main__.py`" in done.output


@pytest.mark.usefixtures("own_language_host")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("virtualenv: nowhere", '"nowhere", but'),
        ("toolchain: uv", "`toolchain: uv` is not supported by the language host that modeldeploy builds: it knows pip."),
        ("toolchain: conda", "unsupported toolchain option: conda"),
        ("typechecker: mypy", "`typechecker: mypy` is not supported by the language host that modeldeploy builds"),
        ("virtualenv: 3", "virtualenv option must be a string"),
    ],
)
def test_runtime_options_that_cannot_be_honoured_are_refused(project: ProjectFactory, options: str, message: str) -> None:
    text = f"name: test\nruntime:\n  name: python\n  options:\n    {options}\n"
    made = project({"Pulumi.yaml": text, "__main__.py": ""})
    (made.directory / "nowhere").mkdir()
    (made.directory / "nowhere" / "something").touch()

    done = made.up(check=False).failed()

    assert message in done.output
    assert "Traceback" not in done.output


@pytest.mark.usefixtures("own_language_host")
def test_lock_file_of_another_tool_is_not_ignored(project: ProjectFactory) -> None:
    text = f"name: test\nruntime:\n  name: python\n  options:\n    virtualenv: {sys.prefix}\n"
    made = project({"Pulumi.yaml": text, "__main__.py": "", "uv.lock": ""})

    done = made.up(check=False).failed()

    assert "uv.lock makes this a uv project" in done.output
    assert "Set `toolchain: pip`" in done.output


def test_environment_without_the_sdk_is_explained(project: ProjectFactory) -> None:
    made = project({"Pulumi.yaml": project_file(virtualenv="bare"), "__main__.py": ""})
    bare_environment(made)

    done = made.up(check=False).failed()

    assert "It looks like the Pulumi SDK has not been installed. Have you run pip install?" in done.output


def bare_environment(made: Project) -> None:
    venv.create(made.directory / "bare", with_pip=False)
