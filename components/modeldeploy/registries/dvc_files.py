"""Files and folders tracked by DVC: held against the hash that Git knows, and fetched from a cache or remote where they are missing.

DVC itself is not needed. Read are `.dvc` files, `dvc.lock`, `.dvc/config` and `.dvc/config.local`, as DVC 3 writes them:
https://doc.dvc.org/user-guide/project-structure/dvc-files and https://doc.dvc.org/user-guide/project-structure/internal-files
"""

import configparser
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

import yaml

from .errors import ModelChangedError, ModelMissingError, RegistryError
from .resolved import Resolved, keep

FOLDER_SUFFIX = ".dir"
"""Ends the hash of a folder; the hash is of a list of its files."""


@dataclass(frozen=True)
class Tracked:
    """A file or folder that DVC tracks."""

    path: Path
    """Where it is in the workspace, or would be."""
    md5: str
    """Its hash, as recorded in `record`."""
    record: Path
    """The `.dvc` file or the `dvc.lock`."""

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.md5.endswith(FOLDER_SUFFIX)

    @property
    def repository(self) -> Path:
        """The folder that holds `.dvc/`."""
        for folder in self.record.absolute().parents:
            if (folder / ".dvc").is_dir():
                return folder
        raise RegistryError(f"'{self.record}' is in no DVC repository: no folder above it has a .dvc folder")


def find(path: Path) -> Tracked | None:
    """What DVC knows about `path`, which may be a `.dvc` file itself; None when it is not tracked."""
    if path.name.endswith(".dvc") and path.is_file():
        return _tracked(path, next(iter(_outputs(path)), None))
    record = path.with_name(f"{path.name}.dvc")
    if record.is_file():
        return _tracked(record, next((each for each in _outputs(record) if each.get("path") == path.name), None))
    for folder in path.absolute().parents:
        lock = folder / "dvc.lock"
        if lock.is_file():
            for output in _outputs(lock):
                if folder / str(output.get("path")) == path.absolute():
                    return _tracked(lock, output, path)
        if (folder / ".dvc").is_dir():
            return None
    return None


def resolve(tracked: Tracked, reads: Sequence[str], folder: Path) -> Resolved:
    """The tracked content: as it lies in the workspace, from a cache or remote on this machine, or where it is in an object store."""
    if tracked.path.exists():
        actual = md5_of(tracked.path)
        if actual != tracked.md5:
            raise ModelChangedError(
                f"'{tracked.path}' is not what {tracked.record.name} says (MD5 {actual}, recorded {tracked.md5}); "
                f"`dvc checkout {tracked.path}` brings the recorded one back, `dvc commit` records this one"
            )
        return _resolved(tracked, str(tracked.path))
    stores = list(_stores(tracked.repository))
    for store in stores:
        local = Path(store)
        if "://" not in store and _object(local, tracked.md5).is_file():
            kept = keep(folder / "models", f"dvc {tracked.md5} {tracked.path.name}", lambda target, local=local: _copy(tracked, local, target))
            return _resolved(tracked, kept.as_posix())
    for store in stores:
        if not tracked.is_folder and store.partition("://")[0] in reads:
            return _resolved(tracked, f"{store.rstrip('/')}/{_layout(tracked.md5)}")
    raise ModelMissingError(
        f"'{tracked.path}' (MD5 {tracked.md5}) is neither here nor in {', '.join(stores)} in a form the target reads; "
        f"run `dvc pull {tracked.record}` first"
    )


