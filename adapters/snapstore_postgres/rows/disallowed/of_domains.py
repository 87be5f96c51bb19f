"""Values that a domain does not allow, in all columns of it and of those that are of it."""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Fact
from snapstore_postgres.names import last
from snapstore_postgres.rows.disallowed.no_value import without_any_value
from snapstore_postgres.rows.disallowed.unfit import is_readable
from snapstore_postgres.rows.looks.future_rows import Rows, look
from snapstore_postgres.rows.looks.looking import Look
from snapstore_postgres.rows.looks.stage import Stage
from snapstore_postgres.rows.stand_ins.checked import condition


def of_domain_check(check: Fact, stage: Stage) -> Iterator[Look]:
    text, domain = condition(check), stage.request.target.get(check.parent or "")
    before = stage.request.live.get(check.id)
    is_same = before is not None and before.attrs["definition"] == check.attrs["definition"]
    others = Fact(check.id, needs=tuple(n for n in check.needs if n != check.parent))
    if domain is None or is_same or "NOT VALID" in check.attrs["definition"]:
        return
    if is_readable(others, text, stage):
        for column, of in _columns_of(domain, stage):
            yield from _unfit(column, domain, text, f"they do not fit CHECK {text}{of}", stage)


def of_strict_domain(domain: Fact, stage: Stage) -> Iterator[Look]:
    before = stage.request.live.get(domain.id)
    if before is not None and domain.attrs.get("not_null") and not before.attrs.get("not_null"):
        for column, of in _columns_of(domain, stage):
            yield from without_any_value(column, f"it may not be NULL{of}", stage)


def _columns_of(domain: Fact, stage: Stage) -> Iterator[tuple[Fact, str]]:
    """All columns that are there and whose values are of a domain, or of one that is of it; and words for by
    which domains they are."""
    live, target = stage.request.live, stage.request.target
    for dependent in live.dependents.get(domain.id, ()):
        after = target.get(dependent.id)
        if after is None or dependent.attrs.get("type") != domain.name != after.attrs.get("type"):
            continue
        if dependent.kind == "domain":
            yield from ((column, f", of {domain.name}{of}") for column, of in _columns_of(after, stage))
        elif dependent.kind == "column" and not any(map(stage.comes_anew, (after.id, after.parent or ""))):
            yield after, f", of {domain.name}"


def _unfit(column: Fact, domain: Fact, check: str, why: str, stage: Stage) -> Iterator[Look]:
    """``check`` is a condition on ``value``."""
    table, lowest = column.parent or "", _lowest(domain, stage)
    if not (stage.keeps_values(column) and stage.keeps_rows(table) and stage.has_rows(table)):
        return
    if any(stage.now(need) != need for need in lowest.needs if not need.startswith("schema:")):
        return
    place, name = stage.place(table), last(stage.now(column.id))
    value = f"t.{name}::{lowest.attrs['type']}"
    source = f"(SELECT {place.expression} AS place, {value} AS value FROM ONLY {stage.table(table)} t)"
    rows = Rows(stage.table(table), place, source)
    yield look(rows, f"SELECT place FROM {source} t WHERE NOT ({check})", f"fit, in {name}", why)


def _lowest(domain: Fact, stage: Stage) -> Fact:
    """The domain itself, or the one below it that is of no other: only its type is no domain, which may have
    another name now."""
    below = stage.request.target.get(f"domain:{domain.attrs['type']}")
    return _lowest(below, stage) if below else domain
