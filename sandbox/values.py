"""Values as they pass between the sandbox's parts: plain Python data with the two things JSON cannot say.

Property values are `None`, `bool`, `float`/`int`, `str`, `list` and `dict` under the provider's wire names (camelCase, as the engine sends them),
with secrets unwrapped, and:

- `UNKNOWN` where a preview does not know the value yet;
- `AssetValue` for assets and archives.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final


class Unknown(Enum):
    """The type of `UNKNOWN`; an enum so that pyright can narrow it away."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN
"""A value that a preview cannot know yet. Checks accept it wherever a value may stand."""


Inputs = dict[str, Any]
"""A resource's properties by wire name."""


@dataclass(frozen=True)
class AssetValue:
    """An asset or archive: its kind (`asset` or `archive`), its content hash, and the local path or URI when there is one.

    `assets` holds the parts of an archive that was put together in the program, by their names in it.
    """

    kind: str
    hash: str
    path: str | None = None
    uri: str | None = None
    text: str | None = None
    assets: tuple[tuple[str, "AssetValue"], ...] = ()


@dataclass(frozen=True)
class Refusal:
    """One reason why a resource is refused.

    `property` is the wire path (`productionVariants[0].instanceType`), `reason` a sentence that names the value and what is allowed.
    """

    property: str
    reason: str
