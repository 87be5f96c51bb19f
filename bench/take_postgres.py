"""``snap`` on PostgreSQL schemas of 1,000 and 5,000 tables against ``pg_dump --schema-only`` of the same.

The server is the embedded one; ``bench.take_postgres`` needs the extra ``demo``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import schema
from bench.timing import command, compare
from snapstore import embedded

SIZES = {1_000: 7, 5_000: 3}
"""Rounds by number of tables."""


def run(report: Callable[[object], None]) -> None:
    """Cold, unchanged, as a question, and what to do about one object in a hundred; and peak memory."""
    with tempfile.TemporaryDirectory(prefix="snapstore-bench-") as base, embedded.temporary() as server:
        for tables, rounds in SIZES.items():
            bench = _Bench(Path(base), server, tables)
            for title, ours, goal in (
                ("take, cold", bench.take_cold, 1.0),
                ("take, unchanged", bench.take, 1.0),
                ("status, unchanged", bench.status, 0.8),
            ):
                report(compare(f"{tables:,} tables: {title}", ours, bench.dump, rounds=rounds, goal=goal))
            report(f"{tables:,} tables: take, cold: {bench.peak():.0f} MB at its peak")
            bench.psql(schema.drift(tables))
            report(compare(f"{tables:,} tables: plan, 1 % drifted", bench.plan, bench.dump, rounds=rounds))


class _Bench:
    """A database of that many tables, and a project beside it."""

    def __init__(self, base: Path, server: embedded.Server, tables: int) -> None:
        self._folder = base / str(tables)
        self._folder.mkdir()
        self._bindir = server.bindir
        self._url = server.url(f"bench{tables}")
        # Installed programs are compiled once, not each time.
        self._env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        self._env["DATABASE_URL"] = self._url
        command([str(self._bindir / "createdb"), f"--maintenance-db={server.url()}", f"bench{tables}"],
                self._folder, self._env)  # fmt: skip
        self.psql(schema.create(tables))
        self.psql("VACUUM ANALYZE")

    def psql(self, script: str) -> None:
        path = self._folder / "script.sql"
        path.write_text(script)
        words = [str(self._bindir / "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-f", str(path), self._url]
        command(words, self._folder, self._env)

    def dump(self, number: int) -> None:
        words = [str(self._bindir / "pg_dump"), "--schema-only", "-f", "dump.sql", self._url]
        command(words, self._folder, self._env)

    def take_cold(self, number: int) -> None:
        self._snap(f"cold{number}", ["take", "-m", "take"])

    def take(self, number: int) -> None:
        self._snap("cold0", ["take", "-m", "take"])

    def status(self, number: int) -> None:
        self._snap("cold0", ["status"])

    def plan(self, number: int) -> None:
        self._snap("cold0", ["plan", "HEAD"])

    def peak(self) -> float:
        """The resident memory of a cold take at its highest, in MB."""
        words = self._words(["take", "-q", "-m", "take"])
        ours = subprocess.Popen(words, cwd=self._project("peak"), env=self._env)
        _, _, usage = os.wait4(ours.pid, 0)
        return usage.ru_maxrss / 1024

    def _snap(self, project: str, words: Sequence[str]) -> None:
        command(self._words(words), self._project(project), self._env)

    def _words(self, words: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "snapstore", *words]

    def _project(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        (folder / "snapstore.toml").write_text(
            '[resources.db]\nadapter = "postgres"\nurl = "${DATABASE_URL}"\n'
        )
        return folder
