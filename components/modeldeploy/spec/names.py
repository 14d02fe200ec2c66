"""Physical names that fit a service's rules, where auto-naming cannot be used or would grow too long."""

import hashlib
import re


def fit(name: str, limit: int, separator: str = "-") -> str:
    """`name` as services take it: lower-case letters, digits and `separator` (which may be empty), beginning with a letter, at most `limit` long.

    A name that had to be changed or cut ends in eight hexadecimal digits of its hash, so that two different names never meet and the same name
    is always the same. `limit` must be 12 or more.
    """
    clean = re.sub(f"[^a-z0-9{separator}]", separator, name.lower())
    if clean == name and len(name) <= limit and name[0].isalpha() and not name.endswith("-"):
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    start = clean if clean[:1].isalpha() else f"m{clean}"
    return start[: limit - len(separator) - 8].rstrip("-") + separator + digest
