"""Values of a column in the archive: copied there with the key of each row, and found by it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Fact
from snapstore.rules import Draft, View
from snapstore_postgres.blocks import REFUSED
from snapstore_postgres.names import block, last, literal, qualifier, quote
from snapstore_postgres.relations import (
    children,
    held_still,
    keys,
    local_rows,
    plain_stays_bound,
    server_version,
    size,
)
from snapstore_postgres.relations.inheritance import ancestors, comes_by_several, is_made_anew_below
from snapstore_postgres.renaming import belonging
from snapstore_postgres.renaming.names_before import former
from snapstore_postgres.rows import archive, archived_labels
from snapstore_postgres.rows.archived_attributes import ATTRIBUTES, shape_of
from snapstore_postgres.rows.as_json import as_json, portable
from snapstore_postgres.rows.casts import has_attributes, read, written
from snapstore_postgres.rows.from_json import from_json
from snapstore_postgres.rows.undisturbed import LOUD, QUIET_VARIABLES, quiet, undisturbed, unpublished


def column_draft(fact: Fact, view: View, draft: Draft) -> Draft:
    """Before the column is dropped: copy it, with the key of each row, to its place."""
    entry = _column_entry(fact, view)
    instead = "NULL" if _INSTEAD in entry.facts else ""  # known once it is there again
    which = _is_no_stand_in(fact, view)
    copies = copied(fact, entry, _source(fact, entry, view), view.request, which, instead)
    return replace(
        draft,
        summary=f"drop column {fact.name}, its values moved to the archive",
        statements=[held_still(qualifier(fact.name)), *copies, *draft.statements],
        needs=[*draft.needs, archive.REGISTERED],
        payload={"archive": entry.place},
        hazards=(),
    )


def column_entry(request: PlanRequest, fact: Fact, key: Sequence[str]) -> archive.Entry:
    """Where and how the values of a column are set aside, found again by the columns of the key."""
    after = request.target.get(fact.id)
    by_name = has_attributes(fact, request.live) and (after is None or has_attributes(after, request.target))
    facts = {"key": list(key), **belonging.told(request.live_hints, fact.name, key)}
    facts |= {"by_name": True} if by_name else {"type": fact.attrs["type"]}
    keys = {str(place): f"column:{qualifier(fact.name)}.{name}" for place, name in enumerate(key)}
    found = {place: request.live[i] for place, i in keys.items() if i in request.live}
    facts |= archived_labels.told({**found, **({} if by_name else {"value": fact})}, request)
    shape = shape_of(fact.attrs["type"], request) if by_name else {}
    facts |= {ATTRIBUTES: shape} if shape else {}
    return archive.Entry(archive.place_of(request, fact.id), former(fact.id, request), "column", facts)


def _column_entry(fact: Fact, view: View) -> archive.Entry:
    """Of a column that is dropped; where it is only made anew, something may have to stand in."""
    entry = column_entry(view.request, fact, _key(fact, view))
    return _with(entry, _INSTEAD) if fact.id in view.target else entry


def _with(entry: archive.Entry, *marks: str) -> archive.Entry:
    return msgspec.structs.replace(entry, facts={**entry.facts, **dict.fromkeys(marks, True)})


def copied(
    fact: Fact,
    entry: archive.Entry,
    source: str,
    request: PlanRequest,
    which: str = "true",
    instead: str = "",
) -> list[str]:
    """Statements that copy a column's values to their place, from rows called ``t``: all, or which, and
    beside them what they get instead.

    The line stays even where no value does: it says that they were NULL, so that neither an older line of the
    column gives back what it had earlier, nor anything has to stand in for values that nobody knows.
    """
    key = _row_key(entry.facts["key"])
    columns, made = ("row_key, row_no, value", "")
    value = portable(fact, "by_name" in entry.facts, request.live)
    if instead:
        columns, made = f"{columns}, {_INSTEAD}", f" ({instead})::text AS {_INSTEAD},"
    copy = (
        f"CREATE TABLE {quote(entry.place)}.rows AS SELECT {columns} FROM ("
        f"SELECT {key} AS row_key, {_row_no(fact, entry, request)} AS row_no,{made}"
        f" {value} AS value, {which} AS goes FROM {source}) kept"
        " WHERE value IS NOT NULL AND goes"
    )
    return [
        f"CREATE SCHEMA {quote(entry.place)}",
        copy,
        # A publication of all tables has this one too, and would not let its rows go.
        f"ALTER TABLE {quote(entry.place)}.rows REPLICA IDENTITY FULL",
        archive.register(entry.place, entry.identity, "column", entry.facts),
    ]


def _is_no_stand_in(fact: Fact, view: View) -> str:
    """A condition on ``t``: what is in its column does not stand in for a value that lies in the archive, and
    that comes back as if there were none."""
    entry = archive.kept(view.request, fact.id, "column")
    if entry is None or _INSTEAD not in entry.facts:
        return "true"
    if not all(column in view.live for column in _key_columns(fact, entry)):
        return "true"
    row = f"{_row_key(entry.facts['key'])}, {_row_no(fact, entry, view.request)}"
    now = written(f"t.{last(fact.name)}", fact.attrs["type"])
    known = f"SELECT a.row_key, a.row_no, a.{_INSTEAD} FROM {quote(entry.place)}.rows a"
    return f"({row}, {now}) NOT IN ({known} WHERE a.{_INSTEAD} IS NOT NULL)"


_INSTEAD = "instead"
"""In the facts of an entry: its rows have a column of that name, with what rows got for their values."""


def set_aside(
    column: Fact, which: str, view: View, instead: str = "", reads: Sequence[str] = ()
) -> list[str]:
    """Statements that empty a column in some rows, with those values moved to its place, if there are any.

    ``which`` is a condition on ``t``, and ``instead`` what such a row gets, where it may not be empty, from
    the columns that it ``reads``.
    """
    entry = column_entry(view.request, column, _key(column, view))
    entry = _with(entry, archive.SOME, *((_INSTEAD,) if instead else ()))
    update = emptied(column, which, view, instead or "NULL")
    return [
        held_still(qualifier(column.name)),
        *copied(column, entry, _source(column, entry, view, reads), view.request, which, instead),
        *undisturbed(column, view, update),
        _closed(entry),
    ]


def emptied(column: Fact, which: str, view: View, instead: str = "NULL") -> list[str]:
    """Updates that leave nothing in a column where a condition on ``t`` holds, or something else instead."""
    tables = local_rows.updated(qualifier(column.name), view)
    return [f"UPDATE {table} t SET {last(column.name)} = {instead} WHERE {which}" for table in tables]


def _source(column: Fact, entry: archive.Entry, view: View, reads: Sequence[str] = ()) -> str:
    columns = [*entry.facts["key"], last(column.name), *reads]
    return local_rows.source(qualifier(column.name), columns, view)


def some_back(column: Fact, view: View) -> list[str]:
    """Statements that put back what :func:`set_aside` took from a column."""
    entry = archive.kept(view.request, column.id, "column")
    there = entry is not None and all(i in view.target for i in _key_columns(column, entry))
    return put_back(column, entry, view) if entry and there and archive.SOME in entry.facts else []


def _key(fact: Fact, view: View) -> list[str]:
    """The columns that tell a row: those of the primary key, that of now or that of the target, or of another
    key of now, where they stay, else all others that stay.

    What is computed tells no more than what it is computed from, and may one day be computed from this one.
    """
    table = fact.parent or ""
    known = (keys.primary(side.get(table, ())) for side in (view.live_parts, view.target_parts))
    for columns in (*known, *keys.others(table, view.live)):
        if columns and all(view.stays(c) and c != fact.id for c in columns):
            return [last(c) for c in columns]
    return sorted(
        last(part.name)
        for part in view.live_parts.get(table, ())
        if part.kind == "column"
        and part.id != fact.id
        and view.stays(part.id)
        and "generated" not in part.attrs
    )


def _key_columns(fact: Fact, entry: archive.Entry) -> list[str]:
    """The identities of the columns by which the rows are found that have values at a place."""
    return [f"column:{qualifier(fact.name)}.{name}" for name in entry.facts["key"]]


def _row_key(key: Sequence[str]) -> str:
    """As text, so that a row is found again when a column of its key has got another type."""
    return f"jsonb_build_array({', '.join(f't.{column}::text' for column in key)})"


def _row_no(fact: Fact, entry: archive.Entry, request: PlanRequest) -> str:
    """Which one it is of the rows that have the same key, as an expression on ``t``.

    All rows of a table are sorted to find that out. None are where it is a key of the table before as after,
    and of types whose values differ as text where they differ at all.
    """
    names, sides = _key_columns(fact, entry), (request.live, request.target)
    if all(_is_key(names, fact.parent or "", side) for side in sides):
        return "1::bigint"
    return f"row_number() OVER (PARTITION BY {_row_key(entry.facts['key'])})"


def _is_key(columns: Sequence[str], table: str, side: Facts) -> bool:
    if table not in side or ("partition_key" not in side[table].attrs and children(table, side.dependents)):
        return False  # it says nothing of the rows of tables below
    known = (keys.primary(side.parts.get(table, ())), *keys.others(table, side))
    if not any(key and set(key) == {*columns} for key in known):
        return False
    return all(side[column].attrs["type"].partition("(")[0] in _TOLD_APART for column in columns)


_TOLD_APART = ("smallint", "integer", "bigint", "uuid", "date", "text", "character varying")


def values_of(fact: Fact, view: View, *, own: bool) -> list[archive.Entry]:
    """Where values of a column that is created lie: set aside by this very plan, unless it has none of its
    own for that, or by an earlier one."""
    before = view.live.get(fact.id)
    if view.stays(fact.id) or "foreign" in view.target[fact.parent or ""].attrs:
        return []  # a column that becomes one with that of a parent, or whose rows are not here
    earlier = archive.kept(view.request, fact.id, "column")
    found = [earlier] if earlier else [entry for _, entry in left_above(fact, view)]
    if before is None or not own or not keeps_values(before, view):
        return found
    return [_column_entry(before, view), *found]


def left_above(fact: Fact, view: View) -> list[tuple[str, archive.Entry]]:
    """Where values lie that went with the column of what its table has been a partition of, and leaves now,
    or comes to since that is made anew; and that column."""
    table = qualifier(fact.name)
    attachment = f"partition:{table}"
    if not view.either(attachment) or view.stays(attachment) or fact.id in view.live:
        return []
    new = (name for name in ancestors(table, view.target) if f"table:{name}" not in view.live)
    above = (f"column:{name}.{last(fact.name)}" for name in (*ancestors(table, view.live), *new))
    found = ((column, archive.kept(view.request, column, "column")) for column in above)
    return [(column, entry) for column, entry in found if entry]


def keeps_values(fact: Fact, view: View) -> bool:
    """Whether the values of a column that is dropped, but not its table, are set aside: they go to the
    archive, or back into the column when it is only made anew."""
    computed, alone = (
        "generated" in fact.attrs and not _becomes_plain(fact, view),
        not view.vanishes(fact.parent or ""),
    )
    wanted_or_again = archive.wanted(view) or fact.id in view.target
    return wanted_or_again and alone and not computed and size(view, fact.parent or "")[1] != 0


def _becomes_plain(fact: Fact, view: View) -> bool:
    """Whether a computed column goes for a plain one that is to have its values, not earlier ones."""
    after = view.target.get(fact.id)
    plain = after is not None and "generated" not in after.attrs
    return plain and plain_stays_bound(view) and archive.kept(view.request, fact.id, "column") is None


def put_back(fact: Fact, entry: archive.Entry, view: View) -> list[str]:
    """Statements that fill a column that was just added from its place in the archive.

    What finds no row, or does not fit the type, stays in the archive. Columns of the key that go are there
    still.
    """
    updates = _fillings(fact, entry, view)
    shared = comes_by_several(fact, view) or any(entry == other for _, other in left_above(fact, view))
    shared = shared or is_made_anew_below(fact.parent or "", view)
    opened = kept_open(entry) if shared else []  # it may be empty by then
    return [*opened, *undisturbed(fact, view, updates), _closed(entry)] if updates else []


def _fillings(fact: Fact, entry: archive.Entry, view: View) -> list[str]:
    table = qualifier(fact.name)
    if not all(i in view.live or i in view.target for i in _key_columns(fact, entry)):
        return []
    columns = [*entry.facts["key"], last(fact.name)]
    rows = local_rows.source(table, columns, view)
    return [_filling(to, rows, fact, entry, view.request) for to in local_rows.updated(table, view)]


def noted_instead(fact: Fact, entry: archive.Entry, view: View) -> list[str]:
    """Statements that note, beside the values which found no way back into a column that was made anew, what
    their rows got for them."""
    if _INSTEAD not in entry.facts:
        return []
    key, rows = _row_key(entry.facts["key"]), f"{quote(entry.place)}.rows"
    got = (
        f"SELECT {key} AS row_key, {_row_no(fact, entry, view.request)} AS row_no,"
        f" {written(f't.{last(fact.name)}', fact.attrs['type'])} AS value FROM {_source(fact, entry, view)}"
    )
    return [
        block(
            f"""BEGIN
  IF pg_catalog.to_regclass({literal(rows)}) IS NULL THEN RETURN; END IF;
  UPDATE {rows} a SET {_INSTEAD} = k.value FROM ({got}) k
   WHERE k.row_key = a.row_key AND k.row_no = a.row_no AND a.{_INSTEAD} IS NULL;
