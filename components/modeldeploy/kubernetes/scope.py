"""What the parts of one component share: names, labels, the namespace, and who is the parent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from modeldeploy.spec.arguments import ArgumentError, Problem
from modeldeploy.spec.names import fit
from modeldeploy.spec.operations import Environment

NAME = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")

INSTANCE = "app.kubernetes.io/instance"
VERSION = "app.kubernetes.io/version"
SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
"""Annotation of objects that Pulumi would wait for although nothing has to happen: a Service scaled to zero, an Ingress, a long Job."""


@dataclass(frozen=True)
class Scope:
    """A component while it is being made."""

    name: str
    """The component's name, with which the names of its objects begin."""
    namespace: pulumi.Input[str]
    """The namespace of its objects."""
    namespace_name: str
    """Its name."""
    owned: bool
    """Whether the namespace is the component's own."""
    labels: Mapping[str, str]
    """Labels of every object."""
    component: pulumi.Resource
    """The parent of its resources."""

    @property
    def selector(self) -> dict[str, str]:
        """What selects all pods of the component."""
        return {INSTANCE: self.name}

    def within(self, namespace: pulumi.Input[str]) -> "Scope":
        """The same in its namespace, once that is there."""
        return Scope(self.name, namespace, self.namespace_name, self.owned, self.labels, self.component)

    def metadata(
        self, name: str | None, labels: Mapping[str, str] | None = None, annotations: Mapping[str, pulumi.Input[str]] | None = None
    ) -> ObjectMetaArgs:
        """Metadata of an object in the namespace; without a name Pulumi makes one up."""
        return ObjectMetaArgs(
            name=name, namespace=self.namespace, labels={**self.labels, **(labels or {})}, annotations=dict(annotations) if annotations else None
        )

    def template(self, labels: Mapping[str, str]) -> ObjectMetaArgs:
        """Metadata of what a controller makes after a template."""
        return ObjectMetaArgs(labels={**self.labels, **labels})

    def child(self, *depends_on: pulumi.Resource, **options: Any) -> pulumi.ResourceOptions:
        """Options of a resource that comes after `depends_on`."""
        return pulumi.ResourceOptions(parent=self.component, depends_on=list(depends_on), **options)


def check_name(kind: str, name: str) -> None:
    """Raises `ArgumentError` for a component's name that its objects could not be named after."""
    if not NAME.fullmatch(name):
        reason = (
            f"'{name}' cannot begin the names of Kubernetes objects; allowed: 1 to 40 lower-case letters, digits and '-', beginning with a letter"
        )
        raise ArgumentError(f"{kind} '{name}'", [Problem("name", reason)])


def scope(name: str, model: str, namespace: str | None, tags: Mapping[str, str], environment: Environment, component: pulumi.Resource) -> Scope:
    """The scope of a component. `model` is the name of what is deployed."""
    labels = {
        **tags,
        "app.kubernetes.io/name": model,
        INSTANCE: name,
        "app.kubernetes.io/managed-by": "modeldeploy",
        "environment": environment.value,
    }
    chosen = namespace or own_namespace(name)
    return Scope(name, chosen, chosen, namespace is None, labels, component)


def own_namespace(name: str) -> str:
    """The namespace that a component makes for itself, which clouds name when they give its pods an identity.

    The stack's name keeps two stacks on one cluster apart: server-side apply would let the second take over the first one's objects.
    """
    return fit(f"{name}-{pulumi.get_stack()}", 63)


def version_name(name: str, version: str) -> str:
    """Name of the objects of one version; short enough for what the controllers add to it."""
    return fit(f"{name}-v{version}", 52)
