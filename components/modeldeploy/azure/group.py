"""The resource group that a component's resources are in: given, or made."""

from dataclasses import dataclass

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.operations import Environment
from modeldeploy.spec.tags import standard_tags


@dataclass(frozen=True)
class Group:
    """A resource group, and what every resource in it shares."""

    name: pulumi.Output[str]
    id: pulumi.Output[str]
    tags: dict[str, str]
    environment: Environment

    @property
    def is_production(self) -> bool:
        """Whether stores in it refuse to be deleted."""
        return self.environment is Environment.PRODUCTION


def group(name: str, given: pulumi.Input[str] | None, environment: Environment, tags: dict[str, str], parent: pulumi.Resource) -> Group:
    """The group named `given`, or a new one in the provider's location.

    In production a group that is made refuses to be deleted: Azure deletes everything in it.
    """
    shared = standard_tags(tags, environment)
    if given is not None:
        found = native.resources.get_resource_group_output(resource_group_name=given, opts=pulumi.InvokeOutputOptions(parent=parent))
        return Group(found.name, found.id, shared, environment)
    made = native.resources.ResourceGroup(
        name, tags=shared, opts=pulumi.ResourceOptions(parent=parent, protect=environment is Environment.PRODUCTION)
    )
    return Group(made.name, made.id, shared, environment)
