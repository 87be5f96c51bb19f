"""Rows of a table and of those below it, without what lies on other servers.

That is not ours to read or to write, is not lost when it is no longer looked at, and may be out of reach.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.relations import children
from snapstore_postgres.relations.inheritance import ancestors, lasting_parents


def source(table: str, columns: Sequence[str], view: View) -> str:
    """What these columns are read from, called ``t``."""
    tables = _one_by_one(table, view)
    if not tables:
        return f"{table} t"
    names = ", ".join(dict.fromkeys(["tableoid", "ctid", *columns]))
    return f"({' UNION ALL '.join(f'SELECT {names} FROM ONLY {name}' for name in tables)}) t"


def updated(table: str, view: View) -> list[str]:
    """What an update of all rows has to be about: the table, or several one after the other."""
    return [f"ONLY {name}" for name in _one_by_one(table, view)] or [table]


def are_all(table: str, view: View) -> bool:
    """Whether no table below this one lies elsewhere."""
    if "above_foreign" not in view.memo:
        view.memo["above_foreign"] = set(_above_foreign(view.live))
    return table not in view.memo["above_foreign"]


def _one_by_one(table: str, view: View) -> list[str]:
    """The table and those below it that are here; nothing where all of them are."""
    return [] if are_all(table, view) else list(dict.fromkeys(_here(table, view)))


def _above_foreign(live: Mapping[str, Fact]) -> Iterator[str]:
    for fact in live.values():
        if fact.kind == "table" and "foreign" in fact.attrs:
            yield from ancestors(fact.name, live)


def _here(table: str, view: View) -> Iterator[str]:
    if "foreign" not in view.live[f"table:{table}"].attrs:
        yield table
    for child in children(f"table:{table}", view.live_dependents):
        if table in lasting_parents(child, view):  # what leaves has done so, and takes its rows along
            yield from _here(child, view)
