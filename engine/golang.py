"""The Go toolchain: is it there, is it new enough, and a build that shows that it is alive."""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from .cache import note
from .errors import EngineError
from .versions import OLDEST_GO_THAT_UPGRADES, Version

# Beside a go.mod, Go may answer for the version that asks for instead of its own.
_NEUTRAL = Path(tempfile.gettempdir())

_SECONDS_BETWEEN_NOTES = 20


@dataclass(frozen=True, kw_only=True)
class Product:
    """Something that is built here, and what its messages say."""

    name: str
    """As messages name it, with its version."""
    linker: str
    """Flags for the linker that stamp the version."""
    packages: int
    """How many packages a first build compiles; for the notes alone."""
    oldest_go: Version
    """The `go` line of its go.mod; a test compares the two."""
    no_go: str
    """What is missing when there is no Go: the first sentence of the message."""
    choices: str
    """What the user can do when Go is missing or too old."""
    otherwise: str
    """What the user can do when the build fails."""


def require(product: Product) -> str:
    """The `go` command, or an error that says what to install."""
    go = shutil.which("go")
    if go is None:
        raise EngineError(f"{product.no_go}\n{product.choices}")
    version = Version.parse(run([go, "env", "GOVERSION"], _NEUTRAL).removeprefix("go"))
    if version is None or version < OLDEST_GO_THAT_UPGRADES or (version < product.oldest_go and _stays_as_it_is(go)):
        raise EngineError(f"{product.name} has to be built, and Go at {go} is version {version}, which is too old.\n{product.choices}")
    return go


def _stays_as_it_is(go: str) -> bool:
    return run([go, "env", "GOTOOLCHAIN"], _NEUTRAL) == "local"


def run(command: list[str], folder: Path) -> str:
    """What a short Go command answers."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise EngineError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
    return done.stdout.strip()


def build(go: str, module: Path, target: Path, packages: list[str], product: Product) -> None:
    """Build main packages of the module in `module` into the folder `target`; takes minutes."""
    flags = f"-s -w {product.linker}".rstrip()
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
                done = f"{counts['downloaded']} modules fetched, {counts['compiled']} of about {product.packages} packages compiled"
                note(f"  still building: {done}, {seconds:.0f} s")
    except BaseException:
        process.terminate()
        process.wait()
        raise
    reader.join(5)
    if process.returncode != 0:
        said = "\n".join(f"    {line}" for line in last_lines)
        raise EngineError(
            f"Building {product.name} with {go} failed after {time.monotonic() - started:.0f} s. The last lines of `go build`:\n{said}\n"
            f"Is the Go module proxy reachable (`go env GOPROXY`)? Is there disk space for about 3 GB? {product.otherwise}".rstrip()
        )
