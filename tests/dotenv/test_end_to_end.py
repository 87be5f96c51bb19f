"""Env files through the whole of `snap`: take, change, restore, undo; no secret anywhere on the way."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

CANARY = "canary-e2e-51f0"
ENV = f"""# {CANARY} comment
NODE_ENV=production # {CANARY}
export DATABASE_URL='postgres://app:{CANARY}@db/x'
REDIS_ENABLED=true
KEY="line one {CANARY}
line two"
{CANARY} is no binding
"""
CONFIG = '[resources.env]\nadapter = "dotenv"\npath = ".env"\npublic = ["NODE_ENV"]\n'


class App:
    """A project folder, a home, and `snap` in it; everything it ever printed."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "app"
        self.root.mkdir()
        self.home = folder / "home"
        self.printed = ""
        (self.root / "snapstore.toml").write_text(CONFIG)
        self.write(ENV)

    def write(self, text: str, mode: int = 0o600) -> None:
        (self.root / ".env").write_text(text)
        (self.root / ".env").chmod(mode)

    def read(self) -> str:
        return (self.root / ".env").read_text()

    def snap(self, *words: str, expect: int = 0, home: str = "") -> str:
        env = {"HOME": str(self.home) + home, "PATH": os.environ["PATH"], "USER": "someone"}
        command = [sys.executable, "-m", "snapstore", *words]
        done = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True)
        self.printed += done.stdout + done.stderr
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    def tree(self, revision: str = "HEAD") -> str:
        command = ["git", "-C", str(self.root / "snapshots"), "rev-parse", f"{revision}^{{tree}}"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(tmp_path)


def test_restore_gives_the_file_and_the_tree_back_and_undo_the_other(app: App) -> None:
    app.snap("take", "-m", "one")
    first = app.tree()
    changed = ENV.replace("true", "false").replace("# ", "## ") + "NEW=1"
    app.write(changed)
    app.snap("take", "-m", "two")
    second = app.tree()
    app.snap("restore", "HEAD~1", "--yes")
    assert app.read() == ENV and app.tree() == first
    app.snap("undo", "--yes")
    assert app.read() == changed
    app.snap("take", "-m", "three")
    assert app.tree() == second


def test_a_removed_file_comes_back_and_a_new_one_goes(app: App) -> None:
    app.snap("take", "-m", "there")
    (app.root / ".env").unlink()
    app.snap("take", "-m", "not there")
    app.snap("restore", "HEAD~1", "--yes")
    assert app.read() == ENV
    app.snap("restore", "HEAD~1", "--yes")
    assert not (app.root / ".env").exists()


def test_one_variable_can_be_restored_alone(app: App) -> None:
    app.snap("take", "-m", "one")
    app.write(ENV.replace("REDIS_ENABLED=true", "REDIS_ENABLED=false").replace("line two", "line 2"))
    app.snap("restore", "HEAD", "--only", "env:var:REDIS_*", "--yes")
    assert "REDIS_ENABLED=true" in app.read() and "line 2" in app.read()


def test_no_secret_is_found_in_the_store_or_in_anything_printed(app: App) -> None:
    app.snap("take", "-m", "one")
    app.write(ENV.replace(CANARY, f"{CANARY}-changed"))
    for words in (["status"], ["diff"], ["plan", "HEAD"], ["diff", "--json"], ["show", "HEAD"], ["doctor"]):
        app.snap(*words, expect=2 if words == ["status"] else 0)
    app.snap("--debug", "restore", "HEAD", "--yes")
    app.snap("restore", "no-such-revision", "--yes", expect=1)
    app.snap("log")
    app.snap("key", "show")
    assert CANARY not in app.printed
    kept = [path.read_bytes() for path in (app.root / "snapshots").rglob("*") if path.is_file()]
    assert not any(CANARY.encode() in data or CANARY.encode() in inflated(data) for data in kept)
    listed = subprocess.run(
        ["git", "-C", str(app.root / "snapshots"), "cat-file", "--batch-all-objects", "--batch"],
        capture_output=True,
        check=True,
    )
    assert b"var:DATABASE_URL" in listed.stdout and CANARY.encode() not in listed.stdout


def inflated(data: bytes) -> bytes:
    try:
        return zlib.decompress(data)
    except zlib.error:
        return b""


def test_without_the_key_history_is_readable_and_restoring_is_refused_untouched(app: App) -> None:
    app.snap("take", "-m", "one")
    app.write(ENV.replace("true", "false"))
    app.snap("take", "-m", "two")
    before = app.read()
    assert "two" in app.snap("log", home="-stranger")
    assert "REDIS_ENABLED" in app.snap("diff", "HEAD~1", "HEAD", home="-stranger")
    told = app.snap("restore", "HEAD~1", "--yes", expect=1, home="-stranger")
    assert "snap key init" in told and "Traceback" not in told
    assert app.read() == before


def test_a_restore_across_a_rotation_of_the_key_is_verified(app: App) -> None:
    app.snap("take", "-m", "one")
    app.snap("key", "rotate")
    app.write(ENV.replace("true", "false"))
    told = app.snap("diff")
    assert "~ var REDIS_ENABLED" in told and "~ var DATABASE_URL" not in told
    assert "facts resealed with another key: the secrets are the same" in told
    app.snap("take", "-m", "two")
    assert "~ var DATABASE_URL" in app.snap("diff", "HEAD~1", "HEAD", home="-stranger")
    assert "verified" in app.snap("restore", "HEAD~1", "--yes")
    assert app.read() == ENV


def test_a_variable_that_is_added_or_removed_alone_is_verified(app: App) -> None:
    app.snap("take", "-m", "one")
    app.write(ENV.replace("REDIS_ENABLED=true\n", "") + "NEW=1\n")
    app.snap("restore", "HEAD", "--only", "env:var:NEW", "--yes")
    assert "NEW" not in app.read()
    app.snap("restore", "HEAD~1", "--only", "env:var:REDIS_ENABLED", "--yes")
    assert app.read().endswith("REDIS_ENABLED=true\n")
