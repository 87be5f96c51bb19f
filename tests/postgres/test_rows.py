"""What is promised about the rows of tables that ``data`` names: captured, diffed and restored row by row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snapstore.model import Fact
from snapstore_postgres.rows.chosen_rows.order import Side, Step, in_order
from tests.conftest import Snap

CONFIG = """
[resources.db]
adapter = "postgres"
url = "${{DATABASE_URL}}"
data = {data}
{more}
"""

FLAGS = """
CREATE TABLE flags (name text PRIMARY KEY, is_on boolean NOT NULL, share numeric(5,2), since timestamptz,
                    doubled numeric GENERATED ALWAYS AS (share * 2) STORED);
INSERT INTO flags VALUES ('dark mode', true, 12.50, '2026-01-02 03:04:05+06'),
                         ('it''s "odd" «»', false, NULL, NULL);
"""

TREE = """
CREATE TABLE teams (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, lead int);
CREATE TABLE people (id int PRIMARY KEY, team int NOT NULL REFERENCES teams, boss int REFERENCES people,
                     seat int UNIQUE);
ALTER TABLE teams ADD FOREIGN KEY (lead) REFERENCES people;
INSERT INTO teams (name) VALUES ('blue'), ('red'), ('green');
INSERT INTO people VALUES (1, 1, NULL, 10), (2, 1, 1, 11), (3, 2, 1, 12), (4, 3, 2, 13);
UPDATE teams SET lead = id;
"""


@pytest.fixture
def project(snap: Snap, database: str) -> Callable[..., Snap]:
    """A project whose one resource is a database with some rows, captured once and tagged good."""

    def make(sql: str, data: list[str], more: str = "") -> Snap:
        snap.env["DATABASE_URL"] = database
        (snap.root / "snapstore.toml").write_text(CONFIG.format(data=data, more=more))
        run(snap, sql)
        commit = snap("take", "-m", "good", "--json", code=0).json["commit"]
        (snap.root / "snapshots/refs/tags/good").write_text(f"{commit}\n")
        return snap

    return make


def run(snap: Snap, sql: str) -> None:
    with psycopg.connect(snap.env["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(sql.encode())


def rows(snap: Snap, *tables: str) -> dict[str, list[Any]]:
    with psycopg.connect(snap.env["DATABASE_URL"]) as connection:
        queries = {t: f"SELECT to_jsonb(t)::text FROM {t} AS t ORDER BY 1" for t in tables}
        return {t: [json.loads(row) for (row,) in connection.execute(q.encode())] for t, q in queries.items()}


def there_and_back(snap: Snap, deploy: str, *tables: str, allow: str = "") -> None:
    """Restore what was before the deploy, then undo: both states are what they were."""
    good = rows(snap, *tables)
    run(snap, deploy)
    bad = rows(snap, *tables)
    assert bad != good
    allowed = ["--allow", allow] if allow else []
    snap("restore", "good", "--yes", *allowed, code=0)
    assert rows(snap, *tables) == good
    snap("undo", "--yes", *allowed, code=0)
    assert rows(snap, *tables) == bad


def test_rows_that_came_changed_and_went(project: Callable[..., Snap]):
    snap = project(FLAGS, ["public.flags"])
    deploy = """
        UPDATE flags SET is_on = false, share = 99.99 WHERE name = 'dark mode';
        DELETE FROM flags WHERE name LIKE 'it%';
        INSERT INTO flags VALUES ('new', true, 1, now())"""
    there_and_back(snap, deploy, "flags")
    shown = snap("diff", "good", "live", code=0).stdout
    assert 'row public.flags["dark mode"]' in shown and "is_on" in shown and "99.99" in shown
    assert "doubled" not in shown


def test_rows_of_other_tables_are_not_touched(project: Callable[..., Snap]):
    snap = project(FLAGS + "CREATE TABLE other (id int PRIMARY KEY);", ["public.flags"])
    run(snap, "INSERT INTO other VALUES (1); DELETE FROM flags")
    snap("restore", "good", "--yes", code=0)
    assert rows(snap, "other") == {"other": [{"id": 1}]}
    assert len(rows(snap, "flags")["flags"]) == 2


CIRCLES = {
    "all": "UPDATE teams SET lead = NULL; DELETE FROM people; DELETE FROM teams",
    "seats": "UPDATE people SET seat = seat + 1000; UPDATE people SET seat = 1023 - seat",
    "swap": """UPDATE people SET seat = 0 WHERE id = 1; UPDATE people SET seat = 10 WHERE id = 2;
               UPDATE people SET seat = 11 WHERE id = 1""",
    "moved": """INSERT INTO teams (name) VALUES ('new'); UPDATE people SET team = 4, boss = NULL;
                UPDATE teams SET lead = 4; DELETE FROM people WHERE id < 4; DELETE FROM teams WHERE id < 4;
                INSERT INTO people VALUES (9, 4, 4, 10)""",
    "turned": "UPDATE people SET boss = 4 WHERE id = 1; UPDATE people SET boss = NULL WHERE id = 4",
}


@pytest.mark.parametrize("deploy", CIRCLES.values(), ids=CIRCLES)
def test_rows_that_refer_to_each_other(project: Callable[..., Snap], deploy: str):
    snap = project(TREE, ["public.teams", "public.people"])
    there_and_back(snap, deploy, "teams", "people")


MUTUAL = """
CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL);
CREATE TABLE b (id int PRIMARY KEY, "A" int NOT NULL REFERENCES a DEFERRABLE);
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE INITIALLY DEFERRED;
WITH a AS (INSERT INTO a VALUES (1, 1)) INSERT INTO b VALUES (1, 1);
"""


def test_rows_that_cannot_be_without_each_other_wait_for_deferrable_keys(project: Callable[..., Snap]):
    snap = project(MUTUAL, ["public.a", "public.b"])
    changes = "DELETE FROM a; DELETE FROM b; INSERT INTO a VALUES (2, 2), (3, 2); INSERT INTO b VALUES (2, 3)"
    there_and_back(snap, f"BEGIN; SET CONSTRAINTS ALL DEFERRED; {changes}; COMMIT", "a", "b")


RANKS = """
CREATE TYPE colour AS ENUM ('red', 'blue');
CREATE TABLE ranks (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, place int NOT NULL UNIQUE, name text,
                    colour colour NOT NULL, twice int GENERATED ALWAYS AS (place * 2) STORED);
