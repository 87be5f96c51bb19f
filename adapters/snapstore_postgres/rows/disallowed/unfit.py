"""Rows that do not fit a check of their table, and what can be told of a check before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Fact
from snapstore_postgres.expressions.resolution import compares
from snapstore_postgres.names import last
from snapstore_postgres.rows.looks.future_rows import columns_of, look, others_stay, rows_of
from snapstore_postgres.rows.looks.looking import Look
from snapstore_postgres.rows.looks.stage import Stage
from snapstore_postgres.rows.stand_ins.checked import condition


def unfit(check: Fact, stage: Stage) -> Iterator[Look]:
    text = condition(check)
    if not is_readable(check, text, stage):
        return
    only = " NO INHERIT" in check.attrs["definition"]
    rows = rows_of(check.parent or "", columns_of(check, stage), stage, only)
    if rows:
        bad = f"SELECT place FROM {rows.source} t WHERE NOT ({text})"
        yield look(rows, bad, f"fit {last(check.name)}", f"they do not fit CHECK {text}")


def is_readable(check: Fact, text: str, stage: Stage) -> bool:
    """Whether what a check says means the same of the columns alone, and as things are."""
    return ".*" not in text and not compares(text) and others_stay(check, stage)
