"""Where the sandbox keeps its database, its log and the note of the running server."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Running:
    """A server that runs, or did."""

    pid: int
    port: int
    environment: dict[str, str]

    def exports(self) -> str:
        """The lines that make a shell use it."""
        return "\n".join(f"export {name}={value}" for name, value in self.environment.items())

    def alive(self) -> bool:
        """Whether the process is there, and is a sandbox."""
        try:
            os.kill(self.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        command = Path(f"/proc/{self.pid}/cmdline")
        return not command.exists() or b"sandbox" in command.read_bytes()


class Home:
    """The sandbox's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def database(self) -> Path:
        """The SQLite database."""
        return self.folder / "sandbox.db"

    @property
    def vertex_database(self) -> Path:
        """The database of Vertex AI's API."""
        return self.folder / "vertex.db"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.folder / "sandbox.log"

    @property
    def _note(self) -> Path:
        return self.folder / "server.json"

    def running(self) -> Running | None:
        """The server that runs in this folder, if one does."""
        try:
            noted = Running(**json.loads(self._note.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return noted if noted.alive() else None

    def note(self, running: Running) -> None:
        """Write down a server that has started."""
        partial = self._note.with_suffix(".tmp")
        partial.write_text(json.dumps(asdict(running)), encoding="utf-8")
        partial.replace(self._note)

    def forget(self) -> None:
        """The server has stopped."""
        self._note.unlink(missing_ok=True)


def default_folder() -> Path:
    """`MODELDEPLOY_SANDBOX_HOME`, or a folder among the user's application state."""
    given = os.environ.get("MODELDEPLOY_SANDBOX_HOME")
    if given:
        return Path(given)
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "modeldeploy" / "sandbox"
