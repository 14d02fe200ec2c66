"""The registry that images are pulled from: given, or made.

Deployments reach nothing but approved private resources, so images must be in an Azure registry, which has a private endpoint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import pulumi
import pulumi_azure_native as native

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.model import Container

from . import ids
from .group import Group
from .private_link import Attachment, Service, private_endpoint

HOST = re.compile(r"([a-z0-9]{5,50})\.azurecr\.io")


class Pulled(Protocol):
    """What runs an image: a version of a model, or what stands for one."""

    @property
    def container(self) -> Container:
        """The container whose image is pulled."""
        ...


@dataclass(frozen=True)
class ImageRegistry:
    """A registry, and the resource when it was made here."""

    id: pulumi.Output[str]
    made: native.containerregistry.Registry | None


def host(image: str) -> str:
    """The registry's host name in an image."""
    return image.split("/")[0]


def registry_problems(models: Sequence[Pulled], registry_id: pulumi.Input[str] | None) -> Iterator[Problem]:
    """Problems of images that the deployments could not pull."""
    first = host(models[0].container.image) if models else ""
    for index, model in enumerate(models):
        path, found = f"models[{index}].container.image", host(model.container.image)
        if not HOST.fullmatch(found):
            yield Problem(
                path,
                f"'{found}' cannot be reached from a closed network; import the image into an Azure registry (az acr import) "
                "and write <registry>.azurecr.io/...",
            )
        elif found != first:
            yield Problem(path, f"'{found}' differs from '{first}'; all versions are pulled from one registry")
    if isinstance(registry_id, str):
        if not ids.RESOURCE_ID.fullmatch(registry_id):
            yield Problem("registry_id", f"'{registry_id}' is no ARM id; write /subscriptions/.../Microsoft.ContainerRegistry/registries/<name>")
        elif models and first != f"{ids.last(registry_id).lower()}.azurecr.io":
            yield Problem("registry_id", f"'{ids.last(registry_id)}' is not where the images are ('{first}'); name that registry")


def registry(
    name: str,
    models: Sequence[Pulled],
    registry_id: pulumi.Input[str] | None,
    attachment: Attachment,
    group: Group,
    parent: pulumi.Resource,
    allowed_ips: Sequence[str],
) -> ImageRegistry:
    """The registry given, or a private one under the name that the images carry.

    It is encrypted with Azure's key: a registry reads a customer's key with a user-assigned identity when it is made, and that identity does not get
    through the vault's firewall (https://github.com/MicrosoftDocs/azure-docs/issues/61064). It holds programs, not data.
    """
    if registry_id is not None:
        return ImageRegistry(pulumi.Output.from_input(registry_id), made=None)
    made = native.containerregistry.Registry(
        f"{name}-registry",
        resource_group_name=group.name,
        registry_name=host(models[0].container.image).split(".")[0],
        sku=native.containerregistry.SkuArgs(name="Premium"),
        admin_user_enabled=False,
        anonymous_pull_enabled=False,
        data_endpoint_enabled=True,
        public_network_access="Enabled" if allowed_ips else "Disabled",
        network_rule_bypass_options="AzureServices",
        network_rule_set=native.containerregistry.NetworkRuleSetArgs(
            default_action="Deny",
            ip_rules=[native.containerregistry.IPRuleArgs(i_p_address_or_range=address, action="Allow") for address in allowed_ips],
        ),
        policies=native.containerregistry.PoliciesArgs(
            export_policy=native.containerregistry.ExportPolicyArgs(status="enabled" if allowed_ips else "disabled"),
            # Images are pulled by digest, and untagged ones may be in use: nothing is purged.
            retention_policy=native.containerregistry.RetentionPolicyArgs(status="disabled"),
        ),
        zone_redundancy="Enabled" if group.is_production else "Disabled",
        tags=group.tags,
        opts=pulumi.ResourceOptions(parent=parent, protect=group.is_production),
    )
    private_endpoint(f"{name}-registry", Service.REGISTRY, made.id, attachment, group, parent)
    return ImageRegistry(made.id, made)
