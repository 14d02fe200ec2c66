"""Tags as Azure takes them."""

from collections.abc import Iterator, Mapping

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.tags import STANDARD

MOST_TAGS = 15
"""Storage accounts and autoscale settings take no more (`azure_native.storage.StorageAccountArgs.tags`), other resources 50."""


def tag_count_problems(tags: Mapping[str, str]) -> Iterator[Problem]:
    """Problems of more tags than a storage account takes."""
    allowed = MOST_TAGS - len(STANDARD)
    if len(tags) > allowed:
        yield Problem("tags", f"{len(tags)} tags are too many for an Azure storage account; use {allowed} or fewer")
