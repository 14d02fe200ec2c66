"""A model at an exact version, and where downloaded ones are kept."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from modeldeploy.spec.artifact import content_hash

FOLDER = Path(".modeldeploy")
"""Where downloaded models are kept, relative to the program's folder."""


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A model at an exact version."""

    source: str
    """What a component deploys: a local path, or the URI of an object."""
    origin: str
    """Which version exactly: `models:/pricing/7`, `dvc:<md5>`, `sha256:<hash>`, or the URI itself."""
    version: str | None = None
    """The version by which a registry knows it, as `ModelVersion.version` takes it; none where there is no registry."""
    run: str | None = None
    """The run that trained it, where a registry knows."""

    def tags(self) -> dict[str, str]:
        """Tags for what serves this version."""
        return {"model-source": self.origin, **({"model-run": self.run} if self.run else {})}

    def outputs(self) -> dict[str, str]:
        """What a stack tells about this version."""
        return {"source": self.origin, "location": self.source, **({"run": self.run} if self.run else {})}


def keep(folder: Path, key: str, fetch: Callable[[Path], Path]) -> Path:
    """What `fetch` brings into the directory it is given, kept under its content hash; for the same `key` it is fetched once.

    `fetch` returns the file or directory in there that is the artifact.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # As pytest and ruff do: the folder keeps itself out of Git.
    (folder / ".gitignore").write_text("*\n")
    index = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
    if index.exists():
        found = folder / json.loads(index.read_text())["path"]
        if found.exists():
            return found
    with tempfile.TemporaryDirectory(dir=folder) as made:
        artifact = fetch(Path(made))
        home = folder / content_hash(str(artifact))
        target = home / artifact.name
        if not target.exists():
            home.mkdir(exist_ok=True)
            shutil.move(artifact, target)
    index.write_text(json.dumps({"path": target.relative_to(folder).as_posix()}))
    return target
