"""Builds the control plane into the cache: one folder, named after the content it was made from and complete as soon as it exists.

<key>/bin/            kube-apiserver, kube-controller-manager, etcd
<key>/definitions/    custom resource definitions as their projects publish them
"""

import json
import os
import platform
import shutil
import subprocess
import time
from pathlib import Path

from engine import cache, golang
from engine.errors import EngineError

from .versions import DEFINITIONS, ETCD, KUBERNETES, OLDEST_GO, Published

_MODULES = Path(__file__).resolve().parent
_COMMANDS = ("kube-apiserver", "kube-controller-manager")

_CHOICES = f"Install Go {OLDEST_GO} or newer (https://go.dev/doc/install), then run `make control-plane` again."


def _product(name: str, linker: str, packages: int) -> golang.Product:
    missing = "The Kubernetes control plane for tests has to be built, and Go was not found on PATH."
    return golang.Product(name=name, linker=linker, packages=packages, oldest_go=OLDEST_GO, no_go=missing, choices=_CHOICES, otherwise="")


_KUBERNETES = _product(f"Kubernetes {KUBERNETES}", f"-X k8s.io/component-base/version.gitVersion=v{KUBERNETES}", 2450)
_ETCD = _product(f"etcd {ETCD}", "", 500)


def folder() -> Path:
    """Where the control plane made from these sources is, or will be."""
    pins = [_MODULES / module / name for module in ("kubernetes", "etcd") for name in ("go.mod", "go.sum")]
    parts = [*pins, _KUBERNETES.linker, repr(DEFINITIONS), *_COMMANDS, platform.system(), platform.machine()]
    return cache.root().parent / "control-plane" / f"{KUBERNETES}-{cache.key(parts)}"


def is_complete() -> bool:
    """Whether it is there."""
    return folder().is_dir()


def ensure() -> Path:
    """Build what is missing and return the folder."""
    target = folder()
    if is_complete():
        return target
    with cache.lock(target.parent, "building the Kubernetes control plane"):
        if is_complete():  # by the process that held the lock
            return target
        cache.sweep(target.parent)
        go = golang.require(_KUBERNETES)
        cache.note(f"Building the Kubernetes {KUBERNETES} control plane from its Go modules: 6 to 12 minutes the first time, once per version.")
        started = time.monotonic()
        with cache.fresh_folder(target) as made:
            _definitions(go, made / "definitions")
            _commands(go, made / "bin")
        cache.note(f"The control plane is ready after {time.monotonic() - started:.0f} s: {target}")
    return target


def _commands(go: str, target: Path) -> None:
    target.mkdir()
    golang.build(go, _MODULES / "etcd", target, ["go.etcd.io/etcd/server/v3"], _ETCD)
    # Go names the command after the last part of the path that is no version.
    (target / "server").rename(target / "etcd")
    golang.build(go, _MODULES / "kubernetes", target, [f"k8s.io/kubernetes/cmd/{command}" for command in _COMMANDS], _KUBERNETES)
    for command, version in ((_COMMANDS[0], KUBERNETES), (_COMMANDS[1], KUBERNETES), ("etcd", ETCD)):
        said = golang.run([str(target / command), "--version"], target)
        if str(version) not in said:
            raise EngineError(f"The built {command} says {said!r}, not {version}.")


def _definitions(go: str, target: Path) -> None:
    target.mkdir()
    for published in DEFINITIONS:
        source = _download(go, published, target) / published.folder
        for name in published.files:
            shutil.copyfile(source / name, target / name)


def _download(go: str, published: Published, folder: Path) -> Path:
    named = f"{published.module}@{published.version}"
    environment = {**os.environ, "GOWORK": "off"}
    done = subprocess.run(
        [go, "mod", "download", "-json", named], cwd=folder, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    answer: dict[str, str] = json.loads(done.stdout) if done.stdout.startswith("{") else {}
    if done.returncode != 0 or "Dir" not in answer:
        raise EngineError(f"The Go module {named} could not be fetched:\n{answer.get('Error') or done.stderr.strip()}")
    if answer["Sum"] != published.hash:
        raise EngineError(f"The Go module {named} has the hash {answer['Sum']}, not {published.hash}: it was changed after it was pinned here.")
    return Path(answer["Dir"])
