"""Columns that are computed: their expressions, which children may have of their own, and becoming plain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.kinds.columns.retyping import around_expression
from snapstore_postgres.names import last
from snapstore_postgres.relations import children, plain_stays_bound, table_of, version
from snapstore_postgres.relations.inheritance import ancestors, given_by
from snapstore_postgres.rows.archived import archive


class Expressions(NamedTuple):
    """The statements that change what a column is computed from, and what they need."""

    statements: Sequence[str]
    needs: Sequence[str] = ()


def changed_expression(before: Fact, after: Fact, above: Sequence[str], view: View) -> Expressions:
    """That for one of those ``above``, which it inherits, reaches all below it, and gives them their own
    again."""
    if "generated" not in after.attrs:
        goes = "generated" in before.attrs and not above
        return Expressions([f"{_alter(after)} DROP EXPRESSION"] if goes else [])
    told = _told(before, after, above, view)
    apart, again = around_expression(told, view)
    statements = [*apart, *map(computed, told), *again]
    return Expressions(statements, [need for column in told[1:] for need in column.needs])


def _told(before: Fact, after: Fact, above: Sequence[str], view: View) -> list[Fact]:
    """The columns that are told what they are computed from: one, and those below that are otherwise."""
    if follows(before, after, above, view) or not _is_other(before, after) or "generated" not in after.attrs:
        return []
    return [after, *_of_their_own(after, view)]


def losing(before: Fact, after: Fact, above: Sequence[str], view: View) -> list[str]:
    """The columns (since 18) of partitions that would lose their NOT NULL by such a statement."""
    told = _told(before, after, above, view) if version(view) >= 180000 else ()
    attached = (c for c in told if view.stays(f"partition:{table_of(c)}"))
    return [column.id for column in attached if view.live[column.id].attrs.get("not_null")]


def forgotten(before: Fact, after: Fact, above: Sequence[str], view: View) -> list[str]:
    """The checks that would be lost where they are only inherited, by what such statements say of their
    columns: those of the tables that have them themselves."""
    around = (
        f for column in _told(before, after, above, view) for f in view.live_dependents.get(column.id, ())
    )
    inherited = [f for f in around if f.kind == "constraint" and f.attrs.get("inherited")]
    same = (f"constraint:{t}.{last(f.name)}" for f in inherited for t in ancestors(table_of(f), view.live))
    return [i for i in dict.fromkeys(same) if i in view.live and not view.live[i].attrs.get("inherited")]


def follows(before: Fact, after: Fact, above: Sequence[str], view: View) -> bool:
    """Whether a column is computed otherwise by the statement for one of those above, which it inherits."""
    return _is_other(before, after) and any(_is_other(view.live[i], view.target[i]) for i in above)


def has_its_own(column: Fact, above: Fact) -> bool:
    """Whether a column that is only inherited is computed otherwise than that of a parent."""
    return bool(column.attrs.get("inherited")) and "generated" in column.attrs and _is_other(above, column)


def own_expressions(column: Fact, reached: Sequence[Fact]) -> list[str]:
    """The same for columns of children that have come with this one."""
    return [computed(below) for below in reached if "generated" in below.attrs and _is_other(column, below)]


def later_parents(table: Fact, view: View) -> list[str]:
    """Those from which a new table inherits once it is there: from the first that computes a column, which it
    only has from above, otherwise than those before, since the server would not choose; and before 16 from
    the first that has one which the table computes itself, since no table can be made with both."""
    parents = list(table.attrs.get("inherits", ()))
    columns = [part for part in view.target_parts.get(table.id, ()) if part.kind == "column"]
    from_above = [column for column in columns if column.attrs.get("inherited")]
    places = [_conflict(last(column.name), parents, view) for column in from_above]
    if version(view) < 160000:
        own = (c for c in columns if "generated" in c.attrs and c not in from_above)
        places += (_first_with(last(column.name), parents, view) for column in own)
    return parents[min(places, default=len(parents)) :]


def _first_with(column: str, parents: Sequence[str], view: View) -> int:
    """The place of the first parent that has it."""
    places = (place for place, name in enumerate(parents) if f"column:{name}.{column}" in view.target)
    return next(places, len(parents))


def _conflict(column: str, parents: Sequence[str], view: View) -> int:
    """The place of the first parent that computes it otherwise than one before."""
    above = [view.target.get(f"column:{parent}.{column}") for parent in parents]
    there = [(place, found.attrs.get("generated")) for place, found in enumerate(above) if found]
    return next((place for place, told in there if told != there[0][1]), len(parents))


def _is_other(one: Fact, two: Fact) -> bool:
    return one.attrs.get("generated") != two.attrs.get("generated")


def _of_their_own(column: Fact, view: View) -> Iterator[Fact]:
    """Those below, be they inherited or not, that are computed otherwise than the one that they are below."""
    for child in children(column.parent or "", view.target_dependents):
        below = view.target.get(f"column:{child}.{last(column.name)}")
        if below is None or column.id not in given_by(below, view):
            continue
        if view.stays(below.id) and "generated" in below.attrs and _is_other(column, below):
            yield below
        yield from _of_their_own(below, view)


def _alter(column: Fact) -> str:
    return f"ALTER TABLE {table_of(column)} ALTER COLUMN {last(column.name)}"


def computed(column: Fact) -> str:
    """The statement that says what a column is computed from."""
    return f"{_alter(column)} SET EXPRESSION AS ({reparsable(column.attrs['generated']['expression'])})"


def stays_bound(before: Fact, after: Fact, view: View) -> bool:
    """Whether a computed column cannot be made plain without standing on what goes."""
    made_plain = "generated" in before.attrs and "generated" not in after.attrs
    outside = {n for n in before.needs if not n.startswith(f"column:{table_of(before)}.")}
    return made_plain and plain_stays_bound(view) and not outside <= {*after.needs}


def is_to_return(before: Fact, after: Fact, view: View) -> bool:
    """Whether a computed column becomes a plain one whose values are in the archive, or its parents'."""
    if "generated" not in before.attrs or "generated" in after.attrs:
        return False
    tables = (table_of(after), *ancestors(table_of(after), view.target))
    columns = (f"column:{table}.{last(after.name)}" for table in tables)
    return any(archive.kept(view.request, column, "column") for column in columns)


