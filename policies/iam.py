"""Reading AWS policy documents."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from policies.view import View

ANYBODY = "*"
NARROWING = (
    "aws:source",
    "aws:principal",
    "aws:userid",
    "aws:vpcsource",
    "aws:calledvia",
    "kms:calleraccount",
    "kms:viaservice",
    "s3:dataaccesspoint",
)
"""Beginnings of the condition keys that tell who calls or from where:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"""


def statements(view: View, path: str, effect: str = "Allow") -> Iterator[Mapping[str, Any]]:
    """The statements with this effect in the policy document at `path` (JSON text or an object)."""
    document = view.document(path)
    if not isinstance(document, Mapping):
        return
    found: Any = cast("Mapping[str, Any]", document).get("Statement")
    listed: Sequence[Any] = [found] if isinstance(found, Mapping) else cast("Sequence[Any]", found or ())
    for statement in listed:
        if isinstance(statement, Mapping):
            known = cast("Mapping[str, Any]", statement)
            if known.get("Effect") == effect:
                yield known


def texts(statement: Mapping[str, Any], key: str) -> list[str]:
    """A part of a statement that may be one text or a list of them."""
    value: Any = statement.get(key)
    if isinstance(value, str):
        return [value]
    return [each for each in cast("Sequence[Any]", value or ()) if isinstance(each, str)] if not isinstance(value, Mapping) else []


def allows_anybody(statement: Mapping[str, Any]) -> bool:
    """Whether the statement is for every principal there is, without a condition that narrows it."""
    principal: Any = statement.get("Principal")
    if isinstance(principal, Mapping):
        values = [each for key in cast("Mapping[str, Any]", principal) for each in texts(cast("Mapping[str, Any]", principal), key)]
    else:
        values = texts(statement, "Principal")
    return ANYBODY in values and not _narrows(statement.get("Condition"))


def _narrows(condition: Any) -> bool:
    """Whether a condition asks who calls or from where; one on TLS, for example, lets everybody in."""
    if not isinstance(condition, Mapping):
        return False
    operators = cast("Mapping[str, Any]", condition)
    keys = (key for operator in operators if isinstance(operators[operator], Mapping) for key in cast("Mapping[str, Any]", operators[operator]))
    return any(key.lower().startswith(NARROWING) for key in keys)


def name(statement: Mapping[str, Any], index: int) -> str:
    """How messages call a statement."""
    sid: Any = statement.get("Sid")
    return f"statement '{sid}'" if isinstance(sid, str) and sid else f"statement {index}"


def nobody_unnamed(path: str) -> Callable[[View], Iterator[str]]:
    """No statement of the resource policy at `path` is for everybody."""

    def check(view: View) -> Iterator[str]:
        for index, statement in enumerate(statements(view, path)):
            if allows_anybody(statement):
                yield f"{view.at(path)}: {name(statement, index)} allows everybody (Principal '*') without a condition"

    return check
