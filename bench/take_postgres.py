"""``snap`` on PostgreSQL schemas of 1,000 and 5,000 tables against ``pg_dump --schema-only`` of the same.

The server is the embedded one: it needs the extra ``demo``. CPU time is that of the commands and of their
server processes together, where the system tells the latter (Linux).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import schema
from bench.timing import Pair, command, compare, cpu_of_commands, middle
from snapstore import embedded

SIZES = {1_000: 7, 5_000: 5}
"""Rounds by number of tables."""
PLAN_GOAL = 0.94
"""A fifth of what the fastest other planner takes for the same job, 4.7x (docs/performance.md)."""


def run(report: Callable[[object], None]) -> None:
    """Cold, unchanged, as a question, and what to do about one object in a hundred; memory and growth."""
    with tempfile.TemporaryDirectory(prefix="snapstore-bench-") as base, embedded.temporary() as server:
        small, large = (_measure(_Bench(Path(base), server, size), report) for size in SIZES)
        for one, many in zip(small, large, strict=True):
            growth = middle(many.ours).wall / middle(one.ours).wall
            report(f"{many.name}: {growth:.1f}x the time of the smaller schema  (goal 5.0x)")


def _measure(bench: _Bench, report: Callable[[object], None]) -> list[Pair]:
    pairs = []

    def against_dump(title: str, words: Sequence[str], goal: float, project: str = "first") -> None:
        def ours(number: int) -> None:
            bench.snap(project.format(number), words)

        title = f"{bench.tables:,} tables: {title}"
        rounds = SIZES[bench.tables]
        pairs.append(compare(title, ours, bench.dump, rounds=rounds, goal=goal, cpu=bench.cpu))
        report(pairs[-1])
        report(f"{title}: {bench.peak(project.format('-peak'), words):.0f} MB at its peak  (goal 200 MB)")

    take = ["take", "-q", "-m", "take"]
    bench.snap("first", take)
    against_dump("take, cold", take, 1.0, project="cold{}")
    against_dump("take, unchanged", take, 1.0)
    against_dump("status, unchanged", ["status"], 0.8)
    bench.psql(schema.drift(bench.tables))
    against_dump("plan, 1 % drifted", ["plan", "HEAD"], PLAN_GOAL)
    return pairs


class _Bench:
    """A database of that many tables, and projects beside it."""

    def __init__(self, base: Path, server: embedded.Server, tables: int) -> None:
        self.tables = tables
        self._folder = base / str(tables)
        self._folder.mkdir()
        self._bindir = server.bindir
        self._url = server.url(f"bench{tables}")
        self._server = int((server.directory / "data" / "postmaster.pid").read_text().split()[0])
        # Installed programs are compiled once, not each time.
        self._env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        self._env["DATABASE_URL"] = self._url
        command([str(self._bindir / "createdb"), f"--maintenance-db={server.url()}", f"bench{tables}"],
                self._folder, self._env)  # fmt: skip
        self.psql(schema.create(tables))
        self.psql("VACUUM ANALYZE")

    def cpu(self) -> float:
        """CPU seconds of the commands so far, and of the server's processes that have ended."""
        time.sleep(0.2)  # the server notices a moment later that its process has ended
        return cpu_of_commands() + _cpu_of_children(self._server)

    def psql(self, script: str) -> None:
        path = self._folder / "script.sql"
        path.write_text(script)
        words = [str(self._bindir / "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-f", str(path), self._url]
        command(words, self._folder, self._env)

    def dump(self, number: int) -> None:
        words = [str(self._bindir / "pg_dump"), "--schema-only", "-f", "dump.sql", self._url]
        command(words, self._folder, self._env)

    def snap(self, project: str, words: Sequence[str]) -> None:
        command(self._words(words), self._project(project), self._env)

    def peak(self, project: str, words: Sequence[str]) -> float:
        """The resident memory of a command at its highest, in MB."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        ours = subprocess.Popen(self._words(words), cwd=self._project(project), env=self._env, **quiet)
        _, _, usage = os.wait4(ours.pid, 0)
        return usage.ru_maxrss / 1024

    def _words(self, words: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "snapstore", *words]

    def _project(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        (folder / "snapstore.toml").write_text(
            '[resources.db]\nadapter = "postgres"\nurl = "${DATABASE_URL}"\n'
        )
        return folder


def _cpu_of_children(pid: int) -> float:
    """CPU seconds of the children of a process that have ended; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
