"""Values in the archive that are those of rows which a plan puts in itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.blocks import REFUSED
from snapstore_postgres.names import block, last
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.archived.from_json import from_json
from snapstore_postgres.rows.types.casts import read
from snapstore_postgres.rows.undisturbed import LOUD, QUIET_VARIABLES, is_published, quiet, unpublished
from snapstore_postgres.rows.values.back import fillings
from snapstore_postgres.rows.values.places import closed


def of_coming_rows(table: str, request: PlanRequest) -> list[tuple[Fact, archive.Entry]]:
    """The columns of a table, given by identity, whose values in the archive may be those of rows that this
    plan puts in, and where they lie: when a column got its own, such rows were not there."""
    columns = (part for part in request.target.parts.get(table, ()) if part.kind == "column")
    found = ((column, archive.kept(request, column.id, "column")) for column in columns)
    return [(c, e) for c, e in found if e and (c.id not in request.live or archive.SOME in e.facts)]


def looked_up(column: Fact, entry: archive.Entry, row: Mapping[str, str], request: PlanRequest) -> str | None:
    """The value of a row for a column that comes anew, if its key is that of one; ``row`` has expressions by
    the names of columns. None where they are not the key."""
    if not row.keys() >= {*entry.facts["key"]}:
        return None
    key = f"jsonb_build_array({', '.join(f'{row[name]}::text' for name in entry.facts['key'])})"
    by_name = "by_name" in entry.facts
    one = "(pg_catalog.array_agg(a.value))[1]" if by_name else "pg_catalog.min(a.value::text)"
    found = (
        f"(SELECT CASE WHEN pg_catalog.count(*) = 1 THEN {one} END FROM {entry.rows} a"
        f" WHERE a.row_key = {key})"
    )
    kind = column.attrs["type"]
    return f"({from_json(found, kind, request.target)})" if by_name else read(found, kind)


def put_in_too(root: str, lacking: Sequence[tuple[Fact, archive.Entry]], request: PlanRequest) -> list[str]:
    """Statements that give the rows of a table, given by name, and of its partitions what is theirs of these
    values, and take that out of the archive. They come when all else is done."""
    view = View(msgspec.structs.replace(request, live=request.target), fates={})
    given = (f"BEGIN {text}; {_LEFT}" for pair in lacking for text in fillings(*pair, view))
    free, again = (" ".join(_counting(root, lacking, kind, view)) for kind in ("BY DEFAULT", "ALWAYS"))
    body = f"{quiet(root)} {free} {' '.join(given)} {LOUD} {again}"
    filled = block(f"DECLARE {QUIET_VARIABLES} BEGIN {body} END")
    places = [closed(entry) for _, entry in lacking]
    return [unpublished([filled]) if is_published(view) else filled, *places] if lacking else []


def _counting(
    root: str, lacking: Sequence[tuple[Fact, archive.Entry]], kind: str, view: View
) -> Iterator[str]:
    """PL/pgSQL by which numbers can be given to columns that are always numbered, and cannot be again."""
    for name in sorted({last(column.name) for column, _ in lacking}):
        column = view.target.get(f"column:{root}.{name}")
        if column is not None and column.attrs.get("identity", {}).get("kind") == "a":
            yield f"ALTER TABLE {root} ALTER COLUMN {name} SET GENERATED {kind};"


_LEFT = f"EXCEPTION WHEN {REFUSED} THEN NULL; END; -- it stays there\n"
