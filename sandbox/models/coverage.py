"""`python -m sandbox coverage`: how much of each resource type is held against its vendor's model.

An input counts as matched when it has a place in the vendor's model; inputs of the provider itself (auto-naming, waiting, the parts of the address)
do not count, each with its reason in the tables. A type under 90% needs a written reason.
"""

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sandbox.models import bound, kubernetes, rules, tables
from sandbox.models.used import used_types

ENOUGH: Final = 0.9

_TABLES: Final[Mapping[str, str]] = {"aws": "aws", "azure-native": "azure", "gcp": "google"}


@dataclass(frozen=True)
class Coverage:
    """What the models know of one resource type."""

    token: str
    matched: frozenset[str]
    unmatched: frozenset[str]
    own: Mapping[str, str]
    """Inputs of the provider itself, with the reason why they do not count."""
    reason: str
    """Why there are fewer than enough."""
    whole: bool = False
    """The vendor's model is the resource's own schema (Kubernetes): every input is in it."""

    @property
    def share(self) -> float:
        """The matched part of the inputs that count."""
        counted = len(self.matched) + len(self.unmatched)
        return 1.0 if self.whole or not counted else len(self.matched) / counted

    @property
    def ours(self) -> frozenset[str]:
        """The unmatched inputs that our own rules check."""
        return self.unmatched & rules.names(self.token)

    @property
    def accounted(self) -> bool:
        """Whether the share is enough or the reason is written."""
        return self.share >= ENOUGH or bool(self.reason)


def of(token: str) -> Coverage:
    """The coverage of a resource type."""
    package = token.partition(":")[0]
    if package == "kubernetes":
        known = kubernetes.knows(token)
        reason = "" if known else "custom resources have no published schema; a real API server checks them"
        return Coverage(token, frozenset(), frozenset() if known else frozenset(("*",)), {}, reason, whole=known)
    entry = tables.table(_TABLES[package]).get(token) if package in _TABLES else None
    seen: dict[str, bool] = {}
    own: dict[str, str] = {}
    for one in bound(token):
        for path, link, reason in one.root.covered():
            if reason is not None:
                own[path] = reason
            else:
                seen[path] = seen.get(path, False) or (link is not None and link.checked)
    counted = {path: matched for path, matched in seen.items() if path not in own}
    unknown = not bound(token)
    return Coverage(
        token,
        frozenset(path for path, matched in counted.items() if matched),
        frozenset(path for path, matched in counted.items() if not matched) if not unknown else frozenset(("*",)),
        own,
        entry.reason if entry is not None else "",
    )


def listed() -> list[str]:
    """Every resource type in the tables, used or not."""
    return sorted(token for name in _TABLES.values() for token in tables.table(name))


def report(tokens: Iterable[str], *, details: bool) -> list[str]:
    """The lines of the report."""
    lines: list[str] = []
    totals: dict[str, list[int]] = {}
    for token in tokens:
        one = of(token)
        counted = len(one.matched) + len(one.unmatched)
        total = totals.setdefault(token.partition(":")[0], [0, 0, 0])
        total[0] += 1
        total[1] += len(one.matched)
        total[2] += counted
        said = "whole" if one.whole else f"{len(one.matched)}/{counted}"
        lines.append(f"{'  ' if one.accounted else '! '}{token:<85} {said:>9} {one.share:>5.0%}")
        if one.ours:
            lines.append(f"      {len(one.ours)} more by rules of ours")
        if one.unmatched and one.share < 1 and (details or one.share < ENOUGH):
            lines.append(f"      not matched: {', '.join(sorted(one.unmatched))}")
        if one.reason and one.share < ENOUGH:
            lines.append(f"      reason: {one.reason}")
        if details:
            lines.extend(f"      not counted: {path}: {why}" for path, why in sorted(one.own.items()))
    for package, (types, matched, counted) in totals.items():
        share = f"{matched} of {counted} inputs ({matched / counted:.1%})" if counted else "every input"
        lines.append(f"{package}: {types} types, {share} held against the vendor's model")
    return lines


def main(argv: list[str]) -> int:
    """Prints the report; 1 when a type is under 90% without a reason."""
    parser = argparse.ArgumentParser(prog="python -m sandbox coverage", description=__doc__)
    parser.add_argument("types", nargs="*", help="only types whose token contains one of these")
    parser.add_argument("--all", action="store_true", help="every type in the tables, not only those that our components use")
    parser.add_argument("--details", action="store_true", help="name every input that is not matched or not counted")
    options = parser.parse_args(argv)
    tokens = listed() if options.all else used_types()
    chosen = [token for token in tokens if not options.types or any(part in token for part in options.types)]
    print("\n".join(report(chosen, details=options.details)))
    short = [token for token in chosen if not of(token).accounted]
    if short:
        print(f"{len(short)} types are under {ENOUGH:.0%} without a reason: {', '.join(short)}")
    return 1 if short else 0
