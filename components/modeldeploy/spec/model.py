"""The model that is deployed: its artifact, its version, and the container that serves it.

A managed endpoint brings the artifact to the container, as its service does. Everywhere else the container or function fetches it: `$MODEL_URI` is
the address of the artifact (`s3://`, `gs://` or `https://`), which its identity may read, `$MODEL_VERSION` the version. On Kubernetes a loader does
that beforehand (`$MODEL_DIR`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pulumi

from .arguments import Problem

NAME = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")
VERSION = re.compile(r"[a-z0-9]([a-z0-9.-]{0,18}[a-z0-9])?")
IMAGE_BY_DIGEST = re.compile(r"[a-z0-9.-]+(:[0-9]+)?/[a-z0-9._/-]+(:[\w.-]+)?@sha256:[0-9a-f]{64}")
REMOTE = re.compile(r"(s3|gs|azureml|https|pvc)://.+")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SECRET_NAME = re.compile(r"(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?|CONNECTION_?STRING)S?$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Container:
    """The container that loads the artifact and answers predictions.

    The contract is the one SageMaker, Vertex AI and Azure ML share for custom containers: listen on one port, answer a health path with 200 when
    ready, answer a prediction path with JSON.
    """

    image: str
    """Image by digest: `registry/repository@sha256:<64 hex>`. A tag alone is refused: it can move under a running deployment."""
    port: int = 8080
    """Port the container listens on, 1 to 65535. SageMaker only serves 8080."""
    health_path: str = "/ping"
    """Path that answers 200 when the model is loaded. SageMaker only asks `/ping`."""
    predict_path: str = "/invocations"
    """Path that takes predictions by POST. SageMaker only posts to `/invocations`."""
    environment: dict[str, pulumi.Input[str]] = field(default_factory=dict[str, "pulumi.Input[str]"])
    """Environment variables. A name that ends like a secret (`..._PASSWORD`, `..._TOKEN`, `..._KEY`) is refused with a plain value: pass the address
    of the secret in the vault, under a name such as `DATABASE_SECRET_ID`, and read it with the deployment's identity."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not IMAGE_BY_DIGEST.fullmatch(self.image):
            yield Problem("image", f"'{self.image}' is not an image by digest; write registry/repository@sha256:<64 hexadecimal digits>")
        if not 1 <= self.port <= 65535:
            yield Problem("port", f"{self.port} is not a port; allowed: 1 to 65535")
        for name in ("health_path", "predict_path"):
            path: str = getattr(self, name)
            if not path.startswith("/"):
                yield Problem(name, f"'{path}' is not a path; it begins with '/'")
        yield from environment_problems(self.environment)


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """One version of a trained model, whatever runs it."""

    name: str
    """Name of the model, the same for all its versions: 2 to 32 lower-case letters, digits and '-', beginning with a letter."""
    version: str
    """Version as the team counts them ("3", "2026-11-01"): 1 to 20 lower-case letters, digits, '.' and '-'."""
    source: str
    """The artifact: a local file, a local directory (relative to the program's folder), or the URI of an object the cloud can read
    (`s3://` on AWS, `gs://` on Google Cloud, `azureml://` or `https://` on Azure, `pvc://claim/path` on Kubernetes). A local artifact is uploaded
    under its content hash."""

    @property
    def is_remote(self) -> bool:
        """Whether the artifact is in an object store already."""
        return REMOTE.fullmatch(self.source) is not None

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if not NAME.fullmatch(self.name):
            yield Problem("name", f"'{self.name}' is no model name; allowed: 2 to 32 lower-case letters, digits and '-', beginning with a letter")
        if not VERSION.fullmatch(self.version):
            yield Problem("version", f"'{self.version}' is no version; allowed: 1 to 20 lower-case letters, digits, '.' and '-'")
        if not self.is_remote:
            yield from _local_problems(self.source)


@dataclass(frozen=True, kw_only=True)
class Model(ModelVersion):
    """One version of a trained model, served by a container."""

    container: Container
    """The container that serves this version."""


def environment_problems(environment: Mapping[str, pulumi.Input[str]]) -> Iterator[Problem]:
    """Problems of environment variables: names no shell takes, and secrets in plain text."""
    for name, value in environment.items():
        if not VARIABLE.fullmatch(name):
            yield Problem(f"environment.{name}", f"'{name}' is not a variable name; allowed: letters, digits and '_', not beginning with a digit")
        if SECRET_NAME.search(name) and isinstance(value, str):
            yield Problem(
                f"environment.{name}",
                "is a secret in plain text; keep it in the cloud's vault and pass its address, under a name such as "
                f"'{SECRET_NAME.sub('SECRET_ID', name)}'",
            )


def secret_problems(secrets: Mapping[str, pulumi.Input[str]], environments: Sequence[Mapping[str, pulumi.Input[str]]]) -> Iterator[Problem]:
    """Problems of variables that come from a vault: names no shell takes, or that are in a version's plain environment already."""
    plain = {name for environment in environments for name in environment}
    for name in secrets:
        if not VARIABLE.fullmatch(name):
            yield Problem(f"secrets.{name}", f"'{name}' is not a variable name; allowed: letters, digits and '_', not beginning with a digit")
        if name in plain:
            yield Problem(f"secrets.{name}", "is in the plain environment as well; give one of the two")


def remote_problems(models: Sequence[ModelVersion], schemes: tuple[str, ...], cloud: str) -> Iterator[Problem]:
    """Problems of models whose remote artifact `cloud` cannot read; `schemes` are those it can (`s3`)."""
    for index, model in enumerate(models):
        if model.is_remote and model.source.split("://")[0] not in schemes:
            allowed = ", ".join(f"{scheme}://" for scheme in schemes)
            yield Problem(f"models[{index}].source", f"'{model.source}' cannot be read by {cloud}; allowed: {allowed}, or a local path")


def _local_problems(source: str) -> Iterator[Problem]:
    path = Path(source)
    if "://" in source:
        yield Problem("source", f"'{source}' has a scheme that is not known; allowed: s3://, gs://, azureml://, https://, pvc://, or a local path")
    elif not path.exists():
        yield Problem("source", f"'{source}' does not exist (looked in {path.resolve().parent})")
    elif path.is_dir() and not any(each.is_file() for each in path.rglob("*")):
        yield Problem("source", f"'{source}' is an empty directory; a model artifact is at least one file")
    elif path.is_file() and path.stat().st_size == 0:
        yield Problem("source", f"'{source}' is an empty file")
