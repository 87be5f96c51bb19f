"""``snap take`` of a tree of 40,000 small files against ``restic backup``, where restic is installed.

restic encrypts what it keeps and derives a key each time it is run, which is part of what it takes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.take_files import ROUNDS, TAKEN, Tree, takes
from bench.timing import command, peak, size_of


def run(report: Callable[[object], None]) -> None:
    """Cold, unchanged, and with one file in a hundred changed; size of the store and memory."""
    if shutil.which("restic") is None:
        report("take against restic: it is not installed")
        return
    with tempfile.TemporaryDirectory(prefix="snapstore-bench-") as name:
        tree = Tree(Path(name), TAKEN)
        restic = _Restic(tree)
        others = (restic.backup, restic.again, restic.changed)
        takes(report, tree, others, (0.33, 0.083, 0.125), against=", restic")
        ours, theirs = tree.size(), restic.size()
        report(f"store: {ours:.1f} MB, of restic {theirs:.1f} MB: {ours / theirs:.2f}x  (goal 1.2x)")
        report(f"take, cold: {tree.peak():.0f} MB of memory at its peak, restic {restic.peak():.0f} MB")


class _Restic:
    """Repositories with the same tree, made before anything is measured."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._env = {**tree.env, "RESTIC_PASSWORD": "bench"}
        for number in range(ROUNDS + 1):
            command(self._words(number, "init"), tree.base, self._env)

    def backup(self, number: int) -> None:
        command(self._words(number, "backup", str(self._tree.root)), self._tree.base, self._env)

    def again(self, number: int) -> None:
        self.backup(0)

    def changed(self, number: int) -> None:
        self._tree.change()
        self.backup(0)

    def size(self) -> float:
        """MB of a repository with all that was backed up."""
        return size_of(self._tree.base / "restic0")

    def peak(self) -> float:
        """The memory (MB) of a cold backup."""
        return peak(self._words(ROUNDS, "backup", str(self._tree.root)), self._tree.base, self._env)

    def _words(self, number: int, *words: str) -> list[str]:
        return ["restic", "-q", "-r", str(self._tree.base / f"restic{number}"), *words]
