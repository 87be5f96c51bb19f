"""Rules for extended statistics."""

from __future__ import annotations

from collections.abc import Sequence

from snapstore.model import Fact
from snapstore.rules import Rule
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.kinds.whole import only, whole


def _statistics(fact: Fact) -> list[str]:
    found: list[str] = [reparsable(fact.attrs["definition"])]
    if "target" in fact.attrs:
        found.append(f"ALTER STATISTICS {fact.name} SET STATISTICS {fact.attrs['target']}")
    return found


def _tune_statistics(before: Fact, after: Fact) -> Sequence[str] | None:
    if not only(before, after, "target"):
        return None
    return [f"ALTER STATISTICS {after.name} SET STATISTICS {after.attrs.get('target', -1)}"]


RULES: dict[str, Rule] = {
    "statistics": whole("STATISTICS", _statistics, rank=75, tune=_tune_statistics),
}
