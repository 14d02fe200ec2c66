"""Independent checkers, each at a pinned version, installed into the cache when a test asks for them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from engine import cache, golang
from engine.control_plane.versions import OLDEST_GO

ACTIONLINT = "v1.7.12"
CHECKOV = "3.3.30"
CHECK_JSONSCHEMA = "0.39.0"
DVC = "3.67.1"
KUBE_SCORE = "v1.20.0"
MLFLOW = "3.17.2"
MOTO = "5.2.5"


def actionlint() -> list[str]:
    """The command that runs actionlint."""
    return [_from_go("actionlint", ACTIONLINT, "github.com/rhysd/actionlint/cmd/actionlint")]


def check_jsonschema() -> list[str]:
    """The command that runs check-jsonschema, which carries the published schemas of CI systems."""
    return [_from_pypi("check-jsonschema", CHECK_JSONSCHEMA), "-m", "check_jsonschema"]


def checkov() -> list[str]:
    """The command that runs Checkov: it brings a hundred packages, so it has an environment of its own."""
    return [_from_pypi("checkov", CHECKOV), "-m", "checkov.main"]


def dvc() -> list[str]:
    """The command that runs DVC."""
    return [_from_pypi("dvc", DVC), "-m", "dvc"]


def mlflow() -> list[str]:
    """The command that runs MLflow with its server, which wants another protobuf than pulumi-policy does."""
    return [_from_pypi("mlflow", MLFLOW), "-m", "mlflow"]


def moto() -> list[str]:
    """The command that runs moto's server, which stands in for AWS: it wants another botocore than the sandbox does."""
    return [_from_pypi("moto[server]", MOTO), "-m", "moto.server"]


def kube_score() -> list[str]:
    """The command that runs kube-score."""
    return [_from_go("kube-score", KUBE_SCORE, "github.com/zegl/kube-score/cmd/kube-score")]


def _installed(name: str, install: Callable[[Path], None]) -> Path:
    folder = cache.root().parent / "tools" / name
    if not folder.is_dir():
        with cache.lock(folder.parent, f"installing {name}"):
            if not folder.is_dir():
                with cache.fresh_folder(folder) as made:
                    install(made)
    return folder


def _from_pypi(package: str, version: str) -> str:
    """The Python of an environment that holds the package and what it brings."""

    def install(folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, f"{package}=={version}"], check=True)

    return str(_installed(f"{package.partition('[')[0]}-{version}", install) / "bin" / "python")


def _from_go(name: str, version: str, package: str) -> str:
    """The program, built from its Go module."""
    go = golang.Product(
        name=f"{name} {version}",
        linker="",
        packages=0,
        oldest_go=OLDEST_GO,
        no_go=f"{name} has to be built, and Go was not found on PATH.",
        choices=f"Install Go {OLDEST_GO} or newer.",
        otherwise="",
    )

    def install(folder: Path) -> None:
        environment = {**os.environ, "GOBIN": str(folder), "GOWORK": "off", "GOFLAGS": ""}
        subprocess.run([golang.require(go), "install", f"{package}@{version}"], cwd=folder, env=environment, check=True)

    return str(_installed(f"{name}-{version}", install) / name)
