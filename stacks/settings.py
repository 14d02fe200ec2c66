"""Reads a stack's configuration: the cloud, and one structured value that is checked as a whole."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import pulumi
from pulumi.runtime import get_config_env

from modeldeploy.grid import Cloud, choose
from modeldeploy.spec import ArgumentError, Container, Model, Problem
from modeldeploy.spec.arguments import parse, unknown_name

T = TypeVar("T")

KEYS = ("cloud", "workload")


@dataclass(frozen=True, kw_only=True)
class Release:
    """One version of the stack's model."""

    version: str
    """Version as the team counts them."""
    source: str
    """The artifact: a local file or directory, or a URI the chosen cloud can read."""
    images: dict[str, str]
    """Serving image by digest, per cloud: every cloud pulls from a registry of its own."""
    environment: dict[str, str] = field(default_factory=dict[str, str])
    """Environment variables of the container. No secrets."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        for cloud in self.images:
            if cloud not in tuple(Cloud):
                yield Problem(f"images.{cloud}", unknown_name(cloud, Cloud))

    def model(self, name: str, cloud: Cloud) -> Model:
        """This release as the model `name` on `cloud`."""
        if cloud not in self.images:
            raise ArgumentError(where(), [Problem(f"workload.models (version {self.version}).images", f"has no image for '{cloud}'")])
        environment: dict[str, pulumi.Input[str]] = {**self.environment}
        return Model(name=name, version=self.version, source=self.source, container=Container(image=self.images[cloud], environment=environment))


def load(kind: type[T]) -> tuple[Cloud, T]:
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
    cloud = choose(Cloud, config.require("cloud"), f"{config.name}:cloud", where())
    return cloud, parse(kind, config.require_object("workload"), f"{where()}, key {config.name}:workload")


def where() -> str:
    """The configuration file of this stack, as messages name it."""
    return os.path.join("stacks", f"Pulumi.{pulumi.get_stack()}.yaml")
