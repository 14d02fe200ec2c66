"""The private network a deployment lives in: given, or made for it."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field

import pulumi

from .arguments import Problem
from .operations import Environment, retention_problems
from .tags import tag_problems

DEFAULT_CIDR = "10.64.0.0/16"


@dataclass(frozen=True, kw_only=True)
class Network:
    """Where the deployment is attached. Nothing given: a network of its own is made, with no way in from the internet."""

    id: pulumi.Input[str] | None = None
    """The network to use: VPC id on AWS, ARM id of the virtual network on Azure, id or self link of the VPC network on Google Cloud.
    Omitted: one is made."""
    subnet_ids: list[pulumi.Input[str]] = field(default_factory=list["pulumi.Input[str]"])
    """Private subnets of the network given by `id`, in the order the cloud's component documents. Required with `id`, and only then."""
    cidr: str | None = None
    """Address range of the network that is made, a private IPv4 range of /16 to /20. Omitted: 10.64.0.0/16. Excludes `id`."""
    callers: list[str] = field(default_factory=list[str])
    """Private IPv4 ranges that may reach the endpoint besides the network's own, in CIDR notation (peered networks, offices over VPN)."""

    @property
    def range(self) -> str:
        """Address range of a network that is made."""
        return DEFAULT_CIDR if self.cidr is None else self.cidr

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        if self.id is not None and not self.subnet_ids:
            yield Problem("subnet_ids", "is required with network.id: list the private subnets to use")
        if self.id is None and self.subnet_ids:
            yield Problem("id", "is required with network.subnet_ids: name the network they belong to")
        if self.id is not None and self.cidr is not None:
            yield Problem("cidr", "excludes network.id: the network given has its range already; give one of the two")
        if self.cidr is not None:
            yield from cidr_problems("cidr", self.cidr, shortest=16, longest=20)
        for index, caller in enumerate(self.callers):
            yield from cidr_problems(f"callers[{index}]", caller)


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """Arguments of a private network made for several deployments to share."""

    cidr: str = DEFAULT_CIDR
    """Address range, a private IPv4 range of /16 to /20."""
    log_retention_days: int = 90
    """Days that flow logs are kept: 30, 60, 90, 120, 180, 365, 545 or 731."""
    environment: Environment = Environment.PRODUCTION
    """What the network is for."""
    tags: dict[str, str] = field(default_factory=dict[str, str])
    """Tags for everything that takes them, besides `environment` and `managed-by`."""

    def problems(self) -> Iterator[Problem]:
        """See `Checked`."""
        yield from cidr_problems("cidr", self.cidr, shortest=16, longest=20)
        yield from retention_problems(self.log_retention_days)
        yield from tag_problems(self.tags)


def subnets(cidr: str, count: int, prefix: int) -> list[str]:
    """The first `count` ranges of length `prefix` inside `cidr`."""
    parts = ipaddress.ip_network(cidr).subnets(new_prefix=prefix)
    return [str(part) for part, _ in zip(parts, range(count), strict=False)]


def cidr_problems(path: str, value: str, shortest: int = 8, longest: int = 32) -> Iterator[Problem]:
    """Problems of a private IPv4 range: not a range, open to the internet, or of a length outside `shortest` to `longest`."""
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        yield Problem(path, f"'{value}' is not an IPv4 range ({error}); write for example 10.20.0.0/16")
        return
    if not network.is_private or network.prefixlen == 0:
        yield Problem(path, f"'{value}' is open to the internet; use a private range (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16)")
    elif not shortest <= network.prefixlen <= longest:
        yield Problem(path, f"'{value}' has the wrong size; use /{shortest} to /{longest}")
