"""``snap plan`` on databases that are large in one way, where one change concerns many things at once.

Each shape is measured at some size and at twice that, in turn: a plan for the larger one may take a little
more than twice as long. What both have in common, as the start of the program, makes it less.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from bench.database import Database
from bench.timing import compare
from snapstore import embedded

SIZE, ROUNDS = 400, 3
GOAL = 2.3
Script = Callable[[int], str]


def run(report: Callable[[object], None]) -> None:
    """A deploy has changed what it could at once; the plan goes back."""
    with tempfile.TemporaryDirectory(prefix="snapstore-bench-") as base, embedded.temporary() as server:
        for name, (create, change) in SHAPES.items():
            one, two = (
                _changed(Database(Path(base), server, n, create(n), f"{name}{n}"), change(n))
                for n in (SIZE, 2 * SIZE)
            )
            title = f"{name.replace('_', ' ')}: {2 * SIZE} to {SIZE}"
            report(compare(title, partial(_plan, two), partial(_plan, one), rounds=ROUNDS, goal=GOAL))


def _changed(database: Database, change: str) -> Database:
    database.snap("first", ["take", "-q", "-m", "take"])
    database.psql(change)
    return database


def _plan(database: Database, number: int) -> None:
    database.snap("first", ["plan", "HEAD"])


def _each(n: int, *statements: str) -> str:
    """The statements for each number, ``%s`` in them."""
    return _script(statement.replace("%s", str(i)) for i in range(n) for statement in statements)


def _script(statements: Iterable[str]) -> str:
    return "".join(f"{statement};\n" for statement in statements)


def _partitions(n: int) -> str:
    table = "CREATE TABLE p (id int, k int, v text) PARTITION BY LIST (id);"
    return table + _each(n, "CREATE TABLE p%s PARTITION OF p FOR VALUES IN (%s)") + "CREATE INDEX ON p (v);"


def _children(n: int) -> str:
    return "CREATE TABLE p (id int, k int, v text);" + _each(n, "CREATE TABLE c%s (x int) INHERITS (p)")


def _labels(n: int) -> str:
    return "CREATE TYPE e AS ENUM ('a', 'b');" + _each(n, "CREATE TABLE t%s (id int PRIMARY KEY, e e, f e[])")


def _views(n: int) -> str:
    return "CREATE TABLE t (id int, v text);" + _each(n, "CREATE VIEW v%s AS SELECT * FROM t")


def _views_made_anew(n: int) -> str:
    gone = _each(n, "DROP VIEW v%s")
    return gone + "ALTER TABLE t ALTER id TYPE bigint;" + _each(n, "CREATE VIEW v%s AS SELECT * FROM t")


def _tables(n: int) -> str:
    return _each(n, "CREATE TABLE t%s (id serial PRIMARY KEY, a int)", "CREATE VIEW v%s AS SELECT a FROM t%s")


def _renamed(n: int) -> str:
    return _each(n, "ALTER TABLE t%s RENAME a TO b", "ALTER TABLE t%s RENAME TO u%s")


def _given_away(n: int) -> str:
    return _each(n, "ALTER TABLE t%s OWNER TO pg_monitor", "GRANT SELECT ON v%s TO PUBLIC")


_COLUMNS = "ALTER TABLE p ADD c int DEFAULT 1, ALTER k TYPE bigint, ADD CHECK (k > 0);"

SHAPES: dict[str, tuple[Script, Script]] = {
    "partitions": (_partitions, lambda n: f"{_COLUMNS} ALTER TABLE p ADD UNIQUE (id, v);"),
    "children": (_children, lambda n: f"{_COLUMNS} ALTER TABLE p RENAME v TO w;"),
    "columns_of_an_enum": (_labels, lambda n: "ALTER TYPE e ADD VALUE 'c';"),
    "views_on_a_table": (_views, _views_made_anew),
    "renamed_tables": (_tables, _renamed),
    "other_owners": (_tables, _given_away),
    "dropped_tables": (_tables, lambda n: _each(n, "DROP TABLE t%s CASCADE")),
    "new_tables": (lambda n: "SELECT 1;", _tables),
}
