"""What is answered or done without importing what it does not need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Snap

pytestmark = pytest.mark.cold
FILES = '[resources.build]\nadapter = "files"\npath = "dist"\n'
SLOW = (
    *("importlib.metadata", "concurrent.futures", "asyncio", "logging", "subprocess", "email", "tempfile"),
    *("dulwich", "cryptography", "pyrage", "rich", "deepdiff", "sqlglot", "psycopg", "difflib"),
)


def test_the_kept_help_is_what_click_would_print(tmp_path: Path) -> None:
    script = "import sys; from snapstore.cli import main; sys.argv[0] = 'snap'; main(['--help'])"
    environment = {**os.environ, "COLUMNS": "80", "LC_ALL": "C.UTF-8"}
    ran = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)
    kept = Path(sys.modules["snapstore"].__file__ or "").with_name("help.txt")
    assert ran.stdout == kept.read_bytes(), "write it anew: COLUMNS=80 snap --help > snapstore/help.txt"


def test_help_follows_a_width_that_is_asked_for(snap: Snap) -> None:
    narrow = snap("--help", code=0, env={"COLUMNS": "60"}).stdout
    assert max(map(len, narrow.splitlines())) <= 60
    assert narrow.split() == snap("--help", code=0).stdout.split()


def test_a_take_of_unchanged_files_imports_only_what_it_needs(snap: Snap) -> None:
    snap.configure(FILES)
    (snap.root / "dist").mkdir()
    (snap.root / "dist" / "app.js").write_text("one\n")
    snap("take", code=0)
    ran = snap("take", code=0, env={"PYTHONPROFILEIMPORTTIME": "1"})
    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert "snapstore.store.build" in loaded
    assert not loaded.intersection(SLOW)
