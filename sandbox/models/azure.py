"""Azure: the weakest of the four layers.

No package that can be installed carries Azure's own type definitions with their limits. What is held here: the azure-mgmt classes of the last
versions that still said what is required, how long, how many and by which pattern (newer than those, nothing is known), and rules of ours after the
documentation (`data/rules_azure.yaml`). Values of enums and types are in Pulumi's own SDK, which the sandbox checks before this. A value that passes
here can still be refused by Azure far more often than one that passes the other three layers.
"""

import functools

from sandbox.models import azure_classes, sdk, tables
from sandbox.models.bound import Bound, bind


def _unversioned(token: str) -> str:
    """The token without the version of the interface (`azure-native:app/v20240301:Job` is `azure-native:app:Job`)."""
    package, module, resource = token.split(":")
    return f"{package}:{module.partition('/')[0]}:{resource}"


@functools.cache
def bound(token: str) -> tuple[Bound, ...]:
    """The models of a resource type that the table lists."""
    given = sdk.arguments(token)
    entry = tables.table("azure").get(_unversioned(token))
    if given is None or entry is None:
        return ()
    resource = token.rpartition(":")[2]
    return tuple(bind(azure_classes.source(model), given, resource, entry.exceptions[model], entry.ignore) for model in entry.models)
