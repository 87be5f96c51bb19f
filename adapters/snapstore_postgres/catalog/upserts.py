"""What ``ON CONFLICT … DO UPDATE`` stands on: ``excluded`` has all columns that the table has.

PostgreSQL notes those that were there when the rule or the function was made, and tells of others that come
later only where it is made anew. Which those are is no difference between two states.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from snapstore.model import Fact

_KINDS = ("rule", "function", "procedure")
_NAME = r'(?:"(?:[^"]|"")+"|\w+)'
_INTO = re.compile(rf"\bINSERT INTO ({_NAME}\.{_NAME})")
_UPSERT = re.compile(r"\bON CONFLICT\b.*\bDO UPDATE SET\b", re.DOTALL)


def on_all_columns(needs: dict[str, set[str]], kinds: Mapping[str, Sequence[Fact]]) -> None:
    """Let what has such a statement stand on all columns of the table."""
    upserts = [f for kind in _KINDS for f in kinds.get(kind, ()) if _has_upsert(f) and f.id in needs]
    columns = _columns(kinds.get("column", ())) if upserts else {}
    for fact in upserts:
        into = (columns.get(f"table:{name}", []) for name in _INTO.findall(fact.attrs["definition"]))
        # Of a body that is a string the server knows no columns.
        needs[fact.id].update(c for known in into if not needs[fact.id].isdisjoint(known) for c in known)


def _has_upsert(fact: Fact) -> bool:
    text = str(fact.attrs.get("definition"))
    return "ON CONFLICT" in text and _UPSERT.search(text) is not None


def _columns(facts: Iterable[Fact]) -> Mapping[str, list[str]]:
    columns: dict[str, list[str]] = defaultdict(list)
    for fact in facts:
        columns[fact.parent or ""].append(fact.id)
    return columns