CREATE TABLE votes (rank int NOT NULL REFERENCES ranks {});
INSERT INTO ranks (place, name, colour) SELECT i, 'it''s ' || i, 'red' FROM generate_series(1, 6) i;
INSERT INTO votes VALUES (1), (3);
"""
TURNED = """BEGIN; UPDATE ranks SET place = place + 10, name = nullif(name, 'it''s 2'), colour = 'blue';
UPDATE ranks SET place = (ARRAY[2, 3, 1, 5, 4, 7])[id]; COMMIT;
INSERT INTO ranks (place, name, colour) VALUES (6, 'new', 'red')"""


def test_rows_that_swap_values_which_none_may_be_without(project: Callable[..., Snap]):
    snap = project(RANKS.format(""), ["public.ranks"])
    there_and_back(snap, TURNED, "ranks", "votes")


def test_rows_that_swap_values_stay_where_others_would_go_with_them(project: Callable[..., Snap]):
    snap = project(RANKS.format("ON DELETE CASCADE"), ["public.ranks"])
    run(snap, TURNED)
    refused = snap("restore", "good", "--yes", "--allow", "all", code=1).stderr
    assert "take or refer to each other's keys in a circle" in refused and "NO ACTION" in refused


TOGETHER = {
    "dropped": "DROP TABLE flags",
    "column gone": "ALTER TABLE flags DROP COLUMN share CASCADE; UPDATE flags SET is_on = NOT is_on",
    "column new": "ALTER TABLE flags ADD COLUMN extra int DEFAULT 5; UPDATE flags SET is_on = NOT is_on",
    "null": "ALTER TABLE flags ALTER is_on DROP NOT NULL; UPDATE flags SET is_on = NULL",
    "type": "ALTER TABLE flags ALTER is_on TYPE text; UPDATE flags SET is_on = 'off'",
    "check": "UPDATE flags SET is_on = true; ALTER TABLE flags ADD CHECK (is_on)",
    "key": "ALTER TABLE flags DROP CONSTRAINT flags_pkey; INSERT INTO flags VALUES ('dark mode', true)",
}


@pytest.mark.parametrize("change", TOGETHER)
def test_rows_and_their_table_change_together(project: Callable[..., Snap], change: str):
    snap = project(FLAGS, ["public.flags"])
    good = rows(snap, "flags")
    run(snap, TOGETHER[change])
    allowed = ["--allow", "unverifiable"] if change == "key" else []
    snap("restore", "good", "--yes", *allowed, code=0)
    assert rows(snap, "flags") == good
    snap("undo", "--yes", "--allow", "all")
    snap("restore", "good", "--yes", *allowed, code=0)
    assert rows(snap, "flags") == good


def test_triggers_do_not_meddle_and_stay_as_they_were(project: Callable[..., Snap]):
    touch = """
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
          $$BEGIN IF TG_OP = 'DELETE' THEN RETURN NULL; END IF; NEW.since = now(); RETURN NEW; END$$;
        CREATE TRIGGER touch BEFORE INSERT OR UPDATE OR DELETE ON flags FOR EACH ROW EXECUTE FUNCTION touch();
        ALTER TABLE flags ENABLE ALWAYS TRIGGER touch;"""
    snap = project(FLAGS + touch, ["public.flags"])
    there_and_back(snap, "UPDATE flags SET is_on = NOT is_on; INSERT INTO flags VALUES ('x', true)", "flags")
    assert snap("status", "--json").json is not None
    snap("restore", "good", "--yes", code=0)
    assert "enabled" not in snap("diff", "good", "live", code=0).stdout


def test_rows_elsewhere_that_would_go_too_are_a_hazard(project: Callable[..., Snap]):
    votes = "CREATE TABLE votes (id int PRIMARY KEY, flag text REFERENCES flags ON DELETE CASCADE);"
    snap = project(FLAGS + votes, ["public.flags"])
    run(snap, "INSERT INTO flags VALUES ('new', true); INSERT INTO votes VALUES (1, 'new')")
    refused = snap("restore", "good", "--yes", code=3)
    assert "data-loss" in refused.stderr + refused.stdout and "votes" in refused.stderr + refused.stdout
    assert rows(snap, "votes") == {"votes": [{"id": 1, "flag": "new"}]}
    snap("restore", "good", "--yes", "--allow", "data-loss", code=0)
    assert rows(snap, "votes") == {"votes": []}


def test_keys_hold_in_a_restore_though_sessions_of_the_database_leave_them_out(project: Callable[..., Snap]):
    votes = "CREATE TABLE votes (id int PRIMARY KEY, flag text REFERENCES flags ON DELETE CASCADE);"
    snap = project(FLAGS + votes, ["public.flags"])
    run(snap, "INSERT INTO flags VALUES ('new', true); INSERT INTO votes VALUES (1, 'new')")
    snap.env["PGOPTIONS"] = "-c session_replication_role=replica"
    snap("restore", "good", "--yes", "--allow", "data-loss", code=0)
    assert rows(snap, "votes") == {"votes": []}


def test_a_sealed_column_is_nowhere_to_be_read(project: Callable[..., Snap]):
    table = "CREATE TABLE settings (name text PRIMARY KEY, value text);"
    snap = project(
        f"{table} INSERT INTO settings VALUES ('a', 'canary-1')",
        ["public.settings"],
        'data_sealed = ["public.settings.value"]',
    )
    run(
        snap,
        "UPDATE settings SET value = 'canary-2'; INSERT INTO settings VALUES ('b', 'canary-3'), ('c', NULL)",
    )
    for words in (
        ["diff", "good", "live"],
        ["diff", "--sql"],
        ["plan", "good"],
        ["plan", "good", "--json"],
        ["show", "good"],
    ):
        said = snap(*words)
        assert "canary" not in said.stdout + said.stderr, words
    snap("restore", "good", "--yes", code=0)
    assert rows(snap, "settings") == {"settings": [{"name": "a", "value": "canary-1"}]}
    snap("undo", "--yes", code=0)
    values = {row["name"]: row["value"] for row in rows(snap, "settings")["settings"]}
    assert values == {"a": "canary-2", "b": "canary-3", "c": None}


def test_a_table_that_was_not_yet_chosen_keeps_its_rows(project: Callable[..., Snap]):
    snap = project(FLAGS, [])
    (snap.root / "snapstore.toml").write_text(CONFIG.format(data=["public.flags"], more=""))
    run(snap, "UPDATE flags SET is_on = NOT is_on; CREATE INDEX extra ON flags (share)")
    now = rows(snap, "flags")
    snap("restore", "good", "--yes", code=0)
    assert rows(snap, "flags") == now
    snap("undo", "--yes", code=0)
    assert rows(snap, "flags") == now


def test_what_cannot_be_captured_is_said(project: Callable[..., Snap]):
    snap = project("CREATE TABLE log (line text)", ["public.log", "public.nowhere"])
    run(snap, "CREATE TABLE more ()")
    said = snap("take", "-m", "again", code=0)
    assert "public.log" in said.stderr + said.stdout and "no primary key" in said.stderr + said.stdout
    assert "public.nowhere" in said.stderr + said.stdout


def test_a_table_too_large_is_refused(project: Callable[..., Snap]):
    snap = project(FLAGS, ["public.flags"], "data_limit = 2")
    run(snap, "INSERT INTO flags VALUES ('third', true)")
    said = snap("take", code=1)
    assert "more than 2 rows" in said.stderr and "data_limit" in said.stderr


# -- the order, as a law --------------------------------------------------------------------

KEYS = ["a", "b", "c", "d"]
NULLABLE = {"t.ref", "t.seat"}


@st.composite
def tables(draw: st.DrawFn) -> dict[str, tuple[str | None, str | None]]:
    """Rows of a table that refers to itself and has a unique column, by their keys: (ref, seat)."""
    keys = draw(st.lists(st.sampled_from(KEYS), unique=True))
    seats = draw(st.permutations([*map(str, range(len(KEYS)))]))
    refs = st.sampled_from([None, *keys])
    return {k: (draw(refs), draw(st.sampled_from([None, seats[i]]))) for i, k in enumerate(keys)}


def side(found: dict[str, tuple[str | None, str | None]]) -> Side:
    reference = {"columns": ["ref"], "table": "t", "key": ["id"]}
    facts = [Fact("data:t", {"key": ["id"], "references": [reference], "unique": [["seat"]]})]
    for key, (ref, seat) in found.items():
        facts.append(Fact(f"row:t[{key}]", {"id": key, "ref": ref, "seat": seat}, "data:t"))
    return Side.of({fact.id: fact for fact in facts})


def states(start: dict[str, Any], steps: list[Step]) -> Iterator[dict[str, Any]]:
    """What the table holds after each step."""
    now = {key: {"id": key, "ref": ref, "seat": seat} for key, (ref, seat) in start.items()}
    for step in steps:
        for row in step.all():
            if row.after is None:
                del now[row.row.attrs["id"]]
            else:
                now[row.row.attrs["id"]] = dict(row.after.attrs)
        yield now


@settings(max_examples=300)
@given(before=tables(), after=tables(), nullable=st.sampled_from([NULLABLE, {"t.ref"}]))
def test_no_step_ever_breaks_a_key(before: dict[str, Any], after: dict[str, Any], nullable: set[str]):
    live, target = side(before), side(after)
    old, new = live.rows.get("t", {}), target.rows.get("t", {})
    changed = [i for i in sorted(old.keys() | new.keys()) if old.get(i) != new.get(i)]
    steps = [Step("t", old.get(i), new.get(i)) for i in changed]
    last = {key: {"id": key, "ref": ref, "seat": seat} for key, (ref, seat) in before.items()}
    for now in states(before, in_order(steps, live, target, nullable)):
        seats = [row["seat"] for row in now.values() if row["seat"] is not None]
        assert len(seats) == len(set(seats))
        assert all(row["ref"] in (None, *now) for row in now.values())
        last = now
    assert last == {key: {"id": key, "ref": ref, "seat": seat} for key, (ref, seat) in after.items()}
