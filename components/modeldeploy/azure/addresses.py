"""Who is let in from outside the network: public addresses, and callers by their identity."""

import ipaddress
from collections.abc import Iterator, Sequence

from modeldeploy.spec.arguments import Problem

from . import ids

WIDEST_RANGE, NARROWEST_RANGE = 16, 30
"""Prefix lengths of a range of addresses outside the network; storage accounts take a single address, or /30 and wider."""


def allowed_ip_problems(addresses: Sequence[str]) -> Iterator[Problem]:
    """Problems of `allowed_ips`."""
    for index, address in enumerate(addresses):
        if not _is_public(address):
            yield Problem(
                f"allowed_ips[{index}]", f"'{address}' is no public IPv4 address, nor a public range of /{WIDEST_RANGE} to /{NARROWEST_RANGE}"
            )


def caller_problems(callers: Sequence[str], argument: str = "access.callers") -> Iterator[Problem]:
    """Problems of an argument that lists principals."""
    for index, caller in enumerate(callers):
        if not ids.GUID.fullmatch(caller):
            yield Problem(f"{argument}[{index}]", f"'{caller}' is no object id of an Entra principal (a GUID)")


def _is_public(address: str) -> bool:
    try:
        network = ipaddress.IPv4Network(address)
    except ValueError:
        return False
    return network.is_global and ("/" not in address or WIDEST_RANGE <= network.prefixlen <= NARROWEST_RANGE)
