"""The checks that stop a restore with the rows whose values do not fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import NamedTuple

from snapstore.adapter import PlanRequest
from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.blocks import DOES_NOT_FIT, REFUSED
from snapstore_postgres.names import block, literal
from snapstore_postgres.renaming.names_before import RENAMED_BACK, label_now
from snapstore_postgres.rows.disallowed.lost_label_rows import among
from snapstore_postgres.rows.looks.looking import HINT, SHOWN
from snapstore_postgres.rows.looks.seen import Seen, seen, seen_now
from snapstore_postgres.rows.types.casts import below_domains, cast, written
from snapstore_postgres.rows.types.widening import widens

CHECKS = "checks"
"""Key of the payload of an action, while it is planned: the checks among its statements."""
COUNTS = "counts"
"""The same for statements that stop for rows that partitions may not have: they can tell at any time."""


class Same(NamedTuple):
    """How SQL says that a value, given as an expression, fits."""

    said: Callable[[str], str]
    """Once all has the names of the target."""
    now: Callable[[str], str]
    """Before anything is renamed."""
    alone: bool = False
    """Whether the new type need not be there to say it."""


class Check(NamedTuple):
    """Statements that stop where rows do not fit."""

    whole: str
    """Stops with how many they are, and where."""
    short: str
    """Only stops: for rows that were written since ``before`` has run."""
    before: str
    """The same as ``whole`` before anything is renamed; "" where that cannot be."""
    alone: bool
    """Whether ``before`` can run without the new type."""


def among_labels(labels: Collection[str], old: str, view: View) -> Same:
    """Whether a value of a type has one of these labels as its text, or all of an array have one."""
    many, was = old.endswith("[]"), old.removesuffix("[]")
    now = [label_now(was, label, view.request) for label in labels]
    return Same(among(labels, many), among(now, many), alone=True)


def in_archive(there: Seen, old: str, new: str, view: View) -> list[str]:
    """What stops with the rows there of which a value does not fit, of a column that comes back with another
    type; both are plain."""
    if widens(old, new):
        return []
    return [_stopping(there, f"the type {new}, and lie in the archive", comes_back(old, new, view))]


def comes_back(old: str, new: str, view: View) -> Callable[[str], str]:
    """Whether a value of a type is the same once it was one of another."""
    was, now = below_domains(old, view.live), below_domains(new, view.target)

    def same(value: str) -> str:
        there = cast(value, old, new)
        if new in ("json", "jsonb", "xml"):
            return f"({there}) IS NOT NULL OR {value} IS NULL"  # spaces mean nothing there
        # Types of users go by their text, and the old one may have another name by then.
        if "." in was + now:
            return f"{written(f'({there})', now)} IS NOT DISTINCT FROM {written(value, was)}"
        return f"({cast(f'({there})', now, was)})::text IS NOT DISTINCT FROM {value}::text"

    return same


def check_of(column: Fact, what: str, same: Same, view: View) -> Check:
    """The check of a live column, whose values have to fit ``what``, told by ``same``."""
    found, now = seen(column, view), seen_now(column, view)
    before = _stopping(now, what, same.now) if now and _is_said_now(same.now("value"), view.request) else ""
    return Check(_stopping(found, what, same.said), _stopping_late(found, same.said), before, same.alone)


def _is_said_now(text: str, request: PlanRequest) -> bool:
    """Whether no schema that the text names gets that name only by this plan."""
    schemas = [r.old for r in request.live_hints.get(RENAMED_BACK, ()) if r.kind == "schema"]
    return not any(re.search(rf"(?<![\w\".]){re.escape(name)}\.", text) for name in schemas)


def _stopping(seen: Seen, what: str, same: Callable[[str], str]) -> str:
    """Stops with the number of rows that do not fit, and where the first of them are.

    One query where every value can be taken to the new type and back; else each by itself.
    """
    source = f"(SELECT {seen.place.expression} AS place, t.{seen.column} AS value FROM {seen.rows})"
    message = literal(f"% rows of {_told(seen)}: {seen.place.words.replace('%', '%%')} = %")
    return block(
        f"""DECLARE row record; fits bool; bad bigint; places text := '';
BEGIN
  BEGIN
    SELECT count(*) INTO bad FROM {source} t WHERE NOT ({same("t.value")});
  EXCEPTION WHEN {REFUSED} THEN bad := 1; END;
  IF bad = 0 THEN RETURN; END IF;
  bad := 0;
  FOR row IN SELECT * FROM {source} t LOOP
    BEGIN fits := ({same("row.value")});
    EXCEPTION WHEN {REFUSED} THEN fits := false; END;
    CONTINUE WHEN fits;
    bad := bad + 1;
    IF bad <= {SHOWN} THEN places := pg_catalog.concat_ws(', ', nullif(places, ''), row.place); END IF;
  END LOOP;
  RAISE EXCEPTION {message}, bad, places || CASE WHEN bad > {SHOWN} THEN ', ...' ELSE '' END
    USING ERRCODE = '{DOES_NOT_FIT}', DETAIL = {literal(f"they do not fit {what}")}, HINT = {HINT};
END"""
    )


def _stopping_late(seen: Seen, same: Callable[[str], str]) -> str:
    """The same for rows that were written since the check."""
    source = f"(SELECT t.{seen.column} AS value FROM {seen.rows}) t"
    return block(
        f"BEGIN IF EXISTS (SELECT FROM {source} WHERE NOT ({same('t.value')})) THEN"
        f" RAISE EXCEPTION {literal(f'rows of {_told(seen)}')}"
        f" USING ERRCODE = '{DOES_NOT_FIT}', HINT = {HINT}; END IF; END"
    )


def _told(seen: Seen) -> str:
    return f"{seen.table} do not fit, in {seen.column}".replace("%", "%%")
