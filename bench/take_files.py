"""``snap take`` of a tree of 40,000 small files against ``git add -A && git commit`` of the same tree."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.timing import command, compare, peak, size_of

FILES = 20_000
TAKEN = 40_000
SMALL = 40
PER_FOLDER = 40
ROUNDS = 5
WORDS = [b"const", b"return", b"function", b"import", b"export", b"=>", b"{", b"}", b"await", b"null"]
PYTHON = [sys.executable, "-c", "pass"]
SNAP = [sys.executable, "-m", "snapstore"]


def run(report: Callable[[object], None]) -> None:
    """Cold, unchanged, and with one file in a hundred changed; size of the store and memory; a small tree."""
    with tempfile.TemporaryDirectory(prefix="snapstore-bench-") as name:
        tree = Tree(Path(name), TAKEN)
        git = _Git(tree)
        takes(report, tree, (git.cold, git.unchanged, git.changed), (0.2, 0.77, 0.67))
        report(f"take, cold: {tree.peak():.0f} MB of memory at its peak  (goal 150 MB)")
        _sizes(tree, git, report)
        small = Tree(Path(name) / "small", SMALL)
        small.take_cold(0)
        title = f"take of {SMALL} files, unchanged, python -c pass"
        ours, theirs = small.take, lambda number: command(PYTHON, small.base, small.env)
        report(compare(title, ours, theirs, rounds=ROUNDS, goal=4.0))


def takes(
    report: Callable[[object], None],
    tree: Tree,
    others: Sequence[Callable[[int], None]],
    goals: Sequence[float],
    against: str = "",
) -> None:
    """Cold, unchanged, and with one file in a hundred changed, against what does the same."""
    titles = (f"take of {TAKEN:,} files, cold", "take, unchanged", "take, 1 % changed")
    ours = (tree.take_cold, tree.take, tree.take_changed)
    for title, take, other, goal in zip(titles, ours, others, goals, strict=True):
        report(compare(f"{title}{against}", take, other, rounds=ROUNDS, goal=goal))


def _sizes(tree: Tree, git: _Git, report: Callable[[object], None]) -> None:
    theirs = git.repacked()
    for what, ours in (("", tree.size()), (" after snap gc", tree.collected())):
        text = f"store{what}: {ours:.1f} MB, of git {theirs:.1f} MB, repacked at its best"
        report(f"{text}: {ours / theirs:.2f}x  (goal 1.05x)")


def make_tree(root: Path, count: int, seed: int = 1) -> None:
    """Files of 0.2 to 8 kB that compress about as well as source code, the same for the same seed."""
    chance = random.Random(seed)
    for number in range(count):
        folder = root / f"{number // PER_FOLDER // 20:03}" / f"{number // PER_FOLDER:04}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:05}.js").write_bytes(_content(chance))


def _content(chance: random.Random) -> bytes:
    size = chance.randint(40, 1600)
    return b" ".join(chance.choices(WORDS, k=size)) + b"%d" % chance.getrandbits(64)


class Tree:
    """A tree of files, and projects beside it that take it.

    Each cold round has a folder of its own: deleting thousands of files slows a file system down.
    """

    def __init__(self, base: Path, files: int) -> None:
        self.base = base
        self.root = base / "tree"
        self.files = files
        self.env = {**os.environ, **IDENTITY, "HOME": str(base), "XDG_CONFIG_HOME": str(base / "config")}
        self.env.pop("PYTHONDONTWRITEBYTECODE", None)  # installed programs are compiled once, not each time
        self._chance = random.Random(2)
        make_tree(self.root, files)
        time.sleep(2.5)  # files younger than the grain of the stat cache would be read again

    def take_cold(self, number: int) -> None:
        command([*SNAP, "take", "-m", "take"], self._project(f"snap{number}"), self.env)

    def take(self, number: int) -> None:
        command([*SNAP, "take", "-m", "take"], self.base / "snap0", self.env)

    def take_changed(self, number: int) -> None:
        self.change()
        self.take(number)

    def change(self) -> None:
        for path in self._chance.sample(sorted(self.root.rglob("*.js")), self.files // 100):
            path.write_bytes(_content(self._chance))

    def peak(self) -> float:
        """The memory (MB) of a cold take."""
        return peak([*SNAP, "take", "-m", "take"], self._project("peak"), self.env)

    def size(self) -> float:
        """MB of the objects of a store with all that was taken."""
        return size_of(self.base / "snap0" / "snapshots" / "objects")

    def collected(self) -> float:
        """The same after ``snap gc``."""
        command([*SNAP, "gc", "--yes"], self.base / "snap0", self.env)
        return self.size()

    def _project(self, name: str) -> Path:
        folder = self.base / name
        folder.mkdir()
        config = f'[resources.tree]\nadapter = "files"\npath = "{self.root}"\n'
        (folder / "snapstore.toml").write_text(config)
        return folder


class _Git:
    """Repositories with the same tree."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def cold(self, number: int) -> None:
        self._run(number, "init", "-q", ".")
        self._run(number, "config", "gc.auto", "0")
        self._commit(number, (0,))

    def unchanged(self, number: int) -> None:
        self._commit(0, (1,))

    def changed(self, number: int) -> None:
        self._tree.change()
        self._commit(0, (0,))

    def repacked(self) -> float:
        """MB of its packs, all packed anew; more depth takes an hour and gains nothing."""
        self._run(0, "repack", "-adFq", "--depth=50", "--window=50")
        return size_of(self._tree.base / "git0" / ".git" / "objects" / "pack")

    def _commit(self, number: int, codes: tuple[int, ...]) -> None:
        self._run(number, "add", "-A")
        self._run(number, "commit", "-q", "-m", "take", codes=codes)

    def _run(self, number: int, *args: str, codes: tuple[int, ...] = (0,)) -> None:
        folder = self._tree.base / f"git{number}"
        folder.mkdir(exist_ok=True)
        place = [f"--git-dir={folder}/.git", f"--work-tree={self._tree.root}"]
        command(["git", *place, *args], folder, self._tree.env, codes=codes)


IDENTITY = {
    "GIT_AUTHOR_NAME": "bench",
    "GIT_AUTHOR_EMAIL": "bench@example.org",
    "GIT_COMMITTER_NAME": "bench",
    "GIT_COMMITTER_EMAIL": "bench@example.org",
}
