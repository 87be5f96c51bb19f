"""Updates that nothing of a table has a part in, and what of it they leave as it is by then."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from snapstore.adapter import PlanOptions, PlanRequest
from snapstore.model import ResourceChanges
from snapstore.rules import Fate, View
from snapstore_postgres.rows.undisturbed import undisturbed
from tests.postgres.roundtrip import capture, restore, rows
from tests.postgres.test_renames import run

PUBLISHED = """
CREATE TABLE t (id int CONSTRAINT k PRIMARY KEY, x int); INSERT INTO t VALUES (1, 1), (2, 2);
CREATE PUBLICATION p FOR TABLE t WHERE (x > 1)"""


def test_an_index_that_tells_rows_by_then_tells_them_afterwards(new_database: Callable[[], str]):
    url = new_database()
    run(url, PUBLISHED)
    facts = capture(url).facts
    request = PlanRequest("db", None, ResourceChanges("db", "postgres"), facts, facts, {}, {}, PlanOptions())
    view = View(request, fates={"replica_identity:public.t": Fate.CREATE})
    run(url, "ALTER TABLE t REPLICA IDENTITY USING INDEX k")
    for statement in undisturbed(view.target["column:public.t.x"], view, ["UPDATE public.t SET x = 3"]):
        run(url, statement)
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT relreplident, x FROM pg_class, t WHERE relname = 't'").fetchall()
    assert found == [("i", 3), ("i", 3)]


BELOW = """
CREATE TABLE t (a int); CREATE TABLE c () INHERITS (t); INSERT INTO t VALUES (1); INSERT INTO c VALUES (2);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.a := NEW.a + 100; RETURN NEW; END';
CREATE TABLE log (a int); CREATE RULE r AS ON UPDATE TO c DO ALSO INSERT INTO log VALUES (1);
CREATE TRIGGER tr BEFORE UPDATE ON c FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE c ENABLE ALWAYS TRIGGER tr
"""


def test_triggers_and_rules_of_a_child_do_not_see_values_that_its_parent_gets_back(
    new_database: Callable[[], str],
):
    url = new_database()
    run(url, BELOW)
    good = capture(url)
    run(url, "ALTER TABLE t ADD b int DEFAULT 3; ALTER TABLE t ALTER b DROP DEFAULT")
    bad, found = capture(url), rows(url)
    restore(url, good)
    restore(url, bad)
    assert rows(url) == found
