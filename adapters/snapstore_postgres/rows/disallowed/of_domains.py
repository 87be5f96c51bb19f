"""Values that a domain does not allow, in all columns of it and of those that are of it."""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Fact
from snapstore_postgres.names import last
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
        yield from _of_domain(domain, f"NOT ({text})", f"they do not fit CHECK {text}", stage)


def of_strict_domain(domain: Fact, stage: Stage) -> Iterator[Look]:
    before = stage.request.live.get(domain.id)
    if before is not None and domain.attrs.get("not_null") and not before.attrs.get("not_null"):
        yield from _of_domain(domain, "value IS NULL", "it may not be NULL", stage)


def _of_domain(domain: Fact, bad: str, why: str, stage: Stage) -> Iterator[Look]:
    """Looks at all columns whose values are of a domain, or of one that is of it."""
    live, target = stage.request.live, stage.request.target
    for dependent in live.dependents.get(domain.id, ()):
        after = target.get(dependent.id)
        if after is None or dependent.attrs.get("type") != domain.name != after.attrs.get("type"):
            continue
        if dependent.kind == "domain":
            yield from _of_domain(after, bad, f"{why}, of {domain.name}", stage)
        elif dependent.kind == "column" and not stage.comes_anew(after.parent or ""):
            yield from _in_column(after, domain, bad, f"{why}, of {domain.name}", stage)


def _in_column(column: Fact, domain: Fact, bad: str, why: str, stage: Stage) -> Iterator[Look]:
    """``bad`` is a condition on ``value``."""
    table, lowest = column.parent or "", _lowest(domain, stage)
    if not (stage.keeps_values(column) and stage.keeps_rows(table) and stage.has_rows(table)):
        return
    if any(stage.now(need) != need for need in lowest.needs if not need.startswith("schema:")):
        return
    place, name = stage.place(table), last(stage.now(column.id))
    value = f"t.{name}::{lowest.attrs['type']}"
    source = f"(SELECT {place.expression} AS place, {value} AS value FROM ONLY {stage.table(table)} t)"
    rows = Rows(stage.table(table), place, source)
    yield look(rows, f"SELECT place FROM {source} t WHERE {bad}", f"fit, in {name}", why)


def _lowest(domain: Fact, stage: Stage) -> Fact:
    """The domain itself, or the one below it that is of no other: only its type is no domain, which may have
    another name now."""
    below = stage.request.target.get(f"domain:{domain.attrs['type']}")
    return _lowest(below, stage) if below else domain
