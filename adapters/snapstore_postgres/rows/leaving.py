"""Rows that may not stay where they are once a partition is attached, by what it and others beside it take.

Where they may leave, they are taken out before, and put in through the root at the end; what nothing takes
is kept in the archive, or lost where the operator gives data up. Where they may not, they are counted before
anything is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import DataMode, Fact, Hazard
from snapstore.rules import View
from snapstore_postgres.blocks import DOES_NOT_FIT
from snapstore_postgres.names import block, literal, quote, spare_name, unquote
from snapstore_postgres.relations import size, unwritten
from snapstore_postgres.relations.inheritance import ancestors, partitions_below
from snapstore_postgres.renaming.evidence import ids_of_table
from snapstore_postgres.renaming.names_before import former
from snapstore_postgres.rows import archive, bounds, deleting, seen
from snapstore_postgres.rows.homeless import KIND, entry_of, lost
from snapstore_postgres.rows.looking import SHOWN
from snapstore_postgres.rows.undisturbed import LOUD, quiet

TAKEN_OUT = "taken_out"
"""Key of the payload of an action: the tables that rows may leave for the archive."""
SOURCE = "source"
"""Key in the facts of an entry: the table that rows were taken out of, and what tells it."""


def taken_out(fact: Fact, view: View) -> dict[str, str]:
    """Statements before a partition is attached, by the tables that rows leave: what it, or the default one
    beside it, may not have from then on is set aside, and put in through the root at the end."""
    if not _may_be_taken_out(fact, view):
        return {}
    return {table: _out(fact, table, leaving, view) for table, leaving in _sources(fact, view)}


def must_fit(fact: Fact, view: View) -> list[str]:
    """Statements that stop with the number of rows that would have to leave, where they may not."""
    if _may_be_taken_out(fact, view):
        return []
    return [_counted(fact, table, leaving, view) for table, leaving in _sources(fact, view)]


def hazard(out: Iterable[str], view: View) -> list[Hazard]:
    """That those of the rows are lost which nothing takes, where they do not go to the archive."""
    return [] if archive.wanted(view) else [lost(table, view) for table in out]


def moving(out: Iterable[str], view: View) -> tuple[int | None, int | None]:
    """How many rows and bytes are looked at to find those that move, from the catalog."""
    sizes = [size(view, f"table:{table}") for table in out]
    return (_sum(rows for rows, _ in sizes), _sum(bytes_ for _, bytes_ in sizes))


def _sum(numbers: Iterable[int | None]) -> int | None:
    known = [*numbers]
    return None if None in known or not known else sum(n for n in known if n)


def _may_be_taken_out(fact: Fact, view: View) -> bool:
    mode = view.request.options.data
    return mode is DataMode.DISCARD or (mode is DataMode.ARCHIVE and not _is_referred(fact, view))


def _sources(fact: Fact, view: View) -> Iterator[tuple[str, str]]:
    """Tables by name, with what the bound of the partition says of the rows that have to leave."""
    before = view.live.get(fact.id)
    as_before = before is not None and before.attrs == fact.attrs and not view.appears(f"table:{fact.name}")
    if not as_before and _may_leave_from_within(fact.name, view):
        yield fact.name, "FALSE"
    other = _defaults(view).get(fact.attrs["of"])
    if other not in (None, fact) and view.stays(other.id) and _may_leave(other.name, view):
        yield other.name, "TRUE"


def _defaults(view: View) -> dict[str, Fact]:
    """The default partitions of the target, by the names of the tables that they are of."""
    if "default_partitions" not in view.memo:
        attached = view.target.kinds.get("partition", ())
        found = {fact.attrs["of"]: fact for fact in attached if fact.attrs["bound"] == "DEFAULT"}
        view.memo["default_partitions"] = found
    known: dict[str, Fact] = view.memo["default_partitions"]
    return known


def _may_leave_from_within(table: str, view: View) -> bool:
    """The same for a new table too, which has rows where it gets partitions that have some before it is
    attached itself, or its own again, where it is made anew."""
    if not view.appears(f"table:{table}"):
        return _may_leave(table, view)
    below = partitions_below(f"table:{table}", view.target)
    others = any(_may_leave(identity.partition(":")[2], view) for identity in below)
    return others or _gets_its_own_again(table, view)


def _gets_its_own_again(table: str, view: View) -> bool:
    """Whether a table is made anew beside what it was in and is to be in, else its rows go through that, and
    without partitions, else it gets them when it is attached."""
    before, after = (side.get(f"table:{table}") for side in (view.live, view.target))
    if before is None or after is None or {"foreign"} & before.attrs.keys() or "partition_key" in after.attrs:
        return False
    if size(view, before.id)[1] == 0:
        return False
    around = {*ancestors(table, view.live)} & {*ancestors(table, view.target)}
    return not any(view.appears(f"table:{name}") for name in around)


def _may_leave(table: str, view: View) -> bool:
    identity = f"table:{table}"
    return (
        view.stays(identity) and "foreign" not in view.live[identity].attrs and size(view, identity)[1] != 0
    )


def _is_referred(fact: Fact, view: View) -> bool:
    """Whether a foreign key refers to the partition or to what it is in: a row that leaves, if only for a
    moment, might take others along."""
    if "referred" not in view.memo:
        view.memo["referred"] = referred(view.live) | _referred_from_within(view)
    names = (fact.name, *ancestors(fact.name, view.target))
    return any(f"table:{name}" in view.memo["referred"] for name in names)


def _referred_from_within(view: View) -> set[str]:
    """The tables that keys of the target refer to from their own tree. Others that come are made when the
    rows are back."""
    keys = references(view.target)
    return {to for key, to in keys if _in_tree(key.parent, view) == _in_tree(to, view)}


def _in_tree(table: str | None, view: View) -> str:
    """The root of the tree that a table of the target is in, by name."""
    name = (table or "").partition(":")[2]
    return [name, *ancestors(name, view.target)][-1]


def referred(*sides: Facts) -> set[str]:
    """The tables that foreign keys refer to, on any of the sides."""
    return {table for side in sides for _, table in references(side)}


def references(side: Facts) -> Iterator[tuple[Fact, str]]:
    """The foreign keys, with the tables that they refer to."""
    for key in side.kinds.get("constraint", ()):
        if key.attrs.get("type") == "f":
            targets = (need for need in key.needs if need.startswith(("constraint:", "index:")))
            yield from ((key, side[need].parent or "") for need in targets if need in side)


def _out(fact: Fact, source: str, leaving: str, view: View) -> str:
    entry = entry_before_attaching(fact, source, view.request)
    key = view.target[f"table:{fact.attrs['of']}"].attrs["partition_key"]
    place, name = quote(entry.place), source.replace("%", "%%")
    proof = _is_proven(source, spare_name(fact.id, "fits" if leaving == "FALSE" else "leaves"))
    value = "pg_catalog.row_number() OVER () AS no, pg_catalog.row_to_json(snap_row) AS value"
    select = f"SELECT {value} FROM {name} snap_row"
    return block(
        f"""DECLARE bound text; leaving text; found bool; {deleting.VARIABLES}
