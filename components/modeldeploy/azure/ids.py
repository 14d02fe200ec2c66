"""Azure resource ids and names: what is in them, and how one is made from another. Pure functions.

Shape of an id: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
"""

import hashlib
import re
from collections.abc import Callable
from typing import TypeVar

import pulumi

T = TypeVar("T")

RESOURCE_ID = re.compile(r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/[^/]+(/[^/]+/[^/]+)+", re.IGNORECASE)
KEY_ID = re.compile(r"https://[a-zA-Z0-9.-]+/keys/[a-zA-Z0-9-]+/[0-9a-f]{32}")
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

LONGEST = 40
"""Characters of a component's name. A Log Analytics workspace takes 63, private endpoints 64; the longest of ours adds 15 and 8 for auto-naming."""
LONGEST_CLUSTER = LONGEST + len("-cluster")
LONGEST_NETWORK = LONGEST_CLUSTER + len("-network")


def lift(function: Callable[[str], T], value: pulumi.Input[str]) -> pulumi.Output[T]:
    """`function` of a value that may be known later only."""
    return pulumi.Output.from_input(value).apply(function)


def last(resource_id: str) -> str:
    """The resource's name: the last segment of its id."""
    return resource_id.rstrip("/").rsplit("/", 1)[-1]


def segment(resource_id: str, kind: str) -> str:
    """The name that follows `kind` in an id: `pricing` for `resourceGroups` in `.../resourceGroups/pricing/...`."""
    parts = resource_id.split("/")
    lower = [part.lower() for part in parts]
    return parts[lower.index(kind.lower()) + 1]


def parent(resource_id: str) -> str:
    """The id of what the resource is in: the server of a database."""
    return resource_id.rstrip("/").rsplit("/", 2)[0]


def group_id(resource_id: str) -> str:
    """The id of the resource group that a resource is in."""
    return f"/subscriptions/{segment(resource_id, 'subscriptions')}/resourceGroups/{segment(resource_id, 'resourceGroups')}"


def role_id(scope: str, role: str) -> str:
    """The id of a built-in role as Azure gives it back for an assignment on `scope`, so that a refresh sees no difference."""
    return f"/subscriptions/{segment(scope, 'subscriptions')}/providers/Microsoft.Authorization/roleDefinitions/{role}"


def key_parts(key_id: str) -> tuple[str, str]:
    """Address of the vault, and name, of a key: `https://v.vault.azure.net/` and `k` for `https://v.vault.azure.net/keys/k/<version>`."""
    vault, _, rest = key_id.partition("/keys/")
    return f"{vault}/", rest.split("/")[0]


def server_key_name(key_id: str) -> str:
    """The name SQL Server gives a key: `<vault>_<key>_<version>` (see `azure_native.sql.ServerKey`)."""
    vault, name = key_parts(key_id)
    return f"{vault.removeprefix('https://').split('.')[0]}_{name}_{last(key_id)}"


def unique(name: str, group: pulumi.Input[str], limit: int, separator: str = "-") -> pulumi.Output[str]:
    """A name no other customer has, for services whose names are unique worldwide: `name` and eight digits that depend on the id of the group.

    The same idea as ARM's `uniqueString(resourceGroup().id)`: the group's own name has a random part.
    """

    start = re.sub(f"[^a-z0-9{separator}]", separator, name.lower())
    start = start if start[:1].isalpha() else f"m{start}"
    start = start[: limit - 8 - len(separator)].rstrip("-")

    def build(identifier: str) -> str:
        return f"{start}{separator}{hashlib.sha256(f'{identifier.lower()}/{name}'.encode()).hexdigest()[:8]}"

    return lift(build, group)
