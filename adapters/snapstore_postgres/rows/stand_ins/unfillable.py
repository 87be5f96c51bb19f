"""Rows for which no value can stand in that the checks of a column that comes let pass."""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.names import last
from snapstore_postgres.relations.inheritance import along
from snapstore_postgres.rows.archived.archive import kept
from snapstore_postgres.rows.looks.future_rows import look, others_stay, rows_with
from snapstore_postgres.rows.looks.looking import Look
from snapstore_postgres.rows.looks.stage import Stage
from snapstore_postgres.rows.stand_ins import filled_apart, filling, gaps
from snapstore_postgres.rows.stand_ins.checked import checks_of


def unfillable(column: Fact, stage: Stage) -> Iterator[Look]:
    """Looks at rows that have to get a value which nobody knows, where all that can be tried is known now."""
    view = View(stage.request, fates={})
    if not _is_known(column, stage) and gaps.needed(column, view):
        for filled in filled_apart.lacking(column, along(column, view, live=False), view):
            yield from _without_candidate(filled, view, stage)


def _is_known(column: Fact, stage: Stage) -> bool:
    return column.id in stage.request.live or kept(stage.request, column.id, "column") is not None


def _without_candidate(column: Fact, view: View, stage: Stage) -> Iterator[Look]:
    table = column.parent or ""
    if _is_known(column, stage) or not stage.has_rows(table):
        return
    trial = filling.trial(column, view)
    if trial is None or not _means_the_same(column, view, stage):
        return
    rows = rows_with(table, trial.own, stage)
    if rows is not None:
        bad = f"SELECT place FROM {rows.source} t WHERE ({trial.query}) IS NULL"
        names = ", ".join(last(check.name) for check in checks_of(column, view))
        yield look(
            rows, bad, f"fit, in {last(column.name)}", f"nothing is known to stand in that {names} allows"
        )


def _means_the_same(column: Fact, view: View, stage: Stage) -> bool:
    """Whether the type and what the checks call are there as they will be; a domain has a say of its own."""
    of_domain = any(need.startswith("domain:") for need in column.needs)
    return not of_domain and all(others_stay(fact, stage) for fact in (column, *checks_of(column, view)))
