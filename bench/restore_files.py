"""A full restore of a tree of files, and one of what somebody changed by hand, against `git reset --hard`."""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.take_files import FILES, IDENTITY, make_tree
from bench.timing import command, compare

ROUNDS = 5


def run(report: Callable[[object], None]) -> None:
    """Into an empty folder, and with one file in a hundred changed."""
    with tempfile.TemporaryDirectory(prefix="snapstore-bench-") as name:
        bench = _Bench(Path(name))
        full = compare(f"restore of {FILES:,} files", bench.snap, bench.git, rounds=ROUNDS, goal=0.4)
        report(full)
        time.sleep(2.5)  # files younger than the grain of the stat cache would be read again
        bench.settle()
        changed = compare(
            "restore, 1 % changed", bench.snap_changed, bench.git_changed, rounds=ROUNDS, goal=0.83
        )
        report(changed)


class _Bench:
    """Each tool has a copy of the tree. What was there is moved away before a full restore: deleting many
    files slows a file system down."""

    def __init__(self, base: Path) -> None:
        self._env = {**os.environ, **IDENTITY, "HOME": str(base), "XDG_CONFIG_HOME": str(base / "config")}
        self._env.pop("PYTHONDONTWRITEBYTECODE", None)
        self._chance = random.Random(2)
        self._ours, self._theirs = base / "ours", base / "theirs"
        for folder in (self._ours, self._theirs):
            make_tree(folder / "tree", FILES)
        (self._ours / "snapstore.toml").write_text('[resources.tree]\nadapter = "files"\npath = "tree"\n')
        self._snap("take", "-m", "take")
        for words in (["init", "-q", "."], ["add", "-A"], ["commit", "-q", "-m", "take"]):
            self._git(*words)

    def snap(self, number: int) -> None:
        (self._ours / "tree").rename(self._ours / f"before{number}")
        self._restore()

    def git(self, number: int) -> None:
        (self._theirs / "tree").rename(self._theirs.parent / f"before{number}")
        self._git("reset", "-q", "--hard")

    def settle(self) -> None:
        """Let both tools see the tree once as it is now."""
        self._snap("take", "-m", "take")
        self._git("status", "--porcelain")

    def snap_changed(self, number: int) -> None:
        self._change(self._ours)
        self._restore()

    def git_changed(self, number: int) -> None:
        self._change(self._theirs)
        self._git("reset", "-q", "--hard")

    def _change(self, folder: Path) -> None:
        for path in self._chance.sample(sorted((folder / "tree").rglob("*.js")), FILES // 100):
            path.write_text("changed by hand")

    def _restore(self) -> None:
        self._snap("restore", "HEAD", "--yes")

    def _snap(self, *words: str) -> None:
        command([sys.executable, "-m", "snapstore", *words], self._ours, self._env)

    def _git(self, *words: str) -> None:
        command([str(shutil.which("git")), "-c", "gc.auto=0", *words], self._theirs, self._env)
