"""Killed between writing a new content and putting it in its place, a restore leaves no copy behind."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.conftest import Snap

CONFIG = """
[resources.env]
adapter = "dotenv"
path = ".env"

[resources.build]
adapter = "files"
path = "build"
"""

KILLED = """
import os, signal, sys
from snapstore import cli, safewrite

name = sys.argv[1]
original = getattr(safewrite, name)

def fatal(*args, **more):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(safewrite, name, fatal)
sys.exit(cli.main(sys.argv[2:]))
"""


@pytest.fixture
def changed(snap: Snap) -> Snap:
    """A project whose one snapshot has other contents than its files."""
    (snap.root / "snapstore.toml").write_text(CONFIG)
    (snap.root / "build").mkdir()
    write(snap, "old")
    snap("take", "-m", "good", code=0)
    write(snap, "new")
    return snap


def write(snap: Snap, text: str) -> None:
    (snap.root / ".env").write_text(f"TOKEN={text}\n")
    (snap.root / "build/app.js").write_text(f"{text}\n")


def leftovers(snap: Snap) -> list[str]:
    return sorted(str(path.relative_to(snap.root)) for path in snap.root.rglob(".snap-*.tmp"))


@pytest.mark.parametrize(("way", "text"), [("--resume", "old"), ("--abort", "new")])
@pytest.mark.parametrize("only", ["env", "build"])
def test_what_was_being_written_is_gone_whichever_way_it_goes_on(
    changed: Snap, way: str, text: str, only: str
):
    words = [sys.executable, "-c", KILLED, "publish", "restore", "HEAD", "--yes", "--only", only]
    done = subprocess.run(
        words, cwd=changed.root, env=changed.environment(), capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(leftovers(changed)) == 1
    changed("restore", way, "--yes", code=0)
    assert leftovers(changed) == []
    name = ".env" if only == "env" else "build/app.js"
    assert text in (changed.root / name).read_text()
