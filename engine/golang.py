"""The Go toolchain: is it there, is it new enough, and a build that shows that it is alive."""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

from .cache import note
from .errors import EngineError
from .versions import BUILT, OLDEST_CLI, OLDEST_GO, OLDEST_GO_THAT_UPGRADES, Version

_CHOICES = (
    f"modeldeploy needs either the Pulumi CLI ({OLDEST_CLI} or newer) on PATH, or Go {OLDEST_GO} or newer to build it:\n"
    "    the Pulumi CLI: https://www.pulumi.com/docs/install/\n"
    "    Go:             https://go.dev/doc/install (or your system's package manager)\n"
    "Then run `make engine` again."
)

# Beside a go.mod, Go may answer for the version that asks for instead of its own.
_NEUTRAL = Path(tempfile.gettempdir())

_SECONDS_BETWEEN_NOTES = 20

# For the notes alone: how many packages a first build compiles.
_PACKAGES = 1650


def require() -> str:
    """The `go` command, or an error that says what to install."""
    go = shutil.which("go")
    if go is None:
        raise EngineError(f"Neither the Pulumi CLI nor Go was found on PATH.\n{_CHOICES}")
    version = Version.parse(run([go, "env", "GOVERSION"], _NEUTRAL).removeprefix("go"))
    if version is None or version < OLDEST_GO_THAT_UPGRADES or (version < OLDEST_GO and _stays_as_it_is(go)):
        raise EngineError(f"The Pulumi CLI was not found on PATH, and Go at {go} is version {version}, which is too old.\n{_CHOICES}")
    return go


def _stays_as_it_is(go: str) -> bool:
    return run([go, "env", "GOTOOLCHAIN"], _NEUTRAL) == "local"


def run(command: list[str], folder: Path) -> str:
    """What a short Go command answers."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise EngineError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
    return done.stdout.strip()


def build(go: str, module: Path, target: Path, packages: list[str]) -> None:
    """Build main packages of the module in `module` into the folder `target`; takes minutes."""
    flags = f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{BUILT}"
    command = [go, "build", "-v", "-mod=readonly", "-buildvcs=false", "-ldflags", flags, "-o", f"{target}{os.sep}", *packages]
    started = time.monotonic()
    last_lines: deque[str] = deque(maxlen=30)
    counts = {"downloaded": 0, "compiled": 0}
    # A go.work further up would bring in other modules.
    environment = {**os.environ, "GOWORK": "off"}
    process = subprocess.Popen(command, cwd=module, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, bufsize=1)
    assert process.stderr is not None
    stderr = process.stderr

    def read() -> None:
        for line in stderr:
            last_lines.append(line.rstrip())
            if line.startswith("go: downloading "):
                counts["downloaded"] += 1
            elif "/" in line and " " not in line.strip():  # with -v, the path of each package that was compiled
                counts["compiled"] += 1

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        while True:
            try:
                process.wait(_SECONDS_BETWEEN_NOTES)
                break
            except subprocess.TimeoutExpired:
                seconds = time.monotonic() - started
                done = f"{counts['downloaded']} modules fetched, {counts['compiled']} of about {_PACKAGES} packages compiled"
                note(f"  still building: {done}, {seconds:.0f} s")
    except BaseException:
        process.terminate()
        process.wait()
        raise
    reader.join(5)
    if process.returncode != 0:
        said = "\n".join(f"    {line}" for line in last_lines)
        raise EngineError(
            f"Building Pulumi {BUILT} with {go} failed after {time.monotonic() - started:.0f} s. The last lines of `go build`:\n{said}\n"
            "Is the Go module proxy reachable (`go env GOPROXY`)? Is there disk space for about 3 GB? An installed Pulumi CLI on PATH "
            "is used instead of a build."
        )
