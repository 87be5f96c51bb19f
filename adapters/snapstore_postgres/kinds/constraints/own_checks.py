"""Checks that a table has by the one above it, and keeps as its own when that one drops its check.

Dropping it would take them along. A check that is added to the table and is the same makes that its own, and
no row is looked at. The server does not find it the same where what it prints reads back as another tree (IN
over a varchar): then it goes along, and comes again.
"""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.names import block, last, literal, unquote
from snapstore_postgres.relations import table_of
from snapstore_postgres.relations.inheritance import descendants
from snapstore_postgres.rows.disallowed.unvalidated import is_unvalidated, is_valid_check


def dropped(check: Fact, view: View) -> list[str]:
    """The statements that drop a live constraint."""
    kept = list({below.id: below for below in _kept_below(check, view)}.values())
    return [
        *(_made_own(view.live[below.id]) for below in kept),
        f"ALTER TABLE {table_of(check)} DROP CONSTRAINT {last(check.name)}",
        *(text for below in kept for text in _again(below, view)),
    ]


def _kept_below(check: Fact, view: View) -> Iterator[Fact]:
    for below in descendants(check, view, live=True) if check.attrs.get("type") == "c" else ():
        if view.stays(below.id) and not view.target[below.id].attrs.get("inherited"):
            yield view.target[below.id]


def _made_own(check: Fact) -> str:
    return block(f"BEGIN {_added(check)}; EXCEPTION WHEN duplicate_object THEN NULL; END")


def _again(check: Fact, view: View) -> Iterator[str]:
    yield block(
        f"BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conname = {_name(check)}"
        f" AND conrelid = {literal(table_of(check))}::pg_catalog.regclass) THEN {_added(check)}; END IF; END"
    )
    for below in descendants(check, view, live=False) if is_unvalidated(check) else ():
        if is_valid_check(below) and view.stays(below.id):
            yield f"ALTER TABLE {table_of(below)} VALIDATE CONSTRAINT {last(below.name)}"


def _name(check: Fact) -> str:
    return literal(unquote(last(check.name)))


def _added(check: Fact) -> str:
    definition = reparsable(check.attrs["definition"])
    return f"ALTER TABLE {table_of(check)} ADD CONSTRAINT {last(check.name)} {definition}"
