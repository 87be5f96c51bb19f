"""Which columns cannot become what the target says, and are made anew."""

from __future__ import annotations

from collections.abc import Mapping

from snapstore.model import Fact, Json
from snapstore.rules import View
from snapstore_postgres.kinds.columns import generated
from snapstore_postgres.kinds.columns.changing_column import is_retyped
from snapstore_postgres.relations import local_rows, table_of, version
from snapstore_postgres.relations.inheritance import in_partition_key, unsettled
from snapstore_postgres.rows.types.casts import assignable, castable
from snapstore_postgres.rows.types.meaning import would_mean_nothing


def is_made_anew(before: Fact, after: Fact, view: View) -> bool:
    """Whether no statement makes the one column of the other, or none that would keep what hangs on it."""
    return bool(
        _needs_new_column(before.attrs, after.attrs, view)
        or would_mean_nothing(before, after, view)
        or generated.stays_bound(before, after, view)
        or generated.is_to_return(before, after, view)
        or generated.cannot_change(before, after, view)
        or unsettled(after, view)
        or _is_told_how(before, after, view)
        or (is_retyped(before, after) and in_partition_key(before, view))
    )


def _needs_new_column(old: Mapping[str, Json], new: Mapping[str, Json], view: View) -> bool:
    was, now = old.get("generated"), new.get("generated")
    if was == now:
        # The type of a generated column follows its expression, which is rebuilt with it.
        return old["type"] != new["type"] and (bool(was) or not castable(old["type"], new["type"]))
    if was is None or now is None:
        return now is not None or (was is not None and was["kind"] != "s")
    return bool(was["kind"] != now["kind"]) or version(view) < 170000 or old["type"] != new["type"]


def _is_told_how(before: Fact, after: Fact, view: View) -> bool:
    """Whether a column gets a type that values do not get by themselves: PostgreSQL cannot be told how where
    a foreign table inherits it."""
    old, new = before.attrs["type"], after.attrs["type"]
    return old != new and not assignable(old, new) and not local_rows.are_all(table_of(after), view)
