"""For every adapter, alone and together: take, change everything, restore, and it is what it was."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Snap

BEFORE_SQL = """
CREATE TYPE status AS ENUM ('new', 'paid');
CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE,
                    name varchar(40) DEFAULT 'nobody');
CREATE TABLE orders (id serial PRIMARY KEY, user_id bigint REFERENCES users, total numeric(10, 2),
                     state status DEFAULT 'new', CHECK (total >= 0));
CREATE INDEX orders_state ON orders (state) WHERE state = 'new';
CREATE VIEW totals AS SELECT user_id, sum(total) AS total FROM orders GROUP BY user_id;
CREATE MATERIALIZED VIEW ranking AS SELECT * FROM totals ORDER BY total DESC;
CREATE UNIQUE INDEX ranking_user ON ranking (user_id);
CREATE FUNCTION double(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2';
COMMENT ON TABLE users IS 'who may log in';
INSERT INTO users (email) SELECT 'user' || n || '@example.org' FROM generate_series(1, 50) n;
INSERT INTO orders (user_id, total) SELECT n, n * 1.5 FROM generate_series(1, 50) n;
"""
AFTER_SQL = """
DROP MATERIALIZED VIEW ranking;
DROP VIEW totals;
CREATE MATERIALIZED VIEW dashboard_summary_mv AS SELECT count(*) AS orders FROM orders;
CREATE INDEX idx_user_performance ON users (email, name);
DROP INDEX orders_state;
ALTER TABLE users ALTER COLUMN name TYPE text, ALTER COLUMN name DROP DEFAULT;
ALTER TABLE orders ALTER COLUMN total TYPE numeric(14, 4);
ALTER TABLE orders ADD COLUMN note text DEFAULT 'n/a';
ALTER TYPE status ADD VALUE 'lost';
CREATE OR REPLACE FUNCTION double(n int) RETURNS int LANGUAGE sql AS 'SELECT n + n';
COMMENT ON TABLE users IS 'everybody';
CREATE TABLE audit (at timestamptz, what text);
INSERT INTO audit SELECT now(), 'login ' || n FROM generate_series(1, 20) n;
"""
ROWS = "SELECT id, email, name FROM users ORDER BY id", "SELECT id, user_id, total FROM orders ORDER BY id"


@dataclass(frozen=True)
class Part:
    """One resource of the project: its table in the configuration, and how it comes to be and changes."""

    table: str
    make: Callable[[Path], None]
    change: Callable[[Path], None]


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def _make_env(root: Path) -> None:
    _write(
        root / ".env", "# settings\nexport KEY='s3cret'\n\nREDIS_ENABLED=true\nURL=a b #c\nnonsense\n", 0o600
    )


def _change_env(root: Path) -> None:
    _write(root / ".env", "KEY=\"other\"\r\nREDIS_ENABLED=false\r\nNEW='multi\nline'\nURL=x", 0o640)


def _make_webpack(root: Path) -> None:
    _write(
        root / "webpack.config.js",
        "const own = require('./build/own');\nmodule.exports = { mode: own.mode };\n",
    )
    _write(root / "build" / "own.js", "exports.mode = 'production';\n", 0o755)


def _change_webpack(root: Path) -> None:
    _write(root / "webpack.config.js", "module.exports = require('./other');\n", 0o600)
    _write(root / "other.js", "module.exports = { mode: 'development' };\n")


def _make_files(root: Path) -> None:
    _write(root / "dist" / "app.js", "one\ntwo\n", 0o755)
    _write(root / "dist" / "deep" / "er" / "x.txt", "x")
    (root / "dist" / "empty").mkdir()
    (root / "dist" / "latest").symlink_to("app.js")
    (root / "dist" / os.fsdecode(b"caf\xe9 \n.txt")).write_bytes(b"\0\xff")


def _change_files(root: Path) -> None:
    _write(root / "dist" / "app.js", "one\n2\n", 0o600)
    (root / "dist" / "deep" / "er" / "x.txt").unlink()
    (root / "dist" / "deep" / "er").rmdir()
    _write(root / "dist" / "deep" / "er", "now a file")
    (root / "dist" / "empty").rmdir()
    (root / "dist" / "latest").unlink()
    _write(root / "dist" / "latest" / "now-a-folder", "y")
    (root / "dist" / os.fsdecode(b"caf\xe9 \n.txt")).unlink()
    _write(root / "dist" / "-rf", "z")


def _execute(url: str, statements: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statements.encode())


def _postgres(url: str) -> Part:
    return Part(
        'adapter = "postgres"\nurl = "${DATABASE_URL}"\n',
        lambda root: _execute(url, BEFORE_SQL),
        lambda root: _execute(url, AFTER_SQL),
    )


FILE_PARTS = {
    "env": Part('adapter = "dotenv"\npath = ".env"\n', _make_env, _change_env),
    "bundler": Part('adapter = "webpack"\nclear = [".cache"]\n', _make_webpack, _change_webpack),
    "build": Part('adapter = "files"\npath = "dist"\n', _make_files, _change_files),
}


class Project:
    """A project of some parts, driven through the command line."""

    def __init__(self, snap: Snap, parts: dict[str, Part], more: str = "") -> None:
        self.snap = snap
        self.parts = parts
        tables = "".join(f"[resources.{name}]\n{part.table}\n" for name, part in parts.items())
        snap.configure(tables + more)
        for part in parts.values():
            part.make(snap.root)

    def change(self) -> None:
        for part in self.parts.values():
            part.change(self.snap.root)

    def take(self) -> dict[str, Any]:
        found: dict[str, Any] = self.snap("take", "--json", code=0).json
        return found

    def restore(self, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = self.snap(*words, "--yes", "--allow", "all", "--json", code=0).json
        assert found["verified"] is True
        return found


def state(root: Path) -> dict[str, tuple[int, bytes]]:
    """Every file of the project except the store: mode and content."""
    found = {}
    for path in sorted(root.rglob("*")):
        if "snapshots" in path.relative_to(root).parts[:1]:
            continue
        data = bytes(path.readlink()) if path.is_symlink() else b"" if path.is_dir() else path.read_bytes()
        found[str(path.relative_to(root))] = (path.lstat().st_mode, data)
    return found


def rows(url: str) -> list[Any]:
    import psycopg

    with psycopg.connect(url) as connection:
        return [connection.execute(query.encode()).fetchall() for query in ROWS]


@pytest.mark.parametrize("name", FILE_PARTS)
def test_what_one_adapter_restores_has_the_tree_id_it_had_and_undo_the_other(snap: Snap, name: str):
    project = Project(snap, {name: FILE_PARTS[name]})
    old, old_files = project.take(), state(snap.root)
    project.change()
    new, new_files = project.take(), state(snap.root)
    assert old["tree"] != new["tree"]
    project.restore("restore", "HEAD~1")
    assert project.take()["tree"] == old["tree"]
    project.restore("undo")
    assert project.take()["tree"] == new["tree"]
    if name != "bundler":  # a module that nothing requires any more is not the resource's to remove
        assert state(snap.root) == new_files
        project.restore("undo")
        assert state(snap.root) == old_files


def test_a_database_comes_back_with_its_tree_id_and_its_rows_and_undo_brings_the_other(
    snap: Snap, database: str
):
    snap.env["DATABASE_URL"] = database
    project = Project(snap, {"db": _postgres(database)})
    old, kept = project.take(), rows(database)
    project.change()
    new = project.take()
    assert old["tree"] != new["tree"]
    project.restore("restore", "HEAD~1")
    assert project.take()["tree"] == old["tree"]
    assert rows(database) == kept
    project.restore("undo")
    assert project.take()["tree"] == new["tree"]
    assert rows(database) == kept
    import psycopg

    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM audit").fetchall() == [(20,)]


ALL = """
[groups]
database = ["db"]
frontend = ["bundler", "build"]
"""


@pytest.fixture
def everything(snap: Snap, database: str) -> Project:
    snap.env["DATABASE_URL"] = database
    parts = {"db": _postgres(database), **FILE_PARTS}
    parts["build"] = Part(
        parts["build"].table + 'depends_on = ["env", "bundler"]\n', _make_files, _change_files
    )
    parts["env"] = Part(parts["env"].table + 'depends_on = ["db"]\n', _make_env, _change_env)
    return Project(snap, parts, ALL)


def test_all_together_come_back_in_the_order_of_what_they_depend_on(everything: Project, database: str):
    old, kept = everything.take(), rows(database)
    everything.change()
    new = everything.take()
    assert all(old["resources"][name] != new["resources"][name] for name in everything.parts)
    done = everything.restore("restore", "HEAD~1")
    order = list(dict.fromkeys(action["resource"] for action in done["actions"]))
    assert sorted(order) == sorted(everything.parts)
    for first, second in (("db", "env"), ("env", "build"), ("bundler", "build")):
        assert order.index(first) < order.index(second)
    again = everything.take()
    assert (again["tree"], again["changed"]) == (old["tree"], False)
    assert rows(database) == kept
    everything.restore("undo")
    assert everything.take()["tree"] == new["tree"]
    assert everything.snap("status", code=0)


@pytest.mark.parametrize(
    ("words", "touched"),
    [
        (["--only", "env"], {"env"}),
        (["--only", "db", "--only", "build"], {"db", "build"}),
        (["--group", "frontend"], {"bundler", "build"}),
        (["--group", "database", "--only", "env"], {"db", "env"}),
    ],
)
def test_a_part_comes_back_alone_and_the_rest_stays(everything: Project, words: list[str], touched: set[str]):
    first = everything.take()
    old = first["resources"]
    everything.change()
    new = everything.take()["resources"]
    everything.restore("restore", "HEAD~1", *words)
    mixed = {name: (old if name in touched else new)[name] for name in everything.parts}
    assert everything.take()["resources"] == mixed
    everything.restore("undo")
    assert everything.take()["resources"] == new
    rest = [word for name in sorted(set(everything.parts) - touched) for word in ("--only", name)]
    everything.restore("restore", first["commit"], *words)
    everything.restore("restore", first["commit"], *rest)
    assert everything.take()["tree"] == first["tree"]


def test_one_fact_comes_back_alone(everything: Project, database: str):
    everything.take()
    everything.change()
    everything.take()
    everything.restore("restore", "HEAD~1", "--only", "env:REDIS_ENABLED", "--only", "build:app.js")
    root = everything.snap.root
    assert (
        "REDIS_ENABLED=true" in (root / ".env").read_text() and 'KEY="other"' in (root / ".env").read_text()
    )
    assert (root / "dist" / "app.js").read_text() == "one\ntwo\n" and (root / "dist" / "-rf").exists()
    assert (root / "dist" / "app.js").stat().st_mode & 0o777 == 0o755
    everything.restore("restore", "HEAD~2", "--only", "db:index:*orders_state*")
    import psycopg

    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT to_regclass('orders_state'), to_regclass('audit')").fetchone()
    assert found == ("orders_state", "audit")


def test_an_unchanged_project_needs_nothing_and_says_so(everything: Project):
    everything.take()
    assert everything.take()["changed"] is False
    assert everything.snap("plan", "HEAD", "--exit-code", code=0).stdout.endswith("nothing to do\n")
    done = everything.snap("restore", "HEAD", "--json", code=0).json
    assert (done["actions"], done["verified"], done["commit"]) == ([], True, None)
