"""Putting resources right where the fix is certain."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, cast

from policies.rule import Resource, Values


def always(values: Values) -> Callable[[Resource], Values]:
    """The same values for each resource."""
    return lambda _: values


def put_right(props: Mapping[str, Any], values: Values) -> dict[str, Any] | None:
    """A copy of a resource's inputs with some of them set, or None where there is nothing to set. What is not on the way is kept as it is: secrets,
    assets, unknown values."""
    if not values:
        return None
    result = _plain(props)
    for path, value in values.items():
        target = result
        *parents, last = path.split(".") if isinstance(path, str) else path
        for key in parents:
            target[key] = target = _plain(target.get(key))
        target[last] = value
    return result


def _plain(part: Any) -> dict[str, Any]:
    """A dictionary that may be written to, without the proxies of pulumi_policy: they would drop that values are secret."""
    if not isinstance(part, Mapping):
        return {}
    known = cast("Mapping[str, Any]", part)
    if not isinstance(part, dict):
        with suppress(KeyError):
            known = cast("Mapping[str, Any]", known["__target"])
    return {key: known[key] for key in list(known)}
