"""Names of components, which the names of their resources begin with."""

from modeldeploy.spec.names import fit

LONGEST = 30
"""Compute Engine takes names of 63 characters. The longest of ours adds 23 (`-network-allow-services`) and 8 for the random suffix."""
LONGEST_NETWORK = LONGEST + len("-network")
ACCOUNT = (6, 30)
"""Length of a service account's id, at least and at most."""


def account_id(name: str, stack: str) -> str:
    """The id of a component's service account, the same for the same stack."""
    least, most = ACCOUNT
    wanted = f"{name}-{stack}"
    return fit(wanted if len(wanted) >= least else f"{wanted}-model", most)