def cannot_change(before: Fact, after: Fact, view: View) -> bool:
    """Whether a column that is computed when it is read has to be made anew for another expression: nothing
    is stored of it, and PostgreSQL changes none where a check or a publication might have seen it."""
    virtual = after.attrs.get("generated", {}).get("kind") == "v"
    tables = (table_of(before), *ancestors(table_of(before), view.live))
    return virtual and _is_other(before, after) and any(_is_watched(f"table:{t}", view) for t in tables)


def _is_watched(table: str, view: View) -> bool:
    checks = (part.attrs.get("type") == "c" for part in view.live_parts.get(table, ()))
    members = (fact.kind == "publication_member" for fact in view.live_dependents.get(table, ()))
    below = (f"table:{child}" for child in children(table, view.live_dependents))
    return any(checks) or any(members) or any(_is_watched(child, view) for child in below)


def reads_own_table(column: Fact, view: View) -> bool:
    """Whether a function by which the column is computed reads the column's table. It cannot while the
    indexes on the column are empty: SET EXPRESSION empties them first, and writes the rows then."""
    return table_of(column) in _read_by(column, view)


def _read_by(column: Fact, view: View) -> set[str]:
    """The tables that functions read which the column needs, and those that these need in turn."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [need for need in column.needs if need.startswith("function:")]
    while waiting:
        identity = waiting.pop()
        fact = view.target.get(identity)
        if fact is None or identity in seen:
            continue
        seen.add(identity)
        if fact.kind == "column":
            found.add(table_of(fact))
        elif fact.kind in ("table", "view", "function"):
            found.update([fact.name] if fact.kind == "table" else [])
            waiting += fact.needs
    return found
