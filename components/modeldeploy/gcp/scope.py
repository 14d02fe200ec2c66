"""What the parts of one component share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from .place import Place


@dataclass(frozen=True)
class Scope:
    """A component while it is being made: what its resources are called, where they go, and what they carry."""

    name: str
    """The component's name, with which the names of its resources begin."""
    place: Place
    labels: Mapping[str, str]
    production: bool
    """Whether stores refuse to be deleted."""
    component: pulumi.Resource
    """The parent of its resources."""
    apis: Sequence[pulumi.Resource]
    """The APIs it has switched on."""
    agents: dict[str, pulumi.Output[str]] = field(default_factory=dict[str, "pulumi.Output[str]"])
    """Google's own service accounts that were asked for, by service: each is asked for once (see `agents.agent`)."""

    @property
    def project(self) -> pulumi.Input[str]:
        """Project id."""
        return self.place.project

    @property
    def region(self) -> pulumi.Input[str]:
        """Region."""
        return self.place.region

    def child(self, *depends_on: pulumi.Resource, **options: Any) -> pulumi.ResourceOptions:
        """Options of a resource that comes after `depends_on`."""
        return pulumi.ResourceOptions(parent=self.component, depends_on=list(depends_on), **options)

    def after_apis(self, *depends_on: pulumi.Resource, **options: Any) -> pulumi.ResourceOptions:
        """The same for one that needs the APIs and would not wait for them otherwise."""
        return self.child(*depends_on, *self.apis, **options)
