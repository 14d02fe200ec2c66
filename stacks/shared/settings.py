"""Reads a stack's configuration: the cloud, and one structured value that is checked as a whole; and finds the models it names."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pulumi
from pulumi.runtime import get_config_env

from modeldeploy import grid
from modeldeploy.grid import choose
from modeldeploy.registries import Resolved, resolve
from modeldeploy.spec import ArgumentError, Container, Model, Problem
from modeldeploy.spec.arguments import parse, unknown_name
from modeldeploy.spec.needs import DeploymentType
from stacks.shared.target import Target

T = TypeVar("T")

KEYS = ("cloud", "workload")

READS: dict[Target, tuple[str, ...]] = {Target.AWS: ("s3",), Target.AZURE: (), Target.GCP: ("gs",), Target.CLUSTER: ("s3", "gs")}
"""Object stores in which a target's deployments read a registry's model where it is. From others it is downloaded, and uploaded to the deployment's
own store; on Azure always, where a blob's account would have to be named besides."""

ARCHIVES_ONLY = {(DeploymentType.MANAGED_ENDPOINT, Target.AWS), (DeploymentType.MANAGED_BATCH, Target.AWS)}
"""Deployments that read archives in place, and registries keep folders."""

LONGEST_TAG = 255


@dataclass(frozen=True, kw_only=True)
class Release:
    """One version of the stack's model."""

    version: str | None = None
    """Version as the team counts them. Default: the registry's, where `source` is in one; required elsewhere."""
    source: str | None = None
    """The artifact: a local file or directory, a URI the chosen cloud can read, or a model in a registry (`models:/name/7`, `models:/name@alias`, a
    file that DVC tracks). See `modeldeploy.registries`. Excludes `sources`."""
    sources: dict[str, str] = field(default_factory=dict[str, str])
    """The artifact per cloud, where each has a copy in its own object storage. Excludes `source`."""
    images: dict[str, str]
    """Serving image by digest, per cloud: every cloud pulls from a registry of its own."""
    environment: dict[str, str] = field(default_factory=dict[str, str])
    """Environment variables of the container. No secrets."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        for name, named in (("images", self.images), ("sources", self.sources)):
            for cloud in named:
                if cloud not in tuple(Target):
                    yield Problem(f"{name}.{cloud}", unknown_name(cloud, Target))
        if (self.source is None) == (not self.sources):
            yield Problem("source", "give either source or sources")

    def find(self, name: str, kind: DeploymentType, target: Target) -> "Found":
        """This release as the model `name` of a deployment of type `kind` on `target`.

        The registry is asked: do it once for each release in a run, for an alias may move in between.
        """
        source = self.sources.get(target) if self.source is None else self.source
        if source is None:
            raise ArgumentError(where(), [Problem("workload.models.sources", f"has none for '{target}'")])
        here = f"workload.models (source {source})"
        if target not in self.images:
            raise ArgumentError(where(), [Problem(f"{here}.images", f"has no image for '{target}'")])
        resolved = resolve(source, reads=() if (kind, target) in ARCHIVES_ONLY else READS[target])
        version = self.version or resolved.version
        if version is None:
            raise ArgumentError(where(), [Problem(f"{here}.version", "is required: the source is in no registry that counts versions")])
        environment: dict[str, pulumi.Input[str]] = {**self.environment}
        container = Container(image=self.images[target], environment=environment)
        return Found(Model(name=name, version=version, source=resolved.source, container=container), resolved)


@dataclass(frozen=True)
class Found:
    """A release whose exact version is known."""

    model: Model
    resolved: Resolved


def source_tags(found: Sequence[Found]) -> dict[str, str]:
    """Tags that say where each version came from: `model-source-7`, and `model-run-7` where a registry knows the run."""
    return {f"{name}-{each.model.version}": value[:LONGEST_TAG] for each in found for name, value in each.resolved.tags().items()}


def check(component: Callable[..., object], name: str, arguments: Mapping[str, object]) -> None:
    """Checks a component's arguments before anything is registered; the `ArgumentError` names the configuration file they come from."""
    try:
        grid.check(component, name, arguments)
    except ArgumentError as error:
        raise ArgumentError(f"{where()}, as arguments of {getattr(component, '__name__', component)} '{name}'", error.problems) from None


def load(kind: type[T]) -> tuple[Target, T]:
    """The chosen cloud, and the stack's `workload` as an instance of `kind`.

    Raises `ArgumentError` that names the configuration file and key of everything that is wrong, unknown keys included.
    """
    config = pulumi.Config()
    known = {f"{config.name}:{key}" for key in KEYS}
    mistyped = [name for name in get_config_env() if name.startswith(f"{config.name}:") and name not in known]
    if mistyped:
        raise ArgumentError(where(), [Problem(name, unknown_name(name, known)) for name in mistyped])
    missing = [key for key in KEYS if config.get(key) is None]
    if missing:
        raise ArgumentError(where(), [Problem(f"{config.name}:{key}", "is required") for key in missing])
    target = choose(Target, config.require("cloud"), f"{config.name}:cloud", where())
    return target, parse(kind, config.require_object("workload"), f"{where()}, key {config.name}:workload")


def where() -> str:
    """The configuration file of this stack, as messages name it."""
    return os.path.join("stacks", f"Pulumi.{pulumi.get_stack()}.yaml")