END"""
        )
    ]


# -- values of rows that come back themselves ---------------------------------------------------------------


def of_coming_rows(table: str, request: PlanRequest) -> list[tuple[Fact, archive.Entry]]:
    """The columns of a table, given by identity, whose values in the archive may be those of rows that this
    plan puts in, and where they lie: when a column got its own, such rows were not there."""
    columns = (part for part in request.target.parts.get(table, ()) if part.kind == "column")
    found = ((column, archive.kept(request, column.id, "column")) for column in columns)
    return [(c, e) for c, e in found if e and (c.id not in request.live or archive.SOME in e.facts)]


def kept_open(entry: archive.Entry) -> list[str]:
    """Statements after which there is the place of an entry, be it empty."""
    kind = "jsonb" if "by_name" in entry.facts else "text"
    columns = f"row_key jsonb, row_no bigint, value {kind}"
    columns += f", {_INSTEAD} text" if _INSTEAD in entry.facts else ""
    return [
        f"CREATE SCHEMA IF NOT EXISTS {quote(entry.place)}",
        f"CREATE TABLE IF NOT EXISTS {quote(entry.place)}.rows ({columns})",
        f"ALTER TABLE {quote(entry.place)}.rows REPLICA IDENTITY FULL",
    ]


def looked_up(column: Fact, entry: archive.Entry, row: Mapping[str, str], request: PlanRequest) -> str | None:
    """The value of a row for a column that comes anew, if its key is that of one; ``row`` has expressions by
    the names of columns. None where they are not the key."""
    if not row.keys() >= {*entry.facts["key"]}:
        return None
    key = f"jsonb_build_array({', '.join(f'{row[name]}::text' for name in entry.facts['key'])})"
    by_name = "by_name" in entry.facts
    one = "(pg_catalog.array_agg(a.value))[1]" if by_name else "pg_catalog.min(a.value::text)"
    found = (
        f"(SELECT CASE WHEN pg_catalog.count(*) = 1 THEN {one} END FROM {quote(entry.place)}.rows a"
        f" WHERE a.row_key = {key})"
    )
    kind = column.attrs["type"]
    return f"({from_json(found, kind, request.target)})" if by_name else read(found, kind)


def put_in_too(root: str, lacking: Sequence[tuple[Fact, archive.Entry]], request: PlanRequest) -> list[str]:
    """Statements that give the rows of a table, given by name, and of its partitions what is theirs of these
    values, and take that out of the archive. They come when all else is done."""
    view = View(msgspec.structs.replace(request, live=request.target), fates={})
    fillings = (f"BEGIN {text}; {_LEFT}" for pair in lacking for text in _fillings(*pair, view))
    free, again = (" ".join(_counting(root, lacking, kind, view)) for kind in ("BY DEFAULT", "ALWAYS"))
    body = f"{quiet(root)} {free} {' '.join(fillings)} {LOUD} {again}"
    given = block(f"DECLARE {QUIET_VARIABLES} BEGIN {body} END")
    published = any(identity.startswith("publication:") for identity in view.target)
    closed = [_closed(entry) for _, entry in lacking]
    return [unpublished([given]) if published else given, *closed] if lacking else []


def _counting(
    root: str, lacking: Sequence[tuple[Fact, archive.Entry]], kind: str, view: View
) -> Iterator[str]:
    """PL/pgSQL by which numbers can be given to columns that are always numbered, and cannot be again."""
    for name in sorted({last(column.name) for column, _ in lacking}):
        column = view.target.get(f"column:{root}.{name}")
        if column is not None and column.attrs.get("identity", {}).get("kind") == "a":
            yield f"ALTER TABLE {root} ALTER COLUMN {name} SET GENERATED {kind};"


_LEFT = f"EXCEPTION WHEN {REFUSED} THEN NULL; END; -- it stays there\n"


def filled(table: str, column: Fact, entry: archive.Entry, request: PlanRequest) -> tuple[str, str]:
    """Statements that fill a column of a table from its place, and that close the place where all fits."""
    return _filling(table, f"{table} t", column, entry, request), _closed(entry)


def _filling(table: str, source: str, column: Fact, entry: archive.Entry, request: PlanRequest) -> str:
    """The statement for a table, whose rows get their numbers among those of the source."""
    update = _update(table, source, column, entry, request)
    by_name, kind = "by_name" in entry.facts, column.attrs["type"]
    if not by_name and server_version(request) >= 160000:
        return update  # which asks of each value whether it fits
    rows = f"{quote(entry.place)}.rows"
    value = (
        from_json("kept.value", kind, request.target)
        if by_name
        else f"SELECT {read('kept.value::text', kind)}"
    )
    return block(
        f"""DECLARE kept record; BEGIN
  BEGIN {update}; RETURN;
  EXCEPTION WHEN {REFUSED} THEN NULL; END;
  ALTER TABLE {rows} ADD COLUMN IF NOT EXISTS unfit bool;
  FOR kept IN SELECT r.ctid AS place, r.value FROM {rows} r LOOP
    BEGIN PERFORM ({value}); UPDATE {rows} SET unfit = false WHERE ctid = kept.place;
    EXCEPTION WHEN {REFUSED} THEN
      UPDATE {rows} SET unfit = true WHERE ctid = kept.place; END;
  END LOOP;
  {_update(table, source, column, entry, request, " AND NOT a.unfit")};
