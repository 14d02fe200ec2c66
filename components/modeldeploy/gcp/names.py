"""Names of components, which the names of their resources begin with."""

import re

from modeldeploy.spec.arguments import ArgumentError, Problem
from modeldeploy.spec.names import fit

LONGEST = 30
"""Compute Engine takes names of 63 characters. The longest of ours adds 23 (`-network-allow-services`) and 8 for the random suffix."""
LONGEST_NETWORK = LONGEST + len("-network")
ACCOUNT = (6, 30)
"""Length of a service account's id, at least and at most."""
_GOOGLE = re.compile(r"^goog|google|g00gle")


def account_id(name: str, stack: str) -> str:
    """The id of a component's service account, the same for the same stack."""
    least, most = ACCOUNT
    wanted = f"{name}-{stack}"
    return fit(wanted if len(wanted) >= least else f"{wanted}-model", most)


def check_bucket_name(subject: str, name: str) -> None:
    """Raises `ArgumentError` for a component's name that no bucket may have in its own (https://cloud.google.com/storage/docs/buckets#naming)."""
    if _GOOGLE.search(name):
        reason = f"'{name}' is no name for it: names of its buckets begin with it, which may not begin with 'goog' nor have 'google' in them"
        raise ArgumentError(subject, [Problem("name", reason)])
