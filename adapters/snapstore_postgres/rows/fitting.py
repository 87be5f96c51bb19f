"""Whether the values of a column fit the type that it gets: told before anything is changed.

PostgreSQL cuts a text, rounds a number or drops the time of day without a word when it is asked to. Where the
new type is not plainly as wide as the old one, each value is taken there and back; if one comes back as
another, or does not get there, the restore stops and says which rows those are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, DataMode, Fact, Hazard, HazardName
from snapstore.rules import View
from snapstore_postgres.blocks import DOES_NOT_FIT, REFUSED
from snapstore_postgres.names import block, last, literal, qualifier
from snapstore_postgres.relations import held_still, local_rows, size
from snapstore_postgres.renaming import RENAMED
from snapstore_postgres.renaming.names_before import RENAMED_BACK, called_now, label_now
from snapstore_postgres.rows import deleting, forced_policies, gaps
from snapstore_postgres.rows.casts import below_domains, cast, written
from snapstore_postgres.rows.looking import HINT, SHOWN, first
from snapstore_postgres.rows.lost_labels import StandIn, among, stand_in, why_not
from snapstore_postgres.rows.seen import Seen, seen, seen_now
from snapstore_postgres.rows.undisturbed import LOUD, quiet, undisturbed
from snapstore_postgres.rows.values.away import emptied, set_aside

CHECKS = "checks"
"""Key of the payload of an action, while it is planned: the checks among its statements."""
COUNTS = "counts"
"""The same for statements that stop for rows that partitions may not have: they can tell at any time."""
_INTEGERS = ("smallint", "integer", "bigint")
_WIDER = {
    "real": ("double precision",),
    "date": ("timestamp without time zone",),
    "timestamp without time zone": ("timestamp with time zone",),  # sessions of a restore are in UTC
    "timestamp with time zone": ("timestamp without time zone",),
    "jsonb": ("json",),
    "json": ("jsonb",),
    "cidr": ("inet",),
    "name": ("character varying",),
    "text": ("character varying",),
    "xml": ("character varying",),
}


class _Same(NamedTuple):
    """Whether a value, given as an expression, is one of the new type."""

    said: Callable[[str], str]
    now: Callable[[str], str]
    """The same before anything is renamed."""
    alone: bool = False
    """Whether the type need not be there to say it."""


class Check(NamedTuple):
    """What tells the rows that do not fit; a short one to the same end, where that has run before; and what
    runs before anything is renamed, "" where that cannot be."""

    whole: str
    short: str
    before: str
    alone: bool
    """Whether that needs no type to be there."""


@dataclass(frozen=True)
class Fit:
    """What goes before a change of a column's type: statements, the check among them, and hazards."""

    statements: Sequence[str] = ()
    check: Check | None = None
    hazards: Sequence[Hazard] = ()
    set_aside: bool = False
    """Whether what does not fit goes to the archive."""


def into(column: Fact, new: str, view: View) -> Fit:
    """For a column that gets the type ``new``."""
    old, what = column.attrs["type"], f"the type {new}"
    if widens(old, new) or not _is_ours(column, view):
        return Fit()
    if view.request.options.data is DataMode.DISCARD:
        if "generated" in column.attrs:
            return Fit()
        return _as_converted(column, what, lambda value: cast(value, old, new), view)
    enum = view.target.get(f"enum:{new.removesuffix('[]')}")
    if enum and old.endswith("[]") == new.endswith("[]"):
        return _fit(column, what, _among(enum.attrs["labels"], old, view), view)
    same = _comes_back(old, new, view)
    return _fit(column, what, _Same(same, same), view)


def _as_converted(column: Fact, what: str, converted: Callable[[str], str], view: View) -> Fit:
    """Where data is given up, values may become others; those that become none are emptied, or their rows
    deleted where the column may not be empty."""
    name, may_be_null = qualifier(column.name), _may_be_null(column, view)
    tables = local_rows.updated(name, view)
    without = (_without_unconverted(table, column, converted, may_be_null) for table in tables)
    return Fit([held_still(name), *without], hazards=_lost(column, what, view, may_be_null))


def _without_unconverted(table: str, column: Fact, converted: Callable[[str], str], may_be_null: bool) -> str:
    """A statement that leaves nothing in a column where a value cannot be converted, or deletes the rows."""
    name = last(column.name)
    emptied = f"""{quiet(table.removeprefix("ONLY "))}
  UPDATE {table} t SET {name} = NULL FROM unnest(tables, places) g (one, place)
   WHERE t.tableoid = g.one AND t.ctid = g.place;
  {LOUD}"""

    def none(value: str) -> str:
        # A row of which one field is NULL is neither, for ``IS NULL``.
        return f"{value} IS DISTINCT FROM NULL AND ({converted(value)}) IS NOT DISTINCT FROM NULL"

    return block(
        f"""DECLARE row record; unfit bool; {deleting.VARIABLES}
BEGIN
  BEGIN
    IF NOT EXISTS (SELECT FROM {table} t WHERE {none(f"t.{name}")}) THEN RETURN; END IF;
  EXCEPTION WHEN {REFUSED} THEN NULL; END;
  FOR row IN SELECT t.tableoid::regclass AS part, t.ctid AS place, t.{name} AS value FROM {table} t LOOP
    BEGIN unfit := {none("row.value")};
    EXCEPTION WHEN {REFUSED} THEN unfit := true; END;
    CONTINUE WHEN NOT unfit;
    tables := tables || row.part; places := places || row.place;
  END LOOP;
  {emptied if may_be_null else deleting.those_found()}
END"""
    )


