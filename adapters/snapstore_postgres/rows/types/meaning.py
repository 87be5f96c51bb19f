"""Columns whose values mean nothing in another type: they make way for one of it, and go to the archive."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.relations.sizes import size
from snapstore_postgres.rows.types.casts import akin


def would_mean_nothing(before: Fact, after: Fact, view: View) -> bool:
    """Whether a column may have values, and none of them would be one of the other type."""
    return not akin(before.attrs["type"], after.attrs["type"]) and size(view, before.parent or "")[1] != 0