BEGIN
  IF NOT EXISTS (SELECT FROM {source}) OR {proof} THEN RETURN; END IF;
  BEGIN
  {bounds.of_coming(fact, key, _beside(fact, view))}
  EXCEPTION WHEN syntax_error_or_access_rule_violation THEN RETURN; END;
  bound := coalesce(nullif(pg_catalog.concat_ws(' AND ', bound, {bounds.above(fact)}), ''), 'true');
  leaving := pg_catalog.format('(%s) IS {leaving}', bound);
  EXECUTE pg_catalog.format({literal(f"SELECT EXISTS (SELECT FROM {name} WHERE %s)")}, leaving) INTO found;
  IF NOT found THEN RETURN; END IF;
  {unwritten(source)};
  CREATE SCHEMA {place};
  EXECUTE pg_catalog.format({literal(f"CREATE TABLE {place}.rows AS {select} WHERE %s")}, leaving);
  {_gone(source, view)}
  {_registered(entry) if archive.wanted(view) else ""}
END"""
    )


def _gone(source: str, view: View) -> str:
    """PL/pgSQL that deletes the rows that leave; where data is given up, with what refers to them."""
    name = source.replace("%", "%%")
    if view.request.options.data is DataMode.DISCARD:
        found = literal(f"SELECT {deleting.PLACES} FROM {name} t WHERE %s")
        return f"""EXECUTE pg_catalog.format({found}, leaving) INTO tables, places;
  {deleting.those_found()}"""
    delete = f"EXECUTE pg_catalog.format({literal(f'DELETE FROM {name} WHERE %s')}, leaving);"
    return f"{quiet(source)} {delete} {LOUD}"


def _registered(entry: archive.Entry) -> str:
    return archive.register(entry.place, entry.identity, entry.kind, entry.facts) + ";"


def _counted(fact: Fact, source: str, leaving: str, view: View) -> str:
    *between, root = ancestors(fact.name, view.target)
    chain = [*(view.target[f"partition:{table}"] for table in reversed(between)), fact]
    parts = [part for one in chain for part in (*_beside(one, view), one)]
    keys = {table: view.target[f"table:{table}"].attrs["partition_key"] for table in (root, *between)}
    which = f"'(' || bounds || ') IS {leaving}'"
    where = seen.place(source, view)
    tree = bounds.Tree(root, parts, keys)
    count = bounds.counted(tree, source, f"{source} t", where.expression, which)
    what = fact.attrs["bound"] if leaving == "FALSE" else f"beside {fact.name}, which takes them"
    return stopping(count, f"% rows of {source} do not fit {what}", _why_not(view), where.words)


def _beside(fact: Fact, view: View) -> list[Fact]:
    """The partitions that say what a default one takes; none for others."""
    if fact.attrs["bound"] != "DEFAULT":
        return []
    around = view.target_dependents.get(f"table:{fact.attrs['of']}", ())
    return [part for part in around if part.kind == "partition" and part.id != fact.id]


def _why_not(view: View) -> str:
    if view.request.options.data is not DataMode.REFUSE:
        return "no row leaves a partition that foreign keys refer to, since that might take others along"
    return "rows leave a partition only with --data archive, or discard"


_HINT = (
    "move or delete those rows, or take them where they belong with --data archive, if no key refers to them"
)


def stopping(count: str, message: str, detail: str, places: str) -> str:
    """A statement that stops where there are such rows; ``%`` in the message stands for their number, and
    ``places`` says what the places are called."""
    more = f"CASE WHEN bad > {SHOWN} THEN ', ...' ELSE '' END"
    found = f"coalesce({literal(f': {places} = ')} || places || {more}, '')"
    return block(
        f"""DECLARE bounds text; leaves text; bad bigint; places text;
