"""Physical names that the providers choose: `<logical name>-1a2b3c4` and its variants.

The random part comes from the seed the engine sends, so one check gives one name. Names the provider chose are listed in the inputs under
`__defaults`, as the bridged providers do: the next check keeps them, and a replacement knows that it may create before it deletes.
"""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from sandbox.clouds import Row
from sandbox.identity import name_property
from sandbox.metadata import ResourceType
from sandbox.values import Inputs, Refusal

DEFAULTS = "__defaults"
_AUTONAMED = "pulumi.com/autonamed"


class Mode(StrEnum):
    """What the engine's `pulumi:autonaming` configuration asks for."""

    PROPOSE = "propose"
    ENFORCE = "enforce"
    DISABLE = "disable"


@dataclass(frozen=True)
class Wish:
    """The engine's own idea of a name, when automatic naming is configured."""

    mode: Mode
    name: str


def apply_name(
    resource: ResourceType, row: Row, inputs: Inputs, *, old_inputs: Inputs, logical_name: str, seed: bytes, wish: Wish | None
) -> tuple[Inputs, list[Refusal]]:
    """The inputs with a physical name where the program gave none, and the marker of what was chosen."""
    if resource.package == "kubernetes":
        return _name_object(inputs, old_inputs=old_inputs, logical_name=logical_name, seed=seed, wish=wish), []
    chosen: list[str] = []
    problems: list[Refusal] = []
    rule = name_property(resource, row)
    if rule is not None and inputs.get(rule.property) is None and inputs.get(f"{rule.property}Prefix") is None:
        old_defaults = cast("list[str]", old_inputs.get(DEFAULTS) or [])
        if rule.property in old_defaults and old_inputs.get(rule.property) is not None:
            name = old_inputs[rule.property]
        elif wish is not None and wish.mode is Mode.DISABLE:
            name = None
        elif wish is not None and wish.name and rule.style != "uuid":
            name = wish.name
        else:
            name = _build(rule.style, logical_name, seed)
        if name is not None:
            name = str(name).lower() if row.lower else name
            if row.name == "bucket":
                name = str(name).replace("_", "-")
            if len(str(name)) > row.max_name:
                problems.append(
                    Refusal(
                        rule.property, f"the automatic name '{name}' has {len(str(name))} characters, allowed are {row.max_name}: give a shorter name"
                    )
                )
            inputs = {**inputs, rule.property: name}
            chosen.append(rule.property)
    return {**inputs, DEFAULTS: chosen}, problems


def _build(style: str, logical_name: str, seed: bytes) -> str:
    match style:
        case "uuid":
            return str(uuid.UUID(_hex(seed, 32), version=4))
        case "copy":
            return logical_name
        case "joined":
            return f"{logical_name}{_hex(seed, 8)}"
        case _:
            return f"{logical_name}-{_hex(seed, 7)}"


def _hex(seed: bytes, count: int) -> str:
    return hashlib.sha256(seed).hexdigest()[:count] if seed else secrets.token_hex(count)[:count]


def _name_object(inputs: Inputs, *, old_inputs: Inputs, logical_name: str, seed: bytes, wish: Wish | None) -> Inputs:
    given: Any = inputs.get("metadata")
    if given is not None and not isinstance(given, dict):
        return inputs
    metadata = cast("Inputs", given or {})
    if metadata.get("name") is not None or metadata.get("generateName") is not None or (wish is not None and wish.mode is Mode.DISABLE):
        return inputs
    old = cast("Inputs", old_inputs.get("metadata") or {})
    if _annotations(old).get(_AUTONAMED) == "true":
        name = old["name"]
    else:
        name = wish.name if wish is not None and wish.name else f"{logical_name}-{_hex(seed, 8)}"
    annotations = {**_annotations(metadata), _AUTONAMED: "true"}
    return {**inputs, "metadata": {**metadata, "name": name, "annotations": annotations}}


def _annotations(metadata: Inputs) -> Inputs:
    given = metadata.get("annotations")
    return cast("Inputs", given) if isinstance(given, dict) else {}


def was_chosen(resource: ResourceType, row: Row, inputs: Inputs) -> bool:
    """Whether the physical name has a random part, so that a replacement gets another name."""
    if resource.package == "kubernetes":
        metadata = cast("Inputs", inputs.get("metadata") or {})
        return _annotations(metadata).get(_AUTONAMED) == "true" or metadata.get("generateName") is not None
    rule = name_property(resource, row)
    if rule is None or rule.style == "copy":
        return False
    return rule.property in (inputs.get(DEFAULTS) or []) or inputs.get(f"{rule.property}Prefix") is not None
