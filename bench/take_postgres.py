"""``snap`` on PostgreSQL schemas of 1,000 and 5,000 tables against ``pg_dump --schema-only`` of the same.

The server is the embedded one: it needs the extra ``demo``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import schema
from bench.database import Database
from bench.timing import Pair, compare, middle
from snapstore import embedded

SIZES = {1_000: 7, 5_000: 5}
"""Rounds by number of tables."""
PLAN_GOAL = 0.94
"""A fifth of what the fastest other planner takes for the same job, 4.7x (docs/performance.md)."""


def run(report: Callable[[object], None]) -> None:
    """Cold, unchanged, as a question, and what to do about one object in a hundred; memory and growth."""
    with tempfile.TemporaryDirectory(prefix="snapstore-bench-") as base, embedded.temporary() as server:
        small, large = (_measure(Database(Path(base), server, size), report) for size in SIZES)
        for one, many in zip(small, large, strict=True):
            growth = middle(many.ours).wall / middle(one.ours).wall
            report(f"{many.name}: {growth:.1f}x the time of the smaller schema  (goal 5.0x)")


def _measure(bench: Database, report: Callable[[object], None]) -> list[Pair]:
    pairs = []

    def against_dump(title: str, words: Sequence[str], goal: float, project: str = "first") -> None:
        def ours(number: int) -> None:
            bench.snap(project.format(number), words)

        title = f"{bench.tables:,} tables: {title}"
        rounds = SIZES[bench.tables]
        pairs.append(compare(title, ours, bench.dump, rounds=rounds, goal=goal, cpu=bench.cpu))
        report(pairs[-1])
        report(f"{title}: {bench.peak(project.format('-peak'), words):.0f} MB at its peak  (goal 200 MB)")

    take = ["take", "-q", "-m", "take"]
    bench.snap("first", take)
    against_dump("take, cold", take, 1.0, project="cold{}")
    against_dump("take, unchanged", take, 1.0)
    against_dump("status, unchanged", ["status"], 0.8)
    bench.psql(schema.drift(bench.tables))
    against_dump("plan, 1 % drifted", ["plan", "HEAD"], PLAN_GOAL)
    return pairs
