"""What every command costs before it does anything, against a Python that does nothing."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.timing import command, compare

SCRIPT = """import sys
from snapstore.__main__ import main
if __name__ == '__main__':
    sys.argv[0] = sys.argv[0].removesuffix('.exe')
    sys.exit(main())
"""
"""What pip writes as ``snap`` (26.3, and uv the like); those of older ones import ``re`` first."""
ROUNDS = 21
OTHERS = ("borg", "restic", "git")


def run(report: Callable[[object], None]) -> None:
    """``snap --version``, ``--help`` and ``log -n 5``; then what others take to tell their version."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory(prefix="snapstore-bench-") as name:
        env["HOME"] = name

        def words(*words: str) -> Callable[[int], None]:
            return lambda number: command(words, Path(name), env)

        script = Path(name) / "snap"
        script.write_text(SCRIPT)
        nothing, snap = words(sys.executable, "-c", "pass"), (sys.executable, str(script))
        _small_project(Path(name), lambda *more: words(*snap, *more)(0))
        for options, goal in ((["--version"], 1.1), (["--help"], 3.0), (["log", "-n", "5"], 3.5)):
            title = f"snap {' '.join(options)}"
            report(compare(title, words(*snap, *options), nothing, rounds=ROUNDS, goal=goal))
        module = words(sys.executable, "-m", "snapstore", "--version")
        report(compare("python -m snapstore --version", module, nothing, rounds=ROUNDS))
        for other in filter(shutil.which, OTHERS):
            version = words(other, "version" if other == "restic" else "--version")
            report(compare(f"{other}, its version", version, nothing, rounds=ROUNDS))


def _small_project(folder: Path, snap: Callable[..., None]) -> None:
    """With seven snapshots of a file."""
    (folder / "tree").mkdir()
    (folder / "snapstore.toml").write_text('[resources.tree]\nadapter = "files"\npath = "tree"\n')
    for number in range(7):
        (folder / "tree" / "file").write_text(f"{number}\n")
        snap("take", "-q", "-m", f"take {number}")