def _among(labels: Collection[str], old: str, view: View) -> _Same:
    """Whether a value of a type has one of these labels as its text, or all of an array have one."""
    many, was = old.endswith("[]"), old.removesuffix("[]")
    now = [label_now(was, label, view.request) for label in labels]
    return _Same(among(labels, many), among(now, many), alone=True)


def in_archive(there: Seen, old: str, new: str, view: View) -> list[str]:
    """What stops with the rows there of which a value does not fit, of a column that comes back with another
    type; both are plain."""
    if widens(old, new):
        return []
    return [_check(there, f"the type {new}, and lie in the archive", _comes_back(old, new, view))]


def _comes_back(old: str, new: str, view: View) -> Callable[[str], str]:
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


def within(column: Fact, labels: Collection[str], view: View) -> Fit:
    """For a column of an enum that is to have nothing but these labels."""
    what = f"the labels of {column.attrs['type']}"
    same = _among(labels, column.attrs["type"], view)
    if found := stand_in(column, view):
        return _with_stand_in(column, f"NOT ({same.said(f't.{last(column.name)}')})", found, view)
    what += why_not(column, f"enum:{column.attrs['type'].removesuffix('[]')}", view)
    return _fit(column, what, same, view, _may_be_null(column, view))


def _with_stand_in(column: Fact, unfit: str, found: StandIn, view: View) -> Fit:
    if view.request.options.data is DataMode.DISCARD:
        update = emptied(column, unfit, view, found.value)
        return Fit(undisturbed(column, view, update), hazards=found.hazards)
    statements = set_aside(column, unfit, view, found.value, found.reads)
    return Fit(statements, hazards=found.hazards, set_aside=True)


def _may_be_null(column: Fact, view: View) -> bool:
    after = view.target.get(column.id)
    if after is None or gaps.is_of_strict_domain(after, view):
        return False
    return not any("not_null" in side.attrs for side in (column, after))


def _fit(column: Fact, what: str, same: _Same, view: View, may_be_null: bool = False) -> Fit:
    """``may_be_null``: values that do not fit can be left out."""
    if not _is_ours(column, view):
        return Fit()
    unfit = f"NOT ({same.said(f't.{last(column.name)}')})"
    if view.request.options.data is not DataMode.DISCARD:
        if not may_be_null:
            return _checked(column, what, same, view)
        return Fit(set_aside(column, unfit, view), set_aside=True)
    lost, name = _lost(column, what, view, may_be_null), qualifier(column.name)
    if may_be_null:
        return Fit(undisturbed(column, view, emptied(column, unfit, view)), hazards=lost)
    deleted = (deleting.deleted(table, unfit) for table in local_rows.updated(name, view))
    return Fit([held_still(name), *deleted], hazards=lost)


def _is_ours(column: Fact, view: View) -> bool:
    """Whether the values that are there count: they are here, and none of them part of the state."""
    table = qualifier(column.name)
    known = view.live.get(f"table:{table}")
    chosen = getattr(view.request.settings, "data", ())
    return known is not None and "foreign" not in known.attrs and table not in chosen


def _lost(column: Fact, what: str, view: View, values: bool) -> list[Hazard]:
    """That values are lost, or else the rows that have them."""
    rows, bytes_ = size(view, f"table:{qualifier(column.name)}")
    text = f"{'values' if values else 'rows with values'} of {column.name} that do not fit {what}"
    return [] if bytes_ == 0 else [Hazard(HazardName.DATA_LOSS, text, rows, bytes_)]


def _checked(column: Fact, what: str, same: _Same, view: View) -> Fit:
    found = seen(column, view)
    now = seen_now(column, view)
    before = _check(now, what, same.now) if now and _is_said_now(same.now("value"), view.request) else ""
    check = Check(_check(found, what, same.said), _guard(found, same.said), before, same.alone)
    return Fit([held_still(qualifier(column.name)), check.whole], check)


def _is_said_now(text: str, request: PlanRequest) -> bool:
    """Whether no schema that the text names gets that name only by this plan."""
    schemas = [r.old for r in request.live_hints.get(RENAMED_BACK, ()) if r.kind == "schema"]
    return not any(re.search(rf"(?<![\w\".]){re.escape(name)}\.", text) for name in schemas)


