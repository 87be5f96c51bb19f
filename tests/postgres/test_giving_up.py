"""Rows that the target does not allow are deleted where data is given up, and no others."""

from __future__ import annotations

import re

import pytest

from tests.postgres.conftest import Project

MOOD = "CREATE TYPE mood AS ENUM ({});"
CASES = {
    "a check": (
        "CREATE TABLE t (id int, CONSTRAINT positive CHECK (id > 0))",
        "CREATE TABLE t (id int); INSERT INTO t VALUES (1), (-1), (NULL)",
        {"t": [(1,), (None,)]},
    ),
    "a check of the parent alone": (
        "CREATE TABLE t (id int, CHECK (id > 0) NO INHERIT); CREATE TABLE c () INHERITS (t)",
        "CREATE TABLE t (id int); CREATE TABLE c () INHERITS (t); INSERT INTO t VALUES (1), (-1);"
        " INSERT INTO c VALUES (-2)",
        {"ONLY t": [(1,)], "c": [(-2,)]},
    ),
    "a value": (
        "CREATE TABLE t (id int NOT NULL, v int)",
        "CREATE TABLE t (id int, v int); INSERT INTO t VALUES (1, NULL), (NULL, 2)",
        {"t": [(1, None)]},
    ),
    "a primary key": (
        "CREATE TABLE t (id int PRIMARY KEY, v int)",
        "CREATE TABLE t (id int, v int); INSERT INTO t VALUES (1, 1), (NULL, 2), (1, 3), (2, 4)",
        {"t": [(1, 1), (2, 4)]},
    ),
    "a unique index in which NULLs are one": (
        "CREATE TABLE t (id int, v text); CREATE UNIQUE INDEX i ON t (lower(v)) NULLS NOT DISTINCT"
        " WHERE id > 0",
        "CREATE TABLE t (id int, v text); INSERT INTO t VALUES (1, 'A'), (2, 'a'), (3, NULL), (4, NULL),"
        " (0, NULL)",
        {"t": [(0, None), (1, "A"), (3, None)]},
    ),
    "ranges that exclude each other": (
        "CREATE TABLE t (r int4range, EXCLUDE USING gist (r WITH &&))",
        "CREATE TABLE t (r int4range); INSERT INTO t VALUES ('[1,4)'), ('[3,6)'), ('[8,9)')",
        {"(SELECT lower(r) FROM t) t": [(1,), (8,)]},
    ),
    "a foreign key, and what refers to those that go": (
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, p int REFERENCES p);"
        " CREATE TABLE c (id int PRIMARY KEY, t int REFERENCES t ON DELETE RESTRICT);"
        " CREATE TABLE d (c int REFERENCES c ON DELETE SET NULL)",
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, p int);"
        " CREATE TABLE c (id int PRIMARY KEY, t int REFERENCES t ON DELETE RESTRICT);"
        " CREATE TABLE d (c int REFERENCES c ON DELETE SET NULL);"
        " INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, 1), (2, 2), (3, NULL);"
        " INSERT INTO c VALUES (1, 1), (2, 2); INSERT INTO d VALUES (1), (2)",
        {"t": [(1, 1), (3, None)], "c": [(1, 1)], "d": [(1,), (None,)]},
    ),
    "keys in a circle": (
        "CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);"
        " ALTER TABLE a ADD CHECK (id > 0), ADD FOREIGN KEY (b) REFERENCES b",
        "CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);"
        " ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b; INSERT INTO a VALUES (0), (1), (2);"
        " INSERT INTO b VALUES (0, 0), (1, 1); UPDATE a SET b = 0 WHERE id < 2",
        {"a": [(2, None)], "b": []},
    ),
    "a key of a table to itself": (
        "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t)",
        "CREATE TABLE t (id int PRIMARY KEY, up int); INSERT INTO t VALUES (1, NULL), (2, 1), (3, 9), (4, 3)",
        {"t": [(1, None), (2, 1)]},
    ),
    "values of a domain": (
        "CREATE DOMAIN n AS int CONSTRAINT small CHECK (VALUE < 3); CREATE TABLE t (v n)",
        "CREATE DOMAIN n AS int; CREATE TABLE t (v n); INSERT INTO t VALUES (2), (3)",
        {"t": [(2,)]},
    ),
    "labels that go, in a key": (
        f"{MOOD.format(repr('glad'))} CREATE TABLE t (m mood PRIMARY KEY)",
        f"{MOOD.format(repr('glad') + ', ' + repr('sad'))} CREATE TABLE t (m mood PRIMARY KEY);"
        " INSERT INTO t VALUES ('glad'), ('sad')",
        {"t": [("glad",)]},
    ),
    "labels that go, of partitions": (
        f"{MOOD.format(repr('glad'))} CREATE TABLE t (m mood) PARTITION BY LIST (m);"
        " CREATE TABLE t1 PARTITION OF t DEFAULT",
        f"{MOOD.format(repr('glad') + ', ' + repr('sad'))} CREATE TABLE t (m mood) PARTITION BY LIST (m);"
        " CREATE TABLE t1 PARTITION OF t DEFAULT; INSERT INTO t VALUES ('glad'), ('sad')",
        {"t": [("glad",)]},
    ),
    "what cannot be converted": (
        "CREATE TABLE t (id int NOT NULL)",
        "CREATE TABLE t (id text NOT NULL); INSERT INTO t VALUES ('1'), ('b')",
        {"t": [(1,)]},
    ),
    "what cannot be converted to a domain that is never NULL": (
        "CREATE DOMAIN d AS int NOT NULL; CREATE TABLE t (id d)",
        "CREATE TABLE t (id text); INSERT INTO t VALUES ('1'), ('b')",
        {"t": [(1,)]},
    ),
    "what a partition does not take, though it is referred to": (
        "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);"
        " CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (5); CREATE TABLE t (p int REFERENCES p)",
        "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);"
        " CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE t (p int REFERENCES p);"
        " INSERT INTO p VALUES (1), (7); INSERT INTO t VALUES (1), (7)",
        {"p": [(1,)], "t": [(1,)]},
    ),
    "what a partitioned table refuses": (
        "CREATE TABLE p (id int, v int NOT NULL, CHECK (v > 0)) PARTITION BY LIST (id);"
        " CREATE TABLE p1 PARTITION OF p DEFAULT",
        "CREATE TABLE p (id int, v int); INSERT INTO p VALUES (1, 1), (2, NULL), (3, 0)",
        {"p": [(1, 1)]},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_rows_in_the_way_are_told_and_deleted_and_no_others(project: Project, case: str) -> None:
    target, live, left = CASES[case]
    project.sql(target)
    project.snap("take", "-m", "good", code=0)
    wanted = project.dump()
    project.sql(f"DROP SCHEMA public CASCADE; CREATE SCHEMA public; {live}")
    refused = project.snap("restore", "HEAD", "--yes", "--data", "discard", code=3)
    assert re.search(r"data-loss: rows", " ".join((refused.stdout + refused.stderr).split()))
    project.snap("restore", "HEAD", "--yes", "--data", "discard", "--allow", "all", code=0)
    assert project.dump() == wanted
    found = {table: project.sql(f"SELECT * FROM {table} ORDER BY 1") for table in left}
    assert found == left


WATCHED = """CREATE TABLE log (what text);
  CREATE TABLE t (id int PRIMARY KEY, CONSTRAINT small CHECK (id < 3));
  CREATE TABLE c (t int REFERENCES t ON DELETE CASCADE);
  CREATE TABLE n (t int REFERENCES t ON DELETE SET NULL);
  CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN INSERT INTO log VALUES (TG_TABLE_NAME); RETURN OLD; END$$;
  CREATE TRIGGER noted AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION noted();
  CREATE TRIGGER noted AFTER DELETE ON c FOR EACH ROW EXECUTE FUNCTION noted();
  CREATE TRIGGER noted AFTER UPDATE ON n FOR EACH ROW EXECUTE FUNCTION noted();
  CREATE PUBLICATION news FOR TABLE t, c, n"""


def test_what_is_deleted_is_no_event_of_the_application(project: Project) -> None:
    project.sql(WATCHED)
    project.snap("take", "-m", "good", code=0)
    wanted = project.dump()
    project.sql("ALTER TABLE t DROP CONSTRAINT small; INSERT INTO t VALUES (1), (9)")
    project.sql("INSERT INTO c SELECT id FROM t; INSERT INTO n SELECT id FROM t")
    project.snap("restore", "HEAD", "--yes", "--data", "discard", "--allow", "all", code=0)
    assert project.dump() == wanted
    assert project.sql("SELECT * FROM c") == [(1,)]
    assert project.sql("SELECT * FROM n") == [(1,), (None,)]
    assert project.sql("SELECT * FROM log") == []


@pytest.mark.parametrize("identity", ["DEFAULT", "NOTHING", "USING INDEX known"])
def test_what_a_publication_filters_by_does_not_stop_rows_from_going(project: Project, identity: str) -> None:
    project.sql(
        "CREATE TABLE t (id int PRIMARY KEY, v int CONSTRAINT positive CHECK (v > 0), n int NOT NULL);"
        f" CREATE UNIQUE INDEX known ON t (n); ALTER TABLE t REPLICA IDENTITY {identity};"
        " CREATE PUBLICATION news FOR TABLE t WHERE (v <> 7)"
    )
    project.snap("take", "-m", "good", code=0)
    wanted = project.dump()
    project.sql("ALTER TABLE t DROP CONSTRAINT positive; INSERT INTO t VALUES (1, 1, 1), (2, 0, 2)")
    project.snap("restore", "HEAD", "--yes", "--data", "discard", "--allow", "data-loss", code=0)
    assert project.dump() == wanted
    assert project.sql("SELECT * FROM t") == [(1, 1, 1)]


def test_a_restore_that_gives_rows_up_in_steps_deletes_them_first(project: Project) -> None:
    project.configure(url="${DATABASE_URL}", locking="online")
    project.sql("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int NOT NULL, p int REFERENCES p)")
    project.sql("ALTER TABLE t ADD CHECK (id > 0); CREATE UNIQUE INDEX i ON t (id)")
    project.snap("take", "-m", "good", code=0)
    wanted = project.dump()
    project.sql("DROP INDEX i; ALTER TABLE t DROP CONSTRAINT t_p_fkey, DROP CONSTRAINT t_id_check")
    project.sql("ALTER TABLE t ALTER id DROP NOT NULL")
    project.sql("INSERT INTO t VALUES (1, NULL), (1, NULL), (2, 5), (NULL, NULL), (-1, NULL)")
    project.snap("restore", "HEAD", "--yes", "--data", "discard", "--allow", "all", code=0)
    assert project.dump() == wanted
    assert project.sql("SELECT * FROM t") == [(1, None)]