END"""
    )


def _update(
    table: str, source: str, column: Fact, entry: archive.Entry, request: PlanRequest, which: str = ""
) -> str:
    name, kind, rows = last(column.name), column.attrs["type"], f"{quote(entry.place)}.rows"
    key, free, whole = _row_key(entry.facts["key"]), f"t.{name} IS NULL", ""
    if "by_name" in entry.facts:
        now = f"pg_catalog.jsonb_strip_nulls({as_json(f't.{name}', kind, request.target)})"
        value = f"({from_json('a.value', kind, request.target)})"
        free = f"({free} OR a.value OPERATOR(pg_catalog.@>) {now})"  # it may have lost attributes since
        whole = f", {now} OPERATOR(pg_catalog.=) pg_catalog.jsonb_strip_nulls(a.value) AS whole"
    else:
        value, held = read("a.value::text", kind), written(f"t.{name}", kind)
        # A child may have kept the value as its own: then there is nothing to give back.
        others = [f"{held} OPERATOR(pg_catalog.=) a.value::text"]
        others += [f"{held} OPERATOR(pg_catalog.=) a.{_INSTEAD}"] if _INSTEAD in entry.facts else []
        free = f"({free} OR {' OR '.join(others)})"
        fits = f" AND pg_catalog.pg_input_is_valid(a.value::text, {literal(kind)})"
        free += fits if server_version(request) >= 160000 else ""
    return (
        f"WITH back AS (UPDATE {table} t SET {name} = {value} FROM ("
        f"SELECT t.tableoid AS part, t.ctid AS place, {key} AS row_key,"
        f" {_row_no(column, entry, request)} AS row_no FROM {source}) k"
        f" JOIN {rows} a USING (row_key, row_no)"
        f" WHERE t.tableoid = k.part AND t.ctid = k.place AND {free}{which}"
        f" RETURNING a.ctid AS kept{whole})"
        f" DELETE FROM {rows} r USING back b WHERE r.ctid = b.kept"
        f"{' AND b.whole' if whole else ''}"
    )


def _closed(entry: archive.Entry) -> str:
    return block(f"BEGIN {archive.closed_when_empty(entry)} END")
