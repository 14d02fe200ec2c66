"""The APIs a component needs, switched on in its project."""

from collections.abc import Iterable

import pulumi
import pulumi_gcp as gcp

from .place import Place


def enable(name: str, apis: Iterable[str], where: Place, parent: pulumi.Resource) -> list[gcp.projects.Service]:
    """Switches on `apis` (`aiplatform`, `cloudkms`...). What uses an API depends on what this returns.

    They stay on when the component goes: others in the project may use them, and switching off an API deletes what was made with it.
    """
    return [
        gcp.projects.Service(
            f"{name}-api-{api}",
            gcp.projects.ServiceArgs(service=f"{api}.googleapis.com", project=where.project, disable_on_destroy=False),
            pulumi.ResourceOptions(parent=parent),
        )
        for api in apis
    ]