def md5_of(path: Path) -> str:
    """The hash DVC gives a file or folder: https://doc.dvc.org/user-guide/project-structure/internal-files."""
    if path.is_file():
        return _md5(path)
    files = sorted(each for each in path.rglob("*") if each.is_file())
    listing = sorted(({"md5": _md5(each), "relpath": each.relative_to(path).as_posix()} for each in files), key=lambda entry: entry["relpath"])
    return hashlib.md5(json.dumps(listing, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + FOLDER_SUFFIX


def _md5(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _outputs(record: Path) -> Iterator[dict[str, Any]]:
    """The outputs listed in a `.dvc` file or a `dvc.lock`."""
    try:
        content: Any = yaml.safe_load(record.read_text())
        stages = [content] if "outs" in content else list(content.get("stages", {}).values())
        for stage in stages:
            yield from cast(list[dict[str, Any]], stage.get("outs", []))
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        raise RegistryError(f"'{record}' is no file of DVC: {' '.join(str(error).split())}") from None


def _tracked(record: Path, output: dict[str, Any] | None, path: Path | None = None) -> Tracked:
    if output is None or not isinstance(output.get("path"), str):
        raise RegistryError(f"'{record}' names no output; `dvc add` writes one")
    if not isinstance(output.get("md5"), str):
        raise RegistryError(f"'{record}' has no MD5 of '{output['path']}'; run `dvc commit`, or name the object's own address instead")
    if output.get("hash") != "md5":
        raise RegistryError(f"'{record}' was written by DVC 2, which hashes text otherwise; `dvc commit --force` with DVC 3 writes it anew")
    return Tracked(path or record.parent / output["path"], output["md5"], record)


def _resolved(tracked: Tracked, source: str) -> Resolved:
    return Resolved(source=source, origin=f"dvc:{tracked.md5}", version=tracked.md5[:12])


def _stores(repository: Path) -> Iterator[str]:
    """The cache and then the default remote: a folder of this machine, or a URI."""
    folder = repository / ".dvc"
    config = configparser.ConfigParser(interpolation=None)
    config.read([folder / "config", folder / "config.local"])
    yield str(_local(folder, config.get("cache", "dir", fallback="cache")))
    name = config.get("core", "remote", fallback=None)
    remote = f"'remote \"{name}\"'"
    url = config.get(remote, "url", fallback=None) if name else None
    if url is None or any(config.getboolean(remote, each, fallback=False) for each in ("version_aware", "worktree")):
        return
    account = config.get(remote, "account_name", fallback=None)
    if url.startswith("azure://") and account:
        yield f"https://{account}.blob.core.windows.net/{url.removeprefix('azure://')}"
    else:
        yield url if "://" in url else str(_local(folder, url))


def _local(folder: Path, path: str) -> Path:
    return Path(os.path.normpath(folder / path))


def _layout(md5: str) -> str:
    return f"files/md5/{md5[:2]}/{md5[2:]}"


def _object(store: Path, md5: str) -> Path:
    return store / _layout(md5)


def _copy(tracked: Tracked, store: Path, target: Path) -> Path:
    made = target / tracked.path.name
    if not tracked.is_folder:
        shutil.copy(_object(store, tracked.md5), made)
    else:
        made.mkdir()
        listing = _object(store, tracked.md5)
        if f"{_md5(listing)}{FOLDER_SUFFIX}" != tracked.md5:
            raise ModelChangedError(f"the list of '{tracked.path}' in {store} is damaged: its MD5 is not the recorded {tracked.md5}")
        for entry in json.loads(listing.read_text()):
            relative = PurePosixPath(entry["relpath"])
            if relative.is_absolute() or ".." in relative.parts:
                raise ModelChangedError(f"the list of '{tracked.path}' in {store} names '{relative}', which is outside of it")
            file = made / relative
            file.parent.mkdir(parents=True, exist_ok=True)
            if not _object(store, entry["md5"]).is_file():
                raise ModelMissingError(f"'{tracked.path / relative}' (MD5 {entry['md5']}) is missing in {store}; run `dvc pull {tracked.record}`")
            shutil.copy(_object(store, entry["md5"]), file)
    actual = md5_of(made)
    if actual != tracked.md5:
        raise ModelChangedError(f"'{tracked.path}' in {store} is damaged: its MD5 is {actual}, recorded is {tracked.md5}")
    return made
