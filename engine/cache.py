"""Where built engines are kept, and how two builds stay out of each other's way."""

import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path


def root() -> Path:
    """The folder of all built engines: `MODELDEPLOY_CACHE`, else the user's cache folder."""
    chosen = os.environ.get("MODELDEPLOY_CACHE")
    if chosen:
        return Path(chosen).absolute() / "engine"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "modeldeploy" / "engine"


def key(parts: Iterable[str | bytes | Path]) -> str:
    """A short name for exactly this content; paths stand for the content of the file."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()[:16]


def note(message: str) -> None:
    """Tell the user what is going on; standard output is kept for the answer."""
    print(message, file=sys.stderr, flush=True)


@contextmanager
def lock(folder: Path, purpose: str) -> Generator[None]:
    """Hold the only right to change `folder`. The system frees it when the process ends, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip()
            note(f"Waiting: another process {f'({holder}) ' if holder else ''}is already busy {purpose}.")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()}")
        file.flush()
        try:
            yield
        finally:
            file.seek(0)
            file.truncate()


@contextmanager
def fresh_folder(target: Path) -> Generator[Path]:
    """A folder beside `target` that takes its place when the block succeeds, and vanishes when it does not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield folder
        folder.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what builds that were killed have left; call it under the lock, when nobody else builds."""
    for leftover in folder.glob(".*.*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
