"""Google Cloud: the discovery documents.

Strong on shape and lists of values, thin on names and limits: those are rules of ours (`data/rules_google.yaml`) and the catalogue.
"""

import functools

from sandbox.models import discovery, sdk, tables
from sandbox.models.bound import Bound, bind


@functools.cache
def bound(token: str) -> tuple[Bound, ...]:
    """The models of a resource type that the table lists."""
    given = sdk.arguments(token)
    entry = tables.table("google").get(token)
    if given is None or entry is None:
        return ()
    resource = token.rpartition(":")[2]
    return tuple(bind(discovery.source(model), given, resource, entry.exceptions[model], entry.ignore) for model in entry.models)
