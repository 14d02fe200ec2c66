"""How long a check against the vendors' models takes: median over the valid resources of the tests, once warm.

    python benchmarks/check.py

The limit is 2 ms at the median. The first check of a type loads its model; that is told apart.
"""

import statistics
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from sandbox.models import check  # noqa: E402 (after the path is set)

ROUNDS = 20
LIMIT_MS = 2.0


def main() -> int:
    resources = yaml.safe_load((ROOT / "tests/sandbox/models/valid/resources.yaml").read_text())
    first, warm = {}, {}
    for token, inputs in resources.items():
        start = time.perf_counter()
        check(token, inputs)
        first[token] = (time.perf_counter() - start) * 1000
    for token, inputs in resources.items():
        rounds = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            check(token, inputs)
            rounds.append((time.perf_counter() - start) * 1000)
        warm[token] = statistics.median(rounds)
    slowest = max(warm, key=warm.__getitem__)
    print(f"{len(resources)} resource types")
    print(
        f"first check of a type (loads its model): median {statistics.median(first.values()):.1f} ms, all together {sum(first.values()) / 1000:.1f} s"
    )
    print(f"once warm: median {statistics.median(warm.values()):.3f} ms; slowest {warm[slowest]:.3f} ms ({slowest})")
    return 0 if statistics.median(warm.values()) < LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
