"""Tags that every resource of a deployment carries."""

from collections.abc import Iterator, Mapping

from .arguments import Problem
from .operations import Environment

RESERVED = ("aws:", "azure", "microsoft", "windows", "goog")
STANDARD = ("environment", "managed-by")


def tag_problems(tags: Mapping[str, str]) -> Iterator[Problem]:
    """Problems of tags that some cloud would refuse: AWS and Azure limits; Google Cloud labels are derived from them (see `gcp/labels.py`)."""
    if len(tags) > 40:
        yield Problem("tags", f"{len(tags)} tags are too many; use 40 or fewer")
    for key, value in tags.items():
        if not 1 <= len(key) <= 63 or any(character in "<>%&\\?/" for character in key):
            yield Problem(f"tags.{key}", "is no tag name; allowed: 1 to 63 characters without < > % & \\ ? /")
        if key.lower().startswith(RESERVED):
            yield Problem(f"tags.{key}", f"begins with a word the clouds reserve ({', '.join(RESERVED)})")
        if key in STANDARD:
            yield Problem(f"tags.{key}", "is set by the component; leave it out")
        if len(value) > 255:
            yield Problem(f"tags.{key}", f"has {len(value)} characters; use 255 or fewer")


def standard_tags(tags: Mapping[str, str], environment: Environment) -> dict[str, str]:
    """The user's tags and those every resource carries."""
    return {**tags, "environment": environment.value, "managed-by": "modeldeploy"}
