"""Physical names that fit a service's rules, where auto-naming cannot be used or would grow too long."""

import hashlib
import re


def fit(name: str, limit: int, allowed: str = "a-z0-9-") -> str:
    """`name` in lower case, with every character outside `allowed` turned into '-', at most `limit` long.

    `allowed` is the inside of a regular expression's brackets. Without '-' in it, other characters are dropped.

    A name that had to be changed or cut ends in eight hexadecimal digits of its hash, so that two different names never meet and the same name
    is always the same. `limit` must be 12 or more.
    """
    clean = re.sub(f"[^{allowed}]", "-" if "-" in allowed else "", name.lower())
    if clean == name and len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    separator = "-" if "-" in allowed else ""
    return clean[: limit - 8 - len(separator)].rstrip("-") + separator + digest
