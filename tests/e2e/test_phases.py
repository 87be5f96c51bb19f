"""A deploy in phases, each of which can be taken back alone, with what has to be run for it."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.conftest import Snap

CONFIG = """
[resources.db]
adapter = "postgres"
url = "${DATABASE_URL}"

[resources.env]
adapter = "dotenv"
path = ".env.production"
public = ["REDIS_ENABLED", "POOL_SIZE", "ASSET_URL"]

[resources.webpack]
adapter = "webpack"
clear = [".next", "node_modules/.cache"]

[resources.source]
adapter = "files"
path = "src"

[groups]
redis = ["env"]
database = ["db"]
frontend = ["webpack", "source"]
backend = ["source"]

[hooks]
before_restore = [{ run = "echo before >> log" }]
after_restore = [
    { run = "echo cache:clear >> log", group = "redis" },
    { run = "echo build >> log", group = "frontend" },
    { run = "echo restart >> log" },
]
verify = [{ run = "grep -q ${MARK:-.} .env.production && echo verified >> log", name = "Redis is bypassed" }]
"""
OLD_SQL = """
CREATE TABLE users (id int PRIMARY KEY, name text);
CREATE TABLE visits (id int PRIMARY KEY, user_id int REFERENCES users);
INSERT INTO users VALUES (1, 'Ada');
"""
NEW_SQL = """
CREATE MATERIALIZED VIEW dashboard_summary_mv AS SELECT user_id, count(*) FROM visits GROUP BY 1;
CREATE MATERIALIZED VIEW user_stats_mv AS SELECT id FROM users;
CREATE INDEX idx_user_performance ON users (name);
CREATE INDEX idx_dashboard_optimize ON visits (user_id);
"""
OLD = {
    ".env.production": "REDIS_ENABLED=false\nPOOL_SIZE=10\nASSET_URL=https://shop.example\n",
    "webpack.config.js": "module.exports = { mode: 'production' };\n",
    "src/auth.ts": "export const user = (request) => original(request);\n",
    "src/page.tsx": "import Component from './Component';\n",
    "src/db.ts": "export const db = new Client({});\n",
}
NEW = {
    ".env.production": "REDIS_ENABLED=true\nPOOL_SIZE=90\nASSET_URL=https://cdn.example\n",
    "webpack.config.js": "module.exports = { mode: 'production', optimization: {} };\n",
    "src/auth.ts": "export const user = (request) => cached(request);\n",
    "src/page.tsx": "const Component = lazy(() => import('./Component'));\n",
    "src/db.ts": "export const db = new Client({ pool: 90 });\n",
}


@pytest.fixture
def shop(snap: Snap, database: str) -> Snap:
    """All phases are deployed; HEAD is the state before."""
    snap.env["DATABASE_URL"] = database
    snap.configure(CONFIG)
    write(snap.root, OLD)
    sql(snap, OLD_SQL)
    snap("take", "-m", "before the optimizations", code=0)
    write(snap.root, NEW)
    for cache in (".next", "node_modules/.cache"):
        write(snap.root, {f"{cache}/chunk.js": "new\n"})
    sql(snap, NEW_SQL)
    return snap


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def sql(snap: Snap, text: str) -> list[tuple[object, ...]]:
    with psycopg.connect(snap.env["DATABASE_URL"], autocommit=True) as connection:
        cursor = connection.execute(text.encode())
        return cursor.fetchall() if cursor.description else []


def added(snap: Snap) -> int:
    """How many of the indexes and materialized views of the deploy are there."""
    names = "'dashboard_summary_mv', 'user_stats_mv', 'idx_user_performance', 'idx_dashboard_optimize'"
    ((count,),) = sql(snap, f"SELECT count(*) FROM pg_class WHERE relname IN ({names})")
    assert isinstance(count, int)
    return count


def old_files(snap: Snap) -> set[str]:
    return {name for name, text in OLD.items() if (snap.root / name).read_text() == text}


PHASES: dict[str, tuple[set[str], int, list[str]]] = {
    "redis": ({".env.production"}, 4, ["before", "cache:clear", "restart", "verified"]),
    "database": (set(), 0, ["before", "restart", "verified"]),
    "frontend": (
        {"webpack.config.js", "src/auth.ts", "src/page.tsx", "src/db.ts"},
        4,
        ["before", "build", "restart", "verified"],
    ),
}


@pytest.mark.parametrize("phase", PHASES)
def test_one_phase_is_taken_back_and_all_others_stay(shop: Snap, phase: str):
    files, relations, ran = PHASES[phase]
    done = shop("restore", "HEAD", "--group", phase, "--yes", "--allow", "all", "--json", code=0)
    assert done.json["verified"]
    assert old_files(shop) == files
    assert added(shop) == relations
    assert (shop.root / "log").read_text().split() == ran
    caches = [(shop.root / cache).exists() for cache in (".next", "node_modules/.cache")]
    assert caches == ([False, False] if phase == "frontend" else [True, True])
    assert sql(shop, "SELECT name FROM users") == [("Ada",)]


def test_a_phase_that_is_none_changes_nothing_and_names_the_nearest(shop: Snap):
    done = shop("restore", "HEAD", "--group", "databse", "--yes", code=1)
    assert "no group is named 'databse'" in done.stderr
    assert "did you mean 'database'?" in done.stderr.replace("`", "'")
    assert (old_files(shop), added(shop)) == (set(), 4)


def test_a_check_that_fails_afterwards_is_exit_code_4_with_what_to_do(shop: Snap):
    done = shop("restore", "HEAD", "--group", "redis", "--yes", code=4, env={"MARK": "REDIS_ENABLED=true"})
    assert "verify 'Redis is bypassed': the hook failed with exit code 1" in done.stdout
    assert "`snap undo` brings it back" in done.stdout
    shop("undo", "--yes", code=0, env={"MARK": "REDIS_ENABLED=true"})
    assert old_files(shop) == set()


def test_all_phases_are_taken_back_together_and_retried_later(shop: Snap):
    shop("restore", "HEAD", "--yes", "--allow", "all", code=0)
    assert (old_files(shop), added(shop)) == (set(OLD), 0)
    shop("undo", "--yes", "--allow", "all", code=0)
    assert (old_files(shop), added(shop)) == (set(), 4)