BEGIN
  {count}
  IF bad > 0 THEN
    RAISE EXCEPTION {literal(message + "%")}, bad, {found}
      USING ERRCODE = '{DOES_NOT_FIT}', DETAIL = {literal(detail)}, HINT = {literal(_HINT)};
  END IF;
END"""
    )


def _is_proven(table: str, check: str) -> str:
    """Whether a step before the transaction has found no such rows."""
    return (
        f"EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conname = {literal(unquote(check))}"
        f" AND conrelid = {literal(table)}::pg_catalog.regclass AND convalidated)"
    )


def entry_before_attaching(fact: Fact, source: str, request: PlanRequest) -> archive.Entry:
    """The rows are those of the root, with the target's names: by then, all have their columns."""
    root = root_of(fact, request)
    there = msgspec.structs.replace(request, live=request.target, live_hints=request.target_hints)
    place = archive.place_of(request, f"{KIND}:{fact.name}:{source}")
    entry, was = entry_of(there, root), f"table:{source}"
    told = [former(was, request), ids_of_table(request.live_hints, was)]
    return msgspec.structs.replace(entry, place=place, facts={**entry.facts, SOURCE: told})


def some_were_moved(request: PlanRequest) -> bool:
    """Whether earlier restores have noted where rows came from that they moved to other partitions."""
    return any(e.kind == KIND and SOURCE in e.facts for e in archive.entries(request.live_hints))


def root_of(fact: Fact, request: PlanRequest) -> str:
    return f"table:{[*ancestors(fact.name, request.target)][-1]}"
