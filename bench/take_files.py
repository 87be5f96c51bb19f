"""``snap take`` of a tree of 20,000 small files against ``git add -A && git commit`` of the same tree."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.timing import command, compare

FILES = 20_000
PER_FOLDER = 40
ROUNDS = 5
WORDS = [b"const", b"return", b"function", b"import", b"export", b"=>", b"{", b"}", b"await", b"null"]


def run(report: Callable[[object], None]) -> None:
    """Cold, unchanged, and with one file in a hundred changed."""
    with tempfile.TemporaryDirectory(prefix="snapstore-bench-") as name:
        base = Path(name)
        tree = base / "tree"
        make_tree(tree, FILES)
        time.sleep(2.5)  # files younger than the grain of the stat cache would be read again
        bench = _Bench(base, tree)
        report(
            compare(
                f"take of {FILES:,} files, cold", bench.snap_cold, bench.git_cold, rounds=ROUNDS, goal=1.0
            )
        )
        report(compare("take, unchanged", bench.snap, bench.git_unchanged, rounds=ROUNDS, goal=1.0))
        report(compare("take, 1 % changed", bench.snap_changed, bench.git_changed, rounds=ROUNDS, goal=1.0))


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


class _Bench:
    """Each cold round has a folder of its own: deleting thousands of files slows a file system down."""

    def __init__(self, base: Path, tree: Path) -> None:
        self._base = base
        self._tree = tree
        self._env = {**os.environ, **IDENTITY, "HOME": str(base), "XDG_CONFIG_HOME": str(base / "config")}
        self._env.pop("PYTHONDONTWRITEBYTECODE", None)  # installed programs are compiled once, not each time
        self._chance = random.Random(2)

    def snap_cold(self, number: int) -> None:
        folder = self._base / f"snap{number}"
        folder.mkdir()
        config = f'[resources.tree]\nadapter = "files"\npath = "{self._tree}"\n'
        (folder / "snapstore.toml").write_text(config)
        self._snap(folder)

    def snap(self, number: int) -> None:
        self._snap(self._base / "snap0")

    def _snap(self, folder: Path) -> None:
        command([sys.executable, "-m", "snapstore", "take", "-m", "take"], folder, self._env)

    def git_cold(self, number: int) -> None:
        self._git(number, "init", "-q", ".")
        self._git(number, "config", "gc.auto", "0")
        self._commit(number, (0,))

    def git_unchanged(self, number: int) -> None:
        self._commit(0, (1,))

    def _commit(self, number: int, codes: tuple[int, ...]) -> None:
        self._git(number, "add", "-A")
        self._git(number, "commit", "-q", "-m", "take", codes=codes)

    def _git(self, number: int, *args: str, codes: tuple[int, ...] = (0,)) -> None:
        folder = self._base / f"git{number}"
        folder.mkdir(exist_ok=True)
        place = [f"--git-dir={folder}/.git", f"--work-tree={self._tree}"]
        command(["git", *place, *args], folder, self._env, codes=codes)

    def snap_changed(self, number: int) -> None:
        self._change()
        self.snap(number)

    def git_changed(self, number: int) -> None:
        self._change()
        self._commit(0, (0,))

    def _change(self) -> None:
        for path in self._chance.sample(sorted(self._tree.rglob("*.js")), FILES // 100):
            path.write_bytes(_content(self._chance))


IDENTITY = {
    "GIT_AUTHOR_NAME": "bench",
    "GIT_AUTHOR_EMAIL": "bench@example.org",
    "GIT_COMMITTER_NAME": "bench",
    "GIT_COMMITTER_EMAIL": "bench@example.org",
}
