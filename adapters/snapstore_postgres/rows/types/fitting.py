"""Whether the values of a column fit the type that it gets: told before anything is changed.

PostgreSQL cuts a text, rounds a number or drops the time of day without a word when it is asked to. Where the
new type is not plainly as wide as the old one, each value is taken there and back; if one comes back as
another, or does not get there, the restore stops and says which rows those are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from snapstore.model import DataMode, Fact, Hazard, HazardName
from snapstore.rules import View
from snapstore_postgres.blocks import REFUSED
from snapstore_postgres.names import block, last, qualifier
from snapstore_postgres.relations import local_rows
from snapstore_postgres.relations.locks import held_still
from snapstore_postgres.relations.sizes import size
from snapstore_postgres.rows.disallowed import deleting
from snapstore_postgres.rows.disallowed.lost_labels import why_not
from snapstore_postgres.rows.stand_ins import gaps
from snapstore_postgres.rows.stand_ins.label_stand_ins import StandIn, stand_in
from snapstore_postgres.rows.types.casts import cast
from snapstore_postgres.rows.types.fit_checks import CHECKS, Check, Same, among_labels, check_of, comes_back
from snapstore_postgres.rows.types.widening import widens
from snapstore_postgres.rows.undisturbed import LOUD, quiet, undisturbed
from snapstore_postgres.rows.values.away import emptied, set_aside


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
        return _fit(column, what, among_labels(enum.attrs["labels"], old, view), view)
    same = comes_back(old, new, view)
    return _fit(column, what, Same(same, same), view)


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


def within(column: Fact, labels: Collection[str], view: View) -> Fit:
    """For a column of an enum that is to have nothing but these labels."""
    what = f"the labels of {column.attrs['type']}"
    same = among_labels(labels, column.attrs["type"], view)
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


def _fit(column: Fact, what: str, same: Same, view: View, may_be_null: bool = False) -> Fit:
    """``may_be_null``: whether values that do not fit can be left out, and their rows stay."""
    if not _is_ours(column, view):
        return Fit()
    name = qualifier(column.name)
    unfit = f"NOT ({same.said(f't.{last(column.name)}')})"
    if view.request.options.data is not DataMode.DISCARD:
        if not may_be_null:
            check = check_of(column, what, same, view)
            return Fit([held_still(name), check.whole], check)
        return Fit(set_aside(column, unfit, view), set_aside=True)
    lost = _lost(column, what, view, may_be_null)
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


def with_payload(fits: Sequence[Fit]) -> dict[str, object]:
    """The payload of an action that tells of their checks."""
    checks = [fit.check for fit in fits if fit.check]
    archives: dict[str, object] = {"archive": True} if any(fit.set_aside for fit in fits) else {}
    return {CHECKS: checks, **archives} if checks else archives
