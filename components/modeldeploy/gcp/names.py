"""Names of components, which the names of their resources begin with."""

import re

from modeldeploy.spec.arguments import ArgumentError, Problem
from modeldeploy.spec.names import fit

LONGEST = 30
"""Compute Engine takes names of 63 characters. The longest of ours adds 23 (`-network-allow-services`) and 8 for the random suffix."""
LONGEST_NETWORK = LONGEST + len("-network")
ACCOUNT = (6, 30)
"""Length of a service account's id, at least and at most."""


def check_name(subject: str, name: str, longest: int = LONGEST) -> None:
    """Raises `ArgumentError` for a component's name that Compute Engine would refuse in the names of its resources."""
    if not re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", name) or len(name) > longest:
        rule = f"1 to {longest} lower-case letters, digits and '-', beginning with a letter and not ending with '-'"
        raise ArgumentError(subject, [Problem("name", f"'{name}' is no name for resources of Google Cloud; allowed: {rule}")])


def account_id(name: str, stack: str) -> str:
    """The id of a component's service account, the same for the same stack."""
    least, most = ACCOUNT
    wanted = f"{name}-{stack}"
    return fit(wanted if len(wanted) >= least else f"{wanted}-model", most)
