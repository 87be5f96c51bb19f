"""A large database on an embedded server, and projects beside it: what the PostgreSQL benchmarks share.

CPU time is that of the commands and of their server processes together, where the system tells the latter
(Linux).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench import schema
from bench.timing import command, cpu_of_commands, peak
from snapstore import embedded


class Database:
    """A database of that many tables, or made by a script, and projects beside it."""

    def __init__(
        self, base: Path, server: embedded.Server, tables: int, script: str = "", name: str = ""
    ) -> None:
        self.tables = tables
        self.name = name or f"bench{tables}"
        self._folder = base / self.name
        self._folder.mkdir()
        self._bindir = server.bindir
        self._url = server.url(self.name)
        self._maintenance = server.url()
        self._server = int((server.directory / "data" / "postmaster.pid").read_text().split()[0])
        # Installed programs are compiled once, not each time.
        self._env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        self._env["DATABASE_URL"] = self._url
        self._createdb(self.name)
        self.psql(script or schema.create(tables))
        self.psql("VACUUM ANALYZE")

    def _createdb(self, *words: str) -> None:
        program = str(self._bindir / "createdb")
        command([program, f"--maintenance-db={self._maintenance}", *words], self._folder, self._env)

    def copy(self) -> str:
        """The name of a copy of the database as it is now."""
        name = f"{self.name}_copy"
        self._createdb(f"--template={self.name}", name)
        return name

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

    def run(self, words: Sequence[str], codes: Sequence[int] = (0,)) -> None:
        """Run another tool's command."""
        command(words, self._folder, self._env, codes=codes)

    def peak(self, project: str, words: Sequence[str]) -> float:
        """The resident memory of a command at its highest, in MB."""
        return peak(self._words(words), self._project(project), self._env)

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
