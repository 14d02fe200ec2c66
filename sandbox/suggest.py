"""Did-you-mean for property names, values and type tokens."""

from collections.abc import Iterable
from difflib import get_close_matches


def distance(left: str, right: str, limit: int) -> int:
    """Edit distance (with transpositions as one edit) between two words, or `limit + 1` when it is more than `limit`."""
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        current = [i]
        for j, b in enumerate(right, 1):
            cost = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + (a != b))
            if before and i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, row = row, current
    return row[-1]


def nearest(word: str, known: Iterable[str], limit: int = 2) -> str | None:
    """The known word a misspelt one most likely means: at most two letters away, case and underscores aside."""
    plain = word.replace("_", "").lower()
    best: tuple[int, str] | None = None
    for candidate in known:
        edits = distance(plain, candidate.replace("_", "").lower(), min(limit, max(1, len(plain) // 3)))
        if edits <= limit and (best is None or (edits, candidate) < best) and edits < len(plain):
            best = (edits, candidate)
    if best is not None and best[0] <= min(limit, max(1, len(plain) // 3)):
        return best[1]
    return None


def nearest_tokens(token: str, known: Iterable[str]) -> list[str]:
    """Up to three tokens of the same package that look like the given one, those with the same class name first."""
    tokens = list(known)
    name = token.rsplit(":", 1)[-1]
    same = [candidate for candidate in tokens if candidate.rsplit(":", 1)[-1].lower() == name.lower()]
    close = get_close_matches(token, tokens, n=3, cutoff=0.7)
    return list(dict.fromkeys([*get_close_matches(token, same, n=3, cutoff=0.3), *close]))[:3]