def _check(seen: Seen, what: str, same: Callable[[str], str]) -> str:
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


def _guard(seen: Seen, same: Callable[[str], str]) -> str:
    """The same for rows that were written since the check."""
    source = f"(SELECT t.{seen.column} AS value FROM {seen.rows}) t"
    return block(
        f"BEGIN IF EXISTS (SELECT FROM {source} WHERE NOT ({same('t.value')})) THEN"
        f" RAISE EXCEPTION {literal(f'rows of {_told(seen)}')}"
        f" USING ERRCODE = '{DOES_NOT_FIT}', HINT = {HINT}; END IF; END"
    )


def _told(seen: Seen) -> str:
    return f"{seen.table} do not fit, in {seen.column}".replace("%", "%%")


def with_payload(fits: Sequence[Fit]) -> dict[str, object]:
    """The payload of an action that tells of their checks."""
    checks = [fit.check for fit in fits if fit.check]
    archives: dict[str, object] = {"archive": True} if any(fit.set_aside for fit in fits) else {}
    return {CHECKS: checks, **archives} if checks else archives


def before_anything(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, preceded by the checks of those whose types are there already, and whose rows are seen."""
    unseen = forced_policies.hidden(request, request.live)
    made = {name for action in actions for name in (*action.produces, *action.destroys)}
    found: list[Action] = []
    for action in actions:
        checks: Sequence[Check] = action.payload.get(CHECKS, ())
        counts, guards = action.payload.get(COUNTS, ()), dict[str, str]()
        if forced_policies.named(unseen, " ".join([*counts, *(check.whole for check in checks)])):
            checks = counts = ()
        if checks and all(check.before for check in checks) and _can_be_first(action, request, made):
            found.append(first(action, [check.before for check in checks], "all values fit"))
            guards = {check.whole: check.short for check in checks}
        if counts and not any(need.startswith(RENAMED) for need in action.needs):
            found.append(first(action, counts, "partitions may have all rows"))
            guards = dict.fromkeys(counts, "")
        found.append(_guarded(action, guards))
    return found


def _guarded(action: Action, guards: Mapping[str, str]) -> Action:
    """The action with what is left of its checks where they come before."""
    if not action.payload.keys() & {CHECKS, COUNTS}:
        return action
    payload = {key: value for key, value in action.payload.items() if key not in (CHECKS, COUNTS)}
    statements = (guards.get(text, text) for text in action.statements)
    return structs.replace(action, statements=tuple(filter(None, statements)), payload=payload)


def _can_be_first(action: Action, request: PlanRequest, made: Collection[str]) -> bool:
    others = set(made) - {*action.produces, *action.destroys}
    needs = [need for need in action.needs if not need.startswith(RENAMED)]
    if all(check.alone for check in action.payload[CHECKS]):
        needs = [need for need in needs if need.startswith(("column:", "table:"))]
    types = (need for need in needs if not need.startswith(("column:", "table:")))
    named = all(called_now(need, request) == need for need in types)
    return named and all(need in request.live and need not in others for need in needs)


# -- what is plainly as wide -------------------------------------------------------------------------------

_FINEST = "6"
"""The digits of a second where a type does not say how many."""
_LENGTHENED = ("character", "bit varying", "time", "interval")
"""Types with a length or a precision that takes every value of a smaller one."""
_TYPE = re.compile(
    r"(?P<name>[^()\[\]]+?)(?:\((?P<numbers>\d+(?:,-?\d+)?)\))?(?P<zone> with(?:out)? time zone)?"
)


def widens(old: str, new: str) -> bool:
    """Whether every value of a type is one of another, too, and comes back as it was."""
    if old == new or new == "text":
        return True
    if old.endswith("[]") and new.endswith("[]"):
        return widens(old[:-2], new[:-2])
    (was, numbers), (now, others) = named_and_numbered(old), named_and_numbered(new)
    if was == now == "numeric":
        return _is_wider_number(numbers, others)
    if was == now or (was == "character" and now == "character varying"):
        return others is None or (
            numbers is not None and now.startswith(_LENGTHENED) and int(numbers) <= int(others)
        )
    if was in _INTEGERS and others is None:
        return now in (*_INTEGERS[_INTEGERS.index(was) :], "numeric")
    return now in _WIDER.get(was, ()) and others in (None, _FINEST)


def named_and_numbered(kind: str) -> tuple[str, str | None]:
    """A type without its length or precision, and these, where a type has them."""
    found = _TYPE.fullmatch(kind)
    if found is None:
        return kind, None
    name = f"{found['name']}{found['zone'] or ''}"
    return name, found["numbers"] or (_FINEST if name.startswith(("time", "interval")) else None)


def _is_wider_number(was: str | None, now: str | None) -> bool:
    if was is None or now is None:
        return now is None
    (total, scale), (wide, fine) = ([int(n) for n in f"{part},0".split(",")[:2]] for part in (was, now))
    return fine >= scale and wide - fine >= total - scale
