"""The Python that the other tests of the engine run programs with is, to whoever starts it, a Python like any other."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.warm_python import warm_python


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with warm_python(tmp_path_factory.mktemp("warm"), ["yaml", "engine.errors", "pulumi.runtime.stack"]) as folder:
        yield str(folder / "bin" / "python")


def script(folder: Path, text: str) -> str:
    path = folder / "script.py"
    path.write_text(text)
    return str(path)


def test_a_script_has_its_own_arguments_environment_folder_and_streams(python: str, tmp_path: Path) -> None:
    text = (
        "import os, sys\nprint(sys.argv[1:], os.environ.get('OWN'), os.environ.get('HOME'), os.getcwd(), __name__, input())\n"
        "print('bad', file=sys.stderr)"
    )
    command = [python, script(tmp_path, text), "one", "--two"]
    done = subprocess.run(command, cwd=tmp_path, env={"OWN": "1"}, input="read\n", capture_output=True, text=True, check=True)
    assert done.stdout == f"['one', '--two'] 1 None {tmp_path} __main__ read\n"
    assert done.stderr == "bad\n"


def test_only_what_pip_installed_is_there_beforehand(python: str, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("WHERE = 'beside the script'")
    text = (
        "import sys\nprint('yaml' in sys.modules, [each for each in sys.modules if each.startswith(('engine', 'tests'))])\n"
        "import beside\nprint(beside.WHERE)"
    )
    done = subprocess.run([python, script(tmp_path, text)], capture_output=True, text=True, check=True)
    assert done.stdout == "True []\nbeside the script\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [("", 0), ("import sys; sys.exit(32)", 32), ("raise ValueError('wrong')", 1), ("import os; os.kill(os.getpid(), 9)", -9)],
)
def test_a_script_ends_as_it_would(python: str, tmp_path: Path, text: str, code: int) -> None:
    done = subprocess.run([python, script(tmp_path, text)], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert ("ValueError: wrong" in done.stderr) == (code == 1)


@pytest.mark.parametrize(("number", "said"), [(signal.SIGINT, "interrupted"), (signal.SIGKILL, "")])
def test_whoever_ends_it_ends_the_script(python: str, tmp_path: Path, number: signal.Signals, said: str) -> None:
    # Short sleeps: a signal that arrives just before a sleep begins is noticed only when it is over.
    text = (
        "import os, time\ntry:\n    print(os.getpid(), flush=True)\n    while True:\n        time.sleep(0.05)\n"
        "except KeyboardInterrupt:\n    print('interrupted')"
    )
    running = subprocess.Popen([python, script(tmp_path, text)], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    program = int(running.stdout.readline())
    running.send_signal(number)
    assert running.wait(10) == (0 if said else -number)
    assert running.stdout.read().strip() == said
    deadline = time.monotonic() + 10
    while Path(f"/proc/{program}").exists():
        assert time.monotonic() < deadline, "the script outlived who started it"
        time.sleep(0.05)


def test_a_program_s_outputs_are_waited_for_until_all_are_there_or_one_fails(python: str, tmp_path: Path) -> None:
    text = """
import asyncio, time
from pulumi.runtime import stack

async def number(seconds, fails=False):
    await asyncio.sleep(seconds)
    if fails:
        raise ValueError("no number")
    return seconds

async def wait(*made):
    tasks = [asyncio.ensure_future(each) for each in made]
    done, left = await stack.asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    return len(done), len(left)

print(asyncio.run(wait(number(0), number(0.05), number(0.1))))
print(asyncio.run(wait(number(0), number(0.05, fails=True), number(60))))
"""
    done = subprocess.run([python, script(tmp_path, text)], capture_output=True, text=True, check=True, timeout=50)
    assert done.stdout == "(3, 0)\n(2, 1)\n"


def test_anything_but_a_script_goes_to_the_real_python(python: str) -> None:
    done = subprocess.run([python, "-c", "import os, sys; print(sys.executable, os.getpid())"], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == sys.executable
    assert int(done.stdout.split()[1]) != os.getpid()
