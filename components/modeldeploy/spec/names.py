"""Physical names that fit a service's rules, where auto-naming cannot be used or would grow too long."""

import hashlib
import re

from .arguments import ArgumentError, Problem


def check_name(subject: str, name: str, longest: int) -> None:
    """Raises `ArgumentError` for a component's name of which a cloud could not make the names of its parts.

    `longest` leaves room for what the component and auto-naming add. Two '-' in a row are refused by key vaults and RDS.
    """
    if len(name) > longest or not re.fullmatch(r"[a-z](-?[a-z0-9])*", name):
        rule = f"1 to {longest} lower-case letters, digits and single '-', beginning with a letter and not ending with '-'"
        raise ArgumentError(subject, [Problem("name", f"'{name}' is no name for it; allowed: {rule}")])


def fit(name: str, limit: int, separator: str = "-") -> str:
    """`name` as services take it: lower-case letters, digits and single `separator`s (which may be empty), beginning with a letter, at most
    `limit` long.

    A name that had to be changed or cut ends in eight hexadecimal digits of its hash, so that two different names never meet and the same name
    is always the same. `limit` must be 12 or more.
    """
    clean = re.sub("[^a-z0-9]+", separator, name.lower())
    if clean == name and len(name) <= limit and name[0].isalpha() and not name.endswith("-"):
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    start = clean if clean[:1].isalpha() else f"m{clean}"
    return start[: limit - len(separator) - 8].rstrip("-") + separator + digest
